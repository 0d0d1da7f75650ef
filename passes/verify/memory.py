"""The memory verifier: all checks of memory, in their order, on a program as the front-end wrote it.

Checks of bounds and the like are inserted first, all of them, and drops are scheduled: a check may panic, a panic drops, and a
drop may be the error. So no verdict depends on options, or on what is proven away afterwards.

Example: ``check_memory(m)`` is empty for a program that never uses what it has given away.
"""

from __future__ import annotations

from altru_ir.diagnostics import Diagnostic
from altru_ir.module import Module
from altru_ir.passes.base import Check
from altru_ir.passes.pipeline_text import parse_pipeline
from altru_ir.source import Location


def check_memory(module: Module) -> list[Diagnostic]:
    """What is wrong with the memory of ``module``, in the order of the text; empty when nothing is. Where a way to mend it was
    tried and holds, a problem says so: as edits of the module's text, or, when it was built and has none, of what it prints.

    Works on a clone. The module must be structurally valid (``altru_ir.verify``).
    """
    from altru_ir.passes.verify.fixes import with_fixes, with_fixes_of_print

    found = check_memory_once(module)
    return with_fixes_of_print(found, module) if module.source is None else with_fixes(found, module.source)


def check_memory_once(module: Module) -> list[Diagnostic]:
    """As ``check_memory``, but what is proposed is not tried."""
    copy = module.clone()
    found: list[Diagnostic] = []
    for each in parse_pipeline("check-memory"):
        if isinstance(each, Check):
            found.extend(each.diagnose_all(copy))
        else:
            each.run(copy)
    return sorted(found, key=lambda problem: _place(problem.location))


def _place(location: Location | None) -> tuple[int, int]:
    return (0, 0) if location is None else (location.line, location.column)


__all__ = ["check_memory", "check_memory_once"]
