"""Programs like the kernels of the benchmark, in other ways to write indices: no check is left that runs more than once."""

from __future__ import annotations

from pathlib import Path

import pytest

import altru_ir as air
from bench.checks import checks_run
from bench.kernels import air_of
from bench.kernels.language import read

VARIANTS = sorted((Path(__file__).parent / "variants").glob("*.kernel"))


@pytest.mark.parametrize("path", VARIANTS, ids=lambda path: path.stem)
def test_its_checks_go(path: Path) -> None:
    each = read(path.stem, path.read_text())
    module = air.parse(air_of(each), each.name)
    n = int(each.settings["small"])
    before, answer = checks_run(module, n, 0)
    after, same = checks_run(module, n, 3)
    assert answer == same
    assert before > 100
    assert after <= 1
