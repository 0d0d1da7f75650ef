"""The conformance programs notice each defect of borrow checking, or generated ones of which the interpreter knows better."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

import altru_ir as air
from altru_ir.passes.verify.loans import check_loans
from altru_ir.testing.borrowing import generate
from tests.mutants.loans import MUTANTS
from tests.mutants.planting import FALLS_OVER, planted
from tests.passes.loans_oracle import fault, inputs, scheduled

PROGRAMS = Path(__file__).parents[1] / "passes" / "check-loans"


@cache
def conformance() -> list[tuple[air.Module, dict[str, set[int]]]]:
    """The programs, with the lines where errors are expected, by function."""
    found = []
    for path in sorted(PROGRAMS.glob("*.air")):
        text = path.read_text()
        wanted: dict[str, set[int]] = {}
        function = ""
        for number, line in enumerate(text.splitlines(), 1):
            function = re.sub(r"^(private )?func @(\w+).*", r"\2", line) if "func @" in line[:14] else function
            if "expected-error {{" in line:
                wanted.setdefault(function, set()).add(number)
        found.append((scheduled(air.parse(text)), wanted))
    return found


@cache
def wrong() -> list[air.Module]:
    """Generated programs that have a fault."""
    found = []
    for seed in range(25):
        module = generate(seed, wild=0.5).module
        try:
            module = scheduled(module)
        except air.DiagnosticError:
            continue
        if fault(module, inputs(3, seed)) is not None:
            found.append(module)
    return found


def noticed() -> bool:
    try:
        for module, wanted in conformance():
            for name, function in module.functions.items():
                said = {problem.location.line for problem in check_loans(function, module) if problem.location is not None}
                if said != wanted.get(name, set()):
                    return True
        return any(not any(check_loans(f, module) for f in module.functions.values()) for module in wrong())
    except FALLS_OVER:
        return True


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_defect_is_noticed(name: str) -> None:
    with planted(MUTANTS[name]):
        assert noticed()


def test_without_a_defect_there_is_nothing_to_notice() -> None:
    assert len(MUTANTS) >= 30
    assert not noticed()
