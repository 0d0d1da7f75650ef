"""The host's functions as externs of compiled code: Python callables, and functions that ctypes knows.

A declaration `func @ask(%n: i64) -> i64` that is given `externs={"ask": f}` calls `f` with an int and takes an int back, under
the same rules as calls in the other direction. Slices come as copies (`bytes` for `i8`, else a ``memoryview``), so that nobody
holds memory that is gone; what is written into the copy of an exclusive slice is stored when the callable returns.

A thunk (``thunks.py``) calls the callable with numbers and takes one back. Where a value is no number, or is a structure in
memory, an *adapter* in Python is called in its place.

What a callable raises is kept, and raised again where Python called compiled code. When panics unwind, it leaves compiled code
as a panic does: cleanups run on the way. In abort mode nothing can leave; the callable's result is zero, compiled code goes on,
and until it returns no other callable is run on that thread. From a declaration that is ``nounwind`` nothing leaves either, and
callables are run.

Example: ``bind(declaration, print, codecs, unwinds=True).symbols(name)``.

Invariant: whatever is behind an address is alive as long as the ``Bound`` that names it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from operator import itemgetter
from typing import Any

import attrs

from altru_ir.backend.host import c_api, stubs, thunks
from altru_ir.backend.host.copies import copy_out
from altru_ir.backend.host.values import CFuncPtr, Codecs, NoCodec, Where, address, boolean, integer, limits, real, shown
from altru_ir.backend.lower.entries import host_letter, passed_as
from altru_ir.backend.lower.types import dimensions_of
from altru_ir.module import Function
from altru_ir.types import ArrayType, FloatType, FunctionType, IntType, PtrType, RefType, Type, UsizeType


@attrs.frozen
class Bound:
    """Where an extern is, and what must live as long; ``context`` is what its thunk is given first, None for a C function."""

    address: int
    keep: Any
    context: int | None = None

    @property
    def direct(self) -> bool:
        """Whether it is called as a C function, without a thunk."""
        return self.context is None

    def symbols(self, name: str) -> dict[str, int]:
        """What code that declares it as ``name`` refers to."""
        if self.context is None:
            return {name: self.address}
        return {f"altru.callback.{name}": self.address, f"altru.callable.{name}": self.context}


def ctype_of(type: Type) -> Any:
    """The ctypes type of a scalar as an entry takes it."""
    if isinstance(type, IntType):
        return {
            1: ctypes.c_bool, 8: ctypes.c_int8, 16: ctypes.c_int16, 32: ctypes.c_int32, 64: ctypes.c_int64,
        }[type.bits]  # fmt: skip
    if isinstance(type, UsizeType):
        return ctypes.c_size_t
    if isinstance(type, FloatType):
        return ctypes.c_float if type.bits == 32 else ctypes.c_double
    return ctypes.c_void_p


def is_foreign(value: Any) -> bool:
    """Whether an extern is a C function already: of ctypes, or an address."""
    return isinstance(value, CFuncPtr) or (isinstance(value, int) and not isinstance(value, bool))


def bind(function: Function, value: Any, codecs: Codecs, *, unwinds: bool) -> Bound:
    """Makes ``value`` callable as the declaration ``function``. Raises ``TypeError`` and ``ValueError`` when it cannot be."""
    if isinstance(value, CFuncPtr):
        _compare(function, value)
        return Bound(ctypes.cast(value, ctypes.c_void_p).value or 0, value)
    if is_foreign(value):
        if not 0 < value < 1 << 64:
            raise ValueError(f"the extern @{function.name} is given the address {value}, where no function is")
        return Bound(value, None)
    if not callable(value):
        raise TypeError(f"the extern @{function.name} takes a callable, a function of ctypes or an address, not {shown(value)}")
    if function.signature.type.variadic:
        raise TypeError(
            f"the extern @{function.name} is variadic, which a Python callable cannot be; pass a function of ctypes"
        )
    if not c_api.is_possible():
        raise TypeError(f"the extern @{function.name} cannot be a callable of this Python; pass a function of ctypes")
    try:
        thunk = _thunk(function, value, codecs, goes_on=not unwinds)
    except NoCodec as error:
        raise TypeError(f"the extern @{function.name} cannot be a Python callable: {error}") from None
    return Bound(thunk.address, thunk, thunk.context)


def _compare(function: Function, value: Any) -> None:
    """Checks the argtypes of a function of ctypes, where it has some, and then its restype. Raises ``TypeError``."""
    given = value.argtypes
    type = function.signature.type
    if given is None:  # its restype may be what ctypes takes it to be
        return
    result = ctype_of(type.result) if passed_as(type.result) == "scalar" else None
    floats = (ctypes.c_float, ctypes.c_double)
    if (value.restype in floats or result in floats) and value.restype is not result:
        gives = getattr(value.restype, "__name__", "nothing")
        raise TypeError(f"the extern @{function.name} has type `{type}`, and the function of ctypes gives {gives}")
    if type.variadic:
        wanted = len(given) <= len(type.parameters)
    else:
        parts = [part for each in type.parameters for part in _sizes(each)]
        wanted = len(given) == len(parts) and all(
            not hasattr(one, "_type_") or size is None or ctypes.sizeof(one) == size for one, size in zip(given, parts)
        )
    if not wanted:
        names = ", ".join(getattr(one, "__name__", str(one)) for one in given)
        raise TypeError(f"the extern @{function.name} has type `{type}`, and the function of ctypes takes ({names})")


def _sizes(type: Type) -> list[int | None]:
    kind = passed_as(type)
    if kind == "nothing":
        return []
    if kind == "parts":
        return [8] * (1 + dimensions_of(type))
    return [None] if kind == "memory" else [ctypes.sizeof(ctype_of(type))]


Getter = Callable[[tuple[Any, ...]], Any]
"""Finds a value among what a thunk gives."""


def _thunk(function: Function, value: Callable[..., Any], codecs: Codecs, *, goes_on: bool) -> thunks.Thunk:
    type = function.signature.type
    where: Where = (f"the result of the extern @{function.name}", None)
    result, kind = type.result, passed_as(type.result)
    if kind == "parts" or (kind == "scalar" and isinstance(result, (RefType, FunctionType))):
        raise NoCodec(f"a result of type `{result}` would have to outlive the call; return a value")
    letters = ["A"] if kind == "memory" else []
    getters: list[Getter] = []
    after: list[tuple[int, Callable[..., None]]] = []
    for index, each in enumerate(type.parameters):
        at = len(letters)
        given, getter = _parameter(each, at, codecs)
        letters += given
        getters.append(getter)
        if len(given) > 1 and isinstance(each, RefType) and each.mutable:
            after.append((index, _writer_back(at)))
    if kind == "memory":
        called = _adapter(value, getters, after, _result_writer(result, codecs, where))
    elif all(isinstance(each, itemgetter) for each in getters):
        called = value
    else:
        called = _adapter(value, getters, after, None)
    gives, convert = "", None
    if kind == "scalar":
        gives, convert = stubs.signature(ctype_of(result), [])[2:], _converter(result, where)
    return thunks.make(f"{''.join(letters)}->{gives}", called, convert, goes_on=goes_on)


def _parameter(type: Type, at: int, codecs: Codecs) -> tuple[str, Getter]:
    """The letters under which a parameter is given, and what makes a value of that. Raises ``NoCodec``."""
    kind = passed_as(type)
    if kind == "nothing":
        return "", lambda given: None
    if kind == "parts" and isinstance(type, RefType) and isinstance(type.target, ArrayType):
        count = dimensions_of(type)
        return "A" + "N" * count, _slice_getter(type.target.element, at, count, codecs, type.mutable)
    if kind == "memory" or (isinstance(type, RefType) and not type.mutable and not type.target.is_unsized):
        inner = codecs.of(type.target if isinstance(type, RefType) else type)
        return "A", lambda given: inner.read(ctypes.string_at(given[at], inner.size), 0)
    if kind == "scalar" and isinstance(type, (IntType, UsizeType, FloatType, PtrType)):
        return host_letter(type), itemgetter(at)
    raise NoCodec(f"values of type `{type}` do not cross between Python and compiled code")


def _adapter(
    value: Callable[..., Any],
    getters: list[Getter],
    after: list[tuple[int, Callable[..., None]]],
    store: Callable[[int, Any], None] | None,
) -> Callable[..., Any]:
    def adapter(*given: Any) -> Any:
        values = [get(given) for get in getters]
        found = value(*values)
        for index, write in after:
            write(given, values[index])
        if store is not None:
            store(given[0], found)
        return found

    return adapter


def _slice_getter(element: Type, at: int, count: int, codecs: Codecs, mutable: bool) -> Getter:
    codec = codecs.of(element)
    if mutable and codec.code is None:
        raise NoCodec(f"exclusive slices of `{element}` do not cross between Python and compiled code")

    def get(given: tuple[Any, ...]) -> Any:
        found = copy_out(given[at], list(given[at + 1 : at + 1 + count]), element, codecs)
        return memoryview(bytearray(found)) if mutable and isinstance(found, bytes) else found

    return get


def _writer_back(at: int) -> Callable[..., None]:
    def write(given: tuple[Any, ...], view: Any) -> None:
        data = view.tobytes() if isinstance(view, memoryview) else b""  # a matrix without elements is a tuple
        if data:
            ctypes.memmove(given[at], data, len(data))

    return write


def _result_writer(type: Type, codecs: Codecs, where: Where) -> Callable[[int, Any], None]:
    codec = codecs.of(type)

    def store(out: int, value: Any) -> None:
        memory = bytearray(codec.size)
        codec.write(memory, 0, value, where)
        ctypes.memmove(out, bytes(memory), codec.size)

    return store


def _converter(type: Type, where: Where) -> Callable[[Any], Any]:
    if isinstance(type, IntType) and type.bits == 1:
        return lambda value: boolean(value, type, where)
    if isinstance(type, (IntType, UsizeType)):
        least, most = limits(type)
        return lambda value: integer(value, type, least, most, where)
    if isinstance(type, FloatType):
        return lambda value: real(value, type, type.bits, where)
    return lambda value: address(value, type, where)


__all__ = ["Bound", "bind", "ctype_of", "is_foreign"]
