"""Post-dominators: what stands on every path from a block to the end.

A path ends where control leaves the function (a block without successors), and, so that every block has an end, anywhere in an
**endless region**: a strongly connected component without an edge out. No block of such a region is on all ways to "the
end" but itself, whatever order the region is looked at in.

    ^entry: // post-dominators: under ^join
    ^left:  // post-dominators: under ^join
    ^join:  // post-dominators: root

Post-dominators are dominators of the graph turned round, below an exit of its own (Cytron et al., Efficiently Computing Static
Single Assignment Form and the Control Dependence Graph, TOPLAS 1991), found by Semi-NCA.

Invariant: edges of the graph count, and nothing else: an operation that panics in a block without an unwind target leaves the
function too, so a pass that moves effects asks ``altru_ir.behaviour.may_panic`` as well.
"""

from __future__ import annotations

from typing import Self

from altru_ir.cfg import ControlFlowGraph
from altru_ir.dominance import DominatorTree
from altru_ir.module import Function
from altru_ir.passes.analysis.control_flow import ControlFlow
from altru_ir.passes.analysis.graphs import reversed_edges, strongly_connected
from altru_ir.passes.analysis.manager import FunctionAnalysis, Get
from altru_ir.passes.analysis.notes import Notes


class PostDominators(FunctionAnalysis):
    """Post-dominators: what stands on every path from a block to an end.

    ``exit`` is the number of the exit below all blocks, ``parent[b]`` the immediate post-dominator of a block, perhaps that
    exit. ``ends`` are the blocks that it stands behind.
    """

    name = "post-dominators"
    follows = (ControlFlow,)

    def __init__(self, cfg: ControlFlowGraph) -> None:
        self.cfg = cfg
        self.exit = len(cfg.blocks)
        component = [0] * self.exit
        components = strongly_connected(cfg.successors)
        for index, members in enumerate(components):
            for member in members:
                component[member] = index
        ends = [
            all(component[s] == index for b in members for s in cfg.successors[b]) for index, members in enumerate(components)
        ]
        self.ends = [b for b in range(self.exit) if ends[component[b]]]
        backward = reversed_edges(cfg.successors)
        backward.append(self.ends)
        self.tree = DominatorTree(backward, self.exit)
        self.parent = self.tree.parent

    @classmethod
    def compute(cls, function: Function, get: Get) -> Self:
        return cls(get(ControlFlow, function))

    def dominates(self, below: int, above: int) -> bool:
        """Whether every path from ``above`` to an end goes through ``below`` (a block post-dominates itself)."""
        return self.tree.dominates(below, above)

    def describe(self, notes: Notes) -> None:
        for number, block in enumerate(self.cfg.blocks):
            above = self.parent[number]
            notes.block(block, "root" if above == self.exit else f"under ^{self.cfg.blocks[above].label}")
