"""Polonius facts of real functions: our solver against its own rules applied as they stand.

The rules take a second for a function of some size; a test run looks at small ones of a few files.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from altru_ir.passes.analysis.fact_files import read
from altru_ir.passes.analysis.loans import find_conflicts
from tests.analysis.test_loans import RULES, by_the_rules
from tests.mir.oracle import compiler, facts

UI = Path(__file__).parent.parent / "cases" / "rust-ui"
SLICE = int(os.environ.get("ALTRU_TEST_SEED", "0"))
FILES = sorted(UI.glob("*/*.rs"))

pytestmark = pytest.mark.skipif(compiler() is None, reason="no rustc that takes -Z options")


def check_facts(path: Path, most: int) -> tuple[int, str | None]:
    """How many functions of a file with at most ``most`` edges were compared, and what differs."""
    count = 0
    for directory in facts(path):
        known = read(directory)
        if known.problems:
            return count, f"{directory.name}: {known.problems[0]}"
        if len(known.facts.cfg_edge) > most:
            continue
        count += 1
        if find_conflicts(known.facts) != by_the_rules(RULES, read(directory).facts):
            return count, f"{directory.name}: other errors than by the rules"
    return count, None


@pytest.mark.parametrize("path", FILES[SLICE % 48 :: 48], ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_facts_of_programs_of_rustc(path: Path) -> None:
    assert check_facts(path, 24)[1] is None
