"""The allocators against models in Python: state machines that call the shared library, and check what it must keep.

A block is modelled by its size and the byte it was filled with; an arena by the sizes since each mark; a pool by which
slots are out and which handles lead somewhere. The runtime's own walkers run after every step.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, precondition, rule

from altru_ir.runtime.load import library

POINTER, SIZE, TEXT = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p


class Handle(ctypes.Structure):
    _fields_ = [("index", ctypes.c_uint32), ("generation", ctypes.c_uint32)]


class Mark(ctypes.Structure):
    _fields_ = [("chunk", POINTER), ("cursor", SIZE), ("deferred", POINTER)]


class Statistics(ctypes.Structure):
    _fields_ = [(name, SIZE) for name in ("current", "peak", "allocations", "releases", "reserved")]


SIGNATURES: dict[str, tuple[object, ...]] = {
    "altru_alloc": (POINTER, SIZE), "altru_alloc_aligned": (POINTER, SIZE, SIZE), "altru_alloc_system": (POINTER, SIZE, SIZE),
    "altru_free": (None, POINTER), "altru_realloc": (POINTER, POINTER, SIZE), "altru_usable_size": (SIZE, POINTER),
    "altru_secure_alloc": (POINTER, SIZE), "altru_heap_check": (TEXT,), "altru_heap_trim": (None,),
    "altru_arena_new": (POINTER,), "altru_arena_destroy": (None, POINTER), "altru_arena_reset": (None, POINTER),
    "altru_arena_alloc": (POINTER, POINTER, SIZE, SIZE), "altru_arena_now": (Mark, POINTER),
    "altru_arena_rollback": (None, POINTER, Mark), "altru_arena_check": (TEXT, POINTER), "altru_arena_trim": (None, POINTER),
    "altru_arena_statistics": (None, POINTER, POINTER),
    "altru_pool_new": (POINTER, SIZE, SIZE), "altru_pool_destroy": (None, POINTER), "altru_pool_acquire": (POINTER, POINTER),
    "altru_pool_release": (None, POINTER, POINTER), "altru_pool_prewarm": (ctypes.c_int, POINTER, SIZE),
    "altru_pool_policy": (None, POINTER, SIZE, SIZE), "altru_pool_insert": (POINTER, POINTER, POINTER),
    "altru_pool_get": (POINTER, POINTER, Handle), "altru_pool_remove": (POINTER, POINTER, Handle),
    "altru_pool_check": (TEXT, POINTER), "altru_pool_statistics": (None, POINTER, POINTER),
}  # fmt: skip


def call(name: str, *arguments: object) -> object:
    function = getattr(library(), name)
    result, *parameters = SIGNATURES[name]
    function.restype, function.argtypes = result, parameters
    return function(*arguments)


sizes = st.one_of(st.integers(0, 300), st.integers(0, 9000), st.sampled_from([1024, 1025, 8192, 8193, 100_000]))
alignments = st.sampled_from([1 << n for n in range(14)])


class Heap(RuleBasedStateMachine):
    """Blocks keep what was written to them, whatever happens to the others."""

    blocks = Bundle("blocks")

    def __init__(self) -> None:
        super().__init__()
        self.tags = 0

    def filled(self, address: object, size: int) -> tuple[int, int, int]:
        assert isinstance(address, int)
        self.tags = self.tags % 250 + 1
        ctypes.memset(address, self.tags, size)
        return address, size, self.tags

    @rule(target=blocks, size=sizes)
    def alloc(self, size: int) -> tuple[int, int, int]:
        return self.filled(call("altru_alloc", size), size)

    @rule(target=blocks, size=sizes, alignment=alignments, name=st.sampled_from(["altru_alloc_aligned", "altru_alloc_system"]))
    def alloc_aligned(self, size: int, alignment: int, name: str) -> tuple[int, int, int]:
        address = call(name, size, alignment)
        assert isinstance(address, int)
        assert address % alignment == 0
        return self.filled(address, size)

    @rule(target=blocks, size=st.integers(0, 5000))
    def alloc_secure(self, size: int) -> object:
        address = call("altru_secure_alloc", size)
        return multiple() if address is None else self.filled(address, size)

    @rule(target=blocks, block=consumes(blocks), size=sizes)
    def realloc(self, block: tuple[int, int, int], size: int) -> tuple[int, int, int]:
        address, old, tag = block
        moved = call("altru_realloc", address, size)
        if moved is None:
            return block
        assert isinstance(moved, int)
        assert ctypes.string_at(moved, min(old, size)) == bytes([tag]) * min(old, size)
        return self.filled(moved, size)

    @rule(block=consumes(blocks))
    def free(self, block: tuple[int, int, int]) -> None:
        address, size, tag = block
        usable = call("altru_usable_size", address)
        assert isinstance(usable, int)
        assert usable >= size
        assert ctypes.string_at(address, size) == bytes([tag]) * size
        call("altru_free", address)

    @rule()
    def trim(self) -> None:
        call("altru_heap_trim")

    @invariant()
    def whole(self) -> None:
        assert call("altru_heap_check") is None


class Arena(RuleBasedStateMachine):
    """What was taken stays until its moment is taken back, and nothing overlaps."""

    @initialize()
    def make(self) -> None:
        self.arena = call("altru_arena_new")
        self.pieces: list[tuple[int, int, int]] = []
        self.marks: list[tuple[int, Mark]] = []

    @rule(size=sizes, alignment=alignments)
    def take(self, size: int, alignment: int) -> None:
        address = call("altru_arena_alloc", self.arena, size, alignment)
        assert isinstance(address, int)
        assert address % alignment == 0
        tag = len(self.pieces) % 251
        ctypes.memset(address, tag, size)
        self.pieces.append((address, size, tag))

    @rule()
    def mark(self) -> None:
        self.marks.append((len(self.pieces), call("altru_arena_now", self.arena)))  # type: ignore[arg-type]

    @precondition(lambda self: self.marks)
    @rule(data=st.data())
    def rollback(self, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, len(self.marks) - 1))
        length, mark = self.marks[at]
        call("altru_arena_rollback", self.arena, mark)
        del self.marks[at + 1 :], self.pieces[length:]

    @rule()
    def reset(self) -> None:
        call("altru_arena_reset", self.arena)
        self.pieces, self.marks = [], []

    @rule()
    def trim(self) -> None:
        call("altru_arena_trim", self.arena)
        if not self.pieces:
            self.marks = []

    @invariant()
    def whole(self) -> None:
        if not hasattr(self, "arena"):
            return
        assert call("altru_arena_check", self.arena) is None
        found = Statistics()
        call("altru_arena_statistics", self.arena, ctypes.byref(found))
        assert sum(size for _, size, _ in self.pieces) <= found.current <= found.peak
        assert found.current <= found.reserved
        for address, size, tag in self.pieces:
            assert ctypes.string_at(address, size) == bytes([tag]) * size

    def teardown(self) -> None:
        if hasattr(self, "arena"):
            call("altru_arena_destroy", self.arena)


class Pool(RuleBasedStateMachine):
    """Slots are out once; handles lead to their object until it is removed, and never to another."""

    slots = Bundle("slots")
    handles = Bundle("handles")

    @initialize(
        size=st.sampled_from([1, 8, 24, 100, 5000, 70_000]), alignment=st.sampled_from([1, 8, 64]), prewarm=st.integers(0, 50)
    )
    def make(self, size: int, alignment: int, prewarm: int) -> None:
        self.pool = call("altru_pool_new", size, alignment)
        self.alignment = alignment
        self.out: set[int] = set()
        self.most = 0
        self.maximum: int | None = None
        self.leads: dict[tuple[int, int], int] = {}
        assert call("altru_pool_prewarm", self.pool, prewarm) == 0

    def took(self, address: object) -> bool:
        if address is None:
            assert self.maximum is not None
            assert len(self.out) >= self.maximum
            return False
        assert isinstance(address, int)
        assert address % self.alignment == 0
        assert address not in self.out
        self.out.add(address)
        self.most = max(self.most, len(self.out))
        return True

    @rule(target=slots)
    def acquire(self) -> object:
        address = call("altru_pool_acquire", self.pool)
        return address if self.took(address) else multiple()

    @rule(slot=consumes(slots))
    def release(self, slot: int) -> None:
        call("altru_pool_release", self.pool, slot)
        self.out.remove(slot)

    @rule(target=handles)
    def insert(self) -> object:
        handle = Handle()
        address = call("altru_pool_insert", self.pool, ctypes.byref(handle))
        if not self.took(address):
            return multiple()
        key = (handle.index, handle.generation)
        assert key not in self.leads
        self.leads[key] = address  # type: ignore[assignment]
        return key

    @rule(key=handles, remove=st.booleans())
    def look(self, key: tuple[int, int], remove: bool) -> None:
        expected = self.leads.get(key, 0) or None
        assert call("altru_pool_get", self.pool, Handle(*key)) == expected
        if remove:
            assert call("altru_pool_remove", self.pool, Handle(*key)) == expected
            if expected is not None:
                self.leads[key] = 0
                call("altru_pool_release", self.pool, expected)
                self.out.remove(expected)

    @rule(more=st.integers(0, 20), growth=st.integers(0, 40))
    def policy(self, more: int, growth: int) -> None:
        found = Statistics()
        call("altru_pool_statistics", self.pool, ctypes.byref(found))
        self.maximum = len(self.out) + more
        call("altru_pool_policy", self.pool, self.maximum, growth)

    @invariant()
    def whole(self) -> None:
        if not hasattr(self, "pool"):
            return
        assert call("altru_pool_check", self.pool) is None
        found = Statistics()
        call("altru_pool_statistics", self.pool, ctypes.byref(found))
        assert found.allocations == self.most
        assert found.current * self.most == found.peak * len(self.out)

    def teardown(self) -> None:
        if hasattr(self, "pool"):
            call("altru_pool_destroy", self.pool)


TestHeap, TestArena, TestPool = Heap.TestCase, Arena.TestCase, Pool.TestCase
for _case in (TestHeap, TestArena, TestPool):
    _case.settings = settings(max_examples=25, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize("mode", ["ALTRU_HARDENED", "ALTRU_STATISTICS"])
def test_the_models_hold_in_a_checked_heap(mode: str) -> None:
    """The same machines in a process whose heap is checked from its start."""
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(Path(__file__)), "-k", "TestHeap or TestPool"]
    root = Path(__file__).resolve().parents[2]
    import os

    environment = os.environ | {mode: "1", "ALTRU_SAMPLE": "20", "PYTHONPATH": str(root)}
    done = subprocess.run(line, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
