"""The checker accepts good proofs and finds each of the planted defects: in programs, in facts, in steps and in lemmas."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

import altru_ir as air
from altru_ir import backend
from altru_ir.module import Block
from altru_ir.passes.manager import PassManager
from altru_ir.passes.proofs import certificates as c
from altru_ir.passes.proofs.certificates import Certificate, Lemma, Proof, Term
from altru_ir.passes.proofs.checker import problems
from bench.kernels import air_of, kernel, names
from tests.checks.proofs import GOOD, Program

Plant = Callable[[Program, Proof], object]


@pytest.mark.parametrize("name", GOOD)
def test_good_proofs_are_accepted(name: str) -> None:
    x, proof = GOOD[name]()
    assert [str(problem) for problem in problems(x.function, proof)] == []


@pytest.mark.parametrize("name", names())
def test_what_the_pass_proves_about_a_kernel_is_accepted(name: str) -> None:
    manager = PassManager([], verify_proofs=True)
    backend.prepare(air.parse(air_of(kernel(name))), opt=3, manager=manager)
    counted = manager.statistics["eliminate-checks"]
    assert counted["certificates accepted"] == counted["checks removed"] > 0


TRUSTED = ("checker", "sources", "agreements", "copies", "rejections", "certificates")
"""The modules that a removal rests on, by what reads a proof; they know each other and the classes of the IR."""


@pytest.mark.parametrize("name", TRUSTED)
def test_the_checker_shares_nothing_with_the_passes(name: str) -> None:
    path = Path(air.__file__).parent / "passes" / "proofs" / f"{name}.py"
    for node in ast.walk(ast.parse(path.read_text())):
        assert not isinstance(node, ast.Import) or all(each.name in ("attrs", "re") for each in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.module is not None
            _, is_of_proofs, what = node.module.rpartition("altru_ir.passes.proofs")
            imported = [what[1:]] if what else [each.name for each in node.names]
            assert node.level == 0
            assert not is_of_proofs or set(imported) <= set(TRUSTED)
            assert is_of_proofs or not node.module.startswith(("altru_ir.passes", "altru_ir.backend"))


def test_the_checker_is_short() -> None:
    """So that somebody can read it; decision 14 says what else has to be believed."""
    path = Path(air.__file__).parent / "passes" / "proofs"
    assert len((path / "checker.py").read_text().splitlines()) <= 300
    assert len((path / "sources.py").read_text().splitlines()) <= 360


# -- planted defects ---------------------------------------------------------------------------------------------------------


def goal(proof: Proof, *steps: c.Step, at: int = 0) -> None:
    """Puts another derivation in the place of a certificate's first goal."""
    old = proof.certificates[at]
    proof.certificates[at] = Certificate(old.check, (steps, *old.goals[1:]))


def step(proof: Proof, number: int, **changes: object) -> None:
    """Changes one step of the first goal."""
    steps = list(proof.certificates[0].goals[0])
    steps[number] = attrs.evolve(steps[number], **changes)  # type: ignore[misc]
    goal(proof, *steps)


def check(proof: Proof, x: Program, name: str) -> None:
    """Lets the first certificate be about another check."""
    proof.certificates[0] = Certificate(x.ops[name], proof.certificates[0].goals)


def predicate(name: str, to: str) -> Plant:
    return lambda x, proof: x.ops[name].set("predicate", to)


def swap(x: Program, name: str) -> None:
    x.ops[name].operands.reverse()


def to(x: Program, name: str, *values: str) -> None:
    x.ops[name].operands[:] = [x.values[value] for value in values]


def edge(x: Program, block: str, index: int, *values: str) -> None:
    x.blocks[block].ops[-1].successors[index].args[:] = [x.values[value] for value in values]


def redirect(x: Program, block: str, index: int, target: str) -> None:
    x.blocks[block].ops[-1].successors[index].block = x.blocks[target]


def lemma(proof: Proof, edges: object = None, statement: object = None, block: Block | None = None) -> None:
    old = proof.lemmas[0]
    proof.lemmas[0] = Lemma(block or old.block, statement or old.statement, old.edges if edges is None else edges)  # type: ignore


def own_hypothesis(x: Program, proof: Proof) -> None:
    lemma(proof, ((c.Invariant(0),), proof.lemmas[0].edges[1]), x.p(n=1, i=-1))
    edge(x, "entry", 0, "s")


def in_a_circle(x: Program, proof: Proof) -> None:
    edge(x, "entry", 0, "s")
    back = proof.lemmas[0].edges[1]
    proof.lemmas[:] = [Lemma(x.blocks["head"], x.p(n=1, i=-1), ((c.Invariant(other),), back)) for other in (1, 0)]


def early_exit(x: Program, proof: Proof) -> None:
    """A fact of the loop's body, which may run no times, used behind the loop."""
    check(proof, x, "check.bounds 3")
    goal(proof, c.Stated(c.Passed(x.ops["check.bounds 1"]), x.p(-1, n=1, i=-1)))


def last_round(x: Program, proof: Proof) -> None:
    """A value of the round before, taken for that of this one."""
    lemma(proof, statement=x.p(n=1, next=-1))


def two_edges(x: Program, proof: Proof) -> None:
    """Both edges of a branch lead to one block, so neither says anything."""
    redirect(x, "head", 1, "body")


def other_half(x: Program, proof: Proof) -> None:
    x.ops["zero"].set("value", 1)


def cases(x: Program, proof: Proof, first: bool) -> None:
    """Another case, or the same with what is not said of it."""
    stated = c.Stated(c.Chosen(x.ops["most"], first), x.p(s=-1, t=1) if first else x.p(s=1, t=-1))
    old = proof.certificates[0].goals[0]
    goal(proof, attrs.evolve(old[0], if_true=(stated,)), *old[1:])  # type: ignore[arg-type]


PLANTED: dict[str, tuple[str, str, Plant]] = {
    # what is planted: the good proof, the clause that is violated, the change
    # the program is not the one of the proof
    "a test with ule": ("up", "5a", predicate("more", "ule")),
    "a test with slt": ("up", "5a", predicate("more", "slt")),
    "a test with ne": ("up", "5a", predicate("more", "ne")),
    "the test's operands swapped": ("up", "5a", lambda x, proof: swap(x, "more")),
    "the test of another length": ("up", "5a", lambda x, proof: to(x, "more", "i", "m")),
    "the edges of the test swapped": ("up", "4", lambda x, proof: x.blocks["head"].ops[-1].successors.reverse()),
    "both edges to one block": ("up", "4", two_edges),
    "another way into the body": ("up", "4", lambda x, proof: redirect(x, "entry", 0, "body")),
    "a check of another length": ("up", "10", lambda x, proof: to(x, "check.bounds 1", "i", "m")),
    "a check of the next index": ("up", "10", lambda x, proof: to(x, "check.bounds 1", "s", "n")),
    "a count that starts too high": ("down", "9", lambda x, proof: edge(x, "entry", 0, "s")),
    "a step of two": ("down", "5b", lambda x, proof: x.ops["one"].set("value", 2)),
    "a step up": ("down", "9", lambda x, proof: edge(x, "body", 0, "s")),
    "a loop down past zero": ("down", "5a", predicate("more", "uge")),
    "a lower end below zero": ("down", "5a", lambda x, proof: x.ops["zero"].set("value", -1)),
    "a remainder by another number": ("remainder", "5a", lambda x, proof: to(x, "rest", "n", "t")),
    "a part in the wrong order": ("part", "10", lambda x, proof: to(x, "check.subrange 1", "n", "half", "n")),
    "a part of another sequence": ("lengths", "5a", lambda x, proof: to(x, "part", "place", "k", "n")),
    "an element size that is no multiple": ("pointers", "10", lambda x, proof: x.ops["check.align 2"].set("alignment", 16)),
    "a lower alignment checked": ("pointers", "8", lambda x, proof: x.ops["check.align 1"].set("alignment", 4)),
    "another pointer checked": ("pointers", "5a", lambda x, proof: to(x, "check.nonnull 1", "q")),
    "a comparison with one": ("different", "5a", other_half),
    "a select the other way round": ("choice", "5h", lambda x, proof: to(x, "chosen", "more", "zero", "small")),
    "a select on another condition": ("choice", "5a", lambda x, proof: to(x, "chosen", "c", "small", "zero")),
    "a minimum of another number": ("least", "5h", lambda x, proof: to(x, "least", "s", "n")),
    "a minimum in another order": ("least", "5h", lambda x, proof: to(x, "least", "n", "t")),
    "a case of a sum": (
        "least",
        "5h",
        lambda x, proof: goal(proof, attrs.evolve(proof.certificates[0].goals[0][0], choice=x.ops["ok"])),  # type: ignore[arg-type]
    ),
    "the other case": ("greater", "5h", lambda x, proof: cases(x, proof, False)),
    "a case said the other way round": ("greater", "5a", lambda x, proof: cases(x, proof, True)),
    "a case of a later choice": ("least", "4", lambda x, proof: check(proof, x, "check.subrange 2")),
    "a factor of four": ("scaled", "5b", lambda x, proof: x.ops["two"].set("value", 4)),
    # facts that do not hold where they are used
    "a fact of a body that may not run": ("up", "4", early_exit),
    "a check that comes later": (
        "pointers",
        "4",
        lambda x, proof: (
            check(proof, x, "check.align 1"),
            goal(proof, c.Multiple(x.values["p"], 8, c.Passed(x.ops["check.align 1"]))),
        ),
    ),
    "a later check of the block": (
        "pointers",
        "4",
        lambda x, proof: proof.certificates.append(
            Certificate(x.ops["check.nonnull 1"], ((c.Stated(c.Passed(x.ops["check.nonnull 2"]), x.p(-1, p=1)),),))
        ),
    ),
    "a check by itself": (
        "up",
        "4",
        lambda x, proof: goal(proof, c.Stated(c.Passed(x.ops["check.bounds 1"]), x.p(-1, n=1, i=-1))),
    ),
    "a check of a block that unwound": ("panics", "4", lambda x, proof: check(proof, x, "check.bounds 2")),
    "the other edge": ("up", "4", lambda x, proof: goal(proof, c.Stated(x.branch("head", 1), x.p(-1, n=1, i=-1)))),
    "what only one way here says": ("different", "4", lambda x, proof: redirect(x, "entry", 1, "some")),
    "a case outside of its select": (
        "choice",
        "5h",
        lambda x, proof: goal(proof, c.Stated(c.Chosen(x.ops["chosen"], True), x.p(-1, n=1, small=-1))),
    ),
    "an operation that has not run": (
        "part",
        "4",
        lambda x, proof: goal(proof, c.Stated(c.Definition(x.ops["rest"]), x.p(t=1, rest=-1))),
    ),
    # facts that nothing states
    "a smaller type": ("different", "5a", lambda x, proof: step(proof, 0, polynomial=x.p((1 << 32) - 1, n=-1))),
    "a length below its largest": ("scaled", "5a", lambda x, proof: step(proof, 0, polynomial=x.p((1 << 60) - 1, d0_a=-4))),
    "a raw pointer that is not null": (
        "pointers",
        "5a",
        lambda x, proof: goal(proof, c.Stated(c.Type(Term(x.values["p"], "u")), x.p(-1, p=1)), at=1),
    ),
    "a bound off by one": ("up", "5a", lambda x, proof: step(proof, 0, polynomial=x.p(-2, n=1, i=-1))),
    "a bound said to be exact": ("up", "5a", lambda x, proof: step(proof, 0, exact=True)),
    "a difference that is an equality": ("different", "4", lambda x, proof: step(proof, 3, source=x.branch("entry", 1))),
    "the length of a part that may be reversed": (
        "lengths",
        "5a",
        lambda x, proof: step(proof, 1, source=c.Definition(x.ops["some"])),
    ),
    "a signed reading of an unsigned test": (
        "up",
        "5a",
        lambda x, proof: step(proof, 0, polynomial=x.p(-1, s_n=1, s_i=-1)),
    ),
    # steps that do not follow
    "a negative multiplier": ("down", "5c", lambda x, proof: step(proof, 2, parts=((0, -1), (1, 1)))),
    "a negative slack": ("down", "5c", lambda x, proof: step(proof, 4, slack=-1)),
    "a step that comes later": ("down", "5", lambda x, proof: step(proof, 2, parts=((7, 1),))),
    "a step before the first": ("down", "5", lambda x, proof: step(proof, 2, parts=((-1, 1),))),
    "a difference that may wrap": ("down", "5b", lambda x, proof: step(proof, 5, low=4)),
    "a sum without its upper bound": ("scaled", "5b", lambda x, proof: step(proof, 7, high=4)),
    "operands read signed": ("down", "5b", lambda x, proof: step(proof, 5, readings=("s", "u"))),
    "a division that is none": ("scaled", "5d", lambda x, proof: step(proof, 5, divisor=3)),
    "a divisor below zero": ("scaled", "5d", lambda x, proof: step(proof, 5, divisor=-4)),
    "half a multiplier": ("scaled", "5c", lambda x, proof: step(proof, 4, parts=((3, 0.5),))),
    "no steps": ("up", "5", lambda x, proof: goal(proof)),
    "one goal of two": (
        "part",
        "10",
        lambda x, proof: proof.certificates.append(Certificate(x.ops["check.subrange 1"], proof.certificates[0].goals[:1])),
    ),
    "goals in another order": (
        "lengths",
        "10",
        lambda x, proof: proof.certificates.append(Certificate(x.ops["check.subrange 1"], proof.certificates[0].goals[::-1])),
    ),
    "a product of what may be negative": (
        "scaled",
        "5c",
        lambda x, proof: goal(proof, *proof.certificates[0].goals[0], c.Times(9, 0), c.Sum(((10, -1),))),
    ),
    # lemmas
    "the hypothesis for the first entry": ("down", "5g", own_hypothesis),
    "two lemmas in a circle": ("down", "5g", in_a_circle),
    "an edge left out": ("down", "9", lambda x, proof: lemma(proof, proof.lemmas[0].edges[1:])),
    "an edge said to be unreachable": ("down", "9", lambda x, proof: lemma(proof, (None, proof.lemmas[0].edges[1]))),
    "a statement about the round before": ("down", "9", last_round),
    "a lemma of another block": ("down", "9", lambda x, proof: lemma(proof, (), block=x.blocks["done"])),
    "a lemma of the entry": ("down", "9", lambda x, proof: lemma(proof, (), block=x.blocks["entry"])),
    "a stronger lemma": ("down", "9", lambda x, proof: lemma(proof, statement=x.p(-1, n=1, i=-1))),
    "a lemma that is not there": ("down", "5g", lambda x, proof: step(proof, 6, lemma=1)),
    "the last lemma from the end": ("down", "5g", lambda x, proof: step(proof, 6, lemma=-1)),
}


@pytest.mark.parametrize("name", PLANTED)
def test_planted_defects_are_found(name: str) -> None:
    base, clause, plant = PLANTED[name]
    x, proof = GOOD[base]()
    assert problems(x.function, proof) == []
    plant(x, proof)
    found = problems(x.function, proof)
    assert found
    assert found[0].clause == clause


def test_no_nonsense_makes_the_checker_raise() -> None:
    x, proof = GOOD["down"]()
    deep: tuple[c.Step, ...] = (c.Sum((), 0),)
    for _ in range(2000):
        deep = (c.Cases(x.ops["more"], {}, deep, deep),)
    nonsense = (
        deep,
        (None,),
        (c.Sum(((0, 1),)),),
        (c.Stated(None, {}),),
        (c.Exact(x.values["more"], "u", ("u",) * 5, 0, 0),),
    )  # type: ignore
    for steps in nonsense:
        goal(proof, *steps)
        assert problems(x.function, proof) != []
