"""``altru-opt``: the driver.

    altru-opt a.air                     print, verified and in canonical form
    altru-opt -O3 --run a.air -- 10     compile in memory and run @main
    altru-opt --emit=exe -o a a.air     an executable

One path for every input: read, split, parse, verify, run the passes, then print, emit or run. Heavy libraries are
imported where they are needed, so that ``--help`` and printing do not wait for LLVM.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

from altru_ir.backend.cli.inputs import load, read
from altru_ir.backend.cli.options import UsageError, check_names, full_code, load_passes, parse_options
from altru_ir.backend.cli.outputs import emit_file, printed
from altru_ir.backend.cli.pipelines import optimized, run_pipeline, warn
from altru_ir.backend.cli.session import FrontEnd, Session
from altru_ir.backend.cli.status import ERRORS, INTERNAL, INTERRUPTED, OK, USAGE, EnvironmentProblem, guarded
from altru_ir.backend.cli.streams import abandon_output, read_bytes, say, write
from altru_ir.diagnostics import ERROR, EXPLANATIONS, Diagnostic, DiagnosticError, judged
from altru_ir.module import Module
from altru_ir.source import Source

UNSUPPORTED = "ALT-S006"
"""The one code of the environment's family that is about the program."""


def main(
    argv: list[str] | None = None,
    front_end: FrontEnd | None = None,
    name: str = "altru-opt",
    reword: Callable[[str], str] | None = None,
) -> int:
    """Runs ``altru-opt`` with ``argv`` (the process's own by default) and returns its exit status.

    Parameters: with ``front_end``, files are not IR but what that takes; ``name`` is the command's own; ``reword`` changes the
    texts of diagnostics.
    """
    arguments = sys.argv[1:] if argv is None else argv
    session = Session(owns_process=argv is None, front_end=front_end, name=name, reword=reword)
    try:
        status = _reporting_internal_errors(session, arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        abandon_output()  # whoever read it has gone: that is their decision, not an error to report
        return OK
    except OSError as error:
        say(f"{name}: cannot write standard output: {error.strerror}\n")
        abandon_output()
        return USAGE
    return status


def _reporting_internal_errors(session: Session, arguments: list[str]) -> int:
    """The one place where an unforeseen exception is caught: it leaves a reproducer and says where."""
    try:
        return _run(session, arguments)
    except BrokenPipeError:
        raise
    except Exception as error:
        import tempfile
        import traceback

        files = [str(Path(file).resolve()) for file in session.loads()]
        guilty = next((each for each in reversed(traceback.extract_tb(error.__traceback__)) if each.filename in files), None)
        # One line per line of the comment, whatever the arguments hold.
        loads = "".join(f" --load-pass {shlex.quote(file)}" for file in files)
        replay = f"altru-opt --replay: -p {shlex.quote(session.pipeline)}{loads}\n" if session.pipeline else ""
        head = f"{replay}{session.name} {shlex.join(arguments)}\n{traceback.format_exc()}"
        text = "".join(f"// {line}\n" for line in head.splitlines()) + session.text
        if guilty is not None:
            what = f"error[internal]: {guilty.filename}, line {guilty.lineno}, failed ({type(error).__name__}: {error}).\n"
            whose, then = "that file", "."
        else:
            what = f"error[internal]: {session.name} failed on its own account ({type(error).__name__}: {error}).\n"
            whose, then = session.name, "; please report it with that file."
        try:
            with tempfile.NamedTemporaryFile("wb", prefix=f"{session.name}-", suffix=".repro.air", delete=False) as file:
                file.write(text.encode(errors="backslashreplace"))
        except OSError as problem:
            asked = "" if guilty is not None else "; please report this with the input"
            say(
                f"{what}  This is a defect of {whose}, not of the program. No file for a report could be written\n"
                f"  ({problem.strerror}; TMPDIR says where){asked}:\n{head}"
            )
            return INTERNAL
        kept = session.kept_reproducer
        alone = "" if kept is None else f"  The module as it was before that pass is in {kept}, for --replay.\n"
        say(
            f"{what}  This is a defect of {whose}, not of the program. The input, the command line and where it failed\n"
            f"  are in {file.name}{then}\n{alone}"
        )
        return INTERNAL


def _run(session: Session, arguments: list[str]) -> int:
    try:
        session.options, program = parse_options(arguments, session.name)
        if _takes_input(session):
            check_names(session.options)
        else:
            load_passes(session.options)
    except UsageError as error:
        say(f"{session.name}: {error}\nTry `{session.name} --help`.\n")
        return USAGE
    except SystemExit as end:  # --help has printed
        return int(end.code or 0)
    if session.options.timing is not None:
        from altru_ir.passes.timing import Timing

        session.timing = Timing()
    session.pipeline, session.verify_each = session.options.pipeline, session.options.verify_each
    try:
        status = _dispatch(session, program)
        session.tell()
    except EnvironmentProblem as problem:
        session.report([Diagnostic(problem.code, str(problem))])
        status = USAGE
    finally:
        if session.options.format != "text" and _takes_input(session):
            say(session.collection())
    return status


def _takes_input(session: Session) -> bool:
    o = session.options
    return not (o.version or o.describe or o.list_passes or o.explain is not None or o.clear_cache or o.generate)


def _dispatch(session: Session, program: list[str]) -> int:
    options = session.options
    if options.cache_dir:
        os.environ["ALTRU_CACHE_DIR"] = options.cache_dir
    if not _takes_input(session):
        return _inform(session)
    if options.polonius_facts is not None:
        return _judge_facts(session, Path(options.polonius_facts))
    files = options.files or ["-"]
    if len(files) > 1 and (options.run or options.interpret or options.output or options.reduce):
        say(f"{session.name}: --run, --reduce and -o take one FILE\n")
        return USAGE
    if not options.files and sys.stdin is not None and sys.stdin.isatty():
        say(f"{session.name}: no FILE, and standard input is a terminal; try `{session.name} --help`\n")
        return USAGE
    if options.reduce is not None:
        return _reduce(session, files[0])
    status = OK
    output: list[str] = []
    for file in files:
        sources = read(session, file)
        if sources is None:
            status = ERRORS
            continue
        for source in sources:
            status = max(status, _one(session, source, program, output))
    if output:
        write("// -----\n".join(output).encode(), session.options.output)
    return status


def _inform(session: Session) -> int:
    """The requests that need no input."""
    from altru_ir.backend.cli import information

    options = session.options
    if options.version:
        text = information.versions()
    elif options.list_passes:
        text = information.passes()
    elif options.describe:
        text = information.describe(options.describe, as_json=options.json)
    elif options.explain is not None:
        code = full_code(options.explain)
        if code not in EXPLANATIONS:
            from difflib import get_close_matches

            near = get_close_matches(code, EXPLANATIONS, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            say(f"{session.name}: there is no code {options.explain}; {hint}--describe=codes lists all\n")
            return USAGE
        text = information.explain(code)
    elif options.generate:
        try:
            text = information.program(options.seed or 0, options.size or 8, options.families)
        except ValueError as error:
            say(f"{session.name}: --families: {error}\n")
            return USAGE
    else:
        from altru_ir.runtime.build import clear_cache

        guarded(clear_cache)
        return OK
    write(text.encode(), session.options.output)
    return OK


def _judge_facts(session: Session, directory: Path) -> int:
    """Prints the conflicts that follow from a fact directory."""
    from altru_ir.passes.analysis import fact_files

    with session.timed("read facts"):
        found = guarded(lambda: fact_files.read(directory))
    session.report(found.problems)
    wrong = [problem for problem in found.problems if problem.severity == ERROR]
    if wrong:
        return USAGE if any(problem.code == "ALT-S002" for problem in wrong) else ERRORS
    with session.timed("loans"):
        conflicts = fact_files.lines(found)
    write("".join(f"{line}\n" for line in conflicts).encode(), session.options.output)
    return ERRORS if conflicts else OK


def _reduce(session: Session, file: str) -> int:
    from altru_ir.backend.cli.reduce import run
    from altru_ir.testing.reduce import NotInteresting

    options = session.options
    output = None if options.output in (None, "-") else Path(options.output)
    if output is not None and file != "-" and output.exists() and output.samefile(file):
        say(f"{session.name}: -o names the file to reduce, which is never changed; name another one\n")
        return USAGE
    text = read_bytes(file).decode(errors="surrogateescape")
    name = "stdin.air" if file == "-" else Path(file).name

    def keep(text: str) -> None:
        write(text.encode(errors="surrogateescape"), session.options.output)

    def tell(text: str) -> None:
        if options.format == "text":
            say(text)

    try:
        whole = run(text, name, options.reduce, keep, tell, early=output is not None)
    except NotInteresting as problem:
        raise EnvironmentProblem(str(problem), "ALT-S009") from None
    except OSError as error:
        raise EnvironmentProblem(f"cannot write candidates: {error.strerror}") from None
    return OK if whole else INTERRUPTED


def _one(session: Session, source: Source, program: list[str], output: list[str]) -> int:
    module, diagnostics = load(session, source)
    if session.options.verify_diagnostics:
        return _compare(session, source, module, diagnostics)
    session.report(diagnostics)
    if module is None or any(d.severity == "error" for d in diagnostics):
        return ERRORS
    if session.options.fix:
        return _fix(session, source, output)
    if session.options.check:
        return _check(session, module)
    from altru_ir.layout import LayoutError

    try:
        return _finish(session, module, program, output)
    except LayoutError as error:
        session.report([Diagnostic(UNSUPPORTED, str(error))])
        return ERRORS
    except DiagnosticError as error:
        from altru_ir.passes.verify.fixes import with_fixes

        session.report(with_fixes(error.diagnostics, module.source))
        outside = all(d.code.startswith("ALT-S") and d.code != UNSUPPORTED for d in error.diagnostics)
        return USAGE if outside else ERRORS


def _check(session: Session, module: Module) -> int:
    from altru_ir.passes.verify.memory import check_memory

    with session.timed("check"):
        found = guarded(lambda: check_memory(module, session.options.levels))
    session.report(found)
    return ERRORS if any(problem.severity == "error" for problem in found) else OK


def _fix(session: Session, source: Source, output: list[str]) -> int:
    """Mends what can be, prints the text, and says what is left."""
    from altru_ir.passes.verify.fixes import mend
    from altru_ir.passes.verify.memory import check_memory
    from altru_ir.text.parser import parse

    with session.timed("fix"):
        text = mend(source)
        found = check_memory(parse(text, source.filename, source.first_line), session.options.levels)
    session.sources[source.filename] = Source(source.filename, text, source.first_line)
    session.report(found)
    output.append(text)
    return ERRORS if any(problem.severity == "error" for problem in found) else OK


def _compare(session: Session, source: Source, module: Module | None, diagnostics: list[Diagnostic]) -> int:
    from altru_ir.backend.cli.expectations import mismatches

    if module is not None and (session.pipeline or session.options.opt is not None) and not diagnostics:
        try:
            run_pipeline(session, module)
            diagnostics = session.managers[-1].diagnostics if session.managers else []
            if session.options.opt is not None:
                diagnostics = diagnostics + optimized(session, module)[1].warnings()
        except DiagnosticError as error:
            diagnostics = error.diagnostics
    elif module is not None and session.options.check and not diagnostics:
        from altru_ir.passes.verify.memory import check_memory_once

        diagnostics = judged(check_memory_once(module), session.options.levels)
    found = mismatches(source, session.said(diagnostics))
    say("".join(f"{line}\n" for line in found))
    return ERRORS if found else OK


def _finish(session: Session, module: Module, program: list[str], output: list[str]) -> int:
    options = session.options
    run_pipeline(session, module)
    if options.interpret:
        from altru_ir.backend.cli.running import interpret

        return interpret(session, module, program)
    if not options.run and options.emit in (None, "ir"):
        if options.emit is None and options.opt is None:
            output.append(printed(session, module))
            return OK
        prepared = module
        if options.opt is not None:
            prepared, manager = optimized(session, module)
            warn(session, manager.warnings(), module)
        output.append(printed(session, prepared))
        return OK
    opt = 2 if options.opt is None else options.opt
    if options.run:
        from altru_ir.backend.cli.running import execute

        return execute(session, module, opt, program)
    emit_file(session, module, opt)
    return OK


if __name__ == "__main__":
    sys.exit(main())
