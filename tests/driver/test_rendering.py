"""Diagnostics as people and programs see them: alignment, colour, hostile text, and the JSON form."""

from __future__ import annotations

import json
import unicodedata

import pytest

from altru_ir.diagnostics import Diagnostic, Label
from altru_ir.render import json as to_json
from altru_ir.render import terminal
from altru_ir.source import Location, Source


def shown(text: str, column: int, length: int = 1, **more: object) -> list[str]:
    source = Source("a.air", text)
    diagnostic = Diagnostic("ALT-P001", "wrong", Location("a.air", 1, column, length), **more)  # type: ignore[arg-type]
    return terminal.render([diagnostic], {"a.air": source}).splitlines()


def columns(text: str) -> int:
    """The columns of ``text`` in a terminal, by a rule of its own: the renderer's is what is tested."""
    wide = [c for c in text if unicodedata.east_asian_width(c) in "WF"]
    return len(text) + len(wide) - sum(unicodedata.category(c) in ("Mn", "Me") for c in text)


@pytest.mark.parametrize(
    "before", ["", "  ", "\t", "中文", "e\u0301", "⚠\ufe0f", "\u3000", "\u200b", "\x1b[31m", "\u202e", "a\tb\t中"]
)
def test_the_underline_is_below_what_is_meant(before: str) -> None:
    _, place, _, line, under = shown(f"{before}bad rest", len(before) + 1, 3)
    assert place == f"  --> a.air:1:{len(before) + 1}"
    assert columns(line[: line.index("bad")]) == under.index("^")
    assert under.strip(" |") == "^^^"


def test_nothing_unprintable_reaches_the_terminal() -> None:
    name = "a\x1b]0;title\x07.air"
    at = Location(name, 1, 1)
    diagnostic = Diagnostic("ALT-P001", "m\x1b[2J", at, labels=(Label(at, "l\x1b"),), help="h\x07")
    text = terminal.render([diagnostic], {name: Source(name, "\x1b[31m\u202e\x00")})
    assert all(c.isprintable() or c == "\n" for c in text)
    assert "\x1b" in terminal.render([diagnostic], {}, colour=True)


@pytest.mark.parametrize("column", [1, 100, 5_000, 9_999, 20_000])
def test_long_lines_are_cut_around_the_place(column: int) -> None:
    text = "x" * 10_000
    _, _, _, line, under = shown(text, column, 50_000)
    assert len(line) < terminal.WINDOW + 10
    assert len(under) <= len(line) + 1


def test_labels_help_and_messages_of_several_lines() -> None:
    source = Source("a.air", "one\ntwo\n", 9)
    diagnostic = Diagnostic(
        "ALT-V002", "first\nsecond", Location("a.air", 10, 1, 3), labels=(Label(Location("a.air", 9, 1, 3), "here"),), help="so"
    )
    assert terminal.render([diagnostic], {"a.air": source}) == (
        "error[ALT-V002]: first\n  second\n"
        "   --> a.air:10:1\n   |\n10 | two\n   | ^^^\n"
        "   ::: a.air:9:1\n   |\n 9 | one\n   | --- here\n"
        "    = help: so\n"
    )


def test_places_that_no_source_has() -> None:
    assert terminal.render([Diagnostic("ALT-S001", "m", None, function="f")], {}) == "error[ALT-S001]: m\n  in @f\n"
    assert terminal.render([Diagnostic("ALT-S001", "m", Location("other", 3))], {}) == "error[ALT-S001]: m\n  --> other:3\n"


def test_json_is_data() -> None:
    at = Location("a\x1b.air", 2, 3, 4)
    found = json.loads(to_json.render([Diagnostic("ALT-V002", "é", at, labels=(Label(at, "l"),), help="h")]))
    place = {"file": "a\x1b.air", "line": 2, "column": 3, "length": 4}
    assert found == {
        "version": to_json.VERSION,
        "diagnostics": [{
            "code": "ALT-V002", "severity": "error", "message": "é", "location": place, "function": None,
            "labels": [{"location": place, "message": "l"}], "help": "h", "fix": None,
        }],
    }  # fmt: skip
