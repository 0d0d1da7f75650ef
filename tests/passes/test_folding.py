"""Folding against the interpreter: an operation on constants, and each identity on all values of narrow types."""

from __future__ import annotations

import itertools
import math
import random
import struct

import pytest

import altru_ir as air
from altru_ir import backend, passes
from altru_ir.passes.transform.folding import RULES

BINARY = [
    "add", "sub", "mul", "and", "or", "xor", "shl", "lshr", "ashr", "rotl", "rotr", "sdiv", "udiv", "srem", "urem", "smin",
    "smax", "umin", "umax", "sadd.checked", "ssub.checked", "smul.checked", "uadd.checked", "usub.checked", "umul.checked",
    "shl.checked", "lshr.checked", "ashr.checked",
]  # fmt: skip
PREDICATES = ["eq", "ne", "ult", "ule", "ugt", "uge", "slt", "sle", "sgt", "sge"]


def answer(m: air.Module, *arguments: int | float) -> object:
    try:
        return backend.interpret(m, "f", list(arguments))
    except air.Panic as panic:
        return str(panic)
    except air.MemoryFault as fault:
        return fault.kind


def folded(text: str) -> tuple[air.Module, air.Module]:
    before = air.parse(text)
    after = before.clone()
    passes.run(after, "canonicalize", verify_each=True)
    return before, after


def compare(text: str, *arguments: int | float) -> air.Module:
    before, after = folded(text)
    wanted, found = answer(before, *arguments), answer(after, *arguments)
    if wanted == "ALT-C005":  # undefined before: anything may follow
        return after
    if isinstance(wanted, float) and isinstance(found, float):
        assert struct.pack("<d", wanted) == struct.pack("<d", found) or (math.isnan(wanted) and math.isnan(found)), text
    else:
        assert wanted == found, text
    return after


@pytest.mark.parametrize("width", [1, 8, 64, 128])
def test_integers(width: int) -> None:
    choose = random.Random(width)
    special = [0, 1, -1, (1 << (width - 1)) - 1, -(1 << (width - 1)), 3 % (1 << width - 1) if width > 1 else 0]
    for name in BINARY + [f"icmp {p}" for p in PREDICATES]:
        for _ in range(8):
            a, b = (choose.choice([*special, choose.getrandbits(width) - (1 << (width - 1))]) for _ in "ab")
            a, b = max(a, -(1 << (width - 1))), max(b, -(1 << (width - 1)))
            result = "i1" if name.startswith("icmp") else f"i{width}"
            compare(
                f"func @f() -> {result} {{\n^entry:\n  %a = const {int(a)} : i{width}\n  %b = const {int(b)} : i{width}\n"
                f"  %r = {name} %a, %b\n  ret %r\n}}\n"
            )


def test_identities_on_all_bytes() -> None:
    """One operand a constant (either side), or both the same value: every byte for the other."""
    values = [0, 1, 2, 7, 8, 127, -128, -1]
    for name in BINARY + [f"icmp {p}" for p in PREDICATES]:
        result = "i1" if name.startswith("icmp") else "i8"
        forms = [f"  %k = const {k} : i8\n  %r = {name} {order}\n" for k in values for order in ("%x, %k", "%k, %x")]
        for form in [*forms, f"  %r = {name} %x, %x\n"]:
            text = f"func @f(%x: i8) -> {result} {{\n^entry:\n{form}  ret %r\n}}\n"
            before, after = folded(text)
            for x in (0, 1, 2, 3, 7, 8, 9, 64, 126, 127, -128, -127, -2, -1):
                wanted = answer(before, x)
                assert wanted in (answer(after, x), "ALT-C005"), (text, x)


def test_pairs_of_operations() -> None:
    """Two operations with constants between them: what is put together and what undoes what."""
    names = ["add", "sub", "mul", "and", "or", "xor", "smin", "umax", "shl", "lshr"]
    choose = random.Random(5)
    for first, second in itertools.product(names, names):
        for form in ("%x, %k|%t, %l", "%k, %x|%t, %l", "%x, %y|%t, %y", "%x, %y|%y, %t", "%x, %k|%l, %t", "%y, %x|%t, %x"):
            one, two = form.split("|")
            k, other = choose.choice([0, 1, -1, 5, 100, -128]), choose.choice([0, 1, -1, 5, 100, -128])
            text = (
                f"func @f(%x: i8, %y: i8) -> i8 {{\n^entry:\n  %k = const {k} : i8\n  %l = const {other} : i8\n"
                f"  %t = {first} {one}\n  %r = {second} {two}\n  ret %r\n}}\n"
            )
            before, after = folded(text)
            for x, y in ((0, 0), (1, 7), (-1, 3), (127, -128), (-128, -1), (77, -77)):
                assert answer(before, x, y) == answer(after, x, y), (text, x, y)


FLOATS = [0.0, -0.0, 1.0, -1.5, 2.5, 0.5, 3.4e38, 1e300, 5e-324, 1e-45, math.inf, -math.inf, 16777217.0]


@pytest.mark.parametrize("type", ["f32", "f64"])
def test_floats(type: str) -> None:
    names = ["fadd", "fsub", "fmul", "fdiv", "frem", "fmin", "fmax", "copysign"]
    values = [v for v in FLOATS if type == "f64" or math.isinf(v) or abs(v) < 3.4e38]
    choose = random.Random(type)
    for name in names:
        for a, b in choose.sample(list(itertools.product(values, values)), 40):
            known = f"  %a = const {literal(a)} : {type}\n  %b = const {literal(b)} : {type}\n  %r = {name} %a, %b\n"
            compare(f"func @f() -> {type} {{\n^entry:\n{known}  ret %r\n}}\n")
        for k in (0.0, -0.0, 1.0, -1.0, math.inf):
            for order in ("%x, %k", "%k, %x", "%x, %x"):
                form = f"  %k = const {literal(k)} : {type}\n  %r = {name} {order}\n"
                before, after = folded(f"func @f(%x: {type}) -> {type} {{\n^entry:\n{form}  ret %r\n}}\n")
                for x in (0.0, -0.0, 1.0, -2.5, math.inf, -math.inf, math.nan):
                    one, two = answer(before, x), answer(after, x)
                    assert isinstance(one, float)
                    assert isinstance(two, float)
                    same = struct.pack("<d", one) == struct.pack("<d", two)
                    assert same or (math.isnan(one) and math.isnan(two)), (name, order, k, x, one, two)


def literal(value: float) -> str:
    from altru_ir.text.spelling import spell_literal

    return spell_literal(value)


@pytest.mark.parametrize("name", ["fneg", "fabs", "fsqrt", "ffloor", "fceil", "ftrunc", "fround"])
def test_unary_floats(name: str) -> None:
    for inner in ("fneg", "fabs", "ffloor", name):
        before, after = folded(f"func @f(%x: f64) -> f64 {{\n^entry:\n  %y = {inner} %x\n  %r = {name} %y\n  ret %r\n}}\n")
        for x in (0.0, -0.0, 0.5, -0.5, 2.5, -1.25, math.inf, -math.inf):
            one, two = answer(before, x), answer(after, x)
            assert isinstance(one, float)
            assert isinstance(two, float)
            assert struct.pack("<d", one) == struct.pack("<d", two) or (math.isnan(one) and math.isnan(two))
    for x in FLOATS:
        compare(f"func @f() -> f64 {{\n^entry:\n  %x = const {literal(x)} : f64\n  %r = {name} %x\n  ret %r\n}}\n")


def test_casts() -> None:
    """All chains of two casts between widths, on values that are cut and extended; and casts of constants."""
    widths = ["i1", "i8", "i32", "usize", "i64", "i128"]
    bits = {"i1": 1, "i8": 8, "i32": 32, "usize": 64, "i64": 64, "i128": 128}

    def casts(a: str, b: str) -> list[str]:
        if a == b:
            return []
        narrower, wider = bits[b] <= bits[a], bits[b] >= bits[a]
        same = bits[a] == bits[b]
        return [*(["trunc"] if narrower or same else []), *(["zext", "sext"] if wider or same else [])]

    for a, b, c in itertools.product(widths, repeat=3):
        for one in casts(a, b):
            for two in casts(b, c):
                before, after = folded(
                    f"func @f(%x: {a}) -> {c} {{\n^entry:\n  %y = {one} %x : {b}\n  %r = {two} %y : {c}\n  ret %r\n}}\n"
                )
                for x in (0, 1, (1 << (bits[a] - 1)) - 1, -1, -(1 << (bits[a] - 1)), 0x1234567 % (1 << (bits[a] - 1) or 1)):
                    given = x % (1 << bits[a]) if a in ("usize", "i1") else x
                    assert answer(before, given) == answer(after, given), (a, one, b, two, c, x)
    for x in (0.0, -0.0, 1.5, -2.5, 1e20, -1e20, math.inf, 1e-300):
        for name in ("fptosi", "fptoui"):
            for width in (1, 8, 64, 128):
                body = f"^e:\n  %x = const {literal(x)} : f64\n  %r = {name} %x : i{width}\n  ret %r\n"
                after = compare(f"func @f() -> i{width} {{\n{body}}}\n")
                assert name not in str(after)
    for x in (0, 1, -1, 16777217, 2**53 + 1, -(2**63)):
        for name in ("sitofp", "uitofp"):
            for to in ("f32", "f64"):
                compare(f"func @f() -> {to} {{\n^e:\n  %x = const {x} : i64\n  %r = {name} %x : {to}\n  ret %r\n}}\n")


def test_every_rule_has_an_operation() -> None:
    from altru_ir.declare import table

    assert set(RULES) <= set(table())
