"""Liveness: which values are still needed where.

A value is live at a point when a path from there leads to a use of it and does not come to its definition again. What an edge
hands to a block is used by the terminator; block arguments are defined at the start of their block, parameters at that of
the entry. An unwind edge counts as taken before every operation that may panic, and at the start of its block.

    ^head(%i: i64):     // liveness: in %n %one, out %i %n %one
      %done = icmp uge %i, %n

In SSA a definition dominates all of its uses, so a value that is live at the header of a loop is live all over the loop, and
two sweeps over the blocks find everything, however deep loops are nested. Steps, cited by number in the code:
 1. Collect the values that are used in another block than their own; the others are in no set.
 2. A value is live at most from its block to its last use in the loop forest's order, or to the end of the largest loop that
    has a use but not the definition. Values whose ranges do not meet share a bit (the linear scan of Poletto and Sarkar,
    Linear Scan Register Allocation, TOPLAS 1999). So a set is an integer as wide as many values are live at once, and
    not as wide as there are values.
 3. Backwards over the order, edges to headers of loops around their source left out, an edge into a loop beside its header
    counted as one to its header: live at the start is what the block uses, and what is live at its end and not defined
    in it (Brandner, Boissinot, Darte, Dupont de Dinechin, Rastello, Computing Liveness Sets for SSA-Form Programs, 2011).
 4. Forwards, outer loops first: what is live at the start of a header is live everywhere in its loop.

Near-linear, but for the width of the integers. Invariant: in a set, bit and block together name one value. Nothing is live in
a block that the entry does not reach.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from heapq import heappop, heappush
from operator import itemgetter
from typing import Self

from altru_ir.cfg import ControlFlowGraph
from altru_ir.module import Function
from altru_ir.passes.analysis.control_flow import ControlFlow
from altru_ir.passes.analysis.loops import Loops
from altru_ir.passes.analysis.manager import FunctionAnalysis, Get
from altru_ir.passes.analysis.notes import Notes, spelled
from altru_ir.values import Operation, Value


class Liveness(FunctionAnalysis):
    """Liveness: the values that are needed at the start and the end of each block.

    ``width`` is how many bits the sets have. ``starts[b]`` and ``ends[b]`` are the sets themselves; ask ``at_start`` and
    ``at_end`` for values.
    """

    name = "liveness"

    def __init__(self, function: Function, cfg: ControlFlowGraph, loops: Loops) -> None:
        self.function = function
        self.cfg = cfg
        self.loops = loops
        count = len(cfg.blocks)
        self.starts = [0] * count
        self.ends = [0] * count
        self.width = 0
        self._home: dict[Value, int] = {}  # every value's block, in order of definition
        self._used: list[list[Value]] = [[] for _ in range(count)]  # what a block uses of others
        self._bit: dict[Value, int] = {}
        # For each bit the values that have it, one behind the other: first place, last place, rank of the definition, value.
        self._ranges: list[list[tuple[int, int, int, Value]]] = []
        self._collect()
        self._share_bits()
        self._sweep()

    @classmethod
    def compute(cls, function: Function, get: Get) -> Self:
        return cls(function, get(ControlFlow, function), get(Loops, function))

    # -- questions -----------------------------------------------------------------------------------------------------------

    def at_start(self, block: int) -> list[Value]:
        """The values live at the start of a block, in order of definition; its arguments are not among them."""
        return self._values(self.starts[block], block)

    def at_end(self, block: int) -> list[Value]:
        """The values live at the end of a block, behind its terminator, in order of definition."""
        return self._values(self.ends[block], block)

    def is_live_at_start(self, value: Value, block: int) -> bool:
        """Whether ``value`` is live at the start of a block."""
        return self._holds(self.starts, value, block)

    def is_live_at_end(self, value: Value, block: int) -> bool:
        """Whether ``value`` is live at the end of a block."""
        return self._holds(self.ends, value, block)

    def backwards(self, block: int) -> Iterator[tuple[Operation, dict[Value, None]]]:
        """The operations of a block from the last to the first, each with what is live behind it.

        The dictionary (of values, for its order) is one and the same, and changes as the iteration goes on.
        """
        node = self.cfg.blocks[block]
        live = dict.fromkeys(self.at_end(block))
        unwinding = [] if node.unwind is None else self.at_start(self.cfg.number[node.unwind])
        for op in reversed(node.ops):
            yield op, live
            for result in op.results:
                live.pop(result, None)
            for value in op.all_operands():
                live[value] = None
            if unwinding and op.decl.may_panic:
                live.update(dict.fromkeys(unwinding))

    def describe(self, notes: Notes) -> None:
        for number, block in enumerate(self.cfg.blocks):
            if self.loops.place[number] < 0:
                notes.block(block, "unreachable")
            else:
                notes.block(block, f"in {spelled(self.at_start(number))}, out {spelled(self.at_end(number))}")

    # -- how they are answered -----------------------------------------------------------------------------------------------

    def _values(self, bits: int, block: int) -> list[Value]:
        found = []
        while bits:
            lowest = bits & -bits
            found.append(self._at(lowest.bit_length() - 1, block))
            bits ^= lowest
        return [value for _, value in sorted(found, key=itemgetter(0))]

    def _at(self, bit: int, block: int) -> tuple[int, Value]:
        """The value that a bit stands for in a block, with its rank; the last one with the bit that is defined by then."""
        ranges = self._ranges[bit]
        _, _, rank, value = ranges[bisect_right(ranges, self.loops.place[block], key=itemgetter(0)) - 1]
        return rank, value

    def _holds(self, sets: list[int], value: Value, block: int) -> bool:
        bit = self._bit.get(value)
        return bit is not None and bool(sets[block] >> bit & 1) and self._at(bit, block)[1] is value

    def _collect(self) -> None:  # 1
        home = dict.fromkeys(self.function.parameters, 0)
        for block in self.loops.order:
            node = self.cfg.blocks[block]
            for argument in node.args:
                home[argument] = block
            used: dict[Value, None] = {}
            for op in node.ops:
                for value in op.all_operands():
                    if home[value] != block:
                        used[value] = None
                for result in op.results:
                    home[result] = block
            self._used[block] = list(used)
        self._home = home

    def _share_bits(self) -> None:  # 2
        loops, home = self.loops, self._home
        last: dict[Value, int] = {}
        for block in loops.order:
            for value in self._used[block]:
                around = loops.outermost_without(block, home[value])
                until = loops.place[block] if around is None else around.end - 1
                if last.get(value, -1) < until:
                    last[value] = until
        free: list[int] = []
        busy: list[tuple[int, int]] = []
        for rank, value in enumerate(value for value in home if value in last):
            begin, until = loops.place[home[value]], last[value]
            while busy and busy[0][0] < begin:
                heappush(free, heappop(busy)[1])
            if free:
                bit = heappop(free)
            else:
                bit = len(self._ranges)
                self._ranges.append([])
            self._ranges[bit].append((begin, until, rank, value))
            self._bit[value] = bit
            heappush(busy, (until, bit))
        self.width = len(self._ranges)

    def _sweep(self) -> None:
        loops, starts, blocks = self.loops, self.starts, self.cfg.blocks
        defined = [0] * len(blocks)
        for value, bit in self._bit.items():
            defined[self._home[value]] |= 1 << bit
        for block in reversed(loops.order):  # 3
            later = 0
            for successor in self.cfg.successors[block]:
                loop = loops.innermost[successor]
                if loop is not None:
                    if loop.header == successor and loops.contains(loop, block):
                        continue
                    entered = loops.outermost_without(successor, block)
                    successor = successor if entered is None else entered.header
                later |= starts[successor]
            used = 0
            for value in self._used[block]:
                used |= 1 << self._bit[value]
            starts[block] = used | later ^ (later & defined[block])
        for block in loops.order:  # 4
            loop = loops.innermost[block]
            if loop is not None and loop.header == block:
                loop = loop.parent
            if loop is not None:
                starts[block] |= starts[loop.header]
        for block in loops.order:
            edges = self.cfg.successors[block]
            for successor in edges[: len(edges) - (blocks[block].unwind is not None)]:
                self.ends[block] |= starts[successor]
