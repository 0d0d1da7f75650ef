"""Pictures: well formed, complete, the same each time; rows go down."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

import altru_ir as air
from altru_ir.backend.cli.opt import main
from altru_ir.module import Module
from altru_ir.passes.analysis.loops import Loops
from altru_ir.passes.analysis.picture import dot, rows, svg
from tests.analysis.bodies import generated
from tests.analysis.shapes import Shape, function_of, random_shapes

PROGRAM = """altru 1
module @m
global @"a<b" : i32 = 1
func @f(%c: i1) {
^entry:
  %p = global.ref @"a<b"
  cond_br %c, ^then, ^"odd \\"label\\""
^then unwind ^cleanup:
  br ^entry2
^entry2:
  br ^"odd \\"label\\""
^"odd \\"label\\"":
  cond_br %c, ^entry2, ^out
^out:
  ret
^cleanup:
  resume
}
"""
SVG = "{http://www.w3.org/2000/svg}"


def counts(module: Module) -> tuple[int, int]:
    graphs = [f.cfg().graph for f in module.functions.values() if not f.is_declaration]
    return sum(map(len, graphs)), sum(graph.number_of_edges() for graph in graphs)


@pytest.mark.parametrize("module", [air.parse(PROGRAM), generated(3, 4)], ids=["program", "generated"])
def test_every_block_and_edge_is_drawn_once(module: Module) -> None:
    blocks, edges = counts(module)
    picture = ElementTree.fromstring(svg(module))
    assert len(picture.findall(f"{SVG}rect")) == blocks
    assert len([p for p in picture.findall(f"{SVG}path") if p.get("class") in ("branch", "unwind")]) == edges
    graph = dot(module)
    assert len(re.findall(r"^    \"[^\n]* -> ", graph, re.MULTILINE)) == edges
    assert len(re.findall(r"^    \"[^\n]* \[label=\"\^", graph, re.MULTILINE)) == blocks
    assert svg(module) == svg(module)


@settings(max_examples=60)
@given(random_shapes(10))
def test_edges_go_down_but_those_to_headers(shapes: list[Shape]) -> None:
    cfg = function_of(shapes).cfg()
    found = rows(cfg)
    row = {block: at for at, layer in enumerate(found) for block in layer}
    assert sorted(row) == list(range(len(shapes)))
    assert len([b for layer in found for b in layer]) == len(shapes)
    loops = Loops(cfg)
    for a in loops.order:
        for b in cfg.successors[a]:
            loop = loops.innermost[b]
            back = loop is not None and loop.header == b and loops.contains(loop, a)
            enters = loops.outermost_without(b, a)
            assert back or row[a] < row[b] or (enters is not None and enters.irreducible)


def test_the_command_writes_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "p.air"
    program.write_text(PROGRAM)
    for name in ("p.svg", "p.dot"):
        assert main([str(program), f"--view-cfg={tmp_path / name}"]) == 0
    assert "func @f" in capsys.readouterr().out
    assert (tmp_path / "p.svg").read_text() == svg(air.parse(PROGRAM))
    assert (tmp_path / "p.dot").read_text() == dot(air.parse(PROGRAM))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--view-cfg=p.png"], "FILE.svg or FILE.dot"),
        (["--view-cfg=p.svg", "--check"], "nothing is printed"),
        (["--view-cfg=p.svg", "--run"], "nothing is printed"),
        (["--view-cfg=p.svg", "--split-input-file"], "one verified module"),
    ],
)
def test_what_does_not_go_with_a_picture(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-", *arguments]) == 2
    assert said in capsys.readouterr().err
