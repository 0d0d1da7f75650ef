"""Owners: making them, and giving up the duty to release."""

from __future__ import annotations

from typing import Any

from altru_ir.backend.interpreter.code import Slots, Stage, Step, means
from altru_ir.backend.interpreter.drops import free_owned
from altru_ir.backend.interpreter.faults import fault
from altru_ir.backend.interpreter.homes import arena_behind
from altru_ir.backend.interpreter.memory import ARENA_CELL, COLLECTED, OWNED, RAW, Allocation, Pointer
from altru_ir.marks import contains_gc
from altru_ir.runtime.panic_kinds import describe
from altru_ir.types import ArrayType, GcType, OwnType, PlaceType, PtrType, Type
from altru_ir.values import Operation


def room(stage: Stage, op: Operation, s: Slots, size: int, align: int, home: Any) -> Allocation:
    """Memory for what ``op`` makes: the collector's, the arena's behind ``home``, or the heap's. Panics without memory."""
    machine, type = stage.machine, op.result.type
    align = max(align, op.attrs.get("alignment", 1))
    if not machine.memory.fits(size):
        raise machine.panic(s[0].thread, describe("out_of_memory", size), op)
    if isinstance(type, GcType):
        made = machine.memory.allocate(size, align, COLLECTED, op)
        machine.collected.append(made)
        return made
    if home is not None:
        made = machine.memory.allocate(size, align, ARENA_CELL, op)
        arena_behind(stage, home(s), op).cells.append(made)
        return made
    made = machine.memory.allocate(size, align, OWNED, op)
    if type.pointee is not None and contains_gc(type.pointee, stage.module):
        machine.collected.append(made)  # traced, and released by its owner
    return made


def home_of(stage: Stage, op: Operation) -> Any:
    """A reader of the arena behind ``in``; None without one."""
    found = op.decl.bind(op)["home"]
    return stage.read(found[0], op) if found else None


@means("new")
def _new(stage: Stage, op: Operation) -> Step:
    value = op.operands[-1]
    read, codec, home, memory = stage.consume(value, op), stage.codec(value.type), home_of(stage, op), stage.machine.memory

    def run(s: Slots) -> Pointer:
        data = codec.encode(read(s))
        made = room(stage, op, s, codec.size, codec.align, home)
        made.data[:] = data
        made.type = value.type
        if codec.size == 0:
            memory.empties.add((made.base, value.type))
        return Pointer(made.base, made)

    return stage.define(op, run)


def array_maker(stage: Stage, op: Operation, length: int, rest: list[Any], sequence: ArrayType) -> Any:
    """A function of the slots: the dimensions, the size in bytes and the bytes that ``new.array`` and kin begin with."""
    rank = len(sequence.dimensions)
    lengths = [length, *(stage.slot(v) for v in rest[: rank - 1])]
    fill = stage.slot(rest[-1]) if len(rest) == rank else 0
    codec = stage.codec(sequence.element)
    limit = 1 << (stage.module.pointer_bits - 1)

    def prepare(s: Slots) -> tuple[tuple[int, ...], int, Any]:
        dimensions = tuple([s[k] for k in lengths])
        count = 1
        for dimension in dimensions:
            count *= dimension
        size = count * codec.size
        if size >= limit or not stage.machine.memory.fits(size):
            raise stage.machine.panic(s[0].thread, describe("out_of_memory", size), op)
        return dimensions, size, list(codec.encode(s[fill])) * count if fill else None

    return prepare


@means("new.array")
def _new_array(stage: Stage, op: Operation) -> Step:
    bound = op.decl.bind(op)
    sequence = op.result.type.pointee
    assert isinstance(sequence, ArrayType)
    prepare = array_maker(stage, op, stage.slot(bound["length"][0]), bound["rest"], sequence)
    home, align = home_of(stage, op), stage.codec(sequence.element).align

    def run(s: Slots) -> Pointer:
        dimensions, size, data = prepare(s)
        made = room(stage, op, s, size, align, home)
        if data is not None:
            made.data[:] = data
        made.type = sequence
        return Pointer(made.base, made, None, dimensions)

    return stage.define(op, run)


@means("dealloc")
def _dealloc(stage: Stage, op: Operation) -> Step:
    read, type, machine = stage.consume(op.operands[0], op), op.operands[0].type, stage.machine
    assert isinstance(type, OwnType)

    def run(s: Slots) -> None:
        pointer = read(s)
        if type.release is not None:
            raise fault("ALT-F003", f"`dealloc` of a `{type}`: only @{type.release} releases it", op)
        free_owned(machine, type, pointer, op)

    return run


@means("forget")
def _forget(stage: Stage, op: Operation) -> Step:
    read = stage.consume(op.operands[0], op)

    def run(s: Slots) -> None:
        read(s)

    return run


@means("own.into_ptr")
def _into_ptr(stage: Stage, op: Operation) -> Step:
    return stage.define(op, stage.consume(op.operands[0], op))


@means("own.from_ptr")
def _from_ptr(stage: Stage, op: Operation) -> Step:
    read, type = stage.read(op.operands[0], op), op.result.type
    assert isinstance(type, OwnType)

    def run(s: Slots) -> Pointer:
        pointer: Pointer = read(s)
        allocation = pointer.allocation
        if allocation is None:
            raise fault("ALT-I002", f"0x{pointer.address:x} is no pointer that a `{type}` can own", op)
        if allocation.how:
            raise fault("ALT-F002", f"use of {allocation} after it was {allocation.how}", op, created=allocation)
        return pointer

    return stage.define(op, run)


@means("secure_zero")
def _secure_zero(stage: Stage, op: Operation) -> Step:
    place = op.operands[0]
    assert isinstance(place.type, PlaceType)
    type: Type = place.type.target
    path, machine = stage.path(place), stage.machine

    def run(s: Slots) -> None:
        pointer = path(s)
        machine.memory.write(pointer, bytes(machine.extent(type, pointer)), machine.alignment(type, pointer), op)

    return run


__all__ = ["RAW", "PtrType", "array_maker", "home_of", "room"]
