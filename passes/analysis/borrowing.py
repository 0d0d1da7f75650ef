"""Borrowing: what a function does that concerns loans, from which ``loan_facts`` and ``loans`` find conflicts of borrows.

    ^entry:                          point 0
      %r = borrow mut %x             points 1: %x is accessed; 2: loan 0 begins in the origin of %r
      %n = load %x                   point 3: loan 0 is invalidated
      store through %r               point 4: %r is used                      error: point 3, loan 0

There are points only where something happens that concerns loans: at an operation one for what it accesses and uses, a second
one for what it issues where these must not be confused, one on each edge that hands references over, one at the head of each
block, and one behind each exit. Variables are values and locals with origins; origins and what flows are those of
``region_flow``, paths and their conflicts those of ``loan_paths``.

Clauses, cited by number in the code:
 Loans
  1. ``borrow`` issues a loan of its place, and so does any operation whose declaration says that it borrows from a pointer or
     that its result comes from it: of what the pointer leads to, exclusive if it wants a ``ref<mut>``, else shared;
  2. no loan is tracked behind a shared reference, a raw pointer, and in globals of all threads; ``stack.alloc`` issues one
     of the frame; what is lent of a collected object is, shared, also a loan of the storage that the ``gc`` is found in;
  3. a loan is killed where the SSA value at the root of its path is defined anew, and where a path in front of a ``deref`` of
     its path is stored into; a loan behind a ``gc`` is not killed but invalidated there.
 Accesses, which invalidate the loans that they conflict with, a read the exclusive ones only
  4. ``load`` reads deep, ``switch_enum`` and ``discriminant`` of a place shallow, ``dim`` the pointer that has the length;
  5. ``init`` and ``assign`` write shallow, ``assign`` over what needs drop drops; ``take`` and ``exchange`` write deep;
  6. ``drop`` drops; ``end`` drops what needs drop and then writes shallow: the storage is dead;
  7. a value that moves, as an operand or on an edge, is written deep: nothing that it leads to may be lent; one that copies is
     read deep; one that is read by a pure operation is read shallow; what is behind a pointer that is written through is
     written, if it is not made for that;
  8. at exits, a panic that no block catches included, the storage of all locals and of the frame ends, and so do loans behind
     ``gc`` and in thread-local globals.
 Liveness
  9. an operand is used, and so is the root of a path that is evaluated, if the path goes through a pointer or is read; storing
     into a whole local defines it, and ``local`` and ``end`` do; a store into a part does neither;
 10. a drop uses those regions that the type's drop uses, of a local as long as something may be in it.
 Edges
 11. arguments flow, and are moved, on the edge, all at once; an argument that is handed to itself stays what it is;
 12. the unwind edge leaves behind all that its operation does: on that way no result is used, and what a callee may have
     stored, or ``assign`` has, is there.

Invariant: points of a block are in the order of its operations; whatever is recorded names points of this function.
Source: the facts of rustc (compiler/rustc_borrowck/src/polonius), whose clauses 3 to 9 are.
"""

from __future__ import annotations

from collections.abc import Collection

from altru_ir.behaviour import accesses, may_panic
from altru_ir.cfg import ControlFlowGraph
from altru_ir.declare import BORROW, CONSUME, END, ESCAPE, EXCHANGE, FRESH, INIT, PATH, READ, WRITE, Declaration
from altru_ir.marks import needs_drop
from altru_ir.module import Block, Function, Module
from altru_ir.passes.analysis.loan_paths import (
    COLLECTED,
    DEEP,
    DROP,
    GUARD,
    OWNER,
    SHALLOW,
    UNIQUE,
    LoanPaths,
    Path,
    deref_kind,
    tracked,
)
from altru_ir.passes.analysis.loan_points import Access, Kill, Loan, Point
from altru_ir.passes.analysis.loan_suspects import Root
from altru_ir.passes.analysis.region_flow import RegionFlow
from altru_ir.regions import Regions, has_region
from altru_ir.types import AtomicType, CellType, MutexType, RefType, Type
from altru_ir.values import Operation, Value


class Borrowing:
    """What one function does that concerns loans.

    ``loans``, ``accesses`` and ``kills`` are about ``points``, between which control goes on ``edges``. ``subsets`` are flows
    from one origin into another at a point. Variables (values, locals, and ``("drop", value)`` for what a drop of a value
    uses) are ``used``, ``defined`` and ``dropped`` at points; ``origins`` has those of each.

    Parameters: ``concerned``, the variables and roots of paths that somebody asks about (``loan_suspects``); operations on
    none of them are passed over. Default: all that may be lent.
    """

    def __init__(
        self, function: Function, module: Module, regions: Regions | None = None, concerned: Collection[Root] | None = None
    ) -> None:  # fmt: skip
        self.function = function
        self.module = module
        self.regions = regions or Regions(module)
        self.paths = LoanPaths(module)
        self.flow = RegionFlow(function, module, self.regions)
        self.cfg: ControlFlowGraph = function.cfg()
        self.points: list[Point] = []
        self.loans: list[Loan] = []
        self.accesses: list[Access] = []
        self.kills: list[Kill] = []
        self._leaves: list[tuple[int, Operation]] = []
        self.exits: list[int] = []
        self.edges: list[tuple[int, int]] = []
        self.used: list[tuple[object, int]] = []
        self.defined: list[tuple[object, int]] = []
        self.dropped: list[tuple[Value, int]] = []
        self.subsets: list[tuple[int, int, int]] = []
        self.origins: dict[object, tuple[int, ...]] = {}
        self._drops: dict[Type, bool] = {}
        self._head: dict[Block, int] = {}
        self._last = -1
        self.previous: dict[int, int] = {}
        self._mattering: dict[Value, bool] = {}
        self._concerned: set[Root | None] | None = None
        self._lent: set[Root | None] = set()
        if concerned is None:
            self._find_lent()
        else:
            self._concerned = {None if isinstance(root, str) else root for root in concerned}
        for number in self.cfg.reverse_postorder:
            self._head[self.cfg.blocks[number]] = self._new(Point(self.cfg.blocks[number]))
        for number in self.cfg.reverse_postorder:
            self._block(self.cfg.blocks[number])
        for value, origins in self.flow.known():
            self.origins[value] = origins
            if not value.type.is_place and self.regions.drops(value.type):
                self.origins["drop", value] = tuple(origins[slot] for slot in self.regions.drops(value.type))

    # -- points ------------------------------------------------------------------------------------------------------------

    def _new(self, point: Point) -> int:
        self.points.append(point)
        return len(self.points) - 1

    def _append(self, point: Point) -> int:
        """A point behind the last one of the block."""
        made = self._new(point)
        self.edges.append((self._last, made))
        self.previous[made] = self._last
        self._last = made
        return made

    def _block(self, block: Block) -> None:
        self._last = self._head[block]
        left = -1
        for op in block.ops:
            decl = op.decl
            if not (decl.is_projection and op.results[0].type.is_place):
                self._operation(op, block)
            if decl.may_panic and left != self._last and may_panic(op, self.module):
                left = self._last
                if block.unwind is not None:  # 12
                    self.edges.append((left, self._head[block.unwind]))
                else:
                    self._leaves.append((left, op))
        op = block.ops[-1]
        for index, successor in enumerate(op.successors):
            last = self._last
            if successor.block.args:
                self._edge(op, block, index)
            self.edges.append((self._last, self._head[successor.block]))
            self._last = last
        if op.name in ("ret", "resume"):
            self._leaves.append((self._last, op))

    def exit_points(self) -> list[int]:
        """The points behind which control has left the function, made when somebody asks: a return, the end of a cleanup, a
        panic that no block catches."""
        if self._leaves and not self.exits:
            for last, op in self._leaves:
                self._last = last
                assert op.block is not None
                self.exits.append(self._append(Point(op.block, op, is_exit=True)))
        return self.exits

    # -- operations --------------------------------------------------------------------------------------------------------

    def _matters(self, value: Value) -> bool:
        """Whether loans may concern a use of ``value``: it has origins, or something in it or behind it is lent somewhere."""
        known = self._mattering.get(value)
        if known is None:
            root = self._root(value)
            if self._concerned is not None:
                known = root in self._concerned
            else:
                known = root in self._lent or bool(self.flow.of(value)) or (root is not None and bool(self.flow.of(root)))
            self._mattering[value] = known
        return known

    def _find_lent(self) -> None:
        """Finds the roots of all that may be lent."""
        may_lend: dict[Declaration, bool] = {}
        for op in self.function.operations():
            decl = op.decl
            known = may_lend.get(decl)
            if known is None:
                known = may_lend[decl] = decl.callee is None and any(result.origin != FRESH for result in decl.results)
            if known and not (decl.is_projection and op.results[0].type.is_place):
                self._lent.update(map(self._root, op.operands))

    def _operation(self, op: Operation, block: Block) -> None:
        flow = self.flow
        if not any(map(self._matters, op.operands)) and not any(map(self._matters, op.results)):
            return
        found = accesses(op)
        lends = self._lends(op)
        at = self._append(Point(block, op))
        splits = lends or any(access in (EXCHANGE, WRITE) for _, access in found)
        self.now = at
        self.then = self._append(Point(block, op)) if splits else at
        for value, access in found:
            if value.type.is_place:
                self._place(op, value, access)
            else:
                self._value(op, value, access)
        if op.name == "local":
            self._access(op, self.paths.root(op.result), SHALLOW, True, "ended")
            self.kills.append(Kill(self.then, self.paths.root(op.result), False))
            self._defines(op.result)
        exchanges = any(access == EXCHANGE for _, access in found)
        flow.operation(op)
        self._flows(at if exchanges else self.then)
        flow.stores(op)
        self._flows(self.then)
        for value, mutable in lends:
            self._lend(op, value, mutable)
        if op.decl.takes_frame and op.results[0].type.pointee is not None and flow.of(op.results[0]):
            self._issue(op, None, True, flow.of(op.results[0])[0])
        where = at if exchanges else self.then
        if not op.decl.is_terminator:
            for result in op.results:
                self._defined(op, result, where)

    def _flows(self, point: int) -> None:
        for a, b in self.flow.take():
            self.subsets.append((a, b, point))

    def _defined(self, op: Operation, value: Value, point: int) -> None:
        """A value is defined: its variable is, and loans behind it are those of what it was before (3)."""
        if value.type.is_place:
            return
        if self.flow.of(value):
            self.defined.append((value, point))
            if self.regions.drops(value.type):
                self.defined.append((("drop", value), point))
        if value.type.pointee is not None:
            if deref_kind(value.type) == COLLECTED:
                self.accesses.append(Access(point, op, self.paths.root(value), SHALLOW, True, "redefined"))
            self.kills.append(Kill(point, self.paths.root(value), False))

    def _lends(self, op: Operation) -> list[tuple[Value, bool]]:
        """The operands of which something is lent, and whether exclusively (1)."""
        if op.name == "borrow":
            return [(op.operands[0], bool(op.attrs.get("mut")))]
        decl = op.decl
        if decl.is_pure or decl.callee is not None or not op.results or not decl.operands:
            return []
        lenders = {result.origin for result in decl.results if result.origin != FRESH}
        if not lenders:
            return []
        bound = decl.bind(op)
        lent = []
        for operand in decl.operands:
            if operand.access not in (BORROW, READ) or (operand.name not in lenders and operand.access != BORROW):
                continue
            for value in bound[operand.name]:
                type = value.type
                if type.is_place or type.pointee is None or not any(self.flow.of(result) for result in op.results):
                    continue
                exclusive = isinstance(type, RefType) and type.mutable
                shared = exclusive and operand.constraint.accepts(RefType(type.target))  # type: ignore[attr-defined]
                lent.append((value, exclusive and not shared))
        return lent

    def _lend(self, op: Operation, value: Value, mutable: bool) -> None:
        path = self.paths.of(value) if value.type.is_place else self.paths.behind(value)
        if path is None or not tracked(path):  # 2
            return
        result = op.results[0]
        origins = self.flow.of(result)
        origin = origins[0]
        if not has_region(result.type):  # it may be anywhere within
            origin = self.flow.fresh(op)
            self.subsets.extend((origin, each, self.then) for each in origins if each >= 0)
        self._issue(op, path, mutable, origin)
        for step in path.steps():  # 2
            if step.what == COLLECTED and step.parent is not None and not step.parent.is_value:
                self._issue(op, step.parent, False, origin, holder=True)

    def _issue(self, op: Operation, path: Path | None, mutable: bool, origin: int, *, holder: bool = False) -> None:
        self.loans.append(Loan(len(self.loans), op, path, mutable, origin, self.then, holder))

    # -- accesses ----------------------------------------------------------------------------------------------------------

    def _access(self, op: Operation, path: Path | None, depth: str, writes: bool, kind: str) -> None:
        if path is not None:
            self.accesses.append(Access(self.now, op, path, depth, writes, kind))

    def _place(self, op: Operation, place: Value, access: str) -> None:
        path = self.paths.of(place)
        target = place.type.target  # type: ignore[attr-defined]
        if access == READ:  # 4
            shallow = op.name in ("switch_enum", "discriminant")
            self._access(op, path, SHALLOW if shallow else DEEP, False, "read")
            self._uses(place, self.then)
        elif access == PATH:
            at = path
            while at is not None and at.kind != "deref":
                at = at.parent
            if at is not None and at.parent is not None:
                self._access(op, at.parent, SHALLOW, False, "read")
            self._uses(place, self.then)
        elif access == BORROW:
            mutable = bool(op.attrs.get("mut"))
            self._access(op, path, DEEP, mutable, "mutably borrowed" if mutable else "borrowed")
            self._uses(place, self.then)
        elif access == CONSUME and op.name == "drop":  # 6
            self._access(op, path, DROP, True, "dropped")
            self._drops_place(place)
        elif access == CONSUME:  # 5
            self._access(op, path, DEEP, True, "moved")
            self._uses(place, self.then)
        elif access == EXCHANGE:
            self._access(op, path, DEEP, True, "assigned")
            self._uses(place, self.now)
            self._stored(place, path)
        elif access in (INIT, WRITE):
            drops = access == WRITE and self._needs_drop(target)
            self._access(op, path, DROP if drops else SHALLOW, True, "assigned")
            if drops:
                self._drops_place(place)
            self._stored(place, path)
        elif access == END:  # 6
            if not op.attrs.get("dead") and self._needs_drop(target):
                self._access(op, path, DROP, True, "dropped")
                self._drops_place(place)
            self._access(op, path, SHALLOW, True, "ended")
            self._defines(place)

    def _stored(self, place: Value, path: Path | None) -> None:
        op = place.operation
        if op is not None and op.name == "local":
            self._defines(place)
        elif (path is not None and any(step.kind == "deref" for step in path.steps())) or path is None:
            self._uses(place, self.then)
        if path is not None and not any(step.kind in ("any", "union") or step.is_some for step in path.steps()):
            self.kills.append(Kill(self.then, path, True))  # 3

    def _defines(self, local: Value) -> None:
        if self.flow.of(local):
            self.defined.append((local, self.then))

    def _root(self, place: Value) -> Value | None:
        """The local or SSA pointer at the root of a place; None for a global. Of a value the value itself."""
        at = place
        while at.type.is_place:
            op = at.operation
            if op is None or not op.decl.is_projection or not op.operands:
                return at if op is not None and op.name == "local" else None
            at = op.operands[0]
        return at

    def _uses(self, place: Value, point: int) -> None:  # 9
        root = self._root(place)
        if root is not None and self.flow.of(root):
            self.used.append((root, point))

    def _drops_place(self, place: Value) -> None:  # 10
        root = self._root(place)
        if root is None or not self.flow.of(root):
            return
        if not root.type.is_place:
            self.used.append((root, self.now))
        elif self.regions.drops(root.type.target):  # type: ignore[attr-defined]
            self.dropped.append((root, self.now))

    def _value(self, op: Operation, value: Value, access: str) -> None:
        type = value.type
        origins = self.flow.of(value)
        pointee = type.pointee
        if access in (CONSUME, ESCAPE):  # 7
            if op.name == "drop":
                if origins and self.regions.drops(type):
                    self.used.append((("drop", value), self.now))
                self._access_value(op, value, DROP, True, "dropped")
                return
            if origins:
                self.used.append((value, self.then))
            self._moved(op, value, self.now)
            return
        if origins:
            self.used.append((value, self.then))
        if pointee is None:
            return
        made_for_it = isinstance(pointee, (CellType, AtomicType, MutexType))
        if access == BORROW:
            mutable = any(each is value and exclusive for each, exclusive in self._lends(op))
            self._access_behind(op, value, mutable, "mutably borrowed" if mutable else "borrowed")
        elif access in (WRITE, EXCHANGE):
            self._access_behind(op, value, not made_for_it, "read" if made_for_it else "assigned")
        elif access == READ and not op.decl.is_pure:
            self._access_behind(op, value, False, "read")

    def _access_behind(self, op: Operation, pointer: Value, writes: bool, kind: str) -> None:
        if deref_kind(pointer.type) in (UNIQUE, OWNER, GUARD):
            self._access(op, self.paths.behind(pointer), DEEP, writes, kind)

    def _access_value(self, op: Operation, value: Value, depth: str, writes: bool, kind: str) -> None:
        if value.type.pointee is not None:
            self._access(op, self.paths.root(value), depth, writes, kind)

    def _moved(self, op: Operation, value: Value, point: int) -> None:  # 7
        if value.type.pointee is None or deref_kind(value.type) not in (UNIQUE, OWNER, GUARD):
            return
        self.accesses.append(Access(point, op, self.paths.root(value), DEEP, True, "moved"))

    # -- edges -------------------------------------------------------------------------------------------------------------

    def _edge(self, op: Operation, block: Block, index: int) -> None:  # 11
        successor = op.successors[index]
        bound = [
            (value, parameter, origins)
            for value, parameter, origins in self.flow.edge(op, successor)
            if value is not parameter
            and (self._matters(parameter) or self._matters(op.operands[0] if value is None else value))
        ]
        if not bound:
            return
        at = then = self._append(Point(block, op, index))
        targets = {parameter for _, parameter, _ in bound}
        if any(value in targets for value, _, origins in bound if origins):
            then = self._append(Point(block, op, index))
        for value, parameter, origins in bound:
            given = value if value is not None else op.operands[0]
            if origins:
                self.used.append((given, at))
            self._moved(op, given, at)
            target = self.flow.of(parameter)
            if target and then != at:
                between = tuple(each if each < 0 else self.flow.fresh(parameter) for each in target)
                self.flow.flow(origins, between, parameter.type)
                self._flows(at)
                self.flow.flow(between, target, parameter.type)
                self._flows(then)
                name = ("handed over", parameter, at)
                self.origins[name] = between
                self.used.append((name, then))
            elif target:
                self.flow.flow(origins, target, parameter.type)
                self._flows(at)
        for _, parameter, _ in bound:
            self._defined(op, parameter, then)

    # -- types -------------------------------------------------------------------------------------------------------------

    def _needs_drop(self, type: Type) -> bool:
        known = self._drops.get(type)
        if known is None:
            known = self._drops[type] = needs_drop(type, self.module)
        return known


__all__ = ["Borrowing"]
