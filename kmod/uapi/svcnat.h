/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * svcnat: the wire contract between the kernel module and userspace.
 *
 * One generic netlink family, "svcnat", one instance of everything per network
 * namespace (the namespace of the socket). Every command needs CAP_NET_ADMIN
 * in the initial user namespace. Attributes are parsed strictly: an unknown
 * attribute, an unknown flag, a wrong length or range is refused with a text
 * in the extended acknowledgement (NLMSGERR_ATTR_MSG), and nothing changes.
 *
 * All integers are in host byte order except where "network byte order" is
 * written. Addresses are 4 (IPv4) or 16 (IPv6) bytes in network byte order,
 * and always as long as the family of the service that holds them.
 *
 * Changing state
 * --------------
 * State changes only through a transaction, which belongs to one socket:
 *
 *   BEGIN   opens it. With SVCNAT_TXN_F_REPLACE what is put is the whole new
 *           state: every service that is not put is removed by the commit.
 *           Without, it is a change: only what is named is touched.
 *   PUT     any number of times: services to set whole (SVCNAT_A_SERVICE),
 *           services to remove (SVCNAT_A_REMOVE), configuration to set whole
 *           (SVCNAT_A_CONFIG). Checked, allocated, not yet visible to anybody.
 *   COMMIT  makes all of it so, or none. Each service changes atomically for
 *           packets, one after the other (a frontend that goes from one service
 *           to another leads to the one or the other in between); dumps and
 *           other writers see only before or after.
 *   ABORT   drops it. So does closing the socket.
 *
 * All may ride in one datagram. Only COMMIT needs NLM_F_ACK: after a PUT that
 * failed the transaction is spoiled, further PUTs are ignored and COMMIT
 * answers ECANCELED, so the first error reported is the cause. COMMIT names
 * how many PUTs were sent (SVCNAT_A_PUTS): one that the netlink core refused,
 * or that got lost, spoils it just so.
 *
 * A service with more backends than a message holds is continued: a further
 * SVCNAT_A_SERVICE of the same identity with SVCNAT_SERVICE_F_CONTINUE, which
 * carries only identity and backends, directly after the one it continues
 * (in the same or the next PUT).
 *
 * Generations: each commit increments the namespace's generation, 0 when
 * nothing was ever committed (a fresh module or namespace). BEGIN names the
 * generation the change was computed from; if another commit came between,
 * COMMIT fails with ERESTART and nothing is changed. The caller's 16 byte
 * apply id is kept with the generation and returned by INFO_GET: it lets a
 * caller that was killed learn whether its commit happened.
 *
 * Reading
 * -------
 * SERVICE_GET is a dump of all services or, with SVCNAT_A_NAME, of those of
 * that name. One message a service; one that does not fit is continued as
 * above with SVCNAT_SERVICE_F_CONTINUE. If a commit falls into the dump, the
 * messages carry NLM_F_DUMP_INTR: start again.
 *
 * Events
 * ------
 * Multicast group "events"; joining it needs CAP_NET_ADMIN. Every commit
 * sends, once it is visible, one SERVICE_EVENT for every service added, changed
 * or removed and then one COMMIT_EVENT, all with the new generation.
 * SERVICE_EVENTs of a commit that changes more than SVCNAT_EVENTS_MAX services
 * are left out: the COMMIT_EVENT counts them and says so by being alone.
 * Removal of a namespace sends none.
 */
#ifndef _UAPI_SVCNAT_H
#define _UAPI_SVCNAT_H

#include <linux/types.h>

#define SVCNAT_GENL_NAME		"svcnat"
#define SVCNAT_GENL_VERSION		1
#define SVCNAT_GENL_EVENTS		"events"

#define SVCNAT_NAME_MAX			191	/* without the final NUL */
#define SVCNAT_APPLY_ID_LEN		16
#define SVCNAT_EVENTS_MAX		1024

/*
 * Bounds. What a namespace holds in all is charged to the writer's memory cgroup, but
 * for pinned sources, which come from packets: 64 MB at most.
 */
#define SVCNAT_BACKENDS_MAX		1000000	/* of one service */
#define SVCNAT_FRONTENDS_MAX		64	/* of one service */
#define SVCNAT_PREFIXES_MAX		64	/* of one list in the config */
#define SVCNAT_RANGES_MAX		256	/* source ranges of one service */
#define SVCNAT_WEIGHT_MAX		1000
#define SVCNAT_PINS_MAX			1048576	/* pinned sources in one namespace */
#define SVCNAT_PINS_SERVICE_MAX		65536	/* and of one service */
#define SVCNAT_AFFINITY_SECONDS_MAX	86400	/* what the Kubernetes API allows */
#define SVCNAT_SECONDS_MAX		86400
#define SVCNAT_TXNS_MAX			8	/* open in one namespace */
#define SVCNAT_TXN_BACKENDS_MAX		16000000 /* in one transaction */
#define SVCNAT_TXN_SERVICES_MAX		4000000	/* in one transaction */

/**
 * enum svcnat_cmd - commands; "in" and "out" name top level attributes
 *
 * @SVCNAT_CMD_INFO_GET: do. In: none. Out: GENERATION, APPLY_ID (if any),
 *	INFO, CONFIG.
 * @SVCNAT_CMD_BEGIN: do. In: GENERATION, TXN_FLAGS (optional). EBUSY: this
 *	socket has one open, which is spoiled now. EMFILE: SVCNAT_TXNS_MAX are open in the namespace.
 * @SVCNAT_CMD_PUT: do. In: any of SERVICE, REMOVE, CONFIG, SERVICE and REMOVE
 *	any number of times. ENOENT: no transaction open. EINVAL, ERANGE,
 *	EEXIST (named twice), E2BIG (over a bound), ENOMEM.
 * @SVCNAT_CMD_COMMIT: do. In: PUTS, APPLY_ID (optional). Out: GENERATION, the
 *	new one. Ends the transaction, also on error (but for one its attributes
 *	are refused for). ENOENT: none open, or a service to remove does not
 *	exist. ECANCELED: a PUT failed, or PUTS is not how many came. ERESTART:
 *	the state is no longer of the generation named by BEGIN. EADDRINUSE: a
 *	frontend is held by another service. ENOMEM.
 * @SVCNAT_CMD_ABORT: do. In: none. ENOENT: none open.
 * @SVCNAT_CMD_SERVICE_GET: dump. In: NAME (optional). Out: GENERATION,
 *	SERVICE (exactly one), with counters.
 * @SVCNAT_CMD_EXPLAIN: do. In: FLOW. Out: GENERATION, DECISION. The answer of
 *	the code the packet path runs, with no packet sent and nothing counted;
 *	a random pick is drawn anew each time, round-robin goes on, and no source
 *	is pinned. EINVAL.
 * @SVCNAT_CMD_SERVICE_EVENT: event. Out: GENERATION, EVENT, SERVICE (identity,
 *	scheduler, frontends, no backends) and BACKENDS_ADDED and _REMOVED.
 * @SVCNAT_CMD_COMMIT_EVENT: event. Out: GENERATION, APPLY_ID (if any), INFO,
 *	CHANGES.
 * @SVCNAT_CMD_FLOW_GET: dump. In: none. Out: CACHED (exactly one). What is
 *	in the flow cache: for each direction of an established TCP or UDP connection
 *	that is forwarded, what it takes to send its packets on at ingress, without
 *	conntrack, rules and routing. One packet in four seconds takes the slow road all
 *	the same, as does the next one after a change of nftables' rules, so that a rule
 *	that came since is seen. Entries come and go during a dump.
 */
enum svcnat_cmd {
	SVCNAT_CMD_UNSPEC,
	SVCNAT_CMD_INFO_GET,
	SVCNAT_CMD_BEGIN,
	SVCNAT_CMD_PUT,
	SVCNAT_CMD_COMMIT,
	SVCNAT_CMD_ABORT,
	SVCNAT_CMD_SERVICE_GET,
	SVCNAT_CMD_EXPLAIN,
	SVCNAT_CMD_SERVICE_EVENT,
	SVCNAT_CMD_COMMIT_EVENT,
	SVCNAT_CMD_FLOW_GET,
	__SVCNAT_CMD_MAX
};
#define SVCNAT_CMD_MAX (__SVCNAT_CMD_MAX - 1)

/* SVCNAT_A_TXN_FLAGS */
#define SVCNAT_TXN_F_REPLACE		(1U << 0)
#define SVCNAT_TXN_F_MASK		SVCNAT_TXN_F_REPLACE

/**
 * enum svcnat_attr - top level attributes
 *
 * @SVCNAT_A_GENERATION: u64.
 * @SVCNAT_A_APPLY_ID: SVCNAT_APPLY_ID_LEN bytes, opaque.
 * @SVCNAT_A_TXN_FLAGS: u32, SVCNAT_TXN_F_*.
 * @SVCNAT_A_SERVICE: nested, enum svcnat_service_attr; may repeat.
 * @SVCNAT_A_REMOVE: nested, enum svcnat_service_attr, identity only (NAME,
 *	FAMILY, PROTO); may repeat.
 * @SVCNAT_A_CONFIG: nested, enum svcnat_config_attr.
 * @SVCNAT_A_NAME: NUL-terminated string, up to SVCNAT_NAME_MAX.
 * @SVCNAT_A_INFO: nested, enum svcnat_info_attr.
 * @SVCNAT_A_FLOW: nested, enum svcnat_flow_attr.
 * @SVCNAT_A_DECISION: nested, enum svcnat_decision_attr.
 * @SVCNAT_A_EVENT: u8, enum svcnat_event.
 * @SVCNAT_A_BACKENDS_ADDED: u32, backends the event's commit added.
 * @SVCNAT_A_BACKENDS_REMOVED: u32, likewise.
 * @SVCNAT_A_CHANGES: u32, services the commit added, changed or removed.
 * @SVCNAT_A_PUTS: u32, PUTs the caller sent since BEGIN.
 * @SVCNAT_A_CACHED: nested, enum svcnat_cached_attr.
 */
enum svcnat_attr {
	SVCNAT_A_UNSPEC,
	SVCNAT_A_PAD,
	SVCNAT_A_GENERATION,
	SVCNAT_A_APPLY_ID,
	SVCNAT_A_TXN_FLAGS,
	SVCNAT_A_SERVICE,
	SVCNAT_A_REMOVE,
	SVCNAT_A_CONFIG,
	SVCNAT_A_NAME,
	SVCNAT_A_INFO,
	SVCNAT_A_FLOW,
	SVCNAT_A_DECISION,
	SVCNAT_A_EVENT,
	SVCNAT_A_BACKENDS_ADDED,
	SVCNAT_A_BACKENDS_REMOVED,
	SVCNAT_A_CHANGES,
	SVCNAT_A_PUTS,
	SVCNAT_A_CACHED,
	__SVCNAT_A_MAX
};
#define SVCNAT_A_MAX (__SVCNAT_A_MAX - 1)

#include "svcnat_service.h"

/**
 * enum svcnat_config_attr - what holds for the whole namespace
 *
 * A PUT of it replaces all of it; a transaction without one leaves it alone,
 * with SVCNAT_TXN_F_REPLACE too.
 *
 * @SVCNAT_CONFIG_A_CLUSTER_CIDR: nested, enum svcnat_prefix_attr; may repeat.
 *	Sources inside are Pods. A family without one has no off-cluster source.
 *	Refused together with POD_INTERFACE.
 * @SVCNAT_CONFIG_A_NODEPORT_ADDR: nested, enum svcnat_prefix_attr; may repeat.
 *	A node port answers on every address that is local to the namespace and
 *	in one of these. None of a family: no node port answers in it.
 * @SVCNAT_CONFIG_A_SERVICE_CIDR: nested, enum svcnat_prefix_attr; may repeat.
 *	New flows to an address inside that no service holds are dropped.
 * @SVCNAT_CONFIG_A_NODE_CIDR: nested, enum svcnat_prefix_attr; may repeat. Where
 *	the Pods of this node have their addresses. A Pod in CLUSTER_CIDR but not in
 *	these that reaches an external frontend of policy Local here is masqueraded,
 *	or its reply would go past this node. A family without one has no such Pods.
 * @SVCNAT_CONFIG_A_POD_INTERFACE: string, up to 15 bytes. Sources that arrive
 *	through the device of this name are Pods, all others are not. A '*' at the
 *	end: through any device whose name begins so.
 * @SVCNAT_CONFIG_A_FLAGS: u32, SVCNAT_CONFIG_F_*.
 */
enum svcnat_config_attr {
	SVCNAT_CONFIG_A_UNSPEC,
	SVCNAT_CONFIG_A_CLUSTER_CIDR,
	SVCNAT_CONFIG_A_NODEPORT_ADDR,
	SVCNAT_CONFIG_A_SERVICE_CIDR,
	SVCNAT_CONFIG_A_NODE_CIDR,
	SVCNAT_CONFIG_A_POD_INTERFACE,
	SVCNAT_CONFIG_A_FLAGS,
	__SVCNAT_CONFIG_A_MAX
};
#define SVCNAT_CONFIG_A_MAX (__SVCNAT_CONFIG_A_MAX - 1)

/*
 * SVCNAT_CONFIG_A_FLAGS.
 *
 * MASQUERADE_ALL: every source sent to a ClusterIP.
 * NODEPORT_PRIMARY: a node port answers also on the address of each family that the
 *	namespace sends from to the world (192.0.2.1, 2001:db8::1), else its first one,
 *	as things stand when a flow begins.
 * NO_SHORTCUT: every packet takes the slow road, past all rules; see SVCNAT_CMD_FLOW_GET.
 */
#define SVCNAT_CONFIG_F_MASQUERADE_ALL	(1U << 0)
#define SVCNAT_CONFIG_F_NODEPORT_PRIMARY (1U << 1)
#define SVCNAT_CONFIG_F_NO_SHORTCUT	(1U << 2)
#define SVCNAT_CONFIG_F_MASK		(SVCNAT_CONFIG_F_MASQUERADE_ALL |	\
					 SVCNAT_CONFIG_F_NODEPORT_PRIMARY |	\
					 SVCNAT_CONFIG_F_NO_SHORTCUT)

/**
 * enum svcnat_prefix_attr - an address prefix; its family is ADDR's length
 *
 * @SVCNAT_PREFIX_A_ADDR: address, 4 or 16 bytes; bits beyond LEN must be 0.
 * @SVCNAT_PREFIX_A_LEN: u8, 0 to 32 or 128.
 */
enum svcnat_prefix_attr {
	SVCNAT_PREFIX_A_UNSPEC,
	SVCNAT_PREFIX_A_ADDR,
	SVCNAT_PREFIX_A_LEN,
	__SVCNAT_PREFIX_A_MAX
};
#define SVCNAT_PREFIX_A_MAX (__SVCNAT_PREFIX_A_MAX - 1)

/**
 * enum svcnat_info_attr - sizes and totals of the namespace; out only
 *
 * @SVCNAT_INFO_A_SERVICES: u32, services in the sense of this header.
 * @SVCNAT_INFO_A_FRONTENDS: u32.
 * @SVCNAT_INFO_A_BACKENDS: u32, summed over services.
 * @SVCNAT_INFO_A_CONNECTIONS: u64, new flows sent to a backend.
 * @SVCNAT_INFO_A_REFUSED: u64, rejected: no endpoints.
 * @SVCNAT_INFO_A_DROPPED: u64, dropped: none local under policy Local.
 * @SVCNAT_INFO_A_UNUSED_PORT: u64, rejected: a port of a live ClusterIP that no
 *	service holds.
 * @SVCNAT_INFO_A_NAT_FAILED: u64, dropped: conntrack could not bind the flow.
 * @SVCNAT_INFO_A_MODULE_VERSION: string.
 * @SVCNAT_INFO_A_UNALLOCATED: u64, dropped: an address of SERVICE_CIDR nobody holds.
 * @SVCNAT_INFO_A_NOT_ALLOWED: u64, dropped: outside the source ranges.
 * @SVCNAT_INFO_A_OVERLOADED: u64, rejected: every backend at its limit.
 * @SVCNAT_INFO_A_REPICKS: u64, connections sent to another backend.
 * @SVCNAT_INFO_A_EJECTIONS: u64, backends ejected.
 * @SVCNAT_INFO_A_RESETS: u64, connections reset by a removal policy.
 * @SVCNAT_INFO_A_PINS: u32, sources pinned by affinity.
 * @SVCNAT_INFO_A_UNPINNED: u64, new flows of a service with affinity that were
 *	served without pinning, as a table was full.
 * @SVCNAT_INFO_A_SHORTCUTS: u64, packets sent on by the flow cache.
 * @SVCNAT_INFO_A_CACHED: u32, entries in the flow cache.
 */
enum svcnat_info_attr {
	SVCNAT_INFO_A_UNSPEC,
	SVCNAT_INFO_A_PAD,
	SVCNAT_INFO_A_SERVICES,
	SVCNAT_INFO_A_FRONTENDS,
	SVCNAT_INFO_A_BACKENDS,
	SVCNAT_INFO_A_CONNECTIONS,
	SVCNAT_INFO_A_REFUSED,
	SVCNAT_INFO_A_DROPPED,
	SVCNAT_INFO_A_UNUSED_PORT,
	SVCNAT_INFO_A_NAT_FAILED,
	SVCNAT_INFO_A_MODULE_VERSION,
	SVCNAT_INFO_A_UNALLOCATED,
	SVCNAT_INFO_A_NOT_ALLOWED,
	SVCNAT_INFO_A_OVERLOADED,
	SVCNAT_INFO_A_REPICKS,
	SVCNAT_INFO_A_EJECTIONS,
	SVCNAT_INFO_A_RESETS,
	SVCNAT_INFO_A_PINS,
	SVCNAT_INFO_A_UNPINNED,
	SVCNAT_INFO_A_SHORTCUTS,
	SVCNAT_INFO_A_CACHED,
	__SVCNAT_INFO_A_MAX
};
#define SVCNAT_INFO_A_MAX (__SVCNAT_INFO_A_MAX - 1)

/**
 * enum svcnat_flow_attr - the first packet of a flow, as it would arrive
 *
 * @SVCNAT_FLOW_A_PROTO: u8; required.
 * @SVCNAT_FLOW_A_SRC: address, 4 or 16 bytes; required.
 * @SVCNAT_FLOW_A_DST: address, as long as SRC; required.
 * @SVCNAT_FLOW_A_SPORT: u16 in network byte order; absent: 0.
 * @SVCNAT_FLOW_A_DPORT: u16 in network byte order; required for TCP, UDP, SCTP.
 * @SVCNAT_FLOW_A_IIF: u32, index of the device it arrives through; absent or 0:
 *	none, it is sent by the node.
 */
enum svcnat_flow_attr {
	SVCNAT_FLOW_A_UNSPEC,
	SVCNAT_FLOW_A_PROTO,
	SVCNAT_FLOW_A_SRC,
	SVCNAT_FLOW_A_DST,
	SVCNAT_FLOW_A_SPORT,
	SVCNAT_FLOW_A_DPORT,
	SVCNAT_FLOW_A_IIF,
	__SVCNAT_FLOW_A_MAX
};
#define SVCNAT_FLOW_A_MAX (__SVCNAT_FLOW_A_MAX - 1)

/* SVCNAT_DECISION_A_VERDICT */
enum svcnat_verdict {
	SVCNAT_PASS,		/* not ours: the packet goes on untouched */
	SVCNAT_DNAT,		/* to a backend */
	SVCNAT_REJECT,		/* RST or ICMP port unreachable */
	SVCNAT_DROP,		/* silently */
	__SVCNAT_VERDICT_MAX
};

/* SVCNAT_DECISION_A_REASON */
enum svcnat_reason {
	SVCNAT_REASON_NO_FRONTEND,	/* PASS: nobody holds the destination */
	SVCNAT_REASON_NOT_NODEPORT_ADDR, /* PASS: not an address for node ports */
	SVCNAT_REASON_PICKED,		/* DNAT */
	SVCNAT_REASON_NO_ENDPOINTS,	/* REJECT */
	SVCNAT_REASON_NO_LOCAL_ENDPOINTS, /* DROP */
	SVCNAT_REASON_UNUSED_PORT,	/* REJECT: other port of a live ClusterIP */
	SVCNAT_REASON_UNALLOCATED,	/* DROP: a service CIDR's address nobody holds */
	SVCNAT_REASON_SOURCE_RANGE,	/* DROP: source outside the source ranges */
	SVCNAT_REASON_OVERLOADED,	/* REJECT: every backend at its limit */
	SVCNAT_REASON_PINNED,		/* DNAT: where affinity sent this source before */
	SVCNAT_REASON_SOCKET,		/* PASS: a connected socket has the node port */
	__SVCNAT_REASON_MAX
};

/* SVCNAT_DECISION_A_MASQUERADE: why the source is rewritten, or that it is not */
enum svcnat_masq {
	SVCNAT_MASQ_NO,
	SVCNAT_MASQ_HAIRPIN,		/* the source is the backend itself */
	SVCNAT_MASQ_EXTERNAL,		/* external frontend, policy Cluster */
	SVCNAT_MASQ_OFF_CLUSTER,	/* ClusterIP, source not in the cluster CIDRs */
	SVCNAT_MASQ_NODE,		/* policy Local, the node itself asks */
	SVCNAT_MASQ_OTHER_NODE,		/* policy Local, a Pod of another node asks */
	SVCNAT_MASQ_ALL,		/* ClusterIP, SVCNAT_CONFIG_F_MASQUERADE_ALL */
	__SVCNAT_MASQ_MAX
};

/* SVCNAT_DECISION_A_SHORTCUT: would the flow cache take it, once it is established? */
enum svcnat_shortcut {
	SVCNAT_SHORTCUT_YES,
	SVCNAT_SHORTCUT_OFF,		/* SVCNAT_CONFIG_F_NO_SHORTCUT */
	SVCNAT_SHORTCUT_SERVICE_OFF,	/* SVCNAT_SERVICE_F_NO_SHORTCUT */
	SVCNAT_SHORTCUT_PROTO,		/* neither TCP nor UDP */
	SVCNAT_SHORTCUT_FROM_NODE,	/* the node itself asks: no SVCNAT_FLOW_A_IIF */
	SVCNAT_SHORTCUT_TO_NODE,	/* the backend is on an address of the node */
	__SVCNAT_SHORTCUT_MAX
};

/**
 * enum svcnat_decision_attr - what would happen to a flow, and why
 *
 * @SVCNAT_DECISION_A_VERDICT: u8, enum svcnat_verdict.
 * @SVCNAT_DECISION_A_REASON: u8, enum svcnat_reason.
 * @SVCNAT_DECISION_A_SERVICE: nested, enum svcnat_service_attr, identity,
 *	scheduler and the one frontend hit; absent if none.
 * @SVCNAT_DECISION_A_BACKEND: nested, enum svcnat_backend_attr; with DNAT.
 * @SVCNAT_DECISION_A_MASQUERADE: u8, enum svcnat_masq; with DNAT.
 * @SVCNAT_DECISION_A_CANDIDATES: u32, backends the pick was among.
 * @SVCNAT_DECISION_A_LOCAL_SET: flag; the pick was among local backends.
 * @SVCNAT_DECISION_A_UNAVAILABLE: u32, of CANDIDATES, those that sit out or are at
 *	their connection limit now.
 * @SVCNAT_DECISION_A_SHORTCUT: u8, enum svcnat_shortcut; with DNAT.
 */
enum svcnat_decision_attr {
	SVCNAT_DECISION_A_UNSPEC,
	SVCNAT_DECISION_A_VERDICT,
	SVCNAT_DECISION_A_REASON,
	SVCNAT_DECISION_A_SERVICE,
	SVCNAT_DECISION_A_BACKEND,
	SVCNAT_DECISION_A_MASQUERADE,
	SVCNAT_DECISION_A_CANDIDATES,
	SVCNAT_DECISION_A_LOCAL_SET,
	SVCNAT_DECISION_A_UNAVAILABLE,
	SVCNAT_DECISION_A_SHORTCUT,
	__SVCNAT_DECISION_A_MAX
};
#define SVCNAT_DECISION_A_MAX (__SVCNAT_DECISION_A_MAX - 1)

/**
 * enum svcnat_cached_attr - a direction of a connection in the flow cache; out only
 *
 * @SVCNAT_CACHED_A_SERVICE: nested, enum svcnat_service_attr, identity only; absent
 *	if nobody holds the frontend any more.
 * @SVCNAT_CACHED_A_BACKEND: nested, enum svcnat_backend_attr, ADDR and PORT.
 * @SVCNAT_CACHED_A_FLOW: nested, enum svcnat_flow_attr: packets of the client, as they
 *	arrive. IIF is the device packets of this direction come through.
 * @SVCNAT_CACHED_A_REPLY: flag; the direction is to the client.
 * @SVCNAT_CACHED_A_AGE_MS: u32, milliseconds since the entry was made.
 * @SVCNAT_CACHED_A_IDLE: flag; it needs a packet on the slow road before it is good
 *	again: none came within the last second, or a commit did.
 * @SVCNAT_CACHED_A_PACKETS: u64, of the connection in this direction, on either road.
 * @SVCNAT_CACHED_A_BYTES: u64, likewise, from the IP header on.
 */
enum svcnat_cached_attr {
	SVCNAT_CACHED_A_UNSPEC,
	SVCNAT_CACHED_A_PAD,
	SVCNAT_CACHED_A_SERVICE,
	SVCNAT_CACHED_A_BACKEND,
	SVCNAT_CACHED_A_FLOW,
	SVCNAT_CACHED_A_REPLY,
	SVCNAT_CACHED_A_AGE_MS,
	SVCNAT_CACHED_A_IDLE,
	SVCNAT_CACHED_A_PACKETS,
	SVCNAT_CACHED_A_BYTES,
	__SVCNAT_CACHED_A_MAX
};
#define SVCNAT_CACHED_A_MAX (__SVCNAT_CACHED_A_MAX - 1)

/* SVCNAT_A_EVENT */
enum svcnat_event {
	SVCNAT_EVENT_ADDED,
	SVCNAT_EVENT_CHANGED,
	SVCNAT_EVENT_REMOVED,
	__SVCNAT_EVENT_MAX
};

#endif /* _UAPI_SVCNAT_H */
