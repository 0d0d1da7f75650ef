"""Alignment: does a number divide the address that a pointer is?

    %p = ref.to_ptr %r           // %r: ref<mut i64>: 8 divides it
    br ^loop(%p)
    ^loop(%q: ptr<mut i64>):     // 8 divides %q on each edge: %p, and %q moved by an i64
      check.align %q, 8          // cannot fail
      %next = ptr.add %q, %one
      br ^loop(%next)

Rules, cited by number in the code; they are those of clause 8 of ``certificates``. A divides the address of a value if
 1. it is a reference or an owner of something that A's multiple aligns, or it is null, or what ``alloc`` gives;
 2. a check that dominates the point has found out;
 3. it is the address of another one of which that holds: a cast, the pointer of a reference or a slice;
 4. it is such a one moved by elements whose size A divides;
 5. it is an argument of a block, and what each edge hands over is such (induction).

Invariant: each proof ends in 1, 2 or 5. A chain has at most ``LONGEST`` links, a lemma at most ``EDGES`` edges.
"""

from __future__ import annotations

import attrs

from altru_ir.layout import LayoutError, layout_of
from altru_ir.module import Block
from altru_ir.passes.analysis.facts import Point
from altru_ir.passes.analysis.inequalities import Inequalities, edge_values
from altru_ir.passes.proofs import certificates as c
from altru_ir.passes.proofs.sources import gives_aligned
from altru_ir.types import ArrayType, OwnType, PtrType, RefType, Type
from altru_ir.values import Operation, Value

LONGEST = 64
EDGES = 24
SAME = frozenset({"ptr.cast", "ref.to_ptr", "slice.ptr", "own.into_ptr"})


@attrs.define(eq=False)
class Chain:
    """A proof: ``links`` lead from the value to one of which it is known by ``source`` or by ``lemma``."""

    value: Value
    alignment: int
    links: list[Operation]
    source: c.Source | None = None
    lemma: Meeting | None = None


@attrs.define(eq=False)
class Meeting:
    """Rule 5: a lemma about an argument of a block."""

    block: Block
    statement: c.Aligned
    edges: list[Chain | None]


class Alignments:
    """Answers for one function."""

    def __init__(self, facts: Inequalities) -> None:
        self.facts = facts
        self._checks: dict[Value, list[Operation]] = {}
        for op in facts.function.operations():
            if op.decl.name == "check.align":
                self._checks.setdefault(op.operands[0], []).append(op)
        self._meetings: dict[tuple[Value, int], Meeting | None] = {}

    def prove(self, value: Value, alignment: int, point: Point) -> Chain | None:
        """A proof that ``alignment`` divides ``value`` at ``point``; None when none was found."""
        chain = Chain(value, alignment, [])
        for _ in range(LONGEST):
            chain.source = self._known(value, alignment, point)
            if chain.source is not None:
                return chain
            op = value.operation
            if op is None:
                chain.lemma = self._meeting(value, alignment) if isinstance(value.owner, Block) else None
                return None if chain.lemma is None else chain
            if gives_aligned(op, alignment):  # 1
                chain.source = c.Definition(op)
                return chain
            moves = op.decl.name == "ptr.add" and self._size(op.result.type) % alignment == 0  # 4
            if not moves and op.decl.name not in SAME:  # 3
                return None
            chain.links.append(op)
            value = op.operands[0]
        return None

    def _known(self, value: Value, alignment: int, point: Point) -> c.Source | None:
        type = value.type
        if isinstance(type, (RefType, OwnType)) and self._align(type.target) % alignment == 0:  # 1
            return c.Type(c.Term(value, "u"))
        facts = self.facts
        for op in self._checks.get(value, ()):  # 2
            assert op.block is not None
            node = facts.body[facts.cfg.number[op.block]]
            if (
                facts.rank_at(op) < point.rank
                and facts.tree.last[node] >= point.before
                and op.attrs["alignment"] % alignment == 0
            ):
                return c.Passed(op)
        return None

    def _meeting(self, value: Value, alignment: int) -> Meeting | None:  # 5
        key = value, alignment
        if key in self._meetings:
            return self._meetings[key]
        facts = self.facts
        block = value.owner
        assert isinstance(block, Block)
        edges = facts.edges[block]
        if block in facts.cleanups or block is facts.function.blocks[0] or len(edges) > EDGES or len(self._meetings) > LONGEST:
            return None
        so_far = set(self._meetings)
        meeting = self._meetings[key] = Meeting(block, c.Aligned(value, alignment), [])
        for terminator, edge in edges:
            assert terminator.block is not None
            if not facts.tree.reachable(facts.cfg.number[terminator.block]):
                meeting.edges.append(None)
                continue
            handed = edge_values(block, edge).get(value)
            point = facts.edge(terminator, terminator.successors.index(edge))
            chain = None if handed is None else self.prove(handed, alignment, point)
            if chain is None:
                for other in set(self._meetings) - so_far:  # they may have rested on this one
                    del self._meetings[other]
                self._meetings[key] = None
                return None
            meeting.edges.append(chain)
        return meeting

    def _align(self, type: Type) -> int:
        try:
            return layout_of(type.element if isinstance(type, ArrayType) else type, self.facts.module).align
        except LayoutError:
            return 1

    def _size(self, type: Type) -> int:
        assert isinstance(type, PtrType)
        try:
            return layout_of(type.target.element if isinstance(type.target, ArrayType) else type.target, self.facts.module).size
        except LayoutError:
            return 1


def derivation(chain: Chain, lemma: int | None) -> c.Derivation:
    """The steps of a chain; ``lemma`` is the number of its lemma, if it has one."""
    steps: list[c.Step] = []
    values = [chain.value, *(op.operands[0] for op in chain.links)]
    if lemma is not None:
        steps.append(c.Invariant(lemma))
    else:
        assert chain.source is not None
        steps.append(c.Multiple(values[-1], chain.alignment, chain.source))
    for value, op in zip(reversed(values[:-1]), reversed(chain.links), strict=True):
        steps.append(c.Multiple(value, chain.alignment, c.Definition(op), (len(steps) - 1,)))
    return tuple(steps)
