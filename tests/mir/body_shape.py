"""What the control flow and the uses of locals in a body say, before anything of it is written.

    bb0: StorageLive(_2) ... bb1: StorageDead(_2)        `_2` may be defined where it comes to life
    _4 = &mut _1; ... f(move _4, ...)                    `_4` is a two-phase borrow

Invariant: nothing here changes the body, or knows of the IR.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import attrs
import networkx

from tests.mir.mir_text import Block, Body, Operand, Statement, mentioned
from tests.mir.rust_types import Refused, RustType


class Shape:
    """The shape of ``body``."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.above: dict[str, str] = {}
        self.depth: dict[str, int] = {}
        self.late = self._late()

    def graph(self) -> networkx.DiGraph[str]:
        """The blocks and where control may go from each, also by unwinding."""
        graph: networkx.DiGraph[str] = networkx.DiGraph()
        graph.add_nodes_from(self.body.blocks)
        for name, block in self.body.blocks.items():
            graph.add_edges_from((name, target) for _, target in block.statements[-1].targets)
        return graph

    def order(self) -> list[str]:
        """The blocks that control reaches, each behind those that dominate it."""
        return list(networkx.dfs_preorder_nodes(self.dominators, "bb0"))

    def _late(self) -> set[str]:
        """The locals whose only ``StorageLive`` stands in front of all uses, on every way."""
        graph = self.graph()
        reached = {"bb0"} | networkx.descendants(graph, "bb0")
        above = networkx.immediate_dominators(graph.subgraph(reached), "bb0")
        self.dominators: networkx.DiGraph[str] = networkx.DiGraph()
        self.dominators.add_node("bb0")
        self.dominators.add_edges_from((parent, child) for child, parent in above.items() if child != parent)
        depth: dict[str, int] = {"bb0": 0}
        self.above, self.depth = above, depth
        for parent, child in networkx.bfs_edges(self.dominators, "bb0"):
            depth[child] = depth[parent] + 1
        alive: dict[str, list[str]] = {}
        uses: dict[str, set[str]] = {}
        first: dict[tuple[str, str], str] = {}
        for name in reached:
            for statement in self.body.blocks[name].statements:
                for local in mentioned(statement):
                    uses.setdefault(local, set()).add(name)
                    first.setdefault((local, name), statement.kind)
                if statement.kind == "live" and statement.place is not None:
                    alive.setdefault(statement.place.local, []).append(name)
        found: set[str] = set()
        for local, places in alive.items():
            if len(places) != 1 or local in self.body.parameters:
                continue
            home = places[0]
            if first[(local, home)] == "live" and all(self.dominates(home, use) for use in uses[local]):
                found.add(local)
        return found

    def dominates(self, upper: str, lower: str) -> bool:
        """Whether every way to the block ``lower`` goes through ``upper``."""
        while self.depth[lower] > self.depth[upper]:
            lower = self.above[lower]
        return upper == lower

    def two_phase(self) -> list[str]:
        """The locals that are two-phase borrows, as far as MIR shows."""
        begun: dict[str, int] = {}
        used: dict[str, int] = {}
        called: set[str] = set()
        for block in self.body.blocks.values():
            for statement in block.statements:
                if statement.kind in ("live", "dead"):
                    continue
                place, value = statement.place, statement.value
                target = place.local if place is not None and not place.steps else None
                if target is not None and value is not None and value.kind == "ref" and value.name == "mut":
                    begun[target] = begun.get(target, 0) + 1
                elif target is not None:
                    used[target] = used.get(target, 0) + 1
                for local in set(mentioned(statement)) - {target}:
                    used[local] = used.get(local, 0) + 1
                if statement.kind == "call":
                    called |= {
                        a.place.local
                        for a in statement.arguments
                        if a.kind == "move" and a.place is not None and not a.place.steps
                    }
        return [
            local
            for local, times in begun.items()
            if times == 1 and used.get(local) == 1 and local in called - set(self.body.names)
        ]

    def assigned(self) -> set[str]:
        """The blocks whose first statement belongs to the drop that makes room for it, the only way to them."""
        entered = Counter(target for block in self.body.blocks.values() for _, target in block.statements[-1].targets)
        found: set[str] = set()
        for block in self.body.blocks.values():
            drop = block.statements[-1]
            following = [self.body.blocks[target].statements[0] for _, target in drop.targets]
            same = drop.kind == "drop" and all(each.kind == "assign" and _way(each) == _way(drop) for each in following)
            if same and all(entered[target] == 1 for _, target in drop.targets):
                found |= {target for _, target in drop.targets}
        return found

    def moved_before(self, local: str, at: str) -> bool:
        """Whether control may come from a move out of a local, or of a part of it, to the block ``at``."""
        graph = self.graph()
        return any(
            at in networkx.descendants(graph, name) | {name}
            for name, block in self.body.blocks.items()
            for operand in operands(block)
            if operand.kind == "move" and operand.place is not None and operand.place.local == local
        )

    def type_of(self, operand: Operand) -> RustType:
        """The type of what an operand reads. Raises ``Refused`` behind a library type."""
        if operand.place is None:
            assert operand.type is not None
            return operand.type
        type = self.body.locals[operand.place.local]
        for step in operand.place.steps:
            if step.kind == "field":
                assert step.type is not None
                type = step.type
            elif step.kind not in ("variant", "subslice"):
                if not type.parts:
                    raise Refused("a dereference of a library type")
                type = type.parts[0]
        return type


def operands(block: Block) -> Iterator[Operand]:
    """What the statements of a block read, copied or moved."""
    for statement in block.statements:
        yield from statement.arguments
        if statement.value is not None:
            yield from statement.value.operands


def _way(statement: Statement) -> object:
    """The place of a statement without the types of its fields, whose regions are never the same."""
    place = statement.place
    return None if place is None else (place.local, [attrs.evolve(step, type=None) for step in place.steps])
