"""Lengths read where they are made: ``dim`` of what a pointer in memory leads to is the length that pointer was stored with.

    %v = local : own<[? x i64]>             %v = local : own<[? x i64]>
    %xs = new.array %n, %zero : ...         %xs = new.array %n, %zero : ...
    init %v, %xs                      =>    %len = slice.len %xs
    %place = deref %v                       init %v, %xs
    %m = dim %place, 0                      %place = deref %v
    check.bounds %i, %m                     check.bounds %i, %len

A path is evaluated anew by each access, so two ``dim`` of it are two numbers, of which nothing is known but what checks say.
Rules, cited by number in the code:

 1. A local that is stored once, and otherwise only read, dereferenced, dropped, taken from and ended, holds the pointer it was
    stored with, wherever that store dominates; its lengths are read in front of the store.
 2. A path that reads one pointer from memory, from behind a shared reference to a type whose bytes cannot change there, leads
    to the same place each time: a ``dim`` of it is one of it that dominates.
 3. What an object holds that the function does not write to is read once (``held_lengths``). Of others the same path gives the
    same length where nothing can have written to the pointer in between (``reloads``); the ``NEAREST`` are looked at.

Invariant: a ``dim`` is replaced only by a number that it would give. Linear.
"""

from __future__ import annotations

import attrs

from altru_ir import declare
from altru_ir.cfg import ControlFlowGraph
from altru_ir.marks import freezes
from altru_ir.module import Function, Module
from altru_ir.passes.analysis.aliases import Aliases
from altru_ir.passes.base import FunctionPass
from altru_ir.passes.transform.held_lengths import hoisted_lengths
from altru_ir.passes.transform.reloads import Reloads
from altru_ir.passes.transform.rewriting import replace_values
from altru_ir.types import USIZE, ArrayType, OwnType, PlaceType, RefType
from altru_ir.values import NO_ATTRIBUTES, Operation, Value

NEAREST = 4
LOOKS = frozenset({"deref", "end", "drop", "load", "take"})


@attrs.define
class ForwardLengths(FunctionPass):
    """Reads lengths of slices and owners in memory where these are stored, or once."""

    name = "forward-lengths"

    def run_on(self, function: Function) -> bool:
        dims = [op for op in function.operations() if op.decl.name == "dim" and _through_memory(op.operands[0])]
        if not dims or function.module is None:
            return False
        cfg = function.cfg()
        reloads = Reloads(cfg, function.module, lambda: self.get(Aliases, function))
        place = {op: at for block in function.blocks for at, op in enumerate(block.ops)}
        stores = _stored_once(function)
        replacement: dict[Value, Value] = {}
        lengths: dict[tuple[Operation, int], Operation] = {}
        first: dict[tuple[Value, int], list[Operation]] = {}
        for op in dims:
            axis = op.attrs["axis"]
            base = op.operands[0].operation
            store = stores.get(base.operands[0]) if base is not None and base.decl.name == "deref" else None
            if store is not None and _dominates(store, op, cfg, place):  # 1
                length = lengths.get((store, axis))
                if length is None and _has_dimension(store.operands[1], axis):
                    length = lengths[store, axis] = Operation(declare.find("slice.len"), [store.operands[1]], NO_ATTRIBUTES)
                    length.results = [Value(USIZE, None, length)]
                    length.loc = op.loc
                if length is not None:
                    replacement[op.result] = length.results[0]
                    continue
            if _is_unchanging(op.operands[0], function.module):  # 2
                known = first.setdefault((op.operands[0], axis), [])
                found = next((other for other in known if _dominates(other, op, cfg, place)), None)
                if found is None:
                    known.append(op)
                else:
                    replacement[op.result] = found.result
        rest = [op for op in dims if op.result not in replacement]
        replacement |= hoisted_lengths(function, rest, cfg, reloads, lambda a, b: _dominates(a, b, cfg, place))  # 3
        seen: dict[tuple[Value, int], list[Operation]] = {}
        for op in dims:  # 3
            holder = op.operands[0].operation
            if (
                op.result in replacement
                or holder is None
                or holder.decl.name != "deref"
                or not holder.operands[0].type.is_place
            ):
                continue
            known = seen.setdefault((op.operands[0], op.attrs["axis"]), [])
            for other in known[-NEAREST:]:
                if _dominates(other, op, cfg, place) and reloads.unchanged(holder.operands[0], other, op):
                    replacement[op.result] = other.result
                    break
            else:
                known.append(op)
        self.count("lengths forwarded", len(replacement))
        if not replacement:
            return False
        for (store, _), length in lengths.items():
            assert store.block is not None
            store.block.insert(store.block.ops.index(store), length)
        replace_values(function, replacement)
        for block in function.blocks:
            block.ops = [op for op in block.ops if op.decl.name != "dim" or op.result not in replacement]
        return True


def _through_memory(place: Value) -> bool:
    """Whether the path reads a pointer from memory."""
    op = place.operation
    while op is not None and op.operands and op.operands[0].type.is_place:
        if op.decl.name == "deref":
            return True
        op = op.operands[0].operation
    return False


def _stored_once(function: Function) -> dict[Value, Operation]:  # 1
    """The one store into each local that is only looked at otherwise."""
    found: dict[Value, Operation | None] = {}
    for op in function.operations():
        if op.decl.name == "local":
            found.setdefault(op.result, None)
    spoiled: set[Value] = set()
    for op in function.operations():
        for at, value in enumerate(op.operands):
            if value not in found:
                continue
            if op.decl.name == "init" and at == 0 and found[value] is None:
                found[value] = op
            elif op.decl.name not in LOOKS and not (op.decl.name == "borrow" and not op.attrs.get("mut")):
                spoiled.add(value)
    return {value: op for value, op in found.items() if op is not None and value not in spoiled}


def _has_dimension(pointer: Value, axis: int) -> bool:
    """Whether ``slice.len`` gives that dimension of what the pointer leads to."""
    sequence = pointer.type.pointee
    return axis == 0 and isinstance(sequence, ArrayType) and sequence.dimensions == (None,)


def _is_unchanging(place: Value, module: Module) -> bool:  # 2
    """Whether the one pointer that the path reads from memory lies behind a shared reference and cannot change there."""
    op = place.operation
    reads = False
    while op is not None and op.operands:
        base = op.operands[0]
        if op.decl.name == "deref":
            if not base.type.is_place:
                type = base.type
                return isinstance(type, RefType) and not type.mutable and (not reads or freezes(type.target, module))
            held = base.type.target if isinstance(base.type, PlaceType) else None
            if reads or not isinstance(held, (RefType, OwnType)):
                return False
            reads = True
        elif op.decl.name not in ("field", "subrange"):
            return False
        op = base.operation
    return False


def _dominates(above: Operation, below: Operation, cfg: ControlFlowGraph, place: dict[Operation, int]) -> bool:
    assert above.block is not None
    assert below.block is not None
    if above.block is below.block:
        return place[above] < place[below]
    return cfg.reaches(cfg.number[above.block], cfg.number[below.block])
