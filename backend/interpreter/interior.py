"""Interior mutability: which bytes of a pointee may change behind a shared reference.

Those of a ``cell``, an ``atomic`` and a ``mutex``, by value. Tree Borrows leaves them out of what a shared reference freezes.

Example: for ``struct @S { a: i32, c: cell<i32> }`` the ranges are ``[(4, 8)]``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from altru_ir.backend.interpreter.memory import Pointer
from altru_ir.layout import field_offsets
from altru_ir.marks import freezes
from altru_ir.ops.aggregates import field_types
from altru_ir.types import ArrayType, AtomicType, CellType, DynType, MutexType, NamedType, TupleType, Type, UninitType

if TYPE_CHECKING:
    from altru_ir.backend.interpreter.machine import Machine


def mutable_ranges(type: Type, pointer: Pointer, machine: Machine) -> list[tuple[int, int]]:
    """Ranges ``(first, end)`` in bytes from the beginning of the pointee, in order."""
    found: list[tuple[int, int]] = []
    work: list[tuple[int, Type]] = [(0, type)]
    while work:
        at, each = work.pop()
        if not isinstance(each, DynType) and freezes(each, machine.module):
            continue
        if isinstance(each, (CellType, AtomicType, MutexType)):
            found.append((at, at + machine.codecs.of(each).size))
        elif isinstance(each, UninitType):
            work.append((at, each.target))
        elif isinstance(each, DynType):
            work.append((at, pointer.meta[0].allocation.type))
        elif isinstance(each, ArrayType):
            size = machine.codecs.of(each.element).size
            count = machine.extent(each, pointer) // size if size else 0
            work.extend((at + k * size, each.element) for k in range(count))
        elif isinstance(each, TupleType):
            offset = 0
            for element in each.elements:
                codec = machine.codecs.of(element)
                offset = (offset + codec.align - 1) & -codec.align
                work.append((at + offset, element))
                offset += codec.size
        elif isinstance(each, NamedType):
            declaration = machine.module.types[each.name]
            if declaration.kind == "struct":
                types = (field_types(each, machine.module, "struct") or {}).values()
                work.extend((at + o, t) for o, t in zip(field_offsets(declaration, machine.module), types, strict=True))
            else:
                found.append((at, at + machine.codecs.of(each).size))
    return sorted(found)
