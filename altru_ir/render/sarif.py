"""Diagnostics for viewers of code and for services that keep findings: SARIF 2.1.0.

Source: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0; the numbers below are its sections.

Example, shortened:

    {"version": "2.1.0", "runs": [{
      "tool": {"driver": {"name": "altru-opt", "rules": [{"id": "ALT-M001", "shortDescription": {"text": "A value ..."}}]}},
      "results": [{"ruleId": "ALT-M001", "ruleIndex": 0, "level": "error", "message": {"text": "`%o` is used after ..."},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.air", "index": 0}, "region": {"startLine": 7}}}],
        "relatedLocations": [...], "codeFlows": [...]}]}]}

What stands where:

- Rules (3.19.23) are the codes that occur, in the order of the codes; ``ruleIndex`` leads from a result to its rule.
- A label is a related location (3.27.22). Where labels are a history (memory that was made, released, and then used), the
  same places, and behind them the place of the problem, are a code flow too (3.36), so that a viewer steps through it.
- What is said about no program (a file that cannot be read, a linker that fails) is no result but a notification of the
  invocation (3.20.21), which then was not successful.
- Help is the last paragraph of a message; a fix whose text is at hand is one of SARIF's (3.55), its edits by offsets in
  characters.

Invariant: each index is that of the rule or artifact that is named beside it. The text depends on the diagnostics and their
sources alone: there is no time, no machine and no absolute path in it that was not in a file's name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from altru_ir.diagnostics import ERROR, EXPLANATIONS, FAMILIES, Diagnostic, Fix
from altru_ir.source import Location, Source

VERSION = "2.1.0"
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_HISTORIES = frozenset("BCFILMTX")
"""The families whose labels tell what happened before, in this order."""


def render(diagnostics: Iterable[Diagnostic], sources: Mapping[str, Source], version: str) -> str:
    """The SARIF text of ``diagnostics``, ended by a newline.

    Parameters: ``sources`` by file name, for the lines that are shown; ``version``, that of the command.
    """
    return json.dumps(_Log(list(diagnostics), sources).log(version), indent=1) + "\n"


def _uri(file: str) -> str:
    """A file's name as a reference: relative to where the command ran, unless it is absolute."""
    path = quote(file, safe="/~", errors="surrogateescape")
    return f"file://{path}" if path.startswith("/") else path


class _Log:
    """One run: the diagnostics, and the tables that their records refer to by index."""

    def __init__(self, diagnostics: list[Diagnostic], sources: Mapping[str, Source]) -> None:
        self.diagnostics = diagnostics
        self.sources = sources
        codes = sorted({d.code for d in diagnostics})
        self.rules = {code: index for index, code in enumerate(codes)}
        self.artifacts: dict[str, int] = {file: index for index, file in enumerate(sources)}

    def log(self, version: str) -> dict[str, Any]:
        results = [self.result(d) for d in self.diagnostics if not _of_environment(d)]
        notifications = [self.notification(d) for d in self.diagnostics if _of_environment(d)]
        driver = {
            "name": "altru-opt",
            "semanticVersion": version,
            "rules": [self.rule(code) for code in self.rules],
        }
        invocation: dict[str, Any] = {"executionSuccessful": all(n["level"] != ERROR for n in notifications)}
        if notifications:
            invocation["toolExecutionNotifications"] = notifications
        return {
            "$schema": SCHEMA,
            "version": VERSION,
            "runs": [{
                "tool": {"driver": driver},
                "invocations": [invocation],
                "columnKind": "unicodeCodePoints",
                "artifacts": [{"location": {"uri": _uri(file)}} for file in self.artifacts],
                "results": results,
            }],
        }  # fmt: skip

    def rule(self, code: str) -> dict[str, Any]:
        family = FAMILIES.get(code[4:5], "")
        says = EXPLANATIONS.get(code, code)
        return {
            "id": code,
            "shortDescription": {"text": says},
            "help": {"text": f"{says} `altru-opt --explain {code}` says this as well; the family is: {family}."},
            "defaultConfiguration": {"level": ERROR},
            "properties": {"tags": [family]},
        }

    def result(self, diagnostic: Diagnostic) -> dict[str, Any]:
        found: dict[str, Any] = {
            "ruleId": diagnostic.code,
            "ruleIndex": self.rules[diagnostic.code],
            "level": diagnostic.severity,
            "message": _message(diagnostic),
            "locations": self.places(diagnostic),
        }
        if diagnostic.labels:
            related = [self.location(label.location, label.message) for label in diagnostic.labels]
            found["relatedLocations"] = [{"id": number, **place} for number, place in enumerate(related, 1)]
            if diagnostic.code[4:5] in _HISTORIES and diagnostic.location is not None:
                steps = [*related, self.location(diagnostic.location, diagnostic.message)]
                found["codeFlows"] = [{"threadFlows": [{"locations": [{"location": step} for step in steps]}]}]
        if diagnostic.fix is not None and all(edit.location.file in self.sources for edit in diagnostic.fix.edits):
            found["fixes"] = [self.fix(diagnostic.fix)]
        return found

    def fix(self, fix: Fix) -> dict[str, Any]:
        changes: dict[str, list[dict[str, Any]]] = {}
        for edit in fix.edits:
            start, end = edit.span(self.sources[edit.location.file])
            region = {"charOffset": start, "charLength": end - start}
            replacement = {"deletedRegion": region, "insertedContent": {"text": edit.replacement}}
            changes.setdefault(edit.location.file, []).append(replacement)
        changed = [
            {"artifactLocation": {"uri": _uri(file), "index": self.artifacts[file]}, "replacements": replacements}
            for file, replacements in changes.items()
        ]
        return {"description": {"text": fix.message}, "artifactChanges": changed}

    def notification(self, diagnostic: Diagnostic) -> dict[str, Any]:
        return {
            "descriptor": {"id": diagnostic.code},
            "associatedRule": {"id": diagnostic.code, "index": self.rules[diagnostic.code]},
            "level": diagnostic.severity,
            "message": _message(diagnostic),
        }

    def places(self, diagnostic: Diagnostic) -> list[dict[str, Any]]:
        """Where it is; a program that was built in memory has only names."""
        place = self.location(diagnostic.location, None) if diagnostic.location is not None else {}
        if diagnostic.function is not None:
            name = diagnostic.function
            place["logicalLocations"] = [{"name": name, "fullyQualifiedName": f"@{name}", "kind": "function"}]
        return [place] if place else []

    def location(self, at: Location, message: str | None) -> dict[str, Any]:
        index = self.artifacts.setdefault(at.file, len(self.artifacts))
        physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(at.file), "index": index}}
        if at.line > 0:
            physical["region"] = self.region(at)
        found: dict[str, Any] = {"physicalLocation": physical}
        if message is not None:
            found["message"] = {"text": message}
        return found

    def region(self, at: Location) -> dict[str, Any]:
        region: dict[str, Any] = {"startLine": at.line}
        if at.column > 0:
            region |= {"startColumn": at.column, "endColumn": at.column + at.length}
        source = self.sources.get(at.file)
        line = source.line(at.line) if source is not None else ""
        if line:
            meant = line[at.column - 1 : at.column - 1 + at.length] if at.column > 0 else line
            region["snippet"] = {"text": meant}
        return region


def _of_environment(diagnostic: Diagnostic) -> bool:
    return diagnostic.code.startswith("ALT-S") and diagnostic.location is None


def _message(diagnostic: Diagnostic) -> dict[str, str]:
    help = f"\n\nHelp: {diagnostic.help}" if diagnostic.help is not None else ""
    return {"text": diagnostic.message + help}
