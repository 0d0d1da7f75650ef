"""Arguments: the lines of a call's source that make numbers, for native code, of what Python hands over.

    %x: i64                     if type(x) is not int or not -9223372036854775808 <= x <= 9223372036854775807: x = _take0(x)
    %xs: ref<[? x f64]>         _xs_0, _xs_1 = _take1(xs, _loan)
    %p: @Point                  p = _take2(p, _loan)
    %o: own<i64>                _o_place = _take3(o)

What is usual is let through by the line itself; ``_take`` converts, or raises an error that names the parameter. Where memory
is borrowed the call has a ``_loan``.

Invariant: behind the lines each argument has the type that the native function wants of it, and nothing was called.
"""

from __future__ import annotations

import ctypes
from typing import Any

from altru_ir.backend.host import stubs
from altru_ir.backend.host.buffers import ReferenceTaker, SliceTaker
from altru_ir.backend.host.callbacks import ctype_of
from altru_ir.backend.host.callees import Callee, unit_of, was_unloaded
from altru_ir.backend.host.loans import Loan
from altru_ir.backend.host.owners import crosses, move, taker
from altru_ir.backend.host.same_types import check_same
from altru_ir.backend.host.usual_slices import UsualSlices
from altru_ir.backend.host.values import (
    LARGEST_F32,
    Codecs,
    NoCodec,
    Where,
    address,
    boolean,
    integer,
    limits,
    real,
    spell,
    wrong,
)
from altru_ir.backend.lower.entries import passed_as
from altru_ir.backend.lower.types import dimensions_of
from altru_ir.types import ArrayType, FloatType, FunctionType, IntType, OwnType, PtrType, RefType, Type, UsizeType


class Arguments:
    """The lines for the parameters of one function.

    ``before`` are the lines; ``words`` is what is then handed to the native function, and ``types`` are their types of ctypes.
    ``namespace`` has what the lines refer to. Conditions on the values as they come: under ``strict`` the words are those that
    the native function wants, without any line; under ``fitting`` a stub may be asked first, and it would refuse without
    ``likely``: to see that before costs less than an exception, and asks nobody. ``moves`` names the owners. ``borrows`` says
    that there is a loan, ``writes`` that it may be written through, and ``alone`` that nothing it borrows can be in conflict.
    """

    def __init__(self, callee: Callee, codecs: Codecs, unit: Any) -> None:
        self.callee = callee
        self.unit = unit
        self.codecs = codecs
        self.namespace: dict[str, Any] = {"_Loan": Loan}
        self.before: list[str] = []
        self.words: list[str] = []
        self.types: list[Any] = []
        self.strict: list[str] = []
        self.fitting: list[str] = []
        self.likely: list[str] = []
        self.moves: list[str] = []
        self.borrows = False
        self.slices = UsualSlices(codecs.module, self.namespace)
        references = [each for each in callee.type.parameters if isinstance(each, RefType)]
        self.writes = any(each.mutable for each in references)
        self.alone = len(references) == 1 or not self.writes

    def call(self) -> str:
        """The call of the native function."""
        return f"_native({', '.join(self.words)})"

    def take(self, index: int, name: str, type: Type) -> None:
        """Adds the lines for a parameter. Raises ``NoCodec``."""
        where: Where = (f"parameter %{self.callee.names[index] or index} of @{self.callee.name}", None)
        taking = f"_take{index}"
        kind = passed_as(type)
        if isinstance(type, RefType):
            self.reference(index, taking, name, type, where)
        elif isinstance(type, OwnType) and crosses(type):
            self.owner(taking, name, type, where)
        elif kind == "memory":
            self.memory(taking, name, type, where)
        elif kind == "nothing":
            self.namespace[taking] = lambda value: self.codecs.of(type).write(b"", 0, value, where)
            self.before.append(f"if {name} is not None: {taking}({name})")
            self.fitting.append(f"{name} is None")
            self.strict.append(f"{name} is None")
        elif isinstance(type, FunctionType):
            self.function(taking, name, type, where)
        elif not isinstance(type, PtrType) and (type.pointee is not None or dimensions_of(type)):
            raise NoCodec(f"values of type `{type}` do not cross between Python and compiled code")
        else:
            self.scalar(taking, name, type, where)

    def scalar(self, taking: str, name: str, type: Type, where: Where) -> None:
        """A number or an address, by value."""
        take: Any
        if isinstance(type, IntType) and type.bits == 1:
            self.before.append(f"{name} = {taking}({name})")
            self.strict.append(f"({name} is True or {name} is False)")
            take = lambda value: boolean(value, type, where)  # noqa: E731
        elif isinstance(type, (IntType, UsizeType)):
            least, most = limits(type)
            self.before.append(f"if type({name}) is not int or not {least} <= {name} <= {most}: {name} = {taking}({name})")
            self.strict.append(f"type({name}) is int and {least} <= {name} <= {most}")
            self.likely.append(f"(type({name}) is int or issubclass(type({name}), int))")
            take = lambda value: integer(value, type, least, most, where)  # noqa: E731
        elif isinstance(type, FloatType):
            fine = f"type({name}) is not float"
            if type.bits == 32:
                fine += f" or not {-LARGEST_F32!r} < {name} < {LARGEST_F32!r}"
            self.before.append(f"if {fine}: {name} = {taking}({name})")
            self.strict.append(f"not ({fine})")
            take = lambda value: real(value, type, type.bits, where)  # noqa: E731
        else:
            self.before.append(f"if {name} is not None: {name} = {taking}({name})")
            self.fitting.append(f"{name} is None")
            self.strict.append(f"{name} is None")
            take = lambda value: address(value, type, where)  # noqa: E731
        self.namespace[taking] = take
        self.words.append(name)
        self.slices.number(name)
        self.types.append(ctype_of(type))

    def function(self, taking: str, name: str, type: FunctionType, where: Where) -> None:
        """A compiled function, by a handle: compiled code calls it directly, and may keep it as long as it lives itself."""
        own = self.unit

        def take(value: Any) -> int:
            unit = unit_of(value)
            known = unit.find(value.__name__) if unit is not None else None
            if was_unloaded(value):
                raise ValueError(f"{spell(where)} takes a compiled function, and @{value.__name__} was unloaded")
            if known is None:
                raise wrong(where, type, "a compiled function", value)
            found, address = known
            if found.erased is not type.erased:
                raise TypeError(f"{spell(where)} has type `{type}`, and @{value.__name__} has type `{found}`")
            check_same(type, self.codecs.module, unit.interface, where, f"@{value.__name__} was compiled")
            if unit is not own and unit not in own.needs:
                own.needs.append(unit)
            return int(address)

        self.namespace[taking] = take
        self.slices.none()
        self.before.append(f"{name} = {taking}({name})")
        self.fitting.append("False")
        self.words.append(name)
        self.types.append(ctypes.c_void_p)

    def owner(self, taking: str, name: str, type: OwnType, where: Where) -> None:
        """An owner, by its place: the stub takes it out of there when all arguments are known."""
        self.slices.none()
        self.namespace |= {taking: taker(type, where, self.codecs.module), "_move": move}
        self.before.append(f"_{name}_place = {taking}({name})")
        self.words.append(f"_{name}_place")
        self.types.append(stubs.Moved(dimensions_of(type)))
        self.moves.append(name)

    def reference(self, index: int, taking: str, name: str, type: RefType, where: Where) -> None:
        """A slice as its parts, a thin reference as an address."""
        self.borrows = True
        count = dimensions_of(type)
        if count == 1 and self.alone and isinstance(type.target, ArrayType):
            self.slices.slice(index, name, type.target.element)
        else:
            self.slices.none()
        if count:
            self.namespace[taking] = SliceTaker(type, self.codecs, where, alone=self.alone).take
            parts = [f"_{name}_{part}" for part in range(count + 1)]
            self.before.append(f"{', '.join(parts)} = {taking}({name}, _loan)")
            self.words += parts
            self.types += [ctypes.c_void_p] + [ctypes.c_size_t] * count
            return
        if isinstance(type.target, ArrayType) and type.target.is_unsized:
            raise NoCodec(f"values of type `{type}` do not cross between Python and compiled code")
        self.namespace[taking] = ReferenceTaker(type, self.codecs, where).take
        self.before.append(f"{name} = {taking}({name}, _loan)")
        self.words.append(name)
        self.types.append(ctypes.c_void_p)

    def memory(self, taking: str, name: str, type: Type, where: Where) -> None:
        """An aggregate, written to memory."""
        self.borrows = True
        self.slices.none()
        codec = self.codecs.of(type)

        def take(value: Any, loan: Loan) -> int:
            scratch = loan.scratch(codec.size, codec.align)
            codec.write(scratch.memory, 0, value, where)
            return scratch.address

        self.namespace[taking] = take
        self.before.append(f"{name} = {taking}({name}, _loan)")
        self.words.append(name)
        self.types.append(ctypes.c_void_p)


__all__ = ["Arguments"]
