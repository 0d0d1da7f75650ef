"""Each clause of what the abstract machine calls an error is noticed by a program when it is taken out or bent."""

from __future__ import annotations

import tempfile
from pathlib import Path

import attrs
import pytest

from tests.mutants.interpreter import MUTANTS
from tests.mutants.planting import planted
from tests.test_files import check, run_lines

PROGRAMS = Path(__file__).parents[1] / "interpreter"


def passes(path: Path, lines: list[str], monkeypatch: pytest.MonkeyPatch) -> bool:
    try:
        for line in lines:
            check(path, line, monkeypatch)
    except AssertionError:
        return False
    return True


def lines_of(path: Path, entry: str) -> list[str]:
    return [line for line in run_lines(path) if f"--entry {entry} " in line]


ONE_EACH = {each.mutant.where: each for each in MUTANTS.values()}


@pytest.mark.parametrize("where", ONE_EACH)
def test_planting_alone_changes_nothing(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    each = ONE_EACH[where]
    path = PROGRAMS / each.file
    with planted(attrs.evolve(each.mutant, new=each.mutant.old)):
        assert passes(path, lines_of(path, each.entry), monkeypatch)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    each = MUTANTS[name]
    path = PROGRAMS / each.file
    lines = lines_of(path, each.entry)
    assert lines, f"nothing runs @{each.entry}"
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # a mutant may break the machine, which leaves a reproducer
    with planted(each.mutant):
        assert not passes(path, lines, monkeypatch)
