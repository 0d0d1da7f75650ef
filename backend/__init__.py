"""The back end: native code from IR, and the interpreter that says what IR means.

    lib = backend.compile(m, opt=2)
    lib["f"](1, 2.5)
    backend.emit(m, "exe", "program")
    backend.interpret(m, "f", [1, 2.5])        # once; backend.Interpreter(m).run("f", [1, 2.5]) for many runs

``compile`` and ``emit`` verify the module, clone it, insert the checks that were asked for and lower the clone; the module
that was given is not changed.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from altru_ir.backend.interpreter import Interpreter as Interpreter
    from altru_ir.backend.interpreter import interpret as interpret
    from altru_ir.backend.library import Library, Options
    from altru_ir.diagnostics import Diagnostic
    from altru_ir.module import Module
    from altru_ir.passes.manager import PassManager
    from altru_ir.source import Source

counters: Counter[str] = Counter()
"""What this process has done: ``passes``, ``code generations``, ``cached objects``."""

EMITS = ("llvm", "asm", "obj", "exe", "shared", "static", "header")
PANIC_MODES = ("unwind", "abort")
INSTRUMENTS = ("heap-stats", "heap-sites")
CONSTANT_INDEX = "ALT-C001"
SIMPLIFYING = ("mem2reg", "cse")
"""The passes of the levels that take from a debugger what it could show."""


def prepare(
    module: Module, *, opt: int = 2, checks: str = "all", target: str | None = None, manager: PassManager | None = None,
    check: bool = True, as_written: bool = False, debug: bool = False, levels: Mapping[str, str] | None = None,
) -> Module:  # fmt: skip
    """A verified clone of ``module`` after the passes of level ``opt``.

    Parameters: ``checks`` is ``all``, ``none`` or class names joined by commas, with ``,unsafe=`` and
    classes joined by ``+`` behind them for operations that are marked ``unsafe``; ``target`` replaces the module's own;
    ``manager`` runs the passes of the level instead of its own, so that it can watch them; without ``check`` nobody asks
    whether the program's use of memory is right; ``as_written`` adds no drop but those that are written, and checks as
    little: for the interpreter, which finds what is wrong when it happens; with ``debug`` locals stay in memory, where a
    debugger finds them; ``levels`` are severities by codes, as for ``check_memory``, instead of the manager's.
    Raises ``DiagnosticError`` when the module is not valid or its memory not safe, ``ValueError`` for an unknown class of
    checks or an unknown level, and ``TypeError`` for what is no module.
    """
    from altru_ir.diagnostics import DiagnosticError, check_levels, in_order, judged
    from altru_ir.module import expect_module
    from altru_ir.passes.allowed import allow_invalid
    from altru_ir.passes.base import Check
    from altru_ir.passes.check_modes import split
    from altru_ir.passes.manager import PassManager
    from altru_ir.passes.pipeline_text import parse_pipeline
    from altru_ir.passes.pipelines import SAFE
    from altru_ir.passes.transform.eliminate_checks import EliminateChecks
    from altru_ir.passes.transform.insert_checks import InsertChecks
    from altru_ir.passes.transform.select_checks import SelectChecks, keep_written
    from altru_ir.verifier import verify

    manager = PassManager([]) if manager is None else manager
    if levels is not None:
        manager.levels = levels
    check_levels(manager.levels)
    expect_module(module, "compiled")
    try:
        copy = module.clone()
    except (AttributeError, TypeError):
        problems = verify(module)
        if problems:
            raise DiagnosticError(problems, module.source) from None
        raise
    if target is not None:
        copy.target = target
    problems = verify(copy)
    told: list[Diagnostic] = []
    if problems and manager.levels.get(CONSTANT_INDEX, "error") != "error":
        told = [p for p in judged(problems, manager.levels) if p.code == CONSTANT_INDEX]
        allow_invalid(copy)
        problems = verify(copy)
    if any(p.severity == "error" for p in problems):
        raise DiagnosticError(problems, module.source)
    passes = parse_pipeline(f"O{opt}")
    selection = SelectChecks(*split(checks))
    if not selection.modes.all:  # behind those who say what is wrong: what they say does not depend on it
        keep_written(copy)
        passes.insert(1 + max(at for at, each in enumerate(passes) if each.name in SAFE), selection)
    if debug:
        passes = [EliminateChecks() if isinstance(p, EliminateChecks) else p for p in passes if p.name not in SIMPLIFYING]
    if as_written:
        passes = [p for p in passes if isinstance(p, (InsertChecks, SelectChecks))]
    elif not check:
        passes = [p for p in passes if not isinstance(p, Check)]
    manager.passes = passes
    manager.run(copy)
    if told:
        manager.diagnostics = in_order([*told, *manager.diagnostics])
    counters["passes"] += len(manager.passes)
    return copy


def compile(
    module: Module,
    opt: int = 2,
    checks: str = "all",
    panic: str = "unwind",
    target: str | None = None,
    *,
    cpu: str | None = None,
    libraries: list[str] | None = None,
    externs: Mapping[str, Any] | None = None,
    manager: PassManager | None = None,
    debug: bool = False,
    instrument: str | None = None,
    check: bool = True,
    levels: Mapping[str, str] | None = None,
) -> Library:
    """Compiles ``module`` into this process.

    Parameters: ``opt`` 0 to 3; ``checks`` as for ``prepare``; ``panic`` is ``"unwind"``: cleanups run and the caller gets an
    ``altru_ir.Panic``, or ``"abort"``: the process ends; ``target`` must be this machine; ``libraries``, paths of shared
    libraries in which declarations are looked up; ``externs``, Python callables or functions of ctypes by the names of the
    declarations that they stand in for; ``manager`` as for ``prepare``; ``debug`` adds debug information and names the
    functions for ``perf``; ``instrument`` is ``"heap-stats"`` or ``"heap-sites"``: every allocation is counted, exactly, by
    allocator or by its place in the source (``altru_ir.runtime.profile`` reads the counts); ``check`` and ``levels`` as for
    ``prepare``. Warnings are in the library's ``diagnostics``.
    Raises ``DiagnosticError``, ``TypeError``, ``ValueError`` and ``RuntimeBuildError``.
    """
    from altru_ir.backend.library import Library, Options
    from altru_ir.backend.target import host_triple
    from altru_ir.diagnostics import Diagnostic, DiagnosticError
    from altru_ir.module import expect_module

    expect_module(module, "compiled")
    _check_options(opt, checks, panic, instrument, target, cpu, levels)
    if externs is not None and not isinstance(externs, Mapping):
        raise TypeError(f"externs are a mapping of names to callables, not {type(externs).__name__}")
    here = host_triple()
    if target is not None and canonical_triple(target) != canonical_triple(here):
        raise DiagnosticError(
            [Diagnostic("ALT-S003", f"code for {target} does not run on this machine ({here}); emit it to a file")]
        )
    chosen = tuple(sorted((levels or {}).items()))
    library = Library(Options(opt, checks, panic, canonical_triple(here), cpu, debug, instrument, check, chosen), libraries)
    library.add(module, externs, manager=manager)
    return library


def canonical_triple(triple: str) -> str:
    """A triple by its one name. Raises ``DiagnosticError`` for one that there is not."""
    from altru_ir.diagnostics import Diagnostic, DiagnosticError
    from altru_ir.targets import UnknownTargetError, data_of

    try:
        return data_of(triple).triple
    except UnknownTargetError as error:
        raise DiagnosticError([Diagnostic("ALT-S003", str(error))]) from None


def object_for(
    module: Module, options: Options, callbacks: frozenset[str], manager: PassManager | None = None
) -> tuple[bytes, list[Diagnostic]]:
    """The object code of ``module`` for this process, with entries, as ``jit.link`` takes it, from the cache if it is there;
    and the warnings.

    What was warned about is not kept, so that it is warned about again. Raises ``DiagnosticError`` and ``ValueError``.
    """
    from altru_ir.backend import jit
    from altru_ir.backend.call_places import with_places
    from altru_ir.backend.object_cache import key_of
    from altru_ir.passes.manager import PassManager
    from altru_ir.runtime import cache

    # Who watches the passes wants them to run.
    key = None if manager is not None else key_of(module, options, callbacks)
    kept = cache.load(key) if key is not None else None
    if kept is not None and jit.is_usable(kept):
        counters["cached objects"] += 1
        return kept, []
    watch = PassManager([]) if manager is None else manager
    with jit.compiling:
        _, llvm_module, machine = _compiled(
            module,
            options.opt,
            options.checks,
            options.panic,
            options.target,
            options.cpu,
            entries="table",
            manager=watch,
            callbacks=callbacks,
            places=True,
            debug=options.debug,
            instrument=options.instrument,
            check=options.check,
            levels=dict(options.levels) if options.levels or manager is None else None,
        )
        made = bytes(machine.emit_object(llvm_module))
    made = with_places(made, keep_debug=options.debug)
    if not options.debug:  # debuggers want to see the object
        made = jit.linkable(made)
    counters["code generations"] += 1
    said = watch.warnings()
    if key is not None and kept is None and not said:
        cache.store(key, made)
    return made, said


def emit(
    module: Module,
    kind: str,
    path: str | os.PathLike[str] | None = None,
    *,
    opt: int = 2,
    checks: str = "all",
    panic: str = "unwind",
    target: str | None = None,
    cpu: str | None = None,
    libraries: list[str] | None = None,
    directories: list[str] | None = None,
    manager: PassManager | None = None,
    debug: bool = False,
    instrument: str | None = None,
    check: bool = True,
    levels: Mapping[str, str] | None = None,
) -> bytes:
    """Compiles ``module`` for its target (or ``target``) to ``kind``.

    ``llvm``, ``asm`` and ``obj`` are what they say; ``exe`` is an executable around ``@main``; ``shared`` and ``static`` are
    libraries for C, and ``header`` is what C includes to use them, with a function ``release_T`` for each type of owner that
    the module gives away. ``debug`` adds debug information and keeps locals readable; it changes no check. ``instrument``,
    ``check`` and ``levels`` as for ``compile``. Returns the bytes (empty for what a linker writes), and writes them to ``path``
    when one is given, whole or not at all.

    Raises ``DiagnosticError``, ``ValueError``, ``RuntimeBuildError`` and ``OSError``.
    """
    from pathlib import Path

    from altru_ir.backend import link
    from altru_ir.backend.call_places import with_places
    from altru_ir.backend.files import write_whole
    from altru_ir.diagnostics import Diagnostic, DiagnosticError
    from altru_ir.module import expect_module

    expect_module(module, "compiled")
    _check_options(opt, checks, panic, instrument, target, cpu, levels)
    if kind not in EMITS:
        raise ValueError(f"cannot emit `{kind}`; there are {', '.join(EMITS)}")
    linked = kind in ("exe", "shared", "static")
    if linked and path is None:
        raise ValueError(f"{'an executable' if kind == 'exe' else 'a library'} needs a path")
    if kind == "exe":
        main = module.functions.get("main")
        if main is None or main.is_declaration:
            raise DiagnosticError([Diagnostic("ALT-S005", "an executable needs a `@main`, and the module has none")])
    if kind == "header":
        return _header(module, path, target or module.target)
    if kind in ("shared", "static"):
        from altru_ir.backend.host.owners import with_releases_for_c

        module = with_releases_for_c(module)
    entries = "library" if kind in ("shared", "static") else "main"
    triple, llvm_module, machine = _compiled(
        module, opt, checks, panic, target or module.target, cpu, entries=entries, manager=manager,
        places=kind not in ("llvm", "asm"), debug=debug,
        instrument=instrument, check=check, levels=levels,
    )  # fmt: skip
    if kind == "llvm":
        data = str(llvm_module).encode()
    elif kind == "asm":
        data = machine.emit_assembly(llvm_module).encode()
    else:
        data = with_places(bytes(machine.emit_object(llvm_module)), keep_debug=debug)
    if linked:
        assert path is not None
        if kind == "static":
            link.make_archive(data, Path(path), target=triple)
        else:
            link.link(
                data, Path(path), target=triple, shared=kind == "shared", module=module,
                libraries=libraries or [], directories=directories or [],
            )  # fmt: skip
        return b""
    if path is not None:
        write_whole(Path(path), data)
    return bytes(data)


def _header(module: Module, path: str | os.PathLike[str] | None, target: str) -> bytes:
    from pathlib import Path

    from altru_ir.backend.c_header import header_of
    from altru_ir.backend.files import write_whole
    from altru_ir.backend.host.owners import with_releases_for_c
    from altru_ir.diagnostics import Diagnostic, DiagnosticError
    from altru_ir.layout import LayoutError
    from altru_ir.verifier import verify

    copy = module.clone()
    copy.target = canonical_triple(target)
    problems = verify(copy)
    if any(p.severity == "error" for p in problems):
        raise DiagnosticError(problems, module.source)
    copy = with_releases_for_c(copy)
    try:
        data = header_of(copy, module.name if path is None else Path(path).stem).encode()
    except LayoutError as error:
        raise DiagnosticError([Diagnostic("ALT-S006", str(error))], module.source) from None
    if path is not None:
        write_whole(Path(path), data)
    return data


def _check_options(
    opt: int, checks: str, panic: str, instrument: str | None, target: str | None, cpu: str | None,
    levels: Mapping[str, str] | None,
) -> None:  # fmt: skip
    for name, given in (("checks", checks), ("target", target), ("cpu", cpu)):
        if not isinstance(given, str) and (given is not None or name == "checks"):
            raise TypeError(f"{name} is a text, not {type(given).__name__}")
    if levels is not None and not (isinstance(levels, Mapping) and all(isinstance(code, str) for code in levels)):
        raise TypeError("levels are a mapping of the codes of diagnostics to severities")
    if type(opt) is not int or opt not in (0, 1, 2, 3):
        raise ValueError(f"there is no optimization level {opt!r}; there are 0, 1, 2 and 3")
    if panic not in PANIC_MODES:
        raise ValueError(f"there is no panic mode `{panic}`; there are {', '.join(PANIC_MODES)}")
    if instrument not in (None, *INSTRUMENTS):
        raise ValueError(f"there is no instrumentation `{instrument}`; there are {', '.join(INSTRUMENTS)}")


def _compiled(
    module: Module,
    opt: int,
    checks: str,
    panic: str,
    target: str,
    cpu: str | None,
    *,
    entries: str,
    manager: PassManager | None,
    callbacks: frozenset[str] = frozenset(),
    places: bool = False,
    debug: bool = False,
    instrument: str | None = None,
    check: bool = True,
    levels: Mapping[str, str] | None = None,
) -> tuple[str, Any, Any]:
    from altru_ir.backend.lower.debug_info import DebugInfo
    from altru_ir.backend.lower.module import lower_module
    from altru_ir.backend.lower.types import LoweringError
    from altru_ir.backend.optimize import parse_and_optimize
    from altru_ir.backend.target import machine_for
    from altru_ir.diagnostics import Diagnostic, DiagnosticError
    from altru_ir.layout import LayoutError

    triple = canonical_triple(target)
    machine = machine_for(triple, opt=opt, cpu=cpu, jit=entries == "table")
    try:
        lowered = prepare(
            module, opt=opt, checks=checks, target=triple, manager=manager, check=check, debug=debug, levels=levels
        )
        info = DebugInfo(lowered, optimized=opt > 0, calls_only=not debug) if debug or places else None
        text = lower_module(lowered, panic=panic, entries=entries, callbacks=callbacks, debug=info, instrument=instrument)
    except (LoweringError, LayoutError) as error:
        raise DiagnosticError([Diagnostic("ALT-S006", str(error))], module.source) from None
    return triple, parse_and_optimize(text, machine, opt=opt, jit=entries == "table"), machine


def command(
    front_end: Callable[[Source], Module],
    name: str,
    argv: list[str] | None = None,
    *,
    reword: Callable[[str], str] | None = None,
) -> int:
    """``altru-opt`` for another language: reads, checks, compiles and runs its files, with all flags; gives the exit status.

    Parameters: ``front_end`` makes the module of a source, with the source's positions as locations, and raises
    ``DiagnosticError`` when the source has errors (a ``BuilderError`` that tells of a broken rule will do); ``name`` is how the
    command calls itself; ``argv``, its arguments, are the process's own by default; ``reword`` says the texts of diagnostics in
    the words of the language (they quote values as `%x` and types of the IR).
    """
    from altru_ir.backend.cli.opt import main

    return main(argv, front_end, name, reword)


def __getattr__(name: str) -> object:
    if name in ("interpret", "Interpreter"):
        from altru_ir.backend import interpreter

        return getattr(interpreter, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
