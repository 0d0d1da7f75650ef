"""The loan solver against the verdicts of the Polonius project, and against its own rules applied as they stand."""

from __future__ import annotations

import random
from functools import cache
from itertools import pairwise
from pathlib import Path

import attrs
import pytest

from altru_ir.passes.analysis import loans
from altru_ir.passes.analysis.fact_files import lines, read
from altru_ir.passes.analysis.loans import Conflicts, Facts, find_conflicts
from bench import naive_loans
from tests.analysis.rules import Clause, Rules
from tests.mutants.loan_solver import MUTANTS as DEFECTS
from tests.mutants.planting import planted

CASES = Path(__file__).parent.parent / "cases" / "polonius"
RULES = Rules.of(loans.__doc__ or "")


def expected() -> dict[str, list[str]]:
    """The lines for each directory; verdicts on moves are no loans."""
    found: dict[str, list[str]] = {}
    for line in (CASES / "expected.txt").read_text().splitlines():
        if line.startswith("# "):
            lines = found[line[2:].rpartition(" ")[0]] = []
        elif not line.startswith("move_error"):
            lines.append(line)
    return found


EXPECTED = expected()


def test_every_directory_has_a_verdict() -> None:
    assert sorted(EXPECTED) == sorted(path.parent.relative_to(CASES).as_posix() for path in CASES.rglob("cfg_edge.facts"))
    assert sum(map(len, EXPECTED.values())) == 9


@pytest.mark.parametrize("directory", EXPECTED)
def test_verdicts_of_the_reference_engine(directory: str) -> None:
    found = read(CASES / directory)
    assert found.problems == []
    assert lines(found) == EXPECTED[directory]


@pytest.mark.parametrize(
    "directory", [d for d in EXPECTED if not d.startswith("vec") and "move_" not in d and "conditional" not in d]
)
def test_the_rules_have_these_verdicts_too(directory: str) -> None:
    assert by_the_rules(RULES, read(CASES / directory).facts) == find_conflicts(read(CASES / directory).facts)


def by_the_rules(rules: Rules, facts: Facts) -> Conflicts:
    found = rules.solve(facts)
    return Conflicts({(n, loan) for n, loan in found["error"]}, {(n, a, b) for n, a, b in found["subset_error"]})


@cache
def any_facts(seed: int) -> Facts:
    """Facts with no sense at all but many interactions: few names, some of them unknown to the control flow."""
    rng = random.Random(seed)
    drops, flows = seed % 3 == 0, seed % 3 == 1  # else what is moved, or lives shorter than a flow, hardly ever decides
    count = 3 if flows else rng.randint(2, 9)
    points = [f"p{n}" for n in range(count)]
    edges = [(points[n], points[n + 1]) for n in range(count - 1) if rng.random() < 0.85]
    edges += [(rng.choice(points), rng.choice(points)) for _ in range(rng.randint(0, 3))]
    names = {
        "point": points + ["nowhere"] * (rng.random() < 0.2),
        "origin": [f"o{n}" for n in range(4 if flows else rng.randint(2, 6))],
        "loan": [f"l{n}" for n in range(1 if flows else rng.randint(1, 4))],
        "variable": [f"v{n}" for n in range(rng.randint(1, 3))],
        "path": [f"x{n}" for n in range(rng.randint(1, 5))],
    }

    def rows(columns: str, most: int) -> list[tuple[str, ...]]:
        kinds = columns.split()
        return [tuple(rng.choice(names[kind]) for kind in kinds) for _ in range(rng.randint(0, most))]

    return Facts(
        loan_issued_at=rows("origin loan point", 6 if drops else 4),
        universal_region=rows("origin", rng.choice([0, 4, 6])),
        cfg_edge=edges,
        loan_killed_at=rows("loan point", 3),
        subset_base=rows("origin origin point", 6),
        loan_invalidated_at=rows("point loan", 20 if drops else 8),
        var_used_at=rows("variable point", 3),
        var_defined_at=rows("variable point", 3),
        var_dropped_at=rows("variable point", 5),
        use_of_var_derefs_origin=rows("variable origin", 0 if drops else 3),
        drop_of_var_derefs_origin=rows("variable origin", 5),
        child_path=rows("path path", 4 if drops else 3),
        path_is_var=rows("path variable", 3),
        path_assigned_at_base=rows("path point", 6 if drops else 3),
        path_moved_at_base=rows("path point", 6 if drops else 3),
        known_placeholder_subset=rows("origin origin", 2),
        placeholder=rows("origin loan", rng.choice([0, 3, 5])),
    )


def seeds(rule: int) -> range:
    """Where a difference in a rule is most likely to show."""
    return range(0, 9000, 3) if rule in (*range(1, 7), 8, 10) else range(1, 9000, 3) if rule in (12, 13, 15) else range(3000)


@cache
def verdict(seed: int) -> Conflicts:
    return find_conflicts(any_facts(seed))


def test_equal_to_the_rules_on_random_facts() -> None:
    both = [0, 0]
    for seed in range(600):
        found = verdict(seed)
        assert verdict_of_the_rules(seed) == found, f"seed {seed}"
        both[0] += bool(found.errors)
        both[1] += bool(found.subset_errors)
    assert min(both) > 60  # the facts are not so random that nothing ever happens


def test_the_peer_of_measurements_says_the_same() -> None:
    for seed in range(400):
        facts = any_facts(seed)
        relations = {field.name: list(getattr(facts, field.name)) for field in attrs.fields(Facts)}
        found = verdict(seed)
        expected = {("error", *row) for row in found.errors} | {("subset_error", *row) for row in found.subset_errors}
        assert naive_loans.Naive(relations).solve() == expected, seed


@cache
def verdict_of_the_rules(seed: int) -> Conflicts:
    return by_the_rules(RULES, any_facts(seed))


@pytest.mark.parametrize("name", DEFECTS)
def test_a_planted_defect_is_found(name: str) -> None:
    def differs(seed: int) -> bool:
        found, right = find_conflicts(any_facts(seed)), verdict_of_the_rules(seed)
        return (found.errors, found.subset_errors) != (right.errors, right.subset_errors)

    with planted(DEFECTS[name]):
        assert any(differs(seed) for seed in range(3000))


def test_the_header_has_all_rules() -> None:
    assert sorted({clause.number for clause in RULES.clauses}) == list(range(1, 20))


MUTANTS = list(RULES.mutants())


@pytest.mark.parametrize(("clause", "mutant"), MUTANTS, ids=[str(clause) for clause, _ in MUTANTS])
def test_a_changed_rule_is_noticed(clause: Clause, mutant: Rules) -> None:
    """What a solver without this clause, or without one of its conditions, would say differs on some of the random facts."""
    assert any(by_the_rules(mutant, any_facts(seed)) != verdict(seed) for seed in seeds(clause.number))


def test_deep_nesting_needs_no_deep_stack() -> None:
    count = 3_000
    points = [f"p{n}" for n in range(count)]
    paths = [(f"x{n + 1}", f"x{n}") for n in range(count)]
    facts = Facts(
        cfg_edge=list(pairwise(points)),
        child_path=paths,
        path_is_var=[("x0", "v")],
        path_assigned_at_base=[(f"x{count}", "p0")],
        var_dropped_at=[("v", points[-1])],
        drop_of_var_derefs_origin=[("v", f"o{count}")],
        loan_issued_at=[(f"o{count}", "loan", "p0")],
        loan_invalidated_at=[(points[-1], "loan")],
    )
    assert find_conflicts(facts).errors == {(points[-1], "loan")}
