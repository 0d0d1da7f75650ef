"""Diagnostics for programs: one JSON object per run, ``{"version": 1, "diagnostics": [...]}``.

Example, shortened:

    {"version": 1, "diagnostics": [{"code": "ALT-V011", "severity": "error", "message": "`ret` needs ...",
      "location": {"file": "a.air", "line": 4, "column": 3, "length": 3}, "function": "f", "labels": [], "help": null,
      "fix": null}]}

``SCHEMA`` (JSON Schema 2020-12, published as docs/reference/diagnostics.schema.json, printed by ``altru-opt
--describe=diagnostics``) says what each member is.

Invariant: what is rendered conforms to ``SCHEMA``. Within a version members are only added, so a reader ignores those that
it does not know.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from altru_ir.diagnostics import ERROR, NOTE, WARNING, Diagnostic, Fix
from altru_ir.source import Location

VERSION = 1

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Diagnostics of altru-opt --format=json",
    "description": "One object per run. Members that are not named here may be added within a version.",
    "type": "object",
    "required": ["version", "diagnostics"],
    "properties": {
        "version": {"const": VERSION, "description": "The version of this form; it changes when a member changes its meaning."},
        "diagnostics": {"type": "array", "items": {"$ref": "#/$defs/diagnostic"}},
    },
    "$defs": {
        "location": {
            "description": "A part of one line of a text.",
            "type": "object",
            "required": ["file", "line", "column", "length"],
            "properties": {
                "file": {
                    "type": "string",
                    "description": "As named to the command or in a `loc`; `<stdin>` is no file.",
                },
                "line": {"type": "integer", "minimum": 0, "description": "From 1."},
                "column": {
                    "type": "integer",
                    "minimum": 0,
                    "description": "From 1, in characters (code points); 0 stands for the whole line.",
                },
                "length": {"type": "integer", "minimum": 0, "description": "How many characters are meant."},
            },
        },
        "label": {
            "description": "A further place of the story and what happens there.",
            "type": "object",
            "required": ["location", "message"],
            "properties": {"location": {"$ref": "#/$defs/location"}, "message": {"type": "string"}},
        },
        "edit": {
            "description": "A piece of the text and what replaces it; length 0 is an insertion, and ends of lines count.",
            "type": "object",
            "required": ["location", "replacement"],
            "properties": {"location": {"$ref": "#/$defs/location"}, "replacement": {"type": "string"}},
        },
        "fix": {
            "description": "Edits, none of which overlap, that are known to mend the problem and to break nothing else.",
            "type": "object",
            "required": ["message", "edits"],
            "properties": {"message": {"type": "string"}, "edits": {"type": "array", "items": {"$ref": "#/$defs/edit"}}},
        },
        "diagnostic": {
            "type": "object",
            "required": ["code", "severity", "message", "location", "function", "labels", "help", "fix"],
            "properties": {
                "code": {
                    "type": "string",
                    "pattern": "^ALT-[A-Z][0-9]{3}$",
                    "description": "Never changes its meaning; --describe=codes lists them.",
                },
                "severity": {"enum": [ERROR, WARNING, NOTE]},
                "message": {"type": "string", "description": "Without place and code."},
                "location": {
                    "anyOf": [{"$ref": "#/$defs/location"}, {"type": "null"}],
                    "description": "null where no text says it: a program built in memory, a file that cannot be read.",
                },
                "function": {"type": ["string", "null"], "description": "The function it is in, without `@`."},
                "labels": {
                    "type": "array",
                    "items": {"$ref": "#/$defs/label"},
                    "description": "In the order in which they are to be told.",
                },
                "help": {"type": ["string", "null"], "description": "How to mend it."},
                "fix": {"anyOf": [{"$ref": "#/$defs/fix"}, {"type": "null"}], "description": "Applied by --fix."},
            },
        },
    },
}
"""What a reader may rely on."""


def _place(at: Location | None) -> dict[str, Any] | None:
    return None if at is None else {"file": at.file, "line": at.line, "column": at.column, "length": at.length}


def record(diagnostic: Diagnostic) -> dict[str, Any]:
    """One diagnostic as plain data."""
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "location": _place(diagnostic.location),
        "function": diagnostic.function,
        "labels": [{"location": _place(label.location), "message": label.message} for label in diagnostic.labels],
        "help": diagnostic.help,
        "fix": None if diagnostic.fix is None else _fix(diagnostic.fix),
    }


def _fix(fix: Fix) -> dict[str, Any]:
    edits = [{"location": _place(edit.location), "replacement": edit.replacement} for edit in fix.edits]
    return {"message": fix.message, "edits": edits}


def render(diagnostics: Iterable[Diagnostic]) -> str:
    """The JSON text of ``diagnostics``, ended by a newline."""
    return json.dumps({"version": VERSION, "diagnostics": [record(d) for d in diagnostics]}, indent=1) + "\n"


def schema() -> str:
    """The text of ``SCHEMA``, ended by a newline."""
    return json.dumps(SCHEMA, indent=2) + "\n"
