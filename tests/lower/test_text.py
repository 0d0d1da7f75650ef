"""LLVM's text: what is written by the loop over a block is what the lowerings write, and what has no lowering is refused."""

from __future__ import annotations

import gc
import re

import llvmlite.binding as llvm
import pytest

import altru_ir as air
from altru_ir import backend
from altru_ir.backend.lower import ops
from altru_ir.backend.lower.function import FunctionLowering
from altru_ir.backend.lower.module import lower_module
from altru_ir.backend.lower.registry import Lowering
from altru_ir.collector import CollectorPaused
from altru_ir.testing.generator import generate
from altru_ir.values import Operation

NAMES = """altru 1
module @names
func @f(%a: i64, %b: usize, %"c d": f32, %0: i1) -> i64 {
^entry:
  %x.1 = add %a, %a
  %"e f" = fmul %"c d", %"c d"
  %7 = sub %b, %b
  %"\N{LATIN SMALL LETTER E WITH ACUTE}" = xor %0, %0
  cond_br %0, ^"g h"(%x.1), ^"g h"(%a)
^"g h"(%i: i64):
  %j = mul %i, %x.1
  %minus = const -1 : i64
  %large = const 18446744073709551615 : i64
  %yes = const 1 : i1
  %k = add %minus, %large
  %less = icmp slt %k, %j
  %same = fcmp oeq %"c d", %"c d"
  cond_br %less, ^once(%yes), ^more
^more:
  %again = icmp ult %b, %b
  cond_br %again, ^more, ^once(%same) {unlikely}
^once(%flag: i1):
  %l = icmp slt %j, %minus
  br ^last(%j, %k, %l)
^last(%m: i64, %n: i64, %o: i1):
  ret %n
}
"""


def test_the_loop_writes_what_the_lowering_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    modules = [air.parse(text) for text in (NAMES, *(generate(seed).text for seed in range(12)))]
    straight = [lower_module(module) for module in modules]
    asked: set[str] = set()
    for name, usual in ops.LOWERINGS.items():
        if usual is ops.two_operands or usual in ops.USUAL:  # a lowering of somebody else's is asked

            def theirs(f: FunctionLowering, op: Operation, usual: Lowering = usual) -> None:
                asked.add(op.name)
                usual(f, op)

            monkeypatch.setitem(ops.LOWERINGS, name, theirs)
    assert [lower_module(module) for module in modules] == straight
    assert asked >= {"add", "sub", "mul", "xor", "fmul", "const", "icmp", "fcmp", "br", "cond_br"}
    assert '  %"x.1"' not in straight[0]
    assert "  %x.1 = add i64 %a, %a" in straight[0]
    assert "  %k = add i64 -1, -1" in straight[0]


def test_a_lowering_of_ones_own_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ops.LOWERINGS, "add", lambda f, op: f.alias(op.result, "77"))
    assert "mul i64 %i, 77" in lower_module(air.parse(NAMES))


def test_lowering_twice_in_different_ways() -> None:
    module = air.parse(NAMES)
    first = lower_module(module)
    lower_module(module, panic="unwind", entries="table", instrument="heap-sites")
    assert lower_module(module) == first


@pytest.mark.parametrize(
    "name", ["", "7", "7x", "a b", "a\nb", "a%b", "a\n%b", "\N{LATIN SMALL LETTER E WITH ACUTE}", '"a"', "x", None]
)
def test_names_of_any_kind_are_told_apart(name: str | None) -> None:
    """LLVM accepts what is written for a name that the text's grammar would not let through, beside plain ones."""
    module = air.Module("names")
    b = air.Builder(module)
    function = b.function("f", [("x", air.I64)], air.I64)
    block = function.blocks[0]
    block.label = name
    value = function.parameters[0]
    for given in (name, name, "a", "b", None):
        value = b.add(value, value)
        value.name = given
    b.ret(value)
    text = lower_module(module)
    assert len(set(re.findall(r"^  (%.*) = add", text, re.MULTILINE))) == 5
    llvm.parse_assembly(text)


def test_declarations_with_parentheses_in_their_names_are_all_there() -> None:
    names = ["g", "g(", "g(x", "g(y"]
    module = air.parse("altru 1\nmodule @m\n" + "\n".join(f'func @"{n}"(%a: i64)' for n in names))
    text = lower_module(module)
    assert [line for line in text.splitlines() if line.startswith("declare")] == [
        f"declare void @{n if n == 'g' else chr(34) + n + chr(34)}(i64)" for n in names
    ]


def test_blocks_stand_behind_what_dominates_them() -> None:
    """A constant of a block that dominates the one before it in the text."""
    text = """altru 1
module @order
func @f(%c: i1) -> i64 {
^entry:
  br ^first
^second:
  cond_br %c, ^third, ^first
^third:
  %r = add %k, %k
  ret %r
^first:
  %k = const 21 : i64
  br ^second
^never:
  br ^second
}
"""
    module = air.parse(text)
    assert air.verify(module) == []
    lowered = lower_module(module)
    assert "  %r = add i64 21, 21" in lowered
    assert "never" not in lowered


DYN = """altru 1
module @dyn
func @f() {
^entry:
  %x = const 5 : i32
  %b = new %x : own<i32>
  %d = unsize %b : own<dyn<'_>>
  drop %d
  ret
}
"""


def test_unsizing_to_dyn_is_refused_with_its_place() -> None:
    with pytest.raises(air.DiagnosticError) as caught:
        backend.compile(air.parse(DYN, filename="dyn.air"))
    (problem,) = caught.value.diagnostics
    assert problem.code == "ALT-S006"
    assert problem.message == "`unsize` to `own<dyn<'_>>` cannot be compiled yet at dyn.air:7:3"


def test_the_collector_is_as_it_was_after_a_pause() -> None:
    def fail_in_two_pauses() -> None:
        with CollectorPaused():
            with CollectorPaused():
                assert not gc.isenabled()
            assert not gc.isenabled()
            raise KeyError

    assert gc.isenabled()
    with pytest.raises(KeyError):
        fail_in_two_pauses()
    assert gc.isenabled()
    gc.disable()
    try:
        with CollectorPaused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
