"""A generator of well-formed programs that carry their own meaning.

A program is a small structured syntax tree: variables of scalar types, assignments, ``if``, bounded loops, ``switch``,
arrays, structs and calls. ``Program.text`` is its IR, with joins as block arguments; ``Program.run`` evaluates the tree
directly with the twin of ``scalars``. The two share only the tree, so a difference between what a compiler makes of the
text and what ``run`` says is a defect of one of them.

Example: ``generate(7).text`` is a module with ``@f0`` ... ``@main_entry``; ``generate(7).run([1, 2])`` its answer.

Invariants: a program depends on its seed alone; it always ends (loops count down from at most eight) and never panics.
``statistics`` says what was made.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import attrs

from altru_ir import scalars
from altru_ir.testing.preludes import split, used

INTEGERS = {"i8": 8, "i16": 16, "i32": 32, "i64": 64, "usize": 64}
FLOATS = {"f32": 32, "f64": 64}
ARRAY = 5
PURE_BINARY = (
    "add", "sub", "mul", "and", "or", "xor", "shl", "lshr", "ashr", "rotl", "rotr", "smin", "smax", "umin", "umax",
)  # fmt: skip
UNARY = ("clz", "ctz", "popcount", "bswap")
FLOAT_BINARY = ("fadd", "fsub", "fmul", "fdiv", "fmin", "fmax", "copysign")
FLOAT_UNARY = ("fneg", "fabs", "fsqrt", "ffloor", "fceil", "ftrunc", "fround")
PREDICATES = ("eq", "ne", "ult", "ule", "ugt", "uge", "slt", "sle", "sgt", "sge")
FLOAT_PREDICATES = ("oeq", "one", "olt", "ole", "ogt", "oge", "ord", "ueq", "une", "ult", "ule", "ugt", "uge", "uno")

Scalar = int | float
Environment = dict[str, Any]


@attrs.define
class Node:
    """An expression or statement: how to write it (into a ``Writer``) and how to evaluate it."""

    write: Callable[[Writer], str]
    evaluate: Callable[[Environment], Any]


class Writer:
    """Text of one function, with the current SSA name of each variable."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, str] = {}
        self.count = 0
        self.operations: Counter[str] = Counter()

    def fresh(self) -> str:
        self.count += 1
        return f"%t{self.count}"

    def op(self, text: str) -> str:
        """An operation with a result; returns its name."""
        name = self.fresh()
        self.lines.append(f"  {name} = {text}")
        self.operations[text.split()[0]] += 1
        return name

    def do(self, text: str) -> None:
        """An operation without a result."""
        self.lines.append(f"  {text}")
        self.operations[text.split()[0]] += 1

    def label(self) -> str:
        self.count += 1
        return f"^b{self.count}"

    def start(self, label: str, arguments: list[tuple[str, str]]) -> None:
        """Starts a block whose arguments are new names for variables, given as (variable, type)."""
        shown = []
        for variable, type in arguments:
            name = self.fresh()
            self.names[variable] = name
            shown.append(f"{name}: {type}")
        self.lines.append(label + (f"({', '.join(shown)})" if shown else "") + ":")


@attrs.define
class FunctionTree:
    name: str
    parameters: list[tuple[str, str]]
    variables: dict[str, str]
    body: list[Node]
    result: Node
    memory: list[str] = attrs.field(factory=list)
    """What it has in memory: ``array``, ``pair``, both or nothing."""

    def write(self) -> tuple[str, Writer]:
        w = Writer()
        parameters = ", ".join(f"%{name}: {type}" for name, type in self.parameters)
        w.lines.append(f"func @{self.name}({parameters}) -> i64 {{")
        w.lines.append("^entry:")
        if "array" in self.memory:
            w.lines.append(f"  %array = local : [{ARRAY} x i32]")
            zero = w.op("const [" + ", ".join("0" for _ in range(ARRAY)) + f"] : [{ARRAY} x i32]")
            w.do(f"init %array, {zero}")
        if "pair" in self.memory:
            w.lines.append("  %pair = local : @Pair")
            for field, type in (("narrow", "i8"), ("real", "f64"), ("wide", "i64")):
                place = w.op(f"field %pair, {field}")
                nothing = w.op(f"const {'0.0' if type == 'f64' else 0} : {type}")
                w.do(f"init {place}, {nothing}")
        for name, _ in self.parameters:
            w.names[name] = f"%{name}"
        for name, type in self.variables.items():
            if name not in w.names:
                w.names[name] = w.op(f"const {'1.5' if type in FLOATS else 3} : {type}")
        for statement in self.body:
            statement.write(w)
        w.do(f"ret {self.result.write(w)}")
        w.lines.append("}")
        return "\n".join(w.lines), w

    def call(self, arguments: list[Scalar]) -> int:
        environment: Environment = {name: 1.5 if type in FLOATS else 3 for name, type in self.variables.items()}
        environment.update(zip((name for name, _ in self.parameters), arguments, strict=True))
        environment["array"] = [0] * ARRAY
        environment["pair"] = {"narrow": 0, "real": 0.0, "wide": 0}
        for statement in self.body:
            statement.evaluate(environment)
        return int(self.result.evaluate(environment))


@attrs.define
class Program:
    """A generated program. ``text`` is its IR; the entry is ``@main_entry(i64, i64) -> i64``."""

    seed: int
    functions: list[FunctionTree]
    text: str
    statistics: Counter[str]

    def run(self, arguments: list[int]) -> int:
        """The answer for two 64-bit arguments, as an unsigned number."""
        return self.functions[-1].call([a % (1 << 64) for a in arguments])


TYPES = split("""\
struct @Pair { narrow: i8, real: f64, wide: i64 }
enum @Choice { Small(i32), Large(i64), Nothing }
""")
SMALL = 4
"""Up to this size a program has one function or two, of a few types each, and behind it two to four of all types."""


def generate(seed: int, size: int = 12) -> Program:
    """A program. ``size`` is about how many statements a function has."""
    choose = random.Random(seed)
    functions: list[FunctionTree] = []
    for index in range(choose.randint(1, 3) if size > SMALL else choose.random() < 0.3):
        functions.append(_Maker(choose, functions).function(f"f{index}", size))
    entry = _Maker(choose, functions).function("main_entry", size, [("a", "i64"), ("b", "i64")])
    functions.append(entry)
    texts, statistics = [], Counter[str]()
    for function in functions:
        text, writer = function.write()
        texts.append(text)
        statistics += writer.operations
        statistics["blocks"] += sum(line.startswith("^") for line in writer.lines)
    head = ["altru 1", f"module @generated{seed}", "", *used(TYPES, texts).values()]
    return Program(seed, functions, "\n".join(head) + "\n" + "\n\n".join(texts) + "\n", statistics)


class _Maker:
    """Makes one function."""

    def __init__(self, choose: random.Random, callees: list[FunctionTree]) -> None:
        self.choose = choose
        self.callees = callees
        self.types: dict[str, str] = {}
        self.stands: dict[str, None] = {}  # what is in memory
        self.loops = 0
        self.depth = 3  # of expressions, at most

    def function(self, name: str, size: int, parameters: list[tuple[str, str]] | None = None) -> FunctionTree:
        every = [*INTEGERS, *FLOATS]
        if parameters is None:
            parameters = [(f"p{i}", self.choose.choice(every)) for i in range(self.choose.randint(1, 3))]
        self.types = dict(parameters)
        self.depth = 3 if size > SMALL else 2
        for type in every if size > SMALL else ["i64", *self.choose.sample(every, 1)]:
            self.types[f"v_{type}"] = type
        body = [self.statement(self.depth) for _ in range(self.choose.randint(max(1, size // 2), size))]
        if self.callees and size <= SMALL:
            body.append(self.call())
        return FunctionTree(name, parameters, dict(self.types), body, self.digest(), list(self.stands))

    # -- expressions --

    def expression(self, type: str, depth: int) -> Node:
        choose = self.choose
        if depth == 0 or choose.random() < 0.15:
            return self.variable(type) if choose.random() < 0.7 else self.literal(type)
        if choose.random() < 0.12:
            return self.select(type, depth)
        if type in FLOATS:
            return self.float_expression(type, depth)
        return self.integer_expression(type, depth)

    def variable(self, type: str) -> Node:
        known = [n for n, t in self.types.items() if t == type]
        if not known:
            return self.converted(type)
        name = self.choose.choice(known)
        return Node(lambda w: w.names[name], lambda e: e[name])

    def converted(self, type: str) -> Node:
        """A variable of type i64 as a value of a type that no variable has."""
        wide = self.variable("i64")
        if type == "usize":
            return Node(lambda w: w.op(f"zext {wide.write(w)} : usize"), wide.evaluate)
        narrow, bits = (type, INTEGERS[type]) if type in INTEGERS else ("i16", 16)

        def write(w: Writer) -> str:
            value = w.op(f"trunc {wide.write(w)} : {narrow}")
            return value if type == narrow else w.op(f"sitofp {value} : {type}")

        def evaluate(e: Environment) -> Scalar:
            value = wide.evaluate(e) & ((1 << bits) - 1)
            return value if type == narrow else float(scalars.signed(value, bits))

        return Node(write, evaluate)

    def literal(self, type: str) -> Node:
        if type in FLOATS:
            number = scalars.round32(self.choose.choice([0.0, -0.0, 1.0, -2.5, 1e10, 0.1, self.choose.uniform(-100, 100)]))
            return Node(lambda w: w.op(f"const {_spell(number)} : {type}"), lambda _: number)
        bits = INTEGERS[type]
        edges = [0, 1, 2, 7, (1 << bits) - 1, 1 << (bits - 1), (1 << (bits - 1)) - 1, self.choose.getrandbits(bits)]
        value = self.choose.choice(edges)
        return Node(lambda w: w.op(f"const {value} : {type}"), lambda _: value)

    def select(self, type: str, depth: int) -> Node:
        condition, a, b = self.condition(depth - 1), self.expression(type, depth - 1), self.expression(type, depth - 1)

        def evaluate(e: Environment) -> Scalar:
            which, x, y = condition.evaluate(e), a.evaluate(e), b.evaluate(e)
            chosen: Scalar = x if which else y
            return chosen

        return Node(lambda w: w.op(f"select {condition.write(w)}, {a.write(w)}, {b.write(w)}"), evaluate)

    def condition(self, depth: int) -> Node:
        if self.choose.random() < 0.3:
            type = self.choose.choice(list(FLOATS))
            predicate = self.choose.choice(FLOAT_PREDICATES)
            a, b = self.expression(type, depth), self.expression(type, depth)
            return Node(
                lambda w: w.op(f"fcmp {predicate} {a.write(w)}, {b.write(w)}"),
                lambda e: scalars.compare_floats(predicate, a.evaluate(e), b.evaluate(e)),
            )
        type = self.choose.choice(list(INTEGERS))
        predicate = self.choose.choice(PREDICATES)
        a, b = self.expression(type, depth), self.expression(type, depth)
        bits = INTEGERS[type]
        return Node(
            lambda w: w.op(f"icmp {predicate} {a.write(w)}, {b.write(w)}"),
            lambda e: scalars.compare(predicate, bits, a.evaluate(e), b.evaluate(e)),
        )

    def integer_expression(self, type: str, depth: int) -> Node:
        choose, bits = self.choose, INTEGERS[type]
        kind = choose.random()
        if kind < 0.12:
            return self.division(type, depth)
        if kind < 0.22:
            return self.convert_integer(type, depth)
        if kind < 0.27:
            source = choose.choice(list(FLOATS))
            inner, name = self.expression(source, depth - 1), choose.choice(["fptosi", "fptoui"])
            return Node(
                lambda w: w.op(f"{name} {inner.write(w)} : {type}"),
                lambda e: scalars.to_integer(inner.evaluate(e), bits, name == "fptosi"),
            )
        if kind < 0.35:
            name, inner = choose.choice(UNARY), self.expression(type, depth - 1)
            return Node(lambda w: w.op(f"{name} {inner.write(w)}"), lambda e: scalars.integer(name, bits, inner.evaluate(e)))
        if kind < 0.45 and type in ("i32", "i8", "i64"):
            return self.memory(type, depth)
        if kind < 0.50:
            return self.part(type, depth)
        if kind < 0.54 and type in ("i32", "i64"):
            return self.choice(type, depth)
        name = choose.choice(PURE_BINARY)
        a, b = self.expression(type, depth - 1), self.expression(type, depth - 1)
        return Node(
            lambda w: w.op(f"{name} {a.write(w)}, {b.write(w)}"),
            lambda e: scalars.integer(name, bits, a.evaluate(e), b.evaluate(e)),
        )

    def division(self, type: str, depth: int) -> Node:
        """A division by a number from 1 to 7, so that it never panics."""
        name, bits = self.choose.choice(["sdiv", "udiv", "srem", "urem"]), INTEGERS[type]
        a, b = self.expression(type, depth - 1), self.expression(type, depth - 1)

        def write(w: Writer) -> str:
            left, right = a.write(w), b.write(w)
            seven = w.op(f"const 7 : {type}")
            low = w.op(f"and {right}, {seven}")
            return w.op(f"{name} {left}, {self._or_one(w, low, type)}")

        return Node(write, lambda e: scalars.integer(name, bits, a.evaluate(e), b.evaluate(e) & 7 | 1))

    @staticmethod
    def _or_one(w: Writer, value: str, type: str) -> str:
        one = w.op(f"const 1 : {type}")
        return w.op(f"or {value}, {one}")

    def convert_integer(self, type: str, depth: int) -> Node:
        bits = INTEGERS[type]
        source = self.choose.choice([t for t in INTEGERS if INTEGERS[t] != bits])
        inner, width = self.expression(source, depth - 1), INTEGERS[source]
        name = "trunc" if width > bits else self.choose.choice(["zext", "sext"])

        def evaluate(e: Environment) -> int:
            value = inner.evaluate(e)
            return (scalars.signed(value, width) if name == "sext" else value) & ((1 << bits) - 1)

        return Node(lambda w: w.op(f"{name} {inner.write(w)} : {type}"), evaluate)

    def memory(self, type: str, depth: int) -> Node:
        """A load from the array at an index in range, or from a field."""
        if type == "i32" and self.choose.random() < 0.3:
            return self.ranged(depth)
        if type == "i32":
            self.stands["array"] = None
            index = self.index(depth - 1)
            return Node(
                lambda w: w.op(f"load {w.op(f'elem %array, {index.write(w)}')}"),
                lambda e: e["array"][index.evaluate(e)],
            )
        self.stands["pair"] = None
        field = {"i8": "narrow", "i64": "wide"}[type]
        return Node(lambda w: w.op(f"load {w.op(f'field %pair, {field}')}"), lambda e: e["pair"][field])

    def ranged(self, depth: int) -> Node:
        """A load through a part of the array, by a place or by a slice borrowed from it."""
        self.stands["array"] = None
        low = self.choose.randint(0, ARRAY - 2)
        length = self.choose.randint(1, ARRAY - low)
        inner, borrowed = self.expression("usize", depth - 1), self.choose.random() < 0.5

        def write(w: Writer) -> str:
            value = inner.write(w)
            bounds = [w.op(f"const {n} : usize") for n in (low, low + length)]
            place = w.op(f"subrange %array, {bounds[0]}, {bounds[1]}")
            if borrowed:
                slice = w.op(f"borrow {place}")
                count = w.op(f"slice.len {slice}")
                place = w.op(f"deref {slice}")
            else:
                count = w.op(f"dim {place}, 0")
            at = w.op(f"urem {value}, {count}")
            element = w.op(f"elem {place}, {at}")
            return w.op(f"load {element}")

        return Node(write, lambda e: e["array"][low + inner.evaluate(e) % length])

    def part(self, type: str, depth: int) -> Node:
        """An element of a tuple or an array made on the spot."""
        parts = [self.expression(type, depth - 1) for _ in range(self.choose.randint(2, 3))]
        kind, at = self.choose.choice(["tuple", "array"]), self.choose.randrange(len(parts))

        def write(w: Writer) -> str:
            whole = w.op(f"{kind} {', '.join([p.write(w) for p in parts])}")
            return w.op(f"extract {whole}, {at}")

        def evaluate(e: Environment) -> Scalar:
            values: list[Scalar] = [p.evaluate(e) for p in parts]
            return values[at]

        return Node(write, evaluate)

    def choice(self, type: str, depth: int) -> Node:
        """An enum of one of two payloads, or of none, taken apart again."""
        first, second = self.condition(depth - 1), self.condition(depth - 1)
        small, large = self.expression("i32", depth - 1), self.expression("i64", depth - 1)

        def write(w: Writer) -> str:
            one, two = first.write(w), second.write(w)
            a = w.op(f"enum Small, {small.write(w)} : @Choice")
            b = w.op(f"enum Large, {large.write(w)} : @Choice")
            none = w.op("enum Nothing : @Choice")
            either = w.op(f"select {two}, {a}, {b}")
            chosen = w.op(f"select {one}, {either}, {none}")
            tag = w.op(f"discriminant {chosen}")
            labels = [w.label() for _ in range(4)]
            w.do(f"switch_enum {chosen}, Small {labels[0]}, Large {labels[1]}, Nothing {labels[2]}")
            for label, payload in zip(labels, ("i32", "i64", None), strict=False):
                value = w.fresh()
                w.lines.append(label + (f"({value}: {payload})" if payload else "") + ":")
                if payload is None:
                    value = tag if type == "i32" else w.op(f"zext {tag} : i64")
                elif payload != type:
                    value = w.op(f"{'trunc' if type == 'i32' else 'sext'} {value} : {type}")
                w.do(f"br {labels[3]}({value})")
            result = w.fresh()
            w.lines.append(f"{labels[3]}({result}: {type}):")
            return result

        bits = INTEGERS[type]

        def evaluate(e: Environment) -> Scalar:
            one, two = first.evaluate(e), second.evaluate(e)
            x, y = small.evaluate(e), large.evaluate(e)
            if not one:
                return 2
            if two:
                return int(scalars.signed(x, 32) & ((1 << bits) - 1))
            return int(y & ((1 << bits) - 1))

        return Node(write, evaluate)

    def index(self, depth: int) -> Node:
        inner = self.expression("usize", depth)

        def write(w: Writer) -> str:
            value = inner.write(w)
            length = w.op(f"const {ARRAY} : usize")
            return w.op(f"urem {value}, {length}")

        return Node(write, lambda e: inner.evaluate(e) % ARRAY)

    def float_expression(self, type: str, depth: int) -> Node:
        choose, bits = self.choose, FLOATS[type]
        kind = choose.random()
        if kind < 0.15:
            source = choose.choice(["i8", "i16", "i32"])  # exact in f64, and rounded once in f32
            inner, width, name = self.expression(source, depth - 1), INTEGERS[source], choose.choice(["sitofp", "uitofp"])

            def convert(e: Environment) -> float:
                value = inner.evaluate(e)
                number = float(scalars.signed(value, width) if name == "sitofp" else value)
                return scalars.round32(number) if bits == 32 else number

            return Node(lambda w: w.op(f"{name} {inner.write(w)} : {type}"), convert)
        if kind < 0.22:
            inner = self.expression("f32" if type == "f64" else "f64", depth - 1)
            name = "fpext" if type == "f64" else "fptrunc"
            return Node(
                lambda w: w.op(f"{name} {inner.write(w)} : {type}"),
                lambda e: inner.evaluate(e) if bits == 64 else scalars.round32(inner.evaluate(e)),
            )
        if kind < 0.4:
            name, inner = choose.choice(FLOAT_UNARY), self.expression(type, depth - 1)
            return Node(lambda w: w.op(f"{name} {inner.write(w)}"), lambda e: scalars.floating(name, bits, inner.evaluate(e)))
        if kind < 0.46 and type == "f64":
            self.stands["pair"] = None
            return Node(lambda w: w.op(f"load {w.op('field %pair, real')}"), lambda e: e["pair"]["real"])
        name = choose.choice(FLOAT_BINARY)
        a, b = self.expression(type, depth - 1), self.expression(type, depth - 1)
        if name == "copysign":
            b = self.no_nan(b, type)
        return Node(
            lambda w: w.op(f"{name} {a.write(w)}, {b.write(w)}"),
            lambda e: scalars.floating(name, bits, a.evaluate(e), b.evaluate(e)),
        )

    @staticmethod
    def no_nan(value: Node, type: str) -> Node:
        """``value``, or 1.0 for a NaN, whose sign is not specified."""

        def write(w: Writer) -> str:
            given = value.write(w)
            good = w.op(f"fcmp ord {given}, {given}")
            one = w.op(f"const 1.0 : {type}")
            return w.op(f"select {good}, {given}, {one}")

        def evaluate(e: Environment) -> float:
            given: float = value.evaluate(e)
            return given if given == given else 1.0

        return Node(write, evaluate)

    # -- statements --

    def statement(self, depth: int) -> Node:
        kind = self.choose.random()
        if depth > 0 and kind < 0.15:
            return self.branch(depth - 1)
        if depth > 0 and kind < 0.26 and self.loops < 2:
            return self.loop(depth - 1)
        if depth > 0 and kind < 0.33:
            return self.switch(depth - 1)
        if kind < 0.5:
            return self.store()
        if kind < 0.58 and self.callees and self.loops < 2:
            return self.call()
        name, type = self.choose.choice(list(self.types.items()))
        value = self.expression(type, self.depth)

        def write(w: Writer) -> str:
            w.names[name] = value.write(w)
            return ""

        return Node(write, lambda e: e.__setitem__(name, value.evaluate(e)))

    def store(self) -> Node:
        if self.choose.random() < 0.6:
            self.stands["array"] = None
            index, value = self.index(2), self.expression("i32", self.depth)

            def write(w: Writer) -> str:
                at = index.write(w)
                what = value.write(w)
                w.do(f"assign {w.op(f'elem %array, {at}')}, {what}")
                return ""

            def evaluate(e: Environment) -> None:
                at = index.evaluate(e)
                e["array"][at] = value.evaluate(e)

            return Node(write, evaluate)
        self.stands["pair"] = None
        field, type = self.choose.choice([("narrow", "i8"), ("real", "f64"), ("wide", "i64")])
        content = self.expression(type, self.depth)

        def write_field(w: Writer) -> str:
            what = content.write(w)
            w.do(f"assign {w.op(f'field %pair, {field}')}, {what}")
            return ""

        return Node(write_field, lambda e: e["pair"].__setitem__(field, content.evaluate(e)))

    def call(self) -> Node:
        callee = self.choose.choice(self.callees)
        arguments = [self.expression(type, 2) for _, type in callee.parameters]

        def write(w: Writer) -> str:
            given = [a.write(w) for a in arguments]
            w.names["v_i64"] = w.op(f"call @{callee.name}({', '.join(given)})")
            return ""

        return Node(write, lambda e: e.__setitem__("v_i64", callee.call([a.evaluate(e) for a in arguments])))

    def block(self, depth: int) -> list[Node]:
        return [self.statement(depth) for _ in range(self.choose.randint(1, self.depth))]

    def branch(self, depth: int) -> Node:
        condition, yes, no = self.condition(2), self.block(depth), self.block(depth)

        def write(w: Writer) -> str:
            test = condition.write(w)
            self.arms(w, [yes, no], lambda labels: f"cond_br {test}, {labels[0]}, {labels[1]}")
            return ""

        return Node(write, lambda e: _run(yes if condition.evaluate(e) else no, e))

    def switch(self, depth: int) -> Node:
        type = self.choose.choice(list(INTEGERS))
        value = self.expression(type, 2)
        cases = sorted({self.choose.choice([0, 1, 2, 5, (1 << INTEGERS[type]) - 1]) for _ in range(3)})
        arms = [self.block(depth) for _ in range(len(cases) + 1)]

        def write(w: Writer) -> str:
            on = value.write(w)
            self.arms(
                w,
                arms,
                lambda labels: (
                    f"switch {on}, "
                    + ", ".join([f"{case} {label}" for case, label in zip(cases, labels, strict=False)] + [labels[-1]])
                ),
            )
            return ""

        def evaluate(e: Environment) -> None:
            on = value.evaluate(e)
            _run(arms[cases.index(on)] if on in cases else arms[-1], e)

        return Node(write, evaluate)

    def arms(self, w: Writer, arms: list[list[Node]], head: Callable[[list[str]], str]) -> None:
        """Writes arms that join again; what differs between them becomes arguments of the join."""
        labels = [w.label() for _ in arms]
        join = w.label()
        w.do(head(labels))
        before = dict(w.names)
        ends: list[tuple[int, dict[str, str]]] = []
        for label, arm in zip(labels, arms, strict=True):
            w.names = dict(before)
            w.start(label, [])
            for statement in arm:
                statement.write(w)
            ends.append((len(w.lines), dict(w.names)))
            w.lines.append("")
        changed = [n for n in before if any(names[n] != before[n] for _, names in ends)]
        for at, names in ends:
            given = ", ".join(names[n] for n in changed)
            w.lines[at] = f"  br {join}({given})" if changed else f"  br {join}"
        w.names = dict(before)
        w.start(join, [(n, self.types[n]) for n in changed])

    def loop(self, depth: int) -> Node:
        self.loops += 1
        times = self.choose.randint(0, 8)
        body = self.block(depth)
        self.loops -= 1

        def write(w: Writer) -> str:
            head, inside, after = w.label(), w.label(), w.label()
            variables = list(w.names)
            count = w.op(f"const {times} : i32")
            w.do(f"br {head}({', '.join([count, *(w.names[n] for n in variables)])})")
            counter = w.fresh()
            w.start(head, [(n, self.types[n]) for n in variables])
            w.lines[-1] = w.lines[-1].replace("(", f"({counter}: i32, ", 1)
            header = dict(w.names)
            zero = w.op("const 0 : i32")
            more = w.op(f"icmp ne {counter}, {zero}")
            w.do(f"cond_br {more}, {inside}, {after}")
            w.start(inside, [])
            for statement in body:
                statement.write(w)
            one = w.op("const 1 : i32")
            less = w.op(f"sub {counter}, {one}")
            w.do(f"br {head}({', '.join([less, *(w.names[n] for n in variables)])})")
            w.names = header
            w.start(after, [])
            return ""

        def evaluate(e: Environment) -> None:
            for _ in range(times):
                _run(body, e)

        return Node(write, evaluate)

    def digest(self) -> Node:
        """All variables and what is in memory mixed into one ``i64``, so that every computed value reaches the answer."""
        parts: list[Node] = []
        for name, type in self.types.items():
            parts.append(self._widened(name, type))
        if "array" in self.stands:
            parts += [self._array_part(at) for at in range(ARRAY)]
        if "pair" in self.stands:
            parts += [self._field_part(field) for field in ("narrow", "real", "wide")]

        def write(w: Writer) -> str:
            total = w.op("const 17 : i64")
            factor = w.op("const 1000003 : i64")
            for part in parts:
                total = w.op(f"xor {w.op(f'mul {total}, {factor}')}, {part.write(w)}")
            return total

        def evaluate(e: Environment) -> int:
            total = 17
            for part in parts:
                total = (total * 1000003) % (1 << 64) ^ part.evaluate(e)
            return total

        return Node(write, evaluate)

    def _widened(self, name: str, type: str) -> Node:
        if type in FLOATS:
            return Node(
                lambda w: w.op(f"fptosi {w.names[name]} : i64"), lambda e: scalars.to_integer(e[name], 64, is_signed=True)
            )
        if type == "i64":
            return Node(lambda w: w.names[name], lambda e: e[name])
        return Node(lambda w: w.op(f"zext {w.names[name]} : i64"), lambda e: e[name])

    def _array_part(self, at: int) -> Node:
        def write(w: Writer) -> str:
            index = w.op(f"const {at} : usize")
            place = w.op(f"elem %array, {index}")
            value = w.op(f"load {place}")
            return w.op(f"zext {value} : i64")

        return Node(write, lambda e: e["array"][at])

    def _field_part(self, field: str) -> Node:
        def write(w: Writer) -> str:
            value = w.op(f"load {w.op(f'field %pair, {field}')}")
            if field == "wide":
                return value
            return w.op(f"{'zext' if field == 'narrow' else 'fptosi'} {value} : i64")

        def evaluate(e: Environment) -> int:
            value = e["pair"][field]
            return scalars.to_integer(value, 64, is_signed=True) if field == "real" else int(value)

        return Node(write, evaluate)


def _run(statements: list[Node], e: Environment) -> None:
    for statement in statements:
        statement.evaluate(e)


def _spell(number: float) -> str:
    from altru_ir.text.spelling import spell_float

    return spell_float(number)
