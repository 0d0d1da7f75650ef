"""Literals against types: does a literal fit, and which integer is a value known to be.

Example: ``literal_problem(300, I8, module)`` says that 300 does not fit; -1 and 255 both do, for integers are signless.
"""

from __future__ import annotations

import itertools
import math
import struct
from typing import Any

from altru_ir.module import Module
from altru_ir.source import has_text
from altru_ir.types import UNIT, ArrayType, AtomicType, CellType, FloatType, IntType, MutexType, Type, UsizeType
from altru_ir.values import Value


def literal_problem(value: Any, type: Type, module: Module) -> str | None:
    """Why ``value`` is no literal of ``type``; None when it is one."""
    if value.__class__ is int and type.__class__ is IntType and -(1 << (type.bits - 1)) <= value < 1 << type.bits:
        return None  # what there is most of
    work = [(value, type)]
    while work:
        value, type = work.pop()
        if isinstance(type, (AtomicType, CellType, MutexType)):
            work.append((value, type.target))
        elif isinstance(type, (IntType, UsizeType)):
            bits = module.pointer_bits if isinstance(type, UsizeType) else type.bits
            if isinstance(value, bool):
                if bits != 1:
                    return f"`{str(value).lower()}` is a literal of `i1`, not of `{type}`"
            elif not isinstance(value, int):
                return f"`{_show(value)}` is no integer literal, but the type is `{type}`"
            elif not -(1 << (bits - 1)) <= value < (1 << bits):
                return f"{value} does not fit in `{type}`"
        elif isinstance(type, FloatType):
            if not isinstance(value, float):
                fix = f": write {value}.0" if isinstance(value, int) and not isinstance(value, bool) else ""
                return f"`{_show(value)}` is no float literal, but the type is `{type}`{fix}"
            if type.bits == 32 and math.isfinite(value):
                try:
                    struct.pack("<f", value)
                except OverflowError:
                    return f"{value} is out of range for `f32`"
        elif isinstance(type, ArrayType) and not type.is_unsized:
            problem = _array(value, type, work)
            if problem is not None:
                return problem
        elif type is UNIT:
            if value != []:
                return f"`{_show(value)}` is no literal of `()`, which is written `[]`"
        else:
            return f"there are no literals of `{type}`"
    return None


def _array(value: Any, type: ArrayType, work: list[tuple[Any, Type]]) -> str | None:
    length = type.dimensions[0] or 0
    inner = type.element if len(type.dimensions) == 1 else ArrayType(type.dimensions[1:], type.element)
    if isinstance(value, (str, bytes)):
        try:
            data = value.encode() if isinstance(value, str) else value
        except UnicodeEncodeError:
            return "the string holds half of a surrogate pair, which has no bytes"
        if not (isinstance(inner, IntType) and inner.bits == 8):
            return f"a string is a literal of an array of `i8`, not of `{type}`"
        if len(data) != length:
            octal = any(byte == 0 and 0x30 <= behind <= 0x37 for byte, behind in itertools.pairwise(data))
            hint = "; `\\0` is all of an escape: the digit behind it is a character" if octal else ""
            return f"the string has {len(data)} bytes, but the type is `{type}`{hint}"
        return None
    if not isinstance(value, (list, tuple)):
        return f"`{_show(value)}` is no list, but the type is `{type}`"
    if len(value) != length:
        return f"the list has {len(value)} elements, but the type is `{type}`"
    work.extend((item, inner) for item in value)
    return None


def is_literal(value: object) -> bool:
    """Whether the text can say ``value``: a number, a truth value, a text, bytes, or a list of such."""
    work = [value]
    while work:
        each = work.pop()
        if isinstance(each, (list, tuple)):
            work += each
        elif not isinstance(each, (int, float, str, bytes)) or (isinstance(each, str) and not has_text(each)):
            return False
    return True


def _show(value: Any) -> str:
    from altru_ir.text.spelling import spell_literal

    text = spell_literal(value) if is_literal(value) else repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def constant_integer(value: Value) -> int | None:
    """The integer that ``value`` is by its definition (a ``const``); None when it is not known."""
    op = value.operation
    if op is None or op.decl.name != "const":
        return None
    literal = op.attrs.get("value")
    return int(literal) if isinstance(literal, int) else None
