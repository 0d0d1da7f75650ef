"""Reports made with networkx on the graphs, against their definitions by the dense face."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings

from altru_ir.module import Block
from altru_ir.passes.analysis.endless import Endless
from altru_ir.passes.analysis.graphs import reaching, reversed_edges, strongly_connected
from altru_ir.passes.analysis.irreducible import Irreducible
from altru_ir.passes.analysis.loops import Loops
from altru_ir.passes.analysis.unreachable import Unreachable
from tests.analysis.shapes import Shape, function_of, irreducible_ladder, random_shapes, successors_of


@settings(max_examples=80)
@given(random_shapes())
def test_unreachable_blocks_are_named_once(shapes: list[Shape]) -> None:
    cfg = function_of(shapes).cfg()
    reached = reaching(cfg.successors, [0])
    found = Unreachable(cfg).parts
    named = [cfg.number[block] for blocks in found.values() for block in blocks]
    assert sorted(named) == [b for b, there in enumerate(reached) if not there]
    for source, blocks in found.items():
        behind = reaching(cfg.successors, [cfg.number[source]])
        assert all(behind[cfg.number[block]] for block in blocks)
        component = next(c for c in strongly_connected(cfg.successors) if cfg.number[source] in c)
        assert all(p in component for member in component for p in cfg.predecessors[member])


@settings(max_examples=80)
@given(random_shapes())
def test_endless_blocks_reach_no_end(shapes: list[Shape]) -> None:
    successors = successors_of(shapes)
    cfg = function_of(shapes).cfg()
    ends = [b for b, after in enumerate(successors) if not after]
    ending = reaching(reversed_edges(successors), ends)
    reached = reaching(successors, [0])
    found = Endless(cfg)
    assert [cfg.number[b] for b in found.blocks] == [b for b in range(len(shapes)) if reached[b] and not ending[b]]
    for first, cycle in found.cycles.items():
        assert cycle[0] is first is cycle[-1]
        assert_way(cycle)
    rest = [[s for s in successors[b] if not ending[s]] if reached[b] and not ending[b] else [] for b in range(len(shapes))]
    cyclic = [c for c in strongly_connected(rest) if len(c) > 1 or c[0] in rest[c[0]]]
    assert len(cyclic) == len(found.cycles)


def assert_way(way: list[Block]) -> None:
    assert all(b in a.successors for a, b in pairwise(way))


@settings(max_examples=150)
@given(random_shapes())
def test_ways_into_irreducible_loops(shapes: list[Shape]) -> None:
    cfg = function_of(shapes).cfg()
    loops = Loops(cfg)
    found = Irreducible(loops)
    assert [cfg.number[header] for header in found.ways] == [loop.header for loop in loops.all if loop.irreducible]
    for header, ways in found.ways.items():
        loop = next(loop for loop in loops.all if loop.header == cfg.number[header])
        entries = loops.entries(loop)
        for way in ways:
            assert way[0] is cfg.blocks[0]
            assert cfg.number[way[-1]] in entries
            assert not any(loops.contains(loop, cfg.number[block]) for block in way[:-1])
            assert_way(way)
        if loop.depth == 1:
            assert ways, "control comes in somewhere"


def test_a_ladder_of_irreducible_loops() -> None:
    found = Irreducible(Loops(function_of(irreducible_ladder(6)).cfg()))
    assert all(ways for ways in found.ways.values())
    assert len(found.ways) == 6
