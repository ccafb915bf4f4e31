#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What Services, Nodes and options ask of the data plane reaches it, and is read back as it was put.
set -u
failed=0
. "$(dirname "$0")/lib.sh"

# web [LINE...] - the Service alone, with lines added to its spec
web() {
	[ $# -gt 0 ] || set -- 'ports: [{name: http, port: 80, targetPort: 8080}]'
	printf 'apiVersion: v1\nkind: Service\nmetadata: {name: web, annotations: {%s}}\nspec:\n' "${NOTES:-}"
	printf '  clusterIP: 10.96.0.10\n  selector: {app: web}\n'
	printf '  %s\n' "$@"
}

node() {
	printf 'apiVersion: v1\nkind: Node\nmetadata: {name: node-a, labels: {topology.kubernetes.io/zone: z1}}\n'
	printf 'spec: {podCIDR: %s}\nstatus: {addresses: [{type: InternalIP, address: %s}]}\n' "$@"
}

service_cidr() {
	printf 'apiVersion: networking.k8s.io/v1\nkind: ServiceCIDR\nmetadata: {name: %s}\n' "$1"
	printf 'spec: {cidrs: [%s]}\n' "$2"
}

# What a node ends up with, from nothing.
node_lines() {
	standin
	rm -f "$SVCCTL_STATE"
	run 0 apply -f "$M/web.yaml" --dry-run "$@"
	sed -n '/^~ node/,/^[^ ~]/p' "$T/out"
}

# lacks PATTERN OPTION... - and does not end up with
lacks() {
	if node_lines "${@:2}" | grep "$1"; then
		return 1
	fi
}

t_settings() {
	standin
	NOTES='svcnat.io/scheduler: least-connection, svcnat.io/removal: drain=30s, svcnat.io/eject: 3/60,
		svcnat.io/max-connections: "100", svcnat.io/weights: "10.244.1.11=5,10.244.2.12=0"' \
		web 'sessionAffinity: ClientIP' 'ports: [{name: http, port: 80, targetPort: 8080}]' >"$T/web.yaml"
	sed '/^kind: Service/,$d; $d' "$M/web.yaml" | sed '$d' >"$T/pods.yaml"
	run 0 apply -f "$T/pods.yaml" -f "$T/web.yaml" --dry-run
	golden settings
	shows '^    \+ session affinity 10800s$'
	run 0 apply -f "$T/pods.yaml" -f "$T/web.yaml"
	quiet
	agree
	run 0 apply -f "$M/web.yaml"
	run 0 diff
	run 1 diff -f "$T/web.yaml"
	shows '^    - eject 5/30$'
	shows '^    \+ eject 3/60$'
	shows '^    \+ removal drain=30s$'
	shows '^    - backend 10.244.1.11:8080 \(cluster\)$'
	shows '^    \+ backend 10.244.1.11:8080 \(cluster; weight 5; at most 100\)$'
	shows '^    \+ backend 10.244.2.12:8080 \(not picked; at most 100\)$'
}

t_wrong_settings() {
	standin
	local note
	for note in 'svcnat.io/scheduler: rr' 'svcnat.io/removal: drain' 'svcnat.io/eject: "5"' \
		'svcnat.io/max-connections: many' 'svcnat.io/weights: 10.0.0.1' \
		'svcnat.io/fast-path: "no"'; do
		NOTES=$note web >"$T/web.yaml"
		run 1 apply -f "$T/web.yaml"
		says "^$T/web.yaml:3:37: error: metadata\.annotations: ${note%%:*}: \".*\" is not understood: expected"
	done
	nothing
}

# What is said once of a service holds for the continuations that carry its many endpoints.
t_continued() {
	local i
	standin
	{
		NOTES='svcnat.io/refuse: icmp, svcnat.io/max-connections: "7"' web 'ports: [{port: 80}]' |
			sed '/selector/d'
		printf -- '---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: web}\nsubsets:\n'
		printf -- '- ports: [{port: 80}]\n  addresses:\n'
		for ((i = 0; i < 16; i++)); do seq -f "  - ip: 10.244.$i.%.0f" 1 254; done
	} >"$T/big.yaml"
	run 0 apply -f "$T/big.yaml"
	agree
	run 0 get backends web
	[ "$(wc -l <"$T/out")" = 4065 ]
}

t_source_ranges() {
	standin
	export SVCCTL_EXTERNAL_IPS=198.51.100.0/24 SVCCTL_LB_POOL=203.0.113.0/24
	web 'type: LoadBalancer' 'loadBalancerIP: 203.0.113.7' 'externalIPs: [198.51.100.1]' \
		'loadBalancerSourceRanges: [" 198.18.7.0/24"]' 'ports: [{port: 80, nodePort: 30001}]' >"$T/lb.yaml"
	run 0 apply -f "$T/lb.yaml"
	quiet
	agree
	run 1 diff --source-ranges strict
	golden source-ranges
	run 0 apply -f "$T/lb.yaml" --source-ranges=strict
	run 0 apply -f "$M/more.yaml"
	agree
	run 1 diff --source-ranges kube-proxy
	run 2 diff --source-ranges lenient
	says '^error: --source-ranges: "lenient": expected kube-proxy or strict$'
	# This node is one of those let in, and so are its own load balancer addresses.
	node 10.244.1.0/24 198.18.7.9 >"$T/node.yaml"
	run 1 diff -f "$T/node.yaml" --source-ranges kube-proxy
	shows '^    \+ source range 203\.0\.113\.7/32$'
}

# The most a Service may have of everything fits into a message, beside its many endpoints.
t_full() {
	local i
	standin
	{
		web 'type: LoadBalancer' 'ports: [{port: 80}]' 'externalIPs:' | sed '/selector/d'
		seq -f '  - 198.51.100.%.0f' 1 62
		echo '  loadBalancerSourceRanges:'
		for ((i = 0; i < 256; i++)); do echo "  - 10.$i.0.0/24"; done
		printf -- '---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: web}\nsubsets:\n'
		printf -- '- ports: [{port: 80}]\n  addresses:\n'
		for ((i = 0; i < 8; i++)); do seq -f "  - ip: 10.244.$i.%.0f" 1 254; done
	} >"$T/full.yaml"
	run 0 apply -f "$T/full.yaml" --source-ranges strict --external-ips 198.51.100.0/24
	quiet
	agree
	run 1 diff --source-ranges kube-proxy
	[ "$(grep -c '^    - source range' "$T/out")" = 256 ]
	echo '  - 10.0.1.0/24' >"$T/more"
	sed -i "/10.255.0.0/r $T/more" "$T/full.yaml"
	run 1 apply -f "$T/full.yaml" --source-ranges strict --external-ips 198.51.100.0/24
	says 'full.yaml:328:5: error: spec.loadBalancerSourceRanges\[256\]: 10.0.1.0/24 is one more'
}

t_service_cidr() {
	lacks 'service CIDRs'
	node_lines --service-cidr 10.96.0.0/12 | grep '^    service CIDRs: 10.96.0.0/12$'
	SVCCTL_SERVICE_CIDR='' lacks 'service CIDRs'
	standin
	run 0 apply -f "$M/web.yaml"
	service_cidr more 10.200.0.0/24 >"$T/cidr.yaml"
	run 1 diff -f "$T/cidr.yaml"
	[ "$(cat "$T/out")" = "+ servicecidr/more
~ node
    cluster CIDRs: 10.244.0.0/16
    node port addresses: 192.168.10.0/24
    service CIDRs: 10.200.0.0/24
0 to add, 0 to change, 0 to remove" ]
	run 0 apply -f "$T/cidr.yaml" -n team
	agree
	run 0 get servicecidrs
	shows '^NAME +CIDRS +AGE$'
	shows '^more +10\.200\.0\.0/24 '
	run 0 get servicecidr/more -o yaml
	shows '^apiVersion: networking.k8s.io/v1$'
	sed 's/10.96.0.10/10.200.0.7/' "$M/web.yaml" >"$T/there.yaml"
	run 0 apply -f "$T/there.yaml"
	quiet
	run 1 diff --service-cidr 10.96.0.0/12
	shows '^    service CIDRs: 10\.96\.0\.0/12 10\.200\.0\.0/24$'
	service_cidr bad 10.200.0.1/24 >"$T/bad.yaml"
	run 1 apply -f "$T/bad.yaml"
	says 'bad.yaml:4:16: error: spec.cidrs: 10.200.0.1/24 is not a CIDR'
	run 0 delete servicecidr more
	agree
	run 0 apply -f "$M/web.yaml" --service-cidr 10.96.0.0/12
	run 0 apply -f "$M/web.yaml"
	hides 'configured'
	agree
}

t_detect_local() {
	node 10.244.1.0/24 192.168.10.11 >"$T/node.yaml"
	node_lines --detect-local cluster-cidr -f "$T/node.yaml" >"$T/lines"
	grep '^    cluster CIDRs: 10.244.0.0/16$' "$T/lines"
	grep '^    node CIDRs: 10.244.1.0/24$' "$T/lines"
	node_lines --detect-local node-cidr -f "$T/node.yaml" | grep '^    cluster CIDRs: 10.244.1.0/24$'
	node_lines --detect-local bridge=cni0 -f "$T/node.yaml" >"$T/lines"
	grep '^    cluster CIDRs: none$' "$T/lines"
	grep '^    Pods come through: cni0$' "$T/lines"
	lacks 'node CIDRs' --detect-local bridge=cni0 -f "$T/node.yaml"
	SVCCTL_DETECT_LOCAL=prefix=cali node_lines | grep '^    Pods come through: cali\*$'
	local bad
	for bad in cni0 bridge= bridge=a/b bridge=sixteen-letters- prefix=fifteen-letters bridge=. 'prefix=a*' ''; do
		run 2 diff --detect-local "$bad"
		says '^error: --detect-local: ".*": expected cluster-cidr, node-cidr, bridge=NAME'
	done
	node_lines --detect-local bridge=fifteen-letters | grep 'come through: fifteen-letters$'
	standin
	run 0 apply -f "$M/web.yaml" --detect-local bridge=cni0
	says '^warning: --detect-local: no device is called cni0 yet'
	run 0 apply -f "$M/more.yaml"
	agree
	run 1 diff --detect-local cluster-cidr
	shows 'Pods come through: any interface'
}

t_masquerade_all() {
	lacks masquerade
	lacks masquerade --masquerade-all=no
	node_lines --masquerade-all | grep '^    masquerade all: yes$'
	SVCCTL_MASQUERADE_ALL=yes node_lines | grep 'masquerade all: yes'
	SVCCTL_MASQUERADE_ALL=yes lacks masquerade --masquerade-all=no
	echo 'masquerade-all: true' >"$T/config.yaml"
	node_lines --config "$T/config.yaml" | grep 'masquerade all: yes'
	run 2 diff --masquerade-all=perhaps
	says '^error: --masquerade-all: "perhaps": expected yes or no$'
	standin
	run 0 --masquerade-all apply -f "$M/web.yaml"
	run 0 apply -f "$M/more.yaml"
	agree
	run 1 diff --masquerade-all=no
	shows 'masquerade all: no'
}

t_fast_path() {
	lacks 'fast path'
	lacks 'fast path' --fast-path
	lacks 'fast path' --fast-path=true
	node_lines --fast-path=no | grep '^    fast path: no$'
	SVCCTL_FAST_PATH=no node_lines | grep 'fast path: no'
	SVCCTL_FAST_PATH=no lacks 'fast path' --fast-path
	echo 'fast-path: false' >"$T/config.yaml"
	node_lines --config "$T/config.yaml" | grep 'fast path: no'
	run 2 diff --fast-path=perhaps
	says '^error: --fast-path: "perhaps": expected yes or no$'
	standin
	run 0 --fast-path=no apply -f "$M/web.yaml"
	run 0 apply -f "$M/more.yaml"
	agree
	run 0 version
	shows '^  fast-path: no$'
	run 1 diff --fast-path
	shows '^    fast path: yes$'
}

# A Service keeps off it by itself, with every port it has.
t_fast_path_of_service() {
	standin
	NOTES='svcnat.io/fast-path: "off"' web 'ports: [{name: a, port: 80}, {name: b, port: 53, protocol: UDP}]' \
		>"$T/web.yaml"
	run 1 diff -f "$T/web.yaml"
	[ "$(grep -c '^    + fast path off$' "$T/out")" = 2 ]
	run 0 apply -f "$T/web.yaml"
	quiet
	agree
	run 0 describe svc web
	shows '^Annotations: +svcnat.io/fast-path: off$'
	run 1 diff -f <(sed 's/"off"/"on"/' "$T/web.yaml")
	[ "$(grep -c '^    - fast path off$' "$T/out")" = 2 ]
	[ "$(grep -c '^    + fast path on$' "$T/out")" = 2 ]
}

t_no_loopback() {
	local bad
	standin
	for bad in localhost 127.0.0.1 127.0.0.0/8 127.1.0.0/16 ::1 ::1/128 192.168.10.0/24,127.0.0.1; do
		run 2 apply -f "$M/more.yaml" --nodeport-addresses "$bad"
		says "^error: --nodeport-addresses: \"$bad\": .*route_localnet .*CVE-2020-8558.*node's own"
	done
	nothing
	for good in all 0.0.0.0/0 ::/0 126.0.0.0/7 192.168.10.11; do
		run 0 apply -f "$M/more.yaml" --nodeport-addresses "$good" --dry-run
	done
}

gone() {
	says '^warning: the Node node-a is gone: this node goes on with the addresses, podCIDRs and zone it had'
}

# The Node object goes, however: the kernel has what it had, and it is said every time.
t_node_gone() {
	local how
	unset SVCCTL_NODEPORT_ADDRESSES SVCCTL_CLUSTER_CIDR
	node 10.244.1.0/24 192.168.10.11 >"$T/node.yaml"
	node 10.244.7.0/24 192.168.10.77 >"$T/moved.yaml"
	for how in "delete node node-a" "delete -f $T/node.yaml" \
		"apply --prune -f $M/web.yaml -f $M/more.yaml"; do
		standin
		rm -f "$SVCCTL_STATE"
		run 0 apply -f "$M/web.yaml" -f "$M/more.yaml" -f "$T/node.yaml"
		# shellcheck disable=SC2086
		run 0 $how
		gone
		run 1 get node node-a
		run 0 diff
		gone
		run 0 flush
		run 0 restore
		gone
		run 0 apply -f "$M/web.yaml"
		gone
		run 0 version
		hides 'node-was'
		mv "$T/out" "$T/version"
		# The same once more is nothing to do.
		run 0 apply -f "$M/web.yaml"
		run 0 version
		cmp "$T/version" "$T/out"
		# What is there anew is like what was, but for the object.
		run 1 diff -f "$T/node.yaml"
		[ "$(cat "$T/out")" = "+ node/node-a" ]
		quiet
		run 0 apply -f "$T/moved.yaml"
		quiet
		agree
		run 1 diff -f "$T/node.yaml"
		shows '^    node port addresses: 192\.168\.10\.11/32$'
		shows '^    node CIDRs: 10\.244\.1\.0/24$'
	done
	# Another node's name, and it is forgotten.
	run 0 delete node node-a
	gone
	for how in node-z node-a; do
		run 0 apply -f "$M/web.yaml" --node $how
		cp "$T/err" "$T/out"
		hides gone
	done
}

# Endpoints that left, with connections still going on, are no reason to do anything.
t_lingering() {
	standin --linger
	run 0 apply -f "$M/web.yaml" -f "$M/more.yaml"
	agree
	[ ! -s "$T/out" ]
	run 0 apply -f "$M/web.yaml"
	hides configured
	run 0 delete svc web
	agree
}

case_of "what a Service is set to" t_settings
case_of "what it cannot be set to" t_wrong_settings
case_of "settings of a Service of many endpoints" t_continued
case_of "--source-ranges" t_source_ranges
case_of "a Service of everything" t_full
case_of "--service-cidr and ServiceCIDR objects" t_service_cidr
case_of "--detect-local" t_detect_local
case_of "--masquerade-all" t_masquerade_all
case_of "--fast-path" t_fast_path
case_of "svcnat.io/fast-path" t_fast_path_of_service
case_of "--nodeport-addresses on loopback" t_no_loopback
case_of "a Node that is gone" t_node_gone
case_of "endpoints that are gone but busy" t_lingering
exit $failed
