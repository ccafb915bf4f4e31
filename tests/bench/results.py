# SPDX-License-Identifier: GPL-2.0
"""What a guest measures, a line each with its samples, and how far it is."""

import json
import os

QUICK = os.environ.get("SVCNAT_QUICK") == "1"


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
