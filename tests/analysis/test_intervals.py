"""Intervals against all numbers of a small width."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable

import pytest

from altru_ir import scalars
from altru_ir.ops.arith import INTEGER_PREDICATES
from altru_ir.passes.analysis import intervals
from altru_ir.passes.analysis.intervals import OPERATIONS, Range

BITS = 3
NUMBERS = range(1 << BITS)
UNARY = ("clz", "ctz", "popcount", "bswap")


def all_ranges(bits: int) -> list[Range]:
    found = set()
    half = 1 << bits >> 1
    for low, high in itertools.combinations_with_replacement(range(1 << bits), 2):
        for least, most in itertools.combinations_with_replacement(range(-half, half), 2):
            found.add(intervals.make(bits, low, high, least, most))
    return sorted(r for r in found if r is not None)


RANGES = all_ranges(BITS)
SOME = random.Random(1).sample(RANGES, 20)


def members(found: Range | None, bits: int = BITS) -> set[int]:
    return set() if found is None else {n for n in range(1 << bits) if n in found}


def tight(numbers: Iterable[int], bits: int = BITS) -> Range | None:
    """The smallest range, by definition."""
    found = None
    for number in numbers:
        found = intervals.join(found, intervals.constant(bits, number))
    return found


@pytest.mark.parametrize("bits", [1, 2, 3])
def test_halves_sharpen_each_other(bits: int) -> None:
    half = 1 << bits >> 1
    for low, high in itertools.combinations_with_replacement(range(1 << bits), 2):
        for least, most in itertools.combinations_with_replacement(range(-half, half), 2):
            wanted = {n for n in range(low, high + 1) if least <= scalars.signed(n, bits) <= most}
            found = intervals.make(bits, low, high, least, most)
            assert members(found, bits) == wanted
            assert (found is None) == (not wanted)
            if found is not None:
                signed = [scalars.signed(n, bits) for n in wanted]
                assert found == Range(bits, min(wanted), max(wanted), min(signed), max(signed))


@pytest.mark.parametrize("name", [*OPERATIONS, "rotl", "rotr", "bswap"])
def test_operations_hold_all_results(name: str) -> None:
    table = {}
    for a, b in itertools.product(NUMBERS, NUMBERS):
        try:
            table[a, b] = scalars.integer(name, BITS, a, b)
        except scalars.Panics:
            continue
    for a in RANGES:
        for b in SOME if name not in UNARY else SOME[:1]:
            given = {table[x, y] for x in members(a) for y in members(b) if (x, y) in table}
            found = intervals.operate(name, a, None if name in UNARY else b)
            assert given <= members(found), f"{name} {a} {b}: {found}"


@pytest.mark.parametrize("predicate", INTEGER_PREDICATES)
def test_comparisons(predicate: str) -> None:
    for a in RANGES:
        for b in SOME:
            pairs = [(x, y) for x in members(a) for y in members(b)]
            holds = {x for x, y in pairs if scalars.compare(predicate, BITS, x, y)}
            assert holds <= members(intervals.refined(a, predicate, b))
            answers = {int(scalars.compare(predicate, BITS, x, y)) for x, y in pairs}
            assert answers <= members(intervals.compared(predicate, a, b), 1)
            assert intervals.SWAPPED[intervals.SWAPPED[predicate]] == predicate
    for x, y in itertools.product(NUMBERS, NUMBERS):
        answer = scalars.compare(predicate, BITS, x, y)
        assert scalars.compare(intervals.OPPOSITE[predicate], BITS, x, y) != answer
        assert scalars.compare(intervals.SWAPPED[predicate], BITS, y, x) == answer
        exact = intervals.compared(predicate, intervals.constant(BITS, x), intervals.constant(BITS, y))
        assert members(exact, 1) == {int(answer)}


def test_casts() -> None:
    for a in RANGES:
        assert {n % 4 for n in members(a)} <= members(intervals.truncated(a, 2), 2)
        assert members(a) <= members(intervals.extended(a, 4, False), 4)
        assert {scalars.signed(n, 3) % 16 for n in members(a)} <= members(intervals.extended(a, 4, True), 4)


def test_joins_meets_and_widening() -> None:
    for a, b in itertools.product(SOME, SOME):
        assert members(intervals.meet(a, b)) == members(a) & members(b)
        assert intervals.join(a, b) == tight(members(a) | members(b))
        wide = intervals.widen(a, intervals.join(a, b))
        assert members(a) | members(b) <= members(wide)
        assert intervals.widen(wide, wide) == wide
    for a in SOME:
        steps, at = 0, a
        for b in SOME:
            grown = intervals.widen(at, intervals.join(at, b))
            assert grown is not None
            steps += grown != at
            at = grown
        assert steps <= 4


@pytest.mark.parametrize(
    ("name", "a", "b", "wanted"),
    [
        ("add", (8, 0, 9), (8, 1, 1), "1..10"),
        ("add", (8, 250, 255), (8, 10, 10), "4..9"),
        ("sub", (8, 10, 20), (8, 0, 9), "1..20"),
        ("mul", (32, 0, 100), (32, 0, 8), "0..800"),
        ("and", (32, 0, 1000), (32, 7, 7), "0..7"),
        ("lshr", (32, 0, 2**32 - 1), (32, 28, 28), "0..15"),
        ("urem", (64, 0, 2**64 - 1), (64, 10, 10), "0..9"),
        ("udiv", (64, 0, 99), (64, 10, 10), "0..9"),
        ("clz", (32, 1, 2**32 - 1), None, "0..31"),
    ],
)
def test_results_are_small(name: str, a: tuple[int, int, int], b: tuple[int, int, int] | None, wanted: str) -> None:
    one, two = intervals.unsigned(*a), None if b is None else intervals.unsigned(*b)
    assert one is not None
    assert str(intervals.operate(name, one, two)) == wanted
