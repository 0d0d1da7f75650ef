"""Snippets that panic for some inputs."""

from __future__ import annotations

from altru_ir.testing.whole_language.families import snippet
from altru_ir.testing.whole_language.writer import Writer


@snippet("panics")
def _may_panic(w: Writer) -> str:
    """One of a few operations that panic for some inputs."""
    how = w.choose.randrange(6)
    if how == 0:
        return w.call("fails", w.small(4, "i64"))
    if how == 1:
        place = w.array(5)
        return w.load(w.elem(place, w.small(6)))
    if how == 2:
        return w.op(f"sdiv {w.integer()}, {w.small(9, 'i64')}")
    if how == 5:
        f = w.op("func.ref @fails")
        return w.op(f"call {f}({w.small(6, 'i64')})", "r")
    if how == 3:
        a = w.op(f"sext {w.narrow('i8')} : i32")
        sum = w.op(f"sadd.checked {a}, {w.constant('i32', 2147483600, 2147483600)}")
        return w.wide(w.op(f"trunc {sum} : i16"), "i16")
    place = w.array(5)
    part = w.op(f"subrange {place}, {w.small(5)}, {w.op('const 4 : usize')}")
    return w.wide(w.op(f"slice.len {w.borrow(part)}"), "usize")
