"""Analyses, verifiers and transformations.

``run(module, "insert-checks{checks=bounds}")`` runs a pipeline; ``PassManager`` is the same for programs.
"""

from altru_ir.passes.manager import PassManager, PipelineError, parse_pipeline, run

__all__ = ["PassManager", "PipelineError", "parse_pipeline", "run"]
