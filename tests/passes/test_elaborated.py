"""Elaborated programs are proved, accepted again as text, and mean what they meant; defects of elaboration break the proof."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import altru_ir as air
from altru_ir.module import Module
from altru_ir.passes.base import bodies
from altru_ir.passes.pipeline_text import parse_pipeline
from altru_ir.passes.verify.drops import ELABORATED, check_drops
from altru_ir.testing import whole_language
from tests.mutants.moves_and_drops import MUTANTS
from tests.mutants.planting import planted
from tests.passes.moves_twin import Generator

STEPS = "insert-checks,schedule-drops,check-moves,elaborate-drops"
BROKEN = [
    "elaborate-drops 1", "elaborate-drops 3", "elaborate-drops 4, ranges", "elaborate-drops 4, shells", "elaborate-drops 6",
    "schedule-drops 3, goes on",
]  # fmt: skip
"""Defects that leave something undropped, or drop it twice, in programs of this generator."""


def elaborated(text: str) -> Module | None:
    """The program after elaboration; None when it is refused."""
    module = air.parse(text)
    assert air.verify(module) == []
    try:
        for each in parse_pipeline(STEPS):
            each.run(module)
    except air.DiagnosticError:
        return None
    return module


def programs(count: int) -> Iterator[str]:
    for seed in range(count):
        yield Generator(seed).program()


def proved(module: Module) -> bool:
    return not any(check_drops(function, module) for function in bodies(module))


def test_elaborated_programs_are_proved_and_accepted_again() -> None:
    accepted = flags = 0
    texts = [*programs(120), *(whole_language.generate(seed, 10).text for seed in range(5))]
    for text in texts:
        module = elaborated(text)
        if module is None:
            continue
        accepted += 1
        assert proved(module), text
        flags += sum("drop.flag" in op.attrs for function in bodies(module) for op in function.operations())
        again = elaborated(str(module))
        assert again is not None, text
        assert proved(again)
        marked = [name for name, function in module.functions.items() if function.attributes.get(ELABORATED)]
        assert marked == [name for name, function in again.functions.items() if function.attributes.get(ELABORATED)]
    assert accepted > 40
    assert flags > 15


@pytest.mark.parametrize("name", BROKEN)
def test_a_defect_of_elaboration_breaks_the_proof(name: str) -> None:
    with planted(MUTANTS[name]):
        for text in programs(150):
            try:
                module = elaborated(text)
            except (AssertionError, IndexError, KeyError, TypeError):
                return
            if module is not None and not proved(module):
                return
    pytest.fail("not noticed")


def test_passes_behind_elaboration_keep_the_proof() -> None:
    for text in programs(25):
        module = elaborated(text)
        if module is not None:
            for each in parse_pipeline("simplify"):
                each.run(module)
                assert air.verify(module) == []
                assert proved(module), f"{each.name}: {text}"
