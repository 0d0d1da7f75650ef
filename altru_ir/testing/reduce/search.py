"""The search of a reduction: which candidate is tried next, which is remembered, and when to stop.

``sweep`` is delta debugging over a list of things that a program might do without (Zeller and Hildebrandt: Simplifying and
Isolating Failure-Inducing Input, IEEE TSE 28(2), 2002), in the form where only complements are tried: (1) leave out all of
them; (2) leave out each half, each quarter, ... each single thing; (3) what worked stays left out, and the sweep goes on
behind it.

Example: of eight things of which one is needed, ``sweep`` asks 1 + 2 + 2 + 2 times.

Invariants: ``best`` was interesting; no text is tried twice; the same start and answers give the same candidates.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

import attrs


class NotInteresting(ValueError):
    """Raised for a program that is not interesting to begin with."""


class Exhausted(Exception):
    """Ends a search whose budget is used up; the message says which."""


@attrs.define
class Search:
    """The state of one reduction.

    Parameters: ``best``, the text to begin with; ``interesting`` says of a text whether it still has what is looked for;
    ``steps``, how often it is asked at most; ``seconds``, when the last question is asked at the latest; ``watch`` is
    called before each question.
    """

    best: str
    interesting: Callable[[str], bool]
    steps: int | None = None
    seconds: float | None = None
    watch: Callable[[Search], None] | None = None
    runs: int = 0
    tried: set[bytes] = attrs.Factory(set)
    began: float = attrs.Factory(time.monotonic)

    def begin(self) -> None:
        """Asks about the text to begin with. Raises ``NotInteresting``."""
        if not self.ask(self.best):
            raise NotInteresting("the program is not interesting to begin with")

    def is_new(self, text: str) -> bool:
        """Whether ``text`` has not been a candidate yet; it is one from now on."""
        key = hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=16).digest()
        if key in self.tried:
            return False
        self.tried.add(key)
        return True

    def ask(self, text: str) -> bool:
        """Asks about a text; it is the best when the answer is yes. Raises ``Exhausted``."""
        if self.steps is not None and self.runs >= self.steps:
            raise Exhausted(f"{self.steps} candidates were tried")
        if self.seconds is not None and time.monotonic() - self.began >= self.seconds and self.runs:
            raise Exhausted(f"{self.seconds:g} seconds are over")
        self.is_new(text)
        self.runs += 1
        if self.watch is not None:
            self.watch(self)
        if not self.interesting(text):
            return False
        self.best = text
        return True


def sweep(count: Callable[[], int], without: Callable[[int, int], bool]) -> bool:
    """Delta debugging; true when anything could be left out.

    Parameters: ``count`` says how many things there are now; ``without(low, high)`` tries to leave out those from ``low`` to
    before ``high`` and says whether that worked. What was left out does not count any longer.
    """
    left = count()
    size = left  # (1)
    shrunk = False
    while size:
        at = 0
        while at < left:
            if without(at, min(at + size, left)):
                shrunk = True
                left = count()  # (3)
            else:
                at += size
        size = min(size // 2, left)  # (2)
    return shrunk
