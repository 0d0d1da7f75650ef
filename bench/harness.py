"""How things are measured: interleaved runs, ratios of neighbours, and counted instructions beside the times.

These machines are noisy, so a time says little and a ratio of two runs side by side says more: our program and its peer run
in turn, each pair gives a ratio, and the median of the ratios is the figure. Where valgrind is there, cachegrind counts the
instructions, which repeats exactly.

Example: ``pairs(["./ours"], ["./peer"], 5).ratio``.
"""

from __future__ import annotations

import os
import platform
import re
import resource
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs


@attrs.define
class Row:
    """One result. ``better`` is ``lower`` or ``higher``; ``ratio`` is value over peer's value; ``counted`` what was counted."""

    name: str
    metric: str
    value: float
    unit: str
    better: str = "lower"
    peer: str | None = None
    ratio: float | None = None
    bar: float | None = None
    samples: int = 1
    counted: dict[str, float] = attrs.Factory(dict)


@attrs.frozen
class Pairs:
    """Seconds of user and system time of two commands run in turn."""

    ours: list[float]
    theirs: list[float]

    @property
    def ratio(self) -> float:
        """The median of the ratios of neighbouring runs."""
        return statistics.median(a / b for a, b in zip(self.ours, self.theirs, strict=True))


def cpu_seconds(command: list[str], expected: bytes | None = None) -> float:
    """CPU time of one run, where Python may keep compiled modules, as an installed program's are.

    Raises ``RuntimeError`` when it fails or prints something else than ``expected``.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, check=False, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode or (expected is not None and done.stdout != expected):
        raise RuntimeError(f"{' '.join(command)}: status {done.returncode}, printed {done.stdout[-200:]!r}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def pairs(ours: list[str], theirs: list[str], count: int, expected: bytes | None = None) -> Pairs:
    """``count`` runs of each in turn, after one of each that is not counted."""
    cpu_seconds(ours, expected)
    cpu_seconds(theirs, expected)
    a, b = [], []
    for _ in range(count):
        a.append(cpu_seconds(ours, expected))
        b.append(cpu_seconds(theirs, expected))
    return Pairs(a, b)


def instructions(command: list[str]) -> int | None:
    """Instructions of one run, counted by cachegrind; None where valgrind is missing or does not know an instruction."""
    if shutil.which("valgrind") is None:
        return None
    with tempfile.TemporaryDirectory() as scratch:
        line = ["valgrind", "--tool=cachegrind", "--cache-sim=no", f"--cachegrind-out-file={scratch}/out", *command]
        done = subprocess.run(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    found = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    return int(found.group(1).replace(",", "")) if found and done.returncode == 0 else None


def head() -> dict[str, Any]:
    """What the figures were measured with; no host names."""
    import llvmlite

    import altru_ir

    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    model = ""
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    compiler = subprocess.run(["cc", "--version"], capture_output=True, text=True, check=False)
    return {
        "commit": commit.stdout.strip(),
        "altru_ir": altru_ir.__version__,
        "python": platform.python_version(),
        "llvmlite": llvmlite.__version__,
        "cc": compiler.stdout.partition("\n")[0],
        "cpu": model,
        "cores": os.cpu_count(),
    }


Question = Callable[[Path, bool], Iterator[Row]]
"""A benchmark: ``(scratch directory, quick) -> rows``. Its docstring says what it asks."""
