'''The analysis manager: facts are computed when somebody asks, kept, and dropped when a pass may have made them untrue.

An analysis is a class; an instance holds what it found out about one function, or about the module:

    class Sizes(FunctionAnalysis):
        """How many operations each block has."""
        name = "sizes"

        @classmethod
        def compute(cls, function, get):
            self = cls()
            self.of = [len(block.ops) for block in get(ControlFlow, function).blocks]
            return self

    analyses = AnalysisManager()
    analyses.get(Sizes, f).of                               # computed now, and with it the graph
    analyses.get(Sizes, f).of                               # found
    analyses.invalidate(f, preserved={ControlFlow})         # a pass has changed `f`, but no block and no edge
    analyses.get(Sizes, f).of                               # computed again, from the same graph

Rules, cited by number in the code:
 1. ``get`` gives the result that is known, or computes it. What ``compute`` asks for through its own ``get`` is remembered as
    what the result rests on.
 2. When a function has changed, its results and those of its module are dropped, except for what the pass says it preserved,
    and what follows from that alone (an analysis says so by ``follows``: loops follow from the graph).
 3. A result goes with any that it rests on, preserved or not, whatever function that one is of.

Invariant: a known result is what ``compute`` would give now, if all passes told the truth about what they preserve; ``stale``
finds out whether they did. Results are read by many and changed by nobody.

``get`` may be called from several threads at once, as long as nobody changes a function that somebody else asks about.
'''

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, ClassVar, Protocol, Self, TypeVar

import attrs

from altru_ir.module import Function, Module
from altru_ir.passes.analysis.notes import Notes

Unit = Function | Module


class Get(Protocol):
    """How an analysis or a pass asks for the result of another: ``get(Liveness, function)``."""

    def __call__(self, kind: type[AnyAnalysis], unit: Unit, /) -> AnyAnalysis: ...


class Analysis:
    """What ``FunctionAnalysis`` and ``ModuleAnalysis`` share.

    ``name`` is how ``--print-analysis`` calls it; the first line of the docstring is its summary. ``follows`` are analyses
    whose results determine this one's without another look at the program.
    """

    name: ClassVar[str] = ""
    follows: ClassVar[tuple[type[Analysis], ...]] = ()

    @classmethod
    def compute(cls, unit: Any, get: Get) -> Self:
        """The result for ``unit``, which is not changed. Other analyses are asked for with ``get(Kind, unit)``."""
        raise NotImplementedError

    def describe(self, notes: Notes) -> None:
        """Writes down what was found, all of it, as notes beside what it is about (values and blocks have names then)."""
        raise NotImplementedError


class FunctionAnalysis(Analysis):
    """Facts about one function; of one without a body there are none."""


class ModuleAnalysis(Analysis):
    """Facts about a module."""


AnyAnalysis = TypeVar("AnyAnalysis", bound=Analysis)
Kind = type[Analysis]
_Key = tuple[Unit, Kind]


@attrs.define(eq=False)
class _Known:
    """A result and who rests on it."""

    result: Analysis
    users: set[_Key] = attrs.Factory(set)


class AnalysisManager:
    """See the module's docstring. ``computed`` counts computations by the name of the analysis."""

    def __init__(self) -> None:
        self._known: dict[Unit, dict[Kind, _Known]] = {}
        self.computed: Counter[str] = Counter()

    def get(self, kind: type[AnyAnalysis], unit: Unit) -> AnyAnalysis:
        """The result of the analysis for a function or module.

        Raises ``TypeError`` for what is neither, or the other of the two.
        """
        return self._get(kind, unit, None)

    def _get(self, kind: type[AnyAnalysis], unit: Unit, user: _Key | None) -> AnyAnalysis:
        of_unit = self._known.setdefault(unit, {})
        known = of_unit.get(kind)
        if known is None:  # 1
            _check_kinds(kind, unit)
            result = kind.compute(unit, self._getter((unit, kind)))
            self.computed[kind.name] += 1
            known = of_unit.setdefault(kind, _Known(result))
        if user is not None:
            known.users.add(user)
        found = known.result
        assert isinstance(found, kind)
        return found

    def _getter(self, user: _Key) -> Get:
        def get(kind: type[AnyAnalysis], unit: Unit, /) -> AnyAnalysis:
            return self._get(kind, unit, user)

        return get

    def cached(self, kind: type[AnyAnalysis], unit: Unit) -> AnyAnalysis | None:
        """The result if it is known; computes nothing."""
        known = self._known.get(unit, {}).get(kind)
        return known.result if known is not None and isinstance(known.result, kind) else None

    def invalidate(self, unit: Unit, preserved: Iterable[Kind] = ()) -> None:
        """Says that ``unit`` has changed, for a module that any of its functions may have.

        Parameters: ``preserved``, the analyses whose results hold all the same.
        """
        kept = frozenset(preserved)

        def holds(kind: Kind) -> bool:
            return kind in kept or (bool(kind.follows) and all(holds(other) for other in kind.follows))

        units: list[Unit] = list(self._known) if not isinstance(unit, Function) else [unit]
        if isinstance(unit, Function) and unit.module in self._known:
            units.append(unit.module)
        work = [(each, kind) for each in units for kind in self._known.get(each, {}) if not holds(kind)]  # 2
        while work:  # 3
            of, kind = work.pop()
            dropped = self._known.get(of, {}).pop(kind, None)
            if dropped is not None:
                work.extend(dropped.users)

    def forget(self, function: Function) -> None:
        """Says that ``function`` is gone from its module (which is a change of the module)."""
        self.invalidate(function)
        self._known.pop(function, None)

    def stale(self) -> list[tuple[Unit, str]]:
        """The known results that differ from a new computation, as unit and name of the analysis: a pass that said it
        preserved them did not. What ``describe`` says is compared."""
        fresh = AnalysisManager()
        found: list[tuple[Unit, str]] = []
        for unit, of_unit in self._known.items():
            for kind, known in of_unit.items():
                if described(known.result, unit) != described(fresh.get(kind, unit), unit):
                    found.append((unit, kind.name))
        return found


def _check_kinds(kind: Any, unit: Any) -> None:
    if not (isinstance(kind, type) and issubclass(kind, Analysis)):
        raise TypeError(f"{kind!r} is no analysis; `registry.find(name)` is the class of one")
    wanted = Module if issubclass(kind, ModuleAnalysis) else Function
    if not isinstance(unit, wanted):
        raise TypeError(f"the analysis `{kind.name}` is about a {wanted.__name__}, not about {unit!r}")


def described(result: Analysis, unit: Unit) -> list[tuple[object, str]]:
    """What an analysis has to say, note by note."""
    notes = Notes(result.name)
    notes.give_names(unit)
    result.describe(notes)
    return notes.all()


def analyze(kind: type[AnyAnalysis], unit: Unit) -> AnyAnalysis:
    """The result of one analysis for somebody who wants no other: ``analyze(Liveness, f)``."""
    return AnalysisManager().get(kind, unit)
