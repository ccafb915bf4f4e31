# SPDX-License-Identifier: GPL-2.0
"""A second set of objects, generated (objects.py): policies, families, protocols,
conditions of the endpoints, sources and frontends in all combinations, each verdict
compared with what model.py says of it."""
import collections
import json
import os
import sys
import zlib

import lab
import model
from lab import case
from objects import (ADDRESS, KINDS, LABELS, NAME, NODE_ADDRESSES, PROTOS, SOURCES, Set, make_lab,
                     make_slices, node, zone)

KERNEL = os.environ.get("SVCNAT_KERNEL")
SLOW = KERNEL in ("uml-debug", "uml-smp")
# All rows in UML, each once more on one of the emulated kernels.
SHARE = {"6.1": (0, 2), "6.12": (1, 2), "uml-debug": (0, 8), "uml-smp": (0, 8)}.get(KERNEL, (0, 1))
CONDITIONS = ["here-1:r there-1:r", "here-1:r here-2:r there-1:r there-2:r", "here-1:r",
              "there-1:r there-2:r", "", "here-1:u there-1:u", "here-1:s there-1:s",
              "here-1:t", "there-1:t", "here-1:t there-1:t", "here-1:t there-1:r",
              "here-1:r there-1:t", "here-1:d there-1:d", "here-1:d there-1:t",
              "here-1:u here-2:t there-1:u", "node-a:r there-1:r"]
POLICIES = [(e, i) for e in ("Cluster", "Local") for i in ("Cluster", "Local")]
FAMILIES = {"dual": (4, 6), "v4": (4,), "v6": (6,)}


def tried(row):
    """Is it this kernel's share?"""
    return zlib.crc32(repr(row).encode()) % SHARE[1] == SHARE[0]


def expected(verdict, to):
    """In the words of lab.answers()."""
    who = {}
    for (endpoint, _), source in verdict.answers.items():
        who.setdefault(NAME[endpoint], set()).add(source)
    error = {model.ANSWERED: None, model.REFUSED: "refused", model.SILENT: "timeout",
             model.OURS_NOT: "refused" if to in NODE_ADDRESSES else "timeout"}
    return who, error[verdict.what]


def heard(result):
    """lab.answers(), but that an address nobody has may be called unreachable."""
    who, error = lab.answers(result)
    return who, "timeout" if error == "unreachable" else error


class Trial:
    """All rows tried: {row: what is wrong, or None}."""

    def __init__(self, of, rows):
        self.model, self.wrong, self.seen = of, {}, collections.defaultdict(collections.Counter)
        # A source port may come up again, and its flow of before goes on as it was.
        lab.run("conntrack", "-F", netns="node-a")
        groups = collections.defaultdict(list)
        for row in rows:
            if tried(row):
                groups[row.source, row.proto, self.wanted(row)[1]].append(row)
        for (source, proto, error), group in sorted(groups.items(), key=repr):
            netns = f"second.{source}" if source.startswith("here") else source
            found = lab.probe(netns, [(r.address, r.port) for r in group], proto,
                              count=2 if error == "refused" else 1 if error else 4,
                              timeout=1.5 if error == "timeout" else 20,
                              at_once=256 if error == "timeout" else 32)
            for row, result in zip(group, found, strict=True):
                self.judge(row, result)
        self.complete()

    def wanted(self, row):
        return expected(self.model.ask(ADDRESS[row.source][row.family], row.proto, row.address,
                                       row.port), row.address)

    def judge(self, row, result):
        (who, error), (may, wanted) = heard(result), self.wanted(row)
        fits = error == wanted and bool(who) == bool(may) and \
            all(name in may and set(sources) == may[name] for name, sources in who.items())
        self.wrong[row] = None if fits else f"{row}: got {who} {error}, expected {may} {wanted}"
        key = row.service, row.proto, row.family, tuple(sorted(may))
        for a in result["answers"]:
            self.seen[key][a["name"]] += a["count"]

    def complete(self):
        """Whoever may answer a service's rows has, where that is certain enough."""
        for row in self.wrong:
            may = tuple(sorted(self.wanted(row)[0]))
            seen = self.seen[row.service, row.proto, row.family, may]
            if may and set(seen) != set(may) and \
               len(may) * (1 - 1 / len(may)) ** sum(seen.values()) < 1e-9:
                self.wrong[row] = self.wrong[row] or f"{row}: only {dict(seen)} of {may}"

    def case(self, name, which):
        rows = [r for r in self.wrong if which(r)]
        wrong = [self.wrong[r] for r in rows if self.wrong[r]]

        @case(name)
        def _():
            assert rows or SLOW, "nothing was tried"
            assert not wrong, f"{len(wrong)} of {len(rows)} rows: {wrong[0]}"


TOPOLOGY = {
    "every ready endpoint names its zone": ("here-1:r there-1:r there-2:r", {
        "here-1": zone("zone-1"), "there-1": zone("zone-1"), "there-2": zone("zone-2")}),
    "one ready endpoint names none": ("here-1:r there-1:r there-2:r", {
        "here-1": zone("zone-1"), "there-1": zone("zone-1")}),
    "none names this zone": ("here-1:r there-2:r", {
        "here-1": zone("zone-2"), "there-2": zone("zone-3")}),
    "one that is not ready names none": ("here-1:u here-2:r there-2:r", {
        "here-2": zone("zone-1"), "there-2": zone("zone-2")}),
    "this node is named": ("here-1:r here-2:r there-1:r", {
        "here-1": node("node-a", "zone-1"), "here-2": node("node-a", "zone-1"),
        "there-1": node("node-b", "zone-1")}),
    "other nodes are named, and this zone": ("there-1:r there-2:r", {
        "there-1": node("node-b", "zone-1"), "there-2": node("node-c", "zone-2")}),
    "nodes are not named by all": ("here-1:r there-1:r there-2:r", {
        "here-1": node("node-a", "zone-1"), "there-1": zone("zone-1"),
        "there-2": zone("zone-2")}),
    "none is ready, hints are of elsewhere": ("here-1:t there-2:t", {
        "here-1": zone("zone-2"), "there-2": zone("zone-2")}),
    "policy Local is not asked": ("here-1:r there-1:r there-2:r", {
        "here-1": zone("zone-2"), "there-1": zone("zone-1"), "there-2": zone("zone-2")}),
}
RANGES = {
    "one client": ["192.168.10.50/32"], "the other family's client": ["fd00:192:168:10::50/128"],
    "both families": ["192.168.10.50/32", "fd00:192:168:10::50/128"],
    "spaces": [" 192.168.10.0/26 ", "fd00:192:168:10::/64"], "all": ["0.0.0.0/0", "10.0.0.0/8"],
    "Pods": ["10.244.0.0/16", "fd00:10:244::/48"], "the node": ["192.168.10.11/32"],
    "nobody": ["192.0.2.77/32", "2001:db8:77::/64"]}


def policies(add):
    for n, condition in enumerate(CONDITIONS):
        for p, (etp, itp) in enumerate(POLICIES):
            kinds = tuple(KINDS) if n in (1, 4) and p == 0 else tuple(KINDS)[:4]
            add(f"policy-{n}-{p}", condition, kinds=kinds, etp=etp, itp=itp)
    for word, families in FAMILIES.items():
        if len(families) == 1:
            for p, (etp, itp) in enumerate(POLICIES):
                add(f"policy-{word}-{p}", CONDITIONS[0], families, etp=etp, itp=itp)


def again(name, condition):
    """A second slice of each family with the same endpoints, in another state."""
    pieces = make_slices(name, condition)
    for piece in pieces:
        piece["metadata"]["name"] += "-again"
    return pieces


def each(change):
    """The change of every endpoint of every slice."""
    def of_all(pieces):
        for piece in pieces:
            for endpoint in piece["endpoints"]:
                change(endpoint, int(piece["addressType"][-1]))
    return of_all


def no_ports_of_the_service(pieces):
    for piece in pieces:
        for port in piece["ports"]:
            port["name"] += "-not"


# What slices may look like besides: (condition, how it is changed in place).
ODD = {
    "twin stays": ("here-1:t there-1:r", lambda all: all.extend(again("odd-0", "here-1:r"))),
    "twin goes": ("here-1:r there-1:r", lambda all: all.extend(again("odd-1", "here-1:t"))),
    "nil conditions": ("here-1:u there-1:u", each(lambda e, _: e.pop("conditions"))),
    "no node": ("here-1:r there-1:r", each(lambda e, _: e.pop("nodeName"))),
    "second address": ("here-1:r", each(
        lambda e, family: e["addresses"].append(ADDRESS["here-2"][family]))),
    "other names of ports": ("here-1:r", no_ports_of_the_service),
    "names, not addresses": ("here-1:r", lambda all: all.append(
        {**all[0], "addressType": "FQDN", "metadata": {**all[0]["metadata"], "name": "odd-6-fqdn"},
         "endpoints": [{"addresses": ["web.example.com"]}]})),
}


def oddities(add):
    for n, (condition, change) in enumerate(ODD.values()):
        add(f"odd-{n}", condition, change=change, itp="Local", etp="Local",
            kinds=("ClusterIP", "NodePort"), protos=("TCP", "UDP"))


def topologies(add):
    for n, (word, (condition, hints)) in enumerate(TOPOLOGY.items()):
        policy = "Local" if "Local" in word else "Cluster"
        add(f"hints-{n}", condition, hints=hints, etp=policy, itp=policy,
            kinds=("ClusterIP", "NodePort"), protos=("TCP", "UDP"))
    for wish in ("PreferClose", "PreferSameZone", "PreferSameNode"):
        add(wish.lower(), None, trafficDistribution=wish, selector={"app": "web"},
            kinds=("ClusterIP", "NodePort"), protos=("TCP", "UDP"))


def from_pods(add):
    for label in LABELS:
        for publish in (False, True):
            for p, (etp, itp) in ((0, ("Cluster", "Cluster")), (1, ("Local", "Local"))):
                add(f"pods-{label}-{publish}-{p}".lower(), None, selector={"app": label}, etp=etp,
                    itp=itp, publishNotReadyAddresses=publish, kinds=("ClusterIP", "NodePort"),
                    protos=("TCP", "UDP"), sources=("probe", "client"))


def ranges(add, kinds=("LoadBalancer", "NodePort", "externalIP")):
    for n, listed in enumerate(RANGES.values()):
        for etp, condition in (("Cluster", CONDITIONS[1]), ("Local", CONDITIONS[1]),
                               ("Local", "there-1:r"), ("Cluster", "")):
            add(f"ranges-{n}-{etp.lower()}-{len(condition)}", condition, etp=etp, kinds=kinds,
                loadBalancerSourceRanges=listed, protos=("TCP", "UDP"),
                sources=(*SOURCES, "client2"))


def sources_of(rows):
    return sorted({r.source for r in rows})


def cases(trial):
    for kind in KINDS:
        for proto in PROTOS:
            trial.case(f"second: {kind}, {proto}: policies, conditions, families", lambda r: (
                r.service.startswith("policy") and r.kind == kind and r.proto == proto))
    trial.case("second: hairpin: a Pod reaches itself through every kind of frontend", lambda r: (
        r.source == "here-1" and "here-1" in trial.wanted(r)[0]))
    for n, word in enumerate(ODD):
        trial.case(f"second: slices: {word}", lambda r: r.service == f"odd-{n}")
    for n, word in enumerate(TOPOLOGY):
        trial.case(f"second: topology: {word}", lambda r: r.service == f"hints-{n}")
    for wish in ("PreferClose", "PreferSameZone", "PreferSameNode"):
        trial.case(f"second: trafficDistribution {wish}", lambda r: r.service == wish.lower())
    trial.case("second: Pods of files: ready, not ready, going, by policy",
               lambda r: r.service.startswith("pods-") and "-false-" in r.service)
    trial.case("second: publishNotReadyAddresses",
               lambda r: r.service.startswith("pods-") and "-true-" in r.service)
    for n, word in enumerate(RANGES):
        trial.case(f"second: source ranges: {word}",
                   lambda r: r.service.startswith(f"ranges-{n}-"))


def explained(trial):
    """The same decisions in words, of a sample that has every verdict and reason."""
    words = {model.ANSWERED: "dnat", model.REFUSED: "reject", model.SILENT: "drop",
             model.OURS_NOT: "pass"}
    sample = {}
    for row in sorted(trial.wrong, key=lambda r: zlib.crc32(repr(r).encode())):
        verdict = trial.model.ask(ADDRESS[row.source][row.family], row.proto, row.address, row.port)
        key = row.kind, verdict.what, verdict.why, row.source
        sample.setdefault(key, (row, verdict))
    for row, verdict in sample.values():
        to = f"[{row.address}]" if row.family == 6 else row.address
        said = json.loads(lab.svcctl("explain", row.proto.lower(), ADDRESS[row.source][row.family],
                                     f"{to}:{row.port}", "-o", "json").stdout)
        assert said["verdict"] == words[verdict.what], f"{row}: {said}, model: {verdict}"
        if verdict.answers:
            got, may = said["candidates"], len(verdict.answers)
            assert got == may, f"{row}: {got} candidates, model: {verdict}"


def main():
    everything = Set()
    for part in (policies, oddities, topologies, from_pods, ranges):
        part(everything.add)
    everything.apply()
    trial = Trial(everything.model(), everything.rows)
    cases(trial)

    @case("second: explain decides as the model does")
    def _():
        explained(trial)


if __name__ == "__main__":
    lab.load_sctp()
    lab.load_module()
    cluster = make_lab()
    try:
        main()
    finally:
        cluster.down()
    lab.unload_module()
    sys.exit(bool(lab.FAILED))
