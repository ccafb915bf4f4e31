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
import struct
import subprocess

import plan
from lab import Broken, get, inside, settle
from peers import HERE, FlowTable, Iptables, Ipvs, KubeProxy, MinimalDnat, Peer, Svcnat
from results import say

TALK = os.path.join(HERE, "../../build/tools/bench_tcp")
KINDS = (Peer, MinimalDnat, FlowTable, Ipvs, KubeProxy, Iptables, Svcnat)
ETHTOOL, TSO, GSO, GRO = 0x8946, 0x1F, 0x24, 0x2C
ROUNDS, WARM_UP, REQUESTS, CHUNKS = 2, 100, 5_000, 1_500

# What veth devices do for packets of one connection that follow each other.
#   GRO off      as they are made: the sender's packets of up to 64 KiB stay whole
#                on all of the way, as nothing on it has to cut them
#   GRO on       each device has a NAPI of its own and merges what it is given
# The same of packets of 1500 bytes, as if they had come over a wire.
OFFLOADS = {
    "GRO off": {TSO: 1, GSO: 1, GRO: 0},
    "GRO on": {TSO: 1, GSO: 1, GRO: 1},
    "1500 bytes, GRO off": {TSO: 0, GSO: 0, GRO: 0},
    "1500 bytes, GRO on": {TSO: 0, GSO: 0, GRO: 1},
}


def offload(lab, features):
    """What ethtool -K does, of all four ends."""
    for netns, devices in ((lab.client, ("eth0",)), (lab.node, ("client", "pod")),
                           (lab.pod, ("eth0",))):
        with inside(netns), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for device in devices:
                for feature, value in features.items():
                    arg = ctypes.create_string_buffer(struct.pack("II", feature, value))
                    fcntl.ioctl(sock, ETHTOOL,
                                struct.pack("16sP", device.encode(), ctypes.addressof(arg)))


def sent_again(lab):
    """TCP segments both ends had to repeat so far."""
    total = 0
    for netns in (lab.client, lab.pod):
        with inside(netns):
            names, values = re.findall(r"^Tcp: (.*)$", get("/proc/net/snmp"), re.M)
            total += int(dict(zip(names.split(), values.split()))["RetransSegs"])
    return total


class Talk:
    """Both ends of a peer's connections, which wait until they are told how many."""

    def __init__(self, what, kind):
        self.peer = kind(int(kind.serves), "tcp")
        self.lab = self.peer.lab
        vip, port = self.peer.target()
        self.process = subprocess.Popen(    # pylint: disable=consider-using-with
            [TALK, what, self.lab.client, self.lab.pod, vip, str(port), str(plan.TARGET_PORT)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.communicate()
        self.lab.remove()

    def turn(self, count):
        """Nanoseconds of each."""
        before = sent_again(self.lab)
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(f"{count}\n")
            self.process.stdin.flush()
        taken = [int(line) for _, line in zip(range(count), self.process.stdout)]
        if len(taken) != count:
            raise Broken(f"{self.peer.name}: {len(taken)} of {count} went through: "
                         f"{self.process.stderr.read().strip()}")
        again = sent_again(self.lab) - before
        if again:
            raise Broken(f"{self.peer.name}: {again} segments were lost on the way")
        return taken

    def turn_by_shortcut(self, count):
        """The same of a connection that has to be on the short cut, if there is one."""
        before = self.peer.shortcuts()
        taken = self.turn(count)
        if before is not None and not self.peer.took_shortcut(before, count):
            raise Broken(f"{self.peer.name}: its packets did not take the short cut")
        return taken


def in_turn(what, results, measure):
    """@measure: samples of a peer, by the name of what was measured.

    A peer has the guest to itself, so that what it does in the background is on its
    own account; peers alternate by rounds, in an order that is drawn.
    """
    samples, draw = {}, random.Random(1)
    for number in range(ROUNDS):
        for kind in draw.sample(KINDS, len(KINDS)):
            say(f"{what}: {kind.label}, round {number + 1} of {ROUNDS}")
            with Talk(what, kind) as talk:
                settle()
                talk.turn(WARM_UP)
                for name, taken in measure(talk):
                    samples.setdefault((name, kind), []).extend(taken)
    for (name, kind), taken in samples.items():
        results.add(name, kind.label, "ns", taken, services=int(kind.serves))


def http(results):
    """A connection a request: none lives long enough for a short cut."""
    in_turn("http", results, lambda talk: [("http", talk.turn(REQUESTS))])


def bulk(results):
    def measure(talk):
        for name, features in OFFLOADS.items():
            offload(talk.lab, features)
            talk.turn(WARM_UP)
            yield f"bulk, {name}", talk.turn_by_shortcut(CHUNKS)

    in_turn("bulk", results, measure)
