"""A kernel in safe Rust, as one writes it: slices, ``for`` over ranges, a matrix as a slice of its rows one after the other.

    fn axpy(y: &mut [f64], a: f64, x: &[f64])

Invariant: no ``unsafe`` and no iterator adaptors that the kernel does not have: the indices are those of the kernel.
"""

from __future__ import annotations

import ast

from bench.kernels.braces import OPERATORS, Body
from bench.kernels.language import Kernel, KernelError, Sequence

TYPES = {"u8": "u8", "u32": "u32", "u64": "u64", "i32": "i32", "i64": "i64", "usize": "usize", "f64": "f64", "bool": "bool"}
MAIN = """fn main() {
    let n = std::env::args().nth(1).map_or(0, |text| text.parse().unwrap());
    println!("{}", run(n));
}
"""


def render(kernel: Kernel) -> str:
    """The program's text."""
    head = f"// {kernel.title}\n#![allow(warnings)]\n"
    return "\n".join([head, *(_Body(kernel, f).text() for f in kernel.functions), MAIN])


class _Body(Body):
    """One function."""

    def text(self) -> str:
        name = self.function.name
        given = []
        for parameter, type in self.kernel.parameters[name]:
            if isinstance(type, str):
                given.append(f"mut {parameter}: {TYPES[type]}")
                continue
            given.append(f"{parameter}: &{'mut ' if type.mutable else ''}[{TYPES[type.element]}]")
            if type.rank == 2:
                given += [f"{parameter}_rows: usize", f"{parameter}_cols: usize"]
        result = self.kernel.results[name]
        self.statements(self.function.body, 1)
        arrow = "" if result is None else f" -> {TYPES[result]}"
        return "\n".join([f"fn {name}({', '.join(given)}){arrow} {{", *self.lines, "}", ""])

    # -- statements ----

    def for_head(self, index: str, low: str, high: str, step: str | None, *, down: bool) -> str:
        span = f"({low}..{high})" if down or step else f"{low}..{high}"
        return f"for {index} in {span}{'.rev()' if down else ''}{f'.step_by({step})' if step else ''} {{"

    def while_head(self, test: ast.expr) -> str:
        return f"while {self.expression(test)} {{" if not isinstance(test, ast.Constant) else "loop {"

    def if_head(self, test: str) -> str:
        return f"if {test} {{"

    def leave(self, value: ast.expr | None, depth: int) -> None:
        self.put(depth, "return;" if value is None else f"return {self.expression(value)};")

    def require(self, test: str) -> str:
        return f"assert!({test});"

    def declare(self, name: str, value: ast.expr, depth: int) -> None:
        type = self.types[value]
        self.scopes[-1].add(name)
        if isinstance(type, str):
            self.put(depth, f"let mut {name}: {TYPES[type]} = {self.expression(value)};")
            return
        zero = "0.0" if type.element == "f64" else "0"
        if type.home == "local":
            self.put(depth, f"let mut {name} = [{zero}{TYPES[type.element]}; {type.count}];")
            return
        assert isinstance(value, ast.Call)
        lengths = [self.expression(each) for each in value.args[1:]]
        if type.rank == 2:
            self.put(depth, f"let ({name}_rows, {name}_cols) = ({lengths[0]}, {lengths[1]});")
            lengths = [f"{name}_rows * {name}_cols"]
        self.put(depth, f"let mut {name} = vec![{zero}{TYPES[type.element]}; {lengths[0]}];")

    # -- expressions ----

    def expression(self, node: ast.expr) -> str:
        type, e = self.types[node], self.expression
        match node:
            case ast.Constant(value=bool() as value):
                return str(value).lower()
            case ast.Constant(value=value):
                return f"{value}{TYPES[str(type)]}" if type not in ("usize", "f64") else str(value)
            case ast.Name(id=name):
                return name
            case ast.UnaryOp(op=operator, operand=operand):
                inner = f"({e(operand)})" if isinstance(operand, (ast.Compare, ast.BoolOp)) else e(operand)
                return f"{'!' if isinstance(operator, ast.Invert) else OPERATORS[operator.__class__]}{inner}"
            case ast.BinOp(left=left, op=operator, right=right):
                return f"({e(left)} {OPERATORS[operator.__class__]} {e(right)})"
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                first = e(left)
                return f"{f'({first})' if ' as ' in first else first} {OPERATORS[operator.__class__]} {e(right)}"
            case ast.BoolOp(op=operator, values=values):
                sign = OPERATORS[operator.__class__]
                return f" {sign} ".join(f"({e(each)})" if isinstance(each, ast.BoolOp) else e(each) for each in values)
            case ast.IfExp(test=test, body=left, orelse=right):
                return f"(if {e(test)} {{ {e(left)} }} else {{ {e(right)} }})"
            case ast.Subscript(value=base, slice=ast.Tuple(elts=[row, column])):
                name = e(base)
                return f"{name}[{e(row)} * {name}_cols + {e(column)}]"
            case ast.Subscript(value=base, slice=index):
                return f"{e(base)}[{e(index)}]"
            case ast.Call(func=ast.Name(id=name), args=args):
                return self.call(name, args)
        raise KernelError(f"{self.kernel.name}, line {node.lineno}: no expression")

    def call(self, name: str, args: list[ast.expr]) -> str:
        e = self.expression
        if name in ("rows", "cols"):
            return f"{e(args[0])}_{name}"
        if name == "len":
            return f"{e(args[0])}.len()"
        if name in ("min", "max"):
            return f"{e(args[0])}.{name}({e(args[1])})"
        if name == "sqrt":
            return f"{e(args[0])}.sqrt()"
        if name == "bits":
            return f"{e(args[0])}.to_bits()"
        if name in TYPES:
            return (
                f"({e(args[0])}) as {TYPES[name]}" if isinstance(args[0], ast.Compare) else f"({e(args[0])} as {TYPES[name]})"
            )
        given = []
        for each, (_, parameter) in zip(args, self.kernel.parameters[name], strict=True):
            if isinstance(parameter, str):
                given.append(e(each))
                continue
            mutable = "mut " if parameter.mutable else ""
            if isinstance(each, ast.Subscript) and isinstance(each.slice, ast.Slice):
                low, high = e(each.slice.lower), e(each.slice.upper)  # type: ignore[arg-type]
                given.append(f"&{mutable}{e(each.value)}[{low}..{high}]")
                continue
            held = self.types[each]
            assert isinstance(held, Sequence)
            base = e(each)
            given.append(f"&{mutable}{'*' if held.home == 'view' else ''}{base}")
            if parameter.rank == 2:
                given += [f"{base}_rows", f"{base}_cols"]
        return f"{name}({', '.join(given)})"
