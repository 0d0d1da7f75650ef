"""What a change of operations in place may leave: the verifier says what is wrong, and nothing breaks on it."""

from __future__ import annotations

import pytest

import altru_ir as air
from altru_ir.module import Module
from altru_ir.passes.allowed import allow_invalid
from altru_ir.values import Operation, Value

TEXT = """altru 1
module @m
func @f(%i: usize, %j: usize, %r: ref<[4 x i32]>) -> i32 {
^entry:
  %l = local : [3 x i32]
  %p = deref %r
  %s = elem %p, %i
  %q = subrange %p, %i, %j
  %n = dim %q, 0
  %t = load %s
  end %l
  ret %t
}
"""


def problems(module: Module) -> list[str]:
    """What a pipeline and the verifier say of the module."""
    allow_invalid(module)
    return [problem.message for problem in air.verify(module)]


def change(name: str, operands: int | str, at: int = 0) -> Module:
    module = air.parse(TEXT)
    function = module.functions["f"]
    ops: dict[str, Operation] = {op.name: op for op in function.operations()}
    op = ops[name]
    if isinstance(operands, int):
        op.operands = (list(op.operands) * 5)[:operands]
    else:
        values: dict[str, Value] = {p.name or "": p for p in function.parameters}
        values.update((each.result.name or "", each.result) for each in ops.values() if each.results)
        op.operands = [*op.operands[:at], values[operands], *op.operands[at + 1 :]]
    return module


@pytest.mark.parametrize("name", ["elem", "subrange", "dim", "load", "end", "deref", "ret"])
@pytest.mark.parametrize("operands", [0, 2, 3, 4, 5, "i", "r", "t", "s", "n"])
def test_another_operand_or_count_is_an_error_and_no_crash(name: str, operands: int | str) -> None:
    before = air.parse(TEXT)
    assert problems(before) == []
    module = change(name, operands)
    found = problems(module)
    assert found or module.text() == before.text() or (name, operands) in FINE


FINE = {("dim", "s"), ("ret", "t"), ("load", "s"), ("elem", 2), ("subrange", 3)}
"""Changes that are none, or that give a valid program again."""


def test_a_non_place_before_an_index_is_named() -> None:
    assert any("elem" in message for message in problems(change("elem", "t")))
    assert any("out of bounds" in problem.message for problem in air.verify(constant("elem", 4)))
    assert not air.verify(constant("elem", 3))


def constant(name: str, index: int) -> Module:
    return air.parse(TEXT.replace(f"%s = {name} %p, %i", f"%c = const {index} : usize\n  %s = {name} %p, %c"))
