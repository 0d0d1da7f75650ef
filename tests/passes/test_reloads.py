"""Loads that are taken away: planted defects that generated programs seldom meet are noticed by programs made for them."""

from __future__ import annotations

import pytest

import altru_ir as air
from altru_ir import backend, passes
from tests.mutants.passes import RELOADS
from tests.mutants.planting import planted

CALL = """
altru 1
module @m
private func @change(%r: ref<mut i64>) {
^entry:
  %p = deref %r
  %seven = const 7 : i64
  assign %p, %seven
  ret
}
func @f(%v: i64) -> i64 {
^entry:
  %x = local : i64
  init %x, %v
  %r = borrow mut %x
  call @change(%r)
  %y = load %x
  end %x
  ret %y
}
"""
ELEMENT = """
altru 1
module @m
func @f(%v: i64) -> i64 {
^entry:
  %i = trunc %v : i8
  %at = zext %i : usize
  %from = const 0 : usize
  %x = const [1, 2] : [2 x i64]
  %xs = local : [2 x i64]
  init %xs, %x
  %a = elem %xs, %from
  %b = elem %xs, %at
  %one = load %a
  assign %b, %v
  %y = load %a
  end %xs
  %sum = add %one, %y
  ret %sum
}
"""
AROUND = """
altru 1
module @m
func @f(%v: i64) -> i64 {
^entry:
  %zero = const 0 : i64
  %one = const 1 : i64
  %three = const 3 : i64
  %x = local : i64
  init %x, %v
  br ^loop(%zero, %zero)
^loop(%i: i64, %acc: i64):
  %y = load %x
  %sum = add %acc, %y
  %more = icmp slt %i, %three
  cond_br %more, ^again, ^done
^again:
  assign %x, %i
  %next = add %i, %one
  br ^loop(%next, %sum)
^done:
  end %x
  ret %sum
}
"""


def _answers(text: str, pipeline: str) -> list[int]:
    module = air.parse(text)
    assert air.verify(module) == []
    passes.run(module, pipeline, verify_each=True)
    return [backend.interpret(module, "f", [v]) for v in (0, 1)]


@pytest.mark.parametrize(("text", "name"), list(zip((CALL, ELEMENT, AROUND), RELOADS, strict=True)))
def test_a_planted_defect_changes_the_answers(text: str, name: str) -> None:
    wanted = _answers(text, "dce")
    assert _answers(text, "cse{loads}") == wanted
    with planted(RELOADS[name]):
        assert _answers(text, "cse{loads}") != wanted
