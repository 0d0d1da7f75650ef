"""The expectations beside the programs notice each defect of moves and drops, or the twin; generated programs alone most."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import altru_ir as air
from tests.mutants.moves_and_drops import AREA, MUTANTS, SEEDS
from tests.mutants.planting import FALLS_OVER, planted
from tests.passes.test_moves_twin import disagreement
from tests.test_files import check, run_lines

PROGRAMS = Path(__file__).parents[1] / "passes"


def noticed(name: str) -> bool:
    folders = {
        "initialization": "elaborate-drops check-moves",
        "moves": "check-moves",
        "storage": "check-moves",
        "variants": "check-moves",
        "leaks": "check-leaks",
        "drops": "check-drops",
        "scopes": "schedule-drops",
    }
    kind = name.split()[0]
    try:
        for folder in folders.get(kind, kind).split():
            for path in sorted((PROGRAMS / folder).glob("*.air")):
                with pytest.MonkeyPatch.context() as patch:
                    for line in run_lines(path):
                        check(path, line, patch)
        counts: Counter[str] = Counter()
        return any(disagreement(seed, counts) is not None for seed in range(100))
    except (*FALLS_OVER, air.DiagnosticError):
        return True


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_defect_is_noticed(name: str) -> None:
    with planted(MUTANTS[name]):
        assert noticed(name)


def test_without_a_defect_there_is_nothing_to_notice() -> None:
    assert not noticed("schedule-drops")


@pytest.mark.parametrize("name", SEEDS)
def test_a_generated_program_notices_it(name: str) -> None:
    assert AREA.finds(name, *SEEDS[name]) is not None, (
        "python -m tests.mutants moves_and_drops --again --search 100 finds another"
    )


@pytest.mark.parametrize("kind", AREA.kinds)
def test_without_a_defect_no_program_tells_anything(kind: str) -> None:
    for seed in sorted({seed for name, seed in SEEDS.values() if name == kind})[:8]:
        assert AREA.tells(kind, seed) is None
