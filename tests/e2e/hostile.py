# SPDX-License-Identifier: GPL-2.0
"""Packets nobody sends by accident, at frontends and at connections that exist: cut
short, with wrong lengths, odd flags, extension headers, in fragments, as errors about
other packets. What must come of it: nothing. The seed is printed, so that a run can be
repeated (HOSTILE_SEED=)."""
import os
import random
import socket
import struct
import sys

import lab
import services
from lab import case
from services import all_pods, apply, counts, expect, service
from talk import SCTP, Asker, Inside, Listener, checksum, connect

VIPS = ("10.96.0.10", "fd00:10:96::10")
PACKETS = 6000
ETH = {4: 0x0800, 6: 0x86dd}
TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
PORTS = (80, 53, 90, 132, 30007, 0, 65535)


class Maker:
    """Packets from the probe Pod and from sources that do not exist."""

    def __init__(self, rng, sports):
        self.rng, self.sports = rng, sports

    def bytes(self, most):
        return self.rng.randbytes(self.rng.randrange(most))

    def tcp(self, sport, dport):
        doff = self.rng.choice([5, 5, 5, 6, 15, 0, 4])
        return struct.pack("!HHIIBBHHH", sport, dport, self.rng.getrandbits(32),
                           self.rng.getrandbits(32), doff << 4,
                           self.rng.choice([2, 2, 16, 18, 4, 20, 1, 0, 63, 255]), 1000,
                           self.rng.choice([0, 1]), 0) + self.bytes(60)

    def udp(self, sport, dport):
        data = self.bytes(60)
        length = self.rng.choice([8 + len(data), 8, 0, 7, 65535])
        return struct.pack("!HHHH", sport, dport, length, 0) + data

    def sctp(self, sport, dport):
        chunk = self.rng.choice([0, 1, 2, 3, 6, 7, 9, 10, 14, 255])
        length = self.rng.choice([0, 3, 4, 20, 65535])
        return struct.pack("!HHII", sport, dport, self.rng.choice([0, self.rng.getrandbits(32)]),
                           0) + struct.pack("!BBH", chunk, 0, length) + self.bytes(40)

    def transport(self):
        proto = self.rng.choice([TCP, TCP, UDP, UDP, SCTP])
        sport, dport = self.rng.choice(self.sports), self.rng.choice(PORTS)
        data = {TCP: self.tcp, UDP: self.udp, SCTP: self.sctp}[proto](sport, dport)
        return proto, data[:self.rng.choice([len(data), len(data), len(data),
                                             self.rng.randrange(len(data))])]

    def addresses(self, version):
        if version == 4:
            return (self.rng.choice(["10.244.1.200", "198.51.100.7", "127.0.0.1", "10.96.0.10"]),
                    self.rng.choice([VIPS[0], VIPS[0], "192.168.10.11", "10.96.0.99"]))
        return (self.rng.choice(["fd00:10:244:1::200", "2001:db8::7", "::1", VIPS[1]]),
                self.rng.choice([VIPS[1], VIPS[1], "fd00:192:168:10::11", "fd00:10:96::99"]))

    def v4(self, proto, data, src, dst):
        options = self.rng.choice([b"", b"", b"\x01\x01\x01\x00", b"\x83\x07\x04\x0a\x00\x00\x01\x00"])
        frag = self.rng.choice([0, 0, 0, 0x2000, 0x0001, 0x2003, 0x4000])
        header = struct.pack("!BBHHHBBH4s4s", 0x45 + len(options) // 4, 0,
                             20 + len(options) + len(data), self.rng.getrandbits(16), frag,
                             self.rng.choice([64, 64, 1, 0]), proto, 0, socket.inet_aton(src),
                             socket.inet_aton(dst)) + options
        return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + data

    def v6(self, proto, data, src, dst):
        for _ in range(self.rng.choice([0, 0, 0, 1, 2])):
            kind = self.rng.choice([0, 43, 44, 60])
            body = struct.pack("!BBHI", proto, 0, self.rng.choice([0, 1, 8, 0xfff9]), 7)
            proto, data = kind, body + data
        return struct.pack("!IHBB", 6 << 28, len(data), proto, self.rng.choice([64, 1, 0])) + \
            socket.inet_pton(socket.AF_INET6, src) + socket.inet_pton(socket.AF_INET6, dst) + data

    def packet(self, version):
        proto, data = self.transport()
        src, dst = self.addresses(version)
        wrap = self.v4 if version == 4 else self.v6
        if self.rng.random() < 0.2:         # an error about such a packet, either way round
            about = wrap(proto, data, *self.rng.choice([(src, dst), (dst, src)]))
            kind = self.rng.choice([3, 11, 12] if version == 4 else [1, 2, 3, 4])
            body = struct.pack("!BBHI", kind, self.rng.choice([0, 3, 4]), 0, 576)
            whole = body + about[:self.rng.choice([len(about), 28, 48, 20, 8])]
            proto = ICMP if version == 4 else ICMPV6
            data = whole[:2] + struct.pack("!H", checksum(whole)) + whole[4:]
        return wrap(proto, data, src, dst)


def send_all(seed, sports):
    maker = Maker(random.Random(seed), sports)
    gateway = lab.run("ip", "-n", "node-a", "-o", "link", "show", "dev", "v200").stdout
    mac = bytes.fromhex(gateway.split("link/ether ")[1].split()[0].replace(":", ""))
    with Inside("probe"):
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        raw.bind(("eth0", 0))
    for i in range(PACKETS):
        version = maker.rng.choice([4, 6])
        raw.send(mac + b"\x02\0\0\0\0\x01" + struct.pack("!H", ETH[version]) +
                 maker.packet(version))
    raw.close()


def tests():
    seed = int(os.environ.get("HOSTILE_SEED", random.getrandbits(32)))

    @case(f"hostile: {PACKETS} odd packets leave everything as it was")
    def _():
        print("# HOSTILE_SEED", seed, flush=True)
        ports = [{"name": "http", "port": 80, "targetPort": "http", "nodePort": 30007},
                 {"name": "dns", "port": 53, "targetPort": "dns", "protocol": "UDP"},
                 {"name": "own", "port": 90, "targetPort": 9090},
                 {"name": "sctp", "port": 132, "targetPort": 9091, "protocol": "SCTP"}]
        wish = {"svcnat.io/removal": "reset", "svcnat.io/eject": "off"}
        web = service(type="NodePort", ports=ports, annotations=wish)
        apply(*all_pods(), web)
        servers = [Listener(f"default.web-{n}", port, proto) for n in (1, 2)
                   for port, proto in ((9090, 0), (9091, SCTP))]
        apply(*all_pods()[:2], web)
        held = [connect("probe", vip, port, proto) for vip in VIPS
                for port, proto in ((90, 0), (132, SCTP))]
        askers = [Asker("probe", vip, 53) for vip in VIPS]
        names = [asker.ask() for asker in askers]
        sports = [s.getsockname()[1] for s in held] + [a.sock.getsockname()[1] for a in askers]
        # Before and while connections are cut: packets meet entries of every kind.
        send_all(seed, sports + [1, 40000])
        for asker in askers:    # errors made up about their packets may well have come to them
            asker.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        expect([asker.ask() for asker in askers], names)
        apply(*all_pods()[2:], web)
        send_all(seed + 1, sports + [1, 40000])
        apply(*all_pods(), web)
        for source in ("probe", "client"):
            for vip in VIPS:
                got = lab.probe(source, [(vip, 80)], count=24)[0]
                expect(sum(counts(got).values()), 24, f"{source} {vip}")
        for sock in held + servers + askers:
            sock.close()


if __name__ == "__main__":
    lab.load_module()
    lab.run("modprobe", "-q", "sctp", check=False)
    cluster = lab.Lab(services.PODS)
    cluster.serve()
    try:
        tests()
    finally:
        cluster.down()
    lab.unload_module()
    sys.exit(bool(lab.FAILED))
