"""What does a call of compiled code from Python cost, against ctypes, and a second compile against nothing?

The same `f(i64) -> i64`, in the same code: through ``Library["f"]``, which checks and names what does not fit, and through a
prototype of ctypes, which cuts off what does not fit. A loop of compiled code that calls a Python callable, against the same
loop with a callback of ctypes, which loses what a signal handler raises. Then a slice argument that is an array of NumPy: the
whole call. Then a compile of an unchanged module of many functions, whose object is in the cache: nothing is verified, run or
generated. The two are run in turn, so that a busy machine slows both; the figure is the median of the ratios, and the best of
the times.
"""

from __future__ import annotations

import ctypes
import os
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import altru_ir as air
from altru_ir import backend
from bench.counters import Instructions
from bench.harness import Row

TEXT = """
func @f(%x: i64) -> i64 {
^e:
  %one = const 1 : i64
  %y = add %x, %one
  ret %y
}
func @first(%xs: ref<[? x f64]>) -> f64 {
^e:
  %zero = const 0 : usize
  %s = deref %xs
  %p = elem %s, %zero
  %v = load %p
  ret %v
}
struct @P { x: f64, y: f64 }
func @swap(%p: @P) -> @P {
^e:
  %x = extract %p, x
  %y = extract %p, y
  %q = struct %y, %x : @P
  ret %q
}
"""
ASKING = """
func @ask(%n: i64) -> i64
func @loop(%n: i64) {
^e:
  %zero = const 0 : i64
  %one = const 1 : i64
  br ^head(%zero)
^head(%i: i64):
  %more = icmp slt %i, %n
  cond_br %more, ^body, ^done
^body:
  %r = call @ask(%i)
  %j = add %i, %one
  br ^head(%j)
^done:
  ret
}
"""
MANY = "func @f{0}(%n: i64) -> i64 {{\n^e:\n  %k = const {0} : i64\n  %r = add %n, %k\n  %s = mul %r, %k\n  ret %s\n}}\n"


def run(scratch: Path, quick: bool) -> Iterator[Row]:
    """Nanoseconds of a call and milliseconds of a compile."""
    os.environ["ALTRU_CACHE_DIR"] = str(scratch / "cache")
    count, rounds = (2_000, 7) if quick else (20_000, 25)
    lib = backend.compile(air.parse(TEXT))
    ours = lib["f"]
    theirs = ctypes.CFUNCTYPE(ctypes.c_int64)(lib._homes["f"].entry_of("f"))
    theirs.argtypes = [ctypes.c_int64]
    mine, other = in_turn(calls(ours, (5,), count), calls(theirs, (5,), count), rounds)
    ratio = statistics.median(a / b for a, b in zip(mine, other, strict=True))
    yield Row(
        "f(i64) -> i64", "call", min(mine) / count * 1e9, "ns", peer="ctypes", ratio=ratio, bar=1.5, samples=rounds,
        counted=counted(calls(ours, (5,), count), calls(theirs, (5,), count)),
    )  # fmt: skip

    def ask(n: int) -> int:
        return n

    asking = backend.compile(air.parse(ASKING), externs={"ask": ask})["loop"]
    callback = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(ask)
    ask_ctypes = backend.compile(air.parse(ASKING), externs={"ask": callback})["loop"]
    loops = calls(asking, (count,), 1), calls(ask_ctypes, (count,), 1)
    mine, other = in_turn(*loops, rounds)
    ratio = statistics.median(a / b for a, b in zip(mine, other, strict=True))
    yield Row(
        "a call of a Python callable", "callback", min(mine) / count * 1e9, "ns", peer="ctypes", ratio=ratio, samples=rounds,
        counted=counted(*loops),
    )  # fmt: skip
    try:
        import numpy
    except ImportError:
        pass
    else:
        once = calls(lib["first"], (numpy.arange(1000.0),), count)
        spent, base = in_turn(once, calls(theirs, (5,), count), rounds)
        ratio = statistics.median(a / b for a, b in zip(spent, base, strict=True))
        yield Row("a slice from NumPy", "call", min(spent) / count * 1e6, "us", peer="ctypes, an int", ratio=ratio, bar=2.0,
                  samples=rounds)  # fmt: skip
    spent, base = in_turn(calls(lib["swap"], ((1.0, 2.0),), count), calls(theirs, (5,), count), rounds)
    ratio = statistics.median(a / b for a, b in zip(spent, base, strict=True))
    yield Row("a struct in and out", "call", min(spent) / count * 1e6, "us", peer="ctypes, an int", ratio=ratio, samples=rounds)
    for size in (1_000,) if quick else (1_000, 4_000):
        module = air.parse("".join(MANY.format(index) for index in range(size)))
        backend.compile(module)
        before = backend.counters.copy()
        times = []
        for _ in range(rounds):
            begin = time.process_time()
            backend.compile(module)
            times.append(time.process_time() - begin)
        done = backend.counters - before
        if done != {"cached objects": rounds}:
            raise RuntimeError(f"a second compile did {dict(done)}")
        with Instructions() as counter:
            backend.compile(module)
        yield Row(
            f"{size} functions from the cache", "compile, per 1,000", min(times) * 1e6 / size, "ms", bar=5.0, samples=rounds,
            counted={} if counter.count is None else {"instructions": counter.count * 1000 // size},
        )  # fmt: skip


def calls(function: Callable[..., Any], arguments: tuple[Any, ...], count: int) -> Callable[[], None]:
    """A loop of calls; it is the same for everybody."""

    def loop() -> None:
        for _ in range(count):
            function(*arguments)

    loop()
    return loop


def in_turn(ours: Callable[[], None], theirs: Callable[[], None], rounds: int) -> tuple[list[float], list[float]]:
    """Seconds of both, one after the other, each ``rounds`` times."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for spent, action in zip(times, (ours, theirs), strict=True):
            begin = time.process_time()
            action()
            spent.append(time.process_time() - begin)
    return times


def counted(ours: Callable[[], None], theirs: Callable[[], None]) -> dict[str, float]:
    """Instructions of both, where the processor counts them."""
    found = []
    for action in (ours, theirs):
        with Instructions() as counter:
            action()
        found.append(counter.count)
    return {} if None in found else {"instructions": found[0] or 0, "peer_instructions": found[1] or 0}
