"""The analyses by name. A name leads to a module and a class; the module is imported when it is first asked for.

Example: ``find("liveness")`` is the class ``Liveness``.
"""

from __future__ import annotations

from importlib import import_module

from altru_ir.module import Module
from altru_ir.passes.analysis.manager import Analysis, AnalysisManager, FunctionAnalysis
from altru_ir.passes.analysis.notes import Notes

ANALYSES: dict[str, str] = {
    "cfg": "altru_ir.passes.analysis.control_flow:ControlFlow",
    "dominators": "altru_ir.passes.analysis.control_flow:Dominators",
    "post-dominators": "altru_ir.passes.analysis.post_dominators:PostDominators",
    "loops": "altru_ir.passes.analysis.loops:Loops",
    "uses": "altru_ir.passes.analysis.uses:Uses",
    "liveness": "altru_ir.passes.analysis.liveness:Liveness",
    "aliases": "altru_ir.passes.analysis.aliases:Aliases",
    "call-graph": "altru_ir.passes.analysis.call_graph:CallGraph",
    "effects": "altru_ir.passes.analysis.effects:EffectSummaries",
    "ranges": "altru_ir.passes.analysis.ranges:Ranges",
    "inequalities": "altru_ir.passes.analysis.inequalities:Inequalities",
    "checks": "altru_ir.passes.analysis.checks:Checks",
    "unreachable": "altru_ir.passes.analysis.unreachable:Unreachable",
    "endless": "altru_ir.passes.analysis.endless:Endless",
    "irreducible": "altru_ir.passes.analysis.irreducible:Irreducible",
    "recursion": "altru_ir.passes.analysis.recursion:Recursion",
}
"""Name to ``module:class``."""


def find(name: str) -> type[Analysis]:
    """The class of an analysis. Raises ``KeyError`` for an unknown name."""
    module, _, attribute = ANALYSES[name].partition(":")
    found: type[Analysis] = getattr(import_module(module), attribute)
    return found


def annotate(module: Module, name: str, analyses: AnalysisManager | None = None) -> None:
    """Computes an analysis for the module, or for each function that has a body, and adds what it found as comments.

    Raises ``KeyError`` for an unknown name.
    """
    kind = find(name)
    analyses = AnalysisManager() if analyses is None else analyses
    notes = Notes(name)
    notes.give_names(module)
    if issubclass(kind, FunctionAnalysis):
        for function in module.functions.values():
            if not function.is_declaration:
                analyses.get(kind, function).describe(notes)
    else:
        analyses.get(kind, module).describe(notes)
    notes.attach()
