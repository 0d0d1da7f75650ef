"""A function body as flat tables, so that it can go to another process.

The nodes of a body point at each other, and a pickler would follow them as deep as the program is long. Here values and blocks
are numbers: parameters first, then, block by block, arguments and results.

    flat = flatten(f)                      # tuples of numbers, types, strings: picklable
    rebuild(pickle.loads(data), f)         # the body of `f` is now the one that was flattened

Invariant: ``rebuild(flatten(f), f)`` changes nothing that can be printed. Declarations of operations travel by name.
"""

from __future__ import annotations

from typing import Any

import attrs

from altru_ir.module import Block, Comments, Function
from altru_ir.types import Type
from altru_ir.values import NO_ATTRIBUTES, Operation, Successor, Value

NamedTypes = tuple[tuple[Type, str | None], ...]
FlatOperation = tuple[Any, ...]


@attrs.frozen
class FlatBlock:
    """A block: ``unwind`` is the number of its target; an operation is (declaration, operands, attributes, edges, unsafe,
    location, results, comments)."""

    label: str | None
    location: Any
    unwind: int | None
    arguments: NamedTypes
    operations: list[FlatOperation]
    comments: Comments | None


@attrs.frozen
class FlatFunction:
    """A body and what a pass may change beside it; parameters by name."""

    parameters: tuple[str | None, ...]
    attributes: dict[str, Any]
    blocks: list[FlatBlock]


def flatten(function: Function) -> FlatFunction:
    """The body of ``function`` as tables."""
    number: dict[Value, int] = {}
    for value in function.parameters:
        number[value] = len(number)
    for block in function.blocks:
        for value in block.args:
            number[value] = len(number)
        for op in block.ops:
            for value in op.results:
                number[value] = len(number)
    index = {block: at for at, block in enumerate(function.blocks)}
    comments = function.comments
    blocks = []
    for block in function.blocks:
        operations: list[FlatOperation] = []
        for op in block.ops:
            edges = tuple((index[s.block], tuple([number[v] for v in s.args]), s.case) for s in op.successors)
            results = tuple([(v.type, v.name) for v in op.results])
            operands = tuple([number[v] for v in op.operands])
            about = comments.get(op) if comments else None
            operations.append((op.decl, operands, op.attrs or None, edges, op.unsafe, op.loc, results, about))
        unwind = None if block.unwind is None else index[block.unwind]
        arguments = tuple((v.type, v.name) for v in block.args)
        blocks.append(FlatBlock(block.label, block.loc, unwind, arguments, operations, comments.get(block)))
    return FlatFunction(tuple(p.name for p in function.parameters), function.attributes, blocks)


def rebuild(flat: FlatFunction, function: Function) -> None:
    """Makes the body of ``function``, which has the same signature, what ``flat`` says; its parameters stay the same values."""
    values: list[Value] = list(function.parameters)
    for parameter, name in zip(function.parameters, flat.parameters, strict=True):
        parameter.name = name
    function.attributes = dict(flat.attributes)
    function.comments = {}
    function.blocks = []
    for each in flat.blocks:
        block = Block(each.label)
        block.loc = each.location
        function.add_block(block)
        for type, name in each.arguments:
            values.append(block.add_arg(type, name))
        for *_, results, _comments in each.operations:
            values.extend([Value(type, name) for type, name in results])
    at = len(function.parameters)
    for each, block in zip(flat.blocks, function.blocks, strict=True):
        if each.unwind is not None:
            block.unwind = function.blocks[each.unwind]
        if each.comments is not None:
            function.comments[block] = each.comments
        at += len(block.args)
        for decl, operands, attributes, edges, unsafe, location, results, about in each.operations:
            successors = [Successor(function.blocks[to], [values[v] for v in args], case) for to, args, case in edges]
            op = Operation(decl, [values[v] for v in operands], attributes or NO_ATTRIBUTES, successors or (), unsafe, location)
            if results:
                op.results = values[at : at + len(results)]
                for value in op.results:
                    value.owner = op
                at += len(results)
            block.append(op)
            if about is not None:
                function.comments[op] = about
