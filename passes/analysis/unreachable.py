"""Unreachable blocks: where control never comes, and by which blocks it would have to.

    ^old:       // unreachable: no edge leads here; with it ^old2

A part of the graph that the entry does not reach hangs together by its own edges. Of each such part the blocks are named that
nothing outside of it leads to: put an edge to one of them, or delete all that is named.

By networkx on ``cfg.graph``: what does not descend from the entry, condensed; the sources of what remains.
Invariant: each unreachable block is named once, at a source from which it can be reached.
"""

from __future__ import annotations

from typing import Self

from altru_ir.cfg import ControlFlowGraph
from altru_ir.module import Block, Function
from altru_ir.passes.analysis.control_flow import ControlFlow
from altru_ir.passes.analysis.manager import FunctionAnalysis, Get
from altru_ir.passes.analysis.notes import Notes, labels


class Unreachable(FunctionAnalysis):
    """Unreachable blocks, by what one would have to enter.

    ``parts`` maps the blocks that nothing else leads to (of a cycle the first) to all that comes with them, in text order.
    """

    name = "unreachable"
    follows = (ControlFlow,)

    def __init__(self, cfg: ControlFlowGraph) -> None:
        import networkx

        self.cfg = cfg
        self.parts: dict[Block, list[Block]] = {}
        if not cfg.blocks:
            return
        graph = cfg.graph
        entry = cfg.blocks[0].label
        cut_off = set(graph) - {entry} - networkx.descendants(graph, entry)
        if not cut_off:
            return
        by_label = {block.label: block for block in cfg.blocks}
        rest = graph.subgraph(cut_off)
        condensed = networkx.condensation(rest)
        order = {block.label: at for at, block in enumerate(cfg.blocks)}
        sources = [min(condensed.nodes[c]["members"], key=order.__getitem__) for c in condensed if not condensed.in_degree(c)]
        named: set[str] = set()
        for source in sorted(sources, key=order.__getitem__):
            members = ({source} | networkx.descendants(rest, source)) - named
            named |= members
            self.parts[by_label[source]] = [by_label[label] for label in sorted(members, key=order.__getitem__)]

    @classmethod
    def compute(cls, function: Function, get: Get) -> Self:
        return cls(get(ControlFlow, function))

    def describe(self, notes: Notes) -> None:
        function = self.cfg.function
        count = sum(map(len, self.parts.values()))
        notes.function(function, f"{count} of {len(self.cfg.blocks)} blocks")
        for source, blocks in self.parts.items():
            others = [block for block in blocks if block is not source]
            behind = f"; with it {labels(others)}" if others else ""
            notes.block(source, f"no edge leads here from what is reached{behind}")
