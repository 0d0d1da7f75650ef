"""The control-flow graph of a function, with two faces.

Inner loops use dense integers: ``successors[i]`` and ``predecessors[i]`` are lists of block numbers (an unwind target is
a successor; duplicates are kept), blocks numbered in text order with the entry 0. People and one-off algorithms use
``graph``, a ``networkx.DiGraph`` whose nodes are block labels and whose edges carry ``kind`` (``"branch"`` or
``"unwind"``).

Example: ``f.cfg().graph.has_edge("loop", "done")``.

Invariant: a graph is a snapshot; after a change to the function's blocks, make a new one.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from altru_ir.dominance import DominatorTree, split_at_unwinding

if TYPE_CHECKING:
    from altru_ir.module import Block, Function


class ControlFlowGraph:
    """See the module's docstring. ``blocks[i]`` is block ``i``; ``number[block]`` the way back."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.blocks: list[Block] = list(function.blocks)
        self.number: dict[Block, int] = {block: i for i, block in enumerate(self.blocks)}
        number = self.number
        self.successors: list[list[int]] = [[number[s] for s in block.successors if s in number] for block in self.blocks]

    @cached_property
    def predecessors(self) -> list[list[int]]:
        """Predecessors by block number."""
        found: list[list[int]] = [[] for _ in self.blocks]
        for block, successors in enumerate(self.successors):
            for successor in successors:
                found[successor].append(block)
        return found

    @cached_property
    def dominators(self) -> DominatorTree:
        """The dominator tree."""
        return DominatorTree(self.successors)

    @cached_property
    def result_dominators(self) -> tuple[DominatorTree, list[int]]:
        """The dominator tree of blocks split where they unwind, and the node of each block's body; see ``reaches``."""
        if all(block.unwind is None for block in self.blocks):
            return self.dominators, list(range(len(self.blocks)))
        split, body = split_at_unwinding(self.successors, [block.unwind is not None for block in self.blocks])
        return DominatorTree(split), body

    def reaches(self, definition: int, use: int) -> bool:
        """Whether what the operations of block ``definition`` give is there wherever block ``use`` runs, another one.

        That is dominance, but for unwinding: when a block unwinds, its results may not be there yet.
        """
        tree, body = self.result_dominators
        return tree.dominates(body[definition], use)

    @cached_property
    def postorder(self) -> list[int]:
        """Reachable blocks in depth-first postorder."""
        seen = [False] * len(self.blocks)
        order: list[int] = []
        if not self.blocks:
            return order
        stack: list[tuple[int, int]] = [(0, 0)]
        seen[0] = True
        while stack:
            block, next_edge = stack[-1]
            edges = self.successors[block]
            while next_edge < len(edges) and seen[edges[next_edge]]:
                next_edge += 1
            if next_edge == len(edges):
                order.append(block)
                stack.pop()
            else:
                stack[-1] = (block, next_edge + 1)
                seen[edges[next_edge]] = True
                stack.append((edges[next_edge], 0))
        return order

    @cached_property
    def reverse_postorder(self) -> list[int]:
        """Reachable blocks such that, back edges aside, a block comes before its successors."""
        return self.postorder[::-1]

    @cached_property
    def graph(self) -> Any:
        """The graph as a ``networkx.DiGraph`` over block labels."""
        import networkx

        from altru_ir.text.printer import assign_names

        assign_names(self.function)
        graph = networkx.DiGraph(name=self.function.name)
        for block in self.blocks:
            graph.add_node(block.label, block=block)
        for block in self.blocks:
            if block.unwind is not None:
                graph.add_edge(block.label, block.unwind.label, kind="unwind")
            if block.ops:
                for successor in block.ops[-1].successors:
                    graph.add_edge(block.label, successor.block.label, kind="branch")
        return graph


def dominators_first(function: Function) -> list[Block]:
    """The blocks that control may reach, each behind all that dominate it: as they stand, where one of its predecessors
    stands in front of every block but the entry, and else in reverse postorder.

    Where a predecessor stands in front of every block, ways of such predecessors lead from each block back to the entry, and
    what dominates the block is on each of them.
    """
    reached = {function.entry}
    for block in function.blocks:
        if block not in reached:
            return postorder(function)[::-1]
        if block.unwind is not None:
            reached.add(block.unwind)
        if block.ops:
            for successor in block.ops[-1].successors:
                reached.add(successor.block)
    return list(function.blocks)


def postorder(function: Function) -> list[Block]:
    """The blocks that control may reach, in depth-first postorder: what uses a value comes before what defines it. As
    ``ControlFlowGraph.postorder``, for who needs nothing else of the graph."""
    seen: set[Block] = set()
    order: list[Block] = []
    stack: list[Block | None] = [function.entry]  # None stands behind a block whose successors have been put there
    push, pop = stack.append, stack.pop
    while stack:
        block = pop()
        if block is None:
            order.append(pop())  # type: ignore[arg-type]
        elif block not in seen:
            seen.add(block)
            push(block)
            push(None)
            if block.unwind is not None:
                push(block.unwind)
            successors = block.ops[-1].successors if block.ops else ()
            count = len(successors)
            if count == 1:
                push(successors[0].block)
            elif count == 2:
                push(successors[1].block)
                push(successors[0].block)
            elif count:
                stack += [successor.block for successor in reversed(successors)]
    return order
