"""Regions of types: the slots of a type, what becomes of them on the way to a part, and which of them a drop uses.

A type has a *slot* for each place where a region stands in it, numbered from left to right:

    ref<'a, mut @Pair<'b, 'c>>      slots 0: 'a, 1: 'b, 2: 'c
    field second of a @Pair<'x, 'y> { first: ref<'x, i32>, second: ref<'y, i32> }      its slot 0 is slot 1 of the pair

Two types that are equal but for regions have the same slots, so a value is described by its type and a list with one origin
for each slot, and a value that flows into another flows slot by slot, in the direction that the variance of the slot says.

Rules, cited by number in the code:
 1. the slots of a pointer are its region, if it has one, and then those of what it points to;
 2. those of a named type are its parameters, the implicit one last; a member's slot is the parameter that stands there;
 3. a drop uses all regions of a type that has a destructor, less those that it says ``may_dangle``, and what the drops of its
    parts use; a release function may look at all that it is given; ``ref``, ``ptr``, ``gc``, ``weak`` and ``thread`` use none;
 4. an owner in a home, a guard, a thread scope, a pin and an erased type also use their own region.

Invariant: the slots of a type are at most as many as there are places for regions in its text and in the headers of the
declarations that it names, never more through recursion.
"""

from __future__ import annotations

import attrs

from altru_ir.equations import solve
from altru_ir.module import Module
from altru_ir.types import (
    INFERRED,
    STATIC,
    ArrayType,
    CellType,
    DynType,
    GuardType,
    MutexType,
    NamedType,
    OwnType,
    PhantomType,
    PinType,
    PoolType,
    RefType,
    ThreadScopeType,
    TupleType,
    Type,
)
from altru_ir.variance import Variances, names_in

Map = tuple[int, ...]
"""For each slot of a part the slot of the whole; ``IS_STATIC`` or ``bound_code(n)`` where there is none."""

IS_STATIC = -1


def bound_code(number: int) -> int:
    """What stands in maps, and in lists of origins, for the region ``number`` that a function type within the type binds."""
    return -3 - 2 * number


@attrs.frozen
class Slots:
    """The slots of a type: the region written at each (``'_`` for none), its variance, and which region of a function type
    within the type it is (-1: of none)."""

    regions: tuple[str, ...]
    variances: tuple[int, ...]
    bound: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.regions)


NONE = Slots((), (), ())


class Regions:
    """The slots of the types of one module; see the module's docstring. Remembers what it was asked."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.variances = Variances(module)
        self._slots: dict[Type, Slots] = {}
        self._members: dict[tuple[str, str], Map] = {}
        self._drops: dict[Type, tuple[int, ...]] = {}
        self._drops_of: dict[str, frozenset[int]] = {}
        self.clauses: dict[str, frozenset[tuple[int, int]]] = {}  # kept for ``altru_ir.elision.clauses_of``

    def slots(self, type: Type) -> Slots:
        """The slots of ``type``."""
        known = self._slots.get(type)
        if known is None:
            found = self.variances.occurrences(type)
            known = NONE
            if found:
                known = Slots(
                    tuple(each.region for each in found),
                    tuple(each.variance for each in found),
                    tuple(each.bound for each in found),
                )
            self._slots[type] = known
        return known

    def count(self, type: Type) -> int:
        """How many slots ``type`` has."""
        known = self._slots.get(type)
        return len(known.regions) if known is not None else len(self.slots(type).regions)

    # -- parts -------------------------------------------------------------------------------------------------------------

    def behind(self, pointer: Type) -> int:
        """The first slot of what a pointer points to, or of what a wrapper with one argument holds (1)."""
        if isinstance(pointer, (RefType, GuardType)):
            return 1
        return int(isinstance(pointer, OwnType) and pointer.region is not None)

    def member(self, type: NamedType, name: str) -> Map:
        """The slots of a field or payload in those of the struct, union or enum (2)."""
        key = (type.name, name)
        known = self._members.get(key)
        if known is None:
            declaration = self.module.types[type.name]
            slots = self.slots(declaration.member(name).type)
            place = {region: at for at, region in enumerate(declaration.regions)}
            place[INFERRED] = len(place)
            place[STATIC] = IS_STATIC
            known = self._members[key] = tuple(
                place[region] if bound < 0 else bound_code(bound) for region, bound in zip(slots.regions, slots.bound)
            )
        return known

    def element(self, type: TupleType | ArrayType, index: int) -> Map:
        """The slots of an element in those of the tuple or array."""
        if isinstance(type, ArrayType):
            return tuple(range(self.count(type.element)))
        first = sum(self.count(each) for each in type.elements[:index])
        return tuple(range(first, first + self.count(type.elements[index])))

    # -- drops -------------------------------------------------------------------------------------------------------------

    def drops(self, type: Type) -> tuple[int, ...]:
        """The slots that the drop of a value of ``type`` uses (3, 4)."""
        known = self._drops.get(type)
        if known is None:
            known = self._drops[type] = tuple(sorted(self._dropped(type)))
        return known

    def _dropped(self, type: Type) -> set[int]:
        if isinstance(type, NamedType):
            if type.name not in self._drops_of:
                self._solve_drops(type.name)
            return set(self._drops_of[type.name])
        if isinstance(type, TupleType):
            found: set[int] = set()
            first = 0
            for element in type.elements:
                found.update(first + slot for slot in self._dropped(element))
                first += self.count(element)
            return found
        if isinstance(type, (GuardType, ThreadScopeType, PinType, DynType)):  # 4
            return {0}
        if isinstance(type, OwnType):
            if type.release is not None:
                return set(range(self.count(type)))  # 3
            first = self.behind(type)
            found = {first + slot for slot in self._dropped(type.target)}
            return found | {0} if type.region is not None else found  # 4
        if isinstance(type, (CellType, MutexType, PoolType, PhantomType)):
            return self._dropped(type.target)
        if isinstance(type, ArrayType):
            return self._dropped(type.element)
        return set()

    def _solve_drops(self, name: str) -> None:
        """The least solution of rule 3 for a declaration and what its drop leads to."""
        solve(name, self._drops_of, lambda _: frozenset(), self._owned_names, self._drop_equation)

    def _drop_equation(self, name: str) -> frozenset[int]:
        declaration = self.module.types.get(name)
        if declaration is None:
            return frozenset()
        found: set[int] = set()
        if declaration.drop is not None:
            dangling = may_dangle(declaration.attributes.get("may_dangle"))
            count = len(self.variances.parameters(name))
            names = (*declaration.regions, INFERRED)
            found.update(slot for slot in range(count) if names[slot] not in dangling)
        for member in declaration.members:
            slots = self.member(NamedType(name), member.name)
            found.update(slots[slot] for slot in self._dropped(member.type) if slots[slot] >= 0)
        return frozenset(found)

    def _owned_names(self, name: str) -> list[str]:
        """The declarations whose drop is a part of that of ``name``."""
        declaration = self.module.types.get(name)
        return [] if declaration is None else names_in((member.type for member in declaration.members), _owned_parts)


def _owned_parts(type: Type) -> tuple[Type, ...]:
    """The types within a type that is not a name whose drops are parts of its own."""
    if isinstance(type, TupleType):
        return type.elements
    if isinstance(type, ArrayType):
        return (type.element,)
    return (type.target,) if isinstance(type, (OwnType, CellType, MutexType, PoolType, PhantomType)) else ()


def may_dangle(written: object) -> frozenset[str]:
    """The regions of ``{may_dangle = "'a, 'b"}``: a destructor promises not to look at what lives for them."""
    if not isinstance(written, str):
        return frozenset()
    return frozenset(region.strip() for region in written.split(","))


def has_region(type: Type) -> bool:
    """Whether the outermost constructor of ``type`` is a pointer or resource with a region, which is then slot 0."""
    if isinstance(type, OwnType):
        return type.region is not None
    return isinstance(type, (RefType, GuardType, PinType, DynType, ThreadScopeType))


__all__ = ["IS_STATIC", "NONE", "Map", "Regions", "Slots", "bound_code", "has_region", "may_dangle"]
