# SPDX-License-Identifier: GPL-2.0
"""The demo, inside the guest. Every claim on the screen is checked; the exit code says."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + "/../e2e")
import lab      # noqa: E402

TTY = sys.stdout.isatty() or os.environ.get("SVCNAT_COLOR")
WEB = {"default/web-1", "default/web-2", "default/web-3"}
PODS = [lab.Pod("default", "web-1", "node-a", 11, [8080], [5353]),
        lab.Pod("default", "web-2", "node-a", 12, [8080], [5353]),
        lab.Pod("default", "web-3", "node-b", 13, [8080], [5353]),
        lab.Pod("default", "agent", "node-a", 0, [9000], host=True),
        lab.Pod("", "probe", "node-a", 200)]
wrong = 0


def bold(text):
    return f"\033[1m{text}\033[0m" if TTY else text


def title(text):
    print(f"\n{bold(text)}", flush=True)


def claim(text, true):
    global wrong
    wrong += not true
    mark = "\033[32myes\033[0m" if true and TTY else "yes" if true else "NO"
    print(f"   [{mark}] {text}", flush=True)


def ctl(*argv, show=True, indent=True, check=True):
    if show:
        print(f"\n   $ svcctl {' '.join(argv)}", flush=True)
    done = lab.run(os.path.join(lab.BUILD, "svcctl"), *argv, "--node", "node-a", "--lb-pool",
                   "203.0.113.0/24", "--state", "/tmp/demo.db", netns="node-a", check=check)
    if show:
        for line in done.stdout.splitlines():
            print("     " + line)
    return done


def bars(source, where, addr, port, wanted, proto="TCP", count=60):
    """Who answered, how evenly; checked against who should."""
    result = lab.probe(source, [(addr, port)], proto, count=count)[0]
    who = {a["name"]: 0 for a in result["answers"]}
    for a in result["answers"]:
        who[a["name"]] += a["count"]
    print(f"   {where}: {count} × {proto} {addr} port {port}")
    for name, n in sorted(who.items()):
        print(f"     {name.split('/')[-1]:<7} {'▇' * (n * 40 // count)} {n}")
    claim(f"answered by {', '.join(sorted(n.split('/')[-1] for n in wanted))} and nobody else",
          set(who) == wanted and sum(who.values()) == count)
    return result


def everything():
    title("1. Services of every kind, from plain YAML")
    ctl("apply", "-f", HERE + "/manifests")
    ctl("get", "services")

    title("2. ClusterIP: an address inside, 80 → 8080, TCP and UDP")
    bars("probe", "from a Pod", "10.96.0.10", 80, WEB)
    bars("node-a", "from the node itself", "10.96.0.10", 80, WEB)
    bars("probe", "from a Pod", "10.96.0.10", 53, WEB, "UDP", 30)
    bars("default.web-1", "from a Pod to itself too (hairpin)", "10.96.0.10", 80, WEB)

    title("3. NodePort: the node's own address, port 30007, from outside")
    result = bars("client", "from another machine", "192.168.10.11", 30007, WEB)
    claim("Pods saw the node's address, so replies come back through it",
          {a["source"] for a in result["answers"]} == {"192.168.10.11"})

    title("4. LoadBalancer: an address from the pool")
    text = ctl("get", "service", "web-lb", "-o", "yaml", show=False).stdout
    vip = [w for line in text.splitlines() for w in line.split() if w.startswith("203.0.113.")][0]
    bars("client", "from another machine", vip, 80, WEB)

    title("5. hostNetwork: a Pod on the node's own address")
    bars("probe", "from a Pod", "10.96.0.20", 80, {"default/agent"}, count=10)

    title("6. ExternalName and headless: names only, nothing in the data plane")
    out = ctl("get", "endpoints", "web-each").stdout
    claim("the headless Service knows its three Pods", out.count(":8080") == 3)
    out = ctl("get", "backends", show=False).stdout
    claim("neither is programmed", "db:" not in out and "web-each" not in out)


def changes():
    title("7. Why did it go there? Ask, no packet is sent")
    out = ctl("explain", "tcp", "192.168.10.50", "10.96.0.10:80").stdout
    claim("the masquerade of an outsider is explained", "outside the cluster CIDRs" in out)

    title("8. A label changes, and web-2 is out")
    pods = open(HERE + "/manifests/pods.yaml").read()
    with open("/tmp/pods.yaml", "w") as f:
        f.write(pods.replace("{name: web-2, labels: {app: web}}",
                             "{name: web-2, labels: {app: spare}}"))
    ctl("apply", "-f", "/tmp/pods.yaml")
    bars("probe", "from a Pod", "10.96.0.10", 80, WEB - {"default/web-2"})

    title("9. A Pod goes away")
    ctl("delete", "pod", "web-1")
    bars("probe", "from a Pod", "10.96.0.10", 80, {"default/web-3"}, count=20)

    title("10. A selector matches nothing")
    ctl("delete", "pod", "web-3")
    for source, where in (("probe", "a Pod"), ("node-a", "the node"), ("client", "outside")):
        result = lab.probe(source, [("10.96.0.10", 80)], count=2)[0]
        claim(f"{where} is refused at once", result["rst"] + result["icmp-port"] == 2)
    ctl("stats", "web")

    title("11. Bad input changes nothing")
    with open("/tmp/bad.yaml", "w") as f:
        f.write("apiVersion: v1\nkind: Service\nmetadata: {name: bad}\n"
                "spec:\n  ports:\n  - port: 70000\n")
    done = ctl("apply", "-f", "/tmp/bad.yaml", check=False)
    print("     " + done.stderr.strip())
    claim("exit code 1, and it says where", done.returncode == 1 and "bad.yaml:6" in done.stderr)
    claim("the kernel still holds what the state says", ctl("diff", check=False).returncode == 0)


lab.load_module()
print(f"Linux {os.uname().release}, svcnat.ko loaded. One network namespace a machine and a Pod.")
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
