# SPDX-License-Identifier: GPL-2.0
"""The referee: what kube-proxy 1.37 did with these objects, row by row.

Every row of tests/fixtures/a/verdicts.jsonl is tried against svcnat in the same
topology, with the fixture's own CIDRs. What may differ: a refusal may come as a
reset, and which backend affinity chose is not said.
"""
import collections
import json
import os
import sys

import lab

NODE = "192.168.10.11"
READY = {"shop/web-1", "shop/web-2", "shop/web-3", "shop/web-5"}
SERVICE_CIDR = "10.96.0.0/16,fd00:10:96::/112"
# A sanitized guest does a few tries a row.
SLOW = os.environ.get("SVCNAT_KERNEL") in ("uml-debug", "uml-smp")


def fixture_pods():
    objects = json.load(open(os.path.join(lab.FIXTURE, "objects.json")))["items"]
    pods = []
    for o in objects:
        if o["kind"] != "Pod":
            continue
        ports = [p for c in o["spec"]["containers"] for p in c.get("ports", [])]
        host = o["spec"].get("hostNetwork", False)
        name = o["spec"]["nodeName"] if host else o["metadata"]["name"]
        pod = lab.Pod(o["metadata"]["namespace"], o["metadata"]["name"], o["spec"]["nodeName"],
                      int(o["status"]["podIP"].rsplit(".", 1)[1]),
                      [p["containerPort"] for p in ports if p.get("protocol", "TCP") == "TCP"],
                      [p["containerPort"] for p in ports if p.get("protocol") == "UDP"], host)
        if host:
            pod.full = name
        pods.append(pod)
    pods.append(lab.Pod("", "probe", "node-a", 200))
    # shop/mirror's Endpoints name the client; it answers as itself.
    outside = lab.Pod("", "client", "client", 0, [8080], host=True)
    outside.full = "client"
    pods.append(outside)
    return pods


def differs(row, result, pinned, few):
    """What is wrong with a row, or None. @pinned: who served a source with affinity so far.
    @few tries: whoever answers is right, but not everybody has to have answered."""
    who, error = lab.answers(result)
    wanted = {n: sorted(s) for n, s in row["answers"].items()}
    if row.get("affinity") and wanted:
        # Which one is not said, but it is one, ready, and the same through every frontend.
        name = pinned.setdefault((row["service"], row["from"]), next(iter(who), None))
        if name in READY:
            to_itself = row["from"].replace(".", "/") == name
            wanted = {name: [NODE]} if to_itself else dict.fromkeys([name], *wanted.values())
    if few and error == row["error"] and who.items() <= wanted.items() and \
       bool(who) == bool(wanted):
        return None
    if who != wanted or error != row["error"]:
        return f"got {who} {error}, kube-proxy {row['answers']} {row['error']}"
    return None


def verdicts(few=SLOW):
    """{(service, kind): what is wrong with each row, or None}."""
    groups = collections.defaultdict(list)
    for row in map(json.loads, open(os.path.join(lab.FIXTURE, "verdicts.jsonl"))):
        groups[(row["from"], row["proto"], bool(row["error"]))].append(row)
    found, pinned = collections.defaultdict(list), {}
    for (source, proto, error), group in sorted(groups.items()):
        results = lab.probe(source, [(r["ip"], r["port"]) for r in group], proto,
                            count=4 if error else 6 if few else 48,
                            timeout=2 if error else 20, at_once=256 if error else 32)
        for row, result in zip(group, results, strict=True):
            bad = differs(row, result, pinned, few)
            found[(row["service"], row["kind"])].append(
                f"from {source} to {row['ip']} {row['port']} {proto}: {bad}" if bad else None)
    return found


def apply():
    lab.svcctl("apply", "-f", os.path.join(lab.FIXTURE, "objects.json"),
               "--external-ips", "198.51.100.0/24", "--service-cidr", SERVICE_CIDR)


def main():
    failed = 0
    for (service, kind), outcome in sorted(verdicts().items()):
        bad = [o for o in outcome if o]
        failed += bool(bad)
        print(f"not ok referee: {service} {kind} - {bad[0]}" if bad else
              f"ok referee: {service} {kind} ({len(outcome)} rows)", flush=True)
    return failed > 0


if __name__ == "__main__":
    lab.load_module()
    cluster = lab.Lab(fixture_pods())
    cluster.serve()
    try:
        apply()
        code = main()
    finally:
        cluster.down()
    lab.unload_module()
    sys.exit(code)
