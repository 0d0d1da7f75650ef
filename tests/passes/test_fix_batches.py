"""Fixes of many problems in one function: how many looks they take, and that none is shown that needs another one."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import pytest

import altru_ir as air
from altru_ir.diagnostics import Diagnostic, edited
from altru_ir.passes import check_memory
from altru_ir.passes.verify import batches, fixes
from altru_ir.passes.verify.fixes import mend, with_fixes
from altru_ir.passes.verify.memory import check_memory_once
from altru_ir.source import Location, Source

HEAD = "altru 1\nmodule @m\nfunc @use(%r: ref<i32>) nounwind\nfunc @f(%n: i32) {\n^entry:\n"


def assigned(i: int) -> str:
    return f"  %x{i} = local : i32\n  init %x{i}, %n\n  %r{i} = borrow %x{i}\n  assign %x{i}, %n\n  call @use(%r{i})\n"


def read(i: int) -> str:
    return (
        f"  %x{i} = local : i32\n  init %x{i}, %n\n  %r{i} = borrow mut %x{i}\n"
        f"  %v{i} = load %x{i}\n  %p{i} = deref %r{i}\n  assign %p{i}, %v{i}\n"
    )


def ended(i: int) -> str:
    return f"  %x{i} = local : i32\n  init %x{i}, %n\n  %r{i} = borrow %x{i}\n  end %x{i}\n  call @use(%r{i})\n"


def program(count: int, *kinds: Callable[[int], str]) -> str:
    return HEAD + "".join(kinds[i % len(kinds)](i) for i in range(count)) + "  ret\n}\n"


@pytest.mark.parametrize("count", [20, 60])
def test_many_problems_take_few_looks(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = 0

    def counted(module: air.Module) -> list[Diagnostic]:
        nonlocal seen
        seen += 1
        return check_memory_once(module)

    text = program(count, assigned, read, ended)
    monkeypatch.setattr(fixes, "check_memory_once", counted)
    problems = check_memory(air.parse(text))
    assert len(problems) == count
    assert all(problem.fix is not None for problem in problems)
    assert seen <= 24
    chosen = [problem.fix for problem in problems[::13] if problem.fix is not None]
    for fix in chosen:  # each by itself
        assert len(check_memory_once(air.parse(edited(Source("", text), fix.edits)))) == count - 1


def test_alone_and_together_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = program(12, assigned, read, ended)
    together = [problem.fix for problem in check_memory(air.parse(text))]
    monkeypatch.setattr(batches, "FEW", 1000)
    assert together == [problem.fix for problem in check_memory(air.parse(text))]


def test_what_needs_another_fix_is_not_shown() -> None:
    """The proposal of the last problem uses a value that the one of the first makes; another one mends it by itself."""
    text = program(10, assigned)
    module = air.parse(text)
    found = check_memory_once(module)
    lines = text.splitlines()

    def proposal(i: int, new: str) -> air.Fix:
        at = lines.index(f"  assign %x{i}, %n") + 1
        return air.Fix(f"{i}: {new.strip()}", (air.Edit(Location("", at, 1, len(lines[at - 1]) + 1), new),))

    proposed = [
        attrs.evolve(problem, proposals=(proposal(i, f"  %made{i} = const {i} : i32\n"),)) for i, problem in enumerate(found)
    ]
    needy = proposal(9, "  %sum = add %made0, %made0\n")
    other = proposal(9, "")
    shown = with_fixes([*proposed[:9], attrs.evolve(found[9], proposals=(needy, other))], module.source)
    assert [problem.fix for problem in shown[:9]] == [problem.proposals[0] for problem in proposed[:9]]
    assert shown[9].fix == other
    shown = with_fixes([*proposed[:9], attrs.evolve(found[9], proposals=(needy,))], module.source)
    assert shown[9].fix is None


def test_one_fix_may_mend_two_problems() -> None:
    text = program(8, assigned).replace("  assign %x3, %n\n", "  assign %x3, %n\n  assign %x3, %n\n")
    problems = check_memory(air.parse(text))
    assert len(problems) == 9
    assert all(problem.fix is not None for problem in problems if "%x3" not in problem.message)
    assert check_memory_once(air.parse(mend(Source("a.air", text)))) == []


def test_places_in_another_file_do_no_harm() -> None:
    """As a front-end gives them to its operations."""
    text = program(10, assigned, read, ended)
    lines = text.split("\n")
    for i, line in enumerate(lines):
        if "= borrow" in line or line.startswith(("  assign", "  end")):
            lines[i] += f' loc("x.toy":{9000 + i}:1)'
    text = "\n".join(lines)
    problems = check_memory(air.parse(text))
    assert len(problems) == 10
    assert {problem.location.file for problem in problems if problem.location is not None} >= {"x.toy"}


def test_without_patience_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fixes, "PATIENCE", 3000)
    problems = check_memory(air.parse(program(12, assigned)))
    assert len(problems) == 12
    assert all(problem.fix is None and problem.help is not None and fixes.UNTRIED in problem.help for problem in problems)


def test_regions_that_all_flow_into_each_other_are_told_in_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """90 errors in 40 lines, each with a fix of the one signature: what was found so far is shown when patience runs out."""
    count = 10
    names = [f"'a{n}" for n in range(count)]
    text = f"func @f<{', '.join(names)}>(%c: i1, "
    text += ", ".join(f"%p{n}: ref<{name}, i64>" for n, name in enumerate(names))
    text += f") -> ({', '.join(f'ref<{name}, i64>' for name in names)}) {{\n^entry:\n"
    text += "  %h = local : ref<'_, i64>\n  init %h, %p0\n  br ^b0\n"
    for n in range(count):
        text += f"^b{n}:\n  cond_br %c, ^x{n}, ^b{n + 1}\n^x{n}:\n  assign %h, %p{n}\n  br ^b{n + 1}\n"
    text += f"^b{count}:\n  %t = load %h\n  %r = tuple {', '.join(count * ['%t'])}\n  ret %r\n}}\n"
    looks = 0
    once = fixes.check_memory_once

    def counted(module: air.Module) -> list[Diagnostic]:
        nonlocal looks
        looks += 1
        return once(module)

    monkeypatch.setattr(fixes, "check_memory_once", counted)
    monkeypatch.setattr(fixes, "PATIENCE", 200_000)
    found = check_memory(air.parse(text))
    assert len(found) == count * (count - 1)
    assert looks <= 200_000 // (90 * fixes.FOUND)
    fixed = sum(problem.fix is not None for problem in found)
    assert 0 < fixed < len(found)
    assert all(problem.fix is not None or fixes.UNTRIED in str(problem.help) for problem in found)
