"""Waiting for threads: for one, and for all of a thread scope.

    panic = join_scope(machine, thread, place, op)   # of the first that had one and was not joined before

Invariant: who has waited for a thread knows all that it did.
"""

from __future__ import annotations

from altru_ir.backend.interpreter.machine import Blocked, Machine, Thread
from altru_ir.backend.interpreter.memory import Pointer
from altru_ir.faults import Panic
from altru_ir.values import Operation


class Scope:
    """The threads of a thread scope."""

    def __init__(self) -> None:
        self.threads: list[Thread] = []


def wait_for(machine: Machine, thread: Thread, child: Thread) -> Panic | None:
    """Waits for the end of ``child``; gives its panic, if it had one."""
    if not child.ended:
        raise Blocked(lambda: child.ended, f"{child.name} has not ended")
    thread.clock.join(child.clock)
    return child.panic


def join_scope(machine: Machine, thread: Thread, place: Pointer, op: Operation) -> Panic | None:
    """Waits for all threads of a scope; gives the panic of the first that had one and was not joined before."""
    assert place.allocation is not None
    word = machine.codecs.word
    first_byte = place.allocation.data[0] if len(place.allocation.data) == word else None
    handle = getattr(first_byte, "pointer", None)  # none in a scope that was dropped before
    scope = handle.allocation.resource if handle is not None else None
    first: Panic | None = None
    for child in scope.threads if scope is not None else ():
        panic = wait_for(machine, thread, child)
        if panic is not None and not child.joined and first is None:
            first = panic
    return first
