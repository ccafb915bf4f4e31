# SPDX-License-Identifier: GPL-2.0
"""Loading and changing 10,000 services, and what they weigh."""

import os
import re
import time

import plan
from lab import Broken, get, put, run, settle
from peers import LOADER, kube_proxy_table
from results import QUICK, say

ADDITIONS = 50 if QUICK else 200
RECORD_SIZE = 100_000


def not_free():
    """Bytes the kernel does not hold for files or processes: drop those, count the rest.
    Free pages a processor keeps for itself are not in MemFree."""
    put("/proc/sys/vm/drop_caches", "3")
    fields = dict(line.split(":") for line in get("/proc/meminfo").splitlines())
    size = {name: int(value.split()[0]) * 1024 for name, value in fields.items()}
    kept = sum(int(n) for n in re.findall(r"^ +count: +(\d+)$", get("/proc/zoneinfo"), re.M))
    return (size["MemTotal"] - size["MemFree"] - size["Cached"] - size["Buffers"] -
            size["AnonPages"] - kept * os.sysconf("SC_PAGE_SIZE"))


def kernel_memory():
    """not_free() once what is being freed has been: it no longer moves."""
    last = None
    for _ in range(100):
        now = not_free()
        if last is not None and abs(now - last) < 64 * 1024:
            return now
        last = now
        time.sleep(0.5)
    raise Broken("the kernel's memory did not come to rest within 50 s")


def loader(netns, *args):
    """Nanoseconds of each transaction, timed by the loader itself."""
    return [int(line) for line in run(LOADER, *map(str, args), netns=netns).split()]


def load(peer, services, netns):
    """Nanoseconds from the first message to the last acknowledgement; nft's whole run."""
    if peer == "svcnat":
        return loader(netns, "load", services, plan.BACKENDS)[0]
    path = kube_proxy_table(services)
    start = time.monotonic_ns()
    run("nft", "-f", path, netns=netns)
    return time.monotonic_ns() - start


class Control:
    """A fresh namespace each time."""

    def __init__(self, results):
        self.results = results

    def fresh(self, action):
        netns = "control"
        run("ip", "netns", "add", netns)
        try:
            settle()
            return action(netns)
        finally:
            run("ip", "netns", "del", netns)
            settle()

    def load(self, peer, netns, what="memory"):
        before = kernel_memory()
        value = load(peer, plan.SERVICES, netns)
        settle()
        weight = kernel_memory() - before
        self.results.add(what, peer, "byte/service", [weight / plan.SERVICES],
                         services=plan.SERVICES)
        return value

    def weight(self, cpus):
        """Of svcnat where the kernel has room for so many processors."""
        possible = get("/sys/devices/system/cpu/possible").strip()
        if possible != f"0-{cpus - 1}":
            raise Broken(f"processors {possible} are possible here, not 0-{cpus - 1}")
        say(f"memory: svcnat, {cpus} possible processors")
        self.fresh(lambda ns: self.load("svcnat", ns, f"memory, {cpus} possible CPUs"))

    def full_load(self):
        """Weighed as well, the lighter peer first: the next one fills what it left."""
        for peer in ("svcnat", "kube-proxy"):
            say(f"full load: {peer}")
            taken = self.fresh(lambda ns, p=peer: self.load(p, ns))
            self.results.add("load", peer, "ns", [taken], services=plan.SERVICES)

    def nft_add(self, netns):
        load("kube-proxy", plan.SERVICES, netns)
        path = kube_proxy_table(1, plan.SERVICES)
        start = time.monotonic_ns()
        run("nft", "-f", path, netns=netns)
        return time.monotonic_ns() - start

    def one_service(self):
        if not QUICK:
            say("one service more: kube-proxy")
            self.results.add("add", "kube-proxy", "ns", [self.fresh(self.nft_add)],
                             services=plan.SERVICES)
        for services in (1, plan.SERVICES) if QUICK else (1, 1000, plan.SERVICES, RECORD_SIZE):
            say(f"one service more: svcnat at {services:,}")
            taken = self.fresh(
                lambda ns, n=services: loader(ns, "add", n, plan.BACKENDS, ADDITIONS))
            self.results.add("add", "svcnat", "ns", taken, services=services)

    def sizes(self):
        """Load time against the number of services, for the plot and the record."""
        sizes = {"kube-proxy": (1, 100, 1000),
                 "svcnat": (1, 100, 1000, *(plan.SERVICES, RECORD_SIZE) * 5)}
        for peer, counts in sizes.items():
            for services in counts:
                say(f"load: {peer} with {services:,} services")
                self.results.add("load", peer, "ns", [self.fresh(
                    lambda ns, p=peer, n=services: load(p, n, ns))], services=services)
