"""Conditions: what a test in front of a loop would have to say for checks in it not to fail.

    ^loop(%i: usize):                   // u(i) < u(n) where the loop goes on
      check.bounds %i, %len             // cannot fail if u(len) - u(n) >= 0, which may be tested in front of ^loop

Steps, cited by number in the code:
 1. For each check in loops that the prover could not prove, it is asked again what it would take: goals whose numbers are all
    there in front of a loop, and that ``guards`` can test, may be assumed. The outermost loop that will do is taken.
 2. Of a search that failed it is known what would have helped (``failures``): where nothing of that may be assumed for a loop,
    there is no second search.
 3. A loop that is to have two copies no longer dominates what is behind it: what its branches and checks say is taken from no
    proof about a check behind it, and one that rests on such a fact is looked for again.
 4. Left alone are irreducible loops, those at the function's entry, and those with more than ``LARGEST`` operations.
 5. What is tested for one check may be what an earlier one lacked: it is tried once more.

Invariant: a condition is about numbers from outside of its loop. Nothing here proves anything: that the conditions are enough
is found out when the test stands there.

Reference: Gupta, Optimizing Array Bound Checks Using Flow Analysis, LOPLAS 1993, for the tests in front of loops.
"""

from __future__ import annotations

from itertools import accumulate

from altru_ir.passes.analysis.facts import Fact, Form, Point
from altru_ir.passes.analysis.inequalities import Inequalities
from altru_ir.passes.analysis.loops import Loop, Loops
from altru_ir.passes.proofs.failures import Failures
from altru_ir.passes.proofs.goals import Found, nodes_of, proven
from altru_ir.passes.proofs.nodes import Node, facts_of
from altru_ir.passes.proofs.prover import Prover
from altru_ir.passes.transform.guards import testable
from altru_ir.values import Operation

LARGEST = 400
CONDITIONS = 12
ENDS = 3
"""How many of the outermost and of the innermost loops around a check are tried."""
EFFORT = 100
"""When this many goals were looked at in vain for a check, no other loop and no other variant is tried."""
VARIANTS = ((True, False), (True, True), (False, False))
"""Whether what checks say is left out, and whether what keeps a sum from wrapping may be assumed."""


class Conditions:
    """For each loop of ``wanted``, what is to be tested in front of it; ``kept`` are the checks that nothing helps."""

    def __init__(
        self,
        loops: Loops,
        prover: Prover,
        found: dict[Operation, Found | None],
        logged: dict[Operation, tuple[int, int]],
    ) -> None:
        facts = prover.facts
        self.loops = loops
        self.facts = facts
        self.wanted: dict[Loop, list[Form]] = {}
        self.kept: set[Operation] = set()
        self._prover: Prover | None = None
        self._invariants: dict[Loop, _Invariant] = {}
        sizes = [0, *accumulate(len(facts.cfg.blocks[block].ops) for block in loops.order)]
        self._small = {
            loop
            for loop in loops.all
            if not loop.irreducible and loop.header != 0 and sizes[loop.end] - sizes[loop.start] <= LARGEST
        }
        number = facts.cfg.number
        again: list[tuple[Operation, Loop, Failures, int]] = []
        for op, nodes in found.items():
            assert op.block is not None
            innermost = loops.innermost[number[op.block]]
            log = None
            if nodes is not None:
                if not self.wanted or innermost is None or not self._rests_on_lost(nodes, op):
                    continue
                current = self._current()
                assert current.log is not None
                start = len(current.log)
                if proven(op, current) is not None:
                    continue
                log = Failures(current, start, len(current.log))
            log = log or Failures(prover, *logged[op])
            if innermost is None or not self._try(op, innermost, log):
                self.kept.add(op)
                if innermost is not None:
                    again.append((op, innermost, log, self._tests(innermost)))
        for op, innermost, log, so_far in again:  # 5
            if self._tests(innermost) > so_far:
                log.effort = 0
                if self._try(op, innermost, log):
                    self.kept.discard(op)

    def _tests(self, innermost: Loop) -> int:
        """How many forms are tested in front of a loop and those around it."""
        count, loop = 0, innermost
        while True:
            count += len(self.wanted.get(loop, ()))
            if loop.parent is None:
                return count
            loop = loop.parent

    def _try(self, op: Operation, innermost: Loop, log: Failures) -> bool:  # 1
        chain = [innermost]
        while chain[-1].parent is not None:
            chain.append(chain[-1].parent)
        for loop in chain[::-1] if len(chain) <= 2 * ENDS else [*chain[: -ENDS - 1 : -1], *chain[ENDS - 1 :: -1]]:
            if loop not in self._small or log.effort >= EFFORT:
                continue
            known = self.wanted.get(loop, [])
            invariant = self._invariants.get(loop)
            if invariant is None:
                invariant = self._invariants[loop] = _Invariant(self.facts, self.loops, loop)
            missing = self._missing(op, invariant, log, known)
            fresh = None if missing is None else [form for form in missing if form not in known]
            if fresh is not None and len(known) + len(fresh) <= CONDITIONS and not self._in_vain(fresh, loop):
                if fresh:
                    self.wanted[loop] = known + fresh
                    if not known:
                        self._prover = None
                return True
        return False

    def _missing(self, op: Operation, invariant: _Invariant, log: Failures, known: list[Form]) -> list[Form] | None:
        """What has to hold in front of a loop, beside ``known``, for a check in it not to fail; None when nothing will do."""

        def fresh() -> Prover:
            prover = self._fresh()
            for form in known:
                prover.suppose(form, invariant.header)
            return prover

        def ask(prover: Prover) -> list[Node] | None:
            found = proven(op, prover)
            return None if found is None else nodes_of(found)

        log.read(invariant, known)
        return log.assumed(ask, invariant, fresh, VARIANTS, EFFORT)

    def _in_vain(self, forms: list[Form], loop: Loop) -> bool:
        """Whether one of the forms is known not to hold in front of the loop."""
        facts = self.facts
        point = facts.before(facts.cfg.blocks[loop.header].ops[0])
        for form in forms:
            opposite = {number: -coefficient for number, coefficient in form.items()}
            opposite[0] = opposite.get(0, 0) - 1
            if not opposite[0]:
                del opposite[0]
            if self._current().prove(opposite, point) is not None:
                return True
        return False

    # -- 3 -----------------------------------------------------------------------------------------------------------------

    def _current(self) -> Prover:
        """A prover that takes nothing from the loops that are to have two copies."""
        if self._prover is None:
            self._prover = self._fresh()
            self._prover.log = []
        return self._prover

    def _fresh(self) -> Prover:
        prover = Prover(self.facts)
        if self.wanted:
            prover.ignore = self._lost
        return prover

    def _lost(self, fact: Fact, point: Point) -> bool:
        source = fact.origin
        if source is None or source[0] not in ("branch", "passed") or point.block is None:
            return False
        number = self.facts.cfg.number
        at, here = number[source[1].block], number[point.block]
        contains = self.loops.contains
        return any(contains(loop, at) and not contains(loop, here) for loop in self.wanted)

    def _rests_on_lost(self, nodes: Found, op: Operation) -> bool:
        point = self.facts.before(op)
        return any(self._lost(fact, point) for fact in facts_of(nodes_of(nodes)))


class _Invariant:
    """Step 1: whether a goal can be tested in front of a loop, and the point where it is wanted is behind the test."""

    def __init__(self, facts: Inequalities, loops: Loops, loop: Loop) -> None:
        self.facts = facts
        self.loops = loops
        self.loop = loop
        self.header = facts.cfg.blocks[loop.header]
        self.limit = facts.rank_of_block(self.header)

    def __call__(self, goal: Form, point: Point) -> bool:
        """Numbers that are there at a point of the loop are there in front of it if their ranks are below the header's."""
        rank, limit = self.facts.rank, self.limit
        return all(rank[number] < limit for number in goal) and self.is_behind(point) and testable(goal, self.facts)

    def is_behind(self, point: Point) -> bool:
        """Whether a point is in the loop, or on an edge to it."""
        inside = point.block is not None and self.loops.contains(self.loop, self.facts.cfg.number[point.block])
        return inside or point.into is self.header
