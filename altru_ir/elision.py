"""Signatures in regions: which region stands at each slot of the parameters and the result of a function.

    func @first<'a>(%x: ref<'a, T>, %y: ref<T>) -> ref<'a, T>      regions 0: 'static, 1: 'a, 2: that of %y
                                                                   parameters (1), (2); result (1)

Rules, cited by number in the code:
 1. each elided region of a parameter is a region of its own;
 2. an elided region of the result is the one region that stands in the parameters; where that is none, or more than one, the
    signature has to name it (``unclear``);
 3. a function type within a type binds the regions that it elides or declares; those slots belong to nobody outside;
 4. a reference cannot outlive what it points to, so from ``ref<'a, T>`` in a signature follows that all regions of ``T``
    outlive ``'a``, and so for ``guard``; from a named type follow the clauses of its declaration. Who calls has shown it,
    the body may rely on it;
 5. the clauses of a declared type are those that are written and what its members imply in the same way.

Invariant: region 0 is ``'static``; then those that the function declares, in order; then the elided ones, from left to right.
Source: the elision rules of the Rust reference (lifetime-elision), and rustc's implied bounds.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from altru_ir.equations import solve
from altru_ir.module import Function
from altru_ir.regions import Map, Regions, bound_code
from altru_ir.types import (
    INFERRED,
    STATIC,
    UNIT,
    ArrayType,
    FunctionType,
    GuardType,
    NamedType,
    RefType,
    TupleType,
    Type,
)
from altru_ir.variance import inside_of


def free_code(slot: int) -> int:
    """What stands in the maps of a function type for a region that it neither binds nor elides: that at its own ``slot``."""
    return -2 - 2 * slot


def free_slot(code: int) -> int | None:
    """The slot of a ``free_code``; None for all else."""
    return (-2 - code) // 2 if code < -1 and code % 2 == 0 else None


@attrs.frozen
class RegionSignature:
    """The regions of a function; see the module's docstring.

    ``outlives`` are pairs (longer, shorter) of region numbers: declared clauses, and what is implied (4). ``declared`` are the
    clauses alone. ``unclear`` says that rule 2 left a region of the result open; it is then taken for ``'static``.
    """

    names: tuple[str, ...]
    parameters: tuple[Map, ...]
    result: Map
    outlives: tuple[tuple[int, int], ...]
    declared: tuple[tuple[int, int], ...] = ()
    unclear: bool = False


def signature_of(function: Function, regions: Regions) -> RegionSignature:
    """The regions of a function as its callers and its body see them."""
    return region_signature(function.signature.type, regions, function.signature.outlives)


def region_signature(
    type: FunctionType, regions: Regions, clauses: tuple[tuple[str, str], ...] = ()
) -> RegionSignature:  # fmt: skip
    """The regions of a function type; ``clauses`` are pairs of names, the first of which outlives the second."""
    names = [STATIC, *type.binder]
    number = {name: at for at, name in enumerate(names)}
    slot = 0
    inputs: dict[int, None] = {}
    parameters = []
    for parameter in type.parameters:
        found = []
        slots = regions.slots(parameter)
        for region, bound in zip(slots.regions, slots.bound):
            if bound >= 0:
                at = bound_code(bound)  # 3
            elif region == INFERRED:  # 1
                at = len(names)
                names.append(INFERRED)
            else:
                at = number.get(region, free_code(slot))
            if bound < 0:
                inputs[at] = None
            found.append(at)
            slot += 1
        parameters.append(tuple(found))
    only = next(iter(inputs)) if len(inputs) == 1 else None
    unclear = False
    found = []
    slots = regions.slots(type.result)
    for region, bound in zip(slots.regions, slots.bound):
        if bound >= 0:
            at = bound_code(bound)
        elif region == INFERRED:  # 2
            unclear |= only is None
            at = 0 if only is None else only
        else:
            at = number.get(region, free_code(slot))
        found.append(at)
        slot += 1
    declared = tuple((number[longer], number[shorter]) for longer, shorter in clauses if longer in number and shorter in number)
    pairs = dict.fromkeys(declared)
    for each, map in zip((*type.parameters, type.result), (*parameters, tuple(found))):
        if each is UNIT or len(map) < 1:
            continue
        for longer, shorter in implied(each, regions):  # 4
            if map[longer] >= 0 and map[shorter] >= 0 and map[longer] != map[shorter]:
                pairs[map[longer], map[shorter]] = None
    return RegionSignature(tuple(names), tuple(parameters), tuple(found), tuple(pairs), declared, unclear)


def implied(type: Type, regions: Regions, first: int = 0) -> Iterator[tuple[int, int]]:
    """Pairs of slots of ``type``, of which the first outlives the second wherever there is a value of the type (4)."""
    if isinstance(type, NamedType):
        for longer, shorter in sorted(clauses_of(type.name, regions)):
            yield first + longer, first + shorter
        return
    if isinstance(type, TupleType):
        for element in type.elements:
            yield from implied(element, regions, first)
            first += regions.count(element)
        return
    inner = inside_of(type)
    if inner is None or regions.count(inner) == 0:
        return
    offset = first if isinstance(type, ArrayType) else first + regions.behind(type)
    if isinstance(type, (RefType, GuardType)):
        bound = regions.slots(inner).bound
        yield from ((offset + at, first) for at in range(regions.count(inner)) if bound[at] < 0)
    yield from implied(inner, regions, offset)


def clauses_of(name: str, regions: Regions) -> frozenset[tuple[int, int]]:
    """The clauses of a declared type as pairs of its slots: those that are written, and what its members imply (5). The least
    solution over the declarations that it mentions."""
    known = regions.clauses
    if name not in known:
        solve(name, known, lambda _: frozenset(), regions.variances.mentions, lambda each: _clauses(each, regions))
    return known[name]


def _clauses(name: str, regions: Regions) -> frozenset[tuple[int, int]]:
    declaration = regions.module.types.get(name)
    if declaration is None:
        return frozenset()
    place = {region: at for at, region in enumerate(declaration.regions)}
    found = {(place[a], place[b]) for a, b in declaration.outlives if a in place and b in place}
    for member in declaration.members:
        map = regions.member(NamedType(name), member.name)
        for longer, shorter in implied(member.type, regions):
            if map[longer] >= 0 and map[shorter] >= 0 and map[longer] != map[shorter]:
                found.add((map[longer], map[shorter]))
    return frozenset(found)


def implied_within(type: Type, regions: Regions, first: int = 0) -> Iterator[tuple[int, int]]:
    """As ``implied``, for what the function types within ``type`` take and give."""
    if isinstance(type, FunctionType):
        for each in (*type.parameters, type.result):
            yield from implied(each, regions, first)
            yield from implied_within(each, regions, first)
            first += regions.count(each)
        return
    if isinstance(type, TupleType):
        for each in type.elements:
            yield from implied_within(each, regions, first)
            first += regions.count(each)
        return
    inner = inside_of(type)
    if inner is not None and regions.count(inner):
        yield from implied_within(inner, regions, first if isinstance(type, ArrayType) else first + regions.behind(type))


__all__ = [
    "RegionSignature",
    "clauses_of",
    "free_code",
    "free_slot",
    "implied",
    "implied_within",
    "region_signature",
    "signature_of",
]
