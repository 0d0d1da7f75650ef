"""Semi-NCA against brute force and against networkx, on random graphs and on shapes that hurt."""

from __future__ import annotations

import networkx
from hypothesis import given, settings
from hypothesis import strategies as st

import altru_ir as air
from altru_ir.dominance import DominatorTree, immediate_dominators

graphs = st.integers(1, 14).flatmap(lambda n: st.lists(st.lists(st.integers(0, n - 1), max_size=4), min_size=n, max_size=n))


def reached(successors: list[list[int]], without: int) -> set[int]:
    """What the entry reaches when a block is taken away."""
    seen: set[int] = set()
    work = [] if without == 0 else [0]
    while work:
        at = work.pop()
        if at not in seen:
            seen.add(at)
            work.extend(s for s in successors[at] if s != without)
    return seen


@settings(max_examples=400)
@given(graphs)
def test_brute_force(successors: list[list[int]]) -> None:
    tree = DominatorTree(successors)
    everything = reached(successors, -1)
    for above in range(len(successors)):
        still = reached(successors, above)
        for below in range(len(successors)):
            dominated = above in everything and below in everything and (below == above or below not in still)
            assert tree.dominates(above, below) == dominated


@settings(max_examples=400)
@given(graphs)
def test_networkx(successors: list[list[int]]) -> None:
    graph = networkx.DiGraph([(a, b) for a, edges in enumerate(successors) for b in edges])
    graph.add_nodes_from(range(len(successors)))
    wanted = {block: up for block, up in networkx.immediate_dominators(graph, 0).items() if block != 0}
    assert {b: d for b, d in enumerate(immediate_dominators(successors)) if d >= 0} == wanted


def test_deep_and_wide() -> None:
    n = 20_000
    chain = [[i + 1] for i in range(n - 1)] + [[]]
    assert immediate_dominators(chain) == [-1, *range(n - 1)]
    fan = [list(range(1, n - 1)), *([n - 1] for _ in range(n - 2)), []]
    assert immediate_dominators(fan)[n - 1] == 0
    nested = [[i + 1] for i in range(n)] + [[n + 1]] + [[2 * n - i, i + 2] for i in range(n - 1)] + [[]]
    tree = DominatorTree([[s for s in edges if s < len(nested)] for edges in nested])
    assert tree.order[0] == 0
    ladder = [[i + 1, n] for i in range(n)] + [[]]
    assert immediate_dominators(ladder)[n] == 0


def test_irreducible() -> None:
    assert immediate_dominators([[1, 2], [2], [1, 3], []]) == [-1, 0, 0, 2]


def test_results_do_not_reach_where_their_block_unwinds() -> None:
    text = """altru 1
module @m
extern "C" func @g()
func @f() {
^entry unwind ^cleanup:
  call @g()
  br ^done
^done:
  ret
^cleanup:
  br ^done
}
"""
    cfg = air.parse(text).functions["f"].cfg()
    assert cfg.dominators.dominates(0, 2)
    assert [cfg.reaches(0, b) for b in (1, 2)] == [False, False]
    assert cfg.reaches(2, 2)
