"""Random Rust functions that move, drop, borrow and fill again, in the types that make a difference for moves.

    fn f3(p0: Pair, mut p1: Shape) {
        let mut v2: String;
        while cond() {
            v2 = p0.a;
            ...

Types and scopes are right by construction, so that rustc comes to its borrow checker; whether the moves are right is left to
chance, and rustc says which are not. Each statement has a line of its own.

Example: ``program(7)`` is the text of a file with ``FUNCTIONS`` functions, the same for the same seed.
"""

from __future__ import annotations

import random
import re

FUNCTIONS = 20

PRELUDE = """\
#![allow(unused, unconditional_recursion)]
pub struct Pair { a: String, b: Box<i32> }
pub struct Loud { s: String, t: String }
impl Drop for Loud { fn drop(&mut self) { } }
pub enum Shape { Empty, One(String), Two(String, Box<Pair>) }
pub struct Deep { p: Pair, l: Loud, o: Option<String>, n: i32 }
#[derive(Clone, Copy)] pub struct Dot { x: i32, y: i32 }
pub fn cond() -> bool { false }
pub fn num() -> usize { 1 }
pub fn eat<T>(x: T) { }
pub fn look<T>(x: &T) { }
pub fn edit<T>(x: &mut T) { }
pub fn may_panic() { }
pub fn pick<'a>(x: &'a String, y: &'a String) -> &'a String { x }
"""

PARTS: dict[str, list[tuple[str, str]]] = {
    "String": [],
    "Pair": [(".a", "String"), (".b", "Box<i32>")],
    "Loud": [(".s", "String"), (".t", "String")],
    "(String, Pair)": [(".0", "String"), (".1", "Pair")],
    "[String; 3]": [("[0]", "String"), ("[2]", "String"), ("[num()]", "String")],
    "Box<Pair>": [("*", "Pair"), (".a", "String"), (".b", "Box<i32>")],
    "Box<i32>": [("*", "i32")],
    "Option<String>": [],
    "Shape": [],
    "Deep": [(".p", "Pair"), (".l", "Loud"), (".o", "Option<String>"), (".n", "i32")],
    "Dot": [(".x", "i32")],
    "i32": [],
    "&mut Pair": [(".a", "String"), (".b", "Box<i32>")],
    "&Deep": [(".p", "Pair"), (".o", "Option<String>"), (".n", "i32")],
}

MADE = [type for type in PARTS if not type.startswith("&")]


class _Writer:
    def __init__(self, chance: random.Random, borrows: bool) -> None:
        self.chance = chance
        self.borrows = borrows
        self.references: list[tuple[str, str]] = []
        self.lines: list[str] = []
        self.scope: list[tuple[str, str]] = []
        self.made = 0
        self.depth = 1
        self.loops = 0
        self.budget = 0

    def line(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    def name(self) -> str:
        self.made += 1
        return f"v{self.made}"

    # -- paths and values -----------------------------------------------------------------------------------------------

    def paths(self) -> list[tuple[str, str]]:
        """All paths in scope with their types, two steps deep."""
        found: list[tuple[str, str]] = []
        for name, type in self.scope:
            found.append((name, type))
            for step, part in PARTS[type]:
                path = f"(*{name})" if step == "*" else name + step
                found.append((path, part))
                found.extend((f"(*{path})" if s == "*" else path + s, p) for s, p in PARTS[part])
        return found

    def path(self, type: str | None = None) -> tuple[str, str] | None:
        fitting = [each for each in self.paths() if type is None or each[1] == type]
        return self.chance.choice(fitting) if fitting else None

    def value(self, type: str, depth: int = 0) -> str:
        if self.chance.random() < 0.35:
            path = self.path(type)
            if path is not None:
                return path[0]
        return self.fresh(type, depth)

    def fresh(self, type: str, depth: int) -> str:
        inner = self.value if depth < 2 else self.fresh
        if type == "String":
            return "String::new()"
        if type == "Pair":
            return f"Pair {{ a: {inner('String', depth + 1)}, b: {inner('Box<i32>', depth + 1)} }}"
        if type == "Loud":
            return f"Loud {{ s: {inner('String', depth + 1)}, t: String::new() }}"
        if type == "(String, Pair)":
            return f"({inner('String', depth + 1)}, {inner('Pair', depth + 1)})"
        if type == "[String; 3]":
            return f"[String::new(), {inner('String', depth + 1)}, String::new()]"
        if type == "Box<Pair>":
            return f"Box::new({inner('Pair', depth + 1)})"
        if type == "Box<i32>":
            return f"Box::new({inner('i32', depth + 1)})"
        if type == "Option<String>":
            return self.chance.choice(["None::<String>", f"Some({inner('String', depth + 1)})"])
        if type == "Shape":
            return self.chance.choice(
                ["Shape::Empty", f"Shape::One({inner('String', depth + 1)})",
                 f"Shape::Two(String::new(), {inner('Box<Pair>', depth + 1)})"]
            )  # fmt: skip
        if type == "Deep":
            return f"Deep {{ p: {inner('Pair', depth + 1)}, l: {inner('Loud', depth + 1)}, o: None::<String>, n: 3 }}"
        return "Dot { x: 1, y: 2 }" if type == "Dot" else "5"

    # -- statements -----------------------------------------------------------------------------------------------------

    def block(self, bindings: list[tuple[str, str]] | None = None) -> None:
        kept, kept_references = len(self.scope), len(self.references)
        self.depth += 1
        self.scope.extend(bindings or [])
        for _ in range(self.chance.randint(1, 4)):
            self.statement()
        self.depth -= 1
        del self.scope[kept:]
        del self.references[kept_references:]

    def statement(self) -> None:
        self.budget -= 1
        makers = [self.let, self.let, self.assign, self.assign, self.consume, self.consume, self.look, self.edit, self.panics]
        if self.budget > 0 and self.depth < 4:
            makers += [self.branch, self.loop, self.repeat, self.match, self.if_let, self.destructure, self.closure]
        if self.borrows:
            makers = [self.let, self.assign, self.consume, self.panics, *makers[9:]]
            makers += [self.shared_reference, self.exclusive_reference, self.use_reference, self.use_reference, self.redirect]
        if self.loops:
            makers.append(self.leave)
        self.chance.choice(makers)()

    def let(self) -> None:
        type, name = self.chance.choice(MADE), self.name()
        if self.chance.random() < 0.3:
            self.line(f"let mut {name}: {type};")
        else:
            self.line(f"let mut {name}: {type} = {self.value(type)};")
        self.scope.append((name, type))

    def assign(self) -> None:
        path = self.path()
        if path is not None and not path[1].startswith("&") and not self.shared(path[0]):
            self.line(f"{path[0]} = {self.value(path[1])};")

    def shared(self, path: str) -> bool:
        """Whether the root of a path is a shared reference, or was bound by a pattern: rustc would speak of mutability."""
        root = path.strip("(*").split(".")[0].split("[")[0].rstrip(")")
        type = dict(self.scope)[root]
        return type == "&Deep" or not root.startswith(("v", "p"))

    def consume(self) -> None:
        path = self.path()
        if path is not None:
            self.line(f"{self.chance.choice(['eat', 'drop'])}({path[0]});")

    def look(self) -> None:
        path = self.path()
        if path is not None:
            self.line(f"look(&{path[0]});")

    def edit(self) -> None:
        path = self.path()
        if path is not None and not path[1].startswith("&") and not self.shared(path[0]):
            self.line(f"edit(&mut {path[0]});")

    def panics(self) -> None:
        self.line("may_panic();")

    # -- references that stay ---------------------------------------------------------------------------------------------

    def reference(self, kind: str) -> str | None:
        fitting = [name for name, each in self.references if each == kind]
        return self.chance.choice(fitting) if fitting else None

    def shared_reference(self) -> None:
        path = self.path("String")
        if path is not None:
            name = self.name().replace("v", "r")
            if self.chance.random() < 0.2:
                self.line(f"let mut {name}: Vec<&String> = Vec::new();")
                self.line(f"{name}.push(&{path[0]});")
                self.references.append((name, "vector"))
            else:
                self.line(f"let mut {name}: &String = &{path[0]};")
                self.references.append((name, "shared"))

    def exclusive_reference(self) -> None:
        path = self.path("String")
        if path is not None and not self.shared(path[0]):
            name = self.name().replace("v", "r")
            self.line(f"let mut {name}: &mut String = &mut {path[0]};")
            self.references.append((name, "exclusive"))

    def use_reference(self) -> None:
        if self.references:
            name, kind = self.chance.choice(self.references)
            self.line(f"edit({name});" if kind == "exclusive" else f"look(&{name});")

    def redirect(self) -> None:
        """A reference gets another place, or flows into another."""
        path = self.path("String")
        into, source = self.reference("shared"), self.reference("shared")
        vector = self.reference("vector")
        if path is None or into is None or source is None:
            return
        kind = self.chance.randrange(4)
        if kind == 0:
            self.line(f"{into} = &{path[0]};")
        elif kind == 1:
            self.line(f"{into} = pick({source}, &{path[0]});")
        elif kind == 2 and vector is not None:
            self.line(f"{vector}.push({source});")
        elif vector is not None:
            self.line(f"{into} = {vector}[0];")

    # -- control --------------------------------------------------------------------------------------------------------

    def branch(self) -> None:
        self.line("if cond() {")
        self.block()
        if self.chance.random() < 0.5:
            self.line("} else {")
            self.block()
        self.line("}")

    def loop(self) -> None:
        self.line("while cond() {")
        self.loops += 1
        self.block()
        self.loops -= 1
        self.line("}")

    def repeat(self) -> None:
        self.line("loop {")
        self.loops += 1
        self.block()
        self.loops -= 1
        self.line("    if cond() { break; }")
        self.line("}")

    def leave(self) -> None:
        self.line(f"if cond() {{ {self.chance.choice(['break', 'continue', 'return'])}; }}")

    def match(self) -> None:
        path = self.path("Shape")
        if path is None:
            return
        one, two, box = self.name(), self.name(), self.name()
        how = self.chance.choice(["", "ref "])
        self.line(f"match {path[0]} {{")
        self.depth += 1
        self.line("Shape::Empty => {")
        self.block()
        self.line("}")
        self.line(f"Shape::One({how}{one}) => {{")
        self.block()
        self.line(f"    look(&{one});")
        self.line("}")
        kind = self.chance.random()
        if kind < 0.5:
            self.line(f"Shape::Two({how}{two}, {how}{box}) => {{")
            self.line(f"    look(&{box});")
        else:
            self.line(f"Shape::Two({how}{two}, _) => {{")
        self.block()
        self.line("}")
        self.depth -= 1
        self.line("}")

    def if_let(self) -> None:
        path = self.path("Option<String>")
        if path is not None:
            name = self.name()
            self.line(f"if let Some({self.chance.choice(['', 'ref ', 'mut '])}{name}) = {self.value('Option<String>')} {{")
            self.line(f"    look(&{name});")
            self.block()
            self.line("}")

    def destructure(self) -> None:
        a, b = self.name(), self.name()
        kind = self.chance.randrange(4)
        if kind == 0 and (path := self.path("Pair")) is not None:
            self.line(f"let Pair {{ a: mut {a}, b: _ }} = {path[0]};")
            self.scope.append((a, "String"))
        elif kind == 1 and (path := self.path("(String, Pair)")) is not None:
            self.line(f"let (mut {a}, mut {b}) = {path[0]};")
            self.scope.extend([(a, "String"), (b, "Pair")])
        elif kind == 2 and (path := self.path("[String; 3]")) is not None:
            self.line(f"let [mut {a}, .., mut {b}] = {path[0]};")
            self.scope.extend([(a, "String"), (b, "String")])
        elif kind == 3 and (path := self.path("Loud")) is not None:
            self.line(f"let Loud {{ s: mut {a}, .. }} = {path[0]};")
            self.scope.append((a, "String"))

    def closure(self) -> None:
        path = self.path()
        if path is not None:
            name = self.name()
            move = self.chance.choice(["move ", ""])
            body = self.chance.choice([f"look(&{path[0]})", f"eat({path[0]})"])
            self.line(f"let {name} = {move}|| {{ {body} }};")

    def function(self, number: int) -> None:
        self.scope, self.references = [], []
        self.budget = self.chance.randint(6, 18)
        given = []
        for index in range(self.chance.randint(1, 3)):
            type = self.chance.choice(list(PARTS))
            given.append(f"mut p{index}: {type}")
            self.scope.append((f"p{index}", type))
        self.depth = 0
        self.line(f"pub fn f{number}({', '.join(given)}) {{")
        self.depth = 1
        while self.budget > 0:
            self.statement()
        self.depth = 0
        self.line("}")


def program(seed: int, *, borrows: bool = False) -> str:
    """The text for ``seed``; with ``borrows`` references stay in variables and are used later."""
    writer = _Writer(random.Random(seed), borrows)
    for number in range(FUNCTIONS):
        writer.function(number)
    return PRELUDE + "\n".join(writer.lines) + "\n"


def without(text: str, lines: set[int]) -> str:
    """A program without the functions that ``lines`` (from 1) stand in."""
    head, *functions = re.split(r"^(?=pub (?:unsafe )?fn )", text, flags=re.M)
    at = head.count("\n")
    kept = [head]
    for each in functions:
        end = at + each.count("\n")
        if not any(at < line <= end for line in lines):
            kept.append(each)
        at = end
    return "".join(kept)


__all__ = ["FUNCTIONS", "program", "without"]
