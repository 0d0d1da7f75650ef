"""A kernel in C, as one writes it who wants it fast: ``restrict``, rows as arrays, ``size_t`` to count, no checks.

    void axpy(size_t y_len, double *restrict y, double a, size_t x_len, const double *restrict x)

Invariant: each expression is computed in the type that the kernel gives it; what C widens is cut back.
"""

from __future__ import annotations

import ast

from bench.kernels.braces import OPERATORS, Body
from bench.kernels.language import Kernel, KernelError, Sequence, Type

TYPES = {
    "u8": "uint8_t", "u32": "uint32_t", "u64": "uint64_t", "i32": "int32_t", "i64": "int64_t", "usize": "size_t",
    "f64": "double", "bool": "bool",
}  # fmt: skip
HEAD = """#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline uint64_t bits_of(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}
"""
MAIN = """int main(int argc, char **argv) {
    printf("%llu\\n", (unsigned long long)run(argc > 1 ? (size_t)atoi(argv[1]) : 0));
    return 0;
}
"""


def render(kernel: Kernel) -> str:
    """The program's text."""
    return "\n".join([f"// {kernel.title}", HEAD, *(_Body(kernel, f).text() for f in kernel.functions), MAIN])


class _Body(Body):
    """One function."""

    def __init__(self, kernel: Kernel, function: ast.FunctionDef) -> None:
        super().__init__(kernel, function)
        self.heap: list[str] = []

    def text(self) -> str:
        name = self.function.name
        given = []
        for parameter, type in self.kernel.parameters[name]:
            given += [f"{TYPES[type]} {parameter}"] if isinstance(type, str) else _sequence(parameter, type)
        result = self.kernel.results[name]
        self.statements(self.function.body, 1)
        if not isinstance(self.function.body[-1], ast.Return):
            self.release(1)
        head = f"static {'void' if result is None else TYPES[result]} {name}({', '.join(given) or 'void'}) {{"
        return "\n".join([head, *self.lines, "}", ""])

    def release(self, depth: int) -> None:
        for name in reversed(self.heap):
            self.put(depth, f"free({name});")

    # -- statements ----

    def for_head(self, index: str, low: str, high: str, step: str | None, *, down: bool) -> str:
        if down:
            return f"for (size_t {index} = {high}; {index}-- > {low};) {{"
        return f"for (size_t {index} = {low}; {index} < {high}; {f'{index} += {step}' if step else f'{index}++'}) {{"

    def while_head(self, test: ast.expr) -> str:
        return f"while ({self.expression(test)}) {{"

    def if_head(self, test: str) -> str:
        return f"if ({test}) {{"

    def leave(self, value: ast.expr | None, depth: int) -> None:
        if value is not None and self.heap:
            self.put(depth, f"{TYPES[str(self.types[value])]} result = {self.expression(value)};")
            self.release(depth)
            self.put(depth, "return result;")
            return
        self.release(depth)
        self.put(depth, "return;" if value is None else f"return {self.expression(value)};")

    def require(self, test: str) -> str:
        return f"if (!({test})) abort();"

    def declare(self, name: str, value: ast.expr, depth: int) -> None:
        type = self.types[value]
        self.scopes[-1].add(name)
        if isinstance(type, str):
            self.put(depth, f"{TYPES[type]} {name} = {self.expression(value)};")
            return
        element = TYPES[type.element]
        if type.home == "local":
            self.put(depth, f"{element} {name}[{type.count}] = {{0}};")
            return
        assert isinstance(value, ast.Call)
        lengths = [self.expression(each) for each in value.args[1:]]
        self.heap.append(name)
        if type.rank == 1:
            self.put(depth, f"size_t {name}_len = {lengths[0]};")
            self.put(depth, f"{element} *{name} = calloc({name}_len, sizeof *{name});")
        else:
            self.put(depth, f"size_t {name}_rows = {lengths[0]}, {name}_cols = {lengths[1]};")
            self.put(depth, f"{element} (*{name})[{name}_cols] = calloc({name}_rows, sizeof *{name});")

    # -- expressions ----

    def expression(self, node: ast.expr) -> str:
        type, e = self.types[node], self.expression
        match node:
            case ast.Constant(value=value):
                return str(value).lower() + {"u64": "u", "u32": "u"}.get(str(type), "")
            case ast.Name(id=name):
                return name
            case ast.UnaryOp(op=ast.Invert(), operand=operand):
                return self.cut(f"~{e(operand)}", type)
            case ast.UnaryOp(op=operator, operand=operand):
                return self.cut(f"{OPERATORS[operator.__class__]}{e(operand)}", type)
            case ast.BinOp(left=left, op=operator, right=right):
                return self.cut(f"({e(left)} {OPERATORS[operator.__class__]} {e(right)})", type)
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                return f"{e(left)} {OPERATORS[operator.__class__]} {e(right)}"
            case ast.BoolOp(op=operator, values=values):
                sign = OPERATORS[operator.__class__]
                return f" {sign} ".join(f"({e(each)})" if isinstance(each, ast.BoolOp) else e(each) for each in values)
            case ast.IfExp(test=test, body=left, orelse=right):
                return f"({e(test)} ? {e(left)} : {e(right)})"
            case ast.Subscript(value=base, slice=index):
                indices = index.elts if isinstance(index, ast.Tuple) else [index]
                return e(base) + "".join(f"[{e(each)}]" for each in indices)
            case ast.Call(func=ast.Name(id=name), args=args):
                return self.call(name, args)
        raise KernelError(f"{self.kernel.name}, line {node.lineno}: no expression")

    def cut(self, text: str, type: Type) -> str:
        return f"(uint8_t){text}" if type == "u8" else text

    def call(self, name: str, args: list[ast.expr]) -> str:
        e = self.expression
        if name in ("len", "rows", "cols"):
            held = self.types[args[0]]
            assert isinstance(held, Sequence)
            return str(held.count) if held.home == "local" else f"{e(args[0])}_{name}"
        if name in ("min", "max"):
            first, second = e(args[0]), e(args[1])
            if self.types[args[0]] == "f64":
                return f"f{name}({first}, {second})"
            return f"({first} {'<' if name == 'min' else '>'} {second} ? {first} : {second})"
        if name in ("sqrt", "bits"):
            return f"{'sqrt' if name == 'sqrt' else 'bits_of'}({e(args[0])})"
        if name in TYPES:
            return f"({TYPES[name]}){e(args[0])}" if not isinstance(args[0], ast.Compare) else f"({TYPES[name]})({e(args[0])})"
        given = []
        for each, (_, parameter) in zip(args, self.kernel.parameters[name], strict=True):
            if isinstance(parameter, str):
                given.append(e(each))
            elif isinstance(each, ast.Subscript) and isinstance(each.slice, ast.Slice):
                low, high = e(each.slice.lower), e(each.slice.upper)  # type: ignore[arg-type]
                given += [f"{high} - {low}", f"{e(each.value)} + {low}"]
            else:
                held = self.types[each]
                assert isinstance(held, Sequence)
                base = e(each)
                lengths = [f"{base}_rows", f"{base}_cols"] if parameter.rank == 2 else [f"{base}_len"]
                given += [*([str(held.count)] if held.home == "local" else lengths), base]
        return f"{name}({', '.join(given)})"


def _sequence(name: str, type: Sequence) -> list[str]:
    element = TYPES[type.element]
    if type.rank == 2:
        return [f"size_t {name}_rows", f"size_t {name}_cols", f"{element} {name}[restrict {name}_rows][{name}_cols]"]
    return [f"size_t {name}_len", f"{'' if type.mutable else 'const '}{element} *restrict {name}"]
