"""Programs of loops over slices, with all their checks and without those that were proven: the same answers and output, and the
same panics at the same places; and the checker accepts every certificate."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

import altru_ir as air
from altru_ir import passes
from altru_ir.passes.transform.eliminate_checks import EliminateChecks
from altru_ir.testing import loops, walks
from tests.soak import PRESENT, WALKING, check_checks, check_walks


@pytest.mark.parametrize("seed", [1000, 1001, 1002, 1004, 1005, 1006])
def test_a_generated_program_runs_the_same(seed: int) -> None:
    assert check_checks(seed) is None


def test_generated_programs_have_checks_to_prove_and_to_keep() -> None:
    removed = kept = 0
    for seed in range(6):
        module = air.parse(loops.generate(seed)[0])
        passes.run(module, "insert-checks,mem2reg,cse")
        told = passes.run(module, "eliminate-checks").statistics["eliminate-checks"]
        removed += told["checks removed"]
        kept += told["checks"] - told["checks removed"]
    assert removed > 20
    assert kept > 20


@pytest.mark.parametrize("seed", [137, 428, 1012])
def test_a_walk_runs_the_same(seed: int) -> None:
    assert check_walks(seed) is None


def test_what_walks_are_made_of() -> None:
    """Whatever the generator is there for is in some program, and there is something to take away, to merge and to keep."""
    texts = [walks.generate(seed)[0] for seed in range(60)]
    for each in (
        "subrange", "urem", "sext", "trunc", "new.array", "borrow mut", "ptr<i64>", "switch", "panic", "private func",
        "call @h", "i8", "i16", "dim %", "checked",
    ):  # fmt: skip
        assert any(each in text for text in texts)
    told: Counter[str] = Counter()
    for text in texts[:6]:
        told += passes.run(air.parse(text), f"{PRESENT},{WALKING[0]}").statistics["eliminate-checks"]
    assert 20 < told["checks removed"] < told["checks"] - 20


@pytest.mark.parametrize("generator", [loops, walks])
def test_the_seed_decides(generator: Any) -> None:
    assert generator.generate(3) == generator.generate(3)
    assert generator.generate(3) != generator.generate(4)


def nest(depth: int) -> str:
    """A function with ``depth`` comparisons one inside of the other, and a check in the middle."""
    lines = ["altru 1", "module @deep", "func @f(%xs: ref<[? x i32]>, %i0: usize) -> i32 {", "^entry:"]
    lines += ["  %n = slice.len %xs", "  %one = const 1 : usize", "  %none = const 0 : i32", "  br ^b0"]
    for at in range(depth):
        lines += [f"^b{at}:", f"  %i{at + 1} = add %i{at}, %one", f"  %c{at} = icmp ult %i{at + 1}, %n"]
        lines += [f"  cond_br %c{at}, ^b{at + 1}, ^out"]
    lines += [f"^b{depth}:", "  %seq = deref %xs", f"  %slot = elem %seq, %i{depth}", "  %x = load %slot", "  ret %x"]
    return "\n".join([*lines, "^out:", "  ret %none", "}", ""])


def test_a_deep_program_needs_no_deep_stack() -> None:
    module = air.parse(nest(5_000))
    passes.run(module, "insert-checks,eliminate-checks")
    assert not any(op.decl.is_check for op in module.functions["f"].operations())


def test_what_was_proven_is_kept_on_demand() -> None:
    module = air.parse(nest(3))
    passes.run(module, "insert-checks")
    each = EliminateChecks(verify=True)
    passes.PassManager([each]).run(module)
    (certificate,) = each.proofs["f"].certificates
    assert certificate.check.name == "check.bounds"
