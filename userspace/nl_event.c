// SPDX-License-Identifier: GPL-2.0
/* Listening to what commits change; see nl.h. */
#define _GNU_SOURCE
#include <netlink/genl/ctrl.h>
#include <string.h>

#include "nl_impl.h"

struct listening {
	bool (*cb)(const struct knl_event *ev, void *arg);
	void *arg;
	struct arena *a;
	bool stop;
};

static void on_event(struct knl *nl, int cmd, struct nlattr **tb)
{
	struct listening *l = nl->arg;
	struct knl_event ev = { .commit = cmd == SVCNAT_CMD_COMMIT_EVENT };

	if (tb[SVCNAT_A_GENERATION])
		memcpy(&ev.generation, nla_data(tb[SVCNAT_A_GENERATION]), sizeof(ev.generation));
	if (tb[SVCNAT_A_EVENT])
		ev.what = nla_get_u8(tb[SVCNAT_A_EVENT]);
	if (tb[SVCNAT_A_SERVICE])
		knl_get_service(l->a, tb[SVCNAT_A_SERVICE], &ev.service);
	if (tb[SVCNAT_A_BACKENDS_ADDED])
		ev.backends_added = nla_get_u32(tb[SVCNAT_A_BACKENDS_ADDED]);
	if (tb[SVCNAT_A_BACKENDS_REMOVED])
		ev.backends_removed = nla_get_u32(tb[SVCNAT_A_BACKENDS_REMOVED]);
	if (tb[SVCNAT_A_CHANGES])
		ev.changes = nla_get_u32(tb[SVCNAT_A_CHANGES]);
	if (tb[SVCNAT_A_INFO])
		knl_get_info(tb[SVCNAT_A_INFO], &ev.info);
	if (!l->stop)
		l->stop = !l->cb(&ev, l->arg);
}

static bool wait_events(struct knl *nl, struct listening *l, struct diag *d)
{
	int err;

	while (!l->stop) {
		l->a = arena_new();
		err = nl_recvmsgs(nl->sock, nl->cb);
		arena_free(l->a);
		if (err == -NLE_NOMEM) {
			l->stop = !l->cb(&(struct knl_event){ .lost = true }, l->arg);
		} else if (err < 0) {
			diag_error(d, NULL, NULL, "listening: %s", nl_geterror(err));
			return false;
		}
	}
	return true;
}

bool knl_listen(struct knl *nl, struct diag *d)
{
	int err, group;

	/* The resolver speaks over this socket and wants its own acknowledgements. */
	nl_socket_enable_auto_ack(nl->sock);
	group = genl_ctrl_resolve_grp(nl->sock, SVCNAT_GENL_NAME, SVCNAT_GENL_EVENTS);
	nl_socket_disable_auto_ack(nl->sock);
	err = group < 0 ? group : nl_socket_add_membership(nl->sock, group);
	if (err < 0) {
		diag_error(d, NULL, NULL, "cannot listen to events: %s", nl_geterror(err));
		return false;
	}
	return true;
}

bool knl_monitor(struct knl *nl, bool (*cb)(const struct knl_event *ev, void *arg), void *arg,
		struct diag *d)
{
	struct listening l = { .cb = cb, .arg = arg };

	knl_begin(nl, on_event, &l);
	return wait_events(nl, &l, d);
}
