"""The command of ``tests.mutants``; see the package."""

from __future__ import annotations

import argparse
import importlib
import sys
import time

from tests.mutants import AREAS
from tests.mutants.searching import Area


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("area", choices=AREAS)
    parser.add_argument(
        "--search", type=int, default=0, metavar="N", help="where no program is known, look at N seeds of each kind"
    )
    parser.add_argument("--again", action="store_true", help="forget which programs are known, and search for all")
    parser.add_argument("--only", default="", help="the defects whose names begin so")
    options = parser.parse_args()
    area: Area = importlib.import_module(f"tests.mutants.{options.area}").AREA
    area.mutants = {name: mutant for name, mutant in area.mutants.items() if name.startswith(options.only)}
    if options.again:
        area.seeds = {}
    begin, missed = time.monotonic(), 0
    for name, found, told in area.report(options.search):
        missed += found is None and name not in area.unseen
        print(f"{name}: {'not noticed' if found is None else f'{found[0]} {found[1]}'}: {told}", flush=True)
    print(f"{len(area.mutants)} defects in {time.monotonic() - begin:.0f} s; {missed} without a generated program or a reason")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
