"""The checker: is each certificate of a function valid, as ``certificates`` defines it? Numbers in the code cite its clauses.

    problems(function, proof)     ->   []   or   [Rejection(check, "5c", "a multiplier is negative")]

It is to be believed in the place of the pass, and so shares nothing with it but the objects it reads: each operation that a
fact comes from is read again where it stands (``sources``), dominance is computed here, sums are added up again. Dominators are
found as by Cooper, Harvey and Kennedy (A Simple, Fast Dominance Algorithm, 2001), of a graph whose nodes are blocks (two for
one that unwinds: its entry and its body) and edges.

Invariant: no certificate, however wrong, makes it raise.
"""

from __future__ import annotations

from functools import partial

from altru_ir.module import Block, Function
from altru_ir.passes.proofs import certificates as c
from altru_ir.passes.proofs import sources
from altru_ir.passes.proofs.certificates import Aligned, Derivation, Polynomial, Statement, Term
from altru_ir.passes.proofs.copies import Copies
from altru_ir.passes.proofs.rejections import Rejection, Work, judged
from altru_ir.passes.proofs.sources import Said, at_most, demand, integer, of, replaced, total
from altru_ir.types import OwnType, RefType
from altru_ir.values import Operation, Value

DEEPEST = 64
Point = tuple[Operation, int]
"""Before an operation (-1), or the edge of a terminator with that number."""


def problems(function: Function, proof: c.Proof) -> list[Rejection]:
    """What is wrong with a proof about a function that still has all of its checks; nothing when it is valid."""
    checker = Reader(function, proof)
    copies = Copies(function, proof.versions) if proof.versions else None
    work: Work = []
    work += [(each.block, partial(checker.lemma, each)) for each in proof.lemmas]
    work += [(each.check, partial(checker.certificate, each)) for each in proof.certificates]
    work += [(each.guard, partial(copies.compare, each)) for each in proof.versions if copies is not None]
    return judged(work)


class _Flow:
    """Dominance (4)."""

    def __init__(self, function: Function) -> None:
        self.start = {block: at for at, block in enumerate(function.blocks)}
        self.body = dict(self.start)
        self.edge: dict[Point, int] = {}
        self.into: dict[Block, list[Point]] = {block: [] for block in function.blocks}
        self.place = {op: (block, at) for block in function.blocks for at, op in enumerate(block.ops)}
        after: list[list[int]] = [[] for _ in function.blocks]
        for block in function.blocks:
            if block.unwind is not None:
                self.body[block] = len(after)
                after[self.start[block]] = [len(after), self.start[block.unwind]]
                after.append([])
            for index, successor in enumerate(block.ops[-1].successors):
                self.edge[block.ops[-1], index] = len(after)
                self.into[successor.block].append((block.ops[-1], index))
                after[self.body[block]].append(len(after))
                after.append([self.start[successor.block]])
        order: list[int] = []
        seen, stack = {0}, [(0, iter(after[0]))]
        while stack:
            following = next((each for each in stack[-1][1] if each not in seen), None)
            if following is None:
                order.append(stack.pop()[0])
            else:
                seen.add(following)
                stack.append((following, iter(after[following])))
        late = {node: at for at, node in enumerate(order)}
        before: dict[int, list[int]] = {node: [] for node in order}
        for node in order:
            for each in after[node]:
                before[each].append(node)
        up, changed = {0: 0}, True
        while changed:
            changed = False
            for node in order[-2::-1]:
                best, *others = (each for each in before[node] if each in up)
                for each in others:
                    while best != each:
                        best, each = (up[best], each) if late[best] < late[each] else (best, up[each])
                changed |= up.get(node) != best
                up[node] = best
        size, self.first, self.last = dict.fromkeys(order, 1), {0: 0}, {0: len(order) - 1}
        for node in order[:-1]:
            size[up[node]] += size[node]
        free = {0: 1}
        for node in order[-2::-1]:
            self.first[node] = free[up[node]]
            self.last[node] = self.first[node] + size[node] - 1
            free[up[node]] += size[node]
            free[node] = self.first[node] + 1

    def over(self, above: int, point: Point) -> bool:
        """Whether each way from the entry to a point, which can be reached, goes through a node."""
        op, index = point
        at = self.edge[point] if index >= 0 else self.body[self.place[op][0]]
        return at in self.first and self.first.get(above, len(self.first)) <= self.first[at] <= self.last[above]

    def has_run(self, op: Operation, point: Point) -> bool:
        block, at = self.place[op]
        here, there = self.place[point[0]]
        return (at < there if block is here else True) and self.over(self.body[block], point)

    def is_defined(self, value: Value, point: Point) -> bool:
        owner = value.owner
        if isinstance(owner, Operation):
            return self.has_run(owner, point)
        return self.over(self.start[owner] if isinstance(owner, Block) else 0, point)


class Reader:
    """Reads derivations about one function."""

    def __init__(self, function: Function, proof: c.Proof) -> None:
        assert function.module is not None
        self.function, self.module, self.proof, self.flow = function, function.module, proof, _Flow(function)
        self.cleanups = {block.unwind for block in function.blocks}

    def certificate(self, claim: c.Certificate) -> None:  # 10
        op, name = claim.check, claim.check.decl.name
        demand(op in self.flow.place and self.flow.over(0, (op, -1)), "10", "the check is not in the function, or not reached")
        if name == "check.align":
            choices: list[list[Statement]] = [[Aligned(op.operands[0], op.attrs["alignment"])]]
        elif name == "check.quotient":
            (a, b), least = (of(each, "s") for each in op.operands), 1 << sources.width(op.operands[0], self.module) - 1
            choices = [[total((1, a), (1, integer(least - 1)))], [b], [total((-1, b), (1, integer(-2)))]]
        else:  # what such a check says when it has passed
            choices = [[polynomial for polynomial, _ in sources.of_check(op, self.module)]]
            demand(name.startswith("check.") and choices[0], "10", "no check that a certificate can be of")
        concluded = [self.derivation(each, (op, -1))[0] for each in claim.goals]
        demand(concluded in choices, "10", "the derivations do not conclude the goals of the check")

    def lemma(self, claim: c.Lemma) -> None:  # 9
        block, edges = claim.block, self.flow.into[claim.block]
        demand(
            block is not self.function.blocks[0] and block not in self.cleanups,
            "9",
            "the block is the entry, or where panics go",
        )
        demand(len(edges) == len(claim.edges), "9", "not every edge into the block has a derivation")
        statement = _same(claim.statement)
        terms = (
            [Term(statement.value, "u")] if isinstance(statement, Aligned) else [t for product in statement for t in product]
        )
        for value in (sources.valid(term).value for term in terms):
            outside = value.owner is not block and self.flow.is_defined(value, (block.ops[0], -1))
            demand(value in block.args or outside, "9", "a value is not there at the entry")
        for (op, index), derivation in zip(edges, claim.edges, strict=True):
            if derivation is None:
                demand(not self.flow.over(0, (op, index)), "9", "an edge that can be reached has no derivation")
                continue
            handed = op.successors[index].args
            given = block.args[: len(block.args) - len(handed)]
            demand(not any(term.value in given for term in terms), "9", "an argument is given by a terminator")
            new = dict(zip(block.args[len(given) :], handed, strict=True))
            if isinstance(statement, Aligned):
                wanted: Statement = Aligned(new.get(statement.value, statement.value), statement.alignment)
            else:
                wanted = replaced(statement, new)
            demand(self.derivation(derivation, (op, index))[0] == wanted, "9", "an edge does not hand the statement over")

    # -- steps (5) ----

    def derivation(self, steps: Derivation, point: Point, chosen: tuple[c.Chosen, ...] = ()) -> tuple[Statement, bool]:
        """What a derivation concludes at a point, and whether exactly."""
        demand(steps and len(chosen) < DEEPEST, "5", "a derivation without steps, or too deep")
        done: list[tuple[Statement, bool]] = []

        def get(number: int) -> Polynomial:
            demand(0 <= number < len(done) and isinstance(done[number][0], dict), "5", "refers to no earlier inequality")
            return done[number][0]  # type: ignore[return-value]

        for step in steps:
            found: Statement = {}
            exact = False
            if isinstance(step, c.Stated):
                found = stated = total((1, step.polynomial))
                given = None if getattr(step.source, "given", None) is None else get(step.source.given)  # type: ignore
                said, exact = self.said(step.source, point, chosen, given), step.exact
                holds = (stated, sources.EQUAL) in said or (total((-1, stated)), sources.EQUAL) in said
                demand(holds or (not exact and (stated, sources.LEAST) in said), "5a", "the source does not state this")
            elif isinstance(step, c.Exact):
                found, exact = self.exact(step, point, get(step.low), get(step.high)), True
            elif isinstance(step, c.Sum):
                whole = all(isinstance(by, int) for _, by in (*step.parts, (0, step.slack)))
                demand(whole and step.slack >= 0, "5c", "a slack that is negative, or no integer")
                demand(all(by >= 0 or done[at][1] for at, by in step.parts), "5c", "a negative multiplier")
                found = total((1, integer(step.slack)), *((by, get(at)) for at, by in step.parts))
                exact = not step.slack and all(done[at][1] for at, _ in step.parts)
            elif isinstance(step, c.Divided):
                of_all, k = get(step.step), step.divisor
                divides = isinstance(k, int) and k > 0 and not any(n % k for product, n in of_all.items() if product)
                demand(divides, "5d", "not divisible")
                found = sources.tidy((product, n // k) for product, n in of_all.items())
            elif isinstance(step, c.Times):
                found, exact = sources.times(get(step.first), get(step.second)), done[step.first][1] or done[step.second][1]
            elif isinstance(step, c.Distinct):
                unlike = total((1, step.polynomial))
                said = self.said(step.source, point, chosen, None)
                either = (unlike, total((-1, unlike)))
                demand(any((each, sources.DIFFERS) in said for each in either), "5f", "the source states no difference")
                demand(get(step.step) in either, "5f", "about another difference")
                found = total((1, get(step.step)), (-1, integer(1)))
            elif isinstance(step, c.Invariant):
                demand(0 <= step.lemma < len(self.proof.lemmas), "5g", "there is no such lemma")
                lemma = self.proof.lemmas[step.lemma]
                demand(self.flow.over(self.flow.start[lemma.block], point), "5g", "not below the lemma's block")
                found = _same(lemma.statement)
            elif isinstance(step, c.Cases):
                op, found = step.choice, total((1, step.polynomial))
                demand(self.flow.has_run(op, point), "5h", "the operation has not run")
                for first, case in ((True, step.if_true), (False, step.if_false)):
                    concluded = self.derivation(case, point, (*chosen, c.Chosen(op, first)))[0]
                    value = sources.of_choice(op, first, self.module)[0]
                    demand(concluded == replaced(found, {op.results[0]: value}), "5h", "a case does not conclude it")
            else:
                found = self.multiple(step, point, [done[at][0] for at in step.steps if 0 <= at < len(done)])
            done.append((found, exact))
        return done[-1]

    def exact(self, step: c.Exact, point: Point, low: Polynomial, high: Polynomial) -> Polynomial:  # 5b
        value, reading, op = step.value, step.reading, step.value.operation
        bits = sources.width(sources.valid(Term(value, reading)).value, self.module)
        least = -(1 << bits - 1) if reading == "s" else 0
        demand(value.type.is_integer and self.flow.is_defined(value, point), "5b", "the value is not there")
        q = of(value, "s" if reading == "u" else "u")
        if step.readings and op is not None:
            q = sources.computed(op, step.readings, self.module)
        demand(low == at_most(integer(least), q)[0], "5b", "not shown to be above the smallest number")
        demand(high == at_most(q, integer(least + (1 << bits) - 1))[0], "5b", "not shown to be below the largest number")
        return total((1, of(value, reading)), (-1, q))

    def multiple(self, step: c.Multiple, point: Point, known: list[Statement]) -> Aligned:  # 8
        value, to, source = step.value, step.alignment, step.source
        demand(to > 0 and to & (to - 1) == 0, "8", "no power of two")
        if isinstance(source, c.Type):
            demand(source.term.value is value and isinstance(value.type, (RefType, OwnType)), "8", "no reference")
            fits = sources.element(value.type, self.module).align % to == 0
            demand(fits and self.flow.is_defined(value, point), "8", "less aligned, or not there")
            return Aligned(value, to)
        assert isinstance(source, (c.Passed, c.Definition))
        op, name = source.op, source.op.decl.name
        demand(self.flow.has_run(op, point), "4", "the source does not dominate")
        if isinstance(source, c.Passed):
            fits = name == "check.align" and op.operands[0] is value and op.attrs["alignment"] % to == 0
        else:
            moved = name == "ptr.add" and sources.element(op.operands[0].type, self.module).size % to == 0
            moved = moved or name in ("ptr.cast", "ref.to_ptr", "slice.ptr", "own.into_ptr")
            base = [k.alignment for k in known if isinstance(k, Aligned) and k.value is op.operands[0]] if moved else []
            fits = op is value.operation and (sources.gives_aligned(op, to) or any(each % to == 0 for each in base))
        demand(fits, "8", "the source does not say that it is aligned")
        return Aligned(value, to)

    def said(self, source: c.Source, point: Point, chosen: tuple[c.Chosen, ...], given: Polynomial | None) -> Said:
        """What a source says at a point (6), if it dominates that (4)."""
        if isinstance(source, c.Type):
            demand(self.flow.is_defined(source.term.value, point), "6a", "the value is not there")
            return sources.of_type(source.term, self.module)
        if isinstance(source, c.Chosen):
            demand(source in chosen, "5h", "not in that case")
            return sources.of_choice(source.choice, source.value, self.module)[1]
        if isinstance(source, c.Branch):
            node = self.flow.edge[source.terminator, source.index]
            demand(self.flow.over(node, point), "4", "the edge does not dominate")
            return sources.of_edge(source.terminator, source.index, self.module)
        demand(self.flow.has_run(source.op, point), "4", "the source does not dominate")
        if isinstance(source, c.Passed):
            return sources.of_check(source.op, self.module)
        return sources.of_result(source.op, given, self.module)


def _same(statement: Statement) -> Statement:
    return total((1, statement)) if isinstance(statement, dict) else statement
