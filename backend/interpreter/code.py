"""A function staged for the abstract machine: each operation becomes a Python function over the activation's slots.

The meaning of an operation is a function from the operation to what it does, found by name; a front-end gives its own
operation a meaning the same way:

    @means("toy.square")
    def square(stage, op):
        x, r = stage.slot(op.operands[0]), stage.slot(op.result)
        def run(s):
            s[r] = s[x] * s[x] & 0xFFFFFFFF
        return run

A meaning returns a **step** ``run(slots)`` or a ``Control``, which decides where to go on: terminators, calls, and whatever
may run other functions, wait, or be interleaved with other threads. A block is cut behind its controls into **segments**: the
machine runs the steps of a segment one after another, then its control. Both may be given as Python source (``sources``); what
is run often becomes one function then. A block is staged when it is first entered: many of a program never are.

Places are staged too: ``stage.path(place)`` is a function from slots to the ``Pointer`` that the path leads to; the path is
evaluated anew by each operation that accesses it (docs/language.md, "Places").

Invariants: slot 0 of an activation is its ``Activation``; each value of the function has a slot of its own from 1 on. Staging
reads and changes nothing of a run, so what is staged serves all runs of a machine.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any

import attrs

from altru_ir.backend.interpreter.codec import Codec
from altru_ir.backend.interpreter.faults import fault
from altru_ir.backend.interpreter.memory import Allocation, Gone, Pointer
from altru_ir.backend.interpreter.sources import HOT, Exit, Path, Source, alone, fused, readers, reading
from altru_ir.marks import copies
from altru_ir.module import Block, Function, Module
from altru_ir.types import RefType, Type
from altru_ir.values import Operation, Successor, Value

if TYPE_CHECKING:
    from altru_ir.backend.interpreter.machine import Machine, Thread

Slots = list[Any]
Step = Callable[[Slots], None]
Place = Callable[[Slots], Pointer]
Next = tuple["Segment", Slots]


class Segment:
    """Steps, then a control. ``after`` is where a control that is no terminator goes on, whose operation is ``behind`` there;
    ``block`` has the unwind edge."""

    __slots__ = ("after", "behind", "block", "control", "cost", "op", "operations", "parts", "point", "steps")

    def __init__(self, block: BlockCode) -> None:
        self.block = block
        self.parts: list[tuple[Operation, Any]] = []  # the steps and the control, each as its meaning gave it
        self.steps: list[Step] = []
        self.control: Callable[[Thread, Slots, Segment], Next] = _nowhere
        self.after: Segment = self
        self.behind: Operation | None = None
        self.op: Operation | None = None
        self.operations: list[Operation] = []  # all of them, with the paths that its steps evaluate
        self.cost = 0
        self.point = False


def _nowhere(thread: Thread, slots: Slots, after: Segment) -> Next:
    raise AssertionError("a segment without control")


class BlockCode:
    """A block being staged: its first segment, the code of its unwind target."""

    __slots__ = ("block", "first", "unwind")

    def __init__(self, block: Block | None) -> None:
        self.block = block
        self.first = Segment(self)
        self.unwind: BlockCode | None = None


@attrs.frozen(eq=False)
class Control:
    """What ends a segment: ``run(thread, slots, after)`` gives the next segment and its slots. At a ``point`` another thread
    may go first: it is a segment of its own, run again from its beginning when it had to wait."""

    run: Callable[[Any, Slots, Segment], Next]
    point: bool = False


class Activation:
    """What a call of a function has besides its values: storage that ends with it and protected references."""

    __slots__ = ("code", "locals", "others", "protected", "thread")

    def __init__(self, code: FunctionCode, thread: Thread) -> None:
        self.code = code
        self.thread = thread
        self.locals: dict[Operation, Allocation] = {}
        self.others: list[Allocation] = []  # storage of the frame that is no local
        self.protected: list[tuple[Allocation, Any]] = []


Meaning = Callable[["Stage", Operation], Step | Control | Source | None]
Leading = Callable[["Stage", Operation], Place | Path]
MEANINGS: dict[str, Meaning] = {}
PATHS: dict[str, Leading] = {}


def means(*names: str) -> Callable[[Meaning], Meaning]:
    """Registers the meaning of operations. Raises ``ValueError`` when one has a meaning already."""

    def register(meaning: Meaning) -> Meaning:
        for name in names:
            if name in MEANINGS:
                raise ValueError(f"`{name}` already has a meaning")
            MEANINGS[name] = meaning
        return meaning

    return register


def leads(name: str) -> Callable[[Leading], Leading]:
    """Registers where a projection leads."""

    def register(path: Leading) -> Leading:
        PATHS[name] = path
        return path

    return register


class FunctionCode:
    """A staged function. Its slots are its activation, its parameters, and as many more as ``unset`` has; ``references`` are
    the parameters that are protected while it runs."""

    def __init__(self, function: Function, machine: Machine) -> None:
        self.function = function
        self.machine = machine
        stage = Stage(function, machine)
        parameters = [(stage.slot(p), p) for p in function.parameters]
        self.references = [(slot, p) for slot, p in parameters if isinstance(p.type, RefType)]
        self.entry = stage.entry()
        self.unset = [None] * (len(stage.slots) - len(parameters))


class Stage:
    """Stages one function: hands out slots, finds codecs, builds readers of operands."""

    def __init__(self, function: Function, machine: Machine) -> None:
        self.function = function
        self.machine = machine
        self.module: Module = machine.module
        values = list(function.parameters)
        for block in function.blocks:
            values += block.args
            for op in block.ops:
                values += op.results
        self.slots: dict[Value, int] = dict(zip(values, count(1)))
        self.codes = {block: BlockCode(block) for block in function.blocks}
        self.segments: dict[BlockCode, list[Segment]] = {}
        self.texts: dict[BlockCode, dict[Value, Segment | None]] = {}
        self.paths: dict[Operation, Place | Path] = {}

    # -- blocks --

    def entry(self) -> Segment:
        """The segment that the function begins with. The other blocks are staged when they are entered."""
        entry = self.codes[self.function.entry]
        for block, code in self.codes.items():
            if block.unwind is not None:
                code.unwind = self.codes[block.unwind]
            if code is not entry:
                code.first.control = self._upon_entry(block, code)
        self._block(self.function.entry, entry)
        return entry.first

    def _upon_entry(self, block: Block, code: BlockCode) -> Callable[[Thread, Slots, Segment], Next]:
        """A control that stages a block, and goes on at its beginning."""

        def run(thread: Thread, slots: Slots, after: Segment) -> Next:
            self._block(block, code)
            return code.first, slots

        return run

    def _block(self, block: Block, code: BlockCode) -> None:
        segment = self._segment(code.first)
        for op in block.ops:
            segment.operations.append(op)
            meaning = MEANINGS.get(op.name)
            if meaning is None:
                if op.decl.is_projection and op.name in PATHS:
                    continue  # accesses nothing
                raise fault("ALT-S006", f"the interpreter knows no meaning of `{op.name}`", op)
            made = meaning(self, op)
            if made is None:
                continue
            if isinstance(made, (Control, Exit)):
                point = isinstance(made, Control) and made.point
                if point and segment.steps:
                    segment.operations.pop()
                    segment.control = _go_on
                    segment.op = op
                    segment.after = self._segment(Segment(code))
                    segment = segment.after
                    segment.operations.append(op)
                segment.control = made.run if isinstance(made, Control) else alone(self, op, made)
                segment.parts.append((op, made if isinstance(made, Exit) else segment.control))
                segment.point = point
                segment.op = op
                segment.cost = len(segment.steps) + 1
                if not point and any(isinstance(part, Source) for _, part in segment.parts):
                    segment.control = self._counting(segment)
                if not op.decl.is_terminator:
                    segment.after = self._segment(Segment(code))
                    segment = segment.after
                    segment.behind = op
            else:
                segment.steps.append(alone(self, op, made) if isinstance(made, Source) else made)
                segment.parts.append((op, made))
                segment.cost += 1

    def _segment(self, segment: Segment) -> Segment:
        self.segments.setdefault(segment.block, []).append(segment)
        return segment

    def _counting(self, segment: Segment) -> Callable[[Thread, Slots, Segment], Next]:
        """The control of a segment, until it has been run often enough to be fused."""
        control = segment.control
        left = HOT

        def run(thread: Thread, slots: Slots, after: Segment) -> Next:
            nonlocal left
            left -= 1
            if left == 0:  # the steps of this time have been run
                segment.control = fused(self, segment)
                segment.steps = []
            return control(thread, slots, after)

        return run

    @cached_property
    def _reading(self) -> dict[Value, Block | None]:
        return reading(self.function)

    def read_only_in(self, segment: Segment, value: Value) -> bool:
        """Whether nothing reads ``value`` but texts in ``segment``."""
        here = segment.block
        if self._reading.get(value, here.block) is not here.block:
            return False
        texts = self.texts.get(here)
        if texts is None:
            texts = self.texts[here] = readers(self, self.segments[here])
        return texts.get(value, segment) is segment

    # -- values --

    def slot(self, value: Value) -> int:
        """The slot of an SSA value."""
        return self.slots[value]

    def codec(self, type: Type) -> Codec:
        """How values of ``type`` stand in memory."""
        return self.machine.codecs.of(type)

    def copies(self, type: Type) -> bool:
        """Whether a use of a value of ``type`` leaves it usable."""
        return copies(type, self.module)

    def consume(self, value: Value, op: Operation) -> Callable[[Slots], Any]:
        """A reader of an operand that is consumed: moved out of its slot unless its type copies."""
        slot = self.slot(value)
        if self.copies(value.type):
            return lambda s: s[slot]
        return lambda s: take(s, slot, op)

    def read(self, value: Value, op: Operation) -> Callable[[Slots], Any]:
        """A reader of an operand that stays."""
        slot = self.slot(value)
        if self.copies(value.type):
            return lambda s: s[slot]

        def peek(s: Slots) -> Any:
            found = s[slot]
            if found.__class__ is Gone:
                raise moved(found, op)
            return found

        return peek

    def define(self, op: Operation, compute: Callable[[Slots], Any]) -> Step:
        """A step that computes the only result of ``op``."""
        slot = self.slot(op.result)

        def run(s: Slots) -> None:
            s[slot] = compute(s)

        return run

    # -- places --

    def path(self, place: Value) -> Place:
        """Where a place leads, as a function of the slots."""
        op = place.operation
        assert op is not None, "a place is the result of an operation"
        if op.name == "local":
            slot = self.slot(op.result)
            return lambda s: s[slot]
        found = self.leads(op)
        return alone(self, op, found) if isinstance(found, Path) else found

    def leads(self, op: Operation) -> Place | Path:
        """Where a projection leads, as its meaning gives it."""
        found = self.paths.get(op)
        if found is None:
            path = PATHS.get(op.name)
            if path is None:
                raise fault("ALT-S006", f"the interpreter knows no path of `{op.name}`", op)
            found = self.paths[op] = path(self, op)
        return found

    # -- edges --

    def edge(self, successor: Successor, op: Operation, own: int = 0) -> Callable[[Slots, Any], Segment]:
        """Goes to a successor: ``(slots, the terminator's own result)`` to the segment. All arguments are read, then bound."""
        code = self.codes[successor.block]
        arguments = [self.slot(a) for a in successor.block.args]
        first = code.first
        targets = arguments[own:]
        values = [self.slot(v) for v in successor.args]
        receives = arguments[0] if own else 0
        moving = any(not self.copies(v.type) for v in successor.args)
        if not targets and not own:
            return lambda s, result: first
        if len(targets) == 1 and not own and not moving:
            target, value = targets[0], values[0]

            def one(s: Slots, result: Any) -> Segment:
                s[target] = s[value]
                return first

            return one
        readers = [self.consume(v, op) for v in successor.args] if moving else None

        def many(s: Slots, result: Any) -> Segment:
            given = [s[v] for v in values] if readers is None else [read(s) for read in readers]
            for target, value in zip(targets, given, strict=True):
                s[target] = value
            if receives:
                s[receives] = result
            return first

        return many


def _go_on(thread: Thread, slots: Slots, after: Segment) -> Next:
    return after, slots


def take(s: Slots, slot: int, op: Operation) -> Any:
    """Moves a value out of its slot. Raises ``MemoryFault`` when it has been moved before."""
    value = s[slot]
    if value.__class__ is Gone:
        raise moved(value, op)
    s[slot] = Gone("moved", op)
    return value


def moved(gone: Gone, op: Operation) -> Exception:
    """The fault of using a value that is gone."""
    return fault("ALT-M001", f"use of a value that was {gone.how}", op, story=((gone.where, f"it is {gone.how} here"),))
