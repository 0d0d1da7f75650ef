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
(2) What a callable of Python has raised meanwhile (``thunks.py``) is raised by the stub, in one step with its return: there is
    no moment at which a signal could take the place of it.

Example: ``make("q->q", address, keep)(5)``.

Invariant: ``keep`` lives as long as the function that was made, and so does what a call of it that is running needs. The code
of stubs is never unmapped; there is one for each signature. Source: Python/C API reference manual, "Stable Application Binary
Interface" (``METH_FASTCALL`` is part of it since Python 3.10).
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

from altru_ir.backend.host import c_api
from altru_ir.backend.host.c_api import NATIVE


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
    return f"{''.join(_LETTERS[each] for each in argtypes)}->{_LETTERS[restype]}"


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
    taken, _, given = letters.partition("->")
    lines = [f"  %fits = icmp eq i64 %count, {len(taken)}", "  br i1 %fits, label %take0, label %odd"]
    for index, letter in enumerate(taken):
        lines += [f"take{index}:", f"  %at{index} = getelementptr ptr, ptr %given, i64 {index}"]
        lines += [f"  %o{index} = load ptr, ptr %at{index}", c_api.take(letter, index)]
        lines += [f"odd{index}:", "  br label %odd", f"next{index}:", f"  br label %take{index + 1}"]
    arguments = ", ".join(f"{NATIVE[letter]} %a{index}" for index, letter in enumerate(taken))
    call = f"%r = call {NATIVE[given]}" if given else "call void"
    lines += [f"take{len(taken)}:", "  %code = call ptr @PyLong_AsVoidPtr(ptr %self)"]
    lines += ["  %state = call ptr @PyEval_SaveThread()", f"  {call} %code({arguments})"]
    lines += ["  call void @PyEval_RestoreThread(ptr %state)", f"  %kept = load i32, ptr @{KEPT_SYMBOL}"]
    lines += ["  %none = icmp eq i32 %kept, 0", "  br i1 %none, label %give, label %ask", "ask:"]
    lines += [f"  %cell = getelementptr {{ i32, ptr }}, ptr @{KEPT_SYMBOL}, i64 0, i32 1", "  %raise = load ptr, ptr %cell"]
    lines += ["  %own = call i8 %raise()", "  %others = icmp eq i8 %own, 0", "  br i1 %others, label %give, label %raised"]
    lines += ["give:"]
    if given:
        lines += [*c_api.give(given, "%r", "%o"), "  ret ptr %o"]
    else:
        lines += ["  call void @Py_IncRef(ptr @_Py_NoneStruct)", "  ret ptr @_Py_NoneStruct"]
    lines += ["odd:", f"  call void @PyErr_SetNone(ptr @{_REFUSED_SYMBOL})", "  ret ptr null", "raised:", "  ret ptr null"]
    return "\n".join([_GLOBALS, "define internal ptr @stub(ptr %self, ptr %given, i64 %count) uwtable {", *lines, "}", ""])


__all__ = ["KEPT", "KEPT_SYMBOL", "Refused", "are_possible", "make", "signature", "stub_text"]
