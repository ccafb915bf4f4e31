# SPDX-License-Identifier: GPL-2.0
"""The wire contract, spoken by hand: what the kernel must refuse, and how."""
import errno
import struct
import sys

import lab
from genl import (C, Genl, Refused, apply, attr, attrs, backend, frontend, generation, identity,
                  names, nest, port, service, string, u32, u64, u8, address)

failed = 0
lab.load_module()


def case(name):
    def run(test):
        global failed
        genl = Genl()
        try:
            apply(genl, replace=True)
            test(genl)
            print("ok wire:", name)
        except Exception as e:
            failed += 1
            print(f"not ok wire: {name} - {type(e).__name__}: {e}")
        genl.sock.close()
    return run


def refused(code, cmd, genl, *parts, text=None):
    try:
        genl.ask(cmd, *parts)
    except Refused as e:
        assert e.errno == code, f"errno {errno.errorcode.get(e.errno)}, not {errno.errorcode[code]}"
        assert text is None or text in e.text, f"says '{e.text}', not '{text}'"
        return
    raise AssertionError("was not refused")


def begin(genl, gen=None, flags=0):
    genl.ask(C["CMD_BEGIN"], u64(C["A_GENERATION"], generation(genl) if gen is None else gen),
             u32(C["A_TXN_FLAGS"], flags))


def heard(listener):
    """What the next commit's events say: (name, event, frontends, backends added, removed)."""
    got = []
    while True:
        data = listener.sock.recv(1 << 16)
        body = dict(attrs(data[20:]))
        if data[16] == C["CMD_COMMIT_EVENT"]:
            assert struct.unpack("I", body[C["A_CHANGES"]])[0] == len(got)
            return sorted(got)
        parts = attrs(body[C["A_SERVICE"]])
        got.append((dict(parts)[C["SERVICE_A_NAME"]].rstrip(b"\0").decode(),
                    body[C["A_EVENT"]][0],
                    sum(kind == C["SERVICE_A_FRONTEND"] for kind, _ in parts),
                    struct.unpack("I", body[C["A_BACKENDS_ADDED"]])[0],
                    struct.unpack("I", body[C["A_BACKENDS_REMOVED"]])[0]))


def web(name="a/web:", vip="10.96.0.1", backends=(1,), extra=b""):
    return service(name, frontend("CLUSTER_IP", 80, vip), extra,
                   *(backend(f"10.0.0.{i}", 8080) for i in backends))


@case("unknown attributes, flags and lengths are refused, and nothing of that is committed")
def _(genl):
    apply(genl, web("a/old:", "10.96.0.9"))
    for bad in (attr(99, b"1234"), string(C["A_NAME"], "x"),
                web(extra=u32(C["SERVICE_A_FLAGS"], 1 << 31)),
                web(extra=attr(60, b"1234")), web(extra=u8(C["SERVICE_A_SCHED"], 200)),
                service("a/x:", nest(C["SERVICE_A_BACKEND"],
                                     attr(C["BACKEND_A_ADDR"], b"12345678901234567890"),
                                     port(C["BACKEND_A_PORT"], 1))),
                service("a/x:", nest(C["SERVICE_A_BACKEND"],
                                     address(C["BACKEND_A_ADDR"], "10.0.0.1"),
                                     port(C["BACKEND_A_PORT"], 0))),
                service("x" * 192), service(""), service("a\0b")):
        begin(genl, flags=C["TXN_F_REPLACE"])
        genl.ask(C["CMD_PUT"], web("a/new:"))
        try:
            genl.ask(C["CMD_PUT"], bad)
            raise AssertionError("was not refused: " + bad.hex())
        except Refused as e:
            assert e.errno in (errno.EINVAL, errno.ERANGE), e
            assert e.text, "no text"
        refused(errno.ECANCELED, C["CMD_COMMIT"], genl, text="refused")
        assert names(genl) == ["a/old:"], names(genl)
    refused(errno.EINVAL, C["CMD_BEGIN"], genl, u64(C["A_GENERATION"], 0),
            u32(C["A_TXN_FLAGS"], 8))
    refused(errno.EINVAL, C["CMD_EXPLAIN"], genl)


@case("a refused message spoils the transaction")
def _(genl):
    begin(genl)
    genl.ask(C["CMD_PUT"], web())
    refused(errno.EINVAL, C["CMD_PUT"], genl, service("a/x:", backend("10.0.0.2", 1),
                                                      backend("10.0.0.1", 1)),
            text="ascending")
    genl.ask(C["CMD_PUT"], web("a/y:", "10.96.0.3"))
    refused(errno.ECANCELED, C["CMD_COMMIT"], genl)
    assert names(genl) == []
    refused(errno.ENOENT, C["CMD_COMMIT"], genl, text="no transaction")


@case("what follows a BEGIN that was refused does not join the transaction before it")
def _(genl):
    begin(genl)
    genl.ask(C["CMD_PUT"], web("a/first:"))
    refused(errno.EBUSY, C["CMD_BEGIN"], genl, u64(C["A_GENERATION"], generation(genl)))
    genl.ask(C["CMD_PUT"], web("a/second:", "10.96.0.2"))
    refused(errno.ECANCELED, C["CMD_COMMIT"], genl)
    assert names(genl) == []
    begin(genl)
    genl.ask(C["CMD_ABORT"])
    refused(errno.ENOENT, C["CMD_ABORT"], genl, text="no transaction")


@case("a stale generation is refused and changes nothing")
def _(genl):
    other = Genl()
    begin(genl)
    genl.ask(C["CMD_PUT"], web("a/mine:"))
    apply(other, web("a/theirs:"))
    refused(errno.ERESTART, C["CMD_COMMIT"], genl)
    assert names(genl) == ["a/theirs:"]


@case("a frontend of another service is refused")
def _(genl):
    apply(genl, web("a/one:"))
    begin(genl)
    genl.ask(C["CMD_PUT"], web("a/two:"))
    refused(errno.EADDRINUSE, C["CMD_COMMIT"], genl, text="held")
    assert names(genl) == ["a/one:"]


@case("replace removes what is not put, a change does not")
def _(genl):
    apply(genl, web("a/one:"), web("a/two:", "10.96.0.2"))
    apply(genl, web("a/three:", "10.96.0.3"))
    assert names(genl) == ["a/one:", "a/three:", "a/two:"], names(genl)
    apply(genl, web("a/two:", "10.96.0.1"), replace=True)
    assert names(genl) == ["a/two:"], names(genl)
    apply(genl, nest(C["A_REMOVE"], identity("a/two:")))
    assert names(genl) == []
    begin(genl)
    genl.ask(C["CMD_PUT"], nest(C["A_REMOVE"], identity("a/two:")))
    refused(errno.ENOENT, C["CMD_COMMIT"], genl, text="does not exist")


@case("a transaction dies with its socket, and there are only so many")
def _(genl):
    more = [Genl() for _ in range(8)]
    for g in more:
        begin(g)
        g.ask(C["CMD_PUT"], web())
    refused(errno.EBUSY, C["CMD_BEGIN"], more[0], u64(C["A_GENERATION"], 0))
    refused(errno.EMFILE, C["CMD_BEGIN"], genl, u64(C["A_GENERATION"], 0))
    for g in more:
        g.sock.close()
    begin(genl)
    genl.ask(C["CMD_ABORT"])
    assert names(genl) == []


@case("backends beyond one message, both ways")
def _(genl):
    n, part = 5000, 500
    addrs = [f"10.1.{i // 250}.{1 + i % 250}" for i in range(n)]
    begin(genl)
    genl.ask(C["CMD_PUT"], service("a/big:", frontend("CLUSTER_IP", 80, "10.96.0.1"),
                                   *(backend(a, 80) for a in addrs[:part])))
    for i in range(part, n, part):
        genl.ask(C["CMD_PUT"], service("a/big:",
                                       u32(C["SERVICE_A_FLAGS"], C["SERVICE_F_CONTINUE"]),
                                       *(backend(a, 80) for a in addrs[i:i + part])))
    genl.ask(C["CMD_COMMIT"])
    seen, parts = set(), 0
    for body in genl.dump(C["CMD_SERVICE_GET"], string(C["A_NAME"], "a/big:")):
        parts += 1
        for kind, value in attrs(dict(attrs(body))[C["A_SERVICE"]]):
            if kind == C["SERVICE_A_BACKEND"]:
                seen.add(dict(attrs(value))[C["BACKEND_A_ADDR"]])
    assert len(seen) == n, len(seen)
    assert parts > 1


@case("events name what changed, in order")
def _(genl):
    apply(genl, web("a/one:"), web("a/gone:", "10.96.0.2"))
    listener = Genl()
    listener.sock.setsockopt(270, 1, listener.group)
    apply(genl, web("a/one:", backends=(1, 2, 3)), web("a/new:", "10.96.0.3"),
          nest(C["A_REMOVE"], identity("a/gone:")))
    assert heard(listener) == [("a/gone:", C["EVENT_REMOVED"], 1, 0, 1),
                               ("a/new:", C["EVENT_ADDED"], 1, 1, 0),
                               ("a/one:", C["EVENT_CHANGED"], 1, 2, 0)]
    # Two backends change places: as many in each set as before.
    local, cluster = C["BACKEND_F_LOCAL"], C["BACKEND_F_CLUSTER"]
    for flags in ((local, cluster), (cluster, local)):
        apply(genl, service("a/one:", frontend("CLUSTER_IP", 80, "10.96.0.1"),
                            *(backend(f"10.0.0.{i}", 8080, f) for i, f in enumerate(flags, 1))))
    heard(listener)
    assert heard(listener) == [("a/one:", C["EVENT_CHANGED"], 1, 0, 0)]
    # A frontend goes over: both services changed.
    apply(genl, service("a/one:", backend("10.0.0.1", 8080, cluster),
                        backend("10.0.0.2", 8080, local)),
          web("a/new:", "10.96.0.1"))
    assert heard(listener) == [("a/new:", C["EVENT_CHANGED"], 1, 0, 0),
                               ("a/one:", C["EVENT_CHANGED"], 0, 0, 0)]


@case("prefixes with host bits or too long are refused")
def _(genl):
    for addr, length in (("10.0.0.1", 8), ("10.0.0.0", 33), ("fd00::1", 64)):
        begin(genl)
        refused(errno.EINVAL, C["CMD_PUT"], genl, nest(C["A_CONFIG"], nest(
            C["CONFIG_A_CLUSTER_CIDR"], address(C["PREFIX_A_ADDR"], addr),
            u8(C["PREFIX_A_LEN"], length))))
        genl.ask(C["CMD_ABORT"])


def ipv6_prefix(kind, n):
    return nest(C[kind], address(C["PREFIX_A_ADDR"], f"fd00:{n:x}::"), u8(C["PREFIX_A_LEN"], 48))


@case("lists as long as they may be can be read back: the config")
def _(genl):
    gen = generation(genl)
    kinds = ("CLUSTER_CIDR", "NODEPORT_ADDR", "SERVICE_CIDR", "NODE_CIDR")
    apply(genl, nest(C["A_CONFIG"], *(ipv6_prefix(f"CONFIG_A_{kind}", n)
                                      for kind in kinds for n in range(64))))
    try:
        config = attrs(dict(attrs(genl.ask(C["CMD_INFO_GET"])[0]))[C["A_CONFIG"]])
        for kind in kinds:
            got = sum(k == C[f"CONFIG_A_{kind}"] for k, _ in config)
            assert got == 64, f"{kind}: {got}"
    finally:
        # Where it cannot be read back, neither can its generation.
        begin(genl, gen + 1)
        genl.ask(C["CMD_PUT"], nest(C["A_CONFIG"]))
        genl.ask(C["CMD_COMMIT"])


@case("lists as long as they may be can be read back: a service, and its event")
def _(genl):
    listener, fresh = Genl(), Genl(room=4096)
    listener.sock.setsockopt(270, 1, listener.group)
    listener.sock.settimeout(20)
    apply(genl, service("a/long:", *(frontend("CLUSTER_IP", 80 + n, "fd10::1", 2)
                                     for n in range(64)),
                        *(ipv6_prefix("SERVICE_A_SOURCE_RANGE", n) for n in range(256)),
                        backend("fd00::5", 8080), family=10))
    assert heard(listener) == [("a/long:", C["EVENT_ADDED"], 64, 1, 0)]
    listener.sock.close()
    fresh.room = 1 << 20
    bodies = fresh.dump(C["CMD_SERVICE_GET"])
    fresh.sock.close()
    kinds = [kind for body in bodies for kind, _ in attrs(dict(attrs(body))[C["A_SERVICE"]])]
    got = [kinds.count(C[f"SERVICE_A_{kind}"]) for kind in ("FRONTEND", "SOURCE_RANGE", "BACKEND")]
    assert got == [64, 256, 1], got


# Boot with --append ipv6.disable=1 for what there is no table of addresses for.
@case("what would become of an IPv6 flow can be asked, whether the kernel has IPv6 on or not")
def _(genl):
    def everywhere(kind, addr, length):
        return nest(C[kind], address(C["PREFIX_A_ADDR"], addr), u8(C["PREFIX_A_LEN"], length))

    apply(genl, nest(C["A_CONFIG"], everywhere("CONFIG_A_NODEPORT_ADDR", "::", 0),
                     everywhere("CONFIG_A_SERVICE_CIDR", "fd00::", 16)),
          service("a/web:", frontend("NODE_PORT", 30080), backend("fd00::5", 8080), family=10),
          replace=True)
    assert genl.ask(C["CMD_EXPLAIN"], nest(
        C["A_FLOW"], u8(C["FLOW_A_PROTO"], 6), address(C["FLOW_A_SRC"], "fd01::1"),
        address(C["FLOW_A_DST"], "fd00::9"), port(C["FLOW_A_DPORT"], 30080)))
    apply(genl, nest(C["A_CONFIG"]), replace=True)


genl = Genl()
apply(genl, replace=True)
genl.sock.close()
lab.unload_module()
sys.exit(failed > 0)
