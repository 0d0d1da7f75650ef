"""Reasons: why a check cannot fail, or what would have to be known, in words.

    the branch at line 5, what %k is
    not known: %n <= length of %xs
    nothing bounds it: %j < length of %xs; %j is loaded at line 12

A proof rests on facts; each is named by the line that states it. What is missing is asked of the prover: it may take for true
what is said of numbers that nothing in the function computes (parameters, lengths, what was loaded or returned), and tells
what it took. Where even that does not help, an index is at fault that nothing bounds.

Invariant: nothing here proves anything; it tells what was proven, or what would be enough.
"""

from __future__ import annotations

from altru_ir.module import Block
from altru_ir.passes.analysis.facts import Form, Point
from altru_ir.passes.analysis.inequalities import Inequalities
from altru_ir.passes.proofs.certificates import AGREED, MERGED
from altru_ir.passes.proofs.nodes import Along, Claim, Inductive, Node, Reduced, Split, Use, assumptions
from altru_ir.passes.proofs.prover import Prover
from altru_ir.passes.proofs.wording import comparison, comparisons, fetched
from altru_ir.passes.transform.guards import testable
from altru_ir.values import Operation

MOST = 4
COMPUTING = frozenset({"add", "sub", "mul", "shl", "and", "udiv", "urem", "umin", "umax", "select", "zext", "trunc", "sext"})


def why(nodes: list[Node], facts: Inequalities) -> str:
    """The facts that a proof rests on."""
    found: dict[str, None] = {}
    claims: set[Claim] = set()
    work = list(reversed(nodes))
    while work:
        node = work.pop()
        facts_used = [node.fact] if isinstance(node, Use) else []
        if isinstance(node, Along):
            facts_used = [fact for fact, _ in reversed(node.way.links())]
        for fact in facts_used:
            source = fact.origin
            if source is None or source[0] == "lemma":
                claims.add(fact.source[1])
            elif source[0] in ("branch", "passed"):
                found[_stated_by(source[0], source[1])] = None
            elif source[0] == "chosen":
                found[f"the choice{_at(source[1])}"] = None
            elif source[0] == "definition":
                found[f"what %{source[1].result.name} is"] = None
        if isinstance(node, Use):
            work += [*reversed(node.needs), node.rest]
        elif isinstance(node, Reduced):
            work.append(node.rest)
        elif isinstance(node, Split):
            work += [node.if_false, node.if_true]
        elif isinstance(node, Inductive):
            claims.add(node.lemma)
    for claim in sorted(claims, key=lambda each: each.fact.rank):
        found[f"{comparison(claim.form, facts)} on each entry of ^{claim.block.label}"] = None
    shown = list(found)
    more = f" and {len(shown) - MOST} more" if len(shown) > MOST else ""
    return ", ".join(shown[:MOST]) + more if shown else "what it is computed from"


def _stated_by(kind: str, op: Operation) -> str:
    if MERGED in op.attrs:
        return f"the one test for neighbouring checks{_at(op)}"
    if op.decl.name != "assume":
        return f"{'the branch' if kind == 'branch' else 'the check'}{_at(op)}"
    if AGREED not in op.attrs:
        return f"the assumption{_at(op)}"
    return f"what holds at all calls{_at(op)}"


def _at(op: Operation) -> str:
    at = op.location
    return "" if at is None else f" at line {at.line}"


class _Given:
    """Numbers that nothing in the function computes may have any relation that a program could test."""

    def __init__(self, facts: Inequalities) -> None:
        self.facts = facts
        self.header: Block = facts.function.blocks[0]
        self.limit = 1 << 62

    def __call__(self, goal: Form, point: Point) -> bool:
        facts = self.facts
        if all(coefficient < 0 for number, coefficient in goal.items() if number) and any(
            number and isinstance(facts.terms[number][1], int) for number in goal
        ):
            return False  # that a length is at most a number is no promise that anybody wants to give
        for each in goal:
            for number in facts.factors[each] or (each,):
                value = facts.terms[number][0]
                if value is None:
                    continue
                op = value.operation
                if isinstance(value.owner, Block) or (op is not None and op.decl.name in COMPUTING):
                    return False
        return testable(goal, facts)


def misaligned(op: Operation) -> str:
    """What would have to be known for a ``check.align``: where its pointer comes from."""
    name = f"%{op.operands[0].name}" if op.operands[0].name else "the pointer"
    return f"not known: {name} is a multiple of {op.attrs['alignment']}, as one of a reference to such is, or one of `alloc`"


def missing(goals: list[Form], point: Point, facts: Inequalities) -> str:
    """What would have to be known for all goals to hold at a point."""
    for without_checks in (True, False):
        prover = Prover(facts)
        prover.assume = _Given(facts)
        prover.without_checks = without_checks
        prover.assume_needs = not without_checks
        nodes = []
        for goal in goals:
            node = prover.prove(goal, point)
            if node is None:
                break
            nodes.append(node)
        else:
            wanted = assumptions(nodes)
            if wanted:
                return f"not known: {comparisons(wanted, facts)}{fetched(wanted, facts)}"
    return f"nothing bounds it: {comparisons(goals, facts)}{fetched(goals, facts)}"
