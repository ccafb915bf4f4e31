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

case_of "flush, restore" t_flush_restore
exit $failed
