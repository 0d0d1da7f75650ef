"""Open scopes: which locals and owned values still have to be ended, at each point of a function.

A local is open from its ``local`` to an ``end``; a value whose type needs drop, from its definition to the operand that
consumes it. What is open where two ways meet is what is open on both; what one of them has left open beyond that has to be
closed on its edge. Two cases are the same case: a loop that goes back in front of a definition leaves nothing of it open, and
an edge into a block where another edge has consumed a value leaves nothing of that value open.

    ^a:  cond_br %c, ^use, ^skip          %o is open behind ^a
    ^use: drop %o   br ^end               closed here,
    ^skip: br ^end                        open here: to be closed on this edge
    ^end:                                 so here it is not open

Clauses, cited by number in the code:
 1. a definition opens: a result, a parameter, an argument of a block when an edge is taken;
 2. consuming a value, and ``end``, close; a drop with a flag does not, for it may leave the value there;
 3. at the start of a block that is open which is open on all edges into it;
 4. on an unwind edge that stays open which the cleanup itself closes, and which was open at the head of the block too, for
    only such values dominate the target; the rest has to be closed on that edge;
 5. an edge back to a block defines the arguments of that block anew: what they held is closed on the edge.

Invariant: what is open at a point dominates it, so the open scopes of a point have an order, that of their definitions.
"""

from __future__ import annotations

from altru_ir.behaviour import accesses
from altru_ir.cfg import ControlFlowGraph
from altru_ir.dataflow import BitProblem, Solution, solve
from altru_ir.declare import CONSUME, END, ESCAPE
from altru_ir.marks import Marks
from altru_ir.module import Block, Function, Module
from altru_ir.passes.analysis.initialization import is_conditional
from altru_ir.types import PlaceType
from altru_ir.values import Operation, Value


def has_scopes(function: Function) -> bool:
    """Whether there is anything in ``function`` that could be open."""
    assert function.module is not None
    marks = Marks(function.module)

    def opens(value: Value) -> bool:
        return opens_scope(value, marks)

    if any(opens(value) for value in function.parameters):
        return True
    for block in function.blocks:
        if block.args and any(opens(value) for value in block.args):
            return True
        for op in block.ops:
            for result in op.results:
                if opens(result):
                    return True
    return False


def opens_scope(value: Value, marks: Marks) -> bool:
    """Whether the definition of ``value`` opens a scope: a local, or what needs drop."""
    if value.type.is_place:
        return value.operation is not None and value.operation.name == "local"
    return marks.needs_drop(value.type)


def cleanups(blocks: list[Block]) -> set[Block]:
    """The blocks that control reaches by unwinding alone."""
    found: set[Block] = set()
    work = [block.unwind for block in blocks if block.unwind is not None]
    while work:
        block = work.pop()
        if block not in found:
            found.add(block)
            work.extend(successor.block for op in block.ops[-1:] for successor in op.successors)
    return found


class OpenScopes(BitProblem):
    """The facts for one function: ``values`` by bit, ``bit`` of each, and ``solution``. Bits are in the order of definitions
    along each way down the dominator tree."""

    must = True

    def __init__(self, function: Function, module: Module, cfg: ControlFlowGraph | None = None) -> None:
        self.function = function
        self.module = module
        self.cfg = function.cfg() if cfg is None else cfg
        self.values: list[Value] = []
        self.bit: dict[Value, int] = {}
        self.made_in: dict[Block | None, int] = {}
        self.opens: dict[Operation, int] = {}
        self.closes: dict[Operation, int] = {}
        self.dropping = 0
        self.locals = 0
        self.marks = Marks(module)
        self._dominating: dict[int, int] = {}
        for parameter in function.parameters:
            self._add(parameter, None)
        for number in self.cfg.dominators.order:
            block = self.cfg.blocks[number]
            for argument in block.args:
                self._add(argument, block)
            for op in block.ops:
                for result in op.results:
                    bit = self._add(result, block)
                    if bit:
                        self.opens[op] = self.opens.get(op, 0) | bit
        for block in function.blocks:
            for op in block.ops:
                if op.operands and self.bit:
                    closed = self._closed(op)
                    if closed:
                        self.closes[op] = closed
        self.cleaned: dict[Block, int] = {}
        for block in function.blocks:
            if block.unwind is not None and block.unwind not in self.cleaned:
                self.cleaned[block.unwind] = self._closed_from(block.unwind)
        self.solution: Solution[int] = solve(self, self.cfg)

    def _add(self, value: Value, block: Block | None) -> int:
        if not opens_scope(value, self.marks):
            return 0
        type = value.type
        bit = self.bit[value] = 1 << len(self.values)
        drops = True
        if isinstance(type, PlaceType):
            drops = self.marks.needs_drop(type.target)
            self.locals |= bit
        self.values.append(value)
        self.made_in[block] = self.made_in.get(block, 0) | bit
        if drops:
            self.dropping |= bit
        return bit

    def _closed(self, op: Operation) -> int:  # 2
        closed = 0
        if self.bit.keys().isdisjoint(op.operands):
            return 0
        for value, access in accesses(op):
            if access == END or (access in (CONSUME, ESCAPE) and not value.type.is_place and not is_conditional(op)):
                closed |= self.bit.get(value, 0)
        return closed

    def _closed_from(self, cleanup: Block) -> int:
        """What is closed in the blocks that ``cleanup`` leads to."""
        seen, work, closed = {cleanup}, [cleanup], 0
        while work:
            block = work.pop()
            for op in block.ops:
                closed |= self.closes.get(op, 0)
                for successor in op.successors:
                    for value in successor.args:
                        closed |= self.bit.get(value, 0)
                    if successor.block not in seen:
                        seen.add(successor.block)
                        work.append(successor.block)
        return closed

    def dominating(self, number: int) -> int:
        """The values, not the locals, whose definitions dominate the first operation of a block."""
        if not self._dominating:
            dominators = self.cfg.dominators
            made = {block: bits & ~self.locals for block, bits in self.made_in.items()}
            for each in dominators.order:
                block, above = self.cfg.blocks[each], dominators.parent[each]
                outer = made.get(None, 0) if above < 0 else self._dominating[above] | made.get(self.cfg.blocks[above], 0)
                for argument in block.args:
                    outer |= self.bit.get(argument, 0)
                self._dominating[each] = outer
        return self._dominating[number]

    def in_order(self, scopes: int) -> list[Value]:
        """The values of a set of scopes that are open at one point, the outermost first."""
        found = []
        while scopes:
            low = scopes & -scopes
            found.append(self.values[low.bit_length() - 1])
            scopes ^= low
        return found

    # -- the problem --

    def acting(self, block: Block) -> list[int] | None:
        opens, closes = self.opens, self.closes
        return [at for at, op in enumerate(block.ops) if op in opens or op in closes]

    def boundary(self, op: Operation | None) -> int:
        return self.made_in.get(None, 0)  # 1

    def gen(self, op: Operation) -> int:
        return self.opens.get(op, 0)  # 1

    def kill(self, op: Operation) -> int:
        return self.closes.get(op, 0)  # 2

    def panic_kill(self, op: Operation) -> int:
        target = op.block.unwind if op.block is not None else None
        closed = self.closes.get(op, 0) | self.made_in.get(op.block, 0)  # 2, 4
        return closed if target is None else closed | ~self.cleaned[target]  # 4

    def edge(self, op: Operation, index: int, state: int) -> int:
        state = self.handed_over(op, index, state)
        for argument in op.successors[index].block.args:
            state |= self.bit.get(argument, 0)  # 1
        return state

    def handed_over(self, op: Operation, index: int, state: int) -> int:
        """What is still open of ``state`` when an edge has taken its arguments, and not yet defined the block's own."""
        for value in op.successors[index].args:
            state &= ~self.bit.get(value, 0)  # 2
        return state

    def surplus(self, op: Operation, index: int, state: int, target: int) -> int:
        """What has to be closed on an edge, with ``target`` open behind it. What the block's own arguments held the last time
        is closed, too: an edge that goes back defines them anew (5)."""
        defined = 0
        for argument in op.successors[index].block.args:
            defined |= self.bit.get(argument, 0)
        return self.handed_over(op, index, state) & (~target | defined)


__all__ = ["OpenScopes", "cleanups", "has_scopes"]
