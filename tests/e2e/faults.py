# SPDX-License-Identifier: GPL-2.0
"""Allocations that fail inside a transaction: all of it is there afterwards, or nothing.

Only on a kernel with fault injection (uml-debug), which also looks for what leaks.
"""
import os
import random
import sys

import lab
from genl import (C, Genl, Refused, apply, backend, frontend, generation, identity, names, nest,
                  service)

ROUNDS = 400
SWITCH = os.open("/proc/self/make-it-fail", os.O_WRONLY)     # opening could fail as well
FAILSLAB = "/sys/kernel/debug/failslab/"


def put(path, value):
    with open(path, "w") as f:
        f.write(str(value))


def prepare():
    """The filter first: everybody else's allocations are to succeed."""
    for name, value in (("task-filter", "Y"), ("verbose", 0), ("ignore-gfp-wait", "N"),
                        ("times", -1), ("interval", 1), ("probability", 3)):
        put(FAILSLAB + name, value)


def some(present):
    """A change: what it puts and removes, and what is there if it happens."""
    replace = random.random() < 0.2
    wanted = {f"f/{n}:" for n in random.sample(range(30), 4)}
    gone = set() if replace else set(random.sample(sorted(present - wanted),
                                                   min(2, len(present - wanted))))
    parts = [service(name, frontend("CLUSTER_IP", 80, f"10.97.0.{int(name[2:-1]) + 1}"),
                     *(backend(f"10.1.0.{n}", 80, random.randint(0, 3))
                       for n in range(1, random.randint(2, 12)))) for name in wanted]
    parts += [nest(C["A_REMOVE"], identity(name)) for name in gone]
    return parts, replace, wanted if replace else (present | wanted) - gone


def once(present):
    """One change under failing allocations; (what is there, whether it happened)."""
    parts, replace, then = some(present)
    genl = Genl()
    before = generation(genl)
    os.pwrite(SWITCH, b"1", 0)
    try:
        apply(genl, *parts, replace=replace)
    except (Refused, OSError):
        pass
    finally:
        os.pwrite(SWITCH, b"0", 0)
    genl.sock.close()
    reader = Genl()
    happened = generation(reader) != before
    there = set(names(reader))
    reader.sock.close()
    if there != (then if happened else present):
        raise AssertionError(f"{there}, before {present}, wanted {then}, happened: {happened}")
    return there, happened


def main():
    present, happened = set(), 0
    prepare()
    for _ in range(ROUNDS):
        present, did = once(present)
        happened += did
    return happened


if __name__ == "__main__":
    lab.load_module()
    try:
        took = main()
        assert 0 < took < ROUNDS, f"{took} of {ROUNDS} changes happened: nothing was tried"
        print("ok faults: a change under failing allocations happens whole or not at all")
        code = 0
    except AssertionError as e:
        print(f"not ok faults: a change under failing allocations - {e}")
        code = 1
    genl = Genl()
    apply(genl, replace=True)
    genl.sock.close()
    lab.unload_module()
    sys.exit(code)
