# SPDX-License-Identifier: GPL-2.0
"""Schedulers, weights and limits as a user of annotations sees them. How even they are is
proved by counts in tests/kunit; here it is who gets which connection."""
import json
import os
import sys

import lab
import services
from affinity import MANY, VIPS, Kernel, asked, more_addresses
from genl import C
from lab import case, probe, run
from services import all_pods, apply, counts, ctl, expect, pod, service
from talk import SCTP, connect

WEB = [f"default/web-{n}" for n in (1, 2, 3)]
ADDRESSES = ("10.244.1.11", "10.244.1.12", "10.244.2.13")
SIX = ("fd00:10:244:1::11", "fd00:10:244:1::12", "fd00:10:244:2::13")


def wanted(scheduler, annotations=None, **spec):
    return service(annotations={"svcnat.io/scheduler": scheduler, **(annotations or {})}, **spec)


def weights(*numbers):
    return {"svcnat.io/weights": ",".join(f"{ip}={n}" for both in (ADDRESSES, SIX)
                                          for ip, n in zip(both, numbers))}


def shares(source, vip, count, proto="TCP", dport=80):
    got = counts(probe(source, [(vip, dport)], proto, count=count, extra=("-p", "1"))[0])
    return [got.get(name, 0) for name in WEB]


def in_turn():
    cpus = os.cpu_count()

    @case("schedulers: round-robin: turns by weight, evenly spread, from every source")
    def _():
        for name in ("round-robin", "weighted-round-robin"):
            apply(*all_pods(), wanted(name, weights(3, 2, 1)))
            for source in ("probe", "client", "node-a"):
                for vip in VIPS:
                    got = shares(source, vip, 36)
                    assert all(abs(n - w) <= (cpus - 1) * 2 for n, w in zip(got, (18, 12, 6))), \
                        f"{name} {source} {vip}: {got}"

    @case("schedulers: round-robin: UDP flows take turns as well")
    def _():
        apply(*all_pods(), wanted("round-robin"))
        got = shares("probe", VIPS[0], 30, "UDP", 53)
        assert all(abs(n - 10) <= cpus - 1 for n in got), got


def by_weight():
    @case("schedulers: random: weights are shares, 0 is none, and a Pod may say its own")
    def _():
        apply(*all_pods(), wanted("random", weights(8, 2, 0)))
        got = shares("probe", VIPS[0], 300)
        # Binomial(300, 0.8): a standard deviation is 6.9; 6 of them.
        assert abs(got[0] - 240) <= 42 and not got[2] and sum(got) == 300, got
        pods = all_pods()
        pods[1]["metadata"]["annotations"] = {"svcnat.io/weight": "8"}
        pods[2]["metadata"]["annotations"] = {"svcnat.io/weight": "0"}
        apply(*pods, wanted("random", {"svcnat.io/weights": "10.244.1.11=2"}))
        got = shares("probe", VIPS[0], 300)
        assert abs(got[1] - 240) <= 42 and not got[2] and sum(got) == 300, got

    @case("schedulers: a weight of 0 keeps the connections that exist")
    def _():
        apply(pod(1, "node-a"), wanted("random"))
        held = connect("probe", VIPS[0], 80)
        apply(*all_pods(), wanted("random", weights(0, 1, 1)))
        expect(shares("probe", VIPS[0], 30)[0], 0)
        held.send(b"GET / HTTP/1.1\r\nHost: pod\r\nConnection: close\r\n\r\n")
        assert b"default/web-1" in held.recv(4096)
        held.close()


def least():
    @case("schedulers: least-connection: who is idle gets what comes, until all are even")
    def _():
        ctl("flush")
        apply(pod(1, "node-a"), wanted("least-connection"))
        held = [connect("probe", VIPS[0], 80) for _ in range(12)]
        apply(pod(1, "node-a"), pod(2, "node-a"), wanted("least-connection"))
        held += [connect("probe", VIPS[0], 80) for _ in range(12)]
        active = actives()
        expect(active, {"10.244.1.11": 12, "10.244.1.12": 12})
        for sock in held[:12]:              # those of web-1
            sock.close()
        run("conntrack", "-D", "-p", "tcp", "--reply-src", "10.244.1.11", netns="node-a")
        lab.until(lambda: actives()["10.244.1.11"] == 0, "the closed ones to end")
        held += [connect("probe", VIPS[0], 80) for _ in range(6)]
        expect(actives(), {"10.244.1.11": 6, "10.244.1.12": 12})
        for sock in held[12:]:
            sock.close()

    @case("schedulers: least-connection: weights say how many are even")
    def _():
        ctl("flush")
        run("conntrack", "-F", netns="node-a")
        apply(pod(1, "node-a"), pod(2, "node-a"), wanted("least-connection", weights(3, 1, 1)))
        held = [connect("probe", VIPS[0], 80) for _ in range(40)]
        got = actives()
        assert abs(got["10.244.1.11"] - 30) <= 2, got
        for sock in held:
            sock.close()


def actives(service_name="default/web:http"):
    """Active connections of the IPv4 backends."""
    stats = json.loads(ctl("stats", "-o", "json").stdout)
    return {b["address"]: b["active"] for s in stats["services"]
            if s["service"] == service_name and s["family"] == "IPv4" for b in s["backends"]}


def hashed(kernel):
    @case("schedulers: source-hash: a source has one backend, sources spread, nothing is kept")
    def _():
        apply(*all_pods(), wanted("source-hash"))
        before = {pair[f]: {asked(netns, pair[f], VIPS[f], 80) for _ in range(4)}
                  for netns, *pair in MANY for f in (0, 1)}
        assert all(len(names) == 1 for names in before.values()), before
        expect(set.union(*before.values()), set(WEB))
        expect(kernel.info("PINS"), 0)
        run("conntrack", "-F", netns="node-a")
        ctl("flush")
        apply(*all_pods(), wanted("source-hash"))
        for netns, *pair in MANY:
            for f in (0, 1):
                expect({asked(netns, pair[f], VIPS[f], 80)}, before[pair[f]], pair[f])

    @case("schedulers: source-hash: another port and UDP lead a source to the same Pod")
    def _():
        for netns, *pair in MANY[:6]:
            expect(asked(netns, pair[0], VIPS[0], 53, "UDP"), asked(netns, pair[0], VIPS[0], 80))

    def maglev_map():
        return {(f, port): kernel.decide(MANY[port % 20][1 + f], VIPS[f], 80, port)[1]
                for f in (0, 1) for port in range(20000, 20400)}

    @case("schedulers: maglev: the same after flush, other order and reload, few move with one")
    def _():
        apply(*all_pods(), wanted("maglev"))
        before = maglev_map()
        per = [list(before.values()).count(name) for name in WEB]
        # Binomial(800, 1/3): a standard deviation is 13; 6 of them.
        assert all(abs(n - 267) <= 80 for n in per), per
        ctl("flush")
        apply(*reversed(all_pods()), wanted("maglev"))
        expect(maglev_map() == before, True, "after flush and in another order:")
        apply(*all_pods()[:2], wanted("maglev"))
        after = maglev_map()
        moved = sum(after[key] != name for key, name in before.items())
        stayed = sum(after[key] != name for key, name in before.items() if name != WEB[2])
        assert moved <= len(before) * (1 / 3 + 0.02) + 40, moved        # 3 deviations of the draw
        assert stayed <= len(before) * 0.02, f"{stayed} flows of Pods that stay moved"
        apply(*all_pods(), wanted("maglev"))
        expect(maglev_map() == before, True, "when it is back:")

    @case("schedulers: maglev: packets go where explain says")
    def _():
        apply(*all_pods(), wanted("maglev"))
        for port in range(23000, 23024):
            netns, *pair = MANY[port % 20]
            for f in (0, 1):
                name = kernel.decide(pair[f], VIPS[f], 80, port)[1]
                expect(asked(netns, pair[f], VIPS[f], 80, sport=port), name, f"{pair[f]} {port}")

    @case("schedulers: maglev: a module of its own life decides the same")
    def _():
        apply(*all_pods(), wanted("maglev"))
        before = maglev_map()
        kernel.genl.sock.close()
        lab.unload_module()
        lab.load_module()
        ctl("restore")
        kernel.__init__()
        expect(maglev_map() == before, True)


def limits(kernel):
    @case("schedulers: max-connections: nobody has more, the next is refused and counted")
    def _():
        for proto, kind in ((0, "TCP"), (SCTP, "SCTP")):
            ctl("flush")
            run("conntrack", "-F", netns="node-a")
            apply(*all_pods()[:2], wanted("random", {"svcnat.io/max-connections": "2"}, ports=[
                {"name": "http", "port": 80, "targetPort": 8080, "protocol": kind}]))
            held = [connect("probe", VIPS[0], 80, proto) for _ in range(4)]
            expect(actives(), {"10.244.1.11": 2, "10.244.1.12": 2}, kind)
            expect(lab.answers(probe("probe", [(VIPS[0], 80)], kind, count=3, timeout=5)[0]),
                   ({}, "refused"), kind)
            expect(kernel.decide("10.244.1.200", VIPS[0], 80, proto=kind),
                   (C["REASON_OVERLOADED"], None), kind)
            over = next(s["overloaded"] for s in json.loads(ctl("stats", "-o", "json").stdout)
                        ["services"] if s["family"] == "IPv4")
            assert over >= 3, over
            held.pop().close()
            # Conntrack knows a closed connection for a while, and so long it counts.
            run("conntrack", "-D", "-p", kind.lower(), "--reply-src",
                "10.244.1.11", netns="node-a")
            lab.until(lambda: sum(actives().values()) < 4, "room")
            connect("probe", VIPS[0], 80, proto).close()
            for sock in held:
                sock.close()


if __name__ == "__main__":
    lab.load_sctp()
    lab.load_module()
    for one in services.PODS:
        one.sctp = one.tcp
    cluster = lab.Lab(services.PODS)
    cluster.serve()
    try:
        more_addresses()
        module = Kernel()
        in_turn()
        by_weight()
        least()
        hashed(module)
        limits(module)
        module.genl.sock.close()
    finally:
        cluster.down()
    lab.unload_module()
    sys.exit(bool(lab.FAILED))
