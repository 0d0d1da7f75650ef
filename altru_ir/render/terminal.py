"""Diagnostics for people: message, place, the source line with what is meant underlined, further places, a way out.

Example:

    error[ALT-C001]: index 5 is out of bounds for length 3
      --> a.air:7:3
       |
     7 |   %e = elem %arr, %five
       |   ^^

A fix is shown as the lines that it takes away and puts there:

        = help: use `assign`, which drops what is there
     9 -   init %l, %b
     9 +   assign %l, %b

Invariant: an underline stands below its text whatever tabs and wide characters come before it; control characters of the
source or of a file's name never reach the terminal; of a long line only the part around the underline is shown.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping

from altru_ir.diagnostics import Diagnostic, Edit, Fix, edited
from altru_ir.source import Location, Source

_COLOURS = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m", "note": "\x1b[1;36m"}
_BOLD, _BLUE, _GREEN, _RESET = "\x1b[1m", "\x1b[1;34m", "\x1b[1;32m", "\x1b[0m"
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
    if diagnostic.fix is not None:
        lines += _suggestion(diagnostic.fix, sources, gutter, paint)
    return "\n".join(lines) + "\n"


def _suggestion(fix: Fix, sources: Mapping[str, Source], gutter: int, paint: _Paint) -> list[str]:
    """What the fix does, then the lines that it takes away and those that it puts there."""
    source = fix.source or (sources.get(fix.edits[0].location.file) if fix.edits else None)
    known = source is not None and all(source.first_line <= e.location.line for e in fix.edits)
    touched: dict[int, list[Edit]] = {}
    upto = 0
    for edit in sorted(fix.edits, key=lambda e: (e.location.line, e.location.column)) if known else []:
        assert source is not None
        start, end = edit.span(source)
        line = edit.location.line
        if touched and line <= upto:
            line = next(reversed(touched))
        touched.setdefault(line, []).append(edit)
        upto = max(upto, edit.location.line + source.text.count("\n", start, end))
    lines = [f"{' ' * gutter}  {paint('=', _BLUE)} {paint('help', _BOLD)}: {_visible(fix.message)}"]
    for line, edits in touched.items():
        assert source is not None
        start = source.line_starts()[line - source.first_line]
        end = source.text.find("\n", max(edit.span(source)[1] for edit in edits))
        end = len(source.text) if end < 0 else end
        old = Source(source.filename, source.text[start:end], line)
        before, behind = old.text.split("\n"), edited(old, edits).split("\n")
        while before and behind and before[-1] == behind[-1]:
            del before[-1], behind[-1]
        while before and behind and before[0] == behind[0]:
            del before[0], behind[0]
            line += 1
        number = str(line).rjust(gutter)
        lines += [paint(f"{number} - {_visible(text)}", _COLOURS["error"]) for text in before]
        lines += [paint(f"{number} + {_visible(text)}", _GREEN) for text in behind]
    return lines


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
