# SPDX-License-Identifier: GPL-2.0
"""In company: rules of networks and policy engines, written with nft and iptables, another
user of the kernel's flow table, IPVS, and kube-proxy's own table."""
import contextlib
import itertools
import json
import os
import socket
import sys

import lab
import referee
from lab import case, probe, run
from objects import ADDRESS, STATE, Set, address, make_lab
from services import expect
from talk import Asker, connect, ending, family_of, open_in

WEB = {"here-1", "here-2", "there-1"}
GET = b"GET / HTTP/1.1\r\nHost: pod\r\n\r\n"
VIPS = {f: address("ClusterIP", 1, f) for f in (4, 6)}
NODE, CLIENT = ADDRESS["node-a"], ADDRESS["client"]
OF = {4: "ip", 6: "ip6"}


def ctl(*argv, **kw):
    return lab.svcctl(*argv, "--state", STATE, **kw)


def serve(condition="here-1:r here-2:r there-1:r", annotations=None, **spec):
    objects = Set()
    objects.add("web", condition, **spec)
    objects.objects[-3]["metadata"]["annotations"] = annotations or {}
    objects.apply()


@contextlib.contextmanager
def table(text, netns="node-a", name="inet other"):
    """An nftables table of somebody else's."""
    run("nft", "-f", "-", netns=netns, stdin=f"table {name} {{\n{text}\n}}\n")
    try:
        yield
    finally:
        run("nft", "delete", "table", *name.split(), netns=netns)


@contextlib.contextmanager
def iptables(*rules, tool="iptables"):
    """Rules "CHAIN ..." or "-t TABLE CHAIN ..." appended."""
    def all_of(how):
        for rule in rules:
            words = rule.split()
            at = 2 if words[0] == "-t" else 0
            run(tool, *words[:at], how, *words[at:], netns="node-a")
    all_of("-A")
    try:
        yield
    finally:
        all_of("-D")


def chain(hook, *rules, kind="filter", priority="0"):
    lines = "\n".join(rules)
    return f"chain {hook} {{\ntype {kind} hook {hook} priority {priority};\n{lines}\n}}"


def ask(source, to, dport=80, proto="TCP", count=24, timeout=20):
    """Who answered, the sources they saw, and what else happened how often."""
    result = probe(source, [(to, dport)], proto, count=count, timeout=timeout)[0]
    return {a["name"] for a in result["answers"]}, {a["source"] for a in result["answers"]}, \
        {k: v for k, v in result.items() if v and k not in ("answers", "answered", "mtu")}


def counted(name, family, proto):
    """Connections and active ones of a backend."""
    for s in json.loads(ctl("stats", "-A", "-o", "json").stdout)["services"]:
        for b in s["backends"]:
            if b["address"] == ADDRESS[name][family] and s["protocol"] == proto:
                return b["connections"], b["active"]
    raise AssertionError(f"no backend {name}")


def drops_one(name, kept, families=(4, 6)):
    """Nobody hears of @name, and nothing is counted of it; TCP asks again and is served. A
    third of the draws fall on @name: all five in 30 s do, for one client in 243."""
    def ask_all(source, proto):
        return probe(source, [(VIPS[f], 80) for f in families], proto,
                     count=8 if proto == "TCP" else 60, timeout=30 if proto == "TCP" else 1.5)

    for (source, proto), results in lab.side_by_side(
            ask_all, itertools.product(("probe", "client"), ("TCP", "UDP"))):
        for result in results:
            seen, what = {a["name"] for a in result["answers"]}, f"{source} {proto}: {result}"
            assert seen <= kept if proto == "TCP" else seen == kept, what
            if proto == "TCP":
                assert 8 - result["timeout"] == result["answered"] >= 6, what
            else:
                assert result["timeout"] == 60 - result["answered"] > 0, what
        expect(len(results), len(families), f"{source} {proto}")
    for family, proto in itertools.product(families, ("TCP", "UDP")):
        expect(counted(name, family, proto), (0, 0), f"{name} IPv{family} {proto}:")


def policies():
    one = [f"{OF[f]} daddr {ADDRESS['here-2'][f]} counter drop" for f in (4, 6)]

    def forward(how):
        ctl("flush")
        serve()
        with how:
            drops_one("here-2", WEB - {"here-2"})
            text = run("nft", "list", "ruleset", netns="node-a").stdout + "".join(
                run(tool, "-S", "-v", netns="node-a", check=False).stdout
                for tool in ("iptables", "ip6tables"))
        return text

    @case("coexist: an nft policy in FORWARD on a Pod's address: the Pod gets nothing")
    def _():
        text = forward(table(chain("forward", *one)))
        assert "packets 0" not in text, text

    @case("coexist: an iptables policy in FORWARD on a Pod's address: the Pod gets nothing")
    def _():
        with iptables(f"FORWARD -d {ADDRESS['here-2'][6]} -j DROP", tool="ip6tables"):
            forward(iptables(f"FORWARD -d {ADDRESS['here-2'][4]} -j DROP"))

    @case("coexist: a policy in INPUT on the node's own Pod sees the Pod's port")
    def _():
        for how in (table(chain("input", "meta l4proto { tcp, udp } th dport 8080 drop")),
                    iptables("INPUT -p tcp --dport 8080 -j DROP",
                             "INPUT -p udp --dport 8080 -j DROP")):
            ctl("flush")
            serve("node-a:r here-1:r there-1:r")
            with how:
                drops_one("node-a", {"here-1", "there-1"}, [4])

    @case("coexist: a policy that lets only one Pod in knows it by its own address")
    def _():
        serve("here-1:r", etp="Local")
        rules = [f"{OF[f]} saddr != {ADDRESS['probe'][f]} {OF[f]} daddr {ADDRESS['here-1'][f]} drop"
                 for f in (4, 6)]
        with table(chain("forward", "ct state established,related accept", *rules)):
            for family in (4, 6):
                for to, dport in ((VIPS[family], 80), (NODE[family], 30001),
                                  (address("LoadBalancer", 1, family), 80)):
                    expect(ask("probe", to, dport, count=4),
                           ({"here-1"}, {ADDRESS["probe"][family]}, {}), to)
                    expect(ask("client", to, dport, count=2, timeout=1.5),
                           (set(), set(), {"timeout": 2}), to)

    @case("coexist: a policy may ask what address was asked for: the Service's")
    def _():
        serve()
        rules = [f"ct original {OF[f]} daddr {VIPS[f]} drop" for f in (4, 6)]
        with table(chain("forward", *rules)):
            for family in (4, 6):
                expect(ask("probe", VIPS[family], proto="UDP", count=2, timeout=1.5)[2],
                       {"timeout": 2})
                expect(ask("probe", NODE[family], 30001, "UDP")[2], {})

    @case("coexist: what a policy rejects, whoever asked the Service hears")
    def _():
        serve("there-1:r")
        with table(chain("forward", "meta l4proto { tcp, udp } th dport 8080 reject")):
            for source in ("probe", "client"):
                for family in (4, 6):
                    for proto in ("TCP", "UDP"):
                        expect(set(ask(source, VIPS[family], 80, proto, count=2)[2]),
                               {"icmp-port"}, f"{source} {proto} IPv{family}")


def outside(netns, family):
    """The source that an outside server sees of @netns."""
    with open_in("client2", CLIENT[family], socket.SOCK_DGRAM) as server, \
            open_in(netns, CLIENT[family], socket.SOCK_DGRAM) as client:
        server.bind(("", 9999))
        server.settimeout(10)
        client.sendto(b"hello", (ADDRESS["client2"][family], 9999))
        return server.recvfrom(100)[1][0]


def networks():
    @case("coexist: a network that masquerades what leaves the cluster leaves Services alone")
    def _():
        serve()
        rules = ["ip saddr 10.244.0.0/16 ip daddr != 10.244.0.0/16 masquerade",
                 "ip6 saddr fd00:10:244::/48 ip6 daddr != fd00:10:244::/48 masquerade"]
        with table(chain("postrouting", *rules, kind="nat", priority="srcnat")):
            for family in (4, 6):
                expect(ask("probe", VIPS[family]), (WEB, {ADDRESS["probe"][family]}, {}))
                expect(ask("client", NODE[family], 30001), (WEB, {NODE[family]}, {}))
                expect(outside("probe", family), NODE[family], "outside:")

    @case("coexist: the same with iptables")
    def _():
        serve()
        with iptables("-t nat POSTROUTING -s 10.244.0.0/16 ! -d 10.244.0.0/16 -j MASQUERADE"):
            expect(ask("probe", VIPS[4]), (WEB, {ADDRESS["probe"][4]}, {}))
            expect(ask("client", NODE[4], 30001), (WEB, {NODE[4]}, {}))
            expect(outside("probe", 4), NODE[4], "outside:")

    @case("coexist: a network that masquerades all that leaves by a device does so")
    def _():
        serve("here-1:r there-1:r")
        with table(chain("postrouting", "oifname eth0 masquerade", kind="nat", priority="srcnat")):
            for family in (4, 6):
                result = probe("probe", [(VIPS[family], 80)], count=24)[0]
                expect({a["name"]: a["source"] for a in result["answers"]},
                       {"here-1": ADDRESS["probe"][family], "there-1": NODE[family]})

    @case("coexist: ports of the host that a network translates, beside node ports")
    def _():
        serve()
        rules = [f"{OF[f]} daddr {NODE[f]} tcp dport 8888 dnat {OF[f]} to "
                 + (f"{ADDRESS['here-1'][f]}:8080" if f == 4 else f"[{ADDRESS['here-1'][f]}]:8080")
                 for f in (4, 6)]
        with table(chain("prerouting", *rules, kind="nat", priority="dstnat")):
            for family in (4, 6):
                expect(ask("client", NODE[family], 8888),
                       ({"here-1"}, {CLIENT[family]}, {}))
                expect(ask("client", NODE[family], 30001), (WEB, {NODE[family]}, {}))


FLOWTABLE = """flowtable f {
    hook ingress priority 0; devices = { eth0, v11, v12, v200 };
}
""" + chain("forward", "meta l4proto { tcp, udp } flow add @f")


def say(sock):
    """Asks once more over a connection that exists; who answers."""
    if isinstance(sock, Asker):
        return sock.ask()
    sock.send(GET)
    return sock.recv(4096).split(b"\r\n\r\n")[-1].split()[0].decode()


def shortcuts():
    """Connections of Services may take the shortcut or not: what is ours holds."""
    def held(kind):
        socks = {(source, family): (connect if kind == "tcp" else Asker)(source, VIPS[family], 80)
                 for source in ("probe", "client") for family in (4, 6)}
        for sock in list(socks.values()) * 3:
            say(sock)
        return socks.items()

    @contextlib.contextmanager
    def flowtable():
        """At work, as a connection that is none of a Service's shows."""
        with table(FLOWTABLE):
            with connect("probe", ADDRESS["there-1"][4], 8080) as plain:
                lab.until(lambda: say(plain) and "[OFFLOAD]" in run(
                    "conntrack", "-L", "-d", ADDRESS["there-1"][4], netns="node-a").stdout,
                    "a connection in the flow table")
            yield

    @case("coexist: beside the kernel's flow table connections outlive their Pod's place")
    def _():
        serve("here-1:r there-1:r")
        with flowtable():
            socks = held("tcp")
            serve("here-2:r")
            for who, sock in socks:
                for _ in range(3):
                    assert say(sock) in ("here-1", "there-1"), who
                sock.close()
            expect(ask("probe", VIPS[4])[0], {"here-2"})

    @case("coexist: beside the kernel's flow table a UDP flow goes elsewhere when its Pod goes")
    def _():
        serve("here-1:r there-1:r")
        with flowtable():
            socks = held("udp")
            serve("here-2:r")
            for who, sock in socks:
                expect(say(sock), "here-2", str(who))
                sock.close()

    @case("coexist: beside the kernel's flow table connections are reset where a Service says so")
    def _():
        wish = {"svcnat.io/removal": "reset"}
        serve("here-1:r there-1:r", wish)
        with flowtable():
            socks = held("tcp")
            serve("here-2:r", wish)
            for who, sock in socks:
                expect(ending(sock, 5), "ECONNRESET", str(who))
                sock.close()


@contextlib.contextmanager
def ipvs(addresses, reals):
    """IPVS serves @addresses, which are on a device as it wants them, and no sources."""
    run("ip", "-n", "node-a", "link", "add", "ipvs0", "type", "dummy")
    lines = []
    for addr in addresses:
        run("ip", "-n", "node-a", "addr", "add", addr, "dev", "ipvs0", "nodad",
            "preferred_lft", "0")
        family, both = family_of(addr), addr if "." in addr else f"[{addr}]"
        for how in "-t", "-u":
            lines.append(f"-A {how} {both}:80 -s rr")
            for real in reals:
                real = ADDRESS[real][6 if family == socket.AF_INET6 else 4]
                real = real if "." in real else f"[{real}]"
                lines.append(f"-a {how} {both}:80 -r {real}:8080 -m")
    run("ipvsadm", "-R", netns="node-a", stdin="\n".join(lines) + "\n")
    run("sysctl", "-qw", "net.ipv4.vs.conntrack=1", netns="node-a")
    try:
        yield
    finally:
        run("ipvsadm", "-C", netns="node-a")
        run("ip", "-n", "node-a", "link", "del", "ipvs0")


def virtual_servers():
    @case("coexist: IPVS serves addresses of its own, in the service CIDR too, at the same time")
    def _():
        serve()
        theirs = "10.96.200.1", "fd00:10:96::200"
        with ipvs(theirs, ("here-1", "there-2")):
            for _ in range(2):
                for family, vip in zip((4, 6), theirs):
                    for proto in ("TCP", "UDP"):
                        expect(ask("probe", vip, 80, proto),
                               ({"here-1", "there-2"}, {ADDRESS["probe"][family]}, {}),
                               f"{vip} {proto}")
                        expect(ask("probe", VIPS[family], 80, proto),
                               (WEB, {ADDRESS["probe"][family]}, {}), f"{VIPS[family]} {proto}")
                        expect(ask("client", NODE[family], 30001, proto),
                               (WEB, {NODE[family]}, {}), f"node port {proto}")
                serve(externalTrafficPolicy="Cluster", sessionAffinity="None")

    @case("coexist: flows of IPVS outlive any change of ours")
    def _():
        serve()
        with ipvs(["10.96.200.1"], ("here-1", "there-2")):
            flow, conn = Asker("probe", "10.96.200.1", 80), connect("probe", "10.96.200.1", 80)
            name = flow.ask()
            for condition in ("here-2:r", "", "here-1:r there-1:r"):
                serve(condition)
                expect(flow.ask(), name)
                conn.send(GET)
                assert conn.recv(4096), "closed"
            flow.close()
            conn.close()


def proxy():
    """kube-proxy's own table, as it was recorded, in the topology it was recorded in."""
    with open(os.path.join(lab.FIXTURE, "kube-proxy.nft")) as f:
        rules = f.read()

    @case("coexist: kube-proxy's own table beside us: every verdict of the record holds")
    def _():
        run("nft", "-f", "-", netns="node-a", stdin=rules)
        wrong = [w for row in referee.verdicts(few=True).values() for w in row if w]
        assert not wrong, f"{len(wrong)} rows: {wrong[0]}"

    @case("coexist: kube-proxy's table goes under connections, and comes back")
    def _():
        held = [connect(source, "10.96.178.32", 80) for source in ("probe", "client")]
        for name in ("ip kube-proxy", "ip6 kube-proxy"):
            run("nft", "delete", "table", *name.split(), netns="node-a")
        for sock in held:
            sock.send(GET)
            assert sock.recv(4096), "closed"
        run("nft", "-f", "-", netns="node-a", stdin=rules)
        for sock in held:
            sock.send(GET)
            assert sock.recv(4096), "closed"
            sock.close()


def within(made, *parts):
    try:
        for part in parts:
            part()
    finally:
        made.down()


if __name__ == "__main__":
    lab.load_sctp()
    lab.load_module()
    within(make_lab(), policies, networks, shortcuts, virtual_servers)
    cluster = lab.Lab(referee.fixture_pods())
    cluster.serve()
    within(cluster, referee.apply, proxy)
    lab.unload_module()
    sys.exit(bool(lab.FAILED))
