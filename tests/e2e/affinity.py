# SPDX-License-Identifier: GPL-2.0
"""sessionAffinity ClientIP as a client sees it: one backend for all frontends of a port,
renewed by new connections, forgotten in time, kept whatever else changes."""
import json
import os
import select
import socket
import struct
import sys
import time

import lab
import services
from genl import C, Genl, address, attrs, nest, port, u8
from lab import case, run
from services import all_pods, apply, ctl, expect, pod, service
from talk import Asker, Inside, family_of, open_in

VIPS = ("10.96.0.10", "fd00:10:96::10")
LB = ("203.0.113.10", "2001:db8:113::10")
NODE = ("192.168.10.11", "fd00:192:168:10::11")
HTTP, DNS = 30080, 30053
PINS_MAX = 65536
PROTO = {"TCP": socket.IPPROTO_TCP, "UDP": socket.IPPROTO_UDP, "SCTP": 132}
MANY = [("client", f"192.168.10.{n}", f"fd00:192:168:10::{n}") for n in range(130, 150)]
POD = {f"10.244.{node}.{n}": f"default/web-{n - 10}" for node, n in ((1, 11), (1, 12), (2, 13))}
POD.update({f"fd00:10:244:{node}::{n}": f"default/web-{n - 10}"
            for node, n in ((1, 11), (1, 12), (2, 13))})


class Kernel:
    """Questions to the module in node-a, without the start of a program each."""

    def __init__(self):
        with Inside("node-a"):
            self.genl = Genl()

    def info(self, name):
        info = dict(attrs(dict(attrs(self.genl.ask(C["CMD_INFO_GET"])[0]))[C["A_INFO"]]))
        value = info[C["INFO_A_" + name]]
        return struct.unpack("IQ"[len(value) == 8], value)[0]

    def decide(self, source, to, dport, sport=0, proto="TCP"):
        """Which reason, and the name of the backend or None."""
        body = self.genl.ask(C["CMD_EXPLAIN"], nest(
            C["A_FLOW"], u8(C["FLOW_A_PROTO"], PROTO[proto]), address(C["FLOW_A_SRC"], source),
            address(C["FLOW_A_DST"], to), port(C["FLOW_A_SPORT"], sport),
            port(C["FLOW_A_DPORT"], dport)))[0]
        found = dict(attrs(dict(attrs(body))[C["A_DECISION"]]))
        backend = dict(attrs(found.get(C["DECISION_A_BACKEND"], b"")))
        where = backend.get(C["BACKEND_A_ADDR"])
        return found[C["DECISION_A_REASON"]][0], \
            POD[socket.inet_ntop(socket.AF_INET if len(where) == 4 else socket.AF_INET6, where)] \
            if where else None

    def pinned(self, source, to, dport, proto="TCP"):
        """To whom, or None."""
        reason, name = self.decide(source, to, dport, proto=proto)
        return name if reason == C["REASON_PINNED"] else None


def wanted(seconds=600, **spec):
    made = service(type="LoadBalancer", sessionAffinity="ClientIP",
                   sessionAffinityConfig={"clientIP": {"timeoutSeconds": seconds}},
                   ports=[{"name": "http", "port": 80, "targetPort": "http", "nodePort": HTTP},
                          {"name": "again", "port": 81, "targetPort": "http"},
                          {"name": "dns", "port": 53, "targetPort": "dns", "protocol": "UDP",
                           "nodePort": DNS}], **spec)
    made["status"] = {"loadBalancer": {"ingress": [{"ip": ip} for ip in LB]}}
    return made


def asked(netns, source, to, dport, proto="TCP", sport=0):
    """The name of who answers one new connection from @source."""
    kind = socket.SOCK_DGRAM if proto == "UDP" else socket.SOCK_STREAM
    with open_in(netns, to, kind) as sock:
        sock.settimeout(20)
        sock.bind((source, sport))
        sock.connect((to, dport))
        if proto == "UDP":
            return heard(sock).split()[0].decode()
        sock.send(b"GET / HTTP/1.1\r\nHost: pod\r\nConnection: close\r\n\r\n")
        text = b"".join(iter(lambda: sock.recv(4096), b""))
        return text.split(b"\r\n\r\n")[-1].split()[0].decode()


def heard(sock):
    """The answer to a datagram, which may get lost as any."""
    for _ in range(10):
        sock.send(b"who?\n")
        if select.select([sock], [], [], 2)[0]:
            return sock.recv(4096)
    raise TimeoutError("ten datagrams, and no answer")


def at(source, to):
    """Of a pair of addresses the one that can talk to @to."""
    return source[family_of(to) == socket.AF_INET6]


SOURCES = {"probe": ("10.244.1.200", "fd00:10:244:1::200"), "node-a": NODE,
           "client": ("192.168.10.50", "fd00:192:168:10::50"),
           "default.web-1": ("10.244.1.11", "fd00:10:244:1::11")}


def fresh(*objects):
    """What a Service pinned before it was removed is of no use to the next of its name."""
    ctl("flush")
    apply(*objects)


def empty(kernel, *objects):
    """The same, for who counts pins: those of before take a sweep to go."""
    ctl("flush")
    lab.until(lambda: kernel.info("PINS") == 0, "the pins of before to be freed")
    apply(*objects)


def frontends(kernel):
    @case("affinity: ports are pinned each for itself, frontends and protocols of a port are one")
    def _():
        empty(kernel, *all_pods(), wanted())
        for n, to in enumerate(((VIPS[0], 80, "TCP"), (VIPS[0], 81, "TCP"), (VIPS[0], 53, "UDP"),
                                (VIPS[1], 80, "TCP")), 1):
            asked("client", at(SOURCES["client"], to[0]), *to)
            expect(kernel.info("PINS"), n, f"{to}")
        asked("client", SOURCES["client"][0], NODE[0], HTTP)
        asked("client", SOURCES["client"][0], LB[0], 80)
        expect(kernel.info("PINS"), 4)

    @case("affinity: none asked for, none kept; given up, forgotten")
    def _():
        empty(kernel, *all_pods(), service())
        asked("client", SOURCES["client"][0], VIPS[0], 80)
        expect(kernel.info("PINS"), 0)
        apply(*all_pods(), wanted())
        asked("client", SOURCES["client"][0], VIPS[0], 80)
        expect(kernel.info("PINS"), 1)
        apply(*all_pods(), service())
        expect(kernel.pinned(SOURCES["client"][0], VIPS[0], 80), None)
        apply(*all_pods(), wanted())
        expect(kernel.pinned(SOURCES["client"][0], VIPS[0], 80), None, "asked for once more:")

    @case("affinity: one backend for a source, by every frontend of a port, both families")
    def _():
        fresh(*all_pods(), wanted())
        for source, addrs in SOURCES.items():
            for f in (0, 1):
                for port_of, node_port, proto in ((80, HTTP, "TCP"), (53, DNS, "UDP")):
                    got = {asked(source, addrs[f], *to, proto) for _ in range(4) for to in (
                        (VIPS[f], port_of), (NODE[f], node_port), (LB[f], port_of))}
                    expect(len(got), 1, f"{source} {proto} {addrs[f]}: {got}")

    @case("affinity: sources spread: not everybody has the same backend")
    def _():
        fresh(*all_pods(), wanted())
        expect(kernel.pinned(SOURCES["client"][0], VIPS[0], 80), None, "as of the Service before:")
        for f in (0, 1):
            got = {asked(netns, pair[f], VIPS[f], 80) for netns, *pair in MANY}
            expect(len(got), 3, str(got))       # 20 sources: one in 1,100 misses one

    @case("affinity: policy Local keeps to local backends, whatever a source was pinned to")
    def _():
        fresh(*all_pods(), wanted(externalTrafficPolicy="Local"))
        for netns, *pair in MANY:
            for f in (0, 1):
                asked(netns, pair[f], VIPS[f], 80)
                got = asked(netns, pair[f], NODE[f], HTTP)
                assert got in ("default/web-1", "default/web-2"), got
                expect(asked(netns, pair[f], NODE[f], HTTP), got, f"{pair[f]} again")


def times(kernel):
    @case("affinity: new connections renew it, and it ends its time after the last")
    def _():
        fresh(*all_pods(), wanted(2))
        source, begun, asks = SOURCES["client"][0], time.monotonic(), 0
        name = asked("client", source, VIPS[0], 80)
        # Not a wait: longer than the timeout by far, in steps shorter than it.
        while time.monotonic() < begun + 5:
            expect(kernel.pinned(source, VIPS[0], 80), name, f"after {asks} connections")
            expect(asked("client", source, VIPS[0], 80), name)
            last, asks = time.monotonic(), asks + 1
            time.sleep(0.3)
        lab.until(lambda: not kernel.pinned(source, VIPS[0], 80), "its end")
        assert time.monotonic() - last >= 1.9, time.monotonic() - last
        lab.until(lambda: kernel.info("PINS") == 0, "the pin to be forgotten")

    @case("affinity: packets of a connection that exists renew nothing")
    def _():
        fresh(*all_pods(), wanted(2))
        held = Asker("probe", VIPS[0], 53)
        name, source = held.ask(), SOURCES["probe"][0]
        expect(kernel.pinned(source, VIPS[0], 53, "UDP"), name)

        def over():
            expect(held.ask(), name, "the connection that exists:")
            return not kernel.pinned(source, VIPS[0], 53, "UDP")
        lab.until(over, "the pin to end while packets pass")
        expect(held.ask(), name)
        held.close()

    @case("affinity: without a timeout it is three hours")
    def _():
        made = wanted()
        del made["spec"]["sessionAffinityConfig"]
        fresh(*all_pods(), made)
        svc = json.loads(ctl("get", "service", "web", "-o", "json").stdout)
        svc = svc["items"][0] if "items" in svc else svc
        expect(svc["spec"]["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"], 10800)
        name = asked("client", SOURCES["client"][0], VIPS[0], 80)
        expect(kernel.pinned(SOURCES["client"][0], VIPS[0], 80), name)


def numbered(name):
    return int(name.rsplit("-", 1)[1])


def changes(kernel):
    nodes = {1: "node-a", 2: "node-a", 3: "node-b"}

    def only(*numbers):
        return [pod(n, nodes[n]) for n in numbers]

    @case("affinity: a backend that goes loses its sources for good, those of others stay")
    def _():
        fresh(*all_pods(), wanted())
        before = {pair[0]: asked(netns, pair[0], VIPS[0], 80) for netns, *pair in MANY}
        gone = before[MANY[0][1]]
        apply(*only(*{1, 2, 3} - {numbered(gone)}), wanted())
        after = {pair[0]: asked(netns, pair[0], VIPS[0], 80) for netns, *pair in MANY}
        for source, name in before.items():
            assert after[source] == name if name != gone else after[source] != gone, source
        apply(*all_pods(), wanted())
        expect({pair[0]: asked(netns, pair[0], VIPS[0], 80) for netns, *pair in MANY}, after,
               "it is back:")

    @case("affinity: a backend that is not ready any more is as good as gone")
    def _():
        fresh(*all_pods(), wanted())
        source = SOURCES["client"][0]
        gone = asked("client", source, VIPS[0], 80)
        objects = all_pods()
        objects[numbered(gone) - 1]["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
        apply(*objects, wanted())
        name = asked("client", source, VIPS[0], 80)
        assert name != gone, name
        apply(*all_pods(), wanted())
        expect(asked("client", source, VIPS[0], 80), name)

    @case("affinity: other Pods, another apply, restore and a new process leave it alone")
    def _():
        fresh(*all_pods(), wanted())
        keep = {(source, f): asked(source, pair[f], VIPS[f], 80)
                for source, pair in SOURCES.items() for f in (0, 1)}

        def still(what):
            expect({key: asked(key[0], SOURCES[key[0]][key[1]], VIPS[key[1]], 80)
                    for key in keep}, keep, what)
        apply(*all_pods(), pod(4, "node-b"), wanted())
        apply(*all_pods(), wanted(externalTrafficPolicy="Local"))
        apply(*all_pods(), wanted())
        still("after changes:")
        ctl("restore")
        still("after restore:")
        os.remove(services.STATE)
        apply(*all_pods(), wanted())
        still("with a state begun anew:")

    @case("affinity: a Service that goes takes its pins along")
    def _():
        empty(kernel, *all_pods(), wanted())
        for netns, *pair in MANY:
            asked(netns, pair[0], VIPS[0], 80)
        expect(kernel.info("PINS"), len(MANY))
        ctl("delete", "service", "web")
        lab.until(lambda: kernel.info("PINS") == 0, "its pins to be forgotten")


def flood(n, to, dport):
    """A datagram each of @n sources that nobody has."""
    with Inside("probe"):
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    udp = struct.pack("!HHHH", 4444, dport, 8 + 5, 0) + b"who?\n"
    for i in range(n):
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0,
                           struct.pack("!I", 0x0af48000 + i), socket.inet_aton(to))
        raw.sendto(head + udp, (to, 0))
    raw.close()


def attack(kernel):
    @case("affinity: a flood of sources fills a bounded table, and is served all the same")
    def _():
        empty(kernel, *all_pods(), wanted())
        most = "/proc/sys/net/netfilter/nf_conntrack_max"
        before = open(most).read()
        open(most, "w").write("400000")
        for n in (1, 2, 3):
            run("nft", "-f", "-", netns=f"default.web-{n}", stdin="""table ip deaf {
                chain c { type filter hook prerouting priority -400;
                    ip saddr 10.244.128.0-10.245.255.255 drop
                }
            }""")
        try:
            name = asked("client", SOURCES["client"][0], VIPS[0], 53, "UDP")
            refused = kernel.info("UNPINNED")
            # More than enough: a machine that is busy elsewhere drops some on the way.
            flood(PINS_MAX + 2000, VIPS[0], 53)
            expect(kernel.info("PINS"), PINS_MAX)
            assert kernel.info("UNPINNED") - refused >= 200, kernel.info("UNPINNED")
            expect(asked("client", SOURCES["client"][0], VIPS[0], 53, "UDP"), name)
            for netns, *pair in MANY:
                asked(netns, pair[0], VIPS[0], 53, "UDP")
            expect(kernel.info("PINS"), PINS_MAX)
            # Another port has room of its own.
            got = asked("client", SOURCES["client"][0], VIPS[0], 80)
            expect(kernel.pinned(SOURCES["client"][0], VIPS[0], 80), got)
            ctl("delete", "service", "web")
            lab.until(lambda: kernel.info("PINS") == 0, "the pins to be forgotten")
        finally:
            for n in (1, 2, 3):
                run("nft", "delete", "table", "ip", "deaf", netns=f"default.web-{n}")
            run("conntrack", "-F", netns="node-a")
            open(most, "w").write(before)


def more_addresses():
    for _, four, six in MANY:
        run("ip", "-n", "client", "addr", "add", four + "/24", "dev", "eth0")
        run("ip", "-n", "client", "addr", "add", six + "/64", "dev", "eth0", "nodad")


if __name__ == "__main__":
    lab.load_module()
    cluster = lab.Lab(services.PODS)
    cluster.serve()
    try:
        more_addresses()
        module = Kernel()
        frontends(module)
        times(module)
        changes(module)
        attack(module)
        module.genl.sock.close()
    finally:
        cluster.down()
    lab.unload_module()
    sys.exit(bool(lab.FAILED))
