"""The reducer on operations that a front-end declares: it knows them by their declarations alone.

Among them are a pure operation with a mark, one with operands that may be absent, one that makes a value out of nothing, and
a terminator with cases.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

import altru_ir as air
from altru_ir import declare
from altru_ir.testing import whole_language
from altru_ir.testing.reduce import reduce_module
from tests.reducer.interesting import contains, returned

FOREIGN = '''
from altru_ir.declare import *
from altru_ir.types import I64

@operation("toy.clamp", "$value in $low, $high", traits=(PURE,))
class Clamp:
    """``value`` limited to ``low`` ... ``high``."""
    value = Operand(INTEGER)
    low = Operand(same_as="value")
    high = Operand(same_as="value")
    signed = Option(bool, "compare as signed numbers")
    weight = Option(int, "how much it matters")
    result = Result(same_as="value")

@operation("toy.say", "$first[, $more]")
class Say:
    """Says some values."""
    first = Operand(INTEGER)
    more = Operand(ANY, variadic=True)

@operation("toy.clock", "")
class Clock:
    """The time."""
    time = Result(I64)

@operation("toy.choose", "$value, $cases", traits=(TERMINATOR,))
class Choose:
    """Continues where the value says, as ``switch`` does."""
    value = Operand(INTEGER)
    cases = Cases()
'''

NAMES = ("toy.clamp", "toy.say", "toy.clock", "toy.choose")


@pytest.fixture(autouse=True)
def toy() -> Iterator[None]:
    exec(FOREIGN, {"__name__": "toy_front_end"})
    yield
    for name in NAMES:
        declare.forget(name)


def program(seed: int) -> air.Module:
    """A generated program in which some operations were exchanged for foreign ones."""
    choose = random.Random(seed)
    lines = []
    for line in whole_language.generate(seed).text.splitlines():
        lines.append(line)
        words = line.split()
        if len(words) > 4 and words[2] in ("add", "mul") and words[0].startswith("%") and words[4].startswith("%"):
            left, right = words[3].strip(","), words[4]
            new = {
                0: f"{words[0]} = toy.clamp {left} in {left}, {right} {{signed, weight = 700}}",
                1: f"{line}\n  toy.say {left}, {words[0]}, {right}",
                2: line,
            }
            lines[-1] = f"  {new[choose.randrange(3)].strip()}"
        elif words[:1] == ["switch"]:
            lines[-1] = line.replace("switch", "toy.choose")
    return air.parse("\n".join(lines).replace("const 31 : i64", "toy.clock", 1))


@pytest.mark.parametrize("seed", range(4))
def test_generated_programs_with_foreign_operations(seed: int) -> None:
    module = program(seed)
    assert air.verify(module) == []
    here = [name for name in NAMES if contains(name)(module)]
    assert len(here) >= 3
    for name in here:
        left = reduce_module(module, contains(name)).module
        assert contains(name)(left)
        assert air.verify(left) == []
        assert sum(1 for f in left.functions.values() for _ in f.operations()) <= 5


def body(module: air.Module) -> str:
    return str(module).split("^a:\n")[1]


def test_marks_and_literals_go() -> None:
    text = "altru 1\nmodule @m\nfunc @main_entry(%x: i64, %y: i64) -> i64 {\n^entry:\n"
    module = air.parse(f"{text}  %r = toy.clamp %y in %x, %y {{signed, weight = 700}}\n  ret %r\n}}\n")
    assert body(reduce_module(module, returned("toy.clamp")).module) == (
        "  %0 = const 0 : i64\n  %r = toy.clamp %0 in %0, %0\n  ret %r\n}\n"
    )
    kept = reduce_module(module, lambda module: "weight" in str(module)).text
    assert "{weight = 0}" in kept
    assert "signed" not in kept


def test_operands_that_may_be_absent_go() -> None:
    text = "altru 1\nmodule @m\nfunc @f(%x: i64, %y: i1) {\n^entry:\n  toy.say %x, %y, %x, %y\n  ret\n}\n"
    assert "  toy.say %0\n" in reduce_module(air.parse(text), contains("toy.say")).text


def test_cases_go() -> None:
    text = (
        "altru 1\nmodule @m\nfunc @f(%x: i64) -> i64 {\n^entry:\n  toy.choose %x, 70 ^a, 80 ^b, 90 ^c\n"
        "^a:\n  ret %x\n^b:\n  %y = add %x, %x\n  ret %y\n^c:\n  %z = mul %x, %x\n  ret %z\n}\n"
    )
    left = reduce_module(air.parse(text), lambda module: contains("toy.choose", "mul")(module)).text
    assert left.count("^") <= 6
    assert "add" not in left
