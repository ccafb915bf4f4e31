# SPDX-License-Identifier: GPL-2.0
"""TCP and SCTP connections of a Pod that leaves: kept, drained, reset. Both ends are
this test's own sockets, so both are seen."""
import json
import sys
import threading
import time

import lab
import services
from lab import case
from services import apply, ctl, expect, pod, service
from talk import SCTP, Listener, connect, ending

VIPS = ("10.96.0.10", "fd00:10:96::10")
SOURCES = ("probe", "node-a", "client")
PORT = 9090
SECOND = 1.0


def wanted(removal=None, proto="TCP"):
    notes = {"svcnat.io/removal": removal} if removal else {}
    return service(annotations=notes, ports=[
        {"name": "s", "port": 90, "targetPort": PORT, "protocol": proto}])


def other(removal=None, proto="TCP"):
    """web-1 has left, web-2 serves."""
    return [pod(1, "node-a", app="retired"), pod(2, "node-a"), wanted(removal, proto)]


class Pairs:
    """A connection from each source through each VIP to web-1: (client's end, Pod's end)."""

    def __init__(self, removal=None, proto="TCP", sources=SOURCES, pods=(1,)):
        number = SCTP if proto == "SCTP" else 0
        apply(*(pod(n, "node-a") for n in pods), wanted(removal, proto))
        self.server = Listener("default.web-1", PORT, number)
        self.ends = {}
        for source in sources:
            for vip in VIPS:
                client = connect(source, vip, 90, number)
                self.ends[source, vip] = client, self.server.accept()

    def talk(self):
        for key, (client, served) in self.ends.items():
            client.settimeout(20)
            served.settimeout(20)
            client.send(b"there")
            expect(served.recv(100), b"there", key)
            served.send(b"back")
            expect(client.recv(100), b"back", key)

    def expect_reset(self, within=SECOND):
        begun = time.monotonic()
        for key, pair in self.ends.items():
            for side, end in zip(("client", "Pod"), pair):
                left = max(begun + within - time.monotonic(), 0.01)
                expect(ending(end, left), "ECONNRESET", f"{key} {side}:")

    def close(self):
        for pair in self.ends.values():
            for end in pair:
                end.close()
        self.server.close()


def stats(key):
    return json.loads(ctl("stats", "-o", "json").stdout)["totals"][key]


def kept():
    @case("removal: keep is the default: both ends go on")
    def _():
        pairs = Pairs()
        pairs.talk()
        apply(*other())
        pairs.talk()
        pairs.close()

    @case("removal: keep, said in words")
    def _():
        pairs = Pairs("keep")
        apply(*other("keep"))
        pairs.talk()
        pairs.close()


def reset():
    @case("removal: reset reaches both ends of idle connections within a second")
    def _():
        pairs = Pairs("reset")
        pairs.talk()
        apply(*other("reset"))
        pairs.expect_reset()
        pairs.close()

    @case("removal: reset reaches connections that never said a word")
    def _():
        pairs = Pairs("reset")
        apply(*other("reset"))
        pairs.expect_reset()
        pairs.close()

    @case("removal: reset reaches busy connections, in either direction")
    def _():
        pairs = Pairs("reset")
        stop = threading.Event()

        def flood(end):
            try:
                while not stop.is_set():
                    end.send(b"x" * 1000)
            except OSError:
                pass
        busy = [threading.Thread(target=flood, args=(pair[i % 2],))
                for i, pair in enumerate(pairs.ends.values())]
        for thread in busy:
            thread.start()
        time.sleep(0.05)
        apply(*other("reset"))
        for i, (key, pair) in enumerate(pairs.ends.items()):
            # The end that sends hears of it by its send, the other by its read.
            expect(ending(pair[1 - i % 2], 5), "ECONNRESET", f"{key}, who listens:")
        stop.set()
        for thread in busy:
            thread.join(20)
            assert not thread.is_alive(), "a sender was not told"
        pairs.close()

    @case("removal: reset with nobody left, and with the Service gone")
    def _():
        for after in ([pod(1, "node-a", app="retired"), wanted("reset")],
                      [pod(1, "node-a", app="retired")]):
            pairs = Pairs("reset")
            apply(*after)
            pairs.expect_reset()
            pairs.close()

    @case("removal: connections of Pods that stay are not touched by a reset")
    def _():
        pairs = Pairs("reset")
        before = stats("resets")
        apply(pod(1, "node-a"), pod(2, "node-a"), wanted("reset"))
        apply(pod(1, "node-a"), wanted("reset"))
        pairs.talk()
        expect(stats("resets"), before)
        pairs.close()


def drained():
    @case("removal: drain: both ends go on, and are reset when the time is over")
    def _():
        pairs = Pairs("drain=2")
        apply(*other("drain=2"))
        pairs.talk()
        pairs.expect_reset(2 + SECOND)
        pairs.close()

    @case("removal: drain: a Pod that comes back in time keeps its connections")
    def _():
        pairs = Pairs("drain=5", sources=("probe",))
        apply(*other("drain=5"))
        apply(pod(1, "node-a"), pod(2, "node-a"), wanted("drain=5"))
        over = time.monotonic() + 6
        expect({ending(end, max(over - time.monotonic(), 0.1))
                for pair in pairs.ends.values() for end in pair}, {"alive"})
        pairs.talk()
        pairs.close()

    @case("removal: the clock starts when a Pod leaves the pick, not when it is gone")
    def _():
        pairs = Pairs("drain=2", sources=("probe", "client"))
        going = pod(1, "node-a")
        going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        going["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
        apply(going, pod(2, "node-a"), wanted("drain=2"))
        pairs.talk()
        pairs.expect_reset(2 + SECOND)
        pairs.close()


def sctp():
    @case("removal: SCTP: kept by default")
    def _():
        pairs = Pairs(proto="SCTP")
        apply(*other(proto="SCTP"))
        pairs.talk()
        pairs.close()

    @case("removal: SCTP: reset aborts both ends")
    def _():
        pairs = Pairs("reset", "SCTP")
        pairs.talk()
        apply(*other("reset", "SCTP"))
        pairs.expect_reset()
        pairs.close()


if __name__ == "__main__":
    lab.load_module()
    lab.run("modprobe", "-q", "sctp", check=False)
    cluster = lab.Lab(services.PODS)
    try:
        kept()
        reset()
        drained()
        sctp()
    finally:
        cluster.down()
    lab.unload_module()
    sys.exit(bool(lab.FAILED))
