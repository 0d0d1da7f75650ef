"""Does the work of the IR library grow linearly with the program: parse, verify, print, clone?

Each step runs on four sizes of each shape of ``bench/shapes.py``; the figure is the slope of the least-squares line through
work over size in a log-log plot. 1 is linear, 2 is quadratic. Work is counted in instructions where the machine has a
counter (``bench/counters.py``), else it is the least CPU time of some runs.
"""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.counters import Instructions
from bench.harness import Row
from bench.shapes import SHAPES
from bench.text import ours

SIZES = (5_000, 10_000, 25_000, 50_000)
BAR = 1.15
RUNS = 3


def instructions_of(action: Callable[[], Any]) -> float | None:
    """Instructions of one run; None where they cannot be counted."""
    gc.collect()
    gc.freeze()
    with Instructions() as counter:
        action()
    gc.unfreeze()
    return counter.count


def seconds_of(action: Callable[[], Any]) -> float:
    """The least CPU time of some runs: noise only adds."""
    least = math.inf
    for _ in range(RUNS):
        gc.collect()
        begin = time.process_time()
        action()
        least = min(least, time.process_time() - begin)
    return least


def slope(sizes: list[float], works: list[float]) -> float:
    """Of the least-squares line through the logarithms."""
    xs, ys = [math.log(s) for s in sizes], [math.log(w) for w in works]
    mx, my = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((x - mx) * (y - my) for x, y in zip(xs, ys, strict=True)) / sum((x - mx) ** 2 for x in xs)


def run(scratch: Path, quick: bool) -> Iterator[Row]:
    """Slopes by shape and step, with the instructions of an operation at the largest size."""
    for name, shape in SHAPES.items():
        sizes: list[float] = []
        works: dict[str, list[float]] = {}
        counted = True
        for size in SIZES:
            program = shape(size)
            sizes.append(program.operations)
            for step, action in ours(program.ours).items():
                action()  # what is computed once is not part of it
                work = instructions_of(action)
                if work is None:
                    counted, work = False, seconds_of(action)
                works.setdefault(step, []).append(work)
        for step, each in works.items():
            yield Row(
                f"{name} {step}", "growth of instructions" if counted else "growth of CPU time", slope(sizes, each), "slope",
                bar=BAR, samples=len(sizes),
                counted={"instructions per operation": round(each[-1] / sizes[-1], 1)} if counted else {},
            )  # fmt: skip
