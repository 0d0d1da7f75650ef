"""A generator of well-formed programs that carry their own meaning.

A program is a small structured syntax tree: variables of scalar types, assignments, ``if``, bounded loops, ``switch``,
arrays, structs and calls. ``Program.text`` is its IR, with joins as block arguments; ``Program.run`` evaluates the tree
directly with the twin of ``scalars``. The two share only the tree, so a difference between what a compiler makes of the
text and what ``run`` says is a defect of one of them.

Example: ``generate(7).text`` is a module with ``@f0`` ... ``@main_entry``; ``generate(7).run([1, 2])`` its answer.

Invariants: a program depends on its seed alone; it always ends (loops count down from at most eight) and never panics.
``statistics`` says what was made.
"""

from __future__ import annotations

import random
from collections import Counter

import attrs

from altru_ir.testing.generator.statements import SMALL, Statements
from altru_ir.testing.generator.trees import FunctionTree
from altru_ir.testing.preludes import split, used


@attrs.define
class Program:
    """A generated program. ``text`` is its IR; the entry is ``@main_entry(i64, i64) -> i64``."""

    seed: int
    functions: list[FunctionTree]
    text: str
    statistics: Counter[str]

    def run(self, arguments: list[int]) -> int:
        """The answer for two 64-bit arguments, as an unsigned number."""
        return self.functions[-1].call([a % (1 << 64) for a in arguments])


TYPES = split("""\
struct @Pair { narrow: i8, real: f64, wide: i64 }
enum @Choice { Small(i32), Large(i64), Nothing }
""")


def generate(seed: int, size: int = 12) -> Program:
    """A program. ``size`` is about how many statements a function has."""
    choose = random.Random(seed)
    functions: list[FunctionTree] = []
    for index in range(choose.randint(1, 3) if size > SMALL else choose.random() < 0.3):
        functions.append(Statements(choose, functions).function(f"f{index}", size))
    entry = Statements(choose, functions).function("main_entry", size, [("a", "i64"), ("b", "i64")])
    functions.append(entry)
    texts, statistics = [], Counter[str]()
    for function in functions:
        text, writer = function.write()
        texts.append(text)
        statistics += writer.operations
        statistics["blocks"] += sum(line.startswith("^") for line in writer.lines)
    head = ["altru 1", f"module @generated{seed}", "", *used(TYPES, texts).values()]
    return Program(seed, functions, "\n".join(head) + "\n" + "\n\n".join(texts) + "\n", statistics)
