"""The small language in which a kernel is written once, with Python's grammar, and its types.

A kernel file has a docstring (what it is, then ``name: value`` lines) and functions. The last one is ``run(n: usize) -> u64``:
it makes its data, runs, and gives a checksum. From one text come our IR, C and Rust, so that the three compute the same.

    def axpy(y: mut(f64[:]), a: f64, x: f64[:]):
        for i in range(len(y)):
            y[i] += a * x[i]

Types: ``usize u8 u32 u64 i32 i64 f64 bool``; as parameters ``f64[:]``, ``f64[:, :]`` and with ``mut(...)`` what may be written.
Inside of a function ``new(f64, n)`` and ``new(f64, n, m)`` are zeroed heap memory, ``array(i32, 16)`` a zeroed local array.
Statements: assignment (the first one in a scope declares), ``for .. in range(from, to, step)``, ``down(to, from)`` which
counts from ``to - 1`` to ``from``, ``while``, ``if``, ``break``, ``continue``, ``return``, calls, and ``require(condition)``,
which panics.
Expressions: numbers, the operators with the meaning of C (``//`` truncates), ``and or not``, ``a if c else b`` (both are
computed), ``len``, ``rows``, ``cols``, ``min``, ``max``, ``sqrt``, ``bits`` and a type's name as a cast. A part of a sequence,
``a[lo:hi]``, is an argument. Unsigned numbers wrap; a kernel lets no signed one overflow.

Invariant: each expression of a program that was read has a type, and no operator mixes two of them.
"""

from __future__ import annotations

import ast

import attrs

SIGNED = frozenset({"i32", "i64"})
INTEGERS = {"u8": 8, "u32": 32, "i32": 32, "u64": 64, "i64": 64, "usize": 64}
SCALARS = frozenset(INTEGERS) | {"f64", "bool"}


class KernelError(Exception):
    """A kernel that does not follow the language; the message names the line."""


@attrs.frozen
class Sequence:
    """The type of what has elements. ``home`` is ``view`` (a parameter), ``heap`` or ``local`` of ``count`` elements."""

    element: str
    rank: int
    mutable: bool
    home: str = "view"
    count: int = 0


Type = str | Sequence


@attrs.define
class Kernel:
    """A kernel that was read: its functions in order, and the type of each expression and of each variable by scope."""

    name: str
    title: str
    settings: dict[str, str]
    functions: list[ast.FunctionDef]
    types: dict[ast.expr, Type]
    parameters: dict[str, list[tuple[str, Type]]]
    results: dict[str, str | None]


def read(name: str, text: str) -> Kernel:
    """The kernel of a file. Raises ``KernelError`` and ``SyntaxError``."""
    tree = ast.parse(text)
    documentation = ast.get_docstring(tree) or ""
    title, _, rest = documentation.partition("\n")
    settings = dict(line.split(": ", 1) for line in rest.splitlines() if ": " in line)
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    kernel = Kernel(name, title, settings, functions, {}, {}, {})
    for function in functions:
        kernel.parameters[function.name] = [(a.arg, _type(a.annotation)) for a in function.args.args]
        result = None if function.returns is None else _type(function.returns)
        if isinstance(result, Sequence):
            raise KernelError(f"line {function.lineno}: a sequence is no result")
        kernel.results[function.name] = result
    for function in functions:
        _Typing(kernel, function).statements(function.body, dict(kernel.parameters[function.name]))
    return kernel


def _type(node: ast.expr | None) -> Type:
    mutable = isinstance(node, ast.Call)
    if isinstance(node, ast.Call):
        node = node.args[0]
    if isinstance(node, ast.Name) and node.id in SCALARS:
        return node.id
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in SCALARS:
        return Sequence(node.value.id, 2 if isinstance(node.slice, ast.Tuple) else 1, mutable)
    raise KernelError(f"line {getattr(node, 'lineno', 0)}: no type")


class _Typing:
    """Gives each expression of a function its type."""

    def __init__(self, kernel: Kernel, function: ast.FunctionDef) -> None:
        self.kernel = kernel
        self.types = kernel.types
        self.result = kernel.results[function.name]

    def statements(self, body: list[ast.stmt], scope: dict[str, Type]) -> None:
        """The statements of one scope; kernels nest a few levels, so this recursion is shallow."""
        for node in body:
            self.statement(node, scope)

    def statement(self, node: ast.stmt, scope: dict[str, Type]) -> None:
        match node:
            case ast.AnnAssign(target=ast.Name() as target, value=ast.expr() as value):
                scope[target.id] = self.types[target] = self.expression(value, scope, _scalar(_type(node.annotation)))
            case ast.Assign(targets=[ast.Name() as target], value=value) if target.id not in scope:
                scope[target.id] = self.types[target] = self.expression(value, scope, None)
            case ast.Assign(targets=[target], value=value) | ast.AugAssign(target=target, value=value):
                wanted = _scalar(self.expression(target, scope, None))
                self.same(node, self.expression(value, scope, wanted), wanted)
            case ast.For(target=ast.Name() as target, iter=ast.Call(args=args), body=inner):
                for each in args:
                    self.same(node, self.expression(each, scope, "usize"), "usize")
                self.types[target] = "usize"
                self.statements(inner, {**scope, target.id: "usize"})
            case ast.While(test=test, body=inner):
                self.same(node, self.expression(test, scope, "bool"), "bool")
                self.statements(inner, dict(scope))
            case ast.If(test=test, body=inner, orelse=other):
                self.same(node, self.expression(test, scope, "bool"), "bool")
                self.statements(inner, dict(scope))
                self.statements(other, dict(scope))
            case ast.Return(value=value):
                if value is not None:
                    self.same(node, self.expression(value, scope, self.result), self.result)
            case ast.Expr(value=ast.Call() as value):
                self.expression(value, scope, None)
            case ast.Break() | ast.Continue():
                pass
            case _:
                raise KernelError(f"line {node.lineno}: no statement of the language")

    def same(self, node: ast.AST, found: Type | None, wanted: Type | None) -> None:
        if found != wanted:
            raise KernelError(f"{self.kernel.name}, line {getattr(node, 'lineno', 0)}: {found} where {wanted} is meant")

    def expression(self, node: ast.expr, scope: dict[str, Type], wanted: str | None) -> Type:
        found = self.types[node] = self._expression(node, scope, wanted)
        return found

    def _expression(self, node: ast.expr, scope: dict[str, Type], wanted: str | None) -> Type:
        match node:
            case ast.Constant(value=bool()):
                return "bool"
            case ast.Constant(value=float()):
                return "f64"
            case ast.Constant(value=int()):
                return wanted if wanted in INTEGERS else "usize"
            case ast.Name(id=name):
                if name not in scope:
                    raise KernelError(f"{self.kernel.name}, line {node.lineno}: {name} is not declared")
                return scope[name]
            case ast.UnaryOp(operand=operand):
                return self.expression(operand, scope, wanted)
            case ast.BinOp(left=left, right=right):
                return self.both(node, left, right, scope, wanted)
            case ast.Compare(left=left, comparators=[right]):
                self.both(node, left, right, scope, None)
                return "bool"
            case ast.BoolOp(values=values):
                for each in values:
                    self.same(node, self.expression(each, scope, "bool"), "bool")
                return "bool"
            case ast.IfExp(test=test, body=left, orelse=right):
                self.same(node, self.expression(test, scope, "bool"), "bool")
                return self.both(node, left, right, scope, wanted)
            case ast.Subscript(value=ast.Name() as base, slice=ast.Slice(lower=ast.expr() as low, upper=ast.expr() as high)):
                sequence = self.expression(base, scope, None)
                self.expression(low, scope, "usize")
                self.expression(high, scope, "usize")
                return sequence
            case ast.Subscript(value=ast.Name() as base, slice=index):
                sequence = self.expression(base, scope, None)
                for each in index.elts if isinstance(index, ast.Tuple) else [index]:
                    self.same(node, self.expression(each, scope, "usize"), "usize")
                if not isinstance(sequence, Sequence):
                    raise KernelError(f"line {node.lineno}: {base.id} has no elements")
                return sequence.element
            case ast.Call(func=ast.Name(id=name), args=args):
                return self.call(node, name, args, scope, wanted)
        raise KernelError(f"{self.kernel.name}, line {node.lineno}: no expression of the language")

    def both(self, node: ast.expr, left: ast.expr, right: ast.expr, scope: dict[str, Type], wanted: str | None) -> Type:
        """The type of two operands; a number takes that of the other one."""
        if _is_number(left) and not _is_number(right):
            found = self.expression(right, scope, wanted)
            self.same(node, self.expression(left, scope, _scalar(found)), found)
        else:
            found = self.expression(left, scope, wanted)
            self.same(node, self.expression(right, scope, _scalar(found)), found)
        return found

    def call(self, node: ast.expr, name: str, args: list[ast.expr], scope: dict[str, Type], wanted: str | None) -> Type:
        if name in ("new", "array"):
            element = args[0].id if isinstance(args[0], ast.Name) else ""
            if name == "array":
                count = args[1].value if isinstance(args[1], ast.Constant) else None
                if not isinstance(count, int):
                    raise KernelError(f"line {node.lineno}: the length of a local array is a number")
                return Sequence(element, 1, True, "local", count)
            for each in args[1:]:
                self.expression(each, scope, "usize")
            return Sequence(element, len(args) - 1, True, "heap")
        if name in SCALARS:
            self.expression(args[0], scope, None)
            return name
        if name in ("len", "rows", "cols"):
            self.expression(args[0], scope, None)
            return "usize"
        if name in ("min", "max"):
            return self.both(node, args[0], args[1], scope, wanted)
        if name in ("sqrt", "bits"):
            self.same(node, self.expression(args[0], scope, "f64"), "f64")
            return "f64" if name == "sqrt" else "u64"
        if name == "require":
            self.expression(args[0], scope, "bool")
            return "bool"
        if name not in self.kernel.parameters:
            raise KernelError(f"{self.kernel.name}, line {node.lineno}: there is no {name}")
        for each, (parameter, type) in zip(args, self.kernel.parameters[name], strict=True):
            found = self.expression(each, scope, type if isinstance(type, str) else None)
            if isinstance(type, str):
                self.same(node, found, type)
            elif not isinstance(found, Sequence) or (found.element, found.rank) != (type.element, type.rank):
                raise KernelError(f"{self.kernel.name}, line {node.lineno}: {parameter} of {name} is another sequence")
        return self.kernel.results[name] or "bool"


def _scalar(type: Type | None) -> str | None:
    return type if isinstance(type, str) else None


def _is_number(node: ast.expr) -> bool:
    """Whether an expression consists of numbers only, so that it has no type of its own."""
    if isinstance(node, ast.UnaryOp):
        return _is_number(node.operand)
    return isinstance(node, ast.Constant) or (isinstance(node, ast.BinOp) and _is_number(node.left) and _is_number(node.right))
