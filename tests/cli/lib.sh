# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Tests of svcctl against a stand-in for the kernel (tests/tools/standin.c).
#
#   case_of NAME FUNCTION    runs the function with `set -e` in a shell and an
#                            empty directory of its own, prints ok or not ok
#
# In a case: `standin [OPTION…]` starts one and points svcctl at it; `run CODE
# ARG…` runs svcctl, wants that exit code, leaves $T/out and $T/err; `golden
# NAME` compares $T/out with golden/NAME.txt (UPDATE=1 writes it); `says` wants a
# pattern in $T/err, `shows` one in $T/out, `hides` none there. What svcctl takes for
# /proc is $T/proc, and $RESERVED in it.

CLI=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
BUILD=$CLI/../../build
SVCCTL=${SVCCTL:-$BUILD/asan/svcctl}
STANDIN=${STANDIN:-$BUILD/tools/standin}
M=$CLI/manifests
export LC_ALL=C TZ=UTC
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}

case_of() {
	local name=$1 log code
	shift
	T=$(mktemp -d)
	log=$T/log
	# Not in an `if`: that would switch `set -e` off inside.
	(
		set -e
		export SVCCTL_STATE=$T/state.db SVCCTL_NODE=node-a SVCCTL_CLUSTER_CIDR=10.244.0.0/16
		export SVCCTL_NODEPORT_ADDRESSES=192.168.10.0/24
		export SVCCTL_PROC=$T/proc RESERVED=$T/proc/sys/net/ipv4/ip_local_reserved_ports
		mkdir -p "${RESERVED%/*}"
		echo >"$RESERVED"
		"$@"
	) >"$log" 2>&1
	code=$?
	if [ $code = 0 ]; then
		echo "ok $name"
	else
		sed 's/^/    /' "$log"
		echo "not ok $name - line of the case: $(tail -n 1 "$log" | cut -c1-150)"
		failed=1
	fi
	rm -rf "$T"
}

# Two manifests, a Pod and a node port beside them.
applied() {
	standin
	run 0 apply -f "$M/web.yaml" -f "$M/more.yaml"
}

# Ends with the case, or with the next one: its standard input is a pipe this shell holds.
standin() {
	local port
	[ -z "${STANDIN_IO_PID:-}" ] || {
		eval "exec ${STANDIN_IO[1]}>&-"
		wait "$STANDIN_IO_PID" || true
	}
	coproc STANDIN_IO { exec "$STANDIN" "$@"; }
	read -r port <&"${STANDIN_IO[0]}"
	export SVCCTL_NETLINK=$port
}

run() {
	local want=$1 got=0
	shift
	"$SVCCTL" "$@" >"$T/out" 2>"$T/err" || got=$?
	if [ $got != "$want" ]; then
		cat "$T/out" "$T/err"
		echo "svcctl $*: exit $got, expected $want"
		return 1
	fi
	if grep -E 'AddressSanitizer|runtime error' "$T/err"; then
		echo "svcctl $*: the sanitizer objects"
		return 1
	fi
}

golden() {
	local file=$CLI/golden/$1.txt
	# Times are those of this run.
	sed -E 's/ [0-9]+s( |$)/ 0s\1/; s/[0-9-]{10}T[0-9:]{8}Z/TIME/' "$T/out" >"$T/seen"
	[ -z "${UPDATE:-}" ] || cp "$T/seen" "$file"
	diff -u "$file" "$T/seen" || {
		echo "output differs from golden/$1.txt"
		return 1
	}
}

# Not "! grep": that never fails a case under `set -e`.
hides() {
	if grep -E -- "$1" "$T/out"; then
		echo "standard output shows: $1"
		return 1
	fi
}

# until_true COMMAND… - waits for it, ten seconds at most.
until_true() {
	local i
	for ((i = 0; i < 200; i++)); do
		"$@" && return
		sleep 0.05
	done
	echo "did not come to pass: $*"
	return 1
}

says() {
	grep -qE -- "$1" "$T/err" || {
		cat "$T/err"
		echo "standard error does not say: $1"
		return 1
	}
}

shows() {
	grep -qE -- "$1" "$T/out" || {
		cat "$T/out"
		echo "standard output does not show: $1"
		return 1
	}
}

quiet() {
	[ ! -s "$T/err" ] || {
		cat "$T/err"
		echo "standard error is not empty"
		return 1
	}
}

# The kernel holds what the state says.
agree() {
	run 0 diff
}

# Neither store holds anything.
nothing() {
	run 0 get services -A -o name
	[ ! -s "$T/out" ]
	run 0 get backends -A
	[ "$(wc -l <"$T/out")" = 1 ]
}

names() {
	run 0 get "$1" -A -o name
	tr '\n' ' ' <"$T/out"
}

# Every manifest there is, against a stand-in.
all_applied() {
	standin
	run 0 apply -f "$M/web.yaml" -f "$M/more.yaml" -f "$M/front.yaml" \
		--external-ips 198.51.100.0/24
}
