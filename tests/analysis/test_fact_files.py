"""Fact files against a reader of lines: rows, runs of rows, and what damage does to them. Contradictory facts end in time."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path

import pytest

from altru_ir.passes.analysis.fact_files import COLUMNS, lines, read
from altru_ir.passes.analysis.loans import Facts, find_conflicts

CELL = re.compile(r'"(?:[^"\\\t\r\n]|\\[^\t\r\n])*"')


def by_lines(text: str, width: int) -> list[tuple[str, ...]] | None:
    """The rows of a file; None if one is wrong."""
    found = []
    rows = re.split(r"\r?\n", text)
    if rows[-1] == "":
        rows.pop()
    for row in rows:
        cells = row.split("\t")
        if len(cells) != width or not all(map(CELL.fullmatch, cells)):
            return None
        found.append(tuple(cells))
    return found


def directory(at: Path, **files: str) -> Path:
    """A directory with all relations, empty but for those that are given."""
    at.mkdir(exist_ok=True)
    for name in COLUMNS:
        (at / f"{name}.facts").write_bytes(files.get(name, "").encode())
    return at


def some_text(choose: random.Random, width: int) -> str:
    """Rows, many of them in runs that are equal but for the last column."""
    points = [f'"p{n}"' for n in range(choose.choice([1, 3, 12, 30]))]
    rows = []
    for _ in range(choose.randint(0, 8)):
        head = [choose.choice(['"a"', '"\\"b"', '"\'?12"', '""']) for _ in range(width - 1)]
        run = points if choose.random() < 0.6 else choose.sample(points, choose.randint(1, len(points)))
        rows += ["\t".join([*head, point]) for point in run]
    end = choose.choice(["\n", "\n", "\r\n"])
    return end.join(rows) + (end if rows and choose.random() < 0.8 else "")


def damaged(text: str, choose: random.Random) -> str:
    at = choose.randint(0, len(text))
    return (
        text[:at]
        + choose.choice(["", "\t", "\n", '"', "\r", "\\", "x", "\n\n", "\t\n", "é"])
        + text[at + choose.randint(0, 2) :]
    )


def test_rows_are_those_of_the_lines(tmp_path: Path) -> None:
    counts = [0, 0]
    at = directory(tmp_path / "facts")
    for seed in range(800):
        choose = random.Random(seed)
        name = choose.choice(["subset_base", "loan_issued_at", "var_used_at", "universal_region"])
        width = len(COLUMNS[name].split())
        text = some_text(choose, width)
        for _ in range(choose.choice([0, 0, 1, 1, 2])):
            text = damaged(text, choose)
        file = at / f"{name}.facts"
        file.write_bytes(text.encode())
        found = read(at)
        file.write_bytes(b"")
        errors = [problem for problem in found.problems if problem.severity == "error"]
        expected = by_lines(text, width)
        assert bool(errors) == (expected is None), (seed, name, text)
        if expected is not None:
            assert list(getattr(found.facts, name)) == expected, (seed, name, text)
            assert len(getattr(found.facts, name)) == len(expected)
        counts[bool(errors)] += 1
    assert min(counts) > 150


@pytest.mark.parametrize("count", [2_000, 20_000])
def test_rows_that_nearly_repeat_take_no_longer(tmp_path: Path, count: int) -> None:
    """Runs that begin and end like a long one and differ within."""
    long = [f'"a"\t"a"\t"p{n}"' for n in range(count // 10)]
    rows = long + [f'"h{n % 2}"\t"h"\t{long[n % len(long)].rpartition(chr(9))[2]}' for n in range(count)]
    at = directory(tmp_path / "facts", subset_base="\n".join(rows) + "\n")
    begin = time.process_time()
    assert len(read(at).facts.subset_base) == len(rows)
    assert time.process_time() - begin < 5


def test_contradictory_facts_end() -> None:
    """Regions that outlive each other in a circle, loans of regions that nobody has, points that nothing leads to."""
    count = 400
    around = [(f"o{n}", f"o{(n + 1) % count}") for n in range(count)]
    facts = Facts(
        cfg_edge=[("p", "q"), ("q", "p"), ("x", "x")],
        universal_region=[(a,) for a, _ in around],
        placeholder=[(a, f"l{a}") for a, _ in around[:20]] + [("nobody", "l")],
        known_placeholder_subset=around,
        subset_base=[(a, b, "p") for a, b in around] + [("o1", "o1", "nowhere"), ("nobody", "o1", "q")],
        loan_invalidated_at=[("q", "lo1"), ("p", "unknown")],
        loan_killed_at=[("unknown", "q"), ("lo1", "nowhere")],
    )
    found = find_conflicts(facts)
    assert ("q", "lo1") in found.errors
    assert {(a, b) for _, a, b in found.subset_errors} == {("nobody", f"o{n}") for n in range(count)}


def test_huge_names(tmp_path: Path) -> None:
    name = '"' + "x" * 1_000_000 + '"'
    at = directory(tmp_path / "facts", cfg_edge=f"{name}\t{name}\n", subset_base=f"{name}\t{name}\t{name}\n")
    found = read(at)
    assert found.problems == []
    assert lines(found) == []
