"""Facts: linear forms that are known not to be negative, with the points at which they hold.

    cond_br %more, ^body, ^done      // %more = icmp ult %i, %n
  ^body:                             // Fact({n: 1, i: -1, 0: -1}), from the rank of ^body to the last block that it dominates

Points and facts are placed by *ranks*: positions in a walk over the dominator tree in preorder, so that "dominates" is a
comparison of two integers. ``FactsOf`` has the facts of one number in that order, each with the nearest one above it.

Invariant: the facts of a number that hold at a point are the last one in front and those above it, if they reach it.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

from altru_ir.module import Block
from altru_ir.passes.analysis.definitions import Reading
from altru_ir.values import Operation, Value

MOST = 12
MOST_BOUNDS = 4
"""Of the facts of a number, so many of the nearest are looked at, and so many more that are bounds."""

Form = dict[int, int]
"""A linear form: coefficients by id, none of them 0; id 0 is the constant."""
Raw = tuple[tuple[tuple[int, Value, Reading], ...], int]
"""A form in terms of values and readings as the program has them: parts and a constant."""


class Fact:
    """``form >= 0`` (or ``== 0`` if ``exact``, or ``!= 0`` if ``differs``) where its source dominates.

    ``rank`` and ``last`` delimit those points; ``raw`` is the form before rule 1, ``source`` what states it (for the prover's
    own facts: how it got them), ``origin`` what stated the one that it follows from. ``needs`` has forms that must not be
    negative for it to hold.
    """

    __slots__ = ("differs", "exact", "form", "last", "needs", "origin", "rank", "raw", "source", "top")

    def __init__(self, form: Form, rank: int, last: int, raw: Raw | None, source: Any, exact: bool, differs: bool) -> None:
        self.form = form
        self.rank = rank
        self.last = last
        self.raw = raw
        self.source = source
        self.origin = source
        self.exact = exact
        self.differs = differs
        self.needs: tuple[Form, ...] = ()
        self.top: int | None = None


class Point:
    """Where something is to be proven: ``rank`` and ``before`` place it among the facts; ``also`` are facts of this point
    alone, by id: what an edge says on the edge itself. ``block`` is where it is, ``into`` where its edge leads; ``cases`` are
    the choices that are known to have been made, and how."""

    __slots__ = ("also", "before", "block", "cases", "into", "rank")

    def __init__(
        self, rank: int, before: int, block: Block | None, also: dict[int, list[Fact]] | None = None, into: Block | None = None
    ) -> None:
        self.rank = rank
        self.before = before
        self.block = block
        self.also = also
        self.into = into
        self.cases: tuple[tuple[Operation, bool], ...] = ()


class Entry:
    """An edge into a block: the point on it, None for one that cannot be reached; what it hands over by argument, without those
    that the terminator gives itself; and forms of that, by number, as they are asked for."""

    __slots__ = ("forms", "handed", "point")

    def __init__(self, point: Point | None, handed: dict[Value, Value]) -> None:
        self.point = point
        self.handed = handed
        self.forms: dict[int, Form] = {}


class FactsOf:
    """The facts of an id in preorder of the dominator tree, with the nearest one above each, and the nearest one at
    or above each that is a bound: about no other number."""

    __slots__ = ("above", "bounds", "facts", "ranks")

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.ranks: list[int] = []
        self.above: list[int] = []
        self.bounds: list[int] = []

    def link(self, stride: int) -> None:
        """Finds what is above the facts that were added since the last time."""
        facts, ranks, above, bounds = self.facts, self.ranks, self.above, self.bounds
        for here in range(len(above), len(facts)):
            fact = facts[here]
            before = fact.rank // stride
            at = here - 1
            while at >= 0 and facts[at].last < before:
                at = above[at]
            ranks.append(fact.rank)
            above.append(at)
            is_bound = len(fact.form) - (0 in fact.form) == 1
            bounds.append(here if is_bound else bounds[at] if at >= 0 else -1)

    def at(self, point: Point) -> list[Fact]:
        """The facts that hold at a point, the nearest first (rule 2 of ``inequalities``)."""
        found: list[Fact] = []
        at = bisect_left(self.ranks, point.rank) - 1
        facts, above, before = self.facts, self.above, point.before
        while at >= 0 and len(found) < MOST:
            fact = facts[at]
            if fact.last >= before:
                found.append(fact)
            at = above[at]
        if at >= 0:
            at = self.bounds[at]
            while at >= 0 and len(found) < MOST + MOST_BOUNDS:
                fact = facts[at]
                if fact.last >= before:
                    found.append(fact)
                at = self.bounds[above[at]] if above[at] >= 0 else -1
        return found

    def direct(self, goal: Form, point: Point) -> Fact | None:
        """A fact without needs that a goal about two numbers follows from as it stands."""
        facts, above, before = self.facts, self.above, point.before
        at = bisect_left(self.ranks, point.rank) - 1
        constant, size = goal.get(0, 0), len(goal)
        for _ in range(MOST):
            if at < 0:
                break
            fact = facts[at]
            form = fact.form
            if len(form) - size in (-1, 0, 1) and form.get(0, 0) <= constant and fact.last >= before:
                for each, coefficient in goal.items():
                    if each and form.get(each) != coefficient:
                        break
                else:
                    if len(form) - (0 in form) == 2 and not fact.differs and not fact.needs:
                        return fact
            at = above[at]
        return None
