# SPDX-License-Identifier: GPL-2.0
"""The peers: how each is loaded with N services, and forgets its flows."""

import itertools
import json
import os
import time

import iptables
import plan
from lab import Broken, Lab, inside, put, run

HERE = os.path.dirname(os.path.abspath(__file__))
GENERATOR = os.path.join(HERE, "gen_kube_proxy")
LOADER = os.path.join(HERE, "../../build/tools/bench_load")
SVCCTL = os.path.join(HERE, "../../build/svcctl")


class Peer:
    """Plain routing: the packet is sent to the Pod's own address."""

    label = "plain routing"
    serves = False
    tracks = False
    forgets = True
    shortcut = False    # for what is established

    def __init__(self, services, proto="udp", flows=1):
        self.services, self.proto = services, proto
        self.name = f"{self.label}, {services:,} services" if services else self.label
        self.lab = Lab(f"{type(self).__name__}{services}-{flows}".lower(),
                       isinstance(self, Injection))
        self.load()
        if proto == "udp":
            self.lab.converse(*self.target(), flows)
            self.lab.sink()

    def load(self):
        pass

    def target(self):
        return plan.backends(0, plan.BACKENDS)[0], plan.TARGET_PORT

    def span(self):
        """Addresses of all services, first and last; they are in a row."""
        return self.target()[0], self.target()[0]

    def forget(self):
        """Ready for a round of new flows: none is known."""
        if self.tracks:
            run("conntrack", "-F", netns=self.lab.node)


class Injection(Peer):
    """What sending costs: the first veth is crossed and the packet dropped."""

    label = "injection"


def track(netns):
    """Conntrack's hooks come with the table; no rule sees forwarded packets."""
    run("nft", "-f", "-", netns=netns, stdin="""
table ip track {
	chain input {
		type filter hook input priority 0; policy accept;
		udp dport 1 ct state new accept
	}
}
""")


class Conntrack(Peer):
    label = "plain conntrack"
    tracks = True

    def load(self):
        track(self.lab.node)


class Service(Peer):
    serves = True
    tracks = True

    def target(self):
        return plan.vip(plan.target(self.services)), plan.PORT

    def span(self):
        return plan.vip(0), plan.vip(self.services - 1)


class MinimalDnat(Service):
    """One chain, one look-up, one backend a service, nothing else."""

    label = "nftables DNAT"

    def load(self):
        elements = ", ".join(f"{plan.vip(s)} . {plan.PORT} : "
                             f"{plan.backends(s, plan.BACKENDS)[0]} . {plan.TARGET_PORT}"
                             for s in range(self.services))
        run("nft", "-f", "-", netns=self.lab.node, stdin=f"""
table ip minimal {{
	map services {{
		type ipv4_addr . inet_service : ipv4_addr . inet_service
		elements = {{ {elements} }}
	}}
	chain prerouting {{
		type nat hook prerouting priority dstnat; policy accept;
		dnat ip to ip daddr . {self.proto} dport map @services
	}}
}}
""")


class FlowTable(MinimalDnat):
    """The kernel's own shortcut for what is established."""

    label = "flow table"
    shortcut = True
    forgets = False     # conntrack -F leaves what is offloaded

    def load(self):
        super().load()
        run("nft", "-f", "-", netns=self.lab.node, stdin="""
table ip shortcut {
	flowtable f {
		hook ingress priority 0; devices = { client, pod };
	}
	chain forward {
		type filter hook forward priority 0; policy accept;
		ip protocol { tcp, udp } flow add @f
	}
}
""")


def kube_proxy_table(services, first=0, proto="udp"):
    """Write kube-proxy's table, or what a Service more adds to it; return the path."""
    path = f"/tmp/kube-proxy-{first}-{services}-{proto}.nft"
    if not os.path.exists(path):
        text = run(GENERATOR, str(services), str(plan.BACKENDS), proto, str(first))
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
    return path


class KubeProxy(Service):
    label = "kube-proxy"

    def load(self):
        path = kube_proxy_table(self.services, proto=self.proto)
        run("nft", "-f", path, netns=self.lab.node)


class Iptables(Service):
    label = "iptables"

    def load(self):
        run("iptables-restore", netns=self.lab.node,
            stdin=iptables.rules(self.services, self.proto))


class Ipvs(Service):
    """IPVS takes only what is local, as kube-proxy's dummy device makes it."""

    label = "IPVS"

    def load(self):
        track(self.lab.node)
        run("ip", "-n", self.lab.node, "addr", "add", f"{self.target()[0]}/32", "dev", "lo")
        with inside(self.lab.node):
            put("/proc/sys/net/ipv4/vs/conntrack", "1")
            put("/proc/sys/net/ipv4/vs/expire_nodest_conn", "1")
        self.fill()

    def fill(self):
        vip, port = self.target()
        virtual = f"-{self.proto[0]} {vip}:{port}"
        lines = [f"-A {virtual} -s rr"] + [
            f"-a {virtual} -r {ip}:{plan.TARGET_PORT} -m"
            for ip in plan.backends(plan.target(self.services), plan.BACKENDS)]
        run("ipvsadm", "-R", netns=self.lab.node, stdin="\n".join(lines) + "\n")

    def forget(self):
        """IPVS has no flush of its entries; they go when their destinations do."""
        run("ipvsadm", "-C", netns=self.lab.node)
        deadline = time.monotonic() + 20
        while self.entries():
            if time.monotonic() > deadline:
                raise Broken("IPVS still has connections 20 s after their destinations went")
            time.sleep(0.02)
        self.fill()
        super().forget()

    def entries(self):
        """Whether there is any: the first line is a heading."""
        with inside(self.lab.node):
            with open("/proc/net/ip_vs_conn", encoding="ascii") as conns:
                return len(list(itertools.islice(conns, 2))) > 1


class Svcnat(Service):
    label = "svcnat"
    shortcut = True
    backends = plan.BACKENDS

    def load(self):
        if self.proto == "udp":
            run(LOADER, "load", str(self.services), str(self.backends), netns=self.lab.node)
        else:
            run(SVCCTL, "apply", "-f", "-", "--node", "node-0", "--cluster-cidr", plan.CLUSTER_CIDR,
                "--state", f"/tmp/{self.lab.node}.db", netns=self.lab.node, stdin=json.dumps(
                    {"apiVersion": "v1", "kind": "List", "items": list(self.objects())}))

    def objects(self):
        for number in range(self.services):
            name = f"svc-{number}"
            yield {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
                   "spec": {"clusterIP": plan.vip(number),
                            "ports": [{"name": "p", "port": plan.PORT,
                                       "protocol": self.proto.upper()}]}}
            yield {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
                   "metadata": {"name": name, "labels": {"kubernetes.io/service-name": name}},
                   "addressType": "IPv4",
                   "ports": [{"name": "p", "port": plan.TARGET_PORT,
                              "protocol": self.proto.upper()}],
                   "endpoints": [{"addresses": [ip]}
                                 for ip in plan.backends(number, self.backends)]}


class WideSvcnat(Svcnat):
    """Services with very many backends."""

    label = "svcnat, 100,000 backends"
    backends = 100_000
