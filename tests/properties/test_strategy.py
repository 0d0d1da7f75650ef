"""Programs for hypothesis: what they are made of, what they shrink to, and a property that uses them."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, find, given, settings

import altru_ir as air
from altru_ir import backend
from altru_ir.testing import programs, whole_language
from altru_ir.testing.whole_language import Program

FEW = settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
MEMORY = {"owners", "places", "drops"}


@FEW
@given(programs(sizes=(1, 3)))
def test_programs_are_well_formed(program: Program) -> None:
    module = program.module
    assert air.verify(module) == []
    text = str(module)
    assert str(air.parse(text)) == text
    assert program.module is not module


@FEW
@given(programs(families=MEMORY, sizes=(1, 2)))
def test_checks_change_no_answer(program: Program) -> None:
    """Programs without a defect give the same with checks and without."""
    assert set(program.families) <= MEMORY
    answers = [
        backend.interpret(backend.prepare(program.module, opt=0, checks=checks), "main_entry", [3, -4], schedules=1)
        for checks in ("all", "none")
    ]
    assert answers[0] == answers[1]


@FEW
@given(programs())
def test_how_a_program_is_shown_is_how_it_is_made(program: Program) -> None:
    again = eval(repr(program), {"Program": whole_language.generate})
    assert again == program


def test_what_a_failure_shrinks_to() -> None:
    small = find(programs(), lambda program: "sdiv" in program.text, settings=settings(max_examples=200, database=None))
    assert small.size == 1
    assert len(small.families) == 1
    assert small.seed < 100


def test_dials() -> None:
    only = find(programs(families=["floats"], sizes=(4, 4)), lambda _: True)
    assert (only.families, only.size) == (("floats",), 4)
    both = programs(families=["scalars", "owners"], weights={"owners": 1000.0}, sizes=(1, 2))
    heavy = find(both, lambda program: len(program.families) == 2)
    assert heavy == whole_language.generate(heavy.seed, heavy.size, heavy.families, {"owners": 1000.0})


def test_bad_dials() -> None:
    with pytest.raises(ValueError, match="there is no family `odd`; there are scalars, floats,"):
        programs(families=["scalars", "odd"])
    with pytest.raises(ValueError, match="there is no family ``"):
        programs(families=[])
    with pytest.raises(ValueError, match="sizes from 5 to 2 are none"):
        programs(sizes=(5, 2))
    with pytest.raises(ValueError, match="sizes from 0 to 2 are none"):
        programs(sizes=(0, 2))
