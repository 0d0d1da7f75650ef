"""Enums: their discriminant, and what one holds.

Example: ``discriminant %o`` loads the tag, which stands in front, in as many bits as the variants need.
"""

from __future__ import annotations

from altru_ir.backend.lower.function import FunctionLowering
from altru_ir.backend.lower.registry import lowers
from altru_ir.backend.lower.types import result_type
from altru_ir.layout import enum_layout
from altru_ir.module import TypeDeclaration
from altru_ir.ops.enums import variants_of
from altru_ir.types import UNIT, NamedType, PlaceType, Type
from altru_ir.values import Operation, Value


def enum_parts(f: FunctionLowering, type: Type) -> tuple[TypeDeclaration, int, int]:
    """The declaration, how many bits the tag has, and at which byte the payload begins."""
    assert isinstance(type, NamedType)
    declaration = f.module.types[type.name]
    _, bits, offset = enum_layout(declaration, f.module)
    return declaration, bits, offset


@lowers("enum")
def _enum(f: FunctionLowering, op: Operation) -> None:
    type = op.result.type
    declaration, bits, offset = enum_parts(f, type)
    storage = f.scratch(type)
    f.line(f"store i{bits} {declaration.index(op.attrs['variant'])}, ptr {storage}, align {f.align(type)}")
    if op.operands and result_type(op.operands[0].type, f.module) != "void":
        place = f.emit(f"getelementptr inbounds nuw i8, ptr {storage}, {f.word} {offset}")
        f.line(f"store {f.typed(op.operands[0])}, ptr {place}, align {f.align(op.operands[0].type)}")
    f.define(op.result, f"load {f.type(type)}, ptr {storage}, align {f.align(type)}")


def _spill(f: FunctionLowering, value: Value) -> str:
    storage = f.scratch(value.type)
    f.line(f"store {f.typed(value)}, ptr {storage}, align {f.align(value.type)}")
    return storage


def _enum_storage(f: FunctionLowering, given: Value) -> tuple[str, Type]:
    """Where an enum is in memory (a value is put there), and its type."""
    if isinstance(given.type, PlaceType):
        return f.place(given)[0], given.type.target
    return _spill(f, given), given.type


@lowers("discriminant")
def _discriminant(f: FunctionLowering, op: Operation) -> None:
    storage, type = _enum_storage(f, op.operands[0])
    _, bits, _ = enum_parts(f, type)
    tag = f.emit(f"load i{bits}, ptr {storage}, align {f.align(type)}")
    if bits == 32:
        f.alias(op.result, tag)
    else:
        f.define(op.result, f"zext i{bits} {tag} to i32")


@lowers("switch_enum")
def _switch_enum(f: FunctionLowering, op: Operation) -> None:
    storage, type = _enum_storage(f, op.operands[0])
    declaration, bits, offset = enum_parts(f, type)
    tag = f.emit(f"load i{bits}, ptr {storage}, align {f.align(type)}")
    payloads = {} if op.operands[0].type.is_place else variants_of(type, f.module) or {}
    given: dict[int, list[str]] = {}
    for index, successor in enumerate(op.successors):
        payload = UNIT if successor.case is None else payloads.get(successor.case, UNIT)
        if payload is not UNIT:
            # Read before the branch, whichever variant is there: the bytes are ours, and the other arms never look.
            place = f.emit(f"getelementptr inbounds nuw i8, ptr {storage}, {f.word} {offset}")
            given[index] = [f.emit(f"load {f.type(payload)}, ptr {place}, align {f.align(payload)}")]
    labels = f.edges(op, given)
    cases = [(declaration.index(s.case), label) for s, label in zip(op.successors, labels, strict=True) if s.case is not None]
    if op.successors and op.successors[-1].case is None:
        default = labels[-1]
    else:
        default = f.fresh_label("never")
        f.after_terminator.append(f"{default}:\n  unreachable")
    shown = " ".join(f"i{bits} {_tag(number, bits)}, label %{label}" for number, label in cases)
    f.finish(f"switch i{bits} {tag}, label %{default} [ {shown} ]")


def _tag(number: int | None, bits: int) -> int:
    """A tag as LLVM prints it, signed."""
    number = number or 0
    return number - (1 << bits) if number >> (bits - 1) else number
