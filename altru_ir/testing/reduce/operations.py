"""Steps over operations: leave them out, let parameters stand for them, give them simpler operands.

Example: without ``%p = mul %x, %y`` the following ``%s = add %p, %x`` becomes ``%s = add %x, %x``.

To leave out many operations at once takes three walks, each linear: (1) the first value of each type that dominates
(``supply``); (2) backwards, users before what they use, decide: an operation stays when a result of it is needed and
nothing can stand in for it, and then its own operands are needed; (3) replace all uses. A later definition is never asked
for in (2), because the definition of an operand dominates its use: backwards in dominance order it comes later.
"""

from __future__ import annotations

from collections.abc import Iterable

from altru_ir.module import Function, Module
from altru_ir.testing.reduce.edits import calls_of, set_signature, signature_with
from altru_ir.testing.reduce.measure import ranks_of
from altru_ir.testing.reduce.supply import Scope, Supply
from altru_ir.values import Operation, Value


def by_function(chosen: Iterable[Operation]) -> dict[Function, set[Operation]]:
    """Operations by the function they stand in."""
    found: dict[Function, set[Operation]] = {}
    for op in chosen:
        function = op.function
        if function is not None:
            found.setdefault(function, set()).add(op)
    return found


def delete(module: Module, function: Function, chosen: set[Operation], leaf_first: bool = False) -> None:
    """Leaves out those of ``chosen`` that can be done without. Terminators are not among them.

    With ``leaf_first`` a result is replaced by something new in preference to something that is there.
    """
    chosen = {op for op in chosen if not op.decl.is_terminator}
    supply = Supply(module, function, {result for op in chosen for result in op.results})
    order = [op for block in Scope(function).blocks() for op in block.ops]
    needed: set[Value] = set()
    for op in order:
        if op.successors:
            needed.update(value for successor in op.successors for value in successor.args)
    for op in reversed(order):  # (2)
        stand_ins: list[tuple[Value, Value]] = []
        if op in chosen:
            for result in op.results:
                if result in needed:
                    other = _stand_in(op, result, supply, leaf_first)
                    if other is None:
                        chosen.remove(op)
                        break
                    stand_ins.append((result, other))
        if op in chosen:
            for result, other in stand_ins:
                supply.replace(result, other)
                needed.add(other)
        else:
            needed.update(op.operands)
    for block in function.blocks:
        if not chosen.isdisjoint(block.ops):
            block.ops = [op for op in block.ops if op not in chosen]
    supply.finish()


def _stand_in(op: Operation, result: Value, supply: Supply, leaf_first: bool) -> Value | None:
    if not leaf_first:
        for value in op.operands:
            if value.type.erased is result.type.erased and supply.resolve(value) is not result:
                return value
    return supply.other(result, leaf_first)


# -- leave out operations ---------------------------------------------------------------------------------------------------


def all_but_terminators(module: Module) -> list[Operation]:
    """Targets: users before what they use, so that the last chunk of a function is tried first."""
    found = [op for f in module.functions.values() for op in f.operations() if not op.decl.is_terminator]
    return found[::-1]


def leave_out(module: Module, chosen: list[Operation]) -> None:
    """Each operation gives way to a value that is there, or to a new leaf."""
    for function, ops in by_function(chosen).items():
        delete(module, function, ops)


def leave_out_for_leaves(module: Module, chosen: list[Operation]) -> None:
    """Each operation gives way to a new leaf, or to a value that is there."""
    for function, ops in by_function(chosen).items():
        delete(module, function, ops, leaf_first=True)


# -- operations that become operands -----------------------------------------------------------------------------------------


def other_operands(module: Module) -> list[tuple[Operation, Value]]:
    """Targets: operations with an operand like their result behind the first such, which is what ``leave_out`` puts there."""
    found: list[tuple[Operation, Value]] = []
    for function in module.functions.values():
        for op in function.operations():
            if len(op.operands) > 1 and len(op.results) == 1 and not op.decl.is_terminator:
                alike = dict.fromkeys(v for v in op.operands if v.type.erased is op.results[0].type.erased)
                found.extend((op, value) for value in list(alike)[1:])
    return found[::-1]


def become_operands(module: Module, chosen: list[tuple[Operation, Value]]) -> None:
    """Each operation gives way to that operand."""
    operand = dict(chosen)
    for function, ops in by_function(operand).items():
        supply = Supply(module, function, {op.results[0] for op in ops})
        for op, value in operand.items():
            if op in ops and supply.resolve(value) is not op.results[0]:
                supply.replace(op.results[0], value)
        for block in function.blocks:
            block.ops = [op for op in block.ops if op not in ops or op.results[0] not in supply.instead]
        supply.finish()


# -- operations that become parameters --------------------------------------------------------------------------------------


def with_results(module: Module) -> list[Operation]:
    """Targets: operations that give values a parameter can have, in functions that nobody here calls."""
    found = []
    for function in module.functions.values():
        if not calls_of(function):
            for op in function.operations():
                passable = not any(r.type.is_place or r.type.is_unsized for r in op.results)
                if op.operands and op.results and passable and not op.decl.is_terminator:
                    found.append(op)
    return found[::-1]


def become_parameters(module: Module, chosen: list[Operation]) -> None:
    """Takes the results of operations as parameters instead."""
    for function, ops in by_function(chosen).items():
        for op in function.operations():
            if op in ops:
                for result in op.results:
                    result.owner = function
                    function.parameters.append(result)
        for block in function.blocks:
            block.ops = [op for op in block.ops if op not in ops]
        type = function.signature.type
        added = len(function.parameters) - len(type.parameters)
        changed = signature_with(
            type,
            parameters=tuple(p.type for p in function.parameters),
            transfers=(*type.transfers[:-1], *[None] * added, type.transfers[-1]),
        )
        set_signature(function, changed)


# -- operands ---------------------------------------------------------------------------------------------------------------

Slot = tuple[list[Value], int, Value]
"""A list of operands, a position in it, and the value to put there."""


def improvable(module: Module) -> list[Slot]:
    """Targets: operands for which a value of the same type is defined earlier."""
    found: list[Slot] = []
    for function in module.functions.values():
        if function.is_declaration:
            continue
        rank = ranks_of(function)
        scope = Scope(function)
        for block in scope.blocks():
            for argument in block.args:
                scope.see(argument)
            for op in block.ops:
                for values in (op.operands, *(successor.args for successor in op.successors)):
                    for index, value in enumerate(values):
                        first = scope.get(value.type)
                        if first is not None and rank[first] < rank.get(value, 0):
                            found.append((values, index, first))
                for result in op.results:
                    scope.see(result)
    return found


def improve(module: Module, chosen: list[Slot]) -> None:
    """Uses the earlier values."""
    for values, index, value in chosen:
        values[index] = value


def optional_operands(module: Module) -> list[tuple[Operation, int]]:
    """Targets: operands that need not be there, by their positions: optional, one of several, flagged, behind ``...``."""
    found: list[tuple[Operation, int]] = []
    for function in module.functions.values():
        for op in function.operations():
            if op.decl.callee is None:
                found.extend((op, at) for at, _ in _varying(op))
            elif op.attrs.get("callee") in module.functions:
                fixed = op.decl.fixed_count(op) + len(module.functions[op.attrs["callee"]].parameters)
                found.extend((op, at) for at in range(fixed, len(op.operands)))
    return found


def _varying(op: Operation) -> list[tuple[int, str | None]]:
    """The positions of the operands that may be absent, each with the flag in front of it."""
    found: list[tuple[int, str | None]] = []
    at = 0
    bound = op.decl.bind(op)
    for element in op.decl.operands:
        count = len(bound[element.name])
        if element.optional or element.variadic:
            found.extend((at + i, element.flag) for i in range(count))
        at += count
    return found


def drop_operands(module: Module, chosen: list[tuple[Operation, int]]) -> None:
    """Leaves those operands out, with the flags that stand before them."""
    gone: dict[Operation, set[int]] = {}
    for op, index in chosen:
        gone.setdefault(op, set()).add(index)
    for op, indices in gone.items():
        flags = {flag for at, flag in _varying(op) if at in indices} if op.decl.callee is None else set()
        if not flags.isdisjoint(op.attrs):
            op.attrs = {key: value for key, value in op.attrs.items() if key not in flags}
        keep_operands(op, indices)


def keep_operands(op: Operation, without: set[int]) -> None:
    """Leaves out the operands at the positions ``without``."""
    op.operands = [value for index, value in enumerate(op.operands) if index not in without]
