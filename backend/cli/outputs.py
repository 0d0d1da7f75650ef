"""What is written of a module: IR with what analyses say about it, pictures, and everything ``--emit`` names.

    printed(session, module)               # --emit=ir
    emit_file(session, module, opt=2)      # --emit=asm

Invariant: a result goes to ``-o`` or standard output as a whole.
"""

from __future__ import annotations

from pathlib import Path

from altru_ir.backend.cli.pipelines import pass_manager, warn, workers
from altru_ir.backend.cli.session import Session
from altru_ir.backend.cli.status import guarded
from altru_ir.backend.cli.streams import write
from altru_ir.module import Module


def printed(session: Session, module: Module) -> str:
    """The module as text, with what the analyses that were asked for say about it; its picture is drawn as well."""
    if session.options.view_cfg is not None:
        from altru_ir.passes.analysis.picture import dot, svg

        with session.timed("view-cfg"):
            picture = svg(module) if session.options.view_cfg.endswith(".svg") else dot(module)
            _draw(session, session.options.view_cfg, picture)
    if session.options.view_lifetimes is not None:
        from altru_ir.passes.analysis import lifetime_picture

        with session.timed("view-lifetimes"):
            _draw(session, session.options.view_lifetimes, lifetime_picture.svg(module))
    if session.options.print_analysis:
        from altru_ir.passes.analysis.manager import AnalysisManager
        from altru_ir.passes.analysis.registry import annotate

        analyses = AnalysisManager()
        for name in session.options.print_analysis:
            with session.timed(name):
                annotate(module, name, analyses)
    return module.text(locations=session.options.print_locations)


def _draw(session: Session, path: str, picture: str) -> None:
    from altru_ir.backend.files import write_whole

    guarded(lambda: write_whole(Path(path), picture.encode()))


def emit_file(session: Session, module: Module, opt: int) -> None:
    """Writes what ``--emit`` names, other than IR."""
    from altru_ir.backend import emit

    options = session.options
    path = options.output if options.emit in ("obj", "exe", "shared", "static") else None
    if options.emit == "header" and options.output not in (None, "-"):
        path = options.output  # its name is in it
    with session.timed(f"emit {options.emit}"), workers(session, pass_manager(session)) as manager:
        data = guarded(
            lambda: emit(
                module, options.emit, path, opt=opt, checks=options.checks, panic=options.panic, cpu=options.cpu,
                libraries=options.libraries, directories=options.directories, manager=manager,
                debug=options.debug, instrument=options.instrument, check=not options.no_check,
            )
        )  # fmt: skip
    warn(session, manager.warnings(), module)
    if path is None:
        write(data, options.output)
