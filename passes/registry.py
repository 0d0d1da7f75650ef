"""The passes by name. A name leads to a module and a class; the module is imported when the pass is first asked for.

Example: ``find("insert-checks")`` is the class ``InsertChecks``.
"""

from __future__ import annotations

from importlib import import_module

from altru_ir.passes.base import Pass

PASSES: dict[str, str] = {
    "insert-checks": "altru_ir.passes.transform.insert_checks:InsertChecks",
}
"""Name to ``module:class``, in the order they usually run."""


def find(name: str) -> type[Pass]:
    """The class of a pass. Raises ``KeyError`` for an unknown name."""
    module, _, attribute = PASSES[name].partition(":")
    found: type[Pass] = getattr(import_module(module), attribute)
    return found
