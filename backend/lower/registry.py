"""The lowerings by the names of their operations.

Example: ``LOWERINGS["add"]`` writes LLVM's ``add``. They are all there once ``altru_ir.backend.lower.ops`` is imported.

Invariant: an operation has at most one lowering.
"""

from __future__ import annotations

from collections.abc import Callable

from altru_ir.backend.lower.function import FunctionLowering
from altru_ir.values import Operation

Lowering = Callable[[FunctionLowering, Operation], None]

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
