"""The command line of ``altru-opt``: what it accepts and what each flag means.

Example: ``altru-opt -O3 --emit=exe -o nbody nbody.air``.
"""

from __future__ import annotations

import argparse
from typing import NoReturn


class UsageError(Exception):
    """The command line is not one ``altru-opt`` understands; the message says why."""


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"`{text}` is no positive number")
    return int(text)


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"`{text}` is no natural number")
    return int(text)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message)

    @property
    def flags(self) -> list[str]:
        """The long flags."""
        return [flag for flag in self._option_string_actions if flag.startswith("--")]


EPILOG = """\
Without --emit, --run and --interpret the module is printed as IR. `-` is standard input. Results go to standard output or -o,
diagnostics to standard error. Arguments behind `--` go to the program: to @main as its argv, to another --entry as one
literal per parameter (42, 2.5, true, [1,2,3], "text"), and then the result is printed.

--reduce prints the smallest text it finds for which CMD, run by the shell, still exits with 0: `{}` in CMD stands for the file
of a candidate, and without `{}` the file is appended. What is a valid program stays one; other text is cut up. Interrupted,
it prints the best so far. Example: altru-opt --reduce 'altru-opt --interpret {} 2>&1 | grep -q ALT-F002' -o small.air a.air

exit status: 0 well; 1 errors in the program; 2 usage or environment; 101 a panic; 102 a memory error that --interpret
found; 70 an internal error (a reproducer is left); with --run and --interpret the program's own otherwise.
"""


def make_parser(name: str = "altru-opt") -> _Parser:
    """The argument parser of ``altru-opt``, or of a front-end's command; it raises ``UsageError`` instead of exiting."""
    own = name == "altru-opt"
    what = "programs in Altru's intermediate representation" if own else "programs, with the flags of altru-opt"
    parser = _Parser(
        prog=name,
        description=f"Checks, transforms, compiles and runs {what}.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("files", nargs="*", metavar="FILE", help="text files of IR, or `-`" if own else "source files, or `-`")
    add("-o", dest="output", metavar="OUT", help="where the result goes")
    add("-p", "--pass-pipeline", dest="pipeline", metavar="PIPELINE", help="passes to run: a,b{option=value}")
    for level in range(4):
        add(f"-O{level}", dest="opt", action="store_const", const=level, help=f"optimization level {level}")
    add(
        "--checks", default="all", metavar="LIST",
        help="checks to keep: all (default), none, or some of bounds,null,align,division; "
        "`,unsafe=` and the same with + for what is marked unsafe",
    )  # fmt: skip
    add("--panic", default="unwind", choices=["unwind", "abort"], help="what a panic does: runs cleanups (default), or not")
    add("--emit", choices=["ir", "llvm", "asm", "obj", "exe", "shared", "static", "header"], help="what to write")
    add("-g", dest="debug", action="store_true", help="add debug information: lines, functions, locals and their types")
    add("--instrument", choices=["heap-stats", "heap-sites"], help="count allocations exactly: by allocator, or by place")
    add("--target", metavar="TRIPLE", help="the target, instead of the module's own")
    add("--cpu", metavar="NAME", help="the processor (x86-64-v3 for files, this machine's for --run)")
    add("-l", dest="libraries", action="append", default=[], metavar="LIB", help="link a library")
    add("-L", dest="directories", action="append", default=[], metavar="DIR", help="look for libraries here")
    add("--load", dest="loads", action="append", default=[], metavar="FILE", help="load a shared library for --run")
    add("--run", action="store_true", help="compile in memory and run")
    add("--interpret", action="store_true", help="run in the abstract machine, which finds every memory error")
    add("--entry", metavar="NAME", help="the function that --run or --interpret calls (default main)")
    add("--steps", type=_positive, metavar="N", help="how many steps --interpret takes at most (default 100,000,000)")
    add("--check", action="store_true", help="parse, verify and check memory, then stop")
    add("--fix", action="store_true", help="print the text with all errors of memory mended that have a fix that was tried")
    add(
        "--no-check",
        action="store_true",
        help="do not verify what is printed, nor check the memory of what is compiled or run",
    )
    add(
        "-W", dest="levels", action="append", default=[], metavar="CODE=LEVEL",
        help="what the checks of memory find with this code is an error, a warning, or to ignore",
    )  # fmt: skip
    add("--format", default="text", choices=["text", "json", "sarif"], help="how diagnostics are written")
    add("--explain", metavar="CODE", help="say what a diagnostic code means")
    add("--verify-each", action="store_true", help="verify after each pass")
    add("--verify-proofs", action="store_true", help="check the certificate of each check that is eliminated")
    add("--verify-diagnostics", action="store_true", help="compare diagnostics with the expected-... comments of the text")
    add("--split-input-file", action="store_true", help="treat parts between `// -----` lines as modules of their own")
    add("--print-ir-before", action="append", default=[], metavar="PASS", help="print the IR before a pass (or `all`)")
    add("--print-ir-after", action="append", default=[], metavar="PASS", help="print the IR after a pass (or `all`, `changed`)")
    add("--print-analysis", action="append", default=[], metavar="NAME,...", help="write what analyses find beside the IR")
    add("--reduce", metavar="CMD", help="make FILE small, as long as CMD exits with 0 for it (see below)")
    add("--generate", action="store_true", help="print a random program over the whole language")
    add("--seed", type=_natural, metavar="N", help="with --generate: which (default 0); the same gives the same program")
    add("--size", type=_positive, metavar="N", help="with --generate: about how many statements a function has (default 8)")
    add("--families", metavar="LIST", help="with --generate: only these parts of the language, e.g. scalars,owners; or native")
    add("--polonius-facts", metavar="DIR", help="print the borrow conflicts of a function given as a directory of facts")
    add("--view-cfg", metavar="FILE", help="draw the control flow of what is printed, as FILE.svg or FILE.dot")
    add("--view-lifetimes", metavar="FILE", help="draw the lifetimes of what is printed as bars beside it, as FILE.svg")
    add("--print-locations", action="store_true", help="show the position of every operation in printed IR")
    add("--timing", nargs="?", const="", metavar="FILE", help="say how long each step took; as a Chrome trace in =FILE")
    add("--statistics", action="store_true", help="say what the passes counted")
    add("--checks-listing", metavar="FILE", help="write the source with what became of each check beside its lines")
    add("--remarks", metavar="FILE", help="write what the passes remarked on as LLVM's YAML")
    add("--reproducer", metavar="FILE", help="when a pass fails, write the module and the pass to replay it here")
    add("--replay", action="store_true", help="FILE is a reproducer: run the pipeline that its head names")
    add(
        "--load-pass",
        dest="load_passes",
        action="append",
        default=[],
        metavar="FILE.py",
        help="add the passes of a Python file",
    )
    add("--jobs", type=_positive, default=1, metavar="N", help="run function passes in N processes")
    add("--list-passes", action="store_true", help="list the passes and the named pipelines")
    described = ["ops", "types", "grammar", "passes", "codes", "diagnostics"]
    add("--describe", choices=described, help="describe a part of the IR; diagnostics: the schema of --format=json")
    add("--json", action="store_true", help="with --describe: as JSON")
    add("--cache-dir", metavar="DIR", help="where built libraries and compiled objects are kept")
    add("--clear-cache", action="store_true", help="remove everything from the cache")
    add("--version", action="store_true", help="print the versions")
    return parser


def parse_options(arguments: list[str], name: str = "altru-opt") -> tuple[argparse.Namespace, list[str]]:
    """The options of the command ``name``, and what stands behind ``--``. Raises ``UsageError``."""
    program: list[str] = []
    if "--" in arguments:
        at = arguments.index("--")
        arguments, program = arguments[:at], arguments[at + 1 :]
    # Without `=` the flag takes no value: what stands behind it is a file to read.
    arguments = ["--timing=" if argument == "--timing" else argument for argument in arguments]
    parser = make_parser(name)
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        import difflib

        near = difflib.get_close_matches(unknown[0].split("=")[0], parser.flags, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        parser.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")
    options.print_analysis = [each for given in options.print_analysis for each in given.split(",")]
    options.levels = _levels(options.levels)
    _check_combination(options, program)
    options.entry = options.entry or "main"
    return options, program


def full_code(given: str) -> str:
    """The code that somebody means: ``m001`` is ``ALT-M001``."""
    return f"ALT-{given.upper().removeprefix('ALT-')}"


def _levels(given: list[str]) -> dict[str, str]:
    """The severities by the codes of ``-W``; the last word on a code counts. Raises ``UsageError``."""
    if not given:
        return {}
    from altru_ir.diagnostics import EXPLANATIONS, check_levels

    levels = {}
    for each in given:
        code, equals, level = each.partition("=")
        if not equals:
            raise UsageError(f"-W {each}: say what it is to be, as in -W {each if each in EXPLANATIONS else 'ALT-L001'}=error")
        levels[full_code(code)] = level
    try:
        check_levels(levels)
    except ValueError as error:
        raise UsageError(f"-W: {error}") from None
    return levels


def _check_combination(options: argparse.Namespace, program: list[str]) -> None:
    """A flag that would have no effect is refused, not ignored. Raises ``UsageError``."""
    writes = options.emit not in (None, "ir")
    runs = options.run or options.interpret
    if options.run and options.interpret:
        raise UsageError("--run and --interpret exclude each other")
    for flag in ("run", "interpret"):
        if getattr(options, flag) and options.emit:
            raise UsageError(f"--{flag} and --emit exclude each other")
        if getattr(options, flag) and options.check:
            raise UsageError(f"--{flag} and --check exclude each other")
    if options.verify_diagnostics and (runs or writes):
        raise UsageError("--verify-diagnostics only compares diagnostics; it does not go with --run, --interpret or --emit")
    if options.split_input_file and (runs or writes):
        raise UsageError("--split-input-file makes several modules; --run, --interpret and --emit take one")
    if not options.generate and (options.seed is not None or options.size is not None or options.families is not None):
        raise UsageError("--seed, --size and --families are for --generate")
    if options.generate and options.files:
        raise UsageError("--generate takes no FILE")
    for flag in ("reduce", "generate", "polonius-facts", "fix"):
        if getattr(options, flag.replace("-", "_")) not in (None, False) and _does_more(options):
            raise UsageError(f"--{flag} does only that: what is to happen with a program is said to another altru-opt")
    if options.polonius_facts is not None and (options.files or options.generate or options.reduce is not None):
        raise UsageError("--polonius-facts takes its program from DIR; no FILE, --generate or --reduce goes with it")
    if options.reduce is not None and options.generate:
        raise UsageError("--reduce and --generate exclude each other")
    if options.reduce is not None and not options.reduce.strip():
        raise UsageError("--reduce needs a command")
    if options.fix and (options.no_check or options.generate or options.reduce is not None or options.polonius_facts):
        raise UsageError("--fix mends what the checks of memory find in a FILE")
    if options.output is not None and (runs or options.check or options.verify_diagnostics):
        raise UsageError("-o is for what is printed or emitted; --run, --interpret, --check and the like give no file")
    if options.output == "":
        raise UsageError("-o needs the name of a file")
    if not runs and (program or options.entry is not None):
        raise UsageError("arguments behind `--` and --entry are for --run and --interpret")
    if options.debug and not (options.run or writes):
        raise UsageError("-g is for --run and for --emit of something else than IR")
    if options.instrument and not (options.run or writes):
        raise UsageError("--instrument is for --run and for --emit of something else than IR")
    if not options.run and options.loads:
        raise UsageError("--load is for --run")
    if not options.interpret and options.steps is not None:
        raise UsageError("--steps is for --interpret")
    if options.replay and (options.pipeline is not None or options.opt is not None):
        raise UsageError("--replay takes the pipeline from the file; it does not go with -p and -O")
    if options.replay and options.split_input_file:
        raise UsageError("--replay takes one module; it does not go with --split-input-file")
    if options.print_analysis and (runs or writes or options.check or options.verify_diagnostics):
        raise UsageError("--print-analysis adds comments to printed IR; there is none to add them to")
    for flag, path in (("--checks-listing", options.checks_listing), ("--remarks", options.remarks)):
        if path == "":
            raise UsageError(f"{flag} needs the name of a file, or `-` for standard output")
        if path == "-" and options.output in (None, "-") and not (runs or options.check or options.verify_diagnostics):
            raise UsageError(f"{flag}=- would be mixed with what is printed; name a file, or give the other one -o FILE")
        if path is not None and path != "-" and (path.endswith(".air") or path in options.files):
            raise UsageError(f"{flag}=FILE is what to write, and `{path}` is a program")
    for flag, path, endings in (
        ("--view-cfg", options.view_cfg, (".svg", ".dot")), ("--view-lifetimes", options.view_lifetimes, (".svg",)),
    ):  # fmt: skip
        if path is None:
            continue
        if not path.endswith(endings):
            raise UsageError(f"{flag} writes {' or '.join(f'FILE{ending}' for ending in endings)}, not `{path}`")
        if runs or writes or options.check or options.verify_diagnostics:
            raise UsageError(f"{flag} draws what is printed, and nothing is printed")
        if options.split_input_file or len(options.files) > 1 or options.no_check:
            raise UsageError(f"{flag} draws one verified module; it goes with one FILE, whole and checked")
    if options.print_analysis and options.no_check:
        raise UsageError("--print-analysis is for verified IR, and --no-check verifies nothing")
    if options.emit in ("obj", "exe", "shared", "static") and options.output in (None, "-"):
        raise UsageError(f"--emit={options.emit} needs -o FILE")


def _does_more(options: argparse.Namespace) -> bool:
    """Whether something is asked for beyond printing."""
    return (
        options.run or options.interpret or options.check or options.verify_diagnostics or options.split_input_file
        or options.emit is not None or options.opt is not None or options.pipeline is not None
        or options.replay or options.print_analysis or options.jobs != 1
    )  # fmt: skip


def check_names(options: argparse.Namespace) -> None:
    """What is named (passes, analyses, classes of checks) must exist, reached or not. Raises ``UsageError``."""
    load_passes(options)
    if options.checks == "all" and not any(
        (options.pipeline, options.print_analysis, options.print_ir_before, options.print_ir_after)
    ):
        return  # nothing is, so the passes need not be loaded
    from altru_ir.passes.check_modes import modes_of, split
    from altru_ir.passes.pipeline_text import PipelineError, parse_pipeline
    from altru_ir.passes.registry import names

    try:
        parse_pipeline(options.pipeline or "")
        modes_of(*split(options.checks))
    except (PipelineError, ValueError) as error:
        raise UsageError(str(error)) from None
    compiled = options.run or options.interpret or options.opt is not None or options.emit not in (None, "ir")
    if options.checks != "all" and options.pipeline and not compiled:
        raise UsageError("--checks does nothing to a pipeline of your own; write there insert-checks{checks=bounds+null}")
    if options.print_analysis:
        from altru_ir.passes.analysis.registry import ANALYSES

        for name in options.print_analysis:
            if name not in ANALYSES:
                raise UsageError(f"--print-analysis: there is no analysis `{name}`; there are {', '.join(ANALYSES)}")
    for flag, named, more in (
        ("--print-ir-before", options.print_ir_before, ["all"]),
        ("--print-ir-after", options.print_ir_after, ["all", "changed"]),
    ):
        for name in named:
            if name not in more and name not in names():
                raise UsageError(f"{flag}: there is no pass `{name}`; there are {', '.join([*more, *names()])}")


def load_passes(options: argparse.Namespace) -> None:
    """Adds the passes of the files that ``--load-pass`` names. Raises ``UsageError``."""
    if options.load_passes:
        from altru_ir.passes.registry import PassFileError, load_file

        try:
            for file in options.load_passes:
                load_file(file)
        except PassFileError as error:
            raise UsageError(str(error)) from None
