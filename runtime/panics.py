"""Panics that compiled code left for its host.

A guard keeps the panic that it caught for the thread it caught it on; the host looks whether one waits after each call.

Example: ``if waiting.value: panic = take()``.

Invariant: a panic that was taken is copied and given back to the runtime at once.
"""

from __future__ import annotations

import ctypes
from functools import cache
from itertools import starmap
from typing import Any

import attrs

from altru_ir.runtime.load import library
from altru_ir.runtime.panic_kinds import KINDS

_NO_FRAME = ctypes.c_size_t(-1).value


class _Site(ctypes.Structure):
    """``altru_site``."""

    _fields_ = [
        ("file", ctypes.c_char_p), ("message", ctypes.c_char_p), ("kind", ctypes.c_uint32), ("line", ctypes.c_uint32),
        ("column", ctypes.c_uint32), ("reserved", ctypes.c_uint32), ("function", ctypes.c_char_p),
    ]  # fmt: skip


@attrs.frozen
class CaughtPanic:
    """What the runtime knows of a panic: class, values, words, place (``file`` is None when it is not known), functions."""

    kind: str
    values: tuple[int, int]
    message: str
    file: str | None
    line: int
    column: int
    backtrace: tuple[str, ...]
    callers: tuple[tuple[str, int, int] | None, ...] = ()
    """For each function of the backtrace the file, line and column of the call that it is in; None where that is not known."""
    times: tuple[int, ...] = ()
    """How often in a row each of them is active."""
    has_more: bool = False


@cache
def _functions() -> Any:
    loaded = library()
    loaded.altru_panic_take.restype = ctypes.c_void_p
    loaded.altru_panic_take.argtypes = []
    loaded.altru_panic_release.restype = None
    loaded.altru_panic_release.argtypes = [ctypes.c_void_p]
    loaded.altru_panic_place.restype = ctypes.POINTER(_Site)
    loaded.altru_panic_place.argtypes = [ctypes.c_void_p]
    loaded.altru_panic_value.restype = ctypes.c_uint64
    loaded.altru_panic_value.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
    loaded.altru_panic_message.restype = ctypes.c_size_t
    loaded.altru_panic_message.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
    number = ctypes.POINTER(ctypes.c_uint32)
    loaded.altru_panic_caller.restype = ctypes.c_size_t
    loaded.altru_panic_caller.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t, number, number]
    loaded.altru_panic_times.restype = ctypes.c_uint32
    loaded.altru_panic_times.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    loaded.altru_panic_has_more.restype = ctypes.c_uint32
    loaded.altru_panic_has_more.argtypes = [ctypes.c_void_p]
    loaded.altru_panic_frame.restype = ctypes.c_size_t
    loaded.altru_panic_frame.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
    return loaded


@cache
def waiting() -> ctypes.c_uint32:
    """How many panics wait to be taken, over all threads; its ``value`` is what is so at the moment."""
    find = library().altru_panics_waiting
    find.restype = ctypes.POINTER(ctypes.c_uint32)
    found: ctypes.c_uint32 = find().contents
    return found


_cells: list[ctypes.c_void_p] = []


@cache
def personality_cell() -> ctypes.c_void_p:
    """A cell with the address of the personality, for a JIT that makes none of its own. It is never released."""
    cell = ctypes.c_void_p(ctypes.cast(library().altru_personality, ctypes.c_void_p).value)
    _cells.append(cell)  # two threads may make one at once, and both are used
    return cell


def take() -> CaughtPanic | None:
    """The panic that the last call on this thread ended in; None when it returned. The compiled module is still loaded."""
    loaded = _functions()
    held: list[Any] = []
    try:
        held.extend(starmap(loaded.altru_panic_take, [()]))  # no signal comes between it and the list
        panic = held[0]
        if panic is None:
            return None
        site = loaded.altru_panic_place(panic).contents
        names = {number: name for name, number in KINDS.items()}
        backtrace: list[str] = []
        while True:
            name = _text(lambda buffer, size: loaded.altru_panic_frame(panic, len(backtrace), buffer, size))
            if name is None:
                break
            backtrace.append(name)
        return CaughtPanic(
            names.get(site.kind, str(site.kind)),
            (loaded.altru_panic_value(panic, 0), loaded.altru_panic_value(panic, 1)),
            _text(lambda buffer, size: loaded.altru_panic_message(panic, buffer, size)) or "",
            None if site.file is None else site.file.decode(errors="replace"),
            site.line,
            site.column,
            tuple(backtrace),
            tuple(_caller(panic, index) for index in range(len(backtrace))),
            tuple(loaded.altru_panic_times(panic, index) for index in range(len(backtrace))),
            bool(loaded.altru_panic_has_more(panic)),
        )
    finally:
        if held:
            loaded.altru_panic_release(held[0])


def _caller(panic: int, index: int) -> tuple[str, int, int] | None:
    line, column = ctypes.c_uint32(), ctypes.c_uint32()
    find = _functions().altru_panic_caller
    file = _text(lambda buffer, size: find(panic, index, buffer, size, ctypes.byref(line), ctypes.byref(column)))
    return None if file is None else (file, line.value, column.value)


def _text(write: Any) -> str | None:
    """What a function writes as ``snprintf`` does; None when it says that there is nothing."""
    buffer = ctypes.create_string_buffer(256)
    length = write(buffer, len(buffer))
    if length == _NO_FRAME:
        return None
    if length >= len(buffer):
        buffer = ctypes.create_string_buffer(length + 1)
        write(buffer, len(buffer))
    return buffer.value.decode(errors="replace")
