"""Recursion: which functions may run themselves, each group with a shortest cycle of calls.

    func @even(...)     // recursion: @even @odd @even

Recursive functions need a stack check of their own, and no summary of them is final before all of the group are. By networkx on
the graph of the call graph. What runs through code outside of the module is not seen.

Invariant: each component of the call graph that has a cycle is listed once, by a cycle that begins and ends with its first
function in text order.
"""

from __future__ import annotations

from typing import Self

from altru_ir.module import Function, Module
from altru_ir.passes.analysis.call_graph import CallGraph
from altru_ir.passes.analysis.manager import Get, ModuleAnalysis
from altru_ir.passes.analysis.notes import Notes


class Recursion(ModuleAnalysis):
    """Functions that may run themselves, with a cycle of calls.

    ``cycles`` has one for each group of functions that may run each other, from a function back to itself.
    """

    name = "recursion"
    follows = (CallGraph,)

    def __init__(self, calls: CallGraph) -> None:
        self.module = calls.module
        self.cycles: list[list[Function]] = []
        groups = [members for members in calls.components if calls.recursive(members[0])]
        if not groups:
            return
        import networkx

        for members in groups:
            first = calls.functions[min(members)].name
            inside = calls.graph.subgraph(calls.functions[n].name for n in members)
            paths = networkx.single_source_shortest_path(inside, first)
            last = min(inside.predecessors(first), key=lambda name: (len(paths[name]), calls.number[name]))
            self.cycles.append([calls.module.functions[name] for name in (*paths[last], first)])

    @classmethod
    def compute(cls, module: Module, get: Get) -> Self:
        return cls(get(CallGraph, module))

    def describe(self, notes: Notes) -> None:
        notes.module(self.module, f"{len(self.cycles)} cycles" if len(self.cycles) != 1 else "1 cycle")
        for cycle in self.cycles:
            notes.function(cycle[0], " ".join("@" + function.name for function in cycle))
