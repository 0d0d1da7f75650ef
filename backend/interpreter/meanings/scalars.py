"""Numbers: arithmetic, comparisons, casts, ``select`` and constants.

The numbers themselves are those of ``altru_ir.scalars``; what programs run most often is written out here once more, as short
as it can be, and tests/interpreter/test_scalars.py compares the two. In the texts ``flip`` is the sign bit alone: ``a ^ flip``
orders signed numbers as unsigned ones, and ``(a ^ flip) - flip`` is the signed number.
"""

from __future__ import annotations

import struct
from typing import Any

from altru_ir import scalars
from altru_ir.backend.interpreter.code import Slots, Stage, means
from altru_ir.backend.interpreter.faults import fault
from altru_ir.backend.interpreter.host import from_literal
from altru_ir.backend.interpreter.sources import Source
from altru_ir.runtime.panic_kinds import describe
from altru_ir.types import FloatType, PtrType, Type, UsizeType
from altru_ir.values import Operation


def width(type: Type, stage: Stage) -> int:
    """The bits of an integer or float."""
    return stage.module.pointer_bits if isinstance(type, (UsizeType, PtrType)) else type.bits  # type: ignore[attr-defined]


def _integers(text: str, stage: Stage, op: Operation, **names: Any) -> Source:
    """A text over integers of the operands' width."""
    bits = width(op.operands[0].type, stage)
    known = {"bits": bits, "mask": (1 << bits) - 1, "flip": 1 << (bits - 1), **names}
    return Source(text, **{name: known[name] for name in known if name in text})


@means("const")
def _const(stage: Stage, op: Operation) -> Source:
    return Source("r = value", value=from_literal(op.attrs["value"], op.result.type, stage.module))


BINARY = {
    "add": "r = a + b & mask",
    "sub": "r = a - b & mask",
    "mul": "r = a * b & mask",
    "and": "r = a & b",
    "or": "r = a | b",
    "xor": "r = a ^ b",
    "shl": "r = a << b % bits & mask",
    "lshr": "r = a >> b % bits",
    "ashr": "r = (a ^ flip) - flip >> b % bits & mask",
    "rotl": "by = b % bits\nr = (a << by | a >> bits - by) & mask",
    "rotr": "by = b % bits\nr = (a >> by | a << bits - by) & mask",
    "smin": "r = a if a ^ flip < b ^ flip else b",
    "smax": "r = b if a ^ flip < b ^ flip else a",
    "umin": "r = a if a < b else b",
    "umax": "r = b if a < b else a",
}
"""Operations without further rules."""


@means(*BINARY)
def _binary(stage: Stage, op: Operation) -> Source:
    return _integers(BINARY[op.name], stage, op)


SIGNED = "if not b or (a == flip and b == mask):\n    raise undefined(b)\nx = (a ^ flip) - flip\ny = (b ^ flip) - flip\n"
DIVISIONS = {
    "udiv": "if not b:\n    raise undefined(b)\nr = a // b",
    "urem": "if not b:\n    raise undefined(b)\nr = a % b",
    "sdiv": SIGNED + "q = abs(x) // abs(y)\nr = (q if (x < 0) == (y < 0) else -q) & mask",
    "srem": SIGNED + "q = abs(x) % abs(y)\nr = (q if x >= 0 else -q) & mask",
}


@means(*DIVISIONS)
def _division(stage: Stage, op: Operation) -> Source:
    """Undefined where the divisor is zero or the quotient does not fit: the check before it stops that."""

    def undefined(divisor: int) -> Exception:
        return fault("ALT-C005", "the quotient of the division does not fit" if divisor else "division by zero", op)

    return _integers(DIVISIONS[op.name], stage, op, undefined=undefined)


CHECKED = {
    "uadd.checked": "r = a + b\nif r > mask:\n    raise overflow(s)",
    "usub.checked": "r = a - b\nif r < 0:\n    raise overflow(s)",
    "umul.checked": "r = a * b\nif r > mask:\n    raise overflow(s)",
    **{
        f"s{name}.checked": (
            f"x = ((a ^ flip) - flip) {sign} ((b ^ flip) - flip)\n"
            "if not -flip <= x < flip:\n    raise overflow(s)\nr = x & mask"
        )
        for name, sign in (("add", "+"), ("sub", "-"), ("mul", "*"))
    },
}


@means(*CHECKED)
def _checked(stage: Stage, op: Operation) -> Source:
    machine, message = stage.machine, describe(op.name.partition(".")[0])
    return _integers(CHECKED[op.name], stage, op, overflow=lambda s: machine.panic(s[0].thread, message, op))


SHIFTS = {
    f"{name}.checked": f"if b >= bits:\n    raise beyond(s, b)\nr = {text}"
    for name, text in (("shl", "a << b & mask"), ("lshr", "a >> b"), ("ashr", "(a ^ flip) - flip >> b & mask"))
}


@means(*SHIFTS)
def _checked_shift(stage: Stage, op: Operation) -> Source:
    machine, bits = stage.machine, width(op.result.type, stage)

    def beyond(s: Slots, amount: int) -> Exception:
        return machine.panic(s[0].thread, describe("shift", amount, bits), op)

    return _integers(SHIFTS[op.name], stage, op, beyond=beyond)


@means("clz", "ctz", "popcount", "bswap")
def _unary(stage: Stage, op: Operation) -> Source:
    return _integers("r = integer(name, bits, a)", stage, op, name=op.name, integer=scalars.integer)


@means("fadd", "fsub", "fmul", "fdiv", "frem", "fmin", "fmax", "copysign")
def _float_binary(stage: Stage, op: Operation) -> Source:
    bits = width(op.result.type, stage)
    sign = {"fadd": "+", "fsub": "-", "fmul": "*"}.get(op.name)
    if sign is not None:
        return Source(f"r = a {sign} b") if bits == 64 else Source(f"r = round32(a {sign} b)", round32=scalars.round32)
    return Source("r = floating(name, bits, a, b)", name=op.name, bits=bits, floating=scalars.floating)


@means("fneg", "fabs", "fsqrt", "ffloor", "fceil", "ftrunc", "fround")
def _float_unary(stage: Stage, op: Operation) -> Source:
    return Source("r = floating(name, bits, a)", name=op.name, bits=width(op.result.type, stage), floating=scalars.floating)


@means("fma")
def _fma(stage: Stage, op: Operation) -> Source:
    return Source("r = fused(bits, a, b, c)", bits=width(op.result.type, stage), fused=scalars.fused)


COMPARISONS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


@means("icmp")
def _icmp(stage: Stage, op: Operation) -> Source:
    predicate = op.attrs["predicate"]
    sign = COMPARISONS[predicate if predicate in COMPARISONS else predicate[1:]]
    if isinstance(op.operands[0].type, PtrType):
        a, b = "a.address", "b.address"
    else:
        a, b = "a", "b"
    if predicate[0] == "s":
        a, b = f"{a} ^ flip", f"{b} ^ flip"
    return _integers(f"r = 1 if {a} {sign} {b} else 0", stage, op)


@means("fcmp")
def _fcmp(stage: Stage, op: Operation) -> Source:
    return Source("r = int(compare(predicate, a, b))", predicate=op.attrs["predicate"], compare=scalars.compare_floats)


@means("select")
def _select(stage: Stage, op: Operation) -> Source:
    return Source("r = b if a else c")


# -- casts ------------------------------------------------------------------------------------------------------------------


@means("trunc", "zext")
def _narrow(stage: Stage, op: Operation) -> Source:
    return Source("r = a & to", to=(1 << width(op.result.type, stage)) - 1)


@means("sext")
def _sext(stage: Stage, op: Operation) -> Source:
    return _integers("r = (a ^ flip) - flip & to", stage, op, to=(1 << width(op.result.type, stage)) - 1)


@means("fptrunc", "fpext")
def _float_width(stage: Stage, op: Operation) -> Source:
    return Source("r = round32(a)", round32=scalars.round32) if op.name == "fptrunc" else Source("r = a")


@means("fptosi", "fptoui")
def _to_integer(stage: Stage, op: Operation) -> Source:
    bits, is_signed = width(op.result.type, stage), op.name == "fptosi"
    return Source("r = to_integer(a, bits, is_signed)", bits=bits, is_signed=is_signed, to_integer=scalars.to_integer)


@means("sitofp", "uitofp")
def _to_float(stage: Stage, op: Operation) -> Source:
    number = "(a ^ flip) - flip" if op.name == "sitofp" else "a"
    to = width(op.result.type, stage)
    return _integers(f"r = from_integer({number}, to)", stage, op, to=to, from_integer=scalars.from_integer)


@means("bitcast")
def _bitcast(stage: Stage, op: Operation) -> Source:
    before, after = op.operands[0].type, op.result.type
    if isinstance(before, FloatType) == isinstance(after, FloatType):
        return Source("r = a")
    bits = (before if isinstance(before, FloatType) else after).bits  # type: ignore[attr-defined]
    floats, integers = ("<f", "<I") if bits == 32 else ("<d", "<Q")
    source, target = (floats, integers) if isinstance(before, FloatType) else (integers, floats)
    return Source("r = unpack(pack(a))[0]", pack=struct.Struct(source).pack, unpack=struct.Struct(target).unpack)
