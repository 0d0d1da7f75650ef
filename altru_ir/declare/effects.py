"""The words in which a declaration says what its operation does: accesses of operands, origins of results, traits.

    place = Operand(MUTABLE_PLACE, access=WRITE)         # what is there is dropped, then there is a new value
    result = Result(infer=..., origin="place")           # points to where ``place`` does

They are words and not classes, so that a front-end and the documentation spell them alike. ``behaviour`` asks what they come to
for one operation with the types it has.
"""

from __future__ import annotations

CONSUME, READ, WRITE, INIT, EXCHANGE, BORROW, END, ESCAPE, PATH = (
    "consume", "read", "write", "init", "exchange", "borrow", "end", "escape", "path",
)  # fmt: skip
"""Accesses. A value operand is consumed (moved, or copied when its type copies) unless it says otherwise.

For a place the access says what happens to the storage and what it holds before and after: ``read`` and ``borrow`` want it
initialized and leave it so, ``consume`` wants it initialized and leaves nothing, ``init`` wants nothing and leaves it
initialized, ``write`` drops whatever is there and leaves it initialized, ``exchange`` wants and leaves it initialized,
``end`` drops whatever is there and the storage is dead. ``path`` only extends a path. Of a pointer that is read the
operation may read, with ``borrow`` it may lend, and with ``escape`` it may keep what it points to."""

FRESH = "fresh"
"""Origin of a result that points into nothing older. Any other origin is the name of an operand."""

# -- traits -----------------------------------------------------------------------------------------------------------

TERMINATOR = "terminator"  # ends a block
PURE = "pure"  # no effect: may be removed when unused, merged with an equal one, moved where it is dominated
COMMUTATIVE = "commutative"  # the first two operands may be exchanged
PROJECTION = "projection"  # gives a place and accesses nothing
MAY_PANIC = "may_panic"  # has the block's unwind edge
SAFEPOINT = "safepoint"  # the collector may run
MAY_FREE = "may_free"  # memory reachable from its operands may be released
SYNC = "sync"  # orders memory between threads
NEEDS_UNSAFE = "needs_unsafe"  # must carry the `unsafe` marker
SOMETIMES_UNSAFE = "sometimes_unsafe"  # must carry it for some operands; its own rule says which
CONSTANT = "constant"  # its result is its `value` attribute
CHECK = "check"  # panics unless its condition holds; gives nothing
REMOVABLE = "removable"  # no effect but its results (it may read, or be undefined for some operands): goes when they are unused
FRAME = "frame"  # takes storage from the frame of the activation each time it runs
DROPS = "drops"  # panics, frees and is a safepoint only through the destructors of what it takes or overwrites

TRAITS = frozenset(
    {
        TERMINATOR,
        PURE,
        COMMUTATIVE,
        PROJECTION,
        MAY_PANIC,
        SAFEPOINT,
        MAY_FREE,
        SYNC,
        NEEDS_UNSAFE,
        SOMETIMES_UNSAFE,
        CONSTANT,
        CHECK,
        REMOVABLE,
        FRAME,
        DROPS,
    }
)
