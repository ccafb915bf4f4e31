# SPDX-License-Identifier: GPL-2.0
"""A second set of objects, generated: policies, families, protocols, conditions of the
endpoints, sources and frontends in all combinations, each verdict compared with what
model.py says of it.

                here-1 here-2 probe       far there-1      there-2
                     |  |  |                |  |              |
    client         node-a (also serves)    node-b           node-c
      |  192.168.10.50    |  .11             |  .12           |  .13
    ------------------------------ LAN ------------------------------

far is a Pod of node-b that comes in at node-a: node-b sends load balancer and external
addresses there.
"""
import collections
import json
import os
import sys
import zlib

import lab
import model
from lab import case

SLOW = os.environ.get("SVCNAT_KERNEL") in ("uml-debug", "uml-smp")
PROTOS, PORT, TARGET = ("TCP", "UDP", "SCTP"), 80, 8080
SERVICE_CIDR, EXTERNAL = "10.96.0.0/16,fd00:10:96::/108", "198.51.100.0/24,2001:db8:51::/64"
ROUTED = ("203.0.113.0/24", "192.0.2.0/24", "198.51.100.0/24", "198.18.0.0/24", "2001:db8::/32")
ZONES = {"node-a": "zone-1", "node-b": "zone-1", "node-c": "zone-2"}
PLACES = {"here-1": ("node-a", 11), "here-2": ("node-a", 12), "there-1": ("node-b", 21),
          "there-2": ("node-c", 22), "probe": ("node-a", 200), "far": ("node-b", 201)}
ADDRESS = {name: {4: f"10.244.{lab.NODES[node]}.{n}", 6: f"fd00:10:244:{lab.NODES[node]}::{n}"}
           for name, (node, n) in PLACES.items()}
ADDRESS.update({name: {4: f"192.168.10.{n}", 6: f"fd00:192:168:10::{n}"}
                for name, n in (("node-a", 11), ("client", 50), ("client2", 60))})
NAME = {address: name for name, both in ADDRESS.items() for address in both.values()}
NODE_ADDRESSES = [*ADDRESS["node-a"].values(), "192.168.10.111"]
STATE = "/tmp/second.db"

# States of endpoints: ready; not ready; serving, not ready; terminating and serving; and not.
STATES = {"r": (True, True, False), "u": (False, False, False), "s": (False, True, False),
          "t": (False, True, True), "d": (False, False, True)}
CONDITIONS = ["here-1:r there-1:r", "here-1:r here-2:r there-1:r there-2:r", "here-1:r",
              "there-1:r there-2:r", "", "here-1:u there-1:u", "here-1:s there-1:s",
              "here-1:t", "there-1:t", "here-1:t there-1:t", "here-1:t there-1:r",
              "here-1:r there-1:t", "here-1:d there-1:d", "here-1:d there-1:t",
              "here-1:u here-2:t there-1:u", "node-a:r there-1:r"]
POLICIES = [(e, i) for e in ("Cluster", "Local") for i in ("Cluster", "Local")]
FAMILIES = {"dual": (4, 6), "v4": (4,), "v6": (6,)}
KINDS = {"ClusterIP": ("10.96.1.{}", "fd00:10:96::1:{}"), "NodePort": tuple(ADDRESS["node-a"].values()),
         "LoadBalancer": ("203.0.113.{}", "2001:db8:113::{}"),
         "externalIP": ("198.51.100.{}", "2001:db8:51::{}"),
         "LoadBalancer of ipMode Proxy": ("192.0.2.{}", "2001:db8:2::{}"),
         "externalIP not allowed": ("198.18.0.{}", "2001:db8:18::{}")}
SOURCES = ("probe", "here-1", "node-a", "client", "far")

Row = collections.namedtuple("Row", "service kind source proto family address port")


def address(kind, n, family):
    return KINDS[kind][family == 6].format(n)


def make_service(n, name, families=(4, 6), etp="Cluster", itp="Cluster", **spec):
    """Every kind of frontend at once."""
    addresses = {kind: [address(kind, n, f) for f in families] for kind in KINDS}
    both = {kind: [address(kind, n, f) for f in (4, 6)] for kind in KINDS}
    return {"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": name, "namespace": "second", "labels": {"number": str(n)},
                         "creationTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {"type": "LoadBalancer", "clusterIP": addresses["ClusterIP"][0],
                     "clusterIPs": addresses["ClusterIP"],
                     "ipFamilies": [f"IPv{f}" for f in families],
                     "ipFamilyPolicy": "RequireDualStack" if len(families) > 1 else "SingleStack",
                     "externalTrafficPolicy": etp, "internalTrafficPolicy": itp,
                     "externalIPs": both["externalIP"] + both["externalIP not allowed"],
                     "ports": [{"name": p.lower(), "protocol": p, "port": PORT,
                                "targetPort": TARGET, "nodePort": 30000 + n} for p in PROTOS],
                     **spec},
            "status": {"loadBalancer": {"ingress": [
                {"ip": ip, "ipMode": mode} for kind, mode in
                (("LoadBalancer", "VIP"), ("LoadBalancer of ipMode Proxy", "Proxy"))
                for ip in both[kind]]}}}


def make_slices(name, condition, hints=None):
    """@condition: "NAME:STATE ...", @hints: {NAME: hints}."""
    def endpoint(word, family):
        host, state = word.split(":")
        found = dict(zip(("ready", "serving", "terminating"), STATES[state], strict=True))
        return {"addresses": [ADDRESS[host][family]], "conditions": found,
                "nodeName": PLACES.get(host, (host,))[0], "hints": (hints or {}).get(host, {})}
    return [{"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
             "metadata": {"name": f"{name}-{family}", "namespace": "second",
                          "labels": {"kubernetes.io/service-name": name}},
             "addressType": f"IPv{family}",
             "ports": [{"name": p.lower(), "protocol": p, "port": TARGET} for p in PROTOS],
             "endpoints": [endpoint(w, family) for w in condition.split()]}
            for family in (4, 6)]


def make_nodes():
    return [{"apiVersion": "v1", "kind": "Node",
             "metadata": {"name": node, "labels": {"topology.kubernetes.io/zone": zone}},
             "spec": {"podCIDR": f"10.244.{lab.NODES[node]}.0/24",
                      "podCIDRs": [f"10.244.{lab.NODES[node]}.0/24",
                                   f"fd00:10:244:{lab.NODES[node]}::/64"]},
             "status": {"addresses": [
                 {"type": "InternalIP", "address": f"192.168.10.1{lab.NODES[node]}"},
                 {"type": "InternalIP", "address": f"fd00:192:168:10::1{lab.NODES[node]}"}]}}
            for node, zone in ZONES.items()]


# Pods as files have them; some are called by more than one label.
LABELS = {"web": "here-1:r here-2:r there-1:r there-2:r", "sick": "here-2:u there-1:u there-2:r",
          "going": "here-1:t there-1:t", "leaving": "here-1:t there-1:r", "dying": "here-1:d"}


def make_pods():
    def pod(label, word):
        name, state = word.split(":")
        ready = STATES[state][1]
        leaves = {"deletionTimestamp": "2026-01-02T00:00:00Z"} if STATES[state][2] else {}
        return {"apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": f"{label}-{name}", "namespace": "second",
                             "labels": {"app": label}, **leaves},
                "spec": {"nodeName": PLACES[name][0], "containers": [{"name": "main"}]},
                "status": {"podIP": ADDRESS[name][4],
                           "podIPs": [{"ip": ip} for ip in ADDRESS[name].values()],
                           "conditions": [{"type": "Ready", "status": str(ready)}]}}
    return [pod(label, word) for label, words in LABELS.items() for word in words.split()]


class Set:
    """Services as they are added, by number, and what is to be tried at them."""

    def __init__(self):
        self.objects, self.rows = make_nodes() + make_pods(), []

    def add(self, name, condition, families=(4, 6), hints=None, kinds=tuple(KINDS)[:4],
            sources=SOURCES, protos=PROTOS, **spec):
        n = 1 + len(model.of_kind(self.objects, "Service"))
        self.objects.append(make_service(n, name, families, **spec))
        if condition is not None:
            self.objects += make_slices(name, condition, hints)
        for kind in kinds:
            for source in sources:
                # Pods of other nodes have their own node for ClusterIPs.
                if source == "far" and kind == "ClusterIP":
                    continue
                for proto in protos:
                    for family in (4, 6) if kind != "ClusterIP" else families:
                        self.rows.append(Row(name, kind, source, proto, family, address(
                            kind, n, family), 30000 + n if kind == "NodePort" else PORT))

    def apply(self, *options):
        return lab.svcctl("apply", "--prune", "-f", "-", "--state", STATE, "--service-cidr",
                          SERVICE_CIDR, "--external-ips", EXTERNAL, *options,
                          stdin=json.dumps({"apiVersion": "v1", "kind": "List",
                                            "items": self.objects}))

    def model(self, **more):
        return model.Model(model.controllers(self.objects), addresses=NODE_ADDRESSES,
                           cluster_cidrs=lab.CLUSTER.split(","),
                           service_cidrs=SERVICE_CIDR.split(","),
                           external_ips=EXTERNAL.split(","), **more)


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
        groups = collections.defaultdict(list)
        for row in rows:
            if not SLOW or zlib.crc32(repr(row).encode()) % 8 == 0:
                groups[row.source, row.proto, self.wanted(row)[1]].append(row)
        for (source, proto, error), group in sorted(groups.items(), key=repr):
            netns = f"second.{source}" if source.startswith("here") else source
            found = lab.probe(netns, [(r.address, r.port) for r in group], proto,
                              count=2 if error == "refused" else 1 if error else 4,
                              timeout={"timeout": 1.5, "refused": 5}.get(error, 6))
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


def zone(*names):
    return {"forZones": [{"name": n} for n in names]}


def node(name, *zones):
    return {"forNodes": [{"name": name}], **zone(*zones)}


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
        key = row.kind, row.family, verdict.what, verdict.why, row.source
        sample.setdefault(key, (row, verdict))
    for row, verdict in sample.values():
        to = f"[{row.address}]" if row.family == 6 else row.address
        said = json.loads(lab.svcctl("explain", row.proto.lower(), ADDRESS[row.source][row.family],
                                     f"{to}:{row.port}", "-o", "json").stdout)
        assert said["verdict"] == words[verdict.what], f"{row}: {said}, model: {verdict}"
        if verdict.answers:
            got, may = said["candidates"], len(verdict.answers)
            assert got == may, f"{row}: {got} candidates, model: {verdict}"


def make_lab():
    if os.path.exists(STATE):           # of a file before in the same guest: it keeps options
        os.unlink(STATE)
    pods = [lab.Pod("second" if name[-1].isdigit() else "", name, node, n, sctp=[TARGET],
                    tcp=[TARGET], udp=[TARGET]) for name, (node, n) in PLACES.items()]
    pods.append(lab.Pod("second", "host", "node-a", 0, [TARGET], [TARGET], True, [TARGET]))
    for pod in pods:
        pod.full = pod.full.split("/")[1] if not pod.host else "node-a"
        if pod.full in ("probe", "far"):
            pod.tcp = pod.udp = pod.sctp = ()
    made = lab.Lab(pods)
    for prefix in ROUTED:
        made.ip("node-b", f"route add {prefix} via " + ADDRESS["node-a"][6 if ":" in prefix else 4])
    made.flush()
    made.serve()
    return made


def main():
    everything = Set()
    for part in (policies, topologies, from_pods, ranges):
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
