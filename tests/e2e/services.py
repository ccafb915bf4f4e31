# SPDX-License-Identifier: GPL-2.0
"""What a user of svcctl sees: refusals, evenness, changes, Pods that go, bad input,
kills, reloads. A small cluster of its own: three web Pods and a client Pod."""
import json
import os
import signal
import subprocess
import sys
import time

import lab
from lab import case, probe, run, svcctl

PODS = [lab.Pod("default", "web-1", "node-a", 11, [8080], [5353]),
        lab.Pod("default", "web-2", "node-a", 12, [8080], [5353]),
        lab.Pod("default", "web-3", "node-b", 13, [8080], [5353]),
        lab.Pod("", "probe", "node-a", 200)]
STATE = "/tmp/state.db"
ANSWER = {"web-1": "default/web-1", "web-2": "default/web-2", "web-3": "default/web-3"}


def pod(n, node, app="web", **meta):
    return {"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": f"web-{n}", "namespace": "default", "labels": {"app": app}, **meta},
            "spec": {"nodeName": node, "containers": [{"name": "main", "ports": [
                {"name": "http", "containerPort": 8080},
                {"name": "dns", "containerPort": 5353, "protocol": "UDP"}]}]},
            "status": {"podIP": f"10.244.{lab.NODES[node]}.{10 + n}",
                       "podIPs": [{"ip": f"10.244.{lab.NODES[node]}.{10 + n}"},
                                  {"ip": f"fd00:10:244:{lab.NODES[node]}::{10 + n}"}]}}


def service(name="web", annotations=None, app="web", **spec):
    ports = [{"name": "http", "port": 80, "targetPort": "http"},
             {"name": "dns", "port": 53, "targetPort": "dns", "protocol": "UDP"}]
    return {"apiVersion": "v1", "kind": "Service",
            "metadata": {"name": name, "namespace": "default", "annotations": annotations or {}},
            "spec": {"selector": {"app": app}, "ports": ports, "clusterIP": "10.96.0.10",
                     "clusterIPs": ["10.96.0.10", "fd00:10:96::10"],
                     "ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "RequireDualStack", **spec}}


def ctl(*argv, **kw):
    return svcctl(*argv, "--state", STATE, **kw)


def apply(*objects, check=True, prune=True):
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    return ctl("apply", "-f", "-", *(["--prune"] if prune else []), stdin=text, check=check)


def all_pods():
    return [pod(1, "node-a"), pod(2, "node-a"), pod(3, "node-b")]


def counts(result):
    return {a["name"]: a["count"] for a in result["answers"]}


def expect(got, wanted, what=""):
    if got != wanted:
        raise AssertionError(f"{what} got {got}, expected {wanted}")


def tests():
    @case("services: TCP and UDP, both families, from a Pod, the node and outside")
    def _():
        apply(*all_pods(), service())
        for source in ("probe", "node-a", "client"):
            for proto, port in (("TCP", 80), ("UDP", 53)):
                for result in probe(source, [("10.96.0.10", port), ("fd00:10:96::10", port)],
                                    proto, count=40):
                    who, error = lab.answers(result)
                    expect((set(who), error), (set(ANSWER.values()), None), f"{source} {proto}")

    @case("services: replies come from the address asked, conntrack shows the flow")
    def _():
        before = counts(probe("probe", [("10.96.0.10", 80)], count=1)[0])
        expect(sum(before.values()), 1)
        flows = run("conntrack", "-L", "-p", "tcp", "-d", "10.96.0.10", netns="node-a").stdout
        assert "src=10.244.1.200 dst=10.96.0.10" in flows, flows

    @case("services: random is even")
    def _():
        got = counts(probe("probe", [("10.96.0.10", 80)], count=300)[0])
        # Binomial(300, 1/3): a standard deviation is 8.2; 6 of them.
        assert all(51 <= n <= 149 for n in got.values()) and len(got) == 3, got

    @case("services: round-robin takes turns")
    def _():
        apply(*all_pods(), service(annotations={"svcnat.io/scheduler": "round-robin"}))
        done = run(os.path.join(lab.BUILD, "tools/probe"), "-N", "probe", "-n", "30", "-p", "1",
                   "-o", "order", "10.96.0.10", "80")
        order = done.stdout.split()
        got = [order.count(name) for name in sorted(ANSWER.values())]
        assert max(got) - min(got) <= os.cpu_count(), order     # a turn for each processor
        if os.cpu_count() == 1:
            expect(len(set(order[:3])), 3)
            expect(order, order[:3] * 10)

    @case("services: hairpin: a Pod reaches itself through the VIP")
    def _():
        apply(pod(1, "node-a"), service())
        for result in probe("default.web-1", [("10.96.0.10", 80), ("fd00:10:96::10", 80)],
                            count=4):
            who, error = lab.answers(result)
            expect((list(who), error), (["default/web-1"], None))

    @case("services: a label that changes moves a Pod out, and back")
    def _():
        apply(pod(1, "node-a"), pod(2, "node-a", app="other"), pod(3, "node-b"), service())
        got = counts(probe("probe", [("10.96.0.10", 80)], count=40)[0])
        expect(set(got), {"default/web-1", "default/web-3"})
        apply(*all_pods(), service())
        got = counts(probe("probe", [("10.96.0.10", 80)], count=40)[0])
        expect(len(got), 3)

    @case("services: a Pod that is deleted gets no new connection")
    def _():
        ctl("delete", "pod", "web-2")
        got = counts(probe("probe", [("10.96.0.10", 80)], count=40)[0])
        expect(set(got), {"default/web-1", "default/web-3"})

    @case("services: a selector that matches nothing is refused: TCP reset, UDP by ICMP")
    def _():
        apply(*all_pods(), service(app="nobody"))
        for source in ("probe", "client", "node-a"):
            for result in probe(source, [("10.96.0.10", 80), ("fd00:10:96::10", 80)], count=2):
                expect(lab.answers(result), ({}, "refused"), source)
            result = probe(source, [("10.96.0.10", 53)], "UDP", count=2)[0]
            expect(lab.answers(result), ({}, "refused"), source + " UDP")

    @case("services: another port of a live ClusterIP is refused, ping too")
    def _():
        apply(*all_pods(), service())
        result = probe("probe", [("10.96.0.10", 81)], count=2)[0]
        expect(lab.answers(result), ({}, "refused"))
        ping = run("ping", "-c", "1", "-W", "2", "10.96.0.10", netns="probe", check=False)
        assert "Port Unreachable" in ping.stdout, ping.stdout

    @case("services: NodePort and LoadBalancer allocated, served from outside")
    def _():
        ctl("apply", "-f", "-", "--lb-pool", "203.0.113.0/24", stdin=json.dumps(
            service("lb", type="LoadBalancer", clusterIP="10.96.0.11",
                    clusterIPs=["10.96.0.11"], ipFamilies=["IPv4"],
                    ipFamilyPolicy="SingleStack")))
        svc = json.loads(ctl("get", "services", "lb", "-o", "json").stdout)
        svc = svc["items"][0] if "items" in svc else svc
        node_port = svc["spec"]["ports"][0]["nodePort"]
        vip = svc["status"]["loadBalancer"]["ingress"][0]["ip"]
        for result in probe("client", [("192.168.10.11", node_port), (vip, 80)], count=20):
            who, error = lab.answers(result)
            expect((set(who), error), (set(ANSWER.values()), None))
            expect({s for v in who.values() for s in v} & {"192.168.10.50"}, set())

    @case("services: explain agrees with the packets")
    def _():
        text = ctl("explain", "tcp", "10.244.1.200", "10.96.0.10:80", "-o", "json").stdout
        expect(json.loads(text)["verdict"], "dnat")
        expect(json.loads(text)["candidates"], 3)
        text = ctl("explain", "tcp", "192.168.10.50", "10.96.0.10:80").stdout
        assert "outside the cluster CIDRs" in text, text
        text = ctl("explain", "udp", "10.244.1.200", "10.96.0.10:54").stdout
        assert "refused" in text, text

    @case("services: counters are exact")
    def _():
        ctl("flush")
        apply(*all_pods(), service())
        probe("probe", [("10.96.0.10", 80)], count=33)
        probe("client", [("10.96.0.10", 53)], "UDP", count=7)
        stats = json.loads(ctl("stats", "-o", "json").stdout)
        by = {(s["service"], s["protocol"]): s for s in stats["services"]
              if s["connections"]}
        expect(by[("default/web:http", "TCP")]["connections"], 33)
        expect(sum(b["connections"] for b in by[("default/web:http", "TCP")]["backends"]), 33)
        expect(by[("default/web:dns", "UDP")]["connections"], 7)

    @case("services: applying the same again changes nothing; diff says so")
    def _():
        out = apply(*all_pods(), service()).stdout
        assert all(line.endswith("unchanged") for line in out.splitlines()), out
        expect(ctl("diff").returncode, 0)

    @case("services: get -w follows what changes")
    def _():
        with open("/tmp/watched", "w") as out:
            watch = subprocess.Popen(
                ["ip", "netns", "exec", "node-a", os.path.join(lab.BUILD, "svcctl"), "get",
                 "endpoints", "-w", "--state", STATE], stdout=out)

        def rows():
            return [line.split()[1] for line in open("/tmp/watched")][1:]
        lab.until(rows, "the first row")
        apply(*all_pods()[:2], service())
        lab.until(lambda: len(rows()) > 1, "the row that changed")
        watch.terminate()
        expect(watch.wait(), 0)
        assert "10.244.2.13:8080" in rows()[0] and "10.244.2.13" not in rows()[1], rows()
        apply(*all_pods(), service())

    @case("services: nothing of a bad input is applied")
    def _():
        bad = (service(ports=[{"port": 70000}]), service(ports=[{"port": 0}]),
               service(selector=["a"]), service(type="NodePort", ports=[
                   {"name": "a", "port": 1, "nodePort": 30007},
                   {"name": "b", "port": 2, "nodePort": 30007}]),
               service(type="NodePort", ports=[{"port": 1, "nodePort": 20000}]),
               service(ports=[{"port": "eighty"}]), service(type="Cluster"),
               service(clusterIPs=["fd00:10:96::10", "10.96.0.10"]), service(ports=[]))
        for objects in bad:
            done = apply(pod(9, "node-a"), objects, check=False)
            expect(done.returncode, 1, done.stderr)
            assert "error:" in done.stderr and ":1:" in done.stderr, done.stderr
        done = ctl("apply", "-f", "-", stdin="a: [unclosed", check=False)
        expect(done.returncode, 1, done.stderr)
        expect(ctl("diff").returncode, 0)
        assert "web-9" not in ctl("get", "pods").stdout

    @case("services: changes while connections come: none fails")
    def _():
        apply(*all_pods(), service())
        probing = subprocess.Popen(
            [os.path.join(lab.BUILD, "tools/probe"), "-N", "probe", "-n", "0", "-o", "json",
             "-r", "/tmp/probing", "-t", "10", "10.96.0.10", "80"], stdout=subprocess.PIPE,
            text=True)
        lab.until(lambda: os.path.exists("/tmp/probing"), "the first answer")
        for i in range(6):
            apply(*all_pods()[i % 2:], service())
        probing.send_signal(signal.SIGTERM)
        result = json.loads(probing.communicate()[0].splitlines()[0])
        failures = {k: v for k, v in result.items() if k not in ("answers", "answered", "mtu") and v}
        expect(failures, {})
        assert result["answered"] > 10, result

    @case("services: killed at any moment, both stores agree and the next command works")
    def _():
        objects = json.dumps({"apiVersion": "v1", "kind": "List",
                              "items": [*all_pods(), service(), service(
                                  "two", clusterIP="10.96.0.12", clusterIPs=["10.96.0.12"],
                                  ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")]})
        for i in range(14):
            ctl("delete", "service", "two", check=False)
            doing = subprocess.Popen(
                ["ip", "netns", "exec", "node-a", os.path.join(lab.BUILD, "svcctl"), "apply",
                 "-f", "-", "--node", "node-a", "--cluster-cidr", lab.CLUSTER, "--state", STATE],
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                text=True)
            doing.stdin.write(objects)
            doing.stdin.close()
            time.sleep(0.015 * i)       # not a wait: the moment of the kill
            doing.kill()
            doing.wait()
            ctl("apply", "-f", "-", stdin=json.dumps(service()))
            expect(ctl("diff").returncode, 0, f"kill {i}:")

    @case("services: an unprivileged user gets a sentence")
    def _():
        done = run("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
                   os.path.join(lab.BUILD, "svcctl"), "stats", netns="node-a", check=False)
        expect(done.returncode, 1)
        assert "root" in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr

    @case("services: a namespace without services tracks nothing")
    def _():
        run("ping", "-c", "1", "192.168.10.60", netns="client")
        expect(run("conntrack", "-C", netns="client", check=False).stdout.strip(), "0")

    @case("services: the module goes and comes under traffic; restore brings all back")
    def _():
        apply(*all_pods(), service())
        probing = subprocess.Popen(
            [os.path.join(lab.BUILD, "tools/probe"), "-N", "probe", "-n", "0", "-o", "json",
             "-r", "/tmp/reloading", "-t", "1", "10.96.0.10", "80"], stdout=subprocess.PIPE,
            text=True)
        lab.until(lambda: os.path.exists("/tmp/reloading"), "the first answer")
        lab.unload_module()
        done = ctl("get", "backends", check=False)
        if lab.installed():         # asking for the family loads the module
            expect((done.returncode, os.path.isdir("/sys/module/svcnat")), (0, True))
        else:
            expect(done.returncode, 1)
            assert "modprobe svcnat" in done.stderr, done.stderr
        lab.load_module()
        ctl("restore")
        expect(ctl("diff").returncode, 0)
        expect(len(counts(probe("probe", [("10.96.0.10", 80)], count=40)[0])), 3)
        probing.send_signal(signal.SIGTERM)
        assert json.loads(probing.communicate()[0].splitlines()[0])["answered"]


if __name__ == "__main__":
    lab.load_module()
    cluster = lab.Lab(PODS)
    cluster.serve()
    try:
        tests()
    finally:
        cluster.down()
    lab.unload_module()
    sys.exit(bool(lab.FAILED))
