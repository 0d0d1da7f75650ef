"""What one operation may do, read off its declaration, its types and the signature of what it calls.

A declaration speaks of all uses of an operation: ``assign`` may panic, for the destructor of what it overwrites may. Here the
question is put for one operation in its module: an ``assign`` over an ``i32`` runs no destructor, so it does not panic.

Example: ``may_panic(op, m)`` is false for a call of a function that is declared ``nounwind``.

Rules, cited by number in the code:
 1. an operation with the trait ``drops`` panics, frees and lets the collector run only through the drops of what it takes or
    overwrites: where that needs no drop it does none of these, and where no function runs that may panic it does not panic;
 2. an operation that calls (it has a callee and gives what the callee gives) panics only if the callee may; one that hands
    the callee to a thread speaks for itself.

Doubt falls to "it may": an operation that nobody knows more about does what its declaration says.
"""

from __future__ import annotations

from collections.abc import Iterator

from altru_ir.declare import CONSUME, END, PATH, READ, WRITE
from altru_ir.marks import PLAIN, copies, dropped_parts, needs_drop
from altru_ir.module import Module
from altru_ir.types import (
    CellType,
    DynType,
    FunctionType,
    NamedType,
    OwnType,
    PlaceType,
    ThreadScopeType,
    ThreadType,
    Type,
)
from altru_ir.values import Operation, Value


def accesses(op: Operation) -> list[tuple[Value, str]]:
    """The operands of ``op`` in order, each with what happens to it (``declare``'s accesses); arguments handed to successors,
    which are consumed on their edges, do not belong to them.

    A callee and its arguments are consumed. ``switch_enum`` consumes a value, and reads the discriminant of a place;
    ``assume_init`` extends the path of a place, and consumes a pointer.
    """
    decl = op.decl
    if not op.operands:
        return []
    if decl.accesses is not None:
        found = list(zip(op.operands, decl.accesses))
    elif decl.callee is not None and not decl.fixed_count(op):
        return [(value, CONSUME) for value in op.operands]
    else:
        bound = decl.bind(op)
        found = [(value, operand.access) for operand in decl.operands for value in bound[operand.name]]
        found.extend((value, CONSUME) for value in op.operands[len(found) :])
    if decl.is_projection and not op.results[0].type.is_place:  # `assume_init` of a pointer: another pointer comes out
        return [(value, CONSUME if access == PATH else access) for value, access in found]
    if decl.is_terminator and found[0][0].type.is_place and found[0][1] == CONSUME:
        found[0] = (found[0][0], READ)
    return found


def dropped_types(op: Operation) -> Iterator[Type]:
    """The types that the destructors run by ``op`` may belong to; nothing for an operation without the trait ``drops``."""
    decl = op.decl
    if not decl.drops:
        return
    bound = decl.bind(op)
    for operand in decl.operands:
        if operand.access not in (CONSUME, WRITE, END):
            continue
        for value in bound[operand.name]:
            type = value.type
            if isinstance(type, PlaceType):
                yield type.target
            elif operand.access == CONSUME:
                yield type
            elif type.pointee is not None:  # written through a pointer: what it leads to, or what the cell there holds
                yield type.pointee.target if isinstance(type.pointee, CellType) else type.pointee


def runs_destructors(op: Operation, module: Module) -> bool:
    """Whether a destructor may run as a part of ``op``."""
    return any(needs_drop(type, module) for type in dropped_types(op))


def drop_may_panic(type: Type, module: Module) -> bool:
    """Whether dropping a value of ``type`` may panic: a destructor or release function that is not ``nounwind``, an erased
    type, or a thread scope, which hands on the panics of its threads."""
    for each in dropped_parts(type, module):
        if isinstance(each, (DynType, ThreadScopeType)):
            return True
        declaration = module.types.get(each.name) if isinstance(each, NamedType) else None
        run = declaration.drop if declaration is not None else each.release if isinstance(each, OwnType) else None
        if run is not None and _panics(run, module):
            return True
    return False


def _panics(name: str, module: Module) -> bool:
    function = module.functions.get(name)
    return function is None or not function.signature.type.nounwind


def called_type(op: Operation, module: Module) -> FunctionType | None:
    """The type of the function that ``op`` calls or hands to a thread; None when it has no callee or that is not known."""
    if op.decl.callee is None:
        return None
    name = op.attrs.get("callee")
    if name is not None:
        function = module.functions.get(name)
        return None if function is None else function.signature.type
    fixed = op.decl.fixed_count(op)
    type = op.operands[fixed].type if len(op.operands) > fixed else None
    return type if isinstance(type, FunctionType) else None


def calls_here(op: Operation) -> bool:
    """Whether ``op`` has a callee and runs it to its end on this thread."""
    return op.decl.callee is not None and not any(isinstance(value.type, ThreadType) for value in op.results)


def may_panic(op: Operation, module: Module) -> bool:
    """Whether the unwind edge of the block may be taken at ``op``."""
    if not op.decl.may_panic:
        return False
    if op.decl.drops:  # 1
        return any(drop_may_panic(type, module) for type in dropped_types(op))
    if calls_here(op):  # 2
        type = called_type(op, module)
        return type is None or not type.nounwind
    return True


def may_free(op: Operation, module: Module) -> bool:
    """Whether memory that was there before may be released by ``op``."""
    return op.decl.may_free and (not op.decl.drops or runs_destructors(op, module))  # 1


def may_collect(op: Operation, module: Module) -> bool:
    """Whether the collector may run in ``op``."""
    return op.decl.is_safepoint and (not op.decl.drops or runs_destructors(op, module))  # 1


def is_plain(op: Operation) -> bool:
    """Whether the types of all operands and results of ``op`` are plain ones. Most operations are, and this is fast."""
    for value in op.results:
        if value.type.__class__ not in PLAIN:
            return False
    for value in op.operands:  # noqa: SIM110 - a generator would take three times as long
        if value.type.__class__ not in PLAIN:
            return False
    return True


def only_copies(op: Operation, module: Module) -> bool:
    """Whether ``op`` takes over nothing that moves and gives nothing that must be dropped: running it twice, or not at all,
    makes no difference to who owns what."""
    if is_plain(op):
        return True
    for value in op.results:
        if needs_drop(value.type, module):
            return False
    return all(access != CONSUME or copies(value.type, module) for value, access in accesses(op))


def is_function_of_operands(op: Operation, module: Module) -> bool:
    """Whether ``op`` gives the same results each time it is run on the same operands and does nothing else, so that one run
    can stand for another that it dominates. The results copy, or are places: a path is evaluated anew where it is used."""
    if not (op.decl.is_pure or op.decl.is_projection):
        return False
    if is_plain(op):
        return True
    for value in op.results:
        if value.type.__class__ not in PLAIN and not value.type.is_place and not copies(value.type, module):
            return False
    return only_copies(op, module)


def may_remove(op: Operation, module: Module) -> bool:
    """Whether nobody can tell that ``op`` is gone when its results are unused."""
    decl = op.decl
    if not (decl.is_pure or decl.is_projection or decl.is_removable):
        return False
    return (is_plain(op) or only_copies(op, module)) and "volatile" not in op.attrs
