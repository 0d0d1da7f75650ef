"""Small programs that may lose an owner, for the defects of ``check-leaks``: runs say whether they do.

A program is one story: an owner that is turned into a pointer, which goes by other names, is looked at, and is released on
some ways or on all, once or in a loop; one that is forgotten, meant or not; one in storage without a value; nodes that own each
other; one in an arena. Each choice is the bit of the argument that the run asks for, so all ways can be gone.

Invariant: every way of the graph is gone by some argument, so what is warned of and what is lost are the same.
"""

from __future__ import annotations

import random

import altru_ir as air
from altru_ir.passes.pipeline_text import parse_pipeline
from altru_ir.passes.verify.leaks import check_leaks

HEAD = """\
altru 1
module @leaking
struct @Node { next: @Link, n: i32 }
enum @Link { None, Some(own<@Node>) }
global mut @bits : i64 = 0
extern "C" func @memcpy(%to: ptr<mut i8> borrowed, %source: ptr<i8> borrowed, %n: usize) -> ptr<mut i8> unsafe
func @flip() -> i1 nounwind {
^entry:
  %g = global @bits unsafe
  %n = load %g
  %one = const 1 : i64
  %m = lshr %n, %one
  assign %g, %m
  %b = trunc %n : i1
  ret %b
}
func @keeps(%p: ptr<mut i32>) {
^entry:
  %o = own.from_ptr %p unsafe : own<i32>
  ret
}
func @node(%n: i32) -> own<@Node> nounwind {
^entry:
  %none = enum None : @Link
  %node = struct %none, %n : @Node
  %o = new %node : own<@Node>
  ret %o
}
"""
MAIN = """\
func @main_entry(%seed: i64) -> i32 {
^entry:
  %g = global @bits unsafe
  assign %g, %seed
  %n = const 7 : i32
  call @story(%n)
  ret %n
}
"""
CHOICES = 8
"""Ways are told apart by so many bits."""


class Story:
    """The text of ``@story`` for a seed."""

    def __init__(self, seed: int) -> None:
        self.choose = random.Random(seed)
        self.lines: list[str] = ["^entry:", "  %zero = const 0 : usize"]
        self.fresh = 0
        kinds = (self.converted, self.converted, self.converted, self.forgotten, self.hidden, self.cyclic, self.arena)
        self.choose.choice(kinds)()

    def text(self) -> str:
        body = "\n".join(self.lines)
        return f"{HEAD}func @story(%n: i32) {{\n{body}\n}}\n{MAIN}"

    def name(self, stem: str) -> str:
        self.fresh += 1
        return f"{stem}{self.fresh}"

    def say(self, *lines: str) -> None:
        self.lines += [line if line.startswith("^") else "  " + line for line in lines]

    def likely(self, share: float) -> bool:
        return self.choose.random() < share

    def flip(self, yes: str, no: str) -> None:
        c = self.name("%c")
        self.say(f"{c} = call @flip()", f"cond_br {c}, ^{yes}, ^{no}")

    # -- a pointer that was an owner --

    def converted(self) -> None:
        loop, late = self.likely(0.4), self.likely(0.3)
        if loop:
            self.say("br ^again", "^again:")
        self.say("%o = new %n : own<i32>", "%p0 = own.into_ptr %o")
        pointer, bytes = "%p0", False
        for _ in range(self.choose.randint(0, 3)):
            pointer, bytes = self.renamed(pointer, bytes, loop and late)
        if self.likely(0.3):
            pointer, bytes = self.typed(pointer, bytes)
            place = self.name("%x")
            self.say(f"{place} = deref {pointer} unsafe", f"{self.name('%v')} = load {place}")
        leaves = [f"leaf{at}" for at in range(self.choose.randint(1, 3))]
        for at, leaf in enumerate(leaves[:-1]):
            rest = f"more{at}" if at + 2 < len(leaves) else leaves[-1]
            self.flip(leaf, rest)
            if rest not in leaves:
                self.say(f"^{rest}:")
        if len(leaves) == 1:
            self.say(f"br ^{leaves[0]}")
        for leaf in leaves:
            self.say(f"^{leaf}:")
            if not late and self.likely(0.7):
                self.release(pointer, bytes)
            if loop and self.likely(0.7):
                self.flip("again", "out")
            else:
                self.say("br ^out")
        self.say("^out:")
        if late:
            self.release(pointer, bytes)
        self.say("ret")

    def renamed(self, pointer: str, bytes: bool, lost_again: bool) -> tuple[str, bool]:
        """Another name of a pointer, and whether it is one to bytes; no argument of a block where the conversion may run again
        before it is released, for the check does not look at that then."""
        kind = self.choose.randrange(1 if lost_again else 0, 3)
        if kind == 0:
            argument, block = self.name("%a"), self.name("next")
            self.say(f"br ^{block}({pointer})", f"^{block}({argument}: ptr<mut {'i8' if bytes else 'i32'}>):")
            return argument, bytes
        if kind == 1:
            other = self.name("%q")
            self.say(f"{other} = ptr.cast {pointer} : ptr<mut {'i32' if bytes else 'i8'}>")
            return other, not bytes
        if bytes:
            self.say(f"%m{self.fresh} = ptr.cast {pointer} : ptr<i8>")
            self.say(f"{self.name('%w')} = call @memcpy({pointer}, %m{self.fresh - 1}, %zero) unsafe")
        return pointer, bytes

    def typed(self, pointer: str, bytes: bool) -> tuple[str, bool]:
        if not bytes:
            return pointer, False
        other = self.name("%q")
        self.say(f"{other} = ptr.cast {pointer} : ptr<mut i32>")
        return other, False

    def release(self, pointer: str, bytes: bool) -> None:
        pointer, _ = self.typed(pointer, bytes)
        if self.likely(0.5):
            self.say(f"call @keeps({pointer})")
        else:
            owner = self.name("%o")
            self.say(f"{owner} = own.from_ptr {pointer} unsafe : own<i32>", f"drop {owner}")

    # -- the other stories --

    def forgotten(self) -> None:
        meant = ' {allow = "ALT-L002"}' if self.likely(0.3) else ""
        if self.likely(0.3):
            self.say("%t = tuple %n, %zero : (i32, usize)", "forget %t")
        else:
            self.say("%o = new %n : own<i32>", f"forget %o{meant}")
        self.say("ret")

    def hidden(self) -> None:
        type, value = self.choose.choice([("own<i32>", "%o"), ("own<i32>", "%o"), ("i32", "%n")])
        if value == "%o":
            self.say("%o = new %n : own<i32>")
        self.say(f"%l = local : uninit<{type}>", f"init %l, {value}")
        if self.likely(0.5):
            self.say("%full = assume_init %l unsafe", "%x = take %full")
            if value == "%o":
                self.say("drop %x")
        self.say("ret")

    def cyclic(self) -> None:
        count = self.choose.randint(1, 2)
        for at in range(count):
            self.say(f"%o{at} = call @node(%n)", f"%p{at} = own.into_ptr %o{at}")
            self.say(f"%d{at} = deref %p{at} unsafe", f"%f{at} = field %d{at}, next")
        for at in range(count):
            self.say(f"%x{at} = own.from_ptr %p{at} unsafe : own<@Node>")
        around = self.likely(0.7)
        stores = range(count) if around else range(count - 1)
        for at in stores:
            self.say(f"%s{at} = enum Some, %x{(at + 1) % count} : @Link", f"assign %f{at}, %s{at}")
        if not around:
            self.say("drop %x0")
        elif self.likely(0.4):
            self.say("%none = enum None : @Link", "%old = exchange %f0, %none", "drop %old")
        self.say("ret")

    def arena(self) -> None:
        self.say("%made = arena.new", "%home = local : arena", "init %home, %made", "%in = borrow mut %home")
        content, type = "%n", "i32"
        if self.likely(0.5):
            self.say("%inner = new %n : own<i32>")
            content, type = "%inner", "own<i32>"
        self.say(f"%o = new in %in, {content} : own<'_, {type}>")
        self.say(self.choose.choice(["forget %o", "%p = own.into_ptr %o"]), "ret")


Case = tuple[air.Module, bool]
"""A story, and whether it loses an owner that nobody said may be lost."""


def stories(seed: int) -> list[Case]:
    """The story of a seed."""
    from tests.mutants.owners import ELABORATION, first_fault

    text = Story(seed).text()
    module = air.parse(text)
    problems = air.verify(module)
    if problems:
        raise air.DiagnosticError(problems, module.source)
    ready = module.clone()
    for each in parse_pipeline(ELABORATION):
        each.run(ready)
    lost = first_fault(ready, range(1 << CHOICES))
    return [(module, lost is not None and "{allow" not in text)]


def told_of_leaks(cases: list[Case]) -> str | None:
    for module, lost in cases:
        warned = bool(check_leaks(module.functions["story"], module))
        if warned != lost:
            return "nothing is said of a leak" if lost else "a leak is named where there is none"
    return None
