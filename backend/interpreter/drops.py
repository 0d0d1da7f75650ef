"""What a drop does: destructors and parts, in order, without recursion over what is dropped.

Dropping a value in memory of type ``T``
 1. runs the destructor of ``T``, if it has one, with an exclusive reference;
 2. then drops the parts: fields and elements in their order, of an enum the payload of the variant it holds;
 3. for an owner drops what it points to, then gives the memory back the way its type says;
 4. for a resource ends what it stands for: a guard unlocks, a thread is left alone, an arena or pool takes its memory along.
When a destructor panics the rest is dropped all the same, and the panic goes on afterwards; a second one aborts.

With ``by_flow`` (``assign``, ``end``) what is not initialized is passed over: a part that was moved out, or never stored.
Otherwise everything must be there.

Example: for ``struct @Pair { a: own<i32>, b: own<i32> } drop @Pair.drop`` the order is ``@Pair.drop``, ``a``, ``b``.

Invariant: pending work is a list, so a list of ten million nodes is dropped with a constant Python stack; what is behind a
pointer is read only after the destructors of what points to it have run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from altru_ir.backend.interpreter.codec import Codec, plain
from altru_ir.backend.interpreter.faults import fault
from altru_ir.backend.interpreter.locks import unlock
from altru_ir.backend.interpreter.memory import ARENA_CELL, COLLECTED, FRAME, LOCAL, OWNED, POOL_SLOT, Gone, Memory, Pointer
from altru_ir.faults import Panic
from altru_ir.layout import enum_layout, field_offsets
from altru_ir.marks import needs_drop
from altru_ir.ops.aggregates import field_types
from altru_ir.types import (
    ArenaType,
    ArrayType,
    CellType,
    DynType,
    GuardType,
    MutexType,
    NamedType,
    OwnType,
    PinType,
    PoolType,
    ThreadScopeType,
    ThreadType,
    TupleType,
    Type,
)
from altru_ir.values import Operation

if TYPE_CHECKING:
    from altru_ir.backend.interpreter.machine import Machine, Thread, Work

_DROP, _RELEASE, _ELEMENTS, _CLOSE = range(4)


def vacate(memory: Memory, pointer: Pointer, codec: Codec, how: str, op: Operation | None) -> None:
    """The bytes of a value no longer hold it."""
    allocation = pointer.allocation
    if codec.size and allocation is not None and not allocation.how:
        allocation, offset = memory.locate(pointer, codec.size, 1, True, op)  # type: ignore[arg-type]
        allocation.data[offset : offset + codec.size] = [Gone(how, op)] * codec.size
    memory.empties.discard((pointer.address, codec.type))


def _vacate_extent(machine: Machine, type: Type, pointer: Pointer, op: Operation) -> None:
    """As ``vacate``, of something whose size its pointer knows."""
    allocation, size = pointer.allocation, machine.extent(type, pointer)
    if size and allocation is not None and not allocation.how:
        allocation, offset = machine.memory.locate(pointer, size, 1, True, op)
        allocation.data[offset : offset + size] = [Gone("dropped", op)] * size
    if not size and isinstance(type, ArrayType):
        machine.memory.empties.discard((pointer.address, type.element))


def drop_value(machine: Machine, thread: Thread, type: Type, value: Any, op: Operation, by_flow: bool = False) -> Work:
    """Drops a value that is in no memory: a temporary holds it meanwhile."""
    if not needs_drop(type, machine.module):
        return
    codec = machine.codecs.of(type)
    temporary = machine.memory.allocate(codec.size, codec.align, LOCAL, op, "temporary")
    pointer = Pointer(temporary.base, temporary)
    temporary.data[:] = codec.encode(value)
    if codec.size == 0:
        machine.memory.empties.add((pointer.address, type))
    try:
        yield from drop_place(machine, thread, type, pointer, op, by_flow)
    finally:
        machine.memory.end(temporary, "ended", op)


def drop_place(machine: Machine, thread: Thread, type: Type, pointer: Pointer, op: Operation, by_flow: bool = False) -> Work:
    """Drops what is stored at ``pointer``; afterwards the place holds nothing."""
    from altru_ir.backend.interpreter.machine import Unwinding

    module, memory = machine.module, machine.memory
    if not needs_drop(type, module):
        _vacate_dropped(machine, type, pointer, op)
        return
    work: list[tuple[int, Type, Pointer, int, int]] = [(_DROP, type, pointer, 0, 0)]
    first: Panic | None = None
    while work:
        kind, each, at, index, count = work.pop()
        if kind == _ELEMENTS:
            assert isinstance(each, ArrayType)
            size = machine.codecs.of(each.element).size
            if index + 1 < count:
                work.append((_ELEMENTS, each, at, index + 1, count))
            work.append((_DROP, each.element, at.moved(index * size), 0, 0))
            continue
        if kind == _RELEASE:
            assert isinstance(each, OwnType)
            release = _release(machine, each, at, op)
            if release is not None:
                try:
                    yield release
                except Unwinding as up:
                    first = first or up.panic
            continue
        if kind == _CLOSE:
            assert at.allocation is not None
            at.allocation.resource.end(machine, op)
            memory.end(at.allocation, "dropped", op)
            continue
        if by_flow and not _is_there(machine, each, at):
            continue
        destructor = _destructor(machine, each)
        if destructor is not None:
            _require(machine, each, at, op)
            reference = machine.reborrow(at, each, True, op)
            try:
                yield module.functions[destructor], [reference], op
            except Unwinding as up:
                first = first or up.panic
        _push_parts(machine, thread, each, at, op, work)
    _vacate_dropped(machine, type, pointer, op)
    if first is not None:
        raise Unwinding(first)


def _vacate_dropped(machine: Machine, type: Type, pointer: Pointer, op: Operation) -> None:
    """The bytes of what was dropped hold nothing, be its size in its type or in its pointer."""
    if type.is_unsized:  # a range of an array, perhaps, which may live on without it
        _vacate_extent(machine, type, pointer, op)
    else:
        vacate(machine.memory, pointer, machine.codecs.of(type), "dropped", op)


def expect_value(machine: Machine, type: Type, pointer: Pointer, op: Operation) -> None:
    """Raises a fault when a ``type`` that needs no drop, and is dropped, is not there."""
    assert not needs_drop(type, machine.module)
    if isinstance(type, ArrayType) and type.is_unsized:
        codec, size = machine.codecs.of(type.element), machine.extent(type, pointer)
        for offset in range(0, size, codec.size or 1):
            codec.decode(machine.memory.read(pointer.moved(offset), codec.size, codec.align, op), op)
    elif not type.is_unsized:
        _require(machine, type, pointer, op)


def expect_nothing(machine: Machine, type: Type, pointer: Pointer, op: Operation) -> None:
    """Raises a fault when something that needs drop is stored at ``pointer``."""
    work: list[tuple[int, Type, Pointer, int, int]] = [(_DROP, type, pointer, 0, 0)]
    while work:
        kind, each, at, index, count = work.pop()
        if kind == _ELEMENTS:
            assert isinstance(each, ArrayType)
            if index + 1 < count:
                work.append((_ELEMENTS, each, at, index + 1, count))
            work.append((_DROP, each.element, at.moved(index * machine.codecs.of(each.element).size), 0, 0))
        elif needs_drop(each, machine.module) and _is_there(machine, each, at):
            if isinstance(each, (NamedType, TupleType, ArrayType, CellType, MutexType)) and _destructor(machine, each) is None:
                _push_parts(machine, machine.current, each, at, op, work)
            else:
                raise fault("ALT-L001", f"a `{each}` is left behind in storage that ends", op, created=pointer.allocation)


def _destructor(machine: Machine, type: Type) -> str | None:
    declaration = machine.module.types.get(type.name) if isinstance(type, NamedType) else None
    return declaration.drop if declaration is not None else None


def _is_there(machine: Machine, type: Type, at: Pointer) -> bool:
    """Whether a part is initialized: for one that is dropped whole (it has a destructor, or is an owner or a resource) its
    bytes say so; any other is passed on to its own parts."""
    if isinstance(type, (TupleType, ArrayType, CellType, MutexType)):
        return True
    if isinstance(type, NamedType):
        declaration = machine.module.types[type.name]
        if declaration.kind != "enum" and declaration.drop is None:
            return True
    size = machine.codecs.of(type).size
    allocation = at.allocation
    if size == 0:
        return (at.address, type) in machine.memory.empties or (allocation is not None and _inside(machine, at))
    if allocation is None or allocation.how:
        return False
    offset = at.address - allocation.base
    return any(b is not None and b.__class__ is not Gone for b in allocation.data[offset : offset + size])


def _inside(machine: Machine, at: Pointer) -> bool:
    """Whether a part without bytes belongs to a larger value that is there."""
    allocation = at.allocation
    return allocation is not None and any(b is not None and b.__class__ is not Gone for b in allocation.data)


def _require(machine: Machine, type: Type, at: Pointer, op: Operation) -> None:
    """What a destructor is about to see must be there as a whole."""
    codec = machine.codecs.of(type)
    if codec.size:
        codec.decode(machine.memory.read(at, codec.size, codec.align, op), op)


def _push_parts(
    machine: Machine, thread: Thread, type: Type, at: Pointer, op: Operation, work: list[tuple[int, Type, Pointer, int, int]]
) -> None:
    """The parts of a value, to be dropped next, the first on top."""
    module, codecs = machine.module, machine.codecs

    def push(parts: list[tuple[int, Type]]) -> None:
        for offset, part in reversed(parts):
            if needs_drop(part, module):
                work.append((_DROP, part, at.moved(offset), 0, 0))

    if isinstance(type, NamedType):
        declaration = module.types[type.name]
        if declaration.kind == "struct":
            types = (field_types(type, module, "struct") or {}).values()
            push(list(zip(field_offsets(declaration, module), types, strict=True)))
        elif declaration.kind == "enum":
            _, bits, offset = enum_layout(declaration, module)
            data = plain(machine.memory.read(at, bits // 8, 1, op), type, op)
            push([(offset, list((field_types(type, module, "enum") or {}).values())[int.from_bytes(data, "little")])])
    elif isinstance(type, TupleType):
        offset, parts = 0, []
        for element in type.elements:
            layout = codecs.of(element)
            offset = (offset + layout.align - 1) & -layout.align
            parts.append((offset, element))
            offset += layout.size
        push(parts)
    elif isinstance(type, ArrayType):
        count = 1
        for position, dimension in enumerate(type.dimensions):
            count *= at.meta[position] if dimension is None else dimension
        if count and needs_drop(type.element, module):
            work.append((_ELEMENTS, type, at, 0, count))
    elif isinstance(type, DynType):
        erased = at.meta[0].allocation.type
        if needs_drop(erased, module):
            work.append((_DROP, erased, Pointer(at.address, at.allocation, at.tag), 0, 0))
    elif isinstance(type, CellType):
        push([(0, type.target)])
    elif isinstance(type, MutexType):
        push([(max(codecs.word, codecs.of(type.target).align), type.target)])
    else:
        codec = codecs.of(type)
        pointer = codec.decode(machine.memory.read(at, codec.size, codec.align, op), op)
        if isinstance(type, OwnType):
            _must_be_owned(type, pointer, op)
            work.append((_RELEASE, type, pointer, 0, 0))
            if needs_drop(type.target, module):
                work.append((_DROP, type.target, pointer, 0, 0))
        else:
            end_resource(machine, thread, type, pointer, op, work)


def _must_be_owned(type: OwnType, pointer: Pointer, op: Operation) -> None:
    """An owner points to live memory of the kind that its type says."""
    allocation = pointer.allocation
    if allocation is None:
        raise fault("ALT-I002", f"0x{pointer.address:x} is no `{type}`", op)
    if allocation.how:
        raise fault("ALT-F001", f"{allocation} is released again, but it was {allocation.how}", op, created=allocation)
    wanted = POOL_SLOT if type.pool else ARENA_CELL if type.region is not None else OWNED
    if type.release is None and allocation.kind not in (wanted, FRAME if type.region is not None else wanted, COLLECTED):
        raise fault("ALT-F003", f"{allocation} is released as a `{type}`", op, created=allocation)


def _release(machine: Machine, type: OwnType, pointer: Pointer, op: Operation) -> Any:
    """Gives the memory of an owner back; for foreign memory the call that does it."""
    if type.release is not None:
        return machine.module.functions[type.release], [Pointer(pointer.address, pointer.allocation, pointer.tag)], op
    free_owned(machine, type, pointer, op)
    return None


def free_owned(machine: Machine, type: OwnType, pointer: Pointer, op: Operation) -> None:
    """Gives the memory of an owner back, its content being gone."""
    _must_be_owned(type, pointer, op)
    allocation = pointer.allocation
    assert allocation is not None
    if pointer.address != allocation.base:
        raise fault("ALT-F003", f"the owner does not point to the beginning of {allocation}", op, created=allocation)
    if allocation.kind in (ARENA_CELL, FRAME):
        allocation.data[:] = [Gone("dropped", op)] * allocation.size
        return
    if allocation.tree is not None:
        allocation.tree.deallocate(allocation.tree.root if pointer.tag is None else pointer.tag, op)
    if machine.memory.races is not None:
        machine.memory.races.ended(allocation, op)
    if allocation.kind == POOL_SLOT:
        allocation.resource.slot_back(allocation)
    if allocation.kind == COLLECTED and allocation in machine.collected:
        machine.collected.remove(allocation)
    machine.memory.end(allocation, "released", op)


def end_resource(
    machine: Machine, thread: Thread, type: Type, pointer: Pointer, op: Operation,
    work: list[tuple[int, Type, Pointer, int, int]],
) -> None:  # fmt: skip
    """Ends what a resource stands for."""
    allocation = pointer.allocation
    if allocation is None:
        raise fault("ALT-I002", f"these bytes are no `{type}`", op)
    if isinstance(type, GuardType):
        unlock(machine, thread, pointer, op)
        return
    if allocation.how:
        raise fault("ALT-F001", f"{allocation} is dropped again", op, created=allocation)
    resource = allocation.resource
    if isinstance(type, ArenaType):
        resource.reset(machine, "gone with its arena", op)
    elif isinstance(type, PoolType):
        work.append((_CLOSE, type, pointer, 0, 0))
        if needs_drop(type.target, machine.module):
            work.extend((_DROP, type.target, Pointer(slot.base, slot), 0, 0) for slot in reversed(resource.kept()))
        return
    elif isinstance(type, PinType):
        machine.pins.remove(resource)
    elif not isinstance(type, (ThreadScopeType, ThreadType)):  # joined before; left alone
        raise AssertionError(type)
    machine.memory.end(allocation, "dropped", op)
