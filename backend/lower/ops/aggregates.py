"""Values made of parts.

Example: ``struct %a, %b : @P`` is two ``insertvalue``.
"""

from __future__ import annotations

from altru_ir.backend.lower.function import FunctionLowering
from altru_ir.backend.lower.registry import lowers
from altru_ir.ops.aggregates import member_index
from altru_ir.values import Operation


@lowers("struct", "tuple", "array")
def _aggregate(f: FunctionLowering, op: Operation) -> None:
    whole = f.type(op.result.type)
    made = "poison"
    for index, part in enumerate(op.operands):
        made = f.emit(f"insertvalue {whole} {made}, {f.typed(part)}, {index}")
    f.alias(op.result, made if op.operands else "zeroinitializer")


@lowers("destructure")
def _destructure(f: FunctionLowering, op: Operation) -> None:
    for index, part in enumerate(op.results):
        f.define(part, f"extractvalue {f.typed(op.operands[0])}, {index}")


@lowers("union")
def _union(f: FunctionLowering, op: Operation) -> None:
    storage, value = f.scratch(op.result.type), op.operands[0]
    f.line(f"store {f.typed(value)}, ptr {storage}, align {f.align(value.type)}")
    f.define(op.result, f"load {f.type(op.result.type)}, ptr {storage}, align {f.align(op.result.type)}")


@lowers("phantom")
def _phantom(f: FunctionLowering, op: Operation) -> None:
    f.alias(op.result, "zeroinitializer")


@lowers("extract")
def _extract(f: FunctionLowering, op: Operation) -> None:
    aggregate = op.operands[0]
    index = member_index(aggregate.type, op.attrs["member"], f.module)
    f.define(op.result, f"extractvalue {f.typed(aggregate)}, {index}")
