"""How fast is the IR library: parse, verify, print, clone, in operations per second and as growth with size?

Programs of about 50,000 operations in two shapes: many small functions, and one huge one. The peer is xDSL where it is
installed (``pip install altru-ir[bench]``), on the same program in its syntax. Growth is the slope of time over size in a
log-log plot over four sizes; 1 is linear.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.harness import Row

SIZE = 50_000


def many(operations: int) -> str:
    """Functions of 50 operations each."""
    out = ["altru 1", "module @many"]
    for number in range(operations // 50):
        out.append(f"func @f{number}(%a: i64, %b: i64) -> i64 {{\n^entry:")
        out.append(_body(24, number))
    return "\n".join(out)


def huge(operations: int) -> str:
    """One function."""
    return "altru 1\nmodule @huge\nfunc @f(%a: i64, %b: i64) -> i64 {\n^entry:\n" + _body(operations // 2, 0)


def _body(pairs: int, number: int) -> str:
    lines = []
    p, q = "a", "b"
    for k in range(pairs):
        lines.append(f"  %x{k} = add %{p}, %{q}")
        lines.append(f"  %y{k} = xor %x{k}, %{q}")
        p, q = f"y{k}", p
    lines.append(f"  br ^out(%{p})\n^out(%r: i64):\n  ret %r\n}}")
    return "\n".join(lines)


def in_xdsl(text: str) -> str:
    """The same program as MLIR text in the arith, cf and func dialects."""
    out = []
    for line in text.split("\n")[2:]:
        line = line.strip()
        if line.startswith("func"):
            name = line[line.index("@") : line.index("(")]
            out.append(f"func.func {name}(%a: i64, %b: i64) -> i64 {{")
        elif line.startswith("^entry"):
            continue
        elif " = add " in line or " = xor " in line:
            out.append(line.replace(" add ", " arith.addi ").replace(" xor ", " arith.xori ") + " : i64")
        elif line.startswith("br"):
            value = line[line.index("(") + 1 : line.index(")")]
            out.append(f"cf.br ^out({value} : i64)")
        elif line.startswith("ret"):
            out.append("func.return %r : i64")
        else:
            out.append(line)
    return "\n".join(out)


def best(action: Callable[[], Any], times: int) -> float:
    """The least time of some runs, in seconds: noise only adds."""
    least = math.inf
    for _ in range(times):
        begin = time.perf_counter()
        action()
        least = min(least, time.perf_counter() - begin)
    return least


def ours(text: str, times: int) -> dict[str, float]:
    """Seconds of each step."""
    import altru_ir as air

    module = air.parse(text)
    return {
        "parse": best(lambda: air.parse(text), times),
        "verify": best(lambda: air.verify(module), times),
        "print": best(lambda: str(module), times),
        "clone": best(module.clone, times),
    }


def theirs(text: str) -> dict[str, float] | None:
    """Seconds of each step in xDSL; None where it is not installed."""
    try:
        from xdsl.context import Context
        from xdsl.dialects import arith, builtin, cf, func
        from xdsl.parser import Parser
    except ImportError:
        return None
    context = Context()
    for dialect in (builtin.Builtin, arith.Arith, cf.Cf, func.Func):
        context.load_dialect(dialect)
    program = in_xdsl(text)
    module = Parser(context, program).parse_module()
    return {
        "parse": best(lambda: Parser(context, program).parse_module(), 1),
        "verify": best(module.verify, 1),
        "print": best(lambda: str(module), 1),
        "clone": best(module.clone, 1),
    }


def run(scratch: Path, quick: bool) -> Iterator[Row]:
    """Operations per second against xDSL, and growth."""
    for shape in (many, huge):
        text = shape(SIZE)
        mine, peer = ours(text, 3 if quick else 7), theirs(text)
        for step, seconds in mine.items():
            yield Row(
                f"{shape.__name__} {step}", "operations per second", SIZE / seconds / 1000, "thousand", "higher",
                peer=None if peer is None else "xdsl", ratio=None if peer is None else peer[step] / seconds,
                samples=3 if quick else 7,
            )  # fmt: skip
        sizes = [SIZE // 8, SIZE // 4, SIZE // 2, SIZE]
        times = [ours(shape(size), 3) for size in sizes]
        for step in mine:
            slope = _slope([math.log(s) for s in sizes], [math.log(t[step]) for t in times])
            yield Row(f"{shape.__name__} {step}", "growth", slope, "slope", bar=1.15, samples=len(sizes))


def _slope(xs: list[float], ys: list[float]) -> float:
    mx, my = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((x - mx) * (y - my) for x, y in zip(xs, ys, strict=True)) / sum((x - mx) ** 2 for x in xs)
