"""Goals: what must not be negative for a check not to fail.

    check.bounds %i, %n          u(n) - u(i) - 1
    check.subrange %a, %b, %n    u(b) - u(a) and u(n) - u(b)
    check.quotient %x, %y        one of s(y), s(x) + 2^(w-1) - 1, -2 - s(y)

Invariant: these are the goals of clause 10 of ``certificates``.
"""

from __future__ import annotations

from altru_ir.passes.analysis.definitions import width
from altru_ir.passes.analysis.facts import Raw
from altru_ir.passes.analysis.inequalities import Inequalities
from altru_ir.passes.proofs.alignment import Chain
from altru_ir.passes.proofs.nodes import Node
from altru_ir.passes.proofs.prover import Prover
from altru_ir.values import Operation


def goals_of(op: Operation, facts: Inequalities) -> list[list[Raw]]:
    """What must not be negative for a check not to fail: all of one of the lists."""
    name = op.decl.name
    if name == "check.bounds":
        index, length = op.operands
        return [[(((1, length, "u"), (-1, index, "u")), -1)]]
    if name == "check.subrange":
        low, high, length = op.operands
        return [[(((1, high, "u"), (-1, low, "u")), 0), (((1, length, "u"), (-1, high, "u")), 0)]]
    if name in ("check.nonnull", "check.nonzero"):
        return [[(((1, op.operands[0], "u"),), -1)]]
    if name == "check.quotient":
        dividend, divisor = op.operands
        least = 1 << width(dividend.type, facts.module) >> 1
        return [[(((1, divisor, "s"),), 0)], [(((1, dividend, "s"),), least - 1)], [(((-1, divisor, "s"),), -2)]]
    return []


Found = list[tuple[Raw, Node]] | Chain
"""What shows that a check cannot fail: its goals, each with a node, or a chain for ``check.align``."""


def proven(op: Operation, prover: Prover) -> Found | None:
    """What shows that a check cannot fail; None when it was not proven."""
    facts = prover.facts
    point = facts.before(op)
    if op.decl.name == "check.align":
        return prover.alignments.prove(op.operands[0], op.attrs["alignment"], point)
    for goals in goals_of(op, facts):
        found: list[tuple[Raw, Node]] = []
        for goal in goals:
            node = prover.prove(facts.form(goal), point)
            if node is None:
                break
            found.append((goal, node))
        else:
            return found
    return None


def nodes_of(found: Found) -> list[Node]:
    """The nodes of what was found."""
    return [] if isinstance(found, Chain) else [node for _, node in found]
