"""Panics that reach a host: Python, C functions between ours, threads, many of them, and what is still there afterwards."""

from __future__ import annotations

import gc
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

import altru_ir as air
from altru_ir import backend
from altru_ir.runtime import build

HERE = Path(__file__).parent

PROGRAM = """\
extern "C" func @helper_call(%f: fn(i32) -> i32, %x: i32) -> i32
extern "C" func @helper_survive(%f: fn()) -> i32
extern "C" func @qsort(%base: ptr<mut i8> borrowed, %count: usize, %size: usize, %by: fn(ptr<i8>, ptr<i8>) -> i32) unsafe
global mut @cleanups : i64 = 0

func @cleaned() -> i64 {
^entry:
  %p = global @cleanups unsafe
  %n = load %p
  ret %n
}
func @refuses(%x: i32) -> i32 {
^entry:
  %three = const 3 : i32
  %bad = icmp eq %x, %three
  cond_br %bad, ^stop, ^fine
^stop:
  panic "three is refused"
^fine:
  ret %x
}
func @count() {
^entry:
  %p = global @cleanups unsafe
  %n = load %p
  %one = const 1 : i64
  %m = add %n, %one
  assign %p, %m
  ret
}
func @direct(%x: i32) -> i32 {
^entry unwind ^cleanup:
  %r = call @refuses(%x)
  ret %r
^cleanup:
  call @count()
  resume
}
func @through_c(%x: i32) -> i32 {
^entry unwind ^cleanup:
  %f = func.ref @direct
  %r = call @helper_call(%f, %x)
  ret %r
^cleanup:
  call @count()
  resume
}
func @compares(%a: ptr<i8>, %b: ptr<i8>) -> i32 {
^entry unwind ^cleanup:
  %bytes = deref %a unsafe
  %x = load %bytes
  %y = sext %x : i32
  %z = call @refuses(%y)
  ret %z
^cleanup:
  call @count()
  resume
}
func @sorts(%x: i8) -> i32 {
^entry:
  %place = local : [3 x i8]
  %zero = const 0 : i8
  %all = array %x, %zero, %zero
  init %place, %all
  %r = borrow mut %place
  %p = ref.to_ptr %r
  %q = ptr.cast %p : ptr<mut i8>
  %three = const 3 : usize
  %one = const 1 : usize
  %f = func.ref @compares
  br ^body
^body unwind ^cleanup:
  call @qsort(%q, %three, %one, %f) unsafe
  %done = const 0 : i32
  ret %done
^cleanup:
  call @count()
  resume
}
func @panics() {
^entry unwind ^cleanup:
  panic "caught within"
^cleanup:
  call @count()
  resume
}
func @survives_within(%x: i32) -> i32 {
^entry unwind ^cleanup:
  %r = call @refuses(%x)
  ret %r
^cleanup:
  %f = func.ref @panics
  %n = call @helper_survive(%f)
  call @count()
  resume
}
func @escapes_cleanup(%x: i32) -> i32 {
^entry unwind ^cleanup:
  %r = call @refuses(%x)
  ret %r
^cleanup:
  call @panics()
  resume
}
"""


@pytest.fixture(scope="module")
def helpers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The two variants of the C functions, as shared libraries."""
    made = {}
    for name, flags in (
        ("tables", []),
        ("none", ["-DNO_TABLES", "-fno-unwind-tables", "-fno-asynchronous-unwind-tables", "-fno-exceptions"]),
    ):
        path = tmp_path_factory.mktemp(name) / "libhelpers.so"
        source, library = str(HERE / "helpers.c"), build.shared_library()
        line = [*build.compiler(), "-O1", "-shared", "-fPIC", *flags, f"-I{build.include_dir()}", "-o", str(path), source]
        subprocess.run([*line, str(library), f"-Wl,-rpath,{library.parent}"], check=True)
        made[name] = str(path)
    return made


@pytest.fixture(scope="module", params=[0, 2])
def library(request: pytest.FixtureRequest, helpers: dict[str, str]) -> backend.jit.Library:
    return backend.compile(air.parse(PROGRAM, "p.air"), opt=request.param, libraries=[helpers["tables"]])


def panics_with(library: backend.jit.Library, name: str, argument: int, cleanups: int) -> air.Panic:
    before = library["cleaned"]()
    with pytest.raises(air.Panic) as caught:
        library[name](argument)
    assert library["cleaned"]() - before == cleanups
    return caught.value


def test_what_a_panic_tells(library: backend.jit.Library) -> None:
    panic = panics_with(library, "direct", 3, 1)
    assert str(panic) == "three is refused at p.air:18:3"
    assert (panic.message, panic.kind, panic.values) == ("three is refused", "explicit", (0, 0))
    assert panic.location == air.Location("p.air", 18, 3)
    assert panic.backtrace == ("refuses", "direct")
    assert library["direct"](4) == 4


def test_through_frames_of_c(library: backend.jit.Library) -> None:
    panic = panics_with(library, "through_c", 3, 2)
    assert panic.backtrace[0] == "refuses"
    assert panic.backtrace[-1] == "through_c"
    assert library["through_c"](4) == 5


def test_through_qsort(library: backend.jit.Library) -> None:
    assert panics_with(library, "sorts", 3, 2).message == "three is refused"
    assert library["sorts"](4) == 0


def test_a_guard_within_a_cleanup(library: backend.jit.Library) -> None:
    assert panics_with(library, "survives_within", 3, 2).message == "three is refused"


def test_an_exception_is_not_lost_in_a_guard_of_c(helpers: dict[str, str]) -> None:
    """C code that catches the panic of a callable goes on; what the callable raised is raised when Python's call returns."""
    text = """\
extern "C" func @helper_survive(%f: fn()) -> i32
func @ask()
func @asks() {
^entry:
  call @ask()
  ret
}
func @survives() -> i32 {
^entry:
  %f = func.ref @asks
  %n = call @helper_survive(%f)
  ret %n
}
"""
    raised: list[Exception] = [ValueError("mine")]

    def ask() -> None:
        if raised:
            raise raised.pop()

    found = backend.compile(air.parse(text), libraries=[helpers["tables"]], externs={"ask": ask})
    with pytest.raises(ValueError, match="mine"):
        found["survives"]()
    assert found["survives"]() == 0  # and not by the next call


def test_a_long_message_and_a_long_name() -> None:
    name, words = "f" * 700, "ä" * 900
    text = f'func @{name}() {{\n^entry:\n  panic "{words}"\n}}\n'
    with pytest.raises(air.Panic) as caught:
        backend.compile(air.parse(text))[name]()
    assert caught.value.message == words
    assert caught.value.backtrace == (name,)


def test_values_of_a_check() -> None:
    text = """\
func @at(%xs: ref<[? x i32]>, %i: usize) -> i32 {
^entry:
  %seq = deref %xs
  %slot = elem %seq, %i
  %x = load %slot
  ret %x
}
"""
    with pytest.raises(air.Panic, match="index 18446744073709551615 out of bounds for length 3") as caught:
        backend.compile(air.parse(text))["at"]([1, 2, 3], 2**64 - 1)
    assert (caught.value.kind, caught.value.values) == ("bounds", (2**64 - 1, 3))


def test_many_panics_take_no_memory(library: backend.jit.Library) -> None:
    """Resident memory in pages before and after: a leak of a record, or of anything in the unwinder, would show."""

    def pages() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1])

    def run(count: int) -> None:
        function = library["direct"]
        for _ in range(count):
            try:
                function(3)
            except air.Panic:
                continue
            pytest.fail("no panic")

    run(300)
    gc.collect()
    before = pages()
    run(3000)
    gc.collect()
    assert pages() - before < 100


STACK = """\
func @refuses(%x: i32) -> i32 {
^entry:
  %three = const 3 : i32
  %bad = icmp eq %x, %three
  cond_br %bad, ^stop, ^fine
^stop:
  panic "three is refused"
^fine:
  ret %x
}
func @through(%x: i32) -> i32 {
^entry:
  %n = const 100000 : usize
  %raw = stack.alloc_raw %n : ptr<mut i8>
  %p = deref %raw unsafe
  %b = const 1 : i8
  init %p, %b
  %r = call @refuses(%x)
  ret %r
}
func @itself(%x: i32) -> i32 {
^entry:
  %n = const 100000 : usize
  %raw = stack.alloc_raw %n : ptr<mut i8>
  %p = deref %raw unsafe
  %b = const 1 : i8
  init %p, %b
  panic "always"
}
"""


@pytest.mark.parametrize("opt", [0, 2])
def test_stack_allocations_are_taken_back(opt: int) -> None:
    """A panic leaves the functions without a cleanup, too: 2,000 times 100 KB would not fit where stack allocations are."""
    library = backend.compile(air.parse(STACK), opt=opt)
    for name in ("through", "itself"):
        for _ in range(2000):
            with pytest.raises(air.Panic, match=r"three is refused|always"):
                library[name](3)
    assert library["through"](4) == 4


def test_threads(library: backend.jit.Library) -> None:
    """Each thread gets its own panic, or its own answer."""
    wrong: list[object] = []

    def run(number: int) -> None:
        for turn in range(60):
            argument = 3 if (turn + number) % 2 else number + 10
            try:
                answer: object = library["through_c"](argument)
            except air.Panic as panic:
                answer = panic.message
            wanted: object = "three is refused" if argument == 3 else argument + 1
            if answer != wanted:
                wrong.append((number, turn, answer))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_modules_come_and_go() -> None:
    """Unwind tables are registered with their module and go with it."""
    module = air.parse(_alone(), "p.air")
    for turn in range(20):
        library = backend.compile(module, opt=turn % 2)
        assert panics_with(library, "direct", 3, 1).message == "three is refused"
        del library
        gc.collect()


def _alone() -> str:
    """The functions of the program that need no helper."""
    kept = ("global", "func @cleaned", "func @refuses", "func @count", "func @direct")
    parts = PROGRAM.split("\n\n", 1)
    functions = ["func " + f for f in ("\n" + parts[1]).split("\nfunc ")[1:]]
    return parts[0].splitlines()[-1] + "\n" + "\n".join(f for f in functions if f.startswith(kept))


def ended(code: str, *arguments: str) -> tuple[int, str, str]:
    """Runs Python code in a process of its own: status, output, errors."""
    prelude = "import sys\nimport altru_ir as air\nfrom altru_ir import backend\nfrom tests.panics.test_hosts import PROGRAM\n"
    done = subprocess.run(
        [sys.executable, "-c", prelude + textwrap.dedent(code), *arguments],
        capture_output=True, text=True, check=False, timeout=300, cwd=HERE.parents[1],
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_a_frame_without_tables_ends_the_process(helpers: dict[str, str]) -> None:
    """No cleanup runs when the guard cannot be reached: some would be left out otherwise."""
    code = """
    text = PROGRAM[: PROGRAM.index("func @panics")].replace('extern "C" func @helper_survive(%f: fn()) -> i32\\n', "")
    library = backend.compile(air.parse(text, "p.air"), opt=0, libraries=sys.argv[1:])
    library["through_c"](3)
    """
    status, _, said = ended(code, helpers["none"])
    assert status == 101
    assert said.startswith("panic: three is refused at p.air:17:3\n  in @refuses\n  in @direct at p.air:32:3\n")


def test_a_panic_that_would_escape_a_cleanup(helpers: dict[str, str]) -> None:
    code = """
    backend.compile(air.parse(PROGRAM, "p.air"), libraries=sys.argv[1:])["escapes_cleanup"](3)
    """
    status, _, said = ended(code, helpers["tables"])
    assert status == 101
    first, second, *_ = said.splitlines()
    assert first == "panic: three is refused at p.air:18:3"
    assert second.startswith("panic while unwinding: caught within at p.air:")


def test_abort_mode(helpers: dict[str, str]) -> None:
    code = """
    library = backend.compile(air.parse(PROGRAM, "p.air"), opt=0, panic="abort", libraries=sys.argv[1:])
    assert library["direct"](4) == 4
    library["direct"](3)
    """
    status, _, said = ended(code, helpers["tables"])
    assert (status, said) == (101, "panic: three is refused at p.air:18:3\n  in @refuses\n  in @direct at p.air:33:3\n")


@pytest.mark.parametrize("panic", ["unwind", "abort"])
@pytest.mark.parametrize("opt", [0, 3])
def test_executables(tmp_path: Path, panic: str, opt: int) -> None:
    program = tmp_path / "program"
    text = (HERE / "natively.air").read_text()
    backend.emit(air.parse(text, "natively.air"), "exe", program, opt=opt, panic=panic)
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    assert done.returncode == 101
    assert done.stdout == ("inner\nouter\n" if panic == "unwind" else "")
    head, *trace = done.stderr.splitlines()
    assert head.startswith("panic: index 7 out of bounds for length 3 at natively.air:")
    assert trace == ["  in @access", "  in @main at natively.air:71:3"]


def test_modes_are_named() -> None:
    with pytest.raises(ValueError, match="there is no panic mode `explode`; there are unwind, abort"):
        backend.compile(air.parse("func @f() {\n^entry:\n  ret\n}\n"), panic="explode")
