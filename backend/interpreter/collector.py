"""What is reachable: for the collector, and for the search for leaks at the end.

From the roots (globals, the values and locals of running activations, pinned memory) through every stored pointer. The
collector looks into collected objects and into what owners, arenas, pools and locals hold; memory of ``alloc`` and of C it
sees only where it is pinned. The search for leaks looks everywhere.

Example: after its last reference is overwritten a collected object is unreachable: ``gc.collect`` clears the weak references
to it, once, and then lets its destructor wait, or ends it.

Invariant: nothing that a ``gc``, an owner or a reference in a running activation leads to is collected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from altru_ir.backend.interpreter.code import Activation
from altru_ir.backend.interpreter.memory import COLLECTED, FOREIGN, OWNED, RAW, Allocation, Fragment, Pointer
from altru_ir.marks import needs_drop

if TYPE_CHECKING:
    from altru_ir.backend.interpreter.machine import Machine
    from altru_ir.values import Operation


def reachable(machine: Machine, roots: list[Any], through_raw: bool) -> set[Allocation]:
    """The allocations that ``roots`` (machine values) lead to."""
    seen: set[Allocation] = set()
    work = list(roots)
    while work:
        value = work.pop()
        if isinstance(value, Pointer):
            allocation = value.allocation
            work.extend(m for m in value.meta if isinstance(m, Pointer))
            if allocation is None or allocation in seen or allocation.how:
                continue
            seen.add(allocation)
            if through_raw or allocation.kind not in (RAW, FOREIGN):
                work.extend(_stored(allocation))
            work.extend(_kept(allocation))
        elif isinstance(value, tuple):
            work.extend(value)
        elif isinstance(value, Activation):
            work.extend(Pointer(a.base, a) for a in value.locals.values())
            work.extend(Pointer(a.base, a) for a in value.others)
    return seen


def _stored(allocation: Allocation) -> list[Pointer]:
    return [byte.pointer for byte in allocation.data if byte.__class__ is Fragment and byte.index == 0]


def _kept(allocation: Allocation) -> list[Pointer]:
    """What a resource keeps: the cells of an arena, the slots of a pool, the result of a thread."""
    resource = allocation.resource
    found = [Pointer(cell.base, cell) for cell in getattr(resource, "cells", ())]
    result = getattr(resource, "result", None)
    return found + ([result] if result is not None else [])


def collect(machine: Machine, slots: list[Any], op: Operation) -> None:
    """Ends what nothing reaches; what needs drop waits for ``gc.drain``."""
    roots = [*machine.roots(), *slots, *(pin[0] for pin in machine.pins)]
    roots.extend(Pointer(object.base, object) for object in machine.waiting)
    seen = reachable(machine, roots, through_raw=False)
    for pin, size in machine.pins:
        assert pin.allocation is not None
        first = pin.address - pin.allocation.base
        held = [b.pointer for b in pin.allocation.data[first : first + size] if b.__class__ is Fragment]
        seen |= reachable(machine, held, through_raw=False)
    lost = [object for object in machine.collected if object not in seen and object.kind == COLLECTED]
    for object in lost:
        for cell in machine.weak.pop(object, ()):
            cell.target = None
    waiting = [o for o in lost if o.type is not None and needs_drop(o.type, machine.module)]
    kept = reachable(machine, [Pointer(o.base, o) for o in waiting], through_raw=False)
    for object in lost:
        machine.collected.remove(object)
        if object in waiting:
            machine.waiting.append(object)
        elif object in kept:
            machine.collected.append(object)  # a destructor that waits may still look at it
        else:
            machine.memory.end(object, "collected", op)


__all__ = ["OWNED", "collect", "reachable"]
