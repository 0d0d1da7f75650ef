"""The control-flow graph and the dominator tree as analyses, so that they are computed once and kept.

``get(ControlFlow, f)`` is a ``ControlFlowGraph``: ``successors[i]`` over dense numbers for inner loops, ``graph``, a
``networkx.DiGraph`` over labels, for everything else. ``get(Dominators, f).tree`` is its ``DominatorTree``.

    ^entry: // cfg: 0 -> 1 2
    ^entry: // dominators: root, ^then ^join below

Blocks dominate blocks. Whether a *result* is there in a block that its own dominates is ``cfg.reaches``: it is not where the
block of its definition unwinds. A pass that walks the dominator tree with a table of known values walks
``cfg.result_dominators``.

Invariant: both depend on the blocks, their order and their edges alone. A pass that touches no block and no edge preserves
``ControlFlow``, and with it all that follows from it: dominators, post-dominators, loops.
"""

from __future__ import annotations

from typing import Self

from altru_ir.cfg import ControlFlowGraph
from altru_ir.dominance import DominatorTree
from altru_ir.module import Function
from altru_ir.passes.analysis.manager import FunctionAnalysis, Get
from altru_ir.passes.analysis.notes import Notes, labels


class ControlFlow(ControlFlowGraph, FunctionAnalysis):
    """The control-flow graph: the successors of each block by number."""

    name = "cfg"

    @classmethod
    def compute(cls, function: Function, get: Get) -> Self:
        return cls(function)

    def describe(self, notes: Notes) -> None:
        for number, block in enumerate(self.blocks):
            after = " ".join(map(str, self.successors[number])) or "none"
            notes.block(block, f"{number} -> {after}")


class Dominators(FunctionAnalysis):
    """Dominators: what stands on every path from the entry to a block."""

    name = "dominators"
    follows = (ControlFlow,)

    def __init__(self, cfg: ControlFlowGraph) -> None:
        self.cfg = cfg
        self.tree: DominatorTree = cfg.dominators

    @classmethod
    def compute(cls, function: Function, get: Get) -> Self:
        return cls(get(ControlFlow, function))

    def describe(self, notes: Notes) -> None:
        blocks = self.cfg.blocks
        for number, block in enumerate(blocks):
            if not self.tree.reachable(number):
                notes.block(block, "unreachable")
                continue
            above = self.tree.parent[number]
            parent = "root" if above < 0 else f"under ^{blocks[above].label}"
            notes.block(block, f"{parent}, {labels(blocks[b] for b in self.tree.children[number])} below")
