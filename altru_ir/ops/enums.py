"""Enums: tagged sums, made of a variant and its payload, taken apart by an exhaustive switch."""

from __future__ import annotations

from collections.abc import Iterator

from altru_ir.declare import ANY, ENUM_PLACE, PURE, READ, TERMINATOR, Cases, Constraint, Name, Operand, Result, operation
from altru_ir.marks import needs_drop
from altru_ir.module import Module
from altru_ir.ops.aggregates import field_types
from altru_ir.types import ERROR, I32, UNIT, NamedType, PlaceType, Type
from altru_ir.values import Operation

ENUM = Constraint("an enum", "t.__class__ is NamedType")


def variants_of(type: Type, module: Module) -> dict[str, Type] | None:
    """Payload types by variant; None when ``type`` is no enum."""
    return field_types(type, module, "enum") if isinstance(type, NamedType) else None


def _payload_fits(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    type, name = op.result.type, op.attrs["variant"]
    variants = variants_of(type, module)
    if variants is None:
        yield "V023", f"`enum` cannot make a `{type}`, which is no enum"
    elif name not in variants:
        yield "V023", f"`{type}` has no variant `{name}`; it has {', '.join(variants) or 'none'}"
    else:
        wanted = variants[name]
        given = op.operands[0].type if op.operands else UNIT
        if given is not ERROR and given.erased is not wanted.erased:
            shown = "no payload" if given is UNIT else f"a payload of type `{given}`"
            yield "V023", f"variant `{name}` of `{type}` has a payload of type `{wanted}`, but is given {shown}"


@operation("enum", "$variant[, $payload]", traits=(PURE,), verify=_payload_fits)
class Enum:
    """An enum value: a variant with its payload, or without one when that is unit.

    Example: ``%o = enum Some, %x : @Option``
    """

    variant = Name()
    payload = Operand(ANY, optional=True)
    result = Result(written=ENUM)


def _enum_of(op: Operation) -> Type:
    """The enum that the first operand is, or is a place of."""
    given = op.operands[0].type
    return given.target if isinstance(given, PlaceType) else given


def _is_enum(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    type = _enum_of(op)
    if variants_of(type, module) is None and type is not ERROR:
        yield "V023", f"`{op.name}` of a `{type}`, which is no enum"


@operation("discriminant", "$value", verify=_is_enum)
class Discriminant:
    """The position in the declaration, from 0, of the variant of an enum value or of the enum in a place.

    Example: ``%d = discriminant %o``
    """

    value = Operand(ENUM | ENUM_PLACE, access=READ)
    result = Result(type=I32)


def _payload_of_case(op: Operation, case: object, module: Module) -> list[Type]:
    if not op.operands or op.operands[0].type.is_place:
        return []  # in place: the payload stays where it is, and `variant` leads to it
    variants = variants_of(op.operands[0].type, module)
    payload = UNIT if variants is None or not isinstance(case, str) else variants.get(case, UNIT)
    return [] if payload is UNIT else [payload]


def _is_exhaustive(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    type = _enum_of(op)
    variants = variants_of(type, module)
    if variants is None:
        if type is not ERROR:
            yield "V023", f"`switch_enum` of a `{type}`, which is no enum"
        return
    seen: set[str] = set()
    for index, successor in enumerate(op.successors):
        case = successor.case
        if case is None:
            if index != len(op.successors) - 1:
                yield "V023", "the successor without a variant is the last one"
        elif not isinstance(case, str) or case not in variants:
            yield "V023", f"`{type}` has no variant `{case}`; it has {', '.join(variants) or 'none'}"
        elif case in seen:
            yield "V023", f"`switch_enum` names the variant `{case}` twice"
        if isinstance(case, str):
            seen.add(case)
    missing = [name for name in variants if name not in seen]
    if missing and all(successor.case is not None for successor in op.successors):
        yield "V023", f"`switch_enum` of a `{type}` leaves out {', '.join(missing)}"
    elif not op.operands[0].type.is_place:
        yield from _nothing_is_lost(type, variants, missing, module)


def _nothing_is_lost(type: Type, variants: dict[str, Type], missing: list[str], module: Module) -> Iterator[tuple[str, str]]:
    """An enum value is consumed, and only payloads go on: nothing else may be left that would have to be dropped."""
    declaration = module.types[type.name] if isinstance(type, NamedType) else None
    if declaration is not None and declaration.drop is not None:
        yield "V008", f"`{type}` has a destructor, @{declaration.drop}, so its payload cannot be moved out of it"
        return
    lost = [name for name in missing if needs_drop(variants[name], module)]
    if lost:
        shown = ", ".join(lost)
        yield "V023", f"`switch_enum` of a `{type}` loses the payload of {shown}: name it, or switch on a place"


@operation("switch_enum", "$value, $cases", traits=(TERMINATOR,), verify=_is_exhaustive)
class SwitchEnum:
    """Continues at the block of an enum's variant. Every variant is named, or a last successor without one takes the
    others. An enum value is consumed, and its payload (if it is not unit) is the first argument of the block; so one that
    needs drop is named, and the enum has no destructor. Of an enum in a place only the discriminant is read, and ``variant``
    leads to the payload.

    Example: ``switch_enum %o, Some ^some, None ^none``
    Example: ``switch_enum %place, Ok ^good, Err ^bad``
    """

    value = Operand(ENUM | ENUM_PLACE)
    cases = Cases(names=True, forwards=_payload_of_case)
