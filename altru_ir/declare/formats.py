"""The format string of an operation as steps, which the parser follows and the printer writes.

    "$value, [by $step]"  ->  value  ","  group("by" step)

``$name`` is the element of that name; other words and punctuation stand for themselves; ``[ ... ]`` is an optional group.

Invariant: groups are closed, and every name is that of an element of the declaration.
"""

from __future__ import annotations

import re

import attrs

from altru_ir.declare.elements import Element

_FORMAT_TOKEN = re.compile(r"\$[a-z_]+|[A-Za-z_]+|[\[\],]")


@attrs.frozen(eq=False)
class Item:
    """One step of a format: an ``element``, or a ``text`` that stands for itself, or a ``group`` that may be absent."""

    element: Element | None = None
    text: str = ""
    group: tuple[Item, ...] = ()


def parse_format(format: str, elements: dict[str, Element]) -> tuple[Item, ...]:
    """The steps of ``format``. Raises ``TypeError`` for what it names wrongly or leaves open."""
    tokens = _FORMAT_TOKEN.findall(format)
    stack: list[list[Item]] = [[]]
    for token in tokens:
        if token == "[":
            stack.append([])
        elif token == "]":
            if len(stack) == 1:
                raise TypeError(f"format {format!r} closes a `[` that there is not")
            group = tuple(stack.pop())
            stack[-1].append(Item(group=group))
        elif token[0] == "$":
            if token[1:] not in elements:
                raise TypeError(f"format {format!r} names {token}, which the declaration does not have")
            stack[-1].append(Item(element=elements[token[1:]]))
        else:
            stack[-1].append(Item(text=token))
    if len(stack) != 1:
        raise TypeError(f"format {format!r} has an unclosed `[`")
    return tuple(stack[0])
