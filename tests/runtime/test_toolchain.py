"""Which compiler is taken for which target, and what panics are called in Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from altru_ir.runtime import build, toolchain
from altru_ir.runtime.panic_kinds import describe


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that is the whole PATH; ``CC`` and ``AR`` are not set."""
    for variable in ("CC", "AR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def tool(path: Path) -> Path:
    path.write_text("#!/bin/sh\nexit 0\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("target", "triple"),
    [
        ("x86_64-linux-gnu", "x86_64-linux-gnu"),
        ("x86_64-unknown-linux-gnu", "x86_64-linux-gnu"),
        ("aarch64-pc-linux-musl", "aarch64-linux-musl"),
        ("wasm32-wasi", "wasm32-wasi"),
        (None, toolchain.host_triple()),
    ],
)
def test_triples(target: str | None, triple: str) -> None:
    assert toolchain.triple_of(target) == triple


@pytest.mark.parametrize("target", ["", "x86_64", "../../etc-linux", "a-b-c-d-e", "x86_64-linux-gnu; rm"])
def test_what_is_no_triple_is_refused(target: str) -> None:
    with pytest.raises(build.RuntimeBuildError, match="not a target triple") as caught:
        build.static_library(target)
    assert caught.value.code == "ALT-S003"


def test_order_of_compilers(fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("clang", "gcc", "cc"):  # the last one comes first
        tool(fake / name)
        assert toolchain.compiler() == [name]
    monkeypatch.setenv("CC", "clang -m64")
    assert toolchain.compiler() == ["clang", "-m64"]


def test_another_target_has_its_own(fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool(fake / "riscv64-linux-gnu-gcc")
    monkeypatch.setenv("CC", "clang")
    assert toolchain.compiler("riscv64-unknown-linux-gnu") == ["riscv64-linux-gnu-gcc"]
    tool(fake / "clang")
    monkeypatch.setenv("CC_riscv64_linux_gnu", "clang --target=riscv64-linux-gnu")
    assert toolchain.compiler("riscv64-linux-gnu") == ["clang", "--target=riscv64-linux-gnu"]


def test_a_relative_compiler_is_found_from_everywhere(fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tool(fake / "mine")
    monkeypatch.chdir(fake)
    monkeypatch.setenv("CC", "./mine -O1")
    assert toolchain.compiler() == [str(made), "-O1"]


def test_a_compiler_that_cannot_be_read(fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "cc 'open")
    with pytest.raises(build.RuntimeBuildError, match=r"\$CC is `cc 'open`"):
        toolchain.compiler()


def test_no_archiver(fake: Path) -> None:
    tool(fake / "cc")
    with pytest.raises(build.RuntimeBuildError, match="none of ar, gcc-ar, llvm-ar"):
        toolchain.archiver()


def test_description_of_a_panic() -> None:
    assert describe("bounds", 5, 3) == "index 5 out of bounds for length 3"
    assert describe("bounds", -1, 3) == f"index {2**64 - 1} out of bounds for length 3"
    assert describe("align", 0x1003, 8) == "misaligned pointer: address 0x1003 is not a multiple of 8"
    assert describe("explicit", message="{a}") == "{a}"
    with pytest.raises(KeyError):
        describe("no such class")


def test_what_links_the_unwinder(monkeypatch: pytest.MonkeyPatch) -> None:
    """GCC does so itself; zig has one of its own, which is not that of this process."""
    assert toolchain.unwinder() == [] or "ziglang" in toolchain.compiler()
    monkeypatch.setattr(toolchain, "compiler", lambda target=None: ["python", "-m", "ziglang", "cc"])
    assert toolchain.unwinder("aarch64-linux-musl") == ["-lunwind"]
    assert toolchain.unwinder() == ["-lunwind"]
    assert toolchain.unwinder("wasm32-wasi") == []
    (found,) = toolchain.unwinder(shared=True)
    assert found == "-lunwind" or found.endswith("/libgcc_s.so.1")
