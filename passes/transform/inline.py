"""Inlining of small functions: the body of the callee in the place of the call.

    func @twice(%x: i32) -> i32 {         func @f(%a: i32) -> i32 {
    ^entry:                               ^entry:
      %y = add %x, %x                =>     %y = add %a, %a
      ret %y                                ret %y
    }                                     }
    func @f(%a: i32) -> i32 {
    ^entry:
      %r = call @twice(%a)
      ret %r
    }

Callees come before callers (strongly connected components of the call graph, bottom up), so what is inlined has been inlined
into. Rules, cited by number in the code. A call is replaced when

 1. the callee is known, has a body and at most ``max-size`` operations, and is not in a cycle of calls with the caller;
 2. the callee is a function of ours: an ``extern "C"`` one is a boundary for panics, and a ``nounwind`` one may not panic;
 3. the callee names no unwind target, so that it has no ``resume``: its operations then unwind to where the call did;
 4. no operation of the callee takes storage from the frame each time it runs: in a loop that would grow;
 5. the callee is not marked ``{inline = "never"}``;
 6. the callee makes no value that the collector follows: it would keep its object until the caller returns, and a weak
    reference could tell;
 7. the drops of both are elaborated, or of neither, or the callee has nothing to drop;
 8. with ``pure``, the callee is one block of operations that only compute: no access, no check, nothing that may panic. Such a
    call can be in no backtrace, so that nobody sees that it has gone, and an index that it gives is arithmetic to those who
    look for proofs.

A block of the caller is cut behind the call; a ``ret`` becomes a branch to the rest. Regions that the callee declares are
inferred in the caller. Locations stay those of the callee, so that a panic names the line where it happens.

Invariant: the operations that are executed are those of before, less the calls and returns. Linear in the size of the result,
which is bounded: a caller takes in at most ``max-growth`` operations.

Reference: Scheifler, An Analysis of Inline Substitution for a Structured Programming Language, CACM 1977.
"""

from __future__ import annotations

from typing import Any

import attrs

from altru_ir.behaviour import may_panic
from altru_ir.declare import find
from altru_ir.marks import contains_gc
from altru_ir.module import Block, Function, Module
from altru_ir.passes.analysis.graphs import strongly_connected
from altru_ir.passes.analysis.scopes import has_scopes
from altru_ir.passes.base import MISSED, PASSED, Pass, bodies
from altru_ir.passes.transform.rewriting import operations_of, remove_unreachable, replace_values
from altru_ir.passes.verify.drops import ELABORATED
from altru_ir.types import INFERRED, Type, map_regions
from altru_ir.values import NO_ATTRIBUTES, Operation, Successor, Value


@attrs.define
class Inline(Pass):
    """Replaces calls of small functions by their bodies.

    Options:
        max_size: a callee has at most so many operations.
        max_growth: a caller takes in at most so many operations.
        pure: only callees of one block that does nothing but compute.
    """

    name = "inline"
    max_size: int = 30
    max_growth: int = 2000
    pure: bool = False

    def run(self, module: Module) -> None:
        functions = bodies(module)
        if self.pure and not any(_only_computes(function) for function in functions):  # 8
            return
        number = {function.name: at for at, function in enumerate(functions)}
        calls = [[number[n] for n in _called(function) if n in number] for function in functions]
        component: dict[str, int] = {}
        components = strongly_connected(calls)
        for at, members in enumerate(components):
            component.update((functions[m].name, at) for m in members)
        size = {function.name: operations_of(function) for function in functions}
        good: dict[str, str | None] = {}
        for members in components:  # callees first
            for member in sorted(members):
                caller = functions[member]
                if calls[member]:
                    self._into(caller, module, component, size, good)
                    size[caller.name] = operations_of(caller)
                    good.pop(caller.name, None)

    def _into(
        self,
        caller: Function,
        module: Module,
        component: dict[str, int],
        size: dict[str, int],
        good: dict[str, str | None],
    ) -> None:
        grown = 0
        inlined = 0
        remove_unreachable(caller)
        replacement: dict[Value, Value] = {}
        blocks: list[Block] = []
        for block in list(caller.blocks):
            blocks.append(block)
            out: list[Operation] = []
            for op in block.ops:
                name = op.attrs.get("callee") if op.decl.name == "call" else None
                callee = module.functions.get(name) if isinstance(name, str) else None
                if callee is None or name is None or callee.is_declaration or callee is caller:
                    out.append(op)
                    continue
                if name not in good:
                    good[name] = self._refusal(callee, module)
                why = good[name]
                if why is None and callee.attributes.get(ELABORATED) is not caller.attributes.get(ELABORATED):
                    why = "the drops of one of them alone are elaborated" if has_scopes(callee) else None  # 7
                if component[callee.name] == component[caller.name]:  # 1
                    why = "it is part of a cycle of calls"
                elif why is None and grown + size[callee.name] > self.max_growth:
                    why = f"@{caller.name} has taken in {grown} operations already"
                if why is not None:
                    if self.pure:
                        out.append(op)
                        continue
                    self.remark(MISSED, "NotInlined", op, f"@{name} is not inlined into @{caller.name}: {why}")
                    out.append(op)
                    continue
                self.remark(PASSED, "Inlined", op, f"@{name} is inlined into @{caller.name}: {size[callee.name]} operations")
                grown += size[callee.name]
                inlined += 1
                current = blocks[-1]
                current.ops = out
                out = _splice(op, callee, caller, blocks, replacement)
            blocks[-1].ops = out
            for op in out:
                op.block = blocks[-1]
        if inlined:
            caller.blocks = blocks
            replace_values(caller, replacement)
            self.count("calls inlined", inlined)
            self.count("operations added", grown)

    def _refusal(self, callee: Function, module: Module) -> str | None:
        """Why ``callee`` is not inlined anywhere; None when it may be."""
        type = callee.signature.type
        if self.pure and not _only_computes(callee):  # 8
            return "it does more than compute"
        operations = list(callee.operations())
        if callee.attributes.get("inline") == "never":  # 5
            return "it says so"
        if len(operations) > self.max_size:  # 1
            return f"it has {len(operations)} operations, more than {self.max_size}"
        if type.abi is not None or type.variadic:  # 2
            return "it is a function of another language's convention"
        if type.nounwind and any(may_panic(op, module) for op in operations):
            return "it must not unwind, and its operations may"
        if any(block.unwind is not None for block in callee.blocks):  # 3
            return "it has cleanups"
        if any(op.decl.takes_frame for op in operations):  # 4
            return "it takes storage from its frame"
        if any(contains_gc(value.type, module) for op in operations for value in op.results if not value.type.is_place):  # 6
            return "it makes values that the collector follows"
        if any(op.decl.name == "resume" for op in operations):
            return "it resumes unwinding"
        return None


def _only_computes(function: Function) -> bool:  # 8
    if len(function.blocks) != 1 or function.blocks[0].unwind is not None:
        return False
    *ops, last = function.blocks[0].ops
    return last.decl.name == "ret" and all(op.decl.is_pure and not op.decl.may_panic for op in ops)


def _called(function: Function) -> list[str]:
    """The names in calls of ``function``, each once, in order."""
    names: dict[str, None] = {}
    for op in function.operations():
        if op.decl.callee is not None and "callee" in op.attrs:
            names[op.attrs["callee"]] = None
    return list(names)


def _splice(
    call: Operation, callee: Function, caller: Function, blocks: list[Block], replacement: dict[Value, Value]
) -> list[Operation]:
    """Puts a copy of ``callee`` behind the last of ``blocks``; the list to go on with, of the block that is last then."""
    current = blocks[-1]
    arguments = call.operands
    values: dict[Value, Value] = dict(zip(callee.parameters, arguments, strict=True))
    binder = frozenset(callee.signature.type.binder)
    same_source = callee.source is caller.source

    def retyped(type: Type) -> Type:
        return map_regions(type, lambda region: INFERRED if region in binder else region) if binder else type

    if len(callee.blocks) == 1:  # no new block
        ops = current.ops
        for op in callee.entry.ops[:-1]:
            made = _copied(op, values, {}, retyped, same_source)
            made.block = current
            ops.append(made)
        last = callee.entry.ops[-1]
        if last.decl.name == "ret":
            replacement.update(zip(call.results, [values[v] for v in last.operands], strict=False))
            return ops
    for op in current.ops:
        op.block = current
    copies: dict[Block, Block] = {}
    for block in callee.blocks:
        twin = Block(f"{callee.name}.{block.label}" if block.label is not None and _plain(callee.name) else None)
        twin.function = caller
        twin.unwind = current.unwind
        copies[block] = twin
        for argument in block.args:
            values[argument] = twin.add_arg(retyped(argument.type), argument.name)
    rest = Block(None)
    rest.function = caller
    rest.unwind = current.unwind
    replacement.update((result, rest.add_arg(result.type, result.name)) for result in call.results)
    if len(callee.blocks) == 1:  # it does not return
        current.append(_copied(callee.entry.ops[-1], values, copies, retyped, same_source))
        blocks.append(rest)
        return []
    for block in callee.blocks:
        for op in block.ops:
            for result in op.results:
                values[result] = Value(retyped(result.type), result.name)
    for block in callee.blocks:
        twin = copies[block]
        for op in block.ops:
            if op.decl.name == "ret":
                back = Operation(
                    find("br"), [], NO_ATTRIBUTES, [Successor(rest, [values[v] for v in op.operands if rest.args])]
                )
                back.loc = op.loc if same_source else op.location
                twin.append(back)
            else:
                twin.append(_copied(op, values, copies, retyped, same_source))
    current.append(Operation(find("br"), [], NO_ATTRIBUTES, [Successor(copies[callee.entry], [])], loc=call.loc))
    blocks += [*copies.values(), rest]
    return []


def _plain(name: str) -> bool:
    return name.replace("_", "").replace(".", "").isalnum()


def _copied(
    op: Operation, values: dict[Value, Value], blocks: dict[Block, Block], retyped: Any, same_source: bool
) -> Operation:
    attributes = {key: retyped(v) if isinstance(v, Type) else v for key, v in op.attrs.items()} if op.attrs else NO_ATTRIBUTES
    edges = [Successor(blocks[s.block], [values[v] for v in s.args], s.case) for s in op.successors]
    made = Operation(op.decl, [values[v] for v in op.operands], attributes, edges or (), op.unsafe)
    made.loc = op.loc if same_source else op.location
    results = []
    for result in op.results:
        value = values.get(result)
        if value is None:
            value = values[result] = Value(retyped(result.type), result.name)
        value.owner = made
        results.append(value)
    made.results = results or ()
    return made
