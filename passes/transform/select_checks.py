"""Check selection: the checks of classes that were not asked for go.

    check.bounds %i, %n           {checks=null}
    %x = load %slot          =>   %x = load %slot

``insert-checks`` puts in all of them, whatever is asked for: a check may panic, a panic runs a cleanup, and the drop in there
may be what is wrong with the program. So what is said of a program does not depend on ``--checks=``; behind those who say it,
this pass takes away what was not asked for (``check_modes`` has the table), with the lengths that only they needed. A check
that the program itself wrote is no matter of a mode: where ``keep_written`` was asked before checks were inserted, it stays.

Invariant: nothing is removed but checks, and of ``dim`` and ``const`` those without a name whose only uses these were. Linear.
"""

from __future__ import annotations

from collections import Counter

import attrs

from altru_ir.module import Function, Module
from altru_ir.passes.base import FunctionPass
from altru_ir.passes.check_modes import CheckModes, modes_of
from altru_ir.values import NO_ATTRIBUTES, Operation

WRITTEN = "checks.written"
"""An attribute of checks that stood in the program before any were inserted."""

MEASURING = frozenset({"dim", "const"})


@attrs.define
class SelectChecks(FunctionPass):
    """Takes away the checks of classes that were not asked for.

    Options:
        checks: the classes to keep: all, none, or some of bounds, null, align and division, joined by `+`.
        unsafe: the classes to keep for what is marked `unsafe`; empty for the same.
    """

    name = "select-checks"
    finds_constants = False
    checks: str = "all"
    unsafe: str = ""
    modes: CheckModes = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        self.modes = modes_of(self.checks, self.unsafe)

    def run_on(self, function: Function) -> bool:
        checks = [op for op in function.operations() if op.decl.is_check]
        gone = {op for op in checks if WRITTEN not in op.attrs and not self.modes.keeps_check(op)}
        for op in checks:
            if WRITTEN in op.attrs:
                op.attrs = {name: value for name, value in op.attrs.items() if name != WRITTEN} or NO_ATTRIBUTES
        if not gone:
            return False
        self.count("checks taken away", len(gone))
        measuring = {value.operation for op in gone for value in op.operands}
        uses = Counter(value for op in function.operations() if op not in gone for value in op.all_operands())
        gone |= {op for op in measuring if op is not None and _only_measures(op) and not uses[op.result]}
        for block in {op.block: None for op in gone}:
            assert block is not None
            block.ops = [op for op in block.ops if op not in gone]
        return True


def keep_written(module: Module) -> None:
    """Marks the checks that stand in a module, so that ``select-checks`` leaves them."""
    for function in module.functions.values():
        for op in function.operations():
            if op.decl.is_check:
                op.attrs = {**op.attrs, WRITTEN: True}


def _only_measures(op: Operation) -> bool:
    return op.decl.name in MEASURING and op.result.name is None
