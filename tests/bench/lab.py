# SPDX-License-Identifier: GPL-2.0
"""One peer's place, three network namespaces, and the packet generator.

    client ─ veth ─ node ─ veth ─ pod
    10.244.1.200    the peer      every address of 10.128.0.0/10

pktgen sends from the client's veth (Generator). What reaches the Pod is counted
by its veth and dropped at ingress. Each lab keeps its peer loaded while rounds
alternate between labs; nothing of one peer is in another's namespaces.
"""

import contextlib
import ctypes
import random
import re
import socket
import struct
import subprocess
import time

import plan

CLONE_NEWNET = 0x40000000
CLIENT_MAC, NODE_MAC = "02:00:00:00:01:02", "02:00:00:00:01:01"
POD_MAC, NODE_POD_MAC = "02:00:00:00:02:02", "02:00:00:00:02:01"
IP_PKTINFO = 8
FIRST_PORT = 10000
PATIENCE = 30   # a busy host stands still for seconds

libc = ctypes.CDLL(None, use_errno=True)


class Broken(Exception):
    """The bench measured nothing: packets lost, a peer that did not load."""


def run(*argv, stdin=None, netns=None):
    if netns:
        argv = ("ip", "netns", "exec", netns) + argv
    done = subprocess.run(argv, input=stdin, text=True, capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.strip() or done.stdout.strip()
        raise Broken(f"{' '.join(argv)}: exit {done.returncode}: {said[-600:]}")
    return done.stdout


def setns(path):
    with open(path, "rb") as ns:
        if libc.setns(ns.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns {path}")


@contextlib.contextmanager
def inside(netns):
    """Opens files of /proc and sockets in a namespace without a process."""
    setns(f"/run/netns/{netns}")
    try:
        yield
    finally:
        setns("/proc/1/ns/net")


def put(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text + "\n") # pktgen reads on to the line's end


def get(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def settle():
    """Return once deferred work of the last change is done: the machine idles."""
    def idle():
        cpu = [int(word) for word in get("/proc/stat").split("\n", 1)[0].split()[1:]]
        return cpu[3] + cpu[4], sum(cpu)

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        before = idle()
        time.sleep(0.1)
        after = idle()
        if after[0] - before[0] >= 0.8 * (after[1] - before[1]):
            return
    raise Broken("the guest did not come to rest within 60 s")


class Lab:
    def __init__(self, name, drops_early=False):
        self.drops_early = drops_early
        self.client, self.node, self.pod = (f"{name}-{part}" for part in ("client", "node", "pod"))
        self.plug()
        self.sysctls()

    def plug(self):
        run("ip", "-batch", "-", stdin=f"""
netns add {self.client}
netns add {self.node}
netns add {self.pod}
""")
        for netns in (self.client, self.node, self.pod):
            with inside(netns):
                put("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1")
        run("ip", "-batch", "-", stdin=f"""
link add eth0 address {CLIENT_MAC} netns {self.client} type veth \
peer name client address {NODE_MAC} netns {self.node}
link add eth0 address {POD_MAC} netns {self.pod} type veth \
peer name pod address {NODE_POD_MAC} netns {self.node}
""")
        run("ip", "-n", self.client, "-batch", "-", stdin=f"""
link set eth0 up
addr add {plan.CLIENT}/24 dev eth0
neigh add 10.244.1.1 lladdr {NODE_MAC} dev eth0 nud permanent
route add default via 10.244.1.1
""")
        run("ip", "-n", self.node, "-batch", "-", stdin=f"""
link set lo up
link set client up
link set pod up
addr add 10.244.1.1/24 dev client
addr add 192.168.77.1/30 dev pod
neigh add {plan.CLIENT} lladdr {CLIENT_MAC} dev client nud permanent
neigh add 192.168.77.2 lladdr {POD_MAC} dev pod nud permanent
route add {plan.BACKEND_NET} via 192.168.77.2 dev pod
""")
        run("ip", "-n", self.pod, "-batch", "-", stdin=f"""
link set lo up
link set eth0 up
addr add 192.168.77.2/30 dev eth0
neigh add 192.168.77.1 lladdr {NODE_POD_MAC} dev eth0 nud permanent
route add default via 192.168.77.1
route add local {plan.BACKEND_NET} dev lo
""")

    def sysctls(self):
        with inside(self.node):
            put("/proc/sys/net/ipv4/ip_forward", "1")
            for name in ("udp_timeout", "udp_timeout_stream"):
                put(f"/proc/sys/net/netfilter/nf_conntrack_{name}", "3600")

    def sink(self):
        """Everything that arrives at the Pod from now on ends there, or before the node."""
        netns, device = (self.node, "client") if self.drops_early else (self.pod, "eth0")
        run("nft", "-f", "-", netns=netns, stdin=f"""
table netdev sink {{
	chain ingress {{
		type filter hook ingress device {device} priority 0; policy drop;
	}}
}}
""")

    def converse(self, dst, port, flows=1):
        """One question and one answer a flow, so that conntrack has seen both directions."""
        with inside(self.pod):
            server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            server.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
            server.bind(("0.0.0.0", plan.TARGET_PORT))
            server.settimeout(PATIENCE)
        with server, inside(self.client):
            for source in range(FIRST_PORT, FIRST_PORT + flows):
                self.ask(server, source, dst, port)

    def ask(self, server, source, dst, port):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.bind((plan.CLIENT, source))
            client.settimeout(PATIENCE)
            try:
                client.sendto(b"question", (dst, port))
                data, control, _, peer = server.recvmsg(100, 100)
                asked = struct.unpack("=i4s4s", control[0][2])[2]
                reply = struct.pack("=i4s4s", 0, asked, bytes(4))
                server.sendmsg([data], [(socket.IPPROTO_IP, IP_PKTINFO, reply)], 0, peer)
                _, answerer = client.recvfrom(100)
            except TimeoutError as timeout:
                raise Broken(f"{self.node}: no conversation with {dst}:{port}") from timeout
        if answerer != (dst, port):
            raise Broken(f"{self.node}: {dst}:{port} asked, {answerer} answered: not translated")

    def remove(self):
        for netns in (self.client, self.node, self.pod):
            run("ip", "netns", "del", netns)

    def tracked(self):
        with inside(self.node):
            return int(get("/proc/sys/net/netfilter/nf_conntrack_count"))

    def received(self):
        with inside(self.pod):
            return int(re.search(r"eth0: *\d+ +(\d+)", get("/proc/net/dev")).group(1))


class Generator:
    """pktgen with the client's end of every lab, one device each.

    One start runs the devices one after the other, so that peers follow each
    other within milliseconds and a busy host slows all of a turn alike.
    """

    netns = "generator"

    def __init__(self, targets):
        """@targets: (lab, address, port, (first, last) of all its services)"""
        self.targets = targets
        self.labs = [lab for lab, *_ in targets]
        self.used, self.order, self.wide = [], [], False
        self.random = random.Random(1)
        run("ip", "netns", "add", self.netns)
        for number, lab in enumerate(self.labs):
            run("ip", "-n", lab.client, "link", "set", "eth0", "netns", self.netns,
                "name", f"lab{number}")
            run("ip", "-n", self.netns, "link", "set", f"lab{number}", "up")

    def use(self, labs, wide=False):
        """Only these take part from now on; @wide: packets go to all of their services."""
        self.used, self.wide = [self.labs.index(lab) for lab in labs], wide

    def shuffle(self):
        """Draw the order of the turns to come: whom one follows costs or spares it a little."""
        self.order = self.random.sample(self.used, len(self.used))
        with inside(self.netns):
            put("/proc/net/pktgen/kpktgend_0", "rem_device_all")
            # pktgen puts a new device before the others.
            for number in reversed(self.order):
                _, dst, port, span = self.targets[number]
                self.aim(f"lab{number}", span if self.wide else (dst, dst), port)

    @staticmethod
    def aim(device, span, port):
        """64 byte frames, each built anew."""
        put("/proc/net/pktgen/kpktgend_0", f"add_device {device}")
        for line in ("clone_skb 0", "burst 1", "pkt_size 60", "delay 0", "flag IPDST_RND",
                     f"dst_min {span[0]}", f"dst_max {span[1]}", f"dst_mac {NODE_MAC}",
                     f"src_min {plan.CLIENT}", f"src_max {plan.CLIENT}", f"udp_dst_min {port}",
                     f"udp_dst_max {port}"):
            put(f"/proc/net/pktgen/{device}", line)

    def turn(self, count, ports):
        """Send @count packets through every lab in use, from these source ports in turn.

        Returns nanoseconds a packet, a lab each.
        """
        past_last = ports.stop if len(ports) > 1 else ports.start
        files = {number: f"/proc/net/pktgen/lab{number}" for number in self.used}
        before = {number: self.labs[number].received() for number in self.used}
        with inside(self.netns):
            for file in files.values():
                put(file, f"count {count}")
                put(file, f"udp_src_min {ports.start}")
                put(file, f"udp_src_max {past_last}")
            put("/proc/net/pktgen/pgctrl", "start")
            ends = {number: self.end(file, count) for number, file in files.items()}
        self.check(before, count)
        taken, start = {}, 0
        for number in self.order:
            end, idle = ends[number]
            taken[number] = (end - start - idle) * 1000 / count
            start = end
        return [taken[number] for number in self.used]

    @staticmethod
    def end(file, count):
        """Microseconds from the start of all to the end of this one, and of those idle."""
        deadline = time.monotonic() + 5
        result = None
        # Said a moment after the last packet, by the thread that sent it.
        while not result and time.monotonic() < deadline:
            said = get(file)
            result = re.search(r"Result: OK: (\d+)\(c\d+\+d(\d+)\) usec, (\d+) ", said)
        if not result or int(result.group(3)) != count:
            raise Broken(f"{file}: pktgen did not send {count} packets: {said[-300:]}")
        return int(result.group(1)), int(result.group(2))

    def check(self, before, count):
        """Every packet must have reached its Pod, but for the lab that drops before."""
        for lab, was in ((self.labs[number], was) for number, was in before.items()):
            arrived = lab.received() - was
            if arrived != (0 if lab.drops_early else count):
                raise Broken(f"{lab.node}: {count} packets sent, {arrived} delivered")
