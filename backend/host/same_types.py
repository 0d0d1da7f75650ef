"""Same types: whether what one module calls ``@P`` is what another one does.

Types are told apart by their names, and two modules may declare different types of one name: a module that was added later, or
one of another library. What crosses from one to the other is laid out as its own module says.

    different_type(own<@P>, here, there)            "P" where one declares `{ x: i64 }` and the other `{ x: i64, y: i64 }`

Invariant: for what gives None all types that can be reached have the same members, layout and destructors by name.
"""

from __future__ import annotations

from typing import Any

from altru_ir.backend.host.values import Where, spell
from altru_ir.module import Module
from altru_ir.types import NamedType, Type, parts


def different_type(type: Type, here: Module, there: Module) -> str | None:
    """The name of a struct, enum or union in ``type`` that the two modules declare differently."""
    work, seen = [type], set()
    while work:
        each = work.pop()
        if each in seen:
            continue
        seen.add(each)
        work += parts(each)
        if isinstance(each, NamedType):
            ours, theirs = here.types.get(each.name), there.types.get(each.name)
            if ours is None or theirs is None or _shape(ours) != _shape(theirs):
                return each.name
            work += [member.type for member in ours.members]
    return None


def _shape(declaration: Any) -> tuple[Any, ...]:
    members = tuple((member.name, member.type.erased) for member in declaration.members)
    return (declaration.kind, members, declaration.representation, declaration.drop)


def check_same(type: Type, here: Module, there: Module, where: Where, made: str) -> None:
    """Raises ``TypeError`` when a value of ``type`` comes from a module in which it is another; ``made`` says from where."""
    if here is not there:
        different = different_type(type, here, there)
        if different is not None:
            raise TypeError(f"{spell(where)} has type `{type}`, and @{different} is another type where {made}")


__all__ = ["check_same", "different_type"]
