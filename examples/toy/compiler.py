"""The toy language, compiled: from the tree of ``syntax`` to IR, through the public API.

    module = translate(air.Source("a.toy", "fn main() { print(6 * 7); }"))

Each variable is a ``local`` of the IR, so that it can be borrowed and moved out of; passes make registers of them. What uses an
array or a string after it was moved, the library says, at the place in the toy's source.

Invariant: every operation has the location of the expression or statement it was made for.
"""

from __future__ import annotations

import altru_ir as air
from examples.toy import syntax
from examples.toy.syntax import BYTES, OPERATORS, array_of, problem, spelled


class Compiler:
    """Compiles a program into ``module``. Raises ``DiagnosticError`` with all that is wrong in it."""

    def __init__(self, source: air.Source) -> None:
        self.module, self.problems = air.Module("toy"), list[air.Diagnostic]()
        self.module.source = source
        self.b = air.Builder(self.module)
        self.program(syntax.parse(source))
        if self.problems:
            raise air.DiagnosticError(self.problems, source)

    # -- declarations ---------------------------------------------------------------------------------------------------

    def program(self, tree: list[syntax.Struct | syntax.Function]) -> None:
        """Types and signatures first, then bodies: the order of the text does not matter."""
        bodies = []
        for each in tree:
            with self.b.loc(each.at), self.b.recovering(self.problems):
                if isinstance(each, syntax.Struct):
                    self.b.declare_struct(each.name, each.fields)
                else:
                    result = each.result or (air.I32 if each.name == "main" else air.UNIT)
                    bodies.append((each, self.b.function(each.name, each.parameters, result)))
        for each, function in bodies:
            with self.b.loc(each.at), self.b.body(function) as parameters:
                self.names, self.result, self.main = dict[str, air.Value | None](), each.result or air.UNIT, each.name == "main"
                for (name, _), value in zip(each.parameters, parameters):
                    self.names[name] = value if isinstance(value.type, air.RefType) else self.variable(name, value)
                self.block(each.body)
                if self.b.is_open:  # what was wrong may have been a `return`
                    self.give(None, each.body.end) if not self.problems else self.b.unreachable()

    def variable(self, name: str | None, value: air.Value) -> air.Value:
        place = self.b.local(value.type, name=name)
        self.b.init(place, value)
        return place

    def give(self, value: syntax.Expression | None, at: air.Location) -> None:
        """Returns from the function; ``main`` gives the system its status."""
        if value is None and self.result is not air.UNIT:
            raise problem(f"{spelled(self.result)} is to be returned here", at)
        with self.b.loc(at):
            self.b.ret(self.value(value, self.result) if value else self.b.const(0, air.I32) if self.main else None)

    # -- statements -----------------------------------------------------------------------------------------------------

    def block(self, tree: syntax.Block, more: dict[str, air.Value] | None = None) -> None:
        outside, self.names = self.names, {**self.names, **(more or {})}
        with self.b.scope():
            for statement in tree.statements:
                if not self.b.is_open:
                    self.problems += problem("this is never reached", statement.at).diagnostics
                    break
                with self.b.loc(statement.at), self.b.recovering(self.problems):
                    self.statement(statement)
                if isinstance(statement, syntax.Let):  # also where it is wrong: what uses it is not told again
                    self.names.setdefault(statement.name, None)
        self.names = outside

    def statement(self, tree: syntax.Statement) -> None:
        b = self.b
        match tree:
            case syntax.Let(name, value):
                self.names[name] = self.variable(name, self.value(value))
            case syntax.Assign(target, value):
                place = self.place(target)
                if place is None or not isinstance(place.type, air.PlaceType) or not place.type.mutable:
                    raise problem("this cannot be assigned to", target.at)
                of = place.type.target
                b.assign(place, b.trunc(self.value(value, air.I64), of) if of is air.I8 else self.value(value, of))
            case syntax.Do(value):
                self.expression(value)
            case syntax.Return(value, at):
                self.give(value, at)
            case syntax.Leave(how):
                (b.innermost_loop.break_ if how == "break" else b.innermost_loop.continue_)()
            case syntax.If(condition, then, otherwise):
                with b.if_else(self.value(condition, air.I1)) as (yes, no):
                    for arm, body in ((yes, then), (no, otherwise)):
                        with arm:
                            self.block(body)
            case syntax.While(condition, body):
                with b.while_(lambda: self.value(condition, air.I1)):
                    self.block(body)
            case syntax.For(name, low, high, body):
                with b.for_range(self.value(low, air.I64), self.value(high, air.I64), name, signed=True) as index:
                    self.block(body, {name: self.variable(name, index)})
            case syntax.Block():
                self.block(tree)

    # -- expressions ----------------------------------------------------------------------------------------------------

    def value(self, tree: syntax.Expression, type: air.Type | None = None) -> air.Value:
        """The value of an expression: a copy, or moved out of where it was. ``type`` is what is needed, if that is known."""
        with self.b.loc(tree.at):
            made = self.expression(tree)
        found = air.UNIT if made is None else made.type
        if made is None or (type is not None and found.erased is not type.erased):
            raise problem(f"{spelled(type) if type else 'a value'} is needed here, and this is {spelled(found)}", tree.at)
        return made

    def expression(self, tree: syntax.Expression) -> air.Value | None:
        b = self.b
        if (place := self.place(tree)) is not None:
            return self.used(place)
        match tree:
            case syntax.Literal(value):
                return b.const(value, {bool: air.I1, int: air.I64, float: air.F64}[type(value)])
            case syntax.Text(value):
                return self.owned(b.const(value, air.ArrayType((len(value.encode()),), air.I8)), air.I8)
            case syntax.Unary("-", operand):
                found = self.value(operand)
                return b.fneg(found) if found.type is air.F64 else self.binary("-", b.const(0, air.I64), found, tree.at)
            case syntax.Unary(_, operand):
                return b.xor(self.value(operand, air.I1), b.const(True, air.I1))
            case syntax.Binary("&&" | "||", left, right):
                short = b.both if tree.operator == "&&" else b.either
                return short(self.value(left, air.I1), lambda: self.value(right, air.I1))
            case syntax.Binary():
                return self.binary(tree.operator, self.look(tree.left), self.look(tree.right), tree.at)
            case syntax.Elements(elements):
                return self.owned(b.array(values := [self.value(each) for each in elements]), values[0].type)
            case syntax.Repeat(value, count):
                filling = self.value(value)
                return b.new_array(self.index(count), [filling], array_of(filling.type))
            case syntax.Borrow(mutable, target):
                return b.borrow(self.content(target), mut=mutable)
            case syntax.Call():
                return self.call(tree)
        return None

    def owned(self, array: air.Value, element: air.Type) -> air.Value:
        """An array value, moved to the heap; its length goes from the type into the pointer."""
        return self.b.unsize(self.b.new(array, air.OwnType(array.type)), array_of(element))

    def used(self, place: air.Value) -> air.Value:
        """What a place holds; a byte of a string is a number."""
        return self.b.zext(self.b.load(place), air.I64) if self.b.held(place) is air.I8 else self.b.use(place)

    def index(self, tree: syntax.Expression) -> air.Value:
        return self.b.bitcast(self.value(tree, air.I64), air.USIZE)

    def place(self, tree: syntax.Expression) -> air.Value | None:
        """Where an expression is stored; None when it is a mere value."""
        match tree:
            case syntax.Name(name, at):
                found = self.names.get(name)
                if found is None:  # what is wrong with its declaration was told
                    raise air.DiagnosticError([]) if name in self.names else problem(f"there is no variable `{name}`", at)
                return found if found.type.is_place else self.b.deref(found)
            case syntax.Member(base, field):
                return self.b.field(self.content(base), field)
            case syntax.Index(base, index):
                return self.b.elem(self.content(base), [self.index(index)])
        return None

    def content(self, tree: syntax.Expression) -> air.Value:
        """The place of an expression, through the owner that it may be; a mere value gets a place of its own."""
        if isinstance(tree, syntax.Text):
            return self.b.deref(self.b.string(tree.value))
        place = self.place(tree) or self.variable(None, self.value(tree))
        return self.b.deref(place) if isinstance(self.b.held(place), air.OwnType) else place

    def look(self, tree: syntax.Expression) -> air.Value:
        """An expression that is looked at and not consumed: strings and arrays as slices, all else as values."""
        with self.b.loc(tree.at):
            place = self.content(tree)
            return self.b.borrow(place) if isinstance(self.b.held(place), air.ArrayType) else self.used(place)

    def binary(self, operator: str, left: air.Value, right: air.Value, at: air.Location) -> air.Value:
        if left.type.erased is not right.type.erased:
            raise problem(f"`{operator}` does not go with {spelled(left.type)} and {spelled(right.type)}", at)
        if operator == "+" and left.type.pointee is BYTES:
            return self.joined(left, right)
        name, _, predicate = OPERATORS[operator][left.type is air.F64].partition(" ")
        return self.b.op(name, [left, right], {"predicate": predicate} if predicate else {}).result

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
        name, given = tree.name, tree.arguments
        if name == "print":
            self.print(given)
            return None
        if name == "len" and len(given) == 1:
            return self.b.bitcast(self.b.slice_len(self.look(given[0])), air.I64)
        if name in ("int", "float") and len(given) == 1:
            number = self.value(given[0], air.F64 if name == "int" else air.I64)
            return self.b.fptosi(number, air.I64) if name == "int" else self.b.sitofp(number, air.F64)
        struct, function = self.module.types.get(name), self.module.functions.get(name)
        if struct is None and function is None:
            raise problem(f"there is no function `{name}` that takes this", tree.at)
        wanted = [each.type for each in (struct.members if struct else function.parameters if function else [])]
        if len(given) != len(wanted):
            raise problem(f"`{name}` takes {len(wanted)} arguments, not {len(given)}", tree.at)
        arguments = [self.value(each, type) for each, type in zip(given, wanted)]
        if struct:
            return self.b.struct(arguments, air.NamedType(name))
        return next(iter(self.b.call(name, arguments).results), None)

    def print(self, given: list[syntax.Expression]) -> None:
        b = self.b
        form, values = list[str](), list[air.Value]()
        for each, seen in zip(given, map(self.look, given)):
            if seen.type is air.I1:
                seen = b.select(seen, b.string("true"), b.string("false"))
            if seen.type.pointee is BYTES:
                form, values = [*form, "%.*s"], [*values, b.trunc(b.slice_len(seen), air.I32), b.slice_ptr(seen)]
            elif seen.type is air.I64 or seen.type is air.F64:
                form, values = [*form, "%lld" if seen.type is air.I64 else "%g"], [*values, seen]
            else:
                raise problem(f"`print` does not show {spelled(seen.type)}", each.at)
        printf = b.declare("printf", [("format", air.PtrType(air.I8), "borrowed")], air.I32, variadic=True)
        b.call(printf, [b.c_string(" ".join(form) + "\n"), *values], unsafe=True)


def translate(source: air.Source) -> air.Module:
    """The module of a program. Raises ``DiagnosticError``."""
    return Compiler(source).module
