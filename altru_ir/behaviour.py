"""What one operation may do, read off its declaration, its types and the signature of what it calls.

A declaration speaks of all uses of an operation: ``assign`` may panic, for the destructor of what it overwrites may. Here the
question is put for one operation in its module: an ``assign`` over an ``i32`` runs no destructor, so it does not panic.

Example: ``may_panic(op, m)`` is false for a call of a function that is declared ``nounwind``.

Rules, cited by number in the code:
 1. an operation with the trait ``drops`` panics, frees and lets the collector run only through the destructors of what it
    takes or overwrites: where that needs no drop it does none of these;
 2. an operation that calls (it has a callee and gives what the callee gives) panics only if the callee may; one that hands
    the callee to a thread speaks for itself.

Doubt falls to "it may": an operation that nobody knows more about does what its declaration says.
"""

from __future__ import annotations

from collections.abc import Iterator

from altru_ir.declare import CONSUME, END, READ, WRITE
from altru_ir.marks import needs_drop
from altru_ir.module import Module
from altru_ir.types import CellType, FunctionType, PlaceType, ThreadType, Type
from altru_ir.values import Operation, Value


def accesses(op: Operation) -> list[tuple[Value, str]]:
    """The operands of ``op`` in order, each with what happens to it (``declare``'s accesses); arguments handed to successors,
    which are consumed on their edges, do not belong to them.

    A callee and its arguments are consumed. ``switch_enum`` consumes a value, and reads the discriminant of a place.
    """
    decl = op.decl
    if not op.operands:
        return []
    if decl.varies_at is None and not decl.flagged and decl.callee is None:
        found = [(value, operand.access) for value, operand in zip(op.operands, decl.operands, strict=False)]
    else:
        bound = decl.bind(op)
        found = [(value, operand.access) for operand in decl.operands for value in bound[operand.name]]
        found.extend((value, CONSUME) for value in op.operands[len(found) :])
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
        return runs_destructors(op, module)
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
