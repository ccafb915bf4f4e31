// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <string.h>

#include "flows.h"
#include "svcnat.h"
#include "wire.h"

#define CLIENT 40000	/* the source port of the first connection; the other is next to it */

/* What a flow is made of, all of it in a service. */
struct hit {
	struct nlattr *svc, *proto, *addr, *port, *backend;
};

static struct nlattr *inside(const struct nlattr *nested, int type)
{
	return nested ? nla_find(nla_data(nested), nla_len(nested), type) : NULL;
}

static bool find_hit(struct nlattr *svc, struct hit *h)
{
	struct nlattr *frontend = inside(svc, SVCNAT_SERVICE_A_FRONTEND);

	h->svc = svc;
	h->proto = inside(svc, SVCNAT_SERVICE_A_PROTO);
	h->addr = inside(frontend, SVCNAT_FRONTEND_A_ADDR);
	h->port = inside(frontend, SVCNAT_FRONTEND_A_PORT);
	h->backend = inside(svc, SVCNAT_SERVICE_A_BACKEND);
	return h->addr && h->backend && nla_get_u8(h->proto) != IPPROTO_SCTP;
}

static void put_u64(int type, uint64_t v)
{
	put(type, &v, sizeof(v));
}

static void put_flow(const struct hit *h, uint16_t sport, uint32_t iif)
{
	static const uint8_t client[16] = { 10, 244, 9, 9 };
	struct nlattr *n = nest(SVCNAT_CACHED_A_FLOW);
	uint16_t port = htons(sport);

	put(SVCNAT_FLOW_A_PROTO, nla_data(h->proto), 1);
	put(SVCNAT_FLOW_A_SRC, client, (size_t)nla_len(h->addr));
	put(SVCNAT_FLOW_A_DST, nla_data(h->addr), (size_t)nla_len(h->addr));
	put(SVCNAT_FLOW_A_SPORT, &port, sizeof(port));
	put(SVCNAT_FLOW_A_DPORT, nla_data(h->port), sizeof(port));
	put_u32(SVCNAT_FLOW_A_IIF, iif);
	nest_end(n);
}

static void put_service(const struct hit *h)
{
	struct nlattr *n = nest(SVCNAT_CACHED_A_SERVICE);

	for (int type = SVCNAT_SERVICE_A_NAME; type <= SVCNAT_SERVICE_A_PROTO; type++)
		put_copy(inside(h->svc, type));
	nest_end(n);
}

static void put_cached(const struct nlmsghdr *req, const struct hit *h, uint16_t sport, bool reply,
		       bool idle)
{
	struct nlmsghdr *msg = begin_genl(req, req->nlmsg_type, SVCNAT_CMD_FLOW_GET, NLM_F_MULTI);
	struct nlattr *n = nest(SVCNAT_A_CACHED);

	put_service(h);
	put(SVCNAT_CACHED_A_BACKEND | NLA_F_NESTED, nla_data(h->backend), (size_t)nla_len(h->backend));
	put_flow(h, sport, reply ? 3 : 2);
	if (reply)
		put(SVCNAT_CACHED_A_REPLY, NULL, 0);
	if (idle)
		put(SVCNAT_CACHED_A_IDLE, NULL, 0);
	put_u32(SVCNAT_CACHED_A_AGE_MS, reply ? 192000 : 192400);
	put_u64(SVCNAT_CACHED_A_PACKETS, reply ? 2000 : 1000);
	put_u64(SVCNAT_CACHED_A_BYTES, reply ? 3000000 : 60000);
	nest_end(n);
	end(msg);
	send_out(peer, 0);
}

/* Those of one direction after those of the other, as a hash table may have them. */
void flows_dump(const struct nlmsghdr *req, const struct list *services)
{
	for (int reply = 1; reply >= 0; reply--) {
		for (size_t i = services->n; i-- > 0; ) {
			struct hit h;

			if (continues(services->v[i].attr) || !find_hit(services->v[i].attr, &h))
				continue;
			put_cached(req, &h, CLIENT, reply, false);
			if (!reply)
				put_cached(req, &h, CLIENT + 1, false, true);
		}
	}
	end_dump(req);
}
