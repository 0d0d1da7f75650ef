"""Random programs over the whole language, well formed by construction.

A program is functions ``(i64, i64) -> i64`` whose bodies are ``if``, counted loops, ``switch`` and calls around *snippets*. A
snippet exercises some operations on random inputs and gives an ``i64`` that is folded into the answer, so what each operation
does can be seen from outside. A snippet belongs to a family; ``families`` chooses them, ``weights`` says how often.

What is promised: the text parses and verifies; running it makes no memory error, releases all it takes, ends within a few
thousand steps, and gives the same answer (or the same panic) on every schedule and at every optimization level. Addresses and
the bits of a NaN never reach the answer.

Example: ``generate(7).text`` is a program; ``generate(7, families={"scalars"})`` one of numbers and control flow only.

Invariant: the same seed, size and dials give the same text in every process (nothing is taken from a set's order).
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import TYPE_CHECKING

import attrs

from altru_ir.testing.preludes import used
from altru_ir.testing.whole_language import collected, homes, memory, numbers, owners, panics, sharing, values  # noqa: F401 (they register)
from altru_ir.testing.whole_language.families import FAMILIES, NATIVE, SNIPPETS, WEIGHTS, Snippet, chosen
from altru_ir.testing.whole_language.functions import SMALL, Function
from altru_ir.testing.whole_language.library import LIBRARY, PRELUDE, RESETS
from altru_ir.testing.whole_language.writer import Writer

if TYPE_CHECKING:
    from altru_ir.module import Module

__all__ = ["FAMILIES", "NATIVE", "WEIGHTS", "Program", "chosen", "generate"]


@attrs.frozen
class Program:
    """``text`` has the entry ``@main_entry(i64, i64) -> i64``; ``seed``, ``families`` and ``size`` are what it was made of."""

    seed: int
    text: str = attrs.field(repr=False)
    families: tuple[str, ...]
    size: int

    @property
    def module(self) -> Module:
        """The program, parsed anew each time."""
        from altru_ir.text.parser import parse

        return parse(self.text)


def generate(
    seed: int, size: int = 8, families: Iterable[str] | None = None, weights: dict[str, float] | None = None
) -> Program:
    """A program.

    Parameters: ``size`` is about how many statements a function has at its top; ``families`` are those to draw from (all by
    default); ``weights`` how often each is drawn (``WEIGHTS`` by default; 1 for one that is not named). Raises
    ``ValueError`` for a family that does not exist.
    """
    allowed = chosen(families)
    choose = random.Random(seed)
    shares = [(weights or WEIGHTS).get(family, 1.0) for family in allowed]

    def pick() -> Snippet:
        family = choose.choices(allowed, shares)[0]
        return choose.choice(SNIPPETS[family])

    written: list[str] = []
    texts = []
    for index in range(choose.randint(1, 2) if size > SMALL else choose.random() < 0.3):
        function = Function(Writer(choose, list(written), "panics" in allowed), pick)
        texts.append(function.write(f"f{index}", "private ", size // 2))
        written.append(f"f{index}")
    texts.append(Function(Writer(choose, written, "panics" in allowed), pick).write("main_entry", "", size))
    prelude = used(PRELUDE, texts)
    resets = "".join(text for name, text in RESETS.items() if name in prelude)
    texts[-1] = texts[-1].replace("^entry:\n", f"^entry:\n{resets}", 1)
    if "panics" in allowed and "counter" in prelude:
        prelude["counted"] = LIBRARY["counted"]
    text = "\n".join(["altru 1", f"module @seed_{seed}", "", *prelude.values(), *texts])
    return Program(seed, text, tuple(allowed), size)
