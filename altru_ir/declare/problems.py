"""Is an operation what its declaration says? Each rule that it breaks, in words.

    list(problems(find("slice.len"), op, module)) == [("V005", "operand `slice` of `slice.len` has type `i32` where ...")]

This is the definition; ``Declaration.holds`` is the fast way to ask whether it finds anything. Types that are not known
(``ERROR``) break no rule: whatever made them so has been reported.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from altru_ir import types as _types
from altru_ir.declare.elements import InferenceError, Literal, Name, Operand, Option, Result, SymbolOf, TypeOf, WordOf
from altru_ir.types import ERROR, Type
from altru_ir.values import Operation, Value

if TYPE_CHECKING:
    from altru_ir.declare.declaration import Declaration
    from altru_ir.module import Module

COMMON_ATTRIBUTES = ("allow",)
"""Attributes every operation may carry."""

MAX_ALIGNMENT = 1 << 28


def alignment_problem(value: object) -> str | None:
    """Why ``value`` is no alignment in bytes; None when it is one."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MAX_ALIGNMENT and value & (value - 1) == 0:
        return None
    return f"an alignment is a power of two from 1 to {MAX_ALIGNMENT}, not `{value}`"


def problems(decl: Declaration, op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    """The definition of a well-typed operation: yields ``(rule, message)`` for each violation."""
    yield from _count_problems(decl, op)
    if decl.callee is None and not decl.count_is_right(op):
        return
    bound = decl.bind(op)
    wrong = [p for e in decl.operands for value in bound[e.name] for p in _operand_problems(decl, e, value, bound)]
    yield from wrong
    yield from _attribute_problems(decl, op)
    if decl.needs_unsafe and not op.unsafe:
        yield "U001", f"`{decl.name}` needs the `unsafe` marker"
    if wrong or (decl.kinds and not _has_its_parts(decl, op)):  # what follows relies on the types, and reads the attributes
        return
    miscounted = False
    for rule, message in _result_problems(decl, op, module):
        miscounted = miscounted or rule == "V003"
        yield rule, message
    if decl.verify_extra is not None and not miscounted:
        yield from decl.verify_extra(op, module)


def _has_its_parts(decl: Declaration, op: Operation) -> bool:
    """Whether the attributes that stand in the format are there, each of its kind."""
    return all(name in op.attrs and isinstance(op.attrs[name], kind) for name, kind in decl.kinds)


def _count_problems(decl: Declaration, op: Operation) -> Iterator[tuple[str, str]]:
    if decl.callee is None and not decl.count_is_right(op):
        yield "V003", f"`{decl.name}` takes {len(decl.operands)} operands, not {len(op.operands)}"
    if decl.cases is None and len(op.successors) != len(decl.targets):
        yield "V004", f"`{decl.name}` has {len(decl.targets)} successors, not {len(op.successors)}"


def _operand_problems(
    decl: Declaration, operand: Operand, value: Value, bound: dict[str, list[Value]]
) -> Iterator[tuple[str, str]]:
    type = value.type
    if type is ERROR:
        return
    if operand.same_as is not None:
        wanted = bound[operand.same_as][0].type
        if wanted is not ERROR and type is not wanted and type.erased is not wanted.erased:
            yield (
                "V005",
                (
                    f"operand `{operand.name}` of `{decl.name}` has type `{type}`, "
                    f"but `{operand.same_as}` has type `{wanted}`; they must be the same"
                ),
            )
    elif not operand.constraint.accepts(type):
        yield (
            "V005",
            (f"operand `{operand.name}` of `{decl.name}` has type `{type}` where {operand.constraint.name} is expected"),
        )


def _attribute_problems(decl: Declaration, op: Operation) -> Iterator[tuple[str, str]]:
    for key, value in op.attrs.items():
        element = decl.elements.get(key)
        if isinstance(element, WordOf):
            if value not in element.choices:
                yield "V006", f"`{value}` is no {key} of `{decl.name}`; it is one of {', '.join(element.choices)}"
        elif isinstance(element, (Name, SymbolOf)):
            if not isinstance(value, str):
                yield "V006", f"the `{key}` of `{decl.name}` is {value!r}, and no name"
        elif isinstance(element, TypeOf):
            if not isinstance(value, _types.Type):
                yield "V006", f"the `{key}` of `{decl.name}` is {value!r}, and no type"
        elif isinstance(element, Option):
            good = value is True if element.type is bool else isinstance(value, element.type) and value is not True
            if good and element.name == "alignment":
                problem = alignment_problem(value)
                if problem is not None:
                    yield "V006", f"`{decl.name}`: {problem}"
            if not good or (element.choices and value not in element.choices):
                choices = f", one of {', '.join(map(str, element.choices))}" if element.choices else ""
                yield "V006", f"attribute `{key}` of `{decl.name}` must be of type {element.type.__name__}{choices}"
        elif element is None and "." not in key and key not in COMMON_ATTRIBUTES:
            known = ", ".join([*decl.options, *COMMON_ATTRIBUTES])
            yield "V006", f"`{decl.name}` has no attribute `{key}`; known are {known}, and names with a dot"
        elif element is None and not _has_text(value):
            yield "V006", f"attribute `{key}` of `{decl.name}` is {value!r}, and no literal"
    for element in decl.elements.values():
        if isinstance(element, (WordOf, Name, SymbolOf, TypeOf, Literal)) and element.name not in op.attrs:
            if isinstance(element, Literal) and element.optional:
                continue
            yield "V006", f"`{decl.name}` lacks its `{element.name}`"


def _result_problems(decl: Declaration, op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    if any(v.type is ERROR for v in op.operands):
        return
    expected: list[tuple[Result, Type | None]] = []
    for result in decl.results:
        try:
            if result.infer_all is not None:
                expected.extend((result, type) for type in result.infer_all(op, module))
                continue
            inferred = decl.infer_one(result, op, module)
        except InferenceError as error:
            yield "V005", str(error)
            return
        if not (result.optional and inferred is _types.UNIT):
            expected.append((result, inferred))
    if len(expected) != len(op.results):
        yield "V003", f"`{decl.name}` gives {len(expected)} results, not {len(op.results)}"
        return
    for (result, wanted), value in zip(expected, op.results, strict=True):
        if value.type is ERROR or wanted is ERROR:
            continue
        if wanted is not None:
            if value.type is not wanted and value.type.erased is not wanted.erased:
                yield "V005", f"the result of `{decl.name}` has type `{value.type}` but must have type `{wanted}`"
        elif result.written is not None:
            written = value.type
            if result.place:
                if not isinstance(written, _types.PlaceType):
                    yield "V005", f"the result of `{decl.name}` must be a place, not `{written}`"
                    continue
                written = written.target
            if not result.written.accepts(written):
                yield "V005", f"`{decl.name}` cannot give a `{written}`: {result.written.name} is expected"


def _has_text(value: Any) -> bool:
    from altru_ir.literals import is_literal  # which knows modules, and they know this

    return is_literal(value)
