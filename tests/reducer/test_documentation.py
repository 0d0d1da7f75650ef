"""The Python code and the commands in docs/testing.md do what they say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from altru_ir.testing.whole_language import FAMILIES

DOCUMENT = (Path(__file__).parents[2] / "docs" / "testing.md").read_text()


def test_python(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    names: dict[str, object] = {}
    exec(first, names)
    names["test_optimizing_changes_no_answer"]()  # type: ignore[operator]
    exec(second, {})
    assert "cond_br" in capsys.readouterr().out


def test_commands(tmp_path: Path) -> None:
    (tmp_path / "altru-opt").write_text(f'#!/bin/sh\nexec {sys.executable} -m altru_ir.backend.cli.opt "$@"\n')
    (tmp_path / "altru-opt").chmod(0o755)
    generate, interpret = re.findall(r"^    (altru-opt --(?:generate|interpret) .*?) *(?:#.*)?$", DOCUMENT, re.MULTILINE)[:2]
    line = f"PATH={tmp_path}:$PATH; {generate} && {interpret}"
    root = Path(__file__).parents[2]
    done = subprocess.run(
        ["sh", "-c", line], cwd=tmp_path, env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"-?\d+\n", done.stdout)


def test_the_families_are_all_named() -> None:
    written = re.search(r"The families are `(.*?)`;", DOCUMENT, re.DOTALL)
    assert written is not None
    assert tuple(written.group(1).split()) == FAMILIES
