"""Stubs: functions of Python, in machine code, that call an address with numbers.

What ctypes finds out about a prototype at each call is the same each time. A stub is that call written once, for all
functions of one signature, against Python's stable ABI (``c_api.py`` has the letters of a signature):

    stub(address, [x])          with signature `q->q`
        n = take(x)                                     no int of 64 bits: `Refused`, nothing is called
        PyEval_SaveThread()                             compiled code runs without the GIL
        r = address(n)
        PyEval_RestoreThread()
        give(r)

(1) A stub runs nobody's code before it calls: what is no int or float itself, or does not fit, raises ``Refused``, and nothing
    else raises that. Who calls the stub converts then, or says what is wrong; so nothing is called and nobody asked twice.
(2) Owners are values as well: ``M`` takes an address out of a cell (``owners.py``), and ``Mnn`` two lengths behind it, when all
    arguments are fine; ``O`` as a result stores one where the first argument says. A cell that is empty, or held, is refused.
(3) What a callable of Python has raised meanwhile (``thunks.py``) is raised by the stub, in one step with its return: there is
    no moment at which a signal could take the place of it.

Example: ``make("q->q", address, keep)(5)``.

Invariant: ``keep`` lives as long as the function that was made, and so does what a call of it that is running needs. The code
of stubs is never unmapped; there is one for each signature. Source: Python/C API reference manual, "Stable Application Binary
Interface" (``METH_FASTCALL`` is part of it since Python 3.10).
"""

from __future__ import annotations

import ctypes
import re
from functools import cache
from typing import Any

import attrs

from altru_ir.backend.host import c_api
from altru_ir.backend.host.c_api import NATIVE

STORED = object()
"""In place of a type of ctypes: the result is an address that is stored where the first argument says."""


@attrs.frozen
class Moved:
    """In place of a type of ctypes: an owner, by the place of its cell, with so many lengths."""

    lengths: int


@c_api.immortal
class Refused(Exception):
    """Raised by a stub for arguments that it does not take."""


are_possible = c_api.is_possible

_FAST = 0x80
"""``METH_FASTCALL``: an array of arguments and how many there are."""

_LETTERS = {
    ctypes.c_bool: "?", ctypes.c_int8: "b", ctypes.c_int16: "h", ctypes.c_int32: "i", ctypes.c_int64: "q", ctypes.c_size_t: "N",
    ctypes.c_float: "f", ctypes.c_double: "d", ctypes.c_void_p: "P", None: "",
}  # fmt: skip


class Kept(ctypes.Structure):
    """Whether a callable has raised something that is on its way through compiled code, on any thread, and what raises it."""

    _fields_ = [("count", ctypes.c_uint32), ("raises", ctypes.c_void_p)]


KEPT = c_api.immortal(Kept())
"""It is written by the code of ``thunks.py``, which holds the GIL."""

KEPT_SYMBOL = "altru.kept"
_REFUSED_SYMBOL = "altru.refused"

_GLOBALS = f"""
@{KEPT_SYMBOL} = external global {{ i32, ptr }}
@{_REFUSED_SYMBOL} = external global i8
"""


class _Method(ctypes.Structure):
    """``PyMethodDef``."""

    _fields_ = [("name", ctypes.c_char_p), ("call", ctypes.c_void_p), ("flags", ctypes.c_int), ("doc", ctypes.c_char_p)]


_methods: dict[str, _Method] = {}


def signature(restype: Any, argtypes: list[Any]) -> str:
    """The letters of types of ctypes."""
    taken = ["M" + "n" * each.lengths if isinstance(each, Moved) else _LETTERS[each] for each in argtypes]
    return f"{''.join(taken)}->{'O' if restype is STORED else _LETTERS[restype]}"


def make(letters: str, address: int, keep: Any) -> Any:
    """A Python function that calls ``address`` with the platform's C convention; it keeps ``keep``."""
    method = _methods.get(letters)
    if method is None:  # two threads may make one of a signature at once; the first that is put there stays
        method = _methods.setdefault(letters, _method(letters))
    return _new()(ctypes.addressof(method), address, (keep,))


@cache
def _new() -> Any:
    prototype = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.py_object, ctypes.py_object)
    return prototype(("PyCFunction_NewEx", ctypes.pythonapi))


def _method(letters: str) -> _Method:
    """A stub of a signature, with its code."""
    symbols = {KEPT_SYMBOL: ctypes.addressof(KEPT), _REFUSED_SYMBOL: id(Refused)}
    return c_api.immortal(_Method(b"call", c_api.link(stub_text(letters), ["stub"], symbols)[0], _FAST, None))


def stub_text(letters: str) -> str:
    """The stub of a signature, in LLVM's language."""
    all, _, given = letters.partition("->")
    taken = re.findall("Mn*|[^M]", all)
    lines = [f"  %fits = icmp eq i64 %count, {len(taken)}", "  br i1 %fits, label %take0, label %odd"]
    for index, letter in enumerate(taken):
        lines += [f"take{index}:", f"  %at{index} = getelementptr ptr, ptr %given, i64 {index}"]
        lines += [f"  %o{index} = load ptr, ptr %at{index}", c_api.take("P" if letter[0] == "M" else letter, index)]
        lines += [f"odd{index}:", "  br label %odd", f"next{index}:", f"  br label %take{index + 1}"]
    lines += [f"take{len(taken)}:", *_moves(taken)]
    words = [_words(letter, index) for index, letter in enumerate(taken)]
    arguments = ", ".join(words[1:] if given == "O" else words)
    call = f"%r = call {NATIVE.get(given, 'ptr')}" if given else "call void"
    lines += ["  %code = call ptr @PyLong_AsVoidPtr(ptr %self)"]
    lines += ["  %state = call ptr @PyEval_SaveThread()", f"  {call} %code({arguments})"]
    lines += ["  call void @PyEval_RestoreThread(ptr %state)", f"  %kept = load i32, ptr @{KEPT_SYMBOL}"]
    lines += ["  %none = icmp eq i32 %kept, 0", "  br i1 %none, label %give, label %ask", "ask:"]
    lines += [f"  %cell = getelementptr {{ i32, ptr }}, ptr @{KEPT_SYMBOL}, i64 0, i32 1", "  %raise = load ptr, ptr %cell"]
    lines += ["  %own = call i8 %raise()", "  %others = icmp eq i8 %own, 0", "  br i1 %others, label %give, label %raised"]
    lines += ["give:"]
    if given == "O":
        lines.append("  store ptr %r, ptr %a0")
    if given not in ("", "O"):
        lines += [*c_api.give(given, "%r", "%o"), "  ret ptr %o"]
    else:
        lines += ["  call void @Py_IncRef(ptr @_Py_NoneStruct)", "  ret ptr @_Py_NoneStruct"]
    lines += ["odd:", f"  call void @PyErr_SetNone(ptr @{_REFUSED_SYMBOL})", "  ret ptr null", "raised:", "  ret ptr null"]
    return "\n".join([_GLOBALS, "define internal ptr @stub(ptr %self, ptr %given, i64 %count) uwtable {", *lines, "}", ""])


def _moves(taken: list[str]) -> list[str]:
    """The lines that empty the cells of all owners that are moved, or none of them."""
    lines, before = [], "odd"
    for index, letter in enumerate(taken):
        if letter[0] != "M":
            continue
        lines += [f"  %held{index} = load i64, ptr %a{index}", f"  %free{index} = icmp eq i64 %held{index}, 0"]
        lines += [f"  %c{index} = getelementptr i64, ptr %a{index}, i64 1", f"  %w{index}.0 = load ptr, ptr %c{index}"]
        lines += [f"  %full{index} = icmp ne ptr %w{index}.0, null", f"  %good{index} = and i1 %free{index}, %full{index}"]
        lines += [f"  br i1 %good{index}, label %empty{index}, label %{before}", f"undo{index}:"]
        lines += [f"  store ptr %w{index}.0, ptr %c{index}", f"  br label %{before}", f"empty{index}:"]
        for part in range(1, len(letter)):
            lines.append(f"  %l{index}.{part} = getelementptr i64, ptr %a{index}, i64 {part + 1}")
            lines.append(f"  %w{index}.{part} = load i64, ptr %l{index}.{part}")
        lines.append(f"  store ptr null, ptr %c{index}")
        before = f"undo{index}"
    return lines


def _words(letter: str, index: int) -> str:
    """The arguments that are passed for one that was taken."""
    if letter[0] != "M":
        return f"{NATIVE[letter]} %a{index}"
    return ", ".join([f"ptr %w{index}.0", *(f"i64 %w{index}.{part}" for part in range(1, len(letter)))])


__all__ = ["KEPT", "KEPT_SYMBOL", "STORED", "Moved", "Refused", "are_possible", "make", "signature", "stub_text"]
