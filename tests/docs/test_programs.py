"""The programs in the documents, run as they stand.

A fence ``altru`` holds a whole module; its first line says what comes of ``@main_entry``:

    // answer: 12              the result
    // panic: bounds           a panic of that class
    // fault: ALT-F002         a memory fault that the interpreter reports
    // error: ALT-V017         the verifier, or a check of memory, refuses it
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import altru_ir as air
from altru_ir import backend
from altru_ir.passes import check_memory

DOCS = Path(__file__).parents[2] / "docs"


def programs() -> Iterator[object]:
    for path in sorted(DOCS.rglob("*.md")):
        text = path.read_text()
        for found in re.finditer(r"^```altru\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
            line = text.count("\n", 0, found.start()) + 2
            yield pytest.param(found.group(1), id=f"{path.relative_to(DOCS)}:{line}")


@pytest.mark.parametrize("program", list(programs()))
def test_program(program: str) -> None:
    first = re.match(r"// (answer|panic|fault|error): (.*)\n", program)
    assert first is not None, "the first line says what comes of the program"
    kind, expected = first.groups()
    module = air.parse(program)
    problems = air.verify(module)
    if kind == "error":
        assert expected in {problem.code for problem in problems or check_memory(module)}
        return
    assert problems == []
    checked = backend.prepare(module, opt=0)
    if kind == "answer":
        assert str(backend.interpret(checked, "main_entry", [])) == expected
    elif kind == "panic":
        with pytest.raises(air.Panic) as panic:
            backend.interpret(checked, "main_entry", [])
        assert panic.value.message.startswith(expected)
    else:
        with pytest.raises(air.MemoryFault) as fault:
            backend.interpret(checked, "main_entry", [])
        assert fault.value.kind == expected


def test_there_are_programs() -> None:
    assert len(list(programs())) >= 4
