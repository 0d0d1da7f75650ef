"""Long runs over generated programs: ``python -m tests.soak --suite native --from 0 --count 1000 --jobs 2``.

A suite checks one seed. Totals accumulate in ``tests/soak/ledger.json``: per suite the version, the seed ranges that were
run without a finding, and the commit; a run that is asked for seeds of the ledger skips them. A fix restarts only the last
20,000 seeds: raise the suite's version and the ledger keeps the count of what the older version has seen apart.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import attrs

import altru_ir as air
from altru_ir.passes.base import Pass
from altru_ir.passes.manager import PassManager
from altru_ir.passes.pipeline_text import parse_pipeline
from altru_ir.testing import whole_language
from altru_ir.testing.generator import generate
from altru_ir.values import Operation
from tests.soak.demotion import demoted, in_memory

Finding = str
ARGUMENTS = ((1, 2), (-5, 2**63 - 1), (-(2**63), 0x0123456789ABCDEF))


@attrs.frozen
class Suite:
    """``check(seed, change=...)`` returns None or what is wrong; ``change`` plants a defect in the text."""

    version: int
    check: Callable[..., Finding | None]
    says: str
    together: Callable[[Iterable[int]], list[tuple[int, Finding]]] | None = None
    """The findings of several seeds, where that is cheaper than one after the other."""


def _unchanged(text: str) -> str:
    return text


Sizes = tuple[int, int, int, int]
WHOLE: Sizes = (1, 2, 3, 6)
"""Sizes of programs of ``whole_language``, of which 48, 11, 4 and 1 of 64 are; so with the others."""
SCALAR: Sizes = (1, 2, 4, 6)
REFERENCES: Sizes = (2, 3, 6, 10)
LOOPS: Sizes = (1, 1, 2, 3)
WALKS: Sizes = (1, 2, 3, 5)


def sized(seed: int, sizes: Sizes) -> int:
    """The size of a seed's program: mostly a small one, as most defects show in small programs, and a hundred of those cost
    what ten large ones do. How the sizes fall has nothing to do with what seeds leave when divided by small numbers, by which
    suites choose what they make."""
    draw = seed * 0x9E3779B97F4A7C15 % 2**64 >> 58
    return sizes[(draw >= 48) + (draw >= 59) + (draw == 63)]


def check_roundtrip(seed: int, change: Callable[[str], str] = _unchanged) -> Finding | None:
    """Parse, verify, print, parse, print, clone."""
    text = generate(seed, sized(seed, SCALAR)).text if seed % 2 else whole_language.generate(seed, sized(seed, WHOLE)).text
    module = air.parse(change(text))
    problems = air.verify(module)
    if problems:
        return f"a generated program does not verify: {problems[0]}"
    text = str(module)
    if str(air.parse(text)) != text:
        return "printing what was parsed from print differs"
    return None if str(module.clone()) == text else "the clone prints differently"


def check_text(seed: int, change: Callable[[str], str] = _unchanged) -> Finding | None:
    """Damaged text gives diagnostics with a place and a message, or a module that verifies or says why not."""
    import random

    choose = random.Random(seed)
    text = generate(seed, sized(seed, SCALAR)).text if seed % 2 else whole_language.generate(seed, sized(seed, WHOLE)).text
    lines = change(text).split("\n")
    for _ in range(choose.randint(1, 3)):
        at, other = choose.randrange(len(lines)), choose.randrange(len(lines))
        kind = choose.randrange(5)
        if kind == 0:
            del lines[at]
        elif kind == 1:
            lines[at], lines[other] = lines[other], lines[at]
        elif kind == 2:
            words = lines[at].split(" ")
            words[choose.randrange(len(words))] = choose.choice(["%x", "^b1", "i32", "", "}", "{", "(", "0x", '"', "'", "\0"])
            lines[at] = " ".join(words)
        elif kind == 3:
            cut = choose.randrange(len(lines[at]) + 1)
            lines[at] = lines[at][:cut] + choose.choice("%^@{}()<>[]\"',:;#\\\x00é") + lines[at][cut + 1 :]
        else:
            lines.insert(at, lines[other])
        if not lines:
            lines = [""]
    try:
        found = air.verify(air.parse("\n".join(lines)))
    except air.DiagnosticError as error:
        found = error.diagnostics
        if any(d.location is None for d in found):
            return "a diagnostic of the parser has no place"
    return "a diagnostic has no message" if any(not d.message for d in found) else None


MANY_PANICS = frozenset({"panics", "calls", "places"})
"""Families whose programs often panic."""

Outcome = tuple[int | str, int | None]
"""How a run ended: the answer or what the panic said, and what its cleanups left behind (None where none can be)."""


def _outcome(run: Callable[..., int], a: int, b: int, has_cleanups: bool) -> Outcome:
    """Runs ``@main_entry`` by ``run(name, *arguments)``, then asks in the same memory what the cleanups left."""
    try:
        ended: int | str = run("main_entry", a, b) % (1 << 64)
    except air.Panic as panic:
        ended = "\n".join((f"panic: {panic}", *panic.frames()))
    return ended, run("counted") % (1 << 64) if has_cleanups else None


def _without_frames(outcome: Outcome) -> Outcome:
    ended, counted = outcome
    return (ended if isinstance(ended, int) else ended.partition("\n")[0]), counted


class _Keeping(PassManager):
    """A pass manager that keeps the module it has run on."""

    def run(self, module: air.Module) -> None:
        super().run(module)
        self.module = module


class _Further(PassManager):
    """A pass manager for a module that has been through O0: it runs what a level does behind that."""

    def run(self, module: air.Module) -> None:
        from altru_ir.passes.pipelines import PIPELINES

        self.passes = self.passes[len(PIPELINES["O0"]) :]
        super().run(module)


ALONE = 8
"""Every so many seeds of ``native`` are compiled from their text at each level, as users compile. The others are checked and
elaborated once for the interpreter and both levels, for which that is the same, and in long runs several of them stand in one
module. Who brings a manager does without the cache of objects."""
TOGETHER = 12
"""How many programs stand in one module."""
Meant = tuple[str, Any]
"""The text of a program of ``native``, and its twin in Python, or None."""


def _native(seed: int) -> Meant:
    if seed % 5 == 0:
        scalar = generate(seed, sized(seed, SCALAR))
        return scalar.text, scalar
    families = MANY_PANICS if seed % 5 in (1, 2) else whole_language.NATIVE
    return whole_language.generate(seed, sized(seed, WHOLE), families).text, None


def check_native(seed: int, change: Callable[[str], str] = _unchanged) -> Finding | None:
    """The answers and panics at O0 and O3 are those of the interpreter, and so are the traces of the cleanups, and at O0 the
    backtraces; every fifth program carries its meaning in Python as well."""
    from altru_ir import backend

    text, scalar = _native(seed)
    compiled = air.parse(change(text))
    if seed % ALONE and change is _unchanged:
        return _ends_alike(compiled, {"": scalar}).get("")
    libraries = {opt: backend.compile(compiled, opt=opt, manager=PassManager([])) for opt in (0, 3)}
    return _differences(backend.prepare(air.parse(text), opt=0), libraries, {"": scalar}).get("")


def check_native_together(seeds: Iterable[int]) -> list[tuple[int, Finding]]:
    """``check_native`` of several seeds, most of them in modules with others, which LLVM is set up for once. Where such a
    module shows something, its seeds are looked at one by one; what shows in company alone is told of that seed."""
    found: list[tuple[int, Finding]] = []
    crowd = []
    for seed in seeds:
        if seed % ALONE:
            crowd.append(seed)
        elif (finding := check_native(seed)) is not None:
            found.append((seed, finding))
    for at in range(0, len(crowd), TOGETHER):
        group = crowd[at : at + TOGETHER]
        programs = {seed: _native(seed) for seed in group}
        text = "\n".join(_NAMES.sub(rf"@p{seed}_\1", text.split("\n", 2)[2]) for seed, (text, _) in programs.items())
        try:
            module = air.parse(f"altru 1\nmodule @together\n{text}")
            together = _ends_alike(module, {f"p{seed}_": scalar for seed, (_, scalar) in programs.items()})
        except (air.DiagnosticError, AssertionError) as error:
            together = {f"p{group[0]}_": f"{type(error).__name__}: {error}"}
        if together:
            alone = [(seed, finding) for seed in group if (finding := check_native(seed)) is not None]
            found += alone or [(int(name[1:-1]), f"with {group}: {finding}") for name, finding in together.items()]
    return found


_NAMES = re.compile(r"@([A-Za-z_][\w.]*)")


def _ends_alike(compiled: air.Module, scalars: dict[str, Any]) -> dict[str, Finding]:
    """``_differences`` of a module that is checked and elaborated once."""
    from altru_ir import backend

    at_zero = _Keeping([])
    libraries = {0: backend.compile(compiled, opt=0, manager=at_zero)}
    libraries[3] = backend.compile(at_zero.module, opt=3, manager=_Further([]))
    return _differences(at_zero.module, libraries, scalars)


def _differences(meaning: air.Module, libraries: dict[int, Any], scalars: dict[str, Any]) -> dict[str, Finding]:
    """What ends in another way than the interpreter says, by the prefixes that the names of its programs have; ``scalars`` are
    their twins in Python, or None."""
    from altru_ir import backend

    machine = backend.Interpreter(meaning, verified=True).machine
    found: dict[str, Finding] = {}

    def outcomes_of(prefix: str, run: Callable[..., int], restart: Callable[[], None] | None) -> list[Outcome]:
        ends = []
        for a, b in ARGUMENTS:
            if restart is not None:
                restart()
            ends.append(
                _outcome(lambda name, *given: run(prefix + name, *given), a, b, f"{prefix}counted" in meaning.functions)
            )
        return ends

    for prefix, scalar in scalars.items():
        wanted = outcomes_of(prefix, lambda name, *given: machine.run(name, [x % (1 << 64) for x in given]), machine.restart)
        if scalar is not None:
            meant: list[Outcome] = [(scalar.run([a, b]), None) for a, b in ARGUMENTS]
            if meant != wanted:
                found[prefix] = f"the interpreter says {wanted}, and Python {meant}"
        for opt, library in libraries.items():
            given = outcomes_of(prefix, lambda name, *given: library[name](*given), None)  # noqa: B023
            for (a, b), ending, other in zip(ARGUMENTS, wanted, given, strict=True):
                if opt:  # a call that LLVM made a jump leaves no frame
                    ending, other = _without_frames(ending), _without_frames(other)
                if ending != other:
                    found.setdefault(prefix, f"@main_entry({a}, {b}) at O{opt} gives {other}, and the interpreter {ending}")
    return found


def check_machine(seed: int, change: Callable[[str], str] = _unchanged) -> Finding | None:
    """A program over the whole language makes no memory error, releases all it takes, and ends alike on every schedule."""
    from altru_ir import backend

    checked = backend.prepare(air.parse(change(whole_language.generate(seed, sized(seed, WHOLE)).text)), opt=0, as_written=True)
    answers: list[object] = []
    try:
        backend.interpret(checked, "main_entry", ARGUMENTS[seed % 3], schedules=200, each=answers.append)
    except air.Panic as panic:
        answers.append(f"{panic}")
    except air.MemoryFault as fault:
        return f"{fault.kind}: {fault}"
    return None if len(set(answers)) == 1 else f"the answer depends on the schedule: {answers[0]} or {answers[-1]}"


Chain = tuple[str, str]
"""A form of the program, and the passes that it goes through."""

ALONE_PASSES = ("canonicalize", "cse", "dce", "simplify-cfg", "inline")
BEHIND = "mem2reg,canonicalize,cse,dce,simplify-cfg"
PROMOTED: tuple[Chain, ...] = (
    ("demoted", BEHIND),
    ("in memory", f"sroa,{BEHIND}"),
    ("demoted, in memory", f"inline{{max-size=60}},sroa,{BEHIND}"),
    ("in memory", "cse{loads},dce"),
)
FOLDED: tuple[Chain, ...] = (
    ("with constants", "canonicalize,cse,canonicalize,dce"),
    ("with constants", f"inline{{max-size=1000}},sroa,{BEHIND}"),
)


def chains(seed: int) -> tuple[Chain, ...]:
    """What the suite ``passes`` runs for a seed: passes on the program as it is, in some order, so that each is the first of
    them for some seeds; those that promote what is in memory; those that fold what constants decide."""
    import random

    choose = random.Random(seed)
    order = choose.sample(ALONE_PASSES, len(ALONE_PASSES))
    return ("as it is", ",".join(order)), choose.choice(PROMOTED), choose.choice(FOLDED)


def outcomes(module: air.Module, arguments: Iterable[tuple[int, int]], *, verified: bool = True) -> list[object]:
    """The answers of ``main_entry`` in the interpreter, or how it ended; ``verified`` says that the module is."""
    from altru_ir import backend

    runs = backend.Interpreter(module, verified=verified)
    found: list[object] = []
    for given in arguments:
        try:
            found.append(runs.run("main_entry", given, schedules=1))
        except air.Panic as panic:
            found.append(("panic", str(panic)))
        except air.MemoryFault as fault:
            found.append((fault.kind, str(fault)))
    return found


def specialized(module: air.Module, arguments: tuple[int, int]) -> air.Module:
    """A copy in which ``main_entry`` has constants for its arguments, so that much of the program can be computed."""
    from altru_ir.declare import find
    from altru_ir.passes.transform.rewriting import replace_values
    from altru_ir.values import Operation, Value

    copy = module.clone()
    function = copy.functions["main_entry"]
    made = []
    for parameter, argument in zip(function.parameters, arguments, strict=True):
        op = Operation(find("const"), [], {"value": argument})
        op.results = [Value(parameter.type, None, op)]
        op.block = function.entry
        made.append(op)
    replace_values(function, {p: op.result for p, op in zip(function.parameters, made, strict=True)})
    function.entry.ops[:0] = made
    return copy


def _shape(module: air.Module) -> list[object]:
    """What passes may change of the bodies; equal for two moments between which nothing was changed."""
    return [
        (block, block.unwind, [(value, value.type) for value in block.args], [
            (op, op.decl, op.operands[:], dict(op.attrs), [(value, value.type) for value in op.results],
             [(edge.block, edge.args[:], edge.case) for edge in op.successors])
            for op in block.ops
        ])
        for function in module.functions.values() for block in function.blocks
    ]  # fmt: skip


class _Verifying:
    """Verifies a module behind each pass that has changed it."""

    def __init__(self) -> None:
        self.seen: list[object] = []

    def __call__(self, each: Pass, module: air.Module) -> None:
        """Raises ``DiagnosticError`` for what is wrong behind the pass."""
        from altru_ir.passes.verify.drops import check_elaborated

        shape = _shape(module)
        if shape == self.seen:
            return
        self.seen = shape
        problems = air.verify(module) or check_elaborated(module)
        if problems:
            note = f"after pass `{each.name}`: "
            raise air.DiagnosticError([attrs.evolve(p, message=note + p.message) for p in problems], module.source)


def check_passes(seed: int, change: Callable[[str], str] = _unchanged, pipelines: tuple[str, ...] = ()) -> Finding | None:
    """A program has the same answers before and behind passes, and verifies behind each. They are compared behind the last
    one: a pass that changes no meaning leaves wrong answers as they are. Where they differ, the passes are run again to say
    whose fault it is. ``pipelines`` are run on the program as it is, instead of the suite's ``chains``."""
    from altru_ir import backend

    families = whole_language.NATIVE if seed % 3 == 0 else None
    scalar = seed % 7 == 0
    program = generate(seed, sized(seed, SCALAR)) if scalar else whole_language.generate(seed, sized(seed, WHOLE), families)
    before = backend.prepare(air.parse(change(program.text)), opt=0)
    wanted = outcomes(before, ARGUMENTS)
    known = seed % len(ARGUMENTS)
    forms: dict[str, Callable[[], air.Module]] = {
        "as it is": before.clone,
        "demoted": lambda: demoted(before),
        "in memory": lambda: in_memory(before),
        "demoted, in memory": lambda: in_memory(demoted(before)),
        "with constants": lambda: specialized(before, ARGUMENTS[known]),
    }
    agrees: set[tuple[str, bool]] = set()  # texts that give the answers, to one pair of arguments or to all

    def difference(form: str, module: air.Module) -> str | None:
        one, after = form == "with constants", str(module)
        if (after, one) in agrees:
            return None
        given, answers = (ARGUMENTS[known : known + 1], wanted[known : known + 1]) if one else (ARGUMENTS, wanted)
        found = outcomes(module, given)
        if found != answers:
            return f"{answers} before, {found} after"
        agrees.add((after, one))
        return None

    def culprit(form: str, pipeline: str) -> str:
        """The first pass behind which a form has other answers, or the form."""
        module = forms[form]()
        if difference(form, module) is not None:
            return f"{form}, before the passes"
        for each in parse_pipeline(pipeline):
            PassManager([each]).run(module)
            if difference(form, module) is not None:
                return each.name
        return pipeline

    agrees.add((str(before), False))
    for form, pipeline in [("as it is", each) for each in pipelines] or chains(seed):
        module = forms[form]()
        try:
            PassManager(parse_pipeline(pipeline), after=_Verifying()).run(module)
        except air.DiagnosticError as error:
            return f"{pipeline}: {error.diagnostics[0]}"
        found = difference(form, module)
        if found is not None:
            return f"{culprit(form, pipeline)}: {found} ({pipeline})"
    return None


HEAP_SCENARIOS = {
    "heap": 40_000,
    "arena": 40_000,
    "pool": 40_000,
    "stack": 300,
    "secure": 4_000,
    "threads": 20_000,
    "messages": 60,
}
"""Operations of a seed, by scenario of ``tests/runtime/allocators_program.c``."""


@cache
def _allocators_program() -> str:
    """The program in the build that examines our own code, compiled once for this process."""
    import atexit
    import shutil
    import tempfile

    from altru_ir.runtime import build

    folder = tempfile.mkdtemp(prefix="altru-soak-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    source = Path(__file__).parents[1] / "runtime" / "allocators_program.c"
    flags = ["-std=c11", "-O1", "-g", *build.VARIANTS["sanitize-slab"], f"-I{build.include_dir()}"]
    library = str(build.static_library(variant="sanitize-slab"))
    subprocess.run([*build.compiler(), *flags, source, library, "-lpthread", "-o", f"{folder}/program"], check=True)
    return f"{folder}/program"


def check_heap(seed: int, change: Callable[[str], str] = _unchanged) -> Finding | None:
    """Random operations on the allocators under AddressSanitizer, every second seed in a hardened heap."""
    scenario = list(HEAP_SCENARIOS)[seed % len(HEAP_SCENARIOS)]
    variables = os.environ | {"ALTRU_HARDENED": str(seed // len(HEAP_SCENARIOS) % 2)}
    line = [_allocators_program(), change(scenario), str(seed), str(HEAP_SCENARIOS[scenario])]
    done = subprocess.run(line, env=variables, capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else f"{scenario}: status {done.returncode}: {done.stderr[-2000:]}"


OWNERS = frozenset(whole_language.FAMILIES) - {"threads", "slices", "raw", "atomics", "floats", "homes"}
"""Families whose programs still mean something when their drops come later."""


def check_drops(seed: int, change: Callable[[str], str] = _unchanged) -> Finding | None:
    """Scheduled and elaborated drops do what the written ones do; and where the written ones are taken out of a program, what
    is scheduled instead is accepted by the move check, and leaves nothing behind and nothing dangling."""
    from altru_ir import backend, passes

    size = sized(seed, WHOLE)
    program = air.parse(change(whole_language.generate(seed, size).text))
    elaborated = backend.prepare(program, opt=0)
    written = program
    passes.run(written, "insert-checks")
    given = ARGUMENTS[:2]
    ends = [outcomes(module, given, verified=False) for module in (written, elaborated)]
    for arguments, wanted, found in zip(given, *ends, strict=True):
        if wanted != found:
            return f"@main_entry{arguments} gives {wanted} as it is written, and {found} with drops elaborated"
    bare = air.parse(change(whole_language.generate(seed, size, OWNERS).text))
    for function in bare.functions.values():
        for block in function.blocks:
            block.ops = [op for op in block.ops if not _closes(op)]
    try:
        scheduled = backend.prepare(bare, opt=0)
    except air.DiagnosticError as error:
        return f"without its drops: {error}"
    (ended,) = outcomes(scheduled, ARGUMENTS[:1], verified=False)
    return f"without its drops: {ended}" if isinstance(ended, tuple) and ended[0] != "panic" else None


def _closes(op: Operation) -> bool:
    """Whether ``op`` is a drop that could be scheduled as well."""
    return op.name == "end" or (op.name == "drop" and len(op.operands) == 1 and not op.operands[0].type.is_place)


WILD = (0.05, 0.15, 0.3, 0.6)
"""The shares of conflicts that the wild programs of the suite ``loans`` overlook."""


def check_loans(seed: int, change: Callable[[str], str] = _unchanged) -> Finding | None:
    """Programs of references: a correct one is accepted; a wild one, one with a wrong scene, and mutants of a correct one make
    no memory error when they are."""
    import random

    from altru_ir.testing import borrowing
    from tests.passes.loans_oracle import accepted, first_fault, inputs, mutations

    kind = seed % 5
    size = sized(seed, REFERENCES)
    program = borrowing.generate(seed, size, wild=WILD[seed % len(WILD)] if kind == 1 else 0.0, staged=kind == 2)
    if kind == 3:
        for what, mutant in mutations(change(program.text), random.Random(seed), 1):
            try:
                module = accepted(air.parse(mutant))
            except air.DiagnosticError:
                continue
            found = first_fault(module, inputs(200, seed))
            if found is not None:
                return f"{what}: {found}"
        return None
    try:
        module = accepted(air.parse(change(program.text)))
    except air.DiagnosticError as error:
        return None if program.wild or program.counts["rash"] else f"a correct program is refused: {error.diagnostics[0]}"
    return first_fault(module, inputs(20, seed))


ELIMINATION = "mem2reg,cse{loads},infer-contracts{verify},eliminate-checks{versions,verify}"
BUDGET = 20_000


def check_checks(seed: int, change: Callable[[str], str] = _unchanged) -> Finding | None:
    """A program of loops over slices has the same results, prints the same, and panics at the same place after the checks that
    cannot fail are gone; the checker accepts all certificates."""
    from altru_ir.testing import loops

    return _unlike_without_checks(*loops.generate(seed, sized(seed, LOOPS)), "insert-checks", ELIMINATION, change)


PRESENT = "insert-checks,schedule-drops,elaborate-drops"
PLAINER = "mem2reg,cse{loads},forward-lengths"
AWAY = "infer-contracts{verify},eliminate-checks{versions,verify}"
WALKING = (
    f"{PLAINER},{AWAY}",
    f"{PLAINER},{AWAY},canonicalize,simplify-cfg,eliminate-checks{{versions,verify}},dce",
    f"inline,{PLAINER},{AWAY}",
    f"sroa,mem2reg,canonicalize,cse{{loads}},simplify-cfg,forward-lengths,{AWAY},canonicalize,cse{{loads}},simplify-cfg,dce",
    f"{PLAINER},infer-contracts{{verify}},eliminate-checks{{verify}},inline,{PLAINER},{AWAY}",
)
"""Where checks go: as in the levels, and with what makes other programs of them in front and behind."""


def check_walks(seed: int, change: Callable[[str], str] = _unchanged) -> Finding | None:
    """The same of programs that walk over memory in every way."""
    from altru_ir.testing import walks

    text, calls = walks.generate(seed, sized(seed, WALKS))
    return _unlike_without_checks(text, calls, PRESENT, WALKING[seed % len(WALKING)], change)


def _unlike_without_checks(
    text: str, calls: Iterable[tuple[int, ...]], present: str, away: str, change: Callable[[str], str]
) -> Finding | None:
    """What a program does otherwise behind ``away``. A call has the lengths of the slices and two numbers behind them."""
    from altru_ir import backend, passes

    before = air.parse(text)
    after = before.clone() if change is _unchanged else air.parse(change(text))
    passes.run(before, present)
    passes.run(after, f"{present},{away}", verify_each=True)
    runs = backend.Interpreter(before), backend.Interpreter(after, verified=True)
    for *lengths, n, m in calls:
        ended = []
        for each in runs:
            printed: list[bytes] = []
            slices = [
                [(at + 1, 3 * at + 1, 7 * at % 5 - (at % 3 == 2))[which] for at in range(length)]
                for which, length in enumerate(lengths)
            ]
            answer: object
            try:
                answer = each.run("main_entry", [*slices, n, m], steps=BUDGET, write=printed.append)
            except air.Panic as panic:
                answer = "panic", panic.message, str(panic.location)
            except air.MemoryFault as fault:
                answer = fault.kind
            ended.append((answer, b"".join(printed), slices[0]))
        if ended[0] != ended[1] and all(answer != "ALT-S008" for answer, _, _ in ended):
            return f"{(*lengths, n, m)}: {ended[0]} with all checks, {ended[1]} without those that were proven"
    return None


def check_rust(seed: int, change: Callable[[str], str] = _unchanged) -> Finding | None:
    """Verdicts on moves and on borrows, and the drops that are left, beside rustc's on random Rust functions."""
    from tests.mir.rust_programs import program
    from tests.mir.test_drops import accepted, check_drops
    from tests.mir.test_loans import check_borrows
    from tests.mir.test_moves import check_program

    found = check_program(seed) or check_borrows(seed)
    if found is None:
        path = accepted(program(seed))
        found = check_drops(path)
        path.unlink()
    return found


SUITES: dict[str, Suite] = {
    "heap": Suite(2, check_heap, "the allocators under sanitizers, fast and hardened"),
    "text": Suite(4, check_text, "damaged text: diagnostics only"),
    "roundtrip": Suite(4, check_roundtrip, "parse, verify, print, clone"),
    "native": Suite(
        5, check_native, "O0 and O3 against the interpreter, panics and cleanups too, and against Python", check_native_together
    ),
    "passes": Suite(4, check_passes, "before against after each pass, in the interpreter"),
    "drops": Suite(4, check_drops, "drops scheduled and elaborated against written ones; no leak where none are written"),
    "loans": Suite(5, check_loans, "references: correct programs accepted, accepted ones without a fault"),
    "checks": Suite(3, check_checks, "loops over slices with all checks against those that are left, certificates checked"),
    "walks": Suite(1, check_walks, "walks over memory of all kinds with all checks against those that are left, likewise"),
    "rust": Suite(1, check_rust, "moves, borrows and drops of random Rust functions: the verdicts and counts of rustc"),
    "machine": Suite(3, check_machine, "the whole language in the interpreter: no fault, no leak, one answer"),
}
