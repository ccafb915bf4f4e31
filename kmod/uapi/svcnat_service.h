/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* Part of svcnat.h: services, their frontends and backends. */
#ifndef _UAPI_SVCNAT_SERVICE_H
#define _UAPI_SVCNAT_SERVICE_H

/*
 * SVCNAT_SERVICE_A_SCHED. Weights (SVCNAT_BACKEND_A_WEIGHT) hold for all of them:
 * a backend of weight 2 gets twice as many connections as one of weight 1.
 */
enum svcnat_sched {
	SVCNAT_SCHED_RANDOM,		/* default: independent draws */
	SVCNAT_SCHED_RR,		/* round-robin, a turn per CPU */
	SVCNAT_SCHED_LC,		/* the one with fewer active connections of two drawn */
	SVCNAT_SCHED_SH,		/* by the source address alone */
	/* By the 5-tuple, consistent: the same on every node, and few flows move when
	 * backends change.
	 */
	SVCNAT_SCHED_MAGLEV,
	__SVCNAT_SCHED_MAX
};
#define SVCNAT_SCHED_MAX (__SVCNAT_SCHED_MAX - 1)

/* SVCNAT_SERVICE_A_REMOVAL: TCP and SCTP connections of a backend that goes away */
enum svcnat_removal {
	SVCNAT_REMOVAL_KEEP,		/* default: go on as long as both ends like */
	SVCNAT_REMOVAL_DRAIN,		/* are reset DRAIN_SECONDS after it left the pick */
	SVCNAT_REMOVAL_RESET,		/* are reset when it leaves the service */
	__SVCNAT_REMOVAL_MAX
};
#define SVCNAT_REMOVAL_MAX (__SVCNAT_REMOVAL_MAX - 1)

/* SVCNAT_SERVICE_A_FLAGS */
#define SVCNAT_SERVICE_F_CONTINUE	(1U << 0) /* more backends of the last one */
#define SVCNAT_SERVICE_F_REJECT_ICMP	(1U << 1) /* refuse by ICMP, not RST or ABORT */
#define SVCNAT_SERVICE_F_NO_SHORTCUT	(1U << 2) /* not in the flow cache, from the commit on */
#define SVCNAT_SERVICE_F_MASK		(SVCNAT_SERVICE_F_CONTINUE | \
					 SVCNAT_SERVICE_F_REJECT_ICMP | \
					 SVCNAT_SERVICE_F_NO_SHORTCUT)

/**
 * enum svcnat_service_attr - one port of one Service in one family
 *
 * Its identity is (NAME, FAMILY, PROTO).
 *
 * @SVCNAT_SERVICE_A_NAME: string, "namespace/name:port", the port's name
 *	possibly empty; required. The kernel reads nothing into it.
 * @SVCNAT_SERVICE_A_FAMILY: u8, AF_INET or AF_INET6; required.
 * @SVCNAT_SERVICE_A_PROTO: u8, IPPROTO_TCP, IPPROTO_UDP or IPPROTO_SCTP; required.
 * @SVCNAT_SERVICE_A_SCHED: u8, enum svcnat_sched.
 * @SVCNAT_SERVICE_A_FLAGS: u32, SVCNAT_SERVICE_F_*.
 * @SVCNAT_SERVICE_A_FRONTEND: nested, enum svcnat_frontend_attr; may repeat,
 *	may be absent (then nothing reaches the service).
 * @SVCNAT_SERVICE_A_BACKEND: nested, enum svcnat_backend_attr; may repeat, may
 *	be absent. Strictly ascending by address, then port, as memcmp() orders
 *	them in network byte order, continuations included. In dumps the order
 *	is not specified.
 * @SVCNAT_SERVICE_A_AFFINITY_SECONDS: u32, 0 to SVCNAT_AFFINITY_SECONDS_MAX.
 *	With it a source address stays with the backend it was sent to until no
 *	new connection of it came for so long; shared by all frontends. A full
 *	table (SVCNAT_PINS_SERVICE_MAX, SVCNAT_PINS_MAX) serves without pinning.
 *	Absent or 0: none.
 * @SVCNAT_SERVICE_A_SOURCE_RANGE: nested, enum svcnat_prefix_attr of the
 *	service's family; may repeat, up to SVCNAT_RANGES_MAX. Sources outside all
 *	of them are dropped on frontends with SVCNAT_FRONTEND_F_RANGES, before
 *	anything else is asked.
 * @SVCNAT_SERVICE_A_REMOVAL: u8, enum svcnat_removal. UDP knows no removal: a
 *	flow whose backend left the service, or whose frontend did, is sent
 *	elsewhere with its next packet.
 * @SVCNAT_SERVICE_A_DRAIN_SECONDS: u32, 1 to SVCNAT_SECONDS_MAX; required with
 *	SVCNAT_REMOVAL_DRAIN, refused without.
 * @SVCNAT_SERVICE_A_EJECT_FAILS: u32, 0 to 255. A backend with so many failed
 *	TCP handshakes in a row (no answer before the client sends its SYN again or
 *	gives up, or a reset) is not picked for EJECT_SECONDS, unless there is no
 *	other. Absent or 0: never.
 * @SVCNAT_SERVICE_A_EJECT_SECONDS: u32, 1 to SVCNAT_SECONDS_MAX; required with
 *	EJECT_FAILS other than 0.
 * @SVCNAT_SERVICE_A_CONNECTIONS: u64, out only. Connections sent to a backend,
 *	those since removed included. Counted when conntrack confirms them.
 * @SVCNAT_SERVICE_A_ACTIVE: u64, out only. Of these, those conntrack still knows.
 * @SVCNAT_SERVICE_A_PACKETS_IN: u64, out only. Packets from clients, of the
 *	connections in CONNECTIONS, as far as they are known: SERVICE_GET brings
 *	them up to date when a dump begins.
 * @SVCNAT_SERVICE_A_BYTES_IN: u64, out only. Their bytes, from the IP header on.
 * @SVCNAT_SERVICE_A_PACKETS_OUT: u64, out only. Packets to clients.
 * @SVCNAT_SERVICE_A_BYTES_OUT: u64, out only.
 * @SVCNAT_SERVICE_A_REFUSED: u64, out only. New flows rejected for want of any
 *	endpoint.
 * @SVCNAT_SERVICE_A_DROPPED: u64, out only. New flows dropped for want of a
 *	local endpoint under policy Local.
 * @SVCNAT_SERVICE_A_NOT_ALLOWED: u64, out only. New flows dropped because their
 *	source is outside the source ranges.
 * @SVCNAT_SERVICE_A_OVERLOADED: u64, out only. New flows rejected because every
 *	backend is at its connection limit.
 * @SVCNAT_SERVICE_A_REPICKS: u64, out only. Connections whose SYN came again
 *	without an answer and went to another backend, and UDP flows sent elsewhere.
 * @SVCNAT_SERVICE_A_EJECTIONS: u64, out only. Times a backend was ejected.
 */
enum svcnat_service_attr {
	SVCNAT_SERVICE_A_UNSPEC,
	SVCNAT_SERVICE_A_PAD,
	SVCNAT_SERVICE_A_NAME,
	SVCNAT_SERVICE_A_FAMILY,
	SVCNAT_SERVICE_A_PROTO,
	SVCNAT_SERVICE_A_SCHED,
	SVCNAT_SERVICE_A_FLAGS,
	SVCNAT_SERVICE_A_FRONTEND,
	SVCNAT_SERVICE_A_BACKEND,
	SVCNAT_SERVICE_A_CONNECTIONS,
	SVCNAT_SERVICE_A_REFUSED,
	SVCNAT_SERVICE_A_DROPPED,
	SVCNAT_SERVICE_A_AFFINITY_SECONDS,
	SVCNAT_SERVICE_A_SOURCE_RANGE,
	SVCNAT_SERVICE_A_REMOVAL,
	SVCNAT_SERVICE_A_DRAIN_SECONDS,
	SVCNAT_SERVICE_A_EJECT_FAILS,
	SVCNAT_SERVICE_A_EJECT_SECONDS,
	SVCNAT_SERVICE_A_ACTIVE,
	SVCNAT_SERVICE_A_PACKETS_IN,
	SVCNAT_SERVICE_A_BYTES_IN,
	SVCNAT_SERVICE_A_PACKETS_OUT,
	SVCNAT_SERVICE_A_BYTES_OUT,
	SVCNAT_SERVICE_A_NOT_ALLOWED,
	SVCNAT_SERVICE_A_OVERLOADED,
	SVCNAT_SERVICE_A_REPICKS,
	SVCNAT_SERVICE_A_EJECTIONS,
	__SVCNAT_SERVICE_A_MAX
};
#define SVCNAT_SERVICE_A_MAX (__SVCNAT_SERVICE_A_MAX - 1)

/**
 * enum svcnat_frontend_kind - what a frontend is, and so how it treats sources
 *
 * @SVCNAT_FRONTEND_CLUSTER_IP: masquerades sources outside the cluster CIDRs,
 *	if any are configured; refuses every port of its address that no service
 *	holds (and everything else sent there) with port unreachable.
 * @SVCNAT_FRONTEND_NODE_PORT: a port on every local address that lies in
 *	SVCNAT_CONFIG_A_NODEPORT_ADDRS. Masquerades under policy Cluster.
 * @SVCNAT_FRONTEND_LOAD_BALANCER: masquerades under policy Cluster.
 * @SVCNAT_FRONTEND_EXTERNAL_IP: masquerades under policy Cluster.
 *
 * An address always wins over a node port. A node port yields to a connected
 * socket of the node (its own outgoing connection that happens to use the port),
 * not to one that listens.
 */
enum svcnat_frontend_kind {
	SVCNAT_FRONTEND_CLUSTER_IP,
	SVCNAT_FRONTEND_NODE_PORT,
	SVCNAT_FRONTEND_LOAD_BALANCER,
	SVCNAT_FRONTEND_EXTERNAL_IP,
	__SVCNAT_FRONTEND_MAX
};
#define SVCNAT_FRONTEND_MAX (__SVCNAT_FRONTEND_MAX - 1)

/*
 * SVCNAT_FRONTEND_A_FLAGS
 *
 * LOCAL: policy Local. Picks among backends with SVCNAT_BACKEND_F_LOCAL and
 * keeps the source address; if there are none, but some with F_CLUSTER, drops.
 * On kinds other than ClusterIP, sources inside the cluster CIDRs or on an
 * address of this node are served by F_CLUSTER all the same (Pods keeping
 * their source, the node and Pods of other nodes masqueraded).
 *
 * RANGES: only sources inside the service's source ranges are served; with no
 * range at all, none is.
 */
#define SVCNAT_FRONTEND_F_LOCAL		(1U << 0)
#define SVCNAT_FRONTEND_F_RANGES	(1U << 1)
#define SVCNAT_FRONTEND_F_MASK		(SVCNAT_FRONTEND_F_LOCAL | \
					 SVCNAT_FRONTEND_F_RANGES)

/**
 * enum svcnat_frontend_attr - an address and port clients connect to
 *
 * @SVCNAT_FRONTEND_A_KIND: u8, enum svcnat_frontend_kind; required.
 * @SVCNAT_FRONTEND_A_ADDR: address; required, but absent for a node port.
 *	Not 0, not multicast, not loopback.
 * @SVCNAT_FRONTEND_A_PORT: u16 in network byte order, not 0; required.
 * @SVCNAT_FRONTEND_A_FLAGS: u32, SVCNAT_FRONTEND_F_*.
 */
enum svcnat_frontend_attr {
	SVCNAT_FRONTEND_A_UNSPEC,
	SVCNAT_FRONTEND_A_KIND,
	SVCNAT_FRONTEND_A_ADDR,
	SVCNAT_FRONTEND_A_PORT,
	SVCNAT_FRONTEND_A_FLAGS,
	__SVCNAT_FRONTEND_A_MAX
};
#define SVCNAT_FRONTEND_A_MAX (__SVCNAT_FRONTEND_A_MAX - 1)

/*
 * SVCNAT_BACKEND_A_FLAGS. None of the first two: still serving, keeps its flows,
 * gets no new connections.
 */
#define SVCNAT_BACKEND_F_CLUSTER	(1U << 0) /* picked under policy Cluster */
#define SVCNAT_BACKEND_F_LOCAL		(1U << 1) /* picked under policy Local */
#define SVCNAT_BACKEND_F_MASK		(SVCNAT_BACKEND_F_CLUSTER | \
					 SVCNAT_BACKEND_F_LOCAL)
/* Out only: left the service, but connections of it are still active. */
#define SVCNAT_BACKEND_F_GONE		(1U << 2)

/**
 * enum svcnat_backend_attr - an address and port that serves
 *
 * @SVCNAT_BACKEND_A_ADDR: address; required. Not 0, not multicast, not
 *	loopback.
 * @SVCNAT_BACKEND_A_PORT: u16 in network byte order, not 0; required.
 * @SVCNAT_BACKEND_A_FLAGS: u32, SVCNAT_BACKEND_F_*; absent: F_CLUSTER.
 * @SVCNAT_BACKEND_A_WEIGHT: u32, 1 to SVCNAT_WEIGHT_MAX; absent: 1.
 * @SVCNAT_BACKEND_A_CONN_LIMIT: u32; no new connections while so many are active;
 *	connections made at the same moment may exceed it by the number of CPUs.
 *	Absent or 0: no limit.
 * @SVCNAT_BACKEND_A_CONNECTIONS: u64, out only, see the service's. Kept while
 *	the backend stays in the service, whatever else changes, and when it comes
 *	back while connections are still active.
 * @SVCNAT_BACKEND_A_ACTIVE: u32, out only.
 * @SVCNAT_BACKEND_A_PACKETS_IN: u64, out only, see the service's.
 * @SVCNAT_BACKEND_A_BYTES_IN: u64, out only.
 * @SVCNAT_BACKEND_A_PACKETS_OUT: u64, out only.
 * @SVCNAT_BACKEND_A_BYTES_OUT: u64, out only.
 * @SVCNAT_BACKEND_A_REPICKS: u32, out only. Connections taken from it.
 * @SVCNAT_BACKEND_A_EJECTIONS: u32, out only. Up to 65535; the service's go on.
 * @SVCNAT_BACKEND_A_EJECTED_SECONDS: u32, out only. It sits out for so long still;
 *	absent if it does not.
 */
enum svcnat_backend_attr {
	SVCNAT_BACKEND_A_UNSPEC,
	SVCNAT_BACKEND_A_PAD,
	SVCNAT_BACKEND_A_ADDR,
	SVCNAT_BACKEND_A_PORT,
	SVCNAT_BACKEND_A_FLAGS,
	SVCNAT_BACKEND_A_CONNECTIONS,
	SVCNAT_BACKEND_A_WEIGHT,
	SVCNAT_BACKEND_A_CONN_LIMIT,
	SVCNAT_BACKEND_A_ACTIVE,
	SVCNAT_BACKEND_A_PACKETS_IN,
	SVCNAT_BACKEND_A_BYTES_IN,
	SVCNAT_BACKEND_A_PACKETS_OUT,
	SVCNAT_BACKEND_A_BYTES_OUT,
	SVCNAT_BACKEND_A_REPICKS,
	SVCNAT_BACKEND_A_EJECTIONS,
	SVCNAT_BACKEND_A_EJECTED_SECONDS,
	__SVCNAT_BACKEND_A_MAX
};
#define SVCNAT_BACKEND_A_MAX (__SVCNAT_BACKEND_A_MAX - 1)

#endif /* _UAPI_SVCNAT_SERVICE_H */
