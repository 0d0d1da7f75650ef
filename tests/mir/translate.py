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
 7. a false edge is a branch on what nothing is known of; ``FakeRead`` of a place that moves is a borrow that nobody uses;
 8. what rustc writes through a shared reference (E0594, E0596 say that it must not) is written nowhere, and an exclusive
    reference made of a shared one is made by a call: it is not a matter of moves or loans;
 9. what a closure requires of the regions around it holds in its body, and is required where it is made: there the regions of
    its type are those that rustc relates at that place;
10. MIR's text does not say which borrows are two-phase: an unnamed local that is assigned once, an exclusive reference, and
    used once, as an argument of a call, is a shared reference until the call, and exclusive there;
11. for loans ``FakeRead`` is nothing, and what is written as a type's region stands in the type of the local;
12. for loans each local ends at last where the function is left, also by unwinding: rustc looks there at what is still lent;
13. for drops the false edges are gone, as they are when rustc elaborates;
14. for moves a raw pointer is followed as a reference is: rustc lets nothing be moved out of what it leads to;
15. for moves a store into a field of a union looks at the union first, unless it may have been moved before: rustc wants it
    filled as a whole the first time;
16. for moves a local that comes to life at several places has no end: where one ends, another one may have begun;
17. for loans what rustc requires of regions beyond types is required where it stands (``requirements``).

Invariant: each operation carries the line and column of the MIR statement it comes from.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from altru_ir.marks import copies
from altru_ir.module import Block, Function, Signature
from altru_ir.source import Location
from altru_ir.types import I1, I8, CellType, FunctionType, IntType, PhantomType, RefType, free_regions
from altru_ir.values import Value
from tests.mir import requirements
from tests.mir.ir_types import Types, elided
from tests.mir.mir_text import Body, Operand, Place, Statement
from tests.mir.positions import Positions
from tests.mir.requirements import Requirement
from tests.mir.rust_types import Refused, RustType, regions_of
from tests.mir.signatures import Signature as CallSignature
from tests.mir.signatures import of_call, of_cast
from tests.mir.values import Purpose, Values

_MISSING_UNWIND = frozenset(("return", "resume", "goto", "switch", "unreachable", "false_edge"))


@attrs.frozen
class Delayed:
    """A two-phase borrow that has begun: the place, the shared reference, and where it stands."""

    place: Place
    shared: Value
    span: Location | None


class Translator(Values):
    """Translates one body into ``types.module`` for a purpose: loans (10, 11, 12, 17), drops (13), or moves (14 to 16).

    ``source`` is the text that the body comes from.
    """

    def __init__(self, types: Types, body: Body, name: str, purpose: Purpose = "moves", source: str = "") -> None:
        super().__init__(types, body, purpose)
        self.name = name
        self.positions = Positions(body, source)
        self.delayed: dict[str, Delayed | None] = {}
        self.blocks: dict[str, Block] = {}
        self.span: Location | None = None
        self.regions: dict[str, str] = {}
        self.homes: dict[str, str | None] = {}
        self.current = ""
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
            self.replaced = self.shape.assigned()
            if self.loans:
                self.delayed = dict.fromkeys(self.shape.two_phase())
            for name in self.used():
                if name not in self.shape.late:
                    self.define(name)
            for name, value in zip(body.parameters, function.parameters, strict=True):
                b.init(self.locals[name], value)
            if self.loans:
                self.require(requirements.everywhere(body))
            b.br(self.blocks["bb0"])
            for name in self.shape.order():
                b.at_end(self.blocks[name])
                self.current = name
                self.block(name)
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

    # -- locals -------------------------------------------------------------------------------------------------------

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

    def is_delayed(self, operand: Operand) -> bool:
        return operand.place is not None and self.delayed.get(operand.place.local) is not None

    def activate(self, operand: Operand) -> Value:
        """An argument of a call; a two-phase borrow becomes exclusive."""
        begun = self.delayed.get(operand.place.local) if operand.place is not None else None
        if begun is None:
            return self.operand(operand)
        b = self.builder
        b._location = begun.span
        shared = RustType("ref", "", ("'_",), self.shape.type_of(operand).parts)
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

    # -- statements ---------------------------------------------------------------------------------------------------

    def block(self, name: str) -> None:
        statements = self.body.blocks[name].statements
        places = self.positions.places_of(statements)
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
                self.statement(statement)

    def reads_discriminant(self, statement: Statement, switch: Statement) -> bool:
        """Clause 6."""
        if switch.kind != "switch" or statement.value is None or statement.value.kind != "discriminant":
            return False
        assert statement.value.place is not None
        assert statement.place is not None
        if switch.arguments[0].place != statement.place:
            return False
        item = self.types.item(self.shape.type_of(Operand("copy", statement.value.place)))
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

    def statement(self, statement: Statement) -> None:
        b, kind = self.builder, statement.kind
        if kind == "live":
            assert statement.place is not None
            if statement.place.local in self.shape.late:
                self.define(statement.place.local, self.current)
        elif kind == "dead":
            assert statement.place is not None
            if not self.moves or self.homes[statement.place.local] is not None:  # 16
                b.end(self.locals[statement.place.local])
        elif kind == "assign":
            assert statement.place is not None
            assert statement.value is not None
            target = self.shape.type_of(Operand("copy", statement.place))
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
            if step.kind == "field" and self.types.is_union(self.shape.type_of(Operand("copy", whole))):
                if not self.shape.moved_before(place.local, self.current):
                    self.builder.borrow(self.place(whole).value)
                return

    # -- terminators --------------------------------------------------------------------------------------------------

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
                if home is None or self.shape.dominates(home, name):
                    self.builder.end(self.locals[local])

    def drop(self, statement: Statement) -> None:
        b = self.builder
        assert statement.place is not None
        if statement.targets[0][1] in self.replaced:
            stored = self.body.blocks[statement.targets[0][1]].statements[0]
            assert stored.value is not None
            b._location = self.positions.place_of(stored) or self.span
            value = self.rvalue(stored.value, self.shape.type_of(Operand("copy", statement.place)))
            assert value is not None
            self.store(statement.place, value, replaces=True)
            b.br(self.only(statement))
            return
        held = self.place(statement.place)
        if held.value.type.mutable:  # type: ignore[attr-defined]
            b.drop(held.value, rest=True)  # 3, 8
        b.br(self.only(statement))

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
        target = self.shape.type_of(Operand("copy", statement.place))
        sources = [self.shape.type_of(each) for each in statement.arguments]
        signature = of_call(self.shape.type_of(statement.function), sources, target, self.required(statement))
        if self.loans and requirements.has_static(self.body, self.at):
            self.outlive_static(signature, sources)
        if callee:
            signature.parameters.insert(0, self.shape.type_of(statement.function))
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


def _lived(region: str) -> PhantomType:
    """A type that has ``region``, and never another one in its place."""
    return PhantomType(CellType(RefType(I8, False, region)))


__all__ = ["Purpose", "Translator"]
