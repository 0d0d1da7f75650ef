"""MIR as functions of the IR: what the borrow checker of rustc sees, in the words of ours.

    _2 = move _1;                     %0 = take %_1
    drop(_1) -> [return: bb1, ...]    init %_2, %0
                                      drop %_1 {rest}

Clauses:
 1. a MIR local is a ``local``, defined where its only ``StorageLive`` stands when that dominates every use, in the entry block
    otherwise; ``StorageDead`` is ``end``; locals of type ``()`` and ``!`` hold an empty struct;
 2. ``move`` is ``take`` and ``copy`` is ``load``; an assignment to a local is ``init``, one to a part of a local is ``assign``:
    MIR has its drops written out, so neither drops anything (what is in a ``ManuallyDrop`` might: that is ``init``);
 3. ``drop(p)`` is ``drop p {rest}``: at this stage of rustc it drops what is there; one that makes room for an assignment,
    which stands on both ways out of it, is an ``assign`` together with that;
 4. a terminator that may unwind stands in a block of its own, so that no statement shares its edge;
 5. a call is one of a declaration whose signature is read off the types of its operands and of its target;
    arithmetic, casts and constants are such calls too, of functions that do not unwind;
 6. the reading of a discriminant and the switch on it are one ``switch_enum``;
 7. a false edge is a branch on what nothing is known of; ``FakeRead`` of a place that moves is a borrow that nobody uses.

 8. what rustc writes through a shared reference (E0594, E0596 say that it must not) is written nowhere, and an exclusive
    reference made of a shared one is made by a call: it is not a matter of moves or loans.

 9. what a closure requires of the regions around it holds in its body, and is required where it is made: there the regions of
    its type are those that rustc relates at that place;

10. MIR's text does not say which borrows are two-phase: an unnamed local that is assigned once, an exclusive reference, and
    used once, as an argument of a call, is a shared reference until the call, and exclusive there;
11. for loans ``FakeRead`` is nothing, and what is written as a type's region stands in the type of the local.

12. for loans each local ends at last where the function is left, also by unwinding: rustc looks there at what is still lent.

13. for drops the false edges are gone, as they are when rustc elaborates;

14. for moves a raw pointer is followed as a reference is: rustc lets nothing be moved out of what it leads to;
15. for moves a store into a field of a union looks at the union first, unless it may have been moved before: rustc wants it
    filled as a whole the first time;
17. for loans what rustc requires of regions beyond types is required where it stands (``requirements``);
16. for moves a local that comes to life at several places has no end: where one ends, another one may have begun.

Invariant: each operation carries the line and column of the MIR statement it comes from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Literal

import attrs
import networkx

from altru_ir.builder import Builder
from altru_ir.marks import copies
from altru_ir.module import Block, Function, Module, Signature
from altru_ir.source import Location
from altru_ir.types import (
    I1,
    I8,
    USIZE,
    CellType,
    FloatType,
    FunctionType,
    IntType,
    NamedType,
    PhantomType,
    RefType,
    Type,
    UninitType,
    UsizeType,
    free_regions,
    map_regions,
)
from altru_ir.values import Value
from tests.mir import requirements
from tests.mir.ir_types import Types, elided
from tests.mir.mir_text import Block as BodyBlock
from tests.mir.mir_text import Body, Operand, Place, Projection, Rvalue, Statement, mentioned
from tests.mir.requirements import Requirement
from tests.mir.rust_types import Refused, RustType, regions_of, rename_regions
from tests.mir.signatures import Signature as CallSignature
from tests.mir.signatures import of_call, of_cast

_MISSING_UNWIND = frozenset(("return", "resume", "goto", "switch", "unreachable", "false_edge"))


Purpose = Literal["moves", "loans", "drops"]


@attrs.frozen
class Held:
    """A place while it is being written: the place of the IR, the Rust type of what is there, and the variant it is seen as."""

    value: Value
    type: RustType
    variant: str | None = None


@attrs.frozen
class Delayed:
    """A two-phase borrow that has begun: the place, the shared reference, and where it stands."""

    place: Place
    shared: Value
    span: Location | None


class Translator:
    """Translates one body into ``types.module`` for a purpose: loans (10, 11, 12), drops (13), or moves."""

    def __init__(self, types: Types, body: Body, name: str, purpose: Purpose = "moves") -> None:
        self.types = types
        self.loans = purpose == "loans"
        self.drops = purpose == "drops"
        self.moves = purpose == "moves"
        self.delayed: dict[str, Delayed | None] = {}
        self.module: Module = types.module
        self.body = body
        self.name = name
        self.builder = Builder(self.module)
        self.locals: dict[str, Value] = {}
        self.blocks: dict[str, Block] = {}
        self.span: Location | None = None
        self.regions: dict[str, str] = {}
        self.homes: dict[str, str | None] = {}
        self.above: dict[str, str] = {}
        self.depth: dict[str, int] = {}
        self.current = ""
        self.at = ""
        self.replaced: set[str] = set()

    def run(self) -> Function:
        """The function. Raises ``Refused``; then nothing is left of it in the module."""
        body, b = self.body, self.builder
        function = self.header()
        try:
            entry = function.add_block(Block("entry"))
            b.at_end(entry)
            for name in body.blocks:
                self.blocks[name] = b.block(name)
            b.at_end(entry)
            self.replaced = self.assigned()
            late = self.late()
            if self.loans:
                self.delayed = dict.fromkeys(self.two_phase())
            for name in self.used():
                if name not in late:
                    self.define(name)
            for name, value in zip(body.parameters, function.parameters, strict=True):
                b.init(self.locals[name], value)
            if self.loans:
                self.require(requirements.everywhere(body))
            b.br(self.blocks["bb0"])
            for name in self.order():
                b.at_end(self.blocks[name])
                self.current = name
                self.block(name, late)
        except Refused:
            self.module.remove(function)
            raise
        reached = function.cfg()
        dead = set(function.blocks) - {reached.blocks[i] for i in reached.reverse_postorder}
        function.blocks = [block for block in function.blocks if block not in dead]
        return function

    def header(self) -> Function:
        """The function with its regions: those that rustc calls free, with what is known of them."""
        body = self.body
        inside = max(body.universal, key=lambda region: int(region[2:]), default="")  # all free regions outlive the body
        free = {region: "'static" if kind == "Global" else f"'u{region[2:]}" for region, kind in body.universal.items()}
        free.pop(inside, None) if len(free) > 1 else None
        both = set(body.constraints)
        for one, other in body.constraints:
            if other in free and one not in free and (other, one) in both:
                self.regions.setdefault(one, free[other])
        self.regions.update(free)
        parameters = tuple(self.types.ir(body.locals[name], self.region) for name in body.parameters)
        result = self.types.ir(body.locals["_0"], self.region)
        used = {region for type in (*parameters, result) for region in free_regions(type)}
        outlives = {(self.regions[a], self.regions[b]) for a, b in body.outlives if a in free and b in free}
        outlives |= {(self.regions[a], self.regions[b]) for a, b in body.required if a in free and b in free}  # 9
        binder = tuple(sorted((set(free.values()) | used) - {"'static", "'_"}))
        clauses = tuple(sorted((a, b) for a, b in outlives if a in binder and b in (*binder, "'static")))
        function = Function(
            self.name, Signature(FunctionType(binder, parameters, result), clauses), [f"p{name}" for name in body.parameters]
        )
        self.module.add(function)
        return function

    def region(self, region: str) -> str:
        """How a region of the header is written."""
        return self.regions.get(region, "'static" if region == "'static" else elided(region))

    # -- locals ---------------------------------------------------------------------------------------------------------

    def used(self) -> list[str]:
        return sorted(self.body.locals, key=lambda name: int(name[1:]))

    def define(self, name: str, home: str | None = None) -> None:
        shown = self.body.names.get(name, name)
        taken = {value.name for value in self.locals.values()}
        type = self.types.ir(self.body.locals[name], self.written if self.loans else elided)
        self.homes[name] = home
        self.locals[name] = self.builder.local(type, name=name if shown in taken else shown)

    def written(self, region: str) -> str:
        """How a region in the type of a local is written (11)."""
        if region in self.regions:
            return self.regions[region]
        reached = {region}
        work = [region]
        while work:
            at = work.pop()
            for one, other in self.body.annotated + self.body.constraints:
                if one == at and other not in reached:
                    reached.add(other)
                    work.append(other)
        bound = {self.regions[each] for each in reached if each in self.regions}
        return bound.pop() if len(bound) == 1 else elided(region)

    def two_phase(self) -> list[str]:
        """Clause 10."""
        begun: dict[str, int] = {}
        used: dict[str, int] = {}
        called: set[str] = set()
        for block in self.body.blocks.values():
            for statement in block.statements:
                if statement.kind in ("live", "dead"):
                    continue
                place, value = statement.place, statement.value
                target = place.local if place is not None and not place.steps else None
                if target is not None and value is not None and value.kind == "ref" and value.name == "mut":
                    begun[target] = begun.get(target, 0) + 1
                elif target is not None:
                    used[target] = used.get(target, 0) + 1
                for local in set(mentioned(statement)) - {target}:
                    used[local] = used.get(local, 0) + 1
                if statement.kind == "call":
                    called |= {
                        a.place.local
                        for a in statement.arguments
                        if a.kind == "move" and a.place is not None and not a.place.steps
                    }
        return [
            local
            for local, times in begun.items()
            if times == 1 and used.get(local) == 1 and local in called - set(self.body.names)
        ]

    def is_delayed(self, operand: Operand) -> bool:
        return operand.place is not None and self.delayed.get(operand.place.local) is not None

    def activate(self, operand: Operand) -> Value:
        """An argument of a call; a two-phase borrow becomes exclusive."""
        begun = self.delayed.get(operand.place.local) if operand.place is not None else None
        if begun is None:
            return self.operand(operand)
        b = self.builder
        b._location = begun.span
        shared = RustType("ref", "", ("'_",), self.type_of(operand).parts)
        self.called_as("still shared", [begun.shared], of_cast([shared], RustType("tuple")), unwinds=False)
        made = b.borrow(self.place(begun.place).value, mut=True)
        b._location = self.span
        return made

    def require(self, wanted: Iterable[Requirement]) -> None:
        """Clause 17, for universal regions."""
        b = self.builder
        for each in wanted:
            ends = [self.regions.get(region) for region in (each.longer, each.shorter)]
            if ends[0] is None or ends[1] is None:
                continue
            if each.span is not None:
                b._location = Location(each.span.file, each.span.line, each.span.column)
            signature = CallSignature()
            names = [end if end == "'static" else signature.fresh() for end in ends]
            signature.clause(names[0], names[1])
            given = [b.phantom(_lived(end)) for end in ends]
            types, unit = tuple(_lived(name) for name in names), self.types.ir(RustType("tuple"))
            self.call_with("required", given, signature, types, unit, unwinds=False)
            b._location = self.span

    def graph(self) -> networkx.DiGraph[str]:
        graph: networkx.DiGraph[str] = networkx.DiGraph()
        graph.add_nodes_from(self.body.blocks)
        for name, block in self.body.blocks.items():
            graph.add_edges_from((name, target) for _, target in block.statements[-1].targets)
        return graph

    def order(self) -> list[str]:
        """The blocks that control reaches, each behind those that dominate it."""
        return list(networkx.dfs_preorder_nodes(self.dominators, "bb0"))

    def late(self) -> set[str]:
        """Clause 1: the locals that their only ``StorageLive`` may define."""
        graph = self.graph()
        reached = {"bb0"} | networkx.descendants(graph, "bb0")
        above = networkx.immediate_dominators(graph.subgraph(reached), "bb0")
        self.dominators: networkx.DiGraph[str] = networkx.DiGraph()
        self.dominators.add_node("bb0")
        self.dominators.add_edges_from((parent, child) for child, parent in above.items() if child != parent)
        depth: dict[str, int] = {"bb0": 0}
        self.above, self.depth = above, depth
        for parent, child in networkx.bfs_edges(self.dominators, "bb0"):
            depth[child] = depth[parent] + 1
        alive: dict[str, list[str]] = {}
        uses: dict[str, set[str]] = {}
        first: dict[tuple[str, str], str] = {}
        for name in reached:
            for statement in self.body.blocks[name].statements:
                for local in mentioned(statement):
                    uses.setdefault(local, set()).add(name)
                    first.setdefault((local, name), statement.kind)
                if statement.kind == "live" and statement.place is not None:
                    alive.setdefault(statement.place.local, []).append(name)
        found: set[str] = set()
        for local, places in alive.items():
            if len(places) != 1 or local in self.body.parameters:
                continue
            home = places[0]
            if first[(local, home)] == "live" and all(self.dominates(home, use, above, depth) for use in uses[local]):
                found.add(local)
        return found

    @staticmethod
    def dominates(upper: str, lower: str, above: dict[str, str], depth: dict[str, int]) -> bool:
        while depth[lower] > depth[upper]:
            lower = above[lower]
        return upper == lower

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
                index = self.index(held.value, step.index, backwards=step.backwards)
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

    def type_of(self, operand: Operand) -> RustType:
        if operand.place is None:
            assert operand.type is not None
            return operand.type
        type = self.body.locals[operand.place.local]
        for step in operand.place.steps:
            if step.kind == "field":
                assert step.type is not None
                type = step.type
            elif step.kind not in ("variant", "subslice"):
                if not type.parts:
                    raise Refused("a dereference of a library type")
                type = type.parts[0]
        return type

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
            return self.bound(copied, self.type_of(operand)) if bounded else copied
        return b.take(held.value)

    def part_of_array(self, place: Place) -> Value:
        """The elements of a subslice of an array, each taken by itself."""
        taken = [self.operand(Operand("move", element)) for element in self.elements(place)]
        if taken:
            return self.builder.array(taken)
        type = self.type_of(Operand("move", Place(place.local, place.steps[:-1])))
        return self.unknown(self.types.ir(attrs.evolve(type, name="0")))

    def elements(self, place: Place) -> list[Place]:
        """The elements of a subslice of an array."""
        whole, step = Place(place.local, place.steps[:-1]), place.steps[-1]
        type = self.type_of(Operand("move", whole))
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
        sources = [self.type_of(each) for each in value.operands]
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
                target = RustType("closure", value.name, (), tuple(self.type_of(each) for each in value.operands))
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

    # -- statements -----------------------------------------------------------------------------------------------------

    def block(self, name: str, late: set[str]) -> None:
        statements = self.body.blocks[name].statements
        places = self.places_of(statements)
        for at, statement in enumerate(statements):
            if at == 0 and name in self.replaced:
                continue
            self.span, self.at = places[at], statement.at
            self.builder._location = self.span
            if self.loans:
                self.require(requirements.at_statement(self.body, self.at))
            if at + 1 == len(statements):
                self.terminator(name, statement)
            elif at + 2 == len(statements) and self.reads_discriminant(statement, statements[-1]):
                self.switch_enum(statement, statements[-1])
                return
            else:
                self.statement(statement, late)

    def place_of(self, statement: Statement) -> Location | None:
        """Where a statement stands; one that comes from a macro of the library stands where its target was declared."""
        span = statement.span
        if span is not None and span.file.startswith("/") and statement.place is not None:
            span = self.body.spans.get(statement.place.local)
        return None if span is None or span.file.startswith("/") else Location(span.file, span.line, span.column)

    def places_of(self, statements: list[Statement]) -> list[Location | None]:
        """Where the statements of a block stand; those of which nothing is known, where their neighbours do."""
        found = [self.place_of(statement) for statement in statements]
        known: Location | None = None
        for at, each in enumerate(found):
            known = found[at] = each or known
        known = None
        for at in reversed(range(len(found))):
            known = found[at] = found[at] or known
        return found

    def reads_discriminant(self, statement: Statement, switch: Statement) -> bool:
        """Clause 6."""
        if switch.kind != "switch" or statement.value is None or statement.value.kind != "discriminant":
            return False
        assert statement.value.place is not None
        assert statement.place is not None
        if switch.arguments[0].place != statement.place:
            return False
        item = self.types.item(self.type_of(Operand("copy", statement.value.place)))
        return item is not None and item.kind == "enum" and not item.discriminants

    def switch_enum(self, statement: Statement, switch: Statement) -> None:
        assert statement.value is not None
        assert statement.value.place is not None
        held = self.place(statement.value.place)
        item = self.types.item(held.type)
        assert item is not None
        cases: list[tuple[str | None, Block]] = []
        for label, target in switch.targets:
            if label == "otherwise":
                cases.append((None, self.blocks[target]))
            else:
                cases.append((item.variants[int(label)].name, self.blocks[target]))
        declared = self.module.types[held.value.type.target.name].members  # type: ignore[attr-defined]
        if cases[-1][0] is not None and len(cases) < len(declared):
            cases.append((None, self.dead_end()))
        elif cases[-1][0] is None and len(cases) > len(declared):
            cases.pop()
        self.builder.switch_enum(held.value, cases)

    def dead_end(self) -> Block:
        b = self.builder
        here = b.current
        assert here is not None
        made = b.block()
        b.at_end(made)
        b.unreachable()
        b.at_end(here)
        return made

    def statement(self, statement: Statement, late: set[str]) -> None:
        b, kind = self.builder, statement.kind
        if kind == "live":
            assert statement.place is not None
            if statement.place.local in late:
                self.define(statement.place.local, self.current)
        elif kind == "dead":
            assert statement.place is not None
            if not self.moves or self.homes[statement.place.local] is not None:  # 16
                b.end(self.locals[statement.place.local])
        elif kind == "assign":
            assert statement.place is not None
            assert statement.value is not None
            target = self.type_of(Operand("copy", statement.place))
            if statement.place.local in self.delayed and not statement.place.steps and statement.value.place is not None:
                held = self.place(statement.value.place)
                if held.value.type.mutable:  # type: ignore[attr-defined]
                    self.delayed[statement.place.local] = Delayed(statement.value.place, b.borrow(held.value), self.span)
                    return
            value = self.rvalue(statement.value, target)
            if value is not None:
                self.store(statement.place, value)
        elif kind == "fake_read":
            assert statement.place is not None
            if statement.name in ("ForMatchedPlace", "ForLet", "ForIndex") and not self.loans:
                held = self.place(statement.place)
                if not copies(held.value.type.target, self.module) and not held.value.type.target.is_unsized:  # type: ignore[attr-defined]
                    b.borrow(held.value)
        elif kind not in ("mention", "nop"):
            raise Refused(f"a statement `{kind}`")

    def store(self, place: Place, value: Value, *, replaces: bool = False) -> None:
        """Clause 2."""
        b = self.builder
        if self.moves:
            self.look_at_union(place)
        held = self.place(place)
        value = self.fit(value, held.value.type.target)  # type: ignore[attr-defined]
        if not held.value.type.mutable:  # type: ignore[attr-defined]
            self.call("stored", [value], self.types.ir(RustType("tuple")), unwinds=False)  # 8
        elif (place.steps or replaces) and not _is_undropped(held.value):
            b.assign(held.value, value)
        else:
            b.init(held.value, value)

    def look_at_union(self, place: Place) -> None:
        """Clause 15."""
        for at, step in enumerate(place.steps):
            whole = Place(place.local, place.steps[:at])
            if step.kind == "field" and self.types.is_union(self.type_of(Operand("copy", whole))):
                if not self.moved_before(place.local):
                    self.builder.borrow(self.place(whole).value)
                return

    def moved_before(self, local: str) -> bool:
        """Whether control may come from a move out of a local, or of a part of it, to the block at hand."""
        graph = self.graph()
        return any(
            self.current in networkx.descendants(graph, name) | {name}
            for name, block in self.body.blocks.items()
            for operand in operands(block)
            if operand.kind == "move" and operand.place is not None and operand.place.local == local
        )

    # -- terminators ----------------------------------------------------------------------------------------------------

    def terminator(self, name: str, statement: Statement) -> None:
        b, kind = self.builder, statement.kind
        cleanup = statement.target("unwind")
        if cleanup is not None and kind not in _MISSING_UNWIND:  # 4
            made = b.block(f"{name}.{kind}")
            b.br(made)
            made.unwind = self.blocks[cleanup]
            b.at_end(made)
        if kind == "goto":
            b.br(self.only(statement))
        elif kind == "return":
            self.give_back(name)
        elif kind == "resume":
            self.close(name)
            b.resume()
        elif kind == "unreachable":
            b.unreachable()
        elif kind == "terminate":
            b.abort()
        elif kind == "false_edge":  # 7
            real, imaginary = statement.target("real"), statement.target("imaginary")
            assert real is not None
            assert imaginary is not None
            if real == imaginary or self.drops:
                b.br(self.blocks[real])
            else:
                b.cond_br(self.unknown(I1), self.blocks[real], self.blocks[imaginary])
        elif kind == "false_unwind":
            if not self.drops:
                self.call("may unwind", [], self.types.ir(RustType("tuple")), unwinds=True)
            b.br(self.only(statement))
        elif kind == "drop":
            self.drop(statement)
        elif kind == "assert":
            self.check(statement)
        elif kind == "switch":
            self.switch(statement)
        elif kind == "call":
            self.called(statement)
        else:
            raise Refused(f"a terminator `{kind}`")

    def only(self, statement: Statement) -> Block:
        target = statement.target("return", "real", "success", "otherwise") or statement.targets[0][1]
        return self.blocks[target]

    def give_back(self, name: str) -> None:
        b = self.builder
        place = self.locals["_0"]
        value = b.load(place) if copies(place.type.target, self.module) else b.take(place)  # type: ignore[attr-defined]
        self.close(name)
        b.ret(value)

    def close(self, name: str) -> None:
        """Clause 12."""
        if self.loans:
            for local, home in self.homes.items():
                if home is None or self.dominates(home, name, self.above, self.depth):
                    self.builder.end(self.locals[local])

    def drop(self, statement: Statement) -> None:
        b = self.builder
        assert statement.place is not None
        if statement.targets[0][1] in self.replaced:
            stored = self.body.blocks[statement.targets[0][1]].statements[0]
            assert stored.value is not None
            b._location = self.place_of(stored) or self.span
            value = self.rvalue(stored.value, self.type_of(Operand("copy", statement.place)))
            assert value is not None
            self.store(statement.place, value, replaces=True)
            b.br(self.only(statement))
            return
        held = self.place(statement.place)
        if held.value.type.mutable:  # type: ignore[attr-defined]
            b.drop(held.value, rest=True)  # 3, 8
        b.br(self.only(statement))

    def assigned(self) -> set[str]:
        """The blocks whose first statement belongs to the drop that makes room for it, the only way to them (3)."""
        entered = Counter(target for block in self.body.blocks.values() for _, target in block.statements[-1].targets)
        found: set[str] = set()
        for block in self.body.blocks.values():
            drop = block.statements[-1]
            following = [self.body.blocks[target].statements[0] for _, target in drop.targets]
            same = drop.kind == "drop" and all(each.kind == "assign" and _way(each) == _way(drop) for each in following)
            if same and all(entered[target] == 1 for _, target in drop.targets):
                found |= {target for _, target in drop.targets}
        return found

    def required(self, statement: Statement) -> list[tuple[str, str]]:
        """What rustc requires of the regions of a call beyond its types."""
        return self.body.predicates.get(statement.at, [])

    def outlive_static(self, signature: CallSignature, sources: list[RustType]) -> None:
        """Clause 17, for the arguments of a call."""
        for source, parameter in zip(sources, signature.parameters, strict=True):
            given, named = regions_of(source), regions_of(parameter)
            if len(given) == len(named):
                static = requirements.is_static(self.body, self.at, given)
                for region, name in zip(given, named, strict=True):
                    if region in static:
                        signature.clause(name, "'static")

    def check(self, statement: Statement) -> None:
        b = self.builder
        condition = self.operand(statement.arguments[0])
        self.call("assert", [condition], self.types.ir(RustType("tuple")), unwinds=True)
        b.br(self.only(statement))

    def switch(self, statement: Statement) -> None:
        b = self.builder
        value = self.operand(statement.arguments[0])
        cases: list[tuple[int | None, Block]] = []
        seen: set[int] = set()
        for label, target in statement.targets:
            number = None if label == "otherwise" else int(label)
            if isinstance(value.type, IntType) and number is not None:
                number &= (1 << value.type.bits) - 1
            if number is None or number not in seen:
                cases.append((number, self.blocks[target]))
                seen.add(number if number is not None else -1)
        if cases[-1][0] is not None:
            cases.append((None, self.dead_end()))
        if value.type is I1:
            zero = next((target for number, target in cases if number == 0), cases[-1][1])
            one = next((target for number, target in cases if number in (1, None)), cases[-1][1])
            b.cond_br(value, one, zero)
        else:
            b.switch(value, cases)

    def called(self, statement: Statement) -> None:
        b = self.builder
        assert statement.function is not None
        assert statement.place is not None
        callee: list[Value] = []
        what = "call"
        if statement.function.place is not None:
            callee = [self.operand(statement.function)]
        elif statement.function.type is not None:
            what = statement.function.type.name or "call"
        target = self.type_of(Operand("copy", statement.place))
        sources = [self.type_of(each) for each in statement.arguments]
        signature = of_call(self.type_of(statement.function), sources, target, self.required(statement))
        if self.loans and requirements.has_static(self.body, self.at):
            self.outlive_static(signature, sources)
        if callee:
            signature.parameters.insert(0, self.type_of(statement.function))
        plain = {i: self.operand(a) for i, a in enumerate(statement.arguments) if not self.is_delayed(a)}
        given = [plain[i] if i in plain else self.activate(a) for i, a in enumerate(statement.arguments)]
        arguments = callee + given
        value = self.called_as(what, arguments, signature, unwinds=True)
        back = statement.target("return")
        if back is None:
            b.unreachable()
            return
        here = b.current
        assert here is not None
        if here.unwind is not None:
            made = b.block()
            b.br(made)
            b.at_end(made)
        self.store(statement.place, value)
        b.br(self.blocks[back])


def _is_undropped(place: Value) -> bool:
    """Whether a place is in storage of which no drop is ours to write (``ManuallyDrop``)."""
    step = place.operation
    while step is not None and step.name != "assume_init":
        step = step.operands[0].operation if step.decl.is_projection else None
    return step is not None


def _way(statement: Statement) -> object:
    """The place of a statement without the types of its fields, whose regions are never the same."""
    place = statement.place
    return None if place is None else (place.local, [attrs.evolve(step, type=None) for step in place.steps])


def _lived(region: str) -> PhantomType:
    """A type that has ``region``, and never another one in its place."""
    return PhantomType(CellType(RefType(I8, False, region)))


def _as_is(region: str) -> str:
    return region


def operands(block: BodyBlock) -> Iterator[Operand]:
    """What the statements of a block read, copied or moved."""
    for statement in block.statements:
        yield from statement.arguments
        if statement.value is not None:
            yield from statement.value.operands


def _number(text: str, type: Type) -> int:
    """The value of a constant of MIR, 0 where it is not written as a number."""
    import re

    found = re.search(r"\((?:Leaf\()?0x([0-9a-fA-F]+)", text)
    return int(found[1], 16) if found is not None else 0


__all__ = ["Translator"]
