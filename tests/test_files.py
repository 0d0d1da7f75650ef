"""Tests that are IR: every ``.air`` file under ``tests`` with RUN lines.

    // RUN: altru-opt %s -p insert-checks | filecheck %s
    // RUN: not altru-opt --run %s 2>&1 | filecheck %s
    // RUN: altru-opt --verify-diagnostics --split-input-file %s

The lines are lit's: ``%s`` is the file, ``not`` wants a status other than 0, ``2>&1`` adds the diagnostics to what
filecheck reads. ``altru-opt`` and ``filecheck`` run in this process; what may end the process runs in one of its own.
Printed IR keeps comments, so comments that are directives are taken out before filecheck looks.
"""

from __future__ import annotations

import io
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from filecheck.matcher import Matcher
from filecheck.options import Options

from altru_ir.backend.cli.opt import INTERNAL, main

TESTS = Path(__file__).parent
_RUN = re.compile(r"^\s*// RUN: (.*)$", re.MULTILINE)
_DIRECTIVE = re.compile(r"^[ \t]*//\s*[A-Z]+(?:-[A-Z]+)*:[^\n]*\n", re.MULTILINE)

FILES = sorted(path for path in TESTS.rglob("*.air") if "cases" not in path.relative_to(TESTS).parts)


def run_lines(path: Path) -> list[str]:
    return _RUN.findall(path.read_text())


def altru_opt(arguments: list[str], *, apart: bool) -> tuple[int, str, str]:
    """Status, standard output and standard error."""
    if apart:
        command = [sys.executable, "-m", "altru_ir.backend.cli.opt", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = main(arguments)
    return status, out.getvalue(), err.getvalue()


def filecheck(path: Path, text: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(_DIRECTIVE.sub("", text)))
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        status = Matcher.from_opts(Options(str(path), check_prefixes=[prefix])).run()
    assert status == 0, f"{said.getvalue()}\n--- checked text:\n{text}"


def check(path: Path, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Does what a RUN line says."""
    command, _, after = line.partition("|")
    words = [str(path) if word == "%s" else word for word in shlex.split(command)]
    fails = words[0] == "not"
    words = words[fails:]
    both = "2>&1" in words
    words = [word for word in words if word != "2>&1"]
    assert words[0] == "altru-opt", line
    status, out, err = altru_opt(words[1:], apart="--run" in words and (fails or "--entry" not in words))
    assert (status != 0) == fails, f"{line}\nstatus {status}\n{err}"
    assert status != INTERNAL, f"{line}\n{err}"
    assert "Traceback" not in err
    if after:
        parts = shlex.split(after)
        assert parts[0] == "filecheck"
        prefix = next((p.partition("=")[2] for p in parts if p.startswith("--check-prefix=")), "CHECK")
        filecheck(path, out + err if both else out, prefix, monkeypatch)


@pytest.mark.parametrize("path", FILES, ids=[str(p.relative_to(TESTS)) for p in FILES])
def test_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = run_lines(path)
    assert lines, f"{path} has no RUN line"
    for line in lines:
        check(path, line, monkeypatch)


def test_the_files_are_found() -> None:
    assert {p.parent.name for p in FILES} >= {"driver", "ops", "text", "verifier"}


def test_the_driver_sees_a_wrong_expectation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "planted.air"
    file.write_text("// CHECK: ret %nothing\n")
    with pytest.raises(AssertionError):
        filecheck(file, "func @f() {\n^e:\n  ret\n}\n", "CHECK", monkeypatch)
