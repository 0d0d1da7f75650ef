"""What a test in front of a loop would have to say: what the log of a failed search rules out is what a search without it does
not find either."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

import altru_ir as air
from altru_ir import passes
from altru_ir.module import Module
from altru_ir.passes.analysis.inequalities import Inequalities
from altru_ir.passes.analysis.loops import Loops
from altru_ir.passes.proofs import conditions
from altru_ir.passes.proofs.conditions import Conditions
from altru_ir.passes.proofs.failures import Failures
from altru_ir.passes.proofs.goals import proven
from altru_ir.passes.proofs.prover import Prover
from bench.kernels import air_of, kernel

KERNELS = ("jacobi-2d", "heap-sort", "spmv", "kmp", "lu")


def before(name: str) -> Module:
    module = air.parse(air_of(kernel(name)), name)
    passes.run(module, "insert-checks,mem2reg,cse,forward-lengths")
    return module


def wanted(module: Module) -> dict[str, list[list[str]]]:
    """What is to be tested in front of the loops of each function, as text."""
    found = {}
    for function in module.functions.values():
        if not function.blocks:
            continue
        facts = Inequalities(function, function.cfg())
        prover = Prover(facts)
        log = prover.keep_log()
        proofs, logged = {}, {}
        for op in function.operations():
            if op.decl.is_check:
                start = len(log)
                proofs[op] = proven(op, prover)
                logged[op] = start, len(log)
        made = Conditions(Loops(facts.cfg), prover, proofs, logged)
        found[function.name] = [[facts.spell(form) for form in forms] for forms in made.wanted.values()]
    return found


@pytest.mark.parametrize("name", KERNELS)
def test_the_log_of_a_search_rules_out_nothing_that_helps(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = before(name)
    monkeypatch.setattr(conditions, "EFFORT", 1 << 30)
    with_log = wanted(module)

    def read_nothing(self: Failures, allowed: object, known: object) -> None:
        self.failing, self.hopeless = set(), {}
        self.helps = self.helps_needs = True

    monkeypatch.setattr(Failures, "read", read_nothing)
    assert with_log == wanted(module)
    assert any(with_log.values())


def test_searches_are_bounded_and_those_cut_off_are_counted() -> None:
    told = passes.run(before("quick-sort"), "eliminate-checks{versions}").statistics["eliminate-checks"]
    assert told["searches cut off"] > 0
    assert told["goals looked at"] <= 48 * told["checks"]


def test_one_after_the_other_and_several_at_once_give_the_same() -> None:
    texts = []
    for workers in (None, ThreadPoolExecutor(2)):
        module = before("spmv")
        passes.run(module, "eliminate-checks{versions}", executor=workers)
        texts.append(module.text())
        if workers is not None:
            workers.shutdown()
    assert texts[0] == texts[1]
