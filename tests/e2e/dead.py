# SPDX-License-Identifier: GPL-2.0
"""Pods that fall silent, and nobody tells the kernel: the SYN that comes again, and
backends that sit out."""
import json
import os
import subprocess
import sys

import lab
import services
from lab import case, probe, run
from services import apply, ctl, counts, expect, pod, service
from talk import connect

VIPS = ("10.96.0.10", "fd00:10:96::10")
PODS = {1: "node-a", 2: "node-a", 3: "node-b"}


def wanted(eject=None, **spec):
    return service(annotations={"svcnat.io/eject": eject} if eject else {}, **spec)


def pods(*numbers):
    return [pod(n, PODS[n]) for n in numbers]


# Those in progress end with their Pod, whoever is in between: not for them, then.
NEW = "tcp flags & (syn | ack) == syn drop"
DROP = "meta l4proto { tcp, udp } drop"
RESET = "meta l4proto tcp reject with tcp reset"     # as if nothing listened


def silence(n, how=DROP):
    run("nft", "-f", "-", netns=f"default.web-{n}", stdin=f"""
        table inet silent {{ chain c {{ type filter hook input priority 0;
            icmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert }} accept
            {how}; }}; }}""")


def speak(n):
    run("nft", "delete", "table", "inet", "silent", netns=f"default.web-{n}", check=False)


class Silent:
    def __init__(self, *numbers, how=DROP):
        self.numbers, self.how = numbers, how

    def __enter__(self):
        for n in self.numbers:
            silence(n, self.how)

    def __exit__(self, *_):
        for n in self.numbers:
            speak(n)


def backend(n):
    """What stats say of a Pod's backends, summed over families."""
    stats = json.loads(ctl("stats", "-o", "json").stdout)
    found = [b for s in stats["services"] if s["protocol"] == "TCP" for b in s["backends"]
             if b["address"].endswith((f".{10 + n}", f"::{10 + n}"))]
    return {key: sum(b.get(key, 0) for b in found)
            for key in ("connections", "active", "repicks", "ejections")}


def ask(source, vip, count, *extra):
    return probe(source, [(vip, 80)], count=count, timeout=20, extra=extra)[0]


def all_answered(result, what=""):
    failed = {k: v for k, v in result.items() if v and k not in ("answers", "answered", "mtu")}
    expect(failed, {}, what)


def repick():
    @case("dead: a SYN that comes again goes to another Pod, from a Pod, the node and outside")
    def _():
        apply(*pods(1, 2), wanted("off"))
        with Silent(1):
            for source in ("probe", "node-a", "client"):
                for vip in VIPS:
                    result = ask(source, vip, 16)
                    all_answered(result, f"{source} {vip}")
                    expect(counts(result), {"default/web-2": 16}, f"{source} {vip}")
        assert backend(1)["repicks"] > 0, backend(1)
        expect(backend(1)["ejections"], 0)

    @case("dead: policy Local with one local Pod: nowhere else to go, and nothing breaks")
    def _():
        apply(*pods(1, 3), wanted(internalTrafficPolicy="Local"))
        sock = None
        silence(1)
        try:
            result = probe("probe", [(VIPS[0], 80)], count=4, timeout=3)[0]
            expect(result["timeout"], 4, str(result))
            speak(1)
            sock = connect("probe", VIPS[0], 80)
        finally:
            speak(1)
            if sock:
                sock.close()
        expect(backend(1)["ejections"], 0)

    @case("dead: a single SYN is not lost on a change of mind: the entry is the new Pod's alone")
    def _():
        apply(*pods(1, 2), wanted("off"))
        run("conntrack", "-D", "-p", "tcp", netns="node-a", check=False)
        with Silent(1):
            all_answered(ask("probe", VIPS[0], 16))
        lab.until(lambda: backend(1)["active"] == 0, "no connection of the silent Pod's")


def ejection():
    @case("dead: five failures in a row and a Pod sits out; it comes back by itself")
    def _():
        ctl("flush")
        apply(*pods(1, 2, 3), wanted("5/15"))
        with Silent(1):
            all_answered(ask("probe", VIPS[0], 60))
            assert backend(1)["ejections"] >= 1, backend(1)
            before = backend(1)["connections"]
            # While it sits out nobody is sent there.
            all_answered(ask("probe", VIPS[0], 30))
            assert backend(1)["connections"] - before <= 3, (before, backend(1))
        lab.until(lambda: "default/web-1" in counts(ask("probe", VIPS[0], 12)), "its return")

    @case("dead: resets count as failures: a Pod where nothing listens sits out")
    def _():
        ctl("flush")
        apply(*pods(1, 2), wanted("5/60"))
        with Silent(1, how=RESET):
            ask("probe", VIPS[0], 60)
            assert backend(1)["ejections"] >= 1, backend(1)
            result = ask("probe", VIPS[0], 30)
            expect(counts(result), {"default/web-2": 30})

    @case("dead: answers in between: a Pod that fails now and then does not sit out")
    def _():
        ctl("flush")
        apply(*pods(1), wanted("3/60"))
        for _ in range(3):
            with Silent(1):
                probe("probe", [(VIPS[0], 80)], count=1, timeout=2)
            all_answered(ask("probe", VIPS[0], 1))
        expect(backend(1)["ejections"], 0)

    @case("dead: the last one is never ejected, and off is off")
    def _():
        ctl("flush")
        apply(*pods(1), wanted("2/60"))
        with Silent(1):
            probe("probe", [(VIPS[0], 80)], count=10, timeout=2)
        all_answered(ask("probe", VIPS[0], 10))
        expect(backend(1)["ejections"], 0)
        apply(*pods(1, 2), wanted("off"))
        with Silent(1):
            all_answered(ask("probe", VIPS[0], 40))
        expect(backend(1)["ejections"], 0)

    @case("dead: every Pod silent, then back: served at once, whoever sat out")
    def _():
        ctl("flush")
        apply(*pods(1, 2, 3), wanted("2/60"))
        with Silent(1, 2, 3):
            probe("probe", [(VIPS[0], 80)], count=20, timeout=4)
        all_answered(ask("probe", VIPS[0], 20))


def rate():
    @case("dead: a Pod falls silent at 200 new connections a second: none fails")
    def _():
        ctl("flush")
        apply(*pods(1, 2, 3), wanted())
        ready = "/tmp/rate-ready"
        load = subprocess.Popen(
            [os.path.join(lab.BUILD, "tools/probe"), "-N", "client", "-n", "0", "-i", "5", "-p",
             "512", "-t", "20", "-o", "json", "-r", ready, VIPS[0], "80"],
            stdout=subprocess.PIPE, text=True)
        lab.until(lambda: os.path.exists(ready) or load.poll() is not None, "traffic")

        def made():
            return sum(backend(n)["connections"] for n in PODS)
        lab.until(lambda: made() > 400, "400 connections")
        silence(1, NEW)
        now = made()
        lab.until(lambda: made() > now + 1000, "1000 connections more")
        load.terminate()
        result = json.loads(load.communicate()[0].splitlines()[0])
        speak(1)
        os.unlink(ready)
        all_answered(result)
        assert result["answered"] > 1200, result
        assert backend(1)["ejections"] >= 1, backend(1)


if __name__ == "__main__":
    lab.load_module()
    cluster = lab.Lab(services.PODS)
    cluster.serve()
    try:
        repick()
        ejection()
        rate()
    finally:
        cluster.down()
    lab.unload_module()
    sys.exit(bool(lab.FAILED))
