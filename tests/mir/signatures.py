"""Signatures in regions for what MIR calls, and for what its casts and constants do.

    for<'^0> fn(&'^0 Vec<String>) -> &'^0 <Vec<String> as Deref>::Target     called with &'?3 Vec<String>, giving &'?7 [String]
    func<'c0>(ref<'c0, @"Vec<String>">) -> ref<'c0, [? x @String]>

The shape of the types is that of the operands and of the target, from which rustc has taken all projections; the regions are
those of the type of what is called.
 1. A region of what is called is a parameter, the same wherever it stands; ``'static`` is itself.
 2. Where the shapes part, at a projection or an opaque type, the regions of the one are those of the other when there is one;
    otherwise each region of a result ends when one of the projection's does, and each of a parameter outlives them all.
 3. A cast keeps regions where the shapes of source and target agree; any other of the target ends when one of the source does.
 4. A constant has the regions that are wanted.
 5. What rustc requires beyond the types (``due to Predicate``) is a clause.

Invariant: every region of a result stands in a parameter, is ``'static``, or is bound by clauses, unless nothing bounds it.
"""

from __future__ import annotations

import attrs

from tests.mir.rust_types import RustType, regions_of, rename_regions


@attrs.define
class Signature:
    """Parameters and result with regions named, the names, and clauses: the first outlives the second."""

    parameters: list[RustType] = attrs.Factory(list)
    result: RustType = attrs.Factory(lambda: RustType("tuple"))
    names: dict[str, str] = attrs.Factory(dict)
    outlives: list[tuple[str, str]] = attrs.Factory(list)
    made: int = 0

    def name(self, region: str) -> str:
        """The parameter for a region of what is called (1)."""
        if region in ("'static", "'?0"):
            return "'static"
        if region in ("'_", "'{erased}"):
            return self.fresh()
        if region not in self.names:
            self.names[region] = self.fresh()
        return self.names[region]

    def fresh(self) -> str:
        self.made += 1
        return f"'c{self.made - 1}"

    @property
    def binder(self) -> tuple[str, ...]:
        return tuple(f"'c{i}" for i in range(self.made))

    def clause(self, longer: str, shorter: str) -> None:
        """Adds a clause, unless it says nothing."""
        if longer != shorter and longer != "'static" and (longer, shorter) not in self.outlives:
            self.outlives.append((longer, shorter))

    def put(self, pattern: RustType, actual: RustType, *, result: bool) -> RustType:
        """``actual`` with the regions of ``pattern`` (2)."""
        alike = (
            pattern.kind == actual.kind
            and len(pattern.parts) == len(actual.parts)
            and len(pattern.regions) == len(actual.regions)
            and (pattern.kind != "adt" or pattern.name == actual.name)
        )
        if alike and pattern.kind not in ("fn", "fn_item"):
            parts = tuple(self.put(p, a, result=result) for p, a in zip(pattern.parts, actual.parts, strict=True))
            return attrs.evolve(actual, regions=tuple(self.name(region) for region in pattern.regions), parts=parts)
        given = list(dict.fromkeys(self.name(region) for region in regions_of(pattern)))
        return self.bounded(given, actual, result=result)

    def bounded(self, given: list[str], actual: RustType, *, result: bool) -> RustType:
        """``actual`` with regions that depend on the ``given`` ones."""
        if len(given) == 1:
            return rename_regions(actual, lambda _: given[0])

        def bound(_: str) -> str:
            made = self.fresh()
            for each in given:
                self.clause(each, made) if result else self.clause(made, each)
            return made

        return rename_regions(actual, bound)


def of_call(called: RustType, operands: list[RustType], target: RustType, required: list[tuple[str, str]]) -> Signature:
    """The signature of a function of type ``called`` as it is used; ``required`` are clauses on its regions (5)."""
    made = Signature()
    patterns = list(called.parts[:-1])
    if len(patterns) != len(operands):
        return of_cast(operands, target)
    made.parameters = [made.put(p, a, result=False) for p, a in zip(patterns, operands, strict=True)]
    made.result = made.put(called.parts[-1], target, result=True)
    for longer, shorter in required:
        if longer in made.names and (shorter in made.names or shorter == "'?0"):
            made.clause(made.names[longer], made.name(shorter))
    return made


def of_cast(operands: list[RustType], target: RustType) -> Signature:
    """The signature of an operation that makes a ``target`` of what is in the operands (3), or of nothing (4)."""
    made = Signature()
    made.parameters = [rename_regions(each, lambda _: made.fresh()) for each in operands]
    given = [region for each in made.parameters for region in regions_of(each)]
    first = made.parameters[0] if made.parameters else None
    made.result = _keep(made, first, target, given)
    return made


def _keep(made: Signature, source: RustType | None, target: RustType, given: list[str]) -> RustType:
    if source is not None:
        parts = len(source.parts) == len(target.parts)
        pointers = source.kind in _POINTERS and target.kind in _POINTERS
        alike = source.kind == target.kind and source.name == target.name and len(source.regions) == len(target.regions)
        if parts and (pointers or alike):
            regions = source.regions
            if len(regions) != len(target.regions):
                regions = tuple(given[0] if given else made.fresh() for _ in target.regions)
            inner = tuple(_keep(made, s, t, given) for s, t in zip(source.parts, target.parts, strict=True))
            return attrs.evolve(target, regions=regions, parts=inner)

    def bound(_: str) -> str:
        new = made.fresh()
        for each in given:
            made.clause(each, new)
        return new

    return rename_regions(target, bound)


_POINTERS = frozenset(("ref", "ref_mut", "ptr", "ptr_mut"))
