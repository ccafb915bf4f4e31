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
	export SVCCTL_NETLINK=
	unset SVCCTL_NETLINK
	run 0 version
	shows '^svcctl '
	shows '^svcnat'
}

t_help() {
	run 0 --help
	golden help
	local verb
	for verb in apply diff delete get describe explain stats monitor flush restore version; do
		run 0 $verb --help
		shows "usage: svcctl $verb"
	done
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
	run 2 get svc --cluster-cidr 10.244.0.0/33
	says 'cluster-cidr'
}

case_of "version" t_version
case_of "help" t_help
case_of "options from everywhere" t_options
exit $failed
