"""Leak checking for owners: what nothing will release any more is named, with a way on which it happens.

    %p = own.into_ptr %o      warning[ALT-L001]: nothing releases what `%p` points to
    cond_br %c, ^back, ^out     ... control goes to ^out here
    ^back: %q = own.from_ptr %p unsafe : own<@Node>   drop %q   ret
    ^out:  ret                  ... and the function is left here

Memory can be leaked by who wants to; nothing sound rests on a destructor having run. So nothing here is an error. Clauses,
cited by number in the code and planted as defects one by one in the tests:
 1. ``forget`` of what needs drop leaves it behind: a note, for that is what it is for (ALT-L002);
 2. a pointer from ``own.into_ptr`` is turned back (``own.from_ptr``), freed or given away on each normal way from there to a
    ``ret``, and before the same conversion runs again; else a warning with the shortest way on which it is not (ALT-L001);
 3. it is given away where it is stored, returned, made a number, or handed to a call whose parameter is not ``borrowed``; it
    has other names, any of which will do (``raw_names``). What goes into a union is followed in the same way;
 4. what was stored into an ``uninit<T>`` of a local or an owner that nobody looks at as a ``T``, or borrows, is not dropped
    with it: a warning (ALT-L001);
 5. an owner that is stored into memory which it owns, itself or through others, is reached by nobody: a warning with the way
    around (ALT-L003), unless something is taken out of one of them again;
 6. an owner in an arena or a frame leaves only its content behind, its storage goes with the home; unwinding is not looked at;
 7. ``{allow = "ALT-L001"}`` on the operation says that this is meant;
 8. ``free`` of what an owner was turned into gives the memory back and drops nothing: a warning (ALT-L001) where the content
    needs drop and nothing is done to it through the pointer.

Safe code cannot make a cycle of owners: an owner is moved into one place. So the owners of (5) come from raw pointers; cycles
of collected objects are the collector's. What C code and raw memory leave behind is looked for elsewhere.

Invariant: a way that is shown is one of the control-flow graph, and nothing on it releases or gives away the pointer.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from typing import Any

import attrs

from altru_ir.behaviour import accesses
from altru_ir.declare import BORROW, INIT, PATH, READ, WRITE
from altru_ir.diagnostics import NOTE, WARNING, Diagnostic, Label
from altru_ir.marks import needs_drop
from altru_ir.module import Block, Function, Module
from altru_ir.passes.analysis.move_paths import is_uninit
from altru_ir.passes.analysis.raw_names import BUILDS, RENAMES, RawNames, is_bare_union, root_of
from altru_ir.passes.analysis.why import why_it_moves
from altru_ir.passes.base import Check
from altru_ir.passes.verify.move_fixes import MoveFixes
from altru_ir.types import OwnType, PlaceType, Type
from altru_ir.values import Operation, Value

SHOWN = 6
"""How many turns of a way are shown."""


@attrs.define
class CheckLeaks(Check):
    """Names what owners leave behind: what is forgotten, what raw conversions lose, and cycles."""

    name = "check-leaks"

    def diagnose(self, function: Function) -> list[Diagnostic]:
        assert function.module is not None
        return check_leaks(function, function.module)


def check_leaks(function: Function, module: Module) -> list[Diagnostic]:
    """What ``function``, which the structural verifier has accepted, leaves behind."""
    return _Leaks(function, module).run()


class _Leaks:
    def __init__(self, function: Function, module: Module) -> None:
        self.function = function
        self.module = module
        self.found: list[Diagnostic] = []
        self.origins: dict[Value, list[tuple[Value, set[Value]]]] = {}
        self.fixes = MoveFixes(function, module, None)

    def run(self) -> list[Diagnostic]:
        turned: list[Operation] = []
        freed: list[Operation] = []
        stored: dict[Value, Operation] = {}
        remade = False
        for op in self.function.operations():
            if op.name == "forget":
                self.forget(op)
            elif self.loosens(op):
                turned.append(op)
            elif op.name == "free":
                freed.append(op)
            elif op.name == "own.from_ptr":
                remade = True
            elif op.name == "init":
                hiding = self.hides(op)
                if hiding is not None:
                    stored.setdefault(hiding, op)
        for op in turned:
            self.conversion(op)
        for op in freed:
            self.shell(op)
        if stored:
            self.hidden(stored)
        if remade:
            self.cycles()
        return self.found

    def loosens(self, op: Operation) -> bool:
        """Whether ``op`` makes of what is dropped by itself what is not (2, 3)."""
        if op.name == "own.into_ptr":
            return self.loses(op.operands[0].type)
        return op.name == "union" and self.drops(op.operands[0].type) and is_bare_union(op.result.type, self.module)

    def hides(self, op: Operation) -> Value | None:
        """The local, or the owner, that ``op`` stores what needs drop into where no drop looks."""
        place, value = op.operands
        if not is_uninit(place.type.target) or not self.drops(value.type):  # type: ignore[attr-defined]
            return None
        return root_of(place)

    def drops(self, type: Type) -> bool:
        return needs_drop(type, self.module)

    def loses(self, owner: Type) -> bool:
        """Whether something stays behind when an ``owner`` is lost."""
        if isinstance(owner, OwnType) and owner.region is not None and not owner.pool:  # 6
            return self.drops(owner.target)
        return True

    def report(self, code: str, op: Operation, message: str, severity: str, **more: Any) -> None:
        if op.attrs.get("allow") != code:  # 7
            self.found.append(Diagnostic(code, message, op.location, severity, self.function.name, **more))

    def forget(self, op: Operation) -> None:  # 1
        value = op.operands[0]
        if self.drops(value.type) and self.loses(value.type):
            self.report(
                "ALT-L002", op, f"`%{value.name}` is forgotten: nothing will drop the `{value.type}`", NOTE,
                help=why_it_moves(value.type, self.module),
            )  # fmt: skip

    # -- conversions -------------------------------------------------------------------------------------------------

    def conversion(self, op: Operation) -> None:  # 2
        names = self.names.of(op.result)
        for name in names if op.name == "own.into_ptr" else ():
            self.origins.setdefault(name, []).append((op.result, names))
        releases = self.releases(names)
        block, made = op.block, op.result
        assert block is not None
        at = block.ops.index(op)
        if any(place > at for place in releases.get(block, ())):
            return
        carried = any(value.operation is None or value.type.is_place for value in names)
        way = self.way_out(block, at, releases, again=not carried)
        if way is None:
            return
        last = way[-1].ops[-1]
        around = len(way) > 1 and way[-1] is block
        labels = [Label(place, text) for place, text in self.turns(way) if place is not None]
        where = op.location if around else last.location
        if where is not None:
            ends = "and the conversion runs again here" if around else "and the function is left here"
            labels.append(Label(where, ends))
        what = f"releases what `%{made.name}` points to"
        help = "turn it back with `own.from_ptr`, or store it where somebody does"
        if op.name == "union":
            what = f"drops the `{op.operands[0].type}` in `%{made.name}`: a union does not know what it holds"
            help = f"`take` it out of the field `{op.attrs['field']}`, or store it where somebody does"
        self.report(
            "ALT-L001", op, f"nothing {what}" + self.sometimes(releases, way), WARNING, labels=tuple(labels), help=help,
            proposals=() if around or op.name == "union" else self.fixes.lost(op, last),
        )  # fmt: skip

    def sometimes(self, releases: dict[Block, list[int]], way: list[Block]) -> str:
        return " on a way out" if releases and len(way) > 1 else ""

    @cached_property
    def names(self) -> RawNames:
        return RawNames(self.function, self.module)

    def releases(self, names: set[Value]) -> dict[Block, list[int]]:
        """Where operations release or give away one of ``names`` (3): places in blocks."""
        found: dict[Block, list[int]] = {}
        for value in names:
            for op, at in self.names.used.get(value, ()):
                if op.block is not None and self.names.gives_away(op, names):
                    found.setdefault(op.block, []).append(at)
        return found

    def way_out(self, block: Block, at: int, releases: dict[Block, list[int]], again: bool) -> list[Block] | None:
        """The shortest way from behind the operation ``at`` of ``block`` to a ``ret``, or (``again``) back in front of it, on
        which nothing releases."""
        if block.ops[-1].name == "ret":
            return [block]
        import networkx

        graph = networkx.DiGraph()
        start, back = "start", "again"
        graph.add_node(start)
        work: list[tuple[Any, Block]] = [(start, block)]
        while work:
            node, here = work.pop()
            for successor in here.ops[-1].successors:
                target: Any = successor.block
                if target is block and again:
                    if all(place > at for place in releases.get(block, ())):
                        graph.add_edge(node, back)
                elif target not in releases:
                    if target not in graph:
                        work.append((target, target))
                    graph.add_edge(node, target)
        ways = networkx.single_source_shortest_path(graph, start)
        ends = [node for node in ways if node == back or (node != start and node.ops[-1].name == "ret")]
        best = min((ways[end] for end in ends), key=len, default=None)
        return None if best is None else [block, *(block if node == back else node for node in best[1:])]

    def turns(self, way: list[Block]) -> Iterator[tuple[Any, str]]:
        """Where a way turns off."""
        shown = 0
        for block, target in pairwise(way):
            last = block.ops[-1]
            if len({successor.block for successor in last.successors}) > 1 and shown < SHOWN:
                shown += 1
                yield last.location, f"control goes to ^{target.label or '?'} here"

    # -- hidden storage ----------------------------------------------------------------------------------------------

    def hidden(self, stored: dict[Value, Operation]) -> None:  # 4
        looked: set[Value] = set()
        for op in self.function.operations():
            for value, access in accesses(op):
                if not value.type.is_place:
                    if op.name not in ("deref", "drop", "dealloc"):
                        looked.add(value)
                elif access == BORROW or op.name in ("assume_init", "take", "load", "exchange"):
                    root = root_of(value)
                    if root is not None:
                        looked.add(root)
            for successor in op.successors:
                looked.update(successor.args)
        for root, op in stored.items():
            if root not in looked:
                held, inside = op.operands[1].type, f"`%{root.name}`"
                self.report(
                    "ALT-L001", op, f"nothing drops the `{held}` in {inside}: storage without a value is not dropped", WARNING,
                    help=f"`take` it through `assume_init`, or let {inside} be a `{held}`"
                    if op.operands[0] is root
                    else f"view {inside} by `assume_init` when all of it is there",
                )  # fmt: skip

    def shell(self, op: Operation) -> None:  # 8
        """A ``free`` of what was an owner's, whose content nobody has dropped or taken."""
        pointer = op.operands[0]
        begun = [(made, names) for made, names in self.origins.get(pointer, ()) if self.drops(made.type.pointee)]  # type: ignore[arg-type]
        if not begun or any(not self.emptied.isdisjoint(names) for _, names in begun):
            return
        held = begun[0][0].type.pointee
        self.report(
            "ALT-L001", op, f"`free` drops nothing of the `{held}` that `%{pointer.name}` points to", WARNING,
            help="turn it back by `own.from_ptr`, and `drop` that: the memory goes back the way it came, the content before",
        )  # fmt: skip

    @cached_property
    def emptied(self) -> set[Value]:
        """The pointers through which something is taken, dropped or written, or that lead on to who may do that."""
        found: set[Value] = set()
        for op in self.function.operations():
            for value, access in accesses(op):
                if value.type.is_place and access not in (PATH, READ):
                    at = value
                    while at.type.is_place and at.operation is not None and at.operation.decl.is_projection:
                        at = at.operation.operands[0]
                    found.add(at)
        return found

    # -- cycles ------------------------------------------------------------------------------------------------------

    def cycles(self) -> None:  # 5
        held: dict[tuple[Value, Value], Operation] = {}
        opened: set[Value] = set()
        for op in self.function.operations():
            if not op.operands or not isinstance(op.operands[0].type, PlaceType):
                continue
            access = accesses(op)[0][1]
            memory = self.memory_of(op.operands[0])
            if memory is None:
                continue
            if access in (INIT, WRITE) and len(op.operands) > 1:
                for other in self.remade(op.operands[1]):
                    held.setdefault((memory, other), op)
            elif op.name in ("take", "drop", "exchange"):
                opened.add(memory)
        if not held:
            return
        import networkx

        graph = networkx.DiGraph([edge for edge in held if edge[0] not in opened])
        for component in list(networkx.strongly_connected_components(graph)):
            part = graph.subgraph(component)
            if not part.edges:
                continue
            edges = networkx.find_cycle(part)
            stores = [held[edge[0], edge[1]] for edge in edges]
            names = " holds ".join(f"`*%{edge[0].name}`" for edge in edges)
            labels = tuple(Label(op.location, "and this is stored there") for op in stores[1:] if op.location is not None)
            self.report(
                "ALT-L003", stores[0], f"owners own each other, and nobody else does: {names} holds the first", WARNING,
                labels=labels, help="keep one of them as a raw pointer, or take it out before the last other owner goes",
            )  # fmt: skip

    def memory_of(self, place: Value) -> Value | None:
        """The raw pointer that the memory around ``place`` was reached by, at the beginning of its chain."""
        at = place
        while at.type.is_place:
            op = at.operation
            if op is None or not op.operands or not op.decl.is_projection:
                return None
            at = op.operands[0]
        return self.base(at)

    def base(self, value: Value) -> Value | None:
        """The pointer that a pointer, or an owner made of one, comes from."""
        while True:
            op = value.operation
            if op is None or op.name not in (*RENAMES, "own.from_ptr"):
                return value if value.type.pointee is not None and not isinstance(value.type, OwnType) else None
            value = op.operands[0]

    def remade(self, value: Value) -> Iterator[Value]:
        """The pointers of the owners in ``value`` that were made of pointers here."""
        work = [value]
        while work:
            op = work.pop().operation
            if op is None:
                continue
            if op.name == "own.from_ptr":
                found = self.base(op.operands[0])
                if found is not None:
                    yield found
            elif op.name in BUILDS:
                work.extend(op.operands)


__all__ = ["CheckLeaks", "check_leaks"]
