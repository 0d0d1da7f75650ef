"""Checks are put in once: what has been through ``insert-checks`` is left as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

import altru_ir as air
from altru_ir import backend, passes
from altru_ir.module import Module
from altru_ir.testing import loops, whole_language
from bench.kernels import air_of, kernel, names

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "air").glob("*.air"))


def checked_twice(text: str) -> tuple[str, str, int]:
    """A program with its checks, the same with its checks inserted again from its text, and how many there are."""
    module = air.parse(text)
    passes.run(module, "insert-checks")
    once = str(module)
    again = air.parse(once)
    passes.run(again, "insert-checks")
    return once, str(again), number_of_checks(module)


def number_of_checks(module: Module) -> int:
    return sum(op.decl.is_check for function in module.functions.values() for op in function.operations())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example(path: Path) -> None:
    once, twice, _ = checked_twice(path.read_text())
    assert once == twice


def test_kernels() -> None:
    for name in names():
        once, twice, count = checked_twice(air_of(kernel(name)))
        assert once == twice
        assert count > 4


def test_generated_programs() -> None:
    found = 0
    for seed in range(8):
        for text in (loops.generate(seed)[0], whole_language.generate(seed, 40, whole_language.NATIVE).text):
            once, twice, count = checked_twice(text)
            assert once == twice
            found += count
    assert found > 100


CHANGING = """altru 1
module @m
func @f(%p: ref<mut ref<[? x i32]>>, %q: ref<[? x i32]>, %i: usize) -> i32 {
^entry:
  %at = deref %p
  %xs = deref %at
  %slot = elem %xs, %i
  %a = load %slot
  %b = load %slot
  assign %at, %q
  %c = load %slot
  %ab = add %a, %b
  %abc = add %ab, %c
  ret %abc
}
"""


def test_what_a_store_may_have_changed_is_checked_again() -> None:
    once, twice, count = checked_twice(CHANGING)
    assert once == twice
    assert count == 3


def test_a_check_that_was_taken_away_is_put_back() -> None:
    module = air.parse(CHANGING)
    passes.run(module, "insert-checks")
    lines = [line for line in str(module).splitlines() if "check.bounds" not in line]
    again = air.parse("\n".join(lines))
    passes.run(again, "insert-checks")
    assert number_of_checks(again) == 3


MEASURED = """altru 1
module @m
func @chosen(%xs: ref<[? x i32]>, %i: usize) -> usize {
^entry:
  %l = local : [2 x ref<[? x i32]>]
  %both = array %xs, %xs
  init %l, %both
  %e = elem %l, %i
  %s = deref %e
  %n = dim %s, 0
  ret %n
}
func @behind(%xs: ref<[? x i32]>, %none: i1) -> usize {
^entry:
  %l = local : ref<[? x i32]>
  init %l, %xs
  %r = borrow %l
  %there = ref.to_ptr %r
  %nowhere = null : ptr<ref<[? x i32]>>
  %p = select %none, %nowhere, %there
  %e = deref %p unsafe
  %s = deref %e
  %n = dim %s, 0
  ret %n
}
func @range(%xs: ref<[? x i32]>, %a: usize, %b: usize) -> usize {
^entry:
  %s = deref %xs
  %h = subrange %s, %a, %b
  %n = dim %h, 0
  ret %n
}
"""


@pytest.mark.parametrize("opt", [0, 3])
def test_a_length_is_read_behind_checks(opt: int) -> None:
    module = air.parse(MEASURED)
    library, prepared = backend.compile(module, opt=opt), backend.prepare(module)
    for name, arguments, expected in [
        ("chosen", (1,), 3), ("chosen", (2,), "index 2 out of bounds for length 2"),
        ("behind", (False,), 3), ("behind", (True,), "Null pointer dereference"),
        ("range", (1, 3), 2), ("range", (1, 4), "range 1..4 out of bounds"), ("range", (2, 1), "range 2..1 out of bounds"),
    ]:  # fmt: skip
        for run in (lambda n, a: library[n](*a), lambda n, a: backend.interpret(prepared, n, a)):
            if isinstance(expected, int):
                assert run(name, [[1, 2, 3], *arguments]) == expected
            else:
                with pytest.raises(air.Panic, match=expected):
                    run(name, [[1, 2, 3], *arguments])
