"""``altru-opt``: the driver.

    altru-opt a.air                     print, verified and in canonical form
    altru-opt -O3 --run a.air -- 10     compile in memory and run @main
    altru-opt --emit=exe -o a a.air     an executable

One path for every input: read, split, parse, verify, run the passes, then print, emit or run. Heavy libraries are
imported where they are needed, so that ``--help`` and printing do not wait for LLVM.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import re
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import attrs

from altru_ir.backend.cli.options import UsageError, check_names, full_code, load_passes, parse_options
from altru_ir.diagnostics import ERROR, EXPLANATIONS, Diagnostic, DiagnosticError, judged
from altru_ir.faults import Panic
from altru_ir.module import Function, Module
from altru_ir.source import Location, Source, shown_name

if TYPE_CHECKING:
    from altru_ir.backend.library import Library
    from altru_ir.passes.manager import PassManager
    from altru_ir.passes.timing import Timing

OK, ERRORS, USAGE, INTERNAL, INTERRUPTED, PANIC = 0, 1, 2, 70, 130, 101

UNSUPPORTED = "ALT-S006"
"""The one code of the environment's family that is about the program."""

_T = TypeVar("_T")

_SPLIT = re.compile(r"^// -----[^\n]*\n?", re.MULTILINE)


class EnvironmentProblem(Exception):
    """Something outside the program is not as needed (a file, a compiler); becomes exit status 2."""

    def __init__(self, message: str, code: str = "ALT-S002") -> None:
        self.code = code
        super().__init__(message)


FrontEnd = Callable[[Source], Module]
"""Makes a module of the text of another language; raises ``DiagnosticError`` when that has errors."""


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
    driver = _Driver(owns_process=argv is None, front_end=front_end, name=name, reword=reword)
    try:
        status = _reporting_internal_errors(driver, arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _abandon_output()  # whoever read it has gone: that is their decision, not an error to report
        return OK
    except OSError as error:
        _say(f"{name}: cannot write standard output: {error.strerror}\n")
        _abandon_output()
        return USAGE
    return status


def _abandon_output() -> None:
    """Sends what is still buffered nowhere, so that the interpreter's last flush does not fail again."""
    with contextlib.suppress(OSError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(text: str) -> None:
    """Writes to standard error, if there is one that takes it: there is nowhere left to complain."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            sys.stderr.write(text)
            sys.stderr.flush()


def _reporting_internal_errors(driver: _Driver, arguments: list[str]) -> int:
    """The one place where an unforeseen exception is caught: it leaves a reproducer and says where."""
    try:
        return driver.run(arguments)
    except BrokenPipeError:
        raise
    except Exception as error:
        import tempfile
        import traceback

        files = [str(Path(file).resolve()) for file in driver.loads()]
        guilty = next((each for each in reversed(traceback.extract_tb(error.__traceback__)) if each.filename in files), None)
        # One line per line of the comment, whatever the arguments hold.
        loads = "".join(f" --load-pass {shlex.quote(file)}" for file in files)
        replay = f"altru-opt --replay: -p {shlex.quote(driver.pipeline)}{loads}\n" if driver.pipeline else ""
        head = f"{replay}{driver.name} {shlex.join(arguments)}\n{traceback.format_exc()}"
        text = "".join(f"// {line}\n" for line in head.splitlines()) + driver.text
        if guilty is not None:
            what = f"error[internal]: {guilty.filename}, line {guilty.lineno}, failed ({type(error).__name__}: {error}).\n"
            whose, then = "that file", "."
        else:
            what = f"error[internal]: {driver.name} failed on its own account ({type(error).__name__}: {error}).\n"
            whose, then = driver.name, "; please report it with that file."
        try:
            with tempfile.NamedTemporaryFile("wb", prefix=f"{driver.name}-", suffix=".repro.air", delete=False) as file:
                file.write(text.encode(errors="backslashreplace"))
        except OSError as problem:
            asked = "" if guilty is not None else "; please report this with the input"
            _say(
                f"{what}  This is a defect of {whose}, not of the program. No file for a report could be written\n"
                f"  ({problem.strerror}; TMPDIR says where){asked}:\n{head}"
            )
            return INTERNAL
        kept = driver.kept_reproducer
        alone = "" if kept is None else f"  The module as it was before that pass is in {kept}, for --replay.\n"
        _say(
            f"{what}  This is a defect of {whose}, not of the program. The input, the command line and where it failed\n"
            f"  are in {file.name}{then}\n{alone}"
        )
        return INTERNAL


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


class _Driver:
    """State of one invocation: the sources read, and the diagnostics collected for JSON and SARIF.

    ``owns_process`` says that the process ends with it; ``front_end``, ``name`` and ``reword`` are those of ``main``.
    """

    def __init__(
        self,
        *,
        owns_process: bool = False,
        front_end: FrontEnd | None = None,
        name: str = "altru-opt",
        reword: Callable[[str], str] | None = None,
    ) -> None:
        self.owns_process = owns_process
        self.reword = reword
        self.front_end = front_end
        self.name = name
        self.options = argparse.Namespace()
        self.sources: dict[str, Source] = {}
        self.text = ""
        self.collected: list[Diagnostic] = []
        self.timing: Timing | None = None
        self.managers: list[PassManager] = []
        self.pipeline: str | None = None
        self.verify_each = False
        self.kept_reproducer: str | None = None

    def loads(self) -> list[str]:
        """The files of passes that were named."""
        options = getattr(self, "options", None)
        return list(options.load_passes) if options is not None else []

    def run(self, arguments: list[str]) -> int:
        try:
            self.options, program = parse_options(arguments, self.name)
            if self.takes_input():
                check_names(self.options)
            else:
                load_passes(self.options)
        except UsageError as error:
            _say(f"{self.name}: {error}\nTry `{self.name} --help`.\n")
            return USAGE
        except SystemExit as end:  # --help has printed
            return int(end.code or 0)
        if self.options.timing is not None:
            from altru_ir.passes.timing import Timing

            self.timing = Timing()
        self.pipeline, self.verify_each = self.options.pipeline, self.options.verify_each
        try:
            status = self.dispatch(program)
            self.tell()
        except EnvironmentProblem as problem:
            self.report([Diagnostic(problem.code, str(problem))])
            status = USAGE
        finally:
            if self.options.format != "text" and self.takes_input():
                _say(self.collection())
        return status

    def collection(self) -> str:
        """The diagnostics in the form for programs that was asked for."""
        if self.options.format == "json":
            from altru_ir.render import json

            return json.render(self.collected)
        from altru_ir import __version__
        from altru_ir.render import sarif

        return sarif.render(self.collected, self.sources, __version__)

    def tell(self) -> None:
        """What was recorded while the passes ran."""
        options = self.options
        if self.timing is not None and options.timing:
            self.save(options.timing, self.timing.trace())
        elif self.timing is not None:
            _say(self.timing.table())
        if options.statistics:
            from altru_ir.passes.remarks import statistics_table

            for manager in self.managers:
                _say(statistics_table(manager.statistics))
        if options.remarks:
            from altru_ir.passes.remarks import to_yaml

            self.save(options.remarks, "".join(to_yaml(manager.remarks) for manager in self.managers))
        if options.checks_listing:
            from altru_ir.passes.listing import listing

            told = [remark for manager in self.managers for remark in manager.remarks]
            self.save(options.checks_listing, listing(told, self.lines_of))

    def lines_of(self, file: str) -> list[str] | None:
        """The lines of a file that a location names, as text editors count them; None when it is no file to read.

        A location may name anything: a pipe, which has no end, is not opened, and neither is what has zero bytes in it shown.
        """
        source = self.sources.get(file)
        if source is not None:
            return source.text.removesuffix("\n").split("\n")
        try:
            if not Path(file).is_file():
                return None
            text = Path(file).read_text(encoding="utf-8", errors="replace")
        except (OSError, ValueError):
            return None
        return None if "\0" in text else text.removesuffix("\n").split("\n")

    def save(self, file: str, text: str) -> None:
        from altru_ir.backend.files import write_whole

        if file == "-":
            self.write(text.encode(errors="replace"), "-")
            return
        try:
            write_whole(Path(file), text.encode(errors="replace"))
        except OSError as error:
            raise EnvironmentProblem(f"cannot write {file}: {error.strerror}") from None

    def takes_input(self) -> bool:
        o = self.options
        return not (o.version or o.describe or o.list_passes or o.explain is not None or o.clear_cache or o.generate)

    def dispatch(self, program: list[str]) -> int:
        options = self.options
        if options.cache_dir:
            os.environ["ALTRU_CACHE_DIR"] = options.cache_dir
        if not self.takes_input():
            return self.inform()
        if options.polonius_facts is not None:
            return self.judge_facts(Path(options.polonius_facts))
        files = options.files or ["-"]
        if len(files) > 1 and (options.run or options.interpret or options.output or options.reduce):
            _say(f"{self.name}: --run, --reduce and -o take one FILE\n")
            return USAGE
        if not options.files and sys.stdin is not None and sys.stdin.isatty():
            _say(f"{self.name}: no FILE, and standard input is a terminal; try `{self.name} --help`\n")
            return USAGE
        if options.reduce is not None:
            return self.reduce(files[0])
        status = OK
        output: list[str] = []
        for file in files:
            sources = self.read(file)
            if sources is None:
                status = ERRORS
                continue
            for source in sources:
                status = max(status, self.one(source, program, output))
        if output:
            self.write("// -----\n".join(output).encode())
        return status

    def judge_facts(self, directory: Path) -> int:
        """Prints the conflicts that follow from a fact directory."""
        from altru_ir.passes.analysis.fact_files import lines, read

        with self.timed("read facts"):
            found = self.guarded(lambda: read(directory))
        self.report(found.problems)
        wrong = [problem for problem in found.problems if problem.severity == ERROR]
        if wrong:
            return USAGE if any(problem.code == "ALT-S002" for problem in wrong) else ERRORS
        with self.timed("loans"):
            conflicts = lines(found)
        self.write("".join(f"{line}\n" for line in conflicts).encode())
        return ERRORS if conflicts else OK

    def inform(self) -> int:
        """The requests that need no input."""
        from altru_ir.backend.cli import information

        options = self.options
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
                _say(f"{self.name}: there is no code {options.explain}; {hint}--describe=codes lists all\n")
                return USAGE
            text = information.explain(code)
        elif options.generate:
            try:
                text = information.program(options.seed or 0, options.size or 8, options.families)
            except ValueError as error:
                _say(f"{self.name}: --families: {error}\n")
                return USAGE
        else:
            from altru_ir.runtime.build import clear_cache

            self.guarded(clear_cache)
            return OK
        self.write(text.encode())
        return OK

    # -- input and output ------------------------------------------------------------------------------------------------

    def read_bytes(self, file: str) -> bytes:
        if file == "-" and sys.stdin is None:
            raise EnvironmentProblem("cannot read standard input: it is closed")
        try:
            return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        except OSError as error:
            name = "<stdin>" if file == "-" else file
            raise EnvironmentProblem(f"cannot read {name}: {error.strerror}") from None

    def read(self, file: str) -> list[Source] | None:
        """The modules of a file; None, reported, when it is no text."""
        name = "<stdin>" if file == "-" else shown_name(file)
        data = self.read_bytes(file)
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            column = len(data[data.rfind(b"\n", 0, error.start) + 1 : error.start].decode()) + 1
            message = f"byte 0x{data[error.start]:02x} is not valid UTF-8"
            self.sources[name] = Source(name, data.decode(errors="replace"))
            self.report([Diagnostic("ALT-P006", message, Location(name, line, column))])
            return None
        self.text = text
        if self.options.replay:
            self.take_pipeline(text)
        self.sources[name] = Source(name, text)
        if not self.options.split_input_file:
            return [self.sources[name]]
        found = []
        start, line = 0, 1
        for match in [*_SPLIT.finditer(text), None]:
            part = text[start : match.start() if match else len(text)]
            found.append(Source(name, part, line))
            if match:
                line += text.count("\n", start, match.end())
                start = match.end()
        return found

    def take_pipeline(self, text: str) -> None:
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
            self.pipeline, self.verify_each = head.pipeline, head.verify_each
            parse_pipeline(self.pipeline)
        except (NotAReproducer, PipelineError) as error:
            raise EnvironmentProblem(str(error)) from None

    def write(self, data: bytes, output: str | None = None) -> None:
        """Writes to ``output``, or to where ``-o`` says. Raises ``EnvironmentProblem``."""
        output = self.options.output if output is None else output
        if output in (None, "-") and sys.stdout is None:
            raise EnvironmentProblem("cannot write standard output: it is closed")
        try:
            if output in (None, "-"):
                sys.stdout.flush()
                stream = getattr(sys.stdout, "buffer", None)
                if stream is None:
                    sys.stdout.write(data.decode())
                else:
                    stream.write(data)
                    stream.flush()
            else:
                from altru_ir.backend.files import write_whole

                write_whole(Path(output), data)
        except BrokenPipeError:
            _abandon_output()  # the status still says how the program was
        except OSError as error:
            raise EnvironmentProblem(f"cannot write {output or 'standard output'}: {error.strerror}") from None

    def said(self, diagnostics: list[Diagnostic]) -> list[Diagnostic]:
        """The diagnostics in the words of the front-end's language."""
        return diagnostics if self.reword is None else [each.reworded(self.reword) for each in diagnostics]

    def report(self, diagnostics: list[Diagnostic]) -> None:
        diagnostics = self.said(diagnostics)
        if self.options.format != "text":
            self.collected += diagnostics
            return
        if not diagnostics:
            return
        from altru_ir.render.terminal import render

        colour = sys.stderr is not None and sys.stderr.isatty() and not os.environ.get("NO_COLOR")
        _say(render(diagnostics, self.sources, colour=colour))

    @contextlib.contextmanager
    def timed(self, what: str) -> Iterator[None]:
        if self.timing is None:
            yield
            return
        with self.timing.span(what):
            yield

    # -- reduction -------------------------------------------------------------------------------------------------------

    def reduce(self, file: str) -> int:
        from altru_ir.backend.cli.reduce import run
        from altru_ir.testing.reduce import NotInteresting

        options = self.options
        output = None if options.output in (None, "-") else Path(options.output)
        if output is not None and file != "-" and output.exists() and output.samefile(file):
            _say(f"{self.name}: -o names the file to reduce, which is never changed; name another one\n")
            return USAGE
        text = self.read_bytes(file).decode(errors="surrogateescape")
        name = "stdin.air" if file == "-" else Path(file).name

        def keep(text: str) -> None:
            self.write(text.encode(errors="surrogateescape"))

        def say(text: str) -> None:
            if options.format == "text":
                _say(text)

        try:
            whole = run(text, name, options.reduce, keep, say, early=output is not None)
        except NotInteresting as problem:
            raise EnvironmentProblem(str(problem), "ALT-S009") from None
        except OSError as error:
            raise EnvironmentProblem(f"cannot write candidates: {error.strerror}") from None
        return OK if whole else INTERRUPTED

    # -- one module ------------------------------------------------------------------------------------------------------

    def one(self, source: Source, program: list[str], output: list[str]) -> int:
        module, diagnostics = self.load(source)
        if self.options.verify_diagnostics:
            return self.compare(source, module, diagnostics)
        self.report(diagnostics)
        if module is None or any(d.severity == "error" for d in diagnostics):
            return ERRORS
        if self.options.fix:
            return self.fix(source, output)
        if self.options.check:
            return self.check(module)
        from altru_ir.layout import LayoutError

        try:
            return self.finish(module, program, output)
        except LayoutError as error:
            self.report([Diagnostic(UNSUPPORTED, str(error))])
            return ERRORS
        except DiagnosticError as error:
            from altru_ir.passes.verify.fixes import with_fixes

            self.report(with_fixes(error.diagnostics, module.source))
            outside = all(d.code.startswith("ALT-S") and d.code != UNSUPPORTED for d in error.diagnostics)
            return USAGE if outside else ERRORS

    def fix(self, source: Source, output: list[str]) -> int:
        """Mends what can be, prints the text, and says what is left."""
        from altru_ir.passes.verify.fixes import mend
        from altru_ir.passes.verify.memory import check_memory
        from altru_ir.text.parser import parse

        with self.timed("fix"):
            text = mend(source)
            found = check_memory(parse(text, source.filename, source.first_line), self.options.levels)
        self.sources[source.filename] = Source(source.filename, text, source.first_line)
        self.report(found)
        output.append(text)
        return ERRORS if any(problem.severity == "error" for problem in found) else OK

    def check(self, module: Module) -> int:
        from altru_ir.passes.verify.memory import check_memory

        with self.timed("check"):
            found = self.guarded(lambda: check_memory(module, self.options.levels))
        self.report(found)
        return ERRORS if any(problem.severity == "error" for problem in found) else OK

    def load(self, source: Source) -> tuple[Module | None, list[Diagnostic]]:
        from altru_ir.verifier import verify

        try:
            with self.timed("parse"):
                module = self.translate(source)
        except DiagnosticError as error:
            return None, error.diagnostics
        if self.owns_process:
            gc.freeze()  # the module stays to the end: the cyclic collector need not walk it
        if self.options.target:
            from altru_ir.targets import UnknownTargetError, data_of

            try:
                module.target = data_of(self.options.target).triple
            except UnknownTargetError as error:
                raise EnvironmentProblem(str(error), "ALT-S003") from None
        if self.options.no_check:
            return module, []
        with self.timed("verify"):
            found = verify(module)
            problems = judged(found, self.options.levels)
            if problems != found:
                from altru_ir.passes.allowed import allow_invalid

                allow_invalid(module)
            return module, problems

    def translate(self, source: Source) -> Module:
        """The module that a text says. Raises ``DiagnosticError``."""
        if self.front_end is not None:
            from altru_ir.builder import BuilderError

            try:
                return self.front_end(source)
            except BuilderError as error:
                if error.diagnostic is None:
                    raise
                raise DiagnosticError([error.diagnostic], source) from None
        from altru_ir.text.parser import parse

        return parse(source.text, source.filename, source.first_line)

    def compare(self, source: Source, module: Module | None, diagnostics: list[Diagnostic]) -> int:
        from altru_ir.backend.cli.expectations import mismatches

        if module is not None and (self.pipeline or self.options.opt is not None) and not diagnostics:
            try:
                self.passes(module)
                diagnostics = self.managers[-1].diagnostics if self.managers else []
                if self.options.opt is not None:
                    diagnostics = diagnostics + self.optimized(module)[1].warnings()
            except DiagnosticError as error:
                diagnostics = error.diagnostics
        elif module is not None and self.options.check and not diagnostics:
            from altru_ir.passes.verify.memory import check_memory_once

            diagnostics = judged(check_memory_once(module), self.options.levels)
        found = mismatches(source, self.said(diagnostics))
        _say("".join(f"{line}\n" for line in found))
        return ERRORS if found else OK

    def manager(self) -> PassManager:
        """A pass manager that does what the options want around each pass."""
        from altru_ir.passes.base import Pass
        from altru_ir.passes.manager import PassManager

        options = self.options
        texts: dict[str, str] = {}

        def before(each: Pass, module: Module) -> None:
            if "changed" in options.print_ir_after:
                texts["before"] = str(module)
            if {"all", each.name} & set(options.print_ir_before):
                _say(f"// before {each.name}\n{module}\n")

        def after(each: Pass, module: Module) -> None:
            changed = "changed" in options.print_ir_after and texts["before"] != str(module)
            if changed or {"all", each.name} & set(options.print_ir_after):
                _say(f"// after {each.name}\n{module}\n")

        made = PassManager([], self.verify_each, before, after, verify_proofs=options.verify_proofs)
        made.levels = options.levels
        made.explain = bool(options.remarks or options.checks_listing)
        if self.timing is not None:
            made.timing = self.timing
        if options.reproducer:
            made.on_failure = self.keep_reproducer
        self.managers.append(made)
        return made

    def keep_reproducer(self, text: str) -> None:
        """What a failed pass leaves goes to the file of ``--reproducer``."""
        self.save(self.options.reproducer, text)
        self.kept_reproducer = self.options.reproducer

    def watches(self) -> bool:
        """Whether the options ask for something that is seen only while passes run."""
        options = self.options
        told = (
            options.statistics
            or options.remarks
            or options.checks_listing
            or options.reproducer
            or options.print_ir_before
            or options.print_ir_after
        )
        watched = told or self.verify_each or options.verify_proofs
        return bool(watched or self.timing is not None or options.jobs != 1)

    @contextlib.contextmanager
    def workers(self, manager: PassManager) -> Iterator[PassManager]:
        """Gives ``manager`` the processes that ``--jobs`` asks for."""
        if self.options.jobs == 1:
            yield manager
            return
        from concurrent.futures import ProcessPoolExecutor

        with ProcessPoolExecutor(self.options.jobs) as executor:
            manager.executor = executor
            yield manager
            manager.executor = None

    def passes(self, module: Module) -> None:
        if self.pipeline is None:
            return
        from altru_ir.passes.pipeline_text import parse_pipeline

        with self.workers(self.manager()) as manager:
            manager.passes = parse_pipeline(self.pipeline)
            manager.run(module)
            self.warn(manager.diagnostics, module)  # all of it: it was asked for by name
            self.verify_foreign(manager, module)

    def verify_foreign(self, manager: PassManager, module: Module) -> None:
        """Raises ``DiagnosticError`` when passes that are not ours have left a module that does not verify."""
        foreign = [each.name for each in manager.passes if not type(each).__module__.startswith("altru_ir.")]
        if not foreign or self.verify_each or self.options.no_check:
            return
        from altru_ir.verifier import verify

        with self.timed("verify"):
            problems = [problem for problem in verify(module) if problem.severity == ERROR]
        if problems:
            note = f"after the pipeline with `{'`, `'.join(foreign)}` (--verify-each says which pass): "
            raise DiagnosticError([attrs.evolve(each, message=note + each.message) for each in problems], module.source)

    def warn(self, diagnostics: list[Diagnostic], module: Module) -> None:
        """Reports what the checks said of a program that they let pass."""
        if diagnostics and not self.options.verify_diagnostics:
            from altru_ir.passes.verify.fixes import with_fixes

            self.report(with_fixes(diagnostics, module.source))

    def finish(self, module: Module, program: list[str], output: list[str]) -> int:
        options = self.options
        self.passes(module)
        if options.interpret:
            return self.interpret(module, program)
        if not options.run and options.emit in (None, "ir"):
            if options.emit is None and options.opt is None:
                output.append(self.printed(module))
                return OK
            prepared = module
            if options.opt is not None:
                prepared, manager = self.optimized(module)
                self.warn(manager.warnings(), module)
            output.append(self.printed(prepared))
            return OK
        opt = 2 if options.opt is None else options.opt
        if options.run:
            return self.execute(module, opt, program)
        from altru_ir.backend import emit

        path = options.output if options.emit in ("obj", "exe", "shared", "static") else None
        if options.emit == "header" and options.output not in (None, "-"):
            path = options.output  # its name is in it
        with self.timed(f"emit {options.emit}"), self.workers(self.manager()) as manager:
            data = self.guarded(
                lambda: emit(
                    module, options.emit, path, opt=opt, checks=options.checks, panic=options.panic, cpu=options.cpu,
                    libraries=options.libraries, directories=options.directories, manager=manager,
                    debug=options.debug, instrument=options.instrument, check=not options.no_check,
                )
            )  # fmt: skip
        self.warn(manager.warnings(), module)
        if path is None:
            self.write(data)
        return OK

    def optimized(self, module: Module) -> tuple[Module, PassManager]:
        """The module as ``-O`` prepares it, and the manager that did."""
        from altru_ir.backend import prepare

        options = self.options
        with self.workers(self.manager()) as manager:
            prepared = self.guarded(
                lambda: prepare(module, opt=options.opt, checks=options.checks, manager=manager, check=not options.no_check)
            )
        return prepared, manager

    def printed(self, module: Module) -> str:
        """The module as text, with what the analyses that were asked for say about it; its picture is drawn as well."""
        if self.options.view_cfg is not None:
            from altru_ir.passes.analysis.picture import dot, svg

            with self.timed("view-cfg"):
                picture = svg(module) if self.options.view_cfg.endswith(".svg") else dot(module)
                self.draw(self.options.view_cfg, picture)
        if self.options.view_lifetimes is not None:
            from altru_ir.passes.analysis import lifetime_picture

            with self.timed("view-lifetimes"):
                self.draw(self.options.view_lifetimes, lifetime_picture.svg(module))
        if self.options.print_analysis:
            from altru_ir.passes.analysis.manager import AnalysisManager
            from altru_ir.passes.analysis.registry import annotate

            analyses = AnalysisManager()
            for name in self.options.print_analysis:
                with self.timed(name):
                    annotate(module, name, analyses)
        return module.text(locations=self.options.print_locations)

    def draw(self, path: str, picture: str) -> None:
        from altru_ir.backend.files import write_whole

        self.guarded(lambda: write_whole(Path(path), picture.encode()))

    def guarded(self, action: Callable[[], _T]) -> _T:
        """Runs ``action``; what fails outside the program becomes an ``EnvironmentProblem``."""
        from altru_ir.runtime.build import RuntimeBuildError

        try:
            return action()
        except RuntimeBuildError as error:
            raise EnvironmentProblem(str(error), error.code) from None
        except OSError as error:
            raise EnvironmentProblem(f"cannot use {error.filename or 'the system'}: {error.strerror}") from None

    def execute(self, module: Module, opt: int, program: list[str]) -> int:
        import ctypes

        from altru_ir.backend import compile
        from altru_ir.backend.target import host_triple
        from altru_ir.targets import data_of

        entry = self.options.entry
        function = module.functions.get(entry)
        if function is None or function.is_declaration:
            message = f"there is no function @{entry} to run; name one with --entry"
            raise DiagnosticError([Diagnostic("ALT-S005", message)])
        if function.linkage == "private":
            message = f"@{entry} is private, so nobody outside the module can call it; make it public to run it"
            raise DiagnosticError([Diagnostic("ALT-S005", message, function.location)])
        if self.options.target and module.target != data_of(host_triple()).triple:
            message = f"code for {module.target} does not run on this machine ({host_triple()}); use --emit to write it"
            raise EnvironmentProblem(message, "ALT-S003")
        libraries = [*self.options.loads, *(self.find_library(name) for name in self.options.libraries)]
        cpu, checks, panics = self.options.cpu, self.options.checks, self.options.panic
        with self.timed("compile"), self.workers(self.manager()) as manager:
            watch = manager if self.watches() else None  # what nobody watches may come from the cache
            library = self.guarded(
                lambda: compile(
                    module, opt, checks, panics, cpu=cpu, libraries=libraries, manager=watch, debug=self.options.debug,
                    instrument=self.options.instrument, check=not self.options.no_check, levels=self.options.levels,
                )
            )  # fmt: skip
        self.warn(library.diagnostics, module)
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.flush()
        try:
            return self.call(library, function, module, program)
        finally:
            if self.options.instrument:
                from altru_ir.runtime import profile

                ctypes.CDLL(None).fflush(None)  # what the program wrote comes first
                profile.tell()

    def call(self, library: Library, function: Function, module: Module, program: list[str]) -> int:
        """Runs the entry of a compiled program; gives its exit status."""
        from altru_ir.backend.cli.values import ArgumentError, arguments_for, show

        entry = self.options.entry
        if entry == "main":
            file = self.options.files[0] if self.options.files else "-"
            try:
                with _interruptible():
                    return int(library.run_main([file, *program]))
            except Panic as panic:
                return self.panicked(panic)
        try:
            values = arguments_for(function, program, module)
            call = library[entry]
        except (ArgumentError, TypeError) as error:
            raise EnvironmentProblem(str(error), "ALT-S005") from None
        try:
            with _interruptible():
                result = call(*values)
        except Panic as panic:
            return self.panicked(panic)
        self.write(f"{show(result)}\n".encode())
        return OK

    def panicked(self, panic: Panic) -> int:
        """Says what an executable says when it panics, and gives the status with which it ends."""
        import ctypes

        ctypes.CDLL(None).fflush(None)  # what the program wrote comes first
        _say("".join(f"{line}\n" for line in [f"panic: {panic}", *panic.frames()]))
        return PANIC

    def interpret(self, module: Module, program: list[str]) -> int:
        from altru_ir.backend import prepare
        from altru_ir.backend.cli.interpret import run
        from altru_ir.backend.cli.values import ArgumentError

        options = self.options
        with self.workers(self.manager()) as manager:
            opt, bare = options.opt or 0, options.no_check
            prepared = prepare(module, opt=opt, checks=options.checks, manager=manager, as_written=bare)
        self.warn(manager.warnings(), module)
        try:
            with self.timed("interpret"):
                name = options.files[0] if options.files else "-"
                status, said, diagnostics = run(prepared, options.entry, name, program, options.steps)
        except ArgumentError as error:
            raise EnvironmentProblem(str(error), "ALT-S005") from None
        _say(said)
        self.report(diagnostics)
        return status

    def find_library(self, name: str) -> str:
        for directory in self.options.directories:
            path = Path(directory) / f"lib{name}.so"
            if path.exists():
                return str(path)
        import ctypes.util

        found = ctypes.util.find_library(name)
        if found is None:
            raise EnvironmentProblem(f"there is no shared library `{name}`: add its directory with -L", "ALT-S004")
        return found


if __name__ == "__main__":
    sys.exit(main())
