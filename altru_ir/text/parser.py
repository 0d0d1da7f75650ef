"""The parser: text in, a module out, or all that is wrong with the text.

One grammar serves every operation: results, mnemonic, the declaration's format, ``{attributes}``, ``unsafe``, ``: type``,
``loc(...)``. The parser walks the steps that a declaration's format compiles to; no operation has code here. Headers of
types, globals and functions are read first, bodies after, so that a body may use what is declared below it.

Example: see ``altru_ir.parse``.

Errors are collected: after one inside a body the parser goes on at the next line, what the line would have defined gets
the error type, and nothing that follows from it is reported again. Invariant: a module is returned only when there was no
error; then every value has a type and every block that is named is defined.

A value may be used above its definition (a loop's blocks in any order); an operation whose result type depends on such a
value waits in ``pending`` until the function has been read.
"""

from __future__ import annotations

import gc
import math
from bisect import bisect_left, bisect_right
from typing import Any, NoReturn

from altru_ir import declare
from altru_ir.declare import Declaration, InferenceError, Item
from altru_ir.diagnostics import Diagnostic, DiagnosticError
from altru_ir.module import (
    DEFAULT_TARGET,
    Block,
    Comments,
    Field,
    Function,
    Global,
    Module,
    Signature,
    TypeDeclaration,
    Variant,
)
from altru_ir.source import Location, Source
from altru_ir.text import lexer
from altru_ir.types import (
    CONSTRUCTORS,
    ERROR,
    REGION_CONSTRUCTORS,
    SCALARS,
    UNIT,
    ArrayType,
    DynType,
    FunctionType,
    GuardType,
    IntType,
    NamedType,
    OwnType,
    PlaceType,
    PtrType,
    RefType,
    TupleType,
    Type,
    spell_name,
)
from altru_ir.types import INFERRED as INFERRED_REGION
from altru_ir.values import NO_ATTRIBUTES, Operation, Successor, Symbol, Value, Word

TEXT_VERSION = 1
MAX_NESTING = 200
MAX_ERRORS = 100

# Steps of a compiled format.
(
    _TEXT, _OPERAND, _OPTIONAL, _VARIADIC, _WORD, _NAME, _FLAG, _LITERAL, _SYMBOL, _TYPE, _CALLEE, _TARGET, _CASES, _GROUP,
) = range(14)  # fmt: skip


class _Recover(Exception):
    """Unwinds from an error, already recorded, to the place where parsing can go on."""


def _steps_of(decl: Declaration) -> list[tuple[int, Any]]:
    steps = decl.parse_steps
    if steps is None:
        steps = decl.parse_steps = _compile(decl.items)
    return steps


def _compile(items: tuple[Item, ...]) -> list[tuple[int, Any]]:
    kinds = {
        declare.WordOf: _WORD, declare.Name: _NAME, declare.Flag: _FLAG, declare.Literal: _LITERAL,
        declare.SymbolOf: _SYMBOL, declare.TypeOf: _TYPE, declare.Callee: _CALLEE, declare.Target: _TARGET,
        declare.Cases: _CASES,
    }  # fmt: skip
    steps: list[tuple[int, Any]] = []
    for item in items:
        if item.group:
            steps.append((_GROUP, _compile(item.group)))
        elif item.text:
            steps.append((_TEXT, item.text))
        elif isinstance(item.element, declare.Operand):
            kind = _OPTIONAL if item.element.optional else _VARIADIC if item.element.variadic else _OPERAND
            steps.append((kind, item.element))
        elif item.element is not None:
            steps.append((kinds[type(item.element)], item.element))
    return steps


def parse(given: str | bytes, filename: str = "<text>", first_line: int = 1) -> Module:
    """Parses a module.

    Parameters: ``given``, the text or its bytes in UTF-8; ``filename`` as diagnostics and panics show it; ``first_line``, the
    number of the text's first line in that file. Raises ``DiagnosticError`` with every problem found.
    """
    text = _decode(given, filename, first_line) if isinstance(given, bytes) else given
    source = Source(filename, text, first_line)
    source.find_spans = lexer.spans
    was_enabled = gc.isenabled()
    gc.disable()  # nothing made here is garbage yet: the cyclic collector would only walk it again and again
    try:
        return _Parser(source).module()
    finally:
        if was_enabled:
            gc.enable()


def _decode(given: bytes, filename: str, first_line: int) -> str:
    try:
        return given.decode()
    except UnicodeDecodeError as error:
        line = given.count(b"\n", 0, error.start) + first_line
        column = error.start - (given.rfind(b"\n", 0, error.start) + 1) + 1
        message = f"byte 0x{given[error.start]:02x} is not valid UTF-8"
        raise DiagnosticError([Diagnostic("ALT-P006", message, Location(filename, line, column))]) from None


class _Parser:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.tokens = lexer.tokenize(source.text)
        self.errors: list[Diagnostic] = []
        self.target_module = Module()
        self.target_module.source = source
        self.comments = self._place_comments()
        # of the function being read:
        self.function: Function = None  # type: ignore[assignment]
        self.values: dict[str, Value] = {}
        self.blocks: dict[str, Block] = {}
        self.forward: dict[str, int] = {}
        self.pending: list[tuple[Operation, int]] = []
        self.depth = 0

    # -- errors -----------------------------------------------------------------------------------------------------

    def error(self, at: int, message: str, code: str = "ALT-P001", help: str | None = None) -> None:
        """Records an error at token ``at``."""
        name = self.function.name if self.function is not None else None
        self.errors.append(Diagnostic(code, message, self.source.token(at), function=name, help=help))
        if len(self.errors) >= MAX_ERRORS:
            raise DiagnosticError(self.errors, self.source)

    def fail(self, at: int, message: str, code: str = "ALT-P001", help: str | None = None) -> NoReturn:
        """Records an error and gives up what is being read."""
        self.error(at, message, code, help)
        raise _Recover

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

    # -- comments ----------------------------------------------------------------------------------------------------

    def _place_comments(self) -> list[tuple[int, str, bool]]:
        """Comments as (index of the next token, text, whether it stands behind the token before)."""
        found = lexer.comments(self.source.text)
        if not found:
            return []
        starts = [start for start, _ in lexer.spans(self.source.text)]
        return [(bisect_left(starts, offset), text, behind) for offset, text, behind in found]

    def _comments_between(self, first: int, end: int) -> list[tuple[int, str, bool]]:
        low = bisect_left(self.comments, (first, "", False))
        high = bisect_left(self.comments, (end, "", False))
        return self.comments[low:high]

    # -- names -------------------------------------------------------------------------------------------------------

    def bare(self, at: int, sigil: str, what: str) -> str:
        """The name behind a sigil, unquoted."""
        token = self.tokens[at]
        if not token or token[0] != sigil or len(token) < 2:
            self.expected(at, what)
        return self.unquoted(at, token[1:]) if token[1] == '"' else token[1:]

    def unquoted(self, at: int, token: str) -> str:
        try:
            return lexer.unquote(token)
        except (ValueError, OverflowError) as error:
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
        try:
            return int(token, 16 if token[:2] in ("0x", "0X") else 10)
        except ValueError:
            self.expected(at, what)

    # -- the module ----------------------------------------------------------------------------------------------------

    def module(self) -> Module:
        module = self.target_module
        bodies: list[tuple[Function, int]] = []
        at = 0
        try:
            at = self.heading()
        except _Recover:
            raise DiagnosticError(self.errors, self.source) from None
        tokens = self.tokens
        while tokens[at]:
            start = at
            try:
                declaration, at, body = self.declaration(at)
            except _Recover:
                at = self.next_declaration(start + 1)
                continue
            self.keep_comments(declaration, start)
            try:
                module.add(declaration)
            except ValueError as error:
                self.error(start, str(error), "ALT-P003")
            if body is not None and isinstance(declaration, Function):
                bodies.append((declaration, body))
        module.trailing_comments = [c for i, c, behind in self.comments if i >= at and not behind]
        for function, body in bodies:
            self.body(function, body)
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
        """The index behind the ``}`` that closes the ``{`` at ``at``."""
        tokens = self.tokens
        depth = 0
        opening = at
        while True:
            token = tokens[at]
            if token == "{":
                depth += 1
            elif token == "}":
                depth -= 1
                if depth == 0:
                    return at + 1
            elif not token:
                self.error(opening, "this `{` is never closed")
                return at
            elif (
                depth == 1
                and token in ("func", "struct", "enum", "union")
                and tokens[at + 1][:1] == "@"
                and (token == "func" or tokens[at + 2] in ("{", "<"))
            ):  # no declaration begins inside a body
                self.error(opening, "this `{` is never closed")
                return at
            at += 1

    def next_declaration(self, at: int) -> int:
        tokens = self.tokens
        while tokens[at] and not (
            tokens[at] in ("struct", "enum", "union", "global", "func", "extern", "private")
            and tokens[at + 1][:1] in ("@", '"', "f", "g")
        ):
            at += 1
        return at

    def keep_comments(self, declaration: Any, start: int) -> None:
        if not self.comments:
            return
        previous = getattr(self, "_comments_from", 0)
        texts = [text for index, text, behind in self._comments_between(previous, start + 1) if not behind]
        self._comments_from = start + 1
        if isinstance(declaration, Function):
            declaration.leading_comments = texts
        else:
            declaration.comments = texts

    # -- types, globals --------------------------------------------------------------------------------------------------

    def region_parameters(self, at: int) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...], int]:
        """``<'a, 'b: 'a>``."""
        regions: list[str] = []
        outlives: list[tuple[str, str]] = []
        if self.tokens[at] != "<":
            return (), (), at
        while True:
            region = self.region(at + 1, declared=True)
            if region in regions:
                self.error(at + 1, f"region {region} is declared twice", "ALT-P003")
            regions.append(region)
            at += 2
            if self.tokens[at] == ":":
                outlives.append((region, self.region(at + 1)))
                at += 2
                while self.tokens[at] == "+":
                    outlives.append((region, self.region(at + 1)))
                    at += 2
            if self.tokens[at] != ",":
                return tuple(regions), tuple(outlives), self.expect(at, ">")

    def region(self, at: int, declared: bool = False) -> str:
        token = self.tokens[at]
        if token[:1] != "'" or len(token) < 2:
            self.expected(at, "a region such as `'a`")
        if declared and token in ("'static", INFERRED_REGION):
            self.fail(at, f"{token} cannot be declared: it is a region of its own")
        return token

    def type_declaration(self, at: int, start: int) -> tuple[TypeDeclaration, int]:
        tokens = self.tokens
        kind = tokens[at]
        name = self.symbol(at + 1, "the type's name")
        regions, outlives, at = self.region_parameters(at + 2)
        at = self.expect(at, "{")
        members: list[Any] = []
        seen: set[str] = set()
        while tokens[at] != "}":
            constant = kind != "enum" and tokens[at] == "const" and tokens[at + 1] != ":"
            at += constant
            member_at = at
            member = self.word(at, f"a {'variant' if kind == 'enum' else 'field'}'s name")
            at += 1
            if kind == "enum":
                payload: Type = UNIT
                if tokens[at] == "(":
                    payload, at = self.type(at + 1)
                    at = self.expect(at, ")")
                members.append(Variant(member, payload))
            else:
                type, at = self.type(self.expect(at, ":"))
                transfer, at = self.transfer(at)
                members.append(Field(member, type, transfer, constant))
            if member in seen:
                self.error(member_at, f"`{member}` is declared twice in @{name}", "ALT-P003")
            seen.add(member)
            if tokens[at] != ",":
                break
            at += 1
        at = self.expect(at, "}")
        declaration = TypeDeclaration(kind, name, members, regions, outlives, location=self.source.token(start))
        while True:
            if tokens[at] == "drop" and tokens[at + 1][:1] == "@":
                declaration.drop = self.symbol(at + 1)
                at += 2
            elif tokens[at] == "repr" and tokens[at + 1] == "(":
                word = self.word(at + 2, "`c`")
                if word != "c":
                    self.fail(at + 2, f"there is no representation `{word}`; the one there is is `c`")
                declaration.representation = word
                at = self.expect(at + 3, ")")
            elif tokens[at] == "unsafe" and tokens[at + 1] == "(":
                marks = []
                at += 1
                while tokens[at] in ("(", ","):
                    mark = self.word(at + 1, "`send` or `share`")
                    if mark not in ("send", "share"):
                        self.fail(at + 1, f"`{mark}` cannot be asserted; `send` and `share` can")
                    marks.append(mark)
                    at += 2
                at = self.expect(at, ")")
                declaration.asserts = tuple(marks)
            elif tokens[at] == "{":
                declaration.attributes, at = self.attributes(at)
            else:
                return declaration, at

    def global_declaration(self, at: int, start: int, linkage: str) -> tuple[Global, int]:
        """``global @g : T = literal``, with ``mut`` or ``thread_local`` before the name."""
        mode = "const"
        at += 1
        if self.tokens[at] in ("const", "mut", "thread_local"):
            mode = self.tokens[at]
            at += 1
        name = self.symbol(at, "the global's name")
        type, at = self.type(self.expect(at + 1, ":"))
        initial = None
        if self.tokens[at] == "=":
            initial, at = self.literal(at + 1)
        made = Global(name, type, mode, initial, linkage, location=self.source.token(start))
        if self.tokens[at] == "{":
            made.attributes, at = self.attributes(at)
        return made, at

    def transfer(self, at: int) -> tuple[str | None, int]:
        """``borrowed``, ``transfer_full``, ``transfer_full(@f)``, ``transfer_full(heap)``, or nothing."""
        token = self.tokens[at]
        if token == "borrowed":
            return token, at + 1
        if token != "transfer_full":
            return None, at
        if self.tokens[at + 1] != "(":
            return token, at + 1
        if self.tokens[at + 2] == "heap":
            family = "heap"
        else:
            family = "@" + spell_name(self.symbol(at + 2, "a release function `@f` or `heap`"))
        return f"transfer_full({family})", self.expect(at + 3, ")")

    def function_header(self, at: int, abi: str | None, linkage: str) -> tuple[Function, int]:
        tokens = self.tokens
        name = self.symbol(at + 1, "the function's name")
        regions, outlives, at = self.region_parameters(at + 2)
        at = self.expect(at, "(")
        names: list[str | None] = []
        types: list[Type] = []
        transfers: list[str | None] = []
        variadic = False
        while tokens[at] != ")":
            if tokens[at] == "...":
                variadic = True
                at += 1
                break
            if tokens[at][:1] != "%":
                self.expected(at, "a parameter `%name: type`")
            spelled = self.spelling(at, tokens[at])
            if spelled in names:
                self.error(at, f"parameter %{spelled} is declared twice", "ALT-P003")
                spelled = f"{spelled}.{len(names)}"
            names.append(spelled)
            type, at = self.type(self.expect(at + 1, ":"))
            transfer, at = self.transfer(at)
            types.append(type)
            transfers.append(transfer)
            if tokens[at] != ",":
                break
            at += 1
        at = self.expect(at, ")")
        result: Type = UNIT
        result_transfer = None
        if tokens[at] == "->":
            result, at = self.type(at + 1)
            result_transfer, at = self.transfer(at)
        unsafe = nounwind = False
        while tokens[at] in ("unsafe", "nounwind"):
            unsafe |= tokens[at] == "unsafe"
            nounwind |= tokens[at] == "nounwind"
            at += 1
        if variadic and abi is None:
            self.error(at - 1, 'only `extern "C"` functions take `...`')
        type = FunctionType(regions, tuple(types), result, (*transfers, result_transfer), abi, variadic, unsafe, nounwind)
        function = Function(name, Signature(type, outlives), names)
        function.linkage = linkage
        function.source = self.source
        if tokens[at] == "{" and tokens[at + 1][:1] not in ("^", "}", ""):
            function.attributes, at = self.attributes(at)
        return function, at

    # -- types -----------------------------------------------------------------------------------------------------------

    def type(self, at: int) -> tuple[Type, int]:
        """A type from ``at``, and the index behind it."""
        token = self.tokens[at]
        known = SCALARS.get(token)
        if known is not None:
            return known, at + 1
        self.depth += 1
        if self.depth > MAX_NESTING:
            self.depth = 0
            self.fail(at, f"types nest deeper than {MAX_NESTING}", "ALT-P006")
        try:
            return self.compound_type(at, token)
        finally:
            self.depth = max(0, self.depth - 1)

    def compound_type(self, at: int, token: str) -> tuple[Type, int]:
        tokens = self.tokens
        if token in ("ptr", "ref"):
            at = self.expect(at + 1, "<")
            region = INFERRED_REGION
            if token == "ref" and tokens[at][:1] == "'":
                region = self.region(at)
                at = self.expect(at + 1, ",")
            mutable = tokens[at] == "mut"
            target, at = self.type(at + mutable)
            at = self.expect(at, ">")
            return (RefType(target, mutable, region) if token == "ref" else PtrType(target, mutable)), at
        if token[:1] == "@":
            name = self.symbol(at)
            at += 1
            regions: list[str] = []
            if tokens[at] == "<":
                while tokens[at] in ("<", ","):
                    regions.append(self.region(at + 1))
                    at += 2
                at = self.expect(at, ">")
            return NamedType(name, tuple(regions)), at
        if token == "[":
            dimensions: list[int | None] = []
            at += 1
            while True:
                if tokens[at] == "?":
                    dimensions.append(None)
                elif tokens[at][:1].isdigit():
                    dimensions.append(self.integer(at, "a length"))
                else:
                    break
                at = self.expect(at + 1, "x")
            if not dimensions:
                self.expected(at, "a dimension, as in `[4 x i32]` or `[? x i32]`")
            if None in dimensions and any(d is not None for d in dimensions):
                self.fail(at, "the dimensions of one sequence are all known or all `?`; nest `[? x [4 x T]]` to mix them")
            element, at = self.type(at)
            return ArrayType(tuple(dimensions), element), self.expect(at, "]")
        if token == "(":
            elements: list[Type] = []
            at += 1
            while tokens[at] != ")":
                element, at = self.type(at)
                elements.append(element)
                if tokens[at] != ",":
                    if len(elements) == 1:
                        self.expected(at, "`,` (a tuple of one type is `(T,)`)")
                    break
                at += 1
            return (TupleType(tuple(elements)) if elements else UNIT), self.expect(at, ")")
        if token in CONSTRUCTORS and tokens[at + 1] == "<":
            target, at = self.type(at + 2)
            return CONSTRUCTORS[token](target), self.expect(at, ">")
        if token in REGION_CONSTRUCTORS:
            region = self.region(self.expect(at + 1, "<"))
            return REGION_CONSTRUCTORS[token](region), self.expect(at + 3, ">")
        if token == "own":
            return self.owner(at)
        if token == "guard":
            at = self.expect(at + 1, "<")
            region = INFERRED_REGION
            if tokens[at][:1] == "'":
                region = self.region(at)
                at = self.expect(at + 1, ",")
            target, at = self.type(at)
            return GuardType(target, region), self.expect(at, ">")
        if token == "dyn":
            at = self.expect(at + 1, "<")
            region = self.region(at)
            marks = []
            at += 1
            while tokens[at] == ",":
                mark = self.word(at + 1, "a mark")
                if mark not in DynType.MARKS:
                    self.fail(at + 1, f"`{mark}` is no mark; there are {', '.join(DynType.MARKS)}")
                marks.append(mark)
                at += 2
            return DynType(region, tuple(marks)), self.expect(at, ">")
        if token in ("fn", "extern"):
            return self.function_type(at)
        if token[:1] == "i" and token[1:].isdigit():
            widths = ", ".join(f"i{w}" for w in IntType.WIDTHS)
            self.fail(at, f"there is no type `{token}`; integers are {widths} and usize")
        self.expected(at, "a type")

    def owner(self, at: int) -> tuple[Type, int]:
        tokens = self.tokens
        at = self.expect(at + 1, "<")
        region = None
        if tokens[at][:1] == "'":
            region = self.region(at)
            at = self.expect(at + 1, ",")
        target, at = self.type(at)
        pool, release = False, None
        if tokens[at] == ",":
            if tokens[at + 1] == "pool":
                pool = True
                at += 2
            elif tokens[at + 1] == "c" and tokens[at + 2] == "(":
                release = self.symbol(at + 3, "the release function")
                at = self.expect(at + 4, ")")
            else:
                self.expected(at + 1, "`pool` or `c(@release)`")
        if pool and region is None:
            self.fail(at, "a pool owner names the region of its pool: `own<'p, T, pool>`")
        if release is not None and region is not None:
            self.fail(at, "a foreign owner has no region")
        return OwnType(target, region, pool, release), self.expect(at, ">")

    def function_type(self, at: int) -> tuple[Type, int]:
        tokens = self.tokens
        abi = None
        if tokens[at] == "extern":
            if tokens[at + 1] != '"C"':
                self.expected(at + 1, '`"C"`')
            abi = "C"
            at += 2
        at = self.expect(at, "fn")
        binder: list[str] = []
        if tokens[at] == "<":
            at = self.expect(at + 1, "for")
            binder.append(self.region(at, declared=True))
            at += 1
            while tokens[at] == ",":
                binder.append(self.region(at + 1, declared=True))
                at += 2
            at = self.expect(at, ">")
        at = self.expect(at, "(")
        parameters: list[Type] = []
        transfers: list[str | None] = []
        variadic = False
        while tokens[at] != ")":
            if tokens[at] == "...":
                variadic = True
                at += 1
                break
            parameter, at = self.type(at)
            transfer, at = self.transfer(at)
            parameters.append(parameter)
            transfers.append(transfer)
            if tokens[at] != ",":
                break
            at += 1
        at = self.expect(at, ")")
        result: Type = UNIT
        result_transfer = None
        if tokens[at] == "->":
            result, at = self.type(at + 1)
            result_transfer, at = self.transfer(at)
        unsafe = nounwind = False
        while tokens[at] in ("unsafe", "nounwind"):
            unsafe |= tokens[at] == "unsafe"
            nounwind |= tokens[at] == "nounwind"
            at += 1
        made = FunctionType(
            tuple(binder), tuple(parameters), result, (*transfers, result_transfer), abi, variadic, unsafe, nounwind
        )
        return made, at

    # -- literals and attributes ---------------------------------------------------------------------------------------

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
            return int(token, 16)
        if token == "-inf":
            return -math.inf
        try:
            if "." in token:
                return float(token)
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

    # -- bodies --------------------------------------------------------------------------------------------------------

    def body(self, function: Function, at: int) -> None:
        self.function = function
        self.values = {"%" + (p.name or ""): p for p in function.parameters}
        self.blocks = {}
        self.forward = {}
        self.forward_blocks: dict[str, int] = {}
        self.pending = []
        started = at
        order: list[tuple[int, Operation | Block]] = []
        try:
            at = self.blocks_of(function, at, order if self.comments else None)
            self.resolve_pending()
        except _Recover:
            pass
        for name, where in self.forward.items():
            self.error(where, f"{name} is not defined in @{function.name}", "ALT-P002")
        for name, where in self.forward_blocks.items():
            self.error(where, f"{name} is not defined in @{function.name}", "ALT-P002")
        if not function.blocks and not self.errors:
            self.error(started - 1, f"the body of @{function.name} has no block", "ALT-P001")
        if self.comments:
            self.attach_comments(function, started, at, order)
        self.function = None  # type: ignore[assignment]

    def attach_comments(self, function: Function, first: int, end: int, order: list[tuple[int, Operation | Block]]) -> None:
        starts = [start for start, _ in order]
        for index, text, behind in self._comments_between(first, end + 1):
            if behind:
                place = bisect_right(starts, index - 1) - 1
                if place >= 0:
                    function.comments.setdefault(order[place][1], Comments()).behind = text
                continue
            place = bisect_left(starts, index)
            if place < len(order):
                function.comments.setdefault(order[place][1], Comments()).before.append(text)
            elif index <= end - 1:
                function.trailing_comments.append(text)

    def blocks_of(self, function: Function, at: int, order: list[tuple[int, Operation | Block]] | None) -> int:
        """Reads blocks up to the closing brace; returns the index behind it."""
        tokens = self.tokens
        values = self.values
        module = self.target_module
        table = declare.table()
        find_decl = table.get
        block: Block | None = None
        operations: list[Operation] = []
        while True:
            token = tokens[at]
            first = token[:1]
            start = at
            try:
                if first == "%":
                    names = [token]
                    at += 1
                    while tokens[at] == ",":
                        names.append(tokens[at + 1])
                        at += 2
                    if tokens[at] != "=":
                        self.expected(at, "`=`")
                    token = tokens[at + 1]
                    at += 2
                elif first == "^":
                    block, at = self.block_header(function, at)
                    operations = block.ops
                    if order is not None:
                        order.append((start, block))
                    continue
                elif token == "}":
                    return at + 1
                else:
                    names = []
                    at += 1
                decl = find_decl(token)
                if decl is None:
                    self.unknown_operation(at - 1, token)
                if block is None:
                    self.fail(start, "an operation before the first block `^name:`")
                operands: list[Value] = []
                attrs: dict[str, Any] = {}
                successors: list[Successor] = []
                steps = decl.parse_steps or _steps_of(decl)
                for kind, payload in steps:
                    token = tokens[at]
                    if kind == _OPERAND:
                        value = values.get(token)
                        operands.append(value if value is not None else self.use(at))
                        at += 1
                    elif kind == _TEXT:
                        if token != payload:
                            self.expected(at, f"`{payload}`")
                        at += 1
                    else:
                        at = self.step(kind, payload, at, operands, attrs, successors)
                token = tokens[at]
                if token == "{":
                    extra, at = self.attributes(at)
                    attrs.update(extra)
                    token = tokens[at]
                unsafe = token == "unsafe"
                if unsafe:
                    at += 1
                    token = tokens[at]
                written: Type | None = None
                if token == ":":
                    type_at = at + 1
                    written, at = self.type(type_at)
                    token = tokens[at]
                loc: int | Location = start
                if token == "loc":
                    loc, at = self.location(at)
                op = Operation(decl, operands, attrs or NO_ATTRIBUTES, successors or (), unsafe, loc)
                op.block = block
                operations.append(op)
                if order is not None:
                    order.append((start, op))
                if decl.results:
                    self.define_results(op, names, start, written, module)
                elif names:
                    self.fail(start, f"`{decl.name}` gives no result")
                elif written is not None:
                    self.fail(start, f"`{decl.name}` gives no result, so no type stands behind it")
            except _Recover:
                if at >= len(tokens) - 4:
                    return at
                self.define_failed(start)
                at = self.next_line(start)

    def next_line(self, at: int) -> int:
        """The first token that begins a later line than token ``at``."""
        self.source.token(at)
        all_spans = self.source._spans or []
        text = self.source.text
        if at >= len(all_spans):
            return at
        end = text.find("\n", all_spans[at][0])
        if end < 0:
            return len(all_spans)
        return bisect_left(all_spans, (end, 0))

    def define_failed(self, start: int) -> None:
        """Gives the error type to what the operation at ``start`` would have defined."""
        at = start
        while self.tokens[at][:1] == "%":
            name = self.tokens[at]
            if name not in self.values:
                self.values[name] = Value(ERROR, name[1:], self.function)
            self.forward.pop(name, None)
            at += 2 if self.tokens[at + 1] == "," else 1
        token = self.tokens[start]
        if token[:1] == "^":
            self.forward_blocks.pop(token, None)

    def unknown_operation(self, at: int, token: str) -> NoReturn:
        if not token or not (token[0].isalpha() or token[0] == "_"):
            self.expected(at, "an operation")
        import difflib

        near = difflib.get_close_matches(token, declare.table(), n=1)
        self.fail(at, f"there is no operation `{token}`", "ALT-P004", f"did you mean `{near[0]}`?" if near else None)

    def use(self, at: int) -> Value:
        """The value that token ``at`` names, which is not (yet) defined under exactly this spelling."""
        token = self.tokens[at]
        if token[:1] != "%" or len(token) < 2:
            self.expected(at, "a value `%name`")
        key = "%" + self.spelling(at, token)
        value = self.values.get(key)
        if value is None:
            value = self.values[key] = Value(None, key[1:], None)  # type: ignore[arg-type]
            self.forward[key] = at
        return value

    def target(self, at: int) -> tuple[Block, int]:
        token = self.tokens[at]
        if token[:1] != "^" or len(token) < 2:
            self.expected(at, "a block `^name`")
        key = "^" + self.spelling(at, token)
        block = self.blocks.get(key)
        if block is None:
            block = self.blocks[key] = Block(key[1:])
            self.forward_blocks[key] = at
        return block, at + 1

    def successor(self, at: int, case: Any = None) -> tuple[Successor, int]:
        block, at = self.target(at)
        args: list[Value] = []
        if self.tokens[at] == "(":
            at = self.arguments(at, args)
        return Successor(block, args, case), at

    def arguments(self, at: int, into: list[Value]) -> int:
        """``(%a, %b)`` from its parenthesis."""
        tokens, values = self.tokens, self.values
        at += 1
        while tokens[at] != ")":
            into.append(values.get(tokens[at]) or self.use(at))
            at += 1
            if tokens[at] != ",":
                break
            at += 1
        return self.expect(at, ")")

    def step(
        self, kind: int, payload: Any, at: int, operands: list[Value], attrs: dict[str, Any], successors: list[Successor]
    ) -> int:
        """One step of a format that is neither an operand nor a fixed word."""
        tokens = self.tokens
        token = tokens[at]
        if kind == _WORD:
            if token not in payload.choices:
                self.expected(at, f"one of {', '.join(payload.choices)}")
            attrs[payload.name] = token
            return at + 1
        if kind == _TARGET:
            successor, at = self.successor(at)
            successors.append(successor)
            return at
        if kind == _LITERAL:
            if payload.optional and not (token[:1].isdigit() or token[:1] in ('-"[') or token[:2] == 'b"'):
                return at
            attrs[payload.name], at = self.literal(at)
            return at
        if kind == _NAME:
            attrs[payload.name] = self.word(at, f"a {payload.name}")
            return at + 1
        if kind == _FLAG:
            if token == payload.word:
                attrs[payload.name] = True
                return at + 1
            return at
        if kind == _OPTIONAL:
            if token[:1] == "%" and tokens[at + 1] not in ("=",):
                operands.append(self.values.get(token) or self.use(at))
                return at + 1
            return at
        if kind == _VARIADIC:
            if token[:1] != "%":
                self.expected(at, "a value `%name`")
            while True:
                operands.append(self.values.get(tokens[at]) or self.use(at))
                at += 1
                if tokens[at] != ",":
                    return at
                at += 1
        if kind == _CALLEE:
            if token[:1] == "@":
                attrs[payload.name] = Symbol(self.symbol(at))
            else:
                operands.append(self.values.get(token) or self.use(at))
            if tokens[at + 1] != "(":
                self.expected(at + 1, "`(` and the arguments")
            return self.arguments(at + 1, operands)
        if kind == _SYMBOL:
            attrs[payload.name] = Symbol(self.symbol(at))
            return at + 1
        if kind == _TYPE:
            attrs[payload.name], at = self.type(at)
            return at
        if kind == _CASES:
            while True:
                case = None
                if tokens[at][:1] != "^":
                    if payload.names:
                        case = self.word(at, "a variant or a block")
                        at += 1
                    else:
                        case, at = self.literal(at)
                successor, at = self.successor(at, case)
                successors.append(successor)
                if tokens[at] != ",":
                    return at
                at += 1
        if kind == _GROUP:
            first_kind, first = payload[0]
            if first_kind == _TEXT:
                present = token == first
            elif first_kind in (_OPERAND, _OPTIONAL, _VARIADIC):
                present = token[:1] == "%"
            else:
                present = first_kind == _FLAG and token == first.word
            if present:
                for inner_kind, inner in payload:
                    if inner_kind == _TEXT:
                        at = self.expect(at, inner)
                    elif inner_kind == _OPERAND:
                        operands.append(self.values.get(tokens[at]) or self.use(at))
                        at += 1
                    else:
                        at = self.step(inner_kind, inner, at, operands, attrs, successors)
            return at
        raise AssertionError(kind)

    def location(self, at: int) -> tuple[Location, int]:
        """``loc("file":line:column)``."""
        at = self.expect(at + 1, "(")
        if self.tokens[at][:1] != '"':
            self.expected(at, "a file name in quotes")
        file = self.unquoted(at, self.tokens[at])
        line = self.integer(self.expect(at + 1, ":"), "a line number")
        at += 3
        column = 0
        if self.tokens[at] == ":":
            column = self.integer(at + 1, "a column")
            at += 2
        return Location(file, line, column), self.expect(at, ")")

    def block_header(self, function: Function, at: int) -> tuple[Block, int]:
        tokens = self.tokens
        start = at
        block, at = self.target(at)
        key = f"^{block.label}"
        if block.function is not None:
            self.error(start, f"{key} is defined twice in @{function.name}", "ALT-P003")
            block = Block(f"{block.label}.{len(function.blocks)}")
        self.forward_blocks.pop(key, None)
        function.add_block(block)
        block.loc = start
        if tokens[at] == "(":
            at += 1
            while tokens[at] != ")":
                name_at = at
                type, at = self.type(self.expect(at + 1, ":"))
                value = self.define(name_at, type, block)
                block.args.append(value)
                if tokens[at] != ",":
                    break
                at += 1
            at = self.expect(at, ")")
        if tokens[at] == "unwind":
            block.unwind, at = self.target(at + 1)
        return block, self.expect(at, ":")

    def define(self, at: int, type: Type, owner: Operation | Block) -> Value:
        """Defines the value that token ``at`` names."""
        token = self.tokens[at]
        if token[:1] != "%" or len(token) < 2:
            self.expected(at, "a name `%name` for the result")
        spelled = self.spelling(at, token)
        key = "%" + spelled
        value = self.values.get(key)
        if value is None:
            value = self.values[key] = Value(type, spelled, owner)
        elif value.owner is None:
            del self.forward[key]
            value.type = type
            value.owner = owner
        else:
            self.error(at, f"{key} is defined twice in @{self.function.name}", "ALT-P003")
            return Value(type, spelled, owner)
        return value

    def define_results(self, op: Operation, names: list[str], start: int, written: Type | None, module: Module) -> None:
        """Finds the types of the results of ``op`` and defines them."""
        decl = op.decl
        types: list[Type]
        declared = decl.written
        if declared is not None:
            if written is None:
                self.fail(start, f"`{decl.name}` needs the type of its result: `: type`")
            types = [PlaceType(written) if declared.place else written]
            if len(decl.results) > 1:
                types = self.infer(op, start, types[0])
        elif self.forward and any(_waits(v) for v in op.operands):
            self.pending.append((op, start))
            count = len(names) if any(r.optional for r in decl.results) else len(decl.results)
            types = [None] * count  # type: ignore[list-item]
        else:
            types = self.infer(op, start, None)
            if written is not None and (len(types) != 1 or types[0].erased is not written.erased):
                shown = f"`{types[0]}`" if len(types) == 1 else f"{len(types)} results"
                self.fail(start, f"`{decl.name}` gives {shown} here, not `{written}`")
        if len(names) != len(types):
            if not names and all(r.optional for r in decl.results):
                op.results = [Value(t, None, op) for t in types]  # a call whose result nobody wants
                return
            self.fail(start, f"`{decl.name}` gives {len(types)} results here, but {len(names)} are named")
        if len(names) == 1:
            name = names[0]
            if name not in self.values and name[1:2] != '"' and len(name) > 1:
                value = self.values[name] = Value(types[0], name[1:], op)
            else:
                value = self.define(start, types[0], op)
            op.results = [value]
        else:
            op.results = [self.define(start + 2 * n, t, op) for n, t in enumerate(types)]

    def infer(self, op: Operation, start: int, written: Type | None) -> list[Type]:
        for value in op.operands:
            if value.type is ERROR:
                return [ERROR if r.type is None else r.type for r in op.decl.results]
        if written is not None:
            types = []
            for result in op.decl.results:
                inferred = op.decl._infer_one(result, op, self.target_module)
                types.append(written if inferred is None else inferred)
            return types
        if not op.decl._count_is_right(op) and op.decl.callee is None:
            self.fail(start, f"`{op.decl.name}` takes {len(op.decl.operands)} operands, not {len(op.operands)}", "ALT-V003")
        for operand, value in zip(op.decl.operands, op.operands, strict=False):
            if operand.same_as is None and not operand.variadic and not operand.constraint.accepts(value.type):
                self.fail(
                    start,
                    f"operand `{operand.name}` of `{op.decl.name}` has type `{value.type}` "
                    f"where {operand.constraint.name} is expected",
                    "ALT-V005",
                )
        try:
            return op.decl.infer(op, self.target_module)
        except InferenceError as error:
            self.fail(start, str(error), "ALT-V005")

    def resolve_pending(self) -> None:
        """Infers what had to wait for a value defined further down, in rounds until nothing changes."""
        waiting = self.pending
        while waiting:
            left = []
            for op, start in waiting:
                if any(_waits(v) and v.owner is not None for v in op.operands):
                    left.append((op, start))
                    continue
                if any(_waits(v) for v in op.operands):
                    types: list[Type] = [ERROR] * len(op.results)  # an undefined name, reported by itself
                else:
                    try:
                        types = self.infer(op, start, None)
                    except _Recover:
                        types = [ERROR] * len(op.results)
                if len(types) != len(op.results):
                    self.error(start, f"`{op.decl.name}` gives {len(types)} results here, but {len(op.results)} are named")
                    types = [ERROR] * len(op.results)
                for value, type in zip(op.results, types, strict=True):
                    value.type = type
            if len(left) == len(waiting):
                for op, start in left:
                    message = f"the type of %{op.results[0].name} follows from itself" if op.results else "circular types"
                    self.error(start, message, "ALT-P005")
                return
            waiting = left


def _waits(value: Value) -> bool:
    """Whether the type of ``value`` is not known yet: it is defined further down, or nowhere."""
    type: Type | None = value.type
    return type is None


def parse_type(text: str) -> Type:
    """Parses one type. Raises ``DiagnosticError``."""
    source = Source("<type>", text)
    source.find_spans = lexer.spans
    parser = _Parser(source)
    try:
        type, at = parser.type(0)
        if parser.tokens[at]:
            parser.expected(at, "the end of the type")
    except _Recover:
        raise DiagnosticError(parser.errors, source) from None
    return type
