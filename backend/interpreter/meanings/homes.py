"""Arenas, pools and the frame."""

from __future__ import annotations

from typing import Any

from altru_ir.backend.interpreter.code import Slots, Stage, Step, means
from altru_ir.backend.interpreter.faults import fault
from altru_ir.backend.interpreter.machine import Machine
from altru_ir.backend.interpreter.meanings.owners import array_maker
from altru_ir.backend.interpreter.meanings.raw import DEFAULT_ALIGNMENT, NULL
from altru_ir.backend.interpreter.memory import ARENA_CELL, FRAME, POOL_SLOT, Allocation, Pointer
from altru_ir.runtime.panic_kinds import describe
from altru_ir.types import ArrayType, PoolType, RefType, Type
from altru_ir.values import Operation

STACK = 1 << 20
"""How many bytes an activation may take from the stack."""


class Arena:
    """What an arena has lent."""

    def __init__(self) -> None:
        self.cells: list[Allocation] = []

    def reset(self, machine: Machine, how: str, op: Operation | None) -> None:
        """Takes it all back."""
        for cell in self.cells:
            if not cell.how:
                if cell.tree is not None:
                    cell.tree.deallocate(cell.tree.root, op)
                machine.memory.end(cell, how, op)
        self.cells = []


class Pool:
    """What a pool has lent to owners, and what was left to it; a handle is an index and how often it had been used before."""

    def __init__(self, maximum: int | None = None) -> None:
        self.maximum = maximum
        self.left: list[Allocation | None] = []  # by the index of the handle
        self.generations: list[int] = []
        self.free: list[int] = []
        self.lent: dict[Allocation, None] = {}

    def is_full(self) -> bool:
        return self.maximum is not None and len(self.left) - len(self.free) + len(self.lent) >= self.maximum

    def lend(self, made: Allocation) -> None:
        """Gives an object a slot that an owner has."""
        made.resource = self
        self.lent[made] = None

    def put(self, made: Allocation) -> int:
        """Gives an object a slot, and a handle: its index."""
        made.resource = self
        if self.free:
            index = self.free.pop()
            self.left[index] = made
        else:
            index = len(self.left)
            self.left.append(made)
            self.generations.append(0)
        return index

    def remove(self, index: int) -> None:
        """Ends a handle."""
        self.left[index] = None
        self.generations[index] += 1
        self.free.append(index)

    def slot_back(self, made: Allocation) -> None:
        """The object of an owner is gone; also of one that was made from a pointer to what was left here."""
        if made in self.lent:
            del self.lent[made]
        else:
            self.remove(self.left.index(made))

    def kept(self) -> list[Allocation]:
        """Objects that were left to the pool, in the order in which they are dropped."""
        return [object for object in self.left if object is not None]

    @property
    def cells(self) -> list[Allocation]:
        """All slots that are in use."""
        return [*self.kept(), *self.lent]

    def end(self, machine: Machine, op: Operation) -> None:
        """The pool takes its memory along."""
        for object in self.cells:
            if not object.how:
                machine.memory.end(object, "gone with its pool", op)


def resource_behind(stage: Stage, reference: Pointer, type: Type, op: Operation) -> Any:
    """What the machine keeps for the resource that a reference leads to."""
    codec = stage.codec(type)
    handle = codec.decode(stage.machine.memory.read(reference, codec.size, codec.align, op), op)
    if handle.allocation is None or handle.allocation.resource is None:
        raise fault("ALT-I002", f"these bytes are no `{type}`", op)
    if handle.allocation.how:
        shown = f"use of {handle.allocation} after it was {handle.allocation.how}"
        raise fault("ALT-F002", shown, op, created=handle.allocation)
    return handle.allocation.resource


def arena_behind(stage: Stage, reference: Pointer, op: Operation) -> Arena:
    """The arena that a reference leads to."""
    from altru_ir.types import ARENA

    return resource_behind(stage, reference, ARENA, op)  # type: ignore[no-any-return]


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
