"""What a generated function consists of: nodes that can be written as IR and evaluated, and the writer of its text.

    double = Node(lambda w: w.op(f"add {x.write(w)}, {x.write(w)}"), lambda e: scalars.integer("add", 64, e["x"], e["x"]))

Invariant: ``write`` and ``evaluate`` share the node and nothing else, so what a compiler makes of the text can be compared with
what the node says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import attrs

INTEGERS = {"i8": 8, "i16": 16, "i32": 32, "i64": 64, "usize": 64}
FLOATS = {"f32": 32, "f64": 64}
ARRAY = 5

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
