"""Post-dominators against paths: ``b`` post-dominates ``a`` when without ``b`` no end can be reached from ``a``."""

from __future__ import annotations

import networkx
from hypothesis import given, settings

from altru_ir.passes.analysis.post_dominators import PostDominators
from tests.analysis.shapes import Shape, function_of, random_shapes, successors_of


@settings(max_examples=200)
@given(random_shapes())
def test_post_dominators_are_on_all_paths(shapes: list[Shape]) -> None:
    successors = successors_of(shapes)
    found = PostDominators(function_of(shapes).cfg())
    graph = networkx.DiGraph((a, b) for a, edges in enumerate(successors) for b in edges)
    graph.add_nodes_from(range(len(successors)))
    condensed = networkx.condensation(graph)
    ends = {b for c in condensed if not condensed.out_degree(c) for b in condensed.nodes[c]["members"]}
    assert set(found.ends) == ends
    for below in graph:
        rest = graph.subgraph(set(graph) - {below})
        for above in graph:
            escapes = above != below and bool(ends & ({above} | networkx.descendants(rest, above)))
            assert found.dominates(below, above) == (not escapes)
    for block in graph:
        strict = [b for b in graph if b != block and found.dominates(b, block)]
        nearest = max(strict, key=lambda b: sum(found.dominates(other, b) for other in strict), default=found.exit)
        assert found.parent[block] == nearest


def test_an_endless_loop_has_an_end_everywhere() -> None:
    shapes: list[Shape] = [(".", [1, 3], None), (".", [2], None), (".", [1], None), (".", [], None)]
    found = PostDominators(function_of(shapes).cfg())
    assert found.ends == [1, 2, 3]
    assert not found.dominates(2, 1)
    assert found.parent == [found.exit] * 4 + [-1]
