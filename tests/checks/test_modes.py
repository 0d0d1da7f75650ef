"""``--checks=``: which checks are kept, and that what is said of a program does not depend on it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import altru_ir as air
from altru_ir import backend
from altru_ir.backend.cli.opt import main
from altru_ir.passes.check_modes import CLASSES, modes_of, split

MODES = ["all", "none", *CLASSES, "bounds,division", "all,unsafe=none", "none,unsafe=all", "bounds,unsafe=null+align"]

DROPPED_IN_A_CLEANUP = """altru 1
module @m
func @f(%xs: ref<[? x i32]>, %i: usize) -> i32 {
^entry:
  %five = const 5 : i32
  %o = new %five : own<i32>
  br ^body
^body unwind ^cleanup:
  drop %o
  %s = deref %xs
  %e = elem %s, %i
  %x = load %e
  ret %x
^cleanup:
  drop %o
  resume
}
"""


@pytest.mark.parametrize("checks", MODES)
def test_no_verdict_depends_on_them(checks: str) -> None:
    with pytest.raises(air.DiagnosticError) as told:
        backend.prepare(air.parse(DROPPED_IN_A_CLEANUP), checks=checks)
    assert [each.code for each in told.value.diagnostics] == ["ALT-M001"]
    right = DROPPED_IN_A_CLEANUP.replace("  drop %o\n  %s", "  %s").replace("  ret %x", "  drop %o\n  ret %x")
    backend.prepare(air.parse(right), checks=checks)


MARKED = """altru 1
module @m
func @plain(%xs: ref<[? x i32]>, %i: usize) -> i32 {
^entry:
  %s = deref %xs
  %e = elem %s, %i
  %x = load %e
  ret %x
}
func @marked(%xs: ref<[? x i32]>, %i: usize) -> i32 {
^entry:
  %s = deref %xs
  %half = const 2 : usize
  %zero = const 0 : usize
  %h = subrange %s, %zero, %half
  %e = elem %h, %i unsafe
  %x = load %e
  ret %x
}
func @quotient(%a: i32, %b: i32) -> i32 {
^entry:
  %x = sdiv %a, %b
  ret %x
}
"""


@pytest.mark.parametrize("opt", [0, 2])
def test_what_is_marked_may_go_without(opt: int) -> None:
    numbers = np.array([1, 2, 3, 4], dtype=np.int32)
    library = backend.compile(air.parse(MARKED), opt=opt, checks="all,unsafe=none")
    assert library["marked"](numbers, 3) == 4
    with pytest.raises(air.Panic, match="index 4 out of bounds for length 4"):
        library["plain"](numbers, 4)
    with pytest.raises(air.Panic, match=r"range 0\.\.2 out of bounds"):
        library["marked"](numbers[:1], 0)
    with pytest.raises(air.Panic, match="division by zero"):
        library["quotient"](1, 0)
    with pytest.raises(air.Panic, match="index 3 out of bounds for length 2"):
        backend.compile(air.parse(MARKED), opt=opt)["marked"](numbers, 3)
    with pytest.raises(air.Panic, match="index 3 out of bounds for length 2"):
        backend.compile(air.parse(MARKED), opt=opt, checks="none,unsafe=bounds")["marked"](numbers, 3)


def test_the_interpreter_finds_what_no_check_stops() -> None:
    prepared = backend.prepare(air.parse(MARKED), checks="all,unsafe=none")
    with pytest.raises(air.MemoryFault, match="index 3 is out of bounds for length 2"):
        backend.interpret(prepared, "marked", [[1, 2, 3, 4], 3])
    with pytest.raises(air.Panic, match="index 4 out of bounds for length 4"):
        backend.interpret(prepared, "plain", [[1, 2, 3, 4], 4])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no class of checks ``"),
        ("bound", "no class of checks `bound`"),
        ("bounds,", "no class of checks ``"),
        ("bounds, null", "no class of checks ` null`"),
        ("all,bounds", "`all` stands alone"),
        ("bounds,none", "`none` stands alone"),
        ("overflow", "checked where the operation asks"),
        ("unsafe=all", "says nothing of operations that are not marked"),
        ("all,unsafe=", "no class of checks ``"),
        ("all,unsafe=raw", "no class of checks `raw`"),
        ("all,unsafe=none,unsafe=all", "twice"),
    ],
)
def test_what_names_no_classes(text: str, said: str, tmp_path: object, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match=said):
        modes_of(*split(text))
    with pytest.raises(ValueError, match=said):
        backend.prepare(air.parse(MARKED), checks=text)
    assert main(["-O0", f"--checks={text}", "never-opened.air"]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("text", MODES)
def test_what_names_classes(text: str) -> None:
    modes = modes_of(*split(text))
    assert modes.all == (text == "all")
    assert modes.keeps("bounds", marked=False) == (text.split(",")[0] in ("all", "bounds"))


def test_a_list_that_would_have_no_effect(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--checks=none", "-p", "insert-checks", "never-opened.air"]) == 2
    assert "write there insert-checks{checks=" in capsys.readouterr().err


def test_check_tells_the_same_whatever_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "m.air"
    program.write_text(DROPPED_IN_A_CLEANUP)
    told = set()
    for checks in ("all", "none", "all,unsafe=none"):
        assert main(["--check", f"--checks={checks}", str(program)]) == 1
        told.add(capsys.readouterr().err)
    assert len(told) == 1


def test_a_check_that_the_program_wrote_stays() -> None:
    access = "  %x = load %e\n"
    written = MARKED.replace(access, f"  %four = const 4 : usize\n  check.bounds %i, %four\n{access}", 1)
    prepared = str(backend.prepare(air.parse(written), checks="none", opt=0))
    assert prepared.count("check.") == 1
    assert "check.bounds %i, %four\n" in prepared
    assert str(backend.prepare(air.parse(MARKED), checks="none", opt=0)).count("check.") == 0
