"""Steps over numbers and strings: literals towards zero, arrays towards length one.

Example: ``const [3, 7] : [2 x i32]`` becomes ``const [0, 0]``, and the array ``[1 x i32]`` with ``const [0]``.

A literal is a tree of lists; its leaves are changed one by one, each to zero, to one, or to half of what it is. An array
type is changed everywhere at once, with the literals of that type, so that what agreed before agrees again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import attrs

from altru_ir.module import Function, Global, Module
from altru_ir.testing.reduce.edits import rewrite_types, types_of
from altru_ir.testing.reduce.measure import weight
from altru_ir.types import ArrayType, Type, parts
from altru_ir.values import Operation, Successor

# -- literals ---------------------------------------------------------------------------------------------------------------


@attrs.frozen
class Leaf:
    """One literal that is no list: ``holder`` has it under ``key``, at ``path`` within the lists there."""

    holder: Operation | Successor | Global
    key: str
    path: tuple[int, ...]
    value: Any
    simpler: Any


def zero(value: Any) -> Any:
    """The simplest literal of the kind of ``value``."""
    return type(value)()


def one(value: Any) -> Any:
    """The number one; the first character."""
    return type(value)(1) if isinstance(value, (int, float)) else value[:1]


def half(value: Any) -> Any:
    """About half: of a number, of a string."""
    if isinstance(value, bool):
        return False
    if isinstance(value, int):
        return value // 2 if value > 0 else -(-value // 2)
    if isinstance(value, float):
        return math.trunc(value / 2) * 1.0 if math.isfinite(value) else 0.0
    return value[: len(value) // 2]


def leaves(simpler: Callable[[Any], Any]) -> Callable[[Module], list[Leaf]]:
    """Targets: the leaves that ``simpler`` makes lighter."""

    def targets(module: Module) -> list[Leaf]:
        found: list[Leaf] = []

        def visit(holder: Operation | Successor | Global, key: str, literal: Any) -> None:
            work: list[tuple[tuple[int, ...], Any]] = [((), literal)]
            while work:
                path, value = work.pop()
                if isinstance(value, (list, tuple)):
                    work.extend(((*path, index), item) for index, item in enumerate(value))
                elif type(value) in (bool, int, float, str, bytes) and weight(simpler(value)) < weight(value):
                    found.append(Leaf(holder, key, path, value, simpler(value)))

        for declaration in module.order:
            if isinstance(declaration, Global):
                visit(declaration, "initial", declaration.initial)
            elif isinstance(declaration, Function):
                for op in declaration.operations():
                    for key in literal_keys(op):
                        visit(op, key, op.attrs[key])
                    for successor in op.successors:
                        if not isinstance(successor.case, str):
                            visit(successor, "case", successor.case)
        return found

    return targets


def literal_keys(op: Operation) -> list[str]:
    """The attributes of ``op`` that are literals, not names or marks."""
    from altru_ir.declare import Literal, Option

    found = []
    for key in op.attrs:
        element = op.decl.elements.get(key)
        if element is None or isinstance(element, Literal) or (isinstance(element, Option) and element.type is not bool):
            found.append(key)
    return found


def simplify(module: Module, chosen: list[Leaf]) -> None:
    """Puts the simpler literals in."""
    copied: set[tuple[Operation | Successor | Global, str]] = set()
    for leaf in chosen:
        holder, key = leaf.holder, leaf.key
        if not leaf.path:
            _set(holder, key, leaf.simpler)
            continue
        if (holder, key) not in copied:  # clones share the lists
            copied.add((holder, key))
            _set(holder, key, _copy(_get(holder, key)))
        place = _get(holder, key)
        for index in leaf.path[:-1]:
            place = place[index]
        place[leaf.path[-1]] = leaf.simpler


def _get(holder: Operation | Successor | Global, key: str) -> Any:
    return holder.attrs[key] if isinstance(holder, Operation) else getattr(holder, key)


def _set(holder: Operation | Successor | Global, key: str, value: Any) -> None:
    if isinstance(holder, Operation):
        holder.attrs[key] = value
    else:
        setattr(holder, key, value)


def _copy(literal: Any) -> Any:
    """A copy of the lists; they nest as deep as a type does."""
    return [_copy(item) for item in literal] if isinstance(literal, (list, tuple)) else literal


# -- arrays -----------------------------------------------------------------------------------------------------------------


def arrays(module: Module) -> list[tuple[ArrayType, ArrayType]]:
    """Targets: array types with shorter ones to take their place; a dimension of one first, then one of half."""
    seen: set[Type] = set()
    found: list[tuple[ArrayType, ArrayType]] = []
    for written in types_of(module):
        work = [written]
        while work:
            each = work.pop()
            if each in seen:
                continue
            seen.add(each)
            work.extend(parts(each))
            if isinstance(each, ArrayType):
                for axis, length in enumerate(each.dimensions):
                    for shorter in dict.fromkeys((1, (length or 0) // 2)):
                        if length is not None and 0 < shorter < length:
                            shape = (*each.dimensions[:axis], shorter, *each.dimensions[axis + 1 :])
                            found.append((each, ArrayType(shape, each.element)))
    return found


def shorten(module: Module, chosen: list[tuple[ArrayType, ArrayType]]) -> None:
    """Puts the shorter arrays in, and cuts the literals of that type. Of two for one type the first holds."""
    table: dict[Type, Type] = {}
    for old, new in chosen:
        table.setdefault(old, new)
    rewrite_types(module, lambda type: table.get(type, type))
    for declaration in module.order:
        if isinstance(declaration, Global):
            declaration.initial = cut(declaration.initial, declaration.type)
        elif isinstance(declaration, Function):
            for op in declaration.operations():
                for key in literal_keys(op):
                    if len(op.results) == 1:
                        op.attrs[key] = cut(op.attrs[key], op.results[0].type)


def cut(literal: Any, type: Type) -> Any:
    """``literal`` without the elements for which ``type`` has no room."""
    if not isinstance(type, ArrayType) or type.is_unsized:
        return literal
    length = type.dimensions[0] or 0
    if isinstance(literal, str):
        literal = literal.encode(errors="surrogatepass")
    if isinstance(literal, bytes):
        return literal[:length]
    if not isinstance(literal, (list, tuple)):
        return literal
    inner = type.element if len(type.dimensions) == 1 else ArrayType(type.dimensions[1:], type.element)
    return [cut(item, inner) for item in literal[:length]]
