"""The table of errors: each operation that goes to memory, against each way in which memory can be wrong.

``PLACES`` and ``REFERENCES`` are wrong memory, ``THROUGH_PLACES`` and ``THROUGH_REFERENCES`` the operations; each pair is a
program that must end in the fault of that memory, at that operation. ``EXCEPT`` has the pairs that are defined, and why.
``RELEASES`` are single mistakes. An operation whose declaration says that it takes a place, or a reference to something in
memory, fails the test when it has no line here.
"""

from __future__ import annotations

import pytest

import altru_ir as air
from altru_ir import backend, declare
from altru_ir.backend.interpreter.meanings import owners as _owners  # noqa: F401
from altru_ir.faults import MemoryFault

HEAD = """altru 1
module @faults
enum @Maybe { None, Some(i32) }
struct @Pair { a: i32, b: i32 }
global @table : [4 x i32] = [1, 2, 3, 4]
extern "C" func @free(%p: ptr<mut i8>)
func @stores(%p: ptr<mut i32>) {
^entry:
  %one = const 1 : i32
  %q = deref %p unsafe
  assign %q, %one
  ret
}
"""

# How a place of an `i32` comes to be wrong: the code, what stands before the operation, and what behind it.
PLACES: dict[str, tuple[str, str, str]] = {
    "null": ("ALT-C002", "  %z = null : ptr<mut i32>\n  %p = deref %z unsafe\n", ""),
    "odd": (
        "ALT-C003",
        "  %n = const 16 : usize\n  %m = alloc %n : ptr<mut i8>\n  %one = const 1 : usize\n  %o = ptr.add %m, %one\n"
        "  %c = ptr.cast %o : ptr<mut i32>\n  %p = deref %c unsafe\n",
        "",
    ),
    "outside": (
        "ALT-C004",
        "  %n = const 4 : usize\n  %m = alloc %n : ptr<mut i32>\n  %one = const 1 : usize\n  %o = ptr.add %m, %one\n"
        "  %p = deref %o unsafe\n",
        "",
    ),
    "index": (
        "ALT-C001",
        "  %l = local : [2 x i32]\n  %two = array %v, %v\n  init %l, %two\n  %i = const 1 : usize\n  %j = add %i, %i\n"
        "  %p = elem %l, %j\n",
        "",
    ),
    "freed": (
        "ALT-F002",
        "  %n = const 4 : usize\n  %m = alloc %n : ptr<mut i32>\n  %p = deref %m unsafe\n  init %p, %v\n  free %m unsafe\n",
        "",
    ),
    "ended": ("ALT-F004", "  %p = local : i32\n  init %p, %v\n  end %p\n", ""),
    "number": (
        "ALT-F004",
        "  %z = null : ptr<mut i32>\n  %c = ptr.add %z, %k\n  %p = deref %c unsafe\n",
        "",
    ),
    "empty": ("ALT-I001", "  %p = local : i32\n", ""),
    "constant": (
        "ALT-X001",
        "  %g = global @table\n  %r = borrow %g\n  %q = ref.to_ptr %r\n  %word = local : ptr<[4 x i32]>\n  init %word, %q\n"
        "  %b = borrow mut %word\n  %w = ref.to_ptr %b\n  %u = ptr.cast %w : ptr<mut ptr<mut i32>>\n"
        "  %uu = deref %u unsafe\n  %c = load %uu\n  %p = deref %c unsafe\n",
        "",
    ),
    "aliased": (
        "ALT-B020",
        "  %l = local : i32\n  init %l, %v\n  %r = borrow mut %l\n  %p = deref %r\n  assign %p, %v\n  assign %l, %v\n",
        "",
    ),
    "raced": (
        "ALT-T001",
        "  %l = local : i32\n  init %l, %v\n  %r = borrow mut %l\n  %q = ref.to_ptr %r\n  %p = deref %q unsafe\n"
        "  %scope = local : thread_scope<'_>\n  %t = spawn in %scope, @stores(%q)\n  drop %t\n",
        "  end %scope\n",
    ),
}
THROUGH_PLACES = {
    "load": "%r1 = load %p",
    "take": "%r1 = take %p",
    "init": "init %p, %v",
    "assign": "assign %p, %v",
    "exchange": "%r1 = exchange %p, %v",
    "drop": "drop %p",
    "borrow": "%r1 = borrow %p",
    "secure_zero": "secure_zero %p",
}
WRITES = ("init", "assign", "secure_zero")
EXCEPT: dict[tuple[str, str], str] = {
    **{(name, "empty"): "it reads nothing" for name in (*WRITES, "borrow")},
    **{(name, "constant"): "it writes nothing" for name in ("load", "borrow")},
    ("borrow", "raced"): "a borrow accesses nothing",
}

# How a reference comes to lead to nothing: the code, what makes `%home` wrong once `%r` was borrowed from it.
REFERENCES: dict[str, tuple[str, str, str]] = {
    "ended": ("ALT-F004", "  %home = local : {type}\n", "  end %home\n"),
    "freed": (
        "ALT-F002",
        "  %n = const 64 : usize\n  %m = alloc %n : ptr<mut {type}>\n  %home = deref %m unsafe\n",
        "  free %m unsafe\n",
    ),
}
# operation: what it is borrowed from (its type, what makes it), and the operation on `%r`, or on `%w` that may write
THROUGH_REFERENCES: dict[str, tuple[str, str, str]] = {
    "cell.get": ("cell<i32>", "cell.new %v", "%x = cell.get %r"),
    "cell.set": ("cell<i32>", "cell.new %v", "cell.set %r, %v"),
    "cell.exchange": ("cell<i32>", "cell.new %v", "%x = cell.exchange %r, %v"),
    "atomic.load": ("atomic<i32>", "atomic.new %v", "%x = atomic.load seq_cst %r"),
    "atomic.store": ("atomic<i32>", "atomic.new %v", "atomic.store seq_cst %r, %v"),
    "atomic.rmw": ("atomic<i32>", "atomic.new %v", "%x = atomic.rmw add seq_cst %r, %v"),
    "atomic.cmpxchg": ("atomic<i32>", "atomic.new %v", "%x, %ok = atomic.cmpxchg seq_cst seq_cst %r, %v, %v"),
    "lock": ("mutex<i32>", "mutex.new %v", "%x = lock %r\n  drop %x"),
    "arena.alloc": ("arena", "arena.new", "%x = arena.alloc %r, %v"),
    "arena.alloc_array": ("arena", "arena.new", "%x = arena.alloc_array %r, %k, %v : ref<mut [? x i32]>"),
    "arena.alloc_raw": ("arena", "arena.new", "%x = arena.alloc_raw %r, %k : ptr<mut i8>"),
    "new": ("arena", "arena.new", "%x = new in %r, %v : own<'_, i32>"),
    "new.array": ("arena", "arena.new", "%x = new.array in %r, %k, %v : own<'_, [? x i32]>"),
    "pool.acquire": ("pool<i32>", "pool.new : pool<i32>", "%x = pool.acquire %r, %v"),
    "pool.get": ("pool<i32>", "pool.new : pool<i32>", "%x = pool.get %r, %h"),
    "pool.get_mut": ("pool<i32>", "pool.new : pool<i32>", "%x = pool.get_mut %w, %h"),
    "pool.remove": ("pool<i32>", "pool.new : pool<i32>", "%x = pool.remove %w, %h"),
    "arena.reset": ("arena", "arena.new", "arena.reset %w"),
    "pool.insert": ("pool<i32>", "pool.new : pool<i32>", "%x = pool.insert %r, %v"),
}


def outcome(body: str) -> str:
    """The code of the fault that a body ends in, with the line it is at; or ``fine``."""
    text = f"{HEAD}func @f() -> i32 {{\n^entry:\n  %v = const 7 : i32\n  %k = const 2 : usize\n{body}  ret %v\n}}\n"
    module = air.parse(text, filename="f.air")
    problems = air.verify(module)
    assert problems == [], (problems, text)
    prepared = backend.prepare(module, opt=0, checks="none", as_written=True)
    try:
        backend.interpret(prepared, "f", [], steps=10_000)
    except MemoryFault as found:
        told = found.diagnostic
    else:
        return "fine"
    assert told is not None
    assert told.location is not None, text
    return f"{told.code} at {text.splitlines()[told.location.line - 1].strip()}"


@pytest.mark.parametrize("name", THROUGH_PLACES)
@pytest.mark.parametrize("wrong", PLACES)
def test_an_access_of_a_wrong_place(name: str, wrong: str) -> None:
    code, before, after = PLACES[wrong]
    operation = THROUGH_PLACES[name]
    found = outcome(f"{before}  {operation}\n{after}")
    if (name, wrong) in EXCEPT:
        assert code not in found or operation not in found, found
    elif wrong == "raced":  # whichever access comes second tells
        assert found.startswith(code), found
    elif wrong == "index":  # the path tells
        assert found == f"{code} at %p = elem %l, %j"
    else:
        assert found == f"{code} at {operation}"


@pytest.mark.parametrize("name", THROUGH_REFERENCES)
@pytest.mark.parametrize("wrong", REFERENCES)
def test_an_access_through_a_reference_that_dangles(name: str, wrong: str) -> None:
    type, made, operation = THROUGH_REFERENCES[name]
    code, before, gone = REFERENCES[wrong]
    start = f"{before.format(type=type)}  %o = {made}\n  init %home, %o\n  %r = borrow %home\n"
    if "%h" in operation:
        start += "  %h = pool.insert %r, %v\n"
    if "%w" in operation:
        start += "  %w = borrow mut %home\n"
    assert outcome(f"{start}{gone}  {operation}\n") == f"{code} at {operation.partition(chr(10))[0]}"


# What consumes an owner or a pointer, and is given one that is not to be released so. Operation and mistake: body, outcome.
RELEASES: dict[tuple[str, str], tuple[str, str]] = {
    ("drop", "of something moved"): ("  %o = new %v : own<i32>\n  drop %o\n  drop %o\n", "ALT-M001 at drop %o"),
    ("dealloc", "of something moved"): ("  %o = new %v : own<i32>\n  drop %o\n  dealloc %o\n", "ALT-M001 at dealloc %o"),
    ("own.into_ptr", "of something moved"): (
        "  %o = new %v : own<i32>\n  drop %o\n  %q = own.into_ptr %o\n",
        "ALT-M001 at %q = own.into_ptr %o",
    ),
    ("unsize", "of something moved"): (
        "  %o = new %v : own<i32>\n  drop %o\n  %d = unsize %o : own<dyn<'static>>\n",
        "ALT-M001 at %d = unsize %o : own<dyn<'static>>",
    ),
    ("forget", "of something moved"): ("  %o = new %v : own<i32>\n  drop %o\n  forget %o\n", "ALT-M001 at forget %o"),
    ("ret", "leaving something behind"): ("  %o = new %v : own<i32>\n  forget %o\n", "ALT-L001 at %o = new %v : own<i32>"),
    ("drop", "of memory released by its pointer"): (
        "  %o = new %v : own<i32>\n  %q = own.into_ptr %o\n  %a = own.from_ptr %q unsafe : own<i32>\n"
        "  %b = own.from_ptr %q unsafe : own<i32>\n  drop %a\n  drop %b\n",
        "ALT-F001 at drop %b",
    ),
    ("dealloc", "of memory released by its pointer"): (
        "  %o = new %v : own<i32>\n  %q = own.into_ptr %o\n  %a = own.from_ptr %q unsafe : own<i32>\n"
        "  %b = own.from_ptr %q unsafe : own<i32>\n  drop %a\n  dealloc %b\n",
        "ALT-F001 at dealloc %b",
    ),
    ("own.from_ptr", "of null"): (
        "  %z = null : ptr<mut i32>\n  %o = own.from_ptr %z unsafe : own<i32>\n",
        "ALT-I002 at %o = own.from_ptr %z unsafe : own<i32>",
    ),
    ("own.from_ptr", "of released memory"): (
        "  %o = new %v : own<i32>\n  %q = own.into_ptr %o\n  %a = own.from_ptr %q unsafe : own<i32>\n  drop %a\n"
        "  %b = own.from_ptr %q unsafe : own<i32>\n",
        "ALT-F002 at %b = own.from_ptr %q unsafe : own<i32>",
    ),
    ("drop", "of memory that `alloc` gave"): (
        "  %n = const 4 : usize\n  %m = alloc %n : ptr<mut i32>\n  %p = deref %m unsafe\n  init %p, %v\n"
        "  %o = own.from_ptr %m unsafe : own<i32>\n  drop %o\n",
        "ALT-F003 at drop %o",
    ),
    ("free", "twice"): (
        "  %n = const 4 : usize\n  %m = alloc %n : ptr<mut i32>\n  free %m unsafe\n  free %m unsafe\n",
        "ALT-F001 at free %m unsafe",
    ),
    ("free", "of an owner's memory"): (
        "  %o = new %v : own<i32>\n  %q = own.into_ptr %o\n  free %q unsafe\n",
        "ALT-F003 at free %q unsafe",
    ),
    ("free", "of an owner's memory after it was dropped"): (
        "  %o = new %v : own<i32>\n  %q = own.into_ptr %o\n  %a = own.from_ptr %q unsafe : own<i32>\n  drop %a\n"
        "  free %q unsafe\n",
        "ALT-F002 at free %q unsafe",
    ),
    ("free", "of a local"): (
        "  %l = local : i32\n  init %l, %v\n  %r = borrow mut %l\n  %q = ref.to_ptr %r\n  free %q unsafe\n",
        "ALT-F003 at free %q unsafe",
    ),
    ("realloc", "of released memory"): (
        "  %n = const 4 : usize\n  %m = alloc %n : ptr<mut i32>\n  free %m unsafe\n"
        "  realloc %m, %n, ^ok, ^no unsafe\n^ok(%q: ptr<mut i32>):\n  ret %v\n^no:\n",
        "ALT-F001 at realloc %m, %n, ^ok, ^no unsafe",
    ),
    ("realloc", "of the middle"): (
        "  %n = const 8 : usize\n  %m = alloc %n : ptr<mut i32>\n  %one = const 1 : usize\n  %o = ptr.add %m, %one\n"
        "  realloc %o, %n, ^ok, ^no unsafe\n^ok(%q: ptr<mut i32>):\n  ret %v\n^no:\n",
        "ALT-F003 at realloc %o, %n, ^ok, ^no unsafe",
    ),
    ("dyn.cast", "to another type"): (
        "  %o = new %v : own<i32>\n  %d = unsize %o : own<dyn<'static>>\n  %b = dyn.cast %d unsafe : own<i64>\n  forget %b\n",
        "ALT-I002 at %b = dyn.cast %d unsafe : own<i64>",
    ),
    ("end", "twice"): ("  %l = local : i32\n  end %l\n  end %l\n", "ALT-F004 at end %l"),
    ("alloc", "never released"): (
        "  %n = const 4 : usize\n  %m = alloc %n : ptr<mut i32>\n",
        "ALT-L001 at %m = alloc %n : ptr<mut i32>",
    ),
    ("unreachable", "reached"): ("  br ^out\n^out:\n  unreachable\n^more:\n", "ALT-U010 at unreachable"),
    ("variant", "that is not there"): (
        "  %e = enum None : @Maybe\n  %l = local : @Maybe\n  init %l, %e\n  %p = variant %l, Some\n  %x = load %p\n",
        "ALT-I003 at %p = variant %l, Some",
    ),
    ("switch_enum", "of what holds nothing"): (
        "  %l = local : @Maybe\n  switch_enum %l, None ^a, Some ^a\n^a:\n",
        "ALT-I001 at switch_enum %l, None ^a, Some ^a",
    ),
    ("discriminant", "of what holds nothing"): (
        "  %l = local : @Maybe\n  %d = discriminant %l\n",
        "ALT-I001 at %d = discriminant %l",
    ),
    ("spawn", "in a scope that has ended"): (
        "  %scope = local : thread_scope<'_>\n  end %scope\n  %z = null : ptr<mut i32>\n  %t = spawn in %scope, @stores(%z)\n"
        "  drop %t\n",
        "ALT-F004 at %t = spawn in %scope, @stores(%z)",
    ),
    ("sdiv", "without a quotient"): (
        "  %low = const -2147483648 : i32\n  %m1 = const -1 : i32\n  %q = sdiv %low, %m1\n",
        "ALT-C005 at %q = sdiv %low, %m1",
    ),
    ("subrange", "backwards"): (
        "  %l = local : [2 x i32]\n  %two = array %v, %v\n  init %l, %two\n  %i = const 1 : usize\n  %j = sub %i, %i\n"
        "  %p = subrange %l, %k, %j\n  %r = borrow %p\n",
        "ALT-C001 at %p = subrange %l, %k, %j",
    ),
}


@pytest.mark.parametrize(("name", "mistake"), RELEASES)
def test_an_operation_is_given_what_it_must_not_get(name: str, mistake: str) -> None:
    body, expected = RELEASES[name, mistake]
    assert outcome(body) == expected


def test_every_operation_that_goes_to_memory_is_in_a_table() -> None:
    """By the declarations: it takes a place other than as a path, or borrows, reads or writes what a reference leads to.
    ``ref.to_ptr`` accesses nothing, and there is no reference that it must not get."""
    driven = {"ref.to_ptr", *THROUGH_PLACES, *THROUGH_REFERENCES, *(name for name, _ in RELEASES)}
    missing = set()
    for name, decl in declare.table().items():
        for operand in decl.operands:
            place = "place" in operand.constraint.name and operand.access != declare.PATH
            behind = "ref" in operand.constraint.name or operand.access in (declare.BORROW, declare.WRITE)
            if (place or behind) and name not in driven:
                missing.add(name)
    assert missing == set()
