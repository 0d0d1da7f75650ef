"""The writer: certificates from what the prover found.

The prover's nodes speak of ids, the steps of a certificate of terms as they stand in the program. In between stand the
equalities by which numbers became one id (rule 1 of ``inequalities``), which are steps as well:

    goal  u(n) - u(i) - 1 >= 0, n = slice.len %xs         the prover has shown  dim(%xs, 0) - u(i) - 1 >= 0
      0  dim(%xs, 0) - u(i) - 1 >= 0                      Stated, from the branch
      1  u(n) - dim(%xs, 0) = 0                           Stated, from the definition of %n
      2  u(n) - u(i) - 1 >= 0                             Sum: step 0, step 1

Rules, cited by number in the code:
 1. a node becomes the steps of what it rests on, then its own; a statement that was written already is not written again;
 2. a polynomial of the program's terms is one of ids plus multiples of exact steps (``_corrections``), and the other way round;
 3. the lemmas that a derivation names are written too, each once.

Invariant: the last step of a derivation concludes the goal as the check has it. Linear in the nodes.
"""

from __future__ import annotations

from altru_ir.module import Block, Module
from altru_ir.passes.analysis import definitions
from altru_ir.passes.analysis.comparisons import choice_says
from altru_ir.passes.analysis.definitions import Reading, Wrapping
from altru_ir.passes.analysis.facts import Fact, Form, Raw
from altru_ir.passes.analysis.inequalities import Inequalities, edge_values
from altru_ir.passes.proofs import certificates as c
from altru_ir.passes.proofs.alignment import Chain, Meeting, derivation
from altru_ir.passes.proofs.certificates import Polynomial, Term
from altru_ir.passes.proofs.goals import Found
from altru_ir.passes.proofs.nodes import Along, Claim, Inductive, Limits, Node, Reduced, Split, Use
from altru_ir.values import Operation, Value

Corrections = list[tuple[int, int]]
"""Exact steps with multipliers."""


class Writer:
    """Writes the proof of one function."""

    def __init__(self, facts: Inequalities) -> None:
        self.facts = facts
        self.proof = c.Proof()
        self._lemmas: dict[Claim | Meeting, int] = {}
        self._waiting: list[tuple[int, Claim | Meeting]] = []

    def certificate(self, check: Operation, found: Found) -> c.Certificate:
        """Writes the certificate of a check, and the lemmas that it needs, into the proof.

        Parameters: ``found``, what shows that the check cannot fail.
        """
        if isinstance(found, Chain):
            made = c.Certificate(check, (self._chain(found),))
        else:
            made = c.Certificate(check, tuple(self._derivation(polynomial(raw), node) for raw, node in found))
        self.proof.certificates.append(made)
        self._write_lemmas()
        return made

    def derivation(self, goal: Polynomial, node: Node) -> c.Derivation:
        """A derivation by itself; the lemmas that it needs are in the proof."""
        made = self._derivation(goal, node)
        self._write_lemmas()
        return made

    def _write_lemmas(self) -> None:  # 3
        while self._waiting:
            number, claim = self._waiting.pop()
            self.proof.lemmas[number] = self._meeting(claim) if isinstance(claim, Meeting) else self._lemma(claim)

    def _chain(self, chain: Chain) -> c.Derivation:
        return derivation(chain, None if chain.lemma is None else self.lemma(chain.lemma))

    def _meeting(self, meeting: Meeting) -> c.Lemma:
        edges = tuple(None if chain is None else self._chain(chain) for chain in meeting.edges)
        return c.Lemma(meeting.block, meeting.statement, edges)

    def lemma(self, claim: Claim | Meeting) -> int:
        """The number of a lemma; it is written when the certificate is done."""
        known = self._lemmas.get(claim)
        if known is None:
            known = self._lemmas[claim] = len(self.proof.lemmas)
            self.proof.lemmas.append(c.Lemma(claim.block, {}, ()))
            self._waiting.append((known, claim))
        return known

    def _derivation(self, goal: Polynomial, node: Node) -> c.Derivation:
        steps = _Derivation(self)
        steps.raw(goal, steps.node(node))
        return tuple(steps.steps)

    def _lemma(self, claim: Claim) -> c.Lemma:
        statement = self.spell(claim.form)
        edges: list[c.Derivation | None] = []
        for (_, edge), node in zip(self.facts.edges[claim.block], claim.edges, strict=True):
            if node is None:
                edges.append(None)
                continue
            edges.append(self._derivation(_substituted(statement, claim.block, edge_values(claim.block, edge)), node))
        return c.Lemma(claim.block, statement, tuple(edges))

    def spell(self, form: Form) -> Polynomial:
        """A linear form of ids as a polynomial of terms."""
        facts = self.facts
        found: Polynomial = {}
        for number, coefficient in form.items():
            found[monomial(*(self.term(each) for each in facts.factors[number] or (number,) if each))] = coefficient
        return found

    def term(self, number: int) -> Term:
        """The term that an id stands for."""
        value, reading = self.facts.terms[number]
        assert value is not None
        return Term(value, reading)


class _Derivation:
    """The steps of one derivation."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.facts = writer.facts
        self.steps: list[c.Step] = []
        self._terms: dict[Term, int | None] = {}
        self._limits: dict[tuple[int, bool], int] = {}

    def add(self, step: c.Step) -> int:
        self.steps.append(step)
        return len(self.steps) - 1

    def sum(self, parts: Corrections, slack: int = 0) -> int:
        """A sum; a single step by itself is not written again."""
        merged: dict[int, int] = {}
        for step, multiplier in parts:
            merged[step] = merged.get(step, 0) + multiplier
        left = tuple((step, multiplier) for step, multiplier in merged.items() if multiplier)
        if len(left) == 1 and left[0][1] == 1 and not slack:
            return left[0][0]
        return self.add(c.Sum(left, slack))

    # -- nodes -------------------------------------------------------------------------------------------------------------

    def node(self, node: Node) -> int:  # 1
        """The step that concludes the node's goal, as a form of ids."""
        if isinstance(node, Limits):
            return self.limits(node.goal)
        if isinstance(node, Reduced):
            slack = node.goal.get(0, 0) - node.divisor * node.rest.goal.get(0, 0)
            return self.sum([(self.node(node.rest), node.divisor)], slack)
        if isinstance(node, Inductive):
            return self.add(c.Invariant(self.writer.lemma(node.lemma)))
        if isinstance(node, Split):
            return self.split(node)
        if isinstance(node, Along):
            parts = [(step, by * sign) for step, by, sign in ((*self.fact(fact, ()), sign) for fact, sign in node.way.links())]
            return self.sum(parts, node.goal.get(0, 0) - node.way.sum)
        assert isinstance(node, Use), "an answer with assumptions is no proof"
        rest = self.node(node.rest)
        fact, sign = self.fact(node.fact, node.needs)
        total = self.sum([(rest, 1), (fact, sign * node.multiplier)])
        return total if node.scale == 1 else self.add(c.Divided(total, node.scale))

    def limits(self, goal: Form) -> int:
        facts = self.facts
        parts: Corrections = []
        slack = goal.get(0, 0)
        for number, coefficient in goal.items():
            if number:
                upper = coefficient < 0
                slack += coefficient * (facts.high[number] if upper else facts.low[number])
                parts.append((self.limit(number, upper), abs(coefficient)))
        return self.sum(parts, slack)

    def limit(self, number: int, upper: bool) -> int:
        """The step that says that a number is not above its largest, or below its smallest."""
        known = self._limits.get((number, upper))
        if known is None:
            known = self._limits[number, upper] = self._limit(number, upper)
        return known

    def _limit(self, number: int, upper: bool) -> int:
        facts = self.facts
        factors = facts.factors[number]
        if factors is not None:
            a, b = factors
            if upper:  # high(a) * high(b) - a * b = (high(a) - a) * b + high(a) * (high(b) - b)
                first = self.add(c.Times(self.limit(a, True), self.not_negative(b)))
                return self.sum([(first, 1), (self.limit(b, True), facts.high[a])])
            first = self.add(c.Times(self.limit(a, False), self.not_negative(b)))
            return self.sum([(first, 1), (self.limit(b, False), facts.low[a])])
        term = self.writer.term(number)
        low, high = facts.low[number], facts.high[number]
        if not upper:
            return self.add(c.Stated(c.Type(term), _clean({(term,): 1, (): -low})))
        if isinstance(term.reading, int):
            bits = facts.module.pointer_bits
            if high != (1 << bits) - 1:
                most = (1 << bits >> 1) - 1
                size = facts.element_size(term.value.type)
                step = self.add(c.Stated(c.Type(term), {(term,): -size, (): most}))
                return step if size == 1 else self.add(c.Divided(step, size))
        return self.add(c.Stated(c.Type(term), {(term,): -1, (): high}))

    def not_negative(self, number: int) -> int:
        return self.sum([(self.limit(number, False), 1)], self.facts.low[number])

    def split(self, node: Split) -> int:
        writer = self.writer
        goal = writer.spell(node.goal)
        chosen = {term for product in goal for term in product if term.value is node.choice.results[0]}
        cases = []
        for first, each in ((True, node.if_true), (False, node.if_false)):
            value = choice_says(node.choice, first)[0]
            cases.append(writer._derivation(_with_terms(goal, {term: Term(value, term.reading) for term in chosen}), each))
        return self.add(c.Cases(node.choice, goal, cases[0], cases[1]))

    # -- facts -------------------------------------------------------------------------------------------------------------

    def fact(self, fact: Fact, needs: tuple[Node, ...]) -> tuple[int, int]:
        """The step of a fact as a form of ids, and 1, or -1 if it concludes its negative (of an exact one)."""
        kind = fact.source[0]
        if kind == "lemma":
            return self.add(c.Invariant(self.writer.lemma(fact.source[1]))), 1
        if kind == "times":
            _, of, by = fact.source
            if of.exact:
                step, sign = self.fact(of, needs)
                return self.sum(self.exactly_times(step, self.writer.term(by))), sign
            step, sign = self.fact(of, ())
            return self.add(c.Times(step, self.node(needs[0]) if needs else self.not_negative(by))), sign
        if kind == "grown":
            return self.add(c.Times(self.node(needs[0]), self.node(needs[1]))), 1
        if kind == "sum":
            _, first, second, multiplier = fact.source
            parts = len(first.needs)
            (one, sign), (two, other) = self.fact(first, needs[:parts]), self.fact(second, needs[parts:])
            return self.sum([(one, sign), (two, other * multiplier)]), 1
        if kind == "distinct":
            return self.distinct(fact.source[1], fact.source[2], self.node(needs[0])), 1
        if kind in ("wrapping", "reading"):
            return self.computed(fact, needs), -1
        assert fact.raw is not None
        given = None
        if kind == "definition" and len(fact.source) > 2:
            given = self.raw(polynomial(fact.source[2]), self.node(needs[0]))
        raw = polynomial(fact.raw)
        return self.normal(raw, self.add(c.Stated(source_of(fact, given), raw, fact.exact))), 1

    def distinct(self, fact: Fact, sign: int, side: int) -> int:
        """The step of a fact that differs, less one, where ``side`` says that ``sign`` times it is not negative."""
        assert fact.raw is not None
        unlike = polynomial(fact.raw)
        wanted = {each: sign * coefficient for each, coefficient in unlike.items()}
        return self.normal(wanted, self.add(c.Distinct(self.raw(wanted, side), source_of(fact), unlike)))

    def computed(self, fact: Fact, needs: tuple[Node, ...]) -> int:
        _, value, reading, *rest = fact.source
        facts = self.facts
        readings: tuple[str, ...] = ()
        if not rest:
            q: Polynomial = {(Term(value, "s" if reading == "u" else "u"),): 1}
        else:
            wrapping: Wrapping = rest[0]
            readings = wrapping.readings
            if wrapping.factors:
                q = {monomial(*(Term(*factor) for factor in wrapping.factors)): 1}
            else:
                q = polynomial((wrapping.parts, wrapping.constant), facts.module)
        number = facts.number(value, reading)[0]
        above = _clean({**q, (): q.get((), 0) - facts.low[number]})
        below = {each: -coefficient for each, coefficient in q.items()}
        below = _clean({**below, (): below.get((), 0) + facts.high[number]})
        low = self.raw(above, self.node(needs[0]))
        high = self.raw(below, self.node(needs[1]))
        exact = self.add(c.Exact(value, reading, readings, low, high))
        return self.sum([(exact, 1), *((step, multiplier) for step, multiplier in self.corrections(q))])

    # -- ids and terms (2) -------------------------------------------------------------------------------------------------

    def raw(self, wanted: Polynomial, step: int) -> int:
        """A step that concludes ``wanted``, where ``step`` concludes it as a form of ids."""
        return self.sum([(step, 1), *self.corrections(wanted)])

    def normal(self, stated: Polynomial, step: int) -> int:
        """A step that concludes ``stated`` as a form of ids."""
        return self.sum([(step, 1), *((each, -multiplier) for each, multiplier in self.corrections(stated))])

    def corrections(self, of: Polynomial) -> Corrections:
        """Exact steps whose sum is ``of`` less the same as a form of ids."""
        found: Corrections = []
        for product, coefficient in of.items():
            if len(product) == 1:
                step = self.term(product[0])
                if step is not None:
                    found.append((step, coefficient))
            elif len(product) == 2:
                found += [(step, coefficient * multiplier) for step, multiplier in self.product(*product)]
        return found

    def product(self, a: Term, b: Term) -> Corrections:
        """``a * b - a' * b' = (a - a') * b + a' * (b - b')``, where a' and b' are what the ids stand for."""
        found: Corrections = []
        first, second = self.term(a), self.term(b)
        if first is not None:
            found += self.exactly_times(first, b)
        if second is not None:
            number, constant = self.facts.number(*a)
            found += [(second, constant)] if not number else self.exactly_times(second, self.writer.term(number))
        return found

    def exactly_times(self, step: int, by: Term) -> Corrections:
        """An exact step times a term, which may be negative."""
        bits = definitions.width(by.value.type, self.facts.module)
        low = -(1 << bits >> 1) if by.reading == "s" else 0
        limit = self.add(c.Stated(c.Type(by), _clean({(by,): 1, (): -low})))
        product = self.add(c.Times(step, limit))
        return [(product, 1), (step, low)] if low else [(product, 1)]

    def term(self, term: Term) -> int | None:
        """The exact step ``term - what its id stands for``; None when it is that itself."""
        if term in self._terms:
            return self._terms[term]
        parts: Corrections = []
        at: tuple[Value, Reading] = (term.value, term.reading)
        while True:
            op = at[0].operation
            following = definitions.same(*at, self.facts.module)
            if following is None or op is None:
                break
            here = Term(*at)
            if isinstance(following, int):
                stated = _clean({(here,): 1, (): -following})
            else:
                stated = {(here,): 1, (Term(*following),): -1}
            parts.append((self.add(c.Stated(c.Definition(op), stated, True)), 1))
            if isinstance(following, int):
                break
            at = following
        made = self.sum(parts) if parts else None
        self._terms[term] = made
        return made


# -- polynomials -------------------------------------------------------------------------------------------------------------


def monomial(*terms: Term) -> tuple[Term, ...]:
    """A product in one order."""
    return tuple(sorted(terms, key=lambda term: (id(term.value), str(term.reading))))


def polynomial(raw: Raw, constants_of: Module | None = None) -> Polynomial:
    """A sum of numbers as a polynomial; with a module, what a ``const`` gives is its number and no term."""
    parts, constant = raw
    found: Polynomial = {(): constant}
    for coefficient, value, reading in parts:
        op = value.operation
        if constants_of is not None and op is not None and op.decl.name == "const":
            known = definitions.same(value, reading, constants_of)
            assert isinstance(known, int)
            found[()] += coefficient * known
        else:
            key = (Term(value, reading),)
            found[key] = found.get(key, 0) + coefficient
    return _clean(found)


def _clean(given: Polynomial) -> Polynomial:
    return {each: coefficient for each, coefficient in given.items() if coefficient}


def _with_terms(given: Polynomial, replacement: dict[Term, Term]) -> Polynomial:
    found: Polynomial = {}
    for product, coefficient in given.items():
        key = monomial(*(replacement.get(term, term) for term in product))
        found[key] = found.get(key, 0) + coefficient
    return _clean(found)


def _substituted(statement: Polynomial, block: Block, handed: dict[Value, Value]) -> Polynomial:
    """A statement with the arguments of a block replaced by what an edge hands over."""
    terms = {term for product in statement for term in product if term.value.owner is block}
    return _with_terms(statement, {term: Term(handed[term.value], term.reading) for term in terms})


def source_of(fact: Fact, given: int | None = None) -> c.Source:
    """The source of a fact as certificates name it."""
    kind, what, *rest = fact.source
    if kind == "branch":
        return c.Branch(what, rest[0])
    if kind == "passed":
        return c.Passed(what)
    if kind == "chosen":
        return c.Chosen(what, rest[0])
    return c.Definition(what, given)
