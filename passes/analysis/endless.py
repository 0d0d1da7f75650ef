"""Endless regions: blocks from which the function cannot end, with a cycle that control may stay in for ever.

    ^wait:      // endless: no way to an end; stays in ^wait ^poll ^wait

An end is a block without successors (``ret``, ``panic``, ``resume``, ``abort``, ``unreachable``). A region that has none is
deliberate in a server's loop and a mistake anywhere else.

By networkx on ``cfg.graph``: blocks that are no ancestor of an end; in each region a cycle.
Invariant: a block is listed exactly when it is reachable and no path from it comes to an end.
"""

from __future__ import annotations

from typing import Self

from altru_ir.cfg import ControlFlowGraph
from altru_ir.module import Block, Function
from altru_ir.passes.analysis.control_flow import ControlFlow
from altru_ir.passes.analysis.manager import FunctionAnalysis, Get
from altru_ir.passes.analysis.notes import Notes, labels

BEHIND = "behind the end"  # a label with spaces has quotes


class Endless(FunctionAnalysis):
    """Blocks from which the function cannot end.

    ``blocks`` are all of them, in text order; ``cycles`` has for the first block of each endless component one shortest cycle
    through it, from the block back to itself.
    """

    name = "endless"
    follows = (ControlFlow,)

    def __init__(self, cfg: ControlFlowGraph) -> None:
        import networkx

        self.cfg = cfg
        self.blocks: list[Block] = []
        self.cycles: dict[Block, list[Block]] = {}
        if not cfg.blocks:
            return
        graph = cfg.graph
        by_label = {block.label: block for block in cfg.blocks}
        order = {label: at for at, label in enumerate(by_label)}
        entry = cfg.blocks[0].label
        ends = [label for label in graph if not graph.out_degree(label)]
        lively = set(ends)
        if ends:  # one search from an end of all ends, on the graph turned round
            backward = graph.reverse(copy=True)
            backward.add_edges_from((BEHIND, label) for label in ends)
            lively |= networkx.descendants(backward, BEHIND)
        stuck = ({entry} | networkx.descendants(graph, entry)) - lively
        self.blocks = [by_label[label] for label in sorted(stuck, key=order.__getitem__)]
        rest = graph.subgraph(stuck)
        for members in networkx.strongly_connected_components(rest):
            first = min(members, key=order.__getitem__)
            inside = rest.subgraph(members)
            if not inside.number_of_edges():
                continue
            distance = networkx.single_source_shortest_path(inside, first)
            last = min(inside.predecessors(first), key=lambda label: (len(distance[label]), order[label]))
            self.cycles[by_label[first]] = [by_label[label] for label in (*distance[last], first)]

    @classmethod
    def compute(cls, function: Function, get: Get) -> Self:
        return cls(get(ControlFlow, function))

    def describe(self, notes: Notes) -> None:
        notes.function(self.cfg.function, f"{len(self.blocks)} of {len(self.cfg.blocks)} blocks cannot come to an end")
        for block in self.blocks:
            cycle = self.cycles.get(block)
            notes.block(block, "no way to an end" + (f"; stays in {labels(cycle)}" if cycle else ""))
