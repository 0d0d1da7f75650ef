"""Random programs over the whole language, well formed by construction.

A program is functions ``(i64, i64) -> i64`` whose bodies are ``if``, counted loops, ``switch`` and calls around *snippets*. A
snippet exercises some operations on random inputs and gives an ``i64`` that is folded into the answer, so what each operation
does can be seen from outside. A snippet belongs to a family; ``families`` chooses them, ``weights`` says how often.

What is promised: the text parses and verifies; running it makes no memory error, releases all it takes, ends within a few
thousand steps, and gives the same answer (or the same panic) on every schedule and at every optimization level. Addresses and
the bits of a NaN never reach the answer.

Example: ``generate(7).text`` is a program; ``generate(7, families={"scalars"})`` one of numbers and control flow only.

Invariant: the same seed, size and dials give the same text in every process (nothing is taken from a set's order).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import attrs

from altru_ir.testing.preludes import names, split, used

if TYPE_CHECKING:
    from altru_ir.module import Module

FAMILIES = (
    "scalars", "floats", "calls", "aggregates", "enums", "places", "slices", "raw", "globals", "owners", "drops", "dyn",
    "homes", "collected", "cells", "atomics", "threads", "panics",
)  # fmt: skip

NATIVE = frozenset(FAMILIES) - {"dyn", "collected", "threads"}
"""The families that native code exists for."""

WEIGHTS = {"scalars": 3.0, "floats": 2.0}
"""How often a family is drawn that is not drawn once."""

SMALL = 2
"""Up to this size a program has one function, or two of which one calls the other; behind it, it has two or three."""

DECLARATIONS = """\
struct @Pair { a: i64, b: i32 }
struct @Nested { head: i8, pair: @Pair, tail: (i16, i64) }
struct @Loud { n: i64, log: ref<cell<i64>> } drop @Loud.drop
struct @Late { n: i64 } drop @Late.drop
struct @Two { first: @Loud, second: @Loud }
struct @Empty {} drop @Empty.drop
struct @Object { next: @Link, v: i64 }
struct @Held { item: own<i64>, count: i64 }
struct @Owning { owns: phantom<@Loud>, v: i64 }
enum @Option { None, Some(i64) }
enum @Shape { Point, Circle(i32), Box((i64, i64)), Named(@Pair) }
enum @Choice { Nothing, Value(@Loud), Boxed(own<i64>) }
enum @Link { End, To(gc<@Object>) }
enum @LinkLate { Gone, There(gc<@Late>) }
union @Word { whole: i64, half: i32, bytes: [8 x i8] }
global @table : [5 x i64] = [3, 1, 4, 1, 5]
global @text : [7 x i8] = "altru!\\x00"
global mut @counter : i64 = 0
global @hits : atomic<i64> = 0
global thread_local @mine : i64 = 5
"""

LIBRARY = {
    "Loud.drop": """\
func @Loud.drop(%self: ref<mut @Loud>) {
^entry:
  %s = deref %self
  %n_place = field %s, n
  %n = load %n_place
  %log_place = field %s, log
  %log = load %log_place
  %before = cell.get %log
  %k = const 31 : i64
  %shifted = mul %before, %k
  %after = add %shifted, %n
  cell.set %log, %after
  ret
}
""",
    "Late.drop": """\
func @Late.drop(%self: ref<mut @Late>) {
^entry:
  %s = deref %self
  %n_place = field %s, n
  %n = load %n_place
  %hits = global.ref @hits
  %before = atomic.rmw add relaxed %hits, %n
  ret
}
""",
    "Empty.drop": """\
func @Empty.drop(%self: ref<mut @Empty>) {
^entry:
  %c = global @counter unsafe
  %n = load %c
  %one = const 1 : i64
  %m = add %n, %one
  assign %c, %m
  ret
}
""",
    "loud": """\
private func @loud(%n: i64, %log: ref<cell<i64>>) -> @Loud {
^entry:
  %l = struct %n, %log : @Loud
  ret %l
}
""",
    "sum": """\
private func @sum(%xs: ref<[? x i64]>) -> i64 {
^entry:
  %n = slice.len %xs
  %zero = const 0 : usize
  %start = const 0 : i64
  br ^loop(%zero, %start)
^loop(%i: usize, %acc: i64):
  %more = icmp ult %i, %n
  cond_br %more, ^body, ^done
^body:
  %seq = deref %xs
  %slot = elem %seq, %i
  %x = load %slot
  %next = add %acc, %x
  %one = const 1 : usize
  %i1 = add %i, %one
  br ^loop(%i1, %next)
^done:
  ret %acc
}
""",
    "fill": """\
private func @fill(%xs: ref<mut [? x i64]>, %x: i64) {
^entry:
  %n = slice.len %xs
  %zero = const 0 : usize
  br ^loop(%zero)
^loop(%i: usize):
  %more = icmp ult %i, %n
  cond_br %more, ^body, ^done
^body:
  %seq = deref %xs
  %slot = elem %seq, %i
  assign %slot, %x
  %one = const 1 : usize
  %i1 = add %i, %one
  br ^loop(%i1)
^done:
  ret
}
""",
    "twice": """\
private func @twice(%x: i64) -> i64 {
^entry:
  %y = add %x, %x
  ret %y
}
""",
    "negate": """\
private func @negate(%x: i64) -> i64 {
^entry:
  %zero = const 0 : i64
  %y = sub %zero, %x
  ret %y
}
""",
    "fact": """\
private func @fact(%n: i64) -> i64 {
^entry:
  %one = const 1 : i64
  %small = icmp ule %n, %one
  cond_br %small, ^base, ^more
^base:
  ret %one
^more:
  %m = sub %n, %one
  %f = call @fact(%m)
  %r = mul %n, %f
  ret %r
}
""",
    "advance": """\
private func @advance(%r: ref<mut i64>, %by: i64) -> i64 {
^entry:
  %p = deref %r
  %before = load %p
  %after = add %before, %by
  assign %p, %after
  ret %before
}
""",
    "bump": """\
private func @bump(%a: ref<atomic<i64>>, %by: i64) -> i64 {
^entry:
  %old = atomic.rmw add acq_rel %a, %by
  ret %by
}
""",
    "guarded": """\
private func @guarded(%m: ref<mutex<i64>>, %by: i64) {
^entry:
  %g = lock %m
  %p = deref %g
  %x = load %p
  %y = add %x, %by
  assign %p, %y
  drop %g
  ret
}
""",
    "mine": """\
private func @mine_of(%x: i64) -> i64 {
^entry:
  %p = global @mine
  %before = load %p
  assign %p, %x
  %after = load %p
  %sum = add %before, %after
  ret %sum
}
""",
    "orphans": """\
private func @orphans(%x: i64) -> weak<@Late> {
^entry:
  %l = struct %x : @Late
  %g = new %l : gc<@Late>
  %w = weak.new %g
  ret %w
}
""",
    "ring": """\
private func @ring(%x: i64) -> weak<@Object> {
^entry:
  %end = enum End : @Link
  %o = struct %end, %x : @Object
  %a = new %o : gc<@Object>
  %to = enum To, %a : @Link
  %p = deref %a
  %next = field %p, next
  assign %next, %to
  %w = weak.new %a
  ret %w
}
""",
    "counted": """\
func @counted() -> i64 {
^entry:
  %c = global @counter unsafe
  %n = load %c
  ret %n
}
""",
    "fails": """\
private func @fails(%x: i64) -> i64 {
^entry:
  %three = const 3 : i64
  %bad = icmp eq %x, %three
  cond_br %bad, ^stop, ^fine
^stop:
  panic "three is refused"
^fine:
  ret %x
}
""",
}  # fmt: skip
"""Functions that snippets call, by name."""

PRELUDE = split(DECLARATIONS) | {names(text)[0]: text for text in LIBRARY.values()}
"""What may stand in front of a program, by name; a program has of it what it uses."""

RESETS = {
    "counter": """\
  %counter = global @counter unsafe
  %zero = const 0 : i64
  assign %counter, %zero
""",
    "hits": """\
  %hits = global.ref @hits
  %none = const 0 : i64
  atomic.store relaxed %hits, %none
""",
}
"""What the entry begins with where a global is used: it may be called again."""


@attrs.frozen
class Program:
    """``text`` has the entry ``@main_entry(i64, i64) -> i64``; ``seed``, ``families`` and ``size`` are what it was made of."""

    seed: int
    text: str = attrs.field(repr=False)
    families: tuple[str, ...]
    size: int

    @property
    def module(self) -> Module:
        """The program, parsed anew each time."""
        from altru_ir.text.parser import parse

        return parse(self.text)


class Writer:
    """Text of one function: fresh names, the block being written, the integers in scope, the answer so far."""

    def __init__(self, choose: random.Random, earlier: list[str], may_panic: bool) -> None:
        self.choose = choose
        self.earlier = earlier
        self.may_panic = may_panic
        self.lines: list[str] = []
        self.count = 0
        self.scope: list[str] = []  # names of i64 values
        self.answer = ""
        self.unwind = ""

    # -- pieces of text --

    def name(self, hint: str = "v") -> str:
        """A fresh name, without sigil."""
        self.count += 1
        return f"{hint}{self.count}"

    def do(self, text: str) -> None:
        """An operation without a result that matters."""
        self.lines.append(f"  {text}")

    def op(self, text: str, hint: str = "v") -> str:
        """An operation with one result; gives its name with the sigil."""
        name = "%" + self.name(hint)
        self.lines.append(f"  {name} = {text}")
        return name

    def label(self, label: str, parameters: str = "") -> None:
        """Begins a block."""
        unwind = f" unwind ^{self.unwind}" if self.unwind else ""
        self.lines.append(f"^{label}{parameters}{unwind}:")

    def call(self, function: str, arguments: str, hint: str = "r") -> str:
        """A call of a library function with a result."""
        return self.op(f"call @{function}({arguments})", hint)

    def load(self, place: str) -> str:
        return self.op(f"load {place}")

    def take(self, place: str) -> str:
        return self.op(f"take {place}")

    def deref(self, pointer: str, unsafe: bool = False) -> str:
        return self.op(f"deref {pointer}{' unsafe' if unsafe else ''}")

    def borrow(self, place: str) -> str:
        return self.op(f"borrow {place}")

    def borrow_mut(self, place: str) -> str:
        return self.op(f"borrow mut {place}")

    def offset(self, pointer: str, by: str) -> str:
        return self.op(f"ptr.add {pointer}, {by}")

    def elem(self, base: str, *indices: str) -> str:
        return self.op(f"elem {base}, {', '.join(indices)}")

    def get(self, cell: str) -> str:
        return self.op(f"cell.get {cell}")

    # -- values --

    def constant(self, type: str = "i64", low: int = -100, high: int = 100) -> str:
        return self.op(f"const {self.choose.randint(low, high)} : {type}", "c")

    def integer(self) -> str:
        """Some i64."""
        if self.scope and self.choose.random() < 0.8:
            return self.choose.choice(self.scope)
        return self.constant()

    def narrow(self, type: str) -> str:
        """Some integer of another width."""
        value = self.integer()
        if type == "i64":
            return value
        return self.op(f"{'zext' if type == 'i128' else 'trunc'} {value} : {type}")

    def wide(self, value: str, type: str) -> str:
        """An integer of ``type`` as an i64."""
        if type in ("i64",):
            return value
        if type in ("usize", "i128"):
            return self.op(f"{'trunc' if type == 'i128' else 'zext'} {value} : i64")
        return self.op(f"{self.choose.choice(['zext', 'sext'])} {value} : i64")

    def small(self, limit: int, type: str = "usize") -> str:
        """A value below ``limit`` that is not a constant."""
        value = self.op(f"urem {self.integer()}, {self.op(f'const {limit} : i64', 'c')}")
        return value if type == "i64" else self.op(f"{'zext' if type == 'usize' else 'trunc'} {value} : {type}")

    def size(self, number: int) -> str:
        return self.op(f"const {number} : usize", "n")

    def flag(self) -> str:
        """Some i1."""
        predicate = self.choose.choice(["eq", "ne", "ult", "ule", "ugt", "uge", "slt", "sle", "sgt", "sge"])
        return self.op(f"icmp {predicate} {self.integer()}, {self.integer()}", "t")

    def log(self) -> tuple[str, str]:
        """A local cell that destructors write to, and a reference to it."""
        cell = self.op(f"cell.new {self.constant()}")
        place = self.op("local : cell<i64>", "log")
        self.do(f"init {place}, {cell}")
        return place, self.op(f"borrow {place}")

    def loud(self, log: str) -> str:
        return self.call("loud", f"{self.integer()}, {log}")

    def fold(self, value: str) -> None:
        """Makes ``value`` part of the answer, and of what later snippets may use."""
        k = self.op("const 31 : i64", "c")
        scaled = self.op(f"mul {self.answer}, {k}")
        self.answer = self.op(f"{self.choose.choice(['add', 'xor', 'sub'])} {scaled}, {value}", "a")
        self.scope.append(value)
        if len(self.scope) > 12:
            del self.scope[self.choose.randrange(6)]


Snippet = Callable[[Writer], str]
SNIPPETS: dict[str, list[Snippet]] = {family: [] for family in FAMILIES}


def snippet(family: str) -> Callable[[Snippet], Snippet]:
    """Registers a snippet of ``family``: it writes operations and gives the name of an i64."""

    def register(function: Snippet) -> Snippet:
        SNIPPETS[family].append(function)
        return function

    return register


# -- numbers ----------------------------------------------------------------------------------------------------------

_WIDTHS = ("i8", "i16", "i32", "i64", "i128", "usize")


_BINARY = (
    "add", "sub", "mul", "and", "or", "xor", "shl", "lshr", "ashr", "rotl", "rotr", "smin", "smax", "umin", "umax",
)  # fmt: skip
_UNARY = ("clz", "ctz", "popcount", "bswap")


@snippet("scalars")
def _arithmetic(w: Writer) -> str:
    """A chain of operations of one width."""
    type = w.choose.choice(_WIDTHS)
    value = w.op(f"zext {w.integer()} : usize") if type == "usize" else w.narrow(type)
    for _ in range(w.choose.randint(3, 6)):
        if w.choose.random() < 0.25:
            value = w.op(f"{w.choose.choice(_UNARY)} {value}")
            continue
        other = w.op(f"zext {w.integer()} : usize") if type == "usize" else w.narrow(type)
        value = w.op(f"{w.choose.choice(_BINARY)} {value}, {other}")
    return w.wide(value, type)


@snippet("scalars")
def _divide(w: Writer) -> str:
    """Divisions by numbers that are not zero, and not -1."""
    type = w.choose.choice(["i8", "i32", "i64"])
    value, one, seven = w.narrow(type), w.op(f"const 1 : {type}", "c"), w.op(f"const 7 : {type}", "c")
    for name in w.choose.sample(["sdiv", "udiv", "srem", "urem"], 3):
        divisor = w.op(f"or {w.op(f'and {w.narrow(type)}, {seven}')}, {one}")
        value = w.op(f"xor {value}, {w.op(f'{name} {w.narrow(type)}, {divisor}')}")
    return w.wide(value, type)


@snippet("scalars")
def _select(w: Writer) -> str:
    return w.op(f"select {w.flag()}, {w.integer()}, {w.integer()}")


@snippet("scalars")
def _compare(w: Writer) -> str:
    return w.op(f"zext {w.flag()} : i64")


@snippet("scalars")
def _checked_fine(w: Writer) -> str:
    """Checked arithmetic that cannot overflow."""
    value = w.op(f"zext {w.narrow('i8')} : i64")
    for name in w.choose.sample(["sadd", "ssub", "smul", "uadd", "umul", "usub"], 3):
        a, b = (w.op(f"zext {w.narrow('i8')} : i64") for _ in range(2))
        if name == "usub":
            a, b = w.op(f"umax {a}, {b}"), w.op(f"umin {a}, {b}")
        value = w.op(f"xor {value}, {w.op(f'{name}.checked {a}, {b}')}")
    return value


@snippet("scalars")
def _checks(w: Writer) -> str:
    """Checks that hold, and a promise that is kept."""
    n = w.size(w.choose.randint(3, 9))
    i = w.small(3)
    w.do(f"check.bounds {i}, {n}")
    w.do(f"assume {w.op(f'icmp ult {i}, {n}')} unsafe")
    w.do(f"check.subrange {w.op('const 0 : usize')}, {i}, {n}")
    divisor = w.op(f"or {w.integer()}, {w.op('const 2 : i64')}")
    w.do(f"check.nonzero {divisor}")
    positive = w.op(f"and {divisor}, {w.op('const 6 : i64')}")
    w.do(f"check.quotient {w.integer()}, {positive}")
    return w.wide(i, "usize")


_FLOAT_BINARY = ("fadd", "fsub", "fmul", "fdiv", "frem", "fmin", "fmax", "copysign", "fma")
_FLOAT_UNARY = ("fneg", "fabs", "fsqrt", "ffloor", "fceil", "ftrunc", "fround")


@snippet("floats")
def _floats(w: Writer) -> str:
    """A chain of float operations; a NaN ends as zero."""
    type = w.choose.choice(["f32", "f64"])
    value = w.op(f"{w.choose.choice(['sitofp', 'uitofp'])} {w.narrow('i32')} : {type}")
    for _ in range(w.choose.randint(3, 5)):
        other = w.op(f"{w.choose.choice(['sitofp', 'uitofp'])} {w.narrow('i16')} : {type}")
        if w.choose.random() < 0.4:
            value = w.op(f"{w.choose.choice(_FLOAT_UNARY)} {value}")
        else:
            name = w.choose.choice(_FLOAT_BINARY)
            value = w.op(f"{name} {value}, {other}{f', {other}' if name == 'fma' else ''}")
    return w.op(f"{w.choose.choice(['fptosi', 'fptoui'])} {value} : i64")


@snippet("floats")
def _float_bits(w: Writer) -> str:
    a = w.op(f"sitofp {w.integer()} : f64")
    how = w.choose.randrange(4)
    if how == 0:
        return w.op(f"bitcast {a} : i64")
    if how == 1:
        return w.wide(w.op(f"bitcast {w.op(f'fptrunc {a} : f32')} : i32"), "i32")
    if how == 2:
        short = w.op(f"fptrunc {a} : f32")
        return w.op(f"bitcast {w.op(f'fpext {short} : f64')} : i64")
    predicate = w.choose.choice(
        ["oeq", "one", "olt", "ole", "ogt", "oge", "ord", "ueq", "une", "ult", "ule", "ugt", "uge", "uno"]
    )
    b = w.op(f"sitofp {w.integer()} : f64")
    return w.op(f"zext {w.op(f'fcmp {predicate} {a}, {b}')} : i64")


# -- calls ------------------------------------------------------------------------------------------------------------


@snippet("calls")
def _direct(w: Writer) -> str:
    if w.earlier and w.choose.random() < 0.7:
        return w.op(f"call @{w.choose.choice(w.earlier)}({w.integer()}, {w.integer()})", "r")
    return w.call(w.choose.choice(["twice", "negate"]), w.integer())


@snippet("calls")
def _indirect(w: Writer) -> str:
    f, g = w.op("func.ref @twice"), w.op("func.ref @negate")
    return w.op(f"call {w.op(f'select {w.flag()}, {f}, {g}')}({w.integer()})")


@snippet("calls")
def _recursive(w: Writer) -> str:
    return w.call("fact", w.small(12, "i64"))


# -- values made of parts ---------------------------------------------------------------------------------------------


@snippet("aggregates")
def _nested(w: Writer) -> str:
    pair = w.op(f"struct {w.integer()}, {w.narrow('i32')} : @Pair")
    tail = w.op(f"tuple {w.narrow('i16')}, {w.integer()}")
    whole = w.op(f"struct {w.narrow('i8')}, {pair}, {tail} : @Nested")
    member = w.choose.choice(["head", "pair", "tail"])
    part = w.op(f"extract {whole}, {member}")
    if member == "head":
        return w.wide(part, "i8")
    return w.op(f"extract {part}, {'a' if member == 'pair' else '1'}")


@snippet("aggregates")
def _taken_apart(w: Writer) -> str:
    if w.choose.random() < 0.5:
        a = w.op(f"array {w.integer()}, {w.integer()}, {w.integer()}")
        names = ["%" + w.name() for _ in range(3)]
        w.do(f"{', '.join(names)} = destructure {a}")
        return w.choose.choice(names)
    pair = w.op(f"struct {w.integer()}, {w.narrow('i32')} : @Pair")
    a, b = "%" + w.name(), "%" + w.name()
    w.do(f"{a}, {b} = destructure {pair}")
    return w.op(f"add {a}, {w.wide(b, 'i32')}")


@snippet("aggregates")
def _union(w: Writer) -> str:
    u = w.op(f"union whole, {w.integer()} : @Word")
    place = w.op("local : @Word", "u")
    w.do(f"init {place}, {u}")
    member = w.choose.choice(["whole", "half", "bytes"])
    part = w.op(f"field {place}, {member}")
    if member == "bytes":
        part = w.elem(part, w.small(8))
        result = w.wide(w.load(part), "i8")
    else:
        result = w.wide(w.load(part), "i64" if member == "whole" else "i32")
    w.do(f"end {place}")
    return result


@snippet("aggregates")
def _sizes(w: Writer) -> str:
    whole, align = w.op(f"size_of {w.choose.choice(['@Nested', '@Shape', 'i128'])}"), w.op("align_of @Nested")
    return w.wide(w.op(f"mul {w.op(f'add {whole}, {align}')}, {w.op('offset_of @Nested, tail')}"), "usize")


@snippet("enums")
def _option(w: Writer) -> str:
    o = w.op(f"enum Some, {w.integer()} : @Option") if w.choose.random() < 0.6 else w.op("enum None : @Option")
    if w.choose.random() < 0.3:
        return w.wide(w.op(f"discriminant {o}"), "i32")
    some, none, join = w.name("some"), w.name("none"), w.name("join")
    value, result, other = "%" + w.name(), "%" + w.name(), w.integer()
    w.do(f"switch_enum {o}, Some ^{some}, None ^{none}({other})")
    w.label(some, f"({value}: i64)")
    w.do(f"br ^{join}({value})")
    given = "%" + w.name()
    w.label(none, f"({given}: i64)")
    w.do(f"br ^{join}({given})")
    w.label(join, f"({result}: i64)")
    return result


@snippet("enums")
def _shape_in_place(w: Writer) -> str:
    place = w.op("local : @Shape", "s")
    kind = w.choose.randrange(4)
    if kind == 0:
        made = w.op("enum Point : @Shape")
    elif kind == 1:
        made = w.op(f"enum Circle, {w.narrow('i32')} : @Shape")
    elif kind == 2:
        made = w.op(f"enum Box, {w.op(f'tuple {w.integer()}, {w.integer()}')} : @Shape")
    else:
        number = w.narrow("i32")
        made = w.op(f"enum Named, {w.op(f'struct {w.integer()}, {number} : @Pair')} : @Shape")
    w.do(f"init {place}, {made}")
    circle, named, rest, join = (w.name(n) for n in ("circle", "named", "rest", "join"))
    zero = w.integer()
    w.do(f"switch_enum {place}, Circle ^{circle}, Named ^{named}, ^{rest}")
    w.label(circle)
    c = w.wide(w.load(w.op(f"variant {place}, Circle")), "i32")
    w.do(f"br ^{join}({c})")
    w.label(named)
    payload = w.op(f"variant {place}, Named")
    n = w.load(w.op(f"field {payload}, a"))
    w.do(f"br ^{join}({n})")
    w.label(rest)
    d = w.wide(w.op(f"discriminant {place}"), "i32")
    sum = w.op(f"add {d}, {zero}")
    w.do(f"br ^{join}({sum})")
    result = "%" + w.name()
    w.label(join, f"({result}: i64)")
    w.do(f"end {place}")
    return result


# -- places -----------------------------------------------------------------------------------------------------------


@snippet("places")
def _local(w: Writer) -> str:
    place = w.op("local : i64", "x")
    w.do(f"init {place}, {w.integer()}")
    how = w.choose.randrange(4)
    if how == 0:
        w.do(f"assign {place}, {w.integer()}")
        result = w.load(place)
    elif how == 1:
        old = w.op(f"exchange {place}, {w.integer()}")
        result = w.op(f"sub {old}, {w.load(place)}")
    elif how == 2:
        old = w.call("advance", f"{w.borrow_mut(place)}, {w.integer()}")
        result = w.op(f"xor {old}, {w.op(f'load {place} {{volatile}}')}")
    else:
        result = w.take(place)
    w.do(f"end {place}")
    return result


@snippet("places")
def _fields(w: Writer) -> str:
    place = w.op("local : @Nested", "s")
    pair = w.op(f"struct {w.integer()}, {w.narrow('i32')} : @Pair")
    tail = w.op(f"tuple {w.narrow('i16')}, {w.integer()}")
    head = w.narrow("i8")
    w.do(f"init {place}, {w.op(f'struct {head}, {pair}, {tail} : @Nested')}")
    inner = w.op(f"field {place}, pair")
    r = w.borrow_mut(inner)
    again = w.deref(r)
    a = w.op(f"field {again}, a")
    w.do(f"assign {a}, {w.integer()}")
    s = w.borrow(a)
    result = w.load(w.deref(s))
    w.do(f"end {place}")
    return result


@snippet("places")
def _reference_in_place(w: Writer) -> str:
    """A path through a reference that is itself in memory."""
    x = w.op("local : i64", "x")
    w.do(f"init {x}, {w.integer()}")
    holder = w.op("local : ref<i64>", "h")
    w.do(f"init {holder}, {w.borrow(x)}")
    result = w.load(w.deref(holder))
    w.do(f"end {holder}")
    w.do(f"end {x}")
    return result


# -- slices -----------------------------------------------------------------------------------------------------------


def _array_local(w: Writer, n: int) -> str:
    place = w.op(f"local : [{n} x i64]", "xs")
    literal = ", ".join(str(w.choose.randint(-9, 9)) for _ in range(n))
    w.do(f"init {place}, {w.op(f'const [{literal}] : [{n} x i64]')}")
    return place


@snippet("slices")
def _slice(w: Writer) -> str:
    n = w.choose.randint(3, 6)
    place = _array_local(w, n)
    w.do(f"assign {w.elem(place, w.small(n))}, {w.integer()}")
    r = w.op(f"unsize {w.borrow(place)} : ref<[? x i64]>")
    if w.choose.random() < 0.5:
        seq = w.deref(r)
        low = w.small(n)
        high = w.op(f"umax {low}, {w.small(n)}")
        r = w.borrow(w.op(f"subrange {seq}, {low}, {high}"))
    length = w.wide(w.op(f"slice.len {r}"), "usize")
    return w.op(f"add {length}, {w.call('sum', r)}")


@snippet("slices")
def _filled(w: Writer) -> str:
    place = _array_local(w, 4)
    whole = w.op(f"subrange {place}, {w.size(1)}, {w.size(w.choose.randint(1, 4))}")
    w.do(f"call @fill({w.borrow_mut(whole)}, {w.integer()})")
    s = w.op(f"unsize {w.borrow(place)} : ref<[? x i64]>")
    return w.call("sum", s)


@snippet("slices")
def _view(w: Writer) -> str:
    place = w.op("local : [2 x 3 x i64]", "m")
    w.do(f"init {place}, {w.op('const [[1, 2, 3], [4, 5, 6]] : [2 x 3 x i64]')}")
    w.do(f"assign {w.elem(place, w.small(2), w.small(3))}, {w.integer()}")
    v = w.op(f"unsize {w.borrow(place)} : ref<[? x ? x i64]>")
    seq = w.deref(v)
    e = w.load(w.elem(seq, w.small(2), w.small(3)))
    width = w.wide(w.op(f"dim {seq}, {w.choose.randrange(2)}"), "usize")
    if w.choose.random() < 0.5:
        flat = w.op(f"slice.from_raw {w.op(f'slice.ptr {v}')}, {w.size(6)} unsafe : ref<[? x i64]>")
        e = w.op(f"xor {e}, {w.call('sum', flat)}")
    return w.op(f"mul {e}, {width}")


# -- raw memory -------------------------------------------------------------------------------------------------------


@snippet("raw")
def _block(w: Writer) -> str:
    size = w.op(f"mul {w.op('size_of i64')}, {w.size(4)}")
    p = w.op(f"alloc {size} : ptr<mut i64>", "p")
    for k in range(4):
        place = w.deref(w.offset(p, w.size(k)), unsafe=True)
        w.do(f"init {place}, {w.integer()}")
    if w.choose.random() < 0.5:
        w.do(f"check.nonnull {p}")
        w.do(f"check.align {p}, 8")
    i = w.small(4)
    result = w.load(w.deref(w.offset(p, i), unsafe=True))
    apart = w.op(f"sub {w.op(f'ptr.addr {w.offset(p, i)}')}, {w.op(f'ptr.addr {p}')}")
    if w.choose.random() < 0.4:
        ok, failed, join = w.name("ok"), w.name("failed"), w.name("join")
        q, last = "%" + w.name("q"), "%" + w.name("p")
        w.do(f"realloc {p}, {w.size(800)}, ^{ok}, ^{failed} unsafe")
        w.label(ok, f"({q}: ptr<mut i64>)")
        more = w.load(w.deref(q, unsafe=True))
        w.do(f"br ^{join}({q}, {more})")
        w.label(failed)
        w.do(f"br ^{join}({p}, {result})")
        extra = "%" + w.name()
        w.label(join, f"({last}: ptr<mut i64>, {extra}: i64)")
        p, result = last, w.op(f"add {result}, {extra}")
    w.do(f"free {p} unsafe")
    return w.op(f"add {result}, {w.wide(apart, 'usize')}")


@snippet("raw")
def _cast(w: Writer) -> str:
    x = w.op("local : i64", "x")
    w.do(f"init {x}, {w.integer()}")
    p = w.op(f"ref.to_ptr {w.borrow_mut(x)}")
    bytes = w.op(f"ptr.cast {p} : ptr<mut i8>")
    at = w.deref(w.offset(bytes, w.small(8)), unsafe=True)
    w.do(f"assign {at}, {w.narrow('i8')}")
    null = w.op("null : ptr<mut i64>")
    is_null = w.op(f"zext {w.op(f'icmp eq {p}, {null}')} : i64")
    result = w.op(f"add {w.load(w.deref(p, unsafe=True))}, {is_null}")
    w.do(f"end {x}")
    return result


@snippet("raw")
def _unset(w: Writer) -> str:
    """Storage that holds nothing until it is stored to."""
    x = w.op("local : uninit<i64>", "x")
    w.do(f"init {x}, {w.integer()}")
    result = w.load(w.op(f"assume_init {x} unsafe"))
    w.do(f"end {x}")
    return result


@snippet("globals")
def _globals(w: Writer) -> str:
    how = w.choose.randrange(3)
    if how == 0:
        seq = w.deref(w.op("global.ref @table"))
        return w.load(w.elem(seq, w.small(5)))
    if how == 1:
        seq = w.op("global @text")
        return w.wide(w.load(w.elem(seq, w.small(7))), "i8")
    place = w.op("global @counter unsafe")
    old = w.load(place)
    w.do(f"assign {place}, {w.op(f'add {old}, {w.integer()}')}")
    return old


# -- owners and drops -------------------------------------------------------------------------------------------------


def _site(w: Writer) -> str:
    return w.choose.choice(["", "", " {slab}", " {system}", " {secure}", " {alignment = 64}"])


@snippet("owners")
def _boxed(w: Writer) -> str:
    o = w.op(f"new {w.integer()}{_site(w)} : own<i64>", "o")
    place = w.deref(o)
    if w.choose.random() < 0.5:
        w.do(f"assign {place}, {w.integer()}")
    result = w.load(place)
    how = w.choose.randrange(4)
    if how == 0:
        w.do(f"dealloc {o}")
    elif how == 1:
        p = w.op(f"own.into_ptr {o}")
        w.do(f"drop {w.op(f'own.from_ptr {p} unsafe : own<i64>')}")
    elif how == 2:
        w.do(f"drop {o}, if {w.op('const 1 : i1')}")
    else:
        w.do(f"drop {o}")
    return result


@snippet("owners")
def _owned_array(w: Writer) -> str:
    n = w.size(w.choose.randint(1, 5))
    xs = w.op(f"new.array {n}, {w.integer()}{_site(w)} : own<[? x i64]>", "xs")
    seq = w.deref(xs)
    w.do(f"assign {w.elem(seq, w.small(1))}, {w.integer()}")
    result = w.call("sum", w.borrow(seq))
    if w.choose.random() < 0.6:
        w.do(f"secure_zero {seq}")
        result = w.op(f"add {result}, {w.call('sum', w.borrow(seq))}")
    w.do(f"drop {xs}")
    return result


@snippet("owners")
def _owned_view(w: Writer) -> str:
    m = w.op(f"new.array {w.size(2)}, {w.size(3)}, {w.integer()} : own<[? x ? x i64]>", "m")
    seq = w.deref(m)
    w.do(f"assign {w.elem(seq, w.small(2), w.small(3))}, {w.integer()}")
    result = w.load(w.elem(seq, w.small(2), w.small(3)))
    w.do(f"drop {m}")
    return result


@snippet("owners")
def _held(w: Writer) -> str:
    """An owner in a struct in a local: taken out, exchanged, put back."""
    o = w.op(f"new {w.integer()} : own<i64>", "o")
    place = w.op("local : @Held", "h")
    w.do(f"init {place}, {w.op(f'struct {o}, {w.integer()} : @Held')}")
    item = w.op(f"field {place}, item")
    result = w.load(w.deref(item))
    how = w.choose.randrange(3)
    if how == 0:
        w.do(f"drop {w.take(item)}")
    elif how == 1:
        fresh = w.op(f"new {w.integer()} : own<i64>")
        old = w.op(f"exchange {item}, {fresh}")
        result = w.op(f"sub {result}, {w.load(w.deref(old))}")
        w.do(f"drop {old}")
    else:
        w.do(f"drop {w.take(item)}")
        w.do(f"init {item}, {w.op(f'new {w.integer()} : own<i64>')}")
        result = w.op(f"add {result}, {w.load(w.deref(item))}")
    w.do(f"end {place}")
    return result


@snippet("drops")
def _destructors(w: Writer) -> str:
    log, r = w.log()
    how = w.choose.randrange(6)
    if how == 0:
        w.do(f"drop {w.loud(r)}")
    elif how == 1:
        two = w.op(f"struct {w.loud(r)}, {w.loud(r)} : @Two")
        w.do(f"drop {w.op(f'new {two} : own<@Two>')}")
    elif how == 2:
        place = w.op("local : @Two", "t")
        w.do(f"init {place}, {w.op(f'struct {w.loud(r)}, {w.loud(r)} : @Two')}")
        part = w.choose.choice(["first", "second"])
        out = w.take(w.op(f"field {place}, {part}"))
        w.do(f"end {place}")
        w.do(f"drop {out}")
    elif how == 3:
        place = w.op("local : @Loud", "l")
        w.do(f"assign {place}, {w.loud(r)}")
        w.do(f"assign {place}, {w.loud(r)}")
        w.do(f"{w.choose.choice(['end', 'drop'])} {place}")
    elif how == 4:
        xs = w.op(f"array {w.loud(r)}, {w.loud(r)}, {w.loud(r)}")
        w.do(f"drop {xs}")
    else:
        value = w.loud(r)
        o = w.op(f"new {value} : own<@Loud>")
        out = w.take(w.deref(o))
        w.do(f"dealloc {o}")
        w.do(f"drop {out}")
    result = w.get(r)
    w.do(f"end {log}")
    return result


@snippet("drops")
def _choice(w: Writer) -> str:
    log, r = w.log()
    how = w.choose.randrange(3)
    if how == 0:
        made = w.op("enum Nothing : @Choice")
    elif how == 1:
        made = w.op(f"enum Value, {w.loud(r)} : @Choice")
    else:
        made = w.op(f"enum Boxed, {w.op(f'new {w.integer()} : own<i64>')} : @Choice")
    place = w.op("local : @Choice", "c")
    w.do(f"init {place}, {made}")
    if w.choose.random() < 0.5:
        value, other, join = w.name("value"), w.name("other"), w.name("join")
        w.do(f"switch_enum {place}, Value ^{value}, ^{other}")
        w.label(value)
        inner = w.op(f"variant {place}, Value")
        w.do(f"drop {w.take(inner)}")
        w.do(f"br ^{join}")
        w.label(other)
        w.do(f"br ^{join}")
        w.label(join)
    w.do(f"end {place}")
    result = w.get(r)
    w.do(f"end {log}")
    return result


@snippet("drops")
def _empties(w: Writer) -> str:
    """A destructor of a value without bytes, counted in a global."""
    e = w.op("struct : @Empty")
    w.do(f"drop {e}")
    return w.load(w.op("global @counter unsafe"))


@snippet("drops")
def _elements(w: Writer) -> str:
    log, r = w.log()
    xs = w.op(f"new.array {w.size(3)} : own<[? x uninit<@Loud>]>", "xs")
    seq = w.deref(xs)
    for k in range(3):
        w.do(f"init {w.elem(seq, w.size(k))}, {w.loud(r)}")
    w.do(f"drop {w.op(f'assume_init {xs} unsafe')}")
    result = w.get(r)
    w.do(f"end {log}")
    return result


@snippet("drops")
def _phantoms(w: Writer) -> str:
    p = w.op("phantom : phantom<@Loud>")
    s = w.op(f"struct {p}, {w.integer()} : @Owning")
    return w.op(f"extract {s}, v")


@snippet("drops")
def _forgotten(w: Writer) -> str:
    """What is forgotten owns nothing, so nothing is lost."""
    log, r = w.log()
    w.do(f"forget {w.loud(r)}")
    result = w.get(r)
    w.do(f"end {log}")
    return result


@snippet("dyn")
def _erased(w: Writer) -> str:
    log, r = w.log()
    d = w.op(f"unsize {w.op(f'new {w.loud(r)} : own<@Loud>')} : own<dyn<'_>>", "d")
    if w.choose.random() < 0.5:
        back = w.op(f"dyn.cast {d} unsafe : own<@Loud>")
        n = w.op(f"load {w.op(f'field {w.deref(back)}, n')}")
        w.do(f"drop {back}")
    else:
        n = w.integer()
        w.do(f"drop {d}")
    result = w.op(f"add {n}, {w.get(r)}")
    w.do(f"end {log}")
    return result


# -- homes ------------------------------------------------------------------------------------------------------------


@snippet("homes")
def _arena(w: Writer) -> str:
    home = w.op("local : arena", "home")
    w.do(f"init {home}, {w.op('arena.new')}")
    a = w.borrow(home)
    how = w.choose.choice((0, 1, 2, 2, 3))
    if how == 0:
        x = w.op(f"arena.alloc {a}, {w.integer()}")
        p = w.deref(x)
        w.do(f"assign {p}, {w.integer()}")
        result = w.load(p)
    elif how == 1:
        xs = w.op(f"arena.alloc_array {a}, {w.size(3)}, {w.integer()} : ref<mut [? x i64]>")
        result = w.call("sum", w.borrow(w.deref(xs)))
    elif how == 2:
        p = w.op(f"arena.alloc_raw {a}, {w.size(8)} : ptr<mut i64>")
        place = w.deref(p, unsafe=True)
        w.do(f"init {place}, {w.integer()}")
        result = w.load(place)
    else:
        xs = w.op(f"new.array in {a}, {w.size(2)}, {w.integer()} : own<'_, [? x i64]>")
        result = w.call("sum", w.borrow(w.deref(xs)))
        w.do(f"drop {xs}")
    if w.choose.random() < 0.4:
        w.do(f"arena.reset {w.borrow_mut(home)}")
        again = w.op(f"arena.alloc {w.borrow(home)}, {w.integer()}")
        result = w.op(f"add {result}, {w.load(w.deref(again))}")
    w.do(f"end {home}")
    return result


@snippet("owners")
def _owner_in_an_arena(w: Writer) -> str:
    home = w.op("local : arena", "home")
    w.do(f"init {home}, {w.op('arena.new')}")
    log, r = w.log()
    inside = w.op(f"new in {w.borrow(home)}, {w.loud(r)} : own<'_, @Loud>")
    w.do(f"drop {inside}")
    result = w.get(r)
    w.do(f"end {home}")
    w.do(f"end {log}")
    return result


@snippet("homes")
def _owned(w: Writer) -> str:
    where = w.choose.choice(["", "{slab} ", "{system} ", "{alignment = 64} ", "{secure} "])
    x = w.op(f"new {w.integer()} {where}: own<i64>")
    place = w.deref(x)
    w.do(f"assign {place}, {w.integer()}")
    result = w.load(place)
    how = w.choose.randrange(3)
    if how == 0:
        w.do(f"drop {x}")
    elif how == 1:
        w.do(f"dealloc {x}")
    else:
        raw = w.op(f"own.into_ptr {x}")
        again = w.op(f"own.from_ptr {raw} unsafe : own<i64>")
        w.do(f"drop {again}")
    xs = w.op(f"new.array {w.size(w.choose.randint(0, 9))}, {w.integer()} : own<[? x i64]>")
    total = w.call("sum", w.borrow(w.deref(xs)))
    w.do(f"drop {xs}")
    return w.op(f"xor {result}, {total}")


@snippet("homes")
def _pool(w: Writer) -> str:
    home = w.op("local : pool<i64>", "home")
    inner = w.choose.choice(["", "{prewarm = 4} "])
    w.do(f"init {home}, {w.op(f'pool.new {inner}: pool<i64>')}")
    p = w.borrow(home)
    if w.choose.random() < 0.5:
        x = w.op(f"pool.acquire {p}, {w.integer()}")
        y = w.op(f"pool.acquire {p}, {w.integer()}")
        result = w.op(f"sub {w.load(w.deref(x))}, {w.load(w.deref(y))}")
        w.do(f"drop {x}")
        w.do(f"drop {y}")
    else:
        h = w.op(f"pool.insert {p}, {w.integer()}")
        g = w.op(f"pool.insert {p}, {w.integer()}")
        m = w.op(f"pool.get_mut {w.borrow_mut(home)}, {h}")
        w.do(f"assign {w.deref(m)}, {w.integer()}")
        a = w.load(w.deref(w.op(f"pool.get {w.borrow(home)}, {g}")))
        b = w.op(f"pool.remove {w.borrow_mut(home)}, {h}")
        result = w.op(f"xor {a}, {b}")
    w.do(f"end {home}")
    return result


@snippet("homes")
def _frame(w: Writer) -> str:
    n = w.size(w.choose.randint(1, 6))
    if w.choose.random() < 0.5:
        buf = w.op(f"stack.alloc {n} : ref<mut [? x uninit<i64>]>")
        e = w.op(f"elem {w.deref(buf)}, {w.op('const 0 : usize')}")
        w.do(f"init {e}, {w.integer()}")
        return w.load(w.op(f"assume_init {e} unsafe"))
    p = w.op(f"stack.alloc_raw {w.op(f'mul {n}, {w.size(8)}')} : ptr<mut i64>")
    place = w.deref(p, unsafe=True)
    w.do(f"init {place}, {w.integer()}")
    return w.load(place)


# -- collected objects ------------------------------------------------------------------------------------------------


@snippet("collected")
def _objects(w: Writer) -> str:
    end = w.op("enum End : @Link")
    a = w.op(f"new {w.op(f'struct {end}, {w.integer()} : @Object')} : gc<@Object>")
    to = w.op(f"enum To, {a} : @Link")
    b = w.op(f"new {w.op(f'struct {to}, {w.integer()} : @Object')} : gc<@Object>")
    if w.choose.random() < 0.5:
        w.do("gc.collect")
    v = w.op(f"field {w.deref(b)}, v")
    w.do(f"assign {v}, {w.integer()}")
    other = w.load(w.op(f"field {w.deref(a)}, v"))
    return w.op(f"add {w.load(v)}, {other}")


@snippet("collected")
def _weak(w: Writer) -> str:
    """An object that nothing holds is gone after a collection; one that is held is not."""
    if w.choose.random() < 0.5:
        weak = w.call("ring", w.integer())
    else:
        end = w.op("enum End : @Link")
        kept = w.op(f"new {w.op(f'struct {end}, {w.integer()} : @Object')} : gc<@Object>")
        weak = w.op(f"weak.new {kept}")
    w.do("gc.collect")
    o = w.op(f"weak.upgrade {weak} : @Link")
    return w.wide(w.op(f"discriminant {o}"), "i32")


@snippet("collected")
def _finalized(w: Writer) -> str:
    weak = w.call("orphans", w.integer())
    w.do("gc.collect")
    w.do("gc.drain")
    d = w.wide(w.op(f"discriminant {w.op(f'weak.upgrade {weak} : @LinkLate')}"), "i32")
    hits = w.op("global.ref @hits")
    return w.op(f"add {d}, {w.op(f'atomic.load relaxed {hits}')}")


@snippet("collected")
def _pinned(w: Writer) -> str:
    p = w.op(f"alloc {w.size(16)} : ptr<mut i64>")
    place = w.deref(p, unsafe=True)
    w.do(f"init {place}, {w.integer()}")
    pin = w.op(f"pin {p}, {w.size(16)} unsafe : pin<'_>")
    w.do(f"gc.range {p}, {w.size(1)} unsafe")
    result = w.load(place)
    w.do(f"drop {pin}")
    w.do(f"free {p} unsafe")
    return result


# -- cells, atomics, threads ------------------------------------------------------------------------------------------


@snippet("cells")
def _cell(w: Writer) -> str:
    log, r = w.log()
    other = w.borrow(log)
    w.do(f"cell.set {r}, {w.integer()}")
    old = w.op(f"cell.exchange {other}, {w.integer()}")
    result = w.op(f"sub {old}, {w.get(r)}")
    w.do(f"end {log}")
    return result


@snippet("atomics")
def _atomics(w: Writer) -> str:
    place = w.op("local : atomic<i64>", "a")
    w.do(f"init {place}, {w.op(f'atomic.new {w.integer()}')}")
    r = w.borrow(place)
    kind = w.choose.choice(["exchange", "add", "sub", "and", "or", "xor", "nand", "smin", "smax", "umin", "umax"])
    order = w.choose.choice(["relaxed", "acquire", "release", "acq_rel", "seq_cst"])
    old = w.op(f"atomic.rmw {kind} {order} {r}, {w.integer()}")
    w.do(f"fence {w.choose.choice(['acquire', 'release', 'acq_rel', 'seq_cst'])}")
    if w.choose.random() < 0.5:
        seen, done = "%" + w.name(), "%" + w.name()
        w.do(f"{seen}, {done} = atomic.cmpxchg {order} {w.choose.choice(['relaxed', 'acquire'])} {r}, {old}, {w.integer()}")
        old = w.op(f"add {seen}, {w.op(f'zext {done} : i64')}")
    else:
        w.do(f"atomic.store {w.choose.choice(['relaxed', 'release', 'seq_cst'])} {r}, {w.integer()}")
    order = w.choose.choice(["relaxed", "acquire", "seq_cst"])
    result = w.op(f"add {old}, {w.op(f'atomic.load {order} {r}')}")
    w.do(f"end {place}")
    return result


@snippet("atomics")
def _global_atomic(w: Writer) -> str:
    r = w.op("global.ref @hits")
    return w.op(f"atomic.rmw add relaxed {r}, {w.integer()}")


@snippet("threads")
def _scoped(w: Writer) -> str:
    """Threads that add to one atomic: the sum does not depend on the schedule."""
    place = w.op("local : atomic<i64>", "a")
    w.do(f"init {place}, {w.op(f'atomic.new {w.integer()}')}")
    scope = w.op("local : thread_scope<'_>", "scope")
    r = w.borrow(place)
    for _ in range(w.choose.randint(1, 2)):
        w.do(f"drop {w.op(f'spawn in {scope}, @bump({r}, {w.integer()})')}")
    w.do(f"end {scope}")
    result = w.op(f"atomic.load relaxed {r}")
    w.do(f"end {place}")
    return result


@snippet("threads")
def _locked(w: Writer) -> str:
    place = w.op("local : mutex<i64>", "m")
    w.do(f"init {place}, {w.op(f'mutex.new {w.integer()}')}")
    scope = w.op("local : thread_scope<'_>", "scope")
    r = w.borrow(place)
    w.do(f"drop {w.op(f'spawn in {scope}, @guarded({r}, {w.integer()})')}")
    w.do(f"call @guarded({r}, {w.integer()})")
    w.do(f"end {scope}")
    g = w.op(f"lock {r}")
    result = w.load(w.deref(g))
    w.do(f"drop {g}")
    w.do(f"end {place}")
    return result


@snippet("threads")
def _joined(w: Writer) -> str:
    if w.choose.random() < 0.5:
        return w.op(f"join {w.op(f'spawn @mine_of({w.integer()})')}")
    f = w.op("func.ref @twice")
    return w.op(f"join {w.op(f'spawn {f}({w.integer()})')}")


# -- panics -----------------------------------------------------------------------------------------------------------


@snippet("panics")
def _may_panic(w: Writer) -> str:
    """One of a few operations that panic for some inputs."""
    how = w.choose.randrange(6)
    if how == 0:
        return w.call("fails", w.small(4, "i64"))
    if how == 1:
        place = _array_local(w, 5)
        return w.load(w.elem(place, w.small(6)))
    if how == 2:
        return w.op(f"sdiv {w.integer()}, {w.small(9, 'i64')}")
    if how == 5:
        f = w.op("func.ref @fails")
        return w.op(f"call {f}({w.small(6, 'i64')})", "r")
    if how == 3:
        a = w.op(f"sext {w.narrow('i8')} : i32")
        sum = w.op(f"sadd.checked {a}, {w.constant('i32', 2147483600, 2147483600)}")
        return w.wide(w.op(f"trunc {sum} : i16"), "i16")
    place = _array_local(w, 5)
    part = w.op(f"subrange {place}, {w.small(5)}, {w.op('const 4 : usize')}")
    return w.wide(w.op(f"slice.len {w.borrow(part)}"), "usize")


# -- functions --------------------------------------------------------------------------------------------------------


class _Function:
    """One function: structure around snippets."""

    def __init__(self, w: Writer, pick: Callable[[], Snippet]) -> None:
        self.w = w
        self.pick = pick
        self.choose = w.choose

    def write(self, name: str, linkage: str, size: int) -> str:
        w = self.w
        head = f"{linkage}func @{name}(%a: i64, %b: i64) -> i64 {{"
        with_cleanup = w.may_panic and self.choose.random() < (0.5 if size > 1 else 0.2)
        w.scope = ["%a", "%b"]
        w.lines.append("^entry:")
        w.answer = w.op(f"xor %a, {w.constant()}", "a")
        if with_cleanup:
            self.unwinding_to("cleanup")
        self.statements(size, 0)
        if w.earlier and size <= SMALL:
            w.fold(w.op(f"call @{w.earlier[-1]}({w.integer()}, {w.integer()})", "r"))
        is_chained = with_cleanup and self.choose.random() < 0.5
        if is_chained:
            self.unwinding_to("late")
            self.statements(max(1, size // 2), 0)
        w.do(f"ret {w.answer}")
        w.unwind = ""
        if is_chained:
            w.label("late")
            self.count(5)
            w.do("br ^cleanup")
        if with_cleanup:
            w.label("cleanup")
            if self.choose.random() < 0.5:
                yes, join = w.name("yes"), w.name("join")
                w.do(f"cond_br {w.op('icmp slt %a, %b')}, ^{yes}, ^{join}")
                w.label(yes)
                self.count(3)
                w.do(f"br ^{join}")
                w.label(join)
            self.count(7)
            w.do("resume")
        return "\n".join([head, *w.lines, "}", ""])

    def unwinding_to(self, cleanup: str) -> None:
        """Goes on in a block whose panics go to ``cleanup``."""
        w = self.w
        w.unwind = cleanup
        body = w.name("body")
        w.do(f"br ^{body}")
        w.label(body)

    def count(self, factor: int) -> None:
        """What a cleanup leaves behind: the order in which cleanups ran can be read off the counter."""
        w = self.w
        place = w.op("global @counter unsafe")
        scaled = w.op(f"mul {w.load(place)}, {w.op(f'const {factor} : i64', 'c')}")
        w.do(f"assign {place}, {w.op(f'add {scaled}, {w.constant()}')}")

    def statements(self, size: int, depth: int) -> None:
        for _ in range(max(1, self.choose.randint(size // 2, size))):
            kind = self.choose.random()
            if depth < 2 and kind < 0.12:
                self.branch(size, depth)
            elif depth < 2 and kind < 0.22:
                self.loop(size, depth)
            elif depth < 2 and kind < 0.28:
                self.switch(size, depth)
            else:
                self.w.fold(self.pick()(self.w))

    def inside(self, size: int, depth: int) -> str:
        """Statements whose values are not seen outside; gives their answer."""
        w = self.w
        scope, answer = list(w.scope), w.answer
        self.statements(max(1, size // 3), depth + 1)
        result, w.scope, w.answer = w.answer, scope, answer
        return result

    def branch(self, size: int, depth: int) -> None:
        w = self.w
        yes, no, join = w.name("yes"), w.name("no"), w.name("join")
        usual = self.choose.choice(["", "", " {likely}", " {unlikely}"])
        w.do(f"cond_br {w.flag()}, ^{yes}, ^{no}{usual}")
        w.label(yes)
        w.do(f"br ^{join}({self.inside(size, depth)})")
        w.label(no)
        w.do(f"br ^{join}({self.inside(size, depth)})")
        w.answer = "%" + w.name("a")
        w.label(join, f"({w.answer}: i64)")

    def loop(self, size: int, depth: int) -> None:
        w = self.w
        head, body, done = w.name("head"), w.name("body"), w.name("done")
        count, zero = w.op(f"const {self.choose.randint(1, 3)} : i64", "n"), w.op("const 0 : i64", "c")
        w.do(f"br ^{head}({zero}, {w.answer})")
        i, w.answer = "%" + w.name("i"), "%" + w.name("a")
        w.label(head, f"({i}: i64, {w.answer}: i64)")
        after = w.answer
        w.do(f"cond_br {w.op(f'icmp ult {i}, {count}')}, ^{body}, ^{done}")
        w.label(body)
        w.scope.append(i)
        result = self.inside(size, depth)
        w.scope.remove(i)
        one = w.op("const 1 : i64", "c")
        w.do(f"br ^{head}({w.op(f'add {i}, {one}')}, {result})")
        w.label(done)
        w.answer = after

    def switch(self, size: int, depth: int) -> None:
        w = self.w
        cases = [w.name("case") for _ in range(3)]
        join = w.name("join")
        w.do(f"switch {w.small(3, 'i64')}, 0 ^{cases[0]}, 1 ^{cases[1]}, ^{cases[2]}")
        for case in cases:
            w.label(case)
            w.do(f"br ^{join}({self.inside(size, depth)})")
        w.answer = "%" + w.name("a")
        w.label(join, f"({w.answer}: i64)")


def generate(
    seed: int, size: int = 8, families: Iterable[str] | None = None, weights: dict[str, float] | None = None
) -> Program:
    """A program.

    Parameters: ``size`` is about how many statements a function has at its top; ``families`` are those to draw from (all by
    default); ``weights`` how often each is drawn (``WEIGHTS`` by default; 1 for one that is not named). Raises
    ``ValueError`` for a family that does not exist.
    """
    allowed = chosen(families)
    choose = random.Random(seed)
    shares = [(weights or WEIGHTS).get(family, 1.0) for family in allowed]

    def pick() -> Snippet:
        family = choose.choices(allowed, shares)[0]
        return choose.choice(SNIPPETS[family])

    written: list[str] = []
    texts = []
    for index in range(choose.randint(1, 2) if size > SMALL else choose.random() < 0.3):
        function = _Function(Writer(choose, list(written), "panics" in allowed), pick)
        texts.append(function.write(f"f{index}", "private ", size // 2))
        written.append(f"f{index}")
    texts.append(_Function(Writer(choose, written, "panics" in allowed), pick).write("main_entry", "", size))
    prelude = used(PRELUDE, texts)
    resets = "".join(text for name, text in RESETS.items() if name in prelude)
    texts[-1] = texts[-1].replace("^entry:\n", f"^entry:\n{resets}", 1)
    if "panics" in allowed and "counter" in prelude:
        prelude["counted"] = LIBRARY["counted"]
    text = "\n".join(["altru 1", f"module @seed_{seed}", "", *prelude.values(), *texts])
    return Program(seed, text, tuple(allowed), size)


def chosen(families: Iterable[str] | None) -> list[str]:
    """``families`` in their order, all when it is None. Raises ``ValueError`` for one that does not exist, and for none."""
    wanted = set(FAMILIES if families is None else families)
    unknown = wanted - set(FAMILIES)
    if unknown or not wanted:
        raise ValueError(f"there is no family `{min(unknown, default='')}`; there are {', '.join(FAMILIES)}")
    return [family for family in FAMILIES if family in wanted]
