#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Two stores, one truth: flush, restore, kills, refusals, two at once.
set -u
failed=0
. "$(dirname "$0")/lib.sh"

t_restore_nothing() {
	standin
	run 0 apply -f "$M/web.yaml"
	run 1 restore --state "$T/none.db"
	says 'no state at .*none.db'
	[ ! -e "$T/none.db" ]
	: >"$T/none.db"
	run 1 restore --state "$T/none.db"
	agree
}

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

t_another_state() {
	standin
	run 0 apply -f "$M/web.yaml"
	quiet
	run 0 apply -f "$M/more.yaml" --state "$T/other.db"
	says 'not put there by way of .*/other.db: [0-9]+ services? of it .* removed'
	run 0 apply -f "$M/web.yaml" --state "$T/other.db"
	quiet
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

# One Service of 8636 endpoints, more than goes into one datagram.
big() {
	local i
	cat <<-END
		apiVersion: v1
		kind: Service
		metadata: {name: big}
		spec: {clusterIP: 10.96.1.1, ports: [{port: 80}]}
		---
		apiVersion: v1
		kind: Endpoints
		metadata: {name: big}
		subsets:
		- ports: [{port: 80}]
		  addresses:
	END
	for ((i = 0; i < 34; i++)); do
		seq -f "  - ip: 10.244.$i.%.0f" 1 254
	done
}

# At every message there is: both stores have all of it or none of it, and go on.
t_kill_then() {
	local n old=0 new=0 more=${2:-$M/more.yaml}
	[ "$more" != big ] || {
		more=$T/big.yaml
		big >"$more"
	}
	standin
	holds 0
	run 0 apply -f "$M/web.yaml"
	holds 1
	run 0 apply -f "$more"
	holds 2
	for ((n = 1; ; n++)); do
		rm -f "$SVCCTL_STATE"
		standin --kill-at $n
		local was=0
		if ! killed apply -f "$M/web.yaml"; then
			was=1
			killed apply -f "$more" || break
		fi
		settled_by "$1"
		holds now
		if is $((was + 1)); then
			new=$((new + 1))
		else
			diff "$T/$was" "$T/now"
			old=$((old + 1))
		fi
		run 0 apply -f "$M/web.yaml" -f "$more"
		holds now
		diff "$T/2" "$T/now"
	done
	echo "killed at $((n - 1)) messages: $old times it was as before, $new times as wanted"
	[ $old -ge 4 ]
	[ $new -ge 4 ]
}

# Not at a message but anywhere: reading, writing the state, printing.
t_kill_anywhen() {
	local i pid old=0 new=0
	many 200 >"$T/many.yaml"
	standin
	run 0 apply -f "$M/web.yaml"
	holds 0
	run 0 apply -f "$T/many.yaml"
	holds 1
	for ((i = 1; i <= 24; i++)); do
		run 0 apply -f "$M/web.yaml" --prune
		"$SVCCTL" apply -f "$T/many.yaml" >"$T/out" 2>&1 &
		pid=$!
		sleep "$(printf 0.%03d $((i * 8)))"
		kill -KILL $pid 2>/dev/null || true
		wait $pid || true
		holds now
		if is 1; then
			new=$((new + 1))
		else
			diff "$T/0" "$T/now"
			old=$((old + 1))
		fi
	done
	echo "$old times it was as before, $new times as wanted"
}

# A kernel that does not take it: nothing changed, and the next command works.
t_refused() {
	standin
	run 0 apply -f "$M/web.yaml"
	standin --refuse
	run 1 apply -f "$M/more.yaml"
	says '^error: apply: the kernel is out of memory, nothing was changed$'
	[ "$(wc -l <"$T/err")" = 1 ]
	[ "$(names services)" = "service/web " ]
	run 1 delete svc web
	[ "$(names services)" = "service/web " ]
	run 1 restore
	run 1 flush
	standin --fail-at 1
	run 1 apply -f "$M/more.yaml"
	says '^error: apply: the kernel refused .*this one was to fail'
	[ "$(names services)" = "service/web " ]
	run 0 apply -f "$M/more.yaml"
	agree
	standin --deny
	for verb in "apply -f $M/web.yaml" "diff" "delete svc web" flush restore stats; do
		run $([ "$verb" = diff ] && echo 2 || echo 1) $verb
		says '^error: .*not permitted: run svcctl as root \(it needs CAP_NET_ADMIN\)$'
	done
}

# Others commit between reading and writing: plan again, but not for ever.
t_stale() {
	standin --stale 3
	run 0 apply -f "$M/web.yaml"
	agree
	standin --stale 100
	run 1 apply -f "$M/more.yaml"
	says 'somebody else keeps changing the kernel'
	[ "$(names services)" = "service/web " ]
}

t_two_at_once() {
	standin --delay 100
	local a b i
	for i in 1 2 3; do
		"$SVCCTL" apply -f "$M/web.yaml" >"$T/a" 2>&1 &
		a=$!
		"$SVCCTL" apply -f "$M/more.yaml" >"$T/b" 2>&1 &
		b=$!
		wait $a
		wait $b
		[ "$(names services)" = "service/db service/web service/web-node service/web-six service/nobody " ]
		agree
		"$SVCCTL" delete svc web >"$T/a" 2>&1 &
		a=$!
		"$SVCCTL" delete svc db web-node >"$T/b" 2>&1 &
		b=$!
		wait $a
		wait $b
		[ "$(names services)" = "service/web-six service/nobody " ]
		agree
	done
}

t_no_module() {
	[ ! -e /sys/module/svcnat ] || return 0
	for verb in "apply -f $M/web.yaml" "delete svc web" flush restore stats; do
		run 1 $verb
		says '^error: the kernel has no svcnat: load it with "modprobe svcnat" \("make dkms-install" installs it\)$'
		[ "$(wc -l <"$T/err")" = 1 ]
	done
	run 2 diff -f "$M/web.yaml"
	says 'modprobe svcnat'
	run 0 get svc
}

t_state_file() {
	standin
	echo "this is no database, but it is long enough to look like one could be" >"$T/text.db"
	run 1 apply -f "$M/web.yaml" --state "$T/text.db"
	says 'the state .*text.db is damaged .*move it away and apply all manifests again'
	run 1 get svc --state "$T/text.db"
	run 1 apply -f "$M/web.yaml" --state "$T"
	says "$T"
	run 1 apply -f "$M/web.yaml" --state /proc/none/state.db
	says 'cannot make the directory of /proc/none/state.db'
	run 0 apply -f "$M/web.yaml" --state "$T/a/b/state.db"
	: >"$T/empty.db"
	run 0 get svc --state "$T/empty.db"
	run 0 apply -f "$M/web.yaml" --state "$T/empty.db"
}

# Who may not write the state.
t_unprivileged() {
	local as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	[ "$(id -u)" = 0 ] && chmod 711 "$T" && "${as[@]}" test -x "$SVCCTL" || return 0
	standin
	run 0 apply -f "$M/web.yaml"
	local code=0
	"${as[@]}" "$SVCCTL" apply -f - <"$M/more.yaml" >"$T/out" 2>"$T/err" || code=$?
	[ $code = 1 ]
	says '^error: .*run svcctl as root'
	[ "$(wc -l <"$T/err")" = 1 ]
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
case_of "another state" t_another_state
case_of "restore without a state changes nothing" t_restore_nothing
for by in nothing flush restore delete; do
	case_of "killed at any message, then $by" t_kill_then $by
done
case_of "killed at any message of many" t_kill_then nothing big
case_of "killed at any time" t_kill_anywhen
case_of "a kernel that refuses" t_refused
case_of "somebody else commits" t_stale
case_of "two at once" t_two_at_once
case_of "no module" t_no_module
case_of "a state that cannot be" t_state_file
case_of "no privilege" t_unprivileged
case_of "a reader that is stuck holds up nobody" t_blocked_reader
exit $failed
