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
done = dict.fromkeys(("apply", "probe", "netns", "reload", "wire"), 0)
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


def churn():
    pods = random.sample(services.all_pods(), random.randint(0, 3))
    with gate:
        services.apply(*pods, services.service())


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
        lab.unload_module()
        lab.load_module()
        services.ctl("restore")


lab.load_module()
cluster = lab.Lab(services.PODS)
cluster.serve()
services.apply(*services.all_pods(), services.service())
threads = [repeat("apply", churn), repeat("probe", traffic), repeat("netns", namespaces),
           repeat("reload", reload), repeat("wire", wire)]
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


print(f"{answered} answered, " + ", ".join(f"{n} × {k}" for k, n in done.items()))
cluster.down()
lab.unload_module()
sys.exit(bool(lab.FAILED))
