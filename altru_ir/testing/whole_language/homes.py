"""Snippets of homes: arenas, pools and activations."""

from __future__ import annotations

from altru_ir.testing.whole_language.families import snippet
from altru_ir.testing.whole_language.writer import Writer


@snippet("homes")
def _arena(w: Writer) -> str:
    home = w.op("local : arena", "home")
    w.do(f"init {home}, {w.op('arena.new')}")
    a = w.borrow(home)
    how = w.choose.choice((0, 1, 2, 2, 3))
    if how == 0:
        x = w.op(f"arena.alloc {a}, {w.integer()}")
        p = w.deref(x)
        w.do(f"assign {p}, {w.integer()}")
        result = w.load(p)
    elif how == 1:
        xs = w.op(f"arena.alloc_array {a}, {w.size(3)}, {w.integer()} : ref<mut [? x i64]>")
        result = w.call("sum", w.borrow(w.deref(xs)))
    elif how == 2:
        p = w.op(f"arena.alloc_raw {a}, {w.size(8)} : ptr<mut i64>")
        place = w.deref(p, unsafe=True)
        w.do(f"init {place}, {w.integer()}")
        result = w.load(place)
    else:
        xs = w.op(f"new.array in {a}, {w.size(2)}, {w.integer()} : own<'_, [? x i64]>")
        result = w.call("sum", w.borrow(w.deref(xs)))
        w.do(f"drop {xs}")
    if w.choose.random() < 0.4:
        w.do(f"arena.reset {w.borrow_mut(home)}")
        again = w.op(f"arena.alloc {w.borrow(home)}, {w.integer()}")
        result = w.op(f"add {result}, {w.load(w.deref(again))}")
    w.do(f"end {home}")
    return result


@snippet("homes")
def _owned(w: Writer) -> str:
    where = w.choose.choice(["", "{slab} ", "{system} ", "{alignment = 64} ", "{secure} "])
    x = w.op(f"new {w.integer()} {where}: own<i64>")
    place = w.deref(x)
    w.do(f"assign {place}, {w.integer()}")
    result = w.load(place)
    how = w.choose.randrange(3)
    if how == 0:
        w.do(f"drop {x}")
    elif how == 1:
        w.do(f"dealloc {x}")
    else:
        raw = w.op(f"own.into_ptr {x}")
        again = w.op(f"own.from_ptr {raw} unsafe : own<i64>")
        w.do(f"drop {again}")
    xs = w.op(f"new.array {w.size(w.choose.randint(0, 9))}, {w.integer()} : own<[? x i64]>")
    total = w.call("sum", w.borrow(w.deref(xs)))
    w.do(f"drop {xs}")
    return w.op(f"xor {result}, {total}")


@snippet("homes")
def _pool(w: Writer) -> str:
    home = w.op("local : pool<i64>", "home")
    inner = w.choose.choice(["", "{prewarm = 4} "])
    w.do(f"init {home}, {w.op(f'pool.new {inner}: pool<i64>')}")
    p = w.borrow(home)
    if w.choose.random() < 0.5:
        x = w.op(f"pool.acquire {p}, {w.integer()}")
        y = w.op(f"pool.acquire {p}, {w.integer()}")
        result = w.op(f"sub {w.load(w.deref(x))}, {w.load(w.deref(y))}")
        w.do(f"drop {x}")
        w.do(f"drop {y}")
    else:
        h = w.op(f"pool.insert {p}, {w.integer()}")
        g = w.op(f"pool.insert {p}, {w.integer()}")
        m = w.op(f"pool.get_mut {w.borrow_mut(home)}, {h}")
        w.do(f"assign {w.deref(m)}, {w.integer()}")
        a = w.load(w.deref(w.op(f"pool.get {w.borrow(home)}, {g}")))
        b = w.op(f"pool.remove {w.borrow_mut(home)}, {h}")
        result = w.op(f"xor {a}, {b}")
    w.do(f"end {home}")
    return result


@snippet("homes")
def _frame(w: Writer) -> str:
    n = w.size(w.choose.randint(1, 6))
    if w.choose.random() < 0.5:
        buf = w.op(f"stack.alloc {n} : ref<mut [? x uninit<i64>]>")
        e = w.op(f"elem {w.deref(buf)}, {w.op('const 0 : usize')}")
        w.do(f"init {e}, {w.integer()}")
        return w.load(w.op(f"assume_init {e} unsafe"))
    p = w.op(f"stack.alloc_raw {w.op(f'mul {n}, {w.size(8)}')} : ptr<mut i64>")
    place = w.deref(p, unsafe=True)
    w.do(f"init {place}, {w.integer()}")
    return w.load(place)
