"""Runs: a byte for each of the bytes of an allocation, kept as runs of equal ones.

A tag has a state (``permissions``) for each byte of its allocation; few of them differ. ``starts`` are the offsets at which
runs begin, and after them the size of the allocation; ``states`` has the state of each run:

    [0, 4, 8, 100], b"ABA"      # A at bytes 0 to 3, B at 4 to 7, A again up to 99

Invariant: ``starts`` rises, ``len(starts) == len(states) + 1``, and neighbouring runs differ.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

Change = tuple[int, int, int, int]
"""From, to, the state before, the state after."""


class Runs:
    """The states of the bytes from 0 to ``size``, of which ``pieces`` gives those from an offset to the next, in order."""

    __slots__ = ("starts", "states")

    def __init__(self, size: int, pieces: Iterable[tuple[int, int]]) -> None:
        self.starts, self.states = _merged(pieces)
        self.starts.append(size)

    def state(self, offset: int) -> int:
        """The state of one byte."""
        return self.states[bisect_right(self.starts, offset) - 1]

    def runs(self) -> list[tuple[int, int, int]]:
        """All runs: from, to, state."""
        return list(zip(self.starts, self.starts[1:], self.states))

    def extent(self, low: int, high: int) -> tuple[int, int]:
        """From where to where the runs go that ``[low, high)`` touches."""
        starts = self.starts
        return starts[bisect_right(starts, low) - 1], starts[bisect_left(starts, high)]

    def changes(self, low: int, high: int, table: bytes) -> list[tuple[int, int]]:
        """The ranges within ``[low, high)`` that ``translate`` would change or stop at."""
        starts = self.starts
        first = bisect_right(starts, low) - 1
        last = bisect_left(starts, high, first) - 1
        before = self.states[first : last + 1]
        after = before.translate(table)
        found: list[tuple[int, int]] = []
        if after != before:
            for k in range(first, last + 1):
                if after[k - first] != before[k - first]:
                    begin, end = max(low, starts[k]), min(high, starts[k + 1])
                    if found and found[-1][1] == begin:
                        found[-1] = (found[-1][0], end)
                    else:
                        found.append((begin, end))
        return found

    def translate(self, low: int, high: int, table: bytes, forbidden: int) -> tuple[int, list[Change]]:
        """Translates ``[low, high)``, of which there is a byte at least, up to the first that ``table`` makes ``forbidden``.

        Returns the offset of that byte, or ``high``, and what has changed.
        """
        starts, states = self.starts, self.states
        first = bisect_right(starts, low) - 1
        if starts[first] == low and starts[first + 1] == high:  # exactly one run: the usual case, done in place if it can be
            old = states[first]
            new = table[old]
            if new == old:
                return high, []
            if new == forbidden:
                return low, []
            if new not in states[max(first - 1, 0) : first + 2]:
                states[first] = new
                return high, [(low, high, old, new)]
        last = bisect_left(starts, high, first) - 1
        before = states[first : last + 1]
        after = before.translate(table)
        if after == before:
            return high, []
        stop = after.find(forbidden)
        if stop >= 0:
            high = max(low, starts[first + stop])
            if high == low:
                return low, []
            last = first + stop - 1
            del before[stop:], after[stop:]
        bounds = [low, *starts[first + 1 : last + 1], high]
        pieces = list(zip(bounds, after))
        if starts[first] < low:
            pieces.insert(0, (starts[first], before[0]))
        if high < starts[last + 1]:
            pieces.append((high, before[-1]))
        if last + 1 < len(states):  # the neighbours, which may turn out equal
            last += 1
            pieces.append((starts[last], states[last]))
        if first > 0:
            first -= 1
            pieces.insert(0, (starts[first], states[first]))
        starts[first : last + 1], states[first : last + 1] = _merged(pieces)
        return high, [(bounds[k], bounds[k + 1], b, a) for k, (b, a) in enumerate(zip(before, after)) if b != a]

    def translate_all(self, table: bytes) -> bool:
        """Translates every state; whether one has changed."""
        after = self.states.translate(table)
        if after == self.states:
            return False
        self.starts[:-1], self.states[:] = _merged(zip(self.starts, after))
        return True

    def pairs(self, other: Runs) -> set[tuple[int, int]]:
        """The states that stand at the same byte, here and in ``other``."""
        mine, theirs = 0, 0
        found = set()
        while mine < len(self.states) and theirs < len(other.states):
            found.add((self.states[mine], other.states[theirs]))
            my_end, their_end = self.starts[mine + 1], other.starts[theirs + 1]
            mine += my_end <= their_end
            theirs += their_end <= my_end
        return found


def _merged(pieces: Iterable[tuple[int, int]]) -> tuple[list[int], bytearray]:
    starts: list[int] = []
    states = bytearray()
    for start, state in pieces:
        if not states or states[-1] != state:
            starts.append(start)
            states.append(state)
    return starts, states
