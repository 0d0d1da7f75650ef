"""Tree Borrows: which accesses through references and pointers the language allows.

The aliasing model of Villani, Hostert, Dreyer and Jung ("Tree Borrows", PLDI 2025), as the Miri interpreter has it today. What
a tag may do at a byte and what becomes of that is in ``permissions``; here are the tags and the accesses.

 1. Every allocation has a tree of tags. Its root is the tag of the allocation itself, ACTIVE and accessed at every byte. A
    reborrow through a tag makes a child of it. A pointer carries one tag; what is computed from it (a raw pointer, a field, an
    element) carries the same.
 2. An access through a tag to some bytes changes at each of them the states of all tags of the tree: it is local for the tag
    and its ancestors, foreign for all others. If one of these is a violation, the program is in error. Without bytes, nothing.
 3. A reborrow of some bytes is an access through the parent to each of them (``IMPLICIT``): a read, a write where the new tag
    is ACTIVE from the beginning, none where it is CELL. After that there is the new tag, and the bytes it has accessed so
    count as accessed through it.
 4. The new tag has at each byte the permission that is asked for. In ``cells``, the parts of the pointee that have interior
    mutability, CELL stands for FROZEN and RESERVED_IM for RESERVED.
 5. At the bytes that are not reborrowed the new tag is *lazy*: not accessed, with the permission it would have inside
    (inside cells, when there are any; RESERVED for ACTIVE). A foreign access there may take the permission, which is an error
    only when the byte is used through the tag later on.
 6. A tag may be protected, from the call that hands it over until the function returns. It has RESERVED for RESERVED_IM.
 7. At the end of a protection every byte that was accessed through the tag is accessed once more (``IMPLICIT``): written
    where it is ACTIVE, read elsewhere, untouched where it is CELL. The tag's own descendants do not notice.
 8. Deallocation is a write of all bytes. It is an error while a protected tag has an accessed byte that is not CELL.
 9. Where several errors meet, the one at the lowest byte is reported, there that of a local access before that of a foreign
    one, the nearest to the accessed tag first.

Miri goes beyond the paper in clause 4: in the paper, shared references to interior mutability are not tags of their own, and
one cell in a type counts for the whole of it. There are no two-phase borrows, no protectors that allow deallocation (Rust's
``Box``) and no exposed tags: an integer never becomes a pointer.

Example: ``r`` reborrows ``x`` exclusively, then ``x`` itself is written: foreign to ``r``, which is DISABLED. A later read
through ``r`` is a violation that names the reborrow and the write.

**How it is kept.** The states of a tag are runs of equal ones, so that a tag costs what it distinguishes and not the size of
its allocation.

10. A foreign access leaves a subtree alone where its top is immune (``permissions``). A new tag lowers the immunity of its
    ancestors to its own. A tag knows the immunity that all of its children have everywhere, so that reads do not even look at
    a thousand shared references.
11. A *quiet* access changes no permission and no mark. Each tag remembers the range around its last access in which reads, and
    writes, are quiet. They stay so until a permission or a mark changes, or a tag that is not immune to them appears.
12. ``Node`` stands for a tag outside of this module; a tag that nobody holds a node of is *dead*. A dead tag without children
    forbids nothing any more and is dropped. So is one with a single child that is ``replaceable``: a loop that reborrows what
    it reborrowed before leaves no chain behind. Dead tags are collected when the tree is next entered, and the inner ones when
    as many have gathered as there were after the last time, so that each costs a constant. The root and protected tags stay.

Invariant: no tag is more immune at a byte than its descendants.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import ClassVar

from altru_ir.backend.interpreter.permissions import (
    ACTIVE,
    CELL,
    CONFLICTED,
    DISABLED,
    FORBIDDEN,
    FROZEN,
    IMPLICIT,
    NOTHING,
    READS,
    RESERVED,
    RESERVED_IM,
    WEAKEN,
    WRITES,
    Permission,
    StateMachine,
    immunity_of,
    is_accessed,
    permission_of,
    replaceable,
)
from altru_ir.backend.interpreter.tags import AliasingViolation, Loss, Node, Tag, Where

__all__ = ["AliasingViolation", "BorrowTree", "Loss", "Node", "Permission", "Where"]

IN_CELLS = {FROZEN: CELL, RESERVED: RESERVED_IM}
"""Clause 4."""

UNKNOWN = -1
"""For the immunity that all children of a tag share, when it has to be found out again."""

FEW_DEAD = 16
"""As many dead tags that have children are never looked for."""


class BorrowTree:
    """The tags of one allocation of ``size`` bytes; ``root`` is its own.

    ``where`` and ``name`` say where it was made and how messages call it. All offsets count from the allocation's first byte.
    A violation ends the run: what the tree holds after one is not specified.
    """

    machine: ClassVar[StateMachine] = StateMachine()

    def __init__(self, size: int, where: Where, name: str = "") -> None:
        self.size = size
        self._graveyard: list[Tag] = []  # tags whose node is gone, not looked at yet
        self._buried: dict[Tag, None] = {}  # dead tags that have children
        self._enough = FEW_DEAD
        self._protected: dict[Tag, None] = {}
        self._serial = 0
        self._reads_age = self._writes_age = 0  # (11)
        state = self.machine.initial(ACTIVE, True, False)
        self._root = Tag(None, 0, size, [(0, state)][:size], kind="root", where=where, name=name)
        self.root = Node(self._root, self._graveyard)

    def retag(
        self,
        parent: Node,
        offset: int,
        size: int,
        permission: Permission,
        where: Where,
        *,
        protected: bool = False,
        cells: Sequence[tuple[int, int]] = (),
        name: str = "",
    ) -> Node:
        """A new tag for a reborrow of ``size`` bytes through ``parent`` (clauses 3 to 6).

        Parameters: ``permission`` is FROZEN for a shared reference, RESERVED for an exclusive one, ACTIVE for one that writes
        at once, CELL or RESERVED_IM when all of the pointee is inside cells; ``cells`` are the parts ``(first, end)`` of the
        reborrowed range that are, in order, and an empty one says that the type has cells somewhere; ``name`` is how messages
        call it. Raises ``AliasingViolation``, and ``ValueError`` for a range that is not within the allocation.
        """
        if not (0 <= offset <= offset + size <= self.size):
            raise ValueError(f"bytes {offset}..{offset + size} are not within an allocation of {self.size}")
        if permission in (DISABLED, CONFLICTED):
            raise ValueError(f"no tag begins as {permission.value}")
        above = self._enter(parent)
        machine = self.machine
        everywhere = RESERVED if protected and permission is RESERVED_IM else permission  # 6
        in_cells = everywhere if protected and everywhere is RESERVED else IN_CELLS.get(everywhere, everywhere)  # 4
        end = offset + size
        inside = [(offset, end, everywhere)] if size else []
        for first, last in cells:
            if inside:
                low, high, _ = inside.pop()
                parts = (low, first, everywhere), (first, last, in_cells), (last, high, everywhere)
                inside += [part for part in parts if part[0] < part[1]]
        pieces = []
        for low, high, each in inside:  # 3
            access = IMPLICIT[each]
            if access is not None:
                self._access(above, low, high, access, "a reborrow", where)
            pieces.append((low, machine.initial(each, access is not None, protected)))
        if size < self.size:
            outside = RESERVED if everywhere is ACTIVE else everywhere  # 5
            if cells and not (protected and outside is RESERVED):
                outside = IN_CELLS.get(outside, outside)
            lazy = machine.initial(outside, False, protected)
            if offset:
                pieces.insert(0, (0, lazy))
            if end < self.size:
                pieces.append((end, lazy))
        self._serial += 1
        shared = permission is FROZEN or permission is CELL
        kind = ("protected " if protected else "") + ("ref" if shared else "ref mut")
        tag = Tag(above, self._serial, self.size, pieces, kind=kind, where=where, name=name)
        above.children[tag.key] = tag
        if protected:
            tag.protected = True
            self._protected[tag] = None
        self._appeared(tag)
        if len(inside) == 1 and IMPLICIT[inside[0][2]] is not None:  # through the new tag that access again is quiet
            tag.quiet_reads = (self._reads_age, offset, end)
            if everywhere is ACTIVE:
                tag.quiet_writes = (self._writes_age, offset, end)
        return Node(tag, self._graveyard)

    def access(self, node: Node, offset: int, size: int, write: bool, where: Where) -> None:
        """A read or write of ``size`` bytes through ``node`` (clause 2).

        Raises ``AliasingViolation``, and ``ValueError`` for a range that is not within the allocation or a forgotten tag.
        """
        tag = node._tag
        if write:
            age, low, high = tag.quiet_writes
            if age == self._writes_age and low <= offset and offset + size <= high:
                return
        else:
            age, low, high = tag.quiet_reads
            if age == self._reads_age and low <= offset and offset + size <= high:
                return
        if not (0 <= offset <= offset + size <= self.size):
            raise ValueError(f"bytes {offset}..{offset + size} are not within an allocation of {self.size}")
        self._enter(node)
        if size:
            self._access(tag, offset, offset + size, write, "a write" if write else "a read", where)

    def release(self, node: Node, where: Where) -> None:
        """The function that ``node`` was protected for returns (clause 7). Without effect on a tag that is not protected.

        That no accessed byte of a protected tag is ever disabled, nor anything above it less permissive than it, makes these
        accesses succeed.
        """
        tag = node._tag
        if not tag.protected:
            return
        for low, high, state in tag.runs():
            access = IMPLICIT[permission_of(state)]
            if access is not None and is_accessed(state):
                self._access(tag, low, high, access, "the end of a protection", where, below=False)
        tag.protected = False
        del self._protected[tag]
        if tag.forgotten:
            self._graveyard.append(tag)

    def deallocate(self, node: Node, where: Where) -> None:
        """The allocation ends through ``node`` (clause 8). Raises ``AliasingViolation``."""
        tag = self._enter(node)
        if self.size:
            self._access(tag, 0, self.size, True, "the end of the allocation", where)
        found: tuple[int, Tag] | None = None
        for other in self._protected:
            for low, _, state in other.runs():
                if is_accessed(state) and permission_of(state) is not CELL:
                    if found is None or low < found[0]:
                        found = (low, other)
                    break
        if found is not None:
            offset, other = found
            message = f"the end of the allocation through {tag}, while {other} is protected until its function returns"
            raise self._violation(message, tag, other, offset, where, None)

    def forget(self, node: Node) -> None:
        """No pointer carries this tag any more, though its node is still held. Using it afterwards is a ``ValueError``."""
        tag = node._tag
        if tag.parent is not None:
            tag.forgotten = True
            tag.quiet_reads = tag.quiet_writes = (-1, 0, 0)
            self._graveyard.append(tag)

    def count(self) -> int:
        """How many tags there are."""
        self._collect()
        count, work = 0, [self._root]
        while work:
            count += 1
            work.extend(work.pop().children.values())
        return count

    # -- accesses ----------------------------------------------------------------------------------------------------------

    def _access(self, tag: Tag, low: int, high: int, write: bool, cause: str, where: Where, *, below: bool = True) -> None:
        """Clause 2 for the bytes ``[low, high)``, of which there is one at least; without ``below``, not for descendants."""
        quiet_low, quiet_high = 0, self.size  # around [low, high), where no state changes (11)
        same, moved = True, False  # no state has changed; a permission or a mark has
        failure: AliasingViolation | None = None  # at ``high``, if any: the bytes from there on do not matter any more (9)
        foreign: list[Tag] = []
        came_from: Tag | None = None
        at: Tag | None = tag
        tables = self.machine.local
        while at is not None:
            table = tables[at.protected][write]
            starts = at.starts
            run = bisect_right(starts, low) - 1
            if high <= starts[run + 1] and table[at.states[run]] == at.states[run]:
                if starts[run] > quiet_low:
                    quiet_low = starts[run]
                if starts[run + 1] < quiet_high:
                    quiet_high = starts[run + 1]
            else:
                stop, changed = at.translate(low, high, table, FORBIDDEN)
                if changed:
                    same = False
                    moved |= at.note(changed, cause, tag, where)
                if stop < high:
                    high, failure = stop, self._forbidden(tag, at, stop, cause, where)
                    if low == high:
                        raise failure
                if same:
                    extent = at.extent(low, high)
                    quiet_low, quiet_high = max(quiet_low, extent[0]), min(quiet_high, extent[1])
            if len(at.children) > (came_from is not None) and (below or at is not tag):
                if at.calm == UNKNOWN:
                    at.calm = min(map(_immunity, at.children.values()))
                if at.calm < (WRITES if write else READS):
                    foreign += [child for child in at.children.values() if child is not came_from]
            if write and at.parent is not None:
                at.parent.calm = NOTHING
            came_from, at = at, at.parent
        tables = self.machine.foreign
        for child in foreign:
            starts = child.starts
            run = bisect_right(starts, low) - 1
            if high <= starts[run + 1] and tables[child.protected][write][child.states[run]] == child.states[run]:
                if starts[run] > quiet_low:
                    quiet_low = starts[run]
                if starts[run + 1] < quiet_high:
                    quiet_high = starts[run + 1]
                continue
            work = [(child, low, high, False)]
            while work:  # descendants first (9)
                at, begin, end, visited = work.pop()
                end = min(end, high)
                if begin >= end:
                    continue
                table = tables[at.protected][write]
                if at.children and not visited:
                    ranges = at.changes(begin, end, table)
                    if ranges:
                        same = False
                        for begin, end in ranges:  # 10: where nothing changes here, nothing changes below
                            work.append((at, begin, end, True))
                            work += [(below_it, begin, end, False) for below_it in reversed(at.children.values())]
                else:
                    stop, changed = at.translate(begin, end, table, FORBIDDEN)
                    if changed:
                        same = False
                        moved |= at.note(changed, cause, tag, where)
                    if stop < end:
                        high, failure = stop, self._disabling(tag, at, stop, cause, where)
                        if low == high:
                            raise failure
                if same:
                    extent = at.extent(begin, end)
                    quiet_low, quiet_high = max(quiet_low, extent[0]), min(quiet_high, extent[1])
        if failure is not None:
            raise failure
        if moved:
            self._reads_age += 1
            self._writes_age += 1
        if below:
            if not same:
                quiet_low, quiet_high = low, high
            tag.quiet_reads = (self._reads_age, quiet_low, quiet_high)
            if write:
                tag.quiet_writes = (self._writes_age, quiet_low, quiet_high)

    def _forbidden(self, tag: Tag, culprit: Tag, offset: int, cause: str, where: Where) -> AliasingViolation:
        """A local access without permission."""
        permission = permission_of(culprit.state(offset)).value
        why = f"its permission there is {permission}"
        if culprit is not tag:
            why = f"it derives from {culprit}, whose permission there is {permission}"
        message = f"{cause} through {tag} at offset {offset} is forbidden: {why}"
        return self._violation(message, tag, culprit, offset, where, culprit.loss(offset))

    def _disabling(self, tag: Tag, culprit: Tag, offset: int, cause: str, where: Where) -> AliasingViolation:
        """A foreign access that a protection forbids."""
        why = f"it disables {culprit}, which is protected until its function returns"
        message = f"{cause} through {tag} at offset {offset} is forbidden: {why}"
        return self._violation(message, tag, culprit, offset, where, None)

    def _violation(
        self, message: str, tag: Tag, culprit: Tag, offset: int, where: Where, loss: Loss | None
    ) -> AliasingViolation:
        graves = self._graveyard
        return AliasingViolation(message, Node.of(tag, graves), Node.of(culprit, graves), where, culprit.where, loss, offset)

    # -- which tags there are ----------------------------------------------------------------------------------------------

    def _enter(self, node: Node) -> Tag:
        tag = node._tag
        if tag.forgotten or tag.removed:
            raise ValueError(f"{tag} was forgotten")
        if self._graveyard:
            self._collect()
        return tag

    def _appeared(self, tag: Tag) -> None:
        """Clauses 10 and 11 for a new tag."""
        most = _immunity(tag)
        if most < WRITES:
            self._writes_age += 1
        if most < READS:
            self._reads_age += 1
        above = tag.parent
        while above is not None:
            above.calm = min(above.calm, most)
            if not above.translate_all(WEAKEN[most]):
                break
            above = above.parent

    def _collect(self) -> None:
        """Clause 12."""
        while self._graveyard:
            tag = self._graveyard.pop()
            held = not tag.forgotten and tag.node is not None and tag.node() is not None
            if held or tag.removed or tag.protected or tag.parent is None:
                continue
            tag.dead = True
            while tag.dead and not tag.children and tag.parent is not None:
                tag.removed = True
                self._buried.pop(tag, None)
                del tag.parent.children[tag.key]
                tag = tag.parent
                tag.calm = UNKNOWN if tag.children else WRITES
            if tag.dead:
                self._buried[tag] = None
        if len(self._buried) >= self._enough:
            for tag in list(self._buried):
                if len(tag.children) == 1 and tag.parent is not None:
                    (child,) = tag.children.values()
                    if all(replaceable(above, below) for above, below in tag.pairs(child)):
                        child.parent, child.key = tag.parent, tag.key
                        tag.parent.children[tag.key] = child
                        tag.children = {}
                        tag.removed = True
                        del self._buried[tag]
            self._enough = 2 * len(self._buried) + FEW_DEAD


def _immunity(tag: Tag) -> int:
    """The least immunity that the tag has at any byte."""
    return min(map(immunity_of, tag.states), default=WRITES)
