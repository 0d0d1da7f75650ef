"""Signals that arrive in compiled code, or as it returns: what handlers raise reaches the caller, and nothing runs twice."""

from __future__ import annotations

import ctypes
import gc
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from typing import Any

import pytest

import altru_ir as air
from altru_ir import backend
from altru_ir.backend.host import stubs

TEXT = """
struct @P {{ x: f64, n: i16 }}
enum @E {{ Some(i64), Nothing }}
func @raise(%n: i32) -> i32
func @host(%a: {given}) -> {result}
func @tidy(%n: i32)
func @f(%n: i32, %a: {given}) -> {result} {{
^e unwind ^cleanup:
  %i = call @raise(%n) unsafe
  %r = call @host(%a)
  ret %r
^cleanup:
  call @tidy(%n)
  resume
}}
"""
NO_SIGNAL = 0
"""``raise`` with it does nothing."""


class Tick(Exception):
    pass


class Handler:
    """Raises what it is told to when the signal is handled."""

    def __init__(self) -> None:
        self.error: BaseException | None = None
        self.count = 0

    def __call__(self, *_: object) -> None:
        self.count += 1
        if self.error is not None:
            raise self.error


@pytest.fixture
def handler() -> Iterator[Handler]:
    made = Handler()
    before = signal.signal(signal.SIGUSR1, made)
    yield made
    signal.signal(signal.SIGUSR1, before)


def raising(given: str, result: str, host: Any, **options: Any) -> tuple[Any, list[int]]:
    tidied: list[int] = []
    text = TEXT.format(given=given, result=result)
    if result == "()":
        text = text.replace(" -> ()", "").replace("%r = call", "call").replace("ret %r", "ret")
    return backend.compile(air.parse(text), externs={"host": host, "tidy": tidied.append}, **options)["f"], tidied


VALUES: list[tuple[str, str, Any, Any]] = [
    ("i1", "i1", True, True), ("i8", "i8", -5, -5), ("i16", "i16", 300, 300), ("i32", "i32", -70000, -70000),
    ("i64", "i64", 2**62, 2**62), ("i128", "i128", -(2**100), -(2**100)), ("usize", "usize", 2**63, 2**63),
    ("f32", "f32", 0.5, 0.5), ("f64", "f64", 0.1, 0.1), ("ptr<i8>", "ptr<i8>", 4096, 4096), ("ptr<i8>", "ptr<i8>", None, None),
    ("@P", "@P", (1.5, -2), (1.5, -2)), ("@E", "@E", ("Some", 7), (7,)), ("(i8, f64)", "(i8, f64)", (1, 2.0), (1, 2.0)),
    ("[3 x i32]", "[3 x i32]", (1, 2, 3), (1, 2, 3)), ("i64", "()", 3, 3), ("ref<[? x i8]>", "i64", b"ab", b"ab"),
    ("ref<[? x ? x f64]>", "i64", [[1.0]], [[1.0]]), ("ref<mut [? x f64]>", "i64", [1.0], [1.0]),
    ("ref<@P>", "i64", (1.5, 2), (1.5, 2)),
]  # fmt: skip


@pytest.mark.parametrize(("given", "result", "value", "seen"), VALUES, ids=lambda each: str(each)[:20])
def test_an_interrupt_before_a_callable(handler: Handler, given: str, result: str, value: Any, seen: Any) -> None:
    """CPython runs the handler at the callable's first instruction: it never begins, and nobody uses a result."""
    calls: list[Any] = []

    def host(a: Any) -> Any:
        calls.append(a)
        return 9 if result == "i64" and given != "i64" else a

    f, tidied = raising(given, result, host)
    for error in (KeyboardInterrupt(), Tick("now"), TypeError("mine"), StopIteration(), SystemExit(3)):
        handler.error = error
        with pytest.raises(type(error)) as caught:
            f(signal.SIGUSR1, value)
        assert caught.value is error
        assert (calls, tidied) == ([], [signal.SIGUSR1])
        tidied.clear()
    handler.error = None
    for number in (signal.SIGUSR1, NO_SIGNAL):  # a handler that returns
        found = f(number, value)
        assert len(calls) == 1
        got = calls.pop()
        assert (got.tolist() if isinstance(got, memoryview) else got) == seen
        assert found == (None if result == "()" else 9 if result != given else seen)
    assert handler.count == 6
    assert tidied == []


def test_an_interrupt_in_a_callable_under_a_callable(handler: Handler) -> None:
    order: list[str] = []

    def inner(n: int) -> int:
        order.append("inner")
        return n

    below, below_tidied = raising("i64", "i64", inner)

    def outer(n: int) -> int:
        order.append("outer")
        try:
            return below(signal.SIGUSR1, n) + 1
        except Tick:
            order.append("caught")
            raise
        finally:
            order.append("left")

    f, tidied = raising("i64", "i64", outer)
    handler.error = Tick()
    for _ in range(3):
        with pytest.raises(Tick):
            f(NO_SIGNAL, 1)
        assert order == ["outer", "caught", "left"]
        assert (below_tidied, tidied) == ([signal.SIGUSR1], [NO_SIGNAL])
        order.clear(), below_tidied.clear(), tidied.clear()
    handler.error = None
    assert f(NO_SIGNAL, 1) == 2


def test_a_cleanup_that_calls_compiled_code_does_not_raise_what_is_on_its_way() -> None:
    """The exception of the first callable is set aside while a cleanup calls another, which calls compiled code that fails."""
    log: list[Any] = []
    inner, _ = raising("i64", "i64", lambda n: [n, 1 // n][0])

    def tidy(n: int) -> None:
        log.append(inner(NO_SIGNAL, 5))  # nothing is raised here
        try:
            inner(NO_SIGNAL, 0)
        except ZeroDivisionError as error:
            log.append(type(error))

    def host(n: int) -> int:
        raise Tick(str(n))

    text = TEXT.format(given="i64", result="i64")
    f = backend.compile(air.parse(text), externs={"host": host, "tidy": tidy})["f"]
    for _ in range(3):
        with pytest.raises(Tick, match="8"):
            f(NO_SIGNAL, 8)
        assert log == [5, ZeroDivisionError]
        log.clear()


def test_in_abort_mode_compiled_code_goes_on_with_zero(handler: Handler) -> None:
    text = """
func @raise(%n: i32) -> i32
func @host(%a: i64) -> i64
global mut @seen : i64 = 77
func @f(%n: i32) -> i64 {
^e:
  %i = call @raise(%n) unsafe
  %a = const 5 : i64
  %r = call @host(%a)
  %s = call @host(%a)
  %t = add %r, %s
  %g = global @seen unsafe
  assign %g, %t
  ret %t
}
func @seen_by_then() -> i64 {
^e:
  %g = global @seen unsafe
  %v = load %g
  ret %v
}
"""
    calls: list[int] = []
    lib = backend.compile(air.parse(text), externs={"host": lambda n: calls.append(n) or n}, panic="abort")
    handler.error = Tick()
    with pytest.raises(Tick):
        lib["f"](signal.SIGUSR1)
    assert (calls, lib["seen_by_then"]()) == ([], 0)
    assert lib["f"](NO_SIGNAL) == 10


# -- as compiled code returns -------------------------------------------------------------------------------------------

COUNTED = """
global mut @count : i64 = 0
func @raise(%n: i32) -> i32
func @f(%n: i32, %x: f64) -> i64 {
^e:
  %p = global @count unsafe
  %c = load %p
  %one = const 1 : i64
  %d = add %c, %one
  assign %p, %d
  %i = call @raise(%n) unsafe
  ret %d
}
func @g(%n: i32, %xs: ref<[? x f64]>) -> i64 {
^e:
  %x = const 0.0 : f64
  %r = call @f(%n, %x)
  ret %r
}
func @h(%n: i32, %xs: ref<mut [? x f64]>) -> i64 {
^e:
  %x = const 0.0 : f64
  %r = call @f(%n, %x)
  ret %r
}
func @count_of() -> i64 {
^e:
  %p = global @count unsafe
  %c = load %p
  ret %c
}
"""


class Number:
    """Counts how often it is asked for its value, and may raise."""

    def __init__(self, value: Any, error: Exception | None = None) -> None:
        self.value = value
        self.error = error
        self.asked = 0

    def __index__(self) -> Any:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return self.value

    __float__ = __index__


@pytest.mark.parametrize(
    "error", [TypeError("t"), ValueError("v"), OverflowError("o"), BufferError("b"), ctypes.ArgumentError("a")]
)
@pytest.mark.parametrize("name", ["f", "g", "h"])
def test_what_a_handler_raises_is_no_refusal(handler: Handler, name: str, error: Exception) -> None:
    lib = backend.compile(air.parse(COUNTED))
    handler.error = error
    other = 0.5 if name == "f" else bytearray(8) if name == "h" else [1.0]
    if name == "h":
        other = (ctypes.c_double * 2)()
    with pytest.raises(type(error)) as caught:
        lib[name](signal.SIGUSR1, other)
    assert caught.value is error
    assert (lib["count_of"](), handler.count) == (1, 1)


@pytest.mark.parametrize("error", [TypeError("t"), ValueError("v"), OverflowError("o")])
def test_an_argument_is_asked_once(error: Exception) -> None:
    lib = backend.compile(air.parse(COUNTED))
    for n, x in ((Number(0), 0.5), (0, Number(0.5)), (Number(0), Number(0.5)), (Number(0), 1)):
        before = lib["count_of"]()
        assert lib["f"](n, x) == before + 1
        assert [each.asked for each in (n, x) if isinstance(each, Number)] in ([1], [1, 1])
    for n, x in ((Number(0, error), 0.5), (0, Number(0.5, error)), (Number(0), Number(0.5, error))):
        before = lib["count_of"]()
        with pytest.raises(type(error)):
            lib["f"](n, x)
        assert [each.asked for each in (n, x) if isinstance(each, Number)] in ([1], [1, 1])
        assert lib["count_of"]() == before


def test_a_result_is_asked_once() -> None:
    results: list[Any] = []
    f, _ = raising("i64", "i64", lambda n: results[-1])
    results.append(Number(5))
    assert f(NO_SIGNAL, 1) == 5
    results.append(Number(2**64))
    with pytest.raises(OverflowError, match=r"the result of the extern @host has type `i64`.* does not fit"):
        f(NO_SIGNAL, 1)
    results.append(Number(5, ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        f(NO_SIGNAL, 1)
    assert [each.asked for each in results] == [1, 1, 1]


def test_an_error_of_the_value_itself_is_not_hidden_while_it_is_viewed() -> None:
    """Python 3.12 asks ``__buffer__``; a handler may raise there in any version."""
    lib = backend.compile(air.parse(COUNTED))
    error = TypeError("from Python")

    def view(value: Any) -> Any:
        raise error

    lib["h"].__globals__["_view"] = view
    with pytest.raises(TypeError) as caught:
        lib["h"](NO_SIGNAL, (ctypes.c_double * 2)())
    assert caught.value is error
    assert lib["count_of"]() == 0


LOUD = """
struct @Loud { n: i32 } drop @Loud.drop
func @raise(%n: i32) -> i32
func @Loud.drop(%self: ref<mut @Loud>) {
^entry:
  %s = deref %self
  %f = field %s, n
  %n = load %f
  %i = call @raise(%n) unsafe
  panic "unlucky"
}
func @loud(%n: i32) -> own<@Loud> {
^entry:
  %l = struct %n : @Loud
  %o = new %l : own<@Loud>
  ret %o
}
func @div(%n: i32, %m: i32) -> i32 {
^e:
  %r = sdiv %n, %m
  ret %r
}
"""


def test_the_panic_of_a_destructor_is_not_that_of_the_next_call(handler: Handler) -> None:
    lib = backend.compile(air.parse(LOUD))
    handler.error = Tick()
    for _ in range(3):
        owner = lib["loud"](signal.SIGUSR1)
        with pytest.raises(Tick):
            owner.release()
        assert lib["div"](7, 1) == 7
        assert not owner.alive
        owner.release()
    handler.error = None
    owner = lib["loud"](signal.SIGUSR1)
    with pytest.raises(air.Panic, match="unlucky"):
        owner.release()
    assert lib["div"](7, 1) == 7
    assert handler.count == 4


OWN = """
struct @Loud { n: i32 } drop @Loud.drop
global mut @alive : i64 = 0
func @raise(%n: i32) -> i32
func @count(%by: i64) -> i64 {
^e:
  %p = global @alive unsafe
  %c = load %p
  %d = add %c, %by
  assign %p, %d
  ret %d
}
func @Loud.drop(%self: ref<mut @Loud>) {
^entry:
  %minus = const -1 : i64
  %c = call @count(%minus)
  ret
}
func @loud(%s: i32) -> own<@Loud> {
^entry:
  %one = const 1 : i64
  %c = call @count(%one)
  %l = struct %s : @Loud
  %o = new %l : own<@Loud>
  %i = call @raise(%s) unsafe
  ret %o
}
func @row(%s: i32, %n: usize) -> own<[? x i64]> {
^entry:
  %x = const 5 : i64
  %o = new.array %n, %x : own<[? x i64]>
  %i = call @raise(%s) unsafe
  ret %o
}
func @eat(%l: own<@Loud>, %s: i32) {
^entry:
  %i = call @raise(%s) unsafe
  ret
}
func @swap(%a: own<@Loud>, %xs: own<[? x i64]>, %b: own<@Loud>) -> own<@Loud> {
^entry:
  ret %b
}
"""


def test_an_owner_that_a_signal_keeps_from_its_caller_is_released(handler: Handler) -> None:
    lib = backend.compile(air.parse(OWN))
    handler.error = Tick()
    for name, given in (("loud", ()), ("row", (1000,))):
        for _ in range(5):
            with pytest.raises(Tick) as caught:
                lib[name](signal.SIGUSR1, *given)
            caught.value.__traceback__ = None
            del caught
            gc.collect()
            assert lib["count"](0) == 0
    owner = lib["loud"](NO_SIGNAL)
    assert lib["count"](0) == 1
    with pytest.raises(Tick):
        lib["eat"](owner, signal.SIGUSR1)
    assert (owner.alive, lib["count"](0)) == (False, 0)


def test_all_owners_are_moved_or_none() -> None:
    lib = backend.compile(air.parse(OWN))
    a, b, row = lib["loud"](NO_SIGNAL), lib["loud"](NO_SIGNAL), lib["row"](NO_SIGNAL, 3)
    view = row.view()
    with pytest.raises(BufferError):
        lib["swap"](a, row, b)
    native = lib["swap"].__globals__["_native"]
    a.free()
    b.free()
    made = ctypes.c_size_t()
    with pytest.raises(stubs.Refused):  # where a thread has made a view after it was asked
        native(ctypes.addressof(made), a.place, row.place, b.place)
    assert (a.alive, b.alive, row.alive, made.value) == (True, True, True, 0)
    assert list(view) == [5, 5, 5]
    with pytest.raises(stubs.Refused):
        native(ctypes.addressof(made), a.place, row.place, a.place)
    del view
    with pytest.raises(ValueError, match="given twice"):
        lib["swap"](a, row, a)
    other = lib["swap"](a, row, b)
    assert (a.alive, b.alive, row.alive, other.alive, lib["count"](0)) == (False, False, False, True, 1)
    del other
    gc.collect()
    assert lib["count"](0) == 0


def test_a_storm_of_signals() -> None:
    """At any instruction of Python: each exception of a handler arrives, nothing stays borrowed, kept or waiting."""
    code = """
import array, gc, signal, sys, time
import altru_ir as air
from altru_ir import backend
from altru_ir.backend.host import stubs
from altru_ir.runtime import panics
text = '''
func @ask(%n: i64) -> i64
func @fails(%xs: ref<[? x f64]>) -> i64
func @call(%n: i64) -> i64 {
^e:
  %r = call @ask(%n)
  ret %r
}
func @see(%xs: ref<[? x f64]>) -> i64 {
^e:
  %r = call @fails(%xs)
  ret %r
}
func @fill(%xs: ref<mut [? x f64]>, %ys: ref<[? x f64]>) {
^e:
  ret
}
func @divide(%n: i64) -> i64 {
^e:
  %r = sdiv %n, %n
  ret %r
}
func @row(%n: usize) -> own<[? x i64]> {
^e:
  %x = const 5 : i64
  %o = new.array %n, %x : own<[? x i64]>
  ret %o
}
'''
class Tick(Exception): pass
raised = found = unraisable = 0
def tick(number, frame):
    global raised
    if frame.f_code.co_name not in ("storm", "ticks", "tick", "lost", "<module>"):
        raised += 1
        raise Tick
def ticks(error):
    count = 0
    while error is not None:
        count += isinstance(error, Tick)
        error = error.__context__
    return count
def lost(args):  # in the finalizer of an owner, where Python raises nothing
    global unraisable
    unraisable += ticks(args.exc_value)
sys.unraisablehook = lost
def fails(xs): raise KeyError(len(xs))
lib = backend.compile(air.parse(text), externs={"ask": lambda n: n, "fails": fails})
xs, ys = array.array("d", [1.0] * 100), array.array("d", [2.0] * 100)
def owns():
    with lib["row"](3) as row:
        return row.value
kinds = [lambda: lib["call"](5), lambda: lib["see"](xs), lambda: lib["fill"](xs, ys), lambda: lib["fill"](xs, [1.0]),
         lambda: lib["divide"](0), lambda: lib["divide"](3), owns]
def storm(seconds):
    global found
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for kind in kinds:
            try:
                kind()
            except (Tick, KeyError, air.Panic) as error:
                found += ticks(error)
for kind in kinds:
    try: kind()
    except (KeyError, air.Panic): pass
signal.signal(signal.SIGALRM, tick)
signal.setitimer(signal.ITIMER_REAL, 0.0003, 0.0003)
storm(2)
signal.setitimer(signal.ITIMER_REAL, 0)
signal.signal(signal.SIGALRM, signal.SIG_IGN)
gc.collect()
xs.append(1.0), ys.append(1.0)  # nothing holds them
assert raised > 100, raised
print(raised - found - unraisable, stubs.KEPT.count, panics.waiting().value)
assert lib["divide"](3) == 1 and lib["call"](5) == 5
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=100)
    assert (done.returncode, done.stdout) == (0, "0 0 0\n"), done.stdout + done.stderr


# -- threads that Python does not know ----------------------------------------------------------------------------------

FOREIGN = """
import ctypes, sys
import altru_ir as air
from altru_ir import backend
text = '''
func @host(%n: i64) -> i64
global mut @result : i64 = 0
func @body(%p: ptr<i8>) -> ptr<i8> {{
^e:
  %n = const 5 : i64
  %r = call @host(%n)
  %g = global @result unsafe
  assign %g, %r
  ret %p
}}
func @result_of() -> i64 {{
^e:
  %g = global @result unsafe
  %v = load %g
  ret %v
}}
'''
{host}
lib = backend.compile(air.parse(text), externs={{"host": host}}, panic={panic!r})
libc = ctypes.CDLL(None)
start = ctypes.c_void_p(lib._homes["body"].address_of("body"))
for _ in range({count}):
    thread = ctypes.c_ulong()
    assert libc.pthread_create(ctypes.byref(thread), None, start, None) == 0
    libc.pthread_join(thread, None)
print(lib["result_of"]())
from altru_ir.backend.host import stubs
print(stubs.KEPT.count)
"""


def foreign(host: str, panic: str, count: int) -> subprocess.CompletedProcess[str]:
    code = FOREIGN.format(host=textwrap.dedent(host), panic=panic, count=count)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)


def test_threads_that_python_does_not_know() -> None:
    done = foreign("host = lambda n: n * 2", "unwind", 50)
    assert (done.returncode, done.stdout, done.stderr) == (0, "10\n0\n", "")


def test_an_exception_that_nobody_can_raise_is_told() -> None:
    fails = "def host(n): raise KeyError('nobody')"
    done = foreign(fails, "abort", 3)
    assert (done.returncode, done.stdout) == (0, "0\n0\n"), done.stderr
    assert done.stderr.count("KeyError: 'nobody'") == 3
    done = foreign(fails, "unwind", 1)
    assert done.returncode == 101
    assert "KeyError: 'nobody'" in done.stderr
    assert "panic: a callable of the host raised an exception" in done.stderr


def test_a_thread_that_forks_and_exits_in_a_callable() -> None:
    code = """
import os, threading
import altru_ir as air
from altru_ir import backend
text = "func @ask(%n: i64) -> i64\\nfunc @f(%n: i64) -> i64 {\\n^e:\\n  %r = call @ask(%n)\\n  ret %r\\n}\\n"
def ask(n):
    pid = os.fork()
    if pid == 0:
        if n == 1:
            raise KeyError("child")
        return 1
    os.waitpid(pid, 0)
    return 2
f = backend.compile(air.parse(text), externs={"ask": ask})["f"]
def run():
    for n in (0, 1):
        try:
            found = f(n)
        except KeyError:
            found = "KeyError"
        os.write(1, f"{n} {found}\\n".encode())
        if found != 2:
            os._exit(0)
thread = threading.Thread(target=run)
thread.start()
thread.join()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (0, "0 1\n0 2\n1 KeyError\n1 2\n"), done.stderr


def test_compiled_code_that_runs_when_the_process_ends() -> None:
    """Daemon threads in compiled code and in callables, and objects that call it as modules are cleared."""
    code = """
import sys, threading
import altru_ir as air
from altru_ir import backend
text = "func @ask(%n: i64) -> i64\\nfunc @usleep(%n: i32) -> i32\\nfunc @f(%n: i64) -> i64 {\\n^e:\\n"
text += "  %t = const 1000 : i32\\n  %i = call @usleep(%t) unsafe\\n  %r = call @ask(%n)\\n  ret %r\\n}\\n"
begun = threading.Barrier(4, timeout=60)
lib = backend.compile(air.parse(text), externs={"ask": lambda n: n})
f = lib["f"]
class Last:
    def __del__(self, f=f):
        try:
            f("x")
        except TypeError:
            sys.__stdout__.write(f"{f(7)}\\n"); sys.__stdout__.flush()
sys.last = Last()
def run():
    f(1)
    begun.wait()
    while True:
        f(1)
for _ in range(3):
    threading.Thread(target=run, daemon=True).start()
begun.wait()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout in ("7\n", "")  # Python may leave such an object alone


def test_an_interrupt_of_a_program() -> None:
    """The process is interrupted as from a terminal, in compiled code, before a callable."""
    code = """
import os, signal
import altru_ir as air
from altru_ir import backend
text = "func @ask(%n: i64) -> i64\\nfunc @raise(%n: i32) -> i32\\nfunc @f(%n: i32) -> i64 {\\n^e:\\n"
text += "  %i = call @raise(%n) unsafe\\n  %m = const 3 : i64\\n  %r = call @ask(%m)\\n  ret %r\\n}\\n"
signal.signal(signal.SIGINT, signal.default_int_handler)
f = backend.compile(air.parse(text), externs={"ask": print})["f"]
f(signal.SIGINT)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == -signal.SIGINT
    assert done.stdout == ""
    assert done.stderr.strip().endswith("KeyboardInterrupt")
    assert "ignored" not in done.stderr
