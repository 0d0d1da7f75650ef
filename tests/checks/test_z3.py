"""z3 agrees: what the sources of a certificate say implies its goal, and after a planted defect it does not.

The facts are read from the program again, so that a step of the certificate is not believed: only which sources it names.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

import altru_ir as air
from altru_ir import backend
from altru_ir.module import Function, Module
from altru_ir.passes.manager import PassManager
from altru_ir.passes.proofs import certificates as c
from altru_ir.passes.proofs import sources
from altru_ir.passes.proofs.certificates import Derivation, Polynomial, Proof, Term
from altru_ir.passes.proofs.sources import Said
from altru_ir.passes.transform import eliminate_checks
from bench.kernels import air_of, kernel
from tests.checks.proofs import GOOD
from tests.mutants.certificates import PROOFS

z3 = pytest.importorskip("z3")

KERNELS = ("lu", "heap-sort", "binary-search", "knapsack", "transpose", "string-search")


class Numbers:
    """Terms as integers of z3."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.known: dict[Term, object] = {}

    def term(self, term: Term) -> object:
        if term not in self.known:
            self.known[term] = z3.Int(f"t{len(self.known)}")
        return self.known[term]

    def polynomial(self, given: Polynomial) -> object:
        total = z3.IntVal(0)
        for product, coefficient in given.items():
            factor = z3.IntVal(coefficient)
            for term in product:
                factor = factor * self.term(term)
            total = total + factor
        return total

    def said(self, said: Said) -> Iterator[object]:
        for polynomial, word in said:
            left = self.polynomial(polynomial)
            yield left == 0 if word == sources.EQUAL else left != 0 if word == sources.DIFFERS else left >= 0

    def facts(self, steps: Derivation, lemmas: list[c.Lemma]) -> Iterator[object]:
        """What the sources of a derivation say, its lemmas, and what its operations compute where they do not wrap."""
        concluded: dict[int, Polynomial] = {}
        for number, step in enumerate(steps):
            if isinstance(step, (c.Stated, c.Distinct)):
                if isinstance(step, c.Stated):
                    concluded[number] = step.polynomial
                yield from self.said(self.read(step.source, concluded))
            elif isinstance(step, c.Sum):
                parts = [(by, concluded[at]) for at, by in step.parts if at in concluded]
                concluded[number] = sources.total((1, sources.integer(step.slack)), *parts)
            elif isinstance(step, c.Invariant) and isinstance(lemmas[step.lemma].statement, dict):
                yield self.polynomial(lemmas[step.lemma].statement) >= 0  # type: ignore[arg-type, operator]
            elif isinstance(step, c.Exact):
                value, op = step.value, step.value.operation
                bits = sources.width(value, self.module)
                least = -(1 << bits - 1) if step.reading == "s" else 0
                q = sources.of(value, "s" if step.reading == "u" else "u")
                if step.readings and op is not None:
                    q = sources.computed(op, step.readings, self.module)
                exact = self.polynomial(q)
                fits = z3.And(exact >= least, exact < least + (1 << bits))
                yield z3.Implies(fits, exact == self.term(Term(value, step.reading)))

    def read(self, source: c.Source, concluded: dict[int, Polynomial]) -> Said:
        if isinstance(source, c.Type):
            return sources.of_type(source.term, self.module)
        if isinstance(source, c.Branch):
            return sources.of_edge(source.terminator, source.index, self.module)
        if isinstance(source, c.Passed):
            return sources.of_check(source.op, self.module)
        assert isinstance(source, c.Definition)
        return sources.of_result(source.op, concluded.get(-1 if source.given is None else source.given), self.module)


def answer(module: Module, steps: Derivation, lemmas: list[c.Lemma], goal: Polynomial) -> str:
    """``unsat`` when the facts imply that the goal is at least 0, ``sat`` when there is a counterexample."""
    numbers = Numbers(module)
    solver = z3.Solver()
    solver.set("timeout", 5000)
    solver.add(*numbers.facts(steps, lemmas))
    solver.add(numbers.polynomial(goal) < 0)  # type: ignore[operator]
    return str(solver.check())


def questions(module: Module, proof: Proof) -> Iterator[str]:
    for certificate in proof.certificates:
        if certificate.check.name != "check.bounds" or any(isinstance(s, c.Cases) for s in certificate.goals[0]):
            continue
        index, length = certificate.check.operands
        goal = sources.at_most(sources.of(index), sources.of(length), -1)[0]
        yield answer(module, certificate.goals[0], proof.lemmas, goal)
    for lemma in proof.lemmas:
        edges = [
            (op, each)
            for block in lemma.block.function.blocks  # type: ignore[union-attr]
            for op in block.ops[-1:]
            for each in op.successors
            if each.block is lemma.block
        ]
        for (_, edge), steps in zip(edges, lemma.edges, strict=True):
            if steps is not None and isinstance(lemma.statement, dict) and not any(isinstance(s, c.Cases) for s in steps):
                given = lemma.block.args[len(lemma.block.args) - len(edge.args) :]
                goal = sources.replaced(lemma.statement, dict(zip(given, edge.args, strict=True)))
                yield answer(module, steps, proof.lemmas, goal)


@pytest.mark.parametrize("name", KERNELS)
def test_certificates_of_kernels(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[str] = []

    def asked(function: Function, proof: Proof) -> None:
        assert function.module is not None
        answers.extend(itertools.islice(questions(function.module, proof), 12))

    monkeypatch.setattr(eliminate_checks, "verified", asked)
    backend.prepare(air.parse(air_of(kernel(name))), opt=3, manager=PassManager([], verify_proofs=True))
    assert len(answers) > 3
    assert "sat" not in answers
    assert answers.count("unsat") >= 0.9 * len(answers)  # products of lengths may be too hard for it


@pytest.mark.parametrize("name", ["up", "remainder", "scaled"])
def test_good_proofs(name: str) -> None:
    x, proof = GOOD[name]()
    assert list(questions(x.module, proof)) == ["unsat"]


@pytest.mark.parametrize(
    "name",
    [
        "a test with ule",
        "a test with slt",
        "a test with ne",
        "the test's operands swapped",
        "the test of another length",
        "a step of two",
        "a count that starts too high",
        "a remainder by another number",
    ],
)
def test_planted_defects_have_counterexamples(name: str) -> None:
    base, _, plant = PROOFS[name]
    x, proof = GOOD[base]()
    plant(x, proof)
    assert "sat" in list(questions(x.module, proof))
