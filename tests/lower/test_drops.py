"""Drop glue: destructors run natively in the order of the interpreter, with a constant stack, and a panic keeps no other from
running. Recursive types are generated: owners in several fields, in enums and in arrays short and long, mutual recursion, more
than eight slots, owners of sequences, and arrays of such."""

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
                self.choose.choice(["one", "one", "array", "inline", "sequence", "plain", "rows", "long"])
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
            "plain": "own<i64>",
            "rows": f"[3 x own<[? x @Opt{target}]>]",
            "long": f"[18 x own<[? x @Opt{target}]>]" if target % 2 else f"[18 x @Opt{target}]",
        }[kind]

    def make(self, text: str) -> str:
        self.fresh += 1
        self.lines.append(f"  %v{self.fresh} = {text}")
        return f"%v{self.fresh}"

    def option(self, target: int, depth: int) -> str:
        """A value of ``@Opt`` of a node, empty where the depth is used up."""
        if depth == 0 or self.choose.random() < 0.3 or self.fresh > 150:
            return self.make(f"enum None : @Opt{target}")
        owner = self.make(f"new {self.node(target, depth - 1)} : own<@Node{target}>")
        return self.make(f"enum Some, {owner} : @Opt{target}")

    def sequence(self, target: int, depth: int, length: int) -> str:
        """A value of ``own<[? x @Opt]>``."""
        raw = self.make(f"new.array %n{length} : own<[? x uninit<@Opt{target}>]>")
        place = self.make(f"deref {raw}")
        for index in range(length):
            value = self.option(target, depth)
            self.lines.append(f"  init {self.make(f'elem {place}, %n{index}')}, {value}")
        return self.make(f"assume_init {raw} unsafe")

    def long(self, target: int, depth: int) -> str:
        """A value of an array that is walked in a loop; few of its elements lead to something."""
        some = {0, 1, 17, self.choose.randrange(18)} if self.fresh < 150 else set()
        if target % 2:
            parts = [self.sequence(target, depth, 2 * (index in some)) for index in range(18)]
            return self.make(f"array {', '.join(parts)} : [18 x own<[? x @Opt{target}]>]")
        parts = [self.option(target, depth if index in some else 0) for index in range(18)]
        return self.make(f"array {', '.join(parts)} : [18 x @Opt{target}]")

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
            elif kind == "plain":
                parts.append(self.make(f"new {self.make('const 1 : i64')} : own<i64>"))
            elif kind == "rows":
                rows = [self.sequence(target, depth, length) for length in (1, 0, 2)]
                parts.append(self.make(f"array {', '.join(rows)} : [3 x own<[? x @Opt{target}]>]"))
            elif kind == "long":
                parts.append(self.long(target, depth))
            else:
                parts.append(self.sequence(target, depth, self.choose.randrange(4)))
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
        indices = "".join(f"  %n{n} = const {n} : usize\n" for n in range(4))
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


class Rows:
    """Values whose owners stand in arrays without an enum in front, and in sequences of two dimensions."""

    TYPES = """struct @Node0 { id: i64, kids: [17 x own<@Node1>] } drop @Node0.drop
struct @Node1 { id: i64, more: own<[? x ? x @Node0]>, one: own<[2 x @Opt]> } drop @Node1.drop
enum @Opt { None, Some(own<@Node1>) }
"""

    def __init__(self) -> None:
        self.lines = [f"  %n{n} = const {n} : usize" for n in range(3)]
        self.fresh = 0

    def make(self, text: str) -> str:
        self.fresh += 1
        self.lines.append(f"  %v{self.fresh} = {text}")
        return f"%v{self.fresh}"

    def node0(self, depth: int) -> str:
        kids = [self.make(f"new {self.node1(depth * (i in (0, 16)))} : own<@Node1>") for i in range(17)]
        array = self.make(f"array {', '.join(kids)} : [17 x own<@Node1>]")
        return self.make(f"struct {self.make(f'const {self.fresh} : i64')}, {array} : @Node0")

    def node1(self, depth: int) -> str:
        rows, columns = (2, 1) if depth else (0, 2)
        raw = self.make(f"new.array %n{rows}, %n{columns} : own<[? x ? x uninit<@Node0>]>")
        place = self.make(f"deref {raw}")
        for row in range(rows):
            value = self.node0(depth - 1)
            self.lines.append(f"  init {self.make(f'elem {place}, %n{row}, %n0')}, {value}")
        more = self.make(f"assume_init {raw} unsafe")
        parts = [self.make("enum None : @Opt"), self.make("enum None : @Opt")]
        if depth:
            inner = self.make(f"new {self.node1(0)} : own<@Node1>")
            parts[1] = self.make(f"enum Some, {inner} : @Opt")
        array = self.make(f"array {', '.join(parts)} : [2 x @Opt]")
        one = self.make(f"new {array} : own<[2 x @Opt]>")
        return self.make(f"struct {self.make(f'const {self.fresh} : i64')}, {more}, {one} : @Node1")

    def program(self) -> str:
        root = self.node0(1)
        destructors = "".join(DESTRUCTOR.replace("@Node", f"@Node{i}").replace("NOUNWIND", "nounwind") for i in range(2))
        body = "\n".join(self.lines)
        main = f"func @main_entry() -> i64 {{\n^entry:\n{body}\n  drop {root}\n  %n = call @said()\n  ret %n\n}}\n"
        return f"altru 1\nmodule @rows\n{LOG}{self.TYPES}{destructors.replace('BAD', '-1')}{main}"


def test_owners_in_long_arrays_and_in_rows_and_columns() -> None:
    module = air.parse(Rows().program())
    assert air.verify(module) == []
    machine = Machine(backend.prepare(module, opt=0))
    wanted = ended(lambda name: machine.run(name, []))
    library = backend.compile(module, opt=0)
    assert ended(lambda name: library[name]()) == wanted


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


def on_a_small_stack(text: str, *arguments: int) -> int:
    """What ``main_entry`` answers on a thread with a stack of 256 KiB."""
    library = backend.compile(air.parse(text), opt=2)
    before = threading.stack_size(256 * 1024)
    answers: list[int] = []
    try:
        thread = threading.Thread(target=lambda: answers.append(library["main_entry"](*arguments)))
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    return answers[0]


@pytest.mark.parametrize(("side", "count"), [(0, 10_000_000), (2, 10_000_000), (1, 1_000_000)], ids=["right", "left", "zigzag"])
def test_degenerate_trees_use_constant_stack(side: int, count: int) -> None:
    assert on_a_small_stack(LONG, count, side) == count


CHAIN = """altru 1
module @chain
struct @Node { FIELDS }
enum @Tree { Leaf, Of(own<@Node>) }
func @main_entry(%n: i64) -> i64 {
^entry:
  %zero = const 0 : i64
  %one = const 1 : i64
  %leaf = enum Leaf : @Tree
  br ^head(%zero, %leaf)
^head(%i: i64, %tree: @Tree):
  %more = icmp slt %i, %n
  cond_br %more, ^body, ^done
^body:
BODY  %o = new %node : own<@Node>
  %t = enum Of, %o : @Tree
  %j = add %i, %one
  br ^head(%j, %t)
^done:
  drop %tree
  ret %n
}
"""


def chain(shape: str, width: int, at: int) -> str:
    """Nodes with ``width`` trees, of which the one ``at`` an index is as deep as it gets and the others are leaves."""
    leaves = "".join(f"  %l{i} = enum Leaf : @Tree\n" for i in range(width) if i != at)
    trees = ["%tree" if i == at else f"%l{i}" for i in range(width)]
    if shape == "fields":
        fields, body = ", ".join(f"f{i}: @Tree" for i in range(width)), f"  %node = struct {', '.join(trees)} : @Node\n"
    elif shape == "array":
        fields = f"kids: [{width} x @Tree]"
        body = f"  %kids = array {', '.join(trees)} : [{width} x @Tree]\n  %node = struct %kids : @Node\n"
    else:
        fields = "kids: own<[? x @Tree]>"
        body = f"  %w = const {width} : usize\n  %raw = new.array %w : own<[? x uninit<@Tree>]>\n  %all = deref %raw\n"
        for i, tree in enumerate(trees):
            body += f"  %i{i} = const {i} : usize\n  %e{i} = elem %all, %i{i}\n  init %e{i}, {tree}\n"
        body += "  %kids = assume_init %raw unsafe\n  %node = struct %kids : @Node\n"
    return CHAIN.replace("FIELDS", fields).replace("BODY", leaves + body)


@pytest.mark.parametrize(
    ("shape", "width", "at", "count"),
    [
        ("sequence", 2, 1, 10_000_000), ("sequence", 3, 0, 300_000), ("sequence", 1, 0, 300_000),
        ("fields", 12, 0, 300_000), ("fields", 12, 9, 300_000), ("fields", 12, 11, 300_000),
        ("array", 10, 9, 100_000), ("array", 40, 0, 50_000), ("array", 40, 20, 50_000), ("array", 40, 39, 50_000),
    ],
)  # fmt: skip
def test_children_in_many_places_use_constant_stack(shape: str, width: int, at: int, count: int) -> None:
    assert on_a_small_stack(chain(shape, width, at), count) == count


@pytest.mark.parametrize(("shape", "width"), [("sequence", 2), ("fields", 9)])
def test_the_interpreter_does_not_recurse_over_them_either(shape: str, width: int) -> None:
    module = air.parse(chain(shape, width, 1))
    assert backend.interpret(backend.prepare(module, opt=0), "main_entry", [1_500], steps=1_000_000) == 1_500
