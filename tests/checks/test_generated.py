"""All certificates about generated programs are accepted."""

from __future__ import annotations

from collections import Counter

import pytest

import altru_ir as air
from altru_ir import backend, passes
from altru_ir.passes.manager import PassManager
from altru_ir.testing import generator, loops, whole_language


def test_certificates_of_generated_programs() -> None:
    total: Counter[str] = Counter()
    texts = [whole_language.generate(seed).text for seed in range(4)] + [generator.generate(seed).text for seed in range(4)]
    for text in texts:
        manager = PassManager([], verify_proofs=True)
        backend.prepare(air.parse(text), opt=3, manager=manager)  # a certificate that is rejected raises
        total += manager.statistics["eliminate-checks"]
    assert total["certificates accepted"] == total["checks removed"] > 8


@pytest.mark.parametrize("seed", [1239, 1283, 1373, 1497, 1589])
def test_a_choice_in_both_readings(seed: int) -> None:
    """Goals about the least of two numbers, unsigned and signed at once: both are replaced in each case (clause 5h)."""
    module = air.parse(loops.generate(seed)[0])
    passes.run(module, "insert-checks,mem2reg,cse,eliminate-checks{versions,verify}")
