"""``altru-opt`` in bad surroundings: closed and full streams, signals, odd arguments, and requests without effect."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from altru_ir.backend.cli import opt

GOOD = "func @f(%x: i32) -> i32 {\n^entry:\n  ret %x\n}\n"
COMMAND = f"{sys.executable} -m altru_ir.backend.cli.opt"
FULL = Path("/dev/full")


def altru_opt(*arguments: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = opt.main(list(arguments))
    return status, out.getvalue(), err.getvalue()


def shell(line: str) -> tuple[int, str, str]:
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def good(tmp_path: Path) -> str:
    path = tmp_path / "good.air"
    path.write_text(GOOD)
    return str(path)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--panic=explode"], "invalid choice: 'explode' (choose from 'unwind', 'abort')"),
        (["--verify-diagnostics", "--run"], "--verify-diagnostics only compares"),
        (["--verify-diagnostics", "--emit=asm"], "--verify-diagnostics only compares"),
        (["--split-input-file", "--run"], "take one"),
        (["--split-input-file", "--emit=obj", "-o", "x"], "take one"),
        (["--run", "-o", "x"], "-o is for what is printed or emitted"),
        (["--check", "-o", "x"], "-o is for what is printed or emitted"),
        (["-o", ""], "-o needs the name of a file"),
        (["--entry", "f"], "are for --run and --interpret"),
        (["--check", "-p", "no-such-pass"], "there is no pass `no-such-pass`"),
        (["--check", "--checks=odd"], "there is no class of checks `odd`"),
        (["--print-ir-after=typo"], "--print-ir-after: there is no pass `typo`"),
        (["--print-ir-before=changed"], "--print-ir-before: there is no pass `changed`"),
        (["--explain", ""], "there is no code"),
    ],
)
def test_what_would_have_no_effect_is_refused(arguments: list[str], says: str, good: str, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    status, out, err = altru_opt(good, *arguments)
    assert (status, out) == (2, "")
    assert says in err
    assert sorted(tmp_path.iterdir()) == before


def test_a_file_that_is_no_text_does_not_hide_the_next(good: str, tmp_path: Path) -> None:
    torn = tmp_path / "torn.air"
    torn.write_bytes("// é\n// é ".encode() + b"\xff\n")
    status, out, err = altru_opt(str(torn), good)
    assert status == 1
    assert f"--> {torn}:2:6" in err
    assert "func @f" in out


def test_entries_that_cannot_be_called(tmp_path: Path, good: str) -> None:
    private = tmp_path / "private.air"
    private.write_text("private " + GOOD)
    status, _, err = altru_opt("--run", "--entry", "f", str(private), "--", "1")
    assert (status, "@f is private" in err) == (2, True)
    other = "aarch64" if os.uname().machine == "x86_64" else "x86_64"
    status, _, err = altru_opt("--run", f"--target={other}-linux-gnu", "--entry", "f", good, "--", "1")
    assert (status, "does not run on this machine" in err) == (2, True)


def test_layouts_that_are_too_large_are_the_programs_fault(tmp_path: Path) -> None:
    file = tmp_path / "large.air"
    file.write_text("func @f() {\n^entry:\n  %a = local : [1152921504606846976 x i64]\n  ret\n}\n")
    status, _, err = altru_opt("--emit=llvm", "-O0", str(file))  # from O1 on the local is gone, for nobody uses it
    assert status == 1
    assert "ALT-S006" in err


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")
@pytest.mark.parametrize("arguments", ["{good}", "--version", "--list-passes", "--run --entry f {good} -- 3"])
def test_output_that_cannot_be_written(arguments: str, good: str) -> None:
    line = f"{COMMAND} {arguments.format(good=good)}"
    for redirection, says in ((">/dev/full", "No space left on device"), (">&-", "it is closed")):
        status, _, err = shell(f"{line} {redirection}")
        assert (status, err.count("\n"), says in err) == (2, 1, True), err


def test_streams_that_are_not_there(good: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.air"
    bad.write_text(GOOD.replace("ret %x", "ret"))
    assert shell(f"{COMMAND} {bad} 2>&-")[0] == 1
    status, _, err = shell(f"{COMMAND} - <&-")
    assert (status, "cannot read standard input: it is closed" in err) == (2, True)


def test_a_reader_that_leaves_does_not_change_the_status(good: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.air"
    bad.write_text(GOOD.replace("ret %x", "ret"))
    long = tmp_path / "long.air"
    long.write_text("".join(GOOD.replace("@f", f"@f{n}") for n in range(3000)))
    for files, wanted in ((f"{bad} {long}", 1), (str(long), 0)):
        assert shell(f"{COMMAND} {files} 2>/dev/null | head -1 >/dev/null; exit ${{PIPESTATUS[0]}}")[0] == wanted


def interrupted(arguments: list[str], given: bytes, until: bytes) -> tuple[int, bytes]:
    """Status and diagnostics of a run that is interrupted when it has taken ``given`` and written ``until``."""
    process = subprocess.Popen(
        [sys.executable, "-m", "altru_ir.backend.cli.opt", *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(given)
        process.stdin.flush()
        assert process.stdout.read(len(until)) == until
        process.send_signal(signal.SIGINT)
        status = process.wait(20)
    finally:
        process.kill()
        _, err = process.communicate()
    return status, err


def test_an_interrupt_ends_a_program_that_never_does(tmp_path: Path) -> None:
    file = tmp_path / "loop.air"
    file.write_text(
        'extern "C" func @putchar(%c: i32) -> i32 unsafe\n'
        'extern "C" func @fflush(%stream: ptr<i8>) -> i32 unsafe\n'
        "func @main() -> i32 {\n^entry:\n  %c = const 33 : i32\n  %all = null : ptr<i8>\n"
        "  call @putchar(%c) unsafe\n  call @fflush(%all) unsafe\n  br ^loop\n^loop:\n  br ^loop\n}\n"
    )
    assert interrupted(["--run", str(file)], b"", b"!") == (-signal.SIGINT, b"")


def test_an_internal_error_without_a_place_for_its_report(good: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> int:
        raise KeyError("a defect")

    monkeypatch.setattr(opt, "_finish", broken)
    monkeypatch.setattr("tempfile.tempdir", "/no/such/directory")
    status, _, err = altru_opt(good)
    assert status == 70
    assert "No file for a report could be written" in err
    assert "KeyError: 'a defect'" in err


@pytest.mark.parametrize("name", ["new\nline.air", "tab\t.air", "nicht\udcff.air"])
def test_a_reproducer_is_a_program_whatever_the_arguments(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> int:
        raise RecursionError("too deep")

    file = tmp_path / name
    file.write_text(GOOD)
    monkeypatch.setattr(opt, "_finish", broken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert altru_opt(str(file))[0] == 70
    (report,) = tmp_path.glob("*.repro.air")
    monkeypatch.undo()
    assert altru_opt("--check", str(report)) == (0, "", "")
