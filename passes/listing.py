"""The listing: the lines of the source, and under each what became of its checks.

       17 |   %slot = elem %seq, %i
          |   + `check.bounds %i, %n` cannot fail: the branch at line 12
       23 |   %next = elem %seq, %j
          |   ! `check.bounds %j, %n` may fail: not known: %n - %j - 1 >= 0

``+`` is a check that went, ``!`` one that stays, and ``*`` what a pass has found or made: what is known at all calls of a
function, a loop in two versions, checks that became one test. Lines are those that the locations name, of the front-end's
language where it gave these.

Invariant: what is shown are the remarks of the passes, each once and none left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from altru_ir.passes.base import MISSED, Remark

ABOUT_CHECKS = {"CheckRemoved": "+", "CheckKept": "!", "LoopVersioned": "*", "ChecksMerged": "*", "Contract": "*"}


def listing(remarks: Iterable[Remark], lines_of: Callable[[str], list[str] | None]) -> str:
    """The listing of all files in which there are checks.

    Parameters: ``lines_of`` gives the lines of a file, None for one that cannot be read. Of that, and behind the end of the
    others, the lines with remarks alone are shown, without their text.
    """
    files: dict[str, dict[int, dict[str, None]]] = {}
    nowhere: dict[str, None] = {}
    removed = kept = 0
    for each in remarks:
        sign = ABOUT_CHECKS.get(each.name)
        if sign is None:
            continue
        removed += each.name == "CheckRemoved"
        kept += each.kind == MISSED
        at = each.location
        of_line = nowhere if at is None else files.setdefault(at.file, {}).setdefault(at.line, {})
        of_line[f"{sign} {each.message}"] = None
    out = [f"{removed} checks cannot fail, {kept} may fail\n"]
    if not (removed or kept):
        out.append("(there are none, or `eliminate-checks`, which -O1 and above run, was not run)\n")
    for file, told in files.items():
        lines = lines_of(file)
        end = 0 if lines is None else len(lines)
        numbers = [*range(1, end + 1), *sorted(number for number in told if not 1 <= number <= end)]
        out.append(f"\n{file}\n")
        for number in numbers:
            text = lines[number - 1].rstrip("\r") if lines is not None and 1 <= number <= end else ""
            out.append(f"{number:6} | {text}".rstrip() + "\n")
            indent = text[: len(text) - len(text.lstrip())]
            out += [f"       | {indent}{message}\n" for message in told.get(number, ())]
    if nowhere:
        out += ["\nwithout a place\n", *(f"       | {message}\n" for message in nowhere)]
    return "".join(out)
