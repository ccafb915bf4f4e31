# SPDX-License-Identifier: GPL-2.0
"""The demo, inside the guest. Every claim on the screen is checked; the exit code says."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + "/../e2e")
import lab      # noqa: E402

TTY = sys.stdout.isatty() or os.environ.get("SVCNAT_COLOR")
WEB = {"default/web-1", "default/web-2", "default/web-3"}
TOPOLOGY = """
     outside .50      node-a .11          node-b .12      192.168.10.0/24
                      |  |  |                |
                  web-1  web-2  a Pod      web-3          10.244.0.0/16"""
PODS = [lab.Pod("default", "web-1", "node-a", 11, [8080], [5353]),
        lab.Pod("default", "web-2", "node-a", 12, [8080], [5353]),
        lab.Pod("default", "web-3", "node-b", 13, [8080], [5353]),
        lab.Pod("default", "agent", "node-a", 0, [9000], host=True),
        lab.Pod("", "probe", "node-a", 200)]
OPTIONS = {"SVCCTL_NODE": "node-a", "SVCCTL_LB_POOL": "203.0.113.0/24",
           "SVCCTL_STATE": "/tmp/demo.db"}
SOURCES = [("probe", "a Pod"), ("node-a", "the node"), ("client", "outside")]
wrong = 0


def bold(text):
    return f"\033[1m{text}\033[0m" if TTY else text


def title(text):
    print(f"\n{bold(text)}", flush=True)


def claim(text, true):
    global wrong
    wrong += not true
    mark = "\033[32myes\033[0m" if true and TTY else "yes" if true else bold("NO")
    print(f"   [{mark}] {text}", flush=True)


def ctl(*argv, show=True, check=True):
    if show:
        print(f"\n   $ svcctl {' '.join(argv)}", flush=True)
    done = lab.run(os.path.join(lab.BUILD, "svcctl"), *argv, netns="node-a", check=check)
    if show:
        for line in done.stdout.splitlines():
            print("     " + line)
    return done


def name_of(full):
    return full.split("/")[-1]


def tries(source, addr, port, proto, count):
    """How often each answered: {name: count}, and the sources they saw."""
    result = lab.probe(source, [(addr, port)], proto, count=count)[0]
    who, seen = {}, set()
    for a in result["answers"]:
        who[a["name"]] = who.get(a["name"], 0) + a["count"]
        seen.add(a["source"])
    return who, seen


def bars(where, who, proto, count):
    bar = "  ".join(f"{name_of(name)} {'▇' * max(1, n * 24 // count)} {n}"
                    for name, n in sorted(who.items()))
    print(f"     {where:<11} {count} × {proto}   {bar}", flush=True)


def even(who, wanted, count):
    """Within five standard deviations of a fair draw."""
    share = 1 / len(wanted)
    spread = 5 * (count * share * (1 - share)) ** 0.5
    return all(abs(who.get(name, 0) - count * share) <= spread for name in wanted)


def ask(addr, port, wanted, sources=SOURCES, protos=("TCP",), count=60):
    """Each source asks; who answered is drawn and checked. Returns the sources Pods saw."""
    print(f"   {addr} port {port}")
    right = fair = True
    saw = {}
    for source, where in sources:
        for proto in protos:
            who, saw[source] = tries(source, addr, port, proto, count)
            bars(where, who, proto, count)
            right &= set(who) == wanted and sum(who.values()) == count
            fair &= even(who, wanted, count)
    names = ", ".join(sorted(map(name_of, wanted)))
    claim(f"every try was answered, by {names} and nobody else", right)
    if len(wanted) > 1:
        claim("about as often by each", fair)
    return saw


def everything():
    title("1. Services of every kind, from plain YAML")
    for name, value in OPTIONS.items():
        print(f"   $ export {name}={value}")
    ctl("apply", "-f", HERE + "/manifests")
    ctl("get", "services")

    title("2. ClusterIP: an address inside, 80 → 8080")
    ask("10.96.0.10", 80, WEB)
    ask("10.96.0.10", 53, WEB, protos=("UDP",), count=30)
    who, _ = tries("default.web-1", "10.96.0.10", 80, "TCP", 60)
    bars("web-1", who, "TCP", 60)
    claim("a Pod of the Service reaches itself, too (hairpin)", who.get("default/web-1", 0) > 0)

    title("3. NodePort: the node's own address, port 30007")
    saw = ask("192.168.10.11", 30007, WEB)
    claim("Pods saw the node's address, so replies come back through it",
          saw["client"] == {"192.168.10.11"})

    title("4. LoadBalancer: an address from the pool, Pods by turns")
    text = ctl("get", "service", "web-lb", "-o", "yaml", show=False).stdout
    vip = [w for line in text.splitlines() for w in line.split() if w.startswith("203.0.113.")][0]
    ask(vip, 80, WEB)
    who, _ = tries("client", vip, 80, "TCP", 60)
    claim(f"by turns: {', '.join(str(n) for n in who.values())} of 60 (each processor takes its "
          "own turns)", max(who.values()) - min(who.values()) <= os.cpu_count())

    title("5. hostNetwork: a Pod on the node's own address")
    ask("10.96.0.20", 80, {"default/agent"}, count=10)

    title("6. ExternalName and headless: names only, nothing in the data plane")
    out = ctl("get", "endpoints", "web-each").stdout
    claim("the headless Service knows its three Pods", out.count(":8080") == 3)
    out = ctl("get", "backends").stdout
    claim("neither is among what the kernel holds", "db:" not in out and "web-each" not in out)


def changes():
    title("7. Why did it go there? Ask, no packet is sent")
    out = ctl("explain", "tcp", "192.168.10.50", "10.96.0.10:80").stdout
    claim("the masquerade of an outsider is explained", "outside the cluster CIDRs" in out)

    title("8. A label changes, and web-2 is out")
    pods = open(HERE + "/manifests/pods.yaml").read()
    with open("/tmp/pods.yaml", "w") as f:
        f.write(pods.replace("{name: web-2, labels: {app: web}}",
                             "{name: web-2, labels: {app: spare}}"))
    print("   web-2: labels: {app: web} becomes {app: spare}")
    ctl("apply", "-f", "/tmp/pods.yaml")
    ask("10.96.0.10", 80, WEB - {"default/web-2"})

    title("9. A Pod goes away")
    ctl("delete", "pod", "web-1")
    ask("10.96.0.10", 80, {"default/web-3"}, count=20)

    title("10. A selector matches nothing")
    ctl("delete", "pod", "web-3")
    for source, where in SOURCES:
        heard = [lab.answers(lab.probe(source, [("10.96.0.10", port)], proto, count=2)[0])
                 for proto, port in (("TCP", 80), ("UDP", 53))]
        claim(f"{where} is refused at once, TCP and UDP", heard == [({}, "refused")] * 2)
    ctl("stats", "web")

    title("11. Bad input changes nothing")
    with open("/tmp/bad.yaml", "w") as f:
        f.write("apiVersion: v1\nkind: Service\nmetadata: {name: bad}\n"
                "spec:\n  ports:\n  - port: 70000\n")
    done = ctl("apply", "-f", "/tmp/bad.yaml", check=False)
    print("     " + done.stderr.strip())
    claim("exit code 1, and it says where", done.returncode == 1 and "bad.yaml:6" in done.stderr)
    claim("the kernel still holds what the state says", ctl("diff", check=False).returncode == 0)


os.environ |= OPTIONS
lab.load_module()
print(f"Linux {os.uname().release}, modprobe svcnat. A network namespace for each machine and Pod:")
print(TOPOLOGY)
cluster = lab.Lab(PODS)
cluster.serve()
try:
    everything()
    changes()
finally:
    cluster.down()
lab.unload_module()
claim("the module is gone again, nothing is left behind", not os.path.isdir("/sys/module/svcnat"))
print("\nStill to come: names by DNS, and the agent that follows an API server.")
print(bold("\nEverything was as claimed." if not wrong else f"\n{wrong} claims were NOT true."))
sys.exit(wrong > 0)
