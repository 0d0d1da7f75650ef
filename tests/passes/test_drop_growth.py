"""Scheduling, checking and elaborating drops is near-linear in the program, whatever is given away in which order; very large,
irreducible and unreachable programs get an answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import altru_ir as air
from altru_ir.module import Module
from altru_ir.passes.pipeline_text import parse_pipeline
from altru_ir.passes.verify.leaks import check_leaks
from tests.analysis.growth import lines_of, slope

PASSES = "schedule-drops,check-moves,elaborate-drops"
HEAD = """altru 1
module @growth
func @eat(%x: own<i32>) {
^entry:
  drop %x
  ret
}
func @call(%n: i32) {
^entry:
  ret
}
func @f(%c: i1, %n: i32) {
^entry:
"""


def locals_text(count: int, rest: str = "") -> str:
    return "".join(
        f"  %l{i} = local : own<i32>\n  %o{i} = new %n : own<i32>\n  init %l{i}, %o{i}\n{rest}" for i in range(count)
    )


def branches(count: int) -> str:
    """Each local is given away on one of two ways, with a call in between: no two calls see the same."""
    parts = [
        f"  cond_br %c, ^t{i}, ^j{i}\n^t{i}:\n  %x{i} = take %l{i}\n  call @eat(%x{i})\n  call @call(%n)\n  br ^j{i}\n^j{i}:\n"
        for i in range(count)
    ]
    return HEAD + locals_text(count) + "".join(parts) + "  ret\n}\n"


def in_order(count: int) -> str:
    """The first that is made goes first: what is left at each call ends alike, and begins unlike."""
    made = "".join(f"  %o{i} = new %n : own<i32>\n" for i in range(count))
    return HEAD + made + "".join(f"  call @eat(%o{i})\n" for i in range(count)) + "  ret\n}\n"


def one_by_one(count: int) -> str:
    return HEAD + locals_text(count, "  call @call(%n)\n") + "  ret\n}\n"


def one_call(count: int) -> str:
    return HEAD + locals_text(count) + "  call @call(%n)\n  ret\n}\n"


def nested(count: int) -> str:
    """Scopes in scopes, each left early on one way."""
    parts = [HEAD]
    for i in range(count):
        parts.append(f"  %l{i} = local : own<i32>\n  %o{i} = new %n : own<i32>\n  init %l{i}, %o{i}\n")
        parts.append(f"  cond_br %c, ^b{i}, ^e{i}\n^b{i}:\n")
    parts.append(f"  br ^e{count - 1}\n")
    for i in reversed(range(count)):
        parts.append(f"^e{i}:\n  end %l{i}\n" + (f"  br ^e{i - 1}\n" if i else "  ret\n"))
    return "".join([*parts, "}\n"])


def run(module: Module) -> None:
    for each in parse_pipeline(PASSES):
        each.run(module)


@pytest.mark.parametrize("shape", [branches, in_order, one_by_one, nested])
def test_growth(shape: Callable[[int], str]) -> None:
    small, large = (air.parse(shape(count)) for count in (32, 128))
    assert slope(lines_of(lambda: run(small)), lines_of(lambda: run(large)), 4) <= 1.15
    assert air.verify(large) == []


@pytest.mark.parametrize("shape", [branches, in_order])
def test_chains_are_shared(shape: Callable[[int], str]) -> None:
    blocks = []
    for count in (100, 200):
        module = air.parse(shape(count))
        run(module)
        blocks.append(len(module.functions["f"].blocks))
    assert blocks[1] < 2.2 * blocks[0]


@pytest.mark.parametrize(("shape", "count"), [(nested, 5_000), (one_call, 10_000)])
def test_very_large(shape: Callable[[int], str], count: int) -> None:
    module = air.parse(shape(count))
    for each in parse_pipeline("schedule-drops,check-moves"):
        each.run(module)
    assert sum(op.name == "end" for op in module.functions["f"].operations()) >= count


IRREDUCIBLE = (
    HEAD
    + """  %l = local : own<i32>
  %o = new %n : own<i32>
  init %l, %o
  cond_br %c, ^a, ^b
^a:
  call @call(%n)
  cond_br %c, ^b, ^out
^b:
  %x = take %l
  call @eat(%x)
  %y = new %n : own<i32>
  init %l, %y
  cond_br %c, ^a, ^out
^out:
  ret
^never:
  call @call(%n)
  br ^again
^again:
  %z = take %l
  call @eat(%z)
  cond_br %c, ^never, ^out
}
"""
)


def test_irreducible_and_unreachable() -> None:
    module = air.parse(IRREDUCIBLE)
    assert air.verify(module) == []
    run(module)
    assert air.verify(module) == []
    wrong = air.parse(IRREDUCIBLE.replace("  %y = new %n : own<i32>\n  init %l, %y\n", ""))
    with pytest.raises(air.DiagnosticError, match="ALT-M001"):
        run(wrong)


def converted(count: int) -> str:
    """Raw pointers that live across all branches, and one way out that loses each."""
    text = HEAD.replace("(%c: i1, %n: i32)", "(%c: i1, %n: i32) -> i32")
    made = "".join(f"  %o{i} = new %n : own<i32>\n  %p{i} = own.into_ptr %o{i}\n" for i in range(count))
    freed = "".join(f"  free %p{i} unsafe\n" for i in range(count))
    return f"{text}{made}  cond_br %c, ^free, ^out\n^free:\n{freed}  ret %n\n^out:\n  ret %n\n}}\n"


def test_leaks_grow_with_the_program() -> None:
    counted = []
    for count in (16, 64):
        module = air.parse(converted(count))
        counted.append(lines_of(lambda module=module: check_leaks(module.functions["f"], module)))  # type: ignore[misc]
        assert len(check_leaks(module.functions["f"], module)) == count
    assert slope(*counted, 4) <= 1.15
