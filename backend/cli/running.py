"""``--run`` and ``--interpret``: the entry of a module is called with the arguments behind ``--``.

    execute(session, module, opt=2, program=["10"])   # the exit status

Invariant: what the program wrote comes before what the command says about it.
"""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from altru_ir.backend.cli.pipelines import pass_manager, warn, watches, workers
from altru_ir.backend.cli.session import Session
from altru_ir.backend.cli.status import OK, PANIC, EnvironmentProblem, guarded
from altru_ir.backend.cli.streams import say, write
from altru_ir.diagnostics import Diagnostic, DiagnosticError
from altru_ir.faults import Panic
from altru_ir.module import Function, Module

if TYPE_CHECKING:
    from altru_ir.backend.library import Library


def execute(session: Session, module: Module, opt: int, program: list[str]) -> int:
    """Compiles the module and calls its entry; gives the exit status."""
    import ctypes

    from altru_ir.backend import compile
    from altru_ir.backend.target import host_triple
    from altru_ir.targets import data_of

    entry = session.options.entry
    function = module.functions.get(entry)
    if function is None or function.is_declaration:
        message = f"there is no function @{entry} to run; name one with --entry"
        raise DiagnosticError([Diagnostic("ALT-S005", message)])
    if function.linkage == "private":
        message = f"@{entry} is private, so nobody outside the module can call it; make it public to run it"
        raise DiagnosticError([Diagnostic("ALT-S005", message, function.location)])
    if session.options.target and module.target != data_of(host_triple()).triple:
        message = f"code for {module.target} does not run on this machine ({host_triple()}); use --emit to write it"
        raise EnvironmentProblem(message, "ALT-S003")
    libraries = [*session.options.loads, *(_find_library(session, name) for name in session.options.libraries)]
    cpu, checks, panics = session.options.cpu, session.options.checks, session.options.panic
    with session.timed("compile"), workers(session, pass_manager(session)) as manager:
        watch = manager if watches(session) else None  # what nobody watches may come from the cache
        library = guarded(
            lambda: compile(
                module, opt, checks, panics, cpu=cpu, libraries=libraries, manager=watch, debug=session.options.debug,
                instrument=session.options.instrument, check=not session.options.no_check, levels=session.options.levels,
            )
        )  # fmt: skip
    warn(session, library.diagnostics, module)
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.flush()
    try:
        return _call(session, library, function, module, program)
    finally:
        if session.options.instrument:
            from altru_ir.runtime import profile

            ctypes.CDLL(None).fflush(None)  # what the program wrote comes first
            profile.tell()


def _call(session: Session, library: Library, function: Function, module: Module, program: list[str]) -> int:
    """Runs the entry of a compiled program; gives its exit status."""
    from altru_ir.backend.cli.values import ArgumentError, arguments_for, show

    entry = session.options.entry
    if entry == "main":
        file = session.options.files[0] if session.options.files else "-"
        try:
            with _interruptible():
                return int(library.run_main([file, *program]))
        except Panic as panic:
            return _panicked(panic)
    try:
        values = arguments_for(function, program, module)
        call = library[entry]
    except (ArgumentError, TypeError) as error:
        raise EnvironmentProblem(str(error), "ALT-S005") from None
    try:
        with _interruptible():
            result = call(*values)
    except Panic as panic:
        return _panicked(panic)
    write(f"{show(result)}\n".encode(), session.options.output)
    return OK


def _panicked(panic: Panic) -> int:
    """Says what an executable says when it panics, and gives the status with which it ends."""
    import ctypes

    ctypes.CDLL(None).fflush(None)  # what the program wrote comes first
    say("".join(f"{line}\n" for line in [f"panic: {panic}", *panic.frames()]))
    return PANIC


def interpret(session: Session, module: Module, program: list[str]) -> int:
    """Calls the entry in the abstract machine; gives the exit status."""
    from altru_ir.backend import prepare
    from altru_ir.backend.cli.interpret import run
    from altru_ir.backend.cli.values import ArgumentError

    options = session.options
    with workers(session, pass_manager(session)) as manager:
        opt, bare = options.opt or 0, options.no_check
        prepared = prepare(module, opt=opt, checks=options.checks, manager=manager, as_written=bare)
    warn(session, manager.warnings(), module)
    try:
        with session.timed("interpret"):
            name = options.files[0] if options.files else "-"
            status, said, diagnostics = run(prepared, options.entry, name, program, options.steps)
    except ArgumentError as error:
        raise EnvironmentProblem(str(error), "ALT-S005") from None
    say(said)
    session.report(diagnostics)
    return status


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Native code never returns to the interpreter's handler, so an interrupt ends the process while it runs."""
    import threading

    ours = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT) if ours else None
    if before is not signal.default_int_handler:  # somebody decided otherwise
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _find_library(session: Session, name: str) -> str:
    for directory in session.options.directories:
        path = Path(directory) / f"lib{name}.so"
        if path.exists():
            return str(path)
    import ctypes.util

    found = ctypes.util.find_library(name)
    if found is None:
        raise EnvironmentProblem(f"there is no shared library `{name}`: add its directory with -L", "ALT-S004")
    return found
