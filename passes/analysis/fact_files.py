"""Fact directories: the relations of the Polonius project as files, one directory for one function.

A relation is a file ``NAME.facts``; a row is a line, its columns are separated by tabs and stand in double quotes:

    "Start(bb0[0])"	"Mid(bb0[0])"

rustc writes such directories with ``-Znll-facts``. All relations have to be there, empty ones too: of an absent one nobody
knows whether it was empty or lost. Atoms keep their quotes and escapes, as the text of their file has them.

Invariant: what ``read`` returns has rows of the right width only; every problem of the directory is reported, not the first.
"""

from __future__ import annotations

import re
from pathlib import Path

import attrs

from altru_ir.diagnostics import WARNING, Diagnostic
from altru_ir.passes.analysis.loans import Facts, Rows, Runs, Table, distinct
from altru_ir.source import Location

COLUMNS: dict[str, str] = {
    "loan_issued_at": "origin loan point",
    "universal_region": "origin",
    "cfg_edge": "point point",
    "loan_killed_at": "loan point",
    "subset_base": "origin origin point",
    "loan_invalidated_at": "point loan",
    "var_used_at": "variable point",
    "var_defined_at": "variable point",
    "var_dropped_at": "variable point",
    "use_of_var_derefs_origin": "variable origin",
    "drop_of_var_derefs_origin": "variable origin",
    "child_path": "path path",
    "path_is_var": "path variable",
    "path_assigned_at_base": "path point",
    "path_moved_at_base": "path point",
    "path_accessed_at_base": "path point",
    "known_placeholder_subset": "origin origin",
    "placeholder": "origin loan",
}
"""What the columns of each relation are."""

LONGEST = 80
"""How many characters of a field a message shows."""

_ATOM = r'"[^"\\\t\r\n]*(?:\\[^\t\r\n][^"\\\t\r\n]*)*"'
_ROWS = {
    width: re.compile(rf"(?:{_ATOM}{(width - 1) * f'{chr(9)}{_ATOM}'}(?:\r?\n|\Z))*") for width in (1, 2, 3)
}  # fmt: skip
_FIELD = re.compile(_ATOM)


@attrs.define
class FactDirectory:
    """``facts`` as far as they could be read, and what is wrong with the files (errors) or among them (warnings)."""

    facts: Facts
    problems: list[Diagnostic]


def read(directory: Path) -> FactDirectory:
    """Reads the fact directory of one function. Raises ``OSError`` when a file is there and cannot be read."""
    found = FactDirectory(Facts(), [])
    if not directory.is_dir():
        said = "is no directory" if directory.exists() else "does not exist"
        found.problems.append(
            Diagnostic("ALT-S002", f"`{directory}` {said}; a directory with the facts of one function is needed")
        )
        return found
    if not any(directory.glob("*.facts")):
        inner = sorted(path.parent.relative_to(directory).as_posix() for path in directory.rglob("cfg_edge.facts"))
        hint = f"name the directory of one function, for example `{inner[0]}` in it" if inner else None
        found.problems.append(Diagnostic("ALT-S002", f"`{directory}` has no fact files (*.facts)", help=hint))
        return found
    for name, columns in COLUMNS.items():
        file = directory / f"{name}.facts"
        if not file.exists():
            message = f"there is no `{name}.facts` in `{directory}`; an empty relation is an empty file"
            found.problems.append(Diagnostic("ALT-S002", message))
            continue
        if not file.is_file():  # a pipe or a device may never end
            found.problems.append(Diagnostic("ALT-S002", f"`{file}` is no regular file"))
            continue
        rows = _rows(file, columns.split(), found.problems)
        setattr(found.facts, name, rows)
    if not found.problems:
        _compare(directory, found)
    return found


def _rows(file: Path, columns: list[str], problems: list[Diagnostic]) -> Rows:
    data = file.read_bytes()
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"byte 0x{data[error.start]:02x} is not valid UTF-8"
        problems.append(Diagnostic("ALT-P006", message, Location(str(file), line)))
        return []
    width = len(columns)
    lines = text.replace("\r\n", "\n") if "\r" in text else text
    if lines and not lines.endswith("\n"):
        lines += "\n"
    if width == 3:
        runs = _runs(lines)
        if runs is not None:
            return runs
    pieces = lines.replace("\n", "\t\n\t").split("\t")
    pieces.pop()  # behind the last line
    ends = pieces[width :: width + 1]
    table = Table([pieces[column :: width + 1] for column in range(width)])
    in_shape = len(pieces) == (width + 1) * len(ends) and ends.count("\n") == len(ends)  # so no column has the end of a line
    if not in_shape or not all(map(_FIELD.fullmatch, set().union(*table.columns))):
        match = _ROWS[width].match(text)
        end = match.end() if match else 0
        line = text.count("\n", 0, end) + 1
        problems.append(Diagnostic("ALT-P001", _wrong(text[end:].partition("\n")[0], columns), Location(str(file), line)))
        return []
    return table


def _runs(text: str) -> Runs | None:
    """Rows of three columns, in whole lines, as runs of those that are equal but for the last one; None if there are others.

    rustc writes a flow that holds everywhere once for each point, so long runs come again and again with the same points. A
    run that ends where the longest one before would end is built from the points of that, and compared as a whole.
    """
    runs: list[tuple[tuple[str, ...], list[str]]] = []
    longest: list[str] = []
    pieces: list[str] = []
    size, patience = 0, 4 * len(text)
    atoms: dict[str, None] = {}
    at = 0
    while at < len(text):
        first = text.find("\t", at)
        second = text.find("\t", first + 1)
        begin = text[at : second + 1]
        head = begin[: first - at], begin[first - at + 1 : -1]
        if first < 0 or second < 0:
            return None
        atoms[head[0]] = atoms[head[1]] = None
        if longest and patience > 0 and text.startswith(pieces[1], second + 1):
            end = at + size + len(begin) * len(longest)
            if text.startswith(begin + pieces[-1], end - len(begin) - len(pieces[-1])):
                if text.startswith(begin.join(pieces), at):
                    runs.append((head, longest))
                    at = end
                    continue
                patience -= end - at
        last = []
        while text.startswith(begin, at):
            start = at + len(begin)
            at = text.find("\n", start) + 1
            last.append(text[start : at - 1])
        atoms.update(dict.fromkeys(last))
        runs.append((head, last))
        if len(last) > max(len(longest), 8):
            longest, pieces = last, ["", *(f"{each}\n" for each in last)]
            size = sum(map(len, pieces))
    return Runs(runs) if all(map(_FIELD.fullmatch, atoms)) else None


def _wrong(line: str, columns: list[str]) -> str:
    """What is wrong with a line."""
    fields = line.split("\t")
    wanted = ", ".join(columns)
    if not line.strip():
        return f"an empty line where a row should be ({wanted})"
    if len(fields) != len(columns):
        return (
            f"a row with {len(fields)} column{'s' * (len(fields) != 1)} instead of {len(columns)} ({wanted}), separated by tabs"
        )
    for field, column in zip(fields, columns):
        if not _FIELD.fullmatch(field):
            return f'the {column} is `{_shown(field)}` and not a name in double quotes, as in "name"'
    return "the line does not end where its row does"


def _shown(field: str) -> str:
    """A field in a message: in one short line, whatever it is made of."""
    shown = field if len(field) <= LONGEST else f"{field[: LONGEST - 3]}..."
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in shown)


def _compare(directory: Path, found: FactDirectory) -> None:
    """Warns about rows that speak of what no other relation knows: the rules make nothing of them."""
    facts = found.facts
    points = {*distinct(facts.cfg_edge, 0), *distinct(facts.cfg_edge, 1)}
    loans = {row[1] for row in facts.loan_issued_at} | {row[1] for row in facts.placeholder}
    universal = {row[0] for row in facts.universal_region}
    for name, columns in COLUMNS.items():
        for at, column in enumerate(columns.split()):
            if column == "point" and name != "cfg_edge":
                known, what = points, "no edge of the control flow has the point"
            elif column == "loan" and name in ("loan_killed_at", "loan_invalidated_at"):
                known, what = loans, "nothing issues the loan"
            elif column == "origin" and name in ("known_placeholder_subset", "placeholder"):
                known, what = universal, "no universal region is the origin"
            else:
                continue
            rows = getattr(facts, name)
            strange = distinct(rows, at).keys() - known
            if strange:
                line = next(number for number, row in enumerate(rows, 1) if row[at] in strange)
                more = f" (and {len(strange) - 1} more)" if len(strange) > 1 else ""
                message = f"{what} {_shown(rows[line - 1][at])}{more}"
                place = Location(str(directory / f"{name}.facts"), line)
                found.problems.append(Diagnostic("ALT-P002", message, place, WARNING))


def lines(directory: FactDirectory) -> list[str]:
    """The conflicts of a directory as lines: ``error``, point, loan and ``subset_error``, point, origin, origin; sorted."""
    from altru_ir.passes.analysis.loans import find_conflicts

    conflicts = find_conflicts(directory.facts)
    rows = [("error", *row) for row in conflicts.errors]
    more = [("subset_error", *row) for row in conflicts.subset_errors]
    return sorted("\t".join(row) for row in [*rows, *more])
