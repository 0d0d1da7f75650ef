"""Value ranges: between which numbers each integer stays, at its definition and at each use.

A comparison that decided which way control went says more of its operands behind it, and so does a check that did not panic.
So a value has *versions*: one at its definition, one behind each branch or check that tells something, and each use refers to
the version there (the extended SSA form of Bodik, Gupta, Sarkar, ABCD: Eliminating Array Bounds Checks on Demand, PLDI 2000).

    ^loop(%i: usize):                  // ranges: %i 0..10
      %more = icmp ult %i, %ten        // ranges: %more any
      cond_br %more, ^body, ^done
    ^body:                             // ranges: %i 0..9 here

Steps, cited by number in the code:
 1. One walk over the dominator tree of results makes the versions, with a scope for what is known where.
 2. Ranges grow from nothing until they hold what flows in: a version is computed again when one that it depends on has grown.
    After ``PATIENCE`` steps a block argument is widened, so that it can grow only four times more; every cycle has one. Other
    versions are widened as well, but after so many steps that it only bounds the work.
 3. Afterwards they shrink: each version is computed again, ``ROUNDS`` times over all, and the range is what it was and is now;
    that gives back most of what widening lost (Cousot and Cousot, Abstract Interpretation, POPL 1977).

Linear but for the queue: a version changes a bounded number of times, and each change costs its users.

Invariant: in every run, every number that a value has where a version of it holds is in the range of that version. None says
that control does not get there.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Self

from altru_ir.cfg import ControlFlowGraph
from altru_ir.module import Block, Function, Module
from altru_ir.ops.enums import variants_of
from altru_ir.passes.analysis import intervals
from altru_ir.passes.analysis.control_flow import ControlFlow
from altru_ir.passes.analysis.intervals import OPPOSITE, SWAPPED, Range
from altru_ir.passes.analysis.loops import Loops
from altru_ir.passes.analysis.manager import FunctionAnalysis, Get
from altru_ir.passes.analysis.notes import Notes
from altru_ir.types import IntType, PlaceType, Type, UsizeType
from altru_ir.values import Operation, Value

PATIENCE = 3
MUCH_PATIENCE = 24
ROUNDS = 2

Rule = Callable[[list[Range]], Range | None]
"""What a version is, from the ranges of those it depends on."""


class Version:
    """A value from one point on: ``inputs`` are what it depends on; ``joins`` says that it may be any of them."""

    __slots__ = ("bits", "block", "inputs", "joins", "order", "range", "rule", "steps", "users", "value")

    def __init__(self, value: Value, bits: int, block: int, rule: Rule | None, inputs: list[Version], joins: bool) -> None:
        self.value = value
        self.bits = bits
        self.block = block
        self.rule = rule
        self.inputs = inputs
        self.joins = joins
        self.range: Range | None = None
        self.steps = 0
        self.order = 0
        self.users: list[Version] = []

    def compute(self) -> Range | None:
        """The range that follows from the inputs as they are."""
        if self.joins:
            found = None
            for each in self.inputs:
                found = intervals.join(found, each.range)
            return found
        given = []
        for each in self.inputs:
            if each.range is None:
                return None
            given.append(each.range)
        return intervals.everything(self.bits) if self.rule is None else self.rule(given)


class Ranges(FunctionAnalysis):
    """Value ranges: signed and unsigned intervals of integers, sharper behind branches and checks.

    ``steps`` counts how often a version was computed.
    """

    name = "ranges"

    def __init__(self, function: Function, cfg: ControlFlowGraph, loops: Loops) -> None:
        assert function.module is not None
        self.function = function
        self.cfg = cfg
        self.steps = 0
        self._module: Module = function.module
        self._versions: list[Version] = []
        self._first: dict[Value, Version] = {}
        self._operands: dict[Operation, list[Version | None]] = {}
        self._behind: dict[Block, list[Version]] = {}  # what the only edge into a block says
        self._scope: dict[Value, Version] = {}
        self._undo: list[tuple[Value, Version | None]] = []
        self._walk()
        for version in self._versions:
            for each in version.inputs:
                each.users.append(version)
        self._versions.sort(key=lambda version: loops.place[version.block])  # stable: by creation within a block
        for at, version in enumerate(self._versions):
            version.order = at
        self._widened = False
        self._grow()
        for _ in range(ROUNDS if self._widened else 0):  # 3
            for version in self._versions:
                version.range = intervals.meet(version.range, version.compute())
            self.steps += len(self._versions)

    @classmethod
    def compute(cls, function: Function, get: Get) -> Self:
        return cls(function, get(ControlFlow, function), get(Loops, function))

    # -- questions -----------------------------------------------------------------------------------------------------------

    def of(self, value: Value) -> Range | None:
        """The range of an integer wherever it is defined; None when it never is. Raises ``KeyError`` for other values."""
        if self._bits(value.type) is None:
            raise KeyError(f"{value!r} is no integer")
        version = self._first.get(value)
        return None if version is None else version.range

    def of_operand(self, op: Operation, index: int) -> Range | None:
        """The range of operand ``index`` of ``op`` when ``op`` runs; None when it never does. Raises ``KeyError`` when the
        operand is no integer."""
        if self._bits(op.operands[index].type) is None:
            raise KeyError(f"operand {index} of {op!r} is no integer")
        versions = self._operands.get(op)
        version = versions[index] if versions is not None else None
        return None if version is None else version.range

    def describe(self, notes: Notes) -> None:
        def spell(values: list[Value] | tuple[Value, ...]) -> str:
            known = [(v, self.of(v)) for v in values if self._bits(v.type) is not None]
            return ", ".join(f"%{v.name} {'never' if found is None else found}" for v, found in known)

        for block in self.function.blocks:
            arguments = spell(block.args)
            if arguments:
                notes.block(block, arguments)
            for version in self._behind.get(block, ()):
                notes.block(block, f"%{version.value.name} {'never' if version.range is None else version.range} here")
            for op in block.ops:
                results = spell(tuple(op.results))
                if results:
                    notes.operation(op, results)

    # -- versions ------------------------------------------------------------------------------------------------------------

    def _bits(self, type: Type) -> int | None:
        if isinstance(type, IntType):
            return type.bits
        return self._module.pointer_bits if isinstance(type, UsizeType) else None

    def _add(self, value: Value, block: int, rule: Rule | None, inputs: list[Version], joins: bool = False) -> Version:
        version = Version(value, self._bits(value.type) or 1, block, rule, inputs, joins)
        self._versions.append(version)
        return version

    def _define(self, value: Value, version: Version) -> None:
        self._undo.append((value, self._scope.get(value)))
        self._scope[value] = version

    def _walk(self) -> None:  # 1
        cfg = self.cfg
        if not cfg.blocks:
            return
        tree, body = cfg.result_dominators
        of_node = {node: number for number, node in enumerate(body)}
        for parameter in self.function.parameters:
            if self._bits(parameter.type) is not None:
                self._first[parameter] = self._scope[parameter] = self._add(parameter, 0, None, [])
        for number in tree.order:
            if number < len(cfg.blocks):
                for argument in cfg.blocks[number].args:
                    if self._bits(argument.type) is not None:
                        self._first[argument] = self._add(argument, number, None, [], joins=True)
        work = [(0, -1)]
        while work:
            node, length = work.pop()
            if length >= 0:
                while len(self._undo) > length:
                    value, before = self._undo.pop()
                    if before is None:
                        del self._scope[value]
                    else:
                        self._scope[value] = before
                continue
            work.append((node, len(self._undo)))
            if node < len(cfg.blocks):
                self._enter(node)
            block = of_node.get(node)
            if block is not None:
                for op in cfg.blocks[block].ops:
                    self._operation(op, block)
            work.extend((below, -1) for below in tree.children[node])

    def _enter(self, number: int) -> None:
        """The start of a block: what the only edge into it says (but for edges from blocks below it), and its arguments."""
        cfg = self.cfg
        block = cfg.blocks[number]
        tree = cfg.dominators
        before = [p for p in cfg.predecessors[number] if tree.reachable(p) and not tree.dominates(number, p)]
        if len(before) == 1 and cfg.blocks[before[0]].unwind is not block:
            terminator = cfg.blocks[before[0]].ops[-1]
            index = next(at for at, edge in enumerate(terminator.successors) if edge.block is block)
            said = said_on_edge(terminator, index)
            self._behind[block] = [self._refined(number, *each) for each in said if each[0] in self._scope]
        for argument in block.args:
            if argument in self._first:
                self._define(argument, self._first[argument])

    def _refined(self, block: int, value: Value, predicate: str, other: Value | int) -> Version:
        """A new version of ``value``, of which the predicate holds from here on."""
        inputs = [self._scope[value]]
        if isinstance(other, Value):
            inputs.append(self._scope[other])
            version = self._add(value, block, lambda ranges: intervals.refined(ranges[0], predicate, ranges[1]), inputs)
        else:
            bound = intervals.constant(inputs[0].bits, other)
            version = self._add(value, block, lambda ranges: intervals.refined(ranges[0], predicate, bound), inputs)
        self._define(value, version)
        return version

    def _operation(self, op: Operation, number: int) -> None:
        scope = self._scope
        found = [scope.get(value) for value in op.operands]
        if any(found):
            self._operands[op] = found
        for result in op.results:
            bits = self._bits(result.type)
            if bits is not None:
                rule = rule_of(op, bits, self._module) if all(found) or op.name == "discriminant" else None
                inputs = [each for each in found if each is not None] if rule is not None else []
                self._first[result] = version = self._add(result, number, rule, inputs)
                self._define(result, version)
        if op.decl.is_check:
            for each in said_by_check(op):
                self._refined(number, *each)
        for index, edge in enumerate(op.successors):
            arguments = edge.block.args
            given = len(arguments) - len(edge.args)
            said = said_on_edge(op, index) if edge.args else []
            for at, argument in enumerate(arguments):
                version_of = self._first.get(argument)
                if version_of is None:
                    continue
                if at < given:
                    version_of.inputs.append(self._add(argument, number, None, []))
                    continue
                value = edge.args[at - given]
                length = len(self._undo)
                for each in said:
                    if each[0] is value:
                        self._refined(number, *each)
                version_of.inputs.append(scope[value])
                while len(self._undo) > length:  # it holds on this edge alone
                    restored, before = self._undo.pop()
                    assert before is not None
                    scope[restored] = before

    # -- solving -------------------------------------------------------------------------------------------------------------

    def _grow(self) -> None:  # 2
        versions = self._versions
        queue = list(range(len(versions)))
        queued = [True] * len(versions)
        while queue:
            at = heappop(queue)
            queued[at] = False
            version = versions[at]
            self.steps += 1
            old = version.range
            new = version.compute()
            if old is not None:
                new = intervals.join(old, new)
            if new == old:
                continue
            version.steps += 1
            if version.steps > (PATIENCE if version.joins else MUCH_PATIENCE):
                self._widened = True
                new = intervals.widen(old, new)
            version.range = new
            for user in version.users:
                if not queued[user.order]:
                    queued[user.order] = True
                    heappush(queue, user.order)


Said = tuple[Value, str, Value | int]
"""That a predicate holds between a value and another value or a number."""


def said_on_edge(terminator: Operation, index: int) -> list[Said]:
    """What it says that control takes edge ``index`` of a terminator."""
    if terminator.name == "switch":
        value = terminator.operands[0]
        case = terminator.successors[index].case
        if case is not None:
            return [(value, "eq", case)]
        return [(value, "ne", edge.case) for edge in terminator.successors if edge.case is not None]
    if terminator.name != "cond_br":
        return []
    said: list[Said] = []
    work = [(terminator.operands[0], index == 0)]
    for condition, holds in work:
        said.append((condition, "eq", int(holds)))
        op = condition.operation
        if op is None or len(work) > 16:
            continue
        if op.name == "icmp" and op.operands[0].type.is_integer:
            predicate = op.attrs["predicate"]
            said += both(op.operands[0], predicate if holds else OPPOSITE[predicate], op.operands[1])
        elif (op.name == "and" and holds) or (op.name == "or" and not holds):
            work += [(each, holds) for each in op.operands]
    return said


def said_by_check(op: Operation) -> list[Said]:
    """What it says that a check did not panic."""
    if op.name == "check.bounds":
        return both(op.operands[0], "ult", op.operands[1])
    if op.name == "check.subrange":
        low, high, length = op.operands
        return [*both(high, "ule", length), *both(low, "ule", high)]
    return [(op.operands[0], "ne", 0)] if op.name == "check.nonzero" else []


def both(a: Value, predicate: str, b: Value) -> list[Said]:
    """A comparison as a fact about each of its operands."""
    return [(a, predicate, b), (b, SWAPPED[predicate], a)]


def rule_of(op: Operation, bits: int, module: Module) -> Rule | None:
    """What the range of an operation's result is, from those of its operands; None when nothing is known of it."""
    name = op.name
    if name == "const":
        number = intervals.constant(bits, int(op.attrs["value"]))
        return lambda ranges: number
    if name == "icmp":
        predicate = op.attrs["predicate"]
        return lambda ranges: intervals.compared(predicate, ranges[0], ranges[1])
    if name in ("zext", "sext"):
        return lambda ranges: intervals.extended(ranges[0], bits, name == "sext")
    if name in ("trunc", "bitcast"):
        return lambda ranges: intervals.truncated(ranges[0], bits)
    if name == "select":
        return lambda ranges: _chosen(*ranges)
    if name == "discriminant":
        given = op.operands[0].type
        variants = variants_of(given.target if isinstance(given, PlaceType) else given, module)
        return None if not variants else lambda ranges: intervals.unsigned(bits, 0, len(variants) - 1)
    if name in intervals.OPERATIONS:
        return lambda ranges: intervals.operate(name, *ranges)
    return None


def _chosen(condition: Range, a: Range, b: Range) -> Range | None:
    if condition.low == condition.high:
        return a if condition.low else b
    return intervals.join(a, b)
