"""The allocators from C: random operations in every build, mistakes that a hardened heap tells, and what the tests reach.

The programs are ``allocators_program.c`` and ``misuse_program.c``. More operations: ``make soak SUITE=heap``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from altru_ir.runtime import build
from altru_ir.runtime.panic_kinds import FORMATS

HERE = Path(__file__).parent
SCENARIOS = {
    "heap": 60_000, "arena": 20_000, "pool": 30_000, "stack": 100, "secure": 2_000, "options": 1, "refused": 60,
    "threads": 20_000, "messages": 12, "forks": 8, "profile": 40_000,
}  # fmt: skip
SANITIZER_OPTIONS = {"ASAN_OPTIONS": "detect_stack_use_after_return=0", "TSAN_OPTIONS": "halt_on_error=1"}


def run(command: list[str | Path], **environment: str) -> subprocess.CompletedProcess[str]:
    variables = os.environ | SANITIZER_OPTIONS | environment
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.parametrize("hardened", ["0", "1"], ids=["fast", "hardened"])
@pytest.mark.parametrize("variant", ["release", "sanitize", "sanitize-slab"])
def test_random_operations(program, variant: str, hardened: str) -> None:
    executable = program("allocators_program", variant)
    for scenario, count in SCENARIOS.items():
        done = run([executable, scenario, "1", str(count)], ALTRU_HARDENED=hardened)
        assert (done.returncode, done.stdout) == (0, "well\n"), f"{scenario}: {done.stderr}"


@pytest.mark.parametrize("hardened", ["0", "1"], ids=["fast", "hardened"])
def test_threads_do_not_race(program, hardened: str) -> None:
    for scenario, count in (("threads", "8000"), ("messages", "6")):
        done = run([program("allocators_program", "thread"), scenario, "2", count], ALTRU_HARDENED=hardened)
        assert (done.returncode, done.stdout) == (0, "well\n"), done.stderr


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="needs valgrind")
def test_valgrind_finds_nothing(program) -> None:
    line = ["valgrind", "--quiet", "--error-exitcode=9", program("allocators_program"), "heap", "3", "6000"]
    done = run(line)
    assert (done.returncode, done.stdout) == (0, "well\n"), done.stderr


@pytest.mark.parametrize("mode", ["1", "2"])
def test_exact_statistics(program, mode: str) -> None:
    done = run([program("allocators_program"), "heap", "4", "20000"], ALTRU_STATISTICS=mode)
    assert (done.returncode, done.stdout) == (0, "well\n"), done.stderr
    rows = {line.split()[0]: line.split()[1:] for line in done.stderr.splitlines()[1:]}
    assert bool(rows) == (mode == "2")
    if rows:
        current, peak, allocations, releases, _ = map(int, rows["heap"])
        assert current == 0 < peak
        assert allocations == releases > 5000


def test_a_small_range_of_addresses(program) -> None:
    """When the range is full the system serves."""
    executable = program("allocators_program")
    for span in ("0", "1", "4m", "16m"):
        done = run([executable, "heap", "5", "20000"], ALTRU_HEAP_SPAN=span)
        assert (done.returncode, done.stdout) == (0, "well\n"), done.stderr
    done = run([executable, "heap", "5", "20000"], ALTRU_HEAP_KEEP="0", ALTRU_STATISTICS="1000x")
    assert (done.returncode, done.stdout) == (0, "well\n"), done.stderr


MISTAKES = {
    "double_free": ("double_free", True), "double_free_large": ("foreign_free", True), "interior": ("interior_free", True),
    "foreign": ("foreign_free", True), "foreign_in_range": ("foreign_free", True), "far_in_range": ("foreign_free", True),
    "overrun": ("overrun", True), "write_after_free": ("write_after_free", False),
    "guarded_overrun": ("guarded_access", False), "guarded_after_free": ("guarded_access", False),
    "guarded_double_free": ("double_free", True), "guarded_interior": ("interior_free", True),
    "realloc_foreign": ("double_free", False), "size_of_foreign": ("foreign_free", False),
    "pool_foreign": ("pool_foreign", True), "pool_interior": ("pool_foreign", True), "pool_twice": ("pool_twice", False),
    "arena_gone": ("arena_gone", False), "arena_future_mark": ("arena_mark", False),
    "secure_overrun": ("guarded_access", False), "secure_underrun": ("overrun", False),
    "secure_twice": ("double_free", False),
}  # fmt: skip
"""The panic that each mistake gives, and whether it names the site."""


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_hardened_heap_tells(program, mistake: str) -> None:
    kind, has_site = MISTAKES[mistake]
    done = run([program("misuse_program"), mistake], ALTRU_HARDENED="1")
    words = re.sub(r"\\\{\w(:x)?\\\}", r"[0-9a-fx]+", re.escape(FORMATS[kind]))
    place = " at demo.c:7:3" if has_site else ""
    assert done.returncode == 101, (done.returncode, done.stderr)
    assert re.fullmatch(f"panic: {words}{place}\n", done.stderr), done.stderr


def test_walkers_tell_damage(program) -> None:
    done = run([program("misuse_program"), "walkers"], ALTRU_HARDENED="1")
    assert done.stdout.splitlines() == ["the room behind a block was written to", "a block was written to after it was freed"]


def test_an_ordinary_fault_stays_one(program) -> None:
    done = run([program("misuse_program"), "ordinary_fault"], ALTRU_HARDENED="1")
    assert (done.returncode, done.stderr) == (-11, "")


@pytest.mark.parametrize("hardened", ["0", "1"])
def test_secrets_do_not_outlive_a_panic(program, hardened: str) -> None:
    done = run([program("misuse_program"), "panic_with_a_secret"], ALTRU_HARDENED=hardened)
    assert (done.returncode, done.stdout) == (101, "there\nwiped\n")


COUNT_AT_A_PANIC = """
#include <stdlib.h>
void __gcov_dump(void);
_Noreturn void __real__Exit(int status);
_Noreturn void __wrap__Exit(int status) {
    __gcov_dump();
    __real__Exit(status);
}
"""


@pytest.mark.skipif(shutil.which("gcov") is None or build.compiler()[-1] == "clang", reason="needs gcc's gcov")
def test_line_coverage(tmp_path: Path) -> None:
    """At least 95 % of the allocators' lines run in these tests, in one process or another."""
    panics = {"panic.c", "message.c", "backtrace.c", "places.c", "unwind.c"}
    sources = [path for path in build.sources() if path.name not in panics]
    flags = [*build.FLAGS, "-O0", "--coverage", "-fprofile-update=atomic", f"-I{build.include_dir()}"]
    for path in build.sources():
        subprocess.run([*build.compiler(), *flags, "-c", "-o", path.stem + ".o", path], cwd=tmp_path, check=True)
    objects = [path.stem + ".o" for path in build.sources()]
    (tmp_path / "at_exit.c").write_text(COUNT_AT_A_PANIC)
    for name in ("allocators_program", "misuse_program"):
        line = [*build.compiler(), "--coverage", "-Wl,--wrap=_Exit", f"-I{build.include_dir()}", "at_exit.c"]
        subprocess.run([*line, HERE / f"{name}.c", *objects, "-lpthread", "-o", name], cwd=tmp_path, check=True)
    for hardened in "01":
        for scenario, count in SCENARIOS.items():
            run([tmp_path / "allocators_program", scenario, "1", str(count // 2)], ALTRU_HARDENED=hardened)
    run([tmp_path / "allocators_program", "heap", "1", "20000"], ALTRU_HEAP_SPAN="4m", ALTRU_STATISTICS="2")
    run([tmp_path / "allocators_program", "heap", "1", "20000"], ALTRU_HEAP_KEEP="64k")
    for mistake in ("walkers", *MISTAKES):
        run([tmp_path / "misuse_program", mistake], ALTRU_HARDENED="1")
    told = subprocess.run(["gcov", *objects], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    reached = total = 0.0
    for name, percent, lines in re.findall(r"File '[^']*?(\w+\.c)'\nLines executed:([\d.]+)% of (\d+)", told):
        if name in {path.name for path in sources}:
            reached += float(percent) / 100 * int(lines)
            total += int(lines)
    missed = {
        path.name: re.findall(r"#####:\s*(\d+):(.*)", (tmp_path / f"{path.name}.gcov").read_text())
        for path in sources
        if (tmp_path / f"{path.name}.gcov").exists()
    }
    assert total > 500
    assert reached / total >= 0.95, (reached / total, json.dumps(missed))
