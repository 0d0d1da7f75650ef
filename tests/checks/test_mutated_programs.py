"""A proof that is kept while its program is changed at random: when the checker still accepts it, no check of it fails.

Predicates, constants and operands are changed in kernels as they come to ``eliminate-checks``, with all of their checks. What
is accepted is run.
"""

from __future__ import annotations

import random

import pytest

import altru_ir as air
from altru_ir import backend
from altru_ir.faults import MemoryFault, Panic
from altru_ir.module import Function, Module
from altru_ir.passes.manager import PassManager
from altru_ir.passes.proofs.certificates import Proof
from altru_ir.passes.proofs.checker import problems
from altru_ir.passes.transform import eliminate_checks
from altru_ir.source import Location
from altru_ir.values import Operation
from bench.kernels import air_of, kernel, size

MUTANTS = 16
PREDICATES = ("eq", "ne", "ult", "ule", "ugt", "uge", "slt", "sle", "sgt", "sge")


def change(function: Function, choose: random.Random) -> tuple[Operation, object, object] | None:
    """Changes an operation; what it was, to be put back. None when nothing fit."""
    op = choose.choice([op for op in function.operations() if op.decl.name in ("icmp", "const", "add", "sub", "umin")])
    if op.decl.name == "icmp":
        before = op.attrs["predicate"]
        op.attrs["predicate"] = choose.choice(PREDICATES)
        return op, "predicate", before
    if op.decl.name == "const":
        before = op.attrs["value"]
        if not isinstance(before, int) or isinstance(before, bool):
            return None
        op.attrs["value"] = choose.choice((before + 1, 0, 1, 2, before * 2))
        return op, "value", before
    old = list(op.operands)
    op.operands[-2:] = op.operands[:-3:-1] if op.decl.name != "sub" else op.operands[:1] * 2
    return op, None, old


def restore(op: Operation, attribute: object, before: object) -> None:
    if attribute is None:
        op.operands[:] = before  # type: ignore[index]
    else:
        op.attrs[str(attribute)] = before


def panicked(module: Module, n: int) -> Location | None:
    """Where a run panics."""
    try:
        backend.interpret(module.clone(), "run", [n], steps=200_000)
    except Panic as panic:
        return panic.location
    except MemoryFault:
        return None
    return None


@pytest.mark.parametrize("name", ["shell-sort", "string-search"])
def test_no_certified_check_fails(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = {"rejected": 0, "accepted": 0}
    n = size(kernel(name), "small")

    def mutate(function: Function, proof: Proof) -> None:
        assert function.module is not None
        assert problems(function, proof) == []
        if not proof.certificates:
            return
        choose = random.Random(f"{name} {function.name}")
        proven = {certificate.check for certificate in proof.certificates}
        others = {op.loc for op in function.operations() if op.decl.is_check and op not in proven}
        places = [op.location for op in proven if op.loc not in others]
        for _ in range(MUTANTS):
            changed = change(function, choose)
            if changed is None:
                continue
            if air.verify(function.module) == []:
                if problems(function, proof):
                    counted["rejected"] += 1
                else:
                    counted["accepted"] += 1
                    assert panicked(function.module, n) not in places
            restore(*changed)

    monkeypatch.setattr(eliminate_checks, "verified", mutate)
    backend.prepare(air.parse(air_of(kernel(name)), name), opt=1, manager=PassManager([], verify_proofs=True))
    assert counted["rejected"] > 3
    assert counted["accepted"] > 0
