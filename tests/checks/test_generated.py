"""All certificates about generated programs are accepted."""

from __future__ import annotations

from collections import Counter

import altru_ir as air
from altru_ir import backend
from altru_ir.passes.manager import PassManager
from altru_ir.testing import generator, whole_language


def test_certificates_of_generated_programs() -> None:
    total: Counter[str] = Counter()
    texts = [whole_language.generate(seed).text for seed in range(4)] + [generator.generate(seed).text for seed in range(4)]
    for text in texts:
        manager = PassManager([], verify_proofs=True)
        backend.prepare(air.parse(text), opt=3, manager=manager)  # a certificate that is rejected raises
        total += manager.statistics["eliminate-checks"]
    assert total["certificates accepted"] == total["checks removed"] > 8
