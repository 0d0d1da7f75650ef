"""Diagnostics for people: message, place, the source line with what is meant underlined, further places, a way out.

Example:

    error[ALT-C001]: index 5 is out of bounds for length 3
      --> a.air:7:3
       |
     7 |   %e = elem %arr, %five
       |   ^^

Invariant: an underline stands below its text whatever tabs and wide characters come before it; control characters of the
source never reach the terminal.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

from altru_ir.diagnostics import Diagnostic
from altru_ir.source import Location, Source

_COLOURS = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m", "note": "\x1b[1;36m"}
_BOLD, _BLUE, _RESET = "\x1b[1m", "\x1b[1;34m", "\x1b[0m"
TAB = 4


def _visible(text: str) -> str:
    return "".join(c if c.isprintable() or c == "\t" else "�" for c in text).replace("\t", " " * TAB)


def _width(text: str) -> int:
    wide = 0
    for c in text:
        if c == "\t":
            wide += TAB
        elif unicodedata.combining(c):
            continue
        else:
            wide += 2 if unicodedata.east_asian_width(c) in "WF" else 1
    return wide


def render(diagnostics: Iterable[Diagnostic], sources: Mapping[str, Source], *, colour: bool = False) -> str:
    """The text of ``diagnostics``.

    Parameters: ``sources`` by file name, for the lines; ``colour``, whether to use ANSI colours.
    """
    return "\n".join(_one(d, sources, colour) for d in diagnostics)


def _one(diagnostic: Diagnostic, sources: Mapping[str, Source], colour: bool) -> str:
    paint = (lambda text, how: f"{how}{text}{_RESET}") if colour else (lambda text, _how: text)
    head = paint(f"{diagnostic.severity}[{diagnostic.code}]", _COLOURS.get(diagnostic.severity, _BOLD))
    lines = [f"{head}: {_visible(diagnostic.message)}"]
    numbers = [diagnostic.location.line] if diagnostic.location else []
    numbers += [label.location.line for label in diagnostic.labels]
    gutter = len(str(max(numbers, default=0)))
    if diagnostic.location is not None:
        lines += _snippet(diagnostic.location, "", sources, gutter, paint, "^")
    elif diagnostic.function is not None:
        lines.append(f"  in @{_visible(diagnostic.function)}")
    for label in diagnostic.labels:
        lines += _snippet(label.location, label.message, sources, gutter, paint, "-")
    if diagnostic.help is not None:
        lines.append(f"{' ' * gutter}  {paint('=', _BLUE)} {paint('help', _BOLD)}: {_visible(diagnostic.help)}")
    return "\n".join(lines) + "\n"


def _snippet(at: Location, message: str, sources: Mapping[str, Source], gutter: int, paint, mark: str) -> list[str]:  # type: ignore[no-untyped-def]
    arrow = "-->" if mark == "^" else ":::"
    lines = [f"{' ' * gutter} {paint(arrow, _BLUE)} {at}"]
    source = sources.get(at.file)
    text = source.line(at.line) if source is not None else ""
    if not text:
        return lines + ([f"{' ' * gutter}     {_visible(message)}"] if message else [])
    bar = paint("|", _BLUE)
    lines.append(f"{' ' * gutter} {bar}")
    lines.append(f"{paint(str(at.line).rjust(gutter), _BLUE)} {bar} {_visible(text)}")
    if at.column:
        before = _width(text[: at.column - 1])
        under = max(1, _width(text[at.column - 1 : at.column - 1 + at.length]))
        shown = mark * under + (f" {_visible(message)}" if message else "")
        lines.append(f"{' ' * gutter} {bar} {' ' * before}{paint(shown, _COLOURS['error'] if mark == '^' else _BLUE)}")
    return lines
