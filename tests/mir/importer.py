"""A Rust file as a module of the IR, and what could not be translated.

``read(answer)`` takes what ``oracle.judge`` has found and gives a ``Program``: the module with a function for each body that
was translated, and the reason for each that was refused.

Example: ``read(judge(path)).module`` is verified structure; ``check-moves`` runs on it as on any other.
"""

from __future__ import annotations

import re
from pathlib import Path

import attrs

from altru_ir.marks import copies
from altru_ir.module import Module
from tests.mir.captures import captures_of, complete
from tests.mir.hidden_types import hidden_types
from tests.mir.ir_types import Types
from tests.mir.mir_text import Body, Operand, read_body
from tests.mir.oracle import Answer
from tests.mir.rust_items import read_items
from tests.mir.rust_types import Refused, RustType, spell, walk
from tests.mir.translate import Purpose, Translator

_DUMP = ".nll.0.mir"

OUT_OF_SCOPE = frozenset(("constants and statics", "type parameters", "a dump without a function"))
"""Reasons that are no refusal: the importer takes functions without type parameters."""


@attrs.define
class Program:
    """A translated file: ``bodies`` by the name of their function, ``refused`` reasons by the name of the dump."""

    module: Module
    bodies: dict[str, Body] = attrs.Factory(dict)
    refused: dict[str, str] = attrs.Factory(dict)
    refused_lines: list[tuple[int, int]] = attrs.Factory(list)
    spans: dict[str, tuple[int, int]] = attrs.Factory(dict)

    def is_refused(self, line: int) -> bool:
        """Whether a line stands in a body that was refused, and in none that was translated."""
        if any(first <= line <= last for first, last in self.spans.values()):
            return False
        return any(first <= line <= last for first, last in self.refused_lines)


def read(answer: Answer, *, purpose: Purpose = "moves", later: dict[str, str] | None = None) -> Program:
    """The module for what rustc said about a file, for checks of moves, of loans, or to elaborate drops.

    ``later`` has, by the name of a function, a text of its MIR in which opaque types are seen through; they then are here.
    """
    program = Program(Module(answer.path.stem.replace("-", "_")))
    bodies: dict[str, Body] = {}
    for path in sorted(answer.dumps.glob("*.nll.0.mir")):
        try:
            body = read_body(path if purpose != "moves" else _whole(path))
            if any(part.kind == "param" for each in body.locals.values() for part in walk(each)):
                raise Refused("type parameters")
            bodies[path.name] = body
        except Refused as refused:
            program.refused[path.name] = str(refused)
            program.refused_lines.append(_lines_of_text(path.read_text()))
    items, source = read_items(answer.expanded), answer.path.read_text()
    closures = dict(captures_of(body) for body in bodies.values())
    for dump, body in list(bodies.items()):
        try:
            complete(body, closures, items)
        except Refused as refused:
            program.refused[dump] = str(refused)
            program.refused_lines.append(_lines(body))
            del bodies[dump]
    dropped, copied = evidence(bodies.values())
    types = Types(program.module, items, dropped, copied, panicking=purpose == "drops")
    types.hidden = hidden_types((body, (later or {}).get(_name(dump), "")) for dump, body in bodies.items())
    for dump, body in bodies.items():
        name = _name(dump)
        try:
            generic = _parameters(body, items)
            if generic:
                raise Refused("type parameters")
            Translator(types, body, f"fn {name}", purpose, source).run()
            program.bodies[name] = body
            program.spans[name] = _lines(body)
        except Refused as refused:
            program.refused[dump] = str(refused)
            program.refused_lines.append(_lines(body))
    return program


def _name(dump: str) -> str:
    return dump.removeprefix("program.").removesuffix(_DUMP)


def _whole(dump: Path) -> Path:
    """The dump of a body in which nothing is a promoted constant yet: rustc looks for moves in those too."""
    before = dump.with_name(dump.name.removesuffix(_DUMP) + ".PromoteTemps.before.mir")
    return before if before.exists() and "promoted[" in dump.read_text() else dump


def evidence(bodies: object) -> tuple[set[str], set[str]]:
    """Spellings of the types of which values are dropped, and of those of which values are copied."""
    dropped: set[str] = set()
    copied: set[str] = set()
    for body in bodies:  # type: ignore[attr-defined]
        for block in body.blocks.values():
            for statement in block.statements:
                if statement.kind == "drop" and statement.place is not None:
                    found = _type(body, Operand("move", statement.place))
                    if found is not None:
                        dropped.add(spell(found))
                operands = list(statement.arguments) + list(statement.value.operands if statement.value is not None else ())
                for operand in operands:
                    if operand.kind == "copy":
                        found = _type(body, operand)
                        if found is not None:
                            copied.add(spell(found))
    return dropped, copied


def _type(body: Body, operand: Operand) -> RustType | None:
    assert operand.place is not None
    type = body.locals[operand.place.local]
    for step in operand.place.steps:
        if step.kind == "field":
            assert step.type is not None
            type = step.type
        elif step.kind not in ("variant", "subslice"):
            if not type.parts:
                return None
            type = type.parts[0]
    return type


def _parameters(body: Body, items: object) -> bool:
    return any(
        part.kind == "adt" and not part.parts and not part.regions and part.name not in items and _is_parameter(part.name)  # type: ignore[operator]
        for each in body.locals.values()
        for part in walk(each)
    )


def _is_parameter(name: str) -> bool:
    return name == "Self" or (len(name) <= 2 and name[0].isupper() and (len(name) == 1 or name[1].isdigit()))


def _lines_of_text(dump: str) -> tuple[int, int]:
    lines = [int(number) for number in re.findall(r"\bat program\.rs:(\d+):", dump)]
    return (min(lines), max(lines)) if lines else (0, 0)


def _lines(body: Body) -> tuple[int, int]:
    spans = [
        s.span.line
        for block in body.blocks.values()
        for s in block.statements
        if s.span is not None and s.span.file == "program.rs"
    ]
    return (min(spans), max(spans)) if spans else (0, 0)


__all__ = ["Program", "copies", "read"]
