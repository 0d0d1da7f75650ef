"""Stubs: functions of Python, in machine code, that call an address with numbers.

What ctypes finds out about a prototype at each call is the same each time. A stub is that call written once, for all
functions of one signature, against Python's stable ABI:

    stub(address, [x])          with signature `q->q`
        n = PyLong_AsLongLong(x)                        no int of 64 bits: its error, nothing is called
        PyEval_SaveThread()                             compiled code runs without the GIL
        r = address(n)
        PyEval_RestoreThread()
        PyLong_FromLongLong(r)

The letters of a signature are those of ``struct``: ``?bhiq`` (integers of 1 to 64 bits), ``N`` (usize), ``f``, ``d``, ``P`` (an
address, or None for null); no result has no letter. A stub takes what ctypes takes, and also what has ``__index__``, but cuts
nothing off: what does not fit raises one of ``REFUSED`` before anything is called. Who calls it says better what is wrong.

Example: ``make("q->q", address, keep)(5)``.

Invariant: ``keep`` lives as long as the function that was made, and so does what a call of it that is running needs. The code
of stubs is never unmapped; there is one for each signature. Source: Python/C API reference manual, "Stable Application Binary
Interface" (``METH_FASTCALL`` is part of it since Python 3.10).
"""

from __future__ import annotations

import ctypes
import hashlib
import re
import sys
from functools import cache
from typing import Any

REFUSED = (TypeError, ValueError, OverflowError)
"""What a stub raises for arguments that it does not take."""

_FAST = 0x80
"""``METH_FASTCALL``: an array of arguments and how many there are."""

_NATIVE = {"?": "i8", "b": "i8", "h": "i16", "i": "i32", "q": "i64", "N": "i64", "f": "float", "d": "double", "P": "ptr"}
_LETTERS = {
    ctypes.c_bool: "?", ctypes.c_int8: "b", ctypes.c_int16: "h", ctypes.c_int32: "i", ctypes.c_int64: "q", ctypes.c_size_t: "N",
    ctypes.c_float: "f", ctypes.c_double: "d", ctypes.c_void_p: "P", None: "",
}  # fmt: skip

_HEAD = """
@_Py_NoneStruct = external global i8
@_Py_TrueStruct = external global i8
@_Py_FalseStruct = external global i8
declare float @llvm.fabs.f32(float)
declare double @llvm.fabs.f64(double)
declare i64 @PyLong_AsLongLong(ptr)
declare i64 @PyLong_AsSize_t(ptr)
declare ptr @PyLong_AsVoidPtr(ptr)
declare double @PyFloat_AsDouble(ptr)
declare ptr @PyLong_FromLongLong(i64)
declare ptr @PyLong_FromSize_t(i64)
declare ptr @PyLong_FromVoidPtr(ptr)
declare ptr @PyFloat_FromDouble(double)
declare ptr @PyBool_FromLong(i64)
declare void @Py_IncRef(ptr)
declare ptr @PyErr_Occurred()
declare i32 @PyErr_BadArgument()
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)
"""


_START = """
take$:
  %at$ = getelementptr ptr, ptr %given, i64 $
  %o$ = load ptr, ptr %at$
"""

# What is returned for an error may be a value as well; only then it is asked whether there was one.
_ASK = """
ask$:
  %error$ = call ptr @PyErr_Occurred()
  %fine$ = icmp eq ptr %error$, null
  br i1 %fine$, label %NEXT, label %raised
"""

_WORD = """
  %a$ = call i64 @TAKING(ptr %o$)
  %odd$ = icmp eq i64 %a$, -1
  br i1 %odd$, label %ask$, label %NEXT
"""

_SMALL = """
  %w$ = call i64 @PyLong_AsLongLong(ptr %o$)
  %a$ = trunc i64 %w$ to NATIVE
  %back$ = sext NATIVE %a$ to i64
  %odd$ = icmp eq i64 %w$, -1
  br i1 %odd$, label %ask$, label %fit$
fit$:
  %same$ = icmp eq i64 %back$, %w$
  br i1 %same$, label %NEXT, label %bad
"""

_F64 = """
  %a$ = call double @PyFloat_AsDouble(ptr %o$)
  %odd$ = fcmp oeq double %a$, -1.0
  br i1 %odd$, label %ask$, label %NEXT
"""

_F32 = """
  %w$ = call double @PyFloat_AsDouble(ptr %o$)
  %a$ = fptrunc double %w$ to float
  %odd$ = fcmp oeq double %w$, -1.0
  br i1 %odd$, label %ask$, label %fit$
fit$:
  %small$ = call float @llvm.fabs.f32(float %a$)
  %large$ = fcmp oeq float %small$, 0x7FF0000000000000
  %size$ = call double @llvm.fabs.f64(double %w$)
  %finite$ = fcmp olt double %size$, 0x7FF0000000000000
  %lost$ = and i1 %large$, %finite$
  br i1 %lost$, label %bad, label %NEXT
"""

_BOOL = """
  %yes$ = icmp eq ptr %o$, @_Py_TrueStruct
  %a$ = zext i1 %yes$ to i8
  %no$ = icmp eq ptr %o$, @_Py_FalseStruct
  %either$ = or i1 %yes$, %no$
  br i1 %either$, label %NEXT, label %bad
"""

_ADDRESS = """
  %none$ = icmp eq ptr %o$, @_Py_NoneStruct
  br i1 %none$, label %fit$, label %get$
get$:
  %w$ = call ptr @PyLong_AsVoidPtr(ptr %o$)
  %odd$ = icmp eq ptr %w$, null
  br i1 %odd$, label %ask$, label %fit$
fit$:
  %a$ = phi ptr [ null, %take$ ], [ %w$, %get$ ], [ null, %ask$ ]
  br label %NEXT
"""

_GIVE = {
    "": "call void @Py_IncRef(ptr @_Py_NoneStruct)\n  ret ptr @_Py_NoneStruct",
    "?": "%w = and i8 %r, 1\n  %l = zext i8 %w to i64\n  %o = call ptr @PyBool_FromLong(i64 %l)\n  ret ptr %o",
    "N": "%o = call ptr @PyLong_FromSize_t(i64 %r)\n  ret ptr %o",
    "q": "%o = call ptr @PyLong_FromLongLong(i64 %r)\n  ret ptr %o",
    "d": "%o = call ptr @PyFloat_FromDouble(double %r)\n  ret ptr %o",
    "f": "%w = fpext float %r to double\n  %o = call ptr @PyFloat_FromDouble(double %w)\n  ret ptr %o",
    "P": """%null = icmp eq ptr %r, null
  br i1 %null, label %none, label %some
some:
  %o = call ptr @PyLong_FromVoidPtr(ptr %r)
  ret ptr %o
none:
  call void @Py_IncRef(ptr @_Py_NoneStruct)
  ret ptr @_Py_NoneStruct""",
}  # fmt: skip
for _letter in "bhi":
    _GIVE[_letter] = f"%w = sext {_NATIVE[_letter]} %r to i64\n  %o = call ptr @PyLong_FromLongLong(i64 %w)\n  ret ptr %o"


class _Method(ctypes.Structure):
    """``PyMethodDef``."""

    _fields_ = [("name", ctypes.c_char_p), ("call", ctypes.c_void_p), ("flags", ctypes.c_int), ("doc", ctypes.c_char_p)]


_methods: dict[str, _Method] = {}


def signature(restype: Any, argtypes: list[Any]) -> str:
    """The letters of types of ctypes."""
    return f"{''.join(_LETTERS[each] for each in argtypes)}->{_LETTERS[restype]}"


def are_possible() -> bool:
    """Whether this Python has the interface; where it has not, ctypes serves."""
    return sys.implementation.name == "cpython" and hasattr(ctypes, "pythonapi") and ctypes.sizeof(ctypes.c_void_p) == 8


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
    from altru_ir.backend import jit
    from altru_ir.backend.object_cache import surroundings
    from altru_ir.backend.target import host_triple, machine_for
    from altru_ir.runtime import cache as kept

    text = stub_text(letters)
    key = f"stub-{hashlib.sha256((surroundings() + text).encode()).hexdigest()}"
    code = kept.load(key)
    if code is None or not jit.is_usable(code):
        import llvmlite.binding as llvm

        with jit.compiling:
            machine = machine_for(host_triple(), opt=1, jit=True)
            code = jit.linkable(bytes(machine.emit_object(llvm.parse_assembly(text))))
        kept.store(key, code)
    linked = jit.link(code, dict(_symbols()), 1)
    method = _Method(b"call", linked.cells[0], _FAST, None)
    method.linked = linked
    return method


@cache
def _symbols() -> tuple[tuple[str, int], ...]:
    names = re.findall(r"@(_?Py\w+)", _HEAD)
    return tuple((name, ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value or 0) for name in names)


def stub_text(letters: str) -> str:
    """The stub of a signature, in LLVM's language, and a table that leads to it."""
    from altru_ir.backend.lower.entries import TABLE

    taken, _, given = letters.partition("->")
    lines = [f"  %fits = icmp eq i64 %count, {len(taken)}", "  br i1 %fits, label %take0, label %bad"]
    lines += [_take(index, letter) for index, letter in enumerate(taken)]
    arguments = ", ".join(f"{_NATIVE[letter]} %a{index}" for index, letter in enumerate(taken))
    call = f"%r = call {_NATIVE[given]}" if given else "call void"
    lines += [f"take{len(taken)}:", "  %code = call ptr @PyLong_AsVoidPtr(ptr %self)"]
    lines += ["  %state = call ptr @PyEval_SaveThread()", f"  {call} %code({arguments})"]
    lines += ["  call void @PyEval_RestoreThread(ptr %state)", f"  {_GIVE[given]}"]
    lines += ["bad:", "  %ignored = call i32 @PyErr_BadArgument()", "  ret ptr null", "raised:", "  ret ptr null"]
    stub = "\n".join(["define internal ptr @stub(ptr %self, ptr %given, i64 %count) {", *lines, "}"])
    return f"{_HEAD}{stub}\n@{TABLE} = constant [1 x ptr] [ptr @stub]\n"


def _take(index: int, letter: str) -> str:
    """The lines that make ``%a{index}`` of an argument, and go on to the next."""
    if letter in "bhi":
        body = _SMALL.replace("NATIVE", _NATIVE[letter])
    elif letter in "qN":
        body = _WORD.replace("TAKING", "PyLong_AsSize_t" if letter == "N" else "PyLong_AsLongLong")
    else:
        body = {"?": _BOOL, "f": _F32, "d": _F64, "P": _ADDRESS}[letter]
    ask = "" if letter == "?" else _ASK.replace("NEXT", "NEXT" if letter in "qNd" else "fit$")
    return (_START + body + ask).replace("NEXT", f"take{index + 1}").replace("$", str(index))


__all__ = ["REFUSED", "are_possible", "make", "signature", "stub_text"]
