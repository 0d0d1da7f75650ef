"""Companions: counters of one loop that go up together, and what that says of them.

    ^loop(%i: usize, %j: usize, %k: usize):     // from %low, %mid, %low
      ...                                       // one of %i and %j goes up by 1, and %k does
      br ^loop(%i2, %j2, %k2)                   // so k - low <= (i - low) + (j - mid)

A search from a goal about %k alone would not come to think of the others, so these are asked for at once, and are facts then.
Rules, cited by number in the code:

 1. A counter is an argument of a loop's header that comes from outside as one number, and on the ways round is what it was plus
    constants that are not negative; meetings in the loop are looked through.
 2. Of two counters, where the steps of the one are never larger than any of the other: the one, less where it began, is at most
    the other, less where that began.
 3. Of three, where one steps by k each time and each of two others by k or not at all: the one, less where it began, is the sum
    of the other two, less where they began. That says more than 2, of which nothing is asked then.
 4. This only says what to ask. The prover proves each as an invariant of the header, without what checks say, or it is dropped.
 5. At most ``ASKED`` are asked for at a header, of at most ``COUNTERS`` counters.

Invariant: each claim has been proven, and rests on no check. Linear but for the questions.

Reference: Karr, Affine Relationships Among Variables of a Program, Acta Informatica 1976, of whose relations these are few.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations
from typing import NamedTuple

from altru_ir.literals import constant_integer
from altru_ir.module import Block
from altru_ir.passes.analysis.definitions import Reading, width
from altru_ir.passes.analysis.facts import Form
from altru_ir.passes.analysis.inequalities import Inequalities
from altru_ir.passes.proofs.nodes import Claim
from altru_ir.scalars import signed
from altru_ir.values import Value

ASKED = 6
COUNTERS = 6
LOOKED_AT = 16
STEPPING = frozenset({"add", "uadd.checked", "sadd.checked"})


class Counter(NamedTuple):
    """Rule 1: the argument, where it begins, and by how much it may go up."""

    value: Value
    start: Value
    steps: frozenset[int]


def asked(facts: Inequalities) -> Iterator[tuple[Block, Form]]:
    """What to ask for, and of which headers."""
    for block in facts.cfg.blocks:
        if len(block.args) < 2 or block in facts.cleanups:
            continue
        found = _counters(block, facts)
        if len(found) < 2:
            continue
        forms: list[Form] = []
        summed: set[tuple[Counter, Counter]] = set()
        for c in found:  # 3
            (step, *others) = c.steps
            if others or not step:
                continue
            either = [each for each in found if each.steps == {0, step} and each.value.type is c.value.type]
            for a, b in combinations(either, 2):
                forms += [
                    _form(((sign, a), (sign, b), (-sign, c)), facts) for sign in (-1, 1)
                ]  # the first keeps the sum from wrapping
                summed |= {(a, c), (b, c)}
        for a, b in permutations(found, 2):  # 2
            if a.value.type is b.value.type and max(a.steps) <= min(b.steps) and (a, b) not in summed:
                forms.append(_form(((1, b), (-1, a)), facts))
        for form in forms[:ASKED]:  # 5
            yield block, form


def _form(parts: tuple[tuple[int, Counter], ...], facts: Inequalities) -> Form:
    """The sum of counters, each less where it began."""
    terms: list[tuple[int, Value, Reading]] = []
    for coefficient, counter in parts:
        reading = "s" if counter.value in facts.signs else "u"
        terms += [(coefficient, counter.value, reading), (-coefficient, counter.start, reading)]
    return facts.form((tuple(terms), 0))


def _counters(block: Block, facts: Inequalities) -> list[Counter]:  # 1
    tree, number = facts.tree, facts.cfg.number
    outside: list[dict[Value, Value]] = []
    inside: list[dict[Value, Value]] = []
    for (terminator, _), entry in zip(facts.edges[block], facts.entries(block), strict=True):
        if entry.point is not None:
            assert terminator.block is not None
            around = tree.dominates(number[block], number[terminator.block])
            (inside if around else outside).append(entry.handed)
    if not inside or len(outside) != 1:
        return []
    found = []
    for value in block.args:
        if value.type.is_integer and all(value in each for each in (*outside, *inside)):
            steps = _steps(value, [each[value] for each in inside], facts)
            if steps:
                found.append(Counter(value, outside[0][value], steps))
    return found[:COUNTERS]


def _steps(counter: Value, handed: list[Value], facts: Inequalities) -> frozenset[int]:
    """By how much a counter may have gone up where it is handed over; nothing where that is not known."""
    steps: set[int] = set()
    work = [(value, 0) for value in handed]
    seen = set(work)
    for value, so_far in work:
        if len(work) > LOOKED_AT:
            return frozenset()
        if value is counter:
            steps.add(so_far)
            continue
        op, owner = value.operation, value.owner
        following: list[tuple[Value, int]] = []
        if op is not None:
            by = constant_integer(op.operands[1]) if op.decl.name in STEPPING else None
            if by is None:
                return frozenset()
            by = signed(by % (1 << width(value.type, facts.module)), width(value.type, facts.module))
            if by < 0:
                return frozenset()
            following = [(op.operands[0], so_far + by)]
        elif isinstance(owner, Block):
            entries = facts.entries(owner)
            if any(each.point is not None and value not in each.handed for each in entries):
                return frozenset()
            following = [(each.handed[value], so_far) for each in entries if each.point is not None]
        else:
            return frozenset()
        for each in following:
            if each not in seen:
                seen.add(each)
                work.append(each)
    return frozenset(steps)


def companions(facts: Inequalities) -> list[Claim]:
    """The claims that could be proven (4)."""
    from altru_ir.passes.proofs.prover import Prover

    known: list[Claim] | None = facts.companions
    if known is None:
        known = facts.companions = []
        prover: Prover | None = None
        for block, form in asked(facts):
            if prover is None:
                prover = Prover(facts)
                prover.without_checks = True
            claim = prover.settled(form, block)
            if claim is not None:
                known.append(claim)
    return known
