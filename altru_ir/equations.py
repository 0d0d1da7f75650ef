"""Least solutions of equations, one for each declared type, whose right sides speak of other declared types.

    struct @List { next: own<@List>, held: ref<'a, i32> }
    known(@List) = f(known(@List), ...)    # from nothing, until nothing changes

Types mention each other in circles, so what is known of one is computed together with all that it leads to.

Invariant: equations are monotone, so whatever the order, the solution is the least one; each is computed again only where
something that it mentions has changed (Kildall's worklist).

Source: Nielson, Nielson, Hankin, Principles of Program Analysis, 6.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def solve(
    name: str,
    known: dict[str, T],
    nothing: Callable[[str], T],
    mentions: Callable[[str], Iterable[str]],
    equation: Callable[[str], T],
) -> None:
    """Enters ``name`` and all that it leads to into ``known``.

    Parameters: ``nothing`` gives what is known of a type to begin with; ``mentions``, the types of which its equation speaks;
    ``equation`` computes what is known of it from ``known``.
    """
    users: dict[str, list[str]] = {}
    fresh = [name]
    known[name] = nothing(name)
    for each in fresh:
        for mentioned in mentions(each):
            if mentioned not in known:
                known[mentioned] = nothing(mentioned)
                fresh.append(mentioned)
            users.setdefault(mentioned, []).append(each)
    work = dict.fromkeys(reversed(fresh))
    while work:
        each, _ = work.popitem()
        found = equation(each)
        if found != known[each]:
            known[each] = found
            work.update(dict.fromkeys(users.get(each, ())))


__all__ = ["solve"]
