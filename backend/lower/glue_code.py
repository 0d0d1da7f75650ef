"""Writing drop glue: a function of LLVM text that drops parts of values, piece by piece.

``Code`` offers what ``FunctionLowering`` offers to those that write code for both (``releases.py``), and on top of it what
drops consist of: destructors, fields, payloads, elements, and giving memory back.

    code.parts(type, "%a0", 0, code.drop)      runs the destructor of what stands at %a0, then drops its parts in order

Invariant: a panic keeps nothing behind it from running; it waits in ``%panic`` until the function ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from altru_ir.backend.lower.releases import release
from altru_ir.backend.lower.types import LoweringError, dimensions_of, llvm_type
from altru_ir.layout import enum_layout, field_offsets, layout_of, round_up
from altru_ir.marks import dropped_parts, needs_drop
from altru_ir.ops.aggregates import field_types
from altru_ir.types import ArenaType, ArrayType, CellType, NamedType, OwnType, PoolType, TupleType, Type

if TYPE_CHECKING:
    from altru_ir.backend.lower.drop_glue import DropGlue


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
        self.in_cleanup = False  # nobody knows who calls it

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
        """Ends an arena or a pool, which takes its memory along; before that what was left to a pool is dropped."""
        kind = "arena" if isinstance(type, ArenaType) else "pool"
        self.owner.declare(f"declare void @altru_{kind}_destroy(ptr) nounwind")
        held = self.emit(f"load ptr, ptr {address}, align {self.module.pointer_bits // 8}")
        if isinstance(type, PoolType) and needs_drop(type.target, self.module):
            self.left(type, held)
        if self.owner.profile is not None:
            self.owner.profile.emptied(self, held)
        self.line(f"call void @altru_{kind}_destroy(ptr {held})")

    def left(self, type: PoolType, pool: str) -> None:
        """Drops what was left to a pool, in the order of the handles."""
        if type.erased in (each.erased for each in dropped_parts(type.target, self.module)):
            raise LoweringError(f"dropping a `{type}`, which may hold pools of its own type, cannot be compiled yet")
        self.owner.declare("declare ptr @altru_pool_left(ptr, ptr) nounwind")
        index = self.label("%index")
        self.allocas.append(f"  {index} = alloca i32")
        head, body, end = self.label("objects"), self.label("object"), self.label("end")
        self.line(f"store i32 0, ptr {index}")
        self.goto(head)
        self.start(head)
        object = self.emit(f"call ptr @altru_pool_left(ptr {pool}, ptr {index})")
        self.line(f"br i1 {self.emit(f'icmp eq ptr {object}, null')}, label %{end}, label %{body}")
        self.start(body)
        self.drop(type.target, object, 0)
        self.goto(head)
        self.start(end)

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


__all__ = ["Code", "dimensions_of_sequence"]
