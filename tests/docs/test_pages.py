"""The pages behind ``--explain``: the first program of each gets its code, the second gets nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import altru_ir as air
from altru_ir import backend
from altru_ir.backend.cli.information import explain
from altru_ir.diagnostics import EXPLANATIONS
from altru_ir.passes import check_memory

PAGES = sorted((Path(air.__file__).parent / "pages").glob("*.md"))
RUNS = "This goes wrong when it runs:"
WITHOUT_PROGRAMS = {"ALT-P006", "ALT-V003"}
"""No text shows them: one is about bytes that are no text, one about what a program puts together."""
WITHOUT_FIXES = {"ALT-L002", "ALT-L003", "ALT-M006"}


def codes(program: str, *, runs: bool) -> set[str]:
    """The codes of what is wrong with a program."""
    try:
        module = air.parse(program)
    except air.DiagnosticError as error:
        return {problem.code for problem in error.diagnostics}
    if not runs:
        return {problem.code for problem in air.verify(module) or check_memory(module)}
    assert air.verify(module) == []
    try:
        backend.interpret(backend.prepare(module, opt=0, checks="none", as_written=True), "main_entry", [])
    except air.MemoryFault as fault:
        return {fault.kind}
    return set()


@pytest.mark.parametrize("path", PAGES, ids=[path.stem for path in PAGES])
def test_page(path: Path) -> None:
    code, text = path.stem, path.read_text()
    assert explain(code).startswith(f"{code}: {EXPLANATIONS[code]}\n\n")
    programs = re.findall(r"```altru\n(.*?)```", text, re.DOTALL)
    if code.startswith("ALT-S") or code in WITHOUT_PROGRAMS:
        assert not programs
        return
    bad, good = programs
    assert (codes(bad, runs=RUNS in text), codes(good, runs=RUNS in text)) == ({code}, set())
    if code[4] in "ML" and code not in WITHOUT_FIXES:
        assert any(problem.fix is not None for problem in check_memory(air.parse(bad)))


def test_every_code_has_one() -> None:
    assert {path.stem for path in PAGES} == set(EXPLANATIONS)
