"""A search: what is known at a point while a question is worked on, and the log of the goals that were not proven.

    0  Failed  u(n) - u(j) - 1
    1  Failed  u(n) - u(i) - 1, which led to the one above: start 0
    2  Again   the one at place 1

``failures`` reads it backward, to tell which goal would have helped if it had been known.

Invariant: what a goal led to stands in front of it, from ``start`` on.
"""

from __future__ import annotations

from typing import NamedTuple

from altru_ir.module import Block
from altru_ir.passes.analysis.facts import Fact, Form, Point
from altru_ir.passes.proofs.nodes import Node

Key = frozenset[tuple[int, int]]
"""A form, to be found by."""
Claimed = tuple[Block, Key]
"""What identifies a claim."""


class Question:
    """The work on one point: ``failed`` has, by coefficients, the largest constant that was not enough, ``about`` the facts of
    each number, ``logged`` where in the log it failed."""

    __slots__ = ("about", "failed", "logged", "point", "proven")

    def __init__(self, point: Point) -> None:
        self.point = point
        self.about: dict[int, list[Fact]] = {}
        self.logged: dict[Key, int] = {}
        self.failed: dict[Key, int] = {}
        self.proven: dict[Key, Node] = {}


class Failed:
    """A goal that was looked at and not proven: ``key`` are its coefficients, ``top`` is the rank of its latest number; where,
    whether it was only to keep a sum from wrapping, the place in the log of the first of those that it led to, which stand in
    front of it, and whether it was not tried, for some run refutes it."""

    __slots__ = ("goal", "is_need", "is_open", "key", "point", "start", "top")

    def __init__(self, goal: Form, key: Key, point: Point, top: int, is_need: bool, start: int, is_open: bool = False) -> None:
        self.goal = goal
        self.key = key
        self.point = point
        self.top = top
        self.is_need = is_need
        self.start = start
        self.is_open = is_open


class Again(NamedTuple):
    """A goal that was asked for again, and its place in the log."""

    place: int


class Refuted(NamedTuple):
    """A claim that was known to fail when it was asked for again."""

    claim: Claimed
    is_need: bool


Place = tuple[Key, int, Block | None]
"""A goal and where it is asked, to be found by (``place_of``)."""


def place_of(goal: Form, point: Point) -> Place:
    """A goal and where it is asked, to be found by."""
    return frozenset(goal.items()), point.rank, point.into
