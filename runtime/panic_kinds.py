"""The classes of panic, read from the header that the C runtime is compiled with.

Example: ``KINDS["bounds"] == 1`` and ``FORMATS["bounds"] == "index {a} out of bounds for length {b}"``.
"""

from __future__ import annotations

import re
from pathlib import Path

_ENTRY = re.compile(r'^ALTRU_PANIC\((\w+), (\d+), "(.*)"\)$', re.MULTILINE)
_found = _ENTRY.findall((Path(__file__).resolve().parent / "include" / "altru_panic_kinds.h").read_text())

KINDS: dict[str, int] = {name: int(number) for name, number, _ in _found}
FORMATS: dict[str, str] = {name: text for name, _, text in _found}
