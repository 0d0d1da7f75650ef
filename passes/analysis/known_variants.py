"""Known variants: which enums in places are known to hold which variant, at each point of a function.

    switch_enum %l, Some ^some, None ^none
    ^some:  %p = variant %l, Some            `Some` of %l is known
            %x = load %p                     so this finds its payload
            assign %l, %other                from here on it is not
            %y = load %p

A fact is an enum's path (``loan_paths``, with the values of its indices) and a variant that some ``variant`` of the function
names; it holds where it holds on every way. Clauses, cited by number in the code:
 1. the edge of an in-place ``switch_enum`` to a variant tells it, and so does the edge for the others when one is left;
 2. so do the edges of a ``switch`` on a ``discriminant`` that was read in the same block;
 3. a store of a value that ``enum`` has made tells its variant; nothing else does;
 4. a store into the enum, or into what it is a part of, unsays it, and so does an exclusive borrow of such: the variant can
    be changed through that from then on. What is done to the payload leaves the variant as it is.

The definition of a path's root or index, run again, makes another path of it. Of that nothing is known there, for the way that
came there first knew nothing, and a fact holds where it does on every way. Behind raw pointers and ``assume_init`` the program
promises, so nothing is asked; nor is anything in globals. Moves do not matter here: what was moved must not be used at all.

Invariant: where a fact holds, the enum holds the variant or was moved, whatever way control has come; ``check-loans`` sees to
it that nobody else writes meanwhile. Source: rustc has the same by construction, for its patterns become switches.
"""

from __future__ import annotations

from collections.abc import Iterator

from altru_ir.behaviour import accesses
from altru_ir.cfg import ControlFlowGraph
from altru_ir.dataflow import BitProblem, Solution, solve
from altru_ir.declare import BORROW, EXCHANGE, INIT, WRITE
from altru_ir.module import Block, Function, Module
from altru_ir.ops.enums import variants_of
from altru_ir.passes.analysis.element_sets import apart
from altru_ir.passes.analysis.loan_paths import LoanPaths, Path
from altru_ir.types import PlaceType, PtrType, RefType, Type
from altru_ir.values import Operation, Value

Enum = tuple[Path, tuple[Value, ...]]
"""An enum in a place: its path and the indices that are no constants."""


class KnownVariants(BitProblem):
    """The facts for one function: ``facts``, with a bit for each enum and variant, and where there are some ``solution``."""

    must = True

    def __init__(self, function: Function, module: Module, cfg: ControlFlowGraph) -> None:
        self.module = module
        self.cfg = cfg
        self.facts: dict[tuple[Enum, str], int] = {}
        self._paths = LoanPaths(module)
        self._enums: dict[Value, Enum | None] = {}
        for op in function.operations():
            if op.name == "variant":
                enum = self.enum(op.operands[0])
                if enum is not None:
                    self.facts.setdefault((enum, op.attrs["variant"]), 1 << len(self.facts))
        if not self.facts:
            return
        self._below: dict[Path, int] = {}  # the facts about enums at a path and below it
        for (enum, _), bit in self.facts.items():
            at: Path | None = enum[0]
            while at is not None:
                self._below[at] = self._below.get(at, 0) | bit
                at = at.parent
        self._kills: dict[Operation, int] = {}
        self._gens: dict[Operation, int] = {}
        self._acting: dict[Block, list[int]] = {}
        for block in function.blocks:
            self._acting[block] = [at for at, op in enumerate(block.ops) if self._look_at(op)]
        self.solution: Solution[int] = solve(self, cfg)

    def enum(self, place: Value) -> Enum | None:
        """The enum in ``place``; None where nothing is asked."""
        if place not in self._enums:
            self._enums[place] = self._find(place)
        return self._enums[place]

    def _find(self, place: Value) -> Enum | None:
        indices: list[Value] = []
        op = place.operation
        while op is not None and op.decl.is_projection and op.operands:
            if op.name == "assume_init" or isinstance(_pointer(op.operands[0]), PtrType):
                return None
            path = self._paths.of(op.result) if op.name == "elem" else None
            if op.name == "subrange" or (path is not None and path.is_some):
                indices.extend(op.operands[1:])
            op = op.operands[0].operation if op.operands[0].type.is_place else None
        found = self._paths.of(place)
        return None if found is None else (found, tuple(indices))

    def asked(self, place: Value) -> Iterator[tuple[Operation, int]]:
        """The ``variant`` operations on the way to ``place``, the innermost first, each with its fact."""
        op = place.operation
        while op is not None and op.decl.is_projection and op.operands:
            if op.name == "variant":
                enum = self.enum(op.operands[0])
                if enum is not None:
                    yield op, self.facts[enum, op.attrs["variant"]]
            op = op.operands[0].operation if op.operands[0].type.is_place else None

    def bit(self, place: Value, variant: str) -> int:
        """The fact that the enum in ``place`` holds ``variant``; none where no operation asks."""
        enum = self.enum(place)
        return 0 if enum is None else self.facts.get((enum, variant), 0)

    def _look_at(self, op: Operation) -> bool:
        kill = gen = 0
        for value, access in accesses(op):
            if access in (INIT, WRITE, EXCHANGE) or (access == BORROW and _is_exclusive(op)):  # 4
                kill |= self.changed(value)
        if op.name in ("init", "assign", "exchange"):  # 3
            made = op.operands[1].operation
            if made is not None and made.name == "enum":
                gen = self.bit(op.operands[0], made.attrs["variant"])
        if kill:
            self._kills[op] = kill
        if gen:
            self._gens[op] = gen
        return bool(kill | gen)

    def changed(self, value: Value) -> int:
        """The facts about what may change when something is written to ``value``, a place or a pointer."""
        path = self._paths.of(value) if value.type.is_place else self._paths.roots.get(value)
        if path is None:
            return 0
        root = path
        while root.parent is not None:
            root = root.parent
        at = _with_any([root])
        for step in path.steps():
            found = at if step.kind == "any" else []
            for node in at:
                found = [*found, *_matching(node, step)]
            at = _with_any(found)
        bits = 0
        for node in at:
            bits |= self._below.get(node, 0)
        return bits

    def story(self, fact: int, block: Block, at: int) -> tuple[list[Operation], list[Operation]]:
        """What told the variant on some way to operation ``at`` of ``block``, and what has unsaid it since, each the last."""
        sure: dict[Operation, None] = {}
        changes: dict[Operation, None] = {}
        seen: set[int] = set()
        work = [(self.cfg.number[block], at)]
        while work:
            number, upto = work.pop()
            ops = self.cfg.blocks[number].ops
            for op in reversed(ops[:upto]):
                if self.gen(op) & fact:
                    sure[op] = None
                    break
                if self.kill(op) & fact:
                    changes[op] = None
                    break
            else:
                for predecessor in sorted(set(self.cfg.predecessors[number])):
                    before = self.cfg.blocks[predecessor]
                    last = before.ops[-1]
                    edges = [index for index, each in enumerate(last.successors) if each.block is self.cfg.blocks[number]]
                    if any(self.told(last, index) & fact for index in edges):
                        sure[last] = None
                    told = bool(edges) and all(self.told(last, index) & fact for index in edges)
                    if predecessor not in seen and not told:
                        seen.add(predecessor)
                        work.append((predecessor, len(before.ops)))
        if changes and not sure:
            for block in self.cfg.blocks:
                last = block.ops[-1]
                if any(self.told(last, index) & fact for index in range(len(last.successors))):
                    sure[last] = None
        return list(sure), list(changes)

    # -- the problem --

    def acting(self, block: Block) -> list[int] | None:
        return self._acting[block]

    def gen(self, op: Operation) -> int:
        return self._gens.get(op, 0)

    def kill(self, op: Operation) -> int:
        return self._kills.get(op, 0)

    def panic_kill(self, op: Operation) -> int:
        return self._kills.get(op, 0)

    def edge(self, op: Operation, index: int, state: int) -> int:
        return state | self.told(op, index)

    def told(self, op: Operation, index: int) -> int:
        """The fact that the edge to the successor ``index`` of ``op`` tells."""
        if op.name not in ("switch_enum", "switch"):
            return 0
        place = op.operands[0] if op.name == "switch_enum" else self._told_by_number(op)  # 1, 2
        if place is None or not isinstance(place.type, PlaceType):
            return 0
        names = list(variants_of(place.type.target, self.module) or {})
        cases = [successor.case for successor in op.successors]
        if op.name == "switch":
            cases = [names[case] if isinstance(case, int) and 0 <= case < len(names) else case for case in cases]
        case = cases[index]
        if case is None:
            others = [name for name in names if name not in cases]
            case = others[0] if len(others) == 1 else None
        return self.bit(place, case) if isinstance(case, str) else 0

    def _told_by_number(self, op: Operation) -> Value | None:
        """The place whose discriminant ``op`` looks at, when nothing has changed it since it was read (2)."""
        read = op.operands[0].operation
        if read is None or read.name != "discriminant" or read.block is not op.block or op.block is None:
            return None
        place = read.operands[0]
        enum = self.enum(place) if place.type.is_place else None
        if enum is None:
            return None
        about = self._below.get(enum[0], 0)
        behind = op.block.ops[op.block.ops.index(read) :]
        return None if any(self._kills.get(each, 0) & about for each in behind) else place


def _pointer(value: Value) -> Type:
    return value.type.target if isinstance(value.type, PlaceType) else value.type


def _is_exclusive(op: Operation) -> bool:
    return any(isinstance(result.type, RefType) and result.type.mutable for result in op.results)


def _with_any(nodes: list[Path]) -> list[Path]:
    """``nodes`` and what is reached from them by steps to some part that is not known."""
    found = list(dict.fromkeys(nodes))
    for node in found:
        found.extend(child for child in node.children.values() if child.kind == "any" and child not in found)
    return found


def _matching(node: Path, step: Path) -> Iterator[Path]:
    """The children of ``node`` that may be what ``step`` leads to: parts of unions and payloads of variants share storage."""
    exact = node.children.get((step.kind, step.what))
    if step.kind in ("field", "deref"):
        if exact is not None:
            yield exact
        return
    for child in node.children.values():
        if child is exact or (child.kind == step.kind and not (step.kind == "elem" and apart(child.what, step.what))):
            yield child


__all__ = ["Enum", "KnownVariants"]
