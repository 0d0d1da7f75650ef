"""Where the statements of a body stand in the source.

A statement that comes from a macro of the library has a place in the library. It stands

 1. where its target was declared, if that is in the file;
 2. where the only call of a macro is between its neighbours in the block, if there is one;
 3. where its neighbour stands, the one in front of it first.

Invariant: a place in the file is kept as it is.
"""

from __future__ import annotations

import re

from altru_ir.source import Location
from tests.mir.mir_text import Body, Statement

_MACRO = re.compile(r"\b[A-Za-z_]\w*!\s*[(\[{]")


class Positions:
    """The positions of the statements of ``body``, of which ``source`` is the file."""

    def __init__(self, body: Body, source: str) -> None:
        self.body = body
        self.lines = [line.split("//")[0] for line in source.split("\n")]

    def place_of(self, statement: Statement) -> Location | None:
        """Where a statement stands; None for one of the library that stores into nothing declared here (1)."""
        span = statement.span
        if span is not None and span.file.startswith("/") and statement.place is not None:
            span = self.body.spans.get(statement.place.local)
        return None if span is None or span.file.startswith("/") else Location(span.file, span.line, span.column)

    def places_of(self, statements: list[Statement]) -> list[Location | None]:
        """Where the statements of a block stand; None where nothing is known of the whole block."""
        found = [self.place_of(statement) for statement in statements]
        following: list[Location | None] = []
        known: Location | None = None
        for each in reversed(found):
            following.append(known)
            known = each or known
        following.reverse()
        known = None
        for at, each in enumerate(found):
            if each is None:
                each = self.macro_between(known, following[at]) or known or following[at]
            known = found[at] = each
        return found

    def macro_between(self, first: Location | None, last: Location | None) -> Location | None:
        """Clause 2: the start of the line's macro call, between two places of one file."""
        if first is None or last is None or not first.line <= last.line <= len(self.lines):
            return None
        calls = [
            (number, found.start() + 1)
            for number in range(first.line, last.line + 1)
            for found in _MACRO.finditer(self.lines[number - 1])
            if (first.line, first.column) <= (number, found.start() + 1) < (last.line, last.column)
        ]
        return Location(first.file, *calls[0]) if len(calls) == 1 else None
