"""The host's functions as externs of compiled code: Python callables, and functions that ctypes knows.

A declaration `func @ask(%n: i64) -> i64` that is given `externs={"ask": f}` calls `f` with an int and takes an int back, under
the same rules as calls in the other direction. Slices come as copies (`bytes` for `i8`, else a ``memoryview``), so that nobody
holds memory that is gone; what is written into the copy of an exclusive slice is stored when the callable returns.

What a callable raises is kept, and raised again where Python called compiled code. When panics unwind, it leaves compiled code
as a panic does: cleanups run on the way. In abort mode nothing can leave; the callable's result is zero, compiled code goes on,
and until it returns no other callable is run on that thread. A declaration that is ``nounwind`` is treated so in both modes.

Example: ``bind(declaration, print, codecs, pending).address``.

Invariant: whatever is behind an address is alive as long as the ``Bound`` that names it.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import Any

import attrs

from altru_ir.backend.host.buffers import copy_out
from altru_ir.backend.host.values import CFuncPtr, Codecs, NoCodec, Where, address, boolean, integer, limits, real, shown
from altru_ir.backend.lower.entries import FAILED, TAKE_FAILURE, passed_as
from altru_ir.backend.lower.types import dimensions_of
from altru_ir.module import Function
from altru_ir.runtime import panics
from altru_ir.types import ArrayType, FloatType, FunctionType, IntType, PtrType, RefType, Type, UsizeType


class Pending:
    """Exceptions of callables that have not reached their caller yet, by thread.

    When panics unwind, the function that has called the callable panics at once: it sees that ``failures`` is not 0 and asks
    ``_take`` whether that is its own. Otherwise compiled code goes on until it returns, and no other callable is run meanwhile.
    """

    def __init__(self, *, unwinds: bool) -> None:
        self.exceptions: dict[int, BaseException] = {}
        self.unwinds = unwinds
        self._fresh: set[int] = set()
        self._failures = ctypes.c_uint32(0)
        self._take = ctypes.CFUNCTYPE(ctypes.c_uint8)(self._take_own)

    def symbols(self) -> dict[str, int]:
        """What compiled code refers to."""
        return {FAILED: ctypes.addressof(self._failures), TAKE_FAILURE: ctypes.cast(self._take, ctypes.c_void_p).value or 0}

    def failed(self, error: BaseException) -> None:
        """Keeps what a callable has raised until compiled code has returned, or was left, on this thread."""
        thread = threading.get_ident()
        self.exceptions[thread] = error
        if self.unwinds:
            self._fresh.add(thread)
            self._failures.value = len(self._fresh)

    def _take_own(self) -> int:
        thread = threading.get_ident()
        if thread not in self._fresh:
            return 0
        self._fresh.discard(thread)
        self._failures.value = len(self._fresh)
        return 1

    def goes_on(self) -> bool:
        """Whether a callable is not to be run, because the exception of another one is on its way."""
        return not self.unwinds and threading.get_ident() in self.exceptions

    def raise_own(self) -> None:
        """Raises what was kept for this thread, if anything."""
        error = self.exceptions.pop(threading.get_ident(), None)
        if error is None:
            return
        self._take_own()
        if self.unwinds:
            panics.take()  # the panic that brought it here
        raise error


def make_room(levels: int = 16) -> None:
    """Raises ``RecursionError`` where a callable could not be entered: inside, nobody would hear of it."""
    if levels:
        make_room(levels - 1)


@attrs.frozen
class Bound:
    """Where an extern is, and what must live as long: ``direct`` when it is called as a C function without a thunk."""

    address: int
    keep: Any
    direct: bool


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


def bind(function: Function, value: Any, codecs: Codecs, pending: Pending) -> Bound:
    """Makes ``value`` callable as the declaration ``function``. Raises ``TypeError`` and ``ValueError`` when it cannot be."""
    if isinstance(value, CFuncPtr):
        _compare(function, value)
        return Bound(ctypes.cast(value, ctypes.c_void_p).value or 0, value, True)
    if is_foreign(value):
        if not 0 < value < 1 << 64:
            raise ValueError(f"the extern @{function.name} is given the address {value}, where no function is")
        return Bound(value, None, True)
    if not callable(value):
        raise TypeError(f"the extern @{function.name} takes a callable, a function of ctypes or an address, not {shown(value)}")
    if function.signature.type.variadic:
        raise TypeError(
            f"the extern @{function.name} is variadic, which a Python callable cannot be; pass a function of ctypes"
        )
    try:
        thunk = _thunk(function, value, codecs, pending)
    except NoCodec as error:
        raise TypeError(f"the extern @{function.name} cannot be a Python callable: {error}") from None
    return Bound(ctypes.cast(thunk, ctypes.c_void_p).value or 0, thunk, False)


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


def _thunk(function: Function, value: Callable[..., Any], codecs: Codecs, pending: Pending) -> Any:
    type = function.signature.type
    getters: list[tuple[int, Callable[..., Any]]] = []
    after: list[tuple[int, Callable[..., None]]] = []
    kinds: list[Any] = []
    for index, each in enumerate(type.parameters):
        kind, at = passed_as(each), len(kinds)
        if kind == "nothing":
            getters.append((at, lambda given, at: None))
        elif kind == "parts":
            if not (isinstance(each, RefType) and isinstance(each.target, ArrayType)):
                raise NoCodec(f"values of type `{each}` do not cross between Python and compiled code")
            count = dimensions_of(each)
            getters.append((at, _slice_getter(each.target.element, count, codecs, each.mutable)))
            if each.mutable:
                after.append((index, _slice_writer(at, each.target.element, count, codecs)))
            kinds += [ctypes.c_void_p] + [ctypes.c_size_t] * count
        elif kind == "memory" or (isinstance(each, RefType) and not each.mutable):
            inner = codecs.of(each.target if isinstance(each, RefType) else each)
            getters.append((at, lambda given, at, inner=inner: inner.read(ctypes.string_at(given[at], inner.size), 0)))
            kinds.append(ctypes.c_void_p)
        elif isinstance(each, (IntType, UsizeType, FloatType, PtrType)):
            getters.append((at, lambda given, at: given[at]))
            kinds.append(ctype_of(each))
        else:
            raise NoCodec(f"values of type `{each}` do not cross between Python and compiled code")
    where: Where = (f"the result of the extern @{function.name}", None)
    result = type.result
    kind = passed_as(result)
    restype = ctype_of(result) if kind == "scalar" else None
    zero = None if restype is None else restype().value or 0
    store: Callable[[int, Any], None] | None = None
    size = 0
    if kind == "memory":
        store, size = _result_writer(result, codecs, where), codecs.of(result).size
        kinds.insert(0, ctypes.c_void_p)
    elif kind == "parts" or (kind == "scalar" and isinstance(result, (RefType, FunctionType))):
        raise NoCodec(f"a result of type `{result}` would have to outlive the call; return a value")
    convert = _converter(result, where) if kind == "scalar" else None
    exceptions = pending.exceptions

    def thunk(*given: Any) -> Any:
        out = 0
        if store is not None:
            out, given = given[0], given[1:]
        try:
            if not (exceptions and pending.goes_on()):
                values = [get(given, at) for at, get in getters]
                found = value(*values)
                for index, write in after:
                    write(given, values[index])
                if store is not None:
                    store(out, found)
                    return None
                return zero if convert is None else convert(found)
        except BaseException as error:  # whatever it is, it must not reach the compiled code's frames
            pending.failed(error)
        if store is not None:
            ctypes.memset(out, 0, size)
        return zero

    return ctypes.CFUNCTYPE(restype, *kinds)(thunk)


def _slice_getter(element: Type, count: int, codecs: Codecs, mutable: bool) -> Callable[..., Any]:
    codec = codecs.of(element)
    if mutable and codec.code is None:
        raise NoCodec(f"exclusive slices of `{element}` do not cross between Python and compiled code")

    def get(given: list[Any], at: int) -> Any:
        lengths = list(given[at + 1 : at + 1 + count])
        found = copy_out(given[at] or 0, lengths, element, codecs)
        return memoryview(bytearray(found)) if mutable and isinstance(found, bytes) else found

    return get


def _slice_writer(at: int, element: Type, count: int, codecs: Codecs) -> Callable[..., None]:
    def write(given: list[Any], view: memoryview) -> None:
        data = view.tobytes()
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


__all__ = ["Bound", "Pending", "bind", "ctype_of", "is_foreign", "make_room"]
