/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The record of a connection of ours, from its confirmation to its end.
 *
 * It lies in the private bytes of a conntrack helper of our own, so it comes and goes
 * with the conntrack entry, is found from a packet without a lookup and needs no
 * allocation. The helper is not registered: nobody can ask for it by name, and
 * "conntrack -L" shows whose the entry is.
 *
 * Only the first 16 of the 32 bytes are used: when a GRE entry goes that was expected
 * by an entry with any helper, conntrack takes the others for pointers of PPTP's.
 */
#ifndef _SVCNAT_FLOW_H
#define _SVCNAT_FLOW_H

#include <linux/netfilter/nf_conntrack_pptp.h>
#include <net/netfilter/nf_conntrack_helper.h>

#include "backend.h"
#include "cache.h"
#include "netns.h"

/*
 * svcnat_flow.state: flags, and above them a moment (jiffies, without their uppermost
 * bits) as long as one matters: it begins, and is of no interest once there was a reply,
 * or somebody began anew on the same port.
 */
#define SVCNAT_FLOW_ANSWERED	BIT(0)	/* a reply was seen */
#define SVCNAT_FLOW_CUT		BIT(1)	/* its packets are answered with resets */
#define SVCNAT_FLOW_SYN		BIT(2)	/* it began with a SYN, at the moment */
#define SVCNAT_FLOW_AGAIN	BIT(3)	/* a SYN came on an answered one, at the moment */
#define SVCNAT_FLOW_CACHED	BIT(4)	/* the flow cache may have entries of it */
#define SVCNAT_FLOW_MOMENT_SHIFT 5

static inline u32 svcnat_flow_moment(void)
{
	return (u32)jiffies * BIT(SVCNAT_FLOW_MOMENT_SHIFT);
}

/* Is the moment in @state longer ago than the shortest time a SYN waits for its answer? */
static inline bool svcnat_flow_waited(u32 state)
{
	u32 since = svcnat_flow_moment() - (state & ~(BIT(SVCNAT_FLOW_MOMENT_SHIFT) - 1));

	return since >> SVCNAT_FLOW_MOMENT_SHIFT >= HZ / 2;
}

/**
 * struct svcnat_folded - of a connection somebody asked for the counters of
 * @backend: it goes to
 * @packets: already counted for the backend, by direction; by the entry's lock
 * @bytes: likewise
 * @rcu: frees it
 */
struct svcnat_folded {
	struct svcnat_backend	*backend;
	u64			packets[IP_CT_DIR_MAX];
	u64			bytes[IP_CT_DIR_MAX];
	struct rcu_head		rcu;
};

/**
 * struct svcnat_flow - a connection
 * @to: the backend it goes to, with a reference, or SVCNAT_FLOW_FOLDED and a struct
 *	svcnat_folded that has it; 0 once it is over. Read under RCU; written under the
 *	entry's lock
 * @gen: &svcnat_net.flow_gen it was looked at for last; packets write it
 * @state: SVCNAT_FLOW_* and a moment; packets write it, a lost race does a step twice
 */
struct svcnat_flow {
	unsigned long		to;
	u32			gen;
	u32			state;
};

static_assert(sizeof(struct svcnat_flow) <= offsetof(struct nf_ct_pptp_master, keymap));

#define SVCNAT_FLOW_FOLDED	1UL

static inline struct svcnat_folded *svcnat_flow_folded(unsigned long to)
{
	return to & SVCNAT_FLOW_FOLDED ? (void *)(to & ~SVCNAT_FLOW_FOLDED) : NULL;
}

/* Where a connection goes, NULL once it is over. Under RCU. */
static inline struct svcnat_backend *svcnat_flow_backend(const struct svcnat_flow *flow)
{
	unsigned long to = READ_ONCE(flow->to);
	const struct svcnat_folded *folded = svcnat_flow_folded(to);

	return folded ? folded->backend : (struct svcnat_backend *)to;
}

extern struct nf_conntrack_helper svcnat_flow_helper;

/* The record of an entry, or NULL if it is not ours. Under RCU. */
static inline struct svcnat_flow *svcnat_flow_of(const struct nf_conn *ct)
{
	struct nf_conn_help *help = nfct_help(ct);

	if (!help || rcu_access_pointer(help->helper) != &svcnat_flow_helper)
		return NULL;
	return (struct svcnat_flow *)help->data;
}

/*
 * Another state, in which the packets of the connection are to be seen again. Any
 * context, under RCU.
 */
static inline void svcnat_flow_state_set(struct svcnat_net *sn, const struct nf_conn *ct,
					 struct svcnat_flow *flow, u32 state)
{
	/* Orders the state before the look into the cache; pairs with learn.c's enter(). */
	if (xchg(&flow->state, state) & SVCNAT_FLOW_CACHED)
		svcnat_cache_forget(&sn->cache, ct);
}

/* Answered, and nothing is to be done for it. */
static inline bool svcnat_flow_settled(const struct svcnat_flow *flow)
{
	return (READ_ONCE(flow->state) & ~SVCNAT_FLOW_CACHED) == SVCNAT_FLOW_ANSWERED;
}

/*
 * Did both ends say so, and there is nothing left but late copies? Conntrack keeps such
 * an entry for two minutes; it is not revived, as one that was reset may be. Under RCU.
 */
static inline bool svcnat_flow_over(const struct nf_conn *ct)
{
	return nf_ct_protonum(ct) == IPPROTO_TCP &&
	       READ_ONCE(ct->proto.tcp.state) == TCP_CONNTRACK_TIME_WAIT;
}

/*
 * Is the place of the record taken by somebody else's helper (FTP, TFTP, SIP): then the
 * connection goes where it was sent, and is counted, but not followed. Under RCU.
 */
static inline bool svcnat_flow_taken(const struct nf_conn *ct)
{
	const struct nf_conn_help *help = nfct_help(ct);

	return help && rcu_access_pointer(help->helper);
}

unsigned int svcnat_flow_confirm(struct svcnat_net *sn, struct sk_buff *skb, struct nf_conn *ct,
				 struct svcnat_service *svc, struct svcnat_backend *backend,
				 u32 gen);
void svcnat_flow_fold(struct nf_conn *ct, struct svcnat_flow *flow);
void svcnat_flow_close(struct nf_conn *ct, struct svcnat_flow *flow);
void svcnat_flow_net_exit(struct svcnat_net *sn);

/* follow.c */
unsigned int svcnat_hook_follow(void *priv, struct sk_buff *skb,
				const struct nf_hook_state *state);

void svcnat_handshake_failed(const struct svcnat_net *sn, const struct svcnat_vip *vip,
			     struct svcnat_backend *b);

/* sweep.c */
void svcnat_sweep_init(struct svcnat_net *sn);
void svcnat_sweep_exit(struct svcnat_net *sn);
void svcnat_sweep_fold(struct svcnat_net *sn);
void svcnat_sweep_soon(struct svcnat_net *sn);
void svcnat_flow_changed(struct svcnat_net *sn);

#endif /* _SVCNAT_FLOW_H */
