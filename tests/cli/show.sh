#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# describe, explain, stats, monitor: what they show, and what they refuse.
set -u
failed=0
. "$(dirname "$0")/lib.sh"

described() {
	run 0 describe "${@:2}"
	golden "$1"
	quiet
}

t_describe() {
	all_applied
	described describe-front service front
	described describe-rival svc/rival
	described describe-manual service manual sliced
	described describe-alias service db
	run 1 describe svc web nosuch web-node
	shows '^Name: +web$'
	shows '^Name: +web-node$'
	says 'services "nosuch" not found in namespace default'
	run 0 describe services -n other
	shows '^Name: +nobody$'
	run 0 describe services -A
	[ "$(grep -c '^Name:' "$T/out")" = 9 ]
	run 0 describe services -n nowhere
	says 'No resources found in nowhere namespace'
}

t_describe_sctp() {
	standin
	cat >"$T/sctp.yaml" <<-'END'
		apiVersion: v1
		kind: Service
		metadata: {name: s}
		spec: {ports: [{name: a, port: 1, protocol: SCTP}, {name: b, port: 1}]}
	END
	run 0 apply -f "$T/sctp.yaml"
	run 0 describe svc s
	shows '^Not Served: .*SCTP'
	[ "$(grep -c 'Not Served' "$T/out")" = 1 ]
}

t_forms() {
	all_applied
	run 0 explain tcp 10.244.1.200 10.96.0.10:80 -o json
	golden explain-json
	run 0 explain tcp 10.244.1.200 10.96.0.10:80 -o yaml
	golden explain-yaml
	run 0 explain udp 10.244.1.200 8.8.8.8:53 -o json
	python3 -m json.tool "$T/out" >/dev/null
	run 0 explain icmp fd00::1 fd00::2
	run 0 stats web -o json
	golden stats-json
	run 0 stats web -o yaml
	golden stats-yaml
	run 0 stats -n nowhere
	run 0 stats -n nowhere -o json
	python3 -m json.tool "$T/out" >/dev/null
}

# An option that means nothing is an error, and an error is said.
t_refused() {
	standin
	local line
	while read -r line; do
		# shellcheck disable=SC2086
		run 2 $line
		says "${line%% *}"
	done <<'END'
explain tcp 10.0.0.1 10.0.0.2:80 -n default
explain tcp 10.0.0.1 10.0.0.2:80 -A
explain tcp 10.0.0.1 10.0.0.2:80 -o wide
explain tcp 10.0.0.1 10.0.0.2:80 more
monitor -n default
monitor -A
monitor -o yaml
monitor web
stats -o wide
stats -o name
stats web db
describe svc web -o json
describe svc web -w
describe pod web-1
describe svc,po web
describe backends
describe
get svc -o xml
get svc -x
END
}

# It listens once it says what changes: change until it does.
t_monitor_ends() {
	standin
	"$SVCCTL" monitor -o json >"$T/events" &
	local pid=$! code=0
	flushed() {
		run 0 flush
		[ -s "$T/events" ]
	}
	until_true flushed
	run 0 apply -f "$M/web.yaml"
	until_true grep -q '"event":"added"' "$T/events"
	kill $pid
	wait $pid || code=$?
	[ $code = 0 ]
	while read -r line; do
		python3 -m json.tool <<<"$line" >/dev/null
	done <"$T/events"
}

case_of "describe in full" t_describe
case_of "describe of what is not balanced" t_describe_sctp
case_of "explain and stats in JSON and YAML" t_forms
case_of "options that mean nothing" t_refused
case_of "monitor -o json, to its end" t_monitor_ends
exit $failed
