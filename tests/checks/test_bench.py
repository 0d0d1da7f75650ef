"""The benchmark of checks counts what runs, and its programs are valid."""

from __future__ import annotations

import pytest

import altru_ir as air
from altru_ir import backend, passes
from altru_ir.backend.interpreter.code import MEANINGS
from bench.check_shapes import SHAPES
from bench.checks import ELIMINATION, before_elimination, checks_run, counted, left, many_kernels
from bench.kernels import kernel, names

LOOP = """altru 1
module @t
func @run(%n: usize) -> usize {
^entry:
  %zero = const 0 : usize
  %one = const 1 : usize
  br ^head(%zero)
^head(%i: usize):
  %more = icmp ult %i, %n
  cond_br %more, ^body, ^done
^body:
  check.bounds %i, %n
  check.nonzero %n
  %next = add %i, %one
  br ^head(%next)
^done:
  ret %n
}
"""


def test_checks_are_counted_as_they_run() -> None:
    module = air.parse(LOOP)
    assert backend.interpret(module, "run", [3]) == 3
    before = dict(MEANINGS)
    for n in (0, 3, 1000):  # the last one is fused by the interpreter
        with counted() as ran:
            backend.interpret(module, "run", [n])
        assert ran == [2 * n]
    assert before == MEANINGS
    assert checks_run(module, 10, 0) == (20, 10)


def test_what_is_left_of_a_kernel() -> None:
    before, after = left(kernel("prefix-sum"), 50)
    assert before > 1000
    assert after < before / 50


def test_programs_for_the_cost_of_elimination() -> None:
    assert air.verify(air.parse(many_kernels(1))) == []
    assert len(air.parse(many_kernels(2)).functions) == 2 * len(air.parse(many_kernels(1)).functions) > 2 * len(names())


LEFT = {"loops": 0, "block": 10, "nest": 0, "chain": 0, "numbers": 0, "slices": 0, "loaded": 20}
"""Checks that are left of each shape of size 20: those by numbers of which nothing is known."""


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_of_many_checks(name: str) -> None:
    assert air.verify(air.parse(SHAPES[name](20))) == []
    module, checks = before_elimination(SHAPES[name](20))
    assert checks >= 20
    passes.run(module, ELIMINATION.replace("versions", "versions,verify"))
    assert sum(op.decl.is_check for f in module.functions.values() for op in f.operations()) == LEFT[name]
