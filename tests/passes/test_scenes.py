"""Scenes are what they promise: right ones are accepted and have no fault, wrong ones are refused, and go wrong."""

from __future__ import annotations

import pytest

import altru_ir as air
from altru_ir.testing.borrowing_library import DECLARATIONS, LIBRARY
from altru_ir.testing.borrowing_scenes import SCENES
from tests.mutants.loans import MUTANTS, told_by
from tests.mutants.planting import planted
from tests.passes.loans_oracle import fault, inputs, refusals, scheduled

UNSEEN = {
    "borrowing 1, shared", "borrowing 3, values", "borrowing 9, definitions", "loan paths 1, fields",  # other programs do
    "borrowing 3, collected", "borrowing 8, collected", "borrowing 2, holders", "region flow 1",
    "region flow 4, collected",  # no generated program does: docs/testing.md
    "lent paths 1", "loan suspects 2, members", "loan suspects 2, names", "loan suspects 2, results",
    "loan suspects 2, static", "loan suspects 3, edges", "loan suspects 6", "loan suspects 6, collected",
    "loan suspects 6, storage", "loan suspects 7", "loan suspects 7, function values",
    "elements 1", "elements 1, least", "elements 2", "elements 2, numbers", "elements 3", "elements 3, ends",
    "elements 4", "elements 4, places",  # the conformance files do
}  # fmt: skip
"""The planted defects that no scene notices."""

HEAD = """func @main_entry(%n: i64) -> i64 {
^entry:
  %g = global @bits unsafe
  assign %g, %n
  %one = const 1 : i64
  %seven = const 7 : i64
  %k0 = const 0 : usize
  %k1 = const 1 : usize
  %k2 = const 2 : usize
  %flip = call @flip()
  %at = zext %flip : usize
"""


def scene(name: str, wrong: bool) -> air.Module:
    functions, body = SCENES[name].texts(wrong, "1")
    lines = "".join(f"  {line}\n" for line in body)
    head = f"altru 1\nmodule @m\n{DECLARATIONS}{SCENES[name].types}{LIBRARY['look'].text}"
    return scheduled(air.parse(f"{head}{functions}{HEAD}{lines}  ret %n\n}}\n"))


@pytest.mark.parametrize("name", SCENES)
def test_a_right_scene_is_accepted_and_a_wrong_one_refused(name: str) -> None:
    right = scene(name, False)
    assert refusals(right) == []
    assert fault(right, inputs(20)) is None
    if SCENES[name].may_be_wrong:
        wrong = scene(name, True)
        assert refusals(wrong) != []
        assert fault(wrong, inputs(20)) is not None


def test_scenes_notice_planted_defects() -> None:
    programs = [(scene(name, False), False) for name in SCENES]
    programs += [(scene(name, True), True) for name in SCENES if SCENES[name].may_be_wrong]
    assert told_by(programs) is None
    for name in [name for name in MUTANTS if name not in UNSEEN]:
        with planted(MUTANTS[name]):
            assert told_by(programs), name
