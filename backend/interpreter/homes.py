"""What the machine keeps for an arena and for a pool: what each has lent, and takes back.

    home = arena_behind(stage, reference, op)
    home.cells.append(made)                # it ends with the arena

Invariant: what a home has lent ends at the latest with the home.
"""

from __future__ import annotations

from typing import Any

from altru_ir.backend.interpreter.code import Stage
from altru_ir.backend.interpreter.faults import fault
from altru_ir.backend.interpreter.machine import Machine
from altru_ir.backend.interpreter.memory import Allocation, Pointer
from altru_ir.types import ARENA, Type
from altru_ir.values import Operation


class Arena:
    """What an arena has lent."""

    def __init__(self) -> None:
        self.cells: list[Allocation] = []

    def reset(self, machine: Machine, how: str, op: Operation | None) -> None:
        """Takes it all back."""
        for cell in self.cells:
            if not cell.how:
                if cell.tree is not None:
                    cell.tree.deallocate(cell.tree.root, op)
                machine.memory.end(cell, how, op)
        self.cells = []


class Pool:
    """What a pool has lent to owners, and what was left to it; a handle is an index and how often it had been used before."""

    def __init__(self, maximum: int | None = None) -> None:
        self.maximum = maximum
        self.left: list[Allocation | None] = []  # by the index of the handle
        self.generations: list[int] = []
        self.free: list[int] = []
        self.lent: dict[Allocation, None] = {}

    def is_full(self) -> bool:
        return self.maximum is not None and len(self.left) - len(self.free) + len(self.lent) >= self.maximum

    def lend(self, made: Allocation) -> None:
        """Gives an object a slot that an owner has."""
        made.resource = self
        self.lent[made] = None

    def put(self, made: Allocation) -> int:
        """Gives an object a slot, and a handle: its index."""
        made.resource = self
        if self.free:
            index = self.free.pop()
            self.left[index] = made
        else:
            index = len(self.left)
            self.left.append(made)
            self.generations.append(0)
        return index

    def remove(self, index: int) -> None:
        """Ends a handle."""
        self.left[index] = None
        self.generations[index] += 1
        self.free.append(index)

    def slot_back(self, made: Allocation) -> None:
        """The object of an owner is gone; also of one that was made from a pointer to what was left here."""
        if made in self.lent:
            del self.lent[made]
        else:
            self.remove(self.left.index(made))

    def kept(self) -> list[Allocation]:
        """Objects that were left to the pool, in the order in which they are dropped."""
        return [object for object in self.left if object is not None]

    @property
    def cells(self) -> list[Allocation]:
        """All slots that are in use."""
        return [*self.kept(), *self.lent]

    def end(self, machine: Machine, op: Operation) -> None:
        """The pool takes its memory along."""
        for object in self.cells:
            if not object.how:
                machine.memory.end(object, "gone with its pool", op)


def resource_behind(stage: Stage, reference: Pointer, type: Type, op: Operation) -> Any:
    """What the machine keeps for the resource that a reference leads to."""
    codec = stage.codec(type)
    handle = codec.decode(stage.machine.memory.read(reference, codec.size, codec.align, op), op)
    if handle.allocation is None or handle.allocation.resource is None:
        raise fault("ALT-I002", f"these bytes are no `{type}`", op)
    if handle.allocation.how:
        shown = f"use of {handle.allocation} after it was {handle.allocation.how}"
        raise fault("ALT-F002", shown, op, created=handle.allocation)
    return handle.allocation.resource


def arena_behind(stage: Stage, reference: Pointer, op: Operation) -> Arena:
    """The arena that a reference leads to."""
    return resource_behind(stage, reference, ARENA, op)  # type: ignore[no-any-return]
