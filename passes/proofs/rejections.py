"""Rejections: what a checker says of a proof that is not valid, and how it comes to be said.

    judged([(check, look)])   ->   []   or   [Rejection(check, "5c", "a multiplier is negative")]  when look() raises it

Invariant: nothing that is malformed makes ``judged`` raise.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from altru_ir.module import Block
from altru_ir.passes.proofs.sources import InvalidError
from altru_ir.values import Operation

Work = list[tuple[Operation | Block, Callable[[], None]]]
"""What is looked at, and by what."""


@attrs.frozen(eq=False)
class Rejection:
    """What is not valid, by which clause, and why."""

    what: Operation | Block
    clause: str
    message: str

    def __str__(self) -> str:
        named = f"`{self.what.name}`" if isinstance(self.what, Operation) else f"the lemma of ^{self.what.label}"
        return f"{named}: clause {self.clause}: {self.message}"


def judged(work: Work) -> list[Rejection]:
    """What is wrong with each of several things, of which one is looked at by what raises ``InvalidError``."""
    found: list[Rejection] = []
    for what, check in work:
        try:
            check()
        except InvalidError as problem:
            found.append(Rejection(what, *problem.args))
        except (AttributeError, AssertionError, IndexError, KeyError, TypeError, ValueError) as problem:
            found.append(Rejection(what, "5", f"malformed: {problem!r}"))
    return found
