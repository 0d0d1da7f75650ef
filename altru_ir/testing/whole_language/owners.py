"""Snippets of owners, on the heap and in homes, of destructors, and of what is erased (``dyn``)."""

from __future__ import annotations

from altru_ir.testing.whole_language.families import snippet
from altru_ir.testing.whole_language.writer import Writer


def _site(w: Writer) -> str:
    return w.choose.choice(["", "", " {slab}", " {system}", " {secure}", " {alignment = 64}"])


@snippet("owners")
def _boxed(w: Writer) -> str:
    o = w.op(f"new {w.integer()}{_site(w)} : own<i64>", "o")
    place = w.deref(o)
    if w.choose.random() < 0.5:
        w.do(f"assign {place}, {w.integer()}")
    result = w.load(place)
    how = w.choose.randrange(4)
    if how == 0:
        w.do(f"dealloc {o}")
    elif how == 1:
        p = w.op(f"own.into_ptr {o}")
        w.do(f"drop {w.op(f'own.from_ptr {p} unsafe : own<i64>')}")
    elif how == 2:
        w.do(f"drop {o}, if {w.op('const 1 : i1')}")
    else:
        w.do(f"drop {o}")
    return result


@snippet("owners")
def _owned_array(w: Writer) -> str:
    n = w.size(w.choose.randint(1, 5))
    xs = w.op(f"new.array {n}, {w.integer()}{_site(w)} : own<[? x i64]>", "xs")
    seq = w.deref(xs)
    w.do(f"assign {w.elem(seq, w.small(1))}, {w.integer()}")
    result = w.call("sum", w.borrow(seq))
    if w.choose.random() < 0.6:
        w.do(f"secure_zero {seq}")
        result = w.op(f"add {result}, {w.call('sum', w.borrow(seq))}")
    w.do(f"drop {xs}")
    return result


@snippet("owners")
def _owned_view(w: Writer) -> str:
    m = w.op(f"new.array {w.size(2)}, {w.size(3)}, {w.integer()} : own<[? x ? x i64]>", "m")
    seq = w.deref(m)
    w.do(f"assign {w.elem(seq, w.small(2), w.small(3))}, {w.integer()}")
    result = w.load(w.elem(seq, w.small(2), w.small(3)))
    w.do(f"drop {m}")
    return result


@snippet("owners")
def _held(w: Writer) -> str:
    """An owner in a struct in a local: taken out, exchanged, put back."""
    o = w.op(f"new {w.integer()} : own<i64>", "o")
    place = w.op("local : @Held", "h")
    w.do(f"init {place}, {w.op(f'struct {o}, {w.integer()} : @Held')}")
    item = w.op(f"field {place}, item")
    result = w.load(w.deref(item))
    how = w.choose.randrange(3)
    if how == 0:
        w.do(f"drop {w.take(item)}")
    elif how == 1:
        fresh = w.op(f"new {w.integer()} : own<i64>")
        old = w.op(f"exchange {item}, {fresh}")
        result = w.op(f"sub {result}, {w.load(w.deref(old))}")
        w.do(f"drop {old}")
    else:
        w.do(f"drop {w.take(item)}")
        w.do(f"init {item}, {w.op(f'new {w.integer()} : own<i64>')}")
        result = w.op(f"add {result}, {w.load(w.deref(item))}")
    w.do(f"end {place}")
    return result


@snippet("drops")
def _destructors(w: Writer) -> str:
    log, r = w.log()
    how = w.choose.randrange(6)
    if how == 0:
        w.do(f"drop {w.loud(r)}")
    elif how == 1:
        two = w.op(f"struct {w.loud(r)}, {w.loud(r)} : @Two")
        w.do(f"drop {w.op(f'new {two} : own<@Two>')}")
    elif how == 2:
        place = w.op("local : @Two", "t")
        w.do(f"init {place}, {w.op(f'struct {w.loud(r)}, {w.loud(r)} : @Two')}")
        part = w.choose.choice(["first", "second"])
        out = w.take(w.op(f"field {place}, {part}"))
        w.do(f"end {place}")
        w.do(f"drop {out}")
    elif how == 3:
        place = w.op("local : @Loud", "l")
        w.do(f"assign {place}, {w.loud(r)}")
        w.do(f"assign {place}, {w.loud(r)}")
        w.do(f"{w.choose.choice(['end', 'drop'])} {place}")
    elif how == 4:
        xs = w.op(f"array {w.loud(r)}, {w.loud(r)}, {w.loud(r)}")
        w.do(f"drop {xs}")
    else:
        value = w.loud(r)
        o = w.op(f"new {value} : own<@Loud>")
        out = w.take(w.deref(o))
        w.do(f"dealloc {o}")
        w.do(f"drop {out}")
    result = w.get(r)
    w.do(f"end {log}")
    return result


@snippet("drops")
def _choice(w: Writer) -> str:
    log, r = w.log()
    how = w.choose.randrange(3)
    if how == 0:
        made = w.op("enum Nothing : @Choice")
    elif how == 1:
        made = w.op(f"enum Value, {w.loud(r)} : @Choice")
    else:
        made = w.op(f"enum Boxed, {w.op(f'new {w.integer()} : own<i64>')} : @Choice")
    place = w.op("local : @Choice", "c")
    w.do(f"init {place}, {made}")
    if w.choose.random() < 0.5:
        value, other, join = w.name("value"), w.name("other"), w.name("join")
        w.do(f"switch_enum {place}, Value ^{value}, ^{other}")
        w.label(value)
        inner = w.op(f"variant {place}, Value")
        w.do(f"drop {w.take(inner)}")
        w.do(f"br ^{join}")
        w.label(other)
        w.do(f"br ^{join}")
        w.label(join)
    w.do(f"end {place}")
    result = w.get(r)
    w.do(f"end {log}")
    return result


@snippet("drops")
def _empties(w: Writer) -> str:
    """A destructor of a value without bytes, counted in a global."""
    e = w.op("struct : @Empty")
    w.do(f"drop {e}")
    return w.load(w.op("global @counter unsafe"))


@snippet("drops")
def _elements(w: Writer) -> str:
    log, r = w.log()
    xs = w.op(f"new.array {w.size(3)} : own<[? x uninit<@Loud>]>", "xs")
    seq = w.deref(xs)
    for k in range(3):
        w.do(f"init {w.elem(seq, w.size(k))}, {w.loud(r)}")
    w.do(f"drop {w.op(f'assume_init {xs} unsafe')}")
    result = w.get(r)
    w.do(f"end {log}")
    return result


@snippet("drops")
def _phantoms(w: Writer) -> str:
    p = w.op("phantom : phantom<@Loud>")
    s = w.op(f"struct {p}, {w.integer()} : @Owning")
    return w.op(f"extract {s}, v")


@snippet("drops")
def _forgotten(w: Writer) -> str:
    """What is forgotten owns nothing, so nothing is lost."""
    log, r = w.log()
    w.do(f"forget {w.loud(r)}")
    result = w.get(r)
    w.do(f"end {log}")
    return result


@snippet("dyn")
def _erased(w: Writer) -> str:
    log, r = w.log()
    d = w.op(f"unsize {w.op(f'new {w.loud(r)} : own<@Loud>')} : own<dyn<'_>>", "d")
    if w.choose.random() < 0.5:
        back = w.op(f"dyn.cast {d} unsafe : own<@Loud>")
        n = w.op(f"load {w.op(f'field {w.deref(back)}, n')}")
        w.do(f"drop {back}")
    else:
        n = w.integer()
        w.do(f"drop {d}")
    result = w.op(f"add {n}, {w.get(r)}")
    w.do(f"end {log}")
    return result


@snippet("owners")
def _owner_in_an_arena(w: Writer) -> str:
    home = w.op("local : arena", "home")
    w.do(f"init {home}, {w.op('arena.new')}")
    log, r = w.log()
    inside = w.op(f"new in {w.borrow(home)}, {w.loud(r)} : own<'_, @Loud>")
    w.do(f"drop {inside}")
    result = w.get(r)
    w.do(f"end {home}")
    w.do(f"end {log}")
    return result
