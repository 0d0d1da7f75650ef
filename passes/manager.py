"""The pass manager: passes run one after another on a module, watched as closely as one likes.

    manager = PassManager(parse_pipeline("mem2reg,cse"), verify_each=True)
    manager.run(module)
    manager.statistics["cse"]["operations removed"]

Around each pass, in this order: ``before`` is called; a snapshot is taken if a reproducer is wanted; the pass runs, on one
function after another or through ``executor``; what it counted and remarked is collected; ``after`` is called, so that what a
pass has broken is seen too; the module is verified. When the pass or the verifier fails, ``on_failure`` gets a reproducer
that needs this one pass alone, and the exception goes on.

Invariant: the outcome depends on the module and the pipeline, not on the executor (``passes/parallel.py`` says why).
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Any

import attrs

from altru_ir.collector import CollectorPaused
from altru_ir.diagnostics import ERROR, WARNING, Diagnostic, DiagnosticError, in_order, judged
from altru_ir.module import Module, expect_module
from altru_ir.passes import reproducer
from altru_ir.passes.allowed import Known, allow_made, written
from altru_ir.passes.analysis.manager import AnalysisManager
from altru_ir.passes.base import Check, FunctionPass, Log, Pass, Remark, spelled_options
from altru_ir.passes.pipeline_text import PipelineError, parse_pipeline
from altru_ir.passes.registry import files_of
from altru_ir.passes.timing import Timing
from altru_ir.verifier import verify


@attrs.define
class PassManager:
    """Runs passes.

    Parameters: ``verify_each``, verify after each pass and stop at the first that breaks the module; ``before`` and
    ``after``, called with each pass and the module around its run; ``executor`` runs function passes; ``timing`` records
    a span for each pass; ``on_failure`` is called with the text of a reproducer (this costs a copy of the module for
    each pass); ``analyses`` keeps what analyses have found until a pass changes it. ``statistics`` (by pass) and
    ``remarks`` hold what the passes said. With ``verify_proofs`` the checker reads the certificates of each check that a
    pass takes away; with ``explain`` there is a remark on each check. ``levels`` are severities by the codes of
    diagnostics, instead of their own; ``diagnostics`` holds what the checks of the last run said.
    """

    passes: list[Pass]
    verify_each: bool = False
    before: Callable[[Pass, Module], None] | None = None
    after: Callable[[Pass, Module], None] | None = None
    executor: Executor | None = None
    timing: Timing = attrs.Factory(Timing)
    on_failure: Callable[[str], None] | None = None
    analyses: AnalysisManager = attrs.Factory(AnalysisManager)
    verify_proofs: bool = False
    explain: bool = False
    levels: Mapping[str, str] = attrs.Factory(dict)
    statistics: dict[str, Counter[str]] = attrs.field(factory=dict, init=False)
    remarks: list[Remark] = attrs.field(factory=list, init=False)
    diagnostics: list[Diagnostic] = attrs.field(factory=list, init=False)
    _written: Known = attrs.field(default=frozenset(), init=False)

    def run(self, module: Module) -> None:
        """Runs all passes on ``module`` in place. Raises ``DiagnosticError`` when a check finds an error or ``verify_each`` a
        broken module, ``TypeError`` for what is no module, pass or executor, and what a pass raises."""
        expect_module(module, "transformed")
        self._check_parts()
        self._written = written(module) if any(each.finds_constants for each in self.passes) else frozenset()
        self.diagnostics = []
        for each in self.passes:
            if not isinstance(each, Check):
                self._stop_at_errors(module)
            if self.before is not None:
                self.before(each, module)
            if self.on_failure is None:
                self._run(each, module)
            else:
                self._run_watched(each, module)
        self._stop_at_errors(module)

    def _check_parts(self) -> None:
        each: Any
        for each in self.passes:
            if not isinstance(each, Pass):
                hint = "; `parse_pipeline` makes passes of text" if isinstance(each, str) else ""
                hint = "; make one of the class" if isinstance(each, type) else hint
                raise TypeError(f"a manager runs passes, and {each!r} is none{hint}")
        if self.executor is not None and not callable(getattr(self.executor, "submit", None)):
            raise TypeError(f"an executor has a method `submit`, and {self.executor!r} has none")

    def warnings(self) -> list[Diagnostic]:
        """What the checks of the last run warned of: ``diagnostics`` without the notes, which are for who asks for all."""
        return [problem for problem in self.diagnostics if problem.severity == WARNING]

    def _stop_at_errors(self, module: Module) -> None:
        """Checks that follow each other say what they find together."""
        if any(problem.severity == ERROR for problem in self.diagnostics):
            raise DiagnosticError(in_order(self.diagnostics), module.source)

    def _run(self, each: Pass, module: Module) -> None:
        each.log, each.analyses = Log(), self.analyses
        if self.verify_proofs and each.name in ("infer-contracts", "eliminate-checks"):
            each.verify = True  # type: ignore[attr-defined]
        if self.explain and each.name == "eliminate-checks":
            each.explain = True  # type: ignore[attr-defined]
        with self.timing.span(each.name, "pass"), CollectorPaused():
            if self.executor is not None and isinstance(each, FunctionPass):
                from altru_ir.passes.parallel import run_in_parallel

                run_in_parallel(each, module, self.executor)
            elif isinstance(each, Check):
                each.log.diagnostics += each.diagnose_all(module)
            else:
                each.run(module)
            if not isinstance(each, FunctionPass):  # one that is says which functions it has changed
                self.analyses.invalidate(module, each.preserves)
            if each.finds_constants:
                allow_made(module, self._written)
        self.statistics.setdefault(each.name, Counter()).update(each.log.statistics)
        self.remarks += each.log.remarks
        self.diagnostics += judged(each.log.diagnostics, self.levels)
        if self.after is not None:
            self.after(each, module)
        if self.verify_each:
            with self.timing.span("verify", "verify"):
                problems = verify(module)
                if not any(problem.severity == ERROR for problem in problems):
                    from altru_ir.passes.verify.drops import check_elaborated

                    problems = [*problems, *check_elaborated(module)]
            if problems:
                note = f"after pass `{each.name}`: "
                raise DiagnosticError([attrs.evolve(p, message=note + p.message) for p in problems], module.source)

    def _run_watched(self, each: Pass, module: Module) -> None:
        snapshot = module.clone()
        whole = False
        try:
            self._run(each, module)
            whole = True
        finally:
            if not whole and self.on_failure is not None:
                error = sys.exc_info()[1]
                says = f"{type(error).__name__}: {error}"
                text = snapshot.text()
                told = reproducer.write(
                    spelled_options(each), text, verify_each=self.verify_each, says=says, files=files_of([type(each)])
                )
                self.on_failure(told)


def run(module: Module, pipeline: str, *, verify_each: bool = False, executor: Executor | None = None) -> PassManager:
    """Runs the pipeline that the text names on ``module`` in place, and gives the manager with its statistics and remarks.

    Raises ``PipelineError``, and what ``PassManager.run`` raises.
    """
    manager = PassManager(parse_pipeline(pipeline), verify_each, executor=executor)
    manager.run(module)
    return manager


__all__ = ["PassManager", "PipelineError", "parse_pipeline", "run"]
