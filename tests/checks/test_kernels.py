"""The kernels of ``bench/kernels``: the texts in our IR, C and Rust compute the same, and what the renderers refuse."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import altru_ir as air
from altru_ir import backend
from bench.checks import left
from bench.kernels import KernelError, air_of, c_of, kernel, names, others, rust_of, size
from bench.kernels.language import read

MASK = (1 << 64) - 1


def printed(command: list[str], executable: Path, n: int) -> int:
    subprocess.run(command, check=True, capture_output=True)
    return int(subprocess.run([executable, str(n)], check=True, capture_output=True).stdout)


def test_there_are_thirty_five() -> None:
    assert len(names()) == 35


@pytest.mark.parametrize("name", names())
def test_ours_and_the_twin_in_c_agree(name: str, tmp_path: Path) -> None:
    each = kernel(name)
    n = size(each, "small")
    module = air.parse(air_of(each), f"{name}.air")
    assert air.verify(module) == []
    answer = backend.interpret(backend.prepare(module), "run", [n]) & MASK
    assert backend.compile(module, opt=1)["run"](n) & MASK == answer
    if shutil.which("cc"):
        source, twin = tmp_path / "twin.c", tmp_path / "twin"
        source.write_text(c_of(each))
        assert printed(["cc", "-O0", "-Wall", "-Werror", "-o", str(twin), str(source), "-lm"], twin, n) == answer


LEFT = {
    "bounds-search": 0.41, "counting-sort": 0.06, "flood": 0.2, "lcs-table": 0.07, "merge-bottom-up": 0.08,
    "moving-histogram": 0.02, "page-rank": 0.2, "sieve-odd": 0.19, "stencil-3d": 0.64, "union-find": 0.33, "z-function": 0.07,
}  # fmt: skip
"""The largest share of checks that is left in those of the second set that are not clean, at their small sizes."""


@pytest.mark.parametrize("name", others())
def test_the_second_set_keeps_few_checks_and_its_checksum(name: str) -> None:
    each = kernel(name)
    before, after = left(each, size(each, "small"))
    assert after / before <= LEFT.get(name, 0.01)


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
@pytest.mark.parametrize("name", others()[::4])
def test_the_second_set_agrees_with_twins_in_c(name: str, tmp_path: Path) -> None:
    each = kernel(name)
    source, twin = tmp_path / "twin.c", tmp_path / "twin"
    source.write_text(c_of(each))
    n = size(each, "small")
    answer = backend.compile(air.parse(air_of(each)), opt=3)["run"](n) & MASK
    assert printed(["cc", "-O0", "-Wall", "-Werror", "-o", str(twin), str(source), "-lm"], twin, n) == answer


@pytest.mark.skipif(shutil.which("rustc") is None, reason="needs rustc")
@pytest.mark.parametrize("name", ["merge-sort", "conv2d", "fannkuch"])
def test_the_twin_in_rust_agrees(name: str, tmp_path: Path) -> None:
    each = kernel(name)
    n = size(each, "small")
    source, twin = tmp_path / "twin.rs", tmp_path / "twin"
    source.write_text(rust_of(each))
    module = air.parse(air_of(each))
    answer = backend.interpret(backend.prepare(module), "run", [n]) & MASK
    assert printed(["rustc", "-O", "-o", str(twin), str(source)], twin, n) == answer


RUN = "def run(n: usize) -> u64:\n    {}\n    return u64(n)\n"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("x = 1.0 + n", "is meant"),
        ("x = y", "y is not declared"),
        ("x = f(n)", "there is no f"),
        ("import x", "no statement"),
        ("x = n[0]", "no elements"),
        ("a = array(f64, n)", "is a number"),
        ("x = [n]", "no expression"),
    ],
)
def test_what_is_no_kernel_is_refused(line: str, message: str) -> None:
    with pytest.raises(KernelError, match=message):
        read("test", RUN.format(line))
    assert read("test", RUN.format("x = n")).functions[0].name == "run"
