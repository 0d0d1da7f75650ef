"""Memory of the abstract machine: allocations are objects, bytes are abstract, pointers have provenance.

Glossary:

- an **allocation** is a block of bytes that was made at one place in the program and ends at another; what may happen to it
  depends on its ``kind`` (a local, a heap cell of an owner, a raw block, ...);
- an abstract **byte** is a number from 0 to 255, or a ``Fragment`` of a pointer, or ``None`` (nothing was ever stored), or
  ``Gone`` (what was there has been moved out or dropped);
- a **pointer** is an address and its provenance: the allocation it may access and its tag in the borrow tree of that
  allocation. Arithmetic changes the address and never the provenance.

The rules of an access of ``size`` bytes at a pointer, cited by number in the code:
 1. the pointer has provenance: it is not null and was not made of a number;
 2. its allocation has not ended;
 3. the bytes lie within the allocation;
 4. the address is a multiple of the alignment of the type;
 5. the tag may access the bytes (``borrows``);
 6. no other thread accesses them without order (``races``).
An access of no bytes needs rule 4 only. Addresses are numbers that the memory gives out once and never again, so a stale
pointer never meets a younger allocation.

Example: ``memory.allocate(8, 8, "local", where)`` gives an ``Allocation`` whose eight bytes are ``None``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from altru_ir.backend.interpreter.faults import fault

if TYPE_CHECKING:
    from altru_ir.backend.interpreter.borrows import BorrowTree
    from altru_ir.backend.interpreter.races import Races
    from altru_ir.types import Type
    from altru_ir.values import Operation

LOCAL, GLOBAL, CONSTANT, FUNCTION = "local", "global", "constant", "function"
OWNED, RAW, FOREIGN, ARENA_CELL, POOL_SLOT, COLLECTED, FRAME = (
    "owned", "raw", "foreign", "arena", "pool", "collected", "frame",
)  # fmt: skip
HANDLE, DESCRIPTOR, HOST = "handle", "descriptor", "host"

_SHOWN = {
    LOCAL: "the local", GLOBAL: "the global", CONSTANT: "the constant", FUNCTION: "the function", OWNED: "owned memory",
    RAW: "memory from `alloc`", FOREIGN: "memory from C", ARENA_CELL: "memory of an arena", POOL_SLOT: "a slot of a pool",
    COLLECTED: "a collected object", FRAME: "memory of the frame", HANDLE: "a resource", DESCRIPTOR: "a type descriptor",
    HOST: "an argument of the host",
}  # fmt: skip


class Pointer:
    """An address with provenance. ``meta`` are the lengths of an unsized pointee, or the descriptor of a ``dyn``."""

    __slots__ = ("address", "allocation", "meta", "tag")

    def __init__(self, address: int, allocation: Allocation | None, tag: Any = None, meta: tuple[Any, ...] = ()) -> None:
        self.address = address
        self.allocation = allocation
        self.tag = tag
        self.meta = meta

    def moved(self, by: int) -> Pointer:
        """The pointer ``by`` bytes further, without ``meta``."""
        return Pointer(self.address + by, self.allocation, self.tag)

    def __repr__(self) -> str:
        return f"<pointer 0x{self.address:x} into {self.allocation}>"


class Fragment:
    """One byte of a stored pointer: the ``index``-th in memory order."""

    __slots__ = ("index", "pointer")

    def __init__(self, pointer: Pointer, index: int) -> None:
        self.pointer = pointer
        self.index = index


class Gone:
    """What stands where a value has been ``moved`` out or ``dropped``, and where that happened."""

    __slots__ = ("how", "where")

    def __init__(self, how: str, where: Operation | None) -> None:
        self.how = how
        self.where = where


class Allocation:
    """A block of memory. ``data`` has one abstract byte per element; ``ended`` says where and how it ended, if it has."""

    __slots__ = (
        "__weakref__", "align", "base", "created", "data", "ended", "how", "kind", "name", "resource", "shadow", "size", "tree",
        "type",
    )  # fmt: skip

    def __init__(self, base: int, size: int, align: int, kind: str, created: Operation | None, name: str = "") -> None:
        self.base = base
        self.size = size
        self.align = align
        self.kind = kind
        self.created = created
        self.name = name
        self.data: list[Any] = [None] * size
        self.ended: Operation | None = None
        self.how = ""  # how it ended; empty while it lives
        self.tree: BorrowTree | None = None
        self.shadow: dict[int, Any] | None = None  # of the race detector
        self.type: Type | None = None
        self.resource: Any = None  # what the machine keeps for a handle

    def __str__(self) -> str:
        named = f" `{self.name}`" if self.name else ""
        return f"{_SHOWN[self.kind]}{named}"

    __repr__ = __str__


class Memory:
    """All allocations of a run."""

    def __init__(self, budget: int) -> None:
        self.restart(budget)

    def restart(self, budget: int) -> None:
        """Forgets everything, for another run."""
        self.next_address = 0x10000
        self.live: dict[int, Allocation] = {}  # by base, heap-like kinds only: what can leak
        self.budget = budget
        self.used = 0
        self.races: Races | None = None  # while more than one thread has run
        self.empties: set[tuple[int, Type]] = set()  # values without bytes that need drop: where they are

    def allocate(self, size: int, align: int, kind: str, where: Operation | None, name: str = "") -> Allocation:
        """A new block of ``size`` bytes holding nothing. Raises ``MemoryFault`` when the budget is spent."""
        self.used += size + 64
        if self.used > self.budget:
            raise fault("ALT-S007", f"the program needs more than the budget of {self.budget} bytes", where)
        base = (self.next_address + align - 1) & -align
        self.next_address = base + size + 16  # a gap: one past the end is no address of the next
        made = Allocation(base, size, align, kind, where, name)
        if self.races is not None:
            self.races.created(made)
        if kind in (OWNED, RAW, FOREIGN):
            self.live[base] = made
        return made

    def fits(self, size: int) -> bool:
        """Whether ``size`` more bytes can be had; otherwise ``alloc`` gives null."""
        return self.used + size + 64 <= self.budget and size < 1 << 47

    def end(self, allocation: Allocation, how: str, where: Operation | None) -> None:
        """The allocation ends: from here on no access to it is allowed."""
        allocation.ended = where
        allocation.how = how
        allocation.data = []
        allocation.tree = None
        self.used -= allocation.size + 64
        self.live.pop(allocation.base, None)

    def locate(
        self, pointer: Pointer, size: int, align: int, write: bool, op: Operation, *, accessed: bool = True
    ) -> tuple[Allocation, int]:
        """The allocation and the offset of an access that rules 1 to 6 allow. Raises ``MemoryFault`` for one they do not.

        With ``accessed=False`` of bytes that rules 1 to 4 allow to be accessed.
        """
        allocation = pointer.allocation
        if size == 0:
            if pointer.address & (align - 1):
                _misaligned(pointer.address, allocation, align, op)  # 4
            return allocation or _NOWHERE, 0
        offset = self.locate_bytes(pointer.address, allocation, pointer.tag, size, align, write, op, accessed)
        return allocation, offset  # type: ignore[return-value]

    def locate_bytes(
        self, address: int, allocation: Allocation | None, tag: Any, size: int, align: int, write: bool, op: Operation,
        accessed: bool = True,
    ) -> int:  # fmt: skip
        """``locate`` for a pointer given in parts and at least one byte: the offset, and then there is an allocation."""
        if address & (align - 1):
            _misaligned(address, allocation, align, op)  # 4
        if allocation is None:
            _without_provenance(address, op)  # 1
        offset = address - allocation.base
        if allocation.how:
            _ended(allocation, op)  # 2
        if offset < 0 or offset + size > allocation.size:
            _outside(allocation, offset, size, op)  # 3
        if write and allocation.kind in (CONSTANT, FUNCTION, DESCRIPTOR):
            raise fault("ALT-X001", f"{allocation} is constant, but is written", op, created=allocation)
        if not accessed:
            return offset
        tree = allocation.tree
        if tree is not None:
            tree.access(tree.root if tag is None else tag, offset, size, write, op)  # 5
        if self.races is not None and allocation.kind != CONSTANT:
            self.races.access(allocation, offset, size, write, op)  # 6
        return offset

    def read(self, pointer: Pointer, size: int, align: int, op: Operation) -> list[Any]:
        """The bytes there. Raises ``MemoryFault``."""
        allocation, offset = self.locate(pointer, size, align, False, op)
        return allocation.data[offset : offset + size]

    def write(self, pointer: Pointer, data: list[Any] | bytes, align: int, op: Operation) -> None:
        """Stores bytes. Raises ``MemoryFault``."""
        size = len(data)
        allocation, offset = self.locate(pointer, size, align, True, op)
        if size:
            allocation.data[offset : offset + size] = data


_NOWHERE = Allocation(0, 0, 1, HANDLE, None, "nowhere")


def _without_provenance(address: int, op: Operation) -> NoReturn:
    if address == 0:
        raise fault("ALT-C002", "Null pointer dereference", op)
    raise fault("ALT-F004", f"0x{address:x} is an address but no pointer to anything", op)


def _misaligned(address: int, allocation: Allocation | None, align: int, op: Operation) -> None:
    if allocation is None and address == 0:
        return
    message = f"the address 0x{address:x} is not a multiple of {align}"
    raise fault("ALT-C003", message, op, created=allocation)


def _ended(allocation: Allocation, op: Operation) -> NoReturn:
    code = "ALT-F004" if allocation.kind in (LOCAL, FRAME) else "ALT-F002"
    raise fault(code, f"use of {allocation} after it was {allocation.how}", op, created=allocation)


def _outside(allocation: Allocation, offset: int, size: int, op: Operation) -> NoReturn:
    shown = f"bytes {offset}..{offset + size} are outside of {allocation}, which has {allocation.size}"
    raise fault("ALT-C004", shown, op, created=allocation)
