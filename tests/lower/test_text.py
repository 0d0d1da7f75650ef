"""LLVM's text: what is written by the loop over a block is what the lowerings write, and what has no lowering is refused."""

from __future__ import annotations

import gc

import pytest

import altru_ir as air
from altru_ir import backend
from altru_ir.backend.lower import ops
from altru_ir.backend.lower.module import ModuleLowering, lower_module
from altru_ir.collector import CollectorPaused

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
  ret %j
}
"""


def test_the_loop_writes_what_the_lowering_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    module = air.parse(NAMES)
    straight = lower_module(module)
    assert ModuleLowering(module).heads.keys() >= {"add", "sub", "mul", "xor", "fmul"}
    usual = ops.LOWERINGS["add"]
    for name in ModuleLowering(module).heads:  # a lowering of somebody else's is asked
        monkeypatch.setitem(ops.LOWERINGS, name, lambda f, op: usual(f, op))
    assert ModuleLowering(module).heads == {}
    assert lower_module(module) == straight
    assert '  %"x.1"' not in straight
    assert "  %x.1 = add i64 %a, %a" in straight


def test_a_lowering_of_ones_own_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ops.LOWERINGS, "add", lambda f, op: f.alias(op.result, "77"))
    assert "mul i64 %i, 77" in lower_module(air.parse(NAMES))


def test_lowering_twice_in_different_ways() -> None:
    module = air.parse(NAMES)
    first = lower_module(module)
    lower_module(module, panic="unwind", entries="table", instrument="heap-sites")
    assert lower_module(module) == first


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
