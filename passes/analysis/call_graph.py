"""The call graph: who may run whom, and the order in which callees come before their callers.

An edge says that running the one may run the other on the same or another thread: by a call, a ``spawn``, an indirect call, or
a drop that runs a destructor. Code of which the module knows nothing is no node; ``unknown`` marks who may run some.

    func @even(...)   // call-graph: runs @odd; in a cycle: @even @odd

Clauses, cited by number in the code:
 1. a call by name runs that function; one of a declaration runs unknown code;
 2. a call of a value runs any function of its type whose address is taken, and unknown code;
 3. a drop runs the destructors of all that may be dropped with the type: parts, what an owner owns, and the function that
    releases it; for a ``dyn`` any destructor of the module, and unknown code;
 4. ``gc.drain`` runs what waits there: any destructor of the module.

``components`` are the strongly connected components, callees first: the order for summaries of functions. Indirect calls
lead to one further node for each type of function, so the graph is as large as the module. People have ``graph``, a
``networkx.DiGraph`` over names, for cycles, paths and pictures.

Invariant: a function that is run while another runs can be reached from it here, or from its unknown code.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Self

from altru_ir.behaviour import dropped_types
from altru_ir.marks import dropped_parts, needs_drop
from altru_ir.module import Module
from altru_ir.passes.analysis.graphs import strongly_connected
from altru_ir.passes.analysis.manager import Get, ModuleAnalysis
from altru_ir.passes.analysis.notes import Notes
from altru_ir.types import (
    DynType,
    NamedType,
    OwnType,
    Type,
)
from altru_ir.values import Operation

RUNS_WHAT_WAITS = ("gc.drain",)


class CallGraph(ModuleAnalysis):
    """The call graph: what each function may run, and cycles.

    Functions are numbered in text order: ``functions[i]``, ``number[name]``. ``unknown[i]`` says that function ``i`` may run
    code outside of the module. ``callees(i)`` and ``components`` are in these numbers.
    """

    name = "call-graph"

    def __init__(self, module: Module) -> None:
        self.module = module
        self.functions = list(module.functions.values())
        self.number = {function.name: index for index, function in enumerate(self.functions)}
        count = len(self.functions)
        self.unknown = [function.is_declaration for function in self.functions]  # 1
        self._successors: list[list[int]] = [[] for _ in range(count)]
        self._kinds: list[dict[int, str]] = [{} for _ in range(count)]
        self._destructors: dict[Type, tuple[tuple[str, ...], bool]] = {}
        self._by_type: dict[Type, int] = {}
        self._any_destructor = -1
        addresses: dict[str, None] = {}
        for index, function in enumerate(self.functions):
            for op in function.operations():
                decl = op.decl
                if decl.callee is not None:
                    self._call(index, op)
                elif decl.drops:
                    for type in dropped_types(op):
                        if needs_drop(type, module):
                            self._drop(index, type)
                elif op.name == "func.ref":
                    addresses[op.attrs["symbol"]] = None
                elif op.name in RUNS_WHAT_WAITS:  # 4
                    self._edge(index, self._all_destructors(), "drop")
        for name in addresses:
            function = module.functions[name]
            node = self._by_type.get(function.signature.type.erased)
            if node is not None:
                self._successors[node].append(self.number[name])
        if self._any_destructor >= 0:
            drops = dict.fromkeys(t.drop for t in module.types.values() if t.drop in self.number)
            self._successors[self._any_destructor] = [self.number[name] for name in drops if name is not None]
        components = [[n for n in c if n < count] for c in strongly_connected(self._successors)]
        self.components = [c for c in components if c]
        self.component = [0] * count
        for at, members in enumerate(self.components):
            for member in members:
                self.component[member] = at

    @classmethod
    def compute(cls, module: Module, get: Get) -> Self:
        return cls(module)

    def callees(self, index: int) -> list[int]:
        """The functions that function ``index`` may run directly, each once."""
        found: dict[int, None] = {}
        for node in self._successors[index]:
            if node < len(self.functions):
                found[node] = None
            else:
                found.update(dict.fromkeys(self._successors[node]))
        return list(found)

    def recursive(self, index: int) -> bool:
        """Whether a function may run itself within the module."""
        return len(self.components[self.component[index]]) > 1 or index in self.callees(index)

    def runs(self, op: Operation) -> tuple[list[int], bool]:
        """The functions that one operation may run, and whether it may run unknown code."""
        if op.decl.callee is not None:
            name = op.attrs.get("callee")
            if name is not None:
                return [self.number[name]], False
            node = self._by_type.get(_called(op))
            return [] if node is None else list(self._successors[node]), True
        found: dict[str, None] = {}
        unknown = False
        for type in dropped_types(op):
            names, dyn = self.destructors(type)
            found.update(dict.fromkeys(names))
            unknown |= dyn
        runs = [self.number[name] for name in found]
        if (unknown or op.name in RUNS_WHAT_WAITS) and self._any_destructor >= 0:
            runs = list(dict.fromkeys([*runs, *self._successors[self._any_destructor]]))
        return runs, unknown

    def destructors(self, type: Type) -> tuple[tuple[str, ...], bool]:
        """The functions that run when a value of ``type`` is dropped, and whether it holds a ``dyn`` of which nobody knows."""
        known = self._destructors.get(type)
        if known is None:
            known = self._destructors[type] = self._find_destructors(type)
        return known

    @cached_property
    def graph(self) -> Any:
        """The graph as a ``networkx.DiGraph`` over names; an edge has its ``kind``: call, indirect or drop."""
        import networkx

        graph = networkx.DiGraph(name=self.module.name)
        graph.add_nodes_from((f.name, {"function": f}) for f in self.functions)
        for index, function in enumerate(self.functions):
            for node, kind in self._kinds[index].items():
                for callee in [node] if node < len(self.functions) else self._successors[node]:
                    graph.add_edge(function.name, self.functions[callee].name, kind=kind)
        return graph

    def describe(self, notes: Notes) -> None:
        for index, function in enumerate(self.functions):
            runs = ["@" + self.functions[n].name for n in self.callees(index)]
            if self.unknown[index]:
                runs.append("unknown code")
            text = f"runs {' '.join(runs) or 'nothing else'}"
            if self.recursive(index):
                members = self.components[self.component[index]]
                text += f"; in a cycle: {' '.join('@' + self.functions[n].name for n in sorted(members))}"
            notes.function(function, text)

    # -- building ------------------------------------------------------------------------------------------------------------

    def _edge(self, index: int, node: int, kind: str) -> None:
        if node not in self._kinds[index]:
            self._kinds[index][node] = kind
            self._successors[index].append(node)

    def _node(self) -> int:
        self._successors.append([])
        return len(self._successors) - 1

    def _all_destructors(self) -> int:
        if self._any_destructor < 0:
            self._any_destructor = self._node()
        return self._any_destructor

    def _call(self, index: int, op: Operation) -> None:
        name = op.attrs.get("callee")
        if name is not None:  # 1
            self._edge(index, self.number[name], "call")
            return
        type = _called(op)  # 2
        if type not in self._by_type:
            self._by_type[type] = self._node()
        self._edge(index, self._by_type[type], "indirect")
        self.unknown[index] = True

    def _drop(self, index: int, type: Type) -> None:  # 3
        names, dyn = self.destructors(type)
        for name in names:
            self._edge(index, self.number[name], "drop")
        if dyn:
            self._edge(index, self._all_destructors(), "drop")
            self.unknown[index] = True

    def _find_destructors(self, type: Type) -> tuple[tuple[str, ...], bool]:
        names: dict[str, None] = {}
        dyn = False
        for each in dropped_parts(type, self.module):
            declaration = self.module.types.get(each.name) if isinstance(each, NamedType) else None
            name = declaration.drop if declaration is not None else each.release if isinstance(each, OwnType) else None
            if name is not None and name in self.number:
                names[name] = None
            dyn |= isinstance(each, DynType)
        return tuple(names), dyn


def _called(op: Operation) -> Type:
    """The erased type of the function value that ``op`` calls."""
    return op.operands[op.decl.fixed_count(op)].type.erased
