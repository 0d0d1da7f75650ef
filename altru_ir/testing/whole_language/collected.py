"""Snippets of collected objects, weak references, finalizers and pins."""

from __future__ import annotations

from altru_ir.testing.whole_language.families import snippet
from altru_ir.testing.whole_language.writer import Writer


@snippet("collected")
def _objects(w: Writer) -> str:
    end = w.op("enum End : @Link")
    a = w.op(f"new {w.op(f'struct {end}, {w.integer()} : @Object')} : gc<@Object>")
    to = w.op(f"enum To, {a} : @Link")
    b = w.op(f"new {w.op(f'struct {to}, {w.integer()} : @Object')} : gc<@Object>")
    if w.choose.random() < 0.5:
        w.do("gc.collect")
    v = w.op(f"field {w.deref(b)}, v")
    w.do(f"assign {v}, {w.integer()}")
    other = w.load(w.op(f"field {w.deref(a)}, v"))
    return w.op(f"add {w.load(v)}, {other}")


@snippet("collected")
def _weak(w: Writer) -> str:
    """An object that nothing holds is gone after a collection; one that is held is not."""
    if w.choose.random() < 0.5:
        weak = w.call("ring", w.integer())
    else:
        end = w.op("enum End : @Link")
        kept = w.op(f"new {w.op(f'struct {end}, {w.integer()} : @Object')} : gc<@Object>")
        weak = w.op(f"weak.new {kept}")
    w.do("gc.collect")
    o = w.op(f"weak.upgrade {weak} : @Link")
    return w.wide(w.op(f"discriminant {o}"), "i32")


@snippet("collected")
def _finalized(w: Writer) -> str:
    weak = w.call("orphans", w.integer())
    w.do("gc.collect")
    w.do("gc.drain")
    d = w.wide(w.op(f"discriminant {w.op(f'weak.upgrade {weak} : @LinkLate')}"), "i32")
    hits = w.op("global.ref @hits")
    return w.op(f"add {d}, {w.op(f'atomic.load relaxed {hits}')}")


@snippet("collected")
def _pinned(w: Writer) -> str:
    p = w.op(f"alloc {w.size(16)} : ptr<mut i64>")
    place = w.deref(p, unsafe=True)
    w.do(f"init {place}, {w.integer()}")
    pin = w.op(f"pin {p}, {w.size(16)} unsafe : pin<'_>")
    w.do(f"gc.range {p}, {w.size(1)} unsafe")
    result = w.load(place)
    w.do(f"drop {pin}")
    w.do(f"free {p} unsafe")
    return result
