"""The types of the programs of ``borrowing``, as they are spelled in a function: their parts, what they lead to, what drops.

Example: ``pointee("ref<mut i64>")`` is ``"i64"``; ``PARTS["@Pair"]`` has the fields of a pair as operations that name them.

Invariant: what is said here of a type agrees with the declarations of ``borrowing_library``.
"""

from __future__ import annotations

PARTS: dict[str, list[tuple[str, str, str]]] = {
    "@Pair": [("field {}, a", "a", "i64"), ("field {}, b", "b", "i64")],
    "@Nested": [("field {}, p", "p", "@Pair"), ("field {}, q", "q", "@Pair"), ("field {}, n", "n", "i64")],
    "[4 x i64]": [("elem {}, %k0", "[0]", "i64"), ("elem {}, %k3", "[3]", "i64"), ("elem {}, %at", "[]", "i64")],
    "@View<'_>": [("field {}, r", "r", "ref<i64>"), ("field {}, n", "n", "i64")],
    "@MutView<'_>": [("field {}, r", "r", "ref<mut i64>"), ("field {}, n", "n", "i64")],
    "@Noisy<'_>": [("field {}, n", "n", "i64")],
}
SCALARS = ("i64", "@Pair", "@Nested", "[4 x i64]", "@Opt")
HOLDERS = (
    "ref<i64>", "ref<mut i64>", "@View<'_>", "@MutView<'_>", "@Noisy<'_>", "@Maybe<'_>", "own<@View<'_>>", "own<@Noisy<'_>>",
)  # fmt: skip
MOVES = ("ref<mut", "own<", "@MutView", "@Noisy", "@List", "@Maybe")
HEAP = ("own<", "@List", "arena", "pool", "mutex", "@Noisy")


SWITCHED = {
    "@Opt": (("Some", "i64"), ("Both", "@Pair"), ("None", "")),
    "@Maybe<'_>": (("One", "ref<i64>"), ("Mut", "ref<mut i64>"), ("Nothing", "")),
}
HOMES = (
    ("arena", "arena.new"),
    ("pool<i64>", "pool.new : pool<i64>"),
    ("mutex<i64>", "mutex.new %n"),
    ("cell<i64>", "cell.new %n"),
)


def pointee(type: str) -> str | None:
    """What a pointer of ``type`` leads to; None for what is none."""
    for head in ("ref<mut ", "ref<", "own<"):
        if type.startswith(head):
            return type[len(head) : -1].removesuffix(", pool").removeprefix("'_, ")
    if type.startswith("guard<"):
        return "i64"
    return None


def moves(type: str) -> bool:
    return type.startswith(MOVES)


def dropped(type: str) -> bool:
    """Whether overwriting or ending a ``type`` drops something."""
    return type.startswith(HEAP)


def drop_uses_regions(type: str) -> bool:
    """Whether dropping a ``type`` uses what it refers to."""
    return "@Noisy" in type or type.startswith(("own<'_", "guard"))


def has_references(type: str) -> bool:
    return "ref<" in type or "'_" in type
