"""What a debugger shows of a program: lines, functions, parameters, locals with our types, and a panic's way.

The program is ``area.air``; lines are found in it by what stands on them.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import altru_ir as air
from altru_ir import backend
from altru_ir.backend import perf_map
from altru_ir.testing import whole_language

HERE = Path(__file__).parent
TEXT = (HERE / "area.air").read_text()

needs_gdb = pytest.mark.skipif(shutil.which("gdb") is None, reason="gdb is not installed")


def line_of(words: str) -> int:
    return next(n for n, line in enumerate(TEXT.splitlines(), 1) if words in line)


@pytest.fixture(scope="module", params=[0, 2])
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path]:
    path = tmp_path_factory.mktemp("gdb") / "area"
    backend.emit(air.parse(TEXT, "area.air"), "exe", path, opt=request.param, debug=True)
    return request.param, path


def gdb(program: Path, *commands: str) -> str:
    line = ["gdb", "-q", "-nx", "-batch", "-ex", "set confirm off", "-ex", "set style enabled off"]
    for command in commands:
        line += ["-ex", command]
    done = subprocess.run([*line, str(program)], capture_output=True, text=True, check=False, timeout=60, cwd=HERE)
    return done.stdout


@needs_gdb
def test_break_print_and_backtrace(program: tuple[int, Path]) -> None:
    opt, path = program
    line = line_of("%slot = elem")
    said = gdb(
        path, f"break area.air:{line}", "run", "print scale", "backtrace", "print shape", "print xs", "print *xs.ptr@xs.len",
        "print p", "print kept", "print flag", "info locals", "up", "print numbers", "print node", "ptype node", "ptype shape",
    )  # fmt: skip
    assert re.search(rf"Breakpoint 1.*, area \(.*\) at area\.air:{line}\n{line}\t +%slot = elem", said)
    assert "$1 = 2.5" in said
    trace = said[said.index("$1 =") :]
    assert trace.index("area (") < trace.index(f"main () at area.air:{line_of('call @area')}")
    if opt == 0:
        for shown in (
            "= {tag = Circle, {Circle = 5, ", ", len = 3}", "= {10, 20, 30}", "= {x = 7, y = 2.5}", "= true", "three = 3",
            "= {value = 9, next = 0x0}", "    i64 value;\n    struct Node *next;", "    enum Shape.tag tag;",
            "        struct Point At;",
        ):  # fmt: skip
            assert shown in said


@needs_gdb
def test_backtrace_through_a_panic(program: tuple[int, Path]) -> None:
    said = gdb(program[1], "break altru_panic_unwind", "run", "backtrace")
    panicked = line_of("%slot = elem")
    assert re.search(
        rf"#1 .* in area \(.*\) at area\.air:{panicked}\n#2 .*main \(\) at area\.air:{line_of('call @area')}", said
    )


@needs_gdb
def test_stepping_by_lines(program: tuple[int, Path]) -> None:
    opt, path = program
    if opt:
        pytest.skip("optimized code has fewer lines to stop at")
    first = line_of("%place = local : [3 x i32]")
    said = gdb(path, f"break area.air:{first + 1}", "run", "next", "next", "next")
    stops = [int(n) for n in re.findall(r"^(\d+)\t", said, re.MULTILINE)]
    assert stops == sorted(stops)
    assert stops[0] == first + 1
    assert len(set(stops)) == 4


@pytest.mark.parametrize("opt", [0, 3])
def test_a_program_is_the_same_with_debug_information(opt: int) -> None:
    """Verified by LLVM, same answers and panics; generated programs have every type that native code has."""
    for seed in range(6):
        module = air.parse(whole_language.generate(seed, 3, whole_language.NATIVE).text, "generated.air")
        ended = []
        for debug in (False, True):
            try:
                ended.append(backend.compile(module, opt=opt, debug=debug)["main_entry"](5, -9))
            except air.Panic as panic:
                ended.append(str(panic))
        assert ended[0] == ended[1]
    perf_map.path().unlink()


def test_instructions_do_not_depend_on_debug_information() -> None:
    text = (HERE.parents[1] / "examples" / "air" / "nbody.air").read_text()
    counts = []
    for debug in (False, True):
        assembly = backend.emit(air.parse(text, "nbody.air"), "asm", opt=3, debug=debug).decode()
        counts.append(len(re.findall(r"^\t[a-z]", assembly, re.MULTILINE)))
    assert abs(counts[0] - counts[1]) <= counts[0] // 50


def test_types_that_contain_themselves_and_other_files() -> None:
    text = """\
struct @List { next: ptr<mut @List>, all: ref<[? x @List]> }
func @f(%l: ptr<@List>) -> i32 {
^entry:
  %x = const 1 : i32 loc("other.src":3:4)
  %y = add %x, %x loc("third.src":9:1)
  ret %y
}
"""
    shown = backend.emit(air.parse(text.replace("ref<[", "ref<'static, ["), "here.air"), "llvm", opt=0, debug=True).decode()
    for part in ("other.src", "third.src", "here.air", 'name: "List"', "DW_TAG_pointer_type", 'name: "len"'):
        assert part in shown
