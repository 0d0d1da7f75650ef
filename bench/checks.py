"""What do checks cost: how many are left, how long do programs run with them, and what does it take to prove the rest away?

The kernels of ``bench/kernels``, each in our IR, in C and in safe Rust (of the second set only checks are counted). For each
of them: the share of its checks that still run after the passes of O3, counted by the interpreter; CPU time with all checks
over that without any, over that of the C twin without any (``clang-22 -O3``, or another C compiler) and over that of the Rust
twin (``rustc -O``), the programs in turn; and, with valgrind, instructions in the same way, of a larger run less a smaller
one. All for x86-64-v3, no contraction of floats. Then the CPU time for each check of the passes that take checks away, and how
their work grows with the program: the kernels in one module, and functions of many checks in several shapes (``check_shapes``).
"""

from __future__ import annotations

import math
import shutil
import statistics
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import altru_ir as air
from altru_ir import backend, passes
from altru_ir.module import Module
from altru_ir.passes.proofs.certificates import MERGED
from bench.check_shapes import SHAPES
from bench.growth import instructions_of, seconds_of, slope
from bench.harness import Row, cpu_seconds, instructions
from bench.kernels import Kernel, air_of, c_of, kernel, names, others, rust_of, size

ROUNDS, QUICK_ROUNDS = 3, 1
ELIMINATION = "infer-contracts,eliminate-checks{versions}"
C_COMPILERS = ("clang-22", "clang", "gcc", "cc")
C_FLAGS = ["-O3", "-march=x86-64-v3", "-ffp-contract=off", "-std=c11", "-w"]
RUST_FLAGS = ["-O", "-C", "target-cpu=x86-64-v3", "-A", "warnings"]
BARS_OF_TIME = {"checks=none": 1.03, "c": 1.05, "rust": 0.85}
WORST_OVER_NONE = 1.25
BAR_OF_LEFT, BAR_OF_CLEAN, CLEAN = 0.08, 29, 0.01
BAR_OF_COST, BAR_OF_GROWTH = 25.0, 1.15
COPIES, QUICK_COPIES = (1, 2, 4, 8), (1, 2, 4)
SIZES, QUICK_SIZES = (100, 200, 400, 800), (25, 50, 100)


# -- dynamic checks ----------------------------------------------------------------------------------------------------------


@contextmanager
def counted() -> Iterator[list[int]]:
    """While it lasts, the interpreter counts the checks that it runs into the list's one element, and the conditions of merged
    ones."""
    from altru_ir.backend.interpreter import meanings  # noqa: F401
    from altru_ir.backend.interpreter.code import MEANINGS

    ran = [0]
    before = {name: meaning for name, meaning in MEANINGS.items() if name.startswith("check.") or name == "cond_br"}

    def counting(meaning: Any) -> Any:
        def staged(stage: Any, op: Any) -> Any:
            source = meaning(stage, op)
            many = op.attrs.get(MERGED, 0) if op.decl.name == "cond_br" else 1
            if many:
                source.text = f"ran[0] += {many}\n{source.text}"
                source.names["ran"] = ran
            return source

        return staged

    MEANINGS.update({name: counting(meaning) for name, meaning in before.items()})
    try:
        yield ran
    finally:
        MEANINGS.update(before)


def checks_run(module: Module, n: int, opt: int) -> tuple[int, int]:
    """How many checks run in ``@run`` of a module at a level, and the checksum."""
    prepared = backend.prepare(module, opt=opt)
    with counted() as ran:
        answer = backend.interpret(prepared, "run", [n])
    return ran[0], answer


def left(each: Kernel, n: int) -> tuple[int, int]:
    """Checks that run without and with elimination. Raises ``RuntimeError`` when that changes the checksum."""
    module = air.parse(air_of(each), each.name)
    before, answer = checks_run(module, n, 0)
    after, same = checks_run(module, n, 3)
    if answer != same:
        raise RuntimeError(f"{each.name}: {answer} became {same}")
    return before, after


# -- time --------------------------------------------------------------------------------------------------------------------


def build(each: Kernel, scratch: Path) -> dict[str, Path]:
    """Executables by name: ``checks=all``, ``checks=none``, and the twins for which there is a compiler."""
    module = air.parse(air_of(each), each.name)
    found: dict[str, Path] = {}
    for kind in ("all", "none"):
        found[f"checks={kind}"] = scratch / f"{each.name}-{kind}"
        backend.emit(module, "exe", found[f"checks={kind}"], opt=3, checks=kind)
    compiler = next(filter(None, map(shutil.which, C_COMPILERS)), None)
    if compiler is not None:
        found["c"], source = scratch / f"{each.name}-c", scratch / f"{each.name}.c"
        source.write_text(c_of(each))
        subprocess.run([compiler, *C_FLAGS, "-o", found["c"], source, "-lm"], check=True)
    if shutil.which("rustc") is not None:
        found["rust"], source = scratch / f"{each.name}-rust", scratch / f"{each.name}.rs"
        source.write_text(rust_of(each))
        subprocess.run(["rustc", *RUST_FLAGS, "-o", found["rust"], source], check=True)
    return found


def timed(programs: dict[str, Path], n: int, rounds: int) -> dict[str, list[float]]:
    """Seconds of each program, run in turn; one run each that is not counted comes first, and all print one number."""
    answers = {name: subprocess.run([path, str(n)], capture_output=True, check=True).stdout for name, path in programs.items()}
    if len(set(answers.values())) != 1:
        raise RuntimeError(f"the programs print {answers}")
    found: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name, path in programs.items():
            found[name].append(cpu_seconds([str(path), str(n)]))
    return found


def work(program: Path, each: Kernel) -> int | None:
    """Instructions of a program for what lies between its small and its counted size."""
    more = instructions([str(program), str(size(each, "counted"))])
    less = instructions([str(program), str(size(each, "small"))])
    return None if more is None or less is None else more - less


def kernel_rows(each: Kernel, scratch: Path, rounds: int, ratios: dict[str, list[float]]) -> Iterator[Row]:
    """The rows of one kernel; what its checks cost goes into ``ratios`` too."""
    before, after = left(each, size(each, "counted"))
    ratios.setdefault("left", []).append(after / before)
    yield Row(f"{each.name} left", "checks that run", after, "checks", peer="O0", ratio=after / before)
    programs = build(each, scratch)
    n = size(each, "large")
    seconds = timed(programs, n, rounds)
    works = {name: work(path, each) for name, path in programs.items()}
    ours = seconds.pop("checks=all")
    for name, theirs in seconds.items():
        ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
        ratios.setdefault(name, []).append(ratio)
        mine, other = works["checks=all"], works[name]
        numbers = {}
        if mine is not None and other:
            numbers = {"instructions": float(mine), "peer_instructions": float(other)}
            ratios.setdefault(f"instructions {name}", []).append(mine / other)
        yield Row(
            f"{each.name} {n}", "cpu time", statistics.median(ours), "s", peer=name, ratio=ratio, samples=rounds,
            counted=numbers,
        )  # fmt: skip


# -- compile time ------------------------------------------------------------------------------------------------------------


def many_kernels(copies: int) -> str:
    """A module with all kernels, several times."""
    parts = ["altru 1\nmodule @kernels\n"]
    for copy in range(copies):
        for name in names():
            text = air_of(kernel(name)).partition("\nglobal @format")[0]
            body = text[text.index("// ") :]
            prefix = f"@{name.replace('-', '_')}{copy}_"
            parts.append("\n".join(line.replace("@", prefix) for line in body.splitlines()))
    return "\n".join(parts) + "\n"


def before_elimination(text: str) -> tuple[Module, int]:
    """A module as it comes to ``ELIMINATION``, and the number of its checks."""
    from altru_ir.passes.pipelines import PIPELINES

    module = air.parse(text)
    until = PIPELINES["O3"]
    passes.run(module, ",".join(until[: until.index("infer-contracts")]))
    return module, sum(op.decl.is_check for f in module.functions.values() for op in f.operations())


def compile_rows(quick: bool) -> Iterator[Row]:
    """What it costs to eliminate checks."""
    sizes_of_shapes = QUICK_SIZES if quick else SIZES
    shapes = {"kernels": (many_kernels, QUICK_COPIES if quick else COPIES)}
    shapes.update((name, (make, sizes_of_shapes)) for name, make in SHAPES.items())
    for name, (make, sizes) in shapes.items():
        checks, works, seconds, is_counted = [], [], 0.0, True
        for each in sizes:
            module, count = before_elimination(make(each))
            copies = [module.clone() for _ in range(4)]
            passes.run(module.clone(), ELIMINATION)
            done = instructions_of(lambda: passes.run(copies.pop(), ELIMINATION))  # noqa: B023
            seconds = seconds_of(lambda: passes.run(copies.pop(), ELIMINATION))  # noqa: B023
            if done is None:
                is_counted = False
            checks.append(float(count))
            works.append(seconds if done is None else done)
        cost = seconds / checks[-1] * 1e6
        numbers = {"checks": checks[-1]}
        if is_counted:
            numbers["instructions"] = works[-1] / checks[-1]
        yield Row(f"{name} per check", "CPU time", cost, "us", bar=BAR_OF_COST, counted=numbers)
        yield Row(
            f"{name} growth", "growth of instructions" if is_counted else "growth of CPU time", slope(checks, works), "slope",
            bar=BAR_OF_GROWTH, samples=len(sizes),
        )  # fmt: skip


def other_rows(which: str) -> Iterator[Row]:
    """The checks left in the second set of kernels."""
    shares = []
    for name in others():
        before, after = left(kernel(name), size(kernel(name), which))
        shares.append(after / before)
        yield Row(f"{name} left", "checks that run", after, "checks", peer="O0", ratio=after / before)
    yield Row("others: mean left", "checks that run", sum(shares) / len(shares), "share", samples=len(shares))
    clean = sum(share < CLEAN for share in shares)
    yield Row("others: clean kernels", "kernels", clean, "kernels", better="higher", samples=len(shares))


def mean(ratios: list[float]) -> float:
    """The geometric mean."""
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def run(scratch: Path, quick: bool) -> Iterator[Row]:
    """Checks left, times and instructions of each kernel, their means, then the cost of elimination."""
    ratios: dict[str, list[float]] = {}
    for name in names()[::5] if quick else names():
        yield from kernel_rows(kernel(name), scratch, QUICK_ROUNDS if quick else ROUNDS, ratios)
    shares = ratios.pop("left")
    yield Row("mean left", "checks that run", sum(shares) / len(shares), "share", bar=BAR_OF_LEFT, samples=len(shares))
    clean = sum(share < CLEAN for share in shares)
    yield Row("clean kernels", "kernels", clean, "kernels", better="higher", bar=BAR_OF_CLEAN, samples=len(shares))
    yield from other_rows("small" if quick else "counted")
    for name, each in ratios.items():
        what = "instructions" if name.startswith("instructions") else "cpu time"
        peer = name.removeprefix("instructions ")
        bar = BARS_OF_TIME.get(name)
        yield Row(f"geometric mean, {name}", what, mean(each), "x", peer=peer, ratio=mean(each), bar=bar, samples=len(each))
        worst = WORST_OVER_NONE if name == "checks=none" else None
        yield Row(f"worst, {name}", what, max(each), "x", peer=peer, ratio=max(each), bar=worst, samples=len(each))
    yield from compile_rows(quick)
