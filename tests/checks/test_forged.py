"""Forgeries: proofs and programs changed at random until they do not fit each other. What the checker accepts must be true.

A certificate is lent to another check, its numbers replaced by those of that check; a step gets another constant, multiplier,
source or number; a lemma another statement, block or edges; an operation another predicate, constant, operand or successor.
When the checker accepts what comes out, the certified checks are taken away, and the program is run with them and without: it
must print, panic and answer the same.

    FORGED=500 python -m pytest tests/checks/test_forged.py        # from seed FORGED_FROM on, in place of a few programs
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import attrs
import pytest

import altru_ir as air
from altru_ir import backend
from altru_ir.module import Function, Module
from altru_ir.passes.manager import PassManager
from altru_ir.passes.pipeline_text import parse_pipeline
from altru_ir.passes.proofs.certificates import Certificate, Lemma, Proof, Term
from altru_ir.passes.proofs.checker import problems
from altru_ir.passes.transform import eliminate_checks
from altru_ir.testing import loops, walks
from altru_ir.values import Operation, Value

PROGRAMS = int(os.environ.get("FORGED", "6"))
FIRST = int(os.environ.get("FORGED_FROM", "40"))
MUTANTS = 60
STEPS = 3000
PREDICATES = ("eq", "ne", "ult", "ule", "ugt", "uge", "slt", "sle", "sgt", "sge")
LIKE = ({"add", "sub", "mul", "and", "or", "xor"}, {"umin", "umax", "smin", "smax"}, {"udiv", "urem"}, {"zext", "sext"})
PIPELINE = "insert-checks,schedule-drops,elaborate-drops,mem2reg,cse{loads},forward-lengths,infer-contracts,eliminate-checks"
Undo = Callable[[], object]


# -- programs ----------------------------------------------------------------------------------------------------------------


def named(proof: Proof) -> list[Operation]:
    """The operations that a proof speaks of, and those that give what it speaks of."""
    found: dict[Operation, None] = {}
    work: list[Any] = [*proof.lemmas, *proof.certificates]
    for thing in work:
        if isinstance(thing, (Operation, Value)):
            op = thing if isinstance(thing, Operation) else thing.operation
            if op is not None:
                found[op] = None
                found.update((value.operation, None) for value in op.operands if value.operation is not None)
        elif isinstance(thing, (dict, tuple)):
            work += thing
        elif attrs.has(type(thing)):
            work += (getattr(thing, field.name) for field in attrs.fields(type(thing)))
    return [op for op in found if op.decl.name != "assume"]


def change(function: Function, proof: Proof, choose: random.Random) -> Undo | None:
    """Changes an operation of a program; what takes it back. None when nothing fit."""
    ops = [op for op in function.operations() if op.decl.name != "assume"]
    op = choose.choice(named(proof) if choose.random() < 0.8 else ops)
    name, operands, successors = op.decl.name, list(op.operands), list(op.successors)
    given = [list(edge.args) for edge in successors]
    attributes, decl = dict(op.attrs), op.decl

    def undo() -> None:
        op.operands[:] = operands
        op.successors = successors
        for edge, args in zip(successors, given, strict=True):
            edge.args = args
        op.decl = decl
        for key, value in attributes.items():
            op.attrs[key] = value

    values = [value for block in function.blocks for value in (*block.args, *(r for o in block.ops for r in o.results))]
    if name == "icmp" and choose.random() < 0.7:
        op.attrs["predicate"] = choose.choice(PREDICATES)
    elif name == "const":
        if not isinstance(op.attrs["value"], int) or isinstance(op.attrs["value"], bool):
            return None
        op.attrs["value"] = choose.choice((0, 1, 2, 3, -1, op.attrs["value"] + 1))
    elif name == "cond_br" and choose.random() < 0.5:
        op.successors = successors[::-1]
    elif successors:
        edge = choose.choice(successors)
        if not edge.args:
            return None
        at = choose.randrange(len(edge.args))
        others = [value for value in values if value.type == edge.args[at].type]
        edge.args = [*edge.args[:at], choose.choice(others), *edge.args[at + 1 :]]
    elif op.operands and not op.decl.is_check:
        family = next((each for each in LIKE if name in each), None)
        if family and choose.random() < 0.5:
            op.decl = air.declare.find(choose.choice(sorted(family - {name})))
        else:
            at = choose.randrange(len(op.operands))
            alike = [*function.parameters, *values]
            op.operands[at] = choose.choice([value for value in alike if value.type == op.operands[at].type])
    else:
        return None
    return undo


# -- proofs ------------------------------------------------------------------------------------------------------------------


def replaced(thing: Any, new: dict[Value, Value]) -> Any:
    """A piece of a proof with other values."""
    if isinstance(thing, Value):
        return new.get(thing, thing)
    if isinstance(thing, Term):
        return Term(new.get(thing.value, thing.value), thing.reading)
    if isinstance(thing, dict):
        return {tuple(replaced(term, new) for term in product): k for product, k in thing.items()}
    if isinstance(thing, tuple):
        return tuple(replaced(each, new) for each in thing)
    if attrs.has(type(thing)):
        return attrs.evolve(
            thing, **{field.name: replaced(getattr(thing, field.name), new) for field in attrs.fields(type(thing))}
        )
    return thing


def forged(thing: Any, function: Function, lemmas: int, choose: random.Random) -> Any:
    """A piece of a proof, with one thing in it changed."""
    if isinstance(thing, bool):
        return not thing
    if isinstance(thing, int):
        return choose.choice((thing + 1, thing - 1, -thing, 0, 1, thing * 2, choose.randrange(max(lemmas, 1))))
    if isinstance(thing, str):
        return choose.choice(("u", "s"))
    if isinstance(thing, Operation):
        return choose.choice([op for op in function.operations() if op.decl.name == thing.decl.name])
    if isinstance(thing, Value):
        values = [value for op in function.operations() for value in (*op.operands, *op.results) if value.type == thing.type]
        return choose.choice(values or [thing])
    if isinstance(thing, Term):
        return Term(forged(thing.value, function, lemmas, choose), thing.reading)
    if isinstance(thing, dict):
        product = choose.choice([*thing] or [()])
        changed = dict(thing)
        number = changed.pop(product, 0)
        if choose.random() < 0.5 and product:
            changed[tuple(forged(term, function, lemmas, choose) for term in product)] = number
        else:
            changed[product] = forged(number, function, lemmas, choose)
        return changed
    if isinstance(thing, tuple) and thing:
        at = choose.randrange(len(thing))
        kind = choose.random()
        if kind < 0.1:
            return thing[:at] + thing[at + 1 :]
        if kind < 0.2:
            other = choose.randrange(len(thing))
            return (*thing[:at], thing[other], *thing[at:])
        return (*thing[:at], forged(thing[at], function, lemmas, choose), *thing[at + 1 :])
    if attrs.has(type(thing)):
        name = choose.choice([field.name for field in attrs.fields(type(thing))])
        return attrs.evolve(thing, **{name: forged(getattr(thing, name), function, lemmas, choose)})
    return thing


def forge(function: Function, proof: Proof, choose: random.Random) -> Proof:
    """Another proof: a certificate lent to another check, or something changed in it or in a lemma."""
    made = Proof(list(proof.lemmas), list(proof.certificates), list(proof.versions))
    checks = [op for op in function.operations() if op.decl.is_check]
    kind = choose.random()
    if kind < 0.5 and made.certificates:
        old = choose.choice(made.certificates)
        proven = {each.check for each in made.certificates}
        others = [op for op in checks if op.decl is old.check.decl and op not in proven]
        if others:
            check = choose.choice(others)
            new = dict(zip(old.check.operands, check.operands, strict=True))
            goals = replaced(old.goals, new) if choose.random() < 0.8 else old.goals
            if choose.random() < 0.4:
                goals = forged(goals, function, len(made.lemmas), choose)
            made.certificates.append(Certificate(check, goals))
            return made
    if kind < 0.75 and made.lemmas:
        at = choose.randrange(len(made.lemmas))
        lemma = made.lemmas[at]
        part = choose.choice(("statement", "edges", "block"))
        value = (
            choose.choice(function.blocks)
            if part == "block"
            else forged(getattr(lemma, part), function, len(made.lemmas), choose)
        )
        made.lemmas[at] = Lemma(**{"block": lemma.block, "statement": lemma.statement, "edges": lemma.edges, part: value})
    elif made.certificates:
        at = choose.randrange(len(made.certificates))
        old = made.certificates[at]
        made.certificates[at] = Certificate(old.check, forged(old.goals, function, len(made.lemmas), choose))
    return made


# -- what is accepted --------------------------------------------------------------------------------------------------------


def outcome(module: Module, given: list[object]) -> object:
    printed: list[bytes] = []
    try:
        answer: object = backend.Interpreter(module).run("main_entry", given, steps=STEPS, write=printed.append)
    except air.Panic as panic:
        answer = "panic", panic.message, str(panic.location)
    except air.MemoryFault as fault:
        return fault
    return answer, b"".join(printed), given[0]


def wrong(function: Function, proof: Proof, calls: list[tuple[int, ...]]) -> str | None:
    """What a program does otherwise without the checks that are certified."""
    module = function.module
    assert module is not None
    gone = {each.check for each in proof.certificates}
    numbers = {at for at, op in enumerate(function.operations()) if op in gone}
    without = module.clone()
    other = without.functions[function.name]
    removed = {op for at, op in enumerate(other.operations()) if at in numbers}
    for block in other.blocks:
        block.ops = [op for op in block.ops if op not in removed]
    for *lengths, n, m in calls:
        ends = []
        for each in (module, without):
            slices: list[object] = [[7 * i % 5 + 1 for i in range(length)] for length in lengths]
            ends.append(outcome(each, [*slices, n, m]))
        too_long = isinstance(ends[1], air.MemoryFault) and ends[1].kind == "ALT-S008"
        if not isinstance(ends[0], air.MemoryFault) and ends[0] != ends[1] and not too_long:
            return f"{(*lengths, n, m)}: {ends[0]} with all checks, {ends[1]} without those that were certified"
    return None


@pytest.mark.parametrize("generator", [loops, walks])
def test_what_the_checker_accepts_is_true(generator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: Counter[str] = Counter()

    def attack(function: Function, proof: Proof) -> None:
        assert problems(function, proof) == []
        module = function.module
        assert module is not None
        choose = random.Random(f"{seed} {function.name}")
        for _ in range(MUTANTS if proof.certificates else 0):
            if choose.random() < 0.5:
                undo = change(function, proof, choose)
                if undo is not None:
                    fits = air.verify(module) == []
                    accepted = fits and problems(function, proof) == []
                    counted["program accepted" if accepted else "program rejected" if fits else "program does not verify"] += 1
                    found = wrong(function, proof, calls) if accepted else None
                    assert found is None, f"seed {seed}, another program: {found}\n{module}"
                    undo()
            else:
                other = forge(function, proof, choose)
                accepted = problems(function, other) == []
                new = {each.check for each in other.certificates} - {each.check for each in proof.certificates}
                counted[f"{'another check' if new else 'proof'} {'accepted' if accepted else 'rejected'}"] += 1
                found = wrong(function, other, calls) if accepted and new else None
                assert found is None, f"seed {seed}, another proof of {new}: {found}\n{module}"

    monkeypatch.setattr(eliminate_checks, "verified", attack)
    for seed in range(FIRST, FIRST + PROGRAMS):
        text, calls = generator.generate(seed, 2 if generator is loops else 1)
        module = air.parse(text)
        PassManager(parse_pipeline(PIPELINE + "{verify}")).run(module)
    print(dict(counted))
    assert counted["program rejected"] > 10
    assert counted["proof rejected"] > 10
    assert counted["another check rejected"] > 10 or generator is walks


def test_what_is_wrong_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks that fail now and then, if nothing had to be proven: a program without one of them is not what it was."""
    seen = Counter[bool]()

    def attack(function: Function, proof: Proof) -> None:
        proven = {each.check for each in proof.certificates}
        for op in function.operations():
            if op.decl.is_check and op not in proven:
                seen[wrong(function, Proof([], [Certificate(op, ())]), calls) is not None] += 1

    monkeypatch.setattr(eliminate_checks, "verified", attack)
    for seed in range(FIRST, FIRST + 6):
        text, calls = loops.generate(seed, 2)
        PassManager(parse_pipeline(PIPELINE + "{verify}")).run(air.parse(text))
    assert seen[True] > 1
