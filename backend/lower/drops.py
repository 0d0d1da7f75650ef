"""Drops: what ceases to be there, and what runs then.

Drops have been elaborated: a ``drop`` is of a whole that is there (with ``if``, when its flag is set), and ``end`` is of
storage alone. A drop of what needs none is nothing, an owner of what needs none is given back on the spot, and anything else
is a call of its type's glue (``drop_glue.py``).

    drop %o                    call void @"altru.drop.own<@Pair>"(ptr %o)
    drop %place, if %flag      br i1 %flag, ...
"""

from __future__ import annotations

from altru_ir.backend.lower.function import FunctionLowering
from altru_ir.backend.lower.registry import lowers
from altru_ir.backend.lower.releases import release, site_of, thin
from altru_ir.backend.lower.types import LoweringError, dimensions_of
from altru_ir.marks import needs_drop
from altru_ir.types import ArrayType, OwnType, PlaceType, Type
from altru_ir.values import Operation, Value


@lowers("forget")
def _forget(f: FunctionLowering, op: Operation) -> None:
    """What is forgotten stays behind."""


@lowers("end")
def _end(f: FunctionLowering, op: Operation) -> None:
    held = f.content(op.operands[0])
    if needs_drop(held, f.module) and not op.attrs.get("dead"):
        raise LoweringError(f"`end` of a `{held}` cannot be compiled{f.where(op)}: run `elaborate-drops` first")


@lowers("drop")
def _drop(f: FunctionLowering, op: Operation) -> None:
    dropped = op.operands[0]
    held = dropped.type.target if isinstance(dropped.type, PlaceType) else dropped.type
    if not needs_drop(held, f.module):
        return
    if op.attrs.get("rest"):
        raise LoweringError(f"`drop` of the rest of a `{held}` cannot be compiled{f.where(op)}: run `elaborate-drops` first")
    condition = op.decl.bind(op)["condition"]
    gone = f.fresh_label("dropped")
    if condition:
        present = f.fresh_label("present")
        f.line(f"br i1 {f.value(condition[0])}, label %{present}, label %{gone}")
        f.start(present)
    if isinstance(dropped.type, PlaceType):
        drop_place(f, op, held, *f.place(dropped))
    else:
        drop_value(f, op, dropped)
    if condition:
        f.line(f"br label %{gone}")
        f.start(gone)


def drop_value(f: FunctionLowering, op: Operation, value: Value) -> None:
    """Drops a value on behalf of ``op``."""
    type = value.type
    if isinstance(type, OwnType):
        if not needs_drop(type.target, f.module) and type.release is None:
            release(f, thin(f, value), type, site_of(f, op))
            return
        arguments = [f"ptr {thin(f, value)}"]
        for index in range(dimensions_of(type)):
            arguments.append(f"{f.word} {f.emit(f'extractvalue {f.typed(value)}, {index + 1}')}")
        f.call(op, f"void {f.owner.glue.of(type)}({', '.join(arguments)})")
        return
    scratch = f.scratch(type)
    f.line(f"store {f.typed(value)}, ptr {scratch}, align {f.align(type)}")
    drop_place(f, op, type, scratch)


def drop_place(f: FunctionLowering, op: Operation, type: Type, address: str, lengths: tuple[str, ...] = ()) -> None:
    """Drops what stands at an address on behalf of ``op``."""
    if isinstance(type, OwnType):
        loaded = Value(type, None)
        f.alias(loaded, f.emit(f"load {f.type(type)}, ptr {address}, align {f.align(type)}"))
        drop_value(f, op, loaded)
        return
    if type.is_unsized and not isinstance(type, ArrayType):
        raise LoweringError(f"`{op.name}` of a `{type}` cannot be compiled yet{f.where(op)}")
    arguments = [f"ptr {address}", *(f"{f.word} {length}" for length in lengths)]
    f.call(op, f"void {f.owner.glue.of(type)}({', '.join(arguments)})")


@lowers("cell.set")
def _cell_set(f: FunctionLowering, op: Operation) -> None:
    """The store comes first, so that it happens even when the drop of the old content panics."""
    cell, value = op.operands
    old = Value(value.type, None)
    if needs_drop(value.type, f.module):
        f.alias(old, f.emit(f"load {f.type(value.type)}, ptr {f.value(cell)}, align {f.align(value.type)}"))
    f.line(f"store {f.typed(value)}, ptr {f.value(cell)}, align {f.align(value.type)}")
    if needs_drop(value.type, f.module):
        drop_value(f, op, old)
