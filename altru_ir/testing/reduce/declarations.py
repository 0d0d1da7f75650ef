"""Steps over what a module declares: functions, their bodies, globals, types and their members.

Example: without ``@g`` the operation ``%r = call @g(%x)`` gives way to another value, as if it had been chosen itself.

A type becomes ``i8`` wherever it stands, which is well typed where nothing looks inside. A member takes with it the
operations that name it, its operand where the type is built of all members, its result where it is taken apart into all
members, and its case in a switch.
"""

from __future__ import annotations

from altru_ir.declare import Name
from altru_ir.module import Function, Global, Module, TypeDeclaration
from altru_ir.testing.reduce.blocks import keep_edges
from altru_ir.testing.reduce.edits import keep_blocks, reachable, rewrite_types, symbols_of
from altru_ir.testing.reduce.operations import delete, keep_operands
from altru_ir.testing.reduce.supply import Supply
from altru_ir.types import I8, NamedType, PlaceType, Type
from altru_ir.values import Operation, Value

# -- functions and globals --------------------------------------------------------------------------------------------------


def functions_and_globals(module: Module) -> list[Function | Global]:
    """Targets: callers before what they call, as a text often has it."""
    return [d for d in module.order if not isinstance(d, TypeDeclaration)][::-1]


def leave_out(module: Module, chosen: list[Function | Global]) -> None:
    """Leaves out functions and globals with the operations that name them."""
    names = {declaration.name for declaration in chosen}
    for declaration in chosen:
        module.remove(declaration)
    for each in module.types.values():
        if each.drop in names:
            each.drop = None
    for function in module.functions.values():
        naming = {op for op in function.operations() if not names.isdisjoint(symbols_of(op))}
        if naming:
            delete(module, function, naming)


def definitions(module: Module) -> list[Function]:
    """Targets: functions with a body."""
    return [f for f in module.functions.values() if not f.is_declaration][::-1]


def leave_out_bodies(module: Module, chosen: list[Function]) -> None:
    """Makes functions declarations of something elsewhere."""
    for function in chosen:
        function.blocks = []
        function.linkage = "public"


# -- types ------------------------------------------------------------------------------------------------------------------


def all_types(module: Module) -> list[TypeDeclaration]:
    """Targets: all types."""
    return list(module.types.values())[::-1]


def become_bytes(module: Module, chosen: list[TypeDeclaration]) -> None:
    """Puts ``i8`` where the types stood."""
    names = {declaration.name for declaration in chosen}
    for declaration in chosen:
        module.remove(declaration)
    rewrite_types(module, lambda type: I8 if isinstance(type, NamedType) and type.name in names else type)


# -- members ----------------------------------------------------------------------------------------------------------------


def members(module: Module) -> list[tuple[TypeDeclaration, int]]:
    """Targets: fields of structs and unions, variants of enums."""
    return [(d, index) for d in module.types.values() for index in range(len(d.members))][::-1]


def leave_out_members(module: Module, chosen: list[tuple[TypeDeclaration, int]]) -> None:
    """Leaves out members with what names them."""
    gone: dict[TypeDeclaration, set[int]] = {}
    for declaration, index in chosen:
        gone.setdefault(declaration, set()).add(index)
    for declaration, indices in gone.items():
        for function in module.functions.values():
            if not function.is_declaration:
                _leave_out_members(module, function, declaration, indices)
        declaration.members = [m for index, m in enumerate(declaration.members) if index not in indices]


def _leave_out_members(module: Module, function: Function, declaration: TypeDeclaration, indices: set[int]) -> None:
    names = {declaration.members[index].name for index in indices}
    count = len(declaration.members)
    naming: set[Operation] = set()
    lost: list[tuple[Operation, list[Value]]] = []
    switches: list[Operation] = []
    for op in function.operations():
        given = any(_holds(value.type, declaration.name) for value in op.results)
        taken = any(_holds(value.type, declaration.name) for value in op.operands)
        written = any(_holds(value, declaration.name) for value in op.attrs.values() if isinstance(value, Type))
        if not given and not taken and not written:
            continue
        if op.decl.is_terminator:
            if any(isinstance(successor.case, str) and successor.case in names for successor in op.successors):
                switches.append(op)
            continue
        named = [op.attrs.get(key) for key, element in op.decl.elements.items() if isinstance(element, Name)]
        if not names.isdisjoint(named):
            naming.add(op)
        elif given and len(op.operands) == count and op.decl.varies_at == 0:
            keep_operands(op, indices)
        elif taken and len(op.results) == count and any(result.spread for result in op.decl.results):
            lost.append((op, [op.results[index] for index in indices]))
    if switches:
        supply = Supply(module, function, ())
        before = reachable(function)
        for op in switches:
            kept = [s for s in op.successors if s.case not in names]
            if op.block is not None and kept:
                keep_edges(op.block, kept, supply)
        after = reachable(function)
        keep_blocks(function, [block for block in function.blocks if block in after or block not in before])
        supply.finish()
    if lost:
        supply = Supply(module, function, {value for _, values in lost for value in values})
        for op, values in lost:
            for value in values:
                other = supply.other(value)
                if other is not None:
                    supply.replace(value, other)
            op.results = [value for value in op.results if value not in values]
        supply.finish()
    if naming:
        delete(module, function, naming)


def _holds(type: Type, name: str) -> bool:
    """Whether ``type`` is the declared type ``name``, or a place of it."""
    held = type.target if isinstance(type, PlaceType) else type
    return isinstance(held, NamedType) and held.name == name
