"""The passes that the options name, and what is watched while they run.

    run_pipeline(session, module)          # -p
    prepared, manager = optimized(session, module)  # -O

Invariant: every manager that ran is the session's, so that statistics, remarks and timing speak of all of them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import attrs

from altru_ir.backend.cli.session import Session
from altru_ir.backend.cli.status import guarded
from altru_ir.backend.cli.streams import save, say
from altru_ir.diagnostics import ERROR, Diagnostic, DiagnosticError
from altru_ir.module import Module

if TYPE_CHECKING:
    from altru_ir.passes.manager import PassManager


def pass_manager(session: Session) -> PassManager:
    """A pass manager that does what the options want around each pass."""
    from altru_ir.passes.base import Pass
    from altru_ir.passes.manager import PassManager

    options = session.options
    texts: dict[str, str] = {}

    def before(each: Pass, module: Module) -> None:
        if "changed" in options.print_ir_after:
            texts["before"] = str(module)
        if {"all", each.name} & set(options.print_ir_before):
            say(f"// before {each.name}\n{module}\n")

    def after(each: Pass, module: Module) -> None:
        changed = "changed" in options.print_ir_after and texts["before"] != str(module)
        if changed or {"all", each.name} & set(options.print_ir_after):
            say(f"// after {each.name}\n{module}\n")

    made = PassManager([], session.verify_each, before, after, verify_proofs=options.verify_proofs)
    made.levels = options.levels
    made.explain = bool(options.remarks or options.checks_listing)
    if session.timing is not None:
        made.timing = session.timing
    if options.reproducer:
        made.on_failure = lambda text: _keep_reproducer(session, text)
    session.managers.append(made)
    return made


def _keep_reproducer(session: Session, text: str) -> None:
    """What a failed pass leaves goes to the file of ``--reproducer``."""
    save(session.options.reproducer, text)
    session.kept_reproducer = session.options.reproducer


def watches(session: Session) -> bool:
    """Whether the options ask for something that is seen only while passes run."""
    options = session.options
    told = (
        options.statistics
        or options.remarks
        or options.checks_listing
        or options.reproducer
        or options.print_ir_before
        or options.print_ir_after
    )
    watched = told or session.verify_each or options.verify_proofs
    return bool(watched or session.timing is not None or options.jobs != 1)


@contextlib.contextmanager
def workers(session: Session, manager: PassManager) -> Iterator[PassManager]:
    """Gives ``manager`` the processes that ``--jobs`` asks for."""
    if session.options.jobs == 1:
        yield manager
        return
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(session.options.jobs) as executor:
        manager.executor = executor
        yield manager
        manager.executor = None


def run_pipeline(session: Session, module: Module) -> None:
    """Runs the passes of ``-p``, or of the reproducer that is replayed."""
    if session.pipeline is None:
        return
    from altru_ir.passes.pipeline_text import parse_pipeline

    with workers(session, pass_manager(session)) as manager:
        manager.passes = parse_pipeline(session.pipeline)
        manager.run(module)
        warn(session, manager.diagnostics, module)  # all of it: it was asked for by name
        _verify_foreign(session, manager, module)


def _verify_foreign(session: Session, manager: PassManager, module: Module) -> None:
    """Raises ``DiagnosticError`` when passes that are not ours have left a module that does not verify."""
    foreign = [each.name for each in manager.passes if not type(each).__module__.startswith("altru_ir.")]
    if not foreign or session.verify_each or session.options.no_check:
        return
    from altru_ir.verifier import verify

    with session.timed("verify"):
        problems = [problem for problem in verify(module) if problem.severity == ERROR]
    if problems:
        note = f"after the pipeline with `{'`, `'.join(foreign)}` (--verify-each says which pass): "
        raise DiagnosticError([attrs.evolve(each, message=note + each.message) for each in problems], module.source)


def warn(session: Session, diagnostics: list[Diagnostic], module: Module) -> None:
    """Reports what the checks said of a program that they let pass."""
    if diagnostics and not session.options.verify_diagnostics:
        from altru_ir.passes.verify.fixes import with_fixes

        session.report(with_fixes(diagnostics, module.source))


def optimized(session: Session, module: Module) -> tuple[Module, PassManager]:
    """The module as ``-O`` prepares it, and the manager that did."""
    from altru_ir.backend import prepare

    options = session.options
    with workers(session, pass_manager(session)) as manager:
        prepared = guarded(
            lambda: prepare(module, opt=options.opt, checks=options.checks, manager=manager, check=not options.no_check)
        )
    return prepared, manager
