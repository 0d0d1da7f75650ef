"""Structured building: the code runs and gives what the same Python gives."""

from __future__ import annotations

import contextlib
import random
from typing import Any

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


def test_match_of_integers(b: air.Builder) -> None:
    f = b.function("f", [("x", air.I32)], air.I32)
    (x,) = f.parameters
    result = b.variable(air.I32, b.const(0, air.I32))
    with b.match(x) as m:
        with m.case(1):
            result.set(b.const(10, air.I32))
        with m.case(2):
            b.ret(b.const(-2, air.I32))
        with m.otherwise():
            result.set(x)
    with b.match(x) as m, m.case(7):
        result.set(b.const(70, air.I32))
    b.ret(result.get())
    assert [run(b, n) for n in (1, 2, 3, 7)] == [10, -2, 3, 70]


def test_match_of_an_enum_in_a_place(b: air.Builder) -> None:
    boxed = air.OwnType(air.I32)
    option = b.declare_enum("Option", [("None", air.UNIT), ("Some", boxed)])
    f = b.function("f", [("x", air.I32)], air.I32)
    with b.body(f) as (x,):
        place = b.local(option)
        b.init(place, b.enum("Some", option, b.new(x, boxed)))
        with b.match(place) as m, m.case("Some") as owner:
            assert owner is not None
            assert owner.type.is_place
            content = b.deref(owner)
            b.assign(content, b.add(b.load(content), b.const(1, air.I32)))
        with b.match(place) as m:
            with m.case("Some") as owner:
                assert owner is not None
                b.ret(b.load(b.deref(owner)))
            with m.case("None") as nothing:
                assert nothing is None
                b.ret(b.const(-1, air.I32))
        assert not b.is_open
    assert run(b, 5) == 6


def test_where_nothing_goes_on_there_is_no_join(b: air.Builder) -> None:
    f = b.function("f", [("x", air.I32)], air.I32)
    with b.body(f) as (x,):
        with b.loop(), b.if_else(b.icmp("eq", x, x)) as (yes, no):
            with yes:
                b.ret(x)
            with no:
                b.innermost_loop.continue_()
        assert not b.is_open
    assert [block.terminator is not None for block in f.blocks] == [True] * 4
    assert run(b, 3) == 3


def test_signed_range(b: air.Builder) -> None:
    f = b.function("f", [("low", air.I64), ("high", air.I64)], air.I64)
    with b.body(f) as (low, high):
        total = b.variable(air.I64, b.const(0, air.I64))
        with b.for_range(low, high, signed=True) as i:
            total.set(b.add(total.get(), i))
        b.ret(total.get())
    assert run(b, -3, 2) == -5


def test_handles_of_what_is_finished(b: air.Builder) -> None:
    f = b.function("f", [("x", air.I32)])
    with b.loc(7, 3, "a.toy"):
        unfinished = b.body(f)
        unfinished.__enter__()
        b.at_end(b.block())
        b.ret()
        with pytest.raises(BuilderError, match=r"@f ends without a terminator in \^entry .* at a\.toy:7:3"):
            unfinished.__exit__(None, None, None)
        b.at_end(f.entry)
        with b.loop() as over:
            over.break_()
        with pytest.raises(BuilderError, match=r"no longer being built .* at a\.toy:7:3") as caught:
            over.break_()
        assert caught.value.location == air.Location("a.toy", 7, 3)
    (x,) = f.parameters
    with b.if_else(b.icmp("eq", x, x)) as (yes, _):
        pass
    with pytest.raises(BuilderError, match="not behind its construct"), yes:
        pass
    with b.match(x) as m, m.otherwise():
        pass
    with pytest.raises(BuilderError, match="no arm follows"):
        m.case(1)
    with pytest.raises(BuilderError, match="takes an enum or an integer"), b.match(b.const(1.0, air.F64)):
        pass
    with pytest.raises(BuilderError, match="is no number"), b.match(x) as m:
        m.case("Some")
    with pytest.raises(BuilderError, match="not the innermost"), b.scope():
        b.function("g")
    with pytest.raises(BuilderError, match="not the innermost"), b.loop():
        b.function("h")
    other = air.Builder(air.Module("other"))
    with pytest.raises(BuilderError, match="no function of module @other"), other.body(f):
        pass


def test_a_removed_operation_is_no_place_to_build(b: air.Builder) -> None:
    f = b.function("f", [("x", air.I32)], air.I32)
    (x,) = f.parameters
    y = b.add(x, x)
    assert y.operation is not None
    b.before(y.operation)
    f.entry.ops.clear()
    y.operation.block = None
    with pytest.raises(BuilderError, match="`add`, in front of which to build, was removed"):
        b.const(1, air.I32)
    b.at_end(f.entry)
    with pytest.raises(BuilderError, match="no function"):
        b.ret(y)


def test_a_destructor(b: air.Builder) -> None:
    log = air.RefType(air.parse_type("cell<i64>"))
    loud = b.declare_struct("Loud", [("log", log)], drop="Loud.drop")
    with b.body(b.function("Loud.drop", [("self", air.RefType(loud, True))])) as (self,):
        cell = b.load(b.field(b.deref(self), "log"))
        b.cell_set(cell, b.add(b.cell_get(cell), b.const(1, air.I64)))
    with b.body(b.function("f", [("x", air.I64)], air.I64)) as (x,):
        cell_place = b.local(air.parse_type("cell<i64>"))
        b.init(cell_place, b.cell_new(x))
        with b.scope():
            for _ in range(3):
                b.init(b.local(loud), b.struct([b.borrow(cell_place)], loud))
        b.ret(b.cell_get(b.borrow(cell_place)))
    assert run(b, 10) == 13


def test_an_edge_to_a_removed_block_is_found_by_verify(b: air.Builder) -> None:
    f = b.function("f")
    gone = b.block("gone")
    b.br(gone)
    f.blocks.remove(gone)
    assert "ALT-V018" in {d.code for d in air.verify(b.module)}


LOUD = """
struct @Loud { n: i64, log: ref<cell<i64>> } drop @Loud.drop
func @Loud.drop(%self: ref<mut @Loud>) {
^entry:
  %s = deref %self
  %n_place = field %s, n
  %n = load %n_place
  %log_place = field %s, log
  %log = load %log_place
  %before = cell.get %log
  %base = const 31 : i64
  %shifted = mul %before, %base
  %after = add %shifted, %n
  cell.set %log, %after
  ret
}
"""


class Ended(Exception):
    """In Python: control leaves a scope by ``return``, ``break`` or ``continue``."""


class Scopes:
    """A random program of scopes, branches, loops and early exits, built and run in Python side by side."""

    def __init__(self, seed: int) -> None:
        self.choose = random.Random(seed)
        self.number = 0
        self.program = self.block(4, False)

    def block(self, depth: int, in_loop: bool) -> list[tuple[Any, ...]]:
        made: list[tuple[Any, ...]] = []
        for _ in range(self.choose.randint(1, 4)):
            kind = self.choose.choice(["make", "make", "scope", "if", "loop", "exit"])
            self.number += 1
            if kind == "make" or depth == 0:
                made.append(("make", self.number))
            elif kind == "scope":
                made.append(("scope", self.block(depth - 1, in_loop)))
            elif kind == "if":
                arms = self.block(depth - 1, in_loop), self.block(depth - 1, in_loop)
                made.append(("if", self.choose.randrange(8), *arms))
            elif kind == "loop":
                made.append(("loop", self.choose.randint(1, 3), self.block(depth - 1, True)))
            else:
                made.append(
                    (self.choose.choice(["break", "continue", "return"] if in_loop else ["return"]), self.choose.randrange(8))
                )
        return made

    def build(self, b: air.Builder, x: air.Value, log: air.Value, block: list[tuple[Any, ...]]) -> None:
        def flag(bit: int) -> air.Value:
            return b.icmp("ne", b.and_(x, b.const(1 << bit, air.I64)), b.const(0, air.I64))

        for kind, *rest in block:
            if kind == "make":
                loud = b.local(air.NamedType("Loud"))
                b.init(loud, b.struct([b.const(rest[0], air.I64), log], air.NamedType("Loud")))
            elif kind == "scope":
                with b.scope():
                    self.build(b, x, log, rest[0])
            elif kind == "if":
                with b.if_else(flag(rest[0])) as (yes, no):
                    with yes:
                        self.build(b, x, log, rest[1])
                    with no:
                        self.build(b, x, log, rest[2])
            elif kind == "loop":
                with b.for_range(b.const(0, air.I64), b.const(rest[0], air.I64)):
                    self.build(b, x, log, rest[1])
            else:
                with b.if_(flag(rest[0])):
                    if kind == "return":
                        b.ret(b.cell_get(log))
                    elif kind == "break":
                        b.innermost_loop.break_()
                    else:
                        b.innermost_loop.continue_()
            if not b.is_open:
                return

    def run(self, x: int, log: list[int], block: list[tuple[Any, ...]]) -> None:
        made: list[int] = []
        try:
            for kind, *rest in block:
                if kind == "make":
                    made.append(rest[0])
                elif kind == "scope":
                    self.run(x, log, rest[0])
                elif kind == "if":
                    self.run(x, log, rest[1] if x >> rest[0] & 1 else rest[2])
                elif kind == "loop":
                    for _ in range(rest[0]):
                        try:
                            self.run(x, log, rest[1])
                        except Ended as ended:
                            if str(ended) == "return":
                                raise
                            if str(ended) == "break":
                                break
                elif x >> rest[0] & 1:
                    raise Ended(kind)
        finally:
            log.extend(reversed(made))


@pytest.mark.parametrize("seed", range(24))
def test_scopes_end_their_locals_on_every_way(seed: int) -> None:
    module = air.parse(LOUD)
    b = air.Builder(module)
    scopes = Scopes(seed)
    log_type = air.RefType(air.parse_type("cell<i64>"))
    f = b.function("f", [("x", air.I64), ("log", log_type)], air.I64)
    with b.body(f) as (x, log):
        scopes.build(b, x, log, scopes.program)
        if b.is_open:
            b.ret(b.cell_get(log))
    g = b.function("main_entry", [("x", air.I64)], air.I64)
    with b.body(g) as (x,):
        cell = b.local(air.parse_type("cell<i64>"))
        b.init(cell, b.cell_new(b.const(0, air.I64)))
        log = b.borrow(cell)
        b.call(f, [x, log])
        b.ret(b.cell_get(log))
    assert [str(d) for d in air.verify(module)] == []
    written = sum(op.name == "end" for op in f.operations())
    prepared = backend.prepare(module, opt=0)
    assert written or not any(op.name == "local" for op in f.operations())
    for x in (0, 255, 0b10101010, random.Random(seed).randrange(256)):
        ended: list[int] = []
        with contextlib.suppress(Ended):
            scopes.run(x, ended, scopes.program)
        expected = 0
        for n in ended:
            expected = (expected * 31 + n) % 2**64
        assert backend.interpret(prepared, "main_entry", [x]) % 2**64 == expected
