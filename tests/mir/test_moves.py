"""Verdicts on moves beside rustc's, by code and line: the cases, programs of rustc's own tests, and random ones."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

import altru_ir as air
from altru_ir.passes import check_memory
from tests.mir.importer import OUT_OF_SCOPE
from tests.mir.oracle import Answer, cache_directory, compiler, judge
from tests.mir.rust_programs import program
from tests.mir.verdicts import MOVES, Comparison, compare_moves

CASES = Path(__file__).parent.parent / "cases"
UI = CASES / "rust-ui"
SLICE = int(os.environ.get("ALTRU_TEST_SEED", "0"))

pytestmark = pytest.mark.skipif(compiler() is None, reason="no rustc that takes -Z options")


def tell(found: Comparison) -> str:
    ours = [f"ours only: {each.code} at {each.line} in {each.function}" for each in found.ours_only]
    return "\n".join(ours + [f"rustc's only: {each.code} at {each.line}: {each.message}" for each in found.theirs_only])


def hold(answer: Answer) -> Comparison:
    found = compare_moves(answer)
    assert air.verify(found.program.module) == []
    assert tell(found) == ""
    return found


VERDICTS = json.loads((CASES / "rust" / "verdicts.json").read_text())


@pytest.mark.parametrize("case", [v for v in VERDICTS if v["category"] in ("move", "drop")], ids=lambda v: v["name"])
def test_the_cases(case: dict[str, object]) -> None:
    answer = judge(CASES / "rust" / str(case["file"]))
    wanted = {code for codes in MOVES.values() for code in codes}
    said = sorted((each.code, each.line) for each in answer.errors if each.code in wanted)
    errors: list[tuple[str, int]] = case["errors_polonius"]  # type: ignore[assignment]
    assert said == sorted((code, line) for code, line in errors if code in wanted)
    hold(answer)


FILES = sorted(UI.glob("*/*.rs"))


@pytest.mark.parametrize("path", FILES[SLICE % 24 :: 24], ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_programs_of_rustc(path: Path) -> None:
    hold(judge(path))


MARK = re.compile(r"//~ (E\d+|lifetime)")


@pytest.mark.parametrize("path", sorted((CASES / "rust-more").glob("*.rs")), ids=lambda p: p.stem)
def test_programs_of_ours(path: Path) -> None:
    answer = judge(path)
    assert not answer.broken
    lines = path.read_text().splitlines()
    expected = {(found[1], number) for number, line in enumerate(lines, 1) if (found := MARK.search(line))}
    assert {(each.code, each.line) for each in answer.errors} == expected
    found = hold(answer)
    assert set(found.program.refused.values()) <= OUT_OF_SCOPE
    assert found.functions > 40


def check_program(seed: int) -> str | None:
    """What differs on the random program of ``seed``; None when nothing does. Also what is refused of it."""
    path = cache_directory() / f"random-{seed}-{os.getpid()}.rs"
    path.write_text(program(seed))
    answer = judge(path)
    path.unlink()
    if answer.broken:
        return f"rustc does not come to its borrow checker: {answer.broken}"
    found = compare_moves(answer)
    refused = {reason for reason in found.program.refused.values() if reason != "type parameters"}
    return "; ".join(sorted(refused)) or tell(found) or None


@pytest.mark.parametrize("seed", [SLICE % 1000, SLICE % 1000 + 1000])
def test_random_programs(seed: int) -> None:
    assert check_program(seed) is None


def test_an_accepted_file_passes_the_whole_pipeline_of_checks() -> None:
    found = compare_moves(judge(CASES / "rust" / "02_move_then_reinit.rs"))
    codes = {each.code for each in check_memory(found.program.module)}
    assert not codes & set(MOVES)
