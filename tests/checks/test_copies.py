"""The checker compares the copies of versioned loops: what is no copy is found."""

from __future__ import annotations

import pytest

from altru_ir.passes.proofs import certificates as c
from altru_ir.passes.proofs.certificates import Proof
from altru_ir.passes.proofs.checker import problems
from tests.checks.proofs import Program
from tests.mutants.certificates import COPIES

TEXT = """
func @f(%a: ref<[? x i32]>, %n: usize, %m: usize, %u: usize) -> usize {
^entry:
  %zero = const 0 : usize
  %one = const 1 : usize
  %len = slice.len %a
  br ^guard(%zero)
^guard(%g: usize):
  %fast = icmp ule %n, %len
  cond_br %fast, ^head(%g), ^head2(%g)
^head(%i: usize):
  %more = icmp ult %i, %n
  cond_br %more, ^body, ^done(%i)
^body:
  check.bounds %i, %len
  br ^guard3(%zero)
^guard3(%g3: usize):
  %short = icmp ule %m, %len
  cond_br %short, ^inner(%g3), ^inner3(%g3)
^inner(%j: usize):
  %again = icmp ult %j, %m
  %k = add %j, %i
  cond_br %again, ^step, ^met(%k)
^step:
  check.bounds %j, %len
  %jnext = add %j, %one
  br ^inner(%jnext)
^met(%k4: usize):
  %next = add %k4, %one
  br ^head(%next)
^done(%result: usize):
  ret %result
^head2(%i2: usize):
  %more2 = icmp ult %i2, %n
  cond_br %more2, ^body2, ^done(%i2)
^body2:
  check.bounds %i2, %len
  br ^inner2(%zero)
^inner2(%j2: usize):
  %again2 = icmp ult %j2, %m
  %k2 = add %j2, %i2
  cond_br %again2, ^step2, ^met2
^step2:
  check.bounds %j2, %len
  %jnext2 = add %j2, %one
  br ^inner2(%jnext2)
^met2:
  %next2 = add %k2, %one
  br ^head2(%next2)
^inner3(%j3: usize):
  %again3 = icmp ult %j3, %m
  %k3 = add %j3, %i
  cond_br %again3, ^step3, ^met(%k3)
^step3:
  check.bounds %j3, %len
  %jnext3 = add %j3, %one
  br ^inner3(%jnext3)
}
"""


def versions(text: str = TEXT) -> tuple[Program, Proof]:
    """A loop with an inner one, both versioned, the inner one in the first copy alone; a value of it is used behind it."""
    x = Program(text)
    for block in x.function.blocks:  # as `LoopVersions` copies them
        for op in block.ops:
            op.loc = None
    outer = tuple((x.blocks[name], x.blocks[name + "2"]) for name in ("head", "body", "inner", "step", "met"))
    inner = tuple((x.blocks[name], x.blocks[name + "3"]) for name in ("inner", "step"))
    guards = x.blocks["guard"].ops[-1], x.blocks["guard3"].ops[-1]
    return x, Proof([], [], [c.Versions(guards[0], outer), c.Versions(guards[1], inner)])


def test_copies_are_accepted() -> None:
    x, proof = versions()
    assert [str(problem) for problem in problems(x.function, proof)] == []


def test_a_guard_may_make_a_path_to_measure() -> None:
    """A length of one dimension of several is that of a place: such an inner guard, which is folded, has a path and a `dim`."""
    text = TEXT.replace(
        "  %short = icmp ule %m, %len\n", "  %p = deref %a\n  %rows = dim %p, 0\n  %short = icmp ule %m, %rows\n"
    )
    assert text != TEXT
    x, proof = versions(text)
    assert [str(problem) for problem in problems(x.function, proof)] == []


@pytest.mark.parametrize("name", COPIES)
def test_what_is_no_copy_is_found(name: str) -> None:
    x, proof = versions()
    COPIES[name](x, proof)
    found = problems(x.function, proof)
    assert {problem.clause for problem in found} == {"11"}
