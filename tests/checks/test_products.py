"""Products of signed numbers: the square of an odd index is bounded by what a branch says of the index, and no wider."""

from __future__ import annotations

import pytest

import altru_ir as air
from altru_ir import passes

TEXT = """altru 1
module @m
func @f(%i: i64, %n: usize) {{
^entry:
  %low = const {low} : i64
  %from = icmp sge %i, %low
  cond_br %from, ^above, ^out
^above:
  %high = const {high} : i64
  %to = icmp slt %i, %high
  cond_br %to, ^within, ^out
^within:
  %most = const {length} : usize
  %fits = icmp uge %n, %most
  cond_br %fits, ^square, ^out
^square:
  %one = const 1 : i64
  %two = const 2 : i64
  %even = mul %two, %i
  %odd = add %even, %one
  %square = mul %odd, %odd
  %less = sub %square, %one
  %half = sdiv %less, %two
  %at = bitcast %half : usize
  check.bounds %at, %n
  ret
^out:
  ret
}}
"""


def left(low: int, high: int, length: int) -> int:
    """The checks that stay; the certificates of the others are read by the checker."""
    module = air.parse(TEXT.format(low=low, high=high, length=length))
    passes.run(module, "eliminate-checks{verify}")
    return sum(op.decl.is_check for op in module.functions["f"].operations())


@pytest.mark.parametrize(("low", "high", "length"), [(0, 100, 19801), (0, 10_000, 199_990_000), (5, 6, 61)])
def test_a_square_within_its_bounds(low: int, high: int, length: int) -> None:
    assert left(low, high, length) == 0


@pytest.mark.parametrize(
    ("low", "high", "length"),
    [
        (0, 100, 19800),  # (199 * 199 - 1) / 2 is one too many
        (0, 1 << 40, (1 << 64) - 1),  # may wrap, and be less than zero
        (-(1 << 40), 100, 19801),  # far below zero it is as large as far above
    ],
)
def test_a_square_beyond_them(low: int, high: int, length: int) -> None:
    assert left(low, high, length) == 1


BELOW = """altru 1
module @m
func @f(%x: i32, %y: i32, %n: usize) {{
^entry:
  %zero = const 0 : i32
  %ten = const 10 : i32
  %a = icmp {a} %x, %zero
  %b = icmp sge %y, %zero
  %c = icmp slt %x, %ten
  %d = icmp slt %y, %ten
  %ab = and %a, %b
  %cd = and %c, %d
  %all = and %ab, %cd
  cond_br %all, ^product, ^out
^product:
  %z = mul %x, %y
  %wide = sext %z : i64
  %at = bitcast %wide : usize
  %most = const 82 : usize
  check.bounds %at, %most
  ret
^out:
  ret
}}
"""


@pytest.mark.parametrize(("predicate", "expected"), [("sge", 0), ("sgt", 0), ("slt", 1), ("ne", 1)])
def test_a_product_with_a_number_that_may_be_negative(predicate: str, expected: int) -> None:
    module = air.parse(BELOW.format(a=predicate))
    passes.run(module, "eliminate-checks{verify}")
    assert sum(op.decl.is_check for op in module.functions["f"].operations()) == expected
