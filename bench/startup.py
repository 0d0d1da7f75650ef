"""How long does the command take to say what it can do, against a Python that does nothing?

CPU time of ``altru-opt --help`` over that of ``python -c pass``, the two in turn. tests/driver/test_startup.py holds which
modules are loaded.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.harness import Row, pairs

ROUNDS, QUICK_ROUNDS = 15, 5
BAR = 4.0


def run(scratch: Path, quick: bool) -> Iterator[Row]:
    """Milliseconds of a process, and the ratio."""
    rounds = QUICK_ROUNDS if quick else ROUNDS
    script = "import sys; from altru_ir.backend.cli import main; sys.exit(main())"
    both = pairs([sys.executable, "-c", script, "--help"], [sys.executable, "-c", "pass"], rounds)
    milliseconds = 1000 * statistics.median(both.ours)
    yield Row("--help", "cpu time", milliseconds, "ms", peer="python -c pass", ratio=both.ratio, bar=BAR, samples=rounds)
