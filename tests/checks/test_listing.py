"""The listing of checks: what the passes remarked on, beside the lines of the source."""

from __future__ import annotations

from pathlib import Path

import pytest

import altru_ir as air
from altru_ir import backend
from altru_ir.backend.cli import main
from altru_ir.passes.base import MISSED, Remark
from altru_ir.passes.listing import ABOUT_CHECKS, listing
from altru_ir.passes.manager import PassManager
from altru_ir.source import Location
from bench.kernels import air_of, kernel

PROGRAM = """altru 1
module @m
private func @at(%xs: ref<[? x i32]>, %i: usize) -> i32 {
^entry:
  %seq = deref %xs
  %slot = elem %seq, %i
  %x = load %slot
  ret %x
}
func @pick(%xs: ref<[? x i32]>, %j: usize) -> i32 {
^entry:
  %n = slice.len %xs
  %below = icmp ult %j, %n
  cond_br %below, ^good, ^bad
^good:
  %x = call @at(%xs, %j)
  ret %x
^bad:
  %seq = deref %xs
  %slot = elem %seq, %j
  %y = load %slot
  ret %y
}
"""


def test_the_command_writes_the_source_with_what_became_of_its_checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, out = tmp_path / "m.air", tmp_path / "listing.txt"
    source.write_text(PROGRAM)
    options = ["-O2", f"--checks-listing={out}", "--emit=obj", "-o", str(tmp_path / "m.o"), str(source)]
    monkeypatch.setattr("sys.argv", ["altru-opt", *options])
    assert main() == 0
    lines = out.read_text().splitlines()
    assert lines[0] == "1 checks cannot fail, 1 may fail"
    assert [line[9:] for line in lines if line[:6].strip().isdigit()] == PROGRAM.splitlines()

    def below(text: str) -> list[str]:
        """What stands under the lines that begin with a text, but for numbered lines."""
        found = []
        for at, line in enumerate(lines):
            if line[9:].strip().startswith(text):
                found += [each[7:].strip("| ") for each in lines[at + 1 : at + 2] if not each[:6].strip()]
        return found

    first, second = below("%slot = elem")
    assert first.startswith("+ `check.bounds %i")
    assert "what holds at all calls" in first
    assert second.startswith("! `check.bounds %j")
    assert second.endswith("may fail: not known: length 0 of %xs - %j - 1 >= 0")
    assert below("private func") == ["* @at requires %i < length 0 of %xs"]


def test_each_remark_is_shown_once() -> None:
    text = air_of(kernel("matmul"))
    module = air.parse(text, "matmul.air")
    manager = PassManager([], explain=True)
    backend.prepare(module, opt=3, manager=manager)
    shown = listing(manager.remarks, lambda file: text.splitlines() if file == "matmul.air" else None)
    messages = {(r.location.line if r.location else 0, r.message) for r in manager.remarks if r.name in ABOUT_CHECKS}
    assert len(messages) > 8
    for _, message in messages:
        assert message in shown
    assert sum(line.startswith("       | ") for line in shown.splitlines()) == len(messages)


def test_a_file_that_cannot_be_read_and_a_check_without_a_place() -> None:
    kept = Remark(MISSED, "eliminate-checks", "CheckKept", "f", Location("a.x", 3), "`check.bounds %i, %n` may fail: why")
    nowhere = Remark(MISSED, "eliminate-checks", "CheckKept", "f", None, "`check.nonzero %d` may fail: why")
    other = Remark(MISSED, "inline", "NotInlined", "f", None, "no")
    shown = listing([kept, nowhere, other], lambda file: None)
    assert shown == (
        "0 checks cannot fail, 2 may fail\n\na.x\n     3 |\n       | ! `check.bounds %i, %n` may fail: why\n"
        "\nwithout a place\n       | ! `check.nonzero %d` may fail: why\n"
    )


TWO_VERSIONS = """func @sums(%xs: ref<[? x i32]>, %n: usize) -> i32 {
^entry:
  %zero = const 0 : usize
  %one = const 1 : usize
  %none = const 0 : i32
  br ^loop(%zero, %none)
^loop(%i: usize, %sum: i32):
  %more = icmp ult %i, %n
  cond_br %more, ^body, ^done
^body:
  %seq = deref %xs
  %slot = elem %seq, %i
  %x = load %slot
  %next_sum = add %sum, %x
  %next = add %i, %one
  br ^loop(%next, %next_sum)
^done:
  ret %sum
}
"""


def test_the_version_of_a_loop_that_keeps_its_checks_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, out = tmp_path / "m.air", tmp_path / "listing.txt"
    source.write_text(TWO_VERSIONS)
    monkeypatch.setattr("sys.argv", ["altru-opt", "-O2", f"--checks-listing={out}", "-o", str(tmp_path / "o.air"), str(source)])
    assert main() == 0
    text = out.read_text()
    assert text.startswith("1 checks cannot fail, 1 may fail\n")
    assert (tmp_path / "o.air").read_text().count("check.bounds") == 1
    assert "! where the loop keeps its checks, `check.bounds" in text
    assert "may fail: not known: length 0 of %xs - %n >= 0" in text


def test_a_listing_without_checks_says_why() -> None:
    assert listing([], lambda _: None).splitlines()[1].startswith("(there are none, or `eliminate-checks`")
