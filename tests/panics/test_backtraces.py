"""A panic tells its functions as the source has them: each with its call's place, whatever was inlined, wherever it runs."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

import altru_ir as air
from altru_ir import backend
from altru_ir.backend import elf
from altru_ir.backend.call_places import labels_of, places_at, with_places
from altru_ir.backend.lower.debug_info import DebugInfo
from altru_ir.backend.lower.module import lower_module
from altru_ir.backend.optimize import parse_and_optimize
from altru_ir.backend.target import machine_for
from altru_ir.runtime import build, toolchain
from altru_ir.testing import whole_language
from tests.soak import ARGUMENTS, MANY_PANICS

# @at and @sum are inlined from -O2 on, @down cannot be.
TEXT = """\
func @at(%xs: ref<[? x i64]>, %i: usize) -> i64 {
^entry:
  %s = deref %xs
  %slot = elem %s, %i
  %x = load %slot
  ret %x
}

func @sum(%xs: ref<[? x i64]>, %i: usize) -> i64 {
^entry:
  %one = const 1 : usize
  %j = sub %i, %one
  %a = call @at(%xs, %j)
  %b = call @at(%xs, %i)
  %r = add %a, %b
  ret %r
}

func @down(%xs: ref<[? x i64]>, %i: usize, %n: i64) -> i64 {
^entry:
  %zero = const 0 : i64
  %one = const 1 : i64
  %last = icmp eq %n, %zero
  cond_br %last, ^bottom, ^deeper
^bottom:
  %a = call @sum(%xs, %i)
  %b = add %a, %one
  ret %b
^deeper:
  %m = sub %n, %one
  %c = call @down(%xs, %i, %m)
  %d = add %c, %one
  ret %d
}

func @main() -> i32 {
^entry:
  %four = const 4 : i64
  %xs = local : [3 x i64]
  %init = array %four, %four, %four : [3 x i64]
  init %xs, %init
  %r = borrow %xs : ref<[3 x i64]>
  %u = unsize %r : ref<[? x i64]>
  %seven = const 7 : usize
  %x = call @down(%u, %seven, %four)
  %y = trunc %x : i32
  ret %y
}
"""


def line_of(words: str) -> int:
    return next(n for n, line in enumerate(TEXT.splitlines(), 1) if words in line)


def frames(opt: int = 0) -> list[str]:
    return [
        "  in @at", f"  in @sum at a.air:{line_of('%a = call @at')}:3", f"  in @down at a.air:{line_of('call @sum')}:3",
        f"  in @down at a.air:{line_of('%c = call @down')}:3, 4 times", f"  in @main at a.air:{line_of('%x = call @down')}:3",
    ]  # fmt: skip


SAID = f"panic: index 6 out of bounds for length 3 at a.air:{line_of('%slot = elem')}:3"


def program() -> air.Module:
    return air.parse(TEXT, "a.air")


def ended(path: Path) -> list[str]:
    done = subprocess.run([path], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 101, done.stderr
    return done.stderr.splitlines()


# -- everywhere the same ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("panic", ["unwind", "abort"])
@pytest.mark.parametrize("opt", [0, 3])
def test_executables(tmp_path: Path, opt: int, panic: str) -> None:
    path = tmp_path / "program"
    backend.emit(program(), "exe", path, opt=opt, panic=panic)
    assert ended(path) == [SAID, *frames()]
    if shutil.which("strip") is not None:  # what is needed is no symbol and no debug information
        subprocess.run(["strip", path], check=True)
        assert ended(path) == [SAID, *frames()]


@pytest.mark.parametrize("opt", [0, 1, 2, 3])
@pytest.mark.parametrize("debug", [False, True])
def test_memory(opt: int, debug: bool) -> None:
    lib = backend.compile(program(), opt=opt, debug=debug)
    with pytest.raises(air.Panic) as caught:
        lib["main"]()
    panic = caught.value
    assert [f"panic: {panic}", *panic.frames()] == [SAID, *frames()]
    assert panic.backtrace == ("at", "sum", "down", "down", "main")
    assert panic.callers[0] is None
    assert panic.callers[4] == air.Location("a.air", line_of("%x = call @down"), 3)
    assert panic.times == (1, 1, 1, 4, 1)


def test_the_interpreter() -> None:
    with pytest.raises(air.Panic) as caught:
        backend.interpret(backend.prepare(program(), opt=0), "main")
    assert [f"panic: {caught.value}", *caught.value.frames()] == [SAID, *frames()]


def test_the_interpreter_and_native_code_on_generated_programs() -> None:
    panics = 0
    for seed in (4, 6, 11, 12, 27, 31):
        module = air.parse(whole_language.generate(seed, 5, MANY_PANICS).text, "generated.air")
        meaning = backend.Interpreter(backend.prepare(module, opt=0), verified=True)
        libraries = [backend.compile(module, opt=opt) for opt in (0, 3)]
        for arguments in ARGUMENTS:
            told = []
            for run in (
                lambda: meaning.run("main_entry", arguments, leaks=False),  # noqa: B023
                *(lambda lib=lib: lib["main_entry"](*arguments) for lib in libraries),  # type: ignore[misc] # noqa: B023
            ):
                try:
                    run()
                    told.append([])
                except air.Panic as panic:
                    told.append([str(panic), *panic.frames()])
            assert told[0] == told[1] == told[2]
            panics += bool(told[0])
    assert panics >= 3


def test_libraries_for_c(tmp_path: Path) -> None:
    """A function that C calls by another convention is a wrapper, into which the function itself may be inlined."""
    text = TEXT.replace("@main() -> i32", "@start() -> i1").replace("%y = trunc %x : i32", "%y = icmp eq %x, %four")
    module = air.parse(text, "a.air")
    (tmp_path / "main.c").write_text("_Bool start(void);\nint main(void) { return start(); }\n")
    wanted = [SAID, *(line.replace("@main", "@start") for line in frames())]
    backend.emit(module, "shared", tmp_path / "libdemo.so", opt=3)
    backend.emit(module, "static", tmp_path / "libdemo.a", opt=3)
    command = build.compiler("x86_64-linux-gnu") if toolchain.is_host("x86_64-linux-gnu") else ["cc"]
    runtime = [str(build.static_library(backend.canonical_triple("x86_64-linux-gnu"))), "-lpthread", "-lm"]
    for name, rest in (
        ("shared", [str(tmp_path / "libdemo.so"), f"-Wl,-rpath,{tmp_path}"]),
        ("static", ["libdemo.a", *runtime]),
    ):
        subprocess.run([*command, "-o", name, "main.c", *rest], cwd=tmp_path, check=True)
        assert ended(tmp_path / name) == wanted


def test_threads_and_callbacks() -> None:
    text = TEXT + "\nfunc @ask(%n: i64) -> i64\n\nfunc @asks(%n: i64) -> i64 {\n^entry:\n  %r = call @ask(%n)\n  ret %r\n}\n"
    inner = backend.compile(program(), opt=3)
    seen: list[list[str]] = []

    def ask(n: int) -> int:
        try:
            inner["main"]()
        except air.Panic as panic:
            seen.append(panic.frames())
        if n > 1:
            raise KeyError(n)
        return n

    lib = backend.compile(air.parse(text, "a.air"), opt=3, externs={"ask": ask})

    def work() -> None:
        for _ in range(20):
            assert lib["asks"](1) == 1
            with pytest.raises(KeyError):
                lib["asks"](2)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 160
    assert all(each == frames() for each in seen)


# -- long ones ----------------------------------------------------------------------------------------------------------------

MUTUAL = """\
func @even(%n: i64) -> i64 {
^entry:
  %zero = const 0 : i64
  %one = const 1 : i64
  %last = icmp eq %n, %zero
  cond_br %last, ^bottom, ^deeper
^bottom:
  panic "the bottom"
^deeper:
  %m = sub %n, %one
  %r = call @odd(%m)
  %s = add %r, %one
  ret %s
}
func @odd(%n: i64) -> i64 {
^entry:
  %one = const 1 : i64
  %m = sub %n, %one
  %r = call @even(%m)
  %s = add %r, %one
  ret %s
}
"""


def test_what_is_too_long_is_cut() -> None:
    module = air.parse(MUTUAL, "m.air")
    told = []
    for run in (backend.compile(module, opt=0)["even"], lambda n: backend.interpret(module, "even", [n])):
        with pytest.raises(air.Panic) as caught:
            run(1000)
        told.append(caught.value.frames())
        with pytest.raises(air.Panic) as caught:
            run(2)
        assert caught.value.frames() == ["  in @even", "  in @odd at m.air:19:3", "  in @even at m.air:11:3"]
    assert told[0] == told[1]
    assert (len(told[0]), told[0][-1]) == (65, "  and more")


def test_a_deep_recursion_is_one_line() -> None:
    with pytest.raises(air.Panic) as caught:
        backend.compile(air.parse(TEXT.replace("const 4 : i64", "const 20000 : i64"), "a.air"), opt=0)["main"]()
    assert caught.value.times == (1, 1, 1, 20000, 1)


# -- the table ----------------------------------------------------------------------------------------------------------------


def compiled(module: air.Module, opt: int, target: str = "x86_64-linux-gnu", debug: bool = False) -> tuple[bytes, bytes]:
    """The object of a module with its debug information, and with its table."""
    machine = machine_for(target, opt=opt)
    lowered = backend.prepare(module, opt=opt, target=target)
    text = lower_module(
        lowered, panic="unwind", entries="library", debug=DebugInfo(lowered, optimized=opt > 0, calls_only=not debug)
    )
    made = bytes(machine.emit_object(parse_and_optimize(text, machine, opt=opt)))
    return made, with_places(made, keep_debug=debug)


def records(data: bytes) -> list[tuple[int, str, int, int, bytes]]:
    """Of each function: the section it is in, its name, its start and its end, and its record in the table."""
    found = elf.Elf(data)
    table = next(found.bytes_of(s) for s in found.sections if s.name == ".altru_places")
    told = []
    for number, section in enumerate(found.sections):
        code = found.bytes_of(section) if section.flags & elf.EXECUTE else b""
        labels = labels_of(code)
        ends = [*(label.start for label in labels[1:]), len(code)]
        at = {offset: addend for offset, _, symbol, addend in found.relocations_of(number) if symbol.name == "altru.places"}
        told += [(at[label.start - 24], label.name, label.start, end, table) for label, end in zip(labels, ends)]
    return told


@pytest.mark.skipif(shutil.which("addr2line") is None, reason="needs addr2line")
@pytest.mark.parametrize("opt", [0, 3])
def test_the_table_says_what_addr2line_says(opt: int, tmp_path: Path) -> None:
    """At every address of every function, for a larger program with one section of code."""
    text = (Path(__file__).parents[2] / "examples" / "air" / "hash-table.air").read_text()
    before, after = compiled(air.parse(text, "hash-table.air"), opt, debug=True)
    (tmp_path / "a.o").write_bytes(before)
    addresses = [(record, table, start, at) for record, _, start, end, table in records(after) for at in range(start, end, 3)]
    assert len(addresses) > 300
    done = subprocess.run(
        ["addr2line", "-i", "-f", "-a", "-e", tmp_path / "a.o"], input="\n".join(hex(each[3]) for each in addresses),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    answers = re.split(r"^0x[0-9a-f]+\n", done.stdout, flags=re.MULTILINE)[1:]
    several = 0
    for (record, table, start, at), answer in zip(addresses, answers, strict=True):
        lines = answer.splitlines()
        theirs = list(zip(lines[::2], (line.rpartition(":")[2].split(" ")[0] for line in lines[1::2])))
        ours = [(name, str(line) if line else "?") for name, _, line, _ in places_at(table, record, at - start)]
        # Padding behind code is nobody's; and a place that is unknown is told in several ways.
        if all(name != "??" for name, _ in theirs) and ours and theirs[0][1] not in ("?", "0"):
            assert [name for name, _ in ours] == [name for name, _ in theirs], hex(at)
            assert [line for _, line in ours] == [line for _, line in theirs], hex(at)
            several += len(ours) > 1
    assert (several > 50) == (opt > 0)


def test_other_machines() -> None:
    data = compiled(program(), 3, "aarch64-linux-gnu")[1]
    chains = set()
    for record, name, start, end, table in records(data):
        for at in range(start, end, 4):
            chain = list(places_at(table, record, at - start))
            assert not chain or chain[-1][0] == name
            chains.add(tuple((name, line) for name, _, line, _ in chain))
    assert any([name for name, _ in chain] == ["at", "sum", "down"] for chain in chains)
    assert not any(each.name.startswith(".debug") for each in elf.Elf(data).sections)


def test_debug_information_is_kept_for_whom_it_was_asked() -> None:
    for debug in (False, True):
        sections = elf.Elf(backend.emit(program(), "obj", debug=debug)).sections
        assert any(each.name == ".debug_info" for each in sections) == debug
    assert b"altru.places" not in backend.emit(program(), "llvm")


def test_broken_tables_break_nothing(tmp_path: Path) -> None:
    """Whatever stands in the table, the panic is told, and the process ends as it should."""
    path = tmp_path / "program"
    backend.emit(program(), "exe", path, opt=3)
    data = bytearray(path.read_bytes())
    found = elf.Elf(bytes(data))
    section = next(each for each in found.sections if each.name == ".altru_places")
    numbers = random.Random(7)
    changes = [bytes(section.size), b"\xff" * section.size, numbers.randbytes(section.size)]
    for _ in range(40):
        changed = bytearray(found.bytes_of(section))
        for _ in range(numbers.randint(1, 4)):
            changed[numbers.randrange(4, len(changed))] = numbers.choice((0, 1, 0x7F, 0x80, 0xFF))
        changes.append(bytes(changed))
    broken = tmp_path / "broken"
    for each in changes:
        data[section.offset : section.offset + section.size] = each
        broken.write_bytes(data)
        os.chmod(broken, 0o700)
        said = subprocess.run([broken], capture_output=True, check=False, timeout=60)
        assert said.returncode == 101
        assert said.stderr.decode(errors="replace").splitlines()[0] == SAID


# -- debuggers ----------------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("gdb") is None, reason="gdb is not installed")
def test_gdb_agrees(tmp_path: Path) -> None:
    path = tmp_path / "program"
    backend.emit(program(), "exe", path, opt=3, debug=True)
    line = ["gdb", "-q", "-nx", "-batch", "-ex", "break altru_panic_unwind", "-ex", "run", "-ex", "backtrace", str(path)]
    said = subprocess.run(line, capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path).stdout
    theirs = re.findall(
        r"^#\d+ .*?\b(at|sum|down|main) \(.*?\)(?: at a\.air:(\d+))?$", said.replace("\n    ", " "), re.MULTILINE
    )
    ours = []
    for each in ended(path)[1:]:
        match = re.fullmatch(r"  in @(\w+)(?: at a\.air:(\d+):3)?(?:, (\d+) times)?", each)
        assert match is not None
        ours += [(match[1], match[2] or str(line_of("%slot = elem")))] * int(match[3] or 1)
    assert theirs[: len(ours)] == ours
