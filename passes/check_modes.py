"""Which checks a program keeps: a table of classes by whether the operation that is guarded is marked ``unsafe``.

    --checks=all                        every check
    --checks=bounds,null                two classes, everywhere
    --checks=all,unsafe=none            every check, but none for what is marked ``unsafe``
    --checks=none,unsafe=null+align     only these two, and only there

    class       elsewhere    marked
    bounds      yes          no         elem %xs, %i    /    elem %xs, %i unsafe
    division    yes          no         sdiv %a, %b     /    sdiv %a, %b unsafe
    null        -            no         a raw pointer is followed by what is marked, always
    align       -            no

A front-end marks what stands in an unsafe region of its language. A check says by the same mark what it guards. Overflow and
shifts have no class: ``sadd.checked``, ``shl.checked`` and their kin are asked for one by one, and what they promise is part
of what the program means.

Invariant: the classes are those that ``insert-checks`` knows; a text that says anything else is refused.
"""

from __future__ import annotations

import attrs

from altru_ir.values import Operation

CLASSES = ("bounds", "null", "align", "division")

CLASS_OF = {
    "check.bounds": "bounds", "check.subrange": "bounds", "check.nonnull": "null", "check.align": "align",
    "check.nonzero": "division", "check.quotient": "division",
}  # fmt: skip

OF_RAW_POINTERS = ("null", "align")

BY_OPERATION = ("overflow", "shift", "shifts")
"""What may be looked for among the classes, and is asked for by operations of its own."""


def classes_of(text: str) -> frozenset[str]:
    """The classes that a text names, joined by ``+`` or commas. Raises ``ValueError`` for any other text."""
    if text == "all":
        return frozenset(CLASSES)
    if text == "none":
        return frozenset()
    chosen = frozenset(text.replace("+", ",").split(","))
    unknown = chosen - set(CLASSES)
    if unknown:
        name = min(unknown)
        if name in ("all", "none"):
            raise ValueError(f"`{name}` stands alone among the classes of checks, not in `{text}`")
        hint = (
            "; overflow and shifts are checked where the operation asks, as `sadd.checked` does" if name in BY_OPERATION else ""
        )
        raise ValueError(f"there is no class of checks `{name}`; there are {', '.join(CLASSES)}, all and none{hint}")
    return chosen


@attrs.frozen
class CheckModes:
    """The table: the classes that are kept, ``elsewhere`` and where the operation is ``marked``."""

    elsewhere: frozenset[str]
    marked: frozenset[str]

    def keeps(self, name: str, marked: bool) -> bool:
        """Whether a class is kept for an operation that is ``marked``, or is not."""
        return name in (self.marked if marked or name in OF_RAW_POINTERS else self.elsewhere)

    def keeps_check(self, check: Operation) -> bool:
        """Whether a check is kept."""
        return self.keeps(CLASS_OF[check.decl.name], check.unsafe)

    @property
    def all(self) -> bool:
        """Whether every check is kept."""
        return self.elsewhere == self.marked == frozenset(CLASSES)


def split(text: str) -> tuple[str, str]:
    """What ``--checks=`` says of the two columns, each as a text for ``classes_of``: the second begins at ``unsafe=``.

    Raises ``ValueError`` when that is said twice or alone, or names no classes.
    """
    parts = text.split(",")
    marked = [part for part in parts if part.startswith("unsafe=")]
    if not marked:
        return text, text
    if len(marked) > 1 or len(parts) == 1:
        wrong = "says `unsafe=` twice" if len(marked) > 1 else "says nothing of operations that are not marked"
        raise ValueError(f"`{text}` {wrong}; write as in `all,unsafe=none` or `bounds,null,unsafe=null+align`")
    rest = ",".join(part for part in parts if part not in marked)
    classes = marked[0].removeprefix("unsafe=")
    classes_of(classes)  # an empty one would mean the same as the rest
    return rest, classes


def modes_of(checks: str, unsafe: str | None = None) -> CheckModes:
    """The table of two texts; operations that are marked are treated like others where ``unsafe`` is None or empty.

    Raises ``ValueError`` for what names no classes.
    """
    return CheckModes(classes_of(checks), classes_of(unsafe if unsafe else checks))
