"""``--verify-diagnostics``: a text says which diagnostics it must get, beside the line that gets them.

    %e = elem %arr, %five   // expected-error {{index 5 is out of bounds}}
    // expected-warning@+1 {{...}}

``@+N`` and ``@-N`` move the line; the text between the braces must occur in the message. Every diagnostic must be
expected and every expectation must be met, line by line.
"""

from __future__ import annotations

import re

from altru_ir.diagnostics import Diagnostic
from altru_ir.source import Source
from altru_ir.text.lexer import comments

_EXPECTATION = re.compile(r"expected-(error|warning|note)(?:@([+-]\d+))?\s*\{\{(.*?)\}\}")


def mismatches(source: Source, diagnostics: list[Diagnostic]) -> list[str]:
    """What differs between the expectations of ``source`` and ``diagnostics``; empty when they agree."""
    expected: list[tuple[int, str, str]] = []
    for offset, text, _ in comments(source.text):
        line = source.position(offset).line
        for severity, shift, message in _EXPECTATION.findall(text):
            expected.append((line + int(shift or 0), severity, message))
    found = []
    for diagnostic in diagnostics:
        line = diagnostic.location.line if diagnostic.location is not None else 0
        for item in expected:
            if item[0] == line and item[1] == diagnostic.severity and item[2] in diagnostic.message:
                expected.remove(item)
                break
        else:
            found.append(f"{source.filename}:{line}: unexpected {diagnostic.severity}: {diagnostic.message}")
    found += [f"{source.filename}:{line}: expected {severity} was not produced: {text}" for line, severity, text in expected]
    return found
