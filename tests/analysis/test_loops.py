"""The loop forest against its definition, and against networkx where loops are components or natural loops."""

from __future__ import annotations

import networkx
from hypothesis import given, settings

from altru_ir.cfg import ControlFlowGraph
from altru_ir.passes.analysis.loops import Loop, Loops
from tests.analysis.shapes import (
    Shape,
    function_of,
    irreducible_ladder,
    nested_loops,
    random_shapes,
    successors_of,
)


def graph_of(successors: list[list[int]]) -> networkx.DiGraph:
    graph = networkx.DiGraph((a, b) for a, edges in enumerate(successors) for b in edges)
    graph.add_nodes_from(range(len(successors)))
    return graph


def search_tree(successors: list[list[int]]) -> networkx.DiGraph:
    """The depth-first tree, edges in order; the definition of a header's place depends on it."""
    tree = networkx.DiGraph()
    tree.add_node(0)

    def visit(block: int) -> None:
        for to in successors[block]:
            if to not in tree:
                tree.add_edge(block, to)
                visit(to)

    visit(0)
    return tree


def by_definition(successors: list[list[int]]) -> dict[int, set[int]]:
    """The blocks of the loop of each header."""
    graph, tree = graph_of(successors), search_tree(successors)
    found = {}
    for head in tree:
        under = {head} | networkx.descendants(tree, head)
        inside = graph.subgraph(under)
        if any(head in inside.successors(b) for b in inside):
            found[head] = {head} | networkx.ancestors(inside, head)
    return found


@settings(max_examples=300)
@given(random_shapes(9))
def test_loops_are_what_leads_back(shapes: list[Shape]) -> None:
    successors = successors_of(shapes)
    forest = Loops(function_of(shapes).cfg())
    wanted = by_definition(successors)
    assert {loop.header: set(forest.blocks(loop)) for loop in forest.all} == wanted
    reachable = set(search_tree(successors))
    for loop in forest.all:
        members = wanted[loop.header]
        assert forest.blocks(loop)[0] == loop.header
        around = [h for h, blocks in wanted.items() if loop.header in blocks and h != loop.header]
        assert loop.depth == len(around) + 1
        assert (loop.parent.header if loop.parent else None) == min(around, key=lambda h: len(wanted[h]), default=None)
        assert all(child.parent is loop for child in loop.children)
        entries = {b for a in reachable - members for b in successors[a] if b in members} | ({0} & members)
        assert set(forest.entries(loop)) == entries
        assert loop.irreducible == (entries != {loop.header})
        assert set(forest.latches(loop)) == {b for b in members if loop.header in successors[b]}
        assert set(forest.exits(loop)) == {(a, b) for a in members for b in successors[a] if b not in members}
    for block in range(len(shapes)):
        around = [h for h, blocks in wanted.items() if block in blocks]
        innermost = forest.innermost[block]
        assert forest.depth(block) == len(around)
        assert (innermost.header if innermost else None) == min(around, key=lambda h: len(wanted[h]), default=None)
        for loop in forest.all:
            assert forest.contains(loop, block) == (block in wanted[loop.header])


@settings(max_examples=200)
@given(random_shapes(9))
def test_outermost_loops_are_components_and_reducible_ones_are_natural(shapes: list[Shape]) -> None:
    successors = successors_of(shapes)
    cfg = function_of(shapes).cfg()
    forest = Loops(cfg)
    graph = graph_of(successors)
    graph = graph.subgraph({0} | networkx.descendants(graph, 0))
    components = [c for c in networkx.strongly_connected_components(graph) if len(c) > 1 or graph.has_edge(*(list(c) * 2))]
    assert {frozenset(forest.blocks(loop)) for loop in forest.roots} == set(map(frozenset, components))
    if not any(loop.irreducible for loop in forest.all):
        natural: dict[int, set[int]] = {}
        for a, b in graph.edges:
            if cfg.dominators.dominates(b, a):
                rest = graph.subgraph(set(graph) - {b})
                natural.setdefault(b, {b}).update({a} if a == b else {a} | networkx.ancestors(rest, a))
        assert {loop.header: set(forest.blocks(loop)) for loop in forest.all} == natural


@settings(max_examples=300)
@given(random_shapes(9))
def test_the_order_goes_forward(shapes: list[Shape]) -> None:
    cfg = function_of(shapes).cfg()
    forest = Loops(cfg)
    assert sorted(forest.order) == sorted(cfg.postorder)
    assert all(forest.order[forest.place[b]] == b for b in forest.order)
    for a in forest.order:
        for b in cfg.successors[a]:
            inner = forest.innermost[a]
            around = []
            while inner is not None:
                around.append(inner.header)
                inner = inner.parent
            if b in around:
                continue
            entered = forest.outermost_without(b, a)
            first = b if entered is None else entered.header
            assert forest.place[a] < forest.place[first]


@settings(max_examples=200)
@given(random_shapes(9))
def test_the_outermost_loop_without_a_block(shapes: list[Shape]) -> None:
    cfg = function_of(shapes).cfg()
    forest = Loops(cfg)
    for block in forest.order:
        for other in forest.order:
            around: list[Loop] = []
            inner = forest.innermost[block]
            while inner is not None and not forest.contains(inner, other):
                around.append(inner)
                inner = inner.parent
            assert forest.outermost_without(block, other) is (around[-1] if around else None)


def test_jumps_are_right_in_a_deep_nest() -> None:
    depth = 300
    cfg = function_of(nested_loops(depth)).cfg()
    forest = Loops(cfg)
    assert [loop.depth for loop in forest.all] == list(range(1, depth + 1))
    innermost = forest.all[-1]
    assert forest.outermost_without(innermost.header, 0) is forest.all[0]
    for level in range(1, depth):
        assert forest.outermost_without(innermost.header, forest.all[level - 1].header) is forest.all[level]


def test_irreducible_ladders_are_found() -> None:
    forest = Loops(ControlFlowGraph(function_of(irreducible_ladder(50))))
    assert len(forest.all) == 50
    assert all(loop.irreducible for loop in forest.all)
