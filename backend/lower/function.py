"""One function's lowering: names, places, edges, cold blocks, landing pads.

Block arguments become phis; an edge that a terminator names twice with arguments gets a block of its own, for a phi can
tell edges apart only by where they come from. A check splits the LLVM block it stands in, so the label that an edge comes
from is the current one when the terminator is reached.

A place whose path reads no pointer from memory is computed where its projection stands; any other path is evaluated anew
by each access, as the language says.

What an edge gives to the arguments of its block is noted as values, and spelled when all blocks are written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from altru_ir.backend.lower.blocks import write_blocks
from altru_ir.backend.lower.debug_info import FunctionDebug, calls_located, located
from altru_ir.backend.lower.panics import LANDED, PERSONALITY, PLACED, label_of
from altru_ir.backend.lower.types import LoweringError, quote
from altru_ir.behaviour import may_panic
from altru_ir.cfg import dominators_first
from altru_ir.module import Block, Function, Module
from altru_ir.types import PlaceType, Type
from altru_ir.values import Operation, Successor, Value

if TYPE_CHECKING:
    from altru_ir.backend.lower.module import ModuleLowering

Storage = tuple[str, tuple[str, ...]]
"""A place as LLVM sees it: its address, and the lengths it carries when its type is unsized."""


Cold = tuple["Block | None", "Operation | None"]
"""A cold block: the cleanup that its panics go to, and with debug information the operation that panics, whose place it has."""


ACTIVATION = '%"-activation"'
"""Where instrumented stack allocations belong: an address that no other activation has."""


class FunctionLowering:
    """State and services for the functions of ``ops``."""

    def __init__(self, function: Function, owner: ModuleLowering) -> None:
        self.function = function
        self.owner = owner
        self.module: Module = owner.module
        self.word = owner.word
        self.lines: list[str] = []
        self.labels = owner.labels
        self.types, self.limits = owner.types, owner.limits
        self.storage: dict[Value, Storage] = {}
        self.temporaries = 0
        self.label = ""
        self.allocas: list[str] = []
        self.arrivals: dict[Block, list[tuple[list[Value], str]]] = {}  # what edges give to arguments, and where they leave
        self.panics: dict[Cold, list[tuple[str, int, str, str]]] = {}
        self.cold: dict[Cold, str] = {}  # labels of the cold blocks
        self.debug: FunctionDebug | None = None
        self.places: FunctionDebug | None = None  # where calls are, with debug information or without
        self.pads: dict[Block | None, str] = {}  # labels of landing pads
        self.block: Block | None = None
        self.in_cleanup = False
        self.is_nounwind = function.signature.type.nounwind
        self.keeps_payload = False
        self.uses_stack = False
        self.stack_cleanup: Block | None = None  # takes stack allocations back where a panic has nothing else to run
        self.after_terminator: list[str] = []
        self.parted: dict[Value, list[str]] = {}  # parameters that are passed in parts, and the names of these

    # -- the whole -----------------------------------------------------------------------------------------------------

    def lower(self) -> str:
        """The text of the function's definition."""
        function, owner = self.function, self.owner
        self.uses_stack = owner.takes_frames and _takes_frame(function)
        if self.uses_stack and owner.unwinds and not self.is_nounwind:
            self.stack_cleanup = Block("-stack")
        lines = self.lines
        if owner.places is not None:
            self.places = owner.places.function(function)
            self.debug = None if owner.debug is None else self.places
        parameters = self.parameters()
        alloca_at = write_blocks(self, dominators_first(function))
        if self.panics:
            self.cold_blocks()
        if self.pads:
            self.landing_pads()
        if self.stack_cleanup is not None and self.stack_cleanup in self.pads:
            self.start(self.block_label(self.stack_cleanup))
            self.resume()
        if self.keeps_payload:
            self.allocas.append('  %"-payload" = alloca ptr')
        lines[alloca_at:alloca_at] = self.allocas + self.enter_stack()
        body = "\n".join(lines)
        # Only calls have parentheses, and a panic that goes on has come out of one.
        may_leave = ("(" in body or self.keeps_payload) and any(_may_unwind(line) for line in lines)
        if not may_leave:
            owner.quiet.add(function.name)
        return f"{self.header(parameters, may_leave)} {{\n{body}\n}}\n"

    def header(self, parameters: str, may_leave: bool) -> str:
        """What stands in front of the body; ``may_leave`` says whether a panic may come out of it."""
        function, owner = self.function, self.owner
        symbol = owner.symbol(function.name)
        hidden = function.linkage == "private" or owner.entries == "table" or owner.is_behind_an_entry(function.name)
        # A table leads to everything: names would keep the linker busy, and only debuggers ask for them.
        nameless = owner.entries == "table" and owner.debug is None
        linkage = "" if not hidden else "private " if nameless else "internal "
        result = owner.results[function.signature.type.result]
        attributes = " uwtable" if owner.unwinds and may_leave and not self.is_nounwind else " nounwind uwtable"
        personality = ""
        if self.pads or self.keeps_payload:
            personality = f" {PERSONALITY}"
            owner.declare_personality()
        label, scope = label_of(function.name), ""
        if self.places is not None:
            label, scope = label_of(function.name, PLACED), f" !dbg {self.places.scope}"
        return f"define {linkage}{result} {symbol}({parameters}){attributes} {label}{personality}{scope}"

    def where(self, op: Operation) -> str:
        """`` at FILE:LINE:COLUMN`` when it is known."""
        return f" at {op.location}" if op.location is not None else ""

    def parameters(self) -> str:
        shown, parts, promises = [], self.owner.parts, self.owner.promises
        for value in self.function.parameters:
            type = value.type
            types = parts[type]
            if len(types) == 1:
                shown.append(f"{types[0]}{promises[type]} {value.spelled}")
            elif not types:
                value.spelled = "undef"
            else:
                names = self.parted[value] = [self.part_name(value, part) for part in range(len(types))]
                shown.append(f"{types[0]}{promises[type]} {names[0]}")
                shown += [f"{kind} {name}" for kind, name in zip(types[1:], names[1:], strict=True)]
        return ", ".join(shown)

    def unpack_parameters(self) -> None:
        for value, names in self.parted.items():
            value.spelled = self.pack(value.type, names)

    def part_name(self, value: Value, part: int) -> str:
        """The name of a part of a parameter that is passed in parts."""
        return "%" + quote(f"-{(value.name or '').strip(chr(34))}.{part}")

    def pack(self, type: Type, parts: list[str]) -> str:
        """A pointer with lengths, from its parts."""
        whole = self.types[type]
        made = "poison"
        for index, part in enumerate(parts):
            kind = "ptr" if index == 0 else self.word
            made = self.emit(f"insertvalue {whole} {made}, {kind} {part}, {index}")
        return made

    def unpack(self, value: Value) -> list[str]:
        """The parts under which a value is passed."""
        count = len(self.owner.parts[value.type])
        if count <= 1:
            return [self.value(value)] * count
        return [self.emit(f"extractvalue {self.typed(value)}, {index}") for index in range(count)]

    def cold_blocks(self) -> None:
        """The blocks that panic, one for each cleanup that a panic goes to; reached from every check."""
        for cold, origins in self.panics.items():
            cleanup, op = cold
            begin = len(self.lines)
            unwinds = self.owner.unwinds and not (self.is_nounwind and cleanup is None)
            name = "altru_panic_unwind" if unwinds else "altru_panic_site"
            attributes = "" if self.places is None else " nomerge"  # one call for several would have no place
            attributes += "" if unwinds else " nounwind"
            self.owner.declare(f"declare void @{name}(ptr, i32, i64, i64) cold noreturn{attributes}")
            label = self.cold_label(cold)
            self.start(label)
            site = ", ".join(f"[ {number}, %{origin} ]" for origin, number, _, _ in origins)
            a = ", ".join(f"[ {first}, %{origin} ]" for origin, _, first, _ in origins)
            b = ", ".join(f"[ {second}, %{origin} ]" for origin, _, _, second in origins)
            self.lines.append(f'  %{label[:-1]}.site" = phi i32 {site}')
            self.lines.append(f'  %{label[:-1]}.a" = phi i64 {a}')
            self.lines.append(f'  %{label[:-1]}.b" = phi i64 {b}')
            arguments = f'ptr @altru.sites, i32 %{label[:-1]}.site", i64 %{label[:-1]}.a", i64 %{label[:-1]}.b"'
            text = f"void @{name}({arguments})"
            if cleanup is None:
                if unwinds:
                    self.leave_stack()
                self.line(f"call {text}")
            else:
                never = self.fresh_label("never")
                self.line(f"invoke {text} to label %{never} unwind label %{self.pad(cleanup)}")
                self.start(never)
            self.line("unreachable")
            self.locate(begin, op)

    def cold_label(self, cold: Cold) -> str:
        label = self.cold.get(cold)
        if label is None:
            label = self.cold[cold] = '"-panic"' if cold == (None, None) else self.fresh_label("panic")
        return label

    def cold_block_of(self, op: Operation, kind: str, message: str | None, a: str, b: str) -> str:
        """The label of the block in which ``op`` panics, which is told that it is reached from here."""
        cold = (self.cleanup(), None if self.debug is None else op)
        site = self.owner.sites.number(kind, op.location, message, self.function.name)
        self.panics.setdefault(cold, []).append((self.label, site, a, b))
        return self.cold_label(cold)

    # -- debugging --------------------------------------------------------------------------------------------------------

    def show(self, debug: FunctionDebug, values: Iterable[Value], op: Operation | None) -> None:
        """Makes values variables of the debugger: each is in a slot that is written here."""
        place = op.location if op is not None else None
        for value in values:
            type = value.type
            name = (value.name or "").strip('"')
            argument = self.function.parameters.index(value) + 1 if op is None and value in self.function.parameters else 0
            if isinstance(type, PlaceType):
                if op is not None and op.name == "local" and debug.shows(type.target):
                    self.lines.append(debug.declare(name, type.target, self.storage[value][0], place))
            elif debug.shows(type):
                slot = self.scratch(type)
                self.line(f"store {self.typed(value)}, ptr {slot}, align {self.align(type)}")
                self.lines.append(debug.declare(name, type, slot, place, argument))

    # -- unwinding --------------------------------------------------------------------------------------------------------

    def cleanup(self) -> Block | None:
        """Where a panic of the operation that is being lowered goes in this function; None: it leaves at once."""
        if self.block is None or self.in_cleanup or not self.owner.unwinds:
            return None
        return self.block.unwind or self.stack_cleanup

    def pad(self, cleanup: Block | None) -> str:
        """The label of the landing pad that leads to a cleanup; None stands for what is done where there is none: a panic
        that may not leave ends, and stack allocations are taken back."""
        label = self.pads.get(cleanup)
        if label is None:
            label = self.pads[cleanup] = self.fresh_label("pad")
        return label

    def call(self, op: Operation, text: str, result: Value | None = None) -> None:
        """A call of ``text`` (``RESULT @f(ARGUMENTS)``) on behalf of ``op``, which goes on in a new LLVM block when the
        panic of the callee has something to run here."""
        cleanup = self.cleanup()
        ends_here = (self.is_nounwind or self.uses_stack) and self.owner.unwinds and not self.in_cleanup
        prefix = "  " if result is None else f"  {result.spelled} = "
        if (cleanup is None and not ends_here) or not may_panic(op, self.module):
            self.lines.append(f"{prefix}call {text}")
            return
        going_on = self.fresh_label("ok")
        self.lines.append(f"{prefix}invoke {text} to label %{going_on} unwind label %{self.pad(cleanup)}")
        self.start(going_on)

    def landing_pads(self) -> None:
        """The landing pads; a cleanup keeps what it was given for ``resume``."""
        begin = len(self.lines)
        for cleanup, label in self.pads.items():
            self.start(label)
            clause = "catch ptr null" if cleanup is None and self.is_nounwind else "cleanup"
            landed = self.emit(f"landingpad {LANDED} {clause}")
            exception = self.emit(f"extractvalue {LANDED} {landed}, 0")
            if cleanup is None and self.is_nounwind:
                self.stop(exception)
            elif cleanup is None:
                self.leave_stack()
                self.finish(f"resume {LANDED} {landed}")
            else:
                self.keeps_payload = True
                self.line(f'store ptr {exception}, ptr %"-payload"')
                self.line(f"br label %{self.block_label(cleanup)}")
        self.locate(begin, None)

    def locate(self, begin: int, op: Operation | None) -> None:
        """Gives the lines from ``begin`` on the place of ``op``, as far as anybody asks for it."""
        if self.debug is not None:
            located(self.lines, begin, self.debug.location(op))
        elif self.places is not None:
            calls_located(self.lines, begin, self.places.location(op))

    def resume(self) -> None:
        """Ends a cleanup: the panic goes on to the caller, or ends where it may not."""
        if not self.owner.unwinds:
            self.finish("unreachable")  # a panic aborts, so no cleanup is ever entered
            return
        self.keeps_payload = True
        self.leave_stack()
        exception = self.emit('load ptr, ptr %"-payload"')
        if self.is_nounwind:
            self.stop(exception)
            return
        landed = self.emit(f"insertvalue {LANDED} zeroinitializer, ptr {exception}, 0")
        self.finish(f"resume {LANDED} {landed}")

    def stop(self, exception: str) -> None:
        """Ends the process with a panic that may not leave this function."""
        self.owner.declare("declare void @altru_panic_stop(ptr) cold noreturn nounwind")
        self.line(f"call void @altru_panic_stop(ptr {exception})")
        self.finish("unreachable")

    # -- stack allocations ------------------------------------------------------------------------------------------------

    def enter_stack(self) -> list[str]:
        """What notes where this activation's stack allocations begin; nothing when it has none."""
        if not self.uses_stack:
            return []
        self.owner.declare(f"declare {self.word} @altru_stack_enter() nounwind")
        lines = [f'  %"-mark" = call {self.word} @altru_stack_enter()']
        if self.owner.profile is not None:
            lines.append(f"  {ACTIVATION} = alloca i8")
        return lines

    def leave_stack(self) -> None:
        """Takes this activation's stack allocations back; before every way out."""
        if self.uses_stack:
            if self.owner.profile is not None:
                self.owner.profile.emptied(self, ACTIVATION)
            self.owner.declare(f"declare void @altru_stack_leave({self.word}) nounwind")
            self.line(f'call void @altru_stack_leave({self.word} %"-mark")')

    # -- names ----------------------------------------------------------------------------------------------------------

    def block_label(self, block: Block) -> str:
        known = self.labels.get(block)
        if known is None:
            known = self.labels[block] = quote(f"{block.label}-b")
        return known

    def value(self, value: Value) -> str:
        """The operand for a value: its name, or the constant it is."""
        return value.spelled

    def typed(self, value: Value) -> str:
        """Type and operand."""
        return f"{self.types[value.type]} {value.spelled}"

    def type(self, type: Type) -> str:
        """LLVM's spelling of a type."""
        return self.types[type]

    # -- emission -------------------------------------------------------------------------------------------------------

    def line(self, text: str) -> None:
        """An instruction without a result."""
        self.lines.append("  " + text)

    def emit(self, text: str) -> str:
        """An instruction whose result is a temporary of ours."""
        self.temporaries += 1
        name = f'%"-{self.temporaries}"'
        self.lines.append(f"  {name} = {text}")
        return name

    def define(self, value: Value, text: str) -> None:
        """An instruction whose result is ``value``."""
        self.lines.append(f"  {value.spelled} = {text}")

    def alias(self, value: Value, operand: str) -> None:
        """Makes ``value`` another name of an operand."""
        value.spelled = operand

    def start(self, label: str) -> None:
        """Starts an LLVM block."""
        self.label = label
        self.lines.append(f"{label}:")

    def fresh_label(self, stem: str) -> str:
        self.temporaries += 1
        return f'"-{stem}{self.temporaries}"'

    def intrinsic(self, result: str, name: str, arguments: Iterable[str]) -> str:
        """The text of a call of an intrinsic, which is declared on the way. ``arguments`` are typed operands."""
        arguments = list(arguments)
        types = ", ".join(a.split(" ", 1)[0] if not a.startswith(("{", "[")) else a.rsplit(" ", 1)[0] for a in arguments)
        self.owner.declare(f"declare {result} @{name}({types})")
        return f"call {result} @{name}({', '.join(arguments)})"

    # -- edges and panics -------------------------------------------------------------------------------------------------

    def edges(self, op: Operation, given: dict[int, list[str]] | None = None) -> list[str]:
        """The labels that the successors of ``op`` are reached by, with their phi entries noted.

        ``given`` are the operands that the terminator itself gives to a successor, by its position.
        """
        successors, first = op.successors, given or {}
        named = Counter([successor.block for successor in successors])
        return [
            self.edge(successor, first.get(index, ()), split=named[successor.block] > 1)
            for index, successor in enumerate(successors)
        ]

    def edge(self, successor: Successor, given: Sequence[str] = (), *, split: bool = False) -> str:
        """The label that a successor is reached by, with its phi entry noted; ``split`` says that the terminator names its
        block more than once."""
        block = successor.block
        target = label = self.labels[block]
        if block.args:
            origin = self.label
            if split:
                label = origin = self.fresh_label("edge")  # a block of its own, written behind the terminator
                self.after_terminator.append(f"{label}:\n  br label %{target}")
            values = successor.args
            if given:
                values = [Value(argument.type) for argument in block.args[: len(given)]] + values
                for value, spelled in zip(values, given, strict=False):
                    value.spelled = spelled
            self.arrivals[block].append((values, origin))
        return label

    def finish(self, text: str) -> None:
        """Writes a terminator and the edge blocks it needs."""
        self.lines.append("  " + text)
        if self.after_terminator:
            self.write_edge_blocks()

    def write_edge_blocks(self) -> None:
        """Writes the blocks of edges behind the terminator that they leave."""
        self.lines.extend(self.after_terminator)
        self.after_terminator.clear()

    def panic_unless(self, condition: str, kind: str, op: Operation, a: str = "0", b: str = "0") -> None:
        """Branches to a cold block unless ``condition`` (an ``i1``); goes on in a new LLVM block."""
        cold = self.cold_block_of(op, kind, None, a, b)
        going_on = self.fresh_label("ok")
        self.line(f"br i1 {condition}, label %{going_on}, label %{cold}, !prof !{self.owner.likely()}")
        self.start(going_on)

    def panic(self, kind: str, op: Operation, message: str | None = None) -> None:
        """Ends the block in a panic."""
        self.finish(f"br label %{self.cold_block_of(op, kind, message, '0', '0')}")

    def as_word(self, value: str, type: Type, signed: bool = False) -> str:
        """An operand as ``i64``, for a cold block."""
        text = self.type(type)
        if text == "ptr":
            return self.emit(f"ptrtoint ptr {value} to i64")
        if text == "i64":
            return value
        if text == "i128":
            return self.emit(f"trunc i128 {value} to i64")
        return self.emit(f"{'sext' if signed else 'zext'} {text} {value} to i64")

    # -- places -----------------------------------------------------------------------------------------------------------

    def place(self, value: Value) -> Storage:
        """Where a place is, computed now when its path reads memory."""
        known = self.storage.get(value)
        if known is not None:
            return known
        steps: list[Operation] = []
        at: Value = value
        while at not in self.storage:
            op = at.operation
            if op is None:
                raise AssertionError("a place is always the result of a projection")
            steps.append(op)
            if not op.operands or not op.operands[0].type.is_place:
                break
            at = op.operands[0]
        storage = self.storage.get(at)
        from altru_ir.backend.lower.ops import project

        for op in reversed(steps):
            storage = project(self, op, storage)
        if storage is None:
            raise AssertionError("a path has at least one step")
        return storage

    def content(self, place: Value) -> Type:
        """The type that a place holds."""
        type = place.type
        assert isinstance(type, PlaceType)
        return type.target

    def scratch(self, type: Type) -> str:
        """Storage for a value of ``type`` in this activation, to reinterpret bytes through; LLVM promotes it."""
        self.temporaries += 1
        name = f'%"-{self.temporaries}"'
        self.allocas.append(f"  {name} = alloca {self.type(type)}, align {self.align(type)}")
        return name

    def align(self, type: Type) -> int:
        return self.owner.aligns[type]


_UNWIND = ("call ", "invoke ", "resume ")


def _may_unwind(line: str) -> bool:
    """Whether a panic may come out of an instruction: of any call, unless of an intrinsic."""
    return any(word in line for word in _UNWIND) and "@llvm." not in line


def refuse(f: FunctionLowering, op: Operation) -> None:
    """The lowering of what has none. Raises ``LoweringError``."""
    raise LoweringError(f"`{op.name}` cannot be compiled yet{f.where(op)}")


def _takes_frame(function: Function) -> bool:
    """Whether storage is taken from the frame of an activation."""
    return any(op.decl.takes_frame for block in function.blocks for op in block.ops)
