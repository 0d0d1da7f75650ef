"""Steps over what stands beside the program proper: comments, locations, attributes, markers, linkage, clauses, names.

Example: ``private func @helper(%count: i32) nounwind {cold}`` becomes ``func @f(%a: i32)``.

A trimming is a thing, the name of a field of it, and the plain value for that field. Names are last: the name that was
chosen for a thing may be what somebody looks for first, so they change only when all else is done.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from altru_ir.declare import Flag, Literal, Option
from altru_ir.module import Block, Field, Function, Global, Module, TypeDeclaration
from altru_ir.testing.reduce.edits import set_signature, signature_with
from altru_ir.values import NO_ATTRIBUTES, Operation

# -- comments and locations -------------------------------------------------------------------------------------------------


def comments(module: Module) -> list[tuple[Any, str]]:
    """Targets: places that have comments, as an object and the name of its field."""
    found: list[tuple[Any, str]] = []

    def visit(holder: Any, *fields: str) -> None:
        found.extend((holder, field) for field in fields if getattr(holder, field))

    for declaration in module.order:
        if isinstance(declaration, Function):
            visit(declaration, "leading_comments", "trailing_comments")
            for block in declaration.blocks:
                things: list[Block | Operation] = [block, *block.ops]
                for thing in things:
                    kept = declaration.comments.get(thing)
                    if kept is not None:
                        visit(kept, "before", "behind")
        else:
            visit(declaration, "comments")
        visit(declaration, "behind")
    visit(module, "trailing_comments")
    return found


def drop_comments(module: Module, chosen: list[tuple[Any, str]]) -> None:
    for holder, field in chosen:
        setattr(holder, field, None if field == "behind" else [])


def located(module: Module) -> list[Operation]:
    """Targets: operations with a location of their own."""
    return [
        op for f in module.functions.values() for op in f.operations() if op.loc is not None and not isinstance(op.loc, int)
    ]


def drop_locations(module: Module, chosen: list[Operation]) -> None:
    for op in chosen:
        op.loc = None


# -- operations -------------------------------------------------------------------------------------------------------------


def marks(module: Module) -> list[tuple[Operation, str | None]]:
    """Targets: attributes that need not be there, and (None) ``unsafe`` markers."""
    found: list[tuple[Operation, str | None]] = []
    for function in module.functions.values():
        for op in function.operations():
            found.extend((op, key) for key in op.attrs if _optional(op, key))
            if op.unsafe:
                found.append((op, None))
    return found


def _optional(op: Operation, key: str) -> bool:
    element = op.decl.elements.get(key)
    guards = any(operand.flag == key for operand in op.decl.operands)  # goes with its operand
    return (
        element is None
        or (isinstance(element, (Flag, Option)) and not guards)
        or (isinstance(element, Literal) and element.optional)
    )


def drop_marks(module: Module, chosen: list[tuple[Operation, str | None]]) -> None:
    for op, key in chosen:
        if key is None:
            op.unsafe = False
        else:
            op.attrs = {name: value for name, value in op.attrs.items() if name != key} or NO_ATTRIBUTES


# -- declarations -----------------------------------------------------------------------------------------------------------


@attrs.frozen(eq=False)
class Trimming:
    """``holder.field`` may become ``plain``; for an attribute in braces ``field`` is ``attributes`` and ``key`` names it."""

    holder: Any
    field: str
    plain: Any = None
    key: str | None = None


def trimmings(module: Module) -> list[Trimming]:
    """Targets: what a declaration has beyond the plainest."""
    found: list[Trimming] = []
    for declaration in [module, *module.order]:
        found.extend(Trimming(declaration, "attributes", key=key) for key in declaration.attributes)
        for holder, field, plain in _plain_fields(declaration):
            if getattr(holder, field) != plain:
                found.append(Trimming(holder, field, plain))
        if isinstance(declaration, Function):
            found.extend(_of_signature(declaration))
    return found


def _plain_fields(declaration: Any) -> Iterator[tuple[Any, str, Any]]:
    if isinstance(declaration, Function):
        yield declaration, "linkage", "public"
    elif isinstance(declaration, Global):
        yield declaration, "linkage", "public"
        yield declaration, "mode", "const"
        yield declaration, "initial", None
    elif isinstance(declaration, TypeDeclaration):
        yield declaration, "outlives", ()
        yield declaration, "drop", None
        yield declaration, "asserts", ()
        yield declaration, "representation", None
        for member in declaration.members:
            if isinstance(member, Field):
                yield member, "transfer", None
                yield member, "constant", False


_SIGNATURE = {"abi": None, "variadic": False, "unsafe": False, "nounwind": False, "binder": ()}


def _of_signature(function: Function) -> Iterator[Trimming]:
    type = function.signature.type
    for field, plain in _SIGNATURE.items():
        if getattr(type, field) != plain:
            yield Trimming(function, field, plain)
    if function.signature.outlives:
        yield Trimming(function, "outlives", ())
    if any(how is not None for how in type.transfers):
        yield Trimming(function, "transfers", (None,) * len(type.transfers))


def trim(module: Module, chosen: list[Trimming]) -> None:
    """Makes those fields plain."""
    for each in chosen:
        if each.key is not None:
            del each.holder.attributes[each.key]
        elif isinstance(each.holder, Function) and each.field == "outlives":
            each.holder.signature.outlives = ()
        elif isinstance(each.holder, Function) and each.field != "linkage":
            changed = signature_with(each.holder.signature.type, **{each.field: each.plain})
            set_signature(each.holder, changed)
        else:
            setattr(each.holder, each.field, each.plain)
