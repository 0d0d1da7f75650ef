"""The checker accepts good proofs and finds each of the planted defects: in programs, in facts, in steps and in lemmas."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import altru_ir as air
from altru_ir import backend
from altru_ir.passes.manager import PassManager
from altru_ir.passes.proofs import certificates as c
from altru_ir.passes.proofs.checker import problems
from bench.kernels import air_of, kernel, names
from tests.checks.proofs import GOOD
from tests.mutants.certificates import PROOFS, goal


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


@pytest.mark.parametrize("name", PROOFS)
def test_planted_defects_are_found(name: str) -> None:
    base, clause, plant = PROOFS[name]
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
