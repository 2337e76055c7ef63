#!/usr/bin/python3
"""no_mutants.py BINARY: exits 1 when a deliberate bug's name is in the binary. For the package preset."""

import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
USE = re.compile(r'KP_MUTANT\("([^"]+)"\)')


def names():
    for folder in ("reference", "fixtures", "conformance", "chaos", "bindings"):
        for where, _, files in os.walk(os.path.join(ROOT, folder)):
            for name in files:
                if name.endswith((".cc", ".h")) and not name.endswith("_test.cc") and name != "mutant.h":
                    with open(os.path.join(where, name), encoding="utf-8") as file:
                        yield from USE.findall(file.read())


def main() -> int:
    with open(sys.argv[1], "rb") as file:
        binary = file.read()
    planted = sorted(set(names()))
    found = [name for name in planted if name.encode() in binary]
    print(f"{len(planted)} mutants in the sources, {len(found)} in the binary", *found)
    return 1 if found or not planted else 0


if __name__ == "__main__":
    sys.exit(main())
