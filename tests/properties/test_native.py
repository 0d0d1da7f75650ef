"""Generated programs: printed, parsed, compiled at O0 and O3, and the answers are those of Python.

CI looks at a fresh slice of seeds each time (by the commit, or ``ALTRU_TEST_SEED``); `make soak` runs as many as it is told.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from altru_ir.testing.generator import generate
from tests.soak import SUITES, Finding

SLICE = 40


def first_seed() -> int:
    chosen = os.environ.get("ALTRU_TEST_SEED")
    if chosen:
        return int(chosen)
    root = Path(__file__).parents[2]
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=False)
    return int(head.stdout[:7] or "0", 16) * 1000


@pytest.mark.parametrize("suite", ["text", "roundtrip", "native"])
def test_slice(suite: str) -> None:
    start = first_seed()
    for seed in range(start, start + SLICE):
        finding = SUITES[suite].check(seed)
        assert finding is None, f"seed {seed}: {finding}"


def test_a_program_is_a_function_of_its_seed() -> None:
    assert generate(11).text == generate(11).text
    assert generate(11).text != generate(12).text


def test_what_is_generated() -> None:
    """Programs are of some size, and every kind of operation the generator has is made often enough to matter."""
    programs = [generate(seed) for seed in range(150)]
    sizes = sorted(sum(p.statistics.values()) - p.statistics["blocks"] for p in programs)
    blocks = sorted(p.statistics["blocks"] for p in programs)
    assert sizes[len(sizes) // 2] >= 200
    assert blocks[len(blocks) // 2] >= 10
    kinds = {kind for p in programs for kind in p.statistics}
    assert len(kinds) >= 58
    for kind in kinds:
        assert sum(kind in p.statistics for p in programs) >= 1.5, f"`{kind}` is hardly ever made"


@pytest.mark.parametrize(
    ("planted", "by"),
    [(" ashr ", " lshr "), (" smin ", " umin "), (" sext ", " zext "), ("icmp slt ", "icmp sle "), (" fmin ", " fmax "),
     (" sdiv ", " udiv "), (" rotl ", " rotr "), (" fptosi ", " fptoui ")],
)  # fmt: skip
def test_planted_bugs_are_found(planted: str, by: str) -> None:
    """The text is compiled with one kind of operation exchanged for another: some seed must notice."""
    for seed in range(400):
        finding: Finding | None = SUITES["native"].check(seed, lambda text: text.replace(planted, by))
        if finding is not None:
            return
    pytest.fail(f"nobody noticed `{by}` in place of `{planted}`")
