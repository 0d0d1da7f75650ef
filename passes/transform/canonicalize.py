"""Canonicalization: each operation in its simplest form, constants once and first, no branch whose way is known.

    %a = const 3 : i32                    %c = const 10 : i32
    %b = const 4 : i32                    %y = add %x, %c
    %t = add %x, %a                 =>    ret %y
    %u = add %t, %b
    %three = const 3 : i32
    %y = add %u, %three
    ret %y

Rules, cited by number in the code:

 1. what ``folding.py`` knows of one operation is applied to each, in reverse postorder, so that operands are simple first;
 2. scalar constants stand once each, at the front of the entry block. Where the entry block itself may unwind they stay where
    they are: a cleanup sees what dominates the heads of the blocks that lead to it;
 3. an argument of a block that every edge gives the same value is that value;
 4. ``cond_br``, ``switch`` and ``switch_enum`` of something known are a ``br``; so are those whose ways are all the same, and
    where only arguments differ a ``select`` chooses them;
 5. in a block that a ``cond_br`` alone leads to, once, its condition is known;
 6. ``cond_br`` of a negation takes its ways crosswise;
 7. then blocks are merged (``simplify_cfg.py``) and what is dead goes (``dce.py``);
 8. a sweep sees operands before what uses them, so another one finds more only where a folded branch has left a condition known
    or an argument replaced, the ways of a branch have become the same, or an argument around a loop superfluous. Then it
    follows, up to ``max-iterations``.

Invariant: defined behaviour is kept, bit for bit; a NaN stays a NaN. A sweep is linear, and in practice the second or third is
the last.

Reference: Muchnick, Advanced Compiler Design and Implementation, chapter 12 (folding, algebraic simplification), 18.1 to 18.4.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Any

import attrs

from altru_ir.behaviour import may_remove
from altru_ir.cfg import postorder
from altru_ir.declare import find
from altru_ir.marks import copies
from altru_ir.module import Block, Function, Module
from altru_ir.passes.base import FunctionPass
from altru_ir.passes.transform.dce import sweep
from altru_ir.passes.transform.folding import RULES, Folder
from altru_ir.passes.transform.rewriting import edges_into, operations_of, remove_others, resolve
from altru_ir.passes.transform.simplify_cfg import Joined, simplify
from altru_ir.types import IntType, Type, UsizeType
from altru_ir.values import Operation, Successor, Value

CONST = find("const")
BRANCHES = frozenset({"cond_br", "switch", "switch_enum"})


@attrs.define
class Canonicalize(FunctionPass):
    """Folds constants, simplifies operations and branches, and removes what is dead.

    Options:
        max_iterations: at most so many sweeps over a function.
    """

    name = "canonicalize"
    max_iterations: int = 10

    def __attrs_post_init__(self) -> None:
        if self.max_iterations < 1:
            raise ValueError("`max-iterations` is at least 1")

    def run_on(self, function: Function) -> bool:
        if function.module is None:
            return False
        before = operations_of(function)
        order = postorder(function)
        changed = bool(remove_others(function, order))
        sweeps = _Sweeps(function, function.module)
        for _ in range(self.max_iterations):
            done, folded = sweeps.run(order)
            if folded:
                order = postorder(function)
                changed = bool(remove_others(function, order)) or changed
            removed, threaded, merged = simplify(function, sweeps.joined, reached=True)  # 7
            changed = bool(done or removed or threaded or merged) or changed
            self.count("simplifications", done)
            self.count("sweeps")
            more = (folded and sweeps.learned()) or _more(function)  # 8
            if removed or threaded or merged:  # what is left is in this order still: no more dominates what is used than before
                left = set(function.blocks)
                order = [block for block in order if block in left]
            if not more:
                operations, arguments = sweep(function, order)  # 7
                changed = bool(operations or arguments) or changed
                if not arguments or not _more(function):
                    break
                sweeps.forget_constants()
        else:
            changed = any(sweep(function, order)) or changed
        self.count("constants moved", sweeps.hoisted)
        self.count("operations removed", max(0, before - operations_of(function)))
        return changed or bool(sweeps.hoisted)


def _more(function: Function) -> bool:
    """Whether rule 3 applies to an argument of a block, or rule 4 to a branch whose ways have become the same."""
    incoming: dict[Block, list[Successor]] = {}
    for block in function.blocks:
        edges = block.ops[-1].successors
        if len(edges) > 1 and edges[0].block is edges[-1].block:
            name, same = block.ops[-1].decl.name, all(edge.block is edges[0].block for edge in edges)
            if same and (name == "cond_br" or (name in BRANCHES and edges[0].args == edges[-1].args)):
                return True
        for edge in edges:
            if edge.args:
                incoming.setdefault(edge.block, []).append(edge)
    for block, edges in incoming.items():
        first = edges[0].args
        for at in range(-len(first), 0):  # from behind: the leading arguments may be the terminator's
            argument = block.args[at]
            value = _only_other([edge.args[at] for edge in edges], argument)
            same = value is not None and value.type.erased is argument.type.erased
            if same and function.module and copies(argument.type, function.module):
                return True
    return False


def _only_other(values: list[Value], but: Value) -> Value | None:
    """What all of ``values`` are that are not ``but``; None when there are several, or none."""
    found = None
    for value in values:
        if value is not found and value is not but:
            if found is not None:
                return None
            found = value
    return found


def literal_key(type: Type, value: Any, module: Module) -> Hashable | None:
    """Equal for equal scalar constants; None for what is no scalar, or a NaN."""
    if isinstance(type, (IntType, UsizeType)):
        bits = type.bits if isinstance(type, IntType) else module.pointer_bits
        return type, int(value) & ((1 << bits) - 1)
    if isinstance(value, float):
        return None if value != value else (type, value.hex())
    return None


class _Sweeps:
    """The sweeps over a function. The first looks at each operation, the others at those that something has happened to:

    - ``joined`` says which blocks were merged since the last sweep, which values stand in the place of arguments now, and
      which blocks have edges that lead elsewhere now;
    - ``dirty`` are those, and the results of what this sweep has changed: a rule looks at an operation, at what defines its
      operands, and no further;
    - ``assumed`` is what was known in a block when it was swept.
    """

    def __init__(self, function: Function, module: Module) -> None:
        self.function = function
        self.module = module
        self.folder = Folder(module, self.constant)
        self.replacement: dict[Value, Value] = {}
        self.hoists = function.entry.unwind is None
        self.pool: dict[Hashable, Value] = {}
        self.front: list[Operation] = []
        self.out: list[Operation] = []
        self.block = function.entry
        self.near: Any = None
        self.changes = 0
        self.hoisted = 0
        self.branches = 0
        self.first = True
        self.pooled = False
        self.dirty: set[Value] = set()
        self.joined = Joined()
        self.assumed: dict[Block, tuple[Value, int]] = {}

    def run(self, order: list[Block]) -> tuple[int, int]:
        """One sweep over the blocks, from the last of ``order`` to the first; the number of changes that may lead to more, and
        that of branches folded."""
        function = self.function
        self.changes = self.branches = self.folder.changed = 0
        self.replacement.clear()
        self.dirty = set(self.joined.values)
        if not self.pooled:
            self.find_constants()
            self.pooled = True
        edges = edges_into(function)
        self.same_arguments(edges)
        for block in reversed(order):
            self.block, self.out = block, []
            if not self.hoists:
                self.pool = {}
            into = edges[block]
            assumed = self.assumption(block, into) if len(into) == 1 else None
            if self.first or block in self.joined.blocks or assumed != self.assumed.get(block):
                self.all_operations(block, assumed)
            elif self.dirty or self.replacement:
                dirty, replaced = self.dirty, self.replacement.keys()
                for op in block.ops:
                    if op.successors or not dirty.isdisjoint(op.operands) or not replaced.isdisjoint(op.operands):
                        self.operation(op, assumed)
                    else:
                        self.out.append(op)
            elif block in self.joined.rerouted:
                self.out = block.ops[:-1]
                self.operation(block.ops[-1], assumed)
            else:
                continue
            if assumed is not None:
                self.assumed[block] = assumed
            block.ops = self.out
        if self.front:
            for op in self.front:
                op.block = function.entry
            function.entry.ops[:0] = self.front
            self.front = []
        self.first = False
        self.joined = Joined()
        return self.changes + self.folder.changed, self.branches

    def learned(self) -> bool:
        """Whether folded branches have left something for another sweep: values in the place of arguments, or a block of which
        more is known (5) than when it was swept."""
        joined, blocks = self.joined, self.function.blocks
        if joined.values or not self.assumed.keys().isdisjoint(joined.blocks):
            return True
        branches = [block.ops[-1] for block in blocks if block.ops[-1].decl.name == "cond_br"]
        into = Counter([edge.block for block in blocks for edge in block.ops[-1].successors])
        return any(into[edge.block] == 1 and edge.block not in self.assumed for op in branches for edge in op.successors)

    # -- constants (2) ----------------------------------------------------------------------------------------------------

    def constant(self, type: Type, literal: Any) -> Value:
        """The constant, made at the front of the function or before the operation at hand."""
        key = literal_key(type, literal, self.module)
        known = self.pool.get(key)
        if known is not None:
            return known
        op = Operation(CONST, [], {"value": literal}, loc=self.near)
        value = Value(type, None, op)
        op.results = [value]
        op.block = self.block
        self.pool[key] = value
        self.folder.note(op)
        (self.front if self.hoists else self.out).append(op)
        return value

    def find_constants(self) -> None:
        """Tells the folder of all constants, and takes those that are scalars to the front, each once."""
        entry = self.function.entry
        for block in self.function.blocks:
            found = [op for op in block.ops if op.decl is CONST]
            for op in found:
                self.folder.note(op)
            if not found or not self.hoists:
                continue
            kept = []
            for op in block.ops:
                key = None
                if op.decl is CONST and len(op.attrs) == 1:
                    key = literal_key(op.results[0].type, op.attrs["value"], self.module)
                if key is None:
                    kept.append(op)
                    continue
                known = self.pool.get(key)
                if known is None:
                    self.pool[key] = op.results[0]
                    self.front.append(op)
                    # What stands at the front of the entry already is no change.
                    self.hoisted += not (block is entry and not kept)
                else:
                    self.replacement[op.results[0]] = known
                    self.hoisted += 1
            block.ops = kept

    def forget_constants(self) -> None:
        """Some may have been removed as dead: the next sweep looks for them again."""
        self.pool = {}
        self.pooled = False

    # -- arguments of blocks (3) ------------------------------------------------------------------------------------------

    def same_arguments(self, into: dict[Block, list[tuple[Operation, Successor]]]) -> None:
        replacement = self.replacement
        for block, edges in into.items():
            if not block.args or not edges:
                continue
            given = len(block.args) - min(len(edge.args) for _, edge in edges)
            gone: set[int] = set()
            for at in range(given, len(block.args)):
                argument = block.args[at]
                behind = at - len(block.args)  # counted from behind: the leading arguments may be the terminator's
                values = [edge.args[behind] for _, edge in edges]
                if replacement:
                    values = [resolve(replacement, value) for value in values]
                value = _only_other(values, argument)
                if value is not None and value.type.erased is argument.type.erased and copies(argument.type, self.module):
                    replacement[argument] = value
                    gone.add(at)
            if gone:
                self.changes += len(gone)
                for _, edge in edges:
                    offset = len(block.args) - len(edge.args)
                    edge.args = [v for at, v in enumerate(edge.args, offset) if at not in gone]
                block.args = [v for at, v in enumerate(block.args) if at not in gone]

    # -- operations (1) ---------------------------------------------------------------------------------------------------

    def all_operations(self, block: Block, assumed: tuple[Value, int] | None) -> None:
        """``operation`` for each of a block, for the many that no rule has anything to say of."""
        condition = None if assumed is None else assumed[0]
        folder, keep, rules, replaced = self.folder, self.out.append, RULES, self.replacement.keys()
        joined = bool(self.joined.values)
        for op in block.ops:
            rule = rules.get(op.decl.name)
            operands = op.operands
            if (
                joined
                or op.successors
                or (replaced and operands and not replaced.isdisjoint(operands))
                or (condition is not None and condition in operands)
            ):
                self.operation(op, assumed)
            elif rule is None:
                keep(op)
            else:
                self.near = op.loc
                before = folder.changed
                found = rule(folder, op)
                if (found is None and folder.changed == before) or not self.simplified(op, found):
                    keep(op)

    def operation(self, op: Operation, assumed: tuple[Value, int] | None) -> None:
        operands, replacement = op.operands, self.replacement
        if replacement:
            if not replacement.keys().isdisjoint(operands):
                operands[:] = [resolve(replacement, each) for each in operands]
                self.dirty.update(op.results)
            for successor in op.successors:
                if successor.args and not replacement.keys().isdisjoint(successor.args):
                    successor.args[:] = [resolve(replacement, value) for value in successor.args]
        if assumed is not None and (assumed[0] in operands or (op.successors and assumed[0] in op.all_operands())):
            condition, known = assumed
            op.replace_operands({condition: self.folder.number(condition.type, known)})
            self.dirty.update(op.results)
            self.changes += 1
        if op.successors:
            self.near = op.loc
            self.terminator(op)
            self.out.append(op)
            return
        rule = RULES.get(op.decl.name)
        if rule is not None:
            self.near = op.loc
            folder = self.folder
            before = folder.changed
            found = rule(folder, op)
            if found is not None or folder.changed != before:
                if self.simplified(op, found):
                    return
            elif self.joined.values and not self.joined.values.isdisjoint(op.operands):
                self.dirty.update(op.results)
        self.out.append(op)

    def simplified(self, op: Operation, found: Value | None) -> bool:
        """What follows when a rule has found a value for ``op``, or made another operation of it; true when ``op`` goes."""
        folder = self.folder
        while found is None:
            before = folder.changed
            rule = RULES.get(op.decl.name)
            found = None if rule is None else rule(folder, op)
            if folder.changed == before:
                break
        self.dirty.update(op.results)
        if found is None:
            return False
        self.changes += 1
        values = [found] if len(op.results) == 1 else folder.destructured(op) or []
        for result, value in zip(op.results, values, strict=True):
            self.replacement[result] = resolve(self.replacement, value)
        return may_remove(op, self.module) or op.decl.may_panic  # what was folded does not panic

    # -- branches (4, 5, 6) -----------------------------------------------------------------------------------------------

    def assumption(self, block: Block, edges: list[tuple[Operation, Successor]]) -> tuple[Value, int] | None:
        """Rule 5: what the only edge into a block says about a condition."""
        branch, edge = edges[0]
        if branch.decl.name != "cond_br" or not self.hoists:
            return None
        condition = branch.operands[0]
        if self.folder.integer(condition) is not None:
            return None
        return condition, int(edge is branch.successors[0])

    def terminator(self, op: Operation) -> None:
        name = op.decl.name
        if name not in BRANCHES:
            return
        if name == "cond_br":
            inner = self.folder.made_by(op.operands[0], "xor")
            if inner is not None and self.folder.integer(inner.operands[1]) == 1:  # 6
                op.operands = [inner.operands[0]]
                op.successors = [op.successors[1], op.successors[0]]
                swapped = {"likely": "unlikely", "unlikely": "likely"}
                op.attrs = {swapped.get(key, key): value for key, value in op.attrs.items()}
                self.changes += 1
        taken = self.taken(op)
        if taken is not None:
            self.become_branch(op, taken)
        elif name == "cond_br":
            self.same_ways(op)

    def taken(self, op: Operation) -> Successor | None:
        """The successor that is taken for certain, with all its arguments; None when that is not known."""
        subject = op.operands[0]
        if op.decl.name == "switch_enum":
            made = self.folder.made_by(subject, "enum")
            if made is None or not copies(subject.type, self.module):
                return None
            for edge in op.successors:
                if edge.case in (made.attrs["variant"], None):
                    own = len(edge.block.args) - len(edge.args)
                    return Successor(edge.block, [*made.operands[:own], *edge.args])
            return None
        known = self.folder.integer(subject)
        if known is None:
            first = op.successors[0]
            for edge in op.successors:
                if edge.block is not first.block or edge.args != first.args:
                    return None
            return first
        if op.decl.name == "cond_br":
            return op.successors[0 if known else 1]
        bits = self.folder.bits(subject.type)
        for edge in op.successors[:-1]:
            if int(edge.case) & ((1 << bits) - 1) == known:
                return edge
        return op.successors[-1]

    def become_branch(self, op: Operation, to: Successor) -> None:
        self.folder.become(op, "br", [])
        self.branches += 1
        op.successors = [Successor(to.block, list(to.args))]

    def same_ways(self, op: Operation) -> None:
        """``cond_br`` to one block with different arguments: a ``select`` for each that differs."""
        yes, no = op.successors
        if yes.block is not no.block or len(yes.args) != len(no.args):
            return
        if not all(a is b or copies(a.type, self.module) for a, b in zip(yes.args, no.args, strict=True)):
            return
        if any(a.type is not b.type for a, b in zip(yes.args, no.args, strict=True)):
            return
        arguments = []
        for a, b in zip(yes.args, no.args, strict=True):
            if a is b:
                arguments.append(a)
                continue
            chosen = Operation(find("select"), [op.operands[0], a, b], loc=op.loc)
            value = Value(a.type, None, chosen)
            chosen.results = [value]
            chosen.block = self.block
            self.out.append(chosen)
            arguments.append(value)
        self.become_branch(op, Successor(yes.block, arguments))
