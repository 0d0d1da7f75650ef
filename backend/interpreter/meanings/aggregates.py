"""Values made of parts: structs, tuples, arrays, unions, enums, and their switches."""

from __future__ import annotations

from typing import Any

from altru_ir.backend.interpreter.code import Control, Next, Segment, Slots, Stage, Step, means
from altru_ir.backend.interpreter.codec import plain
from altru_ir.backend.interpreter.faults import fault
from altru_ir.backend.interpreter.machine import Thread
from altru_ir.layout import enum_layout
from altru_ir.ops.aggregates import member_index
from altru_ir.ops.enums import variants_of
from altru_ir.types import UNIT, NamedType, PlaceType, Type
from altru_ir.values import Operation, Value


@means("struct", "tuple", "array")
def _build(stage: Stage, op: Operation) -> Step:
    readers = [stage.consume(v, op) for v in op.operands]
    return stage.define(op, lambda s: tuple([read(s) for read in readers]))


@means("extract")
def _extract(stage: Stage, op: Operation) -> Step:
    read = stage.read(op.operands[0], op)
    index = member_index(op.operands[0].type, op.attrs["member"], stage.module)
    return stage.define(op, lambda s: read(s)[index])


@means("destructure")
def _destructure(stage: Stage, op: Operation) -> Step:
    read = stage.consume(op.operands[0], op)
    targets = [stage.slot(r) for r in op.results]

    def run(s: Slots) -> None:
        for target, part in zip(targets, read(s), strict=True):
            s[target] = part

    return run


@means("union")
def _union(stage: Stage, op: Operation) -> Step:
    read, part = stage.consume(op.operands[0], op), stage.codec(op.operands[0].type)
    rest = [None] * (stage.codec(op.result.type).size - part.size)
    return stage.define(op, lambda s: (*part.encode(read(s)), *rest))


@means("phantom")
def _phantom(stage: Stage, op: Operation) -> Step:
    return stage.define(op, lambda s: None)


def variant_numbers(type: Type, stage: Stage) -> dict[str, int]:
    """The position of each variant of an enum."""
    return {name: index for index, name in enumerate(variants_of(type, stage.module) or {})}


@means("enum")
def _enum(stage: Stage, op: Operation) -> Step:
    index = variant_numbers(op.result.type, stage)[op.attrs["variant"]]
    if not op.operands:
        return stage.define(op, lambda s: (index, None))
    read = stage.consume(op.operands[0], op)
    return stage.define(op, lambda s: (index, read(s)))


def variant_of(stage: Stage, given: Value, op: Operation) -> Any:
    """A reader of the position of the variant of an enum value, or of the enum in a place."""
    if not isinstance(given.type, PlaceType):
        read = stage.read(given, op)
        return lambda s: read(s)[0]
    path, memory, type = stage.path(given), stage.machine.memory, given.type.target
    assert isinstance(type, NamedType)
    declaration = stage.module.types[type.name]
    _, bits, _ = enum_layout(declaration, stage.module)
    count, codec = len(declaration.members), stage.codec(type)

    def discriminant(s: Slots) -> int:
        pointer = path(s)
        memory.locate(pointer, 0, codec.align, False, op)
        data = memory.read(pointer, bits // 8, 1, op)
        index = int.from_bytes(plain(data, type, op), "little")
        if index >= count:
            raise fault("ALT-I002", f"{index} is no variant of `{type}`, which has {count}", op)
        return index

    return discriminant


@means("discriminant")
def _discriminant(stage: Stage, op: Operation) -> Step:
    return stage.define(op, variant_of(stage, op.operands[0], op))


@means("switch_enum")
def _switch_enum(stage: Stage, op: Operation) -> Control:
    given = op.operands[0]
    in_place = given.type.is_place
    type = given.type.target if isinstance(given.type, PlaceType) else given.type
    variants = variants_of(type, stage.module) or {}
    edges: dict[int, Any] = {}
    otherwise: Any = None
    for successor in op.successors:
        if successor.case is None:
            otherwise = stage.edge(successor, op)
        else:
            own = int(not in_place and variants[successor.case] is not UNIT)
            edges[list(variants).index(successor.case)] = stage.edge(successor, op, own)
    if in_place:
        tell = variant_of(stage, given, op)

        def look(thread: Thread, s: Slots, after: Segment) -> Next:
            return edges.get(tell(s), otherwise)(s, None), s

        return Control(look)
    read = stage.consume(given, op)

    def open(thread: Thread, s: Slots, after: Segment) -> Next:
        index, payload = read(s)
        return edges.get(index, otherwise)(s, payload), s

    return Control(open)
