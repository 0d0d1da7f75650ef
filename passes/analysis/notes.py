"""Notes: facts written beside what they are about, as comments of the IR.

An analysis says ``notes.operation(op, "%x is dead")``; ``attach`` makes comments of it, each with the name of the analysis:

    %x = add %a, %b // liveness: %x is dead

A note on an operation or a block stands behind its line, one on a function above it, one on the module at its end. Comments
that were there stay in front.

Invariant: notes are kept in the order in which they were made, and that is the order in which they are printed.
"""

from __future__ import annotations

from collections.abc import Iterable

from altru_ir.module import Block, Comments, Function, Module
from altru_ir.text.printer import assign_names
from altru_ir.values import Operation, Value


class Notes:
    """What one analysis has to say. ``name`` is the analysis's."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._notes: dict[Operation | Block | Function | Module, list[str]] = {}

    def operation(self, op: Operation, text: str) -> None:
        """A fact about an operation."""
        self._notes.setdefault(op, []).append(text)

    def block(self, block: Block, text: str) -> None:
        """A fact about a block."""
        self._notes.setdefault(block, []).append(text)

    def function(self, function: Function, text: str) -> None:
        """A fact about a whole function."""
        self._notes.setdefault(function, []).append(text)

    def module(self, module: Module, text: str) -> None:
        """A fact about the module."""
        self._notes.setdefault(module, []).append(text)

    def all(self) -> list[tuple[object, str]]:
        """Every note with what it is about."""
        return [(about, text) for about, texts in self._notes.items() for text in texts]

    @staticmethod
    def give_names(unit: Function | Module) -> None:
        """Numbers values and blocks that have no name, as printing will."""
        for function in [unit] if isinstance(unit, Function) else unit.functions.values():
            assign_names(function)

    def attach(self) -> None:
        """Makes the notes comments of the module they are about."""
        for about, texts in self._notes.items():
            if isinstance(about, Function):
                about.leading_comments += [f" {self.name}: {text}" for text in texts]
            elif isinstance(about, Module):
                about.trailing_comments += [f" {self.name}: {text}" for text in texts]
            else:
                function = about.function
                if function is None:
                    raise ValueError(f"{about!r} stands in no function")
                comments = function.comments.setdefault(about, Comments())
                before = "" if comments.behind is None else comments.behind.rstrip() + ";"
                comments.behind = f"{before} {self.name}: {'; '.join(texts)}"


def spelled(values: Iterable[Value]) -> str:
    """``%a %b %c``, or ``none``."""
    return " ".join(f"%{value.name}" for value in values) or "none"


def labels(blocks: Iterable[Block]) -> str:
    """``^a ^b``, or ``none``."""
    return " ".join(f"^{block.label}" for block in blocks) or "none"
