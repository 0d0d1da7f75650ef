"""What do scheduling, checking and elaborating drops cost, against LLVM's passes at O2, and does that grow with the program?

Two programs of blocks in which a value is made, looked at, given away on one of two ways and else dropped under a flag, with
arithmetic around it: ``one function``, and ``many functions`` of twenty such blocks. For each the CPU time of
``schedule-drops,check-moves,elaborate-drops`` at 50,000 operations, the ratio to LLVM's passes at O2 on what is lowered from
it, and the slope of the work over size.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import altru_ir as air
from altru_ir import passes
from bench.growth import BAR, instructions_of, seconds_of, slope
from bench.harness import Row
from bench.loans import seconds_of_llvm

SIZE, QUICK_SIZE = 50_000, 5_000
SIZES, QUICK_SIZES = (5_000, 10_000, 25_000, 50_000), (1_000, 2_000, 4_000)
ROUNDS, QUICK_ROUNDS = 3, 1
BAR_OF_TIME = 0.5
PASSES = "schedule-drops,check-moves,elaborate-drops"

HEAD = "altru 1\nmodule @mixed\nfunc @eat(%x: own<i64>)\nfunc @look(%r: ref<i64>, %n: i64) -> i64\n"
BLOCK = """^b{i}(%s{i}: i64):
  %y{i} = add %n, %s{i}
  %z{i} = mul %y{i}, %n
  %w{i} = xor %z{i}, %s{i}
  %g{i} = sub %w{i}, %y{i}
  %h{i} = and %g{i}, %z{i}
  %l{i} = or %h{i}, %s{i}
  %m{i} = mul %l{i}, %g{i}
  %k{i} = local : own<i64>
  %o{i} = new %m{i} : own<i64>
  init %k{i}, %o{i}
  %p{i} = deref %k{i}
  %r{i} = borrow %p{i}
  %u{i} = call @look(%r{i}, %m{i})
  %d{i} = add %u{i}, %w{i}
  cond_br %c, ^t{i}, ^j{i}
^t{i}:
  %x{i} = take %k{i}
  call @eat(%x{i})
  br ^j{i}
^j{i}:
  %e{i} = mul %d{i}, %g{i}
  end %k{i}
  br ^b{next}(%e{i})
"""
OPERATIONS = 22
"""How many operations a block of that text has, with those that follow it."""


def function(name: str, blocks: int) -> str:
    """A function of so many blocks, one behind the other."""
    parts = [f"func @{name}(%n: i64, %c: i1) -> i64 {{\n^entry:\n  br ^b0(%n)\n"]
    parts += [BLOCK.format(i=i, next=i + 1) for i in range(blocks)]
    return "".join([*parts, f"^b{blocks}(%s{blocks}: i64):\n  ret %s{blocks}\n}}\n"])


PROGRAMS: dict[str, Callable[[int], str]] = {
    "one function": lambda operations: HEAD + function("f", operations // OPERATIONS),
    "many functions": lambda operations: HEAD + "".join(function(f"f{k}", 20) for k in range(operations // (20 * OPERATIONS))),
}


def run(scratch: Path, quick: bool) -> Iterator[Row]:
    """Seconds, the ratio to LLVM, and slopes."""
    rounds = QUICK_ROUNDS if quick else ROUNDS
    for name, text in PROGRAMS.items():
        written = text(QUICK_SIZE if quick else SIZE)
        seconds, ratios = [], []
        for _ in range(rounds):
            module = air.parse(written)
            before = time.process_time()
            passes.run(module, PASSES)
            seconds.append(time.process_time() - before)
            ratios.append(seconds[-1] / seconds_of_llvm(air.parse(written)))
        yield Row(
            name, "CPU time", statistics.median(seconds), "s", peer="LLVM's passes at O2", ratio=statistics.median(ratios),
            bar=BAR_OF_TIME, samples=rounds,
        )  # fmt: skip
    for name, text in PROGRAMS.items():
        works: list[float] = []
        counted = True
        sizes = QUICK_SIZES if quick else SIZES
        for size in sizes:
            module = air.parse(text(size))
            work = instructions_of(lambda: passes.run(module, PASSES))  # noqa: B023
            if work is None:
                counted = False
                work = seconds_of(lambda: passes.run(air.parse(text(size)), PASSES))  # noqa: B023
            works.append(work)
        what = "growth of instructions" if counted else "growth of CPU time"
        yield Row(name, what, slope([float(size) for size in sizes], works), "slope", bar=BAR, samples=len(sizes))
