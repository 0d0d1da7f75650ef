"""Where calls are in the source, kept in the code itself for the backtraces of panics.

    made = with_places(object_code, keep_debug=False)      # an object whose module was lowered with ``DebugInfo``

A panic knows an address in the call that each function is in. From the debug information of the object this makes a table that
leads from such an address to a chain of places, one for each function that LLVM inlined into another there:

    at + 0x27   ->   @at, a.toy:3:12   called from   @down, a.toy:8:16   called from   ...

The table is data in a section of its own, ``.altru_places``; in front of each function, in its label (``lower/panics.py``),
stands the distance to its record. So it is found from the code alone, in executables, libraries and code of the JIT, stripped
or not, without a registry. Debug information that nobody asked for is taken out again. ``runtime/src/places.c`` reads:

 1. The table: "apl1", its size in bytes, the offset of the nodes in it, how many there are. All are 32 bits, little-endian.
 2. A record: its offset in the table (32 bits), a number of rows, and the rows: the distance from the row before (at first:
    from the function's start), and the number of a node, or 0. A row holds up to the next. Numbers are LEB128.
 3. Nodes, numbered from 1: the offset of the function's name, of the file's (0: no place), line, column, and the number of the
    node that it was inlined into, which is smaller, or 0. Each 32 bits.
 4. A text: its length as LEB128, and its bytes.

Invariant: what a row says is what ``.debug_line`` and ``.debug_info`` say of its addresses. Decision 16 says why it is so.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Iterator

import attrs

from altru_ir.backend import elf
from altru_ir.backend.dwarf import Dwarf, Row, Scope, unsigned
from altru_ir.backend.lower.panics import MARK, PLACED, PLACES, WRAPPER

MAGIC = b"apl1"
_HEAD = struct.Struct("<4sIII")
_NODE = struct.Struct("<IIIII")
_LABEL = struct.Struct("<qIIQ")
_MARK = MARK.to_bytes(8, "little")
_DISTANCES = {elf.X86_64: 24, elf.AARCH64: 260}
"""The relocation that is a distance of 64 bits, by machine."""


@attrs.frozen
class Label:
    """A function of ours in a section: where its code starts, its name, and whether the source knows it."""

    start: int
    name: str
    is_wrapper: bool


def labels_of(code: bytes) -> list[Label]:
    """The labels in a section of code that have room for a distance."""
    found = []
    at = code.find(_MARK)
    while at >= 0:
        start = at + 8
        if start >= _LABEL.size:
            _, length, kind, _ = _LABEL.unpack_from(code, start - _LABEL.size)
            first = start - 16 - (length + 8 + 15) // 16 * 16
            if kind in (PLACED, WRAPPER) and first >= 0:
                found.append(Label(start, code[first : first + length].decode(errors="replace"), kind == WRAPPER))
        at = code.find(_MARK, start)
    return found


class _Table:
    """Nodes and texts, each once."""

    def __init__(self) -> None:
        self.records = bytearray()
        self.nodes: dict[tuple[str, str, int, int, int], int] = {}

    def node(self, name: str, file: str, line: int, column: int, outer: int) -> int:
        """The number of a node."""
        key = (name, file, line, column, outer) if line and file else (name, "", 0, 0, outer)
        return self.nodes.setdefault(key, len(self.nodes) + 1)

    def bytes(self) -> bytes:
        first = _HEAD.size + len(self.records)
        base = first + _NODE.size * len(self.nodes)
        texts, offsets = bytearray(), {"": 0}
        nodes = bytearray()
        for name, file, line, column, outer in self.nodes:
            for text in (name, file):
                if text not in offsets:
                    offsets[text] = base + len(texts)
                    data = text.encode()
                    texts += _leb(len(data)) + data
            nodes += _NODE.pack(offsets[name], offsets[file], line, column, outer)
        size = base + len(texts)
        return _HEAD.pack(MAGIC, size, first, len(self.nodes)) + self.records + nodes + texts

    def record(self, rows: list[tuple[int, int]]) -> int:
        """Adds a record; gives its offset in the table."""
        offset = _HEAD.size + len(self.records)
        self.records += offset.to_bytes(4, "little") + _leb(len(rows))
        last = 0
        for distance, node in rows:
            self.records += _leb(distance - last) + _leb(node)
            last = distance
        return offset


def _leb(number: int) -> bytes:
    made = bytearray()
    while number >= 0x80:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    made.append(number)
    return bytes(made)


def _outer(scope: Scope, function: Label, table: _Table) -> int:
    """The node of the place that a scope was inlined at."""
    chain: list[Scope] = []
    at: Scope | None = scope
    while at is not None:
        chain.append(at)
        at = at.outer
    node = 0
    for each in reversed(chain):
        name = each.outer.name if each.outer is not None else function.name
        if each.outer is not None or not function.is_wrapper:
            node = table.node(name, each.file, each.line, each.column, node)
    return node


def _rows(function: Label, end: int, rows: list[Row], scopes: list[Scope], table: _Table) -> list[tuple[int, int]]:
    """The rows of a function. ``rows`` and ``scopes`` are those in its code, by where they start."""
    made: list[tuple[int, int]] = []
    points = sorted({function.start, *(r.offset for r in rows), *(s.start for s in scopes), *(s.end for s in scopes)})
    active: list[Scope] = []
    row: Row | None = None
    next_row = next_scope = 0
    last = 0
    for point in points:
        if point >= end:
            break
        while next_row < len(rows) and rows[next_row].offset <= point:
            row = rows[next_row]
            next_row += 1
        if active:
            active = [each for each in active if each.end > point]
        while next_scope < len(scopes) and scopes[next_scope].start <= point:
            if scopes[next_scope].end > point:
                active.append(scopes[next_scope])
            next_scope += 1
        deepest = max(active, key=_depth, default=None)
        file, line, column = (row.file, row.line, row.column) if row is not None else ("", 0, 0)
        if deepest is not None:
            node = table.node(deepest.name, file, line, column, _outer(deepest, function, table))
        else:
            node = 0 if function.is_wrapper else table.node(function.name, file, line, column, 0)
        if node != last or not made:
            made.append((point - function.start, node))
            last = node
    return made


def _depth(scope: Scope) -> int:
    return scope.depth


def with_places(object_code: bytes, *, keep_debug: bool) -> bytes:
    """The object with the table, and without debug information unless it is to be kept."""
    found = elf.Elf(object_code)
    home = next((symbol for symbol in found.symbols if symbol.name == PLACES), None)
    distance = _DISTANCES.get(found.machine)
    if home is None or distance is None:
        return object_code
    debug = Dwarf(found)
    rows, scopes = debug.rows(), debug.scopes()
    table = _Table()
    added: dict[int, list[tuple[int, int, int, int]]] = {}
    symbol = found.symbols.index(home)
    for number, section in enumerate(found.sections):
        if not section.flags & elf.EXECUTE:
            continue
        code = found.bytes_of(section)
        labels = labels_of(code)
        ours, theirs = rows.get(number, []), sorted(scopes.get(number, []), key=lambda scope: (scope.start, scope.depth))
        row_starts, scope_starts = [row.offset for row in ours], [scope.start for scope in theirs]
        ends = [*(label.start for label in labels[1:]), len(code)]
        for label, end in zip(labels, ends, strict=False):
            first, last = (bisect_left(row_starts, at) for at in (label.start, end))
            outer, inner = (bisect_left(scope_starts, at) for at in (label.start, end))
            record = table.record(_rows(label, end, ours[first:last], theirs[outer:inner], table))
            added.setdefault(number, []).append((label.start - _LABEL.size, symbol, distance, record))
    dropped = set() if keep_debug else {n for n, each in enumerate(found.sections) if _is_debug(each.name)}
    return found.rewritten({home.section: table.bytes()}, added, dropped)


def _is_debug(name: str) -> bool:
    return name.startswith((".debug_", ".rela.debug_"))


def places_at(table: bytes, record: int, distance: int) -> Iterator[tuple[str, str, int, int]]:
    """What the table says of the code at a distance from the start of the function with this record: function, file, line and
    column, the innermost first. The reader's twin in Python, for tests."""
    first = _HEAD.unpack_from(table)[2]
    rows, at = unsigned(table, record + 4)
    node, reached = 0, 0
    for _ in range(rows):
        step, at = unsigned(table, at)
        number, at = unsigned(table, at)
        reached += step
        if reached > distance:
            break
        node = number
    while node:
        name, file, line, column, node = _NODE.unpack_from(table, first + _NODE.size * (node - 1))
        yield _text(table, name), _text(table, file), line, column


def _text(table: bytes, at: int) -> str:
    if not at:
        return ""
    length, at = unsigned(table, at)
    return table[at : at + length].decode(errors="replace")


__all__ = ["Label", "labels_of", "places_at", "with_places"]
