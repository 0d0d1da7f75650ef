"""The usual case of a call with slices: each is a writable contiguous buffer of one dimension, of the right elements.

For ``func @sum(%xs: ref<[? x f64]>) -> f64`` it is

    _usual = False
    try:
        try:
            _view0 = _view(xs)
            if _view0.format in _formats0 and _view0.ndim == 1 and _view0.c_contiguous:
                _held0 = _hold(_view0)
                _at0 = _address(_held0)
                if not _at0 % 8:
                    _usual = True
        except _NO_VIEW as _error:
            if _error.__traceback__.tb_next: raise
        if _usual: _result = _native(_at0, _view0.nbytes // 8)
    finally:
        _view0 = _held0 = None

Both ``_view`` and ``_hold`` hold the buffer, and are gone before anything is raised. What is not so goes the other way, which
knows what is wrong (``buffers.py``).

Invariant: the native function is called here only with memory that is held, of elements of the parameter's type.
"""

from __future__ import annotations

import ctypes
import struct
from typing import Any

from altru_ir.backend.host.formats import matches
from altru_ir.layout import layout_of
from altru_ir.module import Module
from altru_ir.types import Type

NO_VIEW = (TypeError, ValueError, BufferError)
"""What asking for a view of memory raises."""


class UsualSlices:
    """The lines for one function, parameter by parameter; there are none when one of them has no usual case."""

    def __init__(self, module: Module, namespace: dict[str, Any]) -> None:
        self.module = module
        self.namespace = namespace
        self.is_possible = True
        self.opened: list[tuple[list[str], str]] = []
        self.arguments: list[str] = []

    def number(self, name: str) -> None:
        """A parameter that is a number, as it is."""
        self.arguments.append(name)

    def none(self) -> None:
        """A parameter without a usual case."""
        self.is_possible = False

    def slice(self, index: int, name: str, element: Type) -> None:
        """A slice of one dimension."""
        layout = layout_of(element, self.module)
        formats = frozenset(c for c in "bBhHiIlLqQnNfd" if matches(c, struct.calcsize(c), element, self.module))
        if not formats or not layout.size:
            self.none()
            return
        self.namespace[f"_formats{index}"] = formats
        self.namespace |= {"_view": memoryview, "_hold": ctypes.c_char.from_buffer, "_address": ctypes.addressof}
        view = f"_view{index}"
        lines = [
            f"{view} = _view({name})",
            f"if {view}.format in _formats{index} and {view}.ndim == 1 and {view}.c_contiguous:",
            f"    _held{index} = _hold({view})",
            f"    _at{index} = _address(_held{index})",
        ]
        self.opened.append((lines, f"not _at{index} % {layout.align}"))
        self.arguments += [f"_at{index}", f"{view}.nbytes // {layout.size}"]

    def lines(self, strict: list[str], after: list[str]) -> list[str]:
        """The whole. Parameters: ``strict``, what has to hold of the numbers; ``after``, the lines behind the call."""
        if not self.is_possible or not self.opened:
            return []
        lines = [f"if {' and '.join(strict)}:"] if strict else ["if True:"]
        depth = "    "
        for opened, last in self.opened:
            lines += [depth + line for line in opened]
            lines.append(f"{depth}    if {last}:")
            depth += "        "
        lines.append(f"{depth}_usual = True")
        held = [line.split(" = ")[0] for opened, _ in self.opened for line in (opened[0], opened[2].strip())]
        self.namespace["_NO_VIEW"] = NO_VIEW
        return [
            "_usual = False",
            "try:",
            "    try:",
            *(f"        {line}" for line in lines),
            "    except _NO_VIEW as _error:",
            "        if _error.__traceback__.tb_next: raise  # of a signal handler, or of the value's own __buffer__",
            f"    if _usual: _result = _native({', '.join(self.arguments)})",
            "finally:",
            f"    {' = '.join([*held, 'None'])}",
            "if _usual:",
            *(f"    {line}" for line in after),
            "    return _result",
        ]


__all__ = ["NO_VIEW", "UsualSlices"]
