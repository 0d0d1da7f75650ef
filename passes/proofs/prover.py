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
14. How counters of a loop that go up together compare is a fact (``companions``) in one more search, which comes last, for it
    leads away from what is near; where something may be assumed it comes first, for what it assumes is less.

The search goes from later numbers to earlier ones: facts that bring in a later number than those of the goal are tried in a
second search of at most ``AGAIN`` goals, but for those that leave no more than that a number is not negative. Each goal is
looked at once for a point: one that is no harder than one that was proven holds, one that is no easier than one that failed
fails. A question costs at most ``STEPS`` goals that are looked at in vain and as many that are proven, or ``ASSUMING`` of both
with rule 9, and goes ``DEPTH`` deep (``SHALLOW`` at least for a lemma): the cost of a question is bounded, and "not proven"
says nothing.

Invariant: what it says is proven is so; the nodes it gives are what ``writer`` makes a certificate of, which a checker reads.

References: Bodik, Gupta, Sarkar, ABCD: Eliminating Array Bounds Checks on Demand, PLDI 2000 (demand-driven, with induction over
cycles); Bledsoe, A New Method for Proving Certain Presburger Formulas, IJCAI 1975 (taking numbers out by their bounds).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from math import gcd
from operator import itemgetter
from typing import TYPE_CHECKING, Protocol

from altru_ir.module import Block
from altru_ir.passes.analysis.comparisons import CHOICES, choice_says
from altru_ir.passes.analysis.facts import Fact, Form, Point
from altru_ir.passes.analysis.inequalities import Inequalities
from altru_ir.passes.proofs.chains import Chains
from altru_ir.passes.proofs.forms import replaced, scaled, taken_out
from altru_ir.passes.proofs.inductions import Inductions
from altru_ir.passes.proofs.nodes import Along, Assumed, Claim, Inductive, Limits, Node, Reduced, Split, Use
from altru_ir.passes.proofs.samples import Samples
from altru_ir.passes.proofs.search import Again, Failed, Place, Question, Refuted, place_of
from altru_ir.values import Operation

if TYPE_CHECKING:
    from altru_ir.passes.proofs.alignment import Alignments

STEPS = 64
SETTLING = 32
ASSUMING = 40
AGAIN = 12
DEPTH = 12
LARGE = 64
HUGE = 1 << 32
FAR, FAR_FETCHED = 1, 4
UNSAMPLED = 192
MEETINGS = 1
CANDIDATES = 6
BEYOND = 2
UNITS = frozenset({1, -1})


class Allowed(Protocol):
    """Rule 9: what may be taken for true, on each entry of the block ``header``: only goals whose numbers all have ranks below
    ``limit``."""

    header: Block
    limit: int

    def __call__(self, goal: Form, point: Point) -> bool:
        """Whether ``goal`` may be, at ``point``."""


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
        self.assume: Allowed | None = None
        self.without_checks = False
        self.left_out = False
        """Whether ``without_checks`` has made a difference."""
        self.assume_needs = True
        self.wanted_needs = False
        """Whether ``assume_needs`` would have made a difference."""
        self.ignore: Callable[[Fact, Point], bool] | None = None
        self.failing: set[Place] = set()
        """With ``assume``, goals of which it is known that they do not hold by themselves."""
        self.hopeless: dict[Place, int] = {}
        """Goals that nothing that may be assumed helps, without their constants, and up to which constant."""
        self.log: list[Failed | Again | Refuted] | None = None
        """If a list, what was looked at and not proven is noted there."""
        self.beyond: list[Form] = []
        """Goals that were looked at in vain in second searches, which the log does not have."""
        self.for_needs = False
        self.inductions = self._plain = Inductions(self)
        self.chains = Chains(facts)
        self._knows_companions = False
        self._beside: Inductions | None = None
        """With what is known of companions."""
        self._sharper: dict[Fact, tuple[Fact, ...]] = {}
        self._computations: dict[int, Computation] = {}

    @cached_property
    def alignments(self) -> Alignments:
        """The other kind of questions."""
        from altru_ir.passes.proofs.alignment import Alignments

        return Alignments(self.facts)

    def settled(self, form: Form, block: Block) -> Claim | None:
        """The claim that ``form`` is not negative on each entry of ``block``, if it can be proven by induction."""
        self._left = self._spare = SETTLING
        self.inductions.questions.clear()
        node = self.inductions.claimed(form, block, max(map(self.facts.rank.__getitem__, form)), DEPTH)
        return node.lemma if isinstance(node, Inductive) else None

    def _with_companions(self) -> Inductions | None:  # 14
        from altru_ir.passes.proofs.companions import companions

        claims = companions(self.facts)
        if not claims:
            return None
        made = Inductions(self)
        for claim in claims:
            for number in claim.form:
                if number:
                    made.known.setdefault(number, []).append(claim.fact)
        for number, found in self.inductions.known.items():
            made.known.setdefault(number, []).extend(fact for fact in found if fact.source[0] == "supposed")
        return made

    def prove(self, goal: Form, point: Point) -> Node | None:
        """A node that shows that ``goal`` is not negative at ``point``; None when none was found."""
        found = self._directly(goal, point) or self._along(goal, point)
        if found is not None:
            return found
        if not self._knows_companions:
            self._knows_companions = True
            self._beside = self._with_companions()
        if self._beside is None:
            return self._searched(goal, point)
        found = self._searched_beside(goal, point) if self.assume is not None else self._searched(goal, point)
        if found is None:
            found = self._searched(goal, point) if self.assume is not None else self._searched_beside(goal, point)
        return found

    def _searched_beside(self, goal: Form, point: Point) -> Node | None:  # 14
        assert self._beside is not None
        plain, self.inductions, log, self.log = self.inductions, self._beside, self.log, None
        found = self._searched(goal, point)
        self.inductions, self.log = plain, log
        return found

    def _searched(self, goal: Form, point: Point) -> Node | None:
        before = self.steps
        self._left = self._spare = STEPS if self.assume is None else ASSUMING
        self._met_beyond = False
        self.inductions.questions.clear()
        found = self.holds(goal, Question(point), DEPTH)
        if found is None and self.assume is None and self._left > 0 and self._met_beyond:
            self._beyond, log, self.log = True, self.log, None
            self._left, self._spare = min(self._left, AGAIN), 0
            self.inductions.questions.clear()
            found = self.holds(goal, Question(point), DEPTH)
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

    def may_sample(self) -> bool:
        return self.vain >= UNSAMPLED and not self._supposed and self.assume is None

    def _refuted(self, goal: Form, point: Point) -> bool:  # 10
        return self.may_sample() and self.samples.refuted(goal, point)

    def suppose(self, form: Form, block: Block) -> None:
        """Takes it for true that ``form`` is not negative on each entry of ``block``."""
        facts = self.facts
        self._supposed.append(form)
        number = facts.cfg.number[block]
        fact = Fact(form, facts.rank_of_block(block), facts.tree.last[number], None, ("supposed",), False, False)
        for each in form:
            if each:
                for inductions in (self._plain, self._beside):
                    if inductions is not None:
                        inductions.known.setdefault(each, []).append(fact)

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

    def holds(self, goal: Form, question: Question, depth: int) -> Node | None:
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

    def _attempt(self, goal: Form, question: Question, depth: int) -> Node | None:
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
                self.log.append(Failed(goal, key, question.point, self._top(goal), self.for_needs, start, True))
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
            if self.inductions.nested:
                self.inductions.tentative.append((question, key))
        elif self.log is not None:
            question.logged[key] = len(self.log)
            self.log.append(Failed(goal, key, question.point, self._top(goal), self.for_needs, start))
        elif self._beyond:
            self.beyond.append(goal)
        return found

    def _top(self, goal: Form) -> int:
        return max(map(self.facts.rank.__getitem__, goal))

    def _search(self, goal: Form, numbers: list[int], question: Question, depth: int) -> Node | None:
        divisor = abs(goal[numbers[0]])
        if divisor > 1 and (divisor := gcd(*map(goal.__getitem__, numbers))) > 1:
            smaller = {each: goal[each] // divisor for each in numbers}
            constant = goal.get(0, 0) // divisor
            if constant:
                smaller[0] = constant
            rest = self.holds(smaller, question, depth)
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
                    scale, multiplier, rest_goal = scaled(goal, a, b)
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
                by_itself = self._search(goal, numbers, Question(question.point), depth)
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
            found = self.inductions.invariant(goal, numbers, depth)
        if found is None and self.inductions.nested < MEETINGS:
            found = self.inductions.meeting(goal, latest_rank, question.point, depth)
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
        rank, is_extreme = facts.rank, facts.is_extreme
        later: list[tuple[Hardness, Step]] = []
        too_late: list[tuple[Hardness, Step]] = []
        for step in steps:
            each, fact, _, multiplier, rest_goal = step
            form = fact.form
            is_beyond = (facts.top(fact) if fact.top is None else fact.top) > latest and not _asks_for_a_sign(rest_goal)
            if is_beyond and not self.inductions.nested:
                self._met_beyond = True
            if is_beyond and (self.inductions.nested or not self._beyond):
                continue
            constant = rest_goal.get(0, 0)
            is_far = constant < -HUGE or (len(form) == 2 and abs(form.get(0, 0)) > HUGE)
            hard = len(rest_goal) - (1 if constant else 0)
            if len(steps) > 1:
                if not -LARGE < multiplier * form[each] < LARGE or max(map(abs, form.values())) >= LARGE:  # no relation
                    far = FAR if fact.source[0] == "times" else FAR_FETCHED
                    hard += any(abs(k) >= LARGE for other, k in rest_goal.items() if other) and far
                is_computed = max(map(rank.__getitem__, rest_goal)) >= 0
                if is_extreme[each] and self._has_choice(rest_goal):
                    hard += FAR_FETCHED
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

    def _has_choice(self, goal: Form) -> bool:
        """Whether a goal takes two proofs because of a minimum that must not be small, or a maximum that must not be large."""
        facts = self.facts
        for number, coefficient in goal.items():
            if facts.is_extreme[number]:
                value, reading = facts.terms[number]
                assert value is not None
                assert value.operation is not None
                if _chooses(value.operation, str(reading), coefficient):
                    return True
        return False

    def _any_of(self, goal: Form, steps: list[Step], question: Question, depth: int) -> Node | None:
        for _, fact, scale, multiplier, rest_goal in steps:
            found = self._attempt(rest_goal, question, depth - 1)
            if found is not None:
                needs = self._needs(fact, question, depth)
                if needs is not None:
                    return Use(goal, fact, scale, multiplier, found, needs)
        return None

    def _rounded(self, goal: Form, numbers: list[int], question: Question, depth: int) -> Node | None:  # 11
        if all(goal[each] < 0 for each in numbers):  # it would only take from what is left
            return None
        for each in numbers:
            divisor = gcd(*[goal[other] for other in numbers if other != each])
            left = goal[each] % divisor if divisor > 1 else 0
            for fact in self._about(each, question) if left else ():
                if fact.form[each] == 1 and len(fact.form) == (2 if 0 in fact.form else 1) and not fact.needs:
                    rest_goal = {other: goal.get(other, 0) - left * fact.form.get(other, 0) for other in {**goal, **fact.form}}
                    rest_goal = {other: k for other, k in rest_goal.items() if k}
                    found = self.holds(rest_goal, question, depth - 1)
                    if found is not None:
                        return Use(goal, fact, 1, left, found)
        return None

    def _about(self, number: int, question: Question) -> list[Fact]:
        found = question.about.get(number)
        if found is None:
            found = question.about[number] = self._usable(self.facts.at(number, question.point), question.point)
        known = self.inductions.known.get(number)
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

    def _needs(self, fact: Fact, question: Question, depth: int) -> tuple[Node, ...] | None:
        found: list[Node] = []
        if not fact.needs:
            return ()
        allowed, for_needs = self.assume, self.for_needs
        self.for_needs = True
        if not self.assume_needs:
            self.assume = None
        for need in fact.needs:
            node = self.holds(need, question, depth - 1)
            if node is None:
                break
            found.append(node)
        self.assume, self.for_needs = allowed, for_needs
        if len(found) == len(fact.needs):
            return tuple(found)
        self.wanted_needs |= not self.assume_needs
        return None

    def _as_computed(self, goal: Form, number: int, question: Question, depth: int) -> Node | None:  # 4, 6
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
            or self.inductions.known.get(other)
            or any(not fact.differs for fact in self.facts.at(other, question.point))  # `ne` says the same in both readings
        ):
            found = [*found, self.facts.reading(number, other)]
        for fact in found:
            scale, multiplier, rest_goal = taken_out(goal, number, fact.form)
            rest = self.holds(rest_goal, question, depth - 1)
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
        other, constant = facts.number(value, "s" if reading == "u" else "u")
        if not other:  # the length of an array, as a signed number
            found = [facts.equal(number, {0: constant} if constant else {}, ("reading", value, reading)), *found]
        is_signed = value in facts.signs
        is_sure = reading == "s" and name in EXTENDING
        if other and is_signed and reading == "u":
            found, other = [facts.reading(number, other), *found], 0
        elif is_signed and not is_sure:
            other = 0
        if name not in CHOICES:
            op = None
        return (op, reading, found, other, is_sure) if op is not None or found or other else NOTHING

    def _split(self, goal: Form, op: Operation, question: Question, depth: int) -> Node | None:  # 6
        facts = self.facts
        terms = facts.terms
        chosen = [(each, terms[each][1]) for each in goal if terms[each][0] is op.results[0]]  # in one reading, or in both
        if any(terms[part][0] is op.results[0] for each in goal for part in facts.factors[each] or ()):
            return None
        nodes = []
        for first in (True, False):
            value, says = choice_says(op, first)
            chosen_goal = replaced(goal, {each: facts.form((((1, value, reading),), 0)) for each, reading in chosen})
            point = facts.says(says, question.point, ("chosen", op, first))
            node = self.holds(chosen_goal, Question(point), depth - 1)
            if node is None:
                return None
            nodes.append(node)
        return Split(goal, op, nodes[0], nodes[1])

    def _multiplied(self, product: int, factors: tuple[int, int], question: Question) -> list[Fact]:  # 7
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


def _asks_for_a_sign(goal: Form) -> bool:
    """Whether a goal is about one number that must not be negative, or may even be."""
    constant = goal.get(0, 0)
    return constant >= 0 and len(goal) == (2 if constant else 1) and all(k > 0 for k in goal.values())


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
