"""Reduction of a text that is no valid program: by its pieces, without a look at what they mean.

For a defect of the parser or of the verifier there is nothing to verify candidates with, and no module to edit. So pieces
of the text are left out, in the order of their size: declarations (from a line that begins in the first column to the next such
line behind a closed brace), lines, tokens, characters of long tokens. What is left is 1-minimal: no single piece can go.

Example: ``func @f( {`` is what may be left of a file for which the parser fails on an unclosed parenthesis.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

from altru_ir.testing.reduce.search import Search, sweep
from altru_ir.text import lexer

LONG = 3
"""Tokens of more characters than this are looked into."""

_TOP = re.compile(r"^(?=[^\s}])", re.MULTILINE)


def declarations(text: str) -> list[str]:
    """Pieces that begin where a line begins with neither blank nor brace nor block label."""
    cuts = [m.start() for m in _TOP.finditer(text) if text[m.start()] != "^"]
    return _cut(text, cuts)


def lines(text: str) -> list[str]:
    """The lines."""
    return text.splitlines(keepends=True)


def tokens(text: str) -> list[str]:
    """The tokens, each with the blanks and comments before it."""
    return _cut(text, [end for _, end in lexer.spans(text)])


def characters(text: str) -> list[str]:
    """Long tokens character by character, and what is between them."""
    cuts: list[int] = []
    for start, end in lexer.spans(text):
        if end - start > LONG:
            cuts.extend(range(start, end + 1))
    return _cut(text, cuts)


def _cut(text: str, cuts: list[int]) -> list[str]:
    ends = [0, *cuts, len(text)]
    return [text[a:b] for a, b in pairwise(ends) if a < b]


LEVELS: tuple[Callable[[str], list[str]], ...] = (declarations, lines, tokens, characters)


def run(search: Search) -> None:
    """Leaves out pieces until none can go. Raises ``Exhausted``."""
    going = True
    while going:
        going = False
        for pieces in LEVELS:
            going = _without(search, pieces) or going


def _without(search: Search, pieces: Callable[[str], list[str]]) -> bool:
    def attempt(low: int, high: int) -> bool:
        parts = pieces(search.best)
        text = "".join(parts[:low] + parts[high:])
        return len(text) < len(search.best) and search.is_new(text) and search.ask(text)

    return sweep(lambda: len(pieces(search.best)), attempt)
