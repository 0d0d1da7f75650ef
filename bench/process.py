"""How long does the command take to parse, verify and print a program, against mlir-opt?

The whole process, start to end, on the programs of 50,000 operations of ``bench/shapes.py``: ``altru-opt FILE -o OUT``
against ``mlir-opt FILE -o OUT``, each on the program in its own language. CPU time of user and system together, the two in
turn, the median of the ratios; mlir-opt's thread pool is off, since on these machines it costs more than it gives.
Debian has mlir-opt in ``mlir-22-tools``.
"""

from __future__ import annotations

import shutil
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.harness import Row, cpu_seconds, pairs
from bench.shapes import SHAPES

SIZE, QUICK_SIZE = 50_000, 5_000
ROUNDS, QUICK_ROUNDS = 7, 3
BAR = 2.0
PEERS = ("mlir-opt-22", "mlir-opt")


def run(scratch: Path, quick: bool) -> Iterator[Row]:
    """Seconds of a process, and the ratio to mlir-opt's."""
    size, rounds = (QUICK_SIZE, QUICK_ROUNDS) if quick else (SIZE, ROUNDS)
    peer = next(filter(None, map(shutil.which, PEERS)), None)
    command = [sys.executable, "-m", "altru_ir.backend.cli.opt"]
    for name, shape in SHAPES.items():
        program = shape(size)
        for suffix, text in (("air", program.ours), ("mlir", program.mlir)):
            (scratch / f"{name}.{suffix}").write_text(text)
        mine = [*command, str(scratch / f"{name}.air"), "-o", str(scratch / "out.air")]
        ratio = None
        if peer is None:
            cpu_seconds(mine)
            seconds = [cpu_seconds(mine) for _ in range(rounds)]
        else:
            theirs = [peer, "--mlir-disable-threading", str(scratch / f"{name}.mlir"), "-o", str(scratch / "out.mlir")]
            both = pairs(mine, theirs, rounds)
            seconds, ratio = both.ours, both.ratio
        yield Row(
            f"{name} parse, verify and print", "cpu time", statistics.median(seconds), "s",
            peer=None if peer is None else "mlir-opt", ratio=ratio, bar=BAR, samples=rounds,
        )  # fmt: skip
