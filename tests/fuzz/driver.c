// SPDX-License-Identifier: GPL-2.0
/*
 * Runs a libFuzzer-style target without libFuzzer: every file of a corpus
 * directory first, then a fixed number of mutations of them from a fixed seed.
 *
 *	PROGRAM [CORPUS [COUNT [SEED]]]
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_INPUTS	512
#define MAX_SIZE	65536

struct input {
	uint8_t *data;
	size_t size;
};

static struct input inputs[MAX_INPUTS];
static size_t ninputs;
static uint64_t state;

static uint64_t roll(uint64_t below)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (state >> 33) % below;
}

static void add_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct input *in = &inputs[ninputs];

	if (!f)
		return;
	in->data = malloc(MAX_SIZE);
	in->size = in->data ? fread(in->data, 1, MAX_SIZE, f) : 0;
	fclose(f);
	ninputs++;
}

static void read_corpus(const char *dir)
{
	struct dirent *entry;
	char path[4096];
	DIR *d = opendir(dir);

	while (d && ninputs < MAX_INPUTS && (entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		add_file(path);
	}
	if (d)
		closedir(d);
}

static size_t mutate(uint8_t *buf)
{
	const struct input *in = ninputs ? &inputs[roll(ninputs)] : NULL;
	size_t size = in ? in->size : roll(256), at, len;
	int n = 1 + (int)roll(8);

	if (in)
		memcpy(buf, in->data, size);
	while (n-- > 0 && size > 0) {
		at = roll(size);
		len = 1 + roll(size - at < 32 ? size - at : 32);
		switch (roll(4)) {
		case 0:
			buf[at] = (uint8_t)roll(256);
			break;
		case 1:
			buf[at] ^= (uint8_t)(1u << roll(8));
			break;
		case 2:
			memmove(buf + at, buf + at + len, size - at - len);
			size -= len;
			break;
		default:
			if (size + len > MAX_SIZE)
				break;
			memmove(buf + at + len, buf + at, size - at);
			size += len;
		}
	}
	return size;
}

/* A buffer of exactly the input's size: the sanitizer sees the first byte too many. */
static void run_one(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

int main(int argc, char **argv)
{
	static uint8_t buf[MAX_SIZE];
	long count = argc > 2 ? atol(argv[2]) : 20000, i;
	size_t k;

	state = argc > 3 ? strtoull(argv[3], NULL, 0) : 1;
	if (argc > 1)
		read_corpus(argv[1]);
	for (k = 0; k < ninputs; k++)
		run_one(inputs[k].data, inputs[k].size);
	for (i = 0; i < count; i++)
		run_one(buf, mutate(buf));
	for (k = 0; k < ninputs; k++)
		free(inputs[k].data);
	fprintf(stderr, "%zu corpus files, %ld mutations\n", ninputs, count);
	return 0;
}
