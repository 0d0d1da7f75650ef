"""Functions with values for analyses that follow values: random SSA on a random graph, and programs of the whole language.

A random function defines and uses values anywhere that dominance allows, hands some to blocks, and has operations that may
panic. It verifies.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import altru_ir as air
from altru_ir import passes
from altru_ir.declare import find
from altru_ir.module import Function, Module
from altru_ir.testing.whole_language import generate
from altru_ir.types import I32
from altru_ir.values import Operation, Value
from tests.analysis.shapes import Shape, function_of


def with_values(shapes: Sequence[Shape], seed: int) -> Function:
    """The function of the graph with block arguments and operations on ``i32``."""
    choose = random.Random(seed)
    function = function_of(shapes)
    cfg = function.cfg()
    tree = cfg.dominators
    _, number = function.parameters
    for block in cfg.blocks[1:]:
        for _ in range(choose.choice((0, 0, 1, 2))):
            if not any(other.unwind is block for other in cfg.blocks):
                block.add_arg(I32)
    given: dict[int, list[Value]] = {}  # what the operations of a block give
    for at in tree.order:
        node = cfg.blocks[at]
        known = [number, *node.args]
        for other, results in given.items():
            if tree.dominates(other, at):
                known += cfg.blocks[other].args
                known += results if cfg.reaches(other, at) else []
        given[at] = []
        ops: list[Operation] = []
        for op in node.ops:
            for _ in range(choose.choice((0, 1, 2))):
                made = Operation(find("add" if choose.random() < 0.8 else "sadd.checked"), choose.choices(known, k=2))
                made.results = [Value(I32, None, made)]
                made.block = node
                ops.append(made)
                known.append(made.results[0])
                given[at].append(made.results[0])
            for successor in op.successors:
                successor.args = [choose.choice(known) for _ in successor.block.args]
            ops.append(op)
        node.ops = ops
    for at, node in enumerate(cfg.blocks):  # unreachable blocks hand over the parameter
        if not tree.reachable(at):
            for successor in node.ops[-1].successors:
                successor.args = [number for _ in successor.block.args]
    return function


def generated(seed: int, size: int = 6) -> Module:
    """A verified program over the whole language, with its checks: it makes no memory error."""
    module = air.parse(generate(seed, size).text)
    passes.run(module, "insert-checks")
    assert not air.verify(module)
    return module
