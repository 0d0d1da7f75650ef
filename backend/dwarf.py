"""Debug information of an object, as LLVM writes it: which place of the source an instruction has, and what was inlined there.

    rows = Dwarf(elf.Elf(object_code)).rows()          # {section: [Row(0x27, "a.toy", 8, 16), ...]}
    scopes = Dwarf(elf.Elf(object_code)).scopes()      # {section: [Scope(0x20, 0x31, 2, "at", "a.toy", 8, 16, of "down"), ...]}

``.debug_line`` is a program whose steps are rows; a row holds up to the next. ``.debug_info`` is a tree, in which an inlined
call stands below the function, or the inlined call, that it was inlined into, with the pieces of code that are left of it.

Invariant: an address is an offset in a section, as relocations tell it; what has none is not there. Only what LLVM writes is
read: version 4, 32 bits of length, 64 bits of address. Source: "DWARF Debugging Information Format", version 4, sections 2.17,
3.3.8, 6.2 and 7.5.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from altru_ir.backend import elf

COMPILE_UNIT, INLINED, SUBPROGRAM = 0x11, 0x1D, 0x2E
NAME, LINES, LOW, HIGH, ORIGIN, RANGES, CALL_COLUMN, CALL_FILE, CALL_LINE, SPECIFICATION = (
    0x03, 0x10, 0x11, 0x12, 0x31, 0x55, 0x57, 0x58, 0x59, 0x47,
)  # fmt: skip
_WANTED = frozenset((NAME, LINES, LOW, HIGH, ORIGIN, RANGES, CALL_COLUMN, CALL_FILE, CALL_LINE, SPECIFICATION))
_ADDRESS, _STRING, _STRP = 0x01, 0x08, 0x0E
_SIZES = {
    0x01: 8, 0x05: 2, 0x06: 4, 0x07: 8, 0x0B: 1, 0x0C: 1, 0x0E: 4, 0x10: 4, 0x11: 1, 0x12: 2, 0x13: 4, 0x14: 8, 0x17: 4,
    0x19: 0, 0x20: 8,
}  # fmt: skip
"""The forms of a size that is known: how many bytes each takes."""
_LEB = (0x0D, 0x0F, 0x15)
_BLOCKS = {0x0A: 1, 0x03: 2, 0x04: 4}
_COUNTED = (0x09, 0x18)

Place = tuple[int, int]
"""A section and an offset in it."""


@attrs.frozen
class Row:
    """From ``offset`` on code is at a place of the source; ``line`` 0: at none. ``file`` is empty behind the end of code."""

    offset: int
    file: str
    line: int
    column: int


@attrs.frozen(eq=False)
class Scope:
    """Code of ``name`` that was inlined into ``outer`` (None: into the function whose code it is in) at a place there."""

    start: int
    end: int
    depth: int
    name: str
    file: str
    line: int
    column: int
    outer: Scope | None


def unsigned(data: bytes, at: int) -> tuple[int, int]:
    """A number in LEB128, and where it ends."""
    byte = data[at]
    if byte < 0x80:
        return byte, at + 1
    found, shift = byte & 0x7F, 7
    while True:
        at += 1
        byte = data[at]
        found |= (byte & 0x7F) << shift
        if byte < 0x80:
            return found, at + 1
        shift += 7


def _signed(data: bytes, at: int) -> tuple[int, int]:
    found, behind = unsigned(data, at)
    bits = 7 * (behind - at)
    return (found - (1 << bits) if found >> (bits - 1) else found), behind


def _text(data: bytes, at: int) -> str:
    return data[at : data.index(b"\0", at)].decode(errors="replace")


class Dwarf:
    """The debug information of one object."""

    def __init__(self, found: elf.Elf) -> None:
        self._found = found
        self._numbers = {section.name: number for number, section in enumerate(found.sections)}
        self._strings = self._bytes(".debug_str")
        self._files: dict[int, list[str]] = {}

    def _bytes(self, name: str) -> bytes:
        number = self._numbers.get(name)
        return b"" if number is None else self._found.bytes_of(self._found.sections[number])

    def _relocated(self, name: str) -> dict[int, Place]:
        """What the words of a section refer to, by their offsets."""
        number = self._numbers.get(name, -1)
        return {
            offset: (symbol.section, symbol.value + addend)
            for offset, _, symbol, addend in self._found.relocations_of(number)
        }  # fmt: skip

    # -- lines ------------------------------------------------------------------------------------------------------------

    def rows(self) -> dict[int, list[Row]]:
        """The rows of each section, by their offsets."""
        data, relocated = self._bytes(".debug_line"), self._relocated(".debug_line")
        made: dict[int, list[Row]] = {}
        at = 0
        while at < len(data):
            end = at + 4 + int.from_bytes(data[at : at + 4], "little")
            self._run(data, at, end, relocated, made)
            at = end
        for each in made.values():  # where one piece of code ends another may begin: what has a place comes last
            each.sort(key=lambda row: (row.offset, row.file != ""))
        return made

    def _run(self, data: bytes, start: int, end: int, relocated: dict[int, Place], made: dict[int, list[Row]]) -> None:
        """Runs the program of one unit."""
        if int.from_bytes(data[start + 4 : start + 6], "little") != 4:
            return
        at = start + 10
        behind = at + int.from_bytes(data[start + 6 : at], "little")
        unit, _, _, base, span, first = data[at : at + 6]
        base -= 256 if base > 127 else 0
        lengths = data[at + 6 : at + 5 + first]
        files = self._files[start] = _files(data, at + 5 + first)
        at = behind
        rows: list[Row] = []
        offset, file, line, column = 0, 1, 1, 0
        while at < end:
            opcode = data[at]
            at += 1
            if opcode >= first:
                advance, step = divmod(opcode - first, span)
                offset += advance * unit
                line += base + step
                rows.append(Row(offset, files[file], line, column))
            elif opcode == 0:
                size, at = unsigned(data, at)
                if data[at] == 1:
                    rows.append(Row(offset, "", 0, 0))
                    offset, file, line, column = 0, 1, 1, 0
                elif data[at] == 2 and at + 1 in relocated:
                    section, offset = relocated[at + 1]
                    rows = made.setdefault(section, [])
                at += size
            elif opcode == 1:
                rows.append(Row(offset, files[file], line, column))
            elif opcode == 2:
                advance, at = unsigned(data, at)
                offset += advance * unit
            elif opcode == 3:
                step, at = _signed(data, at)
                line += step
            elif opcode == 4:
                file, at = unsigned(data, at)
            elif opcode == 5:
                column, at = unsigned(data, at)
            elif opcode == 8:
                offset += (255 - first) // span * unit
            elif opcode == 9:
                offset += int.from_bytes(data[at : at + 2], "little")
                at += 2
            else:
                for _ in range(lengths[opcode - 1]):
                    _, at = unsigned(data, at)

    # -- scopes -----------------------------------------------------------------------------------------------------------

    def scopes(self) -> dict[int, list[Scope]]:
        """The inlined calls in each section. ``rows`` was called before, for the names of files."""
        data, relocated = self._bytes(".debug_info"), self._relocated(".debug_info")
        made: dict[int, list[Scope]] = {}
        at = 0
        while at < len(data):
            end = at + 4 + int.from_bytes(data[at : at + 4], "little")
            if int.from_bytes(data[at + 4 : at + 6], "little") == 4:
                self._unit(data, at, end, relocated, made)
            at = end
        return made

    def _unit(self, data: bytes, start: int, end: int, relocated: dict[int, Place], made: dict[int, list[Scope]]) -> None:
        shapes = _shapes(self._bytes(".debug_abbrev"), relocated.get(start + 6, (0, 0))[1])
        names: dict[int, tuple[str, int]] = {}  # of functions: the name, or another that has it
        calls: list[tuple[int, int, dict[int, int], str, list[tuple[Place, Place]]]] = []
        open_scopes: list[int] = []  # for each entry above the next: which of the calls it is in, or -1
        files: list[str] = []
        base: Place = (0, 0)
        ranges, bounds = self._bytes(".debug_ranges"), self._relocated(".debug_ranges")
        at = start + 11
        while at < end:
            entry = at
            code, at = unsigned(data, at)
            if code == 0:
                if open_scopes:
                    open_scopes.pop()
                continue
            tag, has_children, forms, size = shapes[code]
            found: dict[int, int] = {}
            if size >= 0 and tag not in (COMPILE_UNIT, INLINED, SUBPROGRAM):
                at += size
            else:
                at = _attributes(data, at, forms, found)
            inside = open_scopes[-1] if open_scopes else -1
            if tag == COMPILE_UNIT:
                files = self._files.get(relocated.get(found.get(LINES, -1), (0, 0))[1], [])
                base = relocated.get(found.get(LOW, -1), (0, 0))
            elif tag == SUBPROGRAM:
                where = relocated.get(found.get(NAME, -1))
                names[entry] = (
                    "" if where is None else _text(self._strings, where[1]),
                    start + _number(data, found, ORIGIN, SPECIFICATION),
                )
                inside = -1
            elif tag == INLINED:
                values = {each: _number(data, found, each) for each in (ORIGIN, CALL_FILE, CALL_LINE, CALL_COLUMN)}
                if RANGES in found and found[RANGES] in relocated:
                    pieces = list(_pieces(ranges, relocated[found[RANGES]][1], bounds, base))
                else:
                    low = relocated.get(found.get(LOW, -1))
                    pieces = [] if low is None else [(low, (low[0], low[1] + _number(data, found, HIGH)))]
                file = files[values[CALL_FILE]] if values[CALL_FILE] < len(files) else ""
                calls.append((inside, start + values[ORIGIN], values, file, pieces))
                inside = len(calls) - 1
            if has_children:
                open_scopes.append(inside)
        _nest(calls, names, made)


def _nest(
    calls: list[tuple[int, int, dict[int, int], str, list[tuple[Place, Place]]]], names: dict[int, tuple[str, int]],
    made: dict[int, list[Scope]],
) -> None:  # fmt: skip
    """Makes a scope of each piece of each inlined call; those around a call come before it."""
    whole: list[Scope] = []
    for inside, origin, values, file, pieces in calls:
        outer = whole[inside] if inside >= 0 else None
        depth = 0 if outer is None else outer.depth + 1
        name, other = names.get(origin, ("", 0))
        name = name or names.get(other, ("", 0))[0]
        known = (depth, name, file, values[CALL_LINE], values[CALL_COLUMN], outer)
        whole.append(Scope(0, 0, *known))
        for (section, begin), (_, end) in pieces:
            if begin < end:
                made.setdefault(section, []).append(Scope(begin, end, *known))


def _files(data: bytes, at: int) -> list[str]:
    """The names of the files of a line program, from 1 on."""
    folders = [""]
    while data[at]:
        folders.append(_text(data, at))
        at = data.index(b"\0", at) + 1
    at += 1
    files = [""]
    while data[at]:
        name = _text(data, at)
        folder, at = unsigned(data, data.index(b"\0", at) + 1)
        _, at = unsigned(data, at)
        _, at = unsigned(data, at)
        files.append(f"{folders[folder]}/{name}" if folder and folders[folder] else name)
    return files


Shape = tuple[int, bool, list[tuple[int, int]], int]
"""A tag, whether there are children, attributes with their forms, and the size of all of it, -1 where that differs."""


def _shapes(data: bytes, at: int) -> dict[int, Shape]:
    shapes: dict[int, Shape] = {}
    while at < len(data) and data[at]:
        code, at = unsigned(data, at)
        tag, at = unsigned(data, at)
        has_children = data[at] != 0
        at += 1
        forms: list[tuple[int, int]] = []
        while data[at] or data[at + 1]:
            attribute, at = unsigned(data, at)
            form, at = unsigned(data, at)
            forms.append((attribute, form))
        at += 2
        sizes = [_SIZES.get(form, -1) for _, form in forms]
        shapes[code] = tag, has_children, forms, -1 if -1 in sizes else sum(sizes)
    return shapes


def _attributes(data: bytes, at: int, forms: list[tuple[int, int]], found: dict[int, int]) -> int:
    """Notes where the attributes are that are wanted; gives where all end. A number's form is told by ``_number``."""
    for attribute, form in forms:
        if attribute in _WANTED:
            found[attribute] = at
            found[-attribute] = form
        size = _SIZES.get(form)
        if size is not None:
            at += size
        elif form in _LEB:
            _, at = unsigned(data, at)
        elif form == _STRING:
            at = data.index(b"\0", at) + 1
        elif form in _COUNTED:
            size, at = unsigned(data, at)
            at += size
        else:
            width = _BLOCKS[form]
            at += width + int.from_bytes(data[at : at + width], "little")
    return at


def _number(data: bytes, found: dict[int, int], *attributes: int) -> int:
    """The value of the first attribute that there is; 0 when there is none."""
    for attribute in attributes:
        at = found.get(attribute)
        if at is not None:
            form = found[-attribute]
            return unsigned(data, at)[0] if form in _LEB else int.from_bytes(data[at : at + _SIZES[form]], "little")
    return 0


def _pieces(data: bytes, at: int, relocated: dict[int, Place], base: Place) -> Iterator[tuple[Place, Place]]:
    """A list of ranges, each relative to a base that the list may change."""
    while True:
        low, high = int.from_bytes(data[at : at + 8], "little"), int.from_bytes(data[at + 8 : at + 16], "little")
        begin, end = relocated.get(at), relocated.get(at + 8)
        if low == 0xFFFF_FFFF_FFFF_FFFF:
            base = end or (0, high)
        elif begin is not None and end is not None:
            yield begin, end
        elif begin is not None or end is not None or low or high:
            yield (base[0], base[1] + low), (base[0], base[1] + high)
        else:
            return
        at += 16


__all__ = ["Dwarf", "Row", "Scope", "unsigned"]
