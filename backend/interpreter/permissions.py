"""Permissions: what one tag may do at one byte, and what each access makes of that.

This is the state machine of Tree Borrows (Villani, Hostert, Dreyer, Jung: "Tree Borrows", PLDI 2025), as the Miri interpreter
has it today; ``borrows`` says which tags there are and which accesses reach them. A tag has for each byte of its allocation

 1. a permission:

    ============  =====================================================================================================
    CELL          a shared reference to memory with interior mutability: everyone may read and write
    RESERVED      an exclusive reference that has not been written through yet; others may still read
    CONFLICTED    the same, and others have read while it was protected
    RESERVED_IM   an exclusive reference to interior mutability, not written through yet: others may still read and write
    ACTIVE        an exclusive reference that has been written through
    FROZEN        read only: a shared reference, or an exclusive one after others have read
    DISABLED      dead
    ============  =====================================================================================================

 2. a mark that says whether the byte was *accessed* through the tag or a descendant.

An access is a read or a write, and it is *local* to the tag it goes through and to that tag's ancestors, *foreign* to every
other tag. What it makes of a permission is in ``TRANSITIONS``:

 3. a local access that finds ``None`` there is a violation;
 4. a local access marks the byte as accessed;
 5. for a protected tag ``PROTECTED`` stands in place of ``TRANSITIONS``;
 6. an access that makes a protected tag DISABLED at an accessed byte is a violation.

Example: an ACTIVE tag becomes FROZEN when somebody else reads, so a later write through it is a violation (3); were it
protected, that foreign read itself would be one (6).

**How it is kept.** A state is one byte: permission, mark and *immunity*, so that an access translates the states of a tag
through one table of 256 bytes. The immunity is no part of the language: it is the strongest foreign access (reads, or reads
and writes) which is known to change neither the tag at this byte nor any of its descendants, so that a foreign access may
leave the whole subtree alone (Miri's "strongest idempotent foreign access"). Where the table of a foreign access maps a
state to itself, the subtree is left alone. Four facts make that right, and the tests go through all states to show them:

 7. each access is idempotent, also when the protection ends in between;
 8. a foreign read after a foreign write changes nothing, and a foreign write after a foreign read is just the write;
 9. a local read changes no permission, hence no immunity: the descendants that it is foreign to stay as immune as they were;
10. nothing below a DISABLED byte can be used again or is protected there; below a FROZEN one nothing is ACTIVE, and what a
    foreign read makes CONFLICTED could not be written before.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum


class Permission(Enum):
    """Clause 1. The order is that of what a tag permits: later ones are reached from earlier ones and never the reverse."""

    CELL = "Cell"
    RESERVED_IM = "Reserved (interior mutability)"
    RESERVED = "Reserved"
    CONFLICTED = "Reserved (conflicted)"
    ACTIVE = "Active"
    FROZEN = "Frozen"
    DISABLED = "Disabled"

    __hash__ = object.__hash__  # members are equal when they are the same; faster than that of their names


CELL, RESERVED_IM, RESERVED, CONFLICTED, ACTIVE, FROZEN, DISABLED = Permission

Row = tuple[Permission | None, Permission | None, Permission, Permission]
Rows = Mapping[Permission, Row]

TRANSITIONS: Rows = {
    #             local read   local write  foreign read foreign write
    CELL:        (CELL,        CELL,        CELL,        CELL),
    RESERVED_IM: (RESERVED_IM, ACTIVE,      RESERVED_IM, RESERVED_IM),
    RESERVED:    (RESERVED,    ACTIVE,      RESERVED,    DISABLED),
    CONFLICTED:  (CONFLICTED,  ACTIVE,      CONFLICTED,  DISABLED),
    ACTIVE:      (ACTIVE,      ACTIVE,      FROZEN,      DISABLED),
    FROZEN:      (FROZEN,      None,        FROZEN,      DISABLED),
    DISABLED:    (None,        None,        DISABLED,    DISABLED),
}  # fmt: skip
"""Clause 3. A CONFLICTED tag whose protection has ended may be written through again."""

PROTECTED: Rows = {
    **TRANSITIONS,
    RESERVED:    (RESERVED,    ACTIVE,      CONFLICTED,  DISABLED),
    CONFLICTED:  (CONFLICTED,  None,        CONFLICTED,  DISABLED),
    ACTIVE:      (ACTIVE,      ACTIVE,      DISABLED,    DISABLED),
}  # fmt: skip
"""Clause 5. There is no protected RESERVED_IM: ``borrows`` makes it RESERVED."""

IMPLICIT: Mapping[Permission, bool | None] = {
    CELL: None,
    **dict.fromkeys((RESERVED_IM, RESERVED, CONFLICTED, FROZEN, DISABLED), False),
    ACTIVE: True,
}
"""The access that the beginning and the end of a tag stand for: a write (True), a read (False), or none."""

FORBIDDEN = 255
"""What tables give for a violation."""

IMMUNITIES = 3
NOTHING, READS, WRITES = range(IMMUNITIES)
"""The foreign accesses that a state may be immune to; WRITES includes reads."""
_INDEX = {permission: index for index, permission in enumerate(Permission)}
_ORDER = tuple(Permission)
_RANK = {permission: _INDEX[RESERVED if permission is CONFLICTED else permission] for permission in Permission}


def encode(permission: Permission, accessed: bool, immunity: int) -> int:
    """The byte that is this state."""
    return (_INDEX[permission] * 2 + accessed) * IMMUNITIES + immunity


def permission_of(state: int) -> Permission:
    """The permission of a state."""
    return _ORDER[state // (2 * IMMUNITIES)]


def is_accessed(state: int) -> bool:
    """Whether a state has the mark of clause 2."""
    return state // IMMUNITIES % 2 == 1


def immunity_of(state: int) -> int:
    """Which foreign accesses a state is immune to: NOTHING, READS or WRITES."""
    return state % IMMUNITIES


def replaceable(above: int, below: int) -> bool:
    """Whether an unprotected tag in state ``above``, with one child in state ``below``, may be left out of the tree.

    It may when it forbids nothing that the child allows: when the child does not come earlier in the order of permissions
    (RESERVED and CONFLICTED are the same for a tag that is not protected).
    """
    return _RANK[permission_of(above)] <= _RANK[permission_of(below)]


_STATES = tuple((p, accessed, immunity) for p in Permission for accessed in (False, True) for immunity in range(IMMUNITIES))

WEAKEN = tuple(
    bytes(encode(p, a, min(i, most)) for p, a, i in _STATES) + bytes([FORBIDDEN]) * (256 - len(_STATES))
    for most in range(IMMUNITIES)
)
"""By an immunity: the table that lowers states to it."""


class StateMachine:
    """The clauses compiled: ``local[protected][write]`` and ``foreign[protected][write]`` are tables over states."""

    def __init__(self, transitions: Rows = TRANSITIONS, protected: Rows = PROTECTED) -> None:
        self.rows = (transitions, protected)
        self.local = tuple(tuple(_local(rows, write) for write in (False, True)) for rows in self.rows)
        self.foreign = tuple(
            tuple(_foreign(rows, write, is_protected) for write in (False, True))
            for is_protected, rows in zip((False, True), self.rows)
        )

        self._initial = {
            (permission, accessed, is_protected): _initial(row, permission, accessed)
            for is_protected, rows in zip((False, True), self.rows)
            for permission, row in rows.items()
            for accessed in (False, True)
        }

    def initial(self, permission: Permission, accessed: bool, protected: bool) -> int:
        """The state of a new tag: as immune as its own permission is, for it has no descendants."""
        return self._initial[permission, accessed, protected]


def _initial(row: Row, permission: Permission, accessed: bool) -> int:
    _, _, after_read, after_write = row
    immunity = NOTHING if after_read is not permission else READS if after_write is not permission else WRITES
    return encode(permission, accessed, immunity)


def _local(rows: Rows, write: bool) -> bytes:
    """Clauses 3 and 4. A write may have changed a descendant, so nothing is known of its immunity; a read has not (9)."""
    table = bytearray([FORBIDDEN]) * 256
    for permission, accessed, immunity in _STATES:
        after = rows[permission][write]
        if after is not None:
            table[encode(permission, accessed, immunity)] = encode(after, True, NOTHING if write else immunity)
    return bytes(table)


def _foreign(rows: Rows, write: bool, protected: bool) -> bytes:
    """Clauses 5 and 6, and clauses 8 and 10 for what need not be visited."""
    table = bytearray([FORBIDDEN]) * 256
    strength = WRITES if write else READS
    for permission, accessed, immunity in _STATES:
        state = encode(permission, accessed, immunity)
        _, _, after_read, after_write = rows[permission]
        after = after_write if write else after_read
        if immunity >= strength or permission is DISABLED or (permission is FROZEN and not write):
            table[state] = state
        elif not (protected and accessed and after is DISABLED):
            table[state] = encode(after, accessed, strength)
    return bytes(table)
