"""What docs/allocators.md says of the options, and the C example."""

from __future__ import annotations

import collections
import re
import subprocess
from pathlib import Path

import pytest

from altru_ir.runtime import build

ROOT = Path(__file__).resolve().parents[2]
UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def number(text: str) -> int:
    """``16 MiB`` and ``(uint64_t)16 << 20`` are the same number."""
    shifted = re.fullmatch(r"\(uint64_t\)(\d+) << (\d+)", text)
    if shifted is not None:
        return int(shifted[1]) << int(shifted[2])
    value, _, unit = text.partition(" ")
    return int(value) * UNITS.get(unit, 1)


def test_the_table_of_options_is_that_of_the_header() -> None:
    header = (build.include_dir() / "altru_options.h").read_text()
    entry = re.compile(r'ALTRU_OPTION\((\w+),\s*"(\w+)",\s*(.+?),\s*"([^"]+)"\)', re.S)
    declared = [(variable, number(value), says) for _, variable, value, says in entry.findall(header)]
    rows = re.findall(r"^\| `(ALTRU_\w+)` \| ([^|]+) \| (.+) \|$", (ROOT / "docs" / "allocators.md").read_text(), re.M)
    assert [(variable, number(value), says) for variable, value, says in rows] == declared
    assert len(declared) > 5


@pytest.mark.parametrize("variant", ["release", "sanitize"])
def test_the_example_counts_words(tmp_path: Path, variant: str) -> None:
    source = ROOT / "examples" / "c" / "words.c"
    flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", *build.VARIANTS[variant], f"-I{build.include_dir()}"]
    library = build.static_library(variant=variant)
    subprocess.run(
        [*build.compiler(), *flags, str(source), str(library), "-lpthread", "-o", str(tmp_path / "words")], check=True
    )
    text = (ROOT / "docs" / "allocators.md").read_text()
    done = subprocess.run([tmp_path / "words"], input=text, capture_output=True, text=True, check=False)
    wanted = collections.Counter(re.findall(r"[A-Za-z]+", text.lower()))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{n} {word}" for word, n in sorted(wanted.items(), key=lambda i: (-i[1], i[0]))]


@pytest.mark.parametrize(
    ("target", "extra"),
    [("aarch64-linux-gnu", []), ("wasm32-wasi", ["-D_WASI_EMULATED_SIGNAL", "-D_WASI_EMULATED_PROCESS_CLOCKS"])],
)
def test_other_targets_compile_without_warnings(tmp_path: Path, target: str, extra: list[str]) -> None:
    """The allocators, that is; panics that unwind need more of the platform."""
    try:
        compiler = build.compiler(target)
    except build.RuntimeBuildError:
        pytest.skip(f"no C compiler for {target}")
    names = (
        "arena",
        "checked",
        "guarded",
        "heap",
        "locks",
        "options",
        "pages",
        "pool",
        "secure",
        "source",
        "stack",
        "statistics",
        "system",
    )
    for name in names:
        line = [*compiler, *build.FLAGS, "-Werror", *extra, f"-I{build.include_dir()}", "-c", build.HERE / "src" / f"{name}.c"]
        subprocess.run([*line, "-o", f"{name}.o"], cwd=tmp_path, check=True)
