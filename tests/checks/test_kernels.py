"""The kernels of ``bench/kernels``: the texts in our IR, C and Rust compute the same, and what the renderers refuse."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import altru_ir as air
from altru_ir import backend
from bench.kernels import KernelError, air_of, c_of, kernel, names, rust_of, size
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
