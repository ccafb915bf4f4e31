# SPDX-License-Identifier: GPL-2.0
"""What kube-proxy's iptables mode writes: the chains its packets to ClusterIPs pass.

Node ports and external addresses, which the bench does not send to, are there
and empty, as in gen_kube_proxy.
"""

import plan

MARK = "0x4000/0x4000"
NEW = "-m conntrack --ctstate NEW"

FILTER = f"""*filter
:KUBE-EXTERNAL-SERVICES -
:KUBE-FIREWALL -
:KUBE-FORWARD -
:KUBE-NODEPORTS -
:KUBE-PROXY-FIREWALL -
:KUBE-SERVICES -
-A INPUT {NEW} -j KUBE-PROXY-FIREWALL
-A INPUT -j KUBE-NODEPORTS
-A INPUT {NEW} -j KUBE-EXTERNAL-SERVICES
-A INPUT -j KUBE-FIREWALL
-A FORWARD {NEW} -j KUBE-PROXY-FIREWALL
-A FORWARD -j KUBE-FORWARD
-A FORWARD {NEW} -j KUBE-SERVICES
-A FORWARD {NEW} -j KUBE-EXTERNAL-SERVICES
-A OUTPUT {NEW} -j KUBE-PROXY-FIREWALL
-A OUTPUT {NEW} -j KUBE-SERVICES
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT \
-j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m mark --mark {MARK} -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
"""

NAT = f"""*nat
:KUBE-MARK-MASQ -
:KUBE-NODEPORTS -
:KUBE-POSTROUTING -
:KUBE-SERVICES -
%(chains)s
-A PREROUTING -j KUBE-SERVICES
-A OUTPUT -j KUBE-SERVICES
-A POSTROUTING -j KUBE-POSTROUTING
-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000
-A KUBE-POSTROUTING -m mark ! --mark {MARK} -j RETURN
-A KUBE-POSTROUTING -j MARK --xor-mark 0x4000
-A KUBE-POSTROUTING -j MASQUERADE --random-fully
%(rules)s
-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
COMMIT
"""


def endpoint(name, ip, proto):
    yield f"-A {name} -s {ip}/32 -j KUBE-MARK-MASQ"
    yield f"-A {name} -p {proto} -m {proto} -j DNAT --to-destination {ip}:{plan.TARGET_PORT}"


def service(number, proto):
    """Each endpoint's rule takes its share of what those before it left."""
    chain, ips = f"KUBE-SVC-{number}", plan.backends(number, plan.BACKENDS)
    to = f"-d {plan.vip(number)}/32 -p {proto} -m {proto} --dport {plan.PORT}"
    yield f"-A KUBE-SERVICES {to} -j {chain}"
    yield f"-A {chain} ! -s {plan.CLUSTER_CIDR} {to} -j KUBE-MARK-MASQ"
    for i, ip in enumerate(ips):
        left = len(ips) - i
        share = f"-m statistic --mode random --probability {1 / left:.11f} " if left > 1 else ""
        yield f"-A {chain} {share}-j KUBE-SEP-{number}-{i}"
        yield from endpoint(f"KUBE-SEP-{number}-{i}", ip, proto)


def rules(services, proto):
    """Input of iptables-restore."""
    chains = [f":KUBE-SVC-{s} -" for s in range(services)] + [
        f":KUBE-SEP-{s}-{i} -" for s in range(services) for i in range(plan.BACKENDS)]
    lines = [line for s in range(services) for line in service(s, proto)]
    return FILTER + NAT % {"chains": "\n".join(chains), "rules": "\n".join(lines)}
