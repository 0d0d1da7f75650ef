"""What a panic says and how it ends the process; the program is built with sanitizers where they do not interfere."""

from __future__ import annotations

import os
import subprocess

import pytest

from altru_ir.runtime.panic_kinds import FORMATS, KINDS, describe

LARGEST = 2**64 - 1


def panic(program, kind: int, a: int, b: int, *place: str, mode: str = "plain", **options) -> tuple[int, str, str]:
    variant = "release" if mode == "memory" else "sanitize"
    command = [program("panic_program", variant), mode, str(kind), str(a), str(b), *place]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, **options)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_native_and_described_text_are_one(program, kind: str) -> None:
    for a, b in ((5, 3), (0, LARGEST)):
        said = panic(program, KINDS[kind], a, b, "a.air", "7", "8")
        assert said == (101, "", f"panic: {describe(kind, a, b)} at a.air:7:8\n")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((1, 5, 3, "a.air", "7", "8"), "panic: index 5 out of bounds for length 3 at a.air:7:8"),
        ((2, 0, 0, "a.air", "3", "1"), "panic: Null pointer dereference at a.air:3:1"),
        ((3, 0x1003, 8, "a.air", "3", "1"), "panic: misaligned pointer: address 0x1003 is not a multiple of 8 at a.air:3:1"),
        ((4, 0, 0, "-", "3", "1"), "panic: division by zero"),
        ((5, 0, 0, "a.air", "3", "0"), "panic: division overflow at a.air:3"),
        ((6, 0, 0, "a.air", "0", "9"), "panic: integer overflow in addition (signed) at a.air"),
        ((12, 3, 9, "a b.air", "1", "2"), "panic: range 3..9 out of bounds at a b.air:1:2"),
        ((0, 0, 0, "a.air", "1", "2", "no such {a} key: ü"), "panic: no such {a} key: ü at a.air:1:2"),
        ((0, 0, 0, "a.air", "1", "2", "x" * 5000), f"panic: {'x' * 5000} at a.air:1:2"),
        ((0, 0, 0, "a.air", "1", "2"), "panic: explicit panic at a.air:1:2"),
        ((1, LARGEST, LARGEST, "a.air", str(2**32 - 1), "1"),
         f"panic: index {LARGEST} out of bounds for length {LARGEST} at a.air:{2**32 - 1}:1"),
        ((4000000000, 0, 0, "a.air", "1", "2"),
         "panic: unknown class 4000000000 (the program was compiled for a newer runtime) at a.air:1:2"),
    ],
)  # fmt: skip
def test_line(program, arguments: tuple, line: str) -> None:
    assert panic(program, *arguments) == (101, "", line + "\n")


def test_standard_output_is_flushed(program) -> None:
    said = panic(program, KINDS["null"], 0, 0, "a.air", "3", "1", mode="output")
    assert said == (101, "written before, no end of line", "panic: Null pointer dereference at a.air:3:1\n")


def test_of_many_threads_one_tells_its_panic(program) -> None:
    said = panic(program, KINDS["null"], 0, 0, "a.air", "3", "1", mode="threads")
    assert said == (101, "", "panic: Null pointer dereference at a.air:3:1\n")


def test_needs_no_memory(program) -> None:
    said = panic(program, KINDS["out_of_memory"], 64, 0, "a.air", "3", "1", mode="memory")
    assert said == (101, "", "panic: out of memory: 64 bytes were asked for at a.air:3:1\n")


def test_a_closed_pipe_changes_nothing(program) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [program("panic_program", "sanitize"), "output", "2", "0", "0", "a.air", "3", "1"]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False, timeout=120)
    os.close(writer)
    assert (done.returncode, done.stderr) == (101, "panic: Null pointer dereference at a.air:3:1\n")


def test_numbers_are_the_abi() -> None:
    assert list(KINDS.items())[:14] == [
        ("explicit", 0), ("bounds", 1), ("null", 2), ("align", 3), ("division", 4), ("quotient", 5), ("sadd", 6),
        ("uadd", 7), ("ssub", 8), ("usub", 9), ("smul", 10), ("umul", 11), ("subrange", 12), ("out_of_memory", 13),
    ]  # fmt: skip
    assert len(set(KINDS.values())) == len(KINDS) == len(FORMATS)
