"""Slices, and memory by its address.

Example: ``slice.len %s`` is ``extractvalue {ptr, i64} %s, 1``.
"""

from __future__ import annotations

from altru_ir.backend.lower.function import FunctionLowering
from altru_ir.backend.lower.registry import lowers
from altru_ir.backend.lower.types import LoweringError, dimensions_of
from altru_ir.layout import field_offsets, layout_of
from altru_ir.types import ArrayType
from altru_ir.values import Operation


@lowers("slice.len")
def _slice_len(f: FunctionLowering, op: Operation) -> None:
    f.define(op.result, f"extractvalue {f.typed(op.operands[0])}, 1")


@lowers("slice.ptr")
def _slice_ptr(f: FunctionLowering, op: Operation) -> None:
    f.define(op.result, f"extractvalue {f.typed(op.operands[0])}, 0")


@lowers("slice.from_raw")
def _slice_from_raw(f: FunctionLowering, op: Operation) -> None:
    f.alias(op.result, f.pack(op.result.type, [f.value(v) for v in op.operands]))


@lowers("unsize")
def _unsize(f: FunctionLowering, op: Operation) -> None:
    pointer = op.operands[0]
    array = pointer.type.pointee
    if not isinstance(array, ArrayType):
        raise LoweringError(f"`unsize` to `{op.result.type}` cannot be compiled yet{f.where(op)}")
    f.alias(op.result, f.pack(op.result.type, [f.value(pointer), *(str(d) for d in array.dimensions)]))


@lowers("null")
def _null(f: FunctionLowering, op: Operation) -> None:
    f.alias(op.result, "null" if f.type(op.result.type) == "ptr" else "zeroinitializer")


@lowers("ref.to_ptr", "ptr.cast")
def _same_address(f: FunctionLowering, op: Operation) -> None:
    if dimensions_of(op.operands[0].type) != dimensions_of(op.result.type):
        raise LoweringError(f"`{op.name}` between thin and slice pointers cannot be compiled{f.where(op)}")
    f.alias(op.result, f.value(op.operands[0]))


@lowers("ptr.add")
def _ptr_add(f: FunctionLowering, op: Operation) -> None:
    pointer, count = op.operands
    target = pointer.type.pointee
    assert target is not None
    f.define(op.result, f"getelementptr {f.type(target)}, ptr {f.value(pointer)}, {f.typed(count)}")


@lowers("ptr.addr")
def _ptr_addr(f: FunctionLowering, op: Operation) -> None:
    f.define(op.result, f"ptrtoint ptr {f.value(op.operands[0])} to {f.word}")


@lowers("offset_of")
def _offset_of(f: FunctionLowering, op: Operation) -> None:
    type = op.attrs["of"]
    declaration = f.module.types[type.name]
    f.alias(op.result, str(field_offsets(declaration, f.module)[declaration.index(op.attrs["field"]) or 0]))


@lowers("size_of", "align_of")
def _layout(f: FunctionLowering, op: Operation) -> None:
    layout = layout_of(op.attrs["of"], f.module)
    f.alias(op.result, str(layout.size if op.name == "size_of" else layout.align))
