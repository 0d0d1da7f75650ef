"""Each step of the reducer on a small program in which it has something to do: before and after.

A step is applied to all its targets at once, or to those whose positions are given. What comes out verifies and is smaller.
"""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import attrs
import pytest

import altru_ir as air
from altru_ir.testing import whole_language
from altru_ir.testing.reduce.measure import size_of
from altru_ir.testing.reduce.steps import STEPS

ROOT = Path(__file__).parents[2]
HEAD = 'altru 1\nmodule @m {target = "x86_64-linux-gnu"}\n\n'


@attrs.frozen
class Example:
    """What ``step`` makes of ``before``; ``chosen`` are the positions of targets, all when it is None."""

    step: str
    before: str
    after: str
    chosen: list[int] | None = None


EXAMPLES = [
    Example(
        "functions and globals",
        """\
global @g : i64 = 7

func @callee(%x: i64) -> i64 {
^entry:
  ret %x
}

func @f(%x: i64) -> i64 {
^entry:
  %y = call @callee(%x)
  %p = global @g
  %z = load %p
  %s = add %y, %z
  ret %s
}
""",
        """\
func @f(%x: i64) -> i64 {
^entry:
  %0 = local : i64
  %z = load %0
  %s = add %x, %z
  ret %s
}
""",
        [1, 2],
    ),
    Example(
        "bodies",
        """\
private func @f(%x: i64) -> i64 {
^entry:
  ret %x
}
""",
        """\
func @f(%x: i64) -> i64
""",
    ),
    Example(
        "comments",
        """\
// before
func @f() { // behind
^entry: // block
  // operation
  ret
} // end
""",
        """\
func @f() {
^entry:
  ret
}
""",
    ),
    Example(
        "edges",
        """\
func @f(%x: i64) {
^entry:
  switch %x, 1 ^one, 2 ^two, ^rest
^one:
  ret
^two:
  ret
^rest:
  ret
}
""",
        """\
func @f(%x: i64) {
^entry:
  br ^two
^two:
  ret
}
""",
        [0, 2],
    ),
    Example(
        "early returns",
        """\
func @f(%x: i64) -> i64 {
^entry:
  br ^more
^more:
  ret %x
}
""",
        """\
func @f(%x: i64) -> i64 {
^entry:
  %0 = const 0 : i64
  ret %0
}
""",
    ),
    Example(
        "merged blocks",
        """\
func @f(%x: i64) -> i64 {
^entry:
  br ^more(%x)
^more(%y: i64):
  %z = add %y, %y
  br ^end
^end:
  ret %z
}
""",
        """\
func @f(%x: i64) -> i64 {
^entry:
  %z = add %x, %x
  ret %z
}
""",
    ),
    Example(
        "blocks",
        """\
func @f(%c: i1, %x: i64) -> i64 {
^entry:
  cond_br %c, ^body, ^done(%x)
^body:
  %y = add %x, %x
  br ^done(%y)
^done(%z: i64):
  ret %z
}
""",
        """\
func @f(%c: i1, %x: i64) -> i64 {
^entry:
  br ^done(%x)
^done(%z: i64):
  ret %z
}
""",
        [1],
    ),
    Example(
        "calls",
        """\
func @once(%x: i64, %y: i64) -> i64 {
^entry:
  %a = mul %x, %y
  ret %a
}

func @through(%x: i64) -> i64 {
^entry:
  %a = call @once(%x, %x)
  %b = call @twice(%a)
  ret %b
}

func @twice(%x: i64) -> i64 {
^entry:
  ret %x
}

func @f(%x: i64, %c: i1) -> i64 {
^entry:
  %a = add %x, %x
  cond_br %c, ^more, ^done
^more:
  %b = call @through(%a)
  %d = call @twice(%b)
  ret %d
^done:
  ret %a
}
""",
        """\
func @twice(%x: i64) -> i64 {
^entry:
  ret %x
}

func @f(%x: i64, %c: i1) -> i64 {
^entry:
  %a = add %x, %x
  cond_br %c, ^more, ^done
^more:
  %a.1 = mul %a, %a
  %b = call @twice(%a.1)
  %d = call @twice(%b)
  ret %d
^done:
  ret %a
}
""",
    ),
    Example(
        "operations, by earlier values",
        """\
func @f(%x: i64, %y: i32) -> i64 {
^entry:
  %a = zext %y : i64
  %b = mul %a, %x
  %c = add %b, %a
  ret %c
}
""",
        """\
func @f(%x: i64, %y: i32) -> i64 {
^entry:
  ret %x
}
""",
    ),
    Example(
        "operations, by leaves",
        """\
func @f(%x: i64) -> i64 {
^entry:
  %a = add %x, %x
  ret %a
}
""",
        """\
func @f(%x: i64) -> i64 {
^entry:
  %0 = const 0 : i64
  ret %0
}
""",
    ),
    Example(
        "operations, by other operands",
        """\
func @f(%x: i64, %y: i64) -> i64 {
^entry:
  %c = icmp eq %x, %y
  %a = xor %x, %y
  %b = select %c, %x, %a
  ret %b
}
""",
        """\
func @f(%x: i64, %y: i64) -> i64 {
^entry:
  %c = icmp eq %x, %y
  ret %y
}
""",
    ),
    Example(
        "operations, by parameters",
        """\
func @f(%x: i64) -> i1 {
^entry:
  %a = add %x, %x
  %b = icmp eq %a, %x
  ret %b
}
""",
        """\
func @f(%x: i64, %a: i64) -> i1 {
^entry:
  %b = icmp eq %a, %x
  ret %b
}
""",
        [1],
    ),
    Example(
        "results",
        """\
func @g(%x: i64) -> i64 {
^entry:
  ret %x
}

func @f(%x: i64) -> i64 {
^entry:
  %y = call @g(%x)
  ret %y
}
""",
        """\
func @g(%x: i64) {
^entry:
  ret
}

func @f(%x: i64) -> i64 {
^entry:
  call @g(%x)
  ret %x
}
""",
        [0],
    ),
    Example(
        "block arguments",
        """\
func @f(%x: i64) -> i64 {
^entry:
  %k = const 1 : i64
  br ^loop(%k, %x)
^loop(%a: i64, %b: i64):
  %c = icmp ult %a, %b
  cond_br %c, ^loop(%b, %a), ^done
^done:
  ret %a
}
""",
        """\
func @f(%x: i64) -> i64 {
^entry:
  %k = const 1 : i64
  br ^loop(%k)
^loop(%a: i64):
  %c = icmp ult %a, %x
  cond_br %c, ^loop(%x), ^done
^done:
  ret %a
}
""",
        [0],
    ),
    Example(
        "parameters",
        """\
func @g(%x: i64, %y: i64) -> i64 {
^entry:
  %z = add %x, %y
  ret %z
}

func @f(%x: i64) -> i64 {
^entry:
  %y = call @g(%x, %x)
  ret %y
}
""",
        """\
func @g(%x: i64) -> i64 {
^entry:
  %z = add %x, %x
  ret %z
}

func @f(%x: i64) -> i64 {
^entry:
  %y = call @g(%x)
  ret %y
}
""",
        [2],
    ),
    Example(
        "optional operands",
        """\
func @f(%c: i1) {
^entry:
  %k = const 1 : i64
  %x = new %k : own<i64>
  drop %x, if %c
  ret
}
""",
        """\
func @f(%c: i1) {
^entry:
  %k = const 1 : i64
  %x = new %k : own<i64>
  drop %x
  ret
}
""",
    ),
    Example(
        "operands",
        """\
func @f(%x: i64, %y: i64) -> i64 {
^entry:
  %z = add %x, %y
  %t = mul %z, %y
  ret %t
}
""",
        """\
func @f(%x: i64, %y: i64) -> i64 {
^entry:
  %z = add %x, %x
  %t = mul %x, %x
  ret %x
}
""",
    ),
    Example(
        "types, by i8",
        """\
struct @Pair { a: i64, b: i32 }

func @f(%p: @Pair) -> @Pair {
^entry:
  ret %p
}
""",
        """\
func @f(%p: i8) -> i8 {
^entry:
  ret %p
}
""",
    ),
    Example(
        "members",
        """\
struct @Pair { a: i64, b: i32 }

enum @Option { None, Some(i64) }

func @f(%x: i64, %y: i32, %o: @Option) -> i64 {
^entry:
  %p = struct %x, %y : @Pair
  %l = local : @Pair
  init %l, %p
  %b = field %l, b
  assign %b, %y
  %q = load %l
  %a, %c = destructure %q
  switch_enum %o, None ^none, Some ^some
^none:
  ret %a
^some(%s: i64):
  ret %s
}
""",
        """\
struct @Pair { a: i64 }

enum @Option { None }

func @f(%x: i64, %y: i32, %o: @Option) -> i64 {
^entry:
  %0 = local : i32
  %p = struct %x : @Pair
  %l = local : @Pair
  init %l, %p
  assign %0, %y
  %q = load %l
  %a = destructure %q
  br ^none
^none:
  ret %a
}
""",
        [0, 2],
    ),
    Example(
        "locations",
        """\
func @f() {
^entry:
  ret loc("a.c":1:2)
}
""",
        """\
func @f() {
^entry:
  ret
}
""",
    ),
    Example(
        "marks of operations",
        """\
func @f(%x: i64) -> i64 {
^entry:
  %y = add %x, %x {allow = "ALT-L001", toy.note}
  ret %y
}
""",
        """\
func @f(%x: i64) -> i64 {
^entry:
  %y = add %x, %x
  ret %y
}
""",
    ),
    Example(
        "marks of declarations",
        """\
private global mut @g : i64 = 5

private extern "C" func @h(%p: ptr<mut i8> transfer_full) unsafe nounwind

struct @S { a: ptr<mut i8> transfer_full } drop @d

func @d(%s: ref<mut @S>) {
^entry:
  ret
}

private func @f(%x: i64) nounwind {cold} {
^entry:
  ret
}
""",
        """\
global @g : i64

func @h(%p: ptr<mut i8>)

struct @S { a: ptr<mut i8> }

func @d(%s: ref<mut @S>) {
^entry:
  ret
}

func @f(%x: i64) {
^entry:
  ret
}
""",
    ),
    Example(
        "literals, by zero",
        """\
global @g : [2 x f64] = [2.5, -1.0]

func @f(%x: i64) {
^entry:
  %y = const 7 : i64
  %b = const true : i1
  switch %y, 3 ^one, ^one
^one:
  ret
}
""",
        """\
global @g : [2 x f64] = [0.0, 0.0]

func @f(%x: i64) {
^entry:
  %y = const 0 : i64
  %b = const false : i1
  switch %y, 0 ^one, ^one
^one:
  ret
}
""",
    ),
    Example(
        "literals, by one",
        """\
global @g : [3 x i64] = [0, 7, -9]
""",
        """\
global @g : [3 x i64] = [0, 1, 1]
""",
    ),
    Example(
        "literals, by half",
        """\
func @f() {
^entry:
  %y = const 7 : i64
  %z = const -9 : i64
  ret
}
""",
        """\
func @f() {
^entry:
  %y = const 3 : i64
  %z = const -4 : i64
  ret
}
""",
    ),
    Example(
        "arrays",
        """\
global @g : [4 x [2 x i8]] = [[1, 2], [3, 4], [5, 6], [7, 8]]
""",
        """\
global @g : [1 x [2 x i8]] = [[1, 2]]
""",
        [0],
    ),
    Example(
        "names",
        """\
global @table : [1 x i64] = [0]

struct @Pair { first: i64, b: i32 }

enum @Either { Whole(@Pair), Empty }

func @main_entry(%value: @Pair) -> i64 {
^entry:
  %other = local : @Pair
  init %other, %value
  %place = field %other, first
  %x = load %place
  %whole = enum Whole, %value : @Either
  %at = offset_of @Pair, first
  br ^next
^next:
  %t = global @table
  ret %x
}
""",
        """\
global @a : [1 x i64] = [0]

struct @a { a: i64, b: i32 }

enum @b { a(@a), b }

func @b(%a: @a) -> i64 {
^a:
  %b = local : @a
  init %b, %a
  %c = field %b, a
  %x = load %c
  %d = enum a, %a : @b
  %e = offset_of @a, a
  br ^b
^b:
  %t = global @a
  ret %x
}
""",
    ),
]


def test_every_step_has_an_example() -> None:
    assert [example.step for example in EXAMPLES] == [step.name for step in STEPS]


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.step for example in EXAMPLES])
def test_step(example: Example) -> None:
    (step,) = (step for step in STEPS if step.name == example.step)
    module = air.parse(HEAD + example.before)
    assert air.verify(module) == []
    copy = module.clone()
    targets = step.targets(copy)
    step.apply(copy, [targets[i] for i in (range(len(targets)) if example.chosen is None else example.chosen)])
    assert str(copy) == HEAD + example.after
    assert str(module).removeprefix(HEAD) != example.after, "a step edits a copy"
    after = air.parse(str(copy))
    assert air.verify(after) == []
    assert size_of(after, str(after)) < size_of(module, str(module))


def programs() -> list[air.Module]:
    """Every program of the tests and examples that verifies, and some generated ones."""
    found = [whole_language.generate(seed, 2).module for seed in range(6)]
    for path in sorted([*(ROOT / "tests").rglob("*.air"), *(ROOT / "examples").rglob("*.air")]):
        for text in path.read_text().split("// -----"):
            try:
                module = air.parse(text)
            except air.DiagnosticError:
                continue
            if not air.verify(module):
                found.append(module)
    return found


def test_steps_may_break_a_program_but_not_the_reducer() -> None:
    """Whatever is chosen of whatever program, what comes out is text, about which the parser or the verifier may complain."""
    choose = random.Random(1)
    worked = Counter[str]()
    for module in choose.sample(programs(), 10):
        for step in STEPS:
            copy = module.clone()
            targets = step.targets(copy)
            low = choose.randrange(len(targets) + 1)
            step.apply(copy, targets[low : choose.choice([low + 1, len(targets)])])
            try:
                worked[step.name] += air.verify(air.parse(str(copy))) == []
            except air.DiagnosticError:
                continue
    assert all(worked[step.name] for step in STEPS)


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.step for example in EXAMPLES])
def test_targets_are_listed_alike_in_a_copy(example: Example) -> None:
    """``apply`` gets targets of a clone by the positions they have in the original."""
    (step,) = (step for step in STEPS if step.name == example.step)
    module = air.parse(HEAD + example.before)
    each = []
    for position in range(len(step.targets(module))):
        for copy in (module.clone(), module.clone().clone()):
            step.apply(copy, step.targets(copy)[position : position + 1])
            each.append(str(copy))
    assert each[::2] == each[1::2]
