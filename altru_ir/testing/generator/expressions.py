"""Random expressions of a type, over the variables and the memory of a function.

    Expressions(random.Random(7), []).expression("i32", depth=3)

Invariant: no expression panics: divisors are from 1 to 7, indices are taken modulo the length.
"""

from __future__ import annotations

import random

from altru_ir import scalars
from altru_ir.testing.generator.trees import ARRAY, FLOATS, INTEGERS, Environment, FunctionTree, Node, Scalar, Writer

PURE_BINARY = (
    "add", "sub", "mul", "and", "or", "xor", "shl", "lshr", "ashr", "rotl", "rotr", "smin", "smax", "umin", "umax",
)  # fmt: skip
UNARY = ("clz", "ctz", "popcount", "bswap")
FLOAT_BINARY = ("fadd", "fsub", "fmul", "fdiv", "fmin", "fmax", "copysign")
FLOAT_UNARY = ("fneg", "fabs", "fsqrt", "ffloor", "fceil", "ftrunc", "fround")
PREDICATES = ("eq", "ne", "ult", "ule", "ugt", "uge", "slt", "sle", "sgt", "sge")
FLOAT_PREDICATES = ("oeq", "one", "olt", "ole", "ogt", "oge", "ord", "ueq", "une", "ult", "ule", "ugt", "uge", "uno")


class Expressions:
    """Makes the expressions of one function, which may call ``callees``."""

    def __init__(self, choose: random.Random, callees: list[FunctionTree]) -> None:
        self.choose = choose
        self.callees = callees
        self.types: dict[str, str] = {}
        self.stands: dict[str, None] = {}  # what is in memory
        self.loops = 0
        self.depth = 3  # of expressions, at most

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


def _spell(number: float) -> str:
    from altru_ir.text.spelling import spell_float

    return spell_float(number)
