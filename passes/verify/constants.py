"""Constant violations: what would always panic is an error before it runs.

    %q = sdiv %x, %zero     error[ALT-C005]: division by zero

What counts is said in ``passes/analysis/violations.py``, clauses 1 to 4. Clauses of this pass, cited by number in the code:
 1. only what a run may come to is looked at: behind ``cond_br`` on a constant ``false`` a program may divide by what it wants;
 2. ``{allow = "ALT-C005"}`` on the operation says that the panic is meant, and so do the passes, of what they made constant
    (``passes/allowed.py``);
 3. arithmetic that is checked means its panic, so what is said of it is a warning.

The checks that ``insert-checks`` puts before such an operation would say the same at run time.

Invariant: what is reported panics in each run that comes to an access of it with all checks on.
"""

from __future__ import annotations

import attrs

from altru_ir.diagnostics import ERROR, WARNING, Diagnostic, Label
from altru_ir.module import Function, Module
from altru_ir.passes.analysis.violations import reached, violation
from altru_ir.passes.base import Check
from altru_ir.values import Operation

HELP = {
    "ALT-C001": 'use an index inside; if the panic is meant, write {allow = "ALT-C001"}',
    "ALT-C002": 'give it memory to point to; if the panic is meant, write {allow = "ALT-C002"}',
    "ALT-C005": 'divide by something else; if the panic is meant, write {allow = "ALT-C005"}',
    "ALT-C008": 'use a wider type, or the operation that wraps; if the panic is meant, write {allow = "ALT-C008"}',
}

WARNED = frozenset({"ALT-C008"})


@attrs.define
class CheckConstants(Check):
    """Reports indices, null pointers, divisors and checked arithmetic whose constants can only panic."""

    name = "check-constants"

    def diagnose(self, function: Function) -> list[Diagnostic]:
        assert function.module is not None
        found = []
        for block in reached(function):  # 1
            for op in block.ops:
                known = violation(op, function.module)
                if known is not None and op.attrs.get("allow") != known[0]:  # 2
                    code, message = known
                    labels = tuple(_origins(op, function.module))
                    how = WARNING if code in WARNED else ERROR  # 3
                    found.append(Diagnostic(code, message, op.location, how, function.name, labels=labels, help=HELP[code]))
        return found


def _origins(op: Operation, module: Module) -> list[Label]:
    """Where the constant of a division, or the null pointer, comes from, where that is another line."""
    made = op.operands[-1].operation if op.decl.name != "deref" else op.operands[0].operation
    if made is None or made.location is None or op.location is None or made.location.line == op.location.line:
        return []
    what = {"const": "the constant is written here", "null": "the null pointer is made here"}.get(made.decl.name)
    return [] if what is None else [Label(made.location, what)]
