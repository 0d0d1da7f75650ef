"""What remarks say in words holds exactly where the form that they say it of is not negative."""

from __future__ import annotations

import re

import pytest

import altru_ir as air
from altru_ir.module import Function
from altru_ir.passes.analysis.inequalities import Inequalities
from altru_ir.passes.analysis.manager import AnalysisManager
from altru_ir.passes.proofs.wording import comparison, fetched

PROGRAM = """func @f(
  %xs: ref<[? x i32]>, %m: ref<[? x ? x i32]>, %i: usize, %j: usize, %k: i32, %p: ptr<i32>, %at: ref<usize>
) -> usize {
^entry:
  %one = const 1 : usize
  %s = deref %xs
  %place = deref %at
  %got = load %place loc("f.x":7:1)
  %a = add %i, %j
  %n = slice.len %xs
  %view = deref %m
  %columns = dim %view, 1
  %r = add %a, %got
  ret %r
}
"""


@pytest.fixture
def facts() -> Inequalities:
    function: Function = air.parse(PROGRAM).functions["f"]
    for op in function.operations():
        if op.name == "add" and op.result.name == "a":
            op.result.name = None
    return AnalysisManager().get(Inequalities, function)


def numbers(facts: Inequalities, *names: tuple[str, object]) -> list[int]:
    """The numbers of values by name, each with its reading."""
    function = facts.function
    values = {v.name: v for v in function.parameters} | {r.name: r for op in function.operations() for r in op.results}
    return [facts.number(values[name], reading)[0] for name, reading in names]


@pytest.mark.parametrize(
    ("parts", "constant", "said"),
    [
        ([(1, "i", "u"), (-1, "j", "u")], 0, "%j <= %i"),
        ([(1, "i", "u"), (-1, "j", "u")], -1, "%j < %i"),
        ([(1, "i", "u"), (-1, "j", "u")], -3, "%j + 2 < %i"),
        ([(1, "i", "u"), (-1, "j", "u")], 3, "%j <= %i + 3"),
        ([(2, "i", "u"), (-3, "j", "u")], 0, "3 * %j <= 2 * %i"),
        ([(1, "i", "u")], -1, "%i is not 0"),
        ([(1, "p", "u")], -1, "%p is not null"),
        ([(1, "i", "u")], -2, "%i >= 2"),
        ([(2, "i", "u")], -1, "2 * %i >= 1"),
        ([(1, "k", "s")], -1, "%k >= 1 (signed)"),
        ([(1, "k", "s")], 5, "%k >= -5 (signed)"),
        ([(-1, "i", "u")], 2**64 - 2, "%i <= 2^64 - 2"),
        ([(-1, "i", "u")], 1000, "%i <= 1000"),
        ([(-1, "i", "u")], 2**20 + 1, "%i <= 2^20 + 1"),
        ([(1, "xs", 0), (-1, "i", "u")], -1, "%i < length of %xs"),
        ([(1, "m", 1), (-1, "m", 0)], 0, "length 0 of %m <= length 1 of %m"),
        ([(1, "xs", 0), (-1, None, "u")], -1, "%i + %j < length of %xs"),
    ],
)
def test_a_form(facts: Inequalities, parts: list[tuple[int, str, object]], constant: int, said: str) -> None:
    found = numbers(facts, *((name, reading) for _, name, reading in parts))
    form = {number: factor for number, (factor, _, _) in zip(found, parts, strict=True)} | {0: constant}
    assert comparison(form, facts) == said
    if not re.search(r"length|null|\^", said):
        for i in range(4):
            for j in range(4):
                value = {"i": i, "j": j, "k": i - 2}
                total = constant + sum(factor * value[name] for factor, name, _ in parts)
                text = said.replace(" (signed)", "").replace(" is not ", " != ")
                assert eval(re.sub(r"%(\w)", lambda m, v=value: str(v[m[1]]), text)) == (total >= 0)


def test_what_was_loaded_is_told_with_its_line(facts: Inequalities) -> None:
    got, i = numbers(facts, ("got", "u"), ("i", "u"))
    assert fetched([{got: -1, i: 1, 0: 0}], facts) == "; %got is loaded at line 7"
    assert fetched([{i: 1, 0: 0}], facts) == ""
