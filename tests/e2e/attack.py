# SPDX-License-Identifier: GPL-2.0
"""What somebody sends on purpose, to have Pods ejected, connections ended, the node
flooded or crashed; and what an administrator does to our entries by conntrack(8)."""
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time

import dead
import lab
import removal
import services
from genl import C, Genl, address, attr, attrs, backend, frontend, nest, port, u8
from genl import apply as commit
from genl import service as put
from lab import case, run
from removal import Pairs, other
from services import apply, ctl, expect, service
from talk import SCTP, Inside, Listener, checksum, connect, family_of

VIPS = ("10.96.0.10", "fd00:10:96::10")
SOURCE = {"10.96.0.10": "10.244.1.200", "fd00:10:96::10": "fd00:10:244:1::200"}   # the probe Pod
PODS = (1, 2, 3)
PORT = removal.PORT
TCP = socket.IPPROTO_TCP
SYN, RST, ACK = 2, 4, 16
ABORT, SHUTDOWN_COMPLETE = 6, 14
MANY = 12
ROUND_TRIP = "100ms"
SYN_WAITS = 0.6         # longer than kmod waits for the answer to a SYN


def wanted(**notes):
    return service(annotations={f"svcnat.io/{k}": v for k, v in notes.items()},
                   ports=[{"name": "s", "port": 90, "targetPort": PORT}])


def inside(netns, *args):
    with Inside(netns):
        return socket.socket(*args)


class Watch:
    """What passes the probe Pod's device: (sent, source, destination, protocol, payload)."""

    def __init__(self):
        self.sock = inside("probe", socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
        self.sock.setblocking(False)
        self.seen = []

    def packets(self, sent, vip, proto):
        try:
            while True:
                data, whence = self.sock.recvfrom(1 << 16)
                self.add(whence[2] == socket.PACKET_OUTGOING, data)
        except BlockingIOError:
            pass
        return [p[4] for p in self.seen
                if p[0] == sent and p[2 if sent else 1] == vip and p[3] == proto]

    def add(self, sent, data):
        if data[0] >> 4 == 4:
            length, = struct.unpack_from("!H", data, 2)
            src, dst = (socket.inet_ntoa(data[i:i + 4]) for i in (12, 16))
            self.seen.append((sent, src, dst, data[9], data[4 * (data[0] & 15):length]))
        elif data[0] >> 4 == 6:
            src, dst = (socket.inet_ntop(socket.AF_INET6, data[i:i + 16]) for i in (8, 24))
            self.seen.append((sent, src, dst, data[6], data[40:]))

    def answered(self, vip, *flags):
        """Ports of the probe's that something with these TCP flags came back to."""
        return {struct.unpack_from("!H", p, 2)[0] for p in self.packets(False, vip, TCP)
                if p[13] in flags}

    def close(self):
        self.sock.close()


class Forger:
    """Packets by hand from the probe Pod to a VIP."""

    def __init__(self, vip, proto=TCP):
        self.vip, family = vip, family_of(vip)
        self.sock = inside("probe", family, socket.SOCK_RAW, proto)
        self.pseudo = b"".join(socket.inet_pton(family, a) for a in (SOURCE[vip], vip))

    def send(self, data):
        self.sock.sendto(data, (self.vip, 0))

    def segment(self, data):
        """Sends a TCP segment with its checksum made right."""
        data = data[:16] + b"\0\0" + data[18:]
        whole = self.pseudo + struct.pack("!II", len(data), TCP) + data
        check = checksum(whole)
        self.send(data[:16] + struct.pack("!H", check) + data[18:])

    def tcp(self, sport, flags, seq=1000, ack=0):
        self.segment(struct.pack("!HHIIBBHHH", sport, 90, seq & 0xffffffff, ack, 5 << 4, flags,
                                 65535, 0, 0))

    def sctp(self, sport, tag, chunk, body=b""):
        head = struct.pack("!HH", sport, 90) + tag
        rest = struct.pack("!BBH", chunk, 0, 4 + len(body)) + body
        self.send(head + struct.pack("<I", crc32c(head + b"\0\0\0\0" + rest)) + rest)

    def close(self):
        self.sock.close()


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


class Slow:
    """What the Pods say takes a while; far less than a SYN waits."""

    def __enter__(self):
        for n in PODS:
            run("tc", "qdisc", "add", "dev", "eth0", "root", "netem", "delay", ROUND_TRIP,
                netns=f"default.web-{n}")

    def __exit__(self, *_):
        for n in PODS:
            run("tc", "qdisc", "del", "dev", "eth0", "root", netns=f"default.web-{n}")


def summed(key):
    return sum(dead.backend(n)[key] for n in PODS)


def fresh(**notes):
    ctl("flush")
    run("conntrack", "-F", netns="node-a", check=False)
    apply(*dead.pods(*PODS), wanted(eject="3/60", **notes))


def nobody_ejected():
    expect([dead.backend(n)["ejections"] for n in PODS], [0, 0, 0], "ejections:")


def ejection():
    @case("attack: ACKs that belong to no connection eject nobody")
    def _():
        fresh()
        for vip in VIPS:
            watch, forger = Watch(), Forger(vip)
            for sport in range(20000, 20000 + MANY):
                forger.tcp(sport, ACK, ack=2000)
            lab.until(lambda v=vip, w=watch: len(w.answered(v, RST, RST | ACK)) == MANY, "resets")
            watch.close()
            forger.close()
        expect(summed("connections"), MANY * len(VIPS))
        nobody_ejected()

    @case("attack: SYNs that come twice within a round trip eject nobody")
    def _():
        fresh()
        servers = [Listener(f"default.web-{n}", PORT) for n in PODS]
        with Slow():
            for vip in VIPS:
                watch, forger = Watch(), Forger(vip)
                for sport in range(21000, 21000 + MANY):
                    forger.tcp(sport, SYN)
                    forger.tcp(sport, SYN)
                lab.until(lambda v=vip, w=watch: len(w.answered(v, SYN | ACK, RST, RST | ACK)) ==
                          MANY, "answers")
                watch.close()
                forger.close()
        expect(summed("repicks"), 0, "repicks:")
        expect(summed("connections"), MANY * len(VIPS))
        nobody_ejected()
        for server in servers:
            server.close()

    @case("attack: a SYN and a reset before it is answered eject nobody")
    def _():
        fresh()
        with Slow():
            for vip in VIPS:
                forger = Forger(vip)
                for sport in range(22000, 22000 + MANY):
                    forger.tcp(sport, SYN)
                    forger.tcp(sport, RST, seq=1001)
                forger.close()
            lab.until(lambda: (summed("connections"), summed("active")) ==
                      (MANY * len(VIPS), 0), "connections to come and go")
        nobody_ejected()


def copied():
    def connect_with_copy(vip):
        watch, forger = Watch(), Forger(vip)
        client = inside("probe", family_of(vip), socket.SOCK_STREAM)
        client.setblocking(False)
        client.connect_ex((vip, 90))
        lab.until(lambda: watch.packets(True, vip, TCP), "the SYN")
        forger.segment(watch.packets(True, vip, TCP)[0])
        client.settimeout(20)
        lab.until(lambda: client.connect_ex((vip, 90)) in (0, 106), "the connection")
        watch.close()
        forger.close()
        return client

    @case("attack: a copy of a client's SYN does not move its connection")
    def _():
        fresh()
        servers = [Listener(f"default.web-{n}", PORT) for n in PODS]
        held = []
        with Slow():
            for vip in VIPS:
                for _ in range(4):
                    held.append(connect_with_copy(vip))
                    held[-1].send(b"there")
        got = 0
        for server in servers:
            while got < len(held):
                end = server.accept(0)
                if not end:
                    break
                end.settimeout(20)
                expect(end.recv(100), b"there")
                end.send(b"back")
                held.append(end)
                got += 1
        clients = held[:4 * len(VIPS)]
        expect(got, len(clients), "connections accepted:")
        for client in clients:
            expect(client.recv(100), b"back")
        expect((summed("repicks"), summed("connections")), (0, len(clients)))
        for sock in held + servers:
            sock.close()
        nobody_ejected()


def blind():
    @case("attack: a SYN of anybody's ends no connection of a Pod that has left")
    def _():
        # Each is challenged, also when there were others just before.
        run("sysctl", "-qw", "net.ipv4.tcp_invalid_ratelimit=0", netns="default.web-1")
        watch = Watch()
        pairs = Pairs("keep", sources=("probe",))
        pairs.talk()
        apply(*other("keep"))
        for vip in VIPS:
            forger, sport = Forger(vip), pairs.ends["probe", vip][0].getsockname()[1]
            own = [p for p in watch.packets(True, vip, TCP)
                   if struct.unpack_from("!H", p)[0] == sport][-1]
            sent, = struct.unpack_from("!I", own, 4)
            # Anything, what was sent already, in the window, and far ahead.
            for seq in (0x12345678, sent, sent + 100, sent + (1 << 30)):
                before = len(watch.packets(False, vip, TCP))
                forger.tcp(sport, SYN, seq)
                forger.tcp(sport, SYN, seq)
                lab.until(lambda v=vip, b=before: len(watch.packets(False, v, TCP)) > b,
                          "an answer")
                time.sleep(SYN_WAITS)       # not a wait: what makes the next one count
            forger.close()
        pairs.talk()
        pairs.close()
        watch.close()


def associations():
    @case("attack: what ends an SCTP association that was cut is not answered")
    def _():
        watch = Watch()
        pairs = Pairs("reset", "SCTP", sources=("probe",))
        pairs.talk()
        apply(*other("reset", "SCTP"))
        pairs.expect_reset(5)
        for vip in VIPS:
            forger = Forger(vip, SCTP)
            sent = [p for p in watch.packets(True, vip, SCTP) if p[4:8] != b"\0\0\0\0"][0]
            sport, tag = struct.unpack_from("!H", sent)[0], sent[4:8]

            def aborts(v=vip):
                return sum(p[12] == ABORT for p in watch.packets(False, v, SCTP))
            base = aborts()
            data = struct.pack("!IHHI", 1, 0, 0, 0) + b"data"
            forger.sctp(sport, tag, 0, data)
            lab.until(lambda b=base, a=aborts: a() > b, "an answer to data")
            for _ in range(4):
                forger.sctp(sport, tag, ABORT)
                forger.sctp(sport, tag, SHUTDOWN_COMPLETE)
            forger.sctp(sport, tag, 0, data)
            lab.until(lambda b=base, a=aborts: a() > b + 1, "an answer to more data")
            expect(aborts() - base, 2, f"{vip}: answers:")
            forger.close()
        pairs.close()
        watch.close()


def zeroed():
    def carried(vip):
        stats = json.loads(ctl("stats", "-o", "json").stdout)
        return {k: sum(b[k] for s in stats["services"] for b in s["backends"]
                       if (":" in b["address"].rsplit(":", 1)[0]) == (":" in vip))
                for k in ("packets_in", "packets_out", "bytes_in", "bytes_out")}

    @case("attack: conntrack -L -z sets no counter back, and makes none jump")
    def _():
        ctl("flush")
        apply(*dead.pods(1), wanted())
        server = Listener("default.web-1", PORT)

        def transfer(size):
            client.sendall(b"x" * size)
            left = size
            while left:
                left -= len(served.recv(left))
        for vip in VIPS:
            client = connect("probe", vip, 90)
            served = server.accept()
            transfer(300000)
            before = carried(vip)
            assert before["bytes_in"] > 250000, before
            run("conntrack", "-L", "-z", "-f", "ipv6" if ":" in vip else "ipv4", netns="node-a")
            for _ in range(2):
                transfer(100)
                now = carried(vip)
                more = {k: now[k] - before[k] for k in now}
                assert all(0 <= v < 65536 for v in more.values()), f"{vip}: {more}"
            client.close()
            served.close()
        server.close()


def unranged():
    @case("attack: source ranges taken away while connections come: none is dropped")
    def _():
        ctl("flush")
        with Inside("node-a"):
            genl = Genl()
        ranges = {"10.96.0.10": ("10.244.1.0", 24, 2), "fd00:10:96::10": ("fd00:10:244:1::", 64, 10)}
        pods = {"10.96.0.10": "10.244.1.11", "fd00:10:96::10": "fd00:10:244:1::11"}

        def want(vip, ranged):
            net, length, family = ranges[vip]
            parts = [frontend("LOAD_BALANCER", 80, vip, C["FRONTEND_F_RANGES"] if ranged else 0)]
            if ranged:
                parts.append(nest(C["SERVICE_A_SOURCE_RANGE"], address(C["PREFIX_A_ADDR"], net),
                                  u8(C["PREFIX_A_LEN"], length)))
            return put("default/web:", *parts, backend(pods[vip], 8080), family=family)

        def total(key):
            body = dict(attrs(genl.ask(C["CMD_INFO_GET"])[0]))
            info = dict(attrs(body[C["A_INFO"]])) if "A_INFO" in C else body
            return struct.unpack("Q", info[C[f"INFO_A_{key}"]])[0]
        try:
            commit(genl, *(want(vip, True) for vip in VIPS), replace=True)
            asking = []
            for n, vip in enumerate(VIPS):
                ready = f"/tmp/unranged-{n}"
                asking.append(subprocess.Popen(
                    [os.path.join(lab.BUILD, "tools/probe"), "-N", "probe", "-n", "0", "-o",
                     "json", "-p", "16", "-r", ready, "-t", "20", vip, "80"],
                    stdout=subprocess.PIPE, text=True))
                lab.until(lambda r=ready: os.path.exists(r), "the first answer")
            begun, turns = total("CONNECTIONS"), 0
            while turns < 60 or total("CONNECTIONS") < begun + 1000:
                commit(genl, *(want(vip, bool(turns % 2)) for vip in VIPS))
                turns += 1
            for asker in asking:
                asker.send_signal(signal.SIGTERM)
            for asker in asking:
                result = json.loads(asker.communicate()[0].splitlines()[0])
                dead.all_answered(result)
                assert result["answered"] > 50, result
            expect(total("NOT_ALLOWED"), 0, "dropped by source:")
        finally:
            commit(genl, replace=True)
            genl.sock.close()


class Expectations:
    """ctnetlink of node-a, as "conntrack -I expect" and "-L expect" speak it."""

    def __init__(self):
        self.sock = inside("node-a", socket.AF_NETLINK, socket.SOCK_RAW, 12)

    def ask(self, command, flags, family, *parts):
        """How many messages came, and the errno."""
        body = struct.pack("BBH", family, 0, 0) + b"".join(parts)
        self.sock.send(struct.pack("IHHII", 16 + len(body), 2 << 8 | command, flags, 1, 0) + body)
        n = 0
        while True:
            data = self.sock.recv(1 << 16)
            while data:
                length, kind = struct.unpack_from("IH", data)
                if kind in (2, 3):
                    return n, -struct.unpack_from("i", data, 16)[0]
                n += 1
                data = data[(length + 3) & ~3:]

    def tuple(self, kind, src, dst, sport, dport):
        at = 3 if ":" in src else 1
        return nest(kind, nest(1, address(at, src), address(at + 1, dst)),
                    nest(2, u8(1, TCP), port(2, sport), port(3, dport)))

    def expect(self, vip, sport, dport):
        src, ones = SOURCE[vip], "ffff:" * 7 + "ffff" if ":" in vip else "255.255.255.255"
        return self.ask(0, 0x605, family_of(vip), self.tuple(1, src, vip, sport, 90),
                        self.tuple(2, src, vip, 0, dport), self.tuple(3, ones, ones, 0, 65535),
                        attr(4, struct.pack("!I", 300)))[1]

    def count(self):
        return self.ask(1, 0x301, 0)[0]


def expectations():
    @case("attack: an expectation on an entry of ours crashes nothing and outlives nothing")
    def _():
        ctl("flush")
        apply(*dead.pods(1), wanted())
        server, netlink = Listener("default.web-1", PORT), Expectations()
        pairs = {}
        for vip in VIPS:
            client = connect("probe", vip, 90)
            pairs[vip] = client, server.accept()
        for n in range(4):
            for vip, (client, _) in pairs.items():
                # Whether it is taken is not ours to say; that it was tried on our entry is.
                error = netlink.expect(vip, client.getsockname()[1], 7000 + n)
                assert error != 2, f"{vip}: no such entry"
                netlink.count()
        lab.unload_module()
        try:
            expect(netlink.count(), 0, "expectations left:")
            run("conntrack", "-F", netns="node-a")
        finally:
            lab.load_module()
        for client, served in pairs.values():
            client.close()
            served.close()
        server.close()
        netlink.sock.close()


if __name__ == "__main__":
    lab.load_module()
    lab.load_sctp()
    cluster = lab.Lab(services.PODS)
    cluster.serve()
    try:
        ejection()
        copied()
        blind()
        associations()
        zeroed()
        unranged()
        expectations()
    finally:
        cluster.down()
    lab.unload_module()
    sys.exit(bool(lab.FAILED))
