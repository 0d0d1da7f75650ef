"""The statements of a kernel in a language with braces: what C and Rust say alike. Expressions, and
the words around them, are theirs.

Example: for ``if a < b: ...`` this writes ``if_head("a < b")``, the indented lines of the body, and ``}``.

Invariant: ``scopes`` names what is declared at the statement that is being written, innermost last.
"""

from __future__ import annotations

import ast

from bench.kernels.language import Kernel

OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "/", ast.Mod: "%", ast.LShift: "<<",
    ast.RShift: ">>", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<",
    ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.And: "&&", ast.Or: "||", ast.USub: "-", ast.Not: "!",
}  # fmt: skip


class Body:
    """One function; ``lines`` are its statements."""

    def __init__(self, kernel: Kernel, function: ast.FunctionDef) -> None:
        self.kernel, self.function, self.types = kernel, function, kernel.types
        self.lines: list[str] = []
        self.scopes: list[set[str]] = [{name for name, _ in kernel.parameters[function.name]}]

    # -- what the languages say in their own ways ----

    def expression(self, node: ast.expr) -> str:
        """An expression."""
        raise NotImplementedError

    def declare(self, name: str, value: ast.expr, depth: int) -> None:
        """A new variable."""
        raise NotImplementedError

    def for_head(self, index: str, low: str, high: str, step: str | None, *, down: bool) -> str:
        """The line of a loop over ``low`` to ``high``, the latter left out; ``down`` begins with the last."""
        raise NotImplementedError

    def while_head(self, test: ast.expr) -> str:
        """The line of a loop while ``test`` holds."""
        raise NotImplementedError

    def if_head(self, test: str) -> str:
        """The line of a condition."""
        raise NotImplementedError

    def leave(self, value: ast.expr | None, depth: int) -> None:
        """A return."""
        raise NotImplementedError

    def require(self, test: str) -> str:
        """The end of the program unless ``test`` holds."""
        raise NotImplementedError

    # -- statements ----

    def put(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def statements(self, body: list[ast.stmt], depth: int) -> None:
        self.scopes.append(set())
        for node in body:
            self.statement(node, depth)
        self.scopes.pop()

    def statement(self, node: ast.stmt, depth: int) -> None:
        e = self.expression
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                self.declare(name, value, depth)
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if not any(name in scope for scope in self.scopes):
                self.declare(name, value, depth)
            case ast.Assign(targets=[target], value=value):
                self.put(depth, f"{e(target)} = {e(value)};")
            case ast.AugAssign(target=target, op=operator, value=value):
                self.put(depth, f"{e(target)} {OPERATORS[operator.__class__]}= {e(value)};")
            case ast.For(target=ast.Name(id=index), iter=ast.Call(func=ast.Name(id=kind), args=args), body=body):
                given = [e(each) for each in args]
                low, high = (given[0], given[1]) if len(given) > 1 else ("0", given[0])
                if kind == "down":
                    low, high = high, low
                step = given[2] if len(given) > 2 else None
                self.put(depth, self.for_head(index, low, high, step, down=kind == "down"))
                self.scopes.append({index})
                self.statements(body, depth + 1)
                self.scopes.pop()
                self.put(depth, "}")
            case ast.While(test=test, body=body):
                self.put(depth, self.while_head(test))
                self.statements(body, depth + 1)
                self.put(depth, "}")
            case ast.If(test=test, body=body, orelse=other):
                self.put(depth, self.if_head(e(test)))
                self.statements(body, depth + 1)
                if other:
                    self.put(depth, "} else {")
                    self.statements(other, depth + 1)
                self.put(depth, "}")
            case ast.Return(value=value):
                self.leave(value, depth)
            case ast.Expr(value=ast.Call(func=ast.Name(id="require"), args=[test])):
                self.put(depth, self.require(e(test)))
            case ast.Expr(value=value):
                self.put(depth, f"{e(value)};")
            case ast.Break() | ast.Continue():
                self.put(depth, "break;" if isinstance(node, ast.Break) else "continue;")
