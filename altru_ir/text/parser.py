"""The parser: text in, a module out, or all that is wrong with the text.

Headers of types, globals and functions are read first (``headers.py``), bodies after (``bodies.py``), so that a body may
use what is declared below it; types are in ``type_grammar.py`` and what they all share in ``cursor.py``.

Example: see ``altru_ir.parse``.

Errors are collected. Invariant: a module is returned only when there was none.
"""

from __future__ import annotations

import os
from typing import Any

from altru_ir.collector import CollectorPaused
from altru_ir.diagnostics import Diagnostic, DiagnosticError
from altru_ir.module import DEFAULT_TARGET, Function, Module
from altru_ir.source import Location, Source, shown_name
from altru_ir.text import lexer
from altru_ir.text.bodies import Bodies
from altru_ir.text.cursor import Recover
from altru_ir.text.headers import Headers
from altru_ir.text.type_grammar import TypeGrammar
from altru_ir.types import Type

_NESTS = frozenset({"{", "func"})
"""What stands in a body that does not end at the first brace, or should not."""

TEXT_VERSION = 1
"""The version of the text format that this release reads and writes."""


def parse(given: str | bytes, filename: str | os.PathLike[str] = "<text>", first_line: int = 1) -> Module:
    """Parses a module.

    Parameters: ``given``, the text or its bytes in UTF-8; ``filename`` as diagnostics and panics show it; ``first_line``, the
    number of the text's first line in that file. Raises ``DiagnosticError`` with every problem found, and ``TypeError`` for
    what is no text.
    """
    if not isinstance(given, (str, bytes)):
        raise TypeError(f"what is parsed is a text or its bytes, not {type(given).__name__}{_hint(given)}")
    if not isinstance(filename, str):
        filename = os.fspath(filename)
    filename = shown_name(filename)
    text = _decode(given, filename, first_line) if isinstance(given, bytes) else given
    _refuse_surrogates(text, filename, first_line)
    source = Source(filename, text, first_line)
    source.find_spans = lexer.spans
    with CollectorPaused():
        return _Parser(source).module()


def _hint(given: object) -> str:
    """How the text is had that somebody means by ``given``."""
    if isinstance(given, os.PathLike):
        return "; `read_bytes()` of a path gives its bytes"
    return "; `read()` of a file gives its text" if hasattr(given, "read") else ""


def _decode(given: bytes, filename: str, first_line: int) -> str:
    try:
        return given.decode()
    except UnicodeDecodeError as error:
        line = given.count(b"\n", 0, error.start) + first_line
        column = len(given[given.rfind(b"\n", 0, error.start) + 1 : error.start].decode()) + 1
        message = f"byte 0x{given[error.start]:02x} is not valid UTF-8"
        raise DiagnosticError([Diagnostic("ALT-P006", message, Location(filename, line, column))]) from None


def _refuse_surrogates(text: str, filename: str, first_line: int) -> None:
    """A Python string may hold halves of surrogate pairs, which no UTF-8 text has."""
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError as error:
        place = Source(filename, text, first_line).position(error.start)
        message = f"U+{ord(text[error.start]):04X} is half of a surrogate pair and no character"
        raise DiagnosticError([Diagnostic("ALT-P006", message, place)]) from None


class _Parser(Headers, Bodies):
    """Reads a whole module."""

    def __init__(self, source: Source) -> None:
        super().__init__(source, Module())
        self.target_module.source = source
        self._kept = 0  # where the comments begin that belong to no declaration yet
        self._behind_last = -1  # the token behind the last declaration

    def module(self) -> Module:
        module = self.target_module
        bodies: list[tuple[Function, int, int]] = []
        at = 0
        try:
            at = self.heading()
        except Recover:
            raise DiagnosticError(self.errors, self.source) from None
        tokens = self.tokens
        while tokens[at]:
            start = at
            try:
                declaration, at, body = self.declaration(at)
            except Recover:
                self.failed.add(next((token for token in tokens[start : start + 5] if token[:1] == "@"), ""))
                at = self.next_declaration(start + 1)
                continue
            self.keep_comments(declaration, start, at if body is None else body, at)
            try:
                module.add(declaration)
            except ValueError as error:
                self.error(start, str(error), "ALT-P003")
            if body is not None and isinstance(declaration, Function):
                bodies.append((declaration, body, at))
        module.trailing_comments = self.comments_above(at + 1)
        for function, body, end in bodies:
            self.body(function, body, end)
        if self.errors:
            order = {id(e): n for n, e in enumerate(self.errors)}

            def place(error: Diagnostic) -> tuple[int, int, int]:
                at = error.location
                return (at.line, at.column, order[id(error)]) if at is not None else (0, 0, order[id(error)])

            raise DiagnosticError(sorted(self.errors, key=place), self.source)
        return module

    def heading(self) -> int:
        """``altru 1`` and ``module @name {target = "..."}``, both optional."""
        tokens, at = self.tokens, 0
        if tokens[at] == "altru":
            version = self.integer(at + 1, "the version of the text format")
            if version != TEXT_VERSION:
                self.fail(at + 1, f"this release reads version {TEXT_VERSION} of the text format, not {version}", "ALT-P007")
            at += 2
        if tokens[at] == "module":
            self.target_module.name = self.symbol(at + 1, "the module's name")
            at += 2
            if tokens[at] == "{":
                attributes, at = self.attributes(at)
                target = attributes.pop("target", DEFAULT_TARGET)
                from altru_ir.targets import UnknownTargetError, data_of

                try:
                    data_of(target if isinstance(target, str) else repr(target))
                except UnknownTargetError as error:
                    self.fail(at - 1, str(error), "ALT-S003")
                self.target_module.target = target
                self.target_module.attributes = attributes
        return at

    def declaration(self, at: int) -> tuple[Any, int, int | None]:
        tokens = self.tokens
        linkage = "public"
        start = at
        if tokens[at] in ("private", "public"):
            linkage = tokens[at]
            at += 1
        token = tokens[at]
        if token in ("struct", "enum", "union") and linkage == "public":
            declaration, at = self.type_declaration(at, start)
            return declaration, at, None
        if token == "global":
            return (*self.global_declaration(at, start, linkage), None)
        abi = None
        if token == "extern":
            if tokens[at + 1][:1] != '"':
                self.expected(at + 1, 'the ABI, as in `extern "C"`')
            abi = self.unquoted(at + 1, tokens[at + 1])
            if abi != "C":
                self.fail(at + 1, f'there is no ABI "{abi}"; the one there is is "C"')
            at += 2
            token = tokens[at]
        if token != "func":
            self.expected(at, "a declaration (`struct`, `enum`, `union`, `global`, `func` or `extern`)")
        function, at = self.function_header(at, abi, linkage)
        function.loc = start
        if tokens[at] != "{":
            return function, at, None
        return function, self.skip_body(at), at + 1

    def skip_body(self, at: int) -> int:
        """The index behind the ``}`` that closes the ``{`` at ``at``; what has no ``}`` ends at the next declaration."""
        tokens = self.tokens
        opening, depth = at, 1
        while True:
            try:
                close = tokens.index("}", at + 1)
            except ValueError:
                close = len(tokens) - len(lexer.PADDING)
            inside = tokens[at + 1 : close]
            if depth == 1 and tokens[close] and _NESTS.isdisjoint(inside):  # the usual case
                return close + 1
            lost = not tokens[close]
            if not lost and "func" in inside:
                lost = any(tokens[i] == "func" and tokens[i + 1][:1] == "@" for i in range(at + 1, close))
            if lost:  # no declaration begins inside a body
                self.error(opening, "this `{` is never closed")
                return self.next_declaration(opening + 1)
            depth += inside.count("{") - 1
            if depth == 0:
                return close + 1
            at = close

    def next_declaration(self, at: int) -> int:
        tokens = self.tokens
        begins = ("struct", "enum", "union", "global", "func", "extern", "private", "public")
        goes_on = ("func", "global", "extern", "mut", "const", "thread_local")
        while tokens[at]:
            # Behind `=` it is the operation of that name, behind the others the middle of a declaration.
            if tokens[at] in begins and tokens[at - 1] not in ("=", '"C"', "private", "public"):
                following = tokens[at + 1]
                if following[:1] in ("@", '"') or following in goes_on:
                    return at
            at += 1
        return at

    def keep_comments(self, declaration: Any, start: int, inside: int, end: int) -> None:
        """Keeps the comments above a declaration, those between its tokens up to ``inside``, where its body begins (they are
        moved above it: it is printed on one line), and the one behind it."""
        if not self.comments:
            return
        above = self.comments_above(inside)
        self._kept = self._behind_last = end
        declaration.behind = next((text for _, text, behind in self.comments_between(end, end + 1) if behind), None)
        if isinstance(declaration, Function):
            declaration.leading_comments = above
        else:
            declaration.comments = above

    def comments_above(self, end: int) -> list[str]:
        """The comments before token ``end`` that belong to no declaration yet."""
        last = self._behind_last
        return [text for index, text, behind in self.comments_between(self._kept, end) if not (behind and index == last)]


def parse_type(text: str) -> Type:
    """Parses one type. Raises ``DiagnosticError``, and ``TypeError`` for what is no text."""
    if not isinstance(text, str):
        raise TypeError(f"a type is parsed from a text, not from {text.__class__.__name__}")
    source = Source("<type>", text)
    source.find_spans = lexer.spans
    parser = TypeGrammar(source)
    try:
        type, at = parser.type(0)
        if parser.tokens[at]:
            parser.expected(at, "the end of the type")
    except Recover:
        raise DiagnosticError(parser.errors, source) from None
    return type
