"""The JIT: objects linked into this process, by LLVM or once for all as images (``image.py``).

Example: ``link(object_code, {"altru_alloc": address}, 3).cells`` are three addresses.

Invariant: code stays mapped as long as its ``Linked`` lives. No process is forked while something is being compiled, so a
child never finds LLVM in the middle of its work.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import threading
from collections.abc import Sequence
from functools import cache
from typing import Any

import attrs

from altru_ir.backend import image
from altru_ir.backend.lower.entries import TABLE
from altru_ir.diagnostics import Diagnostic, DiagnosticError
from altru_ir.module import Module

_names = itertools.count()

compiling = threading.RLock()
"""Held while LLVM works."""


def _after_fork() -> None:
    compiling.release()


os.register_at_fork(before=compiling.acquire, after_in_parent=_after_fork, after_in_child=_after_fork)


@attrs.frozen(eq=False)
class Linked:
    """Code in this process: the addresses in its table, and what keeps it mapped."""

    cells: Sequence[int]
    tracker: Any


def linkable(object_code: bytes) -> bytes:
    """An object as ``link`` takes it in the fewest steps: its image, where it can have one."""
    return (image.make(object_code) if image.is_possible() else None) or object_code


def is_usable(code: bytes) -> bool:
    """Whether this process can link what another one may have kept."""
    return not code.startswith(image.MAGIC) or image.is_possible()


def link(code: bytes, imports: dict[str, int], cells: int) -> Linked:
    """Links an object, or an image of one, whose table has ``cells`` addresses; ``imports`` are what it may refer to."""
    from altru_ir.runtime.panics import personality_cell

    if code.startswith(image.MAGIC):
        mapped = image.Mapped(code, {**imports, "altru_personality": personality_cell().value or 0})
        return Linked(mapped.cells, mapped)
    import llvmlite.binding as llvm

    with compiling:
        builder = llvm.JITLibraryBuilder().add_object_img(code).add_current_process()
        for name, address in imports.items():
            builder.import_symbol(name, address)
        # LLVM refers to the personality through a cell that it does not tell the linker about.
        builder.import_symbol("DW.ref.altru_personality", ctypes.addressof(personality_cell()))
        builder.export_symbol(TABLE)
        linker = _linker()
        tracker = builder.link(linker, f"altru.{next(_names)}")
    table = (ctypes.c_uint64 * cells).from_address(tracker[TABLE])
    return Linked(list(table), (tracker, linker))


@cache
def _linker() -> Any:
    import llvmlite.binding as llvm

    from altru_ir.backend.target import host_triple, machine_for

    return llvm.create_lljit_compiler(machine_for(host_triple(), opt=0, jit=True), use_jit_link=False, suppress_errors=False)


_SUPPORT = (
    "_Unwind_Resume",
    "__divti3", "__modti3", "__udivti3", "__umodti3", "__multi3", "__muloti4", "__fixdfti", "__fixsfti", "__fixunsdfti",
    "__fixunssfti", "__floattidf", "__floattisf", "__floatuntidf", "__floatuntisf",
)  # fmt: skip
"""What LLVM calls for cleanups and 128-bit arithmetic; executables get it from libgcc when they are linked."""


@cache
def compiler_support() -> dict[str, int]:
    """The addresses of what LLVM itself calls."""
    try:
        library = ctypes.CDLL("libgcc_s.so.1")
    except OSError:
        return {}
    return {
        name: ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0 for name in _SUPPORT if hasattr(library, name)
    }


REMEDY = "link its library with -l, or load it with --load; from Python, name it in `libraries`, or give it in `externs`"


def open_libraries(paths: list[str]) -> list[ctypes.CDLL]:
    """The libraries in which externs are looked up: those named, then the process and libm. Raises ``DiagnosticError``."""
    loaded = []
    for path in paths:
        try:
            loaded.append(ctypes.CDLL(path))
        except OSError as error:
            raise DiagnosticError([Diagnostic("ALT-S004", f"cannot load the library {path}: {error}")]) from None
    return [*loaded, *_always()]


@cache
def _always() -> tuple[ctypes.CDLL, ctypes.CDLL]:
    return ctypes.CDLL(None), ctypes.CDLL("libm.so.6")


def find_symbols(module: Module, known: dict[str, int], libraries: list[ctypes.CDLL]) -> dict[str, int]:
    """The addresses of what a module declares and does not define, beside those that are ``known``.

    Raises ``DiagnosticError`` naming each declaration that nobody defines.
    """
    found: dict[str, int] = {}
    missing = []
    wanted: list[tuple[str, Any]] = [(f.name, f.location) for f in module.functions.values() if not f.blocks]
    wanted += [(g.name, g.location) for g in module.globals.values() if g.initial is None]
    for name, location in wanted:
        if name in known:
            continue
        home = next((library for library in libraries if _has(library, name)), None)
        if home is None:
            message = f"@{name} is declared here but defined nowhere: {REMEDY}"
            missing.append(Diagnostic("ALT-S004", message, location, function=name))
        else:
            found[name] = ctypes.cast(getattr(home, name), ctypes.c_void_p).value or 0
    if missing:
        raise DiagnosticError(missing, module.source)
    return found


def _has(library: ctypes.CDLL, name: str) -> bool:
    return hasattr(library, name)
