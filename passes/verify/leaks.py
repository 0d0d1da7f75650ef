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
 3. it is given away where it is stored, returned, put into an aggregate, made a number, or handed to a call whose parameter is
    not ``borrowed``; casts, offsets and arguments of blocks make other names of it, any of which will do;
 4. what was stored into a local ``uninit<T>`` that nobody looks at as a ``T``, or borrows, is not dropped by its end: a warning
    (ALT-L001);
 5. an owner that is stored into memory which it owns, itself or through others, is reached by nobody: a warning with the way
    around (ALT-L003), unless something is taken out of one of them again;
 6. an owner in an arena or a frame leaves only its content behind, its storage goes with the home; unwinding is not looked at;
 7. ``{allow = "ALT-L001"}`` on the operation says that this is meant.

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

from altru_ir.behaviour import accesses, called_type
from altru_ir.declare import BORROW, INIT, WRITE
from altru_ir.diagnostics import NOTE, WARNING, Diagnostic, Label
from altru_ir.marks import needs_drop
from altru_ir.module import Block, Function, Module
from altru_ir.passes.analysis.move_paths import is_uninit
from altru_ir.passes.analysis.why import why_it_moves
from altru_ir.passes.base import Check
from altru_ir.passes.verify.move_fixes import MoveFixes
from altru_ir.types import OwnType, PlaceType, Type
from altru_ir.values import Operation, Value

RENAMES = ("ptr.cast", "ptr.add", "unsize", "assume_init", "dyn.cast", "select")
LOOKS = (*RENAMES, "deref", "icmp", "slice.from_raw")
"""Operations on a pointer behind which it is still to be released."""

BUILDS = ("struct", "tuple", "array", "enum")
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


class _Flow:
    """Where pointers go in a function: other names of a value (``renamed``), and operations with their places (``used``)."""

    def __init__(self, function: Function) -> None:
        self.renamed: dict[Value, list[Value]] = {}
        self.used: dict[Value, list[tuple[Operation, int]]] = {}
        for block in function.blocks:
            for at, op in enumerate(block.ops):
                for value in op.operands:
                    if not value.type.is_place:
                        self.used.setdefault(value, []).append((op, at))
                        if op.name in RENAMES and op.results:
                            self.renamed.setdefault(value, []).append(op.result)
                for successor in op.successors:
                    given = len(successor.block.args) - len(successor.args)
                    for value, argument in zip(successor.args, successor.block.args[given:], strict=True):
                        self.renamed.setdefault(value, []).append(argument)


class _Leaks:
    def __init__(self, function: Function, module: Module) -> None:
        self.function = function
        self.module = module
        self.found: list[Diagnostic] = []
        self.fixes = MoveFixes(function, module, None)

    def run(self) -> list[Diagnostic]:
        turned = []
        stored: dict[Value, Operation] = {}
        remade = False
        for op in self.function.operations():
            if op.name == "forget":
                self.forget(op)
            elif op.name == "own.into_ptr" and self.loses(op.operands[0].type):
                turned.append(op)
            elif op.name == "own.from_ptr":
                remade = True
            elif op.name == "init" and self.hides(op):
                stored.setdefault(op.operands[0], op)
        for op in turned:
            self.conversion(op)
        if stored:
            self.hidden(stored)
        if remade:
            self.cycles()
        return self.found

    def hides(self, op: Operation) -> bool:
        """Whether ``op`` stores what needs drop where no drop looks."""
        place, value = op.operands
        assert isinstance(place.type, PlaceType)
        local = place.operation is not None and place.operation.name == "local"
        return local and is_uninit(place.type.target) and self.drops(value.type)

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
        names = self.names(op.result)
        releases = self.releases(names)
        block = op.block
        assert block is not None
        at = block.ops.index(op)
        if any(place > at for place in releases.get(block, ())):
            return
        carried = any(value.operation is None for value in names)
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
        self.report(
            "ALT-L001", op, f"nothing releases what `%{op.result.name}` points to" + self.sometimes(releases, way), WARNING,
            labels=tuple(labels), help="turn it back with `own.from_ptr`, `free` it, or store it where somebody does",
            proposals=() if around else self.fixes.lost(op, last),
        )  # fmt: skip

    def sometimes(self, releases: dict[Block, list[int]], way: list[Block]) -> str:
        return " on a way out" if releases and len(way) > 1 else ""

    def names(self, pointer: Value) -> set[Value]:
        """The values that may be ``pointer``, or lead into what it points to (3)."""
        found, work = {pointer}, [pointer]
        while work:
            new = [value for value in self.flow.renamed.get(work.pop(), ()) if value not in found]
            found.update(new)
            work.extend(new)
        return found

    @cached_property
    def flow(self) -> _Flow:
        return _Flow(self.function)

    def releases(self, names: set[Value]) -> dict[Block, list[int]]:
        """Where operations release or give away one of ``names`` (3): places in blocks."""
        found: dict[Block, list[int]] = {}
        for value in names:
            for op, at in self.flow.used.get(value, ()):
                if op.block is not None and self.is_release(op, names):
                    found.setdefault(op.block, []).append(at)
        return found

    def is_release(self, op: Operation, names: set[Value]) -> bool:
        if names.isdisjoint(op.operands) or op.name in LOOKS or op.name.startswith("check."):
            return False
        type = called_type(op, self.module)
        if type is None:
            return True
        first = op.decl.fixed_count(op) + (op.attrs.get("callee") is None)
        given = dict(zip(range(first, len(op.operands)), type.transfers[:-1], strict=False))
        return any(value in names and given.get(at) != "borrowed" for at, value in enumerate(op.operands))

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
        looked = set()
        for op in self.function.operations():
            if op.name in ("assume_init", "borrow", "elem", "subrange"):
                looked.add(op.operands[0])
            for value, access in accesses(op):
                if access == BORROW:
                    looked.add(value)
        for local, op in stored.items():
            if local not in looked:
                held, inside = op.operands[1].type, f"`%{local.name}`"
                self.report(
                    "ALT-L001", op, f"nothing drops the `{held}` in {inside}: storage without a value is not dropped", WARNING,
                    help=f"`take` it through `assume_init`, or let {inside} be a `{held}`",
                )  # fmt: skip

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
