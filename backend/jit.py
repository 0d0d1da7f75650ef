"""The JIT: native code in this process.

Functions are called through ctypes: ``Library["f"](1, 2.5)``; a shared slice parameter takes a list, tuple, ``bytes`` or
``str``, which is copied for the call. A panic is raised as ``altru_ir.Panic``: calls go through guards (see
``backend/lower/panics.py``), and after each the runtime is asked whether a panic waits. In abort mode it ends the process
with status 101.

Example: ``compile(m)["add"](2, 3) == 5``.

Invariant: code stays mapped as long as its ``Library`` lives; the functions it hands out keep it alive.
"""

from __future__ import annotations

import ctypes
import itertools
import os
from collections.abc import Callable
from typing import Any

from altru_ir.backend.lower.module import GUARD_PREFIX
from altru_ir.diagnostics import Diagnostic, DiagnosticError
from altru_ir.faults import Panic
from altru_ir.module import Function, Module
from altru_ir.runtime import panics
from altru_ir.source import Location
from altru_ir.types import UNIT, ArrayType, FloatType, IntType, PtrType, RefType, Type, UsizeType

_names = itertools.count()


def _ctype(type: Type) -> Any:
    """The ctypes type for a scalar; None for what cannot be passed."""
    if isinstance(type, IntType) and type.bits <= 64:
        return {
            1: ctypes.c_bool, 8: ctypes.c_int8, 16: ctypes.c_int16, 32: ctypes.c_int32, 64: ctypes.c_int64,
        }[type.bits]  # fmt: skip
    if isinstance(type, UsizeType):
        return ctypes.c_size_t
    if isinstance(type, FloatType):
        return ctypes.c_float if type.bits == 32 else ctypes.c_double
    if isinstance(type, PtrType) and not type.target.is_unsized:
        return ctypes.c_void_p
    return None


def _slice_element(type: Type) -> Any:
    """The ctypes type of the elements of a shared slice of scalars; None for any other type."""
    if isinstance(type, RefType) and not type.mutable and isinstance(type.target, ArrayType):
        return _ctype(type.target.element) if type.target.dimensions == (None,) else None
    return None


class Library:
    """Compiled functions by name. Made by ``altru_ir.backend.compile``."""

    def __init__(self, module: Module, tracker: Any, addresses: dict[str, int]) -> None:
        self._module = module
        self._tracker = tracker
        self._addresses = addresses

    def __getitem__(self, name: str) -> Callable[..., Any]:
        """The function ``name``. Raises ``KeyError`` when there is none, ``TypeError`` for a signature ctypes cannot call."""
        function = self._module.functions.get(name)
        if function is None or function.is_declaration:
            known = ", ".join(f.name for f in self._module.functions.values() if not f.is_declaration)
            raise KeyError(f"there is no function @{name}; there are {known}")
        return self._callable(function)

    def _callable(self, function: Function) -> Callable[..., Any]:
        type = function.signature.type
        arguments: list[Any] = []
        slices: dict[int, Any] = {}
        for index, (parameter, each) in enumerate(zip(function.parameters, type.parameters, strict=True)):
            known = _ctype(each)
            element = _slice_element(each)
            if element is not None:
                slices[index] = element
                arguments.extend((ctypes.c_void_p, ctypes.c_size_t))
                continue
            if known is None:
                where = f"parameter %{parameter.name} of @{function.name}"
                raise TypeError(f"{where} has type `{each}`, which cannot be passed yet")
            arguments.append(known)
        result = None if type.result is UNIT else _ctype(type.result)
        if result is None and type.result is not UNIT:
            raise TypeError(f"@{function.name} returns `{type.result}`, which cannot be received yet")
        native = ctypes.CFUNCTYPE(result, *arguments)(self._addresses[function.name])
        count = len(type.parameters)
        waiting = panics.waiting()

        def call(*given: Any) -> Any:
            if len(given) != count:
                raise TypeError(f"@{function.name} takes {count} arguments, not {len(given)}")
            passed: list[Any] = []
            for index, value in enumerate(given):
                if index in slices:
                    data = value.encode() if isinstance(value, str) else value
                    array = (slices[index] * len(data))(*data)
                    passed.extend((array, len(data)))  # `passed` keeps the array alive during the call
                else:
                    passed.append(value)
            result = native(*[ctypes.addressof(p) if isinstance(p, ctypes.Array) else p for p in passed])
            if waiting.value:
                raise_panic()
            return result

        call.__name__ = function.name
        call.library = self  # type: ignore[attr-defined]  # the code lives as long as whoever may call it
        return call

    def run_main(self, arguments: list[str]) -> int:
        """Runs ``@main``; returns its result modulo 256. ``arguments`` include the program's name."""
        main = self._module.functions["main"]
        address = self._addresses["main"]
        if not main.parameters:
            status = ctypes.CFUNCTYPE(ctypes.c_int32)(address)()
        else:
            encoded = [os.fsencode(a) for a in arguments]
            argv = (ctypes.c_char_p * (len(encoded) + 1))(*encoded, None)
            status = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_int32, ctypes.c_void_p)(address)(
                len(encoded), ctypes.cast(argv, ctypes.c_void_p).value
            )
        ctypes.CDLL(None).fflush(None)
        raise_panic()
        return int(status) & 0xFF


def raise_panic() -> None:
    """Raises the panic that waits for this thread, if one does."""
    found = panics.take()
    if found is not None:
        location = None if found.file is None else Location(found.file, found.line, found.column)
        raise Panic(found.message, location, found.kind, found.values, found.backtrace)


def load(
    module: Module,
    llvm_module: Any,
    machine: Any,
    libraries: list[str] | None = None,
    *,
    guarded: bool = False,
    debug: bool = False,
) -> Library:
    """Links an optimized module into this process.

    Parameters: ``libraries``, paths of shared libraries in which externs are looked up; ``guarded``, whether each public
    function has a guard by which it is called; ``debug`` names the functions for ``perf``. Raises ``DiagnosticError`` that
    names each extern nobody defines.
    """
    import llvmlite.binding as llvm

    from altru_ir.runtime.load import symbols

    externs = _externs(module, libraries or [], symbols())
    linker = _lljit(machine)
    builder = llvm.JITLibraryBuilder().add_current_process()
    object_code = bytes(machine.emit_object(llvm_module)) if debug else b""
    builder = builder.add_object_img(object_code) if debug else builder.add_ir(llvm_module)
    for name, address in externs.items():
        builder.import_symbol(name, address)
    if guarded:  # LLVM refers to the personality through a cell that it does not tell the linker about
        builder.import_symbol("DW.ref.altru_personality", ctypes.addressof(panics.personality_cell()))
    defined = [f.name for f in module.functions.values() if not f.is_declaration and f.linkage != "private"]
    entries = {name: GUARD_PREFIX + name if guarded else name for name in defined}
    for entry in entries.values():
        builder.export_symbol(entry)
    tracker = builder.link(linker, f"altru.{next(_names)}")
    if debug:
        from altru_ir.backend import perf_map

        perf_map.write(object_code, {entry: tracker[entry] for entry in entries.values()})
    return Library(module, tracker, {name: tracker[entry] for name, entry in entries.items()})


_SUPPORT = (
    "_Unwind_Resume",
    "__divti3", "__modti3", "__udivti3", "__umodti3", "__multi3", "__muloti4", "__fixdfti", "__fixsfti", "__fixunsdfti",
    "__fixunssfti", "__floattidf", "__floattisf", "__floatuntidf", "__floatuntisf",
)  # fmt: skip
"""What LLVM calls for cleanups and 128-bit arithmetic; executables get it from libgcc when they are linked."""


def _compiler_support() -> dict[str, int]:
    try:
        library = ctypes.CDLL("libgcc_s.so.1")
    except OSError:
        return {}
    return {
        name: ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0 for name in _SUPPORT if hasattr(library, name)
    }


def _externs(module: Module, libraries: list[str], runtime: dict[str, int]) -> dict[str, int]:
    """Addresses of the runtime's functions and of every extern, looked up in ``libraries``, then in the process and libm.

    Raises ``DiagnosticError`` naming every extern that is nowhere.
    """
    loaded = []
    for path in libraries:
        try:
            loaded.append(ctypes.CDLL(path))
        except OSError as error:
            raise DiagnosticError([Diagnostic("ALT-S004", f"cannot load the library {path}: {error}")]) from None
    loaded.extend((ctypes.CDLL(None), ctypes.CDLL("libm.so.6")))
    found = {**_compiler_support(), **runtime}
    missing = []
    for function in module.functions.values():
        if not function.is_declaration or function.name in found:
            continue
        home = next((library for library in loaded if hasattr(library, function.name)), None)
        if home is None:
            message = f"@{function.name} is declared here but defined nowhere: link its library with -l"
            missing.append(Diagnostic("ALT-S004", message, function.location, function=function.name))
        else:
            found[function.name] = ctypes.cast(getattr(home, function.name), ctypes.c_void_p).value or 0
    if missing:
        raise DiagnosticError(missing, module.source)
    return found


def _lljit(machine: Any) -> Any:
    import llvmlite.binding as llvm

    return llvm.create_lljit_compiler(machine, use_jit_link=False, suppress_errors=False)
