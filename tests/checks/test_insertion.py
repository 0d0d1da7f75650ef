"""Checks are put in once: what has been through ``insert-checks`` is left as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

import altru_ir as air
from altru_ir import passes
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
