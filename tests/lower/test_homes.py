"""Memory in native code: what vanishes, what is inlined, and that each home does what the interpreter says."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import altru_ir as air
from altru_ir import backend
from altru_ir.backend.lower.fast_paths import CLASSES, SMALL_MAXIMUM, class_of
from altru_ir.runtime import build

HEAD = "altru 1\nmodule @demo\n\nstruct @Node { next: i64, v: i64, w: [2 x i64] }\n\n"


def asm(body: str, *, target: str = "x86_64-linux-gnu", opt: int = 2, name: str = "f") -> str:
    text = backend.emit(air.parse(HEAD + body), "asm", opt=opt, target=target).decode()
    found = re.search(rf"^{name}:\n(.*?)^\.?L?func_end|^{name}:\n(.*?)^\.Lfunc_end", text, re.M | re.S)
    assert found is not None
    return found[1] or found[2]


def instructions(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.startswith("\t") and not line.startswith("\t.")]


PAIR = """func @f(%x: i64) -> i64 {
^entry:
  %b = new %x : own<i64>
  %d = deref %b
  %r = load %d
  drop %b
  ret %r
}
"""


def test_a_pair_whose_memory_nobody_sees_vanishes() -> None:
    assert [line.split()[0] for line in instructions(asm(PAIR))] == ["movq", "retq"]
    arena = """func @f(%x: i64) -> i64 {
^entry:
  %p = null : ptr<mut i64>
  %n = const 64 : usize
  %a = alloc %n : ptr<mut i64>
  free %a unsafe
  ret %x
}
"""
    assert [line.split()[0] for line in instructions(asm(arena))] == ["movq", "retq"]


def test_without_optimization_nothing_vanishes() -> None:
    assert "altru_alloc" in asm(PAIR, opt=0)
    assert "altru_free" in asm(PAIR, opt=0)


@pytest.mark.parametrize("target", ["x86_64-linux-gnu", "aarch64-linux-gnu"])
def test_the_common_case_calls_nothing(target: str) -> None:
    """Up to the first return there is no call: the rest is cold."""
    keep = """func @f(%n: @Node) -> ptr<mut @Node> {
^entry:
  %b = new %n : own<@Node>
  %p = own.into_ptr %b
  ret %p
}
"""
    give = """func @f(%p: ptr<mut @Node>) {
^entry:
  %b = own.from_ptr %p unsafe : own<@Node>
  dealloc %b
  ret
}
"""
    for body, slow in ((keep, "altru_alloc"), (give, "altru_free")):
        lines = instructions(asm(body, target=target))
        end = next(index for index, line in enumerate(lines) if line.startswith("ret"))
        assert not any(line.startswith(("call", "bl\t", "bl ")) for line in lines[:end])
        assert any(slow in line for line in lines[end:])


def test_a_cleanup_gives_back_by_a_call() -> None:
    """The common case is written out where the program goes on, and not where a panic comes by."""
    body = """func @g(%p: ptr<mut @Node>)
func @f(%p: ptr<mut @Node>) {
^entry:
  %b = own.from_ptr %p unsafe : own<@Node>
  call @g(%p)
  dealloc %b
  ret
}
"""
    for panic, calls in (("abort", 1), ("unwind", 2)):
        text = backend.emit(air.parse(HEAD + body), "llvm", opt=2, panic=panic).decode()
        assert len(re.findall(r"call void @altru_free_at\(", text)) == calls, text
        assert len(re.findall(r"call void @altru_page_due\(", text)) == 1


def test_classes_are_those_of_the_runtime(tmp_path: Path) -> None:
    program = tmp_path / "classes.c"
    program.write_text(
        "#include <altru.h>\n#include <stddef.h>\n#include <stdio.h>\n"
        f"int main(void) {{ for (size_t s = 1; s <= {SMALL_MAXIMUM}; s++) {{\n"
        '  unsigned c = altru_class_of(s); printf("%u %zu\\n", c, altru_class_size(c)); }\n'
        '  printf("%zu %zu %zu %zu %zu\\n", offsetof(altru_thread, heap), offsetof(altru_page, free),\n'
        "         offsetof(altru_page, countdown), sizeof(altru_page), sizeof(altru_thread)); }\n"
    )
    line = [*build.compiler(), f"-I{build.include_dir()}", str(program), str(build.static_library()), "-lpthread"]
    subprocess.run([*line, "-o", str(tmp_path / "classes")], check=True)
    *rows, layout = subprocess.run([tmp_path / "classes"], capture_output=True, text=True, check=True).stdout.splitlines()
    pairs = [tuple(map(int, row.split())) for row in rows]
    assert [c for c, _ in pairs] == [class_of(size) for size in range(1, SMALL_MAXIMUM + 1)]
    assert all(size <= whole for size, (_, whole) in enumerate(pairs, 1))
    assert pairs[-1] == (CLASSES - 1, SMALL_MAXIMUM)
    assert layout.split()[:4] == [str(CLASSES * 8), "8", "16", "64"]
    assert int(layout.split()[4]) < 256


SECRET = """func @f(%x: i64) {
^entry:
  %k = local : [4 x i64]
  %zero = const 0 : usize
  %e = elem %k, %zero
  %a = array %x, %x, %x, %x : [4 x i64]
  init %k, %a
  secure_zero %k
  end %k
  ret
}
"""


def wasm(body: str, opt: int) -> str:
    """What LLVM makes of our text for WebAssembly, which is no target of ours."""
    import llvmlite.binding as llvm

    backend.compile(air.parse(HEAD + body))  # initializes LLVM
    text = backend.emit(air.parse(HEAD + body), "llvm", opt=0)
    module = llvm.parse_assembly(re.sub(r"^target .*$", "", text.decode() if isinstance(text, bytes) else text, flags=re.M))
    module.triple = "wasm32-unknown-unknown"
    machine = llvm.Target.from_triple(module.triple).create_target_machine(opt=opt)
    module.data_layout = str(machine.target_data)
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=opt))
    builder.getModulePassManager().run(module, builder)
    return machine.emit_assembly(module)


@pytest.mark.parametrize("target", ["x86_64-linux-gnu", "aarch64-linux-gnu", "wasm32"])
@pytest.mark.parametrize("opt", [0, 1, 2, 3])
def test_secure_zero_is_in_the_machine_code(target: str, opt: int) -> None:
    """32 bytes on the stack are zeroed though nobody reads them: so many more bytes are written than without it."""
    width = {
        "x86_64-linux-gnu": {
            r"v?mov[au]ps\t%y\S+ -?\d*\(%r[sb]p\)": 32, r"v?mov[au]ps\t%x\S+ -?\d*\(%r[sb]p\)": 16,
            r"movq\t\S+ -?\d*\(%r[sb]p\)": 8,
        },
        "aarch64-linux-gnu": {r"stp\tq": 32, r"str\tq|stp\tx": 16, r"str\tx": 8},
        "wasm32": {r"i64\.store": 8},
    }[target]  # fmt: skip

    def written(body: str) -> int:
        text = wasm(body, opt) if target == "wasm32" else asm(body, target=target, opt=opt)
        return sum(len(re.findall(pattern, text)) * size for pattern, size in width.items())

    assert written(SECRET) - written(SECRET.replace("  secure_zero %k\n", "")) >= 32


CHURN = """func @churn(%n: i64, %reset: i1) -> i64 {
^entry:
  %ah = local : arena
  %ph = local : pool<i64>
  %an = arena.new : arena
  %pn = pool.new {prewarm = 8} : pool<i64>
  init %ah, %an
  init %ph, %pn
  %zero = const 0 : i64
  %one = const 1 : i64
  br ^loop(%zero, %zero)
^loop(%i: i64, %sum: i64):
  %more = icmp slt %i, %n
  cond_br %more, ^body, ^done
^body:
  %a = borrow %ah
  %p = borrow %ph
  %x = arena.alloc %a, %i
  %y = pool.acquire %p, %i
  %h = pool.insert %p, %i
  %z = new %i : own<i64>
  %xd = deref %x
  %yd = deref %y
  %zd = deref %z
  %hr = pool.get %p, %h
  %hd = deref %hr
  %xv = load %xd
  %yv = load %yd
  %zv = load %zd
  %hv = load %hd
  %s1 = add %sum, %xv
  %s2 = add %s1, %yv
  %s3 = add %s2, %zv
  %s4 = add %s3, %hv
  drop %y
  drop %z
  %j = add %i, %one
  cond_br %reset, ^again(%j, %s4), ^loop(%j, %s4)
^again(%k: i64, %s5: i64):
  %m = borrow mut %ah
  arena.reset %m
  br ^loop(%k, %s5)
^done:
  end %ph
  end %ah
  ret %sum
}

func @stale(%x: i64) -> i64 {
^entry:
  %ph = local : pool<i64>
  %pn = pool.new : pool<i64>
  init %ph, %pn
  %p = borrow %ph
  %h = pool.insert %p, %x
  %m = borrow mut %ph
  %v = pool.remove %m, %h
  %q = borrow %ph
  %h2 = pool.insert %q, %x
  %r = pool.get %q, %h
  %d = deref %r
  %w = load %d
  end %ph
  ret %w
}

func @huge(%n: usize, %m: usize) -> usize {
^entry:
  %x = const 1 : i64
  %a = new.array %n, %m, %x : own<[? x ? x i64]>
  drop %a
  ret %n
}

func @frame(%n: usize) -> i64 {
^entry:
  %b = stack.alloc %n : ref<mut [? x uninit<i64>]>
  %d = deref %b
  %zero = const 0 : usize
  %e = elem %d, %zero
  %v = const 7 : i64
  init %e, %v
  %i = assume_init %e unsafe
  %r = load %i
  ret %r
}

func @frames(%n: usize) -> i64 {
^entry:
  %zero = const 0 : usize
  %one = const 1 : usize
  br ^loop(%zero)
^loop(%i: usize):
  %r = call @frame(%i)
  %j = add %i, %one
  %more = icmp ult %j, %n
  cond_br %more, ^loop(%j), ^done
^done:
  ret %r
}
"""


@pytest.fixture(scope="module")
def module() -> air.Module:
    return air.parse(HEAD + CHURN)


@pytest.mark.parametrize("opt", [0, 2])
def test_homes_agree_with_the_interpreter(module: air.Module, opt: int) -> None:
    checked = backend.prepare(module, opt=0)
    lib = backend.compile(module, opt=opt)
    for function, arguments in (("churn", (20, True)), ("churn", (20, False)), ("frame", (3,)), ("huge", (4, 5))):
        assert lib[function](*arguments) == backend.interpret(checked, function, list(arguments)), function
    assert lib["churn"](200_000, True) == 4 * sum(range(200_000))
    for function, arguments, said in (
        ("stale", (1,), "pool handle is stale: its object has been removed"),
        ("huge", (2**40, 2**40), "out of memory"),
        ("huge", (2**62, 1), "out of memory"),
        ("frame", (2**17 + 1,), "out of memory: 1048584 bytes were asked for"),
        ("frame", (2**61,), "out of memory"),
        ("frame", (0,), "index 0 out of bounds for length 0"),
    ):
        for run in (
            lambda f=function, a=arguments: lib[f](*a),
            lambda f=function, a=arguments: backend.interpret(checked, f, list(a)),
        ):
            with pytest.raises(air.Panic, match=said):
                run()


def test_stack_allocations_go_with_their_activation(module: air.Module) -> None:
    """40 GB in all, and never more than one frame of it at once; a panic takes its frame along."""
    lib = backend.compile(module)
    from altru_ir.runtime.load import library

    for _ in range(3):
        with pytest.raises(air.Panic):
            lib["frames"](100_000)  # the first has no element
    assert lib["frame"](100_000) == 7
    assert library().altru_stack_used() == 0


def test_a_hardened_executable_computes_the_same(tmp_path: Path) -> None:
    text = (
        HEAD
        + CHURN
        + """
func @main() -> i32 {
^entry:
  %n = const 1000 : i64
  %no = const false : i1
  %r = call @churn(%n, %no)
  %want = const 1998000 : i64
  %bad = icmp ne %r, %want
  %s = zext %bad : i32
  ret %s
}
"""
    )
    backend.emit(air.parse(text), "exe", tmp_path / "churn", opt=2)
    for mode in ({}, {"ALTRU_HARDENED": "1", "ALTRU_SAMPLE": "50"}, {"ALTRU_STATISTICS": "2"}):
        done = subprocess.run([tmp_path / "churn"], env=os.environ | mode, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        if "ALTRU_STATISTICS" in mode:
            rows = {line.split()[0]: line.split()[1:] for line in done.stderr.splitlines()[1:]}
            assert int(rows["heap"][2]) > 1000
            assert int(rows["heap"][0]) == 0


def test_an_object_without_bytes_is_the_first_of_an_arena() -> None:
    program = """func @main() -> i32 {
^entry:
  %a = local : arena
  %made = arena.new
  init %a, %made
  %r = borrow %a
  %nothing = tuple
  %x = arena.alloc %r, %nothing
  %zero = const 0 : i32
  ret %zero
}
"""
    for opt in (0, 2):
        assert backend.compile(air.parse(HEAD + program), opt=opt)["main"]() == 0


LEFT = """altru 1
module @left
struct @Loud { n: i64, own: own<i64> } drop @Loud.drop
struct @Rows { loud: pool<@Loud>, last: @Loud }
global mut @log : i64 = 0

func @said() -> i64 {
^entry:
  %g = global @log unsafe
  %n = load %g
  %zero = const 0 : i64
  assign %g, %zero
  ret %n
}

func @Loud.drop(%self: ref<mut @Loud>) {
^entry:
  %s = deref %self
  %n_place = field %s, n
  %n = load %n_place
  %g = global @log unsafe
  %before = load %g
  %base = const 10 : i64
  %shifted = mul %before, %base
  %after = add %shifted, %n
  assign %g, %after
  %seven = const 7 : i64
  %bad = icmp eq %n, %seven
  cond_br %bad, ^fail, ^done
^fail:
  panic "seven"
^done:
  ret
}

func @loud(%n: i64) -> @Loud {
^entry:
  %o = new %n : own<i64>
  %l = struct %n, %o : @Loud
  ret %l
}

// 1, 2 and 3 are left, 2 is removed and 4 put in its place; 5 belongs to an owner.
func @pool(%third: i64) {
^entry:
  %home = local : pool<@Loud>
  %p0 = pool.new : pool<@Loud>
  init %home, %p0
  %p = borrow %home
  %one = const 1 : i64
  %two = const 2 : i64
  %four = const 4 : i64
  %five = const 5 : i64
  %l1 = call @loud(%one)
  %l2 = call @loud(%two)
  %l3 = call @loud(%third)
  %l4 = call @loud(%four)
  %l5 = call @loud(%five)
  %owned = pool.acquire %p, %l5
  %h1 = pool.insert %p, %l1
  %h2 = pool.insert %p, %l2
  %h3 = pool.insert %p, %l3
  drop %owned
  %m = borrow mut %home
  %gone = pool.remove %m, %h2
  %q = borrow %home
  %h4 = pool.insert %q, %l4
  end %home
  drop %gone
  ret
}

// A pool in a struct.
func @inside(%third: i64) {
^entry:
  %p0 = pool.new : pool<@Loud>
  %nine = const 9 : i64
  %l = call @loud(%nine)
  %rows = struct %p0, %l : @Rows
  %home = local : @Rows
  init %home, %rows
  %place = field %home, loud
  %p = borrow %place
  %l3 = call @loud(%third)
  %h = pool.insert %p, %l3
  end %home
  ret
}
"""


@pytest.mark.parametrize("third", [3, 7], ids=["calm", "panicking"])
def test_what_was_left_to_a_pool_is_dropped_with_it(third: int) -> None:
    """In the order of the handles, as the interpreter has it; a destructor that panics keeps no other from running, and the
    memory goes back all the same."""
    from altru_ir.backend.interpreter import meanings  # noqa: F401
    from altru_ir.backend.interpreter.machine import Machine
    from altru_ir.runtime.load import library

    def told(run: Callable[..., Any], name: str) -> tuple[object, int]:
        answer = None
        try:
            run(name, third)
        except air.Panic as panic:
            answer = panic.message
        return answer, run("said")

    module = air.parse(LEFT)
    machine = Machine(backend.prepare(module, opt=0))
    before = library().altru_current_usage()
    for name, noted in (("pool", f"514{third}2"), ("inside", f"{third}9")):
        wanted = told(lambda function, *arguments: machine.run(function, list(arguments)), name)
        assert wanted == ("seven" if third == 7 else None, int(noted))
        for opt in (0, 2):
            lib = backend.compile(module, opt=opt)
            assert told(lambda function, *arguments: lib[function](*arguments), name) == wanted  # noqa: B023
            assert library().altru_current_usage() == before


def test_memory_of_any_kind_is_aligned_as_it_was_asked_for() -> None:
    kinds = ["", "secure, ", "system, "]
    body = ["  %one = const 1 : i64"]
    for number, kind in enumerate(kinds):
        for alignment in (8, 64, 4096):
            name = f"{number}_{alignment}"
            body += [
                f"  %o{name} = new %one {{{kind}alignment = {alignment}}} : own<i64>",
                f"  %p{name} = own.into_ptr %o{name}",
                f"  %a{name} = ptr.addr %p{name}",
                f"  %m{name} = const {alignment - 1} : usize",
                f"  %r{name} = and %a{name}, %m{name}",
                f"  %back{name} = own.from_ptr %p{name} unsafe : own<i64>",
                f"  drop %back{name}",
            ]
    names = [f"{number}_{alignment}" for number in range(len(kinds)) for alignment in (8, 64, 4096)]
    body.append("  %s0 = const 0 : usize")
    body += [f"  %s{index + 1} = or %s{index}, %r{name}" for index, name in enumerate(names)]
    text = "func @f() -> usize {\n^entry:\n" + "\n".join(body) + f"\n  ret %s{len(names)}\n}}\n"
    module = air.parse(HEAD + text)
    assert backend.interpret(backend.prepare(module, opt=0), "f") == 0
    for opt in (0, 2):
        assert backend.compile(module, opt=opt)["f"]() == 0


LIMITED = """altru 1
module @limited
func @fill(%n: i64) -> i64 {
^entry:
  %home = local : pool<i64>
  %p0 = pool.new {prewarm = 2, maximum = 5, growth = 3} : pool<i64>
  init %home, %p0
  %p = borrow %home
  %zero = const 0 : i64
  %one = const 1 : i64
  br ^loop(%zero)
^loop(%i: i64):
  %more = icmp slt %i, %n
  cond_br %more, ^body, ^done
^body:
  %h = pool.insert %p, %i
  %o = pool.acquire %p, %i
  drop %o
  %j = add %i, %one
  br ^loop(%j)
^done:
  end %home
  ret %n
}
"""


def test_a_pool_has_no_more_slots_than_it_may_have() -> None:
    module = air.parse(LIMITED)
    checked = backend.prepare(module, opt=0)
    for run in (backend.compile(module)["fill"], lambda n: backend.interpret(checked, "fill", [n])):
        assert run(4) == 4
        with pytest.raises(air.Panic, match=r"out of memory: 8 bytes were asked for at <text>:17:3"):
            run(5)
    huge = air.parse(LIMITED.replace("prewarm = 2, maximum = 5, growth = 3", f"prewarm = {1 << 40}"))
    for run in (backend.compile(huge)["fill"], lambda n: backend.interpret(backend.prepare(huge, opt=0), "fill", [n])):
        with pytest.raises(air.Panic, match=r"out of memory: 8796093022208 bytes were asked for at <text>:6:3"):
            run(1)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("prewarm = 6, maximum = 5", "a pool of at most 5 slots cannot begin with 6"),
        ("growth = -1", "a pool cannot have -1 slots, as `growth` says"),
        ("maximum = 9223372036854775808", "as `maximum` says"),
        ("prewarm", "must be of type int"),
        ("prewarm = 5, maximum = 5, growth = 0", None),
        ("maximum = 0", None),
    ],
)
def test_sizes_of_pools_are_verified(written: str, said: str | None) -> None:
    found = air.verify(air.parse(LIMITED.replace("prewarm = 2, maximum = 5, growth = 3", written)))
    assert [said in problem.message for problem in found] == ([True] if said else [])  # type: ignore[operator]


def test_a_pool_within_its_own_objects_is_refused() -> None:
    """How deep pools of pools are is a matter of data, and so would be the stack that dropping them takes."""
    program = """altru 1
module @deep
struct @Node { children: pool<own<@Node>>, name: own<i64> }
func @f(%n: @Node) {
^entry:
  drop %n
  ret
}
"""
    with pytest.raises(air.DiagnosticError) as caught:
        backend.compile(air.parse(program))
    assert "pools of its own type" in str(caught.value)
    assert caught.value.diagnostics[0].code == "ALT-S006"
