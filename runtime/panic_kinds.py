"""The classes of panic, read from the header that the C runtime is compiled with.

Example: ``KINDS["bounds"] == 1``, and ``describe("bounds", 5, 3) == "index 5 out of bounds for length 3"``.

Invariant: what is described here is, byte for byte, what compiled code tells; both follow one list.
"""

from __future__ import annotations

import re
from pathlib import Path

_HEADER = Path(__file__).resolve().parent / "include" / "altru_panic_kinds.h"
_ENTRY = re.compile(r'ALTRU_PANIC\((\w+), (\d+), "([^"\\]*)"\)')
_VALUE = re.compile(r"\{(a|b|a:x|b:x|message)\}")
_WORD = 2**64 - 1


def _entries() -> list[tuple[str, int, str]]:
    found = []
    lines = _HEADER.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        if line.startswith("ALTRU_PANIC("):
            entry = _ENTRY.fullmatch(line)
            if entry is None or "{" in _VALUE.sub("", entry[3]):
                raise ValueError(
                    f'{_HEADER}:{number}: `{line}` is not ALTRU_PANIC(name, number, "format") on one line, or its format '
                    "has something else than {a}, {b}, {a:x}, {b:x}, {message}"
                )
            found.append((entry[1], int(entry[2]), entry[3]))
    return found


KINDS: dict[str, int] = {name: number for name, number, _ in _entries()}
"""The number of each class, by name."""

FORMATS: dict[str, str] = {name: text for name, _, text in _entries()}
"""The words of each class, by name."""


def describe(kind: str, a: int = 0, b: int = 0, message: str | None = None) -> str:
    """What a panic says, without its place.

    Parameters: ``kind``, a name of ``KINDS``; ``a`` and ``b``, its values, taken modulo 2**64 as unsigned numbers;
    ``message``, of an explicit panic. Raises ``KeyError`` for a name that is no class.
    """
    values = {
        "a": str(a & _WORD),
        "b": str(b & _WORD),
        "a:x": hex(a & _WORD),
        "b:x": hex(b & _WORD),
        "message": "explicit panic" if message is None else message,
    }
    return _VALUE.sub(lambda found: values[found[1]], FORMATS[kind])
