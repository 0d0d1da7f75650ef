"""Variance: may a value be used where its type has a longer or a shorter region?

    ref<'a, T>          covariant: a reference that lives longer does
    ref<'a, mut T>      covariant in 'a, invariant in the regions of T: who may store there must store what stays
    fn(ref<'a, T>)      contravariant: who asks for less may stand in for who asks for more

A region stands at places in a type; each place has a variance, that of the type constructors around it composed from the
outside in, and a parameter of a struct, enum or union has the join over the places where its members mention it. That is the
least solution of equations between declarations, found with a worklist; a member that mentions its own type asks for what is
just being computed, which begins with "does not matter".

Rules, cited by number in the code:
 1. ``ref``, ``own``, ``guard``, ``dyn`` and ``pin`` are covariant in their region, ``thread_scope`` is invariant;
 2. what is behind ``ref``, ``own``, ``ptr``, ``thread``, ``pool.handle``, in a ``phantom``, an ``uninit``, an array or a tuple
    is covariant;
 3. what can be stored into through a value that many may have is invariant: behind ``ref<mut>``, ``ptr<mut>`` and ``guard``,
    in ``cell``, ``atomic``, ``mutex`` and ``pool``, and behind ``gc`` and ``weak`` unless all its fields are constant;
 4. parameters of functions turn round, results do not;
 5. ``'_`` in a declaration stands for one more region, the same at each place: the type's *implicit* parameter;
 6. a parameter that no member mentions counts as covariant, which is on the safe side.

Invariant: variances only grow while they are computed (``BI < CO, CONTRA < INV``), so the work is linear in the declarations.
Source: Altidor, Huang, Smaragdakis, Taming the Wildcards, PLDI 2011, whose equations these are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import attrs

from altru_ir.equations import solve
from altru_ir.module import Module
from altru_ir.types import (
    INFERRED,
    STATIC,
    ArrayType,
    AtomicType,
    CellType,
    DynType,
    FunctionType,
    GcType,
    GuardType,
    MutexType,
    NamedType,
    OwnType,
    PhantomType,
    PinType,
    PlaceType,
    PoolHandleType,
    PoolType,
    PtrType,
    RefType,
    ThreadScopeType,
    ThreadType,
    TupleType,
    Type,
    UninitType,
    WeakType,
)

BI, CO, CONTRA, INV = 0, 1, 2, 3
"""Does not matter, as it is, turned round, must be equal: the join of two is their bitwise "or"."""


def compose(outer: int, inner: int) -> int:
    """The variance of a place that is ``inner`` within a place that is ``outer``."""
    if outer == BI or inner == BI:
        return BI
    if outer == INV or inner == INV:
        return INV
    return CO if outer == inner else CONTRA


@attrs.frozen
class Occurrence:
    """A place in a type where a region stands or may stand.

    ``region`` is as written, ``'_`` where nothing is. ``bound`` is -1, or tells which of the regions it is that function types
    within the type bind: even for those of a function type that stands covariantly, odd for others.
    """

    region: str
    variance: int
    bound: int = -1


class _Scope:
    """The regions that function types around a place bind, by number, and what ``'_`` stands for (None: one of its own)."""

    def __init__(self, outer: _Scope | None, odd: bool) -> None:
        self.names: dict[str, int] = {} if outer is None else dict(outer.names)
        self.used: list[int] = [0] if outer is None else outer.used
        self.odd = odd
        self.elided: tuple[str, int] | None = None
        self.first = 2 * self.used[0]
        self.own: set[int] = set()

    def new(self) -> int:
        self.used[0] += 1
        number = 2 * self.used[0] - 2 + self.odd
        self.own.add(number)
        return number

    def binds_within(self, number: int) -> bool:
        """Whether a function type within this one binds the region ``number``."""
        return number >= self.first and number not in self.own


class Variances:
    """Variances of the declarations of a module, computed for those that are asked for and what they mention."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self._known: dict[str, list[int]] = {}
        self._occurrences: dict[Type, tuple[Occurrence, ...]] = {}

    def parameters(self, name: str) -> list[int]:
        """The variances of the parameters of a declaration in order, its implicit one last if it has one (5)."""
        return [variance or CO for variance in self._raw(name)]  # 6

    def _raw(self, name: str) -> list[int]:
        """The least solution, in which a parameter that nothing mentions does not matter."""
        if name not in self._known:
            self._solve(name)
        return self._known[name]

    def occurrences(self, type: Type) -> tuple[Occurrence, ...]:
        """All places for regions in a type from left to right. Types that are equal but for regions have as many, in the same
        order and with the same variances."""
        known = self._occurrences.get(type)
        if known is None:
            found = self._walk(type, CO, None)
            known = self._occurrences[type] = tuple(attrs.evolve(each, variance=each.variance or CO) for each in found)  # 6
        return known

    def _walk(self, type: Type, variance: int, scope: _Scope | None) -> Iterator[Occurrence]:
        """``scope`` is None outside of all function types."""

        def at(region: str, inner: int) -> Occurrence:
            number = -1
            if scope is not None:
                if region == INFERRED:
                    region, number = scope.elided or (region, scope.new())
                else:
                    number = scope.names.get(region, -1)
            return Occurrence(region, compose(variance, inner), number)

        if isinstance(type, NamedType):
            declaration = self.module.types.get(type.name)
            if declaration is None:
                return
            parameters = self._raw(type.name)
            written = type.regions + (INFERRED,) * (len(parameters) - len(type.regions))
            for region, inner in zip(written, parameters):
                yield at(region, inner)
            return
        if isinstance(type, FunctionType):  # 4
            inside = _Scope(scope, variance == CONTRA)
            inside.names.update((name, inside.new()) for name in type.binder)
            inputs: dict[tuple[str, int], None] = {}
            for parameter in type.parameters:
                for found in self._walk(parameter, compose(variance, CONTRA), inside):
                    if not inside.binds_within(found.bound):
                        inputs[found.region, found.bound] = None
                    yield found
            inside.elided = next(iter(inputs)) if len(inputs) == 1 else (STATIC, -1)
            yield from self._walk(type.result, variance, inside)
            return
        if isinstance(type, TupleType):
            for element in type.elements:
                yield from self._walk(element, variance, scope)
            return
        if isinstance(type, (RefType, GuardType, DynType, PinType)):  # 1
            yield at(type.region, CO)
        elif isinstance(type, ThreadScopeType):
            yield at(type.region, INV)
        elif isinstance(type, OwnType) and type.region is not None:
            yield at(type.region, CO)
        held = inside_of(type)
        if held is not None:
            step = INV if self._is_shared_and_mutable(type) else CO  # 2, 3
            yield from self._walk(held, compose(variance, step), scope)

    def _is_shared_and_mutable(self, type: Type) -> bool:
        if isinstance(type, (RefType, PtrType)):
            return type.mutable
        if isinstance(type, (GcType, WeakType)):
            declaration = self.module.types.get(type.target.name) if isinstance(type.target, NamedType) else None
            constant = declaration is not None and declaration.kind == "struct"
            return not (constant and declaration is not None and all(field.constant for field in declaration.members))
        return isinstance(type, (GuardType, CellType, AtomicType, MutexType, PoolType))

    # -- declarations ------------------------------------------------------------------------------------------------------

    def _solve(self, name: str) -> None:
        """Computes what is known of ``name`` and of all that it mentions."""
        solve(name, self._known, lambda each: [BI] * self._declared(each), self.mentions, self._equation)

    def _declared(self, name: str) -> int:
        declaration = self.module.types.get(name)
        return 0 if declaration is None else len(declaration.regions)

    def mentions(self, name: str) -> list[str]:
        """The types that the members of a declaration name."""
        declaration = self.module.types.get(name)
        return [] if declaration is None else names_in((member.type for member in declaration.members), parts_of)

    def _equation(self, name: str) -> list[int]:
        """What the members of a declaration say about its parameters, with what is known of the others."""
        declaration = self.module.types.get(name)
        found = list(self._known[name])
        if declaration is None:
            return found
        place = {region: at for at, region in enumerate(declaration.regions)}
        for member in declaration.members:
            for each in self._walk(member.type, CO, None):
                if each.bound >= 0:
                    continue
                if each.region == INFERRED:  # 5
                    if len(found) == len(place):
                        found.append(BI)
                    found[-1] |= each.variance
                elif each.region in place:
                    found[place[each.region]] |= each.variance
        return found


def inside_of(type: Type) -> Type | None:
    """The one type that a constructor with one argument is applied to; None for all others."""
    if isinstance(type, ArrayType):
        return type.element
    if isinstance(
        type,
        (
            RefType, PtrType, OwnType, GcType, WeakType, GuardType, CellType, AtomicType, MutexType, PoolType, PoolHandleType,
            ThreadType, PhantomType, UninitType, PlaceType,
        ),
    ):  # fmt: skip
        return type.target
    return None


def parts_of(type: Type) -> tuple[Type, ...]:
    """The types that a constructor is applied to."""
    if isinstance(type, TupleType):
        return type.elements
    if isinstance(type, FunctionType):
        return (*type.parameters, type.result)
    inner = inside_of(type)
    return () if inner is None else (inner,)


def names_in(types: Iterable[Type], parts: Callable[[Type], Iterable[Type]]) -> list[str]:
    """The declared types that are named in ``types``, as far as ``parts`` says what is in a type that is not a name."""
    found: dict[str, None] = {}
    work = list(types)
    while work:
        each = work.pop()
        if isinstance(each, NamedType):
            found[each.name] = None
        else:
            work.extend(parts(each))
    return list(found)


__all__ = ["BI", "CO", "CONTRA", "INV", "Occurrence", "Variances", "compose", "inside_of", "names_in", "parts_of"]
