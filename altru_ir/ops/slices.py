"""Slices: references whose pointee has dimensions that the pointer carries.

``ref<[? x T]>`` is ``{pointer, length}``; ``ref<[? x ? x T]>`` a row-major matrix view with two lengths.
"""

from __future__ import annotations

from collections.abc import Iterator

from altru_ir.constant_indices import outside_range, stated_length
from altru_ir.declare import (
    ANY,
    NEEDS_UNSAFE,
    PATH,
    PROJECTION,
    PURE,
    RAW,
    READ,
    REMOVABLE,
    SEQUENCE_PLACE,
    USIZE,
    Constraint,
    Literal,
    Operand,
    Result,
    operation,
)
from altru_ir.marks import contains_gc, sends, shares
from altru_ir.module import Module
from altru_ir.types import ERROR, ArrayType, DynType, PlaceType, PtrType, RefType, Type
from altru_ir.types import USIZE as USIZE_TYPE
from altru_ir.values import Operation

SLICE = Constraint(
    "a pointer to a slice `[? x T]`",
    "t.is_pointer and t.pointee.__class__ is ArrayType and t.pointee.dimensions == (None,)",
)
VIEW = Constraint(
    "a pointer to a sequence `[? x T]`, `[? x ? x T]`, ...",
    "t.is_pointer and t.pointee.__class__ is ArrayType and t.pointee.is_unsized",
)


@operation("slice.len", "$slice", traits=(PURE,))
class SliceLen:
    """The number of elements of a slice.

    Example: ``%n = slice.len %xs``
    """

    slice = Operand(SLICE, access=READ)
    length = Result(type=USIZE_TYPE)


def _axis_exists(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    sequence = op.operands[0].type.target  # type: ignore[attr-defined]
    axis = op.attrs["axis"]
    if sequence is ERROR:
        return
    if not isinstance(axis, int) or not 0 <= axis < len(sequence.dimensions):
        yield "V016", f"`{sequence}` has no dimension {axis}; the first is 0"


@operation("dim", "$place, $axis", traits=(REMOVABLE,), verify=_axis_exists)
class Dim:
    """The length of a dimension of an array or slice in memory; the first dimension is 0.

    Example: ``%n = dim %matrix, 1``
    """

    place = Operand(SEQUENCE_PLACE, access=PATH)
    axis = Literal()
    length = Result(type=USIZE_TYPE)


def _range_of(op: Operation, module: Module) -> Type:
    place = op.operands[0].type
    if not isinstance(place, PlaceType) or not isinstance(place.target, ArrayType):
        return ERROR
    sequence = place.target
    if len(sequence.dimensions) > 1 and not sequence.is_unsized:
        rows = ArrayType(sequence.dimensions[1:], sequence.element)
        return PlaceType(ArrayType((None,), rows), place.mutable)
    return PlaceType(ArrayType((None,) * len(sequence.dimensions), sequence.element), place.mutable)


def _constant_range(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    if op.attrs.get("allow") != "ALT-C001":  # else a pass has found out the constant; the check before the access panics
        yield from (("C001", message) for message in outside_range(op, module, stated_length))


@operation("subrange", "$base, $low, $high", traits=(PROJECTION,), verify=_constant_range)
class Subrange:
    """The place of the elements from ``low`` to before ``high`` of the outermost dimension, as a sequence of that length.

    Example: ``%middle = subrange %seq, %lo, %hi``
    """

    base = Operand(SEQUENCE_PLACE, access=PATH)
    low = Operand(USIZE, access=READ)
    high = Operand(USIZE, access=READ)
    place = Result(infer=_range_of, origin="base")


def _element_pointer(op: Operation, module: Module) -> Type:
    slice = op.operands[0].type
    if slice is ERROR:
        return ERROR
    return PtrType(slice.pointee.element, getattr(slice, "mutable", True))  # type: ignore[union-attr]


@operation("slice.ptr", "$slice", traits=(PURE,))
class SlicePtr:
    """A raw pointer to the first element of a slice or view.

    Example: ``%p = slice.ptr %xs``
    """

    slice = Operand(VIEW, access=READ)
    pointer = Result(infer=_element_pointer, origin="slice")


def _raw_parts(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    pointer, result = op.operands[0].type, op.result.type
    element = result.pointee.element  # type: ignore[union-attr]
    if isinstance(pointer, PtrType) and pointer.target.erased is not element.erased:
        yield "V016", f"`slice.from_raw` of a `{pointer}` as a slice of `{element}`"
    rank, given = len(result.pointee.dimensions), len(op.operands) - 1  # type: ignore[union-attr]
    if given != rank:
        yield "V016", f"`slice.from_raw` of a `{result}` takes {rank} {'length' if rank == 1 else 'lengths'}, not {given}"
    if isinstance(result, RefType) and result.mutable and isinstance(pointer, PtrType) and not pointer.mutable:
        yield "V016", f"`slice.from_raw` of a `{pointer}`, which is not mutable, as `{result}`"


@operation("slice.from_raw", "$pointer, $lengths", traits=(NEEDS_UNSAFE,), verify=_raw_parts)
class SliceFromRaw:
    """A slice from a raw pointer and its length, or a view with one length for each dimension; the caller promises that the
    elements are there and stay, and for an owner that they are its to release.

    Example: ``%s = slice.from_raw %p, %n unsafe : ref<[? x i8]>``
    """

    pointer = Operand(RAW)
    lengths = Operand(USIZE, variadic=True, access=READ)
    slice = Result(written=VIEW)


def _unsized(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    source, result = op.operands[0].type, op.result.type
    before, after = source.pointee, result.pointee
    kind = ("mutable", "pool", "release")
    same_pointer = type(source) is type(result) and all(getattr(source, k, 0) == getattr(result, k, 0) for k in kind)
    if isinstance(after, DynType):
        if not same_pointer or before is None or before.is_unsized or source.is_place:
            yield "V016", f"`unsize` cannot make a `{result}` of a `{source}`"
            return
        held = {"send": sends(before, module), "share": shares(before, module), "gc": True}
        for mark in after.marks:
            if not held[mark]:
                yield "V016", f"`unsize` to `{after}`: `{before}` is not `{mark}`"
        if contains_gc(before, module) and "gc" not in after.marks:
            yield "V016", f"`unsize` to `{after}`: `{before}` contains `gc` references, so the type needs the mark `gc`"
        return
    fits = (
        isinstance(before, ArrayType)
        and isinstance(after, ArrayType)
        and before.element.erased is after.element.erased
        and len(before.dimensions) == len(after.dimensions)
        and all(d is None for d in after.dimensions)
        and not before.is_unsized
    )
    if not (same_pointer and fits):
        yield "V016", f"`unsize` cannot make a `{result}` of a `{source}`"


@operation("unsize", "$pointer", traits=(PURE,), verify=_unsized)
class Unsize:
    """A pointer to an array as a pointer to a slice: the lengths move from the type into the pointer. A pointer to a sized
    type as a pointer to a ``dyn``: a descriptor of the type moves there, for the type must have the marks that are listed.

    Example: ``%s = unsize %r : ref<[? x i8]>``
    Example: ``%d = unsize %boxed : own<dyn<'static>>``
    """

    pointer = Operand(ANY)
    result = Result(written=Constraint("a pointer to a slice", "t.is_pointer and t.pointee.is_unsized"), origin="pointer")


def _recovers(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    source, result = op.operands[0].type, op.result.type
    kind = ("mutable", "pool", "release")
    same_pointer = type(source) is type(result) and all(getattr(source, k, 0) == getattr(result, k, 0) for k in kind)
    if not same_pointer or result.pointee is None or result.pointee.is_unsized:
        yield "V016", f"`dyn.cast` cannot make a `{result}` of a `{source}`"


@operation("dyn.cast", "$pointer", traits=(NEEDS_UNSAFE,), verify=_recovers)
class DynCast:
    """A pointer to a ``dyn`` as a pointer to the type it was made of; the caller promises that it is that type.

    Example: ``%c = dyn.cast %d unsafe : own<@Circle>``
    """

    pointer = Operand(Constraint("a pointer to a `dyn`", "t.is_pointer and t.pointee.__class__ is DynType"))
    result = Result(written=Constraint("a pointer to a sized type", "t.is_pointer"), origin="pointer")
