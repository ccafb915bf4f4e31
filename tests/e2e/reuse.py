# SPDX-License-Identifier: GPL-2.0
"""Connections and what conntrack thinks of them: ports used again at once, packets it
did not expect."""
import errno
import socket
import struct
import sys

import lab
import services
from lab import case, run, until
from services import apply, expect, pod, service
from talk import Listener, ending, open_in, send_tcp

VIPS = ("10.96.0.10", "fd00:10:96::10")
PORT = 9090
SOURCE_PORT = 33333


def wanted(**spec):
    return service(ports=[{"name": "s", "port": 90, "targetPort": PORT}], **spec)


def retransmits(sock):
    """Of this socket in all, the SYN included: tcpi_total_retrans."""
    return struct.unpack_from("I", sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104), 100)[0]


def from_port(netns, addr):
    sock = open_in(netns, addr, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("", SOURCE_PORT))
    sock.settimeout(20)

    def connected():
        try:
            sock.connect((addr, 90))
        except OSError as e:
            if e.errno != errno.EADDRNOTAVAIL:
                raise
            return False
        return True
    until(connected, "the last connection from the port to be over")
    return sock


def with_reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def ports():
    def again(end):
        server = Listener("default.web-1", PORT)
        for source in ("probe", "node-a", "client"):
            for vip in VIPS:
                lost = 0
                for _ in range(10):
                    client = from_port(source, vip)
                    served = server.accept()
                    lost += retransmits(client)
                    end(client, served)
                # One may be a machine that stood still for a second.
                assert lost <= 1, f"{source} {vip}: {lost} SYNs of 10 sent again"
        server.close()

    @case("reuse: a port used again after a reset: no SYN is lost")
    def _():
        apply(pod(1, "node-a"), wanted())

        def end(client, served):
            with_reset(client)
            expect(ending(served), "ECONNRESET")
            served.close()
        again(end)

    @case("reuse: a port used again after the Pod closed first: no SYN is lost")
    def _():
        apply(pod(1, "node-a"), wanted())

        def end(client, served):
            served.close()
            expect(ending(client), "closed")
            client.close()
            # In TIME_WAIT a SYN may come again (RFC 6191): the Pod's kernel says so.
        again(end)

    # One SYN alone ends nothing: it may be anybody's.
    @case("reuse: a port used again when its Pod has left, silently, goes to another")
    def _():
        apply(pod(1, "node-a"), wanted())
        one, two = Listener("default.web-1", PORT), Listener("default.web-2", PORT)
        for vip in VIPS:
            apply(pod(1, "node-a"), wanted())
            # The client forgets without a word, as one that was cut from the network.
            run("nft", "-f", "-", netns="probe", stdin="""
                table inet mute { chain c { type filter hook output priority 0;
                    tcp flags & (rst | syn) == rst drop; }; }""")
            client = from_port("probe", vip)
            served = one.accept()
            with_reset(client)
            run("nft", "delete", "table", "inet", "mute", netns="probe")
            apply(pod(1, "node-a", app="other"), pod(2, "node-a"), wanted())
            client = from_port("probe", vip)
            assert retransmits(client) <= 1, f"{vip}: {retransmits(client)} SYNs sent again"
            two.accept().close()
            served.close()
            client.close()
        one.close()
        two.close()


def stray(netns, src, sport, dst, dport):
    """A TCP segment with data far outside any window, sent by hand."""
    send_tcp(netns, src, sport, dst, dport, 0x18, 0x7a000000, 0x01000000, b"lost in time")


def liberal():
    @case("reuse: a packet conntrack did not expect is translated, and ends nothing")
    def _():
        apply(pod(1, "node-a"), wanted())
        server = Listener("default.web-1", PORT)
        run("nft", "-f", "-", netns="probe", stdin="""
            table ip watch { chain c { type filter hook input priority 0;
                ip saddr 10.244.1.11 counter comment "naked"; }; }""")
        try:
            client = from_port("probe", VIPS[0])
            served = server.accept()
            stray("default.web-1", "10.244.1.11", PORT, "10.244.1.200", SOURCE_PORT)
            client.send(b"still there")
            expect(served.recv(100), b"still there")
            served.send(b"yes")
            expect(client.recv(100), b"yes")
            text = run("nft", "list", "table", "ip", "watch", netns="probe").stdout
            assert 'packets 0 bytes 0 comment "naked"' in text, text
            client.close()
            served.close()
        finally:
            run("nft", "delete", "table", "ip", "watch", netns="probe")
            server.close()


if __name__ == "__main__":
    lab.load_module()
    cluster = lab.Lab(services.PODS)
    try:
        ports()
        liberal()
    finally:
        cluster.down()
    lab.unload_module()
    sys.exit(bool(lab.FAILED))
