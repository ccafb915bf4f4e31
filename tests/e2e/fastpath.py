# SPDX-License-Identifier: GPL-2.0
"""Established flows that are sent on at ingress: that they are, and that they arrive as on the
slow road. What changes under them is in fastchange.py."""
import contextlib
import ctypes
import fcntl
import hashlib
import itertools
import json
import socket
import struct
import sys
import threading

import lab
import services
from genl import C, Genl, attrs
from lab import case, run
from services import all_pods, apply, ctl, expect, pod, service
from talk import Asker, Inside, Listener, connect, open_in

VIPS = {4: "10.96.0.10", 6: "fd00:10:96::10"}
NODE = {4: "192.168.10.11", 6: "fd00:192:168:10::11"}
NODE_PORT = 30053
SOURCES = ("probe", "client")
PROBE = services.PODS[-1]
STREAM = 9090
IP_RECVERR, IPV6_RECVERR, IP_TTL, IPV6_UNICAST_HOPS = 11, 25, 2, 16
ETHTOOL, STXCSUM, SGRO = 0x8946, 0x17, 0x2C
SETTLED = 12        # packets a way, by when a flow is on the fast path


def serve(pods=None, annotations=None, **spec):
    ports = [{"name": "dns", "port": 53, "targetPort": "dns", "protocol": "UDP",
              "nodePort": NODE_PORT},
             {"name": "s", "port": 90, "targetPort": STREAM}]
    apply(*(all_pods() if pods is None else pods),
          service(type="NodePort", annotations=annotations, ports=ports, **spec))


def only(n):
    """Pod @n alone is in the Service."""
    return [pod(i, node, "web" if i == n else "other")
            for i, node in ((1, "node-a"), (2, "node-a"), (3, "node-b"))]


def kernel():
    with Inside("node-a"):
        return Genl()


def shortcuts():
    """Packets sent on by the fast path so far."""
    info = dict(attrs(dict(attrs(kernel().ask(C["CMD_INFO_GET"])[0]))[C["A_INFO"]]))
    return struct.unpack("Q", info[C["INFO_A_SHORTCUTS"]])[0]


def cached():
    """Client ports of what is on the fast path, once for each direction."""
    def port(body):
        entry = dict(attrs(dict(attrs(body))[C["A_CACHED"]]))
        flow = dict(attrs(entry[C["CACHED_A_FLOW"]]))
        return struct.unpack(">H", flow[C["FLOW_A_SPORT"]])[0]
    return sorted(port(body) for body in kernel().dump(C["CMD_FLOW_GET"]))


def askers(sources=SOURCES, dests=None):
    dests = dests or [(VIPS[f], 53) for f in (4, 6)] + [(NODE[f], NODE_PORT) for f in (4, 6)]
    return {(source, addr): Asker(source, addr, port) for source in sources
            for addr, port in dests}


def goes_fast(asker):
    before = shortcuts()
    asker.ask()
    return shortcuts() - before == 2


def settle(flows):
    """Asks until each is on the fast path, both ways; who answers each."""
    for key, asker in flows.items():
        for _ in range(SETTLED):
            asker.ask()
        lab.until(lambda a=asker: goes_fast(a), f"{key} to be on the fast path")
    return {key: asker.ask() for key, asker in flows.items()}


@contextlib.contextmanager
def flows_of(*args, **kw):
    flows = askers(*args, **kw)
    try:
        yield flows, settle(flows)
    finally:
        for asker in flows.values():
            asker.close()


def port_of(asker):
    return asker.sock.getsockname()[1]


def tracked(asker):
    """What conntrack says of a flow: packets asked, packets answered."""
    text = run("conntrack", "-L", "-p", "udp", "--sport", str(port_of(asker)), "-f",
               "ipv6" if asker.sock.family == socket.AF_INET6 else "ipv4", netns="node-a").stdout
    return [int(word.split("=")[1]) for word in text.split() if word.startswith("packets=")]


def device(netns, name, command, value):
    """What ethtool -K does: TX checksums, GRO."""
    with open_in(netns, "0", socket.SOCK_DGRAM) as sock:
        arg = ctypes.create_string_buffer(struct.pack("II", command, value))
        fcntl.ioctl(sock, ETHTOOL, struct.pack("16sP", name.encode(), ctypes.addressof(arg)))


def taken():
    @case("fastpath: an answered UDP flow is sent on at ingress, both ways, and conntrack counts")
    def _():
        serve()
        with flows_of() as (flows, _who):
            for key, asker in flows.items():
                # Nearly all: a term may end, and one each way goes the slow road.
                sent, before = tracked(asker)[0], shortcuts()
                for _ in range(50):
                    asker.ask()
                gone = shortcuts() - before
                assert 80 <= gone <= 100, (key, gone)
                expect(tracked(asker), [sent + 50] * 2, key)
                expect(cached().count(port_of(asker)), 2)

    @case("fastpath: more flows than the cache begins with have their places, and no packet is lost")
    def _():
        serve()
        flows = [Asker("probe", VIPS[4], 53) for _ in range(800)]
        try:
            def all_fast():
                for asker in flows:
                    asker.ask()
                # One in hundreds finds its bucket full. That is more than were room at first.
                return len(cached()) >= 2 * len(flows) - 40
            lab.until(all_fast, "all flows to be on the fast path")
            # Twice each: a slow machine's turn may take longer than an entry is good for.
            before = shortcuts()
            for asker in flows:
                asker.ask()
                asker.ask()
            assert shortcuts() - before > len(flows), shortcuts() - before
        finally:
            for asker in flows:
                asker.close()
            # Who gets one of their ports by chance is not to go on with their flow.
            run("conntrack", "-D", "-p", "udp", "--dport", "53", netns="node-a")

    @case("fastpath: flows of one packet, and of a few, take no place")
    def _():
        serve()
        before = cached()
        for _ in range(100):
            asker = Asker("probe", VIPS[4], 53)
            asker.ask()
            asker.close()
        with contextlib.closing(Asker("probe", VIPS[4], 53)) as asker:
            for _ in range(5):
                asker.ask()
        new = set(cached()) - set(before)
        assert not new, new

    @case("fastpath: the node's own flows, and those to its own Pods, take the slow road")
    def _():
        serve()
        with contextlib.closing(Asker("node-a", VIPS[4], 53)) as asker:
            before = shortcuts()
            for _ in range(2 * SETTLED):
                asker.ask()
            expect(shortcuts(), before)

    @case("fastpath: off for the node, off for a Service, on again")
    def _():
        for how in ("node", "service"):
            serve()
            with flows_of(("probe",)) as (flows, _who):
                if how == "node":
                    ctl("apply", "-f", "-", "--fast-path=no", stdin=json.dumps(pod(1, "node-a")))
                else:
                    serve(annotations={"svcnat.io/fast-path": "off"})
                before = shortcuts()
                for asker in list(flows.values()) * 20:
                    asker.ask()
                expect(shortcuts(), before, how)
                if how == "node":
                    ctl("apply", "-f", "-", "--fast-path", stdin=json.dumps(pod(1, "node-a")))
                else:
                    serve()
                settle(flows)


def told():
    @case("fastpath: svcctl flows lists them, explain says which would be")
    def _():
        serve(only(3))
        with flows_of(dests=[(VIPS[f], 53) for f in (4, 6)]) as (flows, _who):
            listed = json.loads(ctl("flows", "web", "-o", "json").stdout)["items"]
            rows = {(f["client"]["port"], f["frontend"]["address"]): f for f in listed}
            for (source, vip), asker in flows.items():
                row = rows[port_of(asker), vip]
                expect((row["service"], row["protocol"], row["backend"]["port"]),
                       ("default/web:dns", "UDP", 5353), f"{source} {vip}:")
                sent = tracked(asker)[0]
                expect((row["in"]["packets"], row["out"]["packets"]), (sent, sent))
            for asker in flows.values():        # none is to have gone cold meanwhile
                asker.ask()
            text = ctl("flows").stdout
            expect(text.count("web:dns"), text.count("\n") - 1, text)
            stats = json.loads(ctl("stats", "-o", "json").stdout)["totals"]
            expect(stats["fast_path_packets"], shortcuts())
        index = json.loads(run("ip", "-j", "-n", "node-a", "link", "show", "v200").stdout)
        for iif, dest, wanted in ((("iif", index[0]["ifname"]), f"{VIPS[4]}:53", "yes"),
                                  ((), f"{VIPS[4]}:53", "from-node")):
            said = json.loads(ctl("explain", "udp", "10.244.1.200:5000", dest, *iif,
                                  "-o", "json").stdout)
            expect(said["fast_path"], wanted, iif)


def stream(client, served, size, back=True):
    """Sends @size bytes there and @back, at once; what arrived of them."""
    data, got = hashlib.sha256(str(size).encode()).digest() * (size // 32), {}

    def read(name, sock):
        parts, left = [], len(data)
        while left:
            parts.append(sock.recv(min(left, 1 << 16)))
            left -= len(parts[-1])
        got[name] = b"".join(parts) == data

    threads = [threading.Thread(target=read, args=("Pod", served)),
               threading.Thread(target=client.sendall, args=(data,))]
    if back:
        threads += [threading.Thread(target=read, args=("client", client)),
                    threading.Thread(target=served.sendall, args=(data,))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return got


@contextlib.contextmanager
def connection(source, vip, n, annotations=None):
    """A TCP connection to Pod @n, both its ends."""
    serve(only(n), annotations)
    server = Listener(f"default.web-{n}", STREAM)
    client = connect(source, vip, 90)
    served = server.accept()
    served.settimeout(20)
    try:
        yield client, served
    finally:
        for end in (client, served, server):
            end.close()


def settle_tcp(client, served):
    before = shortcuts()

    def fast():
        for one, other in ((client, served), (served, client)):
            one.send(b"x")
            expect(other.recv(10), b"x")
        return shortcuts() - before >= 8
    lab.until(fast, "a connection to be on the fast path")


def carried():
    @case("fastpath: TCP streams arrive whole, with and without GRO and checksums left open")
    def _():
        devices = [("probe", "eth0"), ("client", "eth0"), ("node-a", "eth0"), ("node-a", "v200"),
                   ("node-a", "v11"), ("default.web-1", "eth0")]
        for gro, sums in itertools.product((1, 0), (1, 0)):
            for netns, dev in devices:
                device(netns, dev, SGRO, gro)
                device(netns, dev, STXCSUM, sums)
            for source, vip in itertools.product(SOURCES, VIPS.values()):
                with connection(source, vip, 1) as ends:
                    settle_tcp(*ends)
                    before = shortcuts()
                    expect(stream(*ends, 600000), {"client": True, "Pod": True},
                           f"{source} {vip} gro={gro} sums={sums}:")
                    assert shortcuts() > before + 20, "the stream took the slow road"
        for netns, dev in devices:
            device(netns, dev, STXCSUM, 1)

    @case("fastpath: UDP with checksums made by the sender, and with none")
    def _():
        serve()
        device("probe", "eth0", STXCSUM, 0)
        try:
            with flows_of(("probe",)) as (flows, _who):
                for asker in list(flows.values()) * 5:
                    asker.ask()
                for key, asker in flows.items():
                    if ":" not in key[1]:
                        asker.sock.setsockopt(socket.SOL_SOCKET, 11, 1)     # SO_NO_CHECK
                        assert goes_fast(asker) or goes_fast(asker), key
        finally:
            device("probe", "eth0", STXCSUM, 1)

    @case("fastpath: fragments, options and a TTL that ends take the slow road and arrive")
    def _():
        serve(only(3))
        with flows_of(dests=[(VIPS[f], 53) for f in (4, 6)]) as (flows, _who):
            for (source, vip), asker in flows.items():
                six = ":" in vip
                sock = asker.sock
                sock.send(b"q" * 4000)
                expect(sock.recv(100).split()[0], b"default/web-3", f"{source} {vip}, fragments:")
                if not six:
                    sock.setsockopt(socket.IPPROTO_IP, 4, b"\x01" * 4)      # IP_OPTIONS: NOP
                    expect(asker.ask(), "default/web-3", f"{source}, options:")
                    sock.setsockopt(socket.IPPROTO_IP, 4, b"")
                sock.setsockopt(41 if six else 0, IPV6_RECVERR if six else IP_RECVERR, 1)
                hops = IPV6_UNICAST_HOPS if six else IP_TTL
                sock.setsockopt(41 if six else 0, hops, 1)
                try:
                    asker.ask()
                    raise AssertionError(f"{source} {vip}: a packet of TTL 1 was sent on")
                except OSError as e:
                    expect(e.errno, 113, f"{source} {vip}:")                # EHOSTUNREACH
                sock.setsockopt(41 if six else 0, hops, 2)
                try:
                    asker.ask()             # node-b has it with 1 left and sends it no further
                    raise AssertionError(f"{source} {vip}: a packet of TTL 2 came to the Pod")
                except OSError as e:
                    expect(e.errno, 113, f"{source} {vip}:")
                sock.setsockopt(41 if six else 0, hops, 64)
                expect(asker.ask(), "default/web-3")


@contextlib.contextmanager
def link_of(kind, words):
    """One more link of some kind between the client and node-a; what leads away at its end."""
    ends = {"client": 50, "node-a": 11}
    run("modprobe", "-q", kind if kind != "vlan" else "8021q", check=False)
    try:
        for netns, host in ends.items():
            other = {"client": 11, "node-a": 50}[netns]
            run("ip", "-n", netns, "-batch", "-", stdin=f"""
link add name extra link eth0 type {kind} {words.format(peer=f"192.168.10.{other}")}
addr add 192.168.50.{host}/24 dev extra
addr add fd00:192:168:50::{host}/64 dev extra nodad
link set extra up
""")
        run("ip", "-n", "client", "route", "add", VIPS[4], "via", "192.168.50.11")
        run("ip", "-n", "client", "route", "add", VIPS[6], "via", "fd00:192:168:50::11")
        yield
    finally:
        for netns in ends:
            run("ip", "-n", netns, "link", "del", "extra")


def call_iptables(on):
    """Does br_netfilter take what crosses a bridge through IP's rules? False: there is none."""
    script = " && ".join(f"echo {on} >/proc/sys/net/bridge/bridge-nf-call-{tables}"
                         for tables in ("iptables", "ip6tables"))
    return not run("sh", "-c", script, netns="node-a", check=False).returncode


def kinds():
    def carries(source):
        serve(only(1))
        with flows_of((source,), [(VIPS[f], 53) for f in (4, 6)]):
            pass
        for vip in VIPS.values():
            with connection(source, vip, 1) as ends:
                settle_tcp(*ends)
                before = shortcuts()
                expect(stream(*ends, 300000), {"client": True, "Pod": True}, f"{source} {vip}:")
                assert shortcuts() > before + 10, "the stream took the slow road"

    @case("fastpath: a VLAN")
    def _():
        with link_of("vlan", "id 5"):
            carries("client")

    @case("fastpath: a tunnel")
    def _():
        with link_of("vxlan", "id 5 dstport 4789 remote {peer}"):
            carries("client")

    @case("fastpath: a bridge")
    def _():
        call_iptables(0)
        with lab.bridged(PROBE):
            carries("probe")

    @case("fastpath: packets br_netfilter has seen take the slow road, and arrive")
    def _():
        run("modprobe", "-q", "br_netfilter", check=False)
        assert call_iptables(1), "this kernel has no br_netfilter"
        serve(only(3))
        with lab.bridged(PROBE), contextlib.closing(Asker("probe", VIPS[4], 53)) as asker:
            for _ in range(2 * SETTLED):
                expect(asker.ask(), "default/web-3")
            # What comes back comes through no bridge.
            expect(cached().count(port_of(asker)), 1)
        call_iptables(0)


if __name__ == "__main__":
    lab.load_module()
    cluster = lab.Lab(services.PODS)
    cluster.serve()
    try:
        taken()
        told()
        carried()
        kinds()
    finally:
        cluster.down()
    lab.unload_module()
    sys.exit(bool(lab.FAILED))
