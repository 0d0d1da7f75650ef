"""Where things come from: source texts and positions in them.

An operation keeps its place as a small integer, the index of its first token in the text it was parsed from, or as a
``Location`` that a front-end gave. Lines and columns are computed when somebody asks: positions of tokens cost as much
as the tokens themselves, and most programs have no error.

Example: ``Source("a.air", "x\\n  yy").position(4)`` is line 2, column 3 (both count from 1, columns count characters).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import Any

import attrs


def has_text(text: str) -> bool:
    """Whether UTF-8 can write ``text``: a Python string may hold halves of surrogate pairs, which it cannot."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def shown_name(name: str) -> str:
    """A name as a text shows it: ``?`` stands for halves of surrogate pairs (Python has them for what in the name of a file is
    no UTF-8)."""
    return name if has_text(name) else name.encode(errors="replace").decode()


COUNTS = 1 << 31
"""Above each line and column: as many as fit where panics and debug information keep them."""


@attrs.frozen
class Location:
    """A position in a source file. ``line`` and ``column`` count from 1; ``column`` 0 means the whole line.

    ``length`` is the number of characters to underline; it is not part of the text format. Raises ``TypeError`` for what is no
    name or no number, and ``ValueError`` for a number that no text can say (``COUNTS``).
    """

    file: str
    line: int
    column: int = 0
    length: int = attrs.field(default=1, eq=False)

    def __attrs_post_init__(self) -> None:
        known = self.file.__class__ is str and self.line.__class__ is int and self.column.__class__ is int
        if not (known and 0 <= self.line < COUNTS and 0 <= self.column < COUNTS and self.length.__class__ is int):
            self._refuse()

    def _refuse(self) -> None:
        """Says which part of a place is none; parts of subclasses are."""
        if not isinstance(self.file, str):
            raise TypeError(f"the file of a location is {self.file!r}, and no text")
        numbers: dict[str, Any] = {"line": self.line, "column": self.column, "length": self.length}
        for name, number in numbers.items():
            if not isinstance(number, int) or isinstance(number, bool):
                raise TypeError(f"the {name} of a location is {number!r}, and no number")
        for name in ("line", "column"):
            if not 0 <= numbers[name] < COUNTS:
                raise ValueError(f"the {name} of a location is {numbers[name]}; it is from 0 to {COUNTS - 1}")

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"


class Source:
    """A text with a name, and on demand the offsets of its tokens and lines.

    Parameters: ``filename`` as shown to people; ``text``, the whole of it; ``first_line``, the number of its first line
    in the file (a part of a split file does not start at 1).
    """

    __slots__ = ("_lines", "_spans", "filename", "find_spans", "first_line", "text")

    def __init__(self, filename: str, text: str, first_line: int = 1) -> None:
        self.filename = filename
        self.text = text
        self.first_line = first_line
        self.find_spans: Callable[[str], list[tuple[int, int]]] | None = None
        self._lines: list[int] | None = None
        self._spans: list[tuple[int, int]] | None = None

    def line_starts(self) -> list[int]:
        """Offsets at which lines begin."""
        if self._lines is None:
            starts = [0]
            find = self.text.find
            at = find("\n")
            while at >= 0:
                starts.append(at + 1)
                at = find("\n", at + 1)
            self._lines = starts
        return self._lines

    def line(self, number: int) -> str:
        """The text of line ``number`` without its newline; empty when there is no such line."""
        starts = self.line_starts()
        index = number - self.first_line
        if not 0 <= index < len(starts):
            return ""
        end = starts[index + 1] - 1 if index + 1 < len(starts) else len(self.text)
        return self.text[starts[index] : end].rstrip("\r")

    def position(self, offset: int, length: int = 1) -> Location:
        """The location of the character at ``offset``."""
        starts = self.line_starts()
        index = bisect_right(starts, offset) - 1
        return Location(self.filename, index + self.first_line, offset - starts[index] + 1, length)

    def token(self, index: int) -> Location:
        """The location of token ``index``, by the tokenizer that the parser left in ``find_spans``."""
        spans = self.token_spans()
        if not spans:
            return self.position(0)
        if index >= len(spans):
            return self.position(len(self.text))
        start, end = spans[index]
        return self.position(start, max(1, end - start))

    def token_spans(self) -> list[tuple[int, int]]:
        """Where each token begins and ends; empty when no tokenizer was left."""
        if self._spans is None:
            self._spans = self.find_spans(self.text) if self.find_spans else []
        return self._spans
