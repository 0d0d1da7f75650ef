"""Steps over what is handed on: block arguments, parameters and results of functions.

Example: ``br ^b(%x)`` into ``^b(%y: i32)`` becomes ``br ^b`` into ``^b``, and ``%x`` stands where ``%y`` stood.

An argument that goes is replaced by what the first edge hands over, where that dominates the block, else by an earlier
value or a leaf. A parameter goes from the signature and from all calls by name; a call through a function value is left
for the verifier to object to.
"""

from __future__ import annotations

from altru_ir.cfg import ControlFlowGraph
from altru_ir.module import Block, Function, Module
from altru_ir.testing.reduce.edits import calls_of, set_signature, signature_with
from altru_ir.testing.reduce.operations import keep_operands
from altru_ir.testing.reduce.supply import Supply
from altru_ir.types import UNIT
from altru_ir.values import Operation, Successor, Value

# -- block arguments --------------------------------------------------------------------------------------------------------


def edges_into(function: Function) -> dict[Block, list[Successor]]:
    """The edges of terminators by the block they lead to."""
    found: dict[Block, list[Successor]] = {block: [] for block in function.blocks}
    for op in function.operations():
        for successor in op.successors:
            if successor.block in found:
                found[successor.block].append(successor)
    return found


def block_arguments(module: Module) -> list[tuple[Block, int]]:
    """Targets: arguments that every edge hands over itself (those a terminator gives stay)."""
    found: list[tuple[Block, int]] = []
    for function in module.functions.values():
        edges = edges_into(function)
        for block in function.blocks:
            given = [len(block.args) - len(edge.args) for edge in edges[block]]
            found.extend((block, index) for index in range(max(given, default=0), len(block.args)))
    return found[::-1]


def drop_block_arguments(module: Module, chosen: list[tuple[Block, int]]) -> None:
    """Leaves the arguments out, in the blocks and on the edges."""
    by_function: dict[Function, dict[Block, set[int]]] = {}
    for block, index in chosen:
        if block.function is not None:
            by_function.setdefault(block.function, {}).setdefault(block, set()).add(index)
    for function, blocks in by_function.items():
        edges = edges_into(function)
        going = {block.args[index] for block, indices in blocks.items() for index in indices}
        supply = Supply(module, function, going)
        graph = function.cfg()
        for block, indices in blocks.items():
            for index in sorted(indices):
                argument = block.args[index]
                handed = _handed(argument, index, block, edges[block])
                if handed is not None and handed not in going and _dominates(handed, block, graph):
                    supply.replace(argument, handed)
                    continue
                other = supply.other(argument)
                if other is not None:
                    supply.replace(argument, other)
        for block, indices in blocks.items():
            for edge in edges[block]:
                first = len(block.args) - len(edge.args)
                edge.args = [v for at, v in enumerate(edge.args, first) if at not in indices]
            block.args = [v for at, v in enumerate(block.args) if at not in indices]
        supply.finish()


def _handed(argument: Value, index: int, block: Block, edges: list[Successor]) -> Value | None:
    """What the first edge that brings something new hands over for ``argument``."""
    for edge in edges:
        value = edge.args[index - (len(block.args) - len(edge.args))]
        if value is not argument:
            return value
    return None


def _dominates(value: Value, block: Block, graph: ControlFlowGraph) -> bool:
    owner = value.owner
    if isinstance(owner, Function):
        return True
    home = owner.block if isinstance(owner, Operation) else owner
    if home is None or home is block or home not in graph.number:
        return False
    return graph.dominators.dominates(graph.number[home], graph.number[block])


# -- parameters -------------------------------------------------------------------------------------------------------------


def parameters(module: Module) -> list[tuple[Function, tuple[int, ...]]]:
    """Targets: all parameters of a function at once, then each."""
    found: list[tuple[Function, tuple[int, ...]]] = []
    for function in module.functions.values():
        count = len(function.parameters)
        if count > 1:
            found.append((function, tuple(range(count))))
    for function in module.functions.values():
        found.extend((function, (index,)) for index in range(len(function.parameters)))
    return found


def drop_parameters(module: Module, chosen: list[tuple[Function, tuple[int, ...]]]) -> None:
    """Leaves the parameters out, in the functions and in the calls."""
    gone: dict[Function, set[int]] = {}
    for function, indices in chosen:
        gone.setdefault(function, set()).update(indices)
    for function, without in gone.items():
        for op, first in calls_of(function):
            keep_operands(op, {first + index for index in without})
        if not function.is_declaration:
            supply = Supply(module, function, {function.parameters[index] for index in without})
            for index in sorted(without):
                other = supply.other(function.parameters[index])
                if other is not None:
                    supply.replace(function.parameters[index], other)
            supply.finish()
        function.parameters = [p for index, p in enumerate(function.parameters) if index not in without]
        type = function.signature.type
        transfers = tuple(t for index, t in enumerate(type.transfers) if index not in without)
        kept = tuple(p.type for p in function.parameters)
        set_signature(function, signature_with(type, parameters=kept, transfers=transfers))


# -- results ----------------------------------------------------------------------------------------------------------------


def results(module: Module) -> list[Function]:
    """Targets: functions that give something."""
    return [f for f in module.functions.values() if f.signature.result is not UNIT]


def drop_results(module: Module, chosen: list[Function]) -> None:
    """Makes functions give nothing; where they did, something else is used."""
    calls: dict[Function, list[Operation]] = {}
    for function in chosen:
        result = function.signature.result
        transfers = (*function.signature.type.transfers[:-1], None)
        set_signature(function, signature_with(function.signature.type, result=UNIT, transfers=transfers))
        for block in function.blocks:
            end = block.terminator
            if end is not None and not end.successors and [v.type.erased for v in end.operands] == [result.erased]:
                end.operands = []
        for op, _ in calls_of(function):
            if op.function is not None and [v.type.erased for v in op.results] == [result.erased]:
                calls.setdefault(op.function, []).append(op)
    for caller, ops in calls.items():
        supply = Supply(module, caller, {op.results[0] for op in ops})
        for op in ops:
            other = supply.other(op.results[0])
            if other is not None:
                supply.replace(op.results[0], other)
            op.results = ()
        supply.finish()
