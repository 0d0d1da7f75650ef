"""Liveness against its definition: from each point, by networkx, to each use without passing the definition."""

from __future__ import annotations

import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import altru_ir as air
from altru_ir.dataflow import BitProblem, solve
from altru_ir.module import Function
from altru_ir.passes.analysis.liveness import Liveness
from altru_ir.passes.analysis.loops import Loops
from altru_ir.passes.analysis.manager import analyze
from altru_ir.passes.analysis.uses import Uses
from altru_ir.values import Operation, Value
from tests.analysis.bodies import generated, with_values
from tests.analysis.shapes import Shape, random_shapes


def points(function: Function) -> networkx.DiGraph:
    """(block, i) is the point before operation i; an unwind edge leaves there, and at the start of a block."""
    graph = networkx.DiGraph()
    cfg = function.cfg()
    for number, block in enumerate(cfg.blocks):
        for at, op in enumerate(block.ops):
            graph.add_edge((number, at), (number, at + 1))
            if block.unwind is not None and (op.decl.may_panic or at == 0):
                graph.add_edge((number, at), (cfg.number[block.unwind], 0))
        for successor in block.ops[-1].successors:
            graph.add_edge((number, len(block.ops)), (cfg.number[successor.block], 0))
    return graph


def by_paths(function: Function) -> tuple[dict[int, set[Value]], dict[int, set[Value]], dict[Operation, set[Value]]]:
    """What is live at starts and ends of reachable blocks, and behind operations."""
    graph = points(function)
    cfg = function.cfg()
    reachable = set(cfg.postorder)
    graph.remove_nodes_from([p for p in graph if p[0] not in reachable])
    uses: dict[Value, list[tuple[int, int]]] = {}
    defined: dict[Value, tuple[int, int]] = dict.fromkeys(function.parameters, (0, -1))
    for number in reachable:
        block = cfg.blocks[number]
        defined |= dict.fromkeys(block.args, (number, -1))
        for at, op in enumerate(block.ops):
            defined |= dict.fromkeys(op.results, (number, at))
            for value in op.all_operands():
                uses.setdefault(value, []).append((number, at))
    starts: dict[int, set[Value]] = {b: set() for b in reachable}
    ends: dict[int, set[Value]] = {b: set() for b in reachable}
    behind: dict[Operation, set[Value]] = {op: set() for b in reachable for op in cfg.blocks[b].ops}
    for value, where in uses.items():
        block, at = defined[value]
        rest = graph.copy()
        if at >= 0:  # the definition ends the value's earlier life
            rest.remove_edges_from([((block, at), (block, at + 1))])
        else:
            rest.remove_edges_from(list(rest.in_edges((block, 0))))
        live = set(where).union(*(networkx.ancestors(rest, p) for p in where))
        for number, at in live:
            if at == 0 and not (number == block and defined[value][1] < 0):
                starts[number].add(value)
            if at > 0:
                behind[cfg.blocks[number].ops[at - 1]].add(value)
            if at == len(cfg.blocks[number].ops):
                ends[number].add(value)
    return starts, ends, behind


def check(function: Function) -> None:
    starts, ends, behind = by_paths(function)
    found = analyze(Liveness, function)
    order = [*function.parameters]
    for b in found.loops.order:
        order += found.cfg.blocks[b].args
        for op in found.cfg.blocks[b].ops:
            order += op.results
    rank = {value: at for at, value in enumerate(order)}
    for block in range(len(found.cfg.blocks)):
        wanted = sorted(starts.get(block, ()), key=rank.__getitem__)
        assert found.at_start(block) == wanted
        assert found.at_end(block) == sorted(ends.get(block, ()), key=rank.__getitem__)
        for value in order:
            assert found.is_live_at_start(value, block) == (value in starts.get(block, ()))
            assert found.is_live_at_end(value, block) == (value in ends.get(block, ()))
        if block in starts:
            for op, live in found.backwards(block):
                assert set(live) == behind[op]


@settings(max_examples=80)
@given(random_shapes(8), st.integers(0, 2**32))
def test_live_is_what_a_path_uses(shapes: list[Shape], seed: int) -> None:
    function = with_values(shapes, seed)
    assert function.module is not None
    assert not air.verify(function.module)
    check(function)


@pytest.mark.parametrize("seed", range(12))
def test_generated_programs(seed: int) -> None:
    for function in generated(seed, 4).functions.values():
        if not function.is_declaration and sum(len(b.ops) for b in function.blocks) < 400:
            check(function)


class Live(BitProblem):
    """The same by the dataflow engine, one bit for each value."""

    backward = True

    def __init__(self, function: Function) -> None:
        values = [*function.parameters]
        for block in function.blocks:
            values += block.args
            for op in block.ops:
                values += op.results
        self.values = values
        self.bit = {value: 1 << at for at, value in enumerate(values)}

    def gen(self, op: Operation) -> int:
        bits = 0
        for value in op.all_operands():
            bits |= self.bit[value]
        return bits

    def kill(self, op: Operation) -> int:
        bits = 0
        for value in op.results:
            bits |= self.bit[value]
        return bits

    def edge(self, op: Operation, index: int, state: int) -> int:
        for value in op.successors[index].block.args:
            state &= ~self.bit[value]
        return state


@settings(max_examples=60)
@given(random_shapes(12), st.integers(0, 2**32))
def test_the_engine_finds_the_same(shapes: list[Shape], seed: int) -> None:
    function = with_values([(ops, edges, None) for ops, edges, _ in shapes], seed)
    cfg = function.cfg()
    problem = Live(function)
    solution = solve(problem, cfg)
    found = Liveness(function, cfg, Loops(cfg))
    for block in found.loops.order:
        at_start = solution.start[block]
        for value in cfg.blocks[block].args:
            at_start &= ~problem.bit[value]
        if block == 0:
            for value in function.parameters:
                at_start &= ~problem.bit[value]
        assert {v for v in problem.values if at_start & problem.bit[v]} == set(found.at_start(block))
        assert {v for v in problem.values if solution.end[block] & problem.bit[v]} == set(found.at_end(block))


def test_sets_are_as_wide_as_many_values_are_live() -> None:
    lines = ["altru 1", "module @m", "func @f(%x0: i32) -> i32 {", "^entry:", "  br ^b0"]
    for n in range(200):
        lines += [f"^b{n}:", f"  %x{n + 1} = add %x{n}, %x{n}", f"  br ^b{n + 1}"]
    lines += ["^b200:", "  ret %x200", "}"]
    function = air.parse("\n".join(lines)).functions["f"]
    found = analyze(Liveness, function)
    assert found.width == 2
    assert [v.name for v in found.at_start(100)] == ["x99"]


@settings(max_examples=60)
@given(random_shapes(8), st.integers(0, 2**32))
def test_uses_are_where_values_are_named(shapes: list[Shape], seed: int) -> None:
    function = with_values(shapes, seed)
    uses = Uses(function)
    for value, found in uses.of.items():
        wanted = [op for op in function.operations() for v in op.all_operands() if v is value]
        assert [use.op for use in found] == wanted
        assert uses.users(value) == list(dict.fromkeys(wanted))
        for op, successor, index in found:
            assert (op.operands if successor < 0 else op.successors[successor].args)[index] is value
    assert {v for op in function.operations() for v in op.all_operands()} == set(uses.of)
    for block in function.blocks:
        edges = [s for op in function.operations() for s in op.successors if s.block is block]
        for at, argument in enumerate(block.args):
            assert uses.incoming[argument] == [edge.args[at] for edge in edges]


def test_what_a_terminator_gives_has_no_incoming_value() -> None:
    text = """altru 1
module @m
func @f(%p: ptr<mut i8>, %n: usize) {
^entry:
  realloc %p, %n, ^grown(%n), ^failed unsafe
^grown(%q: ptr<mut i8>, %m: usize):
  br ^failed
^failed:
  ret
}
"""
    function = air.parse(text).functions["f"]
    uses = Uses(function)
    grown = function.blocks[1]
    assert [uses.incoming[a] for a in grown.args] == [[None], [function.parameters[1]]]
