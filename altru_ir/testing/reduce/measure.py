"""How large a program is: the order in which each step of a reduction goes down.

A candidate is tried only when its size is below that of the best program so far. So no step undoes another, and every
reduction ends, whatever the steps are: sizes are tuples of natural numbers compared left to right, a well-founded order.

The numbers, from heavy to light: (1) declarations; (2) bodies; (3) blocks; (4) operations with operands or effects (a
*leaf*, such as a constant, counts later); (5) edges; (6) parameters, block arguments, results of functions, members of
types; (7) the ranks of all operands, so that a value defined earlier is simpler; (8) all operations; (9) the lengths of
arrays; (10) literals; (11) characters.

Example: ``%s = add %x, %y`` replaced by a constant goes down in (4), though (8) stays the same.
"""

from __future__ import annotations

import math
from typing import Any

from altru_ir.module import Function, Global, Module
from altru_ir.testing.reduce.edits import types_of
from altru_ir.types import UNIT, ArrayType, Type, parts
from altru_ir.values import Operation, Value

Size = tuple[int, ...]


def is_leaf(op: Operation) -> bool:
    """Whether ``op`` makes one value out of nothing: a constant, a place of its own, the address of a function."""
    return not op.operands and len(op.results) == 1 and not op.decl.is_terminator


def size_of(module: Module, text: str) -> Size:
    """The size of ``module``, whose text is ``text``."""
    bodies = blocks = working = edges = names = ranks = operations = literals = lengths = 0
    for declaration in module.order:
        if isinstance(declaration, Function):
            names += len(declaration.parameters) + (declaration.signature.result is not UNIT)
            bodies += not declaration.is_declaration
            rank = ranks_of(declaration)
            for block in declaration.blocks:
                blocks += 1
                names += len(block.args)
                edges += block.unwind is not None
                for op in block.ops:
                    operations += 1
                    working += not is_leaf(op)
                    edges += len(op.successors)
                    ranks += sum(rank.get(value, 0) for value in op.all_operands())
                    literals += sum(weight(value) for value in op.attrs.values())
                    literals += sum(weight(successor.case) for successor in op.successors)
        elif isinstance(declaration, Global):
            literals += weight(declaration.initial)
        else:
            names += len(declaration.members)
    length: dict[Type, int] = {}
    for type in types_of(module):
        if type not in length:
            length[type] = _lengths(type)
        lengths += length[type]
    return (len(module.order), bodies, blocks, working, edges, names, ranks, operations, lengths, literals, len(text))


def ranks_of(function: Function) -> dict[Value, int]:
    """The values of a function, numbered from 1: parameters, then arguments and results in text order."""
    rank: dict[Value, int] = {}
    for parameter in function.parameters:
        rank[parameter] = len(rank) + 1
    for block in function.blocks:
        for argument in block.args:
            rank[argument] = len(rank) + 1
        for op in block.ops:
            for result in op.results:
                rank[result] = len(rank) + 1
    return rank


def _lengths(type: Type) -> int:
    total = 0
    work = [type]
    while work:
        each = work.pop()
        if isinstance(each, ArrayType):
            total += sum(d for d in each.dimensions if d)
        work.extend(parts(each))
    return total


def weight(literal: Any) -> int:
    """How far a literal is from the simplest of its kind: zero, the empty string, a list of such. Others weigh nothing."""
    total = 0
    work = [literal]
    while work:
        each = work.pop()
        if isinstance(each, (list, tuple)):
            work.extend(each)
        elif isinstance(each, int):
            total += 2 * abs(each) + (each < 0)
        elif isinstance(each, float):
            plain = math.isfinite(each) and math.copysign(1, each) > 0 and each in (0.0, 1.0)
            total += int(each) if plain else 1 + len(repr(each))
        elif isinstance(each, (str, bytes)) and type(each) in (str, bytes):  # a symbol or a word is no literal
            total += len(each)
    return total
