"""What transformations share: values put in the place of others, operations made again, and blocks that control cannot reach.

    replacement = {%y: %x, %z: %y}
    replace_values(f, replacement)      # every use of %y and %z is one of %x

Invariant: each of these is one walk over the function, however many values are replaced.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from altru_ir.cfg import postorder
from altru_ir.module import Block, Function
from altru_ir.values import NO_ATTRIBUTES, Operation, Successor, Value


def resolve(replacement: dict[Value, Value], value: Value) -> Value:
    """What ``value`` is replaced by in the end; chains are shortened on the way."""
    found = replacement.get(value)
    if found is None:
        return value
    path = [value]
    while True:
        after = replacement.get(found)
        if after is None:
            break
        path.append(found)
        found = after
    for each in path[:-1]:
        replacement[each] = found
    return found


def replace_values(function: Function, replacement: dict[Value, Value]) -> None:
    """Puts for each use of a key what it is replaced by in the end. Values that replace must dominate what they replace."""
    if not replacement:
        return
    for value in list(replacement):
        resolve(replacement, value)
    replaced = replacement.keys()
    for block in function.blocks:
        for op in block.ops:
            if op.successors or not replaced.isdisjoint(op.operands):
                op.replace_operands(replacement)


def count_uses(function: Function) -> Counter[Value]:
    """How often each value is an operand or handed to a successor."""
    used: list[Value] = []
    for block in function.blocks:
        for op in block.ops:
            used += op.operands
            for successor in op.successors:
                used += successor.args
    return Counter(used)


def remove_unreachable(function: Function) -> int:
    """Removes the blocks that control cannot reach; how many they were."""
    return remove_others(function, postorder(function))


def remove_others(function: Function, kept: Collection[Block]) -> int:
    """Removes the blocks that are not among ``kept``, each of which is one of the function's; how many they were."""
    removed = len(function.blocks) - len(kept)
    if removed:
        known = set(kept)
        function.blocks = [block for block in function.blocks if block in known]
    return removed


def edges_into(function: Function) -> dict[Block, list[tuple[Operation, Successor]]]:
    """The edges into each block, in text order, each with its terminator; unwind edges are none of them."""
    found: dict[Block, list[tuple[Operation, Successor]]] = {block: [] for block in function.blocks}
    for block in function.blocks:
        for successor in block.ops[-1].successors:
            found[successor.block].append((block.ops[-1], successor))
    return found


def again(op: Operation, values: dict[Value, Value]) -> Operation:
    """An operation without successors once more, with ``values`` in the place of their keys; what it gives is put there."""
    made = Operation(
        op.decl, [values.get(value, value) for value in op.operands], dict(op.attrs) if op.attrs else NO_ATTRIBUTES, [],
        op.unsafe, op.loc,
    )  # fmt: skip
    made.results = [Value(value.type, None, made) for value in op.results]
    values.update(zip(op.results, made.results, strict=True))
    return made


def unwind_targets(function: Function) -> set[Block]:
    """The blocks that an unwind edge leads to."""
    return {block.unwind for block in function.blocks if block.unwind is not None}


def operations_of(function: Function) -> int:
    """How many operations the function has."""
    return sum(len(block.ops) for block in function.blocks)


def plain_attributes(op: Operation) -> Iterator[tuple[str, object]]:
    """The attributes of ``op`` as a hashable key, exact to the bit: ``-0.0`` is not ``0.0``, ``True`` is not 1."""
    for name in sorted(op.attrs):
        value = op.attrs[name]
        yield name, value if isinstance(value, str) else (value.__class__, exactly(value))


def exactly(value: object) -> object:
    """A hashable key that is equal for equal literals only."""
    if isinstance(value, float):
        return "f", value.hex()  # a NaN is `nan`, whatever its bits: see `is_nan`
    if isinstance(value, (list, tuple)):
        return "l", repr(value)
    return value
