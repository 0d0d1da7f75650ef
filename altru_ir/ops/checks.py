"""Checks: operations that panic unless their condition holds.

``insert-checks`` puts them before the access they guard; ``eliminate-checks`` takes those away that are proven. They are
operations to the end, so every pass sees them. Each has a class, the name that ``--checks=`` knows it by.
"""

from __future__ import annotations

from collections.abc import Iterator

from altru_ir.declare import (
    BOOL,
    CHECK,
    INTEGER,
    NEEDS_UNSAFE,
    RAW,
    READ,
    USIZE,
    Literal,
    Operand,
    alignment_problem,
    operation,
)
from altru_ir.module import Module
from altru_ir.values import Operation


@operation("check.bounds", "$index, $length", traits=(CHECK,))
class CheckBounds:
    """Panics unless ``index < length`` (unsigned). Class ``bounds``.

    Example: ``check.bounds %i, %n``
    """

    index = Operand(USIZE, access=READ)
    length = Operand(USIZE, access=READ)


@operation("check.subrange", "$low, $high, $length", traits=(CHECK,))
class CheckSubrange:
    """Panics unless ``low <= high`` and ``high <= length`` (unsigned). Class ``bounds``.

    Example: ``check.subrange %lo, %hi, %n``
    """

    low = Operand(USIZE, access=READ)
    high = Operand(USIZE, access=READ)
    length = Operand(USIZE, access=READ)


@operation("check.nonnull", "$pointer", traits=(CHECK,))
class CheckNonnull:
    """Panics when the pointer is null. Class ``null``.

    Example: ``check.nonnull %p``
    """

    pointer = Operand(RAW, access=READ)


def _is_alignment(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    problem = alignment_problem(op.attrs["alignment"])
    if problem is not None:
        yield "V007", problem


@operation("check.align", "$pointer, $alignment", traits=(CHECK,), verify=_is_alignment)
class CheckAlign:
    """Panics unless the address is a multiple of ``alignment``. Class ``align``.

    Example: ``check.align %p, 8``
    """

    pointer = Operand(RAW, access=READ)
    alignment = Literal()


@operation("check.nonzero", "$divisor", traits=(CHECK,))
class CheckNonzero:
    """Panics when a divisor is zero. Class ``division``.

    Example: ``check.nonzero %d``
    """

    divisor = Operand(INTEGER, access=READ)


@operation("check.quotient", "$dividend, $divisor", traits=(CHECK,))
class CheckQuotient:
    """Panics when a signed division overflows: MIN / -1. Class ``division``.

    Example: ``check.quotient %n, %d``
    """

    dividend = Operand(INTEGER, access=READ)
    divisor = Operand(same_as="dividend", access=READ)


@operation("assume", "$condition", traits=(NEEDS_UNSAFE,))
class Assume:
    """The front-end promises that ``condition`` holds; what follows from it need not be checked. The interpreter looks, native
    code does not.

    Example: ``assume %below unsafe``
    """

    condition = Operand(BOOL, access=READ)
