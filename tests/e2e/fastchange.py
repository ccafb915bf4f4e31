# SPDX-License-Identifier: GPL-2.0
"""Flows on the fast path, and what changes under them: seen by their next packet."""
import contextlib
import itertools
import os
import re
import socket
import struct
import sys
import time

import lab
import services
from fastpath import (SETTLED, SOURCES, VIPS, cached, connection, flows_of, goes_fast, only, port_of,
                      serve, settle, settle_tcp, shortcuts, stream, tracked)
from lab import case, run
from services import expect, pod
from talk import Asker, ending, open_in, send_tcp

RST = 0x04
HEARS_ONE_BIT = os.uname().release.startswith("6.1.")   # of nftables' generation
POLICY = """chain c {
 type filter hook forward priority 0
 ip daddr 10.244.1.11 drop
 ip6 daddr fd00:10:244:1::11 drop
}"""


@contextlib.contextmanager
def table(netns, text):
    run("nft", "-f", "-", netns=netns, stdin=f"table inet mine {{\n{text}\n}}\n")
    try:
        yield
    finally:
        run("nft", "delete", "table", "inet", "mine", netns=netns)


def silent(asker, within):
    """Asks until a question is not answered any more, at least once."""
    deadline = time.monotonic() + within
    asker.sock.settimeout(0.3)
    try:
        while True:
            try:
                asker.ask()
            except TimeoutError:
                return True
            if time.monotonic() >= deadline:
                return False
    finally:
        asker.sock.settimeout(20)


def stops(asker, within):
    """A question is not answered any more, soon enough, as far as 0.3 s of silence can tell."""
    begun = time.monotonic()
    assert silent(asker, 10), "it is still answered"
    took = time.monotonic() - begun
    assert took < within + 1.5, f"after {took:.1f} s"


@contextlib.contextmanager
def one_flow():
    """A flow of IPv4, to one Pod."""
    serve(only(1))
    with flows_of(("probe",), [(VIPS[4], 53)]) as (flows, _who):
        yield next(iter(flows.values()))


def steady(asker):
    """Until no rule changed for over a second: packets need not pass them for as long."""
    since = time.monotonic()

    def undisturbed():
        nonlocal since
        if not goes_fast(asker):
            since = time.monotonic()
        return time.monotonic() > since + 1.2
    lab.until(undisturbed, "a flow to be fast for a second")


def answered(asker, port=5353):
    """The Pod speaks, unasked."""
    src, sport = asker.sock.getsockname()[:2]
    with open_in("default.web-1", src, socket.SOCK_RAW, socket.IPPROTO_UDP) as raw:
        raw.sendto(struct.pack("!HHHH", port, sport, 12, 0) + b"news", (src, 0))
    expect(asker.sock.recv(100), b"news")


def counted(name, netns="default.web-1"):
    text = run("nft", "list", "counter", "inet", "mine", name, netns=netns).stdout
    return int(re.search(r"packets (\d+)", text)[1])


def is_rewritten(asker, send):
    before = counted("new")
    send(asker)
    return counted("new") > before


@contextlib.contextmanager
def flows_rewritten(field, four, six, send):
    """Flows on the fast path, then a rule in FORWARD: every packet comes to the Pod as it says."""
    serve(only(1))
    counters = "\n".join(
        f"counter {name} {{ }}\nchain {name} {{\n type filter hook prerouting priority 0\n"
        f" udp dport 5353 ip {field} {which} {four} counter name {name}\n"
        f" udp dport 5353 ip6 {field} {which} {six} counter name {name}\n}}"
        for name, which in (("old", "!="), ("new", "==")))
    rule = (f"chain c {{\n type filter hook forward priority 0\n udp dport 5353 ip {field} set {four}\n"
            f" udp dport 5353 ip6 {field} set {six}\n}}")
    with flows_of(("probe",), [(VIPS[f], 53) for f in (4, 6)]) as (flows, _who):
        with table("default.web-1", counters), table("node-a", rule):
            for key, asker in flows.items():
                lab.until(lambda a=asker: is_rewritten(a, send), f"{key} to be rewritten")
                old, new = counted("old"), counted("new")
                for _ in range(3 * SETTLED):
                    send(asker)
                lab.until(lambda n=new: counted("new") >= n + 3 * SETTLED, f"{key} to arrive")
                expect(counted("old"), old, key)
        yield flows


def changes():
    @case("fastchange: a Pod leaves: its UDP flows go elsewhere with their next packet")
    def _():
        for n in (1, 3):
            serve(only(n))
            with flows_of() as (flows, who):
                expect(set(who.values()), {f"default/web-{n}"})
                serve(only(2))
                expect({asker.ask() for asker in flows.values()}, {"default/web-2"})
                settle(flows)
                expect({asker.ask() for asker in flows.values()}, {"default/web-2"})

    @case("fastchange: the Service goes: the next packet is refused")
    def _():
        serve(only(1))
        with flows_of(dests=[(VIPS[f], 53) for f in (4, 6)]) as (flows, _who):
            serve([pod(1, "node-a", "other")])
            for key, asker in flows.items():
                try:
                    asker.ask()
                    raise AssertionError(f"{key} was answered")
                except ConnectionRefusedError:
                    pass

    @case("fastchange: a Pod that terminates keeps its flows")
    def _():
        serve(only(1))
        with flows_of() as (flows, _who):
            going = pod(1, "node-a")
            going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
            going["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
            serve([going, pod(2, "node-a")])
            expect({asker.ask() for asker in flows.values()}, {"default/web-1"})
            settle(flows)

    @case("fastchange: removal by reset reaches both ends within a second, busy or idle")
    def _():
        for busy, (source, vip) in itertools.product((0, 1), itertools.product(SOURCES,
                                                                               VIPS.values())):
            notes = {"svcnat.io/removal": "reset"}
            with connection(source, vip, 1, notes) as (client, served):
                settle_tcp(client, served)
                serve(only(2), notes)
                begun = time.monotonic()
                if busy:
                    with contextlib.suppress(OSError):
                        while time.monotonic() < begun + 1:
                            client.send(b"x")
                else:
                    expect(ending(client, 1), "ECONNRESET", f"{source} {vip}:")
                expect(ending(served, 1), "ECONNRESET", f"{source} {vip} busy={busy}:")

    @case("fastchange: a drain ends when its time is over, for a busy connection too")
    def _():
        notes = {"svcnat.io/removal": "drain=2"}
        with connection("probe", VIPS[4], 1, notes) as (client, served):
            settle_tcp(client, served)
            serve(only(2), notes)
            begun = time.monotonic()
            with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                while time.monotonic() < begun + 10:
                    client.send(b"x")
                    time.sleep(0.005)
            took = time.monotonic() - begun
            assert 1.5 < took < 3.5, f"ended after {took:.1f} s"

    @case("fastchange: keep: a connection goes on when its Pod left the Service")
    def _():
        with connection("probe", VIPS[4], 1) as ends:
            settle_tcp(*ends)
            serve(only(2))
            expect(stream(*ends, 100000), {"client": True, "Pod": True})

    @case("fastchange: a policy that comes later stops a flow at its next packet")
    def _():
        serve(only(1))
        with flows_of(dests=[(VIPS[f], 53) for f in (4, 6)]) as (flows, _who):
            steady(next(iter(flows.values())))
            with table("node-a", POLICY):
                for key, asker in flows.items():
                    before = shortcuts()
                    assert silent(asker, 0), f"{key} is still answered"
                    expect(shortcuts(), before, key)
            settle(flows)

    @case("fastchange: a policy in two transactions stops a flow soon")
    def _():
        serve(only(1))
        with flows_of(dests=[(VIPS[f], 53) for f in (4, 6)]) as (flows, _who):
            steady(next(iter(flows.values())))
            with table("node-a", POLICY):
                run("nft", "-f", "-", netns="node-a", stdin="add chain inet mine another\n")
                for asker in flows.values():
                    stops(asker, 4 if HEARS_ONE_BIT else 1)
            for asker in flows.values():
                asker.sock.settimeout(0.2)
                with contextlib.suppress(TimeoutError):     # answers of before
                    while True:
                        asker.sock.recv(100)
                asker.sock.settimeout(20)
            settle(flows)

    @case("fastchange: a policy right after another change stops a flow within a second")
    def _():
        with one_flow() as asker:
            steady(asker)
            with table("node-a", "chain unrelated {\n}"):
                asker.ask()
                run("nft", "-f", "-", netns="node-a", stdin=f"table inet mine {{\n{POLICY}\n}}\n")
                stops(asker, 1)

    @case("fastchange: an address in a set of ranges stops a flow within a second")
    def _():
        with one_flow() as asker:
            with table("node-a", "set blocked {\n type ipv4_addr . inet_service\n flags interval\n}\n"
                                 "chain c {\n type filter hook forward priority 0\n"
                                 " ip daddr . udp dport @blocked drop\n}"):
                steady(asker)
                many = ", ".join(f"10.{n >> 8}.{n & 255}.0/24 . 1-{n + 1}" for n in range(3000))
                run("nft", "-f", "-", netns="node-a",
                    stdin=f"add element inet mine blocked {{ 10.244.1.8/29 . 5000-6000, {many} }}\n")
                stops(asker, 1)

    @case("fastchange: a Pod that speaks unasked is on the fast path after a change of rules, too")
    def _():
        with one_flow() as asker:
            def fast():
                before = shortcuts()
                answered(asker)
                return shortcuts() == before + 1
            lab.until(fast, "an answer to be sent on")
            steady(asker)
            with table("node-a", "chain unrelated {\n}"):
                before = shortcuts()
                answered(asker)
                expect(shortcuts(), before)
                lab.until(fast, "an answer to be sent on again")

    def passes(asker):
        """When the next of its packets passes the rules, and how long a look took at most."""
        def counts():
            at.append(time.monotonic())
            asker.ask()
            return counted("passed", "node-a") > before
        before, at = counted("passed", "node-a"), []
        lab.until(counts, "a packet to pass the rules")
        at.append(time.monotonic())
        return at[-1], max(b - a for a, b in itertools.pairwise(at))

    @case("fastchange: a packet in four seconds passes the rules all the same")
    def _():
        with one_flow() as asker:
            with table("node-a", "counter passed { }\nchain c {\n type filter hook forward priority 0\n"
                                 " udp dport 5353 counter name passed\n}"):
                steady(asker)
                (first, one), (second, two) = passes(asker), passes(asker)
                gap = second - first
                assert 3 - one < gap < 5 + 2 * two, f"one {gap:.1f} s after the other"

    @case("fastchange: a rule that sets DSCP sets it on every packet")
    def _():
        with flows_rewritten("dscp", "cs1", "cs1", Asker.ask) as flows:
            settle(flows)

    @case("fastchange: a rule that sets an address without conntrack sets it on every packet")
    def _():
        with flows_rewritten("saddr", "192.0.2.9", "2001:db8::9", Asker.send):
            pass

    @case("fastchange: a flow that is deleted from conntrack is not sent on any more")
    def _():
        with one_flow() as asker:
            run("conntrack", "-D", "-p", "udp", "--sport", str(port_of(asker)), netns="node-a")
            expect(cached().count(port_of(asker)), 0)
            asker.ask()
            expect(tracked(asker), [1, 1])

    @case("fastchange: a route that changes is followed by the next packet")
    def _():
        serve(only(3))
        with flows_of(("probe",), [(VIPS[f], 53) for f in (4, 6)]) as (flows, _who):
            ways = [("10.244.2.13/32", "192.168.10.12"),
                    ("fd00:10:244:2::13/128", "fd00:192:168:10::12")]
            for to, _via in ways:
                run("ip", "-n", "node-a", "route", "add", "unreachable", to)
            try:
                for key, asker in flows.items():
                    before = shortcuts()
                    with contextlib.suppress(OSError):
                        asker.sock.settimeout(0.5)
                        asker.ask()
                    asker.sock.settimeout(20)
                    expect(shortcuts(), before, key)
            finally:
                for to, _via in ways:
                    run("ip", "-n", "node-a", "route", "del", "unreachable", to)
            for asker in flows.values():
                asker.sock.setblocking(False)
                with contextlib.suppress(OSError):
                    while True:
                        asker.sock.recv(100)
                asker.sock.settimeout(20)
            settle(flows)

    @case("fastchange: a narrower device is told of by the next packet that does not fit")
    def _():
        for source, vip in itertools.product(SOURCES, VIPS.values()):
            with connection(source, vip, 1) as ends:
                settle_tcp(*ends)
                expect(stream(*ends, 100000), {"client": True, "Pod": True})
                run("ip", "-n", "node-a", "link", "set", "v11", "mtu", "1280")
                try:
                    # One way: a veth takes nothing in that is longer than it sends.
                    expect(stream(*ends, 300000, back=False), {"Pod": True}, vip)
                finally:
                    run("ip", "-n", "node-a", "link", "set", "v11", "mtu", "1500")

    @case("fastchange: a neighbour that gets another address is followed")
    def _():
        serve(only(1))
        with flows_of(("probe",), [(VIPS[f], 53) for f in (4, 6)]) as (flows, _who):
            run("ip", "-n", "default.web-1", "link", "set", "eth0", "address", "02:00:00:00:00:99")
            for family in ("-4", "-6"):
                run("ip", family, "-n", "node-a", "neigh", "flush", "dev", "v11")
            for asker in flows.values():
                expect(asker.ask(), "default/web-1")
            settle(flows)

    @case("fastchange: a device goes with flows on it, and comes again")
    def _():
        serve(only(1))
        with flows_of(("probe",), [(VIPS[f], 53) for f in (4, 6)]) as (flows, _who):
            run("ip", "-n", "node-a", "link", "del", "v11", netns=None)
            left = {port_of(asker) for asker in flows.values()} & set(cached())
            expect(left, set(), "entries through a device that is gone:")
            cluster.pod(services.PODS[0])
            cluster.flush()
            for key, asker in flows.items():
                lab.until(lambda a=asker: answers(a), f"{key} to be answered again")
            settle(flows)

    @case("fastchange: conntrack is not deceived by a reset somebody made up")
    def _():
        with connection("probe", VIPS[4], 1) as ends:
            settle_tcp(*ends)
            port = ends[0].getsockname()[1]
            stream(*ends, 100000)
            for aged in (False, True):
                if aged:
                    lab.until(lambda: port not in cached(), "the connection to be idle")
                for seq in (0, 1 << 30, 2 << 30, 3 << 30):
                    send_tcp("probe", "10.244.1.200", port, VIPS[4], 90, RST, seq)
                expect(state_of(port), "ESTABLISHED", f"idle={aged}:")
            expect(stream(*ends, 100000), {"client": True, "Pod": True})

    @case("fastchange: a connection that ends leaves nothing behind")
    def _():
        for how in ("FIN", "RST"):
            with connection("probe", VIPS[4], 1) as (client, served):
                settle_tcp(client, served)
                port = client.getsockname()[1]
                expect(cached().count(port), 2)
                if how == "RST":
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            state = "TIME_WAIT" if how == "FIN" else "CLOSE"
            lab.until(lambda p=port, s=state: state_of(p) == s, f"conntrack to see the {how}")
            expect(cached().count(port), 0)


def state_of(port):
    """Conntrack's, of a connection from there."""
    return run("conntrack", "-L", "-p", "tcp", "--sport", str(port), netns="node-a").stdout.split()[3]


def answers(asker):
    asker.sock.settimeout(0.5)
    try:
        return asker.ask()
    except OSError:
        return None
    finally:
        asker.sock.settimeout(20)


if __name__ == "__main__":
    lab.load_module()
    cluster = lab.Lab(services.PODS)
    cluster.serve()
    try:
        changes()
    finally:
        cluster.down()
    lab.unload_module()
    sys.exit(bool(lab.FAILED))
