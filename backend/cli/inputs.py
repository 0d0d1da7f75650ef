"""From the files that were named to verified modules.

    for source in read(session, "a.air"):  # more than one with --split-input-file
        module, diagnostics = load(session, source)

Invariant: every source is known to the session before anything is said about it, so that its lines can be shown.
"""

from __future__ import annotations

import gc
import re
import shlex

from altru_ir.backend.cli.session import Session
from altru_ir.backend.cli.status import EnvironmentProblem
from altru_ir.backend.cli.streams import read_bytes
from altru_ir.diagnostics import Diagnostic, DiagnosticError, judged
from altru_ir.module import Module
from altru_ir.source import Location, Source, shown_name

_SPLIT = re.compile(r"^// -----[^\n]*\n?", re.MULTILINE)


def read(session: Session, file: str) -> list[Source] | None:
    """The modules of a file; None, reported, when it is no text."""
    name = "<stdin>" if file == "-" else shown_name(file)
    data = read_bytes(file)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = len(data[data.rfind(b"\n", 0, error.start) + 1 : error.start].decode()) + 1
        message = f"byte 0x{data[error.start]:02x} is not valid UTF-8"
        session.sources[name] = Source(name, data.decode(errors="replace"))
        session.report([Diagnostic("ALT-P006", message, Location(name, line, column))])
        return None
    session.text = text
    if session.options.replay:
        _take_pipeline(session, text)
    session.sources[name] = Source(name, text)
    if not session.options.split_input_file:
        return [session.sources[name]]
    found = []
    start, line = 0, 1
    for match in [*_SPLIT.finditer(text), None]:
        part = text[start : match.start() if match else len(text)]
        found.append(Source(name, part, line))
        if match:
            line += text.count("\n", start, match.end())
            start = match.end()
    return found


def _take_pipeline(session: Session, text: str) -> None:
    """Reads the pipeline off the head of a reproducer."""
    from altru_ir.passes.pipeline_text import PipelineError, parse_pipeline
    from altru_ir.passes.registry import loaded_files
    from altru_ir.passes.reproducer import NotAReproducer, read

    try:
        head = read(text)
        missing = [file for file in head.files if file not in loaded_files()]
        if missing:
            flags = " ".join(f"--load-pass={shlex.quote(file)}" for file in missing)
            raise EnvironmentProblem(f"this reproducer needs {flags}: say so, too, if you trust what is in there")
        session.pipeline, session.verify_each = head.pipeline, head.verify_each
        parse_pipeline(session.pipeline)
    except (NotAReproducer, PipelineError) as error:
        raise EnvironmentProblem(str(error)) from None


def load(session: Session, source: Source) -> tuple[Module | None, list[Diagnostic]]:
    """The module of a text, None when it cannot be read, and what is wrong with it."""
    from altru_ir.verifier import verify

    try:
        with session.timed("parse"):
            module = _translate(session, source)
    except DiagnosticError as error:
        return None, error.diagnostics
    if session.owns_process:
        gc.freeze()  # the module stays to the end: the cyclic collector need not walk it
    if session.options.target:
        from altru_ir.targets import UnknownTargetError, data_of

        try:
            module.target = data_of(session.options.target).triple
        except UnknownTargetError as error:
            raise EnvironmentProblem(str(error), "ALT-S003") from None
    if session.options.no_check:
        return module, []
    with session.timed("verify"):
        found = verify(module)
        problems = judged(found, session.options.levels)
        if problems != found:
            from altru_ir.passes.allowed import allow_invalid

            allow_invalid(module)
        return module, problems


def _translate(session: Session, source: Source) -> Module:
    """The module that a text says. Raises ``DiagnosticError``."""
    if session.front_end is not None:
        from altru_ir.builder import BuilderError

        try:
            return session.front_end(source)
        except BuilderError as error:
            if error.diagnostic is None:
                raise
            raise DiagnosticError([error.diagnostic], source) from None
    from altru_ir.text.parser import parse

    return parse(source.text, source.filename, source.first_line)
