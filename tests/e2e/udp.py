# SPDX-License-Identifier: GPL-2.0
"""UDP flows and changes: what is re-steered with its next packet, and what is not."""
import json
import sys

import lab
import services
from lab import case, run
from services import all_pods, apply, ctl, expect, pod, service
from talk import Asker

VIPS = ("10.96.0.10", "fd00:10:96::10")
NODE = ("192.168.10.11", "fd00:192:168:10::11")
NODE_PORT = 30053
SOURCES = ("probe", "node-a", "client")


def node_port(**spec):
    return service(type="NodePort", ports=[
        {"name": "dns", "port": 53, "targetPort": "dns", "protocol": "UDP",
         "nodePort": NODE_PORT}], **spec)


def frontends():
    return [(vip, 53) for vip in VIPS] + [(node, NODE_PORT) for node in NODE]


def askers(sources=SOURCES, dests=None):
    return {(source, addr): Asker(source, addr, port) for source in sources
            for addr, port in dests or frontends()}


def close(flows):
    for asker in flows.values():
        asker.close()


def without(names):
    """The Pods, those of @names relabelled out of the Service."""
    return [pod(n, node, "other" if f"default/web-{n}" in names else "web")
            for n, node in ((1, "node-a"), (2, "node-a"), (3, "node-b"))]


def tracked():
    listed = [run("conntrack", "-L", "-f", family, "-p", "udp", netns="node-a").stdout
              for family in ("ipv4", "ipv6")]
    return sum(text.count("udp ") for text in listed)


def repicks():
    stats = json.loads(ctl("stats", "-o", "json").stdout)
    return sum(s["repicks"] for s in stats["services"])


def going(pod_object):
    pod_object["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    pod_object["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
    return pod_object


def leaves():
    @case("udp: a flow goes elsewhere with its next packet when its Pod leaves")
    def _():
        apply(*all_pods(), node_port())
        flows = askers()
        first = {key: asker.ask() for key, asker in flows.items()}
        for key, asker in flows.items():
            expect(asker.ask(), first[key], f"{key} stays:")
        for gone in sorted(set(first.values())):
            apply(*without([gone]), node_port())
            for key, asker in flows.items():
                name = asker.ask()
                assert name != gone, f"{key} is still answered by {gone}"
        close(flows)

    @case("udp: and no other flow is touched")
    def _():
        apply(*all_pods(), node_port())
        flows = [Asker("probe", VIPS[0], 53) for _ in range(30)]
        first = [asker.ask() for asker in flows]
        assert len(set(first)) == 3, first
        before = repicks()
        apply(*without(["default/web-1"]), node_port())
        second = [asker.ask() for asker in flows]
        for was, now in zip(first, second):
            assert now == was or was == "default/web-1", (was, now)
        moved = first.count("default/web-1")
        expect(repicks() - before, moved, "re-steered:")
        for asker in flows:
            asker.close()

    @case("udp: two ports of a Pod asked from one port of a client: both answer")
    def _():
        ports = [{"name": f"dns-{port}", "port": port, "targetPort": "dns", "protocol": "UDP"}
                 for port in (53, 54)]
        apply(pod(1, "node-a"), service(ports=ports))
        for source in ("probe", "client"):
            for vip in VIPS:
                both = [Asker(source, vip, port["port"], 5300) for port in ports]
                for _ in range(3):
                    for asker in both:
                        expect(asker.ask(), "default/web-1", f"{source} {vip}:")
                for asker in both:
                    asker.close()

    @case("udp: a Pod that is going but serves keeps its flows, and gets no new one")
    def _():
        apply(*all_pods(), node_port())
        flows = askers(("probe", "client"))
        first = {key: asker.ask() for key, asker in flows.items()}
        apply(going(pod(1, "node-a")), pod(2, "node-a"), pod(3, "node-b"), node_port())
        for key, asker in flows.items():
            expect(asker.ask(), first[key], f"{key}:")
        close(flows)
        for _ in range(20):
            new = Asker("probe", VIPS[0], 53)
            assert new.ask() != "default/web-1"
            new.close()

    @case("udp: no endpoint is left: refused; one comes: answered, all on one socket")
    def _():
        apply(pod(1, "node-a"), node_port())
        flows = askers()
        for asker in flows.values():
            expect(asker.ask(), "default/web-1")
        apply(pod(1, "node-a", app="other"), node_port())
        for key, asker in flows.items():
            try:
                name = asker.ask()
                raise AssertionError(f"{key} is answered by {name}")
            except ConnectionRefusedError:
                pass
        apply(pod(1, "node-a", app="other"), pod(2, "node-a"), node_port())
        for asker in flows.values():
            expect(asker.ask(), "default/web-2")
        close(flows)


def frontends_change():
    @case("udp: a flow older than its Service is answered once there is one")
    def _():
        ctl("flush")
        apply(*all_pods())
        flows = askers()
        apply(service(name="other", clusterIP="10.96.0.99", clusterIPs=["10.96.0.99"],
                      ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack"), prune=False)
        for asker in flows.values():
            try:
                asker.send()
            except ConnectionRefusedError:
                pass
        lab.until(lambda: tracked() >= 2, "the questions to be on their way")
        apply(*all_pods(), node_port())
        for key, asker in flows.items():
            lab.until(lambda a=asker: answered(a), f"{key} to be answered")
        close(flows)

    @case("udp: a frontend that is gone is gone for its flows too")
    def _():
        apply(*all_pods(), node_port())
        flows = askers(("client",), [(node, NODE_PORT) for node in NODE])
        for asker in flows.values():
            asker.ask()
        apply(*all_pods(), service())
        for key, asker in flows.items():
            try:
                name = asker.ask()
                raise AssertionError(f"{key} is answered by {name}")
            except ConnectionRefusedError:
                pass
        close(flows)

    @case("udp: flows of before a reload of the module are not stuck")
    def _():
        apply(pod(1, "node-a"), pod(2, "node-a"), node_port())
        # Keeps the kernel's NAT, and so the translations, alive in between.
        run("nft", "add table ip keep; add chain ip keep c { type nat hook output priority 0; }",
            netns="node-a")
        flows = askers(("probe", "client"))
        first = {key: asker.ask() for key, asker in flows.items()}
        lab.unload_module()
        lab.load_module()
        apply(*without(["default/web-1", "default/web-2"]), node_port())
        for key, asker in flows.items():
            expect(asker.ask(), "default/web-3", f"{key}, before {first[key]}:")
        close(flows)
        run("nft", "delete table ip keep", netns="node-a")


def answered(asker):
    asker.sock.settimeout(0.5)
    try:
        return asker.ask()
    except OSError:
        return None


if __name__ == "__main__":
    lab.load_module()
    cluster = lab.Lab(services.PODS)
    cluster.serve()
    try:
        leaves()
        frontends_change()
    finally:
        cluster.down()
    lab.unload_module()
    sys.exit(bool(lab.FAILED))
