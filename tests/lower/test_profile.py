"""Instrumented code: each allocation is counted where it stands, exactly; without the option there is no trace of it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

import altru_ir as air
from altru_ir import backend
from altru_ir.runtime import profile

PROGRAM = """altru 1
module @homes

func @work(%n: i64, %m: usize) {
^entry:
  %p = local : pool<i64>
  %pool = pool.new : pool<i64>
  init %p, %pool
  %r = borrow %p
  %a = pool.acquire %r, %n
  drop %a
  %h = pool.insert %r, %n
  %h2 = pool.insert %r, %n
  %rm = borrow mut %p
  %gone = pool.remove %rm, %h
  end %p
  %raw = alloc %m : ptr<mut uninit<i32>>
  realloc %raw, %m, ^ok, ^fail unsafe
^ok(%q: ptr<mut uninit<i32>>):
  free %q unsafe
  br ^out
^fail:
  free %raw unsafe
  br ^out
^out:
  %s = new %n {secure} : own<i64>
  %y = new %n {system} : own<i64>
  %w = new.array %m, %n : own<[? x i64]>
  %home = local : arena
  %arena = arena.new
  init %home, %arena
  %lent = borrow %home
  %x = arena.alloc %lent, %n
  %reset = borrow mut %home
  arena.reset %reset
  %again = borrow %home
  %z = arena.alloc %again, %n
  %f = stack.alloc %m : ref<'_, mut [? x uninit<i64>]>
  ret
}

func @churn(%n: i64) {
^entry:
  %zero = const 0 : i64
  %one = const 1 : i64
  br ^loop(%zero)
^loop(%i: i64):
  %more = icmp slt %i, %n
  cond_br %more, ^body, ^done
^body:
  %o = new %i : own<i64>
  %next = add %i, %one
  br ^loop(%next)
^done:
  %kept = new %n : own<i64>
  forget %kept
  ret
}

func @boom(%n: i64) {
^entry:
  %o = new %n : own<i64>
  %len = const 8 : usize
  %f = stack.alloc %len : ref<'_, mut [? x uninit<i64>]>
  panic "boom"
}
"""

Key = tuple[str, str | None, int, str | None]
Counts = tuple[int, int, int]


def counted(file: str | None) -> Mapping[Key, Counts]:
    """(current, allocations, releases) of the rows of a file, by allocator, function, line and type."""
    return {
        (row.allocator, row.function, row.line, row.type): (row.current, row.allocations, row.releases)
        for row in profile.rows()
        if row.file == file
    }


@pytest.mark.parametrize("opt", [0, 2])
def test_each_home_is_counted_where_it_allocates(opt: int) -> None:
    file = f"homes{opt}.air"
    lib = backend.compile(air.parse(PROGRAM, filename=file), opt=opt, instrument="heap-sites")
    lib["work"](4, 100)
    lines = PROGRAM.splitlines()

    def line(text: str) -> int:
        return next(number for number, each in enumerate(lines, 1) if text in each)

    assert counted(file) == {
        ("pool", "work", line("%a = "), "i64"): (0, 1, 1),
        ("pool", "work", line("%h = "), None): (0, 1, 1),
        ("pool", "work", line("%h2 = "), None): (0, 1, 1),
        ("heap", "work", line("%raw = "), None): (0, 1, 1),
        ("heap", "work", line("realloc"), None): (0, 1, 1),
        ("secure", "work", line("%s = "), "i64"): (0, 1, 1),
        ("system", "work", line("%y = "), "i64"): (0, 1, 1),
        ("heap", "work", line("%w = "), "[? x i64]"): (0, 1, 1),
        ("arena", "work", line("%x = "), "i64"): (0, 1, 1),
        ("arena", "work", line("%z = "), "i64"): (0, 1, 1),
        ("stack", "work", line("%f = "), "[? x uninit<i64>]"): (0, 1, 1),
    }


def test_nothing_escapes_the_counts_and_what_stays_is_seen() -> None:
    """LLVM would remove the allocations of the loop."""
    lib = backend.compile(air.parse(PROGRAM, filename="churn.air"), opt=3, instrument="heap-sites")
    lib["churn"](1000)
    lib["churn"](10)
    loop, kept = sorted(row for row in counted("churn.air").items())
    assert loop == (("heap", "churn", 51, "i64"), (0, 1010, 1010))
    assert kept == (("heap", "churn", 55, "i64"), (16, 2, 0))


def test_a_panic_gives_back_what_it_unwinds() -> None:
    lib = backend.compile(air.parse(PROGRAM, filename="boom.air"), instrument="heap-sites")
    with pytest.raises(air.Panic):
        lib["boom"](1)
    assert set(counted("boom.air").values()) == {(0, 1, 1)}


def test_by_allocator() -> None:
    def totals() -> dict[str, tuple[int, int]]:
        return {row.allocator: (row.allocations, row.releases) for row in profile.rows() if row.file is None}

    lib = backend.compile(air.parse(PROGRAM), instrument="heap-stats")
    before = totals()
    lib["churn"](7)
    lib["work"](4, 100)
    made = {name: tuple(b - a for a, b in zip(before.get(name, (0, 0)), now, strict=True)) for name, now in totals().items()}
    assert made == {"heap": (11, 10), "pool": (3, 3), "secure": (1, 1), "system": (1, 1), "arena": (2, 2), "stack": (1, 1)}


def test_a_library_compiled_again_goes_on_with_its_rows() -> None:
    for round in (1, 2, 3):
        lib = backend.compile(air.parse(PROGRAM, filename="again.air"), opt=1, instrument="heap-sites")
        lib["churn"](1)
        lib.unload("churn")
        assert counted("again.air")["heap", "churn", 51, "i64"] == (0, round, round)


def test_without_the_option_there_is_no_trace() -> None:
    module = air.parse(PROGRAM)
    assert b"altru_profile" not in backend.emit(module, "llvm")
    assert b"altru_profile" in backend.emit(module, "llvm", instrument="heap-stats")
    with pytest.raises(ValueError, match="there is no instrumentation `heap`; there are heap-stats, heap-sites"):
        backend.compile(module, instrument="heap")


MAIN = """altru 1
module @double

func @main() -> i32 {
^entry:
  %n = const 16 : usize
  %p = alloc %n : ptr<mut uninit<i32>>
  free %p unsafe
  free %p unsafe
  %z = const 0 : i32
  ret %z
}
"""


def test_a_program_tells_at_its_end(tmp_path: Path) -> None:
    program = tmp_path / "program"
    backend.emit(
        air.parse(MAIN.replace("  free %p unsafe\n", "", 1), filename="m.air"), "exe", program, instrument="heap-sites"
    )
    quiet = subprocess.run([program], capture_output=True, text=True)
    assert (quiet.returncode, quiet.stderr) == (0, "")
    told = subprocess.run([program], capture_output=True, text=True, env=os.environ | {"ALTRU_STATISTICS": "2"})
    assert told.stderr.splitlines()[-1].split() == ["0", "16", "1", "1", "heap", "in", "@main", "at", "m.air:7:3"]


def test_a_hardened_heap_names_the_release(tmp_path: Path) -> None:
    program = tmp_path / "program"
    backend.emit(air.parse(MAIN, filename="m.air"), "exe", program, opt=0)
    done = subprocess.run([program], capture_output=True, text=True, env=os.environ | {"ALTRU_HARDENED": "1"})
    assert done.returncode == 101
    assert done.stderr.splitlines()[0].endswith("which has been freed before at m.air:9:3")
