"""What is offered as a fix of a conflict of borrows: each kind, that it mends the error, and that it keeps the meaning."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import altru_ir as air
from altru_ir import backend, passes
from altru_ir.diagnostics import edited
from altru_ir.passes import check_memory
from altru_ir.passes.verify.fixes import mend
from altru_ir.passes.verify.memory import check_memory_once
from altru_ir.source import Source
from altru_ir.testing.borrowing import generate
from tests.passes.loans_oracle import fault, inputs, refusals, scheduled

HERE = Path(__file__).parent / "check-loans"
HEAD = """altru 1
module @m
struct @Pair { a: i64, b: i64 }
struct @Noisy<'a> { r: ref<'a, i64> } drop @Noisy.drop
func @Noisy.drop<'a>(%self: ref<mut @Noisy<'a>>)
struct @Loud<'a> { r: ref<'a, own<i64>> } drop @Loud.drop
func @Loud.drop<'a>(%self: ref<mut @Loud<'a>>)
func @look(%r: ref<i64>) nounwind
func @touch(%r: ref<mut i64>) nounwind
func @give(%r: ref<mut i64>, %n: i64) nounwind
func @find<'a>(%r: ref<'a, mut i64>) -> ref<'a, mut i64> nounwind
"""
X = "  %x = local : i64\n  init %x, %n\n"


def fixes(text: str) -> list[tuple[str, str]]:
    """The fixes of the errors of a text: what they say, and the body of the last function with them."""
    module = air.parse(HEAD + text)
    assert air.verify(module) == []
    found = []
    for problem in check_memory(module):
        assert problem.code.startswith(("ALT-B", "ALT-I003")), problem  # what may change a variant ends what is known of it
        if problem.fix is None:
            continue
        fixed = edited(Source("", HEAD + text), problem.fix.edits)
        assert check_memory(air.parse(fixed)) == []
        found.append((problem.fix.message, fixed[len(HEAD) :]))
    return found


def body(lines: str, parameters: str = "%n: i64") -> str:
    return f"func @f({parameters}) {{\n^entry:\n{lines}  ret\n}}\n"


@pytest.mark.parametrize(
    ("parameters", "wrong", "says", "right"),
    [
        (
            "%n: i64",
            X + "  %r = borrow mut %x\n  %s = borrow %x\n  call @look(%s)\n  %p = deref %r\n  %v = load %p\n",
            "borrow `%x` shared: nothing writes through it",
            X + "  %r = borrow %x\n  %s = borrow %x\n  call @look(%s)\n  %p = deref %r\n  %v = load %p\n",
        ),
        (
            "%n: i64",
            X + "  %r = borrow mut %x\n  %m = load %x\n  call @give(%r, %m)\n",
            "borrow `%x` after that",
            X + "  %m = load %x\n  %r = borrow mut %x\n  call @give(%r, %m)\n",
        ),
        (
            "%n: i64",
            X + "  %r = borrow mut %x\n  %t = call @find(%r)\n  assign %x, %n\n  call @touch(%t)\n",
            "`assign` after the last use of the reference",
            X + "  %r = borrow mut %x\n  %t = call @find(%r)\n  call @touch(%t)\n  assign %x, %n\n",
        ),
        (
            "%n: i64",
            X + "  %r = borrow mut %x\n  %p = deref %r\n  assign %p, %n\n  %s = borrow mut %x\n  call @touch(%s)\n"
            "  assign %p, %n\n",
            "reborrow through %r, which has it for itself",
            X + "  %r = borrow mut %x\n  %p = deref %r\n  assign %p, %n\n  %r_place = deref %r\n"
            "  %s = borrow mut %r_place\n  call @touch(%s)\n  assign %p, %n\n",
        ),
        (
            "%r: ref<mut i64>",
            "  %p = deref %r\n  %s = borrow mut %p\n  call @touch(%r)\n  call @touch(%s)\n",
            "lend %r to it, and borrow `%p` again after that",
            "  %p = deref %r\n  %s = borrow mut %p\n  %r_place = deref %r\n  %r_lent = borrow mut %r_place\n"
            "  call @touch(%r_lent)\n  %s_again = borrow mut %p\n  call @touch(%s_again)\n",
        ),
        (
            "%n: i64",
            X + "  %r = borrow mut %x\n  %p = deref %r\n  assign %p, %n\n  %t = take %x\n  init %x, %t\n  assign %p, %t\n",
            "use `%x` itself instead of the reference",
            X + "  assign %x, %n\n  %t = take %x\n  init %x, %t\n  assign %x, %t\n",
        ),
        (
            "%n: i64",
            X + "  %r = borrow %x\n  call @look(%r)\n  assign %x, %n\n  call @look(%r)\n",
            "borrow `%x` again after that",
            X + "  %r = borrow %x\n  call @look(%r)\n  assign %x, %n\n  %r_again = borrow %x\n  call @look(%r_again)\n",
        ),
        (
            "%n: i64",
            X + "  %r = borrow %x\n  end %x\n  call @look(%r)\n",
            "end it after the last use",
            X + "  %r = borrow %x\n  call @look(%r)\n  end %x\n",
        ),
        (
            "%n: i64",
            X + "  %r = borrow %x\n  %h = local : @Noisy<'_>\n  %v = struct %r : @Noisy<'_>\n  init %h, %v\n  br ^next\n"
            "^next:\n  end %x\n  br ^last\n^last:\n  end %h\n",
            "leave out this `end`: what is left open is closed later",
            X + "  %r = borrow %x\n  %h = local : @Noisy<'_>\n  %v = struct %r : @Noisy<'_>\n  init %h, %v\n  br ^next\n"
            "^next:\n  br ^last\n^last:\n  end %h\n",
        ),
        (
            "%o: own<i64>",
            "  %h = local : @Loud<'_>\n  %x = local : own<i64>\n  init %x, %o\n  %r = borrow %x\n"
            "  %v = struct %r : @Loud<'_>\n  init %h, %v\n",
            "declare %x before %h: it then ends later",
            "  %x = local : own<i64>\n  %h = local : @Loud<'_>\n  init %x, %o\n  %r = borrow %x\n"
            "  %v = struct %r : @Loud<'_>\n  init %h, %v\n",
        ),
        (
            "%c: i1, %n: i64",
            X + "  %h = local : ref<i64>\n  %r = borrow %x\n  init %h, %r\n  br ^loop\n^loop:\n  assign %x, %n\n"
            "  %t = load %h\n  call @look(%t)\n  cond_br %c, ^loop, ^done\n^done:\n",
            "lend a copy of `%x`",
            X + "  %h = local : ref<i64>\n  %r_copy = local : i64\n  %r_value = load %x\n  init %r_copy, %r_value\n"
            "  %r = borrow %r_copy\n  init %h, %r\n  br ^loop\n^loop:\n  assign %x, %n\n"
            "  %t = load %h\n  call @look(%t)\n  cond_br %c, ^loop, ^done\n^done:\n",
        ),
        (
            "%n: i64",
            X + "  %r = borrow %x\n  %h = local : ref<'static, i64>\n  init %h, %r\n  %t = load %h\n  call @look(%t)\n",
            "leave the region of %h to be inferred",
            X + "  %r = borrow %x\n  %h = local : ref<'_, i64>\n  init %h, %r\n  %t = load %h\n  call @look(%t)\n",
        ),
    ],
)  # fmt: skip
def test_kinds(parameters: str, wrong: str, says: str, right: str) -> None:
    assert list(dict.fromkeys(fixes(body(wrong, parameters)))) == [(says, body(right, parameters))]


@pytest.mark.parametrize(
    ("wrong", "right", "says"),
    [
        ("<'a, 'b>(%x: ref<'a, i64>, %y: ref<'b, i64>)", "<'a, 'b: 'a>(%x: ref<'a, i64>, %y: ref<'b, i64>)", "'b: 'a"),
        ("<'a, 'c, 'b: 'c>(%x: ref<'a, i64>, %y: ref<'b, i64>)",
         "<'a, 'c, 'b: 'c + 'a>(%x: ref<'a, i64>, %y: ref<'b, i64>)", "'b: 'a"),
        ("<'a>(%x: ref<'a, i64>, %y: ref<i64>)", "<'a, 'b: 'a>(%x: ref<'a, i64>, %y: ref<'b, i64>)", "'b: 'a"),
        ("<'a>(%x: fn(ref<i64>), %y: ref<i64>)", "<'a, 'b: 'a>(%x: fn(ref<i64>), %y: ref<'b, i64>)", "'b: 'a"),
    ],
)  # fmt: skip
def test_a_clause_is_declared(wrong: str, right: str, says: str) -> None:
    rest = " -> ref<'a, i64> {\n^entry:\n  ret %y\n}\n"
    ((said, text),) = fixes(f"func @f{wrong}{rest}")
    assert said.endswith(f"declare `{says}`")
    assert text == f"func @f{right}{rest}"


@pytest.mark.parametrize(
    ("wrong", "right", "says"),
    [
        ("(%x: ref<i64>, %y: ref<i64>) -> ref<i64>", "<'a>(%x: ref<i64>, %y: ref<'a, i64>) -> ref<'a, i64>", "'a"),
        ("<'x>(%x: ref<i64>, %y: ref<'x, i64>) -> ref<i64>", "<'x>(%x: ref<i64>, %y: ref<'x, i64>) -> ref<'x, i64>", "'x"),
        ("(%y: ref<'static, i64>) -> ref<i64>", None, None),  # told by the only parameter
        ("(%x: ref<i64>, %y: ref<fn(ref<i64>) -> i64>) -> ref<fn(ref<i64>) -> i64>",  # what a function type binds stays
         "<'a>(%x: ref<i64>, %y: ref<'a, fn(ref<i64>) -> i64>) -> ref<'a, fn(ref<i64>) -> i64>", "'a"),
    ],
)  # fmt: skip
def test_the_region_of_a_result_is_named(wrong: str, right: str | None, says: str | None) -> None:
    rest = " {\n^entry:\n  ret %y\n}\n"
    found = [] if right is None else [(f"name the region of the result, {says}", f"func @f{right}{rest}")]
    assert fixes(f"func @f{wrong}{rest}") == found


def test_a_result_of_two_parameters_has_one_region_and_one_of_none_is_static() -> None:
    text = "func @f(%x: ref<i64>, %y: ref<i64>) -> (ref<i64>, ref<i64>) {\n^entry:\n  %t = tuple %x, %y\n  ret %t\n}\n"
    ((said, mended),) = fixes(text)
    assert said == "name one region for all, 'a"
    assert "@f<'a>(%x: ref<'a, i64>, %y: ref<'a, i64>) -> (ref<'a, i64>, ref<'a, i64>)" in mended
    ((said, mended),) = fixes("func @f(%n: i64) -> ref<i64> {\n^entry:\n  abort\n}\n")
    assert said == "name the region of the result, 'static"
    assert "-> ref<'static, i64>" in mended


def test_a_region_that_is_written_may_be_left_to_be_inferred() -> None:
    text = """func @f<'a, 'b>(%x: ref<'a, i64>, %y: ref<'b, i64>) {
^entry:
  %h = local : ref<'a, i64>
  init %h, %y
  %t = load %h
  call @look(%t)
  ret
}
"""
    assert fixes(text) == [("leave the region of %h to be inferred", text.replace("local : ref<'a", "local : ref<'_"))]


COLLECTED = """struct @Object { const n: i64, next: gc<@Object> }
func @f(%v: gc<@Object>) {
^entry:
  %p = deref %v
  %g = field %p, next
  %o = deref %g
  %q = field %o, n
  %r = borrow %q
  call @look(%r)
  ret
}
func @g(%v: gc<@Object>, %w: gc<@Object>) {
^entry:
  %l = local : gc<@Object>
  init %l, %v
  %o = deref %l
  %q = field %o, n
  %r = borrow %q
  assign %l, %w
  call @look(%r)
  ret
}
"""


def test_a_gc_is_loaded_before_something_is_borrowed_through_it() -> None:
    loaded = COLLECTED.replace("  %o = deref %g\n", "  %g_held = load %g\n  %o = deref %g_held\n")
    last = COLLECTED.replace("  %o = deref %l\n", "  %l_held = load %l\n  %o = deref %l_held\n")
    says = ["load %g, and borrow through that", "load %l, and borrow through that"]
    assert found_one_by_one(COLLECTED) == list(zip(says, [loaded, last], strict=True))


def found_one_by_one(text: str) -> list[tuple[str, str]]:
    """The fixes of a text with several errors."""
    found = [problem.fix for problem in check_memory(air.parse(HEAD + text)) if problem.fix is not None]
    return [(fix.message, edited(Source("", HEAD + text), fix.edits)[len(HEAD) :]) for fix in found]


CALLER = """func @f<'a, 'b>(%x: ref<'a, i64>, %y: ref<'b, i64>) -> ref<'a, i64> {
^entry:
  ret %y
}
func @g<'a, 'b>(%x: ref<'a, i64>, %y: ref<'b, i64>) -> ref<'a, i64> {
^entry:
  %r = call @f(%x, %y)
  ret %r
}
"""


def test_a_clause_that_callers_do_not_show_is_not_shown() -> None:
    assert fixes(CALLER) == []
    callers = CALLER.replace("@g<'a, 'b>", "@g<'a, 'b: 'a>")
    assert [said for said, _ in fixes(callers)] == ["declare `'b: 'a`"]


@pytest.mark.parametrize(
    "lines",
    [
        "  %r = borrow %x\n  %s = borrow mut %x\n  call @both(%s, %r)\n",  # nothing can move, and both are needed
        "  %r = borrow mut %x\n  %s = borrow mut %x\n  call @touch_both(%r, %s)\n",
    ],
)
def test_what_would_stay_wrong_is_not_shown(lines: str) -> None:
    head = "func @both(%s: ref<mut i64>, %r: ref<i64>) nounwind\n"
    head += "func @touch_both(%r: ref<mut i64>, %s: ref<mut i64>) nounwind\n"
    found = fixes(head + body(X + lines))
    assert [said for said, _ in found] == ([] if "touch_both" in lines else ["lend a copy of `%x`"])


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (  # behind the assignment there is no payload to be borrowed
            "  %v = variant %o, Some\n  %r = borrow %v\n  assign %o, %none\n  call @look(%r)\n",
            "`assign` after the last use of the reference",
        ),
        (
            "  %v = variant %o, Some\n  %r = borrow mut %v\n  %d = discriminant %o\n  call @touch(%r)\n",
            "borrow `%v` after that",  # a read changes no variant
        ),
        (  # what is called may change the variant, and then there is nothing to read
            "  %v = variant %o, Some\n  %r = borrow mut %o\n  %d = load %v\n  call @change(%r)\n",
            "borrow `%o` after that",
        ),
        (  # nor if the two change places
            "  %v = variant %o, Some\n  %r = borrow mut %o\n  %p = deref %r\n  %s = borrow mut %p\n  call @change(%s)\n"
            "  %d = load %v\n  call @change(%r)\n",
            None,
        ),
    ],
)
def test_no_payload_is_reached_for_behind_what_may_change_the_variant(lines: str, says: str | None) -> None:
    head = "enum @Opt { None, Some(i64) }\nfunc @change(%o: ref<mut @Opt>) nounwind\n"
    start = (
        f"  %o = local : @Opt\n  init %o, %some\n  switch_enum %o, Some ^some, None ^none\n^some:\n{lines}  br ^none\n^none:\n"
    )
    found = fixes(head + body(start, "%some: @Opt, %none: @Opt"))
    assert [said for said, _ in found] == ([] if says is None else [says])


def test_half_of_the_errors_in_the_tests_of_loans_can_be_mended() -> None:
    errors: Counter[str] = Counter()
    fixed: Counter[str] = Counter()
    for path in sorted(HERE.rglob("*.air")):
        text = path.read_text()
        problems = [problem for problem in check_memory(air.parse(text, path.name)) if problem.code.startswith("ALT-B")]
        before = Counter((problem.code, problem.function) for problem in problems)
        errors.update(problem.code for problem in problems)
        fixed.update(problem.code for problem in problems if problem.fix is not None)
        for problem in [problem for problem in problems if problem.fix is not None][::20]:
            assert problem.fix is not None
            module = air.parse(edited(Source(path.name, text), problem.fix.edits))
            assert air.verify(module) == []
            after = Counter((each.code, each.function) for each in refused(module))
            assert after <= before - Counter([(problem.code, problem.function)]), problem
    assert errors.total() >= 184
    assert 4 * fixed.total() >= 3 * errors.total(), (fixed, errors)


def refused(module: air.Module) -> list[air.Diagnostic]:
    return [problem for problem in check_memory_once(module) if problem.code.startswith("ALT-B")]


KEEPING = ("borrow ", "use ", "reborrow ", "reach ", "lend %")


def test_generated_programs_that_were_mended_run_without_a_fault() -> None:
    """And what moves nothing but borrows leaves what is computed as it was when nobody asked the borrow checker."""
    mended = compared = 0
    for seed in (2, 14, 21, 36):
        text = generate(seed, wild=0.2).text
        before = scheduled(air.parse(text))
        assert refusals(before)
        after = scheduled(air.parse(mend(Source("a.air", text))))
        if not refusals(after):
            mended += 1
            assert fault(after, inputs(4, seed)) is None, seed
        outcomes = [(bits, outcome(before, bits)) for bits in inputs(4, seed)]
        for problem in check_memory(air.parse(text)):
            if problem.fix is None or not problem.fix.message.startswith(KEEPING):
                continue
            after = scheduled(air.parse(edited(Source("a.air", text), problem.fix.edits)))
            for bits, known in outcomes:
                if known is not None and outcome(after, bits) is not None:
                    assert outcome(after, bits) == known, (seed, bits)
                    compared += 1
    assert mended >= 3
    assert compared >= 8


def outcome(module: air.Module, bits: int) -> object:
    """What ``main_entry`` gives, or how it panics; None when it has a fault."""
    ready = module.clone()
    passes.run(ready, "elaborate-drops")
    try:
        return backend.interpret(ready, "main_entry", [bits], schedules=1)
    except air.Panic as panic:
        return panic.message
    except air.MemoryFault:
        return None
