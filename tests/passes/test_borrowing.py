"""Programs of references: what they promise, and what borrow checking says of them."""

from __future__ import annotations

import contextlib
import random
from collections import Counter, defaultdict

import pytest

import altru_ir as air
from altru_ir.passes.analysis.borrowing import Borrowing
from altru_ir.passes.analysis.loan_facts import LoanFacts
from altru_ir.passes.analysis.loan_scopes import EVERYWHERE, Scope
from altru_ir.passes.analysis.loans import find_conflicts
from altru_ir.testing.borrowing import generate
from altru_ir.testing.loan_model import READ, SHALLOW, WRITE, Model, overlap
from tests.passes.loans_oracle import MUTATIONS, fault, inputs, mutants, refusals, scheduled


def test_correct_programs_are_accepted_and_have_no_fault() -> None:
    counts: Counter[str] = Counter()
    for seed in range(22):
        program = generate(seed)
        module = scheduled(program.module)
        assert refusals(module) == [], seed
        assert fault(module, inputs(2, seed)) is None, seed
        counts.update(program.counts)
    assert counts["rash"] == 0
    for kind in ("scene", "borrow", "reborrow", "use", "overwrite", "call", "loop", "branch", "region", "home", "restore"):
        assert counts[kind] >= 5, (kind, counts)


def test_wild_programs_that_are_accepted_have_no_fault() -> None:
    counts: Counter[str] = Counter()
    for seed in range(39):
        module = generate(seed, wild=(0.1, 0.3, 0.6)[seed % 3]).module
        assert air.verify(module) == [], seed
        counts[judge(module, seed, 3)] += 1
    assert counts["accepted"] >= 10, counts
    assert counts["refused"] >= 10, counts
    assert counts["wrong"] >= 5, counts
    assert counts["missed"] == 0, counts


def judge(module: air.Module, seed: int, runs: int) -> str:
    """``accepted``, ``refused``, ``wrong`` when refused and faulty, ``missed`` when accepted and faulty, or ``moves``."""
    try:
        module = scheduled(module)
    except air.DiagnosticError:
        return "moves"
    refused = bool(refusals(module))
    faulty = fault(module, inputs(runs, seed)) is not None
    return {(0, 0): "accepted", (1, 0): "refused", (1, 1): "wrong", (0, 1): "missed"}[refused, faulty]


def test_mutants_that_go_wrong_are_refused() -> None:
    counts: Counter[str] = Counter()
    for seed in range(8):
        for kind, text, module in mutants(generate(seed).text, random.Random(seed), 2):
            refused = bool(refusals(module))
            wrong = fault(module, inputs(4 if refused else 40, seed)) is not None
            assert refused or not wrong, (seed, kind, text)
            counts[kind] += 1
            counts["wrong"] += wrong
            counts["refused"] += refused
    assert counts["wrong"] >= 2, counts
    assert counts["refused"] >= 7, counts
    assert all(counts[kind] >= 1 for kind in MUTATIONS), counts


def test_where_loans_could_be_needed_nothing_is_overlooked(monkeypatch: pytest.MonkeyPatch) -> None:
    modules = []
    for seed in range(39):
        with contextlib.suppress(air.DiagnosticError):
            modules.append(scheduled(generate(seed, wild=0.4).module))
    found = [conflicts_of(module) for module in modules]
    assert sum(map(bool, found)) >= 10
    everywhere = defaultdict(lambda: Scope(EVERYWHERE))
    monkeypatch.setattr(LoanFacts, "_scopes", lambda self, block_of: everywhere)
    for module, conflicts in zip(modules, found, strict=True):
        assert conflicts_of(module) == conflicts


def conflicts_of(module: air.Module) -> set[tuple[object, ...]]:
    """What the engine finds in each function."""
    found = set()
    for function in module.functions.values():
        known = Borrowing(function, module)
        points = known.points
        for n, loan in find_conflicts(LoanFacts(known).facts).errors:
            assert isinstance(n, int)
            assert isinstance(loan, int)
            found.add((function.name, points[n].op, points[n].edge, known.loans[loan].op))
    return found


def test_a_seed_gives_one_program() -> None:
    assert generate(5).text == generate(5).text
    assert generate(5).text == generate(5, wild=0).text != generate(5, wild=0.1).text
    assert generate(5, size=2).text != generate(5).text


def test_a_share_is_between_0_and_1() -> None:
    with pytest.raises(ValueError, match=r"between 0 and 1, not 1\.5"):
        generate(1, wild=1.5)


# -- the model of loans -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accessed", "lent", "kind", "expected"),
    [
        ("x", "x", READ, True),
        ("x", "y", WRITE, False),
        ("x a", "x b", WRITE, False),
        ("x", "x b", WRITE, True),
        ("x b", "x", WRITE, True),
        ("x [0]", "x [3]", WRITE, False),
        ("x [0]", "x []", WRITE, True),
        ("x [] a", "x [] b", WRITE, False),
        ("x ?Some", "x ?Both a", WRITE, True),
        ("x", "x & a", SHALLOW, False),
        ("x", "x * a", SHALLOW, True),
        ("x", "x & a", WRITE, True),
        ("x &", "x & a", SHALLOW, True),
    ],
)
def test_paths_overlap(accessed: str, lent: str, kind: str, expected: bool) -> None:
    assert overlap(tuple(accessed.split()), tuple(lent.split()), kind) is expected


def test_what_is_kept_may_not_be_taken_away() -> None:
    model = Model(lambda: False)
    model.add("x", "i64", is_local=True)
    reference = model.add("r", "ref<i64>", [(("x",), False)])
    model.kept["r"] += 1
    assert model.access(("x",), READ)
    assert not model.access(("x",), WRITE)
    assert reference.usable
    model.kept["r"] -= 1
    assert model.access(("x",), WRITE)
    assert not reference.usable


def test_a_store_ends_loans_through_what_was_there() -> None:
    model = Model(lambda: False)
    model.add("h", "ref<mut i64>", is_local=True)
    reference = model.add("r", "ref<mut i64>", [(("h", "&"), True), (("x",), True)])
    assert model.access(("h",), SHALLOW)
    model.stored(("h",))
    assert reference.loans == {(("x",), True)}
    assert reference.usable
