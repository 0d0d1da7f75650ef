"""What a declaration consists of: operands, results, and everything else a format string can name.

    value = Operand(INTEGER)               # %x
    low = Operand(same_as="value")
    order = WordOf(("eq", "ne"))           # one of these words
    quick = Flag("quick")                  # this word, or nothing
    result = Result(same_as="value")

Invariant: elements are plain data; what they mean together is ``Declaration``'s.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs

from altru_ir.declare.constraints import ANY, Constraint
from altru_ir.declare.effects import CONSUME, FRESH
from altru_ir.types import Type
from altru_ir.values import Operation

if TYPE_CHECKING:
    from altru_ir.module import Module


class InferenceError(Exception):
    """Raised by an ``infer`` function when the operands admit no result type; the message becomes the diagnostic."""


class Element:
    """Something a format string can name. ``name`` is set by the declaration."""

    name: str = ""
    keyword: str = ""  # for a flag: the word that stands for it


@attrs.define(eq=False)
class Operand(Element):
    """A value operand.

    ``constraint`` or ``same_as`` (the name of another operand whose type it shares) limits its type. ``access`` is one of the
    accesses above. ``flag`` names the ``Flag`` in front of an optional operand, which says whether it is there.
    """

    constraint: Constraint = ANY
    same_as: str | None = None
    access: str = CONSUME
    optional: bool = False
    variadic: bool = False
    flag: str | None = None
    doc: str = ""


@attrs.define(eq=False)
class WordOf(Element):
    """One word of a closed set, kept as an attribute."""

    choices: tuple[str, ...]


@attrs.define(eq=False)
class Name(Element):
    """A name that is no symbol (a field, a variant), kept as an attribute."""


@attrs.define(eq=False)
class Flag(Element):
    """A word that is there or not, kept as a true attribute."""

    word: str


@attrs.define(eq=False)
class Literal(Element):
    """A literal: an integer, float, string, or bracketed list of literals."""

    optional: bool = False


@attrs.define(eq=False)
class SymbolOf(Element):
    """``@name`` of a ``function``, ``global`` or ``type``."""

    kind: str


@attrs.define(eq=False)
class TypeOf(Element):
    """A type written as an operand, kept as an attribute."""


@attrs.define(eq=False)
class Callee(Element):
    """``@f(args)`` (the symbol is an attribute, the operands are the arguments) or ``%f(args)`` (the first is the function)."""


@attrs.define(eq=False)
class Target(Element):
    """A successor ``^block(args)``. ``forwards`` computes the types of the leading arguments that the terminator gives."""

    forwards: Callable[[Operation, Module], list[Type]] | None = None


@attrs.define(eq=False)
class Cases(Element):
    """``case ^block, case ^block, ...``: successors behind literals (``names`` false) or names, and a last one without
    a case where ``default`` allows it."""

    names: bool = False
    default: bool = True
    forwards: Callable[[Operation, Any, Module], list[Type]] | None = None


@attrs.define(eq=False)
class Option(Element):
    """An attribute in braces: ``int`` for ``{name = 8}``, ``str`` for a string, ``bool`` for a bare word."""

    type: type
    doc: str = ""
    choices: tuple[Any, ...] = ()


@attrs.define(eq=False)
class Result(Element):
    """A result.

    Exactly one of: ``type`` (fixed), ``same_as`` (an operand's), ``infer`` (``(op, module) -> Type``, raises
    ``InferenceError``), or ``written`` (a constraint on the type that stands after the colon; ``place`` wraps it in a
    mutable place). ``optional`` results are absent when ``infer`` gives the unit type. A ``spread`` result stands for as
    many as ``infer_all`` gives types; it is the only one of its operation.
    """

    type: Type | None = None
    same_as: str | None = None
    infer: Callable[[Operation, Module], Type] | None = None
    written: Constraint | None = None
    place: bool = False
    optional: bool = False
    origin: str = FRESH
    infer_all: Callable[[Operation, Module], list[Type]] | None = None

    @property
    def spread(self) -> bool:
        return self.infer_all is not None
