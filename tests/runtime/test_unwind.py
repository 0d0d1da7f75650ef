"""Guards in C: what a caught panic says, many of them, in threads, without memory; under sanitizers and Valgrind."""

from __future__ import annotations

import shutil
import subprocess

import pytest

SAID = "panic: index 6 out of bounds for length 3 at a.air:7:8\n  in @lookup\n"


def run(program, mode: str, variant: str, *before: str) -> tuple[int, str, str]:
    command = [*before, program("unwind_program", variant), mode]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("variant", ["release", "sanitize"])
@pytest.mark.parametrize("mode", ["plain", "many", "held", "threads", "nested"])
def test_caught(program, mode: str, variant: str) -> None:
    assert run(program, mode, variant) == (0, "", "")


def test_needs_no_memory(program) -> None:
    assert run(program, "memory", "release") == (0, "", "")


@pytest.mark.parametrize("variant", ["release", "sanitize"])
def test_not_caught(program, variant: str) -> None:
    assert run(program, "loose", variant) == (101, "", SAID)
    assert run(program, "end", variant) == (101, "written before", SAID)


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="Valgrind is not installed")
@pytest.mark.parametrize("mode", ["plain", "held", "nested"])
def test_under_valgrind(program, mode: str) -> None:
    status, _, said = run(program, mode, "release", "valgrind", "-q", "--error-exitcode=9", "--leak-check=full")
    assert (status, said) == (0, "")
