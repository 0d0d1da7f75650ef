"""The prover: is a linear form of a function's numbers never negative at a point?

    goal   u(n) - u(i) - 1                     at the access in ^body
      i is an argument of ^loop: what is known of it here?      u(k) - u(i) - 1 >= 0, the edge to ^body
      left u(n) - u(k)
      k is umin %n, %m, and so u(n) - u(k) >= 0
      left 0                                   proven

Search, backward from the goal: a number is taken out of it by adding a fact about that number with the right sign; what is
left is the next goal. Rules, cited by number in the code:

 1. A goal whose numbers cannot take it below 0, each at its own limits, is proven.
 2. A fact with the same sign for a number takes it out; if the coefficients do not divide, the goal is multiplied by s first,
    and then s - 1 may be added, for s * p >= -(s - 1) implies p >= 0 in integers. A common divisor is taken out likewise.
 3. A fact that p is not 0 is one that p - 1 >= 0 where p >= 0 can be proven, and one that -p - 1 >= 0 where -p >= 0 can.
 4. An operation that computes modulo 2^w is its polynomial if that does not leave the numbers of its reading: two goals more.
 5. A goal about an argument of a block, in which all other numbers are there at its entry, may be an invariant of the block:
    it is proven on each edge into it, for what the edge hands over, and may be used meanwhile (induction). If that fails, what
    was proven with its help is forgotten.
 6. A goal about a ``select`` holds if it does for both operands, each under its case of the condition; so does one with a
    minimum that must not be small, or a maximum that must not be large.
 7. A fact about x times another number that is not negative is a fact about their product.
 8. A goal holds behind a block where edges meet if it holds on each of them: what each edge says is lost in the block.
 9. Who asks may allow goals to be taken for true (``assume``): what a guard in front of a loop could test. One that can be
    proven is not, and of the others the first met, which is the nearest to the goal; from then on it is a fact. Such an answer
    is no proof; it says what would make one. ``without_checks`` leaves out what checks say, for that comes from the bounds
    of other memory; ``ignore`` leaves out others. Without ``assume_needs`` rule 4's two goals more are to be proven.
10. A goal that some run makes negative (``samples``) cannot be proven, and is not tried; runs say nothing about what was
    assumed. They are asked for after the first ``UNSAMPLED`` goals, so that simple functions cost nothing.

The search goes from later numbers to earlier ones: facts that bring in a number later than those of the goal are tried last.
Each goal is looked at once for a point (one that is no easier than one that failed, fails), at most ``STEPS`` for a question
and ``DEPTH`` deep (``SHALLOW`` at least for a lemma): the cost of a question is bounded, and "not proven" says nothing.

Invariant: what it says is proven is so; the nodes it gives are what ``writer`` makes a certificate of, which a checker reads.

References: Bodik, Gupta, Sarkar, ABCD: Eliminating Array Bounds Checks on Demand, PLDI 2000 (demand-driven, with induction over
cycles); Bledsoe, A New Method for Proving Certain Presburger Formulas, IJCAI 1975 (taking numbers out by their bounds).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from math import gcd
from typing import TYPE_CHECKING, Protocol

import attrs

from altru_ir.module import Block
from altru_ir.passes.analysis.inequalities import CHOICES, Fact, Form, Inequalities, Point, choice_says
from altru_ir.passes.proofs.samples import Samples
from altru_ir.values import Operation, Successor, Value

if TYPE_CHECKING:
    from altru_ir.passes.proofs.alignment import Alignments

STEPS = 48
DEPTH = 7
SHALLOW = 4
UNSAMPLED = 8
LEMMAS = 4
MEETINGS = 1
CLIMB = 4
CANDIDATES = 6
EDGES = 24


@attrs.frozen(eq=False)
class Use:
    """Rule 2: ``scale * goal + (scale - 1) = multiplier * fact + rest``."""

    goal: Form
    fact: Fact
    scale: int
    multiplier: int
    rest: Node
    needs: tuple[Node, ...] = ()


@attrs.frozen(eq=False)
class Limits:
    """Rule 1."""

    goal: Form


@attrs.frozen(eq=False)
class Reduced:
    """Rule 2: ``goal = divisor * rest + slack``."""

    goal: Form
    divisor: int
    rest: Node


@attrs.frozen(eq=False)
class Inductive:
    """Rule 5: ``goal`` is the lemma."""

    goal: Form
    lemma: Claim


@attrs.frozen(eq=False)
class Split:
    """Rule 6: ``number`` is what ``choice`` gives, the nodes are for its operands."""

    goal: Form
    number: int
    choice: Operation
    if_true: Node
    if_false: Node


@attrs.frozen(eq=False)
class Assumed:
    """Rule 9."""

    goal: Form


Node = Use | Limits | Reduced | Inductive | Split | Assumed


@attrs.define(eq=False)
class Claim:
    """An invariant of a block. ``edges`` has a node for each edge; None for one that cannot be reached."""

    block: Block
    form: Form
    fact: Fact
    edges: list[Node | None]


class Allowed(Protocol):
    """Rule 9: what may be taken for true, on each entry of the block ``header``."""

    header: Block

    def __call__(self, goal: Form, point: Point) -> bool:
        """Whether ``goal`` may be, at ``point``."""


Candidate = tuple[bool, tuple[int, int, int], Fact, int, int, Form]
"""Whether a fact is about another number than the latest, how hard what it leaves over is, the fact, and rule 2's numbers."""


class _Question:
    """The work on one point: ``failed`` has, by coefficients, the largest constant that was not enough."""

    __slots__ = ("failed", "point")

    def __init__(self, point: Point) -> None:
        self.point = point
        self.failed: dict[frozenset[tuple[int, int]], int] = {}


class Prover:
    """Answers questions about one function, as it is. ``steps`` counts the goals looked at."""

    def __init__(self, facts: Inequalities) -> None:
        self.facts = facts
        self.steps = 0
        self._left = 0
        self._supposing = False
        self._nested = 0
        self._claims: dict[tuple[Block, frozenset[tuple[int, int]]], Claim | None] = {}
        self._proven: list[tuple[Block, frozenset[tuple[int, int]]]] = []
        self.assume: Allowed | None = None
        self.without_checks = False
        self.assume_needs = True
        self.ignore: Callable[[Fact, Point], bool] | None = None
        self._failed: list[tuple[Block, frozenset[tuple[int, int]]]] = []
        self._known: dict[int, list[Fact]] = {}  # the claims, by number
        self._sharper: dict[Fact, tuple[Fact, ...]] = {}

    @cached_property
    def alignments(self) -> Alignments:
        """The other kind of questions."""
        from altru_ir.passes.proofs.alignment import Alignments

        return Alignments(self.facts)

    def prove(self, goal: Form, point: Point, steps: int = STEPS) -> Node | None:
        """A node that shows that ``goal`` is not negative at ``point``; None when none was found."""
        self._left = steps
        return self._prove(goal, _Question(point), DEPTH)

    @cached_property
    def samples(self) -> Samples:
        """Rule 10: what some runs had."""
        if self.facts.sampled is None:
            self.facts.sampled = Samples(self.facts)
        found: Samples = self.facts.sampled
        return found

    def _may_sample(self) -> bool:
        return self.steps >= UNSAMPLED and not self._supposing and self.assume is None

    def _refuted(self, goal: Form, point: Point) -> bool:  # 10
        return self._may_sample() and self.samples.refuted(goal, point)

    def suppose(self, form: Form, block: Block) -> None:
        """Takes it for true that ``form`` is not negative on each entry of ``block``."""
        facts = self.facts
        self._supposing = True
        number = facts.cfg.number[block]
        fact = Fact(form, facts.rank_of_block(block), facts.tree.last[number], None, ("supposed",), False, False)
        for each in form:
            if each:
                self._known.setdefault(each, []).append(fact)

    # -- search ------------------------------------------------------------------------------------------------------------

    def _never_negative(self, goal: Form) -> bool:  # 1
        low, high = self.facts.low, self.facts.high
        least = 0
        for number, coefficient in goal.items():
            least += coefficient * (low[number] if coefficient > 0 else high[number])
        return least >= 0

    def _may_be(self, goal: Form) -> bool:
        """Whether some numbers within the limits make it not negative."""
        low, high = self.facts.low, self.facts.high
        most = 0
        for number, coefficient in goal.items():
            most += coefficient * (high[number] if coefficient > 0 else low[number])
        return most >= 0

    def _prove(self, goal: Form, question: _Question, depth: int) -> Node | None:
        if self._never_negative(goal):
            return Limits(goal)
        constant = goal.get(0, 0)
        numbers = [each for each in goal if each]
        if not numbers or self._left <= 0 or depth <= 0:
            return None
        key = frozenset([(each, goal[each]) for each in numbers])
        worst = question.failed.get(key)
        if worst is not None and constant <= worst:
            return None
        if self._refuted(goal, question.point):  # 10
            question.failed[key] = constant
            return None
        question.failed[key] = constant  # meanwhile too: a goal does not help itself
        self._left -= 1
        self.steps += 1
        found = self._search(goal, numbers, question, depth)
        if found is not None:
            if worst is None:
                del question.failed[key]
            else:
                question.failed[key] = worst
        return found

    def _search(self, goal: Form, numbers: list[int], question: _Question, depth: int) -> Node | None:
        constant = goal.get(0, 0)
        divisor = gcd(*[goal[each] for each in numbers])
        if divisor > 1:
            smaller = {each: goal[each] // divisor for each in numbers}
            if constant // divisor:
                smaller[0] = constant // divisor
            rest = self._prove(smaller, question, depth)
            return None if rest is None else Reduced(goal, divisor, rest)
        rank = self.facts.rank
        numbers.sort(key=lambda each: (-rank[each], each))
        latest_rank = rank[numbers[0]]
        later: list[Candidate] = []
        left_over: list[Form] = []
        for each in numbers:
            for fact in self._about(each, question.point):
                if not (fact.exact or (fact.form[each] > 0) == (goal[each] > 0)):
                    continue
                scale, multiplier, rest_goal = _taken_out(goal, each, fact.form)
                if self._never_negative(rest_goal):
                    needs = self._needs(fact, question, depth)
                    if needs is not None:
                        return Use(goal, fact, scale, multiplier, Limits(rest_goal), needs)
                elif self._may_be(rest_goal) and rest_goal not in left_over:
                    is_later = any(rank[other] > latest_rank for other in fact.form)
                    left_over.append(rest_goal)
                    easy = len(rest_goal) - (0 in rest_goal), -rest_goal.get(0, 0), max(rank[o] for o in rest_goal) >= 0
                    later.append((each != numbers[0] or is_later, easy, fact, scale, multiplier, rest_goal))
        later = sorted(later, key=lambda each: each[:2])[:CANDIDATES]
        if self.assume is not None and self.assume(goal, question.point):  # 9
            allowed, self.assume = self.assume, None
            by_itself = self._search(goal, numbers, _Question(question.point), depth)
            self.assume = allowed
            if by_itself is not None:
                return by_itself
            self.suppose(goal, allowed.header)
            return Assumed(goal)
        latest = numbers[0]
        about_latest = [each for each in later if not each[0]]
        found = None
        if self._is_least_or_most(latest):  # nothing else says as much
            found = self._as_computed(goal, latest, question, depth) or self._any_of(goal, about_latest, question, depth)
        else:
            found = self._any_of(goal, about_latest, question, depth) or self._as_computed(goal, latest, question, depth)
        if found is None:
            found = self._invariant(goal, latest, depth)
        if found is None and self._nested < MEETINGS:
            found = self._meeting(goal, question.point, depth)
        if found is None:
            found = self._any_of(goal, later[len(about_latest) :], question, depth)
        for each in numbers[1:3]:
            if found is None:
                found = self._as_computed(goal, each, question, depth)
        return found

    def _any_of(self, goal: Form, later: list[Candidate], question: _Question, depth: int) -> Node | None:
        for _, _, fact, scale, multiplier, rest_goal in later:
            found = self._prove(rest_goal, question, depth - 1)
            if found is not None:
                needs = self._needs(fact, question, depth)
                if needs is not None:
                    return Use(goal, fact, scale, multiplier, found, needs)
        return None

    def _about(self, number: int, point: Point) -> list[Fact]:
        found = self.facts.at(number, point)
        known = self._known.get(number)
        if known:
            rank, before = point.rank, point.before
            found = [fact for fact in known if fact.rank < rank and fact.last >= before] + found
        factors = self.facts.factors[number]
        if factors is not None:
            found = found + self._multiplied(number, factors, point)
        if any(fact.differs for fact in found):
            found = [other for fact in found for other in (self._sharpened(fact) if fact.differs else (fact,))]
        if self.without_checks:
            found = [fact for fact in found if fact.origin is None or fact.origin[0] != "passed"]
        if self.ignore is not None:
            ignore = self.ignore
            found = [fact for fact in found if not ignore(fact, point)]
        return found

    def _sharpened(self, fact: Fact) -> tuple[Fact, ...]:  # 3
        known = self._sharper.get(fact)
        if known is None:
            known = self._sharper[fact] = tuple(sharpened(fact))
        return known

    def _needs(self, fact: Fact, question: _Question, depth: int) -> tuple[Node, ...] | None:
        found: list[Node] = []
        allowed = self.assume
        if not self.assume_needs:
            self.assume = None
        for need in fact.needs:
            node = self._prove(need, question, depth - 1)
            if node is None:
                break
            found.append(node)
        self.assume = allowed
        return tuple(found) if len(found) == len(fact.needs) else None

    def _as_computed(self, goal: Form, number: int, question: _Question, depth: int) -> Node | None:  # 4, 6
        facts = self.facts
        value, reading = facts.terms[number]
        if value is None or isinstance(reading, int) or not value.type.is_integer:
            return None
        op = value.operation
        if op is not None and _chooses(op, reading, goal[number]):
            return self._split(goal, number, op, question, depth)
        for fact in self._computed(number, value, reading, question.point):
            scale, multiplier, rest_goal = _taken_out(goal, number, fact.form)
            rest = self._prove(rest_goal, question, depth - 1)
            if rest is not None:
                needs = self._needs(fact, question, depth)
                if needs is not None:
                    return Use(goal, fact, scale, multiplier, rest, needs)
        return None

    def _is_least_or_most(self, number: int) -> bool:
        value = self.facts.terms[number][0]
        op = None if value is None else value.operation
        return op is not None and op.decl.name in CHOICES and op.decl.name != "select"

    def _computed(self, number: int, value: Value, reading: str, point: Point) -> list[Fact]:
        """What a number is if nothing wraps, and the same value in its other reading."""
        facts = self.facts
        other_reading = "s" if reading == "u" else "u"
        other = facts.number(value, other_reading)[0]
        found = facts.computed(number)
        says = other and any(not fact.differs for fact in facts.at(other, point))  # `ne` says the same in both readings
        if other and (says or self._known.get(other) or self._is_extended(value, other_reading)):
            found = [*found, facts.equal(number, {other: 1}, ("reading", value, reading))]
        return found

    @staticmethod
    def _is_extended(value: Value, reading: str) -> bool:
        op = value.operation
        return op is not None and reading == "u" and op.decl.name in ("zext", "udiv", "urem", "lshr", "and")

    def _split(self, goal: Form, number: int, op: Operation, question: _Question, depth: int) -> Node | None:  # 6
        facts = self.facts
        reading = facts.terms[number][1]
        nodes = []
        for first in (True, False):
            value, says = choice_says(op, first)
            replaced = _replaced(goal, {number: facts.form((((1, value, reading),), 0))})
            point = facts.says(says, question.point, ("chosen", op, first))
            node = self._prove(replaced, _Question(point), depth - 1)
            if node is None:
                return None
            nodes.append(node)
        return Split(goal, number, op, nodes[0], nodes[1])

    def _multiplied(self, product: int, factors: tuple[int, int], point: Point) -> list[Fact]:  # 7
        facts = self.facts
        found: list[Fact] = []
        for of, by in {(factors[0], factors[1]), (factors[1], factors[0])}:
            if facts.low[by] < 0:
                continue
            for fact in self._about(of, point):
                if fact.needs or len(found) >= CANDIDATES:
                    continue
                form = facts.times(fact.form, by)
                if form is not None and product in form:
                    found.append(Fact(form, fact.rank, fact.last, None, ("times", fact, by), fact.exact, False))
        return sorted(found, key=lambda fact: -fact.rank)

    # -- induction ---------------------------------------------------------------------------------------------------------

    def _invariant(self, goal: Form, latest: int, depth: int) -> Node | None:  # 5
        facts = self.facts
        block: Block | None = None
        for each in goal:
            for number in facts.factors[each] or (each,):
                value = facts.terms[number][0]
                if value is None:
                    continue
                owner = value.owner
                if isinstance(owner, Block) and (block is None or facts.rank[number] >= facts.rank_of_block(block)):
                    block = owner
        return None if block is None else self._claimed(goal, block, depth)

    def _meeting(self, goal: Form, point: Point, depth: int) -> Node | None:  # 8
        facts = self.facts
        tree, number, blocks = facts.cfg.dominators, facts.cfg.number, facts.cfg.blocks
        block = point.block
        for _ in range(CLIMB):
            if block is None or facts.rank_of_block(block) == 0:
                return None
            edges = facts.edges[block]
            if len(edges) > 1:
                at = number[block]
                around = any(tree.dominates(at, number[terminator.block]) for terminator, _ in edges)  # type: ignore[index]
                return None if around else self._claimed(goal, block, depth)
            block = blocks[tree.parent[number[block]]]
        return None

    def _claimed(self, goal: Form, block: Block, depth: int) -> Node | None:
        """Whether ``goal`` holds on each entry of a block: on each edge into it."""
        facts = self.facts
        if block in facts.cleanups or block is facts.function.blocks[0]:
            return None
        start = facts.rank_of_block(block)
        if any(facts.rank[each] > start for each in goal if each):
            return None
        key = (block, frozenset(goal.items()))
        if key in self._claims:
            known = self._claims[key]
            return None if known is None else Inductive(goal, known)
        if self._nested >= LEMMAS or (self._may_sample() and self.samples.refuted_on(goal, block)):  # 10
            return None
        edges = facts.edges[block]
        if len(edges) > EDGES:
            return None
        arguments = [each for each in goal if each and self._is_of(each, block)]
        number = facts.cfg.number[block]
        claim = Claim(block, goal, Fact(goal, start, facts.tree.last[number], None, None, False, False), [])
        claim.fact.source = ("lemma", claim)
        self._claims[key] = claim
        for each in goal:
            if each:
                self._known.setdefault(each, []).append(claim.fact)
        so_far = len(self._proven)
        self._nested += 1
        holds = self._on_edges(claim, edges, arguments, max(depth, SHALLOW))
        self._nested -= 1
        if holds:
            self._proven.append(key)
            return Inductive(goal, claim)
        for other in self._proven[so_far:]:
            self._forget(other)
            del self._claims[other]
        del self._proven[so_far:]
        self._forget(key)
        self._claims[key] = None
        if self._nested:
            self._failed.append(key)  # it may have wanted more than was left; asked by itself it gets another try
        else:
            for other in self._failed:
                self._claims.pop(other, None)
            self._failed.clear()
        return None

    def _is_of(self, number: int, block: Block) -> bool:
        terms = self.facts.terms
        values = (terms[each][0] for each in self.facts.factors[number] or (number,))
        return any(value is not None and value.owner is block for value in values)

    def _forget(self, key: tuple[Block, frozenset[tuple[int, int]]]) -> None:
        claim = self._claims[key]
        assert claim is not None
        for each in claim.form:
            if each:
                self._known[each].remove(claim.fact)

    def _on_edges(self, claim: Claim, edges: list[tuple[Operation, Successor]], arguments: list[int], depth: int) -> bool:
        facts = self.facts
        block = claim.block
        for terminator, edge in edges:
            assert terminator.block is not None
            if not facts.tree.reachable(facts.cfg.number[terminator.block]):
                claim.edges.append(None)
                continue
            handed = edge_values(block, edge)
            replacement: dict[int, Form] = {}
            for number in arguments:
                form = self._handed(number, block, handed)
                if form is None:
                    return False
                replacement[number] = form
            goal = _replaced(claim.form, replacement)
            point = facts.edge(terminator, terminator.successors.index(edge))
            node = self._prove(goal, _Question(point), depth - 1)
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


def assumptions(nodes: list[Node]) -> list[Form]:
    """What was taken for true (rule 9) in the nodes, each form once."""
    found: list[Form] = []
    claims: set[Claim] = set()
    work = list(nodes)
    while work:
        node = work.pop()
        if isinstance(node, Assumed):
            if node.goal not in found:
                found.append(node.goal)
        elif isinstance(node, Use):
            work += [*node.needs, node.rest]
            source = node.fact.source
            if source[0] == "supposed" and node.fact.form not in found:
                found.append(node.fact.form)
            if source[0] == "lemma" and source[1] not in claims:
                claims.add(source[1])
                work += [each for each in source[1].edges if each is not None]
        elif isinstance(node, Reduced):
            work.append(node.rest)
        elif isinstance(node, Split):
            work += [node.if_false, node.if_true]
        elif isinstance(node, Inductive) and node.lemma not in claims:
            claims.add(node.lemma)
            work += [each for each in node.lemma.edges if each is not None]
    return found


def _chooses(op: Operation, reading: str, coefficient: int) -> bool:  # 6
    """Whether the operands by themselves say more of the result than what is stated of it, for a goal with a coefficient."""
    name = op.decl.name
    return name == "select" or (name in CHOICES and name[0] == reading and (coefficient > 0) == (name[1:] == "min"))


def sharpened(fact: Fact) -> list[Fact]:  # 3
    """What a fact that differs says where one side is known to be no larger than the other, both ways."""
    found = []
    for sign in (1, -1):
        side = {each: sign * coefficient for each, coefficient in fact.form.items()}
        form = dict(side)
        form[0] = form.get(0, 0) - 1
        if not form[0]:
            del form[0]
        made = Fact(form, fact.rank, fact.last, None, ("distinct", fact, sign), False, False)
        made.needs = (side,)
        made.origin = fact.origin
        found.append(made)
    return found


def edge_values(block: Block, edge: Successor) -> dict[Value, Value]:
    """What an edge hands over, by argument; those that the terminator gives itself are left out."""
    given = len(block.args) - len(edge.args)
    return dict(zip(block.args[given:], edge.args, strict=True))


def _taken_out(goal: Form, number: int, fact: Form) -> tuple[int, int, Form]:  # 2
    """``scale`` and ``multiplier``, and ``scale * goal + scale - 1 - multiplier * fact``, which is without ``number``."""
    a, b = goal[number], fact[number]
    common = gcd(a, b)
    scale, multiplier = abs(b) // common, a // common if b > 0 else -a // common
    rest = dict(goal) if scale == 1 else {each: scale * coefficient for each, coefficient in goal.items()}
    for each, coefficient in fact.items():
        left = rest.get(each, 0) - multiplier * coefficient
        if left:
            rest[each] = left
        else:
            rest.pop(each, None)
    if scale > 1:
        rest[0] = rest.get(0, 0) + scale - 1
        if not rest[0]:
            del rest[0]
    return scale, multiplier, rest


def _replaced(goal: Form, replacement: dict[int, Form]) -> Form:
    """``goal`` with forms in the place of numbers."""
    found: Form = {}
    for each, coefficient in goal.items():
        form = replacement.get(each)
        if form is None:
            found[each] = found.get(each, 0) + coefficient
        else:
            for other, factor in form.items():
                found[other] = found.get(other, 0) + coefficient * factor
    return {each: coefficient for each, coefficient in found.items() if coefficient}
