"""What instrumented code in this process has allocated: the counts of ``altru_profile.h`` as Python objects.

    lib = backend.compile(module, instrument="heap-sites")
    lib["work"]()
    for row in sorted(profile.rows(), key=lambda r: -r.current):
        print(row.current, row.type, row.file, row.line)

Counts belong to the process: all libraries that were compiled with instrumentation add to them, and none takes any away.
"""

from __future__ import annotations

import ctypes

import attrs

from altru_ir.runtime.load import library


class _Counts(ctypes.Structure):
    _fields_ = (
        ("current", ctypes.c_size_t),
        ("peak", ctypes.c_size_t),
        ("allocations", ctypes.c_size_t),
        ("releases", ctypes.c_size_t),
        ("reserved", ctypes.c_size_t),
    )


class _Row(ctypes.Structure):
    _fields_ = (
        ("file", ctypes.c_char_p),
        ("function", ctypes.c_char_p),
        ("type", ctypes.c_char_p),
        ("line", ctypes.c_uint32),
        ("column", ctypes.c_uint32),
        ("allocator", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
        ("counts", _Counts),
    )


@attrs.frozen
class Row:
    """One place that allocates, or with ``heap-stats`` all of one allocator; bytes as asked for.

    ``file``, ``function`` and ``type`` are None, and ``line`` and ``column`` 0, where they are not known.
    """

    allocator: str
    file: str | None
    line: int
    column: int
    function: str | None
    type: str | None
    current: int
    peak: int
    allocations: int
    releases: int


def rows() -> list[Row]:
    """All rows in the order of first use. Raises ``RuntimeBuildError``."""
    loaded = library()
    name_of = loaded.altru_allocator_name
    name_of.restype = ctypes.c_char_p
    read = loaded.altru_profile_read
    read.argtypes = (ctypes.c_size_t, ctypes.POINTER(_Row))
    found: list[Row] = []
    row = _Row()
    while read(len(found), ctypes.byref(row)) == 0:
        counts = row.counts
        found.append(
            Row(
                name_of(row.allocator).decode(), _text(row.file), row.line, row.column, _text(row.function), _text(row.type),
                counts.current, counts.peak, counts.allocations, counts.releases,
            )
        )  # fmt: skip
    return found


def tell() -> None:
    """Writes the rows to standard error, the one with most bytes in use first. Raises ``RuntimeBuildError``."""
    library().altru_profile_print()


def _text(data: bytes | None) -> str | None:
    return None if data is None else data.decode("utf-8", "replace")
