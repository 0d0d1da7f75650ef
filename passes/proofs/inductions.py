"""Inductions: goals that are invariants of a block (the prover's rules 5 and 8).

    ^loop(%i: i64):                goal u(n) - u(i), asked for below
      edge from ^entry   i := 0    u(n) >= 0
      edge from ^body    i := i+1  u(n) - u(i) - 1 >= 0, the test in ^loop

A claim is a goal at the entry of a block. While its edges are looked at it may be used, in what is asked on the way to them
too; if one of them fails, what was proven with its help is forgotten, claims and goals.

Invariant: between questions, ``known`` has facts of claims that hold, and of what was supposed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from altru_ir.module import Block
from altru_ir.passes.analysis.facts import Entry, Fact, Form, Point
from altru_ir.passes.proofs.forms import replaced
from altru_ir.passes.proofs.nodes import Claim, Inductive, Node
from altru_ir.passes.proofs.search import Claimed, Key, Question, Refuted
from altru_ir.values import Value

if TYPE_CHECKING:
    from altru_ir.passes.proofs.prover import Prover

SHALLOW = 8
LEMMAS = 4
EDGES = 24


class Inductions:
    """The claims of one prover."""

    def __init__(self, prover: Prover) -> None:
        self.prover = prover
        self.facts = prover.facts
        self.nested = 0
        """How many claims are being looked at."""
        self.claims: dict[Claimed, Claim | None] = {}
        self.known: dict[int, list[Fact]] = {}
        """The facts of the claims, by number."""
        self.tentative: list[tuple[Question, Key]] = []
        """Goals that were proven while some claim was looked at."""
        self.questions: dict[Point, Question] = {}
        self.refuted: dict[Claimed, tuple[int, int]] = {}
        """Where in the log that is what a claim failed by, from the first to behind the last."""
        self.ends: dict[int, Claimed] = {}
        """The claims by the latter."""
        self._proven: list[Claimed] = []
        self._failed: list[Claimed] = []

    def invariant(self, goal: Form, numbers: list[int], depth: int) -> Node | None:  # 5
        """``numbers`` are those of the goal, the latest first: it has to be an argument, or others are later than the entry."""
        facts = self.facts
        latest = facts.rank[numbers[0]]
        block: Block | None = None
        for each in numbers:
            if facts.rank[each] < latest:
                break
            at, owner = facts.argument(each)
            if at == latest:
                block = owner
        return None if block is None else self.claimed(goal, block, latest, depth)

    def meeting(self, goal: Form, latest: int, point: Point, depth: int) -> Node | None:  # 8
        met = None if point.block is None else self.facts.meeting(point.block)
        return None if met is None or latest > self.facts.rank_of_block(met) else self.claimed(goal, met, latest, depth)

    def claimed(self, goal: Form, block: Block, latest: int, depth: int) -> Node | None:
        """Whether ``goal``, whose latest number has the rank ``latest``, holds on each edge into a block."""
        facts = self.facts
        start = facts.rank_of_block(block)
        if latest > start or block in facts.cleanups or block is facts.function.blocks[0]:
            return None
        key = (block, frozenset(goal.items()))
        if key in self.claims:
            known = self.claims[key]
            if known is None and self.prover.log is not None:
                self.prover.log.append(Refuted(key, self.prover.for_needs))
            return None if known is None else Inductive(goal, known)
        if self.nested >= LEMMAS or (self.prover.may_sample() and self.prover.samples.refuted_on(goal, block)):  # 10
            return None
        entries = facts.entries(block)
        if len(entries) > EDGES:
            return None
        terms, factors = facts.terms, facts.factors
        arguments = []
        for each in goal:
            if factors[each] is not None:
                if self._is_of(each, block):
                    arguments.append(each)
            elif each and terms[each][0].owner is block:  # type: ignore[union-attr]
                arguments.append(each)
        number = facts.cfg.number[block]
        claim = Claim(block, goal, Fact(goal, start, facts.tree.last[number], None, None, False, False), [])
        claim.fact.source = ("lemma", claim)
        self.claims[key] = claim
        for each in goal:
            if each:
                self.known.setdefault(each, []).append(claim.fact)
        so_far, found_so_far = len(self._proven), len(self.tentative)
        logged = 0 if self.prover.log is None else len(self.prover.log)
        self.nested += 1
        holds = self._on_edges(claim, entries, arguments, max(depth, SHALLOW))
        self.nested -= 1
        if holds:
            self._proven.append(key)
        else:
            for other in self._proven[so_far:]:
                self._forget(other)
                del self.claims[other]
            del self._proven[so_far:]
            for question, goal_key in self.tentative[found_so_far:]:
                question.proven.pop(goal_key, None)
            del self.tentative[found_so_far:]
            self._forget(key)
            self.claims[key] = None
            if self.prover.log is not None:
                self.refuted[key] = logged, len(self.prover.log)
                self.ends[len(self.prover.log)] = key
        if not self.nested:
            self.tentative.clear()
            for other in self._failed:  # they may have wanted more than was left; asked by themselves they get another try
                self.claims.pop(other, None)
            self._failed.clear()
        elif not holds:
            self._failed.append(key)
        return Inductive(goal, claim) if holds else None

    def _is_of(self, number: int, block: Block) -> bool:
        terms = self.facts.terms
        values = (terms[each][0] for each in self.facts.factors[number] or (number,))
        return any(value is not None and value.owner is block for value in values)

    def _forget(self, key: Claimed) -> None:
        claim = self.claims[key]
        assert claim is not None
        for each in claim.form:
            if each:
                self.known[each].remove(claim.fact)

    def _on_edges(self, claim: Claim, entries: list[Entry], arguments: list[int], depth: int) -> bool:
        for entry in entries:
            point = entry.point
            if point is None:
                claim.edges.append(None)
                continue
            goal = claim.form
            if arguments:
                replacement: dict[int, Form] = {}
                for number in arguments:
                    form = entry.forms.get(number)
                    if form is None:
                        form = self._handed(number, claim.block, entry.handed)
                        if form is None:
                            return False
                        entry.forms[number] = form
                    replacement[number] = form
                goal = replaced(goal, replacement)
            question = self.questions.get(point)
            if question is None:
                question = self.questions[point] = Question(point)
            node = self.prover.holds(goal, question, depth - 1)
            if node is None:
                return False
            claim.edges.append(node)
        return True

    def _handed(self, number: int, block: Block, handed: dict[Value, Value]) -> Form | None:
        """What an edge hands over for a number of an argument, or for a product with one."""
        facts = self.facts
        found: Form = {0: 1}
        for each in facts.factors[number] or (number,):
            value, reading = facts.terms[each]
            if value is not None and value.owner is block:
                if value not in handed:
                    return None
                form = facts.form((((1, handed[value], reading),), 0))
            else:
                form = {each: 1}
            if not form:
                return {}
            if found == {0: 1}:
                found = form
            elif len(form) == 1 and 0 in form:
                found = {key: coefficient * form[0] for key, coefficient in found.items()}
            elif len(found) == 1 and 0 in found:
                found = {key: coefficient * found[0] for key, coefficient in form.items()}
            else:
                (other,) = form
                multiplied = facts.times(found, other)
                if multiplied is None:
                    return None
                found = multiplied
        return found
