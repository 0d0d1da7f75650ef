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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from altru_ir import declare
from altru_ir.builder.calls import says_how
from altru_ir.builder.declarations import Declarations
from altru_ir.builder.errors import BuilderError, spelled
from altru_ir.builder_methods import BuilderMethods
from altru_ir.declare import Declaration, InferenceError
from altru_ir.diagnostics import Diagnostic, DiagnosticError
from altru_ir.literals import is_literal
from altru_ir.module import Block, Function, Global, Module, expect_module
from altru_ir.scopes import Loop, Structured, Variable
from altru_ir.source import Location, shown_name
from altru_ir.types import ERROR, UNIT, PlaceType, Type, spell_name
from altru_ir.values import NO_ATTRIBUTES, Operation, Successor, Value


class Builder(Declarations, Structured):
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

    # -- where ----------------------------------------------------------------------------------------------------------

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
            raise self.error(f"@{function.name} ends without a terminator in {', '.join(map(spelled, unfinished))}")

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
            raise BuilderError(f"{spelled(block)} is in no function of module @{self.module.name}", self._location)
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
            try:
                self._location = Location(shown_name(file) if isinstance(file, str) else file, line, column)
            except (TypeError, ValueError):
                raise self.error(
                    f"({file!r}, {line!r}, {column!r}) was given where a file, a line and a column are expected"
                ) from None
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
                raise self.error(f"`{decl.name}` goes to {spelled(successor.block)}, which is not in @{block.function.name}")
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
        given = None if name is None else spell_name(self._name(name))
        op.results = [Value(t, given, op) for t in types]
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


for _name, _method in [*vars(BuilderMethods).items(), *vars(Structured).items()]:
    if inspect.isfunction(_method) and not _name.startswith("_") and _name not in vars(Builder):
        setattr(Builder, _name, says_how(_method))


__all__ = ["Builder", "BuilderError"]
