"""Instrumentation: compiled code that tells the runtime each allocation and each release.

With ``--instrument=heap-sites`` an allocation is followed by a call that names its place in the source and its type,

    %b = new %x : own<i64>        %b = call ptr @altru.alloc.0(i64 8)
                                  call void @altru_profile_allocated(ptr @altru.profile.0, ptr %b, i64 8, ptr null)
    dealloc %b                    call void @altru_profile_released(ptr %b)
                                  call void @altru.free(ptr %b)

and with ``heap-stats`` all places of one allocator are one. Memory of an arena, a pool or an activation belongs to a home,
with which it goes at once. What is counted and how it is read is in ``altru_profile.h``.

So that nothing escapes the counts, LLVM is not told that these calls are allocations: it removes none.

Invariant: without instrumentation there is no ``Profile``, and the text of a module is as if this file did not exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from altru_ir.backend.lower.panics import Strings

if TYPE_CHECKING:
    from altru_ir.backend.lower.function import FunctionLowering
    from altru_ir.backend.lower.releases import Writes
    from altru_ir.values import Operation

ALLOCATORS = {"heap": 0, "system": 1, "arena": 2, "pool": 3, "stack": 4, "secure": 5}
"""``enum altru_allocator``."""

SITE = "{ ptr, ptr, ptr, i32, i32, i32, i32, ptr }"
"""``altru_profile_site``: file, function, type, line, column, allocator, reserved, row."""

_Site = tuple[str | None, str | None, str | None, int, int, int]


class Profile:
    """The instrumented sites of a module; ``level`` is one of ``backend.INSTRUMENTS``."""

    def __init__(self, level: str) -> None:
        self.by_site = level == "heap-sites"
        self.sites: dict[_Site, int] = {}

    def allocated(
        self, f: FunctionLowering, op: Operation, allocator: str, pointer: str, size: str, type: str | None, home: str = "null"
    ) -> None:
        """Behind an allocation by ``op``: ``size`` bytes (an operand of a word) at ``pointer``, which may be null."""
        place: _Site = (None, None, None, 0, 0, ALLOCATORS[allocator])
        if self.by_site:
            location = op.location
            file, line, column = (location.file, location.line, location.column) if location is not None else (None, 0, 0)
            place = (file, f.function.name, type, line, column, ALLOCATORS[allocator])
        number = self.sites.setdefault(place, len(self.sites))
        f.owner.declare(f"declare void @altru_profile_allocated(ptr, ptr, {f.word}, ptr) nounwind")
        arguments = f"ptr @altru.profile.{number}, ptr {pointer}, {f.word} {size}, ptr {home}"
        f.line(f"call void @altru_profile_allocated({arguments})")

    def released(self, f: Writes, pointer: str) -> None:
        """Before a block goes back."""
        f.owner.declare("declare void @altru_profile_released(ptr) nounwind")
        f.line(f"call void @altru_profile_released(ptr {pointer})")

    def emptied(self, f: Writes, home: str) -> None:
        """Before all memory of a home goes back."""
        f.owner.declare("declare void @altru_profile_emptied(ptr) nounwind")
        f.line(f"call void @altru_profile_emptied(ptr {home})")

    def text(self, strings: Strings) -> list[str]:
        """The sites as LLVM globals, whose texts are among ``strings``."""
        lines = []
        for (file, function, type, line, column, allocator), number in self.sites.items():
            texts = ", ".join(strings.of(each) for each in (file, function, type))
            numbers = f"i32 {line}, i32 {column}, i32 {allocator}, i32 0"
            lines.append(f"@altru.profile.{number} = internal global {SITE} {{ {texts}, {numbers}, ptr null }}")
        return lines
