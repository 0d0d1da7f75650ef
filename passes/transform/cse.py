"""Common subexpression elimination: what has been computed on every path here is not computed again.

    %x = add %a, %b                       %x = add %a, %b
    cond_br %c, ^left, ^right       =>    cond_br %c, ^left, ^right
  ^left:                                ^left:
    %y = add %b, %a                       ret %x
    ret %y

One walk over the dominator tree with a table of the expressions computed above; what a subtree adds is taken out when the walk
leaves it. Rules, cited by number in the code:

 1. Two operations are one expression when declaration, attributes, operands and the types of the results are the same, and the
    operation is a function of its operands that gives what copies (``behaviour.is_function_of_operands``). The operands of a
    commutative one may be exchanged. Literals are compared to the bit.
 2. A cleanup sees no expression of the blocks around it: an unwind edge leaves a block in the middle, so what the block has
    computed is not there yet. Nor is it behind the cleanup, so the tree is that of results, not of blocks.
 3. Blocks that control cannot reach go: nothing dominates them.
 4. Where no expression stands twice nothing is to be done, and no dominator tree is made.
 5. With ``loads``, a load of a place that was read or stored to above is an expression too, if nothing can have written to it
    since (``reloads``). The latest access is looked at, and becomes the one for those below.

Invariant: an operation is replaced only by an equal one that dominates it. Linear, but for the hashing of long literals.

Reference: Cocke, Global Common Subexpression Elimination, 1970; the scoped table as in Briggs, Cooper and Simpson, Value
Numbering, SPE 1997 (dominator-based technique).
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

import attrs

from altru_ir.behaviour import is_function_of_operands
from altru_ir.module import Function, Module
from altru_ir.passes.analysis.aliases import Aliases
from altru_ir.passes.base import FunctionPass
from altru_ir.passes.transform.reloads import Reloads, accessed
from altru_ir.passes.transform.rewriting import plain_attributes, remove_unreachable, unwind_targets
from altru_ir.types import IntType, UsizeType
from altru_ir.values import Operation, Value

_Access = tuple[Operation, Value]
"""A load or a store, and what the place holds then."""


class _Scope(NamedTuple):
    """What a block has added, and the tables in front of it, which are others where it is a cleanup."""

    node: int
    added: list[Hashable]
    accesses: list[tuple[Value, _Access | None]]
    table: dict[Hashable, Operation]
    memory: dict[Value, _Access]


@attrs.define
class CommonSubexpressions(FunctionPass):
    """Replaces operations by equal ones that dominate them.

    Options:
        loads: also replace loads by what an access above has read or stored, where nothing is written in between.
    """

    name = "cse"
    loads: bool = False

    def run_on(self, function: Function) -> bool:
        module = function.module
        if module is None or not _repeats(function, module, self.loads):
            return False
        unreachable = remove_unreachable(function)  # 3
        removed = 0
        cfg = function.cfg()
        (tree, bodies), blocks = cfg.result_dominators, cfg.blocks
        block_of = {body: index for index, body in enumerate(bodies)}
        barriers = unwind_targets(function)
        replacement: dict[Value, Value] = {}
        replaced = replacement.keys()
        reloads = Reloads(cfg, module, lambda: self.get(Aliases, function)) if self.loads else None
        loaded = 0
        table: dict[Hashable, Operation] = {}
        memory: dict[Value, _Access] = {}
        paths: dict[Hashable, Value] = {}
        undo: list[_Scope] = []
        for node in tree.order:
            if node not in block_of:  # the start of a block that unwinds
                continue
            # Leave the subtrees that do not hold this block.
            while undo and not tree.dominates(undo[-1].node, node):
                _, added, accesses, outer, before = undo.pop()
                if outer is table:
                    for key in added:
                        del table[key]
                    for place, first in reversed(accesses):
                        if first is None:
                            del memory[place]
                        else:
                            memory[place] = first
                table, memory = outer, before
            block = blocks[block_of[node]]
            outer, before = table, memory
            if block in barriers:  # 2
                table, memory = {}, {}
            added = []
            accesses = []
            kept: list[Operation] = []
            for op in block.ops:
                if replaced and (op.successors or not replaced.isdisjoint(op.operands)):
                    op.replace_operands(replacement)
                if self.loads and op.decl.is_projection:
                    _name(op, paths)
                if op.results and is_function_of_operands(op, module):  # 1
                    key = _key(op)
                    known = table.setdefault(key, op)
                    if known is not op:
                        replacement.update(zip(op.results, known.results, strict=True))
                        removed += 1
                        continue
                    added.append(key)
                elif reloads is not None and (access := accessed(op, module)) is not None:  # 5
                    place, value = paths.get(access[0], access[0]), access[1]
                    first = memory.get(place)
                    fits = first is not None and op.decl.name == "load" and first[1].type is value.type
                    if first is not None and fits and reloads.unchanged(access[0], first[0], op):
                        replacement[value] = first[1]
                        loaded += 1
                        continue
                    accesses.append((place, first))
                    memory[place] = op, value
                kept.append(op)
            if len(kept) != len(block.ops):
                block.ops = kept
            if added or accesses or table is not outer:
                undo.append(_Scope(node, added, accesses, outer, before))
        self.count("operations removed", removed)
        self.count("loads removed", loaded)
        return bool(removed or loaded or unreachable)


def _name(op: Operation, paths: dict[Hashable, Value]) -> None:
    """Gives a path the first one that is the same in ``paths``; those that lead through what moves are not made one."""
    key = op.decl, *[paths.get(value, value) for value in op.operands], *plain_attributes(op)
    paths[op.results[0]] = paths.setdefault(key, op.results[0])


def _repeats(function: Function, module: Module, loads: bool) -> bool:
    """Whether an expression stands twice in the function, or an access of a place (4)."""
    seen: set[Hashable] = set()
    paths: dict[Hashable, Value] = {}
    for block in function.blocks:
        for op in block.ops:
            if loads and op.decl.is_projection:
                _name(op, paths)
            if op.results and is_function_of_operands(op, module):
                key: Hashable = _key(op)
            elif loads and (access := accessed(op, module)) is not None:
                key = paths.get(access[0], access[0])
            else:
                continue
            if key in seen:
                return True
            seen.add(key)
    return False


def _key(op: Operation) -> Hashable:
    """Equal for equal expressions."""
    decl, operands, type = op.decl, op.operands, op.results[0].type
    if len(operands) == 2 and not op.attrs:
        a, b = operands
        if decl.is_commutative and id(a) > id(b):  # any order will do, as long as it is one
            a, b = b, a
        return decl, a, b, type, op.unsafe
    attributes = op.attrs
    if not attributes:
        return decl, *operands, type, op.unsafe
    if not operands and "value" in attributes and len(attributes) == 1:
        value = attributes["value"]
        if isinstance(value, int) and isinstance(type, (IntType, UsizeType)):
            bits = type.bits if isinstance(type, IntType) else 64
            return decl, value & ((1 << bits) - 1), type
        if isinstance(value, float):
            return (decl, op) if value != value else (decl, value.hex(), type)  # a NaN's bits are its own
    if len(attributes) == 1 and len(op.results) == 1:
        ((name, word),) = attributes.items()
        if word.__class__ is str:
            return decl, *operands, type, op.unsafe, name, word
    types = tuple([value.type for value in op.results]) if len(op.results) > 1 else type
    return decl, *operands, types, op.unsafe, tuple(plain_attributes(op))
