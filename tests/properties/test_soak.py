"""The suites of ``tests/soak`` report the seed that fails, and no shortcut of theirs hides a defect."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from altru_ir.backend import optimize
from tests.mutants.passes import MUTANTS, SEEDS
from tests.mutants.planting import planted
from tests.soak import ALONE, SUITES, Suite, __main__, check_native, check_native_together, check_passes


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_seed_that_fails_is_reported(
    jobs: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It alone; and its piece of seeds is not counted as run without a finding."""
    ledger = tmp_path / "ledger.json"
    monkeypatch.setattr(__main__, "LEDGER", ledger)
    monkeypatch.setitem(SUITES, "text", Suite(1, lambda seed: "planted" if seed == 73 else None, ""))
    monkeypatch.setattr(sys, "argv", ["soak", "--suite", "text", "--from", "0", "--count", "150", "--jobs", str(jobs)])
    assert __main__.main() == 1
    out = capsys.readouterr().out
    assert [line for line in out.splitlines() if line.startswith("seed ")] == ["seed 73: planted"]
    assert out.endswith("1 findings; ledger: 100\n")
    ranges = json.loads(ledger.read_text())["text"]["ranges"]
    assert [(each["from"], each["to"]) for each in ranges] == [(0, 50), (100, 150)]


def _planted_in_llvm(monkeypatch: pytest.MonkeyPatch, level: int, change: Callable[[str], str]) -> None:
    whole = optimize.parse_and_optimize

    def wrong(text: str, machine: Any, *, opt: int, jit: bool = False) -> Any:
        return whole(change(text) if opt == level else text, machine, opt=opt, jit=jit)

    monkeypatch.setattr(optimize, "parse_and_optimize", wrong)


SHIFTS = 375
"""A seed of ``native`` whose answers depend on an arithmetic shift, and which is not compiled alone."""


@pytest.mark.parametrize("level", [0, 3])
def test_a_defect_of_native_code_is_noticed_where_levels_share_what_they_can(
    level: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert SHIFTS % ALONE
    assert check_native(SHIFTS) is None
    _planted_in_llvm(monkeypatch, level, lambda text: text.replace(" ashr ", " lshr "))
    finding = check_native(SHIFTS)
    assert finding is not None
    assert f"at O{level} gives" in finding


@pytest.mark.parametrize("level", [0, 3])
def test_seeds_that_are_compiled_together_are_told_apart(level: int, monkeypatch: pytest.MonkeyPatch) -> None:
    seeds = range(SHIFTS - 6, SHIFTS + 5)
    assert check_native_together(seeds) == []
    _planted_in_llvm(monkeypatch, level, lambda text: text.replace(" ashr ", " lshr "))
    alone = [(seed, finding) for seed in seeds if (finding := check_native(seed)) is not None]
    assert check_native_together(seeds) == alone
    assert SHIFTS in [seed for seed, _ in alone]


def test_what_only_shows_in_company_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.soak._ends_alike", lambda module, scalars: {"p9_": "planted"} if "p9_" in scalars else {})
    assert check_native_together([9, 10]) == [(9, "with [9, 10]: planted")]


def test_a_defect_of_a_pass_is_told_of_the_pass_alone() -> None:
    """Passes run in chains; what is wrong behind a chain is looked for behind each of its passes."""
    with planted(MUTANTS["switch takes the default"]):
        finding = check_passes(SEEDS["switch takes the default"][1])
    assert finding is not None
    assert finding.startswith("canonicalize: ")
