# SPDX-License-Identifier: GPL-2.0
"""What a path does to packets, through a Service: errors both ways, its MTU, fragments."""
import contextlib
import errno
import itertools
import socket
import sys
import threading

import lab
from lab import case, run
from objects import ADDRESS, Set, address, make_lab
from services import expect
from talk import open_in

UDP, TCP = 90, 91                   # ports of the Service; the same of its endpoints
IP_RECVERR, IP_MTU_DISCOVER, IP_MTU = 11, 10, 14
IPV6_RECVERR, IPV6_MTU_DISCOVER, IPV6_MTU = 25, 23, 24
DONT, DO = 0, 2
SOURCES, SERVERS = ("probe", "client", "node-a"), ("here-1", "there-1")


def netns(name):
    return f"second.{name}" if name[-1].isdigit() else name


def serve(name):
    """Only @name is behind the Service; its ClusterIPs."""
    objects = Set()
    objects.add("path", f"{name}:r")
    for o in objects.objects:
        for p in o["spec"]["ports"][:2] if o["kind"] == "Service" else o.get("ports", ())[:2]:
            p["port"] = TCP if p["protocol"] == "TCP" else UDP
            p.pop("targetPort", None)
    objects.apply()
    return {4: address("ClusterIP", 1, 4), 6: address("ClusterIP", 1, 6)}


def setting(sock, four, six, value):
    is_six = sock.family == socket.AF_INET6
    sock.setsockopt(41 if is_six else 0, six if is_six else four, value)


def mtu_of(sock):
    is_six = sock.family == socket.AF_INET6
    return sock.getsockopt(41 if is_six else 0, IPV6_MTU if is_six else IP_MTU)


def server_of(name, family, kind=socket.SOCK_DGRAM):
    sock = open_in(netns(name), ADDRESS[name][family], kind)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((ADDRESS[name][family], UDP if kind == socket.SOCK_DGRAM else TCP))
    sock.settimeout(20)
    return sock


def client_of(source, to, kind=socket.SOCK_DGRAM, before=lambda sock: None):
    sock = open_in(source, to, kind)
    sock.settimeout(20)
    before(sock)
    sock.connect((to, UDP if kind == socket.SOCK_DGRAM else TCP))
    return sock


def pairs():
    """(who asks, who serves, the family, a connected client, the server's socket)."""
    for name in SERVERS:
        vips = serve(name)
        for source, (family, vip) in itertools.product(SOURCES, vips.items()):
            with server_of(name, family) as server, client_of(source, vip) as client:
                yield source, name, family, client, server


@contextlib.contextmanager
def narrow_to(source, mtu):
    """node-a's way to the client is narrow, what it sends to it apart."""
    ways = [(ADDRESS[source][f], f) for f in (4, 6)]
    for addr, _ in ways:
        run("ip", "-n", "node-a", "route", "add", addr, "dev", "eth0", "mtu", str(mtu))
    try:
        yield
    finally:
        for addr, _ in ways:
            run("ip", "-n", "node-a", "route", "del", addr, "dev", "eth0")


@contextlib.contextmanager
def narrow_behind(mtu):
    """Node-b's way to the Pod; the device stays, or it would drop what the Pod sends."""
    ways = [ADDRESS["there-1"][f] for f in (4, 6)]
    for addr in ways:
        run("ip", "-n", "node-b", "route", "change", addr, "dev", "v21", "mtu", str(mtu))
    try:
        yield
    finally:
        for addr in ways:
            run("ip", "-n", "node-b", "route", "change", addr, "dev", "v21")


def heard(sock):
    """The error a socket hears next."""
    try:
        sock.recv(100)
    except OSError as e:
        return errno.errorcode.get(e.errno, str(e))
    return "an answer"


def errors():
    @case("path: that a client has gone is told to the Pod that answers it")
    def _():
        for source, name, family, client, server in pairs():
            client.send(b"who?")
            _, asked_by = server.recvfrom(100)
            client.close()
            server.connect(asked_by)
            server.send(b"answer")
            expect(heard(server), "ECONNREFUSED", f"{name} to {source}, IPv{family}:")

    @case("path: a packet that lived too long behind the Service is told to who sent it")
    def _():
        vips = serve("there-1")
        for source, (family, vip) in itertools.product(("probe", "client"), vips.items()):
            with client_of(source, vip) as client:
                setting(client, IP_RECVERR, IPV6_RECVERR, 1)
                setting(client, 2, 16, 2)           # IP_TTL, IPV6_UNICAST_HOPS: ends at node-b
                client.send(b"who?")
                expect(heard(client), "EHOSTUNREACH", f"{source}, IPv{family}:")

    @case("path: a Pod on a road that is closed: its node says so, the client hears it")
    def _():
        vips = serve("there-1")
        run("nft", "-f", "-", netns="node-b", stdin="""table inet closed {
            chain c { type filter hook forward priority 0;
                udp dport 90 reject with icmpx type admin-prohibited
            }
        }""")
        try:
            for source, (family, vip) in itertools.product(SOURCES, vips.items()):
                with client_of(source, vip) as client:
                    setting(client, IP_RECVERR, IPV6_RECVERR, 1)
                    client.send(b"who?")
                    expect(heard(client), "EHOSTUNREACH" if family == 4 else "EACCES",
                           f"{source}, IPv{family}:")
        finally:
            run("nft", "delete", "table", "inet", "closed", netns="node-b")


def widths():
    @case("path: a narrow way to the client is told to the Pod that answers it")
    def _():
        with narrow_to("client", 1300):
            for source, name, family, client, server in pairs():
                if source != "client":
                    continue
                client.send(b"who?")
                _, asked_by = server.recvfrom(100)
                server.connect(asked_by)
                setting(server, IP_MTU_DISCOVER, IPV6_MTU_DISCOVER, DO)
                server.send(b"x" * 1400)
                lab.until(lambda s=server: mtu_of(s) == 1300, f"{name} to hear of it, IPv{family}")
                server.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                server.send(b"x" * 1200)
                expect(client.recv(2000), b"x" * 1200)

    @case("path: TCP finds its way through a narrow one, before and behind the Service")
    def _():
        for narrow in (lambda: narrow_to("client", 1280), lambda: narrow_behind(1280)):
            vips = serve("there-1")
            with narrow():
                for source, (family, vip) in itertools.product(("client", "probe"), vips.items()):
                    sent = transfer(source, vip, "there-1", family)
                    expect(sent, (300000, 300000), f"{source}, IPv{family}:")

    @case("path: datagrams larger than the path's MTU pass in fragments, both ways")
    def _():
        for source, name, family, client, server in pairs():
            for sock in (client, server):
                setting(sock, IP_MTU_DISCOVER, IPV6_MTU_DISCOVER, DONT)
            for size in (1473, 4000, 60000):
                client.send(b"q" * size)
                asked, asked_by = server.recvfrom(70000)
                expect(asked == b"q" * size, True, f"{source} to {name}, IPv{family}, {size}:")
                server.sendto(b"a" * size, asked_by)
                expect(client.recv(70000) == b"a" * size, True,
                       f"{name} to {source}, IPv{family}, {size}:")

    @case("path: fragments through a node port and a load balancer's address")
    def _():
        objects = Set()
        objects.add("frag", "there-1:r here-1:r", etp="Local")
        objects.apply()
        for kind, family in itertools.product(("NodePort", "LoadBalancer", "externalIP"), (4, 6)):
            to = address(kind, 1, family), 30001 if kind == "NodePort" else 80
            with open_in("client", to[0], socket.SOCK_DGRAM) as client:
                setting(client, IP_MTU_DISCOVER, IPV6_MTU_DISCOVER, DONT)
                client.settimeout(20)
                client.connect(to)
                client.send(b"q" * 5000)
                expect(client.recv(100).decode().split()[:2],
                       ["here-1", ADDRESS["client"][family]])


def read_all(sock):
    got = 0
    while True:
        more = sock.recv(1 << 16)
        if not more:
            return got
        got += len(more)


def transfer(source, vip, name, family, size=300000):
    """Bytes that arrived there and back."""
    got = {}

    def answer():
        conn = listener.accept()[0]
        conn.settimeout(20)
        got["there"] = read_all(conn)
        conn.sendall(b"a" * size)
        conn.close()

    with server_of(name, family, socket.SOCK_STREAM) as listener:
        listener.listen()
        thread = threading.Thread(target=answer)
        thread.start()
        with client_of(source, vip, socket.SOCK_STREAM) as client:
            client.sendall(b"q" * size)
            client.shutdown(socket.SHUT_WR)
            got["back"] = read_all(client)
        thread.join()
    return got["there"], got["back"]


if __name__ == "__main__":
    lab.load_sctp()
    lab.load_module()
    cluster = make_lab()
    try:
        errors()
        widths()
    finally:
        cluster.down()
    lab.unload_module()
    sys.exit(bool(lab.FAILED))
