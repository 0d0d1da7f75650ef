"""``altru-opt --polonius-facts``: what it prints, its status, and what it says about directories that are not as needed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.driver.test_driver import altru_opt

CASES = Path(__file__).parent.parent / "cases" / "polonius"
GOOD = CASES / "vec-push-ref" / "nll-facts" / "foo3"
BAD = CASES / "subset-relations" / "nll-facts" / "missing_subset"


def test_conflicts_are_lines() -> None:
    status, out, err = altru_opt("--polonius-facts", str(BAD))
    assert (status, err) == (1, "")
    assert out.splitlines() == [
        f'subset_error\t"{point}"\t"\\\'_#2r"\t"\\\'_#1r"' for point in ("Mid(bb0[0])", "Mid(bb0[1])", "Start(bb0[1])")
    ]


def test_no_conflict_is_no_line(tmp_path: Path) -> None:
    assert altru_opt("--polonius-facts", str(GOOD)) == (0, "", "")
    assert altru_opt("--polonius-facts", str(GOOD), "-o", str(tmp_path / "out")) == (0, "", "")
    assert (tmp_path / "out").read_text() == ""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(BAD, tmp_path / "facts"))


def put(name: str, text: str | bytes) -> Callable[[Path], None]:
    """Replaces a file."""
    data = text.encode() if isinstance(text, str) else text
    return lambda directory: (directory / f"{name}.facts").write_bytes(data) and None


def remove(name: str) -> Callable[[Path], None]:
    return lambda directory: (directory / f"{name}.facts").unlink()


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        (remove("placeholder"), 2, "there is no `placeholder.facts`"),
        (put("cfg_edge", '"a"\t"b"\n"a"\n'), 1, "a row with 1 column instead of 2 (point, point)"),
        (put("cfg_edge", '"a"\t"b"\t"c"\n'), 1, "a row with 3 columns instead of 2"),
        (put("cfg_edge", '"a"\tb\n'), 1, "the point is `b` and not a name in double quotes"),
        (put("cfg_edge", '"a"\t"b\n'), 1, 'the point is `"b` and not a name'),
        (put("cfg_edge", '"a"\t"b"c"\n'), 1, 'the point is `"b"c"` and not a name'),
        (put("cfg_edge", '"a"\t"b"\n\n"b"\t"c"\n'), 1, "an empty line where a row should be"),
        (put("cfg_edge", '"a"\t"b"\n"b" "c"\n'), 1, "a row with 1 column instead of 2"),
        (put("loan_issued_at", b'"o"\t"\xff"\t"p"\n'), 1, "byte 0xff is not valid UTF-8"),
        (put("cfg_edge", '"a"\t\x1b[31mred\n'), 1, "the point is `\\x1b[31mred` and not a name"),
        (put("cfg_edge", '"a"\t' + 1_000_000 * "b" + "\n"), 1, f"the point is `{77 * 'b'}...` and not a name"),
        (lambda copy: (remove("placeholder")(copy), os.mkfifo(copy / "placeholder.facts"))[1], 2, "is no regular file"),
        (lambda copy: (remove("placeholder")(copy), (copy / "placeholder.facts").mkdir())[1], 2, "is no regular file"),
    ],
)
def test_malformed(copy: Path, change: Callable[[Path], None], status: int, said: str) -> None:
    change(copy)
    found = altru_opt("--polonius-facts", str(copy))
    assert (found[0], found[1]) == (status, "")
    assert said in found[2]


def test_all_problems_are_told_with_their_lines(copy: Path) -> None:
    put("cfg_edge", '"a"\t"b"\n"a"\n')(copy)
    put("subset_base", "x\n")(copy)
    remove("child_path")(copy)
    _, _, err = altru_opt("--polonius-facts", str(copy), "--format=json")
    found = json.loads(err)
    text = json.dumps(found)
    assert all(each in text for each in ("cfg_edge.facts", "subset_base.facts", "child_path.facts"))
    _, _, err = altru_opt("--polonius-facts", str(copy))
    assert "cfg_edge.facts:2" in err


@pytest.mark.parametrize("text", ['"a"\t"b"', '"a"\t"b"\r\n"b"\t"c"\r\n', '"a\\"\\\\"\t"b"\n'])
def test_near_misses_are_well_formed(copy: Path, text: str) -> None:
    for file in copy.glob("*.facts"):
        file.write_text("")
    put("cfg_edge", text)(copy)
    assert altru_opt("--polonius-facts", str(copy)) == (0, "", "")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("loan_invalidated_at", '"Start(bb0[0])"\t"bw9"\n', 'nothing issues the loan "bw9"'),
        ("var_used_at", '"v"\t"Start(bb7[0])"\n', 'no edge of the control flow has the point "Start(bb7[0])"'),
        ("known_placeholder_subset", '"o"\t"p"\n', 'no universal region is the origin "o"'),
    ],
)
def test_what_nobody_knows_is_warned_about(copy: Path, name: str, text: str, said: str) -> None:
    put(name, text)(copy)
    _, _, err = altru_opt("--polonius-facts", str(copy))
    assert f"warning[ALT-P002]: {said}" in err
    assert f"{name}.facts:1" in err


@pytest.mark.parametrize(
    ("directory", "said"),
    [
        ("nothing", "does not exist"),
        (str(CASES / "expected.txt"), "is no directory"),
        (str(CASES / "smoke-test"), "for example `nll-facts/basic_move_error` in it"),
    ],
)
def test_no_fact_directory(directory: str, said: str) -> None:
    status, out, err = altru_opt("--polonius-facts", directory)
    assert (status, out) == (2, "")
    assert said in err


@pytest.mark.parametrize("more", [["a.air"], ["--generate"], ["-O2"], ["--run"], ["--check"]])
def test_it_does_only_that(more: list[str]) -> None:
    status, out, err = altru_opt("--polonius-facts", str(GOOD), *more)
    assert (status, out) == (2, "")
    assert "polonius-facts" in err
