"""Chains of differences: as long as they may be, no longer than they may be, and not where one link is missing."""

from __future__ import annotations

import pytest

import altru_ir as air
from altru_ir import passes
from altru_ir.passes.analysis.inequalities import Inequalities
from altru_ir.passes.proofs import chains
from altru_ir.passes.proofs.goals import proven
from altru_ir.passes.proofs.prover import Prover
from bench.check_shapes import SHAPES


def left(text: str) -> int:
    """The checks that are left, the others with certificates."""
    module = air.parse(text)
    passes.run(module, "insert-checks,mem2reg,cse,forward-lengths,eliminate-checks{verify}")
    return sum(op.decl.is_check for function in module.functions.values() for op in function.operations())


@pytest.mark.parametrize("name", ["numbers", "slices"])
def test_a_long_chain(name: str) -> None:
    assert left(SHAPES[name](150)) == 0


def test_a_link_that_is_missing() -> None:
    text = SHAPES["numbers"](40)
    assert left(text.replace("icmp ult %i20, %i21", "icmp ule %i20, %i21")) == 0
    assert left(text.replace("icmp ult %i20, %i21", "icmp ne %i20, %i21")) == 21
    assert left(text.replace("icmp ult %i39, %n", "icmp ule %i39, %n")) == 1


def test_walks_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chains, "LEAST", 0)
    monkeypatch.setattr(chains, "STEPS", 0)
    assert 0 < left(SHAPES["numbers"](40)) < 40


def test_edges_that_say_equal_lead_both_ways() -> None:
    text = SHAPES["numbers"](40)
    for at in (3, 17, 30):
        text = text.replace(f"icmp ult %i{at}, %i{at + 1}", f"icmp eq %i{at + 1}, %i{at}")
    assert left(text) == 0


TWICE = """altru 1
module @m
func @f(%a: ref<[? x i64]>, %i: usize) {
^entry:
  %n = slice.len %a
  check.bounds %i, %n
  check.bounds %i, %n
  ret
}
"""


def test_what_a_check_says_does_not_hold_in_front_of_it() -> None:
    function = air.parse(TWICE).functions["f"]
    prover = Prover(Inequalities(function, function.cfg()))
    first, second = (op for op in function.operations() if op.decl.is_check)
    assert [proven(op, prover) is not None for op in (second, first, second)] == [True, False, True]
    prover = Prover(prover.facts)
    goal, before = (
        {prover.facts.number(function.parameters[0], 0)[0]: 1, prover.facts.number(first.operands[0], "u")[0]: -1},
        [],
    )
    for op in (second, first):
        before.append(prover.chains.find(goal, prover.facts.before(op)) is not None)
    assert before == [True, False]
