"""The runtime is built once, into a directory that nobody else can write, and what is wrong is said plainly."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from altru_ir.runtime import build, load

ROOT = Path(__file__).resolve().parents[2]
STATIC = "from altru_ir.runtime import build, cache; print(build.static_library())"
MODULE = ["-m", "altru_ir.runtime"]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache directory of this test's own, which does not exist yet."""
    monkeypatch.setenv("ALTRU_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def environment(changes: dict[str, str | None]) -> dict[str, str]:
    both = {**os.environ, "PYTHONPATH": str(ROOT), **changes}
    return {name: value for name, value in both.items() if value is not None}


def python(*arguments: str, cwd: Path | None = None, **changes: str | None) -> subprocess.CompletedProcess[str]:
    """Another Python, with ``changes`` to the environment (None removes)."""
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=cwd, env=environment(changes), capture_output=True, text=True, timeout=600)


def entries(directory: Path) -> list[str]:
    return sorted(each.name for each in directory.iterdir())


# -- finding and building ---------------------------------------------------------------------------------------------


def test_a_library_is_built_once(cache: Path) -> None:
    made = build.static_library()
    assert made.parent.parent == cache
    first = made.stat()
    assert build.static_library() == made
    assert made.stat().st_mtime_ns == first.st_mtime_ns
    assert cache.stat().st_mode & 0o777 == 0o700
    assert entries(cache) == ["lock", made.parent.name]
    assert entries(made.parent) == ["libaltru.a", "libaltru.a.sha256"]


def test_this_machine_by_name_is_this_machine(cache: Path) -> None:
    machine = os.uname().machine
    assert build.static_library(f"{machine}-linux-gnu") == build.static_library()


def test_other_flags_are_another_library(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = build.static_library()
    monkeypatch.setattr(build, "FLAGS", (*build.FLAGS, "-DALTRU_TEST"))
    assert build.static_library() != made


def test_processes_that_build_at_once_agree(cache: Path) -> None:
    command = [sys.executable, "-c", STATIC]
    racing = [subprocess.Popen(command, env=environment({}), stdout=subprocess.PIPE, text=True) for _ in range(4)]
    paths = {process.communicate(timeout=600)[0] for process in racing}
    assert [process.returncode for process in racing] == [0] * 4
    (path,) = paths
    assert entries(cache) == ["lock", Path(path.strip()).parent.name]


def test_equal_keys_are_equal_bytes(tmp_path: Path) -> None:
    code = f"{STATIC}; print(build.shared_library())"
    made = []
    for name in ("a", "somewhere-else"):
        (tmp_path / name).mkdir()
        done = python("-c", code, cwd=tmp_path / name, ALTRU_CACHE_DIR=str(tmp_path / name / "cache"))
        made.append([Path(line) for line in done.stdout.splitlines()])
    for one, other in zip(*made, strict=True):
        assert (one.parent.name, one.name) == (other.parent.name, other.name)
        assert one.read_bytes() == other.read_bytes()
        assert str(tmp_path).encode() not in one.read_bytes()
        assert str(ROOT).encode() not in one.read_bytes()


def test_a_relative_cache_directory_survives_a_change_of_directory(tmp_path: Path) -> None:
    code = "import os; from altru_ir.runtime import build; p = build.static_library(); os.chdir('/'); print(p.exists())"
    assert python("-c", code, cwd=tmp_path, ALTRU_CACHE_DIR="here").stdout == "True\n"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"XDG_CACHE_HOME": "{}/xdg"}, "xdg/altru-ir"),
        ({"XDG_CACHE_HOME": "relative"}, "home/.cache/altru-ir"),
        ({"XDG_CACHE_HOME": None}, "home/.cache/altru-ir"),
    ],
)
def test_the_cache_is_where_the_platform_wants_it(tmp_path: Path, changes: dict[str, str | None], expected: str) -> None:
    filled = {name: value and value.format(tmp_path) for name, value in changes.items()}
    code = "from altru_ir.runtime import cache; print(cache.directory())"
    done = python("-c", code, **{"ALTRU_CACHE_DIR": None, "HOME": str(tmp_path / "home"), **filled})
    assert done.stdout.strip() == str(tmp_path / expected)


def test_clearing_removes_libraries_and_nothing_else(cache: Path) -> None:
    made = build.static_library()
    (cache / "mine").write_text("kept")
    assert build.clear_cache() == [made.parent]
    assert entries(cache) == ["lock", "mine"]
    assert build.static_library() == made


def test_clearing_follows_no_link(cache: Path, tmp_path: Path) -> None:
    (cache / "runtime-file").parent.mkdir(mode=0o700, exist_ok=True)
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "precious").write_text("kept")
    (cache / "objects").symlink_to(tmp_path / "others")
    (cache / "runtime-file").write_text("no directory")
    assert [path.name for path in build.clear_cache()] == ["objects", "runtime-file"]
    assert entries(cache) == ["lock"]
    assert (tmp_path / "others" / "precious").exists()


def test_clearing_what_is_not_used_is_told(cache: Path) -> None:
    cache.mkdir(exist_ok=True)
    cache.chmod(0o777)
    with pytest.raises(build.RuntimeBuildError, match=r"there is no cache to clear: .* has mode 0777"):
        build.clear_cache()
    done = python(*MODULE, "--clear-cache", ALTRU_CACHE_DIR=str(cache))
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no cache to clear" in done.stderr


# -- what may be wrong with a cache -----------------------------------------------------------------------------------


def damage_library(made: Path, record: Path) -> None:
    made.write_bytes(made.read_bytes()[:-1] + b"!")


def damage_record(made: Path, record: Path) -> None:
    record.write_bytes(b"\xff\xfe")


def remove_record(made: Path, record: Path) -> None:
    record.unlink()


@pytest.mark.parametrize("damage", [damage_library, damage_record, remove_record])
def test_what_is_not_as_it_was_made_is_made_again(cache: Path, damage: object) -> None:
    made = build.static_library()
    content = made.read_bytes()
    damage(made, made.with_name(f"{made.name}.sha256"))  # type: ignore[operator]
    assert build.static_library() == made
    assert made.read_bytes() == content


def test_what_is_in_the_way_is_named(cache: Path) -> None:
    made = build.static_library()
    made.unlink()
    (made / "inside").mkdir(parents=True)
    with pytest.raises(build.RuntimeBuildError, match=r"libaltru\.a.* Make room there, remove what is in the way"):
        build.static_library()


def test_what_a_killed_build_left_is_swept(cache: Path) -> None:
    (cache / "build-killed").mkdir(parents=True)
    cache.chmod(0o700)
    build.static_library()
    assert not (cache / "build-killed").exists()


def refused_link(place: Path) -> str:
    (place.parent / "elsewhere").mkdir(mode=0o700)
    place.symlink_to("elsewhere")
    return "a link"


def refused_open(place: Path) -> str:
    place.mkdir()
    place.chmod(0o777)
    return "mode 0777"


def refused_file(place: Path) -> str:
    place.write_text("")
    return "no directory"


def refused_parent(place: Path) -> str:
    place.parent.chmod(0o500)
    return "cannot be made"


@pytest.mark.parametrize("prepare", [refused_link, refused_open, refused_file, refused_parent])
def test_a_cache_that_is_not_ours_alone_is_not_used(tmp_path: Path, prepare: object) -> None:
    parent = tmp_path / "parent"
    parent.mkdir()
    if prepare is refused_parent and os.geteuid() == 0:
        pytest.skip("permissions do not bind root")
    reason = prepare(parent / "cache")  # type: ignore[operator]
    before = sorted(parent.rglob("*"))
    facts = "p.exists(), cache.is_temporary(p), p.parent.parent.stat().st_mode & 0o777"
    code = f"{STATIC}; p = build.static_library(); print({facts})"
    done = python("-c", code, ALTRU_CACHE_DIR=str(parent / "cache"))
    path, told = done.stdout.splitlines()
    assert told == f"True True {0o700}"
    assert not Path(path).parent.parent.exists(), "a temporary directory outlived its process"
    assert sorted(parent.rglob("*")) == before

    asked = python(*MODULE, "--libs", ALTRU_CACHE_DIR=str(parent / "cache"))
    assert (asked.returncode, asked.stdout) == (2, "")
    assert asked.stderr.startswith("error[ALT-S001]: ")
    assert reason in asked.stderr
    assert "ALTRU_CACHE_DIR" in asked.stderr
    parent.chmod(0o700)


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="needs a file system that nobody can write")
def test_a_home_that_cannot_be_written_does_no_harm() -> None:
    code = f"{STATIC}; print(cache.refusal())"
    done = python("-c", code, HOME="/sys/kernel", ALTRU_CACHE_DIR=None, XDG_CACHE_HOME=None)
    assert done.returncode == 0, done.stderr
    assert "cannot be made" in done.stdout


# -- compilers --------------------------------------------------------------------------------------------------------

without_zig = pytest.mark.skipif(importlib.util.find_spec("ziglang") is not None, reason="ziglang compiles for all")


@without_zig
def test_no_compiler(cache: Path, tmp_path: Path) -> None:
    done = python(*MODULE, "--libs", PATH=str(tmp_path), CC=None)
    assert done.returncode == 2
    assert done.stderr.startswith("error[ALT-S001]: ")
    for word in ("gcc", "PATH", "pip install ziglang", "$CC"):
        assert word in done.stderr


@without_zig
def test_no_cross_compiler(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(build.RuntimeBuildError, match=r"riscv64-linux-gnu-gcc.*pip install ziglang"):
        build.static_library("riscv64-linux-gnu")


def test_a_compiler_that_is_named_but_not_there(cache: Path) -> None:
    done = python(*MODULE, "--libs", CC="no-such-cc -O3")
    assert done.returncode == 2
    assert "no-such-cc" in done.stderr


def test_a_compiler_that_fails_is_quoted(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "cc"
    program.write_text('#!/bin/sh\ntest "$1" = --version && exit 0\necho "disk on fire" >&2\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setenv("CC", str(program))
    with pytest.raises(build.RuntimeBuildError, match="disk on fire"):
        build.static_library()
    assert [name for name in entries(cache) if name != "lock"] == []


@pytest.mark.parametrize(
    ("does", "said"),
    [("kill -9 $$", "was killed by signal 9, and said nothing"), ("exit 3", "failed with status 3"), ("exit 0", "wrote no `")],
)
def test_a_compiler_that_ends_early_is_told(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str, said: str
) -> None:
    program = tmp_path / "cc"
    program.write_text(f'#!/bin/sh\ntest "$1" = --version && exit 0\n{does}\n')
    program.chmod(0o755)
    monkeypatch.setenv("CC", str(program))
    for make in (build.static_library, build.shared_library):
        with pytest.raises(build.RuntimeBuildError, match=said):
            make()
    assert [name for name in entries(cache) if name != "lock"] == []


def test_an_aarch64_library(cache: Path) -> None:
    if shutil.which("aarch64-linux-gnu-gcc") is None and importlib.util.find_spec("ziglang") is None:
        pytest.skip("no compiler for aarch64-linux-gnu here")
    assert build.static_library("aarch64-linux-gnu").read_bytes().startswith(b"!<arch>\n")


# -- prebuilt ---------------------------------------------------------------------------------------------------------


def test_a_prebuilt_library_is_used_only_while_it_fits(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "package"
    for name in ("src", "include"):
        shutil.copytree(build.HERE / name, package / name)
    monkeypatch.setattr(build, "HERE", package)
    prebuilt = build.prebuild(package / "prebuilt") / "libaltru.a"
    assert entries(prebuilt.parent) == [
        "libaltru.a", "libaltru.a.sha256", "libaltru.so", "libaltru.so.sha256", "origin.json",
    ]  # fmt: skip
    content = prebuilt.read_bytes()
    assert build.static_library() == prebuilt
    prebuilt.write_bytes(content + b"!")
    assert build.static_library().is_relative_to(cache)  # damaged
    prebuilt.write_bytes(content)
    assert build.static_library() == prebuilt
    with (package / "include" / "altru.h").open("a") as header:
        header.write("/* newer */\n")
    assert build.static_library().is_relative_to(cache)  # made of other sources


@pytest.mark.parametrize(
    ("made_for", "here", "runs"),
    [
        ("glibc 2.36", "glibc 2.36", True),
        ("glibc 2.9", "glibc 2.36", True),
        ("glibc 2.36", "glibc 2.31", False),
        ("glibc 2.36", "musl", False),
    ],
)
def test_a_prebuilt_library_runs_on_its_c_library_and_newer_ones(made_for: str, here: str, runs: bool) -> None:
    assert build._runs_on(made_for, here) is runs


# -- using it ---------------------------------------------------------------------------------------------------------


def test_a_c_program_compiles_with_what_the_module_prints(cache: Path, tmp_path: Path) -> None:
    source, program = tmp_path / "demo.c", tmp_path / "demo"
    source.write_text(
        "#include <altru.h>\n"
        'static const altru_site sites[] = {{"a.air", NULL, ALTRU_PANIC_bounds, 7, 8, 0}};\n'
        "int main(void) { altru_free(altru_alloc(10)); altru_panic_site(sites, 0, 5, 3); }\n"
    )
    flags = python(*MODULE, "--cflags").stdout.strip()
    libraries = python(*MODULE, "--libs").stdout.strip()
    command = f"{build.compiler()[0]} -Wall -Werror {flags} {source} {libraries} -o {program}"
    subprocess.run(command, shell=True, check=True)
    done = subprocess.run([program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (101, "panic: index 5 out of bounds for length 3 at a.air:7:8\n")


def test_asking_for_nothing_is_a_usage_error() -> None:
    done = python(*MODULE)
    assert done.returncode == 2
    assert "--cflags" in done.stderr


def test_the_loaded_library_offers_what_the_header_declares() -> None:
    symbols = load.symbols()
    assert {"altru_panic_site", "altru_alloc", "altru_alloc_aligned", "altru_free", "altru_realloc"} <= set(symbols)
    assert all(symbols.values())
    alloc = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_size_t)(symbols["altru_alloc"])
    free = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(symbols["altru_free"])
    block = alloc(100)
    assert block
    free(block)
    assert alloc(2**64 - 1) is None


@pytest.mark.skipif(shutil.which("nm") is None, reason="needs nm")
def test_the_shared_library_offers_nothing_else(cache: Path) -> None:
    line = ["nm", "-D", "--defined-only", "--format=posix", str(build.shared_library())]
    listed = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    offered = {entry.split()[0] for entry in listed.splitlines()}
    variables = [*load.public_variables(thread_local=True), *load.public_variables(thread_local=False)]
    assert offered == {*load.public_functions(), *variables}


# -- the sources ------------------------------------------------------------------------------------------------------


def test_the_sources_are_clean_under_stricter_warnings(tmp_path: Path) -> None:
    strict = ("-Wpedantic", "-Wconversion", "-Wshadow", "-Wmissing-prototypes", "-Wstrict-prototypes", "-Wvla")
    line = [*build.compiler(), *build.FLAGS, "-Werror", *strict, f"-I{build.include_dir()}", "-c"]
    done = subprocess.run([*line, *map(str, build.sources())], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_internal_header_is_internal(tmp_path: Path) -> None:
    source = tmp_path / "outside.c"
    source.write_text(f'#include "{build.HERE}/src/internal.h"\n')
    line = [*build.compiler(), f"-I{build.include_dir()}", "-fsyntax-only", str(source)]
    done = subprocess.run(line, capture_output=True, text=True)
    assert done.returncode != 0
    assert "include <altru.h> instead" in done.stderr
