"""What native code and the interpreter raise to their host.

Example: ``except air.Panic as panic: print(panic.location)``.
"""

from __future__ import annotations

from altru_ir.source import Location


class Panic(Exception):
    """A program panicked: ``message`` has the class first and the values, ``location`` is its place in the source."""

    def __init__(self, message: str, location: Location | None = None) -> None:
        self.message = message
        self.location = location
        super().__init__(f"{message} at {location}" if location is not None else message)


class MemoryFault(Exception):
    """The abstract machine found a memory error: ``kind`` names it, ``location`` is where it was found."""

    def __init__(self, kind: str, message: str, location: Location | None = None) -> None:
        self.kind = kind
        self.message = message
        self.location = location
        super().__init__(f"{message} at {location}" if location is not None else message)
