#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Bad input: file, line, field and what was expected; nothing of the command is applied.
set -u
failed=0
. "$(dirname "$0")/lib.sh"

# With something there already, and something good in the same command.
before() {
	standin
	run 0 apply -f "$M/web.yaml"
	names services >"$T/services"
	run 0 get backends -A
	mv "$T/out" "$T/backends"
}

after() {
	names services | cmp - "$T/services"
	run 0 get backends -A
	cmp "$T/out" "$T/backends"
	agree
}

# refuses PLACE FIELD TEXT - standard input is bad there, and said to be, once.
refuses() {
	cat >"$T/bad.yaml"
	before
	for verb in apply "apply --dry-run" diff; do
		run $([ "$verb" = diff ] && echo 2 || echo 1) $verb -f "$M/more.yaml" -f "$T/bad.yaml"
		says "^$T/bad.yaml:$1: error: $2: .*$3"
		[ "$(grep -c error: "$T/err")" = 1 ] || {
			cat "$T/err"
			echo "more than one error"
			return 1
		}
		[ ! -s "$T/out" ]
	done
	after
}

# bad NAME PLACE FIELD TEXT - a Service from the spec on standard input, line 5 on.
bad() {
	local spec name=$1
	shift
	spec=$(sed 's/^/  /')
	case_of "$name" refuses "$@" <<-END
		apiVersion: v1
		kind: Service
		metadata: {name: bad}
		spec:
		$spec
	END
}

object() {
	local name=$1
	shift
	case_of "$name" refuses "$@"
}

object "broken YAML" 3:19 "broken YAML" "expected" <<END
apiVersion: v1
kind: Service
metadata: {name: a]
END

bad "a wrong type: text for a port" 5:18 'spec\.ports\[0\]\.port' '"80".*expected 1 to 65535' <<END
ports: [{port: "80"}]
END
bad "a wrong type: a map for ports" 5:10 'spec\.ports' 'expected one' <<END
ports: {port: 80}
END
bad "a wrong type: a number for text" 5:14 'spec\.clusterIP' 'expected a string' <<END
clusterIP: 10
END
bad "a port of 0" 9:11 'spec\.ports\[0\]\.port' 'expected 1 to 65535' <<END
selector: {app: web}
ports:
- protocol: TCP
  name: http
  port: 0
END
bad "a port of 70000" 8:11 'spec\.ports\[1\]\.port' '70000 is not a port: expected 1 to 65535' <<END
ports:
- {name: a, port: 80}
- name: b
  port: 70000
END
bad "one nodePort twice for one protocol" 8:5 'spec\.ports\[1\]\.nodePort' 'TCP node port 30080' <<END
type: NodePort
ports:
- {name: a, port: 80, nodePort: 30080}
- {name: b, port: 81, nodePort: 30080}
END
bad "an address that is none" 6:14 'spec\.clusterIP' '10\.96\.0\.300 .*IP' <<END
ports: [{port: 80}]
clusterIP: 10.96.0.300
END
bad "an address outside its family" 7:14 'spec\.clusterIP' 'expected one, as ipFamilies\[0\] says' <<END
ports: [{port: 80}]
ipFamilies: [IPv6]
clusterIP: 10.96.0.9
END
bad "the second address of a list" 8:5 'spec\.clusterIPs\[1\]' 'fd00::x' <<END
ports: [{port: 80}]
clusterIPs:
- 10.96.0.9
- fd00::x
END
bad "two addresses, one family" 6:22 'spec\.ipFamilies' 'IPv4 twice' <<END
ports: [{port: 80}]
ipFamilies: [IPv4, IPv4]
END
bad "clusterIP and clusterIPs differ" 5:14 'spec\.clusterIP' 'expected the same' <<END
clusterIP: 10.96.0.9
ports: [{port: 80}]
clusterIPs: [10.96.0.8]
END
bad "an external address that is none" 8:5 'spec\.externalIPs\[1\]' '198\.51\.100 .*IP' <<END
ports: [{port: 80}]
externalIPs:
- 198.51.100.1
- 198.51.100
END
bad "a load balancer's address that is none" 6:19 'spec\.loadBalancerIP' 'next to nothing' <<END
type: LoadBalancer
loadBalancerIP: next to nothing
ports: [{port: 80}]
END
bad "a source range that is none" 6:42 'spec\.loadBalancerSourceRanges\[1\]' 'is not a CIDR' <<END
type: LoadBalancer
loadBalancerSourceRanges: [10.0.0.0/8, 10.0.0.0/33]
ports: [{port: 80}]
END
bad "a selector that is not a map" 5:13 'spec\.selector' 'is not a map: expected names and values' <<END
selector: [app, web]
ports: [{port: 80}]
END
bad "a nodePort out of the range" 6:11 'spec\.ports\[0\]\.nodePort' 'outside the node port range 30000-32767' <<END
type: NodePort
ports: [{port: 80, nodePort: 29999}]
END
bad "a Service without ports" 1:1 'spec\.ports' 'needs a port, unless it is headless' <<END
selector: {app: web}
END
bad "an ExternalName that is no name" 6:17 'spec\.externalName' 'a b' <<END
type: ExternalName
externalName: a b
END
bad "an unknown type" 5:9 'spec\.type' 'expected ClusterIP, NodePort' <<END
type: Clusterip
ports: [{port: 80}]
END
object "a name that is none" 3:18 'metadata\.name' 'Web_1' <<END
apiVersion: v1
kind: Service
metadata: {name: Web_1}
spec: {ports: [{port: 80}]}
END
object "a label that is none" 3:30 'metadata\.labels' '"a b/c!" is not a label.s name' <<END
apiVersion: v1
kind: Pod
metadata: {name: a, labels: {"a b/c!": web}}
status: {podIP: 10.244.1.1}
END
object "a label's value that is none" 3:30 'metadata\.labels' 'app: "of the web" is not a label.s value' <<END
apiVersion: v1
kind: Pod
metadata: {name: a, labels: {app: of the web}}
status: {podIP: 10.244.1.1}
END
object "a selector's value that is none" 4:19 'spec\.selector' 'app: "-web" is not a label.s value' <<END
apiVersion: v1
kind: Service
metadata: {name: a}
spec: {selector: {app: -web}, ports: [{port: 80}]}
END
object "a Pod's address that is none" 4:17 'status\.podIP' '10\.244\.1\.1111' <<END
apiVersion: v1
kind: Pod
metadata: {name: a}
status: {podIP: 10.244.1.1111}
END
object "a slice's address outside its family" 9:3 'endpoints\[1\]\.addresses\[0\]' 'not an IPv4 address' <<END
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: a, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{port: 80}]
endpoints:
- addresses:
  - 10.244.1.1
- addresses:
  - fd00::1
END
object "an Endpoints' address that is none" 6:15 'subsets\[0\]\.addresses\[0\]\.ip' 'web-1' <<END
apiVersion: v1
kind: Endpoints
metadata: {name: web}
subsets:
- ports: [{port: 80}]
  addresses: [{ip: web-1}]
END
object "one object twice" 5:1 'metadata\.name' 'already at .*:1:' <<END
apiVersion: v1
kind: Pod
metadata: {name: a}
---
apiVersion: v1
kind: Pod
metadata: {name: a}
END

t_json() {
	printf '{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},\n' >"$T/bad.json"
	printf '"spec":{\n"clusterIP":"10.96.0.300","ports":[{"port":80}]}}\n' >>"$T/bad.json"
	before
	run 1 apply -f "$T/bad.json"
	says 'bad.json:3:[0-9]+: error: spec\.clusterIP: 10\.96\.0\.300'
	after
}

# A directory and standard input, and every error of all of them.
t_several() {
	mkdir "$T/m"
	sed 's/port: 80,/port: 0,/' "$M/web.yaml" >"$T/m/a.yaml"
	sed 's/port: 80,/port: 70000,/' "$M/web.yaml" >"$T/m/b.yaml"
	before
	run 1 apply -f "$T/m" -f - <<<'kind: Service'
	says 'm/a.yaml:21:[0-9]+: error: spec\.ports\[0\]\.port: 0 is'
	says 'm/b.yaml:21:[0-9]+: error: spec\.ports\[0\]\.port: 70000 is'
	says '^standard input:1:1: error: apiVersion: missing'
	run 1 apply -f "$T/none.yaml" -f "$M/more.yaml"
	says 'none.yaml: error: cannot be read: No such file'
	run 1 apply -f - </dev/null
	says 'no object in standard input'
	after
}

t_unknown_field() {
	standin
	sed 's/selector:/selectro: x\n  selector:/' "$M/web.yaml" >"$T/web.yaml"
	run 0 apply -f "$T/web.yaml"
	says 'web.yaml:20:3: warning: spec\.selectro: unknown field, not looked at: did you mean selector\?'
	shows 'service/web created'
}

t_unknown_kind() {
	standin
	printf 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n---\n' >"$T/web.yaml"
	cat "$M/web.yaml" >>"$T/web.yaml"
	run 0 apply -f "$T/web.yaml"
	says 'web.yaml:1:1: warning: skipped 1 Deployment object: not a kind that svcctl reads'
}

# In the model, and not programmed.
t_proxy_name() {
	standin
	sed 's/{name: web}/{name: web, labels: {service.kubernetes.io\/service-proxy-name: other}}/' \
		"$M/web.yaml" >"$T/web.yaml"
	run 0 apply -f "$T/web.yaml"
	quiet
	run 0 get svc web
	run 0 get backends -A
	hides 10.244
	run 0 explain tcp 10.244.1.200 10.96.0.10:80
	shows 'no service has this'
	run 0 apply -f "$M/web.yaml"
	run 0 explain tcp 10.244.1.200 10.96.0.10:80
	shows 'sent to a backend'
	agree
}

# What another Service has: across commands, and between a health port and a node port.
t_conflict() {
	before
	sed 's/{name: web}/{name: two}/' "$M/web.yaml" >"$T/two.yaml"
	run 1 apply -f "$T/two.yaml"
	says 'two.yaml:19:14: error: spec\.clusterIP: Service default/two: cluster IP 10.96.0.10 is that of Service default/web'
	after
	run 0 apply -f "$M/more.yaml"
	cat >"$T/lb.yaml" <<-END
		apiVersion: v1
		kind: Service
		metadata: {name: lb}
		spec:
		  type: LoadBalancer
		  externalTrafficPolicy: Local
		  healthCheckNodePort: 30100
		  ports: [{port: 80, nodePort: 30100}]
	END
	run 1 apply -f "$T/lb.yaml"
	says 'lb.yaml:7:24: error: spec\.healthCheckNodePort: 30100 .*spec\.ports\[0\]'
	sed 's/nodePort: 30100/nodePort: 30007/' "$T/lb.yaml" >"$T/lb2.yaml"
	run 1 apply -f "$T/lb2.yaml"
	says 'spec\.ports\[0\]\.nodePort: .*TCP node port 30007 is that of Service default/web-node'
	sed 's/Port: 30100$/Port: 99/' "$T/lb.yaml" >"$T/lb3.yaml"
	run 1 apply -f "$T/lb3.yaml"
	says 'lb3.yaml:7:24: error: spec\.healthCheckNodePort: 99 is outside'
	sed 's/Policy: Local/Policy: Cluster/; s/Port: 30100$/Port: 30101/' "$T/lb.yaml" >"$T/lb4.yaml"
	run 1 apply -f "$T/lb4.yaml"
	says 'lb4.yaml:7:24: error: spec\.healthCheckNodePort: 30101 .*externalTrafficPolicy Local'
}

# A warning is of what is given now, not of what was applied long ago.
t_old_warnings() {
	standin
	cat >"$T/warned.yaml" <<-END
		apiVersion: v1
		kind: Service
		metadata: {name: warned}
		spec:
		  externalIPs: [198.51.100.1]
		  type: LoadBalancer
		  ports: [{name: a, port: 80}, {name: b, port: 81, protocol: SCTP}]
		---
		apiVersion: v1
		kind: Service
		metadata: {name: wish}
		spec: {type: LoadBalancer, loadBalancerIP: 203.0.113.9, ports: [{port: 80}]}
	END
	run 0 apply -f "$T/warned.yaml" --lb-pool 203.0.113.0/29
	says 'warned.yaml:5:17: warning: spec\.externalIPs\[0\]: 198\.51\.100\.1 .* Service default/warned .*: add its CIDR'
	says 'warned.yaml:12:44: warning: spec\.loadBalancerIP: 203\.0\.113\.9 is in no --lb-pool'
	[ "$(wc -l <"$T/err")" = 2 ]
	run 0 apply -f "$M/web.yaml"
	quiet
	run 0 diff
	quiet
	run 0 restore
	quiet
	run 0 delete svc web
	quiet
	run 0 apply -f "$T/warned.yaml"
	says 'spec\.externalIPs'
}

# But the older Service that loses an address now is told of, and so is the newer one.
t_new_conflict() {
	standin
	export SVCCTL_EXTERNAL_IPS=198.51.100.0/24
	printf 'apiVersion: v1\nkind: Service\nmetadata: {name: old}\n' >"$T/old.yaml"
	printf 'spec: {externalIPs: [198.51.100.1], ports: [{port: 80}]}\n' >>"$T/old.yaml"
	sed 's/{name: old}/{name: new, creationTimestamp: "2020-01-01T00:00:00Z"}/' "$T/old.yaml" >"$T/new.yaml"
	run 0 apply -f "$T/old.yaml"
	quiet
	run 0 apply -f "$T/new.yaml"
	says '198.51.100.1 port 80 of Service default/old is held by Service default/new'
	run 0 apply -f "$M/web.yaml"
	quiet
}

# On the host's network, and nobody says which addresses the host has.
t_host_pod() {
	standin
	cat >"$T/pod.yaml" <<-END
		apiVersion: v1
		kind: Pod
		metadata: {name: agent, labels: {app: web}}
		spec: {hostNetwork: true, nodeName: node-x}
	END
	run 0 apply -f "$T/pod.yaml"
	says 'pod.yaml:1:1: warning: status\.podIP: missing, and no Node node-x'
	printf -- '---\napiVersion: v1\nkind: Node\nmetadata: {name: node-x}\n' >>"$T/pod.yaml"
	printf 'status: {addresses: [{type: InternalIP, address: 192.168.10.8}]}\n' >>"$T/pod.yaml"
	run 0 apply -f "$T/pod.yaml" -f "$M/web.yaml" --node node-x
	quiet
	run 0 get backends web
	shows '192\.168\.10\.8:8080'
}

case_of "bad JSON" t_json
case_of "several files, all their errors" t_several
case_of "an unknown field is a warning" t_unknown_field
case_of "an unknown kind is a warning" t_unknown_kind
case_of "warnings are of what is given" t_old_warnings
case_of "a warning of what changes hands" t_new_conflict
case_of "a Pod on the network of an unknown host" t_host_pod
case_of "service-proxy-name" t_proxy_name
case_of "what two Services cannot both have" t_conflict
exit $failed
