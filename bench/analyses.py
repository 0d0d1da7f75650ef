"""Does the work of each analysis grow linearly with the program?

As ``bench/growth.py``, for ``passes/analysis``. An analysis is measured without those that it rests on: they come first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import altru_ir as air
from altru_ir.module import Function, Module
from altru_ir.passes.analysis.manager import Analysis, AnalysisManager, FunctionAnalysis
from altru_ir.passes.analysis.registry import ANALYSES, find
from bench.growth import BAR, SIZES, instructions_of, seconds_of, slope
from bench.harness import Row
from bench.shapes import SHAPES


def _action(kind: type[Analysis], module: Module, analyses: AnalysisManager) -> Callable[[], object]:
    """Computes an analysis for the whole module."""
    units: list[Function | Module] = [module]
    if issubclass(kind, FunctionAnalysis):
        units = [function for function in module.functions.values() if function.blocks]
    return lambda: [analyses.get(kind, unit) for unit in units]


def run(scratch: Path, quick: bool) -> Iterator[Row]:
    """Slopes by shape and analysis, with the instructions of an operation at the largest size."""
    for shape_name, shape in SHAPES.items():
        sizes: list[float] = []
        works: dict[str, list[float]] = {}
        counted = True
        for size in SIZES[:3] if quick else SIZES:
            program = shape(size)
            sizes.append(program.operations)
            module, analyses = air.parse(program.ours), AnalysisManager()
            for name in ANALYSES:
                action = _action(find(name), module, analyses)
                work = instructions_of(action)
                if work is None:
                    counted = False
                    others = [find(other) for other in ANALYSES if other != name]
                    work = seconds_of(lambda: (analyses.invalidate(module, others), action()))  # noqa: B023
                works.setdefault(name, []).append(work)
        for name, each in works.items():
            yield Row(
                f"{shape_name} {name}", "growth of instructions" if counted else "growth of CPU time", slope(sizes, each),
                "slope", bar=BAR, samples=len(sizes),
                counted={"instructions per operation": round(each[-1] / sizes[-1], 1)} if counted else {},
            )  # fmt: skip
