# SPDX-License-Identifier: GPL-2.0
"""What a packet costs: peers beside each other, and the generator that feeds them."""

import statistics

from lab import FIRST_PORT, Broken, Generator, put, settle
from results import say

NEW_TURNS = 10


def check_tracked(peers, flows):
    for peer in peers:
        tracked = peer.lab.tracked() if peer.tracks else flows
        if tracked != flows:
            raise Broken(f"{peer.name}: conntrack knows {tracked} flows, not {flows}")


def even(taken):
    """Samples of each peer, as if every turn had met a host of the same speed."""
    totals = [sum(turn) for turn in taken]
    usual = statistics.median(totals)
    return list(zip(*([sample * usual / total for sample in turn]
                      for turn, total in zip(taken, totals))))


def set_up(wanted, flows=1):
    """@wanted: (kind, services) of each peer."""
    for kind, services in wanted:
        what = kind.label + (f", {services:,} services" if services else "")
        say(f"set up: {what}" + (f", {flows:,} flows" if flows > 1 else ""))
        yield kind(services, flows=flows)


class Packets:
    """@peers: the first is the cost of injection, which is taken off the others."""

    def __init__(self, results, peers, many=(), unit="ns"):
        self.results, self.unit = results, unit
        put("/proc/sys/net/netfilter/nf_conntrack_max", "1000000")
        put("/sys/module/nf_conntrack/parameters/hashsize", "1048576")
        self.peers, self.many = list(peers), list(many)
        self.generator = Generator([(peer.lab, *peer.target(), peer.span())
                                    for peer in self.peers + self.many])
        settle()

    def measure(self, what, turns, peers, wide=False):
        """@turns: yields what each turn took, in the order of @peers."""
        self.generator.use([peer.lab for peer in peers], wide)
        injection, *samples = even(list(turns(peers)))
        cost = statistics.median(injection)
        self.results.add(what, "injection", self.unit, injection)
        for peer, taken in zip(peers[1:], samples):
            self.results.add(what, peer.label, self.unit, [sample - cost for sample in taken],
                             services=peer.services)

    def established(self, what, size, turns):
        """Every lab still knows the conversation it was set up with."""
        def measured(peers):
            for turn in range(turns):
                say(f"{what}: turn {turn + 1} of {turns}")
                if turn % 5 == 0:
                    self.generator.shuffle()
                yield self.generator.turn(size, range(FIRST_PORT, FIRST_PORT + 1))
                check_tracked(peers, 1)

        self.measure(what, measured, self.peers)

    def new(self, what, size, rounds, wide=False):
        """A round is as many ports in ten turns; then all is forgotten."""
        def measured(peers):
            for number in range(rounds):
                for peer in peers:
                    peer.forget()
                settle()
                say(f"{what}: round {number + 1} of {rounds}")
                yield from self.new_turns(size)
                check_tracked(peers, NEW_TURNS * size)

        self.measure(what, measured, [peer for peer in self.peers if peer.forgets], wide)

    def new_turns(self, size):
        for turn in range(NEW_TURNS):
            if turn % 5 == 0:
                self.generator.shuffle()
            first = FIRST_PORT + turn * size
            yield self.generator.turn(size, range(first, first + size))

    def many_flows(self, what, flows, size, turns):
        """Flows that take turns, so that nothing of one is left in the processor's caches."""
        def measured(peers):
            for turn in range(turns):
                say(f"{what}: {flows:,} flows, turn {turn + 1} of {turns}")
                self.generator.shuffle()
                taken = self.generator.turn(size, range(FIRST_PORT, FIRST_PORT + flows))
                check_tracked(peers, flows)
                if turn:    # what makes them known is in the first
                    yield taken

        self.measure(what, measured, self.peers[:2] + self.many)
