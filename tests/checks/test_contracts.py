"""Contracts: what callers see to and what results are is found, believed by the checker, and true when the program runs;
planted defects of agreements are rejected."""

from __future__ import annotations

import attrs
import pytest

import altru_ir as air
from altru_ir import backend, passes
from altru_ir.module import Module
from altru_ir.passes.proofs.agreements import disagreements
from altru_ir.passes.proofs.certificates import Agreement
from altru_ir.passes.transform.infer_contracts import _Contracts
from altru_ir.values import Operation
from tests.mutants.certificates import AGREEMENTS

PROGRAM = """altru 1
module @m
private func @find(%keys: ref<[? x i32]>, %key: i32) -> usize {
^entry:
  %zero = const 0 : usize
  %one = const 1 : usize
  %n = slice.len %keys
  br ^head(%zero)
^head(%i: usize):
  %more = icmp ult %i, %n
  cond_br %more, ^body, ^none
^body:
  %seq = deref %keys
  %slot = elem %seq, %i
  %k = load %slot
  %same = icmp eq %k, %key
  cond_br %same, ^found, ^on
^on:
  %next = add %i, %one
  br ^head(%next)
^found:
  ret %i
^none:
  ret %zero
}
private func @value(%keys: ref<[? x i32]>, %values: ref<[? x i32]>, %key: i32) -> i32 {
^entry:
  %at = call @find(%keys, %key)
  %seq = deref %values
  %slot = elem %seq, %at
  %x = load %slot
  ret %x
}
func @run(%keys: ref<[? x i32]>, %values: ref<[? x i32]>, %key: i32) -> i32 {
^entry:
  %none = const -1 : i32
  %zero = const 0 : usize
  %n = slice.len %keys
  %m = slice.len %values
  %some = icmp ne %n, %zero
  %fits = icmp ule %n, %m
  %good = and %some, %fits
  cond_br %good, ^some, ^done
^some:
  %x = call @value(%keys, %values, %key)
  ret %x
^done:
  ret %none
}
"""
PREPARE = "insert-checks,mem2reg,cse,forward-lengths"


def prepared(text: str = PROGRAM) -> Module:
    module = air.parse(text)
    assert air.verify(module) == []
    passes.run(module, PREPARE)
    return module


def kept(text: str) -> list[str]:
    """The functions in which checks are left."""
    module = prepared(text)
    passes.run(module, "infer-contracts{verify},eliminate-checks{verify}")
    assert not any(op.decl.name == "assume" for f in module.functions.values() for op in f.operations())
    assert air.verify(module) == []
    return [f.name for f in module.functions.values() for op in f.operations() if op.decl.is_check]


def test_what_the_caller_of_a_caller_knows_proves_a_check() -> None:
    assert kept(PROGRAM) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("private func @value", "func @value"),  # others may call it
        ("%good = and %some, %fits", "%good = or %some, %fits"),  # one of the two is not known
        ("ret %zero", "ret %n"),  # the result may be the length
        ("%same, ^found, ^on", "%same, ^found, ^on2\n^on2:\n  ret %keylen"),
    ],
)
def test_what_is_not_known_everywhere_is_not_assumed(old: str, new: str) -> None:
    text = PROGRAM.replace(old, new)
    if "%keylen" in new:
        text = text.replace(
            "  %n = slice.len %keys\n  br ^head", "  %n = slice.len %keys\n  %keylen = zext %key : usize\n  br ^head"
        )
    assert kept(text) == ["value"]


def test_a_function_whose_address_is_taken_may_be_called_by_anybody() -> None:
    text = (
        PROGRAM
        + "func @leak() -> fn(ref<[? x i32]>, ref<[? x i32]>, i32) -> i32 {\n^entry:\n  %f = func.ref @value\n  ret %f\n}\n"
    )
    assert kept(text) == ["value"]


@pytest.mark.parametrize(("keys", "values"), [([], []), ([1, 2, 3], [4, 5, 6]), ([1, 2], [7]), ([3], [7, 8])])
@pytest.mark.parametrize("key", [1, 3, 9])
def test_the_answers_are_the_same_and_the_assumptions_hold(keys: list[int], values: list[int], key: int) -> None:
    plain, assumed, without = prepared(), prepared(), prepared()
    passes.run(assumed, "infer-contracts")
    passes.run(without, "infer-contracts,eliminate-checks")
    answers = [backend.interpret(module, "run", [keys, values, key]) for module in (plain, assumed, without)]
    assert answers[0] == answers[1] == answers[2]


RECURSIVE = """altru 1
module @m
private func @sum(%xs: ref<[? x i32]>, %n: usize) -> i32 {
^entry:
  %zero = const 0 : usize
  %none = const 0 : i32
  %one = const 1 : usize
  %more = icmp ugt %n, %zero
  cond_br %more, ^some, ^done
^some:
  %last = sub %n, %one
  %seq = deref %xs
  %slot = elem %seq, %last
  %x = load %slot
  %rest = call @sum(%xs, %last)
  %all = add %x, %rest
  ret %all
^done:
  ret %none
}
func @run(%xs: ref<[? x i32]>) -> i32 {
^entry:
  %n = slice.len %xs
  %x = call @sum(%xs, %n)
  ret %x
}
"""


def test_a_recursive_function_hands_its_contract_on() -> None:
    assert kept(RECURSIVE) == []
    assert kept(RECURSIVE.replace("call @sum(%xs, %last)", "call @sum(%xs, %n)").replace("ugt %n, %zero", "eq %n, %zero")) != []


PART = """altru 1
module @m
func @half(%xs: ref<[? x i32]>) -> ref<[? x i32]> {
^entry:
  %zero = const 0 : usize
  %two = const 2 : usize
  %n = slice.len %xs
  %half = udiv %n, %two
  %seq = deref %xs
  %part = subrange %seq, %zero, %half
  %r = borrow %part
  ret %r
}
func @run(%xs: ref<[? x i32]>, %i: usize) -> i32 {
^entry:
  %none = const 0 : i32
  %ys = call @half(%xs)
  %m = slice.len %ys
  %below = icmp ult %i, %m
  cond_br %below, ^good, ^bad
^good:
  %seq = deref %xs
  %slot = elem %seq, %i
  %x = load %slot
  ret %x
^bad:
  ret %none
}
"""


def test_the_length_of_a_slice_that_is_returned() -> None:
    assert kept(PART) == []
    assert kept(
        PART.replace("subrange %seq, %zero, %half", "subrange %seq, %zero, %i")
        .replace("half(%xs", "half(%i: usize, %xs")
        .replace("half(%i: usize, %xs)\n", "half(%i, %xs)\n")
    ) == ["half"]


def test_what_is_assumed_and_taken_back_leaves_nothing_in_the_proof() -> None:
    """Of a function that only calls itself: some of what it wants of itself it does not see to, and lemmas rested on that."""
    text = """altru 1
module @m
private func @f(%a: ref<[? x i64]>, %x: usize, %y: usize, %c: i1) {
^a:
  %one = const 1 : usize
  br ^b(%y, %a)
^b(%i: usize, %s: ref<[? x i64]>):
  %n = slice.len %s
  %more = icmp ult %i, %n
  cond_br %more, ^c, ^f
^c:
  cond_br %c, ^d, ^e
^d:
  %seq = deref %a
  %last = sub %x, %one
  %slot = elem %seq, %last
  %v = load %slot
  %part = deref %s
  %at = elem %part, %x
  %w = load %at
  ret
^e:
  call @f(%a, %i, %x, %c)
  br ^b(%x, %s)
^f:
  ret
}
"""
    module = prepared(text)
    passes.run(module, "infer-contracts{verify}")
    assert air.verify(module) == []


# -- planted defects ---------------------------------------------------------------------------------------------------------


class Made:
    """A module with agreements that the checker accepts."""

    def __init__(self) -> None:
        self.module = prepared()
        work = _Contracts(self.module)
        work.infer()
        self.proofs, self.agreements = work.proofs, work.agreements

    def first(self, of_result: bool) -> int:
        return next(at for at, each in enumerate(self.agreements) if (each.result is not None) == of_result)

    def change(self, of_result: bool, **changes: object) -> None:
        at = self.first(of_result)
        self.agreements[at] = attrs.evolve(self.agreements[at], **changes)  # type: ignore[misc]

    def op(self, function: str, name: str, at: int = 0) -> Operation:
        return [op for op in self.module.functions[function].operations() if op.decl.name == name][at]

    def clauses(self) -> list[str]:
        return [each.clause for each in disagreements(self.module, self.proofs, self.agreements)]


def test_what_the_pass_agrees_on_is_accepted() -> None:
    made = Made()
    assert made.clauses() == []
    assert {each.result is None for each in made.agreements} == {True, False}


@pytest.mark.parametrize("name", AGREEMENTS)
def test_planted_defects_are_found(name: str) -> None:
    clause, plant = AGREEMENTS[name]
    made = Made()
    plant(made)
    assert clause in made.clauses()


def test_no_nonsense_makes_the_checker_raise() -> None:
    made = Made()
    good = made.agreements[0]
    for bad in (
        attrs.evolve(good, at=((None,),) * 2),
        attrs.evolve(good, statement={(None,): 1}),
        Agreement(None, {}, None, None, ()),
    ):  # type: ignore
        assert disagreements(made.module, made.proofs, [bad]) != []
