"""Marks: facts about a type that follow from its parts.

``copies`` and ``needs_drop`` are computed here over the declarations of a module: a struct copies when it has no
destructor and all its fields copy; it needs drop when it has a destructor or a part that does.

Example: ``copies(RefType(I8), m)`` is true, ``copies(RefType(I8, mutable=True), m)`` is not.

Invariant: an unknown declaration neither copies nor needs drop; the verifier reports it. A recursive type can only recur
through a pointer, whose marks do not depend on what it points to, except ``own``, which always needs drop.
"""

from __future__ import annotations

from altru_ir.module import Module
from altru_ir.types import (
    ERROR,
    UNIT,
    ArrayType,
    FloatType,
    FunctionType,
    GcType,
    IntType,
    NamedType,
    PhantomType,
    PoolHandleType,
    PtrType,
    RefType,
    TupleType,
    Type,
    UninitType,
    UsizeType,
    WeakType,
)

_COPYING = (IntType, UsizeType, FloatType, PtrType, FunctionType, GcType, WeakType, PoolHandleType, PhantomType)
_INERT = (*_COPYING, RefType, UninitType)


def copies(type: Type, module: Module) -> bool:
    """Whether a value of ``type`` is copied by use (true) or moved (false)."""
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


def needs_drop(type: Type, module: Module) -> bool:
    """Whether something must run when a value of ``type`` goes away."""
    work, seen = [type], set()
    while work:
        each = work.pop()
        if each in seen or each is UNIT or each is ERROR or isinstance(each, _INERT):
            continue
        seen.add(each)
        if isinstance(each, ArrayType):
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
