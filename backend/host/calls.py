"""The Python function for a compiled one: written for its signature, so that a call does only what that signature needs.

For ``func @f(%x: i64, %y: f64) -> f64`` the source is

    def f(x, y, /):
        try:
            return _native(x, y)
        except _REFUSED:
            pass
        x = _take0(x)
        y = _take1(y)
        return _native(x, y)

``_native`` is a stub (``stubs.py``), which lets the usual values through at once; everything else goes to functions that
convert or raise errors that name the parameter. ``_REFUSED`` is what a stub raises, and nobody else, before anything is called
or anyone's ``__index__`` asked; so nothing happens twice. Where Python has no stubs a prototype of ctypes serves, behind
conditions on what it would cut off or ask. Where memory
is borrowed a ``Loan`` is opened and ended around the call, and a result is copied out of memory before that. Slices of one
dimension have a usual case as well, a writable contiguous buffer of the right elements:

            _view0 = _view(xs)
            if _view0.format in _formats0 and _view0.ndim == 1 and _view0.c_contiguous:
                _held0 = _hold(_view0)
                _at0 = _address(_held0)

Both hold the buffer and are gone before anything is raised. ``_native`` is looked up at each call, so that a function can be
unloaded under its name.

Example: ``make_call(Callee("f", type, ("x",)), codecs, address, unit, unwinds=False)[0](1)``.
"""

from __future__ import annotations

import ctypes
import keyword
import struct
from typing import Any

import attrs

from altru_ir.backend.host import stubs
from altru_ir.backend.host.buffers import ReferenceTaker, SliceTaker
from altru_ir.backend.host.callbacks import ctype_of
from altru_ir.backend.host.copies import copy_out
from altru_ir.backend.host.formats import matches
from altru_ir.backend.host.loans import Loan, Scratch
from altru_ir.backend.host.natives import forgetting, make_native, raise_panic
from altru_ir.backend.host.owners import Owned, Release, crosses, move, taker
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
from altru_ir.faults import Panic
from altru_ir.layout import layout_of
from altru_ir.runtime import panics
from altru_ir.types import (
    UNIT,
    ArrayType,
    FloatType,
    FunctionType,
    IntType,
    OwnType,
    PtrType,
    RefType,
    Type,
    UsizeType,
    spell_name,
)


@attrs.frozen
class Callee:
    """What a caller sees of a function: its name, its type and the names of its parameters."""

    name: str
    type: FunctionType
    names: tuple[str | None, ...]

    def __str__(self) -> str:
        """``func @f(%x: i64) -> i64``."""
        parameters = ", ".join(
            f"%{name or index}: {each}" for index, (name, each) in enumerate(zip(self.names, self.type.parameters))
        )
        return f"func @{spell_name(self.name)}({parameters})" + ("" if self.type.result is UNIT else f" -> {self.type.result}")


def unit_of(handle: Any) -> Any:
    """The unit of a handle that ``make_call`` has made; None for anything else, and for a function that was unloaded."""
    namespace = getattr(handle, "__globals__", None)
    return namespace.get("_unit") if isinstance(namespace, dict) else None


class _Writer:
    """The source of one function, and what it refers to."""

    def __init__(self, callee: Callee, codecs: Codecs, unit: Any) -> None:
        self.callee = callee
        self.unit = unit
        self.codecs = codecs
        self.namespace: dict[str, Any] = {"_Loan": Loan}
        self.before: list[str] = []
        self.usual: list[str] = []
        self.arguments: list[str] = []
        self.ctypes: list[Any] = []
        self.borrows = False
        self.strict: list[str] = []
        self.quick: list[tuple[list[str], str]] = []
        self.quick_arguments: list[str] = []
        self.is_quick = True
        self.moves: list[str] = []
        references = [each for each in callee.type.parameters if isinstance(each, RefType)]
        self.writes = any(each.mutable for each in references)
        self.alone = len(references) == 1 or not self.writes

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
            self.usual.append(f"{name} is None")
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
            self.usual.append(f"{name} is None")
            self.strict.append(f"{name} is None")
            take = lambda value: address(value, type, where)  # noqa: E731
        self.namespace[taking] = take
        self.arguments.append(name)
        self.quick_arguments.append(name)
        self.ctypes.append(ctype_of(type))

    def function(self, taking: str, name: str, type: FunctionType, where: Where) -> None:
        """A compiled function, by a handle: compiled code calls it directly, and may keep it as long as it lives itself."""
        own = self.unit

        def take(value: Any) -> int:
            unit = unit_of(value)
            known = unit.find(value.__name__) if unit is not None else None
            if known is None:
                raise wrong(where, type, "a compiled function", value)
            found, address = known
            if found.erased is not type.erased:
                raise TypeError(f"{spell(where)} has type `{type}`, and @{value.__name__} has type `{found}`")
            if unit is not own and unit not in own.needs:
                own.needs.append(unit)
            return int(address)

        self.namespace[taking] = take
        self.is_quick = False
        self.before.append(f"{name} = {taking}({name})")
        self.usual.append("False")
        self.arguments.append(name)
        self.ctypes.append(ctypes.c_void_p)

    def owner(self, taking: str, name: str, type: OwnType, where: Where) -> None:
        """An owner, by its place: the stub takes it out of there when all arguments are known."""
        self.is_quick = False
        self.namespace |= {taking: taker(type, where), "_move": move}
        self.before.append(f"_{name}_place = {taking}({name})")
        self.arguments.append(f"_{name}_place")
        self.ctypes.append(stubs.Moved(dimensions_of(type)))
        self.moves.append(name)

    def reference(self, index: int, taking: str, name: str, type: RefType, where: Where) -> None:
        """A slice as its parts, a thin reference as an address."""
        self.borrows = True
        count = dimensions_of(type)
        if count == 1 and self.alone and isinstance(type.target, ArrayType):
            self.slice(index, name, type, type.target.element)
        else:
            self.is_quick = False
        if count:
            self.namespace[taking] = SliceTaker(type, self.codecs, where, alone=self.alone).take
            parts = [f"_{name}_{part}" for part in range(count + 1)]
            self.before.append(f"{', '.join(parts)} = {taking}({name}, _loan)")
            self.arguments += parts
            self.ctypes += [ctypes.c_void_p] + [ctypes.c_size_t] * count
            return
        if isinstance(type.target, ArrayType) and type.target.is_unsized:
            raise NoCodec(f"values of type `{type}` do not cross between Python and compiled code")
        self.namespace[taking] = ReferenceTaker(type, self.codecs, where).take
        self.before.append(f"{name} = {taking}({name}, _loan)")
        self.arguments.append(name)
        self.ctypes.append(ctypes.c_void_p)

    def slice(self, index: int, name: str, type: RefType, element: Type) -> None:
        """The usual case of a slice: lines that give ``_at`` and ``_view``, and the last of the conditions."""
        layout = layout_of(element, self.codecs.module)
        formats = frozenset(c for c in "?bBhHiIlLqQnNfd" if matches(c, struct.calcsize(c), element, self.codecs.module))
        if not formats or not layout.size:
            self.is_quick = False
            return
        self.namespace[f"_formats{index}"] = formats
        self.namespace |= {"_view": memoryview, "_hold": ctypes.c_char.from_buffer, "_address": ctypes.addressof}
        view = f"_view{index}"
        lines = [
            f"{view} = _view({name})",
            f"if {view}.format in _formats{index} and {view}.ndim == 1 and {view}.c_contiguous:",
            f"    _held{index} = _hold({view})",
            f"    _at{index} = _address(_held{index})",
        ]
        self.quick.append((lines, f"not _at{index} % {layout.align}"))
        self.quick_arguments += [f"_at{index}", f"{view}.nbytes // {layout.size}"]

    def quickly(self, after: list[str], result: str) -> list[str]:
        """The usual case of a call that borrows slices and nothing else; empty where there is none."""
        if not self.is_quick or not self.quick or result not in ("_result", "None"):
            return []
        lines = [f"if {' and '.join(self.strict)}:"] if self.strict else ["if True:"]
        depth = "    "
        for opened, last in self.quick:
            lines += [depth + line for line in opened]
            lines.append(f"{depth}    if {last}:")
            depth += "        "
        lines.append(f"{depth}_usual = True")
        numbers = [line.split(" = ")[0] for opened, _ in self.quick for line in (opened[0], opened[2].strip())]
        given_back = " = ".join([*numbers, "None"])
        self.namespace["_NO_VIEW"] = NO_VIEW
        return [
            "_usual = False",
            "try:",
            "    try:",
            *(f"        {line}" for line in lines),
            "    except _NO_VIEW as _error:",
            "        if _error.__traceback__.tb_next: raise  # of a signal handler, or of the value's own __buffer__",
            f"    if _usual: _result = _native({', '.join(self.quick_arguments)})",
            "finally:",
            f"    {given_back}",
            "if _usual:",
            *(f"    {line}" for line in after if line != "_loan.returned()"),
            "    return _result",
        ]

    def memory(self, taking: str, name: str, type: Type, where: Where) -> None:
        """An aggregate, written to memory."""
        self.borrows = True
        self.is_quick = False
        codec = self.codecs.of(type)

        def take(value: Any, loan: Loan) -> int:
            scratch = loan.scratch(codec.size, codec.align)
            codec.write(scratch.memory, 0, value, where)
            return scratch.address

        self.namespace[taking] = take
        self.before.append(f"{name} = {taking}({name}, _loan)")
        self.arguments.append(name)
        self.ctypes.append(ctypes.c_void_p)

    def result(self) -> tuple[Any, list[str], str, str]:
        """The ctypes type of the result, the lines before the call, the call, and what it gives. Raises ``NoCodec``."""
        type = self.callee.type.result
        kind = passed_as(type)
        slice = dimensions_of(type) if isinstance(type, RefType) or crosses(type) else 0
        if kind == "nothing":
            return None, [], self.call(), "None"
        if kind == "scalar" and isinstance(type, (IntType, UsizeType, FloatType, PtrType)):
            return ctype_of(type), [], self.call(), "_result"
        if isinstance(type, OwnType) and crosses(type):
            release: Release = self.unit.releases[type.erased]
            codecs = self.codecs
            self.namespace["_owned"] = lambda: Owned(type, release, codecs)  # before the call: its result is never nobody's
            self.ctypes.insert(0, ctypes.c_void_p)
            self.arguments.insert(0, "_made.place + 8")
            return None if slice else stubs.STORED, ["_made = _owned()"], self.call(), "_made"
        if isinstance(type, RefType) and kind == "scalar" and not type.target.is_unsized:
            inner = self.codecs.of(type.target)
            self.namespace["_read"] = lambda found: inner.read(ctypes.string_at(found, inner.size), 0)
            return ctypes.c_void_p, [], self.call(), "_read(_result)"
        if slice and isinstance(type, RefType) and isinstance(type.target, ArrayType):
            element, codecs = type.target.element, self.codecs
            codecs.of(element)

            def read_slice(scratch: Scratch) -> Any:
                words = words_of(scratch, slice)
                return copy_out(words[0], words[1:], element, codecs)

            self.namespace["_read"] = read_slice
            return self.through_memory(8 * (slice + 1), 8)
        if kind == "memory":
            codec = self.codecs.of(type)
            self.namespace["_read"] = lambda scratch: codec.read(scratch.memory, 0)
            return self.through_memory(codec.size, codec.align)
        raise NoCodec(f"values of type `{type}` do not cross between Python and compiled code")

    def through_memory(self, size: int, align: int) -> tuple[Any, list[str], str, str]:
        """A result that is stored where the host says."""
        self.borrows = True
        self.ctypes.insert(0, ctypes.c_void_p)
        self.arguments.insert(0, "_out.address")
        return None, [f"_out = _loan.scratch({size}, {align})"], self.call(), "_read(_out)"

    def call(self) -> str:
        return f"_native({', '.join(self.arguments)})"


def make_call(callee: Callee, codecs: Codecs, entry: int, unit: Any, *, unwinds: bool) -> tuple[Any, dict[str, Any]]:
    """The Python function that calls ``entry``, and its namespace, in which ``_native`` is what it calls.

    Parameters: ``entry``, an address; ``unit``, kept alive by whoever is about to run its code; ``unwinds``, whether panics may
    come here. Raises ``TypeError`` for a signature that cannot be called from Python.
    """
    writer = _Writer(callee, codecs, unit)
    names = parameter_names(callee)
    try:
        for index, (name, each) in enumerate(zip(names, callee.type.parameters, strict=True)):
            writer.take(index, name, each)
        restype, setup, call, result = writer.result()
    except NoCodec as error:
        raise TypeError(f"@{callee.name} cannot be called from Python: {error}") from None
    if not stubs.are_possible():
        writer.usual += writer.strict
    namespace = writer.namespace
    namespace |= {"_native": make_native(entry, restype, writer.ctypes, unit), "_unit": unit}
    refused = stubs.Refused if stubs.are_possible() else (stubs.Refused, ctypes.ArgumentError)
    moved = f"_move(({', '.join(writer.moves)},))"
    body = [*writer.before, *setup]
    after, left = [], []
    if unwinds:
        namespace |= {"_waiting": panics.waiting(), "_raise_panic": raise_panic, "_forget": forgetting()}
        left.append("_forget()")
        after.append("if _waiting.value: _raise_panic()")
    if writer.writes:
        after.append("_loan.returned()")
    again = [f"_result = {call}", *after, f"return {result}"] if after or result != "_result" else [f"return {call}"]
    if writer.moves:
        # All else fits by now, so if it is refused another thread was faster; `_move` says so, or it was a view that is gone.
        namespace["_REFUSED"] = refused
        again = [
            "while True:",
            f"    {moved}",
            "    try:",
            f"        _result = {call}",
            "        break",
            "    except _REFUSED: pass",
        ]
        again += [*after, f"return {result}"]
    elif not writer.borrows and names and result != "_made":
        namespace |= {"_REFUSED": refused, "_Refused": stubs.Refused}
        if writer.usual or after or result != "_result":
            fast = [f"if not ({' and '.join(writer.usual)}): raise _Refused"] if writer.usual else []
            fast = ["try:", *(f"    {line}" for line in [*fast, f"_result = {call}"]), "except _REFUSED: pass"]
            # What is raised behind the call is not to be taken for a refusal: it would be called again.
            fast += ["else:", *(f"    {line}" for line in [*after, f"return {result}"])]
        else:
            fast = ["try:", f"    return {call}", "except _REFUSED: pass"]
        body = [*fast, *body]
    body += again
    if writer.borrows:
        quick = writer.quickly(after, result)
        body = [*quick, "_loan = _Loan()", "try:", *(f"    {line}" for line in body), "finally:", "    _loan.end()"]
    if left:
        # What cannot be told, for lack of room or since a signal came first, is not to be raised by the next call. Neither a
        # stub nor a built-in function needs room.
        namespace["_Panic"] = Panic
        body = ["try:", *(f"    {line}" for line in body), "except _Panic: raise", f"except: {'; '.join(left)}; raise"]
    name = "call"
    source = "\n".join([f"def {name}({', '.join([*names, '/']) if names else ''}):", *(f"    {line}" for line in body), ""])
    exec(compile(source, f"<call of @{callee.name}>", "exec"), namespace)
    made = namespace[name]
    made.__doc__ = str(callee)
    made.__name__ = made.__qualname__ = callee.name
    return made, namespace


NO_VIEW = (TypeError, ValueError, BufferError)
"""What asking for a view of memory raises."""


def words_of(scratch: Scratch, lengths: int) -> list[int]:
    """An address and lengths that compiled code has stored."""
    return [int.from_bytes(scratch.memory[at : at + 8], "little") for at in range(0, 8 * (lengths + 1), 8)]


def parameter_names(callee: Callee) -> list[str]:
    """Names for the parameters as Python allows them, each once."""
    names: list[str] = []
    for index, given in enumerate(callee.names):
        name = given or ""
        fine = name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("_") and name not in _TAKEN
        names.append(name if fine and name not in names else f"_p{index}")
    return names


_TAKEN = frozenset({"type", "int", "float", "True", "False", "None"})
"""What the source of a call itself refers to."""
