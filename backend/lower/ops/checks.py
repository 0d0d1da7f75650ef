"""Checks that stayed: a test, and a branch to the cold block where its function panics.

Example: ``check.bounds %i, %n`` is ``icmp ult`` and a ``br``.
"""

from __future__ import annotations

from altru_ir.backend.lower.function import FunctionLowering
from altru_ir.backend.lower.ops.arith import bits_of
from altru_ir.backend.lower.registry import lowers
from altru_ir.backend.lower.releases import thin
from altru_ir.values import Operation


@lowers("check.bounds")
def _check_bounds(f: FunctionLowering, op: Operation) -> None:
    index, length = op.operands
    fine = f.emit(f"icmp ult {f.typed(index)}, {f.value(length)}")
    f.panic_unless(fine, "bounds", op, f.as_word(f.value(index), index.type), f.as_word(f.value(length), length.type))


@lowers("check.subrange")
def _check_subrange(f: FunctionLowering, op: Operation) -> None:
    low, high, length = op.operands
    ordered = f.emit(f"icmp ule {f.typed(low)}, {f.value(high)}")
    inside = f.emit(f"icmp ule {f.typed(high)}, {f.value(length)}")
    fine = f.emit(f"and i1 {ordered}, {inside}")
    f.panic_unless(fine, "subrange", op, f.as_word(f.value(low), low.type), f.as_word(f.value(high), high.type))


@lowers("check.nonnull")
def _check_nonnull(f: FunctionLowering, op: Operation) -> None:
    f.panic_unless(f.emit(f"icmp ne ptr {thin(f, op.operands[0])}, null"), "null", op)


@lowers("check.align")
def _check_align(f: FunctionLowering, op: Operation) -> None:
    address = f.emit(f"ptrtoint ptr {thin(f, op.operands[0])} to i64")
    low = f.emit(f"and i64 {address}, {op.attrs['alignment'] - 1}")
    f.panic_unless(f.emit(f"icmp eq i64 {low}, 0"), "align", op, address, str(op.attrs["alignment"]))


@lowers("check.nonzero")
def _check_nonzero(f: FunctionLowering, op: Operation) -> None:
    f.panic_unless(f.emit(f"icmp ne {f.typed(op.operands[0])}, 0"), "division", op)


@lowers("check.quotient")
def _check_quotient(f: FunctionLowering, op: Operation) -> None:
    dividend, divisor = op.operands
    least = -(1 << (bits_of(f, dividend.type) - 1))
    if bits_of(f, dividend.type) == 1:
        least = -1
    a = f.emit(f"icmp ne {f.typed(dividend)}, {least if bits_of(f, dividend.type) > 1 else 'true'}")
    b = f.emit(f"icmp ne {f.typed(divisor)}, {-1 if bits_of(f, divisor.type) > 1 else 'true'}")
    f.panic_unless(f.emit(f"or i1 {a}, {b}"), "quotient", op)


@lowers("assume")
def _assume(f: FunctionLowering, op: Operation) -> None:
    """Nothing: what follows from it has been drawn, and telling LLVM costs a fifth of its time and gains none."""
