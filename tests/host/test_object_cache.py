"""Compiled modules on disk: nothing is done twice, all that matters is in the key, no directory is trusted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import altru_ir as air
from altru_ir import backend
from altru_ir.backend.fingerprint import fingerprint
from altru_ir.backend.library import Options
from altru_ir.backend.object_cache import key_of
from altru_ir.runtime import build
from altru_ir.runtime import cache as files
from altru_ir.testing.generator import generate

ROOT = Path(__file__).resolve().parents[2]
TEXT = """altru 1
struct @S { x: i64 }
global @k : i64 = 5
func @f(%n: i64) -> i64 {
^entry:
  %two = const 2 : i64
  %less = icmp slt %n, %two
  cond_br %less, ^yes(%n), ^no
^yes(%m: i64):
  %p = global @k
  %v = load %p
  %r = add %m, %v
  ret %r
^no:
  %s = sdiv %n, %two
  ret %s
}
"""
OPTIONS = Options(2, "all", "unwind", "x86_64-linux-gnu", None)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own, with the runtime in it."""
    built = build.shared_library().parent
    (tmp_path / "cache").mkdir(mode=0o700)
    shutil.copytree(built, tmp_path / "cache" / built.name)
    monkeypatch.setenv("ALTRU_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(files, "_stored", 0)
    return tmp_path / "cache"


def objects(cache: Path) -> list[Path]:
    """Those of modules; what calls of a signature share is kept beside them."""
    return sorted((cache / "objects").glob("[!s]*")) if (cache / "objects").is_dir() else []


def done(action: Callable[[], Any]) -> dict[str, int]:
    """What the counters say that an action has done."""
    before = dict(backend.counters)
    action()
    return {name: count - before.get(name, 0) for name, count in backend.counters.items() if count != before.get(name, 0)}


def compile_text(text: str = TEXT, **options: Any) -> Any:
    return backend.compile(air.parse(text), **options)


# -- nothing is done twice ------------------------------------------------------------------------------------------------


def test_another_process_does_nothing_again(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "a.air").write_text(TEXT)
    code = (
        "import sys, json, altru_ir as air; from altru_ir import backend\n"
        "lib = backend.compile(air.parse(open(sys.argv[1]).read()))\n"
        "print(json.dumps([lib['f'](1), dict(backend.counters)]))"
    )
    seen = []
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-c", code, str(tmp_path / "a.air")]
        seen.append(json.loads(subprocess.run(command, env=environment, check=True, capture_output=True).stdout))
    assert seen[0][0] == 6
    assert seen[0][1].pop("passes") >= 1
    assert seen[0][1] == {"code generations": 1}
    assert seen[1] == [6, {"cached objects": 1}]
    assert len(objects(cache)) == 1


def test_in_one_process_too(cache: Path) -> None:
    assert "cached objects" not in done(compile_text)
    assert done(compile_text) == {"cached objects": 1}
    assert compile_text()["f"](9) == 4


def test_who_watches_passes_gets_to_see_them(cache: Path) -> None:
    from altru_ir.passes.manager import PassManager

    compile_text()
    seen: list[str] = []
    backend.compile(air.parse(TEXT), manager=PassManager([], before=lambda each, module: seen.append(each.name)))
    assert "insert-checks" in seen


# -- the key --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("const 2", "const 3"), ("slt", "sgt"), ("add", "sub"), ("^yes(%n), ^no", "^yes(%two), ^no"),
        ("@k : i64 = 5", "@k : i64 = 6"),
        ("@f(%n", "@g(%n"), ("%less", "%fewer"), ("func", "private func"), ("x: i64", "x: i32"), ("  ret %s", "\n  ret %s"),
        ("global @k : ", "global mut @k : "), ("%n, %two\n  ret", "%two, %n\n  ret"), ("^no:", "^nope:"),
    ],
)  # fmt: skip
def test_what_changes_the_key(old: str, new: str) -> None:
    text = TEXT.replace(old, new).replace("^no\n", "^nope\n" if new == "^nope:" else "^no\n")
    assert text != TEXT
    assert fingerprint(air.parse(text)) != fingerprint(air.parse(TEXT))


def test_what_a_pass_changes_changes_the_key() -> None:
    module = air.parse(TEXT)
    first = fingerprint(module)
    assert first == fingerprint(air.parse(TEXT)) == fingerprint(module.clone())
    op = module.functions["f"].entry.ops[0]
    for change in (
        lambda: op.set("value", 4), lambda: setattr(op, "unsafe", True), lambda: setattr(op, "loc", 3),
        lambda: setattr(module.functions["f"].blocks[1], "unwind", module.functions["f"].blocks[2]),
        lambda: setattr(op.results[0], "type", air.I32),
    ):  # fmt: skip
        change()
        second = fingerprint(module)
        assert second != first
        first = second
    assert fingerprint(air.parse(TEXT, filename="other.air")) != fingerprint(air.parse(TEXT))


def test_options_and_callables_are_in_the_key() -> None:
    module = air.parse(TEXT)
    keys = [
        key_of(module, options, names)
        for options in (OPTIONS, Options(3, "all", "unwind", OPTIONS.target, None),
                        Options(2, "none", "unwind", OPTIONS.target, None),
                        Options(2, "all", "abort", OPTIONS.target, None),
                        Options(2, "all", "unwind", OPTIONS.target, "x86-64-v3"))
        for names in (frozenset(), frozenset({"ask"}))
    ]  # fmt: skip
    assert len(set(keys)) == len(keys)
    assert None not in keys


def test_the_sources_of_the_compiler_are_in_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    from altru_ir.backend import object_cache

    names = [name for name, _, _ in object_cache._state_of_sources()]
    assert any(name.endswith(os.path.join("lower", "ops", "arith.py")) for name in names)
    assert any(name.endswith("insert_checks.py") for name in names)
    first = key_of(air.parse(TEXT), OPTIONS, frozenset())
    object_cache.surroundings.cache_clear()
    monkeypatch.setattr(object_cache, "_state_of_sources", lambda: [("a.py", 1, 2)])
    assert key_of(air.parse(TEXT), OPTIONS, frozenset()) != first
    object_cache.surroundings.cache_clear()


def test_different_programs_have_different_keys() -> None:
    texts = {generate(seed).text for seed in range(25)}
    assert len({fingerprint(air.parse(text)) for text in texts}) == len(texts)
    for text in texts:
        assert fingerprint(air.parse(text)) == fingerprint(air.parse(text))


def test_an_invalid_module_has_no_key_and_is_told(cache: Path) -> None:
    module = air.parse(TEXT)
    compile_text()
    block = module.functions["f"].blocks[2]
    block.ops[-1].operands[0] = air.Value(air.I64, "stranger")
    assert key_of(module, OPTIONS, frozenset()) is None
    with pytest.raises(air.DiagnosticError):
        backend.compile(module)
    assert len(objects(cache)) == 1


def test_operations_of_others_are_not_kept(cache: Path) -> None:
    from altru_ir.backend.lower import ops

    ours = ops.LOWERINGS["sdiv"]

    def theirs(f: Any, op: Any) -> None:
        ours(f, op)

    ops.LOWERINGS["sdiv"] = theirs
    try:
        assert key_of(air.parse(TEXT), OPTIONS, frozenset()) is None
    finally:
        ops.LOWERINGS["sdiv"] = ours
    assert key_of(air.parse(TEXT), OPTIONS, frozenset()) is not None


# -- the directory --------------------------------------------------------------------------------------------------------


def test_damage_is_noticed(cache: Path) -> None:
    compile_text()
    (path,) = objects(cache)
    whole = path.read_bytes()
    for damaged in (whole[:-1], whole[:100], b"", whole[:40] + bytes([whole[40] ^ 1]) + whole[41:]):
        path.write_bytes(damaged)
        assert done(compile_text)["code generations"] == 1
        assert path.read_bytes() == whole
    path.unlink()
    path.mkdir()
    assert done(compile_text)["code generations"] == 1  # it cannot be kept; nobody minds


def test_a_directory_that_others_may_write_is_not_used(cache: Path) -> None:
    compile_text()
    cache.chmod(0o755)
    assert done(compile_text)["code generations"] == 1
    assert done(compile_text) == {"cached objects": 1}  # in a directory of this process
    cache.chmod(0o700)


def test_a_link_is_not_followed(cache: Path, tmp_path: Path) -> None:
    compile_text()
    elsewhere = tmp_path / "elsewhere"
    cache.rename(elsewhere)
    cache.symlink_to(elsewhere)
    compile_text(TEXT.replace("const 2", "const 7"))
    assert len(objects(elsewhere)) == 1


def test_a_full_disk_leaves_nothing_behind(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build.shared_library()
    monkeypatch.setattr(os, "replace", lambda *given: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    assert compile_text()["f"](1) == 6
    monkeypatch.undo()
    assert [p for p in cache.rglob("*") if p.name.startswith(".new-")] == []


def test_the_oldest_go_first(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_LOOK_EACH", 1)
    monkeypatch.setenv("ALTRU_CACHE_LIMIT", "1000")
    for index in range(4):
        assert files.store(f"k{index}", bytes(200))
        os.utime(cache / "objects" / f"k{index}", (index + 1, index + 1))
    assert files.load("k0") == bytes(200)  # read now, so it is the youngest
    assert files.store("k4", bytes(200))
    assert [p.name for p in objects(cache)] == ["k0", "k3", "k4"]
    monkeypatch.setenv("ALTRU_CACHE_LIMIT", "a lot")
    assert files.limit() == 512 << 20
    monkeypatch.setenv("ALTRU_CACHE_LIMIT", 5000 * "9")  # more digits than Python makes a number of
    assert files.limit() > 1 << 64
    monkeypatch.setenv("ALTRU_CACHE_LIMIT", "000")
    assert files.limit() == 0


def test_a_small_limit_holds_after_each_store(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_size", 0)
    monkeypatch.setenv("ALTRU_CACHE_LIMIT", "1000")
    for index in range(40):
        assert files.store(f"k{index}", bytes(200))
        assert sum(path.stat().st_size for path in (cache / "objects").iterdir()) <= 1000
    assert files.store("large", bytes(5000))
    assert objects(cache) == []


def test_an_entry_is_of_one_key(cache: Path) -> None:
    """A file that was renamed to another key's name is not used, and goes."""
    compile_text()
    (path,) = objects(cache)
    other = TEXT.replace("const 2", "const 7")
    compile_text(other)
    (second,) = (each for each in objects(cache) if each != path)
    os.replace(path, second)
    assert done(lambda: compile_text(other))["code generations"] == 1
    assert done(lambda: compile_text(other)) == {"cached objects": 1}


def test_leftovers_of_killed_processes_are_removed(cache: Path) -> None:
    files.store("a", b"1")
    old, new = cache / "objects" / ".new-old", cache / "objects" / ".new-new"
    old.write_bytes(b"x")
    new.write_bytes(b"x")
    os.utime(old, (time.time() - 7200,) * 2)
    files._stored = 0
    files.store("b", b"2")
    assert not old.exists()
    assert new.exists()  # somebody may still be writing it


def test_clearing(cache: Path) -> None:
    compile_text()
    assert {p.name for p in build.clear_cache()} >= {"objects"}
    assert objects(cache) == []
    assert done(compile_text)["code generations"] == 1


def test_clearing_while_others_store(cache: Path) -> None:
    stop = threading.Event()

    def storing() -> None:
        number = 0
        while not stop.is_set():
            files.store(f"k{number}", bytes(10))
            number += 1

    threads = [threading.Thread(target=storing) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(50):
            files.clear()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    files.clear()
    assert [path.name for path in cache.iterdir()] == ["lock"]


def test_processes_at_once(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "a.air").write_text(TEXT)
    build.shared_library()
    code = (
        "import sys, altru_ir as air; from altru_ir import backend\n"
        "for k in range(3): assert backend.compile(air.parse(open(sys.argv[1]).read()))['f'](1) == 6"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    racing = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "a.air")], env=environment) for _ in range(3)]
    assert [process.wait(timeout=600) for process in racing] == [0, 0, 0]
    assert len(objects(cache)) == 1
