"""Variances of region parameters against a twin that opens declarations, and slots, drops and signatures by example."""

from __future__ import annotations

import itertools
import random

import pytest

import altru_ir as air
from altru_ir.elision import clauses_of, implied, signature_of
from altru_ir.module import Field, Module, TypeDeclaration
from altru_ir.regions import IS_STATIC, Regions
from altru_ir.types import (
    I32,
    INFERRED,
    AtomicType,
    CellType,
    FunctionType,
    GcType,
    GuardType,
    NamedType,
    OwnType,
    PhantomType,
    PtrType,
    RefType,
    TupleType,
    Type,
)
from altru_ir.variance import BI, CO, CONTRA, INV, Variances, compose

NAMES = ("A", "B", "C")
PARAMETERS = ("'a", "'b")


def random_type(rng: random.Random, depth: int) -> Type:
    region = rng.choice((*PARAMETERS, INFERRED))
    if depth == 0:
        return rng.choice((I32, RefType(I32, False, region), RefType(I32, True, region)))
    inner = random_type(rng, depth - 1)
    return rng.choice(
        (
            RefType(inner, rng.random() < 0.5, region), PtrType(inner, rng.random() < 0.5), OwnType(inner), CellType(inner),
            GuardType(inner, region), GcType(inner), PhantomType(inner), TupleType((inner, random_type(rng, depth - 1))),
            FunctionType((), (inner,), I32), FunctionType((), (), RefType(I32, False, rng.choice(PARAMETERS))),
            NamedType(rng.choice(NAMES), tuple(rng.choice(PARAMETERS) for _ in PARAMETERS)),
        )
    )  # fmt: skip


def random_module(seed: int) -> Module:
    rng = random.Random(seed)
    module = Module()
    for name in NAMES:
        members = [Field(f"f{at}", random_type(rng, rng.randint(0, 3))) for at in range(rng.randint(0, 3))]
        module.add(TypeDeclaration("struct", name, members, regions=PARAMETERS))
    return module


def opened(type: Type, variance: int, names: dict[str, str], module: Module, depth: int) -> dict[str, int]:
    """What a type says about the regions of the outermost declaration, with named types opened ``depth`` times."""
    found: dict[str, int] = {}

    def add(more: dict[str, int]) -> None:
        for region, each in more.items():
            found[region] = found.get(region, BI) | each

    def say(region: str) -> None:
        if region in names:
            add({names[region]: variance})

    def inside(inner: Type, step: int) -> None:
        add(opened(inner, compose(variance, step), names, module, depth))

    if isinstance(type, NamedType):
        if depth:
            given = {p: names[r] for p, r in zip(PARAMETERS, type.regions) if r in names}
            for member in module.types[type.name].members:
                add(opened(member.type, variance, given, module, depth - 1))
    elif isinstance(type, FunctionType):
        for parameter in type.parameters:
            inside(parameter, CONTRA)
        inside(type.result, CO)
    elif isinstance(type, TupleType):
        for element in type.elements:
            inside(element, CO)
    elif isinstance(type, RefType):
        say(type.region)
        inside(type.target, INV if type.mutable else CO)
    elif isinstance(type, GuardType):
        say(type.region)
        inside(type.target, INV)
    elif isinstance(type, PtrType):
        inside(type.target, INV if type.mutable else CO)
    elif isinstance(type, (CellType, GcType, AtomicType)):
        inside(type.target, INV)
    elif isinstance(type, (OwnType, PhantomType)):
        inside(type.target, CO)
    return found


@pytest.mark.parametrize("seed", range(150))
def test_the_least_solution_is_what_opening_gives(seed: int) -> None:
    module = random_module(seed)
    variances = Variances(module)
    for name in NAMES:
        whole: dict[str, int] = {}
        for member in module.types[name].members:  # a chain of growing variances is no longer than 2 for each parameter
            for region, each in opened(member.type, CO, {p: p for p in PARAMETERS}, module, 4).items():
                whole[region] = whole.get(region, BI) | each
        assert variances.parameters(name)[:2] == [whole.get(p, BI) or CO for p in PARAMETERS]


def test_the_laws_of_composition() -> None:
    every = (BI, CO, CONTRA, INV)
    for a, b, c in itertools.product(every, repeat=3):
        assert compose(a, compose(b, c)) == compose(compose(a, b), c)
        assert compose(a, b | c) == compose(a, b) | compose(a, c)
    assert [compose(CO, each) for each in every] == [compose(each, CO) for each in every] == list(every)


MODULE = """
altru 1
module @m
struct @Loud<'a> { n: i32, log: ref<'a, cell<i32>> } drop @Loud.drop
struct @Lax<'a, 'b> { x: ref<'a, i32>, y: ref<'b, i32> } drop @Lax.drop {may_dangle = "'a"}
struct @Holds<'x, 'y> { loud: own<@Loud<'y>>, seen: ref<'x, @Loud<'x>> }
struct @List<'a> { value: ref<'a, i32>, next: @Next<'a> }
enum @Next<'a> { None, Some(own<@List<'a>>) }
struct @Deep<'a, 'b> { inner: @Wrapped<'b, 'a>, next: @Chain<'a, 'b> }
struct @Wrapped<'p, 'q> { r: ref<'p, mut ref<'q, i32>> }
enum @Chain<'a, 'b> { None, More(own<@Deep<'a, 'b>>) }
struct @Quiet { text: ref<[? x i8]>, next: ref<@Quiet> }
struct @Both { first: @Quiet, name: ref<'static, [? x i8]> }
func @Loud.drop(%self: ref<mut @Loud>)
func @Lax.drop(%self: ref<mut @Lax>)
func @one(%x: ref<i32>, %n: i32) -> ref<i32>
func @named<'a, 'b: 'a>(%x: ref<'a, i32>, %y: ref<'b, i32>) -> ref<'a, i32>
func @nested<'a, 'b>(%x: ref<'a, mut @Loud<'b>>) -> ref<'b, cell<i32>>
func @two(%x: ref<i32>, %y: ref<i32>) -> ref<i32>
func @taken(%f: fn(ref<i32>) -> ref<i32>, %x: ref<i32>) -> ref<i32>
"""


def test_slots_members_and_drops() -> None:
    module = air.parse(MODULE)
    regions = Regions(module)
    whole = NamedType("Holds", ("'p", "'q"))
    assert regions.slots(whole).regions == ("'p", "'q")
    assert regions.slots(whole).variances == (CO, CO)
    assert regions.member(whole, "loud") == (1,)
    assert regions.member(whole, "seen") == (0, 0)
    assert regions.drops(whole) == (1,)  # what is only seen is not dropped
    assert regions.drops(NamedType("Lax")) == (1,)
    assert regions.drops(NamedType("List")) == ()
    assert regions.drops(OwnType(NamedType("Loud"), "'h")) == (0, 1)
    assert regions.drops(RefType(NamedType("Loud"))) == ()


def test_what_is_elided_in_a_declaration_is_one_region_more() -> None:
    regions = Regions(air.parse(MODULE))
    assert regions.slots(NamedType("Quiet")).regions == (INFERRED,)
    assert regions.member(NamedType("Quiet"), "next") == (0, 0)
    assert regions.count(NamedType("Both")) == 1
    assert regions.member(NamedType("Both"), "name") == (IS_STATIC,)


def test_signatures() -> None:
    module = air.parse(MODULE)
    regions = Regions(module)

    def of(name: str) -> object:
        return signature_of(module.functions[name], regions)

    one, named, nested, taken = of("one"), of("named"), of("nested"), of("taken")
    assert (one.parameters, one.result, one.unclear) == (((1,), ()), (1,), False)
    assert (named.parameters, named.result) == (((1,), (2,)), (1,))
    assert named.outlives == named.declared == ((2, 1),)
    assert nested.outlives == ((2, 1),)  # a reference cannot outlive what it leads to
    assert nested.declared == ()
    assert of("two").unclear
    assert taken.result == taken.parameters[1] == (1,)  # a function type's regions are its own
    assert all(code < 0 for code in taken.parameters[0])


def test_members_imply_clauses() -> None:
    regions = Regions(air.parse(MODULE))
    assert clauses_of("Wrapped", regions) == {(1, 0)}
    assert clauses_of("Deep", regions) == clauses_of("Chain", regions) == {(0, 1)}
    assert clauses_of("Lax", regions) == frozenset()
    assert list(implied(RefType(NamedType("Wrapped", ("'x", "'y")), False, "'z"), regions)) == [(1, 0), (2, 0), (2, 1)]
