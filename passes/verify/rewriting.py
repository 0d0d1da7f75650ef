"""Rewriting: edits of the text of one function, in terms of its operations, for those who propose fixes.

    self.before(op, ["%c = load %x"])       a line in front of the line of ``op``
    self.word(op, "take", "load")           the name of ``op`` replaced
    self.operand(op, value, "%c")           the first mention of ``value`` in ``op`` replaced
    self.line(op, "")                       the line of ``op`` removed

A draft yields fixes, and raises ``NoText`` where the text has not the form that it needs: an operation that a pass made, or one
that shares its line with another.

Invariant: an edit replaces text of the function that the operation was read from, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

from altru_ir.diagnostics import Edit, Fix
from altru_ir.module import Function
from altru_ir.source import Source
from altru_ir.types import spell_name
from altru_ir.values import Operation, Value


class NoText(Exception):
    """The program, or this part of it, was not read from a text, or has not the form that a proposal needs."""


class Drafts(Sequence[Fix]):
    """What drafts propose, worked out when somebody asks: most are asked for by nobody."""

    def __init__(self, rewriting: Rewriting, drafts: Sequence[Callable[[], Iterator[Fix]]]) -> None:
        self.rewriting = rewriting
        self.drafts = drafts

    @cached_property
    def found(self) -> tuple[Fix, ...]:
        fixes: list[Fix] = []
        for draft in self.drafts:
            self.rewriting.taken = set()
            try:
                fixes.extend(draft())
            except NoText:
                continue
        return tuple(dict.fromkeys(fixes))

    def __getitem__(self, at: Any) -> Any:
        return self.found[at]

    def __len__(self) -> int:
        return len(self.found)


class Rewriting:
    """Edits of the text of ``function``."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.source: Source | None = function.source
        self.known: set[str] = set()
        self.taken: set[str] = set()

    def collect(self, *drafts: Callable[[], Iterator[Fix]]) -> Sequence[Fix]:
        """What the drafts propose, those left out that the text has no form for."""
        return Drafts(self, drafts)

    def text_of(self) -> Source:
        if self.source is None:
            raise NoText
        return self.source

    def span(self, op: Operation) -> tuple[int, int]:
        """Where the text of ``op`` begins and ends; it stands on lines of its own, or with a comment behind it."""
        source = self.text_of()
        if not isinstance(op.loc, int):
            raise NoText
        start, stop = source.token_spans()[op.loc][0], len(source.text)
        at = op.loc
        name, results = op.name, len(op.results)
        tokens = [source.text[a:b] for a, b in source.token_spans()[at : at + 2 * results + 1]]
        if tokens[-1:] != [name]:
            raise NoText  # an operation of a pass, which has the place of another
        begin = source.text.rfind("\n", 0, start) + 1
        newline = source.text.find("\n", start)
        line = newline if newline >= 0 else stop
        last = start
        for a, b in self.tokens(at):
            if a >= line or a == b:
                break
            last = b
        if source.text[begin:start].strip():
            raise NoText
        return start, last

    def tokens(self, first: int) -> Iterator[tuple[int, int]]:
        """Where tokens begin and end, from one on."""
        spans = self.text_of().token_spans()
        return (spans[at] for at in range(first, len(spans)))

    def text(self, op: Operation) -> str:
        start, end = self.span(op)
        return self.text_of().text[start:end]

    def edit(self, start: int, end: int, replacement: str) -> Edit:
        return Edit(self.text_of().position(start, end - start), replacement)

    def word(self, op: Operation, old: str, new: str) -> Edit:
        """The name of ``op`` replaced."""
        self.span(op)
        start, end = self.text_of().token_spans()[op.loc + (2 * len(op.results) if op.results else 0)]  # type: ignore[operator]
        if self.text_of().text[start:end] != old:
            raise NoText
        return self.edit(start, end, new)

    def line(self, op: Operation, replacement: str) -> Edit:
        """The whole line of ``op`` replaced."""
        start, end = self.span(op)
        text = self.text_of().text
        begin = text.rfind("\n", 0, start) + 1
        newline = text.find("\n", end)
        return self.edit(begin, len(text) if newline < 0 else newline + 1, replacement)

    def indented(self, op: Operation, lines: list[str]) -> tuple[int, str]:
        start, _ = self.span(op)
        text = self.text_of().text
        begin = text.rfind("\n", 0, start) + 1
        return begin, "".join(f"{text[begin:start]}{line}\n" for line in lines)

    def before(self, op: Operation, lines: list[str]) -> Edit:
        begin, text = self.indented(op, lines)
        return self.edit(begin, begin, text)

    def behind(self, op: Operation, lines: list[str]) -> Edit:
        _, text = self.indented(op, lines)
        whole = self.text_of().text
        newline = whole.find("\n", self.span(op)[1])
        at = len(whole) if newline < 0 else newline + 1
        return self.edit(at, at, text)

    def operand(self, op: Operation, value: Value, replacement: str) -> Edit:
        """The first mention of ``value`` among the operands of ``op`` replaced."""
        _, end = self.span(op)
        source = self.text_of()
        at: int = op.loc + 2 * len(op.results)  # type: ignore[operator]
        for start, stop in self.tokens(at):
            if start >= end:
                break
            if source.text[start:stop] == self.spelled(value):
                return self.edit(start, stop, replacement)
        raise NoText

    def spelled(self, value: Value) -> str:
        if value.name is None:
            raise NoText
        return f"%{value.name}"

    def base(self, value: Value) -> str:
        name = value.name or "value"
        return name if name[0].isalpha() and spell_name(name) == name else "value"

    def fresh(self, value: Value, what: str) -> str:
        return self.new_name(f"{self.base(value)}_{what}")

    def new_name(self, wanted: str) -> str:
        """A name that no value of the function has."""
        if not self.known:
            self.known = {value.name for value in self.function.parameters if value.name}
            for block in self.function.blocks:
                self.known.update(value.name for value in block.args if value.name)
                self.known.update(value.name for op in block.ops for value in op.results if value.name)
        name, number = wanted, 2
        while name in self.known or name in self.taken:
            name, number = f"{wanted}{number}", number + 1
        self.taken.add(name)
        return f"%{name}"

    def new_block(self, wanted: str) -> str:
        """A name that no block of the function has."""
        known = {block.label for block in self.function.blocks}
        name, number = wanted, 2
        while name in known:
            name, number = f"{wanted}{number}", number + 1
        return f"^{name}"


__all__ = ["NoText", "Rewriting"]
