"""Tags: the nodes of a borrow tree, the handles by which the machine holds them, and what is told of them in messages.

A ``Tag`` is in the tree as long as it matters (``borrows``, clause 12). A ``Node`` is what pointers carry: while somebody holds
the node of a tag, accesses through the tag may still come. The tag knows its node weakly, and the node's end is noted in the
tree's graveyard.

Invariant: a tag has one living node at most.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from weakref import ref

from altru_ir.backend.interpreter.permissions import (
    CONFLICTED,
    DISABLED,
    FROZEN,
    IMMUNITIES,
    WRITES,
    Permission,
    encode,
    is_accessed,
    permission_of,
)
from altru_ir.backend.interpreter.runs import Change, Runs

Where = Any
"""Whatever the machine says where something happens; here it is only kept."""

LOST = frozenset(
    encode(permission, accessed, immunity)
    for permission in (CONFLICTED, FROZEN, DISABLED)
    for accessed in (False, True)
    for immunity in range(IMMUNITIES)
)
"""States with permissions that are less than what the tag had before."""


@dataclass(frozen=True)
class Loss:
    """Where and ``how`` a tag has lost permission: ``it becomes Frozen by a read through `x` ``."""

    where: Where
    how: str


class AliasingViolation(Exception):
    """An access that the model forbids; ``message`` and ``str()`` say it in a sentence.

    ``accessed`` is the tag it goes through and ``where`` the access itself; ``culprit`` the tag that forbids it, ``created``
    where that was made, and ``disabled`` how it had lost the permission, if it had. ``offset`` is the first such byte.
    """

    def __init__(
        self, message: str, accessed: Node, culprit: Node, where: Where, created: Where, disabled: Loss | None, offset: int
    ) -> None:
        super().__init__(message)
        self.message = message
        self.accessed = accessed
        self.culprit = culprit
        self.where = where
        self.created = created
        self.disabled = disabled
        self.offset = offset


class Tag(Runs):
    """A tag in the tree, with its state at each byte."""

    __slots__ = (
        "calm", "children", "dead", "forgotten", "key", "kind", "losses", "name", "node", "parent", "protected", "quiet_reads",
        "quiet_writes", "removed", "where",
    )  # fmt: skip

    def __init__(
        self,
        parent: Tag | None,
        key: int,
        size: int,
        pieces: Iterable[tuple[int, int]],
        *,
        kind: str,
        where: Where,
        name: str,
    ) -> None:
        super().__init__(size, pieces)
        self.parent = parent
        self.children: dict[int, Tag] = {}
        self.calm = WRITES  # the immunity that all children have at all bytes, at least
        self.key = key  # under which the parent has it
        self.kind = kind
        self.where = where
        self.name = name
        self.protected = False
        self.dead = self.forgotten = self.removed = False
        self.node: ref[Node] | None = None
        self.quiet_reads = self.quiet_writes = (-1, 0, 0)  # at which age of the tree, from, to
        self.losses: list[tuple[int, int, Permission, str, Where]] = []

    def __str__(self) -> str:
        if self.parent is None:
            return self.name or "the allocation"
        return f"`{self.name}`" if self.name else f"a {self.kind}"

    def note(self, changed: list[Change], cause: str, accessed: Tag, where: Where) -> bool:
        """Records what an access through ``accessed`` takes away; whether it changes a permission or a mark."""
        moved = False
        for low, high, before, after in changed:
            if before // IMMUNITIES == after // IMMUNITIES:
                continue
            moved = True
            if after in LOST and permission_of(before) is not permission_of(after):
                permission = permission_of(after)
                by = f"{cause} through {accessed}"
                if self.losses:
                    last = self.losses[-1]
                    if last[1] == low and last[2:] == (permission, by, where):
                        self.losses[-1] = (last[0], high, permission, by, where)
                        continue
                self.losses.append((low, high, permission, by, where))
        return moved

    def loss(self, offset: int) -> Loss | None:
        """What made the permission at ``offset`` the one it is."""
        now = permission_of(self.state(offset))
        for low, high, permission, cause, where in reversed(self.losses):
            if low <= offset < high and permission is now:
                return Loss(where, f"it becomes {now.value} by {cause}")
        return None


class Node:
    """A tag as the machine holds it."""

    __slots__ = ("__weakref__", "_graveyard", "_tag")

    def __init__(self, tag: Tag, graveyard: list[Tag]) -> None:
        self._tag = tag
        self._graveyard = graveyard
        tag.node = ref(self)

    def __del__(self) -> None:
        self._graveyard.append(self._tag)

    @staticmethod
    def of(tag: Tag, graveyard: list[Tag]) -> Node:
        """The node of ``tag``: the living one, or a new one."""
        living = tag.node() if tag.node is not None else None
        return living if living is not None else Node(tag, graveyard)

    @property
    def parent(self) -> Node | None:
        """The nearest ancestor that is still in the tree, to be looked at; None for the root."""
        parent = self._tag.parent
        return None if parent is None else Node.of(parent, self._graveyard)

    @property
    def kind(self) -> str:
        """``root``, ``ref``, ``ref mut``, ``protected ref`` or ``protected ref mut``, as it was made."""
        return self._tag.kind

    @property
    def where(self) -> Where:
        """Where the tag was made."""
        return self._tag.where

    @property
    def name(self) -> str:
        """How messages call it."""
        return self._tag.name

    def permission(self, offset: int) -> Permission:
        """Its permission at a byte."""
        return permission_of(self._tag.state(offset))

    def accessed(self, offset: int) -> bool:
        """Whether a byte was accessed through it or a descendant."""
        return is_accessed(self._tag.state(offset))

    def __str__(self) -> str:
        return str(self._tag)

    def __repr__(self) -> str:
        return f"<{self.kind} {self._tag}>"
