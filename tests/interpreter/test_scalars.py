"""The short texts of scalar operations against their definition, ``altru_ir.scalars``: each operation at each width."""

from __future__ import annotations

from typing import Any

import pytest

import altru_ir as air
from altru_ir import scalars
from altru_ir.backend.interpreter import meanings  # noqa: F401
from altru_ir.backend.interpreter.code import MEANINGS, Activation, FunctionCode, Stage
from altru_ir.backend.interpreter.machine import Machine, Thread, Unwinding
from altru_ir.backend.interpreter.meanings.scalars import BINARY, CHECKED, DIVISIONS
from altru_ir.backend.interpreter.races import Clock
from altru_ir.backend.interpreter.sources import Source, alone
from altru_ir.faults import MemoryFault
from altru_ir.ops.arith import INTEGER_PREDICATES

WIDTHS = (1, 8, 16, 32, 64, 128)


def numbers(bits: int) -> list[int]:
    """The edges of the width, and some in between."""
    mask = (1 << bits) - 1
    edges = {
        0,
        1,
        2,
        3,
        7,
        bits - 1,
        bits,
        bits + 1,
        mask,
        mask - 1,
        1 << (bits - 1),
        (1 << (bits - 1)) - 1,
        0xA5A5A5A5A5A5A5A5,
    }
    return sorted({edge & mask for edge in edges})


def step(line: str, parameters: str) -> Any:
    """The operation ``%r = ...`` of a function with the parameters, as ``f(*operands) -> result``."""
    module = air.parse(f"altru 1\nmodule @m\nfunc @f({parameters}) {{\n^entry:\n  {line}\n  ret\n}}\n")
    assert air.verify(module) == []
    function = module.functions["f"]
    stage = Stage(function, Machine(module))
    (op, _) = function.entry.ops
    source = MEANINGS[op.name](stage, op)
    assert isinstance(source, Source)
    run, slots, result = alone(stage, op, source), [stage.slot(p) for p in function.parameters], stage.slot(op.result)

    code = FunctionCode(function, stage.machine)

    def call(*operands: Any) -> Any:
        s: list[Any] = [Activation(code, Thread(0, Clock())), *[None] * len(stage.slots)]
        for slot, operand in zip(slots, operands, strict=True):
            s[slot] = operand
        run(s)
        return s[result]

    return call


@pytest.mark.parametrize("name", [*BINARY, *DIVISIONS, *CHECKED])
def test_binary(name: str) -> None:
    for bits in WIDTHS:
        ours = step(f"%r = {name} %a, %b", f"%a: i{bits}, %b: i{bits}")
        for a in numbers(bits):
            for b in numbers(bits):
                try:
                    expected = scalars.integer(name, bits, a, b)
                except scalars.Panics:
                    with pytest.raises((MemoryFault, Unwinding)):
                        ours(a, b)
                else:
                    assert ours(a, b) == expected, (name, bits, a, b)


@pytest.mark.parametrize("predicate", INTEGER_PREDICATES)
def test_comparisons(predicate: str) -> None:
    for bits in WIDTHS:
        ours = step(f"%r = icmp {predicate} %a, %b", f"%a: i{bits}, %b: i{bits}")
        for a in numbers(bits):
            for b in numbers(bits):
                assert ours(a, b) == scalars.compare(predicate, bits, a, b), (bits, a, b)


def test_casts() -> None:
    for narrow in WIDTHS:
        for wide in WIDTHS:
            if narrow >= wide:
                continue
            trunc, zext, sext = (
                step(f"%r = {name} %a : i{after}", f"%a: i{before}")
                for name, before, after in (("trunc", wide, narrow), ("zext", narrow, wide), ("sext", narrow, wide))
            )
            for a in numbers(wide):
                assert trunc(a) == a % (1 << narrow)
            for a in numbers(narrow):
                assert zext(a) == a
                assert sext(a) == scalars.signed(a, narrow) % (1 << wide)


@pytest.mark.parametrize("name", ["fadd", "fsub", "fmul", "fdiv"])
def test_floats(name: str) -> None:
    values = [0.0, -0.0, 1.5, -2.25, 1e-40, 3e38, float("inf"), 0.1]
    for bits in (32, 64):
        ours = step(f"%r = {name} %a, %b", f"%a: f{bits}, %b: f{bits}")
        for a in values:
            for b in values:
                x, y = (scalars.round32(v) if bits == 32 else v for v in (a, b))
                assert repr(ours(x, y)) == repr(scalars.floating(name, bits, x, y)), (bits, x, y)


def test_what_overflows_says_so() -> None:
    with pytest.raises(MemoryFault, match="division by zero"):
        step("%r = udiv %a, %b", "%a: i8, %b: i8")(1, 0)
    with pytest.raises(MemoryFault, match="does not fit"):
        step("%r = sdiv %a, %b", "%a: i8, %b: i8")(0x80, 0xFF)
    with pytest.raises(Unwinding, match="overflow"):
        step("%r = sadd.checked %a, %b", "%a: i8, %b: i8")(0x7F, 1)
