"""The dumps that ``rustc -Zdump-mir=nll -Zverbose-internals`` writes, read into bodies: MIR as the borrow checker sees it.

    bb0: {
        _3 = move _1;                    // bb0[1]: scope 0 at a.rs:5:13: 5:14
        _4 = ... fn(String) -> usize {...}(move _3) -> [return: bb1, unwind: bb7]; // bb0[2]: ...
    }

becomes a ``Block`` with a ``Statement`` (kind ``assign``) and a terminator (kind ``call``). What is kept are places,
operands, rvalues, the types of locals and constants, regions, and the line and column of each statement.

Clauses:
 1. a statement is one line, its place stands in the comment behind it;
 2. the types of the constants of a statement follow it as comments, in the order of the constants, but for those of scalars
    and ``()``, whose text ends in the type;
 3. the types of fields stand in the text of places.

Invariant: what is not understood raises ``Refused`` with a reason, and never becomes something else.
"""

from __future__ import annotations

import re
from pathlib import Path

import attrs

from tests.mir.rust_types import Refused, RustType, Tokens, TypeReader, read_type, words

_STATEMENT = re.compile(r"^ {8}(\S.*);\s*// (bb\d+)\[(\d+)\]: scope \d+ at (.*)$")
_BLOCK = re.compile(r"^ {4}(bb\d+)( \(cleanup\))?: \{$")
_LOCAL = re.compile(r"^ *let (?:mut )?(_\d+): (.*);\s*//.*? at (.*)$")
_DEBUG = re.compile(r"^ *debug (.+?) => (.*);\s*//")
_PLACE = re.compile(r"^(.*?):(\d+):(\d+): (\d+):(\d+)")
_TARGET = re.compile(r"(return|success|real|imaginary|unwind|drop|otherwise|-?\d+): (bb\d+)")

_PLAIN = re.compile(r": (bool|char|[iuf](?:8|16|32|64|128|size)|\(\))\)$")

BINARY = words(
    "Add Sub Mul Div Rem BitXor BitAnd BitOr Shl Shr Eq Lt Le Ne Ge Gt Cmp Offset AddUnchecked SubUnchecked MulUnchecked"
    " ShlUnchecked ShrUnchecked AddWithOverflow SubWithOverflow MulWithOverflow"
)
UNARY = frozenset(("Not", "Neg", "PtrMetadata", "Len", "CopyForDeref", "SizeOf", "AlignOf", "UbChecks", "ContractChecks"))


@attrs.frozen
class Span:
    """Where something stands in the source: file, first line and column."""

    file: str
    line: int
    column: int


@attrs.frozen
class Projection:
    """A step of a place: ``deref``, ``field`` (index and type), ``variant`` (name), ``index`` (a local), ``constant`` (offset,
    least length, from the end) or ``subslice`` (from, to, from the end)."""

    kind: str
    name: str = ""
    index: int = 0
    limit: int = 0
    backwards: bool = False
    type: RustType | None = None


@attrs.frozen
class Place:
    """A local and steps from it."""

    local: str
    steps: tuple[Projection, ...] = ()


@attrs.frozen
class Operand:
    """``copy``, ``move`` with a place, or ``const`` with a type and the text of the constant."""

    kind: str
    place: Place | None = None
    type: RustType | None = None
    text: str = ""


@attrs.frozen
class Rvalue:
    """What is assigned. ``kind``: use, ref, raw, aggregate, repeat, cast, discriminant, or the name of an operator."""

    kind: str
    operands: tuple[Operand, ...] = ()
    place: Place | None = None
    name: str = ""
    region: str = ""
    type: RustType | None = None
    fields: tuple[str, ...] = ()


@attrs.frozen
class Statement:
    """A statement or a terminator: ``kind`` is assign, live, dead, fake_read, mention, ascribe, nop; or goto, switch, call,
    drop, assert, return, resume, unreachable, false_edge, false_unwind, terminate."""

    kind: str
    span: Span | None
    place: Place | None = None
    value: Rvalue | None = None
    function: Operand | None = None
    arguments: tuple[Operand, ...] = ()
    targets: tuple[tuple[str, str], ...] = ()
    name: str = ""
    at: str = ""

    def target(self, *names: str) -> str | None:
        """The first target with one of these names; None when there is none."""
        return next((block for label, block in self.targets if label in names), None)


@attrs.define
class Block:
    """A block: its statements, the terminator last."""

    name: str
    cleanup: bool
    statements: list[Statement] = attrs.Factory(list)


@attrs.frozen
class Constraint:
    """``longer`` outlives ``shorter``, for the reason ``category``; ``at`` is the place, empty for all of them."""

    longer: str
    shorter: str
    category: str
    at: str
    span: Span | None


@attrs.define
class Body:
    """A function. ``parameters`` are the first locals, ``_0`` is the result.

    ``names`` are those that locals have, ``debug`` other places with one. ``outlives`` has the known relations of universal
    regions, ``constraints`` those that hold in the whole body, ``predicates`` those of the bounds of what is called, by place,
    ``annotated`` those of types that are written, ``at`` all of one place, ``annotations`` those of all places and those of
    types that are written, with their spans; ``required`` are those that a closure cannot show and whoever makes it must.
    """

    name: str
    file: str
    locals: dict[str, RustType] = attrs.Factory(dict)
    parameters: list[str] = attrs.Factory(list)
    blocks: dict[str, Block] = attrs.Factory(dict)
    names: dict[str, str] = attrs.Factory(dict)
    debug: list[tuple[str, Place]] = attrs.Factory(list)
    spans: dict[str, Span] = attrs.Factory(dict)
    universal: dict[str, str] = attrs.Factory(dict)
    outlives: list[tuple[str, str]] = attrs.Factory(list)
    constraints: list[tuple[str, str]] = attrs.Factory(list)
    predicates: dict[str, list[tuple[str, str]]] = attrs.Factory(dict)
    annotated: list[tuple[str, str]] = attrs.Factory(list)
    annotations: list[Constraint] = attrs.Factory(list)
    at: dict[str, list[tuple[str, str]]] = attrs.Factory(dict)
    required: list[tuple[str, str]] = attrs.Factory(list)


def mentioned(statement: Statement) -> list[str]:
    """The locals in a statement."""
    places = [statement.place]
    operands = list(statement.arguments)
    if statement.value is not None:
        places.append(statement.value.place)
        operands.extend(statement.value.operands)
    if statement.function is not None:
        operands.append(statement.function)
    places.extend(operand.place for operand in operands)
    found = [place.local for place in places if place is not None]
    found.extend(step.name for place in places if place is not None for step in place.steps if step.kind == "index")
    return found


def read_span(text: str) -> Span | None:
    """``a.rs:5:13: 5:14 (#0)``; None where a statement has no place of its own."""
    found = _PLACE.match(text.strip())
    return Span(found[1], int(found[2]), int(found[3])) if found is not None else None


class _StatementReader:
    def __init__(self, text: str, constants: list[RustType]) -> None:
        self.text = text
        self.tokens = Tokens(text)
        self.constants = iter(constants)

    # -- places and operands --------------------------------------------------------------------------------------------

    def place(self) -> Place:
        tokens = self.tokens
        if tokens.take("("):
            if tokens.take("*"):
                inner = self.place()
                tokens.expect(")")
                found = Place(inner.local, (*inner.steps, Projection("deref")))
            else:
                inner = self.place()
                if tokens.take("as"):
                    if tokens.take("subtype"):
                        self.type()
                        found = inner
                    else:
                        found = Place(inner.local, (*inner.steps, Projection("variant", tokens.next())))
                else:
                    tokens.expect(".")
                    index = int(tokens.next())
                    tokens.expect(":")
                    found = Place(inner.local, (*inner.steps, Projection("field", index=index, type=self.type())))
                tokens.expect(")")
        else:
            local = tokens.next()
            if not re.fullmatch(r"_\d+", local):
                raise Refused(f"unread text: a place beginning with `{local}`")
            found = Place(local)
        while tokens.peek() == "[":
            found = Place(found.local, (*found.steps, self.element()))
        return found

    def element(self) -> Projection:
        tokens = self.tokens
        tokens.expect("[")
        if tokens.peek().startswith("_"):
            step = Projection("index", tokens.next())
            tokens.expect("]")
            return step
        text = ""
        while tokens.peek() not in ("]", ""):
            text += tokens.next() + " "
        tokens.expect("]")
        text = text.replace(" ", "")
        found = re.fullmatch(r"(-?)(\d+)of(\d+)", text)
        if found is not None:
            return Projection("constant", index=int(found[2]), limit=int(found[3]), backwards=found[1] == "-")
        found = re.fullmatch(r"(\d*)(?::|\.\.)(-?)(\d*)", text)
        if found is None:
            raise Refused(f"unread text: an element `{text}`")
        backwards = ":" in text
        return Projection("subslice", index=int(found[1] or 0), limit=int(found[3] or 0), backwards=backwards)

    def type(self) -> RustType:
        return TypeReader(self.tokens).read()

    def operand(self) -> Operand:
        word = self.tokens.peek()
        if word in ("copy", "move"):
            self.tokens.next()
            return Operand(word, self.place())
        return self.constant()

    def constant(self) -> Operand:
        tokens = self.tokens
        start = tokens.at
        tokens.take("const")
        while tokens.peek() not in (",", ")", "]", "}", ";", "as", ""):
            if tokens.peek() in ("(", "[", "{"):
                tokens.skip_balanced()
            elif tokens.peek() == "<":
                tokens.skip_angles()
            else:
                tokens.next()
        text = tokens.text[start : tokens.at].strip()
        return Operand("const", type=_plain_type(text) or next(self.constants, None), text=text)

    def operands(self, close: str) -> tuple[Operand, ...]:
        found: list[Operand] = []
        while not self.tokens.take(close):
            found.append(self.operand())
            self.tokens.take(",")
        return tuple(found)

    # -- rvalues --------------------------------------------------------------------------------------------------------

    def rvalue(self) -> Rvalue:
        tokens = self.tokens
        word = tokens.peek()
        if word == "&":
            return self.reference()
        if word in ("copy", "move", "const"):
            operand = self.operand()
            if tokens.take("as"):
                target = self.type()
                return Rvalue("cast", (operand,), type=target, name=self.text[tokens.at :].strip())
            return Rvalue("use", (operand,))
        if word == "(":
            tokens.next()
            return Rvalue("aggregate", self.operands(")"))
        if word == "[":
            return self.array()
        if word == "discriminant":
            tokens.next()
            tokens.expect("(")
            return Rvalue("discriminant", place=self.place())
        if word in BINARY or word in UNARY:
            mark = tokens.at
            tokens.next()
            if tokens.take("("):
                if word in ("Len", "CopyForDeref"):
                    return Rvalue(word, place=self.place())
                return Rvalue(word, self.operands(")"))
            tokens.at = mark
        return self.aggregate()

    def reference(self) -> Rvalue:
        tokens = self.tokens
        tokens.expect("&")
        if tokens.take("raw"):
            kind = tokens.next()
            if tokens.text.startswith(" (fake)", tokens.at):
                tokens.skip_balanced()
                kind = "fake"
            return Rvalue("raw", place=self.place(), name=kind)
        if tokens.text.startswith("/*tls*/", tokens.at):
            raise Refused("thread-local statics")
        region = tokens.next() if tokens.kind == "region" else ""
        kind = "shared"
        if tokens.take("fake"):
            tokens.take("shallow") or tokens.take("deep")
            kind = "fake"
        elif tokens.take("mut"):
            kind = "mut"
        return Rvalue("ref", place=self.place(), name=kind, region=region)

    def array(self) -> Rvalue:
        tokens = self.tokens
        tokens.expect("[")
        found: list[Operand] = []
        while not tokens.take("]"):
            found.append(self.operand())
            if tokens.take(";"):
                return Rvalue("repeat", tuple(found))
            tokens.take(",")
        return Rvalue("aggregate", tuple(found))

    def aggregate(self) -> Rvalue:
        """``path { a: x, b: y }``, ``path(x, y)``, ``path``; the name is the last segment, of a closure its text."""
        tokens = self.tokens
        name = ""
        if tokens.peek() == "{":
            start = tokens.at
            tokens.skip_balanced()
            name = tokens.text[start : tokens.at].strip()
        else:
            more = True
            while more:
                if tokens.peek() == "<":
                    tokens.skip_angles()
                else:
                    name = tokens.next()
                more = tokens.take("::")
        if tokens.take("("):
            return Rvalue("aggregate", self.operands(")"), name=name)
        found: list[Operand] = []
        names: list[str] = []
        if tokens.take("{"):
            while not tokens.take("}"):
                names.append(tokens.next())
                tokens.expect(":")
                found.append(self.operand())
                tokens.take(",")
        if tokens.peek():
            raise Refused(f"unread text: an rvalue ending in `{tokens.text[tokens.at :][:20].strip()}`")
        return Rvalue("aggregate", tuple(found), name=name, fields=tuple(names))

    # -- statements -----------------------------------------------------------------------------------------------------

    def statement(self, span: Span | None) -> Statement:
        text = self.text
        word = text.split("(", 1)[0].split(" ", 1)[0]
        if word in ("StorageLive", "StorageDead"):
            return Statement("live" if word == "StorageLive" else "dead", span, Place(text[len(word) + 1 : -1]))
        if word in ("FakeRead", "PlaceMention"):
            self.tokens.at = len(word) + 1
            kind = ""
            if word == "FakeRead":
                start = self.tokens.at
                kind = self.tokens.next()
                if self.tokens.peek() == "(":
                    self.tokens.skip_balanced()
                kind = text[start : self.tokens.at]
                self.tokens.expect(",")
            return Statement("fake_read" if kind else "mention", span, self.place(), name=kind.split("(")[0])
        if word in ("AscribeUserType", "nop", "ConstEvalCounter", "Coverage", "BackwardIncompatibleDropHint"):
            return Statement("nop", span)
        if word in ("goto", "switchInt", "drop", "assert", "return", "resume", "unreachable", "falseEdge", "falseUnwind"):
            return self.terminator(word, span)
        if word in ("yield", "asm!", "tailcall", "coroutine_drop", "inline_asm") or "yield(" in text:
            raise Refused("coroutines and inline assembly")
        if word in ("terminate", "abort"):
            return Statement("terminate", span)
        place = self.place()
        self.tokens.expect("=")
        if re.search(r" -> (\[return: |\[unwind|unwind |bb\d+$)", text):
            return self.call(place, span)
        return Statement("assign", span, place, self.rvalue())

    def call(self, place: Place, span: Span | None) -> Statement:
        tokens = self.tokens
        if tokens.peek() in ("copy", "move"):
            function = self.operand()
        else:
            start = tokens.at
            type = next(self.constants, None)
            if tokens.take("ConstValue"):
                tokens.skip_balanced()
            else:
                tokens.take("const")
                self.callee()
            function = Operand("const", type=type, text=tokens.text[start : tokens.at].strip())
        tokens.expect("(")
        arguments = self.operands(")")
        return Statement("call", span, place, function=function, arguments=arguments, targets=self.targets())

    def callee(self) -> None:
        tokens = self.tokens
        while tokens.peek() not in ("(", ""):
            if tokens.peek() == "<":
                tokens.skip_angles()
            elif tokens.peek() in ("{", "["):
                tokens.skip_balanced()
            else:
                tokens.next()

    def targets(self) -> tuple[tuple[str, str], ...]:
        rest = self.text[self.tokens.at :]
        arrow = rest.rfind("-> ")
        rest = rest[arrow + 3 :]
        found = tuple((label, block) for label, block in _TARGET.findall(rest))
        if not found:
            plain = re.fullmatch(r"(unwind )?(bb\d+)", rest.strip())
            if plain is not None:
                return (("unwind" if self.text.startswith("_") or plain[1] else "return", plain[2]),)
        return found

    def terminator(self, word: str, span: Span | None) -> Statement:
        tokens = self.tokens
        tokens.next()
        kind = {"switchInt": "switch", "falseEdge": "false_edge", "falseUnwind": "false_unwind"}.get(word, word)
        place = None
        arguments: tuple[Operand, ...] = ()
        if word == "drop":
            tokens.expect("(")
            place = self.place()
        elif word in ("switchInt", "assert"):
            tokens.expect("(")
            tokens.take("!")
            arguments = (self.operand(),)
        targets = self.targets() if "->" in self.text else ()
        return Statement(kind, span, place, arguments=arguments, targets=targets)


def read_body(path: Path) -> Body:
    """The body in a dump. Raises ``Refused`` with the reason where it has something that is not translated."""
    lines = path.read_text().split("\n")
    start = next(
        (
            i
            for i, line in enumerate(lines)
            if re.match(r"^(unsafe |const |async |extern \"[^\"]*\" )*(fn|static|const|promoted)\b", line)
        ),
        None,
    )
    if start is None:
        raise Refused("a dump without a function")
    header = lines[start]
    if "fn " not in header.split("(")[0]:
        raise Refused("constants and statics")
    body = Body(header.split("fn ", 1)[1].split("(_1:")[0].split("() ->")[0].rstrip("( "), path.name)
    _read_regions(body, lines[:start])
    _read_header(body, header)
    block: Block | None = None
    pending: tuple[str, Span | None, list[RustType]] | None = None

    def flush() -> None:
        nonlocal pending
        if pending is not None and block is not None:
            text, span, constants = pending
            statement = _StatementReader(text, constants).statement(span)
            block.statements.append(attrs.evolve(statement, at=f"{block.name}[{len(block.statements)}]"))
        pending = None

    for line in lines[start + 1 :]:
        if line == "}":
            break
        found = _BLOCK.match(line)
        if found is not None:
            flush()
            block = body.blocks[found[1]] = Block(found[1], found[2] is not None)
            continue
        if block is None:
            _read_declaration(body, line)
            continue
        found = _STATEMENT.match(line)
        if found is not None:
            flush()
            pending = (found[1], read_span(found[4]), [])
            continue
        stripped = line.strip()
        if stripped.startswith("// + const_: ") and pending is not None:
            pending[2].append(read_type(_constant_type(stripped)))
        elif stripped and not stripped.startswith(("//", "}")):
            raise Refused(f"unread text: `{stripped[:40]}`")
    flush()
    return body


def _plain_type(text: str) -> RustType | None:
    """The type at the end of the text of a constant, where rustc writes no comment for it (2)."""
    found = _PLAIN.search(text)
    return None if found is None else read_type(found[1])


def _constant_type(comment: str) -> str:
    found = re.match(r"// \+ const_: (?:Const|Unevaluated|Val|Ty) ?\{ ty: (.*)$", comment)
    if found is None:
        raise Refused("unread text: a constant")
    return found[1]


def _read_header(body: Body, header: str) -> None:
    at = header.find("(_1:")
    if at < 0:
        at = header.rfind("()", 0, header.find(" -> ") if " -> " in header else None)
    tokens = Tokens(header, at)
    tokens.expect("(")
    while not tokens.take(")"):
        name = tokens.next()
        tokens.expect(":")
        body.locals[name] = TypeReader(tokens).read()
        body.parameters.append(name)
        tokens.take(",")
    tokens.expect("->")
    body.locals["_0"] = TypeReader(tokens).read()


def _read_declaration(body: Body, line: str) -> None:
    found = _LOCAL.match(line)
    if found is not None:
        if found[1] not in body.parameters:
            body.locals[found[1]] = read_type(found[2])
        span = read_span(found[3])
        if span is not None:
            body.spans[found[1]] = span
        return
    found = _DEBUG.match(line)
    if found is not None and re.fullmatch(r"_\d+", found[2]):
        body.names.setdefault(found[2], found[1])
    elif found is not None and found[2].startswith("("):
        body.debug.append((found[1], _StatementReader(found[2], []).place()))


def _read_regions(body: Body, lines: list[str]) -> None:
    part = ""
    for line in lines:
        text = line.lstrip("| ").strip()
        if text in ("Free Region Mapping", "Inferred Region Values", "Inference Constraints", "Free Region Constraints"):
            part = text
        elif part == "Free Region Constraints":
            found = re.match(r"where ('\?\d+): ('\?\d+)", text)
            if found is not None:
                body.required.append((found[1], found[2]))
        elif part == "Free Region Mapping":
            found = re.match(r"('\?\d+) \| (\w+) \| \[(.*)\]", text)
            if found is not None:
                body.universal[found[1]] = found[2]
                body.outlives.extend((found[1], other) for other in found[3].split(", ") if other and other != found[1])
        elif part == "Inference Constraints":
            found = re.match(r"('\?\d+): ('\?\d+) due to (\w+).*? at All", text)
            if found is not None:
                body.constraints.append((found[1], found[2]))
            found = re.match(r"('\?\d+): ('\?\d+) due to (\w+).*? at (?:Single\((\w+\[\d+\])\)|All)", text)
            if found is not None and found[4]:
                body.at.setdefault(found[4], []).append((found[1], found[2]))
            if found is not None and (not found[4] or found[3] == "TypeAnnotation"):
                span = read_span(text[text.rfind(" (", 0, text.rfind(" (")) + 2 :])
                body.annotations.append(Constraint(found[1], found[2], found[3], found[4] or "", span))
            if found is not None and found[3] == "Predicate":
                body.predicates.setdefault(found[4], []).append((found[1], found[2]))
            elif found is not None and found[3] == "TypeAnnotation":
                body.annotated.append((found[1], found[2]))
