"""Verdicts on borrows and lifetimes beside those of ``rustc -Zpolonius=next``, by code and line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import altru_ir as air
from tests.mir.oracle import cache_directory, compiler, judge
from tests.mir.rust_programs import program
from tests.mir.test_moves import tell
from tests.mir.verdicts import compare_loans

CASES = Path(__file__).parent.parent / "cases"
UI = CASES / "rust-ui"
SLICE = int(os.environ.get("ALTRU_TEST_SEED", "0"))

pytestmark = pytest.mark.skipif(compiler() is None, reason="no rustc that takes -Z options")

ENDS = "an element from the end may be one from the beginning for us, unless its own pattern says how long the slice is"
DYN = "the importer's `dyn` types have no regions but that of their bound"
FUNCTIONS = "the importer's function pointers have no regions"
HIDDEN = "the regions of a hidden type are taken for all that it may have"
AHEAD = "accepted by the rules of Polonius; -Zpolonius=next is not there yet"

DIFFERING = {
    "borrowck-slice-pattern-element-loan-slice-no-overlap": ENDS,
    "issue-46589": AHEAD,
    "issue-52113": HIDDEN,
    "issue-69114-static-ty": DYN,
    "mir_check_cast_unsafe_fn": FUNCTIONS,
}
"""Files on which the two differ, and why."""

VERDICTS = json.loads((CASES / "rust" / "verdicts.json").read_text())


@pytest.mark.parametrize("case", [v for v in VERDICTS if v["name"] != "47_rc_not_send"], ids=lambda v: v["name"])
def test_the_cases(case: dict[str, object]) -> None:
    found = compare_loans(judge(CASES / "rust" / str(case["file"])))
    assert air.verify(found.program.module) == []
    assert tell(found) == ""


FILES = sorted(UI.glob("*/*.rs"))


@pytest.mark.parametrize("path", FILES[SLICE % 24 :: 24], ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_programs_of_rustc(path: Path) -> None:
    found = compare_loans(judge(path))
    if path.stem in DIFFERING:
        assert tell(found) != "", "no longer differs: take it out of the list"
    else:
        assert tell(found) == ""


@pytest.mark.parametrize("path", sorted((CASES / "rust-more").glob("*.rs")), ids=lambda p: p.stem)
def test_programs_of_ours(path: Path) -> None:
    assert tell(compare_loans(judge(path))) == ""


def check_borrows(seed: int) -> str | None:
    """What differs on the random program of ``seed`` with references; None when nothing does."""
    path = cache_directory() / f"borrows-{seed}-{os.getpid()}.rs"
    path.write_text(program(seed, borrows=True))
    answer = judge(path)
    path.unlink()
    if answer.broken:
        return f"rustc does not come to its borrow checker: {answer.broken}"
    return tell(compare_loans(answer)) or None


@pytest.mark.parametrize("seed", [SLICE % 1000, SLICE % 1000 + 1000])
def test_random_programs(seed: int) -> None:
    assert check_borrows(seed) is None
