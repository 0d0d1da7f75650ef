"""The table of operations: each runs to a result, and each that can fail by itself runs to its failure.

The rows below are small functions, ``name: parameters -> result``, run by the interpreter and as native code; the programs of
this folder add the operations that need a heap, threads or a collector. What neither executes fails the test, so a new
operation comes with a program.
"""

from __future__ import annotations

import ast
import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import altru_ir as air
from altru_ir import backend, declare
from altru_ir import ops as _ops  # noqa: F401
from altru_ir.backend.interpreter import meanings as _meanings  # noqa: F401
from altru_ir.backend.interpreter.code import MEANINGS, PATHS
from altru_ir.backend.interpreter.machine import Aborted
from altru_ir.backend.lower.ops import LOWERINGS
from altru_ir.faults import MemoryFault

TESTS = Path(__file__).parents[1]
INTERPRETED_ONLY = {
    "dyn.cast", "gc.collect", "gc.drain", "gc.range", "join", "lock", "mutex.new", "pin", "spawn", "weak.new", "weak.upgrade",
}  # fmt: skip

ENDS = {"abort", "panic", "resume", "unreachable"}  # a result of these is the end they bring
HANDED_ON = {"gc.drain", "join", "spawn"}  # the panic of a finalizer, of a thread, at once or later; its place is there
PREAMBLE = """altru 1
module @operations
struct @Tagged { n: i32, of: phantom<i32> }
global @seven: i32 = 7
private func @twice(%x: i32) -> i32 {
^e:
  %r = add %x, %x
  ret %r
}"""

# operation: the type of operands and of the result, the operands, the result
BINARY: dict[str, tuple[str, list[Any], Any]] = {
    "add": ("i32", [2**31 - 1, 1], -(2**31)),
    "sub": ("i32", [3, 5], -2),
    "mul": ("i32", [-3, 5], -15),
    "and": ("i32", [12, 10], 8),
    "or": ("i32", [12, 10], 14),
    "xor": ("i32", [12, 10], 6),
    "shl": ("i32", [3, 4], 48),
    "lshr": ("i32", [-1, 28], 15),
    "ashr": ("i32", [-16, 2], -4),
    "rotl": ("i32", [-(2**31), 1], 1),
    "rotr": ("i32", [1, 1], -(2**31)),
    "sdiv": ("i32", [-7, 2], -3),
    "udiv": ("i32", [-1, 2], 2**31 - 1),
    "srem": ("i32", [-7, 2], -1),
    "urem": ("i32", [-1, 16], 15),
    "smin": ("i32", [-1, 1], -1),
    "smax": ("i32", [-1, 1], 1),
    "umin": ("i32", [-1, 1], 1),
    "umax": ("i32", [-1, 1], -1),
    "sadd.checked": ("i32", [2, 3], 5),
    "ssub.checked": ("i32", [2, 3], -1),
    "smul.checked": ("i32", [2, 3], 6),
    "uadd.checked": ("i32", [2, 3], 5),
    "usub.checked": ("i32", [3, 2], 1),
    "umul.checked": ("i32", [2, 3], 6),
    "shl.checked": ("i32", [3, 2], 12),
    "lshr.checked": ("i32", [-1, 31], 1),
    "ashr.checked": ("i32", [-8, 2], -2),
    "clz": ("i32", [1], 31),
    "ctz": ("i32", [8], 3),
    "popcount": ("i32", [-1], 32),
    "bswap": ("i32", [1], 1 << 24),
    "fadd": ("f64", [1.5, 2.0], 3.5),
    "fsub": ("f64", [1.5, 2.0], -0.5),
    "fmul": ("f64", [1.5, 2.0], 3.0),
    "fdiv": ("f64", [3.0, 2.0], 1.5),
    "frem": ("f64", [-7.5, 2.0], -1.5),
    "fmin": ("f64", [1.5, 2.0], 1.5),
    "fmax": ("f64", [1.5, 2.0], 2.0),
    "copysign": ("f64", [1.5, -2.0], -1.5),
    "fma": ("f64", [1.5, 2.0, 0.25], 3.25),
    "fneg": ("f64", [1.5], -1.5),
    "fabs": ("f64", [-1.5], 1.5),
    "fsqrt": ("f64", [2.25], 1.5),
    "ffloor": ("f64", [-1.5], -2.0),
    "fceil": ("f64", [-1.5], -1.0),
    "ftrunc": ("f64", [-1.5], -1.0),
    "fround": ("f64", [2.5], 2.0),
}
# operation: from, to, operand, result
CASTS: dict[str, tuple[str, str, Any, Any]] = {
    "trunc": ("i64", "i32", 2**32 + 5, 5),
    "zext": ("i32", "i64", -1, 2**32 - 1),
    "sext": ("i32", "i64", -1, -1),
    "fptosi": ("f64", "i32", -2.75, -2),
    "fptoui": ("f64", "i32", 2.75, 2),
    "sitofp": ("i32", "f64", -3, -3.0),
    "uitofp": ("i32", "f64", 3, 3.0),
    "fpext": ("f32", "f64", 1.5, 1.5),
    "fptrunc": ("f64", "f32", 1.5, 1.5),
    "bitcast": ("f64", "i64", 1.0, 0x3FF0_0000_0000_0000),
}
# operation: signature and body, operands, result
BODIES: dict[str, tuple[str, list[Any], Any]] = {
    "icmp": ("(%a: i32, %b: i32) -> i1 {\n^e:\n  %r = icmp slt %a, %b\n  ret %r\n}", [-1, 1], True),
    "fcmp": ("(%a: f64, %b: f64) -> i1 {\n^e:\n  %r = fcmp olt %a, %b\n  ret %r\n}", [2.0, 1.0], False),
    "select": ("(%c: i1, %a: i32, %b: i32) -> i32 {\n^e:\n  %r = select %c, %a, %b\n  ret %r\n}", [False, 1, 2], 2),
    "tuple": ("(%a: i32, %b: i32) -> i32 {\n^e:\n  %t = tuple %a, %b\n  %r = extract %t, 1\n  ret %r\n}", [3, 4], 4),
    "extract": ("(%a: i32, %b: i32) -> i32 {\n^e:\n  %t = tuple %a, %b\n  %r = extract %t, 0\n  ret %r\n}", [3, 4], 3),
    "array": ("(%a: i32, %b: i32) -> i32 {\n^e:\n  %t = array %a, %b\n  %r = extract %t, 1\n  ret %r\n}", [3, 4], 4),
    "destructure": (
        "(%a: i32, %b: i32) -> i32 {\n^e:\n  %t = tuple %a, %b\n  %x, %y = destructure %t\n  %r = sub %y, %x\n  ret %r\n}",
        [3, 5],
        2,
    ),
    "align_of": ("() -> usize {\n^e:\n  %r = align_of i64\n  ret %r\n}", [], 8),
    "switch": (
        "(%a: i32) -> i32 {\n^e:\n  switch %a, 1 ^one, 2 ^two, ^other\n^one:\n  %x = const 10 : i32\n  ret %x\n"
        "^two:\n  %y = const 20 : i32\n  ret %y\n^other:\n  ret %a\n}",
        [2],
        20,
    ),
    "slice.len": ("(%s: ref<[? x i32]>) -> usize {\n^e:\n  %n = slice.len %s\n  ret %n\n}", [[1, 2, 3]], 3),
    "subrange": (
        "(%s: ref<[? x i32]>, %lo: usize, %hi: usize) -> i32 {\n^e:\n  %p = deref %s\n  %m = subrange %p, %lo, %hi\n"
        "  %zero = const 0 : usize\n  %q = elem %m, %zero\n  %r = load %q\n  ret %r\n}",
        [[1, 2, 3], 1, 3],
        2,
    ),
    "assume": ("(%a: i1) -> i1 {\n^e:\n  assume %a unsafe\n  ret %a\n}", [True], True),
    "check.nonzero": ("(%a: i32) -> i32 {\n^e:\n  check.nonzero %a\n  ret %a\n}", [3], 3),
    "check.quotient": ("(%a: i32, %b: i32) -> i32 {\n^e:\n  check.quotient %a, %b\n  ret %a\n}", [3, -1], 3),
    "check.bounds": ("(%i: usize, %n: usize) -> usize {\n^e:\n  check.bounds %i, %n\n  ret %i\n}", [3, 4], 3),
    "check.subrange": (
        "(%a: usize, %b: usize, %n: usize) -> usize {\n^e:\n  check.subrange %a, %b, %n\n  ret %a\n}",
        [1, 2, 2],
        1,
    ),
    "func.ref": (
        "(%a: i32) -> i32 {\n^e:\n  %f = func.ref @twice\n  %r = call %f(%a)\n  ret %r\n}",
        [21],
        42,
    ),
    "global.ref": (
        "() -> i32 {\n^e:\n  %g = global.ref @seven\n  %p = deref %g\n  %r = load %p\n  ret %r\n}",
        [],
        7,
    ),
    "ptr.addr": (
        "(%n: usize) -> usize {\n^e:\n  %p = alloc %n : ptr<mut i8>\n  %q = ptr.add %p, %n\n  %a = ptr.addr %p\n"
        "  %b = ptr.addr %q\n  %r = sub %b, %a\n  free %p unsafe\n  ret %r\n}",
        [8],
        8,
    ),
    "ptr.add": (
        "(%n: usize) -> i8 {\n^e:\n  %p = alloc %n : ptr<mut i8>\n  %one = const 1 : usize\n  %q = ptr.add %p, %one\n"
        "  %d = deref %q unsafe\n  %x = const 5 : i8\n  init %d, %x\n  %r = load %d\n  free %p unsafe\n  ret %r\n}",
        [2],
        5,
    ),
    "check.nonnull": (
        "(%c: i1) -> usize {\n^e:\n  %n = const 8 : usize\n  %p = alloc %n : ptr<mut i8>\n  %z = null : ptr<mut i8>\n"
        "  %q = select %c, %p, %z\n  check.nonnull %q\n  free %p unsafe\n  ret %n\n}",
        [True],
        8,
    ),
    "check.align": (
        "(%k: usize) -> usize {\n^e:\n  %n = const 16 : usize\n  %p = alloc %n : ptr<mut i8>\n  %q = ptr.add %p, %k\n"
        "  check.align %q, 8\n  free %p unsafe\n  ret %n\n}",
        [8],
        16,
    ),
    "call": (
        '(%c: i1, %a: i32) -> i32 {\n^e:\n  %r = call @"run panic"(%c)\n  ret %r\n}',
        [False, 3],
        1,
    ),
    "pool.remove": (
        "(%c: i1, %a: i32) -> i32 {\n^e:\n  %home = local : pool<i32>\n  %p0 = pool.new : pool<i32>\n"
        "  init %home, %p0\n  %s = borrow %home\n  %h = pool.insert %s, %a\n"
        "  %m = borrow mut %home\n  cond_br %c, ^gone, ^there\n^gone:\n  %b = pool.remove %m, %h\n  br ^there\n^there:\n"
        "  %x = pool.remove %m, %h\n  end %home\n  ret %a\n}",
        [False, 3],
        3,
    ),
    "pool.get_mut": (
        "(%c: i1, %a: i32) -> i32 {\n^e:\n  %home = local : pool<i32>\n  %p0 = pool.new : pool<i32>\n"
        "  init %home, %p0\n  %s = borrow %home\n  %h = pool.insert %s, %a\n"
        "  %m = borrow mut %home\n  cond_br %c, ^gone, ^there\n^gone:\n  %b = pool.remove %m, %h\n  br ^there\n^there:\n"
        "  %x = pool.get_mut %m, %h\n  %q = deref %x\n  %r = load %q\n  end %home\n  ret %r\n}",
        [False, 3],
        3,
    ),
    "forget": (
        "(%a: i32) -> i32 {\n^e:\n  forget %a\n  ret %a\n}",
        [1],
        1,
    ),
    "phantom": (
        "(%a: i32) -> i32 {\n^e:\n  %h = phantom : phantom<i32>\n  %s = struct %a, %h : @Tagged\n  %r = extract %s, n\n"
        "  ret %r\n}",
        [9],
        9,
    ),
    "arena.reset": (
        "(%a: i32) -> i32 {\n^e:\n  %x = local : arena\n  %new = arena.new\n  init %x, %new\n  %old = borrow mut %x\n"
        "  arena.reset %old unsafe\n  end %x\n  ret %a\n}",
        [4],
        4,
    ),
    "dyn.cast": (
        "(%a: i32) -> i32 {\n^e:\n  %o = new %a : own<i32>\n  %d = unsize %o : own<dyn<'static>>\n"
        "  %b = dyn.cast %d unsafe : own<i32>\n  %p = deref %b\n  %r = load %p\n  drop %b\n  ret %r\n}",
        [6],
        6,
    ),
    "gc.range": (
        "(%n: usize) -> usize {\n^e:\n  %p = alloc %n : ptr<mut i8>\n  gc.range %p, %n unsafe\n  free %p unsafe\n  ret %n\n}",
        [8],
        8,
    ),
    "panic": (
        '(%c: i1) -> i32 {\n^e:\n  cond_br %c, ^b, ^g\n^b:\n  panic "no"\n^g:\n  %r = const 1 : i32\n  ret %r\n}',
        [False],
        1,
    ),
}
# operation: operands that make the function above panic, and what the panic says
PANICS: dict[str, tuple[list[Any], str]] = {
    "sadd.checked": ([2**31 - 1, 1], "overflow"),
    "ssub.checked": ([-(2**31), 1], "overflow"),
    "smul.checked": ([2**30, 2], "overflow"),
    "uadd.checked": ([-1, 1], "overflow"),
    "usub.checked": ([2, 3], "overflow"),
    "umul.checked": ([2**30, 4], "overflow"),
    "shl.checked": ([1, 32], "shift by 32 of 32 bits"),
    "lshr.checked": ([1, 33], "shift by 33 of 32 bits"),
    "ashr.checked": ([1, -1], "shift by 4294967295 of 32 bits"),
    "check.nonzero": ([0], "zero"),
    "check.quotient": ([-(2**31), -1], "overflow"),
    "check.bounds": ([4, 4], "4"),
    "check.subrange": ([1, 3, 2], "3"),
    "check.nonnull": ([False], "Null pointer"),
    "check.align": ([4], "misaligned pointer"),
    "panic": ([True], "no"),
    "call": ([True, 3], "no"),
    "pool.remove": ([True, 3], "stale"),
    "pool.get_mut": ([True, 3], "stale"),
}
# operation: what asks for more memory than there is, as the last line, and what stands before
EXHAUSTING: dict[str, tuple[str, str]] = {
    "new": ("%r = new %v : own<[4096 x i8]>", ""),
    "new.array": ("%r = new.array %n : own<[? x uninit<i8>]>", ""),
    "arena.new": ("%r = arena.new", ""),
    "arena.alloc": ("%r = arena.alloc %home, %v", "arena"),
    "arena.alloc_array": ("%r = arena.alloc_array %home, %n, %b : ref<mut [? x i8]>", "arena"),
    "pool.new": ("%r = pool.new {prewarm = 2} : pool<[4096 x i8]>", ""),
    "pool.acquire": ("%r = pool.acquire %home, %v", "pool<[4096 x i8]>"),
    "pool.insert": ("%r = pool.insert %home, %v", "pool<[4096 x i8]>"),
}
# operation: operands outside its definition, and the code of the fault
FAULTS: dict[str, tuple[list[Any], str]] = {
    "assume": ([False], "ALT-C007"),
    "sdiv": ([1, 0], "ALT-C005"),
    "udiv": ([1, 0], "ALT-C005"),
    "srem": ([-(2**31), -1], "ALT-C005"),
    "urem": ([1, 0], "ALT-C005"),
    "subrange": ([[1, 2, 3], 2, 4], "ALT-C001"),
}


def rows() -> dict[str, tuple[str, list[Any], Any]]:
    """All rows as functions: operation to signature with body, operands, result."""
    found = dict(BODIES)
    for name, (type, operands, result) in BINARY.items():
        names = [f"%{letter}" for letter in "abc"[: len(operands)]]
        parameters = ", ".join(f"{v}: {type}" for v in names)
        found[name] = (f"({parameters}) -> {type} {{\n^e:\n  %r = {name} {', '.join(names)}\n  ret %r\n}}", operands, result)
    for name, (source, target, operand, result) in CASTS.items():
        found[name] = (f"(%a: {source}) -> {target} {{\n^e:\n  %r = {name} %a : {target}\n  ret %r\n}}", [operand], result)
    return found


ROWS = rows()


@cache
def module() -> air.Module:
    """Every row, as it is written: no check is inserted, so that an operation meets what is outside its definition itself."""
    return written(set(ROWS))


def written(names: set[str]) -> air.Module:
    text = "\n".join(f'func @"run {name}"{ROWS[name][0]}' for name in ROWS if name in names)
    return backend.prepare(air.parse(f"{PREAMBLE}\n{text}\n"), opt=0, checks="none")


@cache
def native() -> Any:
    return backend.compile(written(set(ROWS) - INTERPRETED_ONLY), checks="none")


@cache
def run_of_programs() -> tuple[frozenset[str], frozenset[str]]:
    """What the programs of this folder execute in runs that come to a result, and what panics in the others, by RUN lines."""
    found: set[str] = set()
    panicked: set[str] = set()
    for path in sorted((TESTS / "interpreter").glob("*.air")):
        text = path.read_text()
        program = backend.prepare(air.parse(text, filename=str(path)), opt=0, as_written=True)
        for line in re.findall(r"^// RUN: (altru-opt .*|not altru-opt .*)$", text, re.MULTILINE):
            words = shlex.split(line.partition("|")[0].replace("2>&1", ""))
            if "--interpret" not in words or "--entry" not in words:
                continue
            given = words[words.index("--") + 1 :] if "--" in words else []
            arguments = [{"true": True, "false": False}[w] if w in ("true", "false") else ast.literal_eval(w) for w in given]
            run: set[str] = set()
            try:
                entry = words[words.index("--entry") + 1]
                backend.interpret(program, entry, arguments, executed=run, steps=20_000, schedules=8, write=lambda _: None)
                found |= run
            except air.Panic as panic:
                found |= run & ENDS
                panicked |= run & mnemonics(text, str(panic))
            except (Aborted, MemoryFault):
                found |= run & ENDS
    return frozenset(found), frozenset(panicked)


def mnemonics(text: str, panic: str) -> set[str]:
    """The operation at the place that a panic names."""
    place = re.search(r":(\d+):\d+$", panic)
    assert place, panic
    line = text.splitlines()[int(place[1]) - 1]
    return {line.partition("=")[2].split()[0] if re.match(r"\s*%[^=]*=", line) else line.split()[0]}


@pytest.mark.parametrize("name", sorted(ROWS))
def test_a_row_gives_its_result(name: str) -> None:
    _, operands, result = ROWS[name]
    run: set[str] = set()
    assert backend.interpret(module(), f"run {name}", operands, executed=run) == result
    assert name in run or name in ENDS
    if name not in INTERPRETED_ONLY:
        assert native()[f"run {name}"](*operands) == result


@pytest.mark.parametrize("name", sorted(PANICS))
def test_a_row_panics(name: str) -> None:
    operands, says = PANICS[name]
    with pytest.raises(air.Panic, match=says):
        backend.interpret(module(), f"run {name}", operands)
    with pytest.raises(air.Panic, match=says):
        native()[f"run {name}"](*operands)


def exhausting(name: str) -> str:
    """A function that uses up almost all memory, and then asks for more while something with a destructor is there."""
    asks, home = EXHAUSTING[name]
    made = "%fresh = arena.new" if home == "arena" else f"%fresh = pool.new : {home}"
    place = f"  {made}\n  %place = local : {home}\n  init %place, %fresh\n  %home = borrow %place\n" if home else ""
    return f"""altru 1
module @exhausting
struct @Loud {{ n: i32 }} drop @Loud.drop
extern "C" func @putchar(%c: i32) -> i32 unsafe
func @Loud.drop(%self: ref<mut @Loud>) {{
^entry:
  %c = const 33 : i32
  %r = call @putchar(%c) unsafe
  ret
}}
func @main_entry(%n: usize) {{
^entry:
  %b = const 7 : i8
  %v = const "{"x" * 4096}" : [4096 x i8]
  %one = const 1 : i32
  %loud = struct %one : @Loud
  %filled = new.array %n : own<[? x uninit<i8>]>
{place}  {asks}
  ret
}}
"""


@pytest.mark.parametrize("name", sorted(EXHAUSTING))
def test_without_memory_it_panics_and_what_is_held_is_dropped(name: str) -> None:
    text = exhausting(name)
    line = next(number for number, each in enumerate(text.splitlines(), 1) if each.strip() == EXHAUSTING[name][0])
    program = backend.prepare(air.parse(text, filename="full.air"), opt=0)
    said: list[bytes] = []
    with pytest.raises(air.Panic, match=rf"out of memory: \d+ bytes were asked for at full.air:{line}:3"):
        backend.interpret(program, "main_entry", [4096], memory=4096 + (150 if name == "arena.new" else 200), write=said.append)
    assert b"".join(said) == b"!"


def test_natively_too_what_is_held_is_dropped_when_a_pool_finds_no_memory() -> None:
    huge = EXHAUSTING["pool.new"][0].replace("= 2", f"= {1 << 44}")
    said: list[int] = []
    module = air.parse(exhausting("pool.new").replace(EXHAUSTING["pool.new"][0], huge))
    library = backend.compile(module, externs={"putchar": lambda c: said.append(c) or c})
    with pytest.raises(air.Panic, match=r"out of memory: \d+ bytes were asked for"):
        library["main_entry"](16)
    assert said == [ord("!")]


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_row_faults(name: str) -> None:
    operands, code = FAULTS[name]
    with pytest.raises(MemoryFault) as caught:
        backend.interpret(module(), f"run {name}", operands)
    assert caught.value.diagnostic is not None
    assert caught.value.diagnostic.code == code


def test_every_operation_runs() -> None:
    assert set(declare.table()) - set(ROWS) - run_of_programs()[0] == set()


def test_every_operation_has_a_meaning() -> None:
    assert {name for name, decl in declare.table().items() if name not in MEANINGS and not decl.is_projection} == set()
    assert {name for name in declare.table() if name not in MEANINGS and name not in PATHS} == set()


def test_every_operation_lowers_or_is_listed() -> None:
    assert set(declare.table()) - set(LOWERINGS) == INTERPRETED_ONLY


def test_every_operation_that_panics_by_itself_does() -> None:
    may = {name for name, decl in declare.table().items() if decl.may_panic and declare.DROPS not in decl.traits}
    assert may - set(PANICS) - set(EXHAUSTING) - run_of_programs()[1] == HANDED_ON
