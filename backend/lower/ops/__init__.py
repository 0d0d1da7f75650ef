"""How each operation is lowered: one function per operation or family, found by name.

A front-end lowers its own operation the same way:

    @lowers("toy.square")
    def square(f, op):
        f.define(op.result, f"mul {f.typed(op.operands[0])}, {f.value(op.operands[0])}")

``f`` is the ``FunctionLowering``. The files have the names of those in ``altru_ir/ops/`` that declare the operations; what has
a home or is dropped is in ``homes.py`` and ``drops.py`` of the folder above.

Invariant: after a lowering, every result of the operation has a name.
"""

from __future__ import annotations

from altru_ir.backend.lower import drops, homes  # noqa: F401 (they register)
from altru_ir.backend.lower.ops import aggregates, checks, concurrency, enums, raw  # noqa: F401 (they register)
from altru_ir.backend.lower.ops.arith import compare, constant
from altru_ir.backend.lower.ops.arith import two_operands as two_operands
from altru_ir.backend.lower.ops.control import branch, choice
from altru_ir.backend.lower.ops.places import project as project
from altru_ir.backend.lower.registry import LOWERINGS as LOWERINGS
from altru_ir.backend.lower.registry import Lowering
from altru_ir.backend.lower.registry import lowers as lowers

USUAL: tuple[Lowering, Lowering, Lowering, Lowering] = constant, compare, branch, choice
"""What ``blocks.py`` writes itself, beside ``two_operands``."""
