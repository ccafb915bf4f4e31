#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Node ports on this machine: reserved against its own connections, listeners named.
set -u
failed=0
. "$(dirname "$0")/lib.sh"

reserved() {
	[ "$(cat "$RESERVED")" = "$1" ] || {
		echo "reserved: $(cat "$RESERVED"), expected: $1"
		return 1
	}
}

t_reserved() {
	echo 8080,30443 >"$RESERVED"
	standin
	run 0 apply -f "$M/web.yaml"
	reserved 8080,30443
	run 0 apply -f "$M/more.yaml"
	reserved 8080,30007,30443
	run 0 apply -f "$M/front.yaml" --dry-run
	reserved 8080,30007,30443
	run 0 apply -f "$M/front.yaml"
	reserved 8080,30007,30080,30443,30999
	run 0 delete svc web-node --dry-run
	run 0 delete svc web-node
	reserved 8080,30080,30443,30999
	run 0 flush
	reserved 8080,30443
	quiet
	run 0 restore
	reserved 8080,30080,30443,30999
	sed '/healthCheckNodePort/d; s/: Local/: Cluster/' "$M/front.yaml" | "$SVCCTL" apply -f - >"$T/out"
	reserved 8080,30080,30443
	run 0 apply -f "$M/web.yaml" --prune
	reserved 8080,30443
}

# Others change it as well; what they take out of ours comes back.
t_reserved_by_others() {
	applied
	reserved 30007
	echo 30000-30010 >"$RESERVED"
	run 0 delete svc web-node
	reserved 30000-30006,30008-30010
	run 0 apply -f "$M/more.yaml"
	reserved 30000-30010
	echo >"$RESERVED"
	run 0 apply -f "$M/more.yaml"
	reserved 30007
	echo "30007,40000" >"$RESERVED"
	run 0 delete svc web-node
	reserved 40000
}

# Another boot, another namespace: nothing of it is ours, whatever the state says.
t_reserved_anew() {
	mkdir -p "$T/proc/sys/kernel/random" "$T/proc/self/ns"
	echo first >"$T/proc/sys/kernel/random/boot_id"
	ln -s 'net:[1]' "$T/proc/self/ns/net"
	applied
	reserved 30007
	echo second >"$T/proc/sys/kernel/random/boot_id"
	run 0 flush
	reserved 30007
	run 0 restore
	run 0 flush
	reserved 30007
	echo >"$RESERVED"
	run 0 restore
	reserved 30007
	ln -sf 'net:[2]' "$T/proc/self/ns/net"
	run 0 flush
	reserved 30007
}

t_reserved_not() {
	rm "$RESERVED"
	applied
	says '^warning: .*/ip_local_reserved_ports cannot be read \(No such file or directory\): .* 30007,'
	agree
	run 0 apply -f "$M/web.yaml" --prune
	quiet
	mkdir "$RESERVED"
	run 0 apply -f "$M/more.yaml"
	says '^warning: .* cannot be read'
	rmdir "$RESERVED"
	echo "what is this" >"$RESERVED"
	run 0 apply -f "$M/more.yaml"
	says '^warning: .* cannot be read \(Invalid argument\)'
	grep -q "what is this" "$RESERVED"
	echo 5 >"$RESERVED"
	run 0 restore
	reserved 5,30007
	# A sysctl that takes nothing, for whoever runs this.
	ln -sf /dev/full "$RESERVED"
	run 0 apply -f "$M/front.yaml"
	says '^warning: .* cannot be (read|written)'
	agree
}

# A state from before reservations were remembered.
t_reserved_old_state() {
	applied
	echo 30007 >"$RESERVED"
	python3 - "$SVCCTL_STATE" <<-'END'
		import sqlite3, sys
		db = sqlite3.connect(sys.argv[1])
		db.execute("ALTER TABLE meta DROP COLUMN reserved")
		db.commit()
	END
	run 0 get svc
	run 0 apply -f "$M/front.yaml"
	reserved 30007,30080,30443,30999
	run 0 flush
	reserved 30007
}

# listens TABLE ADDRESS PORT-IN-HEX STATE INODE - a line of /proc/net/TABLE
listens() {
	mkdir -p "$T/proc/net"
	[ -e "$T/proc/net/$1" ] || echo "  sl  local_address rem_address   st" >"$T/proc/net/$1"
	echo "   0: $2:$3 00000000:0000 $4 00000000:00000000 00:00000000 00000000 0 0 $5 1 0" \
		>>"$T/proc/net/$1"
}

t_listeners() {
	standin
	mkdir -p "$T/proc/123/fd"
	echo nginx >"$T/proc/123/comm"
	ln -s 'socket:[77]' "$T/proc/123/fd/4"
	listens tcp 00000000 7537 0A 77		# 30007
	listens tcp6 00000000000000000000000000000000 7580 0A 78
	listens udp 00000000 7590 07 79
	run 0 apply -f "$M/web.yaml"
	quiet
	run 0 apply -f "$M/more.yaml" --dry-run
	says '^warning: port 30007 TCP: nginx \(pid 123\) listens on it, .* Service default/web-node: '
	[ "$(wc -l <"$T/err")" = 1 ]
	run 0 apply -f "$M/more.yaml"
	says '^warning: port 30007 TCP: nginx \(pid 123\) listens on it'
	run 0 apply -f "$M/more.yaml"
	quiet
	run 0 apply -f "$M/front.yaml"
	says '^warning: port 30080 TCP: a process listens on it, .* Service default/front: '
	[ "$(grep -c listens "$T/err")" = 1 ]
	run 0 restore
	if grep listens "$T/err"; then return 1; fi
}

t_listeners_sctp() {
	standin
	mkdir -p "$T/proc/123/fd" "$T/proc/net/sctp"
	echo m3ua >"$T/proc/123/comm"
	ln -s 'socket:[77]' "$T/proc/123/fd/4"
	cat >"$T/proc/net/sctp/eps" <<-'END'
		 ENDPT     SOCK   STY SST HBKT LPORT   UID INODE LADDRS
		00000000a2b4c6d8 000000003e5f7081 2   10  7    30007     0    77 127.0.0.1 192.168.10.11
	END
	run 0 apply -f "$M/more.yaml"
	quiet
	cat >"$T/sctp.yaml" <<-'END'
		apiVersion: v1
		kind: Service
		metadata: {name: sigtran}
		spec: {type: NodePort, clusterIP: 10.96.0.13, ports: [{port: 2905, protocol: SCTP, nodePort: 30007}]}
	END
	run 0 apply -f "$T/sctp.yaml"
	says '^warning: port 30007 SCTP: m3ua \(pid 123\) listens on it, .* Service default/sigtran: '
}

case_of "node ports are reserved, and given back" t_reserved
case_of "what others reserve stays" t_reserved_by_others
case_of "another boot or namespace" t_reserved_anew
case_of "ports that cannot be reserved are a warning" t_reserved_not
case_of "a state from before" t_reserved_old_state
case_of "listeners on node ports are named" t_listeners
case_of "listeners on SCTP node ports are named" t_listeners_sctp
exit $failed
