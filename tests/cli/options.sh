#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The command line itself: options from everywhere, help, version.
set -u
failed=0
. "$(dirname "$0")/lib.sh"

t_version() {
	standin
	run 0 version
	shows '^svcctl [0-9.]+, protocol 1'
	shows '^svcnat stand-in'
	if grep -q kept "$T/out"; then return 1; fi
	run 0 apply -f "$M/web.yaml" --lb-pool 203.0.113.0/24
	run 0 version
	shows '^  lb-pool: 203.0.113.0/24$'
	export SVCCTL_NETLINK=
	unset SVCCTL_NETLINK
	run 0 version
	shows '^svcctl '
	shows '^svcnat'
}

t_help() {
	run 0 --help
	golden help
	local verb option
	for verb in apply diff delete get describe explain stats flows monitor flush restore version; do
		run 0 $verb --help
		shows "usage: svcctl $verb"
		shows '^  --state FILE'
		cp "$T/out" "$T/verb"
		run 0 help $verb
		diff "$T/verb" "$T/out"
	done
	run 0 help
	golden help
	run 0 help delete
	shows '^ +--ignore-not-found '
	run 0 get --help
	shows '^  -w, --watch '
	run 0 get -h
	shows '^  -w, --watch '
	run 2 apply --dryrun
	says "did you mean '--dry-run'"
	run 2 get --namespaces=x
	says "did you mean '--namespace'"
	run 2 get --nodeport x
	says 'ambiguous'
	run 2 get --xyzzy
	for option in --nodeport --xyzzy; do
		run 2 get $option x
		if grep 'did you mean' "$T/err"; then return 1; fi
	done
	run 2 help aply
	says 'no verb "aply": did you mean "apply"'
	run 2 aply
	says 'did you mean "apply"'
	run 2
	run 2 apply --no-such-option
	run 2 apply
}

t_options() {
	standin
	unset SVCCTL_STATE
	run 0 --state "$T/one.db" apply -f "$M/web.yaml"
	[ -e "$T/one.db" ]
	run 0 get services -o name --state="$T/one.db"
	shows service/web
	printf 'state: %s/two.db\nservice-cidr: 10.99.0.0/16\n' "$T" >"$T/config.yaml"
	sed '/clusterIP/d' "$M/web.yaml" >"$T/web.yaml"
	run 0 apply -f "$T/web.yaml" --config "$T/config.yaml"
	run 0 get svc --config "$T/config.yaml"
	shows '10\.99\.'
	SVCCTL_STATE=$T/three.db run 0 get svc --config "$T/config.yaml"
	[ ! -s "$T/out" ]
	SVCCTL_STATE=$T/three.db run 0 get svc --config "$T/config.yaml" --state "$T/two.db"
	shows '10\.99\.'
	echo "no-such: thing" >"$T/bad.yaml"
	run 2 get svc --config "$T/bad.yaml"
	says 'bad.yaml.*no-such'
	run 2 get svc --nodeport-range 40000-30000
	says 'nodeport-range.*40000-30000'
	run 2 get svc --cluster-cidr fd00:10:244::/56,10.244.0.0/33
	says '^error: --cluster-cidr: "10\.244\.0\.0/33": expected prefixes .*behind their length'
	run 2 get svc --nodeport-addresses 192.168.10.0/24,192.168.10.11/24
	says '^error: --nodeport-addresses: "192\.168\.10\.11/24": expected primary, all or prefixes'
}

# Those that mean the same everywhere may stand before the verb, no others.
t_before_the_verb() {
	standin
	run 0 --state="$T/one.db" -n other apply -f "$M/web.yaml"
	run 0 -n other --state "$T/one.db" get svc web -o name
	[ "$(cat "$T/out")" = service/web ]
	run 0 --namespace=other -o name --state "$T/one.db" get svc
	[ "$(cat "$T/out")" = service/web ]
	run 0 --all-namespaces --state "$T/one.db" get svc
	shows '^other +web'
	run 0 -A --state "$T/one.db" --output yaml get svc
	run 2 --prune apply -f "$M/web.yaml"
	says '--prune: .*after'
	run 2 -f "$M/web.yaml" apply
	says '-f: .*after'
	run 2 --node x
	says 'usage: svcctl VERB'
	run 0 --version
	shows '^svcctl [0-9.]+'
	run 0 --node x --help
	shows 'usage: svcctl VERB'
}

# --config is wanted before the rest is looked at, so in full and once.
t_config() {
	echo 'service-cidr: 10.99.0.0/16' >"$T/config.yaml"
	standin
	for option in --conf --confi; do
		run 2 apply -f "$M/web.yaml" $option "$T/config.yaml"
		says 'config.*in full'
	done
	run 2 apply -f "$M/web.yaml" --config "$T/config.yaml" --config "$T/none.yaml"
	says 'config.*once'
	run 2 get svc --config "$T/none.yaml"
	says 'none.yaml: No such file'
	SVCCTL_CONFIG=$T/none.yaml run 0 apply -f "$M/web.yaml" --config="$T/config.yaml"
	SVCCTL_CONFIG=$T/none.yaml run 2 get svc
	says 'none.yaml: No such file'
}

front() {
	cat <<-END
		apiVersion: v1
		kind: Service
		metadata: {name: front}
		spec:
		  type: LoadBalancer
		  externalIPs: [198.51.100.1]
		  ports: [{port: 80}]
	END
}

# The external address is served, the load balancer's, and node ports.
serves() {
	run 0 explain tcp 10.244.1.200 198.51.100.1:80
	shows 'default/front'
	run 0 get svc front
	shows '203\.0\.113\.'
	run 0 diff
}

serves_not() {
	run 0 explain tcp 10.244.1.200 198.51.100.1:80
	shows 'no service has this'
	run 0 diff
}

# What an apply was told holds for the next one, until that is told otherwise.
t_remembered() {
	standin
	unset SVCCTL_NODE SVCCTL_CLUSTER_CIDR SVCCTL_NODEPORT_ADDRESSES
	front >"$T/front.yaml"
	run 0 apply -f "$T/front.yaml" --dry-run --external-ips 198.51.100.0/24
	run 0 apply -f "$T/front.yaml" --external-ips 198.51.100.0/24 --lb-pool 203.0.113.0/24 \
		--node node-b --cluster-cidr 10.244.0.0/16 --nodeport-addresses 192.168.10.0/24
	serves
	run 0 apply -f "$M/web.yaml"
	serves
	run 0 delete -f "$M/web.yaml"
	serves
	run 0 flush
	run 0 restore
	serves
	run 1 diff --external-ips 192.0.2.0/24
	SVCCTL_EXTERNAL_IPS=192.0.2.0/24 run 1 diff
	SVCCTL_CLUSTER_CIDR=10.0.0.0/8 run 1 diff
	shows 'cluster CIDRs: .*10.0.0.0/8'
	serves
	run 0 apply -f "$T/front.yaml" --external-ips ''
	serves_not
	run 0 restore
	serves_not
	echo 'external-ips: 198.51.100.0/24' >"$T/config.yaml"
	run 0 restore --config "$T/config.yaml"
	serves
}

# Nothing but the option is new, and it changes nothing yet.
t_remembered_alone() {
	standin
	front >"$T/front.yaml"
	run 0 apply -f "$M/web.yaml"
	run 0 apply -f "$M/web.yaml" --nodeport-range 31000-31000
	sed 's/clusterIP: .*/type: NodePort/' "$M/web.yaml" >"$T/node.yaml"
	run 0 apply -f "$T/node.yaml"
	run 0 get svc web
	shows '80:31000/TCP'
}

# All or nothing holds for what is remembered as well.
t_remembered_or_not() {
	local n
	front >"$T/front.yaml"
	standin --refuse
	run 1 apply -f "$T/front.yaml" --external-ips 198.51.100.0/24
	standin
	run 0 apply -f "$T/front.yaml" --lb-pool 203.0.113.0/24
	serves_not
	for n in 1 2 3 4 5 6 7 8 9 10 11; do
		rm "$SVCCTL_STATE"
		standin --kill-at $n
		"$SVCCTL" apply -f "$T/front.yaml" --lb-pool 203.0.113.0/24 || continue
		"$SVCCTL" apply -f "$M/web.yaml" --external-ips 198.51.100.0/24 && break
		run 0 apply -f "$M/more.yaml"
		if [ "$(names services | grep -c 'service/web ')" = 1 ]; then
			serves
		else
			serves_not
		fi
	done
	[ $n -gt 6 ]
}

case_of "version" t_version
case_of "help" t_help
case_of "options from everywhere" t_options
case_of "options before the verb" t_before_the_verb
case_of "--config in full and once" t_config
case_of "options are remembered" t_remembered
case_of "options are remembered, even alone" t_remembered_alone
case_of "options are remembered with the apply or not at all" t_remembered_or_not
exit $failed
