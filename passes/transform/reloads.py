"""Reloads: does a load give what an earlier access of the same place has read or stored?

    %x = load %q                 %x = load %q
    assign %r, %y        =>      assign %r, %y        // %r is another field, another array
    %z = load %q                                      // %z is %x

The places are one path (``cse`` knows which are), and the earlier access stands on every way to the load. What happens on the
ways between the two is looked at then, and only then. Rules, cited by number in the code:

 1. Going back from the load, up to the earlier access, no operation may write to the place. A block that is met is looked at as
    a whole; at most ``BLOCKS`` blocks and ``WRITERS`` operations that write are, else the answer is no.
 2. What a shared reference leads to, if there is nothing in it that changes behind such references, does not change while the
    reference is in use, and the load uses it.
 3. A store writes to its place: which places share storage with it, ``aliases`` knows. A volatile load or store stands for
    itself, and nothing is known behind it.
 4. Operations that compute, make paths, check, allocate or only direct control write to nothing that was there before.
 5. Any other operation may write to all places and pointers that it names, and to whatever is not this activation's own.
 6. Flags of drops are left as they are, for the proof of drops follows them (``verify/drops``); ``mem2reg`` promotes them.

Both accesses mean the same place: what the path names dominates the earlier access, so no way from its last run to the load
runs a definition of it again.

Invariant: where a value is given, each run has read it from the place, or stored it there, after the last write to the place.

Reference: Muchnick, Advanced Compiler Design and Implementation, 1997, 12.4 and 13.3 (redundant loads, scalar replacement).
"""

from __future__ import annotations

from collections.abc import Callable

from altru_ir.behaviour import runs_destructors
from altru_ir.cfg import ControlFlowGraph
from altru_ir.marks import copies, freezes
from altru_ir.module import Block, Module
from altru_ir.passes.analysis.aliases import ANYTHING, DEREF, Aliases, Overlap
from altru_ir.types import PlaceType, RefType
from altru_ir.values import Operation, Value

DROP_FLAG = "drop.flag"
BLOCKS = 64
WRITERS = 64
STORES = frozenset({"assign", "init"})
HARMLESS = frozenset(
    {
        "local", "new", "new.array", "alloc", "stack.alloc", "br", "cond_br", "switch", "ret", "panic", "resume", "unreachable",
        "borrow", "assume", "switch_enum", "dim",
    }
)  # fmt: skip
"""Rule 4, beside what is pure, a path or a check."""


def accessed(op: Operation, module: Module) -> tuple[Value, Value] | None:
    """The place that ``op`` reads or stores to, and what that place holds then; None for other operations (3)."""
    name = op.decl.name
    if (name != "load" and name not in STORES) or "volatile" in op.attrs:
        return None
    place = op.operands[0].operation
    if place is None or DROP_FLAG in place.attrs:  # 6
        return None
    if name == "load":
        return op.operands[0], op.result
    if name in STORES and copies(op.operands[1].type, module) and not runs_destructors(op, module):
        return op.operands[0], op.operands[1]
    return None


class Reloads:
    """Answers for one function. ``aliases`` makes those of the function; it is called when the first answer needs them."""

    def __init__(self, cfg: ControlFlowGraph, module: Module, aliases: Callable[[], Aliases]) -> None:
        self._cfg = cfg
        self._module = module
        self._get = aliases
        self._aliases: Aliases | None = None
        self._writers: dict[Block, list[Operation]] = {}

    def unchanged(self, place: Value, first: Operation, second: Operation) -> bool:
        """Whether nothing is written to ``place`` between the last run of ``first`` and ``second``, which it dominates."""
        if _is_frozen(place, self._module):  # 2
            return True
        between = self._between(first, second)
        if between is None:
            return False
        return not any(self._may_write(op, place) for op in between)

    def never_written(self, place: Value, but: Operation | None = None) -> bool:
        """Whether no operation of the function may write to ``place``, ``but`` for one and those that leave nothing there."""
        if _is_frozen(place, self._module):  # 2
            return True
        writers = [op for block in self._cfg.blocks for op in self._of_block(block) if op is not but]
        return not any(not self._empties(op) and self._may_write(op, place) for op in writers)

    def _empties(self, op: Operation) -> bool:
        """Whether all that the operation writes to is unreadable behind it."""
        return op.decl.name in ("end", "drop", "take", "dealloc") and not runs_destructors(op, self._module)

    def _between(self, first: Operation, second: Operation) -> list[Operation] | None:  # 1
        """The operations that write, on the ways from the one to the other; None where that is too much."""
        above, below = first.block, second.block
        assert above is not None
        assert below is not None
        at = below.ops.index(second)
        if above is below:
            return self._limited([op for op in below.ops[above.ops.index(first) + 1 : at] if self._writes(op)])
        found = [op for op in below.ops[:at] if self._writes(op)]
        found += [op for op in above.ops[above.ops.index(first) + 1 :] if self._writes(op)]
        cfg = self._cfg
        seen = {above}
        work = [below]
        for block in work:
            if len(work) > BLOCKS or len(found) > WRITERS:
                return None
            for number in cfg.predecessors[cfg.number[block]]:
                before = cfg.blocks[number]
                if before not in seen:
                    seen.add(before)
                    work.append(before)
                    found += self._of_block(before)
        return self._limited(found)

    @staticmethod
    def _limited(found: list[Operation]) -> list[Operation] | None:
        return found if len(found) <= WRITERS else None

    def _of_block(self, block: Block) -> list[Operation]:
        known = self._writers.get(block)
        if known is None:
            known = self._writers[block] = [op for op in block.ops if self._writes(op)]
        return known

    def _writes(self, op: Operation) -> bool:  # 4
        decl = op.decl
        if decl.is_pure or decl.is_projection or decl.is_check or decl.name in HARMLESS:
            return False
        return decl.name != "load" or "volatile" in op.attrs

    def _may_write(self, op: Operation, place: Value) -> bool:
        aliases = self._aliases
        if aliases is None:
            aliases = self._aliases = self._get()
        path = aliases.path(place)
        if DEREF in path.steps:
            return True
        if accessed(op, self._module) is not None:  # 3
            return aliases.overlap(op.operands[0], place) is not Overlap.NO
        objects = aliases.objects_of(path)
        for value in op.operands:  # 5
            if isinstance(value.type, PlaceType):
                if aliases.overlap(value, place) is not Overlap.NO:
                    return True
            elif value.type.is_pointer and aliases.meet(objects, aliases.objects.get(value, frozenset({ANYTHING}))):
                return True
        return aliases.meet(objects, frozenset({ANYTHING}))


def _is_frozen(place: Value, module: Module) -> bool:  # 2
    """Whether a path leads through a shared reference that is a value, and then through no pointer."""
    op = place.operation
    while op is not None and op.operands:
        base = op.operands[0].type
        if op.decl.name == "deref":
            return isinstance(base, RefType) and not base.mutable and freezes(base.target, module)
        if not base.is_place:
            return False
        op = op.operands[0].operation
    return False
