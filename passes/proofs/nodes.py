"""Nodes: what shows that a goal is not negative, as the prover found it.

    Use(goal u(n) - u(i) - 1, fact u(k) - u(i) - 1 >= 0, rest Use(goal u(n) - u(k), fact u(n) - u(k) >= 0, rest Limits({})))

A node is for one goal; the rules are the prover's. ``writer`` makes the steps of a certificate of nodes, ``reasons`` words.

Invariant: with what its nodes show, each node's goal follows by one rule; a ``Claim`` may be used on its own edges (rule 5), so
that nodes and claims can form cycles, through ``Claim.edges`` alone.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from altru_ir.module import Block
from altru_ir.passes.analysis.facts import Fact, Form
from altru_ir.passes.proofs.chains import Way
from altru_ir.values import Operation


@attrs.define(eq=False)
class Use:
    """Rule 2: ``scale * goal + (scale - 1) = multiplier * fact + rest``."""

    goal: Form
    fact: Fact
    scale: int
    multiplier: int
    rest: Node
    needs: tuple[Node, ...] = ()


@attrs.define(eq=False)
class Limits:
    """Rule 1."""

    goal: Form


@attrs.define(eq=False)
class Reduced:
    """Rule 2: ``goal = divisor * rest + slack``, with a slack that is not negative."""

    goal: Form
    divisor: int
    rest: Node


@attrs.define(eq=False)
class Inductive:
    """Rule 5: ``goal`` is the lemma."""

    goal: Form
    lemma: Claim


@attrs.define(eq=False)
class Split:
    """Rule 6: the nodes are for the goal with the operands of ``choice`` in the place of what it gives."""

    goal: Form
    choice: Operation
    if_true: Node
    if_false: Node


@attrs.define(eq=False)
class Assumed:
    """Rule 9."""

    goal: Form


@attrs.define(eq=False)
class Along:
    """Rule 13: the facts of ``way`` and something that is not negative add up to ``goal``."""

    goal: Form
    way: Way


Node = Use | Limits | Reduced | Inductive | Split | Assumed | Along


@attrs.define(eq=False)
class Claim:
    """An invariant of a block. ``edges`` has a node for each edge; None for one that cannot be reached."""

    block: Block
    form: Form
    fact: Fact
    edges: list[Node | None]


def within(nodes: list[Node]) -> Iterator[Node]:
    """The nodes, and all that they rest on."""
    claims: set[Claim] = set()
    work = list(nodes)
    while work:
        node = work.pop()
        yield node
        claim: Claim | None = None
        if isinstance(node, Use):
            work += [*node.needs, node.rest]
            source = node.fact.source
            if source[0] == "lemma":
                claim = source[1]
        elif isinstance(node, Reduced):
            work.append(node.rest)
        elif isinstance(node, Split):
            work += [node.if_false, node.if_true]
        elif isinstance(node, Inductive):
            claim = node.lemma
        if claim is not None and claim not in claims:
            claims.add(claim)
            work += [each for each in claim.edges if each is not None]


def assumptions(nodes: list[Node]) -> list[Form]:
    """What was taken for true (rule 9) in the nodes, each form once."""
    found: list[Form] = []
    for node in within(nodes):
        if isinstance(node, Assumed) and node.goal not in found:
            found.append(node.goal)
        elif isinstance(node, Use) and node.fact.source[0] == "supposed" and node.fact.form not in found:
            found.append(node.fact.form)
    return found


def facts_of(nodes: list[Node]) -> Iterator[Fact]:
    """The facts that the nodes rest on."""
    for node in within(nodes):
        if isinstance(node, Use):
            yield node.fact
        elif isinstance(node, Along):
            yield from (fact for fact, _ in node.way.links())
