"""Element sets beside the elements themselves: what is called apart has nothing in common for any length."""

from __future__ import annotations

import itertools

import pytest

from altru_ir.passes.analysis.element_sets import Elements, FromEnd, apart, is_one, within

INDICES = (None, 0, 1, 2, 3, FromEnd(0), FromEnd(1), FromEnd(2), FromEnd(3), FromEnd(1, 1), FromEnd(2, 2), FromEnd(0, 3))
SETS: list[object] = [(index,) for index in INDICES] + [Elements(a, b) for a in INDICES for b in INDICES]
LENGTHS = range(8)


def meanings(elements: object, length: int) -> list[frozenset[int]]:
    """The sets of indices that ``elements`` may mean in a sequence; none where it is out of bounds."""

    def values(index: object) -> list[int]:
        if index is None:
            return list(range(length + 1))
        if isinstance(index, FromEnd):
            return [length - index.distance] if length - index.distance >= index.least else []
        return [int(index)]  # type: ignore[call-overload]

    if isinstance(elements, tuple):
        return [frozenset((at,)) for at in values(elements[0]) if 0 <= at < length]
    assert isinstance(elements, Elements)
    bounds = itertools.product(values(elements.low), values(elements.high))
    return [frozenset(range(low, high)) for low, high in bounds if 0 <= low <= high <= length]


def test_what_is_apart_has_nothing_in_common() -> None:
    for one, other in itertools.product(SETS, SETS):
        meet = any(a & b for n in LENGTHS for a in meanings(one, n) for b in meanings(other, n))
        assert not (apart(one, other) and meet), (one, other)
        assert apart(one, other) == apart(other, one)


def test_what_is_within_is_of_the_whole() -> None:
    """An index in a part, and the one that ``within`` gives in the whole, are of the same element."""
    told = 0
    for low, high, index in itertools.product(INDICES, INDICES, INDICES):
        whole = within(Elements(low, high), index)
        for length in LENGTHS if whole is not None else ():
            for part in meanings(Elements(low, high), length):
                for at in meanings((index,), len(part)):
                    (inner,) = at
                    assert [frozenset((min(part) + inner,))] == meanings((whole,), length), (low, high, index, length)
                    told += 1
    assert told > 500


def test_nothing_from_one_side_is_missed() -> None:
    """Where all bounds are known and from one side, what never meets is called apart, but for ranges that are empty."""
    sides = [[i for i in INDICES if isinstance(i, int)], [i for i in INDICES if isinstance(i, FromEnd) and not i.least]]
    for side in sides:
        sets: list[object] = [(i,) for i in side] + [Elements(a, b) for a in side for b in side]
        sets = [each for each in sets if any(meanings(each, 7))]
        for one, other in itertools.product(sets, sets):
            meet = any(a & b for n in LENGTHS for a in meanings(one, n) for b in meanings(other, n))
            assert apart(one, other) is not meet, (one, other)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((1, 2), (1, 3), True),
        ((1, None), (None, 3), False),
        ((1, None), (2, None), True),
        ((1,), (1, 2), False),
        ((FromEnd(1), 0), (FromEnd(2), 0), True),
        (Elements(0, 1), (1, 0), True),
        (Elements(0, 2), (1, 0), False),
    ],
)
def test_more_dimensions(one: object, other: object, expected: bool) -> None:
    assert apart(one, other) is expected


def test_one_element_is_known_from_the_beginning() -> None:
    assert [each for each in SETS if is_one(each)] == [(0,), (1,), (2,), (3,)]
