"""The suite ``passes`` notices known defects of passes."""

from __future__ import annotations

import pytest

from tests.soak import check_passes
from tests.soak.pass_mutants import MUTANTS, SEEDS, finds, search


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_defect_is_noticed(name: str) -> None:
    hint = SEEDS.get(name)
    noticed = hint is not None and finds(name, hint)
    assert noticed or search(name, 0, 400) is not None, f"nobody noticed {name}"


def test_without_a_defect_there_is_nothing_to_notice() -> None:
    assert len(MUTANTS) >= 20
    for seed in sorted(set(SEEDS.values()))[:6]:
        assert check_passes(seed) is None
