"""Remarks of passes in the YAML that LLVM's tools read (``opt-viewer``, ``llvm-remarkutil``), and statistics as a table.

    --- !Passed
    Pass:            inline
    Name:            Inlined
    DebugLoc:        { File: 'a.air', Line: 3, Column: 5 }
    Function:        main
    Args:
      - String:          '@twice into @main: 3 operations'
    ...

Invariant: strings are quoted so that any text survives; remarks are in the order in which the passes made them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from altru_ir.passes.base import Remark


def to_yaml(remarks: Iterable[Remark]) -> str:
    """All remarks, one YAML document each."""
    return "".join(_document(each) for each in remarks)


def _document(each: Remark) -> str:
    lines = [f"--- !{each.kind}", f"Pass:            {_quoted(each.pass_name)}", f"Name:            {_quoted(each.name)}"]
    at = each.location
    if at is not None:
        lines.append(f"DebugLoc:        {{ File: {_quoted(at.file)}, Line: {at.line}, Column: {at.column} }}")
    lines += [f"Function:        {_quoted(each.function)}", "Args:", f"  - String:          {_quoted(each.message)}", "..."]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    if text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    # Control characters exist in double quotes alone.
    escaped = "".join(c if c.isprintable() and c not in '"\\' else f"\\{c}" if c in '"\\' else f"\\U{ord(c):08x}" for c in text)
    return f'"{escaped}"'


def statistics_table(statistics: dict[str, Counter[str]]) -> str:
    """What passes counted, by pass in the order of their first run, and by what."""
    lines = []
    for name, counts in statistics.items():
        lines += [f"{number:10}  {name}: {what}\n" for what, number in sorted(counts.items())]
    return "".join(lines)
