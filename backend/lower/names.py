"""LLVM's names for values and blocks.

A value keeps its name and a block gets ``-b`` behind its label, for in LLVM the two share one space; a name that we write in
quotes gets a ``q`` in front. Temporaries of the lowering's own begin with ``-``, which no name of ours can.

Example: ``local_names(["x", '"c d"'])`` is ``["%x", '%"q c d"']``, and ``labels_of(["loop"])`` is ``['"loop-b"']``.

Nearly all names need no quotes, and whether they do is found out for all of them at once: a look at each takes longer than
everything else that is done with it.

Invariant: different names of one function stay different.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from altru_ir.backend.lower.types import quote
from altru_ir.module import Block, Function
from altru_ir.text.printer import assign_names
from altru_ir.values import Value

_KINDS = bytes(
    ord("a" if c.isalpha() or c in "_.$" else "0" if c.isdigit() else c if c in "\n%" else "!") for c in map(chr, range(128))
).ljust(256, b"!")  # fmt: skip
"""By byte: ``a`` may begin a name, ``0`` may follow, ``%`` and a line's end are between names, and ``!`` wants quotes."""


def spell_names(functions: Sequence[Function]) -> dict[Block, str]:
    """Writes ``spelled`` of every value of ``functions``, and gives the labels of their blocks. Values and blocks that have no
    name get one, and so do those that have another's."""
    values: list[Value] = []
    ends: list[int] = []
    for function in functions:
        values += function.parameters
        for block in function.blocks:
            if block.args:
                values += block.args
            for op in block.ops:
                values += op.results
        ends.append(len(values))
    names = [value.name for value in values]
    begin = 0
    for function, end in zip(functions, ends, strict=True):
        distinct, labels = set(names[begin:end]), {block.label for block in function.blocks}
        if len(distinct) < end - begin or len(labels) < len(function.blocks) or None in distinct or None in labels:
            assign_names(function)
            names[begin:end] = [value.name for value in values[begin:end]]
        begin = end
    for value, spelled in zip(values, local_names(names), strict=True):
        value.spelled = spelled
    blocks = [block for function in functions for block in function.blocks]
    return dict(zip(blocks, labels_of([block.label for block in blocks]), strict=True))


def unnamed_values(functions: Iterable[Function]) -> set[Value]:
    """The values of ``functions`` that have no name, parameters aside."""
    found: set[Value] = set()
    for function in functions:
        for block in function.blocks:
            found.update(
                value for values in (block.args, *(op.results for op in block.ops)) for value in values if value.name is None
            )
    return found


def local_names(names: Sequence[str | None]) -> list[str]:
    """Values' names, with their sigil."""
    text = _lines(names)
    if text is not None:
        return text.split("\n")[1:]
    return ["%" + quote("q " + name if name[:1] in ('"', "") else name) for name in map(str, names)]


def labels_of(labels: Sequence[str | None]) -> list[str]:
    """Blocks' labels."""
    text = _lines(labels)
    if text is not None:
        return f'{text}-b"'.replace("\n%", '-b"\n"').split("\n")[1:]
    return [quote(f"{label}-b") for label in labels]


def _lines(names: Sequence[str | None]) -> str | None:
    """The names, each behind a line's end and a sigil; None where some name is no plain one."""
    text = "\n%".join(["", *names])  # type: ignore[list-item]
    if not text.isascii():
        return None
    kinds, count = text.encode().translate(_KINDS), len(names)
    if kinds.count(b"\n%a") == kinds.count(b"\n") == kinds.count(b"%") == count and b"!" not in kinds:
        return text
    return None
