"""The README's program and Python code do what they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    program = re.search(r"```\n(altru 1\n.*?)```", README, re.DOTALL)
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert program is not None
    assert code is not None
    monkeypatch.chdir(tmp_path)
    exec(code.group(1), {"text": program.group(1)})
    printed = capsys.readouterr().out
    assert "check.bounds" not in printed
    assert printed.endswith("\n6\n")
    assert (tmp_path / "sum.s").read_text().count("sum:") == 1
