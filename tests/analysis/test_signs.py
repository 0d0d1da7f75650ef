"""Which integers are meant as signed ones: the classes are the components that networkx finds."""

from __future__ import annotations

import networkx as nx
import pytest

import altru_ir as air
from altru_ir import passes
from altru_ir.module import Function
from altru_ir.passes.analysis.signs import SIGNED, UNSIGNED, Signs
from altru_ir.values import Value
from bench.kernels import air_of, kernel

TEXT = """
altru 1
module @m
func @f(%n: i64, %m: i64, %k: i64) -> i64 {
^entry:
  %one = const 1 : i64
  br ^loop(%one)
^loop(%i: i64):
  %more = icmp slt %i, %n
  %next = add %i, %one
  %u = sub %m, %one
  %low = icmp ult %u, %m
  %both = and %more, %low
  cond_br %both, ^loop(%next), ^done
^done:
  %q = sdiv %k, %one
  %r = udiv %q, %one
  ret %r
}
"""


def test_signs_go_with_what_is_computed_and_handed_on() -> None:
    function = air.parse(TEXT).functions["f"]
    signs = Signs(function)
    named = {value.name: value for value in [*function.parameters, *(v for b in function.blocks for v in b.args)]}
    named |= {value.name: value for op in function.operations() for value in op.results}
    assert {name for name, value in named.items() if value in signs} == {"n", "i", "next"}  # %k and %q are meant as both


def expected(function: Function) -> set[Value]:
    """The same by the definition: components of the graph of what is alike."""
    graph: nx.Graph[Value] = nx.Graph()

    def alike(a: Value, b: Value) -> None:
        if all(v.operation is None or v.operation.name != "const" for v in (a, b)):
            graph.add_edge(a, b)

    signed: set[Value] = set()
    unsigned: set[Value] = set()
    for op in function.operations():
        values = [v for v in op.operands if v.operation is None or v.operation.name != "const"]
        graph.add_nodes_from(values)
        if op.name in ("add", "sub", "mul", "smin", "smax", "umin", "umax", "sdiv", "srem"):
            for value in op.operands:
                alike(value, op.results[0])
        elif op.name == "select":
            alike(op.operands[1], op.results[0])
            alike(op.operands[2], op.results[0])
        elif op.name == "icmp":
            alike(*op.operands)
        for edge in op.successors:
            for value, argument in zip(edge.args, edge.block.args[len(edge.block.args) - len(edge.args) :], strict=True):
                alike(value, argument)
        sign = op.attrs["predicate"][0] if op.name == "icmp" else ""
        if sign == "s" or op.name in SIGNED:
            signed.update(values)
        if sign == "u" or op.name in UNSIGNED:
            unsigned.update(values)
    found: set[Value] = set()
    for component in nx.connected_components(graph):
        if component & signed and not component & unsigned:
            found |= component
    return found


@pytest.mark.parametrize("name", ["heap-queue", "bounds-search", "insertion-signed", "sieve-odd", "quick-sort"])
def test_the_classes_are_components(name: str) -> None:
    module = air.parse(air_of(kernel(name)))
    passes.run(module, "insert-checks,mem2reg,cse")
    for function in module.functions.values():
        if function.blocks:
            signs = Signs(function)
            values = {v for op in function.operations() for v in (*op.results, *op.all_operands())}
            assert {v for v in values if v in signs} == expected(function)
