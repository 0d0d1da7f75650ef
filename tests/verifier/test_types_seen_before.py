"""What is wrong with a type is told wherever it stands, whatever was seen of its parts before."""

from __future__ import annotations

import pytest

import altru_ir as air
from altru_ir.builder import Builder
from altru_ir.module import Block, Function, Module, Signature
from altru_ir.types import I32, UNIT, FunctionType, PhantomType, PlaceType, RefType, TupleType, Type


@pytest.mark.parametrize("wrap", [RefType, PhantomType, lambda place: TupleType((I32, place))])
@pytest.mark.parametrize("seen", [False, True])
def test_a_place_inside_another_type(wrap: type[RefType], seen: bool) -> None:
    module = Module("m")
    function = Function("f", Signature(FunctionType((), (), UNIT)), [])
    module.add(function)
    b = Builder(module)
    b.at_end(function.add_block(Block("entry")))
    if seen:
        b.local(I32, name="x")  # `place<i32>` is a good type of a result
    inner: Type = wrap(PlaceType(I32, True))
    for _ in range(2):
        b.local(inner)
    b.ret()
    problems = [problem for problem in air.verify(module) if "cannot stand inside" in problem.message]
    assert [problem.code for problem in problems] == ["ALT-V017"] * 2


def test_an_unknown_type_inside_another_one_is_told_each_time() -> None:
    module = air.parse("altru 1\nmodule @m\nfunc @f() {\n^entry:\n  %x = local : ref<@U>\n  %y = local : ref<@U>\n  ret\n}\n")
    assert [problem.message.split(": ")[1] for problem in air.verify(module)] == ["there is no type `@U`"] * 2
