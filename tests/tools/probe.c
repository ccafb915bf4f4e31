// SPDX-License-Identifier: GPL-2.0
/*
 * probe - a client of the Pods of pod.c: asks an address and port several times
 * and says who answered, which source address they saw and what went wrong.
 *
 *   probe [OPTIONS] ADDR PORT [ADDR PORT]...
 *
 *   -N NETNS   ask from this network namespace (ip netns NAME)
 *   -u         UDP questions instead of an HTTP GET over TCP
 *   -S         an SCTP association of one question each instead
 *   -n COUNT   tries, default 1; 0: until SIGTERM, then the sum is printed
 *   -p COUNT   tries of a destination under way at once, default 4
 *   -a COUNT   tries under way at once in all, default 256
 *   -t SECONDS a try waits, default 5
 *   -s BYTES   of a UDP question, sent with fragmenting forbidden
 *   -k         one connection (association, UDP socket) kept and asked again and again
 *   -i MS      between the questions of -k or the tries of -n 0 (whatever the
 *              destination), default 10
 *   -r FILE    made when the first answer is there (with -k or -n 0)
 *   -o FORM    set (default): NAME@SOURCE and failures, sorted, on one line
 *              counts: NAME COUNT a line; order: names as they answered
 *              json: everything, a line a destination
 *
 * Exits 0 if everything was answered, 1 if not.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/hold.h"
#include "lib/tries.h"

static volatile sig_atomic_t told_to_stop;

struct wishes {
	struct job job;
	unsigned int tries, at_once;
	bool hold;
	unsigned int interval_ms;
	const char *ready_file;
	const char *form;
};

static void stop(int sig)
{
	(void)sig;
	told_to_stop = 1;
}

static enum more more(const struct job *job)
{
	const struct wishes *w = job->arg;
	static bool announced;
	static double next;

	if (w->tries)
		return job->started < w->tries ? ANOTHER : ENOUGH;
	if (!announced && w->ready_file && job->tally.outcomes[ANSWERED]) {
		announced = true;
		close(open(w->ready_file, O_CREAT | O_CLOEXEC, 0666));
	}
	if (told_to_stop)
		return ENOUGH;
	if (now() < next)
		return LATER;
	next = now() + w->interval_ms / 1000.0;
	return ANOTHER;
}

static void print_set(const struct tally *t)
{
	const char *space = "";

	for (size_t i = 0; i < t->n; i++, space = " ")
		printf("%s%s@%s", space, t->v[i].name, t->v[i].source);
	for (int o = ANSWERED + 1; o < OUTCOMES; o++) {
		if (!t->outcomes[o])
			continue;
		printf("%s%s", space, outcome_name(o));
		if (o == TOO_BIG)
			printf(":%u", t->mtu);
		space = " ";
	}
	putchar('\n');
}

static void print_counts(const struct tally *t)
{
	for (size_t i = 0; i < t->n; i++) {
		unsigned int sum = t->v[i].count;

		while (i + 1 < t->n && !strcmp(t->v[i].name, t->v[i + 1].name))
			sum += t->v[++i].count;
		printf("%s %u\n", t->v[i].name, sum);
	}
	for (int o = ANSWERED + 1; o < OUTCOMES; o++)
		if (t->outcomes[o])
			printf("%s %u\n", outcome_name(o), t->outcomes[o]);
}

static void print_order(const struct tally *t)
{
	for (size_t i = 0; i < t->n_order; i++)
		printf("%s%s", i ? " " : "", t->order[i]);
	putchar('\n');
}

static void print_json(const struct tally *t)
{
	const char *comma = "";

	printf("{\"answers\": [");
	for (size_t i = 0; i < t->n; i++, comma = ", ")
		printf("%s{\"name\": \"%s\", \"source\": \"%s\", \"count\": %u}", comma,
		       t->v[i].name, t->v[i].source, t->v[i].count);
	putchar(']');
	for (int o = 0; o < OUTCOMES; o++)
		printf(", \"%s\": %u", outcome_name(o), t->outcomes[o]);
	printf(", \"mtu\": %u}\n", t->mtu);
}

static void print(const struct wishes *w, const struct tally *t)
{
	if (!strcmp(w->form, "set"))
		print_set(t);
	else if (!strcmp(w->form, "counts"))
		print_counts(t);
	else if (!strcmp(w->form, "order"))
		print_order(t);
	else
		print_json(t);
}

static int usage(void)
{
	fprintf(stderr, "usage: probe [-N NETNS] [-u|-S] [-n TRIES] [-p PARALLEL] [-a IN-ALL] [-t SECONDS] [-s BYTES] [-k]\n"
		"             [-i MS] [-r FILE] [-o set|counts|order|json] ADDR PORT [ADDR PORT]...\n");
	return 2;
}

static bool parse(int argc, char **argv, struct wishes *w)
{
	int c;

	while ((c = getopt(argc, argv, "N:uSn:p:a:t:s:ki:r:o:")) != -1) {
		switch (c) {
		case 'N': w->job.netns = optarg; break;
		case 'u': w->job.proto = IPPROTO_UDP; break;
		case 'S': w->job.proto = IPPROTO_SCTP; break;
		case 'n': w->tries = atoi(optarg); break;
		case 'p': w->job.parallel = atoi(optarg); break;
		case 'a': w->at_once = atoi(optarg); break;
		case 't': w->job.timeout = atof(optarg); break;
		case 's': w->job.payload = atoi(optarg); break;
		case 'k': w->hold = true; break;
		case 'i': w->interval_ms = atoi(optarg); break;
		case 'r': w->ready_file = optarg; break;
		case 'o': w->form = optarg; break;
		default: return false;
		}
	}
	w->job.keep_order = !strcmp(w->form, "order");
	return argc > optind && (argc - optind) % 2 == 0;
}

/* Each destination gets a job like the one wished for. */
static struct job *jobs_make(const struct wishes *w, char **args, size_t n)
{
	struct job *jobs = calloc(n, sizeof(*jobs));

	for (size_t i = 0; jobs && i < n; i++) {
		jobs[i] = w->job;
		if (!job_to(&jobs[i], args[2 * i], atoi(args[2 * i + 1])))
			die("probe: %s is not an address", args[2 * i]);
	}
	return jobs ? jobs : (die("out of memory"), NULL);
}

int main(int argc, char **argv)
{
	struct wishes w = {
		.job = { .proto = IPPROTO_TCP, .parallel = 4, .timeout = 5, .more = more, .arg = &w },
		.tries = 1, .at_once = 256, .interval_ms = 10, .form = "set",
	};
	struct sigaction sa = { .sa_handler = stop };
	unsigned int failed = 0;
	struct job *jobs;
	size_t n;

	if (!parse(argc, argv, &w))
		return usage();
	n = (argc - optind) / 2;
	jobs = jobs_make(&w, argv + optind, n);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	if (w.hold)
		hold(jobs, w.interval_ms, w.ready_file, &told_to_stop);
	else
		jobs_run(jobs, n, w.at_once);
	for (size_t i = 0; i < n; i++) {
		print(&w, &jobs[i].tally);
		for (int o = ANSWERED + 1; o < OUTCOMES; o++)
			failed += jobs[i].tally.outcomes[o];
		job_free(&jobs[i]);
	}
	free(jobs);
	return failed > 0;
}
