"""What operations on numbers do: arithmetic, comparisons, casts, ``select`` and constants.

The numbers themselves are those of ``altru_ir.scalars``; what a program runs most often is written out here once more, as
short as it can be, and tests/interpreter compares the two.
"""

from __future__ import annotations

import operator
import struct
from collections.abc import Callable
from typing import Any

from altru_ir import scalars
from altru_ir.backend.interpreter.code import Slots, Stage, Step, means
from altru_ir.backend.interpreter.host import from_literal
from altru_ir.runtime.panic_kinds import describe
from altru_ir.types import FloatType, IntType, PtrType, Type, UsizeType
from altru_ir.values import Operation


def width(type: Type, stage: Stage) -> int:
    """The bits of an integer or float."""
    return stage.module.pointer_bits if isinstance(type, (UsizeType, PtrType)) else type.bits  # type: ignore[attr-defined]


@means("const")
def _const(stage: Stage, op: Operation) -> Step:
    value = from_literal(op.attrs["value"], op.result.type, stage.module)
    slot = stage.slot(op.result)

    def run(s: Slots) -> None:
        s[slot] = value

    return run


def _slots(stage: Stage, op: Operation) -> tuple[int, int, int]:
    return stage.slot(op.operands[0]), stage.slot(op.operands[1]), stage.slot(op.result)


@means("add", "sub", "mul", "and", "or", "xor")
def _wrapping(stage: Stage, op: Operation) -> Step:
    a, b, r = _slots(stage, op)
    mask = (1 << width(op.result.type, stage)) - 1

    def add(s: Slots) -> None:
        s[r] = (s[a] + s[b]) & mask

    def sub(s: Slots) -> None:
        s[r] = (s[a] - s[b]) & mask

    def mul(s: Slots) -> None:
        s[r] = (s[a] * s[b]) & mask

    def and_(s: Slots) -> None:
        s[r] = s[a] & s[b]

    def or_(s: Slots) -> None:
        s[r] = s[a] | s[b]

    def xor(s: Slots) -> None:
        s[r] = s[a] ^ s[b]

    return {"add": add, "sub": sub, "mul": mul, "and": and_, "or": or_, "xor": xor}[op.name]


@means("shl", "lshr", "ashr", "rotl", "rotr", "smin", "smax", "umin", "umax")
def _binary(stage: Stage, op: Operation) -> Step:
    a, b, r = _slots(stage, op)
    bits, name, integer = width(op.result.type, stage), op.name, scalars.integer

    def run(s: Slots) -> None:
        s[r] = integer(name, bits, s[a], s[b])

    return run


@means("sdiv", "udiv", "srem", "urem")
def _division(stage: Stage, op: Operation) -> Step:
    """Undefined where the divisor is zero or the quotient does not fit: the check before it stops that."""
    from altru_ir.backend.interpreter.faults import fault

    a, b, r = _slots(stage, op)
    bits, name, integer = width(op.result.type, stage), op.name, scalars.integer

    def run(s: Slots) -> None:
        try:
            s[r] = integer(name, bits, s[a], s[b])
        except scalars.Panics:
            what = "division by zero" if s[b] == 0 else "the quotient of the division does not fit"
            raise fault("ALT-C005", what, op) from None

    return run


@means(*(f"{sign}{name}.checked" for sign in "su" for name in ("add", "sub", "mul")))
def _checked(stage: Stage, op: Operation) -> Step:
    a, b, r = _slots(stage, op)
    bits, name, integer = width(op.result.type, stage), op.name, scalars.integer
    machine, message = stage.machine, describe(op.name.partition(".")[0])

    def run(s: Slots) -> None:
        try:
            s[r] = integer(name, bits, s[a], s[b])
        except scalars.Panics:
            raise machine.panic(s[0].thread, message, op) from None

    return run


@means("clz", "ctz", "popcount", "bswap")
def _unary(stage: Stage, op: Operation) -> Step:
    bits, name, integer = width(op.result.type, stage), op.name, scalars.integer
    a = stage.slot(op.operands[0])
    return stage.define(op, lambda s: integer(name, bits, s[a]))


@means("fadd", "fsub", "fmul", "fdiv", "frem", "fmin", "fmax", "copysign")
def _float_binary(stage: Stage, op: Operation) -> Step:
    a, b, r = _slots(stage, op)
    bits, name, floating = width(op.result.type, stage), op.name, scalars.floating
    quick: dict[str, Callable[[float, float], float]] = {
        "fadd": operator.add, "fsub": operator.sub, "fmul": operator.mul,
    }  # fmt: skip
    if bits == 64 and name in quick:
        compute = quick[name]

        def exact(s: Slots) -> None:
            s[r] = compute(s[a], s[b])

        return exact

    def run(s: Slots) -> None:
        s[r] = floating(name, bits, s[a], s[b])

    return run


@means("fneg", "fabs", "fsqrt", "ffloor", "fceil", "ftrunc", "fround")
def _float_unary(stage: Stage, op: Operation) -> Step:
    bits, name, floating = width(op.result.type, stage), op.name, scalars.floating
    a = stage.slot(op.operands[0])
    return stage.define(op, lambda s: floating(name, bits, s[a]))


@means("fma")
def _fma(stage: Stage, op: Operation) -> Step:
    a, b, c = (stage.slot(v) for v in op.operands)
    bits = width(op.result.type, stage)
    return stage.define(op, lambda s: scalars.fused(bits, s[a], s[b], s[c]))


@means("icmp")
def _icmp(stage: Stage, op: Operation) -> Step:
    a, b, r = _slots(stage, op)
    type = op.operands[0].type
    bits, predicate, compare = width(type, stage), op.attrs["predicate"], scalars.compare
    if isinstance(type, PtrType):

        def addresses(s: Slots) -> None:
            s[r] = int(compare(predicate, bits, s[a].address, s[b].address))

        return addresses
    quick: dict[str, Callable[[Any, Any], bool]] = {
        "eq": operator.eq, "ne": operator.ne, "ult": operator.lt, "ule": operator.le, "ugt": operator.gt, "uge": operator.ge,
    }  # fmt: skip
    if predicate in quick:
        test = quick[predicate]

        def unsigned(s: Slots) -> None:
            s[r] = int(test(s[a], s[b]))

        return unsigned
    flip = 1 << (bits - 1)  # with the sign bit flipped, signed order is unsigned order
    test = quick["u" + predicate[1:]]

    def signed(s: Slots) -> None:
        s[r] = int(test(s[a] ^ flip, s[b] ^ flip))

    return signed


@means("fcmp")
def _fcmp(stage: Stage, op: Operation) -> Step:
    a, b, r = _slots(stage, op)
    predicate, compare = op.attrs["predicate"], scalars.compare_floats

    def run(s: Slots) -> None:
        s[r] = int(compare(predicate, s[a], s[b]))

    return run


@means("select")
def _select(stage: Stage, op: Operation) -> Step:
    c, a, b = (stage.slot(v) for v in op.operands)
    r = stage.slot(op.result)

    def run(s: Slots) -> None:
        s[r] = s[a] if s[c] else s[b]

    return run


# -- casts ------------------------------------------------------------------------------------------------------------------


@means("trunc", "zext")
def _narrow(stage: Stage, op: Operation) -> Step:
    a, mask = stage.slot(op.operands[0]), (1 << width(op.result.type, stage)) - 1
    return stage.define(op, lambda s: s[a] & mask)


@means("sext")
def _sext(stage: Stage, op: Operation) -> Step:
    a, bits = stage.slot(op.operands[0]), width(op.operands[0].type, stage)
    mask = (1 << width(op.result.type, stage)) - 1
    return stage.define(op, lambda s: scalars.signed(s[a], bits) & mask)


@means("fptrunc", "fpext")
def _float_width(stage: Stage, op: Operation) -> Step:
    a = stage.slot(op.operands[0])
    return stage.define(op, (lambda s: scalars.round32(s[a])) if op.name == "fptrunc" else (lambda s: s[a]))


@means("fptosi", "fptoui")
def _to_integer(stage: Stage, op: Operation) -> Step:
    a, bits, is_signed = stage.slot(op.operands[0]), width(op.result.type, stage), op.name == "fptosi"
    return stage.define(op, lambda s: scalars.to_integer(s[a], bits, is_signed))


@means("sitofp", "uitofp")
def _to_float(stage: Stage, op: Operation) -> Step:
    a, bits, to = stage.slot(op.operands[0]), width(op.operands[0].type, stage), width(op.result.type, stage)
    is_signed = op.name == "sitofp"
    return stage.define(op, lambda s: scalars.from_integer(scalars.signed(s[a], bits) if is_signed else s[a], to))


@means("bitcast")
def _bitcast(stage: Stage, op: Operation) -> Step:
    a, before, after = stage.slot(op.operands[0]), op.operands[0].type, op.result.type
    if isinstance(before, FloatType) == isinstance(after, FloatType):
        return stage.define(op, lambda s: s[a])
    bits = (before if isinstance(before, FloatType) else after).bits  # type: ignore[attr-defined]
    floats, integers = ("<f", "<I") if bits == 32 else ("<d", "<Q")
    source, target = (floats, integers) if isinstance(before, FloatType) else (integers, floats)
    return stage.define(op, lambda s: struct.unpack(target, struct.pack(source, s[a]))[0])


__all__ = ["IntType", "width"]
