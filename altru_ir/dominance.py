"""Dominators by Semi-NCA (Georgiadis, Tarjan, Werneck: Finding Dominators in Practice, 2006).

Block ``a`` dominates ``b`` when every path from the entry to ``b`` goes through ``a``; the immediate dominator of ``b``
is its closest strict dominator, and the immediate dominators form a tree rooted at the entry.

Example: for the diamond 0 -> 1, 0 -> 2, 1 -> 3, 2 -> 3 the immediate dominators are ``[-1, 0, 0, 0]``.

Steps, cited by number in the code: (1) number blocks in depth-first preorder; (2) in reverse preorder compute
semidominators with path compression; (3) in preorder, the immediate dominator is the nearest ancestor of the parent in
the tree built so far whose number is not above the semidominator's.

Near-linear in practice; no recursion. Invariant: ``before[a] <= before[b] <= last[a]`` exactly when ``a`` dominates ``b``.

A block that names an unwind target is left in the middle by that edge, so a result in it is not defined where its target is,
though the block dominates that. ``split_at_unwinding`` makes two nodes of such a block: its start, from where the edge to the
target leaves, and its body, which holds the operations and goes on to the other successors.
"""

from __future__ import annotations

from collections.abc import Sequence

UNREACHABLE = -1


def immediate_dominators(successors: Sequence[Sequence[int]], entry: int = 0) -> list[int]:
    """Immediate dominators.

    Parameters: ``successors[b]``, the blocks that ``b`` goes to (duplicates allowed). Returns a list with the immediate
    dominator of each block; -1 for the entry and for blocks that cannot be reached.
    """
    count = len(successors)
    number = [-1] * count  # (1) preorder number of a block
    order: list[int] = []  # block by preorder number
    parent: list[int] = []  # preorder number of the depth-first parent
    came_from = [0] * count  # preorder number of the block that has put a block on the stack last
    stack = [entry] if count else []
    while stack:
        block = stack.pop()
        if number[block] >= 0:
            continue
        here = number[block] = len(order)
        order.append(block)
        parent.append(came_from[block])
        for successor in reversed(successors[block]):
            if number[successor] < 0:
                came_from[successor] = here
                stack.append(successor)
    reached = len(order)
    predecessors: list[list[int]] = [[] for _ in order]
    for at, block in enumerate(order):
        for successor in successors[block]:
            predecessors[number[successor]].append(at)

    semi = list(range(reached))
    label = list(range(reached))
    ancestor = list(parent)
    for at in range(reached - 1, 0, -1):  # (2)
        if len(predecessors[at]) == 1:
            semi[at] = parent[at]
            continue
        least = at
        for predecessor in predecessors[at]:
            if predecessor > at:
                # Compress the path from `predecessor` up to the vertices not yet processed (those not above `at`).
                path = []
                v = predecessor
                while ancestor[v] > at:
                    path.append(v)
                    v = ancestor[v]
                top = v
                for v in reversed(path):
                    above = ancestor[v]
                    if semi[label[above]] < semi[label[v]]:
                        label[v] = label[above]
                    ancestor[v] = ancestor[top]
                candidate = semi[label[predecessor]]
            else:
                candidate = predecessor
            if candidate < least:
                least = candidate
        semi[at] = least
    dominator = list(parent)
    for at in range(1, reached):  # (3)
        up = dominator[at]
        while up > semi[at]:
            up = dominator[up]
        dominator[at] = up
    found = [UNREACHABLE] * count
    for at in range(1, reached):
        found[order[at]] = order[dominator[at]]
    return found


class DominatorTree:
    """The dominator tree with constant-time queries.

    ``parent[b]`` is the immediate dominator (-1 for the entry and unreachable blocks), ``children[b]`` the blocks it
    immediately dominates, ``order`` all reachable blocks in preorder of the tree, ``before`` and ``last`` the preorder
    number of a block and of the last block under it.
    """

    __slots__ = ("before", "children", "entry", "last", "order", "parent")

    def __init__(self, successors: Sequence[Sequence[int]], entry: int = 0) -> None:
        count = len(successors)
        self.entry = entry
        self.parent = immediate_dominators(successors, entry)
        self.children: list[list[int]] = [[] for _ in range(count)]
        for block, up in enumerate(self.parent):
            if up >= 0:
                self.children[up].append(block)
        self.before = [-1] * count
        self.last = [-1] * count
        self.order: list[int] = []
        order, before, last, children = self.order, self.before, self.last, self.children
        stack = [entry] if count else []
        while stack:
            block = stack.pop()
            before[block] = len(order)
            order.append(block)
            stack += children[block][::-1]
        for block in reversed(order):
            below = children[block]
            last[block] = last[below[-1]] if below else before[block]

    def reachable(self, block: int) -> bool:
        """Whether the entry reaches ``block``."""
        return self.before[block] >= 0

    def dominates(self, above: int, below: int) -> bool:
        """Whether ``above`` dominates ``below`` (a block dominates itself). False when either is unreachable."""
        return 0 <= self.before[above] <= self.before[below] <= self.last[above]


def split_at_unwinding(successors: Sequence[Sequence[int]], unwinds: Sequence[bool]) -> tuple[list[list[int]], list[int]]:
    """The graph in which dominance is that of results, not of blocks.

    Parameters: ``unwinds[b]`` says that the last successor of ``b`` is its unwind target. Returns the successors of all nodes,
    those of the blocks' starts first and with the numbers of the blocks, and for each block the node of its body: another
    one for a block that unwinds, the same for all others.
    """
    split = [list(edges) for edges in successors]
    body = list(range(len(split)))
    for block, leaves in enumerate(unwinds):
        if leaves:
            body[block] = len(split)
            split.append(split[block][:-1])
            split[block] = [body[block], split[block][-1]]
    return split, body
