"""Images: what was linked once behaves as what LLVM links, and is gone when nobody needs it."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import Any

import pytest

import altru_ir as air
from altru_ir import Panic, backend
from altru_ir.backend import image, jit
from altru_ir.passes.manager import PassManager
from altru_ir.testing.generator import generate

ROOT = Path(__file__).resolve().parents[2]

TEXT = """
global @words : [2 x i64] = [7, 9]
global mut @count : i64 = 5
global mut @room : [20000 x i64] = ROOM

func @bump(%by: i64) -> i64 {
^e:
  %c = global @count unsafe
  %old = load %c
  %new = add %old, %by
  assign %c, %new
  ret %new
}
func @fails(%n: i64) -> i64 {
^e:
  %zero = const 0 : i64
  %r = sdiv %n, %zero {allow = "ALT-C005"}
  ret %r
}
func @nth(%i: usize) -> i64 {
^e:
  %w = global @words
  %p = elem %w, %i
  %r = load %p
  ret %r
}
func @kept(%i: usize, %n: i64) -> i64 {
^e:
  %w = global @room unsafe
  %p = elem %w, %i
  %old = load %p
  assign %p, %n
  ret %old
}
""".replace("ROOM", str([0] * 20_000))


def by_llvm(text: str, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Any:
    """A library that LLVM's linker has linked."""
    with monkeypatch.context() as here:
        here.setattr(image, "is_possible", lambda: False)
        lib = backend.compile(air.parse(text), manager=PassManager([]), **options)
    assert not isinstance(next(iter(lib._homes.values())).linked.tracker, image.Mapped)
    return lib


def as_image(text: str, **options: Any) -> Any:
    lib = backend.compile(air.parse(text), **options)
    assert isinstance(next(iter(lib._homes.values())).linked.tracker, image.Mapped)
    return lib


def behaves(lib: Any) -> list[Any]:
    said: list[Any] = [lib["bump"](2), lib["bump"](-3), lib["nth"](1), lib["kept"](19_999, 5), lib["kept"](19_999, 6)]
    for name, arguments in (("fails", (1,)), ("nth", (2,)), ("kept", (20_000, 1))):
        with pytest.raises(Panic) as caught:
            lib[name](*arguments)
        said.append((str(caught.value), caught.value.backtrace))
    return said


@pytest.mark.parametrize("opt", [0, 1, 2, 3])
def test_an_image_does_what_llvm_links(opt: int, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = behaves(by_llvm(TEXT, monkeypatch, opt=opt))
    assert behaves(as_image(TEXT, opt=opt)) == expected
    assert expected[:5] == [7, 4, 9, 0, 5]


@pytest.mark.parametrize("seed", range(6))
def test_generated_programs(seed: int) -> None:
    program = generate(seed)
    for arguments in ([1, 2], [-7, 1000]):
        assert as_image(program.text)["main_entry"](*arguments) % 2**64 == program.run(arguments)


def test_the_examples_have_images() -> None:
    for path in sorted((ROOT / "examples" / "air").glob("*.air")):
        as_image(path.read_text())


def maps() -> list[str]:
    return Path("/proc/self/maps").read_text().splitlines()


def test_code_cannot_be_written_and_goes_with_its_last_handle() -> None:
    lib = as_image(TEXT)
    address = lib._homes["bump"].address_of("bump")

    def rights() -> str | None:
        for line in maps():
            bounds, how = line.split()[:2]
            start, end = (int(each, 16) for each in bounds.split("-"))
            if start <= address < end:
                return how
        return None

    assert rights() == "r-xp"
    bump = lib["bump"]
    del lib
    gc.collect()
    assert bump(1) == 6  # a handle keeps it
    del bump
    gc.collect()
    assert rights() is None


def test_a_thousand_libraries_leave_nothing() -> None:
    module = air.parse(TEXT)

    def turn() -> None:
        lib = backend.compile(module)
        assert lib["bump"](1) == 6
        with pytest.raises(Panic):
            lib["fails"](1)

    for _ in range(20):
        turn()
    gc.collect()
    before = len(maps())
    for _ in range(200):
        turn()
    gc.collect()
    assert len(maps()) <= before + 5


def test_memory_that_is_zero_takes_no_room_on_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    lib = backend.compile(air.parse(TEXT), manager=PassManager([]))  # nothing of it is in the cache
    kept: list[bytes] = []
    monkeypatch.setattr(jit, "link", lambda code, *given: kept.append(code) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        lib.add(air.parse(TEXT))
    assert len(kept[0]) < 40_000


def test_what_has_no_image() -> None:
    module = air.parse(TEXT)
    for_others = backend.emit(module, "obj", target="aarch64-linux-gnu")
    assert image.make(for_others) is None
    assert image.make(backend.emit(module, "obj")) is None  # without a table
    with pytest.raises(ValueError, match="no little-endian ELF"):
        image.make(b"\x7fELF\x01\x01 of 32 bits")


def test_a_symbol_that_is_nowhere() -> None:
    seen: list[bytes] = []
    original = jit.linkable
    text = """
extern "C" func @getpid() -> i32 unsafe
func @f() -> i32 {
^e:
  %r = call @getpid() unsafe
  ret %r
}
"""
    with pytest.MonkeyPatch.context() as here:
        here.setattr(jit, "linkable", lambda code: seen.append(code) or original(code))
        assert backend.compile(air.parse(text), manager=PassManager([]))["f"]() == os.getpid()
    code = original(seen[0].replace(b"getpid\0", b"gotpid\0"))
    before = len(maps())
    with pytest.raises(RuntimeError, match="`gotpid`"):
        jit.link(code, {}, 2)
    assert len(maps()) == before


def test_an_image_that_another_process_kept_and_this_one_cannot_map(monkeypatch: pytest.MonkeyPatch) -> None:
    as_image(TEXT)
    assert jit.is_usable(image.MAGIC)
    with monkeypatch.context() as here:
        here.setattr(image, "is_possible", lambda: False)
        before = backend.counters["code generations"]
        lib = backend.compile(air.parse(TEXT))
        assert backend.counters["code generations"] == before + 1
        assert lib["bump"](1) == 6
    as_image(TEXT)  # it is still there
