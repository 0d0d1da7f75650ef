"""Value ranges against the values that generated programs have, and programs of which the answer is known."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from altru_ir import scalars
from altru_ir.module import Function, Module
from altru_ir.passes.analysis.manager import analyze
from altru_ir.passes.analysis.ranges import Ranges
from altru_ir.values import Operation, Value
from tests.analysis.bodies import generated
from tests.analysis.shapes import module_of, value_named
from tests.analysis.watching import Watcher, runs

COUNT = """altru 1
module @m
func @f(%n: usize, %xs: ref<[? x i32]>) {
^entry:
  %zero = const 0 : usize
  %one = const 1 : usize
  %ten = const 10 : usize
  br ^loop(%zero)
^loop(%i: usize):
  %more = icmp ult %i, %ten
  cond_br %more, ^body, ^done
^body:
  %next = add %i, %one
  %twice = add %i, %i
  br ^loop(%next)
^done:
  %j = add %i, %zero
  ret
}
"""


def shown(text: str, *names: str) -> list[str]:
    function = module_of(text).functions["f"]
    ranges = analyze(Ranges, function)
    return [str(ranges.of(value_named(function, name))) for name in names]


def test_a_counted_loop() -> None:
    assert shown(COUNT, "i", "next", "twice", "j") == ["0..10", "1..10", "0..18", "10"]


def test_nested_loops() -> None:
    text = """altru 1
module @m
func @f() {
^entry:
  %zero = const 0 : i32
  %one = const 1 : i32
  %ten = const 10 : i32
  br ^outer(%zero)
^outer(%i: i32):
  %more = icmp slt %i, %ten
  cond_br %more, ^inner(%i), ^done
^inner(%j: i32):
  %on = icmp slt %j, %ten
  cond_br %on, ^body, ^next
^body:
  %j1 = add %j, %one
  br ^inner(%j1)
^next:
  %i1 = add %i, %one
  br ^outer(%i1)
^done:
  ret
}
"""
    assert shown(text, "i", "j", "i1", "j1") == ["0..10", "0..10", "1..10", "1..10"]


def test_checks_and_branches_say_something_behind_them() -> None:
    text = """altru 1
module @m
func @f(%i: usize, %d: i8, %c: i1, %s: i8) {
^entry:
  %ten = const 10 : usize
  %a = add %i, %ten
  check.bounds %i, %ten
  %b = add %i, %ten
  check.nonzero %d
  %q = udiv %s, %d
  switch %s, 3 ^three, 4 ^four, ^other
^three:
  %t = add %s, %s
  ret
^four:
  %limit = const 4 : i8
  %neg = const -3 : i8
  %above = icmp sgt %d, %neg
  %below = icmp slt %d, %limit
  %both = and %above, %below
  cond_br %both, ^inside, ^other
^inside:
  %u = add %d, %limit
  ret
^other:
  ret
}
"""
    assert shown(text, "a", "b", "t", "u") == ["any", "10..19", "6", "2..7"]
    function = module_of(text).functions["f"]
    ranges = analyze(Ranges, function)
    division = next(op for op in function.operations() if op.name == "udiv")
    assert str(ranges.of_operand(division, 1)) == "1..255"
    assert str(ranges.of_operand(division, 0)) == "any"


def test_what_control_does_not_reach() -> None:
    text = """altru 1
module @m
func @f(%x: i8) {
^entry:
  %five = const 5 : i8
  %four = const 4 : i8
  %below = icmp ult %x, %four
  cond_br %below, ^small, ^large
^small:
  %above = icmp ugt %x, %five
  cond_br %above, ^never, ^large
^never:
  %y = add %x, %five
  ret
^large:
  ret
^nowhere:
  %z = add %five, %five
  ret
}
"""
    assert shown(text, "y", "z", "above") == ["None", "None", "0"]


def test_a_panic_says_nothing_in_the_cleanup() -> None:
    text = """altru 1
module @m
func @f(%i: usize, %n: usize) {
^entry:
  %ten = const 10 : usize
  br ^body
^body unwind ^cleanup:
  check.bounds %i, %ten
  %a = add %i, %ten
  ret
^cleanup:
  %b = add %i, %ten
  resume
}
"""
    assert shown(text, "a", "b") == ["10..19", "any"]


def test_only_integers_have_ranges() -> None:
    function = module_of(COUNT).functions["f"]
    with pytest.raises(KeyError, match="is no integer"):
        analyze(Ranges, function).of(function.parameters[1])


class Numbers(Watcher):
    """Whether each integer is within its range."""

    def __init__(self, module: Module) -> None:
        super().__init__(module)
        self.known: dict[Function, Ranges] = {}
        self.seen = self.check
        self.sharp = 0

    def check(self, value: Value, number: Any) -> None:
        if not value.type.is_integer or not isinstance(number, int):
            return
        owner = value.owner
        function = owner if isinstance(owner, Function) else getattr(owner, "function", None)
        assert isinstance(function, Function)
        if function not in self.known:
            self.known[function] = analyze(Ranges, function)
        found = self.known[function].of(value)
        assert found is not None, f"%{value.name} is {number}, but cannot be"
        assert number in found, f"%{value.name} is {number}, not in {found}"
        self.sharp += not found.full and isinstance(owner, Operation) and owner.name != "const"


@pytest.mark.parametrize("seed", range(30))
def test_values_are_in_their_ranges(seed: int) -> None:
    for arguments in ([7, 2], [-1 % 2**64, 0]):
        machines = runs(generated(seed, 6), Numbers, arguments)
        assert machines


def test_ranges_say_something_about_programs() -> None:
    machines = [machine for seed in range(8) for machine in runs(generated(seed, 6), Numbers, [7, 2])]
    assert sum(machine.sharp for machine in machines if isinstance(machine, Numbers)) > 100


PREDICATES = ["ult", "ule", "ugt", "uge", "slt", "sle", "sgt", "sge", "ne", "eq"]


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(PREDICATES), *[st.integers(-6, 6)] * 3, st.sampled_from(["add", "sub", "mul", "shl", "xor"]))
def test_loops_hold_what_they_count(predicate: str, begin: int, end: int, step: int, change: str) -> None:
    """A loop in i8 whose counter changes in any way, run until it repeats itself."""
    text = f"""altru 1
module @m
func @f() {{
^entry:
  %begin = const {begin} : i8
  %end = const {end} : i8
  %step = const {step} : i8
  br ^loop(%begin)
^loop(%i: i8):
  %more = icmp {predicate} %i, %end
  cond_br %more, ^body, ^done(%i)
^body:
  %next = {change} %i, %step
  br ^loop(%next)
^done(%last: i8):
  ret
}}
"""
    module = module_of(text)
    function = module.functions["f"]
    ranges = analyze(Ranges, function)
    found = {name: ranges.of(value_named(function, name)) for name in ("i", "next", "last")}
    seen: set[int] = set()
    i = begin % 256
    while i not in seen:
        seen.add(i)
        assert found["i"] is not None
        assert i in found["i"]
        if not scalars.compare(predicate, 8, i, end % 256):
            assert found["last"] is not None
            assert i in found["last"]
            break
        i = scalars.integer(change, 8, i, step % 256)
        assert found["next"] is not None
        assert i in found["next"]
