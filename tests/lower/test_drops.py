"""Drop glue: destructors run natively in the order of the interpreter, with a constant stack, and a panic keeps no other from
running. Recursive types are generated: owners in several fields, in enums and arrays, mutual recursion, more than eight slots,
owners of sequences."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

import pytest

import altru_ir as air
from altru_ir import backend
from altru_ir.backend.interpreter import meanings  # noqa: F401
from altru_ir.backend.interpreter.machine import Machine

LOG = """\
global mut @log : i64 = 7
func @note(%n: i64) nounwind {
^entry:
  %g = global @log unsafe
  %before = load %g
  %factor = const 1000003 : i64
  %shifted = mul %before, %factor
  %after = add %shifted, %n
  assign %g, %after
  ret
}
func @said() -> i64 nounwind {
^entry:
  %g = global @log unsafe
  %n = load %g
  ret %n
}
"""


DESTRUCTOR = """\
func @Node.drop(%self: ref<mut @Node>) NOUNWIND {
^entry:
  %s = deref %self
  %f = field %s, id
  %n = load %f
  call @note(%n)
  %bad = const BAD : i64
  %is = icmp eq %n, %bad
  cond_br %is, ^fails, ^done
^fails:
  panic "drop failed"
^done:
  ret
}
"""


class Types:
    """Random mutually recursive types, each with a destructor that notes a number, and a function that makes a random value."""

    def __init__(self, seed: int) -> None:
        self.choose = random.Random(seed)
        self.count = self.choose.randint(1, 4)
        self.fields = [
            [
                self.choose.choice(["one", "one", "array", "inline", "sequence"])
                for _ in range(self.choose.choice([1, 2, 3, 11]))
            ]
            for _ in range(self.count)
        ]
        self.targets = [[self.choose.randrange(self.count) for _ in fields] for fields in self.fields]
        self.lines: list[str] = []
        self.fresh = 0
        self.ids: list[int] = []

    def type(self, kind: str, target: int) -> str:
        return {
            "one": f"@Opt{target}",
            "array": f"[2 x @Opt{target}]",
            "inline": f"@Wrap{target}",
            "sequence": f"own<[? x @Opt{target}]>",
        }[kind]

    def make(self, text: str) -> str:
        self.fresh += 1
        self.lines.append(f"  %v{self.fresh} = {text}")
        return f"%v{self.fresh}"

    def option(self, target: int, depth: int) -> str:
        """A value of ``@Opt`` of a node, empty where the depth is used up."""
        if depth == 0 or self.choose.random() < 0.3 or self.fresh > 250:
            return self.make(f"enum None : @Opt{target}")
        owner = self.make(f"new {self.node(target, depth - 1)} : own<@Node{target}>")
        return self.make(f"enum Some, {owner} : @Opt{target}")

    def node(self, number: int, depth: int) -> str:
        parts = []
        for kind, target in zip(self.fields[number], self.targets[number], strict=True):
            if kind == "one":
                parts.append(self.option(target, depth))
            elif kind == "array":
                pair = self.option(target, depth), self.option(target, depth)
                parts.append(self.make(f"array {pair[0]}, {pair[1]} : [2 x @Opt{target}]"))
            elif kind == "inline":
                parts.append(self.make(f"struct {self.option(target, depth)} : @Wrap{target}"))
            else:
                pair = self.option(target, depth), self.option(target, depth)
                raw = self.make(f"new.array %two : own<[? x uninit<@Opt{target}>]>")
                place = self.make(f"deref {raw}")
                for index, value in zip(("%zero", "%one"), pair, strict=True):
                    self.lines.append(f"  init {self.make(f'elem {place}, {index}')}, {value}")
                parts.append(self.make(f"assume_init {raw} unsafe"))
        self.ids.append(self.fresh)
        id = self.make(f"const {self.fresh} : i64")
        return self.make(f"struct {', '.join([id, *parts])} : @Node{number}")

    def program(self, panics: bool) -> str:
        text = ["altru 1", "module @trees", LOG]
        for i in range(self.count):
            types = zip(self.fields[i], self.targets[i], strict=True)
            fields = ", ".join(f"f{k}: {self.type(kind, target)}" for k, (kind, target) in enumerate(types))
            text.append(f"struct @Node{i} {{ id: i64, {fields} }} drop @Node{i}.drop")
            text.append(f"enum @Opt{i} {{ None, Some(own<@Node{i}>) }}")
            text.append(f"struct @Wrap{i} {{ inner: @Opt{i} }}")
            text.append(DESTRUCTOR.replace("@Node", f"@Node{i}").replace("NOUNWIND", "" if panics else "nounwind"))
        root = self.make(f"new {self.node(0, 5)} : own<@Node0>")
        indices = "".join(f"  %{name} = const {n} : usize\n" for n, name in enumerate(("zero", "one", "two")))
        body = indices + "\n".join(self.lines)
        text.append(f"func @main_entry() -> i64 {{\n^entry:\n{body}\n  drop {root}\n  %n = call @said()\n  ret %n\n}}")
        return "\n".join(text).replace("BAD", str(self.choose.choice(self.ids) if panics else -1))


Run = Callable[..., Any]


def ended(run: Run) -> tuple[str, int]:
    """The answer or the panic, and what has been noted by then."""
    try:
        answer = f"{run('main_entry') % (1 << 64)}"
    except air.Panic as panic:
        answer = f"panic: {panic.message}"
    return answer, run("said") % (1 << 64)


@pytest.mark.parametrize("panics", [False, True], ids=["calm", "panicking"])
@pytest.mark.parametrize("seed", range(8))
def test_the_order_is_that_of_the_interpreter(seed: int, panics: bool) -> None:
    types = Types(seed)
    module = air.parse(types.program(panics))
    assert air.verify(module) == []
    machine = Machine(backend.prepare(module, opt=0))
    wanted = ended(lambda name: machine.run(name, []))
    assert wanted[0].startswith("panic: drop failed") == panics
    for opt in (0, 2):
        library = backend.compile(module, opt=opt)
        assert ended(lambda name: library[name]()) == wanted  # noqa: B023


LONG = """altru 1
module @long
struct @Node { left: @Tree, right: @Tree }
enum @Tree { Leaf, Of(own<@Node>) }
func @main_entry(%n: i64, %side: i64) -> i64 {
^entry:
  %zero = const 0 : i64
  %one = const 1 : i64
  %leaf = enum Leaf : @Tree
  br ^head(%zero, %leaf)
^head(%i: i64, %tree: @Tree):
  %more = icmp slt %i, %n
  cond_br %more, ^body, ^done
^body:
  %other = enum Leaf : @Tree
  %alternate = and %i, %one
  %mixed = add %side, %alternate
  %is = icmp sgt %mixed, %one
  cond_br %is, ^lefts, ^rights
^lefts:
  %l = struct %tree, %other : @Node
  br ^next(%l)
^rights:
  %r = struct %other, %tree : @Node
  br ^next(%r)
^next(%node: @Node):
  %o = new %node : own<@Node>
  %t = enum Of, %o : @Tree
  %j = add %i, %one
  br ^head(%j, %t)
^done:
  drop %tree
  ret %n
}
"""


@pytest.mark.parametrize(("side", "count"), [(0, 10_000_000), (2, 10_000_000), (1, 1_000_000)], ids=["right", "left", "zigzag"])
def test_degenerate_trees_use_constant_stack(side: int, count: int) -> None:
    """On a thread with a stack of 256 KiB."""
    library = backend.compile(air.parse(LONG), opt=2)
    before = threading.stack_size(256 * 1024)
    answers: list[int] = []
    try:
        thread = threading.Thread(target=lambda: answers.append(library["main_entry"](count, side)))
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert answers == [count]
