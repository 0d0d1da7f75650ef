"""Families of snippets: what a program exercises, and who writes it.

Example: ``@snippet("scalars")`` over a function that writes operations and gives the name of an i64.

Invariant: the snippets of a family stand in one file, in whose order seeds choose among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from altru_ir.testing.whole_language.writer import Writer

FAMILIES = (
    "scalars", "floats", "calls", "aggregates", "enums", "places", "slices", "raw", "globals", "owners", "drops", "dyn",
    "homes", "collected", "cells", "atomics", "threads", "panics",
)  # fmt: skip

NATIVE = frozenset(FAMILIES) - {"dyn", "collected", "threads"}
"""The families that native code exists for."""

WEIGHTS = {"scalars": 3.0, "floats": 2.0}
"""How often a family is drawn that is not drawn once."""

Snippet = Callable[[Writer], str]
SNIPPETS: dict[str, list[Snippet]] = {family: [] for family in FAMILIES}


def snippet(family: str) -> Callable[[Snippet], Snippet]:
    """Registers a snippet of ``family``: it writes operations and gives the name of an i64."""

    def register(function: Snippet) -> Snippet:
        SNIPPETS[family].append(function)
        return function

    return register


def chosen(families: Iterable[str] | None) -> list[str]:
    """``families`` in their order, all when it is None. Raises ``ValueError`` for one that does not exist, and for none."""
    wanted = set(FAMILIES if families is None else families)
    unknown = wanted - set(FAMILIES)
    if unknown or not wanted:
        raise ValueError(f"there is no family `{min(unknown, default='')}`; there are {', '.join(FAMILIES)}")
    return [family for family in FAMILIES if family in wanted]
