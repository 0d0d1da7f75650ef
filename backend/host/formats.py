"""What the elements of a buffer are: the format strings of PEP 3118 against types of the language.

A format and a type are both brought to *leaves*, the numbers in an element with their offsets, and compared. A signless
integer takes a signed or an unsigned one of its width.

Example: ``b"T{<d:x:<d:y:}"`` is an element of ``struct @Point { x: f64, y: f64 }``, and so is ``b"dd"``.

Invariant: what ``matches`` accepts has the size of the type and nothing but numbers where the type has some.
"""

from __future__ import annotations

import re
import sys

from altru_ir.layout import field_offsets, layout_of, round_up
from altru_ir.module import Module
from altru_ir.types import ArrayType, FloatType, IntType, NamedType, PtrType, TupleType, Type, UsizeType

Leaf = tuple[int, str, int]
"""Offset, kind (``i`` integer, ``f`` float, ``?`` bool, ``p`` address) and bytes."""

MANY = 4096
"""Elements of more numbers than this are compared by nobody; they are refused."""

_NATIVE = {
    "?": ("?", 1), "c": ("i", 1), "b": ("i", 1), "B": ("i", 1), "h": ("i", 2), "H": ("i", 2), "i": ("i", 4), "I": ("i", 4),
    "l": ("i", 8), "L": ("i", 8), "q": ("i", 8), "Q": ("i", 8), "n": ("i", 8), "N": ("i", 8), "f": ("f", 4), "d": ("f", 8),
    "P": ("p", 8),
}  # fmt: skip
_STANDARD = {**_NATIVE, "l": ("i", 4), "L": ("i", 4)}
_FOREIGN = ">!" if sys.byteorder == "little" else "<"
_TOKEN = re.compile(r"T\{|\}|:[^:]*:|[@=<>!^]|\((\d+(?:,\d+)*)\)|(\d+)|([?a-zA-Z])|\s+")


def leaves_of(format: str) -> tuple[list[Leaf], int] | None:
    """The leaves of a format and its bytes; None for what this module does not know: other letters, other byte orders."""
    leaves: list[Leaf] = []
    at, repeat, order = 0, 1, "@"
    open: list[tuple[int, int, int, int]] = []  # where a structure begins, how often it comes, its first leaf, its alignment
    align = 1
    position = 0
    while position < len(format):
        match = _TOKEN.match(format, position)
        if match is None or len(leaves) > MANY:
            return None
        position = match.end()
        token, shape, count, letter = match.group(), match.group(1), match.group(2), match.group(3)
        if token == "T{":
            open.append((at, repeat, len(leaves), align))
            at, repeat, align = 0, 1, 1
        elif token == "}":
            if not open:
                return None
            begin, times, first, outer = open.pop()
            size = round_up(at, align) if order == "@" else at
            begin = round_up(begin, align) if order == "@" else begin
            inner = leaves[first:]
            if len(inner) * times > MANY:
                return None
            leaves[first:] = [(begin + k * size + o, kind, n) for k in range(times) for o, kind, n in inner]
            at, repeat, align = begin + size * times, 1, max(outer, align)
        elif shape is not None:
            for each in shape.split(","):
                repeat *= int(each)
        elif count is not None:
            repeat *= int(count)
        elif letter is not None:
            if letter == "x":
                at, repeat = at + repeat, 1
                continue
            known = (_NATIVE if order in "@^" else _STANDARD).get(letter)
            if known is None or repeat > MANY or (order in _FOREIGN and known[1] > 1):
                return None
            kind, size = known
            if order == "@":
                at = round_up(at, size)
                align = max(align, size)
            leaves += [(at + k * size, kind, size) for k in range(repeat)]
            at, repeat = at + size * repeat, 1
        elif token in "@=<>!^":
            order = token
    return (leaves, at) if not open else None


def leaves_in(type: Type, module: Module) -> list[Leaf] | None:
    """The leaves of a type; None when it holds what no format describes (an enum, a reference, an `i128`) or very many."""
    found: list[Leaf] = []
    work: list[tuple[int, Type]] = [(0, type)]
    while work:
        offset, each = work.pop()
        if isinstance(each, (IntType, UsizeType)):
            size = layout_of(each, module).size
            if size > 8:
                return None
            found.append((offset, "?" if isinstance(each, IntType) and each.bits == 1 else "i", size))
        elif isinstance(each, FloatType):
            found.append((offset, "f", each.bits // 8))
        elif isinstance(each, PtrType) and layout_of(each, module).size == 8:
            found.append((offset, "p", 8))
        elif isinstance(each, ArrayType) and not each.is_unsized:
            size, total = layout_of(each.element, module).size, layout_of(each, module).size
            if size and total // size > MANY:
                return None
            work += [(offset + at, each.element) for at in range(0, total, size)] if size else []
        elif isinstance(each, TupleType):
            at = 0
            for part in each.elements:
                layout = layout_of(part, module)
                at = round_up(at, layout.align)
                work.append((offset + at, part))
                at += layout.size
        elif isinstance(each, NamedType) and module.types[each.name].kind == "struct" and module.types[each.name].drop is None:
            declaration = module.types[each.name]
            work += [(offset + at, f.type) for at, f in zip(field_offsets(declaration, module), declaration.members)]
        else:
            return None
        if len(found) > MANY:
            return None
    return sorted(found)


def matches(format: str, itemsize: int, type: Type, module: Module) -> bool:
    """Whether elements of a buffer are values of ``type``."""
    ours, theirs = leaves_in(type, module), leaves_of(format)
    if ours is None or theirs is None or itemsize != layout_of(type, module).size or theirs[1] > itemsize:
        return False
    return len(ours) == len(theirs[0]) and all(
        a[0] == b[0] and a[2] == b[2] and (a[1] == b[1] or {a[1], b[1]} == {"i", "p"}) for a, b in zip(ours, sorted(theirs[0]))
    )


def accepts_any_bytes(type: Type, module: Module) -> bool:
    """Whether all bytes are a value of ``type``: it is made of integers and floats alone."""
    ours = leaves_in(type, module)
    return ours is not None and all(kind in "if" for _, kind, _ in ours)


def bools_in(type: Type, module: Module) -> list[int]:
    """Where in a value of ``type`` the bools are: there not all bytes that a buffer may have are values."""
    return [offset for offset, kind, _ in leaves_in(type, module) or () if kind == "?"]


def wrong_bool(data: bytes, bools: list[int], size: int) -> int | None:
    """The number of the first element, of ``size`` bytes, in which a bool is neither 0 nor 1; None when all are."""
    wrong = []
    for offset in bools:
        found = data[offset::size]
        if found.translate(None, b"\0\1"):
            wrong.append(next(index for index, byte in enumerate(found) if byte > 1))
    return min(wrong, default=None)


def describe(type: Type, module: Module) -> str:
    """What a buffer of ``type`` is made of, in words: ``8-byte floats``."""
    ours = leaves_in(type, module)
    if ours is None:
        return f"`{type}`"
    if len(ours) == 1 and ours[0][0] == 0:
        kind = {"i": f"{ours[0][2]}-byte integers", "f": f"{ours[0][2]}-byte floats", "?": "bools", "p": "addresses"}
        return kind[ours[0][1]]
    return f"records of {layout_of(type, module).size} bytes laid out as `{type}`"


__all__ = ["accepts_any_bytes", "bools_in", "describe", "leaves_in", "leaves_of", "matches", "wrong_bool"]
