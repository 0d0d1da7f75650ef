"""Deep copies of modules and functions.

Example: ``clone_module(m).text() == m.text()``.

Invariant: the copy shares no block, operation, value or mutable table with the original; types, declarations of
operations, attribute values and the source text are immutable and shared.
"""

from __future__ import annotations

import attrs

from altru_ir.collector import CollectorPaused
from altru_ir.module import Block, Comments, Function, Module, Signature, TypeDeclaration
from altru_ir.values import NO_ATTRIBUTES, Operation, Successor, Value


class _Twins(dict[Value, Value]):
    """The copy of each value, made when it is first asked for."""

    def __missing__(self, value: Value) -> Value:
        twin = self[value] = Value(value.type, value.name)
        return twin


def clone_module(module: Module) -> Module:
    """A deep copy of ``module``."""
    copy = Module(module.name, module.target)
    copy.attributes = dict(module.attributes)
    copy.source = module.source
    copy.trailing_comments = list(module.trailing_comments)
    with CollectorPaused():
        for declaration in module.order:
            if isinstance(declaration, Function):
                copy.add(clone_function(declaration))
            else:
                twin = attrs.evolve(declaration, attributes=dict(declaration.attributes))
                if isinstance(twin, TypeDeclaration):
                    twin.members = [attrs.evolve(member) for member in twin.members]
                twin.comments = list(twin.comments)
                copy.add(twin)
    return copy


def clone_function(function: Function) -> Function:
    """A deep copy of ``function``, in no module yet."""
    copy = Function(
        function.name,
        Signature(function.signature.type, function.signature.outlives),
        [p.name for p in function.parameters],
    )
    copy.linkage = function.linkage
    copy.attributes = dict(function.attributes)
    copy.source = function.source
    copy.loc = function.loc
    copy.leading_comments = list(function.leading_comments)
    copy.trailing_comments = list(function.trailing_comments)
    copy.behind = function.behind
    values = _Twins(zip(function.parameters, copy.parameters, strict=True))
    blocks: dict[Block, Block] = {}
    for block in function.blocks:
        made = Block(block.label)
        made.loc = block.loc
        made.function = copy
        blocks[block] = made
        copy.blocks.append(made)
        for argument in block.args:
            value = values[argument] = Value(argument.type, argument.name, made)
            made.args.append(value)
    comments = function.comments
    new, twin_of = object.__new__, values.__getitem__
    for block in function.blocks:
        made = blocks[block]
        if block.unwind is not None:
            made.unwind = blocks[block.unwind]
        operations = made.ops
        for op in block.ops:
            twin = new(Operation)
            operations.append(twin)
            twin.decl = op.decl
            operands = op.operands
            if len(operands) == 2:
                first, second = operands
                twin.operands = [values[first], values[second]]
            else:
                twin.operands = list(map(twin_of, operands))
            twin.attrs = dict(op.attrs) if op.attrs else NO_ATTRIBUTES
            twin.unsafe = op.unsafe
            twin.loc = op.loc
            twin.block = made
            if op.successors:
                twin.successors = [Successor(blocks[s.block], list(map(twin_of, s.args)), s.case) for s in op.successors]
            else:
                twin.successors = ()
            results = op.results
            if not results:
                twin.results = ()
                continue
            copied = []
            for result in results:
                if result in values:  # it was used before, or is defined twice
                    value = values[result]
                else:
                    values[result] = value = new(Value)
                    value.type = result.type
                    value.name = result.name
                    value.mark = -1
                value.owner = twin
                copied.append(value)
            twin.results = copied
        if comments:
            for op, twin in zip(block.ops, operations):
                if op in comments:
                    copy.comments[twin] = Comments(list(comments[op].before), comments[op].behind)
        if comments and block in comments:
            copy.comments[made] = Comments(list(comments[block].before), comments[block].behind)
    return copy
