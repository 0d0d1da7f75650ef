"""Which integers of a function are meant as signed ones: the IR's integers have no sign, its operations do.

    %more = icmp sle %low, %high         // %low, %high: signed
    %span = sub %high, %low              // and so what is computed from them
    %i = bitcast %middle : usize         // %middle is signed, %i is another integer

Values that an ``add``, a ``sub``, a ``mul``, a choice or a block's argument brings together are one class. A class is signed if
an operation that reads signed numbers speaks of it (``sdiv``, ``sext``, ``icmp slt``), and none that reads unsigned ones.

Invariant: this says where to look first, and nothing else; what a number is in either reading does not depend on it.
Near-linear.

Reference: Tarjan, Efficiency of a Good But Not Linear Set Union Algorithm, JACM 1975.
"""

from __future__ import annotations

from altru_ir.module import Function
from altru_ir.values import Operation, Value

ALIKE = frozenset({"add", "sub", "mul", "smin", "smax", "umin", "umax", "sdiv", "srem"})
"""Operations whose operands and result have one sign."""
SIGNED = frozenset({"sdiv", "srem", "smin", "smax", "ashr", "sext", "sitofp"})
UNSIGNED = frozenset({"udiv", "urem", "umin", "umax", "lshr", "zext", "uitofp", "check.bounds", "check.subrange"})


class Signs:
    """The values of a function that are meant as signed numbers: ``value in signs``."""

    def __init__(self, function: Function) -> None:
        self._parent: dict[Value, Value] = {}
        signed: list[Value] = []
        unsigned: list[Value] = []
        for block in function.blocks:
            for op in block.ops:
                name = op.decl.name
                if name == "icmp":
                    sign = op.attrs["predicate"][0]  # eq and ne say nothing
                    if sign in "su":
                        (signed if sign == "s" else unsigned).extend(op.operands)
                elif name in SIGNED:
                    signed.extend(op.operands)
                elif name in UNSIGNED:
                    unsigned.extend(op.operands)
        self._signed: set[Value] = set()
        if signed:  # in most functions nothing is
            for op in function.operations():
                self._alike(op)
            self._signed = self._classes(signed) - self._classes(unsigned)

    def __contains__(self, value: Value) -> bool:
        return value in self._parent and self._class(value) in self._signed

    def _alike(self, op: Operation) -> None:
        name = op.decl.name
        if name in ALIKE:
            for value in op.operands:
                self._join(value, op.results[0])
        elif name == "select":
            for value in op.operands[1:]:
                self._join(value, op.results[0])
        elif op.successors:
            for edge in op.successors:
                given = len(edge.block.args) - len(edge.args)
                for value, argument in zip(edge.args, edge.block.args[given:], strict=True):
                    self._join(value, argument)
        elif name == "icmp":
            self._join(*op.operands)

    def _classes(self, values: list[Value]) -> set[Value]:
        return {self._class(value) for value in values if not _is_literal(value)}

    def _join(self, a: Value, b: Value) -> None:
        if not _is_literal(a) and not _is_literal(b):
            self._parent[self._class(a)] = self._class(b)

    def _class(self, value: Value) -> Value:
        parent = self._parent
        root = value
        while parent.setdefault(root, root) is not root:
            root = parent[root]
        while parent[value] is not root:
            parent[value], value = root, parent[value]
        return root


def _is_literal(value: Value) -> bool:
    """Whether a value is a constant: one that stands in many classes says nothing about any."""
    op = value.operation
    return op is not None and op.decl.name == "const"
