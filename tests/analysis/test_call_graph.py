"""The call graph: kinds of edges one by one, components against networkx, and against what the interpreter runs."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import altru_ir as air
from altru_ir.module import Function, Module
from altru_ir.passes.analysis.call_graph import CallGraph
from altru_ir.passes.analysis.recursion import Recursion
from altru_ir.values import Operation
from tests.analysis.bodies import generated
from tests.analysis.watching import Watcher, runs

HEAD = "altru 1\nmodule @m\n"


def graph_of(text: str) -> CallGraph:
    module = air.parse(HEAD + text)
    assert air.verify(module) == []
    return CallGraph(module)


def names(graph: CallGraph, caller: str) -> set[str]:
    return {graph.functions[n].name for n in graph.callees(graph.number[caller])}


@settings(max_examples=60)
@given(st.integers(1, 8).flatmap(lambda n: st.lists(st.lists(st.integers(0, n - 1), max_size=3), min_size=n, max_size=n)))
def test_components_are_those_of_networkx_callees_first(calls: list[list[int]]) -> None:
    functions = [
        f"func @f{n}() {{\n^entry:\n" + "".join(f"  call @f{c}()\n" for c in callees) + "  ret\n}\n"
        for n, callees in enumerate(calls)
    ]
    graph = graph_of("".join(functions))
    wanted = networkx.DiGraph((a, b) for a, callees in enumerate(calls) for b in callees)
    wanted.add_nodes_from(range(len(calls)))
    assert {frozenset(c) for c in graph.components} == set(map(frozenset, networkx.strongly_connected_components(wanted)))
    assert all(graph.component[b] <= graph.component[a] for a, b in wanted.edges)
    assert set(graph.graph.edges) == {(f"f{a}", f"f{b}") for a, b in wanted.edges}
    for n in range(len(calls)):
        assert graph.recursive(n) == any(n in cycle for cycle in networkx.simple_cycles(wanted))
    cycles = Recursion(graph).cycles
    for cycle in cycles:
        assert cycle[0] is cycle[-1]
        assert all(graph.graph.has_edge(a.name, b.name) for a, b in pairwise(cycle))
    assert len(cycles) == sum(graph.recursive(c[0]) for c in graph.components)


def test_a_declaration_runs_unknown_code_and_its_caller_through_it() -> None:
    graph = graph_of('extern "C" func @puts()\nfunc @f() {\n^entry:\n  call @puts()\n  ret\n}\n')
    assert graph.unknown == [True, False]
    assert names(graph, "f") == {"puts"}


def test_a_call_of_a_value_runs_functions_of_its_type() -> None:
    graph = graph_of("""
func @a() {
^entry:
  ret
}
func @b() {
^entry:
  ret
}
func @c(%n: i32) {
^entry:
  ret
}
func @f(%g: fn()) {
^entry:
  %x = func.ref @a
  %y = func.ref @c
  call %g()
  ret
}
""")
    assert names(graph, "f") == {"a"}
    assert graph.unknown[graph.number["f"]]
    assert graph.graph.edges["f", "a"]["kind"] == "indirect"


def test_a_drop_runs_destructors_of_parts_and_of_what_is_owned() -> None:
    graph = graph_of("""
struct @In { n: i32 } drop @In.drop
struct @Out { boxed: own<@In>, n: i32 }
func @In.drop(%self: ref<mut @In>) {
^entry:
  ret
}
func @f(%x: @Out) {
^entry:
  drop %x
  ret
}
func @g(%x: i32) {
^entry:
  drop %x
  ret
}
""")
    assert names(graph, "f") == {"In.drop"}
    assert names(graph, "g") == set()
    assert not graph.unknown[graph.number["f"]]


class Pairs(Watcher):
    """Who ran whom."""

    def __init__(self, module: Module) -> None:
        super().__init__(module)
        self.pairs: set[tuple[str, str]] = set()

    def entered(self, function: Function, op: Operation | None, arguments: list[Any]) -> None:
        if op is not None and op.function is not None:
            self.pairs.add((op.function.name, function.name))


@pytest.mark.parametrize("seed", range(20))
def test_what_runs_is_in_the_graph(seed: int) -> None:
    module = generated(seed, 5)
    graph = CallGraph(module)
    machines = runs(module, Pairs, [3, 5])
    assert machines
    for machine in machines:
        assert isinstance(machine, Pairs)
        for caller, callee in machine.pairs:
            assert callee in names(graph, caller) or graph.unknown[graph.number[caller]], f"{caller} ran {callee}"
