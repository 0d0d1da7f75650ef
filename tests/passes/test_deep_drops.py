"""Drops in parts of deeply nested types: nothing recurses over the depth of the nesting."""

from __future__ import annotations

import altru_ir as air
from altru_ir import backend

DEPTH = 400


def test_a_part_four_hundred_owners_deep_is_moved_out_on_one_way() -> None:
    types = ["struct @S0 { b: own<i32>, a: own<i32> }"]
    types += [f"struct @S{i} {{ b: own<i32>, s: own<@S{i - 1}> }}" for i in range(1, DEPTH)]
    path, at = [], "%l"
    for i in range(DEPTH - 1, 0, -1):
        path += [f"  %p{i} = field {at}, s", f"  %q{i} = deref %p{i}"]
        at = f"%q{i}"
    text = "\n".join(
        [
            "altru 1\nmodule @deep", *types,
            f"func @f(%s: @S{DEPTH - 1}, %c: i1) {{\n^entry:\n  %l = local : @S{DEPTH - 1}\n  init %l, %s",
            "  cond_br %c, ^moved, ^join\n^moved:", *path,
            f"  %pa = field {at}, a\n  %t = take %pa\n  drop %t\n  br ^join\n^join:\n  ret\n}}\n",
        ]
    )  # fmt: skip
    prepared = backend.prepare(air.parse(text), opt=0)
    assert not air.verify(prepared)
    drops = [op for op in prepared.functions["f"].operations() if op.name == "drop"]
    shells = [op for op in prepared.functions["f"].operations() if op.name == "dealloc"]
    assert len(drops) == DEPTH + 1 + 1  # each `b`, the part that was moved and the rest of it
    assert len(shells) == DEPTH - 1
