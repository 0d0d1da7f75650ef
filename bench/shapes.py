"""Programs of a given size in six shapes, each written in our language and in MLIR's at once.

A shape is a function that writes a program of about so many operations. The MLIR text uses the ``func``, ``arith`` and
``cf`` dialects, which xDSL and mlir-opt both read; the two texts have the same operations, blocks, arguments and names.

Example: ``SHAPES["block"](3).ours`` ends with ``ret %x1``, ``.mlir`` with ``func.return %x1 : i64``.

Invariant: ``program.operations`` counts what stands in function bodies, and is at least the size that was asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

IN_MLIR = {
    "add": "arith.addi", "sub": "arith.subi", "mul": "arith.muli",
    "and": "arith.andi", "or": "arith.ori", "xor": "arith.xori",
}  # fmt: skip

NAMES = tuple(IN_MLIR)


class Program:
    """A program under construction. All values but conditions are ``i64``; each function takes ``%a`` and ``%b``."""

    def __init__(self, name: str) -> None:
        self._ours = ["altru 1", f"module @{name}"]
        self._mlir: list[str] = []
        self.operations = 0

    @property
    def ours(self) -> str:
        return "\n".join(self._ours) + "\n"

    @property
    def mlir(self) -> str:
        return "\n".join(self._mlir) + "\n"

    def begin(self, name: str) -> None:
        """The head of a function and its entry block."""
        self._ours.append(f"func @{name}(%a: i64, %b: i64) -> i64 {{\n^entry:")
        self._mlir.append(f"func.func @{name}(%a: i64, %b: i64) -> i64 {{")

    def end(self, value: str) -> None:
        """``ret`` and the closing brace."""
        self._operation(f"ret %{value}", f"func.return %{value} : i64")
        self._ours.append("}")
        self._mlir.append("}")

    def block(self, label: str, arguments: Sequence[str] = ()) -> None:
        taken = f"({', '.join(f'%{a}: i64' for a in arguments)})" if arguments else ""
        self._ours.append(f"^{label}{taken}:")
        self._mlir.append(f"^{label}{taken}:")

    def constant(self, result: str, value: int) -> None:
        self._operation(f"%{result} = const {value} : i64", f"%{result} = arith.constant {value} : i64")

    def binary(self, result: str, name: str, left: str, right: str) -> None:
        operands = f"%{left}, %{right}"
        self._operation(f"%{result} = {name} {operands}", f"%{result} = {IN_MLIR[name]} {operands} : i64")

    def less(self, result: str, left: str, right: str) -> None:
        operands = f"ult, %{left}, %{right}"
        self._operation(f"%{result} = icmp {operands.replace(',', '', 1)}", f"%{result} = arith.cmpi {operands} : i64")

    def branch(self, label: str, values: Sequence[str] = ()) -> None:
        self._operation(f"br {_edge(label, values)}", f"cf.br {_edge(label, values, 'i64')}")

    def choose(self, condition: str, then: str, otherwise: str, values: Sequence[str] = ()) -> None:
        """``cond_br`` that hands ``values`` to ``then``, and nothing to the other."""
        ours = f"cond_br %{condition}, {_edge(then, values)}, ^{otherwise}"
        self._operation(ours, f"cf.cond_br %{condition}, {_edge(then, values, 'i64')}, ^{otherwise}")

    def _operation(self, ours: str, mlir: str) -> None:
        self._ours.append("  " + ours)
        self._mlir.append("  " + mlir)
        self.operations += 1


def _edge(label: str, values: Sequence[str], type: str = "") -> str:
    """``^label(%x, %y)``, with ``type`` given ``^label(%x, %y : type, type)``."""
    if not values:
        return f"^{label}"
    types = " : " + ", ".join([type] * len(values)) if type else ""
    return f"^{label}({', '.join(f'%{v}' for v in values)}{types})"


def _diamonds(program: Program, name: str, count: int) -> None:
    """A function of ``count`` diamonds of three blocks with five operations each, and five operations around them."""
    program.begin(name)
    for index, each in enumerate(("add", "xor", "mul")):
        program.binary(f"e{index}", each, "a", "b")
    program.branch("head0", ["e2"])
    for k in range(count):
        program.block(f"head{k}", [f"p{k}"])
        program.binary(f"q{k}", "add", f"p{k}", "a")
        program.constant(f"c{k}", k)
        program.binary(f"r{k}", "xor", f"q{k}", f"c{k}")
        program.less(f"t{k}", f"r{k}", "b")
        program.choose(f"t{k}", f"left{k}", f"right{k}")
        for side, operations in (("left", ("sub", "mul", "or", "add")), ("right", ("add", "and", "sub", "xor"))):
            program.block(f"{side}{k}")
            before = f"r{k}"
            for index, each in enumerate(operations):
                made = f"{side[0]}{k}_{index}"
                program.binary(made, each, before, f"q{k}")
                before = made
            program.branch(f"head{k + 1}", [before])
    program.block(f"head{count}", ["p"])
    program.end("p")


def many(operations: int) -> Program:
    """Functions of 50 operations in 11 blocks."""
    program = Program("many")
    for number in range(-(-operations // 50)):
        _diamonds(program, f"f{number}", 3)
    return program


def huge(operations: int) -> Program:
    """One function with blocks of five operations."""
    program = Program("huge")
    _diamonds(program, "f", -(-(operations - 5) // 15))
    return program


def block(operations: int) -> Program:
    """One block."""
    program = Program("block")
    program.begin("f")
    before, last = "a", "b"
    for k in range(operations - 1):
        program.binary(f"x{k}", NAMES[k % len(NAMES)], last, before)
        before, last = last, f"x{k}"
    program.end(last)
    return program


def uses(operations: int) -> Program:
    """One value that every operation uses."""
    program = Program("uses")
    program.begin("f")
    last = "b"
    for k in range(operations - 1):
        program.binary(f"x{k}", NAMES[k % len(NAMES)], "a", last)
        last = f"x{k}"
    program.end(last)
    return program


def exits(operations: int) -> Program:
    """Blocks of five operations that all branch to one exit."""
    program = Program("exits")
    program.begin("f")
    last = "b"
    for k in range(operations // 5):
        program.binary(f"x{k}", "add", last, "a")
        program.constant(f"c{k}", k)
        program.binary(f"y{k}", "mul", f"x{k}", f"c{k}")
        program.less(f"t{k}", f"y{k}", "b")
        program.choose(f"t{k}", "exit", f"next{k}", [f"y{k}"])
        program.block(f"next{k}")
        last = f"y{k}"
    program.branch("exit", [last])
    program.block("exit", ["r"])
    program.end("r")
    return program


def nest(operations: int) -> Program:
    """Loops of ten operations, one inside the other."""
    program = Program("nest")
    program.begin("f")
    depth = operations // 10
    program.constant("one", 1)
    program.branch("head0", ["a"])
    for k in range(depth):
        program.block(f"head{k}", [f"i{k}"])
        program.binary(f"x{k}", "add", f"i{k}", "b")
        program.binary(f"y{k}", "xor", f"x{k}", "a")
        program.less(f"t{k}", f"i{k}", "b")
        program.choose(f"t{k}", f"enter{k}", f"leave{k}")
        program.block(f"enter{k}")
        program.binary(f"z{k}", "mul", f"y{k}", f"i{k}")
        program.branch(f"head{k + 1}", [f"z{k}"])
    program.block(f"head{depth}", [f"i{depth}"])
    program.branch(f"leave{depth}")
    for k in reversed(range(depth)):
        program.block(f"leave{k + 1}")
        program.binary(f"u{k}", "add", f"i{k}", "one")
        program.binary(f"v{k}", "sub", f"u{k}", f"x{k}")
        program.binary(f"w{k}", "or", f"v{k}", f"y{k}")
        program.branch(f"head{k}", [f"w{k}"])
    program.block("leave0")
    program.end("i0")
    return program


SHAPES: dict[str, Callable[[int], Program]] = {
    "many": many, "huge": huge, "block": block, "uses": uses, "exits": exits, "nest": nest,
}  # fmt: skip
"""By name."""
