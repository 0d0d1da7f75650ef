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

from altru_ir.behaviour import may_remove
from altru_ir.marks import copies
from altru_ir.module import Block, Function, Module
from altru_ir.passes.base import FunctionPass
from altru_ir.passes.transform.rewriting import edges_into, remove_unreachable
from altru_ir.values import Operation, Value


@attrs.define
class DeadCodeElimination(FunctionPass):
    """Removes operations, block arguments and blocks that make no difference."""

    name = "dce"

    def run_on(self, function: Function) -> bool:
        blocks = remove_unreachable(function)  # 1
        operations, arguments = sweep(function)
        self.count("blocks removed", blocks)
        self.count("operations removed", operations)
        self.count("block arguments removed", arguments)
        return bool(blocks or operations or arguments)


def sweep(function: Function) -> tuple[int, int]:
    """Removes dead operations and block arguments; how many of each. All blocks must be reachable."""
    module = function.module
    if module is None:
        return 0, 0
    needed = _mark(function, module)
    removed = arguments = 0
    for block in function.blocks:
        kept = [op for op in block.ops if op in needed or op.decl.is_terminator]
        removed += len(block.ops) - len(kept)
        block.ops = kept
    for block, edges in edges_into(function).items():
        dead = [at for at, value in enumerate(block.args) if value not in needed]
        if dead:
            arguments += len(dead)
            gone = set(dead)
            for _, edge in edges:
                given = len(block.args) - len(edge.args)  # by the terminator itself
                edge.args = [value for at, value in enumerate(edge.args, given) if at not in gone]
            block.args = [value for at, value in enumerate(block.args) if at not in gone]
    return removed, arguments


def _mark(function: Function, module: Module) -> set[Operation | Value]:
    """The operations, and the block arguments, that are needed."""
    needed: set[Operation | Value] = set()
    work: list[Value] = []
    edges = edges_into(function)
    position: dict[Value, int] = {}
    for block in function.blocks:
        given = max((len(block.args) - len(edge.args) for _, edge in edges[block]), default=0)
        for at, value in enumerate(block.args):
            position[value] = at
            if at < given or not copies(value.type, module):  # 2
                work.append(value)
        for op in block.ops:
            if op.decl.is_terminator or not may_remove(op, module):
                needed.add(op)
                work += op.operands
    while work:
        value = work.pop()
        owner = value.owner
        if isinstance(owner, Operation):
            if owner not in needed:
                needed.add(owner)
                work += owner.operands
        elif isinstance(owner, Block) and value not in needed:
            needed.add(value)
            for _, edge in edges[owner]:
                at = position[value] - (len(owner.args) - len(edge.args))
                if at >= 0:
                    work.append(edge.args[at])
    return needed
