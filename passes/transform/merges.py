"""Where values of a variable meet: the blocks at which a variable may have more than one definition behind it.

Given what each block defines, ``merges(cfg, defined)`` gives for each block ``b`` the variables that are defined on a path from
the immediate dominator of ``b`` to ``b`` (its own definitions on a cycle included). Those are the variables for which ``b`` is
in the iterated dominance frontier of their definitions: where promotion to SSA may need an argument. Sets are integers, so the
cost is a near-linear number of unions, however deep loops are nested; listing the frontier of each variable of 5,000 nested
loops would take millions of entries.

    ^entry: x, y defined                       entry: {}
    ^loop: x defined; to ^loop and ^done       loop:  {x}         done: {}

For a block b with immediate dominator d, each predecessor p of b hangs below a child c of d in the dominator tree. With
``all(x)`` the variables of the definitions in x and of its merges,

 1. M(b) = union over p of all(x) for the x from p up to c, d left out;
 2. what hangs deeper than b is known when levels are taken from the deepest up; the union along a path is kept while the path
    is shortened, as Tarjan's algorithm for dominators does;
 3. the children of one block depend on each other; those of a strongly connected component merge the same;
 4. an unwind edge leaves its block in the middle: what the block defines merges at the target, even if the block dominates it.

Invariant: ``v in M(b)`` exactly when b is in the iterated dominance frontier of the blocks that define v (but for rule 4).
tests/passes/test_merges.py compares with networkx.

References: Das and Ramakrishna, A Practical and Fast Iterative Algorithm for phi-Function Computation Using DJ Graphs, TOPLAS
2005 (merge sets); Tarjan, Applications of Path Compression on Balanced Trees, JACM 1979.
"""

from __future__ import annotations

from altru_ir.cfg import ControlFlowGraph
from altru_ir.passes.analysis.graphs import strongly_connected


def merges(cfg: ControlFlowGraph, defined: list[int]) -> list[int]:
    """For each block the set of variables that merge there. ``defined[b]`` is the set that block ``b`` defines."""
    tree = cfg.dominators
    parent = tree.parent
    count = len(cfg.blocks)
    level = [0] * count
    levels: dict[int, dict[int, list[int]]] = {}
    for block in tree.order[1:]:
        level[block] = level[parent[block]] + 1
        levels.setdefault(level[block], {}).setdefault(parent[block], []).append(block)
    unwinds = [None if block.unwind is None else cfg.number[block.unwind] for block in cfg.blocks]
    merged = [0] * count
    anchor = list(parent)
    along = [0] * count

    def climb(block: int, to: int) -> tuple[int, int]:
        """Rule 2: the ancestor of ``block`` at level ``to``, and the union of the blocks below it."""
        path = []
        while level[block] > to:
            path.append(block)
            block = anchor[block]
        union = 0
        for each in reversed(path):
            union |= along[each]
            along[each] = union
            anchor[each] = block
        return block, union

    for depth in sorted(levels, reverse=True):
        for above, group in levels[depth].items():
            from_below: dict[int, int] = {}
            beside: dict[int, list[int]] = {}
            for block in group:
                union = 0
                for before in cfg.predecessors[block]:
                    if not tree.reachable(before):
                        continue
                    if before == above:
                        if unwinds[before] == block:  # 4
                            union |= defined[before]
                        continue
                    top, below = climb(before, depth)
                    union |= below | defined[top]
                    beside.setdefault(block, []).append(top)
                from_below[block] = union
            if beside:
                _settle(group, from_below, beside, merged)
            for block in group:
                merged[block] |= from_below[block]
                along[block] = defined[block] | merged[block]
    return merged


def _settle(group: list[int], known: dict[int, int], beside: dict[int, list[int]], merged: list[int]) -> None:
    """Rule 3: makes ``merged`` of the siblings in ``group`` the union of what is known and of that of those beside."""
    place = {block: at for at, block in enumerate(group)}
    edges = [[place[other] for other in beside.get(block, ())] for block in group]
    for component in strongly_connected(edges):  # those that it depends on come first
        union = 0
        for at in component:
            union |= known[group[at]]
            for other in edges[at]:
                union |= merged[group[other]]
        for at in component:
            merged[group[at]] = union
