/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints, for perf and bpftrace: svcnat:svcnat_pick, _refuse, _repick, _eject.
 * Addresses are 16 bytes in network byte order, IPv4 in the first four; ports are in
 * host byte order.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM svcnat

#if !defined(_SVCNAT_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _SVCNAT_TRACE_H

#include <linux/tracepoint.h>
#include <net/netfilter/nf_conntrack_tuple.h>

#include "compat.h"
#include "service.h"

TRACE_EVENT(svcnat_pick,
	TP_PROTO(const struct svcnat_service *svc, const struct nf_conntrack_tuple *flow,
		 const struct svcnat_backend *b),
	TP_ARGS(svc, flow, b),
	TP_STRUCT__entry(
		__string(service, svc->name)
		__field(u8, family)
		__field(u8, proto)
		__array(u8, src, 16)
		__field(u16, sport)
		__array(u8, backend, 16)
		__field(u16, port)
	),
	TP_fast_assign(
		const union nf_inet_addr to = svcnat_backend_addr(b);

		svcnat_assign_str(service, svc->name);
		__entry->family = svc->family;
		__entry->proto = svc->proto;
		memcpy(__entry->src, &flow->src.u3, 16);
		__entry->sport = ntohs(flow->src.u.all);
		memcpy(__entry->backend, &to, 16);
		__entry->port = ntohs(b->port);
	),
	TP_printk("service=%s family=%u proto=%u src=%16phC sport=%u backend=%16phC port=%u",
		  __get_str(service), __entry->family, __entry->proto, __entry->src,
		  __entry->sport, __entry->backend, __entry->port)
);

TRACE_EVENT(svcnat_refuse,
	TP_PROTO(const struct svcnat_service *svc, const struct nf_conntrack_tuple *flow,
		 int reason),
	TP_ARGS(svc, flow, reason),
	TP_STRUCT__entry(
		__string(service, svc ? svc->name : "")
		__field(u8, family)
		__field(u8, proto)
		__field(u8, reason)
		__array(u8, src, 16)
		__array(u8, dst, 16)
		__field(u16, dport)
	),
	TP_fast_assign(
		svcnat_assign_str(service, svc ? svc->name : "");
		__entry->family = flow->src.l3num;
		__entry->proto = flow->dst.protonum;
		__entry->reason = reason;
		memcpy(__entry->src, &flow->src.u3, 16);
		memcpy(__entry->dst, &flow->dst.u3, 16);
		__entry->dport = ntohs(flow->dst.u.all);
	),
	TP_printk("service=%s family=%u proto=%u reason=%u src=%16phC dst=%16phC dport=%u",
		  __get_str(service), __entry->family, __entry->proto, __entry->reason,
		  __entry->src, __entry->dst, __entry->dport)
);

DECLARE_EVENT_CLASS(svcnat_backend,
	TP_PROTO(const struct svcnat_service *svc, const struct svcnat_backend *b),
	TP_ARGS(svc, b),
	TP_STRUCT__entry(
		__string(service, svc->name)
		__field(u8, family)
		__array(u8, backend, 16)
		__field(u16, port)
	),
	TP_fast_assign(
		const union nf_inet_addr to = b ? svcnat_backend_addr(b) :
						  (union nf_inet_addr) { };

		svcnat_assign_str(service, svc->name);
		__entry->family = svc->family;
		memcpy(__entry->backend, &to, 16);
		__entry->port = b ? ntohs(b->port) : 0;
	),
	TP_printk("service=%s family=%u backend=%16phC port=%u", __get_str(service),
		  __entry->family, __entry->backend, __entry->port)
);

/* The backend is the one left; all 0 for a flow that was none of ours. */
DEFINE_EVENT(svcnat_backend, svcnat_repick,
	TP_PROTO(const struct svcnat_service *svc, const struct svcnat_backend *b),
	TP_ARGS(svc, b)
);

DEFINE_EVENT(svcnat_backend, svcnat_eject,
	TP_PROTO(const struct svcnat_service *svc, const struct svcnat_backend *b),
	TP_ARGS(svc, b)
);

#endif /* _SVCNAT_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
