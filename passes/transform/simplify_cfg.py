"""Simplification of the control-flow graph: fewer blocks, the same paths.

  ^entry:                                ^entry:
    cond_br %c, ^left, ^right              cond_br %c, ^join(%a), ^join(%b)
  ^left:                                 ^join(%x: i32):
    br ^join(%a)                   =>      ret %x
  ^right:
    br ^join(%b)
  ^join(%x: i32):
    ret %x

Rules, cited by number in the code, applied until none does:

 1. a block that control cannot reach goes;
 2. a block none of whose operations may panic names no unwind target;
 3. an edge to a block that holds nothing but a ``br`` goes where that leads, with the arguments put in. The arguments of the
    block may be used by that ``br`` alone, the edge must hand over all of them itself, and a target of unwinding stays;
 4. a block whose only edge comes from a ``br`` is appended to where that stands. The two must unwind to the same target, or the
    second may not panic.

Invariant: the sequence of operations executed on each path, those ``br`` aside, is as it was. Each round is linear, and a round
that changes nothing is the last; chains of blocks are followed within one round, each link once.
"""

from __future__ import annotations

from collections import Counter

import attrs

from altru_ir.behaviour import may_panic
from altru_ir.module import Block, Function, Module
from altru_ir.passes.base import FunctionPass
from altru_ir.passes.transform.rewriting import (
    count_uses,
    remove_unreachable,
    replace_values,
    unwind_targets,
)
from altru_ir.values import Successor, Value

ROUNDS = 20


@attrs.define
class SimplifyControlFlow(FunctionPass):
    """Removes unreachable and empty blocks and merges blocks that follow each other."""

    name = "simplify-cfg"

    def run_on(self, function: Function) -> bool:
        removed, threaded, merged = simplify(function)
        self.count("unreachable blocks removed", removed)
        self.count("edges threaded", threaded)
        self.count("blocks merged", merged)
        return bool(removed or threaded or merged)


@attrs.define
class Joined:
    """What merging has changed: the ``blocks`` that got operations, and the ``values`` that stand for arguments now; and the
    blocks that threading has ``rerouted``, edges of which lead elsewhere now."""

    blocks: set[Block] = attrs.Factory(set)
    values: set[Value] = attrs.Factory(set)
    rerouted: set[Block] = attrs.Factory(set)


def simplify(function: Function, joined: Joined | None = None, *, reached: bool = False) -> tuple[int, int, int]:
    """Applies the rules; the numbers of blocks removed, edges threaded, blocks merged.

    Parameters: ``joined`` is told what merging changes; ``reached`` says that control may reach every block.
    """
    module = function.module
    if module is None:
        return 0, 0, 0
    joined = Joined() if joined is None else joined
    removed = 0 if reached else remove_unreachable(function)  # 1
    if _forget_unwinding(function, module):
        removed += remove_unreachable(function)
    all_threaded = all_merged = 0
    for _ in range(ROUNDS):
        threaded = _thread(function, joined)
        if threaded:
            removed += remove_unreachable(function)
        merged = _merge(function, module, joined)
        all_threaded += threaded
        all_merged += merged
        if not threaded and not merged:
            break
    return removed, all_threaded, all_merged


def panics(block: Block, module: Module) -> bool:
    """Whether an operation of the block may panic."""
    return any(op.decl.may_panic and may_panic(op, module) for op in block.ops)


def _forget_unwinding(function: Function, module: Module) -> int:
    """Rule 2; how many blocks unwind no more."""
    forgotten = 0
    for block in function.blocks:
        if block.unwind is not None and not panics(block, module):
            block.unwind = None
            forgotten += 1
    return forgotten


def _thread(function: Function, joined: Joined) -> int:
    """Rule 3; the number of edges led elsewhere."""
    entry, cleanups = function.entry, unwind_targets(function)
    empty = [
        block
        for block in function.blocks
        if len(block.ops) == 1 and block.ops[0].decl.name == "br" and block is not entry and block not in cleanups
    ]
    if not empty:
        return 0
    uses = count_uses(function) if any(block.args for block in empty) else None
    through: dict[Block, None] = {}
    for block in empty:
        own = block.ops[0].successors[0].args
        if uses is None or all(uses[value] == own.count(value) for value in block.args):
            through[block] = None
    threaded = 0
    for block in _chained(through):
        for edge in block.ops[-1].successors:
            threaded += _pass_by(edge, block, through, joined)
    for block in function.blocks:
        if block not in through:
            for edge in block.ops[-1].successors:
                threaded += _pass_by(edge, block, through, joined)
    return threaded


def _chained(through: dict[Block, None]) -> list[Block]:
    """The blocks of ``through``, each behind the one it leads to, cycles aside."""
    order: dict[Block, None] = {}
    for block in through:
        path: dict[Block, None] = {}
        while block in through and block not in order and block not in path:
            path[block] = None
            block = block.ops[0].successors[0].block
        order.update(dict.fromkeys(reversed(path)))
    return list(order)


def _pass_by(edge: Successor, block: Block, through: dict[Block, None], joined: Joined) -> bool:
    """Leads an edge of ``block`` to where the empty block at its end leads, which has been led on before."""
    passed = edge.block
    if passed not in through or len(edge.args) != len(passed.args):
        return False
    onward = passed.ops[0].successors[0]
    if onward.block is passed:
        return False
    known = dict(zip(passed.args, edge.args, strict=True))
    edge.block, edge.args = onward.block, [known.get(value, value) for value in onward.args]
    joined.rerouted.add(block)
    return True


def _merge(function: Function, module: Module, joined: Joined) -> int:
    """Rule 4; the number of blocks that went."""
    edges = Counter([edge.block for block in function.blocks for edge in block.ops[-1].successors])
    cleanups = unwind_targets(function)
    gone: set[Block] = set()
    replacement: dict[Value, Value] = {}
    for block in function.blocks:
        if block in gone:
            continue
        while True:
            last = block.ops[-1]
            if last.decl.name != "br":
                break
            after = last.successors[0].block
            if after is block or after in cleanups or after is function.entry or edges[after] != 1:
                break
            if after.unwind is not block.unwind and (after.unwind is not None or panics(after, module)):
                break
            block.ops.pop()
            for op in after.ops:
                op.block = block
            block.ops += after.ops
            if after in function.comments:
                del function.comments[after]
            gone.add(after)
            joined.blocks.add(block)
            replacement.update(zip(after.args, last.successors[0].args, strict=True))
    if gone:
        function.blocks = [block for block in function.blocks if block not in gone]
        if replacement:
            replace_values(function, replacement)
            joined.values.update(replacement.values())
    return len(gone)
