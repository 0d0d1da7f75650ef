"""Does a declaration of an operation contradict itself? Asked of a front-end's when it is made, and of ours by a test.

    list(contradictions("front.clamp", "$value", {"value": Operand(), "low": Operand()}))
    == ["the format leaves out $low, which could then be neither written nor read"]

A declaration is well made when

 1. its name is words with dots between them (a prefix, as in ``toy.square``, keeps a name from those of later releases);
 2. the format consists of ``$names``, words, commas and ``[groups]`` that are closed;
 3. it names each element that has a text of its own once, and no option and no result, whose places are fixed;
 4. an operand has a constraint and a known access; what it shares a type with is another operand, what says whether it is
    there is a ``Flag``;
 5. a result has one source of its type, and its origin is ``FRESH`` or operands;
 6. what goes to blocks is a ``TERMINATOR``.

Invariant: what is well made parses as it prints.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from altru_ir.declare.constraints import Constraint
from altru_ir.declare.effects import (
    BORROW,
    CONSUME,
    END,
    ESCAPE,
    EXCHANGE,
    FRESH,
    INIT,
    PATH,
    READ,
    TERMINATOR,
    WRITE,
)
from altru_ir.declare.elements import Cases, Element, Flag, Operand, Option, Result, Target
from altru_ir.types import Type

ACCESSES = frozenset({CONSUME, READ, WRITE, INIT, EXCHANGE, BORROW, END, ESCAPE, PATH})

_NAME = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")
_FORMAT = re.compile(r"(?:\$[a-z_]+|[A-Za-z_]+|[\[\],]|\s)*")


def contradictions(name: Any, format: Any, elements: dict[str, Element], traits: tuple[str, ...] = ()) -> Iterator[str]:
    """What is wrong with a declaration."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):  # 1
        yield f"{name!r} is no name of an operation: those are words with dots between them, as `front.clamp`"
    if not isinstance(format, str) or not _FORMAT.fullmatch(format):  # 2
        yield f"the format {format!r} has more than `$names`, words, commas and `[groups]`"
        return
    if not _is_closed(format):
        yield f"the format {format!r} has a `[` without its `]`, or the other way round"
    named = Counter(re.findall(r"\$([a-z_]+)", format))
    for key in named:  # 3
        if key not in elements:
            yield f"the format names ${key}, which the declaration does not have"
        elif isinstance(elements[key], (Option, Result)):
            yield f"the format names ${key}, which has a place of its own: options stand in braces, results in front"
        elif named[key] > 1:
            yield f"the format names ${key} twice"
    for key, element in elements.items():
        if not isinstance(element, (Option, Result)) and key not in named:
            yield f"the format leaves out ${key}, which could then be neither written nor read"
        if isinstance(element, Operand):
            yield from _of_operand(key, element, elements)
        elif isinstance(element, Result):
            yield from _of_result(key, element, elements)
        elif isinstance(element, (Target, Cases)) and TERMINATOR not in traits:  # 6
            yield f"${key} goes to a block, so the operation has the trait TERMINATOR"


def _is_closed(format: str) -> bool:
    depth = 0
    for mark in re.findall(r"[\[\]]", format):
        depth += 1 if mark == "[" else -1
        if depth < 0:
            return False
    return depth == 0


def _of_operand(key: str, operand: Operand, elements: dict[str, Element]) -> Iterator[str]:  # 4
    constraint: Any = operand.constraint
    if not isinstance(constraint, Constraint):
        yield f"operand `{key}` is limited by {constraint!r}, and by no constraint"
    if operand.same_as is not None and (operand.same_as == key or not isinstance(elements.get(operand.same_as), Operand)):
        yield f"operand `{key}` has the type of `{operand.same_as}`, which is no other operand"
    if operand.access not in ACCESSES:
        yield f"operand `{key}` has the access {operand.access!r}; there are {', '.join(sorted(ACCESSES))}"
    if operand.flag is not None and not isinstance(elements.get(operand.flag), Flag):
        yield f"operand `{key}` depends on the flag `{operand.flag}`, which the declaration does not have"


def _of_result(key: str, result: Result, elements: dict[str, Element]) -> Iterator[str]:  # 5
    sources = (result.type, result.same_as, result.infer, result.written, result.infer_all)
    if sum(each is not None for each in sources) != 1:
        yield f"result `{key}` has one of `type`, `same_as`, `infer`, `written` and `infer_all`, for its type"
    type: Any = result.type
    if type is not None and not isinstance(type, Type):
        yield f"result `{key}` has the type {type!r}, which is none"
    if result.same_as is not None and not isinstance(elements.get(result.same_as), Operand):
        yield f"result `{key}` has the type of `{result.same_as}`, which is no operand"
    if result.origin != FRESH and not isinstance(elements.get(result.origin), Operand):
        yield f"result `{key}` comes from `{result.origin}`, which is no operand"


__all__ = ["ACCESSES", "contradictions"]
