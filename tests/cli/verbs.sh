#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the verbs that only read print, and their exit codes.
set -u
failed=0
. "$(dirname "$0")/lib.sh"

wait_for() {
	local i
	for ((i = 0; i < 200; i++)); do
		grep -q "$1" "$T/events" && return
		sleep 0.05
	done
	cat "$T/events"
	echo "no event like: $1"
	return 1
}

t_get() {
	applied
	run 0 get services
	golden get-services
	run 0 get svc -A -o wide
	golden get-services-wide
	run 0 get svc web
	[ "$(wc -l <"$T/out")" = 2 ]
	run 0 get svc web -o yaml
	golden get-service-yaml
	run 0 get svc web -o json
	golden get-service-json
	python3 -m json.tool "$T/out" >/dev/null
	run 0 get svc -o name
	golden get-services-name
	run 0 get ep
	golden get-endpoints
	run 0 get po -o wide
	golden get-pods-wide
	run 0 get backends -A
	golden get-backends
	run 0 get services -n other
	shows '^nobody'
}

t_get_nothing() {
	standin
	run 0 get pods
	says 'No resources found in default namespace'
	run 1 get service web
	says '"web" not found'
	run 2 get teapots
	says 'teapots'
	run 2 get services -o xml
	says 'xml'
}

t_describe() {
	applied
	run 0 describe service web
	golden describe
	run 1 describe service nosuch
}

t_explain() {
	applied
	run 0 explain tcp 10.244.1.200:40000 10.96.0.10:80
	golden explain
	run 0 explain tcp 10.244.1.200 10.96.0.10:80 -o json
	python3 -m json.tool "$T/out" >/dev/null
	run 0 explain tcp '[fd00::1]:4000' '[fd00:10:96::6]:80'
	shows 'fd00:10:244:1::6'
	run 0 explain udp 10.244.1.200 8.8.8.8:53
	shows 'no service has this'
	for bad in "tcp 10.0.0.1 10.0.0.2" "tcp 10.0.0.1:x 10.0.0.2:80" "tcp fd00::1 10.0.0.2:80" \
		"tcp 10.0.0.1 10.0.0.2:70000" "carp 10.0.0.1 10.0.0.2:80" "tcp 10.0.0.1"; do
		# shellcheck disable=SC2086
		run 2 explain $bad
		[ -s "$T/err" ]
	done
}

t_stats() {
	applied
	run 0 stats -A
	golden stats
	run 0 stats -A -o json
	python3 -m json.tool "$T/out" >/dev/null
}

# It listens once it says what changes: change until it does.
t_monitor() {
	standin
	"$SVCCTL" monitor >"$T/events" &
	local pid=$! i
	for ((i = 0; i < 200; i++)); do
		[ ! -s "$T/events" ] || break
		run 0 flush
		sleep 0.05
	done
	run 0 apply -f "$M/web.yaml"
	wait_for 'service default/web:http TCP added: +2'
	run 0 delete service web
	wait_for 'service default/web:http TCP removed'
	kill $pid
	wait $pid || true
}

case_of "get" t_get
case_of "get what is not there" t_get_nothing
case_of "describe" t_describe
case_of "explain" t_explain
case_of "stats" t_stats
case_of "monitor" t_monitor
exit $failed
