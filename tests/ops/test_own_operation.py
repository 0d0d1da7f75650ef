"""An operation from one file outside the package takes part in everything; ``docs/own-operations.md`` shows that file."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest

import altru_ir as air
from altru_ir import backend, declare, describe
from altru_ir.backend.interpreter.code import MEANINGS
from altru_ir.backend.lower.ops import LOWERINGS
from altru_ir.passes.manager import PassManager
from altru_ir.passes.pipeline_text import parse_pipeline
from altru_ir.testing.reduce import reduce_module

FILE = Path(__file__).with_name("own_operation.py")
PAGE = Path(__file__).parents[2] / "docs" / "own-operations.md"
NAME = "front.clamp"
TEXT = """\
altru 1
module @own {target = "x86_64-linux-gnu"}

func @f(%x: i32, %a: i32, %b: i32) -> i32 {
^entry:
  %r = front.clamp %x in %a, %b
  ret %r
}
"""
VARIABLE = """\
altru 1
module @own {target = "x86_64-linux-gnu"}

func @f(%x: i32, %a: i32, %b: i32) -> i32 {
^entry:
  %v = local : i32
  init %v, %x
  %y = load %v
  %unused = front.clamp %y in %b, %b
  %r = front.clamp %y in %a, %b
  %again = front.clamp %y in %a, %b
  %sum = add %r, %again
  end %v
  ret %sum
}
"""


@pytest.fixture(autouse=True)
def own() -> Iterator[None]:
    runpy.run_path(str(FILE))
    yield
    declare.forget(NAME)
    del MEANINGS[NAME], LOWERINGS[NAME]


def test_the_page_shows_the_file() -> None:
    assert f"```python\n{FILE.read_text()}```" in PAGE.read_text()
    assert f"```\n{TEXT}```" in PAGE.read_text()


def test_text_builder_and_verifier() -> None:
    module = air.parse(TEXT)
    assert air.verify(module) == []
    assert str(module) == str(module.clone()) == TEXT
    own = air.Module("own")
    b = air.Builder(own)
    f = b.function("f", [("x", air.I32), ("a", air.I32), ("b", air.I32)], air.I32)
    b.ret(b.op(NAME, f.parameters, result_name="r").result)
    assert str(own).partition("\n\n")[2] == TEXT.partition("\n\n")[2]
    assert [d.code for d in air.verify(air.parse(TEXT.replace("%b: i32", "%b: i64")))] == ["ALT-V005"]


@pytest.mark.parametrize(("x", "result"), [(1, 3), (5, 5), (12, 9)])
def test_both_executions_agree(x: int, result: int) -> None:
    module = air.parse(TEXT)
    assert backend.interpret(module, "f", [x, 3, 9]) == result
    for opt in (0, 3):
        assert backend.compile(air.parse(TEXT), opt=opt)["f"](x, 3, 9) == result
    assert backend.compile(air.parse(VARIABLE), opt=2)["f"](x, 3, 9) == 2 * result


def test_passes_read_its_traits() -> None:
    module = air.parse(VARIABLE)
    PassManager(parse_pipeline("check-moves,mem2reg,cse,dce")).run(module)
    assert str(module).count(NAME) == 1
    assert "local" not in str(module)


def test_it_is_described() -> None:
    found = next(entry for entry in describe.operations() if entry["name"] == NAME)
    assert "pure" in str(found)


def test_the_reducer_keeps_it() -> None:
    small = reduce_module(air.parse(VARIABLE), lambda module: NAME in str(module), steps=300).module
    assert air.verify(small) == []
    assert str(small).count(NAME) == 1
    assert "add" not in str(small)
