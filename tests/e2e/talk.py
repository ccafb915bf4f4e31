# SPDX-License-Identifier: GPL-2.0
"""Sockets of this process in other network namespaces, for what a test has to hold in
its own hand: a flow that goes on, an end that is idle, an error that arrives."""
import ctypes
import errno
import os
import select
import socket
import time

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
    """One UDP socket, connected, that asks again and again."""

    def __init__(self, netns, addr, port):
        self.sock = open_in(netns, addr, socket.SOCK_DGRAM)
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


class Listener:
    """A stream server in a namespace that says nothing by itself."""

    def __init__(self, netns, port, proto=0):
        self.sock = open_in(netns, "::", socket.SOCK_STREAM, proto)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind(("::", port))
        self.sock.listen(64)

    def accept(self):
        self.sock.settimeout(WAIT)
        return self.sock.accept()[0]

    def close(self):
        self.sock.close()


def connect(netns, addr, port, proto=0):
    sock = open_in(netns, addr, socket.SOCK_STREAM, proto)
    sock.settimeout(WAIT)
    sock.connect((addr, port))
    return sock


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
