"""What a pass is: a small attrs class whose fields are its options, documented by its docstring.

    @attrs.define
    class CountOperations(FunctionPass):
        '''Counts operations.

        Options:
            only: the name of the operations to count; empty for all.
        '''

        name = "count-operations"
        only: str = ""

        def run_on(self, function):
            found = sum(self.only in ("", op.name) for op in function.operations())
            self.count("operations", found)
            return False

In a pipeline that is ``count-operations{only=add}``. A ``Pass`` sees the module and may change anything in it. A
``FunctionPass`` is run on each body and is run on several at once where the user asks for it, so

 1. it changes its function alone, and of the others it reads the signature;
 2. what it does depends on the function, the declarations of the module and its options, on nothing that it kept.

``run_on`` says whether it has changed something. ``count`` and ``remark`` tell ``--statistics`` and ``--remarks``.

Invariant: a pass leaves a valid module valid, and each program with the meaning it had.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any, ClassVar

import attrs

from altru_ir.diagnostics import ERROR, Diagnostic, DiagnosticError
from altru_ir.module import Function, Module
from altru_ir.passes.analysis.manager import Analysis, AnalysisManager, AnyAnalysis
from altru_ir.source import Location
from altru_ir.values import Operation

PASSED, MISSED, ANALYSIS = "Passed", "Missed", "Analysis"
"""Kinds of remarks: something was done, was not done, was found out."""


@attrs.frozen
class Remark:
    """What a pass says about a place of the program. ``name`` is one word for the kind of thing that happened."""

    kind: str
    pass_name: str
    name: str
    function: str
    location: Location | None
    message: str


@attrs.define
class Log:
    """What a pass has told while it ran: ``statistics`` by what was counted, ``remarks`` and ``diagnostics`` in order."""

    statistics: Counter[str] = attrs.Factory(Counter)
    remarks: list[Remark] = attrs.Factory(list)
    diagnostics: list[Diagnostic] = attrs.Factory(list)

    def add(self, other: Log) -> None:
        """Appends what ``other`` holds."""
        self.statistics.update(other.statistics)
        self.remarks += other.remarks
        self.diagnostics += other.diagnostics


@attrs.define
class Pass:
    """Base class of passes over a module. ``name`` is how pipelines call it; the docstring's first line is its summary.

    ``preserves`` are the analyses whose results hold after the pass, whatever it did; the others are forgotten for what it
    has changed. ``analyses`` keeps results from one pass to the next. ``finds_constants`` says whether an operand may become
    constant by it; behind one that does not, nobody looks for constants that panic (``allowed``).
    """

    name: ClassVar[str] = ""
    preserves: ClassVar[tuple[type[Analysis], ...]] = ()
    finds_constants: ClassVar[bool] = True
    log: Log = attrs.field(init=False, factory=Log, repr=False, eq=False, kw_only=True)
    analyses: AnalysisManager = attrs.field(init=False, factory=AnalysisManager, repr=False, eq=False, kw_only=True)

    def run(self, module: Module) -> None:
        """Changes ``module`` in place."""
        raise NotImplementedError(f"pass `{self.name}` has no `run(self, module)`")

    def get(self, kind: type[AnyAnalysis], unit: Function | Module) -> AnyAnalysis:
        """What an analysis finds out about a function or the module as it is now: ``self.get(Liveness, function)``. Behind a
        change of its own the pass says ``self.analyses.invalidate(function)`` before it asks again."""
        return self.analyses.get(kind, unit)

    def count(self, what: str, number: int = 1) -> None:
        """Adds to the statistic called ``what``."""
        if number:
            self.log.statistics[what] += number

    def remark(self, kind: str, name: str, about: Operation | Function, message: str) -> None:
        """Says ``message`` about an operation that still stands in its function, or about a function.

        Raises ``TypeError`` for anything else.
        """
        if not isinstance(about, (Operation, Function)):
            raise TypeError(f"a remark is about an operation or a function, not about {about!r}")
        function = about if isinstance(about, Function) else about.function
        self.log.remarks.append(
            Remark(kind, self.name, name, "" if function is None else function.name, about.location, message)
        )


@attrs.define
class FunctionPass(Pass):
    """Base class of passes that look at one function at a time; the module's docstring has the rules."""

    def run(self, module: Module) -> None:
        """Runs on each function that has a body, in the order of the module."""
        for function in bodies(module):
            if self.run_on(function):
                self.analyses.invalidate(function, self.preserves)

    def run_on(self, function: Function) -> bool:
        """Changes ``function`` in place; true when it did."""
        raise NotImplementedError(f"pass `{self.name}` has no `run_on(self, function)`")


@attrs.define
class Check(FunctionPass):
    """Base class of checks: they change nothing and say what is wrong, all of it at once."""

    finds_constants = False

    def run(self, module: Module) -> None:
        """Raises ``DiagnosticError`` with what ``diagnose_all`` found, when any of it is an error. A manager asks that itself,
        and judges by its levels."""
        found = self.diagnose_all(module)
        if any(problem.severity == ERROR for problem in found):
            raise DiagnosticError(found, module.source)

    def run_on(self, function: Function) -> bool:
        """In a worker, whose log comes back."""
        self.log.diagnostics += self.diagnose(function)
        return False

    def diagnose(self, function: Function) -> list[Diagnostic]:
        """What is wrong with ``function``."""
        raise NotImplementedError(f"pass `{self.name}` has no `diagnose(self, function)`")

    def diagnose_all(self, module: Module) -> list[Diagnostic]:
        """What is wrong with the functions of ``module``; overridden where they share something."""
        return [problem for function in bodies(module) for problem in self.diagnose(function)]


def bodies(module: Module) -> list[Function]:
    """The functions that have a body, in the order of the module."""
    return [function for function in module.functions.values() if function.blocks]


def options_of(kind: type[Pass]) -> list[attrs.Attribute[Any]]:
    """The fields of a pass that a pipeline may set."""
    return [field for field in attrs.fields(kind) if field.init]


_OPTION = re.compile(r"^        (?P<name>\w+): (?P<text>.*(?:\n {9,}.*)*)", re.MULTILINE)


def option_texts(kind: type[Pass]) -> dict[str, str]:
    """What the docstring of a pass says about each option, by the name of the field."""
    _, _, text = (kind.__doc__ or "").partition("Options:\n")
    return {match["name"]: " ".join(match["text"].split()) for match in _OPTION.finditer(text)}


def spelled_options(each: Pass, names: Iterable[str] | None = None) -> str:
    """The pass as a pipeline spells it, with the options that are not at their default."""
    given = []
    for field in options_of(type(each)):
        value = getattr(each, field.name)
        if value != field.default and (names is None or field.name in names):
            shown = str(value).lower() if isinstance(value, bool) else str(value)
            given.append(f"{field.name.replace('_', '-')}={shown}")
    return each.name + (f"{{{','.join(given)}}}" if given else "")
