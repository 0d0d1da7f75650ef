"""A step over calls: a function that is called once, and is one block, goes where it is called.

Example: with ``func @f(%x: i64) -> i64`` that gives ``add %x, %x``, the only ``%r = call @f(%y)`` becomes ``%r = add %y, %y``.

The operations are moved, not copied, so a function that is called twice stays; one that is named otherwise (as
the destructor of a type, or by ``func.ref``) is then missed, and the verifier objects.
"""

from __future__ import annotations

from altru_ir.module import Function, Module
from altru_ir.testing.reduce.supply import resolve
from altru_ir.values import Operation, Value


def calls_by_name(module: Module) -> dict[str, list[Operation]]:
    """The operations that call each function by its name."""
    found: dict[str, list[Operation]] = {}
    for function in module.functions.values():
        for op in function.operations():
            if op.decl.callee is not None and "callee" in op.attrs:
                found.setdefault(op.attrs["callee"], []).append(op)
    return found


def called_once(module: Module) -> list[Function]:
    """Targets: functions of one block that returns, with one call by name, from another function."""
    calls = calls_by_name(module)
    found: list[Function] = []
    for function in module.functions.values():
        here = calls.get(function.name, [])
        if len(here) != 1 or len(function.blocks) != 1 or function.entry.unwind is not None:
            continue
        (call,), end = here, function.entry.ops[-1]
        alike = end.name == "ret" and len(end.operands) == len(call.results) and not call.decl.is_terminator
        if alike and call.function is not function:
            found.append(function)
    return found


def inline(module: Module, chosen: list[Function]) -> None:
    """Puts the operations of each in place of the call."""
    calls = calls_by_name(module)
    instead: dict[Value, Value] = {}
    changed: dict[Function, None] = {}
    for function in chosen:
        (call,) = calls[function.name]
        block, caller = call.block, call.function
        assert block is not None
        if caller is None or caller is function:  # it was put into itself, by way of others
            continue
        arguments = call.operands[call.decl.fixed_count(call) :]
        instead.update(zip(function.parameters, arguments, strict=False))
        *moved, end = function.entry.ops
        instead.update(zip(call.results, end.operands, strict=True))
        for op in moved:
            op.block = block
            op.loc = None if isinstance(op.loc, int) else op.loc  # a position in another body
        at = block.ops.index(call)
        block.ops[at : at + 1] = moved
        changed.pop(function, None)
        changed[caller] = None
        module.remove(function)
    final = {value: resolve(value, instead) for value in instead}
    for function in changed:
        for op in function.operations():
            op.replace_operands(final)
