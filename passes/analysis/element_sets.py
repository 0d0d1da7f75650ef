"""Element sets: which elements of a sequence a step of a path names, and when two of them have none in common.

    %n = dim %xs, 0
    %last = sub %n, %one
    %a = elem %xs, %last             %xs[len - 1]
    %b = elem %xs, %last_but_one     %xs[len - 2]      another one
    %c = subrange %xs, %two, %n      %xs[2..len]       without %xs[0], and maybe without the last

An index is a number from the beginning, ``FromEnd``, a number less than the length, or nothing known. Clauses, cited by number:
 1. two indices from the same side are apart when they differ; from different sides they may meet, for the length is not known,
    unless the one from the end has a least value that the other is below;
 2. a range is apart from what lies in front of its lower bound or behind its upper one, where bounds from the same side or a
    least value say so;
 3. an element of a range, and a range in a range, are elements of the whole: the one at ``len - 1`` of ``[low..]`` is the last
    one of the whole, and its index is at least ``low``;
 4. an index counts from the end only when the length that it is taken from is that of the very place it is used on: of the same
    SSA place, or of the same SSA pointer.

Invariant: two sets that are apart have no element in common in any run in which both are within bounds.
Source: ``place_projection_conflict`` of rustc (compiler/rustc_borrowck), which compares the patterns of slices so.
"""

from __future__ import annotations

import attrs

from altru_ir.literals import constant_integer
from altru_ir.types import ArrayType, PlaceType
from altru_ir.values import Operation, Value


@attrs.frozen
class FromEnd:
    """The index ``len - distance``, which is not below ``least``."""

    distance: int
    least: int = 0

    def __str__(self) -> str:
        return f"len - {self.distance}" if self.distance else "len"


Index = int | FromEnd | None
"""From the beginning, from the end, or not known."""


@attrs.frozen
class Elements:
    """The elements from ``low`` to before ``high`` of the outermost dimension."""

    low: Index
    high: Index

    def __str__(self) -> str:
        return f"{'' if self.low is None else self.low}..{'' if self.high is None else self.high}"


def element_at(op: Operation, bits: int) -> tuple[Index, ...]:
    """What an ``elem`` names; ``bits`` is the width of an index."""
    base = op.operands[0]
    return tuple(_index(index, base, bits) for index in op.operands[1:])


def elements_within(op: Operation, bits: int) -> Elements:
    """What a ``subrange`` names; ``bits`` is the width of an index."""
    base, low, high = op.operands
    return Elements(_index(low, base, bits), _index(high, base, bits))


def within(outer: Elements, index: Index) -> Index:
    """The index in the whole of what stands at ``index`` in a part of it (3)."""
    if isinstance(index, FromEnd):
        least = outer.low if isinstance(outer.low, int) else 0
        if isinstance(outer.high, FromEnd):
            return FromEnd(outer.high.distance + index.distance, max(least, outer.high.least - index.distance))
        return None if outer.high is None or index.distance > outer.high else outer.high - index.distance
    if index is None or outer.low is None:
        return None
    if isinstance(outer.low, int):
        return outer.low + index
    return None if index > outer.low.distance else FromEnd(outer.low.distance - index, outer.low.least + index)


def is_one(elements: object) -> bool:
    """Whether a set is one element at an index that is known from the beginning."""
    return isinstance(elements, tuple) and all(isinstance(index, int) for index in elements)


def apart(left: object, right: object) -> bool:
    """Whether two sets, as ``element_at`` and ``elements_within`` give them, have no element in common."""
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and any(_differ(a, b) for a, b in zip(left, right, strict=True))
    one, other = _range(left), _range(right)
    return _at_most(one.high, other.low) or _at_most(other.high, one.low)  # 2


def _range(elements: object) -> Elements:
    if isinstance(elements, Elements):
        return elements
    at = elements[0] if isinstance(elements, tuple) else None
    if isinstance(at, FromEnd):
        return Elements(at, FromEnd(at.distance - 1, at.least + 1) if at.distance else None)
    return Elements(at, None if at is None else at + 1)


def _differ(one: Index, other: Index) -> bool:
    """Clause 1."""
    if isinstance(one, FromEnd) and isinstance(other, FromEnd):
        return one.distance != other.distance
    if isinstance(one, int) and isinstance(other, int):
        return one != other
    return _below(one, other) or _below(other, one)


def _below(one: Index, other: Index) -> bool:
    return isinstance(one, int) and isinstance(other, FromEnd) and one < other.least


def _at_most(one: Index, other: Index) -> bool:
    if isinstance(one, FromEnd) and isinstance(other, FromEnd):
        return one.distance >= other.distance
    if isinstance(one, int) and isinstance(other, int):
        return one <= other
    return isinstance(one, int) and isinstance(other, FromEnd) and one <= other.least


def _index(value: Value, base: Value, bits: int) -> Index:
    known = constant_integer(value)
    if known is not None:
        return known % (1 << bits)
    if _is_length(value, base):
        return FromEnd(0)
    op = value.operation
    if op is None or op.name != "sub" or not _is_length(op.operands[0], base):
        return None
    less = constant_integer(op.operands[1])
    return None if less is None else FromEnd(less % (1 << bits))


def _is_length(value: Value, base: Value) -> bool:
    """Whether ``value`` is the length of the outermost dimension of what stands at ``base`` (4)."""
    op = value.operation
    if op is None or op.name not in ("dim", "slice.len"):
        return False
    if not isinstance(base.type, PlaceType) or not isinstance(base.type.target, ArrayType):
        return False
    measured = op.operands[0]
    pointer = _pointer(base)
    if op.name == "slice.len":
        return measured is pointer
    return op.attrs["axis"] == 0 and (measured is base or (pointer is not None and _pointer(measured) is pointer))


def _pointer(place: Value) -> Value | None:
    """The SSA pointer of which ``place`` is what it leads to."""
    op = place.operation
    if op is None or op.name != "deref" or op.operands[0].type.is_place:
        return None
    return op.operands[0]


__all__ = ["Elements", "FromEnd", "apart", "element_at", "elements_within", "is_one", "within"]
