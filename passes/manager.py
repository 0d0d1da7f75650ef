"""Pipelines: text such as ``a,b{budget=3}`` becomes passes, and passes run one after another.

Grammar: ``pipeline = pass ("," pass)*``, ``pass = name ["{" option ("," option)* "}"]``, ``option = name "=" value``;
a value is an integer, ``true``, ``false`` or any other text; lists are joined by ``+`` (``checks=bounds+null``). A named
pipeline (``O2``) stands for its passes.

Example: ``run(m, "insert-checks{checks=bounds}")``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import attrs

from altru_ir.diagnostics import DiagnosticError
from altru_ir.module import Module
from altru_ir.passes.base import Pass
from altru_ir.passes.pipelines import PIPELINES
from altru_ir.passes.registry import PASSES, find
from altru_ir.verifier import verify


class PipelineError(ValueError):
    """Raised for a pipeline text that names no pass, or an option the pass does not have."""


_STEP = re.compile(r"\s*([\w-]+)\s*(?:\{([^{}]*)\})?\s*(,|$)")


def parse_pipeline(text: str) -> list[Pass]:
    """The passes that ``text`` names. Raises ``PipelineError``."""
    passes: list[Pass] = []
    at = 0
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            raise PipelineError(f"pipeline `{text}`: expected `name` or `name{{option=value}}` at `{text[at:]}`")
        name, options, _ = match.groups()
        if name in PIPELINES and options is None:
            passes.extend(parse_pipeline(",".join(PIPELINES[name])))
        else:
            passes.append(_make(name, options))
        at = match.end()
    return passes


def _make(name: str, options: str | None) -> Pass:
    if name not in PASSES:
        known = ", ".join([*PASSES, *PIPELINES])
        raise PipelineError(f"there is no pass `{name}`; there are {known}")
    kind = find(name)
    fields = {f.name: f for f in attrs.fields(kind)}
    values: dict[str, Any] = {}
    for option in filter(None, (o.strip() for o in (options or "").split(","))):
        key, separator, value = option.partition("=")
        key = key.strip().replace("-", "_")
        if key not in fields or not separator:
            shown = ", ".join(fields) or "none"
            raise PipelineError(f"pass `{name}` has no option `{option}`; options are {shown}")
        values[key] = _value(value.strip())
    try:
        return kind(**values)
    except (TypeError, ValueError) as error:
        raise PipelineError(f"pass `{name}`: {error}") from None


def _value(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    return int(text) if re.fullmatch(r"-?\d+", text) else text


@attrs.define
class PassManager:
    """Runs passes.

    Parameters: ``verify_each``, verify after each pass and stop at the first that breaks the module; ``before`` and
    ``after``, called with each pass and the module around its run.
    """

    passes: list[Pass]
    verify_each: bool = False
    before: Callable[[Pass, Module], None] | None = None
    after: Callable[[Pass, Module], None] | None = None

    def run(self, module: Module) -> None:
        """Runs all passes on ``module`` in place. Raises ``DiagnosticError`` when ``verify_each`` finds a broken module."""
        for each in self.passes:
            if self.before is not None:
                self.before(each, module)
            each.run(module)
            if self.verify_each:
                problems = verify(module)
                if problems:
                    note = f"after pass `{each.name}`: "
                    raise DiagnosticError([attrs.evolve(p, message=note + p.message) for p in problems], module.source)
            if self.after is not None:
                self.after(each, module)


def run(module: Module, pipeline: str, *, verify_each: bool = False) -> None:
    """Runs the pipeline that the text names on ``module`` in place. Raises ``PipelineError``."""
    PassManager(parse_pipeline(pipeline), verify_each).run(module)
