"""The builder: programs from Python, one method per operation.

    m = air.Module("demo")
    b = air.Builder(m)
    f = b.function("double", [("x", air.I32)], air.I32)
    x, = f.parameters
    b.ret(b.add(x, x))

A builder has an insertion point (a block and a place in it) and a current location; each method makes its operation
there, infers the result types as the parser does, and returns the result. The methods are in ``builder_methods``, which
``make generate`` writes from the declarations; ``op`` makes any declared operation, a front-end's own too. Structured control
flow and variables are in ``scopes``.

Invariant: what a builder makes passes the per-operation rules of the verifier, or a ``BuilderError`` says at once which
rule it breaks; structure that only shows at the end (terminators, dominance) is left to ``air.verify``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from altru_ir import declare
from altru_ir.builder_methods import BuilderMethods
from altru_ir.declare import Declaration, InferenceError
from altru_ir.module import Block, Field, Function, Global, Module, Signature, TypeDeclaration, Variant
from altru_ir.scopes import Loop, Structured, Variable
from altru_ir.source import Location
from altru_ir.types import ERROR, UNIT, FunctionType, NamedType, PlaceType, Type, spell_name
from altru_ir.values import NO_ATTRIBUTES, Operation, Successor, Symbol, Value


class BuilderError(Exception):
    """A builder was asked for something that no valid program has; the message names the operation and the place."""


class Builder(BuilderMethods, Structured):
    """Appends operations to the functions of ``module``; see the module's docstring."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.current: Block | None = None
        self._before: Operation | None = None
        self._location: Location | None = None
        self.environment: dict[Variable, Value] = {}
        self.loops: list[Loop] = []

    def error(self, message: str) -> BuilderError:
        """The exception for ``message``, with the place of the insertion point."""
        block = self.current
        where = f" (in @{block.function.name})" if block is not None and block.function is not None else ""
        return BuilderError(message + where)

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

        Parameters: ``parameters`` as pairs of name and type. Raises ``ValueError`` when the name is taken.
        """
        type = FunctionType((), tuple(t for _, t in parameters), result, unsafe=unsafe)
        made = Function(name, Signature(type), [spell_name(n) for n, _ in parameters])
        made.linkage = linkage
        made.loc = self._location
        self.module.add(made)
        self.environment = {}
        self.loops = []
        self.at_end(made.add_block(Block("entry")))
        return made

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

        Parameters: ``parameters`` as (name, type) or (name, type, transfer). Raises ``BuilderError`` when the name is
        taken by something else.
        """
        transfers = (*(p[2] if len(p) == 3 else None for p in parameters), result_transfer)
        type = FunctionType((), tuple(p[1] for p in parameters), result, transfers, abi, variadic, unsafe)
        known = self.module.functions.get(name)
        if known is not None:
            if known.signature.type is not type:
                raise BuilderError(f"@{name} is already declared as `{known.signature.type}`, not as `{type}`")
            return known
        made = Function(name, Signature(type), [spell_name(p[0]) for p in parameters])
        self.module.add(made)
        return made

    def declare_struct(self, name: str, fields: Sequence[tuple[str, Type]], *, representation: str | None = None) -> Type:
        """Declares a struct and returns its type."""
        members = [Field(n, t) for n, t in fields]
        self.module.add(TypeDeclaration("struct", name, members, representation=representation, location=self._location))
        return NamedType(name)

    def declare_enum(self, name: str, variants: Sequence[tuple[str, Type]]) -> Type:
        """Declares an enum (payload unit where a variant has none) and returns its type."""
        self.module.add(TypeDeclaration("enum", name, [Variant(n, t) for n, t in variants], location=self._location))
        return NamedType(name)

    def declare_constant(self, name: str, type: Type, initial: Any) -> Global:
        """Declares a constant global."""
        made = Global(name, type, "const", initial, location=self._location)
        self.module.add(made)
        return made

    # -- where ----------------------------------------------------------------------------------------------------------

    def block(self, label: str | None = None, parameters: Sequence[tuple[str, Type]] = ()) -> Block:
        """Appends a block to the current function; the insertion point stays. Raises ``BuilderError`` without one."""
        if self.current is None or self.current.function is None:
            raise BuilderError("no function is being built: call `function` or `at_end` first")
        made = Block(None if label is None else spell_name(label))
        made.loc = self._location
        for name, type in parameters:
            made.add_arg(type, spell_name(name))
        return self.current.function.add_block(made)

    def at_end(self, block: Block) -> None:
        """Moves the insertion point to the end of ``block``."""
        if block.function is None or block.function.module is not self.module:
            raise BuilderError(f"^{block.label} is in no function of module @{self.module.name}")
        self.current = block
        self._before = None

    def before(self, op: Operation) -> None:
        """Moves the insertion point in front of ``op``."""
        if op.block is None or op.function is None or op.function.module is not self.module:
            raise BuilderError(f"`{op.name}` is in no function of module @{self.module.name}")
        self.current = op.block
        self._before = op

    @contextmanager
    def loc(self, line: int, column: int = 0, file: str | None = None) -> Iterator[None]:
        """While it is entered, operations get this location (``file`` defaults to that of the enclosing one)."""
        previous = self._location
        if file is None:
            file = previous.file if previous is not None else f"{self.module.name}"
        self._location = Location(file, line, column)
        try:
            yield
        finally:
            self._location = previous

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
            raise BuilderError(f"there is no operation `{name}`") from None
        edges = [s if isinstance(s, Successor) else Successor(s) for s in successors]
        return self._insert(decl, list(operands), attributes or {}, edges, unsafe, type, result_name)

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
            raise BuilderError(f"`{decl.name}` has nowhere to go: call `function`, `at_end` or `before` first")
        if self._before is None and block.terminator is not None:
            raise BuilderError(
                f"`{decl.name}` cannot follow `{block.ops[-1].name}`, which ends ^{block.label} of @{block.function.name}"
            )
        for value in (*operands, *(v for s in successors for v in s.args)):
            self._check_home(decl, value, block)
        for successor in successors:
            if successor.block.function is not block.function:
                raise BuilderError(f"`{decl.name}` goes to ^{successor.block.label}, which is not in @{block.function.name}")
        op = Operation(decl, operands, attributes or NO_ATTRIBUTES, successors, unsafe, self._location)
        op.block = block
        if decl.written is not None and type is None:
            raise BuilderError(f"`{decl.name}` needs the type of its result")
        types: list[Type] = []
        if decl.callee is not None or decl._count_is_right(op):
            for result in decl.results:
                if result.written is not None and type is not None:
                    types.append(PlaceType(type) if result.place else type)
                    continue
                try:
                    if result.infer_all is not None:
                        types.extend(result.infer_all(op, self.module))
                        continue
                    inferred = decl._infer_one(result, op, self.module)
                except InferenceError as error:
                    raise BuilderError(str(error)) from None
                if inferred is not None and not (result.optional and inferred is UNIT):
                    types.append(inferred)
        spelled = None if name is None else spell_name(name)
        op.results = [Value(t, spelled, op) for t in types]
        if not decl.holds(op, self.module):
            problems = [message for _, message in decl.problems(op, self.module)]
            if problems:
                raise BuilderError(f"{'; '.join(problems)} (in @{block.function.name}, ^{block.label})")
        if self._before is not None:
            block.insert(block.ops.index(self._before), op)
        else:
            block.append(op)
        return op

    def _check_home(self, decl: Declaration, value: Value, block: Block) -> None:
        if not isinstance(value, Value):
            raise BuilderError(f"`{decl.name}` was given {value!r} where a value is expected")
        owner = value.owner
        home = owner if isinstance(owner, Function) else owner.function if owner is not None else None
        if home is not block.function and value.type is not ERROR:
            where = f"@{home.name}" if home is not None else "no function (its operation was removed)"
            raise BuilderError(f"`{decl.name}` in @{block.function.name} uses %{value.name}, which belongs to {where}")  # type: ignore[union-attr]

    def _edge(self, target: Block | Successor, case: Any = None) -> Successor:
        if isinstance(target, Block):
            return Successor(target, [], case)
        return Successor(target.block, target.args, case) if case is not None else target

    def _callee(self, callee: str | Function | Value) -> tuple[list[Value], dict[str, Any]]:
        if isinstance(callee, Value):
            return [callee], {}
        return [], {"callee": Symbol(callee.name if isinstance(callee, Function) else callee)}


__all__ = ["Builder", "BuilderError"]
