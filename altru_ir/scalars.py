"""The meaning of scalar operations in Python: the twin that native code is compared with.

Values are Python integers in ``[0, 2**bits)`` and floats; an ``f32`` is a float that ``round32`` leaves alone. Written from
the reference text of each operation and sharing nothing with the back end.

Example: ``integer("sdiv", 8, 0xFF, 2) == 0`` (-1 / 2 toward zero).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from fractions import Fraction


class Panics(Exception):
    """The operation panics for these operands."""


def signed(value: int, bits: int) -> int:
    """The number that the bits mean as a two's complement."""
    return value - (1 << bits) if value >> (bits - 1) & 1 else value


def integer(name: str, bits: int, a: int, b: int = 0) -> int:
    """The result of an integer operation on ``bits`` bits. Raises ``Panics``."""
    mask = (1 << bits) - 1
    sa, sb = signed(a, bits), signed(b, bits)
    if name in ("shl.checked", "lshr.checked", "ashr.checked"):
        if b >= bits:
            raise Panics
        return _shift(name.partition(".")[0], bits, a, b) & mask
    if name.endswith(".checked"):
        exact = _exact(name[1:4], *((sa, sb) if name[0] == "s" else (a, b)))
        low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if name[0] == "s" else (0, mask)
        if not low <= exact <= high:
            raise Panics
        return exact & mask
    if name in ("add", "sub", "mul"):
        return _exact(name, a, b) & mask
    if name in ("and", "or", "xor"):
        return {"and": a & b, "or": a | b, "xor": a ^ b}[name]
    if name in ("shl", "lshr", "ashr", "rotl", "rotr"):
        return _shift(name, bits, a, b % bits) & mask
    if name in ("sdiv", "srem", "udiv", "urem"):
        return _divide(name, bits, a, b) & mask
    if name in ("smin", "smax", "umin", "umax"):
        pick = min if name.endswith("min") else max
        return pick(a, b) if name[0] == "u" else pick(sa, sb) & mask
    if name == "clz":
        return bits - a.bit_length()
    if name == "ctz":
        return bits if a == 0 else (a & -a).bit_length() - 1
    if name == "popcount":
        return a.bit_count()
    if name == "bswap":
        return int.from_bytes(a.to_bytes(bits // 8, "little"), "big") if bits > 8 else a
    raise KeyError(name)


def _exact(name: str, a: int, b: int) -> int:
    return {"add": a + b, "sub": a - b, "mul": a * b}[name]


def _shift(name: str, bits: int, a: int, by: int) -> int:
    if name == "shl":
        return a << by
    if name == "lshr":
        return a >> by
    if name == "ashr":
        return signed(a, bits) >> by
    if name == "rotl":
        return a << by | a >> (bits - by)
    return a >> by | a << (bits - by)


def _divide(name: str, bits: int, a: int, b: int) -> int:
    if b == 0:
        raise Panics
    if name[0] == "u":
        return a // b if name == "udiv" else a % b
    a, b = signed(a, bits), signed(b, bits)
    if a == -(1 << (bits - 1)) and b == -1:
        raise Panics
    quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    return quotient if name == "sdiv" else a - b * quotient


def compare(predicate: str, bits: int, a: int, b: int) -> bool:
    """``icmp``."""
    if predicate[0] == "s":
        a, b = signed(a, bits), signed(b, bits)
    kind = predicate if predicate in ("eq", "ne") else predicate[1:]
    return {"eq": a == b, "ne": a != b, "lt": a < b, "le": a <= b, "gt": a > b, "ge": a >= b}[kind]


def compare_floats(predicate: str, a: float, b: float) -> bool:
    """``fcmp``."""
    unordered = math.isnan(a) or math.isnan(b)
    if predicate in ("ord", "uno"):
        return unordered == (predicate == "uno")
    if unordered:
        return predicate[0] == "u"
    kind = predicate[1:]
    return {"eq": a == b, "ne": a != b, "lt": a < b, "le": a <= b, "gt": a > b, "ge": a >= b}[kind]


def round32(value: float) -> float:
    """The nearest ``f32``, as a float."""
    if math.isnan(value) or math.isinf(value):
        return value
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


def floating(name: str, bits: int, a: float, b: float = 0.0) -> float:
    """The result of a float operation; for ``f32`` rounded once more, which for these operations is exact."""
    result = _floating(name, a, b)
    return round32(result) if bits == 32 else result


def _floating(name: str, a: float, b: float) -> float:
    if name == "fadd":
        return a + b
    if name == "fsub":
        return a - b
    if name == "fmul":
        return a * b
    if name == "fdiv":
        if b == 0:
            if a == 0 or math.isnan(a):
                return math.nan
            return math.copysign(math.inf, math.copysign(1, a) * math.copysign(1, b))
        return a / b
    if name == "frem":
        if math.isnan(a) or math.isnan(b) or math.isinf(a) or b == 0:
            return math.nan
        return a if math.isinf(b) else math.fmod(a, b)
    if name == "fneg":
        return -a
    if name == "fabs":
        return math.fabs(a)
    if name == "fsqrt":
        return math.nan if a < 0 or math.isnan(a) else math.sqrt(a)
    if name == "copysign":
        return math.copysign(a, b)
    if name in ("fmin", "fmax"):
        if math.isnan(a) or math.isnan(b):
            return b if math.isnan(a) else a
        if a == b:
            negative = a if math.copysign(1, a) < 0 else b
            positive = b if math.copysign(1, a) < 0 else a
            return negative if name == "fmin" else positive
        return (min if name == "fmin" else max)(a, b)
    if math.isnan(a) or math.isinf(a) or a == 0:
        return a
    wholes: dict[str, Callable[[float], int]] = {
        "ffloor": math.floor, "fceil": math.ceil, "ftrunc": math.trunc, "fround": round,
    }  # fmt: skip
    return math.copysign(float(wholes[name](a)), a)


def to_integer(value: float, bits: int, is_signed: bool) -> int:
    """``fptosi`` and ``fptoui``: toward zero, saturating, NaN gives zero."""
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if is_signed else (0, (1 << bits) - 1)
    if math.isnan(value):
        return 0
    if math.isinf(value):
        return (high if value > 0 else low) & ((1 << bits) - 1)
    return min(max(math.trunc(value), low), high) & ((1 << bits) - 1)


def from_integer(value: int, bits: int) -> float:
    """``sitofp`` and ``uitofp``: the nearest float, ties to even, with one rounding."""
    if bits == 64:
        return float(value)
    size = abs(value)
    spare = max(0, size.bit_length() - 53)
    kept = size >> spare | int(size & ((1 << spare) - 1) != 0)  # 53 bits, the last one sticky: exact as a double
    return round32(math.copysign(math.ldexp(float(kept), spare), value))


def fused(bits: int, a: float, b: float, c: float) -> float:
    """``fma``: ``a * b + c`` with one rounding."""
    if not (math.isfinite(a) and math.isfinite(b) and math.isfinite(c)):
        if math.isfinite(a) and math.isfinite(b):
            return c
        return _floating("fadd", _floating("fmul", a, b), c)
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    if exact == 0:
        product = math.copysign(1, a) * math.copysign(1, b)
        both_negative = product < 0 and math.copysign(1, c) < 0
        return -0.0 if both_negative and (a == 0 or b == 0) else 0.0
    try:
        nearest = float(exact)
    except OverflowError:
        return math.copysign(math.inf, exact)
    if bits == 64:
        return nearest if nearest != 0 else math.copysign(0.0, exact)
    if Fraction(nearest) != exact and struct.unpack("<Q", struct.pack("<d", nearest))[0] & 1 == 0:
        nearest = math.nextafter(nearest, math.inf if exact > Fraction(nearest) else -math.inf)  # rounded to odd
    return round32(nearest)
