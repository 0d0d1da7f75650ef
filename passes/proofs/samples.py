"""Samples: numbers that a function's values have in a few runs, which show at once that a goal cannot be proven.

    ^loop(%i: usize):        // runs with %n = 3:   i = 0, i = 1, i = 2
      goal  i - 1 >= 0       refuted by i = 0: no search for a proof, and no induction

A run takes random small numbers for what comes from outside (parameters, lengths, what is loaded or returned), computes the
rest, and follows the branches; what it has when it leaves a block is kept, a few times for each block. Rules, cited by number:

 1. What was kept at the end of a block holds at each point of it, if the run got as far: where a check fails the run ends, and
    what is kept holds for the points up to there. On an edge it holds if the run took an edge to the same block.
 2. A goal is refuted by numbers that make it negative. Numbers that the run does not have (a ``float``, what an unknown
    operation gave) refute nothing.
 3. In a case of a choice (``Point.cases``) only runs count in which it is the case.
 4. The work is bounded: ``RUNS`` runs of ``LONGEST`` operations, ``KEPT`` for each block. The numbers are the same each time.

Invariant: what is refuted does not hold in all runs; a proof never rests on what is said here. So a defect here costs
proofs, and makes none wrong.

Reference: Ernst and others, Dynamically Discovering Likely Program Invariants, ICSE 1999; here for their opposite.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from altru_ir import scalars
from altru_ir.module import Block
from altru_ir.passes.analysis.definitions import length_of, range_of, width
from altru_ir.passes.analysis.facts import Form, Point
from altru_ir.passes.analysis.inequalities import Inequalities
from altru_ir.types import ArrayType, Type
from altru_ir.values import Operation, Successor, Value

RUNS = 6
LONGEST = 240
KEPT = 6
LARGEST = 9
Key = Value | tuple[Value, int]
Numbers = dict[Key, int]

COMPUTED: dict[str, Callable[[int, int], int]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "umin": min,
    "umax": max,
}
OTHERS = frozenset(
    {"shl", "lshr", "ashr", "rotl", "rotr", "sdiv", "srem", "udiv", "urem", "smin", "smax", "clz", "ctz", "popcount"}
    | {f"{sign}{verb}.checked" for sign in "us" for verb in ("add", "sub", "mul")}
    | {"shl.checked", "lshr.checked", "ashr.checked"}
)


class _Over(Exception):
    """The run ends here: a panic, or the end of the work."""


class Samples:
    """What some runs of a function had. Computed when it is made."""

    def __init__(self, facts: Inequalities) -> None:
        self.facts = facts
        self.at: dict[Block, list[tuple[int, Block | None, Numbers]]] = {}
        self._random = Random(6)
        self._left = 0
        for number in range(RUNS):
            self._run(number)

    def refuted(self, goal: Form, point: Point) -> bool:
        """Whether some run had numbers at a point that make a goal negative."""
        kept = self.at.get(point.block) if point.block is not None else None
        if kept is None:
            return False
        into = point.into
        for until, left_to, numbers in kept:
            is_there = left_to is into if into is not None else point.rank <= until  # 1
            is_case = all(_is_case(op, first, numbers) for op, first in point.cases)  # 3
            if is_there and is_case and self._negative(goal, numbers):
                return True
        return False

    def refuted_on(self, goal: Form, block: Block) -> bool:
        """Whether some run had numbers on entry to a block that make a goal about values there negative."""
        return any(self._negative(goal, numbers) for _, _, numbers in self.at.get(block, ()))

    def _negative(self, goal: Form, numbers: Numbers) -> bool:  # 2
        facts = self.facts
        terms, factors = facts.terms, facts.factors
        total = 0
        for each, coefficient in goal.items():
            if not each:
                total += coefficient
                continue
            product = coefficient
            for part in factors[each] or (each,):
                value, reading = terms[part]
                found = numbers.get((value, reading) if isinstance(reading, int) else value)  # type: ignore[arg-type]
                if found is None:
                    return False
                if reading == "s":
                    assert value is not None
                    found = scalars.signed(found, width(value.type, facts.module))
                product *= found
            total += product
        return total < 0

    # -- runs --------------------------------------------------------------------------------------------------------------

    def _run(self, number: int) -> None:  # 4
        facts = self.facts
        numbers: Numbers = {}
        alike = self._any() if number % 2 == 0 else None
        for value in facts.function.parameters:
            self._from_outside(value, numbers, alike)
        block = facts.function.blocks[0]
        self._left = LONGEST
        while True:
            op = block.ops[-1]
            try:
                for op in block.ops[:-1]:
                    self._operation(op, numbers)
                edge = self._taken(block.ops[-1], numbers)
            except _Over:
                self._keep(block, facts.rank_at(op), None, numbers)
                return
            if edge is None:
                self._keep(block, facts.rank_at(block.ops[-1]), None, numbers)
                return
            self._keep(block, facts.rank_at(block.ops[-1]), edge.block, numbers)
            block = self._enter(edge, numbers)

    def _enter(self, edge: Successor, numbers: Numbers) -> Block:
        block = edge.block
        given = len(block.args) - len(edge.args)
        handed = [self._all_of(value, numbers) for value in edge.args]
        for value in block.args[:given]:
            self._from_outside(value, numbers)
        for value, found in zip(block.args[given:], handed, strict=True):
            numbers.pop(value, None)
            for axis, each in found.items():
                numbers[value if axis < 0 else (value, axis)] = each
        return block

    def _all_of(self, value: Value, numbers: Numbers) -> dict[int, int]:
        """What is known of a value: its number as -1, its lengths by axis."""
        found: dict[int, int] = {}
        if value in numbers:
            found[-1] = numbers[value]
        for axis in range(_rank(value.type)):
            number, constant = self.facts.number(value, axis)
            known, reading = self.facts.terms[number]
            length = constant if not number else numbers.get((known, reading) if isinstance(reading, int) else known)  # type: ignore
            if length is not None:
                found[axis] = length
        return found

    def _keep(self, block: Block, until: int, left_to: Block | None, numbers: Numbers) -> None:
        kept = self.at.setdefault(block, [])
        if len(kept) < KEPT:
            kept.append((until, left_to, dict(numbers)))

    def _any(self) -> int:
        return self._random.randrange(LARGEST)

    def _from_outside(self, value: Value, numbers: Numbers, alike: int | None = None) -> None:
        """A number for what the function does not compute; ``alike`` for all lengths, so that shapes fit now and then."""
        if value.type.is_integer:
            most = 1 << width(value.type, self.facts.module)
            numbers[value] = self._any() % most
        for axis in range(_rank(value.type)):
            numbers[value, axis] = self._any() if alike is None else alike

    def _taken(self, op: Operation, numbers: Numbers) -> Successor | None:
        name, edges = op.decl.name, op.successors
        if not edges:
            return None
        if name == "cond_br" and op.operands[0] in numbers:
            return edges[0 if numbers[op.operands[0]] else 1]
        if name == "switch" and op.operands[0] in numbers:
            full = 1 << width(op.operands[0].type, self.facts.module)
            number = numbers[op.operands[0]]
            default = next(edge for edge in edges if edge.case is None)
            return next((edge for edge in edges if edge.case is not None and int(edge.case) % full == number), default)
        return edges[self._random.randrange(len(edges))]

    def _operation(self, op: Operation, numbers: Numbers) -> None:
        self._left -= 1
        if self._left < 0:
            raise _Over
        name = op.decl.name
        if op.decl.is_check or name == "assume":
            if not self._passes(op, numbers):
                raise _Over
            return
        for result in op.results:
            numbers.pop(result, None)
        if len(op.results) == 1:
            result = op.results[0]
            if result.type.is_integer:
                self._integer(op, result, name, numbers)
            else:
                self._lengths(op, result, numbers)
        else:
            for result in op.results:
                self._from_outside(result, numbers)

    def _integer(self, op: Operation, result: Value, name: str, numbers: Numbers) -> None:
        facts = self.facts
        bits = width(result.type, facts.module)
        number, constant = facts.number(result, "u")
        if not number:
            numbers[result] = constant
            return
        same, reading = facts.terms[number]
        if same is not result:
            known = numbers.get((same, reading) if isinstance(reading, int) else same)  # type: ignore[arg-type]
            if known is not None:
                numbers[result] = known
            return
        if name == "dim" or not op.operands:
            self._measured(op.operands[0] if name == "dim" else None, result, op, numbers)
            return
        values = [numbers.get(value) for value in op.operands]
        if name in COMPUTED or name in OTHERS or name in ("icmp", "select", "trunc", "sext"):
            if None in values:
                return
            a, b = values[0], values[1] if len(values) > 1 else 0
            assert a is not None
            assert b is not None
            width_of_operand = width(op.operands[0].type, facts.module)
            if name in COMPUTED:
                numbers[result] = COMPUTED[name](a, b) & (1 << bits) - 1
            elif name == "icmp":
                numbers[result] = int(scalars.compare(op.attrs["predicate"], width_of_operand, a, b))
            elif name == "select":
                numbers[result] = b if a else values[2]  # type: ignore[assignment]
            elif name == "trunc":
                numbers[result] = a & (1 << bits) - 1
            elif name == "sext":
                numbers[result] = scalars.signed(a, width_of_operand) & (1 << bits) - 1
            else:
                try:
                    numbers[result] = scalars.integer(name, bits, a, b)
                except scalars.Panics:
                    raise _Over from None
        else:
            self._from_outside(result, numbers)

    def _measured(self, place: Value | None, result: Value, op: Operation, numbers: Numbers) -> None:
        """The length of a part, or any length."""
        ends = range_of(place) if place is not None and op.attrs["axis"] == 0 else None
        low, high = (numbers.get(ends[0]), numbers.get(ends[1])) if ends is not None else (None, None)
        if low is not None and high is not None and low <= high:
            numbers[result] = high - low
        elif ends is None:
            self._from_outside(result, numbers)

    def _lengths(self, op: Operation, result: Value, numbers: Numbers) -> None:
        """The lengths of what a result leads to, where they stand for themselves."""
        for axis in range(_rank(result.type)):
            numbers.pop((result, axis), None)
            number, _ = self.facts.number(result, axis)
            if not number or self.facts.terms[number] != (result, axis):
                continue
            ends = range_of(op.operands[0]) if op.decl.name == "borrow" and axis == 0 else None
            if ends is None:
                if op.decl.name != "borrow" or length_of(op.operands[0], axis) is None:
                    numbers[result, axis] = self._any()
                continue
            low, high = numbers.get(ends[0]), numbers.get(ends[1])
            if low is not None and high is not None and low <= high:
                numbers[result, axis] = high - low

    def _passes(self, op: Operation, numbers: Numbers) -> bool:
        name = op.decl.name
        values = [numbers.get(value) for value in op.operands]
        if None in values:
            return True
        if name == "check.bounds":
            return values[0] < values[1]  # type: ignore[operator]
        if name == "check.subrange":
            return values[0] <= values[1] <= values[2]  # type: ignore[operator]
        if name in ("check.nonzero", "assume"):
            return values[0] != 0
        return True


def _rank(type: Type) -> int:
    """The dimensions of the sequence that a pointer leads to."""
    sequence = type.pointee
    return len(sequence.dimensions) if isinstance(sequence, ArrayType) else 0


def _is_case(op: Operation, first: bool, numbers: Numbers) -> bool:
    if op.decl.name == "select":
        return numbers.get(op.operands[0]) == int(first)
    return numbers.get(op.result) == numbers.get(op.operands[0 if first else 1])
