"""Arithmetic, comparisons and casts: most are one instruction of LLVM.

Example: ``rotl %x, %n`` is ``llvm.fshl`` of ``%x`` twice, by ``%n`` modulo the width.
"""

from __future__ import annotations

from altru_ir.backend.lower.constants import constant_text
from altru_ir.backend.lower.function import FunctionLowering
from altru_ir.backend.lower.registry import lowers
from altru_ir.literals import constant_integer
from altru_ir.types import IntType, Type
from altru_ir.values import Operation, Value


def bits_of(f: FunctionLowering, type: Type) -> int:
    """The width of an integer; an address is as wide as a pointer."""
    return type.bits if isinstance(type, IntType) else f.module.pointer_bits


@lowers("const")
def constant(f: FunctionLowering, op: Operation) -> None:
    f.alias(op.result, constant_text(op.attrs["value"], op.result.type, f.module))


@lowers(
    "add", "sub", "mul", "and", "or", "xor", "sdiv", "udiv", "srem", "urem", "fadd", "fsub", "fmul", "fdiv", "frem"
)  # fmt: skip
def two_operands(f: FunctionLowering, op: Operation) -> None:
    lhs, rhs = op.operands
    f.define(op.result, f"{op.name} {f.typed(lhs)}, {f.value(rhs)}")


@lowers("shl", "lshr", "ashr")
def _shift(f: FunctionLowering, op: Operation) -> None:
    value, amount = op.operands
    f.define(op.result, f"{op.name} {f.typed(value)}, {_modulo_width(f, amount)}")


def _modulo_width(f: FunctionLowering, amount: Value) -> str:
    bits = bits_of(f, amount.type)
    known = constant_integer(amount)
    if bits == 1:
        return "false"
    if known is not None:
        return str(known % bits)
    return f.emit(f"and {f.typed(amount)}, {bits - 1}")


@lowers("rotl", "rotr")
def _rotate(f: FunctionLowering, op: Operation) -> None:
    value, amount = op.operands
    type = f.type(value.type)
    name = f"llvm.{'fshl' if op.name == 'rotl' else 'fshr'}.{type}"
    f.define(op.result, f.intrinsic(type, name, [f.typed(value), f.typed(value), f.typed(amount)]))


_INTRINSICS = {
    "smin": "smin", "smax": "smax", "umin": "umin", "umax": "umax",
    "fmin": "minimumnum", "fmax": "maximumnum", "copysign": "copysign", "fma": "fma",
    "popcount": "ctpop", "fabs": "fabs", "fsqrt": "sqrt", "ffloor": "floor", "fceil": "ceil", "ftrunc": "trunc",
    "fround": "roundeven",
}  # fmt: skip


def _suffix(type: str) -> str:
    return {"float": "f32", "double": "f64"}.get(type, type)


@lowers(*_INTRINSICS)
def _intrinsic(f: FunctionLowering, op: Operation) -> None:
    type = f.type(op.result.type)
    f.define(op.result, f.intrinsic(type, f"llvm.{_INTRINSICS[op.name]}.{_suffix(type)}", map(f.typed, op.operands)))


@lowers("clz", "ctz")
def _count_zeros(f: FunctionLowering, op: Operation) -> None:
    type = f.type(op.result.type)
    name = f"llvm.{'ctlz' if op.name == 'clz' else 'cttz'}.{type}"
    f.define(op.result, f.intrinsic(type, name, [f.typed(op.operands[0]), "i1 false"]))


@lowers("bswap")
def _bswap(f: FunctionLowering, op: Operation) -> None:
    type = f.type(op.result.type)
    if bits_of(f, op.result.type) <= 8:
        f.alias(op.result, f.value(op.operands[0]))
    else:
        f.define(op.result, f.intrinsic(type, f"llvm.bswap.{type}", [f.typed(op.operands[0])]))


@lowers("fneg")
def _fneg(f: FunctionLowering, op: Operation) -> None:
    f.define(op.result, f"fneg {f.typed(op.operands[0])}")


_CHECKED = {"sadd": "sadd", "uadd": "uadd", "ssub": "ssub", "usub": "usub", "smul": "smul", "umul": "umul"}


@lowers(*(f"{name}.checked" for name in _CHECKED))
def _checked(f: FunctionLowering, op: Operation) -> None:
    kind = op.name.partition(".")[0]
    lhs, rhs = op.operands
    type = f.type(lhs.type)
    pair = f.emit(f.intrinsic(f"{{ {type}, i1 }}", f"llvm.{kind}.with.overflow.{type}", [f.typed(lhs), f.typed(rhs)]))
    f.define(op.result, f"extractvalue {{ {type}, i1 }} {pair}, 0")
    overflow = f.emit(f"extractvalue {{ {type}, i1 }} {pair}, 1")
    fine = f.emit(f"xor i1 {overflow}, true")
    signed = kind[0] == "s"
    f.panic_unless(fine, kind, op, f.as_word(f.value(lhs), lhs.type, signed), f.as_word(f.value(rhs), rhs.type, signed))


@lowers("shl.checked", "lshr.checked", "ashr.checked")
def _checked_shift(f: FunctionLowering, op: Operation) -> None:
    value, amount = op.operands
    bits = bits_of(f, amount.type)
    least_outside = "true" if bits == 1 else bits
    fine = f.emit(f"icmp ult {f.typed(amount)}, {least_outside}")
    f.panic_unless(fine, "shift", op, f.as_word(f.value(amount), amount.type), str(bits))
    f.define(op.result, f"{op.name.partition('.')[0]} {f.typed(value)}, {f.value(amount)}")


@lowers("icmp", "fcmp")
def compare(f: FunctionLowering, op: Operation) -> None:
    lhs, rhs = op.operands
    f.define(op.result, f"{op.name} {op.attrs['predicate']} {f.typed(lhs)}, {f.value(rhs)}")


@lowers("select")
def _select(f: FunctionLowering, op: Operation) -> None:
    condition, first, second = op.operands
    f.define(op.result, f"select {f.typed(condition)}, {f.typed(first)}, {f.typed(second)}")


@lowers("trunc", "zext", "sext", "fptrunc", "fpext", "sitofp", "uitofp", "bitcast")
def _cast(f: FunctionLowering, op: Operation) -> None:
    value = op.operands[0]
    source, target = f.type(value.type), f.type(op.result.type)
    if source == target:
        f.alias(op.result, f.value(value))
    else:
        f.define(op.result, f"{op.name} {source} {f.value(value)} to {target}")


@lowers("fptosi", "fptoui")
def _to_integer(f: FunctionLowering, op: Operation) -> None:
    source, target = f.type(op.operands[0].type), f.type(op.result.type)
    f.define(op.result, f.intrinsic(target, f"llvm.{op.name}.sat.{target}.{_suffix(source)}", [f.typed(op.operands[0])]))
