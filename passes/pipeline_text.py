"""The text of a pipeline: ``mem2reg,canonicalize{max-iterations=3},cse``.

    pipeline = [step ("," step)*]
    step     = name ["{" [option ("," option)*] "}"]
    option   = name ["=" value]

A name is that of a pass or of a named pipeline (``O2``), which stands for its steps. An option is a field of the pass, with
``-`` for ``_``; its value is read by the type of the field: an integer, ``true`` or ``false`` (``true`` may be left out), a
number, or text up to the next ``,`` or ``}`` (lists in it are joined by ``+``). Blanks may stand anywhere between.

Example: ``parse_pipeline("dce, inline{max-size=20}")[1].max_size == 20``.

Invariant: every error says what is wrong, in which column, and shows the place.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any

import attrs

from altru_ir.passes.base import Pass, options_of
from altru_ir.passes.pipelines import PIPELINES
from altru_ir.passes.registry import OfferError, find, names


class PipelineError(ValueError):
    """Raised for a text that is no pipeline. ``column`` counts from 1 in ``text``; the message shows both."""

    def __init__(self, text: str, column: int, problem: str) -> None:
        self.text = text
        self.column = column
        self.problem = problem
        super().__init__(f"pipeline, column {column}: {problem}\n  {text}\n  {' ' * (column - 1)}^")


def parse_pipeline(text: str) -> list[Pass]:
    """The passes that ``text`` names. Raises ``PipelineError``, and ``TypeError`` for what is no text."""
    if not isinstance(text, str):
        raise TypeError(
            f'a pipeline is a text, as "mem2reg,cse", not {type(text).__name__}; `PassManager` takes a list of passes'
        )
    return _Parser(text.replace("\n", " ").replace("\t", " ")).pipeline()


_NAME = re.compile(r"[\w.-]+")
_BLANK = re.compile(r" *")
_VALUE = re.compile(r"[^,{}]*")


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def error(self, at: int, problem: str) -> PipelineError:
        return PipelineError(self.text, at + 1, problem)

    def skip(self) -> None:
        match = _BLANK.match(self.text, self.at)
        assert match is not None
        self.at = match.end()

    def takes(self, word: str) -> bool:
        self.skip()
        found = self.text.startswith(word, self.at)
        self.at += len(word) * found
        return found

    def name(self, what: str) -> tuple[str, int]:
        self.skip()
        match = _NAME.match(self.text, self.at)
        if match is None:
            found = f"`{self.text[self.at]}`" if self.at < len(self.text) else "the end"
            raise self.error(self.at, f"expected {what}, found {found}")
        begin, self.at = self.at, match.end()
        return match.group(), begin

    def pipeline(self) -> list[Pass]:
        found: list[Pass] = []
        self.skip()
        if self.at == len(self.text):
            return found
        while True:
            found += self.step()
            if self.takes(","):
                continue
            if self.at < len(self.text):
                raise self.error(self.at, f"expected `,` or the end, found `{self.text[self.at]}`")
            return found

    def step(self) -> list[Pass]:
        name, begin = self.name("the name of a pass")
        opens = self.takes("{")
        if name in PIPELINES:
            if opens:
                raise self.error(self.at - 1, f"`{name}` is a named pipeline; it has no options")
            return parse_pipeline(",".join(PIPELINES[name]))
        try:
            kind = find(name)
        except KeyError:
            known = [*names(), *PIPELINES]
            raise self.error(begin, f"there is no pass `{name}`{_perhaps(name, known)}; there are {', '.join(known)}") from None
        except OfferError as error:
            raise self.error(begin, str(error)) from None
        values = self.options(kind) if opens else {}
        try:
            return [kind(**values)]
        except (TypeError, ValueError) as error:
            raise self.error(begin, f"pass `{name}`: {error}") from None

    def options(self, kind: type[Pass]) -> dict[str, Any]:
        fields = {field.name.replace("_", "-"): field for field in options_of(kind)}
        values: dict[str, Any] = {}
        if self.takes("}"):
            return values
        while True:
            name, begin = self.name("the name of an option")
            value: str | None = None
            at = self.at
            if self.takes("="):
                self.skip()
                at = self.at
                match = _VALUE.match(self.text, self.at)
                assert match is not None
                value, self.at = match.group().rstrip(), match.end()
            field = fields.get(name.replace("_", "-"))
            if field is None:
                shown = name if value is None else f"{name}={value}"
                listed = ", ".join(fields) or "none"
                hint = _perhaps(name, fields)
                raise self.error(begin, f"pass `{kind.name}` has no option `{shown}`{hint}; options are {listed}")
            if field.name in values:
                raise self.error(begin, f"option `{name}` is given twice")
            problem, read = _read(field, value)
            if problem is not None:
                raise self.error(at, f"option `{name}` of `{kind.name}` {problem}")
            values[field.name] = read
            if self.takes("}"):
                return values
            if not self.takes(","):
                self.skip()
                found = f"`{self.text[self.at]}`" if self.at < len(self.text) else "the end"
                raise self.error(self.at, f"expected `,` or `}}` in the options of `{kind.name}`, found {found}")


def _perhaps(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), 1)
    return f", perhaps you mean `{close[0]}`" if close else ""


def _read(field: attrs.Attribute[Any], text: str | None) -> tuple[str | None, Any]:
    """What is wrong with the text of a value, or None, and the value."""
    wanted = getattr(field.type, "__name__", field.type)
    if wanted == "bool":
        if text not in (None, "true", "false"):
            return f"is `true` or `false`, not `{text}`", None
        return None, text != "false"
    if not text:
        return "needs a value", None
    try:
        if wanted == "int":
            return None, int(text)
        if wanted == "float":
            return None, float(text)
    except ValueError:
        return f"is {'an integer' if wanted == 'int' else 'a number'}, not `{text}`", None
    return None, text
