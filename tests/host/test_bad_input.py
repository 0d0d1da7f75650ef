"""What no program should do: it is told, nothing is called twice, and nothing stays behind for the next call."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import altru_ir as air
from altru_ir import Panic, backend

ASK = """
func @ask(%n: i64) -> i64
func @f(%n: i64) -> i64 {
^e:
  %r = call @ask(%n)
  ret %r
}
"""
DIVIDE = """
func @divide(%n: i64) -> i64 {
^e:
  %r = sdiv %n, %n
  ret %r
}
"""
COUNTED = """
global mut @count : i64 = 0
func @divide(%n: i64) -> i64 {
^e:
  %p = global @count unsafe
  %c = load %p
  %one = const 1 : i64
  %d = add %c, %one
  assign %p, %d
  %r = sdiv %n, %n
  ret %r
}
func @count_of() -> i64 {
^e:
  %p = global @count unsafe
  %c = load %p
  ret %c
}
"""


@pytest.fixture
def low_limit() -> Any:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(250)
    yield
    sys.setrecursionlimit(before)


def below(frames: int, action: Callable[[], Any]) -> Any:
    """What an action does so many frames down."""
    return below(frames - 1, action) if frames else action()


def test_recursion_through_a_callable_ends_in_an_error(low_limit: Any) -> None:
    lib = backend.compile(air.parse(ASK), externs={"ask": lambda n: lib["f"](n + 1)})
    f = lib["f"]
    for frames in range(40):  # wherever the limit happens to be reached
        with pytest.raises(RecursionError):
            below(frames, lambda: f(0))


def test_a_panic_near_the_limit_is_not_raised_later(low_limit: Any) -> None:
    divide = backend.compile(air.parse(DIVIDE))["divide"]
    assert divide(5) == 1
    raised = set()
    for frames in range(250):
        try:
            below(frames, lambda: divide(0))
        except (Panic, RecursionError) as error:
            raised.add(type(error))
        assert divide(3) == 1
    assert raised == {Panic, RecursionError}


def test_an_error_behind_a_call_does_not_call_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is raised while a panic is told may be of a class that a refused argument has as well."""
    from altru_ir.backend.host import natives

    def fails() -> None:
        raise ctypes.ArgumentError("while it was told")

    monkeypatch.setattr(natives, "raise_panic", fails)
    lib = backend.compile(air.parse(COUNTED))
    with pytest.raises(ctypes.ArgumentError):
        lib["divide"](0)
    monkeypatch.undo()
    natives.forgetting()()
    assert lib["count_of"]() == 1


@pytest.mark.parametrize(
    ("address", "error", "says"),
    [
        (0, ValueError, "the address 0"), (-1, ValueError, "the address -1"), (1 << 64, ValueError, "the address"),
        (ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_int64)(abs), TypeError, "gives c_double"),
        (ctypes.CFUNCTYPE(ctypes.c_int64)(int), TypeError, "takes"),
    ],
)  # fmt: skip
def test_externs_that_are_no_such_function(address: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        backend.compile(air.parse(ASK), externs={"ask": address})


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"checks": None}, "checks is a text, not NoneType"), ({"target": 5}, "target is a text, not int"),
        ({"cpu": 7}, "cpu is a text, not int"), ({"externs": [1]}, "externs are a mapping"),
    ],
)  # fmt: skip
def test_options_of_other_classes(given: dict[str, Any], says: str) -> None:
    with pytest.raises(TypeError, match=says):
        backend.compile(air.parse(DIVIDE), **given)


@pytest.mark.parametrize("given", ["func @f() {\n^e:\n  ret\n}", None, 5])
def test_what_is_no_module(given: Any) -> None:
    lib = backend.compile(air.parse(DIVIDE))
    for action in (backend.compile, lib.add, lambda module: backend.emit(module, "obj")):
        with pytest.raises(TypeError, match="is a Module, not"):
            action(given)
    assert list(lib) == ["divide"]


def test_owners_in_structs_are_refused_by_name() -> None:
    text = """
struct @Box { o: own<i64>, n: i64 }
func @give(%n: i64) -> @Box {
^e:
  %o = new %n : own<i64>
  %b = struct %o, %n : @Box
  ret %b
}
"""
    lib = backend.compile(air.parse(text))
    with pytest.raises(TypeError, match=r"@give cannot be called from Python: an owner inside of another value \(`own<i64>`\)"):
        lib["give"]


@pytest.mark.parametrize("kind", ["shared", "static", "obj"])
def test_a_pipe_is_written_to_and_not_replaced(kind: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()), daemon=True)
    reader.start()
    backend.emit(air.parse(DIVIDE), kind, pipe)
    reader.join(timeout=60)
    assert pipe.is_fifo()
    assert received[0][:4] in (b"\x7fELF", b"!<ar")
    assert list(tmp_path.iterdir()) == [pipe]


@pytest.mark.parametrize("kind", ["shared", "static", "obj"])
def test_a_directory_is_not_replaced(kind: str, tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        backend.emit(air.parse(DIVIDE), kind, tmp_path)
    assert list(tmp_path.iterdir()) == []
