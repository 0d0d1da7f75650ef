"""Diagnostics: what is wrong, where, why, and what to do about it.

A ``Diagnostic`` is data; ``altru_ir.render`` turns it into text for a terminal or JSON. Codes are ``ALT-`` and a letter
for the family (M moves, B borrows, L leaks, F free and use after free, T threads, X crossings, C checks, I
initialization, P parsing, V verifier, U unsafe, S system) and three digits; ``EXPLANATIONS`` has a line on each.

Example: ``Diagnostic("ALT-P001", "expected `,`", location).severity`` is ``"error"``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

import attrs

from altru_ir.source import Location, Source

ERROR, WARNING, NOTE = "error", "warning", "note"


_ARTICLE = re.compile(r"\b([Aa])n? (?=`([aeio]|f[0-9]|unin)?)")


def with_articles(text: str) -> str:
    """A message with "an" in front of what it quotes where that is said so, and "a" elsewhere: "an `own<i32>`", "an `f64`", but
    "a `usize`"."""
    return _ARTICLE.sub(lambda found: f"{found[1]}n " if found[2] else f"{found[1]} ", text)


def _with_articles_if_any(text: str | None) -> str | None:
    return None if text is None else with_articles(text)


@attrs.frozen
class Label:
    """A further place of the story and what happens there."""

    location: Location
    message: str = attrs.field(converter=with_articles)


@attrs.frozen
class Edit:
    """A piece of text and what is to stand in its place: the ``location.length`` characters (lines' ends count) from
    ``location`` on; none of them is an insertion."""

    location: Location
    replacement: str

    def span(self, source: Source) -> tuple[int, int]:
        """The offsets in the text of ``source`` where the replaced piece begins and ends."""
        start = source.line_starts()[self.location.line - source.first_line] + self.location.column - 1
        return start, start + self.location.length


@attrs.frozen
class Fix:
    """A way to mend a problem: what it does, in words, and the edits of the text that do it, none of which overlap.

    ``source`` is the text that is edited where that is not the one the program was read from: a program that was built has
    none, and its fixes are edits of what it prints.
    """

    message: str
    edits: tuple[Edit, ...]
    source: Source | None = attrs.field(default=None, eq=False, repr=False)


def edited(source: Source, edits: Iterable[Edit]) -> str:
    """The text of ``source`` after ``edits``. Raises ``ValueError`` when two of them overlap."""
    pieces: list[str] = []
    at = 0
    for start, end, replacement in sorted((*edit.span(source), edit.replacement) for edit in edits):
        if start < at:
            raise ValueError("two edits of a text overlap")
        pieces += [source.text[at:start], replacement]
        at = end
    return "".join([*pieces, source.text[at:]])


@attrs.frozen
class Diagnostic:
    """One problem.

    ``code`` as ``ALT-V001``; ``message`` without place or code; ``location`` may be None for programs built in memory;
    ``function`` names the function it is in; ``labels`` are further places, ``help`` says how to mend it. ``fix`` is a way that
    is known to mend it and to break nothing else; ``proposals`` are such as nobody has tried yet, the best first, and are shown
    to nobody.
    """

    code: str
    message: str = attrs.field(converter=with_articles)
    location: Location | None = None
    severity: str = ERROR
    function: str | None = None
    labels: tuple[Label, ...] = ()
    help: str | None = attrs.field(default=None, converter=_with_articles_if_any)
    fix: Fix | None = None
    proposals: Sequence[Fix] = attrs.field(default=(), eq=False, repr=False)

    def reworded(self, reword: Callable[[str], str]) -> Diagnostic:
        """The same with each of its texts changed by ``reword``."""
        labels = tuple(Label(label.location, reword(label.message)) for label in self.labels)
        help = None if self.help is None else reword(self.help)
        return attrs.evolve(self, message=reword(self.message), labels=labels, help=help)

    def __str__(self) -> str:
        place = f"{self.location}: " if self.location is not None else f"@{self.function}: " if self.function else ""
        return f"{place}{self.severity}[{self.code}]: {self.message}"


SEVERITIES = (ERROR, WARNING, "ignore")
"""What ``-W CODE=...`` may make of a code."""
FIXED = "PSUV"
"""The families that are no matter of severity: without a text, a structure or a machine there is nothing to go on with."""


def check_levels(levels: Mapping[str, str]) -> None:
    """Raises ``ValueError`` for a code that there is not, or whose severity stays, and for an unknown severity."""
    for code, level in levels.items():
        if code not in EXPLANATIONS:
            close = get_close_matches(code, EXPLANATIONS, 1)
            raise ValueError(f"there is no code {code}" + (f"; did you mean {close[0]}?" if close else ""))
        if level not in SEVERITIES:
            raise ValueError(f"{code} cannot be `{level}`; it can be {', '.join(SEVERITIES)}")
        if code[4] in FIXED:
            raise ValueError(f"{code} ({FAMILIES[code[4]]}) is always an error: nothing could be done with such a program")


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """``diagnostics`` in the order of their places in the text; those without a place come first."""

    def place(problem: Diagnostic) -> tuple[int, int]:
        return (0, 0) if problem.location is None else (problem.location.line, problem.location.column)

    return sorted(diagnostics, key=place)


def judged(diagnostics: Iterable[Diagnostic], levels: Mapping[str, str]) -> list[Diagnostic]:
    """``diagnostics`` with the severities that ``levels`` gives to their codes, without those that it ignores."""
    if not levels:
        return list(diagnostics)
    found = []
    for each in diagnostics:
        level = levels.get(each.code, each.severity)
        if level != "ignore":
            found.append(each if level == each.severity else attrs.evolve(each, severity=level))
    return found


class DiagnosticError(Exception):
    """Raised when a text or module has errors; ``diagnostics`` holds all of them, ``source`` the text if there is one."""

    def __init__(self, diagnostics: list[Diagnostic], source: Source | None = None) -> None:
        self.diagnostics = diagnostics
        self.source = source
        super().__init__("\n".join(str(d) for d in diagnostics))


FAMILIES: dict[str, str] = {
    "B": "borrows",
    "C": "checks",
    "F": "free and use after free",
    "I": "initialization",
    "L": "leaks",
    "M": "moves",
    "P": "parsing",
    "S": "system and environment",
    "T": "threads",
    "U": "unsafe",
    "V": "structure and types",
    "X": "crossings",
}
"""What the letter of a code stands for."""

EXPLANATIONS: dict[str, str] = {
    "ALT-B001": "Storage is borrowed while another borrow that excludes it is still needed.",
    "ALT-B002": "Storage is assigned while it is borrowed.",
    "ALT-B003": "A value is moved while what it holds or leads to is borrowed.",
    "ALT-B004": "Storage is read while it is mutably borrowed.",
    "ALT-B005": "Storage ends, or its owner is dropped, while it is borrowed.",
    "ALT-B006": "A function leaves while its own storage is lent to its caller.",
    "ALT-B007": "A region flows into another that it need not outlive.",
    "ALT-B008": "An arena or a pool is borrowed mutably while something in it is lent.",
    "ALT-B009": "A collected object is lent for longer than the value that holds it.",
    "ALT-B010": "Something that has to live for 'static does not.",
    "ALT-B011": "The region of a result is not written, and cannot be told from the parameters.",
    "ALT-B012": "A function value would forget which regions its function wants to outlive others.",
    "ALT-B013": "A part of a collected object or of a thread-local global is borrowed that others may change unseen.",
    "ALT-B014": "A destructor is for some regions of its type only.",
    "ALT-B020": "An access through a reference is against the aliasing rules: another access has invalidated it or must not.",
    "ALT-C001": "An index or range is outside the dimension it indexes.",
    "ALT-C002": "A null pointer is dereferenced.",
    "ALT-C003": "An address is not a multiple of the alignment of what is accessed there.",
    "ALT-C004": "An access through a pointer is outside of the memory that the pointer leads into.",
    "ALT-C005": "A division has no result: the divisor is zero, or the quotient does not fit.",
    "ALT-C006": "A C function is called against its contract.",
    "ALT-C007": "What `assume` promises does not hold.",
    "ALT-C008": "Arithmetic that is checked panics for these constants: the result does not fit, or the shift is too far.",
    "ALT-F001": "Memory is released twice.",
    "ALT-F002": "Memory is used after it was released.",
    "ALT-F003": "Memory is released by something that must not release it.",
    "ALT-F004": "A pointer dangles: what it pointed to has ended with its scope, or it never pointed to anything.",
    "ALT-I001": "Memory is read that holds nothing yet.",
    "ALT-I002": "Bytes are no value of the type they are read as.",
    "ALT-I003": "The payload of a variant is accessed that the enum does not hold.",
    "ALT-L001": "Memory is never released.",
    "ALT-L002": "A value is forgotten that would have been dropped: what it owns stays behind.",
    "ALT-L003": "Owners own each other, so that nothing releases any of them.",
    "ALT-M001": "A value is used after it was moved out or dropped.",
    "ALT-M002": "Something is moved out of what a reference, a collected object or a global holds.",
    "ALT-M003": "Something is moved out of an element at an index that is not constant.",
    "ALT-M004": "A part is moved out of a value whose destructor will want it.",
    "ALT-M005": "What may still have to be dropped is overwritten, or its memory released, without a drop.",
    "ALT-M006": "Where drops are elaborated, something is dropped twice or never, or a flag does not tell whether it is there.",
    "ALT-P001": "The text does not follow the grammar at this point.",
    "ALT-P002": "A name is used that nothing defines.",
    "ALT-P003": "A name is defined twice.",
    "ALT-P004": "There is no operation of this name.",
    "ALT-P005": "A value is used before its definition in a way that leaves its type undecided.",
    "ALT-P006": "The text is not valid UTF-8, or is nested too deeply.",
    "ALT-P007": "The version line names a text format that this release does not read.",
    "ALT-S001": "The C compiler or the runtime's cache is not usable.",
    "ALT-S002": "A file cannot be read or written.",
    "ALT-S003": "The target or processor is unknown.",
    "ALT-S004": "Linking failed.",
    "ALT-S005": "The program has no entry of the needed form.",
    "ALT-S006": "The back end cannot compile this construct for this target.",
    "ALT-S007": "The interpreted program needs more memory than it was given.",
    "ALT-S008": "The interpreted program takes more steps, or more activations, than it was given.",
    "ALT-S009": "The command of --reduce does not find the input interesting.",
    "ALT-T001": "Two threads access memory, at least one of them writes, and nothing orders the accesses.",
    "ALT-T002": "Every thread waits for another.",
    "ALT-T003": "A mutex is unlocked by a thread that does not hold it.",
    "ALT-U001": "The operation is unsafe and must carry the `unsafe` marker.",
    "ALT-U002": "The called function is declared unsafe, so the call must carry the `unsafe` marker.",
    "ALT-U010": "Control reaches what was declared unreachable.",
    "ALT-V001": "A block must end with exactly one terminator.",
    "ALT-V002": "The definition of a value must dominate each of its uses.",
    "ALT-V003": "The number of operands or results is not the declared one.",
    "ALT-V004": "The successors of a terminator are not the declared ones, or their arguments do not fit.",
    "ALT-V005": "A type is not the one the declaration asks for.",
    "ALT-V006": "An attribute is missing, unknown or of the wrong kind.",
    "ALT-V007": "A literal does not fit its type.",
    "ALT-V008": "The type of the value does not copy.",
    "ALT-V009": "The cast does not convert between these types.",
    "ALT-V010": "The cases of a switch are not distinct values of its type.",
    "ALT-V011": "The returned value does not have the function's result type.",
    "ALT-V012": "The arguments of a call do not fit the parameters.",
    "ALT-V013": "What the place holds cannot be loaded.",
    "ALT-V014": "The value stored does not have the type of the place.",
    "ALT-V015": "An exclusive borrow needs a path that may be written through.",
    "ALT-V016": "The pointer conversion does not exist.",
    "ALT-V017": "A type is not well formed: unknown, of infinite size, with an undeclared region, or without a size.",
    "ALT-V018": "The structure is broken: a stale or foreign block, value or operation.",
    "ALT-V019": "The unwind target is not a cleanup block.",
    "ALT-V020": "`main` does not have one of its two signatures.",
    "ALT-V021": "The entry block has no arguments and no predecessors.",
    "ALT-V022": "The parts of an aggregate are not those of its type.",
    "ALT-V023": "A variant, its payload, or the cases of a switch do not fit the enum.",
    "ALT-V024": "What is made does not fit the memory it is made in, or the pointer that leads there.",
    "ALT-V025": "Only a local as a whole can end.",
    "ALT-V026": "A destructor takes one exclusive reference to its type and gives nothing.",
    "ALT-V027": "Control comes to `resume` without a panic.",
    "ALT-X001": "Constant memory is written, or memory crosses to where it must not be.",
}
"""What each code means, in one line."""


def page(code: str) -> str | None:
    """What there is to say about a code beyond one line: why, a program that gets it, and one that does not; None for a code
    whose line says it all."""
    file = Path(__file__).parent / "pages" / f"{code}.md"
    return file.read_text() if file.is_file() else None
