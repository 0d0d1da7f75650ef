"""Algorithms on dense graphs: nodes are 0 ... n-1, ``successors[i]`` lists where ``i`` leads (duplicates allowed).

Example: ``strongly_connected([[1], [0], [0]]) == [[0, 1], [2]]``.

Strongly connected components by Tarjan (Depth-First Search and Linear Graph Algorithms, SIAM J. Comput. 1972), without
recursion; linear. People who want more than dense integers have ``ControlFlowGraph.graph`` and networkx.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def strongly_connected(successors: Sequence[Sequence[int]], nodes: Iterable[int] | None = None) -> list[list[int]]:
    """The strongly connected components, each behind all others that it leads to (reverse topological order).

    Parameters: ``nodes``, where the search starts, in this order (default: all); edges to nodes that cannot be reached
    from there do not matter. A component lists its nodes in the order in which the search found them.
    """
    count = len(successors)
    number = [-1] * count
    low = [0] * count
    on_stack = [False] * count
    stack: list[int] = []
    components: list[list[int]] = []
    found = 0
    for root in range(count) if nodes is None else nodes:
        if number[root] >= 0:
            continue
        work = [(root, 0)]
        while work:
            node, edge = work.pop()
            if edge == 0:
                number[node] = low[node] = found
                found += 1
                stack.append(node)
                on_stack[node] = True
            edges = successors[node]
            while edge < len(edges):
                other = edges[edge]
                edge += 1
                if number[other] < 0:
                    work.append((node, edge))
                    work.append((other, 0))
                    break
                if on_stack[other] and number[other] < low[node]:
                    low[node] = number[other]
            else:
                if low[node] == number[node]:
                    at = len(stack) - 1
                    while stack[at] != node:
                        at -= 1
                    component = stack[at:]
                    del stack[at:]
                    for member in component:
                        on_stack[member] = False
                    components.append(component)
                if work and low[node] < low[work[-1][0]]:
                    low[work[-1][0]] = low[node]
    return components


def reversed_edges(successors: Sequence[Sequence[int]]) -> list[list[int]]:
    """The same graph with every edge turned around."""
    found: list[list[int]] = [[] for _ in successors]
    for node, edges in enumerate(successors):
        for other in edges:
            found[other].append(node)
    return found


def reaching(successors: Sequence[Sequence[int]], start: Iterable[int]) -> list[bool]:
    """For each node, whether a node of ``start`` leads to it (a node leads to itself)."""
    seen = [False] * len(successors)
    work = list(start)
    for node in work:
        seen[node] = True
    while work:
        for other in successors[work.pop()]:
            if not seen[other]:
                seen[other] = True
                work.append(other)
    return seen
