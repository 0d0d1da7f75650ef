"""The passes of docs/writing-a-pass.md do what the page says, on their own examples and on generated programs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import altru_ir as air
from altru_ir import passes
from altru_ir.passes.registry import forget
from tests.driver.test_driver import altru_opt
from tests.soak import check_passes

PAGE = (Path(__file__).parents[2] / "docs" / "writing-a-pass.md").read_text()
SHIFTS, EXPECT = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def loaded(tmp_path: Path) -> Path:
    for name, text in (("shifts", SHIFTS), ("expect", EXPECT)):
        (tmp_path / f"{name}.py").write_text(text)
        passes.registry.load_file(str(tmp_path / f"{name}.py"))
    yield tmp_path
    forget("shifts")
    forget("expect-no-panic")


PROGRAM = """func @f(%x: i32, %bad: i1) -> i32 {
^entry:
  %eight = const 8 : i32
  %y = mul %x, %eight
  %many = const 64 : i32
  %z = mul %y, %many
  cond_br %bad, ^fail, ^fine
^fail:
  br ^give_up
^give_up:
  panic "bad"
^fine:
  ret %z
}
"""


def test_the_command_of_the_page(loaded: Path) -> None:
    program = loaded / "a.air"
    program.write_text(PROGRAM)
    status, out, err = altru_opt("-p", "shifts{limit=4},dce,expect-no-panic", "--verify-each", "--statistics", str(program))
    assert status == 0
    assert re.search(r"%\d+ = const 3 : i32\n  %y = shl %x, %\d+\n", out)
    assert "%z = mul %y, %many" in out
    assert "cond_br %bad, ^fail, ^fine {unlikely}" in out
    assert "1  shifts: multiplications replaced" in err


def test_generated_programs(loaded: Path) -> None:
    for seed in range(12):
        assert check_passes(seed, pipelines=("shifts", "expect-no-panic,shifts,canonicalize")) is None


def test_what_the_page_names_is_there() -> None:
    from altru_ir import behaviour, marks

    names = re.findall(r"`(\w+)\((?:op|type), m\)`", PAGE)
    assert len(names) >= 6
    assert all(hasattr(behaviour, name) or hasattr(marks, name) for name in names)
    assert air.verify(air.parse(PROGRAM)) == []
