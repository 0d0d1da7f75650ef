"""Copies: they print alike, share nothing that changes, and are as wrong as what they were made of."""

from __future__ import annotations

import altru_ir as air
from altru_ir.testing import whole_language

TEXT = """altru 1
func @f(%n: i64) -> i64 {
^entry:
  br ^later
^sooner:
  %two = add %one, %one
  ret %two
^later:
  %one = const 1 : i64
  %sum = add %one, %n
  br ^sooner
}
"""


def test_a_copy_prints_alike_and_shares_no_object() -> None:
    for text in (TEXT, *(whole_language.generate(seed, 3).text for seed in range(5))):
        module = air.parse(text)
        copy = module.clone()
        assert str(copy) == str(module)
        for function in module.functions.values():
            ours, theirs = function, copy.functions[function.name]
            assert not {id(b) for b in ours.blocks} & {id(b) for b in theirs.blocks}
            known = {id(op) for op in ours.operations()} | {id(v) for op in ours.operations() for v in op.results}
            for op in theirs.operations():
                assert id(op) not in known
                assert not {id(v) for v in (*op.operands, *op.results)} & known
                assert op.block in theirs.blocks
                assert all(value.operation is op for value in op.results)
                assert all(edge.block in theirs.blocks for edge in op.successors)


def test_a_value_that_is_defined_twice_is_in_a_copy_too() -> None:
    """Who compiles verifies a copy."""
    module = air.parse(TEXT)
    block = module.functions["f"].blocks[1]
    first, second = block.ops[0], module.functions["f"].blocks[2].ops[0]
    first.results = second.results
    assert air.verify(module)
    assert air.verify(module.clone())
