"""Snippets of integers of all widths, checked operations, and floats."""

from __future__ import annotations

from altru_ir.testing.whole_language.families import snippet
from altru_ir.testing.whole_language.writer import Writer

_WIDTHS = ("i8", "i16", "i32", "i64", "i128", "usize")


_BINARY = (
    "add", "sub", "mul", "and", "or", "xor", "shl", "lshr", "ashr", "rotl", "rotr", "smin", "smax", "umin", "umax",
)  # fmt: skip
_UNARY = ("clz", "ctz", "popcount", "bswap")


@snippet("scalars")
def _arithmetic(w: Writer) -> str:
    """A chain of operations of one width."""
    type = w.choose.choice(_WIDTHS)
    value = w.op(f"zext {w.integer()} : usize") if type == "usize" else w.narrow(type)
    for _ in range(w.choose.randint(3, 6)):
        if w.choose.random() < 0.25:
            value = w.op(f"{w.choose.choice(_UNARY)} {value}")
            continue
        other = w.op(f"zext {w.integer()} : usize") if type == "usize" else w.narrow(type)
        value = w.op(f"{w.choose.choice(_BINARY)} {value}, {other}")
    return w.wide(value, type)


@snippet("scalars")
def _divide(w: Writer) -> str:
    """Divisions by numbers that are not zero, and not -1."""
    type = w.choose.choice(["i8", "i32", "i64"])
    value, one, seven = w.narrow(type), w.op(f"const 1 : {type}", "c"), w.op(f"const 7 : {type}", "c")
    for name in w.choose.sample(["sdiv", "udiv", "srem", "urem"], 3):
        divisor = w.op(f"or {w.op(f'and {w.narrow(type)}, {seven}')}, {one}")
        value = w.op(f"xor {value}, {w.op(f'{name} {w.narrow(type)}, {divisor}')}")
    return w.wide(value, type)


@snippet("scalars")
def _select(w: Writer) -> str:
    return w.op(f"select {w.flag()}, {w.integer()}, {w.integer()}")


@snippet("scalars")
def _compare(w: Writer) -> str:
    return w.op(f"zext {w.flag()} : i64")


@snippet("scalars")
def _checked_fine(w: Writer) -> str:
    """Checked arithmetic that cannot overflow."""
    value = w.op(f"zext {w.narrow('i8')} : i64")
    for name in w.choose.sample(["sadd", "ssub", "smul", "uadd", "umul", "usub"], 3):
        a, b = (w.op(f"zext {w.narrow('i8')} : i64") for _ in range(2))
        if name == "usub":
            a, b = w.op(f"umax {a}, {b}"), w.op(f"umin {a}, {b}")
        value = w.op(f"xor {value}, {w.op(f'{name}.checked {a}, {b}')}")
    return value


@snippet("scalars")
def _checks(w: Writer) -> str:
    """Checks that hold, and a promise that is kept."""
    n = w.size(w.choose.randint(3, 9))
    i = w.small(3)
    w.do(f"check.bounds {i}, {n}")
    w.do(f"assume {w.op(f'icmp ult {i}, {n}')} unsafe")
    w.do(f"check.subrange {w.op('const 0 : usize')}, {i}, {n}")
    divisor = w.op(f"or {w.integer()}, {w.op('const 2 : i64')}")
    w.do(f"check.nonzero {divisor}")
    positive = w.op(f"and {divisor}, {w.op('const 6 : i64')}")
    w.do(f"check.quotient {w.integer()}, {positive}")
    return w.wide(i, "usize")


_FLOAT_BINARY = ("fadd", "fsub", "fmul", "fdiv", "frem", "fmin", "fmax", "copysign", "fma")
_FLOAT_UNARY = ("fneg", "fabs", "fsqrt", "ffloor", "fceil", "ftrunc", "fround")


@snippet("floats")
def _floats(w: Writer) -> str:
    """A chain of float operations; a NaN ends as zero."""
    type = w.choose.choice(["f32", "f64"])
    value = w.op(f"{w.choose.choice(['sitofp', 'uitofp'])} {w.narrow('i32')} : {type}")
    for _ in range(w.choose.randint(3, 5)):
        other = w.op(f"{w.choose.choice(['sitofp', 'uitofp'])} {w.narrow('i16')} : {type}")
        if w.choose.random() < 0.4:
            value = w.op(f"{w.choose.choice(_FLOAT_UNARY)} {value}")
        else:
            name = w.choose.choice(_FLOAT_BINARY)
            value = w.op(f"{name} {value}, {other}{f', {other}' if name == 'fma' else ''}")
    return w.op(f"{w.choose.choice(['fptosi', 'fptoui'])} {value} : i64")


@snippet("floats")
def _float_bits(w: Writer) -> str:
    a = w.op(f"sitofp {w.integer()} : f64")
    how = w.choose.randrange(4)
    if how == 0:
        return w.op(f"bitcast {a} : i64")
    if how == 1:
        return w.wide(w.op(f"bitcast {w.op(f'fptrunc {a} : f32')} : i32"), "i32")
    if how == 2:
        short = w.op(f"fptrunc {a} : f32")
        return w.op(f"bitcast {w.op(f'fpext {short} : f64')} : i64")
    predicate = w.choose.choice(
        ["oeq", "one", "olt", "ole", "ogt", "oge", "ord", "ueq", "une", "ult", "ule", "ugt", "uge", "uno"]
    )
    b = w.op(f"sitofp {w.integer()} : f64")
    return w.op(f"zext {w.op(f'fcmp {predicate} {a}, {b}')} : i64")
