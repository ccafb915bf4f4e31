#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Two stores, one truth: flush, restore, kills, refusals, two at once.
set -u
failed=0
. "$(dirname "$0")/lib.sh"

t_flush_restore() {
	applied
	run 0 get backends -A
	cp "$T/out" "$T/before"
	run 0 flush
	golden flush
	run 0 get backends -A
	[ "$(wc -l <"$T/out")" = 1 ]
	run 1 diff
	run 0 restore
	agree
	run 0 get backends -A
	diff "$T/before" "$T/out"
	run 0 flush
	run 0 apply -f "$M/web.yaml"
	agree
}

# What both stores hold goes to $T/NAME; they must agree.
holds() {
	"$SVCCTL" diff >"$T/out" 2>"$T/err" || [ $? = 1 ]
	hides '^[-+~] .*/'
	names services >"$T/$1"
	run 0 get backends -A
	cut -c1-60 "$T/out" >>"$T/$1"
}

is() {
	cmp -s "$T/now" "$T/$1"
}

# killed ARG… - did the stand-in's --kill-at fall into this command?
killed() {
	local got=0
	"$SVCCTL" "$@" >"$T/out" 2>"$T/err" || got=$?
	case $got in
	0) return 1 ;;
	137) return 0 ;;
	esac
	cat "$T/err"
	echo "svcctl $*: exit $got"
	exit 1
}

settled_by() {
	case $1 in
	nothing) ;;
	flush)
		run 0 flush
		run 0 restore ;;
	delete)
		run 1 delete pod nosuch ;;
	*)
		run 0 "$1" ;;
	esac
}

# At every message there is: both stores have all of it or none of it, and go on.
t_kill_then() {
	local n old=0 new=0
	standin
	holds 0
	run 0 apply -f "$M/web.yaml"
	holds 1
	run 0 apply -f "$M/more.yaml"
	holds 2
	for ((n = 1; ; n++)); do
		rm -f "$SVCCTL_STATE"
		standin --kill-at $n
		local was=0
		if ! killed apply -f "$M/web.yaml"; then
			was=1
			killed apply -f "$M/more.yaml" || break
		fi
		settled_by "$1"
		holds now
		if is $((was + 1)); then
			new=$((new + 1))
		else
			diff "$T/$was" "$T/now"
			old=$((old + 1))
		fi
		run 0 apply -f "$M/web.yaml" -f "$M/more.yaml"
		holds now
		diff "$T/2" "$T/now"
	done
	echo "killed at $((n - 1)) messages: $old times it was as before, $new times as wanted"
	[ $old -ge 4 ]
	[ $new -ge 6 ]
}

# many N - manifests of as many Services, on standard output.
many() {
	seq -f 'apiVersion: v1
kind: Service
metadata: {name: many-%.0f}
spec: {ports: [{port: 80}]}
---' "$1"
}

has_written() {
	[ "$(sed -n 's/^wchar: //p' "/proc/$1/io")" -ge "$2" ]
}

# Its answer is more than a pipe takes, and nobody reads it: writers must not wait.
t_blocked_reader() {
	standin
	run 0 apply -f "$M/web.yaml"
	many 1500 >"$T/many.yaml"
	mkfifo "$T/pipe"
	exec 9<>"$T/pipe"
	"$SVCCTL" diff -f "$T/many.yaml" >&9 2>"$T/diff.err" &
	local pid=$!
	until_true has_written $pid 65536
	run 0 apply -f "$M/more.yaml"
	kill $pid
	wait $pid || true
}

case_of "flush, restore" t_flush_restore
for by in nothing flush restore delete; do
	case_of "killed at any message, then $by" t_kill_then $by
done
case_of "a reader that is stuck holds up nobody" t_blocked_reader
exit $failed
