#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# flows: the connections on the fast path, and what is said where there are none.
set -u
failed=0
. "$(dirname "$0")/lib.sh"

nothing_of() {
	run 0 flows "${@:2}"
	[ ! -s "$T/out" ]
	says "^$1\$"
}

t_flows() {
	applied
	run 0 flows
	golden flows
	quiet
	run 0 flows -A
	golden flows-all
	run 0 flows -A -o wide
	golden flows-wide
	run 0 flows web
	[ "$(wc -l <"$T/out")" = 3 ]
	hides 'web-node'
	run 0 flows -A web
	[ "$(wc -l <"$T/out")" = 3 ]
}

t_forms() {
	applied
	run 0 flows web -o json
	golden flows-json
	python3 -m json.tool "$T/out" >/dev/null
	run 0 flows web -o yaml
	golden flows-yaml
	run 0 flows -A -o json
	python3 -c 'import json, sys
flows = json.load(sys.stdin)["items"]
assert flows and all(f["in"]["packets"] == 1000 for f in flows)
assert [f["service"] for f in flows] == sorted(f["service"] for f in flows)' <"$T/out"
}

t_nothing() {
	standin
	nothing_of 'No flows are on the fast path in namespace default\.'
	nothing_of 'No flows are on the fast path\.' -A
	run 0 flows -o json
	shows '"items": \[\]'
	quiet
	run 1 flows web
	[ ! -s "$T/out" ]
	says 'service "web" not found in the kernel, in namespace default'
	run 1 flows web -A -o json
	[ ! -s "$T/out" ]
	says 'service "web" not found in the kernel, in any namespace'
	run 0 apply -f "$M/more.yaml" --fast-path=no
	nothing_of 'No flows of nobody are on the fast path in namespace other: it is switched off by --fast-path=no\.' \
		nobody -n other
}

t_refused() {
	standin
	local line
	while read -r line; do
		# shellcheck disable=SC2086
		run 2 flows $line
		[ ! -s "$T/out" ]
		says flows
	done <<'END'
-o name
-o xml
web db
-w
--watch
END
	says "unrecognized option '--watch'"
	standin --deny
	run 1 flows
	says '^error: reading the flows: not permitted: run svcctl as root'
}

t_help() {
	run 0 flows --help
	shows '^usage: svcctl flows \[SERVICE\] \[-n NS\|-A\] \[-o wide\|json\|yaml\]$'
	shows '^  -A, --all-namespaces '
	run 0 -n other flows --help
	run 2 flow
	says 'no verb "flow": did you mean "flows"'
}

case_of "flows" t_flows
case_of "flows in JSON and YAML" t_forms
case_of "no flows" t_nothing
case_of "flows: what is refused" t_refused
case_of "flows: help" t_help
exit $failed
