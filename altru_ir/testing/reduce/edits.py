"""Small edits of a module that the steps of a reduction share.

They leave the text printable, not necessarily valid: a candidate is judged by its text, which is parsed and verified, so
an edit may leave types of results to the parser and mistakes to the verifier.

Example: ``rewrite_types(m, lambda t: I8 if t is NamedType("S") else t)`` makes each ``@S`` in ``m`` an ``i8``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from altru_ir import declare
from altru_ir.declare import SymbolOf
from altru_ir.module import Block, Function, Global, Module, Signature, TypeDeclaration
from altru_ir.types import FunctionType, Type
from altru_ir.values import Operation, Successor, Symbol, Value

# -- symbols ----------------------------------------------------------------------------------------------------------------


def symbols_of(op: Operation) -> Iterator[str]:
    """The functions, globals and types that the attributes of ``op`` name."""
    elements = op.decl.elements
    work: list[Any] = []
    for key, value in op.attrs.items():
        if isinstance(elements.get(key), SymbolOf):
            yield value
        else:
            work.append(value)
    while work:
        each = work.pop()
        if isinstance(each, Symbol):
            yield each
        elif isinstance(each, (list, tuple)):
            work.extend(each)
        elif isinstance(each, dict):
            work.extend(each.values())


def calls_of(function: Function) -> list[tuple[Operation, int]]:
    """The operations of the module that call ``function`` by name, each with the position of its first argument."""
    assert function.module is not None
    return [
        (op, op.decl.fixed_count(op))
        for caller in function.module.functions.values()
        for op in caller.operations()
        if op.decl.callee is not None and op.attrs.get("callee") == function.name
    ]


# -- types ------------------------------------------------------------------------------------------------------------------


def types_of(module: Module) -> Iterator[Type]:
    """Every type that stands in ``module``, as often as it stands there, in text order."""
    for declaration in module.order:
        if isinstance(declaration, TypeDeclaration):
            yield from (member.type for member in declaration.members)
        elif isinstance(declaration, Global):
            yield declaration.type
        else:
            yield declaration.signature.type
            for block in declaration.blocks:
                yield from (argument.type for argument in block.args)
                for op in block.ops:
                    yield from (result.type for result in op.results)
                    yield from (value for value in op.attrs.values() if isinstance(value, Type))


def rewrite_types(module: Module, change: Callable[[Type], Type]) -> None:
    """Replaces each type in ``module`` by what ``change`` gives for it, inner types before those around them."""
    known: dict[Type, Type] = {}

    def new(type: Type) -> Type:
        made = known.get(type)
        if made is None:
            arguments = [_inside(getattr(type, name)) for name in type.fields]
            rebuilt: Type = type.__class__(*arguments) if arguments else type
            made = known[type] = change(rebuilt)
        return made

    def _inside(value: Any) -> Any:
        if isinstance(value, Type):
            return new(value)
        return tuple(_inside(item) for item in value) if isinstance(value, tuple) else value

    for declaration in module.order:
        if isinstance(declaration, TypeDeclaration):
            for member in declaration.members:
                member.type = new(member.type)
        elif isinstance(declaration, Global):
            declaration.type = new(declaration.type)
        else:
            changed = new(declaration.signature.type)
            if isinstance(changed, FunctionType):
                set_signature(declaration, changed)
            for block in declaration.blocks:
                for argument in block.args:
                    argument.type = new(argument.type)
                for op in block.ops:
                    for result in op.results:
                        result.type = new(result.type)
                    for key, value in op.attrs.items():
                        if isinstance(value, Type):
                            op.attrs[key] = new(value)


def signature_with(type: FunctionType, **changes: Any) -> FunctionType:
    """``type`` with some of its constructor's arguments exchanged."""
    arguments = {name: getattr(type, name) for name in type.fields}
    return FunctionType(**{**arguments, **changes})


def set_signature(function: Function, type: FunctionType) -> None:
    """Gives ``function`` a signature with as many parameters as it has now."""
    function.signature = Signature(type, function.signature.outlives)
    for parameter, written in zip(function.parameters, type.parameters, strict=True):
        parameter.type = written


# -- blocks -----------------------------------------------------------------------------------------------------------------


def reachable(function: Function) -> set[Block]:
    """The blocks that the entry reaches, over unwind edges too."""
    found: set[Block] = set()
    work = function.blocks[:1]
    while work:
        block = work.pop()
        if block not in found:
            found.add(block)
            work.extend(block.successors)
    return found


def keep_blocks(function: Function, kept: Collection[Block]) -> None:
    """Removes all other blocks."""
    function.blocks = [block for block in function.blocks if block in kept]


def branch_to(block: Block, successor: Successor) -> None:
    """Ends ``block`` with a jump, in place of its terminator."""
    op = Operation(declare.find("br"), [], successors=[Successor(successor.block, list(successor.args))])
    op.block = block
    block.ops[-1] = op


def end_with(block: Block, name: str, operands: list[Value]) -> None:
    """Ends ``block`` with a terminator that has no successors, in place of its own."""
    op = Operation(declare.find(name), operands)
    op.block = block
    block.ops[-1] = op
