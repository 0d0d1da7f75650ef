"""What a builder declares: functions, types, constants and strings.

    f = b.declare("puts", [("text", PtrType(I8), "borrowed")], I32)
    text = b.c_string("hello")

Invariant: a name is declared once; what is declared is in the module at once, so that bodies may refer to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from altru_ir.builder.arguments import Arguments
from altru_ir.builder_methods import BuilderMethods
from altru_ir.literals import literal_problem
from altru_ir.module import Field, Function, Global, Module, Signature, TypeDeclaration, Variant
from altru_ir.types import I8, STATIC, UNIT, ArrayType, FunctionType, NamedType, RefType, Type, spell_name
from altru_ir.values import Value


class Declarations(Arguments, BuilderMethods):
    """The part of ``Builder`` that declares."""

    module: Module
    _strings: dict[bytes, Global]

    if TYPE_CHECKING:

        def _enter(self, function: Function) -> None: ...

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
        self,
        name: str,
        fields: Sequence[tuple[str, Type]],
        *,
        representation: str | None = None,
        drop: str | None = None,
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
