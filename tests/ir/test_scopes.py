"""Structured building: the code runs and gives what the same Python gives."""

from __future__ import annotations

import pytest

import altru_ir as air
from altru_ir import backend
from altru_ir.builder import BuilderError


@pytest.fixture
def b() -> air.Builder:
    return air.Builder(air.Module("m"))


def run(b: air.Builder, *arguments: int) -> object:
    assert [str(d) for d in air.verify(b.module)] == []
    text = str(b.module)
    assert str(air.parse(text)) == text
    results = {backend.compile(b.module, opt=opt)["f"](*arguments) for opt in (0, 3)}
    assert len(results) == 1
    return results.pop()


def test_if_else_joins_what_changed(b: air.Builder) -> None:
    f = b.function("f", [("x", air.I32)], air.I32)
    (x,) = f.parameters
    kept = b.variable(air.I32, b.const(100, air.I32), "kept")
    sign = b.variable(air.I32, x, "sign")
    with b.if_else(b.icmp("slt", x, b.const(0, air.I32))) as (negative, positive):
        with negative:
            sign.set(b.const(-1, air.I32))
        with positive, b.if_(b.icmp("sgt", x, b.const(0, air.I32))):
            sign.set(b.const(1, air.I32))
    b.ret(b.add(kept.get(), sign.get()))
    assert [len(block.args) for block in f.blocks].count(1) == 2
    assert [run(b, n) for n in (-5, 0, 7)] == [99, 100, 101]


def test_loops(b: air.Builder) -> None:
    f = b.function("f", [("n", air.USIZE)], air.USIZE)
    (n,) = f.parameters

    def number(value: int) -> air.Value:
        return b.const(value, air.USIZE)

    total = b.variable(air.USIZE, number(0), "total")
    with b.for_range(number(0), n, "i") as i:
        with b.if_(b.icmp("eq", b.and_(i, number(1)), number(1))):
            b.innermost_loop.continue_()
        with b.if_(b.icmp("ugt", i, number(20))):
            b.innermost_loop.break_()
        total.set(b.add(total.get(), i))
    left = b.variable(air.USIZE, n)
    with b.while_(lambda: b.icmp("ne", left.get(), number(0))):
        left.set(b.sub(left.get(), number(1)))
        with b.loop() as inner:
            total.set(b.add(total.get(), number(1000)))
            inner.break_if(b.icmp("ult", total.get(), number(10**9)))
            total.set(number(0))
    b.ret(total.get())

    def python(count: int) -> int:
        return sum(i for i in range(0, min(count, 21), 2)) + 1000 * count

    assert [run(b, k) for k in (0, 1, 6, 30)] == [python(k) for k in (0, 1, 6, 30)]


def test_an_arm_that_returns_takes_no_part(b: air.Builder) -> None:
    f = b.function("f", [("x", air.I32)], air.I32)
    (x,) = f.parameters
    y = b.variable(air.I32, x)
    with b.if_(b.icmp("eq", x, b.const(0, air.I32))):
        b.ret(b.const(-1, air.I32))
    y.set(b.mul(y.get(), y.get()))
    b.ret(y.get())
    assert [run(b, n) for n in (0, 3)] == [-1, 9]


def test_match(b: air.Builder) -> None:
    option = b.declare_enum("Option", [("None", air.UNIT), ("Some", air.I32), ("Pair", air.I64)])
    f = b.function("f", [("x", air.I32), ("which", air.I32)], air.I32)
    x, which = f.parameters
    value = b.variable(option, b.enum("None", option))
    with b.if_(b.icmp("eq", which, b.const(1, air.I32))):
        value.set(b.enum("Some", option, x))
    with b.if_(b.icmp("eq", which, b.const(2, air.I32))):
        value.set(b.enum("Pair", option, b.sext(x, air.I64)))
    result = b.variable(air.I32, b.const(-1, air.I32))
    with b.match(value.get()) as m:
        with m.case("Some") as payload:
            assert payload is not None
            result.set(b.add(payload, payload))
        with m.otherwise():
            result.set(b.discriminant(value.get()))
    b.ret(result.get())
    assert [run(b, 21, which) for which in (0, 1, 2)] == [0, 42, 2]


def test_misuse(b: air.Builder) -> None:
    f = b.function("f", [("x", air.I32)])
    (x,) = f.parameters
    v = b.variable(air.I32, x, "v")
    with pytest.raises(BuilderError, match="variable `v` has type `i32`, not `i64`"):
        v.set(b.const(1, air.I64))
    with pytest.raises(BuilderError, match="no loop here"):
        _ = b.innermost_loop
    with b.if_(b.icmp("eq", x, x)):
        inner = b.variable(air.I32, x, "inner")
    with pytest.raises(BuilderError, match="variable `inner` is used outside"):
        inner.get()
    b.function("g")
    with pytest.raises(BuilderError, match="variable `v` is used outside"):
        v.get()
