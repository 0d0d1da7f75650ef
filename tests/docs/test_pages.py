"""The pages behind ``--explain``: the first program of each gets its code, the second gets nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import altru_ir as air
from altru_ir.backend.cli.information import explain
from altru_ir.diagnostics import EXPLANATIONS
from altru_ir.passes import check_memory

PAGES = sorted((Path(air.__file__).parent / "pages").glob("*.md"))


@pytest.mark.parametrize("path", PAGES, ids=[path.stem for path in PAGES])
def test_page(path: Path) -> None:
    code = path.stem
    assert explain(code).startswith(f"{code}: {EXPLANATIONS[code]}\n\n")
    bad, good = re.findall(r"```altru\n(.*?)```", path.read_text(), re.DOTALL)
    for program, expected in ((bad, {code}), (good, set())):
        module = air.parse(program)
        problems = air.verify(module) or check_memory(module)
        assert {problem.code for problem in problems} == expected
    if code[:5] not in ("ALT-B", "ALT-C") and code not in ("ALT-L002", "ALT-L003", "ALT-M006"):
        assert any(problem.fix is not None for problem in check_memory(air.parse(bad)))


def test_every_code_of_moves_loans_and_leaks_has_one() -> None:
    """ALT-B020 is said by the interpreter alone."""
    wanted = {code for code in EXPLANATIONS if code[:5] in ("ALT-M", "ALT-B", "ALT-L")} - {"ALT-B020"}
    assert {path.stem for path in PAGES} >= wanted
