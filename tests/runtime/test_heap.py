"""The heap's promises: all of them from C under sanitizers, the main ones through the loaded shared library."""

from __future__ import annotations

import ctypes
import os
import subprocess
from pathlib import Path

import pytest

from altru_ir.runtime.load import symbols


def function(name: str, result: object, *parameters: object) -> ctypes._CFuncPtr:
    return ctypes.CFUNCTYPE(result, *parameters)(symbols()[name])


alloc = function("altru_alloc", ctypes.c_void_p, ctypes.c_size_t)
alloc_aligned = function("altru_alloc_aligned", ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t)
free = function("altru_free", None, ctypes.c_void_p)
realloc = function("altru_realloc", ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)

PTRDIFF_MAX = 2 ** (8 * ctypes.sizeof(ctypes.c_void_p) - 1) - 1
SIZE_MAX = 2 * PTRDIFF_MAX + 1


@pytest.mark.parametrize("variant", ["release", "sanitize"])
def test_all_promises_from_c(program, variant: str) -> None:
    executable: Path = program("heap_program", variant)
    options = {"ASAN_OPTIONS": "allocator_may_return_null=1", "UBSAN_OPTIONS": "print_stacktrace=1"}
    done = subprocess.run([executable], env=os.environ | options, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "the heap keeps its promises\n"), done.stderr


def test_contents_survive_reallocation() -> None:
    block = alloc(5)
    ctypes.memmove(block, b"altru", 5)
    block = realloc(block, 1 << 20)
    assert ctypes.string_at(block, 5) == b"altru"
    assert realloc(block, SIZE_MAX) is None
    assert ctypes.string_at(block, 5) == b"altru"
    free(block)


def test_no_bytes_is_a_block() -> None:
    blocks = [alloc(0) for _ in range(100)]
    assert None not in blocks
    assert len(set(blocks)) == 100
    for block in blocks:
        free(block)
    free(None)


@pytest.mark.parametrize("size", [PTRDIFF_MAX, PTRDIFF_MAX + 1, SIZE_MAX])
def test_absurd_sizes_are_null(size: int) -> None:
    assert alloc(size) is None
    assert alloc_aligned(size, 64) is None
    assert realloc(None, size) is None


@pytest.mark.parametrize("alignment", [0, 3, 48, PTRDIFF_MAX, PTRDIFF_MAX + 1, SIZE_MAX])
def test_alignments_that_are_none_are_null(alignment: int) -> None:
    assert alloc_aligned(1, alignment) is None


@pytest.mark.parametrize("alignment", [1, 2, 8, 16, 64, 4096, 1 << 20])
def test_alignments(alignment: int) -> None:
    blocks = [alloc_aligned(size, alignment) for size in (0, 1, 24, 5000)]
    assert [block % alignment for block in blocks] == [0, 0, 0, 0]
    for block in blocks:
        free(block)
