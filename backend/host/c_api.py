"""Machine code that uses Python's C API: how it is made, what it may refer to, and how numbers come and go.

Stubs (``stubs.py``: Python calls compiled code) and thunks (``thunks.py``: compiled code calls Python) are written for a
signature, a string of letters as ``struct`` has them: ``?bhiq`` (integers of 1 to 64 bits), ``N`` (usize), ``f``, ``d``, ``P``
(an address, or None for null), ``A`` (an address as an int, null too). For each letter there are lines of LLVM's language

    take("q", 0)    %o0, an object      ->  %a0, an i64; to `next0` when it is one, else to `odd0`, and nothing has happened
    give("q")       %r, an i64          ->  %made, a new object, or null with an error set

(1) *Nobody's code runs while a number is taken*: an object is an ``int`` or a ``float``, also of a class derived from it, or it
    is odd. What else has ``__index__`` or ``__float__`` is asked once, by whoever handles what is odd.
(2) What does not fit is odd, never cut off. An error may be set then, of no interest.

``link`` gives the addresses of what a text defines. Its code is kept in the cache of objects and never unmapped.

Source: Python/C API reference manual, "Stable Application Binary Interface"; the class of an object is the last word of its
header ("Common Object Structures"), which ``object.__basicsize__`` ends.
"""

from __future__ import annotations

import ctypes
import hashlib
import re
import sys
from collections.abc import Mapping
from functools import cache
from typing import TypeVar

from altru_ir.backend.lower.entries import TABLE

T = TypeVar("T")

NATIVE = {
    "?": "i8", "b": "i8", "h": "i16", "i": "i32", "q": "i64", "N": "i64", "f": "float", "d": "double", "P": "ptr", "A": "ptr",
}  # fmt: skip
"""LLVM's type of a letter."""

HEAD = """
@_Py_NoneStruct = external global i8
@_Py_TrueStruct = external global i8
@_Py_FalseStruct = external global i8
@PyLong_Type = external global i8
@PyFloat_Type = external global i8
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
declare i32 @PyType_IsSubtype(ptr, ptr)
declare ptr @PyObject_Type(ptr)
declare ptr @PyObject_Vectorcall(ptr, ptr, i64, ptr)
declare void @Py_IncRef(ptr)
declare void @Py_DecRef(ptr)
declare ptr @PyErr_Occurred()
declare void @PyErr_Clear()
declare void @PyErr_SetNone(ptr)
declare i32 @PyErr_BadArgument()
declare void @PyErr_Fetch(ptr, ptr, ptr)
declare void @PyErr_NormalizeException(ptr, ptr, ptr)
declare void @PyErr_Restore(ptr, ptr, ptr)
declare void @PyErr_WriteUnraisable(ptr)
declare ptr @PyException_GetTraceback(ptr)
declare i32 @PyException_SetTraceback(ptr, ptr)
declare ptr @PyException_GetContext(ptr)
declare void @PyException_SetContext(ptr, ptr)
declare ptr @PyDict_GetItem(ptr, ptr)
declare i32 @PyDict_SetItem(ptr, ptr, ptr)
declare i32 @PyDict_DelItem(ptr, ptr)
declare ptr @PyThreadState_GetDict()
declare ptr @PyEval_GetFrame()
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)
declare i32 @PyGILState_Ensure()
declare void @PyGILState_Release(i32)
"""
"""What a text may refer to."""

# -- taking -------------------------------------------------------------------------------------------------------------

# Goes to `get` for objects of a class, to `not` for others.
_CLASS = f"""
  %word$ = getelementptr i8, ptr %o$, i64 {object.__basicsize__ - ctypes.sizeof(ctypes.c_void_p)}
  %class$ = load ptr, ptr %word$
  %exact$ = icmp eq ptr %class$, @CLASS
  br i1 %exact$, label %get$, label %derived$
derived$:
  %derives$ = call i32 @PyType_IsSubtype(ptr %class$, ptr @CLASS)
  %kin$ = icmp ne i32 %derives$, 0
  br i1 %kin$, label %get$, label %not$
"""
_INT = _CLASS.replace("CLASS", "PyLong_Type") + "not$:\n  br label %odd$\nget$:"
# An int is as good as a float, but one of a derived class may have a `__float__` of its own.
_FLOAT = (
    _CLASS.replace("CLASS", "PyFloat_Type")
    + """
not$:
  %int$ = icmp eq ptr %class$, @PyLong_Type
  br i1 %int$, label %get$, label %odd$
get$:"""
)

# What is returned for an error may be a value as well; only then it is asked whether there was one.
_ASK = """
ask$:
  %error$ = call ptr @PyErr_Occurred()
  %fine$ = icmp eq ptr %error$, null
  br i1 %fine$, label %THEN, label %odd$
"""

_WORD = """
  %a$ = call i64 @TAKING(ptr %o$)
  %unsure$ = icmp eq i64 %a$, -1
  br i1 %unsure$, label %ask$, label %next$
"""

_SMALL = """
  %w$ = call i64 @PyLong_AsLongLong(ptr %o$)
  %a$ = trunc i64 %w$ to NATIVE
  %back$ = sext NATIVE %a$ to i64
  %unsure$ = icmp eq i64 %w$, -1
  br i1 %unsure$, label %ask$, label %fit$
fit$:
  %same$ = icmp eq i64 %back$, %w$
  br i1 %same$, label %next$, label %odd$
"""

_F64 = """
  %a$ = call double @PyFloat_AsDouble(ptr %o$)
  %unsure$ = fcmp oeq double %a$, -1.0
  br i1 %unsure$, label %ask$, label %next$
"""

_F32 = """
  %w$ = call double @PyFloat_AsDouble(ptr %o$)
  %a$ = fptrunc double %w$ to float
  %unsure$ = fcmp oeq double %w$, -1.0
  br i1 %unsure$, label %ask$, label %fit$
fit$:
  %small$ = call float @llvm.fabs.f32(float %a$)
  %large$ = fcmp oeq float %small$, 0x7FF0000000000000
  %size$ = call double @llvm.fabs.f64(double %w$)
  %finite$ = fcmp olt double %size$, 0x7FF0000000000000
  %lost$ = and i1 %large$, %finite$
  br i1 %lost$, label %odd$, label %next$
"""

_BOOL = """
  %yes$ = icmp eq ptr %o$, @_Py_TrueStruct
  %a$ = zext i1 %yes$ to i8
  %no$ = icmp eq ptr %o$, @_Py_FalseStruct
  %either$ = or i1 %yes$, %no$
  br i1 %either$, label %next$, label %odd$
"""

_ADDRESS = f"""
  %none$ = icmp eq ptr %o$, @_Py_NoneStruct
  br i1 %none$, label %fit$, label %some$
some$:{_INT}
  %w$ = call i64 @PyLong_AsSize_t(ptr %o$)
  %unsure$ = icmp eq i64 %w$, -1
  br i1 %unsure$, label %ask$, label %fit$
fit$:
  %n$ = phi i64 [ 0, %take$ ], [ %w$, %get$ ], [ -1, %ask$ ]
  %a$ = inttoptr i64 %n$ to ptr
  br label %next$
"""


def take(letter: str, index: int) -> str:
    """The block ``take{index}``, which makes ``%a{index}`` of the object ``%o{index}``, but for the line that finds it."""
    if letter in "bhi":
        body = _INT + _SMALL.replace("NATIVE", NATIVE[letter])
    elif letter in "qN":
        body = _INT + _WORD.replace("TAKING", "PyLong_AsSize_t" if letter == "N" else "PyLong_AsLongLong")
    else:
        body = {"?": _BOOL, "f": _FLOAT + _F32, "d": _FLOAT + _F64, "P": _ADDRESS}[letter]
    ask = "" if letter == "?" else _ASK.replace("THEN", "next$" if letter in "qNd" else "fit$")
    return (body + ask).replace("$", str(index))


# -- giving -------------------------------------------------------------------------------------------------------------


def give(letter: str, value: str, made: str) -> list[str]:
    """The lines that make the object ``made`` of ``value``; null with an error set where there is no memory."""
    if letter in "bhi":
        wide = [f"{made}.w = sext {NATIVE[letter]} {value} to i64"]
        return [*wide, f"{made} = call ptr @PyLong_FromLongLong(i64 {made}.w)"]
    if letter == "?":
        wide = [f"{made}.b = and i8 {value}, 1", f"{made}.w = zext i8 {made}.b to i64"]
        return [*wide, f"{made} = call ptr @PyBool_FromLong(i64 {made}.w)"]
    if letter == "f":
        return [f"{made}.w = fpext float {value} to double", f"{made} = call ptr @PyFloat_FromDouble(double {made}.w)"]
    making = {"q": "PyLong_FromLongLong", "N": "PyLong_FromSize_t", "d": "PyFloat_FromDouble", "A": "PyLong_FromVoidPtr"}
    if letter in making:
        return [f"{made} = call ptr @{making[letter]}({NATIVE[letter]} {value})"]
    label = made.removeprefix("%")  # P: None for null
    return [
        f"{made}.null = icmp eq ptr {value}, null", f"br i1 {made}.null, label %{label}.none, label %{label}.some",
        f"{label}.none:", "call void @Py_IncRef(ptr @_Py_NoneStruct)", f"br label %{label}.given",
        f"{label}.some:", f"{made}.int = call ptr @PyLong_FromVoidPtr(ptr {value})", f"br label %{label}.given",
        f"{label}.given:", f"{made} = phi ptr [ @_Py_NoneStruct, %{label}.none ], [ {made}.int, %{label}.some ]",
    ]  # fmt: skip


# -- linking ------------------------------------------------------------------------------------------------------------


def is_possible() -> bool:
    """Whether this Python has the interface, and its lock."""
    if sys.implementation.name != "cpython" or not hasattr(ctypes, "pythonapi") or ctypes.sizeof(ctypes.c_void_p) != 8:
        return False
    locks = getattr(sys, "_is_gil_enabled", None)
    return locks is None or bool(locks())


def immortal(thing: T) -> T:
    """``thing``, which is never released from now on: code may refer to it that runs after all modules were cleared."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))
    return thing


def link(text: str, names: list[str], symbols: Mapping[str, int]) -> list[int]:
    """Where the functions ``names`` of a text in LLVM's language are; ``symbols`` are what it refers to beside ``HEAD``."""
    from altru_ir.backend import jit
    from altru_ir.backend.object_cache import surroundings
    from altru_ir.backend.target import host_triple, machine_for
    from altru_ir.runtime import cache as kept

    cells = ", ".join(f"ptr @{name}" for name in names)
    text = f"{HEAD}{text}\n@{TABLE} = constant [{len(names)} x ptr] [{cells}]\n"
    key = f"stub-{hashlib.sha256((surroundings() + text).encode()).hexdigest()}"
    code = kept.load(key)
    if code is None or not jit.is_usable(code):
        import llvmlite.binding as llvm

        with jit.compiling:
            machine = machine_for(host_triple(), opt=1, jit=True)
            code = jit.linkable(bytes(machine.emit_object(llvm.parse_assembly(text))))
        kept.store(key, code)
    return list(immortal(jit.link(code, {**_python(), **symbols}, len(names))).cells)


@cache
def _python() -> dict[str, int]:
    names = re.findall(r"@(_?Py\w+)", HEAD)
    return {name: ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value or 0 for name in names}


__all__ = ["HEAD", "NATIVE", "give", "immortal", "is_possible", "link", "take"]
