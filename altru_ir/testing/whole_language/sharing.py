"""Snippets of what is shared: cells, atomics, threads."""

from __future__ import annotations

from altru_ir.testing.whole_language.families import snippet
from altru_ir.testing.whole_language.writer import Writer


@snippet("cells")
def _cell(w: Writer) -> str:
    log, r = w.log()
    other = w.borrow(log)
    w.do(f"cell.set {r}, {w.integer()}")
    old = w.op(f"cell.exchange {other}, {w.integer()}")
    result = w.op(f"sub {old}, {w.get(r)}")
    w.do(f"end {log}")
    return result


@snippet("atomics")
def _atomics(w: Writer) -> str:
    place = w.op("local : atomic<i64>", "a")
    w.do(f"init {place}, {w.op(f'atomic.new {w.integer()}')}")
    r = w.borrow(place)
    kind = w.choose.choice(["exchange", "add", "sub", "and", "or", "xor", "nand", "smin", "smax", "umin", "umax"])
    order = w.choose.choice(["relaxed", "acquire", "release", "acq_rel", "seq_cst"])
    old = w.op(f"atomic.rmw {kind} {order} {r}, {w.integer()}")
    w.do(f"fence {w.choose.choice(['acquire', 'release', 'acq_rel', 'seq_cst'])}")
    if w.choose.random() < 0.5:
        seen, done = "%" + w.name(), "%" + w.name()
        w.do(f"{seen}, {done} = atomic.cmpxchg {order} {w.choose.choice(['relaxed', 'acquire'])} {r}, {old}, {w.integer()}")
        old = w.op(f"add {seen}, {w.op(f'zext {done} : i64')}")
    else:
        w.do(f"atomic.store {w.choose.choice(['relaxed', 'release', 'seq_cst'])} {r}, {w.integer()}")
    order = w.choose.choice(["relaxed", "acquire", "seq_cst"])
    result = w.op(f"add {old}, {w.op(f'atomic.load {order} {r}')}")
    w.do(f"end {place}")
    return result


@snippet("atomics")
def _global_atomic(w: Writer) -> str:
    r = w.op("global.ref @hits")
    return w.op(f"atomic.rmw add relaxed {r}, {w.integer()}")


@snippet("threads")
def _scoped(w: Writer) -> str:
    """Threads that add to one atomic: the sum does not depend on the schedule."""
    place = w.op("local : atomic<i64>", "a")
    w.do(f"init {place}, {w.op(f'atomic.new {w.integer()}')}")
    scope = w.op("local : thread_scope<'_>", "scope")
    r = w.borrow(place)
    for _ in range(w.choose.randint(1, 2)):
        w.do(f"drop {w.op(f'spawn in {scope}, @bump({r}, {w.integer()})')}")
    w.do(f"end {scope}")
    result = w.op(f"atomic.load relaxed {r}")
    w.do(f"end {place}")
    return result


@snippet("threads")
def _locked(w: Writer) -> str:
    place = w.op("local : mutex<i64>", "m")
    w.do(f"init {place}, {w.op(f'mutex.new {w.integer()}')}")
    scope = w.op("local : thread_scope<'_>", "scope")
    r = w.borrow(place)
    w.do(f"drop {w.op(f'spawn in {scope}, @guarded({r}, {w.integer()})')}")
    w.do(f"call @guarded({r}, {w.integer()})")
    w.do(f"end {scope}")
    g = w.op(f"lock {r}")
    result = w.load(w.deref(g))
    w.do(f"drop {g}")
    w.do(f"end {place}")
    return result


@snippet("threads")
def _joined(w: Writer) -> str:
    if w.choose.random() < 0.5:
        return w.op(f"join {w.op(f'spawn @mine_of({w.integer()})')}")
    f = w.op("func.ref @twice")
    return w.op(f"join {w.op(f'spawn {f}({w.integer()})')}")
