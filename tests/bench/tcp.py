# SPDX-License-Identifier: GPL-2.0
"""TCP from Pod to Pod through a Service, where time is instructions.

A process a peer holds both ends (tests/tools/bench_tcp.c); peers take turns.
"""

import ctypes
import fcntl
import os
import random
import re
import socket
import struct
import subprocess

import plan
from lab import Broken, get, inside
from peers import HERE, Conntrack, FlowTable, Iptables, Ipvs, KubeProxy, MinimalDnat, Peer, Svcnat
from results import say

TALK = os.path.join(HERE, "../../build/tools/bench_tcp")
KINDS = (Peer, Conntrack, MinimalDnat, FlowTable, Ipvs, KubeProxy, Iptables, Svcnat)
ETHTOOL, TSO, GSO, GRO = 0x8946, 0x1F, 0x24, 0x2C
CHUNK = 65536

# What veth devices do for packets of one connection that follow each other.
#   GRO off      as they are made: the sender's packets of up to 64 KiB stay whole
#                on all of the way, as nothing on it has to cut them
#   GRO on       each device has a NAPI of its own and merges what it is given
#   no TSO       packets of 1500 bytes, as from a wire without any help
#   no TSO, GRO  these, merged by the device they come in through
OFFLOADS = {
    "GRO off": {TSO: 1, GSO: 1, GRO: 0},
    "GRO on": {TSO: 1, GSO: 1, GRO: 1},
    "no TSO": {TSO: 0, GSO: 0, GRO: 0},
    "no TSO, GRO on": {TSO: 0, GSO: 0, GRO: 1},
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
        say(f"set up: {kind.label}")
        self.peer = kind(int(kind.serves), "tcp")
        vip, port = self.peer.target()
        lab = self.peer.lab
        self.process = subprocess.Popen(    # pylint: disable=consider-using-with
            [TALK, what, lab.client, lab.pod, vip, str(port), str(plan.TARGET_PORT)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def turn(self, count):
        """Nanoseconds of each."""
        before = sent_again(self.peer.lab)
        try:
            self.process.stdin.write(f"{count}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        taken = [int(line) for _, line in zip(range(count), self.process.stdout)]
        if len(taken) != count:
            raise Broken(f"{self.peer.name}: {len(taken)} of {count} went through: "
                         f"{self.process.stderr.read().strip()}")
        again = sent_again(self.peer.lab) - before
        if again:
            raise Broken(f"{self.peer.name}: {again} segments were lost on the way")
        return taken

    def check_shortcut(self, before, packets):
        took = self.peer.shortcuts()
        if took is not None and took - before < packets:
            raise Broken(f"{self.peer.name}: {took - before} packets of {packets} and more "
                         "took the short cut")


class Turns:
    """Peers in an order that is drawn anew each round."""

    def __init__(self, what, results):
        self.results = results
        self.talks = [Talk(what, kind) for kind in KINDS]
        self.random = random.Random(1)

    def measure(self, what, size, rounds):
        """All samples of each peer, by what it is called; the first round is not one."""
        samples = {talk: [] for talk in self.talks}
        for number in range(rounds + 1):
            say(f"{what}: round {number} of {rounds}")
            for talk in self.random.sample(self.talks, len(self.talks)):
                taken = talk.turn(size)
                if number:
                    samples[talk] += taken
        for talk, taken in samples.items():
            self.results.add(what, talk.peer.label, "ns", taken, services=talk.peer.services)


def http(results):
    """A connection a request. None lives long enough for a short cut."""
    Turns("http", results).measure("http", 100, 40)


def bulk(results):
    turns = Turns("bulk", results)
    for what, features in OFFLOADS.items():
        for talk in turns.talks:
            offload(talk.peer.lab, features)
        turns.measure(f"bulk, {what}", 100, 40)
