"""Long runs over generated programs: ``python -m tests.soak --suite native --from 0 --count 1000 --jobs 2``.

A suite checks one seed. Totals accumulate in ``tests/soak/ledger.json``: per suite the version, the seed ranges that were
run without a finding, and the commit; a run that is asked for seeds of the ledger skips them. A fix restarts only the last
20,000 seeds: raise the suite's version and the ledger keeps the count of what the older version has seen apart.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

import altru_ir as air
from altru_ir.testing.generator import generate

Finding = str
ARGUMENTS = ((1, 2), (-5, 2**63 - 1), (-(2**63), 0x0123456789ABCDEF))


@attrs.frozen
class Suite:
    """``check(seed, change=...)`` returns None or what is wrong; ``change`` plants a defect in the text."""

    version: int
    check: Callable[..., Finding | None]
    says: str


def _unchanged(text: str) -> str:
    return text


def check_roundtrip(seed: int, change: Callable[[str], str] = _unchanged) -> Finding | None:
    """Parse, verify, print, parse, print, clone."""
    module = air.parse(change(generate(seed).text))
    problems = air.verify(module)
    if problems:
        return f"a generated program does not verify: {problems[0]}"
    text = str(module)
    if str(air.parse(text)) != text:
        return "printing what was parsed from print differs"
    return None if str(module.clone()) == text else "the clone prints differently"


def check_text(seed: int, change: Callable[[str], str] = _unchanged) -> Finding | None:
    """Damaged text gives diagnostics with a place and a message, or a module that verifies or says why not."""
    import random

    choose = random.Random(seed)
    lines = change(generate(seed, size=4).text).split("\n")
    for _ in range(choose.randint(1, 3)):
        at, other = choose.randrange(len(lines)), choose.randrange(len(lines))
        kind = choose.randrange(5)
        if kind == 0:
            del lines[at]
        elif kind == 1:
            lines[at], lines[other] = lines[other], lines[at]
        elif kind == 2:
            words = lines[at].split(" ")
            words[choose.randrange(len(words))] = choose.choice(["%x", "^b1", "i32", "", "}", "{", "(", "0x", '"', "'", "\0"])
            lines[at] = " ".join(words)
        elif kind == 3:
            cut = choose.randrange(len(lines[at]) + 1)
            lines[at] = lines[at][:cut] + choose.choice("%^@{}()<>[]\"',:;#\\\x00é") + lines[at][cut + 1 :]
        else:
            lines.insert(at, lines[other])
        if not lines:
            lines = [""]
    try:
        found = air.verify(air.parse("\n".join(lines)))
    except air.DiagnosticError as error:
        found = error.diagnostics
        if any(d.location is None for d in found):
            return "a diagnostic of the parser has no place"
    return "a diagnostic has no message" if any(not d.message for d in found) else None


def check_native(seed: int, change: Callable[[str], str] = _unchanged) -> Finding | None:
    """The answers at O0 and O3 are those of Python."""
    from altru_ir import backend

    program = generate(seed)
    module = air.parse(change(program.text))
    for opt in (0, 3):
        entry = backend.compile(module, opt=opt)["main_entry"]
        for a, b in ARGUMENTS:
            wanted, given = program.run([a, b]), entry(a, b) % (1 << 64)
            if wanted != given:
                return f"@main_entry({a}, {b}) at O{opt} is {given:#x}, and should be {wanted:#x}"
    return None


SUITES: dict[str, Suite] = {
    "text": Suite(1, check_text, "damaged text: diagnostics only"),
    "roundtrip": Suite(1, check_roundtrip, "parse, verify, print, clone"),
    "native": Suite(1, check_native, "O0 and O3 against Python"),
}
