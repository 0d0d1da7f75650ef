"""Collected objects: weak references, collections, destructors that wait, pins."""

from __future__ import annotations

from typing import Any

from altru_ir.backend.interpreter.code import Control, Next, Segment, Slots, Stage, Step, means
from altru_ir.backend.interpreter.collector import collect
from altru_ir.backend.interpreter.drops import drop_place
from altru_ir.backend.interpreter.machine import Thread
from altru_ir.backend.interpreter.memory import HANDLE, Pointer
from altru_ir.layout import layout_of
from altru_ir.ops.enums import variants_of
from altru_ir.types import UNIT
from altru_ir.values import Operation


class WeakCell:
    """A weak reference: the object, or None once it is cleared."""

    def __init__(self, target: Pointer) -> None:
        self.target: Pointer | None = target


@means("weak.new")
def _weak_new(stage: Stage, op: Operation) -> Step:
    object, machine = stage.slot(op.operands[0]), stage.machine

    def run(s: Slots) -> Pointer:
        target: Pointer = s[object]
        cell = WeakCell(target)
        assert target.allocation is not None
        machine.weak.setdefault(target.allocation, []).append(cell)
        handle = machine.memory.allocate(0, 16, HANDLE, op, "weak reference")
        handle.resource = cell
        return Pointer(handle.base, handle)

    return stage.define(op, run)


@means("weak.upgrade")
def _weak_upgrade(stage: Stage, op: Operation) -> Step:
    weak = stage.slot(op.operands[0])
    payloads = list((variants_of(op.result.type, stage.module) or {}).values())
    nothing = payloads.index(UNIT)

    def run(s: Slots) -> Any:
        target = s[weak].allocation.resource.target
        return (nothing, None) if target is None else (1 - nothing, target)

    return stage.define(op, run)


@means("gc.collect")
def _collect(stage: Stage, op: Operation) -> Step:
    machine = stage.machine

    def run(s: Slots) -> None:
        machine.current.slots = s
        collect(machine, s, op)

    return run


@means("gc.drain")
def _drain(stage: Stage, op: Operation) -> Control:
    """The destructors that wait run in any order: the machine chooses one."""
    machine = stage.machine

    def work(thread: Thread) -> Any:
        while machine.waiting:
            ways = len(machine.waiting)
            object = machine.waiting.pop(machine.choose(ways, free=True) if ways > 1 else 0)
            assert object.type is not None
            meta = ()
            yield from drop_place(machine, thread, object.type, Pointer(object.base, object, None, meta), op)
            machine.memory.end(object, "collected", op)

    def run(thread: Thread, s: Slots, after: Segment) -> Next:
        return machine.start(thread, work(thread), s, after)

    return Control(run)


@means("gc.range")
def _range(stage: Stage, op: Operation) -> Step:
    """What was stored by other means must be there."""
    pointer, count, memory = stage.slot(op.operands[0]), stage.slot(op.operands[1]), stage.machine.memory
    target = op.operands[0].type.pointee
    assert target is not None
    layout = layout_of(target, stage.module)

    def run(s: Slots) -> None:
        memory.locate(s[pointer], s[count] * layout.size, layout.align, False, op)

    return run


@means("pin")
def _pin(stage: Stage, op: Operation) -> Step:
    pointer, size, machine = stage.slot(op.operands[0]), stage.slot(op.operands[1]), stage.machine

    def run(s: Slots) -> Pointer:
        machine.memory.locate(s[pointer].moved(0), s[size], 1, False, op)
        pinned = (s[pointer], s[size])
        machine.pins.append(pinned)
        return machine.handle(pinned, "pin", op)

    return stage.define(op, run)
