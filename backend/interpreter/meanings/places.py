"""Places: where paths lead, and what the operations that access them do."""

from __future__ import annotations

from typing import Any

from altru_ir.backend.interpreter.code import Control, Next, Place, Segment, Slots, Stage, Step, leads, means, moved
from altru_ir.backend.interpreter.drops import drop_place, drop_value, expect_nothing, expect_value, vacate
from altru_ir.backend.interpreter.faults import fault, found_in
from altru_ir.backend.interpreter.joins import Scope, join_scope
from altru_ir.backend.interpreter.machine import Blocked, Thread
from altru_ir.backend.interpreter.memory import LOCAL, Gone, Pointer
from altru_ir.backend.interpreter.sources import Path, Source
from altru_ir.faults import MemoryFault
from altru_ir.layout import enum_layout, field_offsets
from altru_ir.marks import needs_drop
from altru_ir.types import ArrayType, NamedType, PlaceType, PtrType, ThreadScopeType, Type, UninitType
from altru_ir.values import Operation, Value


def content(place: Value) -> Type:
    """What a place holds."""
    assert isinstance(place.type, PlaceType)
    return place.type.target


# -- paths ------------------------------------------------------------------------------------------------------------------


@means("local")
def _local(stage: Stage, op: Operation) -> Step:
    type = content(op.result)
    codec, machine, memory = stage.codec(type), stage.machine, stage.machine.memory
    align = max(codec.align, op.attrs.get("alignment", 1))
    slot = stage.slot(op.result)
    is_scope = isinstance(type, ThreadScopeType)

    def run(s: Slots) -> None:
        locals = s[0].locals
        before = locals.get(op)
        if before is not None and not before.how:
            memory.end(before, "replaced, for its `local` ran again", op)
        made = locals[op] = memory.allocate(codec.size, align, LOCAL, op, op.result.name or "")
        s[slot] = Pointer(made.base, made)
        if is_scope:  # born initialized
            made.data[:] = codec.encode(machine.handle(Scope(), "thread scope", op))

    return run


@leads("deref")
def _deref(stage: Stage, op: Operation) -> Path:
    pointer = op.operands[0]
    if not isinstance(pointer.type, PlaceType):
        if stage.copies(pointer.type):
            return Path(pointer="a")
        return Path("if a.__class__ is Gone:\n    raise moved(a, op)", "a", names={"Gone": Gone, "moved": moved, "op": op})
    return Path(LOAD.replace("r = ", "p = "), "p", names=_loading(stage, pointer.type.target, op))


LOAD = (
    "at = locate(a.address, a.allocation, a.tag, size, align, False, op)\n"
    "try:\n"
    "    r = decode(a.allocation.data[at : at + size], op)\n"
    "except MemoryFault as found:\n"
    "    raise found_in(found, a.allocation) from None"
)


def _loading(stage: Stage, type: Type, op: Operation) -> dict[str, Any]:
    codec = stage.codec(type)
    return {
        "locate": stage.machine.memory.locate_bytes, "size": codec.size, "align": codec.align, "decode": codec.decode, "op": op,
        "found_in": found_in, "MemoryFault": MemoryFault,
    }  # fmt: skip


@leads("field")
def _field(stage: Stage, op: Operation) -> Path:
    type = content(op.operands[0])
    assert isinstance(type, NamedType)
    declaration = stage.module.types[type.name]
    offset = field_offsets(declaration, stage.module)[declaration.index(op.attrs["field"]) or 0]
    return Path(address="a.address + offset", names={"offset": offset})


@leads("variant")
def _variant(stage: Stage, op: Operation) -> Place:
    """The payload; undefined where the enum holds another variant."""
    from altru_ir.backend.interpreter.meanings.aggregates import variant_numbers, variant_of

    base = op.operands[0]
    type = content(base)
    assert isinstance(type, NamedType)
    _, _, offset = enum_layout(stage.module.types[type.name], stage.module)
    wanted = variant_numbers(type, stage)[op.attrs["variant"]]
    path, tell = stage.path(base), variant_of(stage, base, op)

    def run(s: Slots) -> Pointer:
        if tell(s) != wanted:
            raise fault("ALT-I003", f"the enum does not hold the variant `{op.attrs['variant']}`", op)
        return path(s).moved(offset)

    return run


@leads("assume_init")
def _assumed_place(stage: Stage, op: Operation) -> Path:
    return Path(pointer="a")


@means("assume_init")
def _assume_init(stage: Stage, op: Operation) -> Step | None:
    if op.result.type.is_place:
        return None  # a longer path
    read = stage.consume(op.operands[0], op)
    return stage.define(op, read)


def lengths(place: Value, pointer: Pointer) -> tuple[int, ...]:
    """The dimensions of the sequence in a place."""
    type = content(place)
    if isinstance(type, UninitType):
        type = type.target
    assert isinstance(type, ArrayType)
    return pointer.meta if type.is_unsized else type.dimensions  # type: ignore[return-value]


@leads("elem")
def _elem(stage: Stage, op: Operation) -> Place | Path:
    base = op.operands[0]
    type = content(base)
    assert isinstance(type, ArrayType)
    size = stage.codec(type.element).size
    if len(op.operands) == 2:
        length = "a.meta[0]" if type.is_unsized else "length"
        names = {"outside": outside, "op": op, "size": size, "length": type.dimensions[0]}
        return Path(f"if b >= {length}:\n    raise outside(b, {length}, op)", address="a.address + b * size", names=names)
    path, indices = stage.path(base), [stage.slot(v) for v in op.operands[1:]]

    def many(s: Slots) -> Pointer:
        p = path(s)
        at = 0
        for index, length in zip(indices, lengths(base, p), strict=True):
            i = s[index]
            if i >= length:
                raise outside(i, length, op)
            at = at * length + i
        return Pointer(p.address + at * size, p.allocation, p.tag)

    return many


def outside(index: int, length: int, op: Operation) -> Exception:
    """An index without a check in front that is not within its dimension."""
    return fault("ALT-C001", f"index {index} is out of bounds for length {length}", op)


@leads("subrange")
def _subrange(stage: Stage, op: Operation) -> Place:
    base = op.operands[0]
    type = content(base)
    assert isinstance(type, ArrayType)
    size = stage.codec(type.element).size
    path, low, high = stage.path(base), stage.slot(op.operands[1]), stage.slot(op.operands[2])
    unsized = type.is_unsized

    def run(s: Slots) -> Pointer:
        p = path(s)
        first, *rest = lengths(base, p)
        if not s[low] <= s[high] <= first:
            raise fault("ALT-C001", f"the range {s[low]}..{s[high]} is out of bounds for length {first}", op)
        row = size
        for length in rest:
            row *= length
        meta = (s[high] - s[low], *rest) if unsized or not rest else (s[high] - s[low],)
        return Pointer(p.address + s[low] * row, p.allocation, p.tag, meta)

    return run


@leads("global")
def _global(stage: Stage, op: Operation) -> Place:
    machine, name = stage.machine, op.attrs["symbol"]
    if stage.module.globals[name].mode != "thread_local":
        return lambda s: machine.global_place(name)
    return lambda s: machine.global_place(name, s[0].thread)


@means("dim")
def _dim(stage: Stage, op: Operation) -> Step:
    base, axis = op.operands[0], op.attrs["axis"]
    path = stage.path(base)
    return stage.define(op, lambda s: lengths(base, path(s))[axis])


# -- accesses ---------------------------------------------------------------------------------------------------------------


@means("load")
def _load(stage: Stage, op: Operation) -> Step | Source:
    names = _loading(stage, op.result.type, op)
    if names["size"]:
        return Source(LOAD, **names)
    path, decode, locate = stage.path(op.operands[0]), names["decode"], stage.machine.memory.locate
    align = names["align"]

    def nothing(s: Slots) -> Any:
        locate(path(s), 0, align, False, op)
        return decode([], op)

    return stage.define(op, nothing)


@means("init")
def _init(stage: Stage, op: Operation) -> Step | Source:
    return _store(stage, op)


STORE = (
    "data = encode(b)\n"
    "at = locate(a.address, a.allocation, a.tag, size, align, True, op)\n"
    "a.allocation.data[at : at + size] = data"
)


def _store(stage: Stage, op: Operation) -> Step | Source:
    codec, memory = stage.codec(op.operands[1].type), stage.machine.memory
    size, align, encode = codec.size, codec.align, codec.encode
    if size == 0:
        return _store_nothing(stage, op)
    if stage.copies(op.operands[1].type):
        return Source(STORE, encode=encode, locate=memory.locate_bytes, size=size, align=align, op=op)
    path, read = stage.path(op.operands[0]), stage.consume(op.operands[1], op)

    def run(s: Slots) -> None:
        data = encode(read(s))
        allocation, offset = memory.locate(path(s), size, align, True, op)
        allocation.data[offset : offset + size] = data

    return run


def _store_nothing(stage: Stage, op: Operation) -> Step:
    """A store of a type without bytes: that it is there is kept apart, for a destructor may wait for it."""
    path, read, codec = stage.path(op.operands[0]), stage.consume(op.operands[1], op), stage.codec(op.operands[1].type)
    memory = stage.machine.memory

    def run(s: Slots) -> None:
        read(s)
        pointer = path(s)
        memory.locate(pointer, 0, codec.align, True, op)
        memory.empties.add((pointer.address, codec.type))

    return run


@means("assign")
def _assign(stage: Stage, op: Operation) -> Step | Source | Control:
    type = op.operands[1].type
    if not needs_drop(type, stage.module):
        return _store(stage, op)
    path, read, codec = stage.path(op.operands[0]), stage.consume(op.operands[1], op), stage.codec(type)
    machine, memory = stage.machine, stage.machine.memory

    def run(thread: Thread, s: Slots, after: Segment) -> Next:
        pointer, value = path(s), read(s)
        memory.locate(pointer, codec.size, codec.align, True, op)

        def work() -> Any:
            try:
                yield from drop_place(machine, thread, type, pointer, op, by_flow=True)
            finally:  # the store happens even when the drop panics
                memory.write(pointer, codec.encode(value), codec.align, op)
                if codec.size == 0:
                    memory.empties.add((pointer.address, type))

        return machine.start(thread, work(), s, after)

    return Control(run)


@means("exchange")
def _exchange(stage: Stage, op: Operation) -> Step:
    path, read, codec = stage.path(op.operands[0]), stage.consume(op.operands[1], op), stage.codec(op.operands[1].type)
    size, align, memory = codec.size, codec.align, stage.machine.memory

    def run(s: Slots) -> Any:
        pointer, value = path(s), read(s)
        data = memory.read(pointer, size, align, op)
        try:
            old = codec.decode(data, op)
        except MemoryFault as found:
            raise found_in(found, pointer.allocation) from None
        memory.write(pointer, codec.encode(value), align, op)
        return old

    return stage.define(op, run)


@means("take")
def _take(stage: Stage, op: Operation) -> Step:
    path, codec, memory = stage.path(op.operands[0]), stage.codec(op.result.type), stage.machine.memory
    size, align = codec.size, codec.align

    def run(s: Slots) -> Any:
        pointer = path(s)
        data = memory.read(pointer, size, align, op)
        try:
            value = codec.decode(data, op)
        except MemoryFault as found:
            raise found_in(found, pointer.allocation) from None
        vacate(memory, pointer, codec, "moved", op)
        return value

    return stage.define(op, run)


@means("borrow")
def _borrow(stage: Stage, op: Operation) -> Source:
    target, mutable = content(op.operands[0]), bool(op.attrs.get("mut"))
    reborrow = stage.machine.reborrow
    return Source("r = reborrow(a, target, mutable, op)", reborrow=reborrow, target=target, mutable=mutable, op=op)


@means("drop")
def _drop(stage: Stage, op: Operation) -> Control:
    machine, dropped = stage.machine, op.operands[0]
    flag = stage.slot(op.operands[1]) if len(op.operands) > 1 else 0
    if not isinstance(dropped.type, PlaceType):
        read, type, rest = stage.consume(dropped, op), dropped.type, bool(op.attrs.get("rest"))

        def value(thread: Thread, s: Slots, after: Segment) -> Next:
            if flag and not s[flag]:
                return after, s
            return machine.start(thread, drop_value(machine, thread, type, read(s), op, rest), s, after)

        return Control(value, point=_synchronizes(type))
    path, held, rest = stage.path(dropped), dropped.type.target, bool(op.attrs.get("rest"))
    free = not rest and not needs_drop(held, stage.module)

    def place(thread: Thread, s: Slots, after: Segment) -> Next:
        if flag and not s[flag]:
            return after, s
        pointer = path(s)
        size, align = machine.extent(held, pointer), machine.alignment(held, pointer)
        machine.memory.locate(pointer, size, align, True, op)
        if free:
            expect_value(machine, held, pointer, op)
        return machine.start(thread, drop_place(machine, thread, held, pointer, op, rest), s, after)

    return Control(place, point=_synchronizes(held))


def _synchronizes(type: Type) -> bool:
    from altru_ir.types import GuardType

    return isinstance(type, GuardType)


@means("end")
def _end(stage: Stage, op: Operation) -> Step | Control:
    place = op.operands[0]
    slot, type, machine, memory = stage.slot(place), content(place), stage.machine, stage.machine.memory
    definition = place.operation

    def close(allocation: Any) -> None:
        if allocation.tree is not None:
            allocation.tree.deallocate(allocation.tree.root, op)
        memory.end(allocation, "ended", op)

    if not needs_drop(type, stage.module):

        def dead(s: Slots) -> None:
            allocation = s[slot].allocation
            if allocation.how:
                memory.locate(s[slot], 1, 1, True, op)
            close(allocation)

        return dead
    is_scope, storage_only = isinstance(type, ThreadScopeType), bool(op.attrs.get("dead"))
    assert definition is not None

    def run(thread: Thread, s: Slots, after: Segment) -> Next:
        pointer = s[slot]
        if pointer.allocation.how:
            memory.locate(pointer, 1, 1, True, op)
        if storage_only:
            expect_nothing(machine, type, pointer, op)
            close(pointer.allocation)
            return after, s
        panic = join_scope(machine, thread, pointer, op) if is_scope else None

        def work() -> Any:
            try:
                yield from drop_place(machine, thread, type, pointer, op, by_flow=True)
            finally:
                close(pointer.allocation)
            if panic is not None:
                raise machine.rethrow(thread, panic)

        return machine.start(thread, work(), s, after)

    return Control(run, point=is_scope or _synchronizes(type))


@means("ref.to_ptr")
def _ref_to_ptr(stage: Stage, op: Operation) -> Step:
    return stage.define(op, stage.read(op.operands[0], op))


__all__ = ["Blocked", "PtrType", "content", "lengths"]
