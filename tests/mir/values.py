"""Places, operands and rvalues of MIR as operations: the part of ``translate`` that gives values.

    (*(_1.0: &String))                      %0 = field %_1, f0;  %1 = deref %0
    Add(copy _2, const 1)                   a call of `Add(usize, usize) -> usize`, which does not unwind

Clauses are those of ``translate``.

Invariant: a value has the type that the Rust type it is for has, but for regions, which are inferred.
"""

from __future__ import annotations

import re
from typing import Literal

import attrs
import networkx

from altru_ir.builder import Builder
from altru_ir.marks import copies
from altru_ir.module import Function, Module, Signature
from altru_ir.types import (
    USIZE,
    FloatType,
    FunctionType,
    IntType,
    NamedType,
    PhantomType,
    Type,
    UninitType,
    UsizeType,
    free_regions,
    map_regions,
)
from altru_ir.values import Value
from tests.mir import requirements
from tests.mir.body_shape import Shape
from tests.mir.ir_types import Types
from tests.mir.mir_text import Body, Operand, Place, Projection, Rvalue
from tests.mir.rust_types import Refused, RustType, regions_of, rename_regions
from tests.mir.signatures import Signature as CallSignature
from tests.mir.signatures import of_cast

Purpose = Literal["moves", "loans", "drops"]


@attrs.frozen
class Held:
    """A place while it is being written: the place of the IR, the Rust type of what is there, and the variant it is seen as."""

    value: Value
    type: RustType
    variant: str | None = None


class Values:
    """Writes the values of one body with ``builder``; ``locals`` has the places of its locals."""

    def __init__(self, types: Types, body: Body, purpose: Purpose) -> None:
        self.types = types
        self.loans = purpose == "loans"
        self.drops = purpose == "drops"
        self.moves = purpose == "moves"
        self.module: Module = types.module
        self.body = body
        self.shape = Shape(body)
        self.builder = Builder(self.module)
        self.locals: dict[str, Value] = {}
        self.at = ""

    # -- places ---------------------------------------------------------------------------------------------------------

    def place(self, place: Place) -> Held:
        b = self.builder
        held = Held(self.locals[place.local], self.body.locals[place.local])
        for step in place.steps:
            held = self.step(held, step)
        assert b.current is not None
        return held

    def step(self, held: Held, step: Projection) -> Held:
        b, type = self.builder, held.type
        if step.kind == "deref":
            if type.kind in ("ptr", "ptr_mut"):
                return Held(self.follow(b.load(held.value), type), type.parts[0])
            if type.kind in ("ref", "ref_mut") or (type.kind == "adt" and type.name == "Box"):
                return Held(b.deref(held.value), type.parts[0])
            raise Refused("a dereference of a library type")
        if step.kind == "variant":
            if not self.types.is_enum(type):
                raise Refused("a variant of a library type")
            return Held(b.variant(held.value, step.name), type, step.name)
        if step.kind == "field":
            fields = self.types.fields(type, held.variant)
            if fields is None or step.index >= len(fields):
                raise Refused("a field of a library type")
            name, declared = fields[step.index]
            place = b.field(held.value, name)
            if isinstance(place.type.target, UninitType):  # type: ignore[attr-defined]
                place = b.assume_init(place, unsafe=True)
            return Held(place, step.type or declared)
        if type.kind not in ("array", "slice"):
            raise Refused("an element of a library type")
        return self.element(held, step)

    def follow(self, pointer: Value, type: RustType) -> Value:
        """The place that a raw pointer leads to."""
        if not self.moves:
            return self.builder.deref(pointer, unsafe=True)
        reference = RustType("ref_mut", "", ("'_",), type.parts)  # 14
        return self.builder.deref(self.called_as("followed", [pointer], of_cast([type], reference), unwinds=False))

    def element(self, held: Held, step: Projection) -> Held:
        b, type = self.builder, held.type
        length = int(type.name) if type.kind == "array" else None
        if step.kind == "index":
            return Held(b.elem(held.value, [b.load(self.locals[step.name])]), type.parts[0])
        if step.kind == "constant":
            if step.backwards and length is not None:
                index = b.const(length - step.index, USIZE)
            else:
                low = step.limit - step.index if step.backwards else 0  # a pattern's length is at least its `limit`
                value = b.subrange(held.value, b.const(low, USIZE), b.dim(held.value, axis=0)) if low else held.value
                return Held(b.elem(value, [self.index(value, step.index, backwards=step.backwards)]), type.parts[0])
            return Held(b.elem(held.value, [index]), type.parts[0])
        if length is None:
            low = self.index(held.value, step.index)
            return Held(b.subrange(held.value, low, self.index(held.value, step.limit, backwards=step.backwards)), type)
        raise Refused("a part of an array as a whole")

    def index(self, slice: Value, number: int, *, backwards: bool = False) -> Value:
        """A number of an element of a slice, counted from its beginning or from its end."""
        b = self.builder
        made = b.const(number, USIZE)
        return b.sub(b.dim(slice, axis=0), made) if backwards else made

    # -- values ---------------------------------------------------------------------------------------------------------

    def operand(self, operand: Operand) -> Value:
        b = self.builder
        if operand.place is None:
            if operand.type is None:
                raise Refused("a constant without a type")
            return self.constant(operand.type, operand.text)
        last = operand.place.steps[-1:]
        if last and last[0].kind == "subslice":
            return self.part_of_array(operand.place)
        held = self.place(operand.place)
        if held.value.type.target.is_unsized:  # type: ignore[attr-defined]
            raise Refused("a value without a size")
        if copies(held.value.type.target, self.module):  # type: ignore[attr-defined]
            copied = b.load(held.value)
            bounded = self.loans and requirements.has_static(self.body, self.at)
            return self.bound(copied, self.shape.type_of(operand)) if bounded else copied
        return b.take(held.value)

    def part_of_array(self, place: Place) -> Value:
        """The elements of a subslice of an array, each taken by itself."""
        taken = [self.operand(Operand("move", element)) for element in self.elements(place)]
        if taken:
            return self.builder.array(taken)
        type = self.shape.type_of(Operand("move", Place(place.local, place.steps[:-1])))
        return self.unknown(self.types.ir(attrs.evolve(type, name="0")))

    def elements(self, place: Place) -> list[Place]:
        """The elements of a subslice of an array."""
        whole, step = Place(place.local, place.steps[:-1]), place.steps[-1]
        type = self.shape.type_of(Operand("move", whole))
        if type.kind != "array" or not type.name.isdigit():
            raise Refused("a part of a slice as a whole")
        end = int(type.name) - step.limit if step.backwards else step.limit
        return [
            Place(place.local, (*whole.steps, Projection("constant", index=index, limit=index + 1)))
            for index in range(step.index, end)
        ]

    def constant(self, given: RustType, text: str = "") -> Value:
        type = self.types.ir(given)
        if isinstance(type, (IntType, UsizeType)):
            return self.builder.const(_number(text, type), type)
        if isinstance(type, FloatType):
            return self.builder.const(0.0, type)
        return self.any(given)

    def unknown(self, type: Type) -> Value:
        """Some value of ``type``, which has no regions, of which nothing is known."""
        return self.call("any", [], type, unwinds=False)

    def any(self, type: RustType) -> Value:
        """Some value of ``type``, with the regions that are wanted."""
        return self.called_as("any", [], of_cast([], type), unwinds=False)

    def called_as(self, what: str, arguments: list[Value], signature: CallSignature, *, unwinds: bool) -> Value:
        """Clause 5, for types with regions."""
        if not any(regions_of(each) for each in (*signature.parameters, signature.result)):
            return self.call(what, arguments, self.types.ir(signature.result, _as_is), unwinds=unwinds)
        types = tuple(self.types.ir(each, _as_is) for each in signature.parameters)
        result = self.types.ir(signature.result, _as_is)
        arguments = [self.fit(value, type) for value, type in zip(arguments, types, strict=True)]
        return self.call_with(what, arguments, signature, types, result, unwinds=unwinds)

    def call_with(
        self,
        what: str,
        arguments: list[Value],
        signature: CallSignature,
        types: tuple[Type, ...],
        result: Type,
        *,
        unwinds: bool,
    ) -> Value:
        clauses = "".join(f", {longer}: {shorter}" for longer, shorter in signature.outlives)
        name = f"{what}({', '.join(t.text for t in types)}) -> {result.text}{clauses}"
        known = self.module.functions.get(name)
        if known is None:
            made = FunctionType(signature.binder, types, result, unsafe=True, nounwind=not unwinds)
            known = Function(name, Signature(made, tuple(signature.outlives)))
            self.module.add(known)
        return self.builder.call(known, arguments, unsafe=True).results[0]

    def call(self, what: str, arguments: list[Value], result: Type, *, unwinds: bool) -> Value:
        """Clause 5."""
        types = tuple(value.type for value in arguments)
        name = f"{what}({', '.join(t.text for t in types)}) -> {result.text}"
        known = self.module.functions.get(name)
        if known is None:
            made = FunctionType((), types, result, unsafe=True, nounwind=not unwinds)
            known = Function(name, Signature(made))
            self.module.add(known)
        return self.builder.call(known, arguments, unsafe=True).results[0]

    def fit(self, value: Value, type: Type) -> Value:
        """``value`` as a ``type``: rustc sees through opaque types and aliases where the spellings differ."""
        if value.type.erased is type.erased:
            return value
        made = CallSignature()
        given = map_regions(value.type, lambda _: made.fresh())
        known = sorted(free_regions(given))

        def bound(_: str) -> str:
            new = made.fresh()
            for each in known:
                made.clause(each, new)
            return new

        return self.call_with("seen as", [value], made, (given,), map_regions(type, bound), unwinds=False)

    def rvalue(self, value: Rvalue, target: RustType) -> Value | None:
        b = self.builder
        type = self.types.ir(target)
        if value.kind == "use":
            only = value.operands[0]
            return self.operand(only if only.place is not None or only.type is not None else attrs.evolve(only, type=target))
        if value.kind == "ref":
            assert value.place is not None
            if value.name == "fake":
                return None
            last = value.place.steps[-1:]
            if last and last[0].kind == "subslice" and target.parts[0].kind == "array":
                return self.parts_of_array(value, target)
            held = self.place(value.place)
            mutable: bool = held.value.type.mutable  # type: ignore[attr-defined]
            reference = b.borrow(held.value, mut=value.name == "mut" and mutable)
            if value.name == "mut" and not mutable:  # 8
                shared = attrs.evolve(target, kind="ref")
                return self.called_as("made mutable", [reference], of_cast([shared], target), unwinds=False)
            return reference
        if value.kind == "raw":
            return self.raw(value, target)
        if value.kind == "aggregate":
            return self.aggregate(value, [self.operand(each) for each in value.operands], target, type)
        if value.kind == "discriminant":
            assert value.place is not None
            held = self.place(value.place)
            if not self.types.is_enum(held.type):
                raise Refused("a discriminant of a library type")
            read = b.discriminant(held.value)
            return self.call("number", [read], type, unwinds=False)
        if value.kind in ("Len", "CopyForDeref"):
            assert value.place is not None
            if value.kind == "CopyForDeref":
                return self.operand(Operand("copy", value.place))
            return self.unknown(type)
        sources = [self.shape.type_of(each) for each in value.operands]
        given = [self.operand(each) for each in value.operands]
        if value.kind == "repeat":
            sources = [RustType("array", target.name, (), (each,)) for each in sources]
            given = [self.builder.array([given[0]])]
            sources[0] = attrs.evolve(sources[0], name="1")
        return self.called_as(value.kind, given, of_cast(sources, target), unwinds=False)

    def parts_of_array(self, value: Rvalue, target: RustType) -> Value:
        """A reference to a subslice of an array: made of references to its elements."""
        assert value.place is not None
        references = [
            self.builder.borrow(self.place(each).value, mut=value.name == "mut") for each in self.elements(value.place)
        ]
        element = attrs.evolve(target, parts=target.parts[0].parts)
        return self.called_as("parts", references, of_cast([element] * len(references), target), unwinds=False)

    def raw(self, value: Rvalue, target: RustType) -> Value:
        b = self.builder
        assert value.place is not None
        if value.name == "fake":
            return self.any(target)
        held = self.place(value.place)
        mutable = value.name == "mut" and held.value.type.mutable  # type: ignore[attr-defined]
        reference = b.borrow(held.value, mut=mutable)
        pointed = RustType("ref_mut" if mutable else "ref", "", ("'_",), (held.type,))
        return self.called_as("raw", [reference], of_cast([pointed], target), unwinds=False)

    def aggregate(self, value: Rvalue, given: list[Value], target: RustType, type: Type) -> Value:
        b = self.builder
        if target.kind == "array":
            return b.array(given) if given else self.any(target)
        if self.types.is_enum(target):
            fields = self.types.fields(target, value.name)
            if not fields:
                return b.enum(value.name, type)
            assert isinstance(type, NamedType)
            return b.enum(value.name, type, self.struct(given, NamedType(f"{type.name}::{value.name}", type.regions)))
        fields = self.types.fields(target)
        if fields is None:
            if target.kind in ("ptr", "ptr_mut"):
                return self.call("aggregate", given, type, unwinds=False)
            if target.kind == "opaque" and value.name.startswith("{closure"):
                target = RustType("closure", value.name, (), tuple(self.shape.type_of(each) for each in value.operands))
                return self.fit(self.aggregate(value, given, target, self.types.ir(target)), type)
            raise Refused("an aggregate of a library type")
        assert isinstance(type, NamedType)
        if target.kind == "closure":
            return self.bound(self.struct(given, type), target)
        if self.module.types[type.name].kind == "union":
            members = self.module.types[type.name].members  # rustc may print the name of another field
            named = [m for m in members if m.type.erased is given[0].type.erased and m.name == value.fields[0]]
            named += [m for m in members if m.type.erased is given[0].type.erased]
            return b.union(named[0].name, given[0], type)
        return self.struct(given, type)

    def bound(self, made: Value, type: RustType) -> Value:
        """A closure with regions that are related as rustc relates them where it is made (9)."""
        outlives: networkx.DiGraph[str] = networkx.DiGraph(self.body.at.get(self.at, ()))
        signature = CallSignature()
        regions = regions_of(type)
        same = rename_regions(type, signature.name)
        signature.parameters, signature.result = [same], same
        for longer in regions:
            reached = networkx.descendants(outlives, longer) if longer in outlives else set()
            for shorter in (*regions, "'?0"):
                if shorter in reached:
                    signature.clause(signature.name(longer), signature.name(shorter))
        return self.called_as("made", [made], signature, unwinds=False) if signature.outlives else made

    def struct(self, given: list[Value], type: NamedType) -> Value:
        members = self.module.types[type.name].members
        for extra in members[len(given) :]:
            phantom = isinstance(extra.type, PhantomType)
            given.append(self.builder.phantom(map_regions(extra.type, lambda _: "'_")) if phantom else self.unknown(extra.type))
        return self.builder.struct([self.fit(v, m.type) for v, m in zip(given, members, strict=True)], type)


def _as_is(region: str) -> str:
    return region


def _number(text: str, type: Type) -> int:
    """The value of a constant of MIR, 0 where it is not written as a number."""
    found = re.search(r"\((?:Leaf\()?0x([0-9a-fA-F]+)", text)
    return int(found[1], 16) if found is not None else 0
