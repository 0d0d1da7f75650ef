"""Python callables and functions of ctypes as externs: values both ways, exceptions, threads, lifetime."""

from __future__ import annotations

import _thread
import ctypes
import gc
import math
import os
import signal
import subprocess
import sys
import threading
import weakref
from typing import Any

import pytest

import altru_ir as air
from altru_ir import backend

ASK = """altru 1
func @ask(%n: i64) -> i64
func @f(%n: i64) -> i64 {
^e:
  %a = call @ask(%n)
  %one = const 1 : i64
  %b = add %a, %one
  ret %b
}
func @twice(%n: i64) -> i64 {
^e:
  %a = call @ask(%n)
  %b = call @ask(%a)
  ret %b
}
"""
SHAPES = """altru 1
struct @P { x: f64, on: i1 }
enum @E { Some(i8), Nothing }
func @turn(%p: @P, %e: @E, %b: i1, %s: i16) -> (@E, @P)
func @negate(%b: i1) -> i1
func @text(%s: ref<[? x i8]>) -> usize
func @fill(%s: ref<mut [? x f64]>, %v: f64)
func @see(%p: ref<@P>) -> f64
func @run_turn(%p: @P, %e: @E, %b: i1, %s: i16) -> (@E, @P) {
^e:
  %r = call @turn(%p, %e, %b, %s)
  ret %r
}
func @run_negate(%b: i1) -> i1 {
^e:
  %r = call @negate(%b)
  ret %r
}
func @run_text(%s: ref<[? x i8]>) -> usize {
^e:
  %r = call @text(%s)
  ret %r
}
func @run_fill(%s: ref<mut [? x f64]>, %v: f64) {
^e:
  call @fill(%s, %v)
  ret
}
func @run_see(%p: @P) -> f64 {
^e:
  %l = local : @P
  init %l, %p
  %r = borrow %l
  %v = call @see(%r)
  ret %v
}
"""


def ask(callable: Any) -> Any:
    return backend.compile(air.parse(ASK), externs={"ask": callable})


def test_a_callable_is_called() -> None:
    seen = []
    lib = ask(lambda n: seen.append(n) or n * 2)
    assert lib["f"](20) == 41
    assert lib["twice"](3) == 12
    assert seen == [20, 3, 6]


def test_values_of_all_kinds() -> None:
    seen: list[Any] = []

    def turn(p: Any, e: Any, b: bool, s: int) -> Any:
        seen.append((p, e, b, s))
        return ("Some", s // 100), {"x": p.x * 2, "on": not p.on}

    def fill(view: memoryview, v: float) -> None:
        for i in range(len(view)):
            view[i] = v

    lib = backend.compile(
        air.parse(SHAPES),
        externs={
            "turn": turn, "negate": lambda b: not b, "text": lambda s: len(s.decode()), "fill": fill,
            "see": lambda p: p.x + p.on,
        },
    )  # fmt: skip
    e, p = lib["run_turn"]((1.5, True), "Nothing", True, -300)
    assert (e.value, p) == (-3, (3.0, False))
    assert seen == [((1.5, True), (), True, -300)]
    assert lib["run_negate"](True) is False
    assert lib["run_negate"](False) is True
    assert lib["run_text"]("hällo") == 5
    values = [0.0, 0.0]
    lib["run_fill"](values, 2.5)
    assert values == [2.5, 2.5]
    assert lib["run_see"]((1.5, True)) == 2.5


def test_a_slice_outlives_the_call_as_a_copy() -> None:
    kept = []
    lib = backend.compile(
        air.parse(SHAPES.replace("-> usize", "")
                  .replace("  %r = call @text(%s)\n  ret %r", "  call @text(%s)\n  ret")),
        externs={"turn": max, "negate": max, "text": kept.append, "fill": lambda s, v: kept.append(s), "see": max},
    )  # fmt: skip
    lib["run_text"](bytearray(b"abc"))
    lib["run_fill"]([1.0], 2.0)
    gc.collect()
    assert kept[0] == b"abc"
    assert kept[1].tolist() == [1.0]


# -- exceptions ---------------------------------------------------------------------------------------------------------


class Fault(Exception):
    pass


def test_an_exception_reaches_the_caller_with_its_traceback() -> None:
    calls = []

    def fails(n: int) -> int:
        calls.append(n)
        raise Fault(f"no {n}")

    lib = ask(fails)
    with pytest.raises(Fault, match="no 7") as caught:
        lib["twice"](7)
    assert calls == [7]  # the second callable was not run
    assert any(entry.name == "fails" for entry in caught.traceback)
    with pytest.raises(Fault, match="no 8"):
        lib["f"](8)
    assert calls == [7, 8]  # nothing is left of the first


@pytest.mark.parametrize("value", ["text", 1.5, None, 2**63])
def test_a_wrong_result_is_an_error(value: Any) -> None:
    with pytest.raises((TypeError, OverflowError), match="the result of the extern @ask has type `i64`"):
        ask(lambda n: value)["f"](1)


def test_an_exception_through_two_levels() -> None:
    def inner(n: int) -> int:
        raise Fault("inner")

    below = ask(inner)["f"]
    seen = []

    def outer(n: int) -> int:
        try:
            return below(n)
        except Fault as error:
            seen.append(error)
            if n == 1:
                return 10
            raise

    f = ask(outer)["f"]
    assert f(1) == 11
    with pytest.raises(Fault, match="inner"):
        f(2)
    assert len(seen) == 2


def test_exits_and_interrupts_are_kept_as_well() -> None:
    def leave(n: int) -> int:
        raise SystemExit(n)

    with pytest.raises(SystemExit):
        ask(leave)["f"](3)

    def interrupted(n: int) -> int:
        _thread.interrupt_main()
        return sum(range(10**5))

    with pytest.raises(KeyboardInterrupt):
        ask(interrupted)["f"](3)


def test_an_interrupt_in_compiled_code_is_raised_when_it_returns() -> None:
    text = """
func @raise(%signal: i32) -> i32
global mut @behind : i32 = 0
func @f(%signal: i32) -> i32 {
^e:
  %r = call @raise(%signal)
  %place = global @behind unsafe
  assign %place, %signal
  ret %r
}
func @g() -> i32 {
^e:
  %place = global @behind unsafe
  %n = load %place
  ret %n
}
"""
    lib = backend.compile(air.parse(text))
    f, g = lib["f"], lib["g"]
    assert g() == 0
    with pytest.raises(KeyboardInterrupt):
        f(signal.SIGINT)
    assert g() == signal.SIGINT  # compiled code went on to its end


def test_threads_have_their_own_exceptions() -> None:
    gate = threading.Barrier(4, timeout=120)

    def maybe(n: int) -> int:
        gate.wait()
        if n % 2:
            raise Fault(str(n))
        return n

    f = ask(maybe)["f"]
    results: dict[int, Any] = {}

    def run(n: int) -> None:
        try:
            results[n] = f(n)
        except Fault as error:
            results[n] = str(error)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {0: 1, 1: "1", 2: 3, 3: "3"}  # all four were in compiled code at once


def test_fork_in_a_callable() -> None:
    lib = ask(lambda n: os.fork())
    pid = lib["f"](0) - 1
    if pid == 0:
        try:
            more = backend.compile(air.parse(ASK), externs={"ask": lambda n: n})
            os._exit(42 if more["f"](1) == 2 else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 42


# -- functions of ctypes, addresses, other libraries ----------------------------------------------------------------------


def test_functions_of_ctypes_are_called_directly() -> None:
    labs = ctypes.CDLL(None).labs
    assert ask(labs)["f"](-5) == 6
    assert ask(ctypes.cast(labs, ctypes.c_void_p).value)["f"](-5) == 6
    own = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(lambda n: n + 100)
    assert ask(own)["f"](1) == 102


def test_a_handle_of_another_library_is_called_directly() -> None:
    inner = ask(lambda n: n * 10)
    middle = ask(inner["f"])
    outer = ask(middle["f"])
    assert outer["f"](1) == 13
    ref = weakref.ref(inner)
    del inner, middle
    gc.collect()
    assert ref() is None
    assert outer["f"](2) == 23  # its code is kept by who calls it


def test_a_callable_lives_as_long_as_the_code() -> None:
    class Asked:
        def __call__(self, n: int) -> int:
            return n

    asked = Asked()
    gone = weakref.ref(asked)
    f = ask(asked)["f"]
    del asked
    gc.collect()
    assert f(1) == 2
    del f
    gc.collect()
    assert gone() is None


def test_a_callable_that_refers_to_its_library_goes_with_it() -> None:
    def made() -> Any:
        libraries: list[Any] = []
        libraries.append(ask(lambda n: len(libraries)))
        assert libraries[0]["f"](1) == 2
        return weakref.ref(libraries[0])

    gone = made()
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(
    ("externs", "error", "says"),
    [
        ({"ask": 3.5}, TypeError, "the extern @ask takes a callable, a function of ctypes or an address, not float 3.5"),
        ({"ask": abs, "aks": abs}, ValueError, "given for @aks, which the module does not declare; its declarations are ask"),
        ({"ask": abs, "f": abs}, ValueError, "given for @f, which the module defines"),
    ],
)
def test_wrong_externs(externs: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        backend.compile(air.parse(ASK), externs=externs)


def test_a_function_of_ctypes_with_other_parameters() -> None:
    other = ctypes.CDLL(None)["labs"]
    other.argtypes = [ctypes.c_int64, ctypes.c_int64]
    with pytest.raises(TypeError, match=r"@ask has type `fn\(i64\) -> i64`, and the function .* takes \(c_long, c_long\)"):
        ask(other)
    other.argtypes = [ctypes.c_int32]
    with pytest.raises(TypeError, match=r"takes \(c_int\)"):
        ask(other)
    other.argtypes = [ctypes.c_int64]
    assert ask(other)["f"](-1) == 2


def test_signatures_that_no_callable_has() -> None:
    for declaration, says in (
        ("func @ask(%n: i64) -> ref<'static, i64>", "would have to outlive the call"),
        ('extern "C" func @ask(%n: i64, ...) -> i64', "is variadic"),
        ("func @ask(%n: ref<mut i64>) -> i64", "do not cross"),
    ):
        with pytest.raises(TypeError, match=f"the extern @ask.*{says}"):
            backend.compile(air.parse(f"{declaration}\n"), externs={"ask": abs})


def test_an_exclusive_matrix_without_elements() -> None:
    text = "func @ask(%m: ref<mut [? x ? x f64]>)\nfunc @f(%m: ref<mut [? x ? x f64]>) {\n^e:\n  call @ask(%m)\n  ret\n}\n"
    seen: list[Any] = []
    lib = backend.compile(air.parse(text), externs={"ask": seen.append})
    lib["f"]([])
    lib["f"]([[], []])
    assert seen == [(), ()]


def test_missing_externs_are_named() -> None:
    with pytest.raises(air.DiagnosticError, match=r"@ask is declared here but defined nowhere: .*`externs`"):
        backend.compile(air.parse(ASK))
    assert math.isclose(backend.compile(air.parse(
        'extern "C" func @cos(%x: f64) -> f64\nfunc @f(%x: f64) -> f64 {\n^e:\n  %y = call @cos(%x)\n  ret %y\n}\n'
    ))["f"](0.0), 1.0)  # fmt: skip


# -- what compiled code does meanwhile ------------------------------------------------------------------------------------

CLEANUP = """altru 1
func @ask(%n: i64) -> i64
func @tidy(%n: i64) -> i64
func @f(%n: i64) -> i64 {
^e unwind ^cleanup:
  %a = call @ask(%n)
  %b = call @ask(%a)
  ret %b
^cleanup:
  %c = call @tidy(%n)
  resume
}
"""


@pytest.mark.parametrize(("panic", "called"), [("unwind", ["ask 1", "tidy 1"]), ("abort", ["ask 1"])])
def test_cleanups_run_when_panics_unwind(panic: str, called: list[str]) -> None:
    seen = []

    def ask_once(n: int) -> int:
        seen.append(f"ask {n}")
        raise Fault("no")

    externs = {"ask": ask_once, "tidy": lambda n: seen.append(f"tidy {n}") or 0}
    f = backend.compile(air.parse(CLEANUP), panic=panic, externs=externs)["f"]
    for _ in range(3):
        seen.clear()
        with pytest.raises(Fault, match="no"):
            f(1)
        assert seen == called


def test_a_panic_passes_through_a_callable() -> None:
    """Compiled code panics under a callable under compiled code: an exception between them, a panic at both ends."""
    text = "func @g(%n: i64, %z: i64) -> i64 {\n^e:\n  %r = sdiv %n, %z\n  ret %r\n}\n"
    panics = backend.compile(air.parse(text))["g"]
    seen = []

    def outer(n: int) -> int:
        try:
            return panics(n, 0)
        except air.Panic as panic:
            seen.append(panic.message)
            raise

    f = ask(outer)["f"]
    for _ in range(3):
        with pytest.raises(air.Panic, match="division by zero"):
            f(1)
    assert seen == ["division by zero"] * 3
    assert ask(lambda n: n)["f"](1) == 2  # nothing is left behind


def test_panics_name_the_function() -> None:
    text = "func @g(%xs: ref<[? x i64]>, %i: usize) -> i64 {\n"
    text += "^e:\n  %s = deref %xs\n  %p = elem %s, %i\n  %r = load %p\n  ret %r\n}\n"
    lib = backend.compile(air.parse(text, filename="g.air"))
    with pytest.raises(air.Panic, match=r"index 3 out of bounds for length 2 at g\.air:4") as caught:
        lib["g"]([1, 2], 3)
    assert caught.value.backtrace == ("g",)
    assert lib["g"]([1, 2], 1) == 2


def test_a_signal_that_comes_before_what_is_told_leaves_nothing_behind() -> None:
    """A handler that raises as soon as compiled code has returned: the panic is not that of the next call."""
    code = """
import signal
import altru_ir as air
from altru_ir import backend
class Tick(Exception):
    pass
def tick(*_):
    raise Tick
signal.signal(signal.SIGALRM, tick)
text = "func @raise(%n: i32) -> i32\\n"
text += "func @div(%n: i32, %m: i32) -> i32 {\\n^e:\\n  %i = call @raise(%n) unsafe\\n  %r = sdiv %n, %m\\n  ret %r\\n}\\n"
lib = backend.compile(air.parse(text))
for _ in range(3):
    try:
        lib["div"](signal.SIGALRM, 0)
    except Tick:
        print(lib["div"](signal.SIGCHLD, 1))  # which nobody waits for
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "17\n17\n17\n"), done.stderr
