"""Uses: for each value the operations that take it, and for each block argument what the edges hand to it.

    %x = add %a, %b    // uses: %x 2
    %y = mul %x, %x    // uses: %y unused

There are no use lists in the IR (docs/decisions/0002); this is one sweep over a function, made when somebody asks.

Invariant: a use is listed as often as the value is named, in text order; unreachable blocks count like others.
"""

from __future__ import annotations

from typing import NamedTuple, Self

from altru_ir.module import Block, Function
from altru_ir.passes.analysis.manager import FunctionAnalysis, Get
from altru_ir.passes.analysis.notes import Notes
from altru_ir.values import Operation, Value


class Use(NamedTuple):
    """Where a value is named: operand ``at`` of ``op``, or with ``successor`` not -1 argument ``at`` of that edge."""

    op: Operation
    successor: int
    at: int


class Uses(FunctionAnalysis):
    """Uses of each value, and the incoming values of each block argument.

    ``of`` maps a value to its uses and has no entry for an unused one. ``incoming`` maps a block argument to one value for each
    edge to its block, None where the terminator itself gives it.
    """

    name = "uses"

    def __init__(self, function: Function) -> None:
        self.function = function
        self.of: dict[Value, list[Use]] = {}
        self.incoming: dict[Value, list[Value | None]] = {arg: [] for block in function.blocks for arg in block.args}
        of, incoming = self.of, self.incoming
        for op in function.operations():
            for index, value in enumerate(op.operands):
                of.setdefault(value, []).append(Use(op, -1, index))
            for number, successor in enumerate(op.successors):
                arguments = successor.args
                for index, value in enumerate(arguments):
                    of.setdefault(value, []).append(Use(op, number, index))
                parameters = successor.block.args
                given = len(parameters) - len(arguments)  # by the terminator, in front
                for index, parameter in enumerate(parameters):
                    incoming[parameter].append(None if index < given else arguments[index - given])

    @classmethod
    def compute(cls, function: Function, get: Get) -> Self:
        return cls(function)

    def users(self, value: Value) -> list[Operation]:
        """The operations that name ``value``, each once, in text order."""
        return list(dict.fromkeys(use.op for use in self.of.get(value, ())))

    def describe(self, notes: Notes) -> None:
        def counts(values: list[Value] | tuple[Value, ...]) -> str:
            return ", ".join(f"%{v.name} {len(self.of[v]) if v in self.of else 'unused'}" for v in values)

        if self.function.parameters:
            notes.function(self.function, counts(self.function.parameters))
        for block in self.function.blocks:
            if block.args:
                notes.block(block, counts(block.args))
            for op in block.ops:
                if op.results:
                    notes.operation(op, counts(op.results))


def defining_block(value: Value) -> Block | None:
    """The block in which a value is defined, for a parameter the entry; None for a value that stands nowhere."""
    owner = value.owner
    if isinstance(owner, Operation):
        return owner.block
    if isinstance(owner, Block):
        return owner
    return None if owner is None else owner.entry
