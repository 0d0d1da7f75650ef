"""Comparisons: what conditions, edges and checks say of integers.

    %inside = and %a, %b               holds: what %a says and what %b says
    %a = icmp ult %i, %n               holds: ("ult", %i, %n); does not: ("uge", %i, %n)
    check.subrange %low, %high, %n     passed: ("ule", %low, %high) and ("ule", %high, %n)

Invariant: each comparison of a list holds wherever the condition does, the edge is taken, or the check has been passed.
"""

from __future__ import annotations

from altru_ir.passes.analysis.definitions import width
from altru_ir.passes.analysis.intervals import OPPOSITE
from altru_ir.values import Operation, Value

MOST_CONDITIONS = 64
SAYING = frozenset({"check.bounds", "check.subrange", "check.nonzero", "check.nonnull", "assume"})
DECIDING = frozenset({"cond_br", "switch"})

Said = tuple[str, Value, Value | int]
"""A comparison: a predicate, and what it is between."""
COMPARISONS: dict[str, tuple[int, int, str, bool, bool]] = {
    "eq": (1, 0, "us", True, False), "ne": (1, 0, "us", False, True),
    **{f"{reading}{word}": (sign, constant, reading, False, False)
       for reading in "us"
       for word, sign, constant in (("lt", -1, -1), ("le", -1, 0), ("gt", 1, -1), ("ge", 1, 0))},
}  # fmt: skip
"""What a predicate says: the sign of its first operand, the constant, the readings in which it speaks of integers, and whether
it is an equality, or a difference."""


def condition_says(condition: Value, holds: bool) -> list[Said]:
    """The comparisons that a condition stands for."""
    said: list[Said] = []
    work = [(condition, holds)]
    for each, holds in work:
        op = each.operation
        if op is None or len(work) > MOST_CONDITIONS:
            continue
        name = op.decl.name
        if name == "icmp":
            predicate = op.attrs["predicate"]
            said.append((predicate if holds else OPPOSITE[predicate], op.operands[0], op.operands[1]))
        elif (name == "and" and holds) or (name == "or" and not holds):
            work += [(operand, holds) for operand in op.operands]
        elif name == "xor":
            from altru_ir.literals import constant_integer

            a, b = op.operands
            if constant_integer(b) in (1, -1):
                work.append((a, not holds))
            elif constant_integer(a) in (1, -1):
                work.append((b, not holds))
    return said


CHOICES = frozenset({"select", "umin", "umax", "smin", "smax"})
"""The operations whose result is one of their operands."""


def choice_says(op: Operation, first: bool) -> tuple[Value, list[Said]]:
    """The operand that one of ``CHOICES`` gives in a case, and the comparisons that stand for the case."""
    name, operands = op.decl.name, op.operands
    if name == "select":
        return operands[1 if first else 2], condition_says(operands[0], first)
    a, b = operands
    return (a if first else b), [(f"{name[0]}{'le' if first == (name[1:] == 'min') else 'ge'}", a, b)]


def branch_says(terminator: Operation, index: int) -> list[Said]:
    """What it says that control takes an edge."""
    name = terminator.decl.name
    if name == "cond_br":
        return condition_says(terminator.operands[0], index == 0)
    if name != "switch":
        return []
    value = terminator.operands[0]
    function = terminator.function
    assert function is not None
    assert function.module is not None
    full = 1 << width(value.type, function.module)
    case = terminator.successors[index].case
    if case is not None:
        return [("eq", value, int(case) % full)]
    return [("ne", value, int(edge.case) % full) for edge in terminator.successors if edge.case is not None]


def check_says(op: Operation) -> list[Said]:
    """What it says that a check did not panic, and what ``assume`` does."""
    name = op.decl.name
    if name == "check.bounds":
        return [("ult", op.operands[0], op.operands[1])]
    if name == "check.subrange":
        low, high, length = op.operands
        return [("ule", low, high), ("ule", high, length)]
    if name in ("check.nonzero", "check.nonnull"):
        return [("uge", op.operands[0], 1)]
    if name == "assume":
        return condition_says(op.operands[0], True)
    return []
