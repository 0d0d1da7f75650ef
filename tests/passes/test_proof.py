"""The proof of elaborated drops against the definition: whatever was done to elaborated IR, what the proof accepts runs without
a fault in the interpreter, and leaves nothing behind."""

from __future__ import annotations

import random
import re

import pytest

import altru_ir as air
from altru_ir.backend.interpreter import meanings  # noqa: F401
from altru_ir.backend.interpreter.machine import Aborted, Machine
from altru_ir.faults import MemoryFault
from altru_ir.module import Module
from altru_ir.passes.pipeline_text import parse_pipeline
from tests.passes.moves_twin import Generator
from tests.passes.test_elaborated import elaborated

HOT = re.compile(r"^  (drop|assign|init|dealloc|end|cond_br|br) |= (take|exchange|load) ")
OTHER = ("outside of", "without a panic", "out of bounds")
"""Faults that are not about what is there: of an index, and of a `resume` that a changed branch leads to."""


def changed(text: str, choose: random.Random) -> str:
    """``text`` with one line of its function ``@moves`` left out, doubled, moved, or with another value or target in it."""
    lines = text.split("\n")
    low = next(i for i, line in enumerate(lines) if line.startswith("func @moves("))
    high = lines.index("}", low)
    inside = [i for i in range(low + 2, high) if lines[i].startswith("  ")]
    at = choose.choice([i for i in inside if HOT.search(lines[i])])
    line = lines[at]
    how = choose.choice(["leave out", "double", "move", "value", "target"])
    if how == "leave out":
        del lines[at]
    elif how == "double":
        lines.insert(at, line)
    elif how == "move":
        lines.insert(choose.choice(inside), lines.pop(at))
    else:
        kind = r"%[\w.]+" if how == "value" else r"\^[\w.]+"
        found = re.findall(kind, line)
        if found:
            others = sorted({other for i in inside for other in re.findall(kind, lines[i])})
            old, new = choose.choice(found), choose.choice(others)
            lines[at] = re.sub(rf"{re.escape(old)}(?![\w.])", lambda _: new, line, count=1)
    return "\n".join(lines)


def accepted(text: str) -> Module | None:
    """The module, if the verifier and the proof find nothing wrong with it."""
    try:
        module = air.parse(text)
        if air.verify(module):
            return None
        for each in parse_pipeline("check-moves"):
            each.run(module)
    except air.DiagnosticError:
        return None
    return module


def fault(module: Module, bits: int) -> str | None:
    """What the interpreter finds wrong in a run."""
    try:
        Machine(module, steps=20_000).run("main_entry", [bits])
    except (air.Panic, Aborted):
        return None
    except MemoryFault as found:
        return None if any(words in str(found) for words in OTHER) else str(found)
    return None


@pytest.mark.parametrize("slice", range(2))
def test_what_the_proof_accepts_runs_without_a_fault(slice: int) -> None:
    tried = good = 0
    for seed in range(slice * 20, slice * 20 + 20):
        module = elaborated(Generator(seed).program())
        if module is None:
            continue
        text = str(module)
        choose = random.Random(seed)
        for _ in range(6):
            other = changed(text, choose)
            tried += 1
            mutant = accepted(other)
            if mutant is not None:
                good += 1
                for bits in (0, (1 << 40) - 1, choose.getrandbits(40)):
                    assert fault(mutant, bits) is None, f"{bits}\n{other}"
    assert tried > 30
    assert good > 3
