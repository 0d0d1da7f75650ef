"""Tree Borrows: which accesses through references the language allows.

The aliasing model of Villani, Hostert, Dreyer and Jung ("Tree Borrows", PLDI 2025), as the Miri interpreter refined it. The
tags of an allocation form a tree: the allocation's own tag is the root, and a reborrow makes a child of the tag it went
through. For each tag and each byte there is a permission, and an access through one tag changes the permissions of all:
it is a *local* access for the tag and its ancestors and a *foreign* one for every other tag.

 1. Permissions. ``RESERVED``: an exclusive reference that has not been written through; ``RESERVED_IM``: the same to memory
    with interior mutability; ``ACTIVE``: it has been written through; ``FROZEN``: it may only be read through; ``DISABLED``:
    it may not be used; ``CELL``: a shared reference to interior mutability, which no access disturbs.
 2. A local read is an error where the tag is ``DISABLED`` and changes nothing else.
 3. A local write is an error where it is ``FROZEN`` or ``DISABLED`` and makes any other (but ``CELL``) ``ACTIVE``.
 4. A foreign read turns ``ACTIVE`` to ``FROZEN`` and changes nothing else.
 5. A foreign write turns all but ``CELL`` and ``RESERVED_IM`` to ``DISABLED``.
 6. While a tag is protected (its function runs), a foreign read turns ``RESERVED`` to ``RESERVED`` in *conflict*, through
    which a local write is an error, and ``ACTIVE`` to ``DISABLED``; a ``RESERVED_IM`` is a plain ``RESERVED``.
 7. While a tag is protected, an access that would make it ``DISABLED`` at a byte that was *accessed* through it is an error,
    and so is the end of the allocation.
 8. Bytes that the reborrow covers count as accessed, for the reborrow reads them (not those in cells); others begin with the
    tag's permission and count from their first local access.
 9. When a protected tag's function returns, it accesses once more every byte that was accessed through it: it writes where
    it is ``ACTIVE``, reads where it is not, and its own children do not notice.

Example: ``x`` is borrowed exclusively as ``r``, then written directly: a foreign write for ``r`` (5), so a later read through
``r`` is an error (2) that names the borrow and the write.

How it is kept: a tag has a byte of state for each byte of the allocation (permission, conflict, accessed), and an access
translates slices of states through one of eight tables, so the cost is a few operations for each living tag. Tags live while
a pointer or a child holds them; an unreachable tag without children can no longer matter and is forgotten. An access that
changes nothing stays without effect until something changes, so it is remembered.

Invariant: the states of a tag have the length of the allocation; a parent lives at least as long as its children.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Mapping, Sequence
from enum import IntEnum
from itertools import count

from altru_ir.values import Operation

Where = Operation | None


class Permission(IntEnum):
    """Clause 1; ``CONFLICTED`` is ``RESERVED`` after a foreign read under protection (6)."""

    CELL = 0
    RESERVED = 1
    CONFLICTED = 2
    RESERVED_IM = 3
    ACTIVE = 4
    FROZEN = 5
    DISABLED = 6


C, R, K, M, A, F, D = Permission
_ERROR = 255
_ACCESSED = 8  # the bit of a state that says so; the low bits are the permission

# Clauses 2 to 6 as data: what becomes of each permission; None is an error. Those of protected tags differ where they say.
LOCAL_READ = {C: C, R: R, K: K, M: M, A: A, F: F, D: None}
LOCAL_WRITE = {C: C, R: A, K: A, M: A, A: A, F: None, D: None}
FOREIGN_READ = {C: C, R: R, K: K, M: M, A: F, F: F, D: D}
FOREIGN_WRITE = {C: C, R: D, K: D, M: M, A: D, F: D, D: D}
PROTECTED_LOCAL_READ = LOCAL_READ
PROTECTED_LOCAL_WRITE = {**LOCAL_WRITE, K: None}
PROTECTED_FOREIGN_READ = {**FOREIGN_READ, R: K, M: K, A: D}
PROTECTED_FOREIGN_WRITE = {**FOREIGN_WRITE, M: D}

Rules = Mapping[Permission, Permission | None]


def _table(rules: Rules, local: bool, protected: bool) -> bytes:
    """The translation of states that ``rules`` are, with clause 7 for protected tags and clause 8 for local accesses."""
    table = bytearray([_ERROR]) * 256
    for before, after in rules.items():
        for accessed in (0, _ACCESSED):
            if after is None or (protected and accessed and after is D and before is not D):
                continue
            table[before | accessed] = after | (_ACCESSED if local else accessed)
    return bytes(table)


_TABLES = {
    (True, False, False): _table(LOCAL_READ, True, False),
    (True, True, False): _table(LOCAL_WRITE, True, False),
    (False, False, False): _table(FOREIGN_READ, False, False),
    (False, True, False): _table(FOREIGN_WRITE, False, False),
    (True, False, True): _table(PROTECTED_LOCAL_READ, True, True),
    (True, True, True): _table(PROTECTED_LOCAL_WRITE, True, True),
    (False, False, True): _table(PROTECTED_FOREIGN_READ, False, True),
    (False, True, True): _table(PROTECTED_FOREIGN_WRITE, False, True),
}
"""By (local, write, protected)."""

_numbers = count()


class Node:
    """A tag: where it stands in the tree, where it was made, and its state for each byte of the allocation."""

    __slots__ = ("__weakref__", "lost", "name", "number", "parent", "protected", "states", "where")

    def __init__(self, parent: Node | None, states: bytearray, where: Where, name: str, protected: bool) -> None:
        self.parent = parent
        self.states = states
        self.where = where
        self.name = name
        self.protected = protected
        self.number = next(_numbers)
        self.lost: dict[int, tuple[Where, str]] = {}  # by offset of the access: what took the permission away

    def __repr__(self) -> str:
        return f"<tag {self.name}>"


class AliasingViolation(Exception):
    """An access that the model forbids.

    ``where`` is the access; ``created`` where the tag that forbids it was made, ``disabled`` what took its permission away.
    """

    def __init__(self, message: str, where: Where, created: Where, disabled: Where) -> None:
        self.message = message
        self.where = where
        self.created = created
        self.disabled = disabled
        super().__init__(message)


class BorrowTree:
    """The tags of one allocation of ``size`` bytes."""

    def __init__(self, size: int, where: Where, name: str = "") -> None:
        self.size = size
        self.root = Node(None, bytearray([A | _ACCESSED]) * size, where, name, False)
        self.nodes: list[weakref.ref[Node]] = [weakref.ref(self.root)]
        self.quiet: set[tuple[int, int, int, bool]] = set()  # accesses that would change nothing

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
        """A child of ``parent`` for a reborrow of ``[offset, offset + size)``.

        ``cells`` are ranges ``(first, end)`` of offsets behind which a shared reference may see changes. Raises
        ``AliasingViolation``.
        """
        if protected and permission is M:
            permission = R  # 6
        states = bytearray([permission]) * self.size
        for first, end in cells:
            states[first:end] = bytearray([C]) * (end - first)
        node = Node(parent, states, where, name, protected)
        self.quiet.clear()
        self.nodes.append(weakref.ref(node))
        at = offset
        for first, end in (*cells, (offset + size, offset + size)):  # 8
            if at < first:
                self.access(node, at, first - at, False, where)
            at = end
        if len(self.nodes) > 64 and len(self.nodes) & (len(self.nodes) - 1) == 0:
            self.nodes = [ref for ref in self.nodes if ref() is not None]
        return node

    def access(self, node: Node, offset: int, size: int, write: bool, where: Where) -> None:
        """An access through ``node``. Raises ``AliasingViolation`` when some tag forbids it."""
        key = (node.number, offset, size, write)
        if key in self.quiet:
            return
        local = set()
        above: Node | None = node
        while above is not None:
            local.add(above)
            above = above.parent
        if self._apply(node, local, None, offset, size, write, where) or len(self.quiet) > 100_000:
            self.quiet.clear()
        self.quiet.add(key)

    def _apply(
        self, node: Node, local: set[Node], spared: set[Node] | None, offset: int, size: int, write: bool, where: Where
    ) -> bool:
        """Translates the states of every living tag; whether anything changed."""
        changed = False
        end = offset + size
        for ref in self.nodes:
            other = ref()
            if other is None or (spared is not None and other in spared):
                continue
            before = other.states[offset:end]
            is_local = other in local
            after = before.translate(_TABLES[is_local, write, other.protected])
            if after == before:
                continue
            if _ERROR in after:
                self._forbid(node, other, is_local, offset + after.index(_ERROR), write, where)
            other.states[offset:end] = after
            if not is_local:
                other.lost[offset] = (where, "a write" if write else "a read")
            changed = True
        return changed

    def _forbid(self, node: Node, other: Node, is_local: bool, at: int, write: bool, where: Where) -> None:
        kind = "write" if write else "read"
        permission = Permission(other.states[at] & 7)
        culprit = next((w for o, (w, _) in sorted(other.lost.items(), reverse=True) if o <= at), None)
        if not is_local:
            what = "reads" if not write else "writes"
            message = f"a {kind} at offset {at} {what} what `{other.name}` protects until its function returns"
        elif permission is D:
            message = f"a {kind} through `{node.name}` at offset {at}, which a later access to the memory has invalidated"
        elif permission is F:
            message = f"a write through `{node.name}` at offset {at}, where `{other.name}` only allows reads"
        else:
            message = f"a write through `{node.name}` at offset {at}, which was read from elsewhere while it is protected"
        raise AliasingViolation(message, where, other.where, culprit)

    def release(self, node: Node, where: Where) -> None:
        """The function that ``node`` was handed to returns (9). Raises ``AliasingViolation``."""
        if not node.protected:
            return
        local, above = set(), node.parent
        while above is not None:
            local.add(above)
            above = above.parent
        below = {node}
        for ref in self.nodes:  # parents come before their children
            other = ref()
            if other is not None and other.parent in below:
                below.add(other)
        self.quiet.clear()
        for first, end, write in _runs(node.states):
            self._apply(node, local, below, first, end - first, write, where)
        node.protected = False

    def deallocate(self, node: Node, where: Where) -> None:
        """The memory ends through ``node``: a write of all of it, and no tag may still be protected (7)."""
        self.access(node, 0, self.size, True, where)
        for ref in self.nodes:
            other = ref()
            if other is not None and other.protected and any(s & _ACCESSED and s & 7 != C for s in other.states):
                message = f"the memory ends while `{other.name}` protects it until its function returns"
                raise AliasingViolation(message, where, other.where, None)


_CLASSES = bytes(
    (b"-w" if s & 7 == A else b"-r")[1] if s & _ACCESSED and s < 16 and s & 7 not in (C, D) else ord("-") for s in range(256)
)
_RUN = re.compile(rb"w+|r+")


def _runs(states: bytearray) -> list[tuple[int, int, bool]]:
    """The ranges that clause 9 accesses, and whether it writes them."""
    return [(m.start(), m.end(), m[0][:1] == b"w") for m in _RUN.finditer(states.translate(_CLASSES))]
