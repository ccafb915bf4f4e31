# SPDX-License-Identifier: GPL-2.0
"""The topology of tests/fixtures/a, every box a network namespace.

          gateway .1    client .50   client2 .60
               |            |            |
    ---------- LAN 192.168.10.0/24, fd00:192:168:10::/64 ----------
               |            |            |
          node-a .11   node-b .12   node-c .13        (node-a: also .111)
           |   |   |        |            |
         probe and Pods, each on a veth of its own, /32 and /128

svcnat is loaded and serves in node-a. Clients reach Pod ranges through the
Pods' own nodes and everything else through node-a.
"""
import concurrent.futures
import contextlib
import json
import os
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.join(HERE, "../../build")
FIXTURE = os.path.join(HERE, "../fixtures/a")
NODES = {"node-a": 1, "node-b": 2, "node-c": 3}
CLUSTER = "10.244.0.0/16,fd00:10:244::/48"
WAIT = 120


def run(*argv, netns=None, check=True, stdin=None):
    if netns:
        argv = ("ip", "netns", "exec", netns) + argv
    done = subprocess.run(argv, input=stdin, text=True, capture_output=True, check=False)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(argv)}: exit {done.returncode}: {done.stderr.strip()}")
    return done


def until(true, what):
    """Wait for a condition; a deadline ends a test that would hang, not one that is slow."""
    deadline = time.monotonic() + WAIT
    while not true():
        if time.monotonic() > deadline:
            raise RuntimeError(f"waited {WAIT} s for {what}")
        time.sleep(0.02)


def load_module():
    if os.path.isdir("/sys/module/svcnat"):
        return
    if os.environ.get("SVCNAT_MODPROBE"):
        run("modprobe", "svcnat")
    else:
        for needed in ("nf_nat", "nf_reject_ipv4", "nf_reject_ipv6"):
            run("modprobe", "-q", needed, check=False)
        run("insmod", os.environ["SVCNAT_KO"])


def installed():
    return not run("modprobe", "-n", "-q", "svcnat", check=False).returncode


def unload_module():
    run("rmmod", "svcnat")


def load_sctp():
    """Stock kernels have it as a module; the guest stands in for what loads it on a node."""
    run("modprobe", "-q", "sctp", check=False)


class Pod:
    def __init__(self, ns, name, node, number, tcp=(), udp=(), host=False, sctp=()):
        self.full, self.node, self.host = f"{ns}/{name}", node, host
        self.netns = node if host else f"{ns}.{name}" if ns else name
        self.number, self.tcp, self.udp, self.sctp = number, tcp, udp, sctp


class Lab:
    """Built once a guest; batches of ip(8) keep the number of processes low."""

    def __init__(self, pods):
        self.pods, self.servers, self.batches = pods, None, {}
        self.up()

    def ip(self, netns, line):
        self.batches.setdefault(netns, []).append(line)

    def flush(self):
        for netns, lines in self.batches.items():
            run(*(["ip"] + (["-n", netns] if netns else []) + ["-batch", "-"]),
                stdin="\n".join(lines) + "\n")
        self.batches = {}

    def boxes(self):
        return [*NODES, "gateway", "client", "client2"]

    def up(self):
        names = self.boxes() + ["lan"] + sorted({p.netns for p in self.pods if not p.host})
        for name in names:
            self.ip(None, f"netns add {name}")
        self.flush()
        for name in names:
            self.sysctls(name)
        self.ip("lan", "link add br0 type bridge")
        self.ip("lan", "link set br0 up")
        self.lan("gateway", 1)
        self.lan("client", 50)
        self.lan("client2", 60)
        for node, n in NODES.items():
            self.lan(node, 10 + n)
        self.ip("node-a", "addr add 192.168.10.111/24 dev eth0")
        self.flush()
        self.routes()
        for pod in self.pods:
            if not pod.host:
                self.pod(pod)
        self.flush()

    def lan(self, name, host):
        self.ip("lan", f"link add {name} type veth peer name eth0 netns {name}")
        self.ip("lan", f"link set {name} master br0 up")
        self.ip(name, "link set lo up")
        self.ip(name, f"addr add 192.168.10.{host}/24 dev eth0")
        self.ip(name, f"addr add fd00:192:168:10::{host}/64 dev eth0 nodad")
        self.ip(name, "link set eth0 up")

    def routes(self):
        for box in ("client", "client2"):
            self.ip(box, "route add default via 192.168.10.11")
            self.ip(box, "route add default via fd00:192:168:10::11")
        for box in (*NODES, "client", "client2"):
            for node, n in NODES.items():
                if box != node:
                    self.ip(box, f"route add 10.244.{n}.0/24 via 192.168.10.1{n}")
                    self.ip(box, f"route add fd00:10:244:{n}::/64 via fd00:192:168:10::1{n}")
        for node in NODES:
            self.ip(node, "route add default via 192.168.10.1")
            self.ip(node, "route add default via fd00:192:168:10::1")

    def pod(self, pod):
        n, dev = NODES[pod.node], f"v{pod.number}"
        v4, v6 = f"10.244.{n}.{pod.number}", f"fd00:10:244:{n}::{pod.number}"
        self.ip(pod.node, f"link add {dev} type veth peer name eth0 netns {pod.netns}")
        self.ip(pod.node, f"addr add 169.254.1.1/32 dev {dev} scope link")
        self.ip(pod.node, f"addr add fe80::1/64 dev {dev} nodad")
        self.ip(pod.node, f"link set {dev} up")
        self.ip(pod.node, f"route add {v4}/32 dev {dev}")
        self.ip(pod.node, f"route add {v6}/128 dev {dev}")
        self.ip(pod.netns, "link set lo up")
        self.ip(pod.netns, f"addr add {v4}/32 dev eth0")
        self.ip(pod.netns, f"addr add {v6}/128 dev eth0 nodad")
        self.ip(pod.netns, "link set eth0 up")
        self.ip(pod.netns, "route add 169.254.1.1 dev eth0")
        self.ip(pod.netns, "route add default via 169.254.1.1")
        self.ip(pod.netns, "route add default via fe80::1 dev eth0")

    def sysctls(self, name):
        lines = []
        if name in NODES:
            lines = ["net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"]
        script = "".join(f"echo 1 >/proc/sys/{f};" for f in lines)
        # Rate limits would make refusals look like drops: of no type, and IPv6 of one
        # that does not exist.
        for f, value in (("net/ipv4/icmp_ratelimit", 0), ("net/ipv4/icmp_ratemask", 0),
                         ("net/ipv6/icmp/ratelimit", 0), ("net/ipv6/icmp/ratemask", 255)):
            script += f"echo {value} 2>/dev/null >/proc/sys/{f};"
        # An INIT that is refused while connect() holds the socket is heard of with the next.
        script += "for f in rto_min rto_initial; do [ ! -e /proc/sys/net/sctp/$f ] ||" \
            " echo 300 >/proc/sys/net/sctp/$f; done;"
        # Nobody else has an address, and packets are lost until that is established.
        script += "echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad;"
        # An address that nobody has is on the LAN, as far as node-a can tell: without what
        # it says of that, the next packet comes to it again.
        script += "for f in ipv4/conf/all ipv4/conf/default ipv6/conf/default; do" \
            " echo 0 >/proc/sys/net/$f/accept_redirects; done"
        run("sh", "-c", script, netns=name)

    def serve(self):
        """Starts what runs in the Pods; returns when all of them listen."""
        ready = "/tmp/pods-ready"
        if os.path.exists(ready):       # a lab before this one in the same guest
            os.unlink(ready)
        argv = [os.path.join(BUILD, "tools/pod"), "-r", ready]
        for pod in self.pods:
            if pod.tcp or pod.udp or pod.sctp:
                argv += ["and"] * ("-n" in argv) + ["-N", pod.netns, "-n", pod.full]
                for port in pod.tcp:
                    argv += ["-t", str(port)]
                for port in pod.udp:
                    argv += ["-u", str(port)]
                for port in pod.sctp:
                    argv += ["-s", str(port)]
        self.servers = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
        until(lambda: os.path.exists(ready) or self.servers.poll(), "Pods to listen")

    def down(self):
        if self.servers:
            self.servers.terminate()
            self.servers.wait()
        for name in self.boxes() + ["lan"] + sorted({p.netns for p in self.pods if not p.host}):
            if os.path.exists(f"/run/netns/{name}"):
                self.ip(None, f"netns del {name}")
        self.flush()


@contextlib.contextmanager
def bridged(pod, bridge="cbr0"):
    """The Pod's device on its node is a port of a bridge, as some networks have it."""
    dev, node = f"v{pod.number}", pod.node
    addrs = (("169.254.1.1/32", f"10.244.{NODES[node]}.{pod.number}"),
             ("fe80::1/64", f"fd00:10:244:{NODES[node]}::{pod.number}"))

    def move(to, away):
        for mine, theirs in addrs:
            run("ip", "-n", node, "addr", "del", mine, "dev", away)
            run("ip", "-n", node, "addr", "add", mine, "dev", to, "nodad", "scope", "link")
            run("ip", "-n", node, "route", "replace", theirs, "dev", to)
            run("ip", "-n", pod.netns, "neigh", "flush", "all")

    run("ip", "-n", node, "link", "add", bridge, "type", "bridge")
    run("ip", "-n", node, "link", "set", bridge, "up")
    run("ip", "-n", node, "link", "set", dev, "master", bridge)
    move(bridge, dev)
    try:
        yield
    finally:
        move(dev, bridge)
        run("ip", "-n", node, "link", "del", bridge)


def svcctl(*argv, netns="node-a", check=True, stdin=None, node="node-a"):
    return run(os.path.join(BUILD, "svcctl"), *argv, "--node", node, "--cluster-cidr", CLUSTER,
               netns=netns, check=check, stdin=stdin)


def probe(netns, dests, proto="TCP", count=48, timeout=20, extra=(), at_once=32):
    """What happened to @count tries at each (address, port): dicts as probe -o json says.

    Silence is waited for side by side, answers come at the guest's pace: hundreds of SCTP
    handshakes on a slow one outlast what conntrack gives them (3 s) and their timers.
    """
    argv = [os.path.join(BUILD, "tools/probe"), "-N", netns, "-n", str(count), "-t", str(timeout),
            "-p", "16", "-a", str(at_once), "-o", "json", *extra]
    argv += {"TCP": [], "UDP": ["-u"], "SCTP": ["-S"]}[proto]
    for addr, port in dests:
        argv += [addr, str(port)]
    return [json.loads(line) for line in run(*argv, check=False).stdout.splitlines()]


def side_by_side(ask, questions):
    """(question, answer) of each, all asked at once, as silence takes its time."""
    questions = list(questions)
    with concurrent.futures.ThreadPoolExecutor(len(questions)) as pool:
        yield from zip(questions, pool.map(lambda q: ask(*q), questions))


def answers(result):
    """{name: [sources]} and the error, in the words of verdicts.jsonl."""
    who = {}
    for a in result["answers"]:
        who.setdefault(a["name"], []).append(a["source"])
    error = None
    if result["rst"] or result["icmp-port"]:
        error = "refused"
    elif result["timeout"]:
        error = "timeout"
    elif result["unreachable"] or result["denied"] or result["broken"]:
        error = "unreachable"
    return {name: sorted(set(srcs)) for name, srcs in who.items()}, error


FAILED = []


def case(name):
    """Runs the function as a test case at once, printing its line."""
    def wrap(test):
        try:
            test()
            print("ok", name, flush=True)
        except Exception as e:                  # a case that broke is a case that failed
            FAILED.append(name)
            print(f"not ok {name} - {type(e).__name__}: {e}".replace("\n", " "), flush=True)
    return wrap
