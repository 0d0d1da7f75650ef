"""Values across the boundary: what goes in comes out, and what does not fit is told with its parameter."""

from __future__ import annotations

import math
from collections import namedtuple
from types import SimpleNamespace
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import altru_ir as air
from altru_ir import backend

TYPES = """altru 1
struct @Inner { flag: i1, weight: f32 }
struct @Point { x: f64, n: i8, inner: @Inner, pair: (i16, [2 x i64]) }
enum @Shape { Circle(f64), Box(@Inner), None }
struct @"odd name" { class: i64, "two words": i8 }
"""
IDENTITIES = {
    "i1": "i1", "i8": "i8", "i16": "i16", "i32": "i32", "i64": "i64", "i128": "i128", "usize": "usize", "f32": "f32",
    "f64": "f64", "unit": "()", "point": "@Point", "shape": "@Shape", "array": "[2 x 3 x i32]", "tuple": "(i8, f64, (i1,))",
    "text": "[4 x i8]", "pointer": "ptr<i64>", "odd": '@"odd name"', "shapes": "[2 x @Shape]",
}  # fmt: skip


def identity(name: str, type: str) -> str:
    return f"func @{name}(%given: {type}) -> {type} {{\n^e:\n  ret %given\n}}\n"


@pytest.fixture(scope="module")
def lib() -> Any:
    text = TYPES + "".join(identity(name, type) for name, type in IDENTITIES.items())
    text += "func @both(%a: i64, %b: @Point, %c: i1) -> (@Point, i1, i64) {\n^e:\n  %t = tuple %b, %c, %a\n  ret %t\n}\n"
    text += "func @none() {\n^e:\n  ret\n}\n"
    return backend.compile(air.parse(text))


INNER = (True, 0.5)
POINT = (2.5, -7, INNER, (300, (1, -2)))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("i1", True), ("i1", False), ("i8", -128), ("i8", 127), ("i16", -(2**15)), ("i32", 2**31 - 1), ("i64", -(2**63)),
        ("i64", 2**63 - 1), ("i128", -(2**127)), ("i128", 2**127 - 1), ("usize", 0), ("usize", 2**64 - 1), ("f32", 0.5),
        ("f64", -0.1), ("f64", math.inf), ("f32", -math.inf), ("unit", None), ("point", POINT),
        ("array", ((1, 2, 3), (-4, 5, 6))), ("tuple", (1, 2.0, (True,))), ("pointer", None), ("pointer", 1 << 40),
        ("odd", (5, 6)),
    ],
)  # fmt: skip
def test_what_goes_in_comes_out(lib: Any, name: str, value: Any) -> None:
    found = lib[name](value)
    assert found == value
    assert type(found) is type(value) or isinstance(found, tuple)


@settings(max_examples=60)
@given(st.data())
def test_every_value_of_a_struct_survives(lib: Any, data: st.DataObject) -> None:
    small = st.integers(-128, 127)
    value = data.draw(
        st.tuples(
            st.floats(), small, st.tuples(st.booleans(), st.floats(width=32)),
            st.tuples(st.integers(-(2**15), 2**15 - 1), st.tuples(st.integers(-(2**63), 2**63 - 1), small)),
        )
    )  # fmt: skip
    assert repr(flat(lib["point"](value))) == repr(flat(value))


def flat(value: Any) -> list[Any]:
    return [leaf for each in value for leaf in flat(each)] if isinstance(value, tuple) else [value]


def test_structs_are_named_tuples_and_come_in_many_ways(lib: Any) -> None:
    point = lib["point"](POINT)
    assert (point.x, point.n, point.inner.flag, point.pair) == (2.5, -7, True, (300, (1, -2)))
    assert lib["point"](point) == point
    assert isinstance(point, lib.type("Point"))
    assert lib["point"]({"x": 2.5, "n": -7, "inner": INNER, "pair": (300, [1, -2])}) == point
    assert lib["point"](SimpleNamespace(x=2.5, n=-7, inner={"flag": True, "weight": 0.5}, pair=point.pair)) == point
    other = namedtuple("other", "a b c d")
    assert lib["point"](other(*POINT)) == point
    assert lib["odd"](lib.type("odd name")(1, 2)) == (1, 2)


def test_several_results_are_a_tuple(lib: Any) -> None:
    assert lib["both"](9, POINT, True) == (POINT, True, 9)
    assert lib["none"]() is None


def test_enums(lib: Any) -> None:
    shape = lib.type("Shape")
    assert lib["shape"](shape.Circle(2.0)) == shape.Circle(2.0)
    assert lib["shape"](("Circle", 2)).value == 2.0
    assert isinstance(lib["shape"](("Box", INNER)), shape.Box)
    assert lib["shape"](("Box", INNER)).value.weight == 0.5
    assert isinstance(lib["shape"]("None"), shape.None_)
    assert lib["shapes"](["None", ("Circle", 1.0)]) == (shape.None_(), shape.Circle(1.0))
    match lib["shape"](("Circle", 3.0)):
        case shape.Circle(radius):
            assert radius == 3.0
        case _:
            pytest.fail("a circle is a circle")


def test_numbers_of_numpy_are_numbers(lib: Any) -> None:
    assert lib["i64"](numpy.int32(-5)) == -5
    assert lib["i8"](numpy.uint8(100)) == 100
    assert lib["f64"](numpy.float32(0.5)) == 0.5
    assert lib["f64"](3) == 3.0
    assert lib["i1"](numpy.bool_(True)) is True
    assert lib["i64"](True) == 1
    records = numpy.zeros(1, [("class", "i8"), ("two words", "i1")])
    assert lib["odd"](records[0]) == (0, 0)


def test_f32_rounds_and_does_not_overflow(lib: Any) -> None:
    assert lib["f32"](0.1) == numpy.float32(0.1)
    largest = float(numpy.finfo(numpy.float32).max)
    assert lib["f32"](largest * (1 + 2**-26)) == largest
    with pytest.raises(OverflowError, match=r"parameter %given of @f32 has type `f32`, and .* is too large"):
        lib["f32"](largest * (1 + 2**-24))
    assert math.isnan(lib["f32"](math.nan))


@pytest.mark.parametrize(
    ("name", "value", "error", "says"),
    [
        ("i64", 2**63, OverflowError, r"parameter %given of @i64 has type `i64`.* 9223372036854775808 does not fit.*- 2\*\*64"),
        ("i64", -(2**63) - 1, OverflowError, "does not fit"),
        ("i8", 128, OverflowError, "from -128 to 127, and 128 does not fit"),
        ("i128", 2**127, OverflowError, "does not fit"),
        ("usize", -1, OverflowError, "from 0 to 18446744073709551615, and -1 does not fit"),
        ("i32", 1.0, TypeError, "parameter %given of @i32 has type `i32` and takes an int, not float 1.0"),
        ("i32", "1", TypeError, "takes an int, not str '1'"),
        ("i32", None, TypeError, "takes an int, not NoneType"),
        ("i1", 1, TypeError, "takes a bool, not int 1"),
        ("f64", "1", TypeError, "takes a float, not str '1'"),
        ("f64", 10**400, OverflowError, "too large"),
        ("unit", 0, TypeError, "takes None, not int 0"),
        ("pointer", "x", TypeError, "takes an address: an int, None or a ctypes pointer, not str"),
        ("pointer", -1, OverflowError, "does not fit"),
        ("point", (1.0, 2, INNER), ValueError, "takes 4 fields, not 3"),
        ("point", {"x": 1.0}, ValueError, "field `n` is missing"),
        ("point", {"x": 1.0, "n": 1, "inner": INNER, "pair": (1, (1, 1)), "y": 2}, ValueError, "has no field 'y'"),
        ("point", SimpleNamespace(x=1.0), ValueError, "has no `n`"),
        ("point", 5, TypeError, "takes a mapping, a tuple or an object with `x`, `n`, `inner`, `pair`, not int 5"),
        ("point", (1.0, 2, (1, 0.5), (1, (1, 1))), TypeError,
         "field `flag` of field `inner` of parameter %given of @point has type `i1`"),
        ("point", (1.0, 200, INNER, (1, (1, 1))), OverflowError, "field `n` of parameter %given of @point"),
        ("array", ((1, 2, 3), (4, 5)), ValueError, "element 1 of parameter %given of @array .* takes 3 elements, not 2"),
        ("array", ((1, 2, 3), (4, 5, "6")), TypeError, "element 2 of element 1 of parameter %given of @array"),
        ("array", 7, TypeError, "takes a sequence of 2, not int 7"),
        ("shape", ("Cirle", 1.0), ValueError, "whose variants are Circle, Box, None, not Cirle"),
        ("shape", 5, TypeError, "takes a variant with its payload"),
        ("shape", ("Circle", "wide"), TypeError, "variant `Circle` of parameter %given of @shape"),
        ("text", b"abc", ValueError, "takes 4 elements, not 3"),
    ],
)  # fmt: skip
def test_what_does_not_fit(lib: Any, name: str, value: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        lib[name](value)


def test_text_in_an_array(lib: Any) -> None:
    assert lib["text"](b"ab\xff\0") == (97, 98, -1, 0)
    assert lib["text"]("äb!") == (-61, -92, 98, 33)


def test_the_number_of_arguments(lib: Any) -> None:
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'given'"):
        lib["i64"]()
    with pytest.raises(TypeError, match="takes 1 positional argument but 2 were given"):
        lib["i64"](1, 2)


def test_names_and_signatures(lib: Any) -> None:
    assert lib["both"].__name__ == "both"
    assert lib["both"].__doc__ == "func @both(%a: i64, %b: @Point, %c: i1) -> (@Point, i1, i64)"
    assert set(lib) == {*IDENTITIES, "both", "none"}
    assert lib["i64"] is lib["i64"]
    with pytest.raises(KeyError, match="there is no function @nothing; there are i1, i8"):
        lib["nothing"]
    with pytest.raises(KeyError, match="there is no type @Pint; there are Inner, Point"):
        lib.type("Pint")


def test_parameters_with_names_that_python_has_not() -> None:
    text = 'func @f(%class: i64, %type: f64, %_x: i64, %"a b": i1) -> i64 {\n^e:\n  %r = add %class, %_x\n  ret %r\n}\n'
    f = backend.compile(air.parse(text))["f"]
    assert f(1, 2.0, 3, True) == 4
    with pytest.raises(TypeError, match="parameter %class of @f"):
        f("x", 2.0, 3, True)


def test_a_signature_that_does_not_cross() -> None:
    text = "union @U { a: i32, b: f32 }\nfunc @f(%u: @U) {\n^e:\n  ret\n}\nfunc @g(%u: i32) -> i32 {\n^e:\n  ret %u\n}\n"
    lib = backend.compile(air.parse(text))
    with pytest.raises(TypeError, match="@f cannot be called from Python: values of type `@U` do not cross"):
        lib["f"]
    assert lib["g"](3) == 3


def test_the_module_may_change_after_it_was_compiled() -> None:
    module = air.parse(TYPES + identity("point", "@Point"))
    lib = backend.compile(module)
    module.types["Point"].members.pop()
    module.remove(module.functions["point"])
    assert lib["point"](POINT) == POINT
