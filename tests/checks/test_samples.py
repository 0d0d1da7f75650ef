"""Samples refute what does not hold, and nothing that was proven without them: two ways to look at a goal, one answer."""

from __future__ import annotations

import pytest

import altru_ir as air
from altru_ir import passes
from altru_ir.module import Function
from altru_ir.passes.analysis.inequalities import Inequalities
from altru_ir.passes.proofs import prover
from altru_ir.passes.proofs.goals import goals_of, proven
from altru_ir.passes.proofs.samples import Samples
from altru_ir.testing import loops
from bench.kernels import air_of, kernel, names


def counted(text: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int, int]:
    """Checks proven without samples, of these refuted by samples, and of the others refuted."""
    monkeypatch.setattr(prover, "UNSAMPLED", 1 << 60)
    module = air.parse(text)
    passes.run(module, "insert-checks,mem2reg,cse,forward-lengths")
    found = [0, 0, 0]
    for function in module.functions.values():
        if not function.blocks:
            continue
        facts = Inequalities(function, function.cfg())
        without, samples = prover.Prover(facts), Samples(facts)
        for op in function.operations():
            goals = goals_of(op, facts) if op.decl.is_check else []
            if len(goals) == 1:
                is_proven = proven(op, without) is not None
                refuted = any(samples.refuted(facts.form(goal), facts.before(op)) for goal in goals[0])
                found[0] += is_proven
                found[1 if is_proven else 2] += refuted
    return found[0], found[1], found[2]


def test_what_is_proven_about_kernels_is_not_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    of_all = [counted(air_of(kernel(name)), monkeypatch) for name in names()]
    right, wrong, refuted = map(sum, zip(*of_all, strict=True))
    assert wrong == 0
    assert right > 400
    assert refuted > 20


@pytest.mark.parametrize("seed", range(12))
def test_what_is_proven_about_generated_programs_is_not_refuted(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert counted(loops.generate(seed)[0], monkeypatch)[1] == 0


TEXT = """altru 1
module @m
func @f(%xs: ref<[? x i32]>, %n: usize) {
^entry:
  %zero = const 0 : usize
  %one = const 1 : usize
  %len = slice.len %xs
  br ^head(%zero)
^head(%i: usize):
  %more = icmp ult %i, %n
  cond_br %more, ^body, ^done
^body:
  %small = umin %i, %len
  check.bounds %i, %len
  %next = add %i, %one
  br ^head(%next)
^done:
  ret
}
"""


def function() -> tuple[Function, Inequalities, Samples]:
    module = air.parse(TEXT)
    f = module.functions["f"]
    facts = Inequalities(f, f.cfg())
    return f, facts, Samples(facts)


def number(f: Function, facts: Inequalities, name: str) -> int:
    values = [*f.parameters, *(v for b in f.blocks for v in b.args), *(r for op in f.operations() for r in op.results)]
    return facts.number(next(value for value in values if value.name == name), "u")[0]


def test_an_invariant_that_is_none_is_refuted() -> None:
    f, facts, samples = function()
    i, n, length = (number(f, facts, name) for name in ("i", "n", "len"))
    head = f.blocks[1]
    assert samples.refuted_on({i: 1, 0: -1}, head)  # i >= 1: not at first
    assert samples.refuted_on({i: -1}, head)  # i = 0: not later
    assert not samples.refuted_on({n: 1, i: -1}, head)  # i <= n: always
    assert not samples.refuted_on({length: 1, i: -1}, head)  # by the check


def test_what_holds_behind_a_check_is_not_refuted_by_a_run_that_it_ended() -> None:
    f, facts, samples = function()
    i, length = number(f, facts, "i"), number(f, facts, "len")
    check = next(op for op in f.operations() if op.decl.is_check)
    behind = facts.before(f.blocks[2].ops[-1])
    assert samples.refuted({length: 1, i: -1, 0: -1}, facts.before(check))
    assert not samples.refuted({length: 1, i: -1, 0: -1}, behind)


def test_a_case_counts_only_where_it_is_the_case() -> None:
    f, facts, samples = function()
    i, length = number(f, facts, "i"), number(f, facts, "len")
    least = next(op for op in f.operations() if op.decl.name == "umin")
    point = facts.before(next(op for op in f.operations() if op.decl.is_check))
    first = facts.says([], point, ("chosen", least, True))
    assert samples.refuted({length: 1, i: -1, 0: -1}, point)
    assert not samples.refuted({length: 1, i: -1}, first)
    assert samples.refuted({i: 1, length: -1}, first)
