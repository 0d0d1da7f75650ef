"""Images: objects that were linked once, to be mapped anywhere in any process in a few steps.

LLVM's linker takes 19 thousand instructions for each function. What it finds out is nearly the same each time: where sections
lie to each other, and so what all code refers to, for it refers to nothing but by distances. What remains to be done where an
image is mapped are words that hold addresses:

    object      .text  call *GOT(altru_alloc)   .data.rel.ro  &site        .eh_frame  FDE of @f
    image       bytes, all distances filled in  rebased [offset of &site]  imports [("altru_alloc", slot of the GOT)]
    here        mmap, copy, add the base to rebased words, store the addresses of imports, mprotect, __register_frame

The table of the entries is not relocated at all: its offsets are kept, and added to the base when they are asked for.

Example: ``Mapped(make(object_code), {"altru_alloc": address}).cells[0]``.

Invariant: an image does what LLVM's linker does with the object, or ``make`` gives None; nothing is ever writable and
executable. Source: "System V Application Binary Interface, AMD64 Architecture Processor Supplement", section 4.4, with the
relocations of the large code model by number: 1 the address, 24 a distance, 25 a distance from the GOT, 27 the distance of a
slot of the GOT from its start, 29 the distance of the GOT, 2 and 4 a distance of 32 bits.
"""

from __future__ import annotations

import ctypes
import marshal
import mmap
import weakref
from array import array
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, overload

from altru_ir.backend import elf
from altru_ir.backend.lower.entries import TABLE

MAGIC = b"altru image 1\0\0\0"

_PAGE = mmap.PAGESIZE
_PLAIN = (1, elf.NO_BITS, 0x70000001)  # PROGBITS, NOBITS, X86_64_UNWIND
_ADDRESS, _DISTANCE, _FROM_GOT, _SLOT, _GOT = 1, 24, 25, 27, 29
_NEAR = (2, 4)
_UNDEFINED = 0


def make(object_code: bytes) -> bytes | None:
    """The image of an object with a table; None for one that needs a linker: another machine, thread-local memory, ..."""
    found = elf.Elf(object_code)
    table = next((symbol for symbol in found.symbols if symbol.name == TABLE), None)
    relocations = [each for each in found.relocations() if found.sections[each[0]].flags & elf.ALLOCATE]
    slots = {symbol: -1 for _, _, kind, symbol, _ in relocations if kind == _SLOT}
    laid = _lay_out(found, len(slots))
    if table is None or laid is None:
        return None
    image, starts, bounds, frames = laid
    got = bounds[2] - 8 * len(slots)
    rebased: list[int] = []
    imports: dict[str, list[tuple[int, int]]] = {}
    for index, symbol in enumerate(slots):
        slots[symbol] = 8 * index
        relocations.append((-1, got + 8 * index, _ADDRESS, symbol, 0))
    first = starts[table.section] + table.value
    offsets = array("q", [-1]) * (table.size // 8)
    for home, offset, kind, symbol, addend in relocations:
        place = offset if home == -1 else starts[home] + offset
        target = starts[symbol.section] + symbol.value if symbol.section in starts else None
        if kind == _SLOT:
            _store(image, place, slots[symbol] + addend)
        elif kind == _GOT:
            _store(image, place, got + addend - place)
        elif target is None:
            if kind != _ADDRESS or symbol.section != _UNDEFINED:
                return None
            imports.setdefault(symbol.name, []).append((place, addend))
        elif kind == _ADDRESS and first <= place < first + table.size:
            offsets[(place - first) // 8] = target + addend
        elif kind == _ADDRESS:
            _store(image, place, target + addend)
            rebased.append(place)
        elif kind == _FROM_GOT:
            _store(image, place, target + addend - got)
        elif kind == _DISTANCE:
            _store(image, place, target + addend - place)
        elif kind in _NEAR:
            image[place : place + 4] = (target + addend - place).to_bytes(4, "little", signed=True)
        else:
            return None
    known = (
        bytes(image[: bounds[2]]), len(image), bounds[:2], frames, array("Q", rebased).tobytes(), list(imports.items()),
        offsets.tobytes(),
    )  # fmt: skip
    return MAGIC + marshal.dumps(known, 2)


def _lay_out(found: elf.Elf, slots: int) -> tuple[bytearray, dict[int, int], list[int], int] | None:
    """The bytes of all sections in a row, where each starts, where a kind of memory ends, and where frames are told (or -1).

    Code comes first, then what is only read, then what is written, with the GOT at its end, and what is zero. None when there
    is a section of another kind.
    """
    kept = [(index, each) for index, each in enumerate(found.sections) if each.flags & elf.ALLOCATE]
    if found.machine != elf.X86_64 or any(each.align > _PAGE for _, each in kept):
        return None
    if any(each.type not in _PLAIN or each.flags & elf.THREAD_LOCAL for _, each in kept):
        return None
    starts: dict[int, int] = {}
    image = bytearray()
    bounds: list[int] = []
    frames = -1
    for rank in range(4):
        for index, section in kept:
            if rank != _rank(section):
                continue
            _pad(image, section.align)
            starts[index] = len(image)
            image += found.bytes_of(section)
            if section.name == ".eh_frame" and section.size:
                if frames != -1:
                    return None
                frames = starts[index]
                image += bytes(8)  # where the unwinder stops
        if rank == 2:
            _pad(image, 8)
            image += bytes(8 * slots)
        elif rank < 2:
            _pad(image, _PAGE)
        bounds.append(len(image))
    return image, starts, bounds, frames


def _rank(section: elf.Section) -> int:
    if section.flags & elf.EXECUTE:
        return 0
    return (3 if section.type == elf.NO_BITS else 2) if section.flags & elf.WRITE else 1


def _pad(image: bytearray, align: int) -> None:
    image += bytes(-len(image) % max(align, 1))


def _store(image: bytearray, place: int, value: int) -> None:
    image[place : place + 8] = value.to_bytes(8, "little", signed=True)


class Cells(Sequence[int]):
    """The addresses of a table; 0 where it has none."""

    def __init__(self, offsets: array[int], base: int) -> None:
        self._offsets = offsets
        self._base = base

    def __len__(self) -> int:
        return len(self._offsets)

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> list[int]: ...
    def __getitem__(self, index: int | slice) -> int | list[int]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self._offsets)))]
        offset = self._offsets[index]
        return 0 if offset < 0 else self._base + offset


class Mapped:
    """An image in this process; it is unmapped when nobody refers to it any more."""

    def __init__(self, image: bytes, imports: Mapping[str, int]) -> None:
        """Raises ``OSError`` and, for a symbol that is nowhere, ``RuntimeError``."""
        data, size, (readable, writable), frames, rebased, wanted, offsets = marshal.loads(image[len(MAGIC) :])
        words = [(places, _address(name, imports)) for name, places in wanted]
        system, size = _system(), max(size, 1)
        many_zeros = size > 2 * len(data)  # which may never be used
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | (0 if many_zeros else _AT_ONCE)
        base = system.mmap(None, size, _READ | _WRITE, flags, -1, 0)
        if base == _FAILED:
            raise _error("mapping")
        self._release: Any = weakref.finalize(self, system.munmap, base, size)
        self._release.atexit = False
        ctypes.memmove(base, data, len(data))
        word = ctypes.c_uint64
        for place in memoryview(rebased).cast("Q"):
            word.from_address(base + place).value += base
        for places, address in words:
            for place, addend in places:
                word.from_address(base + place).value = address + addend
        for start, end, rights in ((0, readable, _READ | _RUN), (readable, writable, _READ)):
            if start < end and system.mprotect(base + start, end - start, rights):
                raise _error("protecting")
        if frames >= 0:
            _register(base + frames)
            self._release.detach()
            self._release = weakref.finalize(self, _release, base, frames, size)
            self._release.atexit = False
        self.cells = Cells(array("q", offsets), base)


def _register(frames: int) -> None:
    _unwinder().__register_frame(ctypes.c_void_p(frames))


def _release(base: int, frames: int, size: int) -> None:
    _unwinder().__deregister_frame(ctypes.c_void_p(base + frames))
    _system().munmap(base, size)


def _address(name: str, imports: Mapping[str, int]) -> int:
    found = imports.get(name) or _of_process(name)
    if not found:
        raise RuntimeError(f"no library defines `{name}`, which compiled code refers to")
    return found


@cache
def _of_process(name: str) -> int:
    try:
        return ctypes.cast(getattr(ctypes.CDLL(None), name), ctypes.c_void_p).value or 0
    except AttributeError:
        return 0


_AT_ONCE: int = getattr(mmap, "MAP_POPULATE", 0)
_READ, _WRITE, _RUN = mmap.PROT_READ, mmap.PROT_WRITE, mmap.PROT_EXEC
_FAILED = ctypes.c_void_p(-1).value


def _error(doing: str) -> OSError:
    return OSError(ctypes.get_errno(), f"{doing} compiled code failed")


@cache
def _system() -> Any:
    library = ctypes.CDLL(None, use_errno=True)
    number, size = ctypes.c_int, ctypes.c_size_t
    library.mmap.restype = ctypes.c_void_p
    library.mmap.argtypes = [ctypes.c_void_p, size, number, number, number, ctypes.c_long]
    library.munmap.argtypes = [ctypes.c_void_p, size]
    library.mprotect.argtypes = [ctypes.c_void_p, size, number]
    return library


@cache
def _unwinder() -> Any:
    return ctypes.CDLL("libgcc_s.so.1")


def is_possible() -> bool:
    """Whether this process has an unwinder that can be told of code."""
    try:
        return hasattr(_unwinder(), "__register_frame")
    except OSError:
        return False
