"""Fixes that were tried: what a check proposes is applied to the text, and shown only when the error is gone and none is new.

    error[ALT-M005]: `init` over `%l`, which may hold something that must be dropped
      = help: use `assign`, which drops it first
      9 -   init %l, %b
      9 +   assign %l, %b

A check knows what it would change and not what follows from that, so it *proposes* (``Diagnostic.proposals``). Here each
proposal in turn
 1. is applied to the text of its function, which is parsed and verified again behind the declarations of what it names;
 2. the function is checked again, by all checks of memory, and with it those that mention it when its signature changes;
 3. is the ``fix`` when what is found then is what was found before without this problem: problems are told apart by code,
    function and message, and counted. Those of many problems in one function are tried together (``batches``).
 4. Trying ends with the first that holds, and for all problems together when ``PATIENCE`` characters have been parsed, where
    each problem that is found counts for ``FOUND`` more: the help of those that are left says so.

``mend`` applies the fixes of all problems, those that go together at once, and looks again until there is none (5). A program
that was built has no text: what it prints is checked in its place (6).

Invariant: a text with its fixes applied has fewer problems than before, and none that it did not have.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import attrs

from altru_ir.diagnostics import ERROR, NOTE, Diagnostic, DiagnosticError, Edit, Fix, edited
from altru_ir.module import Function, Global, Module, TypeDeclaration
from altru_ir.passes.verify.batches import Batches, Candidate, Key, Look, Patched, key_of, offset_in
from altru_ir.passes.verify.memory import check_memory_once
from altru_ir.source import Location, Source
from altru_ir.types import spell_name, spell_string

PATIENCE = 3_000_000
"""How many characters of candidates are parsed for one program; a mebibyte takes about ten seconds."""

FOUND = 100
"""What telling of one problem counts for: a few small functions can have thousands, where regions flow into each other."""

ROUNDS = 8
"""How often ``mend`` looks again: errors stand in front of others."""

UNTRIED = "other fixes were not tried, for that would take too long here"


def with_fixes(diagnostics: list[Diagnostic], source: Source | None) -> list[Diagnostic]:
    """``diagnostics`` with a ``fix`` wherever one of the proposals holds what it promises.

    Parameters: ``source``, the text that the program was parsed from; without one nothing can be tried.
    """
    if source is None or not any(problem.proposals for problem in diagnostics):
        return diagnostics
    try:
        trial = _Trial(source)
    except DiagnosticError:  # the text has changed since
        return diagnostics
    fixes = trial.run([problem for problem in diagnostics if problem.proposals])
    found = []
    for problem in diagnostics:
        fix = fixes.get(id(problem))
        if fix is None and problem.proposals and trial.patience < 0:
            help = UNTRIED if problem.help is None else f"{problem.help} ({UNTRIED})"
            problem = attrs.evolve(problem, help=help)
        found.append(problem if fix is None else attrs.evolve(problem, fix=fix))
    return found


def with_fixes_of_print(diagnostics: list[Diagnostic], module: Module) -> list[Diagnostic]:
    """As ``with_fixes``, for a module that was built: the fixes are edits of what it prints (``Fix.source``).

    The printed program is checked by itself; its problems are told apart by code, function and order (6).
    """
    if not any(problem.severity != NOTE for problem in diagnostics):
        return diagnostics
    copy = module.clone()
    for function in copy.functions.values():
        for op in function.operations():
            op.loc = None  # what is printed has places of its own
    source = Source(f"{module.name}.air", copy.text())
    try:
        printed = with_fixes(check_memory_once(_parsed(source)), source)
    except DiagnosticError:  # the module is not valid
        return diagnostics
    fixes: dict[tuple[str, str | None], list[Fix | None]] = {}
    for problem in printed:
        fixes.setdefault((problem.code, problem.function), []).append(problem.fix)
    counts = Counter((problem.code, problem.function) for problem in diagnostics)
    out = []
    for problem in diagnostics:
        key = problem.code, problem.function
        fix = fixes[key].pop(0) if len(fixes.get(key, ())) == counts[key] else None
        counts[key] -= 1
        out.append(problem if fix is None else attrs.evolve(problem, fix=attrs.evolve(fix, source=source)))
    return out


def mend(source: Source) -> str:
    """The text of ``source`` with all fixes applied that hold together. Raises ``DiagnosticError`` when it is no program."""
    for _ in range(ROUNDS):  # 5
        module = _parsed(source)
        problems = with_fixes(check_memory_once(module), module.source)
        fixes = list(dict.fromkeys(problem.fix for problem in problems if problem.fix is not None))
        before = Counter(key_of(problem) for problem in problems)
        text = _together(source, fixes, before)
        if text is None:
            break
        source = Source(source.filename, text, source.first_line)
    return source.text


def _together(source: Source, fixes: list[Fix], before: Counter[Key]) -> str | None:
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
            after = Counter(key_of(p) for p in check_memory_once(_parsed(Source(source.filename, text, source.first_line))))
        except DiagnosticError:
            after = Counter({("", None, "no program"): 1})
        if after < before:
            return text
        fixes = fixes[: len(chosen) // 2]
    return None


class _Trial:
    """Tries proposals for one text, each on the text of its function behind the declarations of what it mentions."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.patience = PATIENCE
        self.module = _parsed(source)
        places = [_start(source, declaration) for declaration in self.module.order]
        self.ends = dict(pairwise(sorted([*places, len(source.text)])))
        self.heads: dict[tuple[Function, ...], str] = {}
        self._mentions: dict[Function, set[str]] = {}

    def run(self, problems: list[Diagnostic]) -> dict[int, Fix]:
        """The fix of each problem that has one, by ``id``."""
        together: dict[tuple[Function, ...], list[Candidate]] = {}
        for problem in problems:
            function = self.module.functions.get(problem.function or "")
            if function is None or function.is_declaration:
                continue
            seen = any(self.in_header(function, fix) for fix in problem.proposals)
            concerned = (function, *self.callers(function)) if seen else (function,)
            together.setdefault(concerned, []).append(Candidate(problem, list(problem.proposals)))
        for functions, candidates in together.items():
            look = lambda edits: self.look(functions, edits)  # noqa: B023, E731
            Batches(look, self.source, lambda: self.patience < PATIENCE // 2).run(candidates)
        return {id(each.problem): each.fix for all in together.values() for each in all if each.holds}

    def in_header(self, function: Function, fix: Fix) -> bool:
        """Whether a fix changes what callers see."""
        first = next(function.operations(), None)
        place = function.location if first is None else first.location
        assert place is not None
        body = self.source.line_starts()[place.line - self.source.first_line]
        return any(edit.span(self.source)[0] < body for edit in fix.edits)

    def callers(self, function: Function) -> list[Function]:
        """The other functions with a body that mention ``function``."""
        names = _spellings(function)
        others = (each for each in self.module.functions.values() if each is not function and not each.is_declaration)
        return [each for each in others if not names.isdisjoint(self.mentions(each))]

    def mentions(self, function: Function) -> set[str]:
        known = self._mentions.get(function)
        if known is None:
            known = self._mentions[function] = _symbols(self.text(function))
        return known

    def text(self, declaration: TypeDeclaration | Global | Function) -> str:
        start = _start(self.source, declaration)
        return self.source.text[start : self.ends[start]]

    def look(self, functions: tuple[Function, ...], edits: Sequence[Edit]) -> Look | None:
        """What is wrong with functions after ``edits`` of the first one; None when patience is lost."""
        if self.patience < 0:  # 4
            return None
        start = _start(self.source, functions[0])
        head = self.heads.get(functions)
        if head is None:
            head = self.heads[functions] = self.head(functions)
        try:
            patched = Patched(self.source, start, self.ends[start], edits)  # 1
        except ValueError:
            return Look([], lambda _: (None, -1), whole=False)
        source = Source(self.source.filename, "".join([head, patched.text, "\n", *map(self.text, functions[1:])]))
        self.patience -= len(source.text)

        def place(location: Location) -> tuple[int | None, int]:
            offset = offset_in(source, location) - len(head)
            return patched.origin(offset) if 0 <= offset < len(patched.text) else (None, -1)

        try:
            problems = check_memory_once(_parsed(source))  # 2
            self.patience -= FOUND * len(problems)
            return Look(problems, place)
        except DiagnosticError as error:
            return Look(error.diagnostics, place, whole=False)

    def head(self, functions: tuple[Function, ...]) -> str:
        """The module without ``functions``, as declarations; other functions only if their names are mentioned."""
        copy = Module(self.module.name, self.module.target)
        copy.attributes = self.module.attributes
        mentioned: set[str] = set().union(*map(self.mentions, functions))
        for declaration in self.module.order:
            if not isinstance(declaration, Function):
                mentioned |= _symbols(self.text(declaration))
        for declaration in self.module.order:
            if isinstance(declaration, Function):
                if declaration in functions or mentioned.isdisjoint(_spellings(declaration)):
                    continue
                stub = Function(declaration.name, declaration.signature, [p.name for p in declaration.parameters])
                stub.attributes = declaration.attributes
                copy.add(stub)
            else:
                copy.add(declaration)
        return copy.text()


def _spellings(function: Function) -> set[str]:
    """How the name of a function is written behind ``@``."""
    return {spell_name(function.name), spell_string(function.name)}


def _start(source: Source, declaration: TypeDeclaration | Global | Function) -> int:
    """The offset at which a declaration begins."""
    place = declaration.location
    assert place is not None
    return source.line_starts()[place.line - source.first_line] + max(place.column, 1) - 1


def _symbols(text: str) -> set[str]:
    """The names behind ``@`` in a text, as they are spelled."""
    return set(re.findall(r'@("(?:[^"\\]|\\.)*"|[\w.$]+)', text))


def _parsed(source: Source) -> Module:
    from altru_ir.text.parser import parse
    from altru_ir.verifier import verify

    module = parse(source.text, source.filename, source.first_line)
    problems = verify(module)
    if any(problem.severity == ERROR for problem in problems):
        raise DiagnosticError(problems, source)
    return module


__all__ = ["mend", "with_fixes", "with_fixes_of_print"]
