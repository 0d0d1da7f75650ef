"""The listing of checks: what the passes remarked on, beside the lines of the source."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import altru_ir as air
from altru_ir import backend
from altru_ir.backend.cli import main
from altru_ir.backend.cli.opt import main as run
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
    assert second.endswith("may fail: not known: %j < length of %xs")
    assert below("private func") == ["* @at requires %i < length of %xs"]


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
    assert "may fail: not known: %n <= length of %xs" in text


def test_a_listing_without_checks_says_why() -> None:
    assert listing([], lambda _: None).splitlines()[1].startswith("(there are none, or `eliminate-checks`")


def located(file: str, line: int) -> str:
    return f"""func @f(%xs: ref<[? x i32]>, %i: usize) -> i32 {{
^entry:
  %s = deref %xs
  %e = elem %s, %i loc("{file}":{line}:3)
  %x = load %e
  ret %x
}}
"""


@pytest.mark.parametrize(
    ("content", "line", "shown"),
    [
        (b"one\r\n\ttwo\r\nthree\r\n", 2, ["     1 | one", "     2 | \ttwo", "       | \t! `check", "     3 | three"]),
        (b"one\x0cmore\ntwo\xe2\x80\xa8more", 2, ["     1 | one\x0cmore", "     2 | two\u2028more", "       | ! `check"]),
        (b"caf\xe9\n", 1, ["     1 | caf\ufffd", "       | ! `check"]),
        (b"one\n", 2_000_000_000, ["     1 | one", "2000000000 |", "       | ! `check"]),
        (b"\x7fELF\x00\x01", 1, ["     1 |", "       | ! `check"]),
        (None, 4, ["     4 |", "       | ! `check"]),
        (b"", 1, ["     1 |", "       | ! `check"]),
    ],
    ids=["crlf", "other-breaks", "not-utf-8", "behind-the-end", "binary", "missing", "empty"],
)  # fmt: skip
def test_lines_of_the_language_in_front(
    content: bytes | None, line: int, shown: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path("m.x").write_bytes(content)
    Path("m.air").write_text(located("m.x", line))
    assert run(["-O1", "--checks-listing=out", "-o", "o.air", "m.air"]) == 0
    lines = Path("out").read_bytes().decode().removesuffix("\n").split("\n")
    assert lines[2] == "m.x"
    assert [text.split("%")[0].rstrip("bounds .") if "!" in text else text for text in lines[3:]] == shown


def test_a_pipe_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("m.x")
    Path("m.air").write_text(located("m.x", 4))
    assert run(["-O1", "--checks-listing=out", "-o", "o.air", "m.air"]) == 0
    assert Path("out").read_text().splitlines()[3] == "     4 |"


def test_the_listing_goes_to_standard_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.air").write_text(located("m.x", 4))
    assert run(["-O1", "--checks-listing=-", "--remarks=-", "-o", "o.air", "m.air"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("--- !Missed\n")
    assert "0 checks cannot fail, 1 may fail\n\nm.x\n" in out
    assert sorted(each.name for each in tmp_path.iterdir()) == ["m.air", "o.air"]
    for flag, said in (("--checks-listing=", "needs the name of a file"), ("--remarks=-", "would be mixed")):
        assert run(["-O1", flag, "m.air"]) == 2
        assert said in capsys.readouterr().err


MERGED = """func @around(%xs: ref<[? x i32]>, %i: usize) -> i32 {
^entry:
  %one = const 1 : usize
  %s = deref %xs
  %before = sub %i, %one
  %after = add %i, %one
  %a_at = elem %s, %before
  %a = load %a_at
  %b_at = elem %s, %i
  %b = load %b_at
  %c_at = elem %s, %after
  %c = load %c_at
  %ab = add %a, %b
  %abc = add %ab, %c
  ret %abc
}
"""


def test_checks_that_became_one_test_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.air").write_text(MERGED)
    assert run(["-O2", "--checks-listing=out", "-o", "o.air", "m.air"]) == 0
    text = Path("out").read_text()
    assert "* 3 checks are one test: %i + 1 < length of %xs; %i is not 0" in text
    assert text.count("cannot fail: the one test for neighbouring checks at line 7") == 3
    assert text.count("! where one test does not do for all, `check.bounds") == 3
