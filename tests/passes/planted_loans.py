"""Which of the planted defects of borrow checking generated programs find alone, without the conformance programs.

    python -m tests.passes.planted_loans 110        # programs of each kind; a line for each defect, then how many were found

A defect is found by a program that the interpreter finds a fault in and the defective checker accepts, or by a correct one that
it refuses. The programs: correct ones, such with one wrong scene, such in which a tenth of the conflicts is overlooked, and
mutants.
"""

from __future__ import annotations

import random
import sys

import pytest

import altru_ir as air
from altru_ir.passes.verify.loans import check_loans
from altru_ir.testing.borrowing import generate
from tests.passes.loans_oracle import fault, inputs, mutants, scheduled
from tests.passes.test_loan_mutants import MUTANTS, plant

Named = list[tuple[str, air.Module]]


def programs(count: int) -> tuple[Named, Named]:
    """Correct ones, and such that have a fault."""
    right = [(f"correct {seed}", scheduled(generate(seed, size=6).module)) for seed in range(count)]
    texts = [(f"scene {seed}", generate(seed, size=2, staged=1).text) for seed in range(1000, 1000 + 2 * count)]
    texts += [(f"wild {seed}", generate(seed, size=5, wild=0.1).text) for seed in range(count // 2)]
    wrong: Named = []
    for name, text in texts:
        try:
            wrong.append((name, scheduled(air.parse(text))))
        except air.DiagnosticError:
            continue
    for seed in range(count // 2):
        found = mutants(generate(seed, size=5).text, random.Random(seed), 2)
        wrong += [(f"{kind} {seed}", module) for kind, _, module in found]
    return right, [(name, module) for name, module in wrong if fault(module, inputs(20))]


def refused(module: air.Module) -> bool:
    return any(check_loans(function, module) for function in module.functions.values())


def found_by(right: Named, wrong: Named) -> str | None:
    """What tells a checker with a defect from one without; None if nothing does."""
    try:
        for name, module in wrong:
            if not refused(module):
                return f"accepts {name}"
        for name, module in right:
            if refused(module):
                return f"refuses {name}"
    except (AssertionError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        return f"fails: {type(error).__name__}"
    return None


def main(count: int) -> None:
    right, wrong = programs(count)
    assert found_by(right, wrong) is None
    print(f"{len(right)} correct programs, {len(wrong)} with a fault", flush=True)
    missed = []
    for name in MUTANTS:
        with pytest.MonkeyPatch.context() as patch:
            plant(patch, *MUTANTS[name])
            how = found_by(right, wrong)
        print(f"{name}: {how or 'nothing'}", flush=True)
        if how is None:
            missed.append(name)
    print(f"{len(MUTANTS) - len(missed)} of {len(MUTANTS)} found; not found: {', '.join(missed)}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
