"""Violations that constants decide: what would always panic, without a run.

    %q = sdiv %x, %zero          // %zero is `const 0`
    %e = elem %seq, %seven       // %seq is behind `unsize` of a ref<[4 x i32]>
    %d = deref %p unsafe         // %p is `null`

Clauses, cited by number in the code. An operation violates
 1. bounds (ALT-C001), when an index or a range is constant and outside of a dimension that is: by its type, or because the
    slice was made from a sequence whose length is known, by however many borrows;
 2. null (ALT-C002), when the raw pointer that it follows is ``null``, under whatever type;
 3. division (ALT-C005), when the divisor is 0, or the least number of its type is divided by -1.

Invariant: such an operation panics whenever an access reaches it with these checks in place. Nothing is evaluated: the
constants are those that are written, so what is an error does not depend on how clever a pass was. Of what the verifier would
refuse for its operands nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from altru_ir.literals import constant_integer
from altru_ir.module import Block, Function, Module
from altru_ir.passes.analysis.definitions import ADDRESSES, length_of, same, width
from altru_ir.scalars import signed
from altru_ir.types import ArrayType, PlaceType, PtrType
from altru_ir.values import Operation, Value

Violation = tuple[str, str]
"""The code of a diagnostic, and what it says."""


def violation(op: Operation, module: Module) -> Violation | None:
    """What constants say is wrong with an operation; None when they say nothing."""
    find = _KINDS.get(op.decl.name)
    return None if find is None else find(op, module)


def violations(module: Module) -> Iterator[tuple[Function, Operation, Violation]]:
    """The operations of a module that violate something, with their functions."""
    for function in module.functions.values():
        for block in function.blocks:
            for op in block.ops:
                find = _KINDS.get(op.decl.name)
                if find is not None:
                    found = find(op, module)
                    if found is not None:
                        yield function, op, found


def reached(function: Function) -> list[Block]:
    """The blocks that a run may come to, a branch on a constant going where that says; in the order of the function."""
    seen = {function.blocks[0]}
    todo = [function.blocks[0]]
    while todo:
        block = todo.pop()
        successors = [edge.block for edge in block.ops[-1].successors]
        if block.ops[-1].decl.name == "cond_br":
            known = constant_integer(block.ops[-1].operands[0])
            if known is not None:
                successors = successors[:1] if known & 1 else successors[1:]
        if block.unwind is not None:
            successors.append(block.unwind)
        for each in successors:
            if each not in seen:
                seen.add(each)
                todo.append(each)
    return [block for block in function.blocks if block in seen]


def _length(base: Value, axis: int, module: Module) -> int | None:
    """The length of a dimension of the sequence at a place, if it is known (1)."""
    number = length_of(base, axis)
    while isinstance(number, tuple):
        number = same(*number, module)
    return number


def _rank(op: Operation) -> int:
    """How many dimensions has what the operation indexes: 0 where it is not what the verifier would accept."""
    base = op.operands[0].type if op.operands else None
    sequence = base.target if isinstance(base, PlaceType) else None
    return len(sequence.dimensions) if isinstance(sequence, ArrayType) else 0


def _elem(op: Operation, module: Module) -> Violation | None:
    for axis, index in enumerate(op.operands[1 : 1 + _rank(op)]):
        known = constant_integer(index)
        if known is not None:
            length = _length(op.operands[0], axis, module)
            known %= 1 << module.pointer_bits
            if length is not None and known >= length:
                return "ALT-C001", f"index {known} is out of bounds for length {length}"
    return None


def _subrange(op: Operation, module: Module) -> Violation | None:
    if len(op.operands) != 3 or not _rank(op):
        return None
    base, *ends = op.operands
    low, high = (None if known is None else known % (1 << module.pointer_bits) for known in map(constant_integer, ends))
    if low is not None and high is not None and low > high:
        return "ALT-C001", f"the range {low}..{high} ends before it begins"
    if low is None and high is None:
        return None
    length = _length(base, 0, module)
    if length is None or max(low or 0, high or 0) <= length:
        return None
    shown = f"{'' if low is None else low}..{'' if high is None else high}"
    return "ALT-C001", f"the range {shown} is out of bounds for length {length}"


def _deref(op: Operation, module: Module) -> Violation | None:  # 2
    pointer = op.operands[0] if op.operands else None
    if pointer is None or not isinstance(pointer.type, PtrType):
        return None
    made = pointer.operation
    while made is not None and made.decl.name in ADDRESSES:
        made = made.operands[0].operation
    return ("ALT-C002", "a null pointer is dereferenced") if made is not None and made.decl.name == "null" else None


def _division(op: Operation, module: Module) -> Violation | None:  # 3
    divisor = constant_integer(op.operands[1]) if len(op.operands) == 2 else None
    if divisor is None:
        return None
    bits = width(op.operands[1].type, module)
    divisor = signed(divisor % (1 << bits), bits)
    if divisor == 0:
        return "ALT-C005", "division by zero"
    dividend = constant_integer(op.operands[0])
    if divisor == -1 and dividend is not None and op.decl.name in ("sdiv", "srem"):
        least = -(1 << (bits - 1))
        if signed(dividend % (1 << bits), bits) == least:
            return "ALT-C005", f"the quotient of {least} and -1 does not fit into {bits} bits"
    return None


_KINDS: dict[str, Callable[[Operation, Module], Violation | None]] = {
    "elem": _elem,
    "subrange": _subrange,
    "deref": _deref,
    **dict.fromkeys(("sdiv", "srem", "udiv", "urem"), _division),
}
