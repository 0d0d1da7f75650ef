"""Irreducible regions: loops with several entries, each entry with a way that leads there.

    ^a:         // irreducible: entered at ^a by ^entry ^a; entered at ^b by ^entry ^b; loop of ^a ^b

Many optimizations leave such a loop alone; a front-end that makes one by mistake sees here which jump it was. The way to an
entry avoids the other entries, so its last edge is the one to look at.

By networkx on ``cfg.graph``, where the loop forest says that a loop is irreducible: shortest paths from the entry of the
function. Invariant: a way ends in its entry and meets no other block of the loop.
"""

from __future__ import annotations

from typing import Self

from altru_ir.module import Block, Function
from altru_ir.passes.analysis.control_flow import ControlFlow
from altru_ir.passes.analysis.loops import Loops
from altru_ir.passes.analysis.manager import FunctionAnalysis, Get
from altru_ir.passes.analysis.notes import Notes, labels


class Irreducible(FunctionAnalysis):
    """Loops with several entries, with a way to each.

    ``ways`` maps the header of each irreducible loop to the shortest path from the function's entry to each of its entries that
    can be reached without another block of the loop.
    """

    name = "irreducible"
    follows = (ControlFlow, Loops)

    def __init__(self, loops: Loops) -> None:
        self.loops = loops
        self.ways: dict[Block, list[list[Block]]] = {}
        if not any(loop.irreducible for loop in loops.all):
            return
        import networkx

        blocks, graph = loops.cfg.blocks, loops.cfg.graph
        by_label = {block.label: block for block in blocks}
        for loop in loops.all:
            if not loop.irreducible:
                continue
            inside = {blocks[b].label for b in loops.blocks(loop)}
            outside = graph.subgraph(set(graph) - inside)
            found = []
            paths = networkx.single_source_shortest_path(outside, blocks[0].label) if blocks[0].label in outside else {}
            for entry in loops.entries(loop):
                label = blocks[entry].label
                before = [paths[p] for p in graph.predecessors(label) if p in paths]
                if before:
                    found.append([by_label[each] for each in (*min(before, key=len), label)])
            self.ways[blocks[loop.header]] = found

    @classmethod
    def compute(cls, function: Function, get: Get) -> Self:
        return cls(get(Loops, function))

    def describe(self, notes: Notes) -> None:
        notes.function(self.loops.cfg.function, f"{len(self.ways)} of {len(self.loops.all)} loops")
        for header, ways in self.ways.items():
            said = [f"entered at ^{way[-1].label} by {labels(way)}" for way in ways]
            loop = self.loops.innermost[self.loops.cfg.number[header]]
            assert loop is not None
            inside = labels(self.loops.cfg.blocks[b] for b in self.loops.blocks(loop))
            notes.block(header, "; ".join([*said, f"loop of {inside}"]))
