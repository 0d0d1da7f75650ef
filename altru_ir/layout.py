"""Layout: sizes, alignments and offsets of types on a module's target.

Fields stand in the order of their declaration, each at the next multiple of its alignment (``repr(c)`` and, until a pass
reorders them, every struct). A slice pointer is an address followed by one length per dimension, a pointer to a ``dyn`` an
address followed by that of a type descriptor. A resource is a word that names what the runtime keeps; a mutex is a word
followed by what it guards; a cell and an atomic are laid out as what they hold.

Example: ``layout_of(NamedType("S"), m) == Layout(size=16, align=8)`` for ``struct @S { a: i8, b: i64 }``.

Invariant: a size is a multiple of its alignment, alignments are powers of two. No recursion over the program: a type is
as deep as its declarations, which the verifier has found to be finite.
"""

from __future__ import annotations

import attrs

from altru_ir.module import Module, TypeDeclaration
from altru_ir.types import (
    UNIT,
    USIZE,
    ArenaType,
    ArrayType,
    AtomicType,
    CellType,
    DynType,
    FloatType,
    FunctionType,
    IntType,
    MutexType,
    NamedType,
    PhantomType,
    PinType,
    PoolHandleType,
    PoolType,
    ThreadScopeType,
    ThreadType,
    TupleType,
    Type,
    UninitType,
    UsizeType,
    WeakType,
)


class LayoutError(ValueError):
    """Raised for a type without a layout of its own: unsized, too large, or not known to the module."""


@attrs.frozen
class Layout:
    """``size`` and ``align`` in bytes."""

    size: int
    align: int


def round_up(offset: int, align: int) -> int:
    """The next multiple of ``align``, a power of two."""
    return (offset + align - 1) & -align


def layout_of(type: Type, module: Module) -> Layout:
    """The layout of ``type``. Raises ``LayoutError``."""
    word = module.pointer_bits // 8
    if isinstance(type, IntType):
        size = max(1, type.bits // 8)
        return Layout(size, size)
    if isinstance(type, FloatType):
        return Layout(type.bits // 8, type.bits // 8)
    if isinstance(type, (UsizeType, FunctionType)):
        return Layout(word, word)
    if type is UNIT or isinstance(type, PhantomType):
        return Layout(0, 1)
    if isinstance(type, (UninitType, CellType, AtomicType)):
        return layout_of(type.target, module)
    if isinstance(type, MutexType):
        return _in_order((USIZE, type.target), module)[0]
    if isinstance(type, PoolHandleType):
        return Layout(8, 4)  # an index and a generation
    if isinstance(type, (ArenaType, PoolType, ThreadType, ThreadScopeType, PinType, WeakType)):
        return Layout(word, word)
    if isinstance(type, ArrayType):
        if type.is_unsized:
            raise LayoutError(f"`{type}` has no size of its own")
        element = layout_of(type.element, module)
        count = 1
        for dimension in type.dimensions:
            count *= dimension or 0
        return _bounded(Layout(element.size * count, element.align), type, module)
    if isinstance(type, TupleType):
        return _in_order(type.elements, module)[0]
    if isinstance(type, NamedType):
        declaration = module.types.get(type.name)
        if declaration is None:
            raise LayoutError(f"there is no type `{type}`")
        if declaration.kind == "struct":
            return _in_order(tuple(f.type for f in declaration.members), module)[0]
        if declaration.kind == "union":
            inner = [layout_of(f.type, module) for f in declaration.members]
            align = max((i.align for i in inner), default=1)
            return Layout(round_up(max((i.size for i in inner), default=0), align), align)
        return enum_layout(declaration, module)[0]
    pointee = type.pointee
    if pointee is not None:
        if isinstance(pointee, UninitType):
            pointee = pointee.target
        dimensions = len(pointee.dimensions) if isinstance(pointee, ArrayType) and pointee.is_unsized else 0
        if isinstance(pointee, DynType):
            dimensions = 1
        return Layout(word * (1 + dimensions), word)
    raise LayoutError(f"`{type}` has no layout")


def _bounded(layout: Layout, type: Type, module: Module) -> Layout:
    """No object is larger than half of the address space: differences of addresses in it would not fit."""
    if layout.size >> (module.pointer_bits - 1):
        raise LayoutError(f"`{type}` has {layout.size} bytes, more than an object of the target can have")
    return layout


def _in_order(types: tuple[Type, ...], module: Module) -> tuple[Layout, list[int]]:
    offset, align, offsets = 0, 1, []
    for type in types:
        each = layout_of(type, module)
        offset = round_up(offset, each.align)
        offsets.append(offset)
        offset += each.size
        align = max(align, each.align)
    return Layout(round_up(offset, align), align), offsets


def enum_layout(declaration: TypeDeclaration, module: Module) -> tuple[Layout, int, int]:
    """The layout of an enum, the bits of its tag (at offset 0) and the offset of its payloads.

    The tag is the smallest of 8, 16 and 32 bits that tells the variants apart.
    """
    payloads = [layout_of(v.type, module) for v in declaration.members]
    count = len(declaration.members)
    bits = 8 if count <= 1 << 8 else 16 if count <= 1 << 16 else 32
    payload_align = max((p.align for p in payloads), default=1)
    align = max(bits // 8, payload_align)
    offset = round_up(bits // 8, payload_align)
    size = round_up(offset + max((p.size for p in payloads), default=0), align)
    return Layout(size, align), bits, offset


def field_offsets(declaration: TypeDeclaration, module: Module) -> list[int]:
    """The offsets of the fields of a struct or union, in declared order."""
    if declaration.kind == "union":
        return [0] * len(declaration.members)
    return _in_order(tuple(f.type for f in declaration.members), module)[1]
