"""How fast are the passes, do they grow linearly, and how much do they leave, against mlir-opt on the same programs?

Programs of 50,000 operations in the six shapes of ``bench/shapes.py`` and in one with places, ``locals``: loops one inside the
other whose counters are in memory. For each pass the CPU time and, where mlir-opt is installed, the ratio to its pass of the
same name (as ``--mlir-timing`` counts it, one thread, the two in turn); the slope of work over size on four sizes; and for
``mem2reg,canonicalize,cse,dce`` the number of operations left, over what mlir-opt leaves after ``mem2reg,canonicalize,cse``.
"""

from __future__ import annotations

import re
import resource
import shutil
import statistics
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.growth import instructions_of, seconds_of, slope
from bench.harness import Row
from bench.shapes import SHAPES
from bench.text import cpu_time

SIZE, QUICK_SIZE = 50_000, 5_000
SIZES, QUICK_SIZES = (5_000, 10_000, 25_000, 50_000), (1_000, 2_000, 4_000)
ROUNDS, QUICK_ROUNDS = 3, 1
PASSES = ("mem2reg", "canonicalize", "cse", "dce", "simplify-cfg", "inline")
IN_MLIR = {"mem2reg": "Mem2Reg", "canonicalize": "Canonicalizer", "cse": "CSE"}
TOGETHER, THEIRS = "mem2reg,canonicalize,cse,dce", "mem2reg,canonicalize,cse"
PEERS = ("mlir-opt-22", "mlir-opt")
BAR_OF_TIME, BAR_OF_GROWTH, BAR_OF_LEFT = 3.0, 1.15, 1.05


class Locals:
    """Loops one inside the other, each with a counter in a local of the entry block: about twelve operations a loop."""

    def __init__(self, operations: int) -> None:
        depth = operations // 12
        ours = ["altru 1", "module @locals", "func @f(%n: i64) -> i64 {", "^entry:"]
        ours += ["  %zero = const 0 : i64", "  %one = const 1 : i64"]
        mlir = ["func.func @f(%n: i64) -> i64 {", "  %zero = arith.constant 0 : i64", "  %one = arith.constant 1 : i64"]
        store, place = "memref.store %{}, %i{}[] : memref<i64>", "memref.alloca() : memref<i64>"
        load = "memref.load %i{}[] : memref<i64>"
        for k in range(depth):
            ours += [f"  %i{k} = local : i64", f"  init %i{k}, %zero"]
            mlir += [f"  %i{k} = {place}", "  " + store.format("zero", k)]
        ours.append("  br ^head0")
        mlir.append("  cf.br ^head0")
        for k in range(depth):
            ours += [f"^head{k}:", f"  %v{k} = load %i{k}", f"  %t{k} = icmp ult %v{k}, %n"]
            ours += [f"  cond_br %t{k}, ^enter{k}, ^leave{k}", f"^enter{k}:"]
            mlir += [f"^head{k}:", f"  %v{k} = {load.format(k)}", f"  %t{k} = arith.cmpi ult, %v{k}, %n : i64"]
            mlir += [f"  cf.cond_br %t{k}, ^enter{k}, ^leave{k}", f"^enter{k}:"]
            if k + 1 < depth:
                ours += [f"  assign %i{k + 1}, %zero", f"  br ^head{k + 1}"]
                mlir += ["  " + store.format("zero", k + 1), f"  cf.br ^head{k + 1}"]
            else:
                ours.append(f"  br ^next{k}")
                mlir.append(f"  cf.br ^next{k}")
        for k in reversed(range(depth)):
            ours += [f"^next{k}:", f"  %w{k} = load %i{k}", f"  %x{k} = add %w{k}, %one", f"  assign %i{k}, %x{k}"]
            ours += [f"  br ^head{k}", f"^leave{k}:", f"  br ^next{k - 1}" if k else "  ret %v0"]
            mlir += [f"^next{k}:", f"  %w{k} = {load.format(k)}", f"  %x{k} = arith.addi %w{k}, %one : i64"]
            mlir += ["  " + store.format(f"x{k}", k), f"  cf.br ^head{k}", f"^leave{k}:"]
            mlir.append(f"  cf.br ^next{k - 1}" if k else "  func.return %v0 : i64")
        self.ours = "\n".join([*ours, "}\n"])
        self.mlir = "\n".join([*mlir, "}\n"])
        self.operations = sum(line.startswith("  ") for line in ours)


PROGRAMS: dict[str, Callable[[int], Any]] = {**SHAPES, "locals": Locals}


def after(text: str, pipeline: str) -> tuple[float, int]:
    """CPU seconds of a pipeline, and how many operations it leaves."""
    import altru_ir as air
    from altru_ir import passes

    module = air.parse(text)
    seconds = cpu_time(lambda: passes.run(module, pipeline))
    return seconds, sum(1 for f in module.functions.values() for _ in f.operations())


def theirs(peer: str, scratch: Path, text: str, pipeline: str) -> tuple[dict[str, float], int]:
    """The same of mlir-opt: CPU seconds by the name of the pass. It times by the wall, so its shares of the process's CPU time
    are what counts: on a machine with others the two differ."""
    source, out = scratch / "in.mlir", scratch / "out.mlir"
    source.write_text(text)
    command = [peer, str(source), "-o", str(out), f"--pass-pipeline=builtin.module(func.func({pipeline}))"]
    command += ["--mlir-timing", "--mlir-timing-display=list", "--mlir-disable-threading"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    found = re.findall(r"^ *[\d.]+ \( *([\d.]+)%\)  *(\w+) *$", done.stderr, re.MULTILINE)
    left = sum(1 for line in out.read_text().splitlines() if re.match(r"\s+(%|cf|func\.return|return|memref)", line))
    return {name: float(share) / 100 * spent for share, name in found}, left


def run(scratch: Path, quick: bool) -> Iterator[Row]:
    """Times, operations left, and slopes, by shape and pass."""
    peer = next(filter(None, map(shutil.which, PEERS)), None)
    size, rounds = (QUICK_SIZE, QUICK_ROUNDS) if quick else (SIZE, ROUNDS)
    for name, shape in PROGRAMS.items():
        program = shape(size)
        for each in PASSES:
            seconds, ratios = [], []
            for _ in range(rounds):
                seconds.append(after(program.ours, each)[0])
                if peer is not None and each in IN_MLIR:
                    taken = theirs(peer, scratch, program.mlir, each)[0].get(IN_MLIR[each], 0.0)
                    if taken > 0.005:  # less is mostly the manager's own
                        ratios.append(seconds[-1] / taken)
            by = Path(peer).name if peer is not None and ratios else None
            yield Row(
                f"{name} {each}", "CPU time", statistics.median(seconds), "s", peer=by,
                ratio=statistics.median(ratios) if ratios else None, bar=BAR_OF_TIME if ratios else None, samples=rounds,
            )  # fmt: skip
        left = after(program.ours, TOGETHER)[1]
        their_left = None if peer is None else theirs(peer, scratch, program.mlir, THEIRS)[1]
        yield Row(
            f"{name} left", "operations left", left, "operations", peer=None if peer is None else Path(peer).name,
            ratio=None if their_left is None else left / their_left, bar=BAR_OF_LEFT,
        )  # fmt: skip
    for name, shape in PROGRAMS.items():
        yield from growth(name, shape, QUICK_SIZES if quick else SIZES)


def growth(name: str, shape: Callable[[int], Any], sizes: tuple[int, ...]) -> Iterator[Row]:
    """The slope of each pass on one shape."""
    import altru_ir as air
    from altru_ir import passes

    works: dict[str, list[float]] = {}
    operations = []
    counted = True
    for size in sizes:
        program = shape(size)
        operations.append(float(program.operations))
        for each in PASSES:
            module = air.parse(program.ours)
            copies = [module.clone() for _ in range(4)]  # a pass changes what it is run on
            passes.run(module.clone(), each)
            work = instructions_of(lambda: passes.run(copies.pop(), each))  # noqa: B023
            if work is None:
                counted, work = False, seconds_of(lambda: passes.run(copies.pop(), each))  # noqa: B023
            works.setdefault(each, []).append(work)
    for each, work in works.items():
        yield Row(
            f"{name} {each}", "growth of instructions" if counted else "growth of CPU time", slope(operations, work), "slope",
            bar=BAR_OF_GROWTH, samples=len(sizes),
        )  # fmt: skip
