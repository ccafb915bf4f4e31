#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# apply, diff, delete: what they do and print.
set -u
failed=0
. "$(dirname "$0")/lib.sh"

t_apply() {
	applied
	golden apply
	quiet
	run 0 apply -f "$M/web.yaml" -f "$M/more.yaml"
	golden apply-again
	sed 's/app: web}}/app: other}}/' "$M/web.yaml" | "$SVCCTL" apply -f - >"$T/out"
	golden apply-changed
	agree
}

t_apply_directory() {
	standin
	mkdir -p "$T/m/below"
	cp "$M/web.yaml" "$T/m"
	cp "$M/more.yaml" "$T/m/below"
	echo "not: read" >"$T/m/notes.txt"
	run 0 apply -f "$T/m"
	[ "$(names services)" = "service/web " ]
	run 0 apply -f "$T/m" -R
	names services | grep -q service/web-node
}

t_prune() {
	applied
	run 0 apply -f "$M/web.yaml" --prune
	golden prune
	[ "$(names services)" = "service/web " ]
	agree
	: >"$T/empty.yaml"
	run 1 apply -f "$T/empty.yaml" --prune
	says "no object in"
	[ "$(names services)" = "service/web " ]
}

t_dry_run() {
	standin
	run 0 apply -f "$M/web.yaml" --dry-run
	golden dry-run
	nothing
	[ ! -e "$T/state.db" ]
}

t_diff() {
	standin
	run 1 diff -f "$M/web.yaml"
	golden dry-run
	run 0 apply -f "$M/web.yaml"
	run 0 diff -f "$M/web.yaml"
	[ ! -s "$T/out" ]
	run 1 diff -f "$M/more.yaml"
	shows '^\+ default/web-node: TCP'
	run 2 diff -f "$T/none.yaml"
	says "none.yaml"
}

t_delete() {
	applied
	run 0 delete pod web-1
	[ "$(cat "$T/out")" = "pod/web-1 deleted" ]
	run 0 get backends web
	! grep -q 10.244.1.11 "$T/out"
	run 1 delete service web nosuch
	says 'nosuch.* not found'
	names services | grep -q "service/web "
	run 0 delete service nobody -n other
	run 0 delete -f "$M/web.yaml" 2>/dev/null || run 1 delete -f "$M/web.yaml"
	agree
}

# -n is the namespace of what names none, and no other may be written then.
t_namespace() {
	standin
	run 0 apply -n team -f "$M/web.yaml"
	[ "$(names services)" = "service/web " ]
	run 0 get svc web -n team
	run 1 get svc web
	run 0 apply -n team -f "$M/web.yaml"
	hides created
	run 0 diff -n team -f "$M/web.yaml"
	run 2 diff -f "$M/web.yaml"
	says 'cluster IP 10.96.0.10 is that of Service team/web'
	run 0 apply -f "$M/web.yaml" --prune -n team
	hides pruned
	sed 's/{name: web}/{name: web, namespace: other}/' "$M/web.yaml" >"$T/other.yaml"
	for verb in apply diff delete; do
		run $([ $verb = diff ] && echo 2 || echo 1) $verb -n team -f "$T/other.yaml"
		says 'other.yaml:17:34: error: metadata.namespace: other, but -n says team'
	done
	sed -i 's/10.96.0.10/10.96.0.20/' "$T/other.yaml"
	run 0 apply -n other -f "$T/other.yaml"
	run 1 delete -f "$M/web.yaml"
	run 0 delete -n team -f "$M/web.yaml"
	shows 'service/web deleted'
	run 0 get svc web -n other
	run 1 get svc web -n team
	agree
}

# asks NAME - a manifest of a Service that asks for 198.51.100.1
asks() {
	printf 'apiVersion: v1\nkind: Service\nmetadata: {name: %s}\nspec:\n' "$1" >"$T/$1.yaml"
	printf '  externalIPs: [198.51.100.1]\n  ports: [{port: 80}]\n' >>"$T/$1.yaml"
}

# Of two that ask for one address the older has it, however fast they came.
t_older_wins() {
	standin
	export SVCCTL_EXTERNAL_IPS=198.51.100.0/24
	local name
	for name in zz mm aa; do asks $name; done
	run 0 apply -f "$T/zz.yaml"
	run 1 diff -f "$T/aa.yaml"
	says 'held by Service default/zz'
	for name in mm aa zz mm aa; do
		run 0 apply -f "$T/$name.yaml"
		agree
	done
	run 0 explain tcp 10.244.1.200 198.51.100.1:80
	shows 'default/zz'
	run 0 get svc
	hides invalid
	run 0 delete svc zz
	run 0 explain tcp 10.244.1.200 198.51.100.1:80
	shows 'default/mm'
}

# What has no namespace takes none from -n.
t_cluster_scoped() {
	standin
	printf 'apiVersion: v1\nkind: %s\nmetadata: {name: one}\n---\n' Node Namespace >"$T/n.yaml"
	run 0 apply -n team -f "$T/n.yaml"
	run 0 apply -f "$T/n.yaml"
	hides created
	run 0 delete node one -n team
	run 0 delete namespace one
}

case_of "apply" t_apply
case_of "apply a directory" t_apply_directory
case_of "apply --prune" t_prune
case_of "apply --dry-run" t_dry_run
case_of "diff" t_diff
case_of "delete" t_delete
case_of "an older Service keeps its address" t_older_wins
case_of "-n" t_namespace
case_of "-n and what has no namespace" t_cluster_scoped
exit $failed
