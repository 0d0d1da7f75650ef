"""Steps over control flow: leave out blocks and edges, return early, merge blocks in a line.

Example: without ``^body`` the ``cond_br %c, ^body, ^done`` before it becomes ``br ^done``.

A terminator that loses some of its edges keeps the others: one that is left becomes a ``br``, cases go one by one. One that
loses all jumps to where control would have come (the first block, breadth first, that stays), else it returns.

Invariant: what stayed is still dominated by what dominated it. Each path of the new graph is a path of the old one with
blocks taken out, except that it may end early.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection

from altru_ir.module import Block, Function, Module
from altru_ir.testing.reduce.arguments import edges_into
from altru_ir.testing.reduce.edits import branch_to, end_with, keep_blocks, reachable
from altru_ir.testing.reduce.supply import Supply
from altru_ir.types import UNIT
from altru_ir.values import Operation, Successor

# -- terminators ------------------------------------------------------------------------------------------------------------


def give_back(block: Block, supply: Supply) -> None:
    """Ends ``block`` with a return of something simple; with ``unreachable`` where there is nothing to return."""
    result = supply.function.signature.result
    if result is UNIT:
        end_with(block, "ret", [])
        return
    value = supply.any(result)
    if value is not None:
        end_with(block, "ret", [value])
    else:
        end_with(block, "unreachable", [])


def keep_edges(block: Block, kept: list[Successor], supply: Supply) -> None:
    """Leaves the terminator of ``block`` the edges ``kept`` (at least one) of those it has."""
    end = block.ops[-1]
    if len(kept) == 1:
        only = kept[0]
        leading = only.block.args[: len(only.block.args) - len(only.args)]
        given = [supply.any(argument.type) for argument in leading]  # the terminator itself handed these over
        if None in given:
            give_back(block, supply)
        else:
            branch_to(block, Successor(only.block, [*(v for v in given if v is not None), *only.args]))
    elif end.decl.cases is not None:
        if end.successors[-1].case is None and end.successors[-1] not in kept:
            kept[-1].case = None
        end.successors = kept
    else:  # a fixed number of edges, of which several are left: the parser will say that some are missing
        end.successors = kept


# -- leave out blocks -------------------------------------------------------------------------------------------------------


def all_but_entries(module: Module) -> list[Block]:
    """Targets: last blocks first."""
    return [block for function in module.functions.values() for block in function.blocks[1:]][::-1]


def leave_out(module: Module, chosen: list[Block]) -> None:
    """Leaves out blocks, and those that only they led to."""
    by_function: dict[Function, set[Block]] = {}
    for block in chosen:
        if block.function is not None:
            by_function.setdefault(block.function, set()).add(block)
    for function, going in by_function.items():
        _leave_out(module, function, going)


def _leave_out(module: Module, function: Function, going: set[Block]) -> None:
    values = [v for block in going for v in block.args]
    values += [v for block in going for op in block.ops for v in op.results]
    supply = Supply(module, function, values)
    before = reachable(function)
    staying = [block for block in function.blocks if block not in going]
    for block in staying:
        if block.unwind in going:
            block.unwind = None
        end = block.ops[-1]
        kept = [edge for edge in end.successors if edge.block not in going]
        if len(kept) == len(end.successors):
            continue
        if kept:
            keep_edges(block, kept, supply)
            continue
        further = _first_that_stays(end.successors[0].block, going)
        if further is None:
            give_back(block, supply)
        else:
            end.successors = [further]
            keep_edges(block, [further], supply)
    after = reachable(function)
    keep_blocks(function, [block for block in staying if block in after or block not in before])
    lost = set(values)
    for op in function.operations():
        for value in op.all_operands():
            if value in lost and value not in supply.instead:
                other = supply.other(value)
                if other is not None:
                    supply.replace(value, other)
    supply.finish()


def _first_that_stays(start: Block, going: Collection[Block]) -> Successor | None:
    """The edge over which control that enters ``start`` first comes to a block that stays."""
    queue, seen = deque([start]), {start}
    while queue:
        for edge in queue.popleft().ops[-1].successors:
            if edge.block not in going:
                return Successor(edge.block, list(edge.args))
            if edge.block not in seen:
                seen.add(edge.block)
                queue.append(edge.block)
    return None


# -- leave out edges --------------------------------------------------------------------------------------------------------


def edges(module: Module) -> list[tuple[Block, int]]:
    """Targets: edges of terminators that have several, by their position, and unwind edges (-1)."""
    found: list[tuple[Block, int]] = []
    for function in module.functions.values():
        for block in function.blocks:
            if block.unwind is not None:
                found.append((block, -1))
            if len(block.ops[-1].successors) > 1:
                found.extend((block, index) for index in range(len(block.ops[-1].successors)))
    return found


def drop_edges(module: Module, chosen: list[tuple[Block, int]]) -> None:
    """Leaves out edges, though not all of a terminator, and the blocks that only they led to."""
    gone: dict[Block, set[int]] = {}
    for block, index in chosen:
        gone.setdefault(block, set()).add(index)
    for function in module.functions.values():
        here = [block for block in function.blocks if block in gone]
        if not here:
            continue
        supply = Supply(module, function, ())
        before = reachable(function)
        for block in here:
            if -1 in gone[block]:
                block.unwind = None
            all_edges = list(block.ops[-1].successors)
            kept = [edge for index, edge in enumerate(all_edges) if index not in gone[block]]
            if len(kept) < len(all_edges):
                keep_edges(block, kept or all_edges[:1], supply)
        _forget_unreachable(function, before)
        supply.finish()


def _forget_unreachable(function: Function, before: set[Block]) -> None:
    after = reachable(function)
    keep_blocks(function, [block for block in function.blocks if block in after or block not in before])


# -- return early -----------------------------------------------------------------------------------------------------------


def continuing(module: Module) -> list[Block]:
    """Targets: blocks that go on to another."""
    return [b for f in module.functions.values() for b in f.blocks if b.ops[-1].successors][::-1]


def return_early(module: Module, chosen: list[Block]) -> None:
    """Returns at the end of those blocks."""
    ending = set(chosen)
    for function in module.functions.values():
        here = [block for block in function.blocks if block in ending]
        if here:
            supply = Supply(module, function, ())
            before = reachable(function)
            for block in here:
                give_back(block, supply)
            _forget_unreachable(function, before)
            supply.finish()


# -- merge blocks -----------------------------------------------------------------------------------------------------------


def only_predecessors(function: Function) -> dict[Block, Block]:
    """The blocks that can be appended to the one block they come after: control goes from it to nowhere else."""
    into = edges_into(function)
    unwound = {block.unwind for block in function.blocks}
    found: dict[Block, Block] = {}
    for block in function.blocks:
        end = block.ops[-1]
        plain = len(end.successors) == 1 and not end.operands and not end.results
        if not plain:
            continue
        next = end.successors[0].block
        alone = len(into[next]) == 1 and next not in unwound and next is not function.blocks[0] and next is not block
        if alone and next.unwind is block.unwind and len(next.args) == len(end.successors[0].args):
            found[next] = block
    return found


def mergeable(module: Module) -> list[Block]:
    """Targets: blocks that can be appended to their predecessor."""
    found: list[Block] = []
    for function in module.functions.values():
        if not function.is_declaration:
            alone = only_predecessors(function)
            found.extend(block for block in function.blocks if block in alone)
    return found


def merge(module: Module, chosen: list[Block]) -> None:
    """Appends blocks to their predecessors; what was handed over stands for the arguments."""
    going = set(chosen)
    for function in module.functions.values():
        here = [block for block in function.blocks if block in going]
        if not here:
            continue
        before = only_predecessors(function)
        supply = Supply(module, function, ())
        gone: dict[Block, Block] = {}
        for block in here:
            front = before[block]
            while front in gone:
                front = gone[front]
            if front is block:  # a loop that nothing enters
                continue
            edge = front.ops[-1].successors[0]
            for argument, value in zip(block.args, edge.args, strict=True):
                supply.replace(argument, value)
            _append(front, block.ops)
            gone[block] = front
        keep_blocks(function, [block for block in function.blocks if block not in gone])
        supply.finish()


def _append(front: Block, ops: list[Operation]) -> None:
    front.ops.pop()
    for op in ops:
        front.append(op)
