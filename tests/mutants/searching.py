"""Which generated programs notice a planted defect.

An area has kinds of programs. A kind makes the program of a seed, with what is known of it, while nothing is planted; then it
says what the program tells with a defect in place: a finding, or None. ``seeds`` remembers a program that told of each defect,
so that a test need not search again while the generators stay as they are.

    area.finds("moves 1, places", "twin", 12)        # what the twin finds in its program 12 with that defect in place

Invariant: without a defect no program tells anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import attrs

import altru_ir as air
from tests.mutants.planting import FALLS_OVER, Mutant, planted

Found = tuple[str, int]
"""A kind and a seed."""


@attrs.frozen
class Kind:
    """Programs of one kind: ``make`` gives that of a seed, or None where there is none, and ``tell`` what it shows."""

    make: Callable[[int], Any]
    tell: Callable[[Any], str | None]


@attrs.define
class Area:
    """``unseen`` are the defects that no generated program notices, with the reason."""

    mutants: Mapping[str, Mutant]
    kinds: Mapping[str, Kind]
    seeds: Mapping[str, Found]
    unseen: Mapping[str, str] = attrs.field(factory=dict)
    made: dict[Found, Any] = attrs.field(factory=dict)

    def tells(self, kind: str, seed: int) -> str | None:
        """What a program shows with what is in place."""
        return self._tell(kind, self._program(kind, seed))

    def finds(self, name: str, kind: str, seed: int) -> str | None:
        """What a program shows of a defect."""
        program = self._program(kind, seed)
        with planted(self.mutants[name]):
            return self._tell(kind, program)

    def search(self, name: str, seeds: Iterable[int]) -> tuple[Found, str] | None:
        """The first program that shows a defect, and what it shows; the kinds take turns."""
        for seed in seeds:
            for kind in self.kinds:
                told = self.finds(name, kind, seed)
                if told is not None:
                    return (kind, seed), told
        return None

    def noticed(self, name: str, tries: int) -> bool:
        """Whether the program that is remembered shows a defect, or one of a few others."""
        known = self.seeds.get(name)
        return (known is not None and self.finds(name, *known) is not None) or self.search(name, range(tries)) is not None

    def report(self, tries: int) -> Iterator[tuple[str, Found | None, str]]:
        """For each defect the program that notices it, and how; the one that is remembered, or the first of a search."""
        for name in self.mutants:
            known = self.seeds.get(name)
            told = self.finds(name, *known) if known is not None else None
            if known is not None and told is not None:
                yield name, known, told
            else:
                found = self.search(name, range(tries)) if name not in self.unseen or tries else None
                yield (name, *found) if found is not None else (name, None, self.unseen.get(name, "no generated program"))

    def _program(self, kind: str, seed: int) -> Any:
        if (kind, seed) not in self.made:
            self.made[kind, seed] = self.kinds[kind].make(seed)
        return self.made[kind, seed]

    def _tell(self, kind: str, program: Any) -> str | None:
        try:
            return None if program is None else self.kinds[kind].tell(program)
        except (*FALLS_OVER, air.DiagnosticError) as error:
            return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
