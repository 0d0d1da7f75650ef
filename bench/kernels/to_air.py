"""A kernel in our IR, as a plain front-end would hand it over: no fact is stated that the source does not state.

Variables are locals, as of a front-end that leaves promotion to the compiler, or arguments of blocks; the kernel's setting
``variables`` says which. A parameter ``f64[:, :]`` is a ``ref<[? x ? x f64]>``; each access names its place anew:

    y[i] += x[i]        %p = deref %x
                        %q = elem %p, %i
                        %v = load %q ...

Invariant: each block has one terminator, and an argument for each variable that is assigned on one way to it and read behind.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from bench.kernels.language import SIGNED, Kernel, KernelError, Sequence, Type

TYPES = {"u8": "i8", "u32": "i32", "i32": "i32", "u64": "i64", "i64": "i64", "usize": "usize", "f64": "f64", "bool": "i1"}
WIDTHS = {"u8": 8, "u32": 32, "i32": 32, "u64": 64, "i64": 64, "usize": 64}
WHOLE = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.FloorDiv: "{}div", ast.Mod: "{}rem", ast.LShift: "shl",
    ast.BitAnd: "and", ast.BitOr: "or", ast.BitXor: "xor",
}  # fmt: skip
FLOAT = {ast.Add: "fadd", ast.Sub: "fsub", ast.Mult: "fmul", ast.Div: "fdiv"}
ORDER = {ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge"}

MAIN = """
global @format : [6 x i8] = "%llu\\n\\x00"
extern "C" func @atoi(%text: ptr<i8> borrowed) -> i32 unsafe
extern "C" func @printf(%format: ptr<i8> borrowed, ...) -> i32 unsafe
func @main(%argc: i32, %argv: ptr<ptr<i8>>) -> i32 {
^entry:
  %one = const 1 : usize
  %slot = ptr.add %argv, %one
  %place = deref %slot unsafe
  %text = load %place
  %number = call @atoi(%text) unsafe
  %n = sext %number : usize
  %sum = call @run(%n)
  %array = global.ref @format
  %slice = unsize %array : ref<'static, [? x i8]>
  %format = slice.ptr %slice
  %written = call @printf(%format, %sum) unsafe
  %ok = const 0 : i32
  ret %ok
}
"""


def render(kernel: Kernel) -> str:
    """The module as text, with an ``@main`` that takes ``n`` and prints the checksum."""
    parts = [f"altru 1\nmodule @{kernel.name.replace('-', '_')}\n// {kernel.title}\n"]
    parts += [_Body(kernel, function).text() for function in kernel.functions]
    return "\n".join(parts) + MAIN


def _spell(type: Type) -> str:
    if isinstance(type, str):
        return TYPES[type]
    shape = f"[{'? x ' * type.rank}{TYPES[type.element]}]"
    return f"ref<{'mut ' if type.mutable else ''}{shape}>"


def assigned(body: Iterable[ast.stmt]) -> set[str]:
    """The names that statements assign to, at any depth."""
    found = set()
    for statement in body:
        for node in ast.walk(statement):
            targets = (
                node.targets if isinstance(node, ast.Assign)
                else [node.target] if isinstance(node, (ast.AugAssign, ast.AnnAssign)) else []
            )  # fmt: skip
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


def leaves(body: list[ast.stmt], kind: type[ast.stmt]) -> bool:
    """Whether a ``break`` or a ``continue`` of this loop stands in its body, that of an inner loop aside."""
    waiting: list[ast.stmt] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, kind):
            return True
        if isinstance(node, ast.If):
            waiting += [*node.body, *node.orelse]
    return False


class _Loop:
    """Where ``break`` and ``continue`` go, and which variables travel there."""

    def __init__(self, names: list[str], on: str, out: str) -> None:
        self.names, self.on, self.out = names, on, out


class _Body:
    """One function. ``scope`` has the value of a variable, or its place where it is a local."""

    def __init__(self, kernel: Kernel, function: ast.FunctionDef) -> None:
        self.kernel = kernel
        self.types = kernel.types
        self.function = function
        self.in_locals = kernel.settings.get("variables") == "locals"
        self.lines: list[str] = []
        self.used: dict[str, int] = {}
        self.scope: dict[str, str] = {}
        self.places: dict[str, Type] = {}
        self.loops: list[_Loop] = []
        self.open = True

    def text(self) -> str:
        name = self.function.name
        parameters = self.kernel.parameters[name]
        for parameter, type in parameters:
            self.scope[parameter] = "%" + self.fresh(parameter)
            self.places[parameter] = type
        result = self.kernel.results[name]
        self.lines.append("^entry:")
        changed = assigned(self.function.body)
        for parameter, type in parameters:
            if self.in_locals and parameter in changed:
                self.declare(parameter, self.scope[parameter], type)
        self.statements(self.function.body)
        if self.open:
            self.end("ret")
        visible = "" if name == "run" else "private "
        head = ", ".join(f"%{parameter}: {_spell(type)}" for parameter, type in parameters)
        arrow = "" if result is None else f" -> {TYPES[result]}"
        return "\n".join([f"{visible}func @{name}({head}){arrow} {{", *self.lines, "}", ""])

    # -- pieces ----

    def fresh(self, base: str) -> str:
        count = self.used[base] = self.used.get(base, 0) + 1
        return base if count == 1 else f"{base}_{count}"

    def op(self, text: str, base: str = "v") -> str:
        name = "%" + self.fresh(base)
        self.lines.append(f"  {name} = {text}")
        return name

    def do(self, text: str) -> None:
        self.lines.append(f"  {text}")

    def end(self, text: str) -> None:
        self.do(text)
        self.open = False

    def start(self, label: str, arguments: str = "") -> None:
        self.lines.append(f"^{label}{arguments}:")
        self.open = True

    def constant(self, value: object, type: str) -> str:
        return self.op(f"const {str(value).lower() if isinstance(value, bool) else value} : {TYPES[type]}", "c")

    def declare(self, name: str, value: str, type: Type) -> None:
        self.places[name] = type
        if self.in_locals and isinstance(type, str):
            self.scope[name] = self.op(f"local : {TYPES[type]}", name)
            self.do(f"init {self.scope[name]}, {value}")
        else:
            self.scope[name] = value

    def scalar(self, node: ast.expr) -> str:
        type = self.types[node]
        if not isinstance(type, str):
            raise KernelError(f"{self.kernel.name}: a sequence where a number is meant")
        return type

    # -- jumps ----

    def jump(self, label: str, names: list[str]) -> str:
        return f"^{label}" + (f"({', '.join(self.scope[name] for name in names)})" if names else "")

    def arrive(self, label: str, names: list[str], more: str = "") -> None:
        """Begins a block with an argument for each variable."""
        given = [more] if more else []
        for name in names:
            type = self.places[name]
            value = "%" + self.fresh(name)
            given.append(f"{value}: {_spell(type)}")
            self.scope[name] = value
        self.start(label, f"({', '.join(given)})" if given else "")

    def travelling(self, body: Iterable[ast.stmt]) -> list[str]:
        """The variables of the scope that a piece of the program assigns, where they are values."""
        return [] if self.in_locals else sorted(assigned(body) & set(self.scope))

    # -- statements ----

    def statements(self, body: list[ast.stmt]) -> None:
        for node in body:
            if self.open:
                self.statement(node)

    def scoped(self, body: list[ast.stmt]) -> None:
        """A block of the source: what it declares is gone behind it, what it assigns is not."""
        before = set(self.scope)
        self.statements(body)
        for name in set(self.scope) - before:
            del self.scope[name], self.places[name]

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                self.declare(name, self.value(value), self.types[value])
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name not in self.scope:
                self.declare(name, self.value(value), self.types[value])
            case ast.Assign(targets=[target], value=value):
                self.store(target, self.value(value))
            case ast.AugAssign(target=target, op=operator, value=value):
                left = self.value(target)
                self.store(target, self.binary(operator, left, self.value(value), self.scalar(target)))
            case ast.For(target=ast.Name(id=name), iter=ast.Call(func=ast.Name(id=kind), args=args), body=body):
                self.counting(name, kind, args, body)
            case ast.While(test=test, body=body):
                self.loop(test, body)
            case ast.If(test=test, body=body, orelse=other):
                self.branch(test, body, other)
            case ast.Return(value=value):
                self.end("ret" if value is None else f"ret {self.value(value)}")
            case ast.Expr(value=ast.Call(func=ast.Name(id="require"), args=[test])):
                good, bad = self.fresh("shape"), self.fresh("wrong")
                self.condition(test, f"^{good}", f"^{bad}")
                self.start(bad)
                self.end('panic "the shapes differ"')
                self.start(good)
            case ast.Expr(value=value):
                self.value(value)
            case ast.Break():
                self.end("br " + self.jump(self.loops[-1].out, self.loops[-1].names))
            case ast.Continue():
                self.end("br " + self.jump(self.loops[-1].on, self.loops[-1].names))

    def store(self, target: ast.expr, value: str) -> None:
        if isinstance(target, ast.Name) and not self.in_locals:
            self.scope[target.id] = value
        else:
            self.do(f"assign {self.place(target)}, {value}")

    def counting(self, name: str, kind: str, args: list[ast.expr], body: list[ast.stmt]) -> None:
        """``for``: upward the test comes first; downward the step comes first, as in ``for (i = to; i-- > from;)``."""
        low = self.value(args[0]) if kind == "range" and len(args) > 1 else None
        if kind == "down":
            first, last = self.value(args[0]), self.value(args[1])
        else:
            last = self.value(args[1] if low else args[0])
            first = low or self.constant(0, "usize")
        step = self.value(args[2]) if len(args) > 2 else None
        head, into, on, out = (self.fresh(label) for label in ("head", "body", "next", "done"))
        names = self.travelling(body)
        if self.in_locals:
            self.declare(name, first, "usize")
            counter = self.scope[name]
            self.end(f"br ^{head}")
            self.start(head)
        else:
            counter = "%" + self.fresh(name)
            given = [first, *(self.scope[each] for each in names)]
            self.end(f"br ^{head}({', '.join(given)})")
            self.arrive(head, names, f"{counter}: usize")
        at_head = dict(self.scope)
        now = self.op(f"load {counter}") if self.in_locals else counter
        test = self.op(f"icmp {'ugt' if kind == 'down' else 'ult'} {now}, {last}")
        escape = names if leaves(body, ast.Break) else []
        self.end(f"cond_br {test}, ^{into}, {self.jump(out, escape)}")
        self.start(into)
        if kind == "down":
            one = self.constant(1, "usize")
            now = self.op(f"sub {now}, {one}", name)
            if self.in_locals:
                self.do(f"assign {counter}, {now}")
        if not self.in_locals:
            self.scope[name] = now
            self.places[name] = "usize"
        self.loops.append(_Loop(names, on, out))
        self.scoped(body)
        self.loops.pop()
        if leaves(body, ast.Continue):
            if self.open:
                self.end("br " + self.jump(on, names))
            self.arrive(on, names)
        if self.open:
            following = self.op(f"load {counter}") if self.in_locals else now
            if kind == "range":
                following = self.op(f"add {following}, {step or self.constant(1, 'usize')}")
                if self.in_locals:
                    self.do(f"assign {counter}, {following}")
            given = [] if self.in_locals else [following, *(self.scope[each] for each in names)]
            self.end(f"br ^{head}" + (f"({', '.join(given)})" if given else ""))
        self.scope = {each: value for each, value in at_head.items() if each != name}
        self.places = {each: type for each, type in self.places.items() if each in self.scope}
        self.arrive(out, escape)

    def loop(self, test: ast.expr, body: list[ast.stmt]) -> None:
        names = self.travelling(body)
        head, into, out = (self.fresh(label) for label in ("head", "body", "done"))
        self.end("br " + self.jump(head, names))
        self.arrive(head, names)
        at_head = dict(self.scope)
        endless = isinstance(test, ast.Constant)
        escape = names if leaves(body, ast.Break) else []
        if endless:
            self.end(f"br ^{into}")
        else:
            self.condition(test, f"^{into}", self.jump(out, escape))
        self.start(into)
        self.loops.append(_Loop(names, head, out))
        self.scoped(body)
        self.loops.pop()
        if self.open:
            self.end("br " + self.jump(head, names))
        self.scope = at_head
        if not endless or leaves(body, ast.Break):
            self.arrive(out, escape)

    def branch(self, test: ast.expr, body: list[ast.stmt], other: list[ast.stmt]) -> None:
        names = self.travelling([*body, *other])
        yes, no, join = self.fresh("then"), self.fresh("else") if other else "", self.fresh("after")
        self.condition(test, f"^{yes}", f"^{no}" if other else self.jump(join, names))
        before = dict(self.scope)
        self.start(yes)
        self.scoped(body)
        reached = not other
        if self.open:
            self.end("br " + self.jump(join, names))
            reached = True
        self.scope = dict(before)
        if other:
            self.start(no)
            self.scoped(other)
            if self.open:
                self.end("br " + self.jump(join, names))
                reached = True
            self.scope = dict(before)
        if reached:
            self.arrive(join, names)

    def condition(self, test: ast.expr, yes: str, no: str) -> None:
        """Branches on a condition; the right side of ``and`` and ``or`` is a block of its own."""
        match test:
            case ast.BoolOp(op=operator, values=values):
                for each in values[:-1]:
                    more = self.fresh("also")
                    both = isinstance(operator, ast.And)
                    self.condition(each, f"^{more}" if both else yes, no if both else f"^{more}")
                    self.start(more)
                self.condition(values[-1], yes, no)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                self.condition(operand, no, yes)
            case _:
                self.end(f"cond_br {self.value(test)}, {yes}, {no}")

    # -- expressions ----

    def value(self, node: ast.expr) -> str:
        type = self.types[node]
        match node:
            case ast.Constant(value=value):
                return self.constant(value, self.scalar(node))
            case ast.Name(id=name):
                held = self.scope[name]
                return self.op(f"load {held}") if self.in_locals and self.is_local(name) else held
            case ast.UnaryOp(op=operator, operand=operand):
                return self.unary(operator, operand, self.scalar(node))
            case ast.BinOp(left=left, op=operator, right=right):
                first = self.value(left)
                return self.binary(operator, first, self.value(right), self.scalar(node))
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                first = self.value(left)
                return self.compare(operator, first, self.value(right), self.scalar(left))
            case ast.IfExp(test=test, body=left, orelse=right):
                chosen, first = self.value(test), self.value(left)
                return self.op(f"select {chosen}, {first}, {self.value(right)}")
            case ast.Subscript():
                return self.op(f"load {self.place(node)}")
            case ast.Call(func=ast.Name(id=name), args=args):
                return self.call(name, args, type)
        raise KernelError(f"{self.kernel.name}, line {node.lineno}: no value")

    def is_local(self, name: str) -> bool:
        if not isinstance(self.places[name], str):
            return False
        parameters = [parameter for parameter, _ in self.kernel.parameters[self.function.name]]
        return name not in parameters or name in assigned(self.function.body)

    def unary(self, operator: ast.unaryop, operand: ast.expr, type: str) -> str:
        if isinstance(operand, ast.Constant) and isinstance(operator, ast.USub):
            return self.constant(-operand.value, type)  # type: ignore[operator]
        value = self.value(operand)
        if isinstance(operator, ast.Not):
            return self.op(f"xor {value}, {self.constant(True, 'bool')}")
        if isinstance(operator, ast.Invert):
            return self.op(f"xor {value}, {self.constant(-1, type)}")
        return self.op(f"fneg {value}") if type == "f64" else self.op(f"sub {self.constant(0, type)}, {value}")

    def binary(self, operator: ast.operator, left: str, right: str, type: str) -> str:
        if type == "f64":
            return self.op(f"{FLOAT[operator.__class__]} {left}, {right}")
        if isinstance(operator, ast.RShift):
            return self.op(f"{'ashr' if type in SIGNED else 'lshr'} {left}, {right}")
        return self.op(f"{WHOLE[operator.__class__].format('s' if type in SIGNED else 'u')} {left}, {right}")

    def compare(self, operator: ast.cmpop, left: str, right: str, type: str) -> str:
        order = ORDER.get(operator.__class__)
        if type == "f64":
            predicate = f"o{order}" if order else "oeq" if isinstance(operator, ast.Eq) else "une"
            return self.op(f"fcmp {predicate} {left}, {right}")
        sign = "s" if type in SIGNED else "u"
        predicate = sign + order if order else "eq" if isinstance(operator, ast.Eq) else "ne"
        return self.op(f"icmp {predicate} {left}, {right}")

    def sequence(self, node: ast.expr) -> tuple[str, Sequence]:
        """The place of a sequence."""
        type = self.types[node]
        if not isinstance(node, ast.Name) or not isinstance(type, Sequence):
            raise KernelError(f"{self.kernel.name}: no sequence")
        held = self.scope[node.id]
        return (held if type.home == "local" else self.op(f"deref {held}", "p")), type

    def place(self, node: ast.expr) -> str:
        match node:
            case ast.Name(id=name):
                return self.scope[name]
            case ast.Subscript(value=base, slice=index):
                indices = [self.value(each) for each in (index.elts if isinstance(index, ast.Tuple) else [index])]
                at, _ = self.sequence(base)
                return self.op(f"elem {at}, {', '.join(indices)}", "q")
        raise KernelError(f"{self.kernel.name}: no place")

    def argument(self, node: ast.expr, wanted: Sequence) -> str:
        """A sequence, or a part of one, lent to a callee."""
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
            low, high = self.value(node.slice.lower), self.value(node.slice.upper)  # type: ignore[arg-type]
            at, _ = self.sequence(node.value)
            at, whole = self.op(f"subrange {at}, {low}, {high}", "p"), False
        else:
            at, type = self.sequence(node)
            whole = type.home == "local"
        lent = self.op(f"borrow {'mut ' if wanted.mutable else ''}{at}", "r")
        return self.op(f"unsize {lent} : {_spell(wanted)}", "r") if whole else lent

    def call(self, name: str, args: list[ast.expr], type: Type) -> str:
        if name == "array" and isinstance(type, Sequence):
            held = f"[{type.count} x {TYPES[type.element]}]"
            zero = "0.0" if type.element == "f64" else "0"
            place = self.op(f"local : {held}", "a")
            filled = self.op(f"const [{', '.join([zero] * type.count)}] : {held}", "c")
            self.do(f"init {place}, {filled}")
            return place
        if name == "new" and isinstance(type, Sequence):
            lengths = [self.value(each) for each in args[1:]]
            zero = self.constant(0.0 if type.element == "f64" else 0, type.element)
            return self.op(f"new.array {', '.join([*lengths, zero])} : own<{_spell(type).partition('<mut ')[2]}", "o")
        if name in ("len", "rows", "cols"):
            at, held = self.sequence(args[0])
            return self.constant(held.count, "usize") if held.home == "local" else self.op(f"dim {at}, {int(name == 'cols')}")
        if name in ("min", "max"):
            first, second = self.value(args[0]), self.value(args[1])
            kind = "f" if type == "f64" else "s" if type in SIGNED else "u"
            return self.op(f"{kind}{name} {first}, {second}")
        if name == "sqrt":
            return self.op(f"fsqrt {self.value(args[0])}")
        if name == "bits":
            return self.op(f"bitcast {self.value(args[0])} : i64")
        if name in TYPES:
            return self.cast(args[0], name)
        given = []
        for each, (_, parameter) in zip(args, self.kernel.parameters[name], strict=True):
            given.append(self.argument(each, parameter) if isinstance(parameter, Sequence) else self.value(each))
        text = f"call @{name}({', '.join(given)})"
        if self.kernel.results[name] is None:
            self.do(text)
            return ""
        return self.op(text)

    def cast(self, node: ast.expr, to: str) -> str:
        source, value = self.scalar(node), self.value(node)
        if TYPES[source] == TYPES[to]:
            return value
        if "f64" in (source, to):
            whole = to if source == "f64" else source
            sign = "s" if whole in SIGNED else "u"
            return self.op(f"{f'fpto{sign}i' if source == 'f64' else f'{sign}itofp'} {value} : {TYPES[to]}")
        if source == "bool":
            return self.op(f"zext {value} : {TYPES[to]}")
        if WIDTHS[source] == WIDTHS[to]:
            return self.op(f"bitcast {value} : {TYPES[to]}")
        kind = "trunc" if WIDTHS[source] > WIDTHS[to] else "sext" if source in SIGNED else "zext"
        return self.op(f"{kind} {value} : {TYPES[to]}")
