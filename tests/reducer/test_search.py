"""Delta debugging by itself, and reductions of text that is no program."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

import altru_ir as air
from altru_ir.testing import whole_language
from altru_ir.testing.reduce import lines, reduce_text
from altru_ir.testing.reduce.search import sweep
from tests.reducer.interesting import contains, first_program


def swept(count: int, interesting: Callable[[list[int]], bool]) -> tuple[list[int], int]:
    """What a sweep over the numbers below ``count`` leaves, and how often it asked."""
    left = list(range(count))
    asked = 0

    def without(low: int, high: int) -> bool:
        nonlocal left, asked
        asked += 1
        smaller = left[:low] + left[high:]
        if interesting(smaller):
            left = smaller
            return True
        return False

    sweep(lambda: len(left), without)
    return left, asked


@pytest.mark.parametrize("seed", range(60))
def test_sweep_finds_what_is_needed(seed: int) -> None:
    """When things are needed each for itself, they are what is left, after k log(n / k) questions."""
    choose = random.Random(seed)
    count = choose.randint(1, 200)
    needed = set(choose.sample(range(count), choose.randint(0, min(count, 6))))
    left, asked = swept(count, lambda kept: needed <= set(kept))
    assert left == sorted(needed)
    assert asked <= 1 + (2 * len(needed) + 1) * (math.log2(count) + 1)


@pytest.mark.parametrize("seed", range(60))
def test_sweep_until_nothing_changes_is_minimal(seed: int) -> None:
    """Whatever the answers: after a sweep in which nothing went, no single thing can go."""
    choose = random.Random(seed)
    count = choose.randint(1, 12)
    answers = {tuple(range(count)): True}

    def interesting(kept: list[int]) -> bool:
        return answers.setdefault(tuple(kept), choose.random() < 0.4)

    left = list(range(count))

    def without(low: int, high: int) -> bool:
        nonlocal left
        smaller = left[:low] + left[high:]
        if interesting(smaller):
            left = smaller
            return True
        return False

    while sweep(lambda: len(left), without):
        pass
    assert interesting(left)
    assert not any(interesting(left[:at] + left[at + 1 :]) for at in range(len(left)))


def test_the_example_of_the_header() -> None:
    left, asked = swept(8, lambda kept: 5 in kept)
    assert (left, asked) == ([5], 1 + 2 + 2 + 2)


# -- text ------------------------------------------------------------------------------------------------------------------


def says(code: str) -> Callable[[str], bool]:
    """The parser or the verifier reports ``code``, and nothing else."""

    def holds(text: str) -> bool:
        try:
            found = air.verify(air.parse(text))
        except air.DiagnosticError as error:
            found = error.diagnostics
        return {d.code for d in found} == {code}

    return holds


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [("= mul ", "= mull ", "ALT-P004"), ("= add ", "= add , ", "ALT-P001"), (": i64)", ": i47)", "ALT-P001")],
)
def test_text_that_does_not_parse(old: str, new: str, code: str) -> None:
    interesting = says(code)
    texts = (whole_language.generate(seed).text.replace(old, new, 1) for seed in range(20))
    text = next(text for text in texts if interesting(text))
    reduction = reduce_text(text, interesting)
    assert interesting(reduction.text)
    assert len(reduction.text) < 60
    for pieces in lines.LEVELS:
        parts = pieces(reduction.text)
        assert "".join(parts) == reduction.text
        for at in range(len(parts)):
            assert not interesting("".join(parts[:at] + parts[at + 1 :]))
    assert reduction.runs < 40 * math.log2(len(text))


@pytest.mark.parametrize("level", lines.LEVELS, ids=lambda level: level.__name__)
def test_pieces_are_the_whole_text(level: Callable[[str], list[str]]) -> None:
    choose = random.Random(7)
    whole = whole_language.generate(5, 2).text
    for _ in range(200):
        start = choose.randrange(len(whole))
        text = whole[start : start + choose.randint(0, 300)]
        cut = choose.randrange(len(text) + 1)
        text = text[:cut] + choose.choice(["", "\r\n", "\0", '"', "\u2028", "é", "\udcff"]) + text[cut:]
        assert "".join(level(text)) == text


def test_a_program_whose_spelling_matters() -> None:
    """What is interesting may be lost when the text is printed; then the text is reduced as it stands."""
    text = "altru 1\nmodule @m\n\nfunc @f() {\n^entry:\n      ret\n}\n"
    reduction = reduce_text(text, lambda text: "      ret" in text)
    assert reduction.text == "      ret"


def test_text_that_is_a_program_stays_one() -> None:
    text = str(first_program(contains("cond_br")))
    reduction = reduce_text(text, lambda text: "cond_br" in text)
    assert air.verify(reduction.module) == []
    assert len(reduction.text) < 200
