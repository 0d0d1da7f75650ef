"""The solver against paths: a fact holds where a path says so, on the graph of all program points, by networkx."""

from __future__ import annotations

import math
import random
from typing import ClassVar

import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from altru_ir.cfg import ControlFlowGraph
from altru_ir.dataflow import BitProblem, Problem, Solution, solve
from altru_ir.module import Function
from altru_ir.values import Operation
from tests.analysis.shapes import SHAPES, Shape, function_of, nested_loops, random_shapes

FACTS = 3
Effect = tuple[int, int, int, int]
"""Of an operation: facts made true and false behind it, and on its unwind edge."""


class Facts(BitProblem):
    def __init__(self, effects: dict[Operation, Effect], bound: int) -> None:
        self.effects, self.bound = effects, bound

    def gen(self, op: Operation) -> int:
        return self.effects[op][0]

    def kill(self, op: Operation) -> int:
        return self.effects[op][1]

    def panic_gen(self, op: Operation) -> int:
        return self.effects[op][2]

    def panic_kill(self, op: Operation) -> int:
        return self.effects[op][3]

    def boundary(self, op: Operation | None) -> int:
        return self.bound


class MustFacts(Facts):
    must = True


class BackwardFacts(Facts):
    backward = True


class BackwardMustFacts(Facts):
    backward = True
    must = True


KINDS = [Facts, MustFacts, BackwardFacts, BackwardMustFacts]


class AsSets(Problem[frozenset[int]]):
    """The same problem over Python sets, operation by operation."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    def bottom(self) -> frozenset[int]:
        return frozenset(range(FACTS)) if self.facts.must else frozenset()

    def boundary(self, op: Operation | None) -> frozenset[int]:
        return members(self.facts.bound)

    def join(self, a: frozenset[int], b: frozenset[int]) -> frozenset[int]:
        return a & b if self.facts.must else a | b

    def transfer(self, op: Operation, state: frozenset[int]) -> frozenset[int]:
        gen, kill = self.facts.effects[op][:2]
        return members(gen) | (state - members(kill))

    def panic(self, op: Operation, state: frozenset[int]) -> frozenset[int]:
        gen, kill = self.facts.effects[op][2:]
        return members(gen) | (state - members(kill))


class AsSetsBackward(AsSets):
    backward: ClassVar[bool] = True


def members(bits: int) -> frozenset[int]:
    return frozenset(f for f in range(FACTS) if bits >> f & 1)


def effects_of(function: Function, seed: int) -> dict[Operation, Effect]:
    choose = random.Random(seed)

    def bits() -> int:
        return choose.getrandbits(FACTS) & choose.getrandbits(FACTS)

    return {op: (bits(), bits(), bits(), bits()) for op in function.operations()}


def points(cfg: ControlFlowGraph, facts: Facts) -> networkx.DiGraph:
    """All program points: (block, i) before operation i, (block, n) at the end, "in" and "out" of the function. Edges carry
    what is made true and false on the way."""
    graph = networkx.DiGraph()
    graph.add_edge("in", (0, 0), gen=0, kill=0)
    for number, block in enumerate(cfg.blocks):
        for at, op in enumerate(block.ops):
            gen, kill, panic_gen, panic_kill = facts.effects[op]
            graph.add_edge((number, at), (number, at + 1), gen=gen, kill=kill)
            if op.attrs.get("callee") == "loud":
                target = "out" if block.unwind is None else (cfg.number[block.unwind], 0)
                middle = (number, at, "panic")
                graph.add_edge((number, at), middle, gen=panic_gen, kill=panic_kill)
                graph.add_edge(middle, target, gen=0, kill=0)
        end = (number, len(block.ops))
        for successor in block.ops[-1].successors:
            graph.add_edge(end, (cfg.number[successor.block], 0), gen=0, kill=0)
        if not block.ops[-1].successors:
            graph.add_edge(end, "out", gen=0, kill=0)
    return graph


def by_paths(cfg: ControlFlowGraph, facts: Facts) -> dict[object, int]:
    """What holds at each point, one fact at a time, by reachability. A must-fact fails where its opposite may hold. Forward,
    what stands where control does not come makes nothing true."""
    graph = points(cfg, facts)
    if facts.backward:
        graph = graph.reverse()
    source = "out" if facts.backward else "in"
    reached = {source} | networkx.descendants(graph, source) if source in graph else {source}
    found: dict[object, int] = dict.fromkeys(graph, 0)
    for fact in range(FACTS):
        bit = 1 << fact
        flows = networkx.DiGraph()
        flows.add_nodes_from(graph)
        begins = set()
        if source in graph and bool(facts.bound & bit) != facts.must:
            begins.add(source)
        for a, b, what in graph.edges(data=True):
            true, false = what["gen"] & bit, what["kill"] & bit & ~what["gen"]
            if facts.must:
                true, false = false, true
            if true and (facts.backward or a in reached):
                begins.add(b)
            if not (true or false):
                flows.add_edge(a, b)
        holds = begins.union(*(networkx.descendants(flows, b) for b in begins))
        for point in graph:
            if (point in holds) != facts.must:
                found[point] |= bit
    return found


def given_by(solution: Solution[int]) -> dict[object, int]:
    """The same from a solution, with facts there cannot be cut off."""
    everything = (1 << FACTS) - 1
    found: dict[object, int] = {}
    for number, block in enumerate(solution.cfg.blocks):
        if not solution.reached[number]:
            continue
        found[number, 0] = solution.start[number] & everything
        for at, (op, before, after) in enumerate(solution.replay(number)):
            assert op is block.ops[at]
            assert found[number, at] == before & everything
            found[number, at + 1] = after & everything
        assert found[number, len(block.ops)] == solution.end[number] & everything
    return found


@settings(max_examples=150)
@given(random_shapes(), st.integers(0, 2**32), st.sampled_from(KINDS))
def test_facts_are_those_of_paths(shapes: list[Shape], seed: int, kind: type[Facts]) -> None:
    function = function_of(shapes)
    cfg = function.cfg()
    facts = kind(effects_of(function, seed), seed % (1 << FACTS))
    solution = solve(facts, cfg)
    wanted = by_paths(cfg, facts)
    given = given_by(solution)
    if not facts.backward:
        points_graph = points(cfg, facts)
        assert set(given) == {p for p in networkx.descendants(points_graph, "in") if isinstance(p, tuple) and len(p) == 2}
    assert {p: facts for p, facts in wanted.items() if p in given} == given


@settings(max_examples=150)
@given(random_shapes(), st.integers(0, 2**32), st.sampled_from(KINDS))
def test_summed_blocks_are_their_operations(shapes: list[Shape], seed: int, kind: type[Facts]) -> None:
    function = function_of(shapes)
    cfg = function.cfg()
    facts = kind(effects_of(function, seed), seed % (1 << FACTS))
    summed = solve(facts, cfg)
    each = solve((AsSetsBackward if facts.backward else AsSets)(facts), cfg)
    for number in range(len(cfg.blocks)):
        assert members(summed.start[number]) == each.start[number]
        assert members(summed.end[number]) == each.end[number]
        if not facts.backward and summed.reached[number]:
            left, apart = summed.unwind[number], each.unwind[number]
            assert (left is None) == (apart is None)
            assert left is None or members(left) == apart


class Length(Problem["tuple[float, float] | None"]):
    """How many operations have run: an interval, so chains of growing states never end by themselves."""

    def bottom(self) -> tuple[float, float] | None:
        return None

    def boundary(self, op: Operation | None) -> tuple[float, float] | None:
        return (0, 0)

    def join(self, a: tuple[float, float] | None, b: tuple[float, float] | None) -> tuple[float, float] | None:
        return b if a is None else a if b is None else (min(a[0], b[0]), max(a[1], b[1]))

    def transfer(self, op: Operation, state: tuple[float, float] | None) -> tuple[float, float] | None:
        return None if state is None else (state[0] + 1, state[1] + 1)

    def widen(self, old: tuple[float, float] | None, new: tuple[float, float] | None) -> tuple[float, float] | None:
        assert new is not None
        return new if old is None or new[1] <= old[1] else (new[0], math.inf)


class LengthToTheEnd(Length):
    backward: ClassVar[bool] = True


@settings(max_examples=100)
@given(random_shapes(), st.booleans())
def test_widening_makes_endless_growth_end(shapes: list[Shape], backward: bool) -> None:
    """Against the shortest and the longest path over whole blocks."""
    shapes = [(ops.replace("p", "."), edges, None) for ops, edges, _ in shapes]
    cfg = function_of(shapes).cfg()
    solution = solve(LengthToTheEnd() if backward else Length(), cfg)
    graph = networkx.DiGraph()
    graph.add_nodes_from(range(len(shapes)))
    for at, (_, edges, _) in enumerate(shapes):
        for to in edges:
            graph.add_edge(*((to, at) if backward else (at, to)), steps=len(shapes[to if backward else at][0]) + 1)
        if backward and not edges:
            graph.add_edge("out", at, steps=0)
    source = "out" if backward else 0
    nearest = networkx.single_source_dijkstra_path_length(graph, source, weight="steps") if source in graph else {}
    on_cycles = {n for c in networkx.strongly_connected_components(graph) if len(c) > 1 for n in c}
    on_cycles |= {n for n in graph if graph.has_edge(n, n)}
    for number in range(len(shapes)):
        state = solution.end[number] if backward else solution.start[number]
        assert (state is not None) == (number in nearest)
        if state is not None:
            assert state[0] == nearest[number]
            endless = any(networkx.has_path(graph, c, number) for c in on_cycles if c in nearest)
            assert (state[1] == math.inf) == endless


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_work_is_linear(shape: str, kind: type[Facts]) -> None:
    """Visits and steps for twice the size are at most twice as many, give or take."""

    def work(size: int) -> tuple[int, int]:
        function = function_of(SHAPES[shape](size))
        facts = kind({op: (at % 5 == 0, at % 7 == 0, 0, 0) for at, op in enumerate(function.operations())}, 0)
        solution = solve(facts, function.cfg())
        return solution.visits, solution.problem.steps

    (small, steps), (large, more_steps) = work(400), work(800)
    assert large <= 2.1 * small + 10
    assert more_steps <= 2.1 * steps + 10


def test_five_thousand_nested_loops() -> None:
    function = function_of(nested_loops(5000))
    effects = dict.fromkeys(function.operations(), (0, 0, 0, 0))
    effects[function.blocks[5000].ops[0]] = (1, 0, 0, 0)
    solution = solve(Facts(effects, 0), function.cfg())
    assert solution.start[1] == 1  # from the innermost loop out to the outermost header, and down again
    assert solution.visits < 5 * len(function.blocks)


def test_a_graph_without_blocks() -> None:
    function = function_of([])
    assert solve(Facts({}, 0), function.cfg()).start == []
