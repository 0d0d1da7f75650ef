"""Giving memory back: what a function's lowering and drop glue both write.

Invariant: an owner's form says how its memory goes back (``homes.py``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from altru_ir.backend.lower.panics import SITE
from altru_ir.backend.lower.types import dimensions_of
from altru_ir.module import Module
from altru_ir.types import OwnType
from altru_ir.values import Operation, Value

if TYPE_CHECKING:
    from altru_ir.backend.lower.function import FunctionLowering
    from altru_ir.backend.lower.module import ModuleLowering

HEAP_RELEASE = 'allockind("free") "alloc-family"="altru" nounwind willreturn'


class Writes(Protocol):
    """What writes instructions: a function's lowering, or a function of drop glue."""

    module: Module
    owner: ModuleLowering
    word: str
    in_cleanup: bool
    """Whether what is written runs in the course of a panic alone."""

    def emit(self, text: str) -> str: ...
    def line(self, text: str) -> None: ...
    def intrinsic(self, result: str, name: str, arguments: Iterable[str]) -> str: ...


def runtime(f: Writes, result: str, name: str, arguments: list[str], attributes: str = "nounwind") -> str:
    """The text of a call of a function of the runtime; ``arguments`` are typed operands."""
    types = ", ".join(a.split(" ", 1)[0] for a in arguments)
    f.owner.declare(f"declare {result} @{name}({types}) {attributes}")
    return f"call {result} @{name}({', '.join(arguments)})"


UNKNOWN = "ptr null"
"""The site of a release that the program did not write."""


def site_of(f: FunctionLowering, op: Operation) -> str:
    """The place of ``op`` for the runtime: a hardened heap names it."""
    number = f.owner.sites.number("foreign_free", op.location, None, f.function.name)
    return f"ptr getelementptr inbounds ({SITE}, ptr @altru.sites, i64 {number})"


def give_back(f: Writes, pointer: str, site: str = UNKNOWN) -> None:
    """Gives a block back to the heap: in the course of a panic by a call, whose few bytes leave the registers to the loops."""
    name, attributes = "altru_free_at" if f.in_cleanup else "altru.free", HEAP_RELEASE
    if f.owner.profile is not None:
        f.owner.profile.released(f, pointer)
        attributes = "nounwind"
    f.owner.declare(f"declare void @{name}(ptr allocptr, ptr) {attributes}")
    f.line(f"call void @{name}(ptr {pointer}, {site})")


def release(f: Writes, pointer: str, type: OwnType, site: str = UNKNOWN) -> None:
    """Gives the memory of an owner back; its content is gone."""
    if type.pool:
        # The chunk of a slot begins with its pool, at the multiple of 64 KiB below.
        mask = -65536
        chunk = f.emit(f.intrinsic("ptr", f"llvm.ptrmask.p0.{f.word}", [f"ptr {pointer}", f"{f.word} {mask}"]))
        pool = f.emit(f"load ptr, ptr {chunk}, align {f.module.pointer_bits // 8}")
        if f.owner.profile is not None:
            f.owner.profile.released(f, pointer)
        f.line(runtime(f, "void", "altru.pool.give", [f"ptr {pool}", f"ptr {pointer}", site]))
    elif type.release is not None:
        f.line(f"call void {f.owner.symbol(type.release)}(ptr {pointer})")
    elif type.region is None:
        give_back(f, pointer, site)


def thin(f: FunctionLowering, value: Value) -> str:
    """The address of a pointer that may carry lengths."""
    if dimensions_of(value.type):
        return f.emit(f"extractvalue {f.typed(value)}, 0")
    return f.value(value)
