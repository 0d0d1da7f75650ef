"""Reductions of generated programs: what is left is interesting, valid, small, and nothing more can go."""

from __future__ import annotations

import math
import time

import pytest

import altru_ir as air
from altru_ir.testing.reduce import NotInteresting, Search, reduce_module, reduce_search
from altru_ir.testing.reduce.measure import size_of
from altru_ir.testing.reduce.steps import STEPS
from tests.reducer.interesting import (
    Generate,
    Predicate,
    contains,
    differs,
    ends,
    executes,
    first_program,
    large,
    number_of_operations,
    returned,
    scalars,
    whole,
)  # fmt: skip


def valid(text: str) -> air.Module | None:
    try:
        module = air.parse(text)
    except air.DiagnosticError:
        return None
    return None if air.verify(module) else module


def assert_minimal(module: air.Module, interesting: Predicate) -> None:
    """No edit of a single target of any step leaves something valid, smaller and interesting."""
    size = size_of(module, str(module))
    for step in STEPS:
        for position in range(len(step.targets(module))):
            copy = module.clone()
            step.apply(copy, step.targets(copy)[position : position + 1])
            smaller = valid(str(copy))
            if smaller is not None and size_of(smaller, str(smaller)) < size:
                assert not interesting(smaller), f"`{step.name}` makes this of it:\n{copy}"


def assert_no_line_can_go(text: str, interesting: Predicate) -> None:
    """The same without the reducer's steps: no line is there for nothing."""
    lines = text.splitlines(keepends=True)
    for at, line in enumerate(lines):
        smaller = valid("".join(lines[:at] + lines[at + 1 :]))
        if line.strip() and not line.startswith(("altru", "module")) and smaller is not None:
            assert not interesting(smaller), f"without `{line}` it is valid and interesting:\n{text}"


CASES = {
    "switch_enum": (whole, contains("switch_enum")),
    "lock and drop": (whole, contains("lock", "drop")),
    "sdiv returned": (whole, returned("sdiv")),
    "borrow and call executed": (whole, executes("borrow", "call")),
    "panic": (whole, ends("panic")),
    "mul for add": (scalars, differs(" mul ", " add ")),
    "switch and elem executed": (scalars, executes("switch", "elem")),
    "load returned": (scalars, returned("load")),
}


@pytest.mark.parametrize(("generate", "interesting"), CASES.values(), ids=CASES.keys())
def test_what_is_left(generate: Generate, interesting: Predicate) -> None:
    before = first_program(interesting, generate)
    text = str(before)
    asked = 0

    def counted(candidate: air.Module) -> bool:
        nonlocal asked
        asked += 1
        return interesting(candidate)

    reduction = reduce_module(before, counted)
    assert str(before) == text, "the program itself is left as it is"
    left = reduction.module
    assert str(left) == reduction.text
    assert air.verify(left) == []
    assert interesting(left)
    assert size_of(left, reduction.text) < size_of(before, text)
    assert_minimal(left, interesting)
    assert_no_line_can_go(reduction.text, interesting)
    assert reduce_module(left, interesting).text == reduction.text
    # k log(n / k) questions for k things that stay of n, times the steps that have something to ask
    assert reduction.runs == asked
    n, k = number_of_operations(before), number_of_operations(left)
    assert asked <= 40 + 8 * k * math.log2(n)


def test_a_value_that_reaches_the_answer() -> None:
    """At least 300 operations, of which a division and what hands it on stay, within seconds."""
    module = first_program(returned("sdiv"), large, least=300)
    begin = time.monotonic()
    reduction = reduce_module(module, returned("sdiv"))
    assert time.monotonic() - begin < 60
    assert number_of_operations(reduction.module) <= 10


def forgetful(kind: str, forgotten: str) -> air.Module:
    """A generated program without a line that begins with ``forgotten``, for which a run finds a fault of this kind."""
    for seed in range(30):
        lines = str(air.parse(whole(seed))).splitlines(keepends=True)
        for at, line in enumerate(lines):
            module = valid("".join(lines[:at] + lines[at + 1 :])) if line.lstrip().startswith(forgotten) else None
            if module is not None and ends("fault", kind)(module):
                return module
    raise AssertionError(f"`{forgotten}` is never needed")


@pytest.mark.parametrize(("kind", "forgotten"), [("ALT-I001", "init "), ("ALT-L001", "free ")])
def test_a_memory_error(kind: str, forgotten: str) -> None:
    """It becomes the few operations that make it."""
    module = forgetful(kind, forgotten)
    reduction = reduce_module(module, ends("fault", kind))
    assert number_of_operations(reduction.module) <= 15
    assert ends("fault", kind)(reduction.module)


# -- budgets and ends --------------------------------------------------------------------------------------------------------


def a_program() -> air.Module:
    return first_program(contains("cond_br"), least=100)


def test_a_program_that_is_not_interesting() -> None:
    with pytest.raises(NotInteresting, match="not interesting to begin with"):
        reduce_module(a_program(), lambda _: False)


def test_a_budget_of_steps() -> None:
    reduction = reduce_module(a_program(), contains("cond_br"), steps=12)
    assert (reduction.runs, reduction.stopped) == (12, "12 candidates were tried")
    assert contains("cond_br")(reduction.module)
    assert number_of_operations(reduction.module) < number_of_operations(a_program())


def test_a_budget_of_time() -> None:
    reduction = reduce_module(a_program(), contains("cond_br"), seconds=0)
    assert reduction.runs == 1
    assert reduction.stopped == "0 seconds are over"
    assert reduction.text == str(a_program())


def test_the_best_so_far_survives_an_interrupt() -> None:
    """Whoever is interrupted finds an interesting program in the search, smaller than the one it began with."""
    search = Search(str(a_program()), lambda text: "cond_br" in text)

    def interrupt(search: Search) -> None:
        if search.runs == 12:
            raise KeyboardInterrupt

    search.watch = interrupt
    with pytest.raises(KeyboardInterrupt):
        reduce_search(search)
    left = valid(search.best)
    assert left is not None
    assert contains("cond_br")(left)
    assert len(search.best) < len(str(a_program()))


def test_what_the_predicate_raises_is_handed_on() -> None:
    def broken(_: air.Module) -> bool:
        raise ZeroDivisionError("a defect of the predicate")

    with pytest.raises(ZeroDivisionError, match="a defect of the predicate"):
        reduce_module(a_program(), broken)


def test_the_predicate_may_change_its_module() -> None:
    def holds(module: air.Module) -> bool:
        found = contains("cond_br")(module)
        for function in list(module.functions.values()):
            module.remove(function)
        return found

    assert contains("cond_br")(reduce_module(a_program(), holds).module)


def test_no_candidate_is_tried_twice_and_the_order_is_fixed() -> None:
    asked: list[list[str]] = [[], []]
    for texts in asked:

        def holds(text: str, texts: list[str] = texts) -> bool:
            texts.append(text)
            return "cond_br" in text

        reduce_search(Search(str(a_program()), holds))
    assert len(set(asked[0])) == len(asked[0])
    assert asked[0] == asked[1]


def test_blocks_that_nothing_reaches() -> None:
    """There a definition need not come before its use; what stands in for what is still no circle."""
    text = (
        "altru 1\nmodule @m\nfunc @f() {\n^entry:\n  ret\n^x:\n  %a = ptr.cast %b : ptr<i8>\n  br ^y\n"
        "^y:\n  %b = ptr.cast %a : ptr<i8>\n  br ^z\n^z:\n  %e = ptr.addr %b\n  br ^x\n}\n"
    )
    module = air.parse(text)
    assert air.verify(module) == []
    for name in ("ptr.addr", "ptr.cast", "br"):
        reduction = reduce_module(module, contains(name))
        assert number_of_operations(reduction.module) <= 4
        for low in range(4):
            for high in range(low, 5):
                for step in STEPS:
                    copy = module.clone()
                    step.apply(copy, step.targets(copy)[low:high])


def test_deep_and_long_programs() -> None:
    """A chain of 4,000 operations, each of which uses the one before: nothing is quadratic, nothing recurs."""
    chain = "".join(f"  %v{i} = add %v{i - 1}, %x\n" for i in range(1, 4000))
    text = f"altru 1\nmodule @m\nfunc @f(%x: i64) -> i64 {{\n^entry:\n  %v0 = add %x, %x\n{chain}  ret %v3999\n}}\n"
    begin = time.monotonic()
    reduction = reduce_module(air.parse(text), contains("add"))
    assert number_of_operations(reduction.module) <= 3
    assert time.monotonic() - begin < 60
