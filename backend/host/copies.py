"""Slices that are copied: sequences of Python on their way in, and back where they may be written; results on their way out.

    lengths, flat, rows = flattened([[1, 2], [3, 4]], 2, type, where)       [2, 2], [1, 2, 3, 4], the two rows
    write_elements(memory, flat, codec, where)

Invariant: the lengths are those of what was read, whatever a sequence says of itself, and whatever it becomes meanwhile: what
is copied has as many elements as the lengths say.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Mapping
from typing import Any

from altru_ir.backend.host.values import Codec, Codecs, Where, shown, spell
from altru_ir.types import Type


def write_elements(memory: Any, flat: list[Any], codec: Codec, where: Where) -> None:
    """Writes values side by side. Raises as ``codec.write`` does."""
    if codec.code is not None and all(type(each) in (int, float) for each in flat):
        try:
            struct.pack_into(f"<{len(flat)}{codec.code}", memory, 0, *flat)
            return
        except (struct.error, OverflowError):
            pass  # the slow way finds which element it was
    for index, each in enumerate(flat):
        codec.write(memory, index * codec.size, each, (f"element {index}", where))


def flattened(value: Any, dimensions: int, type: Type, where: Where) -> tuple[list[int], list[Any], list[Any]]:
    """The lengths of nested sequences, the elements in row-major order, and the innermost sequences. Raises ``TypeError`` and
    ``ValueError``."""
    lengths, level, rows = [], [value], [value]
    for axis in range(dimensions):
        for each in level:
            if isinstance(each, (str, Mapping)) or not hasattr(each, "__len__") or not hasattr(each, "__getitem__"):
                raise TypeError(
                    f"{spell(where)} has type `{type}` and takes {dimensions} dimensions; {shown(each)} is no sequence"
                )
        rows = level
        read = [list(each) for each in level]
        found = {len(each) for each in read}
        if len(found) > 1:
            raise ValueError(f"{spell(where)} has type `{type}`, and the rows of dimension {axis} have different lengths")
        lengths.append(found.pop() if found else 0)
        level = [inner for each in read for inner in each]
    return lengths, level, rows


def write_back(rows: list[Any], length: int, memory: Any, codec: Codec) -> None:
    """Stores what was written to copies of ``rows``, of ``length`` elements each, as far as these still have them."""
    for number, row in enumerate(rows):
        if not hasattr(row, "__setitem__"):
            continue
        at = number * length * codec.size
        for index in range(min(length, len(row))):
            row[index] = codec.read(memory, at)
            at += codec.size


def copy_out(address: int, lengths: list[int], element: Type, codecs: Codecs) -> Any:
    """A slice that a function gave: ``bytes`` for `i8`, a ``memoryview`` of a copy for other numbers, else a tuple."""
    codec = codecs.of(element)
    count = 1
    for length in lengths:
        count *= length
    data = ctypes.string_at(address, count * codec.size) if count * codec.size else b""
    if codec.code == "b" and len(lengths) == 1:
        return data
    if codec.code is not None and count:
        return memoryview(bytearray(data)).cast(codec.code, lengths)  # type: ignore[call-overload]
    if codec.code is not None and len(lengths) == 1:
        return memoryview(b"").cast(codec.code)  # type: ignore[call-overload]
    values: list[Any] = [codec.read(data, index * codec.size) for index in range(count)]
    for length in reversed(lengths[1:]):
        values = [tuple(values[at : at + length]) for at in range(0, len(values), length)] if length else []
    return tuple(values)


__all__ = ["copy_out", "flattened", "write_back", "write_elements"]
