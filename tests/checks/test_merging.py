"""Merged checks: generated groups of neighbouring accesses run as before, and copies that differ are rejected."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

import altru_ir as air
from altru_ir import backend, passes
from altru_ir.passes.transform.eliminate_checks import RejectedProof
from altru_ir.passes.transform.merge_checks import MergedChecks
from altru_ir.values import Operation, Value

PIPELINE = "mem2reg,cse{loads},eliminate-checks{versions,verify}"
GROUPS = 4


def program(seed: int) -> str:
    """Accesses at constant distances from an index that nothing bounds, with stores, prints and divisions between them."""
    choose = random.Random(seed)
    lines = ["altru 1", "module @m", 'extern "C" func @putchar(%c: i32) -> i32 unsafe']
    lines += ["func @f(%a: ref<mut [? x i64]>, %b: ref<mut [? x i64]>, %i: usize, %d: i64) -> i64 {", "^entry:"]
    lines += [f"  %n{k} = const {k} : usize" for k in range(4)] + [f"  %c{k} = const {65 + k} : i32" for k in range(4)]
    lines += ["  %x0 = const 1 : i64", "  %pa = deref %a", "  %pb = deref %b"]
    value, known = "%x0", 0
    for at in range(choose.randint(4, 9)):
        base, distance = choose.choice("aab"), choose.randint(0, 3)
        how = choose.choice(("add", "add", "sub"))
        lines += [f"  %j{at} = {how} %i, %n{distance}", f"  %q{at} = elem %p{base}, %j{at}"]
        match choose.randint(0, 7):
            case 0 | 1:
                lines.append(f"  assign %q{at}, {value}")
            case 2:
                lines += [f"  assign %q{at}, {value}", f"  %w{at} = call @putchar(%c{choose.randint(0, 3)}) unsafe"]
            case 3:
                lines += [f"  %l{at} = load %q{at}", f"  %y{at} = sdiv {value}, %d", f"  %x{at + 1} = add %y{at}, %l{at}"]
                value = f"%x{at + 1}"
            case _:
                lines += [f"  %l{at} = load %q{at}", f"  %x{at + 1} = add {value}, %l{at}"]
                value = f"%x{at + 1}"
        known = at
    if choose.random() < 0.5:  # a path of the group is used behind it
        lines.append(f"  assign %q{choose.randint(0, known)}, {value}")
    return "\n".join([*lines, f"  ret {value}", "}"]) + "\n"


def ended(runs: backend.Interpreter, length: int, index: int, divisor: int) -> tuple[object, bytes, list[int], list[int]]:
    a, b, printed = list(range(1, length + 1)), [7 * k for k in range(4)], []  # type: list[int], list[int], list[bytes]
    answer: object
    try:
        answer = runs.run("f", [a, b, index, divisor], write=printed.append)
    except air.Panic as panic:
        answer = panic.message, str(panic.location)
    return answer, b"".join(printed), a, b


def test_generated_groups_end_as_before() -> None:
    merged = 0
    for seed in range(60):
        before = air.parse(program(seed))
        assert air.verify(before) == []
        after = before.clone()
        passes.run(before, "insert-checks")
        passes.run(after, f"insert-checks,{PIPELINE}", verify_each=True)
        merged += "checks.merged" in str(after)
        runs = backend.Interpreter(before), backend.Interpreter(after, verified=True)
        for length, index, divisor in ((5, 3, 1), (5, 2, 0), (6, 0, 1), (3, 2, 2), (2, 1, 1), (4, (1 << 64) - 2, 1), (0, 0, 1)):
            first, second = (ended(each, length, index, divisor) for each in runs)
            assert first == second, f"{seed}: {length}, {index}, {divisor}"
    assert merged > 20


NEIGHBOURS = """
altru 1
module @m
func @f(%a: ref<mut [? x i64]>, %i: usize, %v: i64) -> i64 {
^entry:
  %one = const 1 : usize
  %p = deref %a
  %before = sub %i, %one
  %q = elem %p, %before
  %x = load %q
  assign %q, %v
  %r = elem %p, %i
  %y = load %r
  assign %r, %x
  %after = add %i, %one
  %s = elem %p, %after
  %z = load %s
  %t = sub %x, %y
  %u = add %t, %z
  ret %u
}
"""


def altered(
    change: Callable[[Operation, dict[Value, Value]], None],
) -> Callable[[MergedChecks, Operation, dict[Value, Value]], Operation]:
    original = MergedChecks.copied

    def wrong(self: MergedChecks, op: Operation, values: dict[Value, Value]) -> Operation:
        made = original(self, op, values)
        change(made, values)
        return made

    return wrong


def _stores_the_other(op: Operation, values: dict[Value, Value]) -> None:
    if op.name == "assign":
        op.operands = [op.operands[0], next(iter(values.values()))] if values else op.operands


def _checks_less(op: Operation, values: dict[Value, Value]) -> None:
    if op.name == "check.bounds":
        op.operands = [op.operands[1], op.operands[1]]


def _panics_elsewhere(op: Operation, values: dict[Value, Value]) -> None:
    if op.name == "check.bounds":
        op.loc = None


def _is_unsafe(op: Operation, values: dict[Value, Value]) -> None:
    op.unsafe = op.name == "load"


@pytest.mark.parametrize("change", [_stores_the_other, _checks_less, _panics_elsewhere, _is_unsafe])
def test_a_copy_that_differs_is_rejected(
    change: Callable[[Operation, dict[Value, Value]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MergedChecks, "copied", altered(change))
    with pytest.raises(RejectedProof, match="11"):
        passes.run(air.parse(NEIGHBOURS), f"insert-checks,{PIPELINE}")


def test_a_value_that_one_copy_does_not_hand_on_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    jump = MergedChecks._jump

    def wrong(self: MergedChecks, block: air.Block, to: air.Block, given: list[Value], last: Operation) -> None:
        jump(self, block, to, given[::-1], last)
        monkeypatch.setattr(MergedChecks, "_jump", jump)  # the other one is right

    monkeypatch.setattr(MergedChecks, "_jump", wrong)
    with pytest.raises(RejectedProof, match="11"):
        passes.run(air.parse(NEIGHBOURS), f"insert-checks,{PIPELINE}")


def test_an_operation_that_one_copy_lacks_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    jump = MergedChecks._jump

    def wrong(self: MergedChecks, block: air.Block, to: air.Block, given: list[Value], last: Operation) -> None:
        block.ops = [op for op in block.ops if op.name != "assign"]
        jump(self, block, to, given, last)
        monkeypatch.setattr(MergedChecks, "_jump", jump)

    monkeypatch.setattr(MergedChecks, "_jump", wrong)
    with pytest.raises(RejectedProof, match="11"):
        passes.run(air.parse(NEIGHBOURS), f"insert-checks,{PIPELINE}")


def test_a_strengthened_test_that_proves_nothing_removes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the guard tests does not matter for the meaning: with conditions that are too weak the checks stay."""
    from altru_ir.passes.transform import merge_checks

    def weakest(forms: list[dict[int, int]]) -> list[dict[int, int]]:
        found: dict[frozenset[tuple[int, int]], dict[int, int]] = {}
        for form in forms:
            key = frozenset((number, factor) for number, factor in form.items() if number)
            known = found.get(key)
            if known is None or form.get(0, 0) > known.get(0, 0):
                found[key] = form
        return list(found.values())

    module = air.parse(NEIGHBOURS)
    monkeypatch.setattr(merge_checks, "_strongest", weakest)
    passes.run(module, f"insert-checks,{PIPELINE}")
    assert str(module).count("check.bounds") > 3
    for length, index in ((3, 1), (2, 1), (1, 0), (2, 0)):
        runs = []
        for each in (module, air.parse(NEIGHBOURS)):
            if each is not module:
                passes.run(each, "insert-checks")
            a = list(range(length))
            try:
                runs.append((backend.interpret(each, "f", [a, index, 9]), a))
            except air.Panic as panic:
                runs.append((panic.message, a))  # type: ignore[arg-type]
        assert runs[0] == runs[1]
