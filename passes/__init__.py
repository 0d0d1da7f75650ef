"""Analyses, verifiers and transformations.

``run(module, "insert-checks{checks=bounds}")`` runs a pipeline; ``PassManager`` is the same for programs. A pass of one's own
is a subclass of ``Pass`` or ``FunctionPass``, known by name after ``register`` (docs/writing-a-pass.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from altru_ir.passes.base import Check, FunctionPass, Pass
from altru_ir.passes.manager import PassManager, run
from altru_ir.passes.pipeline_text import PipelineError, parse_pipeline
from altru_ir.passes.registry import register
from altru_ir.passes.verify.memory import check_memory

if TYPE_CHECKING:
    from altru_ir.module import Function, Module
    from altru_ir.passes.analysis.picture import Picture


def _check_drawn(what: object) -> None:
    from altru_ir.module import Function, expect_module

    if not isinstance(what, Function):
        expect_module(what, "drawn, if no Function,")


def draw(what: Module | Function) -> Picture:
    """The control flow of a function, or of all functions of a module, as a picture that a notebook shows.

    Raises ``TypeError`` for what is neither.
    """
    from altru_ir.passes.analysis.picture import Picture, svg

    _check_drawn(what)
    return Picture(svg(what))


def draw_lifetimes(what: Module | Function) -> Picture:
    """The loans of a function, or of all functions of a module, as bars beside its text, as a picture that a notebook shows.

    Raises ``TypeError`` for what is neither.
    """
    from altru_ir.passes.analysis import lifetime_picture
    from altru_ir.passes.analysis.picture import Picture

    _check_drawn(what)
    return Picture(lifetime_picture.svg(what))


__all__ = [
    "Check", "FunctionPass", "Pass", "PassManager", "PipelineError", "check_memory", "draw", "draw_lifetimes", "parse_pipeline",
    "register", "run",
]  # fmt: skip
