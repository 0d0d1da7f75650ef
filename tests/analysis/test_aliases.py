"""Alias classes: each clause with a near miss, and against the bytes that generated programs access."""

from __future__ import annotations

from typing import Any

import pytest

from altru_ir.backend.interpreter.memory import Allocation, Pointer
from altru_ir.module import Function, Module
from altru_ir.passes.analysis.aliases import ALLOCATES, ANYTHING, Aliases, Overlap
from altru_ir.passes.analysis.call_graph import CallGraph
from altru_ir.passes.analysis.manager import analyze
from altru_ir.types import PlaceType
from altru_ir.values import Operation, Symbol, Value
from tests.analysis.bodies import generated
from tests.analysis.shapes import module_of, value_named
from tests.analysis.watching import Watcher, runs

TYPES = """altru 1
module @m
struct @S { a: i32, b: i32 }
struct @T { data: own<[? x i32]>, used: usize }
struct @C { next: gc<@C> }
union @U { n: i32, f: f32 }
enum @E { X(i32), Y(i64) }
global mut @g : i32 = 0
global mut @h : i32 = 0
extern "C" func @keep(%p: ptr<mut i32>)
"""

NO, MAY, SAME = Overlap.NO, Overlap.MAY, Overlap.SAME


def between(parameters: str, body: str) -> Overlap:
    """How the places %p and %q are related."""
    module = module_of(f"{TYPES}func @f({parameters}) {{\n^entry:\n{body}  ret\n}}\n")
    function = module.functions["f"]
    return analyze(Aliases, function).overlap(value_named(function, "p"), value_named(function, "q"))


ARRAY = "  %t = local : [8 x @S]\n  %one = const 1 : usize\n  %two = const 2 : usize\n"
LOCAL = "  %p = local : i32\n"
BORROWED = LOCAL + "  %r = borrow mut %p\n  %raw = ref.to_ptr %r\n"


@pytest.mark.parametrize(
    ("parameters", "body", "wanted"),
    [
        ("", "  %p = local : i32\n  %q = local : i32\n", NO),  # 1
        ("", "  %p = local : i32\n  %q = global @g unsafe\n", NO),
        ("", "  %p = global @h unsafe\n  %q = global @g unsafe\n", NO),
        ("", "  %p = global @g unsafe\n  %q = global @g unsafe\n", SAME),
        ("%n: usize", "  %a = alloc %n : ptr<mut i32>\n  %b = alloc %n : ptr<mut i32>\n"
         "  %p = deref %a unsafe\n  %q = deref %b unsafe\n", NO),
        ("%x: ptr<mut i32>", LOCAL + "  %q = deref %x unsafe\n", NO),  # 2
        ("%x: ptr<i32>, %n: usize", "  %a = alloc %n : ptr<mut i32>\n  %p = deref %a unsafe\n  %q = deref %x unsafe\n", NO),
        ("%x: ptr<mut i32>", "  %p = global @g unsafe\n  %q = deref %x unsafe\n", MAY),
        ("%x: ref<mut i32>, %y: ref<i32>", "  %p = deref %x\n  %q = deref %y\n", NO),  # 3
        ("%x: ref<i32>, %y: ref<i32>", "  %p = deref %x\n  %q = deref %y\n", MAY),
        ("%x: ref<mut cell<i32>>, %y: ref<cell<i32>>", "  %p = deref %x\n  %q = deref %y\n", MAY),
        ("%x: ref<mut i32>, %y: ref<i32>", "  %raw = ref.to_ptr %x\n  %p = deref %x\n  %q = deref %y\n", MAY),
        ("%x: ref<mut i32>, %y: ref<ptr<i32>>", "  %p = deref %x\n  %s = deref %y\n  %z = load %s\n"
         "  %q = deref %z unsafe\n", NO),
        ("%x: ref<mut i32>, %y: ref<mut ref<mut i32>>", "  %p = deref %x\n  %s = deref %y\n  assign %s, %x\n"
         "  %q = deref %s\n", MAY),
        ("%y: ref<ptr<i32>>", BORROWED + "  %s = deref %y\n  %z = load %s\n  %q = deref %z unsafe\n", NO),  # 4
        ("%y: ref<ptr<i32>>", BORROWED + "  call @keep(%raw)\n  %s = deref %y\n  %z = load %s\n  %q = deref %z unsafe\n", MAY),
        ("%y: ref<ptr<i32>>", BORROWED + "  %n = ptr.addr %raw\n  %s = deref %y\n  %z = load %s\n"
         "  %q = deref %z unsafe\n", MAY),
        ("%y: ref<ptr<i32>>", BORROWED + "  %o = null : ptr<mut i32>\n  %c = icmp eq %raw, %o\n  %s = deref %y\n"
         "  %z = load %s\n  %q = deref %z unsafe\n", NO),
        ("%y: ref<ptr<i32>>", BORROWED + "  %o = tuple %raw, %raw\n  %s = deref %y\n  %z = load %s\n"
         "  %q = deref %z unsafe\n", MAY),
        ("", "  %s = local : @S\n  %p = field %s, a\n  %q = field %s, b\n", NO),  # 5
        ("", "  %s = local : @S\n  %p = field %s, a\n  %q = field %s, a\n", SAME),
        ("", "  %p = local : @S\n  %q = field %p, a\n", MAY),
        ("", "  %s = local : @U\n  %p = field %s, n\n  %q = field %s, f\n", MAY),
        ("", "  %s = local : @E\n  %p = variant %s, X\n  %q = variant %s, Y\n", MAY),
        ("", ARRAY + "  %p = elem %t, %one\n  %q = elem %t, %two\n", NO),
        ("%i: usize", ARRAY + "  %p = elem %t, %i\n  %q = elem %t, %two\n", MAY),
        ("%i: usize", ARRAY + "  %p = elem %t, %i\n  %q = elem %t, %i\n", SAME),
        ("%i: usize", ARRAY + "  %x = elem %t, %i\n  %y = elem %t, %two\n  %p = field %x, a\n  %q = field %y, b\n", NO),
        ("%i: usize", ARRAY + "  %x = elem %t, %i\n  %y = elem %t, %two\n  %p = field %x, a\n  %q = field %y, a\n", MAY),
        ("%i: usize", ARRAY + "  %x = subrange %t, %one, %i\n  %p = elem %x, %one\n  %q = elem %t, %two\n", SAME),
        ("%i: usize", ARRAY + "  %x = subrange %t, %one, %i\n  %p = elem %x, %one\n  %q = elem %t, %one\n", NO),
        ("%i: usize", ARRAY + "  %x = subrange %t, %i, %i\n  %p = elem %x, %one\n  %q = elem %t, %one\n", MAY),
        ("%i: usize", ARRAY + "  %p = subrange %t, %one, %i\n  %q = subrange %t, %one, %two\n", MAY),
        ("%x: ref<mut own<i32>>, %y: ptr<i32>", "  %s = deref %x\n  %p = deref %s\n  %q = deref %y unsafe\n", MAY),  # 6
        ("%x: ref<mut own<i32>>", "  %s = deref %x\n  %p = deref %s\n  %q = deref %s\n", MAY),
        ("%x: ref<mut @T>, %i: usize", "  %s = deref %x\n  %p = field %s, data\n  %d = deref %p\n  %q = elem %d, %i\n", NO),
        ("%x: ref<mut @T>, %i: usize", "  %p = deref %x\n  %f = field %p, data\n  %d = deref %f\n  %q = elem %d, %i\n", NO),
        ("%x: ref<mut @T>, %i: usize", "  %s = deref %x\n  %p = field %s, used\n  %f = field %s, data\n  %d = deref %f\n"
         "  %q = elem %d, %i\n", NO),
        ("%x: ref<@C>", "  %s = deref %x\n  %p = field %s, next\n  %d = deref %p\n  %q = field %d, next\n", MAY),
        ("", LOCAL + "  %r = borrow mut %p\n  %q = deref %r\n", SAME),
        ("", "  %s = local : @S\n  %p = field %s, a\n  %r = borrow mut %s\n  %d = deref %r\n  %q = field %d, b\n", NO),
        ("%l: ref<mut pool<i32>>, %h: pool.handle<i32>, %x: ptr<i32>", "  %r = pool.get_mut %l, %h\n  %p = deref %r\n"
         "  %q = deref %x unsafe\n", MAY),
        ("%i: usize", BORROWED + "  %z = ptr.add %raw, %i\n  %q = deref %z unsafe\n", MAY),  # 7
        ("%c: i1", LOCAL + "  %l = local : i32\n  %r = borrow %p\n  %s = borrow %l\n  %z = select %c, %r, %s\n"
         "  %q = deref %z\n", MAY),
        ("%c: i1", LOCAL + "  %l = local : i32\n  %k = local : i32\n  %r = borrow %k\n  %s = borrow %l\n"
         "  %z = select %c, %r, %s\n  %q = deref %z\n", NO),
    ],
)  # fmt: skip
def test_clauses(parameters: str, body: str, wanted: Overlap) -> None:
    assert between(parameters, body) == wanted


def test_block_arguments_point_where_all_that_arrives_does() -> None:
    module = module_of(f"""{TYPES}func @f(%c: i1, %n: usize) {{
^entry:
  %a = local : i32
  %b = local : i32
  %p = local : i32
  %x = borrow %a
  %y = borrow %b
  cond_br %c, ^join(%x), ^join(%y)
^join(%z: ref<i32>):
  %q = deref %z
  cond_br %c, ^join(%z), ^done
^done:
  ret
}}
""")
    function = module.functions["f"]
    found = analyze(Aliases, function)
    assert found.objects[value_named(function, "z")] == {value_named(function, n).operation for n in "ab"}
    assert found.overlap(value_named(function, "p"), value_named(function, "q")) == NO
    assert found.overlap(value_named(function, "a"), value_named(function, "q")) == MAY
    assert str(found.path(value_named(function, "q"))) == "(*%z)"


def test_many_objects_are_anything() -> None:
    locals_ = "".join(f"  %l{n} = local : i32\n  %r{n} = borrow %l{n}\n" for n in range(9))
    cases = ", ".join(f"{n} ^join(%r{n})" for n in range(8))
    module = module_of(f"{TYPES}func @f(%n: i32) {{\n^entry:\n{locals_}  switch %n, {cases}, ^join(%r8)\n"
                       "^join(%z: ref<i32>):\n  ret\n}\n")  # fmt: skip
    function = module.functions["f"]
    found = analyze(Aliases, function)
    assert found.objects[value_named(function, "z")] == {ANYTHING}
    assert all(value_named(function, f"l{n}").operation in found.escaped for n in range(9)), "or it would be covered by nothing"


PLAIN = ("load", "init", "exchange", "discriminant")


class Bytes(Watcher):
    """Compares accesses of one pass through a block, and where pointers point."""

    def __init__(self, module: Module) -> None:
        super().__init__(module)
        self.recent: list[tuple[Operation, Value, Allocation, int, int]] = []
        self.pairs = 0
        self.known: dict[Function, Aliases] = {}
        self.calls = CallGraph(module)
        self.seen = self.points

    def of(self, function: Function) -> Aliases:
        if function not in self.known:
            self.known[function] = analyze(Aliases, function)
        return self.known[function]

    def entered(self, function: Function, op: Operation | None, arguments: list[Any]) -> None:
        self.recent.clear()

    def access(self, op: Operation, allocation: Allocation, offset: int, size: int, write: bool) -> None:
        if op.name not in PLAIN or not isinstance(op.operands[0].type, PlaceType):
            return
        if self.recent and (self.recent[-1][0].block is not op.block or any(each[0] is op for each in self.recent)):
            self.recent.clear()
        assert op.function is not None
        aliases = self.of(op.function)
        for _, place, where, begin, length in self.recent:
            found = aliases.overlap(place, op.operands[0])
            self.pairs += 1
            if where is allocation and begin < offset + size and offset < begin + length:
                assert found != NO, f"{aliases.path(place)} and {aliases.path(op.operands[0])}"
            elif found == SAME:
                raise AssertionError(f"{aliases.path(place)} is not {aliases.path(op.operands[0])}")
        self.recent.append((op, op.operands[0], allocation, offset, size))

    def points(self, value: Value, pointer: Any) -> None:
        owner = value.owner
        function = owner if isinstance(owner, Function) else getattr(owner, "function", None)
        if not isinstance(pointer, Pointer) or pointer.allocation is None or not isinstance(function, Function):
            return
        if not value.type.is_pointer or self.calls.recursive(self.calls.number[function.name]):
            return
        aliases, made = self.of(function), pointer.allocation.created
        objects = aliases.objects[value]
        if isinstance(made, Operation) and made.function is function and made.name in ALLOCATES:
            assert made in objects or (ANYTHING in objects and made in aliases.escaped), f"%{value.name} of {made}"
        elif ANYTHING not in objects and not any(isinstance(each, Value) for each in objects):
            names = [each for each in objects if isinstance(each, Symbol)]
            assert any(self.globals.get(name) is pointer.allocation for name in names), f"%{value.name}: {objects}"


@pytest.mark.parametrize("seed", range(30))
def test_runs_agree(seed: int) -> None:
    machines = runs(generated(seed, 6), Bytes, [7, 2])
    assert machines


def test_runs_compare_something() -> None:
    machines = [machine for seed in range(12) for machine in runs(generated(seed, 6), Bytes, [7, 2])]
    assert sum(machine.pairs for machine in machines if isinstance(machine, Bytes)) > 60
