"""Raw memory: allocation, release, and arithmetic on raw pointers.

``alloc`` harms nobody and needs no ``unsafe``; ``free`` does, and so does every access through a raw pointer.
"""

from __future__ import annotations

from collections.abc import Iterator

from altru_ir.declare import (
    CONSUME,
    ESCAPE,
    MAY_FREE,
    NEEDS_UNSAFE,
    PURE,
    RAW,
    RAW_MUT,
    READ,
    REFERENCE,
    TERMINATOR,
    USIZE,
    Name,
    Operand,
    Option,
    Result,
    Target,
    TypeOf,
    operation,
)
from altru_ir.module import Module
from altru_ir.types import ERROR, NamedType, PtrType, RefType, Type
from altru_ir.types import USIZE as USIZE_TYPE
from altru_ir.values import Operation


@operation("alloc", "$size")
class Alloc:
    """Allocates ``size`` bytes on the heap; null on failure. Aligned for any scalar, or to ``{alignment = N}``.

    Example: ``%p = alloc %size : ptr<mut i8>``
    """

    size = Operand(USIZE)
    pointer = Result(written=RAW_MUT)
    alignment = Option(int, "a power of two, in bytes")


@operation("free", "$pointer", traits=(NEEDS_UNSAFE, MAY_FREE))
class Free:
    """Releases memory from ``alloc``; nothing happens for null.

    Example: ``free %p unsafe``
    """

    pointer = Operand(RAW_MUT, access=CONSUME)


def _moved_block(op: Operation, module: Module) -> list[Type]:
    return [op.operands[0].type] if op.operands else []


@operation("realloc", "$pointer, $size, $ok, $failed", traits=(TERMINATOR, NEEDS_UNSAFE, MAY_FREE))
class Realloc:
    """Gives an allocation ``size`` bytes, keeping its contents and perhaps moving it: then the new pointer is the first
    argument of the first successor and the old one is gone. On failure nothing has happened.

    Example: ``realloc %p, %n, ^grown, ^failed unsafe``
    """

    pointer = Operand(RAW_MUT, access=CONSUME)
    size = Operand(USIZE)
    ok = Target(forwards=_moved_block)
    failed = Target()


@operation("null", "", traits=(PURE,))
class Null:
    """The null pointer.

    Example: ``%null = null : ptr<mut i32>``
    """

    pointer = Result(written=RAW)


def _same_place(op: Operation, module: Module) -> Type:
    return op.operands[0].type


@operation("ptr.add", "$pointer, $count", traits=(PURE,))
class PtrAdd:
    """The pointer moved by ``count`` elements (signed, wrapping).

    Example: ``%q = ptr.add %p, %i``
    """

    pointer = Operand(RAW, access=READ)
    count = Operand(USIZE)
    result = Result(infer=_same_place, origin="pointer")


def _gains_no_mutability(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    source, result = op.operands[0].type, op.result.type
    if isinstance(source, PtrType) and isinstance(result, PtrType) and result.mutable and not source.mutable:
        yield "V016", f"`ptr.cast` cannot make the immutable `{source}` a `{result}`"


@operation("ptr.cast", "$pointer", traits=(PURE,), verify=_gains_no_mutability)
class PtrCast:
    """The same address as a pointer to another type.

    Example: ``%q = ptr.cast %p : ptr<mut @Node>``
    """

    pointer = Operand(RAW, access=READ)
    result = Result(written=RAW, origin="pointer")


@operation("ptr.addr", "$pointer", traits=(PURE,))
class PtrAddr:
    """The address as a number.

    Example: ``%a = ptr.addr %p``
    """

    pointer = Operand(RAW, access=ESCAPE)
    address = Result(type=USIZE_TYPE)


def _raw_of_reference(op: Operation, module: Module) -> Type:
    reference = op.operands[0].type
    if not isinstance(reference, RefType):
        return ERROR
    return PtrType(reference.target, reference.mutable)


@operation("ref.to_ptr", "$reference", traits=(PURE,))
class RefToPtr:
    """The raw pointer of a reference.

    Example: ``%p = ref.to_ptr %r``
    """

    reference = Operand(REFERENCE)
    pointer = Result(infer=_raw_of_reference, origin="reference")


@operation("size_of", "$of", traits=(PURE,))
class SizeOf:
    """The size of a type in bytes, symbolic until layout is frozen.

    Example: ``%n = size_of @Node``
    """

    of = TypeOf()
    size = Result(type=USIZE_TYPE)


def _has_field(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    type = op.attrs["of"]
    declaration = module.types.get(type.name) if isinstance(type, NamedType) else None
    if declaration is None or declaration.kind == "enum":
        yield "V022", f"`offset_of` a field of `{type}`, which is no struct or union"
    elif declaration.index(op.attrs["field"]) is None:
        known = ", ".join(member.name for member in declaration.members)
        yield "V022", f"`{type}` has no field `{op.attrs['field']}`; it has {known or 'none'}"


@operation("offset_of", "$of, $field", traits=(PURE,), verify=_has_field)
class OffsetOf:
    """The offset of a field in bytes, symbolic until layout is frozen.

    Example: ``%n = offset_of @Node, next``
    """

    of = TypeOf()
    field = Name()
    offset = Result(type=USIZE_TYPE)


@operation("align_of", "$of", traits=(PURE,))
class AlignOf:
    """The alignment of a type in bytes, symbolic until layout is frozen.

    Example: ``%n = align_of @Node``
    """

    of = TypeOf()
    alignment = Result(type=USIZE_TYPE)
