# SPDX-License-Identifier: GPL-2.0
"""Translation seen from its ends: errors on the way back, kinds of refusal, what a
connection outlives, and a node's namespace that goes while packets pass."""
import json
import os
import signal
import subprocess
import sys

import lab
import services
from lab import case, probe, run
from services import all_pods, apply, counts, ctl, expect, pod, service

VIPS = ("10.96.0.10", "fd00:10:96::10")


def outcome(source, addr, port, proto="TCP", count=4, extra=()):
    """The one thing that happened to every try: an outcome of probe, or "answered"."""
    result = probe(source, [(addr, port)], proto, count=count, extra=extra)[0]
    happened = {k for k, v in result.items() if v and k not in ("answers", "mtu")}
    assert len(happened) == 1, result
    return happened.pop(), result


class Running:
    """A probe that goes on until it is told to stop; there once it was answered."""

    def __init__(self, source, *argv):
        self.ready = f"/tmp/running.{source}.{argv[-2]}.{os.getpid()}"
        self.process = subprocess.Popen(
            [os.path.join(lab.BUILD, "tools/probe"), "-N", source, "-n", "0", "-o", "json",
             "-r", self.ready, *argv], stdout=subprocess.PIPE, text=True)
        lab.until(lambda: os.path.exists(self.ready) or self.process.poll() is not None,
                  f"the first answer to {source}")

    def stop(self):
        os.path.exists(self.ready) and os.remove(self.ready)
        self.process.send_signal(signal.SIGTERM)
        return json.loads(self.process.communicate()[0].splitlines()[0])


def generation():
    return json.loads(ctl("explain", "tcp", "10.244.1.200", VIPS[0] + ":80", "-o",
                          "json").stdout)["generation"]


def failures(result):
    return {k: v for k, v in result.items() if v and k not in ("answers", "answered", "mtu")}


def errors():
    @case("nat: a backend's port unreachable comes back as the Service's")
    def _():
        apply(*all_pods(), service(ports=[
            {"name": "deaf", "port": 53, "targetPort": 5999, "protocol": "UDP"}]))
        for source in ("probe", "node-a", "client", "default.web-1"):
            for vip in VIPS:
                expect(outcome(source, vip, 53, "UDP")[0], "icmp-port", f"{source} {vip}")

    @case("nat: a backend's reset comes back as the Service's")
    def _():
        apply(*all_pods(), service(ports=[{"name": "deaf", "port": 80, "targetPort": 8099}]))
        for source in ("probe", "node-a", "client"):
            for vip in VIPS:
                expect(outcome(source, vip, 80)[0], "rst", f"{source} {vip}")

    @case("nat: a smaller MTU behind the Service is heard by who asked")
    def _():
        apply(pod(3, "node-b"), service())
        run("ip", "-n", "node-b", "link", "set", "v13", "mtu", "1300")
        try:
            for source in ("probe", "client"):
                for vip in VIPS:
                    what, result = outcome(source, vip, 53, "UDP", 1, ("-s", "1400"))
                    expect((what, result["mtu"]), ("too-big", 1300), f"{source} {vip}")
                    expect(outcome(source, vip, 53, "UDP", 1, ("-s", "1000"))[0], "answered")
        finally:
            run("ip", "-n", "node-b", "link", "set", "v13", "mtu", "1500")


def refusals():
    @case("nat: no endpoints: a reset for TCP, ICMP for UDP")
    def _():
        apply(*all_pods(), service(app="nobody"))
        for source in ("probe", "client"):
            for vip in VIPS:
                expect(outcome(source, vip, 80)[0], "rst", f"{source} {vip}")
                expect(outcome(source, vip, 53, "UDP")[0], "icmp-port", f"{source} {vip}")

    @case("nat: no endpoints, svcnat.io/refuse: icmp: ICMP for both")
    def _():
        apply(*all_pods(), service(app="nobody", annotations={"svcnat.io/refuse": "icmp"}))
        for source in ("probe", "client"):
            for vip in VIPS:
                expect(outcome(source, vip, 80)[0], "icmp-port", f"{source} {vip}")
                expect(outcome(source, vip, 53, "UDP")[0], "icmp-port", f"{source} {vip}")

    @case("nat: refusals are counted one by one")
    def _():
        ctl("flush")
        apply(service(app="nobody"))
        outcome("probe", VIPS[0], 80, count=5)
        outcome("client", VIPS[0], 53, "UDP", count=3)
        outcome("probe", VIPS[0], 81, count=2)
        stats = json.loads(ctl("stats", "-o", "json").stdout)
        refused = {s["protocol"]: s["refused"] for s in stats["services"] if s["refused"]}
        expect(refused, {"TCP": 5, "UDP": 3})


def lives():
    @case("nat: a connection outlives its Pod's place in the Service, and the last Service")
    def _():
        apply(pod(1, "node-a"), service())
        held = [Running(source, "-k", VIPS[0], "80") for source in ("probe", "client")]
        apply(pod(1, "node-a", app="retired"), service())
        expect(outcome("probe", VIPS[0], 80)[0], "rst")
        apply(pod(1, "node-a", app="retired"))
        expect(ctl("get", "services", "-o", "name").stdout.split(), [])
        ctl("flush")
        for one in held:
            before = one.stop()
            expect(failures(before), {})
            expect(list(counts(before)), ["default/web-1"])

    @case("nat: a connection that conntrack forgot hears a reset where nobody serves any more")
    def _():
        apply(pod(1, "node-a"), service())
        held = [Running(source, "-k", vip, "80") for source in ("probe", "node-a")
                for vip in VIPS]
        apply(service(app="nobody"))
        run("conntrack", "-F", netns="node-a")
        run("conntrack", "-F", "-f", "ipv6", netns="node-a")
        for one in held:
            lab.until(lambda p=one.process: p.poll() is not None, "the connection to end")
            expect(set(failures(one.stop())), {"broken"})

    @case("nat: monitor tells of each change, and of nothing else")
    def _():
        apply(*all_pods(), service())
        monitor = subprocess.Popen(
            ["ip", "netns", "exec", "node-a", os.path.join(lab.BUILD, "svcctl"), "monitor",
             "-o", "json"], stdout=open("/tmp/monitor", "w"))

        def heard():
            return [json.loads(line) for line in open("/tmp/monitor")]
        # Nothing says when it listens: change something until it is heard.
        flip = [0]

        def nudge():
            flip[0] += 1
            apply(*all_pods()[flip[0] % 2:], service())
            return heard()
        lab.until(nudge, "monitor to listen")
        apply(*all_pods(), service())
        before = generation()
        apply(*all_pods(), service())
        expect(generation(), before, "the same again:")
        apply(pod(2, "node-a"), pod(3, "node-b"), service())
        lab.until(lambda: heard()[-1]["event"] == "commit" and
                  heard()[-1]["generation"] == before + 1, "the commit")
        monitor.terminate()
        monitor.wait()
        *changes, commit = (e for e in heard() if e["generation"] == before + 1)
        expect(sorted((e["service"], e["protocol"], e["event"], e["backends_added"],
                       e["backends_removed"]) for e in changes),
               [("default/web:dns", "UDP", "changed", 0, 1)] * 2 +
               [("default/web:http", "TCP", "changed", 0, 1)] * 2)     # two families
        expect(commit["changes"], 4)

    @case("nat: a node's namespace goes while packets pass")
    def _():
        apply(*all_pods(), service())
        traffic = [Running("probe", "-t", "1", VIPS[0], "80"),
                   Running("client", "-t", "1", VIPS[1], "80"),
                   Running("client2", "-u", "-t", "1", VIPS[0], "53")]
        run("ip", "netns", "del", "node-a")
        lab.until(lambda: run("ip", "-n", "probe", "link", "show", "eth0",
                              check=False).returncode, "the namespace to be gone")
        for one in traffic:
            assert one.stop()["answered"], "no traffic"
        lab.unload_module()
        lab.load_module()


if __name__ == "__main__":
    lab.load_module()
    cluster = lab.Lab(services.PODS)
    cluster.serve()
    try:
        errors()
        refusals()
        lives()
    finally:
        cluster.down()
    lab.unload_module()
    sys.exit(bool(lab.FAILED))
