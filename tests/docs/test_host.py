"""docs/host.md: its Python is run as it stands, in order, in one namespace."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from altru_ir.runtime import build

PAGE = Path(__file__).parents[2] / "docs" / "host.md"


def test_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = build.shared_library().parent
    (tmp_path / "cache").mkdir(mode=0o700)
    shutil.copytree(built, tmp_path / "cache" / built.name)
    monkeypatch.setenv("ALTRU_CACHE_DIR", str(tmp_path / "cache"))
    text = PAGE.read_text(encoding="utf-8")
    namespace: dict[str, Any] = {}
    blocks = list(re.finditer(r"```python\n(.*?)```", text, re.DOTALL))
    assert len(blocks) >= 8
    for block in blocks:
        line = text.count("\n", 0, block.start(1))
        exec(compile("\n" * line + block.group(1), str(PAGE), "exec"), namespace)
