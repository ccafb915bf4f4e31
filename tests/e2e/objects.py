# SPDX-License-Identifier: GPL-2.0
"""Generated objects, and the machines they are tried on.

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

import lab
import model

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
KINDS = {"ClusterIP": ("10.96.1.{}", "fd00:10:96::1:{}"),
         "NodePort": tuple(ADDRESS["node-a"].values()),
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


def zone(*names):
    return {"forZones": [{"name": n} for n in names]}


def node(name, *zones):
    return {"forNodes": [{"name": name}], **zone(*zones)}


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
            sources=SOURCES, protos=PROTOS, change=None, **spec):
        n = 1 + len(model.of_kind(self.objects, "Service"))
        self.objects.append(make_service(n, name, families, **spec))
        if condition is not None:
            pieces = make_slices(name, condition, hints)
            if change:
                change(pieces)
            self.objects += pieces
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
