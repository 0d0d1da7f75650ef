"""Chains: differences between two numbers, added up along facts that are each about two.

    %k1 = umin %n, %m        u(n) - u(k1) >= 0
    %k2 = umin %k1, %o       u(k1) - u(k2) >= 0
    cond_br (%i < %k2)       u(k2) - u(i) - 1 >= 0
      goal  u(n) - u(i) - 1  from i up: k2 - 1, k1 - 1, n - 1, and so proven, however long the chain

The facts with two numbers, once added and once subtracted, are the edges of a graph; what their constants sum up to on a way
from one number to another bounds the difference. Rules, cited by number in the code:

 1. A walk goes down from the number that is to be larger, and if that does not come to the other one, another walk goes up from
    that. Each finds all it can reach, breadth first, by the first way to each.
 2. A walk is kept for its block, since what holds at a point of a block holds behind it too: many checks against one length,
    or of one index, are one walk. Facts that come later are left to the prover's search.
 3. All walks of a function together take ``STEPS`` steps for each of its operations, and ``LEAST`` at least.

Invariant: ``sums[z]`` is the sum of the constants of facts that hold at the point: the lower number of the two is at most the
upper one plus that. Linear in the function.

Reference: Bodik, Gupta, Sarkar, ABCD: Eliminating Array Bounds Checks on Demand, PLDI 2000; Cormen and others, Introduction to
Algorithms, 24.4, for difference constraints as paths.
"""

from __future__ import annotations

from altru_ir.module import Block
from altru_ir.passes.analysis.facts import Fact, Form, Point
from altru_ir.passes.analysis.inequalities import Inequalities

STEPS, LEAST = 1, 256
Link = tuple[Fact, int]
"""A fact and 1, or -1 for the negative of one that is exact."""


class Chains:
    """The chains of one function, as far as they were asked for."""

    def __init__(self, facts: Inequalities) -> None:
        self.facts = facts
        self.left = LEAST + STEPS * sum(len(block.ops) for block in facts.cfg.blocks)  # 3
        self._walks: dict[tuple[int, int, Block | None], _Walk] = {}

    def find(self, goal: Form, point: Point) -> Way | None:
        """Facts whose sum, and something that is not negative, is ``goal``; None if there are none, or the goal is no
        difference of two numbers."""
        if len(goal) - (0 in goal) != 2 or point.also:
            return None
        (a, x), (b, y) = ((number, coefficient) for number, coefficient in goal.items() if number)
        if x + y or abs(x) != 1:
            return None
        low, high = (a, b) if x < 0 else (b, a)
        for start, end, direction in ((high, low, -1), (low, high, 1)):  # 1
            key = start, direction, point.block
            walk = self._walks.get(key)
            if walk is None or walk.rank > point.rank:  # 2
                walk = self._walks[key] = _Walk(self, start, direction, point)
            if walk.sums.get(end, goal.get(0, 0) + 1) <= goal.get(0, 0):
                return Way(walk, end)
        return None


class _Walk:
    """All that is found from a number at a point, upward (``direction`` 1) or downward (-1)."""

    def __init__(self, chains: Chains, start: int, direction: int, point: Point) -> None:
        self.start = start
        self.rank = point.rank
        self.sums = {start: 0}
        self.by: dict[int, tuple[int, Link]] = {}
        facts = chains.facts
        work = [start]
        for number in work:
            chains.left -= 1
            if chains.left < 0:
                break
            for fact in facts.at(number, point):
                form = fact.form
                sign = -direction * form[number]
                if len(form) - (0 in form) != 2 or not (sign == 1 or (sign == -1 and fact.exact)) or fact.differs or fact.needs:
                    continue
                other = next(each for each in form if each and each != number)
                if form[other] == -form[number] and other not in self.sums:
                    self.sums[other] = self.sums[number] + sign * form.get(0, 0)
                    self.by[other] = number, (fact, sign)
                    work.append(other)


class Way:
    """The facts on the way to a number, which are put together when they are asked for: most are not."""

    def __init__(self, walk: _Walk, end: int) -> None:
        self._walk = walk
        self._end = end

    @property
    def sum(self) -> int:
        """Of their constants."""
        return self._walk.sums[self._end]

    def links(self) -> list[Link]:
        """The facts, the last one first."""
        found: list[Link] = []
        number = self._end
        while number != self._walk.start:
            number, link = self._walk.by[number]
            found.append(link)
        return found
