"""Constant indices and ranges that are outside of the dimension which they index.

    %slot = elem %array, %five       // %five is `const 5`, the array has 5 elements

The verifier asks with the lengths that the type of the sequence states; whoever knows more about the length of a slice asks
with that.

Invariant: of an operation whose operands are not as declared nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from altru_ir.literals import constant_integer
from altru_ir.module import Module
from altru_ir.types import ArrayType, PlaceType
from altru_ir.values import Operation, Value

LengthOf = Callable[[Value, int], int | None]
"""The length of a dimension of the sequence at a place; None when it is not known."""


def sequence_of(op: Operation) -> ArrayType | None:
    """The type of the sequence whose place is the first operand; None where a change has put something else there."""
    base = op.operands[0].type if op.operands else None
    return base.target if isinstance(base, PlaceType) and isinstance(base.target, ArrayType) else None


def stated_length(place: Value, axis: int) -> int | None:
    """The length that the type of the sequence states."""
    assert isinstance(place.type, PlaceType)
    sequence = place.type.target
    assert isinstance(sequence, ArrayType)
    return sequence.dimensions[axis]


def outside_indices(op: Operation, module: Module, length_of: LengthOf) -> Iterator[str]:
    """What is wrong with the indices of an ``elem``, for each dimension that one is outside of."""
    sequence = sequence_of(op)
    if sequence is None or len(op.operands) - 1 != len(sequence.dimensions):
        return  # an error of its own
    for axis, index in enumerate(op.operands[1:]):
        known = _unsigned(index, module)
        if known is not None:
            length = length_of(op.operands[0], axis)
            if length is not None and known >= length:
                yield f"index {known} is out of bounds for length {length}"


def outside_range(op: Operation, module: Module, length_of: LengthOf) -> Iterator[str]:
    """What is wrong with the range of a ``subrange``, if anything is."""
    if sequence_of(op) is None or len(op.operands) != 3:
        return  # an error of its own
    low, high = (_unsigned(value, module) for value in op.operands[1:])
    if low is not None and high is not None and low > high:
        yield f"the range {low}..{high} ends before it begins"
    elif low is not None or high is not None:
        length = length_of(op.operands[0], 0)
        if length is not None and max(low or 0, high or 0) > length:
            shown = f"{'' if low is None else low}..{'' if high is None else high}"
            yield f"the range {shown} is out of bounds for length {length}"


def _unsigned(value: Value, module: Module) -> int | None:
    known = constant_integer(value)
    return None if known is None else known % (1 << module.pointer_bits)
