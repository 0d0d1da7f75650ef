"""Generated programs: printed, parsed, interpreted, compiled at O0 and O3; the answers are the same.

CI looks at a fresh slice of seeds each time (by the commit, or ``ALTRU_TEST_SEED``); `make soak` runs as many as it is told.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections import Counter
from pathlib import Path

import pytest

import altru_ir as air
from altru_ir import backend
from altru_ir.declare import table
from altru_ir.testing import whole_language
from altru_ir.testing.generator import generate
from tests.soak import SUITES
from tests.soak.__main__ import chunk

SLICE = 150


def first_seed() -> int:
    chosen = os.environ.get("ALTRU_TEST_SEED")
    if chosen:
        return int(chosen)
    root = Path(__file__).parents[2]
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=False)
    return int(head.stdout[:7] or "0", 16) * 1000


@pytest.mark.parametrize("suite", ["text", "roundtrip", "native", "machine", "passes", "loans", "drops", "checks", "walks"])
def test_slice(suite: str) -> None:
    start = first_seed()
    assert chunk(suite, start, start + (SLICE if suite != "walks" else SLICE // 4)) == []


def test_a_program_is_a_function_of_its_seed() -> None:
    assert generate(11).text == generate(11).text
    assert generate(11).text != generate(12).text


def test_what_is_generated() -> None:
    """Programs with their meaning in Python: of some size, every kind of operation made often enough to matter."""
    programs = [generate(seed) for seed in range(60)]
    sizes = sorted(sum(p.statistics.values()) - p.statistics["blocks"] for p in programs)
    blocks = sorted(p.statistics["blocks"] for p in programs)
    assert sizes[len(sizes) // 2] >= 200
    assert blocks[len(blocks) // 2] >= 10
    kinds = {kind for p in programs for kind in p.statistics}
    assert len(kinds) >= 58


ENDS = {"unreachable", "abort"}
"""Operations that no program that goes on executes; tests/interpreter has them."""
LATER = {"shl.checked", "lshr.checked", "ashr.checked"}
"""Operations that are younger than the seeds of the long runs, whose programs stay as they are; tests/ops runs them."""


def test_what_is_executed() -> None:
    """The whole language: programs of some size, and every operation runs in at least one of a hundred."""
    count = 150
    sizes, blocks, runs = [], [], Counter[str]()
    for seed in range(count):
        module = air.parse(whole_language.generate(seed).text)
        sizes.append(sum(1 for f in module.functions.values() for _ in f.operations()))
        blocks.append(sum(len(f.blocks) for f in module.functions.values()))
        executed: set[str] = set()
        with contextlib.suppress(air.Panic):
            backend.interpret(
                backend.prepare(module, opt=0, as_written=True), "main_entry", [seed, 7], schedules=1, executed=executed
            )
        runs.update(executed)
    assert sorted(sizes)[count // 2] >= 200
    assert sorted(blocks)[count // 2] >= 20
    ours = {name for name, decl in table().items() if decl.declared_in.startswith("altru_ir.ops")}
    rare = {name: runs[name] for name in ours - ENDS - LATER if runs[name] < count / 100}
    assert not rare, f"hardly ever executed: {rare}"


def test_every_snippet_reaches_the_answer() -> None:
    """A program of each family alone verifies and runs, and its answer depends on its arguments."""
    for family in whole_language.FAMILIES:
        answers = set()
        for seed in range(5, 9):
            module = air.parse(whole_language.generate(seed, families={family}).text)
            assert air.verify(module) == []
            written = backend.prepare(module, opt=0, as_written=True)
            for argument in range(6):
                with contextlib.suppress(air.Panic):
                    answers.add(backend.interpret(written, "main_entry", [argument, 3], schedules=1))
        assert len(answers) > 4, family


def test_dials() -> None:
    only = whole_language.generate(3, families={"scalars"}).text
    assert "local" not in only.split("func @main_entry")[1]
    assert " = new " not in whole_language.generate(3, families=whole_language.NATIVE).text
    heavy = whole_language.generate(3, weights={"owners": 1000.0}).text
    assert heavy.count(": own<") > 10
    with pytest.raises(ValueError, match="there is no family `nonsense`"):
        whole_language.generate(1, families={"nonsense"})


@pytest.mark.parametrize(
    ("planted", "by"),
    [(" ashr ", " lshr "), (" smin ", " umin "), (" sext ", " zext "), ("icmp slt ", "icmp sle "), (" fmin ", " fmax "),
     (" sdiv ", " udiv "), (" rotl ", " rotr "), (" fptosi ", " fptoui "), (" unwind ^late:", " unwind ^cleanup:"),
     (" unwind ^cleanup:", ":")],
)  # fmt: skip
def test_planted_bugs_are_found(planted: str, by: str) -> None:
    """The text is compiled with one kind of operation exchanged for another: some seed must notice."""
    for seed in range(400):
        if notices(seed, planted, by):
            return
    pytest.fail(f"nobody noticed `{by}` in place of `{planted}`")


def notices(seed: int, planted: str, by: str) -> bool:
    """Whether the check of a seed finds the defect; in a process of its own, for the wrong program may end it."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            status = int(SUITES["native"].check(seed, lambda text: text.replace(planted, by)) is not None)
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] != 0
