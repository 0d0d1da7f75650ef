"""The named pipelines, each one readable list.

``O0`` to ``O3`` are what runs before LLVM. What LLVM does as well is not done twice: measured, promotion, folding and common
subexpressions in front of it leave the machine code as it is and cost up to a quarter more time (docs/decisions/0010). They are
``simplify``, for whoever reads the IR or interprets it. What ``eliminate-checks`` has to see, the values of locals and equal
values as one, ``mem2reg``, ``cse`` (with ``loads``: what is read twice is one value) and ``forward-lengths`` give it in the
levels too, and ``inline{pure}`` the arithmetic of functions that only compute an index.
"""

from __future__ import annotations

SAFE = ["insert-checks", "schedule-drops", "check-constants", "check-moves", "check-loans", "check-leaks"]
"""What every program goes through, whatever the options: no verdict depends on them."""

PLAINER = ["mem2reg", "inline{pure}", "cse{loads}", "forward-lengths"]
"""What makes programs plainer for those that look for proofs."""

PIPELINES: dict[str, list[str]] = {
    "O0": [*SAFE, "elaborate-drops"],
    "O1": [*SAFE, "elaborate-drops", *PLAINER, "infer-contracts", "eliminate-checks"],
    "O2": [*SAFE, "elaborate-drops", *PLAINER, "infer-contracts", "eliminate-checks{versions}"],
    "O3": [*SAFE, "elaborate-drops", *PLAINER, "infer-contracts", "eliminate-checks{versions}"],
    "check-memory": SAFE,
    "simplify": ["inline", "sroa", "mem2reg", "canonicalize", "cse", "simplify-cfg", "dce"],
}
