"""Flags and drops after elaboration: never more than rustc's on the same programs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.mir.elaboration import Counts, compare_drops
from tests.mir.oracle import cache_directory, compiler, judge
from tests.mir.rust_programs import program, without

CASES = Path(__file__).parent.parent / "cases"
OWN = sorted((CASES / "rust-more").glob("*.rs"))
SLICE = int(os.environ.get("ALTRU_TEST_SEED", "0"))

pytestmark = pytest.mark.skipif(compiler() is None, reason="no rustc that takes -Z options")


def check_drops(path: Path) -> str | None:
    """The functions of a file of which we drop more, or need more flags."""
    return "\n".join(f"{each}" for each in compare_drops(path) if each.more) or None


def accepted(text: str) -> Path:
    """The functions of a program that rustc accepts, in a file that is new."""
    path = cache_directory() / f"accepted-{hash(text)}-{os.getpid()}.rs"
    while True:
        path.write_text(text)
        errors = judge(path).errors
        if not errors:
            return path
        text = without(text, {each.line for each in errors})


@pytest.mark.parametrize("path", sorted((CASES / "rust-ui" / "drop").glob("*.rs"))[SLICE % 4 :: 4], ids=lambda p: p.stem)
def test_programs_of_rustc(path: Path) -> None:
    assert check_drops(path) is None


@pytest.mark.parametrize("path", OWN, ids=lambda p: p.stem)
def test_programs_of_ours(path: Path) -> None:
    good = accepted(path.read_text())
    counts = compare_drops(good)
    assert [each for each in counts if each.more] == []
    assert sum(each.their_drops for each in counts) > 10
    good.unlink()


@pytest.mark.parametrize("seed", [0, 1000])
def test_random_programs(seed: int) -> None:
    path = accepted(program(seed))
    assert check_drops(path) is None
    path.unlink()


def test_some_functions_need_flags() -> None:
    counts: list[Counts] = [each for path in (CASES / "rust-ui" / "drop").glob("drop-*.rs") for each in compare_drops(path)]
    assert sum(each.drops for each in counts) > 10
    assert sum(each.their_flags for each in counts) > 0
