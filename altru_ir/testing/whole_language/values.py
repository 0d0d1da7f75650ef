"""Snippets of calls, and of values made of parts: structs, tuples, arrays, unions, enums."""

from __future__ import annotations

from altru_ir.testing.whole_language.families import snippet
from altru_ir.testing.whole_language.writer import Writer

# -- calls ------------------------------------------------------------------------------------------------------------


@snippet("calls")
def _direct(w: Writer) -> str:
    if w.earlier and w.choose.random() < 0.7:
        return w.op(f"call @{w.choose.choice(w.earlier)}({w.integer()}, {w.integer()})", "r")
    return w.call(w.choose.choice(["twice", "negate"]), w.integer())


@snippet("calls")
def _indirect(w: Writer) -> str:
    f, g = w.op("func.ref @twice"), w.op("func.ref @negate")
    return w.op(f"call {w.op(f'select {w.flag()}, {f}, {g}')}({w.integer()})")


@snippet("calls")
def _recursive(w: Writer) -> str:
    return w.call("fact", w.small(12, "i64"))


# -- values made of parts ---------------------------------------------------------------------------------------------


@snippet("aggregates")
def _nested(w: Writer) -> str:
    pair = w.op(f"struct {w.integer()}, {w.narrow('i32')} : @Pair")
    tail = w.op(f"tuple {w.narrow('i16')}, {w.integer()}")
    whole = w.op(f"struct {w.narrow('i8')}, {pair}, {tail} : @Nested")
    member = w.choose.choice(["head", "pair", "tail"])
    part = w.op(f"extract {whole}, {member}")
    if member == "head":
        return w.wide(part, "i8")
    return w.op(f"extract {part}, {'a' if member == 'pair' else '1'}")


@snippet("aggregates")
def _taken_apart(w: Writer) -> str:
    if w.choose.random() < 0.5:
        a = w.op(f"array {w.integer()}, {w.integer()}, {w.integer()}")
        names = ["%" + w.name() for _ in range(3)]
        w.do(f"{', '.join(names)} = destructure {a}")
        return w.choose.choice(names)
    pair = w.op(f"struct {w.integer()}, {w.narrow('i32')} : @Pair")
    a, b = "%" + w.name(), "%" + w.name()
    w.do(f"{a}, {b} = destructure {pair}")
    return w.op(f"add {a}, {w.wide(b, 'i32')}")


@snippet("aggregates")
def _union(w: Writer) -> str:
    u = w.op(f"union whole, {w.integer()} : @Word")
    place = w.op("local : @Word", "u")
    w.do(f"init {place}, {u}")
    member = w.choose.choice(["whole", "half", "bytes"])
    part = w.op(f"field {place}, {member}")
    if member == "bytes":
        part = w.elem(part, w.small(8))
        result = w.wide(w.load(part), "i8")
    else:
        result = w.wide(w.load(part), "i64" if member == "whole" else "i32")
    w.do(f"end {place}")
    return result


@snippet("aggregates")
def _sizes(w: Writer) -> str:
    whole, align = w.op(f"size_of {w.choose.choice(['@Nested', '@Shape', 'i128'])}"), w.op("align_of @Nested")
    return w.wide(w.op(f"mul {w.op(f'add {whole}, {align}')}, {w.op('offset_of @Nested, tail')}"), "usize")


@snippet("enums")
def _option(w: Writer) -> str:
    o = w.op(f"enum Some, {w.integer()} : @Option") if w.choose.random() < 0.6 else w.op("enum None : @Option")
    if w.choose.random() < 0.3:
        return w.wide(w.op(f"discriminant {o}"), "i32")
    some, none, join = w.name("some"), w.name("none"), w.name("join")
    value, result, other = "%" + w.name(), "%" + w.name(), w.integer()
    w.do(f"switch_enum {o}, Some ^{some}, None ^{none}({other})")
    w.label(some, f"({value}: i64)")
    w.do(f"br ^{join}({value})")
    given = "%" + w.name()
    w.label(none, f"({given}: i64)")
    w.do(f"br ^{join}({given})")
    w.label(join, f"({result}: i64)")
    return result


@snippet("enums")
def _shape_in_place(w: Writer) -> str:
    place = w.op("local : @Shape", "s")
    kind = w.choose.randrange(4)
    if kind == 0:
        made = w.op("enum Point : @Shape")
    elif kind == 1:
        made = w.op(f"enum Circle, {w.narrow('i32')} : @Shape")
    elif kind == 2:
        made = w.op(f"enum Box, {w.op(f'tuple {w.integer()}, {w.integer()}')} : @Shape")
    else:
        number = w.narrow("i32")
        made = w.op(f"enum Named, {w.op(f'struct {w.integer()}, {number} : @Pair')} : @Shape")
    w.do(f"init {place}, {made}")
    circle, named, rest, join = (w.name(n) for n in ("circle", "named", "rest", "join"))
    zero = w.integer()
    w.do(f"switch_enum {place}, Circle ^{circle}, Named ^{named}, ^{rest}")
    w.label(circle)
    c = w.wide(w.load(w.op(f"variant {place}, Circle")), "i32")
    w.do(f"br ^{join}({c})")
    w.label(named)
    payload = w.op(f"variant {place}, Named")
    n = w.load(w.op(f"field {payload}, a"))
    w.do(f"br ^{join}({n})")
    w.label(rest)
    d = w.wide(w.op(f"discriminant {place}"), "i32")
    sum = w.op(f"add {d}, {zero}")
    w.do(f"br ^{join}({sum})")
    result = "%" + w.name()
    w.label(join, f"({result}: i64)")
    w.do(f"end {place}")
    return result
