"""The toy language, compiled: from the tree of ``syntax`` to IR, through the public API.

    module = translate(air.Source("a.toy", "fn main() { print(6 * 7); }"))

Each variable is a ``local`` of the IR, so that it can be borrowed and moved out of; passes make registers of them. An array is
an ``own<[? x T]>`` and a string an ``own<[? x i8]>``: they move, and what uses one after it was moved, the library says, at the
place in the toy's source. A parameter ``&T`` borrows; ``&string`` and ``&[T]`` are slices.

Invariant: every operation has the location of the expression it was made for, and each error of types is found here, so the
builder refuses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import altru_ir as air
from examples.toy import syntax
from examples.toy.syntax import problem

BYTES = air.ArrayType((None,), air.I8)
SIMPLE = {"int": air.I64, "bool": air.I1, "string": air.OwnType(BYTES)}
ARITHMETIC = {"+": "sadd.checked", "-": "ssub.checked", "*": "smul.checked", "/": "sdiv", "%": "srem"}
COMPARISONS = {"==": "eq", "!=": "ne", "<": "slt", "<=": "sle", ">": "sgt", ">=": "sge"}


def spelled(type: air.Type) -> str:
    """A type as the toy language writes it."""
    if isinstance(type, air.RefType):
        inner = type.target if isinstance(type.target, air.NamedType) else air.OwnType(type.target)
        return f"&{'mut ' if type.mutable else ''}{spelled(inner)}"
    names = {known: name for name, known in SIMPLE.items()}
    if isinstance(type, air.OwnType) and type not in names:
        return f"[{spelled(type.target.element)}]"
    return type.name if isinstance(type, air.NamedType) else names.get(type, "nothing")


class Compiler:
    """Compiles one program into ``module``; ``errors`` are what is wrong, at most one for each function."""

    def __init__(self, name: str) -> None:
        self.module = air.Module(name)
        self.b = air.Builder(self.module)
        self.errors: list[air.Diagnostic] = []
        self.structs: dict[str, syntax.Struct] = {}
        self.functions: dict[str, air.Function] = {}
        self.names: dict[str, air.Value] = {}
        self.result: air.Type = air.UNIT

    # -- declarations ---------------------------------------------------------------------------------------------------

    def program(self, tree: list[syntax.Struct | syntax.Function]) -> None:
        """Types first, then signatures, then bodies: the order of the text does not matter."""
        self.structs = {each.name: each for each in tree if isinstance(each, syntax.Struct)}
        for each in tree:
            with self.reporting(), self.b.loc(each.at):
                if each.name in (*self.functions, *self.module.types, "print", "len"):
                    raise problem(f"there is a `{each.name}` already", each.at, "TOY-002")
                if isinstance(each, syntax.Struct):
                    self.b.declare_struct(each.name, [(name, self.type(of)) for name, of in each.fields])
                    continue
                result = self.type(each.result) if each.result else air.UNIT
                if each.name == "main" and (each.parameters or each.result):
                    raise problem("`main` takes nothing and gives nothing", each.at, "TOY-003")
                parameters = [(name, self.type(of)) for name, of in each.parameters]
                main = each.name == "main"  # gives the system a status
                self.functions[each.name] = self.b.function(each.name, parameters, air.I32 if main else result)
        for each in tree:
            if isinstance(each, syntax.Function) and each.name in self.functions and not self.errors:
                with self.reporting(), self.b.loc(each.at), self.b.body(self.functions[each.name]) as parameters:
                    self.function(each, parameters)

    @contextmanager
    def reporting(self) -> Iterator[None]:
        try:
            yield
        except air.DiagnosticError as error:
            self.errors += error.diagnostics
        except air.BuilderError as error:  # a rule of the IR that is not looked at here
            self.errors.append(air.Diagnostic("TOY-004", str(error), error.location))

    def type(self, tree: syntax.TypeName) -> air.Type:
        if tree.of is None:
            if tree.name not in SIMPLE and tree.name not in self.structs:
                raise problem(f"there is no type `{tree.name}`", tree.at, "TOY-002")
            return SIMPLE.get(tree.name) or air.NamedType(tree.name)
        inner = self.type(tree.of)
        if tree.name == "[":
            return air.OwnType(air.ArrayType((None,), inner))
        return air.RefType(inner.target if isinstance(inner, air.OwnType) else inner, tree.name == "&mut")

    def function(self, tree: syntax.Function, parameters: list[air.Value]) -> None:
        self.names = {}
        self.result = self.type(tree.result) if tree.result else air.UNIT
        for (name, _), value in zip(tree.parameters, parameters):
            self.names[name] = value if isinstance(value.type, air.RefType) else self.variable(name, value)
        self.block(tree.body)
        if self.b.is_open:
            with self.b.loc(tree.body.end):
                self.give(None, tree.body.end)

    def variable(self, name: str | None, value: air.Value) -> air.Value:
        place = self.b.local(value.type, name=name)
        self.b.init(place, value)
        return place

    # -- statements -----------------------------------------------------------------------------------------------------

    def block(self, tree: syntax.Block) -> None:
        outside = dict(self.names)
        with self.b.scope():
            for statement in tree.statements:
                if not self.b.is_open:
                    raise problem("this is never reached", statement.at, "TOY-003")
                with self.b.loc(statement.at):
                    self.statement(statement)
        self.names = outside

    def statement(self, tree: syntax.Statement) -> None:
        b = self.b
        match tree:
            case syntax.Let(name, value, _):
                self.names[name] = self.variable(name, self.value(value))
            case syntax.Assign(target, value, _):
                made = self.value(value)
                place = self.place(target)
                if place is None or not place.type.mutable:
                    raise problem("this cannot be assigned to", target.at, "TOY-003")
                if place.type.target is air.I8:  # an element of a string
                    b.assign(place, b.trunc(self.expect(made, air.I64, value.at), air.I8))
                else:
                    b.assign(place, self.expect(made, place.type.target, value.at))
            case syntax.Do(value, _):
                self.expression(value)
            case syntax.Return(value, at):
                self.give(value, at)
            case syntax.Leave(how, at):
                if not b.loops:
                    raise problem(f"there is no loop to {how}", at, "TOY-003")
                _ = b.innermost_loop.break_() if how == "break" else b.innermost_loop.continue_()
            case syntax.If(condition, then, otherwise, _):
                with b.if_else(self.value(condition, air.I1)) as (yes, no):
                    with yes:
                        self.block(then)
                    with no:
                        self.block(otherwise or syntax.Block([], tree.at, tree.at))
            case syntax.While(condition, body, _):
                with b.while_(lambda: self.value(condition, air.I1)):
                    self.block(body)
            case syntax.For(name, low, high, body, _):
                outside = dict(self.names)
                with b.for_range(self.value(low, air.I64), self.value(high, air.I64), name, signed=True) as index:
                    self.names[name] = index
                    self.block(body)
                self.names = outside
            case syntax.Block():
                self.block(tree)

    def give(self, value: syntax.Expression | None, at: air.Location) -> None:
        """Returns from the function; ``main`` gives the system its status."""
        if value is not None:
            self.b.ret(self.value(value, self.result))
        elif self.result is not air.UNIT:
            raise problem(f"{spelled(self.result)} is to be returned here", at, "TOY-003")
        else:
            self.b.ret(self.b.const(0, air.I32) if self.b.current.function.name == "main" else None)

    # -- expressions ----------------------------------------------------------------------------------------------------

    def expect(self, value: air.Value | None, type: air.Type, at: air.Location) -> air.Value:
        found = air.UNIT if value is None else value.type
        if value is None or found.erased is not type.erased:
            raise problem(f"{spelled(type)} is needed here, and this is {spelled(found)}", at, "TOY-003")
        return value

    def value(self, tree: syntax.Expression, type: air.Type | None = None) -> air.Value:
        """The value of an expression: a copy, or moved out of where it was."""
        with self.b.loc(tree.at):
            made = self.expression(tree)
            if made is None and type is None:
                raise problem("this gives no value", tree.at, "TOY-003")
            return made if type is None else self.expect(made, type, tree.at)

    def expression(self, tree: syntax.Expression) -> air.Value | None:
        b = self.b
        match tree:
            case syntax.Number(value, _):
                return b.const(value, air.I64)
            case syntax.Truth(value, _):
                return b.const(value, air.I1)
            case syntax.Text(value, _):
                return self.owned(b.const(value, air.ArrayType((len(value.encode()),), air.I8)))
            case syntax.Name() | syntax.Member() | syntax.Index():
                place = self.place(tree)
                if place is None:
                    return self.names[tree.name]
                if isinstance(place.type.target, air.ArrayType):
                    raise problem("this is borrowed: lend it on with `&`", tree.at, "TOY-003")
                return b.zext(b.load(place), air.I64) if place.type.target is air.I8 else b.use(place)
            case syntax.Unary("-", operand, _):
                return b.ssub_checked(b.const(0, air.I64), self.value(operand, air.I64))
            case syntax.Unary(_, operand, _):
                return b.xor(self.value(operand, air.I1), b.const(True, air.I1))
            case syntax.Binary("&&" | "||", left, right, _):
                first = self.value(left, air.I1)
                result = b.variable(air.I1, first)
                with b.if_(first if tree.operator == "&&" else b.xor(first, b.const(True, air.I1))):
                    result.set(self.value(right, air.I1))
                return result.get()
            case syntax.Binary(operator, left, right, at):
                return self.binary(operator, self.look(left), self.look(right), at)
            case syntax.Elements([first, *others], _):
                head = self.value(first)
                return self.owned(b.array([head, *(self.value(each, head.type) for each in others)]))
            case syntax.Repeat(value, count, _):
                filling = self.value(value)
                return b.new_array(self.index(count), [filling], air.OwnType(air.ArrayType((None,), filling.type)))
            case syntax.Borrow(mutable, target, _):
                return b.string(target.value) if isinstance(target, syntax.Text) else b.borrow(self.content(target), mut=mutable)
            case syntax.Call():
                return self.call(tree)
        raise problem("an array without elements is written [value; 0]", tree.at, "TOY-003")

    def owned(self, array: air.Value) -> air.Value:
        """An array value, moved to the heap; its length goes from the type into the pointer."""
        b = self.b
        return b.unsize(b.new(array, air.OwnType(array.type)), air.OwnType(air.ArrayType((None,), array.type.element)))

    def index(self, tree: syntax.Expression) -> air.Value:
        return self.b.bitcast(self.value(tree, air.I64), air.USIZE)

    def place(self, tree: syntax.Expression) -> air.Value | None:
        """Where an expression is stored; None when it is a mere value."""
        b = self.b
        match tree:
            case syntax.Name(name, at):
                if name not in self.names:
                    raise problem(f"there is no variable `{name}`", at, "TOY-002")
                found = self.names[name]
                return found if found.type.is_place else b.deref(found) if isinstance(found.type, air.RefType) else None
            case syntax.Member(base, field, at):
                inside = self.content(base)
                struct = self.structs.get(spelled(inside.type.target))
                if struct is None or field not in dict(struct.fields):
                    raise problem(f"{spelled(inside.type.target)} has no field `{field}`", at, "TOY-002")
                return b.field(inside, field)
            case syntax.Index(base, index, at):
                inside = self.content(base)
                if not isinstance(inside.type.target, air.ArrayType):
                    raise problem(f"{spelled(inside.type.target)} has no elements", at, "TOY-003")
                return b.elem(inside, [self.index(index)])
        return None

    def content(self, tree: syntax.Expression) -> air.Value:
        """The place of an expression, through the owner that it may be; a mere value gets a place of its own."""
        place = self.place(tree) or self.variable(None, self.value(tree))
        return self.b.deref(place) if isinstance(place.type.target, air.OwnType) else place

    def look(self, tree: syntax.Expression) -> air.Value:
        """An expression that is looked at and not consumed: strings and arrays as slices, all else as values."""
        with self.b.loc(tree.at):
            if isinstance(tree, syntax.Text):
                return self.b.string(tree.value)
            inside = self.content(tree)
            if isinstance(inside.type.target, air.ArrayType):
                return self.b.borrow(inside)
            return self.b.zext(self.b.load(inside), air.I64) if inside.type.target is air.I8 else self.b.use(inside)

    def binary(self, operator: str, left: air.Value, right: air.Value, at: air.Location) -> air.Value:
        b = self.b
        self.expect(right, left.type, at)
        if operator == "+" and getattr(left.type, "target", None) is BYTES:
            return self.joined(left, right)
        if left.type is air.I64 and operator in ARITHMETIC:
            return b.op(ARITHMETIC[operator], [left, right]).result
        if (left.type is air.I64 or (left.type is air.I1 and operator in ("==", "!="))) and operator in COMPARISONS:
            return b.icmp(COMPARISONS[operator], left, right)
        raise problem(f"`{operator}` does not go with {spelled(left.type)}", at, "TOY-003")

    def joined(self, left: air.Value, right: air.Value) -> air.Value:
        """A new string of two."""
        b = self.b
        middle = b.slice_len(left)
        whole = b.new_array(b.uadd_checked(middle, b.slice_len(right)), [b.const(0, air.I8)], air.OwnType(BYTES))
        for part, start in ((left, b.const(0, air.USIZE)), (right, middle)):
            with b.for_range(b.const(0, air.USIZE), b.slice_len(part)) as i:
                b.assign(b.elem(b.deref(whole), [b.add(start, i)]), b.load(b.elem(b.deref(part), [i])))
        return whole

    def call(self, tree: syntax.Call) -> air.Value | None:
        b, name, given = self.b, tree.name, tree.arguments
        if name == "print":
            return self.print(given)
        if name == "len" and len(given) == 1:
            seen = self.look(given[0])
            if not isinstance(seen.type, air.RefType):
                raise problem(f"{spelled(seen.type)} has no length", given[0].at, "TOY-003")
            return b.bitcast(b.slice_len(seen), air.I64)
        if name in self.structs:
            wanted = [self.type(of) for _, of in self.structs[name].fields]
        elif name in self.functions:
            wanted = [parameter.type for parameter in self.functions[name].parameters]
        else:
            raise problem(f"there is no function `{name}`", tree.at, "TOY-002")
        if len(given) != len(wanted):
            raise problem(f"`{name}` takes {len(wanted)} arguments, not {len(given)}", tree.at, "TOY-003")
        # Values first: a borrow begins when all else has been computed.
        order = sorted(range(len(given)), key=lambda i: isinstance(given[i], syntax.Borrow))
        values = {i: self.value(given[i], wanted[i]) for i in order}
        arguments = [values[i] for i in range(len(given))]
        if name in self.structs:
            return b.struct(arguments, air.NamedType(name))
        return next(iter(b.call(self.functions[name], arguments).results), None)

    def print(self, given: list[syntax.Expression]) -> None:
        b, form, values = self.b, [], []
        for each in given:
            seen = self.look(each)
            if seen.type is air.I64:
                form, values = [*form, "%lld"], [*values, seen]
            elif seen.type is air.I1:
                form, values = [*form, "%s"], [*values, b.select(seen, b.c_string("true"), b.c_string("false"))]
            elif getattr(seen.type, "target", None) is BYTES:
                form, values = [*form, "%.*s"], [*values, b.trunc(b.slice_len(seen), air.I32), b.slice_ptr(seen)]
            else:
                raise problem(f"`print` does not show {spelled(seen.type)}", each.at, "TOY-003")
        printf = b.declare("printf", [("format", air.PtrType(air.I8), "borrowed")], air.I32, variadic=True)
        b.call(printf, [b.c_string(" ".join(form) + "\n"), *values], unsafe=True)


def translate(source: air.Source) -> air.Module:
    """The module of a program. Raises ``DiagnosticError`` with all that is wrong."""
    compiler = Compiler("toy")
    compiler.program(syntax.parse(source))
    if compiler.errors:
        raise air.DiagnosticError(compiler.errors, source)
    compiler.module.source = source
    return compiler.module
