"""Loan points: the points of a function at which something concerns loans, and what happens there.

    %r = borrow mut %x       Loan: 0 of `%x`, mutable, in the origin of %r           Access: `%x` is borrowed mutably
    assign %h, %r            Access: `%h` is assigned                                 Kill: loans of what `*%h` was

``borrowing`` records these in walking over a function, ``loan_facts`` makes facts of those that could matter, and
``check-loans`` tells what came of them.

Invariant: loans and points are known by their numbers, which are places in the lists of the ``Borrowing`` that made them.
"""

from __future__ import annotations

import attrs

from altru_ir.module import Block
from altru_ir.passes.analysis.loan_paths import Path
from altru_ir.values import Operation


@attrs.frozen(eq=False)
class Point:
    """A point: at ``op``, on its edge to the successor ``edge`` (-1: none), at the head of ``block``, or behind an exit."""

    block: Block
    op: Operation | None = None
    edge: int = -1
    is_exit: bool = False


@attrs.frozen(eq=False)
class Loan:
    """A loan: issued by ``op`` at ``point`` in ``origin``, of ``path``; None is the frame. ``holder`` tells that
    the storage is lent because it holds a collected object that is: when it changes, nobody may be left who does."""

    number: int
    op: Operation
    path: Path | None
    mutable: bool
    origin: int
    point: int
    holder: bool = False


@attrs.frozen(eq=False)
class Access:
    """Something that may invalidate loans. ``kind`` is what happens, for people: ``read``, ``borrowed``, ``mutably borrowed``,
    ``assigned``, ``moved``, ``dropped``, ``ended``, ``left`` (an exit), ``redefined``."""

    point: int
    op: Operation
    path: Path
    depth: str
    writes: bool
    kind: str


@attrs.frozen(eq=False)
class Kill:
    """At ``point`` the loans are killed whose path begins with ``path`` (and goes on behind it, if ``below``)."""

    point: int
    path: Path
    below: bool


__all__ = ["Access", "Kill", "Loan", "Point"]
