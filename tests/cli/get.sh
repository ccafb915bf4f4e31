#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What get selects, in which form, and how it follows changes.
set -u
failed=0
. "$(dirname "$0")/lib.sh"

# That kind of each object in $T/out, a JSON object or List.
kinds() {
	python3 -c 'import json, sys
o = json.load(open(sys.argv[1]))
print(o["kind"], *(i["kind"] for i in o.get("items", [])))' "$T/out"
}

t_names() {
	applied
	run 0 get svc web web-node
	golden get-two
	run 1 get svc web nosuch web-node nosuch-either
	golden get-two
	says 'services "nosuch" not found in namespace default'
	says 'services "nosuch-either" not found'
	run 0 get svc nobody -n other
	run 1 get svc nobody
	run 1 get svc nosuch -A
	says 'services "nosuch" not found in any namespace'
	run 1 get node nosuch
	says '^error: nodes "nosuch" not found$'
}

t_types() {
	all_applied
	run 0 get svc,po,no
	golden get-types
	run 0 get svc/web
	cp "$T/out" "$T/one"
	run 0 get svc web
	diff "$T/one" "$T/out"
	run 0 get svc/web po/web-1 Service/db
	golden get-type-name
	run 1 get svc,po web web-1 -o name
	[ "$(tr '\n' ' ' <"$T/out")" = "service/web pod/web-1 " ]
	says 'services "web-1" not found'
	says 'pods "web" not found'
	run 1 get svc/web po/nosuch -o name
	[ "$(cat "$T/out")" = service/web ]
	says 'pods "nosuch" not found'
	run 1 get svc,po web -o name
	[ "$(cat "$T/out")" = service/web ]
	for bad in "svc/web db" "svc web/db" "svc/" "/web" "svc/web/x" "svc,teapots" "teapots/x" \
		"svc,backends" ","; do
		# shellcheck disable=SC2086
		run 2 get $bad
		[ -s "$T/err" ]
	done
	run 2 get
	says 'namespaces'
	run 2 get teapots
	says 'teapots.*namespaces'
}

t_list_or_one() {
	all_applied
	run 0 get svc web -o json
	[ "$(kinds)" = "Service" ]
	run 0 get svc/web -o json
	[ "$(kinds)" = "Service" ]
	run 0 get svc -n other -o json
	[ "$(kinds)" = "List Service" ]
	run 0 get svc -n other -o yaml
	shows '^kind: List'
	run 0 get svc web db -o json
	[ "$(kinds)" = "List Service Service" ]
	run 1 get svc web nosuch -o json
	[ "$(kinds)" = "List Service" ]
	run 0 get ns,no -o json
	[ "$(kinds)" = "List Namespace Node" ]
	run 0 get svc -n nowhere -o json
	[ "$(kinds)" = "List" ]
	quiet
}

t_nothing() {
	standin
	run 0 get svc
	says '^No resources found in default namespace\.$'
	run 0 get svc -A
	says '^No resources found\.$'
	run 0 get ns
	says '^No resources found\.$'
	run 0 get svc,po -n team
	says '^No resources found in team namespace\.$'
	[ "$(wc -l <"$T/err")" = 1 ]
	run 0 get svc -o name
	quiet
	run 1 get svc,po x
	[ "$(wc -l <"$T/err")" = 2 ]
}

t_cluster_scope() {
	all_applied
	run 0 get nodes -A
	golden get-nodes
	run 0 get ns
	golden get-namespaces
	run 0 get endpointslices
	golden get-slices
}

t_endpoints() {
	all_applied
	run 0 get endpoints
	golden get-endpoints-all
	run 0 get ep -o wide
	golden get-endpoints-wide
	run 0 get ep -o name
	golden get-endpoints-name
	run 0 get ep front -o yaml
	golden get-endpoints-front
	run 0 get ep manual -o yaml
	golden get-endpoints-manual
	run 0 get ep manual sliced -o json
	[ "$(kinds)" = "List Endpoints Endpoints" ]
	run 1 get ep nosuch
	says 'endpoints "nosuch" not found in namespace default'
	run 1 get ep db
}

# What get prints makes the same endpoints of a Service without a selector.
t_endpoints_again() {
	all_applied
	run 0 get ep -A
	cp "$T/out" "$T/table"
	run 0 get ep -A -o yaml
	cp "$T/out" "$T/ep.yaml"
	run 0 get backends front
	grep -v 'no new connections' "$T/out" >"$T/backends"
	run 0 apply -f "$T/ep.yaml"
	sed -i '/ep\.yaml/!d' "$T/err"
	quiet
	agree
	run 0 get ep -A
	sed -E 's/ +[0-9]+s$//' "$T/out" | diff <(sed -E 's/ +[0-9]+s$//' "$T/table") -
	sed '/selector: {app: front}/d' "$M/front.yaml" >"$T/bare.yaml"
	run 0 apply -f "$T/bare.yaml" --external-ips 198.51.100.0/24
	run 0 get svc front -o yaml
	hides 'selector'
	run 0 get backends front
	grep -v 'no new connections' "$T/out" | diff "$T/backends" -
}

t_backends() {
	all_applied
	run 0 get backends web sliced
	golden get-backends-two
	run 0 get backends web -o wide
	golden get-backends-wide
	run 0 get backends/web
	[ "$(wc -l <"$T/out")" = 3 ]
	run 0 get backends web -o json
	golden get-backends-json
	run 0 get backends -o yaml web-six
	golden get-backends-yaml
	run 1 get backends web nosuch
	says 'service "nosuch" not found in the kernel'
	shows 10.244.1.11
	run 1 get backends nosuch -o json
	[ ! -s "$T/out" ]
	run 2 get backends -o name
	says 'backends'
	run 1 stats nosuch
	says 'service "nosuch" not found in the kernel'
	run 0 get backends -n nowhere
}

# Both ends of `get`, held up as long as the case likes.
watch() {
	: >"$T/watched"
	"$SVCCTL" get "$@" -w >"$T/watched" 2>"$T/watch.err" &
	WATCH=$!
}

until_watched() {
	local i
	for ((i = 0; i < 600; i++)); do
		[ "$(wc -l <"$T/watched")" -ge "$1" ] && return
		kill -0 $WATCH || break
		sleep 0.05
	done
	cat "$T/watched" "$T/watch.err"
	echo "watching: fewer than $1 lines"
	return 1
}

watch_ends() {
	local code=0
	kill "-$1" $WATCH
	wait $WATCH || code=$?
	cp "$T/watched" "$T/out"
	cat "$T/watch.err"
	[ $code = 0 ]
	[ ! -s "$T/watch.err" ]
}

scaled() {
	sed -E "s/(name: web-1.*)/\1/; s/10\.244\.1\.11/10.244.1.1$1/" "$M/web.yaml" >"$T/scaled.yaml"
	run 0 apply -f "$T/scaled.yaml"
}

t_watch() {
	applied
	watch ep
	until_watched 4
	scaled 7
	until_watched 6
	run 0 delete svc web-six
	until_watched 7
	run 0 apply -f "$M/more.yaml"
	until_watched 8
	watch_ends TERM
	golden watch-endpoints
}

# A row that says the same is not said again, nor are others than those asked for.
t_watch_quiet() {
	applied
	watch svc web -o wide
	until_watched 2
	scaled 7
	run 0 delete svc web-six
	run 0 flush
	sed 's/port: 80,/port: 81,/' "$M/web.yaml" >"$T/changed.yaml"
	run 0 apply -f "$T/changed.yaml"
	until_watched 3
	watch_ends TERM
	golden watch-service
}

t_watch_forms() {
	applied
	watch ep web -o json
	until_watched 40
	watch_ends TERM
	[ "$(kinds)" = Endpoints ]
	watch ep web -o yaml
	until_watched 21
	scaled 8
	until_watched 43
	watch_ends TERM
	[ "$(grep -c '^---$' "$T/out")" = 1 ]
	watch svc -o name
	until_watched 4
	run 0 delete svc web
	until_watched 5
	watch_ends TERM
	[ "$(tail -n 1 "$T/out")" = service/web ]
	run 0 apply -f "$M/web.yaml"
	watch backends web
	until_watched 3
	scaled 9
	until_watched 5
	watch_ends TERM
	golden watch-backends
}

# The kernel has no part in it, and yet it is told of the commit.
t_watch_objects() {
	applied
	watch po -o wide
	until_watched 4
	sed 's/name: web-1, labels: {app: web}/name: lone, labels: {app: lone}/' "$M/web.yaml" |
		sed '/^---/,$d' >"$T/lone.yaml"
	run 0 apply -f "$T/lone.yaml"
	until_watched 5
	watch_ends TERM
	golden watch-pods
}

# From nothing; with the header when there is something to put under it.
t_watch_nothing() {
	standin
	watch svc
	come_and_go() {
		run 0 apply -f "$M/web.yaml"
		run 0 delete svc web
		[ -s "$T/watched" ]
	}
	until_true come_and_go
	watch_ends TERM
	[ "$(head -n 1 "$T/out" | cut -c1-4)" = NAME ]
	[ "$(grep -c NAME "$T/out")" = 1 ]
	run 1 get svc nosuch -w
	says 'services "nosuch" not found'
	run 2 get svc,po -w
	says 'one TYPE'
}

t_watch_interrupted() {
	applied
	env --default-signal=INT "$SVCCTL" get svc -w >"$T/watched" 2>"$T/watch.err" &
	WATCH=$!
	until_watched 5
	watch_ends INT
}

# More than a pipe holds is printed, nobody reads it, and others write the state all the same.
t_watch_blocked() {
	local i
	standin
	for ((i = 0; i < 200; i++)); do
		echo "{apiVersion: v1, kind: Service, metadata: {name: s$i}, spec: {ports: [{port: 1}]}}"
		echo ---
	done >"$T/many.yaml"
	run 0 apply -f "$T/many.yaml"
	mkfifo "$T/pipe"
	"$SVCCTL" get svc -o json -w >"$T/pipe" 2>"$T/watch.err" &
	WATCH=$!
	exec 9<"$T/pipe"
	read -r -N 1 _ <&9
	run 0 apply -f "$M/web.yaml"
	run 0 delete -f "$M/web.yaml"
	kill -0 $WATCH
	kill $WATCH
	wait $WATCH
	exec 9<&-
}

# Killed somewhere on the way, and then the kernel is gone: nobody knows.
t_cut_short() {
	local at unknown=0
	for at in 4 5 6 7; do
		standin --kill-at $at
		rm -f "$T/state.db"
		"$SVCCTL" apply -f "$M/web.yaml" 2>"$T/err" || true
		eval "exec ${STANDIN_IO[1]}>&-"
		wait "$STANDIN_IO_PID" || true
		run 0 get svc
		grep -q 'warning: .*cut short.*root' "$T/err" || continue
		unknown=1
		standin --deny
		run 0 get svc
		says 'warning: .*cut short.*root'
		standin
		run 0 get svc
		says '^No resources found'
	done
	[ $unknown = 1 ]
}

case_of "get by name" t_names
case_of "get of several types" t_types
case_of "get: a List, or one" t_list_or_one
case_of "get of nothing" t_nothing
case_of "get of what has no namespace" t_cluster_scope
case_of "get endpoints" t_endpoints
case_of "get endpoints, applied again" t_endpoints_again
case_of "get backends" t_backends
case_of "get -w" t_watch
case_of "get -w says what is new" t_watch_quiet
case_of "get -w in every form" t_watch_forms
case_of "get -w of what the kernel does not hold" t_watch_objects
case_of "get -w of nothing" t_watch_nothing
case_of "get -w ends by Ctrl-C" t_watch_interrupted
case_of "get -w with a slow reader" t_watch_blocked
case_of "get after an apply was cut short" t_cut_short
exit $failed
