"""What a closure captures, where the dump leaves a part of it out.

    let g = || { eat(f.x); look(&f.y); };        _3 = &((_1.1: String));  _2 = {closure@...} { f: move (_1.0: String) };

rustc prints as many captures as variables are captured from, in order, but a closure captures places: here the second one, the
reference ``_3``, is missing. It is found by the name that the closure's own body has for it, ``f__y``: a variable and fields.

Clauses:
 1. a capture by reference is a local of its own, that the same block fills with a reference and nothing else uses;
 2. a capture by value is the place that the name spells, from the longest name that the function knows.

Invariant: an aggregate that makes a closure has as many operands as its type captures, or the function is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import attrs

from tests.mir.mir_text import Block, Body, Operand, Place, Projection, Statement, mentioned
from tests.mir.rust_items import Item
from tests.mir.rust_types import Refused, RustType, substitute


@attrs.frozen
class Capture:
    """What the body of a closure calls a captured place, and whether it has a reference to it."""

    name: str
    by_reference: bool


def captures_of(body: Body) -> tuple[str, dict[int, Capture]]:
    """The name of the closure that a body belongs to, and its captures by number; nothing for other bodies."""
    own = body.locals[body.parameters[0]] if body.parameters else None
    if own is not None and own.kind in ("ref", "ref_mut"):
        own = own.parts[0]
    if own is None or own.kind != "closure":
        return "", {}
    found: dict[int, Capture] = {}
    for name, place in body.debug:
        kinds = [step.kind for step in place.steps]
        if place.local == body.parameters[0] and "field" in kinds:
            at = kinds.index("field")
            found[place.steps[at].index] = Capture(name, kinds[at + 1 :] == ["deref"])
    return own.name, found


def complete(body: Body, closures: dict[str, dict[int, Capture]], items: dict[str, Item]) -> None:
    """Adds what the aggregates of closures in ``body`` leave out. Raises ``Refused`` where it cannot be found."""
    for block in body.blocks.values():
        for at, statement in enumerate(block.statements):
            value, place = statement.value, statement.place
            if value is None or place is None or not value.name.startswith("{closure") or place.steps:
                continue
            type = body.locals[place.local]
            given = list(value.operands)
            if type.kind != "closure" or len(given) >= len(type.parts):
                continue
            known = closures.get(type.name, {})
            for number in range(len(given), len(type.parts)):
                if number not in known:
                    raise Refused("a closure whose captures are not told")
                given.append(_operand(body, block, known[number], type.parts[number], items, given))
            block.statements[at] = attrs.evolve(statement, value=attrs.evolve(value, operands=tuple(given)))


def _operand(
    body: Body, block: Block, capture: Capture, type: RustType, items: dict[str, Item], given: list[Operand]
) -> Operand:
    if not capture.by_reference:
        return Operand("move", _spelled(body, capture.name, items))
    uses = Counter(local for each in _statements(body) for local in mentioned(each))
    taken = {each.place.local for each in given if each.place is not None}
    for each in block.statements:
        place = each.place
        if each.kind == "assign" and place is not None and each.value is not None and each.value.kind == "ref":
            alone = not place.steps and uses[place.local] == 1 and place.local not in taken
            if alone and body.locals[place.local].kind == type.kind:
                return Operand("move", place)  # 1
    raise Refused("a closure whose captures are not told")


def _spelled(body: Body, name: str, items: dict[str, Item]) -> Place:
    """Clause 2."""
    known = {name: Place(local) for local, name in body.names.items()} | dict(body.debug)
    parts = name.split("__")
    for end in range(len(parts), 0, -1):
        begun = known.get("__".join(parts[:end]))
        if begun is not None:
            return _fields(body, begun, parts[end:], items)
    raise Refused("a closure whose captures are not told")


def _fields(body: Body, place: Place, names: list[str], items: dict[str, Item]) -> Place:
    type = next((step.type for step in reversed(place.steps) if step.type is not None), body.locals[place.local])
    for name in names:
        fields = list(_declared(type, items))
        index = next((i for i, (each, _) in enumerate(fields) if each == name), None)
        if index is None:
            raise Refused("a closure whose captures are not told")
        type = fields[index][1]
        place = Place(place.local, (*place.steps, Projection("field", index=index, type=type)))
    return place


def _declared(type: RustType, items: dict[str, Item]) -> Iterator[tuple[str, RustType]]:
    if type.kind == "tuple":
        yield from ((str(i), part) for i, part in enumerate(type.parts))
    item = items.get(type.name) if type.kind == "adt" else None
    if item is not None and item.kind == "struct" and not item.ambiguous and len(item.parameters) == len(type.parts):
        types = dict(zip(item.parameters, type.parts, strict=True))
        regions = dict(zip(item.regions, type.regions, strict=False))
        yield from ((name, substitute(each, types, regions)) for name, each in item.variants[0].fields)


def _statements(body: Body) -> Iterable[Statement]:
    return (each for block in body.blocks.values() for each in block.statements if each.kind not in ("live", "dead"))
