"""Edges through empty blocks: in linear time, with the arguments put in, and where empty blocks form a cycle."""

from __future__ import annotations

import random

import pytest

import altru_ir as air
from altru_ir import backend, passes


def chain(length: int, order: list[int]) -> str:
    """A function that goes through ``length`` empty blocks, each of which swaps its arguments."""
    blocks = {
        k: f"^b{k}(%x{k}: i64, %y{k}: i64):\n  br ^{f'b{k + 1}' if k + 1 < length else 'out'}(%y{k}, %x{k})"
        for k in range(length)
    }
    head = "func @f(%c: i1, %a: i64, %b: i64) -> i64 {\n^e:\n  cond_br %c, ^b0(%a, %b), ^b1(%a, %b)"
    tail = "^out(%x: i64, %y: i64):\n  ret %x\n}\n"
    return "\n".join(["altru 1", "module @m", head, *(blocks[k] for k in order), tail])


@pytest.mark.parametrize("pipeline", ["simplify-cfg", "canonicalize"])
def test_a_chain_of_empty_blocks_takes_linear_time(pipeline: str) -> None:
    """With a walk along the rest of the chain from each of its blocks this takes hours."""
    length = 20_001
    module = air.parse(chain(length, list(range(length))))
    passes.run(module, pipeline, verify_each=True)
    assert len(module.functions["f"].blocks) <= 2


@pytest.mark.parametrize("length", [2, 3, 8])
def test_arguments_go_along_whatever_the_order_of_the_text(length: int) -> None:
    choose = random.Random(length)
    for _ in range(10):
        order = list(range(length))
        choose.shuffle(order)
        text = chain(length, order)
        for condition in (False, True):
            module = air.parse(text)
            wanted = backend.interpret(module, "f", [condition, 1, 2])
            passes.run(module, "simplify-cfg", verify_each=True)
            assert not any(len(block.ops) == 1 and block.ops[0].name == "br" for block in module.functions["f"].blocks)
            assert backend.interpret(module, "f", [condition, 1, 2]) == wanted


CYCLES = """altru 1
module @m
func @f(%c: i1, %a: i64) -> i64 {
^e:
  cond_br %c, ^in(%a), ^out
^in(%x: i64):
  br ^p(%x)
^p(%p: i64):
  br ^q(%p)
^q(%q: i64):
  br ^r(%q)
^r(%r: i64):
  br ^p(%r)
^out:
  ret %a
}
"""


def test_a_cycle_of_empty_blocks_stays_one() -> None:
    module = air.parse(CYCLES)
    passes.run(module, "simplify-cfg", verify_each=True)
    assert backend.interpret(module, "f", [False, 7]) == 7
    with pytest.raises(air.MemoryFault, match="takes more than 1000 steps"):
        backend.interpret(module, "f", [True, 7], steps=1_000)
