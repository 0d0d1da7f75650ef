"""Owners in Python: released once, by compiled code, when nobody needs them; moved, lent and viewed."""

from __future__ import annotations

import copy
import gc
import pickle
import threading
from collections.abc import Iterator

import numpy
import pytest

import altru_ir as air
from altru_ir import backend
from examples.toy.compiler import translate
from tests.sums import sum_of

TEXT = (
    """
struct @Loud { n: i64 } drop @Loud.drop
struct @Point { x: f64, y: i32 }
global mut @log : i64 = 0

func @Loud.drop(%self: ref<mut @Loud>) {
^entry:
  %s = deref %self
  %f = field %s, n
  %n = load %f
  %g = global @log unsafe
  %before = load %g
  %after = add %before, %n
  assign %g, %after
  %bad = const 13 : i64
  %fails = icmp eq %n, %bad
  cond_br %fails, ^panic, ^done
^panic:
  panic "unlucky"
^done:
  ret
}
func @loud(%n: i64) -> own<@Loud> {
^entry:
  %l = struct %n : @Loud
  %o = new %l : own<@Loud>
  ret %o
}
func @total() -> i64 {
^entry:
  %g = global @log unsafe
  %n = load %g
  ret %n
}
func @peek(%l: ref<@Loud>) -> i64 {
^entry:
  %p = deref %l
  %f = field %p, n
  %n = load %f
  ret %n
}
func @louder(%l: ref<mut @Loud>, %m: ref<mut @Loud>) {
^entry:
  %p = deref %l
  %f = field %p, n
  %n = load %f
  %q = deref %m
  %h = field %q, n
  assign %h, %n
  ret
}
func @eat(%l: own<@Loud>, %n: i32) -> i32 {
^entry:
  ret %n
}
func @both(%a: own<@Loud>, %b: own<@Loud>) {
^entry:
  ret
}
func @back(%l: own<@Loud>) -> own<@Loud> {
^entry:
  ret %l
}
func @looks(%l: ref<@Loud>) {
^entry:
  panic "seen"
}
func @fails(%l: own<@Loud>) {
^entry:
  panic "no"
}
func @numbers(%n: usize, %x: f64) -> own<[? x f64]> {
^entry:
  %o = new.array %n, %x : own<[? x f64]>
  ret %o
}
"""
    + sum_of("sum")
    + """func @length(%xs: own<[? x f64]>) -> usize {
^entry:
  %p = deref %xs
  %n = dim %p, 0
  ret %n
}
func @point(%x: f64, %y: i32) -> own<@Point> {
^entry:
  %p = struct %x, %y : @Point
  %o = new %p : own<@Point>
  ret %o
}
"""
)


@pytest.fixture(scope="module")
def lib() -> backend.library.Library:  # type: ignore[name-defined]
    return backend.compile(air.parse(TEXT))


@pytest.fixture
def released(lib: backend.library.Library) -> Iterator[object]:  # type: ignore[name-defined]
    """The sum of the numbers of what was released since the test began."""
    gc.collect()
    before = lib["total"]()
    yield lambda: lib["total"]() - before
    gc.collect()


def test_released_when_nobody_needs_it(lib, released) -> None:
    owner = lib["loud"](5)
    again = owner
    del owner
    assert released() == 0
    assert again.alive
    del again
    assert released() == 5
    with lib["loud"](7) as seven:
        assert lib["peek"](seven) == 7
        assert released() == 5
    assert released() == 12
    assert not seven.alive
    seven.release()
    assert released() == 12
    for use in (lambda: seven.address, lambda: lib["peek"](seven), lambda: lib["eat"](seven, 1), seven.view):
        with pytest.raises(ValueError, match="was released or moved"):
            use()


def test_moved(lib, released) -> None:
    owner = lib["loud"](3)
    assert lib["eat"](owner, 4) == 4
    assert released() == 3
    assert not owner.alive
    assert repr(owner) == "<own<@Loud>, released or moved>"
    other = lib["back"](lib["loud"](4))
    assert released() == 3
    assert lib["peek"](other) == 4
    del other
    assert released() == 7


def test_there_is_no_second_owner(lib, released) -> None:
    """A copy would own the same memory, and release it again."""
    owner = lib["loud"](6)
    for duplicate in (copy.copy, copy.deepcopy, pickle.dumps, lambda one: copy.deepcopy([one])):
        with pytest.raises(TypeError, match="owned once"):
            duplicate(owner)
    with pytest.raises(AttributeError):
        owner.type = None
    assert copy.copy([owner])[0] is owner
    assert owner.alive
    owner.release()
    assert released() == 6


def test_what_is_refused_moves_nothing(lib, released) -> None:
    owner = lib["loud"](2)
    with pytest.raises(TypeError, match="%n of @eat"):
        lib["eat"](owner, "four")
    with pytest.raises(ValueError, match="given twice"):
        lib["both"](owner, owner)
    with pytest.raises(TypeError, match=r"%l of @eat has type `own<@Loud>` and takes an owner that .* not int 1"):
        lib["eat"](1, 1)
    with pytest.raises(TypeError, match=r"the owner has type `own<\[\? x f64\]>`"):
        lib["eat"](lib["numbers"](1, 1.0), 1)
    with pytest.raises(TypeError, match="the owner has type"):
        lib["peek"](lib["point"](1.0, 2))
    with pytest.raises(ValueError, match="share memory"):
        lib["louder"](owner, owner)
    view = owner.view()
    with pytest.raises(BufferError, match="is viewed"):
        lib["eat"](owner, 1)
    with pytest.raises(BufferError, match="is viewed"):
        owner.release()
    assert (owner.alive, released()) == (True, 0)
    assert bytes(view) == (2).to_bytes(8, "little")
    del view
    lib["both"](owner, lib["loud"](20))
    assert released() == 22


def test_panics(lib, released) -> None:
    owner = lib["loud"](6)
    with pytest.raises(air.Panic, match="no"):
        lib["fails"](owner)
    assert (owner.alive, released()) == (False, 6)
    owner = lib["loud"](0)
    with pytest.raises(air.Panic, match="seen") as kept:
        lib["looks"](owner)
    owner.release()  # the exception and its frames do not borrow it any longer
    assert kept.value.kind == "explicit"
    with pytest.raises(air.Panic, match="unlucky"):
        lib["loud"](13).release()
    assert released() == 19
    assert lib["peek"](lib["loud"](1)) == 1


def test_sequences(lib) -> None:
    numbers = lib["numbers"](1000, 0.5)
    assert len(numbers) == 1000
    assert numbers.value.tolist() == [0.5] * 1000
    assert lib["sum"](numbers) == 500.0
    array = numpy.asarray(numbers.view())
    array[:] = 2.0
    del numbers  # the array keeps it
    gc.collect()
    assert array.sum() == 2000.0
    assert lib["sum"](array) == 2000.0
    empty = lib["numbers"](0, 1.0)
    assert (len(empty), lib["sum"](empty), empty.value.tolist(), list(empty.view())) == (0, 0.0, [], [])
    assert lib["length"](lib["numbers"](7, 1.0)) == 7
    point = lib["point"](1.5, -2)
    assert point.value == (1.5, -2)
    with pytest.raises(TypeError, match="has no length"):
        len(point)
    with pytest.raises(TypeError, match="do not cross"):
        _ = lib["loud"](0).value


def test_many_threads_move_one_owner_once(lib, released) -> None:
    for _ in range(50):
        owner, moved = lib["loud"](1), []

        def try_it(owner=owner, moved=moved) -> None:
            try:
                lib["eat"](owner, 1)
            except ValueError:
                return
            moved.append(1)

        threads = [threading.Thread(target=try_it) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert moved == [1]
    assert released() == 50


def test_the_code_stays_as_long_as_its_owners() -> None:
    lib = backend.compile(air.parse(TEXT))
    total, owner = lib["total"], lib["loud"](9)
    lib.add(
        air.parse("struct @Loud { n: i64 }\nfunc @loud(%n: i64) -> own<i64> {\n^e:\n  %o = new %n : own<i64>\n  ret %o\n}\n")
    )
    assert lib["loud"](3).value == 3
    with pytest.raises(TypeError, match="the owner has type"):
        lib["peek"](lib["loud"](3))
    assert set(lib) == set(air.parse(TEXT).functions)
    before = total()
    del lib
    gc.collect()
    owner.release()
    assert total() - before == 9


@pytest.mark.parametrize("panic", ["unwind", "abort"])
def test_owners_of_a_language(panic: str) -> None:
    source = 'fn greet(name: &string) -> string { return "Hello, " + name; } fn eat(s: string) -> int { return len(s); }'
    lib = backend.compile(translate(air.Source("a.toy", source)), panic=panic)
    text = lib["greet"]("Ada")
    assert text.value == b"Hello, Ada"
    assert lib["eat"](lib["greet"](text)) == 17
    assert lib["eat"](text) == 10


BITS = """
enum @E { A, B(i64) }
struct @Held { e: @E, on: i1 }
struct @Numbers { n: i32, x: f64 }
func @enums(%n: usize, %x: i64) -> own<[? x @E]> {
^entry:
  %e = enum B, %x : @E
  %o = new.array %n, %e : own<[? x @E]>
  ret %o
}
func @held(%on: i1) -> own<@Held> {
^entry:
  %e = enum A : @E
  %h = struct %e, %on : @Held
  %o = new %h : own<@Held>
  ret %o
}
func @pointer(%p: ptr<i8>) -> own<ptr<i8>> {
^entry:
  %o = new %p : own<ptr<i8>>
  ret %o
}
func @numbers(%n: i32, %x: f64) -> own<@Numbers> {
^entry:
  %h = struct %n, %x : @Numbers
  %o = new %h : own<@Numbers>
  ret %o
}
func @is_b(%e: ref<@E>) -> i1 {
^entry:
  %p = deref %e
  switch_enum %p, A ^a, B ^b
^a:
  %no = const false : i1
  ret %no
^b:
  %yes = const true : i1
  ret %yes
}
"""


def test_what_is_no_value_is_not_written() -> None:
    lib = backend.compile(air.parse(BITS))
    enums = lib["enums"](3, 7)
    for owner in (enums, lib["held"](True), lib["pointer"](0)):
        view = owner.view()
        before = bytes(view)
        with pytest.raises(TypeError, match="read-only"):
            view[0] = 9
        with pytest.raises(ValueError, match="read-only"):
            numpy.asarray(view)[0] = 9
        assert bytes(owner.view()) == before
        with pytest.raises(BufferError, match="is viewed"):
            owner.release()
        part = view[1:]
        del view
        with pytest.raises(BufferError, match="is viewed"):
            owner.release()
        del part
        owner.release()
    assert bytes(lib["enums"](0, 1).view()) == b""
    numbers = lib["numbers"](3, 0.5)
    numbers.view()[0] = 4  # a byte of an integer may be any
    assert numbers.value == (4, 0.5)
