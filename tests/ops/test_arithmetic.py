"""Every scalar operation at every width, at O0 and O3, on edges and random operands, against the Python twin.

``i128`` values are put together from and taken apart into words inside the tested functions.
"""

from __future__ import annotations

import math
import random
import struct
from functools import cache
from typing import Any

import pytest

import altru_ir as air
from altru_ir import backend, scalars
from altru_ir.ops.arith import FLOAT_PREDICATES, INTEGER_PREDICATES

WIDTHS = (8, 16, 32, 64, 128)
BINARY = (
    "add", "sub", "mul", "and", "or", "xor", "shl", "lshr", "ashr", "rotl", "rotr", "sdiv", "udiv", "srem", "urem", "smin",
    "smax", "umin", "umax",
)  # fmt: skip
CHECKED = (
    *(f"{s}{o}.checked" for s in "su" for o in ("add", "sub", "mul")), "shl.checked", "lshr.checked", "ashr.checked",
)  # fmt: skip
UNARY = ("clz", "ctz", "popcount", "bswap")
FLOAT_BINARY = ("fadd", "fsub", "fmul", "fdiv", "frem", "fmin", "fmax", "copysign")
FLOAT_UNARY = ("fneg", "fabs", "fsqrt", "ffloor", "fceil", "ftrunc", "fround")


def mangled(name: str) -> str:
    return name.replace(".", "_")


def integer_function(name: str, bits: int, operands: int) -> str:
    """A function of words: two for each operand; the last parameter says which word of the result is wanted."""
    type = f"i{bits}"
    lines = [f"func @{mangled(name)}_{bits}(%a0: i64, %a1: i64, %b0: i64, %b1: i64, %which: i64) -> i64 {{", "^entry:"]
    for v in "ab":
        if bits == 128:
            lines += [f"  %{v}l = zext %{v}0 : i128", f"  %{v}h = zext %{v}1 : i128", f"  %{v}s = const 64 : i128",
                      f"  %{v}x = shl %{v}h, %{v}s", f"  %{v} = or %{v}l, %{v}x"]  # fmt: skip
        elif bits == 64:
            lines += [f"  %{v}n = const 0 : i64", f"  %{v} = or %{v}0, %{v}n"]
        else:
            lines.append(f"  %{v} = trunc %{v}0 : {type}")
    if name.startswith("icmp"):
        lines += [f"  %t = icmp {name[5:]} %a, %b", "  %r = zext %t : i64", "  ret %r", "}"]
        return "\n".join(lines).replace(f"@{mangled(name)}", f"@icmp_{name[5:]}")
    lines.append(f"  %r = {name} {'%a, %b' if operands == 2 else '%a'}")
    if bits == 128:
        lines += ["  %sixty4 = const 64 : i128", "  %w = zext %which : i128", "  %by = mul %w, %sixty4",
                  "  %moved = lshr %r, %by", "  %out = trunc %moved : i64", "  ret %out"]  # fmt: skip
    else:
        lines += ["  ret %r"] if bits == 64 else ["  %out = zext %r : i64", "  ret %out"]
    return "\n".join([*lines, "}"])


def float_function(name: str, bits: int, operands: int) -> str:
    """A function of bit patterns."""
    word = f"i{bits}"
    lines = [f"func @{mangled(name).replace(' ', '_')}_{bits}(%p: i64, %q: i64) -> i64 {{", "^entry:"]
    for v, source in (("a", "p"), ("b", "q")):
        lines.append(f"  %{v}w = trunc %{source} : {word}" if bits == 32 else f"  %{v}w = rotl %{source}, %{source}0")
        if bits == 64:
            lines.insert(-1, f"  %{source}0 = const 0 : i64")
        lines.append(f"  %{v} = bitcast %{v}w : f{bits}")
    lines.append(f"  %r = {name} {'%a, %b' if operands == 2 else '%a'}")
    if name.startswith("fcmp"):
        lines += ["  %out = zext %r : i64", "  ret %out", "}"]
        return "\n".join(lines)
    lines.append(f"  %rw = bitcast %r : {word}")
    lines += ["  %out = zext %rw : i64", "  ret %out"] if bits == 32 else ["  ret %rw"]
    return "\n".join([*lines, "}"])


@cache
def library(opt: int) -> Any:
    functions = [integer_function(n, b, 2) for b in WIDTHS for n in (*BINARY, *CHECKED)]
    functions += [integer_function(n, b, 1) for b in WIDTHS for n in UNARY]
    functions += [integer_function(f"icmp {p}", b, 2) for b in WIDTHS for p in INTEGER_PREDICATES]
    functions += [float_function(n, b, 2) for b in (32, 64) for n in FLOAT_BINARY]
    functions += [float_function(n, b, 1) for b in (32, 64) for n in FLOAT_UNARY]
    functions += [float_function(f"fcmp {p}", b, 2) for b in (32, 64) for p in FLOAT_PREDICATES]
    return backend.compile(air.parse("\n\n".join(functions)), opt=opt)


def integers(bits: int, count: int) -> list[int]:
    choose = random.Random(bits)
    mask = (1 << bits) - 1
    edges = [0, 1, 2, 3, mask, mask - 1, 1 << (bits - 1), (1 << (bits - 1)) - 1, bits, bits - 1, bits + 1, mask // 3]
    return [e & mask for e in edges] + [choose.getrandbits(bits) for _ in range(count)]


def words(value: int) -> tuple[int, int]:
    def signed(word: int) -> int:
        return word - (1 << 64) if word >> 63 else word

    return signed(value & (1 << 64) - 1), signed(value >> 64)


@pytest.mark.parametrize("opt", [0, 3])
@pytest.mark.parametrize("bits", WIDTHS)
def test_integers(bits: int, opt: int) -> None:
    compiled = library(opt)
    values = integers(bits, 6)
    for name in (*BINARY, *CHECKED):
        function = compiled[f"{mangled(name)}_{bits}"]
        for a in values:
            for b in values:
                try:
                    wanted = scalars.integer(name, bits, a, b)
                except scalars.Panics:
                    continue  # it would end this process: tests/ops/panics.air
                for which in range(1 + (bits == 128)):
                    given = function(*words(a), *words(b), which) % (1 << 64)
                    assert given == wanted >> 64 * which & (1 << 64) - 1, (name, bits, a, b)
    for predicate in INTEGER_PREDICATES:
        function = compiled[f"icmp_{predicate}_{bits}"]
        for a in values:
            for b in values:
                assert function(*words(a), *words(b), 0) == scalars.compare(predicate, bits, a, b), (predicate, bits, a, b)
    for name in UNARY:
        function = compiled[f"{name}_{bits}"]
        for a in values:
            for which in range(1 + (bits == 128)):
                given = function(*words(a), 0, 0, which) % (1 << 64)
                assert given == scalars.integer(name, bits, a) >> 64 * which & (1 << 64) - 1, (name, bits, a)


def to_bits(value: float, bits: int) -> int:
    return int.from_bytes(struct.pack("<f" if bits == 32 else "<d", value), "little", signed=bits == 64)


def from_bits(word: int, bits: int) -> float:
    data = (word % (1 << bits)).to_bytes(bits // 8, "little")
    return float(struct.unpack("<f" if bits == 32 else "<d", data)[0])


def floats(bits: int) -> list[float]:
    choose = random.Random(bits)
    edges = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        1.5,
        2.5,
        -2.5,
        1e-310,
        3.4e38,
        1e300,
        math.inf,
        -math.inf,
        math.nan,
        4503599627370497.5,
    ]
    values = edges + [choose.uniform(-1e3, 1e3) for _ in range(6)]
    return [scalars.round32(v) for v in values] if bits == 32 else values


def same(a: float, b: float) -> bool:
    return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))


@pytest.mark.parametrize("opt", [0, 3])
@pytest.mark.parametrize("bits", [32, 64])
def test_floats(bits: int, opt: int) -> None:
    compiled = library(opt)
    values = floats(bits)
    for name in (*FLOAT_BINARY, *FLOAT_UNARY):
        function = compiled[f"{name}_{bits}"]
        for a in values:
            for b in values if name in FLOAT_BINARY else [0.0]:
                given = from_bits(function(to_bits(a, bits), to_bits(b, bits)), bits)
                wanted = scalars.floating(name, bits, a, b)
                if name in ("fneg", "fabs", "copysign") and math.isnan(a):
                    continue  # the sign of a NaN is kept, which Python does not show
                if name == "copysign" and math.isnan(b):
                    continue
                assert same(given, wanted), (name, bits, a, b, given, wanted)
    for predicate in FLOAT_PREDICATES:
        function = compiled[f"fcmp_{predicate}_{bits}"]
        for a in values:
            for b in values:
                assert function(to_bits(a, bits), to_bits(b, bits)) == scalars.compare_floats(predicate, a, b), (
                    predicate,
                    a,
                    b,
                )


@pytest.mark.parametrize("opt", [0, 3])
def test_casts(opt: int) -> None:
    cases = []
    for source in (32, 64):
        for target in (8, 16, 32, 64):
            for name in ("fptosi", "fptoui"):
                cases.append((name, f"f{source}", f"i{target}"))
                cases.append((name.replace("fpto", "") + "tofp", f"i{target}", f"f{source}"))
    text = "\n".join(
        f"func @{name}_{source}_{target}(%a: {source}) -> {target} {{\n^entry:\n  %r = {name} %a : {target}\n  ret %r\n}}"
        for name, source, target in cases
    )
    compiled = backend.compile(air.parse(text), opt=opt)
    for name, source, target in cases:
        function = compiled[f"{name}_{source}_{target}"]
        bits = int((target if name.startswith("fp") else source)[1:])
        if name.startswith("fp"):
            for value in floats(int(source[1:])):
                wanted = scalars.to_integer(value, bits, name == "fptosi")
                assert function(value) % (1 << bits) == wanted, (name, source, target, value)
        else:
            for number in integers(bits, 8):
                exact = scalars.signed(number, bits) if name == "sitofp" else number
                wanted_float = float(exact)
                if target == "f32":
                    wanted_float = struct.unpack("<f", struct.pack("<f", exact))[0] if bits <= 32 else None
                given = function(scalars.signed(number, bits))
                if not (target == "f32" and bits == 64):
                    assert given == wanted_float, (name, source, target, number)
