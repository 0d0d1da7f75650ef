"""Intervals of integers of a fixed width, as unsigned and as signed numbers at once.

A ``Range`` says of a number that its unsigned value is within ``low..high`` and its signed value within ``least..most``; each
half sharpens the other where it can. Arithmetic wraps: a sum whose exact value leaves the width on one side alone comes back
by a multiple of 2**bits, one that leaves it only sometimes may be anything in that half.

    Range(8, 0, 9, 0, 9) + 1                     0..9 becomes 1..10
    unsigned(8, 250, 255) + 10                   wraps for all: 4..9
    unsigned(8, 120, 130), as signed             -128..127, for it is both 120..127 and -128..-126

``operate`` knows the operations of ``ops/arith`` by name, ``refined`` what a comparison says of its first operand. The empty
set is None: no number gets there.

Invariant: a result holds every number that the operation gives for operands within the given ranges (where it panics or is
undefined it gives none); tests compare with all numbers of small widths. References: Cousot and Cousot, Abstract
Interpretation, POPL 1977; Navas, Schachte, Sondergaard, Stuckey, Signedness-Agnostic Program Analysis, APLAS 2012.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from altru_ir import scalars


class Range(NamedTuple):
    """The numbers of ``bits`` bits that are within ``low..high`` as unsigned and within ``least..most`` as signed numbers."""

    bits: int
    low: int
    high: int
    least: int
    most: int

    def __contains__(self, number: object) -> bool:
        """Whether an unsigned number is in the range."""
        if not isinstance(number, int):
            return False
        return self.low <= number <= self.high and self.least <= scalars.signed(number, self.bits) <= self.most

    @property
    def constant(self) -> int | None:
        """The one unsigned number of the range; None when it has more."""
        return self.low if self.low == self.high else None

    @property
    def full(self) -> bool:
        """Whether it holds every number."""
        return self.high - self.low == (1 << self.bits) - 1 and self.most - self.least == (1 << self.bits) - 1

    def __str__(self) -> str:
        if self.full:
            return "any"
        if self.low == self.high:
            return str(self.least if self.bits > 1 else self.low)
        parts = []
        if self.high - self.low < (1 << self.bits) - 1:
            parts.append(f"{self.low}..{self.high}")
        signed = f"{self.least}..{self.most}"
        if self.most - self.least < (1 << self.bits) - 1 and signed not in parts:
            parts.append(f"signed {signed}")
        return ", ".join(parts)


def make(bits: int, low: int, high: int, least: int, most: int) -> Range | None:
    """The range of both halves, each sharpened by the other; None when nothing is in both."""
    full = 1 << bits
    half = full >> 1
    low, high, least, most = max(low, 0), min(high, full - 1), max(least, -half), min(most, half - 1)
    if high - low == full - 1 == most - least:
        return everything(bits)
    for _ in range(2):
        if low > high or least > most:
            return None
        # The unsigned numbers are those from 0 to `most` and those from `full + least` on.
        if least >= 0 or low > most:
            low = max(low, least if least >= 0 else full + least)
        if most < 0 or high < full + least:
            high = min(high, full + most if most < 0 else most)
        # The signed numbers are those from `low - full` (if low is beyond the middle) and those up to `high`.
        if low >= half or least > high:
            least = max(least, low - full if low >= half else low)
        elif high < half:
            least = max(least, low)
        if high < half or most < low - full:
            most = min(most, high if high < half else high - full)
        elif low >= half:
            most = min(most, high - full)
    return Range(bits, low, high, least, most) if low <= high and least <= most else None


@cache
def everything(bits: int) -> Range:
    """All numbers of a width."""
    half = 1 << bits >> 1
    return Range(bits, 0, (1 << bits) - 1, -half, half - 1)


def constant(bits: int, number: int) -> Range:
    """One number, taken modulo 2**bits."""
    number %= 1 << bits
    signed = scalars.signed(number, bits)
    return Range(bits, number, number, signed, signed)


def unsigned(bits: int, low: int, high: int) -> Range | None:
    """The numbers within ``low..high`` as unsigned ones."""
    half = 1 << bits >> 1
    return make(bits, low, high, -half, half - 1)


def signed(bits: int, least: int, most: int) -> Range | None:
    """The numbers within ``least..most`` as signed ones."""
    return make(bits, 0, (1 << bits) - 1, least, most)


def join(a: Range | None, b: Range | None) -> Range | None:
    """The smallest range with the numbers of both."""
    if a is None or b is None or a is b:
        return b if a is None else a
    return make(a.bits, min(a.low, b.low), max(a.high, b.high), min(a.least, b.least), max(a.most, b.most))


def meet(a: Range | None, b: Range | None) -> Range | None:
    """The numbers in both."""
    if a is None or b is None:
        return None
    return make(a.bits, max(a.low, b.low), min(a.high, b.high), max(a.least, b.least), min(a.most, b.most))


def widen(old: Range | None, new: Range | None) -> Range | None:
    """A range with the numbers of both, where each end that has grown is as far out as it can be."""
    if old is None or new is None:
        return join(old, new)
    half = 1 << old.bits >> 1
    return make(
        old.bits, old.low if new.low >= old.low else 0, old.high if new.high <= old.high else 2 * half - 1,
        old.least if new.least >= old.least else -half, old.most if new.most <= old.most else half - 1,
    )  # fmt: skip


# -- operations --------------------------------------------------------------------------------------------------------------


def operate(name: str, a: Range, b: Range | None = None) -> Range | None:
    """What the integer operation ``name`` gives; all numbers of the width for one that is not known here."""
    if a.low == a.high and (b is None or b.low == b.high):
        try:
            return constant(a.bits, scalars.integer(name, a.bits, a.low, 0 if b is None else b.low))
        except (scalars.Panics, KeyError):
            return None if name in OPERATIONS else everything(a.bits)
    known = OPERATIONS.get(name)
    return everything(a.bits) if known is None else known(a, a if b is None else b)


def _wrapped(bits: int, low: int, high: int, least: int, most: int) -> Range | None:
    """Exact results, computed once from the unsigned and once from the signed operands, brought back into the width."""
    full = 1 << bits
    half = full >> 1
    if high - low >= full and most - least >= full:
        return everything(bits)
    if low // full == high // full:
        low, high = low % full, high % full
    else:
        low, high = 0, full - 1
    if (least + half) // full == (most + half) // full:
        moved = (least + half) // full * full
        least, most = least - moved, most - moved
    else:
        least, most = -half, half - 1
    return make(bits, low, high, least, most)


def _corners(a: Range, b: Range, of: Callable[[int, int], int]) -> tuple[int, int, int, int]:
    by_unsigned = [of(x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
    by_signed = [of(x, y) for x in (a.least, a.most) for y in (b.least, b.most)]
    return min(by_unsigned), max(by_unsigned), min(by_signed), max(by_signed)


def _add(a: Range, b: Range) -> Range | None:
    return _wrapped(a.bits, a.low + b.low, a.high + b.high, a.least + b.least, a.most + b.most)


def _sub(a: Range, b: Range) -> Range | None:
    return _wrapped(a.bits, a.low - b.high, a.high - b.low, a.least - b.most, a.most - b.least)


def _mul(a: Range, b: Range) -> Range | None:
    return _wrapped(a.bits, *_corners(a, b, lambda x, y: x * y))


def _checked(of: Callable[[int, int], int], sign: bool) -> Callable[[Range, Range], Range | None]:
    def checked(a: Range, b: Range) -> Range | None:
        low, high, least, most = _corners(a, b, of)
        return signed(a.bits, least, most) if sign else unsigned(a.bits, low, high)

    return checked


def _and(a: Range, b: Range) -> Range | None:
    least = -(1 << a.bits >> 1) if a.least < 0 and b.least < 0 else 0
    return make(a.bits, 0, min(a.high, b.high), least, max(a.most, b.most))


def _or(a: Range, b: Range) -> Range | None:
    high = (1 << max(a.high.bit_length(), b.high.bit_length())) - 1
    return unsigned(a.bits, max(a.low, b.low), high)


def _xor(a: Range, b: Range) -> Range | None:
    return unsigned(a.bits, 0, (1 << max(a.high.bit_length(), b.high.bit_length())) - 1)


def _amounts(b: Range) -> tuple[int, int]:
    """The least and the largest amount of a shift, which is taken modulo the width."""
    if b.low // b.bits == b.high // b.bits:
        return b.low % b.bits, b.high % b.bits
    return 0, b.bits - 1


def _shl(a: Range, b: Range) -> Range | None:
    least, most = _amounts(b)
    return _wrapped(
        a.bits, a.low << least, a.high << most, min(a.least << least, a.least << most), max(a.most << least, a.most << most)
    )


def _lshr(a: Range, b: Range) -> Range | None:
    least, most = _amounts(b)
    return unsigned(a.bits, a.low >> most, a.high >> least)


def _ashr(a: Range, b: Range) -> Range | None:
    least, most = _amounts(b)
    return signed(a.bits, min(a.least >> least, a.least >> most), max(a.most >> least, a.most >> most))


def _udiv(a: Range, b: Range) -> Range | None:
    return None if b.high == 0 else unsigned(a.bits, a.low // b.high, a.high // max(b.low, 1))


def _urem(a: Range, b: Range) -> Range | None:
    if b.high == 0:
        return None
    return unsigned(a.bits, a.low if a.high < b.low else 0, min(a.high, b.high - 1))


def _sdiv(a: Range, b: Range) -> Range | None:
    ends = [y for y in (b.least, -1, 1, b.most) if b.least <= y <= b.most and y != 0]
    found = [(abs(x) // abs(y)) * (1 if (x < 0) == (y < 0) else -1) for x in (a.least, a.most) for y in ends]
    return signed(a.bits, min(found), max(found)) if found else None  # MIN / -1, which is undefined, falls off the end


def _srem(a: Range, b: Range) -> Range | None:
    largest = max(abs(b.least), abs(b.most)) - 1
    if largest < 0:
        return None
    return signed(a.bits, max(min(a.least, 0), -largest), min(max(a.most, 0), largest))


def _clz(a: Range, _: Range) -> Range | None:
    return unsigned(a.bits, a.bits - a.high.bit_length(), a.bits - a.low.bit_length())


def _ctz(a: Range, _: Range) -> Range | None:
    return unsigned(a.bits, 0, a.bits if a.low == 0 else a.high.bit_length() - 1)


def _popcount(a: Range, _: Range) -> Range | None:
    return unsigned(a.bits, 1 if a.low else 0, a.high.bit_length())


OPERATIONS: dict[str, Callable[[Range, Range], Range | None]] = {
    "add": _add, "sub": _sub, "mul": _mul, "and": _and, "or": _or, "xor": _xor, "shl": _shl, "lshr": _lshr, "ashr": _ashr,
    "udiv": _udiv, "urem": _urem, "sdiv": _sdiv, "srem": _srem, "clz": _clz, "ctz": _ctz, "popcount": _popcount,
    "umin": lambda a, b: unsigned(a.bits, min(a.low, b.low), min(a.high, b.high)),
    "umax": lambda a, b: unsigned(a.bits, max(a.low, b.low), max(a.high, b.high)),
    "smin": lambda a, b: signed(a.bits, min(a.least, b.least), min(a.most, b.most)),
    "smax": lambda a, b: signed(a.bits, max(a.least, b.least), max(a.most, b.most)),
    **{f"{'s' if sign else 'u'}{name}.checked": _checked(of, sign)
       for sign in (True, False)
       for name, of in (("add", int.__add__), ("mul", int.__mul__))},
    "shl.checked": _shl, "lshr.checked": _lshr, "ashr.checked": _ashr,
    "ssub.checked": lambda a, b: signed(a.bits, a.least - b.most, a.most - b.least),
    "usub.checked": lambda a, b: unsigned(a.bits, a.low - b.high, a.high - b.low),
}  # fmt: skip


def extended(a: Range, bits: int, sign: bool) -> Range | None:
    """``a`` in a wider type, or one of the same width."""
    return signed(bits, a.least, a.most) if sign else unsigned(bits, a.low, a.high)


def truncated(a: Range, bits: int) -> Range | None:
    """The low ``bits`` bits of ``a``."""
    return _wrapped(bits, a.low, a.high, a.least, a.most)


# -- comparisons -------------------------------------------------------------------------------------------------------------

OPPOSITE = {
    "eq": "ne", "ne": "eq", "ult": "uge", "uge": "ult", "ule": "ugt", "ugt": "ule",
    "slt": "sge", "sge": "slt", "sle": "sgt", "sgt": "sle",
}  # fmt: skip
"""What holds where a predicate does not."""

SWAPPED = {
    "eq": "eq", "ne": "ne", "ult": "ugt", "ugt": "ult", "ule": "uge", "uge": "ule",
    "slt": "sgt", "sgt": "slt", "sle": "sge", "sge": "sle",
}  # fmt: skip
"""What holds of the operands in the other order."""


def refined(a: Range | None, predicate: str, b: Range | None) -> Range | None:
    """The numbers of ``a`` of which ``predicate`` holds with some number of ``b``."""
    if a is None or b is None:
        return None
    bits, low, high, least, most = a
    if predicate == "eq":
        return meet(a, b)
    if predicate == "ne":
        if b.low == b.high:
            low, high = low + (low == b.low), high - (high == b.low)
            least, most = least + (least == b.least), most - (most == b.least)
    elif predicate == "ult":
        high = min(high, b.high - 1)
    elif predicate == "ule":
        high = min(high, b.high)
    elif predicate == "ugt":
        low = max(low, b.low + 1)
    elif predicate == "uge":
        low = max(low, b.low)
    elif predicate == "slt":
        most = min(most, b.most - 1)
    elif predicate == "sle":
        most = min(most, b.most)
    elif predicate == "sgt":
        least = max(least, b.least + 1)
    elif predicate == "sge":
        least = max(least, b.least)
    return make(bits, low, high, least, most)


def compared(predicate: str, a: Range, b: Range) -> Range | None:
    """What ``icmp`` gives."""
    yes, no = refined(a, predicate, b), refined(a, OPPOSITE[predicate], b)
    if yes is None and no is None:
        return None
    return unsigned(1, 1 if no is None else 0, 0 if yes is None else 1)
