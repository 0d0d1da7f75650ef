"""Random statements and whole functions: assignments, stores, calls, branches, switches and bounded loops.

    Statements(random.Random(7), []).function("f", size=12)

Invariant: a function ends: a loop counts down from at most eight, and calls go to functions made before.
"""

from __future__ import annotations

from collections.abc import Callable

from altru_ir.testing.generator.digest import digest
from altru_ir.testing.generator.expressions import Expressions
from altru_ir.testing.generator.trees import FLOATS, INTEGERS, Environment, FunctionTree, Node, Writer

SMALL = 4
"""Up to this size a program has one function or two, of a few types each, and behind it two to four of all types."""


class Statements(Expressions):
    """Makes one function."""

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
        return FunctionTree(name, parameters, dict(self.types), body, digest(self.types, self.stands), list(self.stands))

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


def _run(statements: list[Node], e: Environment) -> None:
    for statement in statements:
        statement.evaluate(e)
