"""Arguments and results of ``--run --entry``: literals in, a literal out.

Example: ``arguments_for(f, ["[1,2,3]"]) == [[1, 2, 3]]`` for ``func @f(%xs: ref<[? x i32]>)``.
"""

from __future__ import annotations

from typing import Any

from altru_ir.diagnostics import DiagnosticError
from altru_ir.literals import literal_problem
from altru_ir.module import Function, Module
from altru_ir.source import Source
from altru_ir.text.cursor import Cursor, Recover
from altru_ir.text.spelling import spell_literal
from altru_ir.types import ArrayType, IntType, RefType, Type, UsizeType


class ArgumentError(Exception):
    """An argument is no literal of its parameter's type; the message names the parameter."""


def arguments_for(function: Function, texts: list[str], module: Module) -> list[Any]:
    """One Python value per parameter. Raises ``ArgumentError``."""
    if len(texts) != len(function.parameters):
        raise ArgumentError(f"@{function.name} takes {len(function.parameters)} arguments, not {len(texts)}")
    return [
        _read(text, type, f"%{parameter.name}", module)
        for parameter, type, text in zip(function.parameters, function.signature.type.parameters, texts, strict=True)
    ]


def _read(text: str, type: Type, where: str, module: Module) -> Any:
    cursor = Cursor(Source("<argument>", text))
    try:
        value, at = cursor.literal(0)
        if cursor.tokens[at]:
            cursor.expected(at, "the end of the argument")
    except (Recover, DiagnosticError):
        raise ArgumentError(f"argument `{text}` for {where}: {cursor.errors[-1].message}") from None
    if isinstance(type, RefType) and isinstance(type.target, ArrayType) and type.target.dimensions == (None,):
        if not isinstance(value, (list, str, bytes)):
            raise ArgumentError(f"argument `{text}` for {where} must be a list or a string, for its type is `{type}`")
        value = value.encode() if isinstance(value, str) else value
        problem = literal_problem(value, ArrayType((len(value),), type.target.element), module)
        value = [_signed(v, type.target.element, module) for v in value]
    else:
        problem = literal_problem(value, type, module)
        value = _signed(value, type, module)
    if problem is not None:
        raise ArgumentError(f"argument `{text}` for {where}: {problem}")
    return value


def _signed(value: Any, type: Type, module: Module) -> Any:
    if isinstance(type, IntType) and type.bits > 1 and isinstance(value, int):
        value %= 1 << type.bits
        return value - (1 << type.bits) if value >> (type.bits - 1) else value
    if isinstance(type, UsizeType) and isinstance(value, int):
        return value % (1 << module.pointer_bits)
    return value


def show(value: Any) -> str:
    """A result as a literal."""
    return "[]" if value is None else spell_literal(value)
