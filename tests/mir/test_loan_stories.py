"""The places of our stories beside the places that rustc labels."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from altru_ir.passes.verify.loans import check_loans
from tests.mir.importer import read
from tests.mir.oracle import compiler, judge
from tests.mir.verdicts import LOANS

CASES = Path(__file__).parent.parent / "cases"
FILES = [*sorted((CASES / "rust").glob("*.rs")), *sorted((CASES / "rust-ui").glob("*/*.rs"))[::16]]

pytestmark = pytest.mark.skipif(compiler() is None, reason="no rustc that takes -Z options")

MISSING = {
    "borrowck-loan-rcvr": 1,  # where in a closure something is used
    "borrowck-unary-move": 1,  # where a parameter is declared
    "where_clauses_in_functions": 1,  # the signature: functions that are imported have no place
}
"""How many lines of a file rustc labels and we do not."""


def test_we_tell_of_every_line_that_rustc_labels() -> None:
    counts: Counter[str] = Counter()
    for path in FILES:
        answer = judge(path)
        program = read(answer, purpose="loans")
        ours = []
        for function in program.module.functions.values():
            for problem in check_loans(function, program.module):
                assert problem.location is not None
                assert not any("%None" in label.message for label in problem.labels)
                lines = {problem.location.line, *(label.location.line for label in problem.labels)}
                ours.append((problem.code, lines))
        missing = 0
        for error in answer.errors:
            if program.is_refused(error.line):
                continue
            theirs = {error.line, *error.labels}
            told = [lines & theirs for code, lines in ours if error.code in LOANS[code] and lines & theirs]
            if told:
                counts["errors"] += 1
                counts["lines"] += len(theirs)
                missing += len(theirs) - max(map(len, told))
        assert missing == MISSING.get(path.stem, 0), path.stem
    assert counts["errors"] >= 15, counts
    assert counts["lines"] >= 35, counts
