"""Native code as Python calls it, and what it leaves behind: numbers go in and come out, and a panic is raised.

    release = telling(make_native(address, None, [Moved(1)], code))     # a destructor's panic is raised by release(place)

A panic that an entry has caught waits for its thread in the runtime (``runtime/panics.py``).

Invariant: a panic is raised by the call that it ended, or by none: when something else is raised first, since there is no room
for its frames, or since a signal came as native code returned, it is dropped.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any

from altru_ir.backend.host import c_api, stubs
from altru_ir.backend.host.owners import Release
from altru_ir.faults import Panic
from altru_ir.runtime import load, panics
from altru_ir.source import Location


def make_native(entry: int, restype: Any, argtypes: list[Any], unit: Any) -> Any:
    """What calls ``entry`` with numbers and keeps ``unit``: a stub, or where there is none a prototype of ctypes."""
    if stubs.are_possible():
        return stubs.make(stubs.signature(restype, argtypes), entry, unit)
    flat: list[Any] = []
    for each in argtypes:
        flat += [ctypes.c_void_p] + [ctypes.c_size_t] * each.lengths if isinstance(each, stubs.Moved) else [each]
    stored = restype is stubs.STORED
    native: Any = ctypes.CFUNCTYPE(ctypes.c_void_p if stored else restype, *flat[stored:])(entry)
    native.unit = unit
    if flat == argtypes and not stored:
        return native

    def call(*given: Any) -> Any:
        words: list[Any] = []
        for each, value in zip(argtypes, given):
            if isinstance(each, stubs.Moved):
                cell = (ctypes.c_size_t * (2 + each.lengths)).from_address(value)
                words += cell[1:]
                if cell[0] or not cell[1]:
                    raise stubs.Refused
                cell[1] = 0
            else:
                words.append(value)
        found = native(*words[stored:])
        if stored:
            ctypes.c_size_t.from_address(given[0]).value = found or 0
        return found

    return call


def make_release(entry: int, lengths: int, code: Any, *, unwinds: bool) -> Release:
    """The Python function that releases an owner through ``entry``; it keeps ``code``. It raises the panics of destructors."""
    native: Release = make_native(entry, None, [stubs.Moved(lengths)], code)
    return telling(native) if unwinds else native


LOOK = "if _waiting.value: _raise_panic()"
"""A line behind a call in which panics may have been caught."""


def telling_names() -> dict[str, Any]:
    """What ``LOOK`` and ``telling_lines`` refer to."""
    return {"_waiting": panics.waiting(), "_raise_panic": raise_panic, "_forget": forgetting(), "_Panic": Panic}


def telling_lines(body: list[str]) -> list[str]:
    """Lines of Python's source that call and ``LOOK``. A panic that cannot be told, for lack of room or since a signal came
    first, is not to be raised by the next call; what drops it, a stub or a built-in function, needs no room."""
    return ["try:", *(f"    {line}" for line in body), "except _Panic: raise", "except: _forget(); raise"]


def telling(native: Callable[..., Any]) -> Callable[..., Any]:
    """``native``, and then the panic that it has left is raised."""
    namespace = telling_names() | {"_native": native}
    body = telling_lines(["_result = _native(*_given)", LOOK, "return _result"])
    source = "\n".join(["def call(*_given):", *(f"    {line}" for line in body), ""])
    exec(compile(source, "<call that tells panics>", "exec"), namespace)
    made: Callable[..., Any] = namespace["call"]
    return made


_FORGET = """
declare ptr @altru_panic_take()
declare void @altru_panic_release(ptr)
define internal void @forget() {
  %panic = call ptr @altru_panic_take()
  call void @altru_panic_release(ptr %panic)
  ret void
}
"""


@cache
def forgetting() -> Callable[[], None]:
    """What drops the panic that waits for this thread, if one does, in one step and without room for a frame."""
    if not stubs.are_possible():
        return lambda: (panics.take(), None)[1]
    forget: Callable[[], None] = stubs.make("->", c_api.link(_FORGET, ["forget"], load.symbols())[0], None)
    return forget


def make_room(levels: int = 16) -> None:
    """Raises ``RecursionError`` where there are not so many frames left."""
    if levels:
        make_room(levels - 1)


def raise_panic() -> None:
    """Raises the panic that waits for this thread, if one does; it waits on where there is no room to tell it."""
    make_room()
    found = panics.take()
    if found is not None:
        location = None if found.file is None else Location(found.file, found.line, found.column)
        callers = tuple(None if place is None else Location(*place) for place in found.callers)
        raise Panic(
            found.message, location, found.kind, found.values, found.backtrace, callers, found.times, has_more=found.has_more
        )


__all__ = [
    "LOOK", "forgetting", "make_native", "make_release", "make_room", "raise_panic", "telling", "telling_lines",
    "telling_names",
]  # fmt: skip
