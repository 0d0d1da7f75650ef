"""What an operation says of its result, as linear facts about numbers: the table behind ``inequalities``.

    %k = umin %n, %m         // u(k) <= u(n), u(k) <= u(m)
    %q = udiv %n, %four      // 4 u(q) <= u(n) <= 4 u(q) + 3
    %j = add %i, %one        // modulo 2^w: u(i) + u(one), if that does not wrap

A number is a value in a reading: ``"u"`` unsigned (a pointer's address), ``"s"`` signed, or the number of a dimension of the
sequence that a pointer leads to. Three kinds of facts, each a sum of (coefficient, value, reading) and a constant:

 1. ``same``: the one number, or the constant, that a number is without any condition: a length of the slice it was taken from;
 2. ``stated``: sums that are never negative (or, if exact, zero);
 3. ``wrapping``: what a number is modulo 2^w, so what it is when that is within its bounds.

passes/proofs/certificates.py says which of these a checker knows (clauses 6d, 6e and 7): nothing is stated here that is not
there. Invariant: each holds of the numbers of every run in which the operation gave its result.

Reference: the intervals and congruences of Granger and of Cousot as single facts; Warren, Hacker's Delight, chapter 4.
"""

from __future__ import annotations

from typing import NamedTuple

from altru_ir.literals import constant_integer
from altru_ir.module import Module
from altru_ir.scalars import signed
from altru_ir.types import ArrayType, IntType, OwnType, PlaceType, RefType, Type
from altru_ir.values import Operation, Value

Reading = str | int
Number = tuple[Value, Reading]
Part = tuple[int, Value, Reading]


class Stated(NamedTuple):
    """``sum(parts) + constant >= 0``, or ``== 0`` if ``exact``. With ``given`` it holds if that sum is not negative."""

    parts: tuple[Part, ...]
    constant: int = 0
    exact: bool = False
    given: tuple[Part, ...] = ()


class Wrapping(NamedTuple):
    """A number is ``sum(parts) + constant``, if that is among those of its reading. ``readings`` are those of the operands;
    ``factors``, if there are any, are two numbers whose product it is instead."""

    parts: tuple[Part, ...]
    constant: int
    readings: tuple[str, ...]
    factors: tuple[Number, ...] = ()


def width(type: Type, module: Module) -> int:
    """The bits of an integer or a pointer."""
    return type.bits if isinstance(type, IntType) else module.pointer_bits


def _constant(value: Value, module: Module) -> int | None:
    number = constant_integer(value)
    return None if number is None else number % (1 << width(value.type, module))


# -- 1 -----------------------------------------------------------------------------------------------------------------------

POINTERS = frozenset({"assume_init", "ref.to_ptr", "own.into_ptr", "own.from_ptr"})
"""Operations whose result leads to what their operand leads to."""
ADDRESSES = frozenset({"ptr.cast", "ptr.addr", "ref.to_ptr", "own.into_ptr"})
"""Operations whose result has the address of their operand."""


def same(value: Value, reading: Reading, module: Module) -> Number | int | None:
    """Rule 1: what a number is the same as; None when it stands for itself."""
    op = value.operation
    if op is None:
        return None
    name = op.decl.name
    if isinstance(reading, int):
        if name == "borrow":
            return length_of(op.operands[0], reading)
        if name == "unsize":
            sequence = op.operands[0].type.pointee
            known = sequence.dimensions[reading] if isinstance(sequence, ArrayType) else None
            return known
        if name in POINTERS:
            return op.operands[0], reading
        return _made_with(op, reading)
    if name == "const":
        number = constant_integer(value)
        if number is None:
            return None
        bits = width(value.type, module)
        number %= 1 << bits
        return number if reading == "u" else signed(number, bits)
    if reading == "s":
        return (op.operands[0], "s") if name == "sext" else None
    if name in ("zext", "bitcast"):
        return (op.operands[0], "u") if op.operands[0].type.is_integer else None
    if name == "slice.len":
        return op.operands[0], 0
    if name == "dim":
        return length_of(op.operands[0], op.attrs["axis"])
    if name in ADDRESSES:
        return op.operands[0], "u"
    return 0 if name == "null" else None


def _made_with(op: Operation, axis: int) -> Number | None:
    """The operand that gave the sequence, which ``op`` made, the length of a dimension."""
    name = op.decl.name
    if name == "slice.from_raw":
        return op.operands[1 + axis], "u"
    if name == "stack.alloc":
        return (op.operands[0], "u") if axis == 0 else None
    if name in ("new.array", "arena.alloc_array"):
        bound = op.decl.bind(op)
        return (bound["length"][0] if axis == 0 else bound["rest"][axis - 1]), "u"
    return None


def length_of(place: Value, axis: int) -> Number | int | None:
    """The length of a dimension of the sequence at ``place``; None when it is not known or depends on a range."""
    while True:
        sequence = place.type.target if isinstance(place.type, PlaceType) else None
        known = sequence.dimensions[axis] if isinstance(sequence, ArrayType) else None
        if known is not None:
            return known
        op = place.operation
        if op is None or not op.operands:
            return None
        base = op.operands[0]
        if op.decl.name == "deref":
            return None if base.type.is_place else (base, axis)
        if op.decl.name == "assume_init" or (op.decl.name == "subrange" and axis > 0):
            place = base
        else:
            return None


def range_of(place: Value) -> tuple[Value, Value] | None:
    """The bounds of the range that ``place`` is: its length is their difference, if that is not negative."""
    op = place.operation
    while op is not None and op.decl.name == "assume_init":
        op = op.operands[0].operation
    return (op.operands[1], op.operands[2]) if op is not None and op.decl.name == "subrange" else None


# -- 2 -----------------------------------------------------------------------------------------------------------------------


def stated(op: Operation, module: Module) -> list[Stated]:
    """Rule 2: what is known of the result of ``op`` beside what it is the same as."""
    name = op.decl.name
    known = _STATED.get(name)
    if known is not None:
        return known(op, module)
    if name in _LENGTHS:
        place = op.operands[0]
        ends = range_of(place)
        if ends is not None and length_of(place, 0) is None and (name == "borrow" or op.attrs["axis"] == 0):
            low, high = ends
            reading: Reading = 0 if name == "borrow" else "u"
            span: tuple[Part, ...] = ((1, high, "u"), (-1, low, "u"))
            return [Stated(((-1, op.result, reading), *span), 0, True, span)]
    return []


_LENGTHS = frozenset({"dim", "borrow"})


def _below(op: Operation, *limits: Value, reading: str = "u", sign: int = 1) -> list[Stated]:
    return [Stated(((sign, limit, reading), (-sign, op.result, reading))) for limit in limits]


def _and(op: Operation, module: Module) -> list[Stated]:
    return _below(op, *op.operands)


def _or(op: Operation, module: Module) -> list[Stated]:
    return [*_below(op, *op.operands, sign=-1), *_at_most_the_sum(op, module)]


def _at_most_the_sum(op: Operation, module: Module) -> list[Stated]:
    a, b = op.operands
    return [Stated(((1, a, "u"), (1, b, "u"), (-1, op.result, "u")))]


def _scaled(op: Operation, factor: int, reading: str) -> list[Stated]:
    """factor * r <= a <= factor * r + factor - 1"""
    a, r = op.operands[0], op.result
    return [
        Stated(((1, a, reading), (-factor, r, reading))),
        Stated(((factor, r, reading), (-1, a, reading)), factor - 1),
    ]


def _udiv(op: Operation, module: Module) -> list[Stated]:
    k = _constant(op.operands[1], module)
    return _scaled(op, k, "u") if k else _below(op, op.operands[0])


def _urem(op: Operation, module: Module) -> list[Stated]:
    a, b = op.operands
    return [Stated(((1, b, "u"), (-1, op.result, "u")), -1), *_below(op, a)]


def _lshr(op: Operation, module: Module) -> list[Stated]:
    k = _constant(op.operands[1], module)
    return _below(op, op.operands[0]) if k is None else _scaled(op, 1 << k % width(op.result.type, module), "u")


def _ashr(op: Operation, module: Module) -> list[Stated]:
    k = _constant(op.operands[1], module)
    return [] if k is None else _scaled(op, 1 << k % width(op.result.type, module), "s")


def _srem(op: Operation, module: Module) -> list[Stated]:
    a, b = op.operands
    r = op.result
    found = [
        Stated(((1, r, "s"),), 0, False, ((1, a, "s"),)),
        Stated(((1, a, "s"), (-1, r, "s")), 0, False, ((1, a, "s"),)),
    ]
    k = _constant(b, module)
    if k:
        most = abs(signed(k, width(b.type, module))) - 1
        found += [Stated(((-1, r, "s"),), most), Stated(((1, r, "s"),), most)]
    return found


def _sdiv(op: Operation, module: Module) -> list[Stated]:
    a, r = op.operands[0], op.result
    k = _constant(op.operands[1], module)
    k = 0 if k is None else signed(k, width(a.type, module))
    if k <= 0:
        return []
    given: tuple[Part, ...] = ((1, a, "s"),)
    return [
        Stated(((1, r, "s"),), 0, False, given),
        Stated(((1, a, "s"), (-k, r, "s")), 0, False, given),
        Stated(((k, r, "s"), (-1, a, "s")), k - 1),
        Stated(((1, a, "s"), (-k, r, "s")), k - 1),
    ]


def _cast(op: Operation, module: Module) -> list[Stated]:
    """As a signed number it is no more than as an unsigned one."""
    a, r = op.operands[0], op.result
    return [Stated(((1, a, "u"), (-1, r, "s")))] if a.type.is_integer and r.type.is_integer else []


def _count(op: Operation, module: Module) -> list[Stated]:
    return [Stated(((-1, op.result, "u"),), width(op.result.type, module))]


def _sum(op: Operation, module: Module) -> list[Stated]:
    a, b = op.operands
    reading = op.decl.name[0]
    sign = -1 if op.decl.name[1:4] == "sub" else 1
    return [Stated(((1, a, reading), (sign, b, reading), (-1, op.result, reading)), 0, True)]


def _even(op: Operation, module: Module) -> list[Stated]:
    """A multiple of a power of two is at most the largest one of the width."""
    bits = width(op.result.type, module)
    known = [k for k in (_constant(operand, module) for operand in op.operands[op.decl.name == "shl" :]) if k]
    factor = max((1 << k % bits if op.decl.name == "shl" else k & -k for k in known), default=1)
    return [Stated(((-1, op.result, "u"),), (1 << bits) - factor)] if factor > 1 else []


def _slice_ptr(op: Operation, module: Module) -> list[Stated]:
    return [Stated(((1, op.result, "u"),), -1)] if isinstance(op.operands[0].type, (RefType, OwnType)) else []


_STATED = {
    "and": _and, "or": _or, "xor": _at_most_the_sum, "udiv": _udiv, "urem": _urem, "lshr": _lshr, "ashr": _ashr,
    "srem": _srem, "sdiv": _sdiv, "clz": _count, "ctz": _count, "popcount": _count, "mul": _even, "shl": _even,
    "slice.ptr": _slice_ptr, "bitcast": _cast,
    "trunc": lambda op, module: _below(op, op.operands[0]),
    "umin": lambda op, module: _below(op, *op.operands),
    "umax": lambda op, module: _below(op, *op.operands, sign=-1),
    "smin": lambda op, module: _below(op, *op.operands, reading="s"),
    "smax": lambda op, module: _below(op, *op.operands, reading="s", sign=-1),
    **{f"{sign}{verb}.checked": _sum for sign in "us" for verb in ("add", "sub")},
}  # fmt: skip


# -- 3 -----------------------------------------------------------------------------------------------------------------------


def wrapping(value: Value, reading: Reading, module: Module) -> list[Wrapping]:
    """Rule 3: what a number is if it does not wrap, the likelier one first."""
    op = value.operation
    if op is None or isinstance(reading, int) or not value.type.is_integer:
        return []
    name = op.decl.name
    bits = width(value.type, module)
    if name == "trunc":
        return [Wrapping(((1, op.operands[0], reading),), 0, (reading,))]
    if name == "zext":
        return [Wrapping(((1, op.operands[0], "u"),), 0, ("u",))]
    if name == "sext":
        return [Wrapping(((1, op.operands[0], "s"),), 0, ("s",))]
    if name not in ("add", "sub", "mul", "shl"):
        return []
    a, b = op.operands
    k = _constant(b, module)
    if name == "shl":
        return [] if k is None else [Wrapping(((1 << k % bits, a, reading),), 0, (reading,))]
    if name == "mul":
        if k is None and (known := _constant(a, module)) is not None:
            return [_multiple(known, b, reading, bits, first=True)]
        if k is not None:
            return [_multiple(k, a, reading, bits, first=False)]
        return [Wrapping((), 0, (reading, reading), ((a, reading), (b, reading)))]
    sign = 1 if name == "add" else -1
    small = "s" if k is not None and k >= 1 << bits >> 1 else reading
    other = "s" if name == "add" and (m := _constant(a, module)) is not None and m >= 1 << bits >> 1 else reading
    return [Wrapping(((1, a, other), (sign, b, small)), 0, (other, small))]


def _multiple(k: int, value: Value, reading: str, bits: int, first: bool) -> Wrapping:
    small = "s" if k >= 1 << bits >> 1 else reading
    factor = signed(k, bits) if small == "s" else k
    return Wrapping(((factor, value, reading),), 0, (small, reading) if first else (reading, small))
