# SPDX-License-Identifier: GPL-2.0
"""What a Service is to one node, as Kubernetes and kube-proxy define it.

Written from those definitions and a record of kube-proxy's verdicts, and from nothing
that svcnat or svcctl do, which are compared with it: slow, plain, one rule a line.

    Model(objects, node="node-a", ...).ask(source, proto, address, port) -> Verdict
"""
import dataclasses
import ipaddress

ANSWERED, REFUSED, SILENT, OURS_NOT = "answered", "refused", "silent", "not ours"
CLUSTER_IP, LOAD_BALANCER, EXTERNAL_IP, NODE_PORT = range(4)    # who wins over whom


@dataclasses.dataclass
class Verdict:
    """@answers: {(address, port) of an endpoint: the source it sees}."""
    what: str
    answers: dict = dataclasses.field(default_factory=dict)
    why: str = ""


@dataclasses.dataclass
class Endpoint:
    address: str
    port: int
    node: str
    ready: bool
    serving: bool
    terminating: bool
    zones: tuple = ()
    nodes: tuple = ()

    def fallback(self):
        return self.serving and self.terminating


@dataclasses.dataclass
class Frontend:
    kind: int
    service: dict
    port: dict
    family: int

    def local(self):
        policy = "internalTrafficPolicy" if self.kind == CLUSTER_IP else "externalTrafficPolicy"
        return self.service["spec"].get(policy, "Cluster") == "Local"

    def seniority(self):
        meta = self.service["metadata"]
        return self.kind, meta.get("creationTimestamp", ""), meta["namespace"], meta["name"]


def family_of(address):
    return ipaddress.ip_address(address).version


def inside(address, prefixes):
    address = ipaddress.ip_address(address)
    return any(address in p for p in map(ipaddress.ip_network, prefixes)
               if p.version == address.version)


def of_kind(objects, kind):
    return [o for o in objects if o["kind"] == kind]


class Model:
    """@addresses: those of the node's devices, loopback apart. @pod: how a source is told
    to be a Pod, a function of its address (default: it lies in the first cluster CIDR of
    its family); None for a family that has no way of telling."""

    def __init__(self, objects, node="node-a", addresses=(), cluster_cidrs=(), service_cidrs=(),
                 external_ips=(), nodeport_addresses="primary", strict_ranges=False,
                 masquerade_all=False, pod=None):
        self.node, self.addresses = node, list(addresses)
        self.cluster = {}
        for cidr in cluster_cidrs:
            self.cluster.setdefault(ipaddress.ip_network(cidr).version, cidr)
        self.service_cidrs, self.external_ips = service_cidrs, external_ips
        self.strict, self.masquerade_all, self.detector = strict_ranges, masquerade_all, pod
        self.nodes = {n["metadata"]["name"]: n for n in of_kind(objects, "Node")}
        self.slices = of_kind(objects, "EndpointSlice")
        self.nodeports = self.nodeport_addresses(nodeport_addresses)
        self.by_address, self.by_nodeport, self.live = {}, {}, set()
        for service in of_kind(objects, "Service"):
            self.add(service)

    # The node

    def primary(self, family):
        """The first InternalIP, else ExternalIP, of a family."""
        of_node = self.nodes[self.node]["status"]["addresses"]
        for kind in ("InternalIP", "ExternalIP"):
            for a in of_node:
                if a["type"] == kind and family_of(a["address"]) == family:
                    return a["address"]
        return None

    def nodeport_addresses(self, wanted):
        """Addresses that node ports are served on."""
        if wanted == "primary":
            return [a for a in map(self.primary, (4, 6)) if a]
        if wanted == "all":
            return self.addresses
        if wanted == "localhost":
            return []
        return [a for a in self.addresses if inside(a, wanted)]

    def zone(self):
        labels = self.nodes[self.node]["metadata"].get("labels", {})
        return labels.get("topology.kubernetes.io/zone")

    def is_node(self, source):
        return source in self.addresses

    def tells_pods(self, family):
        return self.detector is not None or family in self.cluster

    def is_pod(self, source):
        if self.detector:
            return self.detector(source)
        family = family_of(source)
        return family in self.cluster and inside(source, [self.cluster[family]])

    def is_other_nodes_pod(self, source):
        cidrs = [c for c in self.nodes[self.node]["spec"].get("podCIDRs", [])
                 if ipaddress.ip_network(c).version == family_of(source)]
        return self.is_pod(source) and bool(cidrs) and not inside(source, cidrs)

    # Frontends

    def add(self, service):
        spec, labels = service["spec"], service["metadata"].get("labels", {})
        if spec.get("type") == "ExternalName" or spec.get("clusterIP") == "None" or \
           "service.kubernetes.io/service-proxy-name" in labels:
            return
        ingress = service.get("status", {}).get("loadBalancer", {}).get("ingress", [])
        for cluster_ip in spec["clusterIPs"]:
            family = family_of(cluster_ip)
            self.live.add(cluster_ip)
            addresses = [(CLUSTER_IP, cluster_ip)]
            if spec.get("type") == "LoadBalancer":
                addresses += [(LOAD_BALANCER, i["ip"]) for i in ingress
                              if i.get("ipMode", "VIP") == "VIP"]
            addresses += [(EXTERNAL_IP, ip) for ip in spec.get("externalIPs", [])
                          if inside(ip, self.external_ips)]
            for port in spec["ports"]:
                proto = port.get("protocol", "TCP")
                for kind, address in addresses:
                    if family_of(address) == family:
                        self.claim(self.by_address, (address, proto, port["port"]),
                                   Frontend(kind, service, port, family))
                if port.get("nodePort"):
                    self.claim(self.by_nodeport, (family, proto, port["nodePort"]),
                               Frontend(NODE_PORT, service, port, family))

    @staticmethod
    def claim(table, key, frontend):
        """Equal frontends: ClusterIP, load balancer, external; the older; by name."""
        held = table.get(key)
        if held is None or frontend.seniority() < held.seniority():
            table[key] = frontend

    def find(self, proto, address, port):
        found = self.by_address.get((address, proto, port))
        if not found and address in self.nodeports:
            found = self.by_nodeport.get((family_of(address), proto, port))
        return found

    # Endpoints

    def endpoints(self, frontend):
        """Of all slices: one an address and port, of two the one that stays."""
        meta, family, found = frontend.service["metadata"], frontend.family, {}
        for piece in self.slices:
            if piece["metadata"].get("namespace", "default") != meta["namespace"] or \
               piece["metadata"]["labels"].get("kubernetes.io/service-name") != meta["name"] or \
               piece["addressType"] != f"IPv{family}":
                continue
            for port in piece["ports"] or ():
                if port.get("name", "") != frontend.port.get("name", "") or not port.get("port") \
                   or port.get("protocol", "TCP") != frontend.port.get("protocol", "TCP"):
                    continue
                for e in piece["endpoints"] or ():
                    new = self.endpoint(e, port["port"])
                    old = found.get((new.address, new.port))
                    if not old or old.terminating:
                        found[new.address, new.port] = new
        return list(found.values())

    @staticmethod
    def endpoint(e, port):
        def condition(name, otherwise):
            value = e.get("conditions", {}).get(name)
            return otherwise if value is None else value
        hints = e.get("hints") or {}
        return Endpoint(e["addresses"][0], port, e.get("nodeName"), condition("ready", True),
                        condition("serving", True), condition("terminating", False),
                        tuple(z["name"] for z in hints.get("forZones", ())),
                        tuple(n["name"] for n in hints.get("forNodes", ())))

    def fits(self, ready):
        """Which of the ready endpoints the topology leaves to this node."""
        for hints, here in ((lambda e: e.nodes, self.node), (lambda e: e.zones, self.zone())):
            if all(map(hints, ready)) and any(here in hints(e) for e in ready):
                return [e for e in ready if here in hints(e)]
        return ready

    def cluster_set(self, endpoints):
        ready = [e for e in endpoints if e.ready]
        return self.fits(ready) if ready else [e for e in endpoints if e.fallback()]

    def local_set(self, endpoints):
        here = [e for e in endpoints if e.node == self.node]
        return [e for e in here if e.ready] or [e for e in here if e.fallback()]

    # Decisions

    def in_ranges(self, frontend, source):
        ranges = [r.strip() for r in frontend.service["spec"].get("loadBalancerSourceRanges", ())]
        if frontend.kind != LOAD_BALANCER and not (self.strict and frontend.kind != CLUSTER_IP):
            return True
        mine = [r for r in ranges if ipaddress.ip_network(r, False).version == frontend.family]
        if not mine:
            return not (self.strict and ranges)
        return inside(source, mine) or any(r.endswith("/0") for r in mine)

    def masquerades(self, frontend, source, endpoint):
        if source == endpoint.address:
            return True                                 # hairpin
        if endpoint.address in self.addresses and not self.is_node(source):
            return False                                # ends here: its reply passes us
        if frontend.kind == CLUSTER_IP:
            return self.masquerade_all or \
                (self.tells_pods(frontend.family) and not self.is_pod(source))
        if not frontend.local():
            return True
        # kube-proxy leaves Pods of other nodes alone, and loses their replies.
        return self.is_node(source) or self.is_other_nodes_pod(source)

    def nobody(self, address):
        if address in self.live:
            return Verdict(REFUSED, why="another port of a live ClusterIP")
        if inside(address, self.service_cidrs) and address not in self.addresses:
            return Verdict(SILENT, why="nobody's address in a service CIDR")
        return Verdict(OURS_NOT, why="no frontend")

    def ask(self, source, proto, address, port=0):
        frontend = self.find(proto, address, port)
        if not frontend:
            return self.nobody(address)
        # The address itself, where it is on a device here, stands for the node.
        allowed = [source] + ([self.primary(frontend.family)] if source == address else [])
        if not any(self.in_ranges(frontend, a) for a in allowed):
            return Verdict(SILENT, why="outside the source ranges")
        endpoints = self.endpoints(frontend)
        if not any(e.ready or e.fallback() for e in endpoints):
            return Verdict(REFUSED, why="no usable endpoint")
        local = frontend.local() and (frontend.kind == CLUSTER_IP or
                                      not (self.is_pod(source) or self.is_node(source)))
        chosen = self.local_set(endpoints) if local else self.cluster_set(endpoints)
        if not chosen:
            return Verdict(SILENT, why="no usable endpoint here")
        return Verdict(ANSWERED, {
            (e.address, e.port): self.primary(frontend.family)
            if self.masquerades(frontend, source, e) else source for e in chosen})


def controllers(objects):
    """@objects and the slices the Endpoints controllers would write for their Services."""
    pods, nodes = of_kind(objects, "Pod"), {n["metadata"]["name"]: n for n in
                                            of_kind(objects, "Node")}
    return list(objects) + [piece for service in of_kind(objects, "Service")
                            if service["spec"].get("selector")
                            for piece in slices_of(service, pods, nodes)]


def slices_of(service, pods, nodes):
    meta, spec = service["metadata"], service["spec"]
    chosen = [p for p in pods if p["metadata"]["namespace"] == meta["namespace"] and
              spec["selector"].items() <= p["metadata"]["labels"].items()]
    for ip in spec["clusterIPs"]:
        family = family_of(ip)
        yield {"kind": "EndpointSlice", "addressType": f"IPv{family}",
               "metadata": {"namespace": meta["namespace"],
                            "labels": {"kubernetes.io/service-name": meta["name"]}},
               "ports": [{"name": p.get("name", ""), "protocol": p.get("protocol", "TCP"),
                          "port": p["targetPort"]} for p in spec["ports"]],
               "endpoints": [endpoint_of(service, p, family, nodes) for p in chosen]}


def endpoint_of(service, pod, family, nodes):
    conditions = {c["type"]: c["status"] == "True" for c in pod["status"].get("conditions", ())}
    runs, goes = conditions.get("Ready", True), "deletionTimestamp" in pod["metadata"]
    ready = service["spec"].get("publishNotReadyAddresses", False) or (runs and not goes)
    node, hints = pod["spec"]["nodeName"], {}
    zone = nodes[node]["metadata"]["labels"]["topology.kubernetes.io/zone"]
    wish = service["spec"].get("trafficDistribution")
    if ready and wish:
        hints["forZones"] = [{"name": zone}]
        if wish == "PreferSameNode":
            hints["forNodes"] = [{"name": node}]
    return {"addresses": [a["ip"] for a in pod["status"]["podIPs"]
                          if family_of(a["ip"]) == family], "nodeName": node, "hints": hints,
            "conditions": {"ready": ready, "serving": runs, "terminating": goes}}
