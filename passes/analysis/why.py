"""Why a type moves: the part that does not copy, and what it is.

Example: ``@Pair moves, for its field `a` is an own<i64>, which releases what it owns``.
"""

from __future__ import annotations

from altru_ir.marks import copies
from altru_ir.module import Module
from altru_ir.types import ArrayType, NamedType, OwnType, RefType, TupleType, Type


def why_it_moves(type: Type, module: Module) -> str | None:
    """A sentence on why a use of a ``type`` moves it; None when it copies."""
    if copies(type, module):
        return None
    way, inner = "", type
    while True:
        step = _part(inner, module)
        if step is None:
            break
        name, inner = step
        way = f"{way}.{name}" if way else name
    reason = _reason(inner, module)
    if not way:
        return f"a `{type}` moves, for {reason}"
    return f"a `{type}` moves, for its part `{way}` is a `{inner}`: {reason}"


def _part(type: Type, module: Module) -> tuple[str, Type] | None:
    """The first part of ``type`` that does not copy; None when the reason is ``type`` itself."""
    if isinstance(type, ArrayType):
        return "elements", type.element
    if isinstance(type, TupleType):
        return next(((str(i), t) for i, t in enumerate(type.elements) if not copies(t, module)), None)
    if isinstance(type, NamedType):
        declaration = module.types.get(type.name)
        if declaration is None or declaration.drop is not None:
            return None
        return next(((m.name, m.type) for m in declaration.members if not copies(m.type, module)), None)
    return None


def _reason(type: Type, module: Module) -> str:
    if isinstance(type, OwnType):
        return "it releases what it owns"
    if isinstance(type, RefType):
        return "a reference that may be written through is the only one"
    if isinstance(type, NamedType):
        declaration = module.types.get(type.name)
        if declaration is not None and declaration.drop is not None:
            return f"it has a destructor, @{declaration.drop}"
    return "it is a resource of its own"
