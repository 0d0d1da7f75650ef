"""ELF objects of 64 bits, as LLVM writes them: sections, symbols, relocations.

Example: ``[s.name for s in Elf(object_code).symbols]``.

Invariant: sections and symbols have the numbers by which others refer to them. Source: "Tool Interface Standard: Executable
and Linking Format Specification", version 1.2, and the 64-bit classes of the System V ABI, edition 4.1, chapter 4.
"""

from __future__ import annotations

import struct
from collections.abc import Container, Iterator, Mapping

import attrs

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_RELOCATION = struct.Struct("<QQq")

X86_64, AARCH64 = 62, 183
SYMBOL_TABLE, RELOCATIONS, NO_BITS = 2, 4, 8
"""Types of sections."""
WRITE, ALLOCATE, EXECUTE, THREAD_LOCAL = 1, 2, 4, 0x400
"""Flags of sections."""
FUNCTION = 2
"""The type of a symbol."""


@attrs.frozen
class Section:
    """A section: where its bytes are in the file, and what they are."""

    name: str
    type: int
    flags: int
    offset: int
    size: int
    link: int
    info: int
    align: int


@attrs.frozen
class Symbol:
    """A symbol: ``section`` is 0 when it is defined elsewhere; ``value`` is an offset in the section."""

    name: str
    type: int
    section: int
    value: int
    size: int


class Elf:
    """An object file. Raises ``ValueError`` for what is none."""

    def __init__(self, data: bytes) -> None:
        if data[:6] != b"\x7fELF\x02\x01":
            raise ValueError("this is no little-endian ELF object of 64 bits")
        self.data = data
        header = self._header = _HEADER.unpack_from(data)
        self.machine: int = header[2]
        raw = self._raw = [_SECTION.unpack_from(data, header[6] + header[11] * index) for index in range(header[12])]
        names = raw[header[13]][4] if raw else 0
        self.sections = [
            Section(self._text(names + each[0]), each[1], each[2], each[4], each[5], each[6], each[7], each[8]) for each in raw
        ]
        self.symbols: list[Symbol] = []
        for section in self.sections:
            if section.type == SYMBOL_TABLE:
                strings = self.sections[section.link].offset
                rows = struct.iter_unpack(_SYMBOL.format, data[section.offset : section.offset + section.size])
                self.symbols += [Symbol(self._text(strings + r[0]), r[1] & 15, r[3], r[4], r[5]) for r in rows]

    def _text(self, at: int) -> str:
        return self.data[at : self.data.index(b"\0", at)].decode(errors="replace")

    def bytes_of(self, section: Section) -> bytes:
        """What a section holds."""
        return bytes(section.size) if section.type == NO_BITS else self.data[section.offset : section.offset + section.size]

    def relocations_of(self, number: int) -> Iterator[tuple[int, int, Symbol, int]]:
        """The relocations of a section: offset in it, type, symbol, addend."""
        for section in self.sections:
            if section.type == RELOCATIONS and section.info == number:
                for offset, info, addend in struct.iter_unpack(_RELOCATION.format, self.bytes_of(section)):
                    yield offset, info & 0xFFFFFFFF, self.symbols[info >> 32], addend

    def relocations(self) -> Iterator[tuple[int, int, int, Symbol, int]]:
        """All relocations: section, offset in it, type, symbol, addend."""
        for section in self.sections:
            if section.type == RELOCATIONS:
                for offset, info, addend in struct.iter_unpack(_RELOCATION.format, self.bytes_of(section)):
                    yield section.info, offset, info & 0xFFFFFFFF, self.symbols[info >> 32], addend

    def rewritten(
        self, replaced: Mapping[int, bytes], relocations: Mapping[int, list[tuple[int, int, int, int]]], dropped: Container[int]
    ) -> bytes:
        """The object with other contents of some sections, more relocations, and without some sections.

        Parameters: ``relocations`` of a section are offsets in it, numbers of symbols, types and addends. Sections keep their
        numbers: one that is ``dropped`` becomes inactive, and nothing that stays may refer to it; a symbol in it is none.
        """
        contents = {number: self.bytes_of(section) for number, section in enumerate(self.sections)} | dict(replaced)
        raw = [list(each) for each in self._raw]
        symbols = next(number for number, section in enumerate(self.sections) if section.type == SYMBOL_TABLE)
        contents[symbols] = b"".join(
            bytes(_SYMBOL.size) if each[3] in dropped else _SYMBOL.pack(*each)
            for each in struct.iter_unpack(_SYMBOL.format, contents[symbols])
        )
        homes = {section.info: number for number, section in enumerate(self.sections) if section.type == RELOCATIONS}
        names = int(self._header[13])
        for home, rows in relocations.items():
            number = homes.get(home)
            if number is None:
                number = len(raw)
                name = f".rela{self.sections[home].name}".encode() + b"\0"
                raw.append([len(contents[names]), RELOCATIONS, 0x40, 0, 0, 0, symbols, home, 8, _RELOCATION.size])
                contents[names] += name
                contents[number] = b""
            added = b"".join(_RELOCATION.pack(offset, symbol << 32 | type, addend) for offset, symbol, type, addend in rows)
            contents[number] += added
        made = bytearray(_HEADER.size)
        for number, each in enumerate(raw):
            if number in dropped:
                raw[number] = [0] * len(each)
            elif number:
                made += bytes(-len(made) % max(each[8], 1))
                each[4], each[5] = len(made), each[5] if each[1] == NO_BITS else len(contents[number])
                made += b"" if each[1] == NO_BITS else contents[number]
        made += bytes(-len(made) % 8)
        header = list(self._header)
        header[6], header[12] = len(made), len(raw)
        made[: _HEADER.size] = _HEADER.pack(*header)
        return bytes(made) + b"".join(_SECTION.pack(*each) for each in raw)
