"""The builder: what it makes is what the text would say, and what it refuses it refuses at once."""

from __future__ import annotations

import pytest

import altru_ir as air
from altru_ir.builder import BuilderError

SUM = """\
altru 1
module @demo {target = "x86_64-linux-gnu"}

func @sum(%xs: ref<[? x i32]>) -> i32 {
^entry:
  %n = slice.len %xs
  %zero = const 0 : usize
  %init = const 0 : i32
  br ^loop(%zero, %init)
^loop(%i: usize, %acc: i32):
  %more = icmp ult %i, %n
  cond_br %more, ^body, ^done {likely}
^body:
  %seq = deref %xs loc("sum.toy":3:5)
  %slot = elem %seq, %i loc("sum.toy":3:5)
  %x = load %slot loc("sum.toy":3:5)
  %next_acc = add %acc, %x
  %one = const 1 : usize
  %next = add %i, %one
  br ^loop(%next, %next_acc)
^done:
  ret %acc
}
"""


def test_the_example_of_the_readme() -> None:
    m = air.Module("demo")
    b = air.Builder(m)
    f = b.function("sum", [("xs", air.RefType(air.ArrayType((None,), air.I32)))], air.I32)
    (xs,) = f.parameters
    loop = b.block("loop", [("i", air.USIZE), ("acc", air.I32)])
    body, done = b.block("body"), b.block("done")
    n = b.slice_len(xs, name="n")
    b.br(loop.to(b.const(0, air.USIZE, name="zero"), b.const(0, air.I32, name="init")))
    b.at_end(loop)
    i, acc = loop.args
    b.cond_br(b.icmp("ult", i, n, name="more"), body, done, likely=True)
    b.at_end(body)
    with b.loc(3, 5, "sum.toy"):
        x = b.load(b.elem(b.deref(xs, name="seq"), [i], name="slot"), name="x")
    total = b.add(acc, x, name="next_acc")
    b.br(loop.to(b.add(i, b.const(1, air.USIZE, name="one"), name="next"), total))
    b.at_end(done)
    b.ret(acc)
    assert air.verify(m) == []
    assert str(m) == SUM
    assert str(air.parse(SUM)) == SUM


@pytest.fixture
def built() -> tuple[air.Builder, air.Function]:
    b = air.Builder(air.Module("m"))
    return b, b.function("f", [("x", air.I32), ("p", air.PtrType(air.I8, True))])


def test_refusals(built: tuple[air.Builder, air.Function]) -> None:
    b, f = built
    x, p = f.parameters
    with pytest.raises(BuilderError, match="`i1`"):
        b.add(x, b.icmp("eq", x, x))
    with pytest.raises(BuilderError, match="needs the `unsafe` marker"):
        b.free(p)
    with pytest.raises(BuilderError, match="does not fit"):
        b.const(300, air.I8)
    with pytest.raises(BuilderError, match="@nothing is not declared"):
        b.call("nothing")
    with pytest.raises(BuilderError, match="no operation `lod`"):
        b.op("lod", [x])
    b.ret()
    with pytest.raises(BuilderError, match="cannot follow `ret`"):
        b.add(x, x)


def test_foreign_and_stale_things(built: tuple[air.Builder, air.Function]) -> None:
    b, f = built
    (x, _) = f.parameters
    first = b.current
    assert first is not None
    b.function("g", [("y", air.I32)])
    with pytest.raises(BuilderError, match="belongs to @f"):
        b.add(x, x)
    with pytest.raises(BuilderError, match="not in @g"):
        b.br(first)
    other = air.Builder(air.Module("other"))
    with pytest.raises(BuilderError, match="in no function of module @other"):
        other.at_end(first)
    with pytest.raises(BuilderError, match="nowhere to go"):
        other.const(1, air.I32)


def test_an_unterminated_block_is_found_by_verify(built: tuple[air.Builder, air.Function]) -> None:
    b, _ = built
    assert [d.code for d in air.verify(b.module)] == ["ALT-V001"]


def test_get_or_declare(built: tuple[air.Builder, air.Function]) -> None:
    b, _ = built
    strlen = b.declare("strlen", [("s", air.PtrType(air.I8), "borrowed")], air.USIZE)
    assert b.declare("strlen", [("t", air.PtrType(air.I8), "borrowed")], air.USIZE) is strlen
    with pytest.raises(BuilderError, match="already declared"):
        b.declare("strlen", [], air.USIZE)


def test_enums_and_aggregates() -> None:
    b = air.Builder(air.Module("m"))
    option = b.declare_enum("Option", [("None", air.UNIT), ("Some", air.I32)])
    point = b.declare_struct("Point", [("x", air.I32), ("y", air.I32)])
    f = b.function("f", [("x", air.I32)], air.I32)
    (x,) = f.parameters
    pair = b.tuple([b.struct([x, x], point), b.array([x, x])])
    some = b.enum("Some", option, b.extract(b.extract(pair, "0"), "y"))
    there, nothing = b.block("there", [("v", air.I32)]), b.block("nothing")
    b.switch_enum(some, [("Some", there), ("None", nothing)])
    b.at_end(there)
    b.ret(there.args[0])
    b.at_end(nothing)
    b.enum("None", option)
    b.ret(x)
    assert air.verify(b.module) == []
    text = str(b.module)
    assert "switch_enum %5, Some ^there, None ^nothing" in text
    assert str(air.parse(text)) == text
    b.at_end(b.block())
    with pytest.raises(BuilderError, match="leaves out None"):
        b.switch_enum(some, [("Some", there)])
