"""Data races by vector clocks.

A clock has a time for each thread: ``c[t]`` is the latest time of thread ``t`` that its owner knows to have passed. An access
at time ``n`` of thread ``t`` happens before now in thread ``u`` exactly when ``n <= clock_of(u)[t]`` (Fidge, Mattern 1988).
Two accesses of a byte by different threads are a race when
 1. at least one of them writes, 2. at least one is not atomic, and 3. neither happens before the other.

What orders threads: starting one, joining one, a mutex, and atomics: a release store leaves the clock of its thread at the
location and an acquire load that reads from it takes it up; a read-modify-write passes on what it found (the release
sequence); a release fence stands before later relaxed stores, an acquire fence behind earlier relaxed loads (C11, 5.1.2.4 and
7.17). ``seq_cst`` orders no more than ``acq_rel`` does: its total order is that of the interleaving, and to be earlier there is
not to happen before. Values of atomics are those of the interleaving: what only weaker memory could show is not explored.

For each byte the last write and the last read of each thread since are kept (Flanagan and Freund, "FastTrack", PLDI 2009).

Example: two threads that store to one local without a lock: the second store raises ``ALT-T001`` and names both places.

Invariant: a thread's own entry in its clock grows each time the thread gives its clock away, so later accesses are not
taken for ordered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from altru_ir.backend.interpreter.faults import fault

if TYPE_CHECKING:
    from altru_ir.backend.interpreter.machine import Machine, Thread
    from altru_ir.backend.interpreter.memory import Allocation
    from altru_ir.values import Operation

ACQUIRES = ("acquire", "acq_rel", "seq_cst")
RELEASES = ("release", "acq_rel", "seq_cst")


class Clock:
    """A vector clock; a thread that it does not list is at time 0."""

    __slots__ = ("times",)

    def __init__(self, times: list[int] | None = None) -> None:
        self.times = times or []

    def of(self, thread: int) -> int:
        """The latest time of ``thread`` that has passed."""
        return self.times[thread] if thread < len(self.times) else 0

    def advance(self, thread: int) -> None:
        """The next moment of ``thread``."""
        self.times.extend([0] * (thread + 1 - len(self.times)))
        self.times[thread] += 1

    def join(self, other: Clock) -> None:
        """Takes up all that ``other`` knows."""
        self.times.extend([0] * (len(other.times) - len(self.times)))
        for thread, time in enumerate(other.times):
            if time > self.times[thread]:
                self.times[thread] = time

    def copy(self) -> Clock:
        return Clock(list(self.times))


class _Byte:
    """The last write of a byte, and the last read by each thread since: ``(time, operation, atomic)`` by thread."""

    __slots__ = ("reads", "write", "writer")

    def __init__(self) -> None:
        self.writer = -1
        self.write: tuple[int, Any, bool] = (0, None, True)
        self.reads: dict[int, tuple[int, Any, bool]] = {}


class Races:
    """The race detector of a run with more than one thread."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.left: dict[tuple[int, int], Clock] = {}  # by address range of an atomic: the clock of its last release

    def created(self, allocation: Allocation) -> None:
        """Memory that has just been made: whoever meets it unordered would race with its making."""
        allocation.shadow = {}

    def access(self, allocation: Allocation, offset: int, size: int, write: bool, op: Any, atomic: bool = False) -> None:
        """An access by the running thread. Raises ``MemoryFault`` when it races."""
        thread = self.machine.current
        number, clock = thread.number, thread.clock
        shadow = allocation.shadow
        if shadow is None:
            shadow = allocation.shadow = {}
        now = (clock.of(number), op, atomic)
        for at in range(offset, offset + size):
            byte = shadow.get(at)
            if byte is None:
                byte = shadow[at] = _Byte()
            if byte.writer not in (-1, number):
                time, other, was_atomic = byte.write
                if time > clock.of(byte.writer) and not (atomic and was_atomic):
                    self.race(allocation, op, write, other, True, byte.writer)
            if write:
                for reader, (time, other, was_atomic) in byte.reads.items():
                    if reader != number and time > clock.of(reader) and not (atomic and was_atomic):
                        self.race(allocation, op, write, other, False, reader)
                byte.reads.clear()
                byte.writer, byte.write = number, now
            else:
                byte.reads[number] = now

    def ended(self, allocation: Allocation, op: Operation | None) -> None:
        """The release of memory counts as a write of all that was ever accessed in it."""
        for at in list(allocation.shadow or ()):
            self.access(allocation, at, 1, True, op)

    def race(self, allocation: Allocation, op: Any, write: bool, other: Any, other_writes: bool, thread: int) -> None:
        kinds = ("reads", "writes")
        name = "the main thread" if thread == 0 else f"thread {thread}"
        message = (
            f"data race on {allocation}: {self.machine.current.name} {kinds[write]} it here, "
            f"{name} {kinds[other_writes]} it, and nothing orders the two"
        )
        raise fault("ALT-T001", message, op, story=((other, f"{name} {kinds[other_writes]} it here"),), created=allocation)

    # -- what orders -------------------------------------------------------------------------------------------------------

    def atomic(self, thread: Thread, at: tuple[int, int], order: str, reads: bool, writes: bool) -> None:
        """The ordering of an atomic access at ``(address, size)``."""
        before = self.left.get(at)
        if reads and before is not None:
            if order in ACQUIRES:
                thread.clock.join(before)
            else:
                if thread.fence_acquire is None:
                    thread.fence_acquire = Clock()
                thread.fence_acquire.join(before)
        if writes:
            if order in RELEASES:
                given = thread.clock.copy()
            else:
                given = thread.fence_release.copy() if thread.fence_release is not None else Clock()
            if reads and before is not None:
                given.join(before)  # a read-modify-write continues the release sequence
            self.left[at] = given
            thread.clock.advance(thread.number)

    def fence(self, thread: Thread, order: str) -> None:
        """A fence of the running thread."""
        if order in ACQUIRES and thread.fence_acquire is not None:
            thread.clock.join(thread.fence_acquire)
        if order in RELEASES:
            thread.fence_release = thread.clock.copy()
            thread.clock.advance(thread.number)


def pass_clock(giver: Clock, thread: int, taker: Clock) -> None:
    """What ``giver`` (the clock of ``thread``) knows becomes known to ``taker``: a start, a join, a lock handed over."""
    taker.join(giver)
    giver.advance(thread)
