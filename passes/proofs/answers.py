"""Answers: what the prover says of each check of a function, for all who want to know.

    check.bounds %i, %n   // answers: cannot fail
    check.bounds %j, %n   // answers: may fail

The checks are asked about one after the other, by one prover, in the order of the blocks; those in blocks that control does not
reach are not asked about. Of a search that failed the place in the prover's log is kept, from which ``failures`` tells what
would have helped.

Invariant: the answers depend on the function alone; who has further questions asks them of a prover of his own.
"""

from __future__ import annotations

from functools import cached_property
from typing import Self

from altru_ir.module import Function
from altru_ir.passes.analysis.inequalities import Inequalities
from altru_ir.passes.analysis.manager import FunctionAnalysis, Get
from altru_ir.passes.analysis.notes import Notes
from altru_ir.passes.proofs.failures import Failures
from altru_ir.passes.proofs.goals import Found, proven
from altru_ir.passes.proofs.prover import Prover
from altru_ir.passes.proofs.search import Failed
from altru_ir.values import Operation, Value


class Answers(FunctionAnalysis):
    """Which checks cannot fail. ``found`` has, for each check that is reached, what shows it, or None; ``logged`` the piece of
    the log of each that was not proven."""

    name = "answers"

    def __init__(self, facts: Inequalities) -> None:
        self.facts = facts
        self.prover = Prover(facts)
        self.found: dict[Operation, Found | None] = {}
        self.logged: dict[Operation, tuple[int, int]] = {}
        log = self.prover.keep_log()
        number, reachable = facts.cfg.number, facts.tree.reachable
        for block in facts.function.blocks:
            checks = [op for op in block.ops if op.decl.is_check]
            for op in checks if checks and reachable(number[block]) else ():
                start = len(log)
                found = self.found[op] = proven(op, self.prover)
                if found is None:
                    self.logged[op] = start, len(log)

    @classmethod
    def compute(cls, function: Function, get: Get) -> Self:
        return cls(get(Inequalities, function))

    def failures(self, op: Operation) -> Failures:
        """What was looked at in vain for a check."""
        return Failures(self.prover, *self.logged[op])

    @cached_property
    def met(self) -> set[Value]:
        """The values that goals which were looked at in vain are about."""
        terms, factors = self.facts.terms, self.facts.factors
        goals = [each.goal for each in self.prover.log or () if isinstance(each, Failed)] + self.prover.beyond
        numbers = {part for number in {each for goal in goals for each in goal} for part in factors[number] or (number,)}
        return {value for value, _ in map(terms.__getitem__, numbers) if value is not None}

    def describe(self, notes: Notes) -> None:
        if not self.found:
            notes.function(self.facts.function, "no checks")
        for op, found in self.found.items():
            notes.operation(op, "may fail" if found is None else "cannot fail")
