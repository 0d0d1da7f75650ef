"""What native code and the interpreter raise to their host.

Example: ``except air.Panic as panic: print(panic.location)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from altru_ir.source import Location

if TYPE_CHECKING:
    from altru_ir.diagnostics import Diagnostic


class Panic(Exception):
    """A program panicked: ``message`` has the class first and the values, ``location`` is its place in the source.

    ``backtrace`` are the names of the functions that were active, the innermost first, as the source has them, whatever was
    inlined; ``callers`` are the places of the calls that they were in: None for the first, whose place is ``location``, and
    where it is not known; ``times`` says how often in a row each was active in the same call. ``has_more`` functions were
    active where there are more than are kept. From native code also ``kind``, the class (``"bounds"``), and ``values``, the two
    numbers that came with it.
    """

    def __init__(
        self,
        message: str,
        location: Location | None = None,
        kind: str | None = None,
        values: tuple[int, int] = (0, 0),
        backtrace: tuple[str, ...] = (),
        callers: tuple[Location | None, ...] = (),
        times: tuple[int, ...] = (),
        *,
        has_more: bool = False,
    ) -> None:
        self.message = message
        self.location = location
        self.kind = kind
        self.values = values
        self.backtrace = backtrace
        self.callers = callers or (None,) * len(backtrace)
        self.times = times or (1,) * len(backtrace)
        self.has_more = has_more
        super().__init__(f"{message} at {location}" if location is not None else message)

    def frames(self) -> list[str]:
        """The backtrace as lines for people."""
        lines = []
        for name, place, times in zip(self.backtrace, self.callers, self.times, strict=True):
            where = f" at {place}" if place is not None else ""
            lines.append(f"  in @{name}{where}, {times} times" if times > 1 else f"  in @{name}{where}")
        return [*lines, "  and more"] if self.has_more else lines


class MemoryFault(Exception):
    """The abstract machine found a memory error: ``kind`` is its code, ``location`` where it was found.

    ``diagnostic`` tells the story: where the memory was made, where it ended, where it was used.
    """

    def __init__(self, kind: str, message: str, location: Location | None = None, diagnostic: Diagnostic | None = None) -> None:
        self.kind = kind
        self.message = message
        self.location = location
        self.diagnostic = diagnostic
        super().__init__(f"{message} at {location}" if location is not None else message)
