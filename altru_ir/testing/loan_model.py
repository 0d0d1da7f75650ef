"""Which references may still be used: the model of loans that ``borrowing`` keeps while it writes a program.

A front-end that checks lifetimes knows at each point what is lent, and writes nothing that conflicts with a later use. Here the
same is done backwards: who accesses what is lent takes away the references that an access like that invalidates, and the
generator uses them no more. So programs are correct by construction, and no solver of constraints is needed.

Example: ``r`` holds the loan ``(("x", "a"), True)``, an exclusive one of the field ``a`` of ``x``. ``access(("x",), WRITE)``
makes ``r`` unusable; ``access(("x", "b"), WRITE)`` does not.

 1. A loan is a path and whether it is exclusive. A *thing* (a local or a value) holds the loans of what it was made from: those
    of a reborrow are the new one and all that the reference borrowed through holds.
 2. Two paths overlap unless they part at different fields or different constant indices. A path that goes on through a
    reference does not overlap what happens to the storage of that reference alone (``SHALLOW``).
 3. An access takes away the things that hold a loan which overlaps it, where one of the two is exclusive.
 4. Storing into a place ends the loans through references in it: nobody gets there by this path any more.
 5. What is *pinned* (its drop uses what it refers to) or *kept* (used by the next iteration, or a cleanup) may not be taken
    away: then the access is refused.
 6. Where control joins, a thing is usable if it was on both sides, and holds what it held on either.

Invariant: a thing that is usable holds every loan that a reference in it rests on. Source: Weiss et al., "Oxide: The Essence of
Rust" (2019), whose loan sets these are, without its types.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

import attrs

Path = tuple[str, ...]
"""A root, then steps: a field, ``[2]`` or ``[]`` for an element, ``*`` through an owner and ``&`` through a reference."""

Loan = tuple[Path, bool]

READ, WRITE, SHALLOW = "read", "write", "shallow"


@attrs.define
class Thing:
    """A local or a value: ``usable`` says whether the references in it are, ``there`` whether it holds something, ``perhaps``
    whether it does on some of the ways that have met here.

    ``order`` counts definitions, ``loops`` is the number of loops around it; ``pinned`` is clause 5.
    """

    name: str
    type: str
    order: int
    loops: int
    is_local: bool = False
    loans: frozenset[Loan] = frozenset()
    usable: bool = True
    there: bool = True
    perhaps: bool = False
    pinned: bool = False


def overlap(accessed: Path, lent: Path, kind: str) -> bool:
    """Clause 2."""
    for mine, theirs in zip(accessed, lent, strict=False):
        if mine != theirs and "[]" not in (mine, theirs):
            return mine[0] == "?"  # different payloads share their storage
    return not (kind == SHALLOW and "&" in lent[len(accessed) :])


class Model:
    """All things of a function, by name. ``rash`` is asked at each conflict whether it is to be overlooked."""

    def __init__(self, rash: Callable[[], bool]) -> None:
        self.things: dict[str, Thing] = {}
        self.kept: Counter[str] = Counter()
        self.rash = rash
        self.rashes = 0
        self.overlooked: list[str] = []  # who should not be used any more after the last rash access
        self.count = 0

    def add(self, name: str, type: str, loans: Iterable[Loan] = (), *, loops: int = 0, **more: bool) -> Thing:
        """A new thing. ``more`` are the other attributes of ``Thing``."""
        self.count += 1
        thing = self.things[name] = Thing(name, type, self.count, loops, loans=frozenset(loans), **more)
        return thing

    def conflicts(self, path: Path, kind: str) -> list[Thing]:
        """Clause 3: who would be taken away."""
        return [
            thing
            for thing in self.things.values()
            if thing.usable
            and (thing.there or thing.perhaps)
            and any((exclusive or kind != READ) and overlap(path, lent, kind) for lent, exclusive in thing.loans)
        ]

    def access(self, path: Path, kind: str) -> bool:
        """Accesses a path; whether that was possible (clauses 3 and 5)."""
        hit = self.conflicts(path, kind)
        if not hit:
            return True
        if self.rash():
            self.rashes += 1
            self.overlooked = [thing.name for thing in hit]
            return True
        if any(thing.pinned or self.kept[thing.name] for thing in hit):
            return False
        for thing in hit:
            thing.usable = False
        return True

    def stored(self, path: Path) -> None:
        """Clause 4: something else is at ``path`` now."""
        through = len(path)
        for thing in self.things.values():
            if any(lent[:through] == path and "&" in lent[through:] for lent, _ in thing.loans):
                thing.loans = frozenset(
                    loan for loan in thing.loans if not (loan[0][:through] == path and "&" in loan[0][through:])
                )

    def behind(self, thing: Thing) -> list[Thing] | None:
        """What a store through ``thing`` may store into, ``thing`` too; None when something of it is kept or pinned."""
        found, work = {thing.name: thing}, [thing]
        while work:
            for lent, _ in work.pop().loans:
                other = self.things.get(lent[0])
                if other is not None and other.name not in found:
                    found[other.name] = other
                    work.append(other)
        if any(self.kept[name] or other.pinned for name, other in found.items()):
            return None
        return list(found.values())

    def snapshot(self) -> dict[str, Thing]:
        return {name: attrs.evolve(thing) for name, thing in self.things.items()}

    def restore(self, things: dict[str, Thing]) -> None:
        self.things = {name: attrs.evolve(thing) for name, thing in things.items()}

    def join(self, sides: list[dict[str, Thing]]) -> None:
        """Clause 6: goes on with what all ``sides`` know."""
        first, *others = sides
        joined: dict[str, Thing] = {}
        for name, thing in first.items():
            same = [side[name] for side in others if name in side]
            if len(same) == len(others):
                each = [thing, *same]
                joined[name] = attrs.evolve(
                    thing,
                    usable=all(t.usable for t in each),
                    there=all(t.there for t in each),
                    perhaps=any(t.there or t.perhaps for t in each),
                    loans=frozenset().union(*(t.loans for t in each)),
                )
        self.things = joined
