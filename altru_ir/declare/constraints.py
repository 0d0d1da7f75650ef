"""Sets of types, which the operands and results of a declaration are limited to.

    INTEGER | POINTER                      # "an integer or a pointer"
    Constraint("an array", "t.is_sequence")

Invariant: the test is one Python expression over ``t``, so that the generated fast path of a declaration can hold it in line
(``fast_paths``), and says the same there as ``accepts`` does.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from altru_ir import types as _types
from altru_ir.types import Type


@attrs.frozen(eq=False)
class Constraint:
    """A set of types: ``name`` for people, ``test`` a Python expression over ``t`` and the names of ``altru_ir.types``."""

    name: str
    test: str
    _compiled: list[Callable[[Type], bool]] = attrs.field(factory=list, repr=False)

    def accepts(self, type: Type) -> bool:
        """Whether ``type`` is in the set."""
        if not self._compiled:
            self._compiled.append(eval(f"lambda t: {self.test}", dict(vars(_types))))
        return bool(self._compiled[0](type))

    def __or__(self, other: Constraint) -> Constraint:
        return Constraint(f"{self.name} or {other.name}", f"({self.test} or {other.test})")


def exactly(type: Type) -> Constraint:
    """The set of one scalar type."""
    name = next(name for name, value in vars(_types).items() if value is type)
    return Constraint(f"`{type}`", f"t is {name}")


ANY = Constraint("a value", "not t.is_place and not t.is_unsized")
INTEGER = Constraint("an integer", "t.is_integer")
FLOAT = Constraint("a float", "t.is_float")
NUMBER = Constraint("a number", "(t.is_integer or t.is_float)")
BOOL = Constraint("`i1`", "t is I1")
USIZE = Constraint("`usize`", "t is USIZE")
POINTER = Constraint("a pointer", "t.is_pointer")
RAW = Constraint("a raw pointer", "t.__class__ is PtrType")
RAW_MUT = Constraint("a mutable raw pointer", "t.__class__ is PtrType and t.mutable")
REFERENCE = Constraint("a reference", "t.__class__ is RefType")
OWNER = Constraint("an owner", "t.__class__ is OwnType")
PLACE = Constraint("a place", "t.is_place")
ENUM_PLACE = Constraint("a place of an enum", "t.is_place and t.target.__class__ is NamedType")
MUTABLE_PLACE = Constraint("a mutable place", "t.is_place and t.mutable")
SEQUENCE_PLACE = Constraint("a place of an array or slice", "t.is_place and t.target.is_sequence")
CONDITION = BOOL
