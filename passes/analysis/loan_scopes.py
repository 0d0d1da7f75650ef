"""Loan scopes: for each loan where it could still be needed, roughly; and so which accesses could conflict with it at all.

    %r = borrow mut %x          loan 0 begins
    store through %r            %r is used for the last time: up to here
    %n = load %x                no need to ask whether this conflicts with loan 0

A loan may be found in every origin that its own flows into, wherever flows stand (no order, no places); it is needed at most
where a variable with one of these is live. That is what a borrow checker without places would go by (NLL). The exact answer
costs much more, so it is asked only for what is left: mostly nothing.

Rules, cited by number in the code:
 1. a variable is live from a use back to its definitions; on an edge only what the edge defines is defined;
 2. where it is live in one block alone, from its definition on, there it is needed up to its last use, and from the head of
    the block on if it is an argument of it; else in all of each block in which it is live anywhere;
 3. an origin is needed where its variables are, and where the origins are that it flows into; a region of the signature
    everywhere;
 4. an access could conflict with the loans of its root that are needed where it happens: in the block in which a loan begins
    and ends behind its beginning only, unless it comes around a loop, into an argument of the block; at an exit those only
    that flow into a region of the signature.

Invariant: a superset of the conflicts that ``loans`` finds. The work is linear but for the blocks through which variables live.
Source: Matsakis et al., RFC 2094 (non-lexical lifetimes), whose regions these are, by blocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from altru_ir.passes.analysis.graphs import strongly_connected
from altru_ir.passes.analysis.loans import bits

EVERYWHERE = -1


@attrs.frozen
class Scope:
    """Where something is needed: in all of the ``blocks`` (a set of bits), and in block ``home`` up to point ``last``, where
    it may come in from outside if it ``enters``."""

    blocks: int = 0
    home: int = -1
    last: int = -1
    enters: bool = False

    def joined(self, other: Scope) -> Scope:
        """Where either is needed; one home is kept, and of another all of the block."""
        blocks = self.blocks | other.blocks
        if other.home < 0 or other is self:
            return self if blocks == self.blocks else Scope(blocks, self.home, self.last, self.enters)
        if self.home < 0 or self.home == other.home:
            return Scope(blocks, other.home, max(self.last, other.last), self.enters or other.enters)
        return Scope(blocks | 1 << other.home, self.home, self.last, self.enters)


NOWHERE = Scope()


def variable_scopes(
    block_of: Sequence[int],
    predecessors: Sequence[Sequence[tuple[int, int]]],
    used: Sequence[tuple[object, int]],
    defined: Sequence[tuple[object, int]],
    edge_of: Sequence[int],
) -> dict[object, Scope]:
    """Where each variable is live (1, 2).

    Parameters: the block of each point; the predecessors of each block with the number of the edge; uses and definitions as
    pairs of a variable and a point, in the order of points within a block; ``edge_of``, for a point on an edge which it is
    (-1: none).
    """
    uses: dict[object, dict[int, list[int]]] = {}
    for name, point in used:
        uses.setdefault(name, {}).setdefault(block_of[point], []).append(point)
    begins: dict[object, dict[int, list[int]]] = {}
    on_edges: set[tuple[object, int, int]] = set()
    for name, point in defined:
        if name not in uses:
            continue
        if edge_of[point] >= 0:
            on_edges.add((name, block_of[point], edge_of[point]))
        else:
            begins.setdefault(name, {}).setdefault(block_of[point], []).append(point)
    found: dict[object, Scope] = {}
    for name, by_block in uses.items():
        own = begins.get(name, {})
        work = []
        within = 0
        for block, points in by_block.items():
            first = own.get(block)
            if first is None or min(points) <= min(first):
                work.append(block)
            within |= 1 << block
        if not work and len(by_block) == 1:  # 2
            (block,) = by_block
            found[name] = Scope(0, block, max(by_block[block]))
            continue
        live = set(work)
        while work:
            block = work.pop()
            for before, edge in predecessors[block]:
                if (name, before, edge) in on_edges:
                    continue
                within |= 1 << before
                if before not in own and before not in live:
                    live.add(before)
                    work.append(before)
        if len(live) == len(by_block) == 1 and within == 1 << min(live):  # an argument of its block
            (block,) = by_block
            found[name] = Scope(0, block, max(by_block[block]), enters=True)
        else:
            found[name] = Scope(within)
    return found


def origin_scopes(
    count: int, universal: int, flows: Sequence[tuple[int, int, int]], of_variables: Iterator[tuple[int, Scope]],
    wanted: Sequence[int],
) -> dict[int, Scope]:  # fmt: skip
    """Where each origin that is reached from the ``wanted`` ones is needed (3); flows are pairs with a point."""
    after: list[list[int]] = [[] for _ in range(count)]
    for a, b, _ in flows:
        after[a].append(b)
    own: list[Scope] = [NOWHERE] * count
    for origin, scope in of_variables:
        own[origin] = own[origin].joined(scope)
    for origin in range(universal):
        own[origin] = Scope(EVERYWHERE)
    found: dict[int, Scope] = {}
    for component in strongly_connected(after, sorted(set(wanted))):
        scope = NOWHERE
        for origin in component:
            scope = scope.joined(own[origin])
            for b in after[origin]:
                if b in found:
                    scope = scope.joined(found[b])
        for origin in component:
            found[origin] = scope
    return found


class ScopeIndex:
    """The scopes of loans from one root, to be asked for those in which a point is (4). Points are asked for in order, block
    by block; what has been asked for cannot be added to."""

    def __init__(self) -> None:
        self._everywhere = 0
        self._whole: dict[Scope, int] = {}
        self._blocks = 0
        self._at_heads: dict[int, int] | None = None
        self._parts: dict[int, list[tuple[int, int, int]]] = {}
        self._in: dict[int, int] = {}
        self._changes: dict[int, list[tuple[int, int]]] = {}

    def add(self, scope: Scope, block: int, begin: int, loan: int) -> None:
        """A loan, known by its number, that begins at the point ``begin`` of ``block``."""
        bit = 1 << loan
        if scope.blocks == EVERYWHERE:
            self._everywhere |= bit
        elif scope.blocks:
            self._whole[scope] = self._whole.get(scope, 0) | bit
        if scope.home >= 0 and not scope.blocks >> scope.home & 1:
            first = begin if scope.home == block and not scope.enters else -1
            if first <= scope.last:
                self._parts.setdefault(scope.home, []).append((first, scope.last, bit))

    def expect(self, block: int) -> None:
        """There will be a question about a block: each is announced before the first question."""
        self._blocks |= 1 << block

    def _heads(self) -> dict[int, int]:
        """The loans that are needed in all of a block, by blocks."""
        found = self._at_heads
        if found is None:
            found = self._at_heads = {}
            for scope, loans in self._whole.items():
                for block in bits(scope.blocks & self._blocks):
                    found[block] = found.get(block, 0) | loans
        return found

    def at(self, block: int, point: int) -> int:
        """The loans, as bits, that are needed at a point."""
        found = self._in.get(block)
        if found is None:
            found = self._everywhere | self._heads().get(block, 0)
            changes = self._changes[block] = []
            for first, last, bit in self._parts.get(block, ()):
                changes += (first, bit), (last + 1, bit)
            changes.sort(reverse=True)
        changes = self._changes[block]
        while changes and changes[-1][0] <= point:
            found ^= changes.pop()[1]
        self._in[block] = found
        return found


__all__ = ["EVERYWHERE", "NOWHERE", "Scope", "ScopeIndex", "origin_scopes", "variable_scopes"]
