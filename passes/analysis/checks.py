"""The checks of a function, beside its lines: which cannot fail and why, and what is not known of the others.

    check.bounds %i, %n   // checks: cannot fail: the branch at line 5
    check.bounds %j, %n   // checks: may fail: not known: length 0 of %xs - %m >= 0

Invariant: what is said to be unable to fail is what ``eliminate-checks`` would remove.
"""

from __future__ import annotations

from typing import Self

from altru_ir.module import Function
from altru_ir.passes.analysis.inequalities import Inequalities
from altru_ir.passes.analysis.manager import FunctionAnalysis, Get
from altru_ir.passes.analysis.notes import Notes
from altru_ir.passes.proofs.answers import Answers
from altru_ir.passes.proofs.goals import Found, goals_of, nodes_of
from altru_ir.passes.proofs.reasons import misaligned, missing, why
from altru_ir.text.printer import assign_names
from altru_ir.values import Operation


class Checks(FunctionAnalysis):
    """The checks that cannot fail, and why; what is not known of the others."""

    name = "checks"

    def __init__(self, function: Function, answers: Answers) -> None:
        assign_names(function)
        self.function = function
        self.says = {op: self._said(op, found, answers.facts) for op, found in answers.found.items()}

    @staticmethod
    def _said(op: Operation, found: Found | None, facts: Inequalities) -> str:
        if found is not None:
            return f"cannot fail: {why(nodes_of(found), facts)}"
        goals = goals_of(op, facts)
        if not goals:
            return f"may fail: {misaligned(op)}"
        return f"may fail: {missing([facts.form(goal) for goal in goals[0]], facts.before(op), facts)}"

    @classmethod
    def compute(cls, function: Function, get: Get) -> Self:
        return cls(function, get(Answers, function))

    def describe(self, notes: Notes) -> None:
        if not self.says:
            notes.function(self.function, "none")
        for op, text in self.says.items():
            notes.operation(op, text)
