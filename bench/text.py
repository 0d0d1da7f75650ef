"""How many times faster than xDSL is the IR library: parse, verify (dominance included), print, clone?

Programs of 50,000 operations in six shapes (``bench/shapes.py``), the same ones in both languages. xDSL 0.74 is the peer
(``pip install altru-ir[bench]``); its verifier does not check dominance. Our step and the peer's run in turn, and the
median of the ratios of their CPU times is the figure. Both begin with an empty young generation of the collector, for
neither should have to walk what the other has made.

Where the peer is quadratic it is stopped after ``LIMIT`` seconds of CPU time; the ratio is then a lower bound and the row
says ``xdsl, stopped``.
"""

from __future__ import annotations

import gc
import signal
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.harness import Row
from bench.shapes import SHAPES

SIZE, QUICK_SIZE = 50_000, 5_000
ROUNDS, QUICK_ROUNDS = 3, 1
LIMIT = 60.0
BARS = {"parse": 20.0, "verify": 15.0, "print": 10.0, "clone": 15.0}
BAR_OF_HUGE_VERIFY = 60.0

Steps = dict[str, Callable[[], Any]]


class Stopped(BaseException):
    """The peer ran out of time. No ``Exception``: the peer must not catch it."""


def cpu_time(action: Callable[[], Any]) -> float:
    """Seconds of CPU time of ``action``; what was made before it is out of the collector's sight."""
    gc.collect()
    gc.freeze()
    begin = time.process_time()
    made = action()
    taken = time.process_time() - begin
    gc.unfreeze()
    del made
    return taken


def limited(action: Callable[[], Any], seconds: float) -> float | None:
    """``cpu_time``, or None when it takes longer than that."""

    def stop(*_: object) -> None:
        raise Stopped

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        return cpu_time(action)
    except Stopped:
        return None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def ours(text: str) -> Steps:
    """The steps of this library on a program."""
    import altru_ir as air

    module = air.parse(text)
    problems = air.verify(module)
    if problems:
        raise ValueError(f"the benchmark's program is not valid: {problems[0].message}")
    return {
        "parse": lambda: air.parse(text),
        "verify": lambda: air.verify(module),
        "print": lambda: str(module),
        "clone": module.clone,
    }


def theirs(text: str) -> Steps:
    """The steps of xDSL on a program; none where it is not installed."""
    try:
        from xdsl.context import Context
        from xdsl.dialects import arith, builtin, cf, func
        from xdsl.parser import Parser
    except ImportError:
        return {}
    context = Context()
    for dialect in (builtin.Builtin, arith.Arith, cf.Cf, func.Func):
        context.load_dialect(dialect)
    module = Parser(context, text).parse_module()
    return {
        "parse": lambda: Parser(context, text).parse_module(),
        "verify": module.verify,
        "print": lambda: str(module),
        "clone": module.clone,
    }


def run(scratch: Path, quick: bool) -> Iterator[Row]:
    """Thousands of operations per second and the ratio to xDSL, by shape and step."""
    size, rounds = (QUICK_SIZE, QUICK_ROUNDS) if quick else (SIZE, ROUNDS)
    for name, shape in SHAPES.items():
        program = shape(size)
        mine, peer = ours(program.ours), theirs(program.mlir)
        for step, action in mine.items():
            yield _row(name, step, program.operations, action, peer.get(step), rounds)


def _row(shape: str, step: str, operations: int, action: Callable[[], Any], peer: Callable[[], Any] | None, rounds: int) -> Row:
    seconds: list[float] = []
    ratios: list[float] = []
    stopped = False
    for _ in range(rounds):
        seconds.append(cpu_time(action))
        if peer is not None and not stopped:
            peer_seconds = limited(peer, LIMIT)
            stopped = peer_seconds is None
            ratios.append((LIMIT if peer_seconds is None else peer_seconds) / seconds[-1])
    return Row(
        f"{shape} {step}", "operations per second", operations / statistics.median(seconds) / 1000, "thousand", "higher",
        peer=None if peer is None else "xdsl, stopped" if stopped else "xdsl",
        ratio=statistics.median(ratios) if ratios else None,
        bar=BAR_OF_HUGE_VERIFY if (shape, step) == ("huge", "verify") else BARS[step],
        samples=rounds,
    )  # fmt: skip
