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
import os
import re
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from altru_ir.backend.cli.options import UsageError, parse_options
from altru_ir.diagnostics import EXPLANATIONS, Diagnostic, DiagnosticError
from altru_ir.module import Module
from altru_ir.source import Location, Source

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


def main(argv: list[str] | None = None) -> int:
    """Runs ``altru-opt`` with ``argv`` (the process's own by default) and returns its exit status."""
    arguments = sys.argv[1:] if argv is None else argv
    try:
        return _reporting_internal_errors(arguments)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone: that is their decision, not an error to report.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK


def _reporting_internal_errors(arguments: list[str]) -> int:
    """The one place where an unforeseen exception is caught: it leaves a reproducer and says where."""
    driver = _Driver()
    try:
        return driver.run(arguments)
    except BrokenPipeError:
        raise
    except Exception as error:
        with tempfile.NamedTemporaryFile("w", prefix="altru-opt-", suffix=".repro.air", delete=False) as file:
            file.write(f"// altru-opt {' '.join(arguments)}\n")
            file.writelines(f"// {line}\n" for line in traceback.format_exc().splitlines())
            file.write(driver.text)
        print(
            f"error[internal]: altru-opt failed on its own account ({type(error).__name__}: {error}).\n"
            f"  This is a defect of altru-opt, not of the program. The input, the command line and where it failed\n"
            f"  are in {file.name}; please report it with that file.",
            file=sys.stderr,
        )
        return INTERNAL


class _Driver:
    """State of one invocation: the sources read, and the diagnostics collected for the JSON form."""

    def __init__(self) -> None:
        self.options = argparse.Namespace()
        self.sources: dict[str, Source] = {}
        self.text = ""
        self.collected: list[Diagnostic] = []
        self.times: list[tuple[str, float]] = []

    def run(self, arguments: list[str]) -> int:
        try:
            self.options, program = parse_options(arguments)
        except UsageError as error:
            print(f"altru-opt: {error}\nTry `altru-opt --help`.", file=sys.stderr)
            return USAGE
        except SystemExit as end:  # --help has printed
            return int(end.code or 0)
        try:
            status = self.dispatch(program)
        except EnvironmentProblem as problem:
            self.report([Diagnostic(problem.code, str(problem))])
            status = USAGE
        finally:
            if self.options.format == "json" and self.takes_input():
                from altru_ir.render.json import render

                sys.stderr.write(render(self.collected))
        if self.options.timing:
            for what, seconds in self.times:
                print(f"{seconds * 1000:10.2f} ms  {what}", file=sys.stderr)
        return status

    def takes_input(self) -> bool:
        o = self.options
        return not (o.version or o.describe or o.list_passes or o.explain or o.clear_cache)

    def dispatch(self, program: list[str]) -> int:
        options = self.options
        if options.cache_dir:
            os.environ["ALTRU_CACHE_DIR"] = options.cache_dir
        if options.version:
            return _print_version()
        if options.list_passes:
            return _print_passes()
        if options.describe:
            return _describe(options.describe, options.json)
        if options.explain:
            return _explain(options.explain)
        if options.clear_cache:
            from altru_ir.runtime.build import clear_cache

            clear_cache()
            return OK
        files = options.files or ["-"]
        if len(files) > 1 and (options.run or options.output):
            print("altru-opt: --run and -o take one FILE", file=sys.stderr)
            return USAGE
        if not options.files and sys.stdin.isatty():
            print("altru-opt: no FILE, and standard input is a terminal; try `altru-opt --help`", file=sys.stderr)
            return USAGE
        status = OK
        output: list[str] = []
        for file in files:
            for source in self.read(file):
                status = max(status, self.one(source, program, output))
        if output:
            self.write("// -----\n".join(output).encode())
        return status

    # -- input and output ------------------------------------------------------------------------------------------------

    def read(self, file: str) -> Iterator[Source]:
        name = "<stdin>" if file == "-" else file
        try:
            data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        except OSError as error:
            raise EnvironmentProblem(f"cannot read {name}: {error.strerror}") from None
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            column = error.start - data.rfind(b"\n", 0, error.start)
            message = f"byte 0x{data[error.start]:02x} is not valid UTF-8"
            text = ""
            self.report([Diagnostic("ALT-P006", message, Location(name, line, column))])
            self.undecodable = True
            yield Source(name, "")
            return
        self.text = text
        self.sources[name] = Source(name, text)
        if not self.options.split_input_file:
            yield self.sources[name]
            return
        start, line = 0, 1
        for match in [*_SPLIT.finditer(text), None]:
            part = text[start : match.start() if match else len(text)]
            yield Source(name, part, line)
            if match:
                line += text.count("\n", start, match.end())
                start = match.end()

    undecodable = False

    def write(self, data: bytes) -> None:
        output = self.options.output
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
                from altru_ir.backend import write_whole

                write_whole(Path(output), data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise EnvironmentProblem(f"cannot write {output or 'standard output'}: {error.strerror}") from None

    def report(self, diagnostics: list[Diagnostic]) -> None:
        if self.options.format == "json":
            self.collected += diagnostics
            return
        from altru_ir.render.terminal import render

        colour = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
        sys.stderr.write(render(diagnostics, self.sources, colour=colour))

    @contextlib.contextmanager
    def timed(self, what: str) -> Iterator[None]:
        begin = time.perf_counter()
        yield
        self.times.append((what, time.perf_counter() - begin))

    # -- one module ------------------------------------------------------------------------------------------------------

    def one(self, source: Source, program: list[str], output: list[str]) -> int:
        if self.undecodable:
            return ERRORS
        module, diagnostics = self.load(source)
        if self.options.verify_diagnostics:
            return self.compare(source, module, diagnostics)
        self.report(diagnostics)
        if module is None or any(d.severity == "error" for d in diagnostics):
            return ERRORS
        if self.options.check:
            return OK
        try:
            return self.finish(module, program, output)
        except DiagnosticError as error:
            self.report(error.diagnostics)
            outside = all(d.code.startswith("ALT-S") and d.code != UNSUPPORTED for d in error.diagnostics)
            return USAGE if outside else ERRORS

    def load(self, source: Source) -> tuple[Module | None, list[Diagnostic]]:
        from altru_ir.text.parser import parse
        from altru_ir.verifier import verify

        try:
            with self.timed("parse"):
                module = parse(source.text, source.filename, source.first_line)
        except DiagnosticError as error:
            return None, error.diagnostics
        if self.options.target:
            from altru_ir.targets import UnknownTargetError, data_of

            try:
                module.target = data_of(self.options.target).triple
            except UnknownTargetError as error:
                raise EnvironmentProblem(str(error), "ALT-S003") from None
        if self.options.no_check:
            return module, []
        with self.timed("verify"):
            return module, verify(module)

    def compare(self, source: Source, module: Module | None, diagnostics: list[Diagnostic]) -> int:
        from altru_ir.backend.cli.expectations import mismatches

        if module is not None and self.options.pipeline and not diagnostics:
            try:
                self.passes(module)
            except DiagnosticError as error:
                diagnostics = error.diagnostics
        found = mismatches(source, diagnostics)
        for line in found:
            print(line, file=sys.stderr)
        return ERRORS if found else OK

    def passes(self, module: Module) -> None:
        from altru_ir.passes.base import Pass
        from altru_ir.passes.manager import PassManager, PipelineError, parse_pipeline

        options = self.options
        if options.pipeline is None:
            return
        try:
            passes = parse_pipeline(options.pipeline)
        except PipelineError as error:
            raise EnvironmentProblem(str(error)) from None
        texts: dict[str, str] = {}
        begins: list[float] = []

        def before(each: Pass, module: Module) -> None:
            if "changed" in options.print_ir_after:
                texts["before"] = str(module)
            if {"all", each.name} & set(options.print_ir_before):
                print(f"// before {each.name}\n{module}", file=sys.stderr)
            begins.append(time.perf_counter())

        def after(each: Pass, module: Module) -> None:
            self.times.append((each.name, time.perf_counter() - begins.pop()))
            changed = "changed" in options.print_ir_after and texts["before"] != str(module)
            if changed or {"all", each.name} & set(options.print_ir_after):
                print(f"// after {each.name}\n{module}", file=sys.stderr)

        PassManager(passes, options.verify_each, before, after).run(module)

    def finish(self, module: Module, program: list[str], output: list[str]) -> int:
        options = self.options
        self.passes(module)
        if not options.run and options.emit in (None, "ir"):
            if options.emit is None and options.opt is None:
                output.append(module.text(locations=options.print_locations))
                return OK
            from altru_ir.backend import prepare

            prepared = module if options.opt is None else self.guarded(
                lambda: prepare(module, opt=options.opt, checks=options.checks)
            )  # fmt: skip
            output.append(prepared.text(locations=options.print_locations))
            return OK
        opt = 2 if options.opt is None else options.opt
        if options.run:
            return self.execute(module, opt, program)
        from altru_ir.backend import emit

        path = options.output if options.emit in ("obj", "exe") else None
        with self.timed(f"emit {options.emit}"):
            data = self.guarded(
                lambda: emit(
                    module, options.emit, path, opt=opt, checks=options.checks, cpu=options.cpu,
                    libraries=options.libraries, directories=options.directories,
                )
            )  # fmt: skip
        if path is None:
            self.write(data)
        return OK

    def guarded(self, action: Callable[[], _T]) -> _T:
        """Runs ``action``; what fails outside the program becomes an ``EnvironmentProblem``."""
        from altru_ir.runtime.build import RuntimeBuildError

        try:
            return action()
        except RuntimeBuildError as error:
            raise EnvironmentProblem(str(error), "ALT-S001") from None
        except ValueError as error:
            raise EnvironmentProblem(str(error)) from None
        except OSError as error:
            raise EnvironmentProblem(f"cannot write {error.filename}: {error.strerror}") from None

    def execute(self, module: Module, opt: int, program: list[str]) -> int:
        from altru_ir.backend import compile
        from altru_ir.backend.cli.values import ArgumentError, arguments_for, show

        entry = self.options.entry
        function = module.functions.get(entry)
        if function is None or function.is_declaration:
            message = f"there is no function @{entry} to run; name one with --entry"
            raise DiagnosticError([Diagnostic("ALT-S005", message)])
        libraries = [*self.options.loads, *(self.find_library(name) for name in self.options.libraries)]
        with self.timed("compile"):
            library = self.guarded(lambda: compile(module, opt, self.options.checks, cpu=self.options.cpu, libraries=libraries))
        sys.stdout.flush()
        sys.stderr.flush()
        if entry == "main":
            file = self.options.files[0] if self.options.files else "-"
            return int(library.run_main([file, *program]))
        try:
            values = arguments_for(function, program, module)
            result = library[entry](*values)
        except (ArgumentError, TypeError) as error:
            raise EnvironmentProblem(str(error), "ALT-S005") from None
        print(show(result))
        return OK

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


def _print_version() -> int:
    from altru_ir import __version__
    from altru_ir.runtime.build import source_hash
    from altru_ir.text.parser import TEXT_VERSION

    print(f"altru-opt {__version__}, text format {TEXT_VERSION}, runtime {source_hash()[:12]}")
    return OK


def _print_passes() -> int:
    from altru_ir.passes.pipelines import PIPELINES
    from altru_ir.passes.registry import PASSES, find

    for name in PASSES:
        print(f"{name}: {(find(name).__doc__ or '').strip().splitlines()[0]}")
    for name, steps in PIPELINES.items():
        print(f"{name} = {','.join(steps)}")
    return OK


def _describe(what: str, as_json: bool) -> int:
    from altru_ir import describe

    if what == "passes":
        import attrs

        from altru_ir.passes.registry import PASSES, find

        found: Any = [
            {
                "name": name,
                "summary": (find(name).__doc__ or "").strip().splitlines()[0],
                "options": [{"name": f.name, "default": f.default} for f in attrs.fields(find(name))],
            }
            for name in PASSES
        ]
    elif what == "grammar":
        found = describe.GRAMMAR if not as_json else {"notation": "EBNF", "grammar": describe.GRAMMAR.split("\n")}
    else:
        found = {"ops": describe.operations, "types": describe.type_constructors, "codes": describe.codes}[what]()
    if as_json:
        import json

        print(json.dumps(found, indent=1))
    elif isinstance(found, str):
        print(found)
    else:
        for each in found:
            print(f"{each.get('name') or each['code']}: {each['summary']}")
    return OK


def _explain(code: str) -> int:
    known = EXPLANATIONS.get(code)
    if known is None:
        print(f"altru-opt: there is no code {code}; there are {', '.join(EXPLANATIONS)}", file=sys.stderr)
        return USAGE
    print(f"{code}: {known}")
    return OK


if __name__ == "__main__":
    sys.exit(main())
