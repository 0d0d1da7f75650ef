"""Unsound removals of checks: good proofs with one thing changed, in the program, in a fact, in a step, in a lemma, in the
copies of a loop, in what functions agree on. The checker finds each (``tests/checks/test_checker.py``, ``test_copies.py``,
``test_contracts.py``), and where numbers are all there is, z3 has a counterexample (``test_z3.py``).

Here nothing of the project is replaced: what is wrong is what the checker is given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

import altru_ir as air
from altru_ir.module import Block
from altru_ir.passes.proofs import certificates as c
from altru_ir.passes.proofs.certificates import Certificate, Lemma, Proof, Term
from altru_ir.values import Operation

if TYPE_CHECKING:
    from tests.checks.proofs import Program
    from tests.checks.test_contracts import Made

Plant = Callable[["Program", Proof], object]

# -- proofs: the good one, the clause that is violated, the change -----------------------------------------------------------


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


PROOFS: dict[str, tuple[str, str, Plant]] = {
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


# -- copies of loops, clause 11 ----------------------------------------------------------------------------------------------


def fewer(x: Program, proof: Proof) -> None:
    old = proof.versions[0]
    proof.versions[0] = c.Versions(old.guard, old.pairs[:-1])


def folded_away(x: Program, proof: Proof) -> None:
    """Without the inner version nobody says that its guard makes no difference."""
    del proof.versions[1]


def no_check(x: Program, proof: Proof) -> None:
    del x.blocks["body2"].ops[0]


def early_panic(x: Program, proof: Proof) -> None:
    """The check of the other copy comes before what it should come behind."""
    ops = x.blocks["step2"].ops
    ops[0], ops[1] = ops[1], ops[0]


COPIES: dict[str, Plant] = {
    "another comparison in the copy": lambda x, proof: x.ops["more2"].set("predicate", "ule"),
    "another operand in the copy": lambda x, proof: to(x, "more2", "i2", "m"),
    "a check that is not copied": no_check,
    "a panic in another place": early_panic,
    "a copy that starts elsewhere": lambda x, proof: edge(x, "guard", 1, "one"),
    "a copy that leaves with another value": lambda x, proof: edge(x, "head2", 1, "n"),
    "a copy that goes on in the first one": lambda x, proof: redirect(x, "step2", 0, "inner"),
    "a copy's edges the other way round": lambda x, proof: x.blocks["head2"].ops[-1].successors.reverse(),
    "another way into the copy": lambda x, proof: redirect(x, "entry", 0, "head2"),
    "a block left out": fewer,
    "an inner guard that nobody answers for": folded_away,
    "an inner copy that differs": lambda x, proof: to(x, "jnext3", "j3", "j3"),
    "another value where the copies meet": lambda x, proof: edge(x, "inner3", 1, "j3"),
    "the same other value where the copies meet": lambda x, proof: (edge(x, "inner", 1, "j"), edge(x, "inner3", 1, "j3")),
    "an inner guard that does more": lambda x, proof: x.blocks["guard3"].ops.insert(0, x.blocks["step3"].ops[0]),
    "a value used outside": lambda x, proof: x.blocks["done"].ops[0].operands.__setitem__(0, x.values["i"]),
    "the copies taken for each other": lambda x, proof: x.blocks["guard"].ops[-1].successors.reverse(),
}


# -- agreements: the clause that is violated, the change ---------------------------------------------------------------------


def below_one_less(made: Made) -> None:
    """A statement that says more than what is assumed."""
    at = made.first(True)
    statement = dict(made.agreements[at].statement)
    statement[()] = statement.get((), 0) - 1
    made.change(True, statement=statement)


def other_derivation(made: Made) -> None:
    """What is proven at a return is something else."""
    at = made.first(True)
    made.change(True, at=tuple((c.Sum((), 0),) for _ in made.agreements[at].at))


def another_caller(made: Made) -> None:
    function = made.module.functions["run"]
    block = made.op("run", "call").block
    assert block is not None
    call = made.op("run", "call")
    copy = Operation(call.decl, list(call.operands), call.attrs, loc=call.loc)
    copy.results = [type(call.results[0])(call.results[0].type, None, copy)]
    function.blocks[0].ops.insert(0, copy)
    copy.block = function.blocks[0]


def taken_address(made: Made) -> None:
    ref = (
        air.parse("altru 1\nmodule @x\nfunc @value() {\n^e:\n  %f = func.ref @value\n  ret\n}")
        .functions["value"]
        .blocks[0]
        .ops[0]
    )
    made.module.functions["run"].blocks[0].ops.insert(0, ref)


def longer_result(made: Made) -> None:
    made.op("find", "ret", 1).operands[0] = next(
        op for op in made.module.functions["find"].operations() if op.decl.name == "slice.len"
    ).results[0]


def made_beside(made: Made, text: str) -> list[Operation]:
    """Operations in front of those of `value`, which is where they begin."""
    ops = (
        air.parse(f"altru 1\nmodule @x\nfunc @value(%i: usize) {{\n^e:\n{text}\n  ret\n}}")
        .functions["value"]
        .blocks[0]
        .ops[:-1]
    )
    block = made.module.functions["value"].blocks[0]
    block.ops[0:0] = ops
    for op in ops:
        op.block = block
    return ops


def more_than_agreed(made: Made) -> None:
    """Of two things that are assumed at once one is agreed on."""
    *_, more = made_beside(made, "  %one = const 1 : usize\n  %none = const 0 : usize\n  %no = icmp ult %one, %none")
    assumed = made.agreements[made.first(False)].assumed
    both = Operation(air.declare.find("and"), [assumed.operands[0], more.result])
    both.results = [type(more.result)(more.result.type, None, both)]
    block = assumed.block
    assert block is not None
    block.ops.insert(block.ops.index(assumed), both)
    both.block = block
    assumed.operands[0] = both.result


def assumed_by_nobody(made: Made) -> None:
    made_beside(
        made,
        "  %one = const 1 : usize\n  %no = icmp ult %one, %one\n  assume %no {checks.agreed} unsafe",
    )


AGREEMENTS: dict[str, tuple[str, Callable[[Made], object]]] = {
    "more than what is agreed on": ("12", more_than_agreed),
    "an assumption without an agreement": ("12", assumed_by_nobody),
    "a public function": ("12a", lambda made: setattr(made.module.functions["value"], "linkage", "public")),
    "an address that is taken": ("12a", taken_address),
    "a call that was forgotten": ("12", another_caller),
    "a condition the other way round": ("12a", lambda made: made.op("value", "icmp").set("predicate", "uge")),
    "a stronger condition": ("12a", lambda made: made.op("value", "icmp").set("predicate", "ult")),
    "a weaker test in front of the call": ("5a", lambda made: made.op("run", "icmp", 1).set("predicate", "uge")),
    "a statement about less": ("12b", below_one_less),
    "another derivation": ("12", other_derivation),
    "a derivation too few": ("12", lambda made: made.change(True, at=made.agreements[made.first(True)].at[1:])),
    "no derivation": ("12", lambda made: made.change(True, at=(None,) * len(made.agreements[made.first(True)].at))),
    "a result that is the length": (
        "12",
        lambda made: made.op("find", "ret", 1).operands.__setitem__(0, made.op("find", "slice.len").results[0]),
    ),
    "an assumption in front of all calls": (
        "12a",
        lambda made: made.change(False, assumed=made.agreements[made.first(True)].assumed),
    ),
    "the contract of another function": ("12", lambda made: made.change(True, function=made.module.functions["value"])),
    "no stand-in for the result": ("12", lambda made: made.change(True, result=None)),
    "a check in the place of an assumption": ("12", lambda made: made.change(False, assumed=made.op("value", "check.bounds"))),
    "a statement about a local value": (
        "12",
        lambda made: made.change(False, statement={(Term(made.op("run", "slice.len").results[0], "u"),): 1}),
    ),
}
