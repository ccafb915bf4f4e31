# SPDX-License-Identifier: GPL-2.0
"""Who has which address in the bench: the same for every peer and size.

tests/tools/bench_load.c draws the same services for svcnat; keep them alike.
"""

import ipaddress

SERVICES = 10000
BACKENDS = 10
VIP_BASE = int(ipaddress.IPv4Address("10.96.0.1"))
BACKEND_BASE = int(ipaddress.IPv4Address("10.128.0.1"))
BACKEND_NET = "10.128.0.0/10"
SERVICE_CIDR = "10.96.0.0/12"
CLUSTER_CIDR = "10.244.0.0/16"
PORT = 80
TARGET_PORT = 8080
CLIENT = "10.244.1.200"


def address(number):
    """Dotted quad of an integer; ipaddress is ten times slower."""
    return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def vip(service):
    return address(VIP_BASE + service)


def backends(service, count):
    first = BACKEND_BASE + service * count
    return [address(first + i) for i in range(count)]


def target(services):
    """The service that gets the traffic: one from the middle."""
    return services // 2
