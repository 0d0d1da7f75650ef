"""Ended storage: which locals may have been ended, at each point of a function.

    ^a:  cond_br %c, ^b, ^c
    ^b:  end %l   br ^c
    ^c:  init %l, %x            %l may have been ended: one way comes from its `end`

A bit per local. Clauses: (1) ``end`` ends the local, also when a drop in it panics; (2) ``local`` gives fresh storage, so
nothing is carried around a loop into it; (3) where ways meet, what one of them has ended may have been ended.

Most functions end a local where nothing follows. So only locals with an ``end`` in a block that is left for another one, or
that stands in front of another use in its block, have a bit; where there are none, nothing is solved.

Invariant: a local without a bit is at no operation of the function used after its ``end``.
"""

from __future__ import annotations

from collections.abc import Set

from altru_ir.cfg import ControlFlowGraph
from altru_ir.dataflow import Problem, Solution, solve
from altru_ir.module import Block, Function
from altru_ir.passes.analysis.move_paths import MovePaths
from altru_ir.values import Operation, Value


class EndedStorage(Problem[int]):
    """The facts for one function: ``bit`` of each local that may be met after its end, and ``solution``."""

    def __init__(self, function: Function, cfg: ControlFlowGraph) -> None:
        self.bit: dict[Value, int] = {}
        for block in function.blocks:
            ended: set[Value] = set()
            for op in block.ops:
                if op.name == "end":
                    ended.add(op.operands[0])
            if ended and (block.ops[-1].successors or block.unwind is not None or ends_early(block, ended)):
                for local in sorted(ended, key=lambda value: value.name or ""):
                    self.bit.setdefault(local, 1 << len(self.bit))
        self.changes: dict[Block, list[tuple[int, int, int]]] = {}
        if self.bit:
            for block in function.blocks:
                changes = [(at, *self._change(op)) for at, op in enumerate(block.ops) if op.name in ("local", "end")]
                if changes:
                    self.changes[block] = changes
            self.solution: Solution[int] = solve(self, cfg)

    def _change(self, op: Operation) -> tuple[int, int]:
        if op.name == "end":
            return self.bit.get(op.operands[0], 0), 0  # 1
        return 0, self.bit.get(op.result, 0)  # 2

    # -- the problem --

    def bottom(self) -> int:
        return 0

    def boundary(self, op: Operation | None) -> int:
        return 0

    def join(self, a: int, b: int) -> int:
        return a | b  # 3

    def transfer(self, op: Operation, state: int) -> int:
        if op.name not in ("local", "end"):
            return state
        ended, fresh = self._change(op)
        return (state | ended) & ~fresh

    def through(self, block: Block, panics: Set[int], state: int) -> tuple[int, int | None]:
        unwind = state if panics else None
        last = max(panics, default=-1)
        for at, ended, fresh in self.changes.get(block, ()):
            state = (state | ended) & ~fresh
            if unwind is not None and (at < last or (ended and at in panics)):
                unwind |= state
        return state, unwind

    def ended_in(self, op: Operation, ended: int, paths: MovePaths) -> Value | None:
        """The first local that ``op`` does something to and whose storage is in ``ended``, the state in front of it."""
        if op.decl.is_projection and op.results[0].type.is_place:
            return None
        for value in op.operands:
            if value.type.is_place:
                path = paths.locate(value).path
                if path is not None and ended & self.bit.get(path.root, 0):
                    return path.root
        return None


def ends_early(block: Block, ended: set[Value]) -> bool:
    """Whether something follows in ``block`` behind the first ``end`` but other ends and what leaves the block."""
    names = [op.name for op in block.ops]
    first = names.index("end")
    seen: set[Value] = set()
    for op in block.ops[first:-1]:
        if op.name != "end" or op.operands[0] in seen:
            return True
        seen.add(op.operands[0])
    return False


__all__ = ["EndedStorage"]
