// SPDX-License-Identifier: GPL-2.0
/* Files, directories and standard input: which of them, in what order, JSON or YAML. */
#define _DEFAULT_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "input.h"

#define DIRS_MAX 32	/* below each other; a link that leads back ends here */

struct input {
	struct arena *arena;
	struct objects *out;
	struct diag *diag;
	bool recurse;
};

static bool cannot(struct input *in, const char *path)
{
	struct loc loc = { .file = path };

	diag_error(in->diag, &loc, NULL, "cannot be read: %s", strerror(errno));
	return false;
}

static bool ends(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n > m && !strcmp(s + n - m, end);
}

static bool is_json(const char *path, const char *text, size_t len)
{
	size_t i = 0;

	if (ends(path, ".json"))
		return true;
	if (ends(path, ".yaml") || ends(path, ".yml"))
		return false;
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		i = 3;
	while (i < len && strchr(" \t\r\n", text[i]) && text[i])
		i++;
	return i < len && text[i] == '{';
}

/* The whole of @fd, in memory to be freed; NULL with errno. */
static char *slurp(int fd, size_t *len)
{
	struct stat st;
	char *text = NULL;
	size_t cap = 0;
	ssize_t n;

	*len = 0;
	if (fstat(fd, &st))
		return NULL;
	/* One byte more than the file, so that its end is seen without growing. */
	text = mem_grow(NULL, &cap, S_ISREG(st.st_mode) ? (size_t)st.st_size + 1 : 65536);
	while ((n = read(fd, text + *len, cap - *len)) != 0) {
		if (n < 0 && errno != EINTR) {
			free(text);
			return NULL;
		}
		*len += n > 0 ? (size_t)n : 0;
		if (*len == cap)
			text = mem_grow(text, &cap, cap + 1);
	}
	return text;
}

static bool read_fd(struct input *in, int fd, const char *path, const char *name)
{
	size_t len;
	char *text = slurp(fd, &len);
	bool ok;

	if (!text)
		return cannot(in, name);
	ok = (is_json(path, text, len) ? input_json : input_yaml)(in->arena, name, text, len,
								   in->out, in->diag);
	free(text);
	return ok;
}

static bool read_file(struct input *in, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return cannot(in, path);
	ok = read_fd(in, fd, path, path);
	close(fd);
	return ok;
}

static bool is_manifest(const char *name)
{
	return ends(name, ".json") || ends(name, ".yaml") || ends(name, ".yml");
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Hidden ones are editors' leftovers and a ConfigMap mount's "..data". */
static int not_hidden(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

/* Counts what it has read in @found. */
static bool read_dir(struct input *in, const char *path, unsigned int depth, size_t *found)
{
	struct dirent **entries;
	struct stat st;
	bool ok = true;
	int n;

	if (depth > DIRS_MAX) {
		errno = ELOOP;
		return cannot(in, path);
	}
	n = scandir(path, &entries, not_hidden, by_name);
	if (n < 0)
		return cannot(in, path);
	for (int i = 0; i < n; i++) {
		const char *slash = ends(path, "/") ? "" : "/";
		char *sub = arena_printf(in->arena, "%s%s%s", path, slash, entries[i]->d_name);

		free(entries[i]);
		if (stat(sub, &st)) {
			ok &= !is_manifest(sub) || cannot(in, sub);
		} else if (S_ISDIR(st.st_mode)) {
			ok &= !in->recurse || read_dir(in, sub, depth + 1, found);
		} else if (is_manifest(sub)) {
			++*found;
			ok &= read_file(in, sub);
		}
	}
	free(entries);
	return ok;
}

bool input_path(struct arena *a, const char *path, bool recurse, struct objects *out,
		struct diag *d)
{
	struct input in = { .arena = a, .out = out, .diag = d, .recurse = recurse };
	struct loc loc = { .file = path };
	size_t found = 0;
	struct stat st;

	if (!strcmp(path, "-"))
		return read_fd(&in, STDIN_FILENO, path, "standard input");
	if (stat(path, &st))
		return cannot(&in, path);
	if (!S_ISDIR(st.st_mode))
		return read_file(&in, path);
	if (!read_dir(&in, path, 0, &found))
		return false;
	if (found)
		return true;
	diag_error(d, &loc, NULL, "no .json, .yaml or .yml file in this directory%s",
		   recurse ? " or below it" : ": -R looks below it, too");
	return false;
}
