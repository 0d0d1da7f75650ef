"""What native code and the interpreter raise to their host.

Example: ``except air.Panic as panic: print(panic.location)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from altru_ir.source import Location

if TYPE_CHECKING:
    from altru_ir.diagnostics import Diagnostic


class Panic(Exception):
    """A program panicked: ``message`` has the class first and the values, ``location`` is its place in the source."""

    def __init__(self, message: str, location: Location | None = None) -> None:
        self.message = message
        self.location = location
        super().__init__(f"{message} at {location}" if location is not None else message)


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
