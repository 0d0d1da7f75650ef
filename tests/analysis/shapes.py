"""Functions made from graphs: random ones for comparisons with brute force, and shapes that hurt for counted work.

``function_of([("p.", [1, 2], None), (".", [], None), ("", [1], None)])`` is a function of three blocks: the first has an
operation that may panic and one that may not and goes to the two others. Operations are calls without arguments, so that only
the analysis under test gives them a meaning.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

import altru_ir as air
from altru_ir.declare import find
from altru_ir.module import Block, Function, Module, Signature
from altru_ir.types import I1, I32, FunctionType
from altru_ir.values import Operation, Successor, Symbol, Value

Shape = tuple[str, Sequence[int], int | None]
"""Of a block: ``p`` for an operation that may panic and ``.`` for one that may not; successors; the unwind target."""

HEAD = """altru 1
module @shapes
extern "C" func @quiet() nounwind
extern "C" func @loud()
"""


def function_of(shapes: Sequence[Shape]) -> Function:
    """A function with one block for each shape; a block without successors ends in ``ret``."""
    module = air.parse(HEAD)
    function = Function("f", Signature(FunctionType((), (I1, I32), air.UNIT)), ["c", "n"])
    module.add(function)
    blocks = [function.add_block(Block(f"b{index}")) for index in range(len(shapes))]
    condition, number = function.parameters
    for block, (ops, successors, unwind) in zip(blocks, shapes, strict=True):
        for kind in ops:
            block.append(Operation(find("call"), [], {"callee": Symbol("loud" if kind == "p" else "quiet")}))
        edges = [Successor(blocks[s]) for s in successors]
        if not edges:
            block.append(Operation(find("ret"), []))
        elif len(edges) == 1:
            block.append(Operation(find("br"), [], successors=edges))
        elif len(edges) == 2:
            block.append(Operation(find("cond_br"), [condition], successors=edges))
        else:
            for case, edge in enumerate(edges[:-1]):
                edge.case = case
            block.append(Operation(find("switch"), [number], successors=edges))
        if unwind is not None:
            block.unwind = blocks[unwind]
    return function


def random_shapes(most: int = 8) -> st.SearchStrategy[list[Shape]]:
    """Any graph: unreachable blocks, endless loops and irreducible regions included; nothing leads to the entry."""

    def graph(count: int) -> st.SearchStrategy[list[Shape]]:
        others = st.integers(min(1, count - 1), count - 1)
        edges = st.lists(others, max_size=3) if count > 1 else st.just([])
        unwind = st.none() | others if count > 1 else st.none()
        block = st.tuples(st.text("p.", max_size=3), edges, unwind)
        return st.lists(block, min_size=count, max_size=count)

    return st.integers(1, most).flatmap(graph)


def successors_of(shapes: Sequence[Shape]) -> list[list[int]]:
    return [[*edges, *([] if unwind is None else [unwind])] for _, edges, unwind in shapes]


# -- shapes that hurt -------------------------------------------------------------------------------------------------------


def nested_loops(depth: int) -> list[Shape]:
    """Loops nested ``depth`` deep: block 1 ... depth are the headers, each leads inward and out to the latch around it."""
    headers: list[Shape] = [(".", [at + 1, 2 * depth + 2 - at], None) for at in range(1, depth + 1)]
    # Block depth + 1 is the innermost latch; block 2 * depth + 2 - at is behind the loop of header `at`, and its latch outside.
    latches: list[Shape] = [(".", [at], None) for at in range(depth, 0, -1)]
    return [("", [1], None), *headers, *latches, (".", [], None)]


def to_one_exit(count: int) -> list[Shape]:
    """A chain of which each block may leave to the one exit."""
    return [(".", [at + 1, count], None) for at in range(count)] + [(".", [], None)]


def diamonds(count: int) -> list[Shape]:
    """A ladder: each rung is a diamond."""
    rungs: list[Shape] = []
    for at in range(count):
        base = 3 * at
        rungs += [(".", [base + 1, base + 2], None), (".", [base + 3], None), (".", [base + 3], None)]
    return [*rungs, (".", [], None)]


def long_block(count: int) -> list[Shape]:
    return [("." * count, [], None)]


def irreducible_ladder(count: int) -> list[Shape]:
    """Each rung is entered at both of its ends: a chain of irreducible regions, one inside of the other by an edge back."""
    blocks: list[Shape] = [(".", [1, 2], None)]
    for at in range(count):
        base = 1 + 2 * at
        onward = [base + 2, base + 3] if at + 1 < count else [2 * count + 1]
        blocks += [(".", [base + 1, *onward[:1]], None), (".", [base, *onward[1:]], None)]
    return [*blocks, (".", [], None)]


def many_cleanups(count: int) -> list[Shape]:
    """A chain of which each block may panic into the one cleanup."""
    return [("p", [at + 1], count + 1) for at in range(count)] + [(".", [], None), (".", [], None)]


SHAPES: dict[str, Any] = {
    "nested loops": nested_loops,
    "to one exit": to_one_exit,
    "diamonds": diamonds,
    "long block": long_block,
    "irreducible": irreducible_ladder,
    "many cleanups": many_cleanups,
}


def module_of(text: str) -> Module:
    """A verified module."""
    module = air.parse(text)
    problems = air.verify(module)
    assert not problems, problems
    return module


def value_named(function: Function, name: str) -> Value:
    """The value ``%name``."""
    values = [*function.parameters]
    for block in function.blocks:
        values += block.args
        for op in block.ops:
            values += op.results
    return next(v for v in values if v.name == name)
