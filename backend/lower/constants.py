"""Literals as LLVM's constants.

Example: ``constant_text([1, 255], ArrayType((2,), I8), m) == "[i8 1, i8 -1]"``.

Invariant: a float keeps every bit, and equal constants give equal text.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from altru_ir.backend.lower.types import LoweringError, llvm_type, quote
from altru_ir.module import Module
from altru_ir.types import UNIT, ArrayType, AtomicType, CellType, FloatType, IntType, Type, UsizeType
from altru_ir.values import Symbol

_NONE: Mapping[str, str] = {}


def constant_text(value: Any, type: Type, module: Module, symbols: Mapping[str, str] = _NONE) -> str:
    """An LLVM constant for a literal of ``type``; ``symbols`` of those names that are not their own."""
    if isinstance(type, (AtomicType, CellType)):
        return constant_text(value, type.target, module, symbols)
    if isinstance(type, (IntType, UsizeType)):
        if isinstance(value, bool):
            return "true" if value else "false"
        bits = module.pointer_bits if isinstance(type, UsizeType) else type.bits
        number = int(value) % (1 << bits)
        if bits == 1:
            return "true" if number else "false"
        return str(number - (1 << bits) if number >> (bits - 1) else number)
    if isinstance(type, FloatType):
        return float_text(float(value), type.bits)
    if type is UNIT:
        return "zeroinitializer"
    if isinstance(type, ArrayType):
        inner = type.element if len(type.dimensions) == 1 else ArrayType(type.dimensions[1:], type.element)
        if isinstance(value, (str, bytes)):
            data = value.encode() if isinstance(value, str) else value
            text = "".join(chr(b) if 0x20 <= b < 0x7F and b not in (0x22, 0x5C) else f"\\{b:02X}" for b in data)
            return f'c"{text}"'
        if not value:
            return "zeroinitializer"
        element = llvm_type(inner, module)
        return "[" + ", ".join(f"{element} {constant_text(v, inner, module, symbols)}" for v in value) + "]"
    if isinstance(value, Symbol):
        return symbols.get(value) or f"@{quote(value)}"
    raise LoweringError(f"a constant of type `{type}` cannot be compiled yet")


def float_text(value: float, bits: int) -> str:
    """LLVM's hexadecimal form, which keeps every bit: of a ``float`` it is the bits of the equal ``double``."""
    if bits == 32 and value == value and abs(value) != float("inf"):
        value = struct.unpack("<f", struct.pack("<f", value))[0]
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"
