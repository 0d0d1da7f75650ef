"""A reducer: makes a program that shows something small, and keeps what it shows.

    from altru_ir.testing.reduce import reduce_module

    def interesting(module: Module) -> bool:
        before = answer(module)
        broken_pass.run(module)
        return answer(module) != before

    print(reduce_module(air.parse(text), interesting).text)

A valid program is reduced by structure (``steps``): each candidate is valid as well. A text that does not parse or verify
is reduced by its pieces (``lines``). ``search`` is delta debugging, ``measure`` the order that makes it end.

Invariant: the result is interesting, no larger than the beginning, and a fixpoint: reduced again it stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from altru_ir.diagnostics import DiagnosticError
from altru_ir.module import Module
from altru_ir.testing.reduce import lines
from altru_ir.testing.reduce.search import Exhausted, NotInteresting, Search
from altru_ir.testing.reduce.steps import Structured
from altru_ir.text.parser import parse
from altru_ir.verifier import verify


@attrs.frozen
class Reduction:
    """What a reduction came to: the text, how many candidates were asked about, and why it ended before nothing more could
    go (None when it did not)."""

    text: str
    runs: int
    stopped: str | None = None

    @property
    def module(self) -> Module:
        """The program. Raises ``DiagnosticError`` when it does not parse."""
        return parse(self.text)


def reduce_module(
    module: Module, interesting: Callable[[Module], bool], *, steps: int | None = None, seconds: float | None = None
) -> Reduction:
    """A small program for which ``interesting`` still holds.

    Parameters: ``interesting`` gets a module of its own each time and may change it; what it raises ends the reduction.
    ``steps`` and ``seconds`` limit how often and how long it is asked. Raises ``NotInteresting`` when it does not hold for
    ``module``, printed and parsed again.
    """

    def holds(text: str) -> bool:
        try:
            candidate = parse(text)
        except DiagnosticError:
            return False
        return interesting(candidate)

    return reduce_search(Search(str(module), holds, steps, seconds))


def reduce_text(
    text: str, interesting: Callable[[str], bool], *, steps: int | None = None, seconds: float | None = None
) -> Reduction:
    """The same for a text, whether it is a valid program or not."""
    return reduce_search(Search(text, interesting, steps, seconds))


def reduce_search(search: Search) -> Reduction:
    """Carries out ``search``; ``search.best`` is the best so far at any time. Raises ``NotInteresting``."""
    search.begin()
    try:
        printed = _printed(search.best)
        if printed is not None and (printed == search.best or search.ask(printed)):
            Structured(search).run()
        else:  # it does not verify, or what is interesting is in the way it is written
            lines.run(search)
    except Exhausted as end:
        return Reduction(search.best, search.runs, str(end))
    return Reduction(search.best, search.runs)


def _printed(text: str) -> str | None:
    """The canonical text of a valid program; None for all else."""
    try:
        module = parse(text)
    except DiagnosticError:
        return None
    return None if verify(module) else str(module)


__all__ = ["NotInteresting", "Reduction", "Search", "reduce_module", "reduce_search", "reduce_text"]
