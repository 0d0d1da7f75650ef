"""Marks: facts about a type that follow from its parts.

- ``copies``: a use copies the value; otherwise it moves. - ``needs_drop``: something must run when it goes away.
- ``freezes``: a shared reference to it promises that its bytes stay: no ``cell``, ``atomic`` or ``mutex`` by value.
- ``contains_gc``: the collector must find it: a ``gc`` or ``weak`` by value or in what it owns.
- ``sends``: it may be given to another thread. - ``shares``: a shared reference to it may be.

They are computed over the declarations of a module: a struct copies when it has no destructor and all its fields copy; it
is sent when all its fields are, or when its declaration asserts so.

Example: ``copies(RefType(I8), m)`` is true, ``copies(RefType(I8, mutable=True), m)`` is not.

Invariant: an unknown declaration has no mark; the verifier reports it. A recursive type has a mark unless one of its parts
says otherwise (the greatest fixpoint), and ``needs_drop`` and ``contains_gc`` only when one says so (the least).
"""

from __future__ import annotations

from altru_ir.module import Module
from altru_ir.types import (
    ARENA,
    ERROR,
    UNIT,
    ArrayType,
    AtomicType,
    CellType,
    DynType,
    FloatType,
    FunctionType,
    GcType,
    GuardType,
    IntType,
    MutexType,
    NamedType,
    OwnType,
    PhantomType,
    PoolHandleType,
    PoolType,
    PtrType,
    RefType,
    ThreadType,
    TupleType,
    Type,
    UninitType,
    UsizeType,
    WeakType,
)

_COPYING = (IntType, UsizeType, FloatType, PtrType, FunctionType, GcType, WeakType, PoolHandleType, PhantomType)
_INERT = (*_COPYING, RefType, UninitType, AtomicType)
PLAIN: frozenset[object] = frozenset({IntType, UsizeType, FloatType, PtrType, FunctionType})
"""Classes of types whose values copy, need no drop and are of no interest to the collector, in every module."""


def copies(type: Type, module: Module) -> bool:
    """Whether a value of ``type`` is copied by use (true) or moved (false)."""
    if type.__class__ in PLAIN:
        return True
    work, seen = [type], set()
    while work:
        each = work.pop()
        if each in seen or each is UNIT or each is ERROR or isinstance(each, _COPYING):
            continue
        seen.add(each)
        if isinstance(each, RefType):
            if each.mutable:
                return False
        elif isinstance(each, ArrayType):
            work.append(each.element)
        elif isinstance(each, TupleType):
            work.extend(each.elements)
        elif isinstance(each, NamedType):
            declaration = module.types.get(each.name)
            if declaration is None or declaration.drop is not None:
                return False
            work.extend(member.type for member in declaration.members)
        else:
            return False
    return True


def holds_zero(type: Type, module: Module) -> bool:
    """Whether bytes that are all zero are a value of ``type``, as far as they are read: no reference, no function is null."""
    work, seen = [type], set()
    while work:
        each = work.pop()
        if each in seen:
            continue
        seen.add(each)
        if isinstance(each, (RefType, FunctionType, GcType, WeakType, DynType)):
            return False
        if isinstance(each, (ArrayType, CellType)):
            work.append(each.element if isinstance(each, ArrayType) else each.target)
        elif isinstance(each, TupleType):
            work.extend(each.elements)
        elif isinstance(each, NamedType):
            declaration = module.types.get(each.name)
            if declaration is not None and declaration.kind != "union":  # of an enum the first variant
                count = 1 if declaration.kind == "enum" else len(declaration.members)
                work.extend(member.type for member in declaration.members[:count])
    return True


def needs_drop(type: Type, module: Module) -> bool:
    """Whether something must run when a value of ``type`` goes away."""
    work, seen = [type], set()
    while work:
        each = work.pop()
        if each in seen or each is UNIT or each is ERROR or isinstance(each, _INERT):
            continue
        seen.add(each)
        if isinstance(each, (CellType, MutexType)):
            work.append(each.target)
        elif isinstance(each, ArrayType):
            work.append(each.element)
        elif isinstance(each, TupleType):
            work.extend(each.elements)
        elif isinstance(each, NamedType):
            declaration = module.types.get(each.name)
            if declaration is None:
                continue
            if declaration.drop is not None:
                return True
            work.extend(member.type for member in declaration.members)
        else:
            return True
    return False


class Marks:
    """``copies`` and ``needs_drop`` in one module, each type looked at once; good for as long as no declaration changes."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self._copies: dict[Type, bool] = {}
        self._drops: dict[Type, bool] = {}

    def copies(self, type: Type) -> bool:
        """Whether a value of ``type`` is copied by use (true) or moved (false)."""
        known = self._copies.get(type)
        if known is None:
            known = self._copies[type] = copies(type, self.module)
        return known

    def needs_drop(self, type: Type) -> bool:
        """Whether something must run when a value of ``type`` goes away."""
        known = self._drops.get(type)
        if known is None:
            known = self._drops[type] = needs_drop(type, self.module)
        return known


def drops_next(type: Type, module: Module) -> list[Type]:
    """What goes next when a value of ``type`` is dropped, of what itself needs drop: its parts, or what it owns."""
    parts: list[Type] = []
    if isinstance(type, NamedType):
        declaration = module.types.get(type.name)
        parts = [] if declaration is None else [member.type for member in declaration.members]
    elif isinstance(type, TupleType):
        parts = list(type.elements)
    elif isinstance(type, ArrayType):
        parts = [type.element]
    elif isinstance(type, (OwnType, CellType, MutexType, PoolType)):
        parts = [type.target]
    return [part for part in parts if needs_drop(part, module)]


def dropped_parts(type: Type, module: Module) -> list[Type]:
    """The types of all that goes when a value of ``type`` is dropped and itself needs drop: parts, and what owners own."""
    found = [type] if needs_drop(type, module) else []
    seen = {type}
    for each in found:
        new = [part for part in drops_next(each, module) if part not in seen]
        seen.update(new)
        found.extend(dict.fromkeys(new))
    return found


def _inner(each: Type, module: Module) -> list[Type]:
    """The types that a value of ``each`` holds by value, one level down; a pointer holds none."""
    if isinstance(each, (ArrayType, UninitType, CellType, AtomicType, MutexType)):
        return [each.element if isinstance(each, ArrayType) else each.target]
    if isinstance(each, TupleType):
        return list(each.elements)
    if isinstance(each, NamedType):
        declaration = module.types.get(each.name)
        return [] if declaration is None else [member.type for member in declaration.members]
    return []


def freezes(type: Type, module: Module) -> bool:
    """Whether the bytes of a ``type`` cannot change behind a shared reference."""
    work, seen = [type], set()
    while work:
        each = work.pop()
        if each in seen:
            continue
        seen.add(each)
        if isinstance(each, (CellType, AtomicType, MutexType, DynType)):
            return False
        work.extend(_inner(each, module))
    return True


def contains_gc(type: Type, module: Module) -> bool:
    """Whether the collector must find what a value of ``type`` holds or owns."""
    work, seen = [type], set()
    while work:
        each = work.pop()
        if each in seen:
            continue
        seen.add(each)
        if isinstance(each, (GcType, WeakType)) or (isinstance(each, DynType) and "gc" in each.marks):
            return True
        if isinstance(each, (OwnType, PoolType)):
            work.append(each.target)
        work.extend(_inner(each, module))
    return False


def sends(type: Type, module: Module) -> bool:
    """Whether a value of ``type`` may be given to another thread."""
    return _crosses(type, "send", module)


def shares(type: Type, module: Module) -> bool:
    """Whether a shared reference to a ``type`` may be given to another thread."""
    return _crosses(type, "share", module)


def _crosses(type: Type, mark: str, module: Module) -> bool:
    work, seen = [(type, mark)], set()
    while work:
        pair = work.pop()
        if pair in seen:
            continue
        seen.add(pair)
        each, mark = pair
        if isinstance(each, (IntType, UsizeType, FloatType, FunctionType, AtomicType)) or each in (UNIT, ERROR):
            continue
        if isinstance(each, RefType):
            work.append((each.target, mark if each.mutable else "share"))
        elif isinstance(each, OwnType) and not (each.pool and mark == "send"):
            work.append((each.target, mark))
        elif isinstance(each, (GcType, WeakType)):
            if not _collected_crosses(each.target, module):
                return False
        elif isinstance(each, DynType):
            if mark not in each.marks:
                return False
        elif isinstance(each, (ThreadType, PhantomType)):
            work.append((each.target, mark))
        elif isinstance(each, PoolHandleType):
            continue
        elif isinstance(each, MutexType):
            work.append((each.target, "send"))
        elif mark == "send" and (each is ARENA or isinstance(each, (PoolType, CellType))):
            if isinstance(each, (PoolType, CellType)):
                work.append((each.target, "send"))
        elif mark == "share" and isinstance(each, GuardType):
            work.append((each.target, "share"))
        elif isinstance(each, (ArrayType, TupleType, UninitType)):
            work.extend((part, mark) for part in _inner(each, module))
        elif isinstance(each, NamedType):
            declaration = module.types.get(each.name)
            if declaration is None:
                return False
            if mark not in declaration.asserts:
                work.extend((member.type, mark) for member in declaration.members)
        else:
            return False  # raw pointers, guards, scopes, pins, and what is not shared
    return True


def _collected_crosses(target: Type, module: Module) -> bool:
    """A collected object is aliased and mutable: it crosses when each field is constant, atomic or a mutex, and crosses."""
    declaration = module.types.get(target.name) if isinstance(target, NamedType) else None
    if declaration is None or declaration.kind != "struct":
        return isinstance(target, (AtomicType, MutexType)) and _crosses(target, "share", module)
    if "share" in declaration.asserts:
        return True
    for field in declaration.members:
        if isinstance(field.type, (GcType, WeakType)) and field.type.target is target and field.constant:
            continue
        if not (field.constant or isinstance(field.type, (AtomicType, MutexType))):
            return False
        if not _crosses(field.type, "share", module) or not _crosses(field.type, "send", module):
            return False
    return True
