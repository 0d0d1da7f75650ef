"""What the abstract machine reports: a memory fault with its story.

Example: ``raise fault("ALT-F002", "use of owned memory after it was dropped", op, created=allocation)`` gives a
``MemoryFault`` at ``op`` whose labels show where the memory was created and where it ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from altru_ir.diagnostics import Diagnostic, Label
from altru_ir.faults import MemoryFault

if TYPE_CHECKING:
    from altru_ir.backend.interpreter.memory import Allocation
    from altru_ir.values import Operation


def found_in(found: MemoryFault, allocation: Allocation | None) -> MemoryFault:
    """``found``, told of bytes of ``allocation``, with the place where that was created."""
    told, made = found.diagnostic, allocation.created if allocation is not None else None
    where = made.location if made is not None else None
    if told is not None and where is not None:
        labels = (Label(where, f"{allocation} is created here"), *told.labels)
        return MemoryFault(found.kind, found.message, found.location, attrs.evolve(told, labels=labels))
    return found


def fault(
    code: str,
    message: str,
    op: Operation | None,
    *,
    created: Allocation | None = None,
    story: tuple[tuple[Operation | None, str], ...] = (),
) -> MemoryFault:
    """A fault at ``op``. ``created`` adds where that allocation was made and where it ended; ``story`` adds further places."""
    events = list(story)
    if created is not None:
        events.insert(0, (created.created, f"{created} is created here"))
        if created.how:
            events.insert(1, (created.ended, f"it is {created.how} here"))
    labels = []
    for where, what in events:
        location = where.location if where is not None else None
        if location is not None:
            labels.append(Label(location, what))
    location = op.location if op is not None else None
    function = op.function.name if op is not None and op.function is not None else None
    diagnostic = Diagnostic(code, message, location, function=function, labels=tuple(labels))
    return MemoryFault(code, diagnostic.message, location, diagnostic)
