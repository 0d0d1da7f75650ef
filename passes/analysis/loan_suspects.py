"""Loan suspects: a coarse look at a whole function that acquits most loans, before anybody asks for facts.

    %r = borrow mut %x       %r is in a class of its own: nothing else has to do with what it may lend from
    assign (deref %r), %n    the last use of the class
    %v = load %x             touches %x behind that: the loan is acquitted

Variables (values and locals with regions in their types) are of one *class* if a loan may go from one to another, in whatever
direction, order and part: classes are the components of what operations join. A loan is suspect if something touches the root
of its path where a variable of its class is live, and nothing else can be wrong with it; a region of the signature is suspect
if another one is in its class.

Rules, cited by number in the code:
 1. an operation joins its operands with its results, one that is not pure also its operands among themselves; a call joins
    those arguments, and the result, whose regions the signature of the callee makes one or orders; an edge joins an argument
    with what it hands over; a place stands for its root;
 2. regions of the signature stand in the classes of parameters, of what is returned, and of values and locals whose types
    name them; ``'static`` in those of what comes from globals, goes to threads, or has members that live for it;
 3. a variable is used where it, or a place that it is the root of, is an operand or handed over; but not where a whole local
    is stored into, or ends, which needs no drop;
 4. a root is touched where it is used as an operand, for reading or otherwise, and where its ``local`` runs;
 5. a loan is suspect if its root is touched (an exclusive one), or touched otherwise than for reading (a shared one): behind
    its beginning in its block up to the last use of its class there; and anywhere in a block at whose head a variable of its
    class is live. Liveness is that of bit sets of the variables that are used in other blocks than their own;
 6. a class with a region of the signature is live everywhere, and a loan in it of a local, of a global or of the frame is
    suspect, for these end; so is each loan through a collected pointer, which may be defined anew;
 7. a class with two regions of the signature is suspect; where function values have regions in their types, all are.

Invariant: who is no suspect has no part in a conflict that ``loans`` would find (a test compares both). Linear but for the
bit sets, of which there is one for each block.
Source: Steensgaard, Points-to Analysis in Almost Linear Time, POPL 1996, for classes; the location-insensitive rules of the
Polonius project, for asking the cheap question first.
"""

from __future__ import annotations

from bisect import bisect_right

import attrs

from altru_ir.behaviour import accesses
from altru_ir.declare import BORROW, END, INIT, PATH, READ, WRITE
from altru_ir.elision import RegionSignature, signature_of
from altru_ir.marks import needs_drop
from altru_ir.module import Block, Function, Module
from altru_ir.passes.analysis.graphs import strongly_connected
from altru_ir.passes.analysis.region_flow import is_written
from altru_ir.regions import IS_STATIC, Regions
from altru_ir.types import INFERRED, FunctionType, GcType, NamedType, PlaceType, RefType, ThreadType, Type
from altru_ir.values import Operation, Value
from altru_ir.variance import names_in, parts_of

Root = Value | str
"""A local, an SSA pointer, or the name of a global."""

FRAME = ""
"""The root of what ``stack.alloc`` lends."""

STATIC_BIT = 1


@attrs.frozen
class _Kind:
    """What matters of a type: whether it has regions, which it names, whether a declared type in it has members that live for
    ``'static``, and whether it is a pointer that loans go through."""

    regions: bool
    named: tuple[str, ...]
    static: bool
    pointer: bool


@attrs.define(eq=False)
class _Touches:
    """Where a root is touched in one block, and where otherwise than for reading, in order."""

    all: list[int] = attrs.Factory(list)
    writes: list[int] = attrs.Factory(list)


@attrs.define(eq=False)
class _Lent:
    """A loan of some path from ``root``, issued at a position of a block into the class of ``variable``."""

    root: Root
    variable: int
    block: int
    position: int
    mutable: bool


def suspects(function: Function, module: Module, regions: Regions) -> frozenset[Root] | None:
    """The variables in suspect classes and the roots of suspect loans; None where nobody is acquitted."""
    look = _Look(function, module, regions)
    return look.found() if look.walk() else None


class _Look:
    """The classes, loans, uses and touches of one function."""

    def __init__(self, function: Function, module: Module, regions: Regions) -> None:
        self.function = function
        self.module = module
        self.regions = regions
        self.cfg = function.cfg()
        self.signature: RegionSignature = signature_of(function, regions)
        self.named = {name: at for at, name in enumerate(self.signature.names) if name != INFERRED}
        self.kinds: dict[Type, _Kind | None] = {}
        self.quiet: set[Type] = set()
        self.static: dict[str, bool] = {}
        self.drops: dict[Type, bool] = {}
        self.groups: dict[Function, tuple[list[int], int]] = {}
        self.roots: dict[Value, Root] = {}
        self.number: dict[Root, int] = {}
        self.parent: list[int] = []
        self.universal: list[int] = []
        self.born: list[int] = []
        self.heads: list[tuple[int, int]] = []
        self.lent: list[_Lent] = []
        self.uses: list[tuple[int, int, int]] = []
        self.touched: dict[Root, dict[int, _Touches]] = {}

    # -- types -------------------------------------------------------------------------------------------------------------

    def kind(self, type: Type) -> _Kind:
        """What matters of a type. Raises ``_Unknown`` for function values with regions (7)."""
        known = self.kinds.get(type)
        if known is None:
            slots = self.regions.slots(type.target if isinstance(type, PlaceType) else type)
            if (slots and isinstance(type, FunctionType)) or any(bound >= 0 for bound in slots.bound):
                raise _Unknown
            static = self._holds_static(type)
            pointer = type.pointee is not None and not (isinstance(type, RefType) and not type.mutable)
            if not slots and not static and not pointer and not type.is_place:
                self.quiet.add(type)
            named = tuple(region for region in slots.regions if region != INFERRED)
            known = self.kinds[type] = _Kind(static or bool(slots.regions), named, static, pointer)
        return known

    def _holds_static(self, type: Type) -> bool:
        names = names_in([type], parts_of)
        for name in names:
            if name not in self.static:
                declaration = self.module.types.get(name)
                members = () if declaration is None else declaration.members
                self.static[name] = any(IS_STATIC in self.regions.member(NamedType(name), each.name) for each in members)
            if self.static[name]:
                return True
            names.extend(each for each in self.regions.variances.mentions(name) if each not in names)
        return False

    def needs_drop(self, type: Type) -> bool:
        known = self.drops.get(type)
        if known is None:
            known = self.drops[type] = needs_drop(type, self.module)
        return known

    # -- classes -----------------------------------------------------------------------------------------------------------

    def variable(self, root: Value, kind: _Kind, block: int, written: bool) -> int:
        """The number of a new variable; -1 for what has no regions."""
        if not kind.regions:
            return -1
        number = self.number[root] = len(self.parent)
        self.parent.append(number)
        self.born.append(block)
        bits = STATIC_BIT if kind.static else 0
        if written:
            for name in kind.named:  # 2
                bits |= 1 << self.named[name] if name in self.named else 0
        self.universal.append(bits)
        return number

    def find(self, at: int) -> int:
        parent = self.parent
        while parent[at] != at:
            parent[at] = at = parent[parent[at]]
        return at

    def join(self, a: int, b: int) -> None:
        a, b = self.find(a), self.find(b)
        if a != b:
            self.parent[b] = a
            self.universal[a] |= self.universal[b]

    def mark(self, variable: int, bits: int) -> None:
        self.universal[self.find(variable)] |= bits

    # -- the walk ----------------------------------------------------------------------------------------------------------

    def walk(self) -> bool:
        """Looks at every operation; False where it meets what it knows nothing about."""
        try:
            for parameter, map in zip(self.function.parameters, self.signature.parameters):
                at = self.variable(parameter, self.kind(parameter.type), 0, False)
                for region in map if at >= 0 else ():
                    self.mark(at, 1 << region)
            position = 0
            for block in self.cfg.reverse_postorder:
                position = self._block(block, position)
        except _Unknown:
            return False
        return True

    def _block(self, number: int, position: int) -> int:
        block = self.cfg.blocks[number]
        for argument in block.args:
            at = self.number.get(argument, -1)
            if at < 0:
                at = self.variable(argument, self.kind(argument.type), number, True)
            else:
                self.born[at] = number  # an edge came first
            if at >= 0:
                self.heads.append((at, number))
        for op in block.ops:
            position += 1
            if op.decl.is_projection and op.results[0].type.is_place:
                self._step(op)
            else:
                self._operation(op, number, position)
        self._edges(block, number, position)
        return position

    def _step(self, op: Operation) -> None:
        place = op.results[0]
        if not op.operands:
            self.roots[place] = op.attrs.get("symbol", FRAME)
            self.kind(place.type)
            return
        base = op.operands[0]
        self.roots[place] = self.roots[base] if base.type.is_place else base

    def _touch(self, root: Root, block: int, position: int, reads: bool) -> None:  # 4
        blocks = self.touched.get(root)
        if blocks is None:
            blocks = self.touched[root] = {}
        there = blocks.get(block)
        if there is None:
            there = blocks[block] = _Touches()
        there.all.append(position)
        if not reads:
            there.writes.append(position)

    def _operation(self, op: Operation, block: int, position: int) -> None:
        decl = op.decl
        involved: list[int] = []
        of_globals = False
        number = self.number
        quiet = self.quiet
        for value in op.operands:
            if value.type not in quiet:
                found = accesses(op)
                break
        else:
            found = []
        for value, access in found:
            type = value.type
            if type.is_place:
                root = self.roots[value]
                self._touch(root, block, position, access in (READ, PATH) or (access == BORROW and not op.attrs.get("mut")))
                at = number.get(root, -1)
                if at < 0:
                    of_globals |= isinstance(root, str) and self.kind(type).regions
                    continue
                involved.append(at)
                if root is value and access in (INIT, WRITE, END):  # 3
                    target = type.target  # type: ignore[attr-defined]
                    if access == INIT or (access == END and op.attrs.get("dead")) or not self.needs_drop(target):
                        continue
                self.uses.append((at, block, position))
                continue
            kind = self.kinds.get(type) or self.kind(type)
            if kind.pointer:
                self._touch(value, block, position, False)
            if kind.regions:
                at = number[value]
                involved.append(at)
                self.uses.append((at, block, position))
        made = []
        for result in op.results:
            kind = self.kinds.get(result.type) or self.kind(result.type)
            if result.type.is_place:
                self.roots[result] = result
                self._touch(result, block, position, False)
            if kind.regions:
                written = kind.named != () and (result.type.is_place or is_written(result))
                made.append(self.variable(result, kind, block, written))
        if made or len(involved) > 1 or (involved and (of_globals or decl.callee is not None or op.name == "ret")):
            self._joined(op, involved, made, of_globals)
        if made and decl.callee is None:
            self._lends(op, made[0], block, position)

    def _joined(self, op: Operation, involved: list[int], made: list[int], of_globals: bool) -> None:  # 1
        decl = op.decl
        if op.name == "ret":
            bits = 0
            for region in self.signature.result:
                bits |= 1 << region if region >= 0 else 0
            for at in involved:
                self.mark(at, bits)
            return
        if decl.callee is not None and self._call(op):
            return
        if decl.callee is None and decl.is_pure and not made:
            return
        everything = [*involved, *made]
        first = everything[0]
        for at in everything[1:]:
            self.join(first, at)
        if of_globals or decl.callee is not None:  # 2
            self.mark(first, STATIC_BIT)
            return
        for value in op.results:
            if isinstance(value.type, GcType):
                self.mark(first, STATIC_BIT)

    def _call(self, op: Operation) -> bool:
        """Joins by the signature of a callee that is known by name; False where there is none, or a thread runs it."""
        callee = self.module.functions.get(op.attrs.get("callee", ""))
        if callee is None:
            return False
        for value in op.results:
            if isinstance(value.type, ThreadType):
                return False
        known = self.groups.get(callee)
        if known is None:
            known = self.groups[callee] = _groups(signature_of(callee, self.regions))
        groups, static = known
        first: dict[int, int] = {}
        numbers = self.number
        skipped = op.decl.fixed_count(op)
        pairs = list(zip(op.operands[skipped:] if skipped else op.operands, groups))
        pairs.extend([(value, groups[-1]) for value in op.results])
        for value, group in pairs:
            at = numbers.get(value, -1)
            if at < 0 or group < 0:
                continue
            known_as = first.setdefault(group, at)
            if known_as != at:
                self.join(known_as, at)
            elif group == static:
                self.mark(at, STATIC_BIT)
        return True

    def _lends(self, op: Operation, variable: int, block: int, position: int) -> None:
        if op.decl.name == "borrow":
            root = self.roots[op.operands[0]]
            self.lent.append(_Lent(root, variable, block, position, bool(op.attrs.get("mut"))))
            return
        if op.decl.takes_frame:
            self.lent.append(_Lent(FRAME, variable, block, position, True))
        if not op.decl.is_pure:
            for value in op.operands:
                if not value.type.is_place and self.kind(value.type).pointer:
                    self.lent.append(_Lent(value, variable, block, position, True))

    def _edges(self, block: Block, number: int, position: int) -> None:
        op = block.ops[-1]
        for successor in op.successors:
            parameters = successor.block.args
            given = len(parameters) - len(successor.args)
            for at, parameter in enumerate(parameters):
                value = successor.args[at - given] if at >= given else op.operands[0]
                kind = self.kind(value.type)
                if kind.pointer and value is not parameter:
                    self._touch(value, number, position, False)
                kind = self.kind(parameter.type)
                if not kind.regions:
                    continue
                target = self.number.get(parameter, -1)
                if target < 0:
                    target = self.variable(parameter, kind, self.cfg.number[successor.block], True)
                root = self.roots[value] if value.type.is_place else value
                source = self.number.get(root, -1)
                if source >= 0:
                    self.join(source, target)
                    self.uses.append((source, number, position))
                else:
                    self.mark(target, STATIC_BIT)

    # -- what is found -----------------------------------------------------------------------------------------------------

    def found(self) -> frozenset[Root]:
        """The suspects (5 to 7)."""
        find = self.find
        guilty: set[int] = set()
        for at, parent in enumerate(self.parent):
            if at == parent and self.universal[at] & (self.universal[at] - 1):  # 7
                guilty.add(at)
        heads, after, bits, last = self._live()
        of_class: dict[int, int] = {}
        for at, bit in bits.items():
            each = find(at)
            of_class[each] = of_class.get(each, 0) | bit
        by_root: dict[Root, list[_Lent]] = {}
        for lent in self.lent:
            by_root.setdefault(lent.root, []).append(lent)
        cycles = any(len(component) > 1 for component in strongly_connected(self.cfg.successors)) or any(
            at in successors for at, successors in enumerate(self.cfg.successors)
        )
        for root, loans in by_root.items():
            blocks = self.touched.get(root, {})
            masks = [0, 0]
            for lent in loans:
                masks[lent.mutable] |= of_class.get(find(lent.variable), 0)
            hit = 0
            for block, there in blocks.items():
                hit |= heads[block] & (masks[1] | (masks[0] if there.writes else 0))
            for lent in loans:
                each = find(lent.variable)
                mask = of_class.get(each, 0)
                if each in guilty:
                    continue
                if mask & hit or self._ends(lent, each, blocks, cycles):
                    guilty.add(each)
                    continue
                own = blocks.get(lent.block)
                if own is not None:
                    positions = own.all if lent.mutable else own.writes
                    at = bisect_right(positions, lent.position)
                    if at < len(positions) and (
                        after[lent.block] & mask or positions[at] <= last.get((each, lent.block), -1)
                    ):  # fmt: skip
                        guilty.add(each)
        found: set[Root] = {root for root, at in self.number.items() if find(at) in guilty}
        found.update(lent.root for lent in self.lent if find(lent.variable) in guilty)
        return frozenset(found)

    def _ends(self, lent: _Lent, each: int, blocks: dict[int, _Touches], cycles: bool) -> bool:
        """Whether a loan is suspect for the region of the signature in its class, or for what it goes through (6)."""
        root = lent.root
        if isinstance(root, Value) and isinstance(root.type, GcType):
            return True
        if not self.universal[each]:
            return False
        if isinstance(root, str) or root.type.is_place:
            return True
        for there in blocks.values():
            positions = there.all if lent.mutable else there.writes
            if positions and (cycles or positions[-1] > lent.position):
                return True
        return False

    def _live(self) -> tuple[list[int], list[int], dict[int, int], dict[tuple[int, int], int]]:
        """The variables that are live at the head of each block, its arguments included, and behind its end, as bits; the bit
        of each variable that is used in another block than its own; the last use of each class in each block."""
        count = len(self.cfg.blocks)
        bits: dict[int, int] = {}
        heads, exposed, killed, after = [0] * count, [0] * count, [0] * count, [0] * count
        last: dict[tuple[int, int], int] = {}
        find, born = self.find, self.born
        used = set()
        for at, block, position in self.uses:
            used.add(at)
            key = find(at), block
            if last.get(key, -1) < position:
                last[key] = position
            if born[at] != block:
                if at not in bits:
                    bits[at] = 1 << len(bits)
                    killed[born[at]] |= bits[at]
                exposed[block] |= bits[at]
        for at, block in self.heads:
            if at in used:
                if at not in bits:
                    bits[at] = 1 << len(bits)
                    killed[block] |= bits[at]
                heads[block] |= bits[at]
        live = exposed[:]
        predecessors = self.cfg.predecessors
        work = list(self.cfg.reverse_postorder) if any(exposed) else []
        queued = set(work)
        while work:
            block = work.pop()
            queued.discard(block)
            for before in predecessors[block]:
                more = live[block] & ~after[before]
                if more:
                    after[before] |= more
                    grown = more & ~killed[before] & ~live[before]
                    if grown:
                        live[before] |= grown
                        if before not in queued:
                            queued.add(before)
                            work.append(before)
        return [live[at] | heads[at] for at in range(count)], after, bits, last


class _Unknown(Exception):
    """A function value has regions in its type."""


def _groups(signature: RegionSignature) -> tuple[list[int], int]:
    """For each parameter, and at the end the result, a number that those share whose regions may flow into each other (-1: it
    has none); and the number of ``'static``."""
    parent = list(range(len(signature.names)))

    def find(at: int) -> int:
        while parent[at] != at:
            at = parent[at]
        return at

    maps = [[region for region in map if region >= 0] for map in (*signature.parameters, signature.result)]
    pairs = [(a, b) for a, b in signature.outlives if a >= 0 and b >= 0]
    for map in maps:
        pairs.extend((map[0], other) for other in map[1:])
    for a, b in pairs:
        parent[find(b)] = find(a)
    return [find(map[0]) if map else -1 for map in maps], find(0)


__all__ = ["FRAME", "Root", "suspects"]
