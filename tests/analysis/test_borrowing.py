"""Facts of our own functions: those that are given to the engine lead to the conflicts that all of them lead to."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import altru_ir as air
from altru_ir import passes
from altru_ir.module import Function
from altru_ir.passes.analysis.borrowing import Borrowing
from altru_ir.passes.analysis.lent_paths import LentPaths
from altru_ir.passes.analysis.loan_facts import LoanFacts, initialization, killed
from altru_ir.passes.analysis.loan_paths import COLLECTED, DEEP, DROP, SHALLOW, LoanPaths, conflict
from altru_ir.passes.analysis.loan_suspects import Root, suspects
from altru_ir.passes.analysis.loans import Conflicts, Facts, find_conflicts
from altru_ir.passes.base import bodies
from altru_ir.regions import Regions

TESTS = Path(__file__).parents[1]


def everything(known: Borrowing) -> Facts:
    """All facts about a function: nothing is left out because it could not matter."""
    flow, function = known.flow, known.function
    assert function.module is not None
    invalidated = []
    for access in known.accesses:
        for loan in known.loans:
            if loan.path is None or loan.path.root is not access.path.root or not (access.writes or loan.mutable):
                continue
            if access.kind == "redefined":
                hit = loan.path.depth > 0
            else:
                hit = conflict(loan.path, access.path, access.depth, function.module)
            if hit:
                invalidated.append((access.point, loan.number))
    for loan in known.loans:
        if loan.path is None or loan.path.is_storage or loan.path.steps()[0].what == COLLECTED:
            invalidated.extend((point, loan.number) for point in known.exit_points())
    universal = [*range(flow.universal), *flow.placeholders]
    locals = {local for local, _ in known.dropped}
    facts = Facts(
        loan_issued_at=[(loan.origin, loan.number, loan.point) for loan in known.loans],
        universal_region=[(o,) for o in universal],
        placeholder=[(o, ("region", o)) for o in universal],
        known_placeholder_subset=[*flow.signature.outlives, *((0, o) for o in universal[1:])],
        cfg_edge=known.edges,
        loan_killed_at=killed(known, set(range(len(known.loans)))),
        subset_base=known.subsets,
        loan_invalidated_at=invalidated,
        var_used_at=known.used,
        var_defined_at=known.defined,
        var_dropped_at=known.dropped,
        use_of_var_derefs_origin=[(name, o) for name, origins in known.origins.items() for o in origins if o >= 0],
        drop_of_var_derefs_origin=[
            (local, known.origins[local][slot])
            for local in locals
            for slot in known.regions.drops(local.type.target)  # type: ignore[attr-defined]
            if known.origins[local][slot] >= 0
        ],
    )
    if locals:
        initialization(known, facts, sorted(locals, key=lambda local: str(local.name)))
    return facts


def functions() -> Iterator[tuple[str, Function]]:
    """The functions of all test programs, and the same with an operation moved, left out or done twice."""
    for path in sorted(TESTS.rglob("*.air")):
        for text in path.read_text().split("// -----\n"):
            try:
                module = air.parse(text)
            except air.DiagnosticError:
                continue
            if air.verify(module):
                continue
            passes.run(module, "insert-checks,schedule-drops")
            for function in bodies(module):
                if len(list(function.operations())) < 150:
                    yield f"{path.name} @{function.name}", function


def damage(function: Function, rng: random.Random) -> None:
    """Changes what a function does, and keeps it valid as far as places and values go."""
    block = rng.choice(function.blocks)
    plain = [at for at, op in enumerate(block.ops[:-1]) if not op.results]
    if not plain:
        return
    at = rng.choice(plain)
    op = block.ops.pop(at)
    if rng.random() < 0.5:
        earliest = 1 + max((block.ops.index(v.owner) for v in op.operands if v.owner in block.ops[:at]), default=-1)
        block.ops.insert(rng.randint(earliest, len(block.ops) - 1), op)


def named(known: Borrowing, found: Conflicts) -> set[object]:
    return set(found.errors) | {(a, b) for _, a, b in found.subset_errors}


def verdict(function: Function, concerned: frozenset[Root] | None) -> set[object]:
    """What is wrong with a function as far as loans go, without numbers of points."""
    assert function.module is not None
    known = Borrowing(function, function.module, None, concerned)
    found = find_conflicts(LoanFacts(known).facts)
    points = known.points
    errors = {(points[n].op, points[n].edge, points[n].is_exit, known.loans[loan].op) for n, loan in found.errors}
    return errors | {(a, b) for _, a, b in found.subset_errors}


def test_who_is_acquitted_is_in_no_conflict() -> None:
    rng = random.Random(2)
    counts: Counter[str] = Counter()
    for name, function in functions():
        for _ in range(2):
            assert function.module is not None
            concerned = suspects(function, function.module, Regions(function.module))
            found = verdict(function, None)
            if concerned is not None and not concerned:
                assert not found, name
                counts["acquitted"] += 1
            elif concerned is not None:
                assert verdict(function, concerned) == found, name
                counts["guilty" if found else "suspected for nothing"] += 1
            damage(function, rng)
    assert counts["acquitted"] > 500, counts
    assert counts["guilty"] > 100, counts
    assert counts["suspected for nothing"] < counts["acquitted"], counts


def test_what_is_left_out_does_not_matter() -> None:
    rng = random.Random(1)
    conflicts = clean = 0
    for name, function in functions():
        for _ in range(3):
            assert function.module is not None
            known = Borrowing(function, function.module)
            found = named(known, find_conflicts(LoanFacts(known).facts))
            assert found == named(known, find_conflicts(everything(known))), name
            conflicts += bool(found)
            clean += not found
            damage(function, rng)
    assert conflicts > 100
    assert clean > 500


PATHS = """
altru 1
module @m
struct @Pair { a: i32, b: own<i32> }
struct @Loud { a: i32, b: i32 } drop @Loud.drop
union @Bits { x: i32, y: f32 }
enum @Either { Left(i32), Right(i32) }
func @Loud.drop(%self: ref<mut @Loud>)
func @f(%m: ref<mut @Pair>, %i: usize) {
^entry:
  %zero = const 0 : usize
  %one = const 1 : usize
  %pair = local : @Pair
  %pair.a = field %pair, a
  %pair.b = field %pair, b
  %owned = deref %pair.b
  %loud = local : @Loud
  %loud.a = field %loud, a
  %bits = local : @Bits
  %bits.x = field %bits, x
  %bits.y = field %bits, y
  %either = local : @Either
  %left = variant %either, Left
  %right = variant %either, Right
  %xs = local : [4 x i32]
  %xs.0 = elem %xs, %zero
  %xs.1 = elem %xs, %one
  %xs.i = elem %xs, %i
  %some = subrange %xs, %zero, %one
  %some.0 = elem %some, %zero
  %some.i = subrange %xs, %i, %one
  %rest = subrange %xs, %one, %i
  %ps = local : [4 x @Pair]
  %ps.0 = elem %ps, %zero
  %ps.i = elem %ps, %i
  %ps.0.a = field %ps.0, a
  %ps.0.b = field %ps.0, b
  %ps.i.a = field %ps.i, a
  %behind = deref %m
  %behind.a = field %behind, a
  %held = local : ref<mut i32>
  %through = deref %held
  ret
}
"""


@pytest.mark.parametrize(
    ("lent", "accessed", "access", "expected"),
    [
        ("pair", "pair", SHALLOW, True),
        ("pair.a", "pair.b", DEEP, False),
        ("pair.a", "pair", SHALLOW, True),
        ("pair", "pair.a", SHALLOW, True),
        ("owned", "pair.b", SHALLOW, False),
        ("owned", "pair.b", DEEP, True),
        ("owned", "pair", DROP, True),
        ("through", "held", DROP, False),
        ("through", "held", DEEP, True),
        ("through", "held", SHALLOW, False),
        ("loud.a", "loud", DROP, True),
        ("bits.x", "bits.y", SHALLOW, True),
        ("left", "right", SHALLOW, False),
        ("left", "either", SHALLOW, True),
        ("xs.0", "xs.1", DEEP, False),
        ("xs.0", "xs.i", DEEP, True),
        ("xs.i", "xs.1", DEEP, True),
        ("some", "xs.0", DEEP, True),
        ("some.0", "xs.0", DEEP, True),
        ("some", "xs.1", DEEP, False),
        ("some.0", "xs.1", DEEP, False),
        ("some", "xs.i", DEEP, True),
        ("some", "rest", DEEP, False),
        ("some.0", "rest", DEEP, False),
        ("some.i", "rest", DEEP, False),
        ("some.i", "some", DEEP, True),
        ("some.i", "xs.0", DEEP, True),
        ("some.i", "xs.1", DEEP, False),
        ("rest", "xs.0", DEEP, False),
        ("rest", "xs.1", DEEP, True),
        ("behind.a", "behind", DEEP, True),
        ("ps.i.a", "ps.0.a", SHALLOW, True),
        ("ps.i.a", "ps.0.b", DEEP, False),
        ("ps.0.b", "ps.i", DEEP, True),
    ],
)
def test_paths(lent: str, accessed: str, access: str, expected: bool) -> None:
    module = air.parse(PATHS)
    paths = LoanPaths(module)
    places = {
        op.result.name: paths.of(op.result)
        for op in module.functions["f"].operations()
        if op.results and op.result.type.is_place
    }
    one, other = places[lent], places[accessed]
    assert one is not None
    assert other is not None
    assert conflict(one, other, access, module) is expected


def test_all_loans_that_an_access_concerns_are_found_at_once() -> None:
    for name, function in functions():
        module = function.module
        assert module is not None
        known = Borrowing(function, module)
        lent = LentPaths(known.loans, module)
        for access in {(each.path, each.depth): each for each in known.accesses}.values():
            for depth in (SHALLOW, DEEP, DROP):
                found = lent.of(access.path, depth)
                for loan in known.loans:
                    if loan.path is not None and loan.path.root is access.path.root:
                        expected = conflict(loan.path, access.path, depth, module)
                        assert found >> loan.number & 1 == expected, (name, str(loan.path), str(access.path), depth)


def test_a_path_is_spelled_as_people_do() -> None:
    module = air.parse(PATHS)
    paths = LoanPaths(module)
    spelled = {
        op.result.name: str(paths.of(op.result))
        for op in module.functions["f"].operations()
        if op.results and op.result.type.is_place
    }
    assert spelled["owned"] == "*%pair.b"
    assert spelled["behind.a"] == "(*%m).a"
    assert spelled["xs.i"] == "%xs[_]"
    assert spelled["some.0"] == "%xs[0..1]"
    assert spelled["some.i"] == "%xs[..1]"
