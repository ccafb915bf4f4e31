#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Endpoints that change cost the change: what is far from them is not read, and
# what comes out is what reading all of it would have made.
set -u
failed=0
. "$(dirname "$0")/lib.sh"

sql() {
	python3 - "$SVCCTL_STATE" "$1" <<-END
		import sqlite3, sys
		db = sqlite3.connect(sys.argv[1])
		db.executescript(sys.argv[2])
	END
}

# slice NAME SERVICE ADDRESS…, of port 53/UDP
slice() {
	local name=$1 service=$2
	shift 2
	echo '---'
	echo 'apiVersion: discovery.k8s.io/v1'
	echo 'kind: EndpointSlice'
	echo "metadata: {name: $name, labels: {kubernetes.io/service-name: $service}}"
	echo 'addressType: IPv4'
	echo 'ports: [{port: 53, protocol: UDP}]'
	echo 'endpoints:'
	printf -- '- {addresses: [%s]}\n' "$@"
}

# far CODE ARG…: as run, where nothing can be read that is not near "sliced"
far() {
	sql "UPDATE object SET body = substr(body, 2) WHERE name = 'team'"
	run "$@"
	sql "UPDATE object SET body = '{' || body WHERE name = 'team'"
}

# near FILE [PATTERN in what is said]
near() {
	far 0 apply -f "$1"
	quiet
	shows "${2:-configured|created}"
	agree
}

not_near() {
	far 1 apply "$@"
	says 'damaged at Namespace'
	run 0 apply "$@"
	agree
}

backends() {
	"$SVCCTL" get backends "$1" | awk 'NR > 1 { print $3 }' | sort | tr '\n' ' '
}

t_near() {
	all_applied
	slice sliced-1 sliced 10.244.4.1 10.244.4.3 >"$T/one.yaml"
	near "$T/one.yaml" 'endpointslice/sliced-1 configured'
	[ "$(backends sliced)" = "10.244.4.1:53 10.244.4.3:53 " ]
	near "$T/one.yaml" 'endpointslice/sliced-1 unchanged'
	slice sliced-2 sliced 10.244.4.4 >"$T/two.yaml"
	near "$T/two.yaml"
	[ "$(backends sliced)" = "10.244.4.1:53 10.244.4.3:53 10.244.4.4:53 " ]
	slice nobody nosuch 10.244.4.5 >"$T/three.yaml"
	near "$T/three.yaml"
	slice sliced-1 sliced 10.244.4.9 >>"$T/two.yaml"
	far 0 apply -f "$T/two.yaml" --dry-run
	shows '\+ backend 10.244.4.9:53'
	run 1 diff -f "$T/two.yaml"
	run 0 restore
	near "$T/two.yaml"
	[ "$(backends sliced)" = "10.244.4.4:53 10.244.4.9:53 " ]
}

# Until now its Pods were what it had.
t_selector() {
	all_applied
	slice front-1 front 10.244.4.1 | sed 's/port: 53, protocol: UDP/name: http, port: 81/' >"$T/s.yaml"
	near "$T/s.yaml"
	"$SVCCTL" get backends front | grep -q '10.244.4.1:81'
	"$SVCCTL" get backends front | hides_in 10.244.1.2
}

hides_in() {
	cat >"$T/out"
	hides "$1"
}

t_not_near() {
	local more=(--external-ips 198.51.100.0/24)
	all_applied
	slice sliced-1 sliced 10.244.4.3 >"$T/one.yaml"
	slice sliced-1 sliced 10.244.4.4 >"$T/two.yaml"
	not_near -f "$T/one.yaml" --lb-pool 203.0.113.0/24
	run 0 flush
	not_near -f "$T/two.yaml"
	SVCCTL_STATE=$T/other.db run 0 apply -f "$M/web.yaml"
	not_near -f "$T/one.yaml" "${more[@]}"
	slice sliced-1 manual 10.244.4.4 >"$T/two.yaml"
	not_near -f "$T/two.yaml"
	not_near -f "$T/one.yaml"
	slice sliced-1 sliced 10.244.4.7 | cat "$M/web.yaml" - >"$T/three.yaml"
	not_near -f "$T/three.yaml"
	standin
	not_near -f "$T/one.yaml"
	near "$T/one.yaml" unchanged
}

# Who lost a frontend has not got it back because endpoints of it change.
t_shared() {
	local name
	all_applied
	for name in first second; do
		cat <<-END
			---
			apiVersion: v1
			kind: Service
			metadata: {name: $name}
			spec: {externalIPs: [198.51.100.9], ports: [{port: 53, protocol: UDP}]}
		END
		slice "$name-1" "$name" 10.244.5.1
	done >"$T/both.yaml"
	run 0 apply -f "$T/both.yaml"
	says 'comes first: not programmed here'
	for name in first second; do
		slice "$name-1" "$name" 10.244.5.2 >"$T/$name.yaml"
		near "$T/$name.yaml"
		[ "$(backends $name)" = "10.244.5.2:53 " ]
	done
}

# A Pod's weight is that of its endpoint; a policy of the node's zone is looked up.
t_weights() {
	all_applied
	sed 's/name: front-1,/&annotations: {svcnat.io\/weight: "7"},/' "$M/front.yaml" >"$T/front.yaml"
	run 0 apply -f "$T/front.yaml"
	slice sliced-1 sliced 10.244.4.1 |
		sed 's/\[10.244.4.1\]/&, targetRef: {kind: Pod, name: front-1}/' >"$T/one.yaml"
	near "$T/one.yaml"
	run 0 get backends sliced -o wide
	shows '10.244.4.1:53 .* 7 '
}

# pods SERVICE FROM: 16 slices of 8 endpoints, a Pod each
pods() {
	local i
	for ((i = 0; i < 16; i++)); do
		slice "$1-$i" "$1" 10.244.$(($2 + i)).{1..8}
	done | sed -E 's/\[(10[0-9.]*)\]/&, targetRef: {kind: Pod, name: p-\1}/'
}

# What is near may be much; then it is not read one by one.
t_much() {
	local i
	all_applied
	for ((i = 0; i < 16; i++)); do
		pods "s-$i" $((i * 16))
	done >"$T/all.yaml"
	run 0 apply -f "$T/all.yaml"
	pods s-3 7 >"$T/some.yaml"
	near "$T/some.yaml"
	for ((i = 0; i < 16; i++)); do
		slice "s-$i-0" "s-$i" 10.244.2.1
	done >"$T/some.yaml"
	not_near -f "$T/some.yaml"
}

t_somebody_else() {
	standin --stale-at 2
	run 0 apply -f "$M/front.yaml" --external-ips 198.51.100.0/24
	slice sliced-1 sliced 10.244.4.3 >"$T/one.yaml"
	not_near -f "$T/one.yaml"
	slice sliced-1 sliced 10.244.4.4 >"$T/one.yaml"
	near "$T/one.yaml"
}

# Whenever it happens, all that was removed is there again, and is said once.
t_meddled() {
	local n last=0
	slice sliced-1 sliced 10.244.4.3 >"$T/one.yaml"
	for ((n = 1; !last; n++)); do
		rm -f "$SVCCTL_STATE"
		standin --meddle-at "$n"
		run 0 apply -f "$M/front.yaml" --external-ips 198.51.100.0/24
		run 0 apply -f "$T/one.yaml"
		shows '^endpointslice/sliced-1 configured$'
		[ "$(wc -l <"$T/out")" = 1 ]
		[ "$(wc -l <"$T/err")" -le 1 ]
		"$SVCCTL" diff || last=$n
	done
	echo "meddled with diff at $last"
	[ "$last" -gt 11 ]
}

# A state of before slices were found by their Service.
t_old_state() {
	all_applied
	sql "DROP INDEX owned; ALTER TABLE object DROP COLUMN owner; ALTER TABLE meta DROP COLUMN basis"
	slice sliced-2 sliced 10.244.4.3 >"$T/two.yaml"
	run 0 get services
	not_near -f "$T/two.yaml"
	slice sliced-2 sliced 10.244.4.4 >"$T/two.yaml"
	near "$T/two.yaml"
	[ "$(backends sliced)" = "10.244.4.1:53 10.244.4.2:53 10.244.4.4:53 " ]
}

# Whose slices those are is made of them where an svcctl of before writes them.
t_older_svcctl() {
	local text
	all_applied
	text=$(python3 -c 'import sqlite3, sys
print(sqlite3.connect(sys.argv[1]).execute("SELECT CAST(body AS TEXT) FROM object WHERE name = ?",
	["sliced-1"]).fetchone()[0].replace("sliced-1", "sliced-7").replace("10.244.4.1", "10.244.4.7"))' \
		"$SVCCTL_STATE")
	sql "INSERT INTO object SELECT kind, ns, 'sliced-7', txn, CAST('$text' AS BLOB)
		FROM object WHERE name = 'sliced-1'"
	slice sliced-2 sliced 10.244.4.3 >"$T/two.yaml"
	near "$T/two.yaml"
	[ "$(backends sliced)" = "10.244.4.1:53 10.244.4.2:53 10.244.4.3:53 10.244.4.7:53 " ]
}

# One as it was made for a while, its slices' owners written.
t_stored_owner() {
	all_applied
	sql "DROP INDEX owned; ALTER TABLE object DROP COLUMN owner;
		ALTER TABLE object ADD COLUMN owner TEXT; UPDATE object SET owner = 'sliced'"
	slice sliced-2 sliced 10.244.4.3 >"$T/two.yaml"
	near "$T/two.yaml"
	[ "$(backends sliced)" = "10.244.4.1:53 10.244.4.2:53 10.244.4.3:53 " ]
}

# A slice that cannot be read is in nobody's way but its Service's, and is said once.
t_damaged() {
	all_applied
	sql "DROP INDEX owned; ALTER TABLE object DROP COLUMN owner; ALTER TABLE meta DROP COLUMN basis;
		UPDATE object SET body = substr(body, 2) WHERE name = 'sliced-1'"
	run 0 flush
	run 1 restore
	says 'damaged at EndpointSlice default/sliced-1'
	rm "$SVCCTL_STATE"
	all_applied
	sql "UPDATE object SET body = substr(body, 2) WHERE name = 'sliced'"
	slice sliced-1 sliced 10.244.4.3 >"$T/one.yaml"
	run 1 apply -f "$T/one.yaml"
	says 'damaged at Service default/sliced'
	[ "$(wc -l <"$T/err")" = 1 ]
}

has_open() {
	readlink "/proc/$1/fd/"* | grep -qx "$2"
}

# That a slice changes is not all there is to do, if what was to be done with ports was not.
t_killed_reserving() {
	local boot=$SVCCTL_PROC/sys/kernel/random/boot_id pid
	standin
	run 0 apply -f "$M/front.yaml"
	mkdir -p "${boot%/*}"
	mkfifo "$boot"
	# Whoever reads it waits.
	exec 6<>"$boot"
	"$SVCCTL" apply -f "$M/more.yaml" 6>&- &
	pid=$!
	until_true has_open $pid "$boot"
	kill -9 $pid
	wait $pid || true
	exec 6>&-
	rm "$boot"
	hides_in 30007 <"$RESERVED"
	slice sliced-1 sliced 10.244.4.3 >"$T/one.yaml"
	run 0 apply -f "$T/one.yaml"
	grep 30007 "$RESERVED"
	slice sliced-1 sliced 10.244.4.4 >"$T/one.yaml"
	near "$T/one.yaml"
	mv "$RESERVED" "$T/reserved"
	run 0 apply -f "$M/web.yaml"
	says 'ip_local_reserved_ports cannot be read'
	mv "$T/reserved" "$RESERVED"
	not_near -f "$T/one.yaml"
}

t_killed() {
	local n
	slice sliced-1 sliced 10.244.4.3 >"$T/one.yaml"
	for n in 1 2 3 4 5 6 7 8 9 10; do
		rm -f "$SVCCTL_STATE"
		standin --kill-at $((n + 8))
		run 0 apply -f "$M/front.yaml"
		"$SVCCTL" apply -f "$T/one.yaml" && break
		"$SVCCTL" diff || [ $? = 1 ]
		run 0 apply -f "$T/one.yaml"
		agree
		[ "$(backends sliced)" = "10.244.4.3:53 " ]
	done
	[ "$n" -gt 2 ]
}

case_of "a slice that changes, one that is new" t_near
case_of "slices take the place of selected Pods" t_selector
case_of "what takes all there is" t_not_near
case_of "a frontend that is another's stays so" t_shared
case_of "weights of Pods" t_weights
case_of "much that is near" t_much
case_of "somebody else commits meanwhile" t_somebody_else
case_of "somebody else removes all meanwhile" t_meddled
case_of "a state of before" t_old_state
case_of "an svcctl of before writes the state" t_older_svcctl
case_of "a state with owners written" t_stored_owner
case_of "damage near by" t_damaged
case_of "ports that were not reserved" t_killed_reserving
case_of "killed at any message" t_killed
exit $failed
