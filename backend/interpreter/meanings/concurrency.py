"""Cells, atomics, mutexes and threads."""

from __future__ import annotations

from typing import Any

from altru_ir import scalars
from altru_ir.backend.interpreter.code import Control, Next, Segment, Slots, Stage, Step, means
from altru_ir.backend.interpreter.drops import drop_value
from altru_ir.backend.interpreter.faults import fault
from altru_ir.backend.interpreter.joins import wait_for
from altru_ir.backend.interpreter.locks import Lock
from altru_ir.backend.interpreter.machine import Blocked, Thread
from altru_ir.backend.interpreter.meanings.scalars import width
from altru_ir.backend.interpreter.memory import Allocation, Pointer
from altru_ir.backend.interpreter.races import Clock, Races, pass_clock
from altru_ir.marks import needs_drop
from altru_ir.ops.control import call_arguments
from altru_ir.types import AtomicType, MutexType, PtrType, RefType, Type
from altru_ir.values import Operation

# -- cells ----------------------------------------------------------------------------------------------------------------


def _inner(op: Operation) -> Type:
    """What the cell or atomic behind the first operand holds."""
    pointer = op.operands[0].type
    assert isinstance(pointer, (RefType, PtrType))
    held = pointer.target
    return held if isinstance(pointer, PtrType) and not isinstance(held, AtomicType) else held.target  # type: ignore[attr-defined]


@means("cell.new", "atomic.new", "mutex.new")
def _new(stage: Stage, op: Operation) -> Step:
    return stage.define(op, stage.consume(op.operands[0], op))


@means("cell.get")
def _get(stage: Stage, op: Operation) -> Step:
    cell, codec, memory = stage.slot(op.operands[0]), stage.codec(op.result.type), stage.machine.memory
    return stage.define(op, lambda s: codec.decode(memory.read(s[cell], codec.size, codec.align, op), op))


@means("cell.set")
def _set(stage: Stage, op: Operation) -> Step | Control:
    cell, type = stage.slot(op.operands[0]), op.operands[1].type
    read, codec, memory, machine = stage.consume(op.operands[1], op), stage.codec(type), stage.machine.memory, stage.machine
    if not needs_drop(type, stage.module):

        def store(s: Slots) -> None:
            memory.write(s[cell], codec.encode(read(s)), codec.align, op)

        return store

    def run(thread: Thread, s: Slots, after: Segment) -> Next:
        pointer, value = s[cell], read(s)

        def work() -> Any:
            """The old value is dropped behind the store, for its destructor may look into the cell."""
            old = codec.decode(memory.read(pointer, codec.size, codec.align, op), op)
            memory.write(pointer, codec.encode(value), codec.align, op)
            yield from drop_value(machine, thread, type, old, op)

        return machine.start(thread, work(), s, after)

    return Control(run)


@means("cell.exchange")
def _exchange(stage: Stage, op: Operation) -> Step:
    cell, type = stage.slot(op.operands[0]), op.operands[1].type
    read, codec, memory = stage.consume(op.operands[1], op), stage.codec(type), stage.machine.memory

    def run(s: Slots) -> Any:
        old = codec.decode(memory.read(s[cell], codec.size, codec.align, op), op)
        memory.write(s[cell], codec.encode(read(s)), codec.align, op)
        return old

    return stage.define(op, run)


# -- atomics --------------------------------------------------------------------------------------------------------------


class Atomic:
    """One atomic location as an operation of it sees it."""

    def __init__(self, stage: Stage, op: Operation) -> None:
        self.slot = stage.slot(op.operands[0])
        self.type = _inner(op)
        self.codec = stage.codec(self.type)
        self.machine = stage.machine
        self.op = op

    def access(self, s: Slots, order: str, reads: bool, writes: bool) -> tuple[Allocation, int]:
        """The bytes, after the rules of an access and the ordering of this one."""
        machine, codec, pointer = self.machine, self.codec, s[self.slot]
        memory = machine.memory
        races, memory.races = memory.races, None  # rule 6 in its atomic form below
        try:
            allocation, offset = memory.locate(pointer, codec.size, codec.size, writes, self.op)
        finally:
            memory.races = races
        if races is not None:
            races.access(allocation, offset, codec.size, writes, self.op, atomic=True)
            races.atomic(machine.current, (pointer.address, codec.size), order, reads, writes)
        return allocation, offset

    def get(self, allocation: Allocation, offset: int) -> Any:
        return self.codec.decode(allocation.data[offset : offset + self.codec.size], self.op)

    def put(self, allocation: Allocation, offset: int, value: Any) -> None:
        allocation.data[offset : offset + self.codec.size] = self.codec.encode(value)


def _at_a_point(step: Step) -> Control:
    """An operation on shared memory: another thread may go before it."""

    def run(thread: Thread, s: Slots, after: Segment) -> Next:
        step(s)
        return after, s

    return Control(run, point=True)


@means("atomic.load")
def _load(stage: Stage, op: Operation) -> Control:
    atomic, order = Atomic(stage, op), op.attrs["order"]
    return _at_a_point(stage.define(op, lambda s: atomic.get(*atomic.access(s, order, True, False))))


@means("atomic.store")
def _store(stage: Stage, op: Operation) -> Control:
    atomic, order, value = Atomic(stage, op), op.attrs["order"], stage.slot(op.operands[1])

    def run(s: Slots) -> None:
        atomic.put(*atomic.access(s, order, False, True), s[value])

    return _at_a_point(run)


@means("atomic.rmw")
def _rmw(stage: Stage, op: Operation) -> Control:
    atomic, order, value, kind = Atomic(stage, op), op.attrs["order"], stage.slot(op.operands[1]), op.attrs["operation"]
    bits = width(atomic.type, stage) if atomic.type.is_integer else 0
    mask = (1 << bits) - 1

    def combine(old: Any, given: Any) -> Any:
        if kind == "exchange":
            return given
        if kind == "nand":
            return ~(old & given) & mask
        return scalars.integer(kind, bits, old, given)

    def run(s: Slots) -> Any:
        at = atomic.access(s, order, True, True)
        old = atomic.get(*at)
        atomic.put(*at, combine(old, s[value]))
        return old

    return _at_a_point(stage.define(op, run))


@means("atomic.cmpxchg")
def _cmpxchg(stage: Stage, op: Operation) -> Control:
    atomic, order, failure = Atomic(stage, op), op.attrs["order"], op.attrs["failure"]
    expected, new = stage.slot(op.operands[1]), stage.slot(op.operands[2])
    old_slot, done_slot = (stage.slot(r) for r in op.results)

    def same(a: Any, b: Any) -> bool:
        return bool(a.address == b.address) if isinstance(a, Pointer) else bits_of(a) == bits_of(b)

    def bits_of(value: Any) -> Any:
        return bytes(atomic.codec.encode(value))

    def run(s: Slots) -> None:
        allocation, offset = atomic.machine.memory.locate(s[atomic.slot], 0, 1, False, op)  # its value decides the access
        pointer = s[atomic.slot]
        if pointer.allocation is not None and not pointer.allocation.how:
            first = pointer.address - pointer.allocation.base
            data = pointer.allocation.data[first : first + atomic.codec.size]
            stores = len(data) == atomic.codec.size and None not in data and same(atomic.codec.decode(data, op), s[expected])
        else:
            stores = False
        allocation, offset = atomic.access(s, order if stores else failure, True, stores)
        s[old_slot] = atomic.get(allocation, offset)
        s[done_slot] = int(stores)
        if stores:
            atomic.put(allocation, offset, s[new])

    return _at_a_point(run)


@means("fence")
def _fence(stage: Stage, op: Operation) -> Control:
    machine, order = stage.machine, op.attrs["order"]

    def run(s: Slots) -> None:
        if machine.memory.races is not None:
            machine.memory.races.fence(machine.current, order)

    return _at_a_point(run)


# -- mutexes --------------------------------------------------------------------------------------------------------------


@means("lock")
def _lock(stage: Stage, op: Operation) -> Control:
    mutex, machine, result = stage.slot(op.operands[0]), stage.machine, stage.slot(op.result)
    reference = op.operands[0].type
    assert isinstance(reference, RefType)
    assert isinstance(reference.target, MutexType)
    type, codecs = reference.target, machine.codecs
    offset = max(codecs.word, codecs.of(type.target).align)
    size, align = codecs.of(type).size, codecs.of(type).align

    def run(thread: Thread, s: Slots, after: Segment) -> Next:
        pointer: Pointer = s[mutex]
        races, machine.memory.races = machine.memory.races, None  # the lock itself is no access that could race
        try:
            allocation, _ = machine.memory.locate(pointer, size, align, False, op)
        finally:
            machine.memory.races = races
        locks = machine.locks
        lock = locks.setdefault(pointer.address, Lock())
        if lock.holder is thread:
            raise machine.panic(thread, "mutex is locked by this thread already", op)
        if lock.holder is not None:
            raise Blocked(lambda: lock.holder is None, f"{allocation} is locked by {lock.holder.name}")
        lock.holder, lock.where = thread, op
        thread.clock.join(lock.clock)
        s[result] = Pointer(pointer.address + offset, allocation, pointer.tag)
        machine.guards[pointer.address + offset] = pointer.address
        return after, s

    return Control(run, point=True)


# -- threads --------------------------------------------------------------------------------------------------------------


@means("spawn")
def _spawn(stage: Stage, op: Operation) -> Control:
    machine, scope_at = stage.machine, op.decl.bind(op)["scope"]
    fixed = len(scope_at)
    scope_path = stage.path(scope_at[0]) if scope_at else None
    readers = [stage.consume(v, op) for v in call_arguments(op, fixed)]
    name = op.attrs.get("callee")
    pointer = 0 if name is not None else stage.slot(op.operands[fixed])
    result = stage.slot(op.result)
    word = machine.codecs.word

    def run(thread: Thread, s: Slots, after: Segment) -> Next:
        function = stage.module.functions[name] if name is not None else machine.pointed(s[pointer], op)
        if not function.blocks:
            raise fault("ALT-S006", f"`spawn` of @{function.name}, which the interpreter cannot see into", op)
        if machine.memory.races is None:
            machine.memory.races = Races(machine)
        machine.interleaving = True
        number = len(machine.threads)
        clock = Clock()
        pass_clock(thread.clock, thread.number, clock)
        clock.advance(number)
        child = Thread(number, clock, op)
        arguments = [read(s) for read in readers]
        child.result_type = function.signature.result
        if scope_path is not None:
            at = scope_path(s)
            codec = machine.codecs.of(scope_at[0].type.target)  # type: ignore[attr-defined]
            handle = codec.decode(machine.memory.read(at, word, word, op), op)
            handle.allocation.resource.threads.append(child)
        machine.threads.append(child)
        before, machine.current = machine.current, child
        try:
            machine.begin(child, function, arguments, op)
        finally:
            machine.current = before
        child.handle = machine.handle(child, f"thread {number}", op)
        s[result] = child.handle
        return after, s

    return Control(run, point=True)


@means("join")
def _join(stage: Stage, op: Operation) -> Control:
    machine, slot = stage.machine, stage.slot(op.operands[0])
    read, result = stage.consume(op.operands[0], op), stage.slot(op.results[0]) if op.results else 0

    def run(thread: Thread, s: Slots, after: Segment) -> Next:
        handle = s[slot]
        child = handle.allocation.resource if isinstance(handle, Pointer) and handle.allocation is not None else None
        if isinstance(child, Thread):
            wait_for(machine, thread, child)
        read(s)
        if not isinstance(child, Thread):
            raise fault("ALT-I002", "`join` of bytes that are no thread", op)
        panic = wait_for(machine, thread, child)
        child.joined = True
        if panic is not None:
            raise machine.rethrow(thread, panic)
        if result:
            s[result] = child.result
        return after, s

    return Control(run, point=True)
