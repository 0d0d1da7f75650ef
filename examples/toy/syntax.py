"""The grammar of the toy language: from text to a tree, each node with its place in the text, and how types are spelled.

    program    = { struct | function }
    struct     = "struct" name "{" [ field { "," field } ] "}"          field = name ":" type
    function   = "fn" name "(" [ parameter { "," parameter } ] ")" [ "->" type ] block
    parameter  = name ":" [ "&" [ "mut" ] ] type
    type       = "int" | "float" | "bool" | "string" | "[" type "]" | name
    block      = "{" { statement } "}"
    statement  = "let" name "=" expression ";" | expression [ "=" expression ] ";" | "return" [ expression ] ";"
               | "break" ";" | "continue" ";" | "if" expression block [ "else" ( block | if ) ] | "while" expression block
               | "for" name "in" expression ".." expression block | block
    expression = operands and operators; from weak to strong: || && (== != < <= > >=) (+ -) (* / %)
    operand    = { "-" | "!" } atom { "." name | "[" expression "]" }
    atom       = number | "true" | "false" | string | name [ "(" [ argument { "," argument } ] ")" ] | "(" expression ")"
               | "[" expression { "," expression } "]" | "[" expression ";" expression "]"
    argument   = [ "&" [ "mut" ] ] expression

A comment goes from ``//`` to the end of the line. What nests more than 60 deep is refused: the parser, and the compiler
behind it, recurse. An array is an ``own<[? x T]>`` of the IR and a string an ``own<[? x i8]>``, so they move; ``&string`` and
``&[T]`` are slices.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn, TypeVar

import altru_ir as air

Located = air.Location
BYTES = air.ArrayType((None,), air.I8)
SIMPLE: dict[str, air.Type] = {"int": air.I64, "float": air.F64, "bool": air.I1, "string": air.OwnType(BYTES)}


@dataclass
class Literal:
    value: int | float  # or a bool, which Python counts among them
    at: Located


@dataclass
class Text:
    value: str
    at: Located


@dataclass
class Name:
    name: str
    at: Located


@dataclass
class Unary:
    operator: str
    operand: Expression
    at: Located


@dataclass
class Binary:
    operator: str
    left: Expression
    right: Expression
    at: Located


@dataclass
class Call:
    name: str
    arguments: list[Expression]
    at: Located


@dataclass
class Member:
    base: Expression
    field: str
    at: Located


@dataclass
class Index:
    base: Expression
    index: Expression
    at: Located


@dataclass
class Elements:
    elements: list[Expression]
    at: Located


@dataclass
class Repeat:
    value: Expression
    count: Expression
    at: Located


@dataclass
class Borrow:
    mutable: bool
    place: Expression
    at: Located


Expression = Literal | Text | Name | Unary | Binary | Call | Member | Index | Elements | Repeat | Borrow


@dataclass
class Let:
    name: str
    value: Expression
    at: Located


@dataclass
class Assign:
    place: Expression
    value: Expression
    at: Located


@dataclass
class Do:
    value: Expression
    at: Located


@dataclass
class Return:
    value: Expression | None
    at: Located


@dataclass
class Leave:
    how: str  # break or continue
    at: Located


@dataclass
class If:
    condition: Expression
    then: Block
    otherwise: Block
    at: Located


@dataclass
class While:
    condition: Expression
    body: Block
    at: Located


@dataclass
class For:
    name: str
    low: Expression
    high: Expression
    body: Block
    at: Located


@dataclass
class Block:
    statements: list[Statement]
    at: Located
    end: Located


Statement = Let | Assign | Do | Return | Leave | If | While | For | Block


@dataclass
class Struct:
    name: str
    fields: list[tuple[str, air.Type]]
    at: Located


@dataclass
class Function:
    name: str
    parameters: list[tuple[str, air.Type]]
    result: air.Type | None
    body: Block
    at: Located


TOKEN = re.compile(
    r"""(?P<skip>\s+|//[^\n]*)|(?P<number>\d+(?:\.\d+)?)|(?P<word>[A-Za-z_]\w*)|(?P<text>"(?:[^"\\\n]|\\[nt"\\])*")"""
    r"""|(?P<mark>->|\.\.|\|\||&&|[=!<>]=|[-+*/%!<>=&.,:;()\[\]{}])"""
)
BUILT_IN = ("print", "len", "int", "float")
WORDS = "struct fn let return break continue if else while for in true false mut"
KEYWORDS = frozenset([*WORDS.split(), *SIMPLE, *BUILT_IN])
ESCAPES = {r"\n": "\n", r"\t": "\t", r"\"": '"', r"\\": "\\"}
WEAK_TO_STRONG = [["||"], ["&&"], ["==", "!=", "<", "<=", ">", ">="], ["+", "-"], ["*", "/", "%"]]
OPERATORS = {  # operations of integers, and of floats
    "+": ("sadd.checked", "fadd"), "-": ("ssub.checked", "fsub"), "*": ("smul.checked", "fmul"), "/": ("sdiv", "fdiv"),
    "%": ("srem", "frem"), "==": ("icmp eq", "fcmp oeq"), "!=": ("icmp ne", "fcmp une"), "<": ("icmp slt", "fcmp olt"),
    "<=": ("icmp sle", "fcmp ole"), ">": ("icmp sgt", "fcmp ogt"), ">=": ("icmp sge", "fcmp oge"),
}  # fmt: skip

STRENGTH = {operator: level for level, operators in enumerate(WEAK_TO_STRONG) for operator in operators}
DEEPEST = 60
_T = TypeVar("_T")


@dataclass
class Token:
    kind: str  # number, word, text, mark, keyword, wrong, end
    text: str
    at: Located


def problem(message: str, at: Located) -> air.DiagnosticError:
    """What is wrong with a program, as an exception."""
    return air.DiagnosticError([air.Diagnostic("TOY-001", message, at)])


def array_of(element: air.Type) -> air.Type:
    """The type of an array."""
    return air.OwnType(air.ArrayType((None,), element))


def spelled(type: air.Type) -> str:
    """A type as a program writes it."""
    if isinstance(type, air.RefType):
        inner = air.OwnType(type.target) if isinstance(type.target, air.ArrayType) else type.target
        return f"{'&mut ' if type.mutable else '&'}{spelled(inner)}"
    for name, known in SIMPLE.items():
        if type is known:
            return name
    if isinstance(type, air.OwnType) and isinstance(type.target, air.ArrayType):
        return f"[{spelled(type.target.element)}]"
    return type.name if isinstance(type, air.NamedType) else "nothing" if type is air.UNIT else str(type)


def reword(text: str) -> str:
    """What the library says of a program, in the words of the language: `%x` and `@x` are `x`, and types are its own."""

    def one(quoted: re.Match[str]) -> str:
        try:
            return f"`{spelled(air.parse_type(quoted[1]))}`"
        except air.DiagnosticError:
            return f"`{quoted[1].removeprefix('%')}`"

    return re.sub(r"@(\w+)", r"\1", re.sub(r"`([^`]+)`", one, text))


def tokens(source: air.Source) -> Iterator[Token]:
    """The tokens of a text; what is none is one that is ``wrong``."""
    at = 0
    while at < len(source.text):
        found = TOKEN.match(source.text, at)
        if found is None:
            yield Token("wrong", source.text[at], source.position(at))
            at += 1
            continue
        kind, text = str(found.lastgroup), found[0]
        if kind != "skip":
            yield Token("keyword" if text in KEYWORDS else kind, text, source.position(at, len(text)))
        at = found.end()
    yield Token("end", "the end of the file", source.position(at))


class TooDeep(air.DiagnosticError):
    """Nothing behind it is read."""


class Parser:
    """Recursive descent, one token ahead. Behind an error it goes on with the next statement, or declaration."""

    def __init__(self, source: air.Source) -> None:
        self.rest = tokens(source)
        self.token = next(self.rest)
        self.depth = 0
        self.loops = 0
        self.named: list[tuple[str, Located]] = []
        self.problems: list[air.Diagnostic] = []

    # -- tools ----------------------------------------------------------------------------------------------------------

    def fail(self, expected: str) -> NoReturn:
        if self.token.kind == "wrong":
            raise problem(f"`{self.token.text}` begins nothing", self.token.at)
        shown = self.token.text if self.token.kind == "end" else f"`{self.token.text}`"
        raise problem(f"expected {expected}, found {shown}", self.token.at)

    def next(self) -> Token:
        taken, self.token = self.token, next(self.rest, self.token)
        return taken

    def sees(self, *texts: str) -> bool:
        return self.token.kind in ("mark", "keyword") and self.token.text in texts

    def accept(self, text: str) -> bool:
        if self.sees(text):
            self.next()
            return True
        return False

    def expect(self, text: str) -> Token:
        return self.next() if self.sees(text) else self.fail(f"`{text}`")

    def word(self) -> Token:
        return self.next() if self.token.kind == "word" else self.fail("a name")

    def several(self, one: Callable[[], _T], close: str) -> list[_T]:
        """``one``, separated by commas, up to ``close``."""
        found: list[_T] = []
        while not self.sees(close):
            found.append(one())
            if not self.accept(","):
                break
        self.expect(close)
        return found

    @contextmanager
    def nested(self, levels: int = 1) -> Iterator[None]:
        self.depth += levels
        if self.depth > DEEPEST:
            raise TooDeep(problem(f"this nests more than {DEEPEST} deep", self.token.at).diagnostics)
        yield
        self.depth -= levels

    def recovered(self, one: Callable[[], _T], skip: Callable[[], None]) -> list[_T]:
        """What ``one`` reads; nothing where it is wrong, and ``skip`` leads to where to go on."""
        depth, loops = self.depth, self.loops
        try:
            return [one()]
        except TooDeep:
            raise
        except air.DiagnosticError as error:
            self.problems += error.diagnostics
            self.depth, self.loops = depth, loops
            skip()
            return []

    def to_declaration(self) -> None:
        while not self.sees("struct", "fn") and self.token.kind != "end":
            self.next()

    def to_statement(self) -> None:
        """Behind the next `;` or block of this one, or to its end."""
        inside = 0
        while self.token.kind != "end" and (inside or not self.sees("}", "fn", "struct")):
            token = self.next()
            if token.kind in ("mark", "keyword"):
                inside += (token.text == "{") - (token.text == "}")
            if not inside and token.kind == "mark" and token.text in (";", "}"):
                return

    # -- declarations ---------------------------------------------------------------------------------------------------

    def program(self) -> list[Struct | Function]:
        """The whole text. Raises ``DiagnosticError`` with all that is wrong."""
        found: list[Struct | Function] = []
        while self.token.kind != "end":
            found += self.recovered(self.declaration, self.to_declaration)
        structs = {each.name for each in found if isinstance(each, Struct)}
        if not self.problems:
            self.problems = [each for name, at in self.named if name not in structs
                             for each in problem(f"there is no type `{name}`", at).diagnostics]  # fmt: skip
        if self.problems:
            raise air.DiagnosticError(self.problems)
        return found

    def declaration(self) -> Struct | Function:
        if self.accept("struct"):
            name = self.word()
            self.expect("{")
            return Struct(name.text, self.several(self.field, "}"), name.at)
        if not self.accept("fn"):
            self.fail("`struct` or `fn`")
        name = self.word()
        self.expect("(")
        parameters = self.several(self.parameter, ")")
        result = self.type() if self.accept("->") else None
        return Function(name.text, parameters, result, self.block(), name.at)

    def field(self) -> tuple[str, air.Type]:
        name = self.word().text
        self.expect(":")
        return name, self.type()

    def parameter(self) -> tuple[str, air.Type]:
        name = self.word().text
        self.expect(":")
        if not self.accept("&"):
            return name, self.type()
        mutable, lent = self.accept("mut"), self.type()
        return name, air.RefType(lent.target if isinstance(lent, air.OwnType) else lent, mutable)

    def type(self) -> air.Type:
        if self.accept("["):
            with self.nested():
                element = self.type()
            self.expect("]")
            return array_of(element)
        if self.sees(*SIMPLE):
            return SIMPLE[self.next().text]
        name = self.next() if self.token.kind == "word" else self.fail("a type")
        self.named.append((name.text, name.at))
        return air.NamedType(name.text)

    # -- statements -----------------------------------------------------------------------------------------------------

    def block(self) -> Block:
        start, found = self.expect("{").at, list[Statement]()
        with self.nested():
            while not self.sees("}", "fn", "struct") and self.token.kind != "end":
                found += self.recovered(self.statement, self.to_statement)
        return Block(found, start, self.expect("}").at)

    def statement(self) -> Statement:
        at = self.token.at
        if self.sees("{"):
            return self.block()
        if self.accept("if"):
            condition, then = self.expression(), self.block()
            otherwise = Block([], at, at)
            if self.accept("else"):
                with self.nested():
                    one = self.statement() if self.sees("if") else self.block()
                otherwise = one if isinstance(one, Block) else Block([one], one.at, one.at)
            return If(condition, then, otherwise, at)
        if self.accept("while"):
            return While(self.expression(), self.loop(), at)
        if self.accept("for"):
            name = self.word().text
            self.expect("in")
            low = self.expression()
            self.expect("..")
            return For(name, low, self.expression(), self.loop(), at)
        made = self.simple(at)
        self.expect(";")
        return made

    def loop(self) -> Block:
        self.loops += 1
        body = self.block()
        self.loops -= 1
        return body

    def simple(self, at: Located) -> Statement:
        if self.accept("let"):
            name = self.word()
            self.expect("=")
            return Let(name.text, self.expression(), name.at)
        if self.accept("return"):
            return Return(None if self.sees(";") else self.expression(), at)
        if self.sees("break", "continue"):
            if not self.loops:
                raise problem(f"there is no loop to {self.token.text}", at)
            return Leave(self.next().text, at)
        value = self.expression()
        return Assign(value, self.expression(), at) if self.accept("=") else Do(value, at)

    # -- expressions ----------------------------------------------------------------------------------------------------

    def expression(self, level: int = 0) -> Expression:
        """Operands with operators that bind at least as strongly as ``level``."""
        with self.nested():
            left, chained = self.operand(), 0
            while self.token.kind == "mark" and STRENGTH.get(self.token.text, -1) >= level:
                operator = self.next()
                with self.nested(chained):  # a long chain is a deep tree
                    left = Binary(operator.text, left, self.expression(STRENGTH[operator.text] + 1), operator.at)
                chained += 1
        return left

    def operand(self) -> Expression:
        if self.sees("-", "!"):
            operator = self.next()
            with self.nested():
                return Unary(operator.text, self.operand(), operator.at)
        found, chained = self.atom(), 0
        while self.sees(".", "["):
            chained += 1
            with self.nested(chained):
                if self.accept("."):
                    name = self.word()
                    found = Member(found, name.text, name.at)
                else:
                    self.next()
                    index = self.expression()
                    found = Index(found, index, index.at)
                    self.expect("]")
        return found

    def atom(self) -> Expression:
        token = self.token
        if token.kind == "number":
            if "." in token.text:
                return Literal(float(self.next().text), token.at)
            if len(token.text) > 19 or int(token.text) >= 2**63:
                raise problem(f"a number is at most {2**63 - 1}", token.at)
            return Literal(int(self.next().text), token.at)
        if token.kind == "text":
            return Text(re.sub(r"\\.", lambda found: ESCAPES[found[0]], self.next().text[1:-1]), token.at)
        if token.kind == "word" or self.sees(*BUILT_IN):
            name = self.next().text
            return Call(name, self.several(self.argument, ")"), token.at) if self.accept("(") else Name(name, token.at)
        if self.sees("true", "false"):
            return Literal(self.next().text == "true", token.at)
        if self.accept("("):
            inner = self.expression()
            self.expect(")")
            return inner
        if self.accept("["):
            first = self.expression()
            if self.accept(";"):
                count = self.expression()
                self.expect("]")
                return Repeat(first, count, token.at)
            if self.accept(","):
                return Elements([first, *self.several(self.expression, "]")], token.at)
            self.expect("]")
            return Elements([first], token.at)
        return self.fail("an expression")

    def argument(self) -> Expression:
        at = self.token.at
        if not self.accept("&"):
            return self.expression()
        return Borrow(self.accept("mut"), self.expression(), at)


def parse(source: air.Source) -> list[Struct | Function]:
    """The tree of a program. Raises ``DiagnosticError``."""
    return Parser(source).program()
