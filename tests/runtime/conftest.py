"""C programs of this folder, compiled and linked with the runtime as a user would, and once with sanitizers."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from altru_ir.runtime import build

HERE = Path(__file__).parent
Compile = Callable[..., Path]


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Compile:
    """``program("heap_program", variant="sanitize")`` is the executable of ``heap_program.c``."""
    made: dict[tuple[str, str], Path] = {}

    def compile_once(name: str, variant: str = "release") -> Path:
        path = made.get((name, variant))
        if path is None:
            path = made[name, variant] = tmp_path_factory.mktemp(variant) / name
            flags = ["-std=c11", "-g", "-Wall", "-Wextra", "-Werror", *build.VARIANTS[variant]]
            library = build.static_library(variant=variant)
            command = [*build.compiler(), *flags, f"-I{build.include_dir()}", str(HERE / f"{name}.c"), str(library)]
            subprocess.run([*command, "-lpthread", "-o", str(path)], check=True)
        return path

    return compile_once
