"""Strongly connected components against networkx."""

from __future__ import annotations

import networkx
from hypothesis import given
from hypothesis import strategies as st

from altru_ir.passes.analysis.graphs import reaching, reversed_edges, strongly_connected

graphs = st.integers(1, 12).flatmap(lambda n: st.lists(st.lists(st.integers(0, n - 1), max_size=3), min_size=n, max_size=n))


def as_networkx(successors: list[list[int]]) -> networkx.DiGraph:
    graph = networkx.DiGraph([(a, b) for a, edges in enumerate(successors) for b in edges])
    graph.add_nodes_from(range(len(successors)))
    return graph


@given(graphs)
def test_components_and_their_order(successors: list[list[int]]) -> None:
    components = strongly_connected(successors)
    wanted = {frozenset(c) for c in networkx.strongly_connected_components(as_networkx(successors))}
    assert {frozenset(c) for c in components} == wanted
    assert sum(map(len, components)) == len(successors)
    place = {node: at for at, component in enumerate(components) for node in component}
    assert all(place[b] <= place[a] for a, edges in enumerate(successors) for b in edges)


@given(graphs, st.data())
def test_reaching(successors: list[list[int]], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(successors) - 1))
    graph = as_networkx(successors)
    assert {n for n, r in enumerate(reaching(successors, [start])) if r} == networkx.descendants(graph, start) | {start}
    back = reaching(reversed_edges(successors), [start])
    assert {n for n, r in enumerate(back) if r} == networkx.ancestors(graph, start) | {start}


def test_deep() -> None:
    n = 20_000
    cycle = [[(i + 1) % n] for i in range(n)]
    assert [len(c) for c in strongly_connected(cycle)] == [n]
    chain = [[i + 1] for i in range(n - 1)] + [[]]
    assert strongly_connected(chain) == [[i] for i in reversed(range(n))]


def test_only_what_is_reached_from_the_given_nodes() -> None:
    assert strongly_connected([[1], [1], [0]], [0]) == [[1], [0]]
