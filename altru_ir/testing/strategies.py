"""Programs for hypothesis.

    from hypothesis import given
    from altru_ir.testing import programs

    @given(programs(families={"scalars", "places"}))
    def test_my_pass_keeps_the_answer(program):
        module = program.module
        ...

A failing example is shrunk to a small size, few families and a small seed; ``altru_ir.testing.reduce`` makes it smaller still,
operation by operation. How it is shown, ``Program(seed=3, families=('scalars',), size=1)``, is how it is made again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from altru_ir.testing import whole_language

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy


def programs(
    *, families: Iterable[str] | None = None, weights: dict[str, float] | None = None, sizes: tuple[int, int] = (1, 8)
) -> SearchStrategy[whole_language.Program]:
    """A strategy for programs over the whole language, each of some of the families.

    Parameters: ``families``, those to draw from (all by default; ``whole_language.NATIVE`` are those that native code exists
    for); ``weights``, how often each is drawn within a program; ``sizes``, the least and the largest size. Raises
    ``ValueError`` for a family that does not exist and for sizes that are none.
    """
    from hypothesis import strategies

    allowed = whole_language.chosen(families)
    least, largest = sizes
    if not 1 <= least <= largest:
        raise ValueError(f"sizes from {least} to {largest} are none")

    @strategies.composite
    def program(draw: DrawFn) -> whole_language.Program:
        some = draw(strategies.sets(strategies.sampled_from(allowed), min_size=1))
        size = draw(strategies.integers(least, largest))
        return whole_language.generate(draw(strategies.integers(0, 2**32 - 1)), size, some, weights)

    return program()
