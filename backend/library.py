"""Compiled functions by name, as Python calls them.

    lib = backend.compile(module)
    lib["f"](1, 2.5, numpy_array)
    lib.add(more)              # its declarations are what `lib` defines already; a definition of @f replaces @f
    lib.unload("f")            # calling a handle of it is an error from now on

A library is made of *units*, one for each module that was added. A name leads to its newest definition; a handle that was
taken before stays with the definition it was taken of, and so does code that was linked against it.

(1) What a library knows is replaced under ``changing``, in one step, so whoever reads it takes no lock, and an interrupt comes
    before or after. The lock is not held while a module is compiled: names are looked up before that and added behind it, and
    of two modules that are added at once and define one name, the one that is done last has it.
(2) No process is forked while something changes, so a child finds every library whole, and the lock free.

Invariant: a unit's code stays mapped as long as a handle, a later unit that refers to it, or a running call needs it, whatever
becomes of the library; that is left to Python's reference counts.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import attrs

from altru_ir.backend import jit
from altru_ir.backend.host.callbacks import Bound, bind
from altru_ir.backend.host.callees import Callee, unit_of
from altru_ir.backend.host.calls import make_call
from altru_ir.backend.host.natives import make_native, make_release, telling
from altru_ir.backend.host.owners import Release, with_releases
from altru_ir.backend.host.same_types import different_type
from altru_ir.backend.host.values import Codecs
from altru_ir.backend.lower.fast_paths import DISTANCE
from altru_ir.backend.lower.rows import table_rows, types_of
from altru_ir.backend.lower.types import dimensions_of
from altru_ir.diagnostics import Diagnostic, DiagnosticError
from altru_ir.module import Function, Module, expect_module
from altru_ir.types import FunctionType, Type

if TYPE_CHECKING:
    from altru_ir.passes.manager import PassManager


changing = threading.RLock()
"""Held while a library changes. Who holds it may wait for ``jit.compiling``, and nobody the other way round."""


def _after_fork() -> None:
    changing.release()


os.register_at_fork(before=changing.acquire, after_in_parent=_after_fork, after_in_child=_after_fork)


class UnloadedError(RuntimeError):
    """Raised by a call of a function that was unloaded."""


@attrs.frozen
class Options:
    """How a library compiles what is added to it; as for ``backend.compile``. All of it is in the key of cached objects."""

    opt: int
    checks: str
    panic: str
    target: str
    cpu: str | None
    debug: bool = False
    instrument: str | None = None
    check: bool = True
    levels: tuple[tuple[str, str], ...] = ()


@attrs.define(eq=False)
class Unit:
    """One linked module: where its functions and globals are, and what they need."""

    interface: Module
    positions: dict[str, int]
    rows: list[Function]
    types: list[FunctionType]
    variables: dict[str, tuple[Type, int]]
    linked: jit.Linked
    needs: list[Any]
    codecs: Codecs
    home: object
    releases: dict[Type, Release] = attrs.Factory(dict)
    namespaces: dict[str, dict[str, Any]] = attrs.Factory(dict)

    def find(self, name: str) -> tuple[FunctionType, int] | None:
        """The type of a function and where compiled code calls it; None when it was unloaded."""
        position = self.positions.get(name)
        if position is None:
            return None
        entry, own = self.linked.cells[2 * position : 2 * position + 2]
        return self.types[position], own or entry

    def type_of(self, name: str) -> FunctionType:
        """The type of a function as it was compiled."""
        return self.types[self.positions[name]]

    def entry_of(self, name: str) -> int:
        """Where a host calls a function."""
        return self.linked.cells[2 * self.positions[name]]

    def address_of(self, name: str) -> int:
        """Where compiled code calls a function."""
        return self.linked.cells[2 * self.positions[name] + 1] or self.entry_of(name)


class Library(Mapping[str, Callable[..., Any]]):
    """Compiled functions by name. Made by ``altru_ir.backend.compile``. ``diagnostics`` are the warnings of the checks of
    memory about what was added."""

    def __init__(self, options: Options, libraries: list[str] | None = None) -> None:
        self._options = options
        self.diagnostics: list[Diagnostic] = []
        self._libraries = jit.open_libraries(libraries or [])
        self._units: list[Unit] = []
        self._homes: dict[str, Unit] = {}
        self._variables: dict[str, Unit] = {}
        self._handles: dict[str, Callable[..., Any]] = {}
        self._mark = object()  # what our units have in common

    # -- functions ------------------------------------------------------------------------------------------------------

    def __getitem__(self, name: str) -> Callable[..., Any]:
        """The function ``name``. Raises ``KeyError`` when there is none, ``TypeError`` for a signature Python cannot call."""
        handle = self._handles.get(name)
        if handle is None:
            with changing:  # others may want a handle of it, or take it out
                handle = self._handles.get(name)
                if handle is None:
                    handle = self._handles[name] = self._handle(self._home(name), name)
        return handle

    def _home(self, name: str) -> Unit:
        unit = self._homes.get(name)
        if unit is None:
            raise KeyError(f"there is no function @{name}; there are {', '.join(self._homes) or 'none'}")
        return unit

    def __iter__(self) -> Iterator[str]:
        return iter(self._homes)

    def __len__(self) -> int:
        return len(self._homes)

    def __repr__(self) -> str:
        names = [f"@{name}" for name in self._homes]
        more = f" and {len(names) - 8} more" if len(names) > 8 else ""
        return f"<Library of {', '.join(names[:8]) or 'nothing'}{more}>"

    def type(self, name: str) -> Any:
        """The named tuple of the struct ``name``, or a namespace of those of an enum's variants. Raises ``KeyError``."""
        for unit in reversed(self._units):
            if name in unit.interface.types:
                return unit.codecs.class_of(name)
        known = dict.fromkeys(each for unit in self._units for each in unit.interface.types)
        raise KeyError(f"there is no type @{name}; there are {', '.join(known) or 'none'}")

    def _handle(self, unit: Unit, name: str) -> Callable[..., Any]:
        type = unit.type_of(name)
        names = tuple(p.name for p in unit.rows[unit.positions[name]].parameters) + (None,) * len(type.parameters)
        callee = Callee(name, type, names[: len(type.parameters)])
        # What no panic leaves is its own entry (lower/entries.py), and nobody has to look for one.
        unwinds = self._options.panic == "unwind" and unit.entry_of(name) != unit.address_of(name)
        made, namespace = make_call(callee, unit.codecs, unit.entry_of(name), unit, unwinds=unwinds)
        unit.namespaces[name] = namespace
        handle: Callable[..., Any] = made
        return handle

    # -- modules --------------------------------------------------------------------------------------------------------

    def add(self, module: Module, externs: Mapping[str, Any] | None = None, *, manager: PassManager | None = None) -> None:
        """Compiles and links ``module``; its definitions come before those of the same names.

        Parameters: ``externs`` gives declarations of the module to Python callables, functions of ctypes, addresses, or
        handles of other libraries; ``manager`` as for ``backend.prepare``. Raises ``DiagnosticError``, ``TypeError``,
        ``ValueError`` and ``RuntimeBuildError``; then nothing was added.
        """
        from altru_ir.backend import object_for
        from altru_ir.runtime.load import symbols, thread_distance

        expect_module(module, "compiled")
        interface = interface_of(module)
        functions, variables = table_rows(module)
        types = types_of(functions)
        module, releases = with_releases(module, types)
        if releases:
            functions, variables = table_rows(module)
            types = types_of(functions)
        codecs = Codecs(interface)
        bound = self._bound(module, externs or {}, codecs)
        thunks = frozenset(name for name, each in bound.items() if not each.direct)
        needs: list[Any] = [each.keep for each in bound.values()]
        known = {**jit.compiler_support(), **symbols(), DISTANCE: thread_distance()}
        with changing:
            problems = self._resolve(module, interface, bound, known, needs)
        if problems:
            raise DiagnosticError(problems, module.source)
        for name, each in bound.items():
            known |= each.symbols(name)
        known |= jit.find_symbols(module, {**known, **dict.fromkeys(thunks, 0)}, self._libraries)
        object_code, said = object_for(module, self._options, thunks, manager)
        linked = jit.link(object_code, known, 2 * len(functions) + len(variables))
        names = list(map(attrgetter("name"), functions))
        addresses = linked.cells[2 * len(functions) :]
        known_variables = {g.name: (g.type, address) for g, address in zip(variables, addresses)}
        positions = dict(zip(names, range(len(names) - len(releases))))  # those come last
        unit = Unit(interface, positions, functions, types, known_variables, linked, needs, codecs, self._mark)
        unwinds = self._options.panic == "unwind"
        for index in range(len(positions), len(names)):
            type = releases[names[index]]
            entry = linked.cells[2 * index]
            unit.releases[type] = make_release(entry, dimensions_of(type), (linked, needs), unwinds=unwinds)
        if self._options.debug:
            from altru_ir.backend import perf_map

            perf_map.write(object_code, {name: unit.address_of(name) for name in positions})
        with changing:
            homes = self._homes | dict.fromkeys(positions, unit)
            handles = {name: handle for name, handle in self._handles.items() if name not in positions}
            self._change(homes, handles, self._variables | dict.fromkeys(unit.variables, unit), [*self._units, unit])
            self.diagnostics += said

    def _change(
        self, homes: dict[str, Unit], handles: dict[str, Callable[..., Any]], variables: dict[str, Unit], units: list[Unit]
    ) -> None:
        """Makes these what the library knows, in one step, without the units that no name leads to any more."""
        known = {*map(id, homes.values()), *map(id, variables.values())}
        units = [unit for unit in units if id(unit) in known]
        self._homes, self._handles, self._variables, self._units = homes, handles, variables, units

    def _resolve(
        self, module: Module, interface: Module, bound: dict[str, Bound], known: dict[str, int], needs: list[Any]
    ) -> list[Diagnostic]:
        """Adds what the library defines of the module's declarations to ``known``, and what that keeps to ``needs``."""
        problems = []
        for name, home in self._homes.items():
            declared = module.functions.get(name)
            if declared is None or not declared.is_declaration or name in bound:
                continue
            problems += _differences(declared, interface, home, home.type_of(name))
            known[name] = home.address_of(name)
            needs.append(home)
        for name, home in self._variables.items():
            variable = module.globals.get(name)
            if variable is not None and variable.initial is None:
                type, address = home.variables[name]
                if type.erased is not variable.type.erased:
                    message = f"@{name} has type `{variable.type}` here, and `{type}` where it is defined"
                    problems.append(Diagnostic("ALT-S004", message, variable.location))
                known[name] = address
                needs.append(home)
        return problems

    def _bound(self, module: Module, externs: Mapping[str, Any], codecs: Codecs) -> dict[str, Bound]:
        found = {}
        for name, value in externs.items():
            function = module.functions.get(name)
            if function is None or not function.is_declaration:
                declared = ", ".join(f.name for f in module.functions.values() if f.is_declaration) or "none"
                what = "defines" if function is not None else "does not declare"
                raise ValueError(f"an extern is given for @{name}, which the module {what}; its declarations are {declared}")
            unit = unit_of(value)
            theirs = unit.find(value.__name__) if isinstance(unit, Unit) else None
            if theirs is not None:
                problems = _differences(function, codecs.module, unit, theirs[0])
                if problems:
                    raise DiagnosticError(problems, module.source)
                found[name] = Bound(theirs[1], unit)
            else:
                found[name] = bind(function, value, codecs, unwinds=self._options.panic == "unwind")
        return found

    def unload(self, function: str | Callable[..., Any]) -> None:
        """Takes a function out: by its name, or by a handle, also of an older definition.

        Its handles raise ``UnloadedError`` from now on. The memory of a module's code is freed when no function of it is left
        and nothing refers to it. Raises ``KeyError`` for a function that is not here, and ``RuntimeError`` while it, or one of
        its module, is running.
        """
        with changing:
            self._unload(function)

    def _unload(self, function: str | Callable[..., Any]) -> None:
        if isinstance(function, str):
            name = function
            unit = self._home(name)
        else:
            name = getattr(function, "__name__", "")
            namespace = getattr(function, "__globals__", None)
            found = unit_of(function)
            if not isinstance(found, Unit) or found.home is not self._mark or found.namespaces.get(name) is not namespace:
                raise KeyError(f"{function!r} is no function of this library, or was unloaded before")
            unit = found
        running = _running(unit)
        if running is not None:
            raise RuntimeError(f"@{name} cannot be unloaded while @{running} of its module is running")
        namespace = unit.namespaces.pop(name, None)
        if namespace is not None:
            namespace["_native"] = _gone(name)
            del namespace["_unit"]
        del unit.positions[name]
        is_newest = self._homes.get(name) is unit
        homes = {n: home for n, home in self._homes.items() if not is_newest or n != name}
        handles = {n: handle for n, handle in self._handles.items() if not is_newest or n != name}
        variables = {n: home for n, home in self._variables.items() if home is not unit or unit.positions}
        self._change(homes, handles, variables, self._units)

    # -- programs -------------------------------------------------------------------------------------------------------

    def run_main(self, arguments: list[str]) -> int:
        """Runs ``@main``; returns its result modulo 256. ``arguments`` include the program's name."""
        unit = self._homes["main"]
        type, address = unit.type_of("main"), unit.entry_of("main")
        encoded = [os.fsencode(a) for a in arguments]
        argv = (ctypes.c_char_p * (len(encoded) + 1))(*encoded, None)
        given: list[Any] = [len(encoded), ctypes.addressof(argv)] if type.parameters else []
        native = make_native(address, ctypes.c_int32, [ctypes.c_int32, ctypes.c_void_p][: len(given)], unit)
        flush = ctypes.CDLL(None).fflush

        def run() -> int:
            try:
                return int(native(*given)) & 0xFF
            finally:
                flush(None)

        return int((telling(run) if self._options.panic == "unwind" else run)())


def interface_of(module: Module) -> Module:
    """The types of a module as they are now: what becomes of it later does not change code that was compiled."""
    made = Module(module.name, module.target)
    made.types = {name: attrs.evolve(each, members=list(each.members)) for name, each in module.types.items()}
    return made


def _gone(name: str) -> Callable[..., Any]:
    def call(*given: Any) -> Any:
        raise UnloadedError(f"@{name} was unloaded")

    return call


def _running(unit: Unit) -> str | None:
    """A function of a unit that a thread is in; None when there is none."""
    namespaces = {id(namespace): name for name, namespace in unit.namespaces.items()}
    for top in sys._current_frames().values():
        frame: Any = top
        while frame is not None:
            name = namespaces.get(id(frame.f_globals))
            if name is not None:
                return name
            frame = frame.f_back
    return None


def _differences(declared: Function, here: Module, home: Unit, type: FunctionType) -> list[Diagnostic]:
    """Why a declaration is not that of a function of a type defined elsewhere; empty when it is."""
    ours = declared.signature.type
    message = None
    parameters = [p.erased for p in ours.parameters] == [p.erased for p in type.parameters]
    if not parameters or ours.result.erased is not type.result.erased or ours.variadic != type.variadic:
        message = f"@{declared.name} has type `{ours}` here, and `{type}` where it is defined"
    else:
        different = different_type(ours, here, home.interface)
        if different is not None:
            message = f"@{declared.name} passes @{different}, which is another type where the function is defined"
    return [] if message is None else [Diagnostic("ALT-S004", message, declared.location, function=declared.name)]


__all__ = ["Library", "Options", "Unit", "UnloadedError", "interface_of"]
