"""A fused segment does what its parts do alone: same answers, faults, budgets, and operations executed."""

from __future__ import annotations

from typing import Any

import pytest

import altru_ir as air
from altru_ir import backend
from altru_ir.backend.interpreter import code, sources
from altru_ir.backend.interpreter.machine import Aborted, Machine
from altru_ir.faults import MemoryFault
from altru_ir.testing import whole_language

NEVER, AT_ONCE = 1 << 60, 1


def outcome(module: air.Module, name: str, arguments: list[Any], hot: int, monkeypatch: pytest.MonkeyPatch) -> Any:
    """How a run ends, what it prints and executes, and on how many schedules."""
    monkeypatch.setattr(code, "HOT", hot)
    printed: list[bytes] = []
    executed: set[str] = set()
    results: list[Any] = []
    try:
        backend.interpret(
            module, name, arguments, schedules=8, write=printed.append, executed=executed, each=results.append, steps=200_000
        )
        end: Any = None
    except (air.Panic, Aborted) as panic:
        end = (type(panic), str(panic))
    except MemoryFault as fault:
        end = fault.diagnostic
    return end, results, printed, executed


@pytest.mark.parametrize("start", range(0, 30, 10))
def test_generated_programs(start: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(start, start + 10):
        module = backend.prepare(air.parse(whole_language.generate(seed).text), opt=0)
        ways = [outcome(module, "main_entry", [seed, 7], hot, monkeypatch) for hot in (NEVER, AT_ONCE)]
        assert ways[0] == ways[1], f"seed {seed}"


LOOP = """altru 1
module @m
func @f(%n: i64, %k: usize) -> i64 {
^entry:
  %zero = const 0 : i64
  %one = const 1 : i64
  %least = const 0 : usize
  %step = const 1 : usize
  %a = local : [4 x i64]
  %empty = const [1, 2, 3, 4] : [4 x i64]
  init %a, %empty
  br ^loop(%zero, %least, %one)
^loop(%i: i64, %at: usize, %x: i64):
  %slot = elem %a, %at
  %old = load %slot
  %sum = sadd.checked %old, %x
  assign %slot, %sum
  %next = add %i, %one
  %limit = icmp ult %at, %k
  %further = add %at, %step
  %to = select %limit, %further, %least
  %more = icmp ult %next, %n
  cond_br %more, ^loop(%next, %to, %sum), ^done
^done:
  end %a
  ret %sum
}
"""


SWAP = """altru 1
module @m
func @f(%n: i64, %a: i64, %b: i64) -> i64 {
^entry:
  %one = const 1 : i64
  br ^loop(%n, %a, %b)
^loop(%i: i64, %x: i64, %y: i64):
  %square = mul %x, %x
  %sum = add %square, %y
  %less = sub %i, %one
  %more = icmp ne %less, %one
  cond_br %more, ^loop(%less, %y, %x), ^done
^done:
  %r = sub %x, %sum
  ret %r
}
"""


def test_the_text_of_a_segment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what others may read is stored, and the arguments of an edge are read before any is bound."""
    monkeypatch.setattr(code, "HOT", 1)
    written: list[str] = []
    compiled = sources._code
    monkeypatch.setattr(sources, "_code", lambda source: written.append(source) or compiled(source))
    assert backend.interpret(air.parse(SWAP), "f", [5, 10, 3]) == 3 - (9 + 10)
    (loop,) = [source for source in written if "make" not in source and "*" in source]
    assert loop.splitlines() == [
        "def run(thread, s, after):",
        "    v6 = s[6]",
        "    v8 = v6 * v6 & 18446744073709551615",
        "    v7 = s[7]",
        "    v9 = v8 + v7 & 18446744073709551615",
        "    s[9] = v9",
        "    v5 = s[5]",
        "    v4 = s[4]",
        "    v10 = v5 - v4 & 18446744073709551615",
        "    v11 = 1 if v10 != v4 else 0",
        "    if v11:",
        "        s[5] = v10",
        "        s[6] = v7",
        "        s[7] = v6",
        "        return k1, s",
        "    return k2, s",
    ]


@pytest.mark.parametrize("hot", [NEVER, AT_ONCE, 5])
def test_faults_in_a_loop(hot: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code, "HOT", hot)
    module = air.parse(LOOP)
    assert backend.interpret(module, "f", [20, 3]) == 1635
    with pytest.raises(MemoryFault, match="index 4 is out of bounds for length 4") as caught:
        backend.interpret(module, "f", [20, 9])
    assert caught.value.location is not None
    assert caught.value.location.line == 14
    with pytest.raises(air.Panic, match="overflow"):
        backend.interpret(module, "f", [10_000, 1])
    with pytest.raises(MemoryFault, match="takes more than 501 steps"):
        backend.interpret(module, "f", [10_000, 0], steps=501)


LIST = """altru 1
module @m
enum @Rest { End, More(own<@Link>) }
struct @Link { rest: @Rest, number: i64 }
func @f(%n: i64) -> i64 {
^entry:
  %zero = const 0 : i64
  %one = const 1 : i64
  %end = enum End : @Rest
  br ^loop(%zero, %end)
^loop(%i: i64, %rest: @Rest):
  %more = icmp ult %i, %n
  cond_br %more, ^body, ^done
^body:
  %link = struct %rest, %i : @Link
  %b = new %link : own<@Link>
  %next = enum More, %b : @Rest
  %i1 = add %i, %one
  br ^loop(%i1, %next)
^done:
  drop %rest
  ret %i
}
"""


@pytest.mark.parametrize("hot", [NEVER, AT_ONCE, 5])
def test_an_edge_that_moves(hot: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number and an owner go along the same edge."""
    monkeypatch.setattr(code, "HOT", hot)
    assert backend.interpret(air.parse(LIST), "f", [20], steps=1000) == 20


@pytest.mark.parametrize("hot", [NEVER, AT_ONCE, 5])
def test_the_budget(hot: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a run costs does not depend on how it is run."""
    monkeypatch.setattr(code, "HOT", hot)
    machine = Machine(air.parse(LOOP))
    assert machine.run("f", [20, 3]) == 1635
    assert machine.allowed - machine.budget == 8 + 20 * 9 + 2


def test_a_run_sees_nothing_of_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ``Interpreter`` ends each run as a new one would, also after runs that panicked in the middle."""
    monkeypatch.setattr(code, "HOT", 5)
    for seed in range(40, 60):
        module = backend.prepare(air.parse(whole_language.generate(seed).text), opt=0)
        runs = backend.Interpreter(module)
        for a in (3, -4, 3, 2**62):
            ends: list[Any] = []
            for run in (runs.run, lambda *given, **more: backend.interpret(module, *given, **more)):  # noqa: B023
                printed: list[bytes] = []
                results: list[Any] = []
                try:
                    run("main_entry", [a, seed], schedules=5, each=results.append, write=printed.append)
                    end = ""
                except air.Panic as panic:
                    end = f"{panic} {panic.location}"
                ends.append((end, results, printed))
            assert ends[0] == ends[1], f"seed {seed}, {a}"


COUNTER = """altru 1
module @m
global mut @count : i64 = 0
func @f(%by: i64) -> i64 {
^entry:
  %g = global @count unsafe
  %old = load %g
  %sum = add %old, %by
  assign %g, %sum
  %zero = const 0 : i64
  %stop = icmp eq %by, %zero
  cond_br %stop, ^stop, ^go
^stop:
  panic "nothing"
^go:
  ret %sum
}
"""


def test_globals_begin_anew() -> None:
    runs = backend.Interpreter(air.parse(COUNTER))
    assert runs.run("f", [5]) == 5
    with pytest.raises(air.Panic, match="nothing"):
        runs.run("f", [0])
    assert runs.run("f", [7]) == 7


def test_a_block_is_staged_when_it_is_entered(monkeypatch: pytest.MonkeyPatch) -> None:
    staged: list[str] = []
    block = code.Stage._block
    monkeypatch.setattr(code.Stage, "_block", lambda stage, b, c: (staged.append(b.label), block(stage, b, c)))
    runs = backend.Interpreter(air.parse(COUNTER))
    assert [runs.run("f", [5]), runs.run("f", [6])] == [5, 6]
    assert staged == ["entry", "go"]
