"""Libraries for C: the header, a C program that uses it, the linker's complaints in our words."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import altru_ir as air
from altru_ir import backend
from altru_ir.backend.c_header import header_of
from altru_ir.backend.cli import opt
from altru_ir.backend.lower.c_names import c_name
from altru_ir.runtime import build
from tests.sums import sum_of

TEXT = (
    """altru 1
module @demo
struct @Node { value: @Pair, next: ptr<@Node>, shapes: [2 x @Shape] }
struct @Pair { a: i8, b: f64 }
struct @Back { node: ptr<@Owner> }
struct @Owner { back: @Back, unit: (), n: i16 }
struct @Empty { }
enum @Shape { Circle(f64), Box(@Pair), Nothing }
struct @"Vec<i32>" { data: ptr<mut i32>, class: usize }
union @U { a: i32, b: f32 }
global @answer : i64 = 42
global @"the words" : [3 x i8] = "hi\\x00"
private func @hidden(%n: i64) -> i64 {
^e:
  ret %n
}
"""
    + sum_of("total")
    + """func @grow(%p: @Pair, %by: i8) -> @Pair {
^e:
  %a = extract %p, a
  %b = extract %p, b
  %c = add %a, %by
  %q = struct %c, %b : @Pair
  ret %q
}
func @grow_twice(%p: @Pair) -> @Pair {
^e:
  %one = const 1 : i8
  %q = call @grow(%p, %one)
  %r = call @grow(%q, %one)
  ret %r
}
func @wrap(%n: i8, %flip: i1) -> i8 {
^e:
  cond_br %flip, ^yes, ^no
^yes:
  %k = const 100 : i8
  %r = add %n, %k
  ret %r
^no:
  ret %n
}
func @not(%b: i1) -> i1 {
^e:
  %t = const true : i1
  %r = xor %b, %t
  ret %r
}
func @box(%p: @Pair) -> @Shape {
^e:
  %r = enum Box, %p : @Shape
  ret %r
}
func @"odd name"(%int: i32, %v: @"Vec<i32>") -> (i32, usize) {
^e:
  %n = extract %v, class
  %t = tuple %int, %n
  ret %t
}
func @half(%n: i64, %d: i64) -> i64 {
^e:
  %r = sdiv %n, %d
  ret %r
}
func @apply(%f: fn(i64) -> i64, %n: i64) -> i64 {
^e:
  %r = call %f(%n)
  ret %r
}
func @same(%xs: ref<[? x i32]>) -> ref<[? x i32]> {
^e:
  ret %xs
}
func @walk(%n: ref<@Node>, %o: ptr<mut @Owner>, %u: ref<@U>, %e: @Empty, %big: i128) -> i128 {
^e:
  ret %big
}
"""
)
PROGRAM = r"""
#include "demo.h"
#include <stdio.h>
#include <string.h>

static int64_t twice(int64_t n) { return 2 * n; }

int main(int argc, char **argv) {
    double xs[3] = {1.5, 2.5, 3.0};
    struct Pair p = {.a = 3, .b = 0.5}, q;
    struct Shape shape;
    int32_t data[2] = {7, 8};
    struct Vec_i32_ v = {data, 2};
    struct tuple t;
    struct slice same_one;
    (void)argv;
    printf("%g\n", total(xs, 3));
    grow_twice(&q, &p);
    printf("%d %g\n", q.a, q.b);
    box(&shape, &p);
    printf("%d %d\n", shape.tag == Shape_Box, shape.as.Box.a);
    odd_name(&t, -5, &v);
    printf("%d %zu\n", t._0, t._1);
    same(&same_one, data, 2);
    printf("%d %zu\n", same_one.data[1], same_one.length[0]);
    printf("%d %d %d\n", wrap(100, true), wrap(-1, false), not_(true));
    printf("%lld %lld %s\n", (long long)apply(twice, 21), (long long)answer, (const char *)the_words);
    fflush(stdout);
    return (int)half(10, argc - 1);
}
"""
PRINTED = "7\n5 0.5\n1 3\n-5 2\n8 2\n-56 -1 0\n42 42 hi\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the header, both libraries and the C program."""
    folder = tmp_path_factory.mktemp("c")
    module = air.parse(TEXT, filename="demo.air")
    for kind, name in (("header", "demo.h"), ("shared", "libdemo.so"), ("static", "libdemo.a")):
        backend.emit(module, kind, folder / name)
    (folder / "main.c").write_text(PROGRAM)
    return folder


def cc(place: Path, *arguments: str) -> None:
    command = [*build.compiler(), "-std=c11", "-Wall", "-Wextra", "-Werror", "-o", "main", "main.c", *arguments]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("way", ["shared", "static"])
def test_a_c_program(place: Path, way: str) -> None:
    if way == "shared":
        cc(place, "-L.", "-ldemo", "-Wl,-rpath,$ORIGIN")
    else:
        cc(place, "libdemo.a", str(build.static_library()), "-lpthread")
    done = subprocess.run([place / "main", "x", "y"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (5, PRINTED, "")
    done = subprocess.run([place / "main"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (101, PRINTED)
    assert "panic: division by zero at demo.air:" in done.stderr


def test_the_header_is_good_c_and_cpp(place: Path) -> None:
    for language, standard in (("c", "c11"), ("c++", "c++17")):
        flags = ["-x", language, f"-std={standard}", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
        command = [*build.compiler(), *flags, "demo.h"]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
        assert "cc1plus" in done.stderr or done.returncode == 0, done.stderr


def test_the_header_says_what_there_is(place: Path) -> None:
    text = (place / "demo.h").read_text()
    for line in (
        "double total(const double *xs, size_t xs_length);",
        "void grow(struct Pair *result, const struct Pair *p, int8_t by);",
        "void odd_name(struct tuple *result, int32_t int_, const struct Vec_i32_ *v);",
        'bool not_(bool b) __asm__("not");',
        "int64_t apply(int64_t (*f)(int64_t), int64_t n);",
        "extern const int64_t answer;",
        "extern const int8_t the_words[3];",
        "/* func @same(%xs: ref<[? x i32]>) -> ref<[? x i32]> */",
        "    struct Shape shapes[2];",
    ):
        assert line in text
    assert "hidden" not in text
    assert text.index("struct Back {") < text.index("struct Owner {")
    assert text == header_of(air.parse(TEXT), "demo")
    assert "struct Pair *result, const" not in backend.emit(air.parse(TEXT), "header").decode().split("void grow(")[0]


OWNERS = """\
struct @Node { value: i32, next: own<i64> } drop @closed
extern "C" func @putchar(%c: i32) -> i32 unsafe

func @closed(%n: ref<mut @Node>) {
^e:
  %place = deref %n
  %field = field %place, value
  %v = load %field
  %r = call @putchar(%v) unsafe
  ret
}
func @node(%v: i32) -> own<@Node> {
^e:
  %seven = const 7 : i64
  %next = new %seven : own<i64>
  %n = struct %v, %next : @Node
  %o = new %n : own<@Node>
  ret %o
}
func @filled(%n: usize, %x: f64) -> own<[? x f64]> {
^e:
  %o = new.array %n, %x : own<[? x f64]>
  ret %o
}
func @release_Node() {
^e:
  ret
}
"""


def test_owners_that_c_is_given(tmp_path: Path) -> None:
    """C releases them, with their destructors, and nothing is left."""
    program = r"""
#include "owners.h"
#include <altru.h>
#include <stdio.h>
int main(void) {
    struct slice numbers;
    for (int turn = 0; turn < 3; turn++) {
        struct Node *made = node('a' + turn);
        filled(&numbers, 100, 0.5);
        numbers.data[99] = 2.5;
        release_Node_(made);
        release_slice_f64(numbers.data, numbers.length[0]);
    }
    return altru_current_usage() != 0;
}
"""
    module = air.parse(OWNERS, "owners.air")
    backend.emit(module, "header", tmp_path / "owners.h")
    backend.emit(module, "static", tmp_path / "libowners.a")
    (tmp_path / "main.c").write_text(program)
    cc(tmp_path, f"-I{build.include_dir()}", "libowners.a", str(build.static_library()), "-lpthread")
    done = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "abc")


def test_names() -> None:
    assert [c_name(n) for n in ("f", "Vec<i32>", "int", "1st", "", "ä", "a.b")] == [
        "f", "Vec_i32_", "int_", "_1st", "_", "_", "a_b",
    ]  # fmt: skip
    text = "".join(f'func @"{name}"() {{\n^e:\n  ret\n}}\n' for name in ("a b", "a_b", "a.b"))
    header = header_of(air.parse(text), "x")
    for line in ("void a_b(void);", "void a_b_2(void);", 'void a_b_3(void) __asm__("a.b");'):
        assert line in header


def test_a_library_in_this_process(place: Path) -> None:
    library = ctypes.CDLL(str(place / "libdemo.so"))
    library.total.restype = ctypes.c_double
    assert library.total((ctypes.c_double * 2)(1.0, 2.5), ctypes.c_size_t(2)) == 3.5
    assert not hasattr(library, "hidden")
    linked = subprocess.run(["ldd", place / "libdemo.so"], capture_output=True, text=True, check=False).stdout
    assert "libaltru.so" in linked
    assert "not found" not in linked


# -- linking ----------------------------------------------------------------------------------------------------------------

USES = """
func @helper_of_c(%n: i64) -> i64
func @main() -> i32 {
^e:
  %n = const 20 : i64
  %a = call @helper_of_c(%n)
  %r = trunc %a : i32
  ret %r
}
"""


def run(*arguments: Any) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "altru_ir.backend.cli.opt", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr


def test_libraries_are_found(tmp_path: Path) -> None:
    (tmp_path / "helper.c").write_text("long helper_of_c(long n) { return 2 * n + 2; }\n")
    subprocess.run([*build.compiler(), "-shared", "-fPIC", "-o", "libhelper.so", "helper.c"], cwd=tmp_path, check=True)
    (tmp_path / "a.air").write_text(USES)
    program = tmp_path / "program"
    assert opt.main(["--emit=exe", "-o", str(program), str(tmp_path / "a.air"), f"-L{tmp_path}", "-lhelper"]) == 0
    done = subprocess.run([program], env={"LD_LIBRARY_PATH": str(tmp_path)}, check=False)
    assert done.returncode == 42
    assert run("--run", f"--load={tmp_path / 'libhelper.so'}", tmp_path / "a.air")[0] == 42
    assert run("--run", f"-L{tmp_path}", "-lhelper", tmp_path / "a.air")[0] == 42


@pytest.mark.parametrize("emit", ["exe", "shared"])
def test_a_missing_symbol_names_its_declaration(tmp_path: Path, emit: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.air").write_text(USES)
    assert opt.main([f"--emit={emit}", "-o", str(tmp_path / "out"), str(tmp_path / "a.air")]) == 2
    said = capsys.readouterr().err
    assert "error[ALT-S004]: @helper_of_c is declared here but defined nowhere: link its library with -l" in said
    assert "a.air:2:1" in said
    assert not (tmp_path / "out").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["a.air"]


def test_what_is_asked_wrongly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = air.parse(TEXT)
    for kind in ("shared", "static", "exe"):
        with pytest.raises(ValueError, match="needs a path"):
            backend.emit(module, kind)
    monkeypatch.setenv("CC_aarch64_linux_gnu", "cc")
    with pytest.raises(build.RuntimeBuildError, match="for this machine only, not for aarch64-linux-gnu"):
        backend.emit(module, "shared", tmp_path / "x.so", target="aarch64-linux-gnu")
    assert list(tmp_path.iterdir()) == []
    assert opt.main(["--emit=shared", "a.air"]) == 2
    with pytest.raises(air.DiagnosticError, match="there is no target"):
        backend.emit(module, "header", target="nonsense")
