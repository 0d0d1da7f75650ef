"""The Python on the page about analyses does what it says, and the page names every analysis."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path

import pytest

from altru_ir.passes.analysis.registry import ANALYSES

PAGE = (Path(__file__).parents[2] / "docs" / "analyses.md").read_text()


def test_the_code_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert len(blocks) == 3
    module = types.ModuleType("page_about_analyses")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr("altru_ir.passes.analysis.registry.ANALYSES", known := dict(ANALYSES))
    for block in blocks:
        exec(compile(block, "docs/analyses.md", "exec"), module.__dict__)
    assert "probes" in known


def test_the_lattice_has_twenty_lines() -> None:
    (lattice,) = re.findall(r"^class Parity.*?(?=^cell = )", PAGE, re.DOTALL | re.MULTILINE)
    assert len([line for line in lattice.splitlines() if line.strip()]) <= 20


def test_every_analysis_is_named() -> None:
    for name in ANALYSES:
        assert f"`{name}`" in PAGE, name
