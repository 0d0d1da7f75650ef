"""Conditions of drops: what a flag is set to, read off definitions, whatever shape simplification left them in.

    %kept = xor %c, true              ``opposite(%kept, %c)``, in either order
    %kept = icmp uge %a, %b           and so of ``icmp ult %a, %b``
    %on = xor true, true              ``truth(%on)`` is False

Invariant: both look at one definition of each value, and say nothing where that does not tell.
"""

from __future__ import annotations

from altru_ir.literals import constant_integer
from altru_ir.passes.transform.folding import NEGATED, SWAPPED
from altru_ir.values import Operation, Value


def truth(value: Value) -> bool | None:
    """What the condition ``value`` is; None when it is not known."""
    known = constant_integer(value)
    if known is not None:
        return bool(known)
    op = value.operation
    if op is None or op.name != "xor":
        return None
    left, right = (constant_integer(each) for each in op.operands)
    return None if left is None or right is None else bool(left) != bool(right)


def opposite(a: Value, b: Value) -> bool:
    """Whether one of two conditions holds exactly when the other does not."""
    known = truth(a), truth(b)
    if None not in known:
        return known[0] != known[1]
    if _negates(a, b) or _negates(b, a):
        return True
    first, second = a.operation, b.operation
    if first is None or second is None or first.name != "icmp" or second.name != "icmp":
        return False
    return _compares(first) in (_negated(_compares(second)), _swapped(_negated(_compares(second))))


def _negates(a: Value, b: Value) -> bool:
    """Whether ``a`` is computed as the negation of ``b``."""
    op = a.operation
    if op is None or op.name != "xor":
        return False
    left, right = op.operands
    return (left is b and bool(truth(right))) or (right is b and bool(truth(left)))


_Comparison = tuple[str, Value, Value]


def _compares(op: Operation) -> _Comparison:
    return str(op.attrs["predicate"]), op.operands[0], op.operands[1]


def _negated(of: _Comparison) -> _Comparison:
    return NEGATED[of[0]], of[1], of[2]


def _swapped(of: _Comparison) -> _Comparison:
    return SWAPPED[of[0]], of[2], of[1]


__all__ = ["opposite", "truth"]
