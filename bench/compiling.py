"""Of the time that a compilation takes at O2, how much is ours and how much LLVM's?

Programs of 50,000 operations (``bench/shapes.py``), from text to object code for x86-64-v3, with all checks. The figure is the
CPU time of our steps over LLVM's: reading its text, optimizing, and generating code. The rows of the steps say where it goes.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.harness import Row
from bench.shapes import SHAPES

SIZE, QUICK_SIZE = 50_000, 5_000
ROUNDS, QUICK_ROUNDS = 3, 1
SHAPES_COMPILED = ("many", "huge")
LLVM = ("LLVM's passes", "code generation")


def steps(text: str) -> dict[str, float]:
    """Seconds of CPU time by step of one compilation."""
    import altru_ir as air
    from altru_ir import backend
    from altru_ir.backend.lower.module import lower_module
    from altru_ir.backend.optimize import parse_and_optimize
    from altru_ir.backend.target import machine_for

    machine = machine_for("x86_64-linux-gnu", opt=2, cpu="x86-64-v3", jit=False)
    gc.collect()
    taken: dict[str, float] = {}
    before = time.process_time()

    def done(step: str, result: Any) -> Any:
        nonlocal before
        now = time.process_time()
        taken[step], before = now - before, now
        return result

    module = done("parse", air.parse(text))
    done("verify", air.verify(module))
    lowered = done("clone, verify and passes", backend.prepare(module, opt=2))
    written = done("lowering", lower_module(lowered))
    llvm_module = done("LLVM's passes", parse_and_optimize(written, machine, opt=2))
    done("code generation", machine.emit_object(llvm_module))
    return taken


def run(scratch: Path, quick: bool) -> Iterator[Row]:
    """Seconds of each step, and of ours over LLVM's."""
    size, rounds = (QUICK_SIZE, QUICK_ROUNDS) if quick else (SIZE, ROUNDS)
    for name in SHAPES_COMPILED:
        program = SHAPES[name](size)
        runs = [steps(program.ours) for _ in range(rounds)]
        for step in runs[0]:
            yield Row(f"{name} {step}", "cpu time", statistics.median(r[step] for r in runs), "s", samples=rounds)
        ours = [sum(seconds for step, seconds in r.items() if step not in LLVM) for r in runs]
        ratio = statistics.median(mine / (sum(r.values()) - mine) for mine, r in zip(ours, runs, strict=True))
        yield Row(f"{name} ours", "cpu time", statistics.median(ours), "s", peer="LLVM", ratio=ratio, samples=rounds)
