# SPDX-License-Identifier: GPL-2.0
"""TCP from Pod to Pod through a Service, where time is instructions.

A process a peer holds both ends (tests/tools/bench_tcp.c); peers take turns.
"""

import contextlib
import ctypes
import fcntl
import os
import random
import re
import socket
import statistics
import struct
import subprocess

import plan
from lab import Broken, get, inside, settle
from peers import HERE, FlowTable, Iptables, Ipvs, KubeProxy, MinimalDnat, Peer, Svcnat
from results import say

TALK = os.path.join(HERE, "../../build/tools/bench_tcp")
KINDS = (Peer, MinimalDnat, FlowTable, Ipvs, KubeProxy, Iptables, Svcnat)
ETHTOOL, TSO, GSO, GRO = 0x8946, 0x1F, 0x24, 0x2C
ROUNDS, WARM_UP, REQUESTS, CHUNKS = 2, 200, 3_000, 1_500
ANSWER = 1000
# As much as one packet holds, 45 segments of an MTU of 1500. With a rest behind it the
# receiver acknowledges once or twice, as its state has it, and peers differ by that.
CHUNK = 45 * 1448

# What the devices do for packets of one connection that follow each other. A veth has
# TSO, so what TCP hands over, up to 64 KiB in a packet, stays whole on all of the way.
# With GRO it gets a NAPI of its own and merges what comes in. Packets of 1500 bytes are
# what a wire brings: those of a sender without TSO.
OFFLOADS = {
    "GRO off": (True, False),
    "GRO on": (True, True),
    "1500 bytes, GRO off": (False, False),
    "1500 bytes, GRO on": (False, True),
}


def switch(netns, devices, features):
    """What ethtool -K does."""
    with inside(netns), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for device in devices:
            for feature, value in features.items():
                arg = ctypes.create_string_buffer(struct.pack("II", feature, value))
                fcntl.ioctl(sock, ETHTOOL,
                            struct.pack("16sP", device.encode(), ctypes.addressof(arg)))


def offload(lab, tso, gro):
    for pod in (lab.client, lab.pod):
        switch(pod, ("eth0",), {TSO: tso, GSO: tso, GRO: gro})
    switch(lab.node, ("client", "pod"), {GRO: gro})


def counter(netns, protocol, name):
    with inside(netns):
        names, values = re.findall(rf"^{protocol}: (.*)$", get("/proc/net/snmp"), re.M)
    return int(dict(zip(names.split(), values.split()))[name])


def sent_again(lab):
    """TCP segments both ends had to repeat so far."""
    return sum(counter(netns, "Tcp", "RetransSegs") for netns in (lab.client, lab.pod))


def forwarded(lab):
    return counter(lab.node, "Ip", "ForwDatagrams")


class Talk:
    """Both ends of a peer's connections, which wait until they are told how many."""

    def __init__(self, what, kind, size):
        self.peer = kind(int(kind.serves), "tcp")
        self.lab = self.peer.lab
        vip, port = self.peer.target()
        self.process = subprocess.Popen(    # pylint: disable=consider-using-with
            [TALK, what, self.lab.client, self.lab.pod, vip, str(port), str(plan.TARGET_PORT),
             str(size)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.communicate()
        self.lab.remove()

    def turn(self, count):
        """Nanoseconds of each. Those before are none of them: a connection that was
        silent is acknowledged more often for a while, and a cache may be empty.
        """
        before = sent_again(self.lab)
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(f"{WARM_UP + count}\n")
            self.process.stdin.flush()
        taken = [int(line) for _, line in zip(range(WARM_UP + count), self.process.stdout)]
        if len(taken) != WARM_UP + count:
            raise Broken(f"{self.peer.name}: {len(taken)} of {count} went through: "
                         f"{self.process.stderr.read().strip()}")
        again = sent_again(self.lab) - before
        if again:
            raise Broken(f"{self.peer.name}: {again} segments were lost on the way")
        return taken[WARM_UP:]

    def turn_by_shortcut(self, count):
        """The same of a connection that has to be on the short cut, if there is one: the
        node's IP stack sees some of those before, and next to nothing of these.
        """
        before = forwarded(self.lab)
        taken = self.turn(count)
        seen = forwarded(self.lab) - before
        if self.peer.shortcut and seen > 2 * WARM_UP:
            raise Broken(f"{self.peer.name}: {seen} packets did not take the short cut")
        return taken


def in_turn(what, size, measure):
    """@measure: yields (row, samples) of a peer. Returns the samples of each row and peer.

    A peer has the guest to itself, so that what it does in the background is on its
    own account; peers alternate by rounds, in an order that is drawn.
    """
    samples, draw = {}, random.Random(1)
    for number in range(ROUNDS):
        for kind in draw.sample(KINDS, len(KINDS)):
            say(f"{what}: {kind.label}, round {number + 1} of {ROUNDS}")
            with Talk(what, kind, size) as talk:
                settle()
                for row, taken in measure(talk):
                    samples.setdefault((row, kind), []).extend(taken)
    return samples


def http(results):
    """A connection a request: none lives long enough for a short cut."""
    samples = in_turn("http", ANSWER, lambda talk: [("http", talk.turn(REQUESTS))])
    for (row, kind), taken in samples.items():
        results.add_tails(row, kind.label, "ns", taken, services=int(kind.serves))


def bulk(results):
    """Of one connection, by what devices do for it."""
    def measure(talk):
        for row, (tso, gro) in OFFLOADS.items():
            offload(talk.lab, tso, gro)
            yield f"bulk, {row}", talk.turn_by_shortcut(CHUNKS)

    for (row, kind), taken in in_turn("bulk", CHUNK, measure).items():
        more = {"services": int(kind.serves)}
        results.add_tails(row, kind.label, "ns", taken, **more)
        results.add(f"{row} throughput", kind.label, "Gbit/s",
                    [8 * CHUNK / statistics.mean(taken)], **more)
