"""A generator of programs that walk over memory in every way but the straight one, for what takes checks away.

    text, calls = generate(7)
    # func @main_entry(%a: ref<mut [? x i64]>, %b: ref<[? x i64]>, %c: ref<[? x i32]>, %n: usize, %m: usize) -> i64

``loops`` makes programs in SSA of ``usize``, one loop inside of another. Here all is in locals, as front-ends write it, so
control may go anywhere: loops are left, continued and returned from in the middle, and jumps lead into them from outside
(irreducible). Indices are of 8 to 64 bits, signed and not, wrap around, are cast up and down, and come out of memory; slices
are parts of parts and change from round to round, a vector grows and shrinks behind its length, here and behind references, a
matrix has two dimensions and views of some rows; private functions call each other in circles; there are prints, panics, stores
and divisions in between.

Invariants: a program depends on its seed alone and verifies; nothing but a missing check makes a memory error of it. It may run
long or for ever: run it with a budget. Each of the calls is a triple of lengths for %a, %b and %c, and %n and %m.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

Call = tuple[int, int, int, int, int]

BITS = {"i8": 8, "i16": 16, "i32": 32, "i64": 64, "usize": 64}
UNSIGNED = ("ult", "ult", "ule", "ugt", "uge", "ne", "eq")
SIGNED = ("slt", "slt", "sle", "sgt", "sge", "ne", "eq")
WRAPPING = ("add", "add", "sub", "sub", "mul", "and", "or", "xor")
LEAST = ("umin", "umax", "smin", "smax")
TOP = (1 << 64) - 1
RECORD = """struct @Vec { data: own<[? x i64]>, used: usize }
private func @look(%v: ref<@Vec>, %i: usize) -> i64 {
^entry:
  %none = const 0 : i64
  %one = const 1 : usize
  %all = deref %v
  %used_place = field %all, used
  %data_place = field %all, data
  %seq = deref %data_place
  %used = load %used_place
  %below = icmp ult %i, %used
  cond_br %below, ^some, ^none
^some:
  %slot = elem %seq, %i
  %x = load %slot
  %n = dim %seq, 0
  %last = sub %n, %one
  %end = elem %seq, %last
  %y = load %end
  %sum = add %x, %y
  ret %sum
^none:
  ret %none
}
private func @push(%v: ref<mut @Vec>, %x: i64) {
^entry:
  %zero = const 0 : usize
  %one = const 1 : usize
  %fill = const 5 : i64
  %all = deref %v
  %used_place = field %all, used
  %data_place = field %all, data
  %seq = deref %data_place
  %used = load %used_place
  %room = dim %seq, 0
  %full = icmp uge %used, %room
  cond_br %full, ^grow, ^store
^grow:
  %more = add %room, %one
  %new = new.array %more, %fill : own<[? x i64]>
  %kept = local : own<[? x i64]>
  init %kept, %new
  br ^head(%zero)
^head(%i: usize):
  %again = icmp ult %i, %used
  cond_br %again, ^copy, ^done
^copy:
  %from = elem %seq, %i
  %old = load %from
  %to_seq = deref %kept
  %to = elem %to_seq, %i
  assign %to, %old
  %next = add %i, %one
  br ^head(%next)
^done:
  %moved = take %kept
  assign %data_place, %moved
  br ^store
^store:
  %slot = elem %seq, %used
  assign %slot, %x
  %after = add %used, %one
  assign %used_place, %after
  ret
}
"""
"""A vector that is looked at and pushed to by functions, behind references of both kinds."""

ROOM = 70
"""Statements by function: behind so many no statement has statements in it."""


class _Function:
    """One function: its locals, and the labels that may be jumped to. No value is used in another block than its own."""

    def __init__(self, writer: _Writer, name: str, parameters: dict[str, str], result: str, helpers: list[str]) -> None:
        self.writer = writer
        self.choose = writer.choose
        self.lines: list[str] = []
        self.name, self.parameters, self.result, self.helpers = name, parameters, result, helpers
        self.count = 0
        self.left = ROOM
        self.numbers: dict[str, str] = {}  # locals, by name, and their types
        self.slices = ["s", "t"]
        self.mutable = "a" if "a" in parameters else None
        self.is_main = name == "main_entry"
        self.counters: list[str] = []
        self.loops: list[tuple[str, str]] = []
        self.labels: list[str] = []
        self.constants: set[str] = set()

    def fresh(self, stem: str = "v") -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def op(self, text: str, *parts: object) -> str:
        """An operation, with its parts in the place of `{}`; the name of what it gives."""
        name = self.fresh()
        self.lines.append(f"  %{name} = " + text.format(*parts))
        return name

    def do(self, text: str, *parts: object) -> None:
        """An operation that gives nothing."""
        self.lines.append("  " + text.format(*parts))

    def label(self, name: str) -> None:
        self.lines.append(f"^{name}:")

    def flip(self, share: float) -> bool:
        return self.choose.random() < share

    def free(self, *types: str) -> list[str]:
        """The locals that no loop counts with."""
        return [name for name, type in self.numbers.items() if name not in self.counters and (not types or type in types)]

    # -- numbers -----------------------------------------------------------------------------------------------------------

    def constant(self, type: str, *numbers: int) -> str:
        return self.op("const {} : {}", self.choose.choice(numbers or (0, 1, 1, 2, 3, 7)), type)

    def cast(self, value: str, source: str, to: str) -> str:
        """A number as one of another type."""
        if source == to:
            return value
        before, after = BITS[source], BITS[to]
        if before == after:
            return self.op("bitcast %{} : {}", value, to)
        if before > after:
            return self.op("trunc %{} : {}", value, to)
        return self.op("{} %{} : {}", self.choose.choice(["zext", "sext"]), value, to)

    def length(self) -> str:
        kind = self.choose.random()
        if kind < 0.2 and self.mutable:
            return self.op("slice.len %{}", self.mutable)
        if kind < 0.3 and self.is_main:
            return self.op("slice.len %{}", self.choose.choice("bc"))
        if kind < 0.4 and self.is_main:
            place = self.op("deref %grown")
            return self.op("dim %{}, 0", place)
        if kind < 0.5 and self.is_main:
            place = self.op("deref %matrix")
            return self.op("dim %{}, {}", place, self.choose.choice([0, 1]))
        slice = self.op("load %{}", self.choose.choice(self.slices))
        return self.op("slice.len %{}", slice)

    def number(self, type: str = "usize", depth: int = 2) -> str:
        choose = self.choose
        if depth == 0 or self.flip(0.3):
            kind = choose.random()
            if self.counters and kind < 0.45:
                name = choose.choice(self.counters[-2:])
                return self.cast(self.op("load %{}", name), self.numbers[name], type)
            if kind < 0.75:
                name = choose.choice([*self.numbers])
                return self.cast(self.op("load %{}", name), self.numbers[name], type)
            return self.cast(self.length(), "usize", type) if kind < 0.88 else self.constant(type)
        a = self.number(type, depth - 1)
        kind = choose.randrange(16)
        if kind < 5:
            return self.op("{} %{}, %{}", choose.choice(["add", "sub"]), a, self.constant(type, 1, 1, 2, 3, -1))
        if kind < 8:
            return self.op("{} %{}, %{}", choose.choice(WRAPPING), a, self.number(type, depth - 1))
        if kind == 8:
            return self.op("and %{}, %{}", a, self.constant(type, 1, 3, 7))
        if kind == 9:
            return self.op("{} %{}, %{}", choose.choice(LEAST), a, self.number(type, depth - 1))
        if kind == 10:
            return self.op("{} %{}, %{}", choose.choice(["shl", "lshr", "ashr"]), a, self.constant(type, 1, 1, 2, 3, 65))
        if kind == 11:
            return self.op(
                "{} %{}, %{}", choose.choice(["udiv", "sdiv", "urem", "srem"]), a, self.constant(type, 2, 3, 8, -2, -1)
            )
        if kind == 12:
            divisor = self.op("or %{}, %{}", self.number(type, 0), self.constant(type, 1))
            return self.op("{} %{}, %{}", choose.choice(["udiv", "urem", "urem", "srem"]), a, divisor)
        if kind == 13:
            return self.op("select %{}, %{}, %{}", self.condition(), a, self.number(type, depth - 1))
        if kind == 14:
            other = choose.choice([each for each in BITS if each != type])
            return self.cast(self.cast(a, type, other), other, type)
        return self.op("mul %{}, %{}", a, self.constant(type, 2, 3, -1))

    def index(self) -> str:
        """What is used as an index: a counter, or nearly so, rather than anything."""
        if self.counters and self.flip(0.6):
            name = self.choose.choice(self.counters[-2:])
            value = self.cast(self.op("load %{}", name), self.numbers[name], "usize")
            kind = self.choose.random()
            if kind < 0.5:
                return value
            if kind < 0.75:
                return self.op("{} %{}, %{}", self.choose.choice(["add", "sub"]), value, self.constant("usize", 1, 1, 2))
            if kind < 0.85:
                last = self.op("sub %{}, %{}", self.length(), self.constant("usize", 1))
                return self.op("sub %{}, %{}", last, value)
            return self.op("add %{}, %{}", value, self.number("usize", 0))
        return self.number("usize", 2)

    def condition(self) -> str:
        type = self.choose.choice(["usize", "usize", "usize", "i8", "i16", "i32", "i64"])
        a, b = self.number(type, 0), self.number(type, self.choose.choice([0, 0, 1]))
        made = self.op("icmp {} %{}, %{}", self.choose.choice(UNSIGNED if self.flip(0.6) else SIGNED), a, b)
        kind = self.choose.random()
        if kind < 0.15:
            other = self.op("icmp {} %{}, %{}", self.choose.choice(UNSIGNED), self.index(), self.length())
            return self.op("{} %{}, %{}", self.choose.choice(["and", "or"]), made, other)
        if kind < 0.2:
            return self.op("xor %{}, %{}", made, self.op("const true : i1"))
        return made

    # -- statements --------------------------------------------------------------------------------------------------------

    def statements(self, depth: int, most: int = 3) -> None:
        for _ in range(self.choose.randint(1, most)):
            self.statement(depth)

    def statement(self, depth: int) -> None:
        self.left -= 1
        flat = depth == 0 or self.left < 0
        kinds: list[tuple[Callable[[], None], int]] = [
            (self.access, 8), (self.assign, 4), (self.show, 1), (self.part, 2), (self.divide, 1),
        ]  # fmt: skip
        if self.helpers:
            kinds.append((self.call, 2))
        if self.is_main:
            kinds += [(self.vector, 3), (self.cell, 3), (self.gather, 2), (self.raw, 1), (self.record, 2)]
        if not flat or self.flip(0.3):
            kinds.append((self.leave, 1))
        if not flat:
            nested = ((self.branch, 4), (self.loop, 7), (self.cases, 1), (self.lend, 2), (self.rounds, 1))
            kinds += [(partial(each, depth - 1), weight) for each, weight in nested]
        self.choose.choices([each for each, _ in kinds], [weight for _, weight in kinds])[0]()

    def guarded(self, conditions: list[str]) -> str:
        """Goes on in a block of its own where all of the conditions hold; the label behind it."""
        then, behind = self.fresh("in"), self.fresh("on")
        whole = conditions[0]
        for each in conditions[1:]:
            whole = self.op("and %{}, %{}", whole, each)
        self.do("cond_br %{}, ^{}, ^{}", whole, then, behind)
        self.label(then)
        return behind

    def mix(self, value: str) -> None:
        """Adds a number to the sum that is the answer."""
        sum = self.op("load %sum")
        scaled = self.op("mul %{}, %{}", sum, self.op("const 31 : i64"))
        self.do("assign %sum, %{}", self.op("add %{}, %{}", scaled, value))

    def access(self) -> None:
        """Loads or stores of one slice, one or a few; behind a comparison that is right, nearly right, or missing."""
        stores = self.mutable is not None and self.flip(0.35)
        source = self.mutable if stores or (self.mutable and self.flip(0.2)) else None
        slice = source or self.op("load %{}", self.choose.choice(self.slices))
        index = self.index()
        behind = None
        if self.flip(0.5):
            length = self.op("slice.len %{}", slice)
            fits = self.op("icmp {} %{}, %{}", "ule" if self.flip(0.08) else "ult", index, length)
            behind = self.guarded([fits])
        place = self.op("deref %{}", slice)
        many = [index]
        while self.flip(0.25) and len(many) < 4:
            many.append(self.op("{} %{}, %{}", self.choose.choice(["add", "sub"]), index, self.constant("usize", 1, 1, 2, 3)))
        for each in many:
            slot = self.op("elem %{}, %{}", place, each)
            if stores:
                self.do("assign %{}, %{}", slot, self.op("load %sum"))
            else:
                self.mix(self.op("load %{}", slot))
        if behind:
            self.do("br ^{}", behind)
            self.label(behind)

    def assign(self) -> None:
        name = self.choose.choice([*self.numbers] if self.flip(0.05) else self.free() or [*self.numbers])
        self.do("assign %{}, %{}", name, self.number(self.numbers[name]))

    def show(self) -> None:
        shown = self.op("and %{}, %{}", self.op("trunc %{} : i32", self.number("i64", 1)), self.op("const 63 : i32"))
        self.do("call @putchar(%{}) unsafe", shown)

    def part(self) -> None:
        """A slice becomes a part of itself or of another one."""
        slice = self.op("load %{}", self.choose.choice(self.slices))
        if self.is_main and self.flip(0.2):
            slice = "b"
        length = self.op("slice.len %{}", slice)
        low, high = (self.index(), length) if self.flip(0.4) else (self.constant("usize", 0, 0, 1), self.index())
        if self.flip(0.2):
            low, high = self.index(), self.index()
        if {low, high} <= self.constants:  # a range the wrong way round would be an error
            high = length
        behind = None
        if self.flip(0.5):
            first = self.op("icmp ule %{}, %{}", low, high)
            behind = self.guarded([first, self.op("icmp ule %{}, %{}", high, length)])
        place = self.op("deref %{}", slice)
        made = self.op("borrow %{}", self.op("subrange %{}, %{}, %{}", place, low, high))
        self.do("assign %{}, %{}", self.choose.choice(self.slices), made)
        if behind:
            self.do("br ^{}", behind)
            self.label(behind)

    def divide(self) -> None:
        type = self.choose.choice([*BITS])
        a, b = self.number(type, 1), self.number(type, 1)
        behind = None
        if self.flip(0.6):
            behind = self.guarded(
                [self.op("icmp {} %{}, %{}", self.choose.choice(["ne", "ugt", "sgt"]), b, self.constant(type, 0))]
            )
        made = self.op("{} %{}, %{}", self.choose.choice(["udiv", "sdiv", "urem", "srem"]), a, b)
        self.mix(self.cast(made, type, "i64"))
        if behind:
            self.do("br ^{}", behind)
            self.label(behind)

    def call(self) -> None:
        name = self.choose.choice(self.helpers)
        result = self.writer.results[name]
        s, t = (self.op("load %{}", self.choose.choice(self.slices)) for _ in range(2))
        x, y = self.index(), self.choose.choice([self.length, self.index])()
        behind = None
        if self.flip(0.7):
            conditions = [self.op("icmp ult %{}, %{}", x, self.op("slice.len %{}", s))]
            if self.flip(0.5):
                conditions.append(self.op("icmp ule %{}, %{}", y, self.op("slice.len %{}", t)))
            behind = self.guarded(conditions)
        fuel = "fuel" if self.is_main else self.op("sub %fuel, %{}", self.op("const 1 : usize"))
        made = self.op("call @{}(%{}, %{}, %{}, %{}, %{})", name, s, t, x, y, fuel)
        if result == "i64":
            self.mix(made)
        elif result == "usize":
            self.do("assign %{}, %{}", self.choose.choice(self.free("usize") or ["bound"]), made)
            if self.flip(0.5):
                slot = self.op("elem %{}, %{}", self.op("deref %{}", s), made)
                self.mix(self.op("load %{}", slot))
        else:
            self.do("assign %{}, %{}", self.choose.choice(self.slices), made)
        if behind:
            self.do("br ^{}", behind)
            self.label(behind)

    def vector(self) -> None:
        """Of the vector: push, pop, or an access below its length; its array has `dim` elements, of which `used` are."""
        kind = self.choose.random()
        used = self.op("load %used")
        place = self.op("deref %grown")
        one = self.op("const 1 : usize")
        if kind < 0.35:
            room = self.op("dim %{}, 0", place)
            full, fits, push = self.fresh("full"), self.fresh("fits"), self.fresh("push")
            self.do("cond_br %{}, ^{}, ^{}", self.op("icmp uge %{}, %{}", used, room), full, push)
            self.label(full)
            fill = self.op("const 5 : i64")
            # a new array, filled from the old one
            more = self.op(
                "add %{}, %{}", self.op("and %{}, %{}", room, self.op("const 63 : usize")), self.op("const 2 : usize")
            )
            self.do("br ^{}", fits)
            self.label(fits)
            self.do("assign %grown, %{}", self.op("new.array %{}, %{} : own<[? x i64]>", more, fill))
            smaller = self.op("umin %{}, %{}", self.op("load %used"), self.op("dim %{}, 0", self.op("deref %grown")))
            self.do("assign %used, %{}", self.op("usub.checked %{}, %{}", smaller, self.op("umin %{}, %{}", smaller, one)))
            self.do("br ^{}", push)
            self.label(push)
            used = self.op("load %used")
            slot = self.op("elem %{}, %{}", self.op("deref %grown"), used)
            self.do("assign %{}, %{}", slot, self.op("load %sum"))
            self.do("assign %used, %{}", self.op("add %{}, %{}", used, self.op("const 1 : usize")))
        elif kind < 0.6:
            behind = self.guarded(
                [self.op("icmp {} %{}, %{}", self.choose.choice(["ugt", "ne"]), used, self.op("const 0 : usize"))]
            )
            last = self.op("sub %{}, %{}", used, one)
            self.do("assign %used, %{}", last)
            self.mix(self.op("load %{}", self.op("elem %{}, %{}", self.op("deref %grown"), last)))
            self.do("br ^{}", behind)
            self.label(behind)
        else:
            index = self.index()
            behind = self.guarded([self.op("icmp {} %{}, %{}", "ule" if self.flip(0.1) else "ult", index, used)])
            self.mix(self.op("load %{}", self.op("elem %{}, %{}", self.op("deref %grown"), index)))
            self.do("br ^{}", behind)
            self.label(behind)

    def record(self) -> None:
        """The vector behind a reference: looked at, pushed to, or read here, where its length is that of a field."""
        kind = self.choose.random()
        if kind < 0.3:
            self.mix(self.op("call @look(%{}, %{})", self.op("borrow %record"), self.index()))
            return
        if kind < 0.6:
            self.do("call @push(%{}, %{})", self.op("borrow mut %record"), self.op("load %sum"))
            return
        index = self.index()
        seen = self.op("borrow %record")
        place = self.op("deref %{}", self.op("field %{}, data", self.op("deref %{}", seen)))
        length = self.op("dim %{}, 0", place)
        behind = self.guarded([self.op("icmp {} %{}, %{}", "ule" if self.flip(0.1) else "ult", index, length)])
        if self.flip(0.3):
            self.do("call @push(%{}, %{})", self.op("borrow mut %record"), self.op("load %sum"))
            seen = self.op("borrow %record")
            place = self.op("deref %{}", self.op("field %{}, data", self.op("deref %{}", seen)))
        self.mix(self.op("load %{}", self.op("elem %{}, %{}", place, index)))
        self.do("br ^{}", behind)
        self.label(behind)

    def cell(self) -> None:
        """An element of the matrix, or of some of its rows; either way round."""
        place = self.op("deref %matrix")
        i, j = self.index(), self.index()
        conditions = []
        if self.flip(0.3):
            first = self.constant("usize", 0, 1)
            last = self.op("dim %{}, 0", place)
            behind = self.guarded([self.op("icmp ule %{}, %{}", first, last)])
            part = self.op("borrow %{}", self.op("subrange %{}, %{}, %{}", place, first, last))
            self.mix(self.op("load %{}", self.op("elem %{}, %{}, %{}", self.op("deref %{}", part), i, j)))
            self.do("br ^{}", behind)
            self.label(behind)
            return
        stores = self.flip(0.4)
        if self.flip(0.8):
            axes = (0, 1) if self.flip(0.9) else (1, 0)
            conditions = [
                self.op("icmp ult %{}, %{}", i, self.op("dim %{}, {}", place, axes[0])),
                self.op("icmp ult %{}, %{}", j, self.op("dim %{}, {}", place, axes[1])),
            ]
        after = self.guarded(conditions) if conditions else None
        for each in ((i, j), (j, i)) if self.flip(0.2) else ((i, j),):
            slot = self.op("elem %{}, %{}, %{}", place, each[0], each[1])
            if stores:
                self.do("assign %{}, %{}", slot, self.op("load %sum"))
            else:
                self.mix(self.op("load %{}", slot))
        if after:
            self.do("br ^{}", after)
            self.label(after)

    def gather(self) -> None:
        """An index out of memory: `b[c[i]]`."""
        index = self.index()
        length = self.op("slice.len %c")
        behind = self.guarded([self.op("icmp ult %{}, %{}", index, length)])
        read = self.op("load %{}", self.op("elem %{}, %{}", self.op("deref %c"), index))
        name = self.choose.choice(self.free() or [*self.numbers])
        self.do("assign %{}, %{}", name, self.cast(read, "i32", self.numbers[name]))
        if self.flip(0.5):
            at = self.op(
                "urem %{}, %{}", self.cast(read, "i32", "usize"), self.op("umax %{}, %{}", length, self.constant("usize", 1))
            )
            read = self.op("load %{}", self.op("elem %{}, %{}", self.op("deref %c"), at))
            self.mix(self.op("sext %{} : i64", read))
        self.do("br ^{}", behind)
        self.label(behind)

    def raw(self) -> None:
        """A raw pointer that may be null."""
        first = self.op("slice.ptr %{}", self.choose.choice("b"))
        maybe = self.op("select %{}, %{}, %{}", self.condition(), first, self.op("null : ptr<i64>"))
        some = self.op("icmp ugt %{}, %{}", self.op("slice.len %b"), self.op("const 0 : usize"))
        conditions = [some]
        if self.flip(0.6):
            conditions.append(self.op("icmp ne %{}, %{}", maybe, self.op("null : ptr<i64>")))
        behind = self.guarded(conditions)
        self.mix(self.op("load %{}", self.op("deref %{} unsafe", maybe)))
        self.do("br ^{}", behind)
        self.label(behind)

    def leave(self) -> None:
        """Control goes elsewhere: out of a loop, to its next round, out of the function, or anywhere there is a label."""
        behind = self.guarded([self.condition()])
        kind = self.choose.random()
        if self.loops and kind < 0.6:
            following, done = self.choose.choice(self.loops[-2:])
            self.do("br ^{}", following if kind < 0.25 else done)
        elif kind < 0.7:
            self.give_back()
        elif kind < 0.8:
            self.do('panic "no more"')
        elif self.labels and self.writer.irreducible:
            left = self.op("load %jumps")
            go = self.op("icmp ne %{}, %{}", left, self.op("const 0 : usize"))
            self.do(
                "assign %jumps, %{}",
                self.op("usub.checked %{}, %{}", left, self.op("umin %{}, %{}", left, self.op("const 1 : usize"))),
            )
            self.do("cond_br %{}, ^{}, ^{}", go, self.choose.choice(self.labels), behind)
        else:
            self.do("br ^{}", behind)
        self.label(behind)

    def branch(self, depth: int) -> None:
        then, other, join = self.fresh("then"), self.fresh("else"), self.fresh("join")
        self.do("cond_br %{}, ^{}, ^{}", self.condition(), then, other)
        self.label(then)
        self.labels.append(then)
        self.statements(depth)
        self.do("br ^{}", join)
        self.label(other)
        if self.flip(0.5):
            self.statements(depth)
        self.do("br ^{}", join)
        self.label(join)

    def cases(self, depth: int) -> None:
        type = self.choose.choice(["usize", "i8", "i32"])
        value = self.number(type, 1)
        arms = [self.fresh("case") for _ in range(2)]
        join = self.fresh("join")
        self.do("switch %{}, 0 ^{}, 1 ^{}, 3 ^{}, ^{}", value, arms[0], join, arms[1], self.choose.choice([*arms, join]))
        for each in arms:
            self.label(each)
            self.statements(depth, 2)
            self.do("br ^{}", join)
        self.label(join)

    def lend(self, depth: int) -> None:
        """Statements that see a part of the mutable slice in its place."""
        if self.mutable is None or self.writer.irreducible:
            self.access()
            return
        whole = self.mutable
        length = self.op("slice.len %{}", whole)
        low, high = self.index(), length
        behind = self.guarded([self.op("icmp ule %{}, %{}", low, high)])
        self.mutable = self.op("borrow mut %{}", self.op("subrange %{}, %{}, %{}", self.op("deref %{}", whole), low, high))
        self.statements(depth, 2)
        self.mutable = whole
        self.do("br ^{}", behind)
        self.label(behind)

    def loop(self, depth: int) -> None:
        """A loop that counts, of any type, in any direction."""
        choose = self.choose
        names = self.free()
        sizes = [each for each in names if self.numbers[each] == "usize"]
        if not names:
            self.access()
            return
        name = choose.choice(sizes) if sizes and self.flip(0.65) else choose.choice(names)
        type = self.numbers[name]
        down = self.flip(0.35)
        head, body, following, done = (self.fresh(stem) for stem in ("head", "body", "next", "done"))
        zero = self.constant(type, 0, 0, 0, 1, -1) if self.flip(0.85) else self.number(type, 0)
        bound = self.cast(self.length(), "usize", type) if self.flip(0.7) else self.number(type, 1)
        if down and self.flip(0.3):
            bound = self.op("sub %{}, %{}", bound, self.constant(type, 1))
        fixed = self.flip(0.6)
        self.do("assign %{}, %{}", name, bound if down else zero)
        if fixed:
            self.do("assign %bound, %{}", self.cast(zero if down else bound, type, "usize"))
        self.do("br ^{}", head)
        self.label(head)
        i = self.op("load %{}", name)
        if fixed:
            limit = self.cast(self.op("load %bound"), "usize", type) if self.flip(0.3) else None
            limit = limit or (self.constant(type, 0, 0, -1) if down else self.cast(self.length(), "usize", type))
        else:
            limit = self.constant(type, 0, 0, -1) if down else self.number(type, 0)
        predicate = choose.choice(["ugt", "ne", "sgt", "uge", "sge"] if down else ["ult", "ult", "ult", "slt", "ne", "ule"])
        self.do("cond_br %{}, ^{}, ^{}", self.op("icmp {} %{}, %{}", predicate, i, limit), body, done)
        self.label(body)
        self.labels.append(body)
        step = choose.choice([1, 1, 1, 1, 2, 3])
        early = down and self.flip(0.5)
        self.counters.append(name)
        self.loops.append((following, done))
        if early:
            self.step(name, -step)
        self.statements(depth)
        self.loops.pop()
        self.counters.pop()
        self.do("br ^{}", following)
        self.label(following)
        if not early:
            self.step(name, -step if down else step)
        self.do("br ^{}", head)
        self.label(done)

    def step(self, name: str, by: int) -> None:
        type = self.numbers[name]
        made = self.op(
            "{} %{}, %{}", "add" if by > 0 else "sub", self.op("load %{}", name), self.op("const {} : {}", abs(by), type)
        )
        self.do("assign %{}, %{}", name, made)

    def rounds(self, depth: int) -> None:
        """A loop that goes on for as long as a slice has something, which each round takes some of."""
        head, body, done = self.fresh("head"), self.fresh("body"), self.fresh("done")
        name = self.choose.choice(self.slices)
        self.do("br ^{}", head)
        self.label(head)
        length = self.op("slice.len %{}", self.op("load %{}", name))
        least = self.constant("usize", 0, 0, 1)
        self.do("cond_br %{}, ^{}, ^{}", self.op("icmp ugt %{}, %{}", length, least), body, done)
        self.label(body)
        self.loops.append((head, done))
        slice = self.op("load %{}", name)
        place, n = self.op("deref %{}", slice), self.op("slice.len %{}", slice)
        self.mix(self.op("load %{}", self.op("elem %{}, %{}", place, self.constant("usize", 0))))
        one = self.op("const 1 : usize")
        kind = self.choose.randrange(3)
        low, high = [
            lambda: (one, n),
            lambda: (self.op("const 0 : usize"), self.op("sub %{}, %{}", n, one)),
            lambda: (self.op("udiv %{}, %{}", self.op("add %{}, %{}", n, one), self.op("const 2 : usize")), n),
        ][kind]()
        self.do("assign %{}, %{}", name, self.op("borrow %{}", self.op("subrange %{}, %{}, %{}", place, low, high)))
        self.statements(depth)
        self.loops.pop()
        self.do("br ^{}", head)
        self.label(done)

    def give_back(self) -> None:
        if self.result == "i64":
            self.do("ret %{}", self.op("load %sum"))
        elif self.result == "usize":
            value = self.index()
            if self.flip(0.5):
                value = self.op("umin %{}, %{}", value, self.choose.choice(["x", "y"]))
            self.do("ret %{}", value)
        else:
            self.do("ret %{}", self.op("load %{}", self.choose.choice(self.slices)))

    # -- the whole ---------------------------------------------------------------------------------------------------------

    def write(self, size: int) -> list[str]:
        choose = self.choose
        prefix = "" if self.is_main else ("private " if self.flip(0.85) else "")
        listed = ", ".join(f"%{name}: {type}" for name, type in self.parameters.items())
        region = "<'r>" if "'r" in listed else ""
        head = [f"{prefix}func @{self.name}{region}({listed}) -> {self.result} {{", "^entry:"]

        def keep(name: str, type: str, value: str) -> None:
            self.do("%{} = local : {}", name, type)
            self.do("init %{}, %{}", name, value)

        keep("sum", "i64", self.op("const 7 : i64"))
        keep("bound", "usize", self.op("const 0 : usize"))
        if self.is_main:
            keep("s", "ref<[? x i64]>", "b")
            keep("t", "ref<[? x i64]>", "b")
            self.do("%fuel = const 3 : usize")
            seven, zero = self.op("const 7 : usize"), self.op("const 0 : i64")
            rows, columns = self.op("and %n, %{}", seven), self.op("and %m, %{}", seven)
            keep("matrix", "own<[? x ? x i64]>", self.op("new.array %{}, %{}, %{} : own<[? x ? x i64]>", rows, columns, zero))
            keep("grown", "own<[? x i64]>", self.op("new.array %{}, %{} : own<[? x i64]>", columns, zero))
            keep("used", "usize", self.op("const 0 : usize"))
            few = self.op("new.array %{}, %{} : own<[? x i64]>", rows, zero)
            keep("record", "@Vec", self.op("struct %{}, %{} : @Vec", few, self.op("const 0 : usize")))
            keep("jumps", "usize", self.op("const 9 : usize"))
            starts = ["n", "m", self.op("slice.len %a"), self.op("slice.len %b")]
        else:
            keep("s", "ref<'r, [? x i64]>", "s_given")
            keep("t", "ref<'r, [? x i64]>", "t_given")
            keep("jumps", "usize", self.op("const 5 : usize"))
            starts = ["x", "y", self.op("slice.len %s_given"), self.op("slice.len %t_given")]
        for at in range(choose.randint(2, 4)):
            name = f"u{at}"
            self.numbers[name] = "usize"
            keep(name, "usize", choose.choice(starts))
        for type in choose.sample(["i8", "i16", "i32", "i64"], choose.choice([1, 1, 2, 3])):
            name = f"k{BITS[type]}"
            self.numbers[name] = type
            start = choose.choice(starts)
            keep(name, type, self.cast(start, "usize", type) if self.flip(0.6) else self.constant(type, 0, 1, -1, 100))
        if not self.is_main:
            stop, begin = self.fresh("stop"), self.fresh("begin")
            self.do("cond_br %{}, ^{}, ^{}", self.op("icmp eq %fuel, %{}", self.op("const 0 : usize")), stop, begin)
            self.label(stop)
            self.give_back()
            self.label(begin)
        for _ in range(size):
            self.statement(3 if self.is_main else 2)
        self.give_back()
        return [*head, *self.lines, "}", ""]


class _Writer:
    """A program."""

    def __init__(self, seed: int) -> None:
        self.choose = random.Random(f"walks {seed}")
        self.irreducible = self.choose.random() < 0.3
        self.results: dict[str, str] = {}


def generate(seed: int, size: int = 3) -> tuple[str, list[Call]]:
    """The text of a program, and arguments to call it with: ``size`` is how many statements it has at the outermost level."""
    writer = _Writer(seed)
    choose = writer.choose
    slice = "ref<[? x i64]>"
    parts = []
    names = [f"h{at}" for at in range(choose.choice([0, 0, 1, 2, 3]))]
    for name in names:
        writer.results[name] = choose.choice(["i64", "usize", "ref<'r, [? x i64]>"])
    for name in names:
        of = "ref<'r, [? x i64]>"
        parameters = {"s_given": of, "t_given": of, "x": "usize", "y": "usize", "fuel": "usize"}
        parts += _Function(writer, name, parameters, writer.results[name], names).write(choose.choice([1, 2]))
    parameters = {"a": "ref<mut [? x i64]>", "b": slice, "c": "ref<[? x i32]>", "n": "usize", "m": "usize"}
    parts += _Function(writer, "main_entry", parameters, "i64", names).write(size)
    text = "\n".join(["altru 1", "module @walks", 'extern "C" func @putchar(%c: i32) -> i32 unsafe', RECORD, *parts])
    lengths = [0, 1, 2, 3, 5, 8]
    calls: list[Call] = [(5, 5, 5, 5, 5), (4, 6, 3, 4, 3)]
    for _ in range(2):
        calls.append(
            (choose.choice(lengths), choose.choice(lengths), choose.choice(lengths), choose.choice([*lengths, TOP, 129]),
             choose.choice(lengths))
        )  # fmt: skip
    return text, calls
