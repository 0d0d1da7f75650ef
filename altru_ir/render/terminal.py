"""Diagnostics for people: message, place, the source line with what is meant underlined, further places, a way out.

Example:

    error[ALT-C001]: index 5 is out of bounds for length 3
      --> a.air:7:3
       |
     7 |   %e = elem %arr, %five
       |   ^^

Invariant: an underline stands below its text whatever tabs and wide characters come before it; control characters of the
source or of a file's name never reach the terminal; of a long line only the part around the underline is shown.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping

from altru_ir.diagnostics import Diagnostic
from altru_ir.source import Location, Source

_COLOURS = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m", "note": "\x1b[1;36m"}
_BOLD, _BLUE, _RESET = "\x1b[1m", "\x1b[1;34m", "\x1b[0m"
TAB = 4
WINDOW = 160
"""How many characters of a source line are shown."""

_Paint = Callable[[str, str], str]


def _visible(text: str) -> str:
    """``text`` as it is shown: tabs as spaces, what is not printable replaced."""
    return "".join(c if c.isprintable() else " " * TAB if c == "\t" else "�" for c in text)


def _width(text: str) -> int:
    """The columns that ``text``, already visible, takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.category(c) in ("Mn", "Me") else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def _window(text: str, column: int, length: int) -> tuple[str, str, str]:
    """The visible text before the underlined part, that part, and what follows, cut to ``WINDOW`` characters."""
    first = max(0, column - 1)
    start = 0 if len(text) <= WINDOW else max(0, min(first - WINDOW // 3, len(text) - WINDOW))
    end = min(len(text), start + WINDOW)
    before, meant = text[start:first], text[first : min(first + length, end)]
    behind = text[first + len(meant) : end]
    return ("…" if start else "") + _visible(before), _visible(meant), _visible(behind) + ("…" if end < len(text) else "")


def render(diagnostics: Iterable[Diagnostic], sources: Mapping[str, Source], *, colour: bool = False) -> str:
    """The text of ``diagnostics``.

    Parameters: ``sources`` by file name, for the lines; ``colour``, whether to use ANSI colours.
    """
    return "\n".join(_one(d, sources, colour) for d in diagnostics)


def _one(diagnostic: Diagnostic, sources: Mapping[str, Source], colour: bool) -> str:
    def paint(text: str, how: str) -> str:
        return f"{how}{text}{_RESET}" if colour else text

    head = paint(f"{diagnostic.severity}[{diagnostic.code}]", _COLOURS.get(diagnostic.severity, _BOLD))
    message = "\n  ".join(_visible(line) for line in diagnostic.message.split("\n"))
    lines = [f"{head}: {message}"]
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


def _snippet(at: Location, message: str, sources: Mapping[str, Source], gutter: int, paint: _Paint, mark: str) -> list[str]:
    arrow = "-->" if mark == "^" else ":::"
    lines = [f"{' ' * gutter} {paint(arrow, _BLUE)} {_visible(str(at))}"]
    source = sources.get(at.file)
    text = source.line(at.line) if source is not None else ""
    if not text:
        return lines + ([f"{' ' * gutter}     {_visible(message)}"] if message else [])
    bar = paint("|", _BLUE)
    lines.append(f"{' ' * gutter} {bar}")
    before, meant, behind = _window(text, at.column, at.length)
    lines.append(f"{paint(str(at.line).rjust(gutter), _BLUE)} {bar} {before}{meant}{behind}")
    if at.column:
        shown = mark * max(1, _width(meant)) + (f" {_visible(message)}" if message else "")
        how = _COLOURS["error"] if mark == "^" else _BLUE
        lines.append(f"{' ' * gutter} {bar} {' ' * _width(before)}{paint(shown, how)}")
    elif message:
        lines.append(f"{' ' * gutter} {bar} {_visible(message)}")
    return lines
