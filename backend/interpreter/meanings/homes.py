"""Arenas, pools and the frame."""

from __future__ import annotations

from typing import Any

from altru_ir.backend.interpreter.code import Slots, Stage, Step, means
from altru_ir.backend.interpreter.homes import Arena, Pool, arena_behind, resource_behind
from altru_ir.backend.interpreter.meanings.owners import array_maker
from altru_ir.backend.interpreter.meanings.raw import DEFAULT_ALIGNMENT, NULL
from altru_ir.backend.interpreter.memory import ARENA_CELL, FRAME, POOL_SLOT, Allocation, Pointer
from altru_ir.runtime.panic_kinds import describe
from altru_ir.types import ArrayType, PoolType, RefType
from altru_ir.values import Operation

STACK = 1 << 20
"""How many bytes an activation may take from the stack."""


ARENA_ITSELF = 64
"""Bytes of an arena that holds nothing."""


@means("arena.new")
def _arena_new(stage: Stage, op: Operation) -> Step:
    machine = stage.machine

    def run(s: Slots) -> Pointer:
        if not machine.memory.fits(ARENA_ITSELF):
            raise machine.panic(s[0].thread, describe("out_of_memory", ARENA_ITSELF), op)
        return machine.handle(Arena(), "arena", op)

    return stage.define(op, run)


@means("pool.new")
def _pool_new(stage: Stage, op: Operation) -> Step:
    type, machine = op.result.type, stage.machine
    assert isinstance(type, PoolType)
    maximum, prewarmed = op.attrs.get("maximum"), op.attrs.get("prewarm", 0) * stage.codec(type.target).size

    def run(s: Slots) -> Pointer:
        if not machine.memory.fits(prewarmed):
            raise machine.panic(s[0].thread, describe("out_of_memory", prewarmed), op)
        return machine.handle(Pool(maximum), "pool", op)

    return stage.define(op, run)


@means("arena.alloc")
def _arena_alloc(stage: Stage, op: Operation) -> Step:
    arena, value = stage.read(op.operands[0], op), op.operands[1]
    read, codec, machine = stage.consume(value, op), stage.codec(value.type), stage.machine

    def run(s: Slots) -> Pointer:
        home = arena_behind(stage, arena(s), op)
        data = codec.encode(read(s))
        if not machine.memory.fits(codec.size):
            raise machine.panic(s[0].thread, describe("out_of_memory", codec.size), op)
        made = machine.memory.allocate(codec.size, codec.align, ARENA_CELL, op)
        made.data[:] = data
        made.type = value.type
        home.cells.append(made)
        return machine.reborrow(Pointer(made.base, made), value.type, True, op)

    return stage.define(op, run)


@means("arena.alloc_array")
def _arena_alloc_array(stage: Stage, op: Operation) -> Step:
    arena, sequence, machine = stage.read(op.operands[0], op), op.result.type.pointee, stage.machine
    assert isinstance(sequence, ArrayType)
    prepare = array_maker(stage, op, stage.slot(op.operands[1]), op.operands[2:], sequence)
    align = stage.codec(sequence.element).align

    def run(s: Slots) -> Pointer:
        home = arena_behind(stage, arena(s), op)
        dimensions, size, data = prepare(s)
        made = machine.memory.allocate(size, align, ARENA_CELL, op)
        if data is not None:
            made.data[:] = data
        home.cells.append(made)
        return machine.reborrow(Pointer(made.base, made, None, dimensions), sequence, True, op)

    return stage.define(op, run)


@means("arena.alloc_raw")
def _arena_alloc_raw(stage: Stage, op: Operation) -> Step:
    arena, size, memory = stage.read(op.operands[0], op), stage.slot(op.operands[1]), stage.machine.memory
    align = max(DEFAULT_ALIGNMENT, op.attrs.get("alignment", 1))

    def run(s: Slots) -> Pointer:
        home = arena_behind(stage, arena(s), op)
        if not memory.fits(s[size]):
            return NULL
        made = memory.allocate(s[size], align, ARENA_CELL, op)
        home.cells.append(made)
        return Pointer(made.base, made)

    return stage.define(op, run)


@means("arena.reset")
def _arena_reset(stage: Stage, op: Operation) -> Step:
    read, machine = stage.consume(op.operands[0], op), stage.machine

    def run(s: Slots) -> None:
        arena_behind(stage, read(s), op).reset(machine, "taken back by `arena.reset`", op)

    return run


# -- pools ----------------------------------------------------------------------------------------------------------------


def _pool_type(op: Operation) -> PoolType:
    reference = op.operands[0].type
    assert isinstance(reference, RefType)
    assert isinstance(reference.target, PoolType)
    return reference.target


def pool_behind(stage: Stage, reference: Pointer, op: Operation) -> Pool:
    """The pool that the first operand leads to."""
    return resource_behind(stage, reference, _pool_type(op), op)  # type: ignore[no-any-return]


@means("pool.acquire", "pool.insert")
def _pool_put(stage: Stage, op: Operation) -> Step:
    pool, value = stage.read(op.operands[0], op), op.operands[1]
    read, codec, machine = stage.consume(value, op), stage.codec(value.type), stage.machine
    owns = op.name == "pool.acquire"

    def run(s: Slots) -> Any:
        home = pool_behind(stage, pool(s), op)
        data = codec.encode(read(s))
        if home.is_full() or not machine.memory.fits(codec.size):
            raise machine.panic(s[0].thread, describe("out_of_memory", codec.size), op)
        made = machine.memory.allocate(codec.size, codec.align, POOL_SLOT, op)
        made.data[:] = data
        made.type = value.type
        if codec.size == 0:
            machine.memory.empties.add((made.base, value.type))
        if owns:
            home.lend(made)
            return Pointer(made.base, made)
        index = home.put(made)
        return index, home.generations[index]

    return stage.define(op, run)


def slot_of(stage: Stage, home: Pool, handle: tuple[int, int], s: Slots, op: Operation) -> Allocation:
    """The object of a handle. Panics when it has been removed."""
    index, generation = handle
    slot = home.left[index] if index < len(home.left) else None
    if slot is None or home.generations[index] != generation:
        raise stage.machine.panic(s[0].thread, "pool handle is stale: its object has been removed", op)
    return slot


@means("pool.get", "pool.get_mut")
def _pool_get(stage: Stage, op: Operation) -> Step:
    pool, handle, type = stage.read(op.operands[0], op), stage.slot(op.operands[1]), _pool_type(op).target
    mutable, machine = op.name == "pool.get_mut", stage.machine

    def run(s: Slots) -> Pointer:
        slot = slot_of(stage, pool_behind(stage, pool(s), op), s[handle], s, op)
        return machine.reborrow(Pointer(slot.base, slot), type, mutable, op)

    return stage.define(op, run)


@means("pool.remove")
def _pool_remove(stage: Stage, op: Operation) -> Step:
    pool, handle, type = stage.read(op.operands[0], op), stage.slot(op.operands[1]), _pool_type(op).target
    machine, codec = stage.machine, stage.codec(type)

    def run(s: Slots) -> Any:
        home = pool_behind(stage, pool(s), op)
        slot = slot_of(stage, home, s[handle], s, op)
        value = codec.decode(machine.memory.read(Pointer(slot.base, slot), codec.size, codec.align, op), op)
        if slot.tree is not None:
            slot.tree.deallocate(slot.tree.root, op)
        home.remove(s[handle][0])
        machine.memory.end(slot, "removed from its pool", op)
        return value

    return stage.define(op, run)


# -- the frame --------------------------------------------------------------------------------------------------------------


@means("stack.alloc")
def _stack_alloc(stage: Stage, op: Operation) -> Step:
    length, machine, sequence = stage.slot(op.operands[0]), stage.machine, op.result.type.pointee
    assert isinstance(sequence, ArrayType)
    codec = stage.codec(sequence.element)

    def run(s: Slots) -> Pointer:
        size = s[length] * codec.size
        if size > STACK or not machine.memory.fits(size):
            raise machine.panic(s[0].thread, describe("out_of_memory", size), op)
        made = machine.memory.allocate(size, codec.align, FRAME, op)
        s[0].others.append(made)
        return machine.reborrow(Pointer(made.base, made, None, (s[length],)), sequence, True, op)

    return stage.define(op, run)


@means("stack.alloc_raw")
def _stack_alloc_raw(stage: Stage, op: Operation) -> Step:
    size, memory = stage.slot(op.operands[0]), stage.machine.memory
    align = max(DEFAULT_ALIGNMENT, op.attrs.get("alignment", 1))

    def run(s: Slots) -> Pointer:
        if s[size] > STACK or not memory.fits(s[size]):
            return NULL
        made = memory.allocate(s[size], align, FRAME, op)
        s[0].others.append(made)
        return Pointer(made.base, made)

    return stage.define(op, run)
