"""Texts made to hurt: each gets diagnostics in bounded time, never an exception of another kind."""

from __future__ import annotations

import time

import pytest

import altru_ir as air
from altru_ir.render.terminal import WINDOW, render


def errors(text: str) -> list[str]:
    try:
        return [d.message for d in air.verify(air.parse(text))]
    except air.DiagnosticError as error:
        return [d.message for d in error.diagnostics]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('global @g : [3 x i8] = "\\u{d800}"', "`\\u{d800}` is no Unicode character"),
        ('global @g : [3 x i8] = b"\\u{110000}"', "`\\u{110000}` is no Unicode character"),
        ("global @g : i64 = 0x" + "f" * 10_000, "at most 60 characters"),
        ("global @g : i64 = 0x" + "f" * 58, "at most 192 bits"),
        ("global @g : i64 = " + "9" * 10_000, "at most 60 characters"),
        ("global @g : [1 x i8] = " + "[" * 10_000, "lists nest deeper than 200"),
        ("func @f(%a: " + "[1 x " * 10_000 + "i8", "types nest deeper than 200"),
        ('func @f() {\n^e:\n  panic "', "not closed"),
        ("struct @S { a: @T }\n\0", "found"),
    ],
    ids=range(9),
)
def test_texts(text: str, says: str) -> None:
    assert any(says in message for message in errors(text)), errors(text)


def test_types_that_nest_deep_by_value() -> None:
    chain = "".join(f"struct @S{n} {{ f: @S{n + 1} }}\n" for n in range(5000)) + "struct @S5000 { f: i8 }\n"
    text = chain + "func @f() -> usize {\n^e:\n  %n = size_of @S0\n  ret %n\n}\n"
    assert any("nests 101 types by value; 100 is the limit" in message for message in errors(text))
    assert errors(chain.replace("struct @S90 { f: @S91 }", "struct @S90 { f: ptr<@S91> }").split("struct @S180 ")[0]) != []


def test_definitions_in_reverse_order_are_resolved_in_linear_time() -> None:
    """Each block uses what the next one in the text defines."""

    def program(count: int) -> str:
        lines = ["func @f(%x: i64) -> i64 {\n^e:\n  br ^b0"]
        for n in reversed(range(count)):
            previous = f"%v{n - 1}" if n else "%x"
            after = f"br ^b{n + 1}" if n + 1 < count else f"ret %v{n}"
            lines.append(f"^b{n}:\n  %v{n} = add {previous}, {previous}\n  {after}")
        return "\n".join([*lines, "}"])

    assert errors(program(50)) == []
    begin = time.perf_counter()
    assert errors(program(20_000)) == []
    assert time.perf_counter() - begin < 30  # quadratic would take hours


def test_a_long_line_is_cut_around_the_underline() -> None:
    text = "func @f() { ^e: " + "%x = const 1 : i32 " * 500 + "ret }"
    with pytest.raises(air.DiagnosticError) as caught:
        air.parse(text, "long.air")
    shown = render(caught.value.diagnostics[:1], {"long.air": air.Source("long.air", text)})
    assert max(len(line) for line in shown.splitlines()) < WINDOW + 40
    line, mark = shown.splitlines()[3:5]
    assert line[mark.index("^") :].startswith("%x")
