"""The named pipelines, each one readable list.

``O0`` to ``O3`` are what runs before LLVM. What LLVM does as well is not done twice: measured, promotion, folding and common
subexpressions in front of it leave the machine code as it is and cost up to a quarter more time (docs/decisions/0010). They are
``simplify``, for whoever reads the IR or interprets it. What ``eliminate-checks`` has to see, the values of locals and equal
values as one, ``mem2reg``, ``cse`` and ``forward-lengths`` give it in the
levels too.
"""

from __future__ import annotations

PIPELINES: dict[str, list[str]] = {
    "O0": ["insert-checks", "schedule-drops", "check-moves", "elaborate-drops"],
    "O1": [
        "insert-checks",
        "schedule-drops",
        "check-moves",
        "elaborate-drops",
        "mem2reg",
        "cse",
        "forward-lengths",
        "eliminate-checks",
    ],
    "O2": [
        "insert-checks",
        "schedule-drops",
        "check-moves",
        "elaborate-drops",
        "mem2reg",
        "cse",
        "forward-lengths",
        "version-loops",
        "eliminate-checks",
    ],
    "O3": [
        "insert-checks",
        "schedule-drops",
        "check-moves",
        "elaborate-drops",
        "mem2reg",
        "cse",
        "forward-lengths",
        "version-loops",
        "eliminate-checks",
    ],
    "check-memory": ["insert-checks", "schedule-drops", "check-moves"],
    "simplify": ["inline", "mem2reg", "canonicalize", "cse", "simplify-cfg", "dce"],
}
