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

case_of "apply" t_apply
case_of "apply a directory" t_apply_directory
case_of "apply --prune" t_prune
case_of "apply --dry-run" t_dry_run
case_of "diff" t_diff
case_of "delete" t_delete
exit $failed
