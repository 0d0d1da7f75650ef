"""Drop glue: one function per type that does what dropping a value of it does, written when it is first needed.

    @"altru.drop.@Pair"(ptr)               runs the destructor of @Pair, then drops its fields in order
    @"altru.drop.own<@Pair>"(ptr)          drops what the owner points to, then gives its memory back

For an owner the argument is the pointer itself (with its lengths), for any other type the address of the value. What needs
no drop has no glue.

**Recursive types** (a list, a tree) use constant stack. All owners of one cycle of types share a function that walks the
objects with pointer reversal (Schorr and Waite, CACM 1967): before it goes down through an owner it stores, in the owner's
own slot, the way back up, for the slot is dead once its pointer has been read; on the way up it finds in the slot where it
came from before that.

    node = child in slot k of N;  slot k of N = top;  top = N | k;   walk the child, give it back;
    N | k = top;  top = slot k of N;   go on behind slot k of N

The number of a slot, k, stands in the low bits of the way up, so a cycle has as many such slots as the alignment of an
address has values (eight where addresses have 64 bits). Owners beyond those, and owners of sequences, are dropped by a call,
and so are erased types.

**Panics.** A destructor that panics does not keep the rest from being dropped: the glue goes on, and hands the panic on at the
end. A second one ends the process; the runtime sees to that.

Invariant: equal types have one function; destructors run in the order of ``interpreter/drops.py``, the definition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from altru_ir.backend.lower.releases import release
from altru_ir.backend.lower.types import LoweringError, dimensions_of, llvm_type, quote
from altru_ir.behaviour import drop_may_panic
from altru_ir.layout import enum_layout, field_offsets, layout_of, round_up
from altru_ir.marks import drops_next, needs_drop
from altru_ir.ops.aggregates import field_types
from altru_ir.types import (
    ArenaType,
    ArrayType,
    CellType,
    NamedType,
    OwnType,
    PoolType,
    TupleType,
    Type,
)

if TYPE_CHECKING:
    from altru_ir.backend.lower.module import ModuleLowering

UNROLLED = 8
"""Arrays of at most as many elements are walked element by element within a cycle."""


class DropGlue:
    """The glue of one module. ``text`` is all that was asked for so far."""

    def __init__(self, owner: ModuleLowering) -> None:
        self.owner = owner
        self.module = owner.module
        self.functions: dict[Type, str] = {}
        self.text: list[str] = []
        self._pending: list[Callable[[], None]] = []
        self._cycles: dict[Type, _Cycle | None] = {}

    def of(self, type: Type) -> str:
        """The symbol, with its sigil, of the function that drops a ``type``."""
        type = type.erased
        known = self.functions.get(type)
        if known is None:
            known = self.functions[type] = f"@{quote(f'altru.drop.{type}')}"
            self._pending.append(lambda: self._write(type, known))
        return known

    def finish(self) -> list[str]:
        """The text of all functions that are needed."""
        while self._pending:
            self._pending.pop()()
        return self.text

    def may_panic(self, type: Type) -> bool:
        return self.owner.unwinds and drop_may_panic(type, self.module)

    # -- functions --

    def _write(self, type: Type, symbol: str) -> None:
        if isinstance(type, OwnType):
            rank = dimensions_of(type)
            code = Code(self, symbol, ["ptr", *[f"i{self.module.pointer_bits}"] * rank])
            cycle = self.cycle(type)
            if cycle is not None:
                code.run(f"void {cycle.symbol}(ptr %a0, i32 {cycle.number[type]})", self.may_panic(type))
            else:
                code.content(type, "%a0", [f"%a{i + 1}" for i in range(rank)])
                code.give_back(type, "%a0")
        elif isinstance(type, (ArenaType, PoolType)):
            code = Code(self, symbol, ["ptr"])
            code.resource(type, "%a0")
        elif isinstance(type, ArrayType) and type.is_unsized:
            code = Code(self, symbol, ["ptr", *[f"i{self.module.pointer_bits}"] * dimensions_of_sequence(type)])
            code.elements(type, "%a0", [f"%a{i + 1}" for i in range(dimensions_of_sequence(type))])
        else:
            code = Code(self, symbol, ["ptr"])
            code.parts(type, "%a0", 0, code.drop)
        self.text.append(code.finish())

    def cycle(self, type: Type) -> _Cycle | None:
        """The cycle of types that dropping an owner of this ``type`` may come back in; None for one that cannot."""
        type = type.erased
        if type not in self._cycles:
            self._find_cycles(type)
        return self._cycles[type]

    def _find_cycles(self, start: Type) -> None:
        from altru_ir.passes.analysis.graphs import strongly_connected

        types: list[Type] = [start]
        number = {start: 0}
        edges: list[list[int]] = []
        at = 0
        while at < len(types):
            row = []
            for part in (next.erased for next in drops_next(types[at], self.module)):
                if part not in number:
                    number[part] = len(types)
                    types.append(part)
                row.append(number[part])
            edges.append(row)
            at += 1
        for component in strongly_connected(edges):
            members = [types[i] for i in component]
            loops = len(members) > 1 or component[0] in edges[component[0]]
            owners = [t for t in members if isinstance(t, OwnType) and not t.target.is_unsized] if loops else []
            cycle = _Cycle(self, set(members), owners) if owners else None
            for member in members:
                if member not in self._cycles:
                    self._cycles[member] = cycle if isinstance(member, OwnType) and not member.target.is_unsized else None
            if cycle is not None and any(self._cycles[t] is cycle for t in members):
                self._pending.append(cycle.write)


def dimensions_of_sequence(type: ArrayType) -> int:
    """How many lengths a pointer to this unsized sequence carries: one for each dimension."""
    return len(type.dimensions)


class Code:
    """A function of glue being written. It offers what ``FunctionLowering`` offers to those that write code for both."""

    def __init__(self, glue: DropGlue, symbol: str, parameters: list[str]) -> None:
        self.glue = glue
        self.owner = glue.owner
        self.module = glue.module
        self.word = f"i{self.module.pointer_bits}"
        self.symbol = symbol
        self.parameters = parameters
        self.lines: list[str] = []
        self.allocas: list[str] = []
        self.temporaries = 0
        self.panics = False

    # -- emission --

    def line(self, text: str) -> None:
        self.lines.append("  " + text)

    def emit(self, text: str) -> str:
        self.temporaries += 1
        self.lines.append(f"  %t{self.temporaries} = {text}")
        return f"%t{self.temporaries}"

    def label(self, stem: str) -> str:
        self.temporaries += 1
        return f"{stem}{self.temporaries}"

    def start(self, label: str) -> None:
        self.lines.append(f"{label}:")

    def goto(self, label: str) -> None:
        self.line(f"br label %{label}")

    def intrinsic(self, result: str, name: str, arguments: Iterable[str]) -> str:
        arguments = list(arguments)
        types = ", ".join(a.rsplit(" ", 1)[0] for a in arguments)
        self.owner.declare(f"declare {result} @{name}({types})")
        return f"call {result} @{name}({', '.join(arguments)})"

    def run(self, text: str, may_panic: bool) -> None:
        """A call whose panic waits until the end of this function."""
        if not may_panic:
            self.line(f"call {text}")
            return
        self.panics = True
        done, pad = self.label("done"), self.label("pad")
        self.line(f"invoke {text} to label %{done} unwind label %{pad}")
        self.start(pad)
        landed = self.emit("landingpad { ptr, i32 } cleanup")
        self.line(f"store ptr {self.emit(f'extractvalue {{ ptr, i32 }} {landed}, 0')}, ptr %panic")
        self.goto(done)
        self.start(done)

    def finish(self) -> str:
        """Ends the function; its text."""
        from altru_ir.backend.lower.panics import PERSONALITY

        attributes = " uwtable" if self.panics else " nounwind uwtable"
        personality = ""
        if self.panics:
            self.owner.declare_personality()
            personality = f" {PERSONALITY}"
            self.allocas += ["  %panic = alloca ptr", "  store ptr null, ptr %panic"]
            panic = self.emit("load ptr, ptr %panic")
            self.line(f"br i1 {self.emit(f'icmp eq ptr {panic}, null')}, label %returns, label %resumes")
            self.start("resumes")
            self.line(f"resume {{ ptr, i32 }} {self.emit(f'insertvalue {{ ptr, i32 }} zeroinitializer, ptr {panic}, 0')}")
            self.start("returns")
        self.line("ret void")
        parameters = ", ".join(f"{type} %a{i}" for i, type in enumerate(self.parameters))
        head = f"define internal void {self.symbol}({parameters}){attributes}{personality} {{\nentry:"
        return "\n".join([head, *self.allocas, *self.lines, "}", ""])

    # -- drops --

    def at(self, base: str, offset: int) -> str:
        return base if offset == 0 else self.emit(f"getelementptr inbounds nuw i8, ptr {base}, {self.word} {offset}")

    def drop(self, type: Type, base: str, offset: int) -> None:
        """Drops the value of ``type`` at an offset from ``base``."""
        if not needs_drop(type, self.module):
            return
        if isinstance(type, OwnType):
            self.owner_at(type, self.at(base, offset))
        elif isinstance(type, (ArenaType, PoolType)):
            self.resource(type, self.at(base, offset))
        else:
            self.run(f"void {self.glue.of(type)}(ptr {self.at(base, offset)})", self.glue.may_panic(type))

    def owner_at(self, type: OwnType, slot: str) -> None:
        align = self.module.pointer_bits // 8
        if type.target.is_unsized and not isinstance(type.target, ArrayType):
            raise LoweringError(f"dropping a `{type}` cannot be compiled yet")
        arguments = [f"ptr {self.emit(f'load ptr, ptr {slot}, align {align}')}"]
        for index in range(dimensions_of(type)):
            place = self.at(slot, align * (index + 1))
            arguments.append(f"{self.word} {self.emit(f'load {self.word}, ptr {place}, align {align}')}")
        self.run(f"void {self.glue.of(type)}({', '.join(arguments)})", self.glue.may_panic(type))

    def content(self, type: OwnType, pointer: str, lengths: list[str]) -> None:
        """Drops what an owner points to."""
        target = type.target
        if not needs_drop(target, self.module):
            return
        if not target.is_unsized:
            self.drop(target, pointer, 0)
        elif isinstance(target, ArrayType):
            arguments = ", ".join([f"ptr {pointer}", *(f"{self.word} {length}" for length in lengths)])
            self.run(f"void {self.glue.of(target)}({arguments})", self.glue.may_panic(target))
        else:
            raise LoweringError(f"dropping a `{type}` cannot be compiled yet")

    def give_back(self, type: OwnType, pointer: str) -> None:
        """Gives the memory of an owner back; a function that the program names for that may panic."""
        if type.release is None:
            release(self, pointer, type)
            return
        nounwind = self.module.functions[type.release].signature.type.nounwind
        self.run(f"void {self.owner.symbol(type.release)}(ptr {pointer})", self.owner.unwinds and not nounwind)

    def resource(self, type: Type, address: str) -> None:
        if isinstance(type, PoolType) and needs_drop(type.target, self.module):
            raise LoweringError(f"dropping a `{type}` cannot be compiled yet")
        kind = "arena" if isinstance(type, ArenaType) else "pool"
        self.owner.declare(f"declare void @altru_{kind}_destroy(ptr) nounwind")
        held = self.emit(f"load ptr, ptr {address}, align {self.module.pointer_bits // 8}")
        if self.owner.profile is not None:
            self.owner.profile.emptied(self, held)
        self.line(f"call void @altru_{kind}_destroy(ptr {held})")

    def parts(self, type: Type, base: str, offset: int, drop: Callable[[Type, str, int], None]) -> None:
        """Runs the destructor of the value at an offset from ``base``, then drops its parts in order by ``drop``."""
        if isinstance(type, NamedType):
            declaration = self.module.types[type.name]
            if declaration.drop is not None:
                destructor = self.module.functions[declaration.drop]
                panics = self.owner.unwinds and not destructor.signature.type.nounwind
                self.run(f"void {self.owner.symbol(declaration.drop)}(ptr {self.at(base, offset)})", panics)
            if declaration.kind == "struct":
                fields = (field_types(type, self.module, "struct") or {}).values()
                for at, part in zip(field_offsets(declaration, self.module), fields, strict=True):
                    if needs_drop(part, self.module):
                        drop(part, base, offset + at)
            elif declaration.kind == "enum":
                self.variants(type, base, offset, drop)
        elif isinstance(type, TupleType):
            at = offset
            for part in type.elements:
                layout = layout_of(part, self.module)
                at = offset + round_up(at - offset, layout.align)
                if needs_drop(part, self.module):
                    drop(part, base, at)
                at += layout.size
        elif isinstance(type, ArrayType):
            lengths = [str(length) for length in type.dimensions]
            self.elements(type, self.at(base, offset), lengths)
        elif isinstance(type, CellType):
            drop(type.target, base, offset)
        else:
            raise LoweringError(f"dropping a `{type}` cannot be compiled yet")

    def variants(self, type: NamedType, base: str, offset: int, drop: Callable[[Type, str, int], None]) -> None:
        declaration = self.module.types[type.name]
        _, bits, payload = enum_layout(declaration, self.module)
        tag = self.emit(f"load i{bits}, ptr {self.at(base, offset)}, align {layout_of(type, self.module).align}")
        end = self.label("end")
        bodies = []
        cases = []
        for index, part in enumerate((field_types(type, self.module, "enum") or {}).values()):
            if needs_drop(part, self.module):
                body = self.label("variant")
                cases.append(f"i{bits} {index}, label %{body}")
                bodies.append((body, part))
        self.line(f"switch i{bits} {tag}, label %{end} [ {' '.join(cases)} ]")
        for body, part in bodies:
            self.start(body)
            drop(part, base, offset + payload)
            self.goto(end)
        self.start(end)

    def elements(self, type: ArrayType, start: str, lengths: list[str]) -> None:
        """Drops the elements of a sequence in order."""
        count = lengths[0]
        for length in lengths[1:]:
            count = self.emit(f"mul nuw {self.word} {count}, {length}")
        index = self.label("%index")
        self.allocas.append(f"  {index} = alloca {self.word}")
        head, body, end = self.label("elements"), self.label("element"), self.label("end")
        self.line(f"store {self.word} 0, ptr {index}")
        self.goto(head)
        self.start(head)
        at = self.emit(f"load {self.word}, ptr {index}")
        self.line(f"br i1 {self.emit(f'icmp ult {self.word} {at}, {count}')}, label %{body}, label %{end}")
        self.start(body)
        text = llvm_type(type.element, self.module)
        place = self.emit(f"getelementptr inbounds nuw {text}, ptr {start}, {self.word} {at}")
        self.line(f"store {self.word} {self.emit(f'add nuw {self.word} {at}, 1')}, ptr {index}")
        self.drop(type.element, place, 0)
        self.goto(head)
        self.start(end)


class _Cycle:
    """The function for the owners of one cycle of types; see the module's docstring."""

    def __init__(self, glue: DropGlue, members: set[Type], owners: list[OwnType]) -> None:
        self.glue = glue
        self.members = members
        self.owners = owners
        self.number: dict[Type, int] = {owner: i for i, owner in enumerate(owners)}
        self.symbol = f"@{quote(f'altru.drop.all.{owners[0]}')}"
        self.slots = 0

    def write(self) -> None:
        code = Code(self.glue, self.symbol, ["ptr", "i32"])
        self.code = code
        self.word = code.word
        self.align = code.module.pointer_bits // 8
        self.behind: list[tuple[int, str]] = []
        code.allocas += ["  %node = alloca ptr", f"  %top = alloca {self.word}"]
        code.line("store ptr %a0, ptr %node")
        code.line(f"store {self.word} 0, ptr %top")
        cases = " ".join(f"i32 {i}, label %owner{i}" for i in range(len(self.owners)))
        code.line(f"switch i32 %a1, label %wrong [ {cases} ]")
        code.start("wrong")
        code.line("unreachable")
        for i, owner in enumerate(self.owners):
            code.start(f"owner{i}")
            self.drop(owner.target.erased, "%node", 0)
            code.give_back(owner, code.emit(f"load ptr, ptr %node, align {self.align}"))
            code.goto("up")
        code.start("up")
        top = code.emit(f"load {self.word}, ptr %top")
        code.line(f"br i1 {code.emit(f'icmp eq {self.word} {top}, 0')}, label %finished, label %higher")
        code.start("higher")
        code.line(f"store ptr {self._address(top)}, ptr %node")
        slot = code.emit(f"and {self.word} {top}, {self.align - 1}")
        cases = " ".join(f"{self.word} {number}, label %{label}" for number, label in self.behind)
        code.line(f"switch {self.word} {slot}, label %wrong [ {cases} ]")
        code.start("finished")
        self.glue.text.append(code.finish())

    def _address(self, top: str) -> str:
        masked = self.code.emit(f"and {self.word} {top}, {-self.align}")
        return self.code.emit(f"inttoptr {self.word} {masked} to ptr")

    def drop(self, type: Type, base: str, offset: int) -> None:
        """Drops a part of the node, at an offset from its address; ``base`` is where that address is kept."""
        code = self.code
        type = type.erased
        if not needs_drop(type, code.module):
            return
        if type in self.number and self.slots < self.align:
            assert isinstance(type, OwnType)
            self.down(type, offset)
        elif type in self.members and isinstance(type, (NamedType, TupleType, CellType)):
            self.inside(type, offset)
        elif isinstance(type, ArrayType) and type in self.members and self._few(type):
            layout = layout_of(type.element, code.module)
            count = 1
            for dimension in type.dimensions:
                count *= dimension or 0
            for index in range(count):
                self.drop(type.element, base, offset + index * layout.size)
        else:
            code.drop(type, code.emit(f"load ptr, ptr %node, align {self.align}"), offset)

    def _few(self, type: ArrayType) -> bool:
        count = 1
        for dimension in type.dimensions:
            count *= UNROLLED + 1 if dimension is None else dimension
        return count <= UNROLLED

    def inside(self, type: Type, offset: int) -> None:
        """The destructor and the parts of a member of the cycle; the node's address is read anew behind each way down."""
        code = self.code
        node = code.emit(f"load ptr, ptr %node, align {self.align}")
        code.parts(type, node, offset, lambda part, base, at: self.drop(part, "%node", at))

    def down(self, type: OwnType, offset: int) -> None:
        code, word, align = self.code, self.word, self.align
        number, self.slots = self.slots, self.slots + 1
        node = code.emit(f"load ptr, ptr %node, align {align}")
        slot = code.at(node, offset)
        child = code.emit(f"load ptr, ptr {slot}, align {align}")
        code.line(f"store {word} {code.emit(f'load {word}, ptr %top')}, ptr {slot}, align {align}")
        way = code.emit(f"ptrtoint ptr {node} to {word}")
        code.line(f"store {word} {code.emit(f'or {word} {way}, {number}') if number else way}, ptr %top")
        code.line(f"store ptr {child}, ptr %node")
        code.goto(f"owner{self.number[type]}")
        behind = code.label("behind")
        self.behind.append((number, behind))
        code.start(behind)
        node = code.emit(f"load ptr, ptr %node, align {align}")
        code.line(f"store {word} {code.emit(f'load {word}, ptr {code.at(node, offset)}, align {align}')}, ptr %top")


__all__ = ["DropGlue"]
