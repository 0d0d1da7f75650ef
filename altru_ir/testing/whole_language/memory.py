"""Snippets of memory that a function sees: places, slices, raw memory, globals."""

from __future__ import annotations

from altru_ir.testing.whole_language.families import snippet
from altru_ir.testing.whole_language.writer import Writer

# -- places -----------------------------------------------------------------------------------------------------------


@snippet("places")
def _local(w: Writer) -> str:
    place = w.op("local : i64", "x")
    w.do(f"init {place}, {w.integer()}")
    how = w.choose.randrange(4)
    if how == 0:
        w.do(f"assign {place}, {w.integer()}")
        result = w.load(place)
    elif how == 1:
        old = w.op(f"exchange {place}, {w.integer()}")
        result = w.op(f"sub {old}, {w.load(place)}")
    elif how == 2:
        old = w.call("advance", f"{w.borrow_mut(place)}, {w.integer()}")
        result = w.op(f"xor {old}, {w.op(f'load {place} {{volatile}}')}")
    else:
        result = w.take(place)
    w.do(f"end {place}")
    return result


@snippet("places")
def _fields(w: Writer) -> str:
    place = w.op("local : @Nested", "s")
    pair = w.op(f"struct {w.integer()}, {w.narrow('i32')} : @Pair")
    tail = w.op(f"tuple {w.narrow('i16')}, {w.integer()}")
    head = w.narrow("i8")
    w.do(f"init {place}, {w.op(f'struct {head}, {pair}, {tail} : @Nested')}")
    inner = w.op(f"field {place}, pair")
    r = w.borrow_mut(inner)
    again = w.deref(r)
    a = w.op(f"field {again}, a")
    w.do(f"assign {a}, {w.integer()}")
    s = w.borrow(a)
    result = w.load(w.deref(s))
    w.do(f"end {place}")
    return result


@snippet("places")
def _reference_in_place(w: Writer) -> str:
    """A path through a reference that is itself in memory."""
    x = w.op("local : i64", "x")
    w.do(f"init {x}, {w.integer()}")
    holder = w.op("local : ref<i64>", "h")
    w.do(f"init {holder}, {w.borrow(x)}")
    result = w.load(w.deref(holder))
    w.do(f"end {holder}")
    w.do(f"end {x}")
    return result


# -- slices -----------------------------------------------------------------------------------------------------------


@snippet("slices")
def _slice(w: Writer) -> str:
    n = w.choose.randint(3, 6)
    place = w.array(n)
    w.do(f"assign {w.elem(place, w.small(n))}, {w.integer()}")
    r = w.op(f"unsize {w.borrow(place)} : ref<[? x i64]>")
    if w.choose.random() < 0.5:
        seq = w.deref(r)
        low = w.small(n)
        high = w.op(f"umax {low}, {w.small(n)}")
        r = w.borrow(w.op(f"subrange {seq}, {low}, {high}"))
    length = w.wide(w.op(f"slice.len {r}"), "usize")
    return w.op(f"add {length}, {w.call('sum', r)}")


@snippet("slices")
def _filled(w: Writer) -> str:
    place = w.array(4)
    whole = w.op(f"subrange {place}, {w.size(1)}, {w.size(w.choose.randint(1, 4))}")
    w.do(f"call @fill({w.borrow_mut(whole)}, {w.integer()})")
    s = w.op(f"unsize {w.borrow(place)} : ref<[? x i64]>")
    return w.call("sum", s)


@snippet("slices")
def _view(w: Writer) -> str:
    place = w.op("local : [2 x 3 x i64]", "m")
    w.do(f"init {place}, {w.op('const [[1, 2, 3], [4, 5, 6]] : [2 x 3 x i64]')}")
    w.do(f"assign {w.elem(place, w.small(2), w.small(3))}, {w.integer()}")
    v = w.op(f"unsize {w.borrow(place)} : ref<[? x ? x i64]>")
    seq = w.deref(v)
    e = w.load(w.elem(seq, w.small(2), w.small(3)))
    width = w.wide(w.op(f"dim {seq}, {w.choose.randrange(2)}"), "usize")
    if w.choose.random() < 0.5:
        flat = w.op(f"slice.from_raw {w.op(f'slice.ptr {v}')}, {w.size(6)} unsafe : ref<[? x i64]>")
        e = w.op(f"xor {e}, {w.call('sum', flat)}")
    return w.op(f"mul {e}, {width}")


# -- raw memory -------------------------------------------------------------------------------------------------------


@snippet("raw")
def _block(w: Writer) -> str:
    size = w.op(f"mul {w.op('size_of i64')}, {w.size(4)}")
    p = w.op(f"alloc {size} : ptr<mut i64>", "p")
    for k in range(4):
        place = w.deref(w.offset(p, w.size(k)), unsafe=True)
        w.do(f"init {place}, {w.integer()}")
    if w.choose.random() < 0.5:
        w.do(f"check.nonnull {p}")
        w.do(f"check.align {p}, 8")
    i = w.small(4)
    result = w.load(w.deref(w.offset(p, i), unsafe=True))
    apart = w.op(f"sub {w.op(f'ptr.addr {w.offset(p, i)}')}, {w.op(f'ptr.addr {p}')}")
    if w.choose.random() < 0.4:
        ok, failed, join = w.name("ok"), w.name("failed"), w.name("join")
        q, last = "%" + w.name("q"), "%" + w.name("p")
        w.do(f"realloc {p}, {w.size(800)}, ^{ok}, ^{failed} unsafe")
        w.label(ok, f"({q}: ptr<mut i64>)")
        more = w.load(w.deref(q, unsafe=True))
        w.do(f"br ^{join}({q}, {more})")
        w.label(failed)
        w.do(f"br ^{join}({p}, {result})")
        extra = "%" + w.name()
        w.label(join, f"({last}: ptr<mut i64>, {extra}: i64)")
        p, result = last, w.op(f"add {result}, {extra}")
    w.do(f"free {p} unsafe")
    return w.op(f"add {result}, {w.wide(apart, 'usize')}")


@snippet("raw")
def _cast(w: Writer) -> str:
    x = w.op("local : i64", "x")
    w.do(f"init {x}, {w.integer()}")
    p = w.op(f"ref.to_ptr {w.borrow_mut(x)}")
    bytes = w.op(f"ptr.cast {p} : ptr<mut i8>")
    at = w.deref(w.offset(bytes, w.small(8)), unsafe=True)
    w.do(f"assign {at}, {w.narrow('i8')}")
    null = w.op("null : ptr<mut i64>")
    is_null = w.op(f"zext {w.op(f'icmp eq {p}, {null}')} : i64")
    result = w.op(f"add {w.load(w.deref(p, unsafe=True))}, {is_null}")
    w.do(f"end {x}")
    return result


@snippet("raw")
def _unset(w: Writer) -> str:
    """Storage that holds nothing until it is stored to."""
    x = w.op("local : uninit<i64>", "x")
    w.do(f"init {x}, {w.integer()}")
    result = w.load(w.op(f"assume_init {x} unsafe"))
    w.do(f"end {x}")
    return result


@snippet("globals")
def _globals(w: Writer) -> str:
    how = w.choose.randrange(3)
    if how == 0:
        seq = w.deref(w.op("global.ref @table"))
        return w.load(w.elem(seq, w.small(5)))
    if how == 1:
        seq = w.op("global @text")
        return w.wide(w.load(w.elem(seq, w.small(7))), "i8")
    place = w.op("global @counter unsafe")
    old = w.load(place)
    w.do(f"assign {place}, {w.op(f'add {old}, {w.integer()}')}")
    return old
