"""Promotion of locals: what is stored in a place that nobody else can see becomes a value.

    %x = local : i32                          cond_br %c, ^then, ^join(%a)
    init %x, %a                             ^then:
    cond_br %c, ^then, ^join                  %t = add %a, %b
  ^then:                                      br ^join(%t)
    %v = load %x                    =>      ^join(%x: i32):
    %t = add %v, %b                           ret %x
    assign %x, %t
    br ^join
  ^join:
    %r = load %x
    ret %r

A local is promoted when its type copies and each use is a plain access of the whole: ``load``, ``init``, ``assign``, ``take``,
``exchange``, ``drop``, ``end``. A borrow, a projection, a volatile access or an operation that this file does not know leaves
it as it is; so does the mark of a drop flag, which is proved where it stands (``verify.drops``). Rules, cited by number in
the code:

 1. A definition is a store, or what leaves the place empty: ``local`` itself, ``end``, ``take``, ``drop``.
 2. ``merges.py`` says where values of a variable may meet. An argument is added there only when a load needs it, found from the
    loads backwards, so that no argument is dead.
 3. The value at the start of a block is the argument if values meet there, else that at the end of the immediate dominator.
 4. A target of unwinding takes no arguments: a local that would need one there stays.
 5. A load of a place that holds nothing is undefined. Where such a path exists the value is zero, or null; a local of a type
    that has neither stays.

Invariant: each removed load is replaced by the value that was stored last on every path to it. Near-linear in operations, in
edges, and in the arguments that are added; the sets in ``merges`` have a bit for each local that some block loads before it
stores it.

References: Cytron, Ferrante, Rosen, Wegman, Zadeck, Efficiently Computing Static Single Assignment Form and the Control
Dependence Graph, TOPLAS 1991; Das and Ramakrishna, TOPLAS 2005.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import attrs

from altru_ir.declare import find
from altru_ir.marks import copies
from altru_ir.module import Function, Module
from altru_ir.passes.base import MISSED, FunctionPass
from altru_ir.passes.transform.merges import merges
from altru_ir.passes.transform.rewriting import edges_into, remove_unreachable, replace_values, unwind_targets
from altru_ir.passes.verify.drops import FLAG
from altru_ir.types import FloatType, IntType, PtrType, Type, UsizeType
from altru_ir.values import NO_ATTRIBUTES, Operation, Value

READS = frozenset({"load", "take", "exchange"})
STORES = frozenset({"init", "assign", "exchange"})
EMPTIES = frozenset({"local", "end", "take", "drop"})
KNOWN = READS | STORES | EMPTIES


class _Nothing:
    """What a place holds that holds nothing."""


NOTHING = _Nothing()
Content = Value | _Nothing


@attrs.define
class PromoteLocals(FunctionPass):
    """Replaces locals whose address is not taken by values."""

    name = "mem2reg"

    def run_on(self, function: Function) -> bool:
        if function.module is None:
            return False
        places = _candidates(function, function.module)
        if not places:
            return False
        remove_unreachable(function)
        promotion = _Promotion(function, places)
        promotion.find()
        for place in promotion.kept:
            op = place.operation
            if op is not None:
                self.remark(MISSED, "NotPromoted", op, f"%{place.name or '?'} stays in memory: {promotion.kept[place]}")
        self.count("locals promoted", len(places) - len(promotion.kept))
        removed, added = promotion.rewrite()
        self.count("operations removed", removed)
        self.count("block arguments added", added)
        return removed > 0


def _candidates(function: Function, module: Module) -> list[Value]:
    """The places of locals that copy and whose every use is a plain access, in text order."""
    locals = [op for block in function.blocks for op in block.ops if op.decl.name == "local"]
    places = {
        op.results[0]: copies(op.results[0].type.target, module) and not op.attrs.get(FLAG)  # type: ignore[attr-defined]
        for op in locals
    }
    if not places:
        return []
    for op in function.operations():
        for at, value in enumerate(op.operands):
            if value.type.is_place and value in places:
                plain = at == 0 and op.decl.name in KNOWN and "volatile" not in op.attrs
                if op.decl.name == "drop" and len(op.operands) > 1:
                    plain = False
                if op.decl.name in STORES and plain:
                    held = value.type.target  # type: ignore[attr-defined]
                    plain = op.operands[1].type.erased is held.erased
                if not plain:
                    places[value] = False
    return [place for place, good in places.items() if good]


class _Promotion:
    """The promotion of some places of a function. ``kept`` are those that have to stay, with the reason."""

    def __init__(self, function: Function, places: list[Value]) -> None:
        self.function = function
        self.cfg = function.cfg()
        self.places = places
        self.kept: dict[Value, str] = {}
        self.loads: dict[Value, list[tuple[Value, Content]]] = {place: [] for place in places}
        self.arguments: dict[tuple[int, Value], Value] = {}
        self.handed: dict[tuple[int, Value], list[Content]] = {}
        self.bit: dict[Value, int] = {}
        self.merged: list[int] = []
        self.ends: list[dict[Value, Content]] = [{} for _ in self.cfg.blocks]
        self.starts: dict[tuple[int, Value], Content] = {}
        self.needed: list[tuple[int, Value]] = []
        cleanups = unwind_targets(function)
        self.cleanup = [block in cleanups for block in self.cfg.blocks]
        self.edges = edges_into(function)

    # -- where values meet (1, 2) -----------------------------------------------------------------------------------------

    def find(self) -> None:
        """Finds the value of each load and the arguments that are needed."""
        wanted = set(self.places)
        defined = self.definitions(wanted)
        self.merged = merges(self.cfg, defined) if self.bit else [0] * len(self.cfg.blocks)
        self.walk(wanted)
        while self.needed:  # 2
            block, place = self.needed.pop()
            values = self.handed[block, place] = []
            for branch, _ in self.edges[self.cfg.blocks[block]]:
                before = self.cfg.number[branch.block]  # type: ignore[index]
                values.append(self.at_end(before, place))
        for place in self.places:  # 5
            if place not in self.kept and not _has_zero(_held(place)):
                contents = [content for _, content in self.loads[place]]
                contents += [c for (_, p), values in self.handed.items() if p is place for c in values]
                if NOTHING in contents:
                    self.kept[place] = f"it may hold nothing where it is loaded, and there is no zero of `{_held(place)}`"

    def definitions(self, wanted: set[Value]) -> list[int]:
        """Gives a bit to each place that is loaded in a block before it is stored there; what each block defines of those."""
        per_block: list[dict[Value, None]] = []
        for block in self.cfg.blocks:
            defined: dict[Value, None] = {}
            for op in block.ops:
                if op.decl.name not in KNOWN:
                    continue
                place = op.results[0] if op.decl.name == "local" else op.operands[0]
                if place not in wanted:
                    continue
                if op.decl.name in READS and place not in defined and place not in self.bit:
                    self.bit[place] = 1 << len(self.bit)
                if op.decl.name != "load":
                    defined[place] = None
            per_block.append(defined)
        found = []
        for defined in per_block:
            bits = 0
            for place in defined:
                bits |= self.bit.get(place, 0)
            found.append(bits)
        return found

    # -- the value of each load (3) ---------------------------------------------------------------------------------------

    def walk(self, wanted: set[Value]) -> None:
        """Each block after its dominator: what a place holds is known, or values have met since (a bit of ``stale``)."""
        tree = self.cfg.dominators
        current: dict[Value, Content] = {}
        undo: list[tuple[int, int, list[tuple[Value, Content | None]]]] = []
        stale = 0
        for block in tree.order:
            while undo and not tree.dominates(undo[-1][0], block):
                _, stale, changes = undo.pop()
                for place, before in reversed(changes):
                    if before is None:
                        del current[place]
                    else:
                        current[place] = before
            changes = []
            undo.append((block, stale, changes))
            stale |= self.merged[block]
            ends = self.ends[block]
            for op in self.cfg.blocks[block].ops:
                name = op.decl.name
                if name not in KNOWN:
                    continue
                place = op.results[0] if name == "local" else op.operands[0]
                if place not in wanted:
                    continue
                bit = self.bit.get(place, 0)
                if name in READS:
                    if stale & bit:
                        content = self.at_start(block, place)
                        changes.append((place, current.get(place)))
                        current[place] = content
                        stale &= ~bit
                    self.loads[place].append((op.results[0], current[place]))
                    if name == "load":
                        continue
                made: Content = op.operands[1] if name in STORES else NOTHING
                changes.append((place, current.get(place)))
                current[place] = made
                if bit:
                    ends[place] = made
                    stale &= ~bit

    def at_start(self, block: int, place: Value) -> Content:
        """Rule 3, without recursion; what was found on the way is remembered."""
        bit, parent = self.bit[place], self.cfg.dominators.parent
        path = []
        while True:
            known = self.starts.get((block, place))
            if known is not None:
                break
            path.append(block)
            if self.merged[block] & bit:
                known = self.argument(block, place)
                break
            block = parent[block]
            if block < 0:
                known = NOTHING
                break
            known = self.ends[block].get(place)
            if known is not None:
                break
        for each in path:
            self.starts[each, place] = known
        return known

    def at_end(self, block: int, place: Value) -> Content:
        known = self.ends[block].get(place)
        return self.at_start(block, place) if known is None else known

    def argument(self, block: int, place: Value) -> Content:
        """The argument of a block for a place; its values are found later."""
        known = self.arguments.get((block, place))
        if known is None:
            if self.cleanup[block]:  # 4
                self.kept.setdefault(place, "a cleanup loads it, and what it holds depends on where the panic was")
            known = Value(_held(place), place.name)
            self.arguments[block, place] = known
            self.needed.append((block, place))
        return known

    # -- the new function -------------------------------------------------------------------------------------------------

    def rewrite(self) -> tuple[int, int]:
        """Removes the accesses and adds the arguments; how many of each."""
        gone = {place for place in self.places if place not in self.kept}
        zeros = _Zeros(self.function)
        replacement: dict[Value, Value] = {}
        for place in self.places:
            if place in gone:
                for result, content in self.loads[place]:
                    replacement[result] = zeros.instead_of(content, place)
        added = 0
        for (number, place), value in self.arguments.items():
            if place not in gone:
                continue
            block = self.cfg.blocks[number]
            value.owner = block
            block.args.append(value)
            added += 1
            for (_, edge), content in zip(self.edges[block], self.handed[number, place], strict=True):
                edge.args = [*edge.args, zeros.instead_of(content, place)]
        removed = 0
        for block in self.function.blocks:
            kept = []
            for op in block.ops:
                if op.decl.name in KNOWN and (op.results[0] if op.decl.name == "local" else op.operands[0]) in gone:
                    removed += 1
                else:
                    kept.append(op)
            if len(kept) != len(block.ops):
                block.ops = kept
        zeros.insert()
        replace_values(self.function, replacement)
        return removed, added


def _held(place: Value) -> Type:
    held: Type = place.type.target  # type: ignore[attr-defined]
    return held


def _has_zero(type: Type) -> bool:
    return isinstance(type, (IntType, UsizeType, FloatType, PtrType))


class _Zeros:
    """Zeros of types, at the front of the function, made when they are first wanted."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.made: dict[Type, Operation] = defaultdict()

    def instead_of(self, content: Content, place: Value) -> Value:
        if isinstance(content, Value):
            return content
        type = _held(place)
        op = self.made.get(type)
        if op is None:
            literal: Any = 0.0 if isinstance(type, FloatType) else False if type.text == "i1" else 0
            if isinstance(type, PtrType):
                op = Operation(find("null"), [], NO_ATTRIBUTES)
            else:
                op = Operation(find("const"), [], {"value": literal})
            op.results = [Value(type, None, op)]
            op.block = self.function.entry
            self.made[type] = op
        return op.results[0]

    def insert(self) -> None:
        self.function.entry.ops[:0] = self.made.values()
