# SPDX-License-Identifier: GPL-2.0
"""What a guest measures, a line each with its samples, and how far it is."""

import json
import math
import os

QUICK = os.environ.get("SVCNAT_QUICK") == "1"
TAILS = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}


def say(text):
    print(text, flush=True)


class Results:
    """Says of each on which kernel it was measured."""

    def __init__(self, path):
        self.file = open(path, "w", encoding="ascii")

    def add(self, what, peer, unit, samples, **more):
        record = {"what": what, "peer": peer, "unit": unit, "samples": samples,
                  "kernel": os.uname().release, **more}
        self.file.write(json.dumps(record) + "\n")
        self.file.flush()

    def add_tails(self, what, peer, unit, samples, **more):
        """Of so many samples only what so many of them do not exceed."""
        ranked = sorted(samples)
        for name, share in TAILS.items():
            self.add(f"{what} {name}", peer, unit, [ranked[math.ceil(share * len(ranked)) - 1]],
                     of=len(ranked), **more)
