"""Pictures of lifetimes: well formed, the same each time, their bars what the analysis says, their marks what is found."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

import altru_ir as air
from altru_ir import passes
from altru_ir.backend.cli.opt import main
from altru_ir.passes.analysis.lifetime_picture import Chart, svg
from altru_ir.passes.analysis.loan_facts import LoanFacts
from altru_ir.passes.analysis.loans import find_conflicts
from altru_ir.testing.borrowing import generate
from tests.passes.loans_oracle import scheduled

PROGRAM = """altru 1
module @m
func @look(%r: ref<i32>)
func @touch(%r: ref<mut i32>)
func @f<'a>(%"<in>": ref<'a, i32>, %n: i32, %c: i1) {
^entry:
  %x = local : i32
  init %x, %n
  %r = borrow %x
  assign %x, %n
  call @look(%r)
  br ^head
^head:
  %m = borrow mut %x
  %h = local : ref<mut i32>
  init %h, %m
  %p = deref %h
  %s = borrow mut %p
  %y = local : i32
  init %y, %n
  %t = borrow mut %y
  assign %h, %t
  call @touch(%s)
  cond_br %c, ^head, ^done
^done:
  ret
}
"""
SVG = "{http://www.w3.org/2000/svg}"


def line(chart: Chart, row: int) -> str:
    return chart.rows[row].text.strip()


def test_bars_and_their_marks() -> None:
    chart = Chart(air.parse(PROGRAM).functions["f"])
    shown = [
        (
            bar.label,
            bar.kind,
            [(line(chart, first), line(chart, last)) for first, last in bar.pieces],
            [line(chart, row) for row in bar.last],
            [line(chart, row) for row in bar.kills],
            [line(chart, row) for row in bar.conflicts],
        )
        for bar in chart.bars
    ]
    assert shown == [
        ("'a", "region", [("^entry:", "}")], [], [], []),
        ("0 %x", "shared", [("%r = borrow %x", "call @look(%r)")], ["call @look(%r)"], [], ["assign %x, %n"]),
        ("1 %x mut", "mut", [("%m = borrow mut %x", "call @touch(%s)")], ["call @touch(%s)"], [], []),
        ("2 *%h mut", "mut", [("%s = borrow mut %p", "assign %h, %t")], [], ["assign %h, %t"], []),
        ("3 %y mut", "mut", [("%t = borrow mut %y", "call @touch(%s)")], ["call @touch(%s)"], [], []),
    ]
    assert [row.line for row in chart.rows[:4]] == [5, None, 7, 8]


def test_the_rows_of_bars_are_those_of_the_analysis() -> None:
    bars = pieces = conflicts = 0
    for seed in range(8):
        module = scheduled(generate(seed, wild=0.4).module)
        picture = ElementTree.fromstring(svg(module))
        drawn = 0
        for function in module.functions.values():
            if function.is_declaration:
                continue
            chart = Chart(function)
            known = chart.known.borrowing
            loans = [bar for bar in chart.bars if bar.kind != "region"]
            assert len(chart.bars) == len(known.loans) + known.flow.universal - 1
            for bar, lifetime in zip(loans, chart.known.of, strict=True):
                rows = {row for first, last in bar.pieces for row in range(first, last + 1)}
                assert {chart.row(known.points[n]) for n in lifetime.points} <= rows
                ways = {(n, m) for n in lifetime.points for m in chart.known.after(n) if m in lifetime.points}
                for row in rows:  # each is between two points, or one of them
                    assert row in {chart.row(known.points[n]) for n in lifetime.points} or any(
                        chart.row(known.points[n]) < row and known.points[n].block is chart_block(chart, row) for n, _ in ways
                    )
                assert bar.begins in rows
                assert set(bar.last) <= rows
                assert set(bar.kills) <= rows
                pieces += len(bar.pieces)
                drawn += len(bar.pieces)
            found = {(chart.row(known.points[n]), loan) for n, loan in find_conflicts(LoanFacts(known).facts).errors}  # type: ignore[index]
            assert {(row, at) for at, bar in enumerate(loans) for row in bar.conflicts} == found
            bars += len(loans)
            drawn += known.flow.universal - 1
            conflicts += len(found)
        rects = [each for each in picture.iter(f"{SVG}rect") if each.get("class") != "wrong"]
        assert len(rects) == drawn
        assert svg(module) == svg(module)
    assert bars >= 50
    assert pieces > bars
    assert conflicts >= 5


def chart_block(chart: Chart, row: int) -> object:
    """The block that a row stands in."""
    blocks = chart.known.function.blocks
    start = 1
    for block in blocks:
        if start <= row <= start + len(block.ops):
            return block
        start += len(block.ops) + 1
    return None


def test_shapes_stay_within_the_picture_and_names_are_escaped() -> None:
    module = air.parse(PROGRAM)
    picture = ElementTree.fromstring(svg(module))
    width, height = float(picture.get("width", "")), float(picture.get("height", ""))
    for text in picture.iter(f"{SVG}text"):
        turned = text.get("transform") is not None
        right = float(text.get("x", "")) + len(text.text or "") * 7.2 * (0.64 if turned else 1)
        assert 0 <= float(text.get("x", "")) <= right <= width
        assert 0 < float(text.get("y", "")) <= height
    for rect in picture.iter(f"{SVG}rect"):
        assert float(rect.get("x", "")) + float(rect.get("width", "")) <= width
        assert float(rect.get("y", "")) + float(rect.get("height", "")) <= height
    assert any('"<in>"' in (text.text or "") for text in picture.iter(f"{SVG}text"))
    assert [title.text for title in picture.iter(f"{SVG}title")][1].endswith("conflict: %x is assigned")  # type: ignore[union-attr]


def test_the_command_and_notebooks_show_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "p.air"
    program.write_text(PROGRAM)
    assert main([str(program), f"--view-lifetimes={tmp_path / 'p.svg'}"]) == 0
    assert "func @f" in capsys.readouterr().out
    assert (tmp_path / "p.svg").read_text() == svg(air.parse(PROGRAM))
    assert passes.draw_lifetimes(air.parse(PROGRAM).functions["f"])._repr_svg_() == svg(air.parse(PROGRAM))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--view-lifetimes=p.dot"], "--view-lifetimes writes FILE.svg, not `p.dot`"),
        (["--view-lifetimes=p.svg", "--check"], "nothing is printed"),
        (["--view-lifetimes=p.svg", "--split-input-file"], "one verified module"),
    ],
)
def test_what_does_not_go_with_a_picture(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-", *arguments]) == 2
    assert said in capsys.readouterr().err
