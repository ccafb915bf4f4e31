# SPDX-License-Identifier: GPL-2.0
"""Who may come in, and by which addresses: source ranges, equal frontends, addresses
nobody holds, and what tells a Pod."""
import itertools
import json
import sys

import lab
import model
import second
from lab import case, probe, run
from objects import (ADDRESS, EXTERNAL, NODE_ADDRESSES, PLACES, PROTOS, STATE, Set, address,
                     make_lab)
from second import CONDITIONS, POLICIES, Trial
from services import expect

PLAIN = ("--source-ranges", "kube-proxy", "--nodeport-addresses", "primary", "--detect-local",
         "cluster-cidr", "--masquerade-all=no")
WEB = "here-1:r there-1:r"
VIA = {4: ADDRESS["node-a"][4], 6: ADDRESS["node-a"][6]}


def ctl(*argv, **kw):
    return lab.svcctl(*argv, "--state", STATE, **kw)


def trial(objects, *options, **of_model):
    said = objects.apply(*PLAIN, *options)
    return Trial(objects.model(**of_model), objects.rows), said


REFUSED, SILENT = (set(), "refused"), (set(), "timeout")
BOTH = ({"here-1", "there-1"}, None)


def one(source, addr, port=80, proto="TCP", count=24, timeout=20):
    """Who answered, and the error."""
    result = probe(source, [(addr, port)], proto, count=count, timeout=timeout)[0]
    who, error = lab.answers(result)
    # A drop in the node's own OUTPUT is told to the sender.
    return set(who), "timeout" if result["denied"] else error


def web(*names, condition=WEB, **spec):
    objects = Set()
    for name in names:
        objects.add(name, condition, **spec)
    return objects


def source_ranges():
    objects = Set()
    second.ranges(objects.add, kinds=("ClusterIP", "LoadBalancer", "NodePort", "externalIP"))
    tried, _ = trial(objects, "--source-ranges", "strict", strict_ranges=True)
    for n, word in enumerate(second.RANGES):
        tried.case(f"ranges: strict: {word}", lambda r: r.service.startswith(f"ranges-{n}-"))

    @case("ranges: an address of the balancer on the node's own device stands for the node")
    def _():
        objects = Set()
        for name, listed in (("in", ["192.168.10.11/32", "fd00:192:168:10::11/128"]),
                             ("out", ["192.168.10.50/32", "fd00:192:168:10::50/128"])):
            objects.add(name, WEB, kinds=("LoadBalancer",), protos=("TCP", "UDP"),
                        sources=("node-a",), loadBalancerSourceRanges=listed)
        objects.apply(*PLAIN)
        vips = [address("LoadBalancer", n, f) for n in (1, 2) for f in (4, 6)]
        for vip in vips:
            run("ip", "-n", "node-a", "addr", "add", vip, "dev", "eth0", "nodad")
        try:
            for n, vip in enumerate(vips):
                expect(one("node-a", vip, timeout=20 if n < 2 else 2), BOTH if n < 2 else SILENT,
                       vip)
        finally:
            for vip in vips:
                run("ip", "-n", "node-a", "addr", "del", vip + ("/128" if ":" in vip else "/32"),
                    "dev", "eth0")


def allocation():
    @case("ranges: allocateLoadBalancerNodePorts false: an address, and no node port")
    def _():
        objects = web("none", allocateLoadBalancerNodePorts=False)
        wanted = objects.objects[-3]
        for port in wanted["spec"]["ports"]:
            del port["nodePort"]
        objects.apply(*PLAIN)
        found = json.loads(ctl("get", "service", "none", "-n", "second", "-o", "json").stdout)
        found = found["items"][0] if "items" in found else found
        expect([p.get("nodePort", 0) for p in found["spec"]["ports"]], [0, 0, 0])
        for f in (4, 6):
            expect(one("client", address("LoadBalancer", 1, f)), BOTH)
        # The same without the wish has some.
        wanted["spec"]["allocateLoadBalancerNodePorts"] = True
        objects.apply(*PLAIN)
        found = json.loads(ctl("get", "service", "none", "-n", "second", "-o", "json").stdout)
        found = found["items"][0] if "items" in found else found
        for p in found["spec"]["ports"]:
            expect(one("client", VIA[4], p["nodePort"], p["protocol"]), BOTH)

    @case("ranges: externalIPs are served inside --external-ips alone, and said so")
    def _():
        objects = web("ext")
        said = objects.apply(*PLAIN, "--external-ips", "198.18.0.0/24")
        assert "--external-ips" in said.stderr, said.stderr
        expect(one("client", "198.51.100.1", timeout=1.5), SILENT)
        expect(one("client", "198.18.0.1"), BOTH)
        # What went by as it was goes on so, if its port is used once more.
        run("conntrack", "-D", "-d", "198.51.100.1", netns="node-a")
        objects.apply(*PLAIN)
        expect(one("client", "198.51.100.1"), BOTH)
        expect(one("client", "198.18.0.1", timeout=1.5), SILENT)


class Elsewhere:
    """Addresses that node-a routes to client2, which has them and serves nothing there: a
    refusal says that a packet went on."""

    def __init__(self, *addresses):
        self.addresses = addresses

    def __enter__(self):
        for addr in self.addresses:
            run("ip", "-n", "client2", "addr", "add", addr, "dev", "lo", "nodad")
            run("ip", "-n", "node-a", "route", "add", addr, "via",
                ADDRESS["client2"][6 if ":" in addr else 4])

    def __exit__(self, *_):
        for addr in self.addresses:
            run("ip", "-n", "client2", "addr", "del", addr + ("/128" if ":" in addr else "/32"),
                "dev", "lo")
            run("ip", "-n", "node-a", "route", "del", addr)


def pinged(source, addr):
    out = run("ping", "-c", "1", "-W", "2", addr, netns=source, check=False).stdout
    return "refused" if "ort unreachable" in out.lower() else "answered" if "1 received" in out \
        else "timeout"


def unallocated():
    nobodys = ("10.96.77.77", "fd00:10:96::7:77")

    def each(ask, wanted, sources, *more):
        for question, got in lab.side_by_side(ask, itertools.product(sources, nobodys, *more)):
            expect(got, wanted, str(question))

    def verdicts(wanted, sources=("probe", "node-a", "client")):
        each(lambda source, addr, proto: one(source, addr, 80, proto, 1, 2), wanted, sources,
             PROTOS)

    @case("ranges: an address of the service CIDR that nobody holds is silent, echo too")
    def _():
        with Elsewhere(*nobodys):
            web("web").apply(*PLAIN)
            verdicts(SILENT)
            each(pinged, "timeout", ("probe", "node-a", "client"))

    @case("ranges: a live ClusterIP refuses other ports, other protocols and echo")
    def _():
        objects = web("web")
        for o in objects.objects:
            if o["kind"] == "Service":
                o["spec"]["ports"] = o["spec"]["ports"][:1]
        objects.apply(*PLAIN)
        for source in ("probe", "client"):
            for f in (4, 6):
                vip = address("ClusterIP", 1, f)
                for proto, port in (("TCP", 81), ("UDP", 80), ("SCTP", 80)):
                    expect(one(source, vip, port, proto, 2, 5), REFUSED,
                           f"{source} {vip} {proto}")
                expect(pinged(source, vip), "refused", f"{source} {vip} echo")

    @case("ranges: a ClusterIP given up is nobody's, taken up again it is served")
    def _():
        web("web").apply(*PLAIN)
        vip = address("ClusterIP", 1, 4)
        ctl("delete", "service", "web", "-n", "second")
        expect(one("probe", vip, 80, count=1, timeout=1.5), SILENT)
        web("web").apply(*PLAIN)
        expect(one("probe", vip), BOTH)

    @case("ranges: only CIDRs somebody named drop anything; a ServiceCIDR object counts at once")
    def _():
        objects = Set()
        objects.add("web", WEB)
        state = "/tmp/ranges.db"
        text = {"apiVersion": "v1", "kind": "List", "items": objects.objects}
        cidr = {"apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR",
                "metadata": {"name": "kubernetes"},
                "spec": {"cidrs": ["10.96.0.0/16", "fd00:10:96::/108"]}}

        def give(*items):
            lab.svcctl("apply", "--prune", "-f", "-", "--state", state, stdin=json.dumps(
                {**text, "items": [*text["items"], *items]}))
        lab.svcctl("flush", "--state", STATE)
        with Elsewhere(*nobodys):
            give()
            verdicts(REFUSED, ("probe", "client"))
            give(cidr)
            verdicts(SILENT, ("probe", "client"))
            give()
            verdicts(REFUSED, ("probe", "client"))
        lab.svcctl("flush", "--state", state)


def owner(objects, name, **meta):
    """The last Service added, under another name and age."""
    service = next(o for o in reversed(objects.objects) if o["kind"] == "Service")
    service["metadata"].update(meta, name=name)
    return service


def take(service, kind, addr):
    if kind == "externalIP":
        service["spec"]["externalIPs"].append(addr)
    else:
        service["status"]["loadBalancer"]["ingress"].append({"ip": addr, "ipMode": "VIP"})


def equals():
    @case("ranges: equal frontends: ClusterIP, balancer, external; the older; by name")
    def _():
        old, new = "2025-01-01T00:00:00Z", "2026-06-01T00:00:00Z"
        objects, condition = Set(), {"a": "here-1:r", "b": "there-1:r"}
        claims = {"203.0.113.201": (("a", "LoadBalancer", new), ("b", "LoadBalancer", old)),
                  "203.0.113.202": (("a", "externalIP", old), ("b", "LoadBalancer", new)),
                  "198.51.100.203": (("a", "externalIP", old), ("b", "externalIP", old)),
                  "2001:db8:113::204": (("a", "LoadBalancer", new), ("b", "LoadBalancer", old)),
                  "198.51.100.205": (("b", "externalIP", new), ("a", "externalIP", old)),
                  address("ClusterIP", 1, 4): (("b", "externalIP", old),),
                  # A node port of the first; addresses come before node ports.
                  VIA[4]: (("b", "LoadBalancer", new),)}
        objects.add("first", "here-1:r")
        for n, (addr, wanted) in enumerate(claims.items()):
            for who, kind, age in wanted:
                objects.add(f"{who}-{n}", condition[who])
                service = owner(objects, f"{who}-{n}", creationTimestamp=age)
                take(service, kind, addr)
                if addr == VIA[4]:
                    service["spec"]["ports"][0]["port"] = 30001
        said = objects.apply(*PLAIN, "--external-ips",
                             EXTERNAL + ",203.0.113.0/24,10.96.1.0/24")
        judge = model.Model(model.controllers(objects.objects),
                                   addresses=NODE_ADDRESSES,
                                   cluster_cidrs=lab.CLUSTER.split(","), external_ips=[
                                       *EXTERNAL.split(","), "203.0.113.0/24",
                                       "10.96.1.0/24"])
        for addr in claims:
            port = 30001 if addr == VIA[4] else 80
            source = ADDRESS["client"][6 if ":" in addr else 4]
            wanted = second.expected(judge.ask(source, "TCP", addr, port), addr)
            expect(one("client", addr, port), (set(wanted[0]), wanted[1]), addr)
        for n in range(6):
            assert f"second/a-{n}" in said.stderr or f"second/b-{n}" in said.stderr, said.stderr

    @case("ranges: who lost a frontend has it once the winner is gone")
    def _():
        objects = Set()
        for name, condition in (("a", "here-1:r"), ("b", "there-1:r")):
            objects.add(name, condition)
            take(owner(objects, name), "LoadBalancer", "203.0.113.210")
        objects.apply(*PLAIN)
        expect(one("client", "203.0.113.210")[0], {"here-1"})
        ctl("delete", "service", "a", "-n", "second")
        expect(one("client", "203.0.113.210")[0], {"there-1"})


def several(**more):
    objects = Set()
    for n, (etp, itp) in enumerate(POLICIES):
        objects.add(f"web-{n}", CONDITIONS[1], etp=etp, itp=itp, protos=("TCP", "UDP"), **more)
    return objects


def pods():
    podlike = {a for name in ("here-1", "here-2", "probe") for a in ADDRESS[name].values()}

    def detects(name, how, is_pod):
        tried, _ = trial(several(), "--detect-local", how, pod=is_pod)
        for kind in ("ClusterIP", "NodePort", "LoadBalancer", "externalIP"):
            tried.case(f"ranges: --detect-local {name}: {kind}", lambda r: r.kind == kind)

    detects("prefix=", "prefix=v", lambda source: source in podlike)
    detects("node-cidr", "node-cidr", lambda source: source in podlike)
    with lab.bridged(lab.Pod("", "probe", *PLACES["probe"])):
        detects("bridge=", "bridge=cbr0", lambda source: source in ADDRESS["probe"].values())
    tried, _ = trial(several(), "--masquerade-all", masquerade_all=True)
    tried.case("ranges: --masquerade-all: whoever asks a ClusterIP is masqueraded",
               lambda r: r.kind == "ClusterIP")
    tried.case("ranges: --masquerade-all: other frontends are as before",
               lambda r: r.kind != "ClusterIP")


if __name__ == "__main__":
    lab.load_sctp()
    lab.load_module()
    cluster = make_lab()
    try:
        source_ranges()
        allocation()
        unallocated()
        equals()
        pods()
    finally:
        cluster.down()
    lab.unload_module()
    sys.exit(bool(lab.FAILED))
