"""Diagnostics for programs: one JSON object per run, ``{"version": 1, "diagnostics": [...]}``.

Each diagnostic has ``code``, ``severity``, ``message``, ``location`` (``file``, ``line``, ``column``, ``length``, or null),
``function``, ``labels`` (``location`` and ``message``), ``help`` and ``fix``: null, or its ``message`` and ``edits``, each a
``location``, whose ``length`` characters (line ends count) are replaced, and a ``replacement``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from altru_ir.diagnostics import Diagnostic, Fix
from altru_ir.source import Location

VERSION = 1


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
