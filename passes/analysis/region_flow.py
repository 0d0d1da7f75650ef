"""Region flow: the origins of a function's values, and which flows into which, operation by operation.

An *origin* is a region to be found: the set of loans that a reference may come from. Each slot (``altru_ir.regions``) of each
value, block argument and local has one; a place has those of the storage that it leads to. ``a`` flows into ``b`` where what
``a`` comes from may be had from ``b`` afterwards: the first outlives the second.

    %r = borrow %x                 %r: '5
    init %p, %r                    '5 flows into the slot of %p
    %y = call @first(%r, %q)       the slots of the arguments flow into regions made for this call, those into the slots of %y

Rules, cited by number in the code:
 1. the slots of a parameter are the regions of the signature; a region that is written in a body (a type after a colon, an
    argument of a block) is that region; all others are new;
 2. a copy, a move and a store flow slot by slot, with the variance of the slot: in the direction of the value, against it, or
    both ways;
 3. a call makes the callee's regions anew, those that its type does not bind aside; arguments flow into them, they flow into
    the result; what the signature promises of them is required here; an argument of a thread flows into the region of its
    scope, or into ``'static``;
 4. a reborrow flows out of the regions of the references that its path goes through, up to the first shared one, and through
    collected pointers: what holds these has to stay as well;
 5. aggregates and their parts flow member by member;
 6. all other operations, a front-end's own included, are read off their declarations: the region of a pointer that is given
    is that of the operand it is declared to come from; what has the same type within an operand and within a result is
    handed on; what an operand hands over may be found within the pointers beside it, where they lead to the same type and the
    operation is not pure; slots for which this gives nothing get all there is, and give to all, but for the region of a
    ``dyn``, which bounds what is in it and lets nothing in;
 7. a function value that is bound in a region may stand for one with any region in its place; the other way round it would
    have to hold for all regions, for which a placeholder stands.
 8. a collected object is dropped whenever the collector likes: what its destructor uses lives for ``'static``.

Invariant: origins below ``universal`` are the signature's, 0 is ``'static``; a rule names only origins of its own operation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from altru_ir.behaviour import called_type
from altru_ir.declare import CONSUME, ESCAPE, EXCHANGE
from altru_ir.elision import RegionSignature, free_slot, implied, implied_within, region_signature, signature_of
from altru_ir.module import Block, Function, Module
from altru_ir.ops.aggregates import member_index
from altru_ir.passes.analysis.loan_paths import RAW, SHARED, deref_kind
from altru_ir.regions import IS_STATIC, Map, Regions, bound_code, has_region
from altru_ir.types import INFERRED, ArrayType, DynType, GcType, NamedType, PlaceType, ThreadType, TupleType, Type
from altru_ir.values import Operation, Successor, Value
from altru_ir.variance import CO, CONTRA, INV, inside_of

Origins = tuple[int, ...]
NONE: Origins = ()


@attrs.frozen
class Part:
    """A type within a type, reached through constructors with one argument, with its origins."""

    type: Type
    origins: Origins
    variances: tuple[int, ...]


class RegionFlow:
    """The origins of one function; see the module's docstring. ``about[o]`` is what origin ``o`` was made for."""

    def __init__(self, function: Function, module: Module, regions: Regions) -> None:
        self.function = function
        self.module = module
        self.regions = regions
        self.signature: RegionSignature = signature_of(function, regions)
        self.about: list[object] = list(self.signature.names)
        self.universal = len(self.about)
        self.placeholders: list[int] = []
        self._named = {name: at for at, name in enumerate(self.signature.names) if name != INFERRED}
        self._of: dict[Value, Origins] = {}
        self._signatures: dict[object, RegionSignature] = {}
        self._out: list[tuple[int, int]] = []
        for parameter, map in zip(function.parameters, self.signature.parameters):
            self._of[parameter] = map  # 1
        self._result = self.signature.result

    # -- origins -----------------------------------------------------------------------------------------------------------

    def fresh(self, about: object) -> int:
        """A new origin."""
        self.about.append(about)
        return len(self.about) - 1

    def region_name(self, origin: int) -> str:
        """What to call a region of the signature."""
        name = self.signature.names[origin]
        if name != INFERRED:
            return name
        for parameter, map in zip(self.function.parameters, self.signature.parameters):
            if origin in map:
                return f"the region of `%{parameter.name}`"
        return "a region of the caller"

    def of(self, value: Value) -> Origins:
        """The origins of a value or place."""
        known = self._of.get(value)
        if known is not None:
            return known
        if value.type.is_place:
            return self._place(value)
        known = NONE
        if self.regions.count(value.type):
            known = self._make(value, value.type, isinstance(value.owner, Block) or is_written(value))
        self._of[value] = known
        return known

    def _make(self, value: Value, type: Type, written: bool) -> Origins:
        slots = self.regions.slots(type)
        found = []
        for region, bound in zip(slots.regions, slots.bound):
            if bound >= 0:
                found.append(bound_code(bound))
            else:
                named = self._named.get(region) if written else None
                found.append(self.fresh(value) if named is None else named)  # 1
        return tuple(found)

    def _place(self, place: Value) -> Origins:
        known = self._of
        steps: list[Value] = []
        at = place
        while at not in known:
            op = at.operation
            assert op is not None
            assert isinstance(at.type, PlaceType)
            if not op.decl.is_projection or not op.operands:
                local = op.name == "local"
                count = self.regions.count(at.type.target)
                known[at] = self._make(at, at.type.target, True) if local else (0,) * count
                break
            base = op.operands[0]
            if not base.type.is_place:
                known[at] = self.of(base)[self.regions.behind(base.type) :]
                break
            steps.append(at)
            at = base
        for each in reversed(steps):
            op = each.operation
            assert op is not None
            known[each] = self._projected(known[op.operands[0]], op)
        return known[place]

    def _projected(self, base: Origins, op: Operation) -> Origins:
        whole, part = op.operands[0].type.target, op.result.type.target  # type: ignore[attr-defined]
        if op.name == "deref":
            return base[self.regions.behind(whole) :]
        if op.name in ("field", "variant") and isinstance(whole, NamedType):
            return through(base, self.regions.member(whole, op.attrs[op.name]))
        count = self.regions.count(part)
        return base if len(base) == count else (base[0] if base else 0,) * count

    def known(self) -> list[tuple[Value, Origins]]:
        """The values, parameters and locals that have origins (places that lead elsewhere have none of their own)."""
        return [
            (value, origins)
            for value, origins in self._of.items()
            if origins and (not value.type.is_place or (value.operation is not None and value.operation.name == "local"))
        ]

    # -- flows -------------------------------------------------------------------------------------------------------------

    def take(self) -> list[tuple[int, int]]:
        """The flows that the methods below have found since this was asked last."""
        found, self._out = self._out, []
        return found

    def subset(self, a: int, b: int) -> None:
        """``a`` flows into ``b``."""
        if a != b and a >= 0 and b >= 0:
            self._out.append((a, b))

    def flow(
        self, source: Sequence[int], target: Sequence[int], type: Type, variances: Sequence[int] | None = None
    ) -> None:  # fmt: skip
        """A value of ``type`` flows slot by slot (2), with the variances of the type unless others are given."""
        if variances is None:
            variances = self.regions.slots(type).variances
        if any(a < 0 or b < 0 for a, b in zip(source, target)):
            source, target = self._opened(source, target, type, variances)
        for a, b, variance in zip(source, target, variances):
            if a == b:
                continue
            if variance & CO:
                self._out.append((a, b))
            if variance & CONTRA:
                self._out.append((b, a))

    def _opened(
        self, source: Sequence[int], target: Sequence[int], type: Type, variances: Sequence[int]
    ) -> tuple[Origins, Origins]:  # fmt: skip
        """Both sides with origins in the place of regions that function types bind: any that fits on the side that is given,
        placeholders on the side that is asked for (7). The same on both sides when they bind in the same way; else what the
        parameters of the function that is given imply is required."""
        pairs = {(a, b) for a, b in zip(source, target) if a < 0 or b < 0}
        renamed = dict(pairs)
        if all(a < 0 and b < 0 for a, b in pairs) and len(renamed) == len(pairs) == len(set(renamed.values())):
            return tuple(max(a, -1) for a in source), tuple(max(b, -1) for b in target)
        made: dict[tuple[bool, int], int] = {}

        def origin(code: int, asked: bool) -> int:
            if code >= 0:
                return code
            if (asked, code) not in made:
                made[asked, code] = new = self.fresh("a region that the caller chooses")
                if asked != bool((-3 - code) // 2 % 2):
                    self.placeholders.append(new)
            return made[asked, code]

        opened = tuple(origin(a, False) for a in source), tuple(origin(b, True) for b in target)
        for a, b, variance in zip(*opened, variances):
            if variance == INV and a != b:  # both ways, each with its own
                self._out.append((b, a))
        for longer, shorter in implied_within(type, self.regions):
            self.subset(opened[0][longer], opened[0][shorter])
        return opened

    def store(self, value: Value, target: Origins) -> None:
        """``value`` flows into storage."""
        origins = self.of(value)
        if origins:
            self.flow(origins, target, value.type)

    def read(self, place: Value, result: Value) -> None:
        """The content of ``place`` flows into ``result``."""
        origins = self.of(result)
        if origins:
            self.flow(self.of(place), origins, result.type)

    def returned(self, value: Value) -> None:
        """``value`` flows to the caller."""
        self.store(value, self._result)

    def reborrowed(self, place: Value, reference: int) -> None:
        """A new reference to ``place`` flows out of those that its path goes through (4)."""
        at = place
        while at.type.is_place:
            op = at.operation
            if op is None or not op.decl.is_projection or not op.operands:
                return
            at = op.operands[0]
            if op.name == "deref":
                pointer = at.type.target if isinstance(at.type, PlaceType) else at.type
                if has_region(pointer):
                    self.subset(self.of(at)[0], reference)
                if deref_kind(pointer) in (SHARED, RAW):
                    return

    def operation(self, op: Operation) -> None:
        """What flows in ``op``, but on its edges (``edge``) and into what stands beside (``stores``)."""
        name = op.name
        handler = _HANDLERS.get(name)
        if handler is not None:
            handler(self, op)
        elif op.decl.callee is not None:
            self._call(op)
        elif not op.decl.is_terminator:
            self._declared(op)

    def _struct(self, op: Operation) -> None:  # 5
        result = self.of(op.result)
        type = op.result.type
        assert isinstance(type, NamedType)
        members = self.module.types[type.name].members
        for value, member in zip(op.operands, members):
            self.store(value, through(result, self.regions.member(type, member.name)))
        self._well_formed(type, result)

    def _choice(self, op: Operation) -> None:
        """``enum`` and ``union``: one member is given."""
        result = self.of(op.result)
        type = op.result.type
        if op.operands and isinstance(type, NamedType):
            member = op.attrs["variant" if op.name == "enum" else "field"]
            self.store(op.operands[0], through(result, self.regions.member(type, member)))
            self._well_formed(type, result)

    def _well_formed(self, type: NamedType, origins: Origins) -> None:
        """A value of a type satisfies the clauses of its declaration from the start."""
        for longer, shorter in implied(type, self.regions):
            self.subset(origins[longer], origins[shorter])

    def _sequence(self, op: Operation) -> None:
        result = self.of(op.result)
        type = op.result.type
        if result and isinstance(type, (TupleType, ArrayType)):
            for at, value in enumerate(op.operands):
                self.store(value, through(result, self.regions.element(type, at)))

    def _part(self, whole: Value, index: int) -> Origins:
        type = whole.type
        if isinstance(type, NamedType):
            return through(self.of(whole), self.regions.member(type, self.module.types[type.name].members[index].name))
        assert isinstance(type, (TupleType, ArrayType))
        return through(self.of(whole), self.regions.element(type, index))

    def _extract(self, op: Operation) -> None:
        result = op.result
        if self.of(result):
            index = member_index(op.operands[0].type, op.attrs["member"], self.module)
            self.flow(self._part(op.operands[0], index), self.of(result), result.type)

    def _destructure(self, op: Operation) -> None:
        for index, result in enumerate(op.results):
            if self.of(result):
                source = self._part(op.operands[0], index)
                self.flow(source, self.of(result), result.type)

    def _borrow(self, op: Operation) -> None:
        result = self.of(op.result)
        held = op.operands[0].type.target  # type: ignore[attr-defined]
        self.flow(self.of(op.operands[0]), result[1:], held, self.regions.slots(op.result.type).variances[1:])
        self.reborrowed(op.operands[0], result[0])

    def _load(self, op: Operation) -> None:
        self.read(op.operands[0], op.result)

    def _store(self, op: Operation) -> None:
        self.store(op.operands[1], self.of(op.operands[0]))

    def _ret(self, op: Operation) -> None:
        if op.operands:
            self.returned(op.operands[0])

    def _nothing(self, op: Operation) -> None:
        pass

    # -- calls (3) ---------------------------------------------------------------------------------------------------------

    def called(self, op: Operation) -> tuple[RegionSignature, Origins] | None:
        """The callee's signature, and the origins of the function value (none for a function by name)."""
        name = op.attrs.get("callee")
        if name is not None:
            callee = self.module.functions.get(name)
            if callee is None:
                return None
            known = self._signatures.get(callee)
            if known is None:
                known = self._signatures[callee] = signature_of(callee, self.regions)
            return known, NONE
        type = called_type(op, self.module)
        if type is None:
            return None
        known = self._signatures.get(type)
        if known is None:
            known = self._signatures[type] = region_signature(type, self.regions)
        return known, self.of(op.operands[op.decl.fixed_count(op)])

    def _call(self, op: Operation) -> None:
        called = self.called(op)
        if called is None:
            return
        signature, function = called
        first = op.decl.fixed_count(op) + ("callee" not in op.attrs)
        arguments = op.operands[first:]
        made: list[int] = []
        if len(signature.names) > 1:
            made = [0, *(self.fresh(op) for _ in signature.names[1:])]

        def instance(map: Map) -> Origins:
            return tuple(
                (made[at] if made else 0) if at >= 0 else at if slot is None else function[slot]
                for at, slot in ((at, free_slot(at)) for at in map)
            )

        for value, map in zip(arguments, signature.parameters):
            if map:
                self.store(value, instance(map))
        for longer, shorter in signature.outlives:
            self.subset(made[longer], made[shorter])
        waits = any(isinstance(result.type, ThreadType) for result in op.results)
        for result in op.results:
            type = result.type.target if isinstance(result.type, ThreadType) else result.type
            origins = self.of(result)
            if origins:
                self.flow(instance(signature.result), origins, type)
        if waits:
            scope = op.operand("scope") if "in" in op.attrs else None
            bound = 0 if scope is None else self.of(scope)[0]
            for value in arguments:
                for origin in self.of(value):
                    self.subset(origin, bound)

    # -- what declarations say (6) -----------------------------------------------------------------------------------------

    def _parts(self, type: Type, origins: Origins) -> Iterator[Part]:
        """A type and the types within it, outermost first, as far as constructors have one argument."""
        variances = self.regions.slots(type).variances
        while origins:
            yield Part(type, origins, variances)
            inner = inside_of(type)
            if inner is None:
                return
            first = self.regions.behind(type)
            type, origins, variances = inner, origins[first:], variances[first:]

    def _given(self, op: Operation) -> list[tuple[Value, str]]:
        """The operands with origins, each with what happens to it."""
        bound = op.decl.bind(op)
        return [
            (value, operand.access) for operand in op.decl.operands for value in bound[operand.name] if self.of(value)
        ]  # fmt: skip

    def _declared(self, op: Operation) -> None:
        given = self._given(op)
        sources = [each for each, access in given if access == EXCHANGE] or [each for each, _ in given]
        every = op.decl.results
        for at, result in enumerate(op.results):
            if self.of(result):
                origin = every[min(at, len(every) - 1)].origin
                self._result_of(result, op.decl.bind(op).get(origin, []), sources)
                if op.name in ("new", "new.array") and isinstance(result.type, GcType):  # 8
                    for slot in self.regions.drops(result.type.target):
                        self.subset(self.of(result)[slot], 0)

    def _result_of(self, result: Value, lenders: list[Value], sources: list[Value]) -> None:
        type, origins = result.type, self.of(result)
        if has_region(type):
            for lender in lenders:
                if not lender.type.is_place and has_region(lender.type):
                    self.subset(self.of(lender)[0], origins[0])
        loose: list[int] = []
        erased: list[int] = []
        for part in self._parts(type, origins):
            matched = False
            for source in sources:
                inside = next((p for p in self._content(source) if p.type.erased is part.type.erased), None)
                if inside is not None:
                    self.flow(inside.origins, part.origins, part.type, part.variances)
                    matched = True
            if matched:
                break
            if isinstance(part.type, DynType):
                erased.extend(part.origins)
            elif inside_of(part.type) is None:
                loose.extend(part.origins)
            elif part.type is not type and has_region(part.type):
                loose.append(part.origins[0])
        for origin in (*erased, *loose):
            for source in sources:
                skipped = int(source in lenders and has_region(source.type))
                for each in self.of(source)[skipped:]:
                    self.subset(each, origin)
                    if origin not in erased:
                        self.subset(origin, each)

    def _content(self, source: Value) -> Iterator[Part]:
        type = source.type
        return self._parts(type.target if isinstance(type, PlaceType) else type, self.of(source))

    def stores(self, op: Operation) -> None:
        """What an operation is given and may leave behind the pointers beside it (6)."""
        if op.decl.is_pure or op.decl.callee is not None or op.name in _HANDLERS or len(op.operands) < 2:
            return
        given = self._given(op)
        for value, access in given:
            if access not in (CONSUME, ESCAPE) or value.type.is_place:
                continue
            for other, _ in given:
                pointee = other.type.pointee
                if other is value or (pointee is None and not other.type.is_place):
                    continue
                for part in self._content(other):
                    if part.type.erased is value.type.erased and (part.type is not other.type or other.type.is_place):
                        self.flow(self.of(value), part.origins, value.type)
                        break

    # -- edges -------------------------------------------------------------------------------------------------------------

    def edge(self, op: Operation, successor: Successor) -> Iterator[tuple[Value | None, Value, Origins]]:
        """For each argument of the block behind an edge: the value that is handed over (None when the terminator gives it),
        the argument, and the origins that flow into it."""
        parameters = successor.block.args
        given = len(parameters) - len(successor.args)
        for at, parameter in enumerate(parameters):
            if at >= given:
                value = successor.args[at - given]
                yield value, parameter, self.of(value)
            elif op.name == "switch_enum":
                whole = op.operands[0]
                assert isinstance(whole.type, NamedType)
                yield None, parameter, through(self.of(whole), self.regions.member(whole.type, successor.case))
            else:
                yield None, parameter, self.of(op.operands[0])


def through(origins: Origins, map: Map) -> Origins:
    """The origins of a part: those of the whole, by a map of slots."""
    return tuple(origins[at] if at >= 0 else 0 if at == IS_STATIC else at for at in map)


def is_written(value: Value) -> bool:
    """Whether the type of a result stands in the text, or follows from a symbol alone; others follow from operands, and there
    a shorter region may do."""
    op = value.operation
    return op is not None and (not op.operands or any(result.written is not None for result in op.decl.results))


_HANDLERS = {
    "struct": RegionFlow._struct,
    "enum": RegionFlow._choice,
    "union": RegionFlow._choice,
    "tuple": RegionFlow._sequence,
    "array": RegionFlow._sequence,
    "extract": RegionFlow._extract,
    "destructure": RegionFlow._destructure,
    "borrow": RegionFlow._borrow,
    "load": RegionFlow._load,
    "take": RegionFlow._load,
    "init": RegionFlow._store,
    "assign": RegionFlow._store,
    "ret": RegionFlow._ret,
    "local": RegionFlow._nothing,
    "global.ref": RegionFlow._nothing,
    "func.ref": RegionFlow._nothing,
    "phantom": RegionFlow._nothing,
}

__all__ = ["NONE", "Origins", "RegionFlow", "is_written", "through"]
