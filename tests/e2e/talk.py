# SPDX-License-Identifier: GPL-2.0
"""Sockets of this process in other network namespaces, for what a test has to hold in
its own hand: a flow that goes on, an end that is idle, an error that arrives."""
import ctypes
import errno
import json
import os
import select
import socket
import struct
import time

import lab

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
WAIT = 20
SCTP = 132


def family_of(addr):
    return socket.AF_INET6 if ":" in addr else socket.AF_INET


class Inside:
    """The body runs in a namespace; what it opens stays there."""

    def __init__(self, netns):
        self.netns, self.home = netns, None

    def enter(self, fd):
        if LIBC.setns(fd, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns {self.netns}")

    def __enter__(self):
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        fd = os.open(f"/run/netns/{self.netns}", os.O_RDONLY)
        self.enter(fd)
        os.close(fd)

    def __exit__(self, *_):
        self.enter(self.home)
        os.close(self.home)


def open_in(netns, addr, kind, proto=0):
    with Inside(netns):
        return socket.socket(family_of(addr), kind, proto)


class Asker:
    """One UDP socket, connected, that asks again and again; from @sport, others may have, too."""

    def __init__(self, netns, addr, port, sport=0):
        self.sock = open_in(netns, addr, socket.SOCK_DGRAM)
        if sport:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.sock.bind(("", sport))
        self.sock.connect((addr, port))
        self.sock.settimeout(WAIT)

    def send(self):
        self.sock.send(b"who?\n")

    def ask(self):
        """The name of who answers; ConnectionRefusedError if an error comes back."""
        self.send()
        return self.sock.recv(1000).split()[0].decode()

    def close(self):
        self.sock.close()


def addresses(netns):
    """What others reach a namespace by."""
    links = json.loads(lab.run("ip", "-j", "-n", netns, "addr").stdout)
    return [a["local"] for link in links for a in link["addr_info"] if a["scope"] == "global"]


class Listener:
    """A stream server in a namespace that says nothing by itself. For SCTP a socket an
    address: one of any tells its peer of all, and that does not survive translation."""

    def __init__(self, netns, port, proto=0):
        self.socks = [self.open(netns, addr, port, proto)
                      for addr in (addresses(netns) if proto == SCTP else ["::"])]

    @staticmethod
    def open(netns, addr, port, proto):
        sock = open_in(netns, addr, socket.SOCK_STREAM, proto)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((addr, port))
        sock.listen(64)
        return sock

    def accept(self, within=WAIT):
        """A connection; None if there is none to be had in no time at all."""
        ready = select.select(self.socks, [], [], within)[0]
        if ready:
            return ready[0].accept()[0]
        if within:
            raise TimeoutError(f"nobody connected in {within} s")
        return None

    def close(self):
        for sock in self.socks:
            sock.close()


def routed_source(netns, addr):
    """The address routing chooses to reach another one."""
    with open_in(netns, addr, socket.SOCK_DGRAM) as sock:
        sock.connect((addr, 9))
        return sock.getsockname()[0]


def connect(netns, addr, port, proto=0):
    sock = open_in(netns, addr, socket.SOCK_STREAM, proto)
    sock.settimeout(WAIT)
    if proto == SCTP:
        if ":" in addr:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((routed_source(netns, addr), 0))
    sock.connect((addr, port))
    return sock


def checksum(data):
    """The internet's (RFC 1071)."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def send_tcp(netns, src, sport, dst, dport, flags, seq, ack=0, data=b""):
    """One segment over IPv4, made by hand."""
    def segment(check):
        return struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 5 << 4, flags, 1000, check,
                           0) + data
    pseudo = socket.inet_aton(src) + socket.inet_aton(dst) + struct.pack(
        "!BBH", 0, socket.IPPROTO_TCP, len(segment(0)))
    with Inside(netns):
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
    with raw:
        raw.sendto(segment(checksum(pseudo + segment(0))), (dst, 0))


def ending(sock, within=WAIT):
    """Waits for the end of a connection: its errno's name, "closed", or "alive"."""
    sock.setblocking(False)
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        select.select([sock], [], [], deadline - time.monotonic())
        try:
            if not sock.recv(1 << 16):
                return "closed"
        except BlockingIOError:
            continue
        except OSError as e:
            return errno.errorcode[e.errno]
    return "alive"
