"""How many operations per second does the interpreter run?

Programs that are loops: integers alone; a call in every round; loads and stores of a local array; a slice read through a
reference; the same with a reference taken anew in every round, which is no simple operation and has no bar. What the step
budget counts is an operation (a projection is none: the access it belongs to evaluates it). CPU time, the median of some
runs, staging and verification not included.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from bench.harness import Row

ROUNDS, QUICK_ROUNDS = 5, 3
TURNS, QUICK_TURNS = 100_000, 10_000
BAR = 1.0

PROGRAMS = {
    "integers": """
func @f(%n: i64) -> i64 {
^entry:
  %zero = const 0 : i64
  %one = const 1 : i64
  %odd = const 6364136223846793005 : i64
  %by = const 17 : i64
  br ^loop(%zero, %one)
^loop(%i: i64, %x: i64):
  %a = mul %x, %odd
  %b = add %a, %i
  %c = lshr %b, %by
  %d = xor %b, %c
  %e = sub %d, %one
  %f = and %e, %odd
  %g = or %f, %i
  %less = icmp slt %a, %g
  %y = select %less, %d, %g
  %next = add %i, %one
  %more = icmp ult %next, %n
  cond_br %more, ^loop(%next, %y), ^done
^done:
  ret %y
}
""",
    "calls": """
func @g(%x: i64, %y: i64) -> i64 {
^entry:
  %a = add %x, %y
  %b = xor %a, %x
  ret %b
}
func @f(%n: i64) -> i64 {
^entry:
  %zero = const 0 : i64
  %one = const 1 : i64
  br ^loop(%zero, %one)
^loop(%i: i64, %x: i64):
  %y = call @g(%x, %i)
  %next = add %i, %one
  %more = icmp ult %next, %n
  cond_br %more, ^loop(%next, %y), ^done
^done:
  ret %y
}
""",
    "memory": """
func @f(%n: usize) -> i64 {
^entry:
  %zero = const 0 : usize
  %one = const 1 : usize
  %seven = const 7 : usize
  %a = local : [8 x i64]
  %empty = const [0, 1, 2, 3, 4, 5, 6, 7] : [8 x i64]
  init %a, %empty
  br ^loop(%zero)
^loop(%i: usize):
  %at = and %i, %seven
  %j = add %i, %one
  %to = and %j, %seven
  %p = elem %a, %at
  %q = elem %a, %to
  %x = load %p
  %y = load %q
  %z = add %x, %y
  assign %q, %z
  %more = icmp ult %j, %n
  cond_br %more, ^loop(%j), ^done
^done:
  end %a
  ret %z
}
""",
    "references": """
func @sum(%xs: ref<[? x i64]>) -> i64 {
^entry:
  %n = slice.len %xs
  %zero = const 0 : usize
  %one = const 1 : usize
  %none = const 0 : i64
  br ^loop(%zero, %none)
^loop(%i: usize, %total: i64):
  %more = icmp ult %i, %n
  cond_br %more, ^body, ^done
^body:
  check.bounds %i, %n
  %seq = deref %xs
  %slot = elem %seq, %i
  %x = load %slot
  %double = add %x, %x
  %sum = add %total, %double
  %next = add %i, %one
  br ^loop(%next, %sum)
^done:
  ret %total
}
func @f(%n: i64) -> i64 {
^entry:
  %zero = const 0 : i64
  %one = const 1 : i64
  %size = const 100 : i64
  %a = local : [100 x i64]
  %full = const [ONES] : [100 x i64]
  init %a, %full
  %r = borrow %a
  %xs = unsize %r : ref<[? x i64]>
  br ^loop(%zero, %zero)
^loop(%i: i64, %total: i64):
  %sum = call @sum(%xs)
  %next_total = add %total, %sum
  %next = add %i, %size
  %more = icmp ult %next, %n
  cond_br %more, ^loop(%next, %next_total), ^done
^done:
  end %a
  ret %next_total
}
""".replace("ONES", ", ".join(["1"] * 100)),
    "borrows": """
func @sum(%xs: ref<[? x i64]>) -> i64 {
^entry:
  %n = slice.len %xs
  %zero = const 0 : usize
  %one = const 1 : usize
  %none = const 0 : i64
  br ^loop(%zero, %none)
^loop(%i: usize, %total: i64):
  %more = icmp ult %i, %n
  cond_br %more, ^body, ^done
^body:
  check.bounds %i, %n
  %seq = deref %xs
  %slot = elem %seq, %i
  %r = borrow %slot
  %there = deref %r
  %x = load %there
  %y = load %slot
  %half = add %total, %x
  %sum = add %half, %y
  %next = add %i, %one
  br ^loop(%next, %sum)
^done:
  ret %total
}
func @f(%n: i64) -> i64 {
^entry:
  %zero = const 0 : i64
  %one = const 1 : i64
  %size = const 100 : i64
  %a = local : [100 x i64]
  %full = const [ONES] : [100 x i64]
  init %a, %full
  %r = borrow %a
  %xs = unsize %r : ref<[? x i64]>
  br ^loop(%zero, %zero)
^loop(%i: i64, %total: i64):
  %sum = call @sum(%xs)
  %next_total = add %total, %sum
  %next = add %i, %size
  %more = icmp ult %next, %n
  cond_br %more, ^loop(%next, %next_total), ^done
^done:
  end %a
  ret %next_total
}
""".replace("ONES", ", ".join(["1"] * 100)),
}


def run(scratch: Path, quick: bool) -> Iterator[Row]:
    """Millions of operations per second, by program."""
    import altru_ir as air
    from altru_ir.backend.interpreter import meanings  # noqa: F401
    from altru_ir.backend.interpreter.machine import Machine

    rounds, turns = (QUICK_ROUNDS, QUICK_TURNS) if quick else (ROUNDS, TURNS)
    for name, text in PROGRAMS.items():
        module = air.parse(f"altru 1\nmodule @{name}\n{text}")
        problems = air.verify(module)
        if problems:
            raise ValueError(f"the benchmark's program is not valid: {problems[0].message}")
        rates = []
        for _ in range(rounds):
            machine = Machine(module)
            for function in module.functions.values():
                machine.code(function)
            gc.collect()
            begin = time.process_time()
            machine.run("f", [turns])
            rates.append((machine.allowed - machine.budget) / (time.process_time() - begin) / 1e6)
        yield Row(
            name, "operations per second", statistics.median(rates), "million", "higher",
            bar=None if name == "borrows" else BAR, samples=rounds,
        )  # fmt: skip
