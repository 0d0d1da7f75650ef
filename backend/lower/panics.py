"""Panics: what a module and its functions say about them in LLVM's terms.

**Sites.** A check branches to a cold block with the number of its site and up to two words that the message shows; the block
hands them to the runtime, which knows the rest from one constant table per module. So a check costs a compare and a branch
that is not taken, and the place of a panic is constant data. A function has one cold block for each cleanup that a panic may
go to, and one for panics that leave it at once.

**Modes.** With ``abort`` the cold block calls ``altru_panic_site``, which ends the process. With ``unwind`` it calls
``altru_panic_unwind``, and the panic leaves frame after frame: an operation that may panic, in a block with an unwind target,
is an ``invoke`` whose landing pad leads to the target, and ``resume`` goes on with what the pad was given. ``invoke`` stands
only where a cleanup is, for it costs code and compile time.

**Guards** are functions of ours at which a panic ends: ``main`` of an executable tells it and ends the process, the entry of
a function that is called from Python keeps it for the caller.

**Labels.** Each function carries its name in front of its first instruction, for backtraces (``runtime/src/backtrace.c``).

Invariant: equal sites are one entry; the table's order is the order of first use.
"""

from __future__ import annotations

from functools import lru_cache

from altru_ir.backend.lower.types import quote
from altru_ir.runtime.panic_kinds import KINDS
from altru_ir.source import Location

SITE = "{ ptr, ptr, i32, i32, i32, i32, ptr }"
"""``altru_site``: file, message, kind, line, column, reserved, function."""


class Strings:
    """The constant texts of a module, each once, ended by a NUL."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def of(self, text: str | None) -> str:
        """A typed operand that leads to the text; null for none."""
        if text is None:
            return "ptr null"
        return f"ptr {self._names.setdefault(text, f'@altru.text.{len(self._names)}')}"

    def text(self) -> list[str]:
        """Those that were asked for, as LLVM globals."""
        return [
            f"{name} = private unnamed_addr constant [{len(text.encode()) + 1} x i8] c{_c_string(text)}"
            for text, name in self._names.items()
        ]


class Sites:
    """The panic sites of a module."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, Location | None, str | None, str], int] = {}

    def number(self, kind: str, location: Location | None, message: str | None, function: str) -> int:
        """The number of a site in ``function``. ``kind`` is a name of ``altru_panic_kinds.h``."""
        key = (kind, location, message, function)
        return self._numbers.setdefault(key, len(self._numbers))

    def text(self, strings: Strings) -> list[str]:
        """The table as an LLVM global, whose texts are among ``strings``; nothing when no site was used."""
        if not self._numbers:
            return []
        rows = []
        for kind, location, message, function in self._numbers:
            file = strings.of(location.file if location is not None else None)
            line, column = (location.line, location.column) if location is not None else (0, 0)
            what = f"{file}, {strings.of(message)}, i32 {KINDS[kind]}"
            rows.append(f"  {SITE} {{ {what}, i32 {line}, i32 {column}, i32 0, {strings.of(function)} }}")
        body = ",\n".join(rows)
        return [f"@altru.sites = internal unnamed_addr constant [{len(rows)} x {SITE}] [\n{body}\n]"]


def _c_string(text: str) -> str:
    data = text.encode() + b"\0"
    return '"' + "".join(chr(b) if 0x20 <= b < 0x7F and b not in (0x22, 0x5C) else f"\\{b:02X}" for b in data) + '"'


PERSONALITY = "personality ptr @altru_personality"
"""What a function with landing pads ends its header with."""

LANDED = "{ ptr, i32 }"
"""What a landing pad is given: the unwinder's exception object, and a number we do not use."""

MARK = 0x6E667572746C61FF
"""Stands right before the code of each function of ours; runtime/src/backtrace.c looks for it."""

FUNCTION, GUARD, PLACED, WRAPPER = 0, 1, 2, 3
"""Kinds of labels: a function; where panics end; a function, and a wrapper that is none of the source's, with a distance to
what is known of their calls."""

PLACES = "altru.places"
"""A symbol in the section of that, which ``call_places.py`` fills when the code is there."""


def placeholder_text() -> list[str]:
    """The section, empty, for a module whose labels are ``PLACED``."""
    return [
        f'@{PLACES} = internal constant [16 x i8] zeroinitializer, section ".altru_places", align 8',
        f'@llvm.compiler.used = appending global [1 x ptr] [ptr @{PLACES}], section "llvm.metadata"',
    ]


def label_of(name: str, kind: int = FUNCTION) -> str:
    """The ``prefix`` clause that puts a function's name before its code, in whole 16 bytes so that the code stays aligned."""
    if name.isidentifier() and name.isascii():  # the usual case, of which LLVM wants nothing escaped
        before, behind = _around_label(len(name), kind)
        return before + name + behind
    data = name.encode()
    before, behind = _around_label(len(data), kind)
    return before + "".join(chr(b) if 0x20 <= b < 0x7F and b not in (0x22, 0x5C) else f"\\{b:02X}" for b in data) + behind


@lru_cache
def _around_label(length: int, kind: int) -> tuple[str, str]:
    """What stands around a name of ``length`` bytes."""
    distance, more = (8, ", i64 0") if kind in (PLACED, WRAPPER) else (0, "")
    zeros = -(length + distance) % 16
    array = f"[{length + zeros} x i8]"
    filling = "\\00" * zeros
    types = f"{array}{', i64' if more else ''}, i32, i32, i64"
    return f'prefix <{{ {types} }}> <{{ {array} c"', f'{filling}"{more}, i32 {length}, i32 {kind}, i64 {MARK} }}>'


def guard_text(name: str, target: str, result: str, parameters: list[str], end: str) -> str:
    """A guard: a function ``name`` with LLVM ``parameters`` that calls ``target`` with them and lets no panic pass.

    ``end`` is the runtime's function that is given the exception; when it returns, so does the guard, with zero. Both
    names are LLVM's, without ``@``.
    """
    shown = ", ".join(f"{type} %{index}" for index, type in enumerate(parameters))
    value = "" if result == "void" else "%result = "
    lines = [
        f"define {result} @{name}({shown}) uwtable {label_of('', GUARD)} {PERSONALITY} {{",
        "entry:",
        f"  {value}invoke {result} @{target}({shown}) noinline to label %returned unwind label %panicked",
        "returned:",
        "  ret void" if result == "void" else f"  ret {result} %result",
        "panicked:",
        f"  %landed = landingpad {LANDED} catch ptr null",
        f"  %exception = extractvalue {LANDED} %landed, 0",
        f"  call void @{end}(ptr %exception)",
        "  ret void" if result == "void" else f"  ret {result} zeroinitializer",
        "}",
        "",
    ]
    return "\n".join(lines)


__all__ = [
    "FUNCTION", "GUARD", "LANDED", "MARK", "PERSONALITY", "PLACED", "PLACES", "SITE", "Sites", "WRAPPER", "guard_text",
    "label_of", "placeholder_text", "quote",
]  # fmt: skip
