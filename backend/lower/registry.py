"""Lowerings by the name of the operation. ``ops`` says what a lowering is and brings all of ours; this file knows none.

Example: ``LOWERINGS["add"](function_lowering, op)``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from altru_ir.backend.lower.function import FunctionLowering
    from altru_ir.values import Operation

Lowering = Callable[["FunctionLowering", "Operation"], None]

LOWERINGS: dict[str, Lowering] = {}


def lowers(*names: str) -> Callable[[Lowering], Lowering]:
    """Registers a lowering for operations. Raises ``ValueError`` when one has a lowering already."""

    def register(lowering: Lowering) -> Lowering:
        for name in names:
            if name in LOWERINGS:
                raise ValueError(f"`{name}` already has a lowering")
            LOWERINGS[name] = lowering
        return lowering

    return register
