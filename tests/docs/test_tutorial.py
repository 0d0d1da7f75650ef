"""docs/tutorial.md: what it shows is what there is. Its Python runs, its pieces of the compiler are the file, its programs do
what their first line says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import altru_ir as air
from altru_ir import backend, passes
from examples.toy.compiler import translate
from examples.toy.syntax import reword

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tutorial.md"


def blocks(kind: str) -> Iterator[tuple[int, str]]:
    """The fenced blocks whose first line is ``kind``, each with the number of the line in front of it."""
    text = PAGE.read_text(encoding="utf-8")
    for found in re.finditer(rf"^```{re.escape(kind)}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        yield text.count("\n", 0, found.start(1)), found.group(1)


def test_its_python_runs() -> None:
    namespace: dict[str, Any] = {}
    found = list(blocks("python"))
    assert len(found) >= 8
    for line, block in found:
        exec(compile("\n" * line + block, str(PAGE), "exec"), namespace)


@pytest.mark.parametrize("name", ["compiler.py", "__main__.py"])
def test_its_pieces_are_the_file(name: str) -> None:
    """In order and without a gap; methods stand without the indentation of their class."""
    rest = [line for line in (ROOT / "examples/toy" / name).read_text(encoding="utf-8").split("\n") if line]
    for _, block in blocks(f"python {name}"):
        shown = [line for line in block.split("\n") if line]
        indentation = " " * (len(rest[0]) - len(rest[0].lstrip()) - len(shown[0]) + len(shown[0].lstrip()))
        assert [indentation + line for line in shown] == rest[: len(shown)]
        rest = rest[len(shown) :]
    assert rest == []


@pytest.mark.parametrize("program", [pytest.param(text, id=f"line {line}") for line, text in blocks("toy")])
def test_its_programs(program: str, capfd: pytest.CaptureFixture[str]) -> None:
    first = re.match(r"// (prints|error|panic): (.*)\n", program)
    assert first is not None
    kind, expected = first.groups()
    module = translate(air.Source("tutorial.toy", program))
    problems = [reword(problem.message) for problem in air.verify(module) or passes.check_memory(module)]
    if kind == "error":
        assert problems == [expected]
        return
    assert problems == []
    if kind == "panic":
        with pytest.raises(air.Panic, match=expected):
            backend.interpret(backend.prepare(module, opt=0), "main", [])
        return
    assert backend.interpret(backend.prepare(module, opt=2), "main", []) == 0
    assert capfd.readouterr().out == expected + "\n"


MOVED = """\
fn consume(text: string) {}

fn main() {
    let text = "hello";
    consume(text);
    print(text);
}
"""


def test_its_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    Path("moved.toy").write_text(MOVED)
    assert backend.command(translate, "toy", ["--run", "moved.toy"], reword=reword) == 1
    shown = "".join(f"    {line}\n" for line in capfd.readouterr().err.splitlines())
    assert "    $ python -m examples.toy --run moved.toy\n" + shown in PAGE.read_text()


def test_there_are_programs() -> None:
    assert len(list(blocks("toy"))) >= 4
