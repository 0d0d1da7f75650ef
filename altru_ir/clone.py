"""Deep copies of modules and functions.

Example: ``clone_module(m).text() == m.text()``.

Invariant: the copy shares no block, operation, value or mutable table with the original; types, declarations of
operations, attribute values and the source text are immutable and shared.
"""

from __future__ import annotations

import gc

import attrs

from altru_ir.module import Block, Comments, Function, Module, Signature, TypeDeclaration
from altru_ir.values import NO_ATTRIBUTES, Operation, Successor, Value


def clone_module(module: Module) -> Module:
    """A deep copy of ``module``."""
    copy = Module(module.name, module.target)
    copy.attributes = dict(module.attributes)
    copy.source = module.source
    copy.trailing_comments = list(module.trailing_comments)
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        for declaration in module.order:
            if isinstance(declaration, Function):
                copy.add(clone_function(declaration))
            else:
                twin = attrs.evolve(declaration, attributes=dict(declaration.attributes))
                if isinstance(twin, TypeDeclaration):
                    twin.members = [attrs.evolve(member) for member in twin.members]
                twin.comments = list(twin.comments)
                copy.add(twin)
    finally:
        if was_enabled:
            gc.enable()
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
    values: dict[Value, Value] = dict(zip(function.parameters, copy.parameters, strict=True))
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
        for op in block.ops:
            for result in op.results:
                values[result] = Value(result.type, result.name)
    comments = function.comments
    new_op = Operation.__new__
    for block in function.blocks:
        made = blocks[block]
        if block.unwind is not None:
            made.unwind = blocks[block.unwind]
        operations = made.ops
        for op in block.ops:
            twin = new_op(Operation)
            twin.decl = op.decl
            twin.operands = [values[v] for v in op.operands]
            twin.attrs = dict(op.attrs) if op.attrs else NO_ATTRIBUTES
            twin.unsafe = op.unsafe
            twin.loc = op.loc
            twin.block = made
            if op.successors:
                twin.successors = [Successor(blocks[s.block], [values[v] for v in s.args], s.case) for s in op.successors]
            else:
                twin.successors = ()
            results = op.results
            if results:
                if len(results) == 1:
                    value = values[results[0]]
                    value.owner = twin
                    twin.results = [value]
                else:
                    twin.results = [values[r] for r in results]
                    for value in twin.results:
                        value.owner = twin
            else:
                twin.results = ()
            operations.append(twin)
            if comments and op in comments:
                copy.comments[twin] = Comments(list(comments[op].before), comments[op].behind)
        if comments and block in comments:
            copy.comments[made] = Comments(list(comments[block].before), comments[block].behind)
    return copy
