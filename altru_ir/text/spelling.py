"""How the literal parts of an operation are spelled: the pieces that generated printers call.

Example: ``spell_literal([1, 2], op)`` is ``[1, 2]``; a float keeps all its bits (``0.1``, ``inf``, ``nan``, and
``0x7ff8000000000001`` for any other NaN).
"""

from __future__ import annotations

import math
import struct
from typing import Any

from altru_ir.types import Type, spell_name, spell_string, spell_word
from altru_ir.values import Operation, Successor, Symbol, Word


def spell_literal(value: Any, op: Operation | None = None) -> str:
    """The text of a literal: integer, float, bool, string, bytes, symbol, word, type, or list of literals."""
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return spell_float(value)
    if isinstance(value, Symbol):
        return "@" + spell_name(value)
    if isinstance(value, Word):
        return str(value)
    if isinstance(value, str):
        return spell_string(value)
    if isinstance(value, bytes):
        return spell_bytes(value)
    if isinstance(value, Type):
        return value.text
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join([spell_literal(item) for item in value]) + "]"
    if isinstance(value, dict):
        inner = ", ".join(f"{spell_word(k)} = {spell_literal(v)}" for k, v in value.items())
        return "{" + inner + "}"
    raise TypeError(f"a literal cannot be a {type(value).__name__}")


def spell_float(value: float) -> str:
    """The shortest decimal that reads back to the same bits; NaNs other than the default one in hexadecimal."""
    if math.isnan(value):
        bits = struct.unpack("<Q", struct.pack("<d", value))[0]
        return "nan" if bits == 0x7FF8000000000000 else f"0x{bits:016x}"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    text = float.__repr__(value)
    return text if "." in text else text.replace("e", ".0e")


def spell_bytes(value: bytes) -> str:
    """A byte string literal ``b"..."``."""
    out = []
    for byte in value:
        c = chr(byte)
        if c in '"\\':
            out.append("\\" + c)
        elif c == "\n":
            out.append("\\n")
        elif 0x20 <= byte < 0x7F:
            out.append(c)
        else:
            out.append(f"\\x{byte:02x}")
    return 'b"' + "".join(out) + '"'


def spell_successor(successor: Successor) -> str:
    """``^block``, ``^block(%a)``, with the case in front."""
    text = f"^{successor.block.label}"
    if successor.args:
        text += "(" + ", ".join(["%" + (v.name or "?") for v in successor.args]) + ")"
    case = successor.case
    if case is None:
        return text
    return f"{spell_word(case) if isinstance(case, str) else spell_literal(case)} {text}"


def spell_member(name: str) -> str:
    """The name of a field or variant, or the number of an element."""
    return name if name.isdecimal() and name.isascii() else spell_word(name)


def spell_callee(op: Operation, fixed: int) -> str:
    """``@f(%a, %b)`` or ``%f(%a)``; the first ``fixed`` operands stand elsewhere in the format."""
    values = op.operands[fixed:]
    callee = op.attrs.get("callee")
    if callee is not None:
        head = "@" + spell_name(callee)
    elif values:
        head = "%" + (values[0].name or "?")
        values = values[1:]
    else:
        head = "%?"
    return head + "(" + ", ".join(["%" + (v.name or "?") for v in values]) + ")"


__all__ = [
    "spell_bytes", "spell_callee", "spell_float", "spell_literal", "spell_member", "spell_name", "spell_string",
    "spell_successor", "spell_word",
]  # fmt: skip
