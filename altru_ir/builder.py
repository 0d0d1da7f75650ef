"""The builder: programs from Python, one method per operation.

    m = air.Module("demo")
    b = air.Builder(m)
    f = b.function("double", [("x", air.I32)], air.I32)
    x, = f.parameters
    b.ret(b.add(x, x))

A builder has an insertion point (a block and a place in it) and a current location; each method makes its operation
there, infers the result types as the parser does, and returns the result. The methods are in ``builder_methods``, which
``make generate`` writes from the declarations; ``op`` makes any declared operation, a front-end's own too. Structured control
flow, variables and scopes are in ``scopes``.

Invariant: what a builder makes passes the per-operation rules of the verifier, or a ``BuilderError`` says at once which
rule it breaks and where; that a body has its terminators is seen when ``with b.body(f)`` is left, dominance by ``air.verify``.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any

from altru_ir import declare
from altru_ir.builder_methods import BuilderMethods
from altru_ir.declare import Declaration, InferenceError
from altru_ir.diagnostics import Diagnostic, DiagnosticError, with_articles
from altru_ir.literals import is_literal, literal_problem
from altru_ir.module import Block, Field, Function, Global, Module, Signature, TypeDeclaration, Variant, expect_module
from altru_ir.scopes import Loop, Structured, Variable
from altru_ir.source import Location, has_text, shown_name
from altru_ir.types import ERROR, I8, STATIC, UNIT, ArrayType, FunctionType, NamedType, PlaceType, RefType, Type, spell_name
from altru_ir.values import NO_ATTRIBUTES, Operation, Successor, Symbol, Value


class BuilderError(Exception):
    """A builder was asked for something that no valid program has; the message names the operation and the place.

    ``location`` is the builder's location at that moment, None outside of ``with b.loc(...)``. ``diagnostic`` tells of a broken
    rule of the IR as the verifier would, for a front-end that leaves checks to the builder; it is None where the builder itself
    was misused.
    """

    def __init__(self, message: str, location: Location | None = None, diagnostic: Diagnostic | None = None) -> None:
        self.location = location
        self.diagnostic = diagnostic
        super().__init__(message)


class Builder(BuilderMethods, Structured):
    """Appends operations to the functions of ``module``; see the module's docstring. Raises ``TypeError`` for what is none."""

    def __init__(self, module: Module) -> None:
        expect_module(module, "built in")
        self.module = module
        self.current: Block | None = None
        self._before: Operation | None = None
        self._before_at = 0
        self._location: Location | None = None
        self.environment: dict[Variable, Value] = {}
        self.loops: list[Loop] = []
        self.scopes: list[list[Value]] = []
        self._strings: dict[bytes, Global] = {}

    def error(self, message: str, code: str | None = None) -> BuilderError:
        """The exception for ``message``, with the place of the insertion point; ``code`` is that of the broken rule."""
        message = with_articles(message)
        where = []
        block, function = self.current, None
        if block is not None and block.function is not None:
            function = block.function.name
            where.append(f"in @{function}, {_spelled(block)}")
        if self._location is not None:
            where.append(f"at {self._location}")
        problem = None if code is None else Diagnostic(code, message, self._location, function=function)
        return BuilderError(f"{message} ({', '.join(where)})" if where else message, self._location, problem)

    # -- declarations ---------------------------------------------------------------------------------------------------

    def function(
        self,
        name: str,
        parameters: Sequence[tuple[str, Type]] = (),
        result: Type = UNIT,
        *,
        linkage: str = "public",
        unsafe: bool = False,
    ) -> Function:
        """Starts a function: declares it, gives it an entry block, and moves the insertion point there.

        Parameters: ``parameters`` as pairs of name and type; ``linkage``, "public" or "private". Raises ``BuilderError`` when
        the name is taken.
        """
        self._name(name)
        self._linkage(linkage)
        parameters = [self._named(each) for each in self._listed(parameters)]
        type = FunctionType((), tuple(t for _, t in parameters), self._type(result), unsafe=unsafe)
        made = Function(name, Signature(type), [spell_name(n) for n, _ in parameters])
        made.linkage = linkage
        made.loc = self._location
        self._add(made)
        self._enter(made)
        return made

    def _add(self, declaration: TypeDeclaration | Global | Function) -> None:
        try:
            self.module.add(declaration)
        except ValueError as error:
            raise self.error(str(error), "ALT-P003") from None

    def _enter(self, function: Function) -> None:
        self.environment = {}
        self.loops = []
        self.scopes = []
        self.at_end(function.blocks[-1] if function.blocks else function.add_block(Block("entry")))

    @contextmanager
    def body(self, function: Function) -> Iterator[list[Value]]:
        """What is built inside is the body of ``function``, which ``function`` or ``declare`` made; yields its parameters.

        So functions can be declared first, and call each other. The body is a scope. At its end a function without result
        returns. Raises ``BuilderError`` for another module's function, and for each block that has no terminator then.
        """
        if not isinstance(function, Function):
            raise self.error(f"{function!r} was given where a function is expected")
        if function.module is not self.module:
            raise BuilderError(f"@{function.name} is no function of module @{self.module.name}", self._location)
        self._enter(function)
        with self.scope():
            yield function.parameters
            if self.is_open and function.signature.result is UNIT:
                self.ret()
        unfinished = [block for block in function.blocks if block.terminator is None]
        if unfinished:
            raise self.error(f"@{function.name} ends without a terminator in {', '.join(map(_spelled, unfinished))}")

    def declare(
        self,
        name: str,
        parameters: Sequence[tuple[str, Type] | tuple[str, Type, str]] = (),
        result: Type = UNIT,
        *,
        result_transfer: str | None = None,
        abi: str | None = "C",
        variadic: bool = False,
        unsafe: bool = True,
    ) -> Function:
        """The function ``name`` defined elsewhere: declared now, or the one there is when its signature is the same.

        Parameters: ``parameters`` as (name, type) or (name, type, transfer), a transfer being ``"borrowed"``,
        ``"transfer_full"``, ``"transfer_full(heap)"`` or ``"transfer_full(@f)"``. Raises ``BuilderError`` when the name is
        taken by something else.
        """
        self._name(name)
        for each in self._listed(parameters):
            self._named(each[:2] if isinstance(each, (tuple, list)) and len(each) == 3 else each)
        if result_transfer is not None and self._type(result) is UNIT:
            raise self.error(f"@{name} gives nothing, so it has no transfer of a result")
        transfers = (*(p[2] if len(p) == 3 else None for p in parameters), result_transfer)
        try:
            types = tuple(p[1] for p in parameters)
            type = FunctionType((), types, self._type(result), transfers, abi, variadic, unsafe)
        except TypeError as error:
            raise self.error(str(error)) from None
        if variadic and abi is None:
            raise self.error(f'only `extern "C"` functions take `...`, and @{name} has no ABI')
        known = self.module.functions.get(name)
        if known is not None:
            if known.signature.type is not type:
                raise self.error(f"@{name} is already declared as `{known.signature.type}`, not as `{type}`", "ALT-P003")
            return known
        made = Function(name, Signature(type), [spell_name(p[0]) for p in parameters])
        made.loc = self._location
        self._add(made)
        return made

    def declare_struct(
        self, name: str, fields: Sequence[tuple[str, Type]], *, representation: str | None = None, drop: str | None = None
    ) -> Type:
        """Declares a struct and returns its type; ``drop`` names its destructor, which takes a ``ref<mut @name>``, and a
        ``representation`` of "c" keeps the order of the fields."""
        self._name(name)
        members = [Field(n, t) for n, t in map(self._named, self._listed(fields))]
        self._check_distinct(name, members)
        if representation not in (None, "c"):
            raise self.error(f"there is no representation {representation!r}; the one there is is `c`")
        self._add(TypeDeclaration("struct", name, members, drop=drop, representation=representation, location=self._location))
        return NamedType(name)

    def declare_enum(self, name: str, variants: Sequence[tuple[str, Type]], *, drop: str | None = None) -> Type:
        """Declares an enum (payload unit where a variant has none) and returns its type; ``drop`` as for a struct."""
        self._name(name)
        members = [Variant(n, t) for n, t in map(self._named, self._listed(variants))]
        self._check_distinct(name, members)
        self._add(TypeDeclaration("enum", name, members, drop=drop, location=self._location))
        return NamedType(name)

    def declare_constant(self, name: str, type: Type, initial: Any) -> Global:
        """Declares a constant global. Raises ``BuilderError`` for an initial value that is no literal of its type."""
        problem = literal_problem(initial, self._type(type), self.module)
        if problem is not None:
            raise self.error(f"@{self._name(name)}: {problem}", "ALT-V007")
        made = Global(self._name(name), type, "const", initial, location=self._location)
        self._add(made)
        return made

    def string(self, text: str | bytes) -> Value:
        """A slice of constant bytes, ``ref<'static, [? x i8]>``; text as UTF-8. Equal ones share a global."""
        data = self._bytes(text)
        made = self._strings.get(data)
        if made is None or self.module.globals.get(made.name) is not made:
            number = len(self._strings)
            while (name := f"string.{number}") in self.module.globals or name in self.module.functions:
                number += 1
            made = self._strings[data] = Global(name, ArrayType((len(data),), I8), "const", data, "private")
            self._add(made)
        return self.unsize(self.global_ref(made.name), RefType(ArrayType((None,), I8), region=STATIC))

    def c_string(self, text: str | bytes) -> Value:
        """A constant string for C, ended by a zero byte: ``ptr<i8>``."""
        return self.slice_ptr(self.string(self._bytes(text) + b"\0"))

    def _bytes(self, text: object) -> bytes:
        if isinstance(text, str):
            try:
                return text.encode()
            except UnicodeEncodeError:
                raise self.error(f"{text!r} holds half of a surrogate pair, which has no bytes") from None
        if not isinstance(text, (bytes, bytearray, memoryview)):
            raise self.error(f"{text!r} was given where a text or bytes are expected")
        return bytes(text)

    # -- where ----------------------------------------------------------------------------------------------------------

    def block(self, label: str | None = None, parameters: Sequence[tuple[str, Type]] = ()) -> Block:
        """Appends a block to the current function; the insertion point stays. Raises ``BuilderError`` without one."""
        if self.current is None or self.current.function is None:
            raise self.error("no function is being built: call `function` or `at_end` first")
        made = Block(None if label is None else spell_name(self._name(label)))
        made.loc = self._location
        for name, type in map(self._named, self._listed(parameters)):
            made.add_arg(type, spell_name(name))
        return self.current.function.add_block(made)

    def at_end(self, block: Block) -> None:
        """Moves the insertion point to the end of ``block``."""
        if not isinstance(block, Block):
            raise self.error(f"{block!r} was given where a block is expected")
        if block.function is None or block.function.module is not self.module:
            raise BuilderError(f"{_spelled(block)} is in no function of module @{self.module.name}", self._location)
        self.current = block
        self._before = None

    def before(self, op: Operation) -> None:
        """Moves the insertion point in front of ``op``."""
        if not isinstance(op, Operation):
            raise self.error(f"{op!r} was given where an operation is expected")
        if op.block is None or op.function is None or op.function.module is not self.module:
            raise BuilderError(f"`{op.name}` is in no function of module @{self.module.name}", self._location)
        self.current = op.block
        self._before = op
        self._before_at = 0

    @contextmanager
    def loc(self, line: int | Location, column: int = 0, file: str | None = None) -> Iterator[None]:
        """While it is entered, operations get this location: a ``Location``, or its parts.

        ``file`` defaults to that of the enclosing one. Raises ``BuilderError`` for what is no place.
        """
        previous = self._location
        if isinstance(line, Location):
            self._location = line
        else:
            if file is None:
                file = previous.file if previous is not None else f"{self.module.name}"
            if not (isinstance(line, int) and isinstance(column, int) and isinstance(file, str) and min(line, column) >= 0):
                raise self.error(f"({file!r}, {line!r}, {column!r}) was given where a file, a line and a column are expected")
            self._location = Location(shown_name(file), line, column)
        try:
            yield
        finally:
            self._location = previous

    @contextmanager
    def recovering(self, told: list[Diagnostic]) -> Iterator[None]:
        """What goes wrong inside is added to ``told`` and undone in the function: a front-end goes on, and tells of more.

        Parameters: ``told`` gets the diagnostics of ``DiagnosticError`` and of ``BuilderError``. A ``BuilderError`` that has
        none, for the builder was misused, is raised.
        """
        if not isinstance(told, list):
            raise self.error(f"{told!r} was given where a list for diagnostics is expected")
        current, point, environment = self.current, self._before, dict(self.environment)
        function = current.function if current is not None else None
        blocks, ops = len(function.blocks) if function else 0, len(current.ops) if current else 0
        loops, scopes, lengths = list(self.loops), list(self.scopes), list(map(len, self.scopes))
        try:
            yield
        except (DiagnosticError, BuilderError) as error:
            found = error.diagnostics if isinstance(error, DiagnosticError) else [error.diagnostic]
            if None in found:
                raise
            told.extend(each for each in found if each is not None)
            if function is not None and current is not None:
                del function.blocks[blocks:]
                if point is None:
                    del current.ops[ops:]
            for scope, length in zip(scopes, lengths):
                del scope[length:]
            self.current, self._before, self._before_at = current, point, 0
            self.loops, self.scopes, self.environment = loops, scopes, environment

    # -- operations -----------------------------------------------------------------------------------------------------

    def op(
        self,
        name: str,
        operands: Sequence[Value] = (),
        attributes: dict[str, Any] | None = None,
        successors: Sequence[Successor | Block] = (),
        *,
        unsafe: bool = False,
        type: Type | None = None,
        result_name: str | None = None,
    ) -> Operation:
        """Makes any declared operation, by its mnemonic.

        Parameters: ``operands`` in declared order, ``attributes`` by element or option name, ``type`` the written result
        type. Raises ``BuilderError`` when there is no such operation or it is not well typed.
        """
        try:
            decl = declare.find(name)
        except KeyError:
            raise self.error(f"there is no operation `{name}`") from None
        given = {} if attributes is None else attributes
        if not isinstance(given, dict) or not all(isinstance(key, str) for key in given):
            raise self.error(f"{given!r} was given where a dictionary of attributes by their names is expected")
        edges = [self._edge(target) for target in self._listed(successors)]
        return self._insert(decl, list(self._values(operands)), given, edges, unsafe, type, result_name)

    def _insert(
        self,
        decl: Declaration,
        operands: list[Value],
        attributes: dict[str, Any],
        successors: list[Successor],
        unsafe: bool,
        type: Type | None,
        name: str | None,
    ) -> Operation:
        block = self.current
        if block is None or block.function is None:
            raise self.error(f"`{decl.name}` has nowhere to go: call `function`, `at_end` or `before` first")
        if block.function.module is not self.module:
            raise self.error(
                f"`{decl.name}` has nowhere to go: @{block.function.name} is no longer in module @{self.module.name}"
            )
        if self._before is None and block.terminator is not None:
            raise self.error(f"`{decl.name}` cannot follow `{block.ops[-1].name}`, which ends the block")
        if self.scopes and self._before is None and decl.name == "ret":
            self.close_scopes(0)
        if type is not None:
            self._type(type)
        for value in (*operands, *(v for s in successors for v in s.args)):
            self._check_home(decl, value, block)
        for successor in successors:
            if successor.block.function is not block.function:
                raise self.error(f"`{decl.name}` goes to {_spelled(successor.block)}, which is not in @{block.function.name}")
        op = Operation(decl, operands, attributes or NO_ATTRIBUTES, successors, unsafe, self._location)
        op.block = block
        if decl.written is not None and type is None:
            raise self.error(f"`{decl.name}` needs the type of its result")
        types: list[Type] = []
        if decl.callee is not None or decl.count_is_right(op):
            for result in decl.results:
                if result.written is not None and type is not None:
                    types.append(PlaceType(type) if result.place else type)
                    continue
                try:
                    if result.infer_all is not None:
                        types.extend(result.infer_all(op, self.module))
                        continue
                    inferred = decl.infer_one(result, op, self.module)
                except InferenceError as error:
                    raise self.error(str(error), "ALT-V005") from None
                if inferred is not None and not (result.optional and inferred is UNIT):
                    types.append(inferred)
        spelled = None if name is None else spell_name(self._name(name))
        op.results = [Value(t, spelled, op) for t in types]
        for key in attributes:
            if not is_literal(attributes[key]):
                attributes[key] = self._literal(attributes[key], f"`{key}` of `{decl.name}`")
        try:
            holds = decl.holds(op, self.module)
        except TypeError:  # a list where a word belongs; the definition says so
            holds = False
        if not holds:
            problems = list(decl.problems(op, self.module))
            if problems:
                raise self.error("; ".join(message for _, message in problems), f"ALT-{problems[0][0]}")
        if self._before is not None:
            if self._before.block is not block:
                raise self.error(f"`{self._before.name}`, in front of which to build, was removed")
            at = self._before_at  # where it was last time, one further, if nobody else has changed the block
            if at >= len(block.ops) or block.ops[at] is not self._before:
                if self._before not in block.ops:
                    raise self.error(f"`{self._before.name}`, in front of which to build, was removed")
                at = block.ops.index(self._before)
            block.insert(at, op)
            self._before_at = at + 1
            return op
        block.append(op)
        if self.scopes:
            if decl.name == "local":
                self.scopes[-1].append(op.result)
            elif decl.name == "end" and operands[0] in self.scopes[-1]:
                self.scopes[-1].remove(operands[0])
        return op

    def _check_home(self, decl: Declaration, value: Value, block: Block) -> None:
        if not isinstance(value, Value):
            raise self.error(f"`{decl.name}` was given {value!r} where a value is expected")
        owner = value.owner
        home = owner if isinstance(owner, Function) else owner.function if owner is not None else None
        if home is not block.function and value.type is not ERROR:
            where = f"@{home.name}" if home is not None else "no function (its operation was removed)"
            raise self.error(f"`{decl.name}` uses %{value.name or '?'}, which belongs to {where}")

    def _values(self, given: Sequence[Value] | Value) -> Sequence[Value]:
        """The list of values that was given for operands of which there may be any number."""
        if isinstance(given, Value):
            raise self.error("one value was given where a list of values is expected; write it in brackets")
        self._listed(given)
        return given

    def _listed(self, given: Any) -> Any:
        if not isinstance(given, Iterable):
            raise self.error(f"{given!r} was given where a list is expected")
        return given

    def _value(self, given: object) -> Value:
        if not isinstance(given, Value):
            raise self.error(f"{given!r} was given where a value is expected")
        return given

    def _name(self, given: object) -> str:
        if not isinstance(given, str):
            raise self.error(f"{given!r} was given where a name is expected")
        if not has_text(given):
            raise self.error(f"the name {given!r} holds half of a surrogate pair, which no text can say")
        return given

    def _linkage(self, given: str) -> None:
        if given not in ("public", "private"):
            raise self.error(f"a linkage is `public` or `private`, not {given!r}")

    def _check_distinct(self, name: str, members: list[Any]) -> None:
        names = [member.name for member in members]
        twice = next((each for each in names if names.count(each) > 1), None) if len(set(names)) < len(names) else None
        if twice is not None:
            raise self.error(f"`{twice}` is declared twice in @{name}", "ALT-P003")

    def _literal(self, given: Any, where: str) -> Any:
        """A number of somebody's own class (NumPy has many), an array, or a list of such, as Python's own."""
        if is_literal(given):
            return given
        if isinstance(given, (list, tuple)):
            return [self._literal(each, where) for each in given]
        listed = getattr(given, "tolist", None)
        found = listed() if callable(listed) else operator.index(given) if hasattr(given, "__index__") else None
        if not is_literal(found):
            raise self.error(f"{where} is {given!r}, and no literal")
        return found

    def _cases(self, given: Any) -> list[tuple[Any, Any]]:
        cases = list(self._listed(given))
        for each in cases:
            if not isinstance(each, (tuple, list)) or len(each) != 2:
                raise self.error(f"{each!r} was given where a pair of a case and a block is expected")
        return cases

    def _type(self, given: object) -> Type:
        if not isinstance(given, Type):
            hint = f"; `air.parse_type({given!r})` is one" if isinstance(given, str) else ""
            raise self.error(f"{given!r} was given where a type is expected{hint}")
        return given

    def _named(self, given: object) -> tuple[str, Type]:
        if not isinstance(given, (tuple, list)) or len(given) != 2:
            raise self.error(f"{given!r} was given where a pair of a name and a type is expected")
        name, type = given
        return self._name(name), self._type(type)

    def _edge(self, target: Block | Successor, case: Any = None) -> Successor:
        if isinstance(target, Block):
            return Successor(target, [], case)
        if not isinstance(target, Successor):
            raise self.error(f"{target!r} was given where a block is expected")
        return Successor(target.block, target.args, case) if case is not None else target

    def _callee(self, callee: str | Function | Value) -> tuple[list[Value], dict[str, Any]]:
        if isinstance(callee, Value):
            return [callee], {}
        if not isinstance(callee, (str, Function)):
            raise self.error(f"{callee!r} was given where a function, its name or a function value is expected")
        return [], {"callee": Symbol(callee.name if isinstance(callee, Function) else callee)}


def _says_how(method: Callable[..., Any]) -> Callable[..., Any]:
    """``method``, which says how it is called when that is done in another way."""

    @wraps(method)
    def called(self: Builder, *given: Any, **named: Any) -> Any:
        try:
            return method(self, *given, **named)
        except TypeError:
            signature = inspect.signature(method)
            try:
                signature.bind(self, *given, **named)
            except TypeError as problem:
                told = _problem(str(problem))
            else:
                raise  # it comes from inside
        plain = [each.replace(annotation=each.empty) for each in list(signature.parameters.values())[1:]]
        shown = signature.replace(parameters=plain, return_annotation=signature.empty)
        name = method.__name__
        raise self.error(f"`{name}` was called with {told}; it is called as `{name}{shown}`")

    return called


def _problem(text: str) -> str:
    """What is wrong with arguments, in our words."""
    missing = text.removeprefix("missing a required argument: ")
    if missing != text:
        return f"no {missing}"
    unknown = text.removeprefix("got an unexpected keyword argument ")
    return f"an unknown argument {unknown}" if unknown != text else text


for _name, _method in [*vars(BuilderMethods).items(), *vars(Structured).items()]:
    if inspect.isfunction(_method) and not _name.startswith("_") and _name not in vars(Builder):
        setattr(Builder, _name, _says_how(_method))


def _spelled(block: Block) -> str:
    """How a message names ``block``: by its label, or by its position where it has none."""
    if block.label is not None:
        return f"^{block.label}"
    blocks = block.function.blocks if block.function is not None else []
    number = next((i for i, each in enumerate(blocks) if each is block), None)
    return "a removed block" if number is None else f"block {number}"


__all__ = ["Builder", "BuilderError"]
