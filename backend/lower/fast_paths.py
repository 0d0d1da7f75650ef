"""The common cases of allocation, written out where they are used.

While LLVM optimizes, an allocation is a call of ``@altru.alloc.4`` (class 4) or ``@altru.free``, which LLVM knows to be one
and removes when nobody uses the memory. Afterwards the definitions below are linked in and inlined: a load, a test and two
memory operations; everything else is a call of the runtime. What they touch is in ``altru_thread.h``, and they are the inline
functions of the runtime's headers, over again.

    %b = call ptr @altru.alloc.4(i64 64)    ; the list of class 4 in this thread, else altru_alloc(64)

Where the thread is: in an object file a thread-local variable of the initial-exec model; in the JIT, which has none, the
thread pointer and a distance, an absolute symbol that is given when the code is linked. Elsewhere (32-bit targets) the
definitions are plain calls.

Invariant: no name that begins with ``@altru.`` is left undefined after ``link``.
"""

from __future__ import annotations

import re
from typing import Any

SMALL_MAXIMUM = 1024
HEAP_OFFSET, CLASSES = 21 * 8, 21
"""``altru_thread``: 21 lists, then the heap."""
DISTANCE = "altru_thread_distance"
"""The absolute symbol that JIT code reaches its thread by; its value is that of ``altru_thread_offset()``."""


def class_of(size: int) -> int:
    """``altru_class_of`` of the runtime: 8, 16 to 128 in steps of 16, then four to each doubling.

    Example: ``class_of(32) == 2`` and ``class_of(129) == 9``.
    """
    if size <= 128:
        return 0 if size <= 8 else (size + 15) // 16
    bits = (size - 1).bit_length() - 1
    return 8 + (bits - 7) * 4 + ((size - 1) >> (bits - 2)) - 3


_UNLIKELY = '!prof !{!"branch_weights", i32 1, i32 1048575}'


def _thread(jit: bool) -> str:
    if jit:
        return (
            "  %tp = call ptr @llvm.thread.pointer.p0()\n"
            f"  %thread = getelementptr i8, ptr %tp, i64 ptrtoint (ptr @{DISTANCE} to i64)\n"
        )
    return "  %thread = call ptr @llvm.threadlocal.address.p0(ptr @altru_this_thread)\n"


def _alloc(size_class: int, word: str, jit: bool) -> str:
    return f"""
define linkonce_odr hidden ptr @altru.alloc.{size_class}({word} %size) alwaysinline nounwind {{
{_thread(jit)}  %list = getelementptr i8, ptr %thread, i64 {8 * size_class}
  %block = load ptr, ptr %list, align 8
  %none = icmp eq ptr %block, null
  br i1 %none, label %slow, label %fast, {_UNLIKELY}
fast:
  %next = load ptr, ptr %block, align 8
  store ptr %next, ptr %list, align 8
  ret ptr %block
slow:
  %given = call ptr @altru_alloc({word} %size)
  ret ptr %given
}}
"""


def _free(jit: bool) -> str:
    return f"""
define linkonce_odr hidden void @altru.free(ptr %block, ptr %site) alwaysinline nounwind {{
  %base = load i64, ptr @altru_heap_range, align 8
  %size = load i64, ptr getelementptr (i8, ptr @altru_heap_range, i64 8), align 8
  %address = ptrtoint ptr %block to i64
  %offset = sub i64 %address, %base
  %outside = icmp uge i64 %offset, %size
  br i1 %outside, label %slow, label %inside, {_UNLIKELY}
inside:
  %number = lshr i64 %offset, 16
  %entry = shl nuw i64 %number, 6
  %at = add i64 %base, %entry
  %page = inttoptr i64 %at to ptr
{_thread(jit)}  %mine = getelementptr i8, ptr %thread, i64 {HEAP_OFFSET}
  %heap = load ptr, ptr %mine, align 8
  %owner = load ptr, ptr %page, align 8
  %foreign = icmp ne ptr %owner, %heap
  br i1 %foreign, label %slow, label %own, {_UNLIKELY}
own:
  %list = getelementptr i8, ptr %page, i64 8
  %first = load ptr, ptr %list, align 8
  store ptr %first, ptr %block, align 8
  store ptr %block, ptr %list, align 8
  %counter = getelementptr i8, ptr %page, i64 16
  %count = load i32, ptr %counter, align 4
  %left = sub i32 %count, 1
  store i32 %left, ptr %counter, align 4
  %due = icmp eq i32 %left, 0
  br i1 %due, label %look, label %done, {_UNLIKELY}
look:
  call void @altru_page_due(ptr %page)
  ret void
done:
  ret void
slow:
  call void @altru_free_at(ptr %block, ptr %site)
  ret void
}}
"""


_ARENA = f"""
define linkonce_odr hidden ptr @altru.arena.take(ptr %arena, i64 %size) alwaysinline nounwind {{
  %taken = load i64, ptr %arena, align 8
  %next = add i64 %taken, %size
  %end = getelementptr i8, ptr %arena, i64 8
  %limit = load i64, ptr %end, align 8
  %full = icmp ugt i64 %next, %limit
  br i1 %full, label %slow, label %fast, {_UNLIKELY}
fast:
  store i64 %next, ptr %arena, align 8
  %made = inttoptr i64 %taken to ptr
  ret ptr %made
slow:
  %given = call ptr @altru_arena_alloc(ptr %arena, i64 %size, i64 8)
  ret ptr %given
}}
"""

_POOL_TAKE = f"""
define linkonce_odr hidden ptr @altru.pool.take(ptr %pool) alwaysinline nounwind {{
  %slot = load ptr, ptr %pool, align 8
  %none = icmp eq ptr %slot, null
  br i1 %none, label %slow, label %fast, {_UNLIKELY}
fast:
  %next = load ptr, ptr %slot, align 8
  store ptr %next, ptr %pool, align 8
  ret ptr %slot
slow:
  %given = call ptr @altru_pool_acquire(ptr %pool)
  ret ptr %given
}}
"""

_POOL_GIVE = f"""
define linkonce_odr hidden void @altru.pool.give(ptr %pool, ptr %slot, ptr %site) alwaysinline nounwind {{
  %checks = getelementptr i8, ptr %pool, i64 24
  %checked = load i64, ptr %checks, align 8
  %sees = icmp ne i64 %checked, 0
  br i1 %sees, label %slow, label %fast, {_UNLIKELY}
fast:
  %first = load ptr, ptr %pool, align 8
  store ptr %first, ptr %slot, align 8
  store ptr %slot, ptr %pool, align 8
  ret void
slow:
  call void @altru_pool_release_at(ptr %pool, ptr %slot, ptr %site)
  ret void
}}
"""

_PLAIN = {
    "altru.free": "define linkonce_odr hidden void @altru.free(ptr %p, ptr %site) alwaysinline "
    "{{ call void @altru_free_at(ptr %p, ptr %site) ret void }}",
    "altru.arena.take": "define linkonce_odr hidden ptr @altru.arena.take(ptr %a, {word} %n) alwaysinline "
    "{{ %p = call ptr @altru_arena_alloc(ptr %a, {word} %n, {word} 8) ret ptr %p }}",
    "altru.pool.take": "define linkonce_odr hidden ptr @altru.pool.take(ptr %a) alwaysinline "
    "{{ %p = call ptr @altru_pool_acquire(ptr %a) ret ptr %p }}",
    "altru.pool.give": "define linkonce_odr hidden void @altru.pool.give(ptr %a, ptr %p, ptr %site) alwaysinline "
    "{{ call void @altru_pool_release_at(ptr %a, ptr %p, ptr %site) ret void }}",
}
"""What stands where there is no fast path."""


def _declarations(word: str, jit: bool, fast: bool) -> str:
    lines = [
        f"declare noalias ptr @altru_alloc({word})", "declare void @altru_free_at(ptr, ptr)",
        "declare void @altru_page_due(ptr)", f"declare noalias ptr @altru_arena_alloc(ptr, {word}, {word})",
        "declare noalias ptr @altru_pool_acquire(ptr)", "declare void @altru_pool_release_at(ptr, ptr, ptr)",
    ]  # fmt: skip
    if fast:
        lines.append("@altru_heap_range = external global { i64, i64 }, align 8")
        lines.append("declare ptr @llvm.thread.pointer.p0()" if jit else "declare ptr @llvm.threadlocal.address.p0(ptr)")
        lines.append(
            f"@{DISTANCE} = external global i8, align 1"
            if jit
            else f"@altru_this_thread = external thread_local(initialexec) global [{HEAP_OFFSET + 8} x i8], align 8"
        )
    return "\n".join(lines)


def definitions(names: list[str], *, word: str, jit: bool) -> str:
    """LLVM text that defines the functions ``names``, each of which begins with ``altru.``."""
    fast = word == "i64"
    known = {"altru.free": _free(jit), "altru.arena.take": _ARENA, "altru.pool.take": _POOL_TAKE, "altru.pool.give": _POOL_GIVE}
    texts = [_declarations(word, jit, fast)]
    for name in names:
        number = re.fullmatch(r"altru\.alloc\.(\d+)", name)
        if number is not None and fast:
            texts.append(_alloc(int(number[1]), word, jit))
        elif number is not None:
            call = f"%p = call ptr @altru_alloc({word} %n) ret ptr %p"
            texts.append(f"define linkonce_odr hidden ptr @{name}({word} %n) alwaysinline {{ {call} }}")
        else:
            texts.append(known[name] if fast else _PLAIN[name].format(word=word))
    return "\n".join(texts)


_WANTED = ("altru.alloc.", "altru.free", "altru.arena.take", "altru.pool.")


def link(module: Any, machine: Any, *, word: str, jit: bool, opt: int) -> None:
    """Defines in an optimized ``llvmlite`` module the fast paths that it calls, and inlines them; above ``opt`` 0 the test
    for null behind an allocation goes where the block was at hand."""
    import llvmlite.binding as llvm

    names = sorted(f.name for f in module.functions if f.is_declaration and f.name.startswith(_WANTED))
    if not names:
        return
    paths = llvm.parse_assembly(definitions(names, word=word, jit=jit))
    paths.triple, paths.data_layout = module.triple, module.data_layout
    module.link_in(paths)
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=0))
    passes = llvm.create_new_module_pass_manager()
    passes.add_always_inliner_pass()
    if opt > 0:
        passes.add_jump_threading_pass()
        passes.add_simplify_cfg_pass()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, builder)
