"""Thunks: C functions, in machine code, that call an object of Python.

Compiled code calls a Python callable through one; there is one for each signature (``c_api.py`` has the letters):

    i8 thunk(context, out, n)               with signature `q->q`: 0, or 1 when an exception is on its way
        PyGILState_Ensure()
        r = PyObject_Vectorcall(context.callable, [give(n)])
        *out = take(r), or take(context.convert(r)) when it is odd
        PyGILState_Release()

ctypes, too, makes functions that call a callable. But a signal handler runs as soon as the callable begins, and what it raises
there ctypes prints and drops, and the result is whatever lay in memory.

(1) *No exception is lost.* Whatever makes the call fail, at any instruction of Python, is kept for this thread, in the
    dictionary that Python has for it, and the thunk says so. The caller leaves by a panic, and the stub (``stubs.py``) that
    the panic leads to takes the exception out again and raises it, with the panic dropped.
(2) While a callable runs, nothing is kept for its thread: calls that it makes of its own find what *they* have raised. So an
    exception that is on its way, past a cleanup that calls this callable, is set aside meanwhile.
(3) Where nothing leaves by a panic, compiled code goes on until it returns, and ``goes_on`` says that no callable is run on its
    thread before that.
(4) On a thread without a frame of Python, nobody would raise it: it is told as exceptions of threads are.

Example: ``make("q->q", print, int, goes_on=False)``.

Invariant: the GIL is held wherever ``KEPT`` or an object is touched; ``KEPT.count`` is how many threads have an exception kept,
or more. Source: Python/C API reference manual, "Non-Python created threads" and "Exception Handling".
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import attrs

from altru_ir.backend.host import c_api
from altru_ir.backend.host.c_api import NATIVE
from altru_ir.backend.host.stubs import KEPT, KEPT_SYMBOL

_KEY = c_api.immortal("altru_ir: raised by a callable")
_KEY_SYMBOL = "altru.key"

_KEEPING = f"""
@{KEPT_SYMBOL} = external global {{ i32, ptr }}
@{_KEY_SYMBOL} = external global i8
declare ptr @altru_panic_take()
declare void @altru_panic_release(ptr)

; Takes what is kept for this thread; null when nothing is.
define internal ptr @set_aside() uwtable {{
  %dict = call ptr @PyThreadState_GetDict()
  %no = icmp eq ptr %dict, null
  br i1 %no, label %none, label %ask
ask:
  %error = call ptr @PyDict_GetItem(ptr %dict, ptr @{_KEY_SYMBOL})
  %nothing = icmp eq ptr %error, null
  br i1 %nothing, label %none, label %some
some:
  call void @Py_IncRef(ptr %error)
  %ignored = call i32 @PyDict_DelItem(ptr %dict, ptr @{_KEY_SYMBOL})
  %count = load i32, ptr @{KEPT_SYMBOL}
  %less = sub i32 %count, 1
  store i32 %less, ptr @{KEPT_SYMBOL}
  ret ptr %error
none:
  ret ptr null
}}

; Keeps an exception, whose reference is given, for this thread. Where there is no memory for that it is told.
define internal void @put_back(ptr %error) uwtable {{
entry:
  %newer = call ptr @set_aside()
  %only = icmp eq ptr %newer, null
  br i1 %only, label %keep, label %both
both:
  %context = call ptr @PyException_GetContext(ptr %newer)
  call void @Py_DecRef(ptr %context)
  %free = icmp eq ptr %context, null
  %different = icmp ne ptr %newer, %error
  %links = and i1 %free, %different
  br i1 %links, label %link, label %drop
link:
  call void @PyException_SetContext(ptr %newer, ptr %error)
  br label %keep
drop:
  call void @Py_DecRef(ptr %error)
  br label %keep
keep:
  %kept = phi ptr [ %error, %entry ], [ %newer, %link ], [ %newer, %drop ]
  %dict = call ptr @PyThreadState_GetDict()
  %no = icmp eq ptr %dict, null
  br i1 %no, label %lost, label %store
store:
  %status = call i32 @PyDict_SetItem(ptr %dict, ptr @{_KEY_SYMBOL}, ptr %kept)
  %bad = icmp ne i32 %status, 0
  br i1 %bad, label %told, label %stored
stored:
  %count = load i32, ptr @{KEPT_SYMBOL}
  %more = add i32 %count, 1
  store i32 %more, ptr @{KEPT_SYMBOL}
  br label %lost
told:
  call void @PyErr_WriteUnraisable(ptr %kept)
  br label %lost
lost:
  call void @Py_DecRef(ptr %kept)
  ret void
}}

; Keeps the error that is set, which `callable` has raised.
define internal void @keep(ptr %callable) uwtable {{
  %class = alloca ptr
  %value = alloca ptr
  %trace = alloca ptr
  call void @PyErr_Fetch(ptr %class, ptr %value, ptr %trace)
  %frame = call ptr @PyEval_GetFrame()
  %alone = icmp eq ptr %frame, null
  br i1 %alone, label %tell, label %keep
tell:
  %c = load ptr, ptr %class
  %v = load ptr, ptr %value
  %t = load ptr, ptr %trace
  call void @PyErr_Restore(ptr %c, ptr %v, ptr %t)
  call void @PyErr_WriteUnraisable(ptr %callable)
  ret void
keep:
  call void @PyErr_NormalizeException(ptr %class, ptr %value, ptr %trace)
  %class2 = load ptr, ptr %class
  %error = load ptr, ptr %value
  %trace2 = load ptr, ptr %trace
  call void @Py_DecRef(ptr %class2)
  %short = icmp eq ptr %trace2, null
  br i1 %short, label %put, label %traced
traced:
  %ignored = call i32 @PyException_SetTraceback(ptr %error, ptr %trace2)
  call void @Py_DecRef(ptr %trace2)
  br label %put
put:
  call void @put_back(ptr %error)
  ret void
}}

; Sets the error that is kept for this thread, and drops the panic that brought it here; 0 when nothing is kept.
define internal i8 @raise() uwtable {{
  %error = call ptr @set_aside()
  %nothing = icmp eq ptr %error, null
  br i1 %nothing, label %none, label %some
some:
  %panic = call ptr @altru_panic_take()
  call void @altru_panic_release(ptr %panic)
  %class = call ptr @PyObject_Type(ptr %error)
  %trace = call ptr @PyException_GetTraceback(ptr %error)
  call void @PyErr_Restore(ptr %class, ptr %error, ptr %trace)
  ret i8 1
none:
  ret i8 0
}}
"""

_THUNK = f"""
@{KEPT_SYMBOL} = external global {{ i32, ptr }}
declare ptr @set_aside()
declare void @put_back(ptr)
declare void @keep(ptr)

define internal i8 @thunk(PARAMETERS) uwtable {{
entry:
  %places = alloca [COUNT x ptr]
  %place = alloca [2 x ptr]
  store [COUNT x ptr] zeroinitializer, ptr %places
  %state = call i32 @PyGILState_Ensure()
  %callable = load ptr, ptr %context
  %kept = load i32, ptr @{KEPT_SYMBOL}
  %quiet = icmp eq i32 %kept, 0
  br i1 %quiet, label %give, label %aside
aside:
  %found = call ptr @set_aside()
  %others = icmp eq ptr %found, null
  br i1 %others, label %give, label %own
own:
  %mode = getelementptr ptr, ptr %context, i64 2
  %word = load i64, ptr %mode
  %leaves = icmp eq i64 %word, 0
  br i1 %leaves, label %give, label %leave
give:
  %older = phi ptr [ null, %entry ], [ null, %aside ], [ %found, %own ]
GIVEN
call:
  %result = call ptr @PyObject_Vectorcall(ptr %callable, ptr %place0, i64 FLAGGED, ptr null)
  %raised = icmp eq ptr %result, null
  br i1 %raised, label %failed, label %take0
take0:
  %o0 = phi ptr [ %result, %call ]RETAKEN
TAKEN
  call void @Py_DecRef(ptr %o0)
  br label %end
failed:
  call void @keep(ptr %callable)
  br label %end
end:
  %status = phi i8 [ 1, %failed ], [ 0, %next0 ]
RELEASED
  br label %leave
leave:
  %back = phi ptr [ %found, %own ], [ %older, %end ]
  %code = phi i8 [ 1, %own ], [ %status, %end ]
  %nothing = icmp eq ptr %back, null
  br i1 %nothing, label %exit, label %put
put:
  call void @put_back(ptr %back)
  br label %exit
exit:
  call void @PyGILState_Release(i32 %state)
  ret i8 %code
}}
"""

# Who knows better makes another object of one that is odd, or raises; once.
_RETAKE = """
odd0:
  br i1 %final, label %wrong, label %retake
retake:
  call void @PyErr_Clear()
  %cell = getelementptr ptr, ptr %context, i64 1
  %convert = load ptr, ptr %cell
  %one = getelementptr ptr, ptr %place, i64 1
  store ptr %o0, ptr %one
  %converted = call ptr @PyObject_Vectorcall(ptr %convert, ptr %one, i64 ONE, ptr null)
  call void @Py_DecRef(ptr %o0)
  %refused = icmp eq ptr %converted, null
  br i1 %refused, label %failed, label %take0
wrong:
  call void @Py_DecRef(ptr %o0)
  %ignored = call i32 @PyErr_BadArgument()
  br label %failed
"""

_MAY_CHANGE_PLACE_BEFORE = 1 << 63
"""``PY_VECTORCALL_ARGUMENTS_OFFSET``."""


class Context(ctypes.Structure):
    """What a thunk is given first: what to call."""

    _fields_ = [("callable", ctypes.py_object), ("convert", ctypes.py_object), ("goes_on", ctypes.c_uint64)]


@attrs.frozen
class Thunk:
    """Where a thunk is, and the address of its context, which lives as long as this."""

    address: int
    context: int
    keep: Any


_addresses: dict[str, int] = {}


def make(letters: str, callable: Callable[..., Any], convert: Callable[[Any], Any] | None, *, goes_on: bool) -> Thunk:
    """A thunk that calls ``callable``; ``convert`` makes of an odd result one that is not, or raises."""
    address = _addresses.get(letters)
    if address is None:  # its code is the same whoever makes it
        address = _addresses.setdefault(letters, c_api.link(thunk_text(letters), ["thunk"], _keeping())[0])
    context = Context(callable, convert, goes_on)
    return Thunk(address, ctypes.addressof(context), context)


@cache
def _keeping() -> dict[str, int]:
    """What all thunks refer to; ``KEPT`` knows of it from now on."""
    from altru_ir.runtime import load

    symbols = {KEPT_SYMBOL: ctypes.addressof(KEPT), _KEY_SYMBOL: id(_KEY), **load.symbols()}
    names = ["set_aside", "put_back", "keep", "raise"]
    found = dict(zip(names, c_api.link(_KEEPING, names, symbols)))
    KEPT.raises = found["raise"]
    return {KEPT_SYMBOL: ctypes.addressof(KEPT), **found}


def thunk_text(letters: str) -> str:
    """The thunk of a signature, in LLVM's language."""
    taken, _, given = letters.partition("->")
    parameters = ["ptr %context", *(["ptr %out"] if given else [])]
    parameters += [f"{NATIVE[letter]} %p{index}" for index, letter in enumerate(taken)]
    giving, releasing = ["  %place0 = getelementptr ptr, ptr %places, i64 1"], []
    for index, letter in enumerate(taken):
        if index:
            giving.append(f"  %place{index} = getelementptr ptr, ptr %places, i64 {index + 1}")
        giving += [*c_api.give(letter, f"%p{index}", f"%m{index}"), f"  store ptr %m{index}, ptr %place{index}"]
        giving += [f"  %lack{index} = icmp eq ptr %m{index}, null", f"  br i1 %lack{index}, label %failed, label %given{index}"]
        giving.append(f"given{index}:")
        releasing += [f"  %done{index} = load ptr, ptr %place{index}", f"  call void @Py_DecRef(ptr %done{index})"]
    taking, retaken = "  br label %next0\nnext0:", ""
    if given:
        retaken = ", [ %converted, %retake ]\n  %final = phi i1 [ false, %call ], [ true, %retake ]"
        retake = _RETAKE.replace("ONE", str(1 | _MAY_CHANGE_PLACE_BEFORE))
        taking = f"{c_api.take(given, 0)}{retake}next0:\n  store {NATIVE[given]} %a0, ptr %out"
    parts = {
        "PARAMETERS": ", ".join(parameters), "COUNT": str(len(taken) + 1),
        "FLAGGED": str(len(taken) | _MAY_CHANGE_PLACE_BEFORE),
        "GIVEN": "\n".join([*giving, "  br label %call"]), "RETAKEN": retaken, "TAKEN": taking,
        "RELEASED": "\n".join(releasing),
    }  # fmt: skip
    return re.sub("|".join(parts), lambda found: parts[found.group()], _THUNK)


__all__ = ["Context", "Thunk", "make", "thunk_text"]
