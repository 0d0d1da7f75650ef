"""What native code and the interpreter raise to their host.

Example: ``except air.Panic as panic: print(panic.location)``.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from altru_ir.source import Location

if TYPE_CHECKING:
    from altru_ir.diagnostics import Diagnostic


class Panic(Exception):
    """A program panicked: ``message`` has the class first and the values, ``location`` is its place in the source.

    From native code also ``kind``, the class (``"bounds"``), ``values``, the two numbers that came with it, and
    ``backtrace``, the names of the compiled functions that were active, the innermost first; ``callers`` are the places of the
    calls that they were in, where code compiled with ``debug=True`` tells them, else None.
    """

    def __init__(
        self,
        message: str,
        location: Location | None = None,
        kind: str | None = None,
        values: tuple[int, int] = (0, 0),
        backtrace: tuple[str, ...] = (),
        callers: tuple[Location | None, ...] = (),
    ) -> None:
        self.message = message
        self.location = location
        self.kind = kind
        self.values = values
        self.backtrace = backtrace
        self.callers = callers or (None,) * len(backtrace)
        super().__init__(f"{message} at {location}" if location is not None else message)

    def frames(self) -> list[str]:
        """The backtrace as lines for people; a function that calls itself at one place is one line."""
        lines = []
        for (name, place), group in groupby(zip(self.backtrace, self.callers, strict=True)):
            count = len(list(group))
            where = f" at {place}" if place is not None else ""
            lines.append(f"  in @{name}{where}, {count} times" if count > 1 else f"  in @{name}{where}")
        return lines


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
