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

t_describe_not_served() {
	standin
	cat >"$T/two.yaml" <<-'END'
		apiVersion: v1
		kind: Service
		metadata: {name: s}
		spec:
		  externalIPs: [203.0.113.1]
		  ports: [{name: a, port: 1, protocol: SCTP}, {name: b, port: 1}]
	END
	run 0 apply -f "$T/two.yaml"
	run 0 describe svc s
	[ "$(grep -c '^Not Served: .*203.0.113.1:1 (outside --external-ips)$' "$T/out")" = 2 ]
}

no_endpoints() {
	run 0 describe svc "$1"
	shows "^Endpoints: +<none> \($2\)\$"
}

t_describe_no_endpoints() {
	local slice='{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, addressType: IPv4,
		metadata: {name: sliced, labels: {kubernetes.io/service-name: sliced}}, endpoints: []'
	standin
	cat >"$T/none.yaml" <<-END
		{apiVersion: v1, kind: Service, metadata: {name: none}, spec: {ports: [{port: 80}]}}
		---
		{apiVersion: v1, kind: Service, metadata: {name: sliced}, spec: {ports: [{port: 80, name: web}]}}
		---
		{apiVersion: v1, kind: Service, metadata: {name: app}, spec: {
		  selector: {app: a}, ports: [{port: 80, targetPort: http}]}}
	END
	run 0 apply -f "$T/none.yaml"
	no_endpoints none 'no selector, and neither EndpointSlices nor Endpoints'
	no_endpoints app 'no Pod in namespace default matches its selector'
	pod() {
		echo "{apiVersion: v1, kind: Pod, metadata: {name: p, labels: {app: a}}, $1}" >"$T/pod.yaml"
		run 0 apply -f "$T/pod.yaml"
	}
	pod 'status: {phase: Succeeded, podIP: 10.244.1.9}'
	no_endpoints app 'every Pod it selects has Succeeded or Failed'
	pod 'status: {podIP: 10.244.1.9}'
	no_endpoints app 'no selected Pod has a TCP port named http'
	pod 'spec: {containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}'
	no_endpoints app 'no selected Pod with its port has an address of its IP families'
	echo '{apiVersion: v1, kind: Endpoints, metadata: {name: none}}' >"$T/e.yaml"
	run 0 apply -f "$T/e.yaml"
	no_endpoints none 'its Endpoints list none for this port and its IP families'
	echo '{apiVersion: v1, kind: Endpoints, metadata: {name: none,
		labels: {endpointslice.kubernetes.io/skip-mirror: "true"}}}' >"$T/e.yaml"
	run 0 apply -f "$T/e.yaml"
	no_endpoints none 'its Endpoints are marked as not to be mirrored'
	echo "$slice, ports: [{port: 8080, name: other}]}" >"$T/s.yaml"
	run 0 apply -f "$T/s.yaml"
	no_endpoints sliced 'no EndpointSlice of it has a TCP port named web'
	echo "$slice, ports: [{port: 8080, name: web}]}" >"$T/s.yaml"
	run 0 apply -f "$T/s.yaml"
	no_endpoints sliced 'its EndpointSlices list none of its IP families'
	echo '{apiVersion: v1, kind: Service, metadata: {name: alias}, spec: {
		type: ExternalName, externalName: example.com, ports: [{port: 80}]}}' >"$T/a.yaml"
	run 0 apply -f "$T/a.yaml"
	run 0 describe svc alias
	shows '^Endpoints: +<none>$'
}

# lb NAME [FIELDS] - a Service that waits for an address from outside.
lb() {
	echo "{apiVersion: v1, kind: Service, metadata: {name: $1}, spec: {type: LoadBalancer, ${2:-} ports: [{port: 80}]}}"
	echo ---
}

no_ingress() {
	run 0 describe svc "$1"
	shows "^LoadBalancer Ingress: +<none> \($2\)\$"
}

t_describe_no_ingress() {
	standin
	lb plain >"$T/lb.yaml"
	lb other 'loadBalancerClass: example.com/lb,' >>"$T/lb.yaml"
	lb wish 'loadBalancerIP: 203.0.113.9,' >>"$T/lb.yaml"
	run 0 apply -f "$T/lb.yaml"
	no_ingress plain 'no --lb-pool is given'
	no_ingress other 'loadBalancerClass example.com/lb is left to its own controller'
	run 0 describe svc plain --lb-pool 203.0.113.0/29
	shows '<none> \(not yet: the next apply takes one from --lb-pool\)$'
	run 0 apply -f "$T/lb.yaml" --lb-pool 2001:db8::/120
	no_ingress plain 'no --lb-pool is of its IP families'
	run 0 apply -f "$T/lb.yaml" --lb-pool 203.0.113.0/29
	says 'spec\.loadBalancerIP: 203\.0\.113\.9 is in no --lb-pool'
	no_ingress wish '203.0.113.9 is in no --lb-pool'
	no_ingress other 'loadBalancerClass .*'
	run 0 describe svc plain
	shows '^LoadBalancer Ingress: +203\.0\.113\.[0-9]+ \(VIP\)$'
	run 0 apply -f "$M/web.yaml"
	run 0 describe svc web
	hides 'Ingress'
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
	shows '^no service takes ICMP, which has no ports: '
	run 0 explain icmpv6 fd00::1 fd00::2 -o json
	shows '"reason": "no service takes ICMP'
	run 0 explain icmp 10.244.1.200 10.96.0.10 iif lo
	shows '^no service takes ICMP'
	run 0 explain sctp 10.244.1.200 10.96.0.10:80
	shows 'no service has this'
	run 0 explain TCP 10.244.1.200 10.96.0.10:80 iif lo
	shows 'default/web:http'
	run 0 stats web -o wide
	shows '^SERVICE .* PACKETS-IN .* NOT-ALLOWED .* STATE$'
	shows '^  0 dropped: address of the service CIDRs'
	run 0 stats web -o json
	golden stats-json
	run 0 stats web -o yaml
	golden stats-yaml
	run 0 stats -n nowhere
	run 0 stats -n nowhere -o json
	python3 -m json.tool "$T/out" >/dev/null
}

# Backends that left the Service, and are busy still.
t_leaving() {
	standin --linger
	run 0 apply -f "$M/web.yaml"
	run 0 stats web
	shows '^default/web:http +TCP .* 2/2 ready$'
	shows '^  10\.255\.255\.254:65535 +0 +3 .* leaving$'
	run 0 stats web -o json
	[ "$(grep -c '"state": "leaving"' "$T/out")" = 1 ]
	run 0 get backends web -o wide
	shows ' 10\.255\.255\.254:65535 +no new connections +leaving +0 +<none> +3 '
	run 0 get backends web -o yaml
	shows 'state: leaving'
	agree
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
explain tcp 10.0.0.1 10.0.0.2:80 iif
explain tcp 10.0.0.1 10.0.0.2:80 iif nosuch0
explain tcp 10.0.0.1 10.0.0.2:80 oif lo
explain sctp 10.0.0.1 10.0.0.2
explain icmp 10.0.0.1 10.0.0.2:80
explain icmp 10.0.0.1:80 10.0.0.2
explain icmpv6 10.0.0.1 10.0.0.2
monitor -n default
monitor -A
monitor -o yaml
monitor web
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
case_of "describe of what is not served" t_describe_not_served
case_of "describe says why there are no endpoints" t_describe_no_endpoints
case_of "describe says why there is no load balancer address" t_describe_no_ingress
case_of "explain and stats in JSON and YAML" t_forms
case_of "backends that are leaving" t_leaving
case_of "options that mean nothing" t_refused
case_of "monitor -o json, to its end" t_monitor_ends
exit $failed
