"""Effects of functions: each rule with a near miss, and against what generated programs do to memory that was there before."""

from __future__ import annotations

from typing import Any

import pytest

from altru_ir.backend.interpreter.memory import Allocation
from altru_ir.module import Function, Module
from altru_ir.passes.analysis.aliases import ANYTHING, Aliases
from altru_ir.passes.analysis.effects import Effects, EffectSummaries, spell
from altru_ir.passes.analysis.manager import analyze
from altru_ir.values import Operation
from tests.analysis.bodies import generated
from tests.analysis.shapes import module_of
from tests.analysis.watching import Watcher, runs

HEAD = """altru 1
module @m
struct @S { a: i32, b: i32 }
struct @D { n: i32 } drop @D.drop
global mut @g : i32 = 0
extern "C" func @outside()
extern "C" func @calm() nounwind
func @D.drop(%self: ref<mut @D>) {
^entry:
  %p = global @g unsafe
  %n = const 1 : i32
  assign %p, %n
  ret
}
func @get(%x: ref<i32>) -> i32 {
^entry:
  %p = deref %x
  %n = load %p
  ret %n
}
func @set(%x: ref<mut i32>, %n: i32) {
^entry:
  %p = deref %x
  assign %p, %n
  ret
}
"""


@pytest.mark.parametrize(
    ("parameters", "body", "wanted"),
    [
        ("%n: i32", "  %m = add %n, %n\n  ret\n", "none"),
        ("%n: i32", "  %l = local : i32\n  init %l, %n\n  %m = load %l\n  ret\n", "none"),
        ("%x: ref<@S>", "  %s = deref %x\n  %p = field %s, a\n  %n = load %p\n  ret\n", "reads *%x"),
        ("%x: ref<mut i32>, %n: i32", "  %p = deref %x\n  init %p, %n\n  ret\n", "writes *%x"),
        ("%x: ref<ref<i32>>", "  %s = deref %x\n  %p = deref %s\n  %n = load %p\n  ret\n", "reads anything"),
        ("%x: ref<ref<[? x i32]>>", "  %s = deref %x\n  %p = deref %s\n  %n = dim %p, 0\n  ret\n", "reads *%x"),
        ("", "  %p = global @g unsafe\n  %n = load %p\n  ret\n", "reads @g"),
        ("%x: ref<cell<i32>>", "  %n = cell.get %x\n  ret\n", "reads *%x"),
        ("%x: ref<cell<i32>>, %n: i32", "  cell.set %x, %n\n  ret\n", "writes *%x"),
        ("%x: ref<mut i32>, %n: i32", "  call @set(%x, %n)\n  ret\n", "writes *%x"),
        ("%n: i32", "  %l = local : i32\n  init %l, %n\n  %x = borrow %l\n  %m = call @get(%x)\n  ret\n", "none"),
        ("%x: ref<i32>, %y: ref<i32>", "  %m = call @get(%y)\n  ret\n", "reads *%y"),
        ("", "  call @calm()\n  ret\n",
         "reads anything; writes anything; frees anything; may not return; allocates; may collect; seen by others"),
        ("%x: i32, %y: i32", "  %z = sadd.checked %x, %y\n  ret\n", "may panic"),
        ("", "  panic \"no\"\n", "may panic"),
        ("", "  abort\n", "may not return"),
        ("", "  br ^a\n^a:\n  br ^a\n", "may not return"),
        ("", "  ret\n^nowhere:\n  panic \"never\"\n", "none"),
        ("%x: i32", "  drop %x\n  ret\n", "none"),
        ("%x: @D", "  drop %x\n  ret\n", "writes @g"),
        ("%x: own<i32>", "  drop %x\n  ret\n", "writes *%x; frees *%x"),
        ("%n: i32", "  %x = new %n : own<i32>\n  drop %x\n  ret\n", "may panic; allocates; may collect"),
        ("%x: own<@D>", "  drop %x\n  ret\n", "writes anything; frees anything"),
        ("%x: ptr<mut i32>", "  free %x unsafe\n  ret\n", "writes *%x; frees *%x"),
        ("%f: fn()", "  call %f()\n  ret\n", "reads anything; writes anything; frees anything; may panic; may not return; "
         "allocates; may collect; seen by others"),
        ("", "  fence seq_cst\n  ret\n", "reads anything; writes anything; seen by others"),
        ("%x: ref<i32>", "  %p = deref %x\n  %n = load %p {volatile}\n  ret\n", "reads *%x; seen by others"),
    ],
)  # fmt: skip
def test_rules(parameters: str, body: str, wanted: str) -> None:
    module = module_of(f"{HEAD}func @f({parameters}) {{\n^entry:\n{body}}}\n")
    function = module.functions["f"]
    found = analyze(EffectSummaries, module).of(function)
    assert spell(found, function) == wanted


@pytest.mark.parametrize(
    ("parameters", "operation"),
    [
        ("%x: ref<cell<i32>>", "%n = cell.get %x"),
        ("%x: ref<cell<i32>>, %n: i32", "cell.set %x, %n"),
        ("%x: ref<cell<i32>>, %n: i32", "%m = cell.exchange %x, %n"),
        ("%x: ref<atomic<i32>>, %n: i32", "atomic.store seq_cst %x, %n"),
        ("%x: i32, %y: i32", "%z = sadd.checked %x, %y"),
        ("%x: @D", "drop %x"),
        ("%x: own<i32>", "drop %x"),
        ("%x: own<@D>", "drop %x"),
        ("%x: ptr<mut i32>", "free %x unsafe"),
        ("%x: ref<mut i32>, %n: i32", "call @set(%x, %n)"),
        ("%x: ref<i32>", "%n = call @get(%x)"),
        ("%f: fn()", "call %f()"),
        ("", "call @calm()"),
        ("", "fence seq_cst"),
        ("%x: i32, %y: i32", "%z = add %x, %y"),
    ],
)
def test_an_operation_has_the_effects_of_a_function_that_does_it(parameters: str, operation: str) -> None:
    names = ", ".join(parameter.partition(":")[0] for parameter in parameters.split(", ") if parameter)
    module = module_of(
        f"{HEAD}func @f({parameters}) {{\n^entry:\n  {operation}\n  ret\n}}\n"
        f"func @calls({parameters}) {{\n^entry:\n  call @f({names})\n  ret\n}}\n"
    )
    found = analyze(EffectSummaries, module)
    does, calls = (module.functions[name] for name in ("f", "calls"))
    of_operation = found.of_operation(does.entry.ops[0], analyze(Aliases, does))
    of_call = found.of_operation(calls.entry.ops[0], analyze(Aliases, calls))
    assert of_operation == of_call == found.of(does) == found.of(calls)


def test_cycles_are_solved_together() -> None:
    module = module_of(f"""{HEAD}
func @even(%n: i32, %x: ref<mut i32>) {{
^entry:
  call @odd(%n, %x)
  ret
}}
func @odd(%n: i32, %x: ref<mut i32>) {{
^entry:
  call @set(%x, %n)
  %p = global @g unsafe
  %m = load %p
  call @even(%m, %x)
  ret
}}
func @caller(%n: i32) {{
^entry:
  %l = local : i32
  init %l, %n
  %x = borrow mut %l
  call @even(%n, %x)
  ret
}}
""")
    found = analyze(EffectSummaries, module)
    for name in ("even", "odd"):
        effects = found.of(module.functions[name])
        assert effects.writes == {1}
        assert {"g"} <= effects.reads
        assert effects.diverges
    caller = found.of(module.functions["caller"])
    assert not caller.writes
    assert caller.reads == {"g"}
    assert not caller.removable


def test_what_is_removable_and_pure() -> None:
    assert Effects().pure
    assert Effects(reads=frozenset({0})).removable
    assert not Effects(reads=frozenset({0})).pure
    assert not Effects(panics=True).removable
    assert Effects(allocates=True).removable
    assert not Effects(allocates=True).pure


class Changes(Watcher):
    """Whether what a function does to memory older than itself is in its summary, at every activation of it."""

    def __init__(self, module: Module) -> None:
        super().__init__(module)
        self.effects = analyze(EffectSummaries, module)
        self.active: list[tuple[Function, int, int]] = []
        self.checked = 0

    def entered(self, function: Function, op: Operation | None, arguments: list[Any]) -> None:
        depth = len(self.current.stack)
        while self.active and self.active[-1][1] >= depth:
            self.active.pop()
        self.active.append((function, depth, self.memory.next_address))

    def access(self, op: Operation, allocation: Allocation, offset: int, size: int, write: bool) -> None:
        if len(self.threads) > 1 or op.function is None or (op.decl.callee is not None and not write):
            return  # a reference that is passed on is checked, as if it were read, but nothing is read
        depth = len(self.current.stack)
        while self.active and self.active[-1][1] > depth:
            self.active.pop()
        for function, _, newest in self.active:
            if allocation.base >= newest:
                continue
            effects = self.effects.of(function)
            memory = effects.writes if write else effects.reads | effects.writes
            self.checked += 1
            globals_ = {name for name in memory if isinstance(name, str)}
            named = any(self.globals.get(name) is allocation for name in globals_)
            pointed = any(isinstance(part, int) for part in memory)
            constant = allocation.kind == "constant" and not write
            assert ANYTHING in memory or named or pointed or constant, f"@{function.name}: {op.name} of {allocation}"


@pytest.mark.parametrize("seed", range(25))
def test_runs_show_no_other_effects(seed: int) -> None:
    machines = runs(generated(seed, 6), Changes, [7, 2])
    assert machines
    assert seed or any(isinstance(m, Changes) and m.checked for m in machines)
