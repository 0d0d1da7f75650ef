"""The cursor: tokens, what is expected at them, and the errors found there.

What every part of the grammar shares: names and their sigils, numbers, literals, attributes, locations, and comments with
the tokens they stand between. Each method takes the index of a token and returns what it read with the index behind it.

Example: ``Cursor(Source("a", "[1, 2]")).literal(0) == ([1, 2], 5)``.

Invariant: an error is recorded where it is found; ``Recover`` then unwinds to whoever knows how to go on.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from typing import Any, NoReturn

from altru_ir.diagnostics import Diagnostic, DiagnosticError
from altru_ir.source import COUNTS, Location, Source
from altru_ir.text import lexer
from altru_ir.types import spell_name
from altru_ir.values import Symbol, Word

MAX_NESTING = 200
"""How deep types and lists may nest: they are read recursively."""

MAX_BITS = 192
"""How long an integer literal may be, so that it has at most 60 characters in decimal too."""

MAX_ERRORS = 100
"""After so many errors the rest of the text is not looked at."""


class Recover(Exception):
    """Unwinds from an error, already recorded, to the place where parsing can go on."""


class Cursor:
    """Tokens of ``source`` with the services above. ``inside`` names the function being read, for diagnostics."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.tokens = lexer.tokenize(source.text)
        self.errors: list[Diagnostic] = []
        self.comments = self.place_comments()
        self.inside: str | None = None
        self.depth = 0

    # -- errors -----------------------------------------------------------------------------------------------------

    def error(self, at: int, message: str, code: str = "ALT-P001", help: str | None = None) -> None:
        """Records an error at token ``at``."""
        self.errors.append(Diagnostic(code, message, self.source.token(at), function=self.inside, help=help))
        if len(self.errors) >= MAX_ERRORS:
            raise DiagnosticError(self.errors, self.source)

    def fail(self, at: int, message: str, code: str = "ALT-P001", help: str | None = None) -> NoReturn:
        """Records an error and gives up what is being read."""
        self.error(at, message, code, help)
        raise Recover

    def expected(self, at: int, what: str) -> NoReturn:
        token = self.tokens[at]
        if not token:
            self.fail(at, f"expected {what}, found the end of the text")
        if token in ('"', "'", "%", "@", "^"):
            kind = {'"': "a string that is not closed on its line"}.get(token, f"`{token}` without a name")
            self.fail(at, f"expected {what}, found {kind}")
        shown = token if len(token) <= 40 else token[:37] + "..."
        self.fail(at, f"expected {what}, found `{shown}`")

    def expect(self, at: int, token: str) -> int:
        if self.tokens[at] != token:
            self.expected(at, f"`{token}`")
        return at + 1

    # -- comments --

    def place_comments(self) -> list[tuple[int, str, bool]]:
        """Comments as (index of the next token, text, whether it stands behind the token before)."""
        found = lexer.comments(self.source.text)
        if not found:
            return []
        starts = [start for start, _ in lexer.spans(self.source.text)]
        return [(bisect_left(starts, offset), text, behind) for offset, text, behind in found]

    def comments_between(self, first: int, end: int) -> list[tuple[int, str, bool]]:
        low = bisect_left(self.comments, (first, "", False))
        high = bisect_left(self.comments, (end, "", False))
        return self.comments[low:high]

    # -- names --

    def bare(self, at: int, sigil: str, what: str) -> str:
        """The name behind a sigil, unquoted."""
        token = self.tokens[at]
        if not token or token[0] != sigil or len(token) < 2:
            self.expected(at, what)
        return self.unquoted(at, token[1:]) if token[1] == '"' else token[1:]

    def unquoted(self, at: int, token: str) -> str:
        try:
            return lexer.unquote(token)
        except ValueError as error:
            self.fail(at, str(error))

    def spelling(self, at: int, token: str) -> str:
        """The canonical spelling of a value or block token behind its sigil."""
        return spell_name(self.unquoted(at, token[1:])) if token[1:2] == '"' else token[1:]

    def symbol(self, at: int, what: str = "a symbol `@name`") -> str:
        return self.bare(at, "@", what)

    def word(self, at: int, what: str) -> str:
        token = self.tokens[at]
        if token and token[0] == '"':
            return self.unquoted(at, token)
        if not token or not (token[0].isalpha() or token[0] == "_"):
            self.expected(at, what)
        return token

    def integer(self, at: int, what: str) -> int:
        token = self.tokens[at]
        if len(token) <= 60:
            try:
                return int(token, 16 if token[:2] in ("0x", "0X") else 10)
            except ValueError:
                pass
        self.expected(at, what)

    # -- literals, attributes, locations --

    def literal(self, at: int) -> tuple[Any, int]:
        token = self.tokens[at]
        first = token[:1]
        if first.isdigit() or first == "-":
            return self.number(at, token), at + 1
        if first == '"':
            return self.unquoted(at, token) if len(token) > 1 else self.expected(at, "a literal"), at + 1
        if token[:2] == 'b"' and len(token) > 2:
            try:
                return lexer.unquote_bytes(token), at + 1
            except ValueError as error:
                self.fail(at, str(error))
        if token == "true":
            return True, at + 1
        if token == "false":
            return False, at + 1
        if token in ("nan", "inf"):
            return float(token), at + 1
        if first == "@":
            return Symbol(self.symbol(at)), at + 1
        if token == "[":
            self.depth += 1
            if self.depth > MAX_NESTING:
                self.depth = 0
                self.fail(at, f"lists nest deeper than {MAX_NESTING}", "ALT-P006")
            items: list[Any] = []
            at += 1
            while self.tokens[at] != "]":
                item, at = self.literal(at)
                items.append(item)
                if self.tokens[at] != ",":
                    break
                at += 1
            self.depth -= 1
            return items, self.expect(at, "]")
        self.expected(at, "a literal")

    def number(self, at: int, token: str) -> int | float:
        if token[:2] in ("0x", "0X") or token[:3] in ("-0x", "-0X"):
            if len(token) > 60:
                self.fail(at, "an integer literal has at most 60 characters")
            value = int(token, 16)
            if value.bit_length() > MAX_BITS:
                self.fail(at, f"an integer literal has at most {MAX_BITS} bits")
            return value
        if token == "-inf":
            return -math.inf
        try:
            if "." in token:
                real = float(token)
                if math.isinf(real):
                    self.fail(at, "the number is out of range for `f64`; infinity is written `inf`", "ALT-V007")
                return real
            if len(token) > 60:
                self.fail(at, "an integer literal has at most 60 characters")
            return int(token)
        except ValueError:
            self.expected(at, "a number")

    def attributes(self, at: int) -> tuple[dict[str, Any], int]:
        """``{word, name = literal, ...}`` from its brace, and the index behind it."""
        tokens = self.tokens
        found: dict[str, Any] = {}
        at += 1
        while tokens[at] != "}":
            name_at = at
            name = self.word(at, "an attribute's name")
            at += 1
            value: Any = True
            if tokens[at] == "=":
                token = tokens[at + 1]
                if token[:1].isalpha() and token not in ("true", "false", "nan", "inf") and token[:2] != 'b"':
                    value, at = Word(token), at + 2
                else:
                    value, at = self.literal(at + 1)
            if name in found:
                self.error(name_at, f"attribute `{name}` is given twice", "ALT-P003")
            found[name] = value
            if tokens[at] != ",":
                break
            at += 1
        return found, self.expect(at, "}")

    def counted(self, at: int, what: str) -> int:
        """A line or column."""
        number = self.integer(at, what)
        if not 0 <= number < COUNTS:
            self.expected(at, what)
        return number

    def location(self, at: int) -> tuple[Location, int]:
        """``loc("file":line:column)``."""
        at = self.expect(at + 1, "(")
        if self.tokens[at][:1] != '"':
            self.expected(at, "a file name in quotes")
        file = self.unquoted(at, self.tokens[at])
        line = self.counted(self.expect(at + 1, ":"), "a line number")
        at += 3
        column = 0
        if self.tokens[at] == ":":
            column = self.counted(at + 1, "a column")
            at += 2
        return Location(file, line, column), self.expect(at, ")")
