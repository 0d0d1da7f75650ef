"""What diagnostics offer as a fix mends the error and breaks nothing; errors in the tests of moves receive one."""

from __future__ import annotations

import io
import json
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import attrs
import pytest

import altru_ir as air
from altru_ir.backend.cli.opt import main
from altru_ir.diagnostics import edited
from altru_ir.module import Module
from altru_ir.passes import check_memory
from altru_ir.passes.verify.fixes import mend, with_fixes
from altru_ir.render import terminal
from altru_ir.source import Location, Source
from tests.passes.moves_twin import Generator

HERE = Path(__file__).parent
FILES = sorted((HERE / "check-moves").glob("*.air"))
HEAD = """altru 1
module @fixes
func @eat(%x: own<i32>) {
^entry:
  ret
}
"""
OVER = (
    HEAD
    + """func @f(%x: own<i32>, %y: own<i32>) {
^entry:
  %l = local : own<i32>
  init %l, %x
  init %l, %y       // stays
  call @eat(%y)
  ret
}
"""
)


def kinds(text: str) -> Counter[tuple[str, str | None]]:
    module = air.parse(text)
    assert air.verify(module) == []
    return Counter((problem.code, problem.function) for problem in check_memory(module))


@pytest.mark.parametrize("path", FILES, ids=[path.name for path in FILES])
def test_fixes_mend_and_break_nothing(path: Path) -> None:
    text = path.read_text()
    module = air.parse(text, path.name)
    problems = check_memory(module)
    before = kinds(text)
    fixed = [problem for problem in problems if problem.fix is not None]
    assert 2 * len(fixed) >= len(problems) > 0
    for problem in fixed[::5]:
        assert problem.fix is not None
        after = kinds(edited(Source(path.name, text), problem.fix.edits))
        assert after <= before - Counter([(problem.code, problem.function)]), problem
    mended = mend(Source(path.name, text))
    assert kinds(mended).total() == len(problems) - len(fixed)
    assert mend(Source(path.name, mended)) == mended


def test_what_breaks_something_else_is_not_shown() -> None:
    source = Source("a.air", OVER)
    module = air.parse(OVER, "a.air")
    problem = next(p for p in check_memory(module) if p.code == "ALT-M005")
    line = OVER[: OVER.index("  init %l, %y")].count("\n") + 1
    second = Location("a.air", line, 3, len("init %l, %y"))

    def shown(replacement: str) -> air.Fix | None:
        proposal = air.Fix("", (air.Edit(second, replacement),))
        return with_fixes([attrs.evolve(problem, fix=None, proposals=(proposal,))], module.source)[0].fix

    assert source.text.splitlines()[line - 1].startswith("  init %l, %y")
    assert shown("assign %l, %y") is not None
    assert shown("") is None or "call @eat(%y)" in OVER  # `%y` is then used once: that mends both
    assert shown("drop %l") is not None
    assert shown("init %l, %x") is None  # the error stays
    assert shown("drop %nothing") is None  # no program
    assert shown("drop %l\n  drop %l") is None  # another error


def test_overlapping_edits_are_refused() -> None:
    source = Source("a.air", "abcdef\nxyz\n")
    first, second = (air.Edit(Location("a.air", 1, column, 3), "-") for column in (1, 3))
    with pytest.raises(ValueError, match="overlap"):
        edited(source, [first, second])
    assert edited(source, [air.Edit(Location("a.air", 1, 5, 4), "!"), first]) == "-d!yz\n"


def command(*arguments: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = main([*arguments])
    return status, out.getvalue(), err.getvalue()


def test_the_command_mends(tmp_path: Path) -> None:
    file = tmp_path / "a.air"
    file.write_text(OVER)
    status, out, err = command("--fix", str(file))
    assert (status, err) == (0, "")
    assert "  assign %l, %y_copy       // stays\n" in out or "  assign %l, %y       // stays\n" in out
    assert kinds(out) == Counter()
    status, _, err = command("--check", str(file))
    assert status == 1
    assert "= help: use `assign`, which drops what is there first" in err
    assert "11 -   init %l, %y       // stays\n11 +   assign %l, %y       // stays\n" in err
    status, _, err = command("--check", "--format=json", str(file))
    records = json.loads(err)["diagnostics"]
    fix = next(record["fix"] for record in records if record["code"] == "ALT-M005")
    edits = [air.Edit(Location(**edit["location"]), edit["replacement"]) for edit in fix["edits"]]
    assert kinds(edited(Source(str(file), OVER), edits)) == Counter([("ALT-M001", "f")])
    assert command("--fix", "--run", str(file))[0] == 2


def test_a_sound_text_stays_as_it_is(tmp_path: Path) -> None:
    text = OVER.replace("init %l, %y       // stays", "assign %l, %y   // ok").replace("  call @eat(%y)\n", "")
    file = tmp_path / "a.air"
    file.write_text(text)
    assert command("--fix", str(file)) == (0, text, "")


def test_random_programs_are_mended() -> None:
    errors = fixed = 0
    for seed in range(14):
        text = Generator(seed).program()
        before = kinds(text)
        problems = check_memory(air.parse(text))
        errors += len(problems)
        fixed += sum(problem.fix is not None for problem in problems)
        after = kinds(mend(Source("a.air", text)))
        assert after <= before
        assert (after < before) == any(problem.fix is not None for problem in problems)
    assert errors > 8
    assert 2 * fixed >= errors


def without_text(module: Module) -> Module:
    """The module as if a builder had made it."""
    copy = module.clone()
    copy.source = None
    for function in copy.functions.values():
        function.source = None
        for op in function.operations():
            op.loc = None
    return copy


@pytest.mark.parametrize("path", FILES[:2], ids=[path.name for path in FILES[:2]])
def test_programs_without_text_get_the_same_fixes(path: Path) -> None:
    module = air.parse(path.read_text(), path.name)
    wanted = Counter((p.code, p.function, p.fix and p.fix.message) for p in check_memory(module))
    problems = check_memory(without_text(module))
    assert Counter((p.code, p.function, p.fix and p.fix.message) for p in problems) == wanted


def test_a_fix_of_a_built_program_edits_what_it_prints() -> None:
    b = air.Builder(air.Module("built"))
    f = b.function("f", [("x", air.OwnType(air.I32)), ("y", air.OwnType(air.I32))])
    home = b.local(air.OwnType(air.I32))
    b.init(home, f.parameters[0])
    b.init(home, f.parameters[1])
    b.ret()
    assert air.verify(b.module) == []
    (problem,) = check_memory(b.module)
    assert problem.fix is not None
    assert problem.fix.source is not None
    assert problem.fix.source.text == b.module.text()
    mended = edited(problem.fix.source, problem.fix.edits)
    assert kinds(mended).total() == 0
    shown = terminal.render([problem], {})
    assert "help: use `assign`" in shown
    assert "+   assign" in shown
