"""Failures: what a search that found no proof has looked at, and so what would have helped it.

    check.bounds %i, %n       // looked at: u(n) - u(i) - 1, u(n) - u(m), s(n) - s(m); all in vain
      before the loop         // u(n) - u(m) >= 0 may be assumed there: ask again, with that
      of the parameters       // none of these is about parameters alone: no second search

``Prover.log`` has the goals, each behind those that it led to. Rules, cited by number in the code:
 1. What may be assumed is said by ``Allowed``; such a goal helps. So does one that was not tried for some run refutes it, and
    one that a form which is known besides may take a number out of.
 2. A goal that led to nothing that helps is hopeless: it fails again when something may be assumed.
 3. What may be assumed does not hold by itself, for it was looked at in vain.
 4. The search is repeated in variants, with or without what checks say and with or without assumptions that keep sums from
    wrapping; a variant that can find no more than one that failed is left out.

Invariant: nothing here proves anything. What is ruled out is what the search without the log would not find either.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from altru_ir.passes.analysis.facts import Form, Point
from altru_ir.passes.proofs.nodes import Node, assumptions
from altru_ir.passes.proofs.prover import Allowed, Prover
from altru_ir.passes.proofs.search import Again, Claimed, Failed, Place, Refuted, place_of

Variants = tuple[tuple[bool, bool], ...]
"""Whether what checks say is left out, and whether what keeps a sum from wrapping may be assumed. The narrowest comes first."""


class AllowedBehind(Allowed, Protocol):
    """Rule 1: what may be assumed, and where that is known then."""

    def is_behind(self, point: Point) -> bool:
        """Whether a point is one where what is assumed is known."""


class Failures:
    """What was looked at in vain from ``start`` to ``end`` in the log of a prover.

    ``read`` finds out what of it helps: ``failing`` has the goals that may be assumed, ``hopeless`` those that led to none;
    ``helps`` says whether there are any, ``helps_needs`` the same with those that keep sums from wrapping. ``effort`` counts
    the goals that were looked at in vain since.
    """

    def __init__(self, prover: Prover, start: int, end: int) -> None:
        self._log: list[Failed | Again | Refuted] = prover.log or []
        self._refuted = prover.inductions.refuted
        self._ends = prover.inductions.ends
        self._pieces = [(start, end, False)]
        claims: set[Claimed] = set()
        for first, last, is_need in self._pieces:
            for each in self._log[first:last]:
                if isinstance(each, Refuted) and each.claim not in claims and each.claim in self._refuted:
                    claims.add(each.claim)
                    self._pieces.append((*self._refuted[each.claim], is_need or each.is_need))
        self._pieces.sort()  # a claim failed before it was asked for again
        self.effort = 0
        self.failing: set[Place] = set()
        self.hopeless: dict[Place, int] = {}
        self.helps = self.helps_needs = False

    def read(self, allowed: AllowedBehind, known: list[Form]) -> None:
        """Looks at it all with one kind of assumptions in mind, where the forms ``known`` hold already."""
        self.failing = set()
        hopeless: dict[Place, int] = {}
        self.hopeless = hopeless
        self.helps = self.helps_needs = False
        limit = allowed.limit
        last_help = -1  # the place of the last one that helps
        help_of: dict[Claimed, int] = {}
        helping: set[int] = set()
        done = 0
        for first, end, is_need in self._pieces:
            for at in range(max(first, done), end):
                each = self._log[at]
                if isinstance(each, Refuted):
                    if each.claim not in self._refuted or help_of.get(each.claim, -1) >= self._refuted[each.claim][0]:
                        last_help = at
                    continue
                if isinstance(each, Again):
                    if each.place in helping:
                        last_help = at
                    continue
                may_be_assumed = each.top < limit and allowed(each.goal, each.point)  # 1
                if may_be_assumed:
                    self.failing.add(place_of(each.goal, each.point))  # 3
                if may_be_assumed or each.is_open or (known and allowed.is_behind(each.point) and _meets(each.goal, known)):
                    last_help = at
                    self.helps_needs = True
                    self.helps |= not (is_need or each.is_need)
                elif last_help < each.start:  # 2
                    place = each.key, each.point.rank, each.point.into
                    constant = each.goal.get(0, 0)
                    if constant >= hopeless.get(place, constant):
                        hopeless[place] = constant
                if last_help >= each.start:
                    helping.add(at)
                claim = self._ends.get(at + 1)
                if claim is not None:
                    help_of[claim] = last_help
            done = max(done, end)

    def assumed(
        self,
        ask: Callable[[Prover], list[Node] | None],
        allowed: AllowedBehind,
        fresh: Callable[[], Prover],
        variants: Variants,
        effort: int,
    ) -> list[Form] | None:
        """What is assumed when it is asked again; None when that does not help, or takes more than ``effort``.

        Parameters: ``fresh`` makes the provers, ``ask`` has one answer the question that failed. ``read`` comes first.
        """
        failed: tuple[bool, bool] | None = None
        wanted_needs = left_out = False
        for without_checks, assume_needs in variants:
            if not (self.helps_needs if assume_needs else self.helps):
                continue
            if (  # 4
                failed is not None
                and (without_checks == failed[0] or not left_out)
                and (assume_needs == failed[1] or not wanted_needs)
            ):
                continue
            prover = fresh()
            prover.assume_needs, prover.without_checks = assume_needs, without_checks
            prover.assume, prover.failing, prover.hopeless = allowed, self.failing, self.hopeless
            nodes = ask(prover)
            if nodes is not None:
                return assumptions(nodes)
            self.effort += prover.steps
            if self.effort >= effort:
                break
            if (without_checks, assume_needs) == variants[0]:
                failed, wanted_needs, left_out = variants[0], prover.wanted_needs, prover.left_out
        return None


def _meets(goal: Form, known: list[Form]) -> bool:
    """Whether what is known may take a number out of a goal."""
    return any(goal.get(number, 0) * coefficient > 0 for form in known for number, coefficient in form.items() if number)
