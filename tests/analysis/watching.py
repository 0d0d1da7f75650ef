"""Programs run by the interpreter while somebody watches: who is entered, which values appear, which bytes are accessed.

What an analysis says of all runs must hold of each; a run that contradicts it is a defect of the analysis.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from altru_ir.backend.interpreter import meanings  # noqa: F401
from altru_ir.backend.interpreter.code import Stage
from altru_ir.backend.interpreter.machine import Machine
from altru_ir.backend.interpreter.memory import Allocation
from altru_ir.faults import Panic
from altru_ir.module import Function, Module
from altru_ir.values import Operation, Value


class Watched(list[Any]):
    """The slots of an activation; each value that is defined is shown to ``seen``."""

    __slots__ = ("names", "seen")

    def __init__(self, slots: list[Any], names: dict[int, Value], seen: Callable[[Value, Any], None]) -> None:
        super().__init__(slots)
        self.names = names
        self.seen = seen
        for slot, value in names.items():
            if slots[slot] is not None:
                seen(value, slots[slot])

    def __setitem__(self, slot: Any, value: Any) -> None:
        super().__setitem__(slot, value)
        self.seen(self.names[slot], value)


class Watcher(Machine):
    """Override what is of interest."""

    def __init__(self, module: Module) -> None:
        super().__init__(module, steps=100_000)
        locate = self.memory.locate_bytes

        def located(
            address: int, allocation: Allocation | None, tag: Any, size: int, align: int, write: bool, op: Operation,
            accessed: bool = True,
        ) -> int:  # fmt: skip
            offset = locate(address, allocation, tag, size, align, write, op, accessed)
            assert allocation is not None
            self.access(op, allocation, offset, size, write)
            return offset

        self._names: dict[str, dict[int, Value]] = {}
        self.memory.locate_bytes = located  # type: ignore[method-assign]

    def entered(self, function: Function, op: Operation | None, arguments: list[Any]) -> None:
        """``function`` begins, run by ``op`` (None: from outside)."""

    def access(self, op: Operation, allocation: Allocation, offset: int, size: int, write: bool) -> None:
        """``op`` reads or writes bytes."""

    seen: Callable[[Value, Any], None] | None = None
    """Called with each value that is defined."""

    def names(self, function: Function) -> dict[int, Value]:
        """The value in each slot of a function's activations."""
        known = self._names.get(function.name)
        if known is None:
            slots = Stage(function, self).slots  # the same each time
            known = self._names[function.name] = {slot: value for value, slot in slots.items()}
        return known

    def enter(self, thread: Any, function: Function, arguments: list[Any], op: Operation | None) -> Any:
        self.entered(function, op, arguments)
        segment, slots = super().enter(thread, function, arguments, op)
        if self.seen is not None:
            slots = Watched(slots, self.names(function), self.seen)
        return segment, slots


def runs(module: Module, watcher: Callable[[Module], Watcher], arguments: list[Any]) -> list[Watcher]:
    """Runs every public function ``(i64, i64)`` of a generated program."""
    found = []
    for name, function in module.functions.items():
        if not function.is_declaration and function.linkage != "private" and len(function.parameters) == len(arguments):
            machine = watcher(module)
            with suppress(Panic):
                machine.run(name, list(arguments))
            found.append(machine)
    return found
