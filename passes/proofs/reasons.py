"""Reasons: why a check cannot fail, or what would have to be known, in words.

    %i < length 0 of %xs: the branch at line 5; %k: what it is computed from
    not known: length 0 of %xs - %n >= 0

A proof rests on facts; each is named by the line that states it. What is missing is asked of the prover: it may take for true
what is said of numbers that nothing in the function computes (parameters, lengths, what was loaded or returned), and tells
what it took. Where even that does not help, an index is at fault that nothing bounds.

Invariant: nothing here proves anything; it tells what was proven, or what would be enough.
"""

from __future__ import annotations

from altru_ir.module import Block
from altru_ir.passes.analysis.facts import Form, Point
from altru_ir.passes.analysis.inequalities import Inequalities
from altru_ir.passes.proofs.certificates import AGREED
from altru_ir.passes.proofs.nodes import Along, Claim, Inductive, Node, Reduced, Split, Use, assumptions
from altru_ir.passes.proofs.prover import Prover
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
        found[f"{facts.spell(claim.form)} >= 0 on each entry of ^{claim.block.label}"] = None
    shown = list(found)
    more = f" and {len(shown) - MOST} more" if len(shown) > MOST else ""
    return ", ".join(shown[:MOST]) + more if shown else "what it is computed from"


def _stated_by(kind: str, op: Operation) -> str:
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
        for each in goal:
            for number in facts.factors[each] or (each,):
                value = facts.terms[number][0]
                if value is None:
                    continue
                op = value.operation
                if isinstance(value.owner, Block) or (op is not None and op.decl.name in COMPUTING):
                    return False
        return testable(goal, facts)


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
                return "not known: " + "; ".join(f"{facts.spell(form)} >= 0" for form in wanted)
    return "nothing bounds it: " + "; ".join(f"{facts.spell(goal)} >= 0" for goal in goals)
