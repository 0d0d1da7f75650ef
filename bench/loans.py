"""What does it cost to check loans, and does it grow with the program and with the loans in one function?

Programs with references, each one function: ``mixed`` (arithmetic and memory, in which every tenth operation borrows),
``calls`` (every fourth operation is a call that takes or gives references, and operands are borrowed for it),
``one local`` (borrowed over and over, each time for a moment), ``many locals`` (all borrowed until the end), ``elements``
(those of one array, each borrowed until the end), ``one reference`` (a local that comes to hold one loan after the other),
``handed on`` (a loan that goes through a chain of blocks and is reborrowed in each). At 50,000 operations the last five have
about 10,000 loans.

For each the CPU time of ``check-loans`` at 50,000 operations and the slope of its work over size; for ``mixed`` and ``calls``
also the ratio to LLVM's own passes at O2 on what is lowered from it. Then the facts that rustc writes of a program of long
functions: reading and solving them, beside a straightforward solver of the same rules, which has to say the same.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import altru_ir as air
from altru_ir import passes
from altru_ir.passes.analysis.fact_files import lines, read
from altru_ir.passes.verify.loans import check_loans
from bench import naive_loans
from bench.growth import BAR, instructions_of, seconds_of, slope
from bench.harness import Row
from bench.rust_program import facts, program

SIZE, QUICK_SIZE = 50_000, 5_000
SIZES, QUICK_SIZES = (5_000, 10_000, 25_000, 50_000), (1_000, 2_000, 4_000)
ROUNDS, QUICK_ROUNDS = 3, 1
AGAINST_LLVM = ("mixed", "calls")
BAR_OF_TIME = 1.0
BAR_OF_FACTS = 0.9


def _mixed(operations: int) -> list[str]:
    out = [
        "struct @P { a: i64, b: i64 }", "func @look(%p: ref<@P>, %q: ref<mut i64>) -> i64",
        "func @f(%n: i64, %c: i1) -> i64 {", "^entry:", "  %p = local : @P", "  %v = struct %n, %n : @P", "  init %p, %v",
        "  %pa = field %p, a", "  %k = local : i64", "  init %k, %n", "  br ^b0(%n)",
    ]  # fmt: skip
    count = operations // 16
    for i in range(count):
        out += [
            f"^b{i}(%s{i}: i64):", f"  %x{i} = load %pa", f"  %y{i} = add %x{i}, %s{i}", f"  %z{i} = mul %y{i}, %n",
            f"  %w{i} = xor %z{i}, %s{i}", f"  %g{i} = sub %w{i}, %y{i}", f"  %h{i} = and %g{i}, %x{i}",
            f"  %l{i} = or %h{i}, %s{i}", f"  %m{i} = mul %l{i}, %g{i}", f"  assign %pa, %m{i}", f"  %r{i} = borrow %p",
            f"  %t{i} = borrow mut %k", f"  %u{i} = call @look(%r{i}, %t{i})", f"  %d{i} = add %u{i}, %w{i}",
            f"  cond_br %c, ^b{i + 1}(%d{i}), ^o{i}", f"^o{i}:", f"  br ^b{i + 1}(%z{i})",
        ]  # fmt: skip
    return [*out, f"^b{count}(%s{count}: i64):", f"  ret %s{count}", "}"]


def _calls(operations: int) -> list[str]:
    out = [
        "struct @P { a: i64, b: i64 }", "func @pick<'a>(%p: ref<'a, mut @P>, %n: i64) -> ref<'a, mut i64> nounwind",
        "func @look(%p: ref<@P>, %q: ref<i64>) -> i64 nounwind", "func @f(%n: i64) -> i64 {", "^entry:", "  %k0 = add %n, %n",
        "  %v = struct %n, %n : @P", "  %p = local : @P", "  init %p, %v", "  %q = local : i64", "  init %q, %n",
    ]  # fmt: skip
    for i in range(operations // 8):
        out += [
            f"  %a{i} = borrow mut %p", f"  %b{i} = call @pick(%a{i}, %k{i})", f"  %c{i} = deref %b{i}",
            f"  assign %c{i}, %n", f"  %d{i} = borrow %p", f"  %e{i} = borrow %q", f"  %g{i} = call @look(%d{i}, %e{i})",
            f"  %k{i + 1} = add %g{i}, %k{i}",
        ]  # fmt: skip
    return [*out, f"  ret %k{operations // 8}", "}"]


def _one_local(operations: int) -> list[str]:
    out = ["func @f(%n: i32) {", "^entry:", "  %x = local : i32", "  init %x, %n"]
    for i in range(operations // 5):
        out += [f"  %r{i} = borrow mut %x", f"  %p{i} = deref %r{i}", f"  %v{i} = load %p{i}"]
        out += [f"  %s{i} = add %v{i}, %n", f"  assign %p{i}, %s{i}"]
    return [*out, "  ret", "}"]


def _many_locals(operations: int) -> list[str]:
    out = ["func @f(%n: i32) {", "^entry:"]
    for i in range(operations // 5):
        out += [f"  %x{i} = local : i32", f"  init %x{i}, %n", f"  %r{i} = borrow %x{i}"]
    for i in range(operations // 5):
        out += [f"  %p{i} = deref %r{i}", f"  %v{i} = load %p{i}"]
    return [*out, "  ret", "}"]


def _elements(operations: int) -> list[str]:
    count = operations // 6
    array = f"[{count} x i32]"
    out = [f"func @f(%n: i32, %s: {array}) {{", "^entry:", f"  %x = local : {array}", "  init %x, %s"]
    for i in range(count):
        out += [f"  %i{i} = const {i} : usize", f"  %e{i} = elem %x, %i{i}", f"  %r{i} = borrow mut %e{i}"]
    for i in range(count):
        out += [f"  %p{i} = deref %r{i}", f"  %v{i} = load %p{i}", f"  assign %p{i}, %n"]
    return [*out, "  ret", "}"]


def _one_reference(operations: int) -> list[str]:
    out = ["func @f(%n: i32) {", "^entry:", "  %h = local : ref<i32>"]
    for i in range(operations // 5):
        out += [f"  %x{i} = local : i32", f"  init %x{i}, %n", f"  %r{i} = borrow %x{i}"]
        out += [f"  {'assign' if i else 'init'} %h, %r{i}", f"  %l{i} = load %h"]
    return [*out, "  ret", "}"]


def _handed_on(operations: int) -> list[str]:
    out = [
        "func @f(%n: i32, %c: i1) {",
        "^entry:",
        "  %x = local : i32",
        "  init %x, %n",
        "  %r = borrow mut %x",
        "  br ^b0(%r)",
    ]
    count = operations // 5
    for i in range(count):
        out += [
            f"^b{i}(%r{i}: ref<mut i32>):",
            f"  %p{i} = deref %r{i}",
            f"  %v{i} = load %p{i}",
            f"  %q{i} = borrow mut %p{i}",
        ]
        out += [f"  cond_br %c, ^b{i + 1}(%q{i}), ^o{i}", f"^o{i}:", f"  br ^b{i + 1}(%r{i})"]
    return [*out, f"^b{count}(%r{count}: ref<mut i32>):", "  ret", "}"]


PROGRAMS: dict[str, Callable[[int], list[str]]] = {
    "mixed": _mixed, "calls": _calls, "one local": _one_local, "many locals": _many_locals, "elements": _elements,
    "one reference": _one_reference, "handed on": _handed_on,
}  # fmt: skip


def made(name: str, operations: int) -> tuple[air.Module, int]:
    """A program with its drops scheduled, and how many operations it has."""
    module = air.parse("\n".join(["altru 1", "module @loans", *PROGRAMS[name](operations), ""]))
    passes.run(module, "schedule-drops")
    return module, sum(1 for _ in module.functions["f"].operations())


def seconds_of_llvm(module: air.Module) -> float:
    """CPU seconds of LLVM's passes at O2."""
    from altru_ir import backend
    from altru_ir.backend.lower.module import lower_module
    from altru_ir.backend.optimize import parse_and_optimize
    from altru_ir.backend.target import machine_for

    machine = machine_for("x86_64-linux-gnu", opt=2, cpu="x86-64-v3", jit=False)
    written = lower_module(backend.prepare(module, opt=2))
    before = time.process_time()
    parse_and_optimize(written, machine, opt=2)
    return time.process_time() - before


def facts_of_rust(scratch: Path, quick: bool) -> Iterator[Row]:
    """Reading and solving what rustc says of a large program, beside the rules applied straightforwardly."""
    directories = facts(program(*((4, 10) if quick else (20, 60))), scratch)
    if directories is None:
        return
    rows = 0
    seconds, ratios = [], []
    for _ in range(1 if quick else ROUNDS):
        ours = theirs = 0.0
        rows = 0
        for directory in directories:
            begin = time.process_time()
            known = read(directory)
            found = lines(known)
            middle = time.process_time()
            relations = naive_loans.read(directory)
            expected = naive_loans.Naive(relations).solve()
            theirs += time.process_time() - middle
            ours += middle - begin
            assert sorted("\t".join(row) for row in expected) == found
            rows += sum(map(len, relations.values()))
        seconds.append(ours)
        ratios.append(ours / theirs)
    yield Row(
        f"{rows:,} facts of {len(directories)} functions by rustc", "CPU time", statistics.median(seconds), "s",
        peer="the rules, straightforwardly (bench/naive_loans.py)", ratio=statistics.median(ratios), bar=BAR_OF_FACTS,
        samples=len(seconds),
    )  # fmt: skip


def run(scratch: Path, quick: bool) -> Iterator[Row]:
    """Seconds by program, the ratio to LLVM, facts of rustc, and slopes."""
    rounds = QUICK_ROUNDS if quick else ROUNDS
    for name in PROGRAMS:
        module, _ = made(name, QUICK_SIZE if quick else SIZE)
        function = module.functions["f"]
        seconds, ratios = [], []
        for _ in range(rounds):
            before = time.process_time()
            assert check_loans(function, module) == []
            seconds.append(time.process_time() - before)
            if name in AGAINST_LLVM:
                ratios.append(seconds[-1] / seconds_of_llvm(module))
        yield Row(
            name, "CPU time", statistics.median(seconds), "s", peer="LLVM's passes at O2" if ratios else None,
            ratio=statistics.median(ratios) if ratios else None, bar=BAR_OF_TIME if ratios else None, samples=rounds,
        )  # fmt: skip
    yield from facts_of_rust(scratch, quick)
    for name in PROGRAMS:
        sizes: list[float] = []
        works: list[float] = []
        counted = True
        for size in QUICK_SIZES if quick else SIZES:
            module, operations = made(name, size)
            function = module.functions["f"]
            work = instructions_of(lambda: check_loans(function, module))  # noqa: B023
            if work is None:
                counted, work = False, seconds_of(lambda: check_loans(function, module))  # noqa: B023
            sizes.append(operations)
            works.append(work)
        yield Row(
            name, "growth of instructions" if counted else "growth of CPU time", slope(sizes, works), "slope", bar=BAR,
            samples=len(sizes),
        )  # fmt: skip
