"""What the generators of programs with checks make: which checks go and how, and how the programs end.

python -m tests.checks.shares 200        # of 200 seeds of each generator, at the size 2
"""

from __future__ import annotations

import sys
from collections import Counter
from typing import Any

import altru_ir as air
from altru_ir import backend, passes
from altru_ir.testing import loops, walks
from tests.soak import BUDGET, PRESENT, WALKING

SIZE = 2


def shares(generator: Any, count: int) -> dict[str, str]:
    """Rows of the table in docs/testing.md, for the seeds 0 to ``count - 1``."""
    told: Counter[str] = Counter()
    lines = []
    for seed in range(count):
        text, calls = generator.generate(seed, SIZE)
        lines.append(text.count("\n"))
        module = air.parse(text)
        passes.run(module, PRESENT)
        runs = backend.Interpreter(module.clone())
        for *lengths, n, m in calls:
            try:
                runs.run("main_entry", [*([1] * length for length in lengths), n, m], steps=BUDGET, write=lambda printed: None)
            except air.Panic:
                told["panics"] += 1
            except air.MemoryFault:
                told["too long"] += 1
            told["runs"] += 1
        for counted in passes.run(module, WALKING[0]).statistics.values():
            told += counted
    lines.sort()

    def of(part: str, whole: str) -> str:
        return f"{100 * told[part] / max(told[whole], 1):.0f} %"

    return {
        "lines: median, nine of ten below": f"{lines[count // 2]}, {lines[count * 9 // 10]}",
        "checks of a program": f"{told['checks'] / count:.1f}",
        "of them proven": of("checks removed", "checks"),
        "of them merged": of("checks merged", "checks"),
        "loops with two versions, of a hundred programs": f"{100 * told['loops versioned'] / count:.0f}",
        "facts about parameters and results, of a hundred programs": (
            f"{100 * (told['facts about parameters'] + told['facts about results']) / count:.0f}"
        ),
        "runs that panic": of("panics", "runs"),
        "runs that are too long": of("too long", "runs"),
    }


if __name__ == "__main__":
    found = [shares(each, int(sys.argv[1])) for each in (loops, walks)]
    for row in found[0]:
        print(f"| {row} | {found[0][row]} | {found[1][row]} |")
