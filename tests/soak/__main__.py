"""The command of ``tests.soak``; see the package."""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from tests.soak import SUITES

LEDGER = Path(__file__).parent / "ledger.json"
CHUNK = 50


def chunk(suite: str, start: int, end: int) -> list[tuple[int, str]]:
    """The findings of the seeds from ``start`` to before ``end``."""
    check, together = SUITES[suite].check, SUITES[suite].together
    if together is not None:
        return together(range(start, end))
    return [(seed, finding) for seed in range(start, end) if (finding := check(seed)) is not None]


def settle() -> None:
    """Puts what a process keeps out of the cyclic collector's sight, and lets it look for young garbage less often. What a
    program leaves behind is some ten thousand objects, in cycles."""
    import gc

    import altru_ir.backend.interpreter.meanings
    import altru_ir.passes.registry  # noqa: F401

    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 10)


def covered(entry: dict[str, Any]) -> list[list[int]]:
    return sorted([r["from"], r["to"]] for r in entry.get("ranges", []))


def merge(ranges: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Neighbouring ranges of one commit as one."""
    out: list[dict[str, Any]] = []
    for each in sorted(ranges, key=lambda r: r["from"]):
        if out and out[-1]["to"] == each["from"] and out[-1]["commit"] == each["commit"]:
            out[-1]["to"] = each["to"]
        else:
            out.append(dict(each))
    return out


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak")
    parser.add_argument("--suite", required=True, choices=SUITES)
    parser.add_argument("--from", dest="start", type=int, default=None, help="first seed (default: behind the ledger's last)")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    ledger = json.loads(LEDGER.read_text()) if LEDGER.exists() else {}
    suite = SUITES[options.suite]
    entry = ledger.setdefault(options.suite, {"version": suite.version, "ranges": []})
    if entry["version"] != suite.version:
        entry = ledger[options.suite] = {"version": suite.version, "ranges": [], "before": entry}
    done = covered(entry)
    start = options.start if options.start is not None else max((end for _, end in done), default=0)
    head = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    commit = head.stdout.strip()
    pieces = [
        (s, min(s + CHUNK, start + options.count))
        for s in range(start, start + options.count, CHUNK)
        if not any(low <= s and min(s + CHUNK, start + options.count) <= high for low, high in done)
    ]
    findings: list[tuple[int, str]] = []
    begin = time.monotonic()
    with ProcessPoolExecutor(options.jobs, initializer=settle) as pool:
        jobs = [(piece, pool.submit(chunk, options.suite, *piece)) for piece in pieces]
        for (low, high), job in jobs:
            found = job.result()
            findings += found
            if not found:
                entry["ranges"] = merge([*entry["ranges"], {"from": low, "to": high, "commit": commit}])
                LEDGER.write_text(json.dumps(ledger, indent=1) + "\n")
            for seed, finding in found:
                print(f"seed {seed}: {finding}")
    total = sum(high - low for low, high in covered(entry))
    ran = sum(high - low for low, high in pieces)
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    each = f", {1000 * (spent.ru_utime + spent.ru_stime) / ran:.0f} ms of processor time each" if ran else ""
    print(f"{options.suite}: {ran} seeds in {time.monotonic() - begin:.0f} s{each}; {len(findings)} findings; ledger: {total}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
