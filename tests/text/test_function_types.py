"""Marks and transfers of functions that give functions: each of them is read where it was written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import altru_ir as air
from altru_ir.types import I8, I32, UNIT, FunctionType, PtrType, TupleType, Type

TRANSFERS = st.sampled_from([None, None, "borrowed", "transfer_full", "transfer_full(heap)", "transfer_full(@f)"])
LEAVES = st.sampled_from([UNIT, I32, PtrType(I8)])


def functions(types: st.SearchStrategy[Type]) -> st.SearchStrategy[Type]:
    """Function types of one parameter and the result, and tuples of them."""
    made = st.builds(
        lambda parameter, result, how, by, unsafe, nounwind: FunctionType(
            (), (parameter,), result, (by, how), None, False, unsafe, nounwind
        ),
        types, types, TRANSFERS, TRANSFERS, st.booleans(), st.booleans(),
    )  # fmt: skip
    return made | st.builds(lambda one: TupleType((one,)), made)


@given(st.recursive(LEAVES, functions, max_leaves=8))
def test_the_text_of_a_type_is_that_type(type: Type) -> None:
    assert air.parse_type(str(type)) is type


@pytest.mark.parametrize(
    "header",
    [
        'extern "C" func @g() -> () borrowed unsafe',
        'extern "C" func @g() -> (fn() -> i32) unsafe',
        'extern "C" func @g() -> fn() -> i32 unsafe',
        'extern "C" func @g(%f: (fn() -> ptr<i8>) borrowed) -> fn() -> ptr<i8> borrowed',
    ],
)
def test_a_header_says_it_once(header: str) -> None:
    module = air.parse(f"altru 1\nmodule @m\n{header}\n")
    assert header in str(module).splitlines()
    assert str(air.parse(str(module))) == str(module)


def test_a_function_that_is_unsafe_stays_so() -> None:
    module = air.Module("m")
    builder = air.Builder(module)
    pointer = FunctionType((), (), I32)
    made = builder.declare("g", [("f", pointer, "borrowed")], pointer, abi=None, unsafe=True)
    again = air.parse(str(module)).functions["g"]
    assert again.signature.type is made.signature.type
    assert again.signature.type.unsafe


@pytest.mark.parametrize("text", ["(i32)", "((fn()))", "(fn() i32)", "(fn(), i32"])
def test_parentheses_are_for_functions_and_tuples(text: str) -> None:
    with pytest.raises(air.DiagnosticError):
        air.parse_type(text)
