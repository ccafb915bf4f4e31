# SPDX-License-Identifier: GPL-2.0
"""Node ports: on which addresses they answer, what the Node object has to say in it, and
sockets of the node's own on the same port."""
import os
import socket
import sys

import lab
from lab import case, probe, run
from objects import ADDRESS, STATE, address, make_lab, zone
from ranges import BOTH, PLAIN, REFUSED, VIA, ctl, one, web
from services import expect
from talk import Listener, open_in

NEW_6 = "fd00:192:168:10::111"
EVERY = {**ADDRESS["node-a"], "second": "192.168.10.111"}


def addresses():
    def answers(wanted, *options):
        said = web("web").apply(*PLAIN, *options)
        for source in ("client", "node-a", "probe"):
            for addr in EVERY.values():
                expect(one(source, addr, 30001, timeout=3), BOTH if addr in wanted else REFUSED,
                       f"{source} {addr}")
        return said.stderr

    @case("nodeports: node ports on primary addresses by default, on all, on those of a list")
    def _():
        answers([EVERY[4], EVERY[6]])
        answers(EVERY.values(), "--nodeport-addresses", "all")
        answers(["192.168.10.111", EVERY[6]], "--nodeport-addresses", "192.168.10.111/32,fd00::/8")
        assert "IPv6" in answers(["192.168.10.111"], "--nodeport-addresses", "192.168.10.111/32")

    @case("nodeports: node ports on loopback are refused, and why is said")
    def _():
        web("web").apply(*PLAIN, "--nodeport-addresses", "all")
        expect([one("node-a", addr, 30001, proto, timeout=3) for addr in ("127.0.0.1", "::1")
                for proto in ("TCP", "UDP")], [REFUSED] * 4)
        for wish in ("localhost", "127.0.0.0/8", "::1/128"):
            done = ctl("apply", "-f", "-", "--nodeport-addresses", wish, stdin="", check=False)
            assert done.returncode and "route_localnet" in done.stderr, done.stderr


def nodes():
    @case("nodeports: a Node's new address serves node ports at once, and its old one no more")
    def _():
        objects = web("web")
        status = objects.objects[0]["status"]
        for addr, gone in (("192.168.10.111", EVERY[4]), (EVERY[4], "192.168.10.111")):
            status["addresses"][0]["address"] = addr
            objects.apply(*PLAIN)
            expect(one("client", addr, 30001), BOTH)
            expect(one("client", gone, 30001, timeout=3), REFUSED)
            expect(one("client", EVERY[6], 30001), BOTH)

    @case("nodeports: a Node's new Pod range and zone count at once")
    def _():
        objects = web("web", itp="Local", hints={n: zone("zone-2") for n in
                                                ("here-1", "there-1")})
        node = objects.objects[0]
        objects.apply(*PLAIN, "--detect-local", "node-cidr")
        kept = probe("probe", [(address("ClusterIP", 1, 4), 80)])[0]["answers"]
        expect({a["source"] for a in kept}, {ADDRESS["probe"][4]})
        node["spec"].update(podCIDR="10.244.9.0/24", podCIDRs=["10.244.9.0/24"])
        objects.apply(*PLAIN, "--detect-local", "node-cidr")
        lost = probe("probe", [(address("ClusterIP", 1, 4), 80)])[0]["answers"]
        expect({a["source"] for a in lost}, {VIA[4]})
        expect(one("client", VIA[4], 30001), BOTH, "zone-1:")
        objects.objects[-2]["endpoints"][0]["hints"] = zone("zone-3")
        objects.apply(*PLAIN)
        expect(one("client", VIA[4], 30001), BOTH, "no zone fits:")
        node["metadata"]["labels"]["topology.kubernetes.io/zone"] = "zone-3"
        objects.apply(*PLAIN)
        expect(one("client", VIA[4], 30001), ({"here-1"}, None), "zone-3:")

    @case("nodeports: without a Node object they follow the address this node sends from")
    def _():
        def answers(wanted):
            for n, addr in enumerate(EVERY.values()):
                expect(one("client", addr, 30001, timeout=20 if addr in wanted else 3),
                       BOTH if addr in wanted else REFUSED, f"{n}: {addr} of {wanted}")

        ctl("flush")
        os.unlink(STATE)
        objects = web("web")
        objects.objects.pop(0)
        objects.apply(*PLAIN)
        answers([EVERY[4], EVERY[6]])
        run("ip", "-n", "node-a", "route", "change", "default", "via", "192.168.10.1", "src",
            "192.168.10.111")
        answers(["192.168.10.111", EVERY[6]])
        run("ip", "-n", "node-a", "addr", "add", NEW_6 + "/64", "dev", "eth0", "nodad")
        run("ip", "-6", "-n", "node-a", "route", "change", "default", "via",
            "fd00:192:168:10::1", "dev", "eth0", "src", NEW_6)
        try:
            expect(one("client", NEW_6, 30001), BOTH)
            expect(one("client", EVERY[6], 30001, timeout=3), REFUSED)
        finally:
            run("ip", "-n", "node-a", "addr", "del", NEW_6 + "/64", "dev", "eth0")
            for family in ("-4", "-6"):
                run("ip", family, "-n", "node-a", "route", "del", "default", check=False)
        # No way out: its first address, then.
        answers([EVERY[4], EVERY[6]])
        run("ip", "-n", "node-a", "route", "add", "default", "via", "192.168.10.1")
        run("ip", "-n", "node-a", "route", "add", "default", "via", "fd00:192:168:10::1")

    @case("nodeports: the Node goes: it is said, and what is served stays")
    def _():
        objects = web("web", itp="Local")
        objects.apply(*PLAIN)
        gone = objects.objects.pop(0)
        said = objects.apply(*PLAIN)
        assert "node-a is gone" in said.stderr, said.stderr
        for f in (4, 6):
            expect(one("client", VIA[f], 30001), BOTH)
            expect(one("probe", address("ClusterIP", 1, f)), ({"here-1"}, None))
        objects.objects.insert(0, gone)
        assert "is gone" not in objects.apply(*PLAIN).stderr


def sockets():
    @case("nodeports: a node port yields to a connected socket that conntrack forgot")
    def _():
        for f in (4, 6):
            addr = ADDRESS["client"][f]
            ctl("flush")
            server = Listener("client", 9090)
            mine = open_in("node-a", addr, socket.SOCK_STREAM)
            mine.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            mine.bind((VIA[f], 30001))
            mine.connect((addr, 9090))
            theirs = server.accept()
            plain = open_in("node-a", addr, socket.SOCK_DGRAM)
            plain.bind((VIA[f], 30001))
            plain.connect((addr, 9091))
            asker = open_in("client", addr, socket.SOCK_DGRAM)
            asker.bind(("", 9091))
            asker.connect((VIA[f], 30001))
            web("web").apply(*PLAIN)
            for sock in (mine, plain, theirs, asker):
                sock.settimeout(10)
            run("conntrack", "-F", netns="node-a")
            for out, back in ((theirs, mine), (asker, plain)):
                out.send(b"there")
                expect(back.recv(100), b"there")
                back.send(b"back")
                expect(out.recv(100), b"back")
            # Everybody else reaches the Service.
            for proto in ("TCP", "UDP"):
                expect(one("client2", VIA[f], 30001, proto), BOTH)
            for sock in (mine, plain, theirs, asker, server):
                sock.close()

    @case("nodeports: a node port does not yield to what merely listens, and apply names it")
    def _():
        ctl("flush")
        listener = Listener("node-a", 30001)
        plain = open_in("node-a", "::", socket.SOCK_DGRAM)
        plain.bind(("::", 30001))
        said = web("web").apply(*PLAIN).stderr
        for f in (4, 6):
            for proto in ("TCP", "UDP"):
                expect(one("client", VIA[f], 30001, proto), BOTH, f"{proto} {f}")
        assert "30001" in said and str(os.getpid()) in said, said
        listener.close()
        plain.close()

    @case("nodeports: node ports are reserved against connections the node makes")
    def _():
        web("web").apply(*PLAIN)
        reserved = run("sysctl", "-n", "net.ipv4.ip_local_reserved_ports", netns="node-a").stdout
        assert "30001" in reserved.strip().split(","), reserved


if __name__ == "__main__":
    lab.load_sctp()
    lab.load_module()
    cluster = make_lab()
    try:
        addresses()
        nodes()
        sockets()
    finally:
        cluster.down()
    lab.unload_module()
    sys.exit(bool(lab.FAILED))
