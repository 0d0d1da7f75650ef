"""Planting changes the code of a function for the time of a block, and says when there is nothing to change."""

from __future__ import annotations

import pytest

from altru_ir.passes.transform import folding
from altru_ir.passes.transform.mem2reg import PromoteLocals
from tests.mutants.planting import Mutant, _function, planted
from tests.mutants.searching import Area, Kind

SELECT = Mutant("passes.transform.folding:_select", "yes if known else no", "no if known else yes")


def test_whoever_has_the_function_has_the_defect_and_nobody_afterwards() -> None:
    known, rule = folding._select.__code__, folding.RULES["select"]
    with planted(SELECT):
        assert rule is folding._select
        assert rule.__code__ is not known
    assert rule.__code__ is known


def test_a_defect_is_taken_back_when_something_is_raised() -> None:
    known = folding._select.__code__
    with pytest.raises(ZeroDivisionError), planted(SELECT):
        raise ZeroDivisionError
    assert folding._select.__code__ is known


def test_two_defects_of_one_function() -> None:
    other = Mutant("passes.transform.folding:_select", "if yes is no:", "if False:")
    with planted(SELECT, other):
        both = folding._select.__code__
    with planted(other):
        assert folding._select.__code__.co_code != both.co_code


@pytest.mark.parametrize(
    ("mutant", "said"),
    [
        (Mutant(SELECT.where, "no such text", ""), "`no such text` stands 0 times in .*_select, not 1"),
        (Mutant(SELECT.where, "known", "unknown"), r"`known` stands \d times in .*, not 1"),
    ],
)
def test_what_does_not_stand_there_is_said(mutant: Mutant, said: str) -> None:
    with pytest.raises(ValueError, match=said), planted(mutant):
        pytest.fail("planted")
    with pytest.raises(ValueError, match=said), planted(SELECT, mutant):
        pytest.fail("planted")


def closure(start: int) -> object:
    step = 2

    def count() -> int:
        return start + step

    return count


class Base:
    def name(self) -> str:
        return "base"


class Derived(Base):
    def name(self) -> str:
        return super().name() + " and more"


def test_the_variables_of_a_closure_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "count", closure(40), raising=False)
    with planted(Mutant("passes.transform.folding:count", "start + step", "step - start")):
        assert folding.count() == -38  # type: ignore[attr-defined]
    assert folding.count() == 42  # type: ignore[attr-defined]
    monkeypatch.setattr(folding, "Derived", Derived, raising=False)
    with planted(Mutant("passes.transform.folding:Derived.name", "more", "less")):
        assert Derived().name() == "base and less"


def test_what_was_computed_before_is_forgotten() -> None:
    assert folding._constants(8)[0]["mul"] == 1
    with planted(Mutant("passes.transform.folding:_constants", '"mul": 1', '"mul": 2')):
        assert folding._constants(8)[0]["mul"] == 2
    assert folding._constants(8)[0]["mul"] == 1


def test_a_method_of_a_class_with_slots() -> None:
    assert _function("passes.transform.mem2reg:PromoteLocals.run_on") == (PromoteLocals.run_on, [])


def _area(known: int) -> Area:
    kind = Kind(lambda seed: seed, lambda seed: "wrong" if seed == 3 and _changed() else None)
    return Area({"select": SELECT}, {"numbers": kind}, {"select": ("numbers", known)})


def _changed() -> bool:
    return folding._select.__code__.co_filename == "<planted>"


@pytest.mark.parametrize("known", [3, 1])
def test_the_program_that_is_known_is_asked_first(known: int) -> None:
    area = _area(known)
    assert area.tells("numbers", 3) is None
    assert area.noticed("select", 0 if known == 3 else 4)
    assert list(area.report(4)) == [("select", ("numbers", 3), "wrong")]
    assert not _area(1).noticed("select", 3)
