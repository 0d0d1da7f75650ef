"""Reads rules off the header of ``passes/analysis/loans.py`` and applies them as they stand: sets of tuples, to a fixpoint.

    Rules.of(loans.__doc__).solve(facts)["error"]

The slow twin of the solver. Because the rules are data here, a test can change one of them and see whether anybody notices.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import attrs

from altru_ir.passes.analysis.loans import Facts

_CLAUSE = re.compile(r"(\w[\w(), ]*?\)) :- (.*?\))\.(?=\s|$)")
_LITERAL = re.compile(r"(!?)(\w+)\(([^)]*)\)")
STRATA = ((1, 4), (5, 11), (18, 18), (12, 19))
"""The rules that are completed together, by their first and last number; ``!`` only looks at what is complete."""


@attrs.frozen
class Literal:
    negative: bool
    relation: str
    variables: tuple[str, ...]


@attrs.frozen
class Clause:
    number: int
    head: Literal
    body: tuple[Literal, ...]

    def __str__(self) -> str:
        written = [f"{'!' * each.negative}{each.relation}({', '.join(each.variables)})" for each in (self.head, *self.body)]
        return f"{self.number}. {written[0]} :- {', '.join(written[1:])}."

    def safe(self) -> bool:
        """Whether what is derived or denied is bound by what is asked for."""
        bound = {name for each in self.body if not each.negative for name in each.variables}
        return bound.issuperset(self.head.variables) and all(bound.issuperset(each.variables) for each in self.body)


@attrs.frozen
class Rules:
    clauses: tuple[Clause, ...]

    @classmethod
    def of(cls, text: str) -> Rules:
        found = []
        number = 0
        for line in text.splitlines():
            if match := re.match(r" +(\d+)\. ", line):
                number = int(match[1])
            for heads, body in _CLAUSE.findall(line):
                needs = tuple(_literals(body))
                found += [Clause(number, head, needs) for head in _literals(heads)]
        return cls(tuple(found))

    def mutants(self) -> Iterator[tuple[Clause, Rules]]:
        """Each clause left out, and each condition of each clause left out where the rest still means something."""
        for at, clause in enumerate(self.clauses):
            rest = self.clauses[:at], self.clauses[at + 1 :]
            yield clause, Rules((*rest[0], *rest[1]))
            for place in range(len(clause.body)):
                looser = attrs.evolve(clause, body=clause.body[:place] + clause.body[place + 1 :])
                if looser.body and looser.safe():
                    yield looser, Rules((*rest[0], looser, *rest[1]))

    def solve(self, facts: Facts) -> dict[str, set[tuple[Any, ...]]]:
        """All relations: those of the facts, and what follows."""
        relations = defaultdict(set, {field.name: set(getattr(facts, field.name)) for field in attrs.fields(Facts)})
        for first, last in STRATA:
            grown = True
            while grown:
                grown = False
                for clause in self.clauses:
                    if first <= clause.number <= last:
                        new = _derived(clause, relations) - relations[clause.head.relation]
                        relations[clause.head.relation] |= new
                        grown = grown or bool(new)
        return relations


def _literals(text: str) -> Iterator[Literal]:
    for negative, relation, inner in _LITERAL.findall(text):
        yield Literal(bool(negative), relation, tuple(name.strip() for name in inner.split(",")))


def _derived(clause: Clause, relations: dict[str, set[tuple[Any, ...]]]) -> set[tuple[Any, ...]]:
    """What a clause says, once: a join over its conditions, those with ``!`` last."""
    names: tuple[str, ...] = ()
    found: list[tuple[Any, ...]] = [()]
    for each in sorted(clause.body, key=lambda literal: literal.negative):
        shared = [(at, names.index(name)) for at, name in enumerate(each.variables) if name in names]
        fresh = [at for at, name in enumerate(each.variables) if name not in names]
        index: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
        for row in relations[each.relation]:
            index.setdefault(tuple(row[at] for at, _ in shared), []).append(tuple(row[at] for at in fresh))
        keyed = ((row, tuple(row[at] for _, at in shared)) for row in found)
        if each.negative:
            found = [row for row, key in keyed if key not in index]
        else:
            found = [row + more for row, key in keyed for more in index.get(key, ())]
            names += tuple(each.variables[at] for at in fresh)
    places = [names.index(name) for name in clause.head.variables]
    return {tuple(row[at] for at in places) for row in found}
