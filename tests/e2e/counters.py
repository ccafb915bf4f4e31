# SPDX-License-Identifier: GPL-2.0
"""What is counted: connections, those that are active, packets and bytes both ways,
refusals by reason; and tracepoints."""
import json
import os
import sys

import lab
import services
from lab import case, probe, run
from services import all_pods, apply, ctl, expect, pod, service
from talk import Asker, Listener, connect

VIPS = ("10.96.0.10", "fd00:10:96::10")
TRACE = "/sys/kernel/tracing"


def stats(proto="TCP", family="IPv4"):
    return next(s for s in json.loads(ctl("stats", "-o", "json").stdout)["services"]
                if s["protocol"] == proto and s["family"] == family)


def wanted(**spec):
    return service(ports=[
        {"name": "s", "port": 90, "targetPort": 9090},
        {"name": "u", "port": 53, "targetPort": 5353, "protocol": "UDP"}], **spec)


def forget(*what):
    for family in ("ipv4", "ipv6"):
        run("conntrack", "-D", "-f", family, *what, netns="node-a", check=False)


def conntrack_sums(vip, proto="tcp"):
    """Packets and bytes both ways, of all entries to @vip, as conntrack has them."""
    family = "ipv6" if ":" in vip else "ipv4"
    text = run("conntrack", "-L", "-f", family, "-p", proto, "-d", vip, netns="node-a").stdout
    values = {"packets": [], "bytes": []}
    for word in text.split():
        key, _, value = word.partition("=")
        if key in values:
            values[key].append(int(value))
    return {"packets_in": sum(values["packets"][::2]), "packets_out": sum(values["packets"][1::2]),
            "bytes_in": sum(values["bytes"][::2]), "bytes_out": sum(values["bytes"][1::2])}


def traffic():
    @case("counters: packets and bytes both ways are conntrack's own, live and at the end")
    def _():
        ctl("flush")
        forget()
        apply(pod(1, "node-a"), wanted())
        server = Listener("default.web-1", 9090)
        for vip, family in zip(VIPS, ("IPv4", "IPv6")):
            client = connect("probe", vip, 90)
            served = server.accept()
            for _ in range(30):         # a buffer that nobody reads may not take it all
                client.sendall(b"x" * 10000)
                left = 10000
                while left:
                    left -= len(served.recv(left))
            served.sendall(b"y" * 1000)
            client.recv(1000)
            keys = ("packets_in", "packets_out", "bytes_in", "bytes_out")
            lab.until(lambda v=vip, f=family: conntrack_sums(v) == {
                k: round_down(stats(family=f)[k], conntrack_sums(v)[k]) for k in keys},
                      f"live counters of {family} to agree")
            final = conntrack_sums(vip)
            client.close()
            served.close()
            forget("-p", "tcp")
            ended = {k: stats(family=family)[k] for k in keys}
            assert all(ended[k] >= final[k] for k in keys), (ended, final)
            assert ended["bytes_in"] > 300000 and ended["bytes_out"] > 1000, ended
        server.close()

    @case("counters: active follows what there is, and returns to zero")
    def _():
        ctl("flush")
        forget()
        apply(*all_pods(), wanted())
        servers = [Listener(f"default.web-{n}", 9090) for n in (1, 2, 3)]
        held = [connect("probe", VIPS[0], 90) for _ in range(12)]
        expect(stats()["active"], 12)
        expect(sum(b["active"] for b in stats()["backends"]), 12)
        expect(stats()["connections"], 12)
        asker = Asker("probe", VIPS[0], 53)
        asker.ask()
        expect(stats("UDP")["active"], 1)
        for sock in held:
            sock.close()
        asker.close()
        forget()
        expect((stats()["active"], stats()["connections"]), (0, 12))
        expect((stats("UDP")["active"], stats("UDP")["connections"]), (0, 1))
        for server in servers:
            server.close()

    @case("counters: what a later rule drops is not a connection")
    def _():
        ctl("flush")
        forget()
        apply(pod(1, "node-a"), wanted())
        run("nft", "-f", "-", netns="node-a", stdin="""
            table inet late {
                chain f { type filter hook forward priority 0; tcp dport 9090 drop; }
                chain p { type filter hook postrouting priority 200; udp dport 5353 drop; }; }""")
        try:
            probe("probe", [(VIPS[0], 90)], count=4, timeout=1)
            probe("client", [(VIPS[0], 53)], "UDP", count=4, timeout=1)
            for proto in ("TCP", "UDP"):
                expect((stats(proto)["active"], stats(proto)["connections"]), (0, 0), proto)
        finally:
            run("nft", "delete", "table", "inet", "late", netns="node-a")

    @case("counters: a closed connection is not active, nor does it fill a limit")
    def _():
        ctl("flush")
        apply(pod(1, "node-a"), wanted(annotations={"svcnat.io/max-connections": "1"}))
        server = Listener("default.web-1", 9090)
        for vip, family in zip(VIPS, ("IPv4", "IPv6")):
            for _ in range(3):
                sock = connect("probe", vip, 90)
                served = server.accept()
                sock.close()
                served.close()
                lab.until(lambda f=family: stats(family=f)["active"] == 0, "none active")
            kept = run("conntrack", "-L", "-f", family.lower(), "-p", "tcp", "-d", vip,
                       netns="node-a").stdout
            expect(kept.count("TIME_WAIT"), 3, kept)
        server.close()

    @case("counters: one UDP flow from two threads at once is one connection")
    def _():
        ctl("flush")
        forget()
        apply(*all_pods(), wanted())
        asker = Asker("probe", VIPS[0], 53)
        for _ in range(50):
            asker.send()
        names = {asker.sock.recv(100).split()[0] for _ in range(50)}
        expect(len(names), 1)
        expect((stats("UDP")["active"], stats("UDP")["connections"]), (1, 1))
        asker.close()

    @case("counters: a Pod that left is shown as long as connections of it are active")
    def _():
        ctl("flush")
        forget()
        apply(pod(1, "node-a"), wanted())
        server = Listener("default.web-1", 9090)
        sock = connect("probe", VIPS[0], 90)
        apply(pod(1, "node-a", app="other"), pod(2, "node-a"), wanted())
        expect((stats()["active"], stats()["connections"]), (1, 1))
        sock.close()
        forget()
        expect((stats()["active"], stats()["connections"]), (0, 1))
        server.close()


def round_down(value, wanted_value):
    """Live bytes are told in units of 4 KiB, the rest at the end; packets exactly."""
    return wanted_value if 0 <= wanted_value - value < 4096 else value


def refusals():
    @case("counters: refusals by reason")
    def _():
        ctl("flush")
        full = {"svcnat.io/max-connections": "1"}
        objects = [pod(1, "node-a"), wanted(annotations=full),
                   service(name="none", app="nobody", clusterIP="10.96.0.11",
                           clusterIPs=["10.96.0.11"], ipFamilies=["IPv4"],
                           ipFamilyPolicy="SingleStack"),
                   service(name="far", app="far", clusterIP="10.96.0.12",
                           clusterIPs=["10.96.0.12"], ipFamilies=["IPv4"],
                           ipFamilyPolicy="SingleStack", internalTrafficPolicy="Local"),
                   pod(3, "node-b", app="far")]
        apply(*objects)
        server = Listener("default.web-1", 9090)
        held = connect("probe", VIPS[0], 90)
        for _ in range(3):
            try:
                connect("probe", VIPS[0], 90).close()
                raise AssertionError("the limit does not hold")
            except ConnectionRefusedError:
                pass
        probe("probe", [("10.96.0.11", 80)], count=2)
        probe("probe", [("10.96.0.12", 80)], count=2, timeout=1)
        by_name = {(s["service"].split(":")[0], s["protocol"]): s for s in
                   json.loads(ctl("stats", "-o", "json").stdout)["services"]
                   if s["family"] == "IPv4"}
        expect(by_name["default/web", "TCP"]["overloaded"], 3)
        expect(by_name["default/none", "TCP"]["refused"], 2)
        assert by_name["default/far", "TCP"]["dropped"] >= 2
        held.close()
        server.close()


def tracing():
    if not os.path.isdir(f"{TRACE}/events/svcnat"):
        run("mount", "-t", "tracefs", "none", TRACE, check=False)
    if not os.path.isdir(f"{TRACE}/events/svcnat"):
        print("skip counters: tracepoints - this kernel has no tracing")
        return

    @case("counters: tracepoints tell of picks and refusals")
    def _():
        apply(pod(1, "node-a"), service())
        with open(f"{TRACE}/events/svcnat/enable", "w") as f:
            f.write("1")
        try:
            probe("probe", [(VIPS[0], 80)])
            apply(service(app="nobody"))
            probe("probe", [(VIPS[0], 80)])
            text = open(f"{TRACE}/trace").read()
            assert "svcnat_pick: service=default/web:http" in text, text[-2000:]
            assert "svcnat_refuse: service=default/web:http" in text, text[-2000:]
        finally:
            with open(f"{TRACE}/events/svcnat/enable", "w") as f:
                f.write("0")


if __name__ == "__main__":
    lab.load_module()
    cluster = lab.Lab(services.PODS)
    cluster.serve()
    try:
        traffic()
        refusals()
        tracing()
    finally:
        cluster.down()
    lab.unload_module()
    sys.exit(bool(lab.FAILED))
