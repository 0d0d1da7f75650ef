"""Libraries that grow, change and shrink: a read-eval-print loop's needs, and what misuse is told."""

from __future__ import annotations

import gc
import socket
import struct
import threading
import weakref
from typing import Any

import pytest

import altru_ir as air
from altru_ir import backend
from altru_ir.backend.library import UnloadedError

F = "func @f(%n: i64) -> i64 {{\n^e:\n  %k = const {} : i64\n  %r = add %n, %k\n  ret %r\n}}\n"
G = """func @f(%n: i64) -> i64
func @g(%n: i64) -> i64 {
^e:
  %a = call @f(%n)
  %r = add %a, %a
  ret %r
}
"""


def library(k: int = 1) -> Any:
    return backend.compile(air.parse(F.format(k)))


def test_a_later_module_calls_an_earlier_one() -> None:
    lib = library()
    lib.add(air.parse(G))
    assert lib["g"](4) == 10
    assert list(lib) == ["f", "g"]


def test_redefinition() -> None:
    lib = library(1)
    lib.add(air.parse(G))
    old = lib["f"]
    lib.add(air.parse(F.format(100)))
    assert lib["f"](0) == 100
    assert old(0) == 1
    assert lib["g"](0) == 2  # linked against what there was
    lib.add(air.parse(G))
    assert lib["g"](0) == 200


def test_a_loop_of_definitions_does_not_grow() -> None:
    lib = library(0)
    units = [weakref.ref(lib._homes["f"])]
    for k in range(1, 30):
        old = lib["f"]
        lib.add(air.parse(F.format(k)))
        assert (lib["f"](1), old(1)) == (1 + k, k)
        lib.unload(old)
        units.append(weakref.ref(lib._homes["f"]))
    del old
    gc.collect()
    assert sum(ref() is not None for ref in units) == 1


def test_what_was_redefined_goes_with_its_last_handle() -> None:
    lib = library(1)
    old, unit = lib["f"], weakref.ref(lib._homes["f"])
    lib.add(air.parse(F.format(2)))
    gc.collect()
    assert (old(1), unit() is not None) == (2, True)
    lib.unload(old)
    with pytest.raises(UnloadedError):
        old(1)
    gc.collect()
    assert unit() is None
    unit = weakref.ref(lib._homes["f"])
    lib.add(air.parse(F.format(3)))
    gc.collect()
    assert unit() is None


def test_an_unloaded_function() -> None:
    lib = library()
    f = lib["f"]
    lib.unload("f")
    with pytest.raises(UnloadedError, match="@f was unloaded"):
        f(1)
    with pytest.raises(KeyError, match="there is no function @f; there are none"):
        lib["f"]
    with pytest.raises(KeyError, match="there is no function @f"):
        lib.unload("f")
    with pytest.raises(KeyError, match="no function of this library, or was unloaded before"):
        lib.unload(f)
    with pytest.raises(KeyError, match="no function of this library"):
        lib.unload(print)
    lib.add(air.parse(F.format(5)))
    assert lib["f"](1) == 6
    with pytest.raises(UnloadedError):
        f(1)


def test_code_stays_for_who_needs_it() -> None:
    lib = library(1)
    lib.add(air.parse(G))
    unit = weakref.ref(lib._homes["f"])
    lib.unload("f")
    gc.collect()
    assert lib["g"](4) == 10  # it was linked against @f
    assert unit() is not None
    lib.unload("g")
    gc.collect()
    assert unit() is None


def test_a_handle_is_enough() -> None:
    f = library(3)["f"]
    gc.collect()
    assert f(1) == 4


def test_unloading_while_running_is_refused() -> None:
    inside, leave = threading.Event(), threading.Event()

    def ask(n: int) -> int:
        inside.set()
        leave.wait(30)
        return n

    lib = backend.compile(air.parse(G), externs={"f": ask})
    thread = threading.Thread(target=lambda: results.append(lib["g"](4)))
    results: list[int] = []
    thread.start()
    inside.wait(30)
    with pytest.raises(RuntimeError, match="@g cannot be unloaded while @g of its module is running"):
        lib.unload("g")
    leave.set()
    thread.join()
    assert results == [8]
    lib.unload("g")

    def unloads(n: int) -> int:
        with pytest.raises(RuntimeError, match="is running"):
            again.unload("g")
        return n

    again = backend.compile(air.parse(G), externs={"f": unloads})
    assert again["g"](1) == 2
    again.unload("g")


def test_globals_are_shared() -> None:
    lib = backend.compile(air.parse("global mut @count : i64 = 5\nfunc @f() {\n^e:\n  ret\n}\n"))
    lib.add(air.parse(
        "global mut @count : i64\nfunc @next() -> i64 {\n^e:\n  %p = global @count unsafe\n  %v = load %p\n"
        "  %one = const 1 : i64\n  %w = add %v, %one\n  assign %p, %w\n  ret %v\n}\n"
    ))  # fmt: skip
    assert [lib["next"](), lib["next"]()] == [5, 6]
    with pytest.raises(air.DiagnosticError, match="@count has type `i32` here, and `i64` where it is defined"):
        lib.add(air.parse("global mut @count : i32\nfunc @h() {\n^e:\n  ret\n}\n"))


@pytest.mark.parametrize(
    ("declaration", "says"),
    [
        ("func @f(%n: i32) -> i64", r"@f has type `fn\(i32\) -> i64` here, and `fn\(i64\) -> i64` where it is defined"),
        ("func @f(%n: i64) -> i32", "where it is defined"),
        ("func @f(%n: i64, %m: i64) -> i64", "where it is defined"),
    ],
)
def test_a_declaration_that_is_not_the_definition(declaration: str, says: str) -> None:
    lib = library()
    with pytest.raises(air.DiagnosticError, match=says):
        lib.add(air.parse(f"{declaration}\nfunc @h() {{\n^e:\n  ret\n}}\n"))
    assert list(lib) == ["f"]  # nothing was added
    lib.add(air.parse("func @f(%other: i64) -> i64\nfunc @h() {\n^e:\n  ret\n}\n"))
    assert list(lib) == ["f", "h"]


def test_a_struct_that_is_another_one() -> None:
    text = "struct @S {{ x: {} }}\nfunc @{}(%s: @S) -> @S"
    body = " {\n^e:\n  ret %s\n}\n"
    lib = backend.compile(air.parse(text.format("i32", "f") + body))
    with pytest.raises(air.DiagnosticError, match="@f passes @S, which is another type where the function is defined"):
        lib.add(air.parse(text.format("i64", "f") + "\n"))
    lib.add(air.parse(text.format("i32", "f") + "\n"))


# -- what never becomes a library -----------------------------------------------------------------------------------------


def test_modules_that_do_not_verify() -> None:
    module = air.parse(F.format(1))
    module.functions["f"].entry.ops.pop()
    with pytest.raises(air.DiagnosticError, match="ALT-V001"):
        backend.compile(module)
    lib = library()
    with pytest.raises(air.DiagnosticError, match="ALT-V001"):
        lib.add(module)
    assert lib["f"](1) == 2


@pytest.mark.parametrize("target", ["aarch64-linux-gnu", "x86_64-pc-windows-msvc", "nonsense"])
def test_other_machines(target: str) -> None:
    with pytest.raises(air.DiagnosticError, match="ALT-S003"):
        backend.compile(air.parse(F.format(1)), target=target)


def test_this_machine_by_its_long_name() -> None:
    from altru_ir.backend.target import host_triple

    long = host_triple().replace("-linux", "-unknown-linux")
    assert backend.compile(air.parse(F.format(1)), target=long)["f"](1) == 2


def test_the_same_name_twice_in_a_module() -> None:
    module = air.parse(F.format(1))
    with pytest.raises(ValueError, match="@f is already declared"):
        module.add(air.parse(F.format(2)).functions["f"])


def test_threads_call_and_compile_at_once() -> None:
    lib = library(1)
    problems: list[BaseException] = []

    def work(k: int) -> None:
        try:
            for _ in range(3):
                lib.add(air.parse(F.format(k).replace("@f", f"@f{k}")))
                assert lib[f"f{k}"](1) == 1 + k
                assert lib["f"](2) == 3
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def test_the_lock_is_let_go_in_compiled_code() -> None:
    """Compiled code says that it is there, and waits for an answer, which comes in vain when it is late."""
    text = """
func @send(%socket: i32, %from: ptr<mut i8>, %size: usize, %flags: i32) -> i64
func @recv(%socket: i32, %to: ptr<mut i8>, %size: usize, %flags: i32) -> i64
func @f(%socket: i32) -> i64 {
^e:
  %one = const 1 : usize
  %none = const 0 : i32
  %p = alloc %one : ptr<mut i8>
  %sent = call @send(%socket, %p, %one, %none)
  %got = call @recv(%socket, %p, %one, %none)
  free %p unsafe
  ret %got
}
"""
    f = backend.compile(air.parse(text))["f"]
    here, there = socket.socketpair()
    there.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("qq", 30, 0))  # then it returns -1
    got: list[int] = []
    thread = threading.Thread(target=lambda: got.append(f(there.fileno())))
    thread.start()
    assert len(here.recv(1)) == 1
    here.send(b"!")
    thread.join()
    assert got == [1]
    here.close()
    there.close()


def test_functions_as_values() -> None:
    text = "func @apply(%f: fn(i64) -> i64, %n: i64) -> i64 {\n^e:\n  %r = call %f(%n)\n  ret %r\n}\n"
    apply = backend.compile(air.parse(text))["apply"]
    lib = library(5)
    unit = weakref.ref(lib._homes["f"])
    assert apply(lib["f"], 1) == 6
    del lib
    gc.collect()
    assert unit() is not None  # compiled code may have kept the pointer
    del apply
    gc.collect()
    assert unit() is None


def test_what_is_no_function_of_that_type() -> None:
    text = "func @apply(%f: fn(i32) -> i64) -> i64 {\n^e:\n  %n = const 1 : i32\n  %r = call %f(%n)\n  ret %r\n}\n"
    apply = backend.compile(air.parse(text))["apply"]
    f = library()["f"]
    with pytest.raises(TypeError, match=r"%f of @apply has type `fn\(i32\) -> i64`, and @f has type `fn\(i64\) -> i64`"):
        apply(f)
    for value in (abs, None, 4096):
        with pytest.raises(TypeError, match="takes a compiled function, not"):
            apply(value)


ONE = """
struct @P { x: i64 }
enum @E { A, B(i64) }
func @make(%n: i64) -> own<@P> {
^e:
  %p = struct %n : @P
  %o = new %p : own<@P>
  ret %o
}
func @x_of(%r: ref<@P>) -> i64 {
^e:
  %p = deref %r
  %f = field %p, x
  %v = load %f
  ret %v
}
func @many(%n: usize) -> own<[? x @P]> {
^e:
  %one = const 1 : i64
  %p = struct %one : @P
  %o = new.array %n, %p : own<[? x @P]>
  ret %o
}
func @same(%f: fn(i64) -> i64, %n: i64) -> i64 {
^e:
  %r = call %f(%n)
  ret %r
}
"""
OTHER = """
struct @P { x: i64, y: i64, z: i64 }
func @z_of(%r: ref<@P>) -> i64 {
^e:
  %p = deref %r
  %f = field %p, z
  %v = load %f
  ret %v
}
func @last(%r: ref<[? x @P]>) -> i64 {
^e:
  %one = const 1 : usize
  %n = slice.len %r
  %i = sub %n, %one
  %s = deref %r
  %p = elem %s, %i
  %f = field %p, z
  %v = load %f
  ret %v
}
func @eat(%o: own<@P>) -> i64 {
^e:
  %p = deref %o
  %f = field %p, z
  %v = load %f
  ret %v
}
func @apply(%f: fn(ref<@P>) -> i64, %r: ref<@P>) -> i64 {
^e:
  %v = call %f(%r)
  ret %v
}
"""


@pytest.mark.parametrize("apart", [True, False])
def test_a_type_of_the_same_name_may_be_another_one(apart: bool) -> None:
    """What crosses from one module to another is laid out as its own says: of another library, or added to one later."""
    first = backend.compile(air.parse(ONE))
    make, many, x_of = first["make"], first["many"], first["x_of"]
    if apart:
        second = backend.compile(air.parse(OTHER))
    else:
        second = first
        second.add(air.parse(OTHER))
    one, row = make(5), many(2)
    for call, given in ((second["z_of"], one), (second["eat"], one), (second["last"], row)):
        with pytest.raises(TypeError, match=r"has type .*, and @P is another type where the owner was made"):
            call(given)
    with pytest.raises(TypeError, match="@P is another type where @x_of was compiled"):
        second["apply"](x_of, (1, 2, 3))
    assert second["apply"](second["z_of"], (1, 2, 3)) == 3
    assert x_of(one) == 5  # and nothing was moved


def test_what_is_the_same_crosses() -> None:
    first, second = (backend.compile(air.parse(ONE)) for _ in range(2))
    assert second["x_of"](first["make"](5)) == 5


def test_a_function_that_was_unloaded_is_no_argument() -> None:
    library = backend.compile(air.parse(ONE))
    other = backend.compile(air.parse("func @inc(%n: i64) -> i64 {\n^e:\n  ret %n\n}\n"))
    inc = other["inc"]
    assert library["same"](inc, 4) == 4
    other.unload(inc)
    with pytest.raises(ValueError, match="parameter %f of @same takes a compiled function, and @inc was unloaded"):
        library["same"](inc, 4)


def test_a_library_shows_its_functions() -> None:
    text = "".join(f"func @f{n}() {{\n^e:\n  ret\n}}\n" for n in range(10))
    library = backend.compile(air.parse(text))
    assert repr(library) == "<Library of @f0, @f1, @f2, @f3, @f4, @f5, @f6, @f7 and 2 more>"
    for name in list(library):
        library.unload(name)
    assert repr(library) == "<Library of nothing>"
