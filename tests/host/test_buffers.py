"""Memory of the host as slices and references: no copy where there is a buffer, and clear refusals."""

from __future__ import annotations

import array
import ctypes
import sys
from typing import Any

import numpy
import pytest

import altru_ir as air
from altru_ir import backend
from tests.sums import sum_of

TEXT = (
    """altru 1
struct @Point { x: f64, n: i32 }
struct @Flag { on: i1 }
"""
    + sum_of("sum")
    + """func @address(%xs: ref<[? x i32]>) -> ptr<i32> {
^e:
  %p = slice.ptr %xs
  ret %p
}
func @set(%xs: ref<mut [? x i64]>, %i: usize, %v: i64) {
^e:
  %s = deref %xs
  %p = elem %s, %i
  assign %p, %v
  ret
}
func @corner(%xs: ref<mut [? x ? x f64]>, %v: f64) -> (usize, usize) {
^e:
  %s = deref %xs
  %zero = const 0 : usize
  %one = const 1 : usize
  %rows = dim %s, 0
  %columns = dim %s, 1
  %i = sub %rows, %one
  %j = sub %columns, %one
  %p = elem %s, %i, %j
  assign %p, %v
  %t = tuple %rows, %columns
  ret %t
}
func @copy(%from: ref<[? x i64]>, %to: ref<mut [? x i64]>) {
^e:
  %zero = const 0 : usize
  %a = deref %from
  %b = deref %to
  %p = elem %a, %zero
  %q = elem %b, %zero
  %v = load %p
  assign %q, %v
  ret
}
func @two(%a: ref<[? x i64]>, %b: ref<[? x i64]>) -> usize {
^e:
  %n = slice.len %a
  %m = slice.len %b
  %r = add %n, %m
  ret %r
}
func @text(%s: ref<[? x i8]>) -> ref<[? x i8]> {
^e:
  ret %s
}
func @back(%s: ref<[? x f64]>) -> ref<[? x f64]> {
^e:
  ret %s
}
func @first(%ps: ref<[? x @Point]>) -> @Point {
^e:
  %zero = const 0 : usize
  %s = deref %ps
  %p = elem %s, %zero
  %v = load %p
  ret %v
}
func @bools(%bs: ref<[? x i1]>) -> ref<[? x i1]> {
^e:
  ret %bs
}
func @bump(%x: ref<mut i64>) -> i64 {
^e:
  %p = deref %x
  %v = load %p
  %one = const 1 : i64
  %w = add %v, %one
  assign %p, %w
  ret %v
}
func @move(%p: ref<mut @Point>, %by: f64) -> @Point {
^e:
  %d = deref %p
  %f = field %d, x
  %v = load %f
  %w = fadd %v, %by
  assign %f, %w
  %r = load %d
  ret %r
}
func @look(%p: ref<@Point>) -> f64 {
^e:
  %d = deref %p
  %f = field %d, x
  %v = load %f
  ret %v
}
func @flag(%p: ref<mut @Flag>) {
^e:
  ret
}
func @same(%p: ref<i64>) -> ref<i64> {
^e:
  ret %p
}
"""
)
POINT = numpy.dtype([("x", "f8"), ("n", "i4")], align=True)


@pytest.fixture(scope="module")
def lib() -> Any:
    return backend.compile(air.parse(TEXT))


# -- what is taken --------------------------------------------------------------------------------------------------------


def test_the_memory_is_the_callers(lib: Any) -> None:
    xs = numpy.arange(5, dtype="i4")
    assert lib["address"](xs) == xs.ctypes.data
    assert lib["address"](xs[2:]) == xs.ctypes.data + 8
    raw = array.array("i", [1, 2])
    assert lib["address"](raw) == raw.buffer_info()[0]
    own = (ctypes.c_int32 * 3)(1, 2, 3)
    assert lib["address"](own) == ctypes.addressof(own)
    assert lib["address"](memoryview(xs)) == xs.ctypes.data
    assert lib["address"](xs.view("u4")) == xs.ctypes.data


def test_sums(lib: Any) -> None:
    total = lib["sum"]
    assert total(numpy.arange(4.0)) == 6.0
    assert total(array.array("d", [1.5, 2.0])) == 3.5
    assert total([1, 2.5]) == 3.5
    assert total((1.0,)) == 1.0
    assert total(range(4)) == 6.0
    assert total([]) == total(numpy.zeros(0)) == total(array.array("d")) == total(()) == 0.0
    assert total(numpy.float32([0.5]).astype("f8")) == 0.5
    assert total(numpy.arange(6.0).reshape(2, 3)[1]) == 12.0


def test_stores_are_seen(lib: Any) -> None:
    xs = numpy.zeros(3, "i8")
    lib["set"](xs, 1, 7)
    assert xs.tolist() == [0, 7, 0]
    raw = array.array("q", [0, 0])
    lib["set"](raw, 0, -1)
    assert raw.tolist() == [-1, 0]
    values = [1, 2]
    lib["set"](values, 1, 5)
    assert values == [1, 5]


def test_matrices(lib: Any) -> None:
    m = numpy.zeros((2, 3))
    assert lib["corner"](m, 4.0) == (2, 3)
    assert m[1, 2] == 4.0
    rows = [[1.0, 2.0], [3.0, 4.0]]
    assert lib["corner"](rows, 0.5) == (2, 2)
    assert rows == [[1.0, 2.0], [3.0, 0.5]]


def test_strings(lib: Any) -> None:
    text = lib["text"]
    assert text("häßlich") == "häßlich".encode()
    assert text(b"a\0b") == b"a\0b"
    assert text(bytearray(b"xy")) == b"xy"
    assert text("") == b""
    assert text([65, -1]) == b"A\xff"
    with pytest.raises(ValueError, match="surrogates not allowed"):
        text("\ud800")


def test_slices_come_out_as_copies(lib: Any) -> None:
    xs = numpy.arange(3.0)
    got = lib["back"](xs)
    assert isinstance(got, memoryview)
    assert got.tolist() == [0.0, 1.0, 2.0]
    xs[0] = 9
    assert numpy.asarray(got)[0] == 0.0
    assert lib["back"]([]).tolist() == []
    assert lib["bools"]([True, False]) == (True, False)
    assert lib["same"](7) == 7


def test_records(lib: Any) -> None:
    points = numpy.array([(1.5, 3), (2.0, 4)], POINT)
    assert lib["first"](points) == (1.5, 3)
    assert lib["first"](points[1:]) == (2.0, 4)
    assert lib["first"]([(0.5, 1)]) == (0.5, 1)
    assert lib["first"]([{"x": 1.0, "n": 2}]) == (1.0, 2)
    with pytest.raises(TypeError, match="takes a buffer of records of 16 bytes laid out as `@Point`"):
        lib["first"](numpy.array([(1, 1.5)], [("n", "i4"), ("x", "f8")]))
    with pytest.raises(TypeError, match="records of 16 bytes"):
        lib["first"](numpy.array([(1.5, 3)], [("x", "f8"), ("n", "i4")]))  # packed: 12 bytes


def test_references_to_one_value(lib: Any) -> None:
    one = numpy.array([5])
    assert (lib["bump"](one), one[0]) == (5, 6)
    scalar = ctypes.c_int64(8)
    assert (lib["bump"](scalar), scalar.value) == (8, 9)
    raw = bytearray(8)
    lib["bump"](raw)
    assert raw[0] == 1
    points = numpy.array([(1.5, 3)], POINT)
    assert lib["move"](points[0:1], 2.0) == (3.5, 3)
    assert points[0]["x"] == 3.5
    assert lib["look"]((4.0, 1)) == 4.0
    assert lib["look"](points) == 3.5
    assert lib["look"](numpy.zeros((), POINT)) == 0.0


# -- what is refused ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "arguments", "error", "says"),
    [
        ("sum", (numpy.zeros(3, "f4"),), TypeError, "parameter %xs of @sum has type `ref<.* takes a buffer of 8-byte floats"),
        ("sum", (numpy.zeros(3, "i8"),), TypeError, "8-byte floats, not of format 'l'"),
        ("sum", (numpy.zeros(3, ">f8"),), TypeError, "not of format '>d'"),
        ("sum", (numpy.zeros(3, "c8"),), TypeError, "not of format 'Zf'"),
        ("sum", (numpy.zeros((2, 2)),), TypeError, "takes 1 dimension, not 2"),
        ("sum", (numpy.float64(2.0),), TypeError, "takes 1 dimension, not 0"),
        ("sum", (5.0,), TypeError, "parameter %xs of @sum .* takes a buffer, a list or a tuple, not float 5.0"),
        ("sum", ("text",), TypeError, "not str 'text'"),
        ("sum", ({1: 2},), TypeError, "not dict"),
        ("sum", ([1.0, "2"],), TypeError, "element 1 of parameter %xs of @sum has type `f64`"),
        ("sum", (numpy.zeros(6)[::2],), ValueError, "%xs of @sum .* side by side .* those of the ndarray do not"),
        ("sum", (numpy.zeros(6)[::-1],), ValueError, "pass a contiguous copy"),
        ("corner", (numpy.zeros((2, 3)).T, 1.0), ValueError, "row-major"),
        ("corner", (numpy.zeros(3), 1.0), TypeError, "takes 2 dimensions, not 1"),
        ("corner", ([[1.0], [1.0, 2.0]], 1.0), ValueError, "rows of dimension 1 have different lengths"),
        ("set", (b"12345678", 0, 1), TypeError, "8-byte integers, not of format 'B'"),
        ("set", ((1, 2), 0, 1), TypeError, "takes a writable buffer or a list, not tuple"),
        ("set", ([1, 2**63], 0, 1), OverflowError, "element 1 of parameter %xs of @set"),
        ("bools", (numpy.zeros(2, "u1"),), TypeError, "a buffer of bools, not of format 'B'"),
        ("bump", (5,), TypeError, "takes a writable buffer of 8 bytes that holds `i64`, not int 5"),
        ("bump", (numpy.zeros(2, "i8"),), TypeError, "takes a writable buffer of 8 bytes"),
        ("bump", (numpy.zeros(1),), TypeError, "takes a writable buffer of 8 bytes"),
        ("bump", (bytes(8),), ValueError, "written to, and the bytes is read-only"),
        ("flag", (bytearray(1),), TypeError, "takes a writable buffer of 1 bytes that holds `@Flag`"),
        ("move", ((1.0, 2), 1.0), TypeError, "takes a writable buffer of 16 bytes"),
    ],
)  # fmt: skip
def test_refusals(lib: Any, name: str, arguments: tuple[Any, ...], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        lib[name](*arguments)


def test_read_only_and_its_near_misses(lib: Any) -> None:
    xs = numpy.zeros(2, "i8")
    xs.flags.writeable = False
    with pytest.raises(ValueError, match=r"%xs of @set has type .* written to, and the ndarray is read-only"):
        lib["set"](xs, 0, 1)
    assert lib["two"](xs, xs) == 4
    xs.flags.writeable = True
    lib["set"](xs, 0, 1)
    with pytest.raises(ValueError, match="the memoryview is read-only"):
        lib["set"](memoryview(xs).toreadonly(), 0, 1)


def test_misaligned(lib: Any) -> None:
    raw = bytearray(8 * 4)
    start = ctypes.addressof(ctypes.c_char.from_buffer(raw)) % 8
    xs = numpy.frombuffer(raw, "i8", 2, offset=(1 - start) % 8)
    with pytest.raises(ValueError, match="aligned to 8 bytes, and those of the ndarray are not"):
        lib["set"](xs, 0, 1)
    lib["set"](numpy.frombuffer(raw, "i8", 2, offset=-start % 8), 0, 1)


def test_exclusive_memory_is_borrowed_once(lib: Any) -> None:
    xs = numpy.arange(4)
    with pytest.raises(ValueError, match="%to of @copy and parameter %from of @copy share memory, which parameter %to"):
        lib["copy"](xs, xs)
    with pytest.raises(ValueError, match="share memory"):
        lib["copy"](xs[1:], xs[:2])
    lib["copy"](xs[2:], xs[:2])
    assert xs.tolist() == [2, 1, 2, 3]
    assert lib["two"](xs, xs) == 8
    assert sys.getrefcount(xs) == 2  # refused or not, everything was given back


def test_freed_and_resized_buffers(lib: Any) -> None:
    gone = memoryview(array.array("d", [1.0]))
    gone.release()
    with pytest.raises(ValueError, match=r"parameter %xs of @sum cannot be borrowed: .*released"):
        lib["sum"](gone)
    raw = bytearray(b"abc")
    assert lib["text"](raw) == b"abc"
    raw.extend(b"d")  # nobody holds it any more
    with pytest.raises(TypeError, match="8-byte floats"):
        lib["sum"](raw)
    raw.extend(b"d")


def test_nothing_is_held_after_an_error(lib: Any) -> None:
    good, bad = bytearray(8), numpy.zeros(4)[::2]
    for _ in range(3):
        with pytest.raises(ValueError, match="side by side"):
            lib["sum"](bad)
    with pytest.raises(TypeError, match="%b of @two"):
        lib["two"](numpy.zeros(1, "i8"), good)
    good.append(1)
    base = numpy.zeros(4)
    assert sys.getrefcount(base) == 2


class Lying:
    """A sequence that says that it has ``says`` elements, and gives ``gives``."""

    def __init__(self, says: int, gives: int) -> None:
        self.says, self.gives = says, gives

    def __len__(self) -> int:
        return self.says

    def __getitem__(self, index: int) -> float:
        if index >= self.gives:
            raise IndexError
        return 1.0


class LyingList(list[float]):
    def __len__(self) -> int:
        return 1000


def test_a_sequence_has_as_many_elements_as_it_gives(lib: Any) -> None:
    """What it says of itself could be a length beyond the memory of its copy."""
    assert lib["sum"](Lying(1000, 2)) == 2.0
    assert lib["sum"](Lying(1, 50)) == 50.0
    assert lib["sum"](LyingList([1.0, 2.0])) == 3.0
    with pytest.raises(ValueError, match="rows of dimension 1 have different lengths"):
        lib["corner"]([[1.0], Lying(1, 2)], 1.0)
    three = backend.compile(air.parse("func @f(%xs: [3 x f64]) -> f64 {\n^e:\n  %x = extract %xs, 2\n  ret %x\n}\n"))["f"]
    assert three(Lying(7, 3)) == 1.0
    for says, gives in ((3, 5), (3, 1)):
        with pytest.raises(ValueError, match=f"takes 3 elements, not {gives}"):
            three(Lying(says, gives))


def test_a_list_that_grows_or_shrinks_meanwhile_keeps_what_it_got() -> None:
    text = (
        "func @change()\n"
        "func @fill(%xs: ref<mut [? x i64]>, %v: i64) {\n"
        "^e:\n"
        "  %s = deref %xs\n"
        "  %zero = const 0 : usize\n"
        "  %p = elem %s, %zero\n"
        "  assign %p, %v\n"
        "  call @change()\n"
        "  ret\n"
        "}\n"
    )
    values = [1, 2]
    change = [lambda: values.append(3), lambda: values.__delitem__(slice(1, None)), values.clear]
    lib = backend.compile(air.parse(text), externs={"change": lambda: change.pop(0)()})
    lib["fill"](values, 7)
    assert values == [7, 2, 3]
    lib["fill"](values, 8)
    assert values == [8]
    lib["fill"](values, 9)
    assert values == []


BOOLS = """
struct @Row { n: i32, on: i1 }
func @count(%xs: ref<[? x i1]>) -> i64 {
^e:
  %zero = const 0 : usize
  %s = deref %xs
  %p = elem %s, %zero
  %b = load %p
  %n = zext %b : i64
  ret %n
}
func @rows(%xs: ref<mut [? x @Row]>) -> usize {
^e:
  %n = slice.len %xs
  ret %n
}
func @row(%r: ref<@Row>) -> i1 {
^e:
  %p = deref %r
  %f = field %p, on
  %b = load %f
  ret %b
}
func @made(%n: usize, %b: i1) -> own<[? x i1]> {
^e:
  %o = new.array %n, %b : own<[? x i1]>
  ret %o
}
"""


def test_a_bool_is_zero_or_one() -> None:
    """The format of a buffer does not say so, and compiled code takes it for granted: an index made of one needs no check."""
    lib = backend.compile(air.parse(BOOLS))
    flags = numpy.array([1, 0, 2], numpy.uint8)
    assert lib["count"](flags[:2].view(bool)) == 1
    with pytest.raises(ValueError, match="element 2 of parameter %xs of @count has a bool that is neither 0 nor 1"):
        lib["count"](flags.view(bool))
    rows = numpy.zeros(3, numpy.dtype([("n", "i4"), ("on", "?")], align=True))
    assert lib["rows"](rows) == 3
    rows.view(numpy.uint8)[8 + 4] = 7
    with pytest.raises(ValueError, match="element 1 of parameter %xs of @rows has a bool"):
        lib["rows"](rows)
    with pytest.raises(ValueError, match="parameter %r of @row has a bool"):
        lib["row"](rows[1:2])
    assert lib["row"](rows[:1]) is False
    owner = lib["made"](2, True)
    assert lib["count"](owner) == 1
    with pytest.raises(TypeError, match="read-only"):
        owner.view()[1] = 3


def test_owners_of_anything_are_lent_as_slices() -> None:
    text = """
enum @E { A, B(i64) }
func @made(%n: usize, %e: @E) -> own<[? x @E]> {
^e:
  %o = new.array %n, %e : own<[? x @E]>
  ret %o
}
func @matrix(%n: usize, %x: f64) -> own<[? x ? x f64]> {
^e:
  %o = new.array %n, %n, %x : own<[? x ? x f64]>
  ret %o
}
func @tell(%xs: ref<[? x @E]>) -> usize {
^e:
  %n = slice.len %xs
  ret %n
}
func @two(%xs: ref<mut [? x @E]>, %ys: ref<[? x @E]>) {
^e:
  ret
}
func @columns(%xs: ref<[? x ? x f64]>) -> usize {
^e:
  %s = deref %xs
  %n = dim %s, 1
  ret %n
}
"""
    lib = backend.compile(air.parse(text))
    made = lib["made"](3, ("B", 4))
    assert lib["tell"](made) == 3
    assert lib["tell"](lib["made"](0, "A")) == 0
    with pytest.raises(ValueError, match="share memory"):
        lib["two"](made, made)
    assert lib["columns"](lib["matrix"](3, 1.0)) == 3
    made.release()
    with pytest.raises(ValueError, match="was released or moved"):
        lib["tell"](made)


USUAL = """
func @at(%xs: ref<[? x i64]>, %i: usize) -> i64 {
^entry:
  %s = deref %xs
  %p = elem %s, %i
  %x = load %p
  ret %x
}
func @scale(%xs: ref<mut [? x f64]>, %by: f64, %flag: i1, %n: i32) {
^entry:
  %zero = const 0 : usize
  %s = deref %xs
  %p = elem %s, %zero
  %x = load %p
  %y = fmul %x, %by
  %z = select %flag, %y, %x
  assign %p, %z
  ret
}
func @dot(%xs: ref<[? x i8]>, %ys: ref<[? x i8]>) -> usize {
^entry:
  %n = slice.len %xs
  %m = slice.len %ys
  %k = mul %n, %m
  ret %k
}
"""


def test_the_usual_slices_and_all_others() -> None:
    """A writable contiguous buffer takes a short way; whatever is not one gets there by the long one, or the same errors."""
    lib = backend.compile(air.parse(USUAL))
    at, scale, dot = lib["at"], lib["scale"], lib["dot"]
    numbers = array.array("q", [5, 6, 7])
    for same in (numbers, memoryview(numbers), memoryview(bytes(numbers)).cast("q"), [5, 6, 7], (5, 6, 7)):
        assert at(same, 2) == 7
    with pytest.raises(air.Panic, match="index 3 out of bounds for length 3") as kept:
        at(numbers, 3)
    numbers.append(8)  # nobody holds it, though the exception is there with its frames
    assert kept.value.kind == "bounds"
    with pytest.raises(OverflowError, match="%i of @at"):
        at(numbers, -1)
    with pytest.raises(TypeError, match="%i of @at"):
        at(numbers, 1.0)
    with pytest.raises(TypeError, match="8-byte"):
        at(array.array("i", [1]), 0)
    with pytest.raises(ValueError, match="side by side"):
        at(memoryview(numbers)[::2], 0)
    numbers.append(9)
    reals = array.array("d", [2.0])
    for flag, by, result in ((True, 1.5, 3.0), (False, 2, 3.0), (True, 2, 6.0)):
        assert scale(reals, by, flag, 1) is None
        assert reals[0] == result
    for wrong in (("x", True, 1), (1.0, 1, 1), (1.0, True, 1.5), (1.0, True, 2**31)):
        with pytest.raises((TypeError, OverflowError), match="of @scale"):
            scale(reals, *wrong)
    with pytest.raises(ValueError, match="read-only"):
        scale(memoryview(reals).toreadonly(), 1.0, True, 1)
    assert reals[0] == 6.0
    data = bytearray(b"abc")
    assert dot(data, data) == dot(b"abc", data) == dot("abc", memoryview(data)) == 9
    assert dot(bytearray(), data) == dot(data, bytearray()) == 0
    data.append(1)
