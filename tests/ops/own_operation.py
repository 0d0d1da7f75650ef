"""A front-end's own operation, whole: what it is, what it means, and how it becomes machine code."""

from __future__ import annotations

from typing import Any

from altru_ir.backend.interpreter.code import Stage, Step, means
from altru_ir.backend.lower.function import FunctionLowering
from altru_ir.backend.lower.ops import lowers
from altru_ir.declare import INTEGER, PURE, Operand, Result, operation
from altru_ir.values import Operation


@operation("front.clamp", "$value in $low, $high", traits=(PURE,))
class Clamp:
    """``value`` limited to ``low`` ... ``high``, as unsigned numbers.

    Example: ``%r = front.clamp %x in %a, %b``
    """

    value = Operand(INTEGER)
    low = Operand(same_as="value")
    high = Operand(same_as="value")
    result = Result(same_as="value")


@means("front.clamp")
def _clamp(stage: Stage, op: Operation) -> Step:
    value, low, high = (stage.slot(operand) for operand in op.operands)

    def run(s: Any) -> Any:
        return min(max(s[value], s[low]), s[high])

    return stage.define(op, run)


@lowers("front.clamp")
def _lower(f: FunctionLowering, op: Operation) -> None:
    value, low, high = op.operands
    type = f.type(value.type)
    raised = f.emit(f.intrinsic(type, f"llvm.umax.{type}", [f.typed(value), f.typed(low)]))
    f.define(op.result, f.intrinsic(type, f"llvm.umin.{type}", [f"{type} {raised}", f.typed(high)]))
