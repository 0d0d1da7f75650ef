"""Every analysis is near-linear on the six shapes and on graphs that hurt, and survives 5,000 nested loops."""

from __future__ import annotations

import pytest

import altru_ir as air
from altru_ir.module import Module
from altru_ir.passes.analysis.liveness import Liveness
from altru_ir.passes.analysis.loops import Loops
from altru_ir.passes.analysis.manager import AnalysisManager, FunctionAnalysis, analyze
from altru_ir.passes.analysis.post_dominators import PostDominators
from altru_ir.passes.analysis.registry import ANALYSES, find
from bench.shapes import SHAPES as PROGRAMS
from tests.analysis.growth import lines_of, slope
from tests.analysis.shapes import SHAPES as GRAPHS
from tests.analysis.shapes import function_of, nested_loops

BAR = 1.15
SMALL, FACTOR = 250, 4
DENSE = [name for name in ANALYSES if name not in ("unreachable", "endless", "irreducible", "recursion")]
"""The reports spend their time in networkx."""


def work(module: Module, name: str, analyses: AnalysisManager) -> int:
    kind = find(name)
    units = [f for f in module.functions.values() if f.blocks] if issubclass(kind, FunctionAnalysis) else [module]
    return lines_of(lambda: [analyses.get(kind, unit) for unit in units])


def check(small: Module, large: Module) -> None:
    before, after = AnalysisManager(), AnalysisManager()
    for name in DENSE:  # each without what it rests on, for that comes first
        least, most = work(small, name, before), work(large, name, after)
        assert most > 0
        assert slope(least, most, FACTOR) <= BAR, f"{name}: {least} lines, then {most}"


@pytest.mark.parametrize("shape", PROGRAMS)
def test_programs(shape: str) -> None:
    check(air.parse(PROGRAMS[shape](SMALL).ours), air.parse(PROGRAMS[shape](SMALL * FACTOR).ours))


@pytest.mark.parametrize("shape", GRAPHS)
def test_graphs(shape: str) -> None:
    modules = [function_of(GRAPHS[shape](size)).module for size in (30, 30 * FACTOR)]
    assert modules[0] is not None
    assert modules[1] is not None
    check(modules[0], modules[1])


def test_the_measure_sees_a_square() -> None:
    numbers = list(range(200))

    def squared(count: int) -> int:
        space: dict[str, object] = {}
        exec(compile("def f(n):\n for a in n:\n  for b in n:\n   pass\n", "passes/planted.py", "exec"), space)
        return lines_of(lambda: space["f"](numbers[:count]))  # type: ignore[operator]

    assert slope(squared(50), squared(200), 4) > 1.8


def test_five_thousand_nested_loops() -> None:
    depth = 5_000
    function = function_of(nested_loops(depth))
    forest = analyze(Loops, function)
    assert forest.all[-1].depth == depth
    assert analyze(PostDominators, function).parent[0] == 1
    program = air.parse(PROGRAMS["nest"](10 * depth).ours)
    live = analyze(Liveness, program.functions["f"])
    assert max(map(live.loops.depth, range(len(live.cfg.blocks)))) == depth
    assert live.width > 2 * depth
    inner = live.loops.all[-1].header
    assert live.starts[inner].bit_count() > 2 * depth
