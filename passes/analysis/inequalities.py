"""Inequalities: what is known to hold between the numbers of a function, and where.

A *number* is a value as an unsigned or a signed integer, or a length of the sequence that a pointer leads to. It has a small
id, so that a linear form is a dict from ids to coefficients (id 0 is the constant 1):

    %more = icmp ult %i, %n
    cond_br %more, ^body, ^done
  ^body:                         // u(n) - u(i) - 1 >= 0 from here on: {n: 1, i: -1, 0: -1}
    check.bounds %i, %m          // and behind this one m - u(i) - 1 >= 0

Rules, cited by number in the code:
 1. A number that is the same as another one, without a condition, has the id of that one: ``slice.len %xs`` and ``dim`` of
    ``deref %xs`` are both the length 0 of %xs. Constants are no ids at all.
 2. A check, and an edge that is the only way into a block (but for edges from below it), state facts. A fact is found under
    each id in it. The facts of an id form a tree, each below the last one that dominates it, so those that hold at a point are
    a path in it; only the ``facts.MOST`` nearest are looked at, and ``facts.MOST_BOUNDS`` more that bound the number by a
    constant: many accesses by other numbers do not hide how long something is at least. A bound that says no more than one
    before it in the same block is left out.
 3. What an operation says of its result (``definitions``) is made into facts when the first one asks.
 4. A fact about a number that was computed from others is, by that computation, one about those: j <= n and j = i + 1 give
    i + 1 <= n (if i + 1 does not wrap, which is left to whoever uses it).

Invariant: a fact holds at each point that its source dominates, of the values as they are there. Near-linear.

Reference: Bodik, Gupta, Sarkar, ABCD: Eliminating Array Bounds Checks on Demand, PLDI 2000, for the graph of difference
constraints, of which these are the edges, with coefficients.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Self

from altru_ir.cfg import ControlFlowGraph
from altru_ir.layout import LayoutError, layout_of
from altru_ir.module import Block, Function, Module
from altru_ir.passes.analysis import definitions
from altru_ir.passes.analysis.comparisons import COMPARISONS, DECIDING, SAYING, Said, branch_says, check_says
from altru_ir.passes.analysis.control_flow import ControlFlow
from altru_ir.passes.analysis.definitions import Reading, Wrapping
from altru_ir.passes.analysis.facts import Entry, Fact, FactsOf, Form, Point, Raw
from altru_ir.passes.analysis.manager import FunctionAnalysis, Get
from altru_ir.passes.analysis.notes import Notes
from altru_ir.passes.analysis.signs import Signs
from altru_ir.types import ArrayType, IntType, OwnType, RefType, Type
from altru_ir.values import Operation, Successor, Value

CLIMB = 4
DERIVED = 8
UNKNOWN = -(1 << 62)
DERIVING = frozenset({"add", "sub", "mul", "shl", "umin", "umax", "smin", "smax"})
"""The operations whose definition makes a new fact out of one about their result (rule 4), and how many there may be of one."""
WIDER = frozenset({"bitcast", "zext"})
"""Operations of whose results, as signed numbers, the same is done: a fact about a length that was cast is one about it."""
EXTREMES = frozenset({"umin", "umax", "smin", "smax"})
FAR = 1 << 1000
"""Farther out than any number: the limit of a product whose factors may be negative."""


class Inequalities(FunctionAnalysis):
    """Linear inequalities between integers and lengths: what checks, branches and operations say."""

    name = "inequalities"

    def __init__(self, function: Function, cfg: ControlFlowGraph) -> None:
        assert function.module is not None
        self.function = function
        self.module: Module = function.module
        self.cfg = cfg
        self.terms: list[tuple[Value | None, Reading]] = []
        self.low: list[int] = []
        self.high: list[int] = []
        self.rank: list[int] = []
        self.factors: list[tuple[int, int] | None] = []
        self._ids: dict[tuple[Value, Reading], int] = {}
        self._constants: list[int] = []
        self._products: dict[tuple[int, int], int] = {}
        self._facts: dict[int, FactsOf] = {}
        self._defined: dict[int, list[Fact]] = {}
        self._computed: dict[int, list[Fact]] = {}
        self._readings: dict[int, Fact] = {}
        self._arguments: dict[int, tuple[int, Block | None]] = {}
        self._limits: dict[Type, int] = {}
        self._edges: dict[tuple[Operation, int], Point] = {}
        self.sampled: Any = None
        self.companions: Any = None
        self.tree, self.body = cfg.result_dominators if cfg.blocks else (cfg.dominators, [])
        self.stride = max([len(block.ops) for block in cfg.blocks], default=0) + 2
        self._ranks: dict[Operation, int] = {}
        self._derives: list[bool] = []
        self.is_extreme: list[bool] = []
        """Which numbers are the least or the greatest of two."""
        self._bounds: dict[tuple[int, int], tuple[int, int]] = {}
        self._defining: dict[int, list[tuple[Fact, int]]] = {}
        self._entries: dict[Block, list[Entry]] = {}
        self._meetings: dict[Block, Block | None] = {}
        self._bits = self.module.pointer_bits
        self._new((None, ""), 1, 1, -1)
        self._collect()

    @classmethod
    def compute(cls, function: Function, get: Get) -> Self:
        return cls(function, get(ControlFlow, function))

    # -- numbers -----------------------------------------------------------------------------------------------------------

    def _new(self, term: tuple[Value | None, Reading], low: int, high: int, rank: int) -> int:
        self.terms.append(term)
        self.low.append(low)
        self.high.append(high)
        self.rank.append(rank)
        self.factors.append(None)
        op = None if term[0] is None else term[0].owner
        name = op.decl.name if isinstance(op, Operation) else ""
        self._derives.append(name in DERIVING or (term[1] == "s" and name in WIDER))
        self.is_extreme.append(name in EXTREMES)
        return len(self.terms) - 1

    def number(self, value: Value, reading: Reading) -> tuple[int, int]:  # 1
        """The id of a number and 0, or 0 and the constant that it is."""
        known = self._ids.get((value, reading))
        if known is None:
            known = self._number((value, reading))
        return (known, 0) if known >= 0 else (0, self._constants[-1 - known])

    def _number(self, key: tuple[Value, Reading]) -> int:
        """The id of a number that has none yet; -1 - n for the n-th of the constants."""
        chain = []
        while True:
            chain.append(key)
            following = definitions.same(*key, self.module)
            if following is None:
                known = self._fresh(key)
                break
            if isinstance(following, int):
                known = -1 - len(self._constants)
                self._constants.append(following)
                break
            key = following
            earlier = self._ids.get(key)
            if earlier is not None:
                known = earlier
                break
        for each in chain:
            self._ids[each] = known
        return known

    def _fresh(self, key: tuple[Value, Reading]) -> int:
        value, reading = key
        bits = value.type.bits if isinstance(value.type, IntType) else self._bits
        if reading == "s":
            low, high = -(1 << bits >> 1), (1 << bits >> 1) - 1
        else:
            low, high = 0, (1 << bits) - 1
            if reading != "u":
                high = self._limit(value.type, high)
            elif isinstance(value.type, (RefType, OwnType)):
                low = 1
        return self._new(key, low, high, self.rank_of(value))

    def _limit(self, type: Type, high: int) -> int:
        """The largest length of a sequence behind a reference or an owner: memory is no larger."""
        known = self._limits.get(type)
        if known is None:
            size = self.element_size(type)
            known = self._limits[type] = (high >> 1) // size if size else high
        return known

    def element_size(self, type: Type) -> int:
        """The bytes of an element of the slice that a reference or an owner leads to; 0 for anything else."""
        sequence = type.pointee
        if isinstance(type, (RefType, OwnType)) and isinstance(sequence, ArrayType) and len(sequence.dimensions) == 1:
            try:
                return layout_of(sequence.element, self.module).size
            except LayoutError:
                return 0
        return 0

    def product(self, a: int, b: int) -> int:
        """The id of the product of two numbers."""
        key = (a, b) if a <= b else (b, a)
        known = self._products.get(key)
        if known is None:
            low, high = self.low[a] * self.low[b], self.high[a] * self.high[b]
            if self.low[a] < 0 or self.low[b] < 0:
                low, high = -FAR, FAR
            known = self._new((None, "*"), low, high, max(self.rank[a], self.rank[b]))
            self.factors[known] = key
            self._products[key] = known
        return known

    def form(self, raw: Raw) -> Form:
        """A sum of numbers as a linear form of ids."""
        parts, constant = raw
        found: Form = {}
        for coefficient, value, reading in parts:
            number, known = self.number(value, reading)
            if number:
                found[number] = found.get(number, 0) + coefficient
            else:
                constant += coefficient * known
        found = {number: coefficient for number, coefficient in found.items() if coefficient}
        if constant:
            found[0] = constant
        return found

    def times(self, form: Form, number: int) -> Form | None:
        """A linear form times a number; None when it has products already."""
        found: Form = {}
        for each, coefficient in form.items():
            if each == 0:
                found[number] = found.get(number, 0) + coefficient
            elif self.factors[each] is not None:
                return None
            else:
                key = self.product(each, number)
                found[key] = found.get(key, 0) + coefficient
        return {each: coefficient for each, coefficient in found.items() if coefficient}

    @cached_property
    def edges(self) -> dict[Block, list[tuple[Operation, Successor]]]:
        """The edges into each block."""
        found: dict[Block, list[tuple[Operation, Successor]]] = {block: [] for block in self.function.blocks}
        for block in self.function.blocks:
            for edge in block.ops[-1].successors:
                found[edge.block].append((block.ops[-1], edge))
        return found

    def entries(self, block: Block) -> list[Entry]:
        """The edges into a block, as the prover goes over them."""
        known = self._entries.get(block)
        if known is None:
            known = self._entries[block] = []
            for terminator, edge in self.edges[block]:
                assert terminator.block is not None
                if self.tree.reachable(self.cfg.number[terminator.block]):
                    point = self.edge(terminator, terminator.successors.index(edge))
                    known.append(Entry(point, edge_values(block, edge)))
                else:
                    known.append(Entry(None, {}))
        return known

    @cached_property
    def signs(self) -> Signs:
        """Which integers are meant as signed ones."""
        return Signs(self.function)

    @cached_property
    def cleanups(self) -> set[Block]:
        """The blocks that an unwind edge leads to."""
        return {block.unwind for block in self.function.blocks if block.unwind is not None}

    def meeting(self, block: Block) -> Block | None:
        """The nearest block above, ``CLIMB`` at most, where edges meet; None if some come around a loop."""
        if block in self._meetings:
            return self._meetings[block]
        tree, number, blocks = self.cfg.dominators, self.cfg.number, self.cfg.blocks
        found, at = None, number[block]
        for _ in range(CLIMB):
            if at == 0:
                break
            edges = self.edges[blocks[at]]
            if len(edges) > 1:
                around = any(tree.dominates(at, number[terminator.block]) for terminator, _ in edges)  # type: ignore[index]
                found = None if around else blocks[at]
                break
            at = tree.parent[at]
        self._meetings[block] = found
        return found

    # -- places ------------------------------------------------------------------------------------------------------------

    def rank_of(self, value: Value) -> int:
        """Where a value is defined, in preorder of the dominator tree."""
        owner = value.owner
        if isinstance(owner, Operation):
            return self.rank_at(owner)
        return self.rank_of_block(owner) if isinstance(owner, Block) else -1

    def rank_of_block(self, block: Block) -> int:
        """The entry of a block."""
        return self.tree.before[self.cfg.number[block]] * self.stride

    def rank_at(self, op: Operation) -> int:
        """The place of an operation."""
        known = self._ranks.get(op)
        if known is None:
            block = op.block
            assert block is not None
            first = self.tree.before[self.body[self.cfg.number[block]]] * self.stride + 1
            self._ranks.update(zip(block.ops, range(first, first + len(block.ops)), strict=True))
            known = self._ranks[op]
        return known

    def is_reached(self, op: Operation) -> bool:
        """Whether control may come to an operation."""
        assert op.block is not None
        return self.tree.reachable(self.cfg.number[op.block])

    def before(self, op: Operation, also: dict[int, list[Fact]] | None = None) -> Point:
        """The point in front of an operation."""
        rank = self.rank_at(op)
        return Point(rank, rank // self.stride, op.block, also)

    def edge(self, terminator: Operation, index: int) -> Point:
        """The point on an edge."""
        known = self._edges.get((terminator, index))
        if known is not None:
            return known
        rank = self.rank_at(terminator) + 1
        also: dict[int, list[Fact]] = {}
        for fact in self.said(branch_says(terminator, index), rank, rank // self.stride, ("branch", terminator, index)):
            for number in fact.form:
                also.setdefault(number, []).append(fact)
        made = Point(rank, rank // self.stride, terminator.block, also, terminator.successors[index].block)
        self._edges[terminator, index] = made
        return made

    def says(self, compared: list[Said], point: Point, source: Any) -> Point:
        """A point at which comparisons are known as well."""
        also = {number: list(facts) for number, facts in (point.also or {}).items()}
        for fact in self.said(compared, point.rank, point.before, source):
            for number in fact.form:
                also.setdefault(number, []).append(fact)
        found = Point(point.rank, point.before, point.block, also, point.into)
        found.cases = (*point.cases, (source[1], source[2]))
        return found

    # -- facts -------------------------------------------------------------------------------------------------------------

    def said(self, compared: list[Said], rank: int, last: int, source: Any) -> list[Fact]:
        """Comparisons as facts."""
        found = []
        ids, constants = self._ids, self._constants
        for predicate, a, b in compared:
            sign, constant, readings, exact, differs = COMPARISONS[predicate]
            if len(readings) > 1 and not a.type.is_integer:
                readings = readings[:1]
            elif exact and a not in self.signs and (isinstance(b, int) or b not in self.signs):
                readings = "u"  # the same in both; one of them is enough
            for each in readings:
                left = constant
                form: Form = {}
                if isinstance(b, int):
                    if each == "s":
                        continue
                    raw: Raw = ((sign, a, each),), constant - sign * b
                    other, left = -1, left - sign * b
                else:
                    raw = ((sign, a, each), (-sign, b, each)), constant
                    other = ids.get((b, each), UNKNOWN)
                    if other == UNKNOWN:
                        other = self._number((b, each))
                    if other < 0:
                        left -= sign * constants[-1 - other]
                number = ids.get((a, each), UNKNOWN)
                if number == UNKNOWN:
                    number = self._number((a, each))
                if number >= 0:
                    form[number] = sign
                else:
                    left += sign * constants[-1 - number]
                if other >= 0:
                    form[other] = -sign
                if number == other or not form:  # the same, or both are known
                    continue
                if left:
                    form[0] = left
                found.append(Fact(form, rank, last, raw, source, exact, differs))
        return found

    def _collect(self) -> None:  # 2
        blocks, tree, stride = self.cfg.blocks, self.tree, self.stride
        numbers = {node: block for block, node in enumerate(self.body)}
        for node in tree.order:
            if node < len(blocks):
                self._enter(node)
            block = numbers.get(node)
            if block is None:
                continue
            before = tree.before[node]
            for rank, op in enumerate(blocks[block].ops, before * stride + 1):
                if op.decl.name in SAYING:
                    for fact in self.said(check_says(op), rank, tree.last[node], ("passed", op)):
                        self._add(fact, before)

    def _enter(self, number: int) -> None:
        cfg, tree = self.cfg, self.tree
        above = cfg.predecessors[number]
        if len(above) > 1:
            above = [p for p in above if tree.reachable(p) and not tree.dominates(number, p)]
        if len(above) != 1 or above[0] == number:
            return
        block, over = cfg.blocks[number], cfg.blocks[above[0]]
        terminator = over.ops[-1]
        if terminator.decl.name not in DECIDING or over.unwind is block:
            return
        index = 0
        while terminator.successors[index].block is not block:
            index += 1
        before = tree.before[number]
        for fact in self.said(
            branch_says(terminator, index), before * self.stride, tree.last[number], ("branch", terminator, index)
        ):
            self._add(fact, before)

    def add(self, fact: Fact) -> None:
        """Adds a fact; facts come in preorder."""
        facts = self._facts
        for number in fact.form:
            if number:
                of_number = facts.get(number)
                if of_number is None:
                    of_number = facts[number] = FactsOf()
                of_number.facts.append(fact)

    def _about(self, number: int) -> FactsOf | None:
        found = self._facts.get(number)
        if found is not None and len(found.above) < len(found.facts):
            found.link(self.stride)
        return found

    def _add(self, fact: Fact, before: int) -> None:
        """Adds a fact and what follows from it by the definitions of its numbers (4)."""
        if len(fact.form) <= 2 and self._is_known_bound(fact, before):
            return
        self.add(fact)
        derives = self._derives
        if fact.differs or len(fact.form) > 4:
            return
        for number in fact.form:
            if derives[number]:
                break
        else:
            return
        work = [fact]
        for each in work:
            for number in each.form:
                if derives[number]:
                    for other in self._derived(each, number):
                        if len(work) < DERIVED:
                            work.append(other)
                            self.add(other)

    def _is_known_bound(self, fact: Fact, before: int) -> bool:
        """Whether a bound of one number was stated in the same block, and no farther out."""
        constant = fact.form.get(0, 0)
        if fact.exact or fact.differs or len(fact.form) - (constant != 0) != 1:
            return False
        key = next(iter(fact.form.items()))
        known = self._bounds.get(key)
        if known is not None and known[0] == before and known[1] <= constant:
            return True
        self._bounds[key] = before, constant
        return False

    def _derived(self, fact: Fact, number: int) -> Iterator[Fact]:
        defining = self._defining.get(number)
        if defining is None:
            known = [*self.computed(number), *self.defined(number), *self._unsigned(number)]
            defining = self._defining[number] = [
                (each, each.form[number]) for each in known if each.form.get(number) in (1, -1)
            ]
        coefficient = fact.form[number]
        for other, factor in defining:
            if not other.exact and (factor > 0) == (coefficient > 0):
                continue
            multiplier = -coefficient * factor if other.exact else abs(coefficient)
            form = fact.form.copy()
            for each, part in other.form.items():
                left = form.get(each, 0) + multiplier * part
                if left:
                    form[each] = left
                else:
                    form.pop(each, None)
            if len(form) > (0 in form):
                exact = fact.exact and other.exact
                made = Fact(form, fact.rank, fact.last, None, ("sum", fact, other, multiplier), exact, False)
                made.needs = fact.needs + other.needs
                made.origin = fact.origin
                yield made

    def _unsigned(self, number: int) -> list[Fact]:
        """That a number cast to a signed one is the number that it was, if it is not too large for that."""
        value, reading = self.terms[number]
        if reading != "s" or value is None or value.operation is None or value.operation.decl.name != "bitcast":
            return []
        other, _ = self.number(value, "u")
        return [self.reading(number, other)] if other else []

    def at(self, number: int, point: Point) -> list[Fact]:
        """The facts about a number that hold at a point, the nearest first, then those of its definition."""
        of_number = self._about(number)
        found = [] if of_number is None else of_number.at(point)
        if point.also:
            found = point.also.get(number, []) + found
        defined = self.defined(number)
        return found + defined if defined else found

    def direct(self, goal: Form, number: int, point: Point) -> Fact | None:
        """A fact about ``number``, without needs, that a goal about it and one more number follows from as it stands."""
        of_number = self._about(number)
        return None if of_number is None else of_number.direct(goal, point)

    def top(self, fact: Fact) -> int:
        """The rank of the latest number of a fact."""
        if fact.top is None:
            fact.top = max(map(self.rank.__getitem__, fact.form))
        return fact.top

    def defined(self, number: int) -> list[Fact]:
        """What the operation that gives a number states of it."""
        known = self._defined.get(number)
        if known is None:
            known = self._defined[number] = self._definition(number)
        return known

    def computed(self, number: int) -> list[Fact]:
        """What a number is if nothing wraps, as exact facts whose ``needs`` say that."""
        known = self._computed.get(number)
        if known is None:
            value, reading = self.terms[number]
            known = self._computed[number] = []
            if value is not None and not isinstance(reading, int):
                for each in definitions.wrapping(value, reading, self.module):
                    known.append(self.equal(number, self._wrapping(each), ("wrapping", value, reading, each)))
        return known

    def reading(self, number: int, other: int) -> Fact:
        """That a number is the same as another one, which is the same value in its other reading; with ``needs``."""
        known = self._readings.get(number)
        if known is None:
            value, reading = self.terms[number]
            known = self._readings[number] = self.equal(number, {other: 1}, ("reading", value, reading))
        return known

    def argument(self, number: int) -> tuple[int, Block | None]:
        """The latest argument of a block that a number is, or is a product with: the rank of the block, and the block."""
        known = self._arguments.get(number)
        if known is None:
            known = -1, None
            for each in self.factors[number] or (number,):
                value = self.terms[each][0]
                if value is not None and isinstance(value.owner, Block) and self.rank[each] >= known[0]:
                    known = self.rank[each], value.owner
            self._arguments[number] = known
        return known

    def _wrapping(self, given: Wrapping) -> Form:
        if not given.factors:
            return self.form((given.parts, given.constant))
        (a, k), (b, m) = (self.number(*factor) for factor in given.factors)
        if a and b:
            return {self.product(a, b): 1}
        if not a and not b:
            return {0: k * m} if k * m else {}
        factor = m if a else k
        return {a or b: factor} if factor else {}

    def equal(self, number: int, form: Form, source: Any) -> Fact:
        """The fact that a number is a form, if that is within the limits of the number."""
        made = Fact({number: -1, **form}, self.rank[number], -1, None, source, True, False)
        above = dict(form)
        above[0] = above.get(0, 0) - self.low[number]
        below = {each: -coefficient for each, coefficient in form.items()}
        below[0] = below.get(0, 0) + self.high[number]
        for each in (above, below):
            if not each[0]:
                del each[0]
        made.needs = (above, below)
        return made

    def _definition(self, number: int) -> list[Fact]:  # 3
        value, _ = self.terms[number]
        op = value.operation if value is not None else None
        if op is None:
            return []
        found = []
        rank = self.rank[number]
        for each in definitions.stated(op, self.module):
            raw = each.parts, each.constant
            fact = Fact(self.form(raw), rank, -1, raw, ("definition", op), each.exact, False)
            if each.given:
                fact.needs = (self.form((each.given, 0)),)
                fact.source = ("definition", op, (each.given, 0))
            if number in fact.form:
                found.append(fact)
        return found

    def describe(self, notes: Notes) -> None:
        if not self._facts:
            notes.function(self.function, "nothing is stated")
        for block in self.function.blocks:
            for fact in self._facts_from(block):
                where = fact.source[1] if fact.source[0] == "passed" else None
                text = self.spell(fact.form) + (" = 0" if fact.exact else " != 0" if fact.differs else " >= 0")
                if where is None:
                    notes.block(block, text)
                else:
                    notes.operation(where, text)

    def _facts_from(self, block: Block) -> list[Fact]:
        seen: dict[int, Fact] = {}
        for of_number in self._facts.values():
            for fact in of_number.facts:
                source = fact.source
                if source[0] == "sum":
                    continue
                at = source[1].block if source[0] == "passed" else source[1].successors[source[2]].block
                if at is block:
                    seen[id(fact)] = fact
        return sorted(seen.values(), key=lambda fact: fact.rank)

    def spell(self, form: Form) -> str:
        """A form as text: ``u(n) - u(i) - 1``."""
        parts: list[str] = []
        for number, coefficient in sorted(form.items(), key=lambda each: (each[0] == 0, -each[1], each[0])):
            size = abs(coefficient)
            name = str(size) if number == 0 else (f"{size} " if size != 1 else "") + self.spell_number(number)
            sign = "-" if coefficient < 0 else "+"
            parts.append(f"{sign} {name}" if parts else (f"-{name}" if coefficient < 0 else name))
        return " ".join(parts) or "0"

    def spell_number(self, number: int) -> str:
        """A number as text."""
        factors = self.factors[number]
        if factors is not None:
            return " * ".join(map(self.spell_number, factors))
        value, reading = self.terms[number]
        name = f"%{value.name}" if value is not None and value.name else "%?"
        return f"length {reading} of {name}" if isinstance(reading, int) else name if reading == "u" else f"signed {name}"


def edge_values(block: Block, edge: Successor) -> dict[Value, Value]:
    """What an edge hands over, by argument; those that the terminator gives itself are left out."""
    given = len(block.args) - len(edge.args)
    return dict(zip(block.args[given:], edge.args, strict=True))
