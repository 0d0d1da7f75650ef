"""All declarations by name, and the decorator that adds one.

    @operation("toy.clamp", "$value, $low, $high", traits=(PURE,))
    class Clamp: ...

    find("toy.clamp")

Invariant: a name is declared once. Ours come first: they are declared when anything is asked for. A declaration goes to another
process as its name.
"""

from __future__ import annotations

import copyreg
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from altru_ir.declare.declaration import Declaration
from altru_ir.declare.elements import Element
from altru_ir.values import Operation

if TYPE_CHECKING:
    from altru_ir.module import Module

_table: dict[str, Declaration] = {}


def operation(
    name: str,
    format: str = "",
    traits: tuple[str, ...] = (),
    verify: Callable[[Operation, Module], Iterator[tuple[str, str]]] | None = None,
    rule: str = "",
) -> Callable[[type], Declaration]:
    """Class decorator that declares an operation and registers it.

    Parameters: ``name``, the mnemonic (a prefix, as in ``toy.square``, keeps it from the names of later releases); ``format``;
    ``traits``; ``verify``, a generator of further ``(rule, message)`` problems, run after the typed ones found none. Raises
    ``ValueError`` when the name is taken and ``TypeError`` for a declaration that contradicts itself (``contradictions``).
    """

    def declare(body: type) -> Declaration:
        elements = {key.removesuffix("_"): value for key, value in vars(body).items() if isinstance(value, Element)}
        if not body.__module__.startswith("altru_ir.ops"):
            from altru_ir.declare.contradictions import contradictions

            load_standard()  # so that their names are taken
            if not isinstance(traits, (tuple, list, frozenset, set)):
                raise TypeError(f"operation {name!r}: traits are a tuple, not {traits!r}")
            wrong = list(contradictions(name, format, elements, tuple(traits)))
            if wrong:
                raise TypeError(f"operation `{name}`: {'; '.join(wrong)}")
        if name in _table:
            raise ValueError(f"operation `{name}` is already declared in {_table[name].declared_in}")
        made = Declaration(name, format, elements, traits, body.__doc__ or "", verify, rule, body.__module__)
        _table[name] = made
        return made

    return declare


def forget(name: str) -> None:
    """Withdraws a declaration (for tests and interactive use). Modules that use it still hold it."""
    del _table[name]


def find(name: str) -> Declaration:
    """The declaration called ``name``. Raises ``KeyError`` when there is none."""
    load_standard()
    return _table[name]


def table() -> dict[str, Declaration]:
    """All declarations by name: ours, then what front-ends added."""
    load_standard()
    return _table


def load_standard() -> None:
    """Declares our own operations (once)."""
    import altru_ir.ops  # noqa: F401


copyreg.pickle(Declaration, lambda decl: (find, (decl.name,)))
