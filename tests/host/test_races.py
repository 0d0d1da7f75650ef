"""Threads that call, define, redefine and unload functions of one library at once: nobody sees it halfway."""

from __future__ import annotations

import contextlib
import gc
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import altru_ir as air
from altru_ir import backend
from altru_ir.backend.library import UnloadedError

F = """
struct @S{k} {{ x: i64 }}
func @ask(%n: i64) -> i64
func @{name}(%n: i64) -> i64 {{
^e:
  %k = const {k} : i64
  %m = call @ask(%n)
  %r = add %m, %k
  ret %r
}}
"""
SECONDS = 2.0


@pytest.fixture(autouse=True)
def quick_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def together(*works: Callable[[], None]) -> None:
    """Runs each in a loop of its own thread for some time; what any raises is raised here."""
    problems: list[BaseException] = []
    end = time.monotonic() + SECONDS
    begin = threading.Barrier(len(works))

    def run(work: Callable[[], None]) -> None:
        begin.wait()
        try:
            while time.monotonic() < end and not problems:
                work()
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for problem in problems:
        raise problem


def module(k: int, name: str = "f") -> Any:
    return air.parse(F.format(k=k, name=name))


def test_calls_definitions_and_unloading_at_once() -> None:
    externs = {"ask": lambda n: n}
    modules = [module(k) for k in range(4)]
    lib = backend.compile(modules[0], externs=externs)
    lib.add(module(100, "stays"), externs=externs)
    old: list[Any] = []
    counts = {"calls": 0, "gone": 0, "added": 0, "unloaded": 0}

    def calls() -> None:
        counts["calls"] += 1
        assert lib["stays"](1) == 101
        try:
            f = lib["f"]
            old.append(f)
            assert f(10) in range(10, 14)
        except (UnloadedError, KeyError):
            counts["gone"] += 1

    def defines() -> None:
        counts["added"] += 1
        lib.add(modules[counts["added"] % 4], externs=externs)

    def unloads() -> None:
        try:
            lib.unload(old.pop() if old else "f")
            counts["unloaded"] += 1
        except (KeyError, RuntimeError):  # somebody else has, or it is running
            pass

    def looks() -> None:
        assert "stays" in lib
        assert {"stays"} <= set(lib) <= {"stays", "f"}
        lib.type("S100")

    together(calls, calls, defines, defines, unloads, looks)
    assert min(counts["calls"], counts["added"], counts["unloaded"]) > 0, counts
    lib.add(modules[3], externs=externs)
    assert lib["f"](1) == 4
    units = [weakref.ref(unit) for unit in lib._units]
    assert len(units) == 2
    old.clear()
    for name in list(lib):
        lib.unload(name)
    gc.collect()
    assert [ref() for ref in units] == [None, None]


def test_one_handle_for_all() -> None:
    """Two threads that ask first get the same: a second one could not be unloaded, nor be seen to run."""
    text = "".join(F.format(k=k, name=f"f{k}").replace("func @ask(%n: i64) -> i64\n", "") for k in range(100))
    lib = backend.compile(air.parse("func @ask(%n: i64) -> i64\n" + text), externs={"ask": lambda n: n})
    found: list[list[Any]] = [[], [], []]
    begin = threading.Barrier(3)

    def ask(mine: list[Any]) -> None:
        begin.wait()
        mine += [lib[f"f{k}"] for k in range(100)]

    threads = [threading.Thread(target=ask, args=(each,)) for each in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] == found[1] == found[2]
    for handle in found[0]:
        lib.unload(handle)
    assert not lib


def test_one_class_for_all() -> None:
    text = "".join(f"enum @E{k} {{ A(i64), B }}\nfunc @f{k}(%e: @E{k}) -> @E{k} {{\n^e:\n  ret %e\n}}\n" for k in range(100))
    lib = backend.compile(air.parse(text))
    begin = threading.Barrier(3)
    problems: list[Any] = []

    def work() -> None:
        begin.wait()
        for k in range(100):
            value = lib.type(f"E{k}").A(5)
            if lib[f"f{k}"](value) != value or type(lib[f"f{k}"](value)) is not type(value):
                problems.append(k)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def test_views_and_moves_at_once() -> None:
    """An owner that is moved is not viewed, and what is viewed is there."""
    text = """
func @own(%n: usize, %x: i64) -> own<[? x i64]> {
^e:
  %o = new.array %n, %x : own<[? x i64]>
  ret %o
}
func @spoil(%o: own<[? x i64]>) {
^e:
  %zero = const 0 : usize
  %minus = const -1 : i64
  %s = deref %o
  %p = elem %s, %zero
  assign %p, %minus
  ret
}
"""
    lib = backend.compile(air.parse(text))
    owners = [lib["own"](2, 5)]
    counts = {"moved": 0, "viewed": 0}

    def moves() -> None:
        owner = owners[0]
        try:
            if counts["moved"] % 2:
                lib["spoil"](owner)
            else:
                owner.release()
            counts["moved"] += 1
        except (ValueError, BufferError):
            return
        owners[0] = lib["own"](2, 5)

    def views() -> None:
        try:
            view = owners[0].view()
        except ValueError:
            return
        assert list(view) == [5, 5]
        counts["viewed"] += 1

    def copies() -> None:
        with contextlib.suppress(ValueError):
            assert owners[0].value.tolist() == [5, 5]

    together(moves, moves, views, copies)
    assert min(counts.values()) > 0


def test_forks_while_others_change_a_library() -> None:
    """The child goes on with a library that is whole, and with free locks."""
    code = """
import os, sys, threading
import altru_ir as air
from altru_ir import backend
sys.setswitchinterval(1e-5)
text = "func @f(%n: i64) -> i64 {{\\n^e:\\n  %k = const {} : i64\\n  %r = add %n, %k\\n  ret %r\\n}}\\n"
modules = [air.parse(text.format(k)) for k in range(3)]
lib = backend.compile(modules[0])
ends = False
def changes():
    k = 0
    while not ends:
        k += 1
        lib.add(modules[k % 3])
        lib["f"]
threads = [threading.Thread(target=changes) for _ in range(2)]
for thread in threads: thread.start()
for _ in range(20):
    pid = os.fork()
    if pid == 0:
        lib.add(modules[2])
        os._exit(lib["f"](40))
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status != 42:
        print("child:", status)
ends = True
for thread in threads: thread.join()
print("done")
"""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
