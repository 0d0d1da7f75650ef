"""The memory verifier: all checks of memory, in their order, on a program as the front-end wrote it.

Checks of bounds and the like are inserted first, all of them, and drops are scheduled: a check may panic, a panic drops, and a
drop may be the error. So no verdict depends on options, or on what is proven away afterwards.

Example: ``check_memory(m)`` is empty for a program that never uses what it has given away.
"""

from __future__ import annotations

from collections.abc import Mapping

from altru_ir.diagnostics import ERROR, Diagnostic, check_levels, in_order, judged
from altru_ir.module import Module, expect_module
from altru_ir.passes.base import Check
from altru_ir.passes.pipeline_text import parse_pipeline
from altru_ir.verifier import verify


def check_memory(module: Module, levels: Mapping[str, str] | None = None) -> list[Diagnostic]:
    """What is wrong with the memory of ``module``, in the order of the text; empty when nothing is. Where a way to mend it was
    tried and holds, a problem says so: as edits of the module's text, or, when it was built and has none, of what it prints.

    Works on a clone. Of a module that is not structurally valid it says that alone (``altru_ir.verify``). ``levels`` gives
    codes other severities than their own: ``{"ALT-L001": "error"}``, ``"warning"`` or ``"ignore"``. Raises ``ValueError`` for
    a code or a severity that there is not, and ``TypeError`` for what is no module.
    """
    from altru_ir.passes.verify.fixes import with_fixes, with_fixes_of_print

    expect_module(module, "checked")
    check_levels(levels or {})
    broken = judged(verify(module), levels or {})
    if any(problem.severity == ERROR for problem in broken):
        return broken
    found = judged(check_memory_once(module), levels or {})
    return with_fixes_of_print(found, module) if module.source is None else with_fixes(found, module.source)


def check_memory_once(module: Module) -> list[Diagnostic]:
    """As ``check_memory``, but what is proposed is not tried."""
    copy = module.clone()
    found: list[Diagnostic] = []
    for each in parse_pipeline("check-memory"):
        if isinstance(each, Check):
            found += each.diagnose_all(copy)
        else:
            each.run(copy)
    return in_order(found)


__all__ = ["check_memory", "check_memory_once"]
