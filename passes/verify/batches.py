"""Batches of fixes: which of many proposals hold, by a few looks at the program instead of one for each.

A look applies edits to a text and checks what comes out. It takes as long for one fix as for a hundred, so the fixes of
different problems are looked at together, and from where something is found it follows whose fix was none:

    problem 1: a, b        look at {a, c, e}: problem 2 is where it was, and something new is in the text of e
    problem 2: c, d        look at {a}: holds
    problem 3: e, f        look at {d, f}: holds              then {d} and {f}, as in rule 4; shown are a, d and f

Rules, cited by number in the code:
 1. a batch holds if what is found with it is what was found before, without the problems that it is for;
 2. where it does not, those are *blamed* whose problem is where it was, those in whose new text something is found, and for
    what is found elsewhere whoever has to do with the narrowest range of lines around it, or with the nearest one; each goes
    on to its next proposal. A batch of which nobody can be blamed is halved;
 3. edits of one batch do not overlap, and make no two values of one name; the others wait for the next batch;
 4. what held in company is looked at in company again, so that for any two fixes there is a look at the first one without the
    second: no fix is shown that needs another one. k looks do for as many fixes as there are sets of k/2 among k, for none of
    these contains another one. Where such a look fails, those that are in it are looked at alone;
 5. a few problems are looked at alone from the start.

Invariant: blame decides what is tried next, never what is shown: that held, in a batch or alone.
Sources: Dorfman, The Detection of Defective Members of Large Populations, 1943, for testing in groups; Sperner, Ein Satz über
Untermengen einer endlichen Menge, 1928, for (4).
"""

from __future__ import annotations

import re
from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations, islice
from math import comb

import attrs

from altru_ir.diagnostics import Diagnostic, Edit, Fix
from altru_ir.source import Location, Source

FEW = 6
"""So many problems of one function are not worth a batch."""

Key = tuple[str, str | None, str]


def key_of(problem: Diagnostic) -> Key:
    """What tells problems apart wherever they are in a text."""
    return problem.code, problem.function, problem.message


class Patched:
    """The ``text`` of a part of a source after edits, each character of which is known to be of an edit or of the source.

    Raises ``ValueError`` where edits overlap.
    """

    def __init__(self, source: Source, start: int, end: int, edits: Iterable[Edit]) -> None:
        self.pieces: list[tuple[int, int]] = []  # where a piece begins, and the offset in the source, or -1 - edit
        text: list[str] = []
        at, made = start, 0
        for first, last, replacement, number in sorted(
            (*edit.span(source), edit.replacement, number) for number, edit in enumerate(edits)
        ):
            if first < at or last > end:
                raise ValueError("two edits of a text overlap")
            for piece, where in ((source.text[at:first], at), (replacement, -1 - number)):
                if piece:
                    self.pieces.append((made, where))
                    text.append(piece)
                    made += len(piece)
            at = last
        self.pieces.append((made, at))
        self.text = "".join([*text, source.text[at:end]])

    def origin(self, offset: int) -> tuple[int | None, int]:
        """The number of the edit that a character is of, or None, and the offset in the source of one that is of no edit."""
        begin, where = self.pieces[bisect_right(self.pieces, (offset, 1 << 60)) - 1]
        return (-1 - where, 0) if where < 0 else (None, where + offset - begin)


@attrs.define(eq=False)
class Candidate:
    """A problem whose proposals are tried; ``fix`` is the first of those that are left."""

    problem: Diagnostic
    left: list[Fix]
    holds: bool = False

    @property
    def fix(self) -> Fix:
        return self.left[0]


@attrs.define
class Look:
    """What was found with edits: ``problems`` with ``places``, in the source or in edits by number, for each of their
    locations; ``whole`` is false where it was no program."""

    problems: list[Diagnostic]
    places: Callable[[Location], tuple[int | None, int]]
    whole: bool = True


class Batches:
    """Tries candidates of one function.

    Parameters: ``look``, which applies edits and says what is found then, or None when it has lost patience; ``source``, the
    text that is edited; ``is_late`` says that patience is running out: what holds is then shown before anything else is tried.
    """

    def __init__(
        self, look: Callable[[Sequence[Edit]], Look | None], source: Source, is_late: Callable[[], bool] = lambda: False
    ) -> None:  # fmt: skip
        self.look = look
        self.source = source
        self.is_late = is_late
        self.patient = True
        self.before: Counter[Key] = Counter()
        self.was: set[tuple[Key, int]] = set()

    def run(self, candidates: Sequence[Candidate]) -> None:
        """Finds the fix of each candidate that has one."""
        first = self.look(())
        if first is None or not first.whole:
            self.patient = first is not None
            return
        self.before = Counter(map(key_of, first.problems))
        self.was = {(key_of(each), first.places(each.location)[1]) for each in first.problems if each.location is not None}
        waiting = [each for each in candidates if each.left and self.before[key_of(each.problem)]]
        alone = len(waiting) <= FEW  # 5
        held: list[Candidate] = []
        while waiting and self.patient:
            while waiting and self.patient and not (held and self.is_late()):
                batch, rest = (waiting[:1], waiting[1:]) if alone else self._together(waiting)
                more, waiting = self._narrow(batch, rest)
                if len(more) == 1:  # it was looked at alone
                    more[0].holds = True
                else:
                    held += more
            while held and self.patient:
                batch, held = (held, []) if alone else self._together(held)
                failed = [] if alone else self._apart(batch)
                for each in batch if self.patient else ():
                    each.holds = each not in failed
                waiting += self._next(failed)

    def _together(self, waiting: list[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
        """As many of those that wait as go together, and the rest (3)."""
        batch, rest = [], []
        fixes: set[Fix] = set()
        taken: list[tuple[int, int]] = []
        names: set[str] = set()
        for each in waiting:
            if each.fix not in fixes:
                spans, made = [edit.span(self.source) for edit in each.fix.edits], _names(each.fix)
                if not names.isdisjoint(made) or any(_overlaps(taken, span) for span in spans):
                    rest.append(each)
                    continue
                for span in spans:
                    insort(taken, span)
                names |= made
                fixes.add(each.fix)
            batch.append(each)
        return batch, rest

    def _narrow(self, batch: list[Candidate], rest: list[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
        """Takes candidates out of a batch until it holds; what is left of it, and who waits then."""
        while batch:
            guilty = self._failing(batch)
            if not guilty:
                return (batch, rest) if self.patient else ([], [])
            if len(guilty) == len(batch) > 1 and guilty is batch:
                half = len(batch) // 2  # 2
                batch, rest = batch[:half], [*batch[half:], *rest]
                continue
            rest += self._next(guilty)
            batch = [each for each in batch if each not in guilty]
        return [], rest

    def _next(self, failed: list[Candidate]) -> list[Candidate]:
        """Goes on to the next proposals of candidates; those that have one."""
        for each in failed:
            del each.left[0]
        return [each for each in failed if each.left]

    def _apart(self, held: list[Candidate]) -> list[Candidate]:
        """Those that hold in company but not without some of the others (4)."""
        if len(held) == 1:
            return self._failing(held)
        count = next(k for k in range(2, 64) if comb(k, k // 2) >= len(held))
        members: list[list[Candidate]] = [[] for _ in range(count)]
        for each, chosen in zip(held, islice(combinations(range(count), count // 2), len(held))):
            for at in chosen:
                members[at].append(each)
        doubtful = {id(each): each for batch in members if self._failing(batch) for each in batch}
        return [each for each in doubtful.values() if self._failing([each])]

    def _failing(self, batch: list[Candidate]) -> list[Candidate]:
        """Those of a batch that are blamed for what it leaves or brings; all of it, where nobody can be; none if it holds."""
        fixes = list(dict.fromkeys(each.fix for each in batch))
        edits = [edit for fix in fixes for edit in fix.edits]
        look = self.look(edits)
        if look is None:
            self.patient = False
            return []
        allowed = self.before - Counter(key_of(each.problem) for each in batch)
        found = Counter(map(key_of, look.problems))
        if look.whole and found <= allowed:  # 1
            return []
        numbers = [at for at, fix in enumerate(fixes) for _ in fix.edits]
        users: dict[Fix, list[Candidate]] = {}
        stays: dict[tuple[Key, int], Candidate] = {}
        for each in batch:
            users.setdefault(each.fix, []).append(each)
            if each.problem.location is not None:
                stays[key_of(each.problem), offset_in(self.source, each.problem.location)] = each
        blamed: set[int] = set()
        ranges: list[tuple[int, int, Candidate]] = []
        for problem in look.problems:
            key = key_of(problem)
            if (look.whole and found[key] <= allowed[key]) or problem.location is None:
                continue
            edit, offset = look.places(problem.location)
            own = stays.get((key, offset)) if edit is None else None
            if own is not None:
                blamed.add(id(own))
                continue
            if edit is None and (key, offset) in self.was:
                continue
            places = (edit, *(look.places(label.location)[0] for label in problem.labels))
            culprits = [each for at in places if at is not None for each in users[fixes[numbers[at]]]]
            if not culprits and offset >= 0:
                ranges = ranges or [(*self._lines(each), each) for each in batch]
                culprits = [_nearest(ranges, bisect_right(self.source.line_starts(), offset))]
            blamed.update(map(id, culprits))
        return [each for each in batch if id(each) in blamed] or batch

    def _lines(self, candidate: Candidate) -> tuple[int, int]:
        """The first and the last line, from 1, that a problem or its fix is about."""
        problem = candidate.problem
        places = [*(edit.location for edit in candidate.fix.edits), *(label.location for label in problem.labels)]
        own = [place for place in (*places, problem.location) if place is not None and offset_in(self.source, place) >= 0]
        lines = [place.line - self.source.first_line + 1 for place in own] or [0]
        return min(lines), max(lines)


def offset_in(source: Source, place: Location) -> int:
    """Where a place is in a text; -1 for one of another text, as operations of a front-end have."""
    starts, at = source.line_starts(), place.line - source.first_line
    return starts[at] + max(place.column, 1) - 1 if place.file == source.filename and 0 <= at < len(starts) else -1


def _nearest(ranges: list[tuple[int, int, Candidate]], line: int) -> Candidate:
    """The candidate with the narrowest range of lines around ``line``, or the nearest one."""
    return min(ranges, key=lambda each: (max(each[0] - line, line - each[1], 0), each[1] - each[0]))[2]


def _names(fix: Fix) -> set[str]:
    """The values that new text defines."""
    return {name for edit in fix.edits for name in re.findall(r"^\s*(%\S+) =", edit.replacement, re.MULTILINE)}


def _overlaps(taken: list[tuple[int, int]], span: tuple[int, int]) -> bool:
    """Whether a span of text has something in common with one of those that are taken, sorted, or begins where one does."""
    at = bisect_right(taken, span)
    start, end = span
    before = taken[at - 1] if at else (-1, -1)
    after = taken[at] if at < len(taken) else (end + 1, end + 1)
    return before == span or before[1] > start or after[0] < end


__all__ = ["FEW", "Batches", "Candidate", "Key", "Look", "Patched", "key_of", "offset_in"]
