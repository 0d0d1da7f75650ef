"""Raw memory and raw pointers; slices and views, which are pointers with lengths."""

from __future__ import annotations

from typing import Any

from altru_ir import scalars
from altru_ir.backend.interpreter.code import Control, Next, Segment, Slots, Stage, Step, means
from altru_ir.backend.interpreter.faults import fault
from altru_ir.backend.interpreter.machine import Machine, Thread
from altru_ir.backend.interpreter.memory import CONSTANT, FOREIGN, FRAME, OWNED, RAW, Allocation, Pointer
from altru_ir.layout import field_offsets, layout_of
from altru_ir.types import ArrayType, DynType, GcType, NamedType, OwnType, PtrType, UninitType
from altru_ir.values import Operation

NULL = Pointer(0, None)
DEFAULT_ALIGNMENT = 16


@means("alloc")
def _alloc(stage: Stage, op: Operation) -> Step:
    size, memory = stage.slot(op.operands[0]), stage.machine.memory
    align = max(DEFAULT_ALIGNMENT, op.attrs.get("alignment", 1))

    def run(s: Slots) -> Pointer:
        if not memory.fits(s[size]):
            return NULL
        made = memory.allocate(s[size], align, RAW, op)
        return Pointer(made.base, made)

    return stage.define(op, run)


def release(machine: Machine, pointer: Pointer, kind: str, verb: str, op: Operation) -> None:
    """Ends the raw allocation that begins at ``pointer``; nothing for null. Raises ``MemoryFault``."""
    allocation = pointer.allocation
    if pointer.address == 0 and allocation is None:
        return
    if allocation is None:
        raise fault("ALT-F003", f"`{verb}` of 0x{pointer.address:x}, which is no pointer to an allocation", op)
    if allocation.how:
        code = "ALT-F001" if allocation.kind == kind else "ALT-F002"
        raise fault(code, f"`{verb}` of {allocation}, which was {allocation.how} before", op, created=allocation)
    if allocation.kind != kind:
        raise fault("ALT-F003", f"`{verb}` of {allocation}, which it does not release", op, created=allocation)
    if pointer.address != allocation.base:
        offset = pointer.address - allocation.base
        raise fault("ALT-F003", f"`{verb}` of a pointer to byte {offset} of {allocation}", op, created=allocation)
    if allocation.tree is not None:
        allocation.tree.deallocate(allocation.tree.root if pointer.tag is None else pointer.tag, op)
    if machine.memory.races is not None:
        machine.memory.races.ended(allocation, op)
    machine.memory.end(allocation, "freed", op)


@means("free")
def _free(stage: Stage, op: Operation) -> Step:
    pointer, machine = stage.slot(op.operands[0]), stage.machine

    def run(s: Slots) -> None:
        release(machine, s[pointer], RAW, "free", op)

    return run


def grow(machine: Machine, pointer: Pointer, size: int, kind: str, verb: str, op: Operation) -> Pointer | None:
    """``realloc``: a new allocation with the old bytes, the old one ended; None when there is no memory."""
    if not machine.memory.fits(size):
        return None
    old: Allocation | None = pointer.allocation
    data: list[Any] = []
    align = DEFAULT_ALIGNMENT
    if old is not None and not old.how and pointer.address == old.base:
        data, align = old.data[:size], max(align, old.align)
    release(machine, pointer, kind, verb, op)
    made = machine.memory.allocate(size, align, kind, op)
    made.data[: len(data)] = data
    return Pointer(made.base, made)


@means("realloc")
def _realloc(stage: Stage, op: Operation) -> Control:
    pointer, size, machine = stage.slot(op.operands[0]), stage.slot(op.operands[1]), stage.machine
    ok, failed = stage.edge(op.successors[0], op, 1), stage.edge(op.successors[1], op)

    def run(thread: Thread, s: Slots, after: Segment) -> Next:
        grown = grow(machine, s[pointer], s[size], RAW, "realloc", op)
        return (failed(s, None) if grown is None else ok(s, grown)), s

    return Control(run)


@means("null")
def _null(stage: Stage, op: Operation) -> Step:
    pointee = op.result.type.pointee
    lengths = len(pointee.dimensions) if isinstance(pointee, ArrayType) and pointee.is_unsized else 0
    null = Pointer(0, None, None, (0,) * lengths)
    return stage.define(op, lambda s: null)


@means("ptr.add")
def _ptr_add(stage: Stage, op: Operation) -> Step:
    pointer, count = stage.slot(op.operands[0]), stage.slot(op.operands[1])
    target = op.operands[0].type.pointee
    assert target is not None
    if isinstance(target, ArrayType) and target.is_unsized:
        target = target.element
    size, bits = layout_of(target, stage.module).size, stage.module.pointer_bits
    mask = (1 << bits) - 1

    def run(s: Slots) -> Pointer:
        p: Pointer = s[pointer]
        by = scalars.signed(s[count], bits) * size
        return Pointer((p.address + by) & mask, p.allocation, p.tag, p.meta)

    return stage.define(op, run)


@means("ptr.cast")
def _ptr_cast(stage: Stage, op: Operation) -> Step:
    pointer = stage.slot(op.operands[0])
    wide = op.result.type.pointee
    if wide is not None and wide.is_unsized:
        return stage.define(op, lambda s: s[pointer])
    return stage.define(op, lambda s: Pointer(s[pointer].address, s[pointer].allocation, s[pointer].tag))


@means("ptr.addr")
def _ptr_addr(stage: Stage, op: Operation) -> Step:
    pointer = stage.slot(op.operands[0])
    return stage.define(op, lambda s: s[pointer].address)


@means("size_of", "align_of", "offset_of")
def _layout(stage: Stage, op: Operation) -> Step:
    type = op.attrs["of"]
    layout = layout_of(type, stage.module)
    number = layout.size if op.name == "size_of" else layout.align
    if op.name == "offset_of":
        assert isinstance(type, NamedType)
        declaration = stage.module.types[type.name]
        number = field_offsets(declaration, stage.module)[declaration.index(op.attrs["field"]) or 0]
    return stage.define(op, lambda s: number)


# -- slices and views -------------------------------------------------------------------------------------------------------


@means("slice.len")
def _slice_len(stage: Stage, op: Operation) -> Step:
    read = stage.read(op.operands[0], op)
    return stage.define(op, lambda s: read(s).meta[0])


@means("slice.ptr")
def _slice_ptr(stage: Stage, op: Operation) -> Step:
    read = stage.read(op.operands[0], op)
    return stage.define(op, lambda s: read(s).moved(0))


@means("slice.from_raw")
def _slice_from_raw(stage: Stage, op: Operation) -> Step:
    pointer, lengths, result = stage.slot(op.operands[0]), [stage.slot(v) for v in op.operands[1:]], op.result.type
    machine, target = stage.machine, op.result.type.pointee
    assert target is not None

    def run(s: Slots) -> Pointer:
        p: Pointer = s[pointer]
        made = Pointer(p.address, p.allocation, p.tag, tuple([s[k] for k in lengths]))
        if isinstance(result, (PtrType, GcType, OwnType)):
            return made
        return machine.reborrow(made, target, result.mutable, op)  # type: ignore[attr-defined]

    return stage.define(op, run)


@means("unsize")
def _unsize(stage: Stage, op: Operation) -> Step:
    read, before, after = stage.consume(op.operands[0], op), op.operands[0].type.pointee, op.result.type.pointee
    assert before is not None
    if isinstance(after, DynType):
        machine, erased = stage.machine, before

        def erase(s: Slots) -> Pointer:
            p = read(s)
            return Pointer(p.address, p.allocation, p.tag, (machine.descriptor(erased),))

        return stage.define(op, erase)
    sequence = before.target if isinstance(before, UninitType) else before
    assert isinstance(sequence, ArrayType)
    meta = sequence.dimensions

    def run(s: Slots) -> Pointer:
        p = read(s)
        return Pointer(p.address, p.allocation, p.tag, meta)

    return stage.define(op, run)


@means("dyn.cast")
def _dyn_cast(stage: Stage, op: Operation) -> Step:
    read, target = stage.consume(op.operands[0], op), op.result.type.pointee
    assert target is not None

    def run(s: Slots) -> Pointer:
        p = read(s)
        held = p.meta[0].allocation.type
        if held.erased is not target.erased:
            raise fault("ALT-I002", f"the `dyn` holds a `{held}`, not a `{target}`", op)
        return Pointer(p.address, p.allocation, p.tag)

    return stage.define(op, run)


@means("global.ref")
def _global_ref(stage: Stage, op: Operation) -> Step:
    machine, name = stage.machine, op.attrs["symbol"]
    type = stage.module.globals[name].type
    return stage.define(op, lambda s: machine.reborrow(machine.global_place(name), type, False, op))


@means("func.ref")
def _func_ref(stage: Stage, op: Operation) -> Step:
    machine, name = stage.machine, op.attrs["symbol"]
    return stage.define(op, lambda s: machine.function_pointer(name))


__all__ = ["CONSTANT", "FOREIGN", "FRAME", "OWNED", "grow", "release"]
