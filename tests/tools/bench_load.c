// SPDX-License-Identifier: GPL-2.0
/*
 * Load the kernel with services and time the transaction alone, from its first
 * message to its last acknowledgement:
 *
 *   bench_load load SERVICES BACKENDS          the whole state at once
 *   bench_load add SERVICES BACKENDS ROUNDS    that, then ROUNDS times one service
 *                                              more, each taken away again untimed
 *
 * Prints nanoseconds, a line a timed transaction. Addresses are those of
 * tests/bench/plan.py.
 */
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "nl.h"

#define VIP_BASE	0x0a600001U	/* 10.96.0.1 */
#define BACKEND_BASE	0x0a800001U	/* 10.128.0.1 */
#define CLUSTER_BASE	0x0af40000U	/* 10.244.0.0 */
#define PORT		80
#define TARGET_PORT	8080

struct bench {
	struct arena *arena;
	struct diag *diag;
	struct knl *nl;
	struct dp want;
	size_t n_backends;
};

static struct ip ipv4(uint32_t address)
{
	struct ip ip = { .family = AF_INET };

	address = htonl(address);
	memcpy(ip.b, &address, sizeof(address));
	return ip;
}

static struct dp_service service(struct bench *b, uint32_t number)
{
	struct dp_service s = { .family = AF_INET, .proto = IPPROTO_UDP };

	/* As wide as the widest number, so that counting order is name order. */
	s.name = arena_printf(b->arena, "scale/svc-%06u:p", number);
	s.frontends = arena_alloc(b->arena, sizeof(*s.frontends));
	s.n_frontends = 1;
	s.frontends->kind = SVCNAT_FRONTEND_CLUSTER_IP;
	s.frontends->ip = ipv4(VIP_BASE + number);
	s.frontends->port = PORT;
	s.backends = arena_alloc(b->arena, b->n_backends * sizeof(*s.backends));
	s.n_backends = b->n_backends;
	for (size_t i = 0; i < b->n_backends; i++) {
		s.backends[i].ip = ipv4(BACKEND_BASE + number * b->n_backends + i);
		s.backends[i].port = TARGET_PORT;
		s.backends[i].flags = SVCNAT_BACKEND_F_CLUSTER;
	}
	return s;
}

static void fill(struct bench *b, uint32_t n)
{
	static struct prefix cluster = { .len = 16 };

	cluster.ip = ipv4(CLUSTER_BASE);
	b->want.config.cluster_cidrs = &cluster;
	b->want.config.n_cluster_cidrs = 1;
	b->want.services = arena_alloc(b->arena, n * sizeof(*b->want.services));
	b->want.n_services = n;
	for (uint32_t i = 0; i < n; i++)
		b->want.services[i] = service(b, i);
}

static bool read_generation(struct bench *b, uint64_t *generation)
{
	struct dp now = { 0 };

	if (!knl_info(b->nl, b->arena, &now, b->diag))
		return false;
	*generation = now.generation;
	return true;
}

static bool apply(struct bench *b, struct plan *p, bool timed)
{
	struct timespec start, end;
	uint64_t generation;

	if (!read_generation(b, &p->generation))
		return false;
	clock_gettime(CLOCK_MONOTONIC, &start);
	if (knl_apply(b->nl, p, NULL, &generation, b->diag) != KNL_OK)
		return false;
	clock_gettime(CLOCK_MONOTONIC, &end);
	if (timed)
		printf("%lld\n", (end.tv_sec - start.tv_sec) * 1000000000LL +
				 end.tv_nsec - start.tv_nsec);
	return true;
}

static bool load(struct bench *b, uint32_t services, bool timed)
{
	struct plan p = { .replace = true, .config = &b->want.config, .want = &b->want };
	struct dp nothing = { 0 };
	const struct plan *whole;

	fill(b, services);
	whole = plan_make(b->arena, &nothing, &b->want);
	p.steps = whole->steps;
	p.n = whole->n;
	return apply(b, &p, timed);
}

static bool add(struct bench *b, uint32_t number, unsigned int rounds)
{
	struct dp_service more = service(b, number);
	struct plan_step step;
	struct plan p = { .steps = &step, .n = 1 };

	for (unsigned int i = 0; i < rounds; i++) {
		step = (struct plan_step){ .op = PLAN_ADD, .want = &more };
		if (!apply(b, &p, true))
			return false;
		step = (struct plan_step){ .op = PLAN_REMOVE, .was = &more };
		if (!apply(b, &p, false))
			return false;
	}
	return true;
}

static int usage(void)
{
	fprintf(stderr, "usage: bench_load load SERVICES BACKENDS | add SERVICES BACKENDS ROUNDS\n");
	return 2;
}

int main(int argc, char **argv)
{
	struct bench b = { 0 };
	uint32_t services;
	bool adding, ok;

	adding = argc == 5 && !strcmp(argv[1], "add");
	if (!adding && (argc != 4 || strcmp(argv[1], "load")))
		return usage();
	services = strtoul(argv[2], NULL, 10);
	b.n_backends = strtoul(argv[3], NULL, 10);
	b.arena = arena_new();
	b.diag = diag_new(stderr);
	b.nl = knl_open(b.diag);
	ok = b.nl && load(&b, services, !adding) &&
	     (!adding || add(&b, services, strtoul(argv[4], NULL, 10)));
	knl_close(b.nl);
	diag_free(b.diag);
	arena_free(b.arena);
	return ok ? 0 : 1;
}
