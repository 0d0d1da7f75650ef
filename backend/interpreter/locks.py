"""The state of a mutex, and how the drop of a guard ends it.

    unlock(machine, thread, guard, op)     # the next thread that locks it knows what this one did

Invariant: a mutex has a holder from ``lock`` to the drop of its guard, by the same thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from altru_ir.backend.interpreter.faults import fault
from altru_ir.backend.interpreter.memory import Pointer
from altru_ir.backend.interpreter.races import Clock
from altru_ir.values import Operation

if TYPE_CHECKING:
    from altru_ir.backend.interpreter.machine import Machine, Thread


class Lock:
    """The state of a mutex that has been locked: who holds it, and the clock that its last holder left."""

    def __init__(self) -> None:
        self.holder: Thread | None = None
        self.clock = Clock()
        self.where: Operation | None = None


def unlock(machine: Machine, thread: Thread, guard: Pointer, op: Operation) -> None:
    """Drops a guard: the mutex is free, and the next holder knows what this thread did."""
    lock = machine.locks.get(machine.guards.get(guard.address, -1))
    if lock is None or lock.holder is None:
        raise fault("ALT-F001", "a guard is dropped, but the mutex is not locked", op, created=guard.allocation)
    if lock.holder is not thread:
        raise fault("ALT-T003", f"a mutex that {lock.holder.name} locked is unlocked by {thread.name}", op)
    mutex = Pointer(machine.guards[guard.address], guard.allocation, guard.tag)
    machine.memory.locate(mutex, 1, 1, True, op, accessed=False)  # it has not ended
    lock.holder = None
    lock.clock = thread.clock.copy()
    thread.clock.advance(thread.number)
