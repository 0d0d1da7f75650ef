"""The suite ``passes`` notices known defects of passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutants.passes import AREA, SEEDS, UNSEEN
from tests.mutants.planting import planted
from tests.soak import check_passes
from tests.test_files import check, run_lines

PROGRAMS = Path(__file__).parents[1] / "passes"


@pytest.mark.parametrize("name", [name for name in AREA.mutants if name not in UNSEEN])
def test_a_planted_defect_is_noticed(name: str) -> None:
    assert AREA.noticed(name, 400)


def test_without_a_defect_there_is_nothing_to_notice() -> None:
    assert len(AREA.mutants) >= 20
    for seed in sorted({seed for _, seed in SEEDS.values()})[:6]:
        assert check_passes(seed) is None


def test_a_file_notices_what_no_generated_program_does(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(UNSEEN) == ["an exchange stores first"]
    lines = [(path, line) for path in sorted((PROGRAMS / "sroa").glob("*.air")) for line in run_lines(path)]
    with planted(AREA.mutants["an exchange stores first"]), pytest.raises(AssertionError):
        any(check(path, line, monkeypatch) for path, line in lines)
