"""The abstract machine: threads that run staged functions over one memory.

A run is determined by the module, the entry, its arguments, and the **decisions**: which thread goes next where more than one
could (``schedules`` goes through them). The machine is the definition of the language: what it reports as a fault is
undefined behaviour, and native code may do anything there.

How a thread runs: the steps of a segment, then its control, which names the next segment. The stack of a thread is a list, not
Python's: a call appends where to go on, ``ret`` takes it off. An entry is a *frame* ``(segment after the call, slots, slot of
the result)`` or a ``Task``: a Python generator for what one operation does by running functions in turn (drops); it yields
``(function, arguments, operation)`` and is sent the result, or thrown the panic.

Panics: an operation raises ``Unwinding``; the block's unwind target takes it, or the activation ends and the caller's block is
asked, up to the end of the thread. A panic while another is unwinding aborts.

Example: ``Machine(module).run("main", [])`` returns what ``@main`` returns.

Invariant: between two segments all that a thread is lies in ``segment``, ``slots`` and ``stack``; so threads can be exchanged
there, and only segments that are a ``point`` need it, for a program without races cannot tell the others apart (Musuvathi and
Qadeer, "Iterative Context Bounding", PLDI 2007).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from altru_ir.backend.interpreter.backtraces import backtrace
from altru_ir.backend.interpreter.borrows import AliasingViolation, BorrowTree, Permission
from altru_ir.backend.interpreter.code import Activation, FunctionCode, Next, Segment, Slots
from altru_ir.backend.interpreter.codec import Codecs
from altru_ir.backend.interpreter.faults import fault
from altru_ir.backend.interpreter.memory import (
    CONSTANT,
    DESCRIPTOR,
    FUNCTION,
    GLOBAL,
    HANDLE,
    Allocation,
    Memory,
    Pointer,
)
from altru_ir.backend.interpreter.races import Clock
from altru_ir.faults import MemoryFault, Panic
from altru_ir.marks import freezes
from altru_ir.module import Function, Module
from altru_ir.types import ArrayType, DynType, RefType, Type, UninitType
from altru_ir.values import Operation, Value

STEPS = 10**8
MEMORY = 1 << 30
MAX_STACK = 100_000


class Unwinding(Exception):
    """A panic on its way up. ``at`` is the block and the slots it leaves from, when those are not the running ones."""

    def __init__(self, panic: Panic, at: tuple[Any, Slots] | None = None) -> None:
        self.panic = panic
        self.at = at
        super().__init__(str(panic))


class Aborted(Exception):
    """The process ended at once: ``abort``, a panic while another was unwinding, or one that would leave a function that is
    ``nounwind``. ``messages`` says why: of a panic it is the first. ``frames`` is the backtrace of the last panic, as lines."""

    def __init__(self, *messages: str, frames: list[str] | None = None) -> None:
        self.messages = messages
        self.frames = frames or []
        super().__init__("; ".join(messages))


class Exited(Exception):
    """The program called ``exit``."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(f"exit({status})")


class Blocked(Exception):
    """The operation has to wait until ``ready()``; nothing of it has happened yet."""

    def __init__(self, ready: Callable[[], bool], why: str) -> None:
        self.ready = ready
        self.why = why
        super().__init__(why)


class _Ended(Exception):
    """The thread has returned from its first function, or a panic has left it."""


Work = Generator[tuple[Any, list[Any], Operation], Any, Any]


class Task:
    """An entry of a stack: a generator that runs functions, and where to go on behind it."""

    __slots__ = ("after", "slot", "slots", "work")

    def __init__(self, work: Work, slots: Slots, after: Segment, slot: int) -> None:
        self.work = work
        self.slots = slots
        self.after = after
        self.slot = slot


class Thread:
    """A thread: where it is, its stack, its vector clock, and how it ended."""

    def __init__(self, number: int, clock: Clock, spawned: Operation | None = None) -> None:
        self.number = number
        self.clock = clock
        self.spawned = spawned
        self.stack: list[Any] = []
        self.segment: Segment
        self.slots: Slots = [None]
        self.unwinding: Panic | None = None
        self.ready: Callable[[], bool] | None = None
        self.why = ""
        self.ended = False
        self.result: Any = None
        self.panic: Panic | None = None
        self.result_type: Any = None
        self.handle: Pointer | None = None
        self.joined = False
        self.storage: dict[str, Allocation] = {}  # thread-local globals
        self.fence_release: Clock | None = None
        self.fence_acquire: Clock | None = None

    @property
    def name(self) -> str:
        return "the main thread" if self.number == 0 else f"thread {self.number}"


def _halt(thread: Thread, slots: Slots, after: Segment) -> Next:
    raise _Ended


HALT = Segment(None)  # type: ignore[arg-type]
HALT.control = _halt


class Machine:
    """Runs of a module, one after another: ``restart`` begins each but the first.

    Parameters: ``steps`` and ``memory`` (bytes) are budgets; ``decisions`` says which way to go at the first choices, later
    ones take the first way; ``write`` receives what the program prints, ``read`` gives its input; ``executed`` collects the
    segments that were run.
    """

    def __init__(
        self,
        module: Module,
        *,
        steps: int = STEPS,
        memory: int = MEMORY,
        decisions: tuple[int, ...] = (),
        write: Callable[[bytes], None] = lambda data: None,
        read: Callable[[int], bytes] = lambda size: b"",
        executed: set[Segment] | None = None,
    ) -> None:
        self.module = module
        self.codecs = Codecs(module)
        self.frozen: dict[Type, bool] = {}
        self.codes: dict[str, FunctionCode] = {}
        self.memory = Memory(memory)
        self.executed = executed
        self.restart(steps=steps, memory=memory, decisions=decisions, write=write, read=read)

    def restart(
        self,
        *,
        steps: int = STEPS,
        memory: int = MEMORY,
        decisions: tuple[int, ...] = (),
        write: Callable[[bytes], None] = lambda data: None,
        read: Callable[[int], bytes] = lambda size: b"",
    ) -> None:
        """Forgets the last run; only what is staged remains. The parameters are those of the machine."""
        self.memory.restart(memory)
        self.allowed = steps
        self.budget = steps
        self.decisions = decisions
        self.trace: list[tuple[int, int, bool]] = []  # choices made: (number of ways, the way taken, whether it was free)
        self.write = write
        self.read = read
        self.threads: list[Thread] = []
        self.interleaving = False
        self.globals: dict[str, Allocation] = {}
        self.function_pointers: dict[str, Pointer] = {}
        self.descriptors: dict[Type, Pointer] = {}
        self.collected: list[Allocation] = []
        self.weak: dict[Allocation, list[Any]] = {}
        self.waiting: list[Allocation] = []  # collected objects whose destructor has not run
        self.pins: list[tuple[Pointer, int]] = []
        self.libc_state: dict[str, Any] = {}
        self.locks: dict[int, Any] = {}  # by the address of the mutex
        self.guards: dict[int, int] = {}  # the address of the mutex by that of its content
        self.current: Thread

    # -- running -----------------------------------------------------------------------------------------------------------

    def run(self, name: str, arguments: list[Any]) -> Any:
        """Runs ``@name`` on machine values to its end. Raises ``Panic``, ``MemoryFault``, ``Aborted``, ``Exited``.

        A further run has the globals as the one before it left them; that one must have left no thread behind.
        """
        main = Thread(0, self.threads[0].clock if self.threads else Clock())
        main.clock.advance(0)
        self.threads = [main]
        self.current = main
        try:
            self.begin(main, self.module.functions[name], arguments, None)
            self.schedule(main)
        except AliasingViolation as violation:
            raise self.aliasing(violation) from None
        if main.panic is not None:
            raise main.panic
        return main.result

    def begin(self, thread: Thread, function: Function, arguments: list[Any], op: Operation | None) -> None:
        """Puts the call of ``function`` at the bottom of a thread's stack."""
        thread.stack.append((HALT, [None], 0))
        thread.segment, thread.slots = self.enter(thread, function, arguments, op)

    def schedule(self, main: Thread) -> None:
        """Runs threads, one at a time, until the main thread has ended."""
        thread = main
        while True:
            self.current = thread
            self.step(thread)
            if main.ended:
                return
            able = [t for t in self.threads if not t.ended and (t.ready is None or t.ready())]
            if not able:
                self.deadlock()
            goes_on = thread in able
            if len(able) > 1:
                if goes_on:
                    able.remove(thread)
                    able.insert(0, thread)
                thread = able[self.choose(len(able), free=not goes_on)]
            else:
                thread = able[0]
            thread.ready = None

    def choose(self, ways: int, free: bool) -> int:
        """Decides: the way of the given decisions, or the first. ``free`` choices are no preemption."""
        at = len(self.trace)
        way = self.decisions[at] if at < len(self.decisions) else 0
        self.trace.append((ways, way, free))
        return way

    def step(self, thread: Thread) -> None:
        """Runs a thread up to its end, to where it must wait, or to a point where another may go first."""
        segment, s = thread.segment, thread.slots
        started = True  # the point at which it was stopped is behind it
        while True:
            try:
                while True:
                    self.budget -= segment.cost
                    if self.budget < 0:
                        raise fault("ALT-S008", f"the program takes more than {self.allowed} steps", segment.op)
                    if self.executed is not None:
                        self.executed.add(segment)
                    for step in segment.steps:
                        step(s)
                    if segment.point and self.interleaving and not started:
                        thread.segment, thread.slots = segment, s
                        return
                    started = False
                    segment, s = segment.control(thread, s, segment.after)
            except Unwinding as up:
                block, slots = up.at or (segment.block, s)
                try:
                    segment, s = self.unwind(thread, block, slots, up.panic)
                except _Ended:
                    self.finish(thread)
                    return
            except Blocked as wait:
                thread.segment, thread.slots = segment, s
                thread.ready, thread.why = wait.ready, wait.why
                return
            except _Ended:
                self.finish(thread)
                return

    def finish(self, thread: Thread) -> None:
        thread.ended = True
        thread.stack.clear()
        thread.slots = [None]
        for allocation in thread.storage.values():
            self.memory.end(allocation, "ended with its thread", None)

    def deadlock(self) -> None:
        stuck = [t for t in self.threads if not t.ended]
        story = tuple((t.segment.op, f"{t.name} waits here: {t.why}") for t in stuck)
        raise fault("ALT-T002", "deadlock: every thread waits for another", stuck[0].segment.op, story=story[1:])

    # -- calls -------------------------------------------------------------------------------------------------------------

    def code(self, function: Function) -> FunctionCode:
        """The staged form of a function with a body."""
        code = self.codes.get(function.name)
        if code is None:
            code = self.codes[function.name] = FunctionCode(function, self)
        return code

    def enter(self, thread: Thread, function: Function, arguments: list[Any], op: Operation | None) -> Next:
        """Begins an activation; references among the arguments are protected as long as it lasts."""
        code = self.codes.get(function.name) or self.code(function)
        activation = Activation(code, thread)
        s: Slots = [activation, *arguments, *code.unset]
        if op is not None:
            for slot, parameter in code.references:
                s[slot] = self.protect(s[slot], parameter, activation, op)
        if len(thread.stack) > MAX_STACK:
            raise fault("ALT-S008", f"more than {MAX_STACK} activations on the stack", op)
        return code.entry, s

    def call(
        self, thread: Thread, function: Function, arguments: list[Any], s: Slots, after: Segment, slot: int, op: Operation
    ) -> Next:
        """Calls ``function``; its result goes to ``slot`` of ``s`` (0: nowhere)."""
        if not function.blocks:
            from altru_ir.backend.interpreter.libc import call_extern

            value = call_extern(self, thread, function, arguments, op)
            if slot:
                s[slot] = value
            return after, s
        thread.stack.append((after, s, slot))
        return self.enter(thread, function, arguments, op)

    def give(self, thread: Thread, s: Slots, value: Any) -> Next:
        """Returns ``value`` from the activation of ``s``."""
        self.leave(s[0])
        entry = thread.stack.pop()
        if entry.__class__ is tuple:
            after, slots, slot = entry
            if slot:
                slots[slot] = value
            elif after is HALT:
                thread.result = value
            return after, slots
        return self.advance(thread, entry, value)

    def leave(self, activation: Activation) -> None:
        """An activation ends: protection first, then its storage."""
        op = None
        for allocation, node in activation.protected:
            if not allocation.how and allocation.tree is not None:
                allocation.tree.release(node, op)
        for allocation in activation.locals.values():
            if not allocation.how:
                self.memory.end(allocation, "gone with its activation", None)
        for allocation in activation.others:
            if not allocation.how:
                self.memory.end(allocation, "gone with its activation", None)

    # -- tasks -------------------------------------------------------------------------------------------------------------

    def start(self, thread: Thread, work: Work, s: Slots, after: Segment, slot: int = 0) -> Next:
        """Runs a generator that calls functions; its result goes to ``slot``."""
        return self.advance(thread, Task(work, s, after, slot), None)

    def advance(self, thread: Thread, task: Task, value: Any, panic: Panic | None = None) -> Next:
        """Resumes a task until it calls a function with a body, or ends."""
        while True:
            try:
                if panic is not None:
                    request = task.work.throw(Unwinding(panic))
                    panic = None
                else:
                    request = task.work.send(value)
            except StopIteration as stop:
                if task.slot:
                    task.slots[task.slot] = stop.value
                return task.after, task.slots
            except Unwinding as up:
                raise Unwinding(up.panic, (task.after.block, task.slots)) from None
            function, arguments, op = request
            if function.blocks:
                thread.stack.append(task)
                return self.enter(thread, function, arguments, op)
            from altru_ir.backend.interpreter.libc import call_extern

            value = call_extern(self, thread, function, arguments, op)

    # -- panics ------------------------------------------------------------------------------------------------------------

    def panic(self, thread: Thread, message: str, op: Operation) -> Unwinding:
        """The panic of an operation, to be raised. Raises ``Aborted`` when one is unwinding already."""
        trace = backtrace(thread, op)
        panic = Panic(
            message, op.location, backtrace=trace.names, callers=trace.callers, times=trace.times, has_more=trace.has_more
        )
        return self.rethrow(thread, panic)

    def rethrow(self, thread: Thread, panic: Panic) -> Unwinding:
        """A panic that goes on in ``thread``."""
        if thread.unwinding is not None:
            raise Aborted(f"panic: {thread.unwinding}", f"panic while unwinding: {panic}", frames=panic.frames())
        thread.unwinding = panic
        return Unwinding(panic)

    def unwind(self, thread: Thread, block: Any, s: Slots, panic: Panic) -> Next:
        """Where a panic goes on: the nearest unwind target up the stack. Raises ``_Ended`` when it leaves the thread,
        ``Aborted`` where it would leave a function that says it does not unwind."""
        while True:
            if block is None:
                thread.panic = panic
                thread.unwinding = None
                raise _Ended
            if block.unwind is not None:
                return block.unwind.first, s
            function = s[0].code.function
            if function.signature.type.nounwind:
                why = f"it may not leave @{function.name}, which is `nounwind`"
                raise Aborted(f"panic: {panic}", why, frames=panic.frames())
            self.leave(s[0])
            entry = thread.stack.pop()
            if entry.__class__ is tuple:
                after, s, _ = entry
                block = after.block
                continue
            try:
                return self.advance(thread, entry, None, panic)
            except Unwinding:
                block, s = entry.after.block, entry.slots

    # -- references --------------------------------------------------------------------------------------------------------

    def extent(self, type: Type, pointer: Pointer) -> int:
        """How many bytes a pointee of ``type`` has behind ``pointer``."""
        if isinstance(type, UninitType):
            type = type.target
        if isinstance(type, ArrayType) and type.is_unsized:
            size = self.codecs.of(type.element).size
            for length in pointer.meta:
                size *= length
            return size
        if isinstance(type, DynType):
            return self.codecs.of(pointer.meta[0].allocation.type).size
        return self.codecs.of(type).size

    def alignment(self, type: Type, pointer: Pointer) -> int:
        """The alignment of a pointee of ``type`` behind ``pointer``."""
        if isinstance(type, UninitType):
            type = type.target
        if isinstance(type, ArrayType) and type.is_unsized:
            return self.codecs.of(type.element).align
        if isinstance(type, DynType):
            return self.codecs.of(pointer.meta[0].allocation.type).align
        return self.codecs.of(type).align

    def reborrow(
        self, pointer: Pointer, target: Type, mutable: bool, op: Operation, *, protected: bool = False, name: str | None = None
    ) -> Pointer:
        """A new reference to what ``pointer`` leads to: live, aligned, with a tag of its own, which messages call ``name``."""
        size = self.extent(target, pointer)
        align = self.alignment(target, pointer)
        if pointer.address == 0 and pointer.allocation is None:
            raise fault("ALT-C002", "Null pointer dereference", op)
        allocation, offset = self.memory.locate(pointer, size, align, False, op, accessed=False)
        if size == 0:  # it may dangle; where it does not, it gets a tag that is lazy everywhere
            if pointer.allocation is None or pointer.allocation.how:
                return pointer
            allocation, offset = pointer.allocation, pointer.address - pointer.allocation.base
            if not 0 <= offset <= allocation.size:
                return pointer
        if allocation.kind in (CONSTANT, FUNCTION):
            return pointer
        tree = allocation.tree
        if tree is None:
            tree = allocation.tree = BorrowTree(allocation.size, allocation.created, str(allocation))
        parent = tree.root if pointer.tag is None else pointer.tag
        permission = Permission.RESERVED if mutable else Permission.FROZEN
        cells: tuple[tuple[int, int], ...] = ()
        if not self.freezes(target):
            cells = tuple((offset + low, offset + high) for low, high in self.cells(target, pointer)) or ((offset, offset),)
        races = self.memory.races
        if races is not None:  # the reborrow reads all but the cells behind a shared reference
            at = offset
            for first, end in (*(() if mutable else cells), (offset + size, offset + size)):
                races.access(allocation, at, first - at, False, op)
                at = end
        if name is None:
            name = op.results[0].name if op.results and op.results[0].name else op.name
        node = tree.retag(parent, offset, size, permission, op, protected=protected, cells=cells, name=name)
        return Pointer(pointer.address, allocation, node, pointer.meta)

    def freezes(self, type: Type) -> bool:
        """Whether a shared reference to a ``type`` freezes all of it."""
        known = self.frozen.get(type)
        if known is None:
            known = self.frozen[type] = freezes(type, self.module)
        return known

    def cells(self, type: Type, pointer: Pointer) -> list[tuple[int, int]]:
        """The bytes of a pointee that may change behind a shared reference, as ranges from its beginning."""
        from altru_ir.backend.interpreter.interior import mutable_ranges

        return mutable_ranges(type, pointer, self)

    def protect(self, pointer: Pointer, parameter: Value, activation: Activation, op: Operation) -> Pointer:
        """A reference handed to a function: retagged, and protected until the activation ends."""
        type = parameter.type
        assert isinstance(type, RefType)
        name = f"{parameter.name} of @{activation.code.function.name}" if parameter.name else ""
        made = self.reborrow(pointer, type.target, type.mutable, op, protected=True, name=name)
        if made.tag is not None and made is not pointer and made.allocation is not None:
            activation.protected.append((made.allocation, made.tag))
        return made

    def aliasing(self, violation: AliasingViolation) -> MemoryFault:
        """The fault that a violation of the aliasing rules is."""
        story = []
        if violation.created is not None:
            story.append((violation.created, f"{violation.culprit} is created here"))
        if violation.disabled is not None:
            story.append((violation.disabled.where, f"{violation.disabled.how} here"))
        return fault("ALT-B020", violation.message, violation.where, story=tuple(story))

    # -- storage that is there from the start --------------------------------------------------------------------------------

    def global_place(self, name: str, thread: Thread | None = None) -> Pointer:
        """The storage of a global; of a thread-local one that of the thread."""
        declared = self.module.globals[name]
        store = self.globals if declared.mode != "thread_local" or thread is None else thread.storage
        allocation = store.get(name)
        if allocation is None:
            from altru_ir.backend.interpreter.host import from_literal

            codec = self.codecs.of(declared.type)
            constant = declared.mode == "const" and freezes(declared.type, self.module)
            allocation = self.memory.allocate(codec.size, codec.align, CONSTANT if constant else GLOBAL, None, name)
            if declared.initial is not None:
                allocation.data[:] = codec.encode(from_literal(declared.initial, declared.type, self.module))
            allocation.type = declared.type
            store[name] = allocation
        return Pointer(allocation.base, allocation)

    def function_pointer(self, name: str) -> Pointer:
        """The address of a function."""
        pointer = self.function_pointers.get(name)
        if pointer is None:
            allocation = self.memory.allocate(1, 16, FUNCTION, None, name)
            allocation.resource = self.module.functions[name]
            pointer = self.function_pointers[name] = Pointer(allocation.base, allocation)
        return pointer

    def descriptor(self, type: Type) -> Pointer:
        """The descriptor of a type that ``unsize`` erases."""
        pointer = self.descriptors.get(type)
        if pointer is None:
            allocation = self.memory.allocate(1, 16, DESCRIPTOR, None, str(type))
            allocation.type = type
            pointer = self.descriptors[type] = Pointer(allocation.base, allocation)
        return pointer

    def handle(self, resource: Any, name: str, op: Operation) -> Pointer:
        """A word that names something the machine keeps: an arena, a pool, a thread."""
        allocation = self.memory.allocate(0, 16, HANDLE, op, name)
        allocation.resource = resource
        return Pointer(allocation.base, allocation)

    def pointed(self, pointer: Pointer, op: Operation) -> Function:
        """The function that a function value points to."""
        allocation = pointer.allocation
        if allocation is None or allocation.kind != FUNCTION:
            raise fault("ALT-I002", "a call through a pointer that leads to no function", op)
        return allocation.resource  # type: ignore[no-any-return]

    # -- at the end --------------------------------------------------------------------------------------------------------

    def check_leaks(self, result: Any = None) -> None:
        """Raises ``MemoryFault`` when memory lives that no global and no running thread can reach."""
        from altru_ir.backend.interpreter.collector import reachable

        if not self.memory.live:
            return
        kept = reachable(self, [result, *self.roots()], through_raw=True)
        lost = [a for a in self.memory.live.values() if a not in kept]
        if lost:
            first = lost[0]
            more = f", and {len(lost) - 1} more" if len(lost) > 1 else ""
            raise fault(
                "ALT-L001", f"{first} of {first.size} bytes is never released{more}", first.created,
                story=tuple((a.created, "this is never released either") for a in lost[1:4]),
            )  # fmt: skip

    def roots(self) -> list[Any]:
        """Values from which memory is reached at the end: globals, and the stacks of threads that still run."""
        found: list[Any] = [Pointer(a.base, a) for a in self.globals.values()]
        for thread in self.threads:
            found.extend(Pointer(a.base, a) for a in thread.storage.values())
            if thread.ended:
                continue
            found.extend(thread.slots)
            for entry in thread.stack:
                found.extend(entry[1] if entry.__class__ is tuple else entry.slots)
        return found
