"""Our verdicts on a translated file beside rustc's, by code and line.

Two verdicts are the same when their codes correspond and they name the same line.
 1. Of the uses that the same moves make wrong both report one, not always the same: one verdict of rustc answers for all of
    ours that share a move with the one on its line; one on a local answers for the assignments to its parts, and for what it
    may hold nothing of.
 2. rustc gathers moves out of borrowed content, and puts the error on the matched expression: there a line counts that it
    labels.
 3. What stands in bodies that were refused is left out.

Example: ``compare_moves(judge(path))`` has ``ours_only`` and ``theirs_only`` empty where both say the same.
"""

from __future__ import annotations

import attrs

from altru_ir.module import Function, Module
from altru_ir.passes.analysis.initialization import Initialization
from altru_ir.passes.analysis.move_paths import has_paths
from altru_ir.passes.verify.loans import check_loans
from altru_ir.passes.verify.moves import _Checker
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

LOANS: dict[str, tuple[str, ...]] = {
    "ALT-B001": ("E0499", "E0502", "E0500", "E0501", "E0524"),
    "ALT-B002": ("E0506",),
    "ALT-B003": ("E0505",),
    "ALT-B004": ("E0503", "E0502"),
    "ALT-B005": ("E0597", "E0716", "E0505", "E0713", "E0515", "E0373"),
    "ALT-B006": ("E0515", "E0597", "E0716", "E0712", "E0713", "E0373"),
    "ALT-B007": ("lifetime", "E0521"),
    "ALT-B008": (),
    "ALT-B009": (),
    "ALT-B010": ("E0597", "E0716", "E0713", "E0521", "E0373", "lifetime", "E0515"),
    "ALT-B011": (),
    "ALT-B012": (),
}
"""The codes of rustc for ours, on loans."""

GATHERED = frozenset(("E0507", "E0508", "E0509"))


@attrs.frozen
class Ours:
    """A verdict of ours: the code, the line, the function, and the moves that it tells about."""

    code: str
    line: int
    function: str
    story: frozenset[object] = frozenset()
    root: object = None
    labels: tuple[int, ...] = ()


class _Told(set[object]):
    """Stories that were told, but none counts as told already; ``order`` has them as they came."""

    def __init__(self) -> None:
        super().__init__()
        self.order: list[object] = []

    def __contains__(self, story: object) -> bool:
        return False

    def add(self, story: object) -> None:
        self.order.append(story)


def all_moves(function: Function, module: Module) -> list[Ours]:
    """Every use of what is gone, also those that ``check-moves`` leaves out because it has told of the same moves before."""
    if not has_paths(function, module):
        return []
    checker = _Checker(function, module, Initialization(function, module))
    told = checker.told = _Told()
    checker.run()
    stories = iter(told.order)
    found: list[Ours] = []
    for each in checker.found:
        assert each.location is not None
        if each.code == "ALT-I003":
            continue  # an imaginary edge of MIR comes from another arm, where the variant is another one
        story = next(stories) if each.code in ("ALT-M001", "ALT-I001") else None
        causes: frozenset[object] = frozenset()
        if story is not None:
            root, causes = story  # type: ignore[misc]
            if any(op.name == "local" for op in causes) or "is assigned" in each.message:  # type: ignore[attr-defined]
                causes |= {root}
        found.append(Ours(each.code, each.location.line, function.name, causes, story and story[0]))  # type: ignore[index]
    return found


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

    told: set[object] = set()
    for one in ours:
        if any(same(one, other) for other in theirs):
            told |= one.story | {one.root}
    for one in ours:
        if not one.story & told and not any(same(one, other) for other in theirs):
            result.ours_only.append(one)
    result.theirs_only = [other for other in theirs if not any(same(one, other) for one in ours)]
    result.agreed = len(theirs) - len(result.theirs_only)


def compare_moves(answer: Answer) -> Comparison:
    """``check-moves`` against rustc's E0381, E0382, E0507, E0508 and E0509."""
    program = read(answer)
    result = Comparison(program)
    ours: list[Ours] = []
    for function in program.module.functions.values():
        if function.blocks:
            result.functions += 1
            ours.extend(all_moves(function, program.module))
    wanted = {code for codes in MOVES.values() for code in codes}
    theirs = [each for each in answer.errors if each.code in wanted and not program.is_refused(each.line)]
    match(ours, theirs, MOVES, result)
    return result


def compare_loans(answer: Answer) -> Comparison:
    """``check-loans`` against rustc's errors about borrows and lifetimes (``-Zpolonius=next``).

    The errors about storage and regions that end too early name the borrow, its end or its use: there a label counts.
    """
    program = read(answer, purpose="loans")
    result = Comparison(program)
    ours: list[Ours] = []
    for function in program.module.functions.values():
        if function.blocks:
            result.functions += 1
            for each in check_loans(function, program.module):
                line = each.location.line if each.location is not None else 0
                labels = tuple(label.location.line for label in each.labels)
                ours.append(Ours(each.code, line, function.name, labels=labels))
    wanted = {code for codes in LOANS.values() for code in codes}
    theirs = [each for each in answer.errors if each.code in wanted and not program.is_refused(each.line)]

    def same(one: Ours, other: Verdict) -> bool:
        if other.code not in LOANS[one.code]:
            return False
        return one.line == other.line or bool({one.line, *one.labels} & {other.line, *other.labels})

    lines = {other.line for other in theirs}  # of the problems of one line rustc tells one
    for one in ours:
        first, last = program.spans[one.function.removeprefix("fn ")]
        # an assignment ends the loans of its place for rustc, also where it is the error: what they forbid later has been told
        told = any(other.code == "E0506" and first <= other.line < one.line <= last for other in theirs)
        if one.line not in lines and not told and not any(same(one, other) for other in theirs):
            result.ours_only.append(one)
    result.theirs_only = [other for other in theirs if not any(same(one, other) for one in ours)]
    result.agreed = len(theirs) - len(result.theirs_only)
    return result
