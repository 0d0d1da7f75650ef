"""Preludes of generated programs: of declarations that may stand in front of one, those that it names.

    split(DECLARATIONS)                          {"Pair": "struct @Pair { ... }", "flip": "func @flip() ...", ...}
    used(split(DECLARATIONS), [text])            what ``text`` names, what that names, and so on, in the order of the prelude

A small program pays for each declaration in every step that it goes through, so what nobody names is left out.

Invariant: what is left out is named neither by the program nor by anything that stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_NAME = re.compile(r"@([A-Za-z_][\w.]*)")
_BEGINS = re.compile(r"^(?=(?:private )?(?:struct|enum|union|global|func)\b)", re.MULTILINE)


def split(text: str) -> dict[str, str]:
    """The declarations of a prelude by their names, each with the end of its last line."""
    return {names(declaration)[0]: declaration for declaration in _BEGINS.split(text) if declaration}


def names(text: str) -> list[str]:
    """The names of a module's that stand in ``text``."""
    return _NAME.findall(text)


def used(prelude: Mapping[str, str], texts: Iterable[str]) -> dict[str, str]:
    """The part of a prelude that the texts reach, by name, in the order of the prelude."""
    reached: set[str] = set()
    work = [name for text in texts for name in names(text)]
    while work:
        name = work.pop()
        if name in prelude and name not in reached:
            reached.add(name)
            work += names(prelude[name])
    return {name: text for name, text in prelude.items() if name in reached}
