"""Places: where something is, and what is read and written there.

Example: ``load`` of ``field %p, v`` is a ``getelementptr`` and a ``load``.
"""

from __future__ import annotations

from altru_ir.backend.lower.function import FunctionLowering, Storage
from altru_ir.backend.lower.ops.enums import enum_parts
from altru_ir.backend.lower.registry import lowers
from altru_ir.backend.lower.types import LoweringError, dimensions_of
from altru_ir.layout import layout_of
from altru_ir.types import ArrayType, Type
from altru_ir.values import Operation


def project(f: FunctionLowering, op: Operation, base: Storage | None) -> Storage:
    """The storage that projection ``op`` leads to from ``base`` (None for a root)."""
    if op.name == "deref":
        pointer = op.operands[0]
        if base is None:
            return _behind(f, f.value(pointer), pointer.type)
        held = f.content(pointer)
        loaded = f.emit(f"load {f.type(held)}, ptr {base[0]}, align {f.align(held)}")
        return _behind(f, loaded, held)
    if op.name == "local":
        return f.storage[op.result]
    if op.name == "global":
        return f.owner.symbol(op.attrs["symbol"]), ()
    assert base is not None
    address, lengths = base
    held = f.content(op.operands[0])
    if op.name == "field":
        declaration = f.module.types[held.name]  # type: ignore[attr-defined]
        index = 0 if declaration.kind == "union" else declaration.index(op.attrs["field"])
        if declaration.kind == "union":
            return address, ()
        step = f"getelementptr inbounds nuw {f.type(held)}, ptr {address}, i32 0, i32 {index}"
        return f.emit(step), ()
    if op.name == "variant":
        _, _, offset = enum_parts(f, held)
        return f.emit(f"getelementptr inbounds nuw i8, ptr {address}, {f.word} {offset}"), ()
    if op.name == "assume_init":
        return base
    if op.name == "elem":
        assert isinstance(held, ArrayType)
        indices = op.operands[1:]
        if not held.is_unsized:
            shown = ", ".join(f"{f.word} {f.value(i)}" for i in indices)
            return f.emit(f"getelementptr inbounds nuw {f.type(held)}, ptr {address}, {f.word} 0, {shown}"), ()
        flat = f.value(indices[0])
        for inner, length in zip(indices[1:], lengths[1:], strict=True):
            row = f.emit(f"mul nuw nsw {f.word} {flat}, {length}")
            flat = f.emit(f"add nuw nsw {f.word} {row}, {f.value(inner)}")
        return f.emit(f"getelementptr inbounds nuw {f.type(held.element)}, ptr {address}, {f.word} {flat}"), ()
    if op.name == "subrange":
        assert isinstance(held, ArrayType)
        low, high = op.operands[1:]
        unit = held.element  # what the address advances by: an element, or a row of known length
        if not held.is_unsized and len(held.dimensions) > 1:
            unit = ArrayType(held.dimensions[1:], held.element)
        distance = f.value(low)
        for length in lengths[1:]:
            distance = f.emit(f"mul nuw nsw {f.word} {distance}, {length}")
        start = f.emit(f"getelementptr inbounds nuw {f.type(unit)}, ptr {address}, {f.word} {distance}")
        return start, (f.emit(f"sub nuw {f.word} {f.value(high)}, {f.value(low)}"), *lengths[1:])
    raise LoweringError(f"`{op.name}` cannot be compiled yet{f.where(op)}")


def _behind(f: FunctionLowering, pointer: str, type: Type) -> Storage:
    count = dimensions_of(type)
    if not count:
        return pointer, ()
    whole = f.type(type)
    parts = [f.emit(f"extractvalue {whole} {pointer}, {index}") for index in range(count + 1)]
    return parts[0], tuple(parts[1:])


@lowers("local")
def _local(f: FunctionLowering, op: Operation) -> None:
    held = f.content(op.result)
    align = max(f.align(held), op.attrs.get("alignment", 1))
    name = op.result.spelled
    f.allocas.append(f"  {name} = alloca {f.type(held)}, align {align}")
    f.storage[op.result] = (name, ())


@lowers("deref", "field", "variant", "elem", "subrange", "global")
def _projection(f: FunctionLowering, op: Operation) -> None:
    """A stable path is computed here; one that reads a pointer from memory is left to each access."""
    if not op.operands or not op.operands[0].type.is_place:
        f.storage[op.result] = project(f, op, None)
    elif op.name != "deref" and op.operands[0] in f.storage:
        f.storage[op.result] = project(f, op, f.storage[op.operands[0]])


def _volatile(op: Operation) -> str:
    return "volatile " if op.attrs.get("volatile") else ""


@lowers("assume_init")
def _assume_init(f: FunctionLowering, op: Operation) -> None:
    if op.result.type.is_place:
        _projection(f, op)
    else:
        f.alias(op.result, f.value(op.operands[0]))


@lowers("load", "take")
def _load(f: FunctionLowering, op: Operation) -> None:
    address, _ = f.place(op.operands[0])
    type = op.result.type
    f.define(op.result, f"load {_volatile(op)}{f.type(type)}, ptr {address}, align {f.align(type)}")


@lowers("init", "assign")
def _store(f: FunctionLowering, op: Operation) -> None:
    place, value = op.operands
    address, _ = f.place(place)
    f.line(f"store {_volatile(op)}{f.typed(value)}, ptr {address}, align {f.align(value.type)}")


@lowers("secure_zero")
def _secure_zero(f: FunctionLowering, op: Operation) -> None:
    """A volatile store of zeros: no pass takes it away, even when the memory is released right after."""
    address, lengths = f.place(op.operands[0])
    held = f.content(op.operands[0])
    if isinstance(held, ArrayType) and held.is_unsized:
        size = str(layout_of(held.element, f.module).size)
        for length in lengths:
            size = f.emit(f"mul nuw {f.word} {size}, {length}")
    else:
        size = str(layout_of(held, f.module).size)
    f.line(f.intrinsic("void", f"llvm.memset.p0.{f.word}", [f"ptr {address}", "i8 0", f"{f.word} {size}", "i1 true"]))


@lowers("exchange")
def _exchange(f: FunctionLowering, op: Operation) -> None:
    place, value = op.operands
    address, _ = f.place(place)
    align = f.align(value.type)
    f.define(op.result, f"load {f.type(value.type)}, ptr {address}, align {align}")
    f.line(f"store {f.typed(value)}, ptr {address}, align {align}")


@lowers("borrow")
def _borrow(f: FunctionLowering, op: Operation) -> None:
    address, lengths = f.place(op.operands[0])
    f.alias(op.result, f.pack(op.result.type, [address, *lengths]) if lengths else address)


@lowers("dim")
def _dim(f: FunctionLowering, op: Operation) -> None:
    place = op.operands[0]
    held = f.content(place)
    assert isinstance(held, ArrayType)
    axis: int = op.attrs["axis"]
    known = held.dimensions[axis]
    f.alias(op.result, str(known) if known is not None else f.place(place)[1][axis])


@lowers("global.ref", "func.ref")
def _symbol(f: FunctionLowering, op: Operation) -> None:
    f.alias(op.result, f.owner.symbol(op.attrs["symbol"]))
