"""Lines of compiled code by address, from the debug information of an object that was loaded.

    table = LineTable(object_code, {"main": 0x7f3a80})       # an object that was compiled with debug=True
    table.find(0x7f3a95)                                      # Location("a.toy", 8, 15)

A panic knows in which call each function was; with this, Python can say at which line. ``.debug_line`` is a program whose steps
are rows of (address, file, line, column); a row holds up to the next. The addresses in it are relocated by the sections that
they are in, whose place is known from functions of theirs. Where code was inlined, a line is that of the inlined code.

Invariant: an address outside of the object, or in code without a line, has none. Source: "DWARF Debugging Information Format",
version 4, section 6.2.
"""

from __future__ import annotations

import weakref
from bisect import bisect_right
from collections.abc import Iterator
from itertools import count
from typing import Any

import attrs

from altru_ir.backend import elf
from altru_ir.backend.perf_map import functions_of
from altru_ir.source import Location

_ABSOLUTE = 1
"""``R_X86_64_64``."""


class _Reader:
    """Bytes from a place on."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data = data
        self.at = at

    def number(self, size: int) -> int:
        self.at += size
        return int.from_bytes(self.data[self.at - size : self.at], "little")

    def unsigned(self) -> int:
        """A number in LEB128."""
        found = shift = 0
        while True:
            byte = self.number(1)
            found |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return found

    def signed(self) -> int:
        """A signed number in LEB128."""
        start = self.at
        found = self.unsigned()
        bits = 7 * (self.at - start)
        return found - (1 << bits) if found >> (bits - 1) else found

    def text(self) -> str:
        end = self.data.index(b"\0", self.at)
        found = self.data[self.at : end].decode(errors="replace")
        self.at = end + 1
        return found


class LineTable:
    """The lines of a loaded object. Parameters: ``addresses`` of some of its functions, by symbol."""

    def __init__(self, object_code: bytes, addresses: dict[str, int]) -> None:
        self._rows: list[tuple[int, Location | None]] = []
        functions = functions_of(object_code)
        bases = {section: addresses[name] - offset for name, section, offset, _ in functions if name in addresses}
        section, relocated = _debug_line(object_code, bases)
        at = 0
        while at < len(section):
            end = at + 4 + int.from_bytes(section[at : at + 4], "little")
            self._rows += _rows(section, at, end, relocated)
            at = end
        # Where one piece of code ends another may begin: what has a line comes last.
        self._rows.sort(key=lambda row: (row[0], row[1] is not None))
        self._starts = [address for address, _ in self._rows]

    def find(self, address: int) -> Location | None:
        """The line of the code at an address."""
        at = bisect_right(self._starts, address)
        return self._rows[at - 1][1] if at else None


def _debug_line(object_code: bytes, bases: dict[int, int]) -> tuple[bytes, dict[int, int | None]]:
    """The section of lines, and the addresses in it by their offsets (None in a section whose place is not known)."""
    found = elf.Elf(object_code)
    number = next((i for i, section in enumerate(found.sections) if section.name == ".debug_line"), None)
    if number is None:
        return b"", {}
    relocated: dict[int, int | None] = {}
    for home, where, kind, symbol, addend in found.relocations():
        if home == number:
            base = bases.get(symbol.section)
            relocated[where] = None if base is None or kind != _ABSOLUTE else base + symbol.value + addend
    return found.bytes_of(found.sections[number]), relocated


def _rows(section: bytes, start: int, end: int, relocated: dict[int, int | None]) -> Iterator[tuple[int, Location | None]]:
    """Runs the line program of one compilation unit."""
    reader = _Reader(section, start + 4)
    if reader.number(2) != 4:
        return  # a version that we do not emit
    program = reader.number(4) + reader.at
    unit, _, _, base, span, opcode_base = (reader.number(1) for _ in range(6))
    base -= 256 if base > 127 else 0
    lengths = [reader.number(1) for _ in range(opcode_base - 1)]
    folders = [""]
    while folder := reader.text():
        folders.append(folder)
    files = [""]
    while name := reader.text():
        folder = folders[reader.unsigned()]
        files.append(f"{folder}/{name}" if folder else name)
        reader.unsigned(), reader.unsigned()  # its time and size
    reader.at = program
    address: int | None = None
    file, line, column = 1, 1, 0

    def row() -> Iterator[tuple[int, Location | None]]:
        if address is not None:
            yield address, Location(files[file], line, column) if line else None

    while reader.at < end:
        opcode = reader.number(1)
        if opcode >= opcode_base:
            advance, step = divmod(opcode - opcode_base, span)
            address = None if address is None else address + advance * unit
            line += base + step
            yield from row()
        elif opcode == 0:
            size = reader.unsigned()
            behind = reader.at + size
            kind = reader.number(1)
            if kind == 1:  # the end of a sequence: what follows has no line
                if address is not None:
                    yield address, None
                address, file, line, column = None, 1, 1, 0
            elif kind == 2:
                address = relocated.get(reader.at)
            reader.at = behind
        elif opcode == 1:
            yield from row()
        elif opcode == 2:
            advance = reader.unsigned() * unit
            address = None if address is None else address + advance
        elif opcode == 3:
            line += reader.signed()
        elif opcode == 4:
            file = reader.unsigned()
        elif opcode == 5:
            column = reader.unsigned()
        elif opcode == 8:
            address = None if address is None else address + (255 - opcode_base) // span * unit
        elif opcode == 9:
            advance = reader.number(2)
            address = None if address is None else address + advance
        else:
            for _ in range(lengths[opcode - 1]):
                reader.unsigned()


@attrs.define
class _Loaded:
    """An object in memory; its lines are read when they are first asked for."""

    code: weakref.ref[Any]
    object_code: bytes
    addresses: dict[str, int]
    table: LineTable | None = None


_loaded: dict[int, _Loaded] = {}
_numbers = count()


def register(code: Any, object_code: bytes, addresses: dict[str, int]) -> None:
    """Makes the lines of loaded code known, as long as ``code`` lives."""
    number = next(_numbers)
    _loaded[number] = _Loaded(weakref.ref(code, lambda gone: _loaded.pop(number, None)), object_code, addresses)


def find(address: int) -> Location | None:
    """The line of an address in code that was registered."""
    for each in list(_loaded.values()):  # one step, whatever other threads register
        if each.table is None:
            each.table = LineTable(each.object_code, each.addresses)
        found = each.table.find(address)
        if found is not None:
            return found
    return None


__all__ = ["LineTable", "find", "register"]
