"""Backtraces of the abstract machine: which functions are active where an operation panics.

Example: ``backtrace(thread, op)`` of a check in @at, which @main called at a.air:9:3, has the names ("at", "main") and the
places (None, a.air:9:3).

Invariant: what native code tells at ``-O0`` (``runtime/src/backtrace.c``) is the same, but for calls without a place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from altru_ir.backend.interpreter.machine import Thread
    from altru_ir.source import Location
    from altru_ir.values import Operation

MOST_FRAMES = 64
"""How many functions a backtrace has, as in native code."""


@attrs.frozen
class Backtrace:
    """The functions, the innermost first; the places of the calls that they are in; how often in a row each is active in the
    same call; and whether there are more."""

    names: tuple[str, ...]
    callers: tuple[Location | None, ...]
    times: tuple[int, ...]
    has_more: bool


def backtrace(thread: Thread, op: Operation) -> Backtrace:
    """The functions of ``thread`` that are active where ``op`` panics."""
    names = [op.function.name if op.function is not None else ""]
    callers: list[Location | None] = [None]
    times = [1]
    for entry in reversed(thread.stack):
        after, slots = (entry[0], entry[1]) if entry.__class__ is tuple else (entry.after, entry.slots)
        if after.block is None:  # the thread's first function returns there
            break
        name, place = slots[0].code.function.name, after.behind.location if after.behind is not None else None
        if name == names[-1] and place == callers[-1]:
            times[-1] += 1
        elif len(names) == MOST_FRAMES:
            return Backtrace(tuple(names), tuple(callers), tuple(times), True)
        else:
            names.append(name)
            callers.append(place)
            times.append(1)
    return Backtrace(tuple(names), tuple(callers), tuple(times), False)
