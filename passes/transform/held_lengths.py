"""Lengths of owners and slices that an object holds, where nothing writes to the pointer while the function runs.

    struct @Table { keys: own<[? x i64]>, used: usize }
    func @add(%t: ref<mut @Table>, ...)          func @add(%t: ref<mut @Table>, ...)
      ...                                          %place = deref %t; %keys = field %place, keys; %seq = deref %keys
      %n = dim %seq, 0                      =>     %n = dim %seq, 0
      ...                                          ...
      %m = dim %seq, 0                             // %m is %n: elements were stored to, and %t.used, but not %t.keys

A place is a *holder* if its path leads over fields from what a reference or an owner that is a value points to, or from a
local, and it holds the pointer whose length is read. Rules, cited by number in the code:

 1. No operation of the function may write to the holder (``reloads``), but the ``init`` of the local where it begins there.
 2. The pointer is there from the beginning: a reference and an owner lead to what is whole, and so is a local behind its
    ``init``. So the length is read right behind the definition of the one, or the ``init`` of the other.
 3. Each ``dim`` behind that is this one number. One that does not stand behind the ``init`` stays.
 4. At most ``HOLDERS`` holders of a function are looked at, so that the work is linear.

Invariant: each ``dim`` that goes would have given the number that is put in its place.
"""

from __future__ import annotations

from collections.abc import Callable

from altru_ir.cfg import ControlFlowGraph
from altru_ir.module import Function
from altru_ir.passes.transform.reloads import Reloads
from altru_ir.passes.transform.rewriting import again
from altru_ir.types import OwnType, PlaceType, RefType
from altru_ir.values import Operation, Value

HOLDERS = 64

Key = tuple[Value, tuple[str, ...]]
"""A holder: a pointer or the place of a local, and the fields from there."""


def hoisted_lengths(
    function: Function,
    dims: list[Operation],
    cfg: ControlFlowGraph,
    reloads: Reloads,
    above: Callable[[Operation, Operation], bool],
) -> dict[Value, Value]:
    """What results of ``dims`` are replaced by; the operations that read the lengths once are put into the function.
    ``above`` says whether an operation dominates another."""
    groups: dict[Key, list[Operation]] = {}
    for op in dims:
        key = _holder(op.operands[0])
        if key is not None and (key in groups or len(groups) < HOLDERS):  # 4
            groups.setdefault(key, []).append(op)
    replacement: dict[Value, Value] = {}
    inits = _inits(function) if any(root.type.is_place for root, _ in groups) else {}
    for (root, _), group in groups.items():
        init = inits.get(root) if root.type.is_place else None
        if root.type.is_place:
            if init is None:
                continue
            group = [op for op in group if above(init, op)]  # 3
        if not group or (len(group) == 1 and not _is_in_loop(group[0], cfg)):
            continue
        place = group[0].operands[0].operation
        assert place is not None
        if not reloads.never_written(place.operands[0], init):  # 1
            continue
        path = _copied(group[0].operands[0], root)
        lengths: dict[int, Operation] = {}
        for op in group:
            axis = op.attrs["axis"]
            if axis not in lengths:
                lengths[axis] = again(op, {op.operands[0]: path[-1].result})
            replacement[op.result] = lengths[axis].results[0]
        _put(function, root, init, [*path, *lengths.values()])  # 2
    return replacement


def _copied(place: Value, root: Value) -> list[Operation]:
    """The operations of the path to ``place`` from ``root`` on, again."""
    ops: list[Operation] = []
    at = place
    while at is not root:
        assert at.operation is not None
        ops.append(at.operation)
        at = at.operation.operands[0]
    values: dict[Value, Value] = {}
    return [again(op, values) for op in reversed(ops)]


def _put(function: Function, root: Value, init: Operation | None, ops: list[Operation]) -> None:
    """Puts operations behind the one that ``root`` is there from."""
    behind = init if init is not None else root.operation
    if behind is not None:
        block = behind.block
        assert block is not None
        at = block.ops.index(behind) + 1
    else:
        block = next((each for each in function.blocks if root in each.args), function.blocks[0])
        at = 0
    for op in ops:
        op.block = block
    block.ops[at:at] = ops


def _holder(place: Value) -> Key | None:
    """The holder of the pointer whose length the ``dim`` of ``place`` reads."""
    op = place.operation
    if op is None or op.decl.name != "deref" or not isinstance(op.operands[0].type, PlaceType):
        return None
    at = op.operands[0]
    if not isinstance(at.type.target, (RefType, OwnType)):  # type: ignore[attr-defined]
        return None
    fields: list[str] = []
    while True:
        op = at.operation
        if op is None:
            return None
        if op.decl.name == "field":
            fields.append(str(op.attrs["field"]))
            at = op.operands[0]
        elif op.decl.name == "local":
            return at, tuple(reversed(fields))
        elif op.decl.name == "deref" and isinstance(op.operands[0].type, (RefType, OwnType)):
            return op.operands[0], tuple(reversed(fields))
        else:
            return None


def _inits(function: Function) -> dict[Value, Operation]:
    """The ``init`` of each local that has one, as a whole."""
    found: dict[Value, list[Operation]] = {}
    for op in function.operations():
        if op.decl.name == "init":
            found.setdefault(op.operands[0], []).append(op)
    return {place: ops[0] for place, ops in found.items() if len(ops) == 1}


def _is_in_loop(op: Operation, cfg: ControlFlowGraph) -> bool:
    """Whether control can come back to the operation's block."""
    assert op.block is not None
    start = cfg.number[op.block]
    seen, work = {start}, [start]
    for number in work:
        for after in cfg.successors[number]:
            if after == start:
                return True
            if after not in seen:
                seen.add(after)
                work.append(after)
    return False
