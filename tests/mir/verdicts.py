"""Our verdicts on a translated file beside rustc's, by code and line.

Two verdicts are the same when their codes correspond and they name the same line. rustc gathers moves out of borrowed content,
and puts the error on the matched expression: there a line counts that it labels.

Example: ``compare_moves(judge(path))`` has ``ours_only`` and ``theirs_only`` empty where both say the same.
"""

from __future__ import annotations

import attrs

from altru_ir.passes.verify.moves import check_moves
from tests.mir.importer import Program, read
from tests.mir.oracle import Answer, Verdict

MOVES: dict[str, tuple[str, ...]] = {
    "ALT-M001": ("E0382",),
    "ALT-I001": ("E0381",),
    "ALT-M002": ("E0507", "E0508"),  # rustc has E0508 also for elements behind a reference
    "ALT-M003": ("E0508",),
    "ALT-M004": ("E0509",),
    "ALT-M005": (),
}
"""The codes of rustc for ours."""

GATHERED = frozenset(("E0507", "E0508", "E0509"))


@attrs.frozen
class Ours:
    """A verdict of ours: the code, the line, and the function."""

    code: str
    line: int
    function: str


@attrs.define
class Comparison:
    """What both say of one file. ``functions`` counts the bodies that were compared, ``refused`` those that were not."""

    program: Program
    functions: int = 0
    agreed: int = 0
    ours_only: list[Ours] = attrs.Factory(list)
    theirs_only: list[Verdict] = attrs.Factory(list)


def match(ours: list[Ours], theirs: list[Verdict], codes: dict[str, tuple[str, ...]], result: Comparison) -> None:
    """Pairs verdicts; what is left over goes to ``result``."""

    def same(one: Ours, other: Verdict) -> bool:
        if other.code not in codes[one.code]:
            return False
        return one.line == other.line or (other.code in GATHERED and one.line in other.labels)

    result.ours_only = [one for one in ours if not any(same(one, other) for other in theirs)]
    result.theirs_only = [other for other in theirs if not any(same(one, other) for one in ours)]
    result.agreed = len(theirs) - len(result.theirs_only)


def compare_moves(answer: Answer) -> Comparison:
    """``check-moves`` against rustc's E0381, E0382, E0507, E0508 and E0509. What stands in bodies that were refused is left out."""
    program = read(answer)
    result = Comparison(program)
    ours: list[Ours] = []
    for function in program.module.functions.values():
        if function.blocks:
            result.functions += 1
            for each in check_moves(function, program.module):
                assert each.location is not None
                ours.append(Ours(each.code, each.location.line, function.name))
    wanted = {code for codes in MOVES.values() for code in codes}
    theirs = [each for each in answer.errors if each.code in wanted and not program.is_refused(each.line)]
    match(ours, theirs, MOVES, result)
    return result
