"""Constants that a pass has found out, as what they are: no claim of the program's author.

``elem %array, %five`` of an array of five is an error where a program says so. A pass may come to the same: an index turns out
to be 5 on a path that the check before the access leaves by a panic, or that is never taken. That program is right, so the
operation gets ``{allow = "ALT-C001"}``; and as for indices, so for divisors and null pointers (``analysis/violations.py``).

    check.bounds %five, %five                    // panics
    %slot = elem %array, %five {allow = "ALT-C001"}

Invariant: what violated something before the first pass is not marked, but for what the verifier would not have let pass; what
does so behind one is. The manager does this behind each pass that may find constants, before it verifies.
"""

from __future__ import annotations

from altru_ir.module import Function, Module
from altru_ir.passes.analysis.violations import violations
from altru_ir.values import Operation

Known = frozenset[tuple[str, str]]
"""Names of functions, and the codes of what is violated in them."""


def written(module: Module) -> Known:
    """What a module violates as it is now."""
    return frozenset((function.name, code) for function, _, (code, _) in violations(module))


def allow_made(module: Module, known: Known) -> None:
    """Marks the operations whose constants violate something that is not in ``known``."""
    for function, op, (code, _) in violations(module):
        if (function.name, code) not in known or _is_invalid(op, function):
            op.set("allow", code)


def allow_invalid(module: Module) -> None:
    """Marks the operations that the verifier would refuse for a constant, so that the check before each panics instead."""
    for function, op, (code, _) in violations(module):
        if _is_invalid(op, function):
            op.set("allow", code)


def _is_invalid(op: Operation, function: Function) -> bool:
    """Whether the verifier would refuse it as it is."""
    assert function.module is not None
    extra = op.decl.verify_extra
    return extra is not None and any(rule == "C001" for rule, _ in extra(op, function.module))
