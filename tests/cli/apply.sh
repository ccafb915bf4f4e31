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
	run 0 apply -f "$M/web.yaml" --prune -n default
	[ "$(names services)" = "service/nobody service/web " ] ||
		[ "$(names services)" = "service/web service/nobody " ]
	agree
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
	golden diff
	run 0 apply -f "$M/web.yaml"
	run 0 diff -f "$M/web.yaml"
	[ ! -s "$T/out" ]
	run 1 diff -f "$M/more.yaml"
	shows '^\+ default/web-node: TCP'
	run 2 diff -f "$T/none.yaml"
	says "none.yaml"
}

# Objects the kernel never hears of differ as well.
t_diff_objects() {
	standin
	run 0 apply -f "$M/web.yaml"
	cat >"$T/quiet.yaml" <<-END
		apiVersion: v1
		kind: Service
		metadata: {name: hl}
		spec: {clusterIP: None, ports: [{port: 80}]}
		---
		apiVersion: v1
		kind: Service
		metadata: {name: alias}
		spec: {type: ExternalName, externalName: a.example.com}
		---
		apiVersion: v1
		kind: Service
		metadata: {name: theirs, labels: {service.kubernetes.io/service-proxy-name: x}}
		spec: {clusterIP: 10.96.0.30, ports: [{port: 80}]}
		---
		apiVersion: v1
		kind: Pod
		metadata: {name: alone}
		status: {podIP: 10.244.1.99}
	END
	run 1 diff -f "$T/quiet.yaml"
	[ "$(cat "$T/out")" = "+ service/hl
+ service/alias
+ service/theirs
+ pod/alone" ]
	run 0 apply -f "$T/quiet.yaml" --dry-run
	[ "$(cat "$T/out")" = "service/hl created (dry run)
service/alias created (dry run)
service/theirs created (dry run)
pod/alone created (dry run)" ]
	run 0 apply -f "$T/quiet.yaml"
	run 0 diff -f "$T/quiet.yaml"
	[ ! -s "$T/out" ]
	sed -i 's/a.example/b.example/' "$T/quiet.yaml"
	run 1 diff -f "$T/quiet.yaml"
	[ "$(cat "$T/out")" = "~ service/alias" ]
	run 1 diff -f "$T/quiet.yaml" --prune
	shows '^- pod/web-1$'
	shows '^- service/web$'
	shows '^- default/web:http TCP'
	run 0 apply -f "$T/quiet.yaml" --prune --dry-run
	shows '^pod/web-1 pruned \(dry run\)$'
	shows '^service/alias configured \(dry run\)$'
	names services | grep -q service/web
}

# Options and operands that mean nothing are no longer passed over.
t_usage() {
	standin
	run 2 diff "$M/web.yaml"
	says 'diff.*-f'
	run 2 diff --prune
	says 'prune'
	run 2 diff -f "$M/web.yaml" --dry-run
	run 2 delete -f "$M/web.yaml" --prune
	run 2 delete svc web -R
	says 'R'
	run 2 diff -R
	run 2 apply -f "$M/web.yaml" --fast-path no
	says '"no" as the value of an option is written with =, as in --fast-path=no'
	run 2 apply -f "$M/web.yaml" "$M/web.yaml"
	says 'name files with -f, as in apply -f .*web\.yaml'
	run 2 apply -f "$M/web.yaml" --dry-run=yes
	says '"yes": expected none, client or server'
	run 0 apply -f "$M/web.yaml" --dry-run=server
	nothing
	run 0 apply -f "$M/web.yaml" --dry-run=client
	nothing
	run 0 apply -f "$M/web.yaml" --dry-run=none
	names services | grep -q service/web
	run 2 delete svc
	run 2 delete
	run 2 delete teapot one
	says 'teapot'
}

t_delete() {
	applied
	run 0 delete pod web-1
	[ "$(cat "$T/out")" = "pod/web-1 deleted" ]
	run 0 get backends web
	hides '10\.244\.1\.11'
	run 0 delete service web-node --dry-run
	[ "$(grep service "$T/out")" = "service/web-node deleted (dry run)" ]
	names services | grep -q "service/web-node"
	run 1 delete service web nosuch web
	says '^error: services "nosuch" not found in namespace default$'
	[ "$(cat "$T/out")" = "service/web deleted" ]
	run 1 delete node one
	says '^error: nodes "one" not found$'
	run 1 delete service nobody
	run 0 delete service nobody -n other
	[ "$(names services)" = "service/db service/web-node service/web-six " ]
	agree
}

# The rest goes, what is not there is named, and that is a failure.
t_delete_rest() {
	applied
	run 0 delete pod web-1
	run 1 delete -f "$M/web.yaml"
	[ "$(cat "$T/out")" = "pod/web-2 deleted
service/web deleted" ]
	says 'web.yaml:1:1: error: pods "web-1" not found in namespace default'
	agree
	run 1 delete -f "$M/web.yaml"
	[ ! -s "$T/out" ]
	run 0 delete -f "$M/web.yaml" --ignore-not-found
	quiet
	run 0 delete svc nosuch db --ignore-not-found
	[ "$(cat "$T/out")" = "service/db deleted" ]
	quiet
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
case_of "diff of what the kernel never hears of" t_diff_objects
case_of "options and operands that mean nothing" t_usage
case_of "delete" t_delete
case_of "delete what is partly gone" t_delete_rest
case_of "an older Service keeps its address" t_older_wins
case_of "-n" t_namespace
case_of "-n and what has no namespace" t_cluster_scoped
exit $failed
