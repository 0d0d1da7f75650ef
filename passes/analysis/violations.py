"""Violations that constants decide: what would always panic, without a run.

    %q = sdiv %x, %zero          // %zero is `const 0`
    %e = elem %seq, %seven       // %seq is behind `unsize` of a ref<[4 x i32]>
    %d = deref %p unsafe         // %p is `null`

Clauses, cited by number in the code. An operation violates
 1. bounds (ALT-C001), when an index or a range is constant and outside of a dimension that is: by its type, or because the
    slice was made from a sequence whose length is known, by however many borrows;
 2. null (ALT-C002), when the raw pointer that it follows is ``null``, under whatever type;
 3. division (ALT-C005), when the divisor is 0, or the least number of its type is divided by -1.
 4. arithmetic (ALT-C008), when an operation that is checked for overflow is of constants whose result does not fit, or the
    constant amount of a checked shift is not below the width.

Invariant: such an operation panics whenever an access reaches it with these checks in place. Nothing is evaluated: the
constants are those that are written, so what is an error does not depend on how clever a pass was. Of what the verifier would
refuse for its operands nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from altru_ir.constant_indices import LengthOf, outside_indices, outside_range
from altru_ir.literals import constant_integer
from altru_ir.module import Block, Function, Module
from altru_ir.passes.analysis.definitions import ADDRESSES, length_of, same, width
from altru_ir.scalars import signed
from altru_ir.types import PtrType
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


def _length(module: Module) -> LengthOf:
    """Lengths of sequences, as far back as they are known from (1)."""

    def length(place: Value, axis: int) -> int | None:
        number = length_of(place, axis)
        while isinstance(number, tuple):
            number = same(*number, module)
        return number

    return length


def _elem(op: Operation, module: Module) -> Violation | None:
    return next((("ALT-C001", message) for message in outside_indices(op, module, _length(module))), None)


def _subrange(op: Operation, module: Module) -> Violation | None:
    return next((("ALT-C001", message) for message in outside_range(op, module, _length(module))), None)


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


_RESULTS = {"add": ("sum", int.__add__), "sub": ("difference", int.__sub__), "mul": ("product", int.__mul__)}


def _checked(op: Operation, module: Module) -> Violation | None:  # 4
    numbers = [constant_integer(value) for value in op.operands]
    if len(numbers) != 2 or numbers[1] is None:
        return None
    bits = width(op.operands[1].type, module)
    name = op.decl.name.partition(".")[0]
    if name in ("shl", "lshr", "ashr"):
        amount = numbers[1] % (1 << bits)
        return None if amount < bits else ("ALT-C008", f"a shift by {amount} of {bits} bits")
    if numbers[0] is None:
        return None
    is_signed = name[0] == "s"
    a, b = (signed(n % (1 << bits), bits) if is_signed else n % (1 << bits) for n in (numbers[0], numbers[1]))
    what, of = _RESULTS[name[1:]]
    least, greatest = (-(1 << bits - 1), (1 << bits - 1) - 1) if is_signed else (0, (1 << bits) - 1)
    if least <= of(a, b) <= greatest:
        return None
    return "ALT-C008", f"the {what} of {a} and {b} does not fit into {bits} {'signed' if is_signed else 'unsigned'} bits"


_KINDS: dict[str, Callable[[Operation, Module], Violation | None]] = {
    "elem": _elem,
    "subrange": _subrange,
    "deref": _deref,
    **dict.fromkeys(("sdiv", "srem", "udiv", "urem"), _division),
    **dict.fromkeys((f"{sign}{verb}.checked" for sign in "su" for verb in _RESULTS), _checked),
    **dict.fromkeys(("shl.checked", "lshr.checked", "ashr.checked"), _checked),
}
