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
 7. A fact about x times another number that is not negative is a fact about their product; if that is not known of it by its
    type, it is to be proven. So is what x is computed from, times the other one: with p = 2i + 1 and i <= 99, p * p is
    2i * p + p, and no more than 199 p. Where x >= 1 and y >= 0 can be proven, x * y >= y.
 8. A goal holds behind a block where edges meet if it holds on each of them: what each edge says is lost in the block.
 9. Who asks may allow goals to be taken for true (``assume``): what a guard in front of a loop could test. One that can be
    proven is not, nor one that contradicts another; of the others the first met, which is the nearest to the goal. From then
    on it is a fact. Such an answer is no proof; it says what would make one. ``without_checks`` leaves out what checks say,
    for that comes from the bounds of other memory; ``ignore`` leaves out others. Without ``assume_needs`` rule 4's two goals
    more are to be proven.
10. A goal that some run makes negative (``samples``) cannot be proven, and is not tried; runs say nothing about what was
    assumed. They cost as much as some hundred goals, and are asked for when ``UNSAMPLED`` goals were looked at in vain.
11. Where all coefficients but one have a common divisor, a fact that its number is at least some constant is used to make that
    one divisible too: 2n - 2i - k - 1 >= 0 follows from n - i - k >= 0 and k - 1 >= 0. That takes from what there is, and so
    is not done where all numbers are subtracted.
12. What some fact says as it stands is not searched for.
13. Nor is what facts about two numbers each add up to (``chains``).

The search goes from later numbers to earlier ones: facts that bring in a later number than those of the goal are tried in a
second search of at most ``AGAIN`` goals. Each goal is looked at once for a point: one that is no harder than one that was
proven holds, one that is no easier than one that failed fails. A question costs at most ``STEPS`` goals that are looked at in
vain and as many that are proven, or ``ASSUMING`` of both with rule 9, and goes ``DEPTH`` deep (``SHALLOW`` at least for a
lemma): the cost of a question is bounded, and "not proven" says nothing.

Invariant: what it says is proven is so; the nodes it gives are what ``writer`` makes a certificate of, which a checker reads.

References: Bodik, Gupta, Sarkar, ABCD: Eliminating Array Bounds Checks on Demand, PLDI 2000 (demand-driven, with induction over
cycles); Bledsoe, A New Method for Proving Certain Presburger Formulas, IJCAI 1975 (taking numbers out by their bounds).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from math import gcd
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, Protocol

import attrs

from altru_ir.module import Block
from altru_ir.passes.analysis.inequalities import CHOICES, Entry, Fact, Form, Inequalities, Point, choice_says
from altru_ir.passes.proofs.chains import Chains, Way
from altru_ir.passes.proofs.samples import Samples
from altru_ir.values import Operation, Value

if TYPE_CHECKING:
    from altru_ir.passes.proofs.alignment import Alignments

STEPS = 64
ASSUMING = 40
AGAIN = 12
DEPTH = 12
SHALLOW = 8
LARGE = 64
HUGE = 1 << 32
FAR, FAR_FETCHED = 1, 4
UNSAMPLED = 192
LEMMAS = 4
MEETINGS = 1
CANDIDATES = 6
BEYOND = 2
EDGES = 24
UNITS = frozenset({1, -1})


@attrs.define(eq=False)
class Use:
    """Rule 2: ``scale * goal + (scale - 1) = multiplier * fact + rest``."""

    goal: Form
    fact: Fact
    scale: int
    multiplier: int
    rest: Node
    needs: tuple[Node, ...] = ()


@attrs.define(eq=False)
class Limits:
    """Rule 1."""

    goal: Form


@attrs.define(eq=False)
class Reduced:
    """Rule 2: ``goal = divisor * rest + slack``, with a slack that is not negative."""

    goal: Form
    divisor: int
    rest: Node


@attrs.define(eq=False)
class Inductive:
    """Rule 5: ``goal`` is the lemma."""

    goal: Form
    lemma: Claim


@attrs.define(eq=False)
class Split:
    """Rule 6: the nodes are for the goal with the operands of ``choice`` in the place of what it gives."""

    goal: Form
    choice: Operation
    if_true: Node
    if_false: Node


@attrs.define(eq=False)
class Assumed:
    """Rule 9."""

    goal: Form


@attrs.define(eq=False)
class Along:
    """Rule 13: the facts of ``way`` and something that is not negative add up to ``goal``."""

    goal: Form
    way: Way


Node = Use | Limits | Reduced | Inductive | Split | Assumed | Along


@attrs.define(eq=False)
class Claim:
    """An invariant of a block. ``edges`` has a node for each edge; None for one that cannot be reached."""

    block: Block
    form: Form
    fact: Fact
    edges: list[Node | None]


class Allowed(Protocol):
    """Rule 9: what may be taken for true, on each entry of the block ``header``: only goals whose numbers all have ranks below
    ``limit``."""

    header: Block
    limit: int

    def __call__(self, goal: Form, point: Point) -> bool:
        """Whether ``goal`` may be, at ``point``."""


Key = frozenset[tuple[int, int]]
"""A form, to be found by."""
Claimed = tuple[Block, Key]
"""What identifies a claim."""


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

Step = tuple[int, Fact, int, int, Form]
"""The number that a fact takes out of a goal, the fact, rule 2's numbers, and what is left over."""
Hardness = tuple[bool, int, int, bool]
"""Whether a fact is about another number than the latest, or a bound that few numbers come near to; how hard what it leaves
over is: how many numbers, how far from 0 its constant, whether something of it is computed."""
Computation = tuple[Operation | None, str, list[Fact], int, bool]
"""Rules 4 and 6: one of ``CHOICES`` that gives a number, its reading, the facts that say what it is if nothing wraps, its
number in the other reading, or 0, and whether that is of use even if nothing is stated of it."""
NOTHING: Computation = (None, "", [], 0, False)
EXTENDING = frozenset({"zext", "bitcast", "udiv", "urem", "lshr", "and"})


class _Question:
    """The work on one point: ``failed`` has, by coefficients, the largest constant that was not enough, ``about`` the facts of
    each number, ``logged`` where in the log it failed."""

    __slots__ = ("about", "failed", "logged", "point", "proven")

    def __init__(self, point: Point) -> None:
        self.point = point
        self.about: dict[int, list[Fact]] = {}
        self.logged: dict[Key, int] = {}
        self.failed: dict[Key, int] = {}
        self.proven: dict[Key, Node] = {}


class Prover:
    """Answers questions about one function, as it is. ``steps`` counts the goals looked at, ``cut_off`` the questions for which
    there were too many, ``vain`` the goals that were looked at for questions without an answer."""

    def __init__(self, facts: Inequalities) -> None:
        self.facts = facts
        self.steps = 0
        self.cut_off = 0
        self.vain = 0
        self._left = 0
        self._spare = 0
        self._supposed: list[Form] = []
        self._beyond = False
        self._met_beyond = False
        self._nested = 0
        self._claims: dict[Claimed, Claim | None] = {}
        self._proven: list[Claimed] = []
        self._found: list[tuple[_Question, Key]] = []
        self.assume: Allowed | None = None
        self.without_checks = False
        self.left_out = False
        """Whether ``without_checks`` has made a difference."""
        self.assume_needs = True
        self.wanted_needs = False
        """Whether ``assume_needs`` would have made a difference."""
        self.ignore: Callable[[Fact, Point], bool] | None = None
        self._failed: list[Claimed] = []
        self._known: dict[int, list[Fact]] = {}  # the claims, by number
        self.failing: set[Place] = set()
        """With ``assume``, goals of which it is known that they do not hold by themselves."""
        self.hopeless: dict[Place, int] = {}
        """Goals that nothing that may be assumed helps, without their constants, and up to which constant."""
        self.log: list[Failed | Again | Refuted] | None = None
        """If a list, what was looked at and not proven is noted there."""
        self.refuted: dict[Claimed, tuple[int, int]] = {}
        """Where in the log that is what a claim failed by, from the first to behind the last."""
        self.ends: dict[int, Claimed] = {}
        """The claims by the latter."""
        self.beyond: list[Form] = []
        """Goals that were looked at in vain in second searches, which the log does not have."""
        self._for_needs = False
        self._questions: dict[Point, _Question] = {}
        self.chains = Chains(facts)
        self._sharper: dict[Fact, tuple[Fact, ...]] = {}
        self._computations: dict[int, Computation] = {}

    @cached_property
    def alignments(self) -> Alignments:
        """The other kind of questions."""
        from altru_ir.passes.proofs.alignment import Alignments

        return Alignments(self.facts)

    def prove(self, goal: Form, point: Point) -> Node | None:
        """A node that shows that ``goal`` is not negative at ``point``; None when none was found."""
        found = self._directly(goal, point) or self._along(goal, point)
        if found is not None:
            return found
        before = self.steps
        self._left = self._spare = STEPS if self.assume is None else ASSUMING
        self._met_beyond = False
        self._questions.clear()
        found = self._prove(goal, _Question(point), DEPTH)
        if found is None and self.assume is None and self._left > 0 and self._met_beyond:
            self._beyond, log, self.log = True, self.log, None
            self._left, self._spare = min(self._left, AGAIN), 0
            self._questions.clear()
            found = self._prove(goal, _Question(point), DEPTH)
            self._beyond, self.log = False, log
        if found is None:
            self.vain += self.steps - before
            self.cut_off += self._left <= 0
        return found

    def keep_log(self) -> list[Failed | Again | Refuted]:
        """Lets the log be kept, and gives it."""
        self.log = []
        return self.log

    @cached_property
    def samples(self) -> Samples:
        """Rule 10: what some runs had."""
        if self.facts.sampled is None:
            self.facts.sampled = Samples(self.facts)
        found: Samples = self.facts.sampled
        return found

    def _may_sample(self) -> bool:
        return self.vain >= UNSAMPLED and not self._supposed and self.assume is None

    def _refuted(self, goal: Form, point: Point) -> bool:  # 10
        return self._may_sample() and self.samples.refuted(goal, point)

    def suppose(self, form: Form, block: Block) -> None:
        """Takes it for true that ``form`` is not negative on each entry of ``block``."""
        facts = self.facts
        self._supposed.append(form)
        number = facts.cfg.number[block]
        fact = Fact(form, facts.rank_of_block(block), facts.tree.last[number], None, ("supposed",), False, False)
        for each in form:
            if each:
                self._known.setdefault(each, []).append(fact)

    def _is_contradicted(self, goal: Form) -> bool:
        """Whether the opposite of a goal was taken for true: both together are a test that always fails."""
        for form in self._supposed:
            opposite = all(form.get(number) == -coefficient for number, coefficient in goal.items() if number)
            if opposite and len(form) - (0 in form) == len(goal) - (0 in goal) and form.get(0, 0) + goal.get(0, 0) < 0:
                return True
        return False

    # -- search ------------------------------------------------------------------------------------------------------------

    def _directly(self, goal: Form, point: Point) -> Node | None:  # 12
        if self.ignore is not None or self.without_checks or len(goal) - (0 in goal) != 2:
            return None
        a, b = (number for number in goal if number)
        rank = self.facts.rank
        fact = self.facts.direct(goal, a if rank[a] >= rank[b] else b, point)
        if fact is None:
            return None
        self.steps += 1
        less = goal.get(0, 0) - fact.form.get(0, 0)
        return Use(goal, fact, 1, 1, Limits({0: less} if less else {}))

    def _along(self, goal: Form, point: Point) -> Node | None:  # 13
        if self.ignore is not None or self.without_checks or self.assume is not None:
            return None
        way = self.chains.find(goal, point)
        if way is None:
            return None
        self.steps += 1
        return Along(goal, way)

    def _never_negative(self, goal: Form) -> bool:  # 1
        low, high = self.facts.low, self.facts.high
        least = 0
        for number, coefficient in goal.items():
            least += coefficient * (low[number] if coefficient > 0 else high[number])
        return least >= 0

    def _prove(self, goal: Form, question: _Question, depth: int) -> Node | None:
        low, high = self.facts.low, self.facts.high
        least = most = 0
        for number, coefficient in goal.items():
            if coefficient > 0:
                least += coefficient * low[number]
                most += coefficient * high[number]
            else:
                least += coefficient * high[number]
                most += coefficient * low[number]
        if least >= 0:
            return Limits(goal)
        return None if most < 0 else self._attempt(goal, question, depth)

    def _attempt(self, goal: Form, question: _Question, depth: int) -> Node | None:
        """``_prove`` for a goal that is not proven by the limits of its numbers."""
        if self._left <= 0 or depth <= 0:
            return None
        coefficients = goal.copy()
        constant = coefficients.pop(0, 0)
        if not coefficients:
            return None
        key = frozenset(coefficients.items())
        stronger = question.proven.get(key)
        if stronger is not None:
            more = constant - stronger.goal.get(0, 0)
            if more >= 0:
                return Reduced(goal, 1, stronger) if more else stronger
        failed = question.failed
        worst = failed.get(key)
        if worst is not None and constant <= worst:
            if self.log is not None and key in question.logged:
                self.log.append(Again(question.logged[key]))
            return None
        if self.hopeless:
            known = self.hopeless.get((key, question.point.rank, question.point.into))
            if known is not None and constant <= known:
                return None
        start = 0 if self.log is None else len(self.log)
        failed[key] = constant  # meanwhile too: a goal does not help itself
        if self.vain >= UNSAMPLED and self._refuted(goal, question.point):  # 10
            if self.log is not None:
                question.logged[key] = start
                self.log.append(Failed(goal, key, question.point, self._top(goal), self._for_needs, start, True))
            return None
        self._left -= 1
        self.steps += 1
        found = self._search(goal, list(coefficients), question, depth)
        if found is not None:
            if worst is None:
                del failed[key]
            else:
                failed[key] = worst
            question.proven[key] = found
            if self._spare and self.assume is None:
                self._spare -= 1
                self._left += 1
            if self._nested:
                self._found.append((question, key))
        elif self.log is not None:
            question.logged[key] = len(self.log)
            self.log.append(Failed(goal, key, question.point, self._top(goal), self._for_needs, start))
        elif self._beyond:
            self.beyond.append(goal)
        return found

    def _top(self, goal: Form) -> int:
        return max(map(self.facts.rank.__getitem__, goal))

    def _search(self, goal: Form, numbers: list[int], question: _Question, depth: int) -> Node | None:
        divisor = abs(goal[numbers[0]])
        if divisor > 1 and (divisor := gcd(*map(goal.__getitem__, numbers))) > 1:
            smaller = {each: goal[each] // divisor for each in numbers}
            constant = goal.get(0, 0) // divisor
            if constant:
                smaller[0] = constant
            rest = self._prove(smaller, question, depth)
            return None if rest is None else Reduced(goal, divisor, rest)
        facts = self.facts
        low, high, rank = facts.low, facts.high, facts.rank
        if len(numbers) == 2:
            a, b = numbers
            if rank[a] < rank[b] or (rank[a] == rank[b] and b < a):
                numbers = [b, a]
        elif len(numbers) > 2:
            numbers.sort(key=lambda each: (-rank[each], each))
        latest = numbers[0]
        latest_rank = rank[latest]
        steps: list[Step] = []
        left_over: list[Form] = []
        with_needs: list[Step] = []
        for each in numbers:
            a = goal[each]
            for fact in self._about(each, question):
                form = fact.form
                b = form[each]
                if (a > 0) != (b > 0) and not fact.exact:
                    continue
                if a == b or a == -b:
                    scale, multiplier, rest_goal = 1, a // b, goal.copy()
                else:
                    scale, multiplier, rest_goal = _scaled(goal, a, b)
                for number, coefficient in form.items():
                    left = rest_goal.get(number, 0) - multiplier * coefficient
                    if left:
                        rest_goal[number] = left
                    else:
                        del rest_goal[number]
                least = most = 0
                for number, coefficient in rest_goal.items():
                    if coefficient > 0:
                        least += coefficient * low[number]
                        most += coefficient * high[number]
                    else:
                        least += coefficient * high[number]
                        most += coefficient * low[number]
                if least >= 0:  # 1
                    if not fact.needs:
                        return Use(goal, fact, scale, multiplier, Limits(rest_goal))
                    with_needs.append((each, fact, scale, multiplier, rest_goal))
                elif most >= 0 and rest_goal not in left_over:
                    left_over.append(rest_goal)
                    steps.append((each, fact, scale, multiplier, rest_goal))
        for _, fact, scale, multiplier, rest_goal in with_needs:
            needs = self._needs(fact, question, depth)
            if needs is not None:
                return Use(goal, fact, scale, multiplier, Limits(rest_goal), needs)
        about_latest: list[Step] = []
        others: list[Step] = []
        beyond: list[Step] = []
        if steps:
            self._rank(steps, latest_rank, about_latest, others, beyond)
        allowed = self.assume
        if allowed is not None and latest_rank < allowed.limit and self._may_assume(allowed, goal, question.point):  # 9
            self.assume = None
            if place_of(goal, question.point) not in self.failing:
                by_itself = self._search(goal, numbers, _Question(question.point), depth)
                if by_itself is not None:
                    self.assume = allowed
                    return by_itself
            self.assume = allowed
            self.suppose(goal, allowed.header)
            return Assumed(goal)
        found: Node | None = None
        if len(numbers) > 1 and sum(map(UNITS.__contains__, map(goal.__getitem__, numbers))) < 2:
            found = self._rounded(goal, numbers, question, depth)
            if found is not None:
                return found
        computations = self._computations
        if about_latest and not facts.is_extreme[latest]:
            found = self._any_of(goal, about_latest, question, depth)
        if found is None and computations.get(latest) is not NOTHING:
            found = self._as_computed(goal, latest, question, depth)
        if about_latest and found is None and facts.is_extreme[latest]:  # nothing else says as much as what it is
            found = self._any_of(goal, about_latest, question, depth)
        if found is None:
            found = self._invariant(goal, numbers, depth)
        if found is None and self._nested < MEETINGS:
            found = self._meeting(goal, latest_rank, question.point, depth)
        if others and found is None:
            found = self._any_of(goal, others, question, depth)
        for each in numbers[1:3]:
            if found is None and computations.get(each) is not NOTHING:
                found = self._as_computed(goal, each, question, depth)
        if beyond and found is None:
            found = self._any_of(goal, beyond, question, depth)
        return found

    def _may_assume(self, allowed: Allowed, goal: Form, point: Point) -> bool:
        return allowed(goal, point) and not self._is_contradicted(goal)

    def _rank(self, steps: list[Step], latest: int, about_latest: list[Step], others: list[Step], beyond: list[Step]) -> None:
        """Takes from the ways to go on those that are tried, easiest first: facts about the latest number of the goal, whose
        rank is ``latest``, others, and in second searches those that bring in a later one."""
        facts = self.facts
        rank = facts.rank
        later: list[tuple[Hardness, Step]] = []
        too_late: list[tuple[Hardness, Step]] = []
        for step in steps:
            each, fact, _, multiplier, rest_goal = step
            form = fact.form
            is_beyond = (facts.top(fact) if fact.top is None else fact.top) > latest
            if is_beyond and not self._nested:
                self._met_beyond = True
            if is_beyond and (self._nested or not self._beyond):
                continue
            constant = rest_goal.get(0, 0)
            is_far = constant < -HUGE or (len(form) == 2 and abs(form.get(0, 0)) > HUGE)
            hard = len(rest_goal) - (1 if constant else 0)
            if len(steps) > 1:
                if not -LARGE < multiplier * form[each] < LARGE or max(map(abs, form.values())) >= LARGE:  # no relation
                    far = FAR if fact.source[0] == "times" else FAR_FETCHED
                    hard += any(abs(k) >= LARGE for other, k in rest_goal.items() if other) and far
                is_computed = max(map(rank.__getitem__, rest_goal)) >= 0
            else:
                is_computed = False
            hardness = (rank[each] < latest or is_far, hard, -constant, is_computed)
            (too_late if is_beyond else later).append((hardness, step))
        if len(later) > 1:
            later.sort(key=_hardness)
        for hardness, step in later[:CANDIDATES]:
            (others if hardness[0] else about_latest).append(step)
        if too_late:
            too_late.sort(key=_hardness)
            beyond += [step for _, step in too_late[:BEYOND]]

    def _any_of(self, goal: Form, steps: list[Step], question: _Question, depth: int) -> Node | None:
        for _, fact, scale, multiplier, rest_goal in steps:
            found = self._attempt(rest_goal, question, depth - 1)
            if found is not None:
                needs = self._needs(fact, question, depth)
                if needs is not None:
                    return Use(goal, fact, scale, multiplier, found, needs)
        return None

    def _rounded(self, goal: Form, numbers: list[int], question: _Question, depth: int) -> Node | None:  # 11
        if all(goal[each] < 0 for each in numbers):  # it would only take from what is left
            return None
        for each in numbers:
            divisor = gcd(*[goal[other] for other in numbers if other != each])
            left = goal[each] % divisor if divisor > 1 else 0
            for fact in self._about(each, question) if left else ():
                if fact.form[each] == 1 and len(fact.form) == (2 if 0 in fact.form else 1) and not fact.needs:
                    rest_goal = {other: goal.get(other, 0) - left * fact.form.get(other, 0) for other in {**goal, **fact.form}}
                    rest_goal = {other: k for other, k in rest_goal.items() if k}
                    found = self._prove(rest_goal, question, depth - 1)
                    if found is not None:
                        return Use(goal, fact, 1, left, found)
        return None

    def _about(self, number: int, question: _Question) -> list[Fact]:
        found = question.about.get(number)
        if found is None:
            found = question.about[number] = self._usable(self.facts.at(number, question.point), question.point)
        known = self._known.get(number)
        if known:
            point = question.point
            rank, before = point.rank, point.before
            claimed = [fact for fact in known if fact.rank < rank and fact.last >= before]
            if claimed:
                found = claimed + found
        factors = self.facts.factors[number]
        if factors is not None:
            found = [*found, *self._usable(self._multiplied(number, factors, question), question.point)]
        return found

    def _usable(self, found: list[Fact], point: Point) -> list[Fact]:
        for fact in found:
            if fact.differs:
                found = [other for fact in found for other in (self._sharpened(fact) if fact.differs else (fact,))]
                break
        if self.without_checks:
            before = len(found)
            found = [fact for fact in found if fact.origin is None or fact.origin[0] != "passed"]
            self.left_out |= len(found) < before
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
        if not fact.needs:
            return ()
        allowed, for_needs = self.assume, self._for_needs
        self._for_needs = True
        if not self.assume_needs:
            self.assume = None
        for need in fact.needs:
            node = self._prove(need, question, depth - 1)
            if node is None:
                break
            found.append(node)
        self.assume, self._for_needs = allowed, for_needs
        if len(found) == len(fact.needs):
            return tuple(found)
        self.wanted_needs |= not self.assume_needs
        return None

    def _as_computed(self, goal: Form, number: int, question: _Question, depth: int) -> Node | None:  # 4, 6
        computation = self._computations.get(number)
        if computation is None:
            computation = self._computations[number] = self._computation(number)
        if computation is NOTHING:
            return None
        op, reading, found, other, is_other_sure = computation
        if op is not None and _chooses(op, reading, goal[number]):
            return self._split(goal, op, question, depth)
        if other and (
            is_other_sure
            or self._known.get(other)
            or any(not fact.differs for fact in self.facts.at(other, question.point))  # `ne` says the same in both readings
        ):
            found = [*found, self.facts.reading(number, other)]
        for fact in found:
            scale, multiplier, rest_goal = _taken_out(goal, number, fact.form)
            rest = self._prove(rest_goal, question, depth - 1)
            if rest is not None:
                needs = self._needs(fact, question, depth)
                if needs is not None:
                    return Use(goal, fact, scale, multiplier, rest, needs)
        return None

    def _computation(self, number: int) -> Computation:
        """What a number is if nothing wraps, and the same value in its other reading."""
        facts = self.facts
        value, reading = facts.terms[number]
        if value is None or isinstance(reading, int) or not value.type.is_integer:
            return NOTHING
        op = value.operation
        name = "" if op is None else op.decl.name
        found = facts.computed(number)
        other = facts.number(value, "s" if reading == "u" else "u")[0]
        is_signed = value in facts.signs
        is_sure = reading == "s" and name in EXTENDING
        if other and is_signed and reading == "u":
            found, other = [facts.reading(number, other), *found], 0
        elif is_signed and not is_sure:
            other = 0
        if name not in CHOICES:
            op = None
        return (op, reading, found, other, is_sure) if op is not None or found or other else NOTHING

    def _split(self, goal: Form, op: Operation, question: _Question, depth: int) -> Node | None:  # 6
        facts = self.facts
        terms = facts.terms
        chosen = [(each, terms[each][1]) for each in goal if terms[each][0] is op.results[0]]  # in one reading, or in both
        if any(terms[part][0] is op.results[0] for each in goal for part in facts.factors[each] or ()):
            return None
        nodes = []
        for first in (True, False):
            value, says = choice_says(op, first)
            replaced = _replaced(goal, {each: facts.form((((1, value, reading),), 0)) for each, reading in chosen})
            point = facts.says(says, question.point, ("chosen", op, first))
            node = self._prove(replaced, _Question(point), depth - 1)
            if node is None:
                return None
            nodes.append(node)
        return Split(goal, op, nodes[0], nodes[1])

    def _multiplied(self, product: int, factors: tuple[int, int], question: _Question) -> list[Fact]:  # 7
        facts = self.facts
        found: list[Fact] = []
        for of, by in {(factors[0], factors[1]), (factors[1], factors[0])}:
            for fact in self._about(of, question):
                if fact.needs or len(found) >= CANDIDATES:
                    continue
                form = facts.times(fact.form, by)
                if form is not None and product in form:
                    made = Fact(form, fact.rank, fact.last, None, ("times", fact, by), fact.exact, False)
                    if facts.low[by] < 0 and not fact.exact:
                        made.needs = ({by: 1},)
                    found.append(made)
            if facts.low[by] < 0 and facts.factors[by] is None:
                made = Fact({product: 1, by: -1}, facts.rank[product], -1, None, ("grown", of, by), False, False)
                made.needs = ({of: 1, 0: -1}, {by: 1})
                found.append(made)
            for fact in facts.computed(of):
                form = facts.times(fact.form, by)
                if form is not None and product in form:
                    made = Fact(form, fact.rank, fact.last, None, ("times", fact, by), True, False)
                    made.needs = fact.needs
                    found.append(made)
        return sorted(found, key=lambda fact: -fact.rank)

    # -- induction ---------------------------------------------------------------------------------------------------------

    def _invariant(self, goal: Form, numbers: list[int], depth: int) -> Node | None:  # 5
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
        return None if block is None else self._claimed(goal, block, latest, depth)

    def _meeting(self, goal: Form, latest: int, point: Point, depth: int) -> Node | None:  # 8
        met = None if point.block is None else self.facts.meeting(point.block)
        return None if met is None or latest > self.facts.rank_of_block(met) else self._claimed(goal, met, latest, depth)

    def _claimed(self, goal: Form, block: Block, latest: int, depth: int) -> Node | None:
        """Whether ``goal``, whose latest number has the rank ``latest``, holds on each edge into a block."""
        facts = self.facts
        start = facts.rank_of_block(block)
        if latest > start or block in facts.cleanups or block is facts.function.blocks[0]:
            return None
        key = (block, frozenset(goal.items()))
        if key in self._claims:
            known = self._claims[key]
            if known is None and self.log is not None:
                self.log.append(Refuted(key, self._for_needs))
            return None if known is None else Inductive(goal, known)
        if self._nested >= LEMMAS or (self._may_sample() and self.samples.refuted_on(goal, block)):  # 10
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
        self._claims[key] = claim
        for each in goal:
            if each:
                self._known.setdefault(each, []).append(claim.fact)
        so_far, found_so_far = len(self._proven), len(self._found)
        logged = 0 if self.log is None else len(self.log)
        self._nested += 1
        holds = self._on_edges(claim, entries, arguments, max(depth, SHALLOW))
        self._nested -= 1
        if holds:
            self._proven.append(key)
        else:
            for other in self._proven[so_far:]:
                self._forget(other)
                del self._claims[other]
            del self._proven[so_far:]
            for question, goal_key in self._found[found_so_far:]:
                question.proven.pop(goal_key, None)
            del self._found[found_so_far:]
            self._forget(key)
            self._claims[key] = None
            if self.log is not None:
                self.refuted[key] = logged, len(self.log)
                self.ends[len(self.log)] = key
        if not self._nested:
            self._found.clear()
            for other in self._failed:  # they may have wanted more than was left; asked by themselves they get another try
                self._claims.pop(other, None)
            self._failed.clear()
        elif not holds:
            self._failed.append(key)
        return Inductive(goal, claim) if holds else None

    def _is_of(self, number: int, block: Block) -> bool:
        terms = self.facts.terms
        values = (terms[each][0] for each in self.facts.factors[number] or (number,))
        return any(value is not None and value.owner is block for value in values)

    def _forget(self, key: Claimed) -> None:
        claim = self._claims[key]
        assert claim is not None
        for each in claim.form:
            if each:
                self._known[each].remove(claim.fact)

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
                goal = _replaced(goal, replacement)
            question = self._questions.get(point)
            if question is None:
                question = self._questions[point] = _Question(point)
            node = self._prove(goal, question, depth - 1)
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


def within(nodes: list[Node]) -> Iterator[Node]:
    """The nodes, and all that they rest on."""
    claims: set[Claim] = set()
    work = list(nodes)
    while work:
        node = work.pop()
        yield node
        claim: Claim | None = None
        if isinstance(node, Use):
            work += [*node.needs, node.rest]
            source = node.fact.source
            if source[0] == "lemma":
                claim = source[1]
        elif isinstance(node, Reduced):
            work.append(node.rest)
        elif isinstance(node, Split):
            work += [node.if_false, node.if_true]
        elif isinstance(node, Inductive):
            claim = node.lemma
        if claim is not None and claim not in claims:
            claims.add(claim)
            work += [each for each in claim.edges if each is not None]


def assumptions(nodes: list[Node]) -> list[Form]:
    """What was taken for true (rule 9) in the nodes, each form once."""
    found: list[Form] = []
    for node in within(nodes):
        if isinstance(node, Assumed) and node.goal not in found:
            found.append(node.goal)
        elif isinstance(node, Use) and node.fact.source[0] == "supposed" and node.fact.form not in found:
            found.append(node.fact.form)
    return found


def facts_of(nodes: list[Node]) -> Iterator[Fact]:
    """The facts that the nodes rest on."""
    for node in within(nodes):
        if isinstance(node, Use):
            yield node.fact
        elif isinstance(node, Along):
            yield from (fact for fact, _ in node.way.links())


def place_of(goal: Form, point: Point) -> Place:
    """A goal and where it is asked, to be found by."""
    return frozenset(goal.items()), point.rank, point.into


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


_hardness = itemgetter(0)


def _scaled(goal: Form, a: int, b: int) -> tuple[int, int, Form]:  # 2
    """``scale``, ``multiplier``, and ``scale * goal + scale - 1``: less multiplier times a fact, a is taken out by b."""
    common = gcd(a, b)
    scale, multiplier = abs(b) // common, a // common if b > 0 else -a // common
    rest = goal.copy() if scale == 1 else {each: scale * coefficient for each, coefficient in goal.items()}
    if scale > 1:
        constant = rest.get(0, 0) + scale - 1
        if constant:
            rest[0] = constant
        else:
            del rest[0]
    return scale, multiplier, rest


def _taken_out(goal: Form, number: int, fact: Form) -> tuple[int, int, Form]:  # 2
    """``scale`` and ``multiplier``, and ``scale * goal + scale - 1 - multiplier * fact``, which is without ``number``."""
    scale, multiplier, rest = _scaled(goal, goal[number], fact[number])
    return scale, multiplier, _less(rest, multiplier, fact)


def _less(goal: Form, multiplier: int, fact: Form) -> Form:
    """``goal - multiplier * fact``."""
    rest = goal.copy()
    for each, coefficient in fact.items():
        left = rest.get(each, 0) - multiplier * coefficient
        if left:
            rest[each] = left
        else:
            rest.pop(each, None)
    return rest


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
