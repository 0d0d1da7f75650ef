"""Panics: one cold block per function and one table of sites per module.

A check branches to the cold block with the number of its site and up to two words that the message shows; the block hands
them to ``altru_panic_site``, which knows the rest from the table. So a check costs a compare and a branch that is not
taken, and the place of a panic is constant data.

Invariant: equal sites are one entry; the table's order is the order of first use.
"""

from __future__ import annotations

from altru_ir.backend.lower.types import quote
from altru_ir.runtime.panic_kinds import KINDS
from altru_ir.source import Location

SITE = "{ ptr, ptr, i32, i32, i32, i32 }"
"""``altru_site``: file, message, kind, line, column, reserved."""


class Sites:
    """The panic sites of a module."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, Location | None, str | None], int] = {}
        self._strings: dict[str, str] = {}

    def number(self, kind: str, location: Location | None, message: str | None = None) -> int:
        """The number of a site. ``kind`` is a name of ``altru_panic_kinds.h``."""
        key = (kind, location, message)
        return self._numbers.setdefault(key, len(self._numbers))

    def _string(self, text: str | None) -> str:
        if text is None:
            return "ptr null"
        name = self._strings.setdefault(text, f"@altru.text.{len(self._strings)}")
        return f"ptr {name}"

    def text(self) -> list[str]:
        """The table and its strings as LLVM globals; nothing when no site was used."""
        if not self._numbers:
            return []
        rows = []
        for kind, location, message in self._numbers:
            file = self._string(location.file if location is not None else None)
            line, column = (location.line, location.column) if location is not None else (0, 0)
            rows.append(f"  {SITE} {{ {file}, {self._string(message)}, i32 {KINDS[kind]}, i32 {line}, i32 {column}, i32 0 }}")
        lines = [
            f"{name} = private unnamed_addr constant [{len(text.encode()) + 1} x i8] c{_c_string(text)}"
            for text, name in self._strings.items()
        ]
        body = ",\n".join(rows)
        lines.append(f"@altru.sites = internal unnamed_addr constant [{len(rows)} x {SITE}] [\n{body}\n]")
        return lines


def _c_string(text: str) -> str:
    data = text.encode() + b"\0"
    return '"' + "".join(chr(b) if 0x20 <= b < 0x7F and b not in (0x22, 0x5C) else f"\\{b:02X}" for b in data) + '"'


__all__ = ["SITE", "Sites", "quote"]
