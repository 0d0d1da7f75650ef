"""The prover against a twin that tries all numbers: where it says that a check cannot fail, no operands make it fail.

The functions compute with 8 bits, so that nearly everything wraps, and compare on the way; the twin evaluates them for every
first operand and the interesting second ones.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

import altru_ir as air
from altru_ir import passes, scalars

BINARY = ("add", "add", "sub", "sub", "mul", "and", "or", "xor", "umin", "umax", "smin", "smax")
BY_CONSTANT = ("udiv", "urem", "lshr", "ashr", "shl", "sdiv", "srem", "mul", "add", "sub")
PREDICATES = ("ult", "ule", "ugt", "uge", "slt", "sle", "sgt", "sge", "eq", "ne")
COMPARES: dict[str, Callable[[int, int], bool]] = {
    "lt": lambda a, b: a < b, "le": lambda a, b: a <= b, "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b,
}  # fmt: skip
SECOND = (0, 1, 2, 7, 63, 64, 100, 127, 128, 129, 200, 254, 255)


def holds(predicate: str, a: int, b: int) -> bool:
    if predicate in ("eq", "ne"):
        return (a == b) == (predicate == "eq")
    if predicate[0] == "s":
        a, b = scalars.signed(a, 8), scalars.signed(b, 8)
    return COMPARES[predicate[1:]](a, b)


class Program:
    """A straight line of operations and comparisons that have to hold, and a check at its end."""

    def __init__(self, seed: int) -> None:
        choose = self.choose = random.Random(seed)
        self.lines = ["func @f(%v0: i8, %v1: i8) {", "^entry:"]
        self.steps: list[tuple[str, ...]] = []
        self.count = 2
        for at in range(choose.randint(3, 8)):
            if choose.random() < 0.5:
                self.guard(at)
            else:
                self.compute()
        self.index, self.length = self.any(), self.any()
        self.lines += [f"  %i = zext %v{self.index} : usize", f"  %n = zext %v{self.length} : usize"]
        self.lines += ["  check.bounds %i, %n", "  ret", "^out:", "  ret", "}"]

    def any(self) -> int:
        return self.choose.randrange(self.count)

    def constant(self) -> int:
        number = self.choose.choice([0, 1, 1, 2, 3, 5, 16, 127, 128, 255])
        self.lines.append(f"  %v{self.count} = const {number} : i8")
        self.steps.append(("const", str(number)))
        self.count += 1
        return self.count - 1

    def compute(self) -> None:
        choose = self.choose
        if choose.random() < 0.15:
            a, b, predicate = self.any(), self.any(), choose.choice(PREDICATES)
            self.lines.append(f"  %c{self.count} = icmp {predicate} %v{a}, %v{b}")
            self.lines.append(f"  %v{self.count} = select %c{self.count}, %v{a}, %v{b}")
            self.steps.append(("select", predicate, str(a), str(b)))
        else:
            by_constant = choose.random() < 0.5
            name = choose.choice(BY_CONSTANT if by_constant else BINARY)
            a = self.any()
            b = self.constant() if by_constant else self.any()
            self.lines.append(f"  %v{self.count} = {name} %v{a}, %v{b}")
            self.steps.append((name, str(a), str(b)))
        self.count += 1

    def guard(self, at: int) -> None:
        predicate, a = self.choose.choice(PREDICATES), self.any()
        b = self.constant() if self.choose.random() < 0.4 else self.any()
        self.lines += [f"  %g{at} = icmp {predicate} %v{a}, %v{b}", f"  cond_br %g{at}, ^on{at}, ^out", f"^on{at}:"]
        self.steps.append(("guard", predicate, str(a), str(b)))

    def fails(self, a: int, b: int) -> bool:
        """Whether the check is reached and fails."""
        values = [a, b]
        for name, *given in self.steps:
            if name == "const":
                values.append(int(given[0]))
                continue
            x, y = (values[int(each)] for each in given[-2:])
            if name == "guard":
                if not holds(given[0], x, y):
                    return False
            elif name == "select":
                values.append(x if holds(given[0], x, y) else y)
            else:
                try:
                    values.append(scalars.integer(name, 8, x, y) % 256)
                except scalars.Panics:
                    return False
        return values[self.index] >= values[self.length]


def is_proven(program: Program) -> bool:
    module = air.parse("\n".join(["altru 1", "module @m", *program.lines, ""]))
    assert air.verify(module) == []
    passes.run(module, "eliminate-checks{verify}")
    return not any(op.decl.is_check for op in module.functions["f"].operations())


@pytest.mark.parametrize("first", range(0, 300, 100))
def test_what_is_proven_holds_for_all_numbers(first: int) -> None:
    proven = 0
    for seed in range(first, first + 100):
        program = Program(seed)
        if is_proven(program):
            proven += 1
            failing = [(a, b) for a in range(256) for b in SECOND if program.fails(a, b)]
            assert not failing, f"seed {seed}: {failing[0]}"
    assert proven > 5
