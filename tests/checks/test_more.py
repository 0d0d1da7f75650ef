"""Programs that no pass was made for, as front-ends write them: how many of their checks stay, counted by the interpreter.

``more/`` has 35: with locals or with arguments of blocks; with signed, narrow and unsigned positions; slices, views, owners in
structs, helpers; loops that test at their end. ``@run`` makes an input of a size, runs the kernel and gives a checksum.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import altru_ir as air
from altru_ir import backend, passes
from bench.checks import checks_run

FOLDER = Path(__file__).parent / "more"
NAMES = sorted(path.stem for path in FOLDER.glob("*.air"))
SIZES = {
    "back-substitution": 20, "big-numbers": 20, "blur-clamped": 8, "convolve": 40, "dijkstra-heap": 10, "edit-two-rows": 20,
    "fft-stages": 32, "floyd-flat": 8, "gauss-seidel-flat": 10, "gemm-tiled": 10, "jacobi-swap": 10, "lcs-traceback": 20,
    "life-torus": 8, "lu-struct": 8, "search-tree-cost": 10,
}  # fmt: skip
"""100 where nothing stands here."""

PROVEN = (
    "insert-checks,mem2reg,inline{pure},cse{loads},forward-lengths,infer-contracts{verify},eliminate-checks{versions,verify}"
)
LEFT = {
    "bfs-csr": 0.43, "dijkstra-heap": 0.15, "fenwick": 0.36, "fft-stages": 0.14, "floyd-flat": 0.86, "gauss-seidel-flat": 0.73,
    "hash-modulo": 0.36, "increasing": 0.70, "kmp-slices": 0.25, "kruskal": 0.29, "lu-struct": 0.54, "radix-bytes": 0.10,
    "sieve-segments": 0.31, "z-array": 0.15,
}  # fmt: skip
"""The largest share of checks that is left in those that are not clean."""


def share(name: str) -> float:
    """The share of the checks that is left in a program."""
    module = air.parse((FOLDER / f"{name}.air").read_text(), f"{name}.air")
    n = SIZES.get(name, 100)
    before, answer = checks_run(module, n, 0)
    after, same = checks_run(module, n, 2)
    assert answer == same
    return after / before


@pytest.mark.parametrize("name", NAMES)
def test_few_checks_stay(name: str) -> None:
    assert share(name) <= LEFT.get(name, 0.01)


@pytest.mark.parametrize("name", NAMES[::5])
def test_the_checker_accepts_it_and_native_code_agrees(name: str) -> None:
    module = air.parse((FOLDER / f"{name}.air").read_text(), f"{name}.air")
    n = SIZES.get(name, 100)
    _, answer = checks_run(module, n, 0)
    assert backend.compile(module, opt=2)["run"](n) == answer
    proven = module.clone()
    passes.run(proven, PROVEN)
