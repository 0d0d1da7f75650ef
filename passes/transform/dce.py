"""Dead code elimination: what nobody can observe goes away.

    %x = add %a, %b                       %y = mul %a, %a
    %y = mul %a, %a                       br ^next(%y)
    br ^next(%x, %y)                =>  ^next(%q: i32):
  ^next(%p: i32, %q: i32):                ret %q
    ret %q

Mark and sweep over values. An operation is a root when its absence could be noticed (``behaviour.may_remove``); a root needs
its operands, a needed result its operation, a needed argument of a block what each edge hands over. What was not marked goes,
cycles of arguments around loops included. Rules, cited by number in the code:

 1. blocks that control cannot reach go first;
 2. an argument that a terminator itself hands over (the payload of ``switch_enum``) has to stay, and one whose type moves stays
    as well: it owns something, and who drops it must not change.

Invariant: what is executed and not pure is as it was, in the same order. Linear: each operation is marked once.

Reference: Cytron et al., Efficiently Computing Static Single Assignment Form, TOPLAS 1991, section 7.1, with every branch kept.
"""

from __future__ import annotations

import attrs

from altru_ir.behaviour import is_plain, may_remove
from altru_ir.cfg import postorder
from altru_ir.marks import copies
from altru_ir.module import Block, Function, Module
from altru_ir.passes.base import FunctionPass
from altru_ir.passes.transform.rewriting import edges_into, remove_others
from altru_ir.values import Operation, Successor, Value


@attrs.define
class DeadCodeElimination(FunctionPass):
    """Removes operations, block arguments and blocks that make no difference."""

    name = "dce"

    def run_on(self, function: Function) -> bool:
        order = postorder(function)
        blocks = remove_others(function, order)  # 1
        operations, arguments = sweep(function, order)
        self.count("blocks removed", blocks)
        self.count("operations removed", operations)
        self.count("block arguments removed", arguments)
        return bool(blocks or operations or arguments)


def sweep(function: Function, order: list[Block]) -> tuple[int, int]:
    """Removes dead operations and block arguments; how many of each. ``order`` has each block once, what uses a value in front
    of what defines it, as a postorder has."""
    module = function.module
    if module is None:
        return 0, 0
    edges = edges_into(function) if any(block.args for block in order) else {}
    live, dead = _mark(module, order, edges)
    for block in set(dead.values()):
        block.ops = [op for op in block.ops if op not in dead]
    arguments = 0
    for block, into in edges.items():
        gone = {at for at, value in enumerate(block.args) if value not in live}
        if gone:
            arguments += len(gone)
            for _, edge in into:
                given = len(block.args) - len(edge.args)  # by the terminator itself
                edge.args = [value for at, value in enumerate(edge.args, given) if at not in gone]
            block.args = [value for at, value in enumerate(block.args) if at not in gone]
    return len(dead), arguments


def _mark(
    module: Module, order: list[Block], edges: dict[Block, list[tuple[Operation, Successor]]]
) -> tuple[set[Value], dict[Operation, Block]]:
    """The values that are needed, and the operations that are not, with their blocks. Uses come first, so that one walk
    decides all but what only an argument of a loop needs; those operations are taken out of the dead again."""
    live: set[Value] = set()
    dead: dict[Operation, Block] = {}
    for block in order:
        for op in reversed(block.ops):
            if live.isdisjoint(op.results):
                decl = op.decl
                usual = decl.is_pure and not op.attrs and is_plain(op)
                if usual or (not decl.is_terminator and may_remove(op, module)):
                    dead[op] = block
                    continue
            live.update(op.operands)
            for edge in op.successors:
                if edge.args:
                    arguments = edge.block.args
                    offset = len(arguments) - len(edge.args)
                    live.update([value for at, value in enumerate(edge.args, offset) if arguments[at] in live])
    position: dict[Value, int] = {}
    work: list[Value] = []
    for block, into in edges.items():
        if not block.args:
            continue
        given = max((len(block.args) - len(edge.args) for _, edge in into), default=0)
        for at, value in enumerate(block.args):
            position[value] = at
            if at < given or value in live or not copies(value.type, module):  # 2
                live.add(value)
                work.append(value)
    while work:
        value = work.pop()
        owner = value.owner
        needed: list[Value] = []
        if isinstance(owner, Operation):
            if owner in dead:
                del dead[owner]
                needed = owner.operands
        elif value in position:
            block = owner  # type: ignore[assignment]
            for _, edge in edges[block]:
                at = position[value] - (len(block.args) - len(edge.args))
                if at >= 0:
                    needed.append(edge.args[at])
        for each in needed:
            if each not in live:
                live.add(each)
                work.append(each)
    return live, dead
