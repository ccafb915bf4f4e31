# SPDX-License-Identifier: GPL-2.0
"""Everything at once for a while; what must come of it: no splat (the runner looks),
no hang, connections answered in between, and both stores agree at the end."""
import glob
import json
import os
import random
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + "/../e2e")
import lab          # noqa: E402
import services     # noqa: E402
from genl import Genl, apply as put, backend, frontend, service  # noqa: E402

SECONDS = int(sys.argv[1])
STOP = time.monotonic() + SECONDS
done = dict.fromkeys(("apply", "probe", "held", "netns", "reload", "wire", "stats", "forget",
                      "silence"), 0)
answered = 0
broken = []


def repeat(name, step):
    def loop():
        try:
            while time.monotonic() < STOP:
                step()
                done[name] += 1
        except Exception as e:      # the other loops go on; the case fails at the end
            broken.append(f"{name}: {type(e).__name__}: {e}")
    thread = threading.Thread(target=loop)
    thread.start()
    return thread


gate = threading.Lock()


def wishes():
    """A Service that asks for whatever there is."""
    notes = {"svcnat.io/scheduler": random.choice(
                 ["random", "round-robin", "least-connection", "source-hash", "maglev"]),
             "svcnat.io/removal": random.choice(["keep", "drain=1", "reset"]),
             "svcnat.io/eject": random.choice(["off", "2/1", "5/30"])}
    if random.random() < 0.3:
        notes["svcnat.io/max-connections"] = "3"
    affinity = {"sessionAffinity": "ClientIP",
                "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 1}}}
    return services.service(annotations=notes, **random.choice([{}, affinity]))


def churn():
    pods = random.sample(services.all_pods(), random.randint(0, 3))
    with gate:
        services.apply(*pods, wishes())


def held():
    """Connections and UDP flows that last: some are cut, some re-steered."""
    running = [subprocess.Popen([os.path.join(lab.BUILD, "tools/probe"), "-N", source, *kind,
                                 "-n", "30", "-k", "-t", "1", vip, port],
                                stdout=subprocess.DEVNULL)
               for source, kind, vip, port in (("probe", [], "10.96.0.10", "80"),
                                               ("client", ["-u"], "fd00:10:96::10", "53"),
                                               ("node-a", ["-u"], "10.96.0.10", "53"))]
    for one in running:
        one.wait()


def stats():
    services.ctl("stats", "-o", "json", check=False)


def forget():
    time.sleep(0.5)                 # a rhythm, not a wait
    lab.run("conntrack", "-F", netns="node-a", check=False)


def silence():
    """A Pod that answers nobody for a while."""
    pod = f"default.web-{random.randint(1, 3)}"
    lab.run("nft", "add table inet s; add chain inet s c { type filter hook input priority 0; "
            "policy drop; }", netns=pod)
    time.sleep(0.5)
    lab.run("nft", "delete table inet s", netns=pod)


def traffic():
    global answered
    for source, proto, port in (("probe", "TCP", 80), ("client", "UDP", 53)):
        for r in lab.probe(source, [("10.96.0.10", port), ("fd00:10:96::10", port)], proto,
                           count=8, timeout=1):
            answered += r["answered"]


def namespaces():
    name = f"stress{random.randint(0, 1 << 30)}"
    lab.run("ip", "netns", "add", name)
    lab.run("ip", "-n", name, "link", "set", "lo", "up")
    with gate:
        lab.svcctl("apply", "-f", "-", "--state", f"/tmp/{name}.db", netns=name,
                   stdin=json.dumps(services.service()))
    lab.run("ip", "netns", "del", name)
    for file in glob.glob(f"/tmp/{name}.db*"):
        os.remove(file)


def wire():
    with gate:
        genl = Genl()
        put(genl, *(service(f"s/{i}:", frontend("CLUSTER_IP", 80, f"10.97.{i}.1"),
                            *(backend(f"10.1.{i}.{n}", 80) for n in range(1, 9)))
                    for i in random.sample(range(200), 50)), replace=random.random() < 0.5)
        genl.sock.close()


def reload():
    time.sleep(2)                   # a rhythm, not a wait
    with gate:
        # Somebody may be reading, who holds the module.
        lab.until(lambda: not lab.run("rmmod", "svcnat", check=False).returncode, "rmmod")
        lab.load_module()
        services.ctl("restore")


lab.load_module()
cluster = lab.Lab(services.PODS)
cluster.serve()
services.apply(*services.all_pods(), services.service())
threads = [repeat("apply", churn), repeat("probe", traffic), repeat("netns", namespaces),
           repeat("reload", reload), repeat("wire", wire), repeat("held", held),
           repeat("stats", stats), repeat("forget", forget), repeat("silence", silence)]
for t in threads:
    t.join()


@lab.case(f"stress: {SECONDS} s of churn, traffic, namespaces and reloads")
def _():
    assert not broken, broken
    assert answered, "no connection was ever answered"
    assert all(done.values()), done
    services.apply(*services.all_pods(), services.service())
    services.expect(services.ctl("diff").returncode, 0)
    services.expect(len(services.counts(
        lab.probe("probe", [("10.96.0.10", 80)], count=48)[0])), 3)
    for family in ("ipv4", "ipv6"):
        lab.run("conntrack", "-F", "-f", family, netns="node-a", check=False)
    left = json.loads(services.ctl("stats", "-o", "json").stdout)["services"]
    services.expect([s for s in left if s["active"]], [], "with no connection left")


print(f"{answered} answered, " + ", ".join(f"{n} × {k}" for k, n in done.items()))
cluster.down()
lab.unload_module()
sys.exit(bool(lab.FAILED))
