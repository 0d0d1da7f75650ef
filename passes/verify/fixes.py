"""Fixes that were tried: what a check proposes is applied to the text, and shown only when the error is gone and none is new.

    error[ALT-M005]: `init` over `%l`, which may hold something that must be dropped
      = help: use `assign`, which drops it first
      9 -   init %l, %b
      9 +   assign %l, %b

A check knows what it would change and not what follows from that, so it *proposes* (``Diagnostic.proposals``). Here each
proposal in turn
 1. is applied to the text that the program was read from, and the text is parsed and verified again;
 2. the function is checked again, by all checks of memory, with the others as declarations;
 3. is the ``fix`` when what is found then is what was found before without this problem: problems are told apart by code,
    function and message, and counted.
 4. Trying ends with the first that holds, and for all problems together when ``PATIENCE`` characters have been parsed.

``mend`` applies the fixes of all problems, those that go together at once, and looks again until there is none (5).

Invariant: a text with its fixes applied has fewer problems than before, and none that it did not have.
"""

from __future__ import annotations

from collections import Counter

import attrs

from altru_ir.diagnostics import ERROR, Diagnostic, DiagnosticError, Fix, edited
from altru_ir.module import Module
from altru_ir.passes.verify.memory import check_memory_once
from altru_ir.source import Source

PATIENCE = 4_000_000
"""How many characters of candidates are parsed for one program; a mebibyte takes a few seconds."""

ROUNDS = 8
"""How often ``mend`` looks again: errors stand in front of others."""

_Key = tuple[str, str | None, str]


def with_fixes(diagnostics: list[Diagnostic], source: Source | None) -> list[Diagnostic]:
    """``diagnostics`` with a ``fix`` wherever one of the proposals holds what it promises.

    Parameters: ``source``, the text that the program was parsed from; without one nothing can be tried.
    """
    if source is None or not any(problem.proposals for problem in diagnostics):
        return diagnostics
    trial = _Trial(source)
    return [attrs.evolve(problem, fix=trial.first(problem)) if problem.proposals else problem for problem in diagnostics]


def mend(source: Source) -> str:
    """The text of ``source`` with all fixes applied that hold together. Raises ``DiagnosticError`` when it is no program."""
    for _ in range(ROUNDS):  # 5
        module = _parsed(source)
        problems = with_fixes(check_memory_once(module), module.source)
        fixes = list(dict.fromkeys(problem.fix for problem in problems if problem.fix is not None))
        before = Counter(_key(problem) for problem in problems)
        text = _together(source, fixes, before)
        if text is None:
            break
        source = Source(source.filename, text, source.first_line)
    return source.text


def _together(source: Source, fixes: list[Fix], before: Counter[_Key]) -> str | None:
    """The text after as many of ``fixes`` as go together; None when there are none."""
    while fixes:
        chosen: list[Fix] = []
        for fix in fixes:
            try:
                edited(source, [edit for each in (*chosen, fix) for edit in each.edits])
            except ValueError:
                continue
            chosen.append(fix)
        text = edited(source, [edit for each in chosen for edit in each.edits])
        try:
            after = Counter(_key(p) for p in check_memory_once(_parsed(Source(source.filename, text, source.first_line))))
        except DiagnosticError:
            after = Counter({("", None, "no program"): 1})
        if after < before:
            return text
        fixes = fixes[: len(chosen) // 2]
    return None


class _Trial:
    """Tries proposals for one text."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.patience = PATIENCE
        self.before: dict[str, Counter[_Key]] = {}

    def first(self, problem: Diagnostic) -> Fix | None:
        if problem.function is None:
            return None
        before = self.before.get(problem.function)
        if before is None:
            before = self.before[problem.function] = self.problems(self.source, problem.function) or Counter()
        key = _key(problem)
        if not before[key]:
            return None
        for fix in problem.proposals:
            if self.patience < 0:  # 4
                return None
            try:
                text = edited(self.source, fix.edits)
            except ValueError:
                continue
            after = self.problems(Source(self.source.filename, text, self.source.first_line), problem.function)
            if after is not None and after <= before - Counter([key]):  # 3
                return fix
        return None

    def problems(self, source: Source, function: str) -> Counter[_Key] | None:
        """What is wrong with the function; None when the text is no program."""
        self.patience -= len(source.text)
        try:
            return Counter(_key(p) for p in check_memory_once(_parsed(source), only=function))  # 1, 2
        except DiagnosticError:
            return None


def _parsed(source: Source) -> Module:
    from altru_ir.text.parser import parse
    from altru_ir.verifier import verify

    module = parse(source.text, source.filename, source.first_line)
    problems = verify(module)
    if any(problem.severity == ERROR for problem in problems):
        raise DiagnosticError(problems, source)
    return module


def _key(problem: Diagnostic) -> _Key:
    return problem.code, problem.function, problem.message


__all__ = ["mend", "with_fixes"]
