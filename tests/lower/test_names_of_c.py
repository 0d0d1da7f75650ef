"""What a program defines by a name that C's library, its start-up or the linker has is the program's own, and stays so."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

import pytest

import altru_ir as air
from altru_ir import backend
from altru_ir.backend.lower.c_library import LIBRARY, of_c
from altru_ir.backend.target import host_triple
from altru_ir.runtime import build

FOLDED = ["cos", "sqrt", "exp2", "floor", "fabs", "log10"]
TAKEN = """__libc_start_main _start _init _fini __data_start __dso_handle _IO_stdin_used __TMC_END__ data_start malloc free
    realloc memcpy memset write fprintf fwrite abort exit mmap pthread_mutex_lock dl_iterate_phdr _Unwind_RaiseException
    __cxa_finalize sigaction end _edata""".split()  # noqa: SIM905


def constant_function(name: str, linkage: str = "") -> str:
    return f'{linkage}func @"{name}"() -> i32 {{\n^entry:\n  %n = const 7 : i32\n  ret %n\n}}\n'


@pytest.mark.parametrize("linkage", ["", "private "])
@pytest.mark.parametrize("opt", [0, 2])
def test_a_function_called_like_one_that_llvm_knows_is_not_that(opt: int, linkage: str) -> None:
    text = "altru 1\nmodule @m\n"
    for name in FOLDED:
        text += f"{linkage}func @{name}(%x: f64) -> f64 {{\n^entry:\n  %y = fadd %x, %x\n  ret %y\n}}\n"
        text += f"func @of_{name}() -> f64 {{\n^entry:\n  %x = const 4.0 : f64\n  %y = call @{name}(%x)\n  ret %y\n}}\n"
    module = air.parse(text)
    library = backend.compile(module, opt=opt)
    for name in FOLDED:
        assert library[f"of_{name}"]() == backend.interpret(module, f"of_{name}") == 8.0
        assert linkage or library[name](1.0) == 2.0


def test_a_declaration_means_that_of_c() -> None:
    text = 'altru 1\nmodule @m\nextern "C" func @cos(%x: f64) -> f64 unsafe\n'
    text += "func @f(%x: f64) -> f64 {\n^entry:\n  %y = call @cos(%x) unsafe\n  ret %y\n}\n"
    module = air.parse(text)
    assert backend.compile(module)["f"](0.0) == 1.0
    assert b"@cos(" in backend.emit(module, "llvm")
    assert backend.compile(module, externs={"cos": lambda x: x + 5.0})["f"](0.0) == 5.0


def test_an_executable_may_use_any_name(tmp_path: Path) -> None:
    text = "altru 1\nmodule @m\nglobal mut @stdout : i32 = 3\nglobal @stderr : i32 = 4\n" + "".join(
        map(constant_function, TAKEN)
    )
    text += "func @main() -> i32 {\n^entry:\n  %s0 = const 0 : i32\n"
    for index, name in enumerate(TAKEN):
        text += f'  %c{index} = call @"{name}"()\n  %s{index + 1} = add %s{index}, %c{index}\n'
    last = f"%s{len(TAKEN)}"
    text += f"  %want = const {7 * len(TAKEN)} : i32\n  %good = icmp eq {last}, %want\n  cond_br %good, ^own, ^bad\n"
    text += "^own:\n  %o = new %want : own<i32>\n  drop %o\n  panic \"said\"\n^bad:\n  ret %want\n}\n"  # fmt: skip
    module = air.parse(text, filename="p.air")
    backend.emit(module, "exe", tmp_path / "p", opt=1)
    done = subprocess.run([tmp_path / "p"], capture_output=True, text=True, check=False)
    assert (done.returncode, "panic: said at p.air" in done.stderr) == (101, True)


def test_pointers_to_such_functions_and_globals(tmp_path: Path) -> None:
    text = "altru 1\nmodule @m\nglobal @environ : i32 = 9\n" + constant_function("raise")
    text += "func @main() -> i32 {\n^entry:\n  %f = func.ref @raise\n  %a = call %f()\n  %e = global @environ\n  %b = load %e\n"
    text += "  %c = add %a, %b\n  ret %c\n}\n"
    module = air.parse(text)
    assert backend.compile(module)["main"]() == 16
    backend.emit(module, "exe", tmp_path / "p")
    assert subprocess.run([tmp_path / "p"], check=False).returncode == 16


@pytest.mark.parametrize("name", ["malloc", "log", "__libc_start_main", "_init"])
@pytest.mark.parametrize("kind", ["shared", "static"])
def test_a_library_does_not_export_a_name_of_c(kind: str, name: str, tmp_path: Path) -> None:
    with pytest.raises(air.DiagnosticError, match="cannot be exported by a library: the name is C's"):
        backend.emit(air.parse("altru 1\nmodule @m\n" + constant_function(name)), kind, tmp_path / "l")
    with pytest.raises(air.DiagnosticError, match="cannot be exported by a library: the name is C's"):
        backend.emit(air.parse(f"altru 1\nmodule @m\nglobal @{name} : i32 = 3\n"), kind, tmp_path / "l")


def test_a_library_may_have_such_a_function_for_itself(tmp_path: Path) -> None:
    text = "altru 1\nmodule @m\n" + constant_function("malloc", "private ")
    text += "func @f() -> i32 {\n^entry:\n  %n = call @malloc()\n  ret %n\n}\n"
    backend.emit(air.parse(text), "shared", tmp_path / "l.so", opt=0)
    assert ctypes.CDLL(str(tmp_path / "l.so")).f() == 7


@pytest.mark.skipif(shutil.which("nm") is None, reason="nm is not here")
def test_what_the_runtime_calls_is_among_the_names() -> None:
    said = subprocess.run(["nm", "-u", build.static_library(host_triple())], capture_output=True, text=True, check=True).stdout
    called = {line.split()[1] for line in said.splitlines() if line.startswith((" ",)) and len(line.split()) == 2}
    called = {name for name in called if not name.startswith("altru")}
    assert "malloc" in called
    assert called <= of_c(called)


def test_names_that_are_nobodys() -> None:
    assert of_c(["f", "cosine", "_f", "Vec<i32>", "main", "start", "memcpy2", "_ZN1a1bE"]) == set()
    assert not {"main", "f", "sum", "max", "min", "add"} & LIBRARY
