"""Damaged programs through ``altru-opt``: status 0, or 1 with diagnostics; never a traceback, silence or a hang.

Most mutations run in this process, where an exception would show at once and the alarm ends a hang; a few run as real
processes, with everything that a user would see.
"""

from __future__ import annotations

import io
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from altru_ir.backend.cli.opt import main

AIR = Path(__file__).parents[2] / "examples" / "air"
COUNT = 120


def mutate(data: bytes, seed: int) -> bytes:
    """One to three random changes of bytes: replaced, removed, doubled, or a range moved."""
    choose = random.Random(seed)
    out = bytearray(data)
    for _ in range(choose.randint(1, 3)):
        at = choose.randrange(len(out))
        kind = choose.randrange(5)
        if kind == 0:
            out[at] = choose.randrange(256)
        elif kind == 1:
            del out[at : at + choose.randint(1, 20)]
        elif kind == 2:
            out[at:at] = out[at : at + choose.randint(1, 40)]
        elif kind == 3:
            out[at:at] = choose.choice([b"%", b"^", b"{", b"}", b'"', b"ptr<", b"[", b"0x", b"//", b"\x00", b"\xff"])
        else:
            del out[at:]
        if not out:
            break
    return bytes(out)


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    def expire(_signal: int, _frame: object) -> None:
        raise TimeoutError(f"longer than {seconds} s")

    previous = signal.signal(signal.SIGALRM, expire)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


@pytest.mark.parametrize("seed", range(COUNT))
def test_mutation(seed: int, tmp_path: Path) -> None:
    name = ["nbody", "spectral-norm", "binary-trees", "sha256", "fannkuch-redux", "hash-table", "quicksort"][seed % 7]
    file = tmp_path / "mutated.air"
    file.write_bytes(mutate((AIR / f"{name}.air").read_bytes(), seed))
    out, err = io.StringIO(), io.StringIO()
    with time_limit(20), redirect_stdout(out), redirect_stderr(err):
        status = main(["-O0", "--emit=llvm", "-o", str(tmp_path / "out.ll"), str(file)])
    assert status in (0, 1), err.getvalue()
    if status:
        assert "error[ALT-" in err.getvalue()
        assert "Traceback" not in err.getvalue()
    else:
        assert err.getvalue() == ""


@pytest.mark.parametrize("seed", range(1000, 1006))
def test_mutation_as_a_process(seed: int) -> None:
    data = mutate((AIR / "sha256.air").read_bytes(), seed)
    command = [sys.executable, "-m", "altru_ir.backend.cli.opt", "-"]
    done = subprocess.run(command, input=data, capture_output=True, timeout=60, check=False)
    assert done.returncode in (0, 1)
    assert b"Traceback" not in done.stderr
    assert bool(done.stderr) == (done.returncode == 1)
