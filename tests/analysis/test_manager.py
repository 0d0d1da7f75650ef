"""The analysis manager: what is computed when, what is dropped, and that a pass which lies is found out."""

from __future__ import annotations

from typing import Self

import pytest

import altru_ir as air
from altru_ir.declare import find as find_operation
from altru_ir.module import Function, Module
from altru_ir.passes.analysis.control_flow import ControlFlow, Dominators
from altru_ir.passes.analysis.manager import AnalysisManager, FunctionAnalysis, Get, ModuleAnalysis, analyze
from altru_ir.passes.analysis.notes import Notes
from altru_ir.passes.analysis.registry import ANALYSES, annotate, find
from altru_ir.values import Operation

TEXT = """altru 1
module @m
func @f(%c: i1) {
^entry:
  cond_br %c, ^left, ^right
^left:
  br ^right
^right:
  ret
}
func @g(%p: ptr<i32>) {
^entry:
  ret
}
"""


class Sizes(FunctionAnalysis):
    """How many operations each block has."""

    name = "sizes"

    @classmethod
    def compute(cls, function: Function, get: Get) -> Self:
        self = cls()
        self.function = function
        self.of = [len(block.ops) for block in get(ControlFlow, function).blocks]
        return self

    def describe(self, notes: Notes) -> None:
        for block, size in zip(self.function.blocks, self.of, strict=True):
            notes.block(block, str(size))


class Total(ModuleAnalysis):
    """How many operations there are."""

    name = "total"

    @classmethod
    def compute(cls, module: Module, get: Get) -> Self:
        self = cls()
        self.count = sum(sum(get(Sizes, f).of) for f in module.functions.values())
        return self


class Share(FunctionAnalysis):
    """Which part of the module a function is."""

    name = "share"

    @classmethod
    def compute(cls, function: Function, get: Get) -> Self:
        assert function.module is not None
        self = cls()
        self.part = sum(get(Sizes, function).of) / get(Total, function.module).count
        return self


@pytest.fixture
def module() -> Module:
    return air.parse(TEXT)


def test_a_result_is_computed_once(module: Module) -> None:
    analyses, f = AnalysisManager(), module.functions["f"]
    assert analyses.cached(Sizes, f) is None
    first = analyses.get(Sizes, f)
    assert first.of == [1, 1, 1]
    assert analyses.get(Sizes, f) is first
    assert analyses.cached(Sizes, f) is first
    assert analyses.computed == {"sizes": 1, "cfg": 1}


def test_a_change_drops_what_is_not_preserved(module: Module) -> None:
    analyses, f, g = AnalysisManager(), module.functions["f"], module.functions["g"]
    for function in (f, g):
        analyses.get(Sizes, function)
        analyses.get(Dominators, function)
    analyses.invalidate(f, {ControlFlow})
    assert analyses.cached(Sizes, f) is None
    assert analyses.cached(ControlFlow, f) is not None
    assert analyses.cached(Dominators, f) is not None, "it follows from the graph"
    assert analyses.cached(Sizes, g) is not None
    analyses.invalidate(f)
    assert analyses.cached(ControlFlow, f) is None
    analyses.invalidate(module)
    assert analyses.cached(ControlFlow, g) is None


def test_what_rests_on_a_dropped_result_goes_with_it(module: Module) -> None:
    analyses, f, g = AnalysisManager(), module.functions["f"], module.functions["g"]
    assert analyses.get(Share, g).part == pytest.approx(1 / 4)
    analyses.invalidate(f, {Total, ControlFlow})
    assert analyses.cached(Total, module) is None, "it was computed from the sizes of f"
    assert analyses.cached(Share, g) is None, "it was computed from the total"
    assert analyses.cached(Sizes, g) is not None
    analyses.get(Share, g)
    assert analyses.computed == {"sizes": 3, "cfg": 2, "total": 2, "share": 2}
    analyses.invalidate(f, {Dominators})
    assert analyses.cached(Dominators, f) is None


def test_a_preserved_result_survives_when_all_it_rests_on_does(module: Module) -> None:
    analyses, f = AnalysisManager(), module.functions["f"]
    analyses.get(Share, f)
    analyses.invalidate(f, {Share, Sizes, Total, ControlFlow})
    assert analyses.cached(Share, f) is not None
    assert analyses.cached(Total, module) is not None


def test_a_function_that_goes_is_forgotten(module: Module) -> None:
    analyses, f = AnalysisManager(), module.functions["f"]
    analyses.get(Share, f)
    analyses.forget(f)
    assert analyses.cached(Sizes, f) is None
    assert analyses.cached(Total, module) is None


def test_a_pass_that_preserves_too_much_is_found_out(module: Module) -> None:
    analyses, f = AnalysisManager(), module.functions["f"]
    analyses.get(Sizes, f)
    assert analyses.stale() == []
    f.entry.ops.insert(0, Operation(find_operation("fence"), [], {"order": "seq_cst"}))
    analyses.invalidate(f, {ControlFlow})
    analyses.get(Sizes, f)
    assert analyses.stale() == []
    f.entry.ops.pop(0)
    analyses.invalidate(f, {ControlFlow, Sizes})
    assert analyses.stale() == [(f, "sizes")]


@pytest.mark.parametrize("name", ANALYSES)
def test_every_name_leads_to_its_class(name: str) -> None:
    kind = find(name)
    assert kind.name == name
    assert kind.__doc__
    assert issubclass(kind, FunctionAnalysis | ModuleAnalysis)


@pytest.mark.parametrize("name", ANALYSES)
def test_notes_are_comments(name: str, module: Module) -> None:
    before = air.parse(TEXT)
    annotate(module, name)
    text = str(module)
    assert f" {name}: " in text
    assert str(air.parse(text)) == text
    stripped = "".join(line.partition(" //")[0] + "\n" for line in text.splitlines() if not line.startswith("//"))
    assert "".join(stripped.split()) == "".join(str(before).split())


def test_notes_stand_behind_comments_that_were_there() -> None:
    module = air.parse("altru 1\nmodule @m\nfunc @f() {\n^entry: // mine\n  ret // last\n}\n")
    annotate(module, "cfg")
    annotate(module, "dominators")
    assert "^entry: // mine; cfg: 0 -> none; dominators: root, none below\n" in str(module)
    assert "  ret // last\n" in str(module)


def test_analyze_is_one_question(module: Module) -> None:
    assert analyze(Sizes, module.functions["g"]).of == [1]


@pytest.mark.parametrize("name", ANALYSES)
def test_the_wrong_kind_of_thing_and_what_has_no_body(name: str) -> None:
    module = air.parse(TEXT + 'extern "C" func @outside(%n: i32)\n')
    kind, analyses = find(name), AnalysisManager()
    about_modules = issubclass(kind, ModuleAnalysis)
    for wrong in (module.functions["f"] if about_modules else module, None, "f"):
        with pytest.raises(
            TypeError, match=f"the analysis `{kind.name}` is about a {'Module' if about_modules else 'Function'}"
        ):
            analyses.get(kind, wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="'liveness' is no analysis"):
        analyses.get("liveness", module)  # type: ignore[arg-type]
    analyses.get(kind, module if about_modules else module.functions["outside"])
